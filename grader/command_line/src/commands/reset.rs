//! `grader reset`: back to the stub, and nothing is ever lost.

use anyhow::Result;

use super::Outcome;
use crate::cli::ResetArgs;
use course::{Course, Exercise, UsageError};
use learner::backups;

pub(crate) fn run(course: &Course, args: &ResetArgs) -> Result<Outcome> {
    let exercise = course.exercise(&args.exercise)?;
    let said = if args.undo { undo(course, exercise)? } else { backups::reset_and_tell(course, exercise)? };
    anstream::println!("{said}");
    Ok(Outcome::AllRight)
}

fn undo(course: &Course, exercise: &Exercise) -> Result<String> {
    let Some(undone) = backups::undo(course, exercise)? else {
        let said = format!("there is no other version of {} in backups: nothing was changed", exercise.name);
        return Err(UsageError(said).into());
    };
    let mut said = format!("exercises/{} is restored from\n{}", exercise.name, undone.from.display());
    if let Some(kept) = undone.kept {
        said += &format!("\nThe version before that is kept in\n{}", kept.display());
    }
    Ok(said)
}
