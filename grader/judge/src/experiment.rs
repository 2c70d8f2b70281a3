//! What can be found out about a wrong answer where no formula can be varied: what other inputs, or another last step,
//! make of the reference; and how the learner's code behaves.

use std::{mem::discriminant, time::Duration};

use ndarray::{ArrayD, Axis};
use probe::{Record, Value};

use crate::{
    Check, Expectation, Prediction, compare,
    explain::{Answered, AskMore, Explanation, MAX_MORE, agree, is_or_are, is_same_case, listed, numbers},
    formula::{Array, Binary, Count, Function, Op, constant},
    text,
};

/// A change of one input of the reference, or of its result.
#[derive(Clone)]
pub(crate) enum Twist {
    Input(String, Change),
    /// Two inputs stand in each other's place.
    Exchanged(String, String),
    /// An input is changed for these parts of the result only.
    InputOf(Vec<String>, String, Change),
    /// Of all parts of the result, or of one.
    Result(Option<String>, Change),
    /// Of these parts of the result.
    ResultOf(Vec<String>, Change),
    /// All that a count repeats is done twice each time, and of a list of results only the first or the second is kept.
    EachTwice {
        count: String,
        keeps_second: bool,
    },
}

#[derive(Clone)]
pub(crate) enum Change {
    Op(Op),
    /// Another input stands there.
    Other(String),
    /// It is added, subtracted or multiplied by another input, which is a number.
    With(Binary, String),
    /// Multiplied by the size of an input, or divided.
    BySize {
        input: String,
        count: Count,
        is_divided: bool,
    },
    /// The axes of an array are taken in another order.
    Axes(Axes, Vec<usize>),
    /// Of all places along an axis only the first counts: it stands at all of them, or else 0 stands at the others.
    First {
        axis: usize,
        is_repeated: bool,
    },
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Axes {
    /// The array has its axes in this order.
    Moved,
    /// The numbers stand in this order, in an array of the right shape.
    Written,
    /// The right numbers are taken for an array with this order.
    Read,
}

/// All changes that fit a case like this one.
pub(crate) fn twists(case: &Record, right: &Record) -> Vec<Twist> {
    let mut twists = Vec::new();
    let parts = parts_to_twist(right);
    let of_result = |change: Change, twists: &mut Vec<Twist>| {
        twists.extend(parts.iter().map(|part| Twist::Result(part.clone(), change.clone())));
    };
    let arrays: Vec<(&str, Array)> =
        case.parts().filter_map(|(name, value)| Some((name, formula::array_of(value)?))).collect();
    for (name, shape) in case.parts().filter_map(|(name, value)| Some((name, shape_of(value)?))) {
        let mut push = |change| twists.push(Twist::Input(name.to_owned(), change));
        for axis in (0..shape.len()).filter(|&axis| shape[axis] > 1) {
            [true, false].into_iter().for_each(|is_repeated| push(Change::First { axis, is_repeated }));
        }
        other_orders(shape).into_iter().for_each(|order| push(Change::Axes(Axes::Moved, order)));
    }
    let is_real = |name: &str| matches!(case.get(name), Some(Value::Float(_) | Value::Array { .. }));
    for (name, array) in &arrays {
        // Counts are how often something is repeated: they may be off by one, and no number that a loop would not end with.
        match case.get(name) {
            Some(Value::Float(_) | Value::Array { .. }) => {}
            Some(Value::Int(count)) => {
                let shifts = [1.0, -1.0].into_iter().filter(|shift| *count as f64 + shift >= 0.0);
                let shifts = shifts.map(|shift| Twist::Input((*name).to_owned(), Change::Op(Op::Plus(shift))));
                twists.extend(shifts);
                // It has no effect: nothing is added, or each step is one.
                let others = [0.0, 1.0].into_iter().filter(|constant| *count as f64 != *constant);
                twists.extend(
                    others.map(|constant| Twist::Input((*name).to_owned(), Change::Op(Op::Constant(constant)))),
                );
                if (1..=MAX_REPEATED).contains(count) {
                    let twice = |keeps_second| Twist::EachTwice { count: (*name).to_owned(), keeps_second };
                    twists.extend([true, false].map(twice));
                }
                continue;
            }
            _ => continue,
        }
        let functions = [
            Function::Zeros,
            Function::Ones,
            Function::Neg,
            Function::Abs,
            Function::Square,
            Function::Sign,
            Function::Round,
            Function::Relu,
            Function::OneMinus,
            Function::TwiceMinusOne,
        ];
        let mut push = |change| twists.push(Twist::Input((*name).to_owned(), change));
        functions.into_iter().for_each(|function| push(Change::Op(Op::Function(function))));
        for op in [Op::Times(2.0), Op::Times(0.5), Op::Plus(1.0), Op::Plus(-1.0)] {
            push(Change::Op(op));
        }
        if array.data.len() > 1 {
            push(Change::Op(Op::Reverse));
            push(Change::Op(Op::Transpose));
            push(Change::Op(Op::Softmax));
        }
        if array.data.len() > 2 {
            [true, false].into_iter().for_each(|is_forward| push(Change::Op(Op::Rolled(is_forward))));
        }
        for other in arrays.iter().filter(|(other, two)| is_real(other) && other != name && two.has_shape_of(array)) {
            push(Change::Other(other.0.to_owned()));
        }
        let others = arrays.iter().filter(|(other, two)| is_real(other) && other != name && two.axes == 0);
        for (other, _) in others.filter(|_| array.axes == 0) {
            for op in [Binary::Add, Binary::Sub, Binary::Mul] {
                push(Change::With(op, (*other).to_owned()));
            }
        }
    }
    for (number, (name, array)) in arrays.iter().enumerate().filter(|(_, (name, _))| is_real(name)) {
        let others = arrays[number + 1..].iter().filter(|(other, two)| is_real(other) && two.has_shape_of(array));
        twists.extend(others.map(|(other, _)| Twist::Exchanged((*name).to_owned(), (*other).to_owned())));
    }
    for function in [
        Function::Neg,
        Function::Square,
        Function::Sqrt,
        Function::Abs,
        Function::Recip,
        Function::Exp,
        Function::Ln,
        Function::Round,
        Function::Floor,
        Function::Sign,
        Function::Relu,
        Function::Sigmoid,
        Function::Tanh,
        Function::OneMinus,
        Function::TwiceMinusOne,
    ] {
        of_result(Change::Op(Op::Function(function)), &mut twists);
    }
    let others = [Op::Reverse, Op::Transpose, Op::Rolled(true), Op::Rolled(false), Op::Softmax];
    for op in [Op::Times(2.0), Op::Times(0.5), Op::Plus(1.0), Op::Plus(-1.0)].into_iter().chain(others) {
        of_result(Change::Op(op), &mut twists);
    }
    for (name, array) in arrays.iter().filter(|(_, array)| array.axes > 0) {
        let counts = [Count::Entries, Count::Rows, Count::Columns];
        for count in &counts[..if array.axes == 2 { 3 } else { 1 }] {
            for is_divided in [true, false] {
                let change = Change::BySize { input: (*name).to_owned(), count: *count, is_divided };
                of_result(change, &mut twists);
            }
        }
    }
    for (name, shape) in right.parts().filter_map(|(name, value)| Some((name, shape_of(value)?))) {
        let part = (!right.is_bare()).then(|| name.to_owned());
        for order in other_orders(shape) {
            let twist = |axes| Twist::Result(part.clone(), Change::Axes(axes, order.clone()));
            twists.extend([Axes::Written, Axes::Read].map(twist));
        }
    }
    let is_like = |one: &Value, other: &Value| match (one, other) {
        (Value::Array { shape: one, .. }, Value::Array { shape: other, .. }) => one.len() == other.len(),
        _ => discriminant(one) == discriminant(other),
    };
    for (name, value) in right.parts() {
        let part = (!right.is_bare()).then(|| name.to_owned());
        for (input, _) in case.parts().filter(|(_, other)| is_like(value, other)) {
            twists.push(Twist::Result(part.clone(), Change::Other(input.to_owned())));
        }
    }
    twists
}

/// What is done more often is not done twice to see what comes of it.
const MAX_REPEATED: i64 = 1_000;

fn shape_of(value: &Value) -> Option<&[usize]> {
    match value {
        Value::Array { shape, .. } => Some(shape),
        _ => None,
    }
}

/// All orders of the axes but the right one, where there are more than two.
fn other_orders(shape: &[usize]) -> Vec<Vec<usize>> {
    if !(3..=4).contains(&shape.len()) {
        return Vec::new();
    }
    let mut orders = vec![Vec::new()];
    for _ in shape {
        let with_one_more = |order: Vec<usize>| {
            let left = (0..shape.len()).filter(|axis| !order.contains(axis)).collect::<Vec<_>>();
            left.into_iter().map(move |axis| [&order[..], &[axis]].concat())
        };
        orders = orders.into_iter().flat_map(with_one_more).collect();
    }
    orders.split_off(1)
}

/// What of the result may be changed: all of it (`None`), or one of its parts.
fn parts_to_twist(right: &Record) -> Vec<Option<String>> {
    let parts = right.parts().map(|(name, _)| Some(name.to_owned()));
    if right.parts().count() < 2 { vec![None] } else { [None].into_iter().chain(parts).collect() }
}

/// A change with a constant in it that only what was seen can tell.
pub(crate) struct Open {
    /// An input, or else a part of the result, or else all of it.
    input: Option<String>,
    part: Option<String>,
    op: fn(f64) -> Op,
    /// The constant with which nothing is changed.
    pub(crate) right: f64,
}

impl Open {
    pub(crate) fn with(&self, constant: f64) -> Twist {
        let change = Change::Op((self.op)(constant));
        match &self.input {
            Some(input) => Twist::Input(input.clone(), change),
            None => Twist::Result(self.part.clone(), change),
        }
    }
}

/// All changes with an open constant: a factor or a summand of the result or of an input, a number for an input.
pub(crate) fn open_twists(case: &Record, right: &Record) -> Vec<Open> {
    let mut twists = Vec::new();
    for part in parts_to_twist(right) {
        twists.push(Open { input: None, part: part.clone(), op: Op::Times, right: 1.0 });
        twists.push(Open { input: None, part, op: Op::Plus, right: 0.0 });
    }
    for (name, value) in case.parts() {
        let input = || Some(name.to_owned());
        match value {
            Value::Float(number) => {
                twists.push(Open { input: input(), part: None, op: Op::Constant, right: *number });
            }
            Value::Array { .. } => {}
            _ => continue,
        }
        twists.push(Open { input: input(), part: None, op: Op::Times, right: 1.0 });
        twists.push(Open { input: input(), part: None, op: Op::Plus, right: 0.0 });
    }
    twists
}

/// The changes of an input or of the whole result among these, each for these parts of the result only.
pub(crate) fn twists_of(parts: &[&str], twists: &[Twist]) -> Vec<Twist> {
    let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
    let of_parts = twists.iter().filter_map(|twist| match twist {
        Twist::Input(name, change) => Some(Twist::InputOf(parts.clone(), name.clone(), change.clone())),
        Twist::Result(None, change) if parts.len() > 1 => Some(Twist::ResultOf(parts.clone(), change.clone())),
        _ => None,
    });
    of_parts.collect()
}

impl Twist {
    /// Whether it may change a part of the result of which this is true.
    pub(crate) fn changes_any(&self, is_meant: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Input(..)
            | Self::InputOf(..)
            | Self::Exchanged(..)
            | Self::Result(None, _)
            | Self::EachTwice { .. } => true,
            Self::Result(Some(part), _) => is_meant(part),
            Self::ResultOf(..) => true,
        }
    }

