//! Where the runner keeps what it builds: one folder below cargo's target folder, one slot in it per running check.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::Sandbox;
use course::files;

/// More checks of one exercise than this do not run at once.
const MAX_SLOTS: usize = 64;

/// A folder that one check has to itself for as long as this value lives, and what it compiles and runs in.
///
/// It keeps rustc's incremental cache, so the next check that gets the same slot is quick. A stranger's submission gets
/// an empty slot, and leaves an empty one.
pub struct Slot {
    /// Where it compiles and runs.
    pub folder: PathBuf,
    /// What it compiles and runs in.
    pub sandbox: Sandbox,
    /// Nothing is kept for the next check.
    pub(super) throw_away: bool,
    /// Locked; the operating system unlocks it when the process ends, however it ends.
    _lock: File,
}

impl Slot {
    /// The first free slot for `exercise`: two checks at once use two, and neither waits.
    pub fn take(work: &Path, exercise: &str, sandbox: Sandbox) -> Result<Self> {
        for number in 0..MAX_SLOTS {
            let folder = work.join(exercise).join(number.to_string());
            files::create_folder(&folder)?;
            // Beside the folder: whatever is compiled may write into that.
            let path = folder.with_extension("lock");
            let lock = File::create(&path).with_context(|| {
                format!("cannot create {}; set CARGO_TARGET_DIR to a folder that you may write to", path.display())
            })?;
            match lock.try_lock() {
                Ok(()) => {
                    owner_only(&folder).with_context(|| format!("cannot close {}", folder.display()))?;
                    return Ok(Self { folder, sandbox, throw_away: false, _lock: lock });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => {
                    return Err(error).with_context(|| format!("cannot lock {}", path.display()));
                }
            }
        }
        bail!("{MAX_SLOTS} checks of {exercise} are running already; wait until one of them ends")
    }

    /// An empty slot for a stranger's submission, emptied again in the end.
    pub fn take_empty(work: &Path, exercise: &str, sandbox: Sandbox) -> Result<Self> {
        let mut slot = Self::take(&work.join("strangers"), exercise, sandbox)?;
        slot.throw_away = true;
        empty(&slot.folder, None).with_context(|| format!("cannot empty {}", slot.folder.display()))?;
        Ok(slot)
    }

    /// Gives the slot back empty.
    pub fn discard(mut self) {
        self.throw_away = true;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.throw_away {
            // What cannot be removed now is removed before the next one begins.
            let _ = empty(&self.folder, None);
        }
    }
}

/// Gives the owner of a file or folder every right to it, and other users of this computer none, where the system has such
/// rights.
pub(super) fn owner_only(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    let _ = path;
    Ok(())
}

/// Removes what is in `folder`, but for the entry called `kept`. The folder itself stays: others look for a free one meanwhile.
pub(super) fn empty(folder: &Path, kept: Option<&str>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if kept.is_some_and(|kept| entry.file_name() == kept) {
            continue;
        }
        // The type of the entry itself: a link is removed, not followed.
        if entry.file_type()?.is_dir() { fs::remove_dir_all(entry.path())? } else { fs::remove_file(entry.path())? }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_slot_is_empty_before_and_after() {
        let work = tempfile::tempdir().unwrap();
        let planted = work.path().join("strangers/01_perceptron/0/build");
        fs::create_dir_all(&planted).unwrap();
        fs::write(planted.join("probe"), "an old one").unwrap();
        let slot = Slot::take_empty(work.path(), "01_perceptron", Sandbox::None).unwrap();
        let folder = slot.folder.clone();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
        fs::create_dir(folder.join("src")).unwrap();
        drop(slot);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn no_other_user_may_look_into_a_slot() {
        use std::os::unix::fs::PermissionsExt;
        let work = tempfile::tempdir().unwrap();
        let slot = Slot::take(work.path(), "01_perceptron", Sandbox::None).unwrap();
        assert_eq!(fs::metadata(&slot.folder).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn two_checks_at_once_get_two_slots_and_the_first_is_used_again() {
        let work = tempfile::tempdir().unwrap();
        let first = Slot::take(work.path(), "01_perceptron", Sandbox::None).unwrap();
        let second = Slot::take(work.path(), "01_perceptron", Sandbox::None).unwrap();
        assert_ne!(first.folder, second.folder);
        let folder = first.folder.clone();
        drop(first);
        assert_eq!(Slot::take(work.path(), "01_perceptron", Sandbox::None).unwrap().folder, folder);
    }
}
