//! The examples that the exercise shows, run against the solution.

extern crate convolution_solution as convolution;

#[path = "../../../exercises/22_convolution/tests/examples.rs"]
mod examples;
