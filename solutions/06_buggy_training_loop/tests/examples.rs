//! The examples that the exercise shows, run against the solution.

extern crate buggy_training_loop_solution as buggy_training_loop;

#[path = "../../../exercises/06_buggy_training_loop/tests/examples.rs"]
mod examples;
