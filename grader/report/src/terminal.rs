//! The report as text for people.
//!
//! What is right takes one line a task; what is wrong takes the room that it needs; the last lines say the score and
//! what to do next.

use std::{
    fmt::Write,
    path::{Path, PathBuf},
};

use super::{
    CheckReport, ExerciseLabel, ExerciseStatus, Report, TaskReport, rustc,
    style::{BAD, BOLD, DIM, GOOD, OPEN, paint},
};
use crate::{
    remark,
    sanitise::without_commands,
    screen::{Screen, file_url, link, terminal_width},
};
use course::{Course, Exercise};
use wire::judge::Status;

/// An input of so few lines may be shown for every failure.
const SHORT: usize = 3;

/// Inputs and results are cut after this many lines.
const MAX_LINES: usize = 16;

/// A learner who sees many warnings reads none.
const MAX_WARNINGS: usize = 3;

/// The screen, the course that the report's paths lie in, and where it goes on after this exercise.
pub struct Terminal {
    pub(super) screen: Screen,
    /// The columns that a line of the learner's source may take; a file has no end on the right.
    columns: Option<usize>,
    course: PathBuf,
    /// How the grader is called there.
    grader: &'static str,
    /// The number and the name of the next exercise.
    next: Option<(u32, String)>,
    /// Whether to say what the submission was compiled and run in, and with which seed.
    pub says_how: bool,
}

impl Terminal {
    /// The terminal that standard output is, or a page where it is none. The report may be on `exercise` alone.
    pub fn of_stdout(course: &Course, exercise: Option<&Exercise>) -> Self {
        let next = exercise.and_then(|exercise| course.exercises.iter().find(|other| other.number > exercise.number));
        let next = next.map(|next| (next.number, next.name.clone()));
        Self {
            screen: Screen::of_stdout(),
            columns: terminal_width(),
            course: course.root.clone(),
            grader: course.grader(),
            next,
            says_how: false,
        }
    }

    /// A terminal of this width that cannot follow links, and nothing comes next.
    pub fn of_width(width: usize) -> Self {
        Self {
            screen: Screen::of_width(width),
            columns: Some(width),
            course: PathBuf::new(),
            grader: "cargo run -p grader --",
            next: None,
            says_how: false,
        }
    }
}

/// The whole report, with colours; the caller that prints it removes them where they do not belong.
pub fn render(report: &Report, terminal: &Terminal) -> String {
    let mut page = Page::new(terminal);
    page.line(&paint(BOLD, format!("{} · {}", report.exercise.number, report.exercise.title)));
    page.line(&paint(DIM, page.link(&report.lib(), &report.lib())));
    if report.status() == ExerciseStatus::NotStarted {
        page.wrapped("", &paint(DIM, effort(&report.exercise)));
    }
    page.blank();
    if report.compiled {
        for task in report.tasks() {
            page.task(&task, report);
        }
    } else {
        page.errors(report);
    }
    page.warnings(report);
    page.separate();
    page.line(&score(report));
    if report.unchanged {
        page.wrapped("", &paint(DIM, "unchanged since the last check, so nothing was run again"));
    }
    next_step(&mut page, report, terminal);
    page.how(report, terminal);
    // Last of all: wrapping may have put a word of the submission's at the start of a line.
    without_commands(&page.text)
}

