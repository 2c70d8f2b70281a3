//! The bench: turns a submission into a running probe.
//!
//! Cargo builds the kit once; after that a check is two direct calls of `rustc` and one process.

mod child;
mod compile;
mod diagnostics;
mod gate;
mod kit;
mod observer;
mod probe_process;
mod sandbox;
mod sources;
mod stream;
mod workspace;

pub(crate) use compile::{Compiled, compile, errors_of_program, foreign_folders};
pub(crate) use diagnostics::{Diagnostic, remark};
pub(crate) use kit::{Kit, cargo};
pub(crate) use observer::{CalledOff, Observer, Stage};
pub(crate) use probe_process::{Answer, Ended, Limit, ProbeProcess};
pub(crate) use sandbox::{Sandbox, become_confined};
pub(crate) use sources::Sources;
pub(crate) use workspace::{Slot, work_folder};

use std::path::{Path, PathBuf};

use crate::{
    course::{Course, Exercise},
    hostile,
};

/// A folder with `src/lib.rs`: a learner's exercise, a reference solution, a stored wrong answer or an upload.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) folder: PathBuf,
    /// Whether the source gate is closed. It always is, but for the tests that hold the sandbox by itself.
    pub(crate) gated: bool,
}

impl Submission {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, gated: true }
    }

    /// What the learner has written so far.
    pub(crate) fn of_learner(course: &Course, exercise: &Exercise) -> Self {
        Self::new(course.root.join("exercises").join(&exercise.name))
    }

    /// The reference solution.
    pub(crate) fn solution(course: &Course, exercise: &Exercise) -> Self {
        Self::new(course.root.join("solutions").join(&exercise.name))
    }

    pub(crate) fn lib(&self) -> PathBuf {
        self.folder.join("src").join("lib.rs")
    }

    /// The folder as a report names it: from the course's folder on, whichever copy of it, or by its own name alone.
    pub(crate) fn label(&self, course: &Course) -> String {
        let path = match self.folder.strip_prefix(&course.root) {
            Ok(inside) => inside.to_string_lossy(),
            Err(_) => {
                let name = self.folder.file_name().unwrap_or_default();
                let above = self.folder.parent().and_then(Path::file_name);
                let in_exercises = above.is_some_and(|above| above == "exercises");
                if in_exercises {
                    format!("exercises/{}", name.to_string_lossy()).into()
                } else {
                    name.to_string_lossy()
                }
            }
        };
        // The compiler's `--remap-path-prefix` splits at `=`.
        hostile::clean(&path).replace(['=', '\n', '\t'], "_").replace('\\', "/")
    }
}
