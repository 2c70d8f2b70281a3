//! Computes every number in the questions.

use custom_layers_losses_solution::{Dice, Focal, Residual, SmoothedCrossEntropy, Swish, attention_weights};
use engine::{Layer, Linear, Loss, Sequential};
use lesson::Lesson;
use ndarray::{Array1, Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// The focal loss of one sample whose true class has the probability `p`.
fn focal(gamma: f64, p: f64) -> f64 {
    let scores = array![[(p / (1.0 - p)).ln(), 0.0]];
    Focal { gamma, class_weights: array![1.0, 1.0] }.value(&scores, &array![[1.0, 0.0]])
}

/// The loss of scores whose softmax is `p`.
fn smoothed(p: [f64; 3]) -> f64 {
    let loss = SmoothedCrossEntropy { epsilon: 0.3 };
    loss.value(&array![p.map(f64::ln)], &array![[0.0, 1.0, 0.0]])
}

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    for passage in ["tolerance = 0.003", "tolerance = 0.004", "reports a focal loss of 0.02", "cross-entropy of 0.3."] {
        quiz.given(passage);
    }

    let weight = |scale: f64| {
        let keys = array![[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]];
        attention_weights(&array![[2.0 * scale, 0.0, 0.0, 0.0]], &keys)[[0, 0]]
    };
    quiz.says("answer = 0.7311", &[weight(1.0)]);
    quiz.says("value = 0.8808", &[weight(2.0)]);
    quiz.says("value = 0.6225", &[weight(0.5)]);
    quiz.says("value = 0.982\n", &[weight(4.0)]);
    quiz.says("value = 0.8044", &[weight(2.0_f64.sqrt())]);

    quiz.says(
        "At p = 0.7 the cross-entropy is 0.357 and the focal loss with γ = 2 is 0.032",
        &[0.7, focal(0.0, 0.7), 2.0, focal(2.0, 0.7)],
    );
    let steepness = |gamma: f64, p: f64| (focal(gamma, p - 1e-6) - focal(gamma, p + 1e-6)) / 2e-6;
    assert!((1..22).all(|p| steepness(4.0, f64::from(p) / 100.0) > steepness(0.0, f64::from(p) / 100.0)));
    assert!((23..100).all(|p| steepness(4.0, f64::from(p) / 100.0) < steepness(0.0, f64::from(p) / 100.0)));
    quiz.given("From about p = 0.2 on");

    quiz.given("ε = 0.3, three classes");
    let targets = SmoothedCrossEntropy { epsilon: 0.3 }.targets(&array![[0.0, 1.0, 0.0]]);
    quiz.says("[0.1, 0.8, 0.1]", &targets.iter().copied().collect::<Vec<_>>());
    quiz.says("-0.8 · ln 0.8 - 0.2 · ln 0.1", &[-0.8, 0.8, 0.2, 0.1]);
    quiz.says("answer = 0.639\n", &[smoothed([0.1, 0.8, 0.1])]);
    assert!(smoothed([0.11, 0.78, 0.11]) > smoothed([0.1, 0.8, 0.1]));
    assert!(smoothed([0.09, 0.82, 0.09]) > smoothed([0.1, 0.8, 0.1]));
    quiz.says("value = 0.2231", &[-(0.8_f64.ln())]);
    quiz.given("-ln 0.8,");
    quiz.given("-0.1 · ln 0.1.");
    quiz.says("value = 0.8188", &[-(0.7 * 0.7_f64.ln() + 0.3 * 0.15_f64.ln())]);
    quiz.given("the targets [0.15, 0.7, 0.15]");

    let nothing_marked = Dice { smooth: 1.0 }.value(&Array2::from_elem((1, 90), 0.1), &Array2::zeros((1, 90)));
    quiz.says("with Σ p = 9 that is 0.9 of 1", &[9.0, nothing_marked, 1.0]);
    quiz.finish();
}

#[test]
fn a_swish_with_beta_zero_halves_and_learns() {
    let mut swish = Swish::from_parts(array![0.0]);
    assert_eq!(swish.forward(&array![[3.0], [-1.0]]), array![[1.5], [-0.5]]);
    swish.backward(&array![[1.0], [1.0]]);
    assert_eq!(swish.d_beta, array![(9.0 + 1.0) / 4.0]);
}

#[test]
fn behind_a_layer_of_zeros_nothing_gets_a_gradient_in_the_first_step() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let branch = Sequential::new(vec![
        Box::new(Linear::new(3, 3, rng)),
        Box::new(Swish::new(3)),
        Box::new(Linear::from_parts(Array2::zeros((3, 3)), Array1::zeros(3))),
    ]);
    let mut block = Residual::new(branch, None);
    let (x, d_out) = (array![[0.5, -1.0, 2.0], [1.0, 0.3, -0.7]], array![[1.0, -0.5, 0.2], [0.1, 0.4, -0.9]]);
    assert_eq!(block.forward(&x), x);
    assert_eq!(block.backward(&d_out), d_out);
    let is_zero: Vec<bool> = block.parameters().iter().map(|p| p.gradient.iter().all(|g| *g == 0.0)).collect();
    // Weights and biases of the first layer, β, weights and biases of the second layer.
    assert_eq!(is_zero, [true, true, true, false, false]);
}
