//! The course proves itself: `grader verify` of one exercise. `.ci/run` has the whole.

use serde_json::Value;

use crate::common::{grader, text};

#[test]
fn every_check_accepts_what_is_right_and_names_what_is_wrong() {
    let output = grader().args(["verify", "3", "--format", "json"]).output().unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)));
    assert_eq!(summary["problems"], Value::Array(Vec::new()), "{summary:#}");
    assert_eq!(output.status.code(), Some(0));
    let number = |name: &str| summary[name].as_u64().unwrap();
    assert!(number("wrong_variants") > 0 && number("right_variants") > 0);
    assert_eq!(number("wrong_caught"), number("wrong_variants"));
    assert_eq!(number("wrong_named"), number("wrong_variants"));
    assert_eq!(number("right_passed"), number("right_variants"));
}
