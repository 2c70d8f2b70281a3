//! `grader quiz`: questions about an exercise, which are worth no points.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use course::{Course, Exercise, UsageError};
use learner::quiz::{Answers, class};
use report::{
    ExerciseStatus, FirstAnswer, SCHEMA_VERSION, counted,
    screen::Screen,
    style::{BOLD, DIM, paint},
};
use runner::Submission;
use serde::{Deserialize, Serialize};

use super::{exercise_or_current, read_progress, view};
use crate::cli::{Format, QuizArgs};

pub(crate) fn run(course: &Course, args: &QuizArgs) -> Result<ExitCode> {
    if !args.class.is_empty() {
        return tell_of_class(course, &args.class, args.format);
    }
    // What is asked, and what may have something that comes again before it.
    let (exercises, others) = match (&args.exercise, &args.topic) {
        (Some(wanted), _) => (vec![course.exercise(wanted)?], Vec::new()),
        (None, Some(_)) => (begun(course)?, Vec::new()),
        (None, None) => {
            let current = exercise_or_current(course, None)?;
            let mut others = begun(course)?;
            others.retain(|exercise| exercise.name != current.name);
            (vec![current], others)
        }
    };
    if exercises.is_empty() {
        let complaint =
            format!("you have not started an exercise yet; `{} quiz 1` asks about the first", course.grader());
        return Err(UsageError(complaint).into());
    }
    if args.exercise.is_some() && course.quiz(exercises[0])?.is_empty() {
        return Err(UsageError(format!("{} has no questions", exercises[0].name)).into());
    }
    let format = if args.format == Format::Json { "json" } else { "terminal" };
    let which = if args.again { "all" } else { "open" };
    let mut arguments: Vec<OsString> = vec![format.into(), which.into()];
    arguments.push(args.topic.clone().unwrap_or_default().into());
    let names = |exercises: &[&Exercise]| exercises.iter().map(|exercise| exercise.name.clone().into()).collect();
    let (asked, others): (Vec<OsString>, Vec<OsString>) = (names(&exercises), names(&others));
    arguments.extend(asked.into_iter().chain(["--".into()]).chain(others));
    view::quiz(course, arguments)
}

/// The exercises that the learner has written something in, or answered a question of.
fn begun(course: &Course) -> Result<Vec<&Exercise>> {
    let progress = read_progress(course);
    let mut begun = Vec::new();
    for exercise in &course.exercises {
        let is_written = progress.entry(exercise).status() != ExerciseStatus::NotStarted;
        if is_written || !Answers::read(&Submission::of_learner(course, exercise).folder)?.is_empty() {
            begun.push(exercise);
        }
    }
    Ok(begun)
}

/// A report, as far as it tells of questions.
#[derive(Deserialize)]
struct Graded {
    exercise: String,
    #[serde(default)]
    answers: Vec<FirstAnswer>,
}

/// What `--format json` writes: one report, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    All { exercises: Vec<Graded> },
    One(Graded),
}

#[derive(Serialize)]
struct OfClass<'a> {
    schema_version: u32,
    learners: usize,
    questions: &'a [class::QuestionOfClass],
}

fn tell_of_class(course: &Course, reports: &[PathBuf], format: Format) -> Result<ExitCode> {
    let mut learners = Vec::new();
    for path in files_of(reports)? {
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let file: File = serde_json::from_str(&text).map_err(|error| {
            UsageError(format!(
                "{}: this is no report of `{} ci --format json`: {error}",
                path.display(),
                course.grader()
            ))
        })?;
        let graded = match file {
            File::All { exercises } => exercises,
            File::One(graded) => vec![graded],
        };
        let learner: BTreeMap<String, Vec<FirstAnswer>> =
            graded.into_iter().map(|graded| (graded.exercise, graded.answers)).collect();
        learners.push(learner);
    }
    let questions = class::questions(&learners);
    if format == Format::Json {
        let all = OfClass { schema_version: SCHEMA_VERSION, learners: learners.len(), questions: &questions };
        anstream::println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(ExitCode::SUCCESS);
    }
    let width = Screen::of_stdout().width;
    let mut of = "";
    for question in &questions {
        if question.exercise != of {
            of = &question.exercise;
            anstream::println!("{}", paint(BOLD, of));
        }
        let tells = match question.discrimination {
            Some(r) => format!("tells strong from weak {r:+.2}"),
            None => "too few to tell strong from weak".to_owned(),
        };
        let right = 100.0 * question.right;
        let line = format!("{:<28} {right:>3.0} % right of {}, {tells}", question.question, question.answers);
        anstream::println!("{}", textwrap::fill(&line, textwrap::Options::new(width).subsequent_indent("    ")));
        if let Some((given, count)) = question.wrong.first() {
            let line = format!("most frequent wrong answer ({count}): {given}");
            let indented = textwrap::Options::new(width).initial_indent("    ").subsequent_indent("    ");
            anstream::println!("{}", paint(DIM, textwrap::fill(&line, indented)));
        }
    }
    anstream::println!(
        "{}",
        textwrap::fill(
            &format!(
                "\n{}, {} with answers. First answers count. “Tells strong from weak” is the point-biserial \
             correlation with the answers to all other questions: below 0.2 a question says little, below 0 look at it.",
                counted(learners.len(), "learner"),
                counted(questions.len(), "question")
            ),
            width
        )
    );
    Ok(ExitCode::SUCCESS)
}

/// The files themselves, and the `.json` files of folders.
fn files_of(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let is_report = |path: &Path| path.extension().is_some_and(|extension| extension == "json");
            let mut below = course::files::files_below(path)?;
            below.retain(|path| is_report(path));
            if below.is_empty() {
                return Err(UsageError(format!("there is no report (*.json) in {}", path.display())).into());
            }
            files.append(&mut below);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}
