//! Exercise 24, solved: networks that are used for more than the task they were trained for.
//!
//! An autoencoder learns to put out what came in, through a bottleneck. Its output is of no interest, but three things come with it:
//! a short code for each sample, a way to repair damaged samples, and an error that is large where a sample is unlike those of
//! the training. None of them needs a label.
//!
//! Transfer takes the layers of a network that was trained where there were many labels, and reuses them where there are few.
//! What is reused stays as it is: it is *frozen*.
//!
//! One sample per row.

use engine::{Activation, Layer, Linear, Loss, Mse, Parameter, Relu, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};
use rand::{Rng, RngExt, seq::SliceRandom};

/// Copies of the digits `x` (n, 64) with stripes of light: in each image, every row and every column of its 8×8 pixels
/// becomes brighter or darker by an amount that is drawn between -1 and 1. Each image gets its own stripes.
///
/// The digit does not change, but it is hard to recognise. With these images you can find out when transfer pays.
pub fn in_stripes(x: &ArrayRef2<f64>, rng: &mut impl Rng) -> Array2<f64> {
    let mut striped = x.to_owned();
    for mut image in striped.rows_mut() {
        let light: [f64; 16] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        for (place, pixel) in image.iter_mut().enumerate() {
            *pixel += light[place / 8] + light[8 + place % 8];
        }
    }
    striped
}

/// A damaged copy of `x`: each entry is 0 with probability `p`, and otherwise unchanged.
///
/// Every entry is drawn separately. Unlike in dropout, the remaining entries are not scaled up: the copy has to look
/// like a real damaged sample.
///
/// # Panics
///
/// If `p` is not a probability: below 0, above 1, or NaN.
pub fn blank_out(x: &ArrayRef2<f64>, p: f64, rng: &mut impl Rng) -> Array2<f64> {
    // `random_bool` would say so as well, but not for an `x` without entries.
    assert!((0.0..=1.0).contains(&p), "a probability lies between 0 and 1, and {p} does not");
    x.mapv(|x| if rng.random_bool(p) { 0.0 } else { x })
}

/// Two networks: an encoder turns a sample into a short code, and a decoder turns the code into a sample again.
pub struct Autoencoder {
    /// From samples (n, n_features) to codes (n, n_code).
    pub encoder: Sequential,
    /// From codes (n, n_code) to samples (n, n_features).
    pub decoder: Sequential,
}

impl Autoencoder {
    /// An autoencoder of these two networks.
    pub fn from_parts(encoder: Sequential, decoder: Sequential) -> Self {
        Self { encoder, decoder }
    }

    /// An autoencoder with weights drawn from `rng`. `sizes` are the widths from the samples to the code: `[64, 32, 8]`
    /// makes an encoder 64 → 32 → 8 and a decoder 8 → 32 → 64. There is a ReLU between two linear layers, and none
    /// after the last layer of each network.
    ///
    /// A ReLU behind the encoder would cut off every negative number of the code. One behind the decoder would have the gradient
    /// 0 wherever the output is 0 and should be more.
    pub fn new(sizes: &[usize], rng: &mut impl Rng) -> Self {
        let encoder = mlp(sizes, Activation::Relu, rng);
        let back: Vec<usize> = sizes.iter().rev().copied().collect();
        let decoder = mlp(&back, Activation::Relu, rng);
        Self::from_parts(encoder, decoder)
    }

    /// The codes (n, n_code) of the samples `x` (n, n_features).
    pub fn encode(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.encoder.forward(x)
    }

    /// The samples (n, n_features) that the decoder reconstructs from `codes` (n, n_code).
    pub fn decode(&mut self, codes: &ArrayRef2<f64>) -> Array2<f64> {
        self.decoder.forward(codes)
    }

    /// The samples `x` (n, n_features), encoded and decoded again, in the same shape.
    pub fn reconstruct(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let codes = self.encode(x);
        self.decode(&codes)
    }

