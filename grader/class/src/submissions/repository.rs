//! Git repositories and bundles of strangers. What a repository says in its own settings may start programs, so git is only
//! ever run in an empty repository of ours, and is shown the other one's objects, which are data.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use super::unpack;

/// Whether `folder` is a bare repository.
pub(super) fn is_bare(folder: &Path) -> bool {
    folder.join("HEAD").is_file() && folder.join("objects").is_dir() && folder.join("refs").is_dir()
}

/// When the commit that is checked out in `folder` was made, in seconds since 1970. Its author can say anything there.
pub(super) fn time(folder: &Path, work: &Path) -> Option<i64> {
    let ours = unpack::new_folder(work).ok()?;
    let git = Git::of(ours.path(), &folder.join(".git")).ok()?;
    git.run(&["log", "-1", "--format=%ct", &git.commit]).ok()?.trim().parse().ok()
}

/// Writes the code of the newest commit into `to`, and says when that was made.
pub(super) fn archive(repository: &Path, to: &Path, work: &Path) -> Result<Option<i64>> {
    let ours = unpack::new_folder(work)?;
    let git =
        if repository.is_dir() { Git::of(ours.path(), repository)? } else { Git::of_bundle(ours.path(), repository)? };
    let mut child = git.command(&["archive", "--format=tar", &git.commit]).stdout(Stdio::piped()).spawn()?;
    let unpacked = unpack::unpack_tar(child.stdout.take().context("git has no output")?, to);
    if unpacked.is_err() {
        // It would wait for a reader that has had enough.
        let _ = child.kill();
    }
    let output = child.wait_with_output()?;
    unpacked?;
    if !output.status.success() {
        bail!("cannot be read by git, which says: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let time = git.run(&["log", "-1", "--format=%ct", &git.commit]).ok().and_then(|time| time.trim().parse().ok());
    Ok(time)
}

struct Git {
    ours: PathBuf,
    /// Where the objects are.
    objects: PathBuf,
    commit: String,
}

impl Git {
    fn of(ours: &Path, repository: &Path) -> Result<Self> {
        let commit = head(repository).context("has no commit that is checked out")?;
        let git = Self { ours: ours.to_owned(), objects: repository.join("objects"), commit };
        // The length of an id tells the kind of digest.
        init(ours, if git.commit.len() == 64 { "sha256" } else { "sha1" })?;
        Ok(git)
    }

    fn of_bundle(ours: &Path, bundle: &Path) -> Result<Self> {
        init(ours, "sha1")?;
        let mut git = Self { ours: ours.to_owned(), objects: ours.join("objects"), commit: String::new() };
        let path = bundle.to_str().context("has a name that is not UTF-8")?;
        let heads = git.run(&["bundle", "list-heads", path]).context("is not a bundle that git can read")?;
        let heads: Vec<(&str, &str)> = heads.lines().filter_map(|line| line.split_once(' ')).collect();
        let names = ["HEAD", "refs/heads/main", "refs/heads/master"];
        let named = names.iter().find_map(|name| heads.iter().find(|(_, head)| head == name));
        let (commit, name) = match named {
            Some(head) => *head,
            None => *heads.first().context("is a bundle without a branch")?,
        };
        git.run(&["fetch", "--quiet", "--no-tags", path, name]).context("is not a bundle that git can read")?;
        git.commit = commit.to_owned();
        Ok(git)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.arg("--git-dir").arg(&self.ours).args(arguments).stdin(Stdio::null()).stderr(Stdio::piped());
        git.env("GIT_OBJECT_DIRECTORY", &self.objects).env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
        git.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", if cfg!(windows) { "NUL" } else { "/dev/null" });
        git
    }

    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = self.command(arguments).output().context("git cannot be run; install it")?;
        if !output.status.success() {
            bail!("git says: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

fn init(folder: &Path, digests: &str) -> Result<()> {
    let mut git = Command::new("git");
    git.args(["init", "--quiet", "--bare", "--template=", "--object-format", digests]).arg(folder);
    let output = git.output();
    let output = output.context("git cannot be run; install it")?;
    if !output.status.success() {
        bail!("git says: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The commit that a repository's `HEAD` means, read as text.
fn head(repository: &Path) -> Option<String> {
    let head = fs::read_to_string(repository.join("HEAD")).ok()?;
    let Some(name) = head.trim().strip_prefix("ref: ") else { return commit(&head) };
    let is_inside = name.starts_with("refs/") && !name.split('/').any(|part| part == "..");
    let loose = || is_inside.then(|| fs::read_to_string(repository.join(name)).ok())?;
    let packed = || {
        let packed = fs::read_to_string(repository.join("packed-refs")).ok()?;
        packed.lines().filter_map(|line| line.split_once(' ')).find(|(_, it)| *it == name).map(|(id, _)| id.to_owned())
    };
    loose().or_else(packed).as_deref().and_then(commit)
}

fn commit(text: &str) -> Option<String> {
    let text = text.trim();
    (matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| text.to_owned())
}
