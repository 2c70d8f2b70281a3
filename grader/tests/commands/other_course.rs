//! The grader knows no exercise: a course that lies elsewhere and has nothing to do with neural networks is graded,
//! verified and drawn by the same program, and so is one that `new` has just begun.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::common::{check_of, copy, grader, text};
use serde_json::Value;

/// `other_course/` in a folder of its own, whose name is one that people give.
struct Elsewhere {
    _folder: tempfile::TempDir,
    course: PathBuf,
}

impl Elsewhere {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let course = folder.path().join("my course");
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/other_course"), &course);
        Self { _folder: folder, course }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = grader();
        command.current_dir(&self.course).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the grader runs")
    }

    fn write(&self, exercise: &str, code: &str) {
        fs::write(self.course.join("exercises").join(exercise).join("src/lib.rs"), code).expect("the copy is ours");
    }

    fn report(&self, exercise: &str) -> Value {
        let output = self.run(&["check", exercise, "--format", "json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
    }
}

#[test]
fn another_course_is_graded_and_its_mistakes_are_named() {
    let course = Elsewhere::new();
    assert_eq!(course.report("1")["status"], "not_started");
    course.write("01_leap_years", "pub fn is_leap_year(year: usize) -> bool { year % 4 == 0 }\n");
    let report = course.report("leap_years");
    assert_eq!(check_of(&report, "is_leap_year")["mistake"], "only_fours");
    assert_eq!(report["course"], "Calendars and words");

    let words = "pub fn are_anagrams(one: &str, other: &str) -> bool {
        let sorted = |word: &str| { let mut all: Vec<char> = word.to_lowercase().chars().collect(); all.sort(); all };
        sorted(one) == sorted(other)
    }";
    course.write("02_anagrams", words);
    assert_eq!(course.report("2")["status"], "complete");
    // What is left is the first exercise, and nobody is sent to a workspace that is not here.
    let list = text(&course.run(&["list"]).stdout);
    assert!(list.contains("Next: grader check 1") && !list.contains("cargo"), "{list}");
}

#[test]
fn another_course_is_found_from_anywhere() {
    let course = Elsewhere::new();
    let mut command = grader();
    command.arg("--course").arg(&course.course).args(["check", "1", "--solution"]);
    assert_eq!(command.output().expect("the grader runs").status.code(), Some(0));
    let mut inside = course.command(&["check"]);
    inside.current_dir(course.course.join("exercises/02_anagrams/src"));
    let output = inside.output().expect("the grader runs");
    assert!(text(&output.stdout).starts_with("2 · Anagrams"), "{}", text(&output.stdout));
}

