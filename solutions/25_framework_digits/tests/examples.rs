//! The examples that the exercise shows, run against the solution.

extern crate framework_digits_solution as framework_digits;

#[path = "../../../exercises/25_framework_digits/tests/examples.rs"]
mod examples;
