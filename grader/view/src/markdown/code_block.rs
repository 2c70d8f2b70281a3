//! Code and formulas. They keep their columns exactly; where they are too wide for the screen, they are taken apart
//! where a person would do it.
//!
//! Most lessons' formulas stand in columns with wide gaps between them:
//!
//! ```text
//! X = [[1, 2],        b = [0.1, 0.2]             dZ = P - Y        (n, n_classes)
//!      [3, 4]]                                   db = Σ dZ         (n_classes)
//! ```
//!
//! If a bracket is still open at the end of a line, as on the left, the columns belong together from top to bottom, and
//! are put below each other as wholes. Otherwise each line is a row of its own, and what does not fit into it follows
//! below, indented.

use std::borrow::Cow;

use textwrap::{Options, WordSplitter, core::display_width};

use report::style::{CODE, paint};

/// So many blanks in all lines make a gap between two columns.
const GUTTER: usize = 4;

/// What has to go on another line is indented by this much.
const HANG: usize = 4;

/// Where a formula is broken at best, and where next to best: before these operators.
const OPERATORS: [&str; 3] = ["=≈<>≤≥→", "=≈<>≤≥→+-", "=≈<>≤≥→+-·∘*/"];

/// Brackets in brackets in brackets stay in one piece.
const MAX_DEPTH: i32 = 2;

pub(super) fn render(code: &str, is_formula: bool, width: usize) -> Vec<String> {
    let margin = " ".repeat(if width < 60 { 2 } else { 4 });
    let room = width - margin.len();
    // A comment may stand two blanks behind its code.
    let layout = Layout { room, gap: if is_formula { 3 } else { 2 } };
    let code = code.replace('\t', "    ");
    let lines: Vec<&str> = code.trim_end().lines().map(str::trim_end).collect();
    let mut fitted = Vec::new();
    for stanza in lines.split_inclusive(|line| line.is_empty()) {
        let fits = stanza.iter().all(|line| display_width(line) <= room);
        if fits {
            fitted.extend(stanza.iter().map(|&line| line.to_owned()));
        } else if is_formula && stanza.iter().any(|line| depth(line) > 0) {
            fitted.extend(layout.columns(stanza));
        } else {
            fitted.extend(stanza.iter().flat_map(|line| layout.row(line)));
        }
    }
    let styled = |line: &String| if line.is_empty() { String::new() } else { format!("{margin}{}", paint(CODE, line)) };
    fitted.iter().map(styled).collect()
}

/// How lines that are too wide are taken apart.
struct Layout {
    /// No line is wider than this.
    room: usize,
    /// So many blanks outside of brackets make a gap between two cells of a line.
    gap: usize,
}

impl Layout {
    /// The columns of the lines, as many beside each other as fit, the others below.
    fn columns(&self, lines: &[&str]) -> Vec<String> {
        let lines: Vec<Vec<char>> = lines.iter().map(|line| line.chars().collect()).collect();
        let length = lines.iter().map(Vec::len).max().unwrap_or_default();
        let is_blank = |at: usize| lines.iter().all(|line| line.get(at).is_none_or(|&c| c == ' '));
        // Where each column begins and ends.
        let mut columns: Vec<(usize, usize)> = Vec::new();
        for at in (0..length).filter(|&at| !is_blank(at)) {
            match columns.last_mut() {
                Some((_, end)) if at < *end + GUTTER => *end = at + 1,
                _ => columns.push((at, at + 1)),
            }
        }
        // Columns that stay beside each other become one.
        columns.dedup_by(|next, column| {
            let fits = next.1 - column.0 <= self.room;
            if fits {
                column.1 = next.1;
            }
            fits
        });
        let mut stacked = Vec::new();
        for (start, end) in columns {
            for line in &lines {
                let part: String = line.iter().take(end).skip(start).collect();
                if !part.trim().is_empty() {
                    stacked.extend(self.row(part.trim_end()));
                }
            }
        }
        if lines.last().is_some_and(Vec::is_empty) {
            stacked.push(String::new());
        }
        stacked
    }

