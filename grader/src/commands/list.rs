//! `grader list`: the syllabus, and how far the learner has come.

use anyhow::Result;
use serde::Serialize;

use super::{Outcome, read_progress};
use crate::{
    bench::Submission,
    cli::{Format, ListArgs},
    course::{Course, Exercise},
    learner,
    progress::Progress,
    provenance::checks_digest,
    report::{ExerciseStatus, SCHEMA_VERSION, style, style::paint},
    screen::Screen,
};

pub(crate) fn run(args: &ListArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let progress = read_progress(&course);
    let rows = rows(&course, &progress)?;
    let complete = rows.iter().all(|row| row.status == ExerciseStatus::Complete);
    match args.format {
        Format::Terminal => anstream::print!("{}", render(&rows, Screen::of_stdout().width)),
        Format::Json => {
            let Totals { score, max_score, .. } = Totals::of(&rows);
            let list =
                List { schema_version: SCHEMA_VERSION, course: &course.title, score, max_score, exercises: &rows };
            anstream::println!("{}", serde_json::to_string_pretty(&list)?);
        }
    }
    Ok(if complete { Outcome::AllRight } else { Outcome::NotRightYet })
}

#[derive(Serialize)]
struct List<'a> {
    schema_version: u32,
    course: &'a str,
    score: u32,
    max_score: u32,
    exercises: &'a [Row],
}

/// One exercise of the list.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) title: String,
    pub(crate) minutes: u32,
    pub(crate) requires: Vec<String>,
    /// As of the last check.
    pub(crate) status: ExerciseStatus,
    pub(crate) score: u32,
    pub(crate) max_score: u32,
    pub(crate) bonus_score: u32,
    pub(crate) max_bonus: u32,
    pub(crate) hints_taken: usize,
    pub(crate) checked_at: Option<String>,
    pub(crate) completed_at: Option<String>,
    pub(crate) changed: Option<Change>,
}

/// What the exercises of a list come to.
pub(crate) struct Totals {
    /// How many are complete.
    pub(crate) complete: usize,
    pub(crate) score: u32,
    pub(crate) max_score: u32,
}

impl Totals {
    pub(crate) fn of(rows: &[Row]) -> Self {
        Self {
            complete: rows.iter().filter(|row| row.status == ExerciseStatus::Complete).count(),
            score: rows.iter().map(|row| row.score).sum(),
            max_score: rows.iter().map(|row| row.max_score).sum(),
        }
    }
}

/// What has changed since the last check, so that its result may no longer hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Change {
    /// The learner's code.
    Source,
    /// What the exercise asks.
    Course,
    /// The learner's code is gone.
    Gone,
}

/// The list, from what was noted down and what is on disk now. Nothing is graded.
pub(crate) fn rows(course: &Course, progress: &Progress) -> Result<Vec<Row>> {
    course.exercises.iter().map(|exercise| row(course, progress, exercise)).collect()
}

fn row(course: &Course, progress: &Progress, exercise: &Exercise) -> Result<Row> {
    let entry = progress.entry(exercise);
    let points = |bonus| exercise.tasks.iter().filter(|task| task.bonus == bonus).map(|task| task.points).sum();
    let submission = Submission::of_learner(course, exercise);
    let last = entry.last.as_ref();
    let changed = match last {
        _ if !submission.lib().is_file() => Some(Change::Gone),
        Some(last) if last.source_digest != learner::source_digest(course, exercise)? => Some(Change::Source),
        Some(last) if last.status == ExerciseStatus::NotStarted => None,
        Some(last) if last.checks_digest != checks_digest(course, exercise)? => Some(Change::Course),
        _ => None,
    };
    Ok(Row {
        name: exercise.name.clone(),
        number: exercise.number,
        title: exercise.title.clone(),
        minutes: exercise.minutes,
        requires: exercise.requires.clone(),
        status: entry.status(),
        score: last.map_or(0, |last| last.score),
        max_score: points(false),
        bonus_score: last.map_or(0, |last| last.bonus_score),
        max_bonus: points(true),
        hints_taken: entry.hints.values().sum(),
        checked_at: last.map(|last| last.checked_at.clone()),
        completed_at: entry.completed_at.clone(),
        changed,
    })
}

/// The list as text for people.
fn render(rows: &[Row], width: usize) -> String {
    let mut text = String::new();
    for row in rows {
        text += &format!("{}\n", line(row, width));
        if let Some(note) = note(row) {
            for line in
                textwrap::wrap(note, textwrap::Options::new(width).initial_indent("     ").subsequent_indent("     "))
            {
                text += &format!("{}\n", paint(style::OPEN, line));
            }
        }
    }
    let Totals { complete, score, max_score } = Totals::of(rows);
    let minutes: u32 = rows.iter().filter(|row| row.status != ExerciseStatus::Complete).map(|row| row.minutes).sum();
    let sum = format!("{complete} of {} complete, {score} of {max_score} points.", rows.len());
    text += &format!("\n{}\n", paint(style::BOLD, textwrap::fill(&sum, width)));
    match rows.iter().find(|row| row.status != ExerciseStatus::Complete) {
        Some(open) => {
            text += &format!("About {} hours to go.\n", minutes.div_ceil(60));
            text += &format!("Next: cargo run -p grader -- check {}\n", open.number);
        }
        None => text += "Well done!\n",
    }
    text
}

/// An exercise on one line: mark, number, title, points, and the minutes where there is room.
fn line(row: &Row, width: usize) -> String {
    let (style, mark) = row.status.mark();
    let minutes = if width >= 60 { format!(" {:>3} min", row.minutes) } else { String::new() };
    let room = width.saturating_sub(15 + minutes.len()).min(44);
    let title: String = if row.title.chars().count() > room {
        row.title.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    } else {
        row.title.clone()
    };
    let bonus = if row.bonus_score > 0 { format!(" +{}", row.bonus_score) } else { String::new() };
    let points = format!("{}/{}", row.score, row.max_score);
    let line = format!(
        "{} {:>2} {title:<room$} {points:>5}{bonus:<3}{}",
        paint(style, mark),
        row.number,
        paint(style::DIM, minutes)
    );
    line.trim_end().to_owned()
}

/// What is worth saying about an exercise beyond its mark and points.
pub(crate) fn note(row: &Row) -> Option<&'static str> {
    match (row.changed, row.status) {
        (Some(Change::Gone), _) => Some("src/lib.rs is gone; `reset` brings the stub back"),
        (Some(Change::Source), _) => Some("edited since the last check"),
        (Some(Change::Course), _) => Some("the course has changed since the last check"),
        (None, ExerciseStatus::DoesNotCompile) => Some("does not compile; the points are from before"),
        (None, _) => None,
    }
}
