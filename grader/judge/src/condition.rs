//! For which inputs the results are wrong, where they are right for others.

use std::collections::BTreeSet;

use probe::{Record, Value};

use crate::{
    Check,
    experiment::{SLOW, Stopwatch},
    explain::{Answered, AskMore, Explanation, MAX_MORE, is_same_case, numbers},
    render, verdict,
};

/// Something that is true of some inputs.
struct Condition {
    id: String,
    /// The input that it is about.
    part: String,
    /// Follows "where".
    words: String,
    holds: Box<dyn Fn(&Record) -> bool>,
    /// Whether right code easily forgets these inputs, so that one of them says enough.
    is_edge: bool,
    /// Whether it is that a size is large, or small.
    is_size: bool,
}

/// The likelihood of a condition that fits by chance, above which it is not told.
const MAX_CHANCE: f64 = 0.02;

/// A condition that holds for a right result, too, holds for so many wrong ones.
const MIN_WRONG_FOR_A_RIGHT: usize = 3;

/// Where so many inputs have something in common, none of it is likely to be the reason.
const MAX_TOLD: usize = 2;

/// With fewer right results nothing is known of what they have in common.
const MIN_RIGHT: usize = 3;

/// What the inputs with wrong results have in common, and those with right results do not have.
pub(crate) fn of_wrong_inputs(
    check: &Check,
    seen: &Answered,
    more: &mut AskMore<'_>,
    seed: u64,
) -> Option<Explanation> {
    if check.program.is_some() || check.snapshot.is_some() || check.fetched.is_some() {
        return None;
    }
    let started = Stopwatch::start();
    let n_right = seen.iter().filter(|(case, seen)| verdict::is_right(check, case, seen)).count();
    if n_right == 0 || started.elapsed() > SLOW * seen.len() as u32 {
        return None;
    }
    let cases = further_cases(check, |case| seen.iter().any(|(other, _)| is_same_case(other, case)), seed);
    let answers = more(&cases);
    let all = seen.iter().cloned().chain(cases.into_iter().zip(answers));
    let (right, wrong): (Vec<_>, Vec<_>) = all.partition(|(case, seen)| verdict::is_right(check, case, seen));
    if let ([(case, result)], true) = (&*right, wrong.len() >= MIN_WRONG) {
        return right_for_one(case, result, wrong.len() + 1);
    }
    let inputs = |answers: Vec<(Record, Record)>| answers.into_iter().map(|(case, _)| case).collect::<Vec<_>>();
    let (right, wrong) = (inputs(right), inputs(wrong));
    if wrong.is_empty() || right.len() < MIN_RIGHT {
        return None;
    }
    let conditions = conditions(&right, &wrong);
    let n = right.len() + wrong.len();
    let is_told = |(n_right, condition): &(usize, &Condition)| {
        // Where a size is exceeded, others may be exceeded as well.
        let fits = *n_right == 0 || (!condition.is_size && MIN_WRONG_FOR_A_RIGHT * n_right <= wrong.len());
        let is_certain = *n_right == 0 && condition.is_edge;
        is_certain || (fits && condition.chance(&right, &wrong) * conditions.len() as f64 <= MAX_CHANCE)
    };
    let n_right = |condition: &Condition| right.iter().filter(|case| (condition.holds)(case)).count();
    let fits = conditions.iter().map(|condition| (n_right(condition), condition));
    let fits: Vec<(usize, &Condition)> = fits.filter(is_told).collect();
    // What holds for the fewest right results explains most.
    let n_right = fits.iter().map(|(n_right, _)| *n_right).min()?;
    let best = fits.iter().filter(|(other, _)| *other == n_right).map(|(_, condition)| *condition);
    let (ids, words) = together(best)?;
    let says = match (n_right, wrong.len()) {
        (0, 1) => format!("Of {n} inputs, only the one where {words} has a wrong result."),
        (0, _) => format!("Of {n} inputs, exactly those where {words} have a wrong result."),
        (_, n_wrong) => {
            let n_meant = n_right + n_wrong;
            format!("Of {n} inputs, {n_wrong} have a wrong result: all of them are among the {n_meant} where {words}.")
        }
    };
    Some(Explanation { id: format!("seen:only_where:{ids}"), says, is_all: false })
}

