//! Exercise 21: building blocks of your own.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 21` as often as you like.

use engine::{Layer, Linear, Loss, Parameter, Sequential};
use ndarray::{Array1, Array2, ArrayRef2, Axis};
use rand::Rng;

/// Swish with a slope parameter that is learned: `y = x · σ(β · x)`, entry by entry, with its own β for each column
/// (Ramachandran, Zoph & Le 2017, "Searching for Activation Functions").
#[derive(Clone, Debug)]
pub struct Swish {
    /// β (n_features); it is learned.
    pub beta: Array1<f64>,
    /// The gradient of `beta`, 0 before the first backward pass.
    pub d_beta: Array1<f64>,
    input: Option<Array2<f64>>,
}

impl Swish {
    /// A layer with these β (n_features). This function is complete.
    pub fn from_parts(beta: Array1<f64>) -> Self {
        let d_beta = Array1::zeros(beta.len());
        Self { beta, d_beta, input: None }
    }

    /// A layer that starts with β = 1. This function is complete.
    pub fn new(n_features: usize) -> Self {
        Self::from_parts(Array1::ones(n_features))
    }
}

impl Layer for Swish {
    /// `x · σ(β · x)` for `x` (n, n_features), finite for every finite entry.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// Fills `d_beta`, a sum over the samples without any averaging, and returns the gradient with respect to x.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// β, with its gradient.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        todo!()
    }

    fn describe(&self) -> String {
        format!("Swish {}", self.beta.len())
    }
}

/// A residual block: `y = F(x) + S(x)`. F, the branch, is any network; S, the shortcut, passes x on unchanged, or
/// through a linear layer if the branch changes the number of columns (He et al. 2016, "Deep Residual Learning for
/// Image Recognition").
pub struct Residual {
    branch: Sequential,
    shortcut: Option<Linear>,
}

impl Residual {
    /// A block with this branch and this shortcut; `None` is the identity. This function is complete.
    pub fn new(branch: Sequential, shortcut: Option<Linear>) -> Self {
        Self { branch, shortcut }
    }
}

impl Layer for Residual {
    /// `F(x) + S(x)`.
    ///
    /// # Panics
    ///
    /// If there is no linear layer in the shortcut, and the branch changes the number of columns.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient with respect to x. Branch and shortcut keep the gradients of their own parameters.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The parameters of the branch, then those of the shortcut.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        todo!()
    }

    fn describe(&self) -> String {
        "Residual".to_owned()
    }
}

/// Several networks that all get the same input. Their outputs stand side by side: `Y = [F₁(x) | F₂(x) | …]`.
pub struct MultiPath {
    paths: Vec<Sequential>,
    /// How many columns each path has put out in the last forward pass.
    widths: Option<Vec<usize>>,
}

impl MultiPath {
    /// A block of these paths, one or more, in this order. This function is complete.
    pub fn new(paths: Vec<Sequential>) -> Self {
        Self { paths, widths: None }
    }
}

impl Layer for MultiPath {
    /// The columns of all paths, from the first path to the last: (n, n_1 + n_2 + …).
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient with respect to x. The paths keep the gradients of their own parameters.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The parameters of the first path, then those of the second, and so on.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        todo!()
    }

    fn describe(&self) -> String {
        format!("MultiPath {}", self.paths.len())
    }
}

/// A deep network of residual blocks: a linear layer from `n_in` to `width` columns, `n_blocks` blocks, and a linear
/// layer from `width` to `n_out` columns.
///
/// The branch of each block is Linear, [`Swish`], Linear, all of them `width` columns wide; its shortcut is the
/// identity. The weights of its *second* linear layer start at 0, so every block starts as the identity. All other
/// linear layers are made by `Linear::new`.
pub fn residual_mlp(n_in: usize, width: usize, n_blocks: usize, n_out: usize, rng: &mut impl Rng) -> Sequential {
    todo!()
}

/// How much each query attends to each key: the softmax of every *row* of `Q·Kᵀ / √d`.
///
/// `q` is (n_queries, d), `k` is (n_keys, d), the result is (n_queries, n_keys). Its rows sum to 1, even if scores are
/// large.
pub fn attention_weights(q: &ArrayRef2<f64>, k: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// The backward pass of `A·V`, where `A` is [`attention_weights`] of Q and K: given `d_out` (n_queries, n_out), the
/// gradients with respect to Q, K and V, in their shapes. `weights` is A, and `v` is (n_keys, n_out).
pub fn attention_backward(
    q: &ArrayRef2<f64>,
    k: &ArrayRef2<f64>,
    v: &ArrayRef2<f64>,
    weights: &ArrayRef2<f64>,
    d_out: &ArrayRef2<f64>,
) -> (Array2<f64>, Array2<f64>, Array2<f64>) {
    todo!()
}

/// Self-attention (Vaswani et al. 2017, "Attention Is All You Need", with one head): every position of a sequence
/// attends to all positions of the *same* sequence.
///
/// A row of the input is a sequence: `n_positions` vectors of d numbers, one after the other. Three linear layers, each
/// from d to d columns, turn every vector into a query, a key and a value. Position i puts out the mean of all values,
/// weighted by how much its query attends to their keys.
#[derive(Clone, Debug)]
pub struct SelfAttention {
    /// Makes the queries: what a position looks for.
    pub query: Linear,
    /// Makes the keys: how a position is found.
    pub key: Linear,
    /// Makes the values: what a position contributes.
    pub value: Linear,
    n_positions: usize,
    kept: Option<Kept>,
}

/// What the last forward pass keeps for the backward pass.
#[derive(Clone, Debug)]
struct Kept {
    /// Queries, keys and values, a row for each position of each sequence.
    q: Array2<f64>,
    k: Array2<f64>,
    v: Array2<f64>,
    /// The attention weights of each sequence.
    weights: Vec<Array2<f64>>,
}

impl SelfAttention {
    /// A layer with these three linear layers, each from d to d columns, for sequences of `n_positions` vectors. This
    /// function is complete.
    pub fn from_parts(query: Linear, key: Linear, value: Linear, n_positions: usize) -> Self {
        Self { query, key, value, n_positions, kept: None }
    }

    /// A layer with random weights for sequences of `n_positions` vectors of `d` numbers. This function is complete.
    pub fn new(n_positions: usize, d: usize, rng: &mut impl Rng) -> Self {
        let [query, key, value] = [(); 3].map(|()| Linear::new(d, d, rng));
        Self::from_parts(query, key, value, n_positions)
    }
}

impl Layer for SelfAttention {
    /// The output for `x` (n, n_positions · d) has the same shape. No sequence depends on another sequence of the
    /// batch.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient with respect to x. The three linear layers keep the gradients of their own parameters.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The parameters of the queries, then of the keys, then of the values.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        todo!()
    }

    fn describe(&self) -> String {
        format!("SelfAttention {}", self.n_positions)
    }
}

