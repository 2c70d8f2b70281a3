//! A picture as an SVG file.

use anyhow::{Result, anyhow};
use plotters::{
    coord::{
        Shift,
        ranged1d::{KeyPointHint, NoDefaultFormatting, ValueFormatter},
    },
    element::{Circle, DashedPathElement, PathElement, Rectangle, Text},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};

use judge::picture::{Axes, Mark, Palette, Picture, Raster, Role, Scale, Shown};
use serde::Serialize;

/// The width of the picture and the height of its plot in user units. A phone shows it about 340 pixels wide.
const WIDTH: i32 = 560;
const PLOT_HEIGHT: i32 = 330;
/// The same where a picture says how high it has to be.
const PLOT_HEIGHTS: (i32, i32) = (110, 620);

/// plotters draws on whole pixels: this many to a user unit keep curves smooth.
const FINE: i32 = 8;

/// The size of all text, large enough to be read on a phone, and a rough width of its letters.
const TEXT: i32 = 19;
const LETTER: f64 = 0.5;
/// Fonts whose letters are that wide, and whatever there is.
pub(crate) const FONTS: &str = "Arial, Helvetica, Liberation Sans, sans-serif";
const LINE: i32 = 27;
const MARGIN: i32 = 10;

const BLACK: RGBColor = RGBColor(0x22, 0x22, 0x22);
const GREY: RGBColor = RGBColor(0x75, 0x75, 0x75);
const GRID: RGBColor = RGBColor(0xE6, 0xE6, 0xE6);
const NOTE: RGBColor = RGBColor(0x7A, 0x3E, 0x00);
/// A cell whose value is none.
const NO_NUMBER: RGBColor = RGBColor(0xFF, 0xC8, 0x57);
const NOTE_PAPER: RGBColor = RGBColor(0xFF, 0xF3, 0xDC);

/// Colours that people with any kind of colour vision tell apart (Okabe and Ito 2008).
const COLOURS: [RGBColor; 6] = [
    RGBColor(0x00, 0x72, 0xB2),
    RGBColor(0xD5, 0x5E, 0x00),
    RGBColor(0x00, 0x9E, 0x73),
    RGBColor(0xCC, 0x79, 0xA7),
    RGBColor(0xE6, 0x9F, 0x00),
    RGBColor(0x56, 0xB4, 0xE9),
];

/// Dash and gap of each of them, so that colour is not needed to tell them apart: 0 is a line without gaps.
const DASHES: [(i32, i32); 6] = [(0, 0), (14, 5), (4, 4), (22, 4), (9, 9), (2, 6)];

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Where the plot is in the document, and which numbers its edges stand for: what turns a place in it into numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Frame {
    /// Left edge, in units of the document's view box.
    pub left: i32,
    /// Upper edge.
    pub top: i32,
    /// Right edge.
    pub right: i32,
    /// Lower edge.
    pub bottom: i32,
    /// The numbers at the left and the right edge.
    pub x: (f64, f64),
    /// The numbers at the lower and the upper edge.
    pub y: (f64, f64),
    /// Whether equal steps from left to right are equal factors; the numbers are logarithms to base 10 then.
    pub log_x: bool,
    /// The same from bottom to top.
    pub log_y: bool,
}

/// The SVG document.
///
/// # Errors
///
/// If plotters cannot draw it.
pub fn render(picture: &Picture) -> Result<String> {
    Ok(render_framed(picture)?.0)
}

