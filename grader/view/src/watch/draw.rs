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

use super::state::{Body, Busy, Room, Search, State, View};
use crate::{markdown, picture::terminal};
use learner::list::{self, Row, Totals};
use report::{ExerciseStatus, counted, screen::Screen, style::paint};
use runner::Stage;

/// Smaller than this there is no sense in drawing.
const MIN_WIDTH: u16 = 20;
const MIN_HEIGHT: u16 = 9;

/// Wider lines are tiring to read.
const MAX_TEXT_WIDTH: usize = 100;

const SPINNER: [&str; 8] = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// Draws `state`; `beat` moves the spinner.
pub(super) fn draw(frame: &mut Frame<'_>, state: &State, beat: usize) -> Room {
    let area = frame.area();
    frame.render_widget(Clear, area);
    if area.width < MIN_WIDTH || area.height < MIN_HEIGHT {
        frame.render_widget(Paragraph::new("Too small. q quits.").wrap(Wrap { trim: true }), area);
        return Room { too_small: true, ..Room::default() };
    }
    let [title, body, rule, progress, status, keys_line] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Fill(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);

    frame.render_widget(Paragraph::new(heading(state, title.width)), title);
    let room = match &state.view {
        View::List { selected } => draw_list(frame, body, &state.rows, *selected),
        View::Page(page) => {
            let text = page_text(&page.body, body.width);
            draw_text(frame, body, &text, state.scroll, state.search.as_ref())
        }
        View::Help => draw_text(frame, body, &help(body.width), state.scroll, None),
        View::Exercise | View::ConfirmReset => {
            let text = exercise_text(state, body);
            draw_text(frame, body, &text, state.scroll, None)
        }
    };
    frame.render_widget(Paragraph::new("─".repeat(rule.width.into()).dim()), rule);
    draw_progress(frame, progress, &state.rows);
    draw_status(frame, status, state, room, beat);
    frame.render_widget(Paragraph::new(keys(state, area.width)), keys_line);
    room
}

/// The lines above everything: where we are, and the points; the file to edit.
fn heading(state: &State, width: u16) -> Vec<Line<'static>> {
    let row = state.row();
    let mut file = String::new();
    let (left, right) = match &state.view {
        View::List { .. } => ("The course".to_owned(), String::new()),
        View::Help => ("All keys".to_owned(), String::new()),
        View::Page(page) => (page.title.clone(), String::new()),
        View::Exercise | View::ConfirmReset => {
            file = cut(&format!("exercises/{}/src/lib.rs", row.name), width.into());
            let bonus = if row.bonus_score > 0 { format!(" +{}", row.bonus_score) } else { String::new() };
            (format!("{} · {}", row.number, row.title), format!("{}/{}{bonus}", row.score, row.max_score))
        }
    };
    let left = cut(&left, usize::from(width).saturating_sub(right.len() + 1));
    let gap = usize::from(width).saturating_sub(display_width(&left) + right.len());
    vec![Line::from(vec![left.bold(), Span::raw(" ".repeat(gap)), right.bold()]), Line::from(file.dim())]
}

/// The report, or what there is to say instead of it.
fn exercise_text(state: &State, area: Rect) -> String {
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    match &state.outcome {
        Some(Ok(report)) => report::for_watching(report, state.task.as_deref(), width, height),
        Some(Err(problem)) => textwrap::fill(problem, width.min(MAX_TEXT_WIDTH)),
        None => String::new(),
    }
}

/// A page, laid out for `width`.
fn page_text(body: &Body, width: u16) -> String {
    match body {
        Body::Text(text) | Body::Hints { text, .. } => textwrap::fill(text, Screen::of_width(width.into()).width),
        Body::Pictures { pictures, page } => {
            let width = Screen::of_width(width.into()).width;
            let drawn: Vec<String> = pictures.iter().map(|picture| terminal::render(picture, width)).collect();
            format!("{}\nThe same, in more detail, for your browser:\n{}", drawn.join("\n"), page.display())
        }
        Body::Markdown { text, folder } => markdown::render(text, folder, Screen::of_width(width.into())),
    }
}

/// `text` with ANSI styles, from the line `scroll` on, or from where the search has arrived.
fn draw_text(frame: &mut Frame<'_>, area: Rect, text: &str, scroll: usize, search: Option<&Search>) -> Room {
    let mut lines = wrapped(text, usize::from(area.width));
    let height = usize::from(area.height);
    let max_scroll = lines.len().saturating_sub(height);
    let mut first = scroll.min(max_scroll);
    let mut matches = (0, 0);
    if let Some(search) = search {
        let found = find(&lines, &search.text);
        if let Some((number, line)) = wanted_match(&found, search) {
            matches = (number + 1, found.len());
            // With a little of what stands before it.
            first = line.saturating_sub(2).min(max_scroll);
        }
        for line in &found {
            lines[*line] = highlighted(&lines[*line], &search.text);
        }
    }
    let below = lines.len().saturating_sub(first + height);
    let mut visible: Vec<Line<'_>> = lines.into_iter().skip(first).take(height).collect();
    if below > 0 && height > 1 {
        visible[height - 1] = Line::from(format!("↓ {}", counted(below + 1, "more line"))).dim();
    }
    frame.render_widget(Paragraph::new(visible), area);
    Room { max_scroll, height, first, matches, too_small: false }
}

