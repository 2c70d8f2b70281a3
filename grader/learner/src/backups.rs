//! Back to the stub, and back again: whatever a reset replaces is kept in `backups/` first.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};

use crate::clock;
use course::{Course, Exercise, files};

/// What became of the learner's version.
pub enum Reset {
    /// It is the stub already; nothing was done.
    IsTheStub,
    /// It is kept in this folder.
    Kept(PathBuf),
    /// There was none.
    WasGone,
}

/// Puts the stub in the place of the learner's version of `exercise`, which is kept.
pub fn reset(course: &Course, exercise: &Exercise) -> Result<Reset> {
    let source = source(course, exercise);
    let stub = course.hidden_folder(exercise).join("stub.rs");
    let stub = fs::read(&stub).with_context(|| format!("cannot read {}", stub.display()))?;
    let sources = read_tree(&source)?;
    if sources.len() == 1 && sources[0] == (PathBuf::from("lib.rs"), stub.clone()) {
        return Ok(Reset::IsTheStub);
    }
    let kept = keep(course, exercise, &sources)?;
    replace(&source, &sources, &[(PathBuf::from("lib.rs"), stub)])?;
    Ok(kept.map_or(Reset::WasGone, Reset::Kept))
}

/// Resets `exercise`, and says what became of the learner's version.
pub fn reset_and_tell(course: &Course, exercise: &Exercise) -> Result<String> {
    let lib = format!("exercises/{}/src/lib.rs", exercise.name);
    Ok(match reset(course, exercise)? {
        Reset::IsTheStub => format!("{lib} is the stub already."),
        Reset::WasGone => format!("{lib} was gone; it is the stub again."),
        Reset::Kept(backup) => format!(
            "{lib} is the stub again. Your version is kept in\n{}\n`{} reset {} --undo` brings it back.",
            backup.display(),
            course.grader(),
            exercise.number
        ),
    })
}

/// What an undo did.
pub struct Undone {
    /// The backup that is the learner's version again.
    pub from: PathBuf,
    /// Where the version that it replaced is kept, unless that was kept already or was the stub.
    pub kept: Option<PathBuf>,
}

/// Brings back the last backup of `exercise` that differs from what stands there, which is kept too. So two undos in a
/// row are none. `None` if there is no such backup.
pub fn undo(course: &Course, exercise: &Exercise) -> Result<Option<Undone>> {
    let source = source(course, exercise);
    let sources = read_tree(&source)?;
    let stub = fs::read(course.hidden_folder(exercise).join("stub.rs")).unwrap_or_default();
    let backups = backups(course, exercise)?;
    let mut is_kept = false;
    let mut last = None;
    for from in backups.into_iter().rev() {
        let backup = read_tree(&from)?;
        if backup == sources {
            is_kept = true;
        } else if last.is_none() && !backup.is_empty() {
            last = Some((from, backup));
        }
    }
    let Some((from, backup)) = last else { return Ok(None) };
    let is_stub = sources.len() == 1 && sources[0].1 == stub;
    let kept = if is_stub || is_kept { None } else { keep(course, exercise, &sources)? };
    replace(&source, &sources, &backup)?;
    Ok(Some(Undone { from, kept }))
}

/// The folder of what the learner writes.
fn source(course: &Course, exercise: &Exercise) -> PathBuf {
    course.root.join("exercises").join(&exercise.name).join("src")
}

