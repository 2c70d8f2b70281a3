//! Judges as programs: an exercise's `checks.rs` and `pictures.rs`, compiled when they are first asked for, and then kept.
//!
//! They lie in a folder of their own, which no submission's compiler and no probe can read.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use course::{Course, Exercise, files};
use hmac_sha256::Hash;

use crate::{
    Kit,
    compile::FULL_DISK,
    diagnostics::says_that_the_disk_is_full,
    kit::{dependency_argument, extern_argument},
    sandbox::random_id,
};

/// What of an exercise is to be compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// What is right and what is wrong: `checks.rs`.
    Checks,
    /// What there is to see: `pictures.rs`.
    Pictures,
}

impl Part {
    /// What an exercise cannot be without it.
    fn what_for(self) -> &'static str {
        match self {
            Self::Checks => "graded",
            Self::Pictures => "drawn",
        }
    }

    /// The name of its source, without `.rs`, and of its program.
    fn name(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Pictures => "pictures",
        }
    }
}

/// The program that `part` of `exercise` is, compiled now if it has not been or has changed.
///
/// # Errors
///
/// If it is missing or does not compile: a fault of the exercise's.
pub(crate) fn build(course: &Course, exercise: &Exercise, kit: &Kit, part: Part) -> Result<PathBuf> {
    let name = part.name();
    let source = course.hidden_folder(exercise).join(format!("{name}.rs"));
    if !source.is_file() {
        bail!("there is no {}; every exercise has one", source.display());
    }
    let Place { folder, program, note, fingerprint } = Place::of(course, exercise, kit, part)?;
    files::create_folder(&folder)?;
    let is_built = || is_built(&program, &note, &fingerprint);
    if is_built() {
        return Ok(program);
    }
    // Two graders at once: the second one finds what the first has built.
    let _lock = files::lock(&folder.join(format!("{name}.lock")))?;
    if is_built() {
        return Ok(program);
    }
    // Beside the program, which may be running.
    let file = format!("{name}-{:016x}{}", random_id(), env::consts::EXE_SUFFIX);
    let unfinished = folder.join(&file);
    let mut rustc = Command::new(&kit.rustc);
    // Rust's linker replaces every `%` of a path that it is to write to.
    rustc
        .current_dir(&folder)
        .args(["--crate-name", name, "--crate-type", "bin", "--edition", "2024", "--color", "never"])
        .args(["-C", "debuginfo=0", "-D", "warnings"])
        .arg("-C")
        .arg(files::joined("incremental=", &folder.join(format!("{name}.incremental"))))
        .args(kit.of_judges.dependencies.iter().flat_map(|folder| dependency_argument(folder)))
        .args(kit.of_judges.crates.iter().flat_map(|(name, path)| extern_argument((name, path))))
        .args(["-o", &file])
        .arg(&source);
    remove_unfinished(&folder, name)?;
    let output = rustc.output().with_context(|| format!("cannot run {}", kit.rustc.display()))?;
    if !output.status.success() {
        let _ = fs::remove_file(&unfinished);
        if says_that_the_disk_is_full(&String::from_utf8_lossy(&output.stderr)) {
            bail!("rustc could not write the {name} of {}{FULL_DISK}", exercise.name);
        }
        kit.try_out(&folder)?;
        if output.status.code().is_none() {
            bail!("the compiler was stopped while it compiled the {name} of {} ({})", exercise.name, output.status);
        }
        bail!(
            "the {name} of {} do not compile, so it cannot be {}; all other exercises can\n{}",
            exercise.name,
            part.what_for(),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
    }
    fs::rename(&unfinished, &program).with_context(|| format!("cannot replace {}", program.display()))?;
    files::write_atomically(&note, fingerprint.as_bytes())?;
    Ok(program)
}

/// The program that `part` of `exercise` is, if it is built and has not changed since.
pub(crate) fn built(course: &Course, exercise: &Exercise, kit: &Kit, part: Part) -> Result<Option<PathBuf>> {
    let Place { program, note, fingerprint, .. } = Place::of(course, exercise, kit, part)?;
    Ok(is_built(&program, &note, &fingerprint).then_some(program))
}

/// Has `part` of `exercise` compiled again when it is next needed: its program is damaged.
pub(crate) fn forget(course: &Course, exercise: &Exercise, part: Part) {
    let note = course.work_folder().map(|work| work.join("judges").join(&exercise.name));
    let _ = note.map(|folder| fs::remove_file(folder.join(format!("{}.fingerprint", part.name()))));
}

/// Removes what a build that was stopped has left. Only the holder of the lock builds.
fn remove_unfinished(folder: &Path, name: &str) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let is_left = path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}-")));
        if is_left {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn is_built(program: &Path, note: &Path, fingerprint: &str) -> bool {
    program.is_file() && fs::read_to_string(note).is_ok_and(|noted| noted == fingerprint)
}

/// Where a judge's program is, and what it has to be built from.
struct Place {
    folder: PathBuf,
    program: PathBuf,
    /// The file that says what the program was built from.
    note: PathBuf,
    fingerprint: String,
}

impl Place {
    fn of(course: &Course, exercise: &Exercise, kit: &Kit, part: Part) -> Result<Self> {
        let name = part.name();
        let folder = course.work_folder()?.join("judges").join(&exercise.name);
        Ok(Self {
            program: folder.join(format!("{name}{}", env::consts::EXE_SUFFIX)),
            note: folder.join(format!("{name}.fingerprint")),
            fingerprint: fingerprint(course, exercise, kit)?,
            folder,
        })
    }
}

/// A digest of whatever decides what the programs are: the kit and the exercise's hidden files, by size and time.
fn fingerprint(course: &Course, exercise: &Exercise, kit: &Kit) -> Result<String> {
    let mut digest = Hash::new();
    digest.update(&kit.fingerprint);
    for path in files::files_below(&course.hidden_folder(exercise))? {
        digest.update(files::stamp(&path)?);
    }
    Ok(files::hex(&digest.finalize()))
}
