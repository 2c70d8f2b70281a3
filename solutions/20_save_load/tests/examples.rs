//! The examples that the exercise shows, run against the solution.

extern crate save_load_solution as save_load;

#[path = "../../../exercises/20_save_load/tests/examples.rs"]
mod examples;
