//! `grader data`: larger data sets, downloaded by a program of their own.
//!
//! A client for HTTPS would add a quarter to the time that the grader's first build takes, and hardly anybody needs it.
//! So the downloader is a crate beside the grader, and is built when it is asked for.

use std::process::Command;

use anyhow::{Context, Result, bail};
use course::Course;
use runner::{cargo, home};

use super::Outcome;
use crate::{cli::FetchArgs, on_demand};

pub(crate) fn fetch(course: &Course, args: &FetchArgs) -> Result<Outcome> {
    let program = match on_demand::program(course, "fetch", "the downloader", &["datasets/fetch", "datasets/src"]) {
        Ok(program) => program,
        Err(error) => bail!("{error:#}\n\n{}", by_hand(course, &args.name)),
    };
    let fetched = Command::new(program).arg(&args.name).status().context("cannot run the downloader")?;
    if !fetched.success() {
        bail!("{} was not fetched; the message above has the reason, and what to do", args.name);
    }
    Ok(Outcome::AllRight)
}

/// How to get the files where there is no downloader: without a network it cannot be built.
fn by_hand(course: &Course, name: &str) -> String {
    let told = home(course).ok().and_then(|home| {
        let mut cargo = Command::new(cargo());
        cargo.args(["run", "--quiet", "--offline", "--package", "datasets", "--bin", "by_hand", "--manifest-path"]);
        cargo.arg(home.join("Cargo.toml")).arg("--").arg(name).output().ok()
    });
    told.map_or(String::new(), |told| String::from_utf8_lossy(&told.stdout).into_owned())
}
