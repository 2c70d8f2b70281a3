//! `grader verify`: the proof that the checks are any good.
//!
//! For each exercise: the reference solution gets full marks and the stub none; every wrong variant loses points and is
//! told its mistake by name; every right variant loses nothing; reference and mistakes are distinguishable on the
//! inputs of the checks; no check is passed by answers to other inputs, and none fails because of code that another one is
//! about; there are pictures, and those of the solution need no note; course.toml and files agree.

mod examine;
mod variants;

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use anyhow::Result;
use course::{Course, Exercise, files};
use report::{
    CheckReport, Report, SCHEMA_VERSION, counted,
    style::{BAD, BOLD, GOOD, OPEN, paint},
};
use runner::{DEFAULT_SEED, Graded, Grading, Kit, Options, Sandbox, SandboxMode, Slot, Submission};
use serde::Serialize;
use wire::judge::Status;

use super::{
    Outcome,
    parallel::{Counter, parallel, workers},
};
use crate::cli::{Format, VerifyArgs};
use examine::Examined;
use variants::{Expected, Job, Variants};

pub(crate) fn run(course: &Course, args: &VerifyArgs) -> Result<Outcome> {
    let exercises: Vec<&Exercise> = match args.exercise.as_str() {
        "all" => course.exercises.iter().collect(),
        wanted => vec![course.exercise(wanted)?],
    };
    let mut found = Findings::new(args.format, exercises.len());
    if args.exercise == "all" {
        examine::unlisted_folders(course)?.into_iter().for_each(|problem| found.tell(problem));
    }
    let work = course.work_folder()?;

    let mut kits = Vec::new();
    let mut entries = Vec::new();
    for exercise in exercises {
        // What is missing is told, all of it; what is there is examined as far as that goes.
        let missing = examine::files(course, exercise);
        let is_whole = missing.is_empty();
        let others = [examine::to_write(course, exercise)?, examine::figures(course, exercise)?].concat();
        for problem in missing.into_iter().chain(others) {
            found.tell(prefixed(exercise, &problem));
        }
        if is_whole {
            kits.push(Kit::open(course, exercise)?);
            let kit = &kits[kits.len() - 1];
            match examined(course, exercise, kit, &mut found) {
                Ok(jobs) => {
                    let jobs = jobs.into_iter().map(|job| Entry { kit: kits.len() - 1, exercise, job });
                    entries.extend(jobs.filter(|entry| args.shard.is_none_or(|shard| shard.holds(entry))));
                }
                Err(error) => found.tell(prefixed(exercise, &format!("{error:#}"))),
            }
        }
    }

    // An author comes back to one exercise. Of a whole course the caches would be some gigabytes.
    let keeps_caches = kits.len() == 1;
    let mut left: Vec<AtomicUsize> = kits.iter().map(|_| AtomicUsize::new(0)).collect();
    let batches = batches(&entries);
    for batch in &batches {
        *left[batch[0].kit].get_mut() += 1;
    }
    let counter = Counter::new(entries.len());
    let found = Mutex::new(found);
    let lock = || found.lock().unwrap_or_else(PoisonError::into_inner);
    let faults = parallel(&batches, |batch| -> Result<()> {
        let exercise = batch[0].exercise;
        for (entry, report) in batch.iter().zip(grade_batch(course, &kits[batch[0].kit], &work, batch)?) {
            lock().judge(exercise, &entry.job, &report);
            counter.advance(&format!("{}: {}", exercise.name, entry.job.title()));
        }
        // The solution is the first job of its exercise, so every shard that has it draws the pictures once.
        if batch[0].job.is_solution() {
            let kit = &kits[batch[0].kit];
            let rote = examine::rote(course, exercise, kit, &work)?;
            for problem in rote.into_iter().chain(examine::pictures(course, exercise, kit, &work)?) {
                lock().tell(prefixed(exercise, &problem));
            }
        }
        if left[batch[0].kit].fetch_sub(1, Ordering::Relaxed) == 1 && !keeps_caches {
            let slots = (0..workers()).map(|_| slot_for(exercise, &work));
            slots.collect::<Result<Vec<Slot>>>()?.into_iter().for_each(Slot::discard);
        }
        Ok(())
    });
    drop(counter);
    faults.into_iter().collect::<Result<()>>()?;

    let mut summary = found.into_inner().unwrap_or_else(PoisonError::into_inner).summary;
    summary.problems.sort();
    match args.format {
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&summary)?),
        Format::Terminal => summary.print(),
    }
    Ok(if summary.problems.is_empty() { Outcome::AllRight } else { Outcome::NotRightYet })
}

