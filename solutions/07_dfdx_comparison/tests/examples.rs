//! The examples that the exercise shows, run against the solution.

extern crate dfdx_comparison_solution as dfdx_comparison;

#[path = "../../../exercises/07_dfdx_comparison/tests/examples.rs"]
mod examples;
