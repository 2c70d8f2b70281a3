//! What `grader` shows in a view of its own: the full-screen view, lessons in the terminal, pictures, and the map.
//!
//! `grader` compiles this program when it is first asked for such a thing, so that `check` need not wait for it, and
//! starts it as `view COURSE WHAT …`. All decisions are made by the crates below; this one draws.

pub mod figures;
pub mod lesson;
pub mod map;
mod markdown;
pub mod picture;
pub mod plot;
pub mod questions;
mod quiz;
pub mod watch;

use std::{ffi::OsString, io::Write, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result, bail};
use course::Course;

/// What the program `view` does.
///
/// # Errors
///
/// If what its arguments name cannot be shown.
pub fn run(mut arguments: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let mut next =
        || arguments.next().context("this program is started by `grader watch`, `lesson`, `plot`, `quiz` and `map`");
    let course = Course::find(Some(&PathBuf::from(next()?)))?;
    let what = next()?;
    if what == "watch" {
        let first = arguments.next();
        watch::watch(course, first.as_ref().map(|name| name.to_string_lossy()).as_deref())?;
        return Ok(ExitCode::SUCCESS);
    }
    if what == "quiz" {
        return quiz::run(&course, arguments);
    }
    if what == "map" {
        return map::show(&course, arguments.next().map(PathBuf::from));
    }
    let name = next()?;
    let exercise = course.exercise(&name.to_string_lossy())?;
    match what.to_str() {
        Some("lesson") => lesson::show(&course, exercise),
        Some("figures") => figures::show(&course, exercise),
        Some("plot") => plot::show(&course, exercise, PathBuf::from(next()?)),
        _ => bail!("there is nothing to show called {}", what.display()),
    }
}

/// Prints a line. A reader that has seen enough, such as `head`, is no fault.
fn print(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}
