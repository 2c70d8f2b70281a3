//! Exercise 13: everything between a file and a mini-batch.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 13` as often as you like.

use std::{error::Error, fmt};

use ndarray::{Array1, Array2, Array3, ArrayRef2, ArrayRef3};
use rand::Rng;

/// What is wrong with the bytes of an IDX file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdxError {
    /// The file is too short: shorter than a header, or shorter than its header says.
    Truncated {
        /// How many bytes the whole file needs; if even the header is incomplete, how many bytes the header needs.
        needed: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// The file begins with another number, so it is of another type.
    WrongMagic {
        /// The number with which such a file begins.
        expected: u32,
        /// The number with which this file begins.
        found: u32,
    },
    /// The sizes in the header are so large that their product does not fit into a `usize`.
    TooLarge {
        /// The sizes, in the order of the header.
        sizes: Vec<u32>,
    },
    /// There are more bytes than the header says.
    TooLong {
        /// How many bytes the whole file needs.
        needed: usize,
        /// How many bytes there are.
        found: usize,
    },
}

/// This is complete.
impl fmt::Display for IdxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { needed, found } => write!(f, "the file has {found} bytes, but it needs {needed}"),
            Self::WrongMagic { expected, found } => write!(f, "the file begins with {found} instead of {expected}"),
            Self::TooLarge { sizes } => write!(f, "no memory holds an array of the sizes {sizes:?}"),
            Self::TooLong { needed, found } => write!(f, "the file has {found} bytes, and should end after {needed}"),
        }
    }
}

/// This is complete. It lets `?` pass the error on in a `main` that returns `Result<(), Box<dyn Error>>`.
impl Error for IdxError {}

/// The labels in the bytes of an IDX file.
///
/// ```text
/// bytes 0..4    2049: one axis of unsigned bytes
/// bytes 4..8    n, how many labels there are
/// bytes 8..     n labels, one byte each
/// ```
///
/// The two numbers of the header are big-endian: the most significant byte comes first.
///
/// # Errors
///
/// As for [`read_idx_images`]; here the header has 8 bytes.
pub fn read_idx_labels(bytes: &[u8]) -> Result<Vec<usize>, IdxError> {
    todo!()
}

/// The images in the bytes of an IDX file; shape (n_images, rows, columns).
///
/// ```text
/// bytes 0..4    2051: three axes of unsigned bytes
/// bytes 4..8    n, how many images there are
/// bytes 8..12   rows of an image
/// bytes 12..16  columns of an image
/// bytes 16..    one byte per pixel: image after image, in an image row after row
/// ```
///
/// The four numbers of the header are big-endian. The pixels stay bytes from 0 to 255: as `u8` they cannot be confused
/// with numbers that are already scaled.
///
/// # Errors
///
/// The first of these that is true:
///
/// 1. The header, of 16 bytes, is not complete: [`IdxError::Truncated`].
/// 2. The first number is not 2051: [`IdxError::WrongMagic`].
/// 3. The product of the sizes does not fit into a `usize`: [`IdxError::TooLarge`]. A header may claim anything.
/// 4. There are fewer pixels than the header says: [`IdxError::Truncated`].
/// 5. There are more: [`IdxError::TooLong`]. Extra bytes may mean that the sizes are wrong.
pub fn read_idx_images(bytes: &[u8]) -> Result<Array3<u8>, IdxError> {
    todo!()
}

/// Images as samples: each image is a row, and a pixel of 255 is 1. Shape (n_images, rows · columns).
///
/// This is the one place where pixels are scaled. 255 becomes 1 and 0 stays 0, whatever the other pixels are. In a
/// sample, the pixels keep their order: row after row.
pub fn scale_pixels(images: &ArrayRef3<u8>) -> Array2<f64> {
    todo!()
}

/// The species of the iris flowers, in the order of their classes: 0, 1, 2.
pub const SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];

/// What is wrong with a line of text. Lines are counted from 1, as in an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvError {
    /// A line does not have five fields.
    WrongNumberOfFields {
        /// Which line.
        line: usize,
        /// How many fields it has.
        found: usize,
    },
    /// A measurement is not a finite number.
    NotANumber {
        /// Which line.
        line: usize,
        /// The field, without the spaces around it.
        field: String,
    },
    /// The last field is not one of [`SPECIES`].
    UnknownSpecies {
        /// Which line.
        line: usize,
        /// The field, without the spaces around it.
        name: String,
    },
}

/// This is complete.
impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongNumberOfFields { line, found } => write!(f, "line {line}: {found} fields, not 5"),
            Self::NotANumber { line, field } => write!(f, "line {line}: `{field}` is not a finite number"),
            Self::UnknownSpecies { line, name } => write!(f, "line {line}: `{name}` is none of {SPECIES:?}"),
        }
    }
}

/// This is complete.
impl Error for CsvError {}

