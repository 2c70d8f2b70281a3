//! Exercise 10, solved: a small library for neural networks of any depth.
//!
//! Backpropagation by hand (exercises 5 and 9) wrote one formula for every layer of one network. Here each layer knows
//! only itself: what it does to its input, and how a gradient of its output becomes one of its input. A network hands
//! arrays from layer to layer, forwards and then backwards; that is all of the chain rule.
//!
//! One sample per row, `W` is (n_in, n_out). A loss is a mean, and its gradient carries the 1/n; layers only sum over
//! the samples. So the mean is taken exactly once.

use std::fmt::Write;

use ndarray::{Array1, Array2, ArrayRef2, ArrayViewD, ArrayViewMutD, Axis, Zip};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// A part of a network: it computes its output, and passes a gradient back.
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
    /// A layer with these weights (n_in, n_out) and biases (n_out).
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
    /// Rectifiers", eq. 10).
    ///
    /// A sum of n_in products has n_in times their variance. This one keeps the scale of a signal through layers of
    /// ReLUs, which silence half of it.
    pub fn new(n_in: usize, n_out: usize, rng: &mut impl Rng) -> Self {
        let std = (2.0 / n_in as f64).sqrt();
        let weights = Array2::from_shape_simple_fn((n_in, n_out), || {
            let z: f64 = StandardNormal.sample(rng);
            std * z
        });
        Self::from_parts(weights, Array1::zeros(n_out))
    }
}

impl Layer for Linear {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.input = Some(x.to_owned());
        x.dot(&self.weights) + &self.biases
    }

    /// `dW = Xᵀ·dZ`, `db` the sum of the rows of `dZ`, `dX = dZ·Wᵀ`.
    ///
    /// A weight is used once for every sample, so its gradient is a sum over the samples: the product does that. The
    /// shapes leave no other way to multiply.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let x = self.input.as_ref().expect(FORWARD_FIRST);
        self.d_weights = x.t().dot(d_out);
        self.d_biases = d_out.sum_axis(Axis(0));
        d_out.dot(&self.weights.t())
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![
            Parameter { value: self.weights.view_mut().into_dyn(), gradient: self.d_weights.view().into_dyn() },
            Parameter { value: self.biases.view_mut().into_dyn(), gradient: self.d_biases.view().into_dyn() },
        ]
    }

    fn describe(&self) -> String {
        format!("Linear {} -> {}", self.weights.nrows(), self.weights.ncols())
    }
}

const FORWARD_FIRST: &str = "a backward pass goes back through a forward pass: call forward first";

/// `max(0, z)`, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Relu {
    input: Option<Array2<f64>>,
}

impl Layer for Relu {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        self.input = Some(z.to_owned());
        // `z.max(0.0)` would turn NaN into 0, and hide that something went wrong before.
        z.mapv(|z| if z < 0.0 { 0.0 } else { z })
    }

    /// The slope is 1 where the *input* was positive, and 0 elsewhere, at the kink too.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let z = self.input.as_ref().expect(FORWARD_FIRST);
        Zip::from(d_out).and(z).map_collect(|&d, &z| if z > 0.0 { d } else { 0.0 })
    }

    fn describe(&self) -> String {
        "ReLU".to_owned()
    }
}

/// `σ(z) = 1 / (1 + e^-z)`, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Sigmoid {
    output: Option<Array2<f64>>,
}

impl Layer for Sigmoid {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        let a = z.mapv(sigmoid);
        self.output = Some(a.clone());
        a
    }

    /// `σ' = σ(1 - σ)`: the output is enough to know it.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let a = self.output.as_ref().expect(FORWARD_FIRST);
        Zip::from(d_out).and(a).map_collect(|&d, &a| d * a * (1.0 - a))
    }

    fn describe(&self) -> String {
        "Sigmoid".to_owned()
    }
}

/// `tanh(z)`, entry by entry.
#[derive(Clone, Debug, Default)]
pub struct Tanh {
    output: Option<Array2<f64>>,
}

impl Layer for Tanh {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        let a = z.mapv(f64::tanh);
        self.output = Some(a.clone());
        a
    }

    /// `tanh' = 1 - tanh²`.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let a = self.output.as_ref().expect(FORWARD_FIRST);
        Zip::from(d_out).and(a).map_collect(|&d, &a| d * (1.0 - a * a))
    }

    fn describe(&self) -> String {
        "Tanh".to_owned()
    }
}

/// A row of scores as probabilities that sum to 1, for a network whose *output* has to be probabilities.
///
/// To train with cross-entropy, leave this layer out: [`SoftmaxCrossEntropy`] does both at once, and more accurately.
#[derive(Clone, Debug, Default)]
pub struct Softmax {
    output: Option<Array2<f64>>,
}

impl Layer for Softmax {
    fn forward(&mut self, z: &ArrayRef2<f64>) -> Array2<f64> {
        let p = log_softmax(z).mapv(f64::exp);
        self.output = Some(p.clone());
        p
    }

