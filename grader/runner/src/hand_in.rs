//! Finds the submission in a folder that somebody has handed in: people pack `src` alone, or one folder too many.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Result;
use course::{Course, Exercise, UsageError};

use crate::Submission;

/// Folders that hold no submission. In a copy of the course the solutions are not what was handed in.
const NOT_LOOKED_INTO: [&str; 5] = ["__MACOSX", "grader", "node_modules", "solutions", "target"];

const MAX_DEPTH: usize = 6;
const MAX_ENTRIES: usize = 20_000;

/// The folders of all submissions below `root`, in order. No link is followed.
pub fn submissions_below(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let (mut open, mut entries) = (vec![(root.to_owned(), 0)], 0);
    while let Some((folder, depth)) = open.pop() {
        if folder.join("lib.rs").symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
            found.push(Submission::of_lib(&folder.join("lib.rs")).folder);
            continue;
        }
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            entries += 1;
            let name = entry.file_name();
            let is_looked_into =
                !name.to_string_lossy().starts_with('.') && NOT_LOOKED_INTO.iter().all(|it| name != *it);
            if is_looked_into && entry.file_type().is_ok_and(|kind| kind.is_dir()) && depth < MAX_DEPTH {
                open.push((entry.path(), depth + 1));
            }
        }
        if entries > MAX_ENTRIES {
            break;
        }
    }
    found.sort();
    found
}

/// The exercise that a folder below `root`, or `root` itself, is named after.
pub fn exercise_of<'a>(course: &'a Course, root: &Path, folder: &Path) -> Option<&'a Exercise> {
    let inside = folder.ancestors().take_while(|above| above.starts_with(root));
    inside
        .filter_map(Path::file_name)
        .find_map(|name| course.exercises.iter().find(|exercise| name == exercise.name.as_str()))
}

/// The submission to `exercise` among those `found` below `root`; `None` if none of them is named after it.
///
/// # Errors
///
/// If two could be meant.
pub fn named_after(course: &Course, exercise: &Exercise, root: &Path, found: &[PathBuf]) -> Result<Option<PathBuf>> {
    let is_named = |folder: &&PathBuf| exercise_of(course, root, folder).is_some_and(|it| it.name == exercise.name);
    let named: Vec<&PathBuf> = found.iter().filter(is_named).collect();
    match &*named {
        [] => Ok(None),
        [folder] => Ok(Some((*folder).clone())),
        _ => Err(which(exercise, named)),
    }
}

/// The submission to `exercise` in `source`, which is its folder or file, or a folder around it; and whether that is
/// worth a word, because it had to be found.
///
/// # Errors
///
/// If there is none, or two could be meant.
pub fn find(course: &Course, exercise: &Exercise, source: &Path) -> Result<(PathBuf, bool)> {
    if source.file_name().is_some_and(|name| name == "lib.rs") && source.is_file() {
        return Ok((Submission::of_lib(source).folder, false));
    }
    if source.join("src/lib.rs").symlink_metadata().is_ok() {
        return Ok((source.to_owned(), false));
    }
    let found = submissions_below(source);
    if let Some(folder) = named_after(course, exercise, source, &found)? {
        return Ok((folder, true));
    }
    let nameless: Vec<&PathBuf> = found.iter().filter(|folder| exercise_of(course, source, folder).is_none()).collect();
    match &*nameless {
        [folder] => Ok(((*folder).clone(), true)),
        [] if found.is_empty() => Err(UsageError(match misnamed(source) {
            Some(file) => {
                let folder = file.parent().unwrap_or(&file).display();
                format!("{} is not called lib.rs; rename it, and give the folder: --source {folder}", file.display())
            }
            None => format!(
                "there is no {}; a submission is a folder with src/lib.rs",
                source.join("src").join("lib.rs").display()
            ),
        })
        .into()),
        [] => Err(UsageError(format!(
            "{} holds no submission to {}, only to other exercises: {}",
            source.display(),
            exercise.name,
            list(&found)
        ))
        .into()),
        _ => Err(which(exercise, nameless)),
    }
}

/// The only Rust file that `source` is or holds, where none is called `lib.rs`.
fn misnamed(source: &Path) -> Option<PathBuf> {
    let is_rust = |file: &PathBuf| file.is_file() && file.extension().is_some_and(|extension| extension == "rs");
    let folders = [source.to_owned(), source.join("src")];
    let listed = folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
    let mut files = listed.map(|entry| entry.path()).chain([source.to_owned()]).filter(is_rust);
    files.next().filter(|_| files.next().is_none())
}

fn which<'a>(exercise: &Exercise, found: impl IntoIterator<Item = &'a PathBuf>) -> anyhow::Error {
    UsageError(format!("which one is the submission to {}? Give its folder: {}", exercise.name, list(found))).into()
}

/// The folders as a list in a sentence; not all of very many.
pub fn list<'a>(folders: impl IntoIterator<Item = &'a PathBuf>) -> String {
    let mut folders: Vec<String> = folders.into_iter().map(|folder| folder.display().to_string()).collect();
    if folders.len() > 5 {
        folders.truncate(5);
        folders.push("…".to_owned());
    }
    folders.join(", ")
}
