//! Two calls of rustc: the submission as a library, the probe against it.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{
    Diagnostic, Kit, Slot, Submission,
    diagnostics::{self, Message},
};
use crate::{
    course::{Course, Exercise},
    files,
};

/// What came of compiling a submission.
pub(crate) enum Compiled {
    /// A program to run, and warnings.
    Probe(PathBuf, Vec<Diagnostic>),
    /// Errors in the learner's code.
    Broken(Vec<Diagnostic>),
}

/// Compiles `submission` and the probe of `exercise` in `slot`.
///
/// Only the submission's `.rs` files count: no manifest, no build script and no dependency of its own is read.
pub(crate) fn compile(
    course: &Course,
    exercise: &Exercise,
    submission: &Submission,
    kit: &Kit,
    slot: &Slot,
) -> Result<Compiled> {
    let library = library(slot);
    let mut rustc = rustc(course, exercise, kit, slot, "submission");
    rustc.args(["--crate-type", "rlib"]).arg("-o").arg(&library);
    for (name, path) in kit.crates_for_submissions() {
        rustc.arg("--extern").arg(extern_argument(name, path));
    }
    // Below the course's folder the learner's own path, as it would be typed there.
    let lib = submission.lib();
    rustc.arg(lib.strip_prefix(&course.root).unwrap_or(&lib));
    let (succeeded, messages) = run(rustc)?;
    let summary = errors(&messages);
    let diagnostics: Vec<Diagnostic> =
        messages.into_iter().filter(Message::is_about_code).map(Message::into_diagnostic).collect();
    if !succeeded {
        // An error that points at no code is none of the learner's: a full disk, a file that may not be written.
        if diagnostics.iter().all(|diagnostic| diagnostic.level != "error") {
            bail!("rustc could not do its work: {summary}");
        }
        return Ok(Compiled::Broken(diagnostics));
    }

    let probe = slot.folder.join(format!("probe{}", env::consts::EXE_SUFFIX));
    let mut rustc = self::rustc(course, exercise, kit, slot, "probe_main");
    rustc.args(["--crate-type", "bin"]).arg("-o").arg(&probe);
    for (name, path) in kit.crates_for_probes().chain([("submission", library.as_path())]) {
        rustc.arg("--extern").arg(extern_argument(name, path));
    }
    rustc.arg(course.hidden_folder(exercise).join("probe.rs"));
    let (succeeded, messages) = run(rustc)?;
    if succeeded {
        return Ok(Compiled::Probe(probe, diagnostics));
    }
    let summary = errors(&messages);
    let broken: Vec<Diagnostic> = messages
        .into_iter()
        .filter(|message| message.is_error_in("probe.rs"))
        .map(Message::into_interface_diagnostic)
        .collect();
    if broken.is_empty() {
        bail!("the probe of {} could not be linked: {summary}", exercise.name);
    }
    Ok(Compiled::Broken(broken))
}

/// The errors, with their lines, of compiling `program` against the submission that was compiled last in `slot`.
pub(crate) fn errors_of_program(
    course: &Course,
    exercise: &Exercise,
    kit: &Kit,
    slot: &Slot,
    program: &str,
) -> Result<Vec<(String, u32)>> {
    let source = slot.folder.join("program.rs");
    files::write_atomically(&source, program.as_bytes())?;
    let mut rustc = rustc(course, exercise, kit, slot, "program");
    rustc.args(["--crate-type", "bin", "--emit", "metadata"]).arg("-o").arg(slot.folder.join("program.rmeta"));
    let library = library(slot);
    for (name, path) in kit.crates_for_submissions().chain([("submission", library.as_path())]) {
        rustc.arg("--extern").arg(extern_argument(name, path));
    }
    rustc.arg(&source);
    let (_, messages) = run(rustc)?;
    Ok(messages.iter().filter_map(Message::error_and_line).collect())
}

/// Where the compiled submission is.
fn library(slot: &Slot) -> PathBuf {
    slot.folder.join("libsubmission.rlib")
}

fn rustc(course: &Course, exercise: &Exercise, kit: &Kit, slot: &Slot, crate_name: &str) -> Command {
    let mut rustc = Command::new(&kit.rustc);
    rustc
        .current_dir(&course.root)
        .args(["--crate-name", crate_name, "--edition", "2024"])
        .args(["--error-format", "json", "--json", "diagnostic-rendered-ansi"])
        .args(["-C", &format!("opt-level={}", exercise.opt_level)])
        // An index that went below zero is a panic with a line, at every optimisation level.
        .args(["-C", "overflow-checks=on", "-C", "debuginfo=line-tables-only"])
        .arg("-C")
        .arg(joined("incremental=", &slot.folder.join("incremental")))
        .arg("-L")
        .arg(joined("dependency=", &kit.dependencies));
    rustc
}

/// All errors in one line.
fn errors(messages: &[Message]) -> String {
    let texts: Vec<&str> = messages
        .iter()
        .filter(|message| message.is_error())
        .map(Message::text)
        .filter(|text| !text.starts_with("aborting due to"))
        .collect();
    texts.join("; ")
}

/// Runs rustc; whether it succeeded, and what it said.
fn run(mut rustc: Command) -> Result<(bool, Vec<Message>)> {
    let output = rustc.output().with_context(|| format!("cannot run {}", rustc.get_program().display()))?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    let messages = diagnostics::read(&stderr);
    if !output.status.success() && !messages.iter().any(Message::is_error) {
        bail!("rustc ended with {} and said: {}", output.status, stderr.trim());
    }
    Ok((output.status.success(), messages))
}

fn extern_argument(name: &str, path: &Path) -> OsString {
    joined(&format!("{name}="), path)
}

fn joined(prefix: &str, path: &Path) -> OsString {
    let mut argument = OsString::from(prefix);
    argument.push(path);
    argument
}
