//! The syllabus, and how far the learner has come.

use anyhow::Result;
use course::{Course, Exercise, checks_digest};
use report::ExerciseStatus;
use runner::Submission;
use serde::Serialize;

use crate::{Progress, source_digest};

/// One exercise of the list.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub name: String,
    pub number: u32,
    pub title: String,
    pub minutes: u32,
    pub requires: Vec<String>,
    /// As of the last check.
    pub status: ExerciseStatus,
    pub score: u32,
    pub max_score: u32,
    pub bonus_score: u32,
    pub max_bonus: u32,
    pub hints_taken: usize,
    pub checked_at: Option<String>,
    pub completed_at: Option<String>,
    pub changed: Option<Change>,
}

/// What the exercises of a list come to.
pub struct Totals {
    /// How many are complete.
    pub complete: usize,
    pub score: u32,
    pub max_score: u32,
}

impl Totals {
    pub fn of(rows: &[Row]) -> Self {
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
pub enum Change {
    /// The learner's code.
    Source,
    /// What the exercise asks.
    Course,
    /// The learner's code is gone.
    Gone,
}

/// The list, from what was noted down and what is on disk now. Nothing is graded.
pub fn rows(course: &Course, progress: &Progress) -> Result<Vec<Row>> {
    course.exercises.iter().map(|exercise| row(course, progress, exercise)).collect()
}

fn row(course: &Course, progress: &Progress, exercise: &Exercise) -> Result<Row> {
    let entry = progress.entry(exercise);
    let points = |bonus| exercise.tasks.iter().filter(|task| task.bonus == bonus).map(|task| task.points).sum();
    let submission = Submission::of_learner(course, exercise);
    let last = entry.last.as_ref();
    let changed = match last {
        _ if !submission.lib().is_file() => Some(Change::Gone),
        Some(last) if last.source_digest != source_digest(course, exercise)? => Some(Change::Source),
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

/// What is worth saying about an exercise beyond its mark and points.
pub fn note(row: &Row) -> Option<&'static str> {
    match (row.changed, row.status) {
        (Some(Change::Gone), _) => Some("src/lib.rs is gone; `reset` brings the stub back"),
        (Some(Change::Source), _) => Some("edited since the last check"),
        (Some(Change::Course), _) => Some("the course has changed since the last check"),
        (None, ExerciseStatus::DoesNotCompile) => Some("does not compile; the points are from before"),
        (None, _) => None,
    }
}
