//! Running the grader as a learner does, and reading what it says.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// The folder with `course.toml`.
pub(crate) fn course() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the grader lies in the course").to_owned()
}

/// The grader, in the course's folder, without the colours and the language of whoever runs the tests.
pub(crate) fn grader() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command.current_dir(course()).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// The solution of exercise 3 with one passage replaced, as a submission.
pub(crate) struct Edited {
    pub(crate) folder: tempfile::TempDir,
}

impl Edited {
    pub(crate) fn new(find: &str, with: &str) -> Self {
        let solution = fs::read_to_string(course().join("solutions/03_dense_layer/src/lib.rs")).expect("the solution");
        assert_eq!(solution.matches(find).count(), 1, "{find} has to occur in the solution once");
        Self::source(&solution.replacen(find, with, 1))
    }

    pub(crate) fn source(source: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("src")).expect("a folder in it");
        fs::write(folder.path().join("src/lib.rs"), source).expect("a file in it");
        Self { folder }
    }

    pub(crate) fn check(&self, more: &[&str]) -> Output {
        let mut command = grader();
        command.args(["check", "3", "--source"]).arg(self.folder.path()).args(more);
        command.output().expect("the grader runs")
    }

    /// The JSON report.
    pub(crate) fn report(&self) -> Value {
        let output = self.check(&["--format", "json"]);
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
    }
}

/// The check called `id` in a report.
pub(crate) fn check_of<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["checks"].as_array().expect("a list").iter().find(|check| check["id"] == id).expect("a check of that name")
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

/// What was built, and what belongs to whoever works here.
const NOT_COPIED: [&str; 4] = ["target", ".git", "backups", "progress.json"];

/// A copy of the course as a learner gets it, below cargo's target folder.
pub(crate) fn new_course(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // From an earlier run it may hold files that the course has no more.
    let _ = fs::remove_dir_all(&folder);
    copy_of_the_course(&folder);
    bring_what_was_built(&folder);
    for entry in fs::read_dir(folder.join("exercises")).expect("a readable folder") {
        let exercise = entry.expect("a readable folder").path();
        let stub = folder.join("grader/hidden").join(exercise.file_name().expect("a name")).join("stub.rs");
        fs::copy(stub, exercise.join("src/lib.rs")).expect("every exercise has a stub");
    }
    folder
}

/// Copies all that the course is built from, and nothing that was built, into `to`.
pub(crate) fn copy_of_the_course(to: &Path) {
    fs::create_dir_all(to).expect("the target folder is writable");
    for entry in fs::read_dir(course()).expect("a readable folder") {
        let part = entry.expect("a readable folder").file_name();
        if !NOT_COPIED.iter().any(|name| part == *name) {
            copy(&course().join(&part), &to.join(&part));
        }
    }
}

/// Gives such a copy the crates that were built for these tests. Cargo goes by times, and by names below the course, which are
/// the same, and so does not build them again.
fn bring_what_was_built(to: &Path) {
    let built = Path::new(env!("CARGO_BIN_EXE_grader")).parent().expect("it lies in a folder");
    let to = to.join("target/debug");
    for part in [".fingerprint", "build"] {
        copy(&built.join(part), &to.join(part));
    }
    // These are some gigabytes. Cargo and rustc put new files in their places, but write over lists of what a crate is made of
    // (.d), which cargo has read and needs no more.
    fs::create_dir(to.join("deps")).expect("the target folder is writable");
    for entry in fs::read_dir(built.join("deps")).expect("a readable folder") {
        let entry = entry.expect("a readable folder");
        if entry.path().extension().is_some_and(|extension| extension == "d") {
            continue;
        }
        // Whatever cannot be linked to is built again, or was removed meanwhile.
        let _ = fs::hard_link(entry.path(), to.join("deps").join(entry.file_name()));
    }
}

/// Shortens the syllabus of a copy to its first `n` exercises.
pub(crate) fn keep_the_first(n: usize, course: &Path) {
    let syllabus = course.join("course.toml");
    let text = fs::read_to_string(&syllabus).expect("a syllabus");
    let end = text.match_indices("[[exercise]]").nth(n).map_or(text.len(), |(at, _)| at);
    fs::write(&syllabus, &text[..end]).expect("the copy is ours");
}

/// Copies a file or a folder, with the times by which cargo tells what has changed.
pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).expect("the target folder is writable");
        for entry in fs::read_dir(from).expect("a readable folder") {
            let entry = entry.expect("a readable folder");
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::copy(from, to).expect("the target folder is writable");
        let changed = fs::metadata(from).and_then(|file| file.modified()).expect("a readable file");
        let copy = fs::File::options().write(true).open(to).expect("the target folder is writable");
        copy.set_modified(changed).expect("the target folder is writable");
    }
}
