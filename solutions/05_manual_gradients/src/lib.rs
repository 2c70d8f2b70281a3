//! Exercise 5, solved: backpropagation by hand, for one neuron and for two layers.
//!
//! A loss depends on a weight through a chain of small steps, and each step has a slope of its own. The chain rule
//! multiplies them. Every function here goes through its chain twice: forwards, to know where it is, and backwards,
//! from the loss to the parameters. Measured slopes ([`central_difference`]) know nothing of that and have to agree.

use std::fmt::Write;

use ndarray::{Array1, Array2, ArrayRef1};

/// `y = (a·x + b)²` and its slope `dy/dx`, in this order.
///
/// With `u = a·x + b` the chain has two links: `dy/du = 2u` and `du/dx = a`. The outer slope is taken where the inner
/// function has arrived, at `u`, not at `x`.
pub fn chain_rule_example(a: f64, b: f64, x: f64) -> (f64, f64) {
    let u = a * x + b;
    (u * u, 2.0 * u * a)
}

/// The slope of `f` at `x`, measured: `(f(x + h) - f(x - h)) / 2h`.
///
/// The error shrinks with `h²`, because what bends to the left and to the right of `x` cancels; with a step to one side
/// only it shrinks with `h`. Below an `h` of about 1e-5 rounding takes over: the two values agree in nearly all digits,
/// and their difference consists of the rest.
pub fn central_difference(f: impl Fn(f64) -> f64, x: f64, h: f64) -> f64 {
    (f(x + h) - f(x - h)) / (2.0 * h)
}

