//! Exercise 4, solved: two losses, their gradients, and what an outlier does to each.
//!
//! A loss turns all errors into one number. Its gradient says for every prediction which way it has to move and how
//! much that matters. The two losses differ in one thing only, |e| against e², and everything else follows from it:
//! the shape of the gradient, what one wild value may do, and which constant is the best answer.

use ndarray::{Array2, ArrayRef1, ArrayRef2, Axis};

/// The errors `e = y_pred - y_true`: positive where a prediction is too high.
///
/// # Panics
///
/// If the shapes differ. ndarray would broadcast (n, 1) and (1, n) to a table of n × n differences: every prediction
/// against every target, and a loss that looks like one.
fn errors(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> Array2<f64> {
    assert_eq!(y_true.dim(), y_pred.dim(), "every prediction needs one target: the shapes have to agree");
    y_pred - y_true
}

/// The mean absolute error, `(1/n) Σ |e|` with `e = y_pred - y_true`, in the units of the targets.
///
/// Shapes: both (n_samples, n_outputs); n counts *all* entries. With no entries it is NaN, 0 divided by 0: nothing has
/// been measured, and a 0 would look like a perfect score.
///
/// # Panics
///
/// If the shapes differ.
pub fn mae_loss(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> f64 {
    let errors = errors(y_true, y_pred);
    errors.abs().sum() / errors.len() as f64
}

/// The gradient of [`mae_loss`] with respect to `y_pred`: `sign(e) / n`, and 0 where `e` is 0.
///
/// Every entry has the same size, however large its error: |e| is equally steep everywhere. At `e = 0` it has a corner
/// and no slope; any number from -1/n to 1/n would do (a *subgradient*), and with 0 a prediction that is right stays.
/// The result has the shape of `y_pred`.
///
/// # Panics
///
/// If the shapes differ.
pub fn mae_grad(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> Array2<f64> {
    let errors = errors(y_true, y_pred);
    // Not `f64::signum`: signum(0.0) is 1.0.
    let sign = |e: f64| {
        if e > 0.0 {
            1.0
        } else if e < 0.0 {
            -1.0
        } else {
            0.0
        }
    };
    errors.mapv(sign) / errors.len() as f64
}

/// The mean squared error, `(1/n) Σ e²` with `e = y_pred - y_true`, in the squared units of the targets.
///
/// Shapes: both (n_samples, n_outputs); n counts *all* entries. With no entries the loss is NaN.
///
/// # Panics
///
/// If the shapes differ.
pub fn mse_loss(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> f64 {
    let errors = errors(y_true, y_pred);
    errors.mapv(|e| e * e).sum() / errors.len() as f64
}

/// The gradient of [`mse_loss`] with respect to `y_pred`: `2 e / n`.
///
/// It grows with the error and fades as the error does, so the steps get shorter by themselves near the minimum. The
/// result has the shape of `y_pred`.
///
/// # Panics
///
/// If the shapes differ.
pub fn mse_grad(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> Array2<f64> {
    let errors = errors(y_true, y_pred);
    2.0 * &errors / errors.len() as f64
}

/// One of the two losses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// The mean absolute error.
    Mae,
    /// The mean squared error.
    Mse,
}

impl LossKind {
    /// The loss as a number.
    pub fn value(self, y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> f64 {
        match self {
            Self::Mae => mae_loss(y_true, y_pred),
            Self::Mse => mse_loss(y_true, y_pred),
        }
    }

    /// Its gradient with respect to `y_pred`.
    pub fn grad(self, y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>) -> Array2<f64> {
        match self {
            Self::Mae => mae_grad(y_true, y_pred),
            Self::Mse => mse_grad(y_true, y_pred),
        }
    }
}

/// Which way a prediction has to move for the loss to fall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Upwards.
    Raise,
    /// Downwards.
    Lower,
    /// Not at all.
    Keep,
}

/// The direction in which to move a prediction whose entry in the gradient is `gradient`.
///
/// The gradient says what the loss does when the prediction *rises*. If it is positive, the loss rises too, so the
/// prediction has to be lowered: always against the gradient.
pub fn direction(gradient: f64) -> Direction {
    if gradient > 0.0 {
        Direction::Lower
    } else if gradient < 0.0 {
        Direction::Raise
    } else {
        Direction::Keep
    }
}

/// One step of gradient descent on the predictions themselves: `y_pred - learning_rate · gradient`.
///
/// In a network it is the weights that move; here the predictions do, so that nothing hides what the loss asks for.
/// All shapes are (n_samples, n_outputs).
pub fn descend(y_true: &ArrayRef2<f64>, y_pred: &ArrayRef2<f64>, loss: LossKind, learning_rate: f64) -> Array2<f64> {
    y_pred - learning_rate * loss.grad(y_true, y_pred)
}

/// What an outlier does to both losses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OutlierReport {
    /// The MAE without the outlier.
    pub normal_mae: f64,
    /// The MSE without the outlier.
    pub normal_mse: f64,
    /// The MAE with the outlier.
    pub outlier_mae: f64,
    /// The MSE with the outlier.
    pub outlier_mse: f64,
    /// How many times larger the outlier makes the MAE: `outlier_mae / normal_mae`.
    pub mae_ratio: f64,
    /// How many times larger the outlier makes the MSE: `outlier_mse / normal_mse`.
    pub mse_ratio: f64,
}

/// Measures two sets of predictions, `normal` ones and ones with an `outlier`, against the same targets.
///
/// All shapes are (n_samples, n_outputs). Where the normal predictions are perfect, the ratios are infinite.
///
/// # Panics
///
/// If the shapes differ.
pub fn outlier_report(y_true: &ArrayRef2<f64>, normal: &ArrayRef2<f64>, outlier: &ArrayRef2<f64>) -> OutlierReport {
    let (normal_mae, normal_mse) = (mae_loss(y_true, normal), mse_loss(y_true, normal));
    let (outlier_mae, outlier_mse) = (mae_loss(y_true, outlier), mse_loss(y_true, outlier));
    OutlierReport {
        normal_mae,
        normal_mse,
        outlier_mae,
        outlier_mse,
        mae_ratio: outlier_mae / normal_mae,
        mse_ratio: outlier_mse / normal_mse,
    }
}

/// The single number that has the smallest loss as the prediction for every value of `y`; `None` if there are no
/// values.
///
/// The gradients say which one it is. Sum them up for a constant c: for the MAE that is (values below c - values above
/// c) / n, and it is 0 at the median, where as many are below as above. For the MSE it is 2 (c - mean), and it is 0 at
/// the mean. How far away a value is matters to the mean alone: that is why the median is *robust*.
///
/// With an even number of values every c between the two in the middle has the same MAE; this is the one halfway.
/// The values have to be finite.
pub fn best_constant(y: &ArrayRef1<f64>, loss: LossKind) -> Option<f64> {
    match loss {
        LossKind::Mae => median(y),
        LossKind::Mse => y.mean(),
    }
}

/// The value in the middle, or the point halfway between the two in the middle.
fn median(y: &ArrayRef1<f64>) -> Option<f64> {
    if y.is_empty() {
        return None;
    }
    let mut sorted = y.to_vec();
    // `sort` alone needs a total order, which NaN keeps `f64` from having.
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    // The same entry twice where n is odd.
    Some(0.5 * (sorted[(n - 1) / 2] + sorted[n / 2]))
}

/// Looks for the best constant by gradient descent; the way there, `start` first, so `steps + 1` numbers.
///
/// All predictions are the same constant c, so raising c raises each of them: the slope along c is the *sum* of the
/// gradient's entries. (It is not their mean: the loss is a mean, so the 1/n is in the gradient already.) With the MSE
/// the steps fade out at the mean. With the MAE they never do: near the median c steps to and fro.
pub fn fit_constant(y: &ArrayRef1<f64>, loss: LossKind, start: f64, learning_rate: f64, steps: usize) -> Vec<f64> {
    let y_true = y.view().insert_axis(Axis(1));
    let mut constant = start;
    let mut path = vec![start];
    for _ in 0..steps {
        let y_pred = Array2::from_elem(y_true.dim(), constant);
        constant -= learning_rate * loss.grad(&y_true, &y_pred).sum();
        path.push(constant);
    }
    path
}