/// The SVG document, and where its plot is.
///
/// # Errors
///
/// If plotters cannot draw it.
pub fn render_framed(picture: &Picture) -> Result<(String, Frame)> {
    let legend = Legend::new(picture);
    let notes: Vec<String> = picture.remarks().iter().flat_map(|note| wrapped(note, WIDTH - 4 * MARGIN)).collect();
    let height = MARGIN
        + LINE * (legend.rows() + has(&picture.y.label) + has(&picture.x.label))
        + note_height(&notes)
        + plot_height(picture)
        + MARGIN / 2;

    let (mut body, mut shades) = (String::new(), String::new());
    let frame = {
        let size = (fine(WIDTH) as u32, fine(height) as u32);
        let paper = SVGBackend::with_string(&mut body, size).into_drawing_area();
        draw(picture, &legend, &notes, &paper, &mut shades)
            .map_err(|error| anyhow!("cannot draw {}: {error}", picture.id))?
    };
    // plotters' own first line gives the size in pixels that are far too many.
    let body = body.split_once('\n').map_or("", |(_, rest)| rest);
    // What it says of every element is said once, or goes without saying.
    let fonts = format!(" font-family=\"{FONTS}\"");
    let body =
        [" opacity=\"1\"", " stroke=\"none\"", &fonts].iter().fold(body.to_owned(), |body, all| body.replace(all, ""));
    let body = joined(&body).replacen(&place_of_shades(frame.left, frame.top), &shades, 1);
    let document = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {} {}\" \
         role=\"img\"{fonts} stroke-linejoin=\"round\" stroke-linecap=\"round\">\n<title>{}</title>\n{body}",
        fine(WIDTH),
        fine(height),
        escaped(&picture.title)
    );
    Ok((document, frame))
}

/// The same elements, with lines or rectangles of one look that follow each other as one path: the dashes of a line and the
/// cells of an image would make a document several times as large, and slow to show.
fn joined(body: &str) -> String {
    let lines: Vec<_> = body.lines().map(|line| (line, shape(line))).collect();
    let mut joined = String::new();
    for alike in
        lines.chunk_by(|(_, one), (_, next)| matches!((one, next), (Some((one, _)), Some((next, _))) if one == next))
    {
        match &alike[0] {
            (_, Some((look, _))) if alike.len() > 1 => {
                let outlines = alike.iter().filter_map(|(_, shape)| Some(shape.as_ref()?.1.as_str()));
                joined += &format!("<path {look} d=\"{}\"/>", outlines.collect::<String>());
            }
            (line, _) => joined += line,
        }
        joined.push('\n');
    }
    joined
}

/// What a line or a rectangle looks like, and its outline as a part of a path.
fn shape(element: &str) -> Option<(&str, String)> {
    if let Some(line) = element.strip_prefix("<polyline ") {
        let (look, points) = line.strip_suffix("\"/>")?.split_once(" points=\"")?;
        return Some((look, format!("M{}", points.trim())));
    }
    let parts: Vec<&str> = element.strip_prefix("<rect x=\"")?.strip_suffix("/>")?.splitn(8, '"').collect();
    let [x, " y=", y, " width=", width, " height=", height, look] = parts[..] else { return None };
    Some((look.trim_start(), format!("M{x},{y}h{width}v{height}H{x}z")))
}

/// The same document for dark pages: light becomes dark, and colours stay what they are.
pub(crate) fn dark(document: &str) -> String {
    let mut parts = document.split("\"#");
    let mut dark = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let colour = part.get(..6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let Some(colour) = colour.filter(|_| part[6..].starts_with('"')) else {
            dark += &format!("\"#{part}");
            continue;
        };
        let [_, red, green, blue] = colour.to_be_bytes();
        let [red, green, blue] = in_the_dark(RGBColor(red, green, blue)).map(|part| (255.0 * part).round() as u8);
        dark += &format!("\"#{red:02X}{green:02X}{blue:02X}{}", &part[6..]);
    }
    dark
}

/// What `filter: invert(.91) hue-rotate(180deg)` of the page makes of a colour, where the system is dark.
fn in_the_dark(RGBColor(red, green, blue): RGBColor) -> [f64; 3] {
    let [red, green, blue] = [red, green, blue].map(|part| 0.91 - 0.82 * f64::from(part) / 255.0);
    // The matrix of the specification for half a turn.
    [[-0.574, 1.43, 0.144], [0.426, 0.43, 0.144], [0.426, 1.43, -0.856]]
        .map(|[r, g, b]| (r * red + g * green + b * blue).clamp(0.0, 1.0))
}

