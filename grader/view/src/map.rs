//! `grader map`: which exercise builds on which, and how far the learner has come.

use std::{collections::HashSet, path::PathBuf, process::ExitCode};

use anyhow::Result;
use course::{Course, files};
use layout::{
    backends::svg::SVGWriter,
    core::{base::Orientation, color::Color, geometry::Point, style::StyleAttr},
    std_shapes::shapes::{Arrow, Element, LineEndKind, ShapeKind},
    topo::layout::VisualGraph,
};
use learner::{
    Progress,
    list::{Row, rows},
};
use report::{
    ExerciseStatus,
    screen::{Screen, file_url, link},
    style::{DIM, paint},
};

use crate::{
    picture::svg::{FONTS, escaped},
    print,
};

/// The size of a box in pixels, and how many letters fit side by side.
const BOX: Point = Point { x: 210.0, y: 90.0 };
const LETTERS: usize = 16;
const FONT_SIZE: usize = 22;
/// Colours as 0xRRGGBBAA: complete, begun, and not begun.
const FILLS: [u32; 3] = [0xBFE3D2FF, 0xFFF3DCFF, 0xFFFFFFFF];
const INK: u32 = 0x222222FF;
const ARROW: u32 = 0x757575FF;

/// Prints the map, and writes it as a picture to `output` or, without one, below the course's `target/grader`.
pub(crate) fn show(course: &Course, output: Option<PathBuf>) -> Result<ExitCode> {
    let (progress, _) = Progress::read(course);
    let rows = rows(course, &progress)?;
    let path = match output {
        Some(path) => path,
        None => course.work_folder()?.join("pictures").join("map.svg"),
    };
    if let Some(folder) = path.parent() {
        files::create_folder(folder)?;
    }
    files::write_atomically(&path, picture(&course.title, &rows, |_| None).as_bytes())?;
    let screen = Screen::of_stdout();
    let shown = path.strip_prefix(&course.root).unwrap_or(&path).display().to_string();
    let shown = link(screen.links, &file_url(&path), &shown);
    print(&format!("{}\n{} {shown}", text(&rows, screen.width), paint(DIM, "The same as a picture:")));
    Ok(ExitCode::SUCCESS)
}

/// The map as text: each exercise, and below it what it builds on.
fn text(rows: &[Row], width: usize) -> String {
    let mut text = String::new();
    for row in rows {
        let (style, mark) = row.status.mark();
        let numbers: Vec<String> = needed(rows, row).map(|needed| needed.number.to_string()).collect();
        let needs = if numbers.is_empty() { String::new() } else { format!("  builds on {}", numbers.join(", ")) };
        let line = format!("{:>2} {}", row.number, row.title);
        let fits = 2 + line.chars().count() + needs.len() <= width;
        let needs = paint(DIM, if fits { needs } else { format!("\n    {}", needs.trim_start()) });
        text += &format!("{} {line}{needs}\n", paint(style, mark));
    }
    text
}

/// What `row` names as needed, without what is needed for that in turn.
fn needed<'a>(rows: &'a [Row], row: &'a Row) -> impl Iterator<Item = &'a Row> {
    let named: Vec<&Row> = row.requires.iter().filter_map(|name| rows.iter().find(|row| row.name == *name)).collect();
    let implied: HashSet<&str> = named.iter().flat_map(|needed| all_needed(rows, needed)).collect();
    named.into_iter().filter(move |needed| !implied.contains(needed.name.as_str()))
}

/// The names of all that `row` builds on, however indirectly.
fn all_needed<'a>(rows: &'a [Row], row: &'a Row) -> HashSet<&'a str> {
    let mut found = HashSet::new();
    let mut open: Vec<&str> = row.requires.iter().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            open.extend(
                rows.iter().filter(|row| row.name == name).flat_map(|row| row.requires.iter().map(String::as_str)),
            );
        }
    }
    found
}

/// The map of a course as an SVG document, as it is before anything is done. Boxes are links where `address` knows one for the
/// exercise of that name.
///
/// # Errors
///
/// If the course's questions cannot be read.
pub fn picture_of(course: &Course, address: impl Fn(&str) -> Option<String>) -> Result<String> {
    Ok(picture(&course.title, &rows(course, &Progress::default())?, address))
}

