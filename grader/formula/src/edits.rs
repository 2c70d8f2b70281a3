//! The slips that learners make in a formula, each at one place of it.

use std::rc::Rc;

pub use crate::words::recognised;
use crate::{
    Aggregate, Array, Binary, Count, Function, InScope, Kind, Num, Op, Over, Place, Run, Step,
    words::{self, Text},
};

/// A slip at one place, in every visit or in one only.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// Where.
    pub place: Place,
    /// In which visit; `None` for all.
    pub visit: Option<usize>,
    /// What is done instead.
    pub change: Change,
}

/// What is done there instead.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Something else with the same arguments.
    Op(Op),
    /// The arguments change places.
    Swapped,
    /// Only this argument counts.
    Only(usize),
    /// An argument is something else.
    Arg(usize, Arg),
    /// Something follows.
    Result(Arg),
    /// Wherever it is used, another quantity stands.
    Uses(String),
    /// This argument is multiplied, entry by entry, by another quantity.
    Paired(usize, String),
    /// Two computations change their order, as where parentheses are missing.
    Regrouped(usize),
    /// A function of a sum is computed of both summands instead.
    OfBoth,
    /// A sum is divided by this quantity, or by the sum of it, instead of by the count.
    MeanOver(String),
    /// The same, with the size of this quantity.
    MeanOverSize(Count, String),
    /// Instead of this size, that of another quantity.
    CountOf(Count, String),
    /// In all of this argument, something stands for what is computed at a place: another quantity, or 1.
    Within(usize, Place, Option<String>),
    /// Of the products that a matrix product sums up, one is treated otherwise than the rest.
    Product {
        /// The last one, and not the first.
        is_last: bool,
        /// It alone is left out, where else it alone counts.
        is_left_out: bool,
    },
    /// A function of the first argument takes the place of a question about it.
    Unasked(Function),
    /// The slope of tanh, written as 1 - a², for that of the sigmoid, a(1 - a), or the other way round.
    OtherSlope,
    /// The slope of the sigmoid or of tanh, taken at what it has put out: the function is applied once more.
    SlopeAtOutput,
    /// What is computed of an output of the sigmoid or of tanh is multiplied by its slope there.
    SlopeAgain,
    /// Instead of 1, the true class counts this much less, and all classes share it.
    Smoothed(f64),
    /// It is this: what the learner's own code has there.
    Is(Array),
}

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Arg {
    /// Another quantity stands there, or its value before the last change.
    Quantity(String, bool),
    /// It is multiplied by another quantity, or divided.
    With(Binary, String),
    /// It is multiplied by the size of another quantity, or divided.
    Sized(Binary, Count, String),
    /// Something is computed of it.
    Op(Op),
}

impl Edit {
    /// Whether the result at its place is unchanged, and only what is computed from it differs.
    pub fn is_for_uses(&self) -> bool {
        matches!(self.change, Change::Uses(_))
    }

    /// Whether a result is multiplied or divided by another quantity, or by its size.
    pub fn is_factor(&self) -> bool {
        matches!(self.change, Change::Result(Arg::With(..) | Arg::Sized(..)))
    }

    /// The size by which a result is multiplied or divided: of which quantity, and what is counted.
    pub fn size(&self) -> Option<(&str, Count)> {
        match &self.change {
            Change::Result(Arg::Sized(_, count, name)) => Some((name, *count)),
            _ => None,
        }
    }

    /// If a question is asked otherwise, with another threshold, or where none belongs: how many bits of evidence make that
    /// more than chance.
    ///
    /// There are few ways to do so. What is wrong at ties alone is wrong because of how ties are decided.
    pub fn bits_of_question(&self, step: &Step) -> Option<f64> {
        use Binary::*;
        let Op::Binary(binary) = step.op else {
            let is_answer = matches!(self.change, Change::Op(Op::Function(Function::Step | Function::Signum)));
            return is_answer.then_some(9.0);
        };
        match &self.change {
            Change::Op(Op::Binary(other)) if binary.is_question() => match (binary, other) {
                (Less, AtMost) | (AtMost, Less) | (Greater, AtLeast) | (AtLeast, Greater) => Some(3.0),
                _ => Some(9.0),
            },
            Change::Arg(_, Arg::Op(Op::Constant(_))) if binary.is_question() => Some(9.0),
            _ => None,
        }
    }

    pub(crate) fn is_at(&self, place: Place, visit: usize) -> bool {
        self.place == place && self.visit.is_none_or(|wanted| wanted == visit)
    }
}

/// The arguments of what a number was made of, if it was made by an operation like this.
fn made_by(num: &Num, is_meant: impl Fn(Op) -> bool) -> Option<(Op, &[Num])> {
    let (_, op, args) = num.0.made.as_ref()?;
    match op {
        Op::Named(_) => made_by(&args[0], is_meant),
        op => is_meant(*op).then_some((*op, args)),
    }
}

fn is_comparison(binary: Binary) -> bool {
    binary.is_question() && !matches!(binary, Binary::And | Binary::Or)
}

fn is_sum(op: Op) -> bool {
    matches!(op, Op::Binary(Binary::Add | Binary::Sub))
}

/// Whether exponentials are divided by their sum in each row.
fn is_softmax(step: &Step) -> bool {
    let is_exp = |num: &Num| made_by(num, |op| op == Op::Function(Function::Exp)).is_some();
    let is_sum_of_row = |op| op == Op::Aggregate(Aggregate::Sum, Over::Row);
    step.op == Op::Binary(Binary::Div)
        && is_exp(&step.args[0])
        && made_by(&step.args[1], is_sum_of_row).is_some_and(|(_, of)| is_exp(&of[0]))
}

/// The argument that an activation with a simple slope has put out, and whether the activation is tanh.
fn activated(args: &[Num]) -> Option<(&Num, bool)> {
    args.iter().find_map(|arg| {
        let is_activation = |op| matches!(op, Op::Function(Function::Sigmoid | Function::Tanh));
        made_by(arg, is_activation).map(|(op, _)| (arg, op == Op::Function(Function::Tanh)))
    })
}

/// The slope of the sigmoid, or of tanh, by what it has put out.
fn slope_of(a: f64, is_tanh: bool) -> f64 {
    if is_tanh { 1.0 - a * a } else { a * (1.0 - a) }
}

/// The activation of which this is the slope, if it is that of a sigmoid or of tanh; and whether it is that of tanh.
fn other_slope(op: Op, args: &[Num]) -> Option<(&Num, bool)> {
    match op {
        Op::Binary(Binary::Sub) if args[0].0.made.is_none() && args[0].scalar() == Some(1.0) => {
            let (_, parts) = made_by(&args[1], |inner| inner == Op::Function(Function::Square))?;
            Some((&parts[0], true))
        }
        Op::Binary(Binary::Mul) => {
            let (_, parts) = made_by(&args[1], |inner| inner == Op::Binary(Binary::Sub))?;
            let is_rest = parts[0].scalar() == Some(1.0) && Rc::ptr_eq(&parts[1].0, &args[0].0);
            is_rest.then_some((&args[0], false))
        }
        _ => None,
    }
}

