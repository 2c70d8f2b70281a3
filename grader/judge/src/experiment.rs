//! What can be found out about a wrong answer where no formula can be varied: what other inputs, or another last step,
//! make of the reference; and how the learner's code behaves.

use std::time::{Duration, Instant};

use probe::{Record, Value};

use crate::{
    Check, Expectation, Prediction, compare,
    explain::{Answered, AskMore, Explanation, MAX_MORE, agree, numbers},
    formula::{Array, Count, Function, Op},
};

/// A change of one input of the reference, or of its result.
pub(crate) enum Twist {
    Input(String, Change),
    Result(Change),
}

pub(crate) enum Change {
    Op(Op),
    /// Another input stands there.
    Other(String),
    /// Multiplied by the size of an input, or divided.
    BySize {
        input: String,
        count: Count,
        is_divided: bool,
    },
}

/// All changes that fit a case like this one.
pub(crate) fn twists(case: &Record) -> Vec<Twist> {
    let mut twists = Vec::new();
    let arrays: Vec<(&str, Array)> =
        case.parts().filter_map(|(name, value)| Some((name, crate::formula::array_of(value)?))).collect();
    for (name, array) in &arrays {
        // Counts are how often something is repeated: they may be off by one, and no number that a loop would not end with.
        match case.get(name) {
            Some(Value::Float(_) | Value::Array { .. }) => {}
            Some(Value::Int(count)) => {
                let shifts = [1.0, -1.0].into_iter().filter(|shift| *count as f64 + shift >= 0.0);
                let shifts = shifts.map(|shift| Twist::Input((*name).to_owned(), Change::Op(Op::Plus(shift))));
                twists.extend(shifts);
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
        ];
        let mut push = |change| twists.push(Twist::Input((*name).to_owned(), change));
        functions.into_iter().for_each(|function| push(Change::Op(Op::Function(function))));
        for op in [Op::Times(2.0), Op::Times(0.5), Op::Plus(1.0), Op::Plus(-1.0)] {
            push(Change::Op(op));
        }
        if array.data.len() > 1 {
            push(Change::Op(Op::Reverse));
            push(Change::Op(Op::Transpose));
        }
        for (other, _) in arrays.iter().filter(|(other, two)| {
            let is_real = matches!(case.get(other), Some(Value::Float(_) | Value::Array { .. }));
            is_real && other != name && two.has_shape_of(array)
        }) {
            push(Change::Other((*other).to_owned()));
        }
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
    ] {
        twists.push(Twist::Result(Change::Op(Op::Function(function))));
    }
    for op in [Op::Times(2.0), Op::Times(0.5), Op::Plus(1.0), Op::Plus(-1.0), Op::Reverse, Op::Transpose] {
        twists.push(Twist::Result(Change::Op(op)));
    }
    for (name, array) in arrays.iter().filter(|(_, array)| array.axes > 0) {
        let counts = [Count::Entries, Count::Rows, Count::Columns];
        for count in &counts[..if array.axes == 2 { 3 } else { 1 }] {
            for is_divided in [true, false] {
                let change = Change::BySize { input: (*name).to_owned(), count: *count, is_divided };
                twists.push(Twist::Result(change));
            }
        }
    }
    twists
}

impl Twist {
    /// What code returns that is right but for this.
    pub(crate) fn predict(&self, check: &Check, case: &Record) -> Option<Record> {
        match self {
            Self::Input(name, change) => {
                let changed = change.of(case.get(name)?, case)?;
                right(check, &replaced(case, name, changed))
            }
            Self::Result(change) => {
                let right = right(check, case)?;
                let parts = right.parts().map(|(name, value)| Some((name, change.of(value, case)?)));
                let parts = parts.collect::<Option<Vec<_>>>()?;
                Some(parts.into_iter().fold(Record::new(), |record, (name, value)| record.with(name, value)))
            }
        }
    }

    /// How far it is from what is right; its short form; what follows "is what comes out if".
    pub(crate) fn describe(&self) -> (u32, String, String) {
        match self {
            Self::Input(name, Change::Other(other)) => {
                (13, format!("edit:other:{other}_for_{name}"), format!("`{other}` stands where `{name}` belongs"))
            }
            Self::Input(name, change) => {
                let (code, words) = change.words(&format!("`{name}`"));
                let rank =
                    if matches!(change, Change::Op(Op::Function(Function::Zeros | Function::Ones))) { 10 } else { 14 };
                (rank, format!("edit:{code}:{name}"), words)
            }
            Self::Result(change) => {
                let (code, words) = change.words("the right result");
                (12, format!("edit:{code}:result"), words)
            }
        }
    }
}

impl Change {
    fn of(&self, value: &Value, case: &Record) -> Option<Value> {
        match self {
            Self::Other(name) => case.get(name).cloned(),
            Self::Op(op) => {
                let changed = op.of(&[&crate::formula::array_of(value)?])?;
                like(value, changed)
            }
            Self::BySize { input, count, is_divided } => {
                let size = Op::Count(*count).of(&[&crate::formula::array_of(case.get(input)?)?])?.data[0];
                let factor = if *is_divided { size.recip() } else { size };
                like(value, Op::Times(factor).of(&[&crate::formula::array_of(value)?])?)
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
            Self::Other(other) => return (format!("other:{other}"), format!("`{other}` stands for {what}")),
            Self::Op(op) => op,
        };
        let (code, words) = match op {
            Op::Function(Function::Zeros) => ("zero", format!("{what} is 0")),
            Op::Function(Function::Ones) => ("one", format!("{what} is 1")),
            Op::Function(Function::Neg) => ("sign", format!("{what} has the opposite sign")),
            Op::Function(Function::Abs) => ("abs", format!("{what} has lost its sign")),
            Op::Function(Function::Square) => ("square", format!("{what} is squared")),
            Op::Function(Function::Sqrt) => ("sqrt", format!("the square root of {what} is taken")),
            Op::Function(Function::Recip) => ("recip", format!("1 is divided by {what}")),
            Op::Function(Function::Exp) => ("exp", format!("`exp` is applied to {what}")),
            Op::Function(Function::Ln) => ("ln", format!("the logarithm of {what} is taken")),
            Op::Function(Function::Round) => ("round", format!("{what} is rounded to whole numbers")),
            Op::Function(Function::Floor) => ("floor", format!("{what} is cut down to whole numbers")),
            Op::Function(Function::Sign) => ("only_the_sign", format!("only the sign of {what} counts")),
            Op::Function(Function::Relu) => ("at_least_0", format!("what is negative in {what} is replaced by 0")),
            Op::Function(Function::Sigmoid) => ("sigmoid", format!("the sigmoid is applied to {what}")),
            Op::Function(Function::Tanh) => ("tanh", format!("tanh is applied to {what}")),
            Op::Times(0.5) => ("half", format!("{what} is halved")),
            Op::Times(_) => ("double", format!("{what} is doubled")),
            Op::Plus(number) if *number > 0.0 => ("one_more", format!("{what} is larger by 1")),
            Op::Plus(_) => ("one_less", format!("{what} is smaller by 1")),
            Op::Reverse => ("reversed", format!("{what} is in reverse order")),
            _ => ("transposed", format!("{what} is transposed")),
        };
        (code.to_owned(), words)
    }
}

/// The array as a value of the same kind.
fn like(value: &Value, array: Array) -> Option<Value> {
    let is_whole = array.data.iter().all(|number| number.fract() == 0.0);
    Some(match value {
        Value::Float(_) => Value::Float(array.data[0]),
        Value::Int(_) if is_whole => Value::Int(array.data[0] as i64),
        Value::Ints(_) if is_whole => Value::Ints(array.data.iter().map(|&number| number as i64).collect()),
        Value::Array { shape, .. } if shape.len() == 2 => {
            Value::Array { shape: vec![array.rows, array.columns], data: array.data }
        }
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

/// How the learner's code behaves, where that says more than a wrong number.
pub(crate) fn behaviour(check: &Check, seen: &Answered, more: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
    if check.program.is_some() || check.snapshot.is_some() {
        return None;
    }
    let tolerance = check.tolerance();
    let rights = seen.iter().map(|(case, _)| right(check, case)).collect::<Option<Vec<_>>>()?;
    let is_right: Vec<bool> =
        rights.iter().zip(seen).map(|(right, (_, observed))| agree(right, observed, tolerance)).collect();
    let found = |id: &str, says: String| Some(Explanation { id: format!("seen:{id}"), says });

    let differ = |records: &[Record]| (1..records.len()).all(|i| (0..i).all(|j| records[i] != records[j]));
    let is_same = seen.iter().all(|(_, observed)| *observed == seen[0].1);
    if seen.len() >= 3 && is_same && differ(&rights) {
        return found("same_for_all", "Your result is the same for all inputs.".to_owned());
    }
    if let Some(wrong) = places(&rights, seen, tolerance) {
        return found(wrong.0, wrong.1.to_owned());
    }
    let others = check.cases(seed.wrapping_add(1)).unwrap_or_default();
    let is_fixed = |case: &Record| others.contains(case);
    let (fixed, drawn): (Vec<_>, Vec<_>) = seen.iter().zip(&is_right).partition(|((case, _), _)| is_fixed(case));
    let all_right = fixed.iter().all(|(_, is_right)| **is_right);
    if !fixed.is_empty() && all_right && !drawn.is_empty() && drawn.iter().all(|(_, is_right)| !**is_right) {
        return found(
            "right_for_the_example",
            "Your result is right for the fixed inputs and wrong for those that are drawn at random.".to_owned(),
        );
    }

    let started = Instant::now();
    let _ = right(check, &seen[0].0);
    if started.elapsed() > SLOW {
        return None;
    }

    // The rest is asked: each input is changed by itself.
    let wrong = is_right.iter().position(|is_right| !is_right)?;
    let (case, observed) = &seen[wrong];
    let mut questions = vec![("", case.clone())];
    for (name, value) in case.parts() {
        let Some(array) = crate::formula::array_of(value) else { continue };
        for factor in [1.5, -1.0, -3.0] {
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
            if let Some(question) =
                changed.filter(|question| right(check, question).is_some_and(|right| right != rights[wrong]))
            {
                questions.push((name, question));
            }
        }
    }
    questions.truncate(MAX_MORE);
    let cases: Vec<Record> = questions.iter().map(|(_, case)| case.clone()).collect();
    let answers = more(&cases);
    let again = answers.first()?;
    if again != observed && !agree(observed, again, tolerance) {
        return found(
            "not_repeatable",
            "Asked again with the same inputs, your code returns something else: does it draw random numbers, or keep \
             something between calls?"
                .to_owned(),
        );
    }
    let mut ignored: Vec<&str> = Vec::new();
    for (name, _) in &questions[1..] {
        let of_name: Vec<usize> = (1..answers.len()).filter(|&index| questions[index].0 == *name).collect();
        let is_same = of_name.iter().all(|&index| answers[index] == *observed);
        if of_name.len() == 3 && is_same && !ignored.contains(name) {
            ignored.push(name);
        }
    }
    let n_asked =
        (1..answers.len()).filter(|&index| index == 1 || questions[index].0 != questions[index - 1].0).count();
    match &*ignored {
        [] => None,
        names if names.len() == n_asked && n_asked > 1 => None,
        [one] => found(
            &format!("ignores:{one}"),
            format!("With these inputs your result stays the same whatever `{one}` is."),
        ),
        [one, two] => found(
            &format!("ignores:{one}:{two}"),
            format!("With these inputs your result stays the same whatever `{one}` and `{two}` are."),
        ),
        _ => None,
    }
}

/// Where in an array the wrong entries are, if that is the same in all cases.
fn places(rights: &[Record], seen: &Answered, tolerance: crate::Tolerance) -> Option<(&'static str, &'static str)> {
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
    let mut wrong_arrays = Vec::new();
    for (right, (_, observed)) in rights.iter().zip(seen) {
        for (name, right) in right.parts() {
            let observed = observed.get(name)?;
            if compare::same(right, observed, tolerance) {
                continue;
            }
            let (wanted, got) = (crate::formula::array_of(right)?, numbers(observed));
            let same_shape = crate::formula::array_of(observed)?.has_shape_of(&wanted);
            if !same_shape || wanted.axes == 0 {
                return None;
            }
            let wrong =
                |index: usize| !compare::same(&Value::Float(wanted.data[index]), &Value::Float(got[index]), tolerance);
            let wrong: Vec<bool> = (0..wanted.data.len()).map(wrong).collect();
            wrong_arrays.push((wanted, wrong));
        }
    }
    let n_wrong: usize = wrong_arrays.iter().map(|(_, wrong)| wrong.iter().filter(|wrong| **wrong).count()).sum();
    if n_wrong < 2 {
        return None;
    }
    let fits = |mask: &Mask| {
        wrong_arrays.iter().all(|(array, wrong)| {
            array.data.len() > 1
                && wrong.contains(&false)
                && (0..wrong.len()).all(|k| wrong[k] == mask(k / array.columns, k % array.columns, array))
        })
    };
    masks.iter().find(|(_, _, mask)| fits(mask)).map(|&(id, says, _)| (id, says))
}