    /// `dz_j = p_j (d_j - Σ_k d_k p_k)`, row by row: every score moves every probability of its row.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let p: &ArrayRef2<f64> = self.output.as_ref().expect(FORWARD_FIRST);
        let means = (p * d_out).sum_axis(Axis(1)).insert_axis(Axis(1));
        p * (d_out - &*means)
    }

    fn describe(&self) -> String {
        "Softmax".to_owned()
    }
}

/// How wrong an output is, as one number, and the gradient of that number.
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
        (output - target).mapv(|error| error * error).sum() / output.len() as f64
    }

    fn gradient(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> Array2<f64> {
        (output - target) * (2.0 / output.len() as f64)
    }
}

/// Binary cross-entropy of σ(z), computed from the scores z; targets are 0 or 1. The mean over all entries.
#[derive(Clone, Copy, Debug)]
pub struct BceWithLogits;

impl Loss for BceWithLogits {
    /// `max(z, 0) - z·y + ln(1 + e^-|z|)`, which is `-y ln σ(z) - (1 - y) ln(1 - σ(z))` and overflows nowhere.
    fn value(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        let losses = Zip::from(z).and(y).map_collect(|&z, &y| z.max(0.0) - z * y + (-z.abs()).exp().ln_1p());
        losses.sum() / z.len() as f64
    }

    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        (z.mapv(sigmoid) - y) / z.len() as f64
    }
}

/// Cross-entropy of softmax, computed from the scores; targets are one-hot rows. The mean over the samples.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxCrossEntropy;

impl Loss for SoftmaxCrossEntropy {
    fn value(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        -(log_softmax(z) * y).sum() / z.nrows() as f64
    }

    /// `(P - Y) / n`: two slopes that are unpleasant alone cancel to this.
    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        (log_softmax(z).mapv(f64::exp) - y) / z.nrows() as f64
    }
}

/// Layers in a row: the output of each is the input of the next.
pub struct Sequential {
    layers: Vec<Box<dyn Layer>>,
}

impl Sequential {
    /// A network of these layers, first to last.
    pub fn new(layers: Vec<Box<dyn Layer>>) -> Self {
        Self { layers }
    }

    /// The output of the last layer for `x` (n, n_in): (n, n_out). Without layers, it is `x` itself.
    pub fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let mut signal = x.to_owned();
        for layer in &mut self.layers {
            signal = layer.forward(&signal);
        }
        signal
    }

    /// The gradient with respect to the input of the network, (n, n_in), given the gradient with respect to its output,
    /// `d_out` (n, n_out). Each layer stores the gradients of its own parameters.
    pub fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let mut gradient = d_out.to_owned();
        for layer in self.layers.iter_mut().rev() {
            gradient = layer.backward(&gradient);
        }
        gradient
    }

    /// The parameters of all layers, from first to last.
    pub fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.layers.iter_mut().flat_map(|layer| layer.parameters()).collect()
    }

    /// How many numbers there are to learn.
    pub fn n_parameters(&mut self) -> usize {
        self.parameters().iter().map(|parameter| parameter.value.len()).sum()
    }

    /// A step of gradient descent with the gradients of the last backward pass.
    pub fn step(&mut self, learning_rate: f64) {
        for mut parameter in self.parameters() {
            parameter.value.scaled_add(-learning_rate, &parameter.gradient);
        }
    }

    /// Forward, loss, backward, step: returns the loss before the step.
    pub fn train_step(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, loss: &dyn Loss, learning_rate: f64) -> f64 {
        let output = self.forward(x);
        let value = loss.value(&output, y);
        self.backward(&loss.gradient(&output, y));
        self.step(learning_rate);
        value
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
        let mut text = String::new();
        for (number, layer) in (1..).zip(&mut self.layers) {
            let n_parameters: usize = layer.parameters().iter().map(|parameter| parameter.value.len()).sum();
            writeln!(text, "{number:>2}  {:<20}{n_parameters:>10}", layer.describe()).expect("a String takes any text");
        }
        writeln!(text, "{:>34}", self.n_parameters()).expect("a String takes any text");
        text
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

impl Activation {
    fn layer(self) -> Box<dyn Layer> {
        match self {
            Self::Relu => Box::new(Relu::default()),
            Self::Sigmoid => Box::new(Sigmoid::default()),
            Self::Tanh => Box::new(Tanh::default()),
        }
    }
}

/// A multi-layer perceptron: `sizes` are the numbers of inputs, of neurons of each hidden layer, and of outputs.
///
/// The last layer is linear: its scores go to a loss that takes scores.
pub fn mlp(sizes: &[usize], activation: Activation, rng: &mut impl Rng) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for pair in sizes.windows(2) {
        if !layers.is_empty() {
            layers.push(activation.layer());
        }
        layers.push(Box::new(Linear::new(pair[0], pair[1], rng)));
    }
    Sequential::new(layers)
}

/// 1 / (1 + e^-z); where e^-z is infinite that is 0, as it should be.
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// `z - ln Σ e^z` of each row, with the row's largest score taken out first, so that no e^z overflows.
fn log_softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    let max = z.map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |max, &z| max.max(z))).insert_axis(Axis(1));
    let shifted = z - &*max;
    let log_sums = shifted.mapv(f64::exp).sum_axis(Axis(1)).mapv(f64::ln).insert_axis(Axis(1));
    shifted - &log_sums
}
