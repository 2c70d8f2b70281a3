//! Exercise 23, solved: networks with a memory.
//!
//! A sequence is read step by step, and what was read so far is kept in a state. Every step uses the same weights. So the way
//! back goes through all steps, last to first, and a weight's gradient is a sum over them. In a plain recurrent network
//! the gradient meets one more matrix and one more slope at every step, and usually vanishes. The LSTM has a second
//! state, which each step multiplies by a gate and adds to: if the gate is open, the gradient gets through.
//!
//! One sample per row. The steps of a sample stand one after another in its row: with `n_in` numbers per step, columns
//! `t·n_in` to `(t+1)·n_in` are step t. So a sequence fits in a matrix, and a recurrent layer in the networks of
//! exercise 10.

use std::f64::consts::TAU;

use engine::{Layer, Loss, Mse, Parameter, Sequential};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, Slice, concatenate};
use rand::{Rng, RngExt};

// Data: a series as samples, an honest split, and what any forecast has to beat.

/// Samples for a forecast: windows of a series, and the value that follows each.
#[derive(Clone, Debug)]
pub struct Windows {
    /// (n, len): in each row `len` consecutive values, the latest last.
    pub x: Array2<f64>,
    /// (n, 1): the value that follows each row of `x` in the series.
    pub y: Array2<f64>,
}

/// All windows of `len` ≥ 1 consecutive values of `series` that have a next value, earliest first.
///
/// # Panics
///
/// If `series` has no more than `len` values: there is no window with a next value.
#[track_caller]
pub fn windows(series: &ArrayRef1<f64>, len: usize) -> Windows {
    assert!(series.len() > len, "{} values have no window of {len} with a next value", series.len());
    let n = series.len() - len;
    Windows {
        x: Array2::from_shape_fn((n, len), |(i, t)| series[i + t]),
        y: Array2::from_shape_fn((n, 1), |(i, _)| series[i + len]),
    }
}

/// The series in units in which its first `n_past` values have the mean 0 and the variance 1 (dividing by n_past).
///
/// A forecast knows only the past. With the mean of the whole series, every input would contain information from the
/// future.
pub fn scale_by_past(series: &ArrayRef1<f64>, n_past: usize) -> Array1<f64> {
    let past = series.slice_axis(Axis(0), Slice::from(..n_past));
    let mean = past.sum() / n_past as f64;
    let std = (past.mapv(|v| (v - mean) * (v - mean)).sum() / n_past as f64).sqrt();
    series.mapv(|v| (v - mean) / std)
}

/// A series, split in time: first [`windows`] to train with, and then windows to test with.
///
/// The first `n_past` values are the past; `n_past` is larger than `len` and smaller than the length of the series.
/// Training windows and the values that follow them lie in the past. There is one test window for each value of the
/// future. The first test windows reach back into the past, which a forecast does know.
pub fn split_in_time(series: &ArrayRef1<f64>, n_past: usize, len: usize) -> (Windows, Windows) {
    let past = series.slice_axis(Axis(0), Slice::from(..n_past));
    let future = series.slice_axis(Axis(0), Slice::from(n_past - len..));
    (windows(&past, len), windows(&future, len))
}

/// How much better `forecast` (n, 1) is than the naive forecast, which takes the last value of the window as the next
/// value: `1 - MSE / MSE of the naive forecast`.
///
/// 1 is perfect, 0 is no better than the last value, and below 0 it is worse.
pub fn skill(forecast: &ArrayRef2<f64>, windows: &Windows) -> f64 {
    let naive = windows.x.slice_axis(Axis(1), Slice::from(-1..));
    let mse = |forecast: &ArrayRef2<f64>| Mse.value(forecast, &windows.y);
    1.0 - mse(forecast) / mse(&naive)
}

/// A made-up series of `n` values: a curve with a period of 12, another with a period of 5, and a little noise. The
/// phases of the curves depend on `rng`. This function is complete.
pub fn seasons(n: usize, rng: &mut impl Rng) -> Array1<f64> {
    let (year, week) = (rng.random_range(0.0..TAU), rng.random_range(0.0..TAU));
    (0..n)
        .map(|t| {
            let t = t as f64;
            (TAU * t / 12.0 + year).sin() + 0.5 * (TAU * t / 5.0 + week).sin() + rng.random_range(-0.2..=0.2)
        })
        .collect()
}

