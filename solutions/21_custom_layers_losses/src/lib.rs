//! Exercise 21, solved: building blocks of your own.
//!
//! A network (exercise 10) asks two things of a layer: an output for an input, and the gradient with respect to that input for the
//! gradient with respect to that output. Whatever can answer both is a layer, whether it holds one number or another network. A
//! loss answers two questions as well: how wrong, and in which direction.
//!
//! One rule is behind every way back in this file: **a value that is used several times gets the sum of the gradients from all
//! of its uses.** The input of a residual block is used twice, that of an attention layer three times, and a parameter once for
//! every sample.

use engine::{Layer, Linear, Loss, Parameter, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array1, Array2, ArrayRef2, Axis, Slice, Zip, concatenate};
use rand::Rng;

const FORWARD_FIRST: &str = "a backward pass goes back through a forward pass: call forward first";

/// Swish with a slope parameter that is learned: `y = x · σ(β · x)`, entry by entry, with its own β for each column
/// (Ramachandran, Zoph & Le 2017, "Searching for Activation Functions").
///
/// With β = 0 it is half of x; the larger β, the closer it is to ReLU.
#[derive(Clone, Debug)]
pub struct Swish {
    /// β (n_features); it is learned.
    pub beta: Array1<f64>,
    /// The gradient of `beta`, 0 before the first backward pass.
    pub d_beta: Array1<f64>,
    input: Option<Array2<f64>>,
}

impl Swish {
    /// A layer with these β (n_features).
    pub fn from_parts(beta: Array1<f64>) -> Self {
        let d_beta = Array1::zeros(beta.len());
        Self { beta, d_beta, input: None }
    }

    /// A layer that starts with β = 1.
    pub fn new(n_features: usize) -> Self {
        Self::from_parts(Array1::ones(n_features))
    }
}

impl Layer for Swish {
    /// `x · σ(β · x)` for `x` (n, n_features), finite for every finite entry.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.input = Some(x.to_owned());
        (x * &*self.beta).mapv(sigmoid) * x
    }

    /// Two numbers go into an output, x and β, and each has a slope of its own. With g = σ(βx), the gate, and σ' = g(1 - g):
    ///
    /// - `dy/dx = g + βx · σ'`, by the product rule: x stands in front of the gate, and inside of it.
    /// - `dy/dβ = x² · σ'`: one x from in front, one from inside.
    ///
    /// A β is used once for every sample, so its gradient is a sum over the samples.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let x = self.input.as_ref().expect(FORWARD_FIRST);
        let gate = (x * &self.beta).mapv(sigmoid);
        // x · σ'(βx) is a part of both slopes.
        let bend = gate.mapv(|gate| gate * (1.0 - gate)) * x;
        self.d_beta = (&bend * x * d_out).sum_axis(Axis(0));
        (gate + bend * &self.beta) * d_out
    }

    /// β, so that an optimiser can find it. A parameter that is not handed out here never learns.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter { value: self.beta.view_mut().into_dyn(), gradient: self.d_beta.view().into_dyn() }]
    }

    fn describe(&self) -> String {
        format!("Swish {}", self.beta.len())
    }
}

/// A residual block: `y = F(x) + S(x)`. F, the branch, is any network; S, the shortcut, passes x on unchanged, or
/// through a linear layer if the branch changes the number of columns (He et al. 2016, "Deep Residual Learning for
/// Image Recognition").
///
/// The branch only has to learn what is *missing* from x. Whatever it does to gradients, the shortcut lets them through.
pub struct Residual {
    branch: Sequential,
    shortcut: Option<Linear>,
}

impl Residual {
    /// A block with this branch and this shortcut; `None` is the identity.
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
        let branch = self.branch.forward(x);
        match &mut self.shortcut {
            Some(shortcut) => branch + shortcut.forward(x),
            None => {
                // Adding would repeat a single column until it fits, and a wrong network would train without a word.
                assert_eq!(branch.dim(), x.dim(), "a branch that changes the shape needs a linear shortcut");
                branch + x
            }
        }
    }

    /// x is used twice, so both gradients are added. The identity passes on `d_out` as it came: in a deep network this is the
    /// way on which a gradient gets back to the first layer.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let d_x = self.branch.backward(d_out);
        match &mut self.shortcut {
            Some(shortcut) => d_x + shortcut.backward(d_out),
            None => d_x + d_out,
        }
    }

    /// The parameters of the branch, then those of the shortcut.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let mut parameters = self.branch.parameters();
        if let Some(shortcut) = &mut self.shortcut {
            parameters.extend(shortcut.parameters());
        }
        parameters
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
    /// A block of these paths, one or more, in this order.
    pub fn new(paths: Vec<Sequential>) -> Self {
        Self { paths, widths: None }
    }
}