/// `text` where XML and HTML mean something by some of its characters.
pub fn escaped(text: &str) -> String {
    allowed(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// `text` without the characters that XML has no place for.
fn allowed(text: &str) -> String {
    let is_allowed = |letter: char| !letter.is_control() && !matches!(letter, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|letter| if is_allowed(letter) { letter } else { '\u{fffd}' }).collect()
}

fn fine(units: i32) -> i32 {
    units * FINE
}

fn has(label: &str) -> i32 {
    i32::from(!label.is_empty())
}

fn note_height(notes: &[String]) -> i32 {
    if notes.is_empty() { 0 } else { LINE * notes.len() as i32 + MARGIN }
}

/// A rough width, a little more than Arial's.
fn text_width(text: &str) -> i32 {
    let width = |letter: char| match letter {
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | 'I' | ' ' | '.' | ',' | ':' | '\'' | '(' | ')' => 0.34,
        'm' | 'w' | 'M' | 'W' | '%' | '→' => 0.9,
        letter if letter.is_uppercase() => 0.7,
        _ => 0.57,
    };
    (f64::from(TEXT) * text.chars().map(width).sum::<f64>()).ceil() as i32
}

/// `text` in lines that are about so many units wide.
fn wrapped(text: &str, width: i32) -> Vec<String> {
    let letters = f64::from(width) / (LETTER * f64::from(TEXT));
    textwrap::wrap(text, letters as usize).into_iter().map(|line| line.into_owned()).collect()
}

/// Text at a point, where the anchor says which side of it.
fn text(words: &str, at: (i32, i32), colour: RGBColor, side: HPos) -> Text<'static, (i32, i32), String> {
    Text::new(allowed(words), at, style(colour).pos(Pos::new(side, VPos::Center)))
}

fn style(colour: RGBColor) -> TextStyle<'static> {
    // plotters-svg divides the size of a font by 1.24.
    (FONTS, f64::from(fine(TEXT)) * 1.24).into_font().color(&colour)
}

fn stroke(colour: RGBColor, width: f64) -> ShapeStyle {
    colour.stroke_width((width * f64::from(FINE)) as u32)
}

/// The colour of a role, how wide its lines are, and their dashes.
fn look(role: Role) -> (RGBColor, f64, (i32, i32)) {
    let colour = |n: usize| COLOURS[n % COLOURS.len()];
    match role {
        Role::Learner(n) => (colour(n), 2.6, DASHES[n % DASHES.len()]),
        Role::Reference(n) => (pale(colour(n), 0.75), 10.0, DASHES[0]),
        Role::Shade(strength) => (pale(colour(0), 0.65 * (1.0 - strength)), 1.6 + 1.6 * strength, DASHES[0]),
        Role::Guide => (GREY, 1.4, (6, 5)),
        Role::Class(_) => (BLACK, 2.0, DASHES[0]),
    }
}

fn pale(RGBColor(red, green, blue): RGBColor, white: f64) -> RGBColor {
    let mix = |part: u8| (255.0 * white + f64::from(part) * (1.0 - white)).round() as u8;
    RGBColor(mix(red), mix(green), mix(blue))
}

/// The entries of the legend, placed in rows above the plot, where they cover nothing.
struct Legend {
    entries: Vec<(i32, i32, String, Mark, Role)>,
}

impl Legend {
    fn new(picture: &Picture) -> Self {
        let mut entries = Vec::new();
        let (mut x, mut row) = (MARGIN, 0);
        for (name, mark, role) in picture.legend() {
            let width = Self::swatch(mark) + 8 + text_width(&name);
            if x > MARGIN && x + width > WIDTH - MARGIN {
                (x, row) = (MARGIN, row + 1);
            }
            entries.push((x, row, name, mark, role));
            x += width + 22;
        }
        Self { entries }
    }

