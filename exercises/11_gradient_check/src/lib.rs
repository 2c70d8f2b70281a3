//! Exercise 11: a gradient checker for any function and any network, and its limits.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 11` as often as you like.

use engine::{Loss, Sequential};
use ndarray::{Array1, ArrayD, ArrayRef1, ArrayRef2};

/// Two gradients agree if their relative error is below this. It is far above the errors of a measurement with a step
/// near 1e-5, and far below the errors that a wrong formula causes.
pub const TOLERANCE: f64 = 1e-6;

/// The rounding error in a measured gradient: a gradient whose norm is below this is too small to be measured.
///
/// A loss near 1 is accurate to about 1e-16. Divided by a step of 1e-5, that is 1e-11 for each entry.
pub const NOISE: f64 = 1e-9;

/// The gradient of `f` at `theta`, measured: entry i is `(f(theta + eps·e_i) - f(theta - eps·e_i)) / (2 eps)`, where
/// `e_i` is 1 at i and 0 elsewhere.
///
/// Every point at which `f` is called differs from `theta` in one entry; all other entries are the same, bit for bit.
pub fn numerical_gradient(mut f: impl FnMut(&ArrayRef1<f64>) -> f64, theta: &ArrayRef1<f64>, eps: f64) -> Array1<f64> {
    todo!()
}

/// How far apart `a` and `b`, of the same length, are, relative to their size: `‖a - b‖ / (‖a‖ + ‖b‖)`.
///
/// `‖·‖` is the Euclidean norm, the square root of the sum of squares. Two gradients of zeros are equal, so 0 / 0 is 0
/// here. NaN in, NaN out.
pub fn relative_error(a: &ArrayRef1<f64>, b: &ArrayRef1<f64>) -> f64 {
    todo!()
}

/// A function of many numbers.
pub type Function = dyn Fn(&ArrayRef1<f64>) -> f64;

/// A gradient: a slope for each of these numbers.
pub type Gradient = dyn Fn(&ArrayRef1<f64>) -> Array1<f64>;

/// A function, and a claim about its gradient.
pub struct Candidate {
    /// How many numbers the function takes.
    pub n_inputs: usize,
    /// The function itself.
    pub function: Box<Function>,
    /// The claim, which is right everywhere or wrong nearly everywhere.
    pub gradient: Box<Gradient>,
}

/// The indices of the candidates whose claimed gradient is wrong, in ascending order.
///
/// Two gradients agree if their [`relative_error`] is below [`TOLERANCE`]. You choose the point at which to compare
/// them: "nearly everywhere" is not everywhere.
pub fn find_wrong(candidates: &[Candidate]) -> Vec<usize> {
    todo!()
}

/// How many of the pre-activations `z` lie within `eps` of ReLU's kink: `|z| <= eps`.
pub fn near_kink(z: &ArrayRef2<f64>, eps: f64) -> usize {
    todo!()
}

/// The Euclidean norm of the gradient of every parameter tensor, in the order of
/// [`parameters`](Sequential::parameters), after the last backward pass.
pub fn gradient_norms(net: &mut Sequential) -> Vec<f64> {
    todo!()
}

/// Both gradients of one parameter tensor, each in its shape.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorCheck {
    /// By backpropagation.
    pub computed: ArrayD<f64>,
    /// By changing one parameter at a time.
    pub measured: ArrayD<f64>,
}

/// What a [`TensorCheck`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// There is nothing to compare: both gradients are too small to be measured.
    Vacuous,
    /// Both agree.
    Right,
    /// They differ, but a kink is close enough to be the reason: check again at another point.
    Kink,
    /// They differ, and no kink is near.
    Wrong,
}

impl TensorCheck {
    /// The [`relative_error`] of the two gradients. This one is complete.
    pub fn relative_error(&self) -> f64 {
        relative_error(&self.computed.flatten(), &self.measured.flatten())
    }

    /// The largest absolute difference between corresponding entries, and the index of these entries: `[row, column]`
    /// in a matrix.
    ///
    /// # Panics
    ///
    /// If there are no entries.
    pub fn largest_difference(&self) -> (f64, Vec<usize>) {
        todo!()
    }

    /// The verdict on the two gradients, if `n_near_kink` pre-activations are close to a kink: the first of these that
    /// is true.
    ///
    /// 1. [`Vacuous`](Verdict::Vacuous): the norms of both gradients are below [`NOISE`].
    /// 2. [`Right`](Verdict::Right): the relative error is below [`TOLERANCE`].
    /// 3. [`Kink`](Verdict::Kink): `n_near_kink` is not 0.
    /// 4. [`Wrong`](Verdict::Wrong): everything else, including NaN.
    pub fn verdict(&self, n_near_kink: usize) -> Verdict {
        todo!()
    }
}

/// Checks the backward pass of `net`: one [`TensorCheck`] for every parameter tensor, weights and biases alike, in the
/// order of [`parameters`](Sequential::parameters).
///
/// `x` (n, n_in) and `y` (n, n_out) are a batch; `loss` compares the network's output for `x` with `y`. Both gradients
/// are those of this batch at the given parameters of the network, and afterwards every parameter is the same as
/// before, bit for bit.
pub fn check_network(
    net: &mut Sequential,
    loss: &dyn Loss,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    eps: f64,
) -> Vec<TensorCheck> {
    todo!()
}

/// Bonus. The slope of `f` at `theta` along `direction`, measured: `(f(theta + eps·direction) - f(theta -
/// eps·direction)) / (2 eps)`.
///
/// All parameters change at once, so two calls of `f` check a gradient of any length: its dot product with the
/// direction has to equal this number.
pub fn directional_derivative(
    mut f: impl FnMut(&ArrayRef1<f64>) -> f64,
    theta: &ArrayRef1<f64>,
    direction: &ArrayRef1<f64>,
    eps: f64,
) -> f64 {
    todo!()
}
