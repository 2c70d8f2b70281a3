//! The report: one model, and one small file per format.

mod check50;
mod diagnostic;
mod exercism;
mod github;
mod gradescope;
mod json;
mod junit;
mod markdown;
mod plain;
mod rustc;
#[cfg(test)]
pub mod samples;
pub mod sanitise;
pub mod screen;
pub mod style;
mod terminal;

use std::{
    collections::{BTreeMap, HashSet},
    process::ExitCode,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use course::{Course, Exercise, Hints, UsageError};
use sanitise::{beginning, clean, clean_line};
use wire::judge::{Planned, Status, Verdict};

pub use diagnostic::{Diagnostic, remark};

pub use check50::render as check50;
pub use exercism::render as exercism;
pub use github::render as github;
pub use gradescope::render as gradescope;
pub use json::{render as json, render_all as json_of_all};
pub use junit::render as junit;
pub use markdown::{list as markdown_list, render as markdown};
pub use rustc::with_short_types;
pub use terminal::{
    Terminal, counted, render as terminal, render_all as terminal_of_all, render_for_watching as for_watching, time_for,
};

/// The version of every JSON document that the grader writes.
pub const SCHEMA_VERSION: u32 = 1;

/// At most this much of what a learner's code printed during one check is reported.
const MAX_OUTPUT_LINES: usize = 20;
const MAX_OUTPUT_CHARS: usize = 2000;

/// Longer texts are cut, whatever they say. `.github/scripts/comment.jq` refuses a report with a longer one.
const MAX_TEXT_CHARS: usize = 20_000;

/// What grading a submission to one exercise found.
///
/// The score is not a field: it is the sum over the checks, so it cannot disagree with them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The title of the course.
    pub course: String,
    /// What was to be solved.
    pub exercise: ExerciseLabel,
    /// The folder that was graded, relative to the course if it lies in it.
    pub folder: String,
    /// Of the code that was graded.
    pub source_digest: String,
    /// Of all that decides what the exercise asks.
    pub checks_digest: String,
    /// The commit of the course that is checked out, if it lies in a repository that holds it.
    pub course_commit: Option<String>,
    /// Of the inputs that were drawn at random.
    pub seed: u64,
    /// What compiled the code.
    pub rustc_version: String,
    /// What the submission was compiled and run in.
    pub sandbox: String,
    /// Whether the code compiles; if it does not, no check was run.
    pub compiled: bool,
    /// Every check of the exercise, in order.
    pub checks: Vec<CheckReport>,
    /// What the compiler or the source gate said.
    pub diagnostics: Vec<Diagnostic>,
    /// How long it took.
    pub duration_ms: u64,
    /// Nothing has changed since an earlier check, so this is its report and nothing was run.
    pub unchanged: bool,
    /// The first answers to the exercise's questions, where the learner has answered some. They are worth no points.
    #[serde(default)]
    pub answers: Vec<FirstAnswer>,
}

/// The first answer that a learner gave to a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FirstAnswer {
    /// The question's id.
    pub question: String,
    /// Whether it was right.
    pub right: bool,
    /// The answer in the words of the question; it is the learner's text where the question asks for a number.
    pub given: String,
}

/// What a report says of its exercise.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExerciseLabel {
    /// The name of its folder.
    pub name: String,
    /// The number that the name begins with.
    pub number: u32,
    /// What it is called.
    pub title: String,
    /// How long it is expected to take.
    pub minutes: u32,
    /// The names of the exercises that it builds on.
    pub requires: Vec<String>,
}

/// One check of a report.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CheckReport {
    /// Its name.
    pub id: String,
    /// The task that it belongs to.
    pub task: String,
    /// A statement that is true of correct code.
    pub title: String,
    /// Whether its task is worth extra points only.
    pub bonus: bool,
    /// What was earned.
    pub points: u32,
    /// What it is worth.
    pub max_points: u32,
    /// How it came out.
    pub status: Status,
    /// What the learner is told; empty if the check is passed.
    pub message: String,
    /// The id of the recognised misunderstanding.
    pub mistake: Option<String>,
    /// The case that went wrong.
    pub input: Option<String>,
    /// What right code returns for it.
    pub expected: Option<String>,
    /// What this code returned.
    pub observed: Option<String>,
    /// Where both are texts of several lines: `-` before a line that was observed, `+` before one that is expected.
    pub diff: Option<String>,
    /// A hint for its task.
    pub hint: Option<String>,
    /// The checks without which this one says nothing.
    pub after: Vec<String>,
    /// The line of the submission that it came from: that of the panic, or of the function that was asked.
    pub file: Option<String>,
    /// Counted from 1.
    pub line: Option<u32>,
    /// What the learner's code printed, cut and cleaned.
    pub output: String,
    /// How long it took.
    pub duration_ms: u64,
}

