//! What a learner lives in: progress, hints, resets, solutions. Everything happens in a copy of the course whose path has
//! blanks in it.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::OnceLock,
    thread,
    time::Duration,
};

use crate::common::{grader, new_course, text};
use serde_json::Value;

/// The copy, as a learner gets it. Each test takes exercises of its own.
fn my_course() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| new_course("my course"))
}

fn stub(course: &Path, exercise: &str) -> String {
    fs::read_to_string(course.join("grader/hidden").join(exercise).join("stub.rs")).expect("every exercise has a stub")
}

fn solution(course: &Path, exercise: &str) -> String {
    fs::read_to_string(course.join("solutions").join(exercise).join("src/lib.rs")).expect("a solution")
}

fn lib(course: &Path, exercise: &str) -> PathBuf {
    course.join("exercises").join(exercise).join("src/lib.rs")
}

fn write(course: &Path, exercise: &str, source: &str) {
    fs::write(lib(course, exercise), source).expect("the copy is ours");
}

fn command(arguments: &[&str]) -> Command {
    let mut command = grader();
    command.current_dir(my_course()).env_remove("CARGO_TARGET_DIR").args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().expect("the grader runs")
}

fn json(arguments: &[&str]) -> Value {
    let output = run(arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)))
}

/// The row of `exercise` in the list.
fn row(exercise: &str) -> Value {
    let list = json(&["list", "--format", "json"]);
    assert_eq!(list["schema_version"], 1);
    list["exercises"].as_array().unwrap().iter().find(|row| row["name"] == exercise).unwrap().clone()
}

#[test]
fn a_check_of_what_has_not_changed_is_not_run_again_and_says_so() {
    let (course, exercise) = (my_course(), "03_dense_layer");
    write(
        course,
        exercise,
        &solution(course, exercise).replace("x.dot(&self.weights) + &self.biases", "x.dot(&self.weights)"),
    );
    let mut first = json(&["check", "3", "--format", "json"]);
    assert_eq!(first["unchanged"], false);
    let second = json(&["check", "3", "--format", "json"]);
    assert_eq!(second["unchanged"], true);
    first["unchanged"] = true.into();
    assert_eq!(first, second, "it is the same report, mistakes and times included");
    assert!(text(&run(&["check", "3"]).stdout).contains("unchanged since the last check"));

    // Saving the same text again changes nothing; another seed or another text does.
    write(course, exercise, &fs::read_to_string(lib(course, exercise)).unwrap());
    assert_eq!(json(&["check", "3", "--format", "json"])["unchanged"], true);
    assert_eq!(json(&["check", "3", "--format", "json", "--seed", "1"])["unchanged"], false);
    write(course, exercise, &solution(course, exercise));
    let solved = json(&["check", "3", "--format", "json"]);
    assert_eq!((&solved["unchanged"], &solved["status"]), (&false.into(), &"complete".into()));

    // What is kept is only a cache.
    fs::write(course.join("target/grader").join(exercise).join("report.json"), "{ damaged").unwrap();
    assert_eq!(json(&["check", "3", "--format", "json"])["unchanged"], false);
}

