//! A learner's code and the grader: experiments, and the records that go in and come out.
//!
//! A *probe* is a small program, one per exercise, that is linked with a submission. It answers requests: each one
//! names an *experiment* and carries its inputs as a [`Record`]; the answer is what the learner's code did with them,
//! again a [`Record`], or the panic that it ended in. The probe knows no expected value, so there is nothing in it to
//! steal; judging happens in the exercise's judge, which shares this crate for its records alone.
//!
//! ```no_run
//! use probe::{Record, serve};
//!
//! fn double(x: f64) -> f64 {
//!     2.0 * x // stands for the learner's code
//! }
//!
//! serve(&[("double", |case| double(case.float("x")).into())]);
//! ```

mod serve;
mod value;

pub use serve::{Experiment, report_progress, serve};
pub use value::{Record, Value};

use rand::SeedableRng;

/// The generator that experiments hand to a learner's constructors: small, fast, and the same stream on every
/// platform.
pub type Generator = rand::rngs::Xoshiro256PlusPlus;

/// What each layer of a network says of itself, from the summary that the engine writes of it: a line for each layer, with its
/// number before and its count of parameters behind.
#[must_use]
pub fn layers_of(summary: &str) -> String {
    let names = summary.lines().filter_map(|line| {
        let (number, rest) = line.trim_start().split_once("  ")?;
        number.parse::<usize>().ok()?;
        Some(rest.trim_end().rsplit_once(' ')?.0.trim_end())
    });
    names.collect::<Vec<_>>().join(", ")
}

/// A [`Generator`] that starts at `seed`.
#[must_use]
pub fn generator(seed: u64) -> Generator {
    Generator::seed_from_u64(seed)
}
