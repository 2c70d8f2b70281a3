//! Whether what was observed is what was expected, and if not, what differs first.

use probe::{Record, Value};

use super::{Prediction, render, text};

/// How far apart two numbers may be: `absolute + relative · |expected|`.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// As a share of the expected number.
    pub relative: f64,
    /// Whatever the expected number is.
    pub absolute: f64,
}

impl Default for Tolerance {
    /// Room for sums in another order and for another way to write a formula, not for another formula.
    fn default() -> Self {
        Self { relative: 1e-9, absolute: 1e-12 }
    }
}

impl Tolerance {
    /// For numbers that are computed exactly or not at all: counts, signs, dyadic fractions.
    pub const EXACT: Self = Self { relative: 0.0, absolute: 0.0 };

    /// For results whose size says nothing about their error, such as 1e-10.
    pub fn relative(relative: f64) -> Self {
        Self { relative, absolute: 0.0 }
    }

    fn accepts(self, expected: f64, observed: f64) -> bool {
        if expected.is_finite() {
            (expected - observed).abs() <= self.absolute + self.relative * expected.abs()
        } else {
            // An infinity or NaN is accepted only where the reference has the same.
            expected == observed || (expected.is_nan() && observed.is_nan())
        }
    }
}

/// Whether every part that `expected` names was observed, within `tolerance`.
pub(super) fn agrees(expected: &Record, observed: &Record, tolerance: Tolerance) -> bool {
    difference(expected, observed, tolerance).is_none()
}

/// Whether both have this part, and the same in it.
pub(crate) fn same_part(name: &str, right: &Record, observed: &Record, tolerance: Tolerance) -> bool {
    right.get(name).zip(observed.get(name)).is_some_and(|(right, observed)| same(right, observed, tolerance))
}

/// Whether two values are the same within `tolerance`, without words about it.
pub(crate) fn same(wanted: &Value, got: &Value, tolerance: Tolerance) -> bool {
    match (wanted, got) {
        (Value::Float(wanted), Value::Float(got)) => tolerance.accepts(*wanted, *got),
        (Value::Array { shape, data }, Value::Array { shape: got_shape, data: got }) => {
            shape == got_shape && data.iter().zip(got).all(|(wanted, got)| tolerance.accepts(*wanted, *got))
        }
        (Value::Text(wanted), Value::Text(got)) => text::same(wanted, got),
        _ => wanted == got,
    }
}

/// Whether an observation could tell these two predictions apart: they differ in a part that both name.
pub(crate) fn distinguishable(one: &Prediction, other: &Prediction, tolerance: Tolerance) -> bool {
    match (one, other) {
        (Prediction::Is(one), Prediction::Is(other)) => one.parts().any(|(name, value)| {
            other
                .get(name)
                .is_some_and(|value_of_other| value_difference(name, value, value_of_other, tolerance).is_some())
        }),
        (Prediction::Panics, Prediction::Panics) => false,
        _ => true,
    }
}

/// The first difference as a sentence for the learner, or `None` if there is none.
pub(super) fn difference(expected: &Record, observed: &Record, tolerance: Tolerance) -> Option<String> {
    expected.parts().find_map(|(name, wanted)| {
        let what = if expected.is_bare() { "The result".to_owned() } else { format!("`{name}`") };
        match observed.get(name) {
            None => Some(format!("{what} is missing.")),
            Some(got) => value_difference(&what, wanted, got, tolerance),
        }
    })
}

/// A sentence about the first number that is none, where a check asks for a property: NaN has most of them, since it
/// fails every comparison.
pub(super) fn not_finite(observed: &Record) -> Option<String> {
    observed.parts().find_map(|(name, value)| {
        let numbers = match value {
            Value::Float(real) => std::slice::from_ref(real),
            Value::Array { data, .. } => data,
            _ => return None,
        };
        let number = numbers.iter().find(|number| !number.is_finite())?;
        let what = if observed.is_bare() { "The result".to_owned() } else { format!("`{name}`") };
        Some(if number.is_nan() { format!("{what} is NaN (not a number).") } else { format!("{what} is infinite.") })
    })
}

fn value_difference(what: &str, wanted: &Value, got: &Value, tolerance: Tolerance) -> Option<String> {
    match (wanted, got) {
        (Value::Float(wanted), Value::Float(got)) => array_difference(what, &[], &[*wanted], &[*got], tolerance),
        (Value::Array { shape, data }, Value::Array { shape: got_shape, data: got }) => {
            if shape == got_shape {
                return array_difference(what, shape, data, got, tolerance);
            }
            let mut sentence =
                format!("{what} has the shape {} instead of {}.", render::shape(got_shape), render::shape(shape));
            if shape.len() == 2 && got_shape.iter().rev().eq(shape) {
                sentence += " It looks transposed.";
            }
            Some(sentence)
        }
        (Value::Ints(wanted), Value::Ints(got)) => {
            if let Some(index) = wanted.iter().zip(got).position(|(wanted, got)| wanted != got) {
                return Some(format!(
                    "{what} differs first at index {index}: {} instead of {}.",
                    got[index], wanted[index]
                ));
            }
            (wanted.len() != got.len())
                .then(|| format!("{what} has {} entries instead of {}.", got.len(), wanted.len()))
        }
        (Value::Text(wanted), Value::Text(got)) if wanted.contains('\n') || got.contains('\n') => {
            text::first_difference(wanted, got)
                .map(|(line, wanted, got)| format!("{what} differs first in line {line}: {got} instead of {wanted}."))
        }
        (Value::Text(wanted), Value::Text(got)) if text::same(wanted, got) => None,
        _ if wanted == got => None,
        _ => Some(format!("{what} is {} instead of {}.", render::value(got), render::value(wanted))),
    }
}

