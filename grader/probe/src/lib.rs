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

/// A [`Generator`] that starts at `seed`.
#[must_use]
pub fn generator(seed: u64) -> Generator {
    Generator::seed_from_u64(seed)
}
