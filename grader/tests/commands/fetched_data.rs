//! A check may need data that is no part of the course: without it the check is skipped, and with it graded.
//!
//! The data here has MNIST's form and sizes, and shows the digits of the course, enlarged.

use std::{fs, path::Path};

use crate::common::{Edited, check_of, course, grader, text};
use serde_json::Value;
use tempfile::TempDir;

/// The report on the solution of exercise 14, and the exit code, with data in `folder`.
fn report(folder: &Path) -> (Value, Option<i32>) {
    report_on("14", folder)
}

fn report_on(exercise: &str, folder: &Path) -> (Value, Option<i32>) {
    let mut command = grader();
    command.args(["check", exercise, "--solution", "--format", "json"]).env("NEURONLINGS_DATA", folder);
    let output = command.output().expect("the grader runs");
    let report =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", text(&output.stderr)));
    (report, output.status.code())
}

#[test]
fn without_its_data_a_check_is_skipped_and_costs_nothing() {
    let nothing = tempfile::tempdir().expect("a temporary folder");
    let (report, code) = report(nothing.path());
    let check = check_of(&report, "read_mnist");
    assert_eq!(check["status"], "skipped");
    assert_eq!(
        check["message"],
        "waits for MNIST: there is no train-images-idx3-ubyte or train-images-idx3-ubyte.gz in NEURONLINGS_DATA or the folder \
         mnist in it; `cargo run -p grader -- data fetch mnist` downloads it"
    );
    assert_eq!((&report["score"], &report["status"]), (&report["max_score"], &"complete".into()));
    assert_eq!(code, Some(0));
}

#[test]
fn with_its_data_a_check_is_graded() {
    let (report, code) = report(like_mnist().path());
    let check = check_of(&report, "read_mnist");
    assert_eq!((&check["status"], &check["points"]), (&"passed".into(), &3.into()), "{}", check["message"]);
    assert_eq!(code, Some(0));
}

#[test]
fn a_study_of_several_trainings_is_graded_as_well() {
    let (report, code) = report_on("16", like_mnist().path());
    for (id, points) in [("mnist", 3), ("mnist_rates", 1), ("mnist_activations", 1), ("mnist_batches", 1)] {
        let check = check_of(&report, id);
        assert_eq!((&check["status"], &check["points"]), (&"passed".into(), &points.into()), "{}", check["message"]);
    }
    assert_eq!(code, Some(0));
}

/// The stub: its pictures need no training.
#[test]
fn studies_of_fetched_data_are_drawn_and_without_it_they_are_not() {
    let nothing = tempfile::tempdir().expect("a temporary folder");
    let stub = fs::read_to_string(course().join("grader/hidden/16_experiments/stub.rs")).expect("a stub");
    let stub = Edited::source(&stub);
    let drawn = |data: &Path| {
        let mut command = grader();
        command.args(["plot", "16", "--source"]).arg(stub.folder.path()).env("NEURONLINGS_DATA", data);
        text(&command.output().expect("the grader runs").stdout)
    };
    let titles = [
        "MNIST: how wide?",
        "MNIST: how deep, and which rate?",
        "MNIST: which activation?",
        "MNIST: which batch size?",
    ];
    let (with, without) = (drawn(like_mnist().path()), drawn(nothing.path()));
    for title in titles {
        assert!(with.contains(title) && !without.contains("MNIST"), "{with}{without}");
    }
    assert!(with.contains("`grid_settings` is still to do"), "{with}");
}

#[test]
fn damaged_data_is_no_fault_of_the_learners() {
    let folder = like_mnist();
    fs::write(folder.path().join("mnist/train-images-idx3-ubyte"), "<html>").expect("a writable folder");
    let (report, code) = report(folder.path());
    let check = check_of(&report, "read_mnist");
    assert_eq!(check["status"], "skipped");
    assert!(check["message"].as_str().is_some_and(|message| message.contains("cannot be used")), "{check}");
    assert_eq!(code, Some(0));
}

/// Files of MNIST's names and sizes.
fn like_mnist() -> TempDir {
    let data = tempfile::tempdir().expect("a temporary folder");
    let folder = data.path().join("mnist");
    fs::create_dir(&folder).expect("a writable folder");
    let digits = datasets::digits();
    let images: Vec<Vec<u8>> = digits.features.rows().into_iter().map(|row| enlarged(&row.to_vec())).collect();
    for (part, n) in [("train", 60_000_u32), ("t10k", 10_000)] {
        let chosen = || (0..n as usize).map(|number| number % images.len());
        let header = |magic: u32, sizes: &[u32]| -> Vec<u8> {
            [magic].iter().chain(sizes).flat_map(|number| number.to_be_bytes()).collect()
        };
        let mut pixels = header(0x0803, &[n, 28, 28]);
        pixels.extend(chosen().flat_map(|number| &images[number]));
        let mut labels = header(0x0801, &[n]);
        labels.extend(chosen().map(|number| digits.labels[number] as u8));
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), pixels).expect("a writable folder");
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), labels).expect("a writable folder");
    }
    data
}

/// A digit of 8×8 pixels in the middle of 28×28, each of its pixels as a square of 3×3.
fn enlarged(digit: &[f64]) -> Vec<u8> {
    let pixel = |row: usize, column: usize| match (row.checked_sub(2), column.checked_sub(2)) {
        (Some(row @ 0..24), Some(column @ 0..24)) => (digit[row / 3 * 8 + column / 3] * 255.0 / 16.0) as u8,
        _ => 0,
    };
    (0..28 * 28).map(|place| pixel(place / 28, place % 28)).collect()
}
