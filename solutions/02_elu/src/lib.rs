//! Exercise 2, solved: the activation functions, and their slopes, which learning needs.
//!
//! Each function comes with its derivative. `z` is always the *pre-activation*, the weighted sum that a neuron has
//! computed, also in the derivatives: they are slopes at `z`, not at the activation.

use std::f64::consts::PI;

use ndarray::{Array1, ArrayRef1};

/// The rectified linear unit: `z` where `z` is positive, 0 elsewhere (Nair and Hinton 2010).
///
/// NaN stays NaN. The comparison is written so that NaN, which is neither below nor above anything, takes the second
/// branch; `f64::max` would return the other number, and a calculation that has gone wrong would look healthy again.
pub fn relu(z: f64) -> f64 {
    if z < 0.0 { 0.0 } else { z }
}

/// The slope of [`relu`]: 1 where `z` is positive, 0 elsewhere.
///
/// At 0 there is a kink: the slope is 0 on its left and 1 on its right. This course takes 0, as everybody does.
pub fn relu_derivative(z: f64) -> f64 {
    if z > 0.0 { 1.0 } else { 0.0 }
}

/// ReLU with a leak: `z` where `z` is positive, `alpha · z` elsewhere (Maas, Hannun and Ng 2013).
///
/// One finds it as `max(alpha · z, z)`. That is the same only while `alpha` is at most 1.
pub fn leaky_relu(z: f64, alpha: f64) -> f64 {
    if z > 0.0 { z } else { alpha * z }
}

/// The slope of [`leaky_relu`]: 1 where `z` is positive, `alpha` elsewhere, at the kink too.
pub fn leaky_relu_derivative(z: f64, alpha: f64) -> f64 {
    if z > 0.0 { 1.0 } else { alpha }
}

/// The exponential linear unit: `z` where `z` is positive, `alpha · (e^z - 1)` elsewhere (Clevert, Unterthiner and
/// Hochreiter 2015).
///
/// On the left it levels out at `-alpha`. `exp_m1` computes `e^z - 1` in one go: close to 0 the exponential is close to
/// 1, and subtracting 1 from it would leave nothing but its rounding error. On the right no exponential is computed at
/// all, so none can overflow.
pub fn elu(z: f64, alpha: f64) -> f64 {
    if z > 0.0 { z } else { alpha * z.exp_m1() }
}

/// The slope of [`elu`]: 1 where `z` is positive, `alpha · e^z` elsewhere.
///
/// On the left this is `elu(z, alpha) + alpha`, but only there. At 0 it takes the slope of the left branch, `alpha`;
/// the right branch has slope 1, so there is a kink unless `alpha` is 1.
pub fn elu_derivative(z: f64, alpha: f64) -> f64 {
    if z > 0.0 { 1.0 } else { alpha * z.exp() }
}

/// [`elu`] of every entry; a new array of the same length.
///
/// `mapv` walks along whatever it is given, a whole array or every third number of one, and leaves it as it is.
pub fn elu_array(z: &ArrayRef1<f64>, alpha: f64) -> Array1<f64> {
    z.mapv(|z| elu(z, alpha))
}

/// [`elu_derivative`] at every entry of the pre-activations `z`; a new array of the same length.
pub fn elu_derivative_array(z: &ArrayRef1<f64>, alpha: f64) -> Array1<f64> {
    z.mapv(|z| elu_derivative(z, alpha))
}

/// The sigmoid, or logistic function: `1 / (1 + e^-z)`, between 0 and 1.
///
/// For `z = -1000` the exponential overflows, and that is harmless: 1 divided by infinity is 0, which is right to 434
/// decimals. The other way to write it, `e^z / (1 + e^z)`, divides infinity by infinity for `z = 1000`: NaN.
pub fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// The slope of [`sigmoid`]: `σ(z) · (1 - σ(z))`, at most 1/4.
///
/// `1 - σ(z)` is `σ(-z)`. For `z = 40` the sigmoid is so close to 1 that it rounds to it, and `1 - σ(z)` would be 0;
/// `σ(-z)` keeps all its digits.
pub fn sigmoid_derivative(z: f64) -> f64 {
    sigmoid(z) * sigmoid(-z)
}

