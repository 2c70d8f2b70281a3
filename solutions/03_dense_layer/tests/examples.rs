//! The examples that the exercise shows, run against the solution.

extern crate dense_layer_solution as dense_layer;

#[path = "../../../exercises/03_dense_layer/tests/examples.rs"]
mod examples;
