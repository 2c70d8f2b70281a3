//! Exercise 6: debug a softmax classifier.
//!
//! Read `README.md` beside this file's folder first. One function here is not empty: `softmax_classifier_step` is
//! complete, it runs, and it is wrong. Write your checks first (everything above it), then find what is wrong with it,
//! then write the rest. `cargo run -p grader -- check 6` runs as often as you like, but it names the bugs: look for
//! them yourself before you ask.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

/// Turns each row of scores into probabilities, as in exercise 3. This one is complete, and right.
pub fn softmax_rows(z: &ArrayRef2<f64>) -> Array2<f64> {
    let mut probabilities = z.to_owned();
    for mut row in probabilities.rows_mut() {
        let max = row.fold(f64::NEG_INFINITY, |max, &z| max.max(z));
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row /= sum;
    }
    probabilities
}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
///
/// The number of classes is an argument, because the largest class may be missing among these samples.
///
/// # Panics
///
/// If a label is not below `n_classes`.
pub fn one_hot(labels: &ArrayRef1<usize>, n_classes: usize) -> Array2<f64> {
    todo!()
}

/// The cross-entropy of the probabilities `p`: `-ln p` of the true class, averaged over the samples.
///
/// `y_onehot` and `p` have the shape (n_samples, n_classes). Only the true class counts: a probability of 0 there costs
/// infinity, a probability of 0 elsewhere costs nothing. No small number is added to `p`, so a perfect prediction
/// costs exactly 0.
pub fn cross_entropy(y_onehot: &ArrayRef2<f64>, p: &ArrayRef2<f64>) -> f64 {
    todo!()
}

/// Which properties of a right step a training step has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanityChecks {
    /// With all inputs 0 the logits are the biases, and the loss is the cross-entropy of their softmax.
    pub zero_inputs: bool,
    /// The same samples twice leave the same weights and biases as once.
    pub duplicated_data: bool,
    /// From zero, the bias of the most frequent class goes up.
    pub bias_direction: bool,
}

/// Asks three questions about a training step; each answer is true if the step does what a right one does.
///
/// `step` takes what [`softmax_classifier_step`] takes and returns what it returns. Each question uses a few samples of
/// your own and begins at a `w` and `b` of its own:
///
/// - `zero_inputs`: all of X is 0, so the logits are `b` in every row. True if the returned loss is the
///   [`cross_entropy`] that follows from that.
/// - `duplicated_data`: one step on some samples, and, from the same beginning, one step on the same samples with each
///   of them twice. True if both leave the same `w` *and* the same `b`, up to rounding. NaN is not the same as
///   anything.
/// - `bias_direction`: `w` and `b` are 0, and one class has more samples than any other. True if the step has made the
///   bias of that class larger than 0.
pub fn sanity_checks(
    step: impl Fn(&ArrayRef2<f64>, &ArrayRef2<f64>, &mut Array2<f64>, &mut Array1<f64>, f64) -> f64,
) -> SanityChecks {
    todo!()
}

/// One step of gradient descent on all samples; returns the loss *before* the step.
///
/// This is what it is meant to do:
///
/// ```text
/// Z  = X·W + b                       (n_samples, n_classes)
/// P  = softmax of each row of Z
/// L  = cross-entropy of P            averaged over the samples
/// dZ = P - Y
/// dW = Xᵀ·dZ / n_samples             W ← W - learning_rate · dW
/// db = column sums of dZ / n_samples b ← b - learning_rate · db
/// ```
///
/// Shapes: `x` (n_samples, n_features), `y_onehot` (n_samples, n_classes), `w` (n_features, n_classes), `b`
/// (n_classes). P - Y is the gradient of the *summed* loss with respect to Z. The loss is a mean, so its gradient has a
/// factor 1 / n_samples, which here is applied once, on the way to the parameters (Bishop 2006, section 4.3.4).
pub fn softmax_classifier_step(
    x: &ArrayRef2<f64>,
    y_onehot: &ArrayRef2<f64>,
    w: &mut Array2<f64>,
    b: &mut Array1<f64>,
    learning_rate: f64,
) -> f64 {
    let n_samples = x.nrows() as f64;

    // Forward: scores, probabilities, loss.
    let z = x.dot(&*w) - &*b;
    let p = softmax_rows(&z);
    let p_of_true_class = (y_onehot * &*p).sum_axis(Axis(1));
    let loss = -p_of_true_class.ln().sum() / n_samples;

    // Backward: from the scores to the parameters.
    let dz = p - y_onehot;
    let dw = x.t().dot(&dz);
    let db = dz.sum_axis(Axis(0)) / n_samples;

    // Update.
    *w -= &(learning_rate * dw);
    *b += &(learning_rate * db);
    loss
}

/// What [`train`] leaves behind.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainResult {
    /// The trained weights, shape (n_features, n_classes).
    pub w: Array2<f64>,
    /// The trained biases, shape (n_classes).
    pub b: Array1<f64>,
    /// One loss an epoch: the one before that epoch's step.
    pub losses: Vec<f64>,
}

/// Takes `epochs` steps from `w` and `b`, each on all samples.
///
/// The first loss is that of the given `w` and `b`; the loss of the returned ones is not among `losses`.
pub fn train(
    x: &ArrayRef2<f64>,
    y_onehot: &ArrayRef2<f64>,
    w: Array2<f64>,
    b: Array1<f64>,
    learning_rate: f64,
    epochs: usize,
) -> TrainResult {
    todo!()
}

/// What a sequence of losses looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// The last loss is below the first.
    Ok,
    /// It is not, or there are fewer than two losses.
    NotDecreasing,
    /// The last loss is more than twice the first.
    Diverged,
    /// One of the losses is not a number.
    Nan,
}

/// What the losses of a training look like: the first of these that is true.
///
/// 1. [`Nan`](Diagnosis::Nan): some loss, anywhere, is NaN.
/// 2. [`Diverged`](Diagnosis::Diverged): the last loss is more than twice the first (an infinite last loss is, if the
///    first is finite).
/// 3. [`Ok`](Diagnosis::Ok): the last loss is below the first.
/// 4. [`NotDecreasing`](Diagnosis::NotDecreasing): everything else, such as no losses at all, or only one.
///
/// What happens between the first loss and the last does not matter, unless it is NaN.
pub fn diagnose(losses: &[f64]) -> Diagnosis {
    todo!()
}

/// The losses as text, one line an epoch, and how much of the first loss is gone.
///
/// `[1.25, 1.0]` becomes
///
/// ```text
/// epoch 1: loss 1.2500
/// epoch 2: loss 1.0000
/// improvement: 20.0000 %
/// ```
///
/// Numbers are rounded to four decimals, as `{:.4}` does, and show all four. The improvement is
/// `100 · (first - last) / first`. No losses make an empty text. Whether a line feed (`\n`) follows the last line does
/// not matter.
pub fn training_log(losses: &[f64]) -> String {
    todo!()
}