impl Change {
    /// What comes out at its place, and how that is written.
    pub(crate) fn apply(&self, run: &Rc<Run>, op: Op, args: &[Num]) -> (Option<Array>, Text) {
        let text = |op: Op, args: &[&Text]| if run.is_traced { op.words(args) } else { Text::default() };
        let texts: Vec<&Text> = args.iter().map(|arg| &arg.0.text).collect();
        match self {
            Self::Op(other) => (other.value(args), text(*other, &texts)),
            Self::Swapped => {
                let mut swapped = args.to_vec();
                let last = swapped.len() - 1;
                swapped.swap(last - 1, last);
                let texts: Vec<&Text> = swapped.iter().map(|arg| &arg.0.text).collect();
                (op.value(&swapped), text(op, &texts))
            }
            Self::Only(index) => {
                let rest = match (op, index) {
                    (Op::Binary(Binary::Sub), 1) => Op::Function(Function::Neg),
                    (Op::Binary(Binary::Div), 1) => Op::Function(Function::Recip),
                    _ => Op::Function(Function::Same),
                };
                let only = rest.value(&args[*index..]);
                let value = match op {
                    // There are more numbers than a sum of each row has.
                    Op::Aggregate(..) => only,
                    _ => op.value(args).and_then(|right| only?.spread_to(&right)),
                };
                (value, text(rest, &texts[*index..]))
            }
            Self::Arg(index, change) => {
                let mut values: Vec<Option<Array>> = args.iter().map(|arg| arg.0.value.clone()).collect();
                let (value, words) = change.apply(run, args[*index].0.value.as_ref(), texts[*index]);
                values[*index] = value;
                let mut texts = texts;
                texts[*index] = &words;
                let values: Option<Vec<&Array>> = values.iter().map(Option::as_ref).collect();
                (values.and_then(|values| op.of(&values)), text(op, &texts))
            }
            Self::Uses(name) => (run.quantity(name, false), text(op, &texts)),
            Self::Is(value) => (Some(value.clone()), text(op, &texts)),
            Self::MeanOver(name) => {
                let sum = |array: &Array| array.data.iter().sum::<f64>();
                let divided = args[0].0.value.as_ref().zip(run.quantity(name, false));
                let value = divided.map(|(one, other)| Array::number(sum(one) / sum(&other)));
                (value, text(op, &texts))
            }
            Self::MeanOverSize(count, name) => {
                let value = args[0].0.value.as_ref().zip(run.size(*count, name));
                let mean = |(of, size): (&Array, Array)| of.data.iter().sum::<f64>() / size.data[0];
                (value.map(mean).map(Array::number), text(op, &texts))
            }
            Self::CountOf(count, name) => (run.size(*count, name), text(Op::Count(*count), &[&Text::name(name)])),
            Self::Within(index, place, name) => {
                let mut values: Vec<Option<Array>> = args.iter().map(|arg| arg.0.value.clone()).collect();
                let stands_there = match name {
                    Some(name) => run.quantity(name, false),
                    None => Some(Array::number(1.0)),
                };
                values[*index] = stands_there.and_then(|value| args[*index].with(*place, &value));
                let values: Option<Vec<&Array>> = values.iter().map(Option::as_ref).collect();
                (values.and_then(|values| op.of(&values)), text(op, &texts))
            }
            Self::Product { is_last, is_left_out } => {
                let pair = args[0].0.value.as_ref().zip(args[1].0.value.as_ref());
                let alone = pair.and_then(|(one, two)| one.dot_of_one(two, *is_last));
                let rest = || Op::Binary(Binary::Sub).of(&[&op.value(args)?, alone.as_ref()?]);
                (if *is_left_out { rest() } else { alone.clone() }, text(op, &texts))
            }
            Self::Unasked(function) => {
                let function = Op::Function(*function);
                (function.value(&args[..1]), text(function, &texts[..1]))
            }
            Self::OtherSlope => {
                let slope = other_slope(op, args)
                    .and_then(|(a, is_tanh)| a.0.value.as_ref().map(|a| a.map(|a| slope_of(a, !is_tanh))));
                (slope, text(op, &texts))
            }
            Self::SlopeAtOutput => {
                let slope = other_slope(op, args).and_then(|(a, is_tanh)| {
                    let slope = if is_tanh { Function::TanhSlope } else { Function::SigmoidSlope };
                    a.0.value.as_ref().map(|a| a.map(|a| slope.of(a)))
                });
                (slope, text(op, &texts))
            }
            Self::SlopeAgain => {
                let slope = activated(args)
                    .and_then(|(a, is_tanh)| a.0.value.as_ref().map(|a| a.map(|a| slope_of(a, is_tanh))));
                let value = slope.and_then(|slope| Op::Binary(Binary::Mul).of(&[&op.value(args)?, &slope]));
                (value, text(op, &texts))
            }
            Self::OfBoth => {
                let Some((then, parts)) = made_by(&args[0], is_sum) else { return (None, Text::default()) };
                let each: Vec<Option<Array>> = parts.iter().map(|part| op.value(std::slice::from_ref(part))).collect();
                let words: Vec<Text> = parts.iter().map(|part| text(op, &[&part.0.text])).collect();
                let value = each[0].as_ref().zip(each[1].as_ref()).and_then(|(one, two)| then.of(&[one, two]));
                (value, text(then, &[&words[0], &words[1]]))
            }
            Self::Smoothed(share) => {
                let right = op.value(args);
                let uniform = args.iter().filter_map(|arg| arg.0.value.as_ref()).find(|arg| arg.axes == 2);
                let mean = uniform.and_then(|of| match op {
                    Op::Binary(Binary::Pick) => of.aggregate(Aggregate::Mean, Over::Row),
                    _ => Some(Array::number(1.0 / of.columns as f64)),
                });
                let smoothed = right.zip(mean).and_then(|(right, mean)| {
                    // Of picked entries there is a vector, and of their rows a column.
                    let mean = if mean.axes == 2 { Array::vector(mean.data) } else { mean };
                    right.zip(&mean, |right, mean| (1.0 - share) * right + share * mean)
                });
                (smoothed, text(op, &texts))
            }
            Self::Paired(index, name) => {
                Arg::With(Binary::Mul, name.clone()).apply(run, args[*index].0.value.as_ref(), texts[*index])
            }
            Self::Result(change) => change.apply(run, op.value(args).as_ref(), &text(op, &texts)),
            Self::Regrouped(way) => {
                let Some(Regrouped { first, then, other, comes_first }) = regrouped(op, args, *way) else {
                    return (None, Text::default());
                };
                let (value, words) = (first.0.value(&first.1), first.0.text(&first.1));
                let (mut values, mut texts) = (vec![value.as_ref()], vec![&words]);
                if let Some(other) = &other {
                    let at = if comes_first { 0 } else { 1 };
                    values.insert(at, other.0.value.as_ref());
                    texts.insert(at, &other.0.text);
                }
                let values: Option<Vec<&Array>> = values.into_iter().collect();
                (values.and_then(|values| then.of(&values)), text(then, &texts))
            }
        }
    }
}

/// Two operations in the other order.
struct Regrouped {
    /// What is computed first, and of what.
    first: (Op, Vec<Num>),
    /// What is computed of that.
    then: Op,
    /// The other argument of the second one, if it has two.
    other: Option<Num>,
    /// Whether that argument stands before the sign.
    comes_first: bool,
}

