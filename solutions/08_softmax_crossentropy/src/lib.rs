//! Exercise 8, solved: from scores to probabilities, from probabilities to a loss, and back again.
//!
//! A classifier says scores, which may be any numbers. Softmax makes probabilities of them, the cross-entropy says what
//! the truth costs under these, and the gradient of both together is as simple as it gets: p - y. All of it is computed
//! from the *scores*. On a way through the probabilities all that is lost which a floating-point number between 0 and 1
//! cannot hold: e^-1000 is 0, and its logarithm is not -1000 any more.

use std::{error::Error, fmt};

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Zip};

/// Turns each row of scores into probabilities: `e^z_j / Σ_k e^z_k`.
///
/// Shapes: (n_samples, n_classes) in and out. A row is a sample, and its probabilities sum to 1. Adding the same number
/// to all scores of a row changes nothing, since e^(z + c) = e^z · e^c and the factor cancels; so the largest score of
/// the row is subtracted first. Then no exponential is above 1, one is exactly 1, and their sum can neither overflow
/// nor be 0.
pub fn softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    let mut p = z.to_owned();
    for mut row in p.rows_mut() {
        let max = largest(&row);
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row /= sum;
    }
    p
}

/// The largest of the scores. It begins at minus infinity: a row may lie below 0 as a whole.
fn largest(scores: &ArrayRef1<f64>) -> f64 {
    scores.fold(f64::NEG_INFINITY, |max, &z| max.max(z))
}

/// Softmax of `z / temperature`.
///
/// The differences between scores are all that softmax sees, and the temperature divides them. Above 1 the
/// probabilities move towards each other, in the end to 1 / n_classes; below 1 the largest takes more, in the end all.
/// Which class is the largest never changes. The temperature is above 0.
pub fn softmax_with_temperature(z: &ArrayRef2<f64>, temperature: f64) -> Array2<f64> {
    softmax(&(z / temperature))
}

/// The natural logarithms of the probabilities, `z_j - ln Σ_k e^z_k`, without a detour through the probabilities.
///
/// Shapes: (n_samples, n_classes) in and out. The logarithm undoes the exponential on paper, so here neither is done:
/// only the sum is left, and its largest term is e^0. A score that is 1000 below the largest has the logarithm -1000,
/// although its probability is 0 as an `f64`.
pub fn log_softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    let mut log_p = z.to_owned();
    for mut row in log_p.rows_mut() {
        let max = largest(&row);
        row -= max;
        let log_sum = row.exp().sum().ln();
        row -= log_sum;
    }
    log_p
}

/// A label that is no class.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, label, n_classes } = self;
        write!(f, "the label at index {position} is {label}, but the {n_classes} classes are counted from 0")
    }
}

impl Error for LabelError {}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
///
/// The number of classes is an argument, because the largest class may be missing among these samples. Labels come from
/// files, and files are wrong at times. That is no bug of the program, so it is no panic but an error, which says where
/// to look.
///
/// # Errors
///
/// If a label is not below `n_classes`: the first one that is not.
pub fn one_hot(labels: &[usize], n_classes: usize) -> Result<Array2<f64>, LabelError> {
    let mut y = Array2::zeros((labels.len(), n_classes));
    for (position, &label) in labels.iter().enumerate() {
        let hot = y.get_mut((position, label)).ok_or(LabelError { position, label, n_classes })?;
        *hot = 1.0;
    }
    Ok(y)
}

/// The mean of `-ln p` of the true classes, from probabilities, with every p below `eps` raised to `eps`.
///
/// `p` has the shape (n_samples, n_classes), and there is one label a sample. This is how the loss is found in many
/// tutorials, and it is here to be compared with [`cross_entropy`]: no loss can be larger than -ln eps, however wrong
/// the classifier is, and below eps the curve is flat, so its slope is 0. With no samples it is NaN.
///
/// # Panics
///
/// If there are not as many labels as rows, or if a label is not a class.
pub fn nll_from_probs(p: &ArrayRef2<f64>, labels: &[usize], eps: f64) -> f64 {
    let p_of_true_class = of_true_class(p, labels);
    -p_of_true_class.mapv(|p| p.max(eps).ln()).sum() / labels.len() as f64
}

/// In each row the entry of the true class.
///
/// Both lengths are compared: `zip` stops at the shorter one, and would leave samples out without a word.
fn of_true_class(rows: &ArrayRef2<f64>, labels: &[usize]) -> Array1<f64> {
    assert_eq!(labels.len(), rows.nrows(), "every sample needs one label");
    rows.rows().into_iter().zip(labels).map(|(row, &label)| row[label]).collect()
}

/// The cross-entropy of scores: `ln Σ_k e^z_k - z_true`, averaged over the samples.
///
/// `z` has the shape (n_samples, n_classes), and there is one label a sample. This is `-ln p` of the true class, but
/// from the scores it is right for all of them: a true class whose score is 1000 below the largest costs 1000. Nothing
/// is added to p or cut off, so a perfect prediction costs exactly 0, and not -0 either. With no samples it is NaN:
/// nothing has been measured.
///
/// # Panics
///
/// If there are not as many labels as rows, or if a label is not a class.
pub fn cross_entropy(z: &ArrayRef2<f64>, labels: &[usize]) -> f64 {
    let log_p_of_true_class = of_true_class(&log_softmax(z), labels);
    // 0 - 0 is 0, while the negative of 0 is -0.
    log_p_of_true_class.fold(0.0, |loss, log_p| loss - log_p) / labels.len() as f64
}

