//! Exercise 18, solved: how to keep a network from learning its samples by heart.
//!
//! A network with more parameters than samples can learn every sample by heart, which does not help with new samples.
//! To *regularise* means to make learning by heart harder: weights have a penalty or shrink (L2, L1, weight decay), or
//! neurons are dropped at random, so that none can rely on another (dropout).
//!
//! One sample per row, `W` is (n_in, n_out), as everywhere. The learning curves show the loss of the data alone,
//! without dropout: only such numbers can be compared.

use std::{cell::Cell, rc::Rc};

use engine::{Layer, Linear, Loss, Relu, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array2, ArrayRef2, Zip};
use rand::{Rng, RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

/// A penalty on large weights, which is added to the loss. The number in brackets is λ, its strength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Penalty {
    /// No penalty.
    None,
    /// λ / 2 times the sum of the squares of the weights.
    L2(f64),
    /// λ times the sum of their absolute values.
    L1(f64),
}

impl Penalty {
    /// The penalty of one weight `w`.
    pub fn value(self, w: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::L2(lambda) => lambda / 2.0 * w * w,
            Self::L1(lambda) => lambda * w.abs(),
        }
    }

    /// The slope of [`value`](Self::value) at `w`. For L1 it is 0 at 0, where |w| has a kink.
    ///
    /// The slope of L2 is proportional to the weight, so large weights are pulled hard and small ones hardly at all.
    /// That of L1 has the same size everywhere, which is enough to bring a small weight to 0.
    pub fn slope(self, w: f64) -> f64 {
        match self {
            Self::None => 0.0,
            Self::L2(lambda) => lambda * w,
            // Not `w.signum()` for all: that of 0.0 is 1, and a weight of 0 would be pushed away from it.
            Self::L1(_) if w == 0.0 => 0.0,
            Self::L1(lambda) => lambda * w.signum(),
        }
    }
}

/// The penalty of all weights of `net` together. Biases have no penalty.
///
/// The weights of a layer are its parameters with two axes; its biases have one axis. A bias only shifts the output of
/// a neuron: however large it is, the output does not change faster with the input.
pub fn total_penalty(net: &mut Sequential, penalty: Penalty) -> f64 {
    let parameters = net.parameters();
    let weights = parameters.iter().filter(|parameter| parameter.value.ndim() == 2);
    weights.flat_map(|parameter| &parameter.value).map(|&w| penalty.value(w)).sum()
}

/// A step of gradient descent on the sum of loss and penalty. The gradients of the last backward pass are those of the
/// loss alone:
///
/// ```text
/// w ← w - lr · (dw + slope of the penalty at w)        for weights
/// b ← b - lr · db                                      for biases
/// ```
pub fn penalised_step(net: &mut Sequential, learning_rate: f64, penalty: Penalty) {
    for mut parameter in net.parameters() {
        let is_weights = parameter.value.ndim() == 2;
        Zip::from(&mut parameter.value).and(&parameter.gradient).for_each(|w, &d_w| {
            // A sum has the sum of the slopes. The slope is that of the weight before the step.
            let slope = if is_weights { penalty.slope(*w) } else { 0.0 };
            *w -= learning_rate * (d_w + slope);
        });
    }
}

/// Decoupled weight decay: every weight shrinks by the fraction `learning_rate * weight_decay`, whatever its gradient
/// is. Biases do not change.
///
/// The optimiser takes its step first, with the gradients of the loss alone, and then the weights decay (Loshchilov &
/// Hutter 2019, "Decoupled Weight Decay Regularization"). Beside plain gradient descent that is L2, nearly. Beside Adam
/// it is not: there the slope of a penalty is divided by the size of the gradients, and this is not.
pub fn decay(net: &mut Sequential, learning_rate: f64, weight_decay: f64) {
    for mut parameter in net.parameters() {
        if parameter.value.ndim() == 2 {
            parameter.value *= 1.0 - learning_rate * weight_decay;
        }
    }
}

/// What a network is used for at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// It is in training.
    #[default]
    Train,
    /// It is evaluated: it makes predictions.
    Eval,
}

