//! The lesson's worked examples. Run them with `cargo test -p autoencoder_transfer`; the grader asks for more.

use approx::assert_abs_diff_eq;
use autoencoder_transfer::{AnomalyDetector, Autoencoder, Classifier, Frozen, quantile, select_classes, transfer};
use engine::{Layer, Linear, Sequential};
use ndarray::array;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// The autoencoder of the lesson: two features, a code of one number.
fn autoencoder() -> Autoencoder {
    let encoder = Linear::from_parts(array![[0.5], [0.5]], array![0.0]);
    let decoder = Linear::from_parts(array![[1.0, 2.0]], array![0.0, 0.0]);
    Autoencoder::from_parts(Sequential::new(vec![Box::new(encoder)]), Sequential::new(vec![Box::new(decoder)]))
}

#[test]
fn a_sample_goes_through_the_code_and_back() {
    let mut autoencoder = autoencoder();
    let x = array![[1.0, 3.0]];
    assert_abs_diff_eq!(autoencoder.encode(&x), array![[2.0]], epsilon = 1e-12);
    assert_abs_diff_eq!(autoencoder.reconstruct(&x), array![[2.0, 4.0]], epsilon = 1e-12);
    assert_abs_diff_eq!(autoencoder.errors(&x), array![1.0], epsilon = 1e-12);
}

#[test]
fn a_step_moves_both_networks() {
    let mut autoencoder = autoencoder();
    let x = array![[1.0, 3.0]];
    assert_abs_diff_eq!(autoencoder.train_step(&x, &x, 0.1), 1.0, epsilon = 1e-12);
    let encoder = autoencoder.encoder.parameters()[0].value.to_owned();
    let decoder = autoencoder.decoder.parameters()[0].value.to_owned();
    assert_abs_diff_eq!(encoder, array![[0.2], [-0.4]].into_dyn(), epsilon = 1e-12);
    assert_abs_diff_eq!(decoder, array![[0.8, 1.8]].into_dyn(), epsilon = 1e-12);
}

#[test]
fn a_repair_is_compared_with_the_original() {
    let loss = autoencoder().train_step(&array![[0.0, 3.0]], &array![[1.0, 3.0]], 0.1);
    assert_abs_diff_eq!(loss, 0.125, epsilon = 1e-12);
}

#[test]
fn a_threshold_is_a_quantile_of_normal_errors() {
    assert_abs_diff_eq!(quantile(&array![3.0, 1.0, 9.0, 2.0, 5.0], 0.9), 7.4, epsilon = 1e-12);
    let mut detector = AnomalyDetector { autoencoder: autoencoder(), threshold: 0.9 };
    assert_eq!(detector.is_anomaly(&array![[1.0, 3.0], [0.0, 0.0], [f64::NAN, 0.0]]), [true, false, true]);
}

#[test]
fn classes_are_counted_from_0() {
    let (x, labels) = select_classes(&array![[1.0], [2.0], [3.0]], &[7, 0, 5], &[5, 6, 7]);
    assert_eq!(x, array![[1.0], [3.0]]);
    assert_eq!(labels, [2, 0]);
}

#[test]
fn a_frozen_network_lets_gradients_through() {
    let net = Sequential::new(vec![Box::new(Linear::from_parts(array![[2.0], [3.0]], array![1.0]))]);
    let mut frozen = Frozen::new(net);
    assert_eq!(frozen.forward(&array![[1.0, 1.0]]), array![[6.0]]);
    assert_eq!(frozen.backward(&array![[1.0]]), array![[2.0, 3.0]]);
    assert!(frozen.parameters().is_empty());
}

#[test]
fn transfer_keeps_the_body() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mut pretrained = Classifier::new(&[2, 4], 3, rng);
    assert_eq!(pretrained.n_trainable(), 27);
    let x = array![[0.0, 1.0], [1.0, 0.0]];
    let before = pretrained.body.forward(&x);
    let mut new = transfer(pretrained, &x, &array![[1.0, 0.0], [0.0, 1.0]], 0.5, 20, rng);
    assert_eq!(new.body.forward(&x), before);
    assert_eq!((new.n_trainable(), new.head.weights.dim()), (10, (4, 2)));
}
