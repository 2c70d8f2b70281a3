//! What submissions know as `ndarray`: all of it, with what they use most of it compiled already.
//!
//! A generic function is compiled in the crate that uses it, so `&a + &b` costs a submission some dozen functions, and
//! without a cache most of the time is the time that LLVM takes for them. Without optimisation rustc takes an instance
//! from a crate that it links with, if that crate has it. This one has the usual ones: see [`instances`].

pub use ndarray::*;

pub mod instances;
