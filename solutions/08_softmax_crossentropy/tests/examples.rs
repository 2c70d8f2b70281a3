//! The examples that the exercise shows, run against the solution.

extern crate softmax_crossentropy_solution as softmax_crossentropy;

#[path = "../../../exercises/08_softmax_crossentropy/tests/examples.rs"]
mod examples;
