//! Formulas that can be varied: what is right, written so that the judge can compute what small slips in it come to.
//!
//! A formula is ordinary Rust on [`Num`]s: operators, methods, loops, functions. Every operator and method is a *place*,
//! known by its line in `checks.rs`. To compute a variation, the closure runs once more, and does something else at one
//! place ([`Edit`]). So what is repeated in a loop varies in every turn, and what a function computes in each of its calls.

mod array;
pub mod edits;
mod words;

use std::{
    cell::RefCell,
    ops::{Add, Div, Mul, Neg, Range, Sub},
    panic::Location,
    ptr,
    rc::Rc,
};

use probe::{Record, Value};

pub use array::Array;
use edits::{Change, Edit};
pub use words::{DIGITS, Text, constant, digits, number};

/// What a formula is given: the inputs of one case.
pub struct Formula {
    run: Rc<Run>,
}

/// A number, a vector or a matrix in a formula. Arrays combine entry by entry as ndarray does it.
///
/// Shapes that do not fit make it a value that is none, and so does all that is computed from it.
#[derive(Clone)]
pub struct Num(Rc<Node>);

struct Node {
    run: Rc<Run>,
    value: Option<Array>,
    kind: Kind,
    text: Text,
    /// What is observed, if that is something else than what is used.
    shown: Option<Array>,
    /// Where it was computed, and of what.
    made: Option<(Place, Op, Vec<Num>)>,
}

/// What a value becomes when it is compared with an observation.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Real,
    Whole,
    Flag,
}

/// A place in a formula. Operators of one chain (`a * b * c`) begin at the same column: `level` counts them.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    at: &'static Location<'static>,
    level: u8,
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        // The file, which is nearly always the same, comes last.
        let is_same = || {
            self.at.line() == other.at.line()
                && self.at.column() == other.at.column()
                && self.at.file() == other.at.file()
        };
        self.level == other.level && (ptr::eq(self.at, other.at) || is_same())
    }
}

/// A case, and what is in it that can be computed with.
pub struct Inputs {
    case: Record,
    numbers: Vec<(String, Array, Kind)>,
}

impl Inputs {
    /// Those of this case.
    pub fn new(case: &Record) -> Rc<Self> {
        let numbers = case.parts().filter_map(|(name, value)| {
            let (array, kind) = from_value(value)?;
            Some((name.to_owned(), array, kind))
        });
        Rc::new(Self { case: case.clone(), numbers: numbers.collect() })
    }
}

/// One evaluation of a formula.
struct Run {
    inputs: Rc<Inputs>,
    edits: Vec<Edit>,
    /// Whether it notes down what is computed where; variations are computed without.
    is_traced: bool,
    noted: RefCell<Noted>,
}

#[derive(Default)]
struct Noted {
    /// The named quantities so far, each with its value now and before.
    scope: Vec<Quantity>,
    /// How often each place was reached.
    visits: Vec<(Place, usize)>,
    /// The number of the place that was reached last.
    last: usize,
    trace: Vec<Step>,
    work: usize,
}

struct Quantity {
    name: String,
    now: Option<Array>,
    before: Option<Array>,
}

/// One computation in a trace.
#[derive(Clone)]
pub struct Step {
    /// Where.
    pub place: Place,
    /// How often this place had been reached before.
    pub visit: usize,
    /// The operation.
    pub op: Op,
    /// Of what it is computed.
    pub args: Vec<Num>,
    /// What comes out; nothing where shapes do not fit.
    pub value: Option<Array>,
    /// What it computes, as text.
    pub text: Text,
    /// The quantity that it is a part of.
    pub owner: Option<&'static str>,
    /// The quantities that were there.
    pub scope: Vec<InScope>,
}

/// A quantity that a learner may take for another one: its name, its shape, and whether it is the value before the last
/// change.
#[derive(Clone)]
pub struct InScope {
    /// As the lesson calls it.
    pub name: String,
    /// The number of axes, rows and columns.
    pub shape: [usize; 3],
    /// Whether it is the value before the last change.
    pub is_old: bool,
}

/// What is computed at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Op {
    Input,
    Named(&'static str),
    Binary(Binary),
    Function(Function),
    Aggregate(Aggregate, Over),
    Count(Count),
    Transpose,
    Reverse,
    /// Each entry, or row, in the place of the one before, and the first at the end; or, with `false`, the other way.
    Rolled(bool),
    /// The softmax of a vector, or of each row of a matrix.
    Softmax,
    Entry(usize),
    Row(usize),
    /// The second where the first is true, else the third.
    Choose,
    Plus(f64),
    Times(f64),
    AtLeast(f64),
    /// To this power.
    Raised(f64),
    /// This number, whatever the argument is.
    Constant(f64),
}

