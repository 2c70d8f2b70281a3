//! Exercise 19, solved: batch normalisation.
//!
//! Weights of the right scale (exercise 15) help at the start. Then they change, and the scale with them. A layer of
//! batch normalisation gives every column mean 0 and variance 1 in *every* step. Then γ and β, which are learned, set
//! another scale where it is needed.
//!
//! In training, the mean and the variance are those of the batch, so they depend on every sample in it, and the
//! backward pass has to take this into account. In evaluation they are running statistics from the training.
//!
//! One sample per row. A statistic belongs to a column, a feature.

use std::{cell::Cell, rc::Rc};

use engine::{Layer, Linear, Parameter, Relu, Sequential};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};
use rand::Rng;

/// The mean and the variance of each column of `x` (n, n_features), over the n ≥ 1 samples: two vectors (n_features).
///
/// This variance is the mean of the squared deviations: it divides by n. It is exact even if the mean is far larger
/// than the deviations.
pub fn batch_statistics(x: &ArrayRef2<f64>) -> (Array1<f64>, Array1<f64>) {
    let n = x.nrows() as f64;
    let mean = x.sum_axis(Axis(0)) / n;
    // The mean is taken out before anything is squared. The other formula, the mean of x² minus the square of the mean,
    // is a difference of two large numbers where the mean is large, and may even be negative.
    let deviations = x - &*mean;
    let var = (&deviations * &deviations).sum_axis(Axis(0)) / n;
    (mean, var)
}

/// X̂ = (X - mean) / √(var + eps), column by column: the same shape as `x` (n, n_features).
///
/// `eps` prevents a division by 0 where all values of a column are equal.
pub fn normalise(x: &ArrayRef2<f64>, mean: &ArrayRef1<f64>, var: &ArrayRef1<f64>, eps: f64) -> Array2<f64> {
    (x - mean) / var.mapv(|var| (var + eps).sqrt())
}

/// The gradient with respect to X, where X̂ is X normalised by *its own* mean and variance. `x_hat` (n, n_features) is
/// X̂, and `d_x_hat`, of the same shape, is the gradient with respect to X̂. `var` (n_features) and `eps` are those of
/// the forward pass.
///
/// Column by column, with means over the samples:
/// `dX = (dX̂ - mean(dX̂) - X̂ ⊙ mean(dX̂ ⊙ X̂)) / √(var + eps)`.
///
/// An entry of X acts in three ways: on its own X̂; on the mean of its column, and so on every X̂ there; and on the
/// variance, again on every X̂. The three terms are these three ways. They have a meaning, too: moving all of a column
/// by the same amount changes nothing, and stretching it changes nothing (but for eps). So a gradient in either
/// direction is in vain, and the two means take out exactly these two directions.
pub fn normalise_backward(
    x_hat: &ArrayRef2<f64>,
    var: &ArrayRef1<f64>,
    eps: f64,
    d_x_hat: &ArrayRef2<f64>,
) -> Array2<f64> {
    let n = x_hat.nrows() as f64;
    let shift = d_x_hat.sum_axis(Axis(0)) / n;
    let stretch = (d_x_hat * x_hat).sum_axis(Axis(0)) / n;
    let in_vain = x_hat * &*stretch + &shift;
    (d_x_hat - &*in_vain) / var.mapv(|var| (var + eps).sqrt())
}

/// What a network is used for at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is in training, with batches.
    #[default]
    Train,
    /// It is evaluated: it makes predictions.
    Eval,
}

/// The mode of a network. All clones share one position: a mode that is set on one of them is set on all of them.
///
/// The layers of a network are behind `dyn Layer`, which has no method for modes. So each layer that needs the mode
/// holds a clone, and the training loop holds another.
#[derive(Clone, Debug, Default)]
pub struct Switch {
    mode: Rc<Cell<Mode>>,
}

impl Switch {
    /// A new switch, in [`Mode::Train`].
    pub fn new() -> Self {
        Self::default()
    }

