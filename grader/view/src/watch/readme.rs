//! The picture at the top of the README: a save, its diagnosis, and what the code draws. It is made of the real view, of
//! what the grader really says of real code.

use std::{fs, path::PathBuf, time::Instant};

use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier},
};
use runner::{Gallery, Grading, Kit, Opened, Options, Sandbox, Slot, Submission};
use textwrap::core::display_width;
use wire::judge::Controls;

use super::{
    draw,
    state::{AfterSave, Body, Event, Graded, Page, State},
};
use crate::{
    picture::{holds_in_docs, svg::escaped},
    plot,
};
use course::Course;
use learner::{Progress, list};

const EXERCISE: &str = "02_elu";
const ANSWERS: [(&str, &str); 5] = [
    ("relu", "if z < 0.0 { 0.0 } else { z }"),
    ("relu_derivative", "if z > 0.0 { 1.0 } else { 0.0 }"),
    ("leaky_relu", "if z > 0.0 { z } else { alpha * z }"),
    ("leaky_relu_derivative", "if z > 0.0 { 1.0 } else { alpha }"),
    // The mistake.
    ("elu", "if z > 0.0 { z } else { z.exp_m1() }"),
];

/// In pixels.
const CELL: (f64, f64) = (8.0, 17.0);
const MARGIN: f64 = 14.0;
/// The first that there is.
const FONTS: &str = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";
const COLUMNS: u16 = 66;

#[test]
fn the_picture_in_the_documentation_is_what_the_view_shows() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let course = &Course::find(Some(&root)).unwrap();
    let exercise = course.exercise(EXERCISE).unwrap();
    let index = course.exercises.iter().position(|other| other.name == exercise.name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let submission = Submission::new(folder.path().join("exercises").join(EXERCISE));
    let mut source = fs::read_to_string(course.hidden_folder(exercise).join("stub.rs")).unwrap();
    for (name, body) in ANSWERS {
        let start = source.find(&format!("pub fn {name}(")).unwrap();
        let hole = start + source[start..].find("todo!()").unwrap();
        source.replace_range(hole..hole + "todo!()".len(), body);
    }
    fs::create_dir_all(submission.folder.join("src")).unwrap();
    fs::write(submission.lib(), &source).unwrap();

    let kit = &Kit::open_quietly(course, exercise, &|_| ()).unwrap();
    // The sandbox is the view started again, and this is not the view.
    let slot = &Slot::take_empty(&course.work_folder().unwrap(), &exercise.name, Sandbox::None).unwrap();
    let grading = Grading { course, exercise, kit, slot, options: Options::default(), observer: &() };
    let report = grading.grade(&submission).unwrap().report;
    let Opened::Gallery(mut gallery) = Gallery::open(course, exercise, &submission, kit, slot, &()).unwrap() else {
        panic!("it compiles")
    };
    let pictures = plot::pictures(&mut gallery, Controls::new(), &()).unwrap();

    let mut rows = list::rows(course, &Progress::default()).unwrap();
    rows[index].score = report.score();
    let (mut state, _) = State::new(rows, index, false);
    let graded = Graded { index, outcome: Some(Ok(report)), rows: None, warning: None };
    state.update(Event::Graded(Box::new(graded)), Instant::now());
    let verdict = screen(&state, 22);
    let body = Body::Pictures {
        pictures: pictures.into_iter().take(1).collect(),
        page: PathBuf::from("target/grader/pictures/02_elu/index.html"),
    };
    let title = format!("Pictures · {}", exercise.title);
    state.update(Event::Page(Page { title, body, after_save: AfterSave::IsDrawnAnew }), Instant::now());
    let picture = screen(&state, 33);
    let start = source[..source.find("pub fn elu(").unwrap()].lines().count();
    let code = source.lines().enumerate().skip(start).take(3).map(|(line, text)| format!("{:>3}  {text}", line + 1));
    let code: Vec<String> = code.collect();
    for (file, theme) in [("watch-light.svg", LIGHT), ("watch-dark.svg", DARK)] {
        holds_in_docs(file, &document(&code, &[&verdict, &picture], &theme));
    }
}

