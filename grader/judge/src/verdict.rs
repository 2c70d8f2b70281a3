//! From answers to a verdict on one check.

use std::{
    collections::VecDeque,
    env,
    ffi::OsStr,
    panic::{self, AssertUnwindSafe},
    time::{Duration, Instant},
};

use anyhow::Result;
use datasets::mnist::{self, DataError, Which};
use probe::{Record, Value};
use wire::{
    Place,
    judge::{Ended, Fetched, Limit, Side, Status, Verdict},
};

use super::{
    Check, Expectation, Mistake, Prediction, Recognition,
    check::errors_as_text,
    compare, condition, experiment,
    explain::{self, AskMore, MAX_MORE},
    refusal, render,
    serve::Grader,
    text,
};

fn with_input(verdict: Verdict, case: &Record) -> Verdict {
    Verdict { input: Some(render::record(case)).filter(|input| !input.is_empty()), ..verdict }
}

/// What the grader has to know of a data set that has to be fetched.
pub(crate) fn fetched(which: Which) -> Fetched {
    Fetched { missing: missing(which, None), files: mnist::places(which) }
}

/// What a learner is told where a data set, or this file of it, is not there.
fn missing(which: Which, file: Option<&OsStr>) -> String {
    let (name, variable) = (which.name(), mnist::DATA_VARIABLE);
    // The variable, not its value, which differs from machine to machine.
    let looked = match file.filter(|_| env::var_os(variable).is_some_and(|value| !value.is_empty())) {
        Some(file) => {
            let file = file.to_string_lossy();
            let file = file.trim_end_matches(".gz");
            format!("there is no {file} or {file}.gz in {variable} or the folder {name} in it; ")
        }
        None => String::new(),
    };
    format!("waits for {which}: {looked}`cargo run -p grader -- data fetch {name}` downloads it")
}

