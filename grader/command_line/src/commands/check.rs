//! `grader check`: grade and report.

use std::{
    io::Write,
    path::{Path, PathBuf},
    slice,
};

use anyhow::{Context, Result};

use super::{
    Outcome,
    parallel::{All, grade_all},
    submission, warn,
};
use crate::cli::{CheckArgs, ReportArg, ReportFormat};
use course::{Course, Exercise, UsageError, files};
use learner::Checking;
use report::{ExerciseStatus, Report, Terminal};
use runner::{Grading, Kit, Observer, Options, Sandbox, Slot, StatusLine, Submission};

pub(crate) fn run(course: &Course, args: &CheckArgs) -> Result<Outcome> {
    let all = args.exercise.as_deref() == Some("all");
    let targets = Targets::new(&args.format, args.output.as_deref(), all)?;
    let options = Options { seed: args.seed, limits: args.limits, ..Options::default() };
    let grader = Grader { course, args, options, sandbox: Sandbox::choose(args.sandbox.into())? };
    if args.bonus {
        add_bonuses(course, args.exercise.as_deref().filter(|_| !all))?;
    }
    if all {
        if args.source.is_some() {
            return Err(UsageError(
                "--source is a submission to one exercise; name that exercise instead of `all`".to_owned(),
            )
            .into());
        }
        let all = grader.check_all()?;
        targets.write(&all.reports, &Terminal::of_stdout(course, None))?;
        all.whole()?;
        return Ok(outcome(&all.reports));
    }
    let (report, exercise) = match &args.exercise {
        Some(wanted) => {
            let exercise = course.exercise(wanted)?;
            (grader.grade_alone(exercise)?, exercise)
        }
        None => grader.check_current()?,
    };
    // Learners who grade their own code need know neither of the sandbox nor of the seed.
    let mut terminal = Terminal::of_stdout(course, Some(exercise));
    terminal.says_how = args.source.is_some();
    targets.write(slice::from_ref(&report), &terminal)?;
    Ok(outcome([&report]))
}

struct Grader<'a> {
    course: &'a Course,
    args: &'a CheckArgs,
    options: Options,
    sandbox: Sandbox,
}

impl Grader<'_> {
    /// Grades one exercise and says meanwhile what it is busy with.
    fn grade_alone(&self, exercise: &Exercise) -> Result<Report> {
        let kit = Kit::open(self.course, exercise)?;
        let line = StatusLine::new();
        self.grade(exercise, &kit, &line)
    }

    /// Grades the learner's exercise, or what the arguments name instead of it.
    fn grade(&self, exercise: &Exercise, kit: &Kit, observer: &dyn Observer) -> Result<Report> {
        if self.args.source.is_none() && !self.args.solution {
            let how = Checking { options: self.options, sandbox: self.sandbox, again: false, observer };
            let checked = learner::check(self.course, exercise, kit, &how)?;
            if let Some(warning) = checked.warning {
                warn(&format!("your progress was not saved: {warning}"));
            }
            return Ok(checked.report);
        }
        let submission = submission(self.course, exercise, self.args.source.as_deref(), self.args.solution)?;
        let gated = submission.gated && !self.args.without_source_gate;
        let submission = Submission { gated, ..submission };
        let work = self.course.work_folder()?;
        let slot = match self.args.source {
            Some(_) => Slot::take_empty(&work, &exercise.name, self.sandbox)?,
            None => Slot::take(&work, &exercise.name, self.sandbox)?,
        };
        let Self { course, options, .. } = *self;
        Ok(Grading { course, exercise, kit, slot: &slot, options, observer }.grade(&submission)?.report)
    }

    /// The exercise that the current folder lies in, or the first one that is not complete.
    fn check_current(&self) -> Result<(Report, &Exercise)> {
        if let Some(here) = self.course.exercise_here()? {
            return Ok((self.grade_alone(here)?, here));
        }
        let mut last = None;
        for exercise in &self.course.exercises {
            let report = self.grade_alone(exercise)?;
            let complete = report.status() == ExerciseStatus::Complete;
            last = Some((report, exercise));
            if !complete {
                break;
            }
        }
        last.context("the course has no exercise")
    }

    /// Grades every exercise, on all cores.
    fn check_all(&self) -> Result<All> {
        grade_all(self.course, &self.course.exercises, |exercise, kit| self.grade(exercise, kit, &()))
    }
}

