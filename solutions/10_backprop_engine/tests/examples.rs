//! The examples that the exercise shows, run against the solution.

extern crate backprop_engine_solution as backprop_engine;

#[path = "../../../exercises/10_backprop_engine/tests/examples.rs"]
mod examples;
