//! The lesson's worked examples. Run them with `cargo test -p softmax_crossentropy`; the grader asks for more.

use approx::assert_abs_diff_eq;
use ndarray::{Array1, Array2, Axis, array};
use softmax_crossentropy::{
    LabelError, bce_with_logits, bce_with_logits_grad, bernoulli_likelihood, cross_entropy, cross_entropy_grad,
    grad_by_chain_rule, log_softmax, nll_from_probs, one_hot, softmax, softmax_jacobian, softmax_with_temperature,
};

/// Scores of three samples for four classes, and their labels.
fn three_samples() -> (Array2<f64>, [usize; 3]) {
    (array![[2.0, 1.0, 0.1, 0.5], [0.1, 0.2, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]], [0, 2, 1])
}

#[test]
fn the_classes_of_a_sample_share_one() {
    let (z, _) = three_samples();
    let p = softmax(&z);
    assert_abs_diff_eq!(p.row(0), array![0.5745, 0.2114, 0.0859, 0.1282], epsilon = 5e-5);
    assert_abs_diff_eq!(p.row(2), array![0.25, 0.25, 0.25, 0.25], epsilon = 1e-12);
    assert_abs_diff_eq!(p.sum_axis(Axis(1)), Array1::ones(3), epsilon = 1e-12);
}

#[test]
fn only_differences_count() {
    let p = array![[0.0900, 0.2447, 0.6652]];
    assert_abs_diff_eq!(softmax(&array![[1.0, 2.0, 3.0]]), p, epsilon = 5e-5);
    assert_abs_diff_eq!(softmax(&array![[1001.0, 1002.0, 1003.0]]), p, epsilon = 5e-5);
}

#[test]
fn a_temperature_flattens_or_sharpens() {
    let z = array![[1.0, 2.0, 3.0]];
    assert_abs_diff_eq!(softmax_with_temperature(&z, 2.0), array![[0.1863, 0.3072, 0.5065]], epsilon = 5e-5);
    assert_abs_diff_eq!(softmax_with_temperature(&z, 0.5), array![[0.0159, 0.1173, 0.8668]], epsilon = 5e-5);
}

#[test]
fn a_logarithm_outlives_its_probability() {
    assert_abs_diff_eq!(log_softmax(&array![[0.0, 1000.0]]), array![[-1000.0, 0.0]], epsilon = 1e-9);
}

#[test]
fn a_wrong_label_is_found() {
    assert_eq!(one_hot(&[2, 0], 3), Ok(array![[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]));
    assert_eq!(one_hot(&[2, 3, 7], 3), Err(LabelError { position: 1, label: 3, n_classes: 3 }));
}

#[test]
fn the_loss_is_that_of_the_true_classes() {
    let (z, labels) = three_samples();
    assert_abs_diff_eq!(cross_entropy(&z, &labels), 0.699416, epsilon = 5e-7);
    assert_abs_diff_eq!(nll_from_probs(&softmax(&z), &labels, 1e-15), 0.699416, epsilon = 5e-7);
}

#[test]
fn a_clipped_loss_hides_how_wrong_it_is() {
    let z = array![[0.0, 1000.0]];
    assert_abs_diff_eq!(nll_from_probs(&softmax(&z), &[0], 1e-10), 23.0259, epsilon = 5e-5);
    assert_abs_diff_eq!(cross_entropy(&z, &[0]), 1000.0, epsilon = 1e-9);
}

#[test]
fn each_row_of_the_gradient_sums_to_0() {
    let (z, labels) = three_samples();
    let gradient = cross_entropy_grad(&z, &labels);
    assert_abs_diff_eq!(gradient.row(0), array![-0.1418, 0.0705, 0.0286, 0.0427], epsilon = 5e-5);
    assert_abs_diff_eq!(gradient.sum_axis(Axis(1)), Array1::zeros(3), epsilon = 1e-12);
}

#[test]
fn two_ways_lead_to_the_same_gradient() {
    let z = array![[1.0, 2.0, 3.0]];
    let p = softmax(&z);
    assert_abs_diff_eq!(softmax_jacobian(&p.row(0)).row(0), array![0.0819, -0.0220, -0.0599], epsilon = 5e-5);
    let gradient = grad_by_chain_rule(&p.row(0), 1);
    assert_abs_diff_eq!(gradient, array![0.0900, -0.7553, 0.6652], epsilon = 5e-5);
    assert_abs_diff_eq!(gradient, cross_entropy_grad(&z, &[1]).row(0), epsilon = 1e-12);
}

#[test]
fn the_binary_loss_is_the_logarithm_of_a_likelihood() {
    let (z, y) = (array![2.0, -1.5, 1.0], array![1.0, 0.0, 1.0]);
    let p = z.mapv(|z: f64| 1.0 / (1.0 + (-z).exp()));
    assert_abs_diff_eq!(bernoulli_likelihood(&p, &y), 0.5264, epsilon = 5e-5);
    assert_abs_diff_eq!(bce_with_logits(&z, &y), 0.213868, epsilon = 5e-7);
    assert_abs_diff_eq!(bce_with_logits_grad(&z, &y), array![-0.0397, 0.0608, -0.0896], epsilon = 5e-5);
}