    /// The line as one row: as many of its cells as fit, the others indented below it.
    fn row(&self, line: &str) -> Vec<String> {
        if display_width(line) <= self.room {
            return vec![line.to_owned()];
        }
        let indent = line.len() - line.trim_start().len();
        // What begins a block goes on further to the right than the block.
        let more = if line.ends_with('{') { 2 * HANG } else { HANG };
        let hang = (indent + more).min(self.room / 2);
        let mut rows = vec![String::new()];
        let cells = self.cells(line);
        for (number, &(gap, cell)) in cells.iter().enumerate() {
            let current = rows.last_mut().expect("there is a first row");
            let start = display_width(current) + gap;
            if start + display_width(cell) <= self.room {
                *current += &(" ".repeat(gap) + cell);
                continue;
            }
            let below = broken(cell, self.room - hang);
            if number == 0 && display_width(cell) <= self.room {
                *current = " ".repeat(self.room - display_width(cell)) + cell;
                continue;
            }
            if number == 0 {
                *current = " ".repeat(indent.min(hang)) + &below[0];
                rows.extend(below[1..].iter().map(|line| " ".repeat(hang) + line));
                continue;
            }
            let beside = broken(cell, self.room.saturating_sub(start).max(1));
            // A remark at the end suffers one line more, an equation does not.
            let is_remark = number + 1 == cells.len() && !cell.contains(" = ");
            if start <= self.room / 2 && beside.len() <= below.len() + usize::from(is_remark) {
                *current += &(" ".repeat(gap) + &beside[0]);
                rows.extend(beside[1..].iter().map(|line| " ".repeat(start) + line));
            } else {
                rows.extend(below.iter().map(|line| " ".repeat(hang) + line));
            }
        }
        rows
    }

    /// The cells of a line, each after the width of the gap before it.
    fn cells<'a>(&self, line: &'a str) -> Vec<(usize, &'a str)> {
        let wide = " ".repeat(self.gap);
        let mut cells = Vec::new();
        let mut rest = line;
        while !rest.is_empty() {
            let cell = rest.trim_start_matches(' ');
            let mut gaps = cell.match_indices(&wide).map(|(at, _)| at);
            // A label stays with what it labels, unless it begins the line.
            let ends = |at| depth(&cell[..at]) <= 0 && (cells.is_empty() || !cell[..at].ends_with(':'));
            let end = gaps.find(|&at| ends(at)).unwrap_or(cell.len());
            cells.push((rest.len() - cell.len(), &cell[..end]));
            rest = &cell[end..];
        }
        cells
    }
}

/// The cell on lines no wider than `room`, broken where it hurts least.
fn broken(cell: &str, room: usize) -> Vec<String> {
    if let Some(comment) = ["# ", "// "].into_iter().find(|comment| cell.starts_with(comment)) {
        let options = Options::new(room).subsequent_indent(comment);
        return textwrap::wrap(cell, options).into_iter().map(Cow::into_owned).collect();
    }
    let mut ways = (0..=MAX_DEPTH).flat_map(|depth| {
        let before_operators = OPERATORS.map(|operators| parts(cell, depth, Some(operators)));
        before_operators.into_iter().chain([parts(cell, depth, None)])
    });
    let parts = ways
        .find(|parts| parts.iter().all(|part| display_width(part.trim_start()) <= room))
        .unwrap_or_else(|| parts(cell, i32::MAX, None));
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if display_width(line) + display_width(part) <= room => *line += part,
            // Only a part without any blank can be too wide here; textwrap breaks it.
            _ => {
                let options = Options::new(room).word_splitter(WordSplitter::NoHyphenation);
                lines.extend(textwrap::wrap(part.trim_start(), options).into_iter().map(Cow::into_owned));
            }
        }
    }
    lines
}

/// `cell`, parted at the blanks that no more than `deepest` brackets enclose: at those `before` certain operators, or at
/// all of them. An operator stays with what follows it, and blanks with what they stand before.
fn parts<'a>(cell: &'a str, deepest: i32, before: Option<&str>) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut start, mut depth) = (0, 0);
    for (at, character) in cell.char_indices() {
        depth += step(character);
        let wanted = || {
            let next = cell[at..].split_whitespace().next().unwrap_or_default();
            before.is_none_or(|operators| next.chars().all(|c| operators.contains(c)))
        };
        if character == ' ' && depth <= deepest && !is_operator(&cell[start..at]) && wanted() {
            parts.push(&cell[start..at]);
            start = at;
        }
    }
    parts.push(&cell[start..]);
    parts
}

fn is_operator(text: &str) -> bool {
    !text.chars().any(|c| c.is_alphanumeric() || step(c) != 0)
}

/// How many brackets are open at the end of `text`.
fn depth(text: &str) -> i32 {
    text.chars().map(step).sum()
}

fn step(character: char) -> i32 {
    match character {
        '(' | '[' | '{' => 1,
        ')' | ']' | '}' => -1,
        _ => 0,
    }
}
