//! The lesson's worked examples. Run them with `cargo test -p regularisation`; the grader asks for more.

use approx::assert_abs_diff_eq;
use engine::{Layer, Linear, Sequential};
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use regularisation::{
    Dropout, Fit, History, Mode, Penalty, Split, Switch, best_epoch, decay, diagnose, dropout_mask, fit,
    generalisation_gap, mlp_with_dropout, penalised_step, soft_threshold, total_penalty,
};

fn one_layer() -> Sequential {
    Sequential::new(vec![Box::new(Linear::from_parts(array![[3.0], [-2.0], [0.0]], array![5.0]))])
}

#[test]
fn large_weights_cost_more() {
    assert_abs_diff_eq!(Penalty::L2(0.1).value(3.0), 0.45, epsilon = 1e-12);
    assert_abs_diff_eq!(Penalty::L1(0.1).slope(-2.0), -0.1, epsilon = 1e-12);
    assert_abs_diff_eq!(total_penalty(&mut one_layer(), Penalty::L2(0.1)), 0.65, epsilon = 1e-12);
    assert_abs_diff_eq!(total_penalty(&mut one_layer(), Penalty::L1(0.1)), 0.5, epsilon = 1e-12);
}

#[test]
fn weights_shrink_and_biases_do_not() {
    let mut net = one_layer();
    // There was no backward pass, so the gradients of the loss are 0.
    penalised_step(&mut net, 0.5, Penalty::L2(0.1));
    assert_abs_diff_eq!(net.parameters()[0].value.sum(), 0.95, epsilon = 1e-12);
    decay(&mut net, 0.5, 0.1);
    assert_abs_diff_eq!(net.parameters()[0].value.sum(), 0.9025, epsilon = 1e-12);
    assert_eq!(net.parameters()[1].value.sum(), 5.0);
}

#[test]
fn a_mask_makes_up_for_what_it_drops() {
    let mask = dropout_mask((300, 300), 0.2, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    assert!(mask.iter().all(|entry| *entry == 0.0 || (*entry - 1.25).abs() < 1e-12));
    assert_abs_diff_eq!(mask.mean().unwrap(), 1.0, epsilon = 0.01);
}

#[test]
fn dropout_goes_back_the_way_that_it_came() {
    let switch = Switch::new();
    let mut layer = Dropout::new(0.5, &switch, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let ones = Array2::ones((10, 10));
    let out = layer.forward(&ones);
    assert!(out.iter().all(|out| *out == 0.0 || *out == 2.0));
    assert_eq!(layer.backward(&ones), out);
    switch.set(Mode::Eval);
    assert_eq!(layer.forward(&ones), ones);
}

#[test]
fn a_network_drops_behind_every_relu() {
    let mut net = mlp_with_dropout(&[4, 8, 8, 3], 0.2, &Switch::new(), &mut Xoshiro256PlusPlus::seed_from_u64(1));
    assert_eq!(net.summary().matches("ReLU").count(), 2);
    assert_eq!(net.summary().matches("Dropout 0.2").count(), 2);
}

#[test]
fn two_samples_are_learned_by_heart() {
    let switch = Switch::new();
    let mut net = mlp_with_dropout(&[2, 16, 2], 0.0, &switch, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    // The two that it learns from have the wrong labels.
    let data = Split {
        x_train: array![[1.0, 0.0], [0.0, 1.0]],
        y_train: array![[0.0, 1.0], [1.0, 0.0]],
        x_validation: array![[0.9, 0.1], [0.1, 0.9]],
        y_validation: array![[1.0, 0.0], [0.0, 1.0]],
    };
    let history = fit(&mut net, &switch, &data, Penalty::None, 0.5, 100);
    assert_eq!((history.train_loss.len(), history.validation_loss.len()), (100, 100));
    assert!(history.train_loss[99] < 0.1 && generalisation_gap(&history) > 1.0);
    assert_eq!(diagnose(&history, 0.5), Fit::Overfitting);
    assert_eq!(switch.mode(), Mode::Eval);
}

#[test]
fn curves_are_read() {
    let history = History { train_loss: vec![1.0, 0.4, 0.2, 0.1], validation_loss: vec![1.2, 0.6, 0.5, 0.6] };
    assert_abs_diff_eq!(generalisation_gap(&history), 0.5, epsilon = 1e-12);
    assert_eq!(best_epoch(&history), Some(2));
    assert_eq!(diagnose(&history, 0.5), Fit::Overfitting);
}

#[test]
fn a_weight_arrives_at_zero() {
    assert_eq!([2.0, -2.0, 0.3].map(|w| soft_threshold(w, 0.5)), [1.5, -1.5, 0.0]);
}
