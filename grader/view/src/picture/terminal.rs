//! A picture as a chart of characters: a widget, and text for plain printing.

use anstyle::{AnsiColor, Effects, Style as AnsiStyle};
use ratatui::{
    buffer::{Buffer, Cell},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    symbols::Marker,
    text::{Line as TextLine, Span},
    widgets::{
        Clear, Paragraph, Widget,
        canvas::{Canvas, Context, Line, Painter, Shape},
    },
};

use judge::picture::{Axes, Mark, Palette, Picture, Raster, Role, Series};

use super::letter;

/// Rows of a chart without its legend, at the least and at the most.
const MIN_ROWS: u16 = 12;
const MAX_ROWS: u16 = 20;
/// At the most where a picture says how high it has to be.
const MAX_ROWS_OF_IMAGES: u16 = 36;

/// A character is about twice as high as it is wide.
const CHARACTER: f64 = 2.0;

/// Colours that terminals have, in the order of the SVG's.
const COLOURS: [Color; 6] = [Color::Cyan, Color::Red, Color::Green, Color::Magenta, Color::Yellow, Color::Blue];

/// What the reference's lines and bars are made of.
const LINE: char = '·';
const AREA: char = '░';

/// The title, the chart and the caption as text of this width, with colours.
pub(crate) fn render(picture: &Picture, width: usize) -> String {
    let columns = u16::try_from(width).unwrap_or(u16::MAX).clamp(20, 200);
    let rows = if picture.equal_units {
        let rows = f64::from(columns) * Axes::of(picture, 5).aspect() / CHARACTER;
        (rows as u16).clamp(MIN_ROWS / 2, MAX_ROWS_OF_IMAGES)
    } else {
        (columns / 4).clamp(MIN_ROWS, MAX_ROWS)
    };
    let rows = rows + above(picture, columns);
    let area = Rect::new(0, 0, columns, rows);
    let mut buffer = Buffer::empty(area);
    Chart(picture).render(area, &mut buffer);
    let bold = AnsiStyle::new().bold();
    let caption = textwrap::fill(&picture.caption, width);
    format!("{bold}{}{bold:#}\n{}{caption}\n", &picture.title, text(&buffer))
}

/// The rows that notes, legend and the label of the y axis take.
fn above(picture: &Picture, columns: u16) -> u16 {
    let notes: usize = notes(picture).iter().map(|note| textwrap::wrap(note, usize::from(columns)).len()).sum();
    (notes + legend(picture, columns).len() + usize::from(!picture.y.label.is_empty())) as u16
}

fn notes(picture: &Picture) -> Vec<String> {
    picture.remarks().into_iter().map(|note| format!("! {note}")).collect()
}

/// A picture as a widget: notes, legend and chart. The caller shows the title and the caption.
pub(crate) struct Chart<'a>(pub(crate) &'a Picture);

impl Widget for Chart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let picture = self.0;
        Clear.render(area, buffer);
        let [head, chart] =
            Layout::vertical([Constraint::Max(above(picture, area.width)), Constraint::Min(4)]).areas(area);
        let mut lines: Vec<TextLine<'_>> = Vec::new();
        for note in notes(picture) {
            let wrapped = textwrap::wrap(&note, usize::from(area.width.max(1)));
            lines.extend(wrapped.into_iter().map(|line| TextLine::styled(line.into_owned(), Color::Yellow)));
        }
        lines.extend(legend(picture, area.width));
        if !picture.y.label.is_empty() {
            lines.push(TextLine::styled(&picture.y.label, Modifier::DIM));
        }
        Paragraph::new(lines).render(head, buffer);
        draw(picture, chart, buffer);
    }
}

/// What a series is made of.
#[derive(Clone, Copy)]
enum Stuff {
    /// Fine lines.
    Dots,
    /// Areas, two to a character.
    Halves,
    /// Fine lines or areas as well, of which each character becomes this one.
    Coarse(char),
    /// Characters.
    Of(char),
}

impl Stuff {
    fn marker(self) -> Marker {
        match self {
            Self::Dots | Self::Coarse(LINE) => Marker::Braille,
            Self::Halves | Self::Coarse(_) => Marker::HalfBlock,
            Self::Of(character) => Marker::Custom(character),
        }
    }

