//! The runner: from a submission to a report.
//!
//! A *submission* is compiled with the *kit*, crates that cargo builds once, by two direct calls of rustc; it becomes a
//! *probe*, which runs confined. A *judge*, compiled from the exercise's own files, says which experiments to run, and
//! what is to be thought of the answers. The runner carries messages between the two, and alone knows of limits.

mod child;
mod compile;
mod diagnostics;
mod gallery;
mod gate;
mod grade;
pub mod hand_in;
mod items;
mod judge_process;
mod judge_program;
mod kit;
mod observer;
mod probe_process;
mod sandbox;
#[cfg(test)]
mod snapshots;
mod sources;
mod status_line;
mod stream;
mod workspace;

pub use compile::{Compiled, Program, compile};
pub use gallery::{Gallery, Opened};
pub use grade::{DEFAULT_SEED, Graded, Grader, Grading, Options, start_judge};
pub use items::{Item, items, named};
pub use judge_process::{JudgeProcess, Question, Task};
use judge_program::Part;
pub use kit::{Kit, cargo, digest_of_own_crates};
pub use observer::{CalledOff, Observer, Stage};
pub use probe_process::ProbeProcess;
pub use sandbox::{Sandbox, SandboxMode};
pub use sources::Sources;
pub use status_line::StatusLine;
pub use workspace::Slot;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Result, bail};
use course::{Course, Exercise};
use report::sanitise;

/// The `main` of a program that grades, which does `run` and tells of an error. A sandboxed process is the program started
/// again: then it confines itself and becomes another one.
pub fn program(run: impl FnOnce() -> Result<ExitCode>) -> ExitCode {
    sandbox::become_confined().unwrap_or_else(|| run().unwrap_or_else(|error| report::fail(&error)))
}

/// The workspace that the grader itself is built from: the course's own, or for other courses the one that this grader
/// came from.
///
/// # Errors
///
/// If it is gone.
pub fn home(course: &Course) -> Result<PathBuf> {
    let has_grader = |folder: &Path| folder.join("grader/judge/Cargo.toml").is_file();
    if has_grader(&course.root) {
        return Ok(course.root.clone());
    }
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("/"));
    if !has_grader(home) {
        bail!(
            "the grader was built in {}, which is gone; it needs its sources there to build what submissions are linked \
             with. Put them back, or install the grader again from where they are now: cargo install --path grader",
            home.display()
        );
    }
    Ok(home.to_owned())
}

/// A folder with `src/lib.rs`: a learner's exercise, a reference solution, a stored wrong answer or an upload.
#[derive(Clone, Debug)]
pub struct Submission {
    /// The folder that holds `src/lib.rs`, or `lib.rs` where there is no `src`.
    pub folder: PathBuf,
    /// Whether the source gate is closed. It always is, but for the tests that hold the sandbox by itself.
    pub gated: bool,
}

impl Submission {
    /// The submission in `folder`, with the source gate closed.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, gated: true }
    }

    /// The submission that `lib`, a file called `lib.rs`, belongs to.
    pub fn of_lib(lib: &Path) -> Self {
        let src = lib.parent().unwrap_or(lib);
        let folder = if src.file_name().is_some_and(|name| name == "src") { src.parent().unwrap_or(src) } else { src };
        Self::new(folder.to_owned())
    }

    /// What the learner has written so far.
    pub fn of_learner(course: &Course, exercise: &Exercise) -> Self {
        Self::new(course.root.join("exercises").join(&exercise.name))
    }

    /// The reference solution.
    pub fn solution(course: &Course, exercise: &Exercise) -> Self {
        Self::new(course.root.join("solutions").join(&exercise.name))
    }

    /// The folder with the sources.
    pub fn src(&self) -> PathBuf {
        let src = self.folder.join("src");
        let is_flat = src.symlink_metadata().is_err() && self.folder.join("lib.rs").symlink_metadata().is_ok();
        if is_flat { self.folder.clone() } else { src }
    }

    /// The file that is graded.
    pub fn lib(&self) -> PathBuf {
        self.src().join("lib.rs")
    }

    /// The folder as a report names it, the same on every machine: as a learner's own if it is called like one, or from the
    /// course's folder on, or by its own name alone.
    pub fn label(&self, course: &Course) -> String {
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        let above = self.folder.parent().and_then(Path::file_name);
        let path = if above.is_some_and(|above| above == "exercises") {
            format!("exercises/{name}").into()
        } else {
            self.folder.strip_prefix(&course.root).map_or(name, |inside| inside.to_string_lossy())
        };
        // The compiler's `--remap-path-prefix` splits at `=`.
        sanitise::clean(&path).replace(['=', '\n', '\t'], "_").replace('\\', "/")
    }
}