/// What is computed of two values.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Power,
    Dot,
    Outer,
    Pick,
    OneHot,
    Max,
    Min,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    Unequal,
    And,
    Or,
}

/// What is computed of each entry.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Function {
    Same,
    Neg,
    Square,
    Cube,
    Abs,
    Sqrt,
    Exp,
    Ln,
    Sigmoid,
    Tanh,
    Relu,
    /// 0.01 of what is negative.
    LeakyRelu,
    /// The slope of the function before: 1 where it is positive, else 0.
    Step,
    /// 1 where it is not negative, else 0.
    StepFrom0,
    /// σ(x)(1 - σ(x)).
    SigmoidSlope,
    /// 1 - tanh²(x).
    TanhSlope,
    /// 1, 0 or -1.
    Sign,
    /// 1 or -1, as `f64::signum` has it.
    Signum,
    Recip,
    /// 1 - x.
    OneMinus,
    /// 2x - 1: from -1 to 1 what was from 0 to 1.
    TwiceMinusOne,
    Log2,
    Log10,
    Round,
    Floor,
    Ceil,
    /// Rounded down, and 1 more: [`Self::Ceil`] but for whole numbers.
    FloorPlusOne,
    Sin,
    Cos,
    Ones,
    Zeros,
}

/// What becomes of many numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Aggregate {
    Sum,
    Mean,
    MeanOfOneLess,
    SumByRows,
    SumByColumns,
    Max,
    Min,
    Norm,
    Median,
    UpperMedian,
    LowerMedian,
    /// The median of code that forgot to sort.
    UnsortedMedian,
    NormByCount,
    RootMeanSquare,
    First,
    Last,
    SumWithoutFirst,
    SumWithoutLast,
    Product,
    Largest,
    LastLargest,
    Smallest,
}

/// Which numbers are taken together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Over {
    /// All of them.
    All,
    /// Those of a column: one result for each column.
    Samples,
    /// Those of a row: one result for each row.
    Row,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Count {
    Entries,
    Rows,
    Columns,
}

impl Count {
    /// How many there are in an array of this shape: how many axes it has, its rows and its columns.
    pub fn of(self, [_, rows, columns]: [usize; 3]) -> usize {
        match self {
            Self::Entries => rows * columns,
            Self::Rows => rows,
            Self::Columns => columns,
        }
    }
}

/// A variation that takes more than this many steps is given up: edits may keep a loop from ending.
const MAX_WORK: usize = 200_000;

impl Formula {
    /// One evaluation, with these slips in it. If it is traced, [`Formula::trace`] tells every computation afterwards.
    pub fn new(inputs: &Rc<Inputs>, edits: Vec<Edit>, is_traced: bool) -> Self {
        Self { run: Rc::new(Run { inputs: inputs.clone(), edits, is_traced, noted: RefCell::default() }) }
    }

    /// The part of the case that is called so: a number, an array, labels, a truth value.
    ///
    /// # Panics
    ///
    /// If there is none, or it is a text.
    #[track_caller]
    pub fn input(&self, name: &str) -> Num {
        let found = self.run.inputs.numbers.iter().find(|(input, ..)| input == name);
        let (_, value, kind) = found.cloned().unwrap_or_else(|| panic!("there are no numbers called `{name}`"));
        let text = self.run.text(|| Text::name(name));
        let input =
            Num(Rc::new(Node { run: self.run.clone(), value: Some(value), kind, text, shown: None, made: None }));
        Num::compute_as(&self.run, Op::Input, vec![input], Location::caller())
    }

    /// The whole number that is called so, as how often something is repeated.
    ///
    /// # Panics
    ///
    /// If there is none.
    #[track_caller]
    pub fn times(&self, name: &str) -> usize {
        let (wanted, found) = (self.run.inputs.case.count(name), self.input(name).get());
        // An edit must not make an endless loop of it.
        if (0.0..=1e9).contains(&found) { (found as usize).min(2 * wanted + 1) } else { 0 }
    }

    /// The case itself, for what is no number.
    pub fn case(&self) -> &Record {
        &self.run.inputs.case
    }

    /// A constant.
    pub fn number(&self, number: f64) -> Num {
        Num::constant(&self.run, number)
    }

    /// A vector of these numbers.
    pub fn vector(&self, entries: &[Num]) -> Num {
        let data = entries.iter().map(|entry| entry.scalar()).collect::<Option<Vec<f64>>>();
        let text =
            self.run.text(|| Text::call("vector", &entries.iter().map(|entry| &entry.0.text).collect::<Vec<_>>()));
        let value = data.map(Array::vector);
        Num(Rc::new(Node { run: self.run.clone(), value, kind: Kind::Real, text, shown: None, made: None }))
    }

