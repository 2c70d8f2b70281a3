//! The examples that the exercise shows, run against the solution.

extern crate elu_solution as elu;

#[path = "../../../exercises/02_elu/tests/examples.rs"]
mod examples;
