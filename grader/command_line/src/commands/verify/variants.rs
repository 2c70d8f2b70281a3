//! Small edits of the solution: every mistake that the checks know, and other ways to be right.

use std::fs;

use anyhow::{Context, Result};
use course::{Course, Exercise};
use runner::items;
use serde::Deserialize;
use wire::judge::Planned;

/// `hidden/NN_name/variants.toml`: small edits of the solution.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variants {
    #[serde(default)]
    pub(super) wrong: Vec<WrongVariant>,
    #[serde(default)]
    pub(super) right: Vec<RightVariant>,
}

/// A mistake, as a learner would make it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrongVariant {
    /// The id that the report has to name.
    pub(super) mistake: String,
    /// Further ids that are just as true of it.
    #[serde(default)]
    pub(super) also: Vec<String>,
    edits: Vec<Edit>,
}

/// Another way to be right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RightVariant {
    pub(super) name: String,
    edits: Vec<Edit>,
}

/// `find` stands in the solution exactly once and is replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    find: String,
    with: String,
}

impl Variants {
    pub(super) fn read(course: &Course, exercise: &Exercise) -> Result<Self> {
        let path = course.hidden_folder(exercise).join("variants.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not valid", path.display()))
    }

    /// The solution, the stub, and all variants.
    pub(super) fn into_jobs(self, course: &Course, exercise: &Exercise, checks: &[Planned]) -> Result<Vec<Job>> {
        let read =
            |path: String| fs::read_to_string(course.root.join(&path)).with_context(|| format!("cannot read {path}"));
        let solution = read(format!("solutions/{}/src/lib.rs", exercise.name))?;
        let stub = course.hidden_folder(exercise).join("stub.rs");
        let stub = fs::read_to_string(&stub).with_context(|| format!("cannot read {}", stub.display()))?;
        let mut jobs = vec![
            Job {
                source: solution.clone(),
                expectation: Expected::FullMarks { is_variant: false },
                name: "the solution".to_owned(),
            },
            Job { source: stub, expectation: Expected::NotStarted, name: "the stub".to_owned() },
        ];
        for variant in self.wrong {
            let source =
                edited(&solution, &variant.edits).with_context(|| format!("wrong variant `{}`", variant.mistake))?;
            let elsewhere = elsewhere(&solution, &variant.edits, checks);
            let expectation = Expected::Mistake { id: variant.mistake.clone(), also: variant.also, elsewhere };
            jobs.push(Job { source, expectation, name: variant.mistake });
        }
        for variant in self.right {
            let source =
                edited(&solution, &variant.edits).with_context(|| format!("right variant `{}`", variant.name))?;
            jobs.push(Job { source, expectation: Expected::FullMarks { is_variant: true }, name: variant.name });
        }
        Ok(jobs)
    }
}

/// A source to grade, and what has to come of it.
pub(super) struct Job {
    pub(super) source: String,
    pub(super) expectation: Expected,
    pub(super) name: String,
}

pub(super) enum Expected {
    FullMarks {
        is_variant: bool,
    },
    /// Of the stub: nothing is judged, and nothing is told.
    NotStarted,
    /// `elsewhere` are the checks about code that is as in the solution.
    Mistake {
        id: String,
        also: Vec<String>,
        elsewhere: Vec<String>,
    },
}

impl Job {
    /// Whether it is the solution as it stands.
    pub(super) fn is_solution(&self) -> bool {
        matches!(self.expectation, Expected::FullMarks { is_variant: false })
    }

    pub(super) fn title(&self) -> String {
        match self.expectation {
            Expected::FullMarks { is_variant: false } | Expected::NotStarted => self.name.clone(),
            Expected::FullMarks { is_variant: true } => format!("right variant `{}`", self.name),
            Expected::Mistake { .. } => format!("wrong variant `{}`", self.name),
        }
    }
}

/// The checks that are about other functions than `edits` change; none where a change is in a function that no check is about.
fn elsewhere(solution: &str, edits: &[Edit], checks: &[Planned]) -> Vec<String> {
    let items = items(solution);
    let means = |item: &String, name: &str| name == item || name.ends_with(&format!("::{item}"));
    let is_about = |check: &Planned, name: &str| check.items.iter().any(|item| means(item, name));
    let mut changed = Vec::new();
    for edit in edits {
        let Some(at) = solution.find(&edit.find) else { return Vec::new() };
        let lines =
            solution[..at].matches('\n').count() + 1..=solution[..at + edit.find.len()].matches('\n').count() + 1;
        let touched =
            items.iter().filter(|item| item.lines.start() <= lines.end() && lines.start() <= item.lines.end());
        let touched: Vec<&str> = touched.map(|item| item.name.as_str()).collect();
        let is_asked_for = |name: &&str| checks.iter().any(|check| is_about(check, name));
        if touched.is_empty() || !touched.iter().all(is_asked_for) {
            return Vec::new();
        }
        changed.extend(touched);
    }
    let other = checks.iter().filter(|check| !changed.iter().any(|name| is_about(check, name)));
    other.map(|check| check.id.clone()).collect()
}

fn edited(solution: &str, edits: &[Edit]) -> Result<String> {
    edits.iter().try_fold(solution.to_owned(), |source, edit| match source.matches(&edit.find).count() {
        1 => Ok(source.replacen(&edit.find, &edit.with, 1)),
        count => anyhow::bail!("`find` has to occur in the solution once, not {count} times: {}", edit.find.trim()),
    })
}
