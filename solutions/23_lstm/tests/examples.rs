//! The examples that the exercise shows, run against the solution.

extern crate lstm_solution as lstm;

#[path = "../../../exercises/23_lstm/tests/examples.rs"]
mod examples;
