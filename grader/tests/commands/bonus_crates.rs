//! A bonus may need crates of its own. They are built for those who ask for them; for all others the check is skipped, says how
//! to get them, and costs nothing.
//!
//! The course here is a Cargo workspace, as a course with crates has to be. It stays where it is, so that only the first run
//! compiles everything.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use crate::common::{check_of, copy, course, grader, text};
use serde_json::Value;

const WORKSPACE: &str = r#"
[workspace]
resolver = "3"
members = ["calendar-days", "solutions/01_leap_years"]

[profile.dev]
debug = false
"#;

const SOLUTION: &str = r#"
[package]
name = "leap_years_solution"
version = "0.1.0"
edition = "2024"

[features]
calendar = ["dep:calendar-days"]

[dependencies]
calendar-days = { path = "../../calendar-days", optional = true }
probe = { path = "PROBE" }
"#;

const CRATE: &str = r#"
[package]
name = "calendar-days"
version = "0.1.0"
edition = "2024"
"#;

const TASK: &str = r#"
[[exercise.task]]
name = "calendar"
points = 1
bonus = true
crates = ["calendar-days"]

[[exercise]]
name = "02_anagrams""#;

const EXPERIMENT: &str = r#"serve(&[
        #[cfg(feature = "calendar")]
        ("calendar", |case| {
            let year = case.count("year");
            probe::Record::new().with("yours", IS_LEAP_YEAR(year)).with("theirs", calendar_days::in_year(year) == 366)
        }),
        "#;

const CHECK: &str = r#"        Check::new("calendar", "calendar", "is_leap_year agrees with the crate calendar-days", 1)
            .about("is_leap_year")
            .after("is_leap_year")
            .on(|draw| (0..8).map(|n| Record::new().with("year", 10_000 + 4 * n + draw::number(draw, 40.0).abs() as usize)).collect())
            .expects(|c| both(is_leap(c.count("year")), c))
            .mistake("four_digits", "The calendar goes on after the year 9999.", |c| both(false, c)),
    ]
}

fn both(yours: bool, c: &Record) -> Record {
    Record::new().with("yours", yours).with("theirs", is_leap(c.count("year")))
}
"#;

const VARIANT: &str = r#"
[[wrong]]
mistake = "four_digits"
edits = [{ find = "(year % 4 == 0 && year % 100 != 0) || year % 400 == 0", with = "year < 10_000 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0)" }]
"#;

/// Seven questions of four kinds.
fn questions() -> String {
    let kinds = [
        ("one", OPTIONS),
        ("several", OPTIONS),
        ("open", "model = \"It is.\"\ncontains = [\"a reason\", \"a year\"]\n"),
        (
            "order",
            "[[question.step]]\ntext = \"4\"\nbecause = \"First.\"\n[[question.step]]\ntext = \"100\"\nbecause = \"Then.\"\n\
                   [[question.step]]\ntext = \"400\"\nbecause = \"Then.\"\n[[question.step]]\ntext = \"none\"\nbecause = \"Last.\"\n",
        ),
    ];
    let question = |(number, (kind, rest)): (usize, &(&str, &str))| {
        let head = format!("[[question]]\nid = \"{kind}-{number}\"\nkind = \"{kind}\"\ntopics = [\"data\"]\n");
        format!("{head}ask = \"Leap years, {number}?\"\n{rest}\n")
    };
    kinds.iter().cycle().take(7).enumerate().map(question).collect()
}

const OPTIONS: &str = "[[question.option]]\ntext = \"1900\"\nright = true\nbecause = \"It is.\"\n\
                       [[question.option]]\ntext = \"2000\"\nbecause = \"It is not.\"\n\
                       [[question.option]]\ntext = \"2100\"\nbecause = \"It is not.\"\n";