/// Runs `check` on its cases for `seed`, and explains what is wrong if it `explains`.
///
/// # Errors
///
/// When the grader does not answer.
pub(crate) fn judge(check: &Check, seed: u64, explains: bool, grader: &Grader) -> Result<Verdict> {
    let mut seen = Vec::new();
    let mut output = String::new();
    let mut verdict = None;
    let cases = match check.cases(seed) {
        Ok(cases) => cases,
        Err(DataError::Missing { which, path }) => return Ok(Verdict::skipped(missing(which, path.file_name()))),
        Err(error) => return Ok(Verdict::skipped(error.to_string())),
    };
    let started = Instant::now();
    let mut cases = VecDeque::from(cases);
    let mut answers = VecDeque::new();
    while !cases.is_empty() {
        if answers.is_empty() {
            answers.extend(match check.program {
                Some(program) => grader.compile(program)?,
                None => grader.run(Side::Learner, check.experiment, &cases)?,
            });
        }
        let (Some(case), Some(answer)) = (cases.pop_front(), answers.pop_front()) else { break };
        output += &answer.output;
        match answer.ended {
            Ended::Observed(observed) => match Record::unpack(&observed) {
                Some(observed) => seen.push((case, Some(observed))),
                None => {
                    verdict = Some(stopped(&case, Ended::Died("its answer was garbled".to_owned())));
                    break;
                }
            },
            Ended::Refused(errors) => seen.push((case, Some(errors_as_text(errors).into()))),
            Ended::Panicked { message, place, .. } => {
                let stop = panicked(&case, &message, place);
                if stop.status == Status::Crashed && panic_is_right(check, &case) {
                    continue;
                }
                seen.push((case, None));
                verdict = Some(stop);
                break;
            }
            ended => {
                verdict = Some(stopped(&case, ended));
                break;
            }
        }
    }
    let mut verdict = match verdict {
        // A mistake may be known by the shapes at which it panics.
        Some(mut stop) if stop.status == Status::Crashed => {
            if let Some(mistake) = recognise(check, &seen) {
                stop.status = Status::Failed;
                stop.mistake = Some(mistake.id.to_owned());
                stop.message = format!("{} ({})", mistake.says, stop.message);
            } else if let Some((name, error)) = seen.last().and_then(|(case, _)| refusal::right_error(check, case)) {
                stop.mistake = Some(format!("seen:panics_for:{name}"));
                stop.message += &format!("\nThe right result is the error `{error}`.");
            } else if seen.last().is_some_and(|(case, _)| is_unwrapped_order(&stop.message, case)) {
                stop.mistake = Some("seen:panics_for_nan".to_owned());
                stop.message += ORDER_OF_NAN;
            } else if explains
                && started.elapsed() <= MAX_TIME
                && let Some(found) = special_about_panics(check, &seen, cases, seed, grader)?
            {
                stop.mistake = Some(found.id);
                stop.message += &format!("\n{}", found.says);
            }
            stop
        }
        Some(stop) => stop,
        None => {
            // What is slow is not asked for more: a learner would wait.
            let is_quick = started.elapsed() <= MAX_TIME;
            let mut asked: Vec<(Vec<Record>, Vec<Record>)> = Vec::new();
            let mut left = MAX_MORE;
            let mut more = |cases: &[Record]| -> Vec<Record> {
                // The same is not asked twice.
                if let Some((_, answers)) = asked.iter().find(|(before, _)| before == cases) {
                    return answers.clone();
                }
                let meant = &cases[..cases.len().min(left)];
                left -= meant.len();
                let answers = match meant {
                    [] => Ok(Vec::new()),
                    _ if !is_quick || check.program.is_some() => Ok(Vec::new()),
                    cases => grader.run(Side::Learner, check.experiment, cases),
                };
                let answers = answers.unwrap_or_default().into_iter();
                let answers: Vec<Record> = answers
                    .map_while(|answer| match answer.ended {
                        Ended::Observed(observed) => Record::unpack(&observed),
                        _ => None,
                    })
                    .collect();
                asked.push((cases.to_vec(), answers.clone()));
                answers
            };
            compare_all(check, &seen, explains.then_some(&mut more), seed)
        }
    };
    let says_nothing = seen.iter().any(|(_, observed)| {
        observed.as_ref().and_then(Record::result).is_some_and(|result| *result == Value::Text(String::new()))
    });
    if verdict.status == Status::Failed && verdict.mistake.is_none() && says_nothing && !output.is_empty() {
        verdict.message = "Your code prints the text and returns an empty one. Return the text instead.".to_owned();
    }
    verdict.output = output;
    Ok(verdict)
}

/// What is special about inputs for which code panics; `left` are the cases after the first of them.
fn special_about_panics(
    check: &Check,
    seen: &Seen,
    left: VecDeque<Record>,
    seed: u64,
    grader: &Grader,
) -> Result<Option<explain::Explanation>> {
    let (mut panics, mut returns) = (Vec::new(), Vec::new());
    for (case, observed) in seen {
        if observed.is_some() { returns.push(case.clone()) } else { panics.push(case.clone()) }
    }
    // Code that did not panic has died.
    if panics.is_empty() || check.fetched.is_some() {
        return Ok(None);
    }
    let known = || left.iter().chain(seen.iter().map(|(case, _)| case));
    let further = condition::further_cases(check, |case| known().any(|it| explain::is_same_case(it, case)), seed);
    let is_meant = |case: &Record| !panic_is_right(check, case);
    let mut left: VecDeque<Record> = left.iter().filter(|case| is_meant(case)).cloned().chain(further).collect();
    left.truncate(MAX_MORE);
    while !left.is_empty() {
        for answer in grader.run(Side::Learner, check.experiment, &left)? {
            let Some(case) = left.pop_front() else { break };
            match answer.ended {
                Ended::Observed(_) => returns.push(case),
                Ended::Panicked { .. } => panics.push(case),
                _ => return Ok(None),
            }
        }
    }
    Ok(condition::of_panics(&panics, &returns))
}

/// Code that takes longer for its cases is asked for no more.
const MAX_TIME: Duration = Duration::from_millis(150);