/// What a learner needs to see at a glance after a save, on a screen of this size: `task` if it is open, or else the first
/// one to correct, with all that is known about it, before the others.
pub fn render_for_watching(report: &Report, task: Option<&str>, width: usize, height: usize) -> String {
    let terminal = Terminal::of_width(width);
    let mut page = Page::new(&terminal);
    // Expected and got, each a third of the screen at most, leave a third for the sentence that explains them.
    page.most_lines = Some((height / 3).clamp(4, MAX_LINES));
    if !report.compiled {
        page.errors(report);
        return without_commands(&page.text);
    }
    let started = report.status() != ExerciseStatus::NotStarted;
    let tasks = report.tasks();
    page.passed_tasks(&tasks, width);
    let shown = report.task_to_show(task);
    let task = tasks.iter().find(|task| Some(task.name) == shown);
    let check = task.and_then(TaskReport::first_open);
    match (task, check) {
        (Some(task), Some(check)) => page.task_at_a_glance(task, check, started, report),
        _ => page.wrapped("", &paint(GOOD, "Everything here is right.")),
    }
    if tasks.iter().any(|task| !task.is_passed() && Some(task.name) != shown) {
        page.blank();
    }
    for task in tasks.iter().filter(|task| !task.is_passed() && Some(task.name) != shown) {
        page.task_line(task, task.name, started);
    }
    if check.is_none_or(|check| check.output.is_empty())
        && let Some(printed) = report.checks.iter().find(|check| !check.output.is_empty())
    {
        page.blank();
        page.wrapped("", &format!("your code printed in: {}", printed.title));
        page.printed(printed);
    }
    page.warnings(report);
    without_commands(&page.text)
}

/// One line an exercise, and the sum.
pub fn render_all(reports: &[Report], terminal: &Terminal) -> String {
    let mut page = Page::new(terminal);
    for report in reports {
        let (style, mark) = report.status().mark();
        let mark = paint(style, mark);
        let note = match report.status() {
            ExerciseStatus::Complete | ExerciseStatus::Incomplete => "",
            ExerciseStatus::NotStarted => "  not started",
            ExerciseStatus::DoesNotCompile => "  does not compile",
        };
        let unchanged = if report.unchanged { "  unchanged" } else { "" };
        let bonus = match report.bonus_score() {
            0 => String::new(),
            bonus => format!(" +{bonus}"),
        };
        let points = format!("{}/{}{bonus}", report.score(), report.max_score());
        page.line(&format!(
            "{mark} {:<24} {points:>8}{}",
            report.exercise.name,
            paint(DIM, format!("{note}{unchanged}"))
        ));
    }
    page.separate();
    let (score, max): (u32, u32) =
        (reports.iter().map(Report::score).sum(), reports.iter().map(Report::max_score).sum());
    page.line(&paint(BOLD, format!("Score {score} of {max} points.")));
    match reports.iter().find(|report| report.status() != ExerciseStatus::Complete) {
        None if reports.is_empty() => page.wrapped("", "Nothing is graded: no exercise is started."),
        Some(open) => {
            let next = page.command(open.exercise.number);
            page.wrapped("", &format!("Next: {next}"));
        }
        None => page.wrapped("", "Everything is complete. Well done!"),
    }
    if let Some(first) = reports.first() {
        page.how(first, terminal);
    }
    page.text
}

struct Page<'a> {
    text: String,
    width: usize,
    columns: Option<usize>,
    /// In the watch view: how many lines a value may take. What is wrong comes before the input there.
    most_lines: Option<usize>,
    links: bool,
    course: &'a Path,
    grader: &'a str,
}

impl<'a> Page<'a> {
    fn new(terminal: &'a Terminal) -> Self {
        let Terminal { screen, course, grader, .. } = terminal;
        let columns = terminal.columns;
        Self {
            text: String::new(),
            width: screen.width,
            columns,
            most_lines: None,
            links: screen.links,
            course,
            grader,
        }
    }

    /// The command that checks exercise `number`.
    fn command(&self, number: u32) -> String {
        format!("{} check {number}", self.grader)
    }

    /// `text`, which leads to `file` of the course.
    fn link(&self, file: &str, text: &str) -> String {
        link(self.links, &file_url(&self.course.join(file)), text)
    }

    fn line(&mut self, line: &str) {
        self.text += line.trim_end();
        self.text.push('\n');
    }

    fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A blank line, unless there is one already.
    fn separate(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.blank();
        }
    }

    /// What rustc says, within the columns that there are.
    fn rustc(&mut self, text: &str) {
        let fitted = self.columns.map(|columns| rustc::fitted(text, columns));
        self.text += fitted.as_deref().unwrap_or(text).trim_end();
        self.text.push('\n');
    }

    fn how(&mut self, report: &Report, terminal: &Terminal) {
        if terminal.says_how {
            self.wrapped("", &format!("Sandbox: {}", report.sandbox));
            self.wrapped("", &report.seed_again());
        }
    }

    /// The compiler's warnings, the first few of them.
    fn warnings(&mut self, report: &Report) {
        // While something is still `todo!()`, the compiler warns of what is not used yet: that is no news.
        if report.compiled && report.checks.iter().all(|check| check.status != Status::NotStarted) {
            let warnings: Vec<_> =
                report.diagnostics.iter().filter(|diagnostic| diagnostic.level == "warning").collect();
            self.separate();
            for warning in warnings.iter().take(MAX_WARNINGS) {
                self.rustc(&warning.rendered);
                self.blank();
            }
            if warnings.len() > MAX_WARNINGS {
                self.line(&paint(DIM, format!("and {}", counted(warnings.len() - MAX_WARNINGS, "more warning"))));
            }
        }
    }

    /// The compiler's errors, with a remark where one helps.
    fn errors(&mut self, report: &Report) {
        let mut remarks = Vec::new();
        for diagnostic in report.diagnostics.iter().filter(|diagnostic| diagnostic.level == "error") {
            self.rustc(&diagnostic.rendered);
            // Once is enough, however often the error comes.
            if let Some(remark) = diagnostic
                .code
                .as_deref()
                .and_then(|code| remark(code, &diagnostic.message, &diagnostic.label))
                .filter(|remark| !remarks.contains(remark))
            {
                self.wrapped("  ", remark);
                remarks.push(remark);
            }
            self.blank();
        }
    }

    /// `text` on as many lines as it takes, each after `indent`.
    fn wrapped(&mut self, indent: &str, text: &str) {
        self.labelled(indent, "", text);
    }

    /// `text` after a label, its further lines below its first one.
    fn labelled(&mut self, indent: &str, label: &str, text: &str) {
        let hang = format!("{indent}{}", " ".repeat(label.chars().count()));
        let first = format!("{indent}{label}");
        for (number, paragraph) in text.lines().enumerate() {
            let initial = if number == 0 { &first } else { &hang };
            let options = textwrap::Options::new(self.width)
                .initial_indent(initial)
                .subsequent_indent(&hang)
                // `1e-12` is one word.
                .word_splitter(textwrap::WordSplitter::NoHyphenation);
            for line in textwrap::wrap(paragraph, options) {
                self.line(&line);
            }
        }
    }

    /// What is passed, in one line.
    fn passed_tasks(&mut self, tasks: &[TaskReport<'_>], width: usize) {
        let passed: Vec<_> = tasks.iter().filter(|task| task.is_passed()).collect();
        if passed.is_empty() {
            return;
        }
        let sum = |bonus: bool| passed.iter().filter(|task| task.bonus == bonus).map(|task| task.points()).sum::<u32>();
        let points = match (sum(false), sum(true)) {
            (points, 0) => format!("{points}/{points}"),
            (0, bonus) => format!("+{bonus} bonus"),
            (points, bonus) => format!("{points}/{points} +{bonus}"),
        };
        let most = width.saturating_sub(points.len() + 3).max(28);
        let names = |count: usize| {
            let names = passed[..count].iter().map(|task| task.name).collect::<Vec<_>>().join(", ");
            let left = passed.len() - count;
            if left == 0 { names } else { format!("{names}, +{left}") }
        };
        let names = (1..=passed.len()).rev().map(names).find(|names| names.chars().count() <= most);
        let names = names.unwrap_or_else(|| format!("{} tasks", passed.len()));
        self.line(&format!("{} {names:<28} {points}", paint(GOOD, "✓")));
    }

    /// A task that is not passed, with the first thing to correct in it, or to write.
    fn task_at_a_glance(&mut self, task: &TaskReport<'_>, check: &CheckReport, started: bool, report: &Report) {
        let is_in_lib = check.file.as_deref() == Some(report.lib().as_str());
        let line = check.line.filter(|_| is_in_lib);
        let name = line.map_or(task.name.to_owned(), |line| format!("{} · line {line}", task.name));
        self.task_line(task, &name, started);
        match check.status {
            Status::NotStarted => {
                self.wrapped("  ", &check.message);
                self.printed(check);
            }
            _ => self.check(check, None),
        }
    }

    /// A task, under this name, with its points.
    fn task_line(&mut self, task: &TaskReport<'_>, name: &str, started: bool) {
        let (points, max) = (task.points(), task.max_points());
        let (style, mark) = match () {
            () if task.is_passed() => (GOOD, "✓"),
            () if task.first_failure().is_some() => (BAD, "✗"),
            () => (OPEN, "○"),
        };
        let kind = match () {
            () if task.bonus => " bonus",
            () if started && task.checks.iter().all(|check| check.status == Status::Skipped) => "  skipped: see above",
            () => "",
        };
        self.line(&format!("{} {name:<28} {points}/{max}{kind}", paint(style, mark)));
    }

    fn task(&mut self, task: &TaskReport<'_>, report: &Report) {
        self.task_line(task, task.name, report.status() != ExerciseStatus::NotStarted);
        if let Some(check) = task.checks.iter().find(|check| report.lacks_data(check)) {
            self.wrapped("    ", &check.message);
        }
        let untouched = task.checks.iter().all(|check| matches!(check.status, Status::NotStarted | Status::Skipped));
        let silent = task.checks.iter().all(|check| check.output.is_empty());
        if !(task.is_passed() || untouched) || !silent {
            // The first failure is shown in full; the further ones of a task are mostly its consequences.
            let first = task.first_failure();
            for check in &task.checks {
                self.check(check, first.filter(|first| first.id != check.id));
            }
        }
    }

    /// One check; in full, unless a failure of its task has been shown `before` it.
    fn check(&mut self, check: &CheckReport, before: Option<&CheckReport>) {
        // A further failure of the task that is not explained yet is shown in full if it is short.
        let short = check.input.as_ref().is_none_or(|input| input.lines().count() <= SHORT);
        let in_full = before.is_none() || (check.mistake.is_none() && short);
        let (style, mark) = match check.status {
            Status::Passed => (GOOD, "✓"),
            Status::Failed | Status::Crashed | Status::TimedOut => (BAD, "✗"),
            Status::NotStarted | Status::Skipped => (OPEN, "○"),
        };
        let indent = if self.most_lines.is_some() { "    " } else { "      " };
        let start = self.text.len();
        self.labelled(&indent[2..], &format!("{mark} "), &check.title);
        // Coloured after wrapping, which must not count the colour.
        let title = self.text.split_off(start);
        self.text += &title.replacen(mark, &paint(style, mark), 1);
        if matches!(check.status, Status::Passed) {
            return self.printed(check);
        }
        let repeats = before.is_some_and(|before| before.status.is_failure() && before.message == check.message);
        self.wrapped(indent, if repeats { "the same as above" } else { &check.message });
        self.place(check, indent);
        if in_full {
            self.values(check, indent);
        }
        self.printed(check);
    }

    /// Where the failure of `check` came from.
    fn place(&mut self, check: &CheckReport, indent: &str) {
        let (Some(file), Some(line)) = (&check.file, check.line) else { return };
        // The watch view has the line beside the task, and the file above it.
        if self.most_lines.is_some() && file.ends_with("src/lib.rs") {
            return;
        }
        // A path is not broken where it can be helped: it may be clicked.
        let place = format!("at {file}:{line}");
        let linked = format!("{indent}{}", self.link(file, &place));
        if place.len() + indent.len() <= self.width { self.line(&linked) } else { self.wrapped(indent, &place) }
    }

    /// What went in, what should have come out, and what did.
    fn values(&mut self, check: &CheckReport, indent: &str) {
        let (expected, observed) = match check.diff {
            Some(_) => (&None, &None),
            None => (&check.expected, &check.observed),
        };
        let mut values = [("input     ", &check.input), ("expected  ", expected), ("got       ", observed)];
        if self.most_lines.is_some() {
            self.difference(check, indent);
            values.rotate_left(1);
        }
        for (label, text) in values {
            if let Some(text) = text {
                let start = self.text.len();
                self.labelled(indent, label, &beginning(text));
                self.fold(start, indent);
            }
        }
        if self.most_lines.is_none() {
            self.difference(check, indent);
        }
    }

    /// The difference between two texts.
    fn difference(&mut self, check: &CheckReport, indent: &str) {
        let Some(diff) = &check.diff else { return };
        self.wrapped(indent, "text      (- yours, + expected)");
        for line in diff.lines() {
            let style = match line.as_bytes().first() {
                Some(b'-') => BAD,
                Some(b'+') => GOOD,
                _ => DIM,
            };
            self.line(&format!("{indent}  {}", paint(style, line)));
        }
    }

    /// Where only so many lines may be shown of a value, leaves out the others of the one that begins at `start`.
    fn fold(&mut self, start: usize, indent: &str) {
        let Some(most) = self.most_lines else { return };
        let total = self.text[start..].lines().count();
        if total > most {
            let kept: String = self.text[start..].split_inclusive('\n').take(most - 1).collect();
            self.text.truncate(start);
            self.text += &kept;
            let left = format!("{indent}          … {}", counted(total - most + 1, "more line"));
            let whole = format!("{left}; `check` has them");
            self.line(&paint(DIM, if whole.chars().count() <= self.width { whole } else { left }));
        }
    }

    fn printed(&mut self, check: &CheckReport) {
        let indent = if self.most_lines.is_some() { "    " } else { "      " };
        for (number, line) in check.output.lines().enumerate() {
            let label = if number == 0 { "printed   " } else { "          " };
            // A line that has to be wrapped keeps the bar, so that it is not mistaken for the grader's own.
            let room = self.width.saturating_sub(18).max(10);
            for (part, piece) in textwrap::wrap(line, room).iter().enumerate() {
                let label = if part == 0 { label } else { "          " };
                self.line(&format!("{indent}{label}│ {piece}"));
            }
        }
    }
}

