//! The examples that the exercise shows, run against the solution.

extern crate autoencoder_transfer_solution as autoencoder_transfer;

#[path = "../../../exercises/24_autoencoder_transfer/tests/examples.rs"]
mod examples;
