//! The examples that the exercise shows, run against the solution.

extern crate xor_network_solution as xor_network;

#[path = "../../../exercises/09_xor_network/tests/examples.rs"]
mod examples;
