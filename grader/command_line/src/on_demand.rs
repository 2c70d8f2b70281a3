//! Programs beside the grader that are compiled when they are first asked for: what `check` can do without.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use course::{Course, files};
use runner::{cargo, home};
use serde::{Deserialize, Serialize};

/// A program, and what it was built from.
#[derive(Serialize, Deserialize)]
struct Built {
    fingerprint: String,
    program: PathBuf,
}

/// The program of the package `name` in the grader's workspace, which has its sources in `folder`; built now if it has
/// not been or has changed. `what` says what for: "the view".
///
/// # Errors
///
/// If cargo cannot build it.
pub(crate) fn program(course: &Course, name: &str, what: &str, folders: &[&str]) -> Result<PathBuf> {
    let home = home(course)?;
    let note = course.work_folder()?.join(format!("{name}.json"));
    let fingerprint = fingerprint(&home, folders)?;
    let known = fs::read(&note).ok().and_then(|json| serde_json::from_slice::<Built>(&json).ok());
    if let Some(built) = known.filter(|built| built.fingerprint == fingerprint && built.program.is_file()) {
        return Ok(built.program);
    }
    anstream::eprintln!("Preparing {what} (once; the first time it takes about a minute)");
    let start = Instant::now();
    let program = build(&home, name)?;
    anstream::eprintln!("Ready after {:.0} s", start.elapsed().as_secs_f64());
    let built = Built { fingerprint, program };
    files::write_atomically(&note, &serde_json::to_vec_pretty(&built)?)?;
    Ok(built.program)
}

/// A line of `cargo build --message-format json` that tells of a program.
#[derive(Deserialize)]
struct Artifact {
    target: Target,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

fn build(home: &Path, name: &str) -> Result<PathBuf> {
    let mut build = Command::new(cargo());
    build.args(["build", "--message-format", "json-render-diagnostics", "--package", name, "--manifest-path"]);
    build.arg(home.join("Cargo.toml")).stderr(std::process::Stdio::inherit());
    // `cargo run` tells the grader which package it is; told the same, some build scripts would run again.
    for variable in env::vars_os().map(|(variable, _)| variable) {
        let text = variable.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"].iter().any(|prefix| text.starts_with(prefix)) {
            build.env_remove(&variable);
        }
    }
    let output = build.output().context("cannot run cargo; install Rust from https://rustup.rs")?;
    if !output.status.success() {
        bail!("cargo could not build it; its message has the reason");
    }
    let lines = output.stdout.split(|&byte| byte == b'\n');
    let artifacts = lines.filter_map(|line| serde_json::from_slice::<Artifact>(line).ok());
    let mut programs = artifacts.filter(|artifact| artifact.target.name == name).filter_map(|built| built.executable);
    programs.next().with_context(|| format!("cargo built no program {name}"))
}

fn fingerprint(home: &Path, folders: &[&str]) -> Result<String> {
    let mut stamps = String::new();
    for file in ["Cargo.lock", "Cargo.toml"] {
        stamps += &files::stamp(&home.join(file))?;
    }
    for folder in folders {
        for path in files::files_below(&home.join(folder))? {
            stamps += &files::stamp(&path)?;
        }
    }
    Ok(stamps)
}

/// Runs `program` in the place of this one, where the system can do that.
///
/// # Errors
///
/// If it cannot be run.
pub(crate) fn become_program(program: &Path, arguments: impl IntoIterator<Item = OsString>) -> Result<ExitCode> {
    let mut command = Command::new(program);
    command.args(arguments);
    let failed = || format!("cannot run {}", program.display());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        Err(command.exec()).with_context(failed)
    }
    #[cfg(not(unix))]
    {
        // Ctrl-C reaches both programs, and the other one decides what follows.
        signal_hook::flag::register(signal_hook::consts::SIGINT, Default::default())?;
        let status = command.status().with_context(failed)?;
        Ok(ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(3)))
    }
}
