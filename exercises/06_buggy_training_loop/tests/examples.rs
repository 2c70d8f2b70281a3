//! The lesson's worked examples. Run them with `cargo test -p buggy_training_loop`; the grader asks for more.

mod data;

use approx::assert_abs_diff_eq;
use buggy_training_loop::{
    Diagnosis, SanityChecks, cross_entropy, diagnose, one_hot, sanity_checks, softmax_classifier_step, train,
    training_log,
};
use ndarray::{Array1, Array2, array};

/// This one is green from the beginning. `cargo test -p buggy_training_loop falls -- --nocapture` shows the losses.
#[test]
fn the_loss_falls() {
    let (x, y) = data::three_classes();
    let (mut w, mut b) = (Array2::zeros((10, 3)), Array1::zeros(3));
    let mut before = f64::INFINITY;
    for epoch in 1..=20 {
        let loss = softmax_classifier_step(&x, &y, &mut w, &mut b, 0.01);
        println!("epoch {epoch}: loss {loss:.4}");
        assert!(loss < before, "the loss has risen in epoch {epoch}");
        before = loss;
    }
}

#[test]
fn labels_become_rows() {
    let y = one_hot(&array![2, 0], 4);
    assert_eq!(y, array![[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]);
}

#[test]
fn only_the_true_class_counts() {
    let y = array![[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]];
    let p = array![[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]];
    assert_abs_diff_eq!(cross_entropy(&y, &p), 1.5 * f64::ln(2.0), epsilon = 1e-12);
}

#[test]
fn the_step_is_sane() {
    let sane = SanityChecks { zero_inputs: true, duplicated_data: true, bias_direction: true };
    assert_eq!(sanity_checks(softmax_classifier_step), sane);
}

#[test]
fn a_step_that_does_nothing_is_not() {
    assert!(!sanity_checks(|_, _, _, _, _| 1.0).bias_direction);
}

#[test]
fn two_steps_by_hand() {
    let x = Array2::ones((6, 1));
    let y =
        array![[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    let (mut w, mut b) = (Array2::zeros((1, 3)), Array1::zeros(3));

    let loss = softmax_classifier_step(&x, &y, &mut w, &mut b, 0.6);
    assert_abs_diff_eq!(loss, f64::ln(3.0), epsilon = 1e-12);
    assert_abs_diff_eq!(w, array![[0.1, 0.0, -0.1]], epsilon = 1e-12);
    assert_abs_diff_eq!(b, array![0.1, 0.0, -0.1], epsilon = 1e-12);

    let loss = softmax_classifier_step(&x, &y, &mut w, &mut b, 0.6);
    assert_abs_diff_eq!(loss, 1.0452, epsilon = 5e-5);
    assert_abs_diff_eq!(w, array![[0.1589, 0.0026, -0.1616]], epsilon = 5e-5);
    assert_abs_diff_eq!(b, array![0.1589, 0.0026, -0.1616], epsilon = 5e-5);
}

#[test]
fn one_loss_an_epoch() {
    let (x, y) = data::three_classes();
    let result = train(&x, &y, Array2::zeros((10, 3)), Array1::zeros(3), 0.1, 20);
    assert_eq!(result.losses.len(), 20);
    assert_abs_diff_eq!(result.losses[0], f64::ln(3.0), epsilon = 1e-12);
    assert_abs_diff_eq!(result.losses[19], 0.7037, epsilon = 5e-5);
}

#[test]
fn curves_have_a_diagnosis() {
    assert_eq!(diagnose(&[1.0, 3.0, 0.5]), Diagnosis::Ok);
    assert_eq!(diagnose(&[1.0, 0.5, 1.0]), Diagnosis::NotDecreasing);
    assert_eq!(diagnose(&[1.0, 0.5, 2.5]), Diagnosis::Diverged);
    assert_eq!(diagnose(&[1.0, f64::NAN, 0.5]), Diagnosis::Nan);
}

#[test]
fn a_log_has_a_line_an_epoch() {
    let log = training_log(&[1.25, 1.0]);
    assert_eq!(log, "epoch 1: loss 1.2500\nepoch 2: loss 1.0000\nimprovement: 20.0000 %\n");
}
