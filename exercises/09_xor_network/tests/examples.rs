//! The lesson's worked examples. Run them with `cargo test -p xor_network`; the grader asks for more.

use approx::assert_abs_diff_eq;
use datasets::Gate;
use ndarray::{Array2, Axis, array};
use xor_network::{Activation, XorNet, hand_made_xor};

/// The four samples, one per row, and their targets in a column.
fn xor() -> (Array2<f64>, Array2<f64>) {
    let data = Gate::Xor.dataset();
    let targets = data.targets().insert_axis(Axis(1));
    (data.features, targets)
}

/// The network of the lesson, which is that of exercise 5.
fn example() -> XorNet {
    XorNet::from_parts(
        array![[0.1, 0.3], [0.2, 0.4]],
        array![0.01, 0.02],
        array![[0.5], [0.6]],
        array![0.03],
        Activation::Sigmoid,
    )
}

#[test]
fn one_pass_for_all_four_samples() {
    let (x, y) = xor();
    let cache = example().forward(&x);
    assert_abs_diff_eq!(cache.z1, array![[0.01, 0.02], [0.21, 0.42], [0.11, 0.32], [0.31, 0.72]], epsilon = 1e-12);
    assert_abs_diff_eq!(cache.a2, array![[0.6420], [0.6611], [0.6551], [0.6730]], epsilon = 1e-4);
    assert_abs_diff_eq!(example().loss(&x, &y), 0.2748, epsilon = 1e-4);
}

#[test]
fn a_half_is_class_0() {
    let (x, _) = xor();
    let undecided = XorNet::from_parts(
        Array2::zeros((2, 3)),
        array![1.0, 2.0, 3.0],
        Array2::zeros((3, 1)),
        array![0.0],
        Activation::Relu,
    );
    assert_eq!(undecided.predict(&x), array![0, 0, 0, 0]);
    assert_eq!(undecided.hidden_representation(&x).row(3), array![1.0, 2.0, 3.0]);
}

#[test]
fn hand_made_networks_solve_xor() {
    let (x, _) = xor();
    for hidden in [Activation::Sigmoid, Activation::Relu] {
        assert_eq!(hand_made_xor(hidden).predict(&x), array![0, 1, 1, 0], "{hidden:?}");
    }
}

#[test]
fn slopes_of_the_whole_batch() {
    let (x, y) = xor();
    let gradients = example().gradients(&example().forward(&x), &x, &y);
    assert_abs_diff_eq!(gradients.w2, array![[0.0383], [0.0416]], epsilon = 1e-4);
    assert_abs_diff_eq!(gradients.b2, array![0.0709], epsilon = 1e-4);
    assert_abs_diff_eq!(gradients.w1, array![[0.0042, 0.0041], [0.0043, 0.0043]], epsilon = 1e-4);
    assert_abs_diff_eq!(gradients.b1, array![0.0087, 0.0097], epsilon = 1e-4);
}

#[test]
fn training_solves_xor_from_here() {
    let (x, y) = xor();
    let mut net = XorNet::from_parts(
        array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]],
        array![0.01, -0.02, 0.03, -0.04],
        array![[-0.2], [0.3], [-0.25], [0.15]],
        array![0.05],
        Activation::Sigmoid,
    );
    let losses = net.train(&x, &y, 600, 5.0);
    assert_eq!(losses.len(), 600);
    assert_abs_diff_eq!(losses[0], 0.2504, epsilon = 1e-4);
    assert!(net.loss(&x, &y) < 0.01);
    assert_eq!(net.predict(&x), array![0, 1, 1, 0]);
}

#[test]
fn twins_are_noticed() {
    let mut net = example();
    assert!(!net.has_symmetry());
    net.w1.fill(0.5);
    net.b1.fill(0.0);
    assert!(!net.has_symmetry(), "their outgoing weights differ");
    net.w2.fill(0.5);
    assert!(net.has_symmetry());
}
