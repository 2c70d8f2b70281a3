//! `grader lesson`: an exercise's lesson, rendered for the terminal.

use std::{fs, io::Write, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use course::{Course, Exercise};
use report::screen::Screen;

use crate::markdown;

pub(crate) fn show(course: &Course, exercise: &Exercise) -> Result<ExitCode> {
    let screen = Screen::of_stdout();
    let lib = format!("exercises/{}/src/lib.rs", exercise.name);
    let next = format!("Next: edit [{lib}]({lib}).\\\nThen: `{} check {}`", course.grader(), exercise.number);
    let (lesson, folder) = read(course, exercise)?;
    let text = markdown::render(&lesson, &folder, screen) + "\n" + &markdown::render(&next, &course.root, screen);
    // A reader that has seen enough, such as `head`, is no fault.
    let _ = anstream::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// The Markdown of a lesson, and the folder that its links start from.
pub fn read(course: &Course, exercise: &Exercise) -> Result<(String, PathBuf)> {
    let folder = course.root.join("exercises").join(&exercise.name);
    let path = folder.join("README.md");
    let lesson = fs::read_to_string(&path).with_context(|| {
        format!("cannot read the lesson {}; `git checkout` brings it back if it is gone", path.display())
    })?;
    Ok((lesson, folder))
}