    /// Whether it changes an input that is an array.
    pub(crate) fn is_of_an_array(&self, case: &Record) -> bool {
        match self {
            Self::Input(name, _) | Self::InputOf(_, name, _) | Self::Exchanged(name, _) => {
                matches!(case.get(name), Some(Value::Array { .. }))
            }
            Self::Result(..) | Self::ResultOf(..) | Self::EachTwice { .. } => false,
        }
    }

    /// What code returns that is right but for this.
    pub(crate) fn predict(&self, check: &Check, case: &Record) -> Option<Record> {
        match self {
            Self::Input(name, change) => {
                let changed = change.of(case.get(name)?, case)?;
                right(check, &replaced(case, name, changed))
            }
            Self::InputOf(parts, name, change) => {
                let (right, changed) =
                    (right(check, case)?, Self::Input(name.clone(), change.clone()).predict(check, case)?);
                let parts = right.parts().map(|(name, value)| {
                    let is_meant = parts.iter().any(|part| part == name);
                    Some((name, if is_meant { changed.get(name)?.clone() } else { value.clone() }))
                });
                record_of(parts)
            }
            Self::Exchanged(one, other) => {
                let (first, second) = (case.get(one)?.clone(), case.get(other)?.clone());
                right(check, &replaced(&replaced(case, one, second), other, first))
            }
            Self::Result(part, change) => {
                change_parts(&right(check, case)?, case, change, |name| part.as_ref().is_none_or(|part| part == name))
            }
            Self::ResultOf(parts, change) => {
                change_parts(&right(check, case)?, case, change, |name| parts.iter().any(|part| part == name))
            }
            Self::EachTwice { count, keeps_second } => {
                let &Value::Int(n) = case.get(count)? else { return None };
                if n > MAX_REPEATED {
                    return None;
                }
                let doubled = right(check, &replaced(case, count, Value::Int(2 * n)))?;
                let (n, skipped) = (usize::try_from(n).ok()?, usize::from(*keeps_second));
                let parts = doubled.parts().map(|(name, value)| {
                    let kept = match value {
                        Value::Array { shape, data } if *shape == [2 * n] => Value::Array {
                            shape: vec![n],
                            data: data.iter().skip(skipped).step_by(2).copied().collect(),
                        },
                        value => value.clone(),
                    };
                    Some((name, kept))
                });
                record_of(parts)
            }
        }
    }

    /// How far it is from what is right; its short form; what follows "is what comes out if".
    pub(crate) fn describe(&self) -> (u32, String, String) {
        match self {
            Self::Input(name, Change::Other(other)) => {
                (13, format!("edit:other:{other}_for_{name}"), format!("`{other}` is used instead of `{name}`"))
            }
            Self::Exchanged(one, other) => {
                (13, format!("edit:exchanged:{one}:{other}"), format!("`{one}` and `{other}` are exchanged"))
            }
            Self::InputOf(_, name, change) => {
                let (rank, id, says) = Self::Input(name.clone(), change.clone()).describe();
                (rank + 1, id, says)
            }
            Self::Input(name, change) => {
                let (code, words) = change.words(&format!("`{name}`"));
                let rank = match change {
                    Change::Op(Op::Function(Function::Zeros | Function::Ones)) => 10,
                    // A count without effect may also be one less, where it is 1.
                    Change::Op(Op::Constant(_)) => 13,
                    _ => 14,
                };
                (rank, format!("edit:{code}:{name}"), words)
            }
            Self::EachTwice { count, keeps_second } => {
                let which = if *keeps_second { "second" } else { "first" };
                let words = format!("each of `{count}` is done twice, and only its {which} result is kept");
                (14, format!("edit:twice:{count}:{which}"), words)
            }
            Self::Result(None, change) => {
                let (code, words) = change.words("the right result");
                (12, format!("edit:{code}:result"), words)
            }
            Self::ResultOf(_, change) => {
                let (code, words) = change.words("each of the right ones");
                (13, format!("edit:{code}:results"), words)
            }
            Self::Result(Some(part), Change::Other(input)) if part == input => {
                (12, format!("edit:unchanged:{part}"), format!("`{part}` is left unchanged"))
            }
            Self::Result(Some(part), change) => {
                let (code, words) = change.words(&format!("the right `{part}`"));
                (12, format!("edit:{code}:{part}"), words)
            }
        }
    }
}