    /// A step of gradient descent for both networks, on the mean squared error between the reconstruction of `input` and `target`
    /// (n, n_features each). Returns this error as it was before the step.
    ///
    /// In a plain autoencoder `target` is `input` itself. In a denoising one `input` is a damaged copy, and `target` the original.
    pub fn train_step(&mut self, input: &ArrayRef2<f64>, target: &ArrayRef2<f64>, learning_rate: f64) -> f64 {
        let output = self.reconstruct(input);
        // The decoder comes last on the way forwards, so it comes first on the way back. The gradient with respect to
        // its input is the one with respect to the encoder's output.
        let d_codes = self.decoder.backward(&Mse.gradient(&output, target));
        self.encoder.backward(&d_codes);
        self.encoder.step(learning_rate);
        self.decoder.step(learning_rate);
        Mse.value(&output, target)
    }

    /// One epoch of denoising: every sample of `x` (n, n_features), n at least 1, once, in a new random order, in
    /// batches of `batch_size`. The samples that are left at the end are a shorter batch. Each batch is damaged with
    /// [`blank_out`] and `p`, and a [`train_step`](Self::train_step) is taken towards the undamaged batch. With p = 0
    /// it is a plain autoencoder.
    ///
    /// Returns the mean loss of the samples: the loss of a batch is a mean, so it is weighted with the number of
    /// samples in the batch.
    ///
    /// The damage is new in every epoch. So the network cannot learn it by heart, and one sample is many to it.
    ///
    /// # Panics
    ///
    /// If `batch_size` is 0, or if `p` is not a probability.
    pub fn train_epoch(
        &mut self,
        x: &ArrayRef2<f64>,
        p: f64,
        batch_size: usize,
        learning_rate: f64,
        rng: &mut impl Rng,
    ) -> f64 {
        let mut order: Vec<usize> = (0..x.nrows()).collect();
        order.shuffle(rng);
        let mut total = 0.0;
        for batch in order.chunks(batch_size) {
            let target = x.select(Axis(0), batch);
            let input = blank_out(&target, p, rng);
            total += self.train_step(&input, &target, learning_rate) * batch.len() as f64;
        }
        total / x.nrows() as f64
    }

    /// The reconstruction error of each sample of `x` (n, n_features): the mean of the squared errors of its features.
    /// Shape (n).
    pub fn errors(&mut self, x: &ArrayRef2<f64>) -> Array1<f64> {
        let errors = self.reconstruct(x) - x;
        (&errors * &errors).sum_axis(Axis(1)) / x.ncols() as f64
    }
}

/// The number below which the share `q` of the `values` lies: their `q`-quantile, 0 ≤ q ≤ 1. `values` are in any order.
///
/// In the sorted values, counted from 0, it is the one at the position `q · (n - 1)`. Between two positions,
/// interpolate linearly: three quarters of the way from 2 to 4 is 3.5. So q = 0 is the smallest value, 1 the largest,
/// and 0.5 the median.
///
/// # Panics
///
/// If there are no values, or if `q` is not between 0 and 1.
pub fn quantile(values: &ArrayRef1<f64>, q: f64) -> f64 {
    assert!(!values.is_empty(), "no values have no quantile");
    assert!((0.0..=1.0).contains(&q), "q lies between 0 and 1, and {q} does not");
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = q * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    below + (above - below) * place.fract()
}

/// Detects samples that are unlike those of the training, by their reconstruction error.
pub struct AnomalyDetector {
    /// Trained on normal samples.
    pub autoencoder: Autoencoder,
    /// The largest error that still counts as normal.
    pub threshold: f64,
}

impl AnomalyDetector {
    /// A detector whose threshold is the `q`-quantile of the errors of `x_normal` (n, n_features), n at least 1:
    /// samples that are known to be normal. About the share 1 - q of such samples will be false alarms.
    ///
    /// No anomaly is needed for it, and no sample that is asked about later. They could not help: it is not known in
    /// advance how many of them are anomalies.
    ///
    /// # Panics
    ///
    /// As [`quantile`] does.
    pub fn fit(mut autoencoder: Autoencoder, x_normal: &ArrayRef2<f64>, q: f64) -> Self {
        let threshold = quantile(&autoencoder.errors(x_normal), q);
        Self { autoencoder, threshold }
    }

