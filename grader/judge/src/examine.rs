//! What is wrong with the checks themselves: for authors.

use std::collections::BTreeSet;

use crate::{Check, Expectation, Prediction, Recognition, compare::distinguishable, verdict::recognises};

/// A sentence for everything that is wrong with `checks`, with inputs for each of `seeds`.
pub(crate) fn examine(checks: &[Check], seeds: &[u64]) -> Vec<String> {
    let mut problems = Vec::new();
    for check in checks.iter().filter(|check| check.fetched.is_none()) {
        let mut found = BTreeSet::new();
        for &seed in seeds {
            found.extend(examine_one(check, seed));
        }
        problems.extend(found);
    }
    problems.extend(tasks_without_mistakes(checks));
    problems
}

/// The tasks that ask for the result of a formula and know no mistake in it.
fn tasks_without_mistakes(checks: &[Check]) -> Vec<String> {
    let has_formula = |check: &&Check| matches!(check.expectation, Expectation::Equals(..)) && check.snapshot.is_none();
    let tasks: BTreeSet<&str> = checks.iter().filter(has_formula).map(|check| check.task).collect();
    // A formula that can be varied knows many.
    let has_none = |check: &Check| check.mistakes.is_empty() && check.ruled_out.is_empty();
    let knows = |check: &Check| !has_none(check) || check.formula.is_some() || check.testing.is_some();
    let is_known = |task: &&str| checks.iter().any(|check| check.task == *task && knows(check));
    let unknown = tasks.into_iter().filter(|task| !is_known(task));
    unknown.map(|task| format!("no check of `{task}` knows a mistake; what do learners get wrong there?")).collect()
}

fn examine_one(check: &Check, seed: u64) -> Vec<String> {
    let cases = match check.cases(seed) {
        Ok(cases) if !cases.is_empty() => cases,
        Ok(_) => return vec![format!("`{}` has no inputs; give it some with `on`", check.id)],
        Err(error) => return vec![format!("`{}` has no inputs: {error}", check.id)],
    };
    let mut problems = Vec::new();
    let mut rivals: Vec<(&str, Vec<Prediction>)> = Vec::new();
    let right: Option<Vec<Prediction>> =
        cases.iter().enumerate().map(|(index, case)| check.expected(index, case)).collect();
    if let Some(right) = right {
        // A sign that shows on right answers would accuse learners who fail for another reason.
        let seen: Vec<_> = cases
            .iter()
            .zip(&right)
            .map(|(case, right)| match right {
                Prediction::Is(record) => (case.clone(), Some(record.clone())),
                Prediction::Panics => (case.clone(), None),
            })
            .collect();
        for mistake in &check.mistakes {
            if matches!(mistake.recognition, Recognition::Sign(_)) && recognises(check, mistake, &seen) {
                problems.push(format!(
                    "`{}`: the sign of `{}` shows on what the reference returns; make it say what only wrong code shows",
                    check.id, mistake.id
                ));
            }
        }
        rivals.push(("the reference", right));
    }
    for mistake in &check.mistakes {
        if let Recognition::Result(formula) = &mistake.recognition {
            rivals.push((mistake.id, cases.iter().map(formula).collect()));
        }
    }
    for (number, (name, predictions)) in rivals.iter().enumerate() {
        for (other, others) in &rivals[..number] {
            let told_apart =
                predictions.iter().zip(others).any(|(one, two)| distinguishable(one, two, check.tolerance()));
            if !told_apart {
                problems.push(format!("`{}` cannot tell `{name}` from {other}; give it more telling inputs", check.id));
            }
        }
    }
    problems
}
