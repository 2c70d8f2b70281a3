//! Exercise 17: what controls a training while it runs.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 17` as often as you like.

use std::{f64::consts::PI, ops::ControlFlow};

use engine::{Loss, Parameter, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array2, ArrayD, ArrayRef2, Axis};
use optimizers_solution::Optimizer;
use rand::{Rng, seq::SliceRandom};

/// A rule that says how large the learning rate is in each epoch. This trait is complete.
pub trait Schedule {
    /// The learning rate of `epoch`, counted from 0. It is asked once before every epoch, in order.
    ///
    /// `last_loss` is the validation loss after the epoch before; before the first epoch there is none.
    fn learning_rate(&mut self, epoch: usize, last_loss: Option<f64>) -> f64;
}

/// `lr = initial · factor^⌊epoch / every⌋`: constant for `every` epochs, then `factor` times as large, and so on.
#[derive(Clone, Debug)]
pub struct StepDecay {
    /// The learning rate of epoch 0.
    pub initial: f64,
    /// What it is multiplied by at each step.
    pub factor: f64,
    /// How many epochs a step is long.
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

/// `lr = initial · factor^epoch`: the same share is lost in every epoch.
#[derive(Clone, Debug)]
pub struct ExponentialDecay {
    /// The learning rate of epoch 0.
    pub initial: f64,
    /// What it is multiplied by after every epoch.
    pub factor: f64,
}

impl Schedule for ExponentialDecay {
    fn learning_rate(&mut self, epoch: usize, _: Option<f64>) -> f64 {
        todo!()
    }
}

/// Half a cosine wave from `initial` down to `end`: slow at first, slow at the end (Loshchilov & Hutter 2017, "SGDR:
/// Stochastic Gradient Descent with Warm Restarts", eq. 5):
/// `lr = end + (initial - end) · (1 + cos(π · epoch / n_epochs)) / 2`.
#[derive(Clone, Debug)]
pub struct Cosine {
    /// The learning rate of epoch 0.
    pub initial: f64,
    /// The learning rate of epoch `n_epochs` and all later ones.
    pub end: f64,
    /// How many epochs the way down takes.
    pub n_epochs: usize,
}

impl Schedule for Cosine {
    fn learning_rate(&mut self, epoch: usize, _: Option<f64>) -> f64 {
        todo!()
    }
}

/// A few epochs of small learning rates first, and then another schedule.
///
/// The rates are 1/n, 2/n, …, n/n of the one with which `then` begins, for n = `n_epochs`. The first is not 0, which
/// would waste an epoch, and the last is the full one.
#[derive(Clone, Debug)]
pub struct WarmUp<S> {
    /// How many epochs it takes.
    pub n_epochs: usize,
    /// What comes afterwards. Its epoch 0 is the first one after the warm-up.
    pub then: S,
}

impl<S: Schedule> Schedule for WarmUp<S> {
    /// During the warm-up `then` is asked for its epoch 0 and is told no loss, so nothing that happens there counts
    /// for it. From epoch `n_epochs` on it is told whatever `last_loss` is. The first loss that it hears is thus the one
    /// after the last epoch of the warm-up, which had the full rate.
    fn learning_rate(&mut self, epoch: usize, last_loss: Option<f64>) -> f64 {
        todo!()
    }
}

/// The learning rate falls where the validation loss no longer does: it is multiplied by `factor` as soon as *more
/// than* `patience` epochs in a row have not improved the loss, and counting begins again.
///
/// A loss is an improvement if it is below the best one so far by more than a ten-thousandth of that: `loss < best ·
/// (1 - 0.0001)`. Then it is the best one, and counting begins again. This is PyTorch's rule.
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
    /// A schedule that begins with this learning rate. This one is complete.
    pub fn new(learning_rate: f64, factor: f64, patience: usize) -> Self {
        Self { learning_rate, factor, patience, best_loss: f64::INFINITY, n_bad: 0 }
    }
}

impl Schedule for Plateau {
    /// The epoch does not matter. Where there is no loss, nothing changes. NaN is no improvement.
    fn learning_rate(&mut self, _: usize, last_loss: Option<f64>) -> f64 {
        todo!()
    }
}

/// A copy of all parameters of `net`, in the order in which it gives them.
pub fn weights(net: &mut Sequential) -> Vec<ArrayD<f64>> {
    todo!()
}

/// Puts such a copy back: the parameters of `net` become `weights`.
///
/// # Panics
///
/// If there are not as many of them, or if one has another shape.
pub fn set_weights(net: &mut Sequential, weights: &[ArrayD<f64>]) {
    todo!()
}

