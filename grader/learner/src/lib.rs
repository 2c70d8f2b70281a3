//! The learner's side of a course: what they have reached, the reports that are kept, hints, and backups of what they
//! wrote.

pub mod backups;
mod check;
mod clock;
pub mod hint;
pub mod list;
mod progress;

pub use check::{Checked, Checking, check, current, source_digest};
pub use progress::{Entry, Last, Progress};