/// What is special about the inputs for which code panics, if it `returns` something for others.
pub(crate) fn of_panics(panics: &[Record], returns: &[Record]) -> Option<Explanation> {
    if panics.is_empty() || returns.len() < MIN_RIGHT {
        return None;
    }
    let conditions = conditions(returns, panics);
    let is_special = |condition: &&Condition| condition.is_edge && !returns.iter().any(|case| (condition.holds)(case));
    let (ids, words) = together(conditions.iter().filter(is_special))?;
    let n = panics.len() + returns.len();
    let says = match panics.len() {
        1 => format!("Of {n} inputs, your code panics only for the one where {words}."),
        _ => format!("Of {n} inputs, your code panics for exactly those where {words}."),
    };
    Some(Explanation { id: format!("seen:panics_where:{ids}"), says, is_all: false })
}

/// Conditions as one: their ids and their words. Of each part the first one is told.
fn together<'a>(conditions: impl Iterator<Item = &'a Condition>) -> Option<(String, String)> {
    let mut told: Vec<&Condition> = Vec::new();
    for condition in conditions {
        if told.iter().all(|other| other.part != condition.part) {
            told.push(condition);
        }
    }
    let join = |what: fn(&Condition) -> &str, with: &str| told.iter().map(|it| what(it)).collect::<Vec<_>>().join(with);
    (1..=MAX_TOLD).contains(&told.len()).then(|| (join(|it| &it.id, "+"), join(|it| &it.words, " and ")))
}

/// Cases of other seeds, at which right code does not panic. None of them is known.
pub(crate) fn further_cases(check: &Check, is_known: impl Fn(&Record) -> bool, seed: u64) -> Vec<Record> {
    let mut cases: Vec<Record> = Vec::new();
    for case in (1..10).flat_map(|by| check.cases(seed.wrapping_add(by)).unwrap_or_default()) {
        if cases.len() == MAX_MORE {
            break;
        }
        let is_new = !cases.iter().any(|other| is_same_case(other, &case)) && !is_known(&case);
        if is_new && !verdict::panic_is_right(check, &case) {
            cases.push(case);
        }
    }
    cases
}

/// With fewer wrong results, a single right one is no exception.
const MIN_WRONG: usize = 4;

/// That only this one of `n` inputs has a right result, if that is hardly chance and the input is short.
fn right_for_one(case: &Record, result: &Record, n: usize) -> Option<Explanation> {
    let input = render::record(case);
    let is_short = input.chars().count() <= 2 * MAX_WORD && !input.contains('\n');
    let has_digits = result.parts().any(|(_, value)| numbers(value).iter().any(|number| number.fract() != 0.0));
    let says = format!("Of {n} inputs, only {input} has a right result.");
    (is_short && has_digits).then(|| Explanation { id: "seen:right_for_one_input".to_owned(), says, is_all: false })
}

impl Condition {
    /// How likely it is that it holds for all wrong inputs by chance. Inputs that have the same in this part count once.
    fn chance(&self, right: &[Record], wrong: &[Record]) -> f64 {
        let different = |cases: &mut dyn Iterator<Item = &Record>| {
            let values: BTreeSet<Vec<u8>> =
                cases.filter_map(|case| Some(Record::from(case.get(&self.part)?.clone()).pack().0.to_vec())).collect();
            values.len()
        };
        let n_wrong = different(&mut wrong.iter());
        let n_meant = different(&mut right.iter().chain(wrong).filter(|case| (self.holds)(case)));
        let n = different(&mut right.iter().chain(wrong));
        (0..n_wrong).map(|drawn| n_meant.saturating_sub(drawn) as f64 / (n - drawn) as f64).product()
    }
}

