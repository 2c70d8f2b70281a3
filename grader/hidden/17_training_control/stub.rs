//! Exercise 17: what controls a training while it runs.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 17` as often as you like.

use std::{f64::consts::PI, ops::ControlFlow};

use engine::{Loss, Parameter, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array2, ArrayD, ArrayRef2, Axis};
use optimizers_solution::Optimizer;
use rand::{Rng, seq::SliceRandom};

/// A rule for the learning rate of each epoch. This trait is complete.
pub trait Schedule {
    /// The learning rate of `epoch`, counted from 0. It is called once before every epoch, in order.
    ///
    /// `last_loss` is the validation loss after the previous epoch; before the first epoch there is none.
    fn learning_rate(&mut self, epoch: usize, last_loss: Option<f64>) -> f64;
}

/// `lr = initial · factor^⌊epoch / every⌋`: constant for `every` epochs, then `factor` times as large, and so on.
#[derive(Clone, Debug)]
pub struct StepDecay {
    /// The learning rate of epoch 0.
    pub initial: f64,
    /// The factor of each step.
    pub factor: f64,
    /// The number of epochs between two steps.
    pub every: usize,
}

impl Schedule for StepDecay {
    /// Depends on the epoch alone, and not on how often it was called before.
    ///
    /// # Panics
    ///
    /// If `every` is 0.
    fn learning_rate(&mut self, epoch: usize, _: Option<f64>) -> f64 {
        todo!()
    }
}

/// `lr = initial · factor^epoch`: multiplied by the same factor after every epoch.
#[derive(Clone, Debug)]
pub struct ExponentialDecay {
    /// The learning rate of epoch 0.
    pub initial: f64,
    /// The factor of each epoch.
    pub factor: f64,
}

impl Schedule for ExponentialDecay {
    fn learning_rate(&mut self, epoch: usize, _: Option<f64>) -> f64 {
        todo!()
    }
}

/// Half a cosine wave from `initial` down to `end`, flat at both ends (Loshchilov & Hutter 2017, "SGDR: Stochastic
/// Gradient Descent with Warm Restarts", eq. 5): `lr = end + (initial - end) · (1 + cos(π · epoch / n_epochs)) / 2`.
#[derive(Clone, Debug)]
pub struct Cosine {
    /// The learning rate of epoch 0.
    pub initial: f64,
    /// The learning rate of epoch `n_epochs` and all later ones.
    pub end: f64,
    /// The number of epochs until `end` is reached.
    pub n_epochs: usize,
}

impl Schedule for Cosine {
    fn learning_rate(&mut self, epoch: usize, _: Option<f64>) -> f64 {
        todo!()
    }
}

/// A few epochs with small learning rates, and then another schedule.
///
/// For n = `n_epochs`, the rates are 1/n, 2/n, …, n/n of the rate with which `then` begins. The first is not 0, because
/// that would waste an epoch, and the last is the full rate.
#[derive(Clone, Debug)]
pub struct WarmUp<S> {
    /// The number of epochs of the warm-up.
    pub n_epochs: usize,
    /// The schedule after the warm-up. Its epoch 0 is the first epoch after the warm-up.
    pub then: S,
}

impl<S: Schedule> Schedule for WarmUp<S> {
    /// During the warm-up `then` is called for its epoch 0 and gets no loss, so the warm-up does not count for it. From
    /// epoch `n_epochs` on it gets `last_loss`. So the first loss that it gets is the one after the last epoch of the
    /// warm-up, which had the full rate.
    fn learning_rate(&mut self, epoch: usize, last_loss: Option<f64>) -> f64 {
        todo!()
    }
}

/// Reduces the learning rate when the validation loss no longer falls: the rate is multiplied by `factor` as soon as
/// *more than* `patience` epochs in a row have not improved the loss, and the count begins again at 0.
///
/// A loss is an improvement if it is below the best one so far by more than a ten-thousandth of it: `loss < best · (1 -
/// 0.0001)`. Then it is the new best loss, and the count begins again at 0. This is PyTorch's rule.
#[derive(Clone, Debug)]
pub struct Plateau {
    learning_rate: f64,
    factor: f64,
    patience: usize,
    /// The loss of the last improvement, infinite before the first.
    best_loss: f64,
    /// How many epochs in a row have been no improvement.
    n_bad: usize,
}

