//! The examples that the exercise shows, run against the solution.

extern crate optimizers_solution as optimizers;

#[path = "../../../exercises/12_optimizers/tests/examples.rs"]
mod examples;
