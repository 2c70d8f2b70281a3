//! Which small slip explains a wrong answer: the variations of a formula, or of its inputs, are held against what was
//! seen.
//!
//! What is found is an observation, "is what comes out if …", and true as such. It has to agree with every case, also with
//! cases that the learner's code is asked for in addition, and to be more than chance.

use std::{cell::Cell, rc::Rc, time::Duration};

use probe::{Record, Value};

use crate::{
    Check, Expectation, Prediction, Tolerance,
    compare::{same, same_part},
    experiment::{self, Twist},
    formula::{
        Formula, Inputs, Outputs, Place,
        edits::{self, Edit, Open},
    },
    refusal,
    verdict::unless_it_panics,
};

/// What was found out about a wrong answer.
#[derive(Debug)]
pub(crate) struct Explanation {
    /// In a stable short form, for reports.
    pub(crate) id: String,
    /// What the learner is told.
    pub(crate) says: String,
    /// Whether this says all, so that no first difference need stand before it.
    pub(crate) is_all: bool,
}

/// Case by case what was observed.
pub(crate) type Answered = [(Record, Record)];

/// Asks the learner's code for more; what it does not answer is missing at the end.
pub(crate) type AskMore<'a> = dyn FnMut(&[Record]) -> Vec<Record> + 'a;

/// So many computations may be spent on the slips in one formula. They take a tenth of a second at most.
const MAX_WORK: usize = 200_000;

/// So much of it is for two slips at once.
const WORK_FOR_TWO: usize = 30_000;

/// So long may be computed with changed inputs, where nothing says how long a reference takes.
const MAX_TIME: Duration = Duration::from_millis(100);

/// So many cases are asked for in addition, at most.
pub(crate) const MAX_MORE: usize = 20;

/// By so much the same slip in two places comes before two different ones.
const SLIP_REPEATED: u32 = 3;

/// A constant that was made to fit could have been any of so many bits.
const BITS_OF_A_CONSTANT: f64 = 20.0;

/// One way to be wrong.
enum Slip {
    Edits(Vec<Edit>),
    Twist(Twist),
    Tests(Rc<refusal::Slips>, refusal::Slip),
}

/// A slip that agrees with what was seen so far.
struct Candidate {
    slip: Slip,
    rank: u32,
    id: String,
    /// What follows "is what comes out if".
    says: String,
    /// If it is one question that is asked otherwise: how many bits of evidence it needs.
    bits_of_question: Option<f64>,
}

/// What else can be asked, and with which seed.
struct More<'a, 'b> {
    ask: &'a mut AskMore<'b>,
    seed: u64,
}

/// The slip in the check's formula that explains what was seen.
pub(crate) fn by_formula(check: &Check, seen: &Answered, ask: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
    slip_in_formula(check, seen, &mut More { ask, seed }, &Cell::new(0))
}

/// The same; `work` counts the computations.
fn slip_in_formula(check: &Check, seen: &Answered, more: &mut More<'_, '_>, work: &Cell<usize>) -> Option<Explanation> {
    let formula = check.formula.as_ref()?;
    let mut search = Search::new(check, seen, work)?;
    search.begin_with_the_cheapest(&**formula);
    let run = Formula::new(&search.inputs[search.first_wrong], Vec::new(), true);
    let outputs = formula(&run);
    let trace = run.trace();
    // A formula may say only some parts of the result, and explains no others.
    if !search.wrong_parts().iter().all(|part| outputs.0.iter().any(|(name, _)| name == part)) {
        return None;
    }
    // Where the work is done, what is frequent has been tried. What a right part is computed from is hardly wrong.
    let is_right = search.right_parts();
    let right = outputs.0.iter().filter(|(name, _)| is_right.contains(&name.as_str()));
    let right: Vec<Place> = right.flat_map(|(_, num)| num.made_at()).collect();
    let mut edits = edits::all(&trace);
    edits.retain(|(edit, step)| !search.is_always_two(edit, &trace[*step]));
    edits.sort_by_cached_key(|(edit, step)| {
        let changes_what_is_right = edit.visit.is_none() && !edit.is_for_uses() && right.contains(&edit.place);
        // A factor too many stands nearer to the result than to what other functions compute.
        let place = if edit.is_factor() { trace.len() - *step } else { *step };
        (changes_what_is_right, edits::rank(edit, &trace[*step]), place)
    });
    let open = edits::open(&trace);
    if let Some(found) = search.one_slip(&edits, &open, &trace, MAX_WORK - WORK_FOR_TWO, more) {
        return Some(found);
    }
    let chain = search.chain(&outputs, &trace);
    if let Some(found) = chain.and_then(|chain| chain.explained(&edits, &open, &trace, more)) {
        return Some(found);
    }
    // Two slips are less likely than one part in the place of another.
    if experiment::copied(&search.right, seen, check.tolerance()).is_some() {
        return None;
    }
    search.two_slips(&edits, &trace, more)
}

/// Which part of the result is the first that is wrong, if others follow from it as they should.
pub(crate) fn by_chain(check: &Check, seen: &Answered) -> Option<Explanation> {
    let formula = check.formula.as_ref()?;
    let work = Cell::new(0);
    let search = Search::new(check, seen, &work)?;
    let run = Formula::new(&search.inputs[search.first_wrong], Vec::new(), true);
    let outputs = formula(&run);
    let chain = search.chain(&outputs, &run.trace())?;
    let own: Vec<&str> = chain.own.iter().map(|search| search.focus()).collect();
    if chain.following.is_empty() || own.len() > 2 {
        return None;
    }
    let are_wrong = if own.len() == 1 { "is the first wrong result" } else { "each have an error of their own" };
    let says = format!("{} {are_wrong}; {}.", listed(&own), chain.what_follows());
    Some(Explanation { id: format!("seen:first:{}", own.join(":")), says, is_all: false })
}

/// The test that is left out, comes at another time or has another error, which explains what was seen.
pub(crate) fn by_tests(check: &Check, seen: &Answered, ask: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
    let slips = Rc::new(refusal::Slips::of(check, seen.iter().map(|(case, _)| case))?);
    let work = Cell::new(0);
    let search = Search::new(check, seen, &work)?;
    let all = slips.all();
    let tried = all.len();
    let slip_of = |slip: &refusal::Slip| Slip::Tests(slips.clone(), slip.clone());
    let fit: Vec<refusal::Slip> = all.into_iter().filter(|slip| search.fits(&slip_of(slip))).collect();
    let candidate = |(rank, slip)| {
        let (id, says) = slips.describe(slip, &fit);
        Candidate { slip: slip_of(slip), rank, id, says, bits_of_question: None }
    };
    let fits = (0..).zip(&fit).map(candidate).collect();
    search.choose(fits, tried, 0.0, &mut More { ask, seed })
}

/// The change of the inputs or of the result that explains what was seen, where there is no formula to vary.
pub(crate) fn by_twist(check: &Check, seen: &Answered, ask: &mut AskMore<'_>, seed: u64) -> Option<Explanation> {
    if !matches!(check.expectation, Expectation::Equals(..)) || check.program.is_some() || check.snapshot.is_some() {
        return None;
    }
    let work = Cell::new(0);
    let search = Search::new(check, seen, &work)?;
    if search.is_slow {
        return None;
    }
    let mut tried = 0;
    let more = &mut More { ask, seed };
    let started = experiment::Stopwatch::start();
    let (case, observed) = search.first();
    let right = &search.right[search.first_wrong];
    let is_wrong = |part: &str| !same_part(part, right, observed, search.tolerance);
    // Where tests come first, other numbers may fail another test: that explains no error.
    let is_error = |(name, right): (&str, &Value)| is_wrong(name) && matches!(right, Value::Text(_));
    let no_arrays = check.testing.is_some() && right.parts().any(is_error);
    let twists = experiment::twists(case, right);
    let wrong = experiment::wrong_parts(&search.right, seen, check.tolerance());
    // Where other parts are right, an input may be changed for the wrong ones alone.
    let of_wrong =
        if wrong.len() < right.parts().count() { experiment::twists_of(&wrong, &twists) } else { Vec::new() };
    for twists in [twists, of_wrong] {
        let mut fits = Vec::new();
        for twist in twists {
            tried += 1;
            if no_arrays && twist.is_of_an_array(case) {
                continue;
            }
            // What changes only parts that are right explains nothing, and takes time.
            if !twist.changes_any(is_wrong) {
                continue;
            }
            let (rank, id, says) = twist.describe();
            let slip = Slip::Twist(twist);
            if started.elapsed() <= MAX_TIME && search.fits(&slip) {
                fits.push(Candidate { slip, rank, id, says, bits_of_question: None });
            }
        }
        if let Some(found) = search.choose(fits, tried, 0.0, more) {
            return Some(found);
        }
    }
    let mut fits = Vec::new();
    for open in experiment::open_twists(&search.first().0, &search.right[search.first_wrong]) {
        if started.elapsed() > MAX_TIME {
            break;
        }
        tried += 1;
        let slip = |constant| Slip::Twist(open.with(constant));
        if let Some(constant) = search.constant(&slip, open.right) {
            let (rank, id, says) = open.with(constant).describe();
            fits.push(Candidate { slip: slip(constant), rank, id, says, bits_of_question: None });
        }
    }
    search.choose(fits, tried, BITS_OF_A_CONSTANT, more)
}

fn describe(
    check: &Check,
    inputs: &Rc<Inputs>,
    edits: &[(&Edit, usize)],
    trace: &[formula::Step],
) -> Option<Candidate> {
    let formula = check.formula.as_ref()?;
    let (mut rank, mut ids, mut sayings) = (0, Vec::new(), Vec::new());
    for (edit, step) in edits {
        let run = Formula::new(inputs, vec![(*edit).clone()], true);
        unless_it_panics(|| formula(&run))?;
        let mut step = trace[*step].clone();
        // What is computed for several quantities belongs to none of them.
        let is_elsewhere = |other: &formula::Step| other.place == step.place && other.owner != step.owner;
        if edit.visit.is_none() && trace.iter().any(is_elsewhere) {
            step.owner = None;
        }
        let run = run.trace();
        let written = run.iter().find(|other| edit.place == other.place && step.visit == other.visit);
        let written = written.map(|step| step.text.clone()).unwrap_or_default();
        let (own_rank, id, mut says) = edits::describe(edit, &step, &written, trace);
        // It is said of this use of an input, and of no other one.
        let is_same_input = |other: &formula::Step| {
            (step.op, other.op) == (formula::Op::Input, formula::Op::Input)
                && other.text == step.text
                && other.place != step.place
        };
        if step.owner.is_none() && trace.iter().any(is_same_input) {
            let uses = |other: &&formula::Step| other.args.iter().any(|arg| arg.place() == Some(step.place));
            let user = trace.iter().find(uses).filter(|user| user.text.is_short());
            let as_written = user.and_then(|user| run.iter().find(|other| other.place == user.place));
            says = match (user, as_written) {
                // Where it is used twice, its name does not say which use is meant.
                (Some(user), Some(wrong)) if user.text.words.matches(&*step.text.words).nth(1).is_some() => {
                    format!("`{}` is used instead of `{}`", wrong.text.words, user.text.words)
                }
                (Some(user), _) => format!("{says} in `{}`", user.text.words),
                (None, _) => format!("{says} in one place"),
            };
        }
        if edit.visit.is_none() {
            let own = [&step.text, &written].into_iter().find(|text| says.contains(&format!("`{}`", text.words)));
            let steps = if own == Some(&step.text) { trace } else { &*run };
            says += &own.map_or(String::new(), |own| elsewhere(own, steps, edit.place));
        }
        rank += own_rank;
        ids.push(id);
        sayings.push(says);
    }
    sayings.dedup();
    let slip = Slip::Edits(edits.iter().map(|(edit, _)| (*edit).clone()).collect());
    let bits_of_question = match edits {
        [(edit, step)] => edit.bits_of_question(&trace[*step]),
        _ => None,
    };
    Some(Candidate { slip, rank, id: ids.join("+"), says: sayings.join(", and at the same time "), bits_of_question })
}