/// Whether right code panics on `case`, as for inputs that its documentation rules out.
pub(crate) fn panic_is_right(check: &Check, case: &Record) -> bool {
    matches!(&check.expectation, Expectation::Equals(formula, _) if matches!(formula(case), Prediction::Panics))
}

/// Case by case what was observed; `None` is a panic.
pub(crate) type Seen = [(Record, Option<Record>)];

fn compare_all(check: &Check, seen: &Seen, more: Option<&mut AskMore<'_>>, seed: u64) -> Verdict {
    let mut wrong = seen.iter().enumerate().filter_map(|(index, (case, observed))| {
        let observed = observed.as_ref()?;
        compare_one(check, index, case, observed).map(|verdict| (case, observed, verdict))
    });
    let Some((case, observed, first)) = wrong.next() else { return Verdict::new(Status::Passed, "") };
    let Some(more) = more else { return first };
    // Where the code should have panicked, nothing explains its result.
    let explicable = seen.iter().filter(|(case, _)| !panic_is_right(check, case));
    let answered: Option<Vec<(Record, Record)>> =
        explicable.map(|(case, observed)| Some((case.clone(), observed.clone()?))).collect();
    let answered = answered.filter(|_| first.mistake.is_none());
    type By = fn(&Check, &explain::Answered, &mut AskMore<'_>, u64) -> Option<explain::Explanation>;
    let mut explained = |by: By| answered.as_ref().and_then(|answered| by(check, answered, more, seed));
    // What the catalogue says of exactly these numbers comes first, then a slip that comes to exactly these.
    let mistake = recognise(check, seen);
    if mistake.is_none_or(|mistake| matches!(mistake.recognition, Recognition::Sign(_)))
        && let Some(found) = explained(explain::by_formula)
    {
        return Verdict { mistake: Some(found.id), message: found.says, ..first };
    }
    let Some(mistake) = mistake else {
        let by_chain: By = |check, answered, _, _| explain::by_chain(check, answered);
        let ways = [explain::by_tests, explain::by_twist, by_chain, experiment::behaviour, condition::of_wrong_inputs];
        return match ways.into_iter().find_map(explained) {
            Some(found) => {
                let message = if found.is_all { found.says } else { format!("{} {}", first.message, found.says) };
                Verdict { mistake: Some(found.id), message, ..first }
            }
            None => Verdict { mistake: first.mistake.or_else(|| rule_of_all(check, seen)), ..first },
        };
    };
    // What is shown is a case in which the mistake is seen.
    let is_seen = |case: &Record, observed: &Record| match &mistake.recognition {
        Recognition::Result(_) => true,
        Recognition::Sign(sign) => unless_it_panics(|| sign(case, observed)).unwrap_or(false),
    };
    let mut verdict = match is_seen(case, observed) {
        true => first,
        false => wrong.find(|(case, observed, _)| is_seen(case, observed)).map_or(first, |(_, _, verdict)| verdict),
    };
    verdict.mistake = Some(mistake.id.to_owned());
    verdict.message = mistake.says.to_owned();
    verdict
}

/// What is wrong with the observation of one case; `None` if it is right.
fn compare_one(check: &Check, index: usize, case: &Record, observed: &Record) -> Option<Verdict> {
    let mut mistake = None;
    let (sentence, pair) = match (check.expected(index, case), &check.expectation) {
        (Some(Prediction::Is(expected)), _) => {
            (compare::difference(&expected, observed, check.tolerance())?, Some(Pair::new(&expected, observed)))
        }
        (Some(Prediction::Panics), _) => {
            let ruled_out = check.ruled_out.iter().find(|(_, is_ruled_out)| is_ruled_out(case));
            let condition = ruled_out.map_or("these inputs do not fit together", |(condition, _)| condition);
            mistake = ruled_out.map(|(condition, _)| format!("seen:continues:{}", slug(condition)));
            (format!("Your code continues, although {condition}: it should panic."), None)
        }
        (None, Expectation::Satisfies(property)) => {
            let sentence = compare::not_finite(observed).or_else(|| {
                unless_it_panics(|| property(case, observed).err()).unwrap_or(Some(NOT_ASKED_FOR.into()))
            })?;
            (sentence, None)
        }
        (None, Expectation::Equals(..)) => return None,
    };
    if follows(check, case, observed) {
        return None;
    }
    let mut verdict = with_input(Verdict { mistake, ..Verdict::new(Status::Failed, sentence) }, case);
    match pair {
        Some(pair) => {
            verdict.expected = Some(pair.expected);
            verdict.observed = Some(pair.observed);
            verdict.diff = pair.diff;
        }
        None => verdict.observed = Some(render::record(observed)),
    }
    Some(verdict)
}

/// The short form of the simple rule by which all wrong results differ, if it is one rule.
fn rule_of_all(check: &Check, seen: &Seen) -> Option<String> {
    let results = seen.iter().enumerate().filter_map(|(index, (case, observed))| {
        let observed = observed.as_ref().filter(|observed| !is_right(check, case, observed))?;
        match check.expected(index, case) {
            Some(Prediction::Is(expected)) => Some(compare::rule(&expected, observed, check.tolerance())),
            _ => Some(None),
        }
    });
    let rules: Vec<Option<&str>> = results.collect();
    let first = (*rules.first()?)?;
    rules.iter().all(|rule| *rule == Some(first)).then(|| format!("seen:{first}"))
}

/// Whether this is what right code returns, or follows from the learner's own earlier function.
pub(crate) fn is_right(check: &Check, case: &Record, observed: &Record) -> bool {
    let is_expected = match &check.expectation {
        Expectation::Equals(rule, tolerance) => {
            matches!(unless_it_panics(|| rule(case)), Some(Prediction::Is(right)) if explain::agree(&right, observed, *tolerance))
        }
        Expectation::Satisfies(property) => {
            compare::not_finite(observed).is_none()
                && unless_it_panics(|| property(case, observed)).is_some_and(|found| found.is_ok())
        }
    };
    is_expected || follows(check, case, observed)
}

/// The words of a condition, for its short form.
fn slug(condition: &str) -> String {
    let words = condition.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("_")
}

/// Whether the observation is what follows from the learner's own earlier function. From NaN anything may follow, so that
/// counts for nothing.
fn follows(check: &Check, case: &Record, observed: &Record) -> bool {
    let consequence = check.consequence.as_ref().and_then(|formula| unless_it_panics(|| formula(case, observed)));
    matches!(consequence, Some(Prediction::Is(record))
        if compare::not_finite(&record).is_none() && compare::agrees(&record, observed, check.tolerance()))
}

/// Of a longer text only the beginning is compared line by line, which takes time.
const MAX_DIFF_CHARS: usize = 20_000;

/// Expected and observed, rendered; the latter without parts that nothing is expected of.
struct Pair {
    expected: String,
    observed: String,
    diff: Option<String>,
}

impl Pair {
    fn new(expected: &Record, observed: &Record) -> Self {
        let mut compared = Record::new();
        for (name, _) in expected.parts() {
            if let Some(value) = observed.get(name) {
                compared = compared.with(name, value.clone());
            }
        }
        let diff = match (expected.result(), observed.result()) {
            (Some(Value::Text(wanted)), Some(Value::Text(got))) if wanted.contains('\n') || got.contains('\n') => {
                Some(text::diff(wanted, &got.chars().take(MAX_DIFF_CHARS).collect::<String>()))
            }
            _ => None,
        };
        let (expected, observed) = match diff {
            Some(_) => render::records_apart(expected, &compared),
            None => {
                let (expected, compared) = with_short_texts(expected, &compared);
                render::records_apart(&expected, &compared)
            }
        };
        Self { expected, observed, diff }
    }
}

/// Both records; of long texts, the lines around the first difference.
fn with_short_texts(expected: &Record, observed: &Record) -> (Record, Record) {
    let (mut short_expected, mut short_observed) = (Record::new(), Record::new());
    for (name, wanted) in expected.parts() {
        let (wanted, got) = match (wanted, observed.get(name)) {
            (Value::Text(wanted), Some(Value::Text(got))) => {
                let (wanted, got) = text::around_the_difference(wanted, got);
                (Value::Text(wanted), Some(Value::Text(got)))
            }
            (wanted, got) => (wanted.clone(), got.cloned()),
        };
        short_expected = short_expected.with(name, wanted);
        if let Some(got) = got {
            short_observed = short_observed.with(name, got);
        }
    }
    (short_expected, short_observed)
}

const NOT_ASKED_FOR: &str = "Your code returned something that this check does not expect.";

/// What `ask` says of an observation. A forged one may lack a part that a check takes for granted.
pub(crate) fn unless_it_panics<T>(ask: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(ask)).ok()
}

