//! From a submission to its pictures: experiments on the learner's code and on the reference solution, which an exercise's
//! `pictures.rs` asks for.

use std::thread;

use anyhow::{Result, bail};
use course::{Course, Exercise};
use report::{Diagnostic, sanitise::clean};
use wire::{
    Packed,
    judge::{Answer, Controls, Ended, PictureSummary, Side},
};

use crate::{
    CalledOff, Compiled, JudgeProcess, Kit, Observer, Part, ProbeProcess, Slot, Sources, Stage, Submission, Task,
    compile, items::items, judge_program,
};

/// A case with more bytes holds a data set that was fetched. A training on it may take all the time that is left.
const LARGE_CASE: usize = 1 << 20;

/// What came of compiling a submission that is to be drawn.
pub enum Opened {
    /// It can be drawn.
    Gallery(Box<Gallery>),
    /// It does not compile.
    Broken(Vec<Diagnostic>),
}

/// A submission and the reference, compiled and running: they can be drawn any number of times.
pub struct Gallery {
    /// Whether a long training may be drawn as far as it has come, to go on with the next drawing. At first it may not.
    pub streams: bool,
    learner: ProbeProcess,
    reference: ProbeProcess,
    judge: JudgeProcess<'static>,
    sources: Sources,
    /// In which the reference's program lies.
    _aside: Slot,
}

impl Gallery {
    /// Compiles `submission` in `slot`, which has to be kept as long as the gallery.
    ///
    /// # Errors
    ///
    /// If the grader cannot do its work.
    pub fn open(
        course: &Course,
        exercise: &Exercise,
        submission: &Submission,
        kit: &Kit,
        slot: &Slot,
        observer: &dyn Observer,
    ) -> Result<Opened> {
        observer.on_stage(Stage::Compiling);
        let sources = Sources::read(course, submission, submission.gated)?;
        if !sources.refused.is_empty() {
            return Ok(Opened::Broken(sources.refused));
        }
        let reference_sources = Sources::read(course, &Submission::solution(course, exercise), false)?;
        // A place of its own: the learner's next check finds the incremental cache that their last one left.
        let aside = Slot::take(&course.work_folder()?.join("reference"), &exercise.name, slot.sandbox)?;
        let compiled =
            |sources: &Sources, slot: &Slot| compile(course, exercise, exercise.limits, sources, kit, slot, &());
        let (learner, reference, judge) = thread::scope(|scope| {
            let reference = scope.spawn(|| compiled(&reference_sources, &aside));
            let judge = scope.spawn(|| judge_program::build(course, exercise, kit, Part::Pictures));
            let learner = compiled(&sources, slot);
            let finished = "compiling does not panic";
            (learner, reference.join().expect(finished), judge.join().expect(finished))
        });
        let learner = match learner? {
            Compiled::Probe(program, _) => program,
            Compiled::Broken(diagnostics) => return Ok(Opened::Broken(diagnostics)),
        };
        let Compiled::Probe(reference, _) = reference? else {
            bail!("the solution of {} does not compile", exercise.name);
        };
        let probe =
            |program, sources: &Sources| ProbeProcess::new(program, sources.paths(), slot.sandbox, exercise.limits);
        let (learner, reference) = (probe(learner, &sources), probe(reference, &reference_sources));
        let mut judge = JudgeProcess::start(&judge?, &())?;
        judge.plan()?;
        Ok(Opened::Gallery(Box::new(Self { streams: false, learner, reference, judge, sources, _aside: aside })))
    }

    /// The pictures, encoded for those who show them, and what each of them says. Each drawing has all of the exercise's
    /// time.
    ///
    /// # Errors
    ///
    /// If the grader cannot do its work, or the reference does not answer; and [`CalledOff`], after which another drawing may
    /// follow.
    pub fn draw(&mut self, controls: Controls, observer: &dyn Observer) -> Result<(Packed, Vec<PictureSummary>)> {
        let Self { streams, learner, reference, judge, sources, .. } = self;
        learner.begin_again();
        reference.begin_again();
        let drawn = judge.draw(controls, *streams, |question| {
            let Task::Run(experiment, case) = question.task else { bail!("pictures run experiments and nothing else") };
            let probe = match question.side {
                Side::Learner => &mut *learner,
                Side::Reference => &mut *reference,
            };
            if case.0.len() > LARGE_CASE {
                probe.be_patient();
            }
            // The judge comes to the end of its drawing, and is there for the next one.
            let mut answer = match probe.ask(&experiment, case, observer) {
                Err(error) if error.is::<CalledOff>() => Answer { ended: Ended::NotStarted, output: String::new() },
                answer => answer?,
            };
            if let Ended::Panicked { message, place, function } = &mut answer.ended {
                *message = clean(message);
                *function = place.as_ref().and_then(|place| {
                    let items = items(sources.text(&place.file)?);
                    Some(items.into_iter().find(|item| item.lines.contains(&(place.line as usize)))?.name)
                });
            }
            Ok(answer)
        });
        if observer.has_called_off() { Err(CalledOff.into()) } else { drawn }
    }
}
