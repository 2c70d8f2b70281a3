//! `grader` tells a learner what is right, what is wrong, and which misunderstanding is behind it.
//!
//! It knows no exercise: a course is a folder with a `course.toml`, and what an exercise asks is compiled from its files.
//! This crate is the command line; the work is done in [`course`], [`runner`], [`report`] and [`learner`].

mod cli;
mod commands;
mod on_demand;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

/// Does what the command line asks for.
///
/// A sandboxed process is this program again: it confines itself first, and then becomes another.
pub fn main() -> ExitCode {
    if let Some(failure) = runner::become_confined() {
        return failure;
    }
    match commands::run(&Cli::parse()) {
        Ok(code) => code,
        Err(error) => report::fail(&error),
    }
}
