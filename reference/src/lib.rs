//! A multi-layer perceptron in `f32` that is trained by plain stochastic gradient descent, arranged for speed.
//!
//! It computes what exercise 14 computes: ReLU layers, softmax with cross-entropy, `θ ← θ - lr·dθ` after each mini-batch.
//! What differs is where numbers live and who works on them:
//!
//! - Weights lie as (n_out, n_in), a row for each neuron, so that some neurons are one piece of memory. The rest of the
//!   course has them as (n_in, n_out).
//! - Nothing is allocated while training: every array of a batch is kept for the next.
//! - `W ← W - lr·dZᵀ·X` is one matrix product that adds into `W`. The gradient itself is never stored.
//! - Where most pixels are 0, the first layer works on lists of the others; see [`Images`].
//! - The next batch is made ready while the weights are updated.
//! - The first layer and all updates are cut into pieces of some neurons, the rest into pieces of some images, and threads
//!   take pieces. A piece is the same whoever works on it, and no two of them add into the same number:
//!   so the result is the same, to the last bit, whatever the number of threads.

use std::{
    iter, mem,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Instant,
};

use ndarray::{
    Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut1, ArrayViewMut2, Axis, Zip, linalg,
};
use rand::{Rng, seq::SliceRandom};
use rand_distr::{Distribution, StandardNormal};
use rayon::prelude::*;

mod images;
mod sparse;

pub use images::Images;
use images::{Ink, InkOfBatch};
use sparse::FirstLayer;

/// How many neurons of a layer are one piece of work. Smaller pieces would keep more threads busy and spend more time on
/// rearranging the same inputs for each of them.
pub const NEURONS_PER_TASK: usize = 64;

/// How many images of a batch are one piece of work, where images are what is cut.
const IMAGES_PER_TASK: usize = 32;

/// A network of ReLU layers whose last layer gives the scores of the classes.
#[derive(Clone, Debug)]
pub struct Mlp {
    layers: Vec<Layer>,
    seconds: Seconds,
}

/// Where the time of all training so far went, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seconds {
    /// The first layer's forward pass.
    pub first_layer: f64,
    /// All other layers: forward pass, loss, and backward pass.
    pub other_layers: f64,
    /// The update of all weights and biases, and meanwhile the next batch made ready.
    pub update: f64,
}

#[derive(Clone, Debug)]
struct Layer {
    /// (n_out, n_in)
    weights: Array2<f32>,
    /// (n_out)
    biases: Array1<f32>,
    /// What came out of this layer for the present batch, after ReLU; (batch, n_out).
    output: Array2<f32>,
    /// The gradient with respect to what went into its ReLU, dZ; (batch, n_out).
    d_z: Array2<f32>,
}

impl Mlp {
    /// `sizes` are the numbers of inputs, of neurons of each hidden layer, and of classes. Weights are drawn with variance
    /// `2 / n_in` (He et al. 2015, eq. 10), biases are 0.
    pub fn new(sizes: &[usize], rng: &mut impl Rng) -> Self {
        let layer = |pair: &[usize]| {
            let std = (2.0 / pair[0] as f32).sqrt();
            let weights = Array2::from_shape_simple_fn((pair[1], pair[0]), || {
                let z: f32 = StandardNormal.sample(rng);
                std * z
            });
            (weights, Array1::zeros(pair[1]))
        };
        Self::from_parts(sizes.windows(2).map(layer).collect())
    }

    /// A network of these weights (n_out, n_in) and biases (n_out), a pair for each layer.
    ///
    /// # Panics
    ///
    /// If the layers do not fit to each other.
    pub fn from_parts(layers: Vec<(Array2<f32>, Array1<f32>)>) -> Self {
        assert!(layers.windows(2).all(|pair| pair[0].0.nrows() == pair[1].0.ncols()), "layers that do not fit");
        let layer = |(weights, biases): (Array2<f32>, Array1<f32>)| {
            let n_out = weights.nrows();
            assert_eq!(biases.len(), n_out, "a neuron has one bias");
            let empty = Array2::zeros((0, n_out));
            Layer { weights: weights.as_standard_layout().into_owned(), biases, output: empty.clone(), d_z: empty }
        };
        Self { layers: layers.into_iter().map(layer).collect(), seconds: Seconds::default() }
    }

    /// Where the time of all training so far went.
    pub fn seconds(&self) -> Seconds {
        self.seconds
    }

