//! Drawing inputs from the seeded generator.

use ndarray::{Array1, Array2};
use probe::Generator;
use rand::RngExt;

/// A number between `-scale` and `scale`, rounded to two decimals so that a learner can follow it by hand.
pub fn number(draw: &mut Generator, scale: f64) -> f64 {
    // Adding 0 turns -0, which is a number of its own, into 0.
    (draw.random_range(-scale..=scale) * 100.0).round() / 100.0 + 0.0
}

/// A whole number below `end`: a label, a seed, a size.
pub fn count(draw: &mut Generator, end: usize) -> usize {
    draw.random_range(0..end)
}

/// A whole number from `low` to `high`.
pub fn size(draw: &mut Generator, low: usize, high: usize) -> usize {
    let share = (number(draw, 1.0) + 1.0) / 2.0;
    low + ((high - low) as f64 * share).round() as usize
}

/// `n` numbers between `-scale` and `scale`, rounded like that of [`number`].
pub fn vector(draw: &mut Generator, n: usize, scale: f64) -> Array1<f64> {
    (0..n).map(|_| number(draw, scale)).collect()
}

/// A matrix of shape (rows, columns) of such numbers.
pub fn matrix(draw: &mut Generator, (rows, columns): (usize, usize), scale: f64) -> Array2<f64> {
    Array2::from_shape_simple_fn((rows, columns), || number(draw, scale))
}
