//! Exercise 7, solved: the same network by hand and in a framework.
//!
//! The network 2 → 4 (ReLU) → 1 (sigmoid) twice: once with ndarray and with every derivative written out, once in dfdx,
//! which derives them itself. From equal parameters both have to compute equal numbers. Everything by hand is `f64`, as
//! in the whole course; dfdx computes in `f32` here, as frameworks do, so "equal" means: up to about seven digits.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use datasets::Gate;
use dfdx::{
    nn::modules,
    optim::{Sgd, SgdConfig},
    prelude::*,
};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

/// The results of [`tensor_tour`].
#[derive(Clone, Debug, PartialEq)]
pub struct TensorTour {
    /// `a + b`, entry by entry.
    pub sum: [[f32; 2]; 2],
    /// `a ∘ b`, entry by entry.
    pub product: [[f32; 2]; 2],
    /// `a · b`, the matrix product.
    pub matmul: [[f32; 2]; 2],
    /// `aᵀ`: rows become columns.
    pub transposed: [[f32; 2]; 2],
    /// The entries of `a`, row after row.
    pub flat: [f32; 4],
    /// The mean of all entries of `a`.
    pub mean: f32,
    /// The largest entry of `a`.
    pub largest: f32,
}

/// The usual operations on two matrices, in dfdx.
///
/// An operation takes its tensors by value, so each use but the last needs a `clone`. That copies no number: clones
/// share their memory until one of them is changed. The types of the results are written out where nothing else decides
/// them, because in dfdx a shape is part of a type.
pub fn tensor_tour(a: [[f32; 2]; 2], b: [[f32; 2]; 2]) -> TensorTour {
    let device = Cpu::default();
    let (a, b) = (device.tensor(a), device.tensor(b));
    let transposed: Tensor<Rank2<2, 2>, f32, Cpu> = a.clone().permute();
    let flat: Tensor<Rank1<4>, f32, Cpu> = a.clone().reshape();
    TensorTour {
        sum: (a.clone() + b.clone()).array(),
        product: (a.clone() * b.clone()).array(),
        matmul: a.clone().matmul(b).array(),
        transposed: transposed.array(),
        flat: flat.array(),
        mean: a.clone().mean::<Rank0, _>().array(),
        largest: a.max::<Rank0, _>().array(),
    }
}

/// `y = x² + 2x + 1` and its slope `dy/dx`, which dfdx computes.
///
/// The tape travels with the value: what is computed from an `x` without one is a constant to dfdx. So both terms start
/// from a traced `x`.
pub fn autograd_poly(x: f32) -> (f32, f32) {
    let x = Cpu::default().tensor(x);
    let y = x.leaky_trace().square() + x.leaky_trace() * 2.0 + 1.0;
    let value = y.array();
    (value, y.backward().get(&x).array())
}

/// `w · x`, and its gradient with respect to `w`, which dfdx computes.
pub fn autograd_dot(w: [f32; 3], x: [f32; 3]) -> (f32, [f32; 3]) {
    let device = Cpu::default();
    let (w, x) = (device.tensor(w), device.tensor(x));
    let dot = (w.leaky_trace() * x).sum::<Rank0, _>();
    let value = dot.array();
    (value, dot.backward().get(&w).array())
}

/// The slopes that [`two_passes`] reads from one `Gradients`.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoPasses {
    /// After `x²`.
    pub first: f32,
    /// After `x + 1`, added to the gradient that was there.
    pub kept: f32,
    /// After `x + 1`, with the gradient cleared first.
    pub cleared: f32,
}

/// Runs three backward passes, of `x²`, `x + 1` and `x + 1` again, with the same `Gradients`, which is cleared before
/// the last pass.
///
/// `backward` *adds* to the gradients that the tape was given. Within one pass that is what makes a value that is used
/// twice come out right; between two passes it is right only if the sum is wanted. A training loop does not want it.
pub fn two_passes(x: f32) -> TwoPasses {
    let x = Cpu::default().tensor(x);
    let slope = |gradients: &Gradients<f32, Cpu>| gradients.get(&x).array();

    let gradients = x.trace(x.alloc_grads()).square().backward();
    let first = slope(&gradients);
    let mut gradients = (x.trace(gradients) + 1.0).backward();
    let kept = slope(&gradients);
    x.zero_grads(&mut gradients);
    let gradients = (x.trace(gradients) + 1.0).backward();
    TwoPasses { first, kept, cleared: slope(&gradients) }
}