/// The lines that hold `text`, in capitals or not.
fn find(lines: &[Line<'_>], text: &str) -> Vec<usize> {
    let text = text.to_lowercase();
    let holds = |line: &Line<'_>| !text.is_empty() && line.to_string().to_lowercase().contains(&text);
    (0..lines.len()).filter(|&line| holds(&lines[line])).collect()
}

/// Which of the matches `found` the search has arrived at, and its line.
fn wanted_match(found: &[usize], search: &Search) -> Option<(usize, usize)> {
    let count = isize::try_from(found.len()).ok().filter(|count| *count > 0)?;
    let start = found.iter().position(|line| *line >= search.from).unwrap_or(0) as isize;
    let number = (start + search.nth).rem_euclid(count) as usize;
    Some((number, found[number]))
}

/// `line` with `text` marked wherever it stands in it.
fn highlighted(line: &Line<'_>, text: &str) -> Line<'static> {
    let mut characters: Vec<(char, Style)> = characters(line);
    let lower = |text: &str| text.chars().map(|it| it.to_lowercase().next().unwrap_or(it)).collect::<Vec<_>>();
    let (wanted, all) = (lower(text), lower(&line.to_string()));
    for start in 0..=all.len().saturating_sub(wanted.len()) {
        if all[start..].starts_with(&wanted) {
            for (_, style) in &mut characters[start..start + wanted.len()] {
                *style = style.add_modifier(Modifier::REVERSED);
            }
        }
    }
    styled(&characters)
}

fn characters(line: &Line<'_>) -> Vec<(char, Style)> {
    line.spans.iter().flat_map(|span| span.content.chars().map(|character| (character, span.style))).collect()
}

/// The lines of `text`, those that are too long broken at a blank where there is one, with their styles.
fn wrapped(text: &str, width: usize) -> Vec<Line<'static>> {
    // Text that is no ANSI is text without styles.
    let text = text.into_text().unwrap_or_else(|_| text.to_owned().into());
    let mut lines = Vec::new();
    for line in text.lines {
        let mut characters = characters(&line);
        for (character, _) in &mut characters {
            if *character == '\t' {
                *character = ' ';
            }
        }
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
    Room { height, ..Room::default() }
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
fn draw_status(frame: &mut Frame<'_>, area: Rect, state: &State, room: Room, beat: usize) {
    if let Some(search) = &state.search {
        let found = match room.matches {
            _ if search.text.is_empty() => String::new(),
            (_, 0) => "  not found".to_owned(),
            (number, total) => format!("  {number} of {total}"),
        };
        frame
            .render_widget(Paragraph::new(cut(&format!("/{}█{found}", search.text), area.width.into()).yellow()), area);
        return;
    }
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
        None if matches!(state.view, View::Page(_) | View::Help) => cut(&standing(state), area.width.into()).dim(),
        None if state.polling => {
            cut("No file events here: looking for saves every half second.", area.width.into()).dim()
        }
        None if is_untouched(state) => cut("s opens the lesson. A save is graded.", area.width.into()).dim(),
        None => cut("Waiting for you to save.", area.width.into()).dim(),
    };
    frame.render_widget(Paragraph::new(line), area);
}

/// How the exercise stands, in a line, while something else is on the screen.
fn standing(state: &State) -> String {
    match &state.outcome {
        Some(Ok(report)) if !report.compiled => "✗ It does not compile.".to_owned(),
        Some(Ok(_)) if is_untouched(state) => "Nothing is written yet.".to_owned(),
        Some(Ok(report)) => match report.checks.iter().find(|check| check.status.is_failure()) {
            Some(check) => format!("✗ {}", check.title),
            None => "Nothing is wrong so far.".to_owned(),
        },
        _ => String::new(),
    }
}

fn is_untouched(state: &State) -> bool {
    matches!(&state.outcome, Some(Ok(report)) if report.status() == ExerciseStatus::NotStarted)
}

/// All keys, for the page that `?` opens.
const KEYS: [(&str, &str); 16] = [
    ("h", "hints for the task on top; again: the next hint"),
    ("s", "the lesson, where you left it"),
    ("d", "pictures of what your code computes"),
    ("a", "questions about it, which are worth no points"),
    ("tab", "another task (shift-tab: the one before)"),
    ("n", "the next exercise"),
    ("p", "the previous exercise"),
    ("l", "the list of all exercises"),
    ("r", "grade again, even if nothing has changed"),
    ("x", "put the stub back; your version is kept"),
    ("↑ ↓ j k", "scroll by a line"),
    ("space", "scroll by a page (also page down and up)"),
    ("g G", "the beginning and the end"),
    ("/", "search on a page: enter or ↓ next, ↑ previous, esc ends"),
    ("esc", "back to the exercise"),
    ("q", "quit; ctrl-z goes to the shell, and `fg` comes back"),
];

fn help(width: u16) -> String {
    let options = textwrap::Options::new(usize::from(width).min(MAX_TEXT_WIDTH)).subsequent_indent("         ");
    let lines = KEYS.iter().map(|(key, what)| textwrap::fill(&format!("{key:<9}{what}"), &options));
    lines.collect::<Vec<_>>().join("\n")
}

/// The keys that are most useful now, as many as fit in a line.
fn keys(state: &State, width: u16) -> Line<'static> {
    let keys: &[(&str, &str)] = match state.view {
        _ if state.search.is_some() => &[("enter", "next"), ("↑", "previous"), ("esc", "end")],
        View::Exercise => &[
            ("?", "keys"),
            ("h", "hint"),
            ("s", "lesson"),
            ("q", "quit"),
            ("d", "picture"),
            ("a", "quiz"),
            ("n", "next"),
            ("l", "list"),
            ("tab", "task"),
            ("p", "prev"),
            ("r", "rerun"),
            ("x", "reset"),
        ],
        View::Page(_) | View::Help => &[
            ("esc", "back"),
            ("↑↓", "scroll"),
            ("/", "search"),
            ("q", "quit"),
            ("h", "hint"),
            ("s", "lesson"),
            ("d", "picture"),
            ("a", "quiz"),
        ],
        View::List { .. } => &[("↑↓", "choose"), ("enter", "go there"), ("esc", "back"), ("q", "quit")],
        View::ConfirmReset => &[("y", "yes"), ("any other", "no")],
    };
    let mut line = Line::default();
    let mut used = 0;
    for (key, what) in keys {
        let size = display_width(key) + 1 + what.len();
        if used > 0 && used + 2 + size > usize::from(width) {
            break;
        }
        if used > 0 {
            line.push_span("  ");
            used += 2;
        }
        line.push_span(key.bold());
        line.push_span(format!(" {what}").dim());
        used += size;
    }
    line
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
    use wire::{judge::Status, probe::Progress};

    use super::{
        super::{
            state::{AfterSave, Event, Key, Page},
            tests::{broken, graded, graded_complete, report, rows},
        },
        *,
    };

    /// A phone's terminal, the classic one, and a wide one.
    const SIZES: [(u16, u16); 3] = [(40, 20), (80, 24), (120, 32)];

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
    fn an_untouched_exercise() {
        let mut graded = graded(0);
        let mut report = report();
        for check in &mut report.checks {
            (check.status, check.points) = (Status::NotStarted, 0);
            (check.message, check.file) = ("there is still a `todo!()` to replace".to_owned(), None);
            check.output.clear();
        }
        graded.outcome = Some(Ok(report));
        let state = after(vec![Event::Graded(graded)]);
        assert_screens("untouched", &state);
        assert_eq!(standing(&state), "Nothing is written yet.");
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
    fn all_keys() {
        assert_screens("help", &after(vec![Event::Key(Key::Help)]));
    }

    #[test]
    fn a_search_goes_from_match_to_match_and_round() {
        let lines: Vec<String> = (0..60).map(|line| format!("line {line}")).collect();
        let page =
            Page { title: "A page".to_owned(), body: Body::Text(lines.join("\n")), after_save: AfterSave::Stays };
        let mut state = after(vec![Event::Page(page), Event::Letter('/', Key::Search)]);
        let mut press = |event| {
            state.update(event, Instant::now());
            let mut terminal = Terminal::new(TestBackend::new(40, 20)).unwrap();
            terminal.draw(|frame| state.room = draw(frame, &state, 0)).unwrap();
            (state.room.first, state.room.matches, terminal.backend().to_string())
        };
        press(Event::Letter('E', Key::Other));
        press(Event::Letter(' ', Key::PageDown));
        press(Event::Letter('4', Key::Other));
        let (first, matches, screen) = press(Event::Letter('2', Key::Other));
        assert_eq!((first, matches), (40, (1, 1)), "{screen}");
        assert!(screen.contains("/E 42█  1 of 1") && screen.contains("line 42"), "{screen}");
        let (_, matches, _) = press(Event::Key(Key::Erase));
        assert_eq!(matches, (1, 11), "4, and 40 to 49");
        assert_eq!(press(Event::Key(Key::Enter)).1, (2, 11));
        press(Event::Key(Key::Up));
        assert_eq!(press(Event::Key(Key::Up)).1, (11, 11), "before the first one is the last");
        assert!(press(Event::Letter('x', Key::Reset)).2.contains("not found"));
    }

    #[test]
    fn a_task_that_is_chosen_comes_first() {
        assert_screens("another_task", &after(vec![Event::Graded(graded(0)), Event::Key(Key::NextTask)]));
    }

    #[test]
    fn the_verdict_is_on_the_first_screen() {
        let state = after(vec![Event::Graded(graded(0))]);
        let Some(Ok(report)) = &state.outcome else { unreachable!() };
        let check = report.checks.iter().find(|check| check.status.is_failure()).unwrap();
        for size in [(80, 24), (40, 20)] {
            let screen = screen(&state, size);
            let words = screen.replace(['"', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
            for shown in [check.title.as_str(), &check.message, "expected", "got"] {
                assert!(words.contains(shown), "{shown}: {screen}");
            }
        }
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