/// `(a + b) / c` as `a + b / c` (0), `c / (a + b)` as `c / a + b` (1), `f(a + b)` as `f(a) + b` (0) or `a + f(b)` (1),
/// `mean(f(a))` as `f(mean(a))` (2), `a - f(b)` as `f(a - b)` and `a * f(b)` as `f(a * b)` (3), `f(a) + b` as `f(a + b)`
/// and `f(a) / b` as `f(a / b)` (4), `(a + b) / c` as `a / c + b` (5).
fn regrouped(op: Op, args: &[Num], way: usize) -> Option<Regrouped> {
    let is_product = matches!(op, Op::Binary(Binary::Mul | Binary::Div));
    let is_arithmetic = |op| matches!(op, Op::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div));
    match (op, way) {
        (_, 0) if is_product => {
            let (then, parts) = made_by(&args[0], is_sum)?;
            let first = (op, vec![parts[1].clone(), args[1].clone()]);
            Some(Regrouped { first, then, other: Some(parts[0].clone()), comes_first: true })
        }
        (_, 5) if is_product => {
            let (then, parts) = made_by(&args[0], is_sum)?;
            let first = (op, vec![parts[0].clone(), args[1].clone()]);
            Some(Regrouped { first, then, other: Some(parts[1].clone()), comes_first: false })
        }
        (_, 1) if is_product => {
            // `c / (a * b)` without its parentheses is `c / a * b`.
            let is_product = |inner| op == Op::Binary(Binary::Div) && inner == Op::Binary(Binary::Mul);
            let (then, parts) = made_by(&args[1], |inner| is_sum(inner) || is_product(inner))?;
            let first = (op, vec![args[0].clone(), parts[0].clone()]);
            Some(Regrouped { first, then, other: Some(parts[1].clone()), comes_first: false })
        }
        (_, 4) if is_sum(op) || is_product => {
            let (then, parts) = made_by(&args[0], |inner| matches!(inner, Op::Function(_)))?;
            let first = (op, vec![parts[0].clone(), args[1].clone()]);
            Some(Regrouped { first, then, other: None, comes_first: false })
        }
        (Op::Function(_), 0 | 1) => {
            let (then, parts) = made_by(&args[0], is_arithmetic)?;
            let first = (op, vec![parts[way].clone()]);
            Some(Regrouped { first, then, other: Some(parts[1 - way].clone()), comes_first: way == 1 })
        }
        (Op::Function(_) | Op::Aggregate(..), 2) => {
            let is_aggregate = |inner| matches!(op, Op::Function(_)) && matches!(inner, Op::Aggregate(..));
            let (then, parts) = made_by(&args[0], |inner| matches!(inner, Op::Function(_)) || is_aggregate(inner))?;
            Some(Regrouped { first: (op, parts[..1].to_vec()), then, other: None, comes_first: false })
        }
        (_, 3) if is_sum(op) || is_product => {
            let (then, parts) = made_by(&args[1], |inner| matches!(inner, Op::Function(_)))?;
            let first = (op, vec![args[0].clone(), parts[0].clone()]);
            Some(Regrouped { first, then, other: None, comes_first: false })
        }
        _ => None,
    }
}

impl Arg {
    fn apply(&self, run: &Rc<Run>, value: Option<&Array>, words: &Text) -> (Option<Array>, Text) {
        let text = |op: Op, args: &[&Text]| if run.is_traced { op.words(args) } else { Text::default() };
        match self {
            Self::Quantity(name, is_old) => (run.quantity(name, *is_old), Text::name(name)),
            Self::With(binary, name) => {
                let op = Op::Binary(*binary);
                let value = value.and_then(|value| Some(op.of(&[value, &run.quantity(name, false)?])));
                (value.flatten(), text(op, &[words, &Text::name(name)]))
            }
            Self::Sized(binary, count, name) => {
                let op = Op::Binary(*binary);
                let value = value.and_then(|value| op.of(&[value, &run.size(*count, name)?]));
                (value, text(op, &[words, &text(Op::Count(*count), &[&Text::name(name)])]))
            }
            Self::Op(op) => {
                let changed = value.and_then(|value| {
                    let changed = op.of(&[value])?;
                    Some(changed.spread_to(value).unwrap_or(changed))
                });
                (changed, text(*op, &[words]))
            }
        }
    }
}

impl Step {
    /// Whether it is a whole number, as one that says how often something is done.
    fn is_whole(&self) -> bool {
        self.args[0].0.kind == Kind::Whole && self.value.as_ref().is_some_and(|value| value.axes == 0)
    }

    /// Whether it is the name of a whole number that is not computed, as of the number of a step.
    fn is_counter(&self) -> bool {
        let is_constant = matches!(self.op, Op::Named(_)) && self.args[0].0.made.is_none();
        let is_count = |value: &Array| value.axes == 0 && value.data[0] > 0.0 && value.data[0].fract() == 0.0;
        is_constant && self.value.as_ref().is_some_and(is_count)
    }
}

/// So often may a place be visited for each visit to be varied alone.
const MAX_ALONE: usize = 4;

/// What learners add "to be safe".
const EPSILONS: [f64; 8] = [1e-15, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5];

/// All slips in a formula with this trace, with the step that each is made in.
pub fn all(trace: &[Step]) -> Vec<(Edit, usize)> {
    let mut edits = Vec::new();
    for (index, step) in trace.iter().enumerate() {
        let visits = trace.iter().filter(|other| other.place == step.place).take(MAX_ALONE + 1).count();
        // The first turn of a loop knows no old values: what can be done is seen in the second.
        let stands_for_all = step.visit == usize::from(visits > 1);
        let alone = (2..=MAX_ALONE).contains(&visits);
        if !stands_for_all && !alone {
            continue;
        }
        for change in changes(step) {
            // In a loop, an argument is computed from all turns before.
            if visits > 1 && matches!(change, Change::Within(..)) {
                continue;
            }
            if stands_for_all {
                edits.push((Edit { place: step.place, visit: None, change: change.clone() }, index));
            }
            if alone {
                edits.push((Edit { place: step.place, visit: Some(step.visit), change }, index));
            }
        }
    }
    edits
}

/// A slip with a constant in it that only what was seen can tell.
pub struct Open {
    /// Where.
    pub place: Place,
    /// The step that it is made in.
    pub step: usize,
    /// What is done there instead.
    pub change: fn(f64) -> Change,
    /// The constant with which it is no slip.
    pub right: f64,
}

impl Open {
    /// The slip, with this constant.
    pub fn with(&self, constant: f64) -> Edit {
        Edit { place: self.place, visit: None, change: (self.change)(constant) }
    }
}

/// All slips with an open constant in a formula with this trace: a factor, a summand, an exponent, a number for a quantity.
pub fn open(trace: &[Step]) -> Vec<Open> {
    let mut slips = Vec::new();
    for (index, step) in trace.iter().enumerate().filter(|(_, step)| step.visit == 0) {
        let mut push = |change: fn(f64) -> Change, right: f64| {
            slips.push(Open { place: step.place, step: index, change, right });
        };
        let is_number = step.value.as_ref().is_some_and(|value| value.axes == 0);
        match step.op {
            // It is the same as what it names.
            Op::Named(_) => continue,
            Op::Input if is_number => {
                let value = step.value.as_ref().map_or(0.0, |value| value.data[0]);
                push(|number| Change::Result(Arg::Op(Op::Constant(number))), value);
            }
            Op::Function(Function::Square) => push(|exponent| Change::Op(Op::Raised(exponent)), 2.0),
            Op::Function(Function::Sqrt) => push(|exponent| Change::Op(Op::Raised(exponent)), 0.5),
            Op::Binary(Binary::Pick | Binary::OneHot) => push(Change::Smoothed, 0.0),
            // As where weights decay in a training.
            Op::Binary(Binary::Sub) if step.args[0].0.made.is_some() => {
                push(|factor| Change::Arg(0, Arg::Op(Op::Times(factor))), 1.0);
            }
            _ => {}
        }
        if matches!(step.op, Op::Binary(binary) if binary.is_question()) {
            continue;
        }
        let constants: [fn(f64) -> Change; 2] = [
            |number| Change::Arg(0, Arg::Op(Op::Constant(number))),
            |number| Change::Arg(1, Arg::Op(Op::Constant(number))),
        ];
        for (arg, change) in step.args.iter().zip(constants).filter(|(arg, _)| arg.0.made.is_none()) {
            if let (Some(number), true) = (arg.scalar(), step.op != Op::Input) {
                push(change, number);
            }
        }
        push(|factor| Change::Result(Arg::Op(Op::Times(factor))), 1.0);
        push(|summand| Change::Result(Arg::Op(Op::Plus(summand))), 0.0);
    }
    slips
}