/// What is right, with a change in the parts that are meant.
fn change_parts(right: &Record, case: &Record, change: &Change, is_meant: impl Fn(&str) -> bool) -> Option<Record> {
    let parts = right
        .parts()
        .map(|(name, value)| Some((name, if is_meant(name) { change.of(value, case)? } else { value.clone() })));
    record_of(parts)
}

/// The parts as a record, if all of them are there.
fn record_of<'a>(parts: impl Iterator<Item = Option<(&'a str, Value)>>) -> Option<Record> {
    parts.into_iter().try_fold(Record::new(), |record, part| part.map(|(name, value)| record.with(name, value)))
}

impl Change {
    fn of(&self, value: &Value, case: &Record) -> Option<Value> {
        match self {
            Self::Other(name) => case.get(name).cloned(),
            Self::With(op, name) => {
                let (one, other) = (formula::array_of(value)?, formula::array_of(case.get(name)?)?);
                like(value, Op::Binary(*op).of(&[&one, &other])?)
            }
            Self::Op(op) => {
                let changed = op.of(&[&formula::array_of(value)?])?;
                like(value, changed)
            }
            Self::Axes(axes, order) => {
                let Value::Array { shape, data } = value else { return None };
                // Another case may have fewer axes.
                if order.len() != shape.len() {
                    return None;
                }
                let moved: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
                let array = |shape: &[usize]| ArrayD::from_shape_vec(shape, data.clone()).ok();
                let listed = match axes {
                    Axes::Moved | Axes::Written => array(shape)?.permuted_axes(&order[..]),
                    Axes::Read => {
                        let back: Option<Vec<usize>> =
                            (0..order.len()).map(|axis| order.iter().position(|&at| at == axis)).collect();
                        array(&moved)?.permuted_axes(back?)
                    }
                };
                let shape = if *axes == Axes::Moved { moved } else { shape.clone() };
                Some(Value::Array { shape, data: listed.iter().copied().collect() })
            }
            Self::First { axis, is_repeated } => {
                let Value::Array { shape, data } = value else { return None };
                let right = ArrayD::from_shape_vec(&shape[..], data.clone()).ok()?;
                if right.len_of(Axis(*axis)) == 0 {
                    return None;
                }
                let first = right.index_axis(Axis(*axis), 0);
                let mut changed = ArrayD::zeros(right.dim());
                for (place, mut part) in changed.axis_iter_mut(Axis(*axis)).enumerate() {
                    if place == 0 || *is_repeated {
                        part.assign(&first);
                    }
                }
                Some(Value::Array { shape: shape.clone(), data: changed.into_iter().collect() })
            }
            Self::BySize { input, count, is_divided } => {
                let size = Op::Count(*count).of(&[&formula::array_of(case.get(input)?)?])?.data[0];
                // A factor that is always 0 explains nothing.
                if size == 0.0 {
                    return None;
                }
                let factor = if *is_divided { size.recip() } else { size };
                like(value, Op::Times(factor).of(&[&formula::array_of(value)?])?)
            }
        }
    }

    fn words(&self, what: &str) -> (String, String) {
        let op = match self {
            Self::BySize { input, count, is_divided } => {
                let (code, count) = match count {
                    Count::Entries => ("entries", "entries"),
                    Count::Rows => ("rows", "rows"),
                    Count::Columns => ("columns", "columns"),
                };
                let verb = if *is_divided { "divided" } else { "multiplied" };
                let words = format!("{what} is {verb} by the number of {count} of `{input}`");
                return (format!("{verb}_by_{code}_of_{input}"), words);
            }
            Self::Axes(axes, order) => {
                let order = order.iter().map(usize::to_string).collect::<Vec<_>>();
                let (code, says) = match axes {
                    Axes::Moved => ("axes", format!("{what} has its axes in the order")),
                    Axes::Written => {
                        ("written", format!("the numbers of {what} are listed with its axes in the order"))
                    }
                    Axes::Read => {
                        ("read", format!("the numbers of {what} are taken for an array with the axes in the order"))
                    }
                };
                return (format!("{code}_{}", order.concat()), format!("{says} {}", order.join(", ")));
            }
            Self::First { axis, is_repeated } => {
                let first = format!("what comes first along axis {axis} of {what} is used");
                return match is_repeated {
                    true => (format!("first_{axis}"), format!("{first} for all of it")),
                    false => (format!("only_first_{axis}"), format!("only {first}")),
                };
            }
            Self::Other(other) => return (format!("other:{other}"), format!("`{other}` is used instead of {what}")),
            Self::With(op, other) => {
                let (code, words) = match op {
                    Binary::Add => ("added", format!("`{other}` is added to {what}")),
                    Binary::Sub => ("subtracted", format!("`{other}` is subtracted from {what}")),
                    _ => ("multiplied", format!("{what} is multiplied by `{other}`")),
                };
                return (format!("{code}_{other}"), words);
            }
            Self::Op(op) => op,
        };
        let (code, words) = match op {
            Op::Function(Function::Zeros) => ("zero", format!("{what} is 0")),
            Op::Function(Function::Ones) => ("one", format!("{what} is 1")),
            Op::Function(Function::Neg) => ("sign", format!("{what} has the opposite sign")),
            Op::Function(Function::Abs) => ("abs", format!("{what} is replaced by its absolute value")),
            Op::Function(Function::Square) => ("square", format!("{what} is squared")),
            Op::Function(Function::Sqrt) => ("sqrt", format!("the square root of {what} is taken")),
            Op::Function(Function::Recip) => ("recip", format!("1 is divided by {what}")),
            Op::Function(Function::Exp) => ("exp", format!("`exp` is applied to {what}")),
            Op::Function(Function::Ln) => ("ln", format!("the logarithm of {what} is taken")),
            Op::Function(Function::Round) => ("round", format!("{what} is rounded to whole numbers")),
            Op::Function(Function::Floor) => ("floor", format!("{what} is rounded down to whole numbers")),
            Op::Function(Function::Sign) => ("only_the_sign", format!("{what} is replaced by its sign (1, 0 or -1)")),
            Op::Function(Function::Relu) => ("at_least_0", format!("0 is used instead of negative numbers in {what}")),
            Op::Function(Function::Sigmoid) => ("sigmoid", format!("the sigmoid is applied to {what}")),
            Op::Function(Function::Tanh) => ("tanh", format!("tanh is applied to {what}")),
            Op::Function(Function::OneMinus) => ("one_minus", format!("{what} is subtracted from 1")),
            Op::Function(Function::TwiceMinusOne) => {
                ("twice_minus_one", format!("{what} is doubled, and 1 is subtracted"))
            }
            Op::Times(0.5) => ("half", format!("{what} is halved")),
            Op::Times(2.0) => ("double", format!("{what} is doubled")),
            Op::Times(factor) => ("factor", format!("{what} is multiplied by {}", constant(*factor))),
            Op::Plus(1.0) => ("one_more", format!("{what} is larger by 1")),
            Op::Plus(-1.0) => ("one_less", format!("{what} is smaller by 1")),
            Op::Plus(summand) if *summand > 0.0 => ("more", format!("{what} is larger by {}", constant(*summand))),
            Op::Plus(summand) => ("less", format!("{what} is smaller by {}", constant(-summand))),
            Op::Constant(number) => ("constant", format!("{what} is {}", constant(*number))),
            Op::Rolled(_) => ("shifted", format!("{what} is shifted by one place")),
            Op::Softmax => ("softmax", format!("softmax is applied to {what}")),
            Op::Reverse => ("reversed", format!("{what} is in reverse order")),
            _ => ("transposed", format!("{what} is transposed")),
        };
        (code.to_owned(), words)
    }
}

