//! Exercise 18: how to keep a network from learning its samples by heart.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 18` as often as you like.

use std::{cell::Cell, rc::Rc};

use engine::{Layer, Sequential};
use ndarray::{Array2, ArrayRef2};
use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus};

/// A penalty on large weights, which is added to the loss. The number in brackets is λ, its strength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Penalty {
    /// No penalty.
    None,
    /// λ / 2 times the sum of the squares of the weights.
    L2(f64),
    /// λ times the sum of their absolute values.
    L1(f64),
}

impl Penalty {
    /// The penalty of one weight `w`.
    pub fn value(self, w: f64) -> f64 {
        todo!()
    }

    /// The slope of [`value`](Self::value) at `w`. For L1 it is 0 at 0, where |w| has a kink.
    pub fn slope(self, w: f64) -> f64 {
        todo!()
    }
}

/// The penalty of all weights of `net` together. Biases have no penalty.
///
/// The weights of a layer are its parameters with two axes; its biases have one axis.
pub fn total_penalty(net: &mut Sequential, penalty: Penalty) -> f64 {
    todo!()
}

/// A step of gradient descent on the sum of loss and penalty. The gradients of the last backward pass are those of the
/// loss alone:
///
/// ```text
/// w ← w - lr · (dw + slope of the penalty at w)        for weights
/// b ← b - lr · db                                      for biases
/// ```
pub fn penalised_step(net: &mut Sequential, learning_rate: f64, penalty: Penalty) {
    todo!()
}

/// Decoupled weight decay: every weight shrinks by the fraction `learning_rate * weight_decay`, whatever its gradient
/// is. Biases do not change.
///
/// The optimiser takes its step first, with the gradients of the loss alone, and then the weights decay (Loshchilov &
/// Hutter 2019, "Decoupled Weight Decay Regularization").
pub fn decay(net: &mut Sequential, learning_rate: f64, weight_decay: f64) {
    todo!()
}

/// What a network is used for at the moment. This type is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is in training.
    #[default]
    Train,
    /// It is evaluated: it makes predictions.
    Eval,
}

/// The mode of a network, for the layers that behave differently in training. This type is complete.
///
/// All clones share one position: a mode that is set on one of them is set on all of them. So a network can be switched
/// after its layers have been put into boxes.
#[derive(Clone, Debug, Default)]
pub struct Switch {
    mode: Rc<Cell<Mode>>,
}

impl Switch {
    /// A new switch, at [`Mode::Train`].
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

/// A random mask of this shape: 0 for each entry that is dropped, and 1 / (1 - p) for each entry that is kept. Each
/// entry is dropped with the probability `p`, independently of the others; the random numbers come from `rng`.
///
/// With p = 1 all entries are 0.
///
/// # Panics
///
/// If `p` is not a number from 0 to 1.
pub fn dropout_mask(shape: (usize, usize), p: f64, rng: &mut impl Rng) -> Array2<f64> {
    todo!()
}

/// A layer that drops a part of its input at random in training, and passes its input on unchanged in evaluation
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
    /// A layer that drops each entry with the probability `p`, from 0 to 1, while `switch` is at [`Mode::Train`]. It
    /// has a random generator of its own, whose seed comes from `rng`. This function is complete.
    pub fn new(p: f64, switch: &Switch, rng: &mut impl Rng) -> Self {
        Self { p, switch: switch.clone(), rng: Xoshiro256PlusPlus::from_rng(rng), mask: None }
    }
}

impl Layer for Dropout {
    /// In training, `x` times a new [`dropout_mask`]. In evaluation, `x` unchanged.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient goes back through the last forward pass, in the mode which that pass had, even if `switch` has been
    /// set since then.
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

/// A multi-layer perceptron like the engine's `mlp` with ReLUs, and with a [`Dropout`] behind each ReLU. `sizes` are
/// the numbers of inputs, of neurons of each hidden layer, and of outputs. All layers share `switch`.
///
/// Nothing is dropped from the input or from the scores.
pub fn mlp_with_dropout(sizes: &[usize], p: f64, switch: &Switch, rng: &mut impl Rng) -> Sequential {
    todo!()
}

/// A training set and a validation set, with the classes as one-hot rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The inputs of the training set, shape (n_train, n_features).
    pub x_train: Array2<f64>,
    /// Their classes, shape (n_train, n_classes).
    pub y_train: Array2<f64>,
    /// The inputs of the validation set, shape (n_validation, n_features).
    pub x_validation: Array2<f64>,
    /// Their classes, shape (n_validation, n_classes).
    pub y_validation: Array2<f64>,
}

/// The learning curves: the mean cross-entropy after each epoch, without penalties and in evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The loss on the training set.
    pub train_loss: Vec<f64>,
    /// The loss on the validation set.
    pub validation_loss: Vec<f64>,
}

/// Trains `net` with softmax and cross-entropy, and measures both losses after every epoch. The data set is small, so
/// an epoch is one step on the whole of `x_train`.
///
/// The step is taken at [`Mode::Train`], by [`penalised_step`]. Both losses are measured at [`Mode::Eval`], and
/// `switch` stays there at the end.
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

/// The generalisation gap: the validation loss minus the training loss, both at the end. NaN with no epochs.
pub fn generalisation_gap(history: &History) -> f64 {
    todo!()
}

/// The epoch with the smallest validation loss, counted from 0; the first of them if several epochs have it. NaN is
/// never the smallest. `None` if no loss is a number.
pub fn best_epoch(history: &History) -> Option<usize> {
    todo!()
}

/// The diagnosis of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The network has not even learned the training set.
    Underfitting,
    /// It still improves on the training set, and becomes worse on other samples.
    Overfitting,
    /// Neither.
    Good,
}

/// What the learning curves of at least one epoch show. The first of these that is true:
///
/// 1. [`Fit::Overfitting`]: at the end the validation loss is more than 10 % above that of the [best
///    epoch](best_epoch), and the training loss is lower than in that epoch.
/// 2. [`Fit::Underfitting`]: the training loss at the end is above `acceptable`, or NaN.
/// 3. [`Fit::Good`].
pub fn diagnose(history: &History, acceptable: f64) -> Fit {
    todo!()
}

/// Moves `w` towards 0 by `threshold`, which is at least 0. A weight that is closer to 0 than that becomes 0.
///
/// Gradient descent on the loss, followed by this with `threshold` = lr · λ after every step, also minimises the loss
/// with L1. It is called a *proximal* step.
pub fn soft_threshold(w: f64, threshold: f64) -> f64 {
    todo!()
}
