//! One thing that is checked: inputs, what is right, what is commonly wrong.

use std::sync::Arc;

use datasets::mnist::{self, DataError, Mnist, Which};
use probe::{Generator, Record};

use super::{
    Tolerance,
    formula::{Formula, Inputs, Outputs},
    refusal::{Testing, Tests},
    text,
};

type Cases = dyn Fn(&mut Generator) -> Result<Vec<Record>, DataError> + Send + Sync;
type Rule = dyn Fn(&Record) -> Prediction + Send + Sync;
pub(crate) type Varied = dyn Fn(&Formula) -> Outputs + Send + Sync;
type Property = dyn Fn(&Record, &Record) -> Result<(), String> + Send + Sync;
type Consequence = dyn Fn(&Record, &Record) -> Prediction + Send + Sync;
type Sign = dyn Fn(&Record, &Record) -> bool + Send + Sync;
type IsRuledOut = dyn Fn(&Record) -> bool + Send + Sync;

/// One thing that is checked.
///
/// It reads as a paragraph: title and points, the experiment, the inputs, what is right, what is commonly wrong.
pub struct Check {
    /// Its name in reports and in `after`.
    pub id: &'static str,
    /// The task of `course.toml` that this belongs to.
    pub task: &'static str,
    /// A statement that is true of correct code: "mae_grad is the slope of mae_loss".
    pub title: &'static str,
    /// What it is worth.
    pub points: u32,
    /// The experiment of the probe that is run on each case.
    pub experiment: &'static str,
    /// The functions or methods that it is about, if that is not the experiment's name: `Relu::backward`.
    pub items: Vec<&'static str>,
    /// Makes the inputs from a seeded generator.
    pub cases: Box<Cases>,
    /// The data set that the inputs come from, if it is one that has to be fetched: without it the check is skipped.
    pub fetched: Option<Which>,
    /// What is right.
    pub expectation: Expectation,
    /// For which inputs right code panics, each with what is wrong about them.
    pub(crate) ruled_out: Vec<(&'static str, Arc<IsRuledOut>)>,
    /// What is right as well, given what an earlier function of the learner's returned.
    pub consequence: Option<Box<Consequence>>,
    /// The same as a formula that can be varied, if there is one.
    pub formula: Option<Arc<Varied>>,
    /// The same as tests of which one can be left out, if it makes any.
    pub(crate) testing: Option<Arc<Testing>>,
    /// What is commonly wrong; the first one that fits is told.
    pub mistakes: Vec<Mistake>,
    /// The `.snap` file that the expected text of the first case comes from; authors review it with `cargo insta`.
    pub snapshot: Option<&'static str>,
    /// A program that must not compile against the submission: it takes the place of an experiment.
    pub program: Option<&'static str>,
    /// The checks without which a failure of this one says nothing.
    pub after: Vec<&'static str>,
}

/// What is right.
pub enum Expectation {
    /// This result, within this tolerance.
    Equals(Arc<Rule>, Tolerance),
    /// Whatever has this property; the error says what is missing.
    Satisfies(Box<Property>),
}

/// A misunderstanding that is known by its result.
pub struct Mistake {
    /// Its name in reports and in `variants.toml`.
    pub id: &'static str,
    /// What the learner is told.
    pub says: &'static str,
    /// How it is known.
    pub recognition: Recognition,
}

/// How a mistake is known.
pub enum Recognition {
    /// Its result is this, on every case.
    Result(Box<Rule>),
    /// Its results look like this, on at least one case.
    Sign(Box<Sign>),
}

/// What a formula yields on one case.
#[derive(Clone, Debug)]
pub enum Prediction {
    /// These parts; parts that are not named may be anything.
    Is(Record),
    /// A panic: code with this mistake does not survive this case.
    Panics,
}

impl<T: Into<Record>> From<T> for Prediction {
    fn from(record: T) -> Self {
        Self::Is(record.into())
    }
}

impl Check {
    /// A check that expects nothing yet: give it [`asks`](Self::asks), [`on`](Self::on) and
    /// [`expects`](Self::expects) or [`demands`](Self::demands).
    pub fn new(id: &'static str, task: &'static str, title: &'static str, points: u32) -> Self {
        Self {
            id,
            task,
            title,
            points,
            experiment: id,
            items: Vec::new(),
            cases: Box::new(|_| Ok(Vec::new())),
            fetched: None,
            expectation: Expectation::Satisfies(Box::new(|_, _| Err("the check expects nothing".to_owned()))),
            ruled_out: Vec::new(),
            consequence: None,
            formula: None,
            testing: None,
            mistakes: Vec::new(),
            snapshot: None,
            program: None,
            after: Vec::new(),
        }
    }

