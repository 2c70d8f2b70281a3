//! What a learner has reached: one small file beside the course, `progress.json`.
//!
//! Losing it costs no work, only the memory of it, so nothing here stops a grading: a grader that cannot save says so
//! and goes on. The file is replaced as a whole, and every change is made to what is on disk at that moment, under a
//! lock.

use std::{collections::BTreeMap, fs, io::ErrorKind, path::PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::clock;
use course::{Course, Exercise, files};
use report::{ExerciseStatus, Report};

/// The version of the format of `progress.json`.
const SCHEMA_VERSION: u32 = 1;

const FILE: &str = "progress.json";

/// What has been reached, by the exercise's name. Entries of exercises that the course does not have (any more) are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Progress {
    schema_version: u32,
    exercises: BTreeMap<String, Entry>,
}

/// How far one exercise has come.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Entry {
    /// The result of the last check; `None` before the first one.
    pub last: Option<Last>,
    /// When it was first complete.
    pub completed_at: Option<String>,
    /// How many hints were given, by task.
    pub hints: BTreeMap<String, usize>,
}

/// The last check of an exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// How it came out.
    pub status: ExerciseStatus,
    /// Points, without bonus.
    pub score: u32,
    /// Points for full marks.
    pub max_score: u32,
    /// Bonus points.
    pub bonus_score: u32,
    /// Bonus points that there were.
    pub max_bonus: u32,
    /// Of the learner's code at that time.
    pub source_digest: String,
    /// Of the checks at that time.
    pub checks_digest: String,
    /// When that was.
    pub checked_at: String,
}

impl Progress {
    /// What is on disk, and a word about it if it cannot be used.
    pub fn read(course: &Course) -> (Self, Option<String>) {
        match read(course) {
            Ok(Stored::Known(progress)) => (progress, None),
            Ok(Stored::Newer(version)) => (Self::default(), Some(newer(version))),
            Ok(Stored::Damaged) => (
                Self::default(),
                Some(format!("{FILE} is damaged; the next check moves it aside and starts a new one")),
            ),
            Err(error) => (Self::default(), Some(format!("{error:#}"))),
        }
    }

    /// Changes what is on disk.
    ///
    /// # Errors
    ///
    /// If it cannot be read or written, or was written by a newer grader, which it stays then.
    pub fn update(course: &Course, change: impl FnOnce(&mut Self)) -> Result<()> {
        let _lock = files::lock(&course.work_folder()?.join("progress.lock"))?;
        let path = path(course);
        let mut progress = match read(course)? {
            Stored::Known(progress) => progress,
            Stored::Newer(version) => bail!(newer(version)),
            Stored::Damaged => {
                let aside = path.with_file_name(format!("progress.damaged-{}.json", clock::stamp()));
                fs::rename(&path, &aside).with_context(|| format!("cannot move {} aside", path.display()))?;
                Self::default()
            }
        };
        change(&mut progress);
        progress.schema_version = SCHEMA_VERSION;
        let mut json = serde_json::to_vec_pretty(&progress)?;
        json.push(b'\n');
        files::write_atomically(&path, &json)
    }

    /// How far `exercise` has come.
    pub fn entry(&self, exercise: &Exercise) -> Entry {
        self.exercises.get(&exercise.name).cloned().unwrap_or_default()
    }

    /// The same, to be changed.
    pub fn entry_mut(&mut self, exercise: &Exercise) -> &mut Entry {
        self.exercises.entry(exercise.name.clone()).or_default()
    }

    /// Whether the last check of `exercise` gave full marks.
    pub fn is_complete(&self, exercise: &Exercise) -> bool {
        self.entry(exercise).status() == ExerciseStatus::Complete
    }

    /// Notes down what `report` says of `exercise`.
    pub fn note(&mut self, exercise: &Exercise, report: &Report) {
        let entry = self.entry_mut(exercise);
        let now = clock::now();
        if report.status() == ExerciseStatus::Complete && entry.completed_at.is_none() {
            entry.completed_at = Some(now.clone());
        }
        // Half-way through typing nothing compiles, and nothing is lost by it: the points stay as they were.
        let (score, bonus_score) = match &entry.last {
            Some(before) if !report.compiled => (before.score, before.bonus_score),
            _ => (report.score(), report.bonus_score()),
        };
        entry.last = Some(Last {
            status: report.status(),
            score,
            max_score: report.max_score(),
            bonus_score,
            max_bonus: report.max_bonus(),
            source_digest: report.source_digest.clone(),
            checks_digest: report.checks_digest.clone(),
            checked_at: now,
        });
    }

    /// Moves the entries of exercises that got another name or number to where the course has them now.
    fn follow(&mut self, course: &Course) {
        for exercise in &course.exercises {
            if self.exercises.contains_key(&exercise.name) {
                continue;
            }
            let gone = |name: &str| course.exercises.iter().all(|other| other.name != name);
            let renumbered = |name: &str| name.split_once('_').is_some_and(|(_, rest)| rest == exercise.short_name());
            let old = self
                .exercises
                .keys()
                .find(|name| exercise.formerly.contains(*name))
                .or_else(|| self.exercises.keys().find(|name| gone(name) && renumbered(name)))
                .cloned();
            if let Some(entry) = old.and_then(|old| self.exercises.remove(&old)) {
                self.exercises.insert(exercise.name.clone(), entry);
            }
        }
    }
}

impl Entry {
    /// How the last check came out.
    pub fn status(&self) -> ExerciseStatus {
        self.last.as_ref().map_or(ExerciseStatus::NotStarted, |last| last.status)
    }
}

fn path(course: &Course) -> PathBuf {
    course.root.join(FILE)
}

/// What is on disk.
enum Stored {
    Known(Progress),
    /// Written by a grader that knows more than this one.
    Newer(u32),
    Damaged,
}

