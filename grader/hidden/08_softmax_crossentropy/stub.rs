//! Exercise 8: from scores to probabilities, from probabilities to a loss, and back again.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 8` as often as you like.

use std::{error::Error, fmt};

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};

/// Turns each row of scores into probabilities: `e^z_j / Σ_k e^z_k`.
///
/// Shapes: (n_samples, n_classes) in and out. A row is a sample, and its probabilities sum to 1. It is accurate for
/// scores of any size.
pub fn softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// Softmax of `z / temperature`. The temperature is above 0.
///
/// Shapes: (n_samples, n_classes) in and out.
pub fn softmax_with_temperature(z: &ArrayRef2<f64>, temperature: f64) -> Array2<f64> {
    todo!()
}

/// The natural logarithms of the probabilities: `z_j - ln Σ_k e^z_k`.
///
/// Shapes: (n_samples, n_classes) in and out. It is accurate for scores of any size, even where a probability rounds to
/// 0 as an `f64`: a score that is 1000 below a single largest one has the logarithm -1000.
pub fn log_softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// A label that is not a class. This one is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelError {
    /// The index of the sample with this label.
    pub position: usize,
    /// The label.
    pub label: usize,
    /// How many classes there are: a label has to be below this.
    pub n_classes: usize,
}

impl fmt::Display for LabelError {
    /// This one is complete.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, label, n_classes } = self;
        write!(f, "the label at index {position} is {label}, but the {n_classes} classes are counted from 0")
    }
}

impl Error for LabelError {}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
///
/// # Errors
///
/// If a label is not below `n_classes`: the first one that is not.
pub fn one_hot(labels: &[usize], n_classes: usize) -> Result<Array2<f64>, LabelError> {
    todo!()
}

/// The mean of `-ln p` of the true classes, from probabilities, with every p below `eps` raised to `eps`.
///
/// `p` has the shape (n_samples, n_classes), and there is one label per sample. A probability of `eps` or more is not
/// changed, so a perfect prediction costs exactly 0. With no samples the loss is NaN.
///
/// # Panics
///
/// If there are not as many labels as rows, or if a label is not a class.
pub fn nll_from_probs(p: &ArrayRef2<f64>, labels: &[usize], eps: f64) -> f64 {
    todo!()
}

/// The cross-entropy of scores: `ln Σ_k e^z_k - z_true`, averaged over the samples.
///
/// `z` has the shape (n_samples, n_classes), and there is one label per sample. No probability is changed to keep the
/// logarithm finite: a true class whose score is 1000 below the largest costs 1000, and a perfect prediction costs
/// exactly 0 (which prints as `0`, not as `-0`). With no samples the loss is NaN (0 divided by 0): nothing has been
/// measured.
///
/// # Panics
///
/// If there are not as many labels as rows, or if a label is not a class.
pub fn cross_entropy(z: &ArrayRef2<f64>, labels: &[usize]) -> f64 {
    todo!()
}

/// The gradient of [`cross_entropy`] with respect to the scores: `(p - y) / n_samples`.
///
/// p is the softmax of the scores and y the one-hot label. The result has the shape of `z`. With no samples it is
/// empty.
///
/// # Panics
///
/// If there are not as many labels as rows, or if a label is not a class.
pub fn cross_entropy_grad(z: &ArrayRef2<f64>, labels: &[usize]) -> Array2<f64> {
    todo!()
}

/// The slope of each probability of one sample with respect to each of its scores: `dp_i/dz_j`, row i, column j.
///
/// `p` are the probabilities computed by softmax, shape (n_classes); the result is (n_classes, n_classes).
pub fn softmax_jacobian(p: &ArrayRef1<f64>) -> Array2<f64> {
    todo!()
}

/// The gradient of `-ln p_label` with respect to the scores, for one sample, computed step by step with the chain rule.
///
/// dL/dz_j = Σ_i dL/dp_i · dp_i/dz_j. `p` and the result have the shape (n_classes). The probability of the label is
/// above 0.
///
/// # Panics
///
/// If the label is not a class.
pub fn grad_by_chain_rule(p: &ArrayRef1<f64>, label: usize) -> Array1<f64> {
    todo!()
}

/// The probability of exactly these labels: the product of p where the label is 1 and of 1 - p where it is 0.
///
/// `p` are the probabilities of class 1, `y` the labels, 0 or 1; both have the shape (n_samples).
///
/// # Panics
///
/// If the lengths differ.
pub fn bernoulli_likelihood(p: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
    todo!()
}

/// The binary cross-entropy of scores: `ln(1 + e^z) - y·z`, averaged over the samples.
///
/// `z` are the scores and `y` the labels, 0 or 1, both of shape (n_samples). It is accurate for scores of any size: for
/// z = 800 and y = 0 the loss is 800. With no samples the loss is NaN.
///
/// # Panics
///
/// If the lengths differ.
pub fn bce_with_logits(z: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
    todo!()
}

/// The gradient of [`bce_with_logits`] with respect to the scores: `(σ(z) - y) / n_samples`.
///
/// The result has the shape of `z`. With no samples it is empty.
///
/// # Panics
///
/// If the lengths differ.
pub fn bce_with_logits_grad(z: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> Array1<f64> {
    todo!()
}
