//! Exercise 6: debug a softmax classifier.
//!
//! Read `README.md` beside this file's folder first. One function here is not empty: `softmax_classifier_step` is
//! complete, it runs, and it has bugs. First write the functions above it, including your sanity checks. Then find the
//! bugs, then write the rest. `cargo run -p grader -- check 6` reports a bug only when the sanity check that finds it
//! is correct.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

/// Turns each row of scores into probabilities, as in exercise 3. This one is complete and correct.
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
/// `y_onehot` and `p` have the shape (n_samples, n_classes). Only the true class counts: if its probability is 0, the
/// loss is infinite; a probability of 0 elsewhere costs nothing. No small number is added to `p`, so a perfect
/// prediction costs exactly 0.
pub fn cross_entropy(y_onehot: &ArrayRef2<f64>, p: &ArrayRef2<f64>) -> f64 {
    todo!()
}

/// Which properties of a correct training step a given step has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanityChecks {
    /// With all inputs 0 the logits are the biases, and the loss is the cross-entropy of their softmax.
    pub zero_inputs: bool,
    /// Duplicating the samples leads to the same weights and biases.
    pub duplicated_data: bool,
    /// Starting from zero, the bias of the most frequent class increases.
    pub bias_direction: bool,
}

/// Tests three properties of a training step; each answer is true if the step behaves as a correct one does.
///
/// `step` has the arguments and the result of [`softmax_classifier_step`]. Each test uses a few samples of your own and
/// starts from its own `w` and `b`:
///
/// - `zero_inputs`: all of X is 0, so the logits are `b` in every row. True if the returned loss is the
///   [`cross_entropy`] of these logits' softmax.
/// - `duplicated_data`: one step on some samples, and, from the same `w` and `b`, one step on the same samples with
///   each of them twice. True if both lead to the same `w` *and* the same `b`, up to rounding. NaN is not equal to
///   anything.
/// - `bias_direction`: `w` and `b` are 0, and one class has more samples than any other. True if the bias of that class
///   is above 0 after the step.
pub fn sanity_checks(
    step: impl Fn(&ArrayRef2<f64>, &ArrayRef2<f64>, &mut Array2<f64>, &mut Array1<f64>, f64) -> f64,
) -> SanityChecks {
    todo!()
}

/// One step of gradient descent on all samples; returns the loss *before* the step.
///
/// It should compute:
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

/// The result of [`train`].
#[derive(Clone, Debug, PartialEq)]
pub struct TrainResult {
    /// The trained weights, shape (n_features, n_classes).
    pub w: Array2<f64>,
    /// The trained biases, shape (n_classes).
    pub b: Array1<f64>,
    /// One loss per epoch: the one before that epoch's step.
    pub losses: Vec<f64>,
}

/// Takes `epochs` steps from `w` and `b`, each on all samples.
///
/// The first loss is that of the given `w` and `b`; the loss of the returned `w` and `b` is not in `losses`.
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

/// What the losses of a training run look like: the first of these that is true.
///
/// 1. [`Nan`](Diagnosis::Nan): any of the losses is NaN.
/// 2. [`Diverged`](Diagnosis::Diverged): the last loss is more than twice the first (this includes an infinite last
///    loss, if the first is finite).
/// 3. [`Ok`](Diagnosis::Ok): the last loss is below the first.
/// 4. [`NotDecreasing`](Diagnosis::NotDecreasing): everything else, such as no losses at all, or only one.
///
/// What happens between the first loss and the last does not matter, unless it is NaN.
pub fn diagnose(losses: &[f64]) -> Diagnosis {
    todo!()
}

/// The losses as text, one line per epoch, followed by the improvement in percent.
///
/// `[1.25, 1.0]` becomes
///
/// ```text
/// epoch 1: loss 1.2500
/// epoch 2: loss 1.0000
/// improvement: 20.0000 %
/// ```
///
/// Numbers are rounded to four decimals, all of which are shown, as with `{:.4}`. The improvement is
/// `100 · (first - last) / first`. With no losses the text is empty. Whether a line feed (`\n`) follows the last line
/// does not matter.
pub fn training_log(losses: &[f64]) -> String {
    todo!()
}