    /// The experiment to run; unless this is called, the one with the check's own id.
    pub fn asks(mut self, experiment: &'static str) -> Self {
        self.experiment = experiment;
        self
    }

    /// A function or method that it is about: `Relu::backward`. Unless this is called, it is the one that the experiment is
    /// named after. It may be called several times; a wrong result is shown with the line of the one that is a text of the
    /// input, or else of the first one.
    pub fn about(mut self, item: &'static str) -> Self {
        self.items.push(item);
        self
    }

    /// The inputs: fixed ones, and ones drawn from the seeded generator.
    pub fn on(mut self, cases: impl Fn(&mut Generator) -> Vec<Record> + Send + Sync + 'static) -> Self {
        self.cases = Box::new(move |draw| Ok(cases(draw)));
        self
    }

    /// The inputs, made from a data set that may not be on this machine. Such a check belongs to a bonus task, comes after
    /// all others, and may take all the time that they have left.
    pub fn on_fetched(mut self, which: Which, cases: impl Fn(&Mnist) -> Vec<Record> + Send + Sync + 'static) -> Self {
        self.cases = Box::new(move |_| Ok(cases(&mnist::load(which)?)));
        self.fetched = Some(which);
        self
    }

    /// The right result, as a formula of the inputs, within the default tolerance.
    pub fn expects<P: Into<Prediction>>(mut self, formula: impl Fn(&Record) -> P + Send + Sync + 'static) -> Self {
        self.expectation = Expectation::Equals(Arc::new(move |case| formula(case).into()), Tolerance::default());
        self
    }

    /// The right result like [`expects`](Self::expects), as a formula that the judge can vary: where an answer is what a
    /// small slip in it comes to, the learner is told which.
    pub fn computes<O: Into<Outputs>>(mut self, formula: impl Fn(&Formula) -> O + Send + Sync + 'static) -> Self {
        let varied: Arc<Varied> = Arc::new(move |run| formula(run).into());
        self.formula = Some(varied.clone());
        self.expects(computed(move |run| varied(run)))
    }

    /// The right result like [`expects`](Self::expects), where several things are tested one after the other, and each has
    /// an error of its own: [`Tests::refuse`] makes a test. The judge leaves tests out, and looks for other orders and
    /// errors: where an answer is what comes out then, the learner is told.
    pub fn tests<P: Into<Prediction>>(mut self, rule: impl Fn(&Record, &Tests) -> P + Send + Sync + 'static) -> Self {
        let testing: Arc<Testing> = Arc::new(move |case, tests| rule(case, tests).into());
        self.testing = Some(testing.clone());
        self.expects(move |case| testing(case, &Tests::default()))
    }

    /// For these inputs right code panics, because the documentation rules them out: `condition` says in words what is wrong
    /// about them ("the batch size is 0"). It comes after what is expected, and may be called several times.
    pub fn panics_where(
        mut self,
        condition: &'static str,
        is_ruled_out: impl Fn(&Record) -> bool + Send + Sync + 'static,
    ) -> Self {
        let is_ruled_out: Arc<IsRuledOut> = Arc::new(is_ruled_out);
        self.ruled_out.push((condition, is_ruled_out.clone()));
        if let Expectation::Equals(rule, tolerance) = self.expectation {
            let rule = Arc::new(move |case: &Record| if is_ruled_out(case) { Prediction::Panics } else { rule(case) });
            self.expectation = Expectation::Equals(rule, tolerance);
        }
        self
    }