/// Examines the checks of `exercise`, and says what there is to grade.
fn examined(course: &Course, exercise: &Exercise, kit: &Kit, found: &mut Findings) -> Result<Vec<Job>> {
    let mut variants = Variants::read(course, exercise)?;
    let examined = examine::checks(course, exercise, kit, &variants)?;
    found.summary.count(&examined);
    for check in &examined.left_out {
        found.say(&format!(
            "{} {}: `{check}` is left out, and its mistakes with it; `check {} --solution --bonus` builds its crates",
            paint(OPEN, "○"),
            exercise.name,
            exercise.number
        ));
    }
    variants.wrong.retain(|variant| !examined.left_out_mistakes.contains(&variant.mistake));
    examined.problems.iter().for_each(|problem| found.tell(prefixed(exercise, problem)));
    variants.into_jobs(course, exercise, &examined.plan)
}

/// The jobs in the pieces in which they are compiled together. The solution is alone, so that it is judged soon.
fn batches<'a, 'b>(entries: &'b [Entry<'a>]) -> Vec<&'b [Entry<'a>]> {
    let mut batches = Vec::new();
    for all in entries.chunk_by(|one, other| one.kit == other.kit) {
        let (first, rest) = all.split_at(usize::from(all[0].job.is_solution()));
        batches.extend((!first.is_empty()).then_some(first));
        batches.extend(rest.chunks(BATCH));
    }
    batches
}

/// What is found, told as soon as it is found where people read along.
struct Findings {
    summary: Summary,
    aloud: bool,
}

impl Findings {
    fn new(format: Format, exercises: usize) -> Self {
        let summary = Summary { schema_version: SCHEMA_VERSION, exercises, ..Summary::default() };
        Self { summary, aloud: format == Format::Terminal }
    }

    fn judge(&mut self, exercise: &Exercise, job: &Job, report: &Report) {
        match self.summary.judge(job, report) {
            Err(problem) => self.tell(prefixed(exercise, &format!("{}: {problem}", job.title()))),
            Ok(()) if job.is_solution() => {
                self.say(&format!("{} {}: the solution gets full marks", paint(GOOD, "✓"), exercise.name));
            }
            Ok(()) => {}
        }
    }

    fn tell(&mut self, problem: String) {
        self.say(&format!("{} {problem}", paint(BAD, "✗")));
        self.summary.problems.push(problem);
    }

    fn say(&self, line: &str) {
        if self.aloud {
            anstream::println!("{line}");
        }
    }
}

fn prefixed(exercise: &Exercise, problem: &str) -> String {
    format!("{}: {problem}", exercise.name)
}

/// What `verify` found, and its JSON form.
#[derive(Default, Serialize)]
struct Summary {
    schema_version: u32,
    exercises: usize,
    checks: usize,
    mistakes: usize,
    wrong_variants: usize,
    wrong_caught: usize,
    wrong_named: usize,
    right_variants: usize,
    right_passed: usize,
    problems: Vec<String>,
}

impl Summary {
    fn count(&mut self, found: &Examined) {
        self.checks += found.plan.len();
        self.mistakes += found.mistakes.len();
    }

    /// Counts what came of `job`; the error says what should have come of it.
    fn judge(&mut self, job: &Job, report: &Report) -> Result<(), String> {
        self.wrong_variants += usize::from(matches!(job.expectation, Expected::Mistake { .. }));
        self.right_variants += usize::from(matches!(job.expectation, Expected::FullMarks { is_variant: true }));
        if !report.compiled {
            let reasons: Vec<&str> = report.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
            return Err(format!("it does not compile: {}", reasons.join("; ")));
        }
        match &job.expectation {
            Expected::FullMarks { is_variant } => {
                if let Some(check) = report.checks.iter().find(|check| check.status != Status::Passed) {
                    return Err(format!("`{}` is not passed: {}", check.id, check.message));
                }
                self.right_passed += usize::from(*is_variant);
            }
            Expected::NotStarted => {
                if let Some(check) = report.checks.iter().find(|check| check.status == Status::Passed) {
                    return Err(format!("the stub passes `{}`; the check must require something", check.id));
                }
                // Where the stub holds wrong code, an untouched exercise would say what is wrong with it.
                if let Some(check) = report.checks.iter().find(|check| check.status.is_failure()) {
                    return Err(format!(
                        "`{}` fails on the stub; let it wait with `after` for something that is still `todo!()`: {}",
                        check.id, check.message
                    ));
                }
            }
            Expected::Mistake { id, also, elsewhere } => {
                if report.score() + report.bonus_score() == report.max_score() + report.max_bonus() {
                    return Err("it gets full marks; no check sees the mistake".to_owned());
                }
                self.wrong_caught += 1;
                let named: BTreeSet<&str> = report.checks.iter().filter_map(|check| check.mistake.as_deref()).collect();
                if !named.contains(id.as_str()) {
                    let first = report.checks.iter().find(|check| check.status != Status::Passed);
                    let seen = first.map_or(String::new(), |check| {
                        let name = check.mistake.as_ref().map_or(String::new(), |name| format!(" (`{name}`)"));
                        format!("; `{}` says{name}: {}", check.id, check.message)
                    });
                    return Err(format!("it loses points, but its mistake is not named{seen}"));
                }
                // What the search found is an observation, and true as such.
                let accuses = |name: &str| !name.starts_with("edit:") && !name.starts_with("seen:");
                let is_listed = |name: &str| name == id || also.iter().any(|also| also == name);
                if let Some(other) = named.iter().find(|name| accuses(name) && !is_listed(name)) {
                    return Err(format!("the report also names `{other}`; if that is true as well, list it in `also`"));
                }
                let follows = |check: &&CheckReport| check.status.is_failure() && elsewhere.contains(&check.id);
                if let Some(check) = report.checks.iter().find(follows) {
                    return Err(format!(
                        "`{}` fails as well, although the code that it is about is right; let it wait with `after`",
                        check.id
                    ));
                }
                self.wrong_named += 1;
            }
        }
        Ok(())
    }

