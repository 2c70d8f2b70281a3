//! The learner's own answer to an exercise: graded when something has changed, recalled when nothing has.

use std::{env, fs, path::Path};

use anyhow::{Context, Result};
use datasets::mnist;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    bench::{Kit, Observer, Sandbox, Slot, Sources, Submission, work_folder},
    course::{Course, Exercise, UsageError},
    files,
    grade::grade,
    hidden,
    judge::Status,
    progress::Progress,
    provenance::checks_digest,
    report::Report,
};

/// How a learner's exercise is to be checked.
pub(crate) struct Checking<'a> {
    pub(crate) seed: u64,
    pub(crate) sandbox: Sandbox,
    /// Run the checks even if nothing has changed.
    pub(crate) again: bool,
    pub(crate) observer: &'a dyn Observer,
}

/// The report on a learner's exercise.
pub(crate) struct Checked {
    pub(crate) report: Report,
    /// Why the progress could not be noted down.
    pub(crate) warning: Option<String>,
}

/// A report that was kept, and what it is the report on.
#[derive(Serialize, Deserialize)]
struct Kept {
    fingerprint: String,
    report: Report,
}

/// Grades what the learner has written, or recalls the report if neither the code nor the checks nor the compiler have
/// changed since, and notes the result down.
pub(crate) fn check(course: &Course, exercise: &Exercise, kit: &Kit, how: &Checking<'_>) -> Result<Checked> {
    let submission = Submission::of_learner(course, exercise);
    if !submission.lib().is_file() {
        return Err(UsageError(format!(
            "there is no exercises/{name}/src/lib.rs; `cargo run -p grader -- reset {number}` brings the stub back, and \
             with --undo your last backup",
            name = exercise.name,
            number = exercise.number,
        ))
        .into());
    }
    let work = work_folder(course)?;
    let checks = checks_digest(course, exercise)?;
    let data = fetched_data(exercise);
    let fingerprint = |source: &str| {
        fingerprint(&[source, &checks, &kit.fingerprint, &how.seed.to_string(), how.sandbox.name(), &data])
    };
    let kept_at = work.join(&exercise.name).join("report.json");

    let source = source_digest(course, exercise)?;
    let kept = if how.again { None } else { fingerprint(&source).and_then(|wanted| read(&kept_at, &wanted)) };
    let report = match kept {
        // A commit may have come since, with which this code gets the same report.
        Some(report) => Report { unchanged: true, course_commit: course.commit(), ..report },
        None => {
            let slot = Slot::take(&work, &exercise.name, how.sandbox)?;
            let report = grade(course, exercise, &submission, kit, &slot, how.seed, how.observer)?;
            // A save while rustc was reading makes it the report on neither text, and how long code takes is no property
            // of the code alone.
            let settled = source_digest(course, exercise)? == report.source_digest
                && report.checks.iter().all(|check| check.status != Status::TimedOut);
            if let Some(fingerprint) = fingerprint(&report.source_digest).filter(|_| settled) {
                let kept = Kept { fingerprint, report: report.clone() };
                // A cache: where it cannot be written, the next check just takes longer.
                let _ = files::write_atomically(&kept_at, &serde_json::to_vec(&kept)?);
            }
            report
        }
    };
    let warning = note(course, exercise, &report).err().map(|error| format!("{error:#}"));
    Ok(Checked { report, warning })
}

/// The exercise that the current folder lies in, or the first one that is not complete, or the last one.
pub(crate) fn current<'a>(course: &'a Course, progress: &Progress) -> Result<&'a Exercise> {
    if let Some(here) = course.exercise_here()? {
        return Ok(here);
    }
    let open = course.exercises.iter().find(|exercise| !progress.is_complete(exercise));
    open.or(course.exercises.last()).context("the course has no exercise")
}

/// The digest of what the learner has written.
pub(crate) fn source_digest(course: &Course, exercise: &Exercise) -> Result<String> {
    Ok(Sources::read(course, &Submission::of_learner(course, exercise), false)?.digest())
}

fn note(course: &Course, exercise: &Exercise, report: &Report) -> Result<()> {
    let known = |last: &crate::progress::Last| {
        report.unchanged && last.source_digest == report.source_digest && last.checks_digest == report.checks_digest
    };
    if Progress::read(course).0.entry(exercise).last.is_some_and(|last| known(&last)) {
        return Ok(());
    }
    Progress::update(course, |progress| progress.note(exercise, report))
}

/// The report that was kept in `path`, if it is the one for `fingerprint`.
fn read(path: &Path, fingerprint: &str) -> Option<Report> {
    let kept: Kept = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (kept.fingerprint == fingerprint).then_some(kept.report)
}

/// What there is of the data that checks of `exercise` need to have been fetched: other files are another report.
fn fetched_data(exercise: &Exercise) -> String {
    let checks = hidden::checks_of(&exercise.name).unwrap_or_default();
    checks.iter().filter_map(|check| mnist::folder(check.fetched?).ok()).map(|folder| stamps(&folder)).collect()
}

/// The stamps of a data set's files in `folder`, packed or not, as far as they are there.
fn stamps(folder: &Path) -> String {
    let files = mnist::FILES.into_iter().flat_map(|packed| [packed, packed.trim_end_matches(".gz")]);
    files.filter_map(|file| files::stamp(&folder.join(file)).ok()).collect()
}

/// One digest of `parts` and of the grader itself, in which the judge is; `None` where cargo has just replaced it.
fn fingerprint(parts: &[&str]) -> Option<String> {
    let grader = files::stamp(&env::current_exe().ok()?).ok()?;
    let mut digest = Sha256::new();
    digest.update(grader);
    for part in parts {
        digest.update(format!("{part}\n"));
    }
    Some(files::hex(&digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_arrives_packed_or_not_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let none = stamps(folder.path());
        fs::write(folder.path().join("train-images-idx3-ubyte.gz"), "packed").unwrap();
        let one = stamps(folder.path());
        fs::write(folder.path().join("t10k-labels-idx1-ubyte"), "not packed").unwrap();
        let two = stamps(folder.path());
        fs::write(folder.path().join("t10k-labels-idx1-ubyte"), "another one").unwrap();
        let other = stamps(folder.path());
        assert_eq!(none, "");
        assert!(one != none && two != one && other != two);
        assert_eq!(stamps(folder.path()), other);
    }
}
