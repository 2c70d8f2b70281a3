//! From a submission to a report: the whole road in one function.

use std::time::Instant;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{
    bench::{self, Answer, Compiled, Ended, Kit, Observer, ProbeProcess, Slot, Stage, Submission},
    course::{Course, Exercise},
    files, hidden,
    judge::{self, Status, Verdict},
    report::{CheckReport, Report},
};

/// Compiles `submission` in `slot`, runs every check of `exercise` on it and reports; `observer` hears what it is
/// busy with and may call it off.
pub(crate) fn grade(
    course: &Course,
    exercise: &Exercise,
    submission: &Submission,
    kit: &Kit,
    slot: &Slot,
    seed: u64,
    observer: &dyn Observer,
) -> Result<Report> {
    let start = Instant::now();
    let checks = hidden::checks_of(&exercise.name).with_context(|| {
        format!("grader/hidden/{}/checks.rs was not there when the grader was built", exercise.name)
    })?;
    let mut report = Report::new(course, exercise, submission, seed, &kit.rustc_version, source_digest(submission)?);

    observer.on_stage(Stage::Compiling);
    match bench::compile(course, exercise, submission, kit, slot)? {
        Compiled::Broken(diagnostics) => {
            report.diagnostics = diagnostics;
            report.compiled = false;
            for check in &checks {
                let verdict = judge::not_reached("the code does not compile yet");
                let reported = CheckReport::new(course, exercise, check, verdict, &report.checks, 0);
                report.checks.push(reported);
            }
        }
        Compiled::Probe(program, warnings) => {
            report.diagnostics = warnings;
            let mut probe = ProbeProcess::new(&program, exercise.limits);
            let mut passed = Vec::new();
            for (index, check) in checks.iter().enumerate() {
                observer.on_stage(Stage::Checking { number: index + 1, total: checks.len() });
                let begun = Instant::now();
                let verdict = match check.after.iter().find(|id| !passed.contains(*id)) {
                    Some(id) => not_reached_after(id, &checks),
                    None => judge::judge(check, seed, |case| match check.program {
                        Some(program) => {
                            let errors = bench::errors_of_program(course, exercise, kit, slot, program)?;
                            let observed = judge::errors_as_text(errors).into();
                            Ok(Answer { ended: Ended::Observed(observed), output: String::new() })
                        }
                        None => probe.ask(check.experiment, case, observer),
                    })?,
                };
                if verdict.status == Status::Passed {
                    passed.push(check.id);
                }
                let duration_ms = begun.elapsed().as_millis() as u64;
                let reported = CheckReport::new(course, exercise, check, verdict, &report.checks, duration_ms);
                report.checks.push(reported);
            }
        }
    }
    report.duration_ms = start.elapsed().as_millis() as u64;
    Ok(report)
}

fn not_reached_after(id: &str, checks: &[judge::Check]) -> Verdict {
    let title = checks.iter().find(|check| check.id == id).map_or(id, |check| check.title);
    judge::not_reached(format!("waits until this is right: {title}"))
}

/// SHA-256 over the names and contents of the submission's source files.
pub(crate) fn source_digest(submission: &Submission) -> Result<String> {
    let folder = submission.folder.join("src");
    let mut digest = Sha256::new();
    for path in files::rust_files(&folder)? {
        let contents = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        digest.update(format!("{name}\n{}\n", contents.len()));
        digest.update(contents);
    }
    Ok(format!("sha256:{}", files::hex(&digest.finalize())))
}