impl Layer for MultiPath {
    /// The columns of all paths, from the first path to the last: (n, n_1 + n_2 + …).
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let outputs: Vec<Array2<f64>> = self.paths.iter_mut().map(|path| path.forward(x)).collect();
        self.widths = Some(outputs.iter().map(|output| output.ncols()).collect());
        let views: Vec<_> = outputs.iter().map(|output| output.view()).collect();
        concatenate(Axis(1), &views).expect("every path puts out a row for each sample")
    }

    /// Each path gets the columns of `d_out` that it put out. All of them used the same x, so what they hand back is added.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let widths = self.widths.as_ref().expect(FORWARD_FIRST);
        let mut rest = d_out.view();
        let mut parts = Vec::new();
        for (path, width) in self.paths.iter_mut().zip(widths) {
            let (own, others) = rest.split_at(Axis(1), *width);
            parts.push(path.backward(&own));
            rest = others;
        }
        parts.into_iter().reduce(|sum, part| sum + part).expect("there is at least one path")
    }

    /// The parameters of the first path, then those of the second, and so on.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.paths.iter_mut().flat_map(|path| path.parameters()).collect()
    }

    fn describe(&self) -> String {
        format!("MultiPath {}", self.paths.len())
    }
}

/// A deep network of residual blocks: a linear layer from `n_in` to `width` columns, `n_blocks` blocks, and a linear layer from
/// `width` to `n_out` columns.
///
/// The branch of each block is Linear, [`Swish`], Linear, all of them `width` columns wide; its shortcut is the identity. The
/// weights of its *second* linear layer start at 0, so every block starts as the identity: at the start even a network of a
/// hundred blocks is as easy to train as one of none.
pub fn residual_mlp(n_in: usize, width: usize, n_blocks: usize, n_out: usize, rng: &mut impl Rng) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(Linear::new(n_in, width, rng))];
    for _ in 0..n_blocks {
        // All weights of 0 do no harm here: the first layer of the branch gives each of its outputs another signal, so that the
        // second layer's gradients differ from the first step on. From the second step on the first layer learns, too.
        let last = Linear::from_parts(Array2::zeros((width, width)), Array1::zeros(width));
        let branch = Sequential::new(vec![
            Box::new(Linear::new(width, width, rng)),
            Box::new(Swish::new(width)),
            Box::new(last),
        ]);
        layers.push(Box::new(Residual::new(branch, None)));
    }
    layers.push(Box::new(Linear::new(width, n_out, rng)));
    Sequential::new(layers)
}

/// How much each query attends to each key: the softmax of every *row* of `Q·Kᵀ / √d`.
///
/// `q` is (n_queries, d), `k` is (n_keys, d), the result is (n_queries, n_keys). Its rows sum to 1, even if scores are
/// large.
///
/// A score is a sum of d products. With entries of variance 1 its variance is d; √d brings it back to 1, so that the softmax does
/// not begin saturated.
pub fn attention_weights(q: &ArrayRef2<f64>, k: &ArrayRef2<f64>) -> Array2<f64> {
    let scores = q.dot(&k.t()) / (q.ncols() as f64).sqrt();
    log_softmax(&scores).mapv(f64::exp)
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
    // A·V is a product like X·W of a linear layer, and so is its way back.
    let d_v = weights.t().dot(d_out);
    let d_weights = d_out.dot(&v.t());
    // Softmax, row by row: every score moves every weight of its row, since they sum to 1.
    let means = (weights * &*d_weights).sum_axis(Axis(1)).insert_axis(Axis(1));
    let d_scores = (d_weights - &means) * weights / (q.ncols() as f64).sqrt();
    // And Q·Kᵀ is a product once more.
    (d_scores.dot(k), d_scores.t().dot(q), d_v)
}

/// Self-attention (Vaswani et al. 2017, "Attention Is All You Need", with one head): every position of a sequence
/// attends to all positions of the *same* sequence.
///
/// A row of the input is a sequence: `n_positions` vectors of d numbers, one after the other. Three linear layers, each from d to d
/// columns, turn every vector into a query, a key and a value. Position i puts out the mean of all values, weighted by how much
/// its query attends to their keys.
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
    /// A layer with these three linear layers, each from d to d columns, for sequences of `n_positions` vectors.
    pub fn from_parts(query: Linear, key: Linear, value: Linear, n_positions: usize) -> Self {
        Self { query, key, value, n_positions, kept: None }
    }

    /// A layer with random weights for sequences of `n_positions` vectors of `d` numbers.
    pub fn new(n_positions: usize, d: usize, rng: &mut impl Rng) -> Self {
        let [query, key, value] = [(); 3].map(|()| Linear::new(d, d, rng));
        Self::from_parts(query, key, value, n_positions)
    }
}

