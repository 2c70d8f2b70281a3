//! A running probe: one request at a time, each with a deadline and a limit on what it may print.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    io::{self, PipeReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use probe::{Message, Outcome, Place, Record, Request, message_marker, write_request};

use super::{CalledOff, Observer, Stage};
use crate::course::Limits;

/// A message longer than this is none: the largest honest one is a few hundred KiB.
const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// The probe is started again after it died, at most this often for one submission.
const MAX_RESTARTS: u32 = 24;

/// The observer is asked this often whether it still waits.
const PATIENCE: Duration = Duration::from_millis(50);

/// What came of running one case.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) ended: Ended,
    /// What the learner's code printed meanwhile.
    pub(crate) output: String,
}

/// How one case ended.
#[derive(Clone, Debug)]
pub(crate) enum Ended {
    /// The learner's code returned, and this was observed.
    Observed(Record),
    /// It panicked.
    Panicked { message: String, place: Option<Place> },
    /// It did not return in time.
    TimedOut,
    /// It printed more than it may.
    TooMuchOutput,
    /// The whole process ended: a stack overflow, `exit`, `abort`.
    Died(String),
    /// The probe had died so often that it was not started again.
    NotStarted,
}

/// The probe of one submission. It is started when it is first asked, and again after it died.
pub(crate) struct ProbeProcess {
    program: PathBuf,
    limits: Limits,
    running: Option<Running>,
    starts: u32,
}

struct Running {
    child: Child,
    requests: ChildStdin,
    /// Whatever the probe writes, in pieces; closed when it has ended.
    pieces: Receiver<Vec<u8>>,
    /// What has arrived and is not an answer that was taken.
    buffer: Vec<u8>,
}

impl ProbeProcess {
    pub(crate) fn new(program: &Path, limits: Limits) -> Self {
        Self { program: program.to_owned(), limits, running: None, starts: 0 }
    }

    /// Runs `experiment` on `case`; `observer` hears how far a long one has come.
    ///
    /// # Errors
    ///
    /// Only for faults of the grader's own: the program cannot be started, or it has no such experiment. And
    /// [`CalledOff`], when the observer does not wait any longer.
    pub(crate) fn ask(&mut self, experiment: &str, case: &Record, observer: &dyn Observer) -> Result<Answer> {
        if self.running.is_none() {
            if self.starts > MAX_RESTARTS {
                return Ok(Answer { ended: Ended::NotStarted, output: String::new() });
            }
            self.starts += 1;
            self.running = Some(Running::start(&self.program)?);
        }
        let running = self.running.as_mut().context("the probe was just started")?;
        let (ended, output) = running.ask(experiment, case, self.limits, observer)?;
        if !matches!(ended, Ended::Observed(_) | Ended::Panicked { .. }) {
            self.running = None;
        }
        Ok(Answer { ended, output: String::from_utf8_lossy(&output).into_owned() })
    }
}

