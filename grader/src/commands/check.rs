//! `grader check`: grade and report.

use std::io::Write;

use anyhow::{Result, bail};

use super::{
    Outcome, current,
    parallel::{Progress, parallel},
    submission,
};
use crate::{
    bench::{Kit, Slot, work_folder},
    cli::{CheckArgs, Format, SandboxMode},
    course::{Course, Exercise, UsageError},
    files,
    grade::grade,
    report::{self, ExerciseStatus, Report, Terminal},
};

pub(crate) fn run(args: &CheckArgs) -> Result<Outcome> {
    let course = Course::find()?;
    if args.sandbox == SandboxMode::Require {
        bail!("there is no sandbox here, and --sandbox require asks for one; grade only code that you trust");
    }
    let grader = Grader { course: &course, args };
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
            report::terminal(&report, &Terminal::of_stdout(next.map(|next| (next.number, next.name.clone()))))
        }
        Format::Json => report::json(&report)?,
    };
    write(args, &text)?;
    Ok(outcome([&report]))
}

struct Grader<'a> {
    course: &'a Course,
    args: &'a CheckArgs,
}

impl Grader<'_> {
    fn grade(&self, exercise: &Exercise, kit: &Kit) -> Result<Report> {
        let submission = submission(self.course, exercise, self.args.source.as_deref(), self.args.solution)?;
        let slot = Slot::take(&work_folder(self.course)?, &exercise.name)?;
        grade(self.course, exercise, &submission, kit, &slot, self.args.seed)
    }

    fn check_current(&self) -> Result<(Report, &Exercise)> {
        let mut graded = None;
        let exercise = current(self.course, |exercise| {
            let report = self.grade(exercise, &Kit::open(self.course, exercise)?)?;
            Ok(graded.insert(report).status() == ExerciseStatus::Complete)
        })?;
        let report = match graded {
            Some(report) => report,
            None => self.grade(exercise, &Kit::open(self.course, exercise)?)?,
        };
        Ok((report, exercise))
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
