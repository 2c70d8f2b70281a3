//! `grader` tells a learner what is right, what is wrong, and which misunderstanding made it wrong.
//!
//! The modules read in the order in which data flows: `course` → `bench` → `judge` → `report` → `progress`.

mod backups;
mod bench;
mod cli;
mod clock;
mod commands;
mod course;
mod files;
mod gallery;
mod grade;
mod hostile;
mod judge;
mod learner;
mod markdown;
mod picture;
mod progress;
mod provenance;
mod report;
mod screen;
#[cfg(test)]
mod snapshots;
mod watch;

/// The checks and the pictures of every exercise, collected by `build.rs` from `hidden/*/checks.rs` and `pictures.rs`.
mod hidden {
    include!(concat!(env!("OUT_DIR"), "/hidden.rs"));
}

use std::process::ExitCode;

use clap::Parser;

use crate::{cli::Cli, course::UsageError};

fn main() -> ExitCode {
    if let Some(failure) = bench::become_confined() {
        return failure;
    }
    let cli = Cli::parse();
    match commands::run(&cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(error) => {
            let usage = error.downcast_ref::<UsageError>().is_some();
            let error = hostile::clean(&format!("{error:#}"));
            anstream::eprintln!("{}error:{} {error}", report::style::ERROR, report::style::RESET);
            // 2: the command or course.toml is wrong. 3: the grader could not do its work.
            ExitCode::from(if usage { 2 } else { 3 })
        }
    }
}
