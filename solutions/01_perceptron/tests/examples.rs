//! The examples that the exercise shows, run against the solution.

extern crate perceptron_solution as perceptron;

#[path = "../../../exercises/01_perceptron/tests/examples.rs"]
mod examples;