/// More pieces of a formula than this are not listed.
const MAX_PIECES: usize = 2;

/// That a slip is also made where the same place computes another piece of the formula than this one, as in each layer.
fn elsewhere(own: &formula::Text, steps: &[formula::Step], place: Place) -> String {
    let mut others: Vec<&formula::Text> = Vec::new();
    for text in steps.iter().filter(|step| step.place == place).map(|step| &step.text) {
        if text != own && !others.contains(&text) {
            others.push(text);
        }
    }
    match &*others {
        [] => String::new(),
        few if few.len() <= MAX_PIECES && few.iter().all(|text| text.is_short()) => {
            let few: Vec<&str> = few.iter().map(|text| &*text.words).collect();
            format!(", and likewise for {}", listed(&few))
        }
        _ => ", and likewise wherever the formula does the same".to_owned(),
    }
}

/// What slips are held against.
#[derive(Clone)]
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
    /// How many computations have been made.
    work: &'a Cell<usize>,
    /// If only one part of the result is explained: that part. Of the parts before it, what was seen is taken as given.
    part: Option<Part>,
}

/// One part of the result, and those before it, each with the place where it is computed.
#[derive(Clone)]
struct Part {
    name: String,
    before: Vec<(String, Place)>,
}

impl<'a> Search<'a> {
    /// `None` if there is nothing that a slip could explain.
    fn new(check: &'a Check, seen: &'a Answered, work: &'a Cell<usize>) -> Option<Self> {
        let started = experiment::Stopwatch::start();
        let right = seen.iter().map(|(case, _)| right_of(check, case)).collect::<Option<Vec<_>>>()?;
        let is_slow = started.elapsed() > experiment::SLOW * seen.len() as u32;
        let agrees = |right: &Record, observed: &Record| agree(right, observed, check.tolerance());
        if experiment::plainly(&right, seen, check.tolerance()).is_some() {
            return None;
        }
        let first_wrong = right.iter().zip(seen).position(|(right, (_, observed))| !agrees(right, observed))?;
        // Code with a slip rounds otherwise than the formula, and no more than that. What is computed with `f32` has fewer
        // digits.
        let of_check = check.tolerance();
        let is_single = of_check.relative >= 1e-5;
        let tolerance = Tolerance { relative: 1e-9, absolute: of_check.absolute.min(1e-12) };
        let tolerance = if is_single { of_check } else { tolerance };
        let inputs = seen.iter().map(|(case, _)| Inputs::new(case)).collect();
        Some(Self { check, seen, inputs, right, first_wrong, tolerance, is_slow, work, part: None })
    }

    /// Slips are held against one wrong case first: against a training of few steps rather than of many.
    fn begin_with_the_cheapest(&mut self, formula: &crate::check::Varied) {
        let is_wrong = |index: &usize| !agree(&self.right[*index], &self.seen[*index].1, self.check.tolerance());
        let work = |index: usize| {
            let run = Formula::new(&self.inputs[index], Vec::new(), false);
            formula(&run);
            run.work()
        };
        let cheapest = (0..self.seen.len()).filter(is_wrong).min_by_key(|index| work(*index));
        if let Some(cheapest) = cheapest.filter(|cheapest| 2 * work(*cheapest) <= work(self.first_wrong)) {
            self.first_wrong = cheapest;
        }
    }

    /// The parts of the result that are wrong in the first wrong case.
    fn wrong_parts(&self) -> Vec<&str> {
        let first = self.first_wrong..=self.first_wrong;
        experiment::wrong_parts(&self.right[first.clone()], &self.seen[first], self.check.tolerance())
    }

    /// The parts of the result that are right in all cases, and hardly by chance.
    fn right_parts(&self) -> Vec<&str> {
        let is_right = |name: &str| {
            let mut pairs = self.right.iter().zip(self.seen);
            pairs.all(|(right, (_, observed))| same_part(name, right, observed, self.check.tolerance()))
        };
        let has_digits = |value: &Value| numbers(value).iter().any(|number| number.fract() != 0.0);
        let parts = self.right[self.first_wrong].parts().filter(|(_, value)| has_digits(value));
        parts.map(|(name, _)| name).filter(|name| is_right(name)).collect()
    }

    fn first(&self) -> &(Record, Record) {
        &self.seen[self.first_wrong]
    }

    /// What code with this slip returns, where it returned `observed`.
    fn predict(&self, slip: &Slip, case: &Record, inputs: &Rc<Inputs>, observed: Option<&Record>) -> Option<Record> {
        let edits = match slip {
            Slip::Edits(edits) => edits,
            Slip::Twist(twist) => {
                self.work.set(self.work.get() + 20);
                return twist.predict(self.check, case);
            }
            Slip::Tests(slips, slip) => return slips.predict(slip, self.check, case),
        };
        let mut all = Vec::new();
        if let (Some(part), Some(observed)) = (&self.part, observed) {
            for (name, place) in &part.before {
                let given = formula::array_of(observed.get(name)?)?;
                all.push(Edit { place: *place, visit: None, change: edits::Change::Is(given) });
            }
        }
        all.extend_from_slice(edits);
        let (run, formula) = (Formula::new(inputs, all, false), self.check.formula.as_ref()?);
        // Where a slip leaves no value, a formula may look for an entry in vain.
        let outputs = unless_it_panics(|| formula(&run));
        self.work.set(self.work.get() + run.work());
        outputs?.record_of(|name| self.part.as_ref().is_none_or(|part| part.name == name))
    }

    /// Whether the slip is a factor by a size that is always 2: then it is the factor 2. Of what is no input, this is known
    /// for the traced case only.
    fn is_always_two(&self, edit: &Edit, step: &formula::Step) -> bool {
        let Some((name, count)) = edit.size() else { return false };
        let is_two = |shape| count.of(shape) == 2;
        let array = |(case, _): &(Record, Record)| case.get(name).and_then(formula::array_of);
        let of_inputs: Option<Vec<bool>> = self.seen.iter().map(|seen| Some(is_two(array(seen)?.shape()))).collect();
        let here = step.scope.iter().find(|quantity| quantity.name == *name).map(|quantity| is_two(quantity.shape));
        of_inputs.map_or(here == Some(true), |all| all.iter().all(|is_two| *is_two))
    }

    /// Whether the slip explains every case.
    fn fits(&self, slip: &Slip) -> bool {
        let explains = |index: usize| {
            let (case, observed) = &self.seen[index];
            let predicted = self.predict(slip, case, &self.inputs[index], Some(observed));
            predicted.is_some_and(|predicted| agree(&predicted, observed, self.tolerance))
        };
        explains(self.first_wrong) && (0..self.seen.len()).all(explains)
    }

    /// The one slip that explains everything, with at most so much work.
    fn one_slip(
        &self,
        edits: &[(Edit, usize)],
        open: &[Open],
        trace: &[formula::Step],
        max_work: usize,
        more: &mut More<'_, '_>,
    ) -> Option<Explanation> {
        let candidate =
            |edit: &Edit, step| describe(self.check, &self.inputs[self.first_wrong], &[(edit, step)], trace);
        let mut fits = Vec::new();
        let mut tried = 0;
        for (edit, step) in edits {
            if self.work.get() > max_work {
                break;
            }
            tried += 1;
            if self.fits(&Slip::Edits(vec![edit.clone()])) {
                fits.push(candidate(edit, *step)?);
            }
        }
        if let Some(found) = self.choose(fits, tried, 0.0, more) {
            return Some(found);
        }
        let mut fits = Vec::new();
        for open in open {
            if self.work.get() > max_work {
                break;
            }
            tried += 1;
            if let Some(constant) = self.constant(&|constant| Slip::Edits(vec![open.with(constant)]), open.right) {
                fits.push(candidate(&open.with(constant), open.step)?);
            }
        }
        self.choose(fits, tried, BITS_OF_A_CONSTANT, more)
    }

    /// The constant with which a slip explains everything, if it is one that somebody may have written.
    fn constant(&self, slip: &dyn Fn(f64) -> Slip, right: f64) -> Option<f64> {
        let (case, observed) = self.first();
        let (name, index) = self.right[self.first_wrong].parts().find_map(|(name, value)| {
            let seen = numbers(observed.get(name)?);
            let pairs = numbers(value).into_iter().zip(&seen);
            let is_off = |(right, seen): (f64, &f64)| {
                let Tolerance { relative, absolute } = self.tolerance;
                (right - seen).abs() > relative * right.abs() + absolute && seen.is_finite()
            };
            Some((name, pairs.map(is_off).position(|is_off| is_off)?))
        })?;
        let wanted = numbers(observed.get(name)?)[index];
        let off_at = |constant: f64| {
            let predicted = self.predict(&slip(constant), case, &self.inputs[self.first_wrong], Some(observed))?;
            Some(numbers(predicted.get(name)?).get(index)? - wanted)
        };
        // The number that is solved for has fewer digits than the one that was seen.
        let precision = (10.0 * self.tolerance.relative).max(1e-6);
        // Along straight lines: the first one is right already where the constant is a factor of the whole.
        let mut before = (right, numbers(self.right[self.first_wrong].get(name)?)[index] - wanted);
        let mut now = (1.25 * right + 0.125, off_at(1.25 * right + 0.125)?);
        for _ in 0..MAX_LINES {
            let next = now.0 - now.1 * (now.0 - before.0) / (now.1 - before.1);
            if !next.is_finite() {
                return None;
            }
            if (next - now.0).abs() <= precision / 100.0 * next.abs() {
                return edits::recognised(next, precision).filter(|constant| self.fits(&slip(*constant)));
            }
            (before, now) = (now, (next, off_at(next)?));
        }
        None
    }

