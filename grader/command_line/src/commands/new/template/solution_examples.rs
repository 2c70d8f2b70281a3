//! The examples that the exercise shows, run against the solution.

extern crate NAME_solution as NAME;

#[path = "../../../exercises/FOLDER/tests/examples.rs"]
mod examples;
