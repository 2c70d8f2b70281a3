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
    /// The file is shorter than it has to be: than its header, or than its header says.
    Truncated {
        /// How many bytes the whole file needs; if not even the header is there, how many the header needs.
        needed: usize,
        /// How many bytes there are.
        found: usize,
    },
    /// The file begins with another number: it holds something else.
    WrongMagic {
        /// The number that such a file begins with.
        expected: u32,
        /// The number that this one begins with.
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

/// This is complete: with it, `?` carries the error through a `main` that returns `Result<(), Box<dyn Error>>`.
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
/// The four numbers of the header are big-endian. The pixels stay what they are, bytes from 0 to 255: as long as they
/// are `u8`, they cannot be confused with numbers that are scaled already.
///
/// # Errors
///
/// The first of these that is true:
///
/// 1. The header, of 16 bytes, is not complete: [`IdxError::Truncated`].
/// 2. The first number is not 2051: [`IdxError::WrongMagic`].
/// 3. The product of the sizes does not fit into a `usize`: [`IdxError::TooLarge`]. A header may claim anything.
/// 4. There are fewer pixels than the header says: [`IdxError::Truncated`].
/// 5. There are more: [`IdxError::TooLong`]. What is left over may mean that the sizes are wrong.
pub fn read_idx_images(bytes: &[u8]) -> Result<Array3<u8>, IdxError> {
    todo!()
}

/// Images as samples: each image is a row, and a pixel of 255 is 1. Shape (n_images, rows · columns).
///
/// This is the one place where pixels are scaled. 255 becomes 1 and 0 stays 0, whatever other pixels there are. In a
/// sample the pixels keep their order: row after row.
pub fn scale_pixels(images: &ArrayRef3<u8>) -> Array2<f64> {
    todo!()
}

/// The species of the iris flowers, in the order of their classes: 0, 1, 2.
pub const SPECIES: [&str; 3] = ["setosa", "versicolor", "virginica"];

/// What is wrong with a line of text. Lines are counted from 1, as editors do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CsvError {
    /// A line has not five fields.
    WrongNumberOfFields {
        /// Which line.
        line: usize,
        /// How many fields it has.
        found: usize,
    },
    /// A measurement is no finite number.
    NotANumber {
        /// Which line.
        line: usize,
        /// The field, without the blanks around it.
        field: String,
    },
    /// The last field is none of [`SPECIES`].
    UnknownSpecies {
        /// Which line.
        line: usize,
        /// The field, without the blanks around it.
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

/// The flowers in a text with one flower per line: four measurements, then the species, separated by commas.
///
/// ```text
/// sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm,species
/// 5.1,3.5,1.4,0.2,setosa
/// 7.0,3.2,4.7,1.4,versicolor
/// ```
///
/// Returns the measurements, shape (n_flowers, 4), and the class of each flower, its place in [`SPECIES`]. Line 1 holds
/// headings and is passed over, whatever it says, and so are lines with nothing but blanks; but all of them are
/// counted. Blanks around a field do not matter.
///
/// # Errors
///
/// For the first line that is not like that. In a line the number of fields is looked at first, then the measurements
/// from left to right, then the species. `nan` and `inf` are no measurements, although `parse` takes them.
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
/// Every sample is in exactly one of the two. The test part has `n · test_fraction` samples, rounded to the nearest
/// whole number, a half upwards. In both, the samples are in random order.
///
/// # Panics
///
/// If `test_fraction` is not a number from 0 to 1.
pub fn train_test_split(n: usize, test_fraction: f64, rng: &mut impl Rng) -> (Vec<usize>, Vec<usize>) {
    todo!()
}

/// As [`train_test_split`], but class by class, so that each class has the same share of either part.
///
/// Of the `n_c` samples with the label c, `n_c · test_fraction` are for the test, rounded for each class by itself to
/// the nearest whole number, a half upwards. In both parts the samples of all classes are mixed.
///
/// # Panics
///
/// If `test_fraction` is not a number from 0 to 1.
pub fn stratified_split(labels: &[usize], test_fraction: f64, rng: &mut impl Rng) -> (Vec<usize>, Vec<usize>) {
    todo!()
}

/// Brings every feature to mean 0 and standard deviation 1, as measured on the training data.
#[derive(Clone, Debug, PartialEq)]
pub struct StandardScaler {
    /// The mean of each feature; shape (n_features).
    pub mean: Array1<f64>,
    /// The standard deviation of each feature, dividing by n; 1 for a feature whose values are all equal.
    pub std: Array1<f64>,
}

impl StandardScaler {
    /// Measures the features of `x`, shape (n_samples, n_features).
    ///
    /// The deviation divides by n: `sqrt(Σ (x - mean)² / n)`. A feature whose values are all equal gets 1 instead, so
    /// that [`transform`](Self::transform) makes 0 of it; also if this value is 0.1.
    ///
    /// # Panics
    ///
    /// If there are no samples.
    pub fn fit(x: &ArrayRef2<f64>) -> Self {
        todo!()
    }

    /// `(x - mean) / std` for every feature, with the scaler's own `mean` and `std`. Shape as `x`.
    pub fn transform(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// What [`transform`](Self::transform) made `z` of: the inputs again, in their own units.
    pub fn inverse_transform(&self, z: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }
}

/// Training and test samples, scaled with one scaler, which was fitted on the training samples only.
///
/// # Panics
///
/// If there are no training samples.
pub fn prepare(x_train: &ArrayRef2<f64>, x_test: &ArrayRef2<f64>) -> (Array2<f64>, Array2<f64>) {
    todo!()
}

/// How many batches of `batch_size` samples there are in `n_samples`, the last one perhaps shorter.
///
/// # Panics
///
/// If `batch_size` is 0.
pub fn n_batches(n_samples: usize, batch_size: usize) -> usize {
    todo!()
}

/// The samples in batches: an iterator over pairs of rows of `x`, shape (at most `batch_size`, n_features), and labels.
///
/// All batches have `batch_size` samples except the last one, which has the rest. A `Batches` is one epoch; for the
/// next one make another.
///
/// The fields are yours: change them if you like others better.
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
    /// Batches in the order of the rows, as for a test.
    ///
    /// # Panics
    ///
    /// If `batch_size` is 0, or if there are not as many labels as rows.
    pub fn in_order(x: &'a ArrayRef2<f64>, labels: &'a [usize], batch_size: usize) -> Self {
        todo!()
    }

    /// Batches in random order, another one for each call with the same generator. Every sample is in exactly one
    /// batch, and beside its own label.
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

/// The mean over all samples, from the mean of each batch and how many samples it had.
///
/// Every sample counts the same. Without any sample there is no mean: the result is NaN.
pub fn mean_over_batches(batches: &[(f64, usize)]) -> f64 {
    todo!()
}