/// What may be done instead in one step.
fn changes(step: &Step) -> Vec<Change> {
    let mut changes = Vec::new();
    match step.op {
        Op::Named(name) => {
            let shape = step.value.as_ref().map(Array::shape);
            let others = step.scope.iter().filter(|other| Some(other.shape) == shape && other.name != name);
            for other in others {
                changes.push(Change::Result(Arg::Quantity(other.name.clone(), other.is_old)));
                if !other.is_old {
                    changes.push(Change::Uses(other.name.clone()));
                }
            }
            if step.is_counter() {
                changes.extend([1.0, -1.0].map(|by| Change::Result(Arg::Op(Op::Plus(by)))));
            }
            return changes;
        }
        Op::Input => {}
        Op::Binary(binary) => {
            use Binary::*;
            let (others, swaps, leaves_out): (&[Binary], bool, bool) = match binary {
                Add => (&[Sub, Mul, Max], false, true),
                Sub => (&[Add, Mul, Div], true, true),
                Mul => (&[Div, Add, Sub], false, true),
                Div => (&[Mul, Sub], true, true),
                Power => (&[Mul], true, true),
                Dot => (&[Mul], true, false),
                Outer => (&[Mul], true, false),
                Pick | OneHot => (&[], false, false),
                Max => (&[Min, Add, Mul], false, true),
                Min => (&[Max, Add, Mul], false, true),
                Less => (&[AtMost, Greater, AtLeast], false, false),
                AtMost => (&[Less, Greater, AtLeast], false, false),
                Greater => (&[AtLeast, Less, AtMost, Unequal], false, false),
                AtLeast => (&[Greater, Less, AtMost], false, false),
                Equal => (&[Unequal, AtLeast, AtMost, And], false, false),
                Unequal => (&[Equal, Or], false, false),
                And => (&[Or], false, true),
                Or => (&[And], false, true),
            };
            if leaves_out {
                changes.extend([Change::Only(0), Change::Only(1)]);
            }
            // A constant is no answer that could be joined with another one.
            let is_joined = |other: &Binary| !matches!(other, And | Or) || step.args[1].0.made.is_some();
            let others = others.iter().copied().filter(is_joined);
            changes.extend(others.map(|other| Change::Op(Op::Binary(other))));
            if swaps {
                changes.push(Change::Swapped);
            }
            if matches!(binary, Mul | Div) {
                changes.extend([0, 1, 3, 4, 5].map(Change::Regrouped));
                changes.extend([0, 1].map(|i| Change::Arg(i, Arg::Op(Op::Function(Function::Square)))));
            }
            if matches!(binary, Add | Sub | Mul | Div) {
                changes.extend((0..2).flat_map(|index| changes_within(step, index)));
            }
            if matches!(binary, Add | Sub) {
                changes.extend([3, 4].map(Change::Regrouped));
                if activated(&step.args).is_some() {
                    changes.push(Change::SlopeAgain);
                }
                for quantity in step.scope.iter().filter(|quantity| !quantity.is_old && quantity.shape == [0, 1, 1]) {
                    for arg in step.args.iter().enumerate().filter(|(_, arg)| arg.0.made.is_some()).map(|(i, _)| i) {
                        changes.push(Change::Arg(arg, Arg::With(Mul, quantity.name.clone())));
                        changes.push(Change::Arg(arg, Arg::With(Div, quantity.name.clone())));
                    }
                }
            }
            if binary == Dot {
                for is_left_out in [false, true] {
                    changes.extend([true, false].map(|is_last| Change::Product { is_last, is_left_out }));
                }
            }
            if is_comparison(binary) {
                changes.push(Change::Unasked(Function::Same));
                if step.args[1].scalar() == Some(0.0) {
                    changes.extend([Function::Sigmoid, Function::Relu].map(Change::Unasked));
                }
                if step.args[1].0.made.is_some() && matches!(binary, Equal | Unequal) {
                    changes.push(Change::Only(1));
                }
            }
            if other_slope(step.op, &step.args).is_some() {
                changes.extend([Change::OtherSlope, Change::SlopeAtOutput]);
            }
            if matches!(binary, Dot | Outer) {
                changes.extend([0, 1].map(|i| Change::Arg(i, Arg::Op(Op::Function(Function::Ones)))));
                changes.extend([0, 1].map(|i| Change::Arg(i, Arg::Op(Op::Transpose))));
                let shape = step.value.as_ref().map(Array::shape);
                for quantity in step.scope.iter().filter(|quantity| Some(quantity.shape) == shape && !quantity.is_old) {
                    changes.extend([0, 1].map(|i| Change::Paired(i, quantity.name.clone())));
                }
            }
            if matches!(binary, Pick | OneHot) {
                let label = usize::from(binary == Pick);
                changes.extend([1.0, -1.0].map(|by| Change::Arg(label, Arg::Op(Op::Plus(by)))));
            }
            if is_softmax(step) {
                changes.push(Change::Result(Arg::Op(Op::Softmax)));
            }
            if binary == Div {
                let small = EPSILONS.iter().flat_map(|&small| [Op::Plus(small), Op::AtLeast(small)]);
                changes.extend(small.map(|op| Change::Arg(1, Arg::Op(op))));
            }
        }
        Op::Function(function) => {
            changes.push(Change::Only(0));
            changes.extend(function.neighbours().iter().map(|&other| Change::Op(Op::Function(other))));
            changes.extend([0, 1, 2].map(Change::Regrouped));
            changes.push(Change::OfBoth);
            let inside = [Op::Function(Function::Neg), Op::Times(2.0), Op::Times(0.5), Op::Plus(1.0), Op::Plus(-1.0)];
            changes.extend(inside.map(|op| Change::Arg(0, Arg::Op(op))));
            changes.push(Change::Result(Arg::Op(step.op)));
            if function == Function::Sign {
                // The slope of the square in place of that of the absolute value.
                changes.push(Change::Op(Op::Times(2.0)));
            }
            if matches!(function, Function::Ln | Function::Sqrt | Function::Recip) {
                let small = EPSILONS.iter().flat_map(|&small| [Op::Plus(small), Op::AtLeast(small)]);
                changes.extend(small.map(|op| Change::Arg(0, Arg::Op(op))));
            }
        }
        Op::Aggregate(how, over) => {
            let is_matrix = step.args[0].0.value.as_ref().is_some_and(|value| value.axes == 2);
            changes.push(Change::Only(0));
            changes.extend(how.neighbours().iter().map(|&other| Change::Op(Op::Aggregate(other, over))));
            let overs = [Over::All, Over::Samples, Over::Row];
            let overs = overs.into_iter().filter(|&other| is_matrix && other != over);
            changes.extend(overs.map(|other| Change::Op(Op::Aggregate(how, other))));
            changes.push(Change::Regrouped(2));
            if how == Aggregate::Mean && over == Over::All {
                let others = step.scope.iter().filter(|quantity| !quantity.is_old && quantity.shape[0] < 2);
                changes.extend(others.map(|quantity| Change::MeanOver(quantity.name.clone())));
                for quantity in step.scope.iter().filter(|quantity| !quantity.is_old) {
                    let sizes = sizes_of(quantity).iter();
                    changes.extend(sizes.map(|&size| Change::MeanOverSize(size, quantity.name.clone())));
                }
            }
        }
        Op::Count(count) => {
            let others = [Count::Entries, Count::Rows, Count::Columns].into_iter().filter(|&other| other != count);
            changes.extend(others.map(|other| Change::Op(Op::Count(other))));
            let is_other = |quantity: &&InScope| !quantity.is_old && *quantity.name != *step.args[0].0.text.words;
            for quantity in step.scope.iter().filter(is_other) {
                changes.extend(sizes_of(quantity).iter().map(|&size| Change::CountOf(size, quantity.name.clone())));
            }
        }
        Op::Transpose => changes.push(Change::Only(0)),
        Op::Entry(index) | Op::Row(index) => {
            let at = |index| if matches!(step.op, Op::Row(_)) { Op::Row(index) } else { Op::Entry(index) };
            changes.extend(index.checked_sub(1).map(|before| Change::Op(at(before))));
            changes.push(Change::Op(at(index + 1)));
        }
        Op::Choose => changes.extend([Change::Only(1), Change::Only(2), Change::Swapped]),
        Op::Reverse
        | Op::Rolled(_)
        | Op::Softmax
        | Op::Plus(_)
        | Op::Times(_)
        | Op::AtLeast(_)
        | Op::Raised(_)
        | Op::Constant(_) => {}
    }
    if step.op != Op::Input {
        for (index, arg) in step.args.iter().enumerate() {
            changes_of_arg(step, index, arg, &mut changes);
        }
    }
    changes_of_result(step, &mut changes);
    changes
}