    /// So many characters of it.
    fn sample(self, count: usize) -> String {
        let character = match self {
            Self::Dots => '⠒',
            Self::Halves => '█',
            Self::Coarse(character) | Self::Of(character) => character,
        };
        character.to_string().repeat(count)
    }
}

/// What a series is made of, and its colour; what is not the learner's has that of all text, which can be seen on any
/// background.
fn look(role: Role, mark: Mark) -> (Stuff, Color) {
    let colour = |n: usize| COLOURS[n % COLOURS.len()];
    match (role, mark) {
        (Role::Reference(_), Mark::Bars(_)) => (Stuff::Coarse(AREA), Color::Reset),
        (Role::Reference(_), _) => (Stuff::Coarse(LINE), Color::Reset),
        (Role::Guide, _) => (Stuff::Of('╌'), Color::Reset),
        (Role::Learner(n), Mark::Bars(_)) => (Stuff::Halves, colour(n)),
        (Role::Learner(n), Mark::Points) => (Stuff::Of('•'), colour(n)),
        (Role::Learner(n), Mark::Line) => (Stuff::Dots, colour(n)),
        (Role::Shade(strength), _) => (Stuff::Dots, if strength < 1.0 { Color::Blue } else { COLOURS[0] }),
        (Role::Class(0), _) => (Stuff::Of('○'), Color::Reset),
        (Role::Class(1), _) => (Stuff::Of('●'), Color::Reset),
        (Role::Class(_), _) => (Stuff::Of('◆'), Color::Reset),
    }
}

/// The letter that marks the lines of the learner's n-th series, where there is more than one: colours may be missing.
fn letters(picture: &Picture) -> Vec<Option<char>> {
    let mut letters = 'a'..='z';
    let is_line = |series: &Series| series.role.is_learners() && series.mark == Mark::Line && !series.name.is_empty();
    let many = picture.series.iter().filter(|series| is_line(series)).count() > 1;
    picture.series.iter().map(|series| if many && is_line(series) { letters.next() } else { None }).collect()
}

/// The entries of the legend, packed into lines.
fn legend(picture: &Picture, columns: u16) -> Vec<TextLine<'static>> {
    let mut letters = picture.series.iter().zip(letters(picture)).filter(|(series, _)| !series.name.is_empty());
    let mut lines: Vec<TextLine<'static>> = Vec::new();
    for (name, mark, role) in picture.legend() {
        let letter = letters.next().and_then(|(_, letter)| letter).map(|letter| format!("{letter} "));
        let (stuff, colour) = look(role, mark);
        let style = Style::new().fg(colour);
        let swatch = stuff.sample(if mark == Mark::Points { 1 } else { 2 });
        let entry = vec![
            Span::styled(format!("{swatch} "), style),
            Span::styled(letter.unwrap_or_default(), style.add_modifier(Modifier::BOLD)),
            Span::raw(name),
        ];
        let width: usize = entry.iter().map(Span::width).sum();
        match lines.last_mut() {
            Some(line) if line.width() + 3 + width <= usize::from(columns) => {
                line.spans.push(Span::raw("   "));
                line.spans.extend(entry);
            }
            _ => lines.push(TextLine::from(entry)),
        }
    }
    lines
}

