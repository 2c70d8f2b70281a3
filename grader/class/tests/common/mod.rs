//! A made-up class of a small course, and running `grader class` on it.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use rusqlite::Connection;
use serde::Deserialize;

pub(crate) const RIGHT: &str = "(year % 4 == 0 && year % 100 != 0) || year % 400 == 0";
pub(crate) const ONLY_FOURS: &str = "year % 4 == 0";
pub(crate) const NO_CENTURIES: &str = "year % 4 == 0 && year % 100 != 0";
pub(crate) const BROKEN: &str = "year % 4";

/// Exercise 1 with this body.
pub(crate) fn leap_years(body: &str) -> String {
    format!("pub fn is_leap_year(year: usize) -> bool {{ {body} }}\n")
}

/// Exercise 2, right.
pub(crate) const ANAGRAMS: &str = "pub fn are_anagrams(one: &str, other: &str) -> bool {
    let sorted = |word: &str| { let mut all: Vec<char> = word.to_lowercase().chars().collect(); all.sort(); all };
    sorted(one) == sorted(other)
}
";

/// A class, in a folder of its own; the course is that of the grader's own tests.
pub(crate) struct Class {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) course: PathBuf,
}

impl Class {
    pub(crate) fn new() -> Self {
        Self::of(&Path::new(env!("CARGO_TARGET_TMPDIR")).join("course"))
    }

    /// A class of a course that is copied to `course`, where what it builds stays.
    pub(crate) fn of(course: &Path) -> Self {
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/other_course"), course);
        let class = Self { folder: tempfile::tempdir().unwrap(), course: course.to_owned() };
        fs::create_dir(class.path("submissions")).unwrap();
        class
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file among the submissions.
    pub(crate) fn hand_in(&self, name: &str, code: &str) {
        self.write(&format!("submissions/{name}"), code);
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_class"));
        command.arg(&self.course).args(arguments).current_dir(self.folder.path());
        command.env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
        command
    }

    /// Runs a command that has to end with this code, and gives what it says.
    pub(crate) fn run(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    /// Grades the submissions; elsewhere than on Linux there is no sandbox.
    pub(crate) fn grade(&self, code: i32, more: &[&str]) -> String {
        self.run(code, &[&["grade", "submissions"], SANDBOX, more].concat())
    }

    pub(crate) fn database(&self) -> Connection {
        Connection::open(self.path("class.db")).unwrap()
    }

    /// The cells of a query, with blanks between them, a line each row.
    pub(crate) fn ask(&self, sql: &str) -> Vec<String> {
        let database = self.database();
        let mut statement = database.prepare(sql).unwrap();
        let count = statement.column_count();
        let row = |row: &rusqlite::Row<'_>| {
            let cell = |index| match row.get_ref(index).unwrap() {
                rusqlite::types::ValueRef::Null => "-".to_owned(),
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Real(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                rusqlite::types::ValueRef::Blob(_) => "blob".to_owned(),
            };
            Ok((0..count).map(cell).collect::<Vec<_>>().join(" "))
        };
        statement.query_map([], row).unwrap().map(Result::unwrap).collect()
    }
}

#[cfg(target_os = "linux")]
pub(crate) const SANDBOX: &[&str] = &[];
#[cfg(not(target_os = "linux"))]
pub(crate) const SANDBOX: &[&str] = &["--sandbox", "off"];

pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The bytes of a database without its durations.
pub(crate) fn bytes(database: &Path) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let [copy, whole] = ["copy.db", "whole.db"].map(|name| folder.path().join(name));
    fs::copy(database, &copy).unwrap();
    let connection = Connection::open(&copy).unwrap();
    connection.execute("DELETE FROM duration", []).unwrap();
    connection.execute("VACUUM INTO ?1", [whole.to_str().unwrap()]).unwrap();
    fs::read(whole).unwrap()
}

pub(crate) fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else if fs::read(to).ok() != fs::read(from).ok() {
        // What is the same keeps its time, and is not built again.
        fs::copy(from, to).unwrap();
    }
}

/// Packs these files.
pub(crate) fn zip(path: &Path, files: &[(&str, &str)]) {
    let bytes: Vec<(&str, &[u8])> = files.iter().map(|(name, text)| (*name, text.as_bytes())).collect();
    zip_bytes(path, &bytes);
}

pub(crate) fn zip_bytes(path: &Path, files: &[(&str, &[u8])]) {
    use std::io::Write;
    let mut archive = zip::ZipWriter::new(fs::File::create(path).unwrap());
    for (name, text) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(text).unwrap();
    }
    archive.finish().unwrap();
}

pub(crate) fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]);
    git.args(["-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false"]);
    git.env("GIT_COMMITTER_DATE", "2026-11-20T23:10:00Z").env("GIT_AUTHOR_DATE", "2026-11-20T23:10:00Z");
    let output = git.args(arguments).output().expect("this test needs git");
    assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The course to which this crate belongs.
pub(crate) fn course() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// As many answers to an exercise of that course, wrong and right, no two of them the same: its variants.
pub(crate) fn answers(exercise: &str, count: usize) -> impl Iterator<Item = String> {
    #[derive(Deserialize)]
    struct Variants {
        wrong: Vec<Variant>,
        right: Vec<Variant>,
    }

    #[derive(Deserialize)]
    struct Variant {
        edits: Vec<Edit>,
    }

    #[derive(Deserialize)]
    struct Edit {
        find: String,
        with: String,
    }

    let read = |path: String| fs::read_to_string(course().join(path)).unwrap();
    let solution = read(format!("solutions/{exercise}/src/lib.rs"));
    let Variants { wrong, right } = toml::from_str(&read(format!("grader/hidden/{exercise}/variants.toml"))).unwrap();
    let variants: Vec<Variant> = wrong.into_iter().chain(right).collect();
    (0..count).map(move |number| {
        let edits = &variants[number % variants.len()].edits;
        let code = edits.iter().fold(solution.clone(), |code, edit| code.replacen(&edit.find, &edit.with, 1));
        code + &format!("\n/// Student {number}.\npub const STUDENT: usize = {number};\n")
    })
}

/// The processes that this one has started, and those that they have, where the system tells.
pub(crate) fn descendants(of: u32) -> Vec<u32> {
    let mut all = vec![of];
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids: Vec<u32> = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect();
    let parents: Vec<(u32, u32)> = ids.into_iter().filter_map(|id| Some((id, stat(id)?.1))).collect();
    for index in 0.. {
        let Some(&parent) = all.get(index) else { break };
        all.extend(parents.iter().filter(|(_, it)| *it == parent).map(|(id, _)| *id));
    }
    all.split_off(1)
}

/// Whether this process is there, and more than an entry that has not been waited for.
pub(crate) fn runs(id: u32) -> bool {
    stat(id).is_some_and(|(state, _)| state != 'Z')
}

/// The state of a process, and its parent.
fn stat(id: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let mut cells = text.rsplit_once(") ")?.1.split(' ');
    Some((cells.next()?.parse().ok()?, cells.next()?.parse().ok()?))
}
