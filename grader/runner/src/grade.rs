//! From a submission to a report: the whole road in one place.

use std::{path::PathBuf, thread, time::Instant};

use anyhow::{Context, Result, bail};
use course::{Course, Exercise, Limits, checks_digest};
use report::{CheckReport, Report, sanitise::Folders};
use wire::judge::{Answer, Ended, Planned, Status, Verdict};

use crate::{
    Compiled, JudgeProcess, Kit, Observer, Part, ProbeProcess, Slot, Sources, Stage, Submission, Task, compile,
    compile::{errors_of_program, foreign_folders},
    judge_program,
};

/// The seed of drawn inputs unless another one is asked for: fixed, so that a check repeats itself.
pub const DEFAULT_SEED: u64 = 20_250_401;

/// How to grade.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Of the inputs that are drawn at random.
    pub seed: u64,
    /// In place of those in course.toml.
    pub limits: Option<Limits>,
    /// Whether checks may use data that this machine has fetched; `verify` has to say the same everywhere.
    pub uses_fetched_data: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { seed: DEFAULT_SEED, limits: None, uses_fetched_data: true }
    }
}

/// One submission to one exercise, and all that it takes to grade it.
pub struct Grading<'a> {
    /// The course that asks.
    pub course: &'a Course,
    /// What is asked.
    pub exercise: &'a Exercise,
    /// What is compiled with.
    pub kit: &'a Kit,
    /// Where.
    pub slot: &'a Slot,
    /// How.
    pub options: Options,
    /// Hears what grading is busy with, and may call it off.
    pub observer: &'a dyn Observer,
}

/// What a grading is about: a report, and what else it depends on besides the code and the course.
pub struct Graded {
    /// What was found.
    pub report: Report,
    /// The files of data sets that its checks look for.
    pub data_files: Vec<PathBuf>,
    /// The ids of the checks that were left out because they need such data.
    pub left_out: Vec<String>,
}

