//! The digest of what an exercise asks.

use std::fs;

use anyhow::{Context, Result};
use hmac_sha256::Hash;

use crate::{Course, Exercise, files};

/// SHA-256 over everything that decides what `exercise` asks of code: its checks, probe and snapshots, points and limits.
/// Questions are worth no points, so they do not count.
///
/// # Errors
///
/// If a file cannot be read.
pub fn checks_digest(course: &Course, exercise: &Exercise) -> Result<String> {
    let mut digest = Hash::new();
    digest.update(format!("{exercise:?}"));
    for path in files::files_below(&course.hidden_folder(exercise))? {
        if path.ends_with("quiz.toml") {
            continue;
        }
        let contents = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        digest.update(contents.len().to_le_bytes());
        digest.update(contents);
    }
    Ok(format!("sha256:{}", files::hex(&digest.finalize())))
}
