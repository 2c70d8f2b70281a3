//! The rules that keep the workflows safe, whoever edits them next. That they work is tested in `pull_requests.rs`; that
//! GitHub understands them, by actionlint in `.ci/run`.

use std::fs;

use crate::common::course;
use serde_json::{Value, json};

/// The workflows by the names of their files, read strictly: a key that stands twice is an error.
fn workflows() -> Vec<(String, Value)> {
    let read = |entry: std::io::Result<fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let parsed = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap());
        (name, parsed.unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    };
    let found: Vec<_> = fs::read_dir(course().join(".github/workflows")).unwrap().map(read).collect();
    assert!(found.len() >= 3);
    found
}

fn workflow(name: &str) -> Value {
    workflows().into_iter().find(|(file, _)| file == name).unwrap().1
}

fn jobs(workflow: &Value) -> Vec<Value> {
    workflow["jobs"].as_object().unwrap().values().cloned().collect()
}

fn steps(workflow: &Value) -> Vec<Value> {
    jobs(workflow).iter().flat_map(|job| job["steps"].as_array().unwrap().clone()).collect()
}

#[test]
fn nothing_of_a_pull_request_runs_with_rights() {
    for (name, workflow) in workflows() {
        let text = workflow.to_string();
        assert!(!text.contains("pull_request_target"), "{name}");
        assert!(!text.contains("secrets"), "{name}");
        let permissions = match name.as_str() {
            "comment" => json!({"actions": "read", "contents": "read", "pull-requests": "write"}),
            "grade" => json!({"actions": "read", "contents": "read"}),
            "book" => json!({"contents": "read", "id-token": "write", "pages": "write"}),
            _ => json!({"contents": "read"}),
        };
        assert_eq!(workflow["permissions"], permissions, "{name}");
        for job in jobs(&workflow) {
            assert_eq!(job["permissions"], Value::Null, "{name}: one place says it");
            assert!(job["timeout-minutes"].as_u64().is_some_and(|minutes| minutes <= 90), "{name}");
        }
    }
    assert_eq!(workflow("grade")["on"], "pull_request");
    let book = workflow("book");
    assert_eq!(book["on"], json!({"push": null, "workflow_dispatch": null}));
    for job in jobs(&book) {
        assert_eq!(job["if"], "github.ref_name == github.event.repository.default_branch");
    }
    assert_eq!(workflow("comment")["on"], json!({"workflow_run": {"workflows": ["Grade"], "types": ["completed"]}}));
}

#[test]
fn scripts_are_files_into_which_nothing_is_pasted() {
    for (name, workflow) in workflows() {
        for step in steps(&workflow) {
            let Some(run) = step["run"].as_str() else { continue };
            assert!(!run.contains("${{"), "{name}: a value goes into `env`: {run}");
            // comment.yml has no files, and fetches its script.
            if name != "comment" {
                let script = run.split(' ').next().unwrap();
                let script = script.strip_prefix("course/").unwrap_or(script);
                assert!(script.starts_with(".github/scripts/") && course().join(script).is_file(), "{name}: {run}");
            }
        }
    }
    // Where there is a pull request beside the course, the scripts are the course's.
    for step in steps(&workflow("grade")) {
        assert!(step["run"].as_str().is_none_or(|run| run.starts_with("course/.github/scripts/")), "{step}");
    }
}

#[test]
fn checkouts_keep_no_token_and_the_workflow_that_writes_has_none() {
    for (name, workflow) in workflows() {
        for step in steps(&workflow) {
            let Some(uses) = step["uses"].as_str() else { continue };
            assert!(uses.starts_with("actions/"), "{name}: {uses} is not GitHub's own");
            if uses.starts_with("actions/checkout@") {
                assert_eq!(step["with"]["persist-credentials"], false, "{name}");
            }
        }
    }
    let checkouts: Vec<Value> = steps(&workflow("grade"))
        .into_iter()
        .filter(|step| step["uses"].as_str().is_some_and(|uses| uses.starts_with("actions/checkout@")))
        .map(|step| json!([step["with"]["path"], step["with"]["ref"]]))
        .collect();
    assert_eq!(
        checkouts,
        [
            json!(["course", "${{ github.event.pull_request.base.sha }}"]),
            json!(["pull-request", "${{ github.event.pull_request.head.sha }}"]),
        ]
    );
    assert!(steps(&workflow("comment")).iter().all(|step| step["uses"].is_null()));
}

#[test]
fn grading_needs_the_sandbox_and_no_cache() {
    let script = fs::read_to_string(course().join(".github/scripts/grade.sh")).unwrap();
    assert!(script.contains(" --sandbox require "));
    for name in ["grade", "comment"] {
        assert!(!workflow(name).to_string().contains("actions/cache"), "a pull request can write caches for itself");
    }
}
