//! The lesson's worked examples. Run them with `cargo test -p perceptron`; the grader asks for more.

use approx::assert_abs_diff_eq;
use datasets::{Gate, separable_blobs};
use ndarray::array;
use perceptron::{Perceptron, Standardizer, accuracy, linear_neuron, sigmoid, sigmoid_neuron, step};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

#[test]
fn a_neuron_weighs_its_inputs() {
    let (x, weights) = (array![1.0, 2.0, 3.0], array![0.5, -0.3, 0.8]);
    assert_abs_diff_eq!(linear_neuron(&x, &weights, 0.1), 2.4, epsilon = 1e-12);
    assert_abs_diff_eq!(sigmoid_neuron(&x, &weights, 0.1), 0.9168, epsilon = 1e-4);
}

#[test]
fn zero_is_enough_for_a_yes() {
    assert_eq!([-0.5, -0.0, 0.0, 0.5].map(step), [0.0, 1.0, 1.0, 1.0]);
}

#[test]
fn the_sigmoid_survives_large_sums() {
    assert_eq!(sigmoid(0.0), 0.5);
    assert_abs_diff_eq!(sigmoid(1000.0), 1.0);
    assert_abs_diff_eq!(sigmoid(-1000.0), 0.0);
}

#[test]
fn one_correction() {
    let mut perceptron = Perceptron::from_parts(array![0.0, 0.0], 0.0, 0.5);
    assert!(perceptron.update(&array![2.0, -3.0], 0.0));
    assert_eq!(perceptron.weights, array![-1.0, 1.5]);
    assert_eq!(perceptron.bias, -0.5);
    assert!(!perceptron.update(&array![2.0, -3.0], 0.0), "now it is right");
}

#[test]
fn and_is_learned_in_six_epochs() {
    let and = Gate::And.dataset();
    let mut perceptron = Perceptron::from_parts(array![0.0, 0.0], 0.0, 1.0);
    assert_eq!(perceptron.train(&and.features, &and.targets(), 100), [2, 3, 3, 2, 1, 0]);
    assert_eq!(perceptron.weights, array![2.0, 1.0]);
    assert_eq!(perceptron.bias, -3.0);
    assert_eq!(perceptron.decision_line(), Some((-2.0, 3.0)));
    assert_eq!(accuracy(&perceptron.predict(&and.features), &and.targets()), 1.0);
}

#[test]
fn xor_is_never_learned() {
    let xor = Gate::Xor.dataset();
    let mut perceptron = Perceptron::from_parts(array![0.0, 0.0], 0.0, 1.0);
    assert_eq!(perceptron.train(&xor.features, &xor.targets(), 50).len(), 50);
    assert!(accuracy(&perceptron.predict(&xor.features), &xor.targets()) <= 0.75);
}

#[test]
fn the_sigmoid_rule_needs_more_epochs() {
    let and = Gate::And.dataset();
    let mut perceptron = Perceptron::from_parts(array![0.0, 0.0], 0.0, 0.1);
    perceptron.fit_batch_sigmoid(&and.features, &and.targets(), 40);
    assert_eq!(accuracy(&perceptron.predict_sigmoid(&and.features), &and.targets()), 0.75);
    perceptron.fit_batch_sigmoid(&and.features, &and.targets(), 1);
    assert_eq!(accuracy(&perceptron.predict_sigmoid(&and.features), &and.targets()), 1.0);
}

#[test]
fn two_clouds_are_separated() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let data = separable_blobs([20, 30], 3, 0.5, &mut rng);
    let mut perceptron = Perceptron::new(3, 0.1, &mut rng);
    assert_eq!(perceptron.train(&data.features, &data.targets(), 1000).last(), Some(&0));
}

#[test]
fn test_data_is_scaled_as_training_data_was() {
    let scaler = Standardizer::fit(&array![[1.0, 100.0], [5.0, 300.0]]);
    assert_abs_diff_eq!(scaler.transform(&array![[7.0, 200.0]]), array![[2.0, 0.0]], epsilon = 1e-12);
}
