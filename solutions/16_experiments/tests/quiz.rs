//! Computes every number in the questions.

use std::cmp::Ordering;

use experiments_solution::{Summary, compare, k_fold, summarise};
use lesson::Lesson;

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    for given in [
        "an accuracy of 95.2 % on the validation set, and 94.1 % on the test set",
        "better than the standard one by 2.1 standard errors",
        "2.1 is too close to 2",
        "planned beforehand 2.1 is fair",
        "tolerance = 0.5",
        "five runs each: 0.93 ± 0.00, 0.91 ± 0.00, 0.88 ± 0.00",
        "rates between 0.001 and 1: 0.42, 0.95, 0.61, 0.17, 0.34, 0.79",
        "rate 0.01: 0.63 · rate 0.02: 0.74 · rate 0.03: 0.80",
        "rate 0.3: 0.94 · rate 0.1: 0.93",
    ] {
        quiz.given(given);
    }
    assert!(summarise(&[0.93]).std.is_nan());
    half_the_difference(&mut quiz);

    // The share of a logarithmic range from 0.001 to 1 that lies below 0.1.
    quiz.given("below 0.1, where two thirds");
    let share = (0.1_f64 / 0.001).ln() / (1.0_f64 / 0.001).ln();
    assert!((share - 2.0 / 3.0).abs() < 1e-12);

    let order: Vec<usize> = (0..11).collect();
    let sizes: Vec<usize> = k_fold(&order, 3).iter().map(|fold| fold.validation.len()).collect();
    assert_eq!(sizes, [4, 4, 3]);
    quiz.finish();
}

fn half_the_difference(quiz: &mut Lesson) {
    // Noise with which five repeats are just enough for a difference of 2 %.
    let std = 0.02 * (5.0_f64 / 8.0).sqrt() * 0.999;
    let told_apart = |difference: f64, n: usize| {
        let [a, b] = [0.9 + difference, 0.9].map(|mean| Summary { mean, std, n });
        compare(&a, &b) == Ordering::Greater
    };
    assert!(told_apart(0.02, 5) && !told_apart(0.02, 4));
    assert!(told_apart(0.01, 20) && !told_apart(0.01, 19));
    quiz.says("fallen to 0.71 of its old value", &[0.5_f64.sqrt()]);
}
