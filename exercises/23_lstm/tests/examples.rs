//! The lesson's worked examples. Run them with `cargo test -p lstm`; the grader asks for more.

use approx::assert_abs_diff_eq;
use engine::{BceWithLogits, Layer, Linear, Sequential};
use lstm::{
    Lstm, Rnn, State, Weights, first_symbol, fit, gradient_by_step, scale_by_past, skill, split_in_time, windows,
};
use ndarray::{Array1, Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// The weights of the lesson: 0.5 for what is read, 0.25 for the state, no biases.
fn weights(n_scores: usize) -> Weights {
    let matrix = |value| Array2::from_elem((1, n_scores), value);
    Weights::from_parts(matrix(0.5), matrix(0.25), Array1::zeros(n_scores))
}

#[test]
fn a_series_becomes_windows() {
    let series = array![4.0, 7.0, 1.0, 3.0, 9.0];
    let all = windows(&series, 2);
    assert_eq!(all.x, array![[4.0, 7.0], [7.0, 1.0], [1.0, 3.0]]);
    assert_eq!(all.y, array![[1.0], [3.0], [9.0]]);

    let (train, test) = split_in_time(&series, 4, 2);
    assert_eq!(train.y, array![[1.0], [3.0]]);
    assert_eq!(test.x, array![[1.0, 3.0]]);
    assert_eq!(test.y, array![[9.0]]);

    assert_abs_diff_eq!(scale_by_past(&array![1.0, 3.0, 6.0], 2), array![-1.0, 1.0, 4.0], epsilon = 1e-12);
    assert_abs_diff_eq!(skill(&array![[2.0], [3.0], [6.0]], &all), 1.0 - 10.0 / 76.0, epsilon = 1e-12);
}

#[test]
fn a_plain_layer_reads_two_steps_and_goes_back() {
    let mut layer = Rnn::from_parts(weights(1));
    assert_abs_diff_eq!(layer.forward(&array![[1.0, 1.0]]), array![[0.5480]], epsilon = 1e-4);
    let d_x = layer.backward(&array![[1.0]]);
    assert_abs_diff_eq!(d_x, array![[0.0688, 0.3498]], epsilon = 1e-4);
    assert_abs_diff_eq!(layer.weights.d_w, array![[0.8373]], epsilon = 1e-4);
    assert_abs_diff_eq!(layer.weights.d_u, array![[0.3233]], epsilon = 1e-4);
    assert_abs_diff_eq!(gradient_by_step(&d_x, 1), array![0.0688, 0.3498], epsilon = 1e-4);
}

#[test]
fn an_lstm_takes_a_step() {
    let step = Lstm::from_parts(weights(4)).step(&array![[1.0]], &State::zeros(1, 1));
    assert_abs_diff_eq!(step.i, array![[0.6225]], epsilon = 1e-4);
    assert_abs_diff_eq!(step.g, array![[0.4621]], epsilon = 1e-4);
    assert_abs_diff_eq!(step.after.c, array![[0.2876]], epsilon = 1e-4);
    assert_abs_diff_eq!(step.after.h, array![[0.1743]], epsilon = 1e-4);
}

#[test]
fn an_lstm_reads_two_steps_and_goes_back() {
    let mut layer = Lstm::from_parts(weights(4));
    assert_abs_diff_eq!(layer.forward(&array![[1.0, 1.0]]), array![[0.2901]], epsilon = 1e-4);
    let d_x = layer.backward(&array![[1.0]]);
    assert_abs_diff_eq!(d_x, array![[0.1168, 0.2180]], epsilon = 1e-4);
}

#[test]
fn a_network_learns_to_remember() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let (x, y) = first_symbol(20, 5, rng);
    let mut net = Sequential::new(vec![Box::new(Lstm::new(1, 4, 3.0, rng)), Box::new(Linear::new(4, 1, rng))]);
    let losses = fit(&mut net, &x, &y, &BceWithLogits, 80, 1.0, 1.0);
    assert!(losses[79] < losses[0] / 2.0, "the loss went from {} to {}", losses[0], losses[79]);
}