#[test]
fn the_readme_shows_the_picture_first_and_has_no_line_that_is_cut_on_github() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let (picture, code) = (readme.find("docs/watch-dark.svg").unwrap(), readme.find("```").unwrap());
    assert!(picture < code && readme.contains("docs/watch-light.svg"));
    let mut is_code = false;
    for (number, line) in (1..).zip(readme.lines()) {
        is_code ^= line.starts_with("```");
        assert!(!is_code || display_width(line) <= 88, "README.md:{number} is too wide for GitHub's column: {line}");
    }
}

fn screen(state: &State, height: u16) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(COLUMNS, height)).unwrap();
    terminal.draw(|frame| _ = draw::draw(frame, state, 0)).unwrap();
    terminal.backend().buffer().clone()
}

struct Theme {
    paper: &'static str,
    frame: &'static str,
    ink: &'static str,
    red: &'static str,
    green: &'static str,
    yellow: &'static str,
    blue: &'static str,
    magenta: &'static str,
    cyan: &'static str,
    grey: &'static str,
}

const LIGHT: Theme = Theme {
    paper: "#ffffff",
    frame: "#d1d9e0",
    ink: "#1f2328",
    red: "#cf222e",
    green: "#1a7f37",
    yellow: "#9a6700",
    blue: "#0969da",
    magenta: "#8250df",
    cyan: "#1b7c83",
    grey: "#d1d9e0",
};

const DARK: Theme = Theme {
    paper: "#0d1117",
    frame: "#3d444d",
    ink: "#f0f6fc",
    red: "#ff7b72",
    green: "#3fb950",
    yellow: "#d29922",
    blue: "#58a6ff",
    magenta: "#bc8cff",
    cyan: "#39c5cf",
    grey: "#3d444d",
};

impl Theme {
    fn colour(&self, colour: Color) -> &'static str {
        match colour {
            Color::Red | Color::LightRed => self.red,
            Color::Green | Color::LightGreen => self.green,
            Color::Yellow | Color::LightYellow => self.yellow,
            Color::Blue | Color::LightBlue => self.blue,
            Color::Magenta | Color::LightMagenta => self.magenta,
            Color::Cyan | Color::LightCyan => self.cyan,
            Color::DarkGray | Color::Gray => self.grey,
            _ => self.ink,
        }
    }
}

/// The code, and below it what the view shows after it was saved.
fn document(code: &[String], screens: &[&Buffer], theme: &Theme) -> String {
    let width = f64::from(COLUMNS) * CELL.0 + 4.0 * MARGIN;
    let (mut body, mut top) = (String::new(), MARGIN);
    let mut panel = |label: &str, lines: usize, content: &mut dyn FnMut(f64, f64) -> String| {
        let label_at = top + 12.0;
        let (x, y) = (MARGIN, top + 20.0);
        let height = lines as f64 * CELL.1 + 2.0 * MARGIN;
        body += &format!(
            "<text x=\"{x}\" y=\"{label_at}\" font-family=\"sans-serif\" font-weight=\"bold\" fill=\"{}\">{label}</text>\n\
             <rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{height}\" rx=\"6\" fill=\"none\" stroke=\"{}\"/>\n",
            theme.ink,
            width - 2.0 * MARGIN,
            theme.frame,
        );
        body += &content(x + MARGIN, y + MARGIN);
        top = y + height + MARGIN;
    };
    panel("1 · You write, and save", code.len(), &mut |x, y| {
        let line = |(row, line): (usize, &String)| text(x, y + row as f64 * CELL.1, line, theme.ink, false, false);
        code.iter().enumerate().map(line).collect()
    });
    for (label, screen) in
        ["2 · What is wrong, and why", "3 · What your code computes, with the correct result behind it"]
            .into_iter()
            .zip(screens)
    {
        panel(label, usize::from(screen.area.height), &mut |x, y| cells(screen, x, y, theme));
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{top}\" viewBox=\"0 0 {width} {top}\" \
         role=\"img\">\n<title>A function is saved; the view names the mistake in it, and draws what it computes</title>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{paper}\"/>\n<g font-size=\"13\" font-family=\"{FONTS}\">\n{body}</g>\n\
         </svg>\n",
        paper = theme.paper,
    )
}