/// The mode of a network, for the layers that behave differently in training. All clones share one position: a mode
/// that is set on one of them is set on all of them. So a network can be switched after its layers have been put into
/// boxes.
#[derive(Clone, Debug, Default)]
pub struct Switch {
    mode: Rc<Cell<Mode>>,
}

impl Switch {
    /// A new switch, at [`Mode::Train`].
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

/// A random mask of this shape: 0 for each entry that is dropped, and 1 / (1 - p) for each entry that is kept. Each
/// entry is dropped with the probability `p`, independently of the others; the random numbers come from `rng`.
///
/// Of ten neurons with p = 0.2 about eight are left. Each counts for 1/0.8 of itself then, so that the layer above gets
/// as much as it gets from all ten, on average. With p = 1 all entries are 0.
///
/// # Panics
///
/// If `p` is not a number from 0 to 1.
pub fn dropout_mask(shape: (usize, usize), p: f64, rng: &mut impl Rng) -> Array2<f64> {
    assert!((0.0..=1.0).contains(&p), "a probability is a number from 0 to 1, not {p}");
    // The branch keeps p = 1 from dividing by 0: 0 · (1 / 0) would be NaN.
    Array2::from_shape_simple_fn(shape, || if rng.random_bool(p) { 0.0 } else { 1.0 / (1.0 - p) })
}

/// A layer that drops a part of its input at random in training, and passes its input on unchanged in evaluation.
///
/// Srivastava et al. 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting". They shrink the weights
/// for the evaluation; growing what is kept during the training comes to the same, and leaves the evaluation alone
/// (*inverted* dropout, which is what everybody uses now).
#[derive(Debug)]
pub struct Dropout {
    p: f64,
    switch: Switch,
    rng: Xoshiro256PlusPlus,
    mask: Option<Array2<f64>>,
}

impl Dropout {
    /// A layer that drops each entry with the probability `p`, from 0 to 1, while `switch` is at [`Mode::Train`]. It
    /// has a random generator of its own, whose seed comes from `rng`.
    pub fn new(p: f64, switch: &Switch, rng: &mut impl Rng) -> Self {
        Self { p, switch: switch.clone(), rng: Xoshiro256PlusPlus::from_rng(rng), mask: None }
    }
}

impl Layer for Dropout {
    /// In training, `x` times a new mask. In evaluation, `x` unchanged.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let mask = match self.switch.mode() {
            Mode::Train => dropout_mask(x.dim(), self.p, &mut self.rng),
            Mode::Eval => Array2::ones(x.dim()),
        };
        let out = x * &*mask;
        // The way back needs *this* mask, whatever the switch says by then.
        self.mask = Some(mask);
        out
    }

    /// Each entry of the output was its input times a number, so that number is the slope. What was dropped has moved
    /// nothing, and gets no gradient.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let mask: &ArrayRef2<f64> = self.mask.as_ref().expect("call forward first");
        d_out * mask
    }

    fn describe(&self) -> String {
        format!("Dropout {}", self.p)
    }
}

/// A multi-layer perceptron like the engine's `mlp` with ReLUs, and with a [`Dropout`] behind each ReLU. `sizes` are
/// the numbers of inputs, of neurons of each hidden layer, and of outputs. All layers share `switch`.
///
/// Nothing is dropped from the input, which may have few features, or from the scores: each is the score of a class.
pub fn mlp_with_dropout(sizes: &[usize], p: f64, switch: &Switch, rng: &mut impl Rng) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for pair in sizes.windows(2) {
        if !layers.is_empty() {
            layers.push(Box::new(Relu::default()));
            layers.push(Box::new(Dropout::new(p, switch, rng)));
        }
        layers.push(Box::new(Linear::new(pair[0], pair[1], rng)));
    }
    Sequential::new(layers)
}

/// A training set and a validation set, with the classes as one-hot rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The inputs of the training set, shape (n_train, n_features).
    pub x_train: Array2<f64>,
    /// Their classes, shape (n_train, n_classes).
    pub y_train: Array2<f64>,
    /// The inputs of the validation set, shape (n_validation, n_features).
    pub x_validation: Array2<f64>,
    /// Their classes, shape (n_validation, n_classes).
    pub y_validation: Array2<f64>,
}

