//! `grader hint`: one hint at a time, for the first task that is not solved.

use anyhow::Result;

use super::{Outcome, exercise_or_current, status_line::StatusLine, warn};
use crate::{
    bench::{Kit, Sandbox},
    cli::{DEFAULT_SEED, HintArgs, SandboxMode},
    course::{Course, Exercise, Task, UsageError},
    judge::Status,
    learner::{self, Checking},
    progress::Progress,
    report::{
        Report,
        style::{BOLD, paint},
    },
    screen::Screen,
};

pub(crate) fn run(args: &HintArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let exercise = exercise_or_current(&course, args.exercise.as_deref())?;
    let task = match &args.task {
        Some(name) => exercise.task(name).ok_or_else(|| {
            let names: Vec<&str> = exercise.tasks.iter().map(|task| task.name.as_str()).collect();
            UsageError(format!("{} has no task `{name}`; its tasks are {}", exercise.name, names.join(", ")))
        })?,
        None => {
            let report = check(&course, exercise)?;
            if !report.compiled {
                anstream::println!(
                    "The code does not compile yet: cargo run -p grader -- check {} shows why.",
                    exercise.number
                );
                return Ok(Outcome::NotRightYet);
            }
            let Some(task) = first_unsolved(exercise, &report) else {
                anstream::println!("Everything in {} is solved: there is nothing left to hint at.", exercise.name);
                return Ok(Outcome::AllRight);
            };
            task
        }
    };
    let hint = next(&course, exercise, task);
    let width = Screen::of_stdout().width;
    anstream::println!("{}", paint(BOLD, hint.heading));
    anstream::println!("{}", textwrap::fill(hint.text, width));
    let left = match hint.left {
        0 => {
            format!("That was the last one. `cargo run -p grader -- solution {}` shows the reference.", exercise.number)
        }
        left => format!("{left} more: the same command again."),
    };
    anstream::println!("{}", textwrap::fill(&left, width));
    if let Some(warning) = hint.warning {
        warn(&warning);
    }
    Ok(Outcome::NotRightYet)
}

fn check(course: &Course, exercise: &Exercise) -> Result<Report> {
    let kit = Kit::open(course, exercise)?;
    let line = StatusLine::new();
    let how =
        Checking { seed: DEFAULT_SEED, sandbox: Sandbox::choose(SandboxMode::Auto)?, again: false, observer: &line };
    Ok(learner::check(course, exercise, &kit, &how)?.report)
}

/// Bonus tasks stand last in the syllabus, so they come last here too.
pub(crate) fn first_unsolved<'a>(exercise: &'a Exercise, report: &Report) -> Option<&'a Task> {
    let open =
        |task: &&Task| report.checks.iter().any(|check| check.task == task.name && check.status != Status::Passed);
    exercise.tasks.iter().find(open)
}

/// A hint, and what to say with it.
pub(crate) struct Hint<'a> {
    /// `forward · hint 2 of 3`.
    pub(crate) heading: String,
    pub(crate) text: &'a str,
    /// How many are left.
    pub(crate) left: usize,
    /// Why it could not be noted down that it was given.
    pub(crate) warning: Option<String>,
}

/// The next hint for `task`, or the last one again.
pub(crate) fn next<'a>(course: &Course, exercise: &Exercise, task: &'a Task) -> Hint<'a> {
    let given = |progress: &Progress| progress.entry(exercise).hints.get(&task.name).copied().unwrap_or(0);
    let total = task.hints.len();
    let level = given(&Progress::read(course).0).min(total - 1);
    let noted = Progress::update(course, |progress| {
        progress.entry_mut(exercise).hints.insert(task.name.clone(), level + 1);
    });
    Hint {
        heading: format!("{} · hint {} of {total}", task.name, level + 1),
        text: &task.hints[level],
        left: total - level - 1,
        warning: noted.err().map(|error| format!("this hint will come again: {error:#}")),
    }
}