    /// Two slips of the most frequent kinds that explain everything.
    fn two_slips(
        &self,
        edits: &[(Edit, usize)],
        trace: &[formula::Step],
        more: &mut More<'_, '_>,
    ) -> Option<Explanation> {
        let rank = |(edit, step): &(Edit, usize)| edits::rank(edit, &trace[*step]);
        let ranked = edits.iter().map(|edit| (rank(edit), edit));
        let frequent: Vec<(u32, &(Edit, usize))> = ranked.take_while(|(rank, _)| *rank <= edits::FREQUENT).collect();
        let mut pairs = Vec::new();
        for (number, (rank, two)) in frequent.iter().enumerate() {
            for (other, one) in &frequent[..number] {
                // The same slip in two places is likelier than two of them.
                let is_twice = one.0.change == two.0.change && trace[one.1].op == trace[two.1].op;
                pairs.push((rank + other - if is_twice { SLIP_REPEATED } else { 0 }, [*one, *two]));
            }
            let moves = edits.iter().filter(|(to, _)| edits::is_moved(two, to, trace));
            pairs.extend(moves.map(|to| (2 * rank, [*two, to])));
        }
        pairs.sort_by_key(|(rank, _)| *rank);
        let (mut tried, mut fits) = (edits.len(), Vec::new());
        for (_, [one, two]) in pairs {
            if self.work.get() > MAX_WORK {
                break;
            }
            if one.0.place == two.0.place {
                continue;
            }
            tried += 1;
            if self.fits(&Slip::Edits(vec![one.0.clone(), two.0.clone()])) {
                let both = [(&one.0, one.1), (&two.0, two.1)];
                fits.push(describe(self.check, &self.inputs[self.first_wrong], &both, trace)?);
            }
        }
        self.choose(fits, tried, 0.0, more)
    }