/// The checks of one task.
pub struct TaskReport<'a> {
    /// As in `course.toml`.
    pub name: &'a str,
    /// Whether it is worth extra points only.
    pub bonus: bool,
    /// In order.
    pub checks: Vec<&'a CheckReport>,
}

/// How an exercise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseStatus {
    /// Full marks; bonus tasks may be open.
    Complete,
    /// Some checks are passed and some are not, or all have failed.
    Incomplete,
    /// Nothing but `todo!()` so far.
    NotStarted,
    /// The compiler or the source gate refused it.
    DoesNotCompile,
}

impl ExerciseStatus {
    /// As it is written in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::NotStarted => "not_started",
            Self::DoesNotCompile => "does_not_compile",
        }
    }

    /// How it looks in a list: a colour, and a mark that says the same without one.
    pub fn mark(self) -> (anstyle::Style, &'static str) {
        match self {
            Self::Complete => (style::GOOD, "✓"),
            Self::Incomplete | Self::DoesNotCompile => (style::BAD, "✗"),
            Self::NotStarted => (style::OPEN, "○"),
        }
    }
}

impl Report {
    /// A report with no checks yet.
    pub fn new(
        course: &Course,
        exercise: &Exercise,
        folder: String,
        seed: u64,
        rustc_version: &str,
        source_digest: String,
    ) -> Self {
        Self {
            course: course.title.clone(),
            exercise: ExerciseLabel {
                name: exercise.name.clone(),
                number: exercise.number,
                title: exercise.title.clone(),
                minutes: exercise.minutes,
                requires: exercise.requires.clone(),
            },
            folder,
            source_digest,
            checks_digest: String::new(),
            course_commit: course.commit(),
            seed,
            rustc_version: rustc_version.to_owned(),
            sandbox: "none".to_owned(),
            compiled: true,
            checks: Vec::new(),
            diagnostics: Vec::new(),
            duration_ms: 0,
            unchanged: false,
            answers: Vec::new(),
        }
    }

    /// Makes every text and path fit to be shown, and cuts what is too long. A report goes through this when it is made, and
    /// every format relies on it.
    pub fn clean(&mut self) {
        let Self {
            course,
            exercise,
            folder,
            source_digest,
            checks_digest,
            course_commit,
            seed: _,
            rustc_version,
            sandbox,
            compiled: _,
            checks,
            diagnostics,
            duration_ms: _,
            unchanged: _,
            answers,
        } = self;
        let ExerciseLabel { name, number: _, title, minutes: _, requires } = exercise;
        for text in [course, folder, source_digest, checks_digest, rustc_version, sandbox, name, title] {
            fit(text, clean_line);
        }
        course_commit.iter_mut().chain(requires).for_each(|text| fit(text, clean_line));
        checks.iter_mut().for_each(CheckReport::clean);
        diagnostics.iter_mut().for_each(Diagnostic::clean);
        for FirstAnswer { question, right: _, given } in answers {
            fit(question, clean_line);
            fit(given, clean_line);
        }
    }

    /// How the exercise stands.
    pub fn status(&self) -> ExerciseStatus {
        if !self.compiled {
            ExerciseStatus::DoesNotCompile
        } else if self.score() == self.max_score() {
            ExerciseStatus::Complete
        } else if self.checks.iter().all(|check| matches!(check.status, Status::NotStarted | Status::Skipped)) {
            ExerciseStatus::NotStarted
        } else {
            ExerciseStatus::Incomplete
        }
    }

