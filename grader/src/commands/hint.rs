//! `grader hint`: one hint at a time, for the first task that is not solved.

use std::{collections::BTreeMap, fs};

use anyhow::Result;

use super::Outcome;
use crate::{
    bench::{Kit, Sandbox, Slot, Submission, work_folder},
    cli::{DEFAULT_SEED, HintArgs, SandboxMode},
    course::Course,
    files,
    grade::grade,
    judge::Status,
    report::{
        Terminal,
        style::{BOLD, paint},
    },
};

pub(crate) fn run(args: &HintArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let exercise = course.exercise(&args.exercise)?;
    let kit = Kit::open(&course, exercise)?;
    let work = work_folder(&course)?;
    let slot = Slot::take(&work, &exercise.name, Sandbox::choose(SandboxMode::Auto)?)?;
    let submission = Submission::of_learner(&course, exercise);
    let report = grade(&course, exercise, &submission, &kit, &slot, DEFAULT_SEED)?;
    if !report.compiled {
        anstream::println!(
            "The code does not compile yet: cargo run -p grader -- check {} shows why.",
            exercise.number
        );
        return Ok(Outcome::NotRightYet);
    }
    // Bonus tasks stand last in the syllabus, so they come last here too.
    let Some(task) = exercise
        .tasks
        .iter()
        .find(|task| report.checks.iter().any(|check| check.task == task.name && check.status != Status::Passed))
    else {
        anstream::println!("Everything in {} is solved: there is nothing left to hint at.", exercise.name);
        return Ok(Outcome::AllRight);
    };

    // How many hints have been given for each task; to lose this file costs nothing but a repeated hint.
    let path = work.join("hints.json");
    let mut given: BTreeMap<String, usize> =
        fs::read(&path).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
    let count = given.entry(format!("{}/{}", exercise.name, task.name)).or_default();
    let level = (*count).min(task.hints.len() - 1);
    *count = level + 1;
    files::write_atomically(&path, &serde_json::to_vec(&given)?)?;

    let left = task.hints.len() - level - 1;
    anstream::println!("{}", paint(BOLD, format!("{} · hint {} of {}", task.name, level + 1, task.hints.len())));
    anstream::println!("{}", textwrap::fill(&task.hints[level], Terminal::of_stdout(None).width));
    if left > 0 {
        anstream::println!("{left} more: the same command again.");
    }
    Ok(Outcome::NotRightYet)
}