/// Ends a training that no longer improves, and keeps the weights of its best epoch.
///
/// A loss is an improvement if it is below `best - min_delta`, where `best` is the loss of the last improvement; the
/// first loss is one, unless it is infinite. NaN is never one. Every other epoch is bad, and `patience` bad epochs *in
/// a row* are the end (Prechelt 1998, "Early Stopping, But When?").
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
    /// Waits for `patience` bad epochs in a row, at least 1. This one is complete.
    pub fn new(patience: usize, min_delta: f64) -> Self {
        Self { patience, min_delta, best_loss: f64::INFINITY, best_weights: Vec::new(), n_bad: 0 }
    }

    /// Hears the validation loss after an epoch, and sees the network that has it. `Break` says that the training
    /// should end.
    pub fn update(&mut self, loss: f64, net: &mut Sequential) -> ControlFlow<()> {
        todo!()
    }

    /// The loss of the last improvement; infinite if there was none. This one is complete.
    pub fn best_loss(&self) -> f64 {
        self.best_loss
    }

    /// Gives `net` the weights of the last improvement. Without an improvement, `net` is not changed.
    pub fn restore(&self, net: &mut Sequential) {
        todo!()
    }
}

/// Shortens gradients that are too long: if their norm is above `max_norm`, all of them are multiplied by `max_norm /
/// norm`; if not, they stay exactly as they are. Returns the norm as it was (Pascanu et al. 2013, "On the Difficulty
/// of Training Recurrent Neural Networks", algorithm 1).
///
/// The norm is *global*: the root of the sum of the squares of all numbers in all arrays, as if they were one long
/// vector. One factor for all keeps the direction of the step.
pub fn clip_global_norm(gradients: &mut [ArrayD<f64>], max_norm: f64) -> f64 {
    todo!()
}

/// Adds up the gradients of several small batches, until they are worth one large batch.
#[derive(Clone, Debug, Default)]
pub struct GradientSum {
    /// For each parameter, the sum of the gradients of all samples so far; empty before the first.
    sums: Vec<ArrayD<f64>>,
    /// How many samples that are.
    n_samples: usize,
}

impl GradientSum {
    /// Nothing yet. This one is complete.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the gradients that `net` has now. They are the mean over `n_samples` samples, and count as often.
    pub fn add(&mut self, net: &mut Sequential, n_samples: usize) {
        todo!()
    }

    /// The mean over all samples that were added, an array for each parameter. Afterwards it is empty again.
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
    /// How often every sample is learned from, at most.
    pub n_epochs: usize,
    /// Samples a step.
    pub batch_size: usize,
    /// Samples that go through the network together. If they are fewer than those of a step, their gradients are added
    /// up.
    pub micro_batch_size: usize,
    /// How long the gradient of a step may be; infinite if it is never shortened.
    pub max_norm: f64,
}

/// One epoch: every sample of `x` (n, n_in), n at least 1, once, in a new random order, in batches of
/// `settings.batch_size`, and one step of `optimizer` for each of them. Returns the mean loss of the samples,
/// cross-entropy with the one-hot rows `y` (n, n_classes).
///
/// A batch goes through the network in pieces of `settings.micro_batch_size`. The mean of all its gradients is clipped
/// to `settings.max_norm`, and then the step is taken. Batches and pieces at the end may be shorter, and count by
/// their samples.
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

/// Samples to learn from, and others to look at meanwhile. Classes are one-hot rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The inputs to learn from, shape (n_train, n_in).
    pub x_train: Array2<f64>,
    /// Their classes, shape (n_train, n_classes).
    pub y_train: Array2<f64>,
    /// The inputs to be looked at, shape (n_validation, n_in).
    pub x_validation: Array2<f64>,
    /// Their classes, shape (n_validation, n_classes).
    pub y_validation: Array2<f64>,
}

/// What happened in a training: one number an epoch in each of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The learning rate.
    pub learning_rate: Vec<f64>,
    /// The mean loss of the samples learned from, each before its step: what [`train_epoch`] returns.
    pub train_loss: Vec<f64>,
    /// The loss on the validation samples, after the epoch.
    pub validation_loss: Vec<f64>,
}

/// Trains `net` for at most `settings.n_epochs` epochs. Before each of them `optimizer` gets the learning rate that
/// `schedule` says. After each of them `after_epoch` gets the history so far, with this epoch in it, and the network;
/// if it returns `Break`, the training ends.
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

/// Trains like [`train`] until `stopping` says that it is enough, or for all epochs. Either way `net` has the weights
/// of the best epoch afterwards.
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