    /// Whether `check` was not asked although all that it comes after is right: it waits for data that has to be fetched,
    /// or for crates that have to be built.
    fn lacks_data(&self, check: &CheckReport) -> bool {
        let is_passed = |id: &String| self.checks.iter().any(|other| other.id == *id && other.status == Status::Passed);
        self.compiled && check.status == Status::Skipped && check.after.iter().all(is_passed)
    }

    /// Points earned, without bonus.
    pub fn score(&self) -> u32 {
        self.counted().map(|check| check.points).sum()
    }

    /// Points for full marks.
    pub fn max_score(&self) -> u32 {
        self.counted().map(|check| check.max_points).sum()
    }

    /// Bonus points earned.
    pub fn bonus_score(&self) -> u32 {
        self.bonus().map(|check| check.points).sum()
    }

    /// Bonus points that there are.
    pub fn max_bonus(&self) -> u32 {
        self.bonus().map(|check| check.max_points).sum()
    }

    fn counted(&self) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(|check| !check.bonus)
    }

    fn bonus(&self) -> impl Iterator<Item = &CheckReport> {
        self.checks.iter().filter(|check| check.bonus)
    }

    /// The tasks of the exercise, with their checks.
    pub fn tasks(&self) -> Vec<TaskReport<'_>> {
        let mut tasks: Vec<TaskReport<'_>> = Vec::new();
        for check in &self.checks {
            match tasks.iter_mut().find(|task| task.name == check.task) {
                Some(task) => task.checks.push(check),
                None => tasks.push(TaskReport { name: &check.task, bonus: check.bonus, checks: vec![check] }),
            }
        }
        tasks
    }

    /// The tasks that are not passed, in order.
    pub fn open_tasks(&self) -> Vec<&str> {
        self.tasks().iter().filter(|task| !task.is_passed()).map(|task| task.name).collect()
    }

    /// The task to look at: `wanted` if it is open, or else the first one with something wrong, or the first open one.
    pub fn task_to_show(&self, wanted: Option<&str>) -> Option<&str> {
        let open = self.open_tasks();
        let has_failed = |task: &&&str| self.checks.iter().any(|it| it.task == **task && it.status.is_failure());
        open.iter()
            .find(|task| wanted == Some(**task))
            .or_else(|| open.iter().find(has_failed))
            .or_else(|| open.first())
            .copied()
    }

    /// What else has to be the same for the same report, under the names that it has in every format.
    pub fn provenance(&self) -> BTreeMap<&'static str, Value> {
        BTreeMap::from([
            ("course_commit", self.course_commit.as_deref().into()),
            ("checks_digest", self.checks_digest.as_str().into()),
            ("source_digest", self.source_digest.as_str().into()),
            ("seed", self.seed.into()),
            ("grader_version", env!("CARGO_PKG_VERSION").into()),
            ("rustc_version", self.rustc_version.as_str().into()),
            ("sandbox", self.sandbox.as_str().into()),
        ])
    }

    /// The same as text.
    fn provenance_as_text(&self) -> impl Iterator<Item = (&'static str, String)> {
        self.provenance().into_iter().map(|(name, value)| match value {
            Value::String(text) => (name, text),
            Value::Null => (name, "none".to_owned()),
            other => (name, other.to_string()),
        })
    }

    /// How to draw the same inputs again.
    fn seed_again(&self) -> String {
        format!("The inputs were drawn with the seed {0}; --seed {0} draws them again.", self.seed)
    }

    /// Whether a check has something to hint at; one that waits for another has not.
    pub fn needs_hints(&self) -> bool {
        self.checks.iter().any(CheckReport::needs_hint)
    }

    /// Gives each check that is not passed the hint for where the learner is.
    pub fn add_hints(&mut self, hints: &Hints) {
        let mut begun = HashSet::new();
        for check in &mut self.checks {
            if check.needs_hint() {
                // Where a part of the task is done already, the first nudge would come too late.
                let level = usize::from(begun.contains(&check.task));
                let of_task = || hints.of(&check.task).map(|hints| hints[level].clone());
                check.hint = hints.checks.get(&check.id).cloned().or_else(of_task);
            }
            if check.status == Status::Passed {
                begun.insert(check.task.clone());
            }
        }
    }

    /// The compiler's errors.
    fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.level == "error")
    }

    /// The path of the learner's `lib.rs`, as they would type it in the course's folder.
    pub fn lib(&self) -> String {
        format!("{}/src/lib.rs", self.folder.replace('\\', "/"))
    }
}

