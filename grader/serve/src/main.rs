//! `grader serve`: an exercise's lesson, the verdict on what was saved last, and pictures that can be varied, on a page of the
//! browser that stands beside the editor. Nothing leaves the machine.
//!
//! `grader` compiles this program when it is first asked for, and starts it as `serve COURSE EXERCISE PORT open|- [FOLDER]`.

mod bench;
mod page;
mod server;

use std::{env, path::PathBuf, process::ExitCode};

use anyhow::{Context, Result};
use course::Course;

fn main() -> ExitCode {
    runner::program(|| run().map(|()| ExitCode::SUCCESS))
}

fn run() -> Result<()> {
    let mut arguments = env::args_os().skip(1);
    let mut next = || arguments.next().context("this program is started by `grader serve`");
    let course = Course::find(Some(&PathBuf::from(next()?)))?;
    let exercise = course.exercise(&next()?.to_string_lossy())?.name.clone();
    let port = next()?.to_string_lossy().parse().context("a port is a number from 0 to 65535")?;
    let opens = next()? == "open";
    let folder = next().ok().map(PathBuf::from);
    server::run(course, &exercise, port, opens, folder)
}
