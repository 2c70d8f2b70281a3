//! Exercise 5: backpropagation by hand, for one neuron and for two layers.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 5` as often as you like.

use ndarray::{Array1, Array2, ArrayRef1};

/// `y = (a·x + b)²` and its slope `dy/dx`, in this order.
pub fn chain_rule_example(a: f64, b: f64, x: f64) -> (f64, f64) {
    todo!()
}

/// The slope of `f` at `x`, measured with a step of width `h` on each side: `(f(x + h) - f(x - h)) / 2h`.
pub fn central_difference(f: impl Fn(f64) -> f64, x: f64, h: f64) -> f64 {
    todo!()
}

/// The slopes of `f(w, b)` along `w` and along `b`, in this order, each measured with [`central_difference`].
///
/// A *partial* derivative keeps all other variables constant: while `w` changes, `b` stays the same, and the other way
/// round.
pub fn partial_derivatives(f: impl Fn(f64, f64) -> f64, w: f64, b: f64, h: f64) -> (f64, f64) {
    todo!()
}

/// The results of one neuron for one sample, and the slopes of its loss, from the loss backwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NeuronGrad {
    /// The pre-activation `w·x + b`.
    pub z: f64,
    /// The prediction: the activation of `z`.
    pub y_hat: f64,
    /// The squared error `(ŷ - y)²`.
    pub loss: f64,
    /// `dL/dŷ`: by how much the loss grows per unit of the prediction.
    pub dl_dy_hat: f64,
    /// `dL/dz`: the same for the pre-activation.
    pub dl_dz: f64,
    /// `dL/dw`.
    pub dl_dw: f64,
    /// `dL/db`.
    pub dl_db: f64,
}

/// A neuron without an activation, `ŷ = w·x + b`, and its squared error `(ŷ - y)²`, where `y` is the target.
pub fn linear_neuron_grad(x: f64, w: f64, b: f64, y: f64) -> NeuronGrad {
    todo!()
}

/// A neuron with ReLU, `ŷ = max(0, w·x + b)`, and its squared error `(ŷ - y)²`.
///
/// At the kink, `z = 0`, this course takes 0 for the slope of ReLU.
pub fn relu_neuron_grad(x: f64, w: f64, b: f64, y: f64) -> NeuronGrad {
    todo!()
}

/// The output of a sigmoid neuron, and its slopes with respect to `w`, `b` and `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SigmoidPartials {
    /// The output `σ(w·x + b)`.
    pub y: f64,
    /// `∂y/∂w`.
    pub dy_dw: f64,
    /// `∂y/∂b`.
    pub dy_db: f64,
    /// `∂y/∂x`.
    pub dy_dx: f64,
}

/// The partial derivatives of `y = σ(w·x + b)`. There is no loss here, only a neuron.
pub fn sigmoid_neuron_partials(x: f64, w: f64, b: f64) -> SigmoidPartials {
    todo!()
}

/// One step of gradient descent: the new `w` and the new `b`, in this order.
pub fn gd_step(w: f64, b: f64, grad: &NeuronGrad, learning_rate: f64) -> (f64, f64) {
    todo!()
}

/// The learning rate at which a step does not change the loss of a linear neuron.
///
/// `x` is the input of the neuron; `w`, `b` and the target make no difference. With a larger rate the loss grows.
pub fn critical_learning_rate(x: f64) -> f64 {
    todo!()
}

/// The parameters of two layers: hidden sigmoid neurons, and one sigmoid output neuron whose inputs are their
/// activations.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoLayerParams {
    /// Shape (n_in, n_hidden): column j holds the weights of hidden neuron j.
    pub w1: Array2<f64>,
    /// Shape (n_hidden): one bias per hidden neuron.
    pub b1: Array1<f64>,
    /// Shape (n_hidden): the weights of the output neuron.
    pub w2: Array1<f64>,
    /// The bias of the output neuron.
    pub b2: f64,
}

