//! `grader class`: a whole class, by a program that is compiled when it is first asked for.

use std::process::ExitCode;

use anyhow::Result;
use course::Course;

use crate::{cli::ClassArgs, on_demand};

/// What the program is made of.
const SOURCES: [&str; 5] =
    ["grader/class", "grader/course/src", "grader/report/src", "grader/runner/src", "grader/wire/src"];

pub(super) fn run(course: &Course, args: &ClassArgs) -> Result<ExitCode> {
    let class = on_demand::program(course, "class", "what grades a class", &SOURCES)?;
    let course = course.root.clone().into_os_string();
    on_demand::become_program(&class, [course].into_iter().chain(args.arguments.iter().cloned()))
}