    /// Replaces the default tolerance of [`expects`](Self::expects).
    pub fn within(mut self, tolerance: Tolerance) -> Self {
        if let Expectation::Equals(_, default) = &mut self.expectation {
            *default = tolerance;
        }
        self
    }

    /// Right as well: what follows from the wrong result of an earlier function, which the probe observes beside this one.
    /// `formula` gets the case and the observation. The check still comes [`after`](Self::after) that function's.
    pub fn or_follows<P: Into<Prediction>>(
        mut self,
        formula: impl Fn(&Record, &Record) -> P + Send + Sync + 'static,
    ) -> Self {
        self.consequence = Some(Box::new(move |case, seen| formula(case, seen).into()));
        self
    }

    /// The right result of the first case, whose inputs are fixed, is the text in this `.snap` file:
    /// `include_str!("snapshots/<id of the check>.snap")`. Further cases are drawn, and held against
    /// [`expects`](Self::expects).
    pub fn shows(mut self, snap: &'static str) -> Self {
        self.snapshot = Some(snap);
        self
    }

    /// A program that uses the submission as `submission` and must not compile: `include_str!` of a file in
    /// `compile_fail/`.
    ///
    /// It is held against its own marks: `//~ E0308` at the end of a line expects that error there. Wording does not
    /// count, so a new compiler changes nothing. A mistake is known by what is observed instead: `"no error"`, or the
    /// errors in the form `E0308 in line 7`.
    pub fn does_not_compile(mut self, program: &'static str) -> Self {
        self.program = Some(program);
        self.on(move |_| vec![Record::new().with("program", program)]).expects(move |_| expected_errors(program))
    }

    /// A property that every right result has, where there is more than one. It gets the case and the observation.
    pub fn demands(
        mut self,
        property: impl Fn(&Record, &Record) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.expectation = Expectation::Satisfies(Box::new(property));
        self
    }

    /// A property like that of [`demands`](Self::demands), where the common ways to miss it are mistakes with names. `property`
    /// returns the id of one of these `faults`, each an id and what the learner is told, or else a sentence.
    pub fn has_none_of<E: Into<String>>(
        self,
        faults: &[(&'static str, &'static str)],
        property: impl Fn(&Record, &Record) -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let property = Arc::new(move |case: &Record, seen: &Record| property(case, seen).map_err(E::into));
        let demanded = property.clone();
        let check = self.demands(move |case, seen| demanded(case, seen));
        faults.iter().fold(check, |check, &(id, says)| {
            let property = property.clone();
            check.mistake_if(id, says, move |case, seen| property(case, seen) == Err(id.to_owned()))
        })
    }

    /// A common mistake, known by its result: `formula` computes what code with this mistake returns.
    pub fn mistake<P: Into<Prediction>>(
        mut self,
        id: &'static str,
        says: &'static str,
        formula: impl Fn(&Record) -> P + Send + Sync + 'static,
    ) -> Self {
        let recognition = Recognition::Result(Box::new(move |case| formula(case).into()));
        self.mistakes.push(Mistake { id, says, recognition });
        self
    }

    /// A common mistake that is made in several ways, each with its own result: `formula` gets the case and one of the `ways`.
    pub fn mistake_each<W: Send + Sync + 'static, P: Into<Prediction>>(
        self,
        id: &'static str,
        says: &'static str,
        ways: impl IntoIterator<Item = W>,
        formula: impl Fn(&Record, &W) -> P + Clone + Send + Sync + 'static,
    ) -> Self {
        ways.into_iter().fold(self, |check, way| {
            let formula = formula.clone();
            check.mistake(id, says, move |case| formula(case, &way))
        })
    }