/// Builds the crates of the bonus tasks of `wanted`, or of all exercises.
fn add_bonuses(course: &Course, wanted: Option<&str>) -> Result<()> {
    let wanted = wanted.map(|wanted| course.exercise(wanted)).transpose()?;
    let exercises = || course.exercises.iter().filter(|it| wanted.is_none_or(|wanted| wanted.name == it.name));
    let mut with_crates = exercises().filter(|exercise| exercise.tasks_with_crates().next().is_some()).peekable();
    if with_crates.peek().is_none() {
        let what = wanted.map_or("the course", |exercise| &exercise.name);
        return Err(UsageError(format!("{what} has no bonus with crates of its own; leave --bonus out")).into());
    }
    with_crates.try_for_each(|exercise| Kit::add_bonuses(course, exercise))
}

fn outcome<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Outcome {
    let complete = reports.into_iter().all(|report| report.status() == ExerciseStatus::Complete);
    if complete { Outcome::AllRight } else { Outcome::NotRightYet }
}

/// The forms in which the report is wanted, and where each of them goes.
pub(super) struct Targets {
    all: bool,
    /// `None` is standard output.
    targets: Vec<(ReportFormat, Option<PathBuf>)>,
}

impl Targets {
    /// What the arguments ask for; `all` if the report will be one on all exercises.
    pub(super) fn new(formats: &[ReportArg], output: Option<&Path>, all: bool) -> Result<Self> {
        let usage = |sentence: String| Err(UsageError(sentence).into());
        let mut plain = formats.iter().filter(|wanted| wanted.file.is_none());
        let format = plain.next().map_or(ReportFormat::Terminal, |wanted| wanted.format);
        if plain.next().is_some() {
            return usage(
                "only one report fits on standard output; give the others a file: --format junit=FILE".into(),
            );
        }
        // With files only, the report is shown in the terminal as well.
        let mut targets = vec![(format, output.map(Path::to_owned))];
        for wanted in formats.iter().filter(|wanted| wanted.file.is_some()) {
            if targets.iter().any(|(_, file)| *file == wanted.file) {
                let file = wanted.file.as_deref().unwrap_or(Path::new(""));
                return usage(format!("two reports would go to {}; give each a file of its own", file.display()));
            }
            targets.push((wanted.format, wanted.file.clone()));
        }
        for (format, name) in [(ReportFormat::Exercism, "exercism"), (ReportFormat::Check50, "check50")] {
            if all && targets.iter().any(|(wanted, _)| *wanted == format) {
                return usage(format!("{name} is a format for one exercise; name that exercise instead of `all`"));
            }
        }
        Ok(Self { all, targets })
    }

    /// Whether standard output is for people.
    pub(super) fn shows_text(&self) -> bool {
        self.targets.contains(&(ReportFormat::Terminal, None))
    }

    pub(super) fn write(&self, reports: &[Report], terminal: &Terminal) -> Result<()> {
        for (format, file) in &self.targets {
            let text = self.render(*format, reports, terminal)?;
            match file {
                Some(path) => {
                    files::write_atomically(path, anstream::adapter::strip_str(&text).to_string().as_bytes())?;
                }
                // A reader that has seen enough, such as `head`, is no fault.
                None => drop(anstream::stdout().write_all(text.as_bytes())),
            }
        }
        Ok(())
    }

    fn render(&self, format: ReportFormat, reports: &[Report], terminal: &Terminal) -> Result<String> {
        Ok(match format {
            ReportFormat::Terminal if self.all => report::terminal_of_all(reports, terminal),
            ReportFormat::Terminal => report::terminal(&reports[0], terminal),
            ReportFormat::Json if self.all => report::json_of_all(reports)?,
            ReportFormat::Json => report::json(&reports[0])?,
            ReportFormat::Junit => report::junit(reports),
            ReportFormat::Markdown => report::markdown(reports),
            ReportFormat::Gradescope => report::gradescope(reports)?,
            ReportFormat::Github => report::github(reports),
            ReportFormat::Exercism => report::exercism(&reports[0])?,
            ReportFormat::Check50 => report::check50(&reports[0])?,
        })
    }
}
