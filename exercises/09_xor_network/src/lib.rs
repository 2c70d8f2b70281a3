//! Exercise 9: a hidden layer, which makes it possible to learn the gate that no single neuron can learn.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 9` as often as you like.

use ndarray::{Array1, Array2, ArrayRef2};
use rand::Rng;

/// The activation of the hidden neurons. The output neuron is always a sigmoid. (Complete.)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `1 / (1 + e^-z)`.
    Sigmoid,
    /// `z` where `z` is positive, 0 elsewhere.
    Relu,
}

impl Activation {
    /// The activation of every entry of `z`.
    pub fn apply(self, z: &ArrayRef2<f64>) -> Array2<f64> {
        match self {
            Self::Sigmoid => z.mapv(sigmoid),
            Self::Relu => z.mapv(|z| if z < 0.0 { 0.0 } else { z }),
        }
    }

    /// The slope of the activation at every entry of `z`. At 0 the slope of ReLU counts as 0.
    pub fn derivative(self, z: &ArrayRef2<f64>) -> Array2<f64> {
        match self {
            Self::Sigmoid => z.mapv(|z| sigmoid(z) * sigmoid(-z)),
            Self::Relu => z.mapv(|z| if z > 0.0 { 1.0 } else { 0.0 }),
        }
    }
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Two layers: hidden neurons whose input is the sample, and one sigmoid neuron whose inputs are their activations.
///
/// It is named after XOR, for which two inputs and two hidden neurons are enough, and takes any number of either.
#[derive(Clone, Debug, PartialEq)]
pub struct XorNet {
    /// Shape (n_in, n_hidden): column j holds the weights of hidden neuron j.
    pub w1: Array2<f64>,
    /// Shape (n_hidden): one bias per hidden neuron.
    pub b1: Array1<f64>,
    /// Shape (n_hidden, 1): the output neuron is the one column.
    pub w2: Array2<f64>,
    /// Shape (1): the bias of the output neuron.
    pub b2: Array1<f64>,
    /// The activation of the hidden neurons.
    pub hidden: Activation,
}

/// The results of a forward pass, which the backward pass needs. One row per sample.
#[derive(Clone, Debug, PartialEq)]
pub struct ForwardCache {
    /// Pre-activations of the hidden layer; shape (n_samples, n_hidden).
    pub z1: Array2<f64>,
    /// Activations of the hidden layer; shape (n_samples, n_hidden).
    pub a1: Array2<f64>,
    /// Pre-activations of the output neuron; shape (n_samples, 1).
    pub z2: Array2<f64>,
    /// The predictions, between 0 and 1; shape (n_samples, 1).
    pub a2: Array2<f64>,
}

/// The slopes of the loss with respect to each parameter, in the shapes of the parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Gradients {
    /// `dL/dW1`; shape (n_in, n_hidden).
    pub w1: Array2<f64>,
    /// `dL/db1`; shape (n_hidden).
    pub b1: Array1<f64>,
    /// `dL/dW2`; shape (n_hidden, 1).
    pub w2: Array2<f64>,
    /// `dL/db2`; shape (1).
    pub b2: Array1<f64>,
}

/// Looking at samples.
impl XorNet {
    /// A network with the given parameters. (Complete.)
    ///
    /// # Panics
    ///
    /// If the numbers of hidden neurons do not agree, or if there is more than one output neuron.
    #[track_caller]
    pub fn from_parts(w1: Array2<f64>, b1: Array1<f64>, w2: Array2<f64>, b2: Array1<f64>, hidden: Activation) -> Self {
        assert_eq!(w1.ncols(), b1.len(), "every column of w1 (a hidden neuron) needs one bias");
        assert_eq!(
            w2.dim(),
            (w1.ncols(), 1),
            "the output neuron is one column of w2, with one weight per hidden neuron"
        );
        assert_eq!(b2.len(), 1, "the output neuron needs one bias");
        Self { w1, b1, w2, b2, hidden }
    }

    /// The predictions for the samples in `x`, of shape (n_samples, n_in), and all intermediate results.
    pub fn forward(&self, x: &ArrayRef2<f64>) -> ForwardCache {
        todo!()
    }

    /// The hidden activations of each sample: one row per sample, one coordinate per hidden neuron.
    ///
    /// The output neuron has no other inputs.
    pub fn hidden_representation(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The class of each sample: 1 if its prediction is above 0.5, otherwise 0. Shape (n_samples).
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Array1<usize> {
        todo!()
    }
}

/// A network that solves XOR with hand-made weights: predictions below 0.1 for the samples 00 and 11, and above 0.9 for
/// 01 and 10. Its hidden neurons have the activation `hidden`.
///
/// Two hidden neurons are enough, for either activation; more are allowed.
pub fn hand_made_xor(hidden: Activation) -> XorNet {
    todo!()
}

/// Training: the loss, its gradient, and a step.
impl XorNet {
    /// The mean squared error of the predictions; `y` holds the targets, shape (n_samples, 1).
    pub fn loss(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        todo!()
    }

    /// The exact derivative of [`loss`](Self::loss) with respect to every parameter, for the forward pass in `cache`.
    pub fn gradients(&self, cache: &ForwardCache, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Gradients {
        todo!()
    }

    /// One step of gradient descent: every parameter moves against its own slope.
    pub fn step(&mut self, gradients: &Gradients, learning_rate: f64) {
        todo!()
    }

    /// Takes `epochs` steps, each on all samples at once, and returns the loss before each of them.
    ///
    /// Continues from the current parameters. The loss after the last step is not in the list.
    pub fn train(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, epochs: usize, learning_rate: f64) -> Vec<f64> {
        todo!()
    }

    /// Whether two hidden neurons are twins: the same incoming weights, the same bias, the same outgoing weight, all of
    /// them exactly.
    pub fn has_symmetry(&self) -> bool {
        todo!()
    }

    /// An untrained network for two inputs: all weights drawn from a normal distribution with mean 0 and standard
    /// deviation 1, biases of 0.
    pub fn new(n_hidden: usize, hidden: Activation, rng: &mut impl Rng) -> Self {
        todo!()
    }
}

/// A network that decides, for `n_inputs` inputs of 0 or 1, whether an odd number of them are 1: its predictions are
/// above 0.9 if so, and below 0.1 if not. XOR is the case of two inputs; `n_inputs` is at least 1.
///
/// Its hidden neurons may have either activation. A bonus: full marks do not need it.
pub fn hand_made_parity(n_inputs: usize) -> XorNet {
    todo!()
}