    /// A common mistake of code that is right but panics for these inputs. It comes after what is expected.
    pub fn mistake_panics(
        self,
        id: &'static str,
        says: &'static str,
        where_it_panics: impl Fn(&Record) -> bool + Send + Sync + 'static,
    ) -> Self {
        let Expectation::Equals(right, _) = &self.expectation else { return self };
        let right = right.clone();
        self.mistake(id, says, move |case| if where_it_panics(case) { Prediction::Panics } else { right(case) })
    }

    /// A common mistake, known by a sign in what was observed on some case, where its result depends on chance.
    pub fn mistake_if(
        mut self,
        id: &'static str,
        says: &'static str,
        sign: impl Fn(&Record, &Record) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.mistakes.push(Mistake { id, says, recognition: Recognition::Sign(Box::new(sign)) });
        self
    }

    /// Says that a failure of this check is no evidence unless the one called `id` is passed; may be called several times.
    ///
    /// Until then it is skipped if both are about the same function. If they are not, it is asked all the same: a pass
    /// counts, and a failure waits.
    pub fn after(mut self, id: &'static str) -> Self {
        self.after.push(id);
        self
    }

    /// What is right for the case that stands at `index`; `None` where a property says so.
    pub(crate) fn expected(&self, index: usize, case: &Record) -> Option<Prediction> {
        match (self.snapshot, &self.expectation) {
            (Some(snap), _) if index == 0 => Some(text::snapshot_body(snap).to_owned().into()),
            (_, Expectation::Equals(formula, _)) => Some(formula(case)),
            (_, Expectation::Satisfies(_)) => None,
        }
    }

    /// The tolerance with which mistakes are recognised, and the reference where there is one.
    pub fn tolerance(&self) -> Tolerance {
        match &self.expectation {
            Expectation::Equals(_, tolerance) => *tolerance,
            Expectation::Satisfies(_) => Tolerance::default(),
        }
    }

    /// The inputs for `seed`. Each check has a stream of its own, so that a new check moves no other's inputs.
    ///
    /// # Errors
    ///
    /// If they come from a data set that is not here, or is damaged.
    pub fn cases(&self, seed: u64) -> Result<Vec<Record>, DataError> {
        let stream = self.id.bytes().fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        (self.cases)(&mut probe::generator(stream))
    }
}

/// A formula as a closure, for [`Check::mistake`]: what it yields for a case.
pub fn computed<O: Into<Outputs>>(formula: impl Fn(&Formula) -> O) -> impl Fn(&Record) -> Record {
    move |case| {
        let outputs: Outputs = formula(&Formula::new(&Inputs::new(case), Vec::new(), false)).into();
        outputs.record().expect("the shapes in a formula fit together")
    }
}

/// The errors that the marks in `program` ask for, as they are observed.
fn expected_errors(program: &str) -> String {
    errors_as_text(program.lines().zip(1..).filter_map(|(line, number)| {
        let (_, code) = line.rsplit_once("//~ ")?;
        Some((code.trim().to_owned(), number))
    }))
}

/// Errors with their lines as one text, each once and in order.
pub(crate) fn errors_as_text(errors: impl IntoIterator<Item = (String, u32)>) -> String {
    let mut errors: Vec<(u32, String)> = errors.into_iter().map(|(code, line)| (line, code)).collect();
    errors.sort();
    errors.dedup();
    if errors.is_empty() {
        return "no error".to_owned();
    }
    errors.iter().map(|(line, code)| format!("{code} in line {line}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_in_a_program_are_the_errors_that_are_expected() {
        let program = "use submission::Net;\nfn main() {\n    Net::new(3, 4); //~ E0308\n    let n = m; //~ E0425\n}\n";
        assert_eq!(expected_errors(program), "E0308 in line 3, E0425 in line 4");
        assert_eq!(expected_errors("fn main() {}"), "no error");
    }
}
