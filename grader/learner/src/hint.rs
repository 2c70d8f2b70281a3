//! Hints: one at a time, from a nudge to nearly the answer.

use anyhow::{Context, Result};
use course::{Course, Exercise, Task};
use report::Report;
use wire::judge::Status;

use crate::Progress;

/// Bonus tasks stand last in the syllabus, so they come last here too.
pub fn first_unsolved<'a>(exercise: &'a Exercise, report: &Report) -> Option<&'a Task> {
    let open =
        |task: &&Task| report.checks.iter().any(|check| check.task == task.name && check.status != Status::Passed);
    exercise.tasks.iter().find(open)
}

/// A hint, and what to say with it.
pub struct Hint {
    /// `forward · hint 2 of 3`.
    pub heading: String,
    /// The hint itself.
    pub text: String,
    /// How many are left.
    pub left: usize,
    /// Why it could not be noted down that it was given.
    pub warning: Option<String>,
}

/// The next hint for `task`, or the last one again.
///
/// # Errors
///
/// If the exercise's hints cannot be read.
pub fn next(course: &Course, exercise: &Exercise, task: &Task) -> Result<Hint> {
    let hints = course.hints(exercise)?;
    let hints = hints.of(&task.name).context("every task has hints")?;
    let given = |progress: &Progress| progress.entry(exercise).hints.get(&task.name).copied().unwrap_or(0);
    let total = hints.len();
    let level = given(&Progress::read(course).0).min(total - 1);
    let noted = Progress::update(course, |progress| {
        progress.entry_mut(exercise).hints.insert(task.name.clone(), level + 1);
    });
    Ok(Hint {
        heading: format!("{} · hint {} of {total}", task.name, level + 1),
        text: hints[level].clone(),
        left: total - level - 1,
        warning: noted.err().map(|error| format!("this hint will come again: {error:#}")),
    })
}
