//! The bench: turns a submission into a running probe.
//!
//! Cargo builds the kit once; after that a check is two direct calls of `rustc` and one process.

mod compile;
mod diagnostics;
mod kit;
mod observer;
mod probe_process;
mod workspace;

pub(crate) use compile::{Compiled, compile, errors_of_program};
pub(crate) use diagnostics::{Diagnostic, remark};
pub(crate) use kit::Kit;
pub(crate) use observer::{CalledOff, Observer, Stage};
pub(crate) use probe_process::{Answer, Ended, ProbeProcess};
pub(crate) use workspace::{Slot, work_folder};

use std::path::PathBuf;

use crate::course::{Course, Exercise};

/// A folder with `src/lib.rs`: a learner's exercise, a reference solution, a stored wrong answer or an upload.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) folder: PathBuf,
}

impl Submission {
    /// What the learner has written so far.
    pub(crate) fn of_learner(course: &Course, exercise: &Exercise) -> Self {
        Self { folder: course.root.join("exercises").join(&exercise.name) }
    }

    /// The reference solution.
    pub(crate) fn solution(course: &Course, exercise: &Exercise) -> Self {
        Self { folder: course.root.join("solutions").join(&exercise.name) }
    }

    pub(crate) fn lib(&self) -> PathBuf {
        self.folder.join("src").join("lib.rs")
    }
}
