//! The report as JSON: the model behind every other format.

use anyhow::Result;
use serde::Serialize;

use super::{CheckReport, ExerciseStatus, Report, SCHEMA_VERSION};
use crate::{Diagnostic, FirstAnswer};

#[derive(Serialize)]
struct Document<'a> {
    schema_version: u32,
    course: &'a str,
    exercise: &'a str,
    source_digest: &'a str,
    checks_digest: &'a str,
    course_commit: Option<&'a str>,
    seed: u64,
    grader_version: &'static str,
    rustc_version: &'a str,
    /// What the submission ran in.
    sandbox: &'a str,
    score: u32,
    max_score: u32,
    bonus_score: u32,
    max_bonus: u32,
    status: ExerciseStatus,
    checks: &'a [CheckReport],
    diagnostics: Vec<Diagnostic>,
    /// Everything that the learner's code printed and that its checks show.
    output: String,
    duration_ms: u64,
    /// Nothing has changed since an earlier check, so nothing was run.
    unchanged: bool,
    /// The first answers to the exercise's questions; not there where none was answered.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    answers: &'a [FirstAnswer],
}

#[derive(Serialize)]
struct All<'a> {
    schema_version: u32,
    score: u32,
    max_score: u32,
    exercises: Vec<Document<'a>>,
}

/// One report.
pub fn render(report: &Report) -> Result<String> {
    Ok(serde_json::to_string_pretty(&document(report))? + "\n")
}

/// The reports on several exercises.
pub fn render_all(reports: &[Report]) -> Result<String> {
    let all = All {
        schema_version: SCHEMA_VERSION,
        score: reports.iter().map(Report::score).sum(),
        max_score: reports.iter().map(Report::max_score).sum(),
        exercises: reports.iter().map(document).collect(),
    };
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}

fn document(report: &Report) -> Document<'_> {
    let plain = |diagnostic: &Diagnostic| Diagnostic {
        rendered: anstream::adapter::strip_str(&diagnostic.rendered).to_string(),
        ..diagnostic.clone()
    };
    let outputs: Vec<&str> =
        report.checks.iter().map(|check| check.output.as_str()).filter(|output| !output.is_empty()).collect();
    Document {
        schema_version: SCHEMA_VERSION,
        course: &report.course,
        exercise: &report.exercise.name,
        source_digest: &report.source_digest,
        checks_digest: &report.checks_digest,
        course_commit: report.course_commit.as_deref(),
        seed: report.seed,
        grader_version: env!("CARGO_PKG_VERSION"),
        rustc_version: &report.rustc_version,
        sandbox: &report.sandbox,
        score: report.score(),
        max_score: report.max_score(),
        bonus_score: report.bonus_score(),
        max_bonus: report.max_bonus(),
        status: report.status(),
        checks: &report.checks,
        diagnostics: report.diagnostics.iter().map(plain).collect(),
        output: outputs.join("\n"),
        duration_ms: report.duration_ms,
        unchanged: report.unchanged,
        answers: &report.answers,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonschema::Validator;
    use proptest::prelude::*;

    use super::{super::samples, *};

    static SCHEMA: LazyLock<Validator> =
        LazyLock::new(|| samples::schema(include_str!("../../../docs/schema/report.schema.json")));

    #[test]
    fn the_published_schema_describes_every_report() {
        for report in samples::all() {
            samples::valid(&render(&report).unwrap(), &SCHEMA);
        }
        let all = samples::valid(&render_all(&samples::all()).unwrap(), &SCHEMA);
        assert_eq!(all["exercises"].as_array().unwrap().len(), 3);
        samples::valid(&render_all(&[]).unwrap(), &SCHEMA);
    }

    #[test]
    fn the_schema_refuses_a_field_that_is_missing_or_not_in_it() {
        let report: serde_json::Value = serde_json::from_str(&render(&samples::report()).unwrap()).unwrap();
        assert!(SCHEMA.is_valid(&report));
        for field in report.as_object().unwrap().keys() {
            if field == "answers" {
                continue;
            }
            let mut without = report.clone();
            without.as_object_mut().unwrap().remove(field);
            assert!(!SCHEMA.is_valid(&without), "{field}");
        }
        let mut more = report.clone();
        more["checks"][0]["grade"] = 1.into();
        assert!(!SCHEMA.is_valid(&more));
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