/// `n` sequences of `n_steps` numbers: the first is 1 or -1, and the others are noise between -0.5 and 0.5. `y` is 1 if
/// the first number was 1, else 0. This function is complete.
pub fn first_symbol(n: usize, n_steps: usize, rng: &mut impl Rng) -> (Array2<f64>, Array2<f64>) {
    let mut x = Array2::from_shape_simple_fn((n, n_steps), || rng.random_range(-0.5..=0.5));
    for mut row in x.rows_mut() {
        row[0] = if row[0] > 0.0 { 1.0 } else { -1.0 };
    }
    let y = Array2::from_shape_fn((n, 1), |(i, _)| if x[[i, 0]] > 0.0 { 1.0 } else { 0.0 });
    (x, y)
}

// What all recurrent layers do at every step.

/// The parameters of a recurrent layer, with their gradients. Every step uses them: `Z = X·W + H·U + b`.
#[derive(Clone, Debug)]
pub struct Weights {
    /// W (n_in, n_scores): the weights of the input of a step.
    pub w: Array2<f64>,
    /// U (n_hidden, n_scores): the weights of the state before the step.
    pub u: Array2<f64>,
    /// b (n_scores)
    pub b: Array1<f64>,
    /// The gradient of `w`.
    pub d_w: Array2<f64>,
    /// The gradient of `u`.
    pub d_u: Array2<f64>,
    /// The gradient of `b`.
    pub d_b: Array1<f64>,
}

impl Weights {
    /// These parameters, with gradients of 0.
    ///
    /// # Panics
    ///
    /// If W, U and b do not have the same number of columns.
    #[track_caller]
    pub fn from_parts(w: Array2<f64>, u: Array2<f64>, b: Array1<f64>) -> Self {
        assert!(w.ncols() == u.ncols() && u.ncols() == b.len(), "W, U and b have a column for each score");
        let (d_w, d_u, d_b) = (Array2::zeros(w.dim()), Array2::zeros(u.dim()), Array1::zeros(b.dim()));
        Self { w, u, b, d_w, d_u, d_b }
    }

    /// Weights drawn uniformly between `-1/√n_hidden` and `1/√n_hidden`, biases 0.
    pub fn draw(n_in: usize, n_hidden: usize, n_scores: usize, rng: &mut impl Rng) -> Self {
        let limit = 1.0 / (n_hidden as f64).sqrt();
        let mut matrix = |rows| Array2::from_shape_simple_fn((rows, n_scores), || rng.random_range(-limit..=limit));
        Self::from_parts(matrix(n_in), matrix(n_hidden), Array1::zeros(n_scores))
    }

    /// How many numbers each step reads.
    pub fn n_in(&self) -> usize {
        self.w.nrows()
    }

    /// How many numbers a state has.
    pub fn n_hidden(&self) -> usize {
        self.u.nrows()
    }

    /// The scores of one step, `X·W + H·U + b` (n, n_scores), for its inputs `x` (n, n_in) and the state before it, `h`
    /// (n, n_hidden).
    pub fn scores(&self, x: &ArrayRef2<f64>, h: &ArrayRef2<f64>) -> Array2<f64> {
        x.dot(&self.w) + h.dot(&self.u) + &self.b
    }

    /// The backward pass of [`scores`](Self::scores), given the gradient `d_z` (n, n_scores) with respect to them:
    /// returns the gradients with respect to `x` and to `h`, and *adds* to the gradients of the parameters.
    ///
    /// It is a linear layer with two inputs. Gradients are added, because the next step back uses the same weights.
    pub fn backward(
        &mut self,
        x: &ArrayRef2<f64>,
        h: &ArrayRef2<f64>,
        d_z: &ArrayRef2<f64>,
    ) -> (Array2<f64>, Array2<f64>) {
        self.d_w += &x.t().dot(d_z);
        self.d_u += &h.t().dot(d_z);
        self.d_b += &d_z.sum_axis(Axis(0));
        (d_z.dot(&self.w.t()), d_z.dot(&self.u.t()))
    }