    /// A matrix of these matrices, side by side.
    pub fn beside(&self, parts: &[Num]) -> Num {
        let values = parts.iter().map(|part| part.0.value.as_ref()).collect::<Option<Vec<_>>>();
        let values = values.filter(|values| values.iter().all(|value| value.axes == 2 && value.rows == values[0].rows));
        let value = values.map(|values| {
            let rows = 0..values.first().map_or(0, |value| value.rows);
            let data = rows.clone().flat_map(|row| values.iter().flat_map(move |value| value.row(row).to_vec()));
            Array::matrix(rows.len(), values.iter().map(|value| value.columns).sum(), data.collect())
        });
        let text = self.run.text(|| Text::call("beside", &parts.iter().map(|part| &part.0.text).collect::<Vec<_>>()));
        Num(Rc::new(Node { run: self.run.clone(), value, kind: Kind::Real, text, shown: None, made: None }))
    }

    /// A matrix of these rows; of none, one without rows and with as many columns as there are in `like`.
    pub fn matrix(&self, rows: &[Num], like: &Num) -> Num {
        let mut data = Vec::new();
        let columns = like.n_entries();
        let fits = rows.iter().all(|row| match &row.0.value {
            Some(value) if value.axes < 2 && value.columns == columns => {
                data.extend_from_slice(&value.data);
                true
            }
            _ => false,
        });
        let value = fits.then(|| Array::matrix(rows.len(), columns, data));
        let node =
            Node { run: self.run.clone(), value, kind: Kind::Real, text: Text::default(), shown: None, made: None };
        Num(Rc::new(node))
    }

    /// Every computation so far, in order; takes them out.
    pub fn trace(&self) -> Vec<Step> {
        std::mem::take(&mut self.run.noted.borrow_mut().trace)
    }

    /// How many operations it took.
    pub fn work(&self) -> usize {
        self.run.noted.borrow().work
    }
}

/// The numbers in a value, if it holds any.
pub fn array_of(value: &Value) -> Option<Array> {
    from_value(value).map(|(array, _)| array)
}

fn from_value(value: &Value) -> Option<(Array, Kind)> {
    Some(match value {
        Value::Float(number) => (Array::number(*number), Kind::Real),
        Value::Int(number) => (Array::number(*number as f64), Kind::Whole),
        Value::Bool(flag) => (Array::number(f64::from(u8::from(*flag))), Kind::Flag),
        Value::Ints(numbers) => (Array::vector(numbers.iter().map(|&n| n as f64).collect()), Kind::Whole),
        Value::Array { shape, data } => match **shape {
            [] => (Array::number(data[0]), Kind::Real),
            [_] => (Array::vector(data.clone()), Kind::Real),
            [rows, columns] => (Array::matrix(rows, columns, data.clone()), Kind::Real),
            _ => return None,
        },
        _ => return None,
    })
}

impl Run {
    fn note(&self, name: &str, value: Option<Array>) {
        let scope = &mut self.noted.borrow_mut().scope;
        match scope.iter_mut().find(|quantity| quantity.name == name) {
            Some(quantity) => {
                quantity.before = quantity.now.take();
                quantity.now = value;
            }
            None => scope.push(Quantity { name: name.to_owned(), now: value, before: None }),
        }
    }

    fn size(&self, count: Count, name: &str) -> Option<Array> {
        Op::Count(count).of(&[&self.quantity(name, false)?])
    }

    fn quantity(&self, name: &str, before: bool) -> Option<Array> {
        let noted = self.noted.borrow();
        match noted.scope.iter().find(|quantity| quantity.name == name) {
            Some(quantity) if before => quantity.before.clone(),
            Some(quantity) => quantity.now.clone(),
            None => {
                let input = self.inputs.numbers.iter().find(|(input, ..)| input == name && !before);
                input.map(|(_, array, _)| array.clone())
            }
        }
    }

    /// A text, where somebody will read it.
    fn text(&self, text: impl FnOnce() -> Text) -> Text {
        if self.is_traced { text() } else { Text::default() }
    }
}

impl Num {
    fn constant(run: &Rc<Run>, number: f64) -> Self {
        let (value, text) = (Some(Array::number(number)), run.text(|| Text::name(&words::constant(number))));
        Self(Rc::new(Node { run: run.clone(), value, kind: Kind::Real, text, shown: None, made: None }))
    }

    fn compute(op: Op, args: Vec<Self>, at: &'static Location<'static>) -> Self {
        let run = args[0].0.run.clone();
        Self::compute_as(&run, op, args, at)
    }

