//! The examples that the exercise shows, run against the solution.

extern crate batch_norm_solution as batch_norm;

#[path = "../../../exercises/19_batch_norm/tests/examples.rs"]
mod examples;
