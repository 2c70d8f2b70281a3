//! Whoever waits for a grading hears what it is busy with, and may call it off.

use std::{error::Error, fmt};

use probe::Progress;

/// What grading is busy with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    Compiling,
    /// Check `number` of `total`, counted from 1.
    Checking {
        number: usize,
        total: usize,
    },
    /// A long experiment of the present check.
    Training(Progress),
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compiling => f.write_str("compiling"),
            Self::Checking { number, total } => write!(f, "check {number} of {total}"),
            Self::Training(Progress { done, total, loss }) => {
                write!(f, "training, {done} of {total}")?;
                loss.map_or(Ok(()), |loss| write!(f, ", loss {loss:.4}"))
            }
        }
    }
}

/// Whoever waits for a grading.
pub(crate) trait Observer {
    fn on_stage(&self, stage: Stage);

    /// Whether nobody waits any more. Asked every few milliseconds while the learner's code runs.
    fn has_called_off(&self) -> bool;
}

/// Nobody watches, and nobody gives up.
impl Observer for () {
    fn on_stage(&self, _: Stage) {}

    fn has_called_off(&self) -> bool {
        false
    }
}

/// The grading was called off: there is no verdict.
#[derive(Debug)]
pub(crate) struct CalledOff;

impl fmt::Display for CalledOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the grading was called off")
    }
}

impl Error for CalledOff {}
