//! Weights of another shape, put into a layer from outside, past the check in `from_parts`.

use dfdx_comparison_solution::Dense;
use ndarray::Array;

fn main() {
    let mut hidden = Dense::<2, 4>::from_parts(Array::zeros((2, 4)), Array::zeros(4)).unwrap();
    hidden.weights = Array::zeros((3, 3));
}
