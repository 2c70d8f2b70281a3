//! Where the bench keeps what it builds: one folder below cargo's target folder, one slot in it per running check.

use std::{
    env,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use crate::{course::Course, files};

/// More checks of one exercise than this do not run at once.
const MAX_SLOTS: usize = 64;

/// The grader's own folder: `target/grader`, or `grader` in the folder that `CARGO_TARGET_DIR` names.
pub(crate) fn work_folder(course: &Course) -> Result<PathBuf> {
    let target = match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) if !folder.is_empty() => {
            let here = env::current_dir().context("cannot tell the current folder; change to one that exists")?;
            here.join(folder)
        }
        _ => course.root.join("target"),
    };
    let work = target.join("grader");
    files::create_folder(&work).with_context(|| {
        "the grader keeps what it compiles there; set CARGO_TARGET_DIR to a folder that you may write to".to_owned()
    })?;
    Ok(work)
}

/// A folder that one check has to itself for as long as this value lives. It keeps rustc's incremental cache, so the
/// next check that gets the same slot is quick.
pub(crate) struct Slot {
    pub(crate) folder: PathBuf,
    /// Locked; the operating system unlocks it when the process ends, however it ends.
    _lock: File,
}

impl Slot {
    /// The first free slot for `exercise`: two checks at once use two, and neither waits.
    pub(crate) fn take(work: &Path, exercise: &str) -> Result<Self> {
        for number in 0..MAX_SLOTS {
            let folder = work.join(exercise).join(number.to_string());
            files::create_folder(&folder)?;
            let path = folder.join("lock");
            let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
            match lock.try_lock() {
                Ok(()) => return Ok(Self { folder, _lock: lock }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
        bail!("{MAX_SLOTS} checks of {exercise} are running already; wait until one of them ends")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_checks_at_once_get_two_slots_and_the_first_is_used_again() {
        let work = tempfile::tempdir().unwrap();
        let first = Slot::take(work.path(), "01_perceptron").unwrap();
        let second = Slot::take(work.path(), "01_perceptron").unwrap();
        assert_ne!(first.folder, second.folder);
        let folder = first.folder.clone();
        drop(first);
        assert_eq!(Slot::take(work.path(), "01_perceptron").unwrap().folder, folder);
    }
}