    /// For each sample of `x` (n, n_features) whether it is an anomaly: its error is above the threshold, or NaN.
    ///
    /// An error that is NaN comes from a sample with NaN in it. That is not normal, and every comparison with NaN is false.
    pub fn is_anomaly(&mut self, x: &ArrayRef2<f64>) -> Vec<bool> {
        self.autoencoder.errors(x).iter().map(|&error| error.is_nan() || error > self.threshold).collect()
    }
}

/// The samples of `x` (n, n_features) whose label is among `classes`, in their order, and their new labels: the
/// position of the old label in `classes`, counted from 0.
///
/// A network with five outputs knows the classes 0 to 4, whatever they stand for.
pub fn select_classes(x: &ArrayRef2<f64>, labels: &[usize], classes: &[usize]) -> (Array2<f64>, Vec<usize>) {
    let (rows, new_labels): (Vec<usize>, Vec<usize>) = labels
        .iter()
        .enumerate()
        .filter_map(|(row, label)| Some((row, classes.iter().position(|class| class == label)?)))
        .unzip();
    (x.select(Axis(0), &rows), new_labels)
}

/// The numbers of `n` samples of each class from 0 to `n_classes - 1`, drawn from all samples of that class, none of them twice.
/// Their order does not matter.
///
/// # Panics
///
/// If a class has fewer than `n` samples.
pub fn few_per_class(labels: &[usize], n_classes: usize, n: usize, rng: &mut impl Rng) -> Vec<usize> {
    let mut chosen = Vec::new();
    for class in 0..n_classes {
        let mut samples: Vec<usize> = (0..labels.len()).filter(|&sample| labels[sample] == class).collect();
        assert!(samples.len() >= n, "class {class} has {} samples, and {n} are asked for", samples.len());
        samples.shuffle(rng);
        chosen.extend(&samples[..n]);
    }
    chosen
}

/// A network as a layer that does not learn: it computes the same as before, and gradients go through it, but it has no
/// parameters that an optimiser could find.
pub struct Frozen {
    net: Sequential,
}

impl Frozen {
    /// `net`, frozen.
    pub fn new(net: Sequential) -> Self {
        Self { net }
    }
}

impl Layer for Frozen {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.net.forward(x)
    }

    /// Frozen is not cut off: a layer *below* this one may learn, and needs its gradient.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        self.net.backward(d_out)
    }

    /// None: that is all there is to freezing.
    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        Vec::new()
    }

    fn describe(&self) -> String {
        "Frozen".to_owned()
    }
}

/// A network in two parts, so that one of them can be kept and the other replaced.
pub struct Classifier {
    /// From samples (n, n_features) to their features (n, n_hidden).
    pub body: Sequential,
    /// From these to a score for each class (n, n_classes).
    pub head: Linear,
}

impl Classifier {
    /// A classifier of these two parts.
    pub fn from_parts(body: Sequential, head: Linear) -> Self {
        Self { body, head }
    }

    /// A classifier with weights drawn from `rng`. `sizes` are the widths of the body, from the samples on:
    /// `[64, 32, 16]` makes the linear layers 64 → 32 and 32 → 16, with a ReLU after each of them, including the last.
    /// The head is a linear layer from there to `n_classes` scores.
    pub fn new(sizes: &[usize], n_classes: usize, rng: &mut impl Rng) -> Self {
        let mut layers: Vec<Box<dyn Layer>> = Vec::new();
        for pair in sizes.windows(2) {
            layers.push(Box::new(Linear::new(pair[0], pair[1], rng)));
            layers.push(Box::new(Relu::default()));
        }
        let n_hidden = *sizes.last().expect("a body has at least the width of its input");
        Self::from_parts(Sequential::new(layers), Linear::new(n_hidden, n_classes, rng))
    }

    /// The scores (n, n_classes) of the samples `x` (n, n_features).
    pub fn scores(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let hidden = self.body.forward(x);
        self.head.forward(&hidden)
    }

    /// The same body with a new head for `n_classes` classes, drawn from `rng` by [`Linear::new`].
    pub fn with_new_head(self, n_classes: usize, rng: &mut impl Rng) -> Self {
        let head = Linear::new(self.head.weights.nrows(), n_classes, rng);
        Self { head, ..self }
    }