/// The slope of the hyperbolic tangent `z.tanh()`: `1 - tanh(z)²`, which is `1 / cosh(z)²`; at most 1.
///
/// The second form keeps its digits where tanh rounds to 1. Where cosh overflows, 1 divided by infinity is 0.
pub fn tanh_derivative(z: f64) -> f64 {
    1.0 / z.cosh().powi(2)
}

/// An activation function with its parameter, where it has one.
///
/// It carries numbers, so it can be compared (`PartialEq`) but not be `Eq`: NaN is not equal to itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// 1 where `z` is at least 0, 0 elsewhere: the neuron of exercise 1.
    Step,
    /// `z` itself.
    Linear,
    /// [`relu`].
    Relu,
    /// [`leaky_relu`] with this `alpha`.
    LeakyRelu(f64),
    /// [`elu`] with this `alpha`.
    Elu(f64),
    /// [`sigmoid`].
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// The activation of the pre-activation `z`.
    pub fn apply(self, z: f64) -> f64 {
        match self {
            Self::Step => f64::from(z >= 0.0),
            Self::Linear => z,
            Self::Relu => relu(z),
            Self::LeakyRelu(alpha) => leaky_relu(z, alpha),
            Self::Elu(alpha) => elu(z, alpha),
            Self::Sigmoid => sigmoid(z),
            Self::Tanh => z.tanh(),
        }
    }

    /// The slope of [`apply`](Self::apply) at the pre-activation `z`.
    ///
    /// For the step it is 0 everywhere, also at the jump, where it has none. That is why a network of steps cannot
    /// learn from slopes.
    pub fn derivative(self, z: f64) -> f64 {
        match self {
            Self::Step => 0.0,
            Self::Linear => 1.0,
            Self::Relu => relu_derivative(z),
            Self::LeakyRelu(alpha) => leaky_relu_derivative(z, alpha),
            Self::Elu(alpha) => elu_derivative(z, alpha),
            Self::Sigmoid => sigmoid_derivative(z),
            Self::Tanh => tanh_derivative(z),
        }
    }
}

/// `z · σ(beta · z)` (Ramachandran, Zoph and Le 2017). With `beta = 1` it is also called SiLU.
///
/// A gate that opens by itself: the sigmoid decides how much of `z` passes. With `beta = 0` half of it always does;
/// the larger `beta`, the more it is like ReLU.
pub fn swish(z: f64, beta: f64) -> f64 {
    z * sigmoid(beta * z)
}

/// The slope of [`swish`]: `σ(beta · z) + beta · z · σ'(beta · z)`, by the product rule.
///
/// It is negative left of the minimum: unlike its relatives, swish falls before it rises.
pub fn swish_derivative(z: f64, beta: f64) -> f64 {
    sigmoid(beta * z) + beta * z * sigmoid_derivative(beta * z)
}

/// The Gaussian error linear unit in its tanh form: `z/2 · (1 + tanh(sqrt(2/π) · (z + 0.044715 · z³)))` (Hendrycks and
/// Gimpel 2016).
///
/// The exact one is `z · Φ(z)`, with the distribution function Φ of the normal distribution. That takes the error
/// function, which Rust's standard library does not have. The two are never further apart than 0.0005.
pub fn gelu(z: f64) -> f64 {
    0.5 * z * (1.0 + ((2.0 / PI).sqrt() * (z + 0.044715 * z.powi(3))).tanh())
}

/// `z · tanh(ln(1 + e^z))` (Misra 2019).
///
/// For large `z` the exponential is infinite, and so is its logarithm, but the tanh of infinity is 1: nothing is lost.
pub fn mish(z: f64) -> f64 {
    z * z.exp().ln_1p().tanh()
}