    /// Sets all gradients to 0.
    pub fn clear_gradients(&mut self) {
        self.d_w.fill(0.0);
        self.d_u.fill(0.0);
        self.d_b.fill(0.0);
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![
            Parameter { value: self.w.view_mut().into_dyn(), gradient: self.d_w.view().into_dyn() },
            Parameter { value: self.u.view_mut().into_dyn(), gradient: self.d_u.view().into_dyn() },
            Parameter { value: self.b.view_mut().into_dyn(), gradient: self.d_b.view().into_dyn() },
        ]
    }
}

const FORWARD_FIRST: &str = "a backward pass goes back through a forward pass: call forward first";
const WHOLE_STEPS: &str = "a row of x has to consist of whole steps";

// The plain recurrent layer.

/// A plain recurrent layer: `H = tanh(X·W + H_before·U + b)` at every step.
#[derive(Clone, Debug)]
pub struct Rnn {
    /// W (n_in, n_hidden), U (n_hidden, n_hidden) and b (n_hidden).
    pub weights: Weights,
    kept: Option<Vec<RnnStep>>,
}

/// What a step leaves for the way back.
#[derive(Clone, Debug)]
struct RnnStep {
    x: Array2<f64>,
    before: Array2<f64>,
    after: Array2<f64>,
}

impl Rnn {
    /// A layer with these parameters.
    pub fn from_parts(weights: Weights) -> Self {
        Self { weights, kept: None }
    }

    /// A layer with parameters from [`Weights::draw`].
    pub fn new(n_in: usize, n_hidden: usize, rng: &mut impl Rng) -> Self {
        Self::from_parts(Weights::draw(n_in, n_hidden, n_hidden, rng))
    }
}

impl Layer for Rnn {
    /// Reads the sequences in `x` (n, n_steps · n_in), and returns the state after the last step, (n, n_hidden). The
    /// state before the first step is 0: a sequence does not depend on earlier sequences.
    ///
    /// # Panics
    ///
    /// If the columns of `x` are not whole steps of n_in numbers.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let n_in = self.weights.n_in();
        assert!(x.ncols().is_multiple_of(n_in), "{WHOLE_STEPS}");
        let mut h = Array2::zeros((x.nrows(), self.weights.n_hidden()));
        let mut steps = Vec::new();
        for x in x.axis_chunks_iter(Axis(1), n_in) {
            let after = self.weights.scores(&x, &h).mapv(f64::tanh);
            steps.push(RnnStep { x: x.to_owned(), before: h, after: after.clone() });
            h = after;
        }
        self.kept = Some(steps);
        h
    }

    /// Back-propagation through time: step by step, from the last to the first. What a step hands to the state before it is all
    /// that the step before gets, since only the last state is an output.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let steps = self.kept.as_ref().expect(FORWARD_FIRST);
        let n_in = self.weights.n_in();
        self.weights.clear_gradients();
        let mut d_x = Array2::zeros((d_out.nrows(), steps.len() * n_in));
        let mut d_h = d_out.to_owned();
        for (step, mut d_x) in steps.iter().zip(d_x.axis_chunks_iter_mut(Axis(1), n_in)).rev() {
            let d_z = d_h * step.after.mapv(|h| 1.0 - h * h);
            let (d_x_of_step, d_h_before) = self.weights.backward(&step.x, &step.before, &d_z);
            d_x.assign(&d_x_of_step);
            d_h = d_h_before;
        }
        d_x
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.weights.parameters()
    }

    fn describe(&self) -> String {
        format!("Rnn {} -> {}", self.weights.n_in(), self.weights.n_hidden())
    }
}

// The LSTM.

/// What an LSTM passes from step to step, (n, n_hidden) each.
#[derive(Clone, Debug)]
pub struct State {
    /// The hidden state, which the other layers see.
    pub h: Array2<f64>,
    /// The cell state, the memory.
    pub c: Array2<f64>,
}

impl State {
    /// The state before the first step of `n` sequences: all zeros.
    pub fn zeros(n: usize, n_hidden: usize) -> Self {
        Self { h: Array2::zeros((n, n_hidden)), c: Array2::zeros((n, n_hidden)) }
    }
}

