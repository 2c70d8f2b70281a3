//! The lesson's worked examples. Run them with `cargo test -p training_control`; the grader asks for more.

use std::ops::ControlFlow;

use approx::assert_abs_diff_eq;
use engine::{Linear, Sequential};
use ndarray::{Array2, array};
use optimizers_solution::Sgd;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use training_control::{
    Cosine, Data, EarlyStopping, ExponentialDecay, GradientSum, Plateau, Schedule, Settings, StepDecay, WarmUp,
    clip_global_norm, set_weights, train, train_and_restore, train_epoch, weights,
};

/// A network of one layer, with two inputs and two outputs.
fn small_net() -> Sequential {
    let weights = array![[0.5, -0.5], [0.0, 1.0]];
    Sequential::new(vec![Box::new(Linear::from_parts(weights, array![0.0, 0.0]))])
}

fn settings(n_epochs: usize, batch_size: usize, micro_batch_size: usize) -> Settings {
    Settings { n_epochs, batch_size, micro_batch_size, max_norm: f64::INFINITY }
}

fn data() -> Data {
    let (x, y) = (array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], array![[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]]);
    Data { x_train: x.clone(), y_train: y.clone(), x_validation: x, y_validation: y }
}

#[test]
fn rates_fall_by_a_rule() {
    let mut step = StepDecay { initial: 0.1, factor: 0.5, every: 10 };
    let rates = [0, 9, 10, 49].map(|epoch| step.learning_rate(epoch, None));
    assert_abs_diff_eq!(rates.as_slice(), [0.1, 0.1, 0.05, 0.00625].as_slice(), epsilon = 1e-12);

    let mut exponential = ExponentialDecay { initial: 0.1, factor: 0.95 };
    assert_abs_diff_eq!(exponential.learning_rate(10, None), 0.0599, epsilon = 1e-4);

    let mut cosine = Cosine { initial: 0.1, end: 0.001, n_epochs: 50 };
    let rates = [0, 10, 25, 49, 50].map(|epoch| cosine.learning_rate(epoch, None));
    assert_abs_diff_eq!(rates.as_slice(), [0.1, 0.0905, 0.0505, 0.0011, 0.001].as_slice(), epsilon = 1e-4);
}

#[test]
fn a_warm_up_comes_first() {
    let mut schedule = WarmUp { n_epochs: 4, then: StepDecay { initial: 0.2, factor: 0.5, every: 2 } };
    let rates: Vec<f64> = (0..8).map(|epoch| schedule.learning_rate(epoch, None)).collect();
    let expected = [0.05, 0.1, 0.15, 0.2, 0.2, 0.2, 0.1, 0.1];
    assert_abs_diff_eq!(rates.as_slice(), expected.as_slice(), epsilon = 1e-12);
}

#[test]
fn a_plateau_halves_the_rate() {
    let mut schedule = Plateau::new(0.1, 0.5, 2);
    let losses = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9];
    let mut rates = vec![schedule.learning_rate(0, None)];
    rates.extend((1..).zip(losses).map(|(epoch, loss)| schedule.learning_rate(epoch, Some(loss))));
    let expected = [0.1, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.025];
    assert_abs_diff_eq!(rates.as_slice(), expected.as_slice(), epsilon = 1e-12);
}

#[test]
fn weights_are_copied_and_put_back() {
    let mut net = small_net();
    let copy = weights(&mut net);
    for parameter in &mut net.parameters() {
        parameter.value.fill(7.0);
    }
    assert_eq!(copy[0], array![[0.5, -0.5], [0.0, 1.0]].into_dyn());
    set_weights(&mut net, &copy);
    assert_eq!(weights(&mut net), copy);
}

#[test]
fn the_third_bad_epoch_in_a_row_is_the_end() {
    let mut net = small_net();
    let mut stopping = EarlyStopping::new(3, 0.0);
    for loss in [1.0, 0.8, 0.8, 0.8] {
        for parameter in &mut net.parameters() {
            parameter.value.fill(loss);
        }
        assert_eq!(stopping.update(loss, &mut net), ControlFlow::Continue(()));
    }
    assert_eq!(stopping.update(0.9, &mut net), ControlFlow::Break(()));
    assert_eq!(stopping.best_loss(), 0.8);
    stopping.restore(&mut net);
    assert_eq!(weights(&mut net)[0], Array2::from_elem((2, 2), 0.8).into_dyn());
}

#[test]
fn all_gradients_are_clipped_together() {
    let mut gradients = [array![[3.0, 4.0]].into_dyn(), array![12.0].into_dyn()];
    assert_abs_diff_eq!(clip_global_norm(&mut gradients, 1.0), 13.0, epsilon = 1e-12);
    assert_abs_diff_eq!(gradients[0], array![[0.2308, 0.3077]].into_dyn(), epsilon = 1e-4);
    assert_abs_diff_eq!(gradients[1], array![0.9231].into_dyn(), epsilon = 1e-4);
}

#[test]
fn pieces_count_by_their_samples() {
    let piece = |gradient: f64| {
        let mut layer = Linear::from_parts(array![[0.0]], array![0.0]);
        layer.d_weights = array![[gradient]];
        Sequential::new(vec![Box::new(layer)])
    };
    let mut sum = GradientSum::new();
    sum.add(&mut piece(2.0), 3);
    sum.add(&mut piece(10.0), 1);
    assert_abs_diff_eq!(sum.take_mean()[0], array![[4.0]].into_dyn(), epsilon = 1e-12);
}

#[test]
fn a_batch_in_pieces_is_the_same_step() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let data = data();
    let [mut whole, mut pieces] = [small_net(), small_net()];
    let loss = train_epoch(&mut whole, &data.x_train, &data.y_train, &settings(1, 3, 3), &mut Sgd::new(0.5), rng);
    let again = train_epoch(&mut pieces, &data.x_train, &data.y_train, &settings(1, 3, 2), &mut Sgd::new(0.5), rng);
    assert_abs_diff_eq!(loss, again, epsilon = 1e-12);
    for (whole, pieces) in weights(&mut whole).iter().zip(weights(&mut pieces)) {
        assert_abs_diff_eq!(whole, &pieces, epsilon = 1e-12);
    }
}

#[test]
fn a_callback_can_end_a_training() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mut schedule = ExponentialDecay { initial: 0.5, factor: 0.5 };
    let after_epoch = |history: &training_control::History, _: &mut Sequential| {
        if history.train_loss.len() == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let (net, mut sgd) = (&mut small_net(), Sgd::new(0.0));
    let history = train(net, &data(), &settings(10, 3, 3), &mut schedule, &mut sgd, after_epoch, rng);
    assert_eq!(history.learning_rate, [0.5, 0.25, 0.125]);
    assert!(history.validation_loss[2] < history.train_loss[0]);
}

#[test]
fn the_best_weights_are_kept() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    // Steps of this length jump over the goal.
    let mut schedule = ExponentialDecay { initial: 1.0, factor: 3.0 };
    let (mut net, mut sgd, mut stopping) = (small_net(), Sgd::new(0.0), EarlyStopping::new(2, 0.0));
    let settings = settings(8, 3, 3);
    train_and_restore(&mut net, &data(), &settings, &mut schedule, &mut sgd, &mut stopping, rng);
    let kept = weights(&mut net);
    stopping.restore(&mut net);
    assert_eq!(weights(&mut net), kept);
}
