//! A child process whose output arrives in pieces and of which nothing is left in the end.

use std::{
    io::{self, PipeReader, Read, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use super::sandbox::failure_mark;

/// How long a process may take to end after it has closed its output.
const GRACE: Duration = Duration::from_secs(1);

/// A running child. Dropping it ends it and all processes that it has started.
///
/// The kernel also ends a confined child when the *thread* ends that has started it: the thread that starts one has to
/// be the one that waits for it.
pub(super) struct Running {
    child: Child,
    /// What it is to read; gone where it has no input.
    input: Option<Sender<Vec<u8>>>,
    /// What it writes, in pieces; closed when no process can write any more.
    pieces: Receiver<Vec<u8>>,
    /// Waited for: its number may be another process's by now.
    ended: bool,
}

/// What came next.
pub(super) enum Next {
    Piece(Vec<u8>),
    /// No process can write any more.
    Closed,
    /// Nothing, in the time that there was.
    Silence,
}

/// What a process has had of the machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    /// Processor time of all its threads.
    pub(super) cpu: Duration,
    /// For how long its first thread could have gone on and got no processor, because others had them all.
    pub(super) delay: Duration,
}

/// Times on the clock may be this many times a limit, where a machine is so busy that a process gets too little of it.
pub(super) const PATIENCE: u32 = 8;

impl Running {
    /// Starts `command`, which is sent its input if `stdin` is a new pipe. Both of its output streams are one pipe, so that what
    /// is printed keeps its order.
    pub(super) fn start(mut command: Command, stdin: Stdio) -> Result<Self> {
        let (reader, writer) = io::pipe().context("cannot open a pipe")?;
        command.stdin(stdin).stdout(writer.try_clone().context("cannot duplicate a pipe")?).stderr(writer);
        let mut child = command.spawn().with_context(|| format!("cannot run {}", command.get_program().display()))?;
        // The command holds the writing end; the pipe closes with the child only once this copy is gone.
        drop(command);
        let (sender, pieces) = mpsc::sync_channel(16);
        thread::spawn(move || forward(reader, &sender));
        let input = child.stdin.take().map(|stdin| {
            let (sender, messages) = mpsc::channel();
            thread::spawn(move || feed(stdin, &messages));
            sender
        });
        Ok(Self { child, input, pieces, ended: false })
    }

    /// Sends `message` to the child's standard input. Never waits for the child to read it, which it may not do.
    pub(super) fn send(&self, message: Vec<u8>) {
        // That a child has died shows in what it writes.
        let _ = self.input.as_ref().map(|input| input.send(message));
    }

    /// Waits for the next piece, at most until `deadline`.
    pub(super) fn next(&self, deadline: Instant) -> Next {
        match self.pieces.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(piece) => Next::Piece(piece),
            Err(RecvTimeoutError::Disconnected) => Next::Closed,
            Err(RecvTimeoutError::Timeout) => Next::Silence,
        }
    }

    /// How a child that has closed its output ended, having written `output`; `None` if it goes on without a voice.
    ///
    /// # Errors
    ///
    /// When the child never became what it should: it could not be confined.
    pub(super) fn end(&mut self, output: &[u8]) -> Result<Option<ExitStatus>> {
        let deadline = Instant::now() + GRACE;
        let mut pause = Duration::from_micros(50);
        loop {
            let status = self.child.try_wait().context("cannot tell how a process ended")?;
            if status.is_none() && Instant::now() < deadline {
                thread::sleep(pause);
                pause = (2 * pause).min(Duration::from_millis(10));
                continue;
            }
            self.ended = status.is_some();
            let output = String::from_utf8_lossy(output);
            if let Some((_, reason)) = output.split_once(failure_mark()) {
                bail!("the sandbox cannot be set up: {}; `--sandbox off` does without it", reason.trim());
            }
            return Ok(status);
        }
    }

    /// What it has had of the machine so far, where the system tells.
    pub(super) fn usage(&self) -> Option<Usage> {
        let read = |file: &str| std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).ok();
        let number = |text: &str, index: usize| text.split_ascii_whitespace().nth(index)?.parse::<u64>().ok();
        let stat = read("stat")?;
        // The name of the program stands in brackets, and may hold blanks.
        let (_, stat) = stat.rsplit_once(')')?;
        // Linux counts these in hundredths of a second.
        let cpu = Duration::from_millis(10 * (number(stat, 11)? + number(stat, 12)?));
        Some(Usage { cpu, delay: Duration::from_nanos(number(&read("schedstat")?, 1)?) })
    }

    /// How many threads it has, where the system tells.
    pub(super) fn threads(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let threads = status.lines().find_map(|line| line.strip_prefix("Threads:"));
        threads.and_then(|count| count.trim().parse().ok()).unwrap_or(0)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        // Confined, it leads a group of its own; otherwise it is in the grader's, and there is none of this number.
        #[cfg(target_os = "linux")]
        if let Ok(id) = i32::try_from(self.child.id()) {
            use nix::{
                sys::signal::{Signal, killpg},
                unistd::Pid,
            };
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Writes the messages until there are no more, or until they are no longer read.
fn feed(mut stdin: ChildStdin, messages: &Receiver<Vec<u8>>) {
    for message in messages {
        if stdin.write_all(&message).is_err() {
            return;
        }
    }
}

/// Hands on what arrives in the pipe. The channel is bounded, so a child that prints without end is slowed down, not
/// collected.
fn forward(mut reader: PipeReader, pieces: &mpsc::SyncSender<Vec<u8>>) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = reader.read(&mut piece) {
        if pieces.send(piece[..length].to_vec()).is_err() {
            return;
        }
    }
}
