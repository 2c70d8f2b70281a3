//! From a submission to its pictures: experiments on the learner's code and on the reference solution, drawn by the
//! exercise's `pictures.rs`.

use std::{collections::BTreeMap, thread};

use anyhow::{Result, bail};
use probe::{Place, Record, Value};

use crate::{
    bench::{
        self, Compiled, Diagnostic, Ended, Kit, Observer, ProbeProcess, Slot, Sources, Stage, Submission, work_folder,
    },
    course::{Course, Exercise, UsageError},
    hidden,
    hostile::clean,
    judge::{is_todo, over},
    picture::{Both, Note, Picture},
};

/// What a `pictures.rs` needs; not every one needs all of it.
#[allow(unused_imports, reason = "the course decides which of these its pictures use")]
pub(crate) mod prelude {
    pub(crate) use anyhow::Result;
    pub(crate) use ndarray::{Array1, Array2, array};
    pub(crate) use probe::Record;

    pub(crate) use super::{Answer, Ask, Asked, Side};
    pub(crate) use crate::picture::{Axis, Both, Cells, GAP, Mark, Palette, Picture, Role, YOURS, with_separators};
}

/// A panic's message longer than this is cut: it stands in a picture.
const MAX_MESSAGE: usize = 120;

/// What came of drawing a submission.
pub(crate) enum Drawn {
    Pictures(Vec<Picture>),
    /// It does not compile.
    Broken(Vec<Diagnostic>),
}

/// Compiles `submission` in `slot`, and draws the pictures of `exercise`.
pub(crate) fn draw(
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
    let aside = Slot::take(&work_folder(course)?.join("reference"), &exercise.name, slot.sandbox)?;
    let compiled = |sources: &Sources, slot: &Slot| bench::compile(course, exercise, sources, kit, slot);
    let (learners, reference) = thread::scope(|scope| {
        let reference = scope.spawn(|| compiled(&reference_sources, &aside));
        (compiled(&learners_sources, slot), reference.join().expect("compiling does not panic"))
    });
    let learners = match learners? {
        Compiled::Probe(program, _) => program,
        Compiled::Broken(diagnostics) => return Ok(Drawn::Broken(diagnostics)),
    };
    let Compiled::Probe(reference, _) = reference? else {
        bail!("the solution of {} does not compile", exercise.name);
    };
    let side = |program, sources: Sources| Side {
        probe: ProbeProcess::new(program, sources.paths(), slot.sandbox, exercise.limits),
        sources,
        observer,
        silent: BTreeMap::new(),
    };
    let mut ask = Ask { learner: side(&learners, learners_sources), reference: side(&reference, reference_sources) };
    match hidden::pictures_of(&exercise.name, &mut ask) {
        Some(pictures) => pictures.map(Drawn::Pictures),
        None => Err(UsageError(format!("{} has no pictures", exercise.name)).into()),
    }
}

/// Whom to ask for numbers: the learner's code and the reference.
pub(crate) struct Ask<'a> {
    learner: Side<'a>,
    reference: Side<'a>,
}

impl Ask<'_> {
    /// What `compute` makes of the answers of either.
    ///
    /// # Errors
    ///
    /// For faults of the grader's own, a reference that does not answer among them. A learner's code that does not answer
    /// is a case for the picture.
    pub(crate) fn both<T>(&mut self, compute: impl Fn(&mut Side<'_>) -> Asked<T>) -> Result<Both<T>> {
        let reference = match compute(&mut self.reference) {
            Ok(reference) => reference,
            Err(Stop::NoAnswer(note)) => bail!("the reference solution does not answer: {note:?}"),
            Err(Stop::Fault(error)) => return Err(error),
        };
        let learner = match compute(&mut self.learner) {
            Ok(learner) => Ok(learner),
            Err(Stop::NoAnswer(note)) => Err(note),
            Err(Stop::Fault(error)) => return Err(error),
        };
        Ok(Both { reference, learner })
    }
}

/// One of the two: the learner's code or the reference.
pub(crate) struct Side<'a> {
    probe: ProbeProcess,
    sources: Sources,
    observer: &'a dyn Observer,
    /// Experiments that ended the probe: they are not run again, so that one endless loop costs one deadline.
    silent: BTreeMap<String, String>,
}

