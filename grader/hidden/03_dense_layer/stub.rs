//! Exercise 3: from one neuron to a layer, and from layers to a network.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 3` as often as you like.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use rand::Rng;

/// The function that a layer applies to each of its pre-activations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `z` itself.
    Linear,
    /// `z` where `z` is positive, 0 elsewhere.
    Relu,
    /// `1 / (1 + e^-z)`.
    Sigmoid,
}

impl Activation {
    /// Applies the activation to every entry of `z`; returns a new array of the same shape.
    pub fn apply(self, z: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// The activation called `linear`, `relu` or `sigmoid`.
///
/// # Errors
///
/// For any other name, such as `RELU`: a message that contains the name.
pub fn parse_activation(name: &str) -> Result<Activation, String> {
    todo!()
}

/// `x·W + b` for one sample: each *column* of `w` is a neuron, as everywhere in this course.
///
/// Shapes: `x` (n_in), `w` (n_in, n_out), `b` (n_out), result (n_out).
pub fn columns_are_neurons(x: &ArrayRef1<f64>, w: &ArrayRef2<f64>, b: &ArrayRef1<f64>) -> Array1<f64> {
    todo!()
}

/// `W·x + b` for one sample: each *row* of `w` is a neuron, as in many textbooks and in PyTorch's storage.
///
/// Shapes: `x` (n_in), `w` (n_out, n_in), `b` (n_out), result (n_out).
pub fn rows_are_neurons(x: &ArrayRef1<f64>, w: &ArrayRef2<f64>, b: &ArrayRef1<f64>) -> Array1<f64> {
    todo!()
}

/// A fully connected layer: every output depends on every input.
#[derive(Clone, Debug)]
pub struct DenseLayer {
    /// Shape (n_in, n_out): column j holds the weights of neuron j.
    pub weights: Array2<f64>,
    /// Shape (n_out): one bias per neuron.
    pub biases: Array1<f64>,
    /// Applied to each pre-activation.
    pub activation: Activation,
}

impl DenseLayer {
    /// A layer with the given parameters. This one is complete.
    ///
    /// # Panics
    ///
    /// If there are not as many biases as columns of weights.
    pub fn from_parts(weights: Array2<f64>, biases: Array1<f64>, activation: Activation) -> Self {
        assert_eq!(weights.ncols(), biases.len(), "every column of weights (a neuron) needs one bias");
        Self { weights, biases, activation }
    }

    /// `Z = X·W + b`: the weighted sum of each neuron, before its activation.
    ///
    /// `x` has shape (n_samples, n_in), one sample per row; the result has shape (n_samples, n_out).
    pub fn pre_activation(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The activations of the layer for the samples in `x`; shapes as in [`pre_activation`](Self::pre_activation).
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// A layer with biases of 0 and random weights, drawn from a normal distribution with mean 0 and standard deviation
    /// `sqrt(2 / n_in)` (He et al. 2015, "Delving deep into rectifiers").
    pub fn new(n_in: usize, n_out: usize, activation: Activation, rng: &mut impl Rng) -> Self {
        todo!()
    }

    /// How many numbers this layer learns.
    pub fn n_params(&self) -> usize {
        todo!()
    }
}

/// Turns each row of scores into probabilities: `e^z_j / Σ_k e^z_k`, where the sum goes along the row.
///
/// Works for scores of any size, such as 1000. `z` and the result have shape (n_samples, n_classes).
pub fn softmax_rows(z: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// Three dense layers, one after the other: two hidden ones with ReLU and a linear one for the scores.
#[derive(Clone, Debug)]
pub struct ThreeLayerNetwork {
    /// In the order in which a sample passes through them.
    pub layers: [DenseLayer; 3],
}

impl ThreeLayerNetwork {
    /// A network of the given layers. This one is complete.
    pub fn from_layers(layers: [DenseLayer; 3]) -> Self {
        Self { layers }
    }

    /// A network with random weights: `sizes` is the number of inputs, of neurons in each hidden layer, and of
    /// classes, such as `[784, 128, 64, 10]` for images of 28 × 28 pixels and ten digits.
    pub fn new(sizes: [usize; 4], rng: &mut impl Rng) -> Self {
        todo!()
    }

    /// How many numbers the network learns.
    pub fn n_params(&self) -> usize {
        todo!()
    }

    /// The network as text: a line for each layer, counted from 1, and a line for the total, as in
    ///
    /// ```text
    /// layer 1: 784 -> 128, relu, 100480 parameters
    /// layer 2: 128 -> 64, relu, 8256 parameters
    /// layer 3: 64 -> 10, linear, 650 parameters
    /// total: 109386 parameters
    /// ```
    pub fn summary(&self) -> String {
        todo!()
    }

    /// The *logits*: one score per class, any real numbers. Shape (n_samples, n_classes).
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The probability of each class; every row sums to 1. Shape (n_samples, n_classes).
    pub fn predict_proba(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The most likely class of each sample, counted from 0.
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Vec<usize> {
        todo!()
    }
}
