//! The lesson's worked examples. Run them with `cargo test -p initialisation`; the grader asks for more.

use approx::assert_abs_diff_eq;
use engine::{Activation, Loss, SoftmaxCrossEntropy};
use initialisation::{
    Init, activation_scales, build, draw_weights, gradient_scales, rescale, saturation, scale, std_of, uniform_bound,
};
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

#[test]
fn rules_give_variances() {
    assert_abs_diff_eq!(std_of(Init::HeNormal, 8, 24), 0.5, epsilon = 1e-12);
    assert_abs_diff_eq!(std_of(Init::XavierUniform, 8, 24), 0.25, epsilon = 1e-12);
    assert_eq!(std_of(Init::Constant(0.7), 8, 24), 0.0);
    assert_abs_diff_eq!(uniform_bound(0.25), 0.4330, epsilon = 1e-4);
}

#[test]
fn weights_have_the_deviation_of_their_rule() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let w = draw_weights(Init::HeUniform, 200, 300, rng);
    assert_eq!(w.dim(), (200, 300));
    assert_abs_diff_eq!(w.std(0.0), 0.1, epsilon = 0.002);
    assert!(w.iter().all(|w| w.abs() <= uniform_bound(0.1)));
    assert_eq!(draw_weights(Init::Zeros, 2, 3, rng), Array2::zeros((2, 3)));
}

#[test]
fn a_network_starts_undecided() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mut net = build(&[2, 20, 20, 3], Activation::Tanh, Init::Normal(0.01), rng);
    assert_eq!(net.n_parameters(), 543);
    let scores = net.forward(&array![[0.5, -1.0]]);
    let loss = SoftmaxCrossEntropy.value(&scores, &array![[0.0, 1.0, 0.0]]);
    assert_abs_diff_eq!(loss, 3.0_f64.ln(), epsilon = 1e-3);
}

#[test]
fn a_signal_has_a_scale_in_every_layer() {
    assert_abs_diff_eq!(scale(&array![[3.0, 4.0]]), 3.5355, epsilon = 1e-4);
    let weights = [array![[1.0, -2.0], [0.5, 1.0]], array![[2.0, 1.0], [1.0, 3.0]]];
    let x = array![[2.0, 1.0]];
    assert_abs_diff_eq!(
        activation_scales(&weights, Activation::Relu, &x).as_slice(),
        [1.7678, 3.9528].as_slice(),
        epsilon = 1e-4
    );
    assert_abs_diff_eq!(
        gradient_scales(&weights, Activation::Relu, &x, &array![[1.0, -1.0]]).as_slice(),
        [0.707, 1.0].as_slice(),
        epsilon = 1e-3
    );
}

#[test]
fn flat_ends_are_counted() {
    assert_eq!(saturation(&array![[0.999, -0.9], [0.99, -1.0]], Activation::Tanh), 0.5);
    assert_eq!(saturation(&array![[0.0, 0.001]], Activation::Relu), 0.5);
}

#[test]
fn data_can_set_the_scale() {
    let mut weights = [array![[1.0, -2.0], [0.5, 1.0]], array![[2.0, 1.0], [1.0, 3.0]]];
    rescale(&mut weights, Activation::Relu, &array![[2.0, 1.0]]);
    assert_abs_diff_eq!(weights[0], array![[0.3621, -0.7243], [0.1811, 0.3621]], epsilon = 1e-4);
}
