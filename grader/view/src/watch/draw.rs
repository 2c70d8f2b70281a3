//! Drawing the watch view: a function of its state, and nothing else.

use ansi_to_tui::IntoText;
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize},
    text::{Line, Span},
    widgets::{Clear, Gauge, Paragraph, Wrap},
};
use textwrap::core::display_width;

use super::state::{Body, Busy, Room, State, View};
use crate::{markdown, picture::terminal};
use learner::list::{self, Row, Totals};
use report::{screen::Screen, style::paint};
use runner::Stage;

/// Smaller than this there is no sense in drawing.
const MIN_WIDTH: u16 = 20;
const MIN_HEIGHT: u16 = 9;

/// Wider lines are tiring to read.
const MAX_TEXT_WIDTH: u16 = 100;

const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Draws `state`; `beat` moves the spinner.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, beat: usize) -> Room {
    let area = frame.area();
    frame.render_widget(Clear, area);
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        frame.render_widget(Paragraph::new("Too small. q quits.").wrap(Wrap { trim: true }), area);
        return Room { too_small: true, ..Room::default() };
    }
    let keys = keys(state, area.width);
    let [title, body, rule, progress, status, help] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(keys.len() as u16),
    ])
    .areas(area);

    frame.render_widget(Paragraph::new(heading(state, title.width)), title);
    let room = match &state.view {
        View::List { selected } => draw_list(frame, body, &state.rows, *selected),
        View::Page(page) => draw_text(frame, body, &page_text(&page.body, body.width), state.scroll),
        View::Exercise | View::ConfirmReset => {
            let text = exercise_text(state, body.width.min(MAX_TEXT_WIDTH));
            draw_text(frame, body, &text, state.scroll)
        }
    };
    frame.render_widget(Paragraph::new("─".repeat(rule.width.into()).dim()), rule);
    draw_progress(frame, progress, &state.rows);
    draw_status(frame, status, state, beat);
    frame.render_widget(Paragraph::new(keys), help);
    room
}

/// The line above everything: where we are, and the points.
fn heading(state: &State, width: u16) -> Line<'static> {
    let row = state.row();
    let (left, right) = match &state.view {
        View::List { .. } => ("The course".to_owned(), String::new()),
        View::Page(page) => (page.title.clone(), String::new()),
        View::Exercise | View::ConfirmReset => {
            let bonus = if row.bonus_score > 0 { format!(" +{}", row.bonus_score) } else { String::new() };
            (format!("{} · {}", row.number, row.title), format!("{}/{}{bonus}", row.score, row.max_score))
        }
    };
    let left = cut(&left, usize::from(width).saturating_sub(right.len() + 1));
    let gap = usize::from(width).saturating_sub(display_width(&left) + right.len());
    Line::from(vec![left.bold(), Span::raw(" ".repeat(gap)), right.bold()])
}

/// The report, or what there is to say instead of it.
fn exercise_text(state: &State, width: u16) -> String {
    match &state.outcome {
        Some(Ok(report)) => report::for_watching(report, usize::from(width)),
        Some(Err(problem)) => textwrap::fill(problem, usize::from(width)),
        None => String::new(),
    }
}

/// A page, laid out for `width`.
fn page_text(body: &Body, width: u16) -> String {
    match body {
        Body::Text(text) => textwrap::fill(text, Screen::of_width(width.into()).width),
        Body::Pictures { pictures, page } => {
            let width = Screen::of_width(width.into()).width;
            let drawn: Vec<String> = pictures.iter().map(|picture| terminal::render(picture, width)).collect();
            format!("{}\nThe same, finer, for your browser:\n{}", drawn.join("\n"), page.display())
        }
        Body::Markdown { text, folder } => markdown::render(text, folder, Screen::of_width(width.into())),
    }
}

/// `text` with ANSI styles, from the line `scroll` on.
fn draw_text(frame: &mut Frame<'_>, area: Rect, text: &str, scroll: usize) -> Room {
    let lines = wrapped(text, usize::from(area.width));
    let height = usize::from(area.height);
    let room = Room { max_scroll: lines.len().saturating_sub(height), height, too_small: false };
    let first = scroll.min(room.max_scroll);
    let below = lines.len().saturating_sub(first + height);
    let mut visible: Vec<Line<'_>> = lines.into_iter().skip(first).take(height).collect();
    if below > 0 && height > 1 {
        visible[height - 1] = Line::from(format!("↓ {} more lines", below + 1)).dim();
    }
    frame.render_widget(Paragraph::new(visible), area);
    room
}