/// The array as a value of the same kind. A count does not become negative: code that repeats something once less does not do
/// it at all where the count is 0.
fn like(value: &Value, array: Array) -> Option<Value> {
    let is_whole = array.data.iter().all(|number| number.fract() == 0.0);
    Some(match value {
        Value::Float(_) => Value::Float(array.data[0]),
        Value::Int(old) if is_whole => Value::Int((array.data[0] as i64).max((*old).min(0))),
        Value::Ints(_) if is_whole => Value::Ints(array.data.iter().map(|&number| number as i64).collect()),
        Value::Array { shape, .. } if shape.len() == 2 => {
            Value::Array { shape: vec![array.rows, array.columns], data: array.data }
        }
        Value::Array { shape, .. } if shape.len() == 1 => Value::Array { shape: vec![array.columns], data: array.data },
        Value::Array { shape, .. } => Value::Array { shape: shape.clone(), data: array.data },
        _ => return None,
    })
}

fn replaced(case: &Record, name: &str, value: Value) -> Record {
    case.parts().fold(Record::new(), |record, (part, old)| {
        record.with(part, if part == name { value.clone() } else { old.clone() })
    })
}

/// What is right for a case, unless the reference cannot be computed of it.
fn right(check: &Check, case: &Record) -> Option<Record> {
    let Expectation::Equals(rule, _) = &check.expectation else { return None };
    match crate::verdict::unless_it_panics(|| rule(case))? {
        Prediction::Is(record) => Some(record),
        Prediction::Panics => None,
    }
}

/// Where the reference takes longer for one case, nothing is asked that needs many.
pub(crate) const SLOW: Duration = Duration::from_millis(4);

/// Measures time. Where the system tells, only what this thread has had of the processor counts: what is found must not depend
/// on what else the machine does.
pub(crate) struct Stopwatch(Duration);

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self(Self::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        Self::now().saturating_sub(self.0)
    }

    #[cfg(target_os = "linux")]
    fn now() -> Duration {
        use nix::time::{ClockId, clock_gettime};
        clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(Duration::ZERO, Duration::from)
    }

    #[cfg(not(target_os = "linux"))]
    fn now() -> Duration {
        use std::{sync::LazyLock, time::Instant};
        static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
        BEGUN.elapsed()
    }
}

/// How the learner's code behaves, where that says more than a wrong number.
pub(crate) fn behaviour(check: &Check, seen: &Answered, more: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
    if check.program.is_some() {
        return None;
    }
    let tolerance = check.tolerance();
    let rights = seen.iter().map(|(case, _)| right(check, case)).collect::<Option<Vec<_>>>()?;
    let wrong = wrong_parts(&rights, seen, tolerance);
    let is_there = |part: &&&str| seen.iter().any(|(_, observed)| observed.get(part).is_some());
    // What a list leaves out may be left out of the other parts as well.
    if let [part] = &*wrong.iter().filter(is_there).collect::<Vec<_>>()
        && let Some((id, says)) = text::slip(&texts(part, &rights, seen))
        && (wrong.len() == 1 || id == "list")
    {
        return Some(Explanation { id: format!("seen:{id}"), says, is_all: false });
    }
    if check.snapshot.is_some() {
        return None;
    }
    let is_right: Vec<bool> =
        rights.iter().zip(seen).map(|(right, (_, observed))| agree(right, observed, tolerance)).collect();
    let found = |id: &str, says: String| Some(Explanation { id: format!("seen:{id}"), says, is_all: false });
    let found_all = |id: &str, says: String| Some(Explanation { id: format!("seen:{id}"), says, is_all: true });

    let differ =
        |records: &[Record]| (1..records.len()).all(|i| (0..i).all(|j| !is_same_case(&records[i], &records[j])));
    let is_same = seen.iter().all(|(_, observed)| is_same_case(observed, &seen[0].1));
    if seen.len() >= 3 && is_same && differ(&rights) {
        return found("same_for_all", "Your result is the same for all inputs.".to_owned());
    }
    if let Some((id, says)) = plainly(&rights, seen, tolerance) {
        return found_all(id, says);
    }
    if let Some(says) = other_shape(&rights, seen, tolerance) {
        return found_all("shape", says);
    }
    if let Some(says) = in_single_precision(&rights, seen, tolerance) {
        return found("single_precision", says);
    }
    if let Some((id, says)) = rows_missing(&rights, seen, tolerance) {
        return found(id, says);
    }
    if let Some(says) = other_columns(&rights, seen, tolerance) {
        return found("columns", says);
    }
    if let Some(says) = all_equal(&rights, seen) {
        return found("all_equal", says);
    }
    if let Some(says) = all_whole(&rights, seen) {
        return found("all_whole", says);
    }
    if let Some((one, other)) = copied(&rights, seen, tolerance) {
        return found_all(
            &format!("copied:{other}"),
            format!("Your `{one}` {} what `{other}` should be.", is_or_are(one)),
        );
    }
    if let Some((id, says)) = slice_of_input(&rights, seen, tolerance) {
        return found(&id, says);
    }
    if let Some(wrong) = places(&rights, seen, tolerance) {
        return found(&wrong.0, wrong.1);
    }
    let others = check.cases(seed.wrapping_add(1)).unwrap_or_default();
    let is_fixed = |case: &Record| others.iter().any(|other| is_same_case(other, case));
    let (fixed, drawn): (Vec<_>, Vec<_>) = seen.iter().zip(&is_right).partition(|((case, _), _)| is_fixed(case));
    let all_right = fixed.iter().all(|(_, is_right)| **is_right);
    // That nothing comes of an empty input is easily right.
    let is_easy = |index: usize| {
        let drawn = (0..seen.len()).filter(|index| !is_fixed(&seen[*index].0)).collect::<Vec<_>>();
        rights[index].parts().all(|(name, value)| match value {
            Value::Text(text) => text.is_empty() || drawn.iter().any(|drawn| rights[*drawn].get(name) == Some(value)),
            value => numbers(value).iter().all(|number| [-1.0, 0.0, 1.0].contains(number)),
        })
    };
    let all_right = all_right && (0..seen.len()).any(|index| is_fixed(&seen[index].0) && !is_easy(index));
    if !fixed.is_empty() && all_right && !drawn.is_empty() && drawn.iter().all(|(_, is_right)| !**is_right) {
        return found(
            "right_for_the_example",
            "Your result is right for the fixed inputs and wrong for those that are drawn at random.".to_owned(),
        );
    }

    let started = Stopwatch::start();
    let _ = right(check, &seen[0].0);
    if started.elapsed() > SLOW {
        return None;
    }

    // The rest is asked: the same again, what was right, a single sample; then each input is changed by itself.
    let wrong = is_right.iter().position(|is_right| !is_right)?;
    let (case, observed) = &seen[wrong];
    let one_row = first_rows(check, case, seen);
    let was_right = is_right.iter().position(|is_right| *is_right);
    let mut questions = vec![("", case.clone())];
    questions.extend(was_right.map(|index| ("", seen[index].0.clone())));
    questions.extend(one_row.iter().map(|(_, case)| ("", case.clone())));
    let row = questions.len() - 1;
    let once: Vec<(&str, Record)> = case.parts().filter_map(|(name, value)| once(check, case, name, value)).collect();
    questions.extend(once.iter().map(|(_, case)| ("", case.clone())));
    let n_special = questions.len();
    for (name, value) in case.parts() {
        let Some(array) = formula::array_of(value) else { continue };
        for factor in [1.5, -1.0, 10.0] {
            let mut place = 0.0;
            let changed = array.map(|number| {
                place += 1.0;
                factor * (number + 0.125 * place)
            });
            let changed = match value {
                Value::Float(_) | Value::Array { .. } => like(value, changed),
                _ => None,
            };
            let changed = changed.map(|changed| replaced(case, name, changed));
            if let Some(question) = changed.filter(|question| {
                right(check, question).is_some_and(|right| !agree(&right, &rights[wrong], tolerance))
            }) {
                questions.push((name, question));
            }
        }
    }
    // Counts come last: code may panic where there are more of something.
    for (name, value) in case.parts() {
        let Value::Int(count) = value else { continue };
        let others = [count + 1, count + 2, if *count > 0 { count - 1 } else { count + 3 }];
        let others = others.into_iter().map(|other| replaced(case, name, Value::Int(other)));
        let is_other =
            |case: &Record| right(check, case).is_some_and(|right| !agree(&right, &rights[wrong], tolerance));
        questions.extend(others.filter(is_other).map(|case| (name, case)));
    }
    questions.truncate(MAX_MORE);
    let cases: Vec<Record> = questions.iter().map(|(_, case)| case.clone()).collect();
    let answers = more(&cases);
    let again = answers.first()?;
    if !is_same_case(again, observed) && !agree(observed, again, tolerance) {
        return found(
            "not_repeatable",
            "Called again with the same inputs, your code returns another result: does it use random numbers, or store \
             something between calls?"
                .to_owned(),
        );
    }
    let is_right_now = |index: usize| {
        let right = right(check, &cases[index]);
        right.zip(answers.get(index)).map(|(right, answer)| agree(&right, answer, tolerance))
    };
    // 0 or 1 may be right for many reasons; and a row that is right among others says nothing about their number.
    let says_much = |index: usize| {
        let right = right(check, &cases[index]);
        right.is_some_and(|right| {
            let is_wrong = |name: &str| !compare::same_part(name, &rights[wrong], observed, tolerance);
            let mut wrong_parts = right.parts().filter(|(name, _)| is_wrong(name));
            wrong_parts.all(|(name, value)| {
                let (first, all) = (numbers(value), rights[wrong].get(name).map(numbers).unwrap_or_default());
                let seen = observed.get(name).map(numbers).unwrap_or_default();
                let is_off = |(right, seen): (&f64, &f64)| {
                    !compare::same(&Value::Float(*right), &Value::Float(*seen), tolerance)
                };
                let is_first_wrong = all.len() == first.len() || first.iter().zip(&seen).any(is_off);
                is_first_wrong && first.iter().any(|number| number.fract() != 0.0)
            })
        })
    };
    if was_right.is_some() && is_right_now(1) == Some(false) {
        return found(
            "right_once",
            "In a second call with the same inputs your code is wrong, although it was right in the first one: does it \
             store something between calls?"
                .to_owned(),
        );
    }
    // Where there is no result, it depends on nothing; a word depends on one thing at a time.
    let has_result = wrong_parts(&rights, seen, tolerance)
        .iter()
        .any(|part| observed.get(part).is_some_and(|value| !matches!(value, Value::Nothing | Value::Text(_))));
    let mut ignored: Vec<&str> = Vec::new();
    for (name, _) in &questions[n_special..] {
        let of_name: Vec<usize> = (n_special..answers.len()).filter(|&index| questions[index].0 == *name).collect();
        let is_same = of_name.iter().all(|&index| answers[index] == *observed);
        if of_name.len() == 3 && is_same && has_result && !ignored.contains(name) {
            ignored.push(name);
        }
    }
    let count = ignored.iter().find(|name| matches!(case.get(name), Some(Value::Int(_))));
    if let ([_], Some(count)) = (&*ignored, count) {
        return found(&format!("ignores:{count}"), stays_the_same(&[count]));
    }
    if let Some((names, _)) = &one_row
        && is_right_now(row) == Some(true)
        && says_much(row)
    {
        return found("right_for_one_row", format!("With only the first row of {names} your result is right."));
    }
    for (number, (name, _)) in once.iter().enumerate() {
        if is_right_now(row + 1 + number) == Some(true) {
            return found(&format!("right_once:{name}"), format!("With `{name} = 1` your result is right."));
        }
    }
    let is_next = |index: &usize| *index == n_special || questions[*index].0 != questions[*index - 1].0;
    let n_asked = (n_special..answers.len()).filter(is_next).count();
    match &*ignored {
        [] => None,
        names if names.len() == n_asked && n_asked > 1 => None,
        names if names.len() <= MAX_IGNORED => found(&format!("ignores:{}", names.join(":")), stays_the_same(names)),
        _ => None,
    }
}

