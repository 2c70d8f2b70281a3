//! References that test one thing after the other and return the error of the first test that fails: which of the tests is
//! left out, comes at another time, or has the error of another one.

use std::cell::RefCell;

use probe::Record;

use crate::{Check, Prediction, verdict::unless_it_panics};

/// A rule for right results that makes tests.
pub(crate) type Testing = dyn Fn(&Record, &Tests) -> Prediction + Send + Sync;

/// The tests of a reference, in one of its runs.
#[derive(Default)]
pub struct Tests {
    change: Change,
    made: RefCell<Vec<Test>>,
    failed: RefCell<Option<Test>>,
}

#[derive(Default)]
enum Change {
    #[default]
    Nothing,
    Without(Vec<Test>),
    /// The error of the second test in place of that of the first.
    Error(Test, Test),
}

/// A test that the reference makes.
#[derive(Clone, PartialEq)]
struct Test {
    /// Follows "whether".
    condition: &'static str,
    /// The name of the error, without what belongs to it.
    error: String,
}

impl Tests {
    /// The test whether `is_refused`, which `condition` says in words; `error` is what right code returns then.
    ///
    /// # Errors
    ///
    /// `error`, where `is_refused`. A run that looks for a slip may leave the test out.
    pub fn refuse(&self, is_refused: bool, condition: &'static str, error: impl Into<String>) -> Result<(), String> {
        let error = error.into();
        let name_len = error.find(|letter: char| !letter.is_alphanumeric()).unwrap_or(error.len());
        let (name, rest) = error.split_at(name_len);
        let test = Test { condition, error: name.to_owned() };
        if !self.made.borrow().contains(&test) {
            self.made.borrow_mut().push(test.clone());
        }
        let is_made = match &self.change {
            Change::Without(left_out) => !left_out.contains(&test),
            Change::Nothing | Change::Error(..) => true,
        };
        if !(is_refused && is_made) {
            return Ok(());
        }
        let answer = match &self.change {
            Change::Error(changed, other) if *changed == test => Err(format!("{}{rest}", other.error)),
            _ => Err(error),
        };
        self.failed.replace(Some(test));
        answer
    }
}

/// One way to test wrongly.
#[derive(Clone)]
pub(crate) enum Slip {
    Without(Vec<usize>),
    /// The first of them comes just before the second, which is an earlier one.
    Earlier(usize, usize),
    /// The first of them comes just after the second: after all of it, where both are made again and again.
    Later(usize, usize),
    /// The first of them has the error of the second.
    Error(usize, usize),
}

/// The slips in the tests that the reference makes for these cases.
pub(crate) struct Slips {
    tests: Vec<Test>,
}

