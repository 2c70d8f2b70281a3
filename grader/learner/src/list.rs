//! The syllabus, and how far the learner has come.

use anyhow::Result;
use course::{Course, Exercise, checks_digest};
use report::ExerciseStatus;
use runner::Submission;
use serde::Serialize;

use crate::{Progress, quiz::Answers, source_digest};

/// One exercise of the list.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The name of its folder.
    pub name: String,
    /// The number that the name begins with.
    pub number: u32,
    /// What it is called.
    pub title: String,
    /// How long it is expected to take.
    pub minutes: u32,
    /// The names of the exercises that it builds on.
    pub requires: Vec<String>,
    /// As of the last check.
    pub status: ExerciseStatus,
    /// Points of the last check, without bonus.
    pub score: u32,
    /// Points for full marks.
    pub max_score: u32,
    /// Bonus points of the last check.
    pub bonus_score: u32,
    /// Bonus points that there are.
    pub max_bonus: u32,
    /// How many hints were given.
    pub hints_taken: usize,
    /// How many questions about it are understood.
    pub understood: usize,
    /// How many questions there are; they are not counted before the first answer.
    pub questions: Option<usize>,
    /// When it was last checked.
    pub checked_at: Option<String>,
    /// When it was first complete.
    pub completed_at: Option<String>,
    /// What has changed since the last check.
    pub changed: Option<Change>,
}

/// What the exercises of a list come to.
pub struct Totals {
    /// How many are complete.
    pub complete: usize,
    /// Points of all exercises together.
    pub score: u32,
    /// Points for full marks in all exercises.
    pub max_score: u32,
}

impl Totals {
    /// The sums over a list.
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
    // Answers that cannot be read are told of by `quiz`. The list is made again at every save, and reading all questions takes
    // longer than all the rest.
    let answers = Answers::read(&submission.folder).ok().filter(|answers| !answers.is_empty());
    let questions = answers.as_ref().map(|_| course.quiz(exercise).unwrap_or_default());
    let understood = answers.zip(questions.as_ref()).map_or(0, |(answers, questions)| answers.understood(questions));
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
        understood,
        questions: questions.map(|questions| questions.len()),
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
