//! Exercise 11, solved: a gradient checker for any function and any network, and its limits.
//!
//! Backpropagation is quick and easily got wrong; measuring is slow and hard to get wrong. Where both agree, two
//! computations that have nothing in common would have to be wrong in the same way. Three things still fool a check: a
//! step that is too large or too small, a kink between the two points of a measurement, and a gradient of zeros.

use engine::{Loss, Sequential};
use ndarray::{Array1, ArrayD, ArrayRef1, ArrayRef2, Dimension};

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
/// Every point at which `f` is called differs from `theta` in one entry, and agrees with it bit for bit in all others:
/// the entry gets back the number that it had. Adding `eps` again would not do, because it rounds.
pub fn numerical_gradient(mut f: impl FnMut(&ArrayRef1<f64>) -> f64, theta: &ArrayRef1<f64>, eps: f64) -> Array1<f64> {
    let mut point = theta.to_owned();
    let slope_along = |i: usize| {
        point[i] = theta[i] + eps;
        let right = f(&point);
        point[i] = theta[i] - eps;
        let left = f(&point);
        point[i] = theta[i];
        (right - left) / (2.0 * eps)
    };
    (0..theta.len()).map(slope_along).collect()
}

/// How far apart `a` and `b`, of the same length, are, relative to their size: `‖a - b‖ / (‖a‖ + ‖b‖)`.
///
/// `‖·‖` is the Euclidean norm, the square root of the sum of squares. The result is between 0, for what is equal, and
/// 1, for what is opposite or 0 on one side alone; it stays what it is if both are multiplied by the same number. Two
/// gradients of zeros are equal, so 0 / 0 is 0 here. NaN in, NaN out.
pub fn relative_error(a: &ArrayRef1<f64>, b: &ArrayRef1<f64>) -> f64 {
    let size = norm(a) + norm(b);
    if size == 0.0 { 0.0 } else { norm(&(a - b)) / size }
}

/// `√Σ v²`: for arrays with any number of axes.
fn norm<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().map(|value| value * value).sum::<f64>().sqrt()
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
/// A point has to be chosen, and a special one hides mistakes: at 0 a lost factor of θ² is 0 as well, and at 1 all
/// powers of θ are alike. So the entries are of all sizes and both signs, and no two are equal.
pub fn find_wrong(candidates: &[Candidate]) -> Vec<usize> {
    let is_right = |candidate: &Candidate| {
        let theta = Array1::from_shape_fn(candidate.n_inputs, |i| (1.0 + 2.0 * i as f64).sin());
        let measured = numerical_gradient(&candidate.function, &theta, 1e-5);
        relative_error(&(candidate.gradient)(&theta), &measured) < TOLERANCE
    };
    // "Not right" and not "too far off": NaN fails every comparison, and has to count as wrong.
    (0..candidates.len()).filter(|&i| !is_right(&candidates[i])).collect()
}

/// How many of the pre-activations `z` lie within `eps` of ReLU's kink: `|z| <= eps`.
///
/// Where the two points of a measurement lie on different sides of a kink, they measure a slope between the two that
/// ReLU has, and a gradient that is right looks wrong. A parameter that moves by eps moves a pre-activation of the
/// first layer by eps times the input that it is multiplied with.
pub fn near_kink(z: &ArrayRef2<f64>, eps: f64) -> usize {
    z.iter().filter(|z| z.abs() <= eps).count()
}

/// The Euclidean norm of the gradient of every parameter tensor, in the order of
/// [`parameters`](Sequential::parameters), after the last backward pass.
///
/// During a training they tell whether the gradient gets through: norms that shrink from the last layer to the first
/// vanish, norms of 0 are dead.
pub fn gradient_norms(net: &mut Sequential) -> Vec<f64> {
    net.parameters().iter().map(|parameter| norm(&parameter.gradient)).collect()
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
    /// The [`relative_error`] of the two gradients.
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
        let differences = (&self.computed - &self.measured).mapv(f64::abs);
        let (index, difference) = differences
            .indexed_iter()
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .expect("a parameter tensor has entries");
        (*difference, index.slice().to_vec())
    }

    /// The verdict on the two gradients, if `n_near_kink` pre-activations are close to a kink: the first of these that
    /// is true.
    ///
    /// 1. [`Vacuous`](Verdict::Vacuous): the norms of both gradients are below [`NOISE`].
    /// 2. [`Right`](Verdict::Right): the relative error is below [`TOLERANCE`].
    /// 3. [`Kink`](Verdict::Kink): `n_near_kink` is not 0.
    /// 4. [`Wrong`](Verdict::Wrong): everything else, including NaN.
    ///
    /// Zeros agree with zeros whatever the backward pass does, so that has to be asked first.
    pub fn verdict(&self, n_near_kink: usize) -> Verdict {
        if norm(&self.computed) < NOISE && norm(&self.measured) < NOISE {
            Verdict::Vacuous
        } else if self.relative_error() < TOLERANCE {
            Verdict::Right
        } else if n_near_kink > 0 {
            Verdict::Kink
        } else {
            Verdict::Wrong
        }
    }
}

/// Checks the backward pass of `net`: one [`TensorCheck`] for every parameter tensor, weights and biases alike, in the
/// order of [`parameters`](Sequential::parameters).
///
/// `x` (n, n_in) and `y` (n, n_out) are a batch; `loss` compares what the network makes of `x` with `y`. Every
/// parameter is left bit for bit as it was.
///
/// The gradients are computed before any parameter moves, in a forward and a backward pass of this batch: a layer keeps
/// what its last forward pass saw, so that a backward pass after a measurement would belong to moved parameters.
pub fn check_network(
    net: &mut Sequential,
    loss: &dyn Loss,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    eps: f64,
) -> Vec<TensorCheck> {
    let output = net.forward(x);
    net.backward(&loss.gradient(&output, y));
    let computed: Vec<ArrayD<f64>> = net.parameters().iter().map(|parameter| parameter.gradient.to_owned()).collect();

    let check = |(tensor, computed): (usize, ArrayD<f64>)| {
        let theta = net.parameters()[tensor].value.flatten().into_owned();
        let loss_at = |theta: &ArrayRef1<f64>| {
            set_tensor(net, tensor, theta);
            loss.value(&net.forward(x), y)
        };
        let measured = numerical_gradient(loss_at, &theta, eps);
        set_tensor(net, tensor, &theta);
        let measured = measured.into_shape_with_order(computed.raw_dim()).expect("as many entries as the tensor has");
        TensorCheck { computed, measured }
    };
    computed.into_iter().enumerate().map(check).collect()
}

/// Puts `values`, row after row, into a parameter tensor.
fn set_tensor(net: &mut Sequential, tensor: usize, values: &ArrayRef1<f64>) {
    for (parameter, value) in net.parameters()[tensor].value.iter_mut().zip(values) {
        *parameter = *value;
    }
}

/// The slope of `f` at `theta` along `direction`, measured: `(f(theta + eps·direction) - f(theta - eps·direction)) /
/// (2 eps)`.
///
/// All parameters change at once, so two calls of `f` check a gradient of any length: its dot product with the
/// direction has to equal this number. A random direction misses a wrong entry only by chance.
pub fn directional_derivative(
    mut f: impl FnMut(&ArrayRef1<f64>) -> f64,
    theta: &ArrayRef1<f64>,
    direction: &ArrayRef1<f64>,
    eps: f64,
) -> f64 {
    let step = eps * direction;
    (f(&(theta + &*step)) - f(&(theta - &*step))) / (2.0 * eps)
}
