//! The learner's own answer to an exercise: graded when something has changed, recalled when nothing has.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use course::{Course, Exercise, UsageError, checks_digest, files};
use hmac_sha256::Hash;
use report::Report;
use runner::{Graded, Grading, Kit, Observer, Options, Sandbox, Slot, Sources, Submission};
use serde::{Deserialize, Serialize};
use wire::judge::Status;

use crate::{Last, Progress};

/// How a learner's exercise is to be checked.
pub struct Checking<'a> {
    /// The seed, the limits, and what may be used.
    pub options: Options,
    /// What the code is compiled and run in.
    pub sandbox: Sandbox,
    /// Run the checks even if nothing has changed.
    pub again: bool,
    /// Hears what the check is busy with.
    pub observer: &'a dyn Observer,
}

/// The report on a learner's exercise.
pub struct Checked {
    /// What was found, now or at an earlier check of the same code.
    pub report: Report,
    /// Why the progress could not be noted down.
    pub warning: Option<String>,
}

/// A report that was kept, and what it is the report on.
#[derive(Serialize, Deserialize)]
struct Kept {
    fingerprint: String,
    /// The files of data sets that its checks look for, and what of them was there.
    data_files: Vec<PathBuf>,
    data: String,
    report: Report,
}

/// Grades what the learner has written, or recalls the report if neither the code nor the checks nor the compiler have
/// changed since, and notes the result down.
pub fn check(course: &Course, exercise: &Exercise, kit: &Kit, how: &Checking<'_>) -> Result<Checked> {
    let submission = Submission::of_learner(course, exercise);
    if !submission.lib().is_file() {
        return Err(UsageError(format!(
            "there is no exercises/{name}/src/lib.rs; `{grader} reset {number}` brings the stub back, and \
             with --undo your last backup",
            grader = course.grader(),
            name = exercise.name,
            number = exercise.number,
        ))
        .into());
    }
    let work = course.work_folder()?;
    let checks = checks_digest(course, exercise)?;
    let grader = grader_stamp(course)?;
    let how_graded = format!("{:?}", how.options);
    let fingerprint =
        |source: &str| fingerprint(&[source, &checks, &kit.fingerprint, &grader, &how_graded, how.sandbox.name()]);
    let kept_at = work.join(&exercise.name).join("report.json");

    let source = source_digest(course, exercise)?;
    let kept = if how.again { None } else { read(&kept_at, &fingerprint(&source)) };
    let report = match kept {
        // A commit may have come since, with which this code gets the same report.
        Some(report) => Report { unchanged: true, course_commit: course.commit(), ..report },
        None => {
            let slot = &Slot::take(&work, &exercise.name, how.sandbox)?;
            let grading = Grading { course, exercise, kit, slot, options: how.options, observer: how.observer };
            let Graded { report, data_files, .. } = grading.grade(&submission)?;
            // A save while rustc was reading makes it the report on neither text, and how long code takes is no property
            // of the code alone.
            let settled = source_digest(course, exercise)? == report.source_digest
                && report.checks.iter().all(|check| check.status != Status::TimedOut);
            if settled {
                let fingerprint = fingerprint(&report.source_digest);
                let kept = Kept { fingerprint, data: stamps(&data_files), data_files, report: report.clone() };
                // A cache: where it cannot be written, the next check just takes longer.
                let _ = files::write_atomically(&kept_at, &serde_json::to_vec(&kept)?);
            }
            report
        }
    };
    let warning = note(course, exercise, &report).err().map(|error| format!("{error:#}"));
    Ok(Checked { report, warning })
}

/// The report of the last check of `exercise`, if there is one; the code may have changed since.
pub fn last_report(course: &Course, exercise: &Exercise) -> Option<Report> {
    let path = course.work_folder().ok()?.join(&exercise.name).join("report.json");
    let kept: Kept = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    Some(kept.report)
}

/// The exercise that the current folder lies in, or the first one that is not complete, or the last one.
pub fn current<'a>(course: &'a Course, progress: &Progress) -> Result<&'a Exercise> {
    if let Some(here) = course.exercise_here()? {
        return Ok(here);
    }
    let open = course.exercises.iter().find(|exercise| !progress.is_complete(exercise));
    open.or(course.exercises.last()).ok_or_else(|| {
        UsageError(format!("the course has no exercise yet; `{} new NAME` makes one", course.grader())).into()
    })
}

/// The digest of what the learner has written.
pub fn source_digest(course: &Course, exercise: &Exercise) -> Result<String> {
    Ok(Sources::read(course, &Submission::of_learner(course, exercise), false)?.digest())
}

fn note(course: &Course, exercise: &Exercise, report: &Report) -> Result<()> {
    let known = |last: &Last| {
        report.unchanged && last.source_digest == report.source_digest && last.checks_digest == report.checks_digest
    };
    if Progress::read(course).0.entry(exercise).last.is_some_and(|last| known(&last)) {
        return Ok(());
    }
    Progress::update(course, |progress| progress.note(exercise, report))
}

/// The report that was kept in `path`, if it is the one for `fingerprint` and the data is what it was.
fn read(path: &Path, fingerprint: &str) -> Option<Report> {
    let kept: Kept = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    (kept.fingerprint == fingerprint && kept.data == stamps(&kept.data_files)).then_some(kept.report)
}

/// The stamps of those files that are there.
fn stamps(paths: &[PathBuf]) -> String {
    paths.iter().filter_map(|path| files::stamp(path).ok()).collect()
}

/// What the grader itself is: the same for each of its programs.
fn grader_stamp(course: &Course) -> Result<String> {
    let home = runner::home(course)?;
    let mut stamps = format!("{:?}", env::var_os(DATA_FOLDER));
    for part in ["report", "runner"] {
        for path in files::rust_files(&home.join("grader").join(part).join("src"))? {
            stamps += &files::stamp(&path)?;
        }
    }
    Ok(stamps)
}

/// Names the folder for data sets.
const DATA_FOLDER: &str = "NEURONLINGS_DATA";

fn fingerprint(parts: &[&str]) -> String {
    let mut digest = Hash::new();
    for part in parts {
        digest.update(format!("{part}\n"));
    }
    files::hex(&digest.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_that_arrives_packed_or_not_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte"].map(|name| folder.path().join(name));
        let none = stamps(&paths);
        fs::write(&paths[0], "packed").unwrap();
        let one = stamps(&paths);
        fs::write(&paths[1], "not packed").unwrap();
        let two = stamps(&paths);
        fs::write(&paths[1], "another one").unwrap();
        let other = stamps(&paths);
        assert_eq!(none, "");
        assert!(one != none && two != one && other != two);
        assert_eq!(stamps(&paths), other);
    }
}