/// The axes and what is between them.
fn draw(picture: &Picture, area: Rect, buffer: &mut Buffer) {
    let axes = Axes::of(picture, usize::from(area.height / 4).clamp(2, 5));
    let x_axes = Axes::of(picture, usize::from(area.width / 9).clamp(3, 7));
    let y_width = axes.y.ticks.iter().map(|(_, text)| Span::raw(text.as_str()).width()).max();
    let left = y_width.map_or(0, |width| width as u16 + 1);
    let below = u16::from(!x_axes.x.ticks.is_empty()) * 2;
    if area.width < left + 4 || area.height < below + 2 {
        return;
    }
    let mut plot = Rect { x: area.x + left, width: area.width - left, height: area.height - below, ..area };
    if picture.equal_units {
        let height = f64::from(plot.width) * axes.aspect() / CHARACTER;
        plot.height = plot.height.min((height.round() as u16).max(2));
        let width = f64::from(plot.height) * CHARACTER / axes.aspect();
        plot.width = plot.width.min((width.round() as u16).max(4));
    }
    draw_axes(&axes, &x_axes, &picture.x.label, plot, area, buffer);

    let canvas = |buffer: &mut Buffer, paint: &dyn Fn(&mut Context<'_>)| {
        let canvas = Canvas::default().x_bounds([axes.x.low, axes.x.high]).y_bounds([axes.y.low, axes.y.high]);
        canvas.paint(paint).render(plot, buffer);
    };
    let series = picture.back_to_front();
    let (reference, rest): (Vec<_>, Vec<_>) =
        series.into_iter().partition(|series| matches!(series.role, Role::Reference(_)));
    // The reference first, as fine as the learner's lines, so that it is covered where both agree; then each of its
    // characters becomes one that is told from theirs without colours.
    canvas(buffer, &|context| reference.iter().for_each(|series| paint(&axes, series, context)));
    for position in plot.positions() {
        let cell = &mut buffer[position];
        match cell.symbol() {
            " " => {}
            "█" | "▀" | "▄" => *cell = Cell::from(AREA),
            _ => *cell = Cell::from(LINE),
        }
    }
    canvas(buffer, &|context| rest.iter().for_each(|series| paint(&axes, series, context)));
    for series in reference.iter().chain(&rest).filter(|series| series.mark == Mark::Points) {
        let (symbol, colour) = look(series.role, series.mark);
        for at in axes.inside(&series.points) {
            let (column, row) = cell(&axes, plot, at);
            buffer.set_string(column, row, symbol.sample(1), Style::new().fg(colour));
        }
    }

    draw_rasters(picture, &axes, plot, buffer);

    let letters = letters(picture);
    let lettered = picture.series.iter().zip(letters).filter_map(|(series, letter)| Some((series, letter?)));
    let (lettered, lines): (Vec<_>, Vec<_>) =
        lettered.map(|(series, letter)| ((series, letter), axes.line(&series.points))).unzip();
    let cell_size =
        ((axes.x.high - axes.x.low) / f64::from(plot.width), (axes.y.high - axes.y.low) / f64::from(plot.height));
    for ((series, letter), place) in lettered.into_iter().zip(letter::places(&lines, cell_size)) {
        let Some(place) = place else { continue };
        let (column, row) = cell(&axes, plot, place);
        let (_, colour) = look(series.role, series.mark);
        let bold = Style::new().fg(colour).add_modifier(Modifier::BOLD);
        buffer.set_string(column, row, letter.to_string(), bold);
    }
    for (at, words) in &picture.labels {
        if let Some(at) = axes.inside(&[*at]).first() {
            let (column, row) = cell(&axes, plot, *at);
            let width = Span::raw(words.as_str()).width() as u16;
            let last = plot.right().saturating_sub(width);
            buffer.set_string(
                column.saturating_sub(width / 2).clamp(plot.x, last.max(plot.x)),
                row,
                words,
                Style::new(),
            );
        }
    }
}

/// What more and more of something looks like, and more and more of its opposite, with and without colours.
const SHADES: [&str; 5] = [" ", "░", "▒", "▓", "█"];
const OPPOSITE_SHADES: [&str; 5] = [" ", "-", "=", "≡", "#"];

/// Fills the characters that nothing else stands in with the shade that the raster has in their middle.
fn draw_rasters(picture: &Picture, axes: &Axes, plot: Rect, buffer: &mut Buffer) {
    if picture.rasters.is_empty() {
        return;
    }
    for position in plot.positions().collect::<Vec<_>>() {
        if buffer[position].symbol() != " " {
            continue;
        }
        let share = |at: u16, from: u16, count: u16| (f64::from(at - from) + 0.5) / f64::from(count);
        let x = axes.x.number(share(position.x, plot.x, plot.width));
        let y = axes.y.number(1.0 - share(position.y, plot.y, plot.height));
        if let Some((raster, cell)) = picture.raster_at((x, y)) {
            let (symbol, colour) = shade(raster, cell);
            buffer[position].set_symbol(symbol).set_fg(colour);
        }
    }
}

fn shade(raster: &Raster, cell: usize) -> (&'static str, Color) {
    let Some(strength) = raster.strength(cell) else { return ("?", Color::Yellow) };
    let level = (strength.abs() * (SHADES.len() - 1) as f64).round() as usize;
    match raster.palette {
        Palette::Ink => (SHADES[level], Color::Reset),
        Palette::Diverging if strength < 0.0 => (OPPOSITE_SHADES[level], COLOURS[1]),
        Palette::Heat | Palette::Diverging => (SHADES[level], COLOURS[0]),
    }
}

