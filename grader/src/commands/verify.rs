//! `grader verify`: the proof that the checks are any good.
//!
//! For each exercise: the reference solution gets full marks and the stub none; every wrong variant loses points and is
//! told its mistake by name; every right variant loses nothing; reference and mistakes are distinguishable on the
//! inputs of the checks; there are pictures, and those of the solution need no note; course.toml and files agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use anyhow::{Context, Result};
use probe::Record;
use serde::{Deserialize, Serialize};

use super::{
    Outcome,
    parallel::{Counter, parallel},
};
use crate::{
    bench::{Kit, Sandbox, Slot, Submission, work_folder},
    cli::{DEFAULT_SEED, Format, SandboxMode, VerifyArgs},
    course::{Course, Exercise},
    files,
    gallery::{self, Drawn},
    grade::grade,
    hidden,
    judge::{Check, Expectation, Prediction, Recognition, Status, distinguishable},
    report::{
        Report, SCHEMA_VERSION,
        style::{BAD, BOLD, GOOD, paint},
    },
};

/// What every exercise needs at least.
const MIN_MISTAKES: usize = 12;
const MIN_RIGHT_VARIANTS: usize = 3;

/// Mistakes have to be distinguishable whatever inputs a seed draws; a few stand for all.
const SEEDS: [u64; 3] = [DEFAULT_SEED, 1, 2];

pub(crate) fn run(args: &VerifyArgs) -> Result<Outcome> {
    let mut course = Course::find()?;
    // What it says must not depend on what somebody has downloaded. Checks that need such data are left out, therefore;
    // tests/fetched_data.rs runs them.
    course.uses_fetched_data = false;
    let exercises: Vec<&Exercise> = match args.exercise.as_str() {
        "all" => course.exercises.iter().collect(),
        wanted => vec![course.exercise(wanted)?],
    };
    let mut summary = Summary { schema_version: SCHEMA_VERSION, exercises: exercises.len(), ..Summary::default() };
    if args.exercise == "all" {
        summary.problems.extend(unlisted_folders(&course)?);
    }

    let mut kits = BTreeMap::new();
    let mut jobs = Vec::new();
    for exercise in exercises {
        let Some(checks) = hidden::checks_of(&exercise.name) else {
            summary.problems.push(format!("{}: there is no grader/hidden/{0}/checks.rs; write it", exercise.name));
            continue;
        };
        kits.insert(exercise.number, Kit::open(&course, exercise)?);
        let variants = Variants::read(&course, exercise)?;
        summary.count(&checks, &variants);
        summary.problems.extend(
            examine(&course, exercise, &checks, &variants).into_iter().map(|problem| prefixed(exercise, &problem)),
        );
        match jobs_of(&course, exercise, variants) {
            Ok(more) => jobs.extend(more.into_iter().map(|job| (exercise, job))),
            Err(error) => summary.problems.push(prefixed(exercise, &format!("{error:#}"))),
        }
    }

    let work = work_folder(&course)?;
    for exercise in course.exercises.iter().filter(|exercise| kits.contains_key(&exercise.number)) {
        let found = examine_pictures(&course, exercise, &kits[&exercise.number], &work)?;
        summary.problems.extend(found.into_iter().map(|problem| prefixed(exercise, &problem)));
    }
    let counter = Counter::new(jobs.len());
    let reports = parallel(&jobs, |(exercise, job)| {
        let report = grade_source(&course, exercise, &kits[&exercise.number], &work, &job.source);
        counter.advance(&format!("{}: {}", exercise.name, job.title()));
        report
    });
    drop(counter);
    for ((exercise, job), report) in jobs.iter().zip(reports) {
        if let Err(problem) = summary.judge(job, &report?) {
            summary.problems.push(prefixed(exercise, &format!("{}: {problem}", job.title())));
        }
    }

    match args.format {
        Format::Json => anstream::println!("{}", serde_json::to_string_pretty(&summary)?),
        Format::Terminal => summary.print(),
    }
    Ok(if summary.problems.is_empty() { Outcome::AllRight } else { Outcome::NotRightYet })
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
    fn count(&mut self, checks: &[Check], variants: &Variants) {
        self.checks += checks.len();
        self.mistakes += mistake_ids(checks).len();
        self.wrong_variants += variants.wrong.len();
        self.right_variants += variants.right.len();
    }

    /// Counts what came of `job`; the error says what should have come of it.
    fn judge(&mut self, job: &Job, report: &Report) -> Result<(), String> {
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
            Expected::NothingPassed { ships_bugs } => {
                if let Some(check) = report.checks.iter().find(|check| check.status == Status::Passed) {
                    return Err(format!("`{}` is passed by the stub; it must ask for something", check.id));
                }
                let is_open = |status| match status {
                    Status::NotStarted | Status::Skipped => true,
                    Status::Failed => *ships_bugs,
                    _ => false,
                };
                if let Some(check) = report.checks.iter().find(|check| !is_open(check.status)) {
                    let end = if *ships_bugs { "a `todo!()` or a wrong result" } else { "a `todo!()`" };
                    return Err(format!("`{}` of the stub ends otherwise than in {end}: {}", check.id, check.message));
                }
            }
            Expected::Mistake { id, also } => {
                if report.score() + report.bonus_score() == report.max_score() + report.max_bonus() {
                    return Err("it gets full marks; no check sees the mistake".to_owned());
                }
                self.wrong_caught += 1;
                let named: BTreeSet<&str> = report.checks.iter().filter_map(|check| check.mistake.as_deref()).collect();
                if !named.contains(id.as_str()) {
                    let first = report.checks.iter().find(|check| check.status != Status::Passed);
                    let seen = first.map_or(String::new(), |check| format!("; `{}` says: {}", check.id, check.message));
                    return Err(format!("it loses points, but its mistake is not named{seen}"));
                }
                if let Some(other) = named.iter().find(|name| **name != id && !also.iter().any(|also| also == *name)) {
                    return Err(format!("it is also told of `{other}`; if that is true as well, list it in `also`"));
                }
                self.wrong_named += 1;
            }
        }
        Ok(())
    }

    fn print(&self) {
        for problem in &self.problems {
            anstream::println!("{} {problem}", paint(BAD, "✗"));
        }
        let Self { exercises, checks, mistakes, wrong_variants, wrong_caught, wrong_named, .. } = self;
        anstream::println!(
            "{exercises} exercises, {checks} checks, {mistakes} mistakes; wrong variants: {wrong_variants}, caught \
             {wrong_caught}, named {wrong_named}; right variants: {}, passed {}",
            self.right_variants,
            self.right_passed
        );
        anstream::println!(
            "{}",
            match self.problems.len() {
                0 => paint(GOOD, "No problems."),
                n => paint(BOLD, format!("{n} problems.")),
            }
        );
    }
}

