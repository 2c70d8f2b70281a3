//! One file per command.

mod check;
mod ci;
mod completions;
mod data;
pub(crate) mod hint;
pub(crate) mod lesson;
pub(crate) mod list;
mod parallel;
pub(crate) mod plot;
pub(crate) mod reset;
mod solution;
mod status_line;
mod verify;
mod watch;

use std::{
    path::{Path, absolute},
    process::ExitCode,
};

use anyhow::{Context, Result};

use crate::{
    bench::Submission,
    cli::{Cli, Command, DataCommand},
    course::{Course, Exercise, UsageError},
    learner,
    progress::Progress,
    report::style,
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
    let Some(command) = &cli.command else { return watch::run_bare() };
    match command {
        Command::Check(args) => check::run(args),
        Command::Ci(args) => ci::run(args),
        Command::Watch => watch::run(),
        Command::List(args) => list::run(args),
        Command::Hint(args) => hint::run(args),
        Command::Reset(args) => reset::run(args),
        Command::Solution(args) => solution::run(args),
        Command::Lesson(args) => lesson::run(args),
        Command::Plot(args) => plot::run(args),
        Command::Verify(args) => verify::run(args),
        Command::Data(DataCommand::Fetch(args)) => data::fetch(args),
        Command::Completions(args) => completions::run(args),
    }
}

/// The exercise that `wanted` means, or the current one; a word about the progress file goes to standard error.
fn exercise_or_current<'a>(course: &'a Course, wanted: Option<&str>) -> Result<&'a Exercise> {
    match wanted {
        Some(wanted) => course.exercise(wanted),
        None => learner::current(course, &read_progress(course)),
    }
}

/// The learner's progress; a word about it goes to standard error if the file cannot be used.
fn read_progress(course: &Course) -> Progress {
    let (progress, notice) = Progress::read(course);
    if let Some(notice) = notice {
        warn(&notice);
    }
    progress
}

/// Tells of something that did not keep the command from its work.
fn warn(what: &str) {
    anstream::eprintln!("{}note:{} {what}", style::OPEN, style::RESET);
}

/// The submission to `exercise` in `source`, or the reference solution, or what the learner has written so far.
fn submission(course: &Course, exercise: &Exercise, source: Option<&Path>, solution: bool) -> Result<Submission> {
    let submission = match source {
        Some(folder) => {
            let folder = absolute(folder).with_context(|| format!("cannot find {}", folder.display()))?;
            Submission { folder, gated: true }
        }
        None if solution => Submission::solution(course, exercise),
        None => Submission::of_learner(course, exercise),
    };
    let lib = submission.lib();
    if lib.symlink_metadata().is_err() {
        return Err(
            UsageError(format!("there is no {}; a submission is a folder with src/lib.rs", lib.display())).into()
        );
    }
    Ok(submission)
}
