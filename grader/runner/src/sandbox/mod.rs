//! The sandbox: what a process may touch that compiles a stranger's code or runs it.
//!
//! The grader starts itself again with a [`Profile`]; that process gives up its rights and then becomes the compiler or
//! the probe. Nothing has to be done between `fork` and `exec`, where hardly anything may be done, and no line of it is
//! `unsafe`. What this promises, and what it does not, is in SECURITY.md.

#[cfg(target_os = "linux")]
mod linux;

use std::{
    collections::hash_map::RandomState,
    env,
    ffi::OsStr,
    hash::{BuildHasher, Hasher},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::LazyLock,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

/// The first argument of a grader that is to confine itself and to become another program.
const CONFINED: &str = "__confined";

/// Whether submissions are compiled and run in a sandbox.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SandboxMode {
    /// Use one where there is one.
    #[default]
    Auto,
    /// Refuse to grade without one.
    Require,
    /// Do without.
    Off,
}

/// What submissions are compiled and run in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sandbox {
    /// Nothing: a process of its own, limits on time and output, a clean environment.
    None,
    /// Landlock for files, seccomp for system calls, and limits on resources.
    #[cfg_attr(not(target_os = "linux"), allow(dead_code, reason = "there is none elsewhere"))]
    Landlock,
}

/// What one confined process may do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Profile {
    pub(super) calls: Calls,
    /// Files, and folders with all that is in them.
    pub(super) read: Vec<PathBuf>,
    /// Folders whose entries may be listed, not read.
    pub(super) list: Vec<PathBuf>,
    /// What may be read and run.
    pub(super) execute: Vec<PathBuf>,
    /// Folders in which files may be made, changed and removed.
    pub(super) write: Vec<PathBuf>,
    pub(super) cpu_seconds: u64,
    pub(super) memory_mib: u64,
    /// How large a file may become.
    pub(super) file_mib: u64,
    /// How many files may be open.
    pub(super) files: u64,
}

/// Which system calls are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Calls {
    /// All but the dangerous ones: for the compiler, which reads a stranger's code and does not run it.
    Compiler,
    /// The same, and further processes: the linker's.
    Linker,
    /// The few that computing and printing need: for the stranger's code itself.
    Few,
}

impl Sandbox {
    /// What `mode` means here.
    ///
    /// # Errors
    ///
    /// When a sandbox is required and there is none.
    pub fn choose(mode: SandboxMode) -> Result<Self> {
        Self::choose_where(mode, missing())
    }

    fn choose_where(mode: SandboxMode, missing: Option<&str>) -> Result<Self> {
        match (mode, missing) {
            (SandboxMode::Off, _) => Ok(Self::None),
            (_, None) => Ok(Self::Landlock),
            (SandboxMode::Auto, Some(_)) => Ok(Self::None),
            (SandboxMode::Require, Some(reason)) => bail!(
                "there is no sandbox here ({reason}), and --sandbox require asks for one; use Linux 5.19 or newer with \
                 Landlock, or grade only code that you trust, without --sandbox require"
            ),
        }
    }

    /// What a report says of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Landlock => "landlock+seccomp",
        }
    }

    /// `program` with an empty environment, confined as `profile` says where there is a sandbox.
    pub(super) fn command(self, program: &Path, profile: &Profile) -> Result<Command> {
        let mut command = match self {
            Self::None => Command::new(program),
            Self::Landlock => {
                // The program that is running, even if a new one has taken its place on the disk.
                let mut command = Command::new("/proc/self/exe");
                command.args([CONFINED, failure_mark(), &std::process::id().to_string()]);
                command.arg(serde_json::to_string(profile).context("a path of the sandbox is not UTF-8")?);
                command.arg(program);
                command
            }
        };
        command.env_clear();
        if let Some(root) = env::var_os("SystemRoot") {
            command.env("SystemRoot", root); // Windows programs do not start without it
        }
        Ok(command)
    }
}

