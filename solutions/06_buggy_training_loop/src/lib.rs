//! Exercise 6, solved: a softmax classifier, and the instruments that tell whether its training step is right.
//!
//! A training loop that is wrong does not crash, and its loss may still fall. What tells a right step from a wrong one
//! is not the curve but a single step, held against numbers that were computed some other way.

use std::fmt::Write;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, Zip, array, concatenate};

/// Turns each row of scores into probabilities, as in exercise 3.
pub fn softmax_rows(z: &ArrayRef2<f64>) -> Array2<f64> {
    let mut probabilities = z.to_owned();
    for mut row in probabilities.rows_mut() {
        let max = row.fold(f64::NEG_INFINITY, |max, &z| max.max(z));
        row.mapv_inplace(|z| (z - max).exp());
        let sum = row.sum();
        row /= sum;
    }
    probabilities
}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
///
/// The number of classes is an argument, because the largest class may be missing among these samples.
///
/// # Panics
///
/// If a label is not below `n_classes`.
pub fn one_hot(labels: &ArrayRef1<usize>, n_classes: usize) -> Array2<f64> {
    let mut y = Array2::zeros((labels.len(), n_classes));
    for (sample, &label) in labels.iter().enumerate() {
        y[[sample, label]] = 1.0;
    }
    y
}

/// The cross-entropy of the probabilities `p`: `-ln p` of the true class, averaged over the samples.
///
/// `y_onehot` and `p` have the shape (n_samples, n_classes). Only the true class counts. A probability of 0 there costs
/// infinity, a probability of 0 elsewhere costs nothing: the classes that are not true are left out, since 0 times
/// `ln 0` would be NaN. With no small number added to `p`, a perfect prediction costs exactly 0.
pub fn cross_entropy(y_onehot: &ArrayRef2<f64>, p: &ArrayRef2<f64>) -> f64 {
    let cost = Zip::from(y_onehot).and(p).fold(0.0, |cost, &y, &p| if y > 0.0 { cost - y * p.ln() } else { cost });
    cost / y_onehot.nrows() as f64
}

/// Which properties of a correct training step a given step has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanityChecks {
    /// With all inputs 0 the logits are the biases, and the loss is the cross-entropy of their softmax.
    pub zero_inputs: bool,
    /// Duplicating the samples leads to the same weights and biases.
    pub duplicated_data: bool,
    /// Starting from zero, the bias of the most frequent class increases.
    pub bias_direction: bool,
}

/// Tests three properties of a training step; each answer is true if the step behaves as a correct one does.
///
/// Each question starts from a state of its own, and each can go wrong in one way only: the loss depends on the
/// forward pass alone; doubling the data scales a gradient that was not averaged, whatever its direction; from zero the
/// bias moves by its own update alone.
pub fn sanity_checks(
    step: impl Fn(&ArrayRef2<f64>, &ArrayRef2<f64>, &mut Array2<f64>, &mut Array1<f64>, f64) -> f64,
) -> SanityChecks {
    let x = array![[1.0, 2.0], [-0.5, 1.0], [2.0, -1.0], [0.5, 0.5]];
    let y = one_hot(&array![0, 0, 1, 2], 3);

    // Biases that differ, and not in a symmetric way: b and -b have to give different losses.
    let zero_inputs = {
        let (mut w, mut b) = (Array2::ones((2, 3)), array![1.0, -0.5, 0.0]);
        let logits = Array2::zeros((4, 3)) + &b;
        let loss = step(&Array2::zeros((4, 2)), &y, &mut w, &mut b, 0.1);
        (loss - cross_entropy(&y, &softmax_rows(&logits))).abs() < 1e-9
    };

    let duplicated_data = {
        let twice = |array: &Array2<f64>| concatenate![Axis(0), array.view(), array.view()];
        let (mut w, mut b) = (Array2::zeros((2, 3)), Array1::zeros(3));
        step(&x, &y, &mut w, &mut b, 0.1);
        let (mut w_of_twice, mut b_of_twice) = (Array2::zeros((2, 3)), Array1::zeros(3));
        step(&twice(&x), &twice(&y), &mut w_of_twice, &mut b_of_twice, 0.1);
        w.abs_diff_eq(&w_of_twice, 1e-9) && b.abs_diff_eq(&b_of_twice, 1e-9)
    };

    // Class 0 has two samples of four and is given a third: its bias has to rise.
    let bias_direction = {
        let (mut w, mut b) = (Array2::zeros((2, 3)), Array1::zeros(3));
        step(&x, &y, &mut w, &mut b, 0.1);
        b[0] > 0.0
    };

    SanityChecks { zero_inputs, duplicated_data, bias_direction }
}

