//! The course proves itself: a sixteenth of `grader verify`, in which all exercises have a part. `.ci/run` has the whole.

mod common;

use common::{grader, text};
use serde_json::Value;

#[test]
fn every_check_accepts_what_is_right_and_names_what_is_wrong() {
    let output = grader().args(["verify", "--shard", "1/16", "--format", "json"]).output().unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    assert_eq!(summary["problems"], Value::Array(Vec::new()), "{summary:#}");
    assert_eq!(output.status.code(), Some(0));
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert!(number("exercises") > 0);
    assert_eq!(number("wrong_caught"), number("wrong_variants"));
    assert_eq!(number("wrong_named"), number("wrong_variants"));
    assert_eq!(number("right_passed"), number("right_variants"));
}
