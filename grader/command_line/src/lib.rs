//! `grader` tells a learner what is right, what is wrong, and which misunderstanding is behind it.
//!
//! It knows no exercise: a course is a folder with a `course.toml`, and what an exercise asks is compiled from its files.
//! This crate is its command line; the work is done in [`course`], [`runner`], [`report`] and [`learner`].

mod cli;
mod commands;
mod on_demand;

use std::process::ExitCode;

use clap::Parser;

use crate::cli::Cli;

/// Does what the command line asks for.
pub fn main() -> ExitCode {
    runner::program(|| commands::run(&Cli::parse()))
}
