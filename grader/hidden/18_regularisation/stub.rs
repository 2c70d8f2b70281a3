//! Exercise 18: what a network learns by heart, and how to keep it from doing so.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 18` as often as you like.

use std::{cell::Cell, rc::Rc};

use engine::{Layer, Sequential};
use ndarray::{Array2, ArrayRef2};
use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

/// What large weights cost: a number that is added to the loss. λ, the number in brackets, says how much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Penalty {
    /// Nothing.
    None,
    /// λ / 2 times the sum of the squares of the weights.
    L2(f64),
    /// λ times the sum of their absolute values.
    L1(f64),
}

impl Penalty {
    /// What one weight `w` costs.
    pub fn value(self, w: f64) -> f64 {
        todo!()
    }

    /// The slope of [`value`](Self::value) at `w`: by how much the cost grows per unit of the weight. For L1 it is 0 at 0,
    /// where |w| has a kink.
    pub fn slope(self, w: f64) -> f64 {
        todo!()
    }
}

/// What all weights of `net` cost together. Biases cost nothing.
///
/// Of a layer's parameters the weights are those with two axes; its biases have one.
pub fn total_penalty(net: &mut Sequential, penalty: Penalty) -> f64 {
    todo!()
}

/// A step of gradient descent on the loss and the penalty together, with the gradients of the last backward pass, which know
/// of the loss alone:
///
/// ```text
/// w ← w - lr · (dw + slope of the penalty at w)        for weights
/// b ← b - lr · db                                      for biases
/// ```
pub fn penalised_step(net: &mut Sequential, learning_rate: f64, penalty: Penalty) {
    todo!()
}

/// Decoupled weight decay: every weight shrinks by the share `learning_rate * weight_decay`, whatever its gradient is. Biases
/// stay.
///
/// An optimiser takes its step first, of the gradients of the loss alone, and then comes this (Loshchilov & Hutter 2019,
/// "Decoupled Weight Decay Regularization").
pub fn decay(net: &mut Sequential, learning_rate: f64, weight_decay: f64) {
    todo!()
}

/// What a network is used for at the moment. This type is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It learns.
    #[default]
    Train,
    /// It is asked for answers.
    Eval,
}

/// Says in which mode a network is, for the layers that behave differently in training. This type is complete.
///
/// Clones are one and the same switch: what is set on one of them, all of them say. So a network can be switched after its
/// layers have gone into their boxes.
#[derive(Clone, Debug, Default)]
pub struct Switch {
    mode: Rc<Cell<Mode>>,
}

impl Switch {
    /// A switch of its own, at [`Mode::Train`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The present mode.
    pub fn mode(&self) -> Mode {
        self.mode.get()
    }

    /// Sets the mode, for all clones.
    pub fn set(&self, mode: Mode) {
        self.mode.set(mode);
    }
}

/// Which entries are dropped: a matrix of this shape with 0 for each that is, and 1 / (1 - p) for each that is kept. Every
/// entry is drawn from `rng` by itself, and dropped with the probability `p`.
///
/// With p = 1 nothing is kept: all entries are 0.
///
/// # Panics
///
/// If `p` is not a number from 0 to 1.
pub fn dropout_mask(shape: (usize, usize), p: f64, rng: &mut impl Rng) -> Array2<f64> {
    todo!()
}

/// A layer that drops a part of its input at random while the network is in training, and lets everything pass in evaluation
/// (Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting").
#[derive(Debug)]
pub struct Dropout {
    p: f64,
    switch: Switch,
    rng: Xoshiro256PlusPlus,
    /// What the last forward pass multiplied its input by.
    mask: Option<Array2<f64>>,
}

impl Dropout {
    /// A layer that drops each entry with the probability `p`, from 0 to 1, while `switch` is at [`Mode::Train`]. It draws from a
    /// generator of its own, which starts at a random number from `rng`. This function is complete.
    pub fn new(p: f64, switch: &Switch, rng: &mut impl Rng) -> Self {
        Self { p, switch: switch.clone(), rng: Xoshiro256PlusPlus::from_rng(rng), mask: None }
    }
}

impl Layer for Dropout {
    /// In training, `x` times a new [`dropout_mask`]. In evaluation, `x` as it is.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient goes back through the last forward pass as it was, whatever `switch` says by now.
    ///
    /// # Panics
    ///
    /// If there was no forward pass.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// This function is complete.
    fn describe(&self) -> String {
        format!("Dropout {}", self.p)
    }
}

/// A multi-layer perceptron like the engine's `mlp` with ReLUs, and a [`Dropout`] behind each of these: `sizes` are the numbers
/// of inputs, of neurons of each hidden layer, and of outputs. All layers share the switch `switch`.
///
/// Nothing is dropped from the input, and nothing from the scores.
pub fn mlp_with_dropout(sizes: &[usize], p: f64, switch: &Switch, rng: &mut impl Rng) -> Sequential {
    todo!()
}

/// Samples to learn from, and others to look at meanwhile, with one-hot rows of their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The inputs to learn from, shape (n_train, n_features).
    pub x_train: Array2<f64>,
    /// Their classes, shape (n_train, n_classes).
    pub y_train: Array2<f64>,
    /// The inputs to be looked at, shape (n_validation, n_features).
    pub x_validation: Array2<f64>,
    /// Their classes, shape (n_validation, n_classes).
    pub y_validation: Array2<f64>,
}

/// The learning curves: for each epoch the mean cross-entropy after it, without penalties and in evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// That of the samples that are learned from.
    pub train_loss: Vec<f64>,
    /// That of the samples that are only looked at.
    pub validation_loss: Vec<f64>,
}

/// Trains `net` with softmax and cross-entropy, and measures both losses after every epoch. An epoch is one step on all of
/// `x_train`: the data set is small.
///
/// The step is taken at [`Mode::Train`], by [`penalised_step`]. Both losses are measured at [`Mode::Eval`], and `switch` is left
/// there.
pub fn fit(
    net: &mut Sequential,
    switch: &Switch,
    data: &Split,
    penalty: Penalty,
    learning_rate: f64,
    epochs: usize,
) -> History {
    todo!()
}

/// The generalisation gap: by how much the validation loss at the end is above the training loss at the end. NaN with no epochs.
pub fn generalisation_gap(history: &History) -> f64 {
    todo!()
}

/// The epoch with the smallest validation loss, counted from 0; the first of them if several have it. NaN is never the
/// smallest. `None` if there is no number.
pub fn best_epoch(history: &History) -> Option<usize> {
    todo!()
}

/// What is the matter with a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The network has not even learned the samples that it was shown.
    Underfitting,
    /// It is still learning about these samples, and getting worse on others.
    Overfitting,
    /// Neither.
    Good,
}

/// What the learning curves of at least one epoch say. The first of these that is true:
///
/// 1. [`Fit::Overfitting`]: at the end the validation loss is more than 10 % above what it was in the [best epoch](best_epoch),
///    while the training loss is lower than in that epoch.
/// 2. [`Fit::Underfitting`]: the training loss at the end is above `acceptable`, or NaN.
/// 3. [`Fit::Good`].
pub fn diagnose(history: &History, acceptable: f64) -> Fit {
    todo!()
}

/// Brings `w` nearer to 0 by `threshold`, at least 0; what is nearer than that becomes 0.
///
/// Gradient descent on the loss, and this with `threshold` = lr · λ after every step, minimises the loss with L1, too. It is
/// called a *proximal* step.
pub fn soft_threshold(w: f64, threshold: f64) -> f64 {
    todo!()
}
