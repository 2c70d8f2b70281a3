//! The lesson's worked examples. Run them with `cargo test -p batch_norm`; the grader asks for more.

use approx::assert_abs_diff_eq;
use batch_norm::{
    BatchNorm, Mode, Switch, batch_statistics, evaluate, layer_norm, normalise, normalise_backward, normalised_mlp,
};
use engine::{Layer, Mse};
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// The column of the lesson.
fn column() -> Array2<f64> {
    array![[1.0], [2.0], [6.0]]
}

#[test]
fn a_column_is_normalised_by_its_own_statistics() {
    let (mean, var) = batch_statistics(&column());
    assert_abs_diff_eq!(mean, array![3.0], epsilon = 1e-12);
    assert_abs_diff_eq!(var, array![14.0 / 3.0], epsilon = 1e-12);
    let x_hat = normalise(&column(), &mean, &var, 1e-5);
    assert_abs_diff_eq!(x_hat, array![[-0.9258], [-0.4629], [1.3887]], epsilon = 1e-4);
}

#[test]
fn a_gradient_goes_back_through_the_statistics() {
    let (mean, var) = batch_statistics(&column());
    let x_hat = normalise(&column(), &mean, &var, 1e-5);
    let d_x = normalise_backward(&x_hat, &var, 1e-5, &array![[2.0], [0.0], [-2.0]]);
    assert_abs_diff_eq!(d_x, array![[0.2645], [-0.3306], [0.0661]], epsilon = 1e-4);
}

#[test]
fn a_layer_trains_and_evaluates() {
    let switch = Switch::new();
    let mut layer = BatchNorm::from_parts(array![2.0], array![0.5], &switch);
    let y = layer.forward(&column());
    assert_abs_diff_eq!(y, array![[-1.3516], [-0.4258], [3.2775]], epsilon = 1e-4);
    assert_abs_diff_eq!(layer.running_mean, array![0.3], epsilon = 1e-12);
    assert_abs_diff_eq!(layer.running_var, array![1.6], epsilon = 1e-12);

    let d_x = layer.backward(&array![[1.0], [0.0], [-1.0]]);
    assert_abs_diff_eq!(d_x, array![[0.2645], [-0.3306], [0.0661]], epsilon = 1e-4);
    assert_abs_diff_eq!(layer.d_gamma, array![-2.3146], epsilon = 1e-4);
    assert_abs_diff_eq!(layer.d_beta, array![0.0], epsilon = 1e-12);

    switch.set(Mode::Eval);
    assert_abs_diff_eq!(layer.forward(&array![[1.0]]), array![[1.6068]], epsilon = 1e-4);
    assert_abs_diff_eq!(layer.running_mean, array![0.3], epsilon = 1e-12);
}

#[test]
fn a_network_is_switched_as_a_whole() {
    let (switch, rng) = (Switch::new(), &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let mut net = normalised_mlp(&[2, 8, 8, 1], &switch, rng);
    assert_eq!(net.n_parameters(), 137);
    let (x, y) = (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array![[0.0], [1.0], [1.0], [0.0]]);
    let first = net.train_step(&x, &y, &Mse, 0.1);
    let last = (0..200).fold(f64::NAN, |_, _| net.train_step(&x, &y, &Mse, 0.1));
    assert!(last < first / 2.0, "the loss went from {first} to {last}");

    let all = evaluate(&mut net, &switch, &x);
    let alone = evaluate(&mut net, &switch, &array![[0.0, 1.0]]);
    assert_abs_diff_eq!(alone[[0, 0]], all[[1, 0]], epsilon = 1e-12);
    assert_eq!(switch.mode(), Mode::Train);
}

#[test]
fn rows_can_be_normalised_as_well() {
    assert_abs_diff_eq!(layer_norm(&array![[1.0, 2.0, 6.0]], 1e-5), array![[-0.9258, -0.4629, 1.3887]], epsilon = 1e-4);
}
