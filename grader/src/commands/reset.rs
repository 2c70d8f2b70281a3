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
    let (said, outcome) =
        if args.undo { undo(&course, exercise)? } else { (reset(&course, exercise)?, Outcome::AllRight) };
    anstream::println!("{said}");
    Ok(outcome)
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

fn undo(course: &Course, exercise: &Exercise) -> Result<(String, Outcome)> {
    let Some(undone) = backups::undo(course, exercise)? else {
        let said = format!("There is no other version of {} in backups: nothing was changed.", exercise.name);
        return Ok((said, Outcome::NotRightYet));
    };
    let mut said = format!("exercises/{} is what it was in\n{}", exercise.name, undone.from.display());
    if let Some(kept) = undone.kept {
        said += &format!("\nWhat stood there is kept in\n{}", kept.display());
    }
    Ok((said, Outcome::AllRight))
}
