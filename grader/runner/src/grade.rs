//! From a submission to a report: the whole road in one place.

use std::{path::PathBuf, thread, time::Instant};

use anyhow::{Context, Result, bail};
use course::{Course, Exercise, Limits, checks_digest};
use report::{CheckReport, Report, sanitise::Folders};
use wire::judge::{Answer, Ended, Planned, Status, Verdict};

use crate::{
    Compiled, JudgeProcess, Kit, Observer, Part, ProbeProcess, Program, Question, Sandbox, Slot, Sources, Stage,
    Submission, Task, compile,
    compile::{compile_together, errors_of_program, foreign_folders},
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
    /// The ids of the checks that were left out because they need such data, or crates that were not built.
    pub left_out: Vec<String>,
}

impl Grading<'_> {
    /// Compiles `submission`, has it judged and reports.
    ///
    /// # Errors
    ///
    /// If the grader cannot do its work, which is no verdict.
    pub fn grade(&self, submission: &Submission) -> Result<Graded> {
        let Self { course, exercise, kit, slot, observer, .. } = *self;
        let start = Instant::now();
        let sources = Sources::read(course, submission, submission.gated)?;
        observer.on_stage(Stage::Compiling);
        // What the submission need not wait for happens beside its compiler: the judge makes its plan, or is compiled if it
        // has to be, and git says which commit this is.
        let judge = judge_program::built(course, exercise, kit, Part::Checks)?;
        // One that cannot even be started is damaged, and compiled again.
        let judge = judge.and_then(|program| JudgeProcess::start(&program, observer).ok());
        if judge.is_none() {
            judge_program::forget(course, exercise, Part::Checks);
        }
        let (built, compiled) = thread::scope(|scope| {
            scope.spawn(|| course.commit());
            let build = || judge_program::build(course, exercise, kit, Part::Checks);
            let built = judge.is_none().then(|| scope.spawn(build));
            let compiled = if sources.refused.is_empty() {
                // A compiler that is killed would leave a damaged cache to the next one.
                compile(course, exercise, self.limits(), &sources, kit, slot, &())
            } else {
                Ok(Compiled::Broken(sources.refused.clone()))
            };
            (built.map(|built| built.join().expect("building does not panic")), compiled)
        });
        let mut judge = match judge {
            Some(judge) => judge,
            None => JudgeProcess::start(&built.context("the judge was not built")??, observer)?,
        };
        let checks = judge.plan().inspect_err(|_| judge_program::forget(course, exercise, Part::Checks))?;
        self.report(start, &sources, compiled?, &mut judge, &checks)
    }

    /// The same for many submissions that are ours, compiled together where that works, which costs less.
    ///
    /// # Errors
    ///
    /// If the grader cannot do its work.
    pub fn grade_all(&self, submissions: &[Submission]) -> Result<Vec<Graded>> {
        let Self { course, exercise, kit, slot, observer, .. } = *self;
        let read = |submission: &Submission| Sources::read(course, submission, submission.gated);
        let sources = submissions.iter().map(read).collect::<Result<Vec<_>>>()?;
        let together = match sources.len() > 1 && sources.iter().all(|sources| sources.refused.is_empty()) {
            true => compile_together(course, exercise, &sources, kit, slot)?,
            false => None,
        };
        let Some(programs) = together else {
            return submissions.iter().map(|submission| self.grade(submission)).collect();
        };
        let (mut judge, checks) = start_judge(course, exercise, kit, observer)?;
        let programs = sources.iter().zip(programs);
        programs
            .map(|(sources, program)| {
                self.report(Instant::now(), sources, Compiled::Probe(program, Vec::new()), &mut judge, &checks)
            })
            .collect()
    }

    /// The ids of the checks that are passed by what `submission`, which is right, answers to the inputs of another seed. They
    /// compare the code with itself alone, or with answers that are the same for every seed.
    ///
    /// # Errors
    ///
    /// If the submission does not compile, or the grader cannot do its work.
    pub fn passed_by_rote(&self, submission: &Submission) -> Result<Vec<String>> {
        let Self { course, exercise, kit, slot, observer, options } = *self;
        let sources = Sources::read(course, submission, submission.gated)?;
        let Compiled::Probe(program, _) = compile(course, exercise, self.limits(), &sources, kit, slot, &())? else {
            bail!("{} does not compile", sources.label);
        };
        let (mut judge, checks) = start_judge(course, exercise, kit, observer)?;
        let mut probe = ProbeProcess::new(program, sources.paths(), slot.sandbox, self.limits());
        let mut passed = Vec::new();
        for (index, check) in checks.iter().enumerate() {
            if check.compiles || check.fetched.is_some() || self.missing(check).is_some() {
                continue;
            }
            let mut answers = Vec::new();
            judge.judge(index, options.seed.wrapping_add(1), false, |question| {
                let Task::Run(experiment, case) = question.task else { bail!("`{}` compiles a program", check.id) };
                let answer = probe.ask(&experiment, case, observer)?;
                answers.push(answer.clone());
                Ok(answer)
            })?;
            let mut answers = answers.into_iter().cycle();
            let answer = |_: Question| answers.next().context("the other seed had no inputs");
            if judge.judge(index, options.seed, false, answer)?.status == Status::Passed {
                passed.push(check.id.clone());
            }
        }
        Ok(passed)
    }

    /// The report on a submission of which this came when it was compiled.
    fn report(
        &self,
        start: Instant,
        sources: &Sources,
        compiled: Compiled,
        judge: &mut JudgeProcess<'_>,
        checks: &[Planned],
    ) -> Result<Graded> {
        let Self { course, exercise, kit, slot, options, .. } = *self;
        let folder = sources.label.clone();
        let mut report = Report::new(course, exercise, folder, options.seed, &kit.rustc_version, sources.digest());
        report.checks_digest = checks_digest(course, exercise)?;
        report.sandbox = slot.sandbox.name().to_owned();
        match compiled {
            Compiled::Broken(diagnostics) => {
                report.diagnostics = diagnostics;
                report.compiled = false;
                for check in checks {
                    let verdict = Verdict::skipped("the code does not compile yet");
                    let reported = CheckReport::new(exercise, check, verdict, 0);
                    report.checks.push(reported);
                }
            }
            Compiled::Probe(program, warnings) => {
                report.diagnostics = warnings;
                self.judge(judge, checks, program, sources, &mut report.checks)?;
            }
        }
        if report.needs_hints() {
            report.add_hints(&course.hints(exercise)?);
        }
        report.clean();
        report.duration_ms = start.elapsed().as_millis() as u64;
        let is_left_out = |check: &&Planned| self.missing(check).is_some();
        let left_out = checks.iter().filter(is_left_out).map(|check| check.id.clone()).collect();
        let fetched = checks.iter().filter_map(|check| check.fetched.as_ref());
        let data_files = fetched.flat_map(|fetched| fetched.files.clone()).collect();
        Ok(Graded { report, data_files, left_out })
    }

    /// Has every check judged, one after the other.
    fn judge(
        &self,
        judge: &mut JudgeProcess<'_>,
        checks: &[Planned],
        program: Program,
        sources: &Sources,
        reports: &mut Vec<CheckReport>,
    ) -> Result<()> {
        let number = program.number;
        let mut probe = ProbeProcess::new(program, sources.paths(), self.slot.sandbox, self.limits());
        let folders = foreign_folders(self.course, self.kit, self.slot);
        // What each check still waits for: itself where it is not passed, and what those before it wait for.
        let mut open: Vec<Vec<usize>> = Vec::new();
        for (index, check) in checks.iter().enumerate() {
            self.observer.on_stage(Stage::Checking { number: index + 1, total: checks.len() });
            let begun = Instant::now();
            let before = check.after.iter().filter_map(|id| checks[..index].iter().position(|other| other.id == *id));
            let mut unmet: Vec<usize> = before.flat_map(|other| open[other].clone()).collect();
            let can_tell = |&other: &usize| is_told_apart(check, &checks[other], reports[other].status);
            // Of those that it waits for, the nearest that was asked: what was skipped waits itself.
            let was_asked = |&&other: &&usize| reports[other].status != Status::Skipped;
            let blocker = unmet.iter().find(was_asked).or(unmet.first()).map(|&other| &checks[other]);
            let waits = blocker.filter(|_| !unmet.iter().all(can_tell));
            let mut verdict = match (waits, self.missing(check)) {
                (Some(other), _) => Verdict::skipped(waits_for(other)),
                (None, Some(missing)) => Verdict::skipped(missing),
                (None, None) => {
                    if check.fetched.is_some() {
                        probe.be_patient();
                    }
                    // Where the check waits for another, what is wrong is not told.
                    judge.judge(index, self.options.seed, unmet.is_empty(), |question| match question.task {
                        Task::Run(experiment, case) => probe.ask(&experiment, case, self.observer),
                        Task::Compile(program) => self.compile_program(&program, number),
                    })?
                }
            };
            // What is right is right. What is wrong may be the fault of the code before it, so it is no evidence yet.
            if let (Some(other), Status::Failed | Status::Crashed | Status::TimedOut) = (blocker, verdict.status) {
                verdict = Verdict::skipped(waits_for(other));
            }
            if verdict.status != Status::Passed {
                unmet.insert(0, index);
            }
            open.push(unmet);
            if verdict.status == Status::Failed && !check.compiles {
                // A wrong result has no line of its own; the function that was asked has. Of several, the input may name it.
                let input = verdict.input.as_deref().unwrap_or_default();
                let asked = check.items.iter().find(|item| input.contains(&format!("\"{item}\"")));
                let item = asked.or(check.items.first());
                verdict.place = verdict.place.or_else(|| item.and_then(|item| sources.item(item)));
            }
            hide(&mut verdict, &folders);
            let duration_ms = begun.elapsed().as_millis() as u64;
            let reported = CheckReport::new(self.exercise, check, verdict, duration_ms);
            reports.push(reported);
        }
        Ok(())
    }

    /// What a learner is told of a check that is left out: its crates were not built, or it is to do without fetched data.
    fn missing(&self, check: &Planned) -> Option<String> {
        let Self { course, exercise, kit, options, .. } = self;
        if let Some(task) = exercise.task(&check.task).filter(|task| !kit.is_for(task)) {
            return Some(format!(
                "waits for {}: `{} check {} --bonus` builds what it needs, once, in some minutes",
                task.crates.join(" and "),
                course.grader(),
                exercise.number
            ));
        }
        check.fetched.as_ref().filter(|_| !options.uses_fetched_data).map(|fetched| fetched.missing.clone())
    }

    fn compile_program(&self, program: &str, number: Option<usize>) -> Result<Answer> {
        let Self { course, exercise, kit, slot, .. } = *self;
        let errors = errors_of_program(course, exercise, self.limits(), kit, slot, program, number)?;
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

/// Grades strangers' submissions to one exercise, one after the other, each in an empty slot. They share a judge, which never
/// meets any of them.
pub struct Grader<'a> {
    course: &'a Course,
    exercise: &'a Exercise,
    kit: &'a Kit,
    options: Options,
    sandbox: Sandbox,
    observer: &'a dyn Observer,
    judge: JudgeProcess<'a>,
    checks: Vec<Planned>,
}

