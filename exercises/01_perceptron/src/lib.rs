//! Exercise 1: one neuron that learns.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 1` as often as you like.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use rand::Rng;

/// `w·x + b`: every input times its own weight, summed up, plus the bias once.
///
/// `x` and `weights` have shape (n_inputs).
pub fn linear_neuron(x: &ArrayRef1<f64>, weights: &ArrayRef1<f64>, bias: f64) -> f64 {
    todo!()
}

/// 1 if `z` is at least 0, otherwise 0. So `step(0.0)` is 1, and so is `step(-0.0)`.
pub fn step(z: f64) -> f64 {
    todo!()
}

/// `1 / (1 + e^-z)`: between 0 and 1, for `z` of any size, 1000 and -1000 included.
pub fn sigmoid(z: f64) -> f64 {
    todo!()
}

/// The sigmoid of `w·x + b`: a soft yes or no, to be read as a probability.
pub fn sigmoid_neuron(x: &ArrayRef1<f64>, weights: &ArrayRef1<f64>, bias: f64) -> f64 {
    todo!()
}

/// The fraction of predictions that are correct, from 0 to 1. With no samples it is NaN: nothing has been measured.
///
/// Both arrays hold classes, 0.0 or 1.0, and have the same length.
pub fn accuracy(predictions: &ArrayRef1<f64>, targets: &ArrayRef1<f64>) -> f64 {
    todo!()
}

/// A neuron that learns to tell class 1 from class 0 (Rosenblatt 1958).
#[derive(Clone, Debug, PartialEq)]
pub struct Perceptron {
    /// Shape (n_inputs).
    pub weights: Array1<f64>,
    /// Added once to every weighted sum.
    pub bias: f64,
    /// The size of one correction.
    pub learning_rate: f64,
}

impl Perceptron {
    /// A perceptron with the given parameters. This one is complete.
    pub fn from_parts(weights: Array1<f64>, bias: f64, learning_rate: f64) -> Self {
        Self { weights, bias, learning_rate }
    }

    /// An untrained perceptron: weights drawn from a normal distribution with mean 0 and standard deviation 0.01, and a
    /// bias of 0.
    pub fn new(n_inputs: usize, learning_rate: f64, rng: &mut impl Rng) -> Self {
        todo!()
    }

    /// `X·w + b`: the weighted sum of every sample at once.
    ///
    /// `x` has shape (n_samples, n_inputs), one sample per row; the result has shape (n_samples).
    pub fn scores(&self, x: &ArrayRef2<f64>) -> Array1<f64> {
        todo!()
    }

    /// The class of each sample, 0.0 or 1.0: the step of its score. Shape (n_samples).
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Array1<f64> {
        todo!()
    }

    /// The perceptron rule for one sample: predict its class and, if that is not `target`, change the parameters.
    ///
    /// ```text
    /// error = target - prediction          -1, 0 or 1
    /// w = w + learning_rate · error · x
    /// b = b + learning_rate · error
    /// ```
    ///
    /// Returns whether there was something to correct.
    pub fn update(&mut self, x: &ArrayRef1<f64>, target: f64) -> bool {
        todo!()
    }

    /// Goes through the samples again and again and calls [`update`](Self::update) for each one, until an epoch (one
    /// pass through all samples) has no error or `max_epochs` epochs are over. Returns the number of errors in each
    /// epoch that was run, including the final 0.
    ///
    /// `x` has shape (n_samples, n_inputs); `targets` has shape (n_samples) and holds 0.0 and 1.0. Starts from the
    /// current weights. `max_epochs = 0` changes nothing and returns an empty list. With no samples, the first epoch
    /// has no error.
    pub fn train(&mut self, x: &ArrayRef2<f64>, targets: &ArrayRef1<f64>, max_epochs: usize) -> Vec<usize> {
        todo!()
    }

    /// The line on which the score of a perceptron with two inputs is 0, as the slope and the intercept of
    /// `x2 = slope · x1 + intercept`.
    ///
    /// `None` if the second weight is exactly 0 (then the line is vertical or does not exist), or if there are not two
    /// inputs.
    pub fn decision_line(&self) -> Option<(f64, f64)> {
        todo!()
    }

    /// The class of each sample, 0.0 or 1.0, from its probability: 1 if `sigmoid(score)` is above 0.5, and 0 if it is
    /// exactly 0.5 or less.
    pub fn predict_sigmoid(&self, x: &ArrayRef2<f64>) -> Array1<f64> {
        todo!()
    }

    /// Another rule that is called the perceptron rule: *one* correction per epoch, the sum of the corrections for all
    /// samples. Always runs all `epochs`.
    ///
    /// ```text
    /// p = sigmoid(X·w + b)                               (n_samples), with the same w and b for all
    /// w = w + learning_rate · Σ (target - p) · x
    /// b = b + learning_rate · Σ (target - p)
    /// ```
    pub fn fit_batch_sigmoid(&mut self, x: &ArrayRef2<f64>, targets: &ArrayRef1<f64>, epochs: usize) {
        todo!()
    }
}

/// Scales every feature to mean 0 and standard deviation 1, as measured on the *training* data.
#[derive(Clone, Debug, PartialEq)]
pub struct Standardizer {
    /// The mean of each feature in the training data; shape (n_features).
    pub means: Array1<f64>,
    /// The standard deviation of each feature in the training data, dividing by n; 1 for a feature that does not vary.
    pub std_devs: Array1<f64>,
}

impl Standardizer {
    /// Computes the means and deviations of the training data; `x` has shape (n_samples, n_features), with at least one
    /// sample.
    pub fn fit(x: &ArrayRef2<f64>) -> Self {
        todo!()
    }

    /// `(x - mean) / standard deviation` for each feature, always with the statistics of the training data, whatever
    /// `x` is.
    ///
    /// `x` and the result have shape (n_samples, n_features).
    pub fn transform(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// Bonus. Several classes from several neurons: perceptron `k` separates class `k` from all the others.
#[derive(Clone, Debug, PartialEq)]
pub struct OneVsRest {
    /// One for each class, in order.
    pub perceptrons: Vec<Perceptron>,
}

impl OneVsRest {
    /// A classifier of the given perceptrons. This one is complete.
    pub fn from_parts(perceptrons: Vec<Perceptron>) -> Self {
        Self { perceptrons }
    }

    /// Trains every perceptron with [`train`](Perceptron::train) on its own question: is this sample of my class?
    ///
    /// `labels` holds the class of each sample, counted from 0.
    pub fn fit(&mut self, x: &ArrayRef2<f64>, labels: &[usize], max_epochs: usize) {
        todo!()
    }

    /// The class of each sample, counted from 0: that of the perceptron with the largest score `w·x + b`.
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Vec<usize> {
        todo!()
    }
}

/// Bonus. The best perceptron found during training (the pocket algorithm with ratchet, Gallant 1990).
#[derive(Clone, Debug, PartialEq)]
pub struct Pocket {
    /// A copy of the best perceptron so far.
    pub perceptron: Perceptron,
    /// Its accuracy on the training data.
    pub accuracy: f64,
}

impl Pocket {
    /// Trains `perceptron` as [`Perceptron::train`] does and computes its accuracy on all samples after every
    /// correction. Whenever this is higher than ever before, a copy of the perceptron goes into the pocket. At the
    /// start the pocket holds the perceptron as it was given.
    pub fn fit(perceptron: Perceptron, x: &ArrayRef2<f64>, targets: &ArrayRef1<f64>, max_epochs: usize) -> Self {
        todo!()
    }
}
