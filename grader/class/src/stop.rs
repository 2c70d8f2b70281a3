//! Ctrl-C while a class is graded. The first one ends the run in order, and says how it is continued; the second one ends it
//! at once.

use std::{
    env, fmt, io,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context, Result, bail};
use runner::{CalledOff, Observer, Stage};
use signal_hook::{consts::SIGINT, flag};

use crate::launch::quoted;

/// What shells report of a program that Ctrl-C has ended.
const EXIT_CODE: u8 = 130;

/// Whether somebody has pressed Ctrl-C. When this value is gone, Ctrl-C ends the program at once.
pub(crate) struct Stop {
    is_asked: Arc<AtomicBool>,
}

impl Stop {
    fn new() -> io::Result<Self> {
        let is_asked = Arc::new(AtomicBool::new(false));
        // In this order, so that the first one does not end the program.
        flag::register_conditional_shutdown(SIGINT, EXIT_CODE.into(), is_asked.clone())?;
        flag::register(SIGINT, is_asked.clone())?;
        Ok(Self { is_asked })
    }

    pub(crate) fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::Relaxed)
    }

    /// # Errors
    ///
    /// If the run is to end.
    pub(crate) fn check(&self) -> Result<()> {
        if self.is_asked() { bail!(CalledOff) } else { Ok(()) }
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        self.is_asked.store(true, Ordering::Relaxed);
    }
}

impl Observer for Stop {
    fn on_stage(&self, _: Stage) {}

    fn has_called_off(&self) -> bool {
        self.is_asked()
    }
}

/// The run was stopped while it was grading.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) left: usize,
    pub(crate) of: usize,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} submissions are left", self.left, self.of)
    }
}

impl std::error::Error for Stopped {}

/// Does `run`, which Ctrl-C stops.
pub(crate) fn stoppable(run: impl FnOnce(&Stop) -> Result<bool>) -> Result<ExitCode> {
    let stop = Stop::new().context("the system does not tell of Ctrl-C")?;
    match run(&stop) {
        // Ctrl-C also ends the programs that this one waits for, and what that leads to is not an error.
        Err(error) if stop.is_asked() => {
            crate::say(&sentence(error.downcast_ref(), &command()));
            Ok(ExitCode::from(EXIT_CODE))
        }
        result => result.map(crate::exit_code),
    }
}

fn sentence(stopped: Option<&Stopped>, command: &str) -> String {
    let left = stopped.map_or_else(|| "The".to_owned(), |stopped| format!("{stopped}; the"));
    format!("Stopped. Everything graded so far is kept. {left} same command continues: {command}")
}

/// The command that was given, as a shell reads it.
fn command() -> String {
    // Behind the name of this program is the course's folder.
    let arguments = env::args_os().skip(2).map(|argument| quoted(&argument.to_string_lossy()));
    ["grader class".to_owned()].into_iter().chain(arguments).collect::<Vec<_>>().join(" ")
}
