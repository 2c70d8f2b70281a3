//! Exercise 1, solved: one neuron that learns.
//!
//! A neuron weighs its inputs, adds a bias and looks at the sum. Learning means to change weights and bias whenever the
//! answer was wrong. Both fit into a line each; the rest of this file is bookkeeping around these two.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// `w·x + b`: every input times its own weight, summed up, plus the bias once.
///
/// `x` and `weights` have shape (n_inputs).
pub fn linear_neuron(x: &ArrayRef1<f64>, weights: &ArrayRef1<f64>, bias: f64) -> f64 {
    x.dot(weights) + bias
}

/// 1 if `z` is at least 0, otherwise 0. So `step(0.0)` is 1, and so is `step(-0.0)`.
///
/// `>=` takes both zeros for one number. Whoever looks at the sign bit (`signum`, `is_sign_negative`) does not.
pub fn step(z: f64) -> f64 {
    if z >= 0.0 { 1.0 } else { 0.0 }
}

/// `1 / (1 + e^-z)`: between 0 and 1, for `z` of any size.
///
/// For `z = -1000` the exponential is infinite, and 1 / infinity is 0, as it should be. The twin formula
/// `e^z / (1 + e^z)` would be infinity / infinity, not a number, at `z = 1000`.
pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// The sigmoid of `w·x + b`: a soft yes or no, to be read as a probability.
pub fn sigmoid_neuron(x: &ArrayRef1<f64>, weights: &ArrayRef1<f64>, bias: f64) -> f64 {
    sigmoid(linear_neuron(x, weights, bias))
}

/// The fraction of predictions that are correct, from 0 to 1. With no samples it is NaN: nothing has been measured.
pub fn accuracy(predictions: &ArrayRef1<f64>, targets: &ArrayRef1<f64>) -> f64 {
    let right = predictions.iter().zip(targets).filter(|(prediction, target)| prediction == target).count();
    right as f64 / targets.len() as f64
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
    /// A perceptron with the given parameters.
    pub fn from_parts(weights: Array1<f64>, bias: f64, learning_rate: f64) -> Self {
        Self { weights, bias, learning_rate }
    }

    /// An untrained perceptron: weights drawn from a normal distribution with mean 0 and standard deviation 0.01, and a
    /// bias of 0.
    ///
    /// A single neuron could just as well start at 0. Layers of them (exercise 3) could not, so the habit starts here.
    pub fn new(n_inputs: usize, learning_rate: f64, rng: &mut impl Rng) -> Self {
        let weights = Array1::from_shape_simple_fn(n_inputs, || {
            let z: f64 = StandardNormal.sample(rng);
            0.01 * z
        });
        Self::from_parts(weights, 0.0, learning_rate)
    }

    /// `X·w + b`: the weighted sum of every sample at once.
    ///
    /// (n_samples, n_inputs) · (n_inputs) → (n_samples); the bias is added to each of them.
    pub fn scores(&self, x: &ArrayRef2<f64>) -> Array1<f64> {
        x.dot(&self.weights) + self.bias
    }

    /// The class of each sample, 0.0 or 1.0: the step of its score. Shape (n_samples).
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Array1<f64> {
        self.scores(x).mapv(step)
    }

    /// The perceptron rule for one sample: predict its class and, if that is not `target`, change the parameters.
    ///
    /// ```text
    /// error = target - prediction          -1, 0 or 1
    /// w = w + learning_rate · error · x
    /// b = b + learning_rate · error
    /// ```
    ///
    /// After a correction the score of this very sample has moved towards the right side, by
    /// `learning_rate · (|x|² + 1)`. Returns whether there was something to correct.
    pub fn update(&mut self, x: &ArrayRef1<f64>, target: f64) -> bool {
        let error = target - step(linear_neuron(x, &self.weights, self.bias));
        self.weights.scaled_add(self.learning_rate * error, x);
        self.bias += self.learning_rate * error;
        error != 0.0
    }

    /// Goes through the samples again and again and [`update`](Self::update)s after each one, until an epoch (one
    /// round) has no error or `max_epochs` rounds are over. Returns the number of errors in each epoch that was run.
    ///
    /// If a line separates the classes, that ends with a 0 after finitely many corrections (Novikoff 1962). If none
    /// does, it never ends by itself: hence `max_epochs`.
    ///
    /// `x` has shape (n_samples, n_inputs); `targets` has shape (n_samples) and holds 0.0 and 1.0. Starts from the
    /// current weights. `max_epochs = 0` changes nothing and returns nothing; with no samples the first epoch has no
    /// error.
    pub fn train(&mut self, x: &ArrayRef2<f64>, targets: &ArrayRef1<f64>, max_epochs: usize) -> Vec<usize> {
        let mut errors_per_epoch = Vec::new();
        for _ in 0..max_epochs {
            let mut errors = 0;
            for (sample, &target) in x.rows().into_iter().zip(targets) {
                if self.update(&sample, target) {
                    errors += 1;
                }
            }
            errors_per_epoch.push(errors);
            if errors == 0 {
                break;
            }
        }
        errors_per_epoch
    }

    /// The line on which the score of a perceptron with two inputs is 0, as the slope and the intercept of
    /// `x2 = slope · x1 + intercept`.
    ///
    /// `w1·x1 + w2·x2 + b = 0`, solved for `x2`. `None` if that cannot be done, because the second weight is exactly 0
    /// (the line is vertical, or there is none at all), or if there are not two inputs.
    pub fn decision_line(&self) -> Option<(f64, f64)> {
        if self.weights.len() != 2 || self.weights[1] == 0.0 {
            return None;
        }
        Some((-self.weights[0] / self.weights[1], -self.bias / self.weights[1]))
    }

    /// The class of each sample, 0.0 or 1.0, from its probability: 1 if `sigmoid(score)` is above 0.5.
    ///
    /// Exactly 0.5 is class 0 here, while [`predict`](Self::predict) puts a score of exactly 0 into class 1. Either can
    /// be defended; what matters is that it is written down.
    pub fn predict_sigmoid(&self, x: &ArrayRef2<f64>) -> Array1<f64> {
        self.scores(x).mapv(|z| if sigmoid(z) > 0.5 { 1.0 } else { 0.0 })
    }

    /// Another rule that is called the perceptron rule: *one* correction per epoch, the sum of those of all samples.
    ///
    /// ```text
    /// p = sigmoid(X·w + b)                               (n_samples), with the same w and b for all
    /// w = w + learning_rate · Σ (target - p) · x
    /// b = b + learning_rate · Σ (target - p)
    /// ```
    ///
    /// This is gradient descent on the loss of logistic regression. It has no error-free epoch to stop at: the
    /// probabilities only come closer to the targets, so it runs all its `epochs`.
    pub fn fit_batch_sigmoid(&mut self, x: &ArrayRef2<f64>, targets: &ArrayRef1<f64>, epochs: usize) {
        for _ in 0..epochs {
            let errors = targets.to_owned() - self.scores(x).mapv(sigmoid);
            // Σ error · x over the samples is a vector times a matrix: (n_samples) · (n_samples, n_inputs).
            self.weights.scaled_add(self.learning_rate, &errors.dot(x));
            self.bias += self.learning_rate * errors.sum();
        }
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
    /// Computes the means and deviations of the training data; `x` has shape (n_samples, n_features).
    ///
    /// A feature that does not vary gets the standard deviation 1, so that [`transform`](Self::transform) makes 0 of it
    /// and not 0 / 0.
    ///
    /// # Panics
    ///
    /// If there are no samples.
    pub fn fit(x: &ArrayRef2<f64>) -> Self {
        let means = x.mean_axis(Axis(0)).expect("at least one sample to measure");
        let std_devs = x.std_axis(Axis(0), 0.0).mapv(|std_dev| if std_dev == 0.0 { 1.0 } else { std_dev });
        Self { means, std_devs }
    }

    /// `(x - mean) / standard deviation` for each feature, always with the statistics of the training data, whatever
    /// `x` is.
    ///
    /// Measured again on test data, the scaler would hide the very shift that the test should reveal, and the neuron
    /// would meet numbers that mean something else than in training.
    pub fn transform(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        (x.to_owned() - &self.means) / &self.std_devs
    }
}

/// Several classes from several neurons: perceptron `k` tells class `k` from all the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct OneVsRest {
    /// One for each class, in order.
    pub perceptrons: Vec<Perceptron>,
}

