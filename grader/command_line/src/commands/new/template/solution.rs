//! TO WRITE: what this exercise is about, in a sentence.

/// Twice `x`.
///
/// TO WRITE: the formula, its shapes, what it refuses, and why it is done this way.
pub fn double(x: f64) -> f64 {
    2.0 * x
}