    fn print(&self) {
        let Self { exercises, checks, mistakes, wrong_variants, wrong_caught, wrong_named, .. } = self;
        anstream::println!(
            "{}, {}, {}; wrong variants: {wrong_variants}, caught {wrong_caught}, named {wrong_named}; right variants: {}, \
             passed {}",
            counted(*exercises, "exercise"),
            counted(*checks, "check"),
            counted(*mistakes, "mistake"),
            self.right_variants,
            self.right_passed
        );
        anstream::println!(
            "{}",
            match self.problems.len() {
                0 => paint(GOOD, "No problems."),
                n => paint(BOLD, format!("{}.", counted(n, "problem"))),
            }
        );
    }
}

/// A job of an exercise, and the kit that it needs, by its number.
struct Entry<'a> {
    kit: usize,
    exercise: &'a Exercise,
    job: Job,
}

/// So many variants are compiled together. More are hardly cheaper, and one that does not compile costs all of them.
const BATCH: usize = 16;

fn grade_batch(course: &Course, kit: &Kit, work: &Path, batch: &[Entry<'_>]) -> Result<Vec<Report>> {
    let exercise = batch[0].exercise;
    let slot = &slot_for(exercise, work)?;
    let submissions = (0..).zip(batch).map(|(number, entry)| submission_in(slot, number, &entry.job.source));
    let submissions = submissions.collect::<Result<Vec<_>>>()?;
    // What it says must not depend on what somebody has downloaded. Checks that need such data are left out, therefore;
    // tests/commands/fetched_data.rs runs them.
    let options = Options { seed: DEFAULT_SEED, uses_fetched_data: false, ..Options::default() };
    let all = Grading { course, exercise, kit, slot, options, observer: &() }.grade_all(&submissions)?;
    let counted = |graded: Graded| {
        let mut report = graded.report;
        report.checks.retain(|check| !graded.left_out.contains(&check.id));
        report
    };
    Ok(all.into_iter().map(counted).collect())
}

fn slot_for(exercise: &Exercise, work: &Path) -> Result<Slot> {
    Slot::take(&work.join("verify"), &exercise.name, Sandbox::choose(SandboxMode::Auto)?)
}

/// A share of the variants, for one of several machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    /// Counted from 1.
    number: u64,
    of: u64,
}

impl Shard {
    /// Reads `2/3`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let parsed = text
            .split_once('/')
            .and_then(|(number, of)| Some(Self { number: number.parse().ok()?, of: of.parse().ok()? }));
        parsed
            .filter(|shard| (1..=shard.of).contains(&shard.number))
            .ok_or_else(|| "give K/N with K from 1 to N, such as 2/3".to_owned())
    }

    /// Whether this job belongs to it: by a hash of its exercise and source, which is the same on every machine.
    fn holds(self, entry: &Entry<'_>) -> bool {
        let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        let bytes = entry.exercise.name.bytes().chain(entry.job.source.bytes());
        // The low bits of this hash (FNV-1a) depend on the low bits of the text alone.
        (bytes.fold(0xcbf2_9ce4_8422_2325, hash) >> 32) % self.of == self.number - 1
    }
}

/// `source` as a submission, in a folder of the slot.
fn submission_in(slot: &Slot, number: usize, source: &str) -> Result<Submission> {
    let folder = slot.folder.join(format!("submission{number}"));
    files::create_folder(&folder.join("src"))?;
    let submission = Submission::new(folder);
    files::write_atomically(&submission.lib(), source.as_bytes())?;
    Ok(submission)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shard_is_a_number_of_all() {
        assert_eq!(Shard::parse("2/3"), Ok(Shard { number: 2, of: 3 }));
        for wrong in ["0/3", "4/3", "2", "2/", "/3", "a/b", "1/0"] {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