/// One step of gradient descent on all samples; returns the loss *before* the step.
///
/// ```text
/// Z  = X·W + b                       (n_samples, n_classes)
/// P  = softmax of each row of Z
/// L  = cross-entropy of P            averaged over the samples
/// dZ = P - Y
/// dW = Xᵀ·dZ / n_samples             W ← W - learning_rate · dW
/// db = column sums of dZ / n_samples b ← b - learning_rate · db
/// ```
///
/// P - Y is the gradient of the *summed* loss with respect to Z. The loss is a mean, so its gradient has a factor
/// 1 / n_samples, which here is applied once, on the way to the parameters (Bishop 2006, section 4.3.4).
///
/// What was wrong: the bias was subtracted in Z, dW was not divided by n_samples, and b was moved uphill. The first and
/// the last cancel in the loss: together they train -b instead of b.
pub fn softmax_classifier_step(
    x: &ArrayRef2<f64>,
    y_onehot: &ArrayRef2<f64>,
    w: &mut Array2<f64>,
    b: &mut Array1<f64>,
    learning_rate: f64,
) -> f64 {
    let n_samples = x.nrows() as f64;

    let z = x.dot(&*w) + &*b;
    let p = softmax_rows(&z);
    let p_of_true_class = (y_onehot * &*p).sum_axis(Axis(1));
    let loss = -p_of_true_class.ln().sum() / n_samples;

    let dz = p - y_onehot;
    let dw = x.t().dot(&dz) / n_samples;
    let db = dz.sum_axis(Axis(0)) / n_samples;

    *w -= &(learning_rate * dw);
    *b -= &(learning_rate * db);
    loss
}

/// The result of [`train`].
#[derive(Clone, Debug, PartialEq)]
pub struct TrainResult {
    /// The trained weights, shape (n_features, n_classes).
    pub w: Array2<f64>,
    /// The trained biases, shape (n_classes).
    pub b: Array1<f64>,
    /// One loss per epoch: the one before that epoch's step.
    pub losses: Vec<f64>,
}

/// Takes `epochs` steps from `w` and `b`, each on all samples.
///
/// The first loss is that of the given `w` and `b`; the loss of the returned `w` and `b` is not in `losses`.
pub fn train(
    x: &ArrayRef2<f64>,
    y_onehot: &ArrayRef2<f64>,
    mut w: Array2<f64>,
    mut b: Array1<f64>,
    learning_rate: f64,
    epochs: usize,
) -> TrainResult {
    let losses = (0..epochs).map(|_| softmax_classifier_step(x, y_onehot, &mut w, &mut b, learning_rate)).collect();
    TrainResult { w, b, losses }
}

/// What a sequence of losses looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// The last loss is below the first.
    Ok,
    /// It is not, or there are fewer than two losses.
    NotDecreasing,
    /// The last loss is more than twice the first.
    Diverged,
    /// One of the losses is not a number.
    Nan,
}

/// What the losses of a training run look like: the first of these that is true.
///
/// 1. [`Nan`](Diagnosis::Nan): any of the losses is NaN.
/// 2. [`Diverged`](Diagnosis::Diverged): the last loss is more than twice the first (this includes an infinite last
///    loss, if the first is finite).
/// 3. [`Ok`](Diagnosis::Ok): the last loss is below the first.
/// 4. [`NotDecreasing`](Diagnosis::NotDecreasing): everything else, such as no losses at all, or only one.
///
/// NaN has to be asked for by name: every comparison with it is false.
pub fn diagnose(losses: &[f64]) -> Diagnosis {
    let (Some(&first), Some(&last)) = (losses.first(), losses.last()) else { return Diagnosis::NotDecreasing };
    if losses.iter().any(|loss| loss.is_nan()) {
        Diagnosis::Nan
    } else if last > 2.0 * first {
        Diagnosis::Diverged
    } else if last < first {
        Diagnosis::Ok
    } else {
        Diagnosis::NotDecreasing
    }
}

/// The losses as text, one line per epoch, followed by the improvement in percent.
///
/// `[1.25, 1.0]` becomes
///
/// ```text
/// epoch 1: loss 1.2500
/// epoch 2: loss 1.0000
/// improvement: 20.0000 %
/// ```
///
/// Numbers are rounded to four decimals, all of which are shown, as with `{:.4}`. The improvement is
/// `100 · (first - last) / first`. With no losses the text is empty. Whether a line feed (`\n`) follows the last line
/// does not matter.
pub fn training_log(losses: &[f64]) -> String {
    let mut log = String::new();
    for (epoch, loss) in (1..).zip(losses) {
        writeln!(log, "epoch {epoch}: loss {loss:.4}").expect("a String takes any text");
    }
    if let (Some(first), Some(last)) = (losses.first(), losses.last()) {
        writeln!(log, "improvement: {:.4} %", 100.0 * (first - last) / first).expect("a String takes any text");
    }
    log
}
