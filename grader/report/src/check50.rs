//! A report as the JSON that check50 writes, for what reads it.

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::{CheckReport, Report, plain};
use wire::judge::Status;

#[derive(Serialize)]
struct Document<'a> {
    /// The name of the checks: here of the exercise.
    slug: &'a str,
    results: Vec<CheckResult<'a>>,
    /// Of the grader, whose checks these are.
    version: &'static str,
}

#[derive(Serialize)]
struct CheckResult<'a> {
    name: &'a str,
    description: &'a str,
    /// `null` where the check could say nothing.
    passed: Option<bool>,
    log: Vec<String>,
    cause: Option<Cause<'a>>,
    data: Value,
    dependency: Option<&'a str>,
}

#[derive(Serialize)]
struct Cause<'a> {
    rationale: &'a str,
    help: Option<&'a str>,
    #[serde(flatten)]
    mismatch: Option<Mismatch<'a>>,
}

/// Both or neither.
#[derive(Serialize)]
struct Mismatch<'a> {
    expected: &'a str,
    actual: &'a str,
}

/// The report as a document.
pub fn render(report: &Report) -> Result<String> {
    let broken = (!report.compiled).then(|| compiles(report));
    let document = Document {
        slug: &report.exercise.name,
        results: broken.into_iter().chain(report.checks.iter().map(|check| result(report, check))).collect(),
        version: env!("CARGO_PKG_VERSION"),
    };
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

/// What all checks of code that does not compile wait for.
const COMPILES: &str = "compiles";

fn compiles(report: &Report) -> CheckResult<'_> {
    CheckResult {
        name: COMPILES,
        description: "the code compiles",
        passed: Some(false),
        log: plain::errors(report).lines().map(str::to_owned).collect(),
        cause: Some(Cause { rationale: "the code does not compile", help: None, mismatch: None }),
        data: json!({ "provenance": report.provenance() }),
        dependency: None,
    }
}

fn result<'a>(report: &'a Report, check: &'a CheckReport) -> CheckResult<'a> {
    CheckResult {
        name: &check.id,
        description: &check.title,
        passed: match check.status {
            Status::Passed => Some(true),
            Status::Skipped => None,
            Status::Failed | Status::NotStarted | Status::Crashed | Status::TimedOut => Some(false),
        },
        log: check.output.lines().map(str::to_owned).collect(),
        cause: (check.status != Status::Passed).then(|| cause(check)),
        data: json!({
            "points": check.points,
            "max_points": check.max_points,
            "status": check.status,
            "mistake": check.mistake,
            "input": check.input,
            "provenance": report.provenance(),
        }),
        dependency: dependency(report, check),
    }
}

fn cause(check: &CheckReport) -> Cause<'_> {
    let mismatch = match (&check.expected, &check.observed) {
        (Some(expected), Some(actual)) => Some(Mismatch { expected, actual }),
        _ => None,
    };
    Cause { rationale: &check.message, help: check.advice(), mismatch }
}

/// check50 has room for one: the first that keeps this check from being run, or else the first.
fn dependency<'a>(report: &Report, check: &'a CheckReport) -> Option<&'a str> {
    if !report.compiled {
        return Some(COMPILES);
    }
    let passed = |id: &str| report.checks.iter().any(|other| other.id == id && other.status == Status::Passed);
    check.after.iter().find(|id| !passed(id)).or(check.after.first()).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonschema::Validator;
    use proptest::prelude::*;

    use super::{super::samples, *};

    static SCHEMA: LazyLock<Validator> =
        LazyLock::new(|| samples::schema(include_str!("../../tests/schemas/check50.schema.json")));

    #[test]
    fn check50_gets_rationale_help_and_both_values() {
        let document = samples::valid(&render(&samples::report()).unwrap(), &SCHEMA);
        let results = document["results"].as_array().unwrap();
        let passed: Vec<Option<bool>> = results.iter().map(|result| result["passed"].as_bool()).collect();
        let [yes, no, nothing] = [Some(true), Some(false), None];
        assert_eq!(passed, [yes, no, no, no, no, no, nothing, no]);
        assert_eq!(results[1]["cause"]["expected"], "[0.5, -0.5]");
        assert_eq!(results[1]["cause"]["actual"], "[1, -1]");
        assert_eq!(results[1]["cause"]["help"], Value::Null, "a recognised mistake needs no hint");
        assert_eq!(results[5]["cause"]["help"], "Begin with the residuals.");
        assert_eq!(results[6]["dependency"], "huber", "of two the one that is not passed");
        assert_eq!(results[0]["data"]["provenance"]["seed"], 5);
    }

    #[test]
    fn all_checks_of_code_that_does_not_compile_wait_for_the_compiler() {
        let document = samples::valid(&render(&samples::broken()).unwrap(), &SCHEMA);
        let results = document["results"].as_array().unwrap();
        assert_eq!((&results[0]["name"], &results[0]["passed"]), (&json!("compiles"), &json!(false)));
        assert!(results[0]["log"][0].as_str().unwrap().starts_with("error[E0277]"));
        assert!(results[1..].iter().all(|result| result["passed"].is_null() && result["dependency"] == "compiles"));
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_document(report in samples::hostile()) {
            let json = render(&report).unwrap();
            samples::valid(&json, &SCHEMA);
            prop_assert!(!json.lines().any(|line| line.trim_start().starts_with("::")));
        }
    }
}