/// The cells of a screen: letters of one look together, dots and bars as shapes, since fonts differ in those.
fn cells(screen: &Buffer, x: f64, y: f64, theme: &Theme) -> String {
    let mut result = String::new();
    for row in 0..screen.area.height {
        let top = y + f64::from(row) * CELL.1;
        let mut column = 0;
        while column < screen.area.width {
            let cell = &screen[(column, row)];
            let left = x + f64::from(column) * CELL.0;
            if cell.bg != Color::Reset {
                result += &rectangle(left, top, CELL.0, CELL.1, theme.colour(cell.bg));
            }
            let ink = theme.colour(cell.fg);
            let symbol = cell.symbol().chars().next().unwrap_or(' ');
            match symbol {
                '\u{2800}'..='\u{28ff}' => result += &dots(left, top, symbol, ink),
                // From a full block to an eighth of one.
                '█'..='▏' => {
                    let eighths = f64::from(0x2590 - symbol as u32) / 8.0;
                    result += &rectangle(left, top, CELL.0 * eighths, CELL.1, ink);
                }
                '─' => result += &rectangle(left, top + CELL.1 / 2.0, CELL.0, 1.0, theme.frame),
                ' ' => {}
                _ => {
                    let look = |column| {
                        let cell: &ratatui::buffer::Cell = &screen[(column, row)];
                        (cell.fg, cell.modifier, cell.symbol().is_ascii() || "·…✓✗○²ᵀ".contains(cell.symbol()))
                    };
                    let end = (column + 1..screen.area.width).find(|&next| look(next) != look(column));
                    let end = end.unwrap_or(screen.area.width);
                    let letters: String = (column..end).map(|column| screen[(column, row)].symbol()).collect();
                    let modifier = cell.modifier;
                    let is_bold = modifier.contains(Modifier::BOLD);
                    result += &text(left, top, letters.trim_end(), ink, is_bold, modifier.contains(Modifier::DIM));
                    column = end;
                    continue;
                }
            }
            column += 1;
        }
    }
    result
}

/// Letters in a line. Each word has a place of its own: blanks and the widths of letters differ from font to font.
fn text(x: f64, top: f64, letters: &str, ink: &str, is_bold: bool, is_dim: bool) -> String {
    let weight = if is_bold { " font-weight=\"bold\"" } else { "" };
    let opacity = if is_dim { " opacity=\"0.7\"" } else { "" };
    let (mut result, mut column) = (String::new(), 0);
    for word in letters.split(' ') {
        let width = display_width(word);
        if width > 0 {
            result += &format!(
                "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" \
                 fill=\"{ink}\"{weight}{opacity}>{}</text>\n",
                x + column as f64 * CELL.0,
                top + 13.0,
                width as f64 * CELL.0,
                escaped(word)
            );
        }
        column += width + 1;
    }
    result
}

fn rectangle(x: f64, y: f64, width: f64, height: f64, ink: &str) -> String {
    format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" fill=\"{ink}\"/>\n")
}

/// The dots of a Braille letter, two columns of four.
fn dots(x: f64, y: f64, letter: char, ink: &str) -> String {
    let bits = letter as u32 - 0x2800;
    let mut path = String::new();
    for (bit, (column, row)) in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)].into_iter().enumerate()
    {
        if bits & (1 << bit) != 0 {
            let left = x + (f64::from(column) + 0.5) * CELL.0 / 2.0 - 1.25;
            let top = y + (f64::from(row) + 0.5) * CELL.1 / 4.0 - 1.25;
            path += &format!("M{left} {top}h2.5v2.5h-2.5z");
        }
    }
    format!("<path d=\"{path}\" fill=\"{ink}\"/>\n")
}