/// The mistake that explains everything that was seen.
fn recognise<'a>(check: &'a Check, seen: &Seen) -> Option<&'a Mistake> {
    check.mistakes.iter().find(|mistake| recognises(check, mistake, seen))
}

/// Whether `mistake` explains everything that was seen.
pub(crate) fn recognises(check: &Check, mistake: &Mistake, seen: &Seen) -> bool {
    match &mistake.recognition {
        Recognition::Result(formula) => {
            // A panic alone is no evidence: code panics for many reasons.
            seen.iter().any(|(_, observed)| observed.is_some())
                && seen.iter().all(|(case, observed)| match (formula(case), observed) {
                    (Prediction::Is(wrong), Some(observed)) => compare::agrees(&wrong, observed, check.tolerance()),
                    (Prediction::Panics, None) => true,
                    _ => false,
                })
        }
        Recognition::Sign(sign) => {
            let shows = |case, observed| unless_it_panics(|| sign(case, observed)).unwrap_or(false);
            seen.iter().any(|(case, observed)| observed.as_ref().is_some_and(|observed| shows(case, observed)))
        }
    }
}

/// How the message of a `todo!()` begins.
const TODO: &str = "not yet implemented";

/// Whether a panic with this message is a gap that the learner has not filled yet.
pub(crate) fn is_todo(message: &str) -> bool {
    message.starts_with(TODO)
}

