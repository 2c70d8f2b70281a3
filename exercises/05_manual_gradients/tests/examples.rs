//! The lesson's worked examples. Run them with `cargo test -p manual_gradients`; the grader asks for more.

use approx::assert_abs_diff_eq;
use manual_gradients::{
    TwoLayerParams, central_difference, chain_rule_example, critical_learning_rate, gd_step, linear_neuron_grad,
    partial_derivatives, relu_neuron_grad, sigmoid_neuron_partials, trace_report, two_layer_step,
};
use ndarray::array;

#[test]
fn slopes_multiply() {
    assert_eq!(chain_rule_example(3.0, 2.0, 1.0), (25.0, 30.0));
}

#[test]
fn a_central_difference_is_close_to_the_slope() {
    assert_abs_diff_eq!(central_difference(|x| x.powi(3), 1.0, 0.001), 3.000_001, epsilon = 1e-10);
}

#[test]
fn computed_and_measured_slopes_agree() {
    let (x, w, b, y) = (3.0, 0.5, 0.2, 2.0);
    let grad = linear_neuron_grad(x, w, b, y);
    assert_abs_diff_eq!(grad.dl_dw, -1.8, epsilon = 1e-12);
    assert_abs_diff_eq!(grad.dl_db, -0.6, epsilon = 1e-12);
    let (dl_dw, dl_db) = partial_derivatives(|w, b| linear_neuron_grad(x, w, b, y).loss, w, b, 0.001);
    assert_abs_diff_eq!(dl_dw, grad.dl_dw, epsilon = 1e-9);
    assert_abs_diff_eq!(dl_db, grad.dl_db, epsilon = 1e-9);
}

#[test]
fn a_deaf_neuron_hears_nothing() {
    let grad = relu_neuron_grad(2.0, -0.5, 0.1, 1.0);
    assert_eq!((grad.loss, grad.dl_dy_hat), (1.0, -2.0));
    assert_eq!((grad.dl_dw, grad.dl_db), (0.0, 0.0));
}

#[test]
fn a_sigmoid_neuron_moves_with_its_weight_its_bias_and_its_input() {
    let partials = sigmoid_neuron_partials(2.0, 0.5, 1.0);
    assert_abs_diff_eq!(partials.y, 0.880_797, epsilon = 1e-6);
    assert_abs_diff_eq!(partials.dy_dw, 0.209_987, epsilon = 1e-6);
    assert_abs_diff_eq!(partials.dy_db, 0.104_994, epsilon = 1e-6);
    assert_abs_diff_eq!(partials.dy_dx, 0.052_497, epsilon = 1e-6);
}

#[test]
fn at_the_critical_learning_rate_the_error_changes_sides() {
    let grad = linear_neuron_grad(3.0, 0.5, 0.2, 2.0);
    let rate = critical_learning_rate(3.0);
    assert_abs_diff_eq!(rate, 0.1, epsilon = 1e-12);
    let (w, b) = gd_step(0.5, 0.2, &grad, rate);
    let after = linear_neuron_grad(3.0, w, b, 2.0);
    assert_abs_diff_eq!(after.y_hat, 2.3, epsilon = 1e-12);
    assert_abs_diff_eq!(after.loss, grad.loss, epsilon = 1e-12);
}

#[test]
fn one_step_through_two_layers() {
    let params = TwoLayerParams::from_parts(array![[0.1, 0.3], [0.2, 0.4]], array![0.01, 0.02], array![0.5, 0.6], 0.03);
    let (trace, updated) = two_layer_step(&array![0.5, 0.8], 1.0, &params, 0.5);
    assert_abs_diff_eq!(trace.z1, array![0.22, 0.49], epsilon = 1e-12);
    assert_abs_diff_eq!(trace.delta2, -0.150_181, epsilon = 1e-6);
    assert_abs_diff_eq!(trace.delta1, array![-0.018_547, -0.021_227], epsilon = 1e-6);
    assert_abs_diff_eq!(updated.w2, array![0.541_659, 0.646_564], epsilon = 1e-6);
    assert!(trace_report(&trace).starts_with("z1 = [0.220000, 0.490000]\na1 = [0.554779, 0.620106]\nz2 = 0.679453\n"));
}