/// The lines of `text`, those that are too long broken at a blank where there is one, with their styles.
fn wrapped(text: &str, width: usize) -> Vec<Line<'static>> {
    // Text that is no ANSI is text without styles.
    let text = text.into_text().unwrap_or_else(|_| text.to_owned().into());
    let mut lines = Vec::new();
    for line in text.lines {
        let characters: Vec<(char, Style)> = line
            .spans
            .iter()
            .flat_map(|span| span.content.chars().map(|character| (character, span.style)))
            .map(|(character, style)| (if character == '\t' { ' ' } else { character }, style))
            .collect();
        let mut rest = characters.as_slice();
        while let Some(end) = break_at(rest, width.max(1)) {
            lines.push(styled(&rest[..end]));
            rest = &rest[end..];
            rest = &rest[rest.iter().take_while(|(character, _)| *character == ' ').count()..];
        }
        lines.push(styled(rest));
    }
    lines
}

/// Where a line that does not fit has to be broken; `None` if it fits.
fn break_at(line: &[(char, Style)], width: usize) -> Option<usize> {
    let mut used = 0;
    let overflow = line.iter().position(|(character, _)| {
        used += display_width(character.encode_utf8(&mut [0; 4]));
        used > width
    })?;
    let indent = line.iter().take_while(|(character, _)| *character == ' ').count();
    let blank = line[..=overflow].iter().rposition(|(character, _)| *character == ' ');
    Some(blank.filter(|blank| *blank > indent).unwrap_or(overflow.max(1)))
}

/// A line of characters, those of the same style together.
fn styled(characters: &[(char, Style)]) -> Line<'static> {
    characters
        .chunk_by(|one, other| one.1 == other.1)
        .map(|run| Span::styled(run.iter().map(|(character, _)| character).collect::<String>(), run[0].1))
        .collect()
}

fn draw_list(frame: &mut Frame<'_>, area: Rect, rows: &[Row], selected: usize) -> Room {
    let height = usize::from(area.height).max(1);
    let first = first_visible(selected, height, rows.len());
    let lines: Vec<Line<'_>> = rows
        .iter()
        .enumerate()
        .skip(first)
        .take(height)
        .map(|(index, row)| list_line(row, index == selected, usize::from(area.width)))
        .collect();
    frame.render_widget(Paragraph::new(lines), area);
    Room { max_scroll: 0, height, too_small: false }
}

/// The first visible row of a list, so that the selected one is in the middle where that is possible.
fn first_visible(selected: usize, height: usize, total: usize) -> usize {
    selected.saturating_sub(height / 2).min(total.saturating_sub(height))
}

fn list_line(row: &Row, selected: bool, width: usize) -> Line<'static> {
    let (colour, mark) = row.status.mark();
    let points = format!("{}/{}", row.score, row.max_score);
    let minutes = if width >= 60 { format!("  {:>3} min", row.minutes) } else { String::new() };
    let note = list::note(row).filter(|_| width >= 100).map_or(String::new(), |note| format!("  {note}"));
    let room = width.saturating_sub(8 + 6 + minutes.len() + display_width(&note)).min(44);
    let cursor = if selected { ">" } else { " " };
    let style = if selected { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
    let title = cut(&row.title, room);
    let padding = " ".repeat(room - display_width(&title));
    let mut line = Line::from(format!("{cursor} "));
    line.spans.extend(wrapped(&paint(colour, mark), 1).into_iter().flat_map(|mark| mark.spans));
    line.push_span(Span::styled(format!(" {:>2} {title}{padding} {points:>6}{minutes}", row.number), style));
    line.push_span(Span::styled(note, Style::new().fg(Color::Yellow)));
    line
}

/// How much of the course is done, as a bar.
fn draw_progress(frame: &mut Frame<'_>, area: Rect, rows: &[Row]) {
    let Totals { complete, score, max_score } = Totals::of(rows);
    let ratio = f64::from(score.min(max_score)) / f64::from(max_score.max(1));
    let label = format!("course: {complete} of {} · {score} of {max_score} points", rows.len());
    draw_gauge(frame, area, ratio, &label);
}

