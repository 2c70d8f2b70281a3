//! Weights of another shape, put into a layer from outside, past the check in `from_parts`.

use ndarray::Array;
use submission::Dense;

fn main() {
    let mut hidden = Dense::<2, 4>::from_parts(Array::zeros((2, 4)), Array::zeros(4)).unwrap();
    hidden.weights = Array::zeros((3, 3)); //~ E0616
}
