//! Which small slip explains a wrong answer: the variations of a formula, or of its inputs, are held against what was
//! seen.
//!
//! What is found is an observation, "is what comes out if …", and true as such. It has to agree with every case, also with
//! cases that the learner's code is asked for in addition, and to be more than chance.

use std::{
    rc::Rc,
    time::{Duration, Instant},
};

use probe::{Record, Value};

use crate::{
    Check, Expectation, Prediction, Tolerance,
    compare::same,
    experiment::{self, Twist},
    formula::{
        Formula, Inputs,
        edits::{self, Edit},
    },
    verdict::unless_it_panics,
};

/// What was found out about a wrong answer.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// In a stable short form, for reports.
    pub(crate) id: String,
    /// What the learner is told.
    pub(crate) says: String,
}

/// Case by case what was observed.
pub(crate) type Answered = [(Record, Record)];

/// Asks the learner's code for more; what it does not answer is missing at the end.
pub(crate) type AskMore<'a> = dyn FnMut(&[Record]) -> Vec<Record> + 'a;

/// So many computations may be spent on the slips in one formula. They take a tenth of a second at most.
const MAX_WORK: usize = 200_000;

/// So long may be computed with changed inputs, where nothing says how long a reference takes.
const MAX_TIME: Duration = Duration::from_millis(100);

/// So many cases are asked for in addition.
pub(crate) const MAX_MORE: usize = 20;

/// One way to be wrong.
enum Slip {
    Edits(Vec<Edit>),
    Twist(Twist),
}

impl Slip {
    /// What code with this slip returns.
    fn predict(&self, check: &Check, case: &Record, inputs: &Rc<Inputs>, work: &mut usize) -> Option<Record> {
        match self {
            Self::Edits(edits) => {
                let (run, formula) = (Formula::new(inputs, edits.clone(), false), check.formula.as_ref()?);
                // Where a slip leaves no value, a formula may look for an entry in vain.
                let outputs = unless_it_panics(|| formula(&run));
                *work += run.work();
                outputs?.record()
            }
            Self::Twist(twist) => {
                *work += 20;
                twist.predict(check, case)
            }
        }
    }
}

/// A slip that agrees with what was seen so far.
struct Candidate {
    slip: Slip,
    rank: u32,
    id: String,
    /// What follows "is what comes out if".
    says: String,
}

/// The slip in the check's formula that explains what was seen.
pub(crate) fn by_formula(check: &Check, seen: &Answered, more: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
    let formula = check.formula.as_ref()?;
    let search = Search::new(check, seen)?;
    let mut work = 0;
    let run = Formula::new(&search.inputs[search.first_wrong], Vec::new(), true);
    formula(&run);
    let trace = run.trace();
    // Where time is up, what is frequent has been tried.
    let mut edits = edits::all(&trace);
    edits.sort_by_cached_key(|(edit, step)| edits::rank(edit, &trace[*step]));
    let candidate = |edits: &[(Edit, usize)], traces: &[&[crate::formula::Step]]| {
        describe(check, &search.inputs[search.first_wrong], edits, traces)
    };

    // One slip that explains everything.
    let mut fits = Vec::new();
    let mut tried = 0;
    for (edit, step) in &edits {
        if work > MAX_WORK {
            break;
        }
        tried += 1;
        let slip = Slip::Edits(vec![edit.clone()]);
        if search.fits(&slip, &mut work) {
            fits.push(candidate(&[(edit.clone(), *step)], &[&trace])?);
        }
    }
    if let Some(found) = search.choose(fits, tried, more, seed) {
        return Some(found);
    }

    // Two slips, of the most frequent kinds.
    let rank = |(edit, step): &(Edit, usize)| edits::rank(edit, &trace[*step]);
    let frequent: Vec<&(Edit, usize)> = edits.iter().take_while(|edit| rank(edit) <= edits::FREQUENT).collect();
    work = work.min(MAX_WORK / 2);
    let mut fits = Vec::new();
    for (number, (one, step)) in frequent.iter().enumerate() {
        for (two, other) in &frequent[..number] {
            if work > MAX_WORK {
                break;
            }
            if one.place == two.place {
                continue;
            }
            tried += 1;
            let slip = Slip::Edits(vec![one.clone(), two.clone()]);
            if search.fits(&slip, &mut work) {
                fits.push(candidate(&[(two.clone(), *other), (one.clone(), *step)], &[&trace, &trace])?);
            }
        }
    }
    search.choose(fits, tried, more, seed)
}

