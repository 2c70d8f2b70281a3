//! What submissions know as `ndarray`: all of it, with what they use most of it compiled already.
//!
//! A generic function is compiled in the crate that uses it, so `&a + &b` costs every submission some dozen functions,
//! after every save, and most of the time that a learner waits is the time that LLVM takes for them. Without
//! optimisation rustc takes an instance from a crate that it links with, if that crate has it. This one has the usual
//! ones: see [`instances`].

pub use ndarray::*;

pub mod instances;
