//! The examples that the exercise shows, run against the solution.

extern crate initialisation_solution as initialisation;

#[path = "../../../exercises/15_initialisation/tests/examples.rs"]
mod examples;