    fn compute_as(run: &Rc<Run>, op: Op, args: Vec<Self>, at: &'static Location<'static>) -> Self {
        let level = match &args[0].0.made {
            Some((place, ..)) if place.at == at => place.level.saturating_add(1),
            _ => 0,
        };
        let place = Place { at, level };
        let mut kind = match op {
            Op::Binary(binary) if binary.is_question() => Kind::Flag,
            Op::Aggregate(Aggregate::Largest | Aggregate::LastLargest | Aggregate::Smallest, _) => Kind::Whole,
            Op::Count(_) => Kind::Whole,
            Op::Choose => args[1].0.kind,
            Op::Input | Op::Named(_) | Op::Entry(_) | Op::Row(_) | Op::Transpose | Op::Reverse | Op::Rolled(_) => {
                args[0].0.kind
            }
            _ => Kind::Real,
        };
        if kind == Kind::Flag && matches!(op, Op::Function(_)) {
            kind = Kind::Real;
        }
        let visit = {
            let mut noted = run.noted.borrow_mut();
            noted.work += 1 + args[0].n_entries() / 8;
            if noted.work > MAX_WORK {
                drop(noted);
                return Self(Rc::new(Node {
                    run: run.clone(),
                    value: None,
                    kind,
                    text: Text::default(),
                    shown: None,
                    made: None,
                }));
            }
            // In a loop, the place that came next the last time comes next again.
            let next = noted.last + 1;
            let is_there = |noted: &Noted, index: usize| noted.visits.get(index).is_some_and(|(it, _)| *it == place);
            let known = match is_there(&noted, next) {
                true => Some(next),
                false => (0..noted.visits.len()).find(|index| is_there(&noted, *index)),
            };
            noted.last = known.unwrap_or(noted.visits.len());
            match known {
                Some(index) => noted.visits[index].1 += 1,
                None => noted.visits.push((place, 1)),
            }
            noted.visits[noted.last].1 - 1
        };
        let (value, text) = match run.edits.iter().find(|edit| edit.is_at(place, visit)) {
            Some(edit) => edit.change.apply(run, op, &args),
            None => (op.value(&args), run.text(|| op.text(&args))),
        };
        if run.is_traced {
            let mut noted = run.noted.borrow_mut();
            if noted.trace.len() < MAX_TRACE {
                let inputs = run.inputs.numbers.iter().map(|(name, array, _)| InScope {
                    name: name.clone(),
                    shape: array.shape(),
                    is_old: false,
                });
                let scope = noted.scope.iter().flat_map(|Quantity { name, now, before }| {
                    [(now, false), (before, true)].into_iter().filter_map(|(value, is_old)| {
                        Some(InScope { name: name.clone(), shape: value.as_ref()?.shape(), is_old })
                    })
                });
                let scope = inputs.chain(scope).collect();
                let (args, value, text) = (args.clone(), value.clone(), text.clone());
                noted.trace.push(Step { place, visit, op, args, value, text, owner: None, scope });
            }
        }
        let uses = |edit: &&Edit| matches!(edit.change, Change::Uses(_)) && edit.is_at(place, visit);
        let shown = run.edits.iter().find(uses).and_then(|_| op.value(&args));
        Self(Rc::new(Node { run: run.clone(), value, kind, text, shown, made: Some((place, op, args)) }))
    }

    fn scalar(&self) -> Option<f64> {
        self.0.value.as_ref().and_then(|value| (value.axes == 0).then(|| value.data[0]))
    }

    /// Where it was computed.
    pub fn place(&self) -> Option<Place> {
        self.0.made.as_ref().map(|(place, ..)| *place)
    }

    /// All places at which it was computed, and what it is computed from.
    pub fn made_at(&self) -> Vec<Place> {
        let (mut known, mut open, mut places) = (Vec::new(), vec![self], Vec::new());
        while let Some(num) = open.pop() {
            let Some((place, _, args)) = &num.0.made else { continue };
            if !known.contains(&Rc::as_ptr(&num.0)) {
                known.push(Rc::as_ptr(&num.0));
                places.push(*place);
                open.extend(args);
            }
        }
        places
    }

    /// Itself and all that it is computed from, what is used twice also twice, as far as that is not too much.
    fn parts(&self) -> Vec<&Self> {
        let mut parts = vec![self];
        let mut next = 0;
        while next < parts.len() && parts.len() < MAX_PARTS {
            parts.extend(parts[next].0.made.iter().flat_map(|(_, _, args)| args));
            next += 1;
        }
        parts
    }

