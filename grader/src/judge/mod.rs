//! The judge: what is asked of a learner's code, what is right, and what is commonly wrong.
//!
//! A [`Check`] never meets the learner's code. It sees observations, compares them with the reference, and where they
//! differ with every mistake that it knows.

mod check;
mod compare;
pub(crate) mod draw;
pub(crate) mod render;
mod text;
mod verdict;

pub(crate) use check::{Check, Expectation, Mistake, Prediction, Recognition, errors_as_text};
pub(crate) use compare::{Tolerance, distinguishable};
pub(crate) use verdict::{Status, Verdict, is_todo, judge, not_fetched, not_reached, over};

/// What a `checks.rs` needs; not every one needs all of it.
#[allow(unused_imports, reason = "the course decides which of these its checks use")]
pub(crate) mod prelude {
    pub(crate) use datasets::mnist::{self, Which};
    pub(crate) use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, array};
    pub(crate) use probe::{Record, Value};

    pub(crate) use super::{Check, Prediction, Tolerance, draw};
}
