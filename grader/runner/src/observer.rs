//! A caller that waits for a grading is told about its progress, and may cancel it.

use std::{error::Error, fmt, time::Duration};

use wire::probe::Progress;

/// What grading is busy with.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// rustc is at work.
    Compiling,
    /// Check `number` of `total`, counted from 1.
    Checking {
        /// Counted from 1.
        number: usize,
        /// How many there are.
        total: usize,
    },
    /// A long experiment of the present check, and how long it will go on if nothing changes.
    Training {
        /// How far it has come.
        progress: Progress,
        /// How long it will probably go on.
        left: Option<Duration>,
    },
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compiling => f.write_str("compiling"),
            Self::Checking { number, total } => write!(f, "check {number} of {total}"),
            Self::Training { progress: Progress { done, total, loss }, left } => {
                write!(f, "training, {done} of {total}")?;
                left.map_or(Ok(()), |left| write!(f, ", {} left", in_words(left)))?;
                loss.map_or(Ok(()), |loss| write!(f, ", loss {loss:.4}"))
            }
        }
    }
}

/// How long a training that has taken `elapsed` so far will go on, if what is left of it is as quick. Nothing as long as
/// there is nothing to go by, and nothing where it is over before anybody has read it. The numbers are a submission's.
pub(super) fn time_left(elapsed: Duration, progress: Progress) -> Option<Duration> {
    let Progress { done, total, .. } = progress;
    let seconds = elapsed.as_secs_f64() / done as f64 * total.checked_sub(done)? as f64;
    let left = Duration::try_from_secs_f64(seconds).ok()?;
    (left >= Duration::from_secs(1)).then_some(left)
}

/// `8 s`, `3 min`: rounded, since it is a guess.
fn in_words(time: Duration) -> String {
    match time.as_secs_f64().round() {
        seconds if seconds < 100.0 => format!("{seconds} s"),
        seconds => format!("{} min", (seconds / 60.0).round()),
    }
}

/// A caller that waits for a grading.
pub trait Observer: Sync {
    /// Hears what the grading is busy with now.
    fn on_stage(&self, stage: Stage);

    /// Whether the caller no longer waits. Asked every few milliseconds while the learner's code runs.
    fn has_called_off(&self) -> bool;
}

/// No one watches, and the grading is never cancelled.
impl Observer for () {
    fn on_stage(&self, _: Stage) {}

    fn has_called_off(&self) -> bool {
        false
    }
}

/// The grading was called off: there is no verdict.
#[derive(Debug)]
pub struct CalledOff;

impl fmt::Display for CalledOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the grading was cancelled")
    }
}

impl Error for CalledOff {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_left_goes_by_what_has_been_done() {
        let left = |seconds, done, total| {
            time_left(Duration::from_secs(seconds), Progress { done, total, loss: None }).map(|left| left.as_secs())
        };
        assert_eq!(left(2, 1, 4), Some(6));
        assert_eq!(left(30, 3, 4), Some(10));
        // Nothing is done, nothing is left, or nearly nothing.
        assert_eq!(left(2, 0, 4), None);
        assert_eq!(left(2, 4, 4), None);
        assert_eq!(left(2, 99, 100), None);
        // What only a forged message says.
        assert_eq!(left(0, 0, 0), None);
        assert_eq!(left(2, 5, 4), None);
        assert_eq!(left(u64::MAX, 1, u64::MAX), None);
    }

    #[test]
    fn a_stage_is_one_short_line() {
        let stage = |loss, left: Option<u64>| {
            let progress = Progress { done: 2, total: 9, loss };
            Stage::Training { progress, left: left.map(Duration::from_secs) }.to_string()
        };
        assert_eq!(stage(None, None), "training, 2 of 9");
        assert_eq!(stage(Some(0.5), Some(8)), "training, 2 of 9, 8 s left, loss 0.5000");
        assert_eq!(stage(None, Some(200)), "training, 2 of 9, 3 min left");
        assert_eq!(Stage::Checking { number: 2, total: 9 }.to_string(), "check 2 of 9");
    }
}
