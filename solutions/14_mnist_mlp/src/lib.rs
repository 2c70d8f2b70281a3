//! Exercise 14, solved: a network that reads handwritten digits, and the metrics that say how well.
//!
//! The engine of exercise 10 takes steps. What is around the steps is here: epochs of shuffled batches, a look at
//! samples that were not learned from, and a table of what is taken for what.
//!
//! One sample per row, classes are counted from 0, and an accuracy is a fraction: 0.95 is 95 %.

use engine::{Activation, Loss, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{Array2, ArrayRef1, ArrayRef2, Axis, Slice};
use rand::{Rng, seq::SliceRandom};

/// Pixels between 0 (paper) and `max_pixel` (ink) as inputs between 0 and 1, in the same shape.
///
/// Every image is divided by the same number, whatever it shows. A maximum that is taken from the images at hand would
/// make the same grey another number in another batch.
pub fn scale_pixels(pixels: &ArrayRef2<f64>, max_pixel: f64) -> Array2<f64> {
    pixels / max_pixel
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
    let n_train = labels.len().checked_sub(n_validation).expect("no more samples are put aside than there are");
    Split {
        x_train: x.slice_axis(Axis(0), Slice::from(..n_train)).to_owned(),
        labels_train: labels[..n_train].to_vec(),
        x_validation: x.slice_axis(Axis(0), Slice::from(n_train..)).to_owned(),
        labels_validation: labels[n_train..].to_vec(),
    }
}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
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
    classes(&net.forward(x))
}

/// The place of the largest score in each row of `scores` (n, n_classes), as [`predict`] says.
fn classes(scores: &ArrayRef2<f64>) -> Vec<usize> {
    scores.rows().into_iter().map(|row| argmax(&row)).collect()
}

/// A comparison with NaN is false, so a NaN never takes the lead; beginning with -∞ it never has it, either.
fn argmax(scores: &ArrayRef1<f64>) -> usize {
    let (mut best, mut best_score) = (0, f64::NEG_INFINITY);
    for (class, &score) in scores.iter().enumerate() {
        if score > best_score {
            (best, best_score) = (class, score);
        }
    }
    best
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
/// It only looks: a forward pass, and no parameter is different afterwards.
pub fn evaluate(net: &mut Sequential, x: &ArrayRef2<f64>, labels: &[usize]) -> Evaluation {
    let scores = net.forward(x);
    let loss = SoftmaxCrossEntropy.value(&scores, &one_hot(labels, scores.ncols()));
    let n_right = classes(&scores).iter().zip(labels).filter(|(predicted, label)| predicted == label).count();
    Evaluation { loss, accuracy: n_right as f64 / labels.len() as f64 }
}

/// One epoch: every sample of `x` (n, n_in), n at least 1, once, in a new random order, in batches of `batch_size`; one
/// step of gradient descent on the mean cross-entropy of each batch. Returns the mean loss of the samples.
///
/// The samples that are left at the end are a batch as well, a shorter one. Each loss is the one before the step on its
/// batch. It is the mean of its batch, so it counts as often as that has samples: a mean of these means would count the
/// samples of a short batch for more.
///
/// Samples are shuffled by shuffling their numbers: with the same ones rows and labels are chosen, and no pair is torn
/// apart.
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
    let mut order: Vec<usize> = (0..labels.len()).collect();
    order.shuffle(rng);
    let mut total = 0.0;
    for batch in order.chunks(batch_size) {
        let batch_labels: Vec<usize> = batch.iter().map(|&sample| labels[sample]).collect();
        let scores = net.forward(&x.select(Axis(0), batch));
        let y = one_hot(&batch_labels, scores.ncols());
        total += SoftmaxCrossEntropy.value(&scores, &y) * batch.len() as f64;
        net.backward(&SoftmaxCrossEntropy.gradient(&scores, &y));
        net.step(learning_rate);
    }
    total / labels.len() as f64
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

/// Trains a new network with ReLUs between its layers ([`mlp`]), drawn from `rng`, for `config.epochs` epochs. After
/// each epoch, `on_epoch` is called with the history so far.
///
/// Only the training set trains the network. The validation set shows how good the network is on samples that it was
/// not trained on.
pub fn train(
    config: &TrainConfig,
    data: &Split,
    rng: &mut impl Rng,
    mut on_epoch: impl FnMut(&History),
) -> (Sequential, History) {
    let mut net = mlp(&config.sizes, Activation::Relu, rng);
    let mut history = History::default();
    for _ in 0..config.epochs {
        let (x, labels) = (&data.x_train, &data.labels_train);
        history.train_loss.push(train_epoch(&mut net, x, labels, config.batch_size, config.learning_rate, rng));
        history.train_accuracy.push(evaluate(&mut net, x, labels).accuracy);
        history.validation_accuracy.push(evaluate(&mut net, &data.x_validation, &data.labels_validation).accuracy);
        on_epoch(&history);
    }
    (net, history)
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
    assert_eq!(labels.len(), predicted.len(), "every sample has one label and one prediction");
    let mut matrix = Array2::zeros((n_classes, n_classes));
    for (&label, &prediction) in labels.iter().zip(predicted) {
        matrix[[label, prediction]] += 1;
    }
    matrix
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
/// both are 0. So a class of which nothing was recognised has no good number to show.
pub fn precision_recall_f1(matrix: &ArrayRef2<usize>) -> Vec<ClassReport> {
    let (n_predicted, n_true) = (matrix.sum_axis(Axis(0)), matrix.sum_axis(Axis(1)));
    (0..matrix.nrows())
        .map(|class| {
            let right = matrix[[class, class]] as f64;
            let precision = ratio(right, n_predicted[class] as f64);
            let recall = ratio(right, n_true[class] as f64);
            ClassReport { precision, recall, f1: ratio(2.0 * precision * recall, precision + recall) }
        })
        .collect()
}

/// `part / whole`, where 0 / 0 counts as 0.
fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

/// The `n` most frequent confusions (or all, if there are fewer), as (true class, predicted class, count), the most
/// frequent first.
///
/// A 4 predicted as a 9 and a 9 predicted as a 4 are two confusions. Correct predictions are not confusions, and pairs
/// that never occur are left out. Equally frequent confusions are in the order of their true class, then of their
/// predicted class.
pub fn most_confused(matrix: &ArrayRef2<usize>, n: usize) -> Vec<(usize, usize, usize)> {
    let mut confusions: Vec<(usize, usize, usize)> = matrix
        .indexed_iter()
        .filter(|&((label, predicted), &count)| label != predicted && count > 0)
        .map(|((label, predicted), &count)| (label, predicted, count))
        .collect();
    // The sort is stable, and `indexed_iter` goes row by row: equal counts stay in the order that is asked for.
    confusions.sort_by_key(|&(_, _, count)| std::cmp::Reverse(count));
    confusions.truncate(n);
    confusions
}