    /// The present mode.
    pub fn mode(&self) -> Mode {
        self.mode.get()
    }

    /// Sets the mode, for all clones.
    pub fn set(&self, mode: Mode) {
        self.mode.set(mode);
    }
}

/// Batch normalisation as a layer: `Y = γ ⊙ X̂ + β`, column by column (Ioffe & Szegedy 2015, "Batch Normalization",
/// algorithms 1 and 2).
#[derive(Clone, Debug)]
pub struct BatchNorm {
    /// γ (n_features), the standard deviations that the layer gives to its columns; it is learned.
    pub gamma: Array1<f64>,
    /// β (n_features), the means that the layer gives to its columns; it is learned.
    pub beta: Array1<f64>,
    /// The gradient of `gamma`, 0 before the first backward pass.
    pub d_gamma: Array1<f64>,
    /// The gradient of `beta`, 0 before the first backward pass.
    pub d_beta: Array1<f64>,
    /// The mean of each column over the batches so far, for evaluation; 0 at first.
    pub running_mean: Array1<f64>,
    /// The same for the variance; 1 at first.
    pub running_var: Array1<f64>,
    /// The weight of each new batch in the running statistics.
    pub momentum: f64,
    /// A small number that is added to each variance under the root.
    pub eps: f64,
    switch: Switch,
    kept: Option<Kept>,
}

/// What the last forward pass keeps for the backward pass.
#[derive(Clone, Debug)]
struct Kept {
    x_hat: Array2<f64>,
    var: Array1<f64>,
    mode: Mode,
}

impl BatchNorm {
    /// A layer with these γ and β (n_features each), which gets its mode from a clone of `switch`. Its momentum is 0.1,
    /// its eps 1e-5.
    ///
    /// # Panics
    ///
    /// If γ and β have different lengths.
    #[track_caller]
    pub fn from_parts(gamma: Array1<f64>, beta: Array1<f64>, switch: &Switch) -> Self {
        assert_eq!(gamma.len(), beta.len(), "every column needs one gamma and one beta");
        let n_features = gamma.len();
        let zeros = Array1::zeros(n_features);
        Self {
            gamma,
            beta,
            d_gamma: zeros.clone(),
            d_beta: zeros.clone(),
            running_mean: zeros,
            running_var: Array1::ones(n_features),
            momentum: 0.1,
            eps: 1e-5,
            switch: switch.clone(),
            kept: None,
        }
    }

    /// A layer that starts with γ = 1 and β = 0: it only normalises.
    pub fn new(n_features: usize, switch: &Switch) -> Self {
        Self::from_parts(Array1::ones(n_features), Array1::zeros(n_features), switch)
    }

    /// Moves the running statistics towards `mean` and `var` (n_features each), the [`batch_statistics`] of a batch of
    /// `n` samples: `running = (1 - momentum) · running + momentum · new`.
    ///
    /// For the variance, `new` is `var · n / (n - 1)`. The variance of a few samples is too small on average, because
    /// they lie closer to their own mean than to the true mean; this factor makes up for it. A batch of one sample has
    /// no such variance: then `running_var` does not change.
    pub fn update_running(&mut self, mean: &ArrayRef1<f64>, var: &ArrayRef1<f64>, n: usize) {
        let keep = 1.0 - self.momentum;
        self.running_mean = &self.running_mean * keep + mean * self.momentum;
        if n > 1 {
            let n = n as f64;
            self.running_var = &self.running_var * keep + var * (self.momentum * n / (n - 1.0));
        }
    }
}

