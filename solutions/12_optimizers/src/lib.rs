//! Exercise 12, solved: six optimisers, and functions to try them on.
//!
//! A gradient says where downhill is, and no more than that. What an optimiser adds is memory: the velocity of the
//! steps so far, or how large the gradients usually are. Every number that is learned has a memory of its own, so an
//! optimiser keeps arrays in the shapes of the parameters. It tells the parameters apart by their place in the list,
//! and all of its formulas go entry by entry.

use engine::{Loss, Parameter, Sequential};
use ndarray::{Array1, Array2, ArrayD, ArrayRef1, ArrayRef2, Zip, array};

/// A rule for a step: how parameters change, given their gradients.
pub trait Optimizer {
    /// Changes the value of every parameter once, by its gradient.
    ///
    /// Most optimisers remember something about each parameter. They recognise a parameter by its place in
    /// `parameters`, so the order has to be the same at every step.
    fn step(&mut self, parameters: &mut [Parameter<'_>]);

    /// Every step from now on uses this learning rate. What the optimiser remembers does not change.
    fn set_learning_rate(&mut self, learning_rate: f64);
}

/// Gradient descent: `θ ← θ - lr · g`.
///
/// It is called *stochastic* because `g` is usually the gradient of a few samples only, an estimate of the one of all
/// (Robbins & Monro 1951, "A Stochastic Approximation Method"). It has no memory.
#[derive(Clone, Debug)]
pub struct Sgd {
    learning_rate: f64,
}

impl Sgd {
    /// Gradient descent with this learning rate.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate }
    }
}

impl Optimizer for Sgd {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        for parameter in parameters {
            parameter.value.scaled_add(-self.learning_rate, &parameter.gradient);
        }
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Rosenbrock's valley: `f(x, y) = (1 - x)² + 100 (y - x²)²`, for `point` = (x, y).
///
/// A parabola of a valley floor, y = x², with steep walls; along the floor it falls gently to 0 at (1, 1) (Rosenbrock
/// 1960, "An Automatic Method for Finding the Greatest or Least Value of a Function").
pub fn rosenbrock(point: &ArrayRef1<f64>) -> f64 {
    let (x, y) = (point[0], point[1]);
    (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
}

/// The gradient of [`rosenbrock`]: its slopes along x and along y.
///
/// With `wall = y - x²` the slopes of `wall` are `-2x` and 1.
pub fn rosenbrock_grad(point: &ArrayRef1<f64>) -> Array1<f64> {
    let (x, y) = (point[0], point[1]);
    let wall = y - x * x;
    array![-2.0 * (1.0 - x) - 400.0 * x * wall, 200.0 * wall]
}

/// The path that `optimizer` takes from `start`: shape (n_steps + 1, n), with a row for the start and one for each
/// step.
///
/// `gradient` is asked again at every point. The point is the only parameter that the optimiser sees.
pub fn trajectory(
    optimizer: &mut dyn Optimizer,
    gradient: impl Fn(&ArrayRef1<f64>) -> Array1<f64>,
    start: &ArrayRef1<f64>,
    n_steps: usize,
) -> Array2<f64> {
    let mut point = start.to_owned();
    let mut path = Array2::zeros((n_steps + 1, start.len()));
    path.row_mut(0).assign(&point);
    for step in 1..=n_steps {
        let slopes = gradient(&point);
        let parameter = Parameter { value: point.view_mut().into_dyn(), gradient: slopes.view().into_dyn() };
        optimizer.step(&mut [parameter]);
        path.row_mut(step).assign(&point);
    }
    path
}

/// Momentum, the heavy-ball method: `v ← β · v + g`, then `θ ← θ - lr · v` (Polyak 1964, "Some Methods of Speeding up
/// the Convergence of Iteration Methods").
///
/// `v` is the sum of all gradients so far, each of them `β` times weaker at every step since. Where they agree it grows
/// to `g / (1 - β)`; where they alternate they cancel.
///
/// Three forms are in use. This one is that of PyTorch and dfdx. With `v ← β · v - lr · g`, `θ ← θ + v` the steps are
/// the same as long as the learning rate is, but old gradients keep the rate of their time. With
/// `v ← β · v + (1 - β) · g` they are 1 - β times as long.
#[derive(Clone, Debug)]
pub struct Momentum {
    learning_rate: f64,
    beta: f64,
    velocities: Vec<ArrayD<f64>>,
}

impl Momentum {
    /// The optimiser before its first step.
    pub fn new(learning_rate: f64, beta: f64) -> Self {
        Self { learning_rate, beta, velocities: Vec::new() }
    }
}

impl Optimizer for Momentum {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        make_room(&mut self.velocities, parameters);
        for (parameter, velocity) in parameters.iter_mut().zip(&mut self.velocities) {
            *velocity *= self.beta;
            *velocity += &parameter.gradient;
            parameter.value.scaled_add(-self.learning_rate, velocity);
        }
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Momentum that looks ahead: `v ← β · v + g`, then `θ ← θ - lr · (g + β · v)`.
///
/// Nesterov (1983, "A Method for Solving the Convex Programming Problem with Convergence Rate O(1/k²)") takes the
/// gradient where the velocity is about to carry the ball, so that it brakes before the slope turns. Written for the
/// point looked ahead to, that needs no second gradient (Bengio et al. 2013, "Advances in Optimizing Recurrent
/// Networks"): the step goes along the velocity as it would be if the same gradient came once more. This is PyTorch's
/// form.
#[derive(Clone, Debug)]
pub struct Nesterov {
    learning_rate: f64,
    beta: f64,
    velocities: Vec<ArrayD<f64>>,
}

impl Nesterov {
    /// The optimiser before its first step.
    pub fn new(learning_rate: f64, beta: f64) -> Self {
        Self { learning_rate, beta, velocities: Vec::new() }
    }
}

impl Optimizer for Nesterov {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        make_room(&mut self.velocities, parameters);
        for (parameter, velocity) in parameters.iter_mut().zip(&mut self.velocities) {
            *velocity *= self.beta;
            *velocity += &parameter.gradient;
            parameter.value.scaled_add(-self.learning_rate, &parameter.gradient);
            parameter.value.scaled_add(-self.learning_rate * self.beta, velocity);
        }
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Divides the gradient by its usual size: `s ← α · s + (1 - α) · g²`, then `θ ← θ - lr · g / (√s + ε)` (Tieleman &
/// Hinton 2012, "Neural Networks for Machine Learning", lecture 6.5).
///
/// `√s` is the root of a mean square, hence the name. Every entry has its own, so steep directions take steps no longer
/// than flat ones. `ε` only keeps a gradient that has always been 0 from dividing 0 by 0. It is added to the root, as
/// PyTorch does it; under the root it would be worth `√ε`, which is far more than small gradients are.
#[derive(Clone, Debug)]
pub struct RmsProp {
    learning_rate: f64,
    alpha: f64,
    epsilon: f64,
    mean_squares: Vec<ArrayD<f64>>,
}

impl RmsProp {
    /// The optimiser before its first step.
    pub fn new(learning_rate: f64, alpha: f64, epsilon: f64) -> Self {
        Self { learning_rate, alpha, epsilon, mean_squares: Vec::new() }
    }
}

impl Optimizer for RmsProp {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        make_room(&mut self.mean_squares, parameters);
        for (parameter, mean_squares) in parameters.iter_mut().zip(&mut self.mean_squares) {
            Zip::from(&mut parameter.value).and(&parameter.gradient).and(mean_squares).for_each(|theta, &g, s| {
                *s = self.alpha * *s + (1.0 - self.alpha) * g * g;
                *theta -= self.learning_rate * g / (s.sqrt() + self.epsilon);
            });
        }
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
/// `m` and `v` are running means of `g` and `g²` that start at 0, where no mean of gradients is. After t steps the
/// weights of all gradients add up to `1 - βᵗ` and not to 1; dividing by that corrects the *bias* towards 0. So t is 1
/// at the first step, whose `m̂` is `g` and whose `v̂` is `g²`: every number moves by the learning rate, however small
/// its gradient is.
#[derive(Clone, Debug)]
pub struct Adam {
    learning_rate: f64,
    betas: [f64; 2],
    epsilon: f64,
    /// How many steps there have been. It belongs to all parameters together.
    n_steps: i32,
    means: Vec<ArrayD<f64>>,
    mean_squares: Vec<ArrayD<f64>>,
}

impl Adam {
    /// The optimiser before its first step; `betas` are β₁ and β₂.
    pub fn new(learning_rate: f64, betas: [f64; 2], epsilon: f64) -> Self {
        Self { learning_rate, betas, epsilon, n_steps: 0, means: Vec::new(), mean_squares: Vec::new() }
    }
}

impl Optimizer for Adam {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        make_room(&mut self.means, parameters);
        make_room(&mut self.mean_squares, parameters);
        self.n_steps += 1;
        let [beta1, beta2] = self.betas;
        let corrections = self.betas.map(|beta| 1.0 - beta.powi(self.n_steps));
        let memory = self.means.iter_mut().zip(&mut self.mean_squares);
        for (parameter, (means, mean_squares)) in parameters.iter_mut().zip(memory) {
            let entries = Zip::from(&mut parameter.value).and(&parameter.gradient).and(means).and(mean_squares);
            entries.for_each(|theta, &g, m, v| {
                *m = beta1 * *m + (1.0 - beta1) * g;
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                // The corrected means are for this step; what is remembered stays uncorrected.
                let (m_hat, v_hat) = (*m / corrections[0], *v / corrections[1]);
                *theta -= self.learning_rate * m_hat / (v_hat.sqrt() + self.epsilon);
            });
        }
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// Adam with weight decay: `θ ← θ - lr · λ · θ`, then a step of [`Adam`] (Loshchilov & Hutter 2019, "Decoupled Weight
/// Decay Regularization").
///
/// Adding `λ · θ` to the gradient is what makes weights shrink under gradient descent. Adam would divide it by the size
/// of the gradients, so that weights with large gradients would hardly shrink at all. *Decoupled* decay stays out of
/// gradient, means and root: each weight loses the same share of itself, `lr · λ`, at each step. (The paper leaves `lr`
/// out of that product and schedules both together; this is PyTorch's form.)
#[derive(Clone, Debug)]
pub struct AdamW {
    adam: Adam,
    weight_decay: f64,
}

impl AdamW {
    /// The optimiser before its first step; `betas` are β₁ and β₂, and `weight_decay` is λ.
    pub fn new(learning_rate: f64, betas: [f64; 2], epsilon: f64, weight_decay: f64) -> Self {
        Self { adam: Adam::new(learning_rate, betas, epsilon), weight_decay }
    }
}

impl Optimizer for AdamW {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        for parameter in &mut *parameters {
            parameter.value *= 1.0 - self.adam.learning_rate * self.weight_decay;
        }
        self.adam.step(parameters);
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.adam.set_learning_rate(learning_rate);
    }
}

/// Trains `net` on all samples at once, `n_steps` times: forward, loss, backward, step. Returns the loss before each
/// step.
///
/// It works with any update rule: any type that implements [`Optimizer`] can be passed.
pub fn train(
    net: &mut Sequential,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    loss: &dyn Loss,
    optimizer: &mut dyn Optimizer,
    n_steps: usize,
) -> Vec<f64> {
    let mut losses = Vec::with_capacity(n_steps);
    for _ in 0..n_steps {
        let output = net.forward(x);
        losses.push(loss.value(&output, y));
        net.backward(&loss.gradient(&output, y));
        optimizer.step(&mut net.parameters());
    }
    losses
}

/// Fills `memory` with an array of zeros for every parameter, in its shape, unless an earlier step has done it.
///
/// Only here, at the first step, the shapes are known. The second half is a guard: with other parameters than before,
/// `zip` would quietly leave some of them out.
fn make_room(memory: &mut Vec<ArrayD<f64>>, parameters: &[Parameter<'_>]) {
    if memory.is_empty() {
        memory.extend(parameters.iter().map(|parameter| ArrayD::zeros(parameter.value.shape())));
    }
    assert_eq!(memory.len(), parameters.len(), "an optimiser belongs to the parameters of its first step");
}
