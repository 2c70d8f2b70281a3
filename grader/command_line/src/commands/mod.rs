//! One file per command.

mod check;
mod ci;
mod class;
mod completions;
mod data;
mod hint;
mod list;
mod new;
mod parallel;
mod quiz;
mod reset;
mod solution;
mod verify;
mod view;

pub(crate) use verify::Shard;

use std::{
    path::{Path, absolute},
    process::ExitCode,
};

use anyhow::{Context, Result};

use crate::cli::{Cli, Command, DataCommand};
use course::{Course, Exercise, UsageError};
use learner::Progress;
use report::{sanitise::clean, style};
use runner::{Submission, hand_in};

/// What a command found out, where it could do its work.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Full marks, or the command does not grade, and did what it was asked for.
    AllRight,
    /// What was graded is not right yet.
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

pub(crate) fn run(cli: &Cli) -> Result<ExitCode> {
    if let Some(Command::Completions(args)) = &cli.command {
        // Outside a course there are no exercises to complete.
        let course = Course::find(cli.course.as_deref()).ok();
        return completions::run(course.as_ref(), args).map(Outcome::exit_code);
    }
    let course = Course::find(cli.course.as_deref())?;
    let outcome = match &cli.command {
        None => return view::watch_or_help(&course),
        Some(Command::Watch(args)) => return view::watch(&course, args.exercise.as_deref()),
        Some(Command::Quiz(args)) => return quiz::run(&course, args),
        Some(Command::Lesson(args)) => return view::lesson(&course, args),
        Some(Command::Plot(args)) => return view::plot(&course, args),
        Some(Command::Serve(args)) => return view::serve(&course, args),
        Some(Command::Book(args)) => return view::book(&course, args),
        Some(Command::Map(args)) => return view::map(&course, args),
        Some(Command::Class(args)) => return class::run(&course, args),
        Some(Command::Check(args)) => check::run(&course, args),
        Some(Command::Ci(args)) => ci::run(&course, args),
        Some(Command::List(args)) => list::run(&course, args),
        Some(Command::Hint(args)) => hint::run(&course, args),
        Some(Command::Reset(args)) => reset::run(&course, args),
        Some(Command::Solution(args)) => solution::run(&course, args),
        Some(Command::New(args)) => new::run(&course, args),
        Some(Command::Verify(args)) => verify::run(&course, args),
        Some(Command::Data(DataCommand::Fetch(args))) => data::fetch(&course, args),
        Some(Command::Completions(_)) => unreachable!("they need no course"),
    };
    outcome.map(Outcome::exit_code)
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
    anstream::eprintln!("{}note:{} {}", style::OPEN, style::RESET, clean(what));
}

/// The submission to `exercise` in `source`, or the reference solution, or what the learner has written so far.
fn submission(course: &Course, exercise: &Exercise, source: Option<&Path>, solution: bool) -> Result<Submission> {
    let submission = match source {
        Some(source) => {
            let source = absolute(source).with_context(|| format!("cannot find {}", source.display()))?;
            let (folder, is_found) = hand_in::find(course, exercise, &source)?;
            let submission = Submission::new(folder);
            if is_found {
                warn(&format!("the submission is {}", submission.lib().display()));
            }
            submission
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
