//! Exercise 4: two losses, their gradients, and what an outlier does to each.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 4` as often as you like.

use ndarray::{Array2, ArrayRef1, ArrayRef2};

/// The mean absolute error, `(1/n) Σ |e|` with `e = y_pred - y_true`, in the units of the targets.
///
/// Shapes: both (n_samples, n_outputs); n counts *all* entries. With no entries the loss is NaN (0 divided by 0):
/// nothing has been measured.
///
/// # Panics
///
/// If the shapes differ.
pub fn mae_loss(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> f64 {
    todo!()
}

/// The gradient of [`mae_loss`] with respect to `y_pred`: `sign(e) / n`, and 0 where `e` is 0.
///
/// The result has the shape of `y_pred`.
///
/// # Panics
///
/// If the shapes differ.
pub fn mae_grad(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// The mean squared error, `(1/n) Σ e²` with `e = y_pred - y_true`, in the squared units of the targets.
///
/// Shapes: both (n_samples, n_outputs); n counts *all* entries. With no entries the loss is NaN.
///
/// # Panics
///
/// If the shapes differ.
pub fn mse_loss(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> f64 {
    todo!()
}

/// The gradient of [`mse_loss`] with respect to `y_pred`: `2 e / n`.
///
/// The result has the shape of `y_pred`.
///
/// # Panics
///
/// If the shapes differ.
pub fn mse_grad(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// One of the two losses. This one is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// The mean absolute error.
    Mae,
    /// The mean squared error.
    Mse,
}

impl LossKind {
    /// The loss as a number. This one is complete.
    pub fn value(self, y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> f64 {
        match self {
            Self::Mae => mae_loss(y_true, y_pred),
            Self::Mse => mse_loss(y_true, y_pred),
        }
    }

    /// Its gradient with respect to `y_pred`. This one is complete.
    pub fn grad(self, y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> Array2<f64> {
        match self {
            Self::Mae => mae_grad(y_true, y_pred),
            Self::Mse => mse_grad(y_true, y_pred),
        }
    }
}

/// The direction in which a prediction has to move for the loss to fall. This one is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Upwards.
    Raise,
    /// Downwards.
    Lower,
    /// Not at all.
    Keep,
}

/// The direction in which to move a prediction whose entry in the gradient is `gradient`.
pub fn direction(gradient: f64) -> Direction {
    todo!()
}

/// One step of gradient descent on the predictions themselves: returns the new predictions.
///
/// `loss` is the loss to reduce. All shapes are (n_samples, n_outputs).
pub fn descend(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>, loss: LossKind, learning_rate: f64) -> Array2<f64> {
    todo!()
}

/// What an outlier does to both losses. This one is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlierReport {
    /// The MAE without the outlier.
    pub normal_mae: f64,
    /// The MSE without the outlier.
    pub normal_mse: f64,
    /// The MAE with the outlier.
    pub outlier_mae: f64,
    /// The MSE with the outlier.
    pub outlier_mse: f64,
    /// How many times larger the outlier makes the MAE: `outlier_mae / normal_mae`.
    pub mae_ratio: f64,
    /// How many times larger the outlier makes the MSE: `outlier_mse / normal_mse`.
    pub mse_ratio: f64,
}

/// Measures two sets of predictions, `normal` ones and ones with an `outlier`, against the same targets.
///
/// All shapes are (n_samples, n_outputs). Where the normal predictions are perfect, the ratios are infinite.
///
/// # Panics
///
/// If the shapes differ.
pub fn outlier_report(y_true: &ArrayRef2<f64>, normal: &ArrayRef2<f64>, outlier: &ArrayRef2<f64>) -> OutlierReport {
    todo!()
}

/// The single number that has the smallest loss as the prediction for every value of `y`; `None` if there are no
/// values.
///
/// With an even number of values, every number between the two in the middle has the same MAE; return the one halfway
/// between them. The values are finite.
pub fn best_constant(y: &ArrayRef1<f64>, loss: LossKind) -> Option<f64> {
    todo!()
}

/// Searches for the best constant by gradient descent. Returns the constant at the start and after each step, so
/// `steps + 1` numbers.
///
/// Not needed for full marks.
pub fn fit_constant(y: &ArrayRef1<f64>, loss: LossKind, start: f64, learning_rate: f64, steps: usize) -> Vec<f64> {
    todo!()
}