    /// The width of the sample of a line, of a point or of a bar.
    fn swatch(mark: Mark) -> i32 {
        if mark == Mark::Points { 16 } else { 34 }
    }

    fn rows(&self) -> i32 {
        self.entries.last().map_or(0, |(_, row, ..)| row + 1)
    }

    fn draw(&self, paper: &Area<'_>, top: i32) -> Result<(), Failed> {
        for (x, row, name, mark, role) in &self.entries {
            let middle = top + LINE * row + LINE / 2;
            let (left, right) = (fine(*x), fine(x + Self::swatch(*mark)));
            let (colour, width, dashes) = look(*role);
            match mark {
                Mark::Line => {
                    // Its round ends stay within the sample.
                    let end = (width * f64::from(FINE) / 2.0) as i32;
                    let points = [(left + end, fine(middle)), (right - end, fine(middle))];
                    line(paper, &points, stroke(colour, width), dashes)?;
                }
                Mark::Points => point(paper, ((left + right) / 2, fine(middle)), *role)?,
                Mark::Bars(_) => {
                    let half = if matches!(role, Role::Reference(_)) { 9 } else { 6 };
                    let corners = [(left, fine(middle - half)), (right, fine(middle + half))];
                    paper.draw(&Rectangle::new(corners, colour.filled()))?;
                }
            }
            paper.draw(&text(name, (right + fine(8), fine(middle)), BLACK, HPos::Left))?;
        }
        Ok(())
    }
}

type Failed = DrawingAreaErrorKind<std::io::Error>;

/// `shades` gets the elements that belong in the [place of shades](place_of_shades).
fn draw(
    picture: &Picture,
    legend: &Legend,
    notes: &[String],
    paper: &Area<'_>,
    shades: &mut String,
) -> Result<Frame, Failed> {
    paper.fill(&WHITE)?;
    let mut top = MARGIN / 2;
    legend.draw(paper, top)?;
    top += LINE * legend.rows();

    if !notes.is_empty() {
        let bottom = top + note_height(notes) - 4;
        let corners = [(fine(MARGIN), fine(top + 2)), (fine(WIDTH - MARGIN), fine(bottom))];
        paper.draw(&Rectangle::new(corners, NOTE_PAPER.filled()))?;
        for (number, note) in (0..).zip(notes) {
            let at = (fine(2 * MARGIN), fine(top + 5 + LINE * number + LINE / 2));
            paper.draw(&text(note, at, NOTE, HPos::Left))?;
        }
        top += note_height(notes);
    }
    if !picture.y.label.is_empty() {
        paper.draw(&text(&picture.y.label, (fine(MARGIN), fine(top + LINE / 2)), GREY, HPos::Left))?;
        top += LINE;
    }
    let (_, rest) = paper.split_vertically(fine(top));
    let (plot, below) = rest.split_vertically(fine(plot_height(picture)));
    if !picture.x.label.is_empty() {
        below.draw(&text(&picture.x.label, (fine(WIDTH - 2 * MARGIN), fine(LINE / 2 - 2)), GREY, HPos::Right))?;
    }
    let frame = draw_plot(picture, &plot, shades)?;
    paper.present()?;
    Ok(frame)
}

/// The room for the labels of the ticks: on the left, and below.
fn label_areas(axes: &Axes) -> (i32, i32) {
    let labels = |ticks: &[(f64, String)]| ticks.iter().map(|(_, text)| text_width(text)).max();
    let left = labels(&axes.y.ticks).map_or(MARGIN, |width| width + 14);
    (left, labels(&axes.x.ticks).map_or(MARGIN, |_| LINE + 4))
}