impl Plateau {
    /// A schedule that begins with this learning rate. This function is complete.
    pub fn new(learning_rate: f64, factor: f64, patience: usize) -> Self {
        Self { learning_rate, factor, patience, best_loss: f64::INFINITY, n_bad: 0 }
    }
}

impl Schedule for Plateau {
    /// The epoch is not used. Without a loss, nothing changes. NaN is no improvement.
    fn learning_rate(&mut self, _: usize, last_loss: Option<f64>) -> f64 {
        todo!()
    }
}

/// A copy of all parameters of `net`, in the order of `net.parameters()`.
pub fn weights(net: &mut Sequential) -> Vec<ArrayD<f64>> {
    todo!()
}

/// Restores such a copy: the parameters of `net` become `weights`.
///
/// # Panics
///
/// If there are fewer or more arrays than parameters, or if one has another shape.
pub fn set_weights(net: &mut Sequential, weights: &[ArrayD<f64>]) {
    todo!()
}

/// Ends a training that no longer improves, and keeps the weights of its best epoch.
///
/// A loss is an improvement if it is below `best - min_delta`, where `best` is the loss of the last improvement; the
/// first loss is one, unless it is infinite. NaN is never one. Every epoch without an improvement is bad, and
/// `patience` bad epochs *in a row* end the training (Prechelt 1998, "Early Stopping, But When?").
#[derive(Clone, Debug)]
pub struct EarlyStopping {
    patience: usize,
    min_delta: f64,
    /// The loss of the last improvement, infinite before the first.
    best_loss: f64,
    /// The weights that had that loss; empty before the first improvement.
    best_weights: Vec<ArrayD<f64>>,
    /// How many epochs in a row have been bad.
    n_bad: usize,
}

impl EarlyStopping {
    /// Waits for `patience` bad epochs in a row, at least 1. This function is complete.
    pub fn new(patience: usize, min_delta: f64) -> Self {
        Self { patience, min_delta, best_loss: f64::INFINITY, best_weights: Vec::new(), n_bad: 0 }
    }

    /// Takes the validation loss after an epoch, and the network that has this loss. `Break` means that the training
    /// should end.
    pub fn update(&mut self, loss: f64, net: &mut Sequential) -> ControlFlow<()> {
        todo!()
    }

    /// The loss of the last improvement; infinite if there was none. This function is complete.
    pub fn best_loss(&self) -> f64 {
        self.best_loss
    }

    /// Gives `net` the weights of the last improvement. Without an improvement, `net` is not changed.
    pub fn restore(&self, net: &mut Sequential) {
        todo!()
    }
}

/// Shortens gradients that are too long: if their norm is above `max_norm`, all of them are multiplied by
/// `max_norm / norm`; if not, they are not changed at all. Returns the norm before clipping (Pascanu et al. 2013, "On
/// the Difficulty of Training Recurrent Neural Networks", algorithm 1).
///
/// The norm is *global*: the root of the sum of the squares of all numbers in all arrays, as if they were one long
/// vector. One factor for all keeps the direction of the step.
pub fn clip_global_norm(gradients: &mut [ArrayD<f64>], max_norm: f64) -> f64 {
    todo!()
}

/// Adds up the gradients of several small batches, to take the step of one large batch.
#[derive(Clone, Debug, Default)]
pub struct GradientSum {
    /// For each parameter, the sum of the gradients of all samples so far; empty before the first.
    sums: Vec<ArrayD<f64>>,
    /// The number of these samples.
    n_samples: usize,
}

