//! One file per command.

mod check;
mod hint;
mod parallel;
mod plot;
mod verify;

use std::{
    env,
    path::{Path, absolute},
    process::ExitCode,
};

use anyhow::{Context, Result};

use crate::{
    bench::Submission,
    cli::{Cli, Command},
    course::{Course, Exercise, UsageError},
};

/// What a command found out, where it could do its work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    AllRight,
    NotRightYet,
}

impl Outcome {
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::AllRight => 0,
            Self::NotRightYet => 1,
        })
    }
}

pub(crate) fn run(cli: &Cli) -> Result<Outcome> {
    match &cli.command {
        Command::Check(args) => check::run(args),
        Command::Hint(args) => hint::run(args),
        Command::Plot(args) => plot::run(args),
        Command::Verify(args) => verify::run(args),
    }
}

/// The submission to `exercise` in `source`, or the reference solution, or what the learner has written so far.
fn submission(course: &Course, exercise: &Exercise, source: Option<&Path>, solution: bool) -> Result<Submission> {
    let submission = match source {
        Some(folder) => {
            Submission { folder: absolute(folder).with_context(|| format!("cannot find {}", folder.display()))? }
        }
        None if solution => Submission::solution(course, exercise),
        None => Submission::of_learner(course, exercise),
    };
    if !submission.lib().is_file() {
        let lib = submission.lib();
        return Err(
            UsageError(format!("there is no {}; a submission is a folder with src/lib.rs", lib.display())).into()
        );
    }
    Ok(submission)
}

/// The exercise that the current folder lies in, or the first one that is not complete.
fn current(course: &Course, mut is_complete: impl FnMut(&Exercise) -> Result<bool>) -> Result<&Exercise> {
    if let Some(here) = course.exercise_at(&env::current_dir()?) {
        return Ok(here);
    }
    let mut last = None;
    for exercise in &course.exercises {
        last = Some(exercise);
        if !is_complete(exercise)? {
            break;
        }
    }
    last.context("the course has no exercise")
}