/// The column and the row where a position on both axes is.
fn cell(axes: &Axes, plot: Rect, (x, y): (f64, f64)) -> (u16, u16) {
    let share = |at: f64, low: f64, high: f64| ((at - low) / (high - low)).clamp(0.0, 1.0);
    // Of the two columns and four rows of dots in a character, as Braille has them.
    let dot = |share: f64, cells: u16, dots: u16| (share * f64::from(cells * dots - 1)).round() as u16 / dots;
    let column = dot(share(x, axes.x.low, axes.x.high), plot.width, 2);
    let row = dot(share(y, axes.y.high, axes.y.low), plot.height, 4);
    (plot.x + column, plot.y + row)
}

fn draw_axes(axes: &Axes, x_axes: &Axes, x_label: &str, plot: Rect, area: Rect, buffer: &mut Buffer) {
    let dim = Style::new().add_modifier(Modifier::DIM);
    if !axes.y.ticks.is_empty() {
        for row in plot.top()..plot.bottom() {
            buffer.set_string(plot.x - 1, row, "│", dim);
        }
    }
    for (at, text) in &axes.y.ticks {
        let (_, row) = cell(axes, plot, (axes.x.low, *at));
        let width = Span::raw(text.as_str()).width() as u16;
        buffer.set_string(plot.x.saturating_sub(width + 1), row, text, dim);
        buffer.set_string(plot.x - 1, row, "┤", dim);
    }
    if x_axes.x.ticks.is_empty() {
        return;
    }
    let (line, said) = (plot.bottom(), plot.bottom() + 1);
    buffer.set_string(plot.x.saturating_sub(1), line, "└", dim);
    for column in plot.left()..plot.right() {
        buffer.set_string(column, line, "─", dim);
    }
    let mut free = area.x;
    for (at, text) in &x_axes.x.ticks {
        let (column, _) = cell(x_axes, plot, (*at, x_axes.y.low));
        buffer.set_string(column, line, "┬", dim);
        let width = Span::raw(text.as_str()).width() as u16;
        let begin = column.saturating_sub(width / 2).min(area.right().saturating_sub(width));
        if begin >= free && begin + width <= area.right() {
            buffer.set_string(begin, said, text, dim);
            free = begin + width + 1;
        }
    }
    // What the axis means stands at its end, if there is room.
    let width = Span::raw(x_label).width() as u16;
    if free + width < area.right() {
        buffer.set_string(area.right() - width, said, x_label, dim);
    }
}

fn paint(axes: &Axes, series: &Series, context: &mut Context<'_>) {
    let (stuff, colour) = look(series.role, series.mark);
    context.marker(stuff.marker());
    match series.mark {
        Mark::Line => {
            for part in axes.line(&series.points) {
                for pair in part.windows(2) {
                    context.draw(&Line::new(pair[0].0, pair[0].1, pair[1].0, pair[1].1, colour));
                }
            }
        }
        // A character each, set on top of all lines.
        Mark::Points => {}
        Mark::Bars(width) => {
            for corners in series.points.iter().filter_map(|&at| axes.bar(at, width)) {
                context.draw(&Filled { corners, colour });
            }
        }
    }
}

/// A rectangle that is full.
struct Filled {
    corners: [(f64, f64); 2],
    colour: Color,
}

impl Shape for Filled {
    fn draw(&self, painter: &mut Painter<'_, '_>) {
        let corners = self.corners.map(|(x, y)| painter.get_point(x, y));
        let [Some(from), Some(to)] = corners else { return };
        for x in from.0.min(to.0)..=from.0.max(to.0) {
            for y in from.1.min(to.1)..=from.1.max(to.1) {
                painter.paint(x, y, self.colour);
            }
        }
    }
}

/// The buffer as lines of text with colours; the caller that prints it removes them where they do not belong.
fn text(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in buffer.content().chunks(usize::from(buffer.area.width.max(1))) {
        let end = row.iter().rposition(|cell| cell.symbol() != " ").map_or(0, |last| last + 1);
        for cells in row[..end].chunk_by(|one, next| ansi(one) == ansi(next)) {
            let style = ansi(&cells[0]);
            let symbols: String = cells.iter().map(Cell::symbol).collect();
            text += &format!("{style}{symbols}{style:#}");
        }
        text.push('\n');
    }
    text
}

