//! Exercise 15, solved: initial weights.
//!
//! A layer adds up n_in products, so the size of its output depends on the size of its weights and on n_in. Over many
//! layers this is a power: with a factor a little below 1 the signal vanishes, with one a little above 1 it explodes.
//! The rules of Glorot and He choose the weights such that the factor is about 1, forwards and backwards.
//!
//! One sample per row, `W` is (n_in, n_out), as everywhere.

use engine::{Activation, Layer, Linear, Relu, Sequential, Sigmoid, Tanh};
use ndarray::{Array1, Array2, ArrayRef2};
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};

/// How the weights of a layer start.
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
    let (n_in, n_out) = (n_in as f64, n_out as f64);
    match init {
        Init::Zeros | Init::Constant(_) => 0.0,
        Init::Normal(std) => std,
        // The rules give variances. A normal distribution is stretched by the root.
        Init::XavierNormal | Init::XavierUniform => (2.0 / (n_in + n_out)).sqrt(),
        Init::HeNormal | Init::HeUniform => (2.0 / n_in).sqrt(),
    }
}

/// The number b for which numbers drawn uniformly from -b to b have the standard deviation `std`.
///
/// The variance of the uniform distribution on \[-b, b\] is b² / 3: the mean of w² over that range.
pub fn uniform_bound(std: f64) -> f64 {
    3.0_f64.sqrt() * std
}

/// The weights that a layer starts with, of the shape (n_in, n_out). Random weights are drawn from `rng`, independently
/// of each other.
pub fn draw_weights(init: Init, n_in: usize, n_out: usize, rng: &mut impl Rng) -> Array2<f64> {
    let std = std_of(init, n_in, n_out);
    Array2::from_shape_simple_fn((n_in, n_out), || match init {
        Init::Zeros => 0.0,
        Init::Constant(weight) => weight,
        Init::Normal(_) | Init::XavierNormal | Init::HeNormal => {
            let z: f64 = StandardNormal.sample(rng);
            std * z
        }
        Init::XavierUniform | Init::HeUniform => {
            let b = uniform_bound(std);
            rng.random_range(-b..=b)
        }
    })
}

/// A multi-layer perceptron like the engine's `mlp`, with initial weights by `init`. `sizes` are the numbers of inputs,
/// of neurons of each hidden layer, and of outputs. `activation` stands behind every linear layer but the last. Biases
/// are 0.
pub fn build(sizes: &[usize], activation: Activation, init: Init, rng: &mut impl Rng) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for pair in sizes.windows(2) {
        if !layers.is_empty() {
            layers.push(layer_of(activation));
        }
        // Each layer has a shape of its own, so it has a scale of its own.
        let weights = draw_weights(init, pair[0], pair[1], rng);
        layers.push(Box::new(Linear::from_parts(weights, Array1::zeros(pair[1]))));
    }
    Sequential::new(layers)
}

/// The layer that computes `activation`.
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
    (a.mapv(|a| a * a).sum() / a.len() as f64).sqrt()
}

/// The [`scale`] of the output of each layer of a deep network, first layer first.
///
/// `x` (n, n_in) goes through one layer after the other: A = f(A·W). `weights` holds a W for each layer, and f is
/// `activation`, which stands behind the last layer as well. There are no biases.
pub fn activation_scales(weights: &[Array2<f64>], activation: Activation, x: &ArrayRef2<f64>) -> Vec<f64> {
    let mut a = x.to_owned();
    let mut scales = Vec::new();
    for w in weights {
        a = layer_of(activation).forward(&a.dot(w));
        scales.push(scale(&a));
    }
    scales
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
    // An activation remembers its input, so its way back knows the slopes.
    let mut activations = Vec::new();
    let mut a = x.to_owned();
    for w in weights {
        let mut layer = layer_of(activation);
        a = layer.forward(&a.dot(w));
        activations.push(layer);
    }
    let mut scales = Vec::new();
    let mut d_a = d_out.to_owned();
    for (w, layer) in weights.iter().zip(&mut activations).rev() {
        let d_z = layer.backward(&d_a);
        scales.push(scale(&d_z));
        d_a = d_z.dot(&w.t());
    }
    scales.reverse();
    scales
}

/// The fraction of saturated entries in `a`, the outputs of `activation`: those where its slope is below a hundredth of
/// its largest slope. Almost no gradient passes through them. NaN with no entries.
///
/// The slope follows from the output: σ' = a (1 - a), at most 1/4; tanh' = 1 - a², at most 1; the slope of ReLU is 1
/// where a is positive and 0 elsewhere.
pub fn saturation(a: &ArrayRef2<f64>, activation: Activation) -> f64 {
    let share_of_greatest_slope = |a: f64| match activation {
        Activation::Sigmoid => 4.0 * a * (1.0 - a),
        Activation::Tanh => 1.0 - a * a,
        Activation::Relu => f64::from(u8::from(a > 0.0)),
    };
    a.iter().filter(|a| share_of_greatest_slope(**a) < 0.01).count() as f64 / a.len() as f64
}

/// Brings the Z of every layer of the network of [`activation_scales`] to the [`scale`] 1, for any shapes and any
/// activation. Each W is divided by the scale of its Z = A·W for the samples `x`, first layer first (after Mishkin &
/// Matas 2016, "All You Need Is a Good Init").
///
/// A layer whose Z is 0 stays as it is.
pub fn rescale(weights: &mut [Array2<f64>], activation: Activation, x: &ArrayRef2<f64>) {
    let mut a = x.to_owned();
    for w in weights {
        let z = a.dot(w);
        let size = scale(&z);
        if size > 0.0 {
            // Every entry of Z is a sum of weights times something, so it shrinks by the same factor.
            *w /= size;
        }
        a = layer_of(activation).forward(&a.dot(w));
    }
}