/// The backups of `exercise`, the oldest first.
fn backups(course: &Course, exercise: &Exercise) -> Result<Vec<PathBuf>> {
    let folder = folder(course, exercise);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut backups: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        // A backup gets its name when it is whole.
        .filter(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')))
        .collect();
    backups.sort();
    Ok(backups)
}

fn folder(course: &Course, exercise: &Exercise) -> PathBuf {
    course.root.join("backups").join(&exercise.name)
}

/// Writes `sources` to a new backup; `None` if there is nothing to keep.
fn keep(course: &Course, exercise: &Exercise, sources: &[(PathBuf, Vec<u8>)]) -> Result<Option<PathBuf>> {
    if sources.is_empty() {
        return Ok(None);
    }
    let folder = folder(course, exercise);
    files::create_folder(&folder)?;
    let unfinished = tempfile::Builder::new()
        .prefix(".unfinished-")
        .tempdir_in(&folder)
        .with_context(|| format!("cannot create a folder in {}; nothing was changed", folder.display()))?;
    write_tree(unfinished.path(), sources).context("the backup could not be written; nothing was changed")?;
    let stamp = clock::stamp();
    // Two in one second get a number, in the order of their names.
    let backup = (1..)
        .map(|number| folder.join(if number == 1 { stamp.clone() } else { format!("{stamp}_{number:03}") }))
        .find(|path| !path.exists())
        .context("there is always another number")?;
    fs::rename(unfinished.keep(), &backup)
        .with_context(|| format!("cannot create {}; nothing was changed", backup.display()))?;
    Ok(Some(backup))
}

/// Writes `new` into `source` and removes what is among `old` only.
fn replace(source: &Path, old: &[(PathBuf, Vec<u8>)], new: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    write_tree(source, new)?;
    for (path, _) in old {
        if new.iter().all(|(other, _)| other != path) {
            let path = source.join(path);
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
            // Its folder goes with it if nothing else is in there.
            for folder in path.ancestors().skip(1).take_while(|folder| *folder != source) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
    Ok(())
}

/// All files below `folder`, by their paths in it; none if there is no such folder.
fn read_tree(folder: &Path) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    files::files_below(folder)?
        .into_iter()
        .map(|path| {
            let contents = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok((path.strip_prefix(folder).unwrap_or(&path).to_owned(), contents))
        })
        .collect()
}

fn write_tree(folder: &Path, tree: &[(PathBuf, Vec<u8>)]) -> Result<()> {
    for (path, contents) in tree {
        let path = folder.join(path);
        files::create_folder(path.parent().unwrap_or(folder))?;
        files::write_atomically(&path, contents)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::course_with;

    const STUB: &str = "todo!()";

    fn course() -> (tempfile::TempDir, Course) {
        let (folder, course) = course_with(&["01_first"]);
        fs::write(course.hidden_folder(&course.exercises[0]).join("stub.rs"), STUB).unwrap();
        (folder, course)
    }

    fn write(course: &Course, name: &str, text: &str) {
        fs::write(source(course, &course.exercises[0]).join(name), text).unwrap();
    }

    fn lib(course: &Course) -> String {
        fs::read_to_string(source(course, &course.exercises[0]).join("lib.rs")).unwrap()
    }

    fn kept(course: &Course) -> PathBuf {
        match reset(course, &course.exercises[0]).unwrap() {
            Reset::Kept(folder) => folder,
            _ => panic!("there was something to keep"),
        }
    }

    #[test]
    fn a_reset_keeps_the_learners_version_with_all_its_files() {
        let (_folder, course) = course();
        write(&course, "lib.rs", "mod more;");
        write(&course, "more.rs", "// more");
        fs::create_dir(source(&course, &course.exercises[0]).join("deep")).unwrap();
        write(&course, "deep/most.rs", "// most");
        let backup = kept(&course);
        assert!(!source(&course, &course.exercises[0]).join("deep").exists());
        assert_eq!(lib(&course), STUB);
        assert!(!source(&course, &course.exercises[0]).join("more.rs").exists());
        assert_eq!(fs::read_to_string(backup.join("lib.rs")).unwrap(), "mod more;");
        assert_eq!(fs::read_to_string(backup.join("more.rs")).unwrap(), "// more");
    }

    #[test]
    fn resets_in_the_same_second_keep_every_version_and_an_undo_brings_the_last_one_back() {
        let (_folder, course) = course();
        for number in 0..12 {
            write(&course, "lib.rs", &format!("version {number}"));
            kept(&course);
        }
        assert_eq!(backups(&course, &course.exercises[0]).unwrap().len(), 12);
        undo(&course, &course.exercises[0]).unwrap().unwrap();
        assert_eq!(lib(&course), "version 11");
    }

    #[test]
    fn an_undo_keeps_what_it_replaces_and_can_be_undone() {
        let (_folder, course) = course();
        write(&course, "lib.rs", "first");
        kept(&course);
        write(&course, "lib.rs", "second");
        let undone = undo(&course, &course.exercises[0]).unwrap().unwrap();
        assert_eq!(lib(&course), "first");
        assert_eq!(fs::read_to_string(undone.kept.unwrap().join("lib.rs")).unwrap(), "second");
        undo(&course, &course.exercises[0]).unwrap().unwrap();
        assert_eq!(lib(&course), "second");
        undo(&course, &course.exercises[0]).unwrap().unwrap();
        assert_eq!(lib(&course), "first");
    }

    #[test]
    fn undos_after_two_resets_bring_back_one_version_after_the_other() {
        let (_folder, course) = course();
        for version in ["first", "second"] {
            write(&course, "lib.rs", version);
            kept(&course);
        }
        undo(&course, &course.exercises[0]).unwrap().unwrap();
        assert_eq!(lib(&course), "second");
        undo(&course, &course.exercises[0]).unwrap().unwrap();
        assert_eq!(lib(&course), "first");
    }

    #[test]
    fn the_stub_is_nothing_to_keep_and_a_file_that_is_gone_comes_back() {
        let (_folder, course) = course();
        write(&course, "lib.rs", STUB);
        assert!(matches!(reset(&course, &course.exercises[0]).unwrap(), Reset::IsTheStub));
        assert!(undo(&course, &course.exercises[0]).unwrap().is_none());
        fs::remove_dir_all(source(&course, &course.exercises[0])).unwrap();
        assert!(matches!(reset(&course, &course.exercises[0]).unwrap(), Reset::WasGone));
        assert_eq!(lib(&course), STUB);
    }

    #[test]
    fn where_no_backup_can_be_written_nothing_is_changed() {
        let (_folder, course) = course();
        write(&course, "lib.rs", "mine");
        fs::write(course.root.join("backups"), "in the way").unwrap();
        assert!(reset(&course, &course.exercises[0]).is_err());
        assert_eq!(lib(&course), "mine");
    }
}
