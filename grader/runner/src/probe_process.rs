//! A running probe: one request at a time, each with a deadline and limits on what it may use.

use std::{
    path::Path,
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use wire::{
    Packed, Place, frame,
    judge::{Answer, Ended, Limit},
    probe::{Message, Outcome, Request},
};

use super::{
    CalledOff, Observer, Program, Stage,
    child::{Next, PATIENCE, Running, Usage},
    observer::time_left,
    sandbox::{Calls, Profile, Sandbox, random_id, system_libraries},
    stream::{MAX_ANSWER_BYTES, Stream},
};
use course::Limits;

/// The probe is started again after it died, at most this often for one submission.
const MAX_RESTARTS: u32 = 24;

/// How Rust shows the system's error EMFILE, on Linux and macOS: to people and to programmers.
const TOO_MANY_FILES: [&str; 2] = ["(os error 24)", "Os { code: 24,"];

/// How often a silent probe is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// The probe of one submission. It is started when it is first asked, and again after it died.
pub struct ProbeProcess {
    program: Program,
    /// The submission's files as the compiler names them. A panic is nowhere else.
    files: Vec<String>,
    sandbox: Sandbox,
    limits: Limits,
    running: Option<Probe>,
    starts: u32,
    spent: Duration,
    is_patient: bool,
}

struct Probe {
    process: Running,
    stream: Stream,
}

impl ProbeProcess {
    /// The probe that `program` is; `files` are the submission's, as the compiler names them.
    pub fn new(program: Program, files: Vec<String>, sandbox: Sandbox, limits: Limits) -> Self {
        Self { program, files, sandbox, limits, running: None, starts: 0, spent: Duration::ZERO, is_patient: false }
    }

    /// Lets each case from now on take all the time that is left for them together, as a long training does.
    pub fn be_patient(&mut self) {
        self.is_patient = true;
    }

    /// Gives the cases that follow all of the time again, with the usual limit for each: they belong to another drawing.
    pub fn begin_again(&mut self) {
        (self.spent, self.starts, self.is_patient) = (Duration::ZERO, 0, false);
    }

    /// The limits of the case that follows.
    fn limits(&self) -> Limits {
        let seconds = if self.is_patient { self.limits.total_seconds } else { self.limits.seconds };
        Limits { seconds, ..self.limits }
    }

    /// Runs `experiment` on `case`; `observer` hears how far a long one has come.
    ///
    /// # Errors
    ///
    /// Only for faults of the grader's own: the program cannot be started. And [`CalledOff`], when the observer does not
    /// wait any longer.
    pub fn ask(&mut self, experiment: &str, case: Packed, observer: &dyn Observer) -> Result<Answer> {
        let start = Instant::now();
        let limits = self.limits();
        let total = Duration::from_secs_f64(limits.total_seconds);
        if self.spent >= total {
            let ended = Ended::Stopped(Limit::TotalSeconds(self.limits.total_seconds));
            return Ok(Answer { ended, output: String::new() });
        }
        // Threads that an earlier case has left behind are no fault of this one.
        self.running.take_if(|probe| probe.process.threads() > self.limits.threads);
        if self.running.is_none() {
            if self.starts > MAX_RESTARTS {
                return Ok(Answer { ended: Ended::NotStarted, output: String::new() });
            }
            self.starts += 1;
            self.running = Some(self.start()?);
        }
        let probe = self.running.as_mut().context("the probe was just started")?;
        let seconds = Duration::from_secs_f64(limits.seconds);
        let allowed = seconds.min(total - self.spent);
        let mut clock = Clock { begun: start, before: None };
        let (mut ended, output) = probe.ask(experiment, case, limits, allowed, &mut clock, observer)?;
        self.spent += clock.counted(&probe.process);
        // The system only refuses to open one more; what becomes of that is up to the code, and mostly a panic.
        if matches!(&ended, Ended::Panicked { message, .. } if TOO_MANY_FILES.iter().any(|error| message.contains(error)))
        {
            ended = Ended::Stopped(Limit::Files(self.limits.files));
        }
        match &mut ended {
            Ended::Observed(_) => {}
            // The place is what the submission says it is.
            Ended::Panicked { place, .. } => *place = place.take().and_then(|place| self.known(place)),
            _ => self.running = None,
        }
        if matches!(ended, Ended::Stopped(Limit::Seconds(_) | Limit::Waiting(_))) && self.spent >= total {
            ended = Ended::Stopped(Limit::TotalSeconds(self.limits.total_seconds));
        }
        Ok(Answer { ended, output: String::from_utf8_lossy(&output).into_owned() })
    }

    fn start(&self) -> Result<Probe> {
        // It needs its own executable to tell lines in a backtrace, and the C library; nothing else is there for it.
        let mut execute = system_libraries();
        execute.push(self.program.path.clone());
        let profile = Profile {
            calls: Calls::Few,
            read: vec!["/etc/ld.so.cache".into()],
            list: Vec::new(),
            execute,
            write: Vec::new(),
            cpu_seconds: self.limits.cpu_seconds,
            memory_mib: self.limits.memory_mib,
            file_mib: 0,
            files: self.limits.files,
        };
        let mut command = self.sandbox.command(&self.program.path, &profile)?;
        command.args(self.program.number.map(|number| number.to_string()));
        // Otherwise every thread reserves a piece of the address space for its own allocations.
        command.current_dir(self.program.path.parent().unwrap_or(Path::new("."))).env("MALLOC_ARENA_MAX", "2");
        Ok(Probe { process: Running::start(command, Stdio::piped())?, stream: Stream::new(MAX_ANSWER_BYTES) })
    }

    /// `place`, if it is in one of the submission's files.
    fn known(&self, place: Place) -> Option<Place> {
        let path = place.file.replace('\\', "/");
        let file = self.files.iter().find(|file| Path::new(&path).ends_with(file))?;
        Some(Place { file: file.clone(), line: place.line })
    }
}

/// The time of one case: that on the clock, without the time in which the machine had other things to do.
struct Clock {
    begun: Instant,
    /// What the probe had used when it was first looked at.
    before: Option<Usage>,
}

impl Clock {
    /// Notes down what the probe has used; not for cases that take no time.
    fn look(&mut self, process: &Running) {
        if self.before.is_none() && self.begun.elapsed() >= GLANCE {
            self.before = process.usage();
        }
    }

    /// What the case has used, where the system tells.
    fn used(&self, process: &Running) -> Option<Usage> {
        let (before, now) = (self.before?, process.usage()?);
        Some(Usage { cpu: now.cpu.saturating_sub(before.cpu), delay: now.delay.saturating_sub(before.delay) })
    }

    fn counted(&self, process: &Running) -> Duration {
        let delay = self.used(process).map_or(Duration::ZERO, |used| used.delay);
        self.begun.elapsed().saturating_sub(delay)
    }

    fn is_over(&self, allowed: Duration, process: &Running) -> bool {
        let elapsed = self.begun.elapsed();
        elapsed >= PATIENCE * allowed || elapsed >= allowed && self.counted(process) >= allowed
    }
}

impl Probe {
    fn ask(
        &mut self,
        experiment: &str,
        case: Packed,
        limits: Limits,
        allowed: Duration,
        clock: &mut Clock,
        observer: &dyn Observer,
    ) -> Result<(Ended, Vec<u8>)> {
        let id = random_id();
        let request = Request { id, experiment: experiment.to_owned(), case };
        let marker = frame::marker(id);
        let began = Instant::now();
        let max_output = limits.output_kib * 1024;
        let mut message = Vec::new();
        frame::write(&mut message, &request).context("a case cannot be sent")?;
        self.process.send(message);

        // What was printed before the messages that have been taken.
        let mut output = Vec::new();
        loop {
            while let Some(taken) = self.stream.take_message(&marker) {
                output.extend(taken.printed);
                let ended = match taken.message.as_deref().and_then(frame::decode) {
                    Some(Message::Progress(progress)) => {
                        let left = time_left(began.elapsed(), progress);
                        observer.on_stage(Stage::Training { progress, left });
                        continue;
                    }
                    Some(Message::Ended(Outcome::Observed(record))) => Ended::Observed(record),
                    Some(Message::Ended(Outcome::Panicked { message, place })) => {
                        Ended::Panicked { message, place, function: None }
                    }
                    Some(Message::Ended(Outcome::UnknownExperiment)) => {
                        Ended::Died(format!("the probe says that it has no experiment `{experiment}`"))
                    }
                    None => Ended::Died("its answer was garbled".to_owned()),
                };
                return Ok((ended, output));
            }
            if output.len() + self.stream.printed() > max_output {
                output.extend(self.stream.take_all());
                output.truncate(max_output);
                return Ok((Ended::Stopped(Limit::OutputKib(limits.output_kib)), output));
            }
            if observer.has_called_off() {
                bail!(CalledOff);
            }
            // Endless messages do not block the grader.
            clock.look(&self.process);
            if clock.is_over(allowed, &self.process) {
                output.extend(self.stream.take_all());
                let waits = clock.used(&self.process).is_some_and(|used| used.cpu < allowed / 10);
                let limit = if waits { Limit::Waiting(limits.seconds) } else { Limit::Seconds(limits.seconds) };
                return Ok((Ended::Stopped(limit), output));
            }
            match self.process.next(Instant::now() + GLANCE) {
                Next::Piece(piece) => self.stream.extend(&piece),
                Next::Closed => {
                    output.extend(self.stream.take_all());
                    let ended = match self.process.end(&output)? {
                        Some(status) => cause_of_death(status, &output, limits),
                        None => Ended::Died("your code closed its output".to_owned()),
                    };
                    return Ok((ended, output));
                }
                Next::Silence => {
                    if self.process.threads() > limits.threads {
                        output.extend(self.stream.take_all());
                        return Ok((Ended::Stopped(Limit::Threads(limits.threads)), output));
                    }
                }
            }
        }
    }
}

fn cause_of_death(status: ExitStatus, output: &[u8], limits: Limits) -> Ended {
    let says = |text: &str| output.windows(text.len()).any(|window| window == text.as_bytes());
    if says("memory allocation of") {
        return Ended::Stopped(Limit::MemoryMib(limits.memory_mib));
    }
    if signal(status) == Some(SIGXCPU) {
        return Ended::Stopped(Limit::CpuSeconds(limits.cpu_seconds));
    }
    // Confined, the standard library cannot tell where the stack ends, and safe code has no other way to this signal.
    if says("has overflowed its stack") || signal(status) == Some(SIGSEGV) {
        return Ended::Died("the stack overflowed, as when a function calls itself without end".to_owned());
    }
    Ended::Died(match status.code() {
        Some(code) => format!("your code ended the whole program with exit code {code}"),
        None => format!("the program was ended by the system ({status})"),
    })
}

/// The signals of too much processor time and of memory that is not there, on every Unix.
const SIGXCPU: i32 = 24;
const SIGSEGV: i32 = 11;

#[cfg(unix)]
fn signal(status: ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal(_: ExitStatus) -> Option<i32> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::{process::Command, thread};

    use super::*;

    /// Starts a program that never ends, `times` times, and gives the clock of the first one after a second.
    fn second_of(script: &str, times: usize) -> (Duration, Option<Usage>) {
        let start = |_| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            Running::start(command, Stdio::null()).unwrap()
        };
        let processes: Vec<Running> = (0..times).map(start).collect();
        let mut clock = Clock { begun: Instant::now(), before: None };
        thread::sleep(GLANCE);
        clock.look(&processes[0]);
        thread::sleep(Duration::from_secs(1));
        (clock.counted(&processes[0]), clock.used(&processes[0]))
    }

    #[test]
    fn patience_ends_with_the_drawing_that_needed_it() {
        let limits = Limits { seconds: 5.0, total_seconds: 60.0, ..Limits::default() };
        let program = Program { path: "probe".into(), number: None };
        let mut probe = ProbeProcess::new(program, Vec::new(), Sandbox::None, limits);
        probe.be_patient();
        assert_eq!(probe.limits().seconds, 60.0);
        probe.begin_again();
        assert_eq!(probe.limits().seconds, 5.0);
    }

    #[test]
    fn a_clock_stands_still_while_others_have_the_processor_and_not_while_code_sleeps() {
        let cores = thread::available_parallelism().unwrap().get();
        let (counted, _) = second_of("while :; do :; done", 4 * cores);
        assert!(counted < Duration::from_millis(700), "{counted:?}");
        let (counted, used) = second_of("sleep 100", 1);
        assert!(counted > Duration::from_millis(900), "{counted:?}");
        assert!(used.unwrap().cpu < Duration::from_millis(100));
    }
}
