//! Exercise 10: a small library for neural networks of any depth.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 10` as often as you like.
//!
//! One sample per row, `W` is (n_in, n_out). A loss is a mean, and its gradient is the exact slope of that mean; layers
//! only sum over the samples. So the mean is taken exactly once.

use ndarray::{Array1, Array2, ArrayRef2, ArrayViewD, ArrayViewMutD};
use rand::Rng;

/// A part of a network: it computes its output, and passes a gradient back.
///
/// This trait is complete. Any type that implements it can be part of a [`Sequential`].
pub trait Layer {
    /// The output for `x` (n, n_in), shape (n, n_out). Keeps everything that [`backward`](Self::backward) will need.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64>;

    /// The gradient of the loss with respect to the input of the last [`forward`](Self::forward), (n, n_in), given the
    /// gradient with respect to its output, `d_out` (n, n_out). The layer also stores the gradients of its own
    /// parameters, replacing earlier ones. If called again for the same forward pass, it does the same again.
    ///
    /// # Panics
    ///
    /// If there was no forward pass.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64>;

    /// The layer's parameters with their gradients; by default there are none.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        Vec::new()
    }

    /// One line about the layer: `Linear 784 -> 256`.
    fn describe(&self) -> String;
}

/// A parameter of a layer, weights or biases, as a view that an optimiser can change, and its current gradient.
#[derive(Debug)]
pub struct Parameter<'a> {
    /// The numbers themselves.
    pub value: ArrayViewMutD<'a, f64>,
    /// The slope of the loss with respect to each of them: the same shape.
    pub gradient: ArrayViewD<'a, f64>,
}

/// `Z = X·W + b`: every output depends on every input.
#[derive(Clone, Debug)]
pub struct Linear {
    /// (n_in, n_out): a column for each output.
    pub weights: Array2<f64>,
    /// (n_out)
    pub biases: Array1<f64>,
    /// The gradient of `weights`, 0 before the first backward pass.
    pub d_weights: Array2<f64>,
    /// The gradient of `biases`, 0 before the first backward pass.
    pub d_biases: Array1<f64>,
    /// The input of the last forward pass.
    input: Option<Array2<f64>>,
}

impl Linear {
    /// A layer with these weights (n_in, n_out) and biases (n_out). This one is complete.
    ///
    /// # Panics
    ///
    /// If there are not as many biases as columns of weights.
    #[track_caller]
    pub fn from_parts(weights: Array2<f64>, biases: Array1<f64>) -> Self {
        assert_eq!(weights.ncols(), biases.len(), "every column of weights (an output) needs one bias");
        let (d_weights, d_biases) = (Array2::zeros(weights.dim()), Array1::zeros(biases.dim()));
        Self { weights, biases, d_weights, d_biases, input: None }
    }

    /// Weights drawn from a normal distribution of variance `2 / n_in`, biases 0 (He et al. 2015, "Delving Deep into
    /// Rectifiers", eq. 10), as in exercise 3.
    pub fn new(n_in: usize, n_out: usize, rng: &mut impl Rng) -> Self {
        todo!()
    }
}

impl Layer for Linear {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// Computes `d_weights` and `d_biases` as sums over the samples, without averaging.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The weights, and after them the biases.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        todo!()
    }

    fn describe(&self) -> String {
        format!("Linear {} -> {}", self.weights.nrows(), self.weights.ncols())
    }
}

/// `max(0, z)`, entry by entry. Its slope at the kink, `z = 0`, is 0.
#[derive(Clone, Debug, Default)]
pub struct Relu {
    /// The input of the last forward pass.
    input: Option<Array2<f64>>,
}

impl Layer for Relu {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn describe(&self) -> String {
        "ReLU".to_owned()
    }
}

/// `σ(z) = 1 / (1 + e^-z)`, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Sigmoid {
    /// The output of the last forward pass.
    output: Option<Array2<f64>>,
}

impl Layer for Sigmoid {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn describe(&self) -> String {
        "Sigmoid".to_owned()
    }
}

/// `tanh(z)`, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Tanh {
    /// The output of the last forward pass.
    output: Option<Array2<f64>>,
}

impl Layer for Tanh {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn describe(&self) -> String {
        "Tanh".to_owned()
    }
}