/// The sizes that an array has.
fn sizes_of(quantity: &InScope) -> &'static [Count] {
    match quantity.shape[0] {
        0 => &[],
        1 => &[Count::Entries],
        _ => &[Count::Entries, Count::Rows, Count::Columns],
    }
}

/// What may stand for a quantity that occurs several times in an argument; what occurs once is changed where it is used.
fn changes_within(step: &Step, index: usize) -> Vec<Change> {
    let mut changes = Vec::new();
    let parts = step.args[index].parts();
    for (number, part) in parts.iter().enumerate().filter(|(_, part)| part.0.text.is_name()) {
        let (Some(place), Some(value)) = (part.place(), &part.0.value) else { continue };
        let places = |parts: &[&Num]| parts.iter().filter(|other| other.place() == Some(place)).count();
        if places(&parts[..number]) > 0 || places(&parts[number..]) < 2 {
            continue;
        }
        let others = step.scope.iter().filter(|other| !other.is_old && other.shape == value.shape());
        let others = others.filter(|other| *other.name != *part.0.text.words);
        changes.extend(others.map(|other| Change::Within(index, place, Some(other.name.clone()))));
        changes.extend((value.axes == 0).then_some(Change::Within(index, place, None)));
    }
    changes
}

fn changes_of_arg(step: &Step, index: usize, arg: &Num, changes: &mut Vec<Change>) {
    let Some(value) = &arg.0.value else { return };
    // No slip puts a number where a condition belongs.
    if step.op == Op::Choose && index == 0 {
        return;
    }
    let mut push = |change| changes.push(Change::Arg(index, change));
    let is_constant = arg.0.made.is_none();
    if is_constant {
        let number = value.data[0];
        for other in [number + 1.0, number - 1.0, number * 2.0, number / 2.0, number * 10.0, number / 10.0] {
            push(Arg::Op(Op::Constant(other)));
        }
        // A sum is compared with the threshold of a probability, or a probability with that of a sum.
        if matches!(step.op, Op::Binary(binary) if is_comparison(binary)) {
            [number + 0.5, number - 0.5].into_iter().for_each(|other| push(Arg::Op(Op::Constant(other))));
        }
        for quantity in step.scope.iter().filter(|quantity| !quantity.is_old && quantity.shape == [0, 1, 1]) {
            push(Arg::Quantity(quantity.name.clone(), false));
        }
        return;
    }
    // No slip compares a quantity with itself.
    let is_compared_with = |quantity: &InScope| {
        matches!(step.op, Op::Binary(binary) if binary.is_question())
            && !quantity.is_old
            && step.args.iter().any(|arg| *quantity.name == *arg.0.text.words)
    };
    for quantity in step.scope.iter().filter(|quantity| quantity.shape == value.shape()) {
        if is_compared_with(quantity) {
            continue;
        }
        if *quantity.name != *arg.0.text.words || quantity.is_old {
            push(Arg::Quantity(quantity.name.clone(), quantity.is_old));
        }
    }
    // The slope of ReLU is not taken of anything else.
    if step.op == Op::Function(Function::Step) {
        return;
    }
    // A number takes the place of an array, as the slope of the output neuron that of the hidden ones.
    if step.op == Op::Binary(Binary::Mul) && value.axes > 0 {
        let numbers = step.scope.iter().filter(|quantity| !quantity.is_old && quantity.shape == [0, 1, 1]);
        numbers.for_each(|number| push(Arg::Quantity(number.name.clone(), false)));
    }
    let functions = [
        Function::Square,
        Function::Abs,
        Function::Sqrt,
        Function::Sign,
        Function::Relu,
        Function::Ln,
        Function::OneMinus,
    ];
    for function in functions {
        // A square of a factor is in the list already.
        push(Arg::Op(Op::Function(function)));
    }
    if value.data.len() > 1 {
        for how in [Aggregate::Sum, Aggregate::Mean, Aggregate::Max, Aggregate::First] {
            push(Arg::Op(Op::Aggregate(how, Over::All)));
            if value.axes == 2 {
                push(Arg::Op(Op::Aggregate(how, Over::Samples)));
                push(Arg::Op(Op::Aggregate(how, Over::Row)));
            }
        }
        push(Arg::Op(Op::Reverse));
        if value.axes == 2 {
            push(Arg::Op(Op::Transpose));
        }
    }
}

fn changes_of_result(step: &Step, changes: &mut Vec<Change>) {
    let Some(value) = &step.value else { return };
    let mut push = |change| changes.push(Change::Result(change));
    if step.op == Op::Input && step.is_whole() {
        // How often something is done.
        let ops = [Op::Plus(1.0), Op::Plus(-1.0), Op::Function(Function::Zeros), Op::Function(Function::Ones)];
        ops.into_iter().for_each(|op| push(Arg::Op(op)));
        return;
    }
    if matches!(step.op, Op::Binary(binary) if binary.is_question()) {
        // The slope of a leaky ReLU.
        [0.01, 0.1].into_iter().for_each(|leak| push(Arg::Op(Op::AtLeast(leak))));
        return;
    }
    for quantity in step.scope.iter().filter(|quantity| quantity.shape == value.shape()) {
        if step.op != Op::Input || *quantity.name != *step.text.words {
            push(Arg::Quantity(quantity.name.clone(), quantity.is_old));
        }
    }
    if value.axes < 2 || step.op != Op::Input {
        for quantity in step.scope.iter().filter(|q| !q.is_old) {
            for &count in sizes_of(quantity) {
                push(Arg::Sized(Binary::Div, count, quantity.name.clone()));
                push(Arg::Sized(Binary::Mul, count, quantity.name.clone()));
            }
        }
    }
    for quantity in step.scope.iter().filter(|q| !q.is_old && (q.shape == value.shape() || q.shape == [0, 1, 1])) {
        push(Arg::With(Binary::Mul, quantity.name.clone()));
        if *quantity.name != *step.text.words {
            push(Arg::With(Binary::Div, quantity.name.clone()));
        }
    }
    for op in [
        Op::Function(Function::Neg),
        Op::Times(2.0),
        Op::Times(0.5),
        Op::Plus(1.0),
        Op::Plus(-1.0),
        Op::Function(Function::Abs),
        Op::Function(Function::Recip),
        Op::AtLeast(0.0),
        Op::Function(Function::OneMinus),
        Op::Function(Function::TwiceMinusOne),
        Op::Function(Function::Round),
        Op::Function(Function::Floor),
        Op::Function(Function::Zeros),
        Op::Function(Function::Ones),
    ] {
        push(Arg::Op(op));
    }
    if value.data.len() > 1 {
        push(Arg::Op(Op::Reverse));
        push(Arg::Op(Op::Transpose));
        if value.data.len() > 2 {
            [true, false].into_iter().for_each(|is_forward| push(Arg::Op(Op::Rolled(is_forward))));
        }
    }
}

impl Function {
    /// What is taken for it.
    fn neighbours(self) -> &'static [Self] {
        use Function::*;
        match self {
            Square => &[Abs, Cube, Exp],
            Cube => &[Square],
            Abs => &[Square, Neg, Relu, Sign],
            Sqrt => &[Square, Ln],
            Exp => &[Ln, Square, Sigmoid],
            Ln => &[Log2, Log10, Exp, Sqrt],
            Sigmoid => &[Tanh, Relu, Exp, Round, SigmoidSlope],
            Tanh => &[Sigmoid, Relu, Sin, TanhSlope],
            Relu => &[LeakyRelu, Abs, Sigmoid, Tanh, Sign, Step],
            Sign => &[Signum, Abs, Relu],
            Step => &[StepFrom0, Sign, Signum, Relu, Ones, SigmoidSlope],
            Recip => &[Neg, Sqrt],
            Round => &[Floor, Ceil],
            Floor => &[Round, Ceil],
            Ceil => &[Floor, FloorPlusOne, Round],
            Sin => &[Cos, Tanh],
            Cos => &[Sin],
            Neg | Same | Signum | LeakyRelu | SigmoidSlope | TanhSlope | OneMinus | TwiceMinusOne | Log2 | Log10
            | Ones | Zeros | FloorPlusOne | StepFrom0 => &[],
        }
    }
}