impl TwoLayerParams {
    /// The given parameters. This one is complete.
    ///
    /// # Panics
    ///
    /// If the numbers of hidden neurons do not agree.
    pub fn from_parts(w1: Array2<f64>, b1: Array1<f64>, w2: Array1<f64>, b2: f64) -> Self {
        assert_eq!(w1.ncols(), b1.len(), "every column of w1 (a hidden neuron) needs one bias");
        assert_eq!(w1.ncols(), w2.len(), "the output neuron needs one weight per hidden neuron");
        Self { w1, b1, w2, b2 }
    }
}

/// All the results of a forward and a backward pass through two layers, for one sample.
///
/// `l` is the loss, a slope `dl_da2` is `∂L/∂a2`, and a `delta` is the slope of the loss at a pre-activation.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoLayerTrace {
    /// Pre-activations of the hidden layer; shape (n_hidden).
    pub z1: Array1<f64>,
    /// Activations of the hidden layer; shape (n_hidden).
    pub a1: Array1<f64>,
    /// Pre-activation of the output neuron.
    pub z2: f64,
    /// The prediction: the activation of the output neuron.
    pub a2: f64,
    /// The squared error `(a2 - y)²`.
    pub loss: f64,
    /// `∂L/∂a2`.
    pub dl_da2: f64,
    /// `∂a2/∂z2`: the slope of the output neuron's sigmoid.
    pub da2_dz2: f64,
    /// `δ2 = ∂L/∂z2`.
    pub delta2: f64,
    /// `∂L/∂W2`; shape (n_hidden), as `w2`.
    pub dl_dw2: Array1<f64>,
    /// `∂L/∂b2`.
    pub dl_db2: f64,
    /// `∂L/∂a1`: the slopes that the output neuron passes back; shape (n_hidden).
    pub dl_da1: Array1<f64>,
    /// `∂a1/∂z1`: the slopes of the hidden sigmoids; shape (n_hidden).
    pub da1_dz1: Array1<f64>,
    /// `δ1 = ∂L/∂z1`; shape (n_hidden).
    pub delta1: Array1<f64>,
    /// `∂L/∂W1`; shape (n_in, n_hidden), as `w1`.
    pub dl_dw1: Array2<f64>,
    /// `∂L/∂b1`; shape (n_hidden), as `b1`.
    pub dl_db1: Array1<f64>,
}

/// One step of gradient descent on one sample: the trace of all results, and the new parameters.
///
/// `x` has shape (n_in); n_in and n_hidden may be any numbers. The network predicts one number, and its loss is
/// `(a2 - y)²`. All slopes belong to the parameters before the step.
pub fn two_layer_step(
    x: &ArrayRef1<f64>,
    y: f64,
    params: &TwoLayerParams,
    learning_rate: f64,
) -> (TwoLayerTrace, TwoLayerParams) {
    todo!()
}

/// The trace as text, one line for each of its fifteen parts, in the order of the fields:
///
/// ```text
/// z1 = [0.220000, 0.490000]
/// a1 = [0.554779, 0.620106]
/// z2 = 0.679453
/// a2 = …
/// loss = …
/// dL/da2 = …
/// da2/dz2 = …
/// delta2 = …
/// dL/dW2 = […, …]
/// dL/db2 = …
/// dL/da1 = […, …]
/// da1/dz1 = […, …]
/// delta1 = […, …]
/// dL/dW1 = [[…, …], […, …]]
/// dL/db1 = […, …]
/// ```
///
/// - A line is a name, ` = ` and a value. Whether a line break follows the last line does not matter.
/// - A number is rounded to six decimals, all of which are shown, as with `{:.6}`.
/// - A number that rounds to zero is `0.000000`, without a sign: never `-0.000000`.
/// - A row is in brackets, its numbers separated by `, `; the matrix is a row of its rows, on one line.
pub fn trace_report(trace: &TwoLayerTrace) -> String {
    todo!()
}
