//! The examples that the exercise shows, run against the solution.

extern crate mnist_mlp_solution as mnist_mlp;

#[path = "../../../exercises/14_mnist_mlp/tests/examples.rs"]
mod examples;
