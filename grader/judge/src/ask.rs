//! Whom a `pictures.rs` asks for numbers: the learner's code and the reference solution.

use std::{
    any::{Any, TypeId},
    cell::{Cell, RefCell},
    collections::{BTreeMap, HashMap},
    mem,
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use probe::{Record, Value};
use wire::{
    Packed,
    judge::{Controls, Ended, Side as Whose},
};

use crate::{
    picture::{Both, INSTEAD, Note, Picture},
    serve::Grader,
    verdict::{is_todo, over},
};

/// A training that takes longer is drawn before its end, if it may be.
const AT_ONCE: Duration = Duration::from_millis(10);

/// A panic's message longer than this is cut: it stands in a picture.
const MAX_MESSAGE: usize = 120;

/// Whom to ask for numbers: the learner's code and the reference.
pub struct Ask<'a> {
    /// What somebody has varied on the page of `grader serve`; empty elsewhere.
    pub controls: Controls,
    learner: Side<'a>,
    reference: Side<'a>,
    memory: &'a Memory,
}

impl<'a> Ask<'a> {
    pub(crate) fn new(grader: &'a Grader, controls: Controls, streams: bool, memory: &'a Memory) -> Self {
        let side = |whose| Side { whose, grader, memory, streams, silent: BTreeMap::new() };
        Self { controls, learner: side(Whose::Learner), reference: side(Whose::Reference), memory }
    }

    /// What `compute` returns, computed once and kept: for a picture without controls, or the part of one that no control
    /// changes. `compute` finds all controls at their usual values.
    ///
    /// # Errors
    ///
    /// Those of `compute`.
    pub fn once<T, F>(&mut self, compute: F) -> Result<T>
    where
        T: Clone + 'static,
        F: FnOnce(&mut Self) -> Result<T> + 'static,
    {
        const { assert!(size_of::<F>() == 0, "what is computed once must not depend on a variable") }
        let of_this = TypeId::of::<F>();
        if let Some(kept) = self.memory.kept.borrow().get(&of_this).and_then(|kept| kept.downcast_ref::<T>()) {
            return Ok(kept.clone());
        }
        let controls = mem::take(&mut self.controls);
        let computed = compute(self);
        self.controls = controls;
        let computed = computed?;
        // What ended a process may come out otherwise the next time.
        if self.learner.silent.is_empty() {
            self.memory.kept.borrow_mut().insert(of_this, Box::new(computed.clone()));
        }
        Ok(computed)
    }

