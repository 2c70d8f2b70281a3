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
    let Given { mut all, count, .. } = given(course, exercise, task)?;
    let total = all.len();
    let level = count.min(total - 1);
    let noted = Progress::update(course, |progress| {
        progress.entry_mut(exercise).hints.insert(task.name.clone(), level + 1);
    });
    Ok(Hint {
        heading: heading(&task.name, level, total),
        text: all.swap_remove(level),
        left: total - level - 1,
        warning: noted.err().map(|error| format!("this hint will come again: {error:#}")),
    })
}

/// The hints for a task, of which some were given.
pub struct Given {
    all: Vec<String>,
    count: usize,
    task: String,
}

/// The hints for `task` that were given already.
///
/// # Errors
///
/// If the exercise's hints cannot be read.
pub fn given(course: &Course, exercise: &Exercise, task: &Task) -> Result<Given> {
    let hints = course.hints(exercise)?;
    let all = hints.of(&task.name).context("every task has hints")?.to_vec();
    let count = Progress::read(course).0.entry(exercise).hints.get(&task.name).copied().unwrap_or(0).min(all.len());
    Ok(Given { all, count, task: task.name.clone() })
}

impl Given {
    /// How many were given.
    pub fn count(&self) -> usize {
        self.count
    }

    /// How many are left.
    pub fn left(&self) -> usize {
        self.all.len() - self.count
    }

    /// Heading and text of those that were given, the latest first.
    pub fn latest_first(&self) -> impl Iterator<Item = (String, &str)> {
        let total = self.all.len();
        (0..self.count).rev().map(move |level| (heading(&self.task, level, total), self.all[level].as_str()))
    }
}

fn heading(task: &str, level: usize, total: usize) -> String {
    format!("{task} · hint {} of {total}", level + 1)
}
