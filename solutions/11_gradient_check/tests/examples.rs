//! The examples that the exercise shows, run against the solution.

extern crate gradient_check_solution as gradient_check;

#[path = "../../../exercises/11_gradient_check/tests/examples.rs"]
mod examples;
