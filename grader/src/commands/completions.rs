//! `grader completions`: a script that teaches a shell to complete the grader's commands.

use std::io::{self, Write};

use anyhow::Result;
use clap::CommandFactory;

use super::Outcome;
use crate::cli::{Cli, CompletionsArgs};

pub(crate) fn run(args: &CompletionsArgs) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "grader", &mut script);
    // A reader that has seen enough, such as `head`, is no fault.
    let _ = io::stdout().write_all(&script);
    Ok(Outcome::AllRight)
}