    /// The parts of the result in the order in which they are computed, and which of them are wrong by themselves.
    fn chain(&self, outputs: &Outputs, trace: &[formula::Step]) -> Option<Chain<'a>> {
        let mut parts: Vec<(usize, &str, Place)> = Vec::new();
        for (name, num) in &outputs.0 {
            let Some(place) = num.place() else { continue };
            // What is computed in a loop or by a function that is called twice is no link of a chain.
            let mut steps = (0..trace.len()).filter(|&index| trace[index].place == place);
            let (index, None) = (steps.next()?, steps.next()) else { continue };
            parts.push((index, name, place));
        }
        parts.sort_by_key(|(index, ..)| *index);
        if parts.len() < 2 {
            return None;
        }
        let (mut own, mut following) = (Vec::new(), Vec::new());
        for (number, (_, name, _)) in parts.iter().enumerate() {
            let is_right = |(right, (_, observed)): (&Record, &(Record, Record))| {
                same_part(name, right, observed, self.check.tolerance())
            };
            if self.right.iter().zip(self.seen).all(is_right) {
                continue;
            }
            let before = parts[..number].iter().map(|(_, name, place)| ((*name).to_owned(), *place)).collect();
            let mut search = self.clone();
            search.part = Some(Part { name: (*name).to_owned(), before });
            let given = self.seen.iter().zip(&self.inputs).map(|((case, observed), inputs)| {
                search.predict(&Slip::Edits(Vec::new()), case, inputs, Some(observed))
            });
            let given: Option<Vec<Record>> = given.collect();
            search.right = given?;
            let agrees = |index: usize| agree(&search.right[index], &self.seen[index].1, self.check.tolerance());
            match (0..self.seen.len()).find(|index| !agrees(*index)) {
                Some(first_wrong) => own.push(Search { first_wrong, ..search }),
                None => following.push((*name).to_owned()),
            }
        }
        Some(Chain { own, following })
    }

    /// The one of these slips that is told, if they are more than chance after `tried` attempts, each with so many free bits.
    fn choose(
        &self,
        mut fits: Vec<Candidate>,
        tried: usize,
        free_bits: f64,
        more: &mut More<'_, '_>,
    ) -> Option<Explanation> {
        if fits.is_empty() {
            return None;
        }
        // Few tests can be left out, and what comes of it is seen by every case, also by those that are right.
        let is_test = matches!(fits[0].slip, Slip::Tests(..));
        let needed = if is_test { 0.0 } else { (tried as f64).log2() + 8.0 + free_bits };
        let mut bits = self.evidence(self.seen, &self.right);
        // Further cases tell apart what these cases do not, and chance from a rule.
        let mut fresh: Vec<Record> = (1..10).flat_map(|by| self.fresh_cases(more.seed.wrapping_add(by))).collect();
        fresh.truncate(MAX_MORE);
        let answers = (more.ask)(&fresh);
        if answers.len() < fresh.len() && !answers.is_empty() {
            return None;
        }
        let answered: Vec<(Record, Record)> = fresh.into_iter().zip(answers).collect();
        fits.retain(|candidate| {
            answered.iter().all(|(case, observed)| {
                let predicted = self.predict(&candidate.slip, case, &Inputs::new(case), Some(observed));
                predicted.is_some_and(|predicted| agree(&predicted, observed, self.tolerance))
            })
        });
        let right: Option<Vec<Record>> =
            answered.iter().map(|(case, observed)| self.right_given(case, observed)).collect();
        let right = right.unwrap_or_default();
        bits += self.evidence(&answered, &right);
        if bits < needed {
            let answers = self.seen.iter().zip(&self.right).chain(answered.iter().zip(&right));
            let bits = bits_of_wrong_answers(answers);
            fits.retain(|candidate| candidate.bits_of_question.is_some_and(|needed| bits >= needed));
        }
        if fits.is_empty() {
            return None;
        }
        fits.sort_by_key(|candidate| candidate.rank);
        // What always comes to the same is one explanation; what does not, but could not be told apart, is said as such.
        let others: Vec<Record> = (10..14).flat_map(|by| self.fresh_cases(more.seed.wrapping_add(by))).collect();
        let outcomes = |candidate: &Candidate| -> Vec<Option<Record>> {
            let outcome = |case: &Record| {
                let right = right_of(self.check, case);
                self.predict(&candidate.slip, case, &Inputs::new(case), right.as_ref())
            };
            others.iter().map(outcome).collect()
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
            [(one, _)] => Some(Explanation {
                id: one.id.clone(),
                says: format!("{what} comes out if {}.", one.says),
                is_all: true,
            }),
            [(one, _), (two, _)] => Some(Explanation {
                id: format!("{}|{}", one.id, two.id.trim_start_matches("edit:")),
                says: format!("{what} comes out either if {}, or if {}.", one.says, two.says),
                is_all: true,
            }),
            _ => None,
        }
    }

    /// What is right for a case, given what was seen of the parts before.
    fn right_given(&self, case: &Record, observed: &Record) -> Option<Record> {
        match self.part {
            Some(_) => self.predict(&Slip::Edits(Vec::new()), case, &Inputs::new(case), Some(observed)),
            None => right_of(self.check, case),
        }
    }

    /// Cases of another seed that have not been asked.
    fn fresh_cases(&self, seed: u64) -> Vec<Record> {
        let cases = if self.is_slow || self.check.fetched.is_some() {
            Vec::new()
        } else {
            self.check.cases(seed).unwrap_or_default()
        };
        let is_new = |case: &Record| !self.seen.iter().any(|(other, _)| is_same_case(other, case));
        cases.into_iter().filter(is_new).filter(|case| right_of(self.check, case).is_some()).take(MAX_MORE).collect()
    }

    /// How many bits of what was seen differ from what is right, at a low estimate: a number with many digits counts 20,
    /// one that could be guessed hardly more than a truth value.
    fn evidence(&self, seen: &Answered, right: &[Record]) -> f64 {
        let mut known: Vec<f64> = Vec::new();
        let mut bits = 0.0;
        let all_digits = (-self.tolerance.relative.log2() - 4.0).min(20.0);
        for ((_, observed), right) in seen.iter().zip(right) {
            for (name, right) in right.parts() {
                let Some(observed) = observed.get(name) else { continue };
                if same(right, observed, self.tolerance) {
                    continue;
                }
                let (right, observed) = (numbers(right), numbers(observed));
                for (index, number) in observed.iter().enumerate() {
                    let (relative, absolute) = (self.tolerance.relative, self.tolerance.absolute);
                    let is_near = |right: &f64| (right - number).abs() <= relative * number.abs() + absolute;
                    if right.get(index).is_some_and(is_near) {
                        continue;
                    }
                    let rest = |unit: f64| (number * unit - (number * unit).round()).abs();
                    let has_digits = |unit: f64| rest(unit) > (relative * (number * unit).abs()).max(1e-6);
                    bits += match number {
                        _ if index > 0 && known.contains(&number.abs()) => 0.5,
                        // What is NaN may be so for many reasons.
                        _ if !number.is_finite() || *number == 0.0 => 0.5,
                        _ if known.contains(&number.abs()) || !has_digits(1.0) => 2.0,
                        _ if !has_digits(100.0) => 6.0,
                        _ => all_digits,
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

    /// The part that is explained.
    fn focus(&self) -> &str {
        self.part.as_ref().map_or("", |part| &part.name)
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
            [one] => format!("Your `{one}` {} what", is_or_are(one)),
            [] => "Your result is what".to_owned(),
            few if few.len() <= 4 => format!("Your {} are what", listed(few)),
            [one, ..] => format!("Your `{one}`, with the other parts that are wrong, {} what", is_or_are(one)),
        }
    }
}

/// The parts of a wrong result, by what is wrong with them.
struct Chain<'a> {
    /// Wrong by themselves: a search for each.
    own: Vec<Search<'a>>,
    /// What follows from these as it should.
    following: Vec<String>,
}

impl Chain<'_> {
    /// What is told if at least one part is explained by itself.
    fn explained(
        &self,
        edits: &[(Edit, usize)],
        open: &[Open],
        trace: &[formula::Step],
        more: &mut More<'_, '_>,
    ) -> Option<Explanation> {
        if self.own.len() > MAX_OWN || (self.own.len() < 2 && self.following.is_empty()) {
            return None;
        }
        let max_work = MAX_WORK - WORK_FOR_TWO / 2;
        let (mut ids, mut says, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for search in &self.own {
            match search.one_slip(edits, open, trace, max_work, more) {
                Some(found) => {
                    ids.push(found.id);
                    says.push(found.says);
                }
                None => left.push(search.focus()),
            }
        }
        if ids.is_empty() {
            return None;
        }
        if !left.is_empty() {
            let are = if left.len() == 1 { "is" } else { "are" };
            says.push(format!("{} {are} wrong as well.", listed(&left)));
        }
        if !self.following.is_empty() {
            says.push(format!("{}.", self.what_follows()));
        }
        Some(Explanation { id: ids.join("+"), says: says.join(" "), is_all: true })
    }

    fn what_follows(&self) -> String {
        let from = if self.own.len() == 1 { " from it" } else { "" };
        match &*self.following {
            [one] => format!("`{one}` follows correctly{from}"),
            several => format!("{} follow correctly{from}", listed(several)),
        }
    }
}

/// If more parts are wrong by themselves, there is no chain to speak of.
const MAX_OWN: usize = 3;

/// So many straight lines lead to a constant, or there is none.
const MAX_LINES: usize = 7;

/// The verb after the name of a part of a result: `weights` are many, `bias` and `loss` are one.
pub(crate) fn is_or_are(name: &str) -> &'static str {
    let is_singular = !name.ends_with('s') || ["ss", "as", "is", "us"].iter().any(|end| name.ends_with(end));
    if is_singular { "is" } else { "are" }
}

/// Whether two cases are one. As bytes, because NaN is not equal to itself.
pub(crate) fn is_same_case(one: &Record, other: &Record) -> bool {
    one.pack() == other.pack()
}

/// Names in a sentence.
pub(crate) fn listed(names: &[impl AsRef<str>]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{}`", name.as_ref())).collect();
    match &*names {
        [rest @ .., one, last] => {
            let rest: String = rest.iter().map(|name| format!("{name}, ")).collect();
            format!("{rest}{one} and {last}")
        }
        names => names.concat(),
    }
}

/// What is right for a case; `None` where that is no result.
fn right_of(check: &Check, case: &Record) -> Option<Record> {
    match &check.expectation {
        Expectation::Equals(rule, _) => match rule(case) {
            Prediction::Is(record) => Some(record),
            Prediction::Panics => None,
        },
        Expectation::Satisfies(_) => None,
    }
}

/// So many explanations are compared with each other; the best come first.
const MAX_COMPARED: usize = 12;

/// Whether everything that was predicted was observed.
pub(crate) fn agree(predicted: &Record, observed: &Record, tolerance: Tolerance) -> bool {
    predicted.parts().all(|(name, value)| observed.get(name).is_some_and(|seen| same(value, seen, tolerance)))
}

/// How many bits it takes to say which of all these answers are wrong.
fn bits_of_wrong_answers<'a>(answers: impl Iterator<Item = (&'a (Record, Record), &'a Record)>) -> f64 {
    let (mut n_all, mut n_wrong) = (0, 0);
    for ((_, observed), right) in answers {
        for (right, observed) in right.parts().filter_map(|(name, right)| Some((right, observed.get(name)?))) {
            let (right, observed) = (numbers(right), numbers(observed));
            n_all += right.len();
            n_wrong += right.iter().zip(&observed).filter(|(right, observed)| right != observed).count();
        }
    }
    // The logarithm of n over k.
    (0..n_wrong.min(n_all - n_wrong)).map(|k| ((n_all - k) as f64 / (k + 1) as f64).log2()).sum()
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
    use std::{ops::Range, thread};

    use rand::RngExt;

    use super::*;
    use crate::{
        condition, draw,
        formula::{Aggregate, Num, Over},
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
        let by_tests = by_formula.or_else(|| by_tests(check, &seen, &mut more, SEED));
        let by_twist = by_tests.or_else(|| by_twist(check, &seen, &mut more, SEED));
        let by_chain = by_twist.or_else(|| by_chain(check, &seen));
        let behaviour = by_chain.or_else(|| experiment::behaviour(check, &seen, &mut more, SEED));
        behaviour.or_else(|| condition::of_wrong_inputs(check, &seen, &mut more, SEED))
    }

    /// What is said where the code is the formula `wrong`.
    fn said<O: Into<formula::Outputs>>(check: &Check, wrong: impl Fn(&Formula) -> O) -> Explanation {
        let mut code =
            |case: &Record| wrong(&Formula::new(&Inputs::new(case), Vec::new(), false)).into().record().unwrap();
        said_of(check, &mut code).expect("there is an explanation")
    }

    #[test]
    fn a_count_does_not_become_negative() {
        let check = Check::new("sums", "sums", "", 1)
            .on(|draw| {
                let drawn = draw::number(draw, 2.0);
                [3_usize, 0, 2].map(|n| Record::new().with("n", n).with("x", drawn)).to_vec()
            })
            .expects(|c| (0..c.count("n")).map(|_| c.float("x")).sum::<f64>());
        let mut code = |c: &Record| Record::from((1..c.count("n")).map(|_| c.float("x")).sum::<f64>());
        assert_eq!(said_of(&check, &mut code).unwrap().id, "edit:one_less:n");
    }

    #[test]
    fn a_test_that_is_left_out_or_comes_at_another_time_is_told() {
        let answer = |result: Result<(), &str>| Record::new().with("error", result.err().unwrap_or("none").to_owned());
        let check = Check::new("age", "age", "", 1)
            .on(|draw| {
                let drawn = 200 + draw::count(draw, 90);
                [(30, 'a'), (drawn, 'a'), (30, '?'), (drawn, '?')]
                    .map(|(age, name)| Record::new().with("age", age).with("name", name.to_string()))
                    .to_vec()
            })
            .tests(|c, tests| {
                let name_is_wrong = || tests.refuse(c.text("name") == "?", "there is no name", "NoName");
                let result = tests.refuse(c.count("age") > 150, "somebody is too old", "TooOld");
                Record::new().with("error", result.and_then(|()| name_is_wrong()).err().unwrap_or("none".to_owned()))
            });
        let (is_old, is_unnamed) = (|c: &Record| c.count("age") > 150, |c: &Record| c.text("name") == "?");
        let told = |code: &mut dyn FnMut(&Record) -> Record| said_of(&check, code).expect("there is an explanation");
        let untested = told(&mut |c| answer(if is_old(c) { Err("TooOld") } else { Ok(()) }));
        assert_eq!(untested.id, "edit:untested:NoName");
        assert_eq!(
            untested.says,
            "Your `error` is what comes out if the code does not test whether there is no name (`NoName`)."
        );
        let before = told(&mut |c| {
            answer(if is_unnamed(c) {
                Err("NoName")
            } else if is_old(c) {
                Err("TooOld")
            } else {
                Ok(())
            })
        });
        assert_eq!(before.id, "edit:after:TooOld:NoName");
        let exchanged = told(&mut |c| answer(if is_old(c) || is_unnamed(c) { Err("NoName") } else { Ok(()) }));
        assert_eq!(exchanged.id, "edit:error:NoName_for_TooOld");
    }

    #[test]
    fn what_is_always_0_is_not_said_to_be_rounded() {
        let check = Check::new("clip", "clip", "", 1)
            .on(|draw| {
                let case = |norm: f64| Record::new().with("norm", norm).with("max", 1.0);
                [0.5, 1.5, 2.5].map(|norm| case(norm).with("g", draw::vector(draw, 3, 2.0))).to_vec()
            })
            .computes(|f| {
                let (norm, max) = (f.input("norm"), f.input("max"));
                f.input("g") * norm.above(&max).choose(&(&max / &norm), &f.number(1.0)).named("factor")
            });
        let told = said_of(&check, &mut |c| {
            let factor = if c.float("norm") > 1.0 { 0.0 } else { 1.0 };
            (c.vector("g").to_owned() * factor).into()
        });
        let told = told.expect("there is an explanation").says;
        assert!(!told.contains("floor") && !told.contains("round"), "{told}");
    }

    #[test]
    fn another_error_is_not_explained_with_other_numbers() {
        let loaded = |c: &Record, result: Result<(), String>| {
            let start = draw::vector(&mut probe::generator(c.count("seed") as u64), 6, 1.0);
            let value = if result.is_ok() { c.matrix("x").flatten().to_owned() } else { start };
            Record::new().with("error", result.err().unwrap_or("none".to_owned())).with("value", value)
        };
        let check = Check::new("load", "load", "", 1)
            .on(|draw| {
                let case = |seed: usize| Record::new().with("seed", seed).with("x", draw::matrix(draw, (2, 3), 1.0));
                (0..3).map(case).collect()
            })
            .tests(move |c, tests| {
                loaded(c, tests.refuse(c.matrix("x").nrows() != 2, "there are other rows", "WrongShape"))
            });
        let told = said_of(&check, &mut |c| loaded(c, Err("WrongShape".to_owned())));
        assert!(told.as_ref().is_none_or(|told| !told.id.starts_with("edit:")), "{told:?}");
    }

    #[test]
    fn one_slip_is_told() {
        let e = |f: &Formula| f.input("y_pred") - f.input("y_true");
        let told = said(&mean_squared_error(), |f| e(f).square().mean() / f.input("y_true").rows());
        assert_eq!(
            told.says,
            "Your result is what comes out if `mean(e²)` is divided by `y_true.nrows()`, although a mean is taken already."
        );
        let told = said(&mean_squared_error(), |f| e(f).abs().mean());
        assert_eq!(told.id, "edit:function:abs_for_square");
        let told = said(&mean_squared_error(), |f| e(f).square().sum() / f.input("y_true").rows());
        assert_eq!(
            told.says,
            "Your result is what comes out if the sum of `e²` is divided by the number of rows instead of \
             the number of entries."
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
    fn slips_of_classifiers_and_networks_are_told() {
        // The slope of the other function.
        let tanh = Check::new("tanh", "tanh", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect());
        let tanh = tanh.computes(|f| {
            let a = f.input("x").tanh().named("a");
            f.input("w") * (1.0 - a.square()).named("slope")
        });
        let told = said(&tanh, |f| {
            let a = f.input("x").tanh();
            f.input("w") * (&a * (1.0 - &a))
        });
        assert_eq!(told.id, "edit:slope:sigmoid_for_tanh", "{}", told.says);

        // Softmax twice.
        let told = said(&softmax(), |f| {
            let softmax = |z: &Num| z.exp() / z.exp().aggregate(Aggregate::Sum, Over::Row);
            softmax(&softmax(&f.input("z")))
        });
        assert_eq!(told.says, "Your result is what comes out if softmax is applied twice.");

        // Smoothed labels.
        let losses = Check::new("loss", "loss", "", 1).on(|draw| {
            let case = |draw: &mut probe::Generator| Record::new().with("z", draw::matrix(draw, (3, 4), 2.0));
            (0..3).map(|_| case(draw).with("labels", vec![2_usize, 0, 1])).collect()
        });
        let losses = losses.computes(|f| -f.input("z").pick(&f.input("labels")).mean());
        let told = said(&losses, |f| {
            let z = f.input("z");
            -(0.9 * z.pick(&f.input("labels")).mean() + 0.1 * z.mean())
        });
        assert!(told.id == "edit:smoothed_labels" && told.says.contains("0.1"), "{told:?}");

        // One sample for all, and the size of something else.
        let gradient = Check::new("gradient", "gradient", "", 1).on(|draw| {
            let case = |draw: &mut probe::Generator| Record::new().with("x", draw::matrix(draw, (3, 5), 2.0));
            (0..3).map(|_| case(draw).with("dz", draw::matrix(draw, (3, 2), 2.0))).collect()
        });
        let gradient = gradient
            .computes(|f| [("dw", f.input("x").t().dot(&f.input("dz"))), ("loss", f.input("dz").square().mean())]);
        let told = said(&gradient, |f| {
            let (x, dz) = (f.input("x"), f.input("dz"));
            [("dw", x.row(2).outer(&dz.row(2))), ("loss", dz.square().sum() / x.count())]
        });
        assert!(told.says.contains("only the last sample of `xᵀ·dz` counts"), "{}", told.says);
        assert!(told.says.contains("the sum is divided by `x.len()` instead of the count"), "{}", told.says);
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
    fn the_first_part_that_is_wrong_is_told_and_what_follows_from_it() {
        let rest = |f: &Formula, z: Num| {
            let a = z.sigmoid();
            let dz = 2.0 * (&a - f.input("y")) * (&a * (1.0 - &a));
            [("z", z), ("a", a), ("dw", &dz * f.input("x")), ("db", dz)]
        };
        // No slip: nobody knows where this comes from.
        let told = said(&neuron(), |f| rest(f, (f.input("w") * 3.7 + f.input("b") * f.input("x")).cos()));
        assert_eq!(told.id, "seen:first:z");
        assert_eq!(told.says, "`z` is the first wrong result; `a`, `db` and `dw` follow correctly from it.");

        // A slip in each of two parts: each is explained by itself.
        let told = said(&neuron(), |f| {
            let [z, a, dw, db] = rest(f, f.input("w") * f.input("x"));
            [z, a, (dw.0, -dw.1), db]
        });
        assert!(told.id.contains("leave_out:b"), "{told:?}");
        assert!(told.says.contains("Your `z` is what comes out if `b` is left out"), "{}", told.says);
        assert!(told.says.contains("Your `dw` is what comes out if"), "{}", told.says);
        assert!(told.says.ends_with("`a` and `db` follow correctly."), "{}", told.says);
    }

    #[test]
    fn what_is_computed_for_two_quantities_is_said_of_none() {
        let parts = |f: &Formula, loss: fn(&Num) -> Num| {
            let one = loss(&(f.input("x") - f.input("y"))).named("one");
            let two = loss(&(f.input("w") - f.input("y"))).named("two");
            [("one", one), ("two", two)]
        };
        let check = Check::new("losses", "losses", "", 1)
            .on(|draw| (0..3).map(|_| neuron_case(draw)).collect())
            .computes(move |f| parts(f, Num::abs));
        let told = said(&check, |f| parts(f, Num::square));
        assert_eq!(
            told.says,
            "Your `one` and `two` are what comes out if the square is used instead of the absolute value."
        );
        // As in every layer.
        let layers = |f: &Formula, activation: fn(&Num) -> Num| {
            let layer = |a: Num, w: &str| activation(&(a * f.input(w) + f.input("b")));
            layer(layer(f.input("x"), "w"), "y")
        };
        let check = Check::new("layers", "layers", "", 1)
            .on(|draw| (0..3).map(|_| neuron_case(draw)).collect())
            .computes(move |f| layers(f, Num::tanh));
        assert_eq!(
            said(&check, |f| layers(f, Num::clone)).says,
            "Your result is what comes out if `tanh` is left out of `tanh(tanh(x * w + b) * y + b)`, and likewise for \
             `tanh(x * w + b)`."
        );
    }

    #[test]
    fn of_a_quantity_that_is_used_twice_the_use_is_told() {
        let check = Check::new("sums", "sums", "", 1)
            .on(|draw| (0..3).map(|_| neuron_case(draw)).collect())
            .computes(|f| f.input("x") * f.input("w") + f.input("w"));
        assert_eq!(
            said(&check, |f| f.input("x") * f.input("w") + f.input("x")).says,
            "Your result is what comes out if `x * w + x` is used instead of `x * w + w`."
        );
    }

    #[test]
    fn what_is_always_2_is_no_size() {
        let told = |sizes: [usize; 2]| {
            let check = Check::new("sums", "sums", "", 1)
                .on(move |draw| sizes.map(|n| Record::new().with("x", draw::vector(draw, n, 2.0))).to_vec())
                .computes(|f| f.input("x").square());
            said(&check, |f| f.input("x").square() * f.input("x").count()).id
        };
        assert_eq!(told([3, 4]), "edit:multiplied:entries_of_x");
        assert_eq!(told([2, 2]), "edit:times_2:x²");
    }

    #[test]
    fn parts_in_another_order_are_told_also_where_there_are_more_in_other_cases() {
        let parts = |c: &Record, reversed: bool| {
            let n = c.count("n");
            let value = |k: usize| if reversed { n - 1 - k } else { k };
            (0..n).fold(Record::new(), |result, k| {
                result.with(&format!("part {k}"), c.float("x") * (value(k) + 1) as f64)
            })
        };
        let check = Check::new("parts", "parts", "", 1)
            .on(|draw| [3_usize, 4].map(|n| neuron_case(draw).with("n", n)).to_vec())
            .expects(move |c| parts(c, false));
        let told = said_of(&check, &mut |c| parts(c, true)).unwrap();
        let says = "Your `part 0` is what `part 2` should be, and so on: all values are there, in another order.";
        assert_eq!((&*told.id, &*told.says), ("seen:other_order", says));
    }

    #[test]
    fn two_ways_to_change_one_part_are_one_where_the_parts_before_are_given() {
        let square = |f: &Formula| (f.input("w") * f.input("x") + f.input("b")).named("z");
        let check = Check::new("square", "square", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect());
        let check = check.computes(move |f| {
            let slope = (2.0 * square(f)).named("slope");
            [("slope", slope.clone()), ("along_w", &slope * f.input("x")), ("along_x", slope * f.input("w"))]
        });
        let told = said(&check, |f| ["slope", "along_w", "along_x"].map(|name| (name, 2.0 * square(f))));
        assert!(told.says.contains("Your `along_w` is what comes out if `x` is left out of"), "{}", told.says);
        assert!(!told.says.contains("either"), "{}", told.says);
    }

    #[test]
    fn a_constant_is_recognised() {
        let e = |f: &Formula| f.input("y_pred") - f.input("y_true");
        let told = said(&mean_squared_error(), |f| 0.3 * e(f).square().mean());
        assert!(told.says.contains("0.3"), "{}", told.says);
        let told = said(&mean_squared_error(), |f| std::f64::consts::LN_2 * e(f).square().mean());
        assert!(told.says.contains("ln(2)"), "{}", told.says);
        let told = said(&neuron(), |f| {
            let z = f.input("w") * f.input("x") + 0.7;
            let a = z.sigmoid();
            let dz = 2.0 * (&a - f.input("y")) * (&a * (1.0 - &a));
            [("z", z), ("a", a), ("dw", &dz * f.input("x")), ("db", dz)]
        });
        assert!(told.says.contains("`b` is 0.7"), "{}", told.says);
        let told = said(&momentum(), |f| {
            let (mut theta, gradients) = (f.input("start"), f.input("gradients"));
            let mut v = f.number(0.0);
            let mut path = Vec::new();
            for step in 0..gradients.n_entries() {
                v = 0.9 * &v + gradients.at(step);
                theta = &theta - f.input("rate") * &v;
                path.push(theta.clone());
            }
            f.vector(&path)
        });
        assert!(told.says.contains("`beta` is 0.9"), "{}", told.says);
        // Where the reference is a closure, its inputs and its result.
        let line = || {
            let check = Check::new("line", "line", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect());
            check.expects(|c| c.float("w") * c.float("x") + c.float("b").sin())
        };
        let told =
            said_of(&line(), &mut |c| (0.3 * (c.float("w") * c.float("x") + c.float("b").sin())).into()).unwrap();
        assert_eq!(told.says, "Your result is what comes out if the right result is multiplied by 0.3.");
        let told = said_of(&line(), &mut |c| (c.float("w") * 2.5 + c.float("b").sin()).into()).unwrap();
        assert_eq!(told.says, "Your result is what comes out if `x` is 2.5.");
        // 1 divided by a whole number; and a number that is not a factor, where results are computed in `f32`.
        let told =
            said_of(&line(), &mut |c| ((c.float("w") * c.float("x") + c.float("b").sin()) / 16.0).into()).unwrap();
        assert_eq!(told.says, "Your result is what comes out if the right result is multiplied by 1/16.");
        let curve = Check::new("curve", "curve", "", 1).on(|draw| (0..9).map(|_| neuron_case(draw)).collect());
        let curve = curve
            .computes(|f| [("z", f.input("x") + f.input("y")), ("a", f.input("x") * f.input("w") + f.input("b"))])
            .within(Tolerance { relative: 1e-4, absolute: 1e-5 });
        let told = said_of(&curve, &mut |c| {
            let (x, y, b) = (c.float("x"), c.float("y"), c.float("b"));
            let narrow = |number: f64| f64::from(number as f32);
            Record::new().with("z", narrow(x + y)).with("a", narrow(0.45 * x + b))
        });
        assert_eq!(told.unwrap().says, "Your `a` is what comes out if `w` is 0.45.");
        // A constant that nobody writes is none.
        let told = said_of(&line(), &mut |c| (0.312_345 * (c.float("w") * c.float("x") + c.float("b").sin())).into());
        assert!(told.is_none_or(|told| !told.id.starts_with("edit:")));
    }

    #[test]
    fn how_code_behaves_is_told() {
        let rows = |right: fn(&Record, usize) -> f64| {
            let check = Check::new("rows", "rows", "", 1);
            let check = check.on(|draw| vec![Record::new().with("x", draw::matrix(draw, (5, 3), 2.0))]);
            check
                .expects(move |c| (0..c.matrix("x").nrows()).map(|row| right(c, row)).collect::<ndarray::Array1<f64>>())
        };
        let check = rows(|c, row| c.matrix("x").row(row).sum().sin());
        // The first sample is all that it sees.
        let first =
            |c: &Record| c.matrix("x").row(0).sum().sin() * 1.1 + c.matrix("x").row(c.matrix("x").nrows() - 1).sum();
        let told = said_of(&check, &mut |c| {
            if c.matrix("x").nrows() == 1 {
                return ndarray::arr1(&[c.matrix("x").row(0).sum().sin()]).into();
            }
            (0..5).map(|row| first(c) + row as f64 / 7.0).collect::<ndarray::Array1<f64>>().into()
        });
        assert_eq!(told.unwrap().id, "seen:right_for_one_row");
        // Of a table of classes, one row is no sample.
        let table = Check::new("table", "table", "", 1)
            .on(|draw| vec![Record::new().with("table", draw::matrix(draw, (3, 3), 2.0))])
            .expects(|c| c.matrix("table").row(0).mapv(f64::sin).sum());
        let told = said_of(&table, &mut |c| c.matrix("table").mapv(f64::sin).sum().into());
        assert!(told.is_none_or(|told| told.id != "seen:right_for_one_row"));
        // Two rows are right, the others are not.
        let told = said_of(&check, &mut |c| {
            let of_row = |row: usize| c.matrix("x").row(row).sum().sin() + if row < 2 { 0.0 } else { first(c).cos() };
            (0..c.matrix("x").nrows()).map(of_row).collect::<ndarray::Array1<f64>>().into()
        });
        assert_eq!(told.unwrap().id, "seen:first_right:2");
        // Right for one step; and a training that gets nowhere.
        let decay = Check::new("decay", "decay", "", 1).on(|draw| {
            [3_usize, 4].map(|steps| Record::new().with("x", draw::number(draw, 2.0)).with("steps", steps)).to_vec()
        });
        let path = |c: &Record, by: f64| -> ndarray::Array1<f64> {
            (0..c.count("steps")).map(|step| c.float("x") * by.powi(step as i32)).collect()
        };
        let decay = decay.expects(move |c| path(c, 0.7).sum().sin());
        let told = said_of(&decay, &mut |c| {
            let off = if c.count("steps") > 1 { c.float("x").cos() / 7.0 } else { 0.0 };
            (path(c, 0.7).sum().sin() + off).into()
        });
        assert_eq!(told.unwrap().id, "seen:right_once:steps");
        let told = said_of(&decay.expects(move |c| path(c, 0.7)), &mut |c| path(&c.clone(), 1.0).mapv(f64::exp).into());
        assert_eq!(told.unwrap().id, "seen:all_equal");
        // Fractions that are cut off.
        let shares = Check::new("shares", "shares", "", 1)
            .on(|_| [(2, 7), (7, 7), (5, 6)].map(|(n, of)| Record::new().with("n", n).with("of", of)).to_vec());
        let shares = shares.expects(|c| c.count("n") as f64 / c.count("of") as f64);
        let told = said_of(&shares, &mut |c| ((c.count("n") / c.count("of")) as f64).into());
        assert_eq!(told.unwrap().id, "seen:all_whole");
        // Zeros: many slips come to that, and where probabilities belong it is no division of whole numbers.
        let told = said_of(&softmax(), &mut |_| ndarray::Array2::<f64>::zeros((3, 4)).into()).unwrap();
        assert_eq!(told.says, "For all inputs, every number in your result is 0.");
        // Parameters that stay as they are.
        let step = Check::new("step", "step", "", 1)
            .on(|draw| (0..3).map(|_| neuron_case(draw)).collect())
            .computes(|f| [("w", f.input("w") - 0.1 * f.input("x")), ("b", f.input("b") - 0.1)]);
        let same = |c: &Record| Record::new().with("w", c.float("w")).with("b", c.float("b"));
        assert_eq!(said_of(&step, &mut |c| same(c)).unwrap().says, "Your `w` and `b` have not changed.");
        // A truth value that is always the same.
        let signs = Check::new("signs", "signs", "", 1)
            .on(|draw| (0..9).map(|_| neuron_case(draw)).collect())
            .computes(|f| f.input("x").above(&f.input("y")));
        assert_eq!(said_of(&signs, &mut |_| true.into()).unwrap().says, "For all inputs your result is true.");
        // Parts in each other's place, and one that is returned twice.
        let parts =
            |step: [(&'static str, Num); 2], order: [usize; 2]| [0, 1].map(|i| (step[i].0, step[order[i]].1.clone()));
        let right = |f: &Formula| [("w", f.input("w") - 0.1 * f.input("x")), ("b", f.input("b").sin() * f.input("y"))];
        let step =
            Check::new("step", "step", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect()).computes(right);
        let told = said(&step, |f| parts(right(f), [1, 0]));
        assert_eq!(told.says, "Your `w` and `b` are swapped: each is what the other should be.");
        let told = said(&step, |f| parts(right(f), [0, 0]));
        assert_eq!(told.says, "Your `b` is what `w` should be.");
        // Right the first time only.
        let line = Check::new("line", "line", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect());
        let line = line.expects(|c| c.float("w") * c.float("x"));
        let mut calls = 0;
        let told = said_of(&line, &mut |c| {
            calls += 1;
            (c.float("w") * c.float("x") + if calls == 1 { 0.0 } else { c.float("b").cos() * c.float("y").exp() })
                .into()
        });
        assert_eq!(told.unwrap().id, "seen:right_once");
    }

    #[test]
    fn a_fixed_input_with_nan_is_fixed() {
        let check = Check::new("text", "text", "", 1)
            .on(|draw| [f64::NAN, 0.5, draw::number(draw, 1.0)].map(|x| Record::new().with("x", x)).to_vec())
            .expects(|c| if c.float("x") == 0.5 { "half".to_owned() } else { "other".to_owned() });
        // Right for the second input only: one of the fixed ones is wrong.
        let told = said_of(&check, &mut |c| if c.float("x") == 0.5 { "half" } else { "?" }.to_owned().into());
        assert!(told.is_none_or(|told| told.id != "seen:right_for_the_example"));
        let told = said_of(&check, &mut |c| match c.float("x") {
            x if x.is_nan() => "other".to_owned().into(),
            x => if x == 0.5 { "half" } else { "?" }.to_owned().into(),
        });
        assert_eq!(told.expect("the behaviour is told").id, "seen:right_for_the_example");
    }

    /// What a learner waits for: however long a formula is, the work that is spent on it is bounded.
    #[test]
    fn a_search_that_finds_nothing_comes_to_an_end() {
        for check in [mean_squared_error(), neuron(), momentum(), softmax()] {
            let mut noise = probe::generator(3);
            let mut code = |case: &Record| {
                let Some(Prediction::Is(right)) = check.expected(0, case) else { unreachable!() };
                let mut wrong = |right: f64| right + noise.random_range(0.1..0.9);
                right.parts().fold(Record::new(), |record, (name, value)| match value {
                    Value::Array { shape, data } => {
                        let data = data.iter().map(|right| wrong(*right)).collect();
                        record.with(name, Value::Array { shape: shape.clone(), data })
                    }
                    value => record.with(name, wrong(numbers(value)[0])),
                })
            };
            let seen: Vec<_> = check.cases(SEED).unwrap().into_iter().map(|case| (case.clone(), code(&case))).collect();
            let (work, started) = (Cell::new(0), experiment::Stopwatch::start());
            let mut more = More { ask: &mut |_| Vec::new(), seed: SEED };
            assert!(slip_in_formula(&check, &seen, &mut more, &work).is_none());
            let (work, took) = (work.get(), started.elapsed());
            println!("{}: {work} steps in {took:?}", check.id);
            assert!(work <= MAX_WORK + 2_000, "{}: {work} steps", check.id);
        }
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

    #[test]
    fn another_order_of_axes_a_first_part_exchanged_inputs_and_a_count_without_effect_are_told() {
        let result = |image: &ndarray::ArrayD<f64>, [down, right]: [f64; 2], padding: usize| {
            // Every number has a weight of its own, by its place.
            let weighted = image.iter().zip(1..).map(|(pixel, place)| pixel * f64::from(place)).sum::<f64>();
            Record::from(weighted + down - 2.0 * right + padding as f64 * down.sin())
        };
        let image = |c: &Record| match c.get("image") {
            Some(Value::Array { shape, data }) => ndarray::ArrayD::from_shape_vec(&shape[..], data.clone()).unwrap(),
            other => panic!("the image is {other:?}"),
        };
        let moves = |c: &Record| [c.float("down"), c.float("right")];
        let check = Check::new("image", "image", "", 1)
            .on(|draw| {
                [1_usize, 3, 2]
                    .map(|padding| {
                        let pixels = draw::vector(draw, 24, 2.0).into_shape_with_order((2, 3, 4)).unwrap();
                        let case = Record::new().with("image", pixels).with("padding", padding);
                        case.with("down", draw::number(draw, 2.0)).with("right", draw::number(draw, 2.0))
                    })
                    .to_vec()
            })
            .expects(move |c| result(&image(c), moves(c), c.count("padding")));
        let told = |seen: &mut dyn FnMut(&Record) -> Record| said_of(&check, seen).expect("the slip is found");
        let swapped = told(&mut |c| result(&image(c).permuted_axes(&[0, 2, 1][..]), moves(c), c.count("padding")));
        assert_eq!(swapped.id, "edit:axes_021:image", "{}", swapped.says);
        let first = told(&mut |c| {
            let mut image = image(c);
            image.index_axis_mut(ndarray::Axis(0), 1).fill(0.0);
            result(&image, moves(c), c.count("padding"))
        });
        assert_eq!(first.id, "edit:only_first_0:image", "{}", first.says);
        let exchanged = told(&mut |c| {
            let [down, right] = moves(c);
            result(&image(c), [right, down], c.count("padding"))
        });
        assert_eq!(exchanged.id, "edit:exchanged:down:right", "{}", exchanged.says);
        let ignored = told(&mut |c| result(&image(c), moves(c), 0));
        assert_eq!(ignored.id, "edit:constant:padding", "{}", ignored.says);
    }

    #[test]
    fn another_size_a_quantity_in_one_term_and_a_division_elsewhere_are_told() {
        let on = |formula: fn(&Formula) -> Num| {
            let drawn = |draw: &mut probe::Generator, shape| {
                let case =
                    Record::new().with("z", draw::matrix(draw, shape, 2.0)).with("t", 2.0 + draw::number(draw, 1.0));
                case.with("w", draw::vector(draw, 5, 2.0))
            };
            let check = Check::new("it", "it", "", 1).on(move |draw| vec![drawn(draw, (2, 3)), drawn(draw, (4, 3))]);
            check.computes(formula)
        };
        let told =
            said(&on(|f| f.input("z").exp() / f.input("z").rows()), |f| f.input("z").exp() / f.input("w").count());
        assert_eq!(told.says, "Your result is what comes out if `w.len()`, here 5, is used instead of `z.nrows()`.");

        let product = |z: Num, t: Num, other: Num| {
            let gate = (&t * &z).sigmoid().named("gate");
            let slope = (other.clone() * &z).sigmoid();
            gate + z * (other * (&slope * (1.0 - &slope)))
        };
        let right = on(|f| {
            let (z, t) = (f.input("z"), f.input("t"));
            let gate = (&t * &z).sigmoid().named("gate");
            &gate + z * (t * (&gate * (1.0 - &gate)))
        });
        let told = said(&right, |f| product(f.input("z"), f.input("t"), f.number(1.0)));
        assert_eq!(told.says, "Your result is what comes out if `t` is 1 in `t * gate * (1 - gate)`.");

        let softmax = |z: Num| {
            let exponentials = z.exp().named("exponentials");
            &exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)
        };
        let check = on(|f| {
            let exponentials = (f.input("z") / f.input("t")).named("scores").exp().named("exponentials");
            &exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)
        });
        let told = said(&check, |f| softmax(f.input("z")) / f.input("t"));
        assert!(told.says.contains("`t` is left out of `z / t`, and "), "{}", told.says);
        assert!(told.says.ends_with("is divided by `t`."), "{}", told.says);
    }

    #[test]
    fn a_counter_that_is_one_off_and_a_factor_inside_are_told() {
        let drawn = |draw: &mut probe::Generator| Record::new().with("x", draw::vector(draw, 4, 2.0)).with("b", 0.9);
        let means = |f: &Formula, by: f64| {
            let mut all = Vec::new();
            for step in 1..=4 {
                let t = f.number(f64::from(step) + by).named("t");
                all.push(f.input("x").at(step as usize - 1) / (1.0 - f.input("b").power(&t)));
            }
            f.vector(&all)
        };
        let check = Check::new("means", "means", "", 1).on(move |draw| vec![drawn(draw)]);
        let told = said(&check.computes(move |f| means(f, 0.0)), |f| means(f, 1.0));
        assert_eq!(told.says, "Your result is what comes out if `t` is one more.");

        let check = Check::new("cubes", "cubes", "", 1).on(move |draw| vec![drawn(draw)]);
        let check = check.computes(|f| f.input("x") + 0.3 * f.input("x").cube());
        let told = said(&check, |f| f.input("x") + (0.3 * f.input("x")).cube());
        assert_eq!(told.says, "Your result is what comes out if `(0.3 * x)³` is used instead of `0.3 * x³`.");
    }

    #[test]
    fn an_input_that_is_changed_for_one_part_only_is_told() {
        let check =
            Check::new("slopes", "slopes", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect()).expects(|c| {
                let along = |w: f64, b: f64| w.sin() * c.float("x") + (w * b).cos();
                let (w, b) = (c.float("w"), c.float("b"));
                Record::new().with("one", along(w, b)).with("two", along(b, w))
            });
        let told = said_of(&check, &mut |c| {
            let along = |w: f64, b: f64| w.sin() * c.float("x") + (w * b).cos();
            let (w, b) = (c.float("w"), c.float("b"));
            Record::new().with("one", along(w, b)).with("two", along(b, w + c.float("y")))
        });
        assert_eq!(told.unwrap().says, "Your `two` is what comes out if `y` is added to `w`.");
    }

    #[test]
    fn another_part_of_an_input_and_a_shift_are_told() {
        let cases = |draw: &mut probe::Generator| {
            let labels = |n: usize| (0..n).map(|i| 7 * i % 4).collect::<Vec<_>>();
            [7, 5].map(|n| Record::new().with("x", draw::matrix(draw, (n, 2), 2.0)).with("labels", labels(n))).to_vec()
        };
        let split = Check::new("split", "split", "", 1).on(cases).expects(|c| c.counts("labels")[..3].to_vec());
        let told = said_of(&split, &mut |c| c.counts("labels")[1..4].to_vec().into()).unwrap();
        assert!(told.says.ends_with("Here your result holds `labels[1..4]`."), "{}", told.says);
        let sums =
            |c: &Record| c.matrix("x").rows().into_iter().map(|row| row.sum().sin()).collect::<ndarray::Array1<f64>>();
        // Of a single entry nothing is ahead.
        let with_one_entry = move |draw: &mut probe::Generator| {
            let one = Record::new().with("x", draw::matrix(draw, (1, 2), 2.0)).with("labels", vec![0_usize]);
            [vec![one], cases(draw)].concat()
        };
        let path = Check::new("path", "path", "", 1).on(with_one_entry).expects(sums);
        let told = said_of(&path, &mut |c| {
            let mut sums = sums(c).to_vec();
            sums.remove(0);
            sums.push(0.0);
            ndarray::Array1::from(sums).into()
        });
        assert_eq!(told.unwrap().says, "Each entry is what the next one should be.");
    }

    #[test]
    fn parts_that_stay_and_counts_without_effect_are_told() {
        let train = |c: &Record, epochs: usize| {
            let mut w = c.float("w");
            let losses: Vec<f64> = (0..epochs)
                .map(|_| {
                    w -= 0.25 * w * c.float("x");
                    w * w
                })
                .collect();
            Record::new().with("w", w).with("b", w.sin()).with("losses", ndarray::Array1::from(losses))
        };
        let check = Check::new("train", "train", "", 1)
            .on(|draw| [3_usize, 2].map(|epochs| neuron_case(draw).with("epochs", epochs)).to_vec())
            .expects(move |c| train(c, c.count("epochs")));
        let told = said_of(&check, &mut |c| train(c, 2 * c.count("epochs").min(1) + 3)).unwrap();
        assert_eq!(told.id, "seen:ignores:epochs", "{}", told.says);
        let told = said_of(&check, &mut |c| {
            let losses = ndarray::Array1::from_elem(c.count("epochs"), c.float("w").powi(2));
            Record::new().with("w", c.float("w")).with("b", c.float("b")).with("losses", losses)
        });
        let says = told.map(|told| told.says).unwrap_or_default();
        assert!(says.ends_with("Your `w` and `b` have not changed."), "{says}");
    }

    #[test]
    fn two_steps_for_each_another_shape_and_many_inputs_without_influence_are_told() {
        let train = |c: &Record, keep: fn(usize) -> bool, steps: usize| {
            let mut w = c.float("w");
            let mut losses = Vec::new();
            for step in 0..steps * c.count("epochs") {
                if keep(step) {
                    losses.push((w - c.float("y")).powi(2) + c.float("x").exp() * c.float("b").cos());
                }
                w -= 0.25 * (w - c.float("y"));
            }
            Record::new().with("w", w).with("losses", ndarray::Array1::from(losses))
        };
        let check = Check::new("train", "train", "", 1)
            .on(|draw| [3_usize, 4].map(|epochs| neuron_case(draw).with("epochs", epochs)).to_vec())
            .expects(move |c| train(c, |_| true, 1));
        let first = said_of(&check, &mut |c| train(c, |step| step % 2 == 0, 2)).unwrap();
        assert_eq!(first.id, "edit:twice:epochs:first", "{}", first.says);
        let second = said_of(&check, &mut |c| train(c, |step| step % 2 == 1, 2)).unwrap();
        let says = "if each of `epochs` is done twice, and only its second result is kept.";
        assert!(second.says.ends_with(says), "{}", second.says);
        let elsewhere = |c: &Record| neuron_case(&mut probe::generator(5)).with("epochs", c.count("epochs"));
        let ignored = said_of(&check, &mut |c| train(&elsewhere(c), |_| true, 1)).unwrap();
        assert_eq!(ignored.id, "seen:ignores:x:w:b:y", "{}", ignored.says);

        let check = Check::new("copy", "copy", "", 1)
            .on(|draw| (0..2).map(|_| Record::new().with("x", draw::matrix(draw, (2, 3), 2.0))).collect())
            .expects(|c| c.matrix("x").mapv(f64::sin));
        let flat = said_of(&check, &mut |c| Record::from(c.matrix("x").mapv(f64::sin).flatten().to_owned())).unwrap();
        assert_eq!(flat.id, "seen:shape", "{}", flat.says);
    }

    #[test]
    fn rounding_to_f32_missing_rows_other_columns_and_several_changed_parts_are_told() {
        let check = Check::new("rows", "rows", "", 1)
            .on(|draw| (0..2).map(|_| Record::new().with("x", draw::matrix(draw, (4, 3), 2.0))).collect())
            .expects(|c| c.matrix("x").mapv(f64::sin));
        let told = |code: fn(ndarray::Array2<f64>) -> ndarray::Array2<f64>| {
            said_of(&check, &mut |c| Record::from(code(c.matrix("x").mapv(f64::sin)))).map(|told| (told.id, told.says))
        };
        let says = |code| told(code).unwrap_or_default().1;
        assert_eq!(told(|y| y.mapv(|y| f64::from(y as f32))).unwrap().0, "seen:single_precision");
        // What is rounded and right is not why a word is wrong.
        let of_two_parts = Check::new("rows", "rows", "", 1)
            .on(|draw| (0..2).map(|_| Record::new().with("x", draw::matrix(draw, (4, 3), 2.0))).collect())
            .expects(|c| Record::new().with("word", "one").with("y", c.matrix("x").mapv(f64::sin)))
            .within(Tolerance::relative(1e-6));
        let rounded = |c: &Record| c.matrix("x").mapv(|x| f64::from(x.sin() as f32));
        let of_word = said_of(&of_two_parts, &mut |c| Record::new().with("word", "two").with("y", rounded(c)));
        assert!(of_word.is_none_or(|told| told.id != "seen:single_precision"));
        assert_eq!(says(|y| y.select(ndarray::Axis(0), &[1, 2, 3])), "Only the first row is missing.");
        assert_eq!(says(|y| y.select(ndarray::Axis(0), &[0, 1, 2])), "Only the last row is missing.");
        let twice = says(|y| y.select(ndarray::Axis(0), &[0, 1, 2, 3, 3]));
        assert_eq!(twice, "There is one row too many, the last.");
        let columns = says(|y| y.select(ndarray::Axis(1), &[2, 0, 1]));
        assert_eq!(columns, "The columns are right, but in the order 2, 0, 1.");

        let check = Check::new("parts", "parts", "", 1)
            .on(|draw| (0..3).map(|_| neuron_case(draw)).collect())
            .expects(|c| ["x", "w", "b"].into_iter().fold(Record::new(), |r, name| r.with(name, c.float(name).exp())));
        let told = said_of(&check, &mut |c| {
            let factors = [("x", 1.0), ("w", -1.0), ("b", -1.0)];
            factors.into_iter().fold(Record::new(), |r, (name, factor)| r.with(name, factor * c.float(name).exp()))
        });
        let says = "Your `w` and `b` are what comes out if each of the right ones has the opposite sign.";
        assert_eq!(told.unwrap().says, says);
    }

    /// A sentence that accuses falsely costs more than none.
    #[test]
    fn random_wrong_results_get_no_sentence() {
        let line = Check::new("line", "line", "", 1).on(|draw| (0..3).map(|_| neuron_case(draw)).collect());
        let line = line.expects(|c| c.float("w") * c.float("x") + c.float("b").sin());
        let quick = [mean_squared_error(), classes(), softmax(), accuracy(), line];
        let slow = [neuron(), momentum()];
        let results = |numbers: Range<usize>| {
            let mut draw = probe::generator(numbers.start as u64 + 15);
            let mut told = Vec::new();
            for number in numbers {
                // A formula with more steps takes longer.
                let check = if number % 50 < 48 { &quick[number % 5] } else { &slow[number % 2] };
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
                let is_true = ["seen:not_repeatable", "seen:right_once"];
                let found = found.filter(|found| !is_true.contains(&&*found.id));
                told.extend(found.map(|found| (check.id, way, found)));
            }
            told
        };
        let told: Vec<_> = thread::scope(|scope| {
            let halves = [0..2_000, 2_000..4_000].map(|half| scope.spawn(|| results(half)));
            halves.into_iter().flat_map(|half| half.join().expect("no search panics")).collect()
        });
        assert!(told.len() <= 20, "{} of 4000: {told:#?}", told.len());
    }

    #[test]
    fn slips_are_found_behind_columns_that_are_taken_apart_and_put_together() {
        let check = Check::new("gates", "gates", "", 1)
            .on(|draw| vec![Record::new().with("z", draw::matrix(draw, (3, 4), 2.0))])
            .computes(|f| {
                let z = f.input("z");
                f.beside(&[z.columns_in(2..4).tanh().named("g"), z.columns_in(0..2).sigmoid().named("i")])
            });
        let mut code = |case: &Record| {
            let z = case.matrix("z");
            Record::from(ndarray::Array2::from_shape_fn((3, 4), |(row, k)| z[[row, (k + 2) % 4]].tanh()))
        };
        assert_eq!(said_of(&check, &mut code).unwrap().id, "edit:function:tanh_for_sigmoid");
    }

    #[test]
    fn a_question_that_is_asked_otherwise_is_told() {
        let check = Check::new("predict", "predict", "", 1)
            .on(|draw| {
                let drawn = draw::vector(draw, 8, 2.0).to_vec();
                let scores = [vec![0.0, 0.25, -1.0, 0.75], drawn].concat();
                vec![Record::new().with("scores", ndarray::Array1::from(scores))]
            })
            .computes(|f| f.input("scores").at_least(&f.number(0.0)).real());
        let told = |class: fn(f64) -> f64| {
            said_of(&check, &mut |case| Record::from(case.vector("scores").mapv(class))).map(|told| told.id)
        };
        // A single tie is enough for this one, and nothing else explains it.
        assert_eq!(told(|z| f64::from(u8::from(z > 0.0))).unwrap(), "edit:operator:greater_for_atleast");
        assert_eq!(told(|z| f64::from(u8::from(z >= 0.5))).unwrap(), "edit:constant:0.5_for_0");
        assert_eq!(told(|z| z).unwrap(), "edit:unasked:scores");
        assert_eq!(told(|z| 1.0 / (1.0 + (-z).exp())).unwrap(), "edit:unasked:sigmoid_scores");
        // Of the fixed numbers one is wrong, as if by chance.
        assert_eq!(told(|z| f64::from(u8::from(z >= 0.0 && z != 0.75))), None);
        let check = Check::new("accuracy", "accuracy", "", 1)
            .on(|draw| {
                let mut classes = || draw::vector(draw, 9, 1.0).mapv(|x| f64::from(u8::from(x > 0.0)));
                let pair = Record::new().with("predictions", classes());
                vec![pair.with("targets", classes())]
            })
            .computes(|f| f.input("predictions").equals(&f.input("targets")).mean());
        let mut ones = |case: &Record| Record::from((&case.vector("predictions") * &case.vector("targets")).mean());
        assert_eq!(said_of(&check, &mut ones).unwrap().id, "edit:operator:and_for_equal");
    }

    #[test]
    fn a_product_left_out_a_slope_too_many_and_the_slope_of_the_square_are_told() {
        let check = |formula: fn(&Formula) -> Num| {
            Check::new("step", "step", "", 1)
                .on(|draw| {
                    let pair = |draw: &mut probe::Generator| ["x", "w"].map(|name| (name, draw::vector(draw, 3, 1.5)));
                    (0..2).map(|_| pair(draw).into_iter().fold(Record::new(), |c, (name, x)| c.with(name, x))).collect()
                })
                .computes(formula)
        };
        let told = |formula, code: &mut dyn FnMut(&Record) -> Record| said_of(&check(formula), code).unwrap();
        let dot = |f: &Formula| f.input("x").dot(&f.input("w"));
        let first =
            told(dot, &mut |c| (c.vector("x").dot(&c.vector("w")) - c.vector("x")[0] * c.vector("w")[0]).into());
        assert_eq!(first.says, "Your result is what comes out if the first product of `x·w` is left out.");
        let error = |f: &Formula| f.input("w") - f.input("x").sigmoid().named("p");
        let slope = told(error, &mut |c| {
            let p = c.vector("x").mapv(|x| 1.0 / (1.0 + (-x).exp()));
            Record::from((&c.vector("w") - &p) * &p * (1.0 - &p))
        });
        assert_eq!(
            slope.says,
            "Your result is what comes out if `w - p` is multiplied by the slope of the sigmoid, a(1 - a)."
        );
        let sign = |f: &Formula| (f.input("x") - f.input("w")).named("e").sign();
        let square = told(sign, &mut |c| Record::from(2.0 * (&c.vector("x") - &c.vector("w"))));
        assert_eq!(square.says, "Your result is what comes out if `2 * e` is used instead of `sign(e)`.");
    }

    #[test]
    fn wrong_slopes_sums_and_squares_are_told() {
        let check = |formula: fn(&Formula) -> Num| {
            Check::new("back", "back", "back", 1)
                .on(|draw| (0..6).map(|_| Record::new().with("z", 0.005 + draw::matrix(draw, (2, 3), 1.5))).collect())
                .computes(formula)
        };
        let id = |formula, code: fn(ndarray::Array2<f64>) -> ndarray::Array2<f64>| {
            said_of(&check(formula), &mut |case| Record::from(code(case.matrix("z").to_owned()))).unwrap().id
        };
        let of_tanh = |f: &Formula| 1.0 - f.input("z").tanh().named("a").square();
        let of_sigmoid = |f: &Formula| {
            let a = f.input("z").sigmoid().named("a");
            &a * (1.0 - &a)
        };
        let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
        assert_eq!(id(of_tanh, |z| z.mapv(|z| 1.0 - z.tanh().tanh().powi(2))), "edit:slope:at_output");
        assert_eq!(id(of_tanh, |z| z.mapv(|z| (1.0 - z.tanh()).powi(2))), "edit:regrouped:1_a_²");
        let twice = check(of_sigmoid);
        let mut code =
            |case: &Record| Record::from(case.matrix("z").mapv(|z| sigmoid(sigmoid(z)) * (1.0 - sigmoid(sigmoid(z)))));
        assert_eq!(said_of(&twice, &mut code).unwrap().id, "edit:slope:at_output");
        let of_relu = |f: &Formula| f.input("z").step() * f.input("z").exp();
        assert_eq!(id(of_relu, |z| z.mapv(f64::exp)), "edit:leave_out:relu_z");
        assert_eq!(id(of_relu, |z| z.mapv(|z| z.signum() * z.exp())), "edit:function:sign_for_slope_of_relu");
        let sums = check(|f| f.input("z").exp().aggregate(Aggregate::Sum, Over::Samples));
        let mut code = |case: &Record| Record::from(case.matrix("z").mapv(f64::exp).sum_axis(ndarray::Axis(1)));
        let found = said_of(&sums, &mut code).unwrap();
        assert_eq!(found.id, "edit:aggregate:over_row_for_samples");
        assert!(
            found.says.ends_with("if the sum of each row is used instead of the sum of each column."),
            "{}",
            found.says
        );
        let centred = |f: &Formula| f.input("z") - f.input("z").square().aggregate(Aggregate::Sum, Over::Row);
        assert_eq!(id(centred, |z| &z - &z.mapv(|z| z * z)), "edit:leave_out:sum");
        let error = |f: &Formula| (f.input("z").square() / 3.0 + f.input("z").exp()).sqrt();
        assert_eq!(
            id(error, |z| z.mapv(|z| (z * z / 3.0).sqrt() + z.exp().sqrt())),
            "edit:regrouped:sqrt_z²_3_sqrt_exp_z"
        );
        let ratio = |f: &Formula| f.input("z").exp() / 3.0 + f.input("z");
        assert_eq!(id(ratio, |z| z.mapv(|z| (z / 3.0).exp() + z)), "edit:regrouped:exp_z_3");
        let root = |f: &Formula| f.input("z").exp().sqrt() + 3.0;
        assert_eq!(id(root, |z| z.mapv(|z| (z.exp() + 3.0).sqrt())), "edit:regrouped:sqrt_exp_z_3");
    }

    #[test]
    fn a_missing_parenthesis_another_rounding_and_another_middle_are_told() {
        let id = |formula: fn(&Formula) -> Num, code: fn(&[f64]) -> f64| {
            let check = Check::new("list", "list", "", 1).on(|draw| {
                let lists = (0..24).map(|_| (10.0 * (2.0 + draw::vector(draw, 4, 1.0))).round());
                lists.map(|list| Record::new().with("x", list)).collect()
            });
            said_of(&check.computes(formula), &mut |c| code(&c.vector("x").to_vec()).into())
                .map(|found| found.id)
                .unwrap_or_default()
        };
        let centred = |f: &Formula| (f.input("x").at(0) - f.input("x").at(1)) / f.input("x").at(2);
        assert_eq!(id(centred, |x| x[0] / x[2] - x[1]), "edit:regrouped:x_0_x_2_x_1");
        let batches = |f: &Formula| (f.input("x").at(0) / 3.0).ceil();
        assert_eq!(id(batches, |x| (x[0] / 3.0).floor() + 1.0), "edit:function:floor_plus_1_for_ceil");
        let middle = |f: &Formula| (f.input("x").median() / 7.0).exp();
        let smaller = |x: &[f64]| {
            let mut sorted = x.to_vec();
            sorted.sort_by(f64::total_cmp);
            (sorted[1] / 7.0).exp()
        };
        assert_eq!(id(middle, smaller), "edit:aggregate:lower_median_for_median");
        assert_eq!(id(middle, |x| ((x[1] + x[2]) / 14.0).exp()), "edit:aggregate:unsorted_median_for_median");
    }

    #[test]
    fn a_formula_of_some_parts_of_the_result_explains_no_others() {
        let check = Check::new("net", "net", "net", 1)
            .on(|draw| (0..3).map(|_| neuron_case(draw)).collect())
            .computes(|f| [("output", f.input("w") * f.input("x"))])
            .expects(|c| Record::new().with("output", c.float("w") * c.float("x")).with("layers", "two"));
        let answer = |output: f64, layers: &'static str| Record::new().with("output", output).with("layers", layers);
        let told = said_of(&check, &mut |c| answer(c.float("w") + c.float("x"), "two")).unwrap();
        assert_eq!(told.id, "edit:operator:add_for_mul");
        let told = said_of(&check, &mut |c| answer(c.float("w") * c.float("x"), "three"));
        assert!(told.is_none_or(|told| !told.id.starts_with("edit:")));
    }

    #[test]
    fn what_is_left_of_one_minus_and_of_a_reciprocal_is_said_without_a_product() {
        let says = |formula: fn(&Formula) -> Num, code: fn(f64, f64) -> f64| {
            let drawn = |draw: &mut probe::Generator| ["a", "b"].map(|name| (name, 2.0 + draw::number(draw, 1.0)));
            let check = Check::new("share", "share", "", 1)
                .on(move |draw| {
                    (0..3)
                        .map(|_| drawn(draw).into_iter().fold(Record::new(), |c, (name, x)| c.with(name, x)))
                        .collect()
                })
                .computes(formula);
            said_of(&check, &mut |case| Record::from(code(case.float("a"), case.float("b")))).unwrap().says
        };
        let one_minus = says(|f| 1.0 - f.input("a") / f.input("b"), |a, b| a / b);
        assert!(one_minus.ends_with("if `1 -` is left out of `1 - a / b`."), "{one_minus}");
        let reciprocal = says(|f| 1.0 / (f.input("a").square() + f.input("b")), |a, b| a * a + b);
        assert!(reciprocal.ends_with("if `1 /` is left out of `1 / (a² + b)`."), "{reciprocal}");
    }
}