fn array_difference(what: &str, shape: &[usize], wanted: &[f64], got: &[f64], tolerance: Tolerance) -> Option<String> {
    let first = (0..wanted.len()).find(|&i| !tolerance.accepts(wanted[i], got[i]))?;
    let place = if shape.is_empty() { String::new() } else { format!(" at {}", render::index(first, shape)) };
    if got[first].is_nan() {
        return Some(format!("{what} is NaN (not a number){place}; it should be {}.", render::number(wanted[first])));
    }
    let (seen, right) = render::apart(got[first], wanted[first]);
    let mut sentence = if shape.is_empty() {
        format!("{what} is {seen} instead of {right}.")
    } else {
        format!("{what} differs first{place}: {seen} instead of {right}.")
    };
    if let Some((_, pattern)) = pattern(shape, wanted, got, tolerance) {
        sentence += " ";
        sentence += &pattern;
    }
    Some(sentence)
}

/// The short form of the rule by which all numbers differ of the first part that is wrong, if there is a simple one:
/// [`difference`] tells it.
pub(super) fn rule(expected: &Record, observed: &Record, tolerance: Tolerance) -> Option<&'static str> {
    let (name, wanted) = expected.parts().find(|(name, _)| !same_part(name, expected, observed, tolerance))?;
    let found = match (wanted, observed.get(name)?) {
        (Value::Float(wanted), Value::Float(got)) => pattern(&[], &[*wanted], &[*got], tolerance),
        (Value::Array { shape, data }, Value::Array { shape: other, data: got }) if shape == other => {
            pattern(shape, data, got, tolerance)
        }
        _ => None,
    };
    found.map(|(id, _)| id)
}

/// A rule by which all numbers differ, if there is a simple one, in a short form and as a sentence: often it is enough to see
/// what went wrong.
fn pattern(shape: &[usize], wanted: &[f64], got: &[f64], tolerance: Tolerance) -> Option<(&'static str, String)> {
    if got.iter().chain(wanted).any(|number| !number.is_finite()) {
        return None;
    }
    let size = wanted.iter().chain(got).fold(0.0, |size: f64, number| size.max(number.abs()));
    let follows = |rule: &dyn Fn(f64) -> f64| {
        // The rule may have been found from rounded numbers; allow for that, and in proportion: any two tiny numbers would follow
        // any rule.
        let absolute = tolerance.absolute.max(1e-12 * size);
        let tolerance = Tolerance { relative: tolerance.relative.max(1e-9), absolute };
        wanted.iter().zip(got).all(|(&wanted, &got)| tolerance.accepts(rule(wanted), got))
    };
    if let [rows, columns] = *shape
        && rows == columns
        && (0..got.len()).all(|i| tolerance.accepts(wanted[(i % columns) * columns + i / columns], got[i]))
    {
        return Some(("transposed", "It looks transposed.".to_owned()));
    }
    // With one number any factor and any offset would fit: say only what can hardly be chance.
    let largest = (0..wanted.len()).max_by(|&i, &j| wanted[i].abs().total_cmp(&wanted[j].abs()))?;
    let nonzero = wanted.iter().filter(|number| **number != 0.0).count();
    if nonzero > 0 && follows(&|wanted| -wanted) {
        return Some(("sign", "The sign is wrong.".to_owned()));
    }
    if is_reordered(wanted, got, tolerance) {
        let is = |one: &[f64], other: &[f64]| one.iter().zip(other).all(|(one, other)| tolerance.accepts(*one, *other));
        if is(&by_columns(shape, wanted), got) || is(wanted, &by_columns(shape, got)) {
            let says = "The numbers are right, but go column by column, and should go row by row.";
            return Some(("by_columns", says.to_owned()));
        }
        return Some(("order", "The numbers are right, but in another order.".to_owned()));
    }
    let factor = got[largest] / wanted[largest];
    let times = render::number(factor);
    if nonzero > 1 && factor.is_finite() && factor != 0.0 && times != "1" && follows(&|wanted| factor * wanted) {
        return Some(("factor", format!("Every number is {times} times what it should be.")));
    }
    let offset = got[0] - wanted[0];
    if wanted.len() > 1 && follows(&|wanted| wanted + offset) {
        return Some(("offset", format!("Every number is off by {}.", render::number(offset))));
    }
    None
}

