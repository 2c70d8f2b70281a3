//! Handwritten digits of 8×8 pixels, embedded: everything that learns from them works without a download.

use ndarray::{Array1, Array2};

use crate::{Dataset, idx};

/// The width and the height of a digit, in pixels; a row of features holds its pixels row by row.
pub const SIDE: usize = 8;

/// The largest value of a pixel: 0 is paper, 16 is ink.
pub const MAX_PIXEL: f64 = 16.0;

const N_TRAIN: usize = 1437;
const N_HELD_OUT: usize = 360;

/// The 1,437 digits to train with, in random order; shape of the features (1437, 64), from 0 to [`MAX_PIXEL`].
///
/// They and [`held_out_images`] are the 1,797 digits of scikit-learn's `load_digits`, the test set of "Optical
/// Recognition of Handwritten Digits" (Alpaydin & Kaynak 1998, UCI, CC BY 4.0). Both have each digit as often, in
/// proportion.
///
/// ```
/// let digits = datasets::digits();
/// let scaled = &digits.features / datasets::digits::MAX_PIXEL;
/// assert_eq!(scaled.dim(), (1437, 64));
/// ```
#[must_use]
pub fn digits() -> Dataset {
    let labels = idx::read_labels(&include_bytes!("../data/digits-train-labels-idx1-ubyte")[..], N_TRAIN);
    Dataset {
        features: pixels(include_bytes!("../data/digits-train-images-idx3-ubyte"), N_TRAIN),
        labels: Array1::from(labels.expect("the file is made by regenerate/small_files.py, and tested")),
    }
}

/// The 360 digits to be tested with, shape (360, 64). What they are is not in this crate: the judge knows.
#[must_use]
pub fn held_out_images() -> Array2<f64> {
    pixels(include_bytes!("../data/digits-held-out-images-idx3-ubyte"), N_HELD_OUT)
}

fn pixels(file: &[u8], n: usize) -> Array2<f64> {
    let images = idx::read_images(file, [n, SIDE, SIDE]);
    images.expect("the file is made by regenerate/small_files.py, and tested").mapv(f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_sixty_four_pixels_from_0_to_16() {
        for images in [digits().features, held_out_images()] {
            assert_eq!(images.ncols(), SIDE * SIDE);
            assert_eq!(images.fold(0.0, |most: f64, &pixel| most.max(pixel)), MAX_PIXEL);
        }
    }

    #[test]
    fn every_digit_is_there_as_often_in_proportion() {
        let digits = digits();
        assert_eq!((digits.n_samples(), held_out_images().nrows()), (1437, 360));
        // load_digits has 178, 182, 177, 183, 181, 182, 181, 179, 174 and 180 of them; four fifths of each are here.
        let counts: Vec<usize> =
            (0..10).map(|class| digits.labels.iter().filter(|&&label| label == class).count()).collect();
        assert_eq!(counts, [142, 146, 142, 146, 145, 145, 145, 143, 139, 144]);
    }

    #[test]
    fn no_held_out_image_is_among_those_to_train_with() {
        let train = digits().features;
        for image in held_out_images().rows() {
            assert!(train.rows().into_iter().all(|row| row != image));
        }
    }

    #[test]
    fn the_nearest_training_image_names_a_digit_by_its_look() {
        // Images and labels are in one order: leaving one out, its nearest neighbour is nearly always the same digit.
        let digits = digits();
        let right = (0..100).filter(|&i| {
            let distance = |j: usize| {
                let difference = &digits.features.row(i) - &digits.features.row(j);
                difference.dot(&difference)
            };
            let nearest = (0..digits.n_samples())
                .filter(|&j| j != i)
                .min_by(|&a, &b| distance(a).total_cmp(&distance(b)))
                .expect("more than one digit");
            digits.labels[nearest] == digits.labels[i]
        });
        assert!(right.count() >= 95);
    }
}