    /// What `compute` makes of the answers of either.
    ///
    /// # Errors
    ///
    /// For faults of the grader's own, a reference that does not answer among them. A learner's code that does not answer
    /// is a case for the picture.
    pub fn both<T>(&mut self, compute: impl Fn(&mut Side<'_>) -> Asked<T>) -> Result<Both<T>> {
        self.each(Both { reference: (), learner: Ok(()) }, |side, ()| compute(side))
    }

    /// What `compute` makes of the answers of either and of what is known of it.
    ///
    /// # Errors
    ///
    /// As for [`both`](Self::both).
    pub fn each<T, U>(&mut self, known: Both<T>, compute: impl Fn(&mut Side<'_>, T) -> Asked<U>) -> Result<Both<U>> {
        let reference = of_reference(compute(&mut self.reference, known.reference))?;
        let learner = match known.learner.map(|known| compute(&mut self.learner, known)) {
            Ok(Ok(learner)) => Ok(learner),
            Ok(Err(Stop::NoAnswer(note))) | Err(note) => Err(note),
            Ok(Err(Stop::Fault(error))) => return Err(error),
        };
        Ok(Both { reference, learner })
    }

    /// A training: from `start`, the reference and the learner's code take as many steps as the picture's
    /// [played](Picture::played) control says.
    ///
    /// Where trainings stream, a long one ends before that. Answers are remembered, so the next drawing goes on from there.
    ///
    /// # Errors
    ///
    /// As for [`both`](Self::both).
    pub fn train<T: Clone>(
        &mut self,
        picture: &mut Picture,
        start: T,
        step: impl Fn(&mut Side<'_>, T) -> Asked<T>,
    ) -> Result<Both<T>> {
        let (memory, streams) = (self.memory, self.reference.streams);
        let start = Both { reference: start.clone(), learner: Ok(start) };
        train(memory, streams, picture, start, |both| self.each(both, &step))
    }

    /// What `compute` makes of the learner's answers, and `true`; or of the reference's, and `false`, with a note of what the
    /// learner's code did instead. For pictures that have room for one of them alone.
    ///
    /// # Errors
    ///
    /// As for [`both`](Self::both).
    pub fn one<T>(
        &mut self,
        picture: &mut Picture,
        compute: impl Fn(&mut Side<'_>, &mut Picture) -> Asked<T>,
    ) -> Result<(T, bool)> {
        match compute(&mut self.learner, picture) {
            Ok(learners) => Ok((learners, true)),
            Err(Stop::NoAnswer(note)) => {
                picture.note(note);
                picture.note(INSTEAD);
                let reference = of_reference(compute(&mut self.reference, picture))?;
                Ok((reference, false))
            }
            Err(Stop::Fault(error)) => Err(error),
        }
    }

    /// What `compute` makes of the learner's answers, beside a `reference` that is known: for trainings of minutes, which would
    /// take twice as long with the solution's.
    ///
    /// # Errors
    ///
    /// For faults of the grader's own.
    pub fn beside<T>(&mut self, reference: T, compute: impl Fn(&mut Side<'_>) -> Asked<T>) -> Result<Both<T>> {
        let learner = match compute(&mut self.learner) {
            Ok(learner) => Ok(learner),
            Err(Stop::NoAnswer(note)) => Err(note),
            Err(Stop::Fault(error)) => return Err(error),
        };
        Ok(Both { reference, learner })
    }
}

fn of_reference<T>(asked: Asked<T>) -> Result<T> {
    asked.map_err(|stop| match stop {
        Stop::NoAnswer(note) => anyhow!("the reference solution does not answer: {note:?}"),
        Stop::Fault(error) => error,
    })
}

/// Takes the steps of a training, or as many new ones as there is time for before it is drawn.
fn train<T, E>(
    memory: &Memory,
    streams: bool,
    picture: &mut Picture,
    start: T,
    mut step: impl FnMut(T) -> Result<T, E>,
) -> Result<T, E> {
    let begin = Instant::now();
    let steps = picture.reach(None);
    let mut state = start;
    for taken in 1..=steps {
        let known = memory.questions.get();
        state = step(state)?;
        let is_new = memory.questions.get() > known;
        if streams && is_new && taken < steps && begin.elapsed() > AT_ONCE {
            picture.reach(Some(taken));
            break;
        }
    }
    Ok(state)
}

/// Answers of one side to one experiment, by the packed case: what was observed, or what a picture says of a panic.
type ByCase = HashMap<Vec<u8>, Known>;

type Known = Result<Rc<Record>, Note>;

/// What was answered before. When one control of many pictures is moved, all questions of the others are known already.
#[derive(Default)]
pub(crate) struct Memory {
    answers: RefCell<HashMap<(bool, String), ByCase>>,
    bytes: RefCell<usize>,
    /// How many questions it had no answer to.
    questions: Cell<usize>,
    /// What was computed once, by the type of the function that computed it.
    kept: RefCell<HashMap<TypeId, Box<dyn Any>>>,
}

/// Of more than this everything is forgotten.
const MEMORY: usize = 256 << 20;

impl Memory {
    fn recall(&self, whose: Whose, experiment: &str, case: &Packed) -> Option<Known> {
        let answers = self.answers.borrow();
        answers.get(&(whose == Whose::Learner, experiment.to_owned()))?.get(&case.0).cloned()
    }

    /// Keeps an answer of `size` bytes.
    fn keep(&self, whose: Whose, experiment: &str, case: Packed, known: Known, size: usize) {
        let mut answers = self.answers.borrow_mut();
        let mut bytes = self.bytes.borrow_mut();
        *bytes += size + case.0.len();
        if *bytes > MEMORY {
            *bytes = 0;
            answers.clear();
            return;
        }
        let of_experiment = answers.entry((whose == Whose::Learner, experiment.to_owned())).or_default();
        of_experiment.insert(case.0, known);
    }
}

/// One of the two: the learner's code or the reference.
pub struct Side<'a> {
    whose: Whose,
    grader: &'a Grader,
    memory: &'a Memory,
    /// Whether a training may be drawn before its end.
    streams: bool,
    /// Experiments that ended the probe: they are not run again, so that one endless loop costs one deadline.
    silent: BTreeMap<String, String>,
}

/// What an experiment, or something computed from experiments, has come to.
pub type Asked<T> = Result<T, Stop>;

/// Why there is no answer.
pub enum Stop {
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
    pub fn ask(&mut self, experiment: &str, case: &Record) -> Asked<Answer> {
        if let Some(sentence) = self.silent.get(experiment) {
            return Err(Stop::NoAnswer(sentence.as_str().into()));
        }
        let packed = case.pack();
        let answer = |known: Known| match known {
            Ok(record) => Ok(Answer { experiment: experiment.to_owned(), record }),
            Err(note) => Err(Stop::NoAnswer(note)),
        };
        if let Some(known) = self.memory.recall(self.whose, experiment, &packed) {
            return answer(known);
        }
        self.memory.questions.update(|count| count + 1);
        let ended = self.grader.run(self.whose, experiment, [case])?.pop().context("there is an answer")?.ended;
        let size = match &ended {
            Ended::Observed(packed) => packed.0.len(),
            Ended::Panicked { message, .. } => message.len(),
            _ => 0,
        };
        // What ended a process may come out otherwise the next time, and is not kept.
        let keep = |known: Known| {
            self.memory.keep(self.whose, experiment, packed, known.clone(), size);
            answer(known)
        };
        let sentence = match ended {
            Ended::Observed(packed) => match Record::unpack(&packed) {
                Some(record) => return keep(Ok(Rc::new(record))),
                None => format!("`{experiment}`: the answer was garbled."),
            },
            Ended::Panicked { message, function, .. } => {
                return keep(Err(panicked(function.as_deref().unwrap_or(experiment), &message)));
            }
            Ended::Stopped(limit) => format!("`{experiment}`: {}", over(limit)),
            Ended::Died(cause) => format!("`{experiment}` ended the whole program: {cause}."),
            Ended::NotStarted | Ended::Refused(_) => {
                format!("`{experiment}` was not run: your program crashed too often.")
            }
        };
        self.silent.insert(experiment.to_owned(), sentence.clone());
        Err(Stop::NoAnswer(sentence.into()))
    }

    /// A training of this side alone, as [`Ask::train`] is one of both.
    ///
    /// # Errors
    ///
    /// Those of `step`.
    pub fn train<T>(&mut self, picture: &mut Picture, start: T, step: impl Fn(&mut Self, T) -> Asked<T>) -> Asked<T> {
        train(self.memory, self.streams, picture, start, |state| step(self, state))
    }

    /// What `compute` makes of `case`, remembered as an answer is: for what takes the picture itself long. `name` is not that of
    /// an experiment.
    pub fn compute(&mut self, name: &str, case: &Record, compute: impl FnOnce() -> Record) -> Answer {
        let packed = case.pack();
        let record = match self.memory.recall(Whose::Reference, name, &packed) {
            Some(Ok(record)) => record,
            _ => {
                self.memory.questions.update(|count| count + 1);
                let record = Rc::new(compute());
                let size = record.pack().0.len();
                self.memory.keep(Whose::Reference, name, packed, Ok(record.clone()), size);
                record
            }
        };
        Answer { experiment: name.to_owned(), record }
    }
}

fn panicked(function: &str, message: &str) -> Note {
    if is_todo(message) {
        return Note::ToDo(function.to_owned());
    }
    let first_line = message.lines().next().unwrap_or_default();
    let mut said: String = first_line.chars().take(MAX_MESSAGE).collect();
    if said.len() < first_line.len() {
        said.push('…');
    }
    format!("`{function}` panicked: {said}").into()
}

/// What was observed. The code behind it may have returned anything: arrays of any length, NaN.
pub struct Answer {
    experiment: String,
    record: Rc<Record>,
}

impl Answer {
    /// All numbers in the part called `name`, row after row; a truth value is 1 or 0.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        match self.record.get(name) {
            Some(Value::Float(number)) => vec![*number],
            Some(Value::Int(number)) => vec![*number as f64],
            Some(Value::Bool(flag)) => vec![f64::from(u8::from(*flag))],
            Some(Value::Ints(numbers)) => numbers.iter().map(|&number| number as f64).collect(),
            Some(Value::Array { data, .. }) => data.clone(),
            _ => Vec::new(),
        }
    }

    /// The numbers in the part called `name`, if there are `count` of them.
    pub fn exactly(&self, count: usize, name: &str) -> Asked<Vec<f64>> {
        let numbers = self.numbers(name);
        if numbers.len() == count {
            return Ok(numbers);
        }
        let what = if name == RESULT { self.experiment.as_str() } else { name };
        let n = numbers.len();
        Err(Stop::NoAnswer(format!("`{what}` has {n} numbers instead of {count}.").into()))
    }

    /// The words called `name`; empty if there are none.
    pub fn text(&self, name: &str) -> &str {
        match self.record.get(name) {
            Some(Value::Text(words)) => words,
            _ => "",
        }
    }

    /// The number called `name`; NaN if there is none.
    pub fn number(&self, name: &str) -> f64 {
        self.numbers(name).first().copied().unwrap_or(f64::NAN)
    }
}

/// The name of the part of an answer that has only one.
pub const RESULT: &str = "result";

#[cfg(test)]
mod tests {
    use std::sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    };

    use super::*;

    #[test]
    fn what_no_control_changes_is_computed_once() {
        static TIMES: AtomicUsize = AtomicUsize::new(0);
        fn count(ask: &mut Ask<'_>) -> Result<usize> {
            assert!(ask.controls.is_empty(), "a control would not be followed");
            Ok(TIMES.fetch_add(1, Ordering::Relaxed))
        }
        fn crashed(ask: &mut Ask<'_>) -> Result<usize> {
            count(ask)
        }

        let grader = Grader { orders: mpsc::channel().1 };
        let (memory, controls) = (Memory::default(), Controls::from([("id/rate".to_owned(), vec![1.0])]));
        let mut ask = Ask::new(&grader, controls.clone(), false, &memory);
        assert_eq!([ask.once(count).unwrap(), ask.once(count).unwrap()], [0, 0]);
        assert_eq!(ask.controls, controls);
        let mut later = Ask::new(&grader, controls, false, &memory);
        assert_eq!(later.once(count).unwrap(), 0);

        // Code that ended its process may answer the next time.
        later.learner.silent.insert("forward".to_owned(), "It ended the whole program.".to_owned());
        assert_eq!([later.once(crashed).unwrap(), later.once(crashed).unwrap()], [1, 2]);
    }

    #[test]
    fn answers_hold_whatever_was_returned() {
        let record = Record::new().with("x", f64::NAN).with("none", Value::Nothing).with("counts", vec![1, 2]);
        let answer = Answer { experiment: "train".to_owned(), record: Rc::new(record) };
        assert!(answer.number("x").is_nan() && answer.number("none").is_nan() && answer.number("missing").is_nan());
        assert_eq!(answer.numbers("counts"), [1.0, 2.0]);
        assert_eq!(answer.text("x"), "", "a number is no text");
        let Err(Stop::NoAnswer(note)) = answer.exactly(3, "counts") else { panic!("there are two") };
        assert_eq!(note, "`counts` has 2 numbers instead of 3.".into());
    }
}