/// The change of the inputs or of the result that explains what was seen, where there is no formula to vary.
pub(crate) fn by_twist(check: &Check, seen: &Answered, more: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
    if !matches!(check.expectation, Expectation::Equals(..)) || check.program.is_some() || check.snapshot.is_some() {
        return None;
    }
    let search = Search::new(check, seen)?;
    if search.is_slow {
        return None;
    }
    let (mut work, mut tried) = (0, 0);
    let mut fits = Vec::new();
    let started = Instant::now();
    for twist in experiment::twists(&search.first().0) {
        tried += 1;
        let (rank, id, says) = twist.describe();
        let slip = Slip::Twist(twist);
        if started.elapsed() <= MAX_TIME && search.fits(&slip, &mut work) {
            fits.push(Candidate { slip, rank, id, says });
        }
    }
    search.choose(fits, tried, more, seed)
}

fn describe(
    check: &Check,
    inputs: &Rc<Inputs>,
    edits: &[(Edit, usize)],
    traces: &[&[crate::formula::Step]],
) -> Option<Candidate> {
    let formula = check.formula.as_ref()?;
    let (mut rank, mut ids, mut sayings) = (0, Vec::new(), Vec::new());
    for ((edit, step), trace) in edits.iter().zip(traces) {
        let run = Formula::new(inputs, vec![edit.clone()], true);
        unless_it_panics(|| formula(&run))?;
        let step = &trace[*step];
        let written = run.trace().into_iter().find(|other| edit.place == other.place && step.visit == other.visit);
        let written = written.map(|step| step.text).unwrap_or_default();
        let is_repeated =
            trace.iter().filter(|other| other.place == step.place && other.text == step.text).nth(1).is_some();
        let (own_rank, id, says) = edits::describe(edit, step, &written, is_repeated);
        rank += own_rank;
        ids.push(id);
        sayings.push(says);
    }
    sayings.dedup();
    let slip = Slip::Edits(edits.iter().map(|(edit, _)| edit.clone()).collect());
    Some(Candidate { slip, rank, id: ids.join("+"), says: sayings.join(", and ") })
}

/// What slips are held against.
struct Search<'a> {
    check: &'a Check,
    seen: &'a Answered,
    /// Of each case.
    inputs: Vec<Rc<Inputs>>,
    right: Vec<Record>,
    first_wrong: usize,
    tolerance: Tolerance,
    /// Whether the reference takes so long that it is not computed for many inputs.
    is_slow: bool,
}

impl<'a> Search<'a> {
    /// `None` if there is nothing that a slip could explain.
    fn new(check: &'a Check, seen: &'a Answered) -> Option<Self> {
        let right = |case: &Record| match &check.expectation {
            Expectation::Equals(rule, _) => match rule(case) {
                Prediction::Is(record) => Some(record),
                Prediction::Panics => None,
            },
            Expectation::Satisfies(_) => None,
        };
        let started = Instant::now();
        let right = seen.iter().map(|(case, _)| right(case)).collect::<Option<Vec<_>>>()?;
        let is_slow = started.elapsed() > experiment::SLOW * seen.len() as u32;
        let agrees = |right: &Record, observed: &Record| agree(right, observed, check.tolerance());
        let first_wrong = right.iter().zip(seen).position(|(right, (_, observed))| !agrees(right, observed))?;
        // Code with a slip rounds otherwise than the formula, and no more than that.
        let tolerance = Tolerance { relative: 1e-9, absolute: check.tolerance().absolute.min(1e-12) };
        let inputs = seen.iter().map(|(case, _)| Inputs::new(case)).collect();
        Some(Self { check, seen, inputs, right, first_wrong, tolerance, is_slow })
    }

