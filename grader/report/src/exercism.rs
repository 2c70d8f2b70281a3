//! A report as the `results.json` of an Exercism test runner, version 3 of its interface.
//!
//! That format knows no task that may be left open, so a bonus check that is not passed is left out.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::{CheckReport, Report, plain};
use crate::sanitise::beginning;
use wire::judge::Status;

/// The interface allows so many characters of output.
const MAX_OUTPUT: usize = 500;

const TRUNCATED: &str = "\nOutput was truncated. Please limit to 500 chars";

#[derive(Serialize)]
struct Results<'a> {
    version: u32,
    status: &'static str,
    message: Option<String>,
    tests: Vec<Test<'a>>,
    /// A field of ours: the interface names the fields that it reads, and this is none of them.
    provenance: BTreeMap<&'static str, Value>,
}

#[derive(Serialize)]
struct Test<'a> {
    name: &'a str,
    status: &'static str,
    message: Option<String>,
    output: Option<String>,
    /// The inputs: there is no code of a test that a learner could read.
    #[serde(skip_serializing_if = "Option::is_none")]
    test_code: Option<&'a str>,
    /// Tasks are numbered in the order of the exercise.
    task_id: usize,
}

/// The report as a document.
pub fn render(report: &Report) -> Result<String> {
    let tests = if report.compiled { tests(report) } else { Vec::new() };
    let status = match () {
        () if !report.compiled => "error",
        () if tests.iter().all(|test| test.status == "pass") => "pass",
        () => "fail",
    };
    let message = (!report.compiled).then(|| plain::errors(report));
    let results = Results { version: 3, status, message, tests, provenance: report.provenance() };
    Ok(serde_json::to_string_pretty(&results)? + "\n")
}

fn tests(report: &Report) -> Vec<Test<'_>> {
    let tasks = report.tasks();
    let number = |check: &CheckReport| 1 + tasks.iter().position(|task| task.name == check.task).unwrap_or(0);
    let asked = report.checks.iter().filter(|check| !check.bonus || check.status == Status::Passed);
    asked
        .map(|check| Test {
            name: &check.title,
            status: match check.status {
                Status::Passed => "pass",
                Status::Failed | Status::NotStarted | Status::Skipped => "fail",
                Status::Crashed | Status::TimedOut => "error",
            },
            message: (check.status != Status::Passed).then(|| plain::explanation(check)),
            output: (!check.output.is_empty()).then(|| output(&check.output)),
            test_code: check.input.as_deref(),
            task_id: number(check),
        })
        .collect()
}

fn output(text: &str) -> String {
    if text.chars().count() <= MAX_OUTPUT {
        return text.to_owned();
    }
    beginning(text, MAX_OUTPUT - TRUNCATED.len()).into_owned() + TRUNCATED
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonschema::Validator;
    use proptest::prelude::*;

    use super::{super::samples, *};

    static SCHEMA: LazyLock<Validator> =
        LazyLock::new(|| samples::schema(include_str!("../../tests/schemas/exercism.schema.json")));

    #[test]
    fn exercism_gets_the_tests_in_order_with_the_task_of_each() {
        let results = samples::valid(&render(&samples::report()).unwrap(), &SCHEMA);
        let tests = results["tests"].as_array().unwrap();
        let statuses: Vec<&str> = tests.iter().map(|test| test["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, ["pass", "fail", "fail", "fail", "error", "fail", "fail"], "the open bonus is left out");
        let tasks: Vec<u64> = tests.iter().map(|test| test["task_id"].as_u64().unwrap()).collect();
        assert_eq!(tasks, [1, 2, 2, 3, 4, 5, 6]);
        let output = tests[4]["output"].as_str().unwrap();
        assert_eq!(output.chars().count(), MAX_OUTPUT);
        assert!(output.ends_with(TRUNCATED));
    }

    #[test]
    fn a_compiler_error_is_the_only_thing_that_is_said() {
        let results = samples::valid(&render(&samples::broken()).unwrap(), &SCHEMA);
        assert_eq!(results["status"], "error");
        assert!(results["message"].as_str().unwrap().contains("error[E0277]: cannot add"));
    }

    #[test]
    fn full_marks_pass() {
        assert_eq!(samples::valid(&render(&samples::complete()).unwrap(), &SCHEMA)["status"], "pass");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_document(mut report in samples::hostile()) {
            // rustc never says nothing at all.
            report.diagnostics.iter_mut().for_each(|diagnostic| diagnostic.rendered.push_str("error"));
            let json = render(&report).unwrap();
            samples::valid(&json, &SCHEMA);
            prop_assert!(!json.lines().any(|line| line.trim_start().starts_with("::")));
        }
    }
}
