//! From a submission to its pictures: experiments on the learner's code and on the reference solution, which an exercise's
//! `pictures.rs` asks for.

use std::thread;

use anyhow::{Result, bail};
use course::{Course, Exercise};
use report::{Diagnostic, sanitise::clean};
use wire::{
    Packed,
    judge::{Ended, PictureSummary, Side},
};

use crate::{
    Compiled, JudgeProcess, Kit, Observer, Part, ProbeProcess, Slot, Sources, Stage, Submission, Task, compile,
    items::items, judge_program,
};

/// A case with more bytes holds a data set that was fetched. A training on it may take all the time that is left.
const LARGE_CASE: usize = 1 << 20;

/// What came of drawing a submission.
pub enum Drawn {
    /// The pictures, encoded for the view, and what each of them says.
    Pictures(Packed, Vec<PictureSummary>),
    /// It does not compile.
    Broken(Vec<Diagnostic>),
}

/// Compiles `submission` in `slot`, and has the pictures of `exercise` made.
///
/// # Errors
///
/// If the grader cannot do its work, or the reference does not answer.
pub fn draw(
    course: &Course,
    exercise: &Exercise,
    submission: &Submission,
    kit: &Kit,
    slot: &Slot,
    observer: &dyn Observer,
) -> Result<Drawn> {
    observer.on_stage(Stage::Compiling);
    let learners_sources = Sources::read(course, submission, submission.gated)?;
    if !learners_sources.refused.is_empty() {
        return Ok(Drawn::Broken(learners_sources.refused));
    }
    let reference_sources = Sources::read(course, &Submission::solution(course, exercise), false)?;
    // A place of its own: the learner's next check finds the incremental cache that their last one left.
    let aside = Slot::take(&course.work_folder()?.join("reference"), &exercise.name, slot.sandbox)?;
    let compiled = |sources: &Sources, slot: &Slot| compile(course, exercise, exercise.limits, sources, kit, slot);
    let (learners, reference, judge) = thread::scope(|scope| {
        let reference = scope.spawn(|| compiled(&reference_sources, &aside));
        let judge = scope.spawn(|| judge_program::build(course, exercise, kit, Part::Pictures));
        let learners = compiled(&learners_sources, slot);
        (learners, reference.join().expect("compiling does not panic"), judge.join().expect("building does not panic"))
    });
    let learners = match learners? {
        Compiled::Probe(program, _) => program,
        Compiled::Broken(diagnostics) => return Ok(Drawn::Broken(diagnostics)),
    };
    let Compiled::Probe(reference, _) = reference? else {
        bail!("the solution of {} does not compile", exercise.name);
    };
    let probe = |program, sources: &Sources| ProbeProcess::new(program, sources.paths(), slot.sandbox, exercise.limits);
    let mut learner = probe(learners, &learners_sources);
    let mut reference = probe(reference, &reference_sources);
    let mut judge = JudgeProcess::start(&judge?, observer)?;
    judge.plan()?;
    let (pictures, summaries) = judge.draw(|question| {
        let Task::Run(experiment, case) = question.task else { bail!("pictures run experiments and nothing else") };
        let probe = match question.side {
            Side::Learner => &mut learner,
            Side::Reference => &mut reference,
        };
        if case.0.len() > LARGE_CASE {
            probe.be_patient();
        }
        let mut answer = probe.ask(&experiment, case, observer)?;
        if let Ended::Panicked { message, place, function } = &mut answer.ended {
            *message = clean(message);
            *function = place.as_ref().and_then(|place| {
                let items = items(learners_sources.text(&place.file)?);
                Some(items.into_iter().find(|item| item.lines.contains(&(place.line as usize)))?.name)
            });
        }
        Ok(answer)
    })?;
    Ok(Drawn::Pictures(pictures, summaries))
}