/// All conditions that are true of every one of the `wrong` inputs, and not of every one of the `right` ones.
fn conditions(right: &[Record], wrong: &[Record]) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (name, _) in wrong[0].parts() {
        conditions.extend(of_part(name, right, wrong));
    }
    let tells = |condition: &Condition| {
        wrong.iter().all(|case| (condition.holds)(case)) && !right.iter().all(|case| (condition.holds)(case))
    };
    conditions.into_iter().filter(tells).collect()
}

fn of_part(name: &str, right: &[Record], wrong: &[Record]) -> Vec<Condition> {
    type Property = (&'static str, &'static str, bool, fn(&Value) -> bool);
    let properties: [Property; 13] = [
        ("empty", "is empty", true, |value| sizes(value).is_some_and(|[entries, ..]| entries == 0)),
        ("single", "has a single entry", true, |value| sizes(value).is_some_and(|[entries, ..]| entries == 1)),
        ("nan_first", "begins with NaN", true, |value| {
            is_list(value) && numbers(value).first().is_some_and(|x| x.is_nan())
        }),
        ("infinite_last", "ends with an infinity", true, |value| {
            is_list(value) && numbers(value).last().is_some_and(|x| x.is_infinite())
        }),
        ("zero", "is 0", true, |value| is_number(value) && numbers(value) == [0.0]),
        ("negative", "is negative", false, |value| is_number(value) && numbers(value)[0] < 0.0),
        ("true", "is true", false, |value| *value == Value::Bool(true)),
        ("false", "is false", false, |value| *value == Value::Bool(false)),
        ("with_nan", "contains NaN", true, |value| numbers(value).iter().any(|number| number.is_nan())),
        ("with_infinity", "contains an infinity", true, |value| {
            numbers(value).iter().any(|number| number.is_infinite())
        }),
        ("with_negatives", "contains negative numbers", false, |value| {
            !is_number(value) && numbers(value).iter().any(|number| *number < 0.0)
        }),
        ("with_equals", "contains a number more than once", false, has_equals),
        ("even", "has an even number of entries", false, |value| {
            sizes(value).is_some_and(|[entries, ..]| entries % 2 == 0)
        }),
    ];
    let of = |case: &Record| case.get(name).cloned();
    let condition = |id: String, words: String, is_edge: bool, holds: Box<dyn Fn(&Value) -> bool>| {
        let part = name.to_owned();
        let holds = Box::new(move |case: &Record| case.get(&part).is_some_and(&holds));
        Condition { id: format!("{id}:{name}"), part: name.to_owned(), words, holds, is_edge, is_size: false }
    };
    let size_condition = |id: String, words: String, holds: Box<dyn Fn(&Value) -> bool>| Condition {
        is_size: true,
        ..condition(id, words, false, holds)
    };
    let mut conditions: Vec<Condition> = properties
        .into_iter()
        .map(|(id, words, is_edge, holds)| {
            condition(id.to_owned(), format!("`{name}` {words}"), is_edge, Box::new(holds))
        })
        .collect();
    // A word that all of them have.
    if let Some(Value::Text(word)) = of(&wrong[0])
        && word.chars().count() <= MAX_WORD
        && !word.contains('\n')
    {
        let value = Value::Text(word.clone());
        let is_word = Box::new(move |other: &Value| *other == value);
        conditions.push(condition(format!("is_{word}"), format!("`{name}` is \"{word}\""), false, is_word));
    }
    // A size that they exceed, or stay below.
    for (id, words, size) in measures(name) {
        let of_all = |cases: &[Record]| cases.iter().filter_map(|case| size(&of(case)?)).collect::<BTreeSet<_>>();
        let (rights, wrongs) = (of_all(right), of_all(wrong));
        if let (Some(least), Some(most)) = (wrongs.first().copied(), wrongs.last().copied()) {
            // Where there is nothing to do, any code is right.
            if least > 1 && rights.first().is_some_and(|right| *right < least) {
                let holds = Box::new(move |value: &Value| size(value).is_some_and(|size| size >= least));
                conditions.push(size_condition(
                    format!("{id}_from_{least}"),
                    format!("{words} {least} or more"),
                    holds,
                ));
            }
            if rights.last().is_some_and(|right| *right > most) {
                let holds = Box::new(move |value: &Value| size(value).is_some_and(|size| size <= most));
                conditions.push(size_condition(format!("{id}_up_to_{most}"), format!("{words} {most} or less"), holds));
            }
        }
    }
    conditions
}

