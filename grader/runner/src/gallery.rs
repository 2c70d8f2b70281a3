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
    judge_program,
};

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
        let mut answer = match question.side {
            Side::Learner => learner.ask(&experiment, case, observer)?,
            Side::Reference => reference.ask(&experiment, case, observer)?,
        };
        if let Ended::Panicked { message, place, function } = &mut answer.ended {
            *message = clean(message);
            *function = place
                .as_ref()
                .and_then(|place| function_around(learners_sources.text(&place.file)?, place.line as usize));
        }
        Ok(answer)
    })?;
    Ok(Drawn::Pictures(pictures, summaries))
}

/// The name of the function that line `line` of `source` stands in, with its type's if it is a method.
fn function_around(source: &str, line: usize) -> Option<String> {
    let above: Vec<&str> = source.lines().take(line).collect();
    let (at, name) = above.iter().enumerate().rev().find_map(|(at, line)| {
        let (before, rest) = line.split_once("fn ")?;
        let is_item = before.split_whitespace().all(|word| word.starts_with("pub") || word == "const");
        Some((at, identifier(rest)?)).filter(|_| is_item)
    })?;
    let is_method = above[at].starts_with(char::is_whitespace);
    let implemented = above[..at].iter().rev().find_map(|line| line.strip_prefix("impl")).filter(|_| is_method);
    Some(match implemented.and_then(type_of_impl) {
        Some(kind) => format!("{kind}::{name}"),
        None => name.to_owned(),
    })
}

/// The type in what follows the word `impl`: `Dense` in `<const I: usize> fmt::Display for Dense<I> {`.
fn type_of_impl(rest: &str) -> Option<&str> {
    let mut depth = 0;
    let after_generics = rest.find(|letter: char| {
        depth += i32::from(letter == '<') - i32::from(letter == '>');
        depth == 0 && letter != '>' && !letter.is_whitespace()
    })?;
    let rest = &rest[after_generics..];
    identifier(rest.split_once(" for ").map_or(rest, |(_, rest)| rest))
}

fn identifier(text: &str) -> Option<&str> {
    let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(text.len());
    (end > 0).then_some(&text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_known_by_the_function_around_it() {
        let source = "/// fn of a comment
pub fn elu(z: f64) -> f64 {
    let fun = 1;
    todo!()
}

impl<const I: usize> Default for Dense<I> {
    pub fn new<R>(rng: R) -> Self {
        todo!()
    }
}";
        let around = |line| function_around(source, line);
        assert_eq!(around(1), None);
        assert_eq!(around(4).as_deref(), Some("elu"));
        assert_eq!(around(9).as_deref(), Some("Dense::new"));
        assert_eq!(around(99).as_deref(), Some("Dense::new"));
        assert_eq!(type_of_impl(" Perceptron {"), Some("Perceptron"));
    }
}