/// The map as an SVG document: a box for each exercise, below those that it builds on.
fn picture(title: &str, rows: &[Row], address: impl Fn(&str) -> Option<String>) -> String {
    let mut graph = VisualGraph::new(Orientation::TopToBottom);
    let boxes: Vec<_> = rows
        .iter()
        .map(|row| {
            let fill = match row.status {
                ExerciseStatus::Complete => FILLS[0],
                ExerciseStatus::NotStarted => FILLS[2],
                _ => FILLS[1],
            };
            let look = StyleAttr::new(Color::new(INK), 1, Some(Color::new(fill)), 6, FONT_SIZE);
            let words = textwrap::fill(&format!("{} {}", row.number, row.title), LETTERS);
            graph.add_node(Element::create(ShapeKind::new_box(&words), look, Orientation::TopToBottom, BOX))
        })
        .collect();
    let look = StyleAttr::new(Color::new(ARROW), 2, None, 0, FONT_SIZE);
    for (row, below) in rows.iter().zip(&boxes) {
        for needed in needed(rows, row) {
            if let Some(above) = rows.iter().position(|row| row.name == needed.name) {
                let mut arrow = Arrow::simple("");
                (arrow.look, arrow.end) = (look.clone(), LineEndKind::Arrow);
                graph.add_edge(arrow, boxes[above], *below);
            }
        }
    }
    let mut paper = SVGWriter::new();
    graph.do_it(false, false, false, &mut paper);
    let document = paper.finalize();
    // The crate leaves more room below the boxes than there is anything to see.
    let bottom = boxes.iter().map(|handle| graph.pos(*handle).bbox(false).1.y).fold(0.0, f64::max) + 10.0;
    // A link lies over its box.
    let link = |(row, handle): (&Row, _)| {
        let (from, to) = graph.pos(handle).bbox(false);
        let (href, title) = (escaped(&address(&row.name)?), escaped(&format!("{} {}", row.number, row.title)));
        let (x, y, width, height) = (from.x, from.y, to.x - from.x, to.y - from.y);
        let area = format!("x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"");
        Some(format!("<a href=\"{href}\" aria-label=\"{title}\"><rect {area} fill=\"#ffffff00\"/></a>\n"))
    };
    let links: String = rows.iter().zip(boxes.iter().copied()).filter_map(link).collect();
    // What holds links is no image.
    let role = if links.is_empty() { "img" } else { "group" };
    let width = document.split_once("width=\"").and_then(|(_, rest)| rest.split('"').next()).unwrap_or("100%");
    let body = document.split_once("xmlns=").map_or("", |(_, body)| body);
    // The crate draws arrows last: one that passes behind a box would lie on its words.
    let (head, drawn) = body.split_once("</style>").unwrap_or(("", body));
    let (boxes, arrows) = drawn.find("<g >\n\n            <path").map_or((drawn, ""), |at| drawn.split_at(at));
    let arrows = arrows.trim_end().trim_end_matches("</svg>");
    let body = format!("{head}</style>{arrows}{boxes}</svg>");
    // White paper, since the arrows would be lost on a dark page; a name for screen readers; letters as in other pictures.
    format!(
        "<svg width=\"{width}\" height=\"{bottom}\" viewBox=\"0 0 {width} {bottom}\" style=\"background:white\" role=\"{role}\" xmlns={}",
        body.replacen(
            "<defs>",
            &format!("<title>{}: which exercise builds on which</title>\n<defs>", escaped(title)),
            1
        )
        .replace("Times, serif", FONTS)
        .replace("</svg>", &(links + "</svg>"))
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::picture::holds_in_docs;

    #[test]
    fn the_map_in_the_documentation_is_that_of_this_course() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let course = Course::find(Some(&root)).unwrap();
        holds_in_docs("map.svg", &picture_of(&course, |_| None).unwrap());
    }

    #[test]
    fn what_is_needed_for_something_needed_is_not_named() {
        let row = |name: &str, requires: &[&str]| Row {
            name: name.to_owned(),
            number: name[..2].parse().unwrap(),
            title: name[3..].to_owned(),
            minutes: 1,
            requires: requires.iter().map(|name| (*name).to_owned()).collect(),
            status: ExerciseStatus::NotStarted,
            score: 0,
            max_score: 1,
            bonus_score: 0,
            max_bonus: 0,
            hints_taken: 0,
            understood: 0,
            questions: None,
            checked_at: None,
            completed_at: None,
            changed: None,
        };
        let rows = [row("01_a", &[]), row("02_b", &["01_a"]), row("03_c", &["01_a", "02_b"]), row("04_d", &["01_a"])];
        let shown = |rows: &[Row], width| anstream::adapter::strip_str(&text(rows, width)).to_string();
        assert_eq!(shown(&rows, 80), "○  1 a\n○  2 b  builds on 1\n○  3 c  builds on 2\n○  4 d  builds on 1\n");
        assert_eq!(shown(&rows[..2], 10), "○  1 a\n○  2 b\n    builds on 1\n");
        let linked = picture("A & B", &rows, |name| Some(format!("{name}.html")));
        assert_eq!(linked.matches("<a href").count(), 4);
        assert!(linked.contains("<a href=\"02_b.html\" aria-label=\"2 b\">") && !linked.contains("role=\"img\""));
        let picture = picture("A & B", &rows, |_| None);
        assert!(picture.contains("<title>A &amp; B: which"));
        assert_eq!(picture.matches("marker-end").count(), 3);
    }
}