#[test]
fn the_list_shows_how_far_the_learner_has_come_and_what_changed_since() {
    let (course, exercise) = (my_course(), "02_elu");
    assert_eq!((&row(exercise)["status"], &row(exercise)["checked_at"]), (&"not_started".into(), &Value::Null));
    write(course, exercise, &solution(course, exercise));
    run(&["check", "2"]);
    let complete = row(exercise);
    assert_eq!((&complete["status"], &complete["score"]), (&"complete".into(), &complete["max_score"]));
    assert!(complete["completed_at"].is_string() && complete["changed"].is_null());

    write(course, exercise, "fn half(");
    assert_eq!(row(exercise)["changed"], "source");
    let listed = run(&["list"]);
    assert_eq!(listed.status.code(), Some(0), "a list is no grade");
    assert!(text(&listed.stdout).contains("edited since the last check"));
    run(&["check", "2"]);
    let broken = row(exercise);
    assert_eq!((&broken["status"], &broken["score"]), (&"does_not_compile".into(), &complete["score"]));

    fs::remove_file(lib(course, exercise)).unwrap();
    assert_eq!(row(exercise)["changed"], "gone");
    let output = run(&["check", "2"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("reset 2` brings the stub back"));
}

#[test]
fn hints_come_one_at_a_time_for_the_first_task_that_is_open() {
    for (number, left) in [("1", "2 more"), ("2", "1 more"), ("3", "the last one"), ("3", "the last one")] {
        let output = run(&["hint", "4"]);
        assert_eq!(output.status.code(), Some(0), "a hint is no grade");
        let shown = text(&output.stdout);
        assert!(shown.starts_with(&format!("mae_loss · hint {number} of 3\n")) && shown.contains(left), "{shown}");
    }
    let of_another_task = text(&run(&["hint", "4", "--task", "mse_loss"]).stdout);
    assert!(of_another_task.starts_with("mse_loss · hint 1 of 3\n"), "{of_another_task}");
    let output = run(&["hint", "4", "--task", "nonsense"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("its tasks are mae_loss, "));
    assert_eq!(row("04_mae")["hints_taken"], 4);
    // Without an answer, which is a no.
    let refused = text(&command(&["solution", "4"]).stdin(Stdio::null()).output().unwrap().stdout);
    assert!(refused.contains("every hint for `mae_loss`") && refused.contains("lesson 4"), "{refused}");
}

#[test]
fn a_reset_prints_where_the_learners_version_is_and_undo_brings_it_back() {
    let (course, exercise) = (my_course(), "05_manual_gradients");
    write(course, exercise, "// hours of work");
    let said = text(&run(&["reset", "5"]).stdout);
    let backup = said.lines().find(|line| line.contains("backups")).expect("the place is printed");
    assert_eq!(fs::read_to_string(Path::new(backup).join("lib.rs")).unwrap(), "// hours of work");
    assert_eq!(fs::read_to_string(lib(course, exercise)).unwrap(), stub(course, exercise));
    assert!(text(&run(&["reset", "5"]).stdout).contains("is the stub already"));
    run(&["reset", "5", "--undo"]);
    assert_eq!(fs::read_to_string(lib(course, exercise)).unwrap(), "// hours of work");
}

#[test]
fn the_solution_is_shown_only_after_a_yes_while_the_exercise_is_open() {
    let ask = |answer: &str| {
        let mut grader = command(&["solution", "6"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        grader.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
        grader.wait_with_output().unwrap()
    };
    let line = "pub fn one_hot(";
    for no in ["", "\n", "n\n", "nonsense\n"] {
        let output = ask(no);
        assert_eq!(output.status.code(), Some(0), "it did what was asked for");
        assert!(!text(&output.stdout).contains(line), "{no:?}");
        assert!(text(&output.stdout).contains("hint 6` gives the next hint"));
        assert!(text(&output.stderr).contains("not solved yet"));
    }
    let shown = text(&ask("y\n").stdout);
    assert!(shown.contains(line) && shown.contains("todo!()"), "yours and the reference");
    assert!(text(&run(&["solution", "6", "--yes"]).stdout).contains(line));
}

#[test]
fn a_grader_that_is_killed_leaves_the_progress_whole() {
    run(&["hint", "7", "--task", "tensors"]);
    let progress = my_course().join("progress.json");
    for round in 0..24 {
        let mut grader = command(&["hint", "1", "--task", "neuron"]).stdout(Stdio::null()).spawn().unwrap();
        thread::sleep(Duration::from_millis(2 * (round % 12)));
        let _ = grader.kill();
        grader.wait().unwrap();
        let whole: Value = serde_json::from_slice(&fs::read(&progress).unwrap()).expect("never half a file");
        assert_eq!(whole["schema_version"], 1);
    }
}

#[test]
fn first_answers_to_questions_are_noted_listed_and_reported_and_are_worth_no_points() {
    let (course, exercise) = (my_course(), "05_manual_gradients");
    let answers = course.join("exercises").join(exercise).join("answers.json");
    let _ = fs::remove_file(&answers);
    let quiz = |typed: &str| {
        let mut quiz = command(&["quiz", "5", "--format", "json"]);
        let mut quiz = quiz.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        quiz.stdin.take().unwrap().write_all(typed.as_bytes()).unwrap();
        let output = quiz.wait_with_output().unwrap();
        assert!(output.status.success());
        let lines = text(&output.stdout);
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>()
    };
    let said = quiz("nonsense!\na\n");
    assert!(said[0]["ask"].as_str().unwrap().contains("**a**"), "{}", said[0]);
    assert_eq!(said[1]["verdict"], "unclear");
    let right = said[2]["verdict"] == "right";
    let id = said[0]["question"].clone();

    let kept: Value = serde_json::from_str(&fs::read_to_string(&answers).unwrap()).unwrap();
    assert_eq!(kept["questions"][id.as_str().unwrap()]["first_right"], right);
    assert_ne!(quiz("q\n")[0]["question"], id, "it goes on with the next question");
    assert_eq!(row(exercise)["understood"], u32::from(right));

    let report = json(&["ci", "5", "--format", "json"]);
    let report = &report["exercises"][0];
    assert_eq!((&report["answers"][0]["question"], &report["answers"][0]["right"]), (&id, &right.into()));
    assert_eq!(report["score"], 0);

    // What a class made of it, from such reports.
    let folder = tempfile::tempdir().unwrap();
    for learner in 0..12 {
        let answers = format!(r#"[{{"question": "x", "right": {}, "given": "b"}}]"#, learner % 3 == 0);
        let report = format!(r#"{{"exercise": "05_manual_gradients", "answers": {answers}}}"#);
        fs::write(folder.path().join(format!("{learner}.json")), report).unwrap();
    }
    let class = json(&["quiz", "--format", "json", "--class", folder.path().to_str().unwrap()]);
    assert_eq!((&class["learners"], &class["questions"][0]["answers"]), (&12.into(), &12.into()));
    assert!((class["questions"][0]["right"].as_f64().unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert_eq!(class["questions"][0]["wrong"][0], serde_json::json!(["b", 8]));
}
