//! A network that was taken apart, and is used once more.

use dfdx_comparison_solution::{Dense, stack};
use ndarray::Array;

fn main() {
    let hidden = Dense::<2, 4>::from_parts(Array::zeros((2, 4)), Array::zeros(4)).unwrap();
    let output = Dense::<4, 1>::from_parts(Array::zeros((4, 1)), Array::zeros(1)).unwrap();
    let network = stack(hidden, output);
    let (_hidden, _output) = network.take_apart();
    network.hidden();
}
