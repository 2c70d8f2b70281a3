//! `grader check`: grade and report.

use std::io::Write;

use anyhow::{Context, Result};

use super::{Outcome, parallel::grade_all, status_line::StatusLine, submission, warn};
use crate::{
    bench::{Kit, Observer, Sandbox, Slot, Submission, work_folder},
    cli::{CheckArgs, Format},
    course::{Course, Exercise, UsageError},
    files,
    grade::grade,
    learner::{self, Checking},
    report::{self, ExerciseStatus, Report, Terminal},
};

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome> {
    let mut course = Course::find()?;
    if let Some(limits) = args.limits {
        course.exercises.iter_mut().for_each(|exercise| exercise.limits = limits);
    }
    let grader = Grader { course: &course, args, sandbox: Sandbox::choose(args.sandbox)? };
    if args.exercise.as_deref() == Some("all") {
        if args.source.is_some() {
            return Err(
                UsageError("--source is a submission to one exercise; name it instead of `all`".to_owned()).into()
            );
        }
        return grader.check_all();
    }
    let (report, exercise) = match &args.exercise {
        Some(wanted) => {
            let exercise = course.exercise(wanted)?;
            (grader.grade_alone(exercise)?, exercise)
        }
        None => grader.check_current()?,
    };
    let text = match args.format {
        Format::Terminal => report::terminal(&report, &Terminal::of_stdout(&course, Some(exercise))),
        Format::Json => report::json(&report)?,
    };
    write(args, &text)?;
    Ok(outcome([&report]))
}

struct Grader<'a> {
    course: &'a Course,
    args: &'a CheckArgs,
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
            let how = Checking { seed: self.args.seed, sandbox: self.sandbox, again: false, observer };
            let checked = learner::check(self.course, exercise, kit, &how)?;
            if let Some(warning) = checked.warning {
                warn(&format!("your progress was not noted down: {warning}"));
            }
            return Ok(checked.report);
        }
        let submission = submission(self.course, exercise, self.args.source.as_deref(), self.args.solution)?;
        let gated = submission.gated && !self.args.without_source_gate;
        let submission = Submission { gated, ..submission };
        let work = work_folder(self.course)?;
        let slot = match self.args.source {
            Some(_) => Slot::take_empty(&work, &exercise.name, self.sandbox)?,
            None => Slot::take(&work, &exercise.name, self.sandbox)?,
        };
        grade(self.course, exercise, &submission, kit, &slot, self.args.seed, observer)
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
    fn check_all(&self) -> Result<Outcome> {
        let reports = grade_all(self.course, &self.course.exercises, |exercise, kit| self.grade(exercise, kit, &()))?;
        let text = match self.args.format {
            Format::Terminal => report::terminal_of_all(&reports, &Terminal::of_stdout(self.course, None)),
            Format::Json => report::json_of_all(&reports)?,
        };
        write(self.args, &text)?;
        Ok(outcome(&reports))
    }
}

fn outcome<'a>(reports: impl IntoIterator<Item = &'a Report>) -> Outcome {
    let complete = reports.into_iter().all(|report| report.status() == ExerciseStatus::Complete);
    if complete { Outcome::AllRight } else { Outcome::NotRightYet }
}

fn write(args: &CheckArgs, text: &str) -> Result<()> {
    match &args.output {
        Some(path) => files::write_atomically(path, anstream::adapter::strip_str(text).to_string().as_bytes()),
        None => {
            // A reader that has seen enough, such as `head`, is no fault.
            let _ = anstream::stdout().write_all(text.as_bytes());
            Ok(())
        }
    }
}