/// What an experiment, or something computed from experiments, has come to.
pub(crate) type Asked<T> = Result<T, Stop>;

/// Why there is no answer.
pub(crate) enum Stop {
    /// The code did something else instead.
    NoAnswer(Note),
    /// The grader could not do its work.
    Fault(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Fault(error)
    }
}

impl Side<'_> {
    /// Runs `experiment` on `case`.
    pub(crate) fn ask(&mut self, experiment: &str, case: &Record) -> Asked<Answer> {
        if let Some(sentence) = self.silent.get(experiment) {
            return Err(Stop::NoAnswer(sentence.as_str().into()));
        }
        let sentence = match self.probe.ask(experiment, case, self.observer)?.ended {
            Ended::Observed(record) => return Ok(Answer { experiment: experiment.to_owned(), record }),
            Ended::Panicked { message, place } => {
                return Err(Stop::NoAnswer(self.panicked(experiment, &message, place)));
            }
            Ended::Stopped(limit) => format!("`{experiment}`: {}", over(limit)),
            Ended::Died(cause) => format!("`{experiment}` ended the whole program: {cause}."),
            Ended::NotStarted => format!("`{experiment}` was not run: your program had crashed too often."),
        };
        self.silent.insert(experiment.to_owned(), sentence.clone());
        Err(Stop::NoAnswer(sentence.into()))
    }

    fn panicked(&self, experiment: &str, message: &str, place: Option<Place>) -> Note {
        let function = place.and_then(|place| function_around(self.sources.text(&place.file)?, place.line as usize));
        let name = function.unwrap_or_else(|| experiment.to_owned());
        if is_todo(message) {
            return Note::ToDo(name);
        }
        let first_line = message.lines().next().unwrap_or_default();
        let mut said: String = clean(first_line).chars().take(MAX_MESSAGE).collect();
        if said.len() < first_line.len() {
            said.push('…');
        }
        format!("`{name}` panicked: {said}").into()
    }
}

/// What was observed. The code behind it may have returned anything: arrays of any length, NaN.
pub(crate) struct Answer {
    experiment: String,
    record: Record,
}

impl Answer {
    /// All numbers in the part called `name`, row after row.
    pub(crate) fn numbers(&self, name: &str) -> Vec<f64> {
        match self.record.get(name) {
            Some(Value::Float(number)) => vec![*number],
            Some(Value::Int(number)) => vec![*number as f64],
            Some(Value::Ints(numbers)) => numbers.iter().map(|&number| number as f64).collect(),
            Some(Value::Array { data, .. }) => data.clone(),
            _ => Vec::new(),
        }
    }

    /// The numbers in the part called `name`, if there are `count` of them.
    pub(crate) fn exactly(&self, count: usize, name: &str) -> Asked<Vec<f64>> {
        let numbers = self.numbers(name);
        if numbers.len() == count {
            return Ok(numbers);
        }
        let what = if name == RESULT { self.experiment.as_str() } else { name };
        let n = numbers.len();
        Err(Stop::NoAnswer(format!("`{what}` has {n} numbers where {count} belong.").into()))
    }

    /// The number called `name`; NaN if there is none.
    pub(crate) fn number(&self, name: &str) -> f64 {
        self.numbers(name).first().copied().unwrap_or(f64::NAN)
    }
}

/// The name of the part of an answer that has only one.
pub(crate) const RESULT: &str = "result";

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
    pub(crate) fn new<R>(rng: R) -> Self {
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

    #[test]
    fn answers_hold_whatever_was_returned() {
        let record = Record::new().with("x", f64::NAN).with("none", Value::Nothing).with("counts", vec![1, 2]);
        let answer = Answer { experiment: "train".to_owned(), record };
        assert!(answer.number("x").is_nan() && answer.number("none").is_nan() && answer.number("missing").is_nan());
        assert_eq!(answer.numbers("counts"), [1.0, 2.0]);
        let Err(Stop::NoAnswer(note)) = answer.exactly(3, "counts") else { panic!("there are two") };
        assert_eq!(note, "`counts` has 2 numbers where 3 belong.".into());
    }
}