impl<'a> TaskReport<'a> {
    /// What was earned.
    pub fn points(&self) -> u32 {
        self.checks.iter().map(|check| check.points).sum()
    }

    /// What it is worth.
    pub fn max_points(&self) -> u32 {
        self.checks.iter().map(|check| check.max_points).sum()
    }

    /// Whether all of its checks are passed.
    pub fn is_passed(&self) -> bool {
        self.checks.iter().all(|check| check.status == Status::Passed)
    }

    /// Where there is one, the further failures are mostly its consequences.
    pub fn first_failure(&self) -> Option<&'a CheckReport> {
        self.checks.iter().copied().find(|check| check.status.is_failure())
    }

    /// The first thing to correct, or else to write.
    fn first_open(&self) -> Option<&'a CheckReport> {
        self.first_failure().or(self.checks.iter().copied().find(|check| check.status != Status::Passed))
    }
}

impl CheckReport {
    fn needs_hint(&self) -> bool {
        !matches!(self.status, Status::Passed | Status::Skipped)
    }

    /// The hint, unless a recognised mistake says what to do already: a hint would only distract.
    fn advice(&self) -> Option<&str> {
        self.hint.as_deref().filter(|_| self.mistake.is_none())
    }

    /// The report on a check that came out like this; its hint comes with [`Report::add_hints`].
    pub fn new(exercise: &Exercise, check: &Planned, verdict: Verdict, duration_ms: u64) -> Self {
        let task = exercise.task(&check.task);
        let passed = verdict.status == Status::Passed;
        let place = verdict.place;
        Self {
            id: check.id.clone(),
            task: check.task.clone(),
            title: check.title.clone(),
            bonus: task.is_some_and(|task| task.bonus),
            points: if passed { check.points } else { 0 },
            max_points: check.points,
            status: verdict.status,
            message: verdict.message,
            mistake: verdict.mistake,
            input: verdict.input,
            expected: verdict.expected,
            observed: verdict.observed,
            diff: verdict.diff,
            hint: None,
            after: check.after.clone(),
            line: place.as_ref().map(|place| place.line),
            file: place.map(|place| place.file),
            output: shortened(&clean(&verdict.output)),
            duration_ms,
        }
    }

    fn clean(&mut self) {
        let Self {
            id,
            task,
            title,
            bonus: _,
            points: _,
            max_points: _,
            status: _,
            message,
            mistake,
            input,
            expected,
            observed,
            diff,
            hint,
            after,
            file,
            line: _,
            output,
            duration_ms: _,
        } = self;
        for text in [id, task, title].into_iter().chain(mistake).chain(after).chain(file) {
            fit(text, clean_line);
        }
        for text in [message, output].into_iter().chain(input).chain(expected).chain(observed).chain(diff).chain(hint) {
            fit(text, clean);
        }
    }
}

/// Makes `text` fit to be shown by `clean`, which may make it longer, and cuts it.
fn fit(text: &mut String, clean: fn(&str) -> String) {
    *text = clean(&beginning(text, MAX_TEXT_CHARS));
    if text.chars().count() > MAX_TEXT_CHARS {
        // A colour must not be cut in the middle.
        *text = beginning(&plain::without_colours(text), MAX_TEXT_CHARS).into_owned();
    }
}

/// The beginning of `text`, and how much was left out.
fn shortened(text: &str) -> String {
    let mut kept = String::new();
    for (number, line) in text.lines().enumerate() {
        let room = MAX_OUTPUT_CHARS.saturating_sub(kept.len());
        if number == MAX_OUTPUT_LINES || room == 0 {
            kept += &format!("… {} lines in all", text.lines().count());
            break;
        }
        if line.len() > room {
            kept.extend(line.chars().take(room));
            kept += "…\n";
        } else {
            kept += line;
            kept.push('\n');
        }
    }
    kept.trim_end().to_owned()
}