/// The height of the plot with its labels.
fn plot_height(picture: &Picture) -> i32 {
    if !picture.equal_units {
        return PLOT_HEIGHT;
    }
    let axes = Axes::of(picture, 5);
    let (left, below) = label_areas(&axes);
    let width = WIDTH - left - MARGIN / 2 - 2 * MARGIN;
    let height = f64::from(width) * axes.aspect();
    (height.min(1e4) as i32 + below + MARGIN).clamp(PLOT_HEIGHTS.0, PLOT_HEIGHTS.1)
}

fn draw_plot(picture: &Picture, paper: &Area<'_>, shades: &mut String) -> Result<Frame, Failed> {
    let axes = Axes::of(picture, 5);
    let (left, below) = label_areas(&axes);
    let mut chart = ChartBuilder::on(paper)
        .margin_top(fine(MARGIN))
        .margin_right(fine(2 * MARGIN))
        .margin_left(fine(MARGIN / 2))
        .set_label_area_size(LabelAreaPosition::Left, fine(left))
        .set_label_area_size(LabelAreaPosition::Bottom, fine(below))
        .build_cartesian_2d(Ruled(&axes.x), Ruled(&axes.y))?;
    let mut mesh = chart.configure_mesh();
    mesh.bold_line_style(stroke(GRID, 1.0))
        .light_line_style(TRANSPARENT)
        .axis_style(stroke(GREY, 1.2))
        .set_all_tick_mark_size(fine(5))
        .x_label_style(style(BLACK).pos(Pos::new(HPos::Center, VPos::Top)))
        .y_label_style(style(BLACK).pos(Pos::new(HPos::Right, VPos::Center)));
    if axes.x.ticks.is_empty() {
        mesh.disable_x_mesh().disable_x_axis();
    }
    if axes.y.ticks.is_empty() {
        mesh.disable_y_mesh().disable_y_axis();
    }
    mesh.draw()?;

    // From here on in pixels, so that a dash is as long in every direction.
    let plot = chart.plotting_area();
    let (x, y) = plot.get_pixel_range();
    let pixel = |at: (f64, f64)| plot.map_coordinate(&at);
    let pixels = |line: Vec<(f64, f64)>| line.into_iter().map(pixel).collect::<Vec<_>>();
    let paper = plot.use_screen_coord();
    for raster in &picture.rasters {
        *shades += &shades_of(raster, &axes, &pixel, (x.end, y.end));
    }
    if !shades.is_empty() {
        paper.draw(&Rectangle::new([(x.start, y.start); 2], PLACE_OF_SHADES.filled()))?;
    }
    for series in picture.back_to_front() {
        let (colour, width, dashes) = look(series.role);
        match series.mark {
            Mark::Line => {
                for part in axes.line(&series.points) {
                    line(&paper, &pixels(part), stroke(colour, width), dashes)?;
                }
            }
            Mark::Points => {
                for at in pixels(axes.inside(&series.points)) {
                    point(&paper, at, series.role)?;
                }
            }
            Mark::Bars(width) => {
                for corners in series.points.iter().filter_map(|&at| axes.bar(at, width)) {
                    paper.draw(&Rectangle::new(corners.map(pixel), colour.filled()))?;
                }
            }
        }
    }
    for (at, words) in &picture.labels {
        let place = *at;
        if let Some(at) = axes.inside(&[place]).first() {
            let colour = if is_dark(picture, place) { WHITE } else { BLACK };
            paper.draw(&text(words, pixel(*at), colour, HPos::Center))?;
        }
    }
    let is_log = |scale: Scale| scale == Scale::Log;
    Ok(Frame {
        left: x.start,
        right: x.end,
        top: y.start,
        bottom: y.end,
        x: (axes.x.low, axes.x.high),
        y: (axes.y.low, axes.y.high),
        log_x: is_log(picture.x.scale),
        log_y: is_log(picture.y.scale),
    })
}