/// Where the result depends on fewer of its inputs, more is wrong than that they are left out.
const MAX_IGNORED: usize = 4;

/// The case in which something is done only once that is done several times, if that makes a difference.
fn once<'a>(check: &Check, case: &Record, name: &'a str, value: &Value) -> Option<(&'a str, Record)> {
    let [none, one] = [0, 1].map(|count| replaced(case, name, Value::Int(count)));
    let (right_of_one, right_of_all) = (right(check, &one)?, right(check, case)?);
    let is_repeated = matches!(value, Value::Int(2..)) && right(check, &none)? != right_of_one;
    // Where it is how many are listed, the first of them says nothing of the others.
    let is_start = |(name, value): (&str, &Value)| {
        right_of_all.get(name).is_some_and(|all| numbers(all).starts_with(&numbers(value)))
    };
    (is_repeated && !right_of_one.parts().all(is_start)).then_some((name, one))
}

/// The case with only the first of its samples, and what these are rows of.
fn first_rows(check: &Check, case: &Record, seen: &Answered) -> Option<(String, Record)> {
    let array = |value: &Value| formula::array_of(value).filter(|array| array.axes > 0);
    let n_rows = |array: &Array| if array.axes == 2 { array.rows } else { array.columns };
    let matrix = case
        .parts()
        .find_map(|(name, value)| array(value).filter(|array| array.axes == 2 && array.rows > 1).map(|_| name))?;
    // Rows of a matrix that is always square are no samples: it may count how often one class is taken for another.
    let is_square = |(case, _): &(Record, Record)| {
        case.get(matrix).and_then(array).is_some_and(|array| array.axes == 2 && array.rows == array.columns)
    };
    if seen.iter().all(is_square) {
        return None;
    }
    let n_of = |case: &Record, name: &str| case.get(name).and_then(array).map(|array| n_rows(&array));
    // Other inputs may have as many rows by chance: in one case, but hardly in all.
    let belongs = |name: &str| seen.iter().all(|(case, _)| n_of(case, name) == n_of(case, matrix));
    let with_rows: Vec<&str> = case.parts().map(|(name, _)| name).filter(|name| belongs(name)).collect();
    [&*with_rows, &[matrix]].into_iter().find_map(|names| {
        let reduced = names.iter().try_fold(case.clone(), |reduced, name| {
            let value = case.get(name)?;
            let all = array(value)?;
            let first = match all.axes {
                2 => Array::matrix(1, all.columns, all.row(0).to_vec()),
                _ => Array::vector(all.data[..1].to_vec()),
            };
            Some(replaced(&reduced, name, like(value, first)?))
        })?;
        right(check, &reduced)?;
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        Some((names.join(" and "), reduced))
    })
}

/// Whether all that is wrong has the right numbers in the right order, in an array of another shape.
fn other_shape(rights: &[Record], seen: &Answered, tolerance: crate::Tolerance) -> Option<String> {
    let wrong = wrong_parts(rights, seen, tolerance);
    let has_right_numbers = |name: &&str| {
        let mut pairs =
            rights.iter().zip(seen).filter_map(|(right, (_, seen))| Some((right.get(name)?, seen.get(name)?)));
        pairs.all(|(right, seen)| match (right, seen) {
            (Value::Array { shape, data: right }, Value::Array { shape: other, data: seen }) => {
                let of_shape = |data: &[f64]| Value::Array { shape: vec![data.len()], data: data.to_vec() };
                (shape == other || right.len() > 1) && compare::same(&of_shape(right), &of_shape(seen), tolerance)
            }
            _ => false,
        })
    };
    if wrong.is_empty() || !wrong.iter().all(has_right_numbers) {
        return None;
    }
    let what = if rights[0].is_bare() { "your result".to_owned() } else { format!("your {}", listed(&wrong)) };
    Some(format!("The numbers in {what} are right, also their order; only the shape is wrong."))
}

