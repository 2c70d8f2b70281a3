//! Tables: columns side by side where there is room for them, else one block of `header: cell` lines a row.

use anstyle::{Effects, Style};
use pulldown_cmark::Alignment;
use textwrap::core::display_width;

use super::inline::{self, Span, wrap};
use report::style::{DIM, paint};

/// The text of a cell.
pub(super) type Cell = Vec<Span>;

pub(super) struct Table {
    /// One for each column.
    pub(super) alignments: Vec<Alignment>,
    /// The first one is the header.
    pub(super) rows: Vec<Vec<Cell>>,
}

impl Table {
    /// In columns, or as blocks where that takes fewer lines: then the columns would be too narrow to read.
    pub(super) fn render(&self, width: usize) -> Vec<String> {
        let blocks = self.blocks(width);
        let columns = ["  ", " "].iter().find_map(|gap| Some(self.columns(&self.widths(width, gap)?, gap)));
        columns.filter(|columns| columns.len() <= blocks.len()).unwrap_or(blocks)
    }

    /// How wide each column is: as wide as its longest cell, and where there is no room for that, the widest columns
    /// give way. `None` if there is no room for the longest word of each column.
    fn widths(&self, room: usize, gap: &str) -> Option<Vec<usize>> {
        let widest = |of: &dyn Fn(&[Span]) -> usize| -> Vec<usize> {
            let cells = |column: usize| self.rows.iter().filter_map(move |row| row.get(column));
            (0..self.alignments.len()).map(|column| cells(column).map(|cell| of(cell)).max().unwrap_or(0)).collect()
        };
        let least = widest(&inline::longest_word);
        let mut widths = widest(&|cell| display_width(&inline::plain(cell)));
        let gaps = gap.len() * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > room {
            let shrinkable = (0..widths.len()).filter(|&column| widths[column] > least[column]);
            let widest = shrinkable.max_by_key(|&column| widths[column])?;
            widths[widest] -= 1;
        }
        Some(widths)
    }

    fn columns(&self, widths: &[usize], gap: &str) -> Vec<String> {
        let mut rows = self.rows.clone();
        rows.iter_mut().take(1).flatten().flatten().for_each(|span| span.add(Effects::BOLD));
        let rows: Vec<Vec<String>> = rows.iter().map(|row| self.row(row, widths, gap)).collect();
        let rule = |dash: &str| {
            let dashes: Vec<String> = widths.iter().map(|&width| dash.repeat(width)).collect();
            paint(DIM, dashes.join(gap))
        };
        let mut lines = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            lines.extend_from_slice(row);
            match rows.get(number + 1) {
                Some(_) if number == 0 => lines.push(rule("─")),
                // Where a row takes several lines, something has to say where the next one begins.
                Some(next) if row.len() + next.len() > 2 => lines.push(rule("┈")),
                _ => {}
            }
        }
        lines
    }

    fn row(&self, row: &[Cell], widths: &[usize], gap: &str) -> Vec<String> {
        let cells: Vec<Vec<String>> = row.iter().zip(widths).map(|(cell, &width)| wrap(cell, width.max(1))).collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or_default();
        let line = |number: usize| {
            let parts: Vec<String> = (cells.iter().zip(widths).zip(&self.alignments))
                .map(|((lines, &width), &alignment)| {
                    aligned(lines.get(number).map_or("", String::as_str), width, alignment)
                })
                .collect();
            parts.join(gap).trim_end().to_owned()
        };
        (0..height).map(line).collect()
    }

    /// One block a row, its first cell as the title.
    fn blocks(&self, width: usize) -> Vec<String> {
        let Some((header, rows)) = self.rows.split_first() else { return Vec::new() };
        let styled = |spans: &[Span], effects: Effects| {
            let mut spans = spans.to_vec();
            spans.iter_mut().for_each(|span| span.add(effects));
            spans
        };
        let mut lines = Vec::new();
        let mut add = |text: &[Span], indent: usize| {
            let hang = indent + 2;
            for (number, line) in wrap(text, width - hang).into_iter().enumerate() {
                lines.push(format!("{}{line}", " ".repeat(if number == 0 { indent } else { hang })));
            }
        };
        if let Some(title) = header.first().filter(|title| !title.is_empty()) {
            add(&styled(title, Effects::BOLD), 0);
            add(&[Span::new("─".repeat(display_width(&inline::plain(title)).min(width - 2)), DIM)], 0);
        }
        for row in rows {
            for (column, (name, cell)) in header.iter().zip(row).enumerate() {
                if column == 0 {
                    add(&styled(cell, Effects::BOLD), 0);
                } else if cell.is_empty() {
                    // There is nothing to say.
                } else if name.is_empty() {
                    add(cell, 2);
                } else {
                    let name = [name.as_slice(), &[Span::new(": ", Style::new())]].concat();
                    add(&[styled(&name, Effects::DIMMED).as_slice(), cell].concat(), 2);
                }
            }
        }
        lines
    }
}

fn aligned(text: &str, width: usize, alignment: Alignment) -> String {
    let room = width.saturating_sub(display_width(text));
    let left = match alignment {
        Alignment::None | Alignment::Left => 0,
        Alignment::Center => room / 2,
        Alignment::Right => room,
    };
    format!("{}{text}{}", " ".repeat(left), " ".repeat(room - left))
}