    /// Weights (n_out, n_in) and biases (n_out) of each layer.
    pub fn parts(&self) -> impl Iterator<Item = (&ArrayRef2<f32>, &ArrayRef1<f32>)> {
        self.layers.iter().map(|layer| (&*layer.weights, &*layer.biases))
    }

    /// Goes once through all images, in an order that `rng` draws, and takes a step after every `batch_size` of them; the
    /// last batch may be smaller. Returns the mean loss of the images, each as it was before the step that it was part of.
    /// `on_batch` is told how many images are done.
    ///
    /// # Panics
    ///
    /// If there is not one label for each image, or a label is no class of the network.
    pub fn train_epoch(
        &mut self,
        images: &Images<'_>,
        labels: &ArrayRef1<usize>,
        batch_size: usize,
        learning_rate: f32,
        rng: &mut impl Rng,
        mut on_batch: impl FnMut(usize) + Send,
    ) -> f64 {
        let n_images = images.bytes.nrows();
        assert_eq!(n_images, labels.len(), "an image has one label");
        let mut order: Vec<usize> = (0..n_images).collect();
        order.shuffle(rng);
        let mut batches = order.chunks(batch_size).peekable();
        let first = batches.peek().copied().unwrap_or_default();
        let mut input = Input::new(images, first, &self.layers[0], batch_size);
        let mut batch_labels = Vec::with_capacity(batch_size);
        let (mut total, mut done) = (0.0, 0);
        awake(|| {
            while let Some(chosen) = batches.next() {
                batch_labels.clear();
                batch_labels.extend(chosen.iter().map(|&image| labels[image]));
                let next = batches.peek().copied().unwrap_or_default();
                total += self.step(&mut input, next, &batch_labels, learning_rate);
                done += chosen.len();
                on_batch(done);
            }
        });
        if let Input::Sparse { layer: weights, .. } = input {
            let first = &mut self.layers[0];
            weights.write_back(&mut first.weights, &mut first.biases);
        }
        total / n_images as f64
    }

    /// A step of gradient descent; returns the sum of the batch's losses before it. Afterwards `input` is the `next` batch.
    fn step(&mut self, input: &mut Input<'_>, next: &[usize], labels: &[usize], learning_rate: f32) -> f64 {
        let mut clock = Instant::now();
        let mut lap = |seconds: &mut f64| *seconds += mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
        let n = labels.len();
        for layer in &mut self.layers {
            layer.make_room(n);
        }
        let rectified = self.layers.len() > 1;
        match input {
            Input::Sparse { layer, batch, .. } => {
                let (output, _) = self.layers[0].output.view_mut().split_at(Axis(0), n);
                layer.forward(batch, rectified, output);
            }
            Input::Dense { batch, .. } => self.layers[0].forward(batch.x(), rectified),
        }
        lap(&mut self.seconds.first_layer);
        let tasks: Vec<_> = self.some_images(n).into_iter().zip(labels.chunks(IMAGES_PER_TASK)).collect();
        let losses: Vec<f64> = tasks
            .into_par_iter()
            .map(|(mut images, labels)| {
                images.forward();
                let loss = images.scores_to_gradient(labels, n);
                images.backward();
                loss
            })
            .collect();
        lap(&mut self.seconds.other_layers);
        self.update(input, next, n, learning_rate);
        lap(&mut self.seconds.update);
        losses.iter().sum()
    }