    /// What it is if this value comes out at a place that it is computed from; `None` if it is computed from too much.
    fn with(&self, place: Place, value: &Array) -> Option<Array> {
        fn replaced(num: &Num, place: Place, value: &Array) -> Option<Array> {
            let is_given = |own| {
                let edits = &num.0.run.edits;
                edits.iter().any(|edit| edit.place == own && matches!(edit.change, Change::Is(_)))
            };
            match &num.0.made {
                Some((own, ..)) if *own == place => Some(value.clone()),
                Some((own, op, args)) if !is_given(*own) => {
                    let args: Vec<Array> = args.iter().map(|arg| replaced(arg, place, value)).collect::<Option<_>>()?;
                    op.of(&args.iter().collect::<Vec<_>>())
                }
                _ => num.0.value.clone(),
            }
        }
        (self.parts().len() < MAX_PARTS).then(|| replaced(self, place, value))?
    }

    /// The number, for what depends on it; NaN where there is none.
    pub fn get(&self) -> f64 {
        self.scalar().unwrap_or(f64::NAN)
    }

    /// How many entries there are.
    pub fn n_entries(&self) -> usize {
        self.0.value.as_ref().map_or(0, |value| value.data.len())
    }

    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.0.value.as_ref().map_or(0, |value| value.rows)
    }

    /// These columns of it, or these entries of a vector.
    #[must_use]
    pub fn columns_in(&self, range: Range<usize>) -> Self {
        let Node { run, value, kind, text, .. } = &*self.0;
        let value = value.as_ref().filter(|value| value.axes > 0 && range.end <= value.columns).map(|value| {
            let data = (0..value.rows).flat_map(|row| value.row(row)[range.clone()].to_vec()).collect();
            Array { data, columns: range.len(), ..value.clone() }
        });
        let (run, kind, text) = (run.clone(), *kind, text.clone());
        Self(Rc::new(Node { run, value, kind, text, shown: None, made: None }))
    }

    /// The same, known by a name that the lesson uses: other names may be taken for it.
    #[must_use]
    #[track_caller]
    pub fn named(&self, name: &'static str) -> Self {
        let run = &self.0.run;
        let named = Self::compute_as(run, Op::Named(name), vec![self.clone()], Location::caller());
        if run.is_traced {
            // What was computed since the last name belongs to this one.
            let trace = &mut run.noted.borrow_mut().trace;
            let own = trace.iter_mut().rev().skip(1).take_while(|step| !matches!(step.op, Op::Named(_)));
            // Inputs belong to nothing: they are used in many places.
            let own = own.filter(|step| step.owner.is_none() && step.op != Op::Input);
            own.for_each(|step| step.owner = Some(name));
        }
        run.note(name, named.0.value.clone());
        let Node { run, value, kind, shown, made, .. } = &*named.0;
        let (run, value, kind, shown, made) = (run.clone(), value.clone(), *kind, shown.clone(), made.clone());
        let text = run.text(|| Text::name(name));
        Self(Rc::new(Node { run, value, kind, text, shown, made }))
    }

    /// The same as a real number, or as real numbers: what is true is 1.
    #[must_use]
    pub fn real(&self) -> Self {
        let Node { run, value, text, made, .. } = &*self.0;
        let (run, value, text, made) = (run.clone(), value.clone(), text.clone(), made.clone());
        Self(Rc::new(Node { run, value, kind: Kind::Real, text, shown: None, made }))
    }

    /// The same as a whole number, or as whole numbers: counts and labels.
    #[must_use]
    pub fn whole(&self) -> Self {
        let Node { run, value, text, made, .. } = &*self.0;
        let (run, value, text, made) = (run.clone(), value.clone(), text.clone(), made.clone());
        Self(Rc::new(Node { run, value, kind: Kind::Whole, text, shown: None, made }))
    }

    /// What an observation of it is; `None` if there is no value.
    pub fn observation(&self) -> Option<Value> {
        let value = self.0.shown.as_ref().or(self.0.value.as_ref())?;
        // Adding 0 turns -0 into 0, which is what a learner is shown.
        let data = || value.data.iter().map(|number| number + 0.0).collect();
        let is_whole = || value.data.iter().all(|number| number.fract() == 0.0);
        Some(match (self.0.kind, value.axes) {
            (Kind::Flag, 0) => Value::Bool(value.data[0] != 0.0),
            (Kind::Whole, 0) if is_whole() => Value::Int(value.data[0] as i64),
            (Kind::Whole | Kind::Flag, _) if is_whole() => Value::Ints(value.data.iter().map(|&n| n as i64).collect()),
            (Kind::Real, 0) => Value::Float(value.data[0] + 0.0),
            (Kind::Real, 1) => Value::Array { shape: vec![value.columns], data: data() },
            (Kind::Real, _) => Value::Array { shape: vec![value.rows, value.columns], data: data() },
            _ => return None,
        })
    }
}

/// What is computed from more is not looked through.
const MAX_PARTS: usize = 60;

/// Of longer trainings the first steps are looked at: each place is in them.
const MAX_TRACE: usize = 4_000;

