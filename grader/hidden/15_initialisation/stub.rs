//! Exercise 15: initial weights.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 15` as often as you like.

use engine::{Activation, Layer, Relu, Sequential, Sigmoid, Tanh};
use ndarray::{Array2, ArrayRef2};
use rand::Rng;

/// How the weights of a layer start. This type is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// All 0.
    Zeros,
    /// All equal to this number.
    Constant(f64),
    /// Normal, with mean 0 and this standard deviation.
    Normal(f64),
    /// Normal, with mean 0 and the variance 2 / (n_in + n_out) (Glorot & Bengio 2010, "Understanding the Difficulty of
    /// Training Deep Feedforward Neural Networks", eq. 12).
    XavierNormal,
    /// Uniform from -b to b, with the same variance (eq. 16 there).
    XavierUniform,
    /// Normal, with mean 0 and the variance 2 / n_in (He et al. 2015, "Delving Deep into Rectifiers", eq. 10).
    HeNormal,
    /// Uniform from -b to b, with the same variance.
    HeUniform,
}

/// The standard deviation of the weights of a layer with `n_in` inputs and `n_out` outputs; 0 where all are equal.
pub fn std_of(init: Init, n_in: usize, n_out: usize) -> f64 {
    todo!()
}

/// The number b for which numbers drawn uniformly from -b to b have the standard deviation `std`.
pub fn uniform_bound(std: f64) -> f64 {
    todo!()
}

/// The weights that a layer starts with, of the shape (n_in, n_out). Random weights are drawn from `rng`, independently
/// of each other.
pub fn draw_weights(init: Init, n_in: usize, n_out: usize, rng: &mut impl Rng) -> Array2<f64> {
    todo!()
}

/// A multi-layer perceptron like the engine's `mlp`, with initial weights by `init`. `sizes` are the numbers of inputs,
/// of neurons of each hidden layer, and of outputs. `activation` stands behind every linear layer but the last. Biases
/// are 0.
pub fn build(sizes: &[usize], activation: Activation, init: Init, rng: &mut impl Rng) -> Sequential {
    todo!()
}

/// The layer that computes `activation`. This function is complete.
fn layer_of(activation: Activation) -> Box<dyn Layer> {
    match activation {
        Activation::Relu => Box::new(Relu::default()),
        Activation::Sigmoid => Box::new(Sigmoid::default()),
        Activation::Tanh => Box::new(Tanh::default()),
    }
}

/// How large the numbers in `a` are: the root of the mean of their squares. NaN with no numbers.
///
/// For numbers with the mean 0 it is the standard deviation. The outputs of a ReLU have another mean, which is part of
/// their scale.
pub fn scale(a: &ArrayRef2<f64>) -> f64 {
    todo!()
}

/// The [`scale`] of the output of each layer of a deep network, first layer first.
///
/// `x` (n, n_in) goes through one layer after the other: A = f(A·W). `weights` holds a W for each layer, and f is
/// `activation`, which stands behind the last layer as well. There are no biases.
pub fn activation_scales(weights: &[Array2<f64>], activation: Activation, x: &ArrayRef2<f64>) -> Vec<f64> {
    todo!()
}

/// The [`scale`] of the gradients in the same network, first layer first: of dZ, the gradient of the loss with respect
/// to Z = A·W of each layer. `d_out` (n, n_out) is the gradient with respect to the output of the network, behind the
/// last activation.
pub fn gradient_scales(
    weights: &[Array2<f64>],
    activation: Activation,
    x: &ArrayRef2<f64>,
    d_out: &ArrayRef2<f64>,
) -> Vec<f64> {
    todo!()
}

/// The fraction of saturated entries in `a`, the outputs of `activation`: those where its slope is below a hundredth of
/// its largest slope. Almost no gradient passes through them. NaN with no entries.
///
/// The slope follows from the output: σ' = a (1 - a), at most 1/4; tanh' = 1 - a², at most 1; the slope of ReLU is 1
/// where a is positive and 0 elsewhere.
pub fn saturation(a: &ArrayRef2<f64>, activation: Activation) -> f64 {
    todo!()
}

/// Brings the Z of every layer of the network of [`activation_scales`] to the [`scale`] 1, for any shapes and any
/// activation. Each W is divided by the scale of its Z = A·W for the samples `x`, first layer first (after Mishkin &
/// Matas 2016, "All You Need Is a Good Init").
///
/// A layer whose Z is 0 stays as it is.
pub fn rescale(weights: &mut [Array2<f64>], activation: Activation, x: &ArrayRef2<f64>) {
    todo!()
}