/// The mean over the samples of `-log p(label)`, where `p` is the softmax of a sample's logits, computed by dfdx.
///
/// `logits` has the shape (n_samples, n_classes), `labels` (n_samples). The loss function applies softmax itself, so it
/// gets the logits as they are, and it wants a distribution per sample as the target, not a class: all of the
/// probability on the label. Here the shape is known only when the program runs, so it is a pair of `usize`.
///
/// # Panics
///
/// If a label is not below the number of classes.
pub fn cross_entropy(logits: &ArrayRef2<f64>, labels: &[usize]) -> f32 {
    let mut targets = Array2::zeros(logits.dim());
    for (mut row, &label) in targets.rows_mut().into_iter().zip(labels) {
        row[label] = 1.0;
    }
    let device = Cpu::default();
    let tensor = |array: &ArrayRef2<f64>| device.tensor_from_vec(to_f32(array), array.dim());
    cross_entropy_with_logits_loss(tensor(logits), tensor(&targets)).array()
}

/// The parameters of a dense layer from `I` inputs to `O` outputs, in this course's layout.
///
/// The shape is part of the type and is checked once, in [`from_parts`](Self::from_parts). The fields are private, so
/// the shape cannot change later.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense<const I: usize, const O: usize> {
    /// Shape (I, O): column j holds the weights of neuron j.
    weights: Array2<f64>,
    /// Shape (O): one bias per neuron.
    biases: Array1<f64>,
}

impl<const I: usize, const O: usize> Dense<I, O> {
    /// A layer with these parameters.
    ///
    /// # Errors
    ///
    /// If `weights` has another shape than (I, O) or `biases` than (O): a message that says which.
    pub fn from_parts(weights: Array2<f64>, biases: Array1<f64>) -> Result<Self, String> {
        if weights.dim() != (I, O) {
            return Err(format!("the weights have the shape {:?}, not ({I}, {O})", weights.dim()));
        }
        if biases.len() != O {
            return Err(format!("there are {} biases, not {O}", biases.len()));
        }
        Ok(Self { weights, biases })
    }

    /// Shape (I, O).
    pub fn weights(&self) -> &ArrayRef2<f64> {
        &self.weights
    }

    /// Shape (O).
    pub fn biases(&self) -> &ArrayRef1<f64> {
        &self.biases
    }

    /// The same layer in dfdx, which stores its weights transposed: (O, I), a neuron per row.
    ///
    /// `.t()` only swaps what is called rows and columns; the numbers stay where they are in memory. `iter` goes by
    /// rows and columns, so it sees the transpose. Taking the memory as it lies would not.
    pub fn to_dfdx(&self, device: &Cpu) -> modules::Linear<I, O, f32, Cpu> {
        modules::Linear {
            weight: device.tensor_from_vec(to_f32(self.weights.t()), (Const, Const)),
            bias: device.tensor_from_vec(to_f32(&self.biases), (Const,)),
        }
    }
}

/// The entries as dfdx wants them: `f32`, the last axis fastest.
fn to_f32<'a>(array: impl IntoIterator<Item = &'a f64>) -> Vec<f32> {
    array.into_iter().map(|&number| number as f32).collect()
}

/// `I` inputs → `H` hidden neurons with ReLU → `O` outputs with the sigmoid, by hand.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<const I: usize, const H: usize, const O: usize> {
    hidden: Dense<I, H>,
    output: Dense<H, O>,
}

/// Makes a network of `hidden` followed by `output`.
///
/// The hidden layer's outputs are the output layer's inputs, so both are called `H`: two layers that do not fit
/// together do not compile together.
pub fn stack<const I: usize, const H: usize, const O: usize>(
    hidden: Dense<I, H>,
    output: Dense<H, O>,
) -> Network<I, H, O> {
    Network { hidden, output }
}

/// A gradient of a [`Network`], in this course's layout: one slope per parameter, at the same place as the parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Slopes {
    /// Shape (I, H).
    pub hidden_weights: Array2<f64>,
    /// Shape (H).
    pub hidden_biases: Array1<f64>,
    /// Shape (H, O).
    pub output_weights: Array2<f64>,
    /// Shape (O).
    pub output_biases: Array1<f64>,
}

impl<const I: usize, const H: usize, const O: usize> Network<I, H, O> {
    /// The first layer.
    pub fn hidden(&self) -> &Dense<I, H> {
        &self.hidden
    }

    /// The second layer.
    pub fn output(&self) -> &Dense<H, O> {
        &self.output
    }

