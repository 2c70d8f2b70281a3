//! `grader new`: all the files of a new exercise, which compile, and of which `verify` says what is still to be written.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use course::{Course, UsageError, files};

use super::Outcome;
use crate::cli::NewArgs;

/// Where a template's files go; `NN_name` stands for the folder of the exercise.
const FILES: [(&str, &str); 10] = [
    ("exercises/NN_name/README.md", include_str!("template/README.md")),
    ("exercises/NN_name/src/lib.rs", include_str!("template/stub.rs")),
    ("solutions/NN_name/src/lib.rs", include_str!("template/solution.rs")),
    ("grader/hidden/NN_name/stub.rs", include_str!("template/stub.rs")),
    ("grader/hidden/NN_name/probe.rs", include_str!("template/probe.rs")),
    ("grader/hidden/NN_name/checks.rs", include_str!("template/checks.rs")),
    ("grader/hidden/NN_name/pictures.rs", include_str!("template/pictures.rs")),
    ("grader/hidden/NN_name/hints.toml", include_str!("template/hints.toml")),
    ("grader/hidden/NN_name/quiz.toml", include_str!("template/quiz.toml")),
    ("grader/hidden/NN_name/variants.toml", include_str!("template/variants.toml")),
];

/// What a course whose exercises are crates has besides.
const FILES_OF_CRATES: [(&str, &str); 6] = [
    ("exercises/NN_name/Cargo.toml", include_str!("template/exercise_manifest.toml")),
    ("exercises/NN_name/tests/examples.rs", include_str!("template/examples.rs")),
    ("solutions/NN_name/Cargo.toml", include_str!("template/solution_manifest.toml")),
    ("solutions/NN_name/tests/examples.rs", include_str!("template/solution_examples.rs")),
    ("solutions/NN_name/tests/lesson.rs", include_str!("template/lesson.rs")),
    ("solutions/NN_name/tests/quiz.rs", include_str!("template/quiz.rs")),
];

pub(crate) fn run(course: &Course, args: &NewArgs) -> Result<Outcome> {
    let last = course.exercises.iter().map(|exercise| exercise.number).max().unwrap_or(0);
    let (number, name) = match args.name.split_once('_') {
        Some((digits, name)) if digits.parse::<u32>().is_ok() => (digits.parse()?, name),
        _ => (last + 1, args.name.as_str()),
    };
    let is_name = |text: &str| text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !is_name(name) || !(1..=99).contains(&number) {
        return Err(UsageError(format!(
            "`{}` is not a name for an exercise; use small letters, digits and _, as in attention or 25_attention",
            args.name
        ))
        .into());
    }
    if let Some(twin) = course.exercises.iter().find(|other| other.number == number || other.short_name() == name) {
        return Err(UsageError(format!("there is {} already; give another number or name", twin.name)).into());
    }
    // Its crates are called NAME and NAME_solution.
    let lock = fs::read_to_string(course.root.join("Cargo.lock")).unwrap_or_default();
    if KEYWORDS.contains(&name) || lock.contains(&format!("name = \"{name}\"\n")) {
        return Err(UsageError(format!("`{name}` is a word of Rust or another crate; give another name")).into());
    }
    let folder = format!("{number:02}_{name}");
    let requires = course.exercises.last().map_or(String::new(), |before| format!("{:?}", before.name));
    let fill = |text: &str| {
        let text = text.replace("NUMBER", &number.to_string()).replace("FOLDER", &folder);
        text.replace("REQUIRES", &requires).replace("GRADER", course.grader()).replace("NAME", name)
    };

    let with_crates = course.root.join("Cargo.toml").is_file();
    let wanted = FILES.iter().chain(FILES_OF_CRATES.iter().filter(|_| with_crates));
    let wanted: Vec<(PathBuf, String)> =
        wanted.map(|(path, text)| (course.root.join(path.replace("NN_name", &folder)), fill(text))).collect();
    // Nothing that somebody wrote is written over.
    let folders = ["exercises", "solutions", "grader/hidden"].map(|place| course.root.join(place).join(&folder));
    if let Some(there) = folders.iter().find(|folder| folder.exists()) {
        return Err(UsageError(format!("{} is there already; move it away first", there.display())).into());
    }
    if let Err(error) = write(course, &wanted, &fill(include_str!("template/exercise.toml"))) {
        // Half an exercise is worse than none.
        folders.iter().for_each(|folder| drop(fs::remove_dir_all(folder)));
        return Err(error);
    }

    for (path, _) in &wanted {
        anstream::println!("{}", path.strip_prefix(&course.root).unwrap_or(path).display());
    }
    anstream::println!(
        "\nIts entry is the last one in course.toml. It can be graded already; `{} verify {number}` lists what is still to be \
         written.",
        course.grader()
    );
    Ok(Outcome::AllRight)
}

/// Writes the files, and the entry at the end of course.toml.
fn write(course: &Course, files: &[(PathBuf, String)], entry: &str) -> Result<()> {
    for (path, text) in files {
        files::create_folder(path.parent().context("every file has a folder")?)?;
        files::write_atomically(path, text.as_bytes())?;
    }
    let syllabus = course.root.join("course.toml");
    let before = fs::read_to_string(&syllabus).with_context(|| format!("cannot read {}", syllabus.display()))?;
    files::write_atomically(&syllabus, format!("{}\n{entry}", before.trim_end()).as_bytes())
}

/// Words that no crate can be called: the keywords of Rust 2024, and crates that every program has.
const KEYWORDS: [&str; 55] = [
    "abstract", "alloc", "as", "async", "await", "become", "box", "break", "const", "continue", "core", "crate", "do",
    "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "std", "struct",
    "super", "test", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];