/// What plotters makes of a rectangle without size in the upper left corner of the plot. It keeps the place of the shades: to
/// draw thousands of cells with plotters takes longer than everything else in a picture.
fn place_of_shades(left: i32, top: i32) -> String {
    format!("<rect x=\"{left}\" y=\"{top}\" width=\"0\" height=\"0\" fill=\"#010203\"/>\n")
}

/// A colour that nothing else has: what looks like the element before it is [`joined`] with it.
const PLACE_OF_SHADES: RGBColor = RGBColor(1, 2, 3);

/// A path for each colour. Cells side by side that look alike are one rectangle. `end` is the lower right corner of the plot.
fn shades_of(raster: &Raster, axes: &Axes, pixel: &dyn Fn((f64, f64)) -> (i32, i32), end: (i32, i32)) -> String {
    let cells = raster.cells;
    let (width, height) = ((cells.x.1 - cells.x.0) / cells.columns as f64, (cells.y.1 - cells.y.0) / cells.rows as f64);
    let mut paths: Vec<(RGBColor, String)> = Vec::new();
    for row in 0..cells.rows {
        let colours: Vec<_> =
            (0..cells.columns).map(|column| colour_of(raster, row * cells.columns + column)).collect();
        let mut column = 0;
        for run in colours.chunk_by(|one, next| one == next) {
            let x = (cells.x.0 + width * column as f64, cells.x.0 + width * (column + run.len()) as f64);
            column += run.len();
            let top = cells.y.1 - height * row as f64;
            if let Some(corners) = axes.rectangle(x, (top - height, top)) {
                let [(left, bottom), (right, top)] = corners.map(pixel);
                // Half a pixel more leaves no seam.
                let (right, bottom) = ((right + FINE / 2).min(end.0), (bottom + FINE / 2).min(end.1));
                let (width, height) = (right - left, bottom - top);
                let outline = format!("M{left},{top}h{width}v{height}H{left}z");
                match paths.iter_mut().find(|(colour, _)| *colour == run[0]) {
                    Some((_, path)) => *path += &outline,
                    None => paths.push((run[0], outline)),
                }
            }
        }
    }
    let element =
        |(RGBColor(red, green, blue), path)| format!("<path fill=\"#{red:02X}{green:02X}{blue:02X}\" d=\"{path}\"/>\n");
    paths.into_iter().map(element).collect()
}

/// Shades that the eye tells apart: more would make the file larger and nothing clearer.
const SHADES: f64 = 24.0;

fn colour_of(raster: &Raster, cell: usize) -> RGBColor {
    let Some(strength) = raster.strength(cell) else { return NO_NUMBER };
    let strength = (strength * SHADES).round() / SHADES;
    match raster.palette {
        Palette::Ink => pale(BLACK, 1.0 - strength),
        Palette::Heat => pale(COLOURS[0], 1.0 - strength),
        Palette::Diverging if strength < 0.0 => pale(COLOURS[1], 1.0 + strength),
        Palette::Diverging => pale(COLOURS[0], 1.0 - strength),
    }
}

/// Whether black letters could not be read at this place.
fn is_dark(picture: &Picture, place: (f64, f64)) -> bool {
    let strength = picture.raster_at(place).and_then(|(raster, cell)| raster.strength(cell));
    strength.is_some_and(|strength| strength.abs() > 0.55)
}

/// An axis as plotters wants it.
struct Ruled<'a>(&'a Shown);

impl Ranged for Ruled<'_> {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, position: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (position - self.0.low) / (self.0.high - self.0.low);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.0.ticks.iter().map(|(at, _)| *at).collect()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.0.low..self.0.high
    }
}

impl ValueFormatter<f64> for Ruled<'_> {
    fn format_ext(&self, position: &f64) -> String {
        self.0.ticks.iter().find(|(at, _)| at == position).map(|(_, text)| text.clone()).unwrap_or_default()
    }
}

