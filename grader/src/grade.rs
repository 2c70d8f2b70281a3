//! From a submission to a report: the whole road in one function.

use std::time::Instant;

use anyhow::{Context, Result};

use crate::{
    bench::{self, Answer, Compiled, Ended, Kit, Observer, ProbeProcess, Slot, Sources, Stage, Submission},
    course::{Course, Exercise},
    hidden,
    judge::{self, Status, Verdict},
    provenance::checks_digest,
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
    let sources = Sources::read(course, submission, submission.gated)?;
    let mut report = Report::new(course, exercise, submission, seed, &kit.rustc_version, sources.digest());
    report.checks_digest = checks_digest(course, exercise)?;
    report.sandbox = slot.sandbox.name().to_owned();

    observer.on_stage(Stage::Compiling);
    let compiled = if sources.refused.is_empty() {
        bench::compile(course, exercise, &sources, kit, slot)?
    } else {
        Compiled::Broken(sources.refused.clone())
    };
    match compiled {
        Compiled::Broken(diagnostics) => {
            report.diagnostics = diagnostics;
            report.compiled = false;
            for check in &checks {
                let verdict = judge::not_reached("the code does not compile yet");
                let reported = CheckReport::new(exercise, check, verdict, &report.checks, 0);
                report.checks.push(reported);
            }
        }
        Compiled::Probe(program, warnings) => {
            report.diagnostics = warnings;
            let mut probe = ProbeProcess::new(&program, sources.paths(), slot.sandbox, exercise.limits);
            let folders = bench::foreign_folders(course, kit, slot);
            let mut passed = Vec::new();
            for (index, check) in checks.iter().enumerate() {
                observer.on_stage(Stage::Checking { number: index + 1, total: checks.len() });
                let begun = Instant::now();
                if check.fetched.is_some() {
                    probe.be_patient();
                }
                let unmet = check.after.iter().find(|id| !passed.contains(*id));
                let mut verdict = match (unmet, check.fetched.filter(|_| !course.uses_fetched_data)) {
                    (Some(id), _) => not_reached_after(id, &checks),
                    (None, Some(data)) => judge::not_fetched(data),
                    (None, None) => judge::judge(check, seed, |case| match check.program {
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
                if verdict.status == Status::Failed && check.program.is_none() {
                    // A wrong result has no line of its own; the function that was asked has.
                    verdict.place = verdict.place.or_else(|| sources.function(check.experiment));
                }
                verdict.hide(&folders);
                let duration_ms = begun.elapsed().as_millis() as u64;
                let reported = CheckReport::new(exercise, check, verdict, &report.checks, duration_ms);
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
