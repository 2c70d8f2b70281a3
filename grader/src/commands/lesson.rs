//! `grader lesson`: an exercise's lesson, rendered for the terminal.

use std::{env, fs, io::Write};

use anyhow::{Context, Result};

use super::Outcome;
use crate::{
    cli::LessonArgs,
    course::{Course, Exercise},
    markdown,
    screen::Screen,
};

pub(crate) fn run(args: &LessonArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let exercise = match &args.exercise {
        Some(wanted) => course.exercise(wanted)?,
        None => current(&course)?,
    };
    let folder = course.root.join("exercises").join(&exercise.name);
    let path = folder.join("README.md");
    let lesson = fs::read_to_string(&path).with_context(|| {
        format!("cannot read the lesson {}; `git checkout` brings it back if it is gone", path.display())
    })?;
    let lib = format!("exercises/{}/src/lib.rs", exercise.name);
    let next = format!("Next: edit [{lib}]({lib}).\\\nThen: `cargo run -p grader -- check {}`", exercise.number);
    let screen = Screen::of_stdout();
    let text = markdown::render(&lesson, &folder, screen) + "\n" + &markdown::render(&next, &course.root, screen);
    // A reader that has seen enough, such as `head`, is no fault.
    let _ = anstream::stdout().write_all(text.as_bytes());
    Ok(Outcome::AllRight)
}

/// The exercise that the current folder lies in, or the first one.
fn current(course: &Course) -> Result<&Exercise> {
    let here = env::current_dir().context("cannot tell the current folder; change to one that exists")?;
    Ok(course.exercise_at(&here).unwrap_or(&course.exercises[0]))
}