impl OneVsRest {
    /// A classifier of the given perceptrons.
    pub fn from_parts(perceptrons: Vec<Perceptron>) -> Self {
        Self { perceptrons }
    }

    /// Trains every perceptron with [`train`](Perceptron::train) on its own question: is this sample of my class?
    ///
    /// `labels` holds the class of each sample, counted from 0.
    pub fn fit(&mut self, x: &ArrayRef2<f64>, labels: &[usize], max_epochs: usize) {
        for (class, perceptron) in self.perceptrons.iter_mut().enumerate() {
            let targets: Array1<f64> = labels.iter().map(|&label| if label == class { 1.0 } else { 0.0 }).collect();
            perceptron.train(x, &targets, max_epochs);
        }
    }

    /// The class of each sample, counted from 0: that of the perceptron with the largest score `w·x + b`.
    ///
    /// Yes or no would not do: two perceptrons may both say yes, or all of them no. Nor would probabilities: the
    /// sigmoid of 40 and that of 50 are both 1 in `f64`.
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Vec<usize> {
        let scores: Vec<Array1<f64>> = self.perceptrons.iter().map(|perceptron| perceptron.scores(x)).collect();
        let best_of = |sample: usize| {
            (0..scores.len())
                .fold(0, |best, class| if scores[class][sample] > scores[best][sample] { class } else { best })
        };
        (0..x.nrows()).map(best_of).collect()
    }
}

/// The best perceptron that was found during training (the pocket algorithm with ratchet, Gallant 1990).
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
    ///
    /// Where no line separates the classes the rule never settles, and its last weights are no better than others on
    /// the way. They may even be the worst.
    pub fn fit(mut perceptron: Perceptron, x: &ArrayRef2<f64>, targets: &ArrayRef1<f64>, max_epochs: usize) -> Self {
        let mut pocket = Self { accuracy: accuracy(&perceptron.predict(x), targets), perceptron: perceptron.clone() };
        for _ in 0..max_epochs {
            let mut errors = 0;
            for (sample, &target) in x.rows().into_iter().zip(targets) {
                if perceptron.update(&sample, target) {
                    errors += 1;
                    let accuracy = accuracy(&perceptron.predict(x), targets);
                    if accuracy > pocket.accuracy {
                        pocket = Self { perceptron: perceptron.clone(), accuracy };
                    }
                }
            }
            if errors == 0 {
                break;
            }
        }
        pocket
    }
}