/// A bar with its label beside it.
fn draw_gauge(frame: &mut Frame<'_>, area: Rect, ratio: f64, label: &str) {
    let label = cut(label, usize::from(area.width));
    let [text, bar] =
        Layout::horizontal([Constraint::Length(display_width(&label) as u16 + 1), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(label.dim()), text);
    // A bar of a few columns says nothing.
    if bar.width >= 6 {
        let style = Style::new().fg(Color::Green).bg(Color::DarkGray);
        frame.render_widget(Gauge::default().ratio(ratio).label("").gauge_style(style).use_unicode(true), bar);
    }
}

/// What the grader does or waits for.
fn draw_status(frame: &mut Frame<'_>, area: Rect, state: &State, beat: usize) {
    if matches!(state.view, View::ConfirmReset) {
        let question = "Put the stub back? Your version is kept. y yes, any other key no";
        frame.render_widget(Paragraph::new(cut(question, area.width.into()).yellow().bold()), area);
        return;
    }
    if let Some(busy) = &state.busy {
        let spinner = SPINNER[beat % SPINNER.len()];
        if let Busy::Stage(stage @ Stage::Training { progress, .. }) = busy {
            let ratio = (progress.done as f64 / progress.total.max(1) as f64).clamp(0.0, 1.0);
            return draw_gauge(frame, area, ratio, &format!("{spinner} {stage}"));
        }
        let what = match busy {
            Busy::Preparing(line) => format!("building crates: {line}"),
            Busy::Stage(stage) => stage.to_string(),
            Busy::Drawing => "drawing".to_owned(),
        };
        let text = cut(&format!("{spinner} {what}"), area.width.into());
        frame.render_widget(Paragraph::new(text.cyan()), area);
        return;
    }
    let line = match &state.notice {
        Some(notice) => cut(notice, area.width.into()).yellow(),
        None if state.is_complete() && state.current + 1 < state.rows.len() => {
            let next = &state.rows[state.current + 1];
            cut(&format!("✓ Complete! n goes on: {} · {}", next.number, next.title), area.width.into()).green().bold()
        }
        None if state.is_complete() => cut("✓ Complete! This was the last one.", area.width.into()).green().bold(),
        None if matches!(state.view, View::Page(_)) => cut(&standing(state), area.width.into()).dim(),
        None if state.polling => {
            cut("No file events here: looking for saves every half second.", area.width.into()).dim()
        }
        None => cut("Waiting for you to save.", area.width.into()).dim(),
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// How the exercise stands, in a line, while something else is on the screen.
fn standing(state: &State) -> String {
    match &state.outcome {
        Some(Ok(report)) if !report.compiled => "✗ It does not compile.".to_owned(),
        Some(Ok(report)) => match report.checks.iter().find(|check| check.status.is_failure()) {
            Some(check) => format!("✗ {}", check.title),
            None => "Nothing is wrong so far.".to_owned(),
        },
        _ => String::new(),
    }
}

/// The keys that work now, on as few lines as they need.
fn keys(state: &State, width: u16) -> Vec<Line<'static>> {
    let keys: &[(&str, &str)] = match state.view {
        View::Exercise => &[
            ("n", "next"),
            ("p", "prev"),
            ("l", "list"),
            ("h", "hint"),
            ("s", "lesson"),
            ("d", "plot"),
            ("a", "quiz"),
            ("r", "run"),
            ("x", "reset"),
            ("q", "quit"),
        ],
        View::Page(_) => &[
            ("↑↓", "scroll"),
            ("h", "hint"),
            ("s", "lesson"),
            ("d", "plot"),
            ("a", "quiz"),
            ("esc", "back"),
            ("q", "quit"),
        ],
        View::List { .. } => &[("↑↓", "choose"), ("enter", "go there"), ("esc", "back"), ("q", "quit")],
        View::ConfirmReset => &[("y", "yes"), ("any other", "no")],
    };
    let mut lines = vec![Line::default()];
    let mut used = 0;
    for (key, what) in keys {
        let size = display_width(key) + 1 + what.len();
        if used > 0 && used + 2 + size > usize::from(width) {
            lines.push(Line::default());
            used = 0;
        }
        let line = lines.last_mut().expect("there is always one");
        if used > 0 {
            line.push_span("  ");
            used += 2;
        }
        line.push_span(key.bold());
        line.push_span(format!(" {what}").dim());
        used += size;
    }
    lines
}

/// `text`, cut to `width` columns.
fn cut(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += display_width(character.encode_utf8(&mut [0; 4]));
        if used > width {
            break;
        }
        kept.push(character);
    }
    if width > 0 {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ratatui::{Terminal, backend::TestBackend};
    use wire::probe::Progress;

    use super::{
        super::{
            state::{AfterSave, Event, Key, Page},
            tests::{broken, graded, graded_complete, rows},
        },
        *,
    };

    /// A phone's terminal, the classic one, and a wide one.
    const SIZES: [(u16, u16); 3] = [(40, 18), (80, 24), (120, 32)];

    fn fresh() -> State {
        State::new(rows(), 0, false).0
    }

    fn after(events: Vec<Event>) -> State {
        let mut state = fresh();
        for event in events {
            state.update(event, Instant::now());
        }
        state
    }

    fn screen(state: &State, (width, height): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| _ = draw(frame, state, 0)).unwrap();
        terminal.backend().to_string()
    }

    /// Compares the screens of all three sizes with those that were reviewed.
    fn assert_screens(name: &str, state: &State) {
        for size in SIZES {
            insta::assert_snapshot!(format!("{name}_{}", size.0), screen(state, size));
        }
    }

    #[test]
    fn something_to_mend() {
        assert_screens("something_to_mend", &after(vec![Event::Graded(graded(0))]));
    }

    #[test]
    fn an_exercise_that_is_complete() {
        assert_screens("complete", &after(vec![Event::Graded(graded_complete(0))]));
    }

    #[test]
    fn code_that_does_not_compile() {
        let mut graded = graded(0);
        graded.outcome = Some(Ok(broken()));
        assert_screens("does_not_compile", &after(vec![Event::Graded(graded)]));
    }

    #[test]
    fn a_file_that_is_gone() {
        let problem = "there is no exercises/01_first/src/lib.rs; x brings the stub back".to_owned();
        let mut graded = graded(0);
        graded.outcome = Some(Err(problem));
        assert_screens("gone", &after(vec![Event::Graded(graded)]));
    }

    #[test]
    fn a_training_that_goes_on() {
        let progress = Progress { done: 30, total: 120, loss: Some(0.4375) };
        let busy = Event::Busy(Busy::Stage(Stage::Training { progress, left: Some(Duration::from_secs(8)) }));
        assert_screens("training", &after(vec![Event::Graded(graded(0)), busy]));
    }

    #[test]
    fn compiling_with_nothing_to_show_yet() {
        assert_screens("compiling", &after(vec![Event::Busy(Busy::Stage(Stage::Compiling))]));
    }

    #[test]
    fn the_list() {
        assert_screens(
            "list",
            &after(vec![Event::Graded(graded_complete(1)), Event::Key(Key::List), Event::Key(Key::Down)]),
        );
    }

    #[test]
    fn a_page_that_is_longer_than_the_screen() {
        let line = "A line of the lesson that is long enough to be broken where the window is narrow.\n";
        let page = Page {
            title: "Lesson · Exercise called 01_first".to_owned(),
            body: Body::Text(line.repeat(40)),
            after_save: AfterSave::Stays,
        };
        assert_screens("page", &after(vec![Event::Page(page), Event::Key(Key::PageDown)]));
    }

    #[test]
    fn the_question_before_a_reset() {
        assert_screens("confirm_reset", &after(vec![Event::Graded(graded(0)), Event::Key(Key::Reset)]));
    }

    #[test]
    fn no_size_of_the_window_is_too_strange() {
        let page = Page {
            title: "Picture ⠿".to_owned(),
            body: Body::Text("wide 漢字 text\twith a tab ".repeat(30)),
            after_save: AfterSave::Stays,
        };
        let states = [
            after(vec![Event::Graded(graded(0))]),
            after(vec![Event::Key(Key::List)]),
            after(vec![Event::Page(page)]),
            after(vec![Event::Busy(Busy::Preparing("Compiling x".to_owned()))]),
        ];
        for state in &states {
            for width in (1..60).chain([200, 400]) {
                for height in [1, 2, 5, 8, 9, 10, 11, 12, 60] {
                    screen(state, (width, height));
                }
            }
        }
    }

    #[test]
    fn a_selected_row_is_always_visible() {
        for total in 1..40 {
            for height in 1..30 {
                for selected in 0..total {
                    let first = first_visible(selected, height, total);
                    assert!((first..first + height).contains(&selected));
                }
            }
        }
    }

    #[test]
    fn wrapping_loses_no_word_and_keeps_indented_code_together_where_it_can() {
        let text = "one two three four\n    indented words that go on";
        let lines: Vec<String> = wrapped(text, 12).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["one two", "three four", "    indented", "words that", "go on"]);
        let lines: Vec<String> = wrapped("abcdefghij", 4).iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["abcd", "efgh", "ij"]);
    }
}