    /// The batch in parts of [`IMAGES_PER_TASK`]: behind the first layer images have nothing to do with each other.
    fn some_images(&mut self, n: usize) -> Vec<SomeImages<'_>> {
        let mut tasks: Vec<_> = (0..n.div_ceil(IMAGES_PER_TASK)).map(|_| SomeImages { layers: Vec::new() }).collect();
        for Layer { weights, biases, output, d_z } in &mut self.layers {
            let (output, _) = output.view_mut().split_at(Axis(0), n);
            let (d_z, _) = d_z.view_mut().split_at(Axis(0), n);
            for (task, (output, d_z)) in tasks.iter_mut().zip(in_parts(output).zip(in_parts(d_z))) {
                task.layers.push(LayerOfSome { weights, biases, output, d_z });
            }
        }
        tasks
    }

    /// `W ← W - lr·dZᵀ·X` and `b ← b - lr·Σ dZ`, for all layers at once: each piece belongs to one task. Meanwhile the `next`
    /// batch is made ready, so that no thread has to wait for it.
    fn update(&mut self, input: &mut Input<'_>, next: &[usize], n: usize, learning_rate: f32) {
        let mut tasks: Vec<Update<'_>> = Vec::new();
        let (first, others) = self.layers.split_first_mut().expect("a network has a layer");
        let Layer { weights, biases, output, d_z } = first;
        let d_z = first_rows(d_z, n);
        match input {
            Input::Sparse { ink, layer, batch, next: following } => {
                tasks.push(Update::Ink(ink, next, following));
                tasks.extend(layer.updates(batch, d_z).map(Update::Sparse));
            }
            Input::Dense { bytes, batch, next: following } => {
                tasks.extend(following.fills(bytes, next).map(Update::Pixels));
                tasks.extend(Update::of_layer(weights, biases, d_z, batch.x()));
            }
        }
        let mut before = first_rows(output, n);
        for Layer { weights, biases, output, d_z } in others {
            tasks.extend(Update::of_layer(weights, biases, first_rows(d_z, n), before));
            before = first_rows(output, n);
        }
        tasks.into_par_iter().for_each(|task| task.run(learning_rate));
        input.advance();
    }

    /// The class with the highest score for each image; (n).
    pub fn predict(&mut self, images: &ArrayRef2<u8>) -> Array1<usize> {
        const AT_ONCE: usize = 500;
        let mut batch = Batch::new(AT_ONCE, images.ncols());
        let mut classes = Vec::with_capacity(images.nrows());
        for chosen in (0..images.nrows()).collect::<Vec<_>>().chunks(AT_ONCE) {
            batch.fills(images, chosen).collect::<Vec<_>>().into_par_iter().for_each(Fill::run);
            for layer in &mut self.layers {
                layer.make_room(chosen.len());
            }
            let rectified = self.layers.len() > 1;
            self.layers[0].forward(batch.x(), rectified);
            self.some_images(chosen.len()).into_par_iter().for_each(|mut images| images.forward());
            let scores = &self.layers.last().expect("a network has a layer").output;
            classes.extend(scores.rows().into_iter().take(chosen.len()).map(largest));
        }
        Array1::from(classes)
    }
}

/// Does `work` while the other threads look for pieces of it all the time: to wake one up takes as long as a piece does.
fn awake(work: impl FnOnce() + Send) {
    /// Lets the other threads rest, also after a panic.
    struct Rest<'a>(&'a AtomicBool);
    impl Drop for Rest<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let is_done = &AtomicBool::new(false);
    rayon::scope(|scope| {
        let rest = Rest(is_done);
        let own = rayon::current_thread_index();
        scope.spawn_broadcast(move |_, thread| {
            while Some(thread.index()) != own && !is_done.load(Ordering::Relaxed) {
                if rayon::yield_now() == Some(rayon::Yield::Idle) {
                    thread::yield_now();
                }
            }
        });
        work();
        drop(rest);
    });
}

/// The rows of a batch, [`IMAGES_PER_TASK`] at a time.
fn in_parts(array: ArrayViewMut2<'_, f32>) -> impl Iterator<Item = ArrayViewMut2<'_, f32>> {
    let mut rest = Some(array);
    iter::from_fn(move || {
        let array = rest.take().filter(|array| array.nrows() > 0)?;
        let n = array.nrows().min(IMAGES_PER_TASK);
        let (part, others) = array.split_at(Axis(0), n);
        rest = Some(others);
        Some(part)
    })
}

fn first_rows(array: &ArrayRef2<f32>, n: usize) -> ArrayView2<'_, f32> {
    array.view().split_at(Axis(0), n).0
}

/// Where the largest number stands.
fn largest(scores: ArrayView1<'_, f32>) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).expect("there is a class")
}

impl Layer {
    /// Arrays for a batch of `n`: never smaller than before, so that a last, short batch costs nothing.
    fn make_room(&mut self, n: usize) {
        if self.output.nrows() < n {
            self.output = Array2::zeros((n, self.biases.len()));
            self.d_z = Array2::zeros((n, self.biases.len()));
        }
    }