fn line(paper: &Area<'_>, points: &[(i32, i32)], stroke: ShapeStyle, (dash, gap): (i32, i32)) -> Result<(), Failed> {
    if dash == 0 {
        return paper.draw(&PathElement::new(points.to_vec(), stroke));
    }
    paper.draw(&DashedPathElement::new(points.to_vec(), fine(dash), fine(gap), stroke))
}

fn point(paper: &Area<'_>, at: (i32, i32), role: Role) -> Result<(), Failed> {
    let (colour, ..) = look(role);
    let disc = |colour: RGBColor, radius: f64| Circle::new(at, (radius * f64::from(FINE)) as i32, colour.filled());
    match role {
        // An empty circle, a full one, and one with a dot in it; with a rim that sets them off from lines.
        Role::Class(class) => {
            paper.draw(&disc(WHITE, 8.0))?;
            paper.draw(&disc(BLACK, 6.5))?;
            match class {
                0 => paper.draw(&disc(WHITE, 4.5)),
                1 => Ok(()),
                _ => paper.draw(&disc(WHITE, 5.0)).and_then(|()| paper.draw(&disc(BLACK, 2.5))),
            }
        }
        Role::Reference(_) => paper.draw(&disc(colour, 9.0)),
        _ => paper.draw(&disc(colour, 4.5)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The relative luminance of WCAG 2.
    fn luminance(colour: [f64; 3]) -> f64 {
        let [red, green, blue] =
            colour.map(|part| if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    #[test]
    fn lines_of_one_look_become_one_path() {
        let dash = |colour: &str, points: &str| {
            format!("<polyline fill=\"none\" stroke=\"{colour}\" points=\"{points} \"/>\n")
        };
        let body = dash("#0072B2", "1,2 3,4")
            + &dash("#0072B2", "5,6 7,8 9,9")
            + &dash("#757575", "1,1 2,2")
            + "<text>\n</svg>\n";
        let path = "<path fill=\"none\" stroke=\"#0072B2\" d=\"M1,2 3,4M5,6 7,8 9,9\"/>\n";
        assert_eq!(joined(&body), path.to_owned() + &dash("#757575", "1,1 2,2") + "<text>\n</svg>\n");
    }

    #[test]
    fn rectangles_of_one_look_become_one_path() {
        let cell =
            |colour: &str, x: u32| format!("<rect x=\"{x}\" y=\"2\" width=\"3\" height=\"4\" fill=\"{colour}\"/>\n");
        let body = cell("#0072B2", 1) + &cell("#0072B2", 5) + &cell("#757575", 9);
        let path = "<path fill=\"#0072B2\" d=\"M1,2h3v4H1zM5,2h3v4H5z\"/>\n";
        assert_eq!(joined(&body), path.to_owned() + &cell("#757575", 9));
    }

    #[test]
    fn a_dark_document_differs_in_its_colours_alone() {
        let light = "<rect fill=\"#FFFFFF\" stroke=\"none\"/><text fill=\"#222222\">\"#12 no colour\"#FFFFFF</text>";
        let dark = "<rect fill=\"#171717\" stroke=\"none\"/><text fill=\"#CCCCCC\">\"#12 no colour\"#FFFFFF</text>";
        assert_eq!(super::dark(light), dark);
    }

    #[test]
    fn a_dark_page_has_dark_pictures_whose_lines_and_words_stand_out() {
        let paper = luminance(in_the_dark(WHITE));
        assert!(paper < 0.02, "{paper}");
        let contrast = |colour: RGBColor| (luminance(in_the_dark(colour)) + 0.05) / (paper + 0.05);
        for words in [BLACK, GREY] {
            assert!(contrast(words) > 4.5, "{words:?}: {}", contrast(words));
        }
        for line in COLOURS {
            assert!(contrast(line) > 3.0, "{line:?}: {}", contrast(line));
        }
    }
}
