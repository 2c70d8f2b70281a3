//! The examples that the exercise shows, run against the solution.

extern crate regularisation_solution as regularisation;

#[path = "../../../exercises/18_regularisation/tests/examples.rs"]
mod examples;