    /// The same classifier with its body [`Frozen`].
    pub fn freeze(self) -> Self {
        let body = Sequential::new(vec![Box::new(Frozen::new(self.body))]);
        Self { body, ..self }
    }

    /// How many numbers can still learn, in body and head.
    pub fn n_trainable(&mut self) -> usize {
        let in_head: usize = self.head.parameters().iter().map(|parameter| parameter.value.len()).sum();
        self.body.n_parameters() + in_head
    }

    /// A step of gradient descent on the mean cross-entropy, for samples `x` (n, n_features) with the one-hot rows `y`
    /// (n, n_classes): body and head each have their own learning rate. Returns the loss before the step.
    ///
    /// A new head has to learn everything, and the body little: it knows much already, and the gradients that a random head sends
    /// back would spoil it. A small rate for the body lets it adapt.
    pub fn train_step(&mut self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, body_rate: f64, head_rate: f64) -> f64 {
        let scores = self.scores(x);
        // Both gradients first, then both steps: what goes back to the body goes through the weights of the way forwards.
        let d_hidden = self.head.backward(&SoftmaxCrossEntropy.gradient(&scores, y));
        self.body.backward(&d_hidden);
        self.body.step(body_rate);
        for mut parameter in self.head.parameters() {
            parameter.value.scaled_add(-head_rate, &parameter.gradient);
        }
        SoftmaxCrossEntropy.value(&scores, y)
    }
}

/// A classifier for a new task, from one that was trained for another. Its body is frozen, and it gets a new head,
/// which takes `steps` steps with `head_rate` on all samples `x` (n, n_features) and their one-hot rows `y` (n,
/// n_classes) at once.
pub fn transfer(
    pretrained: Classifier,
    x: &ArrayRef2<f64>,
    y: &ArrayRef2<f64>,
    head_rate: f64,
    steps: usize,
    rng: &mut impl Rng,
) -> Classifier {
    let mut classifier = pretrained.with_new_head(y.ncols(), rng).freeze();
    for _ in 0..steps {
        // A frozen body takes no step, whatever its rate.
        classifier.train_step(x, y, 0.0, head_rate);
    }
    classifier
}

/// The best that a linear bottleneck can do: `x` (n, n_features), n at least 1, projected on its first `k` ≤ n_features principal
/// components around the mean of its columns, in the same shape (principal component analysis, PCA).
///
/// The components are the directions in which the samples vary most, each orthogonal to those before it. Of all linear
/// codes of `k` numbers, this one has the smallest squared error.
pub fn pca_reconstruct(x: &ArrayRef2<f64>, k: usize) -> Array2<f64> {
    let n = x.nrows() as f64;
    let mean = x.sum_axis(Axis(0)) / n;
    let centred = x - &*mean;
    let mut covariance = centred.t().dot(&centred) / n;
    let mut reconstruction = Array2::zeros(x.dim()) + &mean;
    for _ in 0..k {
        let Some(component) = largest_component(&covariance) else { break };
        // How far each sample goes in this direction, and so much of the direction for each sample.
        let lengths = centred.dot(&component).insert_axis(Axis(1));
        let row = component.clone().insert_axis(Axis(0));
        reconstruction = reconstruction + lengths.dot(&row);
        // What this direction explains is taken out, so that the next one is found.
        let column = component.clone().insert_axis(Axis(1));
        let variance = component.dot(&covariance.dot(&component));
        covariance = covariance - column.dot(&row) * variance;
    }
    reconstruction
}

/// The direction of the largest variance, of length 1, by power iteration: multiplying by the covariance stretches a vector most in
/// this direction, so after many times nothing else is left. `None` where there is no variance.
fn largest_component(covariance: &ArrayRef2<f64>) -> Option<Array1<f64>> {
    // The feature that varies most has a part in the direction that is looked for.
    let variances = covariance.diag();
    let start = (0..variances.len()).max_by(|&a, &b| variances[a].total_cmp(&variances[b]))?;
    let mut v = covariance.column(start).to_owned();
    for _ in 0..300 {
        let length = v.dot(&v).sqrt();
        if length < 1e-12 {
            return None;
        }
        v = covariance.dot(&(v / length));
    }
    let length = v.dot(&v).sqrt();
    (length >= 1e-12).then(|| v / length)
}
