//! Exercise 13, solved: everything between a file and a mini-batch.
//!
//! Bytes become images and labels, text becomes measurements; the samples are divided, scaled, and handed out in small
//! batches. Nothing here learns, and most of what goes wrong here is never noticed: a pipeline that is wrong still
//! yields numbers, and a network learns from them as well as it can.

use std::{cmp::Ordering, collections::BTreeMap, error::Error, fmt};

use ndarray::{Array1, Array2, Array3, ArrayRef2, ArrayRef3, Axis};
use rand::{Rng, seq::SliceRandom};

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
    let ([_n_labels], labels) = header_and_data(bytes, 2049)?;
    Ok(labels.iter().map(|&label| usize::from(label)).collect())
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
    let (sizes, pixels) = header_and_data(bytes, 2051)?;
    let [n_images, rows, columns] = sizes.map(|size| size as usize);
    // The length is right already. ndarray refuses in addition what it could not count: 0 images of gigantic sizes.
    Array3::from_shape_vec((n_images, rows, columns), pixels.to_vec())
        .map_err(|_| IdxError::TooLarge { sizes: sizes.to_vec() })
}

/// The sizes in the header of an IDX file with `AXES` axes, and the bytes behind the header, as many as the sizes say.
fn header_and_data<const AXES: usize>(bytes: &[u8], magic: u32) -> Result<([u32; AXES], &[u8]), IdxError> {
    let (header_len, found) = (4 + 4 * AXES, bytes.len());
    let Some((header, data)) = bytes.split_at_checked(header_len) else {
        return Err(IdxError::Truncated { needed: header_len, found });
    };
    let (numbers, _) = header.as_chunks();
    let number = |place: usize| u32::from_be_bytes(numbers[place]);
    if number(0) != magic {
        return Err(IdxError::WrongMagic { expected: magic, found: number(0) });
    }
    let sizes: [u32; AXES] = std::array::from_fn(|axis| number(axis + 1));
    let data_len = sizes.iter().try_fold(1_usize, |product, &size| product.checked_mul(size as usize));
    let Some(needed) = data_len.and_then(|data_len| data_len.checked_add(header_len)) else {
        return Err(IdxError::TooLarge { sizes: sizes.to_vec() });
    };
    match found.cmp(&needed) {
        Ordering::Less => Err(IdxError::Truncated { needed, found }),
        Ordering::Greater => Err(IdxError::TooLong { needed, found }),
        Ordering::Equal => Ok((sizes, data)),
    }
}

/// Images as samples: each image is a row, and a pixel of 255 is 1. Shape (n_images, rows · columns).
///
/// This is the one place where pixels are divided by 255. It takes bytes and gives real numbers, so it cannot be
/// applied to its own result. The divisor is always 255: with the largest pixel of the batch at hand, the same image
/// would be another sample in another batch.
pub fn scale_pixels(images: &ArrayRef3<u8>) -> Array2<f64> {
    let (n_images, rows, columns) = images.dim();
    let pixels = images.iter().map(|&pixel| f64::from(pixel) / 255.0).collect();
    Array2::from_shape_vec((n_images, rows * columns), pixels).expect("as many pixels as the images have")
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

impl fmt::Display for CsvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongNumberOfFields { line, found } => write!(f, "line {line}: {found} fields, not 5"),
            Self::NotANumber { line, field } => write!(f, "line {line}: `{field}` is not a finite number"),
            Self::UnknownSpecies { line, name } => write!(f, "line {line}: `{name}` is none of {SPECIES:?}"),
        }
    }
}

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
    let (mut measurements, mut labels) = (Vec::new(), Vec::new());
    for (line, text) in (1..).zip(csv.lines()).skip(1) {
        if text.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = text.split(',').map(str::trim).collect();
        let [numbers @ .., name] = fields.as_slice() else { unreachable!("a split has at least one part") };
        if numbers.len() != 4 {
            return Err(CsvError::WrongNumberOfFields { line, found: fields.len() });
        }
        for &field in numbers {
            match field.parse::<f64>() {
                Ok(number) if number.is_finite() => measurements.push(number),
                _ => return Err(CsvError::NotANumber { line, field: field.to_owned() }),
            }
        }
        let class = SPECIES.iter().position(|species| species == name);
        labels.push(class.ok_or_else(|| CsvError::UnknownSpecies { line, name: (*name).to_owned() })?);
    }
    let shape = (labels.len(), 4);
    Ok((Array2::from_shape_vec(shape, measurements).expect("four measurements for each label"), labels))
}

/// The labels as a matrix: row i is 0 except for a 1 in the column of sample i's class. Shape (n_samples, n_classes).
///
/// The number of classes is an argument, because the last class may be missing in a batch.
///
/// # Panics
///
/// If a label is not below `n_classes`: a row of zeros would be a sample of no class, and no later step would notice.
pub fn one_hot(labels: &[usize], n_classes: usize) -> Array2<f64> {
    let mut one_hot = Array2::zeros((labels.len(), n_classes));
    for (sample, &label) in labels.iter().enumerate() {
        one_hot[[sample, label]] = 1.0;
    }
    one_hot
}

/// Splits the samples 0, 1, …, n - 1 at random: the indices of the training samples, and those of the test samples.
///
/// Every sample is in exactly one of the two. The test set has `n · test_fraction` samples, rounded to the nearest
/// whole number, with halves rounded up. In both sets, the samples are in random order.
///
/// Indices instead of samples: with the same ones one selects the rows of `x` and the labels, and no pair is torn
/// apart.
///
/// # Panics
///
/// If `test_fraction` is not a number from 0 to 1.
pub fn train_test_split(n: usize, test_fraction: f64, rng: &mut impl Rng) -> (Vec<usize>, Vec<usize>) {
    let mut train: Vec<usize> = (0..n).collect();
    train.shuffle(rng);
    let test = train.split_off(n - n_test(n, test_fraction));
    (train, test)
}

