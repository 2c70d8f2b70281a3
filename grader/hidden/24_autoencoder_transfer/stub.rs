//! Exercise 24: autoencoders, anomalies and transfer.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 24` as often as you like.

use engine::{Layer, Linear, Parameter, Sequential};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use rand::{Rng, RngExt};

/// Copies of the digits `x` (n, 64) with stripes of light: in each image, every row and every column of its 8×8 pixels
/// becomes brighter or darker by an amount that is drawn between -1 and 1. Each image gets its own stripes.
///
/// The digit does not change, but it is hard to recognise. With these images you can find out when transfer pays. This
/// function is complete.
pub fn in_stripes(x: &ArrayRef2<f64>, rng: &mut impl Rng) -> Array2<f64> {
    let mut striped = x.to_owned();
    for mut image in striped.rows_mut() {
        let light: [f64; 16] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        for (place, pixel) in image.iter_mut().enumerate() {
            *pixel += light[place / 8] + light[8 + place % 8];
        }
    }
    striped
}

/// A damaged copy of `x`: each entry is 0 with probability `p`, and otherwise unchanged.
///
/// Every entry is drawn separately. Unlike in dropout, the remaining entries are not scaled up: the copy has to look
/// like a real damaged sample.
///
/// # Panics
///
/// If `p` is not a probability: below 0, above 1, or NaN.
pub fn blank_out(x: &ArrayRef2<f64>, p: f64, rng: &mut impl Rng) -> Array2<f64> {
    todo!()
}

/// Two networks: an encoder turns a sample into a short code, and a decoder turns the code into a sample again.
pub struct Autoencoder {
    /// From samples (n, n_features) to codes (n, n_code).
    pub encoder: Sequential,
    /// From codes (n, n_code) to samples (n, n_features).
    pub decoder: Sequential,
}

impl Autoencoder {
    /// An autoencoder of these two networks. This function is complete.
    pub fn from_parts(encoder: Sequential, decoder: Sequential) -> Self {
        Self { encoder, decoder }
    }

    /// An autoencoder with weights drawn from `rng`. `sizes` are the widths from the samples to the code: `[64, 32, 8]`
    /// makes an encoder 64 → 32 → 8 and a decoder 8 → 32 → 64. There is a ReLU between two linear layers, and none
    /// after the last layer of each network.
    pub fn new(sizes: &[usize], rng: &mut impl Rng) -> Self {
        todo!()
    }

