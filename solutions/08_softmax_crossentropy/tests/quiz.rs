//! Computes every number in the questions.

use lesson::Lesson;
use ndarray::{Array2, array};
use softmax_crossentropy_solution::{bce_with_logits_grad, cross_entropy, cross_entropy_grad, log_softmax, softmax};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    what_softmax_does_not_see();
    far_above_a_guess(&mut quiz);
    perplexity(&mut quiz);
    two_scores();
    clipping(&mut quiz);
    another_batch_size(&mut quiz);
    the_long_way();
    quiz.finish();
}

fn what_softmax_does_not_see() {
    let z = array![[3.0, -1.0, 0.5]];
    let p = softmax(&z);
    let is_the_same = |z: &Array2<f64>| softmax(z).abs_diff_eq(&p, 1e-12);
    assert!(is_the_same(&(&z - 2.5 / 3.0)));
    assert!(is_the_same(&log_softmax(&z)));
    assert!(!is_the_same(&(&z * 2.0)));
    assert!(!is_the_same(&p));
    assert!(!is_the_same(&(&z / 3.0)));
}

fn far_above_a_guess(quiz: &mut Lesson) {
    quiz.given("prints a loss of 9.2.");
    let guess = cross_entropy(&Array2::zeros((1, 10)), &[0]);
    quiz.says("exactly ln 10 = 2.303", &[10.0, guess]);
    quiz.says("4 · 2.303 is 9.21", &[4.0, guess, 4.0 * guess]);
    let mut wrong = Array2::zeros((1, 10));
    wrong[[0, 1]] = 1.0;
    quiz.says("never above 2.461", &[cross_entropy(&wrong, &[0])]);
}

fn perplexity(quiz: &mut Lesson) {
    let guess = cross_entropy(&Array2::zeros((1, 1000)), &[0]);
    quiz.says("among 1,000 words has the perplexity 1,000", &[1000.0, guess.exp()]);
    // The true class is the first one, once with the probability 1/2 and once with 1/8.
    let z = array![[0.5_f64.ln(), 0.5_f64.ln()], [0.125_f64.ln(), 0.875_f64.ln()]];
    let loss = cross_entropy(&z, &[0, 0]);
    quiz.says("answer = 4\n", &[loss.exp()]);
    quiz.given("tolerance = 0.02");
    quiz.says("value = 1.386", &[loss]);
    quiz.says("value = 5\n", &[f64::midpoint(2.0, 8.0)]);
    quiz.says("value = 3.2", &[1.0 / f64::midpoint(0.5, 0.125)]);
}

fn two_scores() {
    for z in [-3.0_f64, 0.4, 5.0] {
        let scores = array![[0.0, z]];
        assert!((cross_entropy(&scores, &[1]) - (-z).exp().ln_1p()).abs() < 1e-12);
        let sigmoid = 1.0 / (1.0 + (-z).exp());
        assert!((cross_entropy_grad(&scores, &[1])[[0, 1]] - (sigmoid - 1.0)).abs() < 1e-12);
    }
}

fn clipping(quiz: &mut Lesson) {
    quiz.given("at most 1 - 1e-15");
    quiz.given("Because 1e-15 is too small");
    quiz.given("the limit 1 - 1e-15 is exactly 1");
    quiz.given("down to 1e-38");
    let border = |distance: f32| 1.0 - distance;
    assert_eq!(border(1e-15).to_bits(), 1.0_f32.to_bits());
    assert!(border(1e-7) < 1.0);
    let smallest = f64::from(f32::MIN_POSITIVE);
    assert!((1e-38..2e-38).contains(&smallest));
    assert!(1.0 / (1.0 + (-20.0_f32).exp()) >= 1.0 && 1.0 / (1.0 + (-20.0_f64).exp()) < 1.0);
}

fn another_batch_size(quiz: &mut Lesson) {
    quiz.given("batches of 32 and the learning rate 0.1");
    quiz.given("batches of 512");
    quiz.says("answer = 0.00625", &[0.1 * 32.0 / 512.0]);
    quiz.says("as long: 0.1 / 16", &[0.1, 512.0 / 32.0]);
    quiz.given("tolerance = 0.0001");
    quiz.says("value = 1.6", &[0.1 * 16.0]);
    quiz.says("That is 0.1 · 16", &[0.1, 512.0 / 32.0]);
    quiz.given("value = 0.1");
    quiz.says("value = 0.025", &[0.1 / 16_f64.sqrt()]);
}

fn the_long_way() {
    let p = 1.0 / (1.0 + (-40.0_f64).exp());
    assert!((p / (p * (1.0 - p)) * (p * (1.0 - p))).is_nan());
    assert_eq!(bce_with_logits_grad(&array![40.0], &array![0.0])[0], 1.0);
}