impl Op {
    fn value(self, args: &[Num]) -> Option<Array> {
        let values: Vec<&Array> = args.iter().map(|arg| arg.0.value.as_ref()).collect::<Option<_>>()?;
        self.of(&values)
    }

    /// What comes out for these arguments; `None` if their shapes do not fit.
    pub fn of(self, values: &[&Array]) -> Option<Array> {
        let first = values[0];
        Some(match self {
            Self::Input | Self::Named(_) => first.clone(),
            Self::Binary(Binary::Dot) => first.dot(values[1])?,
            Self::Binary(Binary::Outer) => first.outer(values[1])?,
            Self::Binary(Binary::Pick) => first.picked(values[1])?,
            Self::Binary(Binary::OneHot) => first.one_hot(values[1])?,
            Self::Binary(binary) => first.zip(values[1], |one, two| binary.of(one, two))?,
            Self::Function(function) => first.map(|x| function.of(x)),
            Self::Aggregate(how, over) => first.aggregate(how, over)?,
            Self::Count(count) => Array::number(match count {
                Count::Entries => first.data.len(),
                Count::Rows if first.axes < 2 => first.data.len(),
                Count::Rows => first.rows,
                Count::Columns => first.columns,
            } as f64),
            Self::Transpose => first.transposed(),
            Self::Reverse => first.reversed(),
            Self::Rolled(is_forward) => first.rolled(is_forward),
            Self::Softmax => first.softmax(),
            Self::Entry(index) => Array::number(*first.data.get(index)?),
            Self::Row(row) if row < first.rows => Array::vector(first.row(row).to_vec()),
            Self::Row(_) => return None,
            // What is neither yes nor no decides nothing.
            Self::Choose if first.data.iter().any(|answer| ![0.0, 1.0].contains(answer)) => return None,
            Self::Choose => {
                let (yes, no) = (values[1], values[2]);
                // NaN marks what the second takes; what is chosen may be NaN itself.
                let yes = first.zip(yes, |_, yes| yes)?;
                let no = first.zip(no, |_, no| no)?;
                let (yes, no) = (yes.zip(&no, |yes, _| yes)?, no.zip(&yes, |no, _| no)?);
                let first = first.spread_to(&yes)?;
                let choose = |i: usize| if first.data[i] != 0.0 { yes.data[i] } else { no.data[i] };
                yes.has_shape_of(&no)
                    .then(|| Array { data: (0..yes.data.len()).map(choose).collect(), ..yes.clone() })?
            }
            Self::Plus(number) => first.map(|x| x + number),
            Self::Times(factor) => first.map(|x| x * factor),
            Self::AtLeast(least) => first.map(|x| x.max(least)),
            Self::Raised(exponent) => first.map(|x| x.powf(exponent)),
            Self::Constant(number) => first.map(|_| number),
        })
    }
}

impl Binary {
    fn is_question(self) -> bool {
        use Binary::*;
        matches!(self, Less | AtMost | Greater | AtLeast | Equal | Unequal | And | Or)
    }

    fn of(self, one: f64, two: f64) -> f64 {
        let truth = |flag: bool| f64::from(u8::from(flag));
        match self {
            Self::Add => one + two,
            Self::Sub => one - two,
            Self::Mul => one * two,
            Self::Div => one / two,
            Self::Power => one.powf(two),
            Self::Max => one.max(two),
            Self::Min => one.min(two),
            Self::Less => truth(one < two),
            Self::AtMost => truth(one <= two),
            Self::Greater => truth(one > two),
            Self::AtLeast => truth(one >= two),
            Self::Equal => truth(one == two),
            Self::Unequal => truth(one != two),
            Self::And => truth(one != 0.0 && two != 0.0),
            Self::Or => truth(one != 0.0 || two != 0.0),
            Self::Dot | Self::Outer | Self::Pick | Self::OneHot => f64::NAN,
        }
    }
}

impl Function {
    fn of(self, x: f64) -> f64 {
        match self {
            Self::Same => x,
            Self::Neg => -x,
            Self::Square => x * x,
            Self::Cube => x * x * x,
            Self::Abs => x.abs(),
            Self::Sqrt => x.sqrt(),
            Self::Exp => x.exp(),
            Self::Ln => x.ln(),
            Self::Sigmoid => 0.5 + 0.5 * (0.5 * x).tanh(),
            Self::Tanh => x.tanh(),
            Self::Relu => x.max(0.0),
            Self::LeakyRelu => x.max(0.01 * x),
            Self::Step => f64::from(u8::from(x > 0.0)),
            Self::StepFrom0 => f64::from(u8::from(x >= 0.0)),
            Self::SigmoidSlope => 1.0 / (2.0 + x.exp() + (-x).exp()),
            Self::TanhSlope => 1.0 - x.tanh().powi(2),
            Self::Sign if x == 0.0 => 0.0,
            Self::Sign | Self::Signum => x.signum(),
            Self::Recip => x.recip(),
            Self::OneMinus => 1.0 - x,
            Self::TwiceMinusOne => 2.0 * x - 1.0,
            Self::Log2 => x.log2(),
            Self::Log10 => x.log10(),
            Self::Round => x.round(),
            Self::Floor => x.floor(),
            Self::Ceil => x.ceil(),
            Self::FloorPlusOne => x.floor() + 1.0,
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Ones => 1.0,
            Self::Zeros => 0.0,
        }
    }
}