/// Whether the numbers that are wrong are the right ones, rounded to `f32`.
fn in_single_precision(rights: &[Record], seen: &Answered, tolerance: crate::Tolerance) -> Option<String> {
    let wrong = wrong_parts(rights, seen, tolerance);
    let mut n_rounded = 0;
    for (right, (_, observed)) in rights.iter().zip(seen) {
        for (name, value) in right.parts().filter(|(name, _)| wrong.contains(name)) {
            let (right, seen) = (numbers(value), numbers(observed.get(name)?));
            if right.len() != seen.len() {
                return None;
            }
            for (right, seen) in right.into_iter().zip(seen).filter(|(right, seen)| right != seen) {
                if seen != f64::from(right as f32) {
                    return None;
                }
                n_rounded += 1;
            }
        }
    }
    (n_rounded > 1).then(|| "Your numbers are rounded as `f32` rounds them: use `f64` everywhere.".to_owned())
}

/// Whether what is wrong lacks its first or its last row or entry, or has one more.
fn rows_missing(rights: &[Record], seen: &Answered, tolerance: crate::Tolerance) -> Option<(&'static str, String)> {
    let wrong = wrong_parts(rights, seen, tolerance);
    let rows = |value: &Value| -> Option<Vec<Vec<f64>>> {
        let array = formula::array_of(value).filter(|array| array.axes > 0)?;
        let width = if array.axes == 2 { array.columns } else { 1 };
        (width > 0).then(|| array.data.chunks(width).map(<[f64]>::to_vec).collect())
    };
    let as_value = |rows: &[Vec<f64>]| Value::Array { shape: vec![rows.len()], data: rows.concat() };
    let is_same = |one: &[Vec<f64>], other: &[Vec<f64>]| {
        one.len() == other.len() && compare::same(&as_value(one), &as_value(other), tolerance)
    };
    type Cut = for<'a> fn(&'a [Vec<f64>], &'a [Vec<f64>]) -> (Option<&'a [Vec<f64>]>, &'a [Vec<f64>]);
    let cuts: [(&str, &str, Cut); 4] = [
        ("first_missing", "Only the first NAME is missing.", |right, seen| (right.get(1..), seen)),
        ("last_missing", "Only the last NAME is missing.", |right, seen| {
            (right.split_last().map(|(_, rest)| rest), seen)
        }),
        ("one_too_many_first", "There is one NAME too many, the first.", |right, seen| (seen.get(1..), right)),
        ("one_too_many_last", "There is one NAME too many, the last.", |right, seen| {
            (seen.split_last().map(|(_, rest)| rest), right)
        }),
    ];
    let (id, says, _) = cuts.into_iter().find(|(_, _, cut)| {
        let mut n_telling = 0;
        let fits = wrong.iter().all(|name| {
            let mut pairs =
                rights.iter().zip(seen).filter_map(|(right, (_, seen))| Some((right.get(name)?, seen.get(name)?)));
            pairs.all(|(right, seen)| {
                if compare::same(right, seen, tolerance) {
                    return true;
                }
                let (Some(right), Some(seen)) = (rows(right), rows(seen)) else { return false };
                let (longer, shorter) = cut(&right, &seen);
                n_telling += usize::from(!shorter.is_empty());
                longer.is_some_and(|longer| is_same(longer, shorter))
            })
        });
        fits && n_telling > 0
    })?;
    let is_matrix = |name: &&str| matches!(rights[0].get(name), Some(Value::Array { shape, .. }) if shape.len() > 1);
    let row = if wrong.iter().any(is_matrix) { "row" } else { "entry" };
    Some((id, says.replace("NAME", row)))
}

/// Whether the columns of the only matrix that is wrong are right, but in another order.
fn other_columns(rights: &[Record], seen: &Answered, tolerance: crate::Tolerance) -> Option<String> {
    let wrong = wrong_parts(rights, seen, tolerance);
    let [part] = &*wrong else { return None };
    let pairs: Vec<(Array, Array)> = rights
        .iter()
        .zip(seen)
        .filter_map(|(right, (_, seen))| {
            Some((formula::array_of(right.get(part)?)?, formula::array_of(seen.get(part)?)?))
        })
        .collect();
    let (first, _) = pairs.iter().find(|(right, _)| right.axes == 2 && right.rows > 0)?;
    let is_like = |(right, seen): &(Array, Array)| seen.has_shape_of(right) && right.columns == first.columns;
    if !(2..=4).contains(&first.columns) || !pairs.iter().all(is_like) {
        return None;
    }
    let is_same = |one: usize, other: usize| {
        let entries =
            |array: &Array, column: usize| (0..array.rows).map(|row| array.row(row)[column]).collect::<Vec<_>>();
        let value = |array: &Array, column| Value::Array { shape: vec![array.rows], data: entries(array, column) };
        pairs.iter().all(|(right, seen)| compare::same(&value(right, other), &value(seen, one), tolerance))
    };
    let order: Vec<usize> = (0..first.columns)
        .map(|column| (0..first.columns).find(|other| is_same(column, *other)))
        .collect::<Option<_>>()?;
    let is_permuted = (0..first.columns).all(|column| order.contains(&column));
    let order = order.iter().map(usize::to_string).collect::<Vec<_>>().join(", ");
    is_permuted.then(|| format!("The columns are right, but in the order {order}."))
}

/// Whether the entries of an array are always equal that should not be, as of a training that gets nowhere.
fn all_equal(rights: &[Record], seen: &Answered) -> Option<String> {
    let is_equal = |numbers: &[f64]| numbers.iter().all(|number| *number == numbers[0]);
    let has_digits = |numbers: &[f64]| numbers.iter().all(|number| number.is_finite() && number.fract() != 0.0);
    let (name, _) = rights.first()?.parts().find(|(name, _)| {
        let mut pairs = rights.iter().zip(seen).map(|(right, (_, observed))| {
            Some((numbers(right.get(name)?), numbers(observed.get(name)?))).filter(|(right, _)| right.len() > 2)
        });
        let pairs: Vec<_> = pairs.by_ref().flatten().collect();
        !pairs.is_empty()
            && pairs.iter().all(|(right, seen)| {
                right.len() == seen.len() && !is_equal(right) && is_equal(seen) && has_digits(seen)
            })
    })?;
    let of = if rights[0].is_bare() { "your result".to_owned() } else { format!("your `{name}`") };
    Some(format!("All entries of {of} are equal."))
}

/// Whether a fraction is always a whole number, as where whole numbers are divided.
fn all_whole(rights: &[Record], seen: &Answered) -> Option<String> {
    let (name, _) = rights.first()?.parts().find(|(name, _)| {
        let pairs = rights.iter().zip(seen).map(|(right, (_, observed))| {
            let pair = right.get(name).zip(observed.get(name));
            pair.map(|(right, observed)| (numbers(right), numbers(observed))).unwrap_or_default()
        });
        let pairs: Vec<(f64, f64)> = pairs.flat_map(|(right, seen)| right.into_iter().zip(seen)).collect();
        let fractions = pairs.iter().filter(|(right, _)| right.fract() != 0.0);
        // Fractions of a count: 2/7, but not a probability with many digits.
        let is_share = |right: f64| {
            let is_whole = |number: f64| (number - number.round()).abs() < 1e-9;
            right == 0.0 || (1..=MAX_COUNT).any(|n| is_whole(n as f64 * right) && n as f64 * right > 0.5)
        };
        fractions.count() > 1
            && pairs
                .iter()
                .all(|(right, seen)| (0.0..=1.0).contains(right) && is_share(*right) && *seen == right.floor())
    })?;
    let what = if rights[0].is_bare() { "your result".to_owned() } else { format!("your `{name}`") };
    Some(format!("The fraction of {what} is always cut off: is it a division of whole numbers?"))
}