impl<'a> Grader<'a> {
    /// Starts the judge of `exercise`, built now if it has to be. `observer` may call off what is being graded.
    ///
    /// # Errors
    ///
    /// If it does not compile or does not work.
    pub fn start(
        course: &'a Course,
        exercise: &'a Exercise,
        kit: &'a Kit,
        options: Options,
        sandbox: Sandbox,
        observer: &'a dyn Observer,
    ) -> Result<Self> {
        let (judge, checks) = start_judge(course, exercise, kit, observer)?;
        Ok(Self { course, exercise, kit, options, sandbox, observer, judge, checks })
    }

    /// Compiles `submission`, has it judged and reports.
    ///
    /// # Errors
    ///
    /// If the grader cannot do its work. Then the judge may be in the middle of something: start another one.
    pub fn grade(&mut self, submission: &Submission) -> Result<Graded> {
        let Self { course, exercise, kit, options, sandbox, observer, .. } = *self;
        let start = Instant::now();
        let slot = Slot::take_empty(&course.work_folder()?, &exercise.name, sandbox)?;
        let grading = Grading { course, exercise, kit, slot: &slot, options, observer };
        let sources = Sources::read(course, submission, submission.gated)?;
        let compiled = if sources.refused.is_empty() {
            compile(course, exercise, grading.limits(), &sources, kit, &slot, observer)?
        } else {
            Compiled::Broken(sources.refused.clone())
        };
        grading.report(start, &sources, compiled, &mut self.judge, &self.checks)
    }
}

