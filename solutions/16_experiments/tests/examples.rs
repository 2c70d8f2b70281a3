//! The examples that the exercise shows, run against the solution.

extern crate experiments_solution as experiments;

#[path = "../../../exercises/16_experiments/tests/examples.rs"]
mod examples;
