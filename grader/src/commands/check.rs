//! `grader check`: grade and report.

use std::{env, io::Write, path::absolute};

use anyhow::{Context, Result};

use super::{
    Outcome,
    parallel::{Progress, parallel},
};
use crate::{
    bench::{Kit, Sandbox, Slot, Submission, work_folder},
    cli::{CheckArgs, Format},
    course::{Course, Exercise, UsageError},
    files,
    grade::grade,
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
            (grader.grade(exercise, &Kit::open(&course, exercise)?)?, exercise)
        }
        None => grader.check_current()?,
    };
    let next = course.exercises.iter().find(|other| other.number > exercise.number);
    let text = match args.format {
        Format::Terminal => {
            let page =
                report::terminal(&report, &Terminal::of_stdout(next.map(|next| (next.number, next.name.clone()))));
            // Learners who grade their own code need not know.
            if args.source.is_some() { format!("{page}Sandbox: {}\n", report.sandbox) } else { page }
        }
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
    fn grade(&self, exercise: &Exercise, kit: &Kit) -> Result<Report> {
        let submission = self.submission(exercise)?;
        let work = work_folder(self.course)?;
        let slot = match self.args.source {
            Some(_) => Slot::take_empty(&work, &exercise.name, self.sandbox)?,
            None => Slot::take(&work, &exercise.name, self.sandbox)?,
        };
        grade(self.course, exercise, &submission, kit, &slot, self.args.seed)
    }

    fn submission(&self, exercise: &Exercise) -> Result<Submission> {
        let submission = match &self.args.source {
            Some(folder) => {
                let folder = absolute(folder).with_context(|| format!("cannot find {}", folder.display()))?;
                Submission { folder, gated: !self.args.without_source_gate }
            }
            None if self.args.solution => Submission::solution(self.course, exercise),
            None => Submission::of_learner(self.course, exercise),
        };
        let lib = submission.lib();
        if lib.symlink_metadata().is_err() {
            return Err(
                UsageError(format!("there is no {}; a submission is a folder with src/lib.rs", lib.display())).into()
            );
        }
        Ok(submission)
    }

    /// The exercise that the current folder lies in, or the first one that is not complete.
    fn check_current(&self) -> Result<(Report, &Exercise)> {
        if let Some(here) = self.course.exercise_at(&env::current_dir()?) {
            return Ok((self.grade(here, &Kit::open(self.course, here)?)?, here));
        }
        let mut last = None;
        for exercise in &self.course.exercises {
            let report = self.grade(exercise, &Kit::open(self.course, exercise)?)?;
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
        // Kits one after the other, with cargo's own progress; then the exercises together.
        let exercises = self
            .course
            .exercises
            .iter()
            .map(|exercise| Ok((exercise, Kit::open(self.course, exercise)?)))
            .collect::<Result<Vec<_>>>()?;
        let progress = Progress::new(exercises.len());
        let reports = parallel(&exercises, |(exercise, kit)| {
            let report = self.grade(exercise, kit);
            progress.advance(&exercise.name);
            report
        });
        progress.clear();
        let reports: Vec<Report> = reports.into_iter().collect::<Result<_>>()?;
        let text = match self.args.format {
            Format::Terminal => report::terminal_of_all(&reports, &Terminal::of_stdout(None)),
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
