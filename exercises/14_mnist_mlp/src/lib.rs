//! Exercise 14: a network that reads handwritten digits, and the metrics that say how well.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 14` as often as you like.
//!
//! The crate `engine` is the solution of exercise 10; the lesson says which parts of it you need.

use engine::{Activation, Loss, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{Array2, ArrayRef2, Axis, Slice};
use rand::{Rng, seq::SliceRandom};

/// Pixels between 0 (paper) and `max_pixel` (ink) as inputs between 0 and 1, in the same shape.
///
/// Every image is divided by the same number, whatever it shows.
pub fn scale_pixels(pixels: &ArrayRef2<f64>, max_pixel: f64) -> Array2<f64> {
    todo!()
}

/// A training set and a validation set; no sample is in both.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The inputs of the training set, shape (n_train, n_features).
    pub x_train: Array2<f64>,
    /// Their classes.
    pub labels_train: Vec<usize>,
    /// The inputs of the validation set, shape (n_validation, n_features).
    pub x_validation: Array2<f64>,
    /// Their classes.
    pub labels_validation: Vec<usize>,
}

/// Makes the last `n_validation` samples the validation set and all others the training set, in their original order.
///
/// The samples must already be in random order: the last ones of a sorted file would all be nines.
///
/// # Panics
///
/// If there are fewer than `n_validation` samples.
pub fn hold_out(x: &ArrayRef2<f64>, labels: &[usize], n_validation: usize) -> Split {
    todo!()
}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
///
/// This function is complete.
pub fn one_hot(labels: &[usize], n_classes: usize) -> Array2<f64> {
    let mut y = Array2::zeros((labels.len(), n_classes));
    for (sample, &label) in labels.iter().enumerate() {
        y[[sample, label]] = 1.0;
    }
    y
}

/// The class that `net` gives each row of `x` (n, n_in): the one with the largest score, or the first of them if
/// several have the same.
///
/// A score that is NaN or -∞ is never the largest. If there are no other scores, the class is 0. So the predictions of a
/// network that has diverged can be counted without a panic.
pub fn predict(net: &mut Sequential, x: &ArrayRef2<f64>) -> Vec<usize> {
    todo!()
}

/// How good a network is on some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Cross-entropy, the mean over the samples.
    pub loss: f64,
    /// The fraction of the samples that are predicted as their true class: from 0 to 1.
    pub accuracy: f64,
}

/// How good `net` is on the samples `x` (n, n_in), n at least 1, with the classes `labels`.
///
/// The parameters do not change.
pub fn evaluate(net: &mut Sequential, x: &ArrayRef2<f64>, labels: &[usize]) -> Evaluation {
    todo!()
}

/// One epoch: every sample of `x` (n, n_in), n at least 1, once, in a new random order, in batches of `batch_size`; one
/// step of gradient descent on the mean cross-entropy of each batch. Returns the mean loss of the samples.
///
/// The remaining samples at the end form a shorter batch. Each loss is the one before the step on its batch. In the
/// mean, every sample has the same weight.
///
/// # Panics
///
/// If `batch_size` is 0.
pub fn train_epoch(
    net: &mut Sequential,
    x: &ArrayRef2<f64>,
    labels: &[usize],
    batch_size: usize,
    learning_rate: f64,
    rng: &mut impl Rng,
) -> f64 {
    todo!()
}

/// How a network is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainConfig {
    /// The numbers of inputs, of neurons of each hidden layer, and of classes: `[64, 32, 10]`.
    pub sizes: Vec<usize>,
    /// The learning rate of every step.
    pub learning_rate: f64,
    /// Samples per step.
    pub batch_size: usize,
    /// How many times every sample is used.
    pub epochs: usize,
}

/// The history of a training run: each list has one number per epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The mean loss of the samples, each computed before the step on its batch: the result of [`train_epoch`].
    pub train_loss: Vec<f64>,
    /// The accuracy on the training set, after the epoch.
    pub train_accuracy: Vec<f64>,
    /// The accuracy on the validation set, after the epoch.
    pub validation_accuracy: Vec<f64>,
}

/// Trains a new network with ReLUs between its layers (`mlp`), drawn from `rng`, for `config.epochs` epochs. After each
/// epoch, `on_epoch` is called with the history so far.
///
/// Only the training set trains the network. The validation set shows how good the network is on samples that it was
/// not trained on.
pub fn train(
    config: &TrainConfig,
    data: &Split,
    rng: &mut impl Rng,
    mut on_epoch: impl FnMut(&History),
) -> (Sequential, History) {
    todo!()
}

/// The confusion matrix: entry (i, j) is the number of samples of class i that were predicted as class j. Rows are the
/// true classes.
///
/// The shape is (n_classes, n_classes), even if a class has no samples or is never predicted.
///
/// # Panics
///
/// If a label or a prediction is not below `n_classes`, or if their numbers differ.
pub fn confusion_matrix(labels: &[usize], predicted: &[usize], n_classes: usize) -> Array2<usize> {
    todo!()
}

/// How well one class is recognised.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClassReport {
    /// Of the samples predicted as this class, the fraction that has it.
    pub precision: f64,
    /// Of the samples that have this class, the fraction that was predicted as it.
    pub recall: f64,
    /// The harmonic mean of both, 2 · precision · recall / (precision + recall).
    pub f1: f64,
}

/// Precision, recall and F1 of each class, from a confusion matrix whose rows are the true classes.
///
/// 0 / 0 counts as 0: the precision of a class that is never predicted, the recall of one without samples, and F1 where
/// both are 0.
pub fn precision_recall_f1(matrix: &ArrayRef2<usize>) -> Vec<ClassReport> {
    todo!()
}

/// The `n` most frequent confusions (or all, if there are fewer), as (true class, predicted class, count), the most
/// frequent first.
///
/// A 4 predicted as a 9 and a 9 predicted as a 4 are two confusions. Correct predictions are not confusions, and pairs
/// that never occur are left out. Equally frequent confusions are in the order of their true class, then of their
/// predicted class.
pub fn most_confused(matrix: &ArrayRef2<usize>, n: usize) -> Vec<(usize, usize, usize)> {
    todo!()
}