/// Methods of [`Num`] that take no argument.
macro_rules! methods {
    ($($(#[$about:meta])* $name:ident: $op:expr;)*) => {
        impl Num {
            $(
                $(#[$about])*
                #[must_use]
                #[track_caller]
                pub fn $name(&self) -> Self {
                    Self::compute($op, vec![self.clone()], Location::caller())
                }
            )*
        }
    };
}

methods! {
    /// The square of every entry.
    square: Op::Function(Function::Square);
    /// The third power of every entry.
    cube: Op::Function(Function::Cube);
    /// The absolute value of every entry.
    abs: Op::Function(Function::Abs);
    /// The square root of every entry.
    sqrt: Op::Function(Function::Sqrt);
    /// e to the power of every entry.
    exp: Op::Function(Function::Exp);
    /// The natural logarithm of every entry.
    ln: Op::Function(Function::Ln);
    /// The logistic sigmoid of every entry.
    sigmoid: Op::Function(Function::Sigmoid);
    /// The hyperbolic tangent of every entry.
    tanh: Op::Function(Function::Tanh);
    /// Every entry, or 0 where it is negative.
    relu: Op::Function(Function::Relu);
    /// The slope of ReLU: 1 for every positive entry, else 0.
    step: Op::Function(Function::Step);
    /// 1, 0 or -1 for every entry.
    sign: Op::Function(Function::Sign);
    /// 1 divided by every entry.
    recip: Op::Function(Function::Recip);
    /// Every entry, rounded.
    round: Op::Function(Function::Round);
    /// Every entry, rounded down.
    floor: Op::Function(Function::Floor);
    /// Every entry, rounded up.
    ceil: Op::Function(Function::Ceil);
    /// The sine of every entry.
    sin: Op::Function(Function::Sin);
    /// The cosine of every entry.
    cos: Op::Function(Function::Cos);
    /// The sum of all entries.
    sum: Op::Aggregate(Aggregate::Sum, Over::All);
    /// The mean of all entries.
    mean: Op::Aggregate(Aggregate::Mean, Over::All);
    /// The largest of all entries.
    max: Op::Aggregate(Aggregate::Max, Over::All);
    /// The median of all entries.
    median: Op::Aggregate(Aggregate::Median, Over::All);
    /// The Euclidean norm of all entries.
    norm: Op::Aggregate(Aggregate::Norm, Over::All);
    /// The place of the first largest entry of each row.
    largest_of_rows: Op::Aggregate(Aggregate::Largest, Over::Row);
    /// Rows for columns.
    t: Op::Transpose;
    /// How many entries there are, as a part of the formula.
    count: Op::Count(Count::Entries);
    /// How many columns there are, as a part of the formula.
    columns: Op::Count(Count::Columns);
    /// How many rows there are, as a part of the formula.
    rows: Op::Count(Count::Rows);
}

/// Methods of [`Num`] that take another one.
macro_rules! binary_methods {
    ($($(#[$about:meta])* $name:ident: $op:ident;)*) => {
        impl Num {
            $(
                $(#[$about])*
                #[must_use]
                #[track_caller]
                pub fn $name(&self, other: &Self) -> Self {
                    Self::compute(Op::Binary(Binary::$op), vec![self.clone(), other.clone()], Location::caller())
                }
            )*
        }
    };
}

binary_methods! {
    /// The matrix product.
    dot: Dot;
    /// Every entry of one vector times every entry of the other.
    outer: Outer;
    /// Of each row the entry whose column is the label at that place.
    pick: Pick;
    /// For each label a row with a 1 in its column, as many columns as the other has.
    one_hot: OneHot;
    /// This to the power of the other.
    power: Power;
    /// The larger of both.
    or_more: Max;
    /// The smaller of both.
    or_less: Min;
    /// 1 where this is less, else 0.
    below: Less;
    /// 1 where this is more, else 0.
    above: Greater;
    /// 1 where this is as much or more, else 0.
    at_least: AtLeast;
    /// 1 where this is as much or less, else 0.
    at_most: AtMost;
    /// 1 where both are equal, else 0.
    equals: Equal;
    /// 1 where both differ, else 0.
    unequal: Unequal;
    /// 1 where both are true, else 0.
    and: And;
}

impl Num {
    /// One number for each row or column, or for all entries.
    #[must_use]
    #[track_caller]
    pub fn aggregate(&self, how: Aggregate, over: Over) -> Self {
        Self::compute(Op::Aggregate(how, over), vec![self.clone()], Location::caller())
    }

    /// `yes` where this is true, else `no`.
    #[must_use]
    #[track_caller]
    pub fn choose(&self, yes: &Self, no: &Self) -> Self {
        Self::compute(Op::Choose, vec![self.clone(), yes.clone(), no.clone()], Location::caller())
    }

    /// The entry with this index, counted row by row.
    #[must_use]
    #[track_caller]
    pub fn at(&self, index: usize) -> Self {
        Self::compute(Op::Entry(index), vec![self.clone()], Location::caller())
    }

    /// The row with this index.
    #[must_use]
    #[track_caller]
    pub fn row(&self, row: usize) -> Self {
        Self::compute(Op::Row(row), vec![self.clone()], Location::caller())
    }
}

/// An operator between numbers of formulas, by value and by reference, and with constants on either side.
macro_rules! operators {
    ($($trait:ident $method:ident),*) => {
        $(
            operators!(@ $trait $method, Num, Num);
            operators!(@ $trait $method, &Num, Num);
            operators!(@ $trait $method, Num, &Num);
            operators!(@ $trait $method, &Num, &Num);
            impl $trait<f64> for Num {
                type Output = Num;
                #[track_caller]
                fn $method(self, other: f64) -> Num {
                    let other = Num::constant(&self.0.run, other);
                    Num::compute(Op::Binary(Binary::$trait), vec![self, other], Location::caller())
                }
            }
            impl $trait<f64> for &Num {
                type Output = Num;
                #[track_caller]
                fn $method(self, other: f64) -> Num {
                    let other = Num::constant(&self.0.run, other);
                    Num::compute(Op::Binary(Binary::$trait), vec![self.clone(), other], Location::caller())
                }
            }
            impl $trait<Num> for f64 {
                type Output = Num;
                #[track_caller]
                fn $method(self, other: Num) -> Num {
                    let this = Num::constant(&other.0.run, self);
                    Num::compute(Op::Binary(Binary::$trait), vec![this, other], Location::caller())
                }
            }
            impl $trait<&Num> for f64 {
                type Output = Num;
                #[track_caller]
                fn $method(self, other: &Num) -> Num {
                    let this = Num::constant(&other.0.run, self);
                    Num::compute(Op::Binary(Binary::$trait), vec![this, other.clone()], Location::caller())
                }
            }
        )*
    };
    (@ $trait:ident $method:ident, $one:ty, $two:ty) => {
        impl $trait<$two> for $one {
            type Output = Num;
            #[track_caller]
            #[allow(clippy::clone_on_copy, noop_method_call, reason = "for values as for references")]
            fn $method(self, other: $two) -> Num {
                Num::compute(Op::Binary(Binary::$trait), vec![self.clone(), other.clone()], Location::caller())
            }
        }
    };
}

operators!(Add add, Sub sub, Mul mul, Div div);

impl Neg for Num {
    type Output = Self;
    #[track_caller]
    fn neg(self) -> Self {
        Self::compute(Op::Function(Function::Neg), vec![self], Location::caller())
    }
}

impl Neg for &Num {
    type Output = Num;
    #[track_caller]
    fn neg(self) -> Num {
        Num::compute(Op::Function(Function::Neg), vec![self.clone()], Location::caller())
    }
}

/// What a formula yields: a number, or several with the names of the observation's parts.
pub struct Outputs(pub Vec<(String, Num)>);

impl Outputs {
    /// What an observation of them is; `None` if one has no value.
    pub fn record(&self) -> Option<Record> {
        self.record_of(|_| true)
    }

    /// What an observation of these parts is.
    pub fn record_of(&self, is_meant: impl Fn(&str) -> bool) -> Option<Record> {
        let mut record = Record::new();
        for (name, num) in self.0.iter().filter(|(name, _)| is_meant(name)) {
            record = record.with(name, num.observation()?);
        }
        Some(record)
    }
}

impl From<Num> for Outputs {
    fn from(num: Num) -> Self {
        Self(vec![("result".to_owned(), num)])
    }
}

impl<const N: usize> From<[(&str, Num); N]> for Outputs {
    fn from(parts: [(&str, Num); N]) -> Self {
        Self(parts.into_iter().map(|(name, num)| (name.to_owned(), num)).collect())
    }
}
