//! Exercise 7: the same network by hand and in a framework.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 7` as often as you like.

use std::time::Duration;

use dfdx::{nn::modules, prelude::*};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};

/// The results of [`tensor_tour`].
#[derive(Clone, Debug, PartialEq)]
pub struct TensorTour {
    /// `a + b`, entry by entry.
    pub sum: [[f32; 2]; 2],
    /// `a ∘ b`, entry by entry.
    pub product: [[f32; 2]; 2],
    /// `a · b`, the matrix product.
    pub matmul: [[f32; 2]; 2],
    /// `aᵀ`: rows become columns.
    pub transposed: [[f32; 2]; 2],
    /// The entries of `a`, row after row.
    pub flat: [f32; 4],
    /// The mean of all entries of `a`.
    pub mean: f32,
    /// The largest entry of `a`.
    pub largest: f32,
}

/// The usual operations on two matrices, in dfdx.
pub fn tensor_tour(a: [[f32; 2]; 2], b: [[f32; 2]; 2]) -> TensorTour {
    todo!()
}

/// `y = x² + 2x + 1` and its slope `dy/dx`, which dfdx computes.
pub fn autograd_poly(x: f32) -> (f32, f32) {
    todo!()
}

/// `w · x`, and its gradient with respect to `w`, which dfdx computes.
pub fn autograd_dot(w: [f32; 3], x: [f32; 3]) -> (f32, [f32; 3]) {
    todo!()
}

/// The slopes that [`two_passes`] reads from one `Gradients`.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoPasses {
    /// After `x²`.
    pub first: f32,
    /// After `x + 1`, added to the gradient that was there.
    pub kept: f32,
    /// After `x + 1`, with the gradient cleared first.
    pub cleared: f32,
}

/// Runs three backward passes, of `x²`, `x + 1` and `x + 1` again, with the same `Gradients`, which is cleared before
/// the last pass.
pub fn two_passes(x: f32) -> TwoPasses {
    todo!()
}

/// The mean over the samples of `-log p(label)`, where `p` is the softmax of a sample's logits, computed by dfdx.
///
/// `logits` has the shape (n_samples, n_classes), `labels` (n_samples).
///
/// # Panics
///
/// If a label is not below the number of classes.
pub fn cross_entropy(logits: &ArrayRef2<f64>, labels: &[usize]) -> f32 {
    todo!()
}

/// The parameters of a dense layer from `I` inputs to `O` outputs, in this course's layout.
///
/// The shape is part of the type and is checked once, in [`from_parts`](Self::from_parts). The fields are private, so
/// the shape cannot change later.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense<const I: usize, const O: usize> {
    /// Shape (I, O): column j holds the weights of neuron j.
    weights: Array2<f64>,
    /// Shape (O): one bias per neuron.
    biases: Array1<f64>,
}

impl<const I: usize, const O: usize> Dense<I, O> {
    /// A layer with these parameters.
    ///
    /// # Errors
    ///
    /// If `weights` has another shape than (I, O) or `biases` than (O): a message that says which.
    pub fn from_parts(weights: Array2<f64>, biases: Array1<f64>) -> Result<Self, String> {
        todo!()
    }

    /// Shape (I, O). This one is complete.
    pub fn weights(&self) -> &ArrayRef2<f64> {
        &self.weights
    }

    /// Shape (O). This one is complete.
    pub fn biases(&self) -> &ArrayRef1<f64> {
        &self.biases
    }

    /// The same layer in dfdx, which stores its weights transposed: (O, I), a neuron per row.
    pub fn to_dfdx(&self, device: &Cpu) -> modules::Linear<I, O, f32, Cpu> {
        todo!()
    }
}

/// `I` inputs → `H` hidden neurons with ReLU → `O` outputs with the sigmoid, by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<const I: usize, const H: usize, const O: usize> {
    hidden: Dense<I, H>,
    output: Dense<H, O>,
}

/// Makes a network of `hidden` followed by `output`.
///
/// In this version, `hidden` has `H` outputs, and `output` may have another number of inputs, `J`. Change the first
/// three lines so that a call with two layers that do not fit together does not compile.
pub fn stack<const I: usize, const H: usize, const J: usize, const O: usize>(
    hidden: Dense<I, H>,
    output: Dense<J, O>,
) -> Network<I, H, O> {
    todo!()
}

/// A gradient of a [`Network`], in this course's layout: one slope per parameter, at the same place as the parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Slopes {
    /// Shape (I, H).
    pub hidden_weights: Array2<f64>,
    /// Shape (H).
    pub hidden_biases: Array1<f64>,
    /// Shape (H, O).
    pub output_weights: Array2<f64>,
    /// Shape (O).
    pub output_biases: Array1<f64>,
}

impl<const I: usize, const H: usize, const O: usize> Network<I, H, O> {
    /// The first layer. This one is complete.
    pub fn hidden(&self) -> &Dense<I, H> {
        &self.hidden
    }

    /// The second layer. This one is complete.
    pub fn output(&self) -> &Dense<H, O> {
        &self.output
    }

