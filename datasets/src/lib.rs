//! The data that the course learns from.
//!
//! What is generated or embedded is a [`Dataset`]: one sample per row, one class index per sample. What is random takes
//! the generator as an argument, so that a seed decides everything. [`mnist`] reads larger sets from files that are
//! downloaded once. Sources and licences are in `datasets/README.md`.
//!
//! ```
//! use datasets::Gate;
//!
//! let and = Gate::And.dataset();
//! assert_eq!(and.features.dim(), (4, 2));
//! assert_eq!(and.labels.to_vec(), [0, 0, 0, 1]);
//! ```

mod blobs;
mod curves;
pub mod digits;
mod gates;
mod idx;
pub mod iris;
pub mod mnist;

pub use blobs::separable_blobs;
pub use curves::{circles, moons, spirals};
pub use digits::digits;
pub use gates::Gate;
pub use iris::iris;

use ndarray::{Array1, Array2};

/// Samples with their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Shape (n_samples, n_features): one sample per row.
    pub features: Array2<f64>,
    /// The class of each sample, counted from 0; shape (n_samples).
    pub labels: Array1<usize>,
}

impl Dataset {
    /// How many samples there are.
    #[must_use]
    pub fn n_samples(&self) -> usize {
        self.features.nrows()
    }

    /// How many numbers describe one sample.
    #[must_use]
    pub fn n_features(&self) -> usize {
        self.features.ncols()
    }

    /// The labels as real numbers, the targets of a neuron with one output; shape (n_samples).
    #[must_use]
    pub fn targets(&self) -> Array1<f64> {
        self.labels.mapv(|label| label as f64)
    }
}