/// The focal loss (Lin et al. 2017, "Focal Loss for Dense Object Detection") of scores, with a weight for each class.
///
/// With p the softmax probability of a sample's true class and w the weight of that class, the sample's loss is
/// `-w · (1 - p)^γ · ln p`. The loss is the mean over the samples: their sum divided by n. With γ = 0 and all weights 1
/// it is cross-entropy.
#[derive(Clone, Debug)]
pub struct Focal {
    /// γ ≥ 0: the larger it is, the less a sample counts that is predicted well already.
    pub gamma: f64,
    /// A weight for each class (n_classes).
    pub class_weights: Array1<f64>,
}

impl Loss for Focal {
    /// The loss of the scores `z` (n, n_classes), where `y` holds one-hot rows; finite for all finite scores.
    fn value(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        todo!()
    }

    /// The gradient with respect to `z`; finite for all finite scores.
    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// Cross-entropy with label smoothing (Szegedy et al. 2016, "Rethinking the Inception Architecture", section 7): the
/// share ε of each target is taken away and spread evenly over *all* classes, including the true one.
#[derive(Clone, Copy, Debug)]
pub struct SmoothedCrossEntropy {
    /// ε, from 0 to 1.
    pub epsilon: f64,
}

impl SmoothedCrossEntropy {
    /// The targets (n, n_classes) that this loss uses, for one-hot rows `y`.
    pub fn targets(&self, y: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

impl Loss for SmoothedCrossEntropy {
    /// The cross-entropy of softmax against the smoothed targets; the mean over the samples.
    fn value(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        todo!()
    }

    /// The gradient with respect to the scores `z`.
    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// The Dice loss of probabilities: `1 - (2 Σ p·t + s) / (Σ p + Σ t + s)`, with sums over all entries and `s` = `smooth`
/// (Milletari, Navab & Ahmadi 2016, "V-Net", with the plain sums that are more common today).
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    /// Keeps the fraction from being 0 / 0 if both sets are empty; then the loss is 0.
    pub smooth: f64,
}

impl Loss for Dice {
    /// The loss of the probabilities `p` (n, n_out) for targets `t` of 0 and 1.
    fn value(&self, p: &ArrayRef2<f64>, t: &ArrayRef2<f64>) -> f64 {
        todo!()
    }

    /// The gradient with respect to `p`.
    fn gradient(&self, p: &ArrayRef2<f64>, t: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// A penalty on what a network computes *inside*: λ times the mean over the samples of `Σ |a|`, the sum over the
/// columns.
///
/// It is a layer that passes activations on unchanged, and adds the gradient of its penalty in the backward pass.
#[derive(Clone, Debug)]
pub struct ActivityPenalty {
    /// λ: how much the penalty counts.
    pub lambda: f64,
    input: Option<Array2<f64>>,
}

impl ActivityPenalty {
    /// A layer with this λ. This function is complete.
    pub fn new(lambda: f64) -> Self {
        Self { lambda, input: None }
    }

    /// The penalty for the last forward pass: what has to be added to the loss.
    ///
    /// # Panics
    ///
    /// If there was no forward pass.
    pub fn penalty(&self) -> f64 {
        todo!()
    }
}

impl Layer for ActivityPenalty {
    /// `a` itself.
    fn forward(&mut self, a: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient of the loss plus the penalty. At the kink of |a|, its slope is taken as 0.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn describe(&self) -> String {
        "ActivityPenalty".to_owned()
    }
}

/// 1 / (1 + e^-z); if e^-z is infinite this is 0, as it should be. This function is complete.
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// `z - ln Σ e^z` of each row, with the row's largest score subtracted first, so that no e^z overflows. This function
/// is complete.
fn log_softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    let max = z.map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |max, &z| max.max(z))).insert_axis(Axis(1));
    let shifted = z - &*max;
    let log_sums = shifted.mapv(f64::exp).sum_axis(Axis(1)).mapv(f64::ln).insert_axis(Axis(1));
    shifted - &log_sums
}
