//! Exercise 9, solved: a hidden layer, which makes it possible to learn the gate that no single neuron can learn.
//!
//! A neuron draws one straight line. Two hidden neurons draw two, and what a sample looks like to them is a new place
//! for it, its *hidden representation*, where one line more can be enough. [`hand_made_xor`] shows that such weights
//! exist; [`XorNet::train`] finds some by going downhill; [`XorNet::has_symmetry`] tells where that cannot begin.

use ndarray::{Array1, Array2, ArrayRef2, Axis, array};
use rand::Rng;
use rand_distr::{Distribution, StandardNormal};

/// What the hidden neurons make of their pre-activations. The output neuron always is a sigmoid.
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
    /// A network with the given parameters.
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
    ///
    /// ```text
    /// Z1 = X·W1 + b1      A1 = hidden(Z1)      Z2 = A1·W2 + b2      A2 = σ(Z2)
    /// ```
    pub fn forward(&self, x: &ArrayRef2<f64>) -> ForwardCache {
        let z1 = x.dot(&self.w1) + &self.b1;
        let a1 = self.hidden.apply(&z1);
        let z2 = a1.dot(&self.w2) + &self.b2;
        let a2 = Activation::Sigmoid.apply(&z2);
        ForwardCache { z1, a1, z2, a2 }
    }

    /// The hidden activations of each sample: one row per sample, one coordinate per hidden neuron.
    ///
    /// The output neuron has no other inputs. It draws a straight line through *these* points, so a network can tell
    /// two classes apart only if its hidden layer has moved them to where a line is enough.
    pub fn hidden_representation(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.forward(x).a1
    }

    /// The class of each sample: 1 if its prediction is above 0.5, otherwise 0. Shape (n_samples).
    ///
    /// A network that says exactly 0.5 has not decided for class 1, so it is class 0.
    pub fn predict(&self, x: &ArrayRef2<f64>) -> Array1<usize> {
        self.forward(x).a2.column(0).mapv(|p| usize::from(p > 0.5))
    }
}

/// A network that solves XOR with hand-made weights: predictions below 0.1 for the samples 00 and 11, and above 0.9 for
/// 01 and 10.
///
/// Only the sum x1 + x2 matters, which is 0, 1 or 2, so both hidden neurons look at the sum.
///
/// - Steep sigmoids are switches: the first is on from 1 up (at least one input), the second at 2 (both). The output is
///   "the first, but not the second".
/// - ReLUs are ramps: the first is the sum itself, the second begins at 1 and, with twice the weight, bends the ramp
///   back: 0, 1, 0.
///
/// Neither set need work with the other activation. A ramp does not stop at 1: the switches' weights, given to ReLUs,
/// have 11 answered with 1.
pub fn hand_made_xor(hidden: Activation) -> XorNet {
    match hidden {
        Activation::Sigmoid => XorNet::from_parts(
            array![[20.0, 20.0], [20.0, 20.0]],
            array![-10.0, -30.0],
            array![[20.0], [-20.0]],
            array![-10.0],
            hidden,
        ),
        Activation::Relu => XorNet::from_parts(
            array![[1.0, 1.0], [1.0, 1.0]],
            array![0.0, -1.0],
            array![[20.0], [-40.0]],
            array![-10.0],
            hidden,
        ),
    }
}

/// Training: the loss, its gradient, and a step.
impl XorNet {
    /// The mean squared error of the predictions; `y` holds the targets, shape (n_samples, 1).
    pub fn loss(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        mean_squared_error(&self.forward(x).a2, y)
    }