/// One step of an LSTM: its inputs, the values that it computed, and the new state. All but `x` are (n, n_hidden).
#[derive(Clone, Debug)]
pub struct Step {
    /// (n, n_in)
    pub x: Array2<f64>,
    /// The state before the step.
    pub before: State,
    /// The input gate: how much of the candidate is added.
    pub i: Array2<f64>,
    /// The forget gate: how much of the cell state is kept.
    pub f: Array2<f64>,
    /// The candidate, between -1 and 1.
    pub g: Array2<f64>,
    /// The output gate: how much of the cell state is visible in h.
    pub o: Array2<f64>,
    /// The state after the step.
    pub after: State,
}

/// Long short-term memory (Hochreiter & Schmidhuber 1997, with the forget gate of Gers, Schmidhuber & Cummins 2000).
#[derive(Clone, Debug)]
pub struct Lstm {
    /// W (n_in, 4 · n_hidden), U (n_hidden, 4 · n_hidden) and b (4 · n_hidden). Each has four blocks of n_hidden columns, one
    /// for each of i, f, g and o, in this order.
    pub weights: Weights,
    kept: Option<Vec<Step>>,
}

impl Lstm {
    /// A layer with these parameters.
    ///
    /// # Panics
    ///
    /// If there are not four scores for each hidden number.
    #[track_caller]
    pub fn from_parts(weights: Weights) -> Self {
        assert_eq!(weights.b.len(), 4 * weights.n_hidden(), "an LSTM has four blocks of n_hidden columns");
        Self { weights, kept: None }
    }

    /// A layer with parameters from [`Weights::draw`], except for the biases of the forget gate: these are
    /// `forget_bias`.
    ///
    /// With 0 a new layer forgets half of its memory at every step. With 1 it keeps 73 %, with 3 it keeps 95 %.
    pub fn new(n_in: usize, n_hidden: usize, forget_bias: f64, rng: &mut impl Rng) -> Self {
        let mut weights = Weights::draw(n_in, n_hidden, 4 * n_hidden, rng);
        weights.b.slice_axis_mut(Axis(0), Slice::from(n_hidden..2 * n_hidden)).fill(forget_bias);
        Self::from_parts(weights)
    }

    /// One step for the inputs `x` (n, n_in), from the state `before`.
    ///
    /// i, f and o are σ of their blocks of scores, and g is tanh of its block. Then `c = f ⊙ c_before + i ⊙ g` and
    /// `h = o ⊙ tanh(c)`.
    pub fn step(&self, x: &ArrayRef2<f64>, before: &State) -> Step {
        let z = self.weights.scores(x, &before.h);
        let blocks: Vec<_> = z.axis_chunks_iter(Axis(1), self.weights.n_hidden()).collect();
        let (i, f) = (blocks[0].mapv(sigmoid), blocks[1].mapv(sigmoid));
        let (g, o) = (blocks[2].mapv(f64::tanh), blocks[3].mapv(sigmoid));
        let c = &f * &before.c + &i * &g;
        let h = &o * &c.mapv(f64::tanh);
        Step { x: x.to_owned(), before: before.clone(), i, f, g, o, after: State { h, c } }
    }
}

impl Step {
    /// The backward pass through the gates, given the gradients with respect to both parts of the state after the step.
    /// Returns the gradients with respect to the scores, (n, 4 · n_hidden) in the order i, f, g, o, and with respect to
    /// the cell state before the step.
    ///
    /// The cell state after the step acts in two ways: it goes to the next step, and through the output gate it shows in h. Both
    /// come back to it, so their gradients add up. Then each factor of `c = f ⊙ c_before + i ⊙ g` gets the gradient times the
    /// other factor; and every gate goes on through its own slope, `σ' = σ(1 - σ)` or `tanh' = 1 - tanh²`.
    pub fn backward(&self, d_after: &State) -> (Array2<f64>, Array2<f64>) {
        let shown = self.after.c.mapv(f64::tanh);
        let d_c = &d_after.c + &d_after.h * &self.o * shown.mapv(|t| 1.0 - t * t);
        let slope = |gate: &Array2<f64>| gate.mapv(|a| a * (1.0 - a));
        let d_i = &d_c * &self.g * slope(&self.i);
        let d_f = &d_c * &self.before.c * slope(&self.f);
        let d_g = &d_c * &self.i * self.g.mapv(|g| 1.0 - g * g);
        let d_o = &d_after.h * &shown * slope(&self.o);
        (concatenate![Axis(1), d_i, d_f, d_g, d_o], d_c * &self.f)
    }
}