impl Aggregate {
    fn neighbours(self) -> &'static [Self] {
        use Aggregate::*;
        match self {
            Largest => &[LastLargest, Smallest, Max],
            Smallest | LastLargest => &[Largest],
            Max => &[Min, Sum, Mean, First, Last],
            _ => {
                const ALL: &[Aggregate] = &[
                    Sum,
                    Mean,
                    MeanOfOneLess,
                    SumByRows,
                    SumByColumns,
                    Max,
                    Min,
                    Norm,
                    NormByCount,
                    RootMeanSquare,
                    Median,
                    UpperMedian,
                    LowerMedian,
                    UnsortedMedian,
                    First,
                    Last,
                    SumWithoutFirst,
                    SumWithoutLast,
                    Product,
                ];
                ALL
            }
        }
    }
}

/// How far from the formula a slip seems, for the choice among equals; and its short form; and what a learner is told, to
/// follow "is what comes out if". `written` is what stands at its place then, and `trace` is the whole formula.
pub fn describe(edit: &Edit, step: &Step, written: &Text, trace: &[Step]) -> (u32, String, String) {
    let of_owner = step.owner.map_or(String::new(), |owner| format!(" of `{owner}`"));
    let owner = step.owner.filter(|owner| *owner != step.text.words);
    let in_owner = owner.map_or(String::new(), |owner| format!(" in `{owner}`"));
    let in_formula = match (written.is_whole(), step.text.is_whole()) {
        (true, true) => format!("`{}` is used{in_owner} instead of `{}`", written.words, step.text.words),
        (true, false) => match step.owner {
            Some(owner) => format!("the formula of `{owner}` contains `{}`", written.words),
            None => format!("the formula contains `{}`", written.words),
        },
        (false, _) => format!("another operation is used{in_owner}"),
    };
    let texts: Vec<&Text> = step.args.iter().map(|arg| &arg.0.text).collect();
    let (rank, code, says) = match &edit.change {
        Change::Only(index) => match step.op {
            Op::Binary(_) => {
                let out = texts[1 - index];
                let what = if out.is_whole() { format!("`{}`", out.words) } else { "a part".to_owned() };
                let of = if step.text.is_short() { format!(" of `{}`", step.text.words) } else { of_owner };
                // Of `1 - x`, it is `1 -` that is left out, or the whole.
                let rank = if step.op == Op::Binary(Binary::Sub) && begins_with_one(step) { 12 } else { 10 };
                (rank, format!("leave_out:{}", slug(out)), format!("{what} is left out{of}"))
            }
            Op::Function(function) => {
                let what = function.noun();
                let of = if step.text.is_short() { format!(" of `{}`", step.text.words) } else { of_owner };
                (10, format!("leave_out:{}", function.name()), format!("{what} is left out{of}"))
            }
            Op::Aggregate(how, over) => (
                12,
                format!("leave_out:{}", how.name().replace(' ', "_")),
                format!("{}{} is not taken{in_owner}", how.noun(over), of(texts[0])),
            ),
            Op::Transpose => (10, "leave_out:transpose".to_owned(), format!("the transposition is left out{of_owner}")),
            _ => (
                15,
                "one_case_for_both".to_owned(),
                format!("`{}` is used{in_owner} in every case", texts[*index].words),
            ),
        },
        Change::Op(other) => match (step.op, other) {
            (Op::Function(old), Op::Function(new)) => (
                // One more in the numerator comes to the same.
                if *new == Function::FloorPlusOne { 10 } else { 12 },
                format!("function:{}_for_{}", new.name(), old.name()).replace(' ', "_"),
                match (old, new) {
                    (Function::Ceil, Function::FloorPlusOne) => {
                        format!("a number is rounded down and 1 is added{in_owner}, instead of rounding up")
                    }
                    _ => format!("{} is used{in_owner} instead of {}", new.noun(), old.noun()),
                },
            ),
            (Op::Aggregate(old, over), Op::Aggregate(new, other)) => (
                12,
                match over == *other {
                    true => format!("aggregate:{}_for_{}", new.name(), old.name()).replace(' ', "_"),
                    false => format!("aggregate:over_{other:?}_for_{over:?}").to_lowercase(),
                },
                match (old.divisor(*new), new.divisor(old)) {
                    (Some(right), Some(wrong)) if over == *other => {
                        let each = over.each().map_or(String::new(), |each| format!(" in each {each}"));
                        format!("the sum{}{each} is divided{in_owner} by {wrong} instead of {right}", of(texts[0]))
                    }
                    _ => {
                        let all = |own| if own == Over::All && over != *other { " of all entries" } else { "" };
                        let (new, old) = (new.noun(*other) + all(*other), old.noun(over) + all(over));
                        format!("{new} is used{in_owner} instead of {old}")
                    }
                },
            ),
            (Op::Count(_), Op::Count(_)) => (
                11,
                format!("count:{}", slug(written)),
                format!("`{}` is used{in_owner} instead of `{}`", written.words, step.text.words),
            ),
            (Op::Binary(old), Op::Binary(new)) => {
                // Code does not multiply by 1.
                let left_out = match (old, new) {
                    (Binary::Sub, Binary::Mul) if begins_with_one(step) => Some("1 -"),
                    (Binary::Div, Binary::Mul) if begins_with_one(step) => Some("1 /"),
                    _ => None,
                };
                // Where the answer is yes or no, the question is more likely to be wrong than what it is asked of.
                let rank = match left_out {
                    Some(_) => 10,
                    // The opposite answer.
                    None if matches!(
                        (old, new),
                        (Binary::Equal, Binary::Unequal) | (Binary::Unequal, Binary::Equal)
                    ) =>
                    {
                        10
                    }
                    None if old.is_question() => 11,
                    None => 14,
                };
                let of = if step.text.is_short() { format!(" of `{}`", step.text.words) } else { of_owner };
                let says = left_out.map_or(in_formula, |what| format!("`{what}` is left out{of}"));
                (rank, format!("operator:{}_for_{}", new.name(), old.name()), says)
            }
            (Op::Function(_), Op::Times(_)) => (13, format!("times:{}", slug(written)), in_formula),
            (_, Op::Raised(_)) => (18, format!("raised:{}", slug(written)), in_formula),
            _ => (16, format!("index:{}", slug(written)), in_formula),
        },
        Change::Swapped if step.op == Op::Choose => {
            (14, "cases_swapped".to_owned(), format!("the two cases are swapped{in_owner}"))
        }
        // `x - 1` for `1 - x` is rare, and gives the same numbers as a wrong sign before it.
        Change::Swapped if begins_with_one(step) && step.text.is_short() => {
            (15, format!("swapped:{}", slug(written)), format!("the sign of `{}` is wrong{in_owner}", step.text.words))
        }
        Change::Swapped => (14, format!("swapped:{}", slug(written)), in_formula),
        Change::Uses(name) => {
            let own = if let Op::Named(own) = step.op { own } else { "it" };
            (14, format!("uses:{name}_for_{own}"), format!("`{name}` is always used instead of `{own}`"))
        }
        Change::Paired(..) => (17, format!("paired:{}", slug(written)), in_formula),
        Change::Regrouped(_) | Change::OfBoth => (16, format!("regrouped:{}", slug(written)), in_formula),
        Change::Arg(index, Arg::Quantity(name, is_old)) => {
            let (rank, code, says) = replaced(name, *is_old, texts[*index], &in_owner, &in_formula);
            let says = if is_used_elsewhere(*index, step, trace) && written.is_short() { in_formula } else { says };
            // Many other quantities give the same answer to a question; one of its cases for both is as likely.
            let is_asked = matches!(step.op, Op::Binary(binary) if binary.is_question());
            (rank + 3 * u32::from(is_asked), code, says)
        }
        Change::Result(Arg::Quantity(name, is_old)) if let Op::Named(own) = step.op => {
            replaced(name, *is_old, &Text::name(own), "", &in_formula)
        }
        Change::Result(Arg::Quantity(name, is_old)) => {
            let (rank, code, says) = replaced(name, *is_old, &step.text, &in_owner, &in_formula);
            (rank + u32::from(!step.text.is_name()) * 4, code, says)
        }
        Change::Result(Arg::With(binary, name)) => {
            let verb = if *binary == Binary::Mul { "multiplied" } else { "divided" };
            let what = if step.text.is_whole() { format!("`{}`", step.text.words) } else { "a part".to_owned() };
            (20, format!("{verb}:{}", name), format!("{what} is {verb} by `{name}`{in_owner}"))
        }
        Change::Result(Arg::Sized(binary, count, name)) => {
            let verb = if *binary == Binary::Mul { "multiplied" } else { "divided" };
            let what = if step.text.is_whole() { format!("`{}`", step.text.words) } else { "a part".to_owned() };
            let size = Op::Count(*count).words(&[&Text::name(name)]).words;
            let count = format!("{count:?}").to_lowercase();
            let again = match *binary == Binary::Div && is_averaged(step, trace) {
                true => ", although a mean is taken already",
                false => "",
            };
            // Where all cases have the same size, a number explains as much, and is the simpler explanation.
            (17, format!("{verb}:{count}_of_{name}"), format!("{what} is {verb} by `{size}`{in_owner}{again}"))
        }
        Change::Arg(index, Arg::With(binary, name)) => {
            let verb = if *binary == Binary::Mul { "multiplied" } else { "divided" };
            (20, format!("{verb}:{}:{name}", slug(texts[*index])), in_formula)
        }
        Change::Arg(_, Arg::Sized(..)) => (20, "sized".to_owned(), in_formula),
        Change::Arg(index, Arg::Op(Op::Function(Function::Ones))) => {
            let words = if texts[*index].is_whole() { &texts[*index].words } else { "a factor" };
            (10, format!("ones:{}", slug(texts[*index])), format!("all entries of `{words}` are 1{in_owner}"))
        }
        Change::Arg(index, Arg::Op(Op::Constant(number))) => {
            let (old, new) = (&texts[*index].words, words::constant(*number));
            (17, format!("constant:{new}_for_{old}"), format!("{new} is used{in_owner} instead of {old}"))
        }
        Change::Result(Arg::Op(Op::Constant(number))) => {
            let (what, number) = (&step.text.words, words::constant(*number));
            (17, format!("constant:{number}_for_{}", slug(&step.text)), format!("`{what}` is {number}{in_owner}"))
        }
        Change::MeanOver(name) => {
            let is_number = step.scope.iter().any(|quantity| quantity.name == *name && quantity.shape[0] == 0);
            let of = if is_number { "" } else { "the sum of " };
            (
                15,
                format!("mean_over:{name}"),
                format!("the sum is divided by {of}`{name}` instead of the count{in_owner}"),
            )
        }
        Change::MeanOverSize(count, name) => {
            let size = Op::Count(*count).words(&[&Text::name(name)]);
            (
                16,
                format!("mean_over:{}", slug(&size)),
                format!("the sum is divided by `{}` instead of the count{in_owner}", size.words),
            )
        }
        Change::CountOf(count, name) => {
            let size = step.scope.iter().find(|quantity| quantity.name == *name).map_or(0, |q| count.of(q.shape));
            // The number itself may be what the code has.
            let says = format!("`{}`, here {size}, is used{in_owner} instead of `{}`", written.words, step.text.words);
            (12, format!("count:{}", slug(written)), says)
        }
        Change::Within(index, place, name) => {
            let parts = step.args[*index].parts();
            let own = parts.iter().find(|part| part.place() == Some(*place)).map_or(&step.text, |part| &part.0.text);
            let within =
                if texts[*index].is_whole() { format!("`{}`", texts[*index].words) } else { "a part".to_owned() };
            let (code, says) = match name {
                Some(name) => (name.as_str(), format!("`{name}` is used in {within} instead of `{}`", own.words)),
                None => ("1", format!("`{}` is 1 in {within}", own.words)),
            };
            (14, format!("within:{code}_for_{}", slug(own)), says)
        }
        Change::Product { is_last, is_left_out } => {
            let which = if *is_last { "last" } else { "first" };
            let is_over_samples = made_by(&step.args[0], |inner| inner == Op::Transpose).is_some();
            let what = if is_over_samples { "sample" } else { "product" };
            let of = if step.text.is_short() { format!(" of `{}`", step.text.words) } else { of_owner };
            let (code, says) = if *is_left_out { ("without", "is left out") } else { ("only", "counts") };
            let only = if *is_left_out { "" } else { "only " };
            (15, format!("{code}_{which}:{}", slug(&step.text)), format!("{only}the {which} {what}{of} {says}"))
        }
        Change::Unasked(function) => {
            // A quantity that has a name is the simpler explanation.
            let rank = if *function == Function::Same { 12 } else { 17 };
            (rank, format!("unasked:{}", slug(written)), in_formula)
        }
        Change::OtherSlope => {
            let is_tanh = matches!(step.op, Op::Binary(Binary::Sub));
            let (code, own, other) = match is_tanh {
                true => ("sigmoid_for_tanh", "that of tanh, 1 - a²,", "the slope of the sigmoid, a(1 - a),"),
                false => ("tanh_for_sigmoid", "that of the sigmoid, a(1 - a),", "the slope of tanh, 1 - a²,"),
            };
            (13, format!("slope:{code}"), format!("{other} stands where {own} belongs"))
        }
        Change::SlopeAtOutput => {
            let function = if matches!(step.op, Op::Binary(Binary::Sub)) { "tanh" } else { "the sigmoid" };
            let output = other_slope(step.op, &step.args).map(|(a, _)| &a.0.text).filter(|text| text.is_name());
            let output = output.map_or(String::new(), |text| format!(" `{}`", text.words));
            let says =
                format!("the slope of {function} is taken at its output{output}, so that {function} is applied twice");
            (13, "slope:at_output".to_owned(), says)
        }
        Change::SlopeAgain => {
            let (function, slope) = match activated(&step.args) {
                Some((_, true)) => ("tanh", "1 - a²"),
                _ => ("the sigmoid", "a(1 - a)"),
            };
            let what = if step.text.is_whole() { format!("`{}`", step.text.words) } else { "a part".to_owned() };
            let says = format!("{what} is multiplied{in_owner} by the slope of {function}, {slope}");
            (15, format!("slope:again:{}", slug(&step.text)), says)
        }
        Change::Smoothed(share) => (
            17,
            "smoothed_labels".to_owned(),
            format!(
                "the labels are smoothed{in_owner}: of the 1 of the true class, {} is shared among all classes",
                words::constant(*share)
            ),
        ),
        Change::Is(_) => (30, "given".to_owned(), in_formula),
        Change::Arg(_, Arg::Op(Op::Transpose)) if let Op::Aggregate(how, Over::Samples) = step.op => {
            let says = format!("{} is used{in_owner} instead of {}", how.noun(Over::Row), how.noun(Over::Samples));
            (12, "aggregate:over_row_for_samples".to_owned(), says)
        }
        Change::Arg(index, Arg::Op(op)) => {
            let code = format!("{}:{}", op.code(), slug(texts[*index]));
            let says = changed(*op, texts[*index], &in_owner).filter(|_| !is_used_elsewhere(*index, step, trace));
            (op.rank(), code, says.unwrap_or(in_formula))
        }
        Change::Result(Arg::Op(Op::AtLeast(0.0))) if matches!(step.op, Op::Aggregate(Aggregate::Max, _)) => {
            (11, "max_starts_at_0".to_owned(), format!("the search for the maximum{} starts at 0", of(texts[0])))
        }
        Change::Result(Arg::Op(Op::Function(constant @ (Function::Ones | Function::Zeros))))
            if step.text.is_whole() =>
        {
            let number = if *constant == Function::Ones { 1 } else { 0 };
            let is_factor = *constant == Function::Ones && step.value.as_ref().is_some_and(|value| value.axes == 0);
            let rank = match step.op {
                Op::Input if step.is_whole() || is_factor => 12,
                Op::Input => 16,
                _ => 25,
            };
            let left_out = if is_factor && !step.is_whole() { ", or left out as a factor" } else { "" };
            let says = format!("`{}` is {number}{left_out}{in_owner}", step.text.words);
            (rank, format!("{}:{}", constant.name(), slug(&step.text)), says)
        }
        Change::Result(Arg::Op(Op::Softmax)) => (9, "softmax_twice".to_owned(), "softmax is applied twice".to_owned()),
        // One time more, or one less.
        Change::Result(Arg::Op(Op::Plus(by)))
            if by.abs() == 1.0 && (step.is_counter() || (step.op == Op::Input && step.is_whole())) =>
        {
            let more = if *by > 0.0 { "more" } else { "less" };
            let (name, says) = match step.op {
                Op::Named(name) => (name, format!("`{name}` is one {more}")),
                _ => (&*step.text.words, in_formula),
            };
            (11, format!("one_{more}:{}", slug(&Text::name(name))), says)
        }
        Change::Result(Arg::Op(Op::Plus(by))) if matches!(step.op, Op::Count(_)) && by.abs() == 1.0 => {
            (13, format!("count:{}", slug(written)), in_formula)
        }
        Change::Result(Arg::Op(op)) => {
            let says = match op {
                Op::Times(factor) if step.text.is_whole() && !step.text.is_name() => {
                    format!("`{}` is multiplied by {}{in_owner}", step.text.words, words::constant(*factor))
                }
                _ => changed(*op, &step.text, &in_owner).unwrap_or(in_formula),
            };
            (op.rank() + 1, format!("{}:{}", op.code(), slug(&step.text)), says)
        }
    };
    let rank = rank + 3 * u32::from(edit.visit.is_some());
    let says = match edit.visit {
        Some(visit) if is_repeated(step, trace) => format!("{says} (the {} time that it is computed)", ordinal(visit)),
        _ => says,
    };
    (rank, format!("edit:{code}"), says)
}