/// The learning curves: the mean cross-entropy after each epoch, without penalties and in evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// The loss on the training set.
    pub train_loss: Vec<f64>,
    /// The loss on the validation set.
    pub validation_loss: Vec<f64>,
}

/// Trains `net` with softmax and cross-entropy, and measures both losses after every epoch. The data set is small, so
/// an epoch is one step on the whole of `x_train`.
///
/// The step is taken at [`Mode::Train`], by [`penalised_step`]. Both losses are measured at [`Mode::Eval`], and
/// `switch` stays there at the end.
pub fn fit(
    net: &mut Sequential,
    switch: &Switch,
    data: &Split,
    penalty: Penalty,
    learning_rate: f64,
    epochs: usize,
) -> History {
    let mut history = History::default();
    for _ in 0..epochs {
        switch.set(Mode::Train);
        let scores = net.forward(&data.x_train);
        net.backward(&SoftmaxCrossEntropy.gradient(&scores, &data.y_train));
        penalised_step(net, learning_rate, penalty);

        // The loss of the forward pass above is that of a network with holes, and from before the step: it must not
        // stand beside one of the whole network.
        switch.set(Mode::Eval);
        history.train_loss.push(SoftmaxCrossEntropy.value(&net.forward(&data.x_train), &data.y_train));
        history.validation_loss.push(SoftmaxCrossEntropy.value(&net.forward(&data.x_validation), &data.y_validation));
    }
    history
}

/// The generalisation gap: the validation loss minus the training loss, both at the end. NaN with no epochs.
pub fn generalisation_gap(history: &History) -> f64 {
    match (history.validation_loss.last(), history.train_loss.last()) {
        (Some(validation), Some(train)) => validation - train,
        _ => f64::NAN,
    }
}

/// The epoch with the smallest validation loss, counted from 0; the first of them if several epochs have it. NaN is
/// never the smallest. `None` if no loss is a number.
pub fn best_epoch(history: &History) -> Option<usize> {
    let numbers = history.validation_loss.iter().enumerate().filter(|(_, loss)| !loss.is_nan());
    // `min_by` keeps the first of equal ones.
    numbers.min_by(|(_, one), (_, other)| one.total_cmp(other)).map(|(epoch, _)| epoch)
}

/// The diagnosis of a training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// The network has not even learned the training set.
    Underfitting,
    /// It still improves on the training set, and becomes worse on other samples.
    Overfitting,
    /// Neither.
    Good,
}

/// What the learning curves of at least one epoch show. The first of these that is true:
///
/// 1. [`Fit::Overfitting`]: at the end the validation loss is more than 10 % above that of the [best
///    epoch](best_epoch), and the training loss is lower than in that epoch.
/// 2. [`Fit::Underfitting`]: the training loss at the end is above `acceptable`, or NaN.
/// 3. [`Fit::Good`].
///
/// Where both losses rise, the training has diverged. That is no overfitting, so the first rule asks for both.
pub fn diagnose(history: &History, acceptable: f64) -> Fit {
    let (train, validation) = (&history.train_loss, &history.validation_loss);
    let end = train.len() - 1;
    if let Some(best) = best_epoch(history)
        && validation[end] > 1.1 * validation[best]
        && train[end] < train[best]
    {
        return Fit::Overfitting;
    }
    if train[end] <= acceptable { Fit::Good } else { Fit::Underfitting }
}

/// Moves `w` towards 0 by `threshold`, which is at least 0. A weight that is closer to 0 than that becomes 0.
///
/// A step along the slope of L1 overshoots: near 0 a weight oscillates and is never 0. Gradient descent on the loss,
/// followed by this with `threshold` = lr · λ, minimises the same sum and does reach 0 (a *proximal* step).
pub fn soft_threshold(w: f64, threshold: f64) -> f64 {
    if w > threshold {
        w - threshold
    } else if w < -threshold {
        w + threshold
    } else {
        0.0
    }
}