impl Layer for Lstm {
    /// Reads the sequences in `x` (n, n_steps · n_in), and returns h after the last step, (n, n_hidden). Both states are 0 before
    /// the first step.
    ///
    /// # Panics
    ///
    /// If the columns of `x` are not whole steps of n_in numbers.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let n_in = self.weights.n_in();
        assert!(x.ncols().is_multiple_of(n_in), "{WHOLE_STEPS}");
        let mut state = State::zeros(x.nrows(), self.weights.n_hidden());
        let mut steps = Vec::new();
        for x in x.axis_chunks_iter(Axis(1), n_in) {
            let step = self.step(&x, &state);
            state = step.after.clone();
            steps.push(step);
        }
        self.kept = Some(steps);
        state.h
    }

    /// Back-propagation through time, as in [`Rnn`]; but a gradient of c goes along with that of h. It is 0 after the last step:
    /// nothing but h is an output.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let steps = self.kept.as_ref().expect(FORWARD_FIRST);
        let n_in = self.weights.n_in();
        self.weights.clear_gradients();
        let mut d_x = Array2::zeros((d_out.nrows(), steps.len() * n_in));
        let mut d_state = State { h: d_out.to_owned(), c: Array2::zeros(d_out.dim()) };
        for (step, mut d_x) in steps.iter().zip(d_x.axis_chunks_iter_mut(Axis(1), n_in)).rev() {
            let (d_z, d_c) = step.backward(&d_state);
            let (d_x_of_step, d_h) = self.weights.backward(&step.x, &step.before.h, &d_z);
            d_x.assign(&d_x_of_step);
            d_state = State { h: d_h, c: d_c };
        }
        d_x
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.weights.parameters()
    }

    fn describe(&self) -> String {
        format!("Lstm {} -> {}", self.weights.n_in(), self.weights.n_hidden())
    }
}

/// 1 / (1 + e^-z)
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

// Measuring and training.

/// How large the gradient is at each step: the root of the sum of the squares of all entries of `d_x` (n, n_steps ·
/// n_in) that belong to it. The first step comes first.
pub fn gradient_by_step(d_x: &ArrayRef2<f64>, n_in: usize) -> Array1<f64> {
    d_x.axis_chunks_iter(Axis(1), n_in).map(|step| step.mapv(|d| d * d).sum().sqrt()).collect()
}

/// A step of gradient descent with the gradients of the last backward pass, which is shortened if they are too large.
/// Their norm is the root of the sum of the squares of *all* gradients of `net` together. If it is larger than
/// `max_norm`, the learning rate is multiplied by `max_norm / norm`. Returns the norm.
///
/// All gradients become smaller by the same factor, so the direction stays as it is.
pub fn clipped_step(net: &mut Sequential, learning_rate: f64, max_norm: f64) -> f64 {
    let sum_of_squares = |parameter: &Parameter<'_>| parameter.gradient.mapv(|d| d * d).sum();
    let norm = net.parameters().iter().map(sum_of_squares).sum::<f64>().sqrt();
    let factor = if norm > max_norm { max_norm / norm } else { 1.0 };
    net.step(learning_rate * factor);
    norm
}

/// Trains `net` with all samples at once, `n_steps` times: forward, gradient of the loss, backward, [`clipped_step`]. Returns the
/// loss before each step.
pub fn fit(
    net: &mut Sequential,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    loss: &dyn Loss,
    n_steps: usize,
    learning_rate: f64,
    max_norm: f64,
) -> Array1<f64> {
    (0..n_steps)
        .map(|_| {
            let output = net.forward(x);
            net.backward(&loss.gradient(&output, y));
            clipped_step(net, learning_rate, max_norm);
            loss.value(&output, y)
        })
        .collect()
}

/// The next `n` values after `window`, one after another: each forecast becomes the last value of the window for the
/// next one, and the earliest value drops out. `net` computes one value from a window.
pub fn forecast(net: &mut Sequential, window: &ArrayRef1<f64>, n: usize) -> Array1<f64> {
    let len = window.len();
    let mut values = window.to_vec();
    for end in len..len + n {
        let window = Array2::from_shape_fn((1, len), |(_, t)| values[end - len + t]);
        values.push(net.forward(&window)[[0, 0]]);
    }
    values.drain(len..).collect()
}