fn panicked(case: &Record, message: &str, place: Option<Place>) -> Verdict {
    if let Some(rest) = message.strip_prefix(TODO) {
        let note = rest.strip_prefix(": ").map(|note| format!(": {note}")).unwrap_or_default();
        let mut verdict = Verdict::new(Status::NotStarted, format!("there is still a `todo!()` to replace{note}"));
        verdict.place = place;
        return verdict;
    }
    let mut sentence = format!("Your code panicked: {}", message.trim());
    if let Some(remark) = explain_panic(message) {
        sentence += "\n";
        sentence += remark;
    }
    let mut verdict = with_input(Verdict::new(Status::Crashed, sentence), case);
    verdict.place = place;
    verdict
}

/// What is told where [`is_unwrapped_order`].
const ORDER_OF_NAN: &str = "\nThe input contains NaN. `partial_cmp` returns `None` for it, and a search with `==` does \
                            not find it: `unwrap` panics then. A comparison with `>` is false for NaN, and `total_cmp` \
                            puts NaN above all numbers.";

/// Whether the panic may come from comparing NaN: an `unwrap` of nothing, for an input with a NaN.
fn is_unwrapped_order(message: &str, case: &Record) -> bool {
    let has_nan = |value: &Value| explain::numbers(value).iter().any(|number| number.is_nan());
    message.contains("`Option::unwrap()` on a `None` value") && case.parts().any(|(_, value)| has_nan(value))
}

