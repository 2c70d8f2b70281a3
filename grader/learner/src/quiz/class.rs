//! What the first answers of a class say of its questions.

use std::collections::BTreeMap;

use report::FirstAnswer;
use serde::Serialize;

/// What a class made of one question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuestionOfClass {
    /// The name of the exercise.
    pub exercise: String,
    /// The id of the question.
    pub question: String,
    /// How many have answered it.
    pub answers: usize,
    /// The share of right first answers, from 0 to 1.
    pub right: f64,
    /// How well it tells strong learners from weak ones, from -1 to 1: the point-biserial correlation between a right
    /// answer to it and the share of right answers to all other questions (Lord and Novick, *Statistical Theories of
    /// Mental Test Scores*, 1968, section 15.3). `None` where too few have answered, or all alike.
    pub discrimination: Option<f64>,
    /// The wrong first answers, the most frequent first, with how many gave each.
    pub wrong: Vec<(String, usize)>,
}

/// The first answers of one learner, by the names of the exercises.
pub type Learner = BTreeMap<String, Vec<FirstAnswer>>;

/// What a class made of each question that somebody has answered, in the order of exercises and ids.
pub fn questions(class: &[Learner]) -> Vec<QuestionOfClass> {
    let mut answers: BTreeMap<(&str, &str), Vec<(usize, &FirstAnswer)>> = BTreeMap::new();
    for (number, learner) in class.iter().enumerate() {
        for (exercise, firsts) in learner {
            for first in firsts {
                answers.entry((exercise, &first.question)).or_default().push((number, first));
            }
        }
    }
    let all: Vec<(usize, usize)> = class
        .iter()
        .map(|learner| {
            let firsts = || learner.values().flatten();
            (firsts().filter(|first| first.right).count(), firsts().count())
        })
        .collect();
    let of = |((exercise, question), answers): ((&str, &str), Vec<(usize, &FirstAnswer)>)| {
        let right = answers.iter().filter(|(_, first)| first.right).count();
        let pairs: Vec<(bool, f64)> = answers
            .iter()
            .filter_map(|(learner, first)| {
                let (right, count) = all[*learner];
                let others = count - 1;
                (others > 0).then(|| (first.right, (right - usize::from(first.right)) as f64 / others as f64))
            })
            .collect();
        let mut wrong: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, first) in answers.iter().filter(|(_, first)| !first.right) {
            *wrong.entry(&first.given).or_default() += 1;
        }
        let mut wrong: Vec<(String, usize)> = wrong.into_iter().map(|(given, n)| (given.to_owned(), n)).collect();
        wrong.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        QuestionOfClass {
            exercise: exercise.to_owned(),
            question: question.to_owned(),
            answers: answers.len(),
            right: right as f64 / answers.len() as f64,
            discrimination: point_biserial(&pairs),
            wrong,
        }
    };
    answers.into_iter().map(of).collect()
}

/// The point-biserial correlation r = (M1 - M0) / s · √(p (1 - p)): M1 and M0 are the mean scores of those who were right
/// and wrong, s is the standard deviation of all scores (over n), p the share of those who were right. `None` for fewer
/// than ten, or if all were right, all wrong, or all scores are the same.
fn point_biserial(pairs: &[(bool, f64)]) -> Option<f64> {
    const ENOUGH: usize = 10;
    let n = pairs.len() as f64;
    let mean = |scores: &[f64]| scores.iter().sum::<f64>() / scores.len() as f64;
    let of = |right: bool| pairs.iter().filter(|pair| pair.0 == right).map(|pair| pair.1).collect::<Vec<f64>>();
    let (right, wrong) = (of(true), of(false));
    let scores: Vec<f64> = pairs.iter().map(|pair| pair.1).collect();
    let deviation = (scores.iter().map(|score| (score - mean(&scores)).powi(2)).sum::<f64>() / n).sqrt();
    if pairs.len() < ENOUGH || right.is_empty() || wrong.is_empty() || deviation < 1e-12 {
        return None;
    }
    let p = right.len() as f64 / n;
    Some((mean(&right) - mean(&wrong)) / deviation * (p * (1.0 - p)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_correlation_is_that_of_the_textbook() {
        // By hand: M1 = 4, M0 = 2, s² = 2, p = 1/2, so r = 2 / √2 · 1/2.
        let pairs = [(true, 3.0), (true, 5.0), (false, 1.0), (false, 3.0)].repeat(3);
        assert!((point_biserial(&pairs).unwrap() - 0.5_f64.sqrt()).abs() < 1e-12);
        assert_eq!(point_biserial(&pairs[..4]), None);
        assert_eq!(point_biserial(&[(true, 1.0); 20]), None);
    }

    /// Learners whose ability a is uniform in 0..1, and questions that are answered rightly with probability
    /// guess + slope · a: a question without a slope tells nothing, a steep one much. Both figures come out as they should.
    #[test]
    fn a_simulated_class_is_found_again() {
        let questions_of = [("guessed", 0.5, 0.0), ("easy", 0.95, 0.05), ("steep", 0.0, 1.0), ("reversed", 1.0, -1.0)];
        let mut random = fastrand::Rng::with_seed(7);
        let class: Vec<Learner> = (0..2000)
            .map(|_| {
                let ability = random.f64();
                let mut firsts: Vec<FirstAnswer> = questions_of
                    .iter()
                    .map(|(id, guess, slope)| {
                        let right = random.f64() < guess + slope * ability;
                        let given = if right { "a" } else { "b" };
                        FirstAnswer { question: (*id).to_owned(), right, given: given.to_owned() }
                    })
                    .collect();
                firsts.extend((0..20).map(|n| FirstAnswer {
                    question: format!("more-{n:02}"),
                    right: random.f64() < ability,
                    given: String::new(),
                }));
                Learner::from([("01_first".to_owned(), firsts)])
            })
            .collect();
        let found = questions(&class);
        let of = |id: &str| found.iter().find(|question| question.question == id).unwrap();

        // What theory expects. The ability has the variance 1/12; m is the mean of guess + slope · a.
        let all: Vec<(&str, f64, f64)> = questions_of.into_iter().chain([("more-00", 0.0, 1.0); 20]).collect();
        let m = |guess: f64, slope: f64| guess + slope / 2.0;
        let noise = |guess: f64, slope: f64| m(guess, slope) - m(guess, slope).powi(2) - slope * slope / 12.0;
        let (slopes, noises) =
            all.iter().fold((0.0, 0.0), |(s, n), (_, guess, slope)| (s + slope, n + noise(*guess, *slope)));
        for (id, guess, slope) in all {
            let (others, noises) = (slopes - slope, noises - noise(guess, slope));
            let p = m(guess, slope);
            let expected = slope * others / 12.0 / (p * (1.0 - p) * (others * others / 12.0 + noises)).sqrt();
            let question = of(id);
            assert!((question.right - p).abs() < 0.03, "{id}: {} for {p}", question.right);
            let r = question.discrimination.unwrap();
            assert!((r - expected).abs() < 0.05, "{id}: {r} for {expected}");
        }
        assert_eq!(of("guessed").wrong.len(), 1);
        assert!(questions(&[]).is_empty());
    }
}
