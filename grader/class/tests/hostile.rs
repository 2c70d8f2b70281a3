//! Hostile submissions in a class: the honest ones get the results that they get without them.
//!
//! `COUNT=200 cargo test -p class --test hostile` takes 200 honest submissions and 50 of the attacks; without `COUNT` it is 12
//! and 3.

#![cfg(target_os = "linux")]

mod common;
#[path = "../../tests/attacks/suite.rs"]
mod suite;

use std::{env, fs};

use common::{Class, answers, course};
use suite::{SECRET, attacks, filled, source};

#[test]
fn hostile_submissions_change_no_other_result() {
    let count: usize = env::var("COUNT").map_or(12, |count| count.parse().expect("a number"));
    let class = Class { folder: tempfile::tempdir().unwrap(), course: course() };
    for (number, code) in answers("03_dense_layer", count).enumerate() {
        class.hand_in(&format!("honest{number}/exercises/03_dense_layer/src/lib.rs"), &code);
    }
    class.grade(0, &["--seed", "5", "--to", "honest.db"]);

    class.write("secret.txt", SECRET);
    let path = |name: &str| class.path(name).to_str().unwrap().to_owned();
    let places = [
        ("course", course().to_str().unwrap().to_owned()),
        ("secret", path("secret.txt")),
        ("place", path("place")),
        // What this class has of results.
        ("results", path("class.jsonl")),
        ("grader", env!("CARGO_BIN_EXE_class").to_owned()),
        ("judges", course().join("target/grader/judges").to_str().unwrap().to_owned()),
        ("judge_crate", path("no such file")),
        ("port", "9".to_owned()),
    ];
    let solution = fs::read_to_string(course().join("solutions/03_dense_layer/src/lib.rs")).unwrap();
    let attacks = attacks();
    let hostile = (count / 4).clamp(1, attacks.len());
    for (number, attack) in attacks.iter().step_by(attacks.len() / hostile).take(hostile).enumerate() {
        let folder = class.path(&format!("submissions/hostile{number}/exercises/03_dense_layer"));
        fs::create_dir_all(&folder).unwrap();
        match attack.folder {
            Some(make) => make(&folder, &solution),
            None => source(&folder, &filled(&attack.text(&solution), &places)),
        }
    }
    let output = class.command(&["grade", "submissions", "--seed", "5"]).output().unwrap();
    // What is no ordinary file is asked about.
    assert!(matches!(output.status.code(), Some(0 | 1)), "{}", common::said(&output));

    let results = "SELECT result.* FROM result JOIN grade USING (unit) WHERE student LIKE 'honest%' ORDER BY unit";
    let with = class.ask(results);
    let graded = class.ask("SELECT student FROM grade WHERE student LIKE 'hostile%'");
    let unclear = fs::read_to_string(class.path("class.unclear.toml")).unwrap_or_default();
    let is_told_of = |name: &String| graded.contains(name) || unclear.contains(&format!("submission = \"{name}\""));
    assert!((0..hostile).map(|number| format!("hostile{number}")).all(|name| is_told_of(&name)), "{unclear}");
    fs::copy(class.path("honest.db"), class.path("class.db")).unwrap();
    let without = class.ask(results);
    assert_eq!(without.len(), count);
    assert!(with == without, "an honest result has changed");
}