fn read(course: &Course) -> Result<Stored> {
    let path = path(course);
    let bytes = match fs::read(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Stored::Known(Progress::default())),
        bytes => bytes.with_context(|| format!("cannot read {}", path.display()))?,
    };
    Ok(parse(course, &bytes))
}

fn parse(course: &Course, bytes: &[u8]) -> Stored {
    #[derive(Deserialize)]
    struct Version {
        schema_version: u32,
    }
    match serde_json::from_slice::<Version>(bytes) {
        Ok(Version { schema_version }) if schema_version > SCHEMA_VERSION => Stored::Newer(schema_version),
        Ok(_) => match serde_json::from_slice::<Progress>(bytes) {
            Ok(mut progress) => {
                progress.follow(course);
                Stored::Known(progress)
            }
            Err(_) => Stored::Damaged,
        },
        Err(_) => Stored::Damaged,
    }
}

fn newer(version: u32) -> String {
    format!(
        "{FILE} has schema_version {version} and this grader knows {SCHEMA_VERSION}; it is not changed, and no \
         progress is saved: update the course"
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tests::course_with;

    /// A course of two exercises in a folder of its own.
    fn course() -> (tempfile::TempDir, Course) {
        course_with(&["01_first", "02_second"])
    }

    fn hints(course: &Course, index: usize) -> usize {
        Progress::read(course).0.entry(&course.exercises[index]).hints.values().sum()
    }

    fn take_hint(course: &Course, index: usize) -> Result<()> {
        Progress::update(course, |progress| {
            *progress.entry_mut(&course.exercises[index]).hints.entry("task".to_owned()).or_default() += 1;
        })
    }

    #[test]
    fn what_was_noted_is_read_again() {
        let (_folder, course) = course();
        take_hint(&course, 0).unwrap();
        take_hint(&course, 0).unwrap();
        assert_eq!((hints(&course, 0), hints(&course, 1)), (2, 0));
    }

    #[test]
    fn two_that_write_at_once_lose_nothing() {
        let (_folder, course) = course();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..5).for_each(|_| take_hint(&course, 0).unwrap()));
            }
        });
        assert_eq!(hints(&course, 0), 20);
    }

    #[test]
    fn a_damaged_file_is_kept_aside_and_said() {
        let (folder, course) = course();
        for damage in ["", "{\"schema_version\": 1, \"exerc", "[]", "{\"schema_version\": 1}", "\u{0}\u{0}"] {
            fs::write(path(&course), damage).unwrap();
            let (_, notice) = Progress::read(&course);
            assert!(notice.unwrap().contains("damaged"), "{damage:?}");
            take_hint(&course, 1).unwrap();
            assert_eq!(hints(&course, 1), 1);
            let aside: Vec<_> = fs::read_dir(folder.path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.to_string_lossy().contains("progress.damaged-"))
                .collect();
            assert_eq!(aside.len(), 1);
            assert_eq!(fs::read_to_string(&aside[0]).unwrap(), damage);
            fs::remove_file(&aside[0]).unwrap();
        }
    }

    #[test]
    fn what_a_newer_grader_wrote_is_left_alone() {
        let (_folder, course) = course();
        let newer = r#"{"schema_version": 2, "levels": 7}"#;
        fs::write(path(&course), newer).unwrap();
        let (_, notice) = Progress::read(&course);
        assert!(notice.unwrap().contains("update the course"));
        assert!(take_hint(&course, 0).is_err());
        assert_eq!(fs::read_to_string(path(&course)).unwrap(), newer);
    }

    #[test]
    fn exercises_that_move_or_are_renamed_take_their_progress_along_and_removed_ones_keep_it() {
        let (_old_folder, old) = course_with(&["01_first", "02_second", "03_third", "04_fourth"]);
        (0..4).for_each(|index| take_hint(&old, index).unwrap());

        let (_new_folder, mut new) = course_with(&["01_zeroth", "02_first", "03_second", "05_last"]);
        new.exercises[3].formerly.push("04_fourth".to_owned());
        fs::copy(path(&old), path(&new)).unwrap();
        assert_eq!((0..4).map(|index| hints(&new, index)).collect::<Vec<_>>(), [0, 1, 1, 1]);

        // The third is gone from the course, and comes back one day.
        take_hint(&new, 0).unwrap();
        fs::copy(path(&new), path(&old)).unwrap();
        assert_eq!(hints(&old, 2), 1);
    }

    #[test]
    fn what_a_killed_write_left_behind_disturbs_nothing() {
        let (_folder, course) = course();
        take_hint(&course, 0).unwrap();
        // A file is written under another name and renamed when it is whole.
        fs::write(course.root.join(".tmpAbCdEf"), "{\"schema").unwrap();
        assert_eq!(hints(&course, 0), 1);
    }

    /// Fuzzing: whatever stands in the file, it is understood or it is damaged, and nothing panics.
    #[test]
    fn any_bytes_are_progress_or_damage() {
        let (_folder, course) = course();
        let bytes = proptest::collection::vec(any::<u8>(), 0..300);
        proptest!(|(bytes in bytes, version in 0_u32..3, cut in 0_usize..400)| {
            parse(&course, &bytes);
            let mut progress = Progress::default();
            progress.entry_mut(&course.exercises[0]).hints.insert(String::from_utf8_lossy(&bytes).into(), usize::MAX);
            progress.schema_version = version;
            let json = serde_json::to_vec(&progress).unwrap();
            prop_assert_eq!(matches!(parse(&course, &json), Stored::Newer(_)), version > SCHEMA_VERSION);
            let part = &json[..cut.min(json.len() - 1)];
            prop_assert!(matches!(parse(&course, part), Stored::Damaged));
        });
    }
}