    fn first(&self) -> &(Record, Record) {
        &self.seen[self.first_wrong]
    }

    /// Whether the slip explains every case.
    fn fits(&self, slip: &Slip, work: &mut usize) -> bool {
        let mut explains = |index: usize| {
            let (case, observed) = &self.seen[index];
            let predicted = slip.predict(self.check, case, &self.inputs[index], work);
            predicted.is_some_and(|predicted| agree(&predicted, observed, self.tolerance))
        };
        explains(self.first_wrong) && (0..self.seen.len()).all(explains)
    }

    /// The one of these slips that is told, if they are more than chance after `tried` attempts.
    fn choose(&self, mut fits: Vec<Candidate>, tried: usize, more: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
        if fits.is_empty() {
            return None;
        }
        let needed = (tried as f64).log2() + 8.0;
        let mut bits = self.evidence(self.seen, &self.right);
        // Further cases tell apart what these cases do not, and chance from a rule.
        let mut fresh: Vec<Record> = (1..10).flat_map(|more| self.fresh_cases(seed.wrapping_add(more))).collect();
        fresh.truncate(MAX_MORE);
        let answers = more(&fresh);
        if answers.len() < fresh.len() && !answers.is_empty() {
            return None;
        }
        let answered: Vec<(Record, Record)> = fresh.into_iter().zip(answers).collect();
        fits.retain(|candidate| {
            answered.iter().all(|(case, observed)| {
                let predicted = candidate.slip.predict(self.check, case, &Inputs::new(case), &mut 0);
                predicted.is_some_and(|predicted| agree(&predicted, observed, self.tolerance))
            })
        });
        let right: Option<Vec<Record>> = answered.iter().map(|(case, _)| self.right_of(case)).collect();
        bits += right.map_or(0.0, |right| self.evidence(&answered, &right));
        if fits.is_empty() || bits < needed {
            return None;
        }
        fits.sort_by_key(|candidate| candidate.rank);
        // What always comes to the same is one explanation; what does not, but could not be told apart, is said as such.
        let others: Vec<Record> = (10..14).flat_map(|more| self.fresh_cases(seed.wrapping_add(more))).collect();
        let outcomes = |candidate: &Candidate| -> Vec<Option<Record>> {
            others.iter().map(|case| candidate.slip.predict(self.check, case, &Inputs::new(case), &mut 0)).collect()
        };
        let is_same = |one: &[Option<Record>], two: &[Option<Record>]| {
            one.iter().zip(two).all(|pair| match pair {
                (Some(one), Some(two)) => agree(one, two, self.tolerance),
                (None, None) => true,
                _ => false,
            })
        };
        let mut kinds: Vec<(&Candidate, Vec<Option<Record>>)> = Vec::new();
        for candidate in fits.iter().take(MAX_COMPARED) {
            let outcome = outcomes(candidate);
            if !kinds.iter().any(|(_, other)| is_same(other, &outcome)) {
                kinds.push((candidate, outcome));
            }
        }
        let what = self.what();
        match &*kinds {
            [(one, _)] => Some(Explanation { id: one.id.clone(), says: format!("{what} comes out if {}.", one.says) }),
            [(one, _), (two, _)] => Some(Explanation {
                id: format!("{}|{}", one.id, two.id.trim_start_matches("edit:")),
                says: format!("{what} comes out either if {}, or if {}.", one.says, two.says),
            }),
            _ => None,
        }
    }

    fn right_of(&self, case: &Record) -> Option<Record> {
        match &self.check.expectation {
            Expectation::Equals(rule, _) => match rule(case) {
                Prediction::Is(record) => Some(record),
                Prediction::Panics => None,
            },
            Expectation::Satisfies(_) => None,
        }
    }

    /// Cases of another seed that have not been asked.
    fn fresh_cases(&self, seed: u64) -> Vec<Record> {
        let cases = if self.is_slow || self.check.fetched.is_some() {
            Vec::new()
        } else {
            self.check.cases(seed).unwrap_or_default()
        };
        let is_new = |case: &Record| !self.seen.iter().any(|(other, _)| other == case);
        cases.into_iter().filter(is_new).filter(|case| self.right_of(case).is_some()).take(MAX_MORE).collect()
    }