/// What a panic of ndarray or the standard library means, for those who meet it for the first time.
fn explain_panic(message: &str) -> Option<&'static str> {
    let remarks = [
        (
            "not compatible for matrix multiplication",
            "In `a.dot(&b)`, `a` needs as many columns as `b` has rows: compare both shapes.",
        ),
        (
            "could not broadcast",
            "Two arrays can be combined entry by entry only if their shapes agree, counted from the last axis.",
        ),
        ("IncompatibleShape", "The shapes do not fit together: print `.dim()` of both sides to see them."),
        ("is out of bounds", "Indices count from 0; in a matrix the first one is the row, the second one the column."),
        (
            "must be less than axis length",
            "Indices count from 0. In a matrix, `row` and `Axis(0)` choose a row, `column` and `Axis(1)` a column.",
        ),
        (
            "is past end of axis",
            "A range may end at the length of its axis, but not after it. In a matrix the first axis has the rows, the \
             second one the columns.",
        ),
        // Not where the assertion has a message of its own, which follows a colon.
        (
            "`left == right` failed\n",
            "Two values should be equal, but are not; in a dot product these are the two lengths.",
        ),
        ("cannot sample empty range", "`a..b` has no number in it if a and b are equal; `a..=b` has one."),
        (
            "attempt to subtract with overflow",
            "A `usize` cannot go below 0. Indices count from 0. If the difference may be negative, compare the two numbers \
             first, or convert both to `f64`.",
        ),
        (
            "attempt to multiply with overflow",
            "The product does not fit into the type. `checked_mul` returns `None` where `*` panics.",
        ),
        (
            "capacity overflow",
            "More memory is asked for than there can be: perhaps for a number that was read and not compared with anything.",
        ),
        (
            "left: UniqueId(",
            "Both sides of an operation are the same tensor, or a copy of it, which dfdx does not allow: `.square()` \
             multiplies a tensor by itself.",
        ),
        ("attempt to divide by zero", "A whole number is divided by 0. Perhaps this is the mean of something empty."),
    ];
    remarks.into_iter().find_map(|(sign, remark)| message.contains(sign).then_some(remark))
}

/// The verdict where the probe had to be stopped or died.
fn stopped(case: &Record, ended: Ended) -> Verdict {
    let (status, sentence) = match ended {
        Ended::Stopped(limit) => {
            let in_time =
                !matches!(limit, Limit::Seconds(_) | Limit::Waiting(_) | Limit::TotalSeconds(_) | Limit::CpuSeconds(_));
            (if in_time { Status::Crashed } else { Status::TimedOut }, over(limit))
        }
        Ended::Died(cause) => (Status::Crashed, format!("Your program ended before it returned a result: {cause}.")),
        _ => (Status::Crashed, "Your program crashed so often that it was not started again.".to_owned()),
    };
    with_input(Verdict::new(status, sentence), case)
}

