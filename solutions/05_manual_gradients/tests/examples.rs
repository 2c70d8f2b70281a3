//! The examples that the exercise shows, run against the solution.

extern crate manual_gradients_solution as manual_gradients;

#[path = "../../../exercises/05_manual_gradients/tests/examples.rs"]
mod examples;
