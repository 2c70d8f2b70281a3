//! The judge: what is asked of a learner's code, what is right, and what is commonly wrong.
//!
//! A [`Check`] never meets the learner's code. It sees observations, compares them with the reference, and where they
//! differ with every mistake that it knows.
//!
//! An exercise's `checks.rs` and `pictures.rs` are programs: each hands what it has to [`judge`] or [`draw_pictures`],
//! which do what the grader orders, and ask it whenever some experiment has to be run.

mod ask;
mod check;
mod compare;
mod condition;
pub mod draw;
mod examine;
mod experiment;
mod explain;
pub use formula;
pub mod picture;
mod refusal;
pub mod render;
mod serve;
mod text;
mod verdict;

pub use check::{Check, Expectation, Mistake, Prediction, Recognition, computed};
pub use compare::Tolerance;
pub use refusal::Tests;
pub use serve::{draw_pictures, judge};

/// What a `checks.rs` needs; not every one needs all of it.
pub mod prelude {
    pub use datasets::mnist::{self, Which};
    pub use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, array};
    pub use probe::{Record, Value};

    pub use crate::{
        Check, Prediction, Tests, Tolerance, computed, draw,
        formula::{Aggregate, Formula, Num, Outputs, Over},
    };
}

/// What a `pictures.rs` needs; not every one needs all of it.
pub mod pictures {
    pub use anyhow::{self, Result};
    pub use datasets::mnist::{self, Which};
    pub use ndarray::{Array1, Array2, array};
    pub use probe::Record;

    pub use crate::{
        ask::{Answer, Ask, Asked, RESULT, Side, Stop},
        picture::{Axis, Both, Cells, GAP, Mark, Palette, Picture, Point, Role, YOURS, with_separators},
    };
}
