//! Exercise 12: six optimisers, and functions to try them on.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 12` as often as you like.

use engine::{Loss, Parameter, Sequential};
use ndarray::{Array1, Array2, ArrayD, ArrayRef1, ArrayRef2};

/// An update rule: how parameters change, given their gradients. This trait is complete.
pub trait Optimizer {
    /// Changes the value of every parameter once, by its gradient.
    ///
    /// Most optimisers remember something about each parameter. They recognise a parameter by its place in
    /// `parameters`, so the order has to be the same at every step.
    fn step(&mut self, parameters: &mut [Parameter<'_>]);

    /// Every step from now on uses this learning rate. What the optimiser remembers does not change.
    fn set_learning_rate(&mut self, learning_rate: f64);
}

/// Gradient descent: `θ ← θ - lr · g` (Robbins & Monro 1951, "A Stochastic Approximation Method").
#[derive(Clone, Debug)]
pub struct Sgd {
    learning_rate: f64,
}

impl Sgd {
    /// Gradient descent with this learning rate. This one is complete.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate }
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        todo!()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Rosenbrock's valley: `f(x, y) = (1 - x)² + 100 (y - x²)²`, for `point` = (x, y) (Rosenbrock 1960, "An Automatic
/// Method for Finding the Greatest or Least Value of a Function").
pub fn rosenbrock(point: &ArrayRef1<f64>) -> f64 {
    todo!()
}

/// The gradient of [`rosenbrock`]: its slopes along x and along y.
pub fn rosenbrock_grad(point: &ArrayRef1<f64>) -> Array1<f64> {
    todo!()
}

/// The path that `optimizer` takes from `start`: shape (n_steps + 1, n), with a row for the start and one for each
/// step.
///
/// `start` is a point of any number of coordinates, n, and `gradient` returns the slopes at a point, one for each
/// coordinate. The point is the optimiser's only parameter.
pub fn trajectory(
    optimizer: &mut dyn Optimizer,
    gradient: impl Fn(&ArrayRef1<f64>) -> Array1<f64>,
    start: &ArrayRef1<f64>,
    n_steps: usize,
) -> Array2<f64> {
    todo!()
}

/// Momentum, the heavy-ball method: `v ← β · v + g`, then `θ ← θ - lr · v`; `v` starts at 0 (Polyak 1964, "Some Methods
/// of Speeding up the Convergence of Iteration Methods").
#[derive(Clone, Debug)]
pub struct Momentum {
    learning_rate: f64,
    beta: f64,
    /// `v` of each parameter, in its shape; empty before the first step, because the shapes are not known until then.
    velocities: Vec<ArrayD<f64>>,
}

impl Momentum {
    /// The optimiser before its first step. This one is complete.
    pub fn new(learning_rate: f64, beta: f64) -> Self {
        Self { learning_rate, beta, velocities: Vec::new() }
    }
}

impl Optimizer for Momentum {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        todo!()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Momentum that looks ahead: `v ← β · v + g`, then `θ ← θ - lr · (g + β · v)` (Nesterov 1983, "A Method for Solving
/// the Convex Programming Problem with Convergence Rate O(1/k²)", in PyTorch's form).
#[derive(Clone, Debug)]
pub struct Nesterov {
    learning_rate: f64,
    beta: f64,
    // What does it have to remember from step to step? Put a field for it here, and its start into `new`.
}

impl Nesterov {
    /// The optimiser before its first step.
    pub fn new(learning_rate: f64, beta: f64) -> Self {
        Self { learning_rate, beta }
    }
}

impl Optimizer for Nesterov {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        todo!()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Divides the gradient by its usual size: `s ← α · s + (1 - α) · g²`, then `θ ← θ - lr · g / (√s + ε)`; `s` starts at
/// 0 (Tieleman & Hinton 2012, "Neural Networks for Machine Learning", lecture 6.5).
#[derive(Clone, Debug)]
pub struct RmsProp {
    learning_rate: f64,
    alpha: f64,
    epsilon: f64,
    // What does it have to remember from step to step?
}

impl RmsProp {
    /// The optimiser before its first step.
    pub fn new(learning_rate: f64, alpha: f64, epsilon: f64) -> Self {
        Self { learning_rate, alpha, epsilon }
    }
}

impl Optimizer for RmsProp {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        todo!()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Momentum, divided by the usual size of the gradient (Kingma & Ba 2015, "Adam: A Method for Stochastic Optimization",
/// algorithm 1):
///
/// ```text
/// m ← β₁ · m + (1 - β₁) · g        m̂ = m / (1 - β₁ᵗ)
/// v ← β₂ · v + (1 - β₂) · g²       v̂ = v / (1 - β₂ᵗ)
/// θ ← θ - lr · m̂ / (√v̂ + ε)
/// ```
///
/// `m` and `v` start at 0, and t is 1 at the first step.
#[derive(Clone, Debug)]
pub struct Adam {
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    // What does it have to remember from step to step?
}

impl Adam {
    /// The optimiser before its first step; `betas` are β₁ and β₂.
    pub fn new(learning_rate: f64, betas: [f64; 2], epsilon: f64) -> Self {
        Self { learning_rate, betas, epsilon }
    }
}

impl Optimizer for Adam {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        todo!()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Adam with weight decay: `θ ← θ - lr · λ · θ`, then a step of [`Adam`] (Loshchilov & Hutter 2019, "Decoupled Weight
/// Decay Regularization", with λ multiplied by the learning rate, as in PyTorch).
#[derive(Clone, Debug)]
pub struct AdamW {
    adam: Adam,
    weight_decay: f64,
}

impl AdamW {
    /// The optimiser before its first step; `betas` are β₁ and β₂, and `weight_decay` is λ. This one is complete.
    pub fn new(learning_rate: f64, betas: [f64; 2], epsilon: f64, weight_decay: f64) -> Self {
        Self { adam: Adam::new(learning_rate, betas, epsilon), weight_decay }
    }
}

impl Optimizer for AdamW {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        todo!()
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.adam.set_learning_rate(learning_rate);
    }
}

/// Trains `net` on all samples at once, `n_steps` times: forward, loss, backward, step. Returns the loss before each
/// step.
///
/// `x` has shape (n_samples, n_in) and `y` the shape of the network's output. It works with any update rule: any type
/// that implements [`Optimizer`] can be passed.
pub fn train(
    net: &mut Sequential,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    loss: &dyn Loss,
    optimizer: &mut dyn Optimizer,
    n_steps: usize,
) -> Vec<f64> {
    todo!()
}