/// How wrong an output is, as one number, and the gradient of that number.
///
/// This trait is complete.
pub trait Loss {
    /// The loss of `output` (n, n_out), given the correct output `target` (same shape).
    fn value(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> f64;

    /// The exact gradient of [`value`](Self::value) with respect to `output`, in its shape.
    fn gradient(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> Array2<f64>;
}

/// The mean of the squared errors, over all entries.
#[derive(Clone, Copy, Debug)]
pub struct Mse;

impl Loss for Mse {
    fn value(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> f64 {
        todo!()
    }

    fn gradient(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// Binary cross-entropy of σ(z), computed from the scores z; targets are 0 or 1. The mean over all entries.
///
/// Exact for scores of any size, such as 800.
#[derive(Clone, Copy, Debug)]
pub struct BceWithLogits;

impl Loss for BceWithLogits {
    fn value(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        todo!()
    }

    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// Cross-entropy of softmax, computed from the scores; targets are one-hot rows. The mean over the *samples*.
///
/// Exact for scores of any size, such as 1000.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropy;

impl Loss for SoftmaxCrossEntropy {
    fn value(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        todo!()
    }

    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// Layers in a row: the output of each is the input of the next.
pub struct Sequential {
    layers: Vec<Box<dyn Layer>>,
}

impl Sequential {
    /// A network of these layers, from first to last. This one is complete.
    pub fn new(layers: Vec<Box<dyn Layer>>) -> Self {
        Self { layers }
    }

    /// The output of the last layer for `x` (n, n_in): (n, n_out). Without layers, it is `x` itself.
    pub fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient with respect to the input of the network, (n, n_in), given the gradient with respect to its output,
    /// `d_out` (n, n_out). Each layer stores the gradients of its own parameters.
    pub fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The parameters of all layers, from first to last.
    pub fn parameters(&mut self) -> Vec<Parameter<'_>> {
        todo!()
    }

    /// How many numbers there are to learn.
    pub fn n_parameters(&mut self) -> usize {
        todo!()
    }

    /// A step of gradient descent with the gradients of the last backward pass: every parameter moves against its
    /// slope.
    pub fn step(&mut self, learning_rate: f64) {
        todo!()
    }

    /// Forward, loss, backward, step: returns the loss before the step.
    pub fn train_step(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, loss: &dyn Loss, learning_rate: f64) -> f64 {
        todo!()
    }

    /// The network as text: a line for each layer with its number, its description, and its number of parameters; and a
    /// last line with the total. A small network for digits becomes
    ///
    /// ```text
    ///  1  Linear 784 -> 32         25120
    ///  2  ReLU                         0
    ///  3  Linear 32 -> 10            330
    ///                              25450
    /// ```
    ///
    /// Layers count from 1. Numbers are right-aligned, in columns of 2 and 10 characters; between them are two spaces
    /// and 20 characters of text, left-aligned. Whether a line feed (`\n`) follows the last line does not matter.
    pub fn summary(&mut self) -> String {
        todo!()
    }
}

/// The non-linearity between the linear layers of an [`mlp`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// [`Relu`]
    Relu,
    /// [`Sigmoid`]
    Sigmoid,
    /// [`Tanh`]
    Tanh,
}

/// A multi-layer perceptron: `sizes` are the numbers of inputs, of neurons of each hidden layer, and of outputs.
///
/// Each linear layer is a [`Linear::new`] that draws from `rng`. The last layer is linear: its scores go to a loss that
/// takes scores.
pub fn mlp(sizes: &[usize], activation: Activation, rng: &mut impl Rng) -> Sequential {
    todo!()
}

/// Bonus. Turns a row of scores into probabilities that sum to 1, for a network whose *output* has to be probabilities.
///
/// To train with cross-entropy, leave this layer out: [`SoftmaxCrossEntropy`] does both at once, and more accurately.
#[derive(Clone, Debug, Default)]
pub struct Softmax {
    /// The output of the last forward pass.
    output: Option<Array2<f64>>,
}

impl Layer for Softmax {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The exact gradient, whatever comes after this layer.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn describe(&self) -> String {
        "Softmax".to_owned()
    }
}