/// That these inputs have no effect.
fn stays_the_same(names: &[&str]) -> String {
    format!("Here your result does not depend on {}: other values do not change it.", listed(names))
}

/// What a wrong result is that many slips come to, so that none of them is likely: the same whole number everywhere, or what
/// was there before.
pub(crate) fn plainly(
    rights: &[Record],
    seen: &Answered,
    tolerance: crate::Tolerance,
) -> Option<(&'static str, String)> {
    let pairs = |name: &str| -> Option<Vec<(Value, Value)>> {
        // Not every case has every part.
        let pairs = rights.iter().zip(seen).filter_map(|(right, seen)| Some((right.get(name)?, seen)));
        pairs.map(|(right, (_, observed))| Some((right.clone(), observed.get(name)?.clone()))).collect()
    };
    let wrong = wrong_parts(rights, seen, tolerance);
    let constants: Vec<f64> =
        wrong.iter().map(|name| only_number(&pairs(name)?)).collect::<Option<_>>().unwrap_or_default();
    if let Some(constant) = constants.first().filter(|first| constants.iter().all(|constant| constant == *first)) {
        let what = if rights[0].is_bare() { "your result".to_owned() } else { format!("your {}", listed(&wrong)) };
        let is_truth = wrong.iter().all(|name| matches!(rights[0].get(name), Some(Value::Bool(_))));
        if let ([_], true) = (&*wrong, is_truth) {
            return Some(("constant", format!("For all inputs {what} is {}.", *constant != 0.0)));
        }
        return Some(("constant", format!("For all inputs, every number in {what} is {}.", constant + 0.0)));
    }
    if let [one, other] = &*wrong
        && let Some(there) = has_value_of(one, other, rights, seen, tolerance)
        && let Some(back) = has_value_of(other, one, rights, seen, tolerance)
        && there + back > 1
    {
        return Some(("swapped", format!("Your `{one}` and `{other}` are swapped: each is what the other should be.")));
    }
    if let Some((one, other)) = in_another_order(rights, seen, tolerance) {
        let says =
            format!("Your `{one}` is what `{other}` should be, and so on: all values are there, in another order.");
        return Some(("other_order", says));
    }
    let is_still_there = |name: &&str| {
        seen.iter().all(|(case, observed)| case.get(name).is_some_and(|before| Some(before) == observed.get(name)))
    };
    // Where a single part stays, the search says what is left out.
    let unchanged: Vec<&str> = wrong.into_iter().filter(is_still_there).collect();
    (unchanged.len() > 1).then(|| ("unchanged", format!("Your {} have not changed.", listed(&unchanged))))
}

/// This part of the result, right and as it was seen, where it is a text.
fn texts<'a>(part: &str, rights: &'a [Record], seen: &'a Answered) -> Vec<(&'a str, &'a str)> {
    let pairs = rights.iter().zip(seen).filter_map(|(right, (_, observed))| right.get(part).zip(observed.get(part)));
    let texts = |pair: (&'a Value, &'a Value)| match pair {
        (Value::Text(right), Value::Text(seen)) => Some((right.as_ref(), seen.as_ref())),
        _ => None,
    };
    pairs.filter_map(texts).collect()
}

/// The parts of the first result that are wrong or missing somewhere. Not every case has every part.
pub(crate) fn wrong_parts<'a>(rights: &'a [Record], seen: &Answered, tolerance: crate::Tolerance) -> Vec<&'a str> {
    let is_right = |name: &str| {
        rights.iter().zip(seen).all(|(right, (_, observed))| {
            let is_same = |right| observed.get(name).is_some_and(|observed| compare::same(right, observed, tolerance));
            right.get(name).is_none_or(is_same)
        })
    };
    let first = rights.first().into_iter().flat_map(Record::parts);
    first.map(|(name, _)| name).filter(|name| !is_right(name)).collect()
}

/// The only part that is wrong, and the one whose value it has.
pub(crate) fn copied<'a>(
    rights: &'a [Record],
    seen: &Answered,
    tolerance: crate::Tolerance,
) -> Option<(&'a str, &'a str)> {
    let wrong = wrong_parts(rights, seen, tolerance);
    let [one] = &*wrong else { return None };
    let mut others = rights.first()?.parts().map(|(name, _)| name).filter(|other| other != one);
    let other = others.find(|other| has_value_of(one, other, rights, seen, tolerance) > Some(1))?;
    Some((one, other))
}

/// In how many cases what is seen of `part` is what `other` should be, and hardly by chance. `None` if it is something else in
/// one of them.
fn has_value_of(
    part: &str,
    other: &str,
    rights: &[Record],
    seen: &Answered,
    tolerance: crate::Tolerance,
) -> Option<usize> {
    let mut n_telling = 0;
    for (right, (_, observed)) in rights.iter().zip(seen) {
        let (Some(should), Some(other)) = (right.get(part), right.get(other)) else { continue };
        if !compare::same(other, observed.get(part)?, tolerance) {
            return None;
        }
        let differ = !compare::same(should, other, tolerance);
        n_telling += usize::from(differ && numbers(other).iter().any(|number| ![-1.0, 0.0, 1.0].contains(number)));
    }
    Some(n_telling)
}

/// A part, and the one whose value it has, if the wrong parts of each result are right ones in another order.
fn in_another_order<'a>(
    rights: &'a [Record],
    seen: &Answered,
    tolerance: crate::Tolerance,
) -> Option<(&'a str, &'a str)> {
    let mut first = None;
    for (right, (_, observed)) in rights.iter().zip(seen) {
        let is_wrong = |(name, value): &(&str, &Value)| {
            observed.get(name).is_none_or(|observed| !compare::same(value, observed, tolerance))
        };
        let wrong: Vec<(&str, &Value)> = right.parts().filter(is_wrong).collect();
        let mut left = wrong.clone();
        for (name, _) in &wrong {
            let got = observed.get(name)?;
            let place = left.iter().position(|(_, value)| compare::same(value, got, tolerance))?;
            let (other, _) = left.remove(place);
            first = first.or(Some((*name, other)));
        }
    }
    first
}

/// The whole number that all numbers seen are, although most should be others.
fn only_number(pairs: &[(Value, Value)]) -> Option<f64> {
    let (rights, seen): (Vec<Vec<f64>>, Vec<Vec<f64>>) =
        pairs.iter().map(|(right, seen)| (numbers(right), numbers(seen))).unzip();
    let (rights, seen) = (rights.concat(), seen.concat());
    let constant = *seen.first()?;
    let n_wrong = rights.iter().filter(|right| **right != constant).count();
    let differ = rights.iter().any(|right| *right != rights[0]);
    // A few may be equal by chance.
    let is_meant = constant.fract() == 0.0 && differ && n_wrong >= 3 && seen.len() >= 8;
    (is_meant && seen.iter().all(|number| *number == constant)).then_some(constant)
}

/// Shares of more are not recognised as such.
const MAX_COUNT: usize = 1_000;