impl Layer for SelfAttention {
    /// The output for `x` (n, n_positions · d) has the same shape. No sequence depends on another sequence of the
    /// batch.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let m = self.n_positions;
        // All vectors below each other: a linear layer treats every row alike, so it need not know of sequences.
        let vectors = x.to_shape((x.nrows() * m, x.ncols() / m)).expect("a row is n_positions vectors");
        let [q, k, v] = [&mut self.query, &mut self.key, &mut self.value].map(|layer| layer.forward(&vectors));
        let mut out = Array2::zeros(v.dim());
        let mut weights = Vec::new();
        for start in (0..out.nrows()).step_by(m) {
            let sequence = Slice::from(start..start + m);
            let [q, k, v] = [&q, &k, &v].map(|array| array.slice_axis(Axis(0), sequence));
            let a = attention_weights(&q, &k);
            out.slice_axis_mut(Axis(0), sequence).assign(&a.dot(&v));
            weights.push(a);
        }
        self.kept = Some(Kept { q, k, v, weights });
        out.to_shape(x.dim()).expect("there are as many numbers as before").into_owned()
    }

    /// Sequence by sequence through the attention, and then through the three linear layers. All three used x: three gradients are
    /// added.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let Kept { q, k, v, weights } = self.kept.as_ref().expect(FORWARD_FIRST);
        let d_vectors = d_out.to_shape(v.dim()).expect("d_out has the shape of the output");
        let [mut d_q, mut d_k, mut d_v] = [q, k, v].map(|array| Array2::zeros(array.dim()));
        for (start, a) in (0..q.nrows()).step_by(self.n_positions).zip(weights) {
            let sequence = Slice::from(start..start + self.n_positions);
            let [q, k, v] = [q, k, v].map(|array| array.slice_axis(Axis(0), sequence));
            let gradients = attention_backward(&q, &k, &v, a, &d_vectors.slice_axis(Axis(0), sequence));
            d_q.slice_axis_mut(Axis(0), sequence).assign(&gradients.0);
            d_k.slice_axis_mut(Axis(0), sequence).assign(&gradients.1);
            d_v.slice_axis_mut(Axis(0), sequence).assign(&gradients.2);
        }
        let d_x = self.query.backward(&d_q) + self.key.backward(&d_k) + self.value.backward(&d_v);
        d_x.to_shape(d_out.dim()).expect("there are as many numbers as before").into_owned()
    }

    /// The parameters of the queries, then of the keys, then of the values.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        [&mut self.query, &mut self.key, &mut self.value].into_iter().flat_map(|layer| layer.parameters()).collect()
    }

    fn describe(&self) -> String {
        format!("SelfAttention {}", self.n_positions)
    }
}

/// The focal loss (Lin et al. 2017, "Focal Loss for Dense Object Detection") of scores, with a weight for each class.
///
/// With p the softmax probability of a sample's true class and w the weight of that class, the sample's loss is
/// `-w · (1 - p)^γ · ln p`. The loss is the mean over the samples: their sum divided by n. With γ = 0 and all weights 1 it is
/// cross-entropy.
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
        // One-hot rows pick the true class: ln p, and its weight.
        let log_p = (log_softmax(z) * y).sum_axis(Axis(1));
        let weights = y.dot(&self.class_weights);
        // `exp_m1` is e^x - 1, exact also where p is nearly 1.
        let losses = Zip::from(&log_p).and(&weights).map_collect(|&l, &w| -w * (-l.exp_m1()).powf(self.gamma) * l);
        losses.sum() / z.nrows() as f64
    }

    /// The loss of a sample is a function of l = ln p alone, and `dl/dz = Y - P`, as for cross-entropy. So only the number in
    /// front of `P - Y` is new. By the product rule and with q = 1 - p it is `w · (q^γ - γ · q^(γ-1) · p · ln p)`.
    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        let log_p = log_softmax(z);
        let log_p_true = (&*log_p * y).sum_axis(Axis(1));
        let weights = y.dot(&self.class_weights);
        let factors = Zip::from(&log_p_true).and(&weights).map_collect(|&l, &w| {
            let q = -l.exp_m1();
            // Where p is 1 the second term is 0, although a γ below 1 makes an infinity of q^(γ-1).
            let second = if q > 0.0 { self.gamma * q.powf(self.gamma - 1.0) * l.exp() * l } else { 0.0 };
            w * (q.powf(self.gamma) - second) / z.nrows() as f64
        });
        (log_p.mapv(f64::exp) - y) * factors.insert_axis(Axis(1))
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
        y * (1.0 - self.epsilon) + self.epsilon / y.ncols() as f64
    }
}