    /// The exact derivative of [`loss`](Self::loss) with respect to every parameter, for the forward pass in `cache`.
    ///
    /// ```text
    /// dA2 = 2/n · (A2 - Y)      dZ2 = dA2 ⊙ σ'(Z2)             dW2 = A1ᵀ·dZ2      db2 = column sums of dZ2
    /// dA1 = dZ2·W2ᵀ             dZ1 = dA1 ⊙ hidden'(Z1)        dW1 = Xᵀ·dZ1       db1 = column sums of dZ1
    /// ```
    ///
    /// The two lines are the same line, one layer apart. The mean is taken once, by the 1/n of the first slope; every
    /// product and sum after that adds up what the samples have to say.
    pub fn gradients(&self, cache: &ForwardCache, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Gradients {
        let n_samples = y.nrows() as f64;
        let da2 = (cache.a2.clone() - y) * (2.0 / n_samples);
        let dz2 = da2 * Activation::Sigmoid.derivative(&cache.z2);
        let da1 = dz2.dot(&self.w2.t());
        let dz1 = da1 * self.hidden.derivative(&cache.z1);
        Gradients {
            w1: x.t().dot(&dz1),
            b1: dz1.sum_axis(Axis(0)),
            w2: cache.a1.t().dot(&dz2),
            b2: dz2.sum_axis(Axis(0)),
        }
    }

    /// One step of gradient descent: every parameter moves against its own slope.
    pub fn step(&mut self, gradients: &Gradients, learning_rate: f64) {
        self.w1.scaled_add(-learning_rate, &gradients.w1);
        self.b1.scaled_add(-learning_rate, &gradients.b1);
        self.w2.scaled_add(-learning_rate, &gradients.w2);
        self.b2.scaled_add(-learning_rate, &gradients.b2);
    }

    /// Takes `epochs` steps, each on all samples at once, and returns the loss before each of them.
    ///
    /// The forward pass that a step needs yields its loss, too. The loss after the last step is not in the list: it
    /// would take one more pass.
    pub fn train(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, epochs: usize, learning_rate: f64) -> Vec<f64> {
        let mut losses = Vec::new();
        for _ in 0..epochs {
            let cache = self.forward(x);
            losses.push(mean_squared_error(&cache.a2, y));
            let gradients = self.gradients(&cache, x, y);
            self.step(&gradients, learning_rate);
        }
        losses
    }

    /// Whether two hidden neurons are twins: the same incoming weights, the same bias, the same outgoing weight, all of
    /// them exactly.
    ///
    /// Twins compute the same, and the same is passed back to them, so every step moves them alike: they stay twins,
    /// and the network never has the use of the second one. A difference in any of the three is enough to part them.
    pub fn has_symmetry(&self) -> bool {
        let twins = |j: usize, k: usize| {
            self.w1.column(j) == self.w1.column(k) && self.b1[j] == self.b1[k] && self.w2[[j, 0]] == self.w2[[k, 0]]
        };
        let n_hidden = self.b1.len();
        (0..n_hidden).any(|j| (j + 1..n_hidden).any(|k| twins(j, k)))
    }

    /// An untrained network for two inputs: all weights drawn from a normal distribution with mean 0 and standard
    /// deviation 1, biases of 0.
    ///
    /// The weights have to differ, or the hidden neurons would be twins. The biases need not.
    pub fn new(n_hidden: usize, hidden: Activation, rng: &mut impl Rng) -> Self {
        let mut normal = |shape: (usize, usize)| Array2::from_shape_simple_fn(shape, || StandardNormal.sample(rng));
        Self::from_parts(
            normal((2, n_hidden)),
            Array1::zeros(n_hidden),
            normal((n_hidden, 1)),
            Array1::zeros(1),
            hidden,
        )
    }
}

fn mean_squared_error(a2: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
    a2.iter().zip(y).map(|(a2, y)| (a2 - y).powi(2)).sum::<f64>() / y.len() as f64
}

/// A network that decides, for `n_inputs` inputs of 0 or 1, whether an odd number of them are 1: its predictions are
/// above 0.9 if so, and below 0.1 if not. XOR is the case of two inputs.
///
/// One switch per step of the sum: switch j is on where at least j + 1 inputs are. Their outgoing weights take turns,
/// plus and minus, so every further input turns the answer over (Rumelhart, Hinton & Williams 1986).
pub fn hand_made_parity(n_inputs: usize) -> XorNet {
    XorNet::from_parts(
        Array2::from_elem((n_inputs, n_inputs), 20.0),
        Array1::from_shape_fn(n_inputs, |j| -20.0 * (j as f64 + 0.5)),
        Array2::from_shape_fn((n_inputs, 1), |(j, _)| if j % 2 == 0 { 20.0 } else { -20.0 }),
        array![-10.0],
        Activation::Sigmoid,
    )
}