/// The first lines of a long text.
fn beginning(text: &str) -> String {
    let total = text.lines().count();
    if total <= MAX_LINES {
        return text.to_owned();
    }
    let kept: Vec<&str> = text.lines().take(MAX_LINES - 1).collect();
    format!("{}\n… {total} lines in all (--format json has them)", kept.join("\n"))
}

fn score(report: &Report) -> String {
    if !report.compiled {
        let points = counted(report.max_score() as usize, "point");
        return paint(BOLD, format!("Not graded, because it does not compile ({points} to earn)."));
    }
    let style = if report.status() == ExerciseStatus::Complete { GOOD } else { BOLD };
    let mut line = paint(style, format!("Score {} of {} points", report.score(), report.max_score()));
    if report.max_bonus() > 0 {
        let _ = write!(line, ", bonus {} of {}", report.bonus_score(), report.max_bonus());
    }
    line + "."
}

/// How long an exercise takes, and what it builds on.
fn effort(exercise: &ExerciseLabel) -> String {
    let requires = exercise.requires.join(", ");
    let builds_on = if requires.is_empty() { String::new() } else { format!(", builds on {requires}") };
    format!("about {}{builds_on}", time_for(exercise.minutes))
}

/// `1 check`, `2 checks`.
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// About so many minutes, as one says it.
pub fn time_for(minutes: u32) -> String {
    match (f64::from(minutes) / 30.0).round() / 2.0 {
        _ if minutes == 1 => "1 minute".to_owned(),
        // Half hours are too coarse for a short time.
        _ if minutes < 60 => format!("{minutes} minutes"),
        1.0 => "1 hour".to_owned(),
        // 1.5 and 2, not 2.0.
        hours => format!("{hours} hours"),
    }
}

