//! Exercise 2: the activation functions, and their slopes, which learning needs.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 2` as often as you like.
//!
//! `z` is always the *pre-activation*, the weighted sum that a neuron has computed, also in the derivatives: they are
//! slopes at `z`, not at the activation.

use ndarray::{Array1, ArrayRef1};

/// The rectified linear unit: `z` where `z` is positive, 0 elsewhere (Nair and Hinton 2010).
///
/// NaN stays NaN, so that an earlier error remains visible.
pub fn relu(z: f64) -> f64 {
    todo!()
}

/// The slope of [`relu`] at `z`. At the kink, where `z` is 0, this course takes 0.
pub fn relu_derivative(z: f64) -> f64 {
    todo!()
}

/// ReLU with a leak: `z` where `z` is positive, `alpha · z` elsewhere (Maas, Hannun and Ng 2013).
///
/// `alpha` may be any positive number, also one above 1.
pub fn leaky_relu(z: f64, alpha: f64) -> f64 {
    todo!()
}

/// The slope of [`leaky_relu`] at `z`. At the kink, where `z` is 0, this course takes `alpha`.
pub fn leaky_relu_derivative(z: f64, alpha: f64) -> f64 {
    todo!()
}

/// The exponential linear unit: `z` where `z` is positive, `alpha · (e^z - 1)` elsewhere (Clevert, Unterthiner and
/// Hochreiter 2015).
///
/// Finite for any finite `z`, and accurate to twelve digits however close `z` is to 0.
pub fn elu(z: f64, alpha: f64) -> f64 {
    todo!()
}

/// The slope of [`elu`] at `z`. Where `z` is 0 it is `alpha`, the slope of the left branch.
///
/// Finite for any finite `z`.
pub fn elu_derivative(z: f64, alpha: f64) -> f64 {
    todo!()
}

/// [`elu`] of every entry of `z`; a new array of the same length.
///
/// `z` may be any one-dimensional array. It may also be a view of a matrix column, whose entries are not contiguous in
/// memory.
pub fn elu_array(z: &ArrayRef1<f64>, alpha: f64) -> Array1<f64> {
    todo!()
}

/// [`elu_derivative`] at every entry of the pre-activations `z`; a new array of the same length.
pub fn elu_derivative_array(z: &ArrayRef1<f64>, alpha: f64) -> Array1<f64> {
    todo!()
}

/// The sigmoid, or logistic function: `1 / (1 + e^-z)`, between 0 and 1. Never NaN for a finite `z`.
pub fn sigmoid(z: f64) -> f64 {
    todo!()
}

/// The slope of [`sigmoid`] at the pre-activation `z`: `σ(z) · (1 - σ(z))`.
///
/// Accurate to twelve digits even where the sigmoid itself rounds to 1, as for `z = 40`. Never NaN for a finite `z`.
pub fn sigmoid_derivative(z: f64) -> f64 {
    todo!()
}

/// The slope of the hyperbolic tangent `z.tanh()` at the pre-activation `z`: `1 - tanh(z)²`.
pub fn tanh_derivative(z: f64) -> f64 {
    todo!()
}

/// An activation function with its parameter, where it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// 1 where `z` is at least 0, 0 elsewhere: the neuron of exercise 1. Its slope counts as 0 everywhere.
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
        todo!()
    }

    /// The slope of [`apply`](Self::apply) at the pre-activation `z`.
    pub fn derivative(self, z: f64) -> f64 {
        todo!()
    }
}

/// Bonus: `z · σ(beta · z)` (Ramachandran, Zoph and Le 2017). With `beta = 1` it is also called SiLU.
pub fn swish(z: f64, beta: f64) -> f64 {
    todo!()
}

/// Bonus: the slope of [`swish`] at `z`, by the product rule.
pub fn swish_derivative(z: f64, beta: f64) -> f64 {
    todo!()
}

/// Bonus: the Gaussian error linear unit in its tanh form, `z/2 · (1 + tanh(sqrt(2/π) · (z + 0.044715 · z³)))`
/// (Hendrycks and Gimpel 2016).
pub fn gelu(z: f64) -> f64 {
    todo!()
}

/// Bonus: `z · tanh(ln(1 + e^z))` (Misra 2019). Never NaN for a finite `z`.
pub fn mish(z: f64) -> f64 {
    todo!()
}