impl Running {
    fn start(program: &Path) -> Result<Self> {
        // One pipe for both streams: what is printed keeps its order, and answers arrive among the lines.
        let (reader, writer) = io::pipe().context("cannot open a pipe")?;
        let mut command = Command::new(program);
        command
            .current_dir(program.parent().unwrap_or(Path::new(".")))
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().context("cannot duplicate a pipe")?)
            .stderr(writer);
        if let Some(root) = std::env::var_os("SystemRoot") {
            command.env("SystemRoot", root); // Windows programs do not start without it
        }
        let mut child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
        // The command holds the writing end; the pipe closes with the child only once this copy is gone.
        drop(command);
        let requests = child.stdin.take().context("the probe has no standard input")?;
        let (sender, pieces) = mpsc::sync_channel(16);
        thread::spawn(move || forward(reader, &sender));
        Ok(Self { child, requests, pieces, buffer: Vec::new() })
    }

    fn ask(
        &mut self,
        experiment: &str,
        case: &Record,
        limits: Limits,
        observer: &dyn Observer,
    ) -> Result<(Ended, Vec<u8>)> {
        let id = random_id();
        let request = Request { id, experiment: experiment.to_owned(), case: case.clone() };
        let marker = message_marker(id);
        let max_output = limits.output_kib * 1024;
        let deadline = Instant::now() + Duration::from_secs_f64(limits.seconds);
        // A probe that has died cannot be written to; that it died shows below, with what it printed.
        let _ = write_request(&mut self.requests, &request);

        // What was printed before the messages that have been taken.
        let mut output = Vec::new();
        loop {
            while let Some((printed, message)) = self.take_message(&marker) {
                output.extend(printed);
                let ended = match message.as_deref().and_then(Message::decode) {
                    Some(Message::Progress(progress)) => {
                        observer.on_stage(Stage::Training(progress));
                        continue;
                    }
                    Some(Message::Ended(Outcome::Observed(record))) => Ended::Observed(record),
                    Some(Message::Ended(Outcome::Panicked { message, place })) => Ended::Panicked { message, place },
                    Some(Message::Ended(Outcome::UnknownExperiment)) => {
                        bail!("the probe has no experiment `{experiment}`, which a check asks for")
                    }
                    None => Ended::Died("its answer was garbled".to_owned()),
                };
                return Ok((ended, output));
            }
            if output.len() + find(&self.buffer, &marker).unwrap_or(self.buffer.len()) > max_output {
                output.append(&mut self.buffer);
                output.truncate(max_output);
                return Ok((Ended::TooMuchOutput, output));
            }
            if observer.has_called_off() {
                bail!(CalledOff);
            }
            match self.pieces.recv_timeout(deadline.saturating_duration_since(Instant::now()).min(PATIENCE)) {
                Ok(piece) => self.buffer.extend(piece),
                Err(RecvTimeoutError::Timeout) if Instant::now() < deadline => {}
                Err(RecvTimeoutError::Timeout) => {
                    output.append(&mut self.buffer);
                    return Ok((Ended::TimedOut, output));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    output.append(&mut self.buffer);
                    let status = self.child.wait().context("cannot tell how the probe ended")?;
                    return Ok((Ended::Died(cause_of_death(status, &output)), output));
                }
            }
        }
    }

    /// What was printed before the next message, and the message's bytes, once all of it has arrived. A message that is
    /// too long is `None`.
    fn take_message(&mut self, marker: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
        let start = find(&self.buffer, marker)?;
        let body = start + marker.len() + 4;
        let length: [u8; 4] = self.buffer.get(body - 4..body)?.try_into().ok()?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_MESSAGE_BYTES {
            return Some((self.buffer.drain(..start).collect(), None));
        }
        let bytes = self.buffer.get(body..body + length)?.to_vec();
        let mut output: Vec<u8> = self.buffer.drain(..body + length).collect();
        output.truncate(start);
        Some((output, Some(bytes)))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself; either way nothing of it is left.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Hands on what arrives in the pipe. The channel is bounded, so a probe that prints without end is slowed down, not
/// collected.
fn forward(mut reader: PipeReader, pieces: &mpsc::SyncSender<Vec<u8>>) {
    let mut piece = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = reader.read(&mut piece) {
        if pieces.send(piece[..length].to_vec()).is_err() {
            return;
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn cause_of_death(status: ExitStatus, output: &[u8]) -> String {
    if find(output, b"has overflowed its stack").is_some() {
        return "the stack overflowed, as when a function calls itself without end".to_owned();
    }
    if find(output, b"memory allocation of").is_some() {
        return "it asked for more memory than there is".to_owned();
    }
    match status.code() {
        Some(code) => format!("your code ended the whole program with exit code {code}"),
        None => format!("the program was ended by the system ({status})"),
    }
}

/// An id that no other request is likely to have: the standard library draws the keys of its hashers at random.
fn random_id() -> u64 {
    RandomState::new().build_hasher().finish()
}