    /// How many bits of what was seen differ from what is right, at a low estimate: a number with many digits counts 20,
    /// one that could be guessed hardly more than a truth value.
    fn evidence(&self, seen: &Answered, right: &[Record]) -> f64 {
        let mut known: Vec<f64> = Vec::new();
        let mut bits = 0.0;
        for ((_, observed), right) in seen.iter().zip(right) {
            for (name, right) in right.parts() {
                let Some(observed) = observed.get(name) else { continue };
                if same(right, observed, self.tolerance) {
                    continue;
                }
                let (right, observed) = (numbers(right), numbers(observed));
                for (index, number) in observed.iter().enumerate() {
                    let is_right = right.get(index).is_some_and(|right| (right - number).abs() <= 1e-9 * number.abs());
                    if is_right {
                        continue;
                    }
                    let has_digits = |unit: f64| (number * unit - (number * unit).round()).abs() > 1e-6;
                    bits += match number {
                        _ if index > 0 && known.contains(&number.abs()) => 0.5,
                        // What is NaN may be so for many reasons.
                        _ if !number.is_finite() || *number == 0.0 => 0.5,
                        _ if known.contains(&number.abs()) || !has_digits(1.0) => 2.0,
                        _ if !has_digits(100.0) => 6.0,
                        _ => 20.0,
                    };
                    known.push(number.abs());
                    if bits > 200.0 {
                        return bits;
                    }
                }
            }
        }
        bits
    }

