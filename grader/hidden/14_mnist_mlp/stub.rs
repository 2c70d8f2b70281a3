//! Exercise 14: a network that reads handwritten digits, and the numbers that say how well.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 14` as often as you like.
//!
//! The crate `engine` is the solution of exercise 10; the lesson says what you need of it.

use engine::{Activation, Loss, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{Array2, ArrayRef2, Axis, Slice};
use rand::{Rng, seq::SliceRandom};

/// Pixels between 0 (paper) and `max_pixel` (ink) as inputs between 0 and 1, in the same shape.
///
/// Every image is divided by the same number, whatever is on it.
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

/// Makes the last `n_validation` samples the validation set and all others the training set, without changing their
/// order.
///
/// The samples have to be in random order already: the last ones of a sorted file would all be nines.
///
/// # Panics
///
/// If there are fewer samples than that.
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

/// The class that `net` gives each row of `x` (n, n_in): the one with the largest score, the first of them if several
/// have it.
///
/// A score that is NaN is never the largest. If all are NaN, it is class 0: a network that has diverged is wrong then,
/// and counting how often does not panic.
pub fn predict(net: &mut Sequential, x: &ArrayRef2<f64>) -> Vec<usize> {
    todo!()
}

/// How good a network is on some samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// Cross-entropy, the mean over the samples.
    pub loss: f64,
    /// Which fraction of the samples is given its true class: from 0 to 1.
    pub accuracy: f64,
}

/// How good `net` is on the samples `x` (n, n_in), n at least 1, with the classes `labels`.
///
/// No parameter is different afterwards.
pub fn evaluate(net: &mut Sequential, x: &ArrayRef2<f64>, labels: &[usize]) -> Evaluation {
    todo!()
}

/// One epoch: every sample of `x` (n, n_in), n at least 1, once, in a new random order, in batches of `batch_size`; one
/// step of gradient descent on the mean cross-entropy of each batch. Returns the mean loss of the samples.
///
/// The samples that are left at the end are a batch as well, a shorter one. Each loss is the one before the step on its
/// batch. Every sample counts as much as any other in the mean.
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

/// How a network is to be trained.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainConfig {
    /// The numbers of inputs, of neurons of each hidden layer, and of classes: `[64, 32, 10]`.
    pub sizes: Vec<usize>,
    /// How far a step goes.
    pub learning_rate: f64,
    /// Samples a step.
    pub batch_size: usize,
    /// How many times every sample is used.
    pub epochs: usize,
}

/// What happened in a training: one number an epoch in each of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The mean loss of the samples, each before the step that was taken on it: what [`train_epoch`] returns.
    pub train_loss: Vec<f64>,
    /// The accuracy on the training set, after the epoch.
    pub train_accuracy: Vec<f64>,
    /// The accuracy on the validation set, after the epoch.
    pub validation_accuracy: Vec<f64>,
}

/// Trains a new network with ReLUs between its layers (`mlp`), drawn from `rng`, for some epochs. After each of them
/// `on_epoch` gets the history so far.
///
/// Only `x_train` trains the network. The validation set shows how good the network is on samples that it was not
/// trained on.
pub fn train(
    config: &TrainConfig,
    data: &Split,
    rng: &mut impl Rng,
    mut on_epoch: impl FnMut(&History),
) -> (Sequential, History) {
    todo!()
}

/// Which class was predicted as which: entry (i, j) is how many samples of class i were predicted as class j. Rows are
/// the true classes.
///
/// The shape is (n_classes, n_classes), also where a class has no sample or is never predicted.
///
/// # Panics
///
/// If a label or a prediction is not below `n_classes`, or if there are not as many of one as of the other.
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

/// The at most `n` most frequent confusions, as (true class, predicted class, how often), the most frequent first.
///
/// A 4 predicted as a 9 and a 9 predicted as a 4 are two confusions. Right predictions are none, and neither are pairs
/// that never occur. Equally frequent ones are in the order of their true class, and then of the predicted one.
pub fn most_confused(matrix: &ArrayRef2<usize>, n: usize) -> Vec<(usize, usize, usize)> {
    todo!()
}