/// The gradient of [`cross_entropy`] with respect to the scores: `(p - y) / n_samples`.
///
/// p is the softmax of the scores and y the one-hot label, so only the entry of the true class differs from p, by 1.
/// Both sum to 1, so every row of the gradient sums to 0: what is taken from some classes is given to others. No entry
/// is ever larger than 1 / n_samples, and none is lost where p is 0. With no samples it is empty.
///
/// # Panics
///
/// If there are not as many labels as rows, or if a label is not a class.
pub fn cross_entropy_grad(z: &ArrayRef2<f64>, labels: &[usize]) -> Array2<f64> {
    assert_eq!(labels.len(), z.nrows(), "every sample needs one label");
    let mut gradient = softmax(z);
    for (mut row, &label) in gradient.rows_mut().into_iter().zip(labels) {
        row[label] -= 1.0;
    }
    gradient / labels.len() as f64
}

/// The slope of each probability of one sample with respect to each of its scores: `dp_i/dz_j`, row i, column j.
///
/// `p` are the probabilities computed by softmax, shape (n_classes); the result is (n_classes, n_classes). On the
/// diagonal p_i · (1 - p_i), as for the sigmoid. Elsewhere -p_i · p_j: a score that rises takes from all the other
/// classes, and most from those that have most. Each row and each column sums to 0.
pub fn softmax_jacobian(p: &ArrayRef1<f64>) -> Array2<f64> {
    Array2::from_shape_fn((p.len(), p.len()), |(i, j)| if i == j { p[i] * (1.0 - p[i]) } else { -p[i] * p[j] })
}

/// The gradient of `-ln p_label` with respect to the scores, for one sample, computed step by step with the chain rule.
///
/// dL/dp is 0 but for -1/p at the label. Each score moves all probabilities, so dL/dz_j = Σ_i dL/dp_i · dp_i/dz_j. Of
/// the sum one term is left, and in it p_label cancels: -1/p_label · p_label · (y_j - p_j) = p_j - y_j. So this is
/// [`cross_entropy_grad`] for a single sample, with more work and a weakness: where p_label is 0, -1/p is infinite, and
/// infinity times 0 is NaN.
///
/// # Panics
///
/// If the label is not a class.
pub fn grad_by_chain_rule(p: &ArrayRef1<f64>, label: usize) -> Array1<f64> {
    let mut dl_dp = Array1::zeros(p.len());
    dl_dp[label] = -1.0 / p[label];
    dl_dp.dot(&softmax_jacobian(p))
}

/// The probability of exactly these labels: the product of p where the label is 1 and of 1 - p where it is 0.
///
/// `p` are the probabilities of class 1, `y` the labels, 0 or 1; both have the shape (n_samples). Of all models the one
/// that makes what happened most likely is the best. A product of many numbers below 1 is soon 0 as an `f64`, though;
/// its logarithm is a sum, and that is what a loss is made of: [`bce_with_logits`] is `-ln(likelihood) / n_samples`.
///
/// # Panics
///
/// If the lengths differ.
pub fn bernoulli_likelihood(p: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
    Zip::from(p).and(y).fold(1.0, |product, &p, &y| product * if y == 1.0 { p } else { 1.0 - p })
}

/// The binary cross-entropy of scores: `ln(1 + e^z) - y·z`, averaged over the samples.
///
/// `z` are the scores and `y` the labels, 0 or 1, both of shape (n_samples). This is -ln p where y is 1 and -ln(1 - p)
/// where y is 0, with p = σ(z). ln(1 + e^z) is computed as max(z, 0) + ln(1 + e^-|z|), whose exponent is never above
/// 0: for z = 800 and y = 0 the loss is 800. With no samples it is NaN.
///
/// # Panics
///
/// If the lengths differ. (`y * z` would not: ndarray stretches a single entry to any length.)
pub fn bce_with_logits(z: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> f64 {
    let sum = Zip::from(z).and(y).fold(0.0, |sum, &z, &y| sum + (softplus(z) - y * z));
    sum / z.len() as f64
}

/// `ln(1 + e^z)`, for any z. `ln_1p(x)` is ln(1 + x) with all its digits, also where 1 + x would round to 1.
fn softplus(z: f64) -> f64 {
    z.max(0.0) + (-z.abs()).exp().ln_1p()
}

/// The gradient of [`bce_with_logits`] with respect to the scores: `(σ(z) - y) / n_samples`.
///
/// The slope of the sigmoid, p · (1 - p), cancels against that of the loss, (p - y) / (p · (1 - p)). That is the point
/// of putting the two together: a neuron that is certain and wrong learns at full speed, where p · (1 - p) is 0. With
/// no samples it is empty.
///
/// # Panics
///
/// If the lengths differ.
pub fn bce_with_logits_grad(z: &ArrayRef1<f64>, y: &ArrayRef1<f64>) -> Array1<f64> {
    let n_samples = z.len() as f64;
    // e^-z may be infinite; 1 divided by that is 0, as it should be.
    Zip::from(z).and(y).map_collect(|&z, &y| (1.0 / (1.0 + (-z).exp()) - y) / n_samples)
}
