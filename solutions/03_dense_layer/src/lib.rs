//! Exercise 3, solved: from one neuron to a layer, and from layers to a network.
//!
//! One neuron computes `w·x + b`. A layer is many neurons looking at the same inputs, so their weights are put side by
//! side, one neuron per column, and a whole batch of samples goes through all of them in one matrix product.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

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
    ///
    /// `mapv` builds a new array from a function of one number, so the input stays as it is. ReLU asks for what it cuts
    /// off, not for what it keeps: NaN fails every comparison, and has to stay NaN.
    pub fn apply(self, z: &ArrayRef2<f64>) -> Array2<f64> {
        match self {
            Self::Linear => z.to_owned(),
            Self::Relu => z.mapv(|z| if z < 0.0 { 0.0 } else { z }),
            Self::Sigmoid => z.mapv(|z| 1.0 / (1.0 + (-z).exp())),
        }
    }
}

/// The activation called `linear`, `relu` or `sigmoid`.
///
/// Checked here, once: whoever holds an [`Activation`] needs no further check. A default for unknown names would turn
/// a typing error into a network that quietly learns nothing.
///
/// # Errors
///
/// For any other name: a sentence that holds the name.
pub fn parse_activation(name: &str) -> Result<Activation, String> {
    match name {
        "linear" => Ok(Activation::Linear),
        "relu" => Ok(Activation::Relu),
        "sigmoid" => Ok(Activation::Sigmoid),
        _ => Err(format!("there is no activation `{name}`; use linear, relu or sigmoid")),
    }
}

/// `x·W + b` for one sample: each *column* of `w` is a neuron, as everywhere in this course.
///
/// Shapes: `x` (n_in), `w` (n_in, n_out), `b` (n_out), result (n_out).
pub fn columns_are_neurons(x: &ArrayRef1<f64>, w: &ArrayRef2<f64>, b: &ArrayRef1<f64>) -> Array1<f64> {
    x.dot(w) + b
}

/// `W·x + b` for one sample: each *row* of `w` is a neuron.
///
/// With a square `w` nothing but the result tells this from [`columns_are_neurons`]: no shape is wrong. The two agree
/// if one `w` is the transpose of the other.
pub fn rows_are_neurons(x: &ArrayRef1<f64>, w: &ArrayRef2<f64>, b: &ArrayRef1<f64>) -> Array1<f64> {
    w.dot(x) + b
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
    /// A layer with the given parameters.
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
    /// (n_samples, n_in) · (n_in, n_out) → (n_samples, n_out). Adding the biases, of shape (n_out), broadcasts them
    /// over the rows: every sample gets the same ones.
    pub fn pre_activation(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        x.dot(&self.weights) + &self.biases
    }

    /// The activations of the layer for the samples in `x`.
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.activation.apply(&self.pre_activation(x))
    }

    /// A layer with biases of 0 and random weights, drawn from a normal distribution with mean 0 and standard deviation
    /// `sqrt(2 / n_in)` (He et al. 2015, "Delving deep into rectifiers").
    ///
    /// A neuron sums `n_in` terms, so the variance of its sum is `n_in` times that of one term. Dividing by `n_in`
    /// keeps the size of the signal from layer to layer; the factor 2 makes up for the half that ReLU cuts off.
    /// The weights have to differ, or all neurons would stay equal for ever. The biases do not.
    pub fn new(n_in: usize, n_out: usize, activation: Activation, rng: &mut impl Rng) -> Self {
        let std_dev = (2.0 / n_in as f64).sqrt();
        let weights = Array2::from_shape_simple_fn((n_in, n_out), || {
            let z: f64 = StandardNormal.sample(rng);
            std_dev * z
        });
        let biases = Array1::zeros(n_out);
        Self::from_parts(weights, biases, activation)
    }

    /// How many numbers this layer learns: `n_in · n_out` weights and `n_out` biases.
    pub fn n_params(&self) -> usize {
        self.weights.len() + self.biases.len()
    }
}

/// Turns each row of scores into probabilities: `e^z_j / Σ_k e^z_k`, where the sum goes along the row.
///
/// `e^1000` is infinite in `f64`, and infinity over infinity is NaN. Subtracting the same number from all scores of a
/// row divides numerator and denominator by the same factor, so it changes nothing; with the row's own maximum the
/// largest exponent is 0 and nothing overflows.
pub fn softmax_rows(z: &ArrayRef2<f64>) -> Array2<f64> {
    let mut probabilities = z.to_owned();
    for mut row in probabilities.rows_mut() {
        let max = row.fold(f64::NEG_INFINITY, |max, &z| max.max(z));
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row /= sum;
    }
    probabilities
}

/// Three dense layers, one after the other: two hidden ones with ReLU and a linear one for the scores.
#[derive(Clone, Debug)]
pub struct ThreeLayerNetwork {
    /// In the order in which a sample passes through them.
    pub layers: [DenseLayer; 3],
}

impl ThreeLayerNetwork {
    /// A network of the given layers.
    pub fn from_layers(layers: [DenseLayer; 3]) -> Self {
        Self { layers }
    }

    /// A network with random weights: `sizes` is the number of inputs, of neurons in each hidden layer, and of
    /// classes.
    pub fn new(sizes: [usize; 4], rng: &mut impl Rng) -> Self {
        Self::from_layers([
            DenseLayer::new(sizes[0], sizes[1], Activation::Relu, rng),
            DenseLayer::new(sizes[1], sizes[2], Activation::Relu, rng),
            DenseLayer::new(sizes[2], sizes[3], Activation::Linear, rng),
        ])
    }

    /// How many numbers the network learns.
    pub fn n_params(&self) -> usize {
        self.layers.iter().map(DenseLayer::n_params).sum()
    }

    /// The network as text: a line for each layer, counted from 1, and a line for the total, as in
    ///
    /// ```text
    /// layer 1: 784 -> 128, relu, 100480 parameters
    /// layer 2: 128 -> 64, relu, 8256 parameters
    /// layer 3: 64 -> 10, linear, 650 parameters
    /// total: 109386 parameters
    /// ```
    ///
    /// Printing it is the quickest way to find a layer of the wrong size.
    pub fn summary(&self) -> String {
        let mut lines: Vec<String> = self
            .layers
            .iter()
            .zip(1..)
            .map(|(layer, number)| {
                let (n_in, n_out) = layer.weights.dim();
                let activation = format!("{:?}", layer.activation).to_lowercase();
                format!("layer {number}: {n_in} -> {n_out}, {activation}, {} parameters", layer.n_params())
            })
            .collect();
        lines.push(format!("total: {} parameters", self.n_params()));
        lines.join("\n")
    }

    /// The *logits*: one score per class, any real numbers. Shape (n_samples, n_classes).
    ///
    /// Softmax is left out on purpose: the loss of exercise 8 wants the logits, because it can turn them into
    /// logarithms of probabilities without ever computing a probability that rounds to 0.
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.layers.iter().fold(x.to_owned(), |activations, layer| layer.forward(&activations))
    }

    /// The probability of each class; every row sums to 1. Shape (n_samples, n_classes).
    pub fn predict_proba(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        softmax_rows(&self.forward(x))
    }

    /// The most likely class of each sample, counted from 0.
    ///
    /// Softmax keeps the order of the scores, so the largest logit is enough.
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Vec<usize> {
        let logits = self.forward(x);
        logits
            .rows()
            .into_iter()
            .map(|row| (0..row.len()).fold(0, |best, class| if row[class] > row[best] { class } else { best }))
            .collect()
    }
}