    /// `Z = X·Wᵀ + b`, and ReLU of it where `rectified`: the first layer, whose pieces are neurons.
    fn forward(&mut self, input: ArrayView2<'_, f32>, rectified: bool) {
        let (mut output, _) = self.output.view_mut().split_at(Axis(0), input.nrows());
        let pieces = output.axis_chunks_iter_mut(Axis(1), NEURONS_PER_TASK);
        let weights = self.weights.axis_chunks_iter(Axis(0), NEURONS_PER_TASK);
        let biases = self.biases.axis_chunks_iter(Axis(0), NEURONS_PER_TASK);
        let tasks: Vec<_> = pieces.zip(weights).zip(biases).collect();
        tasks.into_par_iter().for_each(|((mut z, weights), biases)| {
            linalg::general_mat_mul(1.0, &input, &weights.t(), 0.0, &mut z);
            add_biases(&mut z, biases, rectified);
        });
    }
}

/// Some images of a batch, on their way through all layers but the first, and back.
struct SomeImages<'a> {
    layers: Vec<LayerOfSome<'a>>,
}

/// A layer, with what it computes for these images.
struct LayerOfSome<'a> {
    /// (n_out, n_in)
    weights: &'a Array2<f32>,
    /// (n_out)
    biases: &'a Array1<f32>,
    /// (images, n_out)
    output: ArrayViewMut2<'a, f32>,
    /// (images, n_out)
    d_z: ArrayViewMut2<'a, f32>,
}

impl SomeImages<'_> {
    /// The outputs of all layers but the first, given that of the first.
    fn forward(&mut self) {
        let last = self.layers.len() - 1;
        for at in 1..=last {
            let [before, layer] = &mut self.layers[at - 1..=at] else { unreachable!("two layers") };
            linalg::general_mat_mul(1.0, &before.output, &layer.weights.t(), 0.0, &mut layer.output);
            add_biases(&mut layer.output, layer.biases.view(), at < last);
        }
    }

    /// Softmax and cross-entropy: turns the scores into dZ = (P - Y) / n of the last layer, for a batch of `n` images, and
    /// returns the sum of the losses of these.
    fn scores_to_gradient(&mut self, labels: &[usize], n: usize) -> f64 {
        let layer = self.layers.last_mut().expect("a network has a layer");
        let n = n as f32;
        let mut total = 0.0;
        for ((z, mut d_z), &label) in layer.output.rows().into_iter().zip(layer.d_z.rows_mut()).zip(labels) {
            let max = z.fold(f32::NEG_INFINITY, |max, &z| max.max(z));
            Zip::from(&mut d_z).and(z).for_each(|p, &z| *p = (z - max).exp());
            let sum = d_z.sum();
            total += f64::from(sum.ln() + max - z[label]);
            d_z.mapv_inplace(|p| p / (sum * n));
            d_z[label] -= 1.0 / n;
        }
        total
    }

    /// dZ of all layers, given that of the last: `dX = dZ·W`, of which ReLU lets through what its output was above 0 for.
    fn backward(&mut self) {
        for at in (1..self.layers.len()).rev() {
            let [before, layer] = &mut self.layers[at - 1..=at] else { unreachable!("two layers") };
            linalg::general_mat_mul(1.0, &layer.d_z, layer.weights, 0.0, &mut before.d_z);
            Zip::from(&mut before.d_z).and(&before.output).for_each(|d, &a| *d = if a > 0.0 { *d } else { 0.0 });
        }
    }
}

/// Adds the biases to `Z`, and takes ReLU of it where `rectified`.
fn add_biases(z: &mut ArrayViewMut2<'_, f32>, biases: ArrayView1<'_, f32>, rectified: bool) {
    let floor = if rectified { 0.0 } else { f32::NEG_INFINITY };
    for mut z in z.rows_mut() {
        Zip::from(&mut z).and(&biases).for_each(|z, &bias| *z = (*z + bias).max(floor));
    }
}

