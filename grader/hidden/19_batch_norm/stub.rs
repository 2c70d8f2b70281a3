//! Exercise 19: batch normalisation.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 19` as often as you like.

use std::{cell::Cell, rc::Rc};

use engine::{Layer, Parameter, Sequential};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use rand::Rng;

/// The mean and the variance of each column of `x` (n, n_features), over the n ≥ 1 samples: two vectors (n_features).
///
/// This variance is the mean of the squared deviations: it divides by n. It is exact even if the mean is far larger
/// than the deviations.
pub fn batch_statistics(x: &ArrayRef2<f64>) -> (Array1<f64>, Array1<f64>) {
    todo!()
}

/// X̂ = (X - mean) / √(var + eps), column by column: the same shape as `x` (n, n_features).
///
/// `eps` prevents a division by 0 where all values of a column are equal.
pub fn normalise(x: &ArrayRef2<f64>, mean: &ArrayRef1<f64>, var: &ArrayRef1<f64>, eps: f64) -> Array2<f64> {
    todo!()
}

/// The gradient with respect to X, where X̂ is X normalised by *its own* mean and variance. `x_hat` (n, n_features) is
/// X̂, and `d_x_hat`, of the same shape, is the gradient with respect to X̂. `var` (n_features) and `eps` are those of
/// the forward pass.
pub fn normalise_backward(
    x_hat: &ArrayRef2<f64>,
    var: &ArrayRef1<f64>,
    eps: f64,
    d_x_hat: &ArrayRef2<f64>,
) -> Array2<f64> {
    todo!()
}

/// What a network is used for at the moment. This type is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is in training, with batches.
    #[default]
    Train,
    /// It is evaluated: it makes predictions.
    Eval,
}

/// The mode of a network. All clones share one position: a mode that is set on one of them is set on all of them. This
/// type is complete.
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

/// What the last forward pass keeps for the backward pass. It is a suggestion: keep what your `backward` needs.
#[derive(Clone, Debug)]
struct Kept {
    x_hat: Array2<f64>,
    var: Array1<f64>,
    mode: Mode,
}

impl BatchNorm {
    /// A layer with these γ and β (n_features each), which gets its mode from a clone of `switch`. Its momentum is 0.1,
    /// its eps 1e-5. This function is complete.
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

    /// A layer that starts with γ = 1 and β = 0: it only normalises. This function is complete.
    pub fn new(n_features: usize, switch: &Switch) -> Self {
        Self::from_parts(Array1::ones(n_features), Array1::zeros(n_features), switch)
    }

    /// Moves the running statistics towards `mean` and `var` (n_features each), the [`batch_statistics`] of a batch of
    /// `n` samples: `running = (1 - momentum) · running + momentum · new`.
    ///
    /// For the variance, `new` is `var · n / (n - 1)`. A batch of one sample has no such variance: then `running_var`
    /// does not change.
    pub fn update_running(&mut self, mean: &ArrayRef1<f64>, var: &ArrayRef1<f64>, n: usize) {
        todo!()
    }
}

impl Layer for BatchNorm {
    /// In training, X̂ comes from the statistics of the batch, and the running statistics are updated. In evaluation,
    /// X̂ comes from the running statistics, which do not change: no sample depends on another.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// Fills `d_gamma` and `d_beta`: sums over the samples, without any averaging. The gradient of X depends on the
    /// mode of the last forward pass.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// γ, then β. This function is complete.
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
    todo!()
}

/// The output of `net`, whose layers share `switch`, for `x` in evaluation. Afterwards the switch has its previous
/// mode.
pub fn evaluate(net: &mut Sequential, switch: &Switch, x: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}

/// Layer normalisation (Ba, Kiros & Hinton 2016) without γ and β: every *row* of `x` (n, n_features) is normalised as
/// in [`normalise`], by its own mean and variance over the n_features ≥ 1 columns, with `eps`. It needs no batch and no
/// running statistics.
pub fn layer_norm(x: &ArrayRef2<f64>, eps: f64) -> Array2<f64> {
    todo!()
}

/// The gradient with respect to the input `x` of [`layer_norm`], given the gradient with respect to its output, `d_out`
/// (n, n_features).
pub fn layer_norm_backward(x: &ArrayRef2<f64>, eps: f64, d_out: &ArrayRef2<f64>) -> Array2<f64> {
    todo!()
}
