//! The reports as the `results.json` of a Gradescope autograder: one list of tests, whatever the number of exercises.
//!
//! The score is the one of every other format, without bonus; the tests of bonus tasks carry the tag `bonus`.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Serialize;
use serde_json::{Value, json};

use super::{CheckReport, ExerciseStatus, Report, plain};
use wire::judge::Status;

#[derive(Serialize)]
struct Results<'a> {
    score: u32,
    execution_time: f64,
    output: String,
    /// Not HTML and not Markdown: whatever the submission had a hand in is shown as it is.
    output_format: &'static str,
    test_output_format: &'static str,
    test_name_format: &'static str,
    visibility: &'static str,
    /// What the autograder prints is for instructors.
    stdout_visibility: &'static str,
    extra_data: Value,
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Test<'a> {
    score: u32,
    max_score: u32,
    status: &'static str,
    name: &'a str,
    number: String,
    output: String,
    tags: Vec<&'a str>,
    visibility: &'static str,
    extra_data: Value,
}

/// The reports as one document.
pub fn render(reports: &[Report]) -> Result<String> {
    let exercises: BTreeMap<&str, Value> =
        reports.iter().map(|report| (&*report.exercise.name, exercise(report))).collect();
    let results = Results {
        score: reports.iter().map(Report::score).sum(),
        execution_time: reports.iter().map(|report| report.duration_ms).sum::<u64>() as f64 / 1000.0,
        output: reports
            .iter()
            .map(summary)
            .chain(reports.first().map(Report::seed_again))
            .collect::<Vec<_>>()
            .join("\n\n"),
        output_format: "text",
        test_output_format: "text",
        test_name_format: "text",
        visibility: "visible",
        stdout_visibility: "hidden",
        extra_data: json!({ "exercises": exercises }),
        tests: reports.iter().flat_map(tests).collect(),
    };
    Ok(serde_json::to_string_pretty(&results)? + "\n")
}

fn exercise(report: &Report) -> Value {
    json!({
        "status": report.status(),
        "score": report.score(),
        "max_score": report.max_score(),
        "bonus_score": report.bonus_score(),
        "max_bonus": report.max_bonus(),
        "provenance": report.provenance(),
    })
}

/// How one exercise stands, above the tests.
fn summary(report: &Report) -> String {
    let title = format!("{} · {}", report.exercise.number, report.exercise.title);
    match report.status() {
        ExerciseStatus::DoesNotCompile => {
            format!("{title}: not graded, because it does not compile.\n\n{}", plain::errors(report))
        }
        _ => format!("{title}: {} of {} points.", report.score(), report.max_score()),
    }
}

fn tests(report: &Report) -> impl Iterator<Item = Test<'_>> {
    (1..).zip(&report.checks).map(|(index, check)| Test {
        score: check.points,
        max_score: check.max_points,
        status: if check.status == Status::Passed { "passed" } else { "failed" },
        name: &check.title,
        number: format!("{}.{index}", report.exercise.number),
        output: output(check),
        tags: [&*report.exercise.name, &*check.task].into_iter().chain(check.bonus.then_some("bonus")).collect(),
        visibility: "visible",
        extra_data: json!({ "id": check.id, "status": check.status, "mistake": check.mistake }),
    })
}

fn output(check: &CheckReport) -> String {
    let mut text = plain::explanation(check);
    if !check.output.is_empty() {
        if !text.is_empty() {
            text += "\n\n";
        }
        text += &format!("your code printed:\n{}", check.output);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use jsonschema::Validator;
    use proptest::prelude::*;

    use super::{super::samples, *};

    static SCHEMA: LazyLock<Validator> =
        LazyLock::new(|| samples::schema(include_str!("../../tests/schemas/gradescope.schema.json")));

    #[test]
    fn gradescope_gets_scores_a_list_of_tests_and_where_the_report_comes_from() {
        let results = samples::valid(&render(&samples::all()).unwrap(), &SCHEMA);
        assert_eq!(results["score"], samples::all().iter().map(Report::score).sum::<u32>());
        let tests = results["tests"].as_array().unwrap();
        assert_eq!(tests.len(), 18);
        let wrong = &tests[1];
        assert_eq!((&wrong["score"], &wrong["max_score"], &wrong["status"]), (&json!(0), &json!(2), &json!("failed")));
        assert_eq!(wrong["number"], "4.2");
        assert_eq!(wrong["extra_data"]["mistake"], "not_averaged");
        let output = wrong["output"].as_str().unwrap();
        assert!(output.starts_with("Each entry is n times too large"), "{output}");
        assert!(output.contains("expected:\n[0.5, -0.5]\n\ngot:\n[1, -1]"), "{output}");
        assert_eq!(tests[7]["tags"], json!(["04_mae", "pinball", "bonus"]));
        assert_eq!(results["extra_data"]["exercises"]["04_mae"]["provenance"]["seed"], 5);
    }

    #[test]
    fn why_nothing_was_graded_stands_above_the_tests() {
        let results = samples::valid(&render(&[samples::broken()]).unwrap(), &SCHEMA);
        let output = results["output"].as_str().unwrap();
        assert!(output.contains("does not compile.\n\nerror[E0277]: cannot add"), "{output}");
        assert!(output.ends_with("\n\nThe inputs were drawn with the seed 5; --seed 5 draws them again."), "{output}");
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_document(report in samples::hostile()) {
            let json = render(&[report]).unwrap();
            samples::valid(&json, &SCHEMA);
            prop_assert!(!json.lines().any(|line| line.trim_start().starts_with("::")));
        }
    }
}