/// What a learner is told of a limit that their code reached.
pub(crate) fn over(limit: Limit) -> String {
    match limit {
        Limit::Seconds(seconds) => {
            // Elsewhere nothing tells a loop from code that waits.
            let or_waits = if cfg!(target_os = "linux") { "" } else { " Or does it sleep, or wait for a lock?" };
            format!(
                "Your code did not return and was stopped after {seconds} s: is there a loop that never ends?{or_waits}"
            )
        }
        Limit::Waiting(seconds) => format!(
            "Your code did not return and was stopped after {seconds} s, in which it computed nothing: does it sleep, or \
             wait for a lock?"
        ),
        Limit::TotalSeconds(seconds) => format!(
            "All checks together may take {seconds} s, and this time is used up: look at the first check that was slow."
        ),
        Limit::CpuSeconds(seconds) => {
            format!("Your code used {seconds} s of processor time and was stopped: do many threads work without end?")
        }
        Limit::MemoryMib(mib) => format!(
            "Your code asked for more than {mib} MiB of memory and was stopped: does something grow in a loop, or is a \
             size computed wrongly?"
        ),
        Limit::Files(files) => format!(
            "Your code had more than {files} files open at once and was stopped: is something opened in a loop and never \
             closed?"
        ),
        Limit::Threads(threads) => format!(
            "Your code ran more than {threads} threads at once and was stopped: is there a `thread::spawn` in a loop?"
        ),
        Limit::OutputKib(kib) => {
            format!("Your code printed more than {kib} KiB and was stopped: is there a `println!` in a loop?")
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, Slice, array};

    use super::*;

    #[test]
    fn a_remark_on_a_dot_product_does_not_contradict_the_assertion() {
        let remark = |message| explain_panic(message).unwrap_or_default();
        assert!(remark("assertion `left == right` failed\n  left: 3\n right: 2").contains("dot product"));
        assert_eq!(remark("assertion `left == right` failed: one bias for each column\n  left: 3\n right: 2"), "");
    }

    #[test]
    fn an_index_beyond_the_end_of_an_axis_has_a_remark() {
        let matrix = Array2::<f64>::zeros((2, 3));
        let panics: [&dyn Fn() -> usize; 5] = [
            &|| matrix.row(2).len(),
            &|| matrix.column(3).len(),
            &|| matrix.index_axis(Axis(0), 2).len(),
            &|| matrix.select(Axis(1), &[3]).len(),
            &|| matrix.slice_axis(Axis(0), Slice::from(..3)).len(),
        ];
        for panics in panics {
            let payload = panic::catch_unwind(AssertUnwindSafe(panics)).expect_err("it is beyond the end");
            let message = payload.downcast::<String>().expect("it has numbers in it");
            assert!(explain_panic(&message).is_some(), "{message}");
        }
    }

    #[test]
    fn an_order_of_nan_that_is_unwrapped_is_recognised_by_message_and_input() {
        let orders = panic::catch_unwind(|| f64::NAN.partial_cmp(&1.0).unwrap()).expect_err("there is no order");
        let message = orders.downcast_ref::<&str>().expect("it has no numbers in it");
        let case = |x: f64| Record::new().with("x", array![1.0, x]);
        assert!(is_unwrapped_order(message, &case(f64::NAN)));
        assert!(!is_unwrapped_order(message, &case(2.0)));
        assert!(!is_unwrapped_order("index out of bounds", &case(f64::NAN)));
    }

    #[test]
    fn code_that_does_not_panic_is_told_what_is_wrong_about_the_inputs() {
        let check = Check::new("chunks", "chunks", "chunks refuses chunks of 0", 1)
            .on(|_| [2_usize, 0].map(|size| Record::new().with("size", size)).to_vec())
            .expects(|c| 6 / c.count("size"))
            .panics_where("the size is 0", |c| c.count("size") == 0);
        let judged = |of_zero: Option<Record>| {
            let seen = [(Record::new().with("size", 2_usize), Some(3_usize.into()))];
            let seen = [seen, [(Record::new().with("size", 0_usize), of_zero)]].concat();
            compare_all(&check, &seen, Some(&mut |_| Vec::new()), 0)
        };
        let wrong = judged(Some(0_usize.into()));
        assert_eq!(wrong.message, "Your code continues, although the size is 0: it should panic.");
        assert_eq!(wrong.mistake.as_deref(), Some("seen:continues:the_size_is_0"));
        assert_eq!(judged(None).status, Status::Passed);
    }

    #[test]
    fn a_fault_with_a_name_is_told_and_any_other_is_a_plain_difference() {
        let check = Check::new("pick", "pick", "pick returns another number", 1)
            .on(|_| vec![Record::new().with("x", 3.0)])
            .has_none_of(&[("same_again", "It is the same number again.")], |case, seen| match seen.float("result") {
                result if result == case.float("x") => Err("same_again"),
                result if result < 0.0 => Err("The number is negative."),
                _ => Ok(()),
            });
        let judged = |result: f64| {
            let seen = [(Record::new().with("x", 3.0), Some(Record::from(result)))];
            let verdict = compare_all(&check, &seen, Some(&mut |_| Vec::new()), 0);
            (verdict.mistake, verdict.message)
        };
        assert_eq!(judged(3.0), (Some("same_again".to_owned()), "It is the same number again.".to_owned()));
        assert_eq!(judged(-1.0), (None, "The number is negative.".to_owned()));
        assert_eq!(judged(4.0).1, "");
    }

    #[test]
    fn a_rule_that_all_wrong_results_follow_is_a_mistake_with_a_name() {
        let vector = |factor: f64| array![1.0, -2.5, 4.0, 0.5] * factor;
        let check = Check::new("vector", "vector", "vector returns numbers", 1)
            .on(|_| [1.0, 3.7, 5.9].map(|x| Record::new().with("x", x)).to_vec())
            .expects(move |case| vector(case.float("x")));
        let judged = |factors: [f64; 3], other: f64| {
            let seen = [1.0, 3.7, 5.9].into_iter().zip(factors).map(|(x, factor)| {
                (Record::new().with("x", x), Some(Record::from(vector(factor * x) + other * (factor - 1.0))))
            });
            compare_all(&check, &seen.collect::<Vec<_>>(), Some(&mut |_| Vec::new()), 0)
        };
        assert_eq!(judged([2.17, 1.0, -0.39], 0.0).mistake.as_deref(), Some("seen:factor"));
        assert_eq!(judged([2.17, 1.0, -0.39], 0.7).mistake, None);
    }

    #[test]
    fn a_long_text_is_cut_to_the_lines_around_the_first_difference() {
        let lines = |wrong: usize| {
            (0..30).map(|i| if i < wrong { format!("{i}\n") } else { "?\n".to_owned() }).collect::<String>()
        };
        let record = |text: String| Record::new().with("how many", 30_usize).with("settings", text);
        let pair = Pair::new(&record(lines(30)), &record(lines(20)));
        assert!(pair.expected.contains("\n           20\n") && !pair.expected.contains("10"), "{}", pair.expected);
        assert!(pair.observed.contains('?') && pair.observed.lines().count() < 12, "{}", pair.observed);
        assert!(pair.observed.contains("30 lines in all"));
    }

    #[test]
    fn what_follows_from_an_earlier_mistake_is_right_as_well_unless_it_is_nan() {
        let check = Check::new("sum", "sum", "sum adds what double returns", 1)
            .expects(|case| 2.0 * case.float("x") + 1.0)
            .or_follows(|_, seen| seen.float("doubled") + 1.0);
        let is_right = |result: f64, doubled: f64| {
            let seen = Record::new().with("result", result).with("doubled", doubled);
            compare_one(&check, 0, &Record::new().with("x", 3.0), &seen).is_none()
        };
        assert!(is_right(7.0, 6.0));
        assert!(is_right(7.0, 9.0) && is_right(10.0, 9.0));
        assert!(!is_right(10.0, 6.0) && !is_right(f64::NAN, f64::NAN));
        // A forged answer may leave out what was observed beside the result.
        assert!(compare_one(&check, 0, &Record::new().with("x", 3.0), &Record::from(8.0)).is_some());
    }

    #[test]
    fn the_case_that_is_shown_is_one_in_which_the_mistake_is_seen() {
        let check = Check::new("double", "double", "double doubles", 1)
            .on(|_| [1.0, -2.0, -3.0].map(|x| Record::new().with("x", x)).to_vec())
            .expects(|case| 2.0 * case.float("x"))
            .mistake_if("sign_lost", "The sign is lost.", |case, seen| {
                case.float("x") < 0.0 && seen.float("result") > 0.0
            });
        let seen: Vec<(Record, Option<Record>)> =
            [1.0_f64, -2.0, -3.0].map(|x| (Record::new().with("x", x), Some(Record::from(3.0 * x.abs())))).to_vec();
        let verdict = compare_all(&check, &seen, Some(&mut |_| Vec::new()), 0);
        assert_eq!(verdict.mistake.as_deref(), Some("sign_lost"));
        assert_eq!(verdict.input.as_deref(), Some("x = -2"));
        let unread = compare_all(&check, &seen, None, 0);
        assert_eq!((unread.status, unread.mistake), (Status::Failed, None), "explained, and not read");

        // Without a mistake that explains it, it is the first.
        let strange = |case: &Record| Some(Record::from((7.3 * case.float("x")).sin() - 0.123));
        let plain: Vec<_> = seen.into_iter().map(|(case, _)| (case.clone(), strange(&case))).collect();
        let verdict = compare_all(&check, &plain, Some(&mut |_| Vec::new()), 0);
        assert_eq!((verdict.mistake, verdict.input.as_deref()), (None, Some("x = 1")));
    }
}
