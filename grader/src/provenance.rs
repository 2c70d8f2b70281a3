//! What a report says of where it comes from: the commit of the course, and the digest of what was asked.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::{
    course::{Course, Exercise},
    files,
};

/// SHA-256 over everything that decides what `exercise` asks: its checks, probe and snapshots, points and limits.
pub(crate) fn checks_digest(course: &Course, exercise: &Exercise) -> Result<String> {
    let mut digest = Sha256::new();
    digest.update(format!("{exercise:?}"));
    for path in files::files_below(&course.hidden_folder(exercise))? {
        let contents = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        digest.update(contents.len().to_le_bytes());
        digest.update(contents);
    }
    Ok(format!("sha256:{}", files::hex(&digest.finalize())))
}

/// The commit that is checked out in `folder`: what git says, or `None` where there is no git or no commit.
///
/// It tells where to look. What was graded, to the byte, is told by the digests: files may have changed since the commit.
pub(crate) fn commit(folder: &Path) -> Option<String> {
    // `rev-parse` runs no hook, no filter and nothing else that a repository could bring along.
    let output = Command::new("git").arg("-C").arg(folder).args(["rev-parse", "--verify", "HEAD"]).output().ok()?;
    let commit = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    let is_commit = output.status.success() && commit.len() >= 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
    is_commit.then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_a_repository_there_is_no_commit() {
        assert_eq!(commit(tempfile::tempdir().unwrap().path()), None);
    }
}