/// The only part that is wrong, and the input of which it has neighbouring rows or entries, but others than it should.
fn slice_of_input(rights: &[Record], seen: &Answered, tolerance: crate::Tolerance) -> Option<(String, String)> {
    let wrong = wrong_parts(rights, seen, tolerance);
    let [part] = &*wrong else { return None };
    let rows = |value: &Value| -> Option<Vec<Vec<f64>>> {
        let array = formula::array_of(value).filter(|array| array.axes > 0)?;
        let width = if array.axes == 2 { array.columns } else { 1 };
        (width > 0).then(|| array.data.chunks(width).map(<[f64]>::to_vec).collect())
    };
    let is_wrong =
        |(right, (_, observed)): &(&Record, &(Record, Record))| !compare::same_part(part, right, observed, tolerance);
    let wrong: Vec<&(Record, Record)> = rights.iter().zip(seen).filter(is_wrong).map(|(_, seen)| seen).collect();
    // Where it begins in the input, and how long it is, in each wrong case.
    let ranges = |input: &str| -> Option<Vec<(usize, usize)>> {
        let range = |(case, observed): &&(Record, Record)| {
            let (all, own) = (rows(case.get(input)?)?, rows(observed.get(part)?)?);
            let is_part = !own.is_empty() && own.len() < all.len();
            let start = is_part.then(|| all.windows(own.len()).position(|window| window == own))??;
            Some((start, own.len()))
        };
        wrong.iter().map(range).collect()
    };
    let (case, _) = wrong.first()?;
    let inputs = case.parts().map(|(input, _)| input);
    let (input, ranges) = inputs.filter_map(|input| Some((input, ranges(input)?))).next()?;
    // A few labels are found somewhere by chance.
    let n_entries: usize = wrong.iter().filter_map(|(_, observed)| Some(numbers(observed.get(part)?).len())).sum();
    let (start, len) = ranges[0];
    let what = if rights[0].is_bare() { "your result".to_owned() } else { format!("your `{part}`") };
    let range = format!("{start}..{}", start + len);
    let is_matrix = formula::array_of(case.get(input)?)?.axes == 2;
    let slice = if is_matrix { format!("rows {range} of `{input}`") } else { format!("`{input}[{range}]`") };
    (n_entries >= 5).then(|| (format!("slice:{input}"), format!("Here {what} holds {slice}.")))
}

/// Whether each row or entry is what the next one should be, or else the one before it, except where there is none.
fn is_shifted(right: &Array, seen: &[f64], is_ahead: bool, tolerance: crate::Tolerance) -> bool {
    let width = if right.axes == 2 { right.columns } else { 1 };
    let rest = right.data.len().saturating_sub(width);
    let (right, seen) =
        if is_ahead { (&right.data[width..], &seen[..rest]) } else { (&right.data[..rest], &seen[width..]) };
    right.iter().zip(seen).all(|(one, other)| compare::same(&Value::Float(*one), &Value::Float(*other), tolerance))
}

/// Whether a shift of these rows or entries is more than chance: there are several, and not all are equal.
fn shows_a_shift(right: &Array, tolerance: crate::Tolerance) -> bool {
    let width = if right.axes == 2 { right.columns } else { 1 };
    let has_digits = right.data.iter().any(|number| number.fract() != 0.0);
    right.data.len() >= 3 * width && has_digits && !is_shifted(right, &right.data, true, tolerance)
}

/// Where in an array the wrong entries are, if that is the same in all cases.
fn places(rights: &[Record], seen: &Answered, tolerance: crate::Tolerance) -> Option<(String, String)> {
    type Mask = fn(usize, usize, &Array) -> bool;
    let masks: [(&str, &str, Mask); 8] = [
        ("only_last_row", "Only the last row is wrong.", |i, _, a| a.axes == 2 && i + 1 == a.rows),
        ("only_first_row", "Only the first row is wrong.", |i, _, a| a.axes == 2 && i == 0),
        ("only_last_entry", "Only the last entry is wrong.", |_, j, a| a.axes == 1 && j + 1 == a.columns),
        ("only_first_entry", "Only the first entry is wrong.", |_, j, a| a.axes == 1 && j == 0),
        ("only_last_column", "Only the last column is wrong.", |_, j, a| a.axes == 2 && j + 1 == a.columns),
        ("only_first_column", "Only the first column is wrong.", |_, j, a| a.axes == 2 && j == 0),
        ("only_first_row_right", "Only the first row is right.", |i, _, a| a.axes == 2 && i > 0),
        ("only_negative", "Exactly the numbers that should be negative are wrong.", |i, j, a| {
            a.data[i * a.columns + j] < 0.0
        }),
    ];
    let (mut wrong_arrays, mut seen_arrays) = (Vec::new(), Vec::new());
    for (right, (_, observed)) in rights.iter().zip(seen) {
        for (name, right) in right.parts() {
            let observed = observed.get(name)?;
            if compare::same(right, observed, tolerance) {
                continue;
            }
            let (wanted, got) = (formula::array_of(right)?, numbers(observed));
            let same_shape = formula::array_of(observed)?.has_shape_of(&wanted);
            if !same_shape || wanted.axes == 0 {
                return None;
            }
            let wrong =
                |index: usize| !compare::same(&Value::Float(wanted.data[index]), &Value::Float(got[index]), tolerance);
            let wrong: Vec<bool> = (0..wanted.data.len()).map(wrong).collect();
            wrong_arrays.push((wanted, wrong));
            seen_arrays.push(got);
        }
    }
    let all_shifted = |is_ahead: bool| {
        let mut pairs = wrong_arrays.iter().zip(&seen_arrays);
        pairs.all(|((right, _), seen)| is_shifted(right, seen, is_ahead, tolerance))
    };
    if wrong_arrays.iter().any(|(right, _)| shows_a_shift(right, tolerance))
        && let Some(is_ahead) = [true, false].into_iter().find(|is_ahead| all_shifted(*is_ahead))
    {
        let what = if wrong_arrays[0].0.axes == 2 { "row" } else { "entry" };
        let (id, neighbour) =
            if is_ahead { ("one_ahead", "the next one") } else { ("one_behind", "the one before it") };
        return Some((id.to_owned(), format!("Each {what} is what {neighbour} should be.")));
    }
    let n_wrong: usize = wrong_arrays.iter().map(|(_, wrong)| wrong.iter().filter(|wrong| **wrong).count()).sum();
    if n_wrong < 2 {
        return None;
    }
    // A single row is the first and the last. If one part is wrong, the other cases show which of them is meant.
    let is_one_part = wrong_parts(rights, seen, tolerance).len() == 1;
    let fits = |mask: &Mask| {
        let shows = |(_, wrong): &(Array, Vec<bool>)| wrong.contains(&false);
        wrong_arrays.iter().all(|(array, wrong)| {
            (0..wrong.len()).all(|k| wrong[k] == mask(k / array.columns, k % array.columns, array))
        }) && if is_one_part { wrong_arrays.iter().any(shows) } else { wrong_arrays.iter().all(shows) }
    };
    if let Some((id, says, _)) = masks.iter().find(|(_, _, mask)| fits(mask)) {
        return Some(((*id).to_owned(), (*says).to_owned()));
    }
    // As where a training goes wrong at some step.
    let from = |(array, wrong): &(Array, Vec<bool>)| {
        let first = wrong.iter().position(|is_wrong| *is_wrong)?;
        // Of labels a few are right by chance.
        let is_real = array.data.iter().any(|number| number.fract() != 0.0);
        let n_right = if array.axes == 2 { first / array.columns } else { first };
        let start = if array.axes == 2 { n_right * array.columns } else { first };
        let all_later = wrong[start..].iter().all(|is_wrong| *is_wrong);
        (is_real && n_right > 1 && start + 1 < wrong.len() && all_later).then_some((array.axes, n_right))
    };
    let first = wrong_arrays.first().and_then(from)?;
    let is_same = wrong_arrays.iter().all(|array| from(array) == Some(first));
    let (axes, n_right) = first;
    let what = if axes == 2 { "rows" } else { "entries" };
    is_same.then(|| {
        (
            format!("first_right:{n_right}"),
            format!("The first {n_right} {what} are right, and all later ones are wrong."),
        )
    })
}