/// Reads flowers from a text with one flower per line: four measurements, then the species, separated by commas.
///
/// ```text
/// sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species
/// 5.1,3.5,1.4,0.2,setosa
/// 7.0,3.2,4.7,1.4,versicolor
/// ```
///
/// Returns the measurements, shape (n_flowers, 4), and the class of each flower, which is its index in [`SPECIES`].
/// Line 1 holds headings and is skipped, whatever it says. Blank lines are skipped, too. But all lines are counted.
/// Spaces around a field do not matter.
///
/// # Errors
///
/// For the first line that breaks these rules. In a line, the number of fields is checked first, then the measurements
/// from left to right, then the species. `nan` and `inf` are not measurements, although `parse` accepts them.
pub fn parse_iris(csv: &str) -> Result<(Array2<f64>, Vec<usize>), CsvError> {
    todo!()
}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
///
/// The number of classes is an argument, because the last class may be missing in a batch.
///
/// # Panics
///
/// If a label is not below `n_classes`.
pub fn one_hot(labels: &[usize], n_classes: usize) -> Array2<f64> {
    todo!()
}

/// Splits the samples 0, 1, …, n - 1 at random: the indices of the training samples, and those of the test samples.
///
/// Every sample is in exactly one of the two. The test set has `n · test_fraction` samples, rounded to the nearest
/// whole number, with halves rounded up. In both sets, the samples are in random order.
///
/// # Panics
///
/// If `test_fraction` is not a number from 0 to 1.
pub fn train_test_split(n: usize, test_fraction: f64, rng: &mut impl Rng) -> (Vec<usize>, Vec<usize>) {
    todo!()
}

/// Like [`train_test_split`], but class by class, so that each class has the same proportion in both sets.
///
/// Of the `n_c` samples with the label c, `n_c · test_fraction` are in the test set, rounded for each class separately
/// to the nearest whole number, with halves rounded up. In both sets, the samples of all classes are mixed.
///
/// # Panics
///
/// If `test_fraction` is not a number from 0 to 1.
pub fn stratified_split(labels: &[usize], test_fraction: f64, rng: &mut impl Rng) -> (Vec<usize>, Vec<usize>) {
    todo!()
}

/// Scales every feature to mean 0 and standard deviation 1, as measured on the training data.
#[derive(Clone, Debug, PartialEq)]
pub struct StandardScaler {
    /// The mean of each feature; shape (n_features).
    pub mean: Array1<f64>,
    /// The standard deviation of each feature, dividing by n; 1 for a feature whose values are all equal.
    pub std: Array1<f64>,
}

impl StandardScaler {
    /// Computes the means and deviations of the features of `x`, shape (n_samples, n_features).
    ///
    /// The deviation divides by n: `sqrt(Σ (x - mean)² / n)`. A feature whose values are all equal gets the deviation 1
    /// instead, so that [`transform`](Self::transform) turns it into 0, even if the value is one such as 0.1.
    ///
    /// # Panics
    ///
    /// If there are no samples.
    pub fn fit(x: &ArrayRef2<f64>) -> Self {
        todo!()
    }

    /// `(x - mean) / std` for every feature, with the scaler's own `mean` and `std`. The result has the shape of `x`.
    pub fn transform(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The inverse of [`transform`](Self::transform): the inputs for the scaled values `z`, in their original units.
    pub fn inverse_transform(&self, z: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// Training and test samples, scaled with one scaler that is fitted on the training samples only.
///
/// # Panics
///
/// If there are no training samples.
pub fn prepare(x_train: &ArrayRef2<f64>, x_test: &ArrayRef2<f64>) -> (Array2<f64>, Array2<f64>) {
    todo!()
}

/// The number of batches of `batch_size` samples in `n_samples`; the last one may be shorter.
///
/// # Panics
///
/// If `batch_size` is 0.
pub fn n_batches(n_samples: usize, batch_size: usize) -> usize {
    todo!()
}

/// The samples in batches: an iterator over pairs of rows of `x`, shape (at most `batch_size`, n_features), and labels.
///
/// All batches have `batch_size` samples except the last one, which has the rest. A `Batches` is for one epoch; make a
/// new one for the next.
///
/// You may change these fields if you prefer others.
#[derive(Clone, Debug)]
pub struct Batches<'a> {
    x: &'a ArrayRef2<f64>,
    labels: &'a [usize],
    /// The indices of the samples in the order in which they are returned.
    order: Vec<usize>,
    batch_size: usize,
    /// How many of them have been returned.
    start: usize,
}

impl<'a> Batches<'a> {
    /// Batches in the order of the rows, as for an evaluation.
    ///
    /// # Panics
    ///
    /// If `batch_size` is 0, or if there are not as many labels as rows.
    pub fn in_order(x: &'a ArrayRef2<f64>, labels: &'a [usize], batch_size: usize) -> Self {
        todo!()
    }

    /// Batches in random order, a different one for each call with the same generator. Every sample is in exactly one
    /// batch, together with its own label.
    ///
    /// # Panics
    ///
    /// If `batch_size` is 0, or if there are not as many labels as rows.
    pub fn shuffled(x: &'a ArrayRef2<f64>, labels: &'a [usize], batch_size: usize, rng: &mut impl Rng) -> Self {
        todo!()
    }
}

impl Iterator for Batches<'_> {
    type Item = (Array2<f64>, Vec<usize>);

    /// The next batch, or `None` when every sample has been returned.
    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}

/// The mean over all samples, computed from the mean and the number of samples of each batch.
///
/// Every sample has the same weight. With no samples the result is NaN.
pub fn mean_over_batches(batches: &[(f64, usize)]) -> f64 {
    todo!()
}