#[test]
fn another_course_is_verified_and_drawn_and_its_lessons_are_read() {
    let course = Elsewhere::new();
    let verified = course.run(&["verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", text(&verified.stdout));
    assert!(text(&verified.stdout).contains("wrong variants: 4, caught 4, named 4; right variants: 2, passed 2"));
    // Two machines do it together, each variant once.
    let shards = ["1/2", "2/2"].map(|shard| {
        let output = course.run(&["verify", "--shard", shard, "--format", "json"]);
        serde_json::from_slice::<Value>(&output.stdout).expect("a summary")
    });
    for (count, all) in [("wrong_variants", 4), ("wrong_named", 4), ("right_passed", 2)] {
        assert_eq!(shards.iter().map(|shard| shard[count].as_u64().unwrap()).sum::<u64>(), all, "{count}");
    }
    let drawn = course.run(&["plot", "1", "--solution"]);
    assert!(text(&drawn.stdout).contains("Leap years so far"), "{}", text(&drawn.stderr));
    assert!(course.course.join("target/grader/pictures/01_leap_years/centuries.svg").is_file());
    let lesson = course.run(&["lesson", "2"]);
    assert!(text(&lesson.stdout).contains("Two words are anagrams"), "{}", text(&lesson.stderr));
}

#[test]
fn figures_of_a_lesson_are_drawn_from_the_solution_and_missed_where_they_are_not() {
    let course = Elsewhere::new();
    let path = course.course.join("exercises/01_leap_years/README.md");
    let lesson = fs::read_to_string(&path).unwrap();
    let figure = |id: &str| {
        format!(
            "\n<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"figures/{id}.dark.svg\">\n  \
             <img alt=\"A line that rises,\n       and rests\" src=\"figures/{id}.light.svg\">\n</picture>\n"
        )
    };
    let figures = path.with_file_name("figures");
    fs::create_dir(&figures).unwrap();
    fs::write(figures.join("old.light.svg"), "<svg/>").unwrap();
    fs::write(&path, lesson.clone() + &figure("centuries") + &figure("millennia")).unwrap();
    let said = text(&course.run(&["verify", "1"]).stdout);
    for problem in [
        "the lesson shows figures/centuries.dark.svg, which is not there; `grader plot 1 --figures` draws it",
        "the lesson shows the picture `millennia`, which there is not",
        "the lesson does not show figures/old.light.svg; remove that file",
    ] {
        assert!(said.contains(problem), "{problem} in {said}");
    }
    let refused = course.run(&["plot", "1", "--figures"]);
    assert_eq!(refused.status.code(), Some(2), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("shows the figure `millennia`, but pictures.rs draws centuries"));

    fs::write(&path, lesson + &figure("centuries")).unwrap();
    let drawn = course.run(&["plot", "1", "--figures"]);
    assert_eq!(text(&drawn.stdout).lines().count(), 2, "{}", text(&drawn.stderr));
    let document = |theme: &str| fs::read_to_string(figures.join(format!("centuries.{theme}.svg"))).expect("a figure");
    for document in [document("light"), document("dark")] {
        assert!(roxmltree::Document::parse(&document).is_ok() && !document.contains("reference"), "{document}");
    }
    assert_ne!(document("light"), document("dark"));
    assert!(!figures.join("old.light.svg").exists());
    assert_eq!(course.run(&["verify", "1"]).status.code(), Some(0));
    let lesson = text(&course.run(&["lesson", "1"]).stdout);
    assert!(lesson.contains("[Figure: A line that rises, and rests (figures/centuries.light.svg)]"), "{lesson}");
}

#[test]
fn verify_finds_points_that_were_not_earned_and_checks_about_nothing() {
    let course = Elsewhere::new();
    let checks = course.course.join("grader/hidden/01_leap_years/checks.rs");
    let good = fs::read_to_string(&checks).unwrap();
    let verify = |find: &str, with: &str| {
        assert!(good.contains(find), "{find}");
        fs::write(&checks, good.replacen(find, with, 1)).unwrap();
        let output = course.run(&["verify", "1"]);
        assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    // The same inputs for every seed.
    let said = verify("400.0).abs() as usize", "400.0).abs() as usize * 0");
    assert!(said.contains("`is_leap_year` is passed by answers to the inputs of another seed"), "{said}");
    // The answer is held against nothing that the judge computes.
    let said = verify(
        ".expects(|c| is_leap(c.count(\"year\")))",
        ".demands(|c, _| Ok(assert!(is_leap(c.count(\"year\")) || true)))",
    );
    assert!(said.contains("`is_leap_year` is passed by answers to the inputs of another seed"), "{said}");
    // A line that could not be told.
    let said = verify(".on(|draw|", ".about(\"Year::is_leap\").on(|draw|");
    assert!(
        said.contains("`is_leap_year` is about `Year::is_leap`, of which the solution has none or several"),
        "{said}"
    );
}

#[test]
fn verify_finds_checks_that_fail_for_the_fault_of_another_function() {
    let course = Elsewhere::new();
    let path = |place: &str| course.course.join(place);
    let replace = |place: &str, find: &str, with: &str| {
        let text = fs::read_to_string(path(place)).unwrap();
        assert!(text.contains(find), "{find}");
        fs::write(path(place), text.replacen(find, with, 1)).unwrap();
    };
    let more = "\n/// How many years have 366 days, from 1 to `last`.\npub fn leap_years(last: usize) -> usize {";
    for (place, body) in [
        ("solutions/01_leap_years/src/lib.rs", "(1..=last).filter(|year| is_leap_year(*year)).count()"),
        ("grader/hidden/01_leap_years/stub.rs", "todo!()"),
        ("exercises/01_leap_years/src/lib.rs", "todo!()"),
    ] {
        let text = fs::read_to_string(path(place)).unwrap();
        fs::write(path(place), format!("{text}{more}\n    {body}\n}}\n")).unwrap();
    }
    let hidden = "grader/hidden/01_leap_years";
    replace(
        &format!("{hidden}/probe.rs"),
        "serve(&[",
        "serve(&[(\"leap_years\", |case| submission::leap_years(case.count(\"last\")).into()), ",
    );
    let check = |after: &str| {
        format!(
            "Check::new(\"leap_years\", \"is_leap_year\", \"leap_years counts them\", 1){after}\n\
             .on(|draw| vec![Record::new().with(\"last\", 9 + draw::number(draw, 900.0).abs() as usize)])\n\
             .expects(|c| (1..=c.count(\"last\")).filter(|year| is_leap(*year)).count()),\n    ]\n}}"
        )
    };
    let checks = format!("{hidden}/checks.rs");
    replace(&checks, "is_leap_year knows all three rules\", 2)", "is_leap_year knows all three rules\", 1)");
    replace(&checks, "    ]\n}", &check(""));
    let verified = text(&course.run(&["verify", "1"]).stdout);
    let said = "wrong variant `only_fours`: `leap_years` fails as well, although the code that it is about is right";
    assert!(verified.contains(said), "{verified}");

    replace(&checks, "leap_years counts them\", 1)", "leap_years counts them\", 1).after(\"is_leap_year\")");
    let verified = text(&course.run(&["verify", "1"]).stdout);
    assert!(verified.contains("No problems."), "{verified}");
}

#[test]
fn an_exercise_whose_checks_do_not_compile_stops_no_other() {
    let course = Elsewhere::new();
    let checks = course.course.join("grader/hidden/01_leap_years/checks.rs");
    let broken = fs::read_to_string(&checks).unwrap().replace("fn checks()", "fn chekcs()");
    fs::write(&checks, broken).unwrap();
    let output = course.run(&["check", "1", "--solution"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(said.contains("the checks of 01_leap_years do not compile") && said.contains("checks.rs:"), "{said}");
    assert_eq!(course.run(&["check", "2", "--solution"]).status.code(), Some(0));
    // Of all, the others are graded, and what is missing is a fault.
    let all = course.run(&["check", "all", "--solution", "--format", "json"]);
    assert_eq!(all.status.code(), Some(3));
    let report: Value = serde_json::from_slice(&all.stdout).expect("a report on the others");
    assert_eq!(report["exercises"].as_array().map(Vec::len), Some(1), "{report:#}");
    assert!(text(&all.stderr).contains("01_leap_years could not be graded"), "{}", text(&all.stderr));
}

#[test]
fn a_judge_that_fails_is_a_fault_and_no_verdict() {
    let course = Elsewhere::new();
    let checks = course.course.join("grader/hidden/02_anagrams/checks.rs");
    let good = fs::read_to_string(&checks).unwrap();
    for (failure, sentence) in [("panic!(\"no idea\")", "it panicked in"), ("std::process::exit(0)", "it died")] {
        let find = "letters(c, \"one\") == letters(c, \"other\")";
        assert!(good.contains(find));
        let broken = good.replacen(find, &format!("{{ if c.text(\"one\") == \"rust\" {{ {failure} }} {find} }}"), 1);
        fs::write(&checks, broken).unwrap();
        let output = course.run(&["check", "2", "--solution"]);
        assert_eq!(output.status.code(), Some(3), "{failure}");
        assert!(text(&output.stderr).contains(sentence), "{}", text(&output.stderr));
    }
}

#[test]
fn a_new_exercise_compiles_and_verify_says_all_that_is_still_to_be_written() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let begun = Elsewhere { course: folder.path().join("begun"), _folder: folder };
    fs::create_dir(&begun.course).unwrap();
    fs::write(begun.course.join("course.toml"), "format_version = 1\ntitle = \"Begun\"\n").unwrap();
    for odd in ["Capitals", "fn", "07_self", "a-b", ""] {
        assert_eq!(begun.run(&["new", odd]).status.code(), Some(2), "{odd}");
    }
    assert_eq!(begun.run(&["new", "attention"]).status.code(), Some(0));
    assert_eq!(begun.run(&["new", "attention"]).status.code(), Some(2), "nothing is written over");
    assert_eq!(begun.run(&["check", "attention", "--solution"]).status.code(), Some(0));

    let verified = text(&begun.run(&["verify", "1"]).stdout);
    for part in [
        "exercises/01_attention/README.md:",
        "solutions/01_attention/src/lib.rs:",
        "grader/hidden/01_attention/checks.rs:",
        "grader/hidden/01_attention/hints.toml:",
        "grader/hidden/01_attention/quiz.toml:",
        "quiz.toml: an exercise has at least 7 questions; here are 1",
        "wrong variants: 1, caught 1, named 1; right variants: 1, passed 1",
    ] {
        assert!(verified.contains(part), "{part} is not in {verified}");
    }

    for missing in ["exercises/01_attention/README.md", "grader/hidden/01_attention/pictures.rs"] {
        fs::remove_file(begun.course.join(missing)).unwrap();
    }
    let verified = text(&begun.run(&["verify", "1"]).stdout);
    assert!(verified.contains("there is no exercises/01_attention/README.md"), "{verified}");
    assert!(verified.contains("there is no grader/hidden/01_attention/pictures.rs"), "{verified}");

    // Questions, and the test of their numbers, are asked for where exercises are crates.
    fs::remove_file(begun.course.join("grader/hidden/01_attention/quiz.toml")).unwrap();
    let needed =
        ["there is no grader/hidden/01_attention/quiz.toml", "there is no solutions/01_attention/tests/quiz.rs"];
    for has_crates in [false, true] {
        if has_crates {
            fs::write(begun.course.join("Cargo.toml"), "[workspace]\n").unwrap();
        }
        let verified = text(&begun.run(&["verify", "1"]).stdout);
        for missing in needed {
            assert_eq!(verified.contains(missing), has_crates, "{missing}: {verified}");
        }
    }
}
