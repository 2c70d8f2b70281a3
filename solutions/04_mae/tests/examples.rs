//! The examples that the exercise shows, run against the solution.

extern crate mae_solution as mae;

#[path = "../../../exercises/04_mae/tests/examples.rs"]
mod examples;
