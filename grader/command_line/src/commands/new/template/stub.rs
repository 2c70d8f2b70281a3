//! TO WRITE: what this exercise is about, in a sentence.

/// Twice `x`.
///
/// TO WRITE: all that a learner has to know to write it.
pub fn double(x: f64) -> f64 {
    todo!()
}
