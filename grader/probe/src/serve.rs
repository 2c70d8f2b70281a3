//! The experiment loop: the probe's side of the wire.

use std::{
    backtrace::Backtrace,
    io,
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use wire::{
    Place, frame,
    probe::{Message, Outcome, Progress, Request},
};

use crate::Record;

/// What the learner's code is asked to do with the inputs of one case, and what came of it.
pub type Experiment = fn(&Record) -> Record;

/// Answers requests until there are no more of them.
///
/// An experiment that panics, in the learner's code or below it, is an answer like any other; the loop goes on.
///
/// # Panics
///
/// When standard input cannot be taken over, or the grader closes the wire in the middle of a message, which it does not.
pub fn serve(experiments: &[(&str, Experiment)]) {
    panic::set_hook(Box::new(remember_panic));
    let mut requests = frame::take_input().expect("a standard input that can be taken over");
    while let Some(request) = frame::read::<Request>(&mut requests).expect("a whole request on standard input") {
        CURRENT.store(request.id, Ordering::Relaxed);
        let outcome = match experiments.iter().find(|(name, _)| *name == request.experiment) {
            Some((_, experiment)) => {
                run(*experiment, &Record::unpack(&request.case).expect("the judge sends whole records"))
            }
            None => Outcome::UnknownExperiment,
        };
        send(&Message::Ended(outcome));
    }
}

/// Tells whoever waits how far the present experiment has come: for an experiment that trains step by step.
///
/// # Panics
///
/// When the grader has closed the wire, which ends the probe as it should.
pub fn report_progress(done: usize, total: usize, loss: Option<f64>) {
    send(&Message::Progress(Progress { done: done as u64, total: total as u64, loss }));
}

/// The id of the request that is being answered.
static CURRENT: AtomicU64 = AtomicU64::new(0);

fn send(message: &Message) {
    // Both streams may be one pipe: hold both, so that no thread of the learner's prints into the message.
    let _stderr = io::stderr().lock();
    frame::answer(&mut io::stdout().lock(), CURRENT.load(Ordering::Relaxed), message).expect("the grader is listening");
}

fn run(experiment: Experiment, case: &Record) -> Outcome {
    match panic::catch_unwind(AssertUnwindSafe(|| experiment(case))) {
        Ok(record) => Outcome::Observed(record.pack()),
        Err(_) => {
            let (message, place) = LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
            Outcome::Panicked { message, place }
        }
    }
}

/// The message and place of the latest panic, left by the hook for [`run`].
static LAST_PANIC: Mutex<Option<(String, Option<Place>)>> = Mutex::new(None);

fn remember_panic(info: &PanicHookInfo<'_>) {
    let message = info.payload_as_str().unwrap_or("a panic without a message").to_owned();
    let place = info
        .location()
        .filter(|location| !is_library(location.file()))
        .map(|location| Place { file: location.file().to_owned(), line: location.line() })
        .or_else(|| submission_frame(&Backtrace::force_capture().to_string()));
    *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = Some((message, place));
}

/// Whether a panic's location lies in the standard library or in a crate from the registry: then the learner needs
/// the line that called it.
fn is_library(file: &str) -> bool {
    Path::new(file).components().any(|part| matches!(part.as_os_str().to_str(), Some("rustc" | "registry")))
}

/// The innermost frame of the submission in a printed backtrace: a line `7: submission::forward` that is followed by a
/// line `at file:line:column`.
fn submission_frame(backtrace: &str) -> Option<Place> {
    let mut lines = backtrace.lines().map(str::trim);
    while let Some(line) = lines.next() {
        let Some((_, function)) = line.split_once(": ") else { continue };
        if function.trim_start_matches('<').starts_with("submission::") {
            let (place, _column) = lines.next()?.strip_prefix("at ")?.rsplit_once(':')?;
            let (file, line) = place.rsplit_once(':')?;
            return Some(Place { file: file.to_owned(), line: line.parse().ok()? });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_frame_of_the_submission_is_found() {
        let backtrace = "\
   0: core::panicking::panic_fmt
             at /rustc/abc/library/core/src/panicking.rs:80:14
   1: ndarray::linalg::impl_linalg::dot_shape_error
             at /home/me/.cargo/registry/src/x/ndarray-0.17.2/src/linalg/impl_linalg.rs:343:5
   2: <submission::DenseLayer>::pre_activation
             at /home/me/course/exercises/03_dense_layer/src/lib.rs:57:11
   3: submission::DenseLayer::forward
             at /home/me/course/exercises/03_dense_layer/src/lib.rs:70:14";
        let place = submission_frame(backtrace).unwrap();
        assert_eq!(place.line, 57);
        assert_eq!(place.file, "/home/me/course/exercises/03_dense_layer/src/lib.rs");
    }

    #[test]
    fn a_backtrace_without_the_submission_has_no_place() {
        assert_eq!(submission_frame("   0: std::panicking\n             at /rustc/abc/library/std.rs:1:1"), None);
        assert_eq!(submission_frame(""), None);
    }

    #[test]
    fn library_files_are_told_from_the_learners() {
        assert!(is_library("/rustc/59807616e/library/alloc/src/vec/mod.rs"));
        assert!(is_library("/home/me/.cargo/registry/src/index/ndarray-0.17.2/src/lib.rs"));
        assert!(!is_library("exercises/03_dense_layer/src/lib.rs"));
    }
}