impl Loss for SmoothedCrossEntropy {
    /// The cross-entropy of softmax against the smoothed targets; the mean over the samples.
    fn value(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> f64 {
        // Nothing in cross-entropy asks for one-hot rows: any rows that sum to 1 will do.
        SoftmaxCrossEntropy.value(z, &self.targets(y))
    }

    fn gradient(&self, z: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Array2<f64> {
        SoftmaxCrossEntropy.gradient(z, &self.targets(y))
    }
}

/// The Dice loss of probabilities: `1 - (2 Σ p·t + s) / (Σ p + Σ t + s)`, with sums over all entries and `s` = `smooth`
/// (Milletari, Navab & Ahmadi 2016, "V-Net", with the plain sums that are more common today).
///
/// It measures the overlap of two sets, such as the marked pixels of two images. Pixels that are in neither of them do not count.
#[derive(Clone, Copy, Debug)]
pub struct Dice {
    /// Keeps the fraction from being 0 / 0 if both sets are empty; then the loss is 0.
    pub smooth: f64,
}

impl Dice {
    /// Numerator and denominator of the fraction.
    fn fraction(&self, p: &ArrayRef2<f64>, t: &ArrayRef2<f64>) -> (f64, f64) {
        (2.0 * (p * t).sum() + self.smooth, p.sum() + t.sum() + self.smooth)
    }
}

impl Loss for Dice {
    /// The loss of the probabilities `p` (n, n_out) for targets `t` of 0 and 1.
    fn value(&self, p: &ArrayRef2<f64>, t: &ArrayRef2<f64>) -> f64 {
        let (numerator, denominator) = self.fraction(p, t);
        1.0 - numerator / denominator
    }

    /// By the quotient rule, `-(2t · D - N) / D²`: an entry moves the numerator N by 2t, and the denominator D by 1. There is no
    /// 1/n, since the loss is no mean.
    fn gradient(&self, p: &ArrayRef2<f64>, t: &ArrayRef2<f64>) -> Array2<f64> {
        let (numerator, denominator) = self.fraction(p, t);
        t.mapv(|t| (numerator - 2.0 * t * denominator) / (denominator * denominator))
    }
}

/// A penalty on what a network computes *inside*: λ times the mean over the samples of `Σ |a|`, the sum over the columns.
///
/// A [`Loss`] sees outputs only. But a layer stands where the activations pass: this one lets them through unchanged, and adds the
/// gradient of its penalty on the way back.
#[derive(Clone, Debug)]
pub struct ActivityPenalty {
    /// λ: how much the penalty counts.
    pub lambda: f64,
    input: Option<Array2<f64>>,
}

impl ActivityPenalty {
    /// A layer with this λ.
    pub fn new(lambda: f64) -> Self {
        Self { lambda, input: None }
    }

    /// The penalty for the last forward pass: what has to be added to the loss.
    ///
    /// # Panics
    ///
    /// If there was no forward pass.
    pub fn penalty(&self) -> f64 {
        let a = self.input.as_ref().expect("a penalty is about activations: call forward first");
        self.lambda * a.mapv(f64::abs).sum() / a.nrows() as f64
    }
}

impl Layer for ActivityPenalty {
    /// `a` itself.
    fn forward(&mut self, a: &ArrayRef2<f64>) -> Array2<f64> {
        self.input = Some(a.to_owned());
        a.to_owned()
    }

    /// The gradient of the loss plus the penalty. At the kink of |a|, its slope is taken as 0.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let a = self.input.as_ref().expect(FORWARD_FIRST);
        let slope = self.lambda / a.nrows() as f64;
        // `f64::signum` of 0 is 1.
        Zip::from(d_out).and(a).map_collect(|&d, &a| if a == 0.0 { d } else { d + slope * a.signum() })
    }

    fn describe(&self) -> String {
        "ActivityPenalty".to_owned()
    }
}

/// 1 / (1 + e^-z); if e^-z is infinite this is 0, as it should be.
fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

/// `z - ln Σ e^z` of each row, with the row's largest score subtracted first, so that no e^z overflows.
fn log_softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    let max = z.map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |max, &z| max.max(z))).insert_axis(Axis(1));
    let shifted = z - &*max;
    let log_sums = shifted.mapv(f64::exp).sum_axis(Axis(1)).mapv(f64::ln).insert_axis(Axis(1));
    shifted - &log_sums
}