/// The entries of an array in the order in which its first axis is the fastest: those of a matrix column by column.
fn by_columns(shape: &[usize], data: &[f64]) -> Vec<f64> {
    match shape {
        [length, rest @ ..] if !rest.is_empty() && !data.is_empty() => {
            let rows: Vec<Vec<f64>> = data.chunks(data.len() / length).map(|row| by_columns(rest, row)).collect();
            (0..data.len() / length).flat_map(|i| rows.iter().map(move |row| row[i])).collect()
        }
        _ => data.to_vec(),
    }
}

/// Whether these are the same numbers in another order, and more than two that differ.
fn is_reordered(wanted: &[f64], got: &[f64], tolerance: Tolerance) -> bool {
    let sorted = |numbers: &[f64]| {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    };
    let (wanted, got) = (sorted(wanted), sorted(got));
    let n_different = wanted.windows(2).filter(|pair| !tolerance.accepts(pair[0], pair[1])).count() + 1;
    n_different > 2 && wanted.iter().zip(&got).all(|(wanted, got)| tolerance.accepts(*wanted, *got))
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;

    fn between(expected: impl Into<Record>, observed: impl Into<Record>) -> Option<String> {
        difference(&expected.into(), &observed.into(), Tolerance::default())
    }

    #[test]
    fn equal_numbers_agree_up_to_rounding() {
        assert_eq!(between(0.3, 0.1 + 0.2), None);
        assert_eq!(between(array![1e9, 0.0], array![1e9 + 0.1, 1e-13]), None);
        assert!(between(0.3, 0.300_000_1).is_some());
    }

    #[test]
    fn nan_never_agrees_unless_it_is_expected() {
        assert_eq!(
            between(array![1.0, 2.0], array![1.0, f64::NAN]).unwrap(),
            "The result is NaN (not a number) at [1]; it should be 2."
        );
        assert_eq!(between(f64::NAN, f64::NAN), None);
        assert_eq!(between(f64::INFINITY, f64::INFINITY), None);
        assert!(between(f64::INFINITY, f64::NEG_INFINITY).is_some());
        assert!(between(1.0, f64::INFINITY).is_some());
    }

    #[test]
    fn the_first_differing_index_is_named() {
        let sentence = between(array![[1.0, 2.0], [3.0, 4.0]], array![[1.0, 2.0], [3.5, 5.0]]).unwrap();
        assert_eq!(sentence, "The result differs first at [1, 0]: 3.5 instead of 3.");
        let record = |errors: Vec<usize>| Record::new().with("errors", errors);
        assert_eq!(
            between(record(vec![2, 3, 1]), record(vec![2, 2, 1])).unwrap(),
            "`errors` differs first at index 1: 2 instead of 3."
        );
        assert_eq!(between(record(vec![2, 3, 0]), record(vec![2, 3])).unwrap(), "`errors` has 2 entries instead of 3.");
    }

    #[test]
    fn simple_rules_are_noticed() {
        let right = array![[1.0, 2.0], [3.0, -4.0]];
        let ends = |wrong: Array2<f64>, end: &str| {
            let sentence = between(right.clone(), wrong).unwrap();
            assert!(sentence.ends_with(end), "{sentence}");
        };
        ends(&right * 3.0, "Every number is 3 times what it should be.");
        ends(-&right, "The sign is wrong.");
        ends(&right - 0.5, "Every number is off by -0.5.");
        ends(right.t().to_owned(), "It looks transposed.");
        assert_eq!(between(2.0, 4.0).unwrap(), "The result is 4 instead of 2.");
        let rows = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        for columns in [array![[1.0, 4.0, 2.0], [5.0, 3.0, 6.0]], array![[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]]] {
            let sentence = between(rows.clone(), columns).unwrap();
            assert!(sentence.ends_with("go column by column, and should go row by row."), "{sentence}");
        }
        assert_eq!(
            by_columns(&[2, 2, 2], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]),
            [0.0, 4.0, 2.0, 6.0, 1.0, 5.0, 3.0, 7.0]
        );

        let tiny =
            |right: f64, wrong: f64| difference(&right.into(), &wrong.into(), Tolerance::relative(1e-9)).unwrap();
        assert_eq!(tiny(1e-14, 3e-15), "The result is 3e-15 instead of 1e-14.");
        assert_eq!(tiny(1e-14, -1e-14), "The result is -1e-14 instead of 1e-14. The sign is wrong.");
    }

    #[test]
    fn a_wrong_shape_is_named_before_any_number() {
        let sentence = between(Array2::zeros((2, 3)), Array2::zeros((3, 2))).unwrap();
        assert_eq!(sentence, "The result has the shape (3, 2) instead of (2, 3). It looks transposed.");
    }

    #[test]
    fn numbers_that_look_alike_are_shown_with_more_digits() {
        let (right, wrong) = ((-9.999_999_999_5e-11).into(), (-1.000_000_082_74e-10).into());
        let sentence = difference(&right, &wrong, Tolerance::relative(1e-12)).unwrap();
        assert_eq!(sentence, "The result is -1.0000001e-10 instead of -1e-10.");
        let sentence = between(1.0, 1.000_000_1).unwrap();
        assert_eq!(sentence, "The result is 1.0000001 instead of 1.");
    }
}