    /// Takes the network apart into its two layers.
    ///
    /// `self`, not `&self`: the layers move out, nothing is copied, and the compiler refuses whoever uses the network
    /// afterwards. dfdx does the same with its gradients: `backward` uses the loss up, so nobody walks the tape twice.
    pub fn take_apart(self) -> (Dense<I, H>, Dense<H, O>) {
        (self.hidden, self.output)
    }

    /// How many numbers the network learns. This follows from the type, so you can count them without a network.
    pub fn n_params() -> usize {
        (I * H + H) + (H * O + O)
    }

    /// The network's output for each sample: (n_samples, I) → (n_samples, O).
    pub fn forward(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.answer_of(&relu(&self.pre_activation(x)))
    }

    /// The loss on these samples, the mean of `(p - y)²` over all entries, and its gradient, computed by hand-written
    /// code.
    ///
    /// Backward from the loss, each line multiplies by one local slope:
    ///
    /// ```text
    /// dP  = 2 (P - Y) / n                the mean over n entries
    /// dZ₂ = dP ∘ P ∘ (1 - P)             the sigmoid
    /// dW₂ = Hᵀ · dZ₂    db₂ = Σ dZ₂      the output layer
    /// dZ₁ = (dZ₂ · W₂ᵀ) ∘ [Z₁ > 0]       through it, and through ReLU
    /// dW₁ = Xᵀ · dZ₁    db₁ = Σ dZ₁      the hidden layer
    /// ```
    pub fn loss_and_slopes(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> (f64, Slopes) {
        let z1 = self.pre_activation(x);
        let hidden = relu(&z1);
        let p = self.answer_of(&hidden);
        let error = &*p - y;
        let loss = error.pow2().sum() / error.len() as f64;

        let dp = &error * (2.0 / error.len() as f64);
        let dz2 = dp * &p * (1.0 - &p);
        let dz1 = dz2.dot(&self.output.weights.t()) * z1.mapv(|z| if z > 0.0 { 1.0 } else { 0.0 });
        let slopes = Slopes {
            hidden_weights: x.t().dot(&dz1),
            hidden_biases: dz1.sum_axis(Axis(0)),
            output_weights: hidden.t().dot(&dz2),
            output_biases: dz2.sum_axis(Axis(0)),
        };
        (loss, slopes)
    }

    /// `Z₁ = X·W₁ + b₁`.
    fn pre_activation(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        x.dot(&self.hidden.weights) + &self.hidden.biases
    }

    /// `P = σ(H·W₂ + b₂)`.
    fn answer_of(&self, hidden: &ArrayRef2<f64>) -> Array2<f64> {
        let z2 = hidden.dot(&self.output.weights) + &self.output.biases;
        z2.mapv(|z| 1.0 / (1.0 + (-z).exp()))
    }
}

fn relu(z: &ArrayRef2<f64>) -> Array2<f64> {
    z.mapv(|z| if z > 0.0 { z } else { 0.0 })
}

/// The architecture of the network in dfdx: a sequence of layers is a tuple.
pub type Mlp = (Linear<2, 4>, ReLU, Linear<4, 1>, Sigmoid);

/// A built [`Mlp`]: the same tuple, with its parameters.
pub type BuiltMlp = <Mlp as BuildOnDevice<Cpu, f32>>::Built;

/// The same network in dfdx, with the same parameters.
pub fn to_dfdx(network: &Network<2, 4, 1>) -> BuiltMlp {
    let device = Cpu::default();
    (network.hidden.to_dfdx(&device), ReLU, network.output.to_dfdx(&device), Sigmoid)
}

/// dfdx's output for each sample: (n_samples, 2) → (n_samples, 1).
pub fn dfdx_forward(mlp: &BuiltMlp, x: &ArrayRef2<f64>) -> Array2<f64> {
    let p = mlp.forward(columns::<2>(x));
    Array2::from_shape_fn((x.nrows(), 1), |(row, column)| f64::from(p[[row, column]]))
}

/// The loss on these samples and its gradient, computed by dfdx and converted to this course's layout.
pub fn dfdx_loss_and_slopes(mlp: &BuiltMlp, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> (f64, Slopes) {
    let p = mlp.forward(columns::<2>(x).traced(mlp.alloc_grads()));
    let loss = mse_loss(p, columns::<1>(y));
    let value = f64::from(loss.array());
    let gradients = loss.backward();
    let (hidden, output) = (&mlp.0, &mlp.2);
    let slopes = Slopes {
        hidden_weights: from_dfdx(&gradients.get(&hidden.weight)),
        hidden_biases: gradients.get(&hidden.bias).as_vec().into_iter().map(f64::from).collect(),
        output_weights: from_dfdx(&gradients.get(&output.weight)),
        output_biases: gradients.get(&output.bias).as_vec().into_iter().map(f64::from).collect(),
    };
    (value, slopes)
}

/// Samples as a tensor: how many there are is known when the program runs, of how many numbers each when it compiles.
fn columns<const N: usize>(x: &ArrayRef2<f64>) -> Tensor<(usize, Const<N>), f32, Cpu> {
    Cpu::default().tensor_from_vec(to_f32(x), (x.nrows(), Const))
}

/// Weights or their slopes from dfdx's layout (O, I) to this course's (I, O).
fn from_dfdx<const O: usize, const I: usize>(tensor: &Tensor<Rank2<O, I>, f32, Cpu>) -> Array2<f64> {
    Array2::from_shape_fn((I, O), |(input, neuron)| f64::from(tensor[[neuron, input]]))
}

/// The largest absolute difference between two entries in the same place; `None` if the shapes differ.
///
/// A difference that is not a number is the largest there is: NaN. `f64::max` would pass it over, and call a network
/// that computes nothing but NaN a perfect match.
pub fn max_difference(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> Option<f64> {
    if a.dim() != b.dim() {
        return None;
    }
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    Some(differences.fold(0.0, largest))
}

fn largest(so_far: f64, difference: f64) -> f64 {
    if difference > so_far || difference.is_nan() { difference } else { so_far }
}

/// The largest difference between the outputs of both networks for `x`.
pub fn forward_parity(network: &Network<2, 4, 1>, mlp: &BuiltMlp, x: &ArrayRef2<f64>) -> f64 {
    max_difference(&network.forward(x), &dfdx_forward(mlp, x)).unwrap_or(f64::NAN)
}

/// The largest difference between the gradients of both networks, over all weights and biases.
pub fn gradient_parity(network: &Network<2, 4, 1>, mlp: &BuiltMlp, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
    let (_, by_hand) = network.loss_and_slopes(x, y);
    let (_, in_dfdx) = dfdx_loss_and_slopes(mlp, x, y);
    let row = |biases: &Array1<f64>| biases.clone().insert_axis(Axis(0));
    [
        max_difference(&by_hand.hidden_weights, &in_dfdx.hidden_weights),
        max_difference(&row(&by_hand.hidden_biases), &row(&in_dfdx.hidden_biases)),
        max_difference(&by_hand.output_weights, &in_dfdx.output_weights),
        max_difference(&row(&by_hand.output_biases), &row(&in_dfdx.output_biases)),
    ]
    .into_iter()
    .map(|difference| difference.unwrap_or(f64::NAN))
    .fold(0.0, largest)
}

/// Trains on XOR in dfdx by gradient descent on the whole truth table; returns the loss before each of the `epochs`
/// steps.
pub fn train_xor(start: &Network<2, 4, 1>, learning_rate: f64, epochs: usize) -> Vec<f32> {
    let (x, y) = xor();
    let (x, y) = (columns::<2>(&x), columns::<1>(&y));
    let mut mlp = to_dfdx(start);
    let mut gradients = mlp.alloc_grads();
    let mut sgd = Sgd::new(&mlp, SgdConfig { lr: learning_rate, momentum: None, weight_decay: None });
    let mut losses = Vec::with_capacity(epochs);
    for _ in 0..epochs {
        let loss = mse_loss(mlp.forward(x.trace(gradients)), y.clone());
        losses.push(loss.array());
        gradients = loss.backward();
        sgd.update(&mut mlp, &gradients).expect("every parameter has a gradient");
        mlp.zero_grads(&mut gradients);
    }
    losses
}

/// The same training by hand.
pub fn train_xor_by_hand(start: &Network<2, 4, 1>, learning_rate: f64, epochs: usize) -> Vec<f64> {
    let (x, y) = xor();
    let mut network = start.clone();
    let mut losses = Vec::with_capacity(epochs);
    for _ in 0..epochs {
        let (loss, slopes) = network.loss_and_slopes(&x, &y);
        losses.push(loss);
        network.hidden.weights.scaled_add(-learning_rate, &slopes.hidden_weights);
        network.hidden.biases.scaled_add(-learning_rate, &slopes.hidden_biases);
        network.output.weights.scaled_add(-learning_rate, &slopes.output_weights);
        network.output.biases.scaled_add(-learning_rate, &slopes.output_biases);
    }
    losses
}

/// The truth table of XOR: inputs of shape (4, 2), targets of shape (4, 1).
fn xor() -> (Array2<f64>, Array2<f64>) {
    let xor = Gate::Xor.dataset();
    let targets = xor.targets().insert_axis(Axis(1));
    (xor.features, targets)
}

/// The middle one of the sorted times; for an even number of times, the mean of the middle two.
///
/// A run that the system interrupted is longer than the others, however long: it moves the mean, and not the median.
///
/// # Panics
///
/// If there are no times.
pub fn median(times: &[Duration]) -> Duration {
    let mut sorted = times.to_vec();
    sorted.sort();
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2 }
}

/// How long `work` takes: the median of `runs` runs, after one run that does not count.
///
/// The first run pays for what happens once: memory that is asked for, caches that are filled, threads that are
/// started.
pub fn measure(runs: usize, mut work: impl FnMut()) -> Duration {
    work();
    let times: Vec<Duration> = (0..runs)
        .map(|_| {
            let start = Instant::now();
            work();
            start.elapsed()
        })
        .collect();
    median(&times)
}

/// How long both networks take to train.
#[derive(Clone, Debug, PartialEq)]
pub struct BenchReport {
    /// For all `steps`, by hand.
    pub by_hand: Duration,
    /// For all `steps`, in dfdx.
    pub dfdx: Duration,
    /// How many training steps one run takes.
    pub steps: usize,
    /// How many runs were measured of each.
    pub runs: usize,
}

/// Measures `runs` trainings on XOR of `steps` steps each, by hand and in dfdx, from the same start.
///
/// The learning rate is 0.5; any would do, since a step takes as long whatever it is. Take at least 5 runs: a median of
/// fewer says little. `black_box` keeps the optimiser from dropping a training whose losses nobody reads.
pub fn benchmark(start: &Network<2, 4, 1>, steps: usize, runs: usize) -> BenchReport {
    BenchReport {
        by_hand: measure(runs, || {
            black_box(train_xor_by_hand(start, 0.5, steps));
        }),
        dfdx: measure(runs, || {
            black_box(train_xor(start, 0.5, steps));
        }),
        steps,
        runs,
    }
}

/// The comparison as text: a table and two lines.
///
/// ```text
///                      by hand        dfdx
/// time per step        12.3 µs     45.7 µs
/// relative                0.27        1.00
/// outputs differ by 1.2e-7, slopes by 3.0e-8
/// median of 5 runs of 1000 steps each
/// ```
///
/// Labels are left-aligned in 16 columns, values right-aligned in 12. Times are microseconds with one decimal.
/// `relative` is a time divided by dfdx's, with two decimals. Differences have one decimal and an exponent.
pub fn comparison_table(report: &BenchReport, outputs_differ: f64, slopes_differ: f64) -> String {
    let step = |run: Duration| run.as_secs_f64() * 1e6 / report.steps as f64;
    let relative = |run: Duration| run.as_secs_f64() / report.dfdx.as_secs_f64();
    let row = |label, by_hand: String, dfdx: String| format!("{label:<16}{by_hand:>12}{dfdx:>12}\n");
    let microseconds = |run| format!("{:.1} µs", step(run));
    let ratio = |run| format!("{:.2}", relative(run));

    let mut table = row("", "by hand".to_owned(), "dfdx".to_owned());
    table += &row("time per step", microseconds(report.by_hand), microseconds(report.dfdx));
    table += &row("relative", ratio(report.by_hand), ratio(report.dfdx));
    table += &format!("outputs differ by {outputs_differ:.1e}, slopes by {slopes_differ:.1e}\n");
    table += &format!("median of {} runs of {} steps each\n", report.runs, report.steps);
    table
}

/// `x` as a number of half precision (IEEE 754 binary16): 11 significant bits, the spacing 2^-24 at the least, and
/// infinite from 65,520 on.
///
/// The spacing of such numbers between 2^k and 2^(k+1) is 2^(k-10). Below 2^-14 it stays what it is there, so a slope
/// under half of 2^-24 becomes 0. A number in the middle between two neighbours goes to the one that is an even
/// multiple of the spacing, so that ties do not all go one way.
pub fn to_half(x: f32) -> f32 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let spacing = (x.abs().log2().floor().max(-14.0) - 10.0).exp2();
    let rounded = (x / spacing).round_ties_even() * spacing;
    if rounded.abs() > 65_504.0 { rounded.signum() * f32::INFINITY } else { rounded }
}

/// The slope after it has been multiplied by `scale`, stored in half precision, and divided by `scale` again.
pub fn slope_in_half(slope: f32, scale: f32) -> f32 {
    to_half(slope * scale) / scale
}
