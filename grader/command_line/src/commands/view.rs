//! What is shown in a view of its own, by programs that are compiled when they are first asked for: watching, lessons,
//! pictures, the map, the page beside the editor, and the book.

use std::{
    env,
    ffi::OsString,
    io::{self, IsTerminal},
    path::absolute,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::CommandFactory;
use course::{Course, UsageError};

use super::{exercise_or_current, submission};
use crate::{
    cli::{BookArgs, Cli, LessonArgs, MapArgs, PlotArgs, ServeArgs},
    on_demand,
};

/// Grades on every save, in a full-screen view.
pub(super) fn watch(course: &Course, exercise: Option<&str>) -> Result<ExitCode> {
    if !in_a_terminal() {
        let complaint = "`watch` needs a terminal; `check` works without one".to_owned();
        return Err(UsageError(complaint).into());
    }
    let exercise = exercise.map(|wanted| course.exercise(wanted)).transpose()?;
    show(course, "watch", exercise.map(|exercise| exercise.name.clone().into()))
}

/// What `grader` without a command does: watch in a terminal, and say elsewhere what commands there are.
pub(super) fn watch_or_help(course: &Course) -> Result<ExitCode> {
    if in_a_terminal() {
        return watch(course, None);
    }
    Err(UsageError(format!(
        "a command is missing, and there is no terminal to watch in\n\n{}",
        Cli::command().render_help()
    ))
    .into())
}

/// Shows the lesson of an exercise.
pub(super) fn lesson(course: &Course, args: &LessonArgs) -> Result<ExitCode> {
    let exercise = exercise_or_current(course, args.exercise.as_deref())?;
    show(course, "lesson", [exercise.name.clone().into()])
}

/// Asks questions; `arguments` are what the view's `quiz` takes.
pub(super) fn quiz(course: &Course, arguments: Vec<OsString>) -> Result<ExitCode> {
    show(course, "quiz", arguments)
}

/// Draws what a submission computes.
pub(super) fn plot(course: &Course, args: &PlotArgs) -> Result<ExitCode> {
    let exercise = exercise_or_current(course, args.exercise.as_deref())?;
    if args.figures {
        return show(course, "figures", [exercise.name.clone().into()]);
    }
    let submission = submission(course, exercise, args.source.as_deref(), args.solution)?;
    show(course, "plot", [exercise.name.clone().into(), submission.folder.into()])
}

/// Draws which exercise builds on which.
pub(super) fn map(course: &Course, args: &MapArgs) -> Result<ExitCode> {
    show(course, "map", args.output.clone().map(OsString::from))
}

/// Serves an exercise as a page.
pub(super) fn serve(course: &Course, args: &ServeArgs) -> Result<ExitCode> {
    let exercise = exercise_or_current(course, args.exercise.as_deref())?;
    let sources = [&SOURCES[..], &["grader/serve"]].concat();
    let program = on_demand::program(course, "serve", "the page", &sources)?;
    let opens = if args.no_open { "-" } else { "open" };
    let mut arguments = vec![course.root.clone().into_os_string(), exercise.name.clone().into()];
    arguments.extend([args.port.to_string().into(), opens.into()]);
    if args.source.is_some() || args.solution {
        arguments.push(submission(course, exercise, args.source.as_deref(), args.solution)?.folder.into());
    }
    on_demand::become_program(&program, arguments)
}

/// Makes the book.
pub(super) fn book(course: &Course, args: &BookArgs) -> Result<ExitCode> {
    let folder = match &args.to {
        Some(folder) => absolute(folder).with_context(|| format!("there is no way to {}", folder.display()))?,
        None => course.work_folder()?.join("book"),
    };
    let sources = [&SOURCES[..], &["grader/book"]].concat();
    let program = on_demand::program(course, "book", "the book", &sources)?;
    let repository = args.repository.clone().unwrap_or_else(|| "-".to_owned());
    let frames = if args.no_pictures { "-" } else { "frames" };
    on_demand::become_program(&program, [course.root.clone().into(), folder.into(), repository.into(), frames.into()])
}

/// What the view is made of.
const SOURCES: [&str; 7] = [
    "grader/course/src",
    "grader/judge/src",
    "grader/learner/src",
    "grader/report/src",
    "grader/runner/src",
    "grader/view",
    "grader/wire/src",
];

fn show(course: &Course, what: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode> {
    let view = on_demand::program(course, "view", "the view", &SOURCES)?;
    let course = course.root.clone().into_os_string();
    on_demand::become_program(&view, [course, what.into()].into_iter().chain(arguments))
}

fn in_a_terminal() -> bool {
    let is_dumb = env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    io::stdin().is_terminal() && io::stdout().is_terminal() && !is_dumb
}
