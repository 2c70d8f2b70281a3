//! What this course knows as `dfdx`: all of it, with what exercises use most of it compiled already.
//!
//! A layer of dfdx has its sizes in its type, so a network is compiled where it is used: a few thousand functions, whenever
//! the code around it changes. Without optimisation, or with little of it, rustc takes an instance from a crate that it
//! links with, if that crate has it. This one has those of the networks of the exercises: see [`instances`].

pub use dfdx::*;

pub mod instances;