fn waits_for(check: &Planned) -> String {
    format!("skipped until this passes: {}", check.title)
}

/// Whether `check` can be passed although `unmet`, which it comes after, is not: they are about different functions, and
/// the other one returned something. A program that must not compile says nothing then, and fetched data takes too long.
fn is_told_apart(check: &Planned, unmet: &Planned, status: Status) -> bool {
    let returned = matches!(status, Status::Failed | Status::Skipped);
    let is_shared = check.items.iter().any(|item| unmet.items.contains(item));
    returned && !is_shared && !check.compiles && check.fetched.is_none()
}

/// Takes folders of this machine out of whatever the submission had a hand in.
fn hide(verdict: &mut Verdict, folders: &Folders) {
    let Verdict { message, observed, diff, output, .. } = verdict;
    for text in [Some(message), observed.as_mut(), diff.as_mut(), Some(output)].into_iter().flatten() {
        *text = folders.hide(text);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use course::files;

    use super::*;
    use crate::Sandbox;

    /// What a report says of the code, without places and times.
    fn said(graded: &Graded) -> Vec<String> {
        let check =
            |check: &CheckReport| format!("{} {:?} {:?} {}", check.id, check.status, check.mistake, check.message);
        graded.report.checks.iter().map(check).collect()
    }

    #[test]
    fn submissions_that_are_compiled_together_get_the_same_verdicts() {
        let folder = tempfile::tempdir().unwrap();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/other_course");
        for path in files::files_below(&from).unwrap() {
            let to = folder.path().join(path.strip_prefix(&from).unwrap());
            files::create_folder(to.parent().unwrap()).unwrap();
            fs::copy(path, to).unwrap();
        }
        let course = &Course::find(Some(folder.path())).unwrap();
        let exercise = course.exercise("1").unwrap();
        let kit = &Kit::open_quietly(course, exercise, &|_| ()).unwrap();
        // The sandbox is the grader started again, and this is not the grader.
        let slot = &Slot::take(&course.work_folder().unwrap(), &exercise.name, Sandbox::None).unwrap();
        let grading = Grading { course, exercise, kit, slot, options: Options::default(), observer: &() };

        let bodies = ["year % 4 == 0", "panic!(\"{year}\")", "todo!()", "std::process::exit(3)"];
        let submissions: Vec<Submission> = (0..)
            .zip(bodies)
            .map(|(number, body)| {
                let submission = Submission::new(folder.path().join(format!("handed in/{number}")));
                files::create_folder(&submission.folder.join("src")).unwrap();
                let code = format!("pub fn is_leap_year(year: usize) -> bool {{ {body} }}\n");
                fs::write(submission.lib(), code).unwrap();
                submission
            })
            .collect();
        let sources: Vec<Sources> =
            submissions.iter().map(|submission| Sources::read(course, submission, true).unwrap()).collect();
        assert!(compile_together(course, exercise, &sources, kit, slot).unwrap().is_some());
        let together = grading.grade_all(&submissions).unwrap();
        for (submission, together) in submissions.iter().zip(&together) {
            assert_eq!(said(together), said(&grading.grade(submission).unwrap()));
        }

        // One that does not compile stops none of the others.
        fs::write(submissions[1].lib(), "pub fn is_leap_year(year: usize) -> bool { year }\n").unwrap();
        let again = grading.grade_all(&submissions).unwrap();
        assert!(!again[1].report.compiled);
        assert_eq!(said(&again[0]), said(&together[0]));

        // An error that rustc meets only when it generates code, where the probe is being compiled already.
        let late = "pub fn is_leap_year(year: usize) -> bool { year % Late::<3>::LESS == 0 }\nstruct Late<const N: usize>;\n\
                    impl<const N: usize> Late<N> { const LESS: usize = N - 4; }\n";
        fs::write(submissions[1].lib(), late).unwrap();
        let late = grading.grade(&submissions[1]).unwrap().report;
        assert!(!late.compiled);
        assert!(late.diagnostics[0].message.contains("would overflow"), "{:?}", late.diagnostics);
        // What a linker was to get, and what a killed rustc leaves, is gone with the next check.
        let build = slot.folder.join("build");
        fs::create_dir(build.join("rmetaAbCdEf")).unwrap();
        assert_eq!(said(&grading.grade(&submissions[0]).unwrap()), said(&together[0]));
        let mut left: Vec<_> = fs::read_dir(build).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["incremental", "libsubmission.rlib", "libsubmission.rmeta", "probe"]);
    }
}