/// `hidden/NN_name/variants.toml`: small edits of the solution.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Variants {
    #[serde(default)]
    wrong: Vec<WrongVariant>,
    #[serde(default)]
    right: Vec<RightVariant>,
}

/// A mistake, as a learner would make it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrongVariant {
    /// The id that the report has to name.
    mistake: String,
    /// Further ids that are just as true of it.
    #[serde(default)]
    also: Vec<String>,
    edits: Vec<Edit>,
}

/// Another way to be right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RightVariant {
    name: String,
    edits: Vec<Edit>,
}

/// `find` stands in the solution exactly once and is replaced.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    find: String,
    with: String,
}

impl Variants {
    fn read(course: &Course, exercise: &Exercise) -> Result<Self> {
        let path = course.hidden_folder(exercise).join("variants.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("{} is not as it should be", path.display()))
    }
}

/// A source to grade, and what has to come of it.
struct Job {
    source: String,
    expectation: Expected,
    name: String,
}

enum Expected {
    FullMarks { is_variant: bool },
    NothingPassed { ships_bugs: bool },
    Mistake { id: String, also: Vec<String> },
}

impl Job {
    fn title(&self) -> String {
        match self.expectation {
            Expected::FullMarks { is_variant: false } | Expected::NothingPassed { .. } => self.name.clone(),
            Expected::FullMarks { is_variant: true } => format!("right variant `{}`", self.name),
            Expected::Mistake { .. } => format!("wrong variant `{}`", self.name),
        }
    }
}

fn jobs_of(course: &Course, exercise: &Exercise, variants: Variants) -> Result<Vec<Job>> {
    let read =
        |path: String| fs::read_to_string(course.root.join(&path)).with_context(|| format!("cannot read {path}"));
    let solution = read(format!("solutions/{}/src/lib.rs", exercise.name))?;
    let stub = read(format!("grader/hidden/{}/stub.rs", exercise.name))?;
    let mut jobs = vec![Job {
        source: stub,
        expectation: Expected::NothingPassed { ships_bugs: exercise.ships_bugs },
        name: "the stub".to_owned(),
    }];
    for variant in variants.wrong {
        let source =
            edited(&solution, &variant.edits).with_context(|| format!("wrong variant `{}`", variant.mistake))?;
        let expectation = Expected::Mistake { id: variant.mistake.clone(), also: variant.also };
        jobs.push(Job { source, expectation, name: variant.mistake });
    }
    for variant in variants.right {
        let source = edited(&solution, &variant.edits).with_context(|| format!("right variant `{}`", variant.name))?;
        jobs.push(Job { source, expectation: Expected::FullMarks { is_variant: true }, name: variant.name });
    }
    jobs.push(Job {
        source: solution,
        expectation: Expected::FullMarks { is_variant: false },
        name: "the solution".to_owned(),
    });
    Ok(jobs)
}

fn edited(solution: &str, edits: &[Edit]) -> Result<String> {
    edits.iter().try_fold(solution.to_owned(), |source, edit| match source.matches(&edit.find).count() {
        1 => Ok(source.replacen(&edit.find, &edit.with, 1)),
        count => anyhow::bail!("`find` has to stand in the solution once, not {count} times: {}", edit.find.trim()),
    })
}

fn grade_source(course: &Course, exercise: &Exercise, kit: &Kit, work: &Path, source: &str) -> Result<Report> {
    let slot = Slot::take(&work.join("verify"), &exercise.name, Sandbox::choose(SandboxMode::Auto)?)?;
    let mut report = grade(course, exercise, &submission_in(&slot, source)?, kit, &slot, DEFAULT_SEED, &())?;
    let checks = hidden::checks_of(&exercise.name).unwrap_or_default();
    let needs_fetched_data = |id: &str| checks.iter().any(|check| check.id == id && check.fetched.is_some());
    report.checks.retain(|reported| !needs_fetched_data(&reported.id));
    Ok(report)
}

/// `source` as a submission, in a folder of the slot.
fn submission_in(slot: &Slot, source: &str) -> Result<Submission> {
    let folder = slot.folder.join("submission");
    files::create_folder(&folder.join("src"))?;
    let submission = Submission::new(folder);
    files::write_atomically(&submission.lib(), source.as_bytes())?;
    Ok(submission)
}

/// What is wrong with the pictures: those of the solution need no note, and those of the stub are drawn as well.
fn examine_pictures(course: &Course, exercise: &Exercise, kit: &Kit, work: &Path) -> Result<Vec<String>> {
    let slot = Slot::take(&work.join("verify"), &exercise.name, Sandbox::choose(SandboxMode::Auto)?)?;
    let stub = course.hidden_folder(exercise).join("stub.rs");
    let stub = fs::read_to_string(&stub).with_context(|| format!("cannot read {}", stub.display()))?;
    let solution = Submission::solution(course, exercise);
    let mut problems = Vec::new();
    for (whose, submission) in [("the solution", solution), ("the stub", submission_in(&slot, &stub)?)] {
        let pictures = match gallery::draw(course, exercise, &submission, kit, &slot, &()) {
            Ok(Drawn::Pictures(pictures)) => pictures,
            Ok(Drawn::Broken(_)) => Vec::new(),
            Err(error) => {
                problems.push(format!("the pictures of {whose} cannot be drawn: {error:#}"));
                continue;
            }
        };
        if pictures.is_empty() {
            problems.push(format!("there is no picture of {whose}"));
        }
        for (number, picture) in pictures.iter().enumerate() {
            if pictures[..number].iter().any(|earlier| earlier.id == picture.id) {
                problems.push(format!("two pictures are called `{}`; rename one", picture.id));
            }
            let remarks = picture.remarks();
            if whose == "the solution" && !remarks.is_empty() {
                problems.push(format!("the picture `{}` of the solution says: {}", picture.id, remarks.join(" ")));
            }
        }
    }
    Ok(problems)
}

/// Folders of exercises that course.toml does not list: nobody would ever see them.
fn unlisted_folders(course: &Course) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for place in ["exercises", "solutions", "grader/hidden"] {
        for entry in fs::read_dir(course.root.join(place)).with_context(|| format!("cannot read {place}"))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && !course.exercises.iter().any(|exercise| exercise.name == name) {
                problems.push(format!("{place}/{name} is not in course.toml; add it there or remove the folder"));
            }
        }
    }
    Ok(problems)
}

