//! `grader watch`: grade on every save.

use std::{
    env,
    io::{self, IsTerminal},
};

use anyhow::Result;
use clap::CommandFactory;

use super::Outcome;
use crate::{
    cli::Cli,
    course::{Course, UsageError},
    watch::watch,
};

pub(crate) fn run() -> Result<Outcome> {
    if !in_a_terminal() {
        let complaint = "`watch` needs a terminal to show itself in; `check` needs none".to_owned();
        return Err(UsageError(complaint).into());
    }
    watch(Course::find()?)?;
    Ok(Outcome::AllRight)
}

/// What `grader` without a command does: watch in a terminal, and say elsewhere what commands there are.
pub(super) fn run_bare() -> Result<Outcome> {
    if in_a_terminal() {
        return run();
    }
    Err(UsageError(format!(
        "a command is missing, and there is no terminal to watch in\n\n{}",
        Cli::command().render_help()
    ))
    .into())
}

fn in_a_terminal() -> bool {
    let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}
