//! The examples that the exercise shows, run against the solution.

extern crate training_control_solution as training_control;

#[path = "../../../exercises/17_training_control/tests/examples.rs"]
mod examples;
