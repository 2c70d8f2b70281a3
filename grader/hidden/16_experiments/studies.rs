//! The studies of MNIST: what the bonus and its pictures train, and what right code gets.

use datasets::mnist::Mnist;
use probe::{Record, Value};

/// The last of the 60,000 training images are the validation set of every study.
pub(crate) const N_VALIDATION: usize = 6000;

/// One study: every combination of what it lists, each trained once, for one epoch.
pub(crate) struct Study {
    /// Hidden layers, such as `32-16, 64-32`.
    pub(crate) hidden: &'static str,
    /// Activations, such as `Relu, Tanh`.
    pub(crate) activations: &'static str,
    /// Learning rates.
    pub(crate) learning_rates: &'static [f64],
    /// Batch sizes.
    pub(crate) batch_sizes: &'static [usize],
    /// How many training images are learned from.
    pub(crate) n_train: usize,
    /// The validation accuracies that the solution gets, in the order of `grid_settings`. They differ a little from one kind of
    /// processor to another. `solutions/16_experiments/tests/mnist.rs` trains them.
    pub(crate) scores: &'static [f64],
}

/// How wide?
pub(crate) const WIDTHS: Study = Study {
    hidden: "32-16, 64-32, 128-64, 256-128",
    activations: "Relu",
    learning_rates: &[0.2],
    batch_sizes: &[32],
    n_train: 54_000,
    scores: &[0.9428, 0.9558, 0.9653, 0.9662],
};

/// How deep, and which learning rate?
pub(crate) const RATES: Study = Study {
    hidden: "128, 128-128-128, 128-128-128-128-128",
    activations: "Relu",
    learning_rates: &[0.001, 0.01, 0.1, 0.3, 1.0],
    batch_sizes: &[32],
    n_train: 18_000,
    scores: &[
        0.4560, 0.8838, 0.9253, 0.9218, 0.8353, 0.3967, 0.8968, 0.9438, 0.9500, 0.0978, 0.4610, 0.9065, 0.9502, 0.8695,
        0.0978,
    ],
};

/// Which activation?
pub(crate) const ACTIVATIONS: Study = Study {
    hidden: "128-64",
    activations: "Relu, Tanh, Sigmoid",
    learning_rates: &[0.01, 0.1, 1.0],
    batch_sizes: &[32],
    n_train: 18_000,
    scores: &[0.8872, 0.9372, 0.2870, 0.9012, 0.9305, 0.0960, 0.3317, 0.8042, 0.9047],
};

/// How many samples for one step?
pub(crate) const BATCHES: Study = Study {
    hidden: "128-64",
    activations: "Relu",
    learning_rates: &[0.1, 0.5],
    batch_sizes: &[8, 32, 128, 512],
    n_train: 18_000,
    scores: &[0.9465, 0.9372, 0.8688, 0.7582, 0.6765, 0.9267, 0.8820, 0.7088],
};

impl Study {
    /// What the probe is handed. Only its own images are in it.
    pub(crate) fn case(&self, mnist: &Mnist) -> Record {
        let (images, labels) = (&mnist.train.images, &mnist.train.labels);
        let n_all = images.nrows();
        let numbers: Vec<usize> = (0..self.n_train).chain(n_all - N_VALIDATION..n_all).collect();
        let pixels = numbers.iter().flat_map(|&number| images.row(number)).copied().collect();
        Record::new()
            .with("hidden", self.hidden)
            .with("activations", self.activations)
            .with("learning_rates", self.learning_rates.iter().copied().collect::<ndarray::Array1<f64>>())
            .with("batch_sizes", self.batch_sizes.to_vec())
            .with("epochs", 1_usize)
            .with("n_train", self.n_train)
            .with("labels", numbers.iter().map(|&number| labels[number]).collect::<Vec<_>>())
            .with("pixels", Value::Bytes(pixels))
    }
}