/// What something is done with, if that fits into a sentence.
fn of(text: &Text) -> String {
    if text.is_short() { format!(" of `{}`", text.words) } else { String::new() }
}

/// Whether the same is computed more than once.
fn is_repeated(step: &Step, trace: &[Step]) -> bool {
    trace.iter().filter(|other| other.place == step.place && other.text == step.text).nth(1).is_some()
}

/// Whether it is a mean, or contains one, or a mean is taken of it.
fn is_averaged(step: &Step, trace: &[Step]) -> bool {
    let contains = |one: &Step, place| one.args.iter().flat_map(Num::parts).any(|part| part.place() == Some(place));
    let mut means = trace.iter().filter(|other| matches!(other.op, Op::Aggregate(Aggregate::Mean, _)));
    means.any(|mean| mean.place == step.place || contains(step, mean.place) || contains(mean, step.place))
}

/// Whether this argument of a step is also one of another step that the same quantity is made of, so that its name alone does
/// not say which use is meant.
fn is_used_elsewhere(index: usize, step: &Step, trace: &[Step]) -> bool {
    let text = &step.args[index].0.text;
    let is_other = |other: &&Step| other.place != step.place && other.owner == step.owner;
    let others = trace.iter().filter(is_other).flat_map(|other| &other.args);
    let own = step.args.iter().enumerate().filter(|(other, _)| *other != index).map(|(_, arg)| arg);
    others.chain(own).any(|arg| arg.0.text == *text)
}

