//! The forms of a report, as the grader writes them.

use std::{fs, path::Path};

use crate::common::{Edited, copy, course, grader, text};
use serde_json::Value;

/// The mean over the samples is missing, something is printed, and a panic has a line.
fn wrong() -> Edited {
    let edited =
        Edited::new("x.dot(&self.weights) + &self.biases", "{ println!(\"::error::x\"); x.dot(&self.weights) }");
    let lib = edited.folder.path().join("src/lib.rs");
    let source = fs::read_to_string(&lib).unwrap();
    let count = "self.weights.len() + self.biases.len()";
    assert!(source.contains(count));
    fs::write(&lib, source.replace(count, "panic!(\"<b> & ``` @user\")")).unwrap();
    edited
}

const FORMATS: [&str; 8] = ["terminal", "json", "junit", "markdown", "gradescope", "github", "exercism", "check50"];

/// All forms of the report on `edited`, each in a file of its own in `folder`, from one run.
fn write_all(edited: &Edited, folder: &Path) {
    let mut arguments = Vec::new();
    for format in FORMATS {
        arguments.extend(["--format".to_owned(), format!("{format}={}", folder.join(format).display())]);
    }
    let output = edited.check(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("Score "), "the terminal shows the report as always");
}

/// The text without how long things took.
fn without_durations(text: &str) -> String {
    let mut text = text.to_owned();
    for label in ["\"duration_ms\": ", "\"execution_time\": ", " time=\""] {
        let parts: Vec<&str> = text.split(label).collect();
        let rest = |part: &&str| part.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned();
        let rests: Vec<String> = parts[1..].iter().map(rest).collect();
        text = parts[0].to_owned() + &rests.iter().map(|rest| format!("{label}{rest}")).collect::<String>();
    }
    text
}

#[test]
fn one_run_writes_every_format_and_the_next_one_writes_the_same_bytes() {
    let edited = wrong();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    folders.iter().for_each(|folder| write_all(&edited, folder.path()));
    let read = |folder: &tempfile::TempDir, format: &str| fs::read_to_string(folder.path().join(format)).unwrap();
    for format in FORMATS {
        let [one, other] = folders.each_ref().map(|folder| without_durations(&read(folder, format)));
        assert_eq!(one, other, "{format}");
        assert!(!one.lines().any(|line| line.trim_start().starts_with("::")) || format == "github", "{one}");
    }

    let schemas = [
        ("json", "docs/schema/report.schema.json"),
        ("gradescope", "grader/tests/schemas/gradescope.schema.json"),
        ("exercism", "grader/tests/schemas/exercism.schema.json"),
        ("check50", "grader/tests/schemas/check50.schema.json"),
    ];
    for (format, schema) in schemas {
        let schema: Value = serde_json::from_str(&fs::read_to_string(course().join(schema)).unwrap()).unwrap();
        let document: Value = serde_json::from_str(&read(&folders[0], format)).unwrap();
        if let Err(error) = jsonschema::validate(&schema, &document) {
            panic!("{format}: {error} in {document:#}");
        }
    }

    let report: Value = serde_json::from_str(&read(&folders[0], "json")).unwrap();
    let digest = report["checks_digest"].as_str().unwrap();
    let commit = report["course_commit"].as_str();
    for format in ["junit", "markdown", "gradescope", "github", "exercism", "check50"] {
        let written = read(&folders[0], format);
        assert!(
            written.contains(digest) && commit.is_none_or(|commit| written.contains(commit)),
            "{format}: {written}"
        );
    }
    let junit = read(&folders[0], "junit");
    let document = roxmltree::Document::parse(&junit).unwrap();
    let cases = document.descendants().filter(|node| node.has_tag_name("testcase"));
    assert_eq!(cases.count(), report["checks"].as_array().unwrap().len());
    assert!(read(&folders[0], "github").contains(",line="), "a panic has a line");
}

#[test]
fn what_cannot_be_written_is_told_before_anything_is_graded() {
    let usage = |arguments: &[&str], says: &str| {
        let output = grader().args(["check"]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains(says), "{said}");
    };
    usage(&["3", "--format", "punched_tape"], "junit");
    usage(&["3", "--format", "junit="], "--format");
    usage(&["3", "--format", "json", "--format", "junit"], "only one report fits on standard output");
    usage(&["3", "--format", "json=a", "--format", "junit=a"], "two reports would go to a");
    usage(&["3", "--format", "json=a", "--output", "a"], "two reports would go to a");
    usage(&["all", "--format", "exercism"], "exercism is a format for one exercise");
    usage(&["all", "--format", "check50=c.json"], "check50 is a format for one exercise");
}

#[test]
fn a_single_format_goes_to_standard_output_or_to_the_file_that_takes_its_place() {
    let edited = wrong();
    let shown = text(&edited.check(&["--format", "junit"]).stdout);
    assert!(shown.starts_with("<?xml"), "{shown}");
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = ["grade.xml", "results.json"].map(|name| folder.path().join(name));
    let extra = format!("gradescope={}", other.display());
    let output = edited.check(&["--format", "junit", "--output", one.to_str().unwrap(), "--format", &extra]);
    assert_eq!(output.stdout, b"");
    assert!(fs::read_to_string(one).unwrap().starts_with("<?xml"));
    assert!(fs::read_to_string(other).unwrap().starts_with('{'));
}

#[test]
fn all_exercises_are_graded_at_once_and_fit_in_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let two_exercises = folder.path().join("course");
    copy(&course().join("grader/tests/other_course"), &two_exercises);
    let mut command = grader();
    command.current_dir(two_exercises).args(["check", "all", "--solution"]);
    for format in ["json", "junit", "markdown", "gradescope", "github"] {
        command.arg("--format").arg(format!("{format}={}", folder.path().join(format).display()));
    }
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    assert!(shown.contains("01_leap_years") && shown.contains("Everything is complete"), "{shown}");
    let read = |format: &str| fs::read_to_string(folder.path().join(format)).unwrap();
    let all: Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(all["score"], all["max_score"]);
    let exercises = all["exercises"].as_array().unwrap().len();
    assert_eq!(exercises, 2);
    assert_eq!(read("junit").matches("<testsuite ").count(), exercises);
    assert_eq!(read("markdown").matches("| complete |").count(), exercises);
    assert_eq!(read("github").lines().count(), exercises);
    let gradescope: Value = serde_json::from_str(&read("gradescope")).unwrap();
    assert_eq!(gradescope["score"], all["score"]);
}
