//! `grader reset`: back to the stub, and nothing is ever lost.

use anyhow::Result;

use super::Outcome;
use crate::{
    backups::{self, Reset},
    cli::ResetArgs,
    course::{Course, Exercise},
};

pub(crate) fn run(args: &ResetArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let exercise = course.exercise(&args.exercise)?;
    let said = if args.undo { undo(&course, exercise)? } else { reset(&course, exercise)? };
    anstream::println!("{said}");
    Ok(Outcome::AllRight)
}

/// Resets `exercise`, and says what became of the learner's version.
pub(crate) fn reset(course: &Course, exercise: &Exercise) -> Result<String> {
    let lib = format!("exercises/{}/src/lib.rs", exercise.name);
    Ok(match backups::reset(course, exercise)? {
        Reset::IsTheStub => format!("{lib} is the stub already."),
        Reset::WasGone => format!("{lib} was gone; it is the stub again."),
        Reset::Kept(backup) => format!(
            "{lib} is the stub again. Your version is kept in\n{}\n`cargo run -p grader -- reset {} --undo` brings it back.",
            backup.display(),
            exercise.number
        ),
    })
}

fn undo(course: &Course, exercise: &Exercise) -> Result<String> {
    let Some(undone) = backups::undo(course, exercise)? else {
        return Ok(format!("There is no backup of {}: it was never reset.", exercise.name));
    };
    let mut said = format!("exercises/{} is what it was in\n{}", exercise.name, undone.from.display());
    if let Some(kept) = undone.kept {
        said += &format!("\nWhat stood there is kept in\n{}", kept.display());
    }
    Ok(said)
}