/// The course; nobody has asked for its bonus yet.
fn new_course() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("course with a bonus");
    let original = course().join("grader/tests/other_course");
    let edited = |path: &str, find: &str, with: &str| {
        let text = fs::read_to_string(original.join(path)).expect("a file of the other course");
        assert_eq!(text.matches(find).count(), 1, "{find} has to stand in {path} once");
        (path.to_owned(), text.replacen(find, with, 1))
    };
    let hidden = "grader/hidden/01_leap_years";
    let variants = fs::read_to_string(original.join(hidden).join("variants.toml")).expect("its variants");
    let hints = fs::read_to_string(original.join(hidden).join("hints.toml")).expect("its hints");
    let probe = course().join("grader/probe").to_string_lossy().replace('\\', "/");
    let days = "//! Days.\n\n/// How many days `year` has.\npub fn in_year(year: usize) -> usize {\n    \
                365 + usize::from(year % 4 == 0) - usize::from(year % 100 == 0) + usize::from(year % 400 == 0)\n}\n";
    let files = [
        edited("course.toml", "\n[[exercise]]\nname = \"02_anagrams\"", TASK),
        edited(&format!("{hidden}/probe.rs"), "serve(&[", EXPERIMENT),
        edited(&format!("{hidden}/checks.rs"), "    ]\n}\n", CHECK),
        (format!("{hidden}/variants.toml"), variants + VARIANT),
        (format!("{hidden}/hints.toml"), hints + "\ncalendar = [\"Look.\", \"Look at 10000.\", \"It is one.\"]\n"),
        ("Cargo.toml".to_owned(), WORKSPACE.to_owned()),
        ("solutions/01_leap_years/Cargo.toml".to_owned(), SOLUTION.replace("PROBE", &probe)),
        ("calendar-days/Cargo.toml".to_owned(), CRATE.to_owned()),
        ("calendar-days/src/lib.rs".to_owned(), days.to_owned()),
        // What `verify` asks for in a workspace.
        ("exercises/01_leap_years/Cargo.toml".to_owned(), String::new()),
        ("exercises/01_leap_years/tests/examples.rs".to_owned(), String::new()),
        ("solutions/01_leap_years/tests/examples.rs".to_owned(), String::new()),
        ("solutions/01_leap_years/tests/lesson.rs".to_owned(), String::new()),
        ("solutions/01_leap_years/tests/quiz.rs".to_owned(), String::new()),
        (format!("{hidden}/quiz.toml"), questions()),
    ];
    copy(&original, &root);
    for (path, text) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("the copy is ours");
        // What is the same keeps its time, and cargo does not build it again.
        if fs::read_to_string(&path).ok().as_ref() != Some(&text) {
            fs::write(path, text).expect("the copy is ours");
        }
    }
    if !root.join("Cargo.lock").is_file() {
        // Versions that are here already: cargo takes out what is not needed, and asks nobody.
        fs::copy(course().join("Cargo.lock"), root.join("Cargo.lock")).expect("the copy is ours");
    }
    let _ = fs::remove_file(root.join("target/grader/kit-01_leap_years-bonus.json"));
    root
}

#[test]
fn crates_of_a_bonus_are_built_for_those_who_ask_and_then_used_without_asking() {
    let root = new_course();
    let run = |arguments: &[&str]| -> Output {
        let mut command = grader();
        command.current_dir(&root).env_remove("CARGO_TARGET_DIR").args(arguments).output().expect("the grader runs")
    };
    let report = |arguments: &[&str]| -> Value {
        let output = run(arguments);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
    };
    let check = ["check", "1", "--solution", "--format", "json"];

    let without = report(&check);
    let bonus = check_of(&without, "calendar");
    assert_eq!((&without["status"], &bonus["status"]), (&"complete".into(), &"skipped".into()));
    assert_eq!(
        bonus["message"],
        "waits for calendar-days: `grader check 1 --bonus` builds what it needs, once, in some minutes"
    );
    let verified = text(&run(&["verify", "1"]).stdout);
    assert!(
        verified.contains("`calendar` is left out") && verified.contains("wrong variants: 2, caught 2"),
        "{verified}"
    );

    let asked = report(&[&check[..], &["--bonus"]].concat());
    assert_eq!(check_of(&asked, "calendar")["status"], "passed", "{asked:#}");
    let later = report(&check);
    assert_eq!(check_of(&later, "calendar")["status"], "passed", "{later:#}");
    let verified = text(&run(&["verify", "1"]).stdout);
    assert!(
        verified.contains("wrong variants: 3, caught 3, named 3") && verified.contains("No problems."),
        "{verified}"
    );

    // They are the probe's, and not there to answer what a submission is asked.
    let borrowed = tempfile::tempdir().expect("a temporary folder");
    fs::create_dir(borrowed.path().join("src")).expect("a folder in it");
    let code = "pub fn is_leap_year(year: usize) -> bool { calendar_days::in_year(year) == 366 }\n";
    fs::write(borrowed.path().join("src/lib.rs"), code).expect("a file in it");
    let source = borrowed.path().to_str().expect("a plain path");
    assert_eq!(report(&["check", "1", "--source", source, "--format", "json"])["status"], "does_not_compile");

    let output = run(&["check", "2", "--bonus"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("02_anagrams has no bonus with crates of its own; leave --bonus out"), "{said}");
}