/// The slopes of `f(w, b)` along `w` and along `b`, in this order, each measured with [`central_difference`].
///
/// A *partial* derivative keeps all other variables constant: while `w` changes, `b` stays the same, and the other way
/// round.
pub fn partial_derivatives(f: impl Fn(f64, f64) -> f64, w: f64, b: f64, h: f64) -> (f64, f64) {
    (central_difference(|w| f(w, b), w, h), central_difference(|b| f(w, b), b, h))
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

/// A neuron without an activation, `ŷ = w·x + b`, and its squared error.
///
/// `dL/dŷ = 2(ŷ - y)`: positive where the prediction is too large. Without an activation `ŷ` is `z`, so `dL/dz` is the
/// same number. A unit of `w` moves `z` by `x`, a unit of `b` moves it by 1.
pub fn linear_neuron_grad(x: f64, w: f64, b: f64, y: f64) -> NeuronGrad {
    let z = w * x + b;
    let y_hat = z;
    let dl_dy_hat = 2.0 * (y_hat - y);
    let dl_dz = dl_dy_hat;
    NeuronGrad { z, y_hat, loss: (y_hat - y).powi(2), dl_dy_hat, dl_dz, dl_dw: dl_dz * x, dl_db: dl_dz }
}

/// A neuron with ReLU, `ŷ = max(0, w·x + b)`, and its squared error.
///
/// ReLU has slope 1 where `z` is positive and 0 elsewhere; at the kink, where it has none, this course takes 0. A
/// neuron with a negative `z` is deaf to this sample: however wrong it is, nothing of that reaches `w` and `b`.
pub fn relu_neuron_grad(x: f64, w: f64, b: f64, y: f64) -> NeuronGrad {
    let z = w * x + b;
    let y_hat = z.max(0.0);
    let dl_dy_hat = 2.0 * (y_hat - y);
    let relu_slope = if z > 0.0 { 1.0 } else { 0.0 };
    let dl_dz = dl_dy_hat * relu_slope;
    NeuronGrad { z, y_hat, loss: (y_hat - y).powi(2), dl_dy_hat, dl_dz, dl_dw: dl_dz * x, dl_db: dl_dz }
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

/// The partial derivatives of `y = σ(w·x + b)`.
///
/// All three share the slope of the sigmoid, `σ'(z) = σ(z)(1 - σ(z))`, which is `y(1 - y)`: to know it the output is
/// enough. They differ in what a unit of `w`, `b` or `x` does to `z`.
pub fn sigmoid_neuron_partials(x: f64, w: f64, b: f64) -> SigmoidPartials {
    let y = sigmoid(w * x + b);
    let dy_dz = y * (1.0 - y);
    SigmoidPartials { y, dy_dw: dy_dz * x, dy_db: dy_dz, dy_dx: dy_dz * w }
}

/// One step of gradient descent: the new `w` and the new `b`, in this order.
///
/// A positive slope says that the loss grows with the parameter, so the step goes the other way: against the gradient.
pub fn gd_step(w: f64, b: f64, grad: &NeuronGrad, learning_rate: f64) -> (f64, f64) {
    (w - learning_rate * grad.dl_dw, b - learning_rate * grad.dl_db)
}

/// The learning rate at which a step does not change the loss of a linear neuron.
///
/// With the error `e = ŷ - y` a step moves `w` by `-lr·2e·x` and `b` by `-lr·2e`, hence `ŷ` by `-lr·2e·(x² + 1)`: it
/// multiplies the error by `1 - 2·lr·(x² + 1)`. The loss stays where that is -1, and the error changes sides. At half
/// that rate the factor is 0 and one step is enough; above it every step makes the loss larger.
pub fn critical_learning_rate(x: f64) -> f64 {
    1.0 / (x * x + 1.0)
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
    /// The given parameters.
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
/// `x` has shape (n_in); the network predicts one number, and its loss is `(a2 - y)²`. All slopes belong to the
/// parameters that made the prediction, so nothing is updated before the last slope is known: the error travels back
/// through the *old* `w2` (Rumelhart, Hinton & Williams 1986, "Learning representations by back-propagating errors").
pub fn two_layer_step(
    x: &ArrayRef1<f64>,
    y: f64,
    params: &TwoLayerParams,
    learning_rate: f64,
) -> (TwoLayerTrace, TwoLayerParams) {
    let TwoLayerParams { w1, b1, w2, b2 } = params;

    let z1 = x.dot(w1) + b1;
    let a1 = z1.mapv(sigmoid);
    let z2 = a1.dot(w2) + b2;
    let a2 = sigmoid(z2);
    let loss = (a2 - y).powi(2);

    let dl_da2 = 2.0 * (a2 - y);
    let da2_dz2 = a2 * (1.0 - a2);
    let delta2 = dl_da2 * da2_dz2;
    let dl_dw2 = delta2 * &a1;
    let dl_db2 = delta2;

    let dl_da1 = delta2 * w2;
    let da1_dz1 = a1.mapv(|a| a * (1.0 - a));
    let delta1 = &dl_da1 * &da1_dz1;
    let dl_dw1 = Array2::from_shape_fn(w1.dim(), |(i, j)| x[i] * delta1[j]);
    let dl_db1 = delta1.clone();

    let updated = TwoLayerParams::from_parts(
        w1 - learning_rate * &dl_dw1,
        b1 - learning_rate * &dl_db1,
        w2 - learning_rate * &dl_dw2,
        b2 - learning_rate * dl_db2,
    );
    let trace = TwoLayerTrace {
        z1,
        a1,
        z2,
        a2,
        loss,
        dl_da2,
        da2_dz2,
        delta2,
        dl_dw2,
        dl_db2,
        dl_da1,
        da1_dz1,
        delta1,
        dl_dw1,
        dl_db1,
    };
    (trace, updated)
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
    let lines = [
        ("z1", row(&trace.z1)),
        ("a1", row(&trace.a1)),
        ("z2", number(trace.z2)),
        ("a2", number(trace.a2)),
        ("loss", number(trace.loss)),
        ("dL/da2", number(trace.dl_da2)),
        ("da2/dz2", number(trace.da2_dz2)),
        ("delta2", number(trace.delta2)),
        ("dL/dW2", row(&trace.dl_dw2)),
        ("dL/db2", number(trace.dl_db2)),
        ("dL/da1", row(&trace.dl_da1)),
        ("da1/dz1", row(&trace.da1_dz1)),
        ("delta1", row(&trace.delta1)),
        ("dL/dW1", bracketed(trace.dl_dw1.rows().into_iter().map(|each| row(&each)))),
        ("dL/db1", row(&trace.dl_db1)),
    ];
    let mut report = String::new();
    for (name, value) in lines {
        writeln!(report, "{name} = {value}").expect("a String takes everything");
    }
    report
}

/// `1 / (1 + e^-z)`.
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// Six decimals. The sign goes after the rounding: only then it is known whether anything is left that could have one.
fn number(value: f64) -> String {
    let text = format!("{value:.6}");
    if text == "-0.000000" { "0.000000".to_owned() } else { text }
}

fn row(values: &ArrayRef1<f64>) -> String {
    bracketed(values.iter().copied().map(number))
}

fn bracketed(parts: impl Iterator<Item = String>) -> String {
    format!("[{}]", parts.collect::<Vec<_>>().join(", "))
}