impl Slips {
    /// `None` if the reference makes no tests.
    pub(crate) fn of<'a>(check: &Check, cases: impl Iterator<Item = &'a Record>) -> Option<Self> {
        let rule = check.testing.as_ref()?;
        let run = Tests::default();
        for case in cases {
            unless_it_panics(|| rule(case, &run))?;
        }
        Some(Self { tests: run.made.into_inner() })
    }

    /// All of them, the most likely ones first.
    pub(crate) fn all(&self) -> Vec<Slip> {
        let each = || 0..self.tests.len();
        let pairs = || each().flat_map(move |one| each().map(move |two| (one, two)));
        let left_out = each().map(|test| Slip::Without(vec![test]));
        let other_errors = pairs().filter(|&(one, two)| self.tests[one].error != self.tests[two].error);
        let moved = pairs().filter(|(one, two)| one != two);
        let moved = moved.map(|(one, two)| if one > two { Slip::Earlier(one, two) } else { Slip::Later(one, two) });
        let again = pairs().filter(|(one, two)| one > two).map(|(one, two)| Slip::Later(one, two));
        let mut moved: Vec<Slip> = moved.chain(again).collect();
        moved.sort_by_key(|slip| match slip {
            Slip::Earlier(one, two) | Slip::Later(one, two) => one.abs_diff(*two),
            _ => 0,
        });
        let two_left_out = pairs().filter(|(one, two)| one < two).map(|(one, two)| Slip::Without(vec![one, two]));
        left_out.chain(other_errors.map(|(one, two)| Slip::Error(one, two))).chain(moved).chain(two_left_out).collect()
    }

    /// What code with this slip returns; `None` where that cannot be told.
    pub(crate) fn predict(&self, slip: &Slip, check: &Check, case: &Record) -> Option<Record> {
        let rule = check.testing.as_ref()?;
        let run = |change: Change| {
            let tests = Tests { change, ..Tests::default() };
            match unless_it_panics(|| rule(case, &tests))? {
                Prediction::Is(record) => Some((record, tests.failed.take())),
                Prediction::Panics => None,
            }
        };
        let without = |left_out: &[usize]| {
            Change::Without(left_out.iter().map(|index| self.tests[*index].clone()).collect::<Vec<_>>())
        };
        // Where a test has moved, it decides, or one of those that now come before it; or nothing changes.
        let (changed, deciding) = match slip {
            Slip::Without(tests) => return Some(run(without(tests))?.0),
            Slip::Error(one, two) => {
                return Some(run(Change::Error(self.tests[*one].clone(), self.tests[*two].clone()))?.0);
            }
            Slip::Earlier(one, two) => (without(&(*two..*one).collect::<Vec<_>>()), &self.tests[*one..=*one]),
            Slip::Later(one, two) => (without(&[*one]), &self.tests[(*one + 1).min(*two)..=*two]),
        };
        let (record, failed) = run(changed)?;
        if failed.is_some_and(|test| deciding.contains(&test)) {
            return Some(record);
        }
        Some(run(Change::Nothing)?.0)
    }

    /// Its short form, and what follows "is what comes out if", where the slips that `fit` explain as much.
    pub(crate) fn describe(&self, slip: &Slip, fit: &[Slip]) -> (String, String) {
        let whether = |index: &usize| {
            let Test { condition, error } = &self.tests[*index];
            format!("whether {condition} (`{error}`)")
        };
        let error = |index: &usize| self.tests[*index].error.as_str();
        match slip {
            Slip::Without(tests) => {
                let errors: Vec<&str> = tests.iter().map(error).collect();
                let tested: Vec<String> = tests.iter().map(whether).collect();
                // Often the results are the same where the test comes later.
                let may_be_late = fit.iter().any(|other| matches!(other, Slip::Later(late, _) if tests == &[*late]));
                let tests = if may_be_late { "tests too late, or not at all," } else { "does not test" };
                (format!("edit:untested:{}", errors.join("+")), format!("the code {tests} {}", tested.join(", nor ")))
            }
            Slip::Earlier(one, two) => (
                format!("edit:before:{}:{}", error(one), error(two)),
                format!("the code tests {} before it tests {}", whether(one), whether(two)),
            ),
            Slip::Later(one, two) => (
                format!("edit:after:{}:{}", error(one), error(two)),
                format!("the code tests {} only after it has tested {}", whether(one), whether(two)),
            ),
            Slip::Error(one, two) => {
                let says = format!(
                    "the error is `{}` instead of `{}` where {}",
                    error(two),
                    error(one),
                    self.tests[*one].condition
                );
                (format!("edit:error:{}_for_{}", error(two), error(one)), says)
            }
        }
    }
}

/// The error that right code returns for `case`, if a test says so: its name, and all of it.
pub(crate) fn right_error(check: &Check, case: &Record) -> Option<(String, String)> {
    let rule = check.testing.as_ref()?;
    let tests = Tests::default();
    let prediction = unless_it_panics(|| rule(case, &tests))?;
    let (Prediction::Is(record), Some(test)) = (prediction, tests.failed.take()) else { return None };
    let whole = record.parts().find_map(|(_, value)| match value {
        probe::Value::Text(text) if text.starts_with(&test.error) => Some(text.clone()),
        _ => None,
    })?;
    Some((test.error, whole))
}