fn ansi(cell: &Cell) -> AnsiStyle {
    let colour = match cell.fg {
        Color::Cyan => Some(AnsiColor::Cyan),
        Color::Red => Some(AnsiColor::Red),
        Color::Green => Some(AnsiColor::Green),
        Color::Magenta => Some(AnsiColor::Magenta),
        Color::Yellow => Some(AnsiColor::Yellow),
        Color::Blue => Some(AnsiColor::Blue),
        _ => None,
    };
    let mut effects = Effects::new();
    for (modifier, effect) in [(Modifier::DIM, Effects::DIMMED), (Modifier::BOLD, Effects::BOLD)] {
        if cell.modifier.contains(modifier) {
            effects |= effect;
        }
    }
    AnsiStyle::new().fg_color(colour.map(Into::into)).effects(effects)
}

#[cfg(test)]
mod tests {
    use super::*;
    use judge::picture::{Axis, Both, Note, YOURS};

    fn shown(picture: &Picture, width: usize) -> String {
        anstream::adapter::strip_str(&render(picture, width)).to_string()
    }

    fn waves(learner: Result<f64, Note>) -> Picture {
        let wave =
            |phase: f64| (0..=60).map(f64::from).map(|x| (x / 10.0, (x / 10.0 + phase).sin())).collect::<Vec<_>>();
        let mut picture = Picture::new("waves", "Waves", Axis::new("time"), Axis::new("height"))
            .caption("Where the line leaves the dots, your code and the reference differ.");
        picture.compare(YOURS, Mark::Line, 0, Both { reference: wave(0.0), learner: learner.map(wave) });
        picture.add("sea level", Mark::Line, Role::Guide, vec![(0.0, 0.0), (6.0, 0.0)]);
        picture
    }

    #[test]
    fn a_line_at_40_columns() {
        insta::assert_snapshot!(shown(&waves(Ok(0.4)), 40));
    }

    #[test]
    fn a_line_at_80_columns() {
        insta::assert_snapshot!(shown(&waves(Ok(0.4)), 80));
    }

    #[test]
    fn what_is_still_to_do() {
        insta::assert_snapshot!(shown(&waves(Err(Note::ToDo("wave".to_owned()))), 40));
    }

    #[test]
    fn lines_have_letters_where_there_are_several() {
        let mut picture = Picture::new("lines", "Lines", Axis::new("x"), Axis::new("y"));
        for (n, slope) in [0.5, 1.0, 2.0].into_iter().enumerate() {
            let line: Vec<_> = (0..=10).map(f64::from).map(|x| (x, slope * x)).collect();
            let both = Both { reference: line.clone(), learner: Ok(line) };
            picture.compare(format!("slope {slope}"), Mark::Line, n, both);
        }
        for class in 0..2 {
            let points = [3.0, 6.0, 9.0].map(|x| (x + class as f64, 18.0 - 4.0 * class as f64)).to_vec();
            picture.add(format!("class {class}"), Mark::Points, Role::Class(class), points);
        }
        insta::assert_snapshot!(shown(&picture, 60));
    }

    #[test]
    fn bars_stand_before_the_references() {
        let ticks = [(0.0, "by hand"), (1.0, "dfdx")];
        let mut picture = Picture::new("bars", "Bars", Axis::new("").from(-0.6, 1.6).ticks(ticks), Axis::new("time"));
        picture.add("", Mark::Bars(0.8), Role::Reference(0), vec![(0.0, 3.0), (1.0, 9.0)]);
        picture.add(YOURS, Mark::Bars(0.4), Role::Learner(0), vec![(0.0, 4.0), (1.0, 7.0)]);
        picture.label(0.0, 9.0, "4 µs");
        insta::assert_snapshot!(shown(&picture, 50));
    }

    #[test]
    fn values_all_over_a_rectangle() {
        let pictures = crate::picture::tests::rasters().map(|picture| shown(&picture, 50));
        insta::assert_snapshot!(pictures.join("\n"));
    }

    #[test]
    fn colours_are_for_the_learners_lines_alone() {
        let coloured = render(&waves(Ok(0.4)), 40);
        assert!(coloured.contains("\u{1b}[36m"), "the line is cyan");
        assert!(!coloured.contains("\u{1b}[36m·"), "the reference is not");
    }
}