/// Whether the first argument is the constant 1.
fn begins_with_one(step: &Step) -> bool {
    step.args[0].0.made.is_none() && step.args[0].scalar() == Some(1.0)
}

fn ordinal(visit: usize) -> &'static str {
    ["first", "second", "third", "fourth"].get(visit).copied().unwrap_or("last")
}

/// That this is made of a quantity or a constant, where that itself belongs.
fn changed(op: Op, old: &Text, in_owner: &str) -> Option<String> {
    let new = op.words(&[old]);
    let says = || format!("`{}` is used{in_owner} instead of `{}`", new.words, old.words);
    (old.is_name() && new.is_whole()).then(says)
}

fn replaced(name: &str, is_old: bool, old: &Text, in_owner: &str, in_formula: &str) -> (u32, String, String) {
    if is_old {
        let code = format!("old:{name}");
        if *old.words == *name {
            return (13, code, format!("the old `{name}` is used{in_owner} instead of the new one"));
        }
        return (19, code, format!("the old `{name}` is used{in_owner} instead of `{}`", old.words));
    }
    let code = format!("other:{}_for_{}", slug(&Text::name(name)), slug(old));
    let says = if old.is_whole() {
        format!("`{name}` is used{in_owner} instead of `{}`", old.words)
    } else {
        in_formula.to_owned()
    };
    // For a constant it is less likely.
    let rank = if old.words.parse::<f64>().is_ok() { 18 } else { 13 };
    (rank, code, says)
}

impl Op {
    fn rank(self) -> u32 {
        match self {
            Self::Function(Function::Neg) | Self::Times(2.0 | 0.5) => 14,
            Self::Times(_) => 18,
            Self::Function(Function::Square) => 15,
            Self::Aggregate(..) | Self::Transpose => 16,
            Self::Function(Function::Ones | Function::Zeros) => 24,
            // What always comes to 0 or 1 is that number rather than something rounded.
            Self::Function(Function::Round | Function::Floor | Function::Ceil) => 25,
            Self::Function(_) => 17,
            Self::AtLeast(_) => 18,
            _ => 19,
        }
    }

    fn code(self) -> String {
        match self {
            Self::Function(function) => function.name(),
            Self::Aggregate(how, over) => format!("{how:?}_{over:?}").to_lowercase(),
            Self::Plus(number) => format!("plus_{}", words::constant(number)),
            Self::Times(number) => format!("times_{}", words::constant(number)),
            Self::AtLeast(number) => format!("at_least_{number}"),
            Self::Transpose => "transposed".to_owned(),
            Self::Reverse => "reversed".to_owned(),
            Self::Rolled(_) => "shifted".to_owned(),
            _ => "other".to_owned(),
        }
    }
}

/// Letters and digits of a text, for codes.
fn slug(text: &Text) -> String {
    let mut slug = String::new();
    for letter in text.words.chars().take(40) {
        if letter.is_alphanumeric() {
            slug.push(letter);
        } else if !slug.ends_with('_') && !slug.is_empty() {
            slug.push('_');
        }
    }
    slug.trim_end_matches('_').to_owned()
}

/// Whether two slips are one move: what is multiplied or divided by a quantity in one place is so in another place instead.
pub fn is_moved(from: &(Edit, usize), to: &Edit, trace: &[Step]) -> bool {
    let Step { op, args, .. } = &trace[from.1];
    let Change::Result(Arg::With(binary, name)) = &to.change else { return false };
    from.0.change == Change::Only(0)
        && *op == Op::Binary(*binary)
        && *args[1].0.text.words == *name
        && (from.0.visit, to.visit) == (None, None)
}

/// Two slips at once are looked for among those that are at most so far from the formula.
pub const FREQUENT: u32 = 14;

/// How far from the formula a slip seems.
pub fn rank(edit: &Edit, step: &Step) -> u32 {
    match edit.change {
        Change::Result(Arg::Sized(..)) => 13 + 3 * u32::from(edit.visit.is_some()),
        // What is rare is tried late: the work may be used up before.
        Change::CountOf(..) | Change::Within(..) => 18,
        _ => describe(edit, step, &Text::default(), &[]).0,
    }
}