    /// The codes (n, n_code) of the samples `x` (n, n_features).
    pub fn encode(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The samples (n, n_features) that the decoder reconstructs from `codes` (n, n_code).
    pub fn decode(&mut self, codes: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The samples `x` (n, n_features), encoded and decoded again, in the same shape.
    pub fn reconstruct(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// A step of gradient descent for both networks, on the mean squared error between the reconstruction of `input`
    /// and `target` (n, n_features each). Returns this error as it was before the step.
    ///
    /// In a plain autoencoder `target` is `input` itself. In a denoising one `input` is a damaged copy, and `target`
    /// the original.
    pub fn train_step(&mut self, input: &ArrayRef2<f64>, target: &ArrayRef2<f64>, learning_rate: f64) -> f64 {
        todo!()
    }

    /// One epoch of denoising: every sample of `x` (n, n_features), n at least 1, once, in a new random order, in
    /// batches of `batch_size`. The samples that are left at the end are a shorter batch. Each batch is damaged with
    /// [`blank_out`] and `p`, and a [`train_step`](Self::train_step) is taken towards the undamaged batch. With p = 0
    /// it is a plain autoencoder.
    ///
    /// Returns the mean loss of the samples: the loss of a batch is a mean, so it is weighted with the number of
    /// samples in the batch.
    ///
    /// # Panics
    ///
    /// If `batch_size` is 0, or if `p` is not a probability.
    pub fn train_epoch(
        &mut self,
        x: &ArrayRef2<f64>,
        p: f64,
        batch_size: usize,
        learning_rate: f64,
        rng: &mut impl Rng,
    ) -> f64 {
        todo!()
    }

    /// The reconstruction error of each sample of `x` (n, n_features): the mean of the squared errors of its features.
    /// Shape (n).
    pub fn errors(&mut self, x: &ArrayRef2<f64>) -> Array1<f64> {
        todo!()
    }
}

/// The number below which the share `q` of the `values` lies: their `q`-quantile, 0 ≤ q ≤ 1. `values` are in any order.
///
/// In the sorted values, counted from 0, it is the one at the position `q · (n - 1)`. Between two positions,
/// interpolate linearly: three quarters of the way from 2 to 4 is 3.5. So q = 0 is the smallest value, 1 the largest,
/// and 0.5 the median.
///
/// # Panics
///
/// If there are no values, or if `q` is not between 0 and 1.
pub fn quantile(values: &ArrayRef1<f64>, q: f64) -> f64 {
    todo!()
}

/// Detects samples that are unlike those of the training, by their reconstruction error.
pub struct AnomalyDetector {
    /// Trained on normal samples.
    pub autoencoder: Autoencoder,
    /// The largest error that still counts as normal.
    pub threshold: f64,
}

impl AnomalyDetector {
    /// A detector whose threshold is the `q`-quantile of the errors of `x_normal` (n, n_features), n at least 1:
    /// samples that are known to be normal. About the share 1 - q of such samples will be false alarms.
    ///
    /// # Panics
    ///
    /// As [`quantile`] does.
    pub fn fit(autoencoder: Autoencoder, x_normal: &ArrayRef2<f64>, q: f64) -> Self {
        todo!()
    }

    /// For each sample of `x` (n, n_features) whether it is an anomaly: its error is above the threshold, or NaN.
    pub fn is_anomaly(&mut self, x: &ArrayRef2<f64>) -> Vec<bool> {
        todo!()
    }
}

/// The samples of `x` (n, n_features) whose label is among `classes`, in their order, and their new labels: the
/// position of the old label in `classes`, counted from 0.
pub fn select_classes(x: &ArrayRef2<f64>, labels: &[usize], classes: &[usize]) -> (Array2<f64>, Vec<usize>) {
    todo!()
}

/// The numbers of `n` samples of each class from 0 to `n_classes - 1`, drawn from all samples of that class, none of
/// them twice. Their order does not matter.
///
/// # Panics
///
/// If a class has fewer than `n` samples.
pub fn few_per_class(labels: &[usize], n_classes: usize, n: usize, rng: &mut impl Rng) -> Vec<usize> {
    todo!()
}

/// A network as a layer that does not learn: it computes the same as before, and gradients go through it, but it has no
/// parameters that an optimiser could find.
pub struct Frozen {
    net: Sequential,
}

impl Frozen {
    /// `net`, frozen. This function is complete.
    pub fn new(net: Sequential) -> Self {
        Self { net }
    }
}

impl Layer for Frozen {
    /// The output of the network.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient with respect to the input, as for every layer: a layer below this one may learn, and needs it.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// What an optimiser may change.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        todo!()
    }

    fn describe(&self) -> String {
        "Frozen".to_owned()
    }
}

/// A network in two parts, so that one of them can be kept and the other replaced.
pub struct Classifier {
    /// From samples (n, n_features) to their features (n, n_hidden).
    pub body: Sequential,
    /// From these to a score for each class (n, n_classes).
    pub head: Linear,
}

impl Classifier {
    /// A classifier of these two parts. This function is complete.
    pub fn from_parts(body: Sequential, head: Linear) -> Self {
        Self { body, head }
    }

    /// A classifier with weights drawn from `rng`. `sizes` are the widths of the body, from the samples on:
    /// `[64, 32, 16]` makes the linear layers 64 → 32 and 32 → 16, with a ReLU after each of them, including the last.
    /// The head is a linear layer from there to `n_classes` scores.
    pub fn new(sizes: &[usize], n_classes: usize, rng: &mut impl Rng) -> Self {
        todo!()
    }

    /// The scores (n, n_classes) of the samples `x` (n, n_features).
    pub fn scores(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The same body with a new head for `n_classes` classes, drawn from `rng` by [`Linear::new`].
    pub fn with_new_head(self, n_classes: usize, rng: &mut impl Rng) -> Self {
        todo!()
    }

    /// The same classifier with its body [`Frozen`].
    pub fn freeze(self) -> Self {
        todo!()
    }

    /// How many numbers can still learn, in body and head.
    pub fn n_trainable(&mut self) -> usize {
        todo!()
    }

    /// A step of gradient descent on the mean cross-entropy, for samples `x` (n, n_features) with the one-hot rows `y`
    /// (n, n_classes): body and head each have their own learning rate. Returns the loss before the step.
    pub fn train_step(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, body_rate: f64, head_rate: f64) -> f64 {
        todo!()
    }
}

/// A classifier for a new task, from one that was trained for another. Its body is frozen, and it gets a new head,
/// which takes `steps` steps with `head_rate` on all samples `x` (n, n_features) and their one-hot rows `y` (n,
/// n_classes) at once.
pub fn transfer(
    pretrained: Classifier,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    head_rate: f64,
    steps: usize,
    rng: &mut impl Rng,
) -> Classifier {
    todo!()
}

/// The best that a linear bottleneck can do: `x` (n, n_features), n at least 1, projected on its first `k` ≤ n_features
/// principal components around the mean of its columns, in the same shape (principal component analysis, PCA).
///
/// The components are the directions in which the samples vary most, each orthogonal to those before it. Of all linear
/// codes of `k` numbers, this one has the smallest squared error.
pub fn pca_reconstruct(x: &ArrayRef2<f64>, k: usize) -> Array2<f64> {
    todo!()
}