    /// What is wrong, as the subject of a sentence that goes on with "comes out if".
    fn what(&self) -> String {
        let mut names: Vec<&str> = Vec::new();
        for ((_, observed), right) in self.seen.iter().zip(&self.right) {
            for (name, value) in right.parts() {
                let is_right = observed.get(name).is_some_and(|observed| same(value, observed, self.tolerance));
                if !is_right && !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        match &*names {
            _ if self.right[self.first_wrong].is_bare() => "Your result is what".to_owned(),
            [one] => format!("Your `{one}` is what"),
            [one, two] => format!("Your `{one}` and `{two}` are what"),
            [one, ..] => format!("Your `{one}`, with what follows from it, is what"),
            [] => "Your result is what".to_owned(),
        }
    }
}

/// So many explanations are compared with each other; the best come first.
const MAX_COMPARED: usize = 12;

/// Whether everything that was predicted was observed.
pub(crate) fn agree(predicted: &Record, observed: &Record, tolerance: Tolerance) -> bool {
    predicted.parts().all(|(name, value)| observed.get(name).is_some_and(|seen| same(value, seen, tolerance)))
}

/// The numbers in a value, in order.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    match value {
        Value::Float(number) => vec![*number],
        Value::Int(number) => vec![*number as f64],
        Value::Bool(flag) => vec![f64::from(u8::from(*flag))],
        Value::Ints(numbers) => numbers.iter().map(|&number| number as f64).collect(),
        Value::Array { data, .. } => data.clone(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::{
        draw,
        formula::{Aggregate, Over},
    };

    fn mean_squared_error() -> Check {
        Check::new("mse", "mse", "", 1)
            .on(|draw| {
                let pair = |y_true: ndarray::Array2<f64>, y_pred: ndarray::Array2<f64>| {
                    Record::new().with("y_true", y_true).with("y_pred", y_pred)
                };
                let drawn = |draw: &mut probe::Generator, shape| {
                    pair(draw::matrix(draw, shape, 3.0), draw::matrix(draw, shape, 3.0))
                };
                vec![drawn(draw, (2, 3)), drawn(draw, (3, 2))]
            })
            .computes(|f| (f.input("y_pred") - f.input("y_true")).named("e").square().mean())
    }

    fn neuron() -> Check {
        Check::new("neuron", "neuron", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect()).computes(|f| {
            let z = (f.input("w") * f.input("x") + f.input("b")).named("z");
            let a = z.sigmoid().named("a");
            let dz = (2.0 * (&a - f.input("y")) * (&a * (1.0 - &a))).named("dz");
            [("z", z), ("a", a), ("dw", &dz * f.input("x")), ("db", dz)]
        })
    }

    fn neuron_case(draw: &mut probe::Generator) -> Record {
        ["x", "w", "b", "y"].into_iter().fold(Record::new(), |case, name| case.with(name, draw::number(draw, 2.0)))
    }

    fn momentum() -> Check {
        Check::new("momentum", "momentum", "", 1)
            .on(|draw| {
                let case = Record::new().with("start", draw::number(draw, 2.0)).with("rate", 0.1).with("beta", 0.75);
                vec![case.with("gradients", draw::vector(draw, 4, 2.0))]
            })
            .computes(|f| {
                let (mut theta, gradients) = (f.input("start").named("θ"), f.input("gradients"));
                let mut v = f.number(0.0).named("v");
                let mut path = Vec::new();
                for step in 0..gradients.n_entries() {
                    v = (f.input("beta") * &v + gradients.at(step)).named("v");
                    theta = (&theta - f.input("rate") * &v).named("θ");
                    path.push(theta.clone());
                }
                f.vector(&path)
            })
    }

    fn classes() -> Check {
        Check::new("classes", "classes", "", 1)
            .on(|draw| vec![Record::new().with("z", draw::matrix(draw, (4, 3), 2.0))])
            .computes(|f| f.input("z").largest_of_rows())
    }

    fn softmax() -> Check {
        Check::new("softmax", "softmax", "", 1)
            .on(|draw| vec![Record::new().with("z", draw::matrix(draw, (3, 4), 2.0))])
            .computes(|f| {
                let exponentials = f.input("z").exp().named("exponentials");
                &exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)
            })
    }

    fn accuracy() -> Check {
        Check::new("accuracy", "accuracy", "", 1)
            .on(|draw| {
                let zeros_and_ones = |draw: &mut probe::Generator| -> ndarray::Array1<f64> {
                    (0..9).map(|_| draw::count(draw, 2) as f64).collect()
                };
                vec![Record::new().with("predictions", zeros_and_ones(draw)).with("targets", zeros_and_ones(draw))]
            })
            .computes(|f| f.input("predictions").equals(&f.input("targets")).mean())
    }

    const SEED: u64 = 7;

    /// What is said of code that answers like this.
    fn said_of(check: &Check, code: &mut dyn FnMut(&Record) -> Record) -> Option<Explanation> {
        let seen: Vec<_> = check.cases(SEED).unwrap().into_iter().map(|case| (case.clone(), code(&case))).collect();
        let mut more = |cases: &[Record]| cases.iter().map(&mut *code).collect();
        let by_formula = by_formula(check, &seen, &mut more, SEED);
        let by_twist = by_formula.or_else(|| by_twist(check, &seen, &mut more, SEED));
        by_twist.or_else(|| experiment::behaviour(check, &seen, &mut more, SEED))
    }

    /// What is said where the code is the formula `wrong`.
    fn said<O: Into<crate::formula::Outputs>>(check: &Check, wrong: impl Fn(&Formula) -> O) -> Explanation {
        let mut code =
            |case: &Record| wrong(&Formula::new(&Inputs::new(case), Vec::new(), false)).into().record().unwrap();
        said_of(check, &mut code).expect("there is an explanation")
    }

    #[test]
    fn one_slip_is_told() {
        let e = |f: &Formula| f.input("y_pred") - f.input("y_true");
        let told = said(&mean_squared_error(), |f| e(f).abs().mean());
        assert_eq!(told.id, "edit:function:abs_for_square");
        let told = said(&mean_squared_error(), |f| e(f).square().sum() / f.input("y_true").rows());
        assert_eq!(
            told.says,
            "Your result is what comes out if the sum divided by the number of rows stands where the mean belongs."
        );

        let told = said(&neuron(), |f| {
            let z = f.input("w") * f.input("x") + f.input("b");
            let a = z.sigmoid();
            let dz = 2.0 * (&a - f.input("y")) * (&z * (1.0 - &z));
            [("z", z), ("a", a), ("dw", &dz * f.input("x")), ("db", dz)]
        });
        assert!(told.says.contains("`z`"), "{}", told.says);
    }

    #[test]
    fn the_old_value_where_the_new_one_belongs_is_told() {
        let told = said(&momentum(), |f| {
            let (mut theta, gradients) = (f.input("start"), f.input("gradients"));
            let mut v = f.number(0.0);
            let mut path = Vec::new();
            for step in 0..gradients.n_entries() {
                let before = v.clone();
                v = f.input("beta") * &v + gradients.at(step);
                theta = &theta - f.input("rate") * before;
                path.push(theta.clone());
            }
            f.vector(&path)
        });
        assert_eq!(told.id, "edit:old:v", "{}", told.says);
    }

    #[test]
    fn two_slips_are_told() {
        let told = said(&softmax(), |f| {
            let z = f.input("z");
            &z / z.sum()
        });
        assert!(told.id.contains('+'), "{told:?}");
    }

    #[test]
    fn an_input_that_plays_no_part_is_told() {
        // The reference is a closure: nothing in it can be varied.
        let check = Check::new("line", "line", "", 1)
            .on(|draw| (0..3).map(|_| neuron_case(draw)).collect())
            .expects(|c| c.float("w") * c.float("x") + c.float("b").sin());
        let told = said_of(&check, &mut |c| (c.float("w").cos() * c.float("x")).into()).unwrap();
        assert_eq!(told.id, "seen:ignores:b", "{}", told.says);
        let told = said_of(&check, &mut |c| (c.float("w") * c.float("x") + c.float("y").sin()).into()).unwrap();
        assert_eq!(told.id, "edit:other:y_for_b", "{}", told.says);
    }

    /// A sentence that accuses falsely costs more than none.
    #[test]
    fn random_wrong_results_get_no_sentence() {
        let (quick, slow) = ([mean_squared_error(), classes(), softmax(), accuracy()], [neuron(), momentum()]);
        let mut draw = probe::generator(15);
        let mut told = Vec::new();
        for number in 0..4_000 {
            // A formula with more steps takes longer.
            let check = if number % 50 < 48 { &quick[number % 4] } else { &slow[number % 2] };
            let way = draw.random_range(0..5);
            let factor: f64 = draw.random_range(-3.0..3.0);
            let mut seed = 1_000 * number as u64;
            let mut code = |case: &Record| {
                seed += 1;
                let mut noise = probe::generator(seed);
                let mut wrong = |right: f64| match way {
                    0 => noise.random_range(-3.0..3.0),
                    1 => right + noise.random_range(-0.1..0.1),
                    2 => right * factor,
                    3 => f64::round(100.0 * noise.random_range(-3.0..3.0)) / 100.0,
                    _ => f64::from(noise.random_range(0..3_u8)),
                };
                let Some(Prediction::Is(right)) = check.expected(0, case) else { unreachable!() };
                right.parts().fold(Record::new(), |record, (name, value)| match value {
                    Value::Float(right) => record.with(name, wrong(*right)),
                    Value::Ints(labels) => {
                        let labels = labels.iter().map(|_| wrong(0.0).abs() as usize % 3).collect::<Vec<_>>();
                        record.with(name, labels)
                    }
                    Value::Array { shape, data } => {
                        let data = data.iter().map(|right| wrong(*right)).collect();
                        record.with(name, Value::Array { shape: shape.clone(), data })
                    }
                    _ => record,
                })
            };
            // Half of it is code that answers no further question.
            let found = if number % 2 == 0 {
                said_of(check, &mut code)
            } else {
                let seen: Vec<_> =
                    check.cases(SEED).unwrap().into_iter().map(|case| (case.clone(), code(&case))).collect();
                let by_formula = by_formula(check, &seen, &mut |_| Vec::new(), SEED);
                by_formula.or_else(|| by_twist(check, &seen, &mut |_| Vec::new(), SEED))
            };
            // "Asked again, it returns something else" is true of random numbers.
            told.extend(found.filter(|found| found.id != "seen:not_repeatable").map(|found| (check.id, way, found)));
        }
        assert!(told.len() <= 20, "{} of 4000: {told:#?}", told.len());
    }
}
