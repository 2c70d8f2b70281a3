//! `grader data`: larger data sets, downloaded by a program of their own.
//!
//! A client for HTTPS would add a quarter to the time that the grader's first build takes, and hardly anybody needs it.
//! So the downloader is a crate beside the grader, and is built when it is asked for.

use std::{env, process::Command};

use anyhow::{Context, Result, bail};
use datasets::mnist::Which;

use super::Outcome;
use crate::{bench, cli::FetchArgs, course::Course};

pub(crate) fn fetch(args: &FetchArgs) -> Result<Outcome> {
    let course = Course::find()?;
    let which = Which::ALL.into_iter().find(|which| which.name() == args.name).context("there is no such data set")?;
    let cargo = bench::cargo();
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(&cargo);
        command.args(arguments).arg("--manifest-path").arg(course.root.join("Cargo.toml")).args(["--package", "fetch"]);
        // `cargo run` tells the grader which package it is; told the same, the build script of ring would run anew.
        for name in env::vars_os().map(|(name, _)| name) {
            if ["CARGO_PKG_", "CARGO_MANIFEST_", "OUT_DIR"]
                .iter()
                .any(|prefix| name.to_string_lossy().starts_with(prefix))
            {
                command.env_remove(name);
            }
        }
        command
    };
    anstream::eprintln!("Preparing the downloader (compiled once)");
    let built = cargo(&["build"])
        .status()
        .context("cannot run cargo, which builds the downloader; install Rust from https://rustup.rs")?;
    if !built.success() {
        bail!("cargo could not build the downloader; what it says names the reason.\n\n{}", which.by_hand());
    }
    let fetched =
        cargo(&["run", "--quiet"]).args(["--", which.name()]).status().context("cannot run the downloader")?;
    if !fetched.success() {
        bail!("{which} was not fetched; what is said above names the reason, and what to do");
    }
    Ok(Outcome::AllRight)
}