/// A hint for `check`.
fn hint(page: &mut Page<'_>, check: &CheckReport, number: u32) {
    if let Some(hint) = check.advice() {
        page.wrapped("", &format!("Hint: {hint}"));
        page.wrapped("", &format!("More hints: {} hint {number}", page.grader));
    }
}

/// What to do now, in one or two sentences.
fn next_step(page: &mut Page<'_>, report: &Report, terminal: &Terminal) {
    let again = page.command(report.exercise.number);
    match report.status() {
        ExerciseStatus::DoesNotCompile => {
            page.wrapped("", &format!("Next: fix the first error above, then {again}"));
        }
        ExerciseStatus::NotStarted => {
            let line = report.checks.iter().find_map(|check| check.line);
            let place = line.map_or(String::new(), |line| format!(", line {line}"));
            page.wrapped("", "Nothing is started yet, and that is how it should be.");
            page.wrapped(
                "",
                &format!(
                    "Next: read {}/README.md, then replace the first `todo!()` in {}{place}.",
                    report.folder,
                    report.lib()
                ),
            );
            page.wrapped("", &format!("Then: {again}"));
        }
        ExerciseStatus::Incomplete => {
            let open = |check: &&CheckReport| check.status != Status::Passed;
            let Some(first) = report.checks.iter().find(open) else { return };
            let place = first.line.map_or(String::new(), |line| format!(" ({}:{line})", report.lib()));
            let what = if first.status == Status::NotStarted { "is still to do" } else { "is not right yet" };
            page.wrapped("", &format!("Next: `{}` {what}{place}.", first.task));
            hint(page, first, report.exercise.number);
            page.wrapped("", &format!("Then: {again}"));
        }
        ExerciseStatus::Complete => {
            let bonus = match report.max_bonus() - report.bonus_score() {
                0 => "Well done!".to_owned(),
                1 => "1 bonus point is left, if you like.".to_owned(),
                left => format!("{left} bonus points are left, if you like."),
            };
            page.wrapped("", &format!("This exercise is complete. {bonus}"));
            if let Some(tried) = report.checks.iter().find(|check| check.status.is_failure()) {
                page.wrapped("", &format!("Bonus: `{}` is not right yet.", tried.task));
                hint(page, tried, report.exercise.number);
            }
            if let Some((number, name)) = &terminal.next {
                let next = page.command(*number);
                page.wrapped("", &format!("Next: read exercises/{name}/README.md, then {next}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples;

    #[test]
    fn points_of_a_bonus_stand_by_themselves() {
        let passed = |bonus: [bool; 2]| {
            let mut report = samples::complete();
            report.checks.iter_mut().zip(bonus).for_each(|(check, bonus)| check.bonus = bonus);
            let page = anstream::adapter::strip_str(&render_for_watching(&report, None, 80, 24)).to_string();
            page.lines().next().expect("what is passed").split_once("mae_grad").expect("its points").1.trim().to_owned()
        };
        assert_eq!(passed([false, false]), "4/4");
        assert_eq!(passed([false, true]), "2/2 +2");
        assert_eq!(passed([true, true]), "+4 bonus");
    }

    #[test]
    fn times_and_counts_are_said_as_people_say_them() {
        for (minutes, said) in [
            (1, "1 minute"),
            (20, "20 minutes"),
            (45, "45 minutes"),
            (60, "1 hour"),
            (70, "1 hour"),
            (90, "1.5 hours"),
            (120, "2 hours"),
        ] {
            assert_eq!(time_for(minutes), said);
        }
        assert_eq!((counted(1, "exercise"), counted(0, "problem")), ("1 exercise".to_owned(), "0 problems".to_owned()));
    }
}