/// Longer texts are no words.
const MAX_WORD: usize = 30;

/// A size of a value.
type Measure = fn(&Value) -> Option<i64>;

/// The sizes that a part may have: a short form, words that the number follows, and the size.
fn measures(name: &str) -> [(&'static str, String, Measure); 5] {
    [
        ("count", format!("`{name}` is"), |value| match value {
            Value::Int(count) => Some(*count),
            _ => None,
        }),
        ("entries", format!("the number of entries of `{name}` is"), |value| match value {
            Value::Array { shape, .. } if shape.len() != 1 => None,
            value => Some(sizes(value)?[0]),
        }),
        ("rows", format!("the number of rows of `{name}` is"), |value| match value {
            Value::Array { shape, .. } if shape.len() == 2 => Some(sizes(value)?[1]),
            _ => None,
        }),
        ("columns", format!("the number of columns of `{name}` is"), |value| match value {
            Value::Array { shape, .. } if shape.len() == 2 => Some(sizes(value)?[2]),
            _ => None,
        }),
        ("largest", format!("the largest number in `{name}` is"), |value| match value {
            Value::Ints(numbers) => numbers.iter().max().copied(),
            _ => None,
        }),
    ]
}

fn is_list(value: &Value) -> bool {
    matches!(value, Value::Array { shape, .. } if shape.len() == 1)
}

fn is_number(value: &Value) -> bool {
    matches!(value, Value::Int(_) | Value::Float(_))
}

/// How many entries, rows and columns there are.
fn sizes(value: &Value) -> Option<[i64; 3]> {
    let size = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    match value {
        Value::Ints(numbers) => Some([size(numbers.len()), 1, size(numbers.len())]),
        Value::Array { shape, data } => {
            let columns = shape.last().copied().unwrap_or(1);
            Some([size(data.len()), size(shape.first().copied().unwrap_or(1)), size(columns)])
        }
        _ => None,
    }
}

fn has_equals(value: &Value) -> bool {
    if matches!(value, Value::Array { shape, .. } if shape.len() != 1) {
        return false;
    }
    let mut numbers = numbers(value);
    numbers.sort_by(f64::total_cmp);
    numbers.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw;

    /// What is told of code that does `with`, where the median is asked for.
    fn told(with: impl Fn(Vec<f64>) -> f64) -> Option<(String, String)> {
        let median = |mut y: Vec<f64>| {
            y.sort_by(f64::total_cmp);
            if y.is_empty() { f64::NAN } else { (y[(y.len() - 1) / 2] + y[y.len() / 2]) / 2.0 }
        };
        let numbers = |case: &Record| numbers(case.get("y").expect("there is one"));
        let check = Check::new("median", "median", "", 1)
            .on(|draw| {
                let empty = Record::new().with("y", ndarray::Array1::<f64>::zeros(0));
                let with_numbers = |(n, shift): (usize, f64)| {
                    let numbers: ndarray::Array1<f64> = (0..n).map(|_| draw::number(draw, 3.0) + shift).collect();
                    Record::new().with("y", numbers)
                };
                let drawn = [(5, 0.0), (6, 9.0), (7, 9.0), (4, 0.0), (3, 0.0), (8, 9.0)].map(with_numbers);
                [empty].into_iter().chain(drawn).collect()
            })
            .expects(move |case| median(numbers(case)));
        let answer = |case: &Record| Record::from(with(numbers(case)));
        let seen: Vec<(Record, Record)> =
            check.cases(1).unwrap().into_iter().map(|case| (case.clone(), answer(&case))).collect();
        let found = of_wrong_inputs(&check, &seen, &mut |cases| cases.iter().map(answer).collect(), 1);
        found.map(|found| (found.id, found.says))
    }

    fn middle(y: &[f64]) -> f64 {
        if y.is_empty() { f64::NAN } else { (y[(y.len() - 1) / 2] + y[y.len() / 2]) / 2.0 }
    }

    #[test]
    fn what_wrong_inputs_have_in_common_is_told() {
        let without_negatives = |mut y: Vec<f64>| {
            y.retain(|y| *y >= 0.0);
            y.sort_by(f64::total_cmp);
            middle(&y)
        };
        let (id, says) = told(without_negatives).unwrap();
        assert_eq!(id, "seen:only_where:with_negatives:y", "{says}");
        assert!(says.starts_with("Of 27 inputs, ") && says.contains("contains negative"));
        let upper = |mut y: Vec<f64>| {
            y.sort_by(f64::total_cmp);
            if y.is_empty() { f64::NAN } else { y[y.len() / 2] }
        };
        let (id, says) = told(upper).unwrap();
        assert_eq!(id, "seen:only_where:even:y", "{says}");
        let zero = |mut y: Vec<f64>| {
            y.sort_by(f64::total_cmp);
            if y.is_empty() { 0.0 } else { middle(&y) }
        };
        let says = "Of 27 inputs, only the one where `y` is empty has a wrong result.";
        assert_eq!(told(zero), Some(("seen:only_where:empty:y".to_owned(), says.to_owned())));
    }

    #[test]
    fn a_single_input_with_a_right_result_is_told() {
        let check = Check::new("rate", "rate", "", 1)
            .on(|draw| {
                (0..4).map(|_| draw::number(draw, 5.0)).chain([3.0]).map(|x| Record::new().with("x", x)).collect()
            })
            .expects(|case| 1.0 / (case.float("x").powi(2) + 1.0));
        let answer = |case: &Record| Record::from(0.9 / case.float("x").powi(2));
        let seen: Vec<(Record, Record)> =
            check.cases(1).unwrap().into_iter().map(|case| (case.clone(), answer(&case))).collect();
        let found = of_wrong_inputs(&check, &seen, &mut |cases| cases.iter().map(answer).collect(), 1).unwrap();
        assert_eq!(found.says, "Of 25 inputs, only x = 3 has a right result.");
    }

    #[test]
    fn what_is_special_about_inputs_with_a_panic_is_told() {
        let numbers = |numbers: &[f64]| Record::new().with("y", ndarray::Array1::from(numbers.to_vec()));
        let returns = [numbers(&[1.0]), numbers(&[2.0, -3.0]), numbers(&[0.5, 4.0, 1.0])];
        let told = |panics: &[Record], n: usize| of_panics(panics, &returns[..n]).map(|found| (found.id, found.says));
        let (id, says) = told(&[numbers(&[])], 3).unwrap();
        assert_eq!(id, "seen:panics_where:empty:y");
        assert_eq!(says, "Of 4 inputs, your code panics only for the one where `y` is empty.");
        let (_, says) = told(&[numbers(&[f64::NAN]), numbers(&[2.0, f64::NAN])], 3).unwrap();
        assert_eq!(says, "Of 5 inputs, your code panics for exactly those where `y` contains NaN.");
        // Nothing special, and too few others.
        assert_eq!(told(&[numbers(&[7.0, 8.0])], 3), None);
        assert_eq!(told(&[numbers(&[])], 2), None);
    }

    #[test]
    fn what_may_be_chance_is_not_told() {
        // Wrong for all inputs, and for one that nothing tells apart.
        assert_eq!(told(|_| 1.0), None);
        let one_wrong = |mut y: Vec<f64>| {
            y.sort_by(f64::total_cmp);
            middle(&y) + if y.len() == 7 && y[0] < 6.5 { 1.0 } else { 0.0 }
        };
        let (_, says) = told(one_wrong).unwrap_or_default();
        assert!(!says.contains("exactly"), "{says}");
    }
}
