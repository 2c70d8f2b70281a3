//! The examples that the exercise shows, run against the solution.

extern crate custom_layers_losses_solution as custom_layers_losses;

#[path = "../../../exercises/21_custom_layers_losses/tests/examples.rs"]
mod examples;