/// What a process writes, and no submission can, when it could not be confined. It is gone from the process by the time
/// that the submission runs.
pub(super) fn failure_mark() -> &'static str {
    static MARK: LazyLock<String> = LazyLock::new(|| format!("not confined {:016x}: ", random_id()));
    &MARK
}

/// An id that is hard to guess: the standard library draws the keys of its hashers at random.
pub(super) fn random_id() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Confines this process and becomes another program, if that is what it was started for. Returns only if it was not,
/// or if it failed.
pub(super) fn become_confined() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != CONFINED {
        return None;
    }
    let mark = arguments.next()?;
    let parent = arguments.next()?;
    let profile = arguments.next()?;
    let program = PathBuf::from(arguments.next()?);
    let error = confine(&parent, &profile, &program, arguments);
    eprintln!("{}{error:#}", mark.display());
    Some(ExitCode::from(3))
}

#[cfg(target_os = "linux")]
fn confine(
    parent: &OsStr,
    profile: &OsStr,
    program: &Path,
    arguments: impl Iterator<Item = std::ffi::OsString>,
) -> anyhow::Error {
    use std::os::unix::process::CommandExt;

    let restricted = || -> Result<()> {
        let parent = parent.to_str().and_then(|id| id.parse().ok()).context("the parent has no number")?;
        let profile = serde_json::from_str(profile.to_str().context("the profile is not UTF-8")?)?;
        linux::restrict_self(&profile, parent)
    };
    match restricted() {
        Ok(()) => anyhow::Error::new(Command::new(program).args(arguments).exec())
            .context(format!("cannot run {}", program.display())),
        Err(error) => error,
    }
}

#[cfg(not(target_os = "linux"))]
fn confine(
    _parent: &OsStr,
    _profile: &OsStr,
    _program: &Path,
    _arguments: impl Iterator<Item = std::ffi::OsString>,
) -> anyhow::Error {
    anyhow::anyhow!("there is no sandbox for this operating system")
}

/// What a sandbox would need and this system does not have.
#[cfg(target_os = "linux")]
fn missing() -> Option<&'static str> {
    linux::missing()
}

#[cfg(not(target_os = "linux"))]
fn missing() -> Option<&'static str> {
    Some("only Linux has one")
}

/// The C library and its relatives, which every program is linked with: those that the grader itself has loaded, and what
/// lies beside them that a program of more than one crate may need.
pub(super) fn system_libraries() -> Vec<PathBuf> {
    const RELATIVES: [&str; 2] = ["libm.so.6", "libgcc_s.so.1"];
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut libraries: Vec<PathBuf> = maps
        .lines()
        .filter_map(|line| line.find('/').map(|start| &line[start..]))
        .filter(|path| path.contains(".so"))
        .map(PathBuf::from)
        .collect();
    let folders: Vec<PathBuf> = libraries.iter().filter_map(|library| library.parent().map(Path::to_owned)).collect();
    let relatives = folders.iter().flat_map(|folder| RELATIVES.map(|name| folder.join(name)));
    libraries.extend(relatives.filter(|library| library.is_file()));
    libraries.sort();
    libraries.dedup();
    libraries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sandbox_is_used_where_there_is_one_and_required_only_there() {
        let choose = |mode, missing| Sandbox::choose_where(mode, missing).map_err(|error| error.to_string());
        assert_eq!(choose(SandboxMode::Auto, None), Ok(Sandbox::Landlock));
        assert_eq!(choose(SandboxMode::Auto, Some("old")), Ok(Sandbox::None));
        assert_eq!(choose(SandboxMode::Require, None), Ok(Sandbox::Landlock));
        assert!(choose(SandboxMode::Require, Some("old")).unwrap_err().starts_with("there is no sandbox here (old)"));
        assert_eq!(choose(SandboxMode::Off, None), Ok(Sandbox::None));
    }
}