/// The first layer's input: the present batch, and room for the next.
enum Input<'a> {
    /// All pixels of the images.
    Dense { bytes: &'a ArrayRef2<u8>, batch: Batch, next: Batch },
    /// The lists of ink, and the weights as these need them.
    Sparse { ink: &'a Ink, layer: FirstLayer, batch: InkOfBatch, next: InkOfBatch },
}

impl<'a> Input<'a> {
    /// The `first` batch.
    fn new(images: &'a Images<'_>, first: &[usize], layer: &Layer, batch_size: usize) -> Self {
        match &images.ink {
            Some(ink) => {
                let mut batch = InkOfBatch::default();
                batch.fill(ink, first);
                let layer = FirstLayer::new(&layer.weights, &layer.biases, batch_size);
                Self::Sparse { ink, layer, batch, next: InkOfBatch::default() }
            }
            None => {
                let room = || Batch::new(batch_size, images.bytes.ncols());
                let mut batch = room();
                batch.fills(images.bytes, first).for_each(Fill::run);
                Self::Dense { bytes: images.bytes, batch, next: room() }
            }
        }
    }

    /// The next batch becomes the present one.
    fn advance(&mut self) {
        match self {
            Self::Dense { batch, next, .. } => mem::swap(batch, next),
            Self::Sparse { batch, next, .. } => mem::swap(batch, next),
        }
    }
}

/// A piece of work after the gradients are known: the step of some neurons, or some of the next batch.
enum Update<'a> {
    Dense {
        /// (neurons, n_in)
        weights: ArrayViewMut2<'a, f32>,
        /// (neurons)
        biases: ArrayViewMut1<'a, f32>,
        /// (batch, neurons)
        d_z: ArrayView2<'a, f32>,
        /// (batch, n_in)
        input: ArrayView2<'a, f32>,
    },
    Sparse(sparse::Update<'a>),
    /// The lists of the next batch.
    Ink(&'a Ink, &'a [usize], &'a mut InkOfBatch),
    /// Some images of the next batch.
    Pixels(Fill<'a>),
}

impl<'a> Update<'a> {
    /// A task for each piece of a layer.
    fn of_layer(
        weights: &'a mut Array2<f32>,
        biases: &'a mut Array1<f32>,
        d_z: ArrayView2<'a, f32>,
        input: ArrayView2<'a, f32>,
    ) -> impl Iterator<Item = Self> {
        let weights = weights.axis_chunks_iter_mut(Axis(0), NEURONS_PER_TASK);
        let biases = biases.axis_chunks_iter_mut(Axis(0), NEURONS_PER_TASK);
        let mut neurons = 0;
        weights.zip(biases).map(move |(weights, biases)| {
            let (_, rest) = d_z.split_at(Axis(1), neurons);
            neurons += biases.len();
            Self::Dense { d_z: rest.split_at(Axis(1), biases.len()).0, weights, biases, input }
        })
    }

    fn run(self, learning_rate: f32) {
        match self {
            Self::Dense { mut weights, mut biases, d_z, input } => {
                linalg::general_mat_mul(-learning_rate, &d_z.t(), &input, 1.0, &mut weights);
                for row in d_z.rows() {
                    biases.scaled_add(-learning_rate, &row);
                }
            }
            Self::Sparse(update) => update.run(learning_rate),
            Self::Ink(ink, chosen, batch) => batch.fill(ink, chosen),
            Self::Pixels(fill) => fill.run(),
        }
    }
}

/// The images of one step, as numbers.
struct Batch {
    /// (batch size, n_in)
    pixels: Array2<f32>,
    /// How many rows count.
    n: usize,
}

impl Batch {
    fn new(size: usize, n_in: usize) -> Self {
        Self { pixels: Array2::zeros((size, n_in)), n: 0 }
    }

    /// The tasks that make it these images, as numbers between 0 and 1.
    fn fills<'a>(&'a mut self, bytes: &'a ArrayRef2<u8>, chosen: &'a [usize]) -> impl Iterator<Item = Fill<'a>> {
        self.n = chosen.len();
        let rows = self.pixels.axis_chunks_iter_mut(Axis(0), IMAGES_PER_TASK);
        rows.zip(chosen.chunks(IMAGES_PER_TASK)).map(|(rows, chosen)| Fill { rows, bytes, chosen })
    }

    fn x(&self) -> ArrayView2<'_, f32> {
        first_rows(&self.pixels, self.n)
    }
}

/// Some rows of a batch that become numbers.
struct Fill<'a> {
    /// (images, n_in)
    rows: ArrayViewMut2<'a, f32>,
    bytes: &'a ArrayRef2<u8>,
    chosen: &'a [usize],
}

impl Fill<'_> {
    fn run(mut self) {
        for (mut numbers, &image) in self.rows.rows_mut().into_iter().zip(self.chosen) {
            let pixels = self.bytes.row(image);
            Zip::from(&mut numbers).and(&pixels).for_each(|number, &pixel| *number = f32::from(pixel) / 255.0);
        }
    }
}