    /// Takes the network apart into its two layers.
    ///
    /// In this version, the network is only borrowed: its layers have to be copied, and it can still be used
    /// afterwards. Change the signature so that the network itself is consumed. Then nothing is copied, and a program
    /// that uses the network afterwards does not compile.
    pub fn take_apart(&self) -> (Dense<I, H>, Dense<H, O>) {
        todo!()
    }

    /// How many numbers the network learns. This follows from the type, so you can count them without a network.
    pub fn n_params() -> usize {
        todo!()
    }

    /// The network's output for each sample: (n_samples, I) → (n_samples, O).
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The loss on these samples, the mean of `(p - y)²` over all entries, and its gradient, computed by hand-written
    /// code.
    ///
    /// Shapes: `x` (n_samples, I), `y` (n_samples, O).
    pub fn loss_and_slopes(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> (f64, Slopes) {
        todo!()
    }
}

/// The architecture of the network in dfdx: a sequence of layers is a tuple.
pub type Mlp = (Linear<2, 4>, ReLU, Linear<4, 1>, Sigmoid);

/// A built [`Mlp`]: the same tuple, with its parameters.
pub type BuiltMlp = <Mlp as BuildOnDevice<Cpu, f32>>::Built;

/// The same network in dfdx, with the same parameters.
pub fn to_dfdx(network: &Network<2, 4, 1>) -> BuiltMlp {
    todo!()
}

/// dfdx's output for each sample: (n_samples, 2) → (n_samples, 1).
pub fn dfdx_forward(mlp: &BuiltMlp, x: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// The loss on these samples and its gradient, computed by dfdx and converted to this course's layout.
pub fn dfdx_loss_and_slopes(mlp: &BuiltMlp, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> (f64, Slopes) {
    todo!()
}

/// The largest absolute difference between two entries in the same place; `None` if the shapes differ.
///
/// If a difference is NaN, so is the largest.
pub fn max_difference(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Option<f64> {
    todo!()
}

/// The largest difference between the outputs of both networks for `x`.
pub fn forward_parity(network: &Network<2, 4, 1>, mlp: &BuiltMlp, x: &ArrayRef2<f64>) -> f64 {
    todo!()
}

/// The largest difference between the gradients of both networks, over all weights and biases.
pub fn gradient_parity(network: &Network<2, 4, 1>, mlp: &BuiltMlp, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
    todo!()
}

/// Trains on XOR in dfdx by gradient descent on the whole truth table; returns the loss before each of the `epochs`
/// steps.
pub fn train_xor(start: &Network<2, 4, 1>, learning_rate: f64, epochs: usize) -> Vec<f32> {
    todo!()
}

/// The same training by hand.
pub fn train_xor_by_hand(start: &Network<2, 4, 1>, learning_rate: f64, epochs: usize) -> Vec<f64> {
    todo!()
}

/// The middle one of the sorted times; for an even number of times, the mean of the middle two.
///
/// # Panics
///
/// If there are no times.
pub fn median(times: &[Duration]) -> Duration {
    todo!()
}

/// How long `work` takes: the median of `runs` runs, after one run that does not count.
pub fn measure(runs: usize, mut work: impl FnMut()) -> Duration {
    todo!()
}

/// How long both networks take to train.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchReport {
    /// For all `steps`, by hand.
    pub by_hand: Duration,
    /// For all `steps`, in dfdx.
    pub dfdx: Duration,
    /// How many training steps one run takes.
    pub steps: usize,
    /// How many runs were measured of each.
    pub runs: usize,
}

/// Measures `runs` trainings on XOR of `steps` steps each, by hand and in dfdx, from the same start.
///
/// The learning rate is 0.5. Take at least 5 runs: a median of fewer says little.
pub fn benchmark(start: &Network<2, 4, 1>, steps: usize, runs: usize) -> BenchReport {
    todo!()
}

/// The comparison as text: a table and two lines.
///
/// ```text
///                      by hand        dfdx
/// time per step        12.3 µs     45.7 µs
/// relative                0.27        1.00
/// outputs differ by 1.2e-7, slopes by 3.0e-8
/// median of 5 runs of 1000 steps each
/// ```
///
/// Labels are left-aligned in 16 columns, values right-aligned in 12. Times are microseconds with one decimal.
/// `relative` is a time divided by dfdx's, with two decimals. Differences have one decimal and an exponent.
pub fn comparison_table(report: &BenchReport, outputs_differ: f64, slopes_differ: f64) -> String {
    todo!()
}

/// `x` as a number of half precision (IEEE 754 binary16): 11 significant bits, the spacing 2^-24 at the least, and
/// infinite from 65,520 on.
///
/// The spacing of such numbers between 2^k and 2^(k+1) is 2^(k-10). Below 2^-14 the spacing stays 2^-24, so a slope
/// below half of that becomes 0. A number halfway between two neighbours is rounded to the one that is an even multiple
/// of the spacing.
pub fn to_half(x: f32) -> f32 {
    todo!()
}

/// The slope after it has been multiplied by `scale`, stored in half precision, and divided by `scale` again.
pub fn slope_in_half(slope: f32, scale: f32) -> f32 {
    todo!()
}