/// The inputs of a check that needs no fetched data, so nothing can be missing.
fn cases(check: &Check, seed: u64) -> Vec<Record> {
    check.cases(seed).expect("what is not fetched is there")
}

fn mistake_ids(checks: &[Check]) -> BTreeSet<&'static str> {
    checks.iter().flat_map(|check| &check.mistakes).map(|mistake| mistake.id).collect()
}

/// What is wrong with an exercise before anything is run.
fn examine(course: &Course, exercise: &Exercise, checks: &[Check], variants: &Variants) -> Vec<String> {
    let mut problems = Vec::new();

    let mut points: BTreeMap<&str, u32> = BTreeMap::new();
    for (number, check) in checks.iter().enumerate() {
        if checks[..number].iter().any(|earlier| earlier.id == check.id) {
            problems.push(format!("two checks are called `{}`; rename one", check.id));
        }
        if check.after.iter().any(|id| !checks[..number].iter().any(|earlier| earlier.id == *id)) {
            problems.push(format!("`{}` comes after a check that does not stand above it", check.id));
        }
        if exercise.task(check.task).is_none() {
            problems
                .push(format!("`{}` belongs to the task `{}`, which course.toml does not have", check.id, check.task));
        }
        if check.fetched.is_none() && cases(check, DEFAULT_SEED).is_empty() {
            problems.push(format!("`{}` has no inputs; give it some with `on`", check.id));
        }
        if check.fetched.is_some() && !exercise.task(check.task).is_some_and(|task| task.bonus) {
            problems.push(format!("`{}` needs data that has to be fetched, so its task has to be a bonus", check.id));
        }
        *points.entry(check.task).or_default() += check.points;
        problems.extend(SEEDS.iter().flat_map(|&seed| confusable(check, seed)).collect::<BTreeSet<_>>());
    }
    for task in &exercise.tasks {
        let sum = points.get(task.name.as_str()).copied().unwrap_or_default();
        if sum != task.points {
            problems.push(format!(
                "the checks of `{}` are worth {sum} points, course.toml says {}",
                task.name, task.points
            ));
        }
    }

    let lesson = format!("exercises/{}/README.md", exercise.name);
    if !course.root.join(&lesson).is_file() {
        problems.push(format!("there is no {lesson}; an exercise has a lesson"));
    }
    let mistakes = mistake_ids(checks);
    if mistakes.len() < MIN_MISTAKES {
        problems.push(format!("it knows {} mistakes; an exercise knows at least {MIN_MISTAKES}", mistakes.len()));
    }
    if variants.right.len() < MIN_RIGHT_VARIANTS {
        problems.push(format!(
            "it has {} right variants; an exercise has at least {MIN_RIGHT_VARIANTS}",
            variants.right.len()
        ));
    }
    for mistake in &mistakes {
        if !variants.wrong.iter().any(|variant| variant.mistake == *mistake) {
            problems.push(format!("no wrong variant makes the mistake `{mistake}`; add one to variants.toml"));
        }
    }
    problems
}

/// The pairs of reference and mistakes that `check` cannot tell apart on its inputs for `seed`.
fn confusable(check: &Check, seed: u64) -> Vec<String> {
    if check.fetched.is_some() {
        return Vec::new();
    }
    let cases = cases(check, seed);
    let mut rivals: Vec<(&str, Vec<Prediction>)> = Vec::new();
    if let Expectation::Equals(formula, _) = &check.expectation {
        rivals.push(("the reference", cases.iter().map(formula).collect()));
    }
    for mistake in &check.mistakes {
        if let Recognition::Result(formula) = &mistake.recognition {
            rivals.push((mistake.id, cases.iter().map(formula).collect()));
        }
    }
    let mut problems = Vec::new();
    for (number, (name, predictions)) in rivals.iter().enumerate() {
        for (other, others) in &rivals[..number] {
            let told_apart =
                predictions.iter().zip(others).any(|(one, two)| distinguishable(one, two, check.tolerance()));
            if !told_apart {
                problems.push(format!("`{}` cannot tell `{name}` from {other}; give it more telling inputs", check.id));
            }
        }
    }
    problems
}
