//! `grader hint`: one hint at a time, for the first task that is not solved.

use anyhow::Result;

use super::{Outcome, exercise_or_current, warn};
use crate::cli::HintArgs;
use course::{Course, Exercise, UsageError};
use learner::{
    Checking,
    hint::{first_unsolved, next},
};
use report::{
    Report,
    screen::Screen,
    style::{BOLD, paint},
};
use runner::{Kit, Options, Sandbox, SandboxMode, StatusLine};

pub(crate) fn run(course: &Course, args: &HintArgs) -> Result<Outcome> {
    let exercise = exercise_or_current(course, args.exercise.as_deref())?;
    let task = match &args.task {
        Some(name) => exercise.task(name).ok_or_else(|| {
            let names: Vec<&str> = exercise.tasks.iter().map(|task| task.name.as_str()).collect();
            UsageError(format!("{} has no task `{name}`; its tasks are {}", exercise.name, names.join(", ")))
        })?,
        None => {
            let report = check(course, exercise)?;
            if !report.compiled {
                anstream::println!(
                    "The code does not compile yet: {} check {} shows why.",
                    course.grader(),
                    exercise.number
                );
                return Ok(Outcome::AllRight);
            }
            let Some(task) = first_unsolved(exercise, &report) else {
                anstream::println!("Everything in {} is solved: there is nothing left to hint at.", exercise.name);
                return Ok(Outcome::AllRight);
            };
            task
        }
    };
    let hint = next(course, exercise, task)?;
    let width = Screen::of_stdout().width;
    anstream::println!("{}", paint(BOLD, hint.heading));
    anstream::println!("{}", textwrap::fill(&hint.text, width));
    let left = match hint.left {
        0 => {
            format!("That was the last one. `{} solution {}` shows the reference.", course.grader(), exercise.number)
        }
        left => format!("{left} more: the same command again."),
    };
    anstream::println!("{}", textwrap::fill(&left, width));
    if let Some(warning) = hint.warning {
        warn(&warning);
    }
    Ok(Outcome::AllRight)
}

fn check(course: &Course, exercise: &Exercise) -> Result<Report> {
    let kit = Kit::open(course, exercise)?;
    let line = StatusLine::new();
    let how = Checking {
        options: Options::default(),
        sandbox: Sandbox::choose(SandboxMode::Auto)?,
        again: false,
        observer: &line,
    };
    Ok(learner::check(course, exercise, &kit, &how)?.report)
}