impl Layer for BatchNorm {
    /// In training, X̂ comes from the statistics of the batch, and the running statistics are updated. In evaluation,
    /// X̂ comes from the running statistics, which do not change: no sample depends on another.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let mode = self.switch.mode();
        let (mean, var) = match mode {
            Mode::Train => {
                let (mean, var) = batch_statistics(x);
                self.update_running(&mean, &var, x.nrows());
                (mean, var)
            }
            Mode::Eval => (self.running_mean.clone(), self.running_var.clone()),
        };
        let x_hat = normalise(x, &mean, &var, self.eps);
        let y = &x_hat * &self.gamma + &self.beta;
        self.kept = Some(Kept { x_hat, var, mode });
        y
    }

    /// `dγ` is the sum of the rows of `dY ⊙ X̂`, `dβ` that of the rows of `dY`, `dX̂ = dY ⊙ γ`. Then it depends on the
    /// mode of the forward pass: in training dX is that of [`normalise_backward`]. In evaluation mean and variance did
    /// not depend on X, and all that is left is the division.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let Kept { x_hat, var, mode } =
            self.kept.as_ref().expect("a backward pass goes back through a forward pass: call forward first");
        self.d_gamma = (d_out * &**x_hat).sum_axis(Axis(0));
        self.d_beta = d_out.sum_axis(Axis(0));
        let d_x_hat = d_out * &*self.gamma;
        match mode {
            Mode::Train => normalise_backward(x_hat, var, self.eps, &d_x_hat),
            Mode::Eval => d_x_hat / var.mapv(|var| (var + self.eps).sqrt()),
        }
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![
            Parameter { value: self.gamma.view_mut().into_dyn(), gradient: self.d_gamma.view().into_dyn() },
            Parameter { value: self.beta.view_mut().into_dyn(), gradient: self.d_beta.view().into_dyn() },
        ]
    }

    fn describe(&self) -> String {
        format!("BatchNorm {}", self.gamma.len())
    }
}

/// A multi-layer perceptron with batch normalisation: `sizes` are the numbers of inputs, of neurons of each hidden
/// layer, and of outputs. Behind every linear layer but the last stand a [`BatchNorm`] and a ReLU, in this order. All
/// layers share `switch`.
pub fn normalised_mlp(sizes: &[usize], switch: &Switch, rng: &mut impl Rng) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    let n_linear = sizes.len().saturating_sub(1);
    for (number, pair) in (1..).zip(sizes.windows(2)) {
        layers.push(Box::new(Linear::new(pair[0], pair[1], rng)));
        if number < n_linear {
            layers.push(Box::new(BatchNorm::new(pair[1], switch)));
            layers.push(Box::new(Relu::default()));
        }
    }
    Sequential::new(layers)
}

/// The output of `net`, whose layers share `switch`, for `x` in evaluation. Afterwards the switch has its previous
/// mode.
pub fn evaluate(net: &mut Sequential, switch: &Switch, x: &ArrayRef2<f64>) -> Array2<f64> {
    let before = switch.mode();
    switch.set(Mode::Eval);
    let output = net.forward(x);
    // An evaluation in the middle of a training lets the training go on, and one inside another evaluation does not end
    // that.
    switch.set(before);
    output
}

/// Layer normalisation (Ba, Kiros & Hinton 2016) without γ and β: every *row* of `x` (n, n_features) is normalised as
/// in [`normalise`], by its own mean and variance over the n_features ≥ 1 columns, with `eps`. It needs no batch and no
/// running statistics.
pub fn layer_norm(x: &ArrayRef2<f64>, eps: f64) -> Array2<f64> {
    // Batch normalisation with rows and columns exchanged.
    let (mean, var) = batch_statistics(&x.t());
    normalise(&x.t(), &mean, &var, eps).reversed_axes()
}

/// The gradient with respect to the input `x` of [`layer_norm`], given the gradient with respect to its output, `d_out`
/// (n, n_features).
pub fn layer_norm_backward(x: &ArrayRef2<f64>, eps: f64, d_out: &ArrayRef2<f64>) -> Array2<f64> {
    let (mean, var) = batch_statistics(&x.t());
    let x_hat = normalise(&x.t(), &mean, &var, eps);
    normalise_backward(&x_hat, &var, eps, &d_out.t()).reversed_axes()
}