/// Tells of an error, and what a program that met it ends with: 2 where the command or course.toml is wrong, 3 where the
/// grader could not do its work.
#[must_use]
pub fn fail(error: &anyhow::Error) -> ExitCode {
    let text = clean(&format!("{error:#}"));
    anstream::eprintln!("{}error:{} {text}", style::ERROR, style::RESET);
    ExitCode::from(if error.is::<UsageError>() { 2 } else { 3 })
}

#[cfg(test)]
mod tests {
    use super::{
        sanitise::tests::{hides_something, holds_a_command},
        *,
    };

    #[test]
    fn a_recalled_report_is_the_same_in_all_formats_that_do_not_say_so() {
        for report in samples::all() {
            let formats = |report: &Report| {
                let one = std::slice::from_ref(report);
                let documents = [gradescope(one), exercism(report), check50(report)].map(Result::unwrap);
                (documents, junit(one), markdown(one), github(one))
            };
            let recalled = Report { unchanged: true, ..report.clone() };
            assert_eq!(formats(&report), formats(&recalled));
            assert_ne!(json(&report).unwrap(), json(&recalled).unwrap());
        }
    }

    #[test]
    fn every_status_is_named_as_it_is_written() {
        for check in &samples::report().checks {
            assert_eq!(serde_json::to_value(check.status).unwrap(), check.status.name());
        }
    }

    #[test]
    fn long_output_is_cut_and_says_so() {
        let many = "line\n".repeat(500);
        let cut = shortened(&many);
        assert_eq!(cut.lines().count(), MAX_OUTPUT_LINES + 1);
        assert!(cut.ends_with("… 500 lines in all"));
        assert!(shortened(&"x".repeat(100_000)).len() < 2 * MAX_OUTPUT_CHARS);
        assert_eq!(shortened("short"), "short");
    }

    /// How long the longest text of the report is.
    fn longest(value: &serde_json::Value) -> usize {
        match value {
            Value::String(text) => text.chars().count(),
            Value::Array(values) => values.iter().map(longest).max().unwrap_or(0),
            Value::Object(fields) => fields.values().map(longest).max().unwrap_or(0),
            _ => 0,
        }
    }

    #[test]
    fn no_text_is_longer_than_a_report_may_say() {
        for text in ["x", "é😀", "::\n", "##[", "\u{1b}[1m#\u{1b}[0m#[", "\u{1b}"] {
            let mut report = samples::with_text(&text.repeat(MAX_TEXT_CHARS));
            report.clean();
            assert_eq!(longest(&serde_json::to_value(&report).unwrap()), MAX_TEXT_CHARS, "{text:?}");
        }
    }

    proptest::proptest! {
        /// Fuzzing: whatever a submission says and is called, no form of the report holds a command or hides anything.
        #[test]
        fn no_text_of_a_report_acts_in_any_format(mut report in samples::hostile()) {
            report.clean();
            let one = std::slice::from_ref(&report);
            let mut wide = Terminal::of_width(100);
            wide.screen.links = true;
            let texts = [
                ("terminal", terminal(&report, &Terminal::of_width(40))),
                ("terminal with links", terminal(&report, &wide)),
                ("terminal of all", terminal_of_all(one, &wide)),
                ("watching", for_watching(&report, None, 40, 20)),
                ("json", json(&report).unwrap()),
                ("json of all", json_of_all(one).unwrap()),
                ("junit", junit(one)),
                ("markdown", markdown(one)),
                ("gradescope", gradescope(one).unwrap()),
                ("exercism", exercism(&report).unwrap()),
                ("check50", check50(&report).unwrap()),
                // Its lines are commands; what is in them must be none.
                ("github", github(one).lines().map(|line| line.split_at(2).1.to_owned() + "\n").collect()),
            ];
            for (format, text) in texts {
                proptest::prop_assert!(!holds_a_command(&text), "{}: {}", format, text);
                proptest::prop_assert!(!hides_something(&text), "{}: {:?}", format, text);
            }
            let mut again = report.clone();
            again.clean();
            proptest::prop_assert_eq!(serde_json::to_value(&again).unwrap(), serde_json::to_value(&report).unwrap());
        }
    }
}