/// How many of `n` samples are for the test.
///
/// Rounded, not cut: 100 · 0.29 is 28.999999999999996 in an `f64`.
fn n_test(n: usize, test_fraction: f64) -> usize {
    assert!((0.0..=1.0).contains(&test_fraction), "the test fraction {test_fraction} is not between 0 and 1");
    (n as f64 * test_fraction).round() as usize
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
    // A wrong fraction is refused even if there are no labels.
    n_test(0, test_fraction);
    let mut classes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (sample, &label) in labels.iter().enumerate() {
        classes.entry(label).or_default().push(sample);
    }
    let (mut train, mut test) = (Vec::new(), Vec::new());
    for samples in classes.into_values() {
        let (train_places, test_places) = train_test_split(samples.len(), test_fraction, rng);
        train.extend(train_places.into_iter().map(|place| samples[place]));
        test.extend(test_places.into_iter().map(|place| samples[place]));
    }
    // So far they stand class by class, and a batch of the first rows would know one class only.
    train.shuffle(rng);
    test.shuffle(rng);
    (train, test)
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
    /// The deviation is that of these samples, `sqrt(Σ (x - mean)² / n)`, and no estimate for others, which would
    /// divide by n - 1. A feature whose values are all equal gets 1, so that [`transform`](Self::transform) makes 0 of
    /// it.
    ///
    /// `std_axis` moves its mean from sample to sample (Welford 1962): while all values are equal it stays exactly
    /// there, and the deviation is exactly 0. A mean that is a sum divided by n may be off in its last digit, as for
    /// three times 0.1, and leave a deviation of 1e-17 to divide by.
    ///
    /// # Panics
    ///
    /// If there are no samples.
    pub fn fit(x: &ArrayRef2<f64>) -> Self {
        let mean = x.mean_axis(Axis(0)).expect("at least one sample to measure");
        let std = x.std_axis(Axis(0), 0.0).mapv(|std| if std == 0.0 { 1.0 } else { std });
        Self { mean, std }
    }

    /// `(x - mean) / std` for every feature, with the scaler's own `mean` and `std`, whatever `x` is.
    pub fn transform(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        (x.to_owned() - &self.mean) / &self.std
    }

    /// What [`transform`](Self::transform) made `z` of: its two steps undone, the last one first.
    pub fn inverse_transform(&self, z: &ArrayRef2<f64>) -> Array2<f64> {
        z.to_owned() * &self.std + &self.mean
    }
}

/// Training and test samples, scaled with one scaler that is fitted on the training samples only.
///
/// The test is to say how the network will do on samples that were never seen. Whatever is measured on the test
/// samples, be it a mean, has been seen.
///
/// # Panics
///
/// If there are no training samples.
pub fn prepare(x_train: &ArrayRef2<f64>, x_test: &ArrayRef2<f64>) -> (Array2<f64>, Array2<f64>) {
    let scaler = StandardScaler::fit(x_train);
    (scaler.transform(x_train), scaler.transform(x_test))
}

/// The number of batches of `batch_size` samples in `n_samples`; the last one may be shorter.
///
/// # Panics
///
/// If `batch_size` is 0.
pub fn n_batches(n_samples: usize, batch_size: usize) -> usize {
    n_samples.div_ceil(batch_size)
}

/// The samples in batches: an iterator over pairs of rows of `x`, shape (at most `batch_size`, n_features), and labels.
///
/// All batches have `batch_size` samples except the last one, which has the rest. A `Batches` is for one epoch; make a
/// new one for the next.
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
        assert!(batch_size > 0, "a batch needs at least one sample");
        assert_eq!(x.nrows(), labels.len(), "every row of x (a sample) needs one label");
        Self { x, labels, order: (0..labels.len()).collect(), batch_size, start: 0 }
    }

    /// Batches in random order: the indices are shuffled once, here, and every sample is in exactly one batch.
    ///
    /// One order for both: shuffled each by itself, samples and labels would not belong together any more.
    ///
    /// # Panics
    ///
    /// If `batch_size` is 0, or if there are not as many labels as rows.
    pub fn shuffled(x: &'a ArrayRef2<f64>, labels: &'a [usize], batch_size: usize, rng: &mut impl Rng) -> Self {
        let mut batches = Self::in_order(x, labels, batch_size);
        batches.order.shuffle(rng);
        batches
    }
}

impl Iterator for Batches<'_> {
    type Item = (Array2<f64>, Vec<usize>);

    /// The next batch, or `None` when every sample has been returned.
    fn next(&mut self) -> Option<Self::Item> {
        let end = self.start + self.batch_size.min(self.order.len() - self.start);
        let batch = &self.order[self.start..end];
        if batch.is_empty() {
            return None;
        }
        self.start = end;
        let labels = batch.iter().map(|&sample| self.labels[sample]).collect();
        Some((self.x.select(Axis(0), batch), labels))
    }
}

/// The mean over all samples, computed from the mean and the number of samples of each batch.
///
/// Every sample counts the same, so a batch counts as much as it has samples. The mean of the means would give the
/// samples of a short last batch too much weight. Without any sample there is no mean: the result is NaN.
pub fn mean_over_batches(batches: &[(f64, usize)]) -> f64 {
    let sum: f64 = batches.iter().map(|&(mean, n_samples)| mean * n_samples as f64).sum();
    let n_samples: usize = batches.iter().map(|&(_, n_samples)| n_samples).sum();
    sum / n_samples as f64
}