impl Grading<'_> {
    /// Compiles `submission`, has it judged and reports.
    ///
    /// # Errors
    ///
    /// If the grader cannot do its work, which is no verdict.
    pub fn grade(&self, submission: &Submission) -> Result<Graded> {
        let Self { course, exercise, kit, slot, options, observer } = *self;
        let start = Instant::now();
        let sources = Sources::read(course, submission, submission.gated)?;
        let folder = submission.label(course);
        let mut report = Report::new(course, exercise, folder, options.seed, &kit.rustc_version, sources.digest());
        report.checks_digest = checks_digest(course, exercise)?;
        report.sandbox = slot.sandbox.name().to_owned();

        observer.on_stage(Stage::Compiling);
        // The judge is compiled beside the submission, where it has to be; neither knows of the other.
        let (judge, compiled) = thread::scope(|scope| {
            let judge = scope.spawn(|| judge_program::build(course, exercise, kit, Part::Checks));
            let compiled = if sources.refused.is_empty() {
                compile(course, exercise, self.limits(), &sources, kit, slot)
            } else {
                Ok(Compiled::Broken(sources.refused.clone()))
            };
            (judge.join().expect("building does not panic"), compiled)
        });
        let mut judge = JudgeProcess::start(&judge?, observer)?;
        let checks = judge.plan()?;
        match compiled? {
            Compiled::Broken(diagnostics) => {
                report.diagnostics = diagnostics;
                report.compiled = false;
                for check in &checks {
                    let verdict = Verdict::skipped("the code does not compile yet");
                    let reported = CheckReport::new(exercise, check, verdict, &report.checks, 0);
                    report.checks.push(reported);
                }
            }
            Compiled::Probe(program, warnings) => {
                report.diagnostics = warnings;
                let mut probe = ProbeProcess::new(&program, sources.paths(), slot.sandbox, self.limits());
                self.judge(&mut judge, &checks, &mut probe, &sources, &mut report.checks)?;
            }
        }
        report.duration_ms = start.elapsed().as_millis() as u64;
        let needs_data = |check: &&Planned| check.fetched.is_some() && !options.uses_fetched_data;
        let left_out = checks.iter().filter(needs_data).map(|check| check.id.clone()).collect();
        let data_files =
            checks.into_iter().filter_map(|check| check.fetched).flat_map(|fetched| fetched.files).collect();
        Ok(Graded { report, data_files, left_out })
    }

    /// Has every check judged, one after the other.
    fn judge(
        &self,
        judge: &mut JudgeProcess<'_>,
        checks: &[Planned],
        probe: &mut ProbeProcess,
        sources: &Sources,
        reports: &mut Vec<CheckReport>,
    ) -> Result<()> {
        let folders = foreign_folders(self.course, self.kit, self.slot);
        let mut passed: Vec<&str> = Vec::new();
        for (index, check) in checks.iter().enumerate() {
            self.observer.on_stage(Stage::Checking { number: index + 1, total: checks.len() });
            let begun = Instant::now();
            let unmet = check.after.iter().find(|id| !passed.contains(&id.as_str()));
            let left_out = check.fetched.as_ref().filter(|_| !self.options.uses_fetched_data);
            let mut verdict = match (unmet, left_out) {
                (Some(id), _) => Verdict::skipped(waits_for(id, checks)),
                (None, Some(fetched)) => Verdict::skipped(&fetched.missing),
                (None, None) => {
                    if check.fetched.is_some() {
                        probe.be_patient();
                    }
                    judge.judge(index, self.options.seed, |question| match question.task {
                        Task::Run(experiment, case) => probe.ask(&experiment, case, self.observer),
                        Task::Compile(program) => self.compile_program(&program),
                    })?
                }
            };
            if verdict.status == Status::Passed {
                passed.push(&check.id);
            }
            if verdict.status == Status::Failed && !check.compiles {
                // A wrong result has no line of its own; the function that was asked has.
                verdict.place = verdict.place.or_else(|| sources.function(&check.experiment));
            }
            hide(&mut verdict, &folders);
            let duration_ms = begun.elapsed().as_millis() as u64;
            let reported = CheckReport::new(self.exercise, check, verdict, reports, duration_ms);
            reports.push(reported);
        }
        Ok(())
    }

    fn compile_program(&self, program: &str) -> Result<Answer> {
        let errors = errors_of_program(self.course, self.exercise, self.limits(), self.kit, self.slot, program)?;
        Ok(Answer { ended: Ended::Refused(errors), output: String::new() })
    }

    fn limits(&self) -> Limits {
        self.options.limits.unwrap_or(self.exercise.limits)
    }
}

/// The checks of `exercise`, in order, and the judge that has them.
///
/// # Errors
///
/// If the judge does not compile or does not work.
pub fn start_judge<'a>(
    course: &Course,
    exercise: &Exercise,
    kit: &Kit,
    observer: &'a dyn Observer,
) -> Result<(JudgeProcess<'a>, Vec<Planned>)> {
    let program = judge_program::build(course, exercise, kit, Part::Checks)?;
    let mut judge = JudgeProcess::start(&program, observer)?;
    let checks = judge.plan().with_context(|| format!("cannot grade {}", exercise.name))?;
    if checks.is_empty() {
        bail!("{} has no checks", exercise.name);
    }
    Ok((judge, checks))
}

fn waits_for(id: &str, checks: &[Planned]) -> String {
    let title = checks.iter().find(|check| check.id == id).map_or(id, |check| &check.title);
    format!("waits until this is right: {title}")
}

/// Takes folders of this machine out of whatever the submission had a hand in.
fn hide(verdict: &mut Verdict, folders: &Folders) {
    let Verdict { message, observed, diff, output, .. } = verdict;
    for text in [Some(message), observed.as_mut(), diff.as_mut(), Some(output)].into_iter().flatten() {
        *text = folders.hide(text);
    }
}
