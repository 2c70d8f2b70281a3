//! The examples that the exercise shows, run against the solution.

extern crate data_pipeline_solution as data_pipeline;

#[path = "../../../exercises/13_data_pipeline/tests/examples.rs"]
mod examples;