impl GradientSum {
    /// An empty sum. This function is complete.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the current gradients of `net`. They are the mean over `n_samples` samples, and are weighted with this
    /// number.
    pub fn add(&mut self, net: &mut Sequential, n_samples: usize) {
        todo!()
    }

    /// The mean over all samples that were added, an array for each parameter. Afterwards the sum is empty again.
    ///
    /// # Panics
    ///
    /// If there were no samples.
    pub fn take_mean(&mut self) -> Vec<ArrayD<f64>> {
        todo!()
    }
}

/// One step of `optimizer` with these gradients, an array for each parameter, in place of the network's own.
/// This function is complete.
fn step_with(net: &mut Sequential, gradients: &[ArrayD<f64>], optimizer: &mut dyn Optimizer) {
    let parameters = net.parameters().into_iter().zip(gradients);
    let mut parameters: Vec<Parameter<'_>> = parameters
        .map(|(parameter, gradient)| Parameter { value: parameter.value, gradient: gradient.view() })
        .collect();
    optimizer.step(&mut parameters);
}

/// How a network is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The largest number of epochs.
    pub n_epochs: usize,
    /// The number of samples for one step.
    pub batch_size: usize,
    /// The number of samples that go through the network together. If it is smaller than `batch_size`, their gradients
    /// are added up.
    pub micro_batch_size: usize,
    /// The largest norm of the gradient of a step; infinite for no clipping.
    pub max_norm: f64,
}

/// One epoch: every sample of `x` (n, n_in), n at least 1, once, in a new random order, in batches of
/// `settings.batch_size`, and one step of `optimizer` for each of them. Returns the mean loss of the samples,
/// cross-entropy with the one-hot rows `y` (n, n_classes).
///
/// A batch goes through the network in pieces of `settings.micro_batch_size`. The mean of all its gradients is clipped
/// to `settings.max_norm`, and then the step is taken. The last batch and the last piece may have fewer samples. All
/// means are over samples.
///
/// # Panics
///
/// If `batch_size` or `micro_batch_size` is 0.
pub fn train_epoch(
    net: &mut Sequential,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    settings: &Settings,
    optimizer: &mut dyn Optimizer,
    rng: &mut impl Rng,
) -> f64 {
    todo!()
}

/// A training set and a validation set. Classes are one-hot rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The inputs of the training set, shape (n_train, n_in).
    pub x_train: Array2<f64>,
    /// Their classes, shape (n_train, n_classes).
    pub y_train: Array2<f64>,
    /// The inputs of the validation set, shape (n_validation, n_in).
    pub x_validation: Array2<f64>,
    /// Their classes, shape (n_validation, n_classes).
    pub y_validation: Array2<f64>,
}

/// How a training run went: each list has one number per epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The learning rate.
    pub learning_rate: Vec<f64>,
    /// The mean loss of the training samples, each before its step: what [`train_epoch`] returns.
    pub train_loss: Vec<f64>,
    /// The loss on the validation samples, after the epoch.
    pub validation_loss: Vec<f64>,
}

/// Trains `net` for at most `settings.n_epochs` epochs. Before each epoch `optimizer` gets the learning rate of
/// `schedule`. After each epoch `after_epoch` gets the history so far, including this epoch, and the network; if it
/// returns `Break`, the training ends.
pub fn train(
    net: &mut Sequential,
    data: &Data,
    settings: &Settings,
    schedule: &mut dyn Schedule,
    optimizer: &mut dyn Optimizer,
    mut after_epoch: impl FnMut(&History, &mut Sequential) -> ControlFlow<()>,
    rng: &mut impl Rng,
) -> History {
    todo!()
}

/// Trains like [`train`] until `stopping` returns `Break`, or for all epochs. In both cases `net` has the weights of
/// the best epoch afterwards.
pub fn train_and_restore(
    net: &mut Sequential,
    data: &Data,
    settings: &Settings,
    schedule: &mut dyn Schedule,
    optimizer: &mut dyn Optimizer,
    stopping: &mut EarlyStopping,
    rng: &mut impl Rng,
) -> History {
    todo!()
}
