//! One file per command.

mod check;
mod hint;
mod lesson;
mod parallel;
mod verify;

use std::process::ExitCode;

use anyhow::Result;

use crate::cli::{Cli, Command};

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
        Command::Lesson(args) => lesson::run(args),
        Command::Verify(args) => verify::run(args),
    }
}
