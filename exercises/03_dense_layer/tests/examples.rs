//! The lesson's worked examples. Run them with `cargo test -p dense_layer`; the grader asks for more.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use dense_layer::{
    Activation, DenseLayer, ThreeLayerNetwork, columns_are_neurons, parse_activation, rows_are_neurons, softmax_rows,
};
use ndarray::array;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

#[test]
fn activations_have_names() {
    assert_eq!(parse_activation("relu"), Ok(Activation::Relu));
    assert!(parse_activation("swish9").is_err());
}

#[test]
fn relu_cuts_negative_numbers_off() {
    let z = array![[-2.0, -0.5, 0.0, 0.5, 2.0]];
    assert_eq!(Activation::Relu.apply(&z), array![[0.0, 0.0, 0.0, 0.5, 2.0]]);
    assert_eq!(Activation::Linear.apply(&z), z);
}

#[test]
fn one_sample_two_answers() {
    let (x, w, b) = (array![2.0, -1.0], array![[0.5, -0.3], [0.2, 0.8]], array![0.1, -0.1]);
    assert_abs_diff_eq!(columns_are_neurons(&x, &w, &b), array![0.9, -1.5], epsilon = 1e-12);
    assert_abs_diff_eq!(rows_are_neurons(&x, &w, &b), array![1.4, -0.5], epsilon = 1e-12);
}

#[test]
fn a_batch_of_two_samples() {
    let layer =
        DenseLayer::from_parts(array![[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]], array![0.01, -0.02], Activation::Relu);
    let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    assert_abs_diff_eq!(layer.pre_activation(&x), array![[-0.79, 2.38], [-1.09, 4.78]], epsilon = 1e-12);
    assert_abs_diff_eq!(layer.forward(&x), array![[0.0, 2.38], [0.0, 4.78]], epsilon = 1e-12);
}

#[test]
fn softmax_survives_large_scores() {
    let p = softmax_rows(&array![[1000.0, 1000.0], [0.0, f64::ln(3.0)]]);
    assert_abs_diff_eq!(p, array![[0.5, 0.5], [0.25, 0.75]], epsilon = 1e-12);
}

#[test]
fn the_network_for_digits_has_109_386_parameters() {
    let network = ThreeLayerNetwork::new([784, 128, 64, 10], &mut Xoshiro256PlusPlus::seed_from_u64(1));
    assert_eq!(network.n_params(), 109_386);
}

#[test]
fn predictions_are_classes() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let network = ThreeLayerNetwork::new([4, 5, 6, 3], &mut rng);
    let x = array![[0.1, 0.2, 0.3, 0.4], [1.0, -1.0, 2.0, 0.0]];
    assert_eq!(network.forward(&x).dim(), (2, 3));
    for row in network.predict_proba(&x).rows() {
        assert_relative_eq!(row.sum(), 1.0, epsilon = 1e-12);
    }
    assert!(network.predict(&x).iter().all(|&class| class < 3));
}
