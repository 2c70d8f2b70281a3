//! What a judge is ordered to do, what it asks in between, and what it says in the end.
//!
//! The grader sends an [`Order`]; the judge replies with any number of questions ([`Reply::Ask`],
//! [`Reply::DoesNotCompile`]), each of which is answered by [`Order::Answers`], and then with the reply that the order
//! is for. Limits, budgets, the order of the checks and points are the grader's.

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::{Packed, Place};

/// The id in the markers of a judge's replies: it has one partner, who asks one thing at a time.
pub const REPLY: u64 = 0;

/// Values of what can be varied in pictures, by `id of the picture/name of the control`.
pub type Controls = BTreeMap<String, Vec<f64>>;

/// What a judge is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// Say what there is to check: [`Reply::Plan`].
    Plan,
    /// Come to a [`Reply::Verdict`] on the check with this index in the plan, on inputs drawn from `seed`.
    Judge {
        /// Counted from 0.
        check: usize,
        /// Of the inputs that are drawn at random.
        seed: u64,
        /// Whether to explain a wrong result. That takes time, so it is not done for a result that the report leaves out.
        explains: bool,
    },
    /// The answers to what the judge has asked: at least one, and none after one that holds no observation.
    Answers(Vec<Answer>),
    /// Tell what is wrong with the checks themselves, with inputs for each of these seeds: [`Reply::Examined`].
    Examine {
        /// A few stand for all.
        seeds: Vec<u64>,
    },
    /// Draw the pictures: [`Reply::Pictures`].
    Draw {
        /// What somebody has varied; everything else has its usual value.
        controls: Controls,
        /// Whether a long training may be drawn as far as it has come, to go on with the next drawing.
        streams: bool,
    },
}

/// What a judge says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Reply {
    /// All checks of the exercise, in order.
    Plan {
        /// [`crate::DIGEST`] of the judge.
        wire: u64,
        /// The checks.
        checks: Vec<Planned>,
    },
    /// Run an experiment on each case until one yields no observation, and answer.
    Ask {
        /// Whose code to run.
        side: Side,
        /// The name of the experiment.
        experiment: String,
        /// Inputs, one set after the other.
        cases: Vec<Packed>,
    },
    /// Compile this program against the submission; the answer's [`Ended::Refused`] holds the errors.
    DoesNotCompile {
        /// The source of the program.
        program: String,
    },
    /// How a check came out.
    Verdict(Verdict),
    /// What is wrong with the checks.
    Examined {
        /// A sentence each.
        problems: Vec<String>,
        /// For each check the ids of the mistakes that it knows.
        mistakes: Vec<Vec<String>>,
    },
    /// What there is to see.
    Pictures {
        /// The pictures, encoded: only the view looks inside.
        pictures: Packed,
        /// The same without the drawing: what `verify` reads.
        summaries: Vec<PictureSummary>,
    },
    /// The judge could not do its work; it panicked, or the reference did not answer.
    Fault(String),
}

/// Whose code a question is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    /// The submission that is graded or drawn.
    Learner,
    /// The reference solution.
    Reference,
}

/// A check that there is, without what it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// Its name.
    pub id: String,
    /// The task of `course.toml` that it belongs to.
    pub task: String,
    /// A statement that is true of correct code.
    pub title: String,
    /// What it is worth.
    pub points: u32,
    /// The functions or methods that it is about, such as `Relu::backward`; one at least.
    pub items: Vec<String>,
    /// Whether it compiles a program against the submission instead of running an experiment.
    pub compiles: bool,
    /// The checks without which a failure of this one says nothing.
    pub after: Vec<String>,
    /// Whether the text that it expects is in a `.snap` file of its name.
    pub shows: bool,
    /// The data set that its inputs come from, if it is one that has to be fetched.
    pub fetched: Option<Fetched>,
}

/// A data set that has to be fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fetched {
    /// What a learner is told if it is not here.
    pub missing: String,
    /// The files that are looked for. A report depends on them.
    pub files: Vec<PathBuf>,
}

/// What came of running one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// How it ended.
    pub ended: Ended,
    /// What the learner's code printed meanwhile.
    pub output: String,
}

/// How one case ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Ended {
    /// The learner's code returned, and this was observed. Of bytes that a submission sent, nothing is certain.
    Observed(Packed),
    /// It panicked.
    Panicked {
        /// The panic's message.
        message: String,
        /// The line of the submission that it came from.
        place: Option<Place>,
        /// The function around that line.
        function: Option<String>,
    },
    /// It reached a limit and was stopped.
    Stopped(Limit),
    /// The whole process ended: a stack overflow, `exit`, `abort`.
    Died(String),
    /// The probe had died so often that it was not started again.
    NotStarted,
    /// A program was compiled against the submission with these errors: number or message, and line.
    Refused(Vec<(String, u32)>),
}

/// A limit of course.toml that was reached, and how much it allows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Limit {
    /// For one case.
    Seconds(f64),
    /// For one case, in which the code computed nothing.
    Waiting(f64),
    /// For all cases together.
    TotalSeconds(f64),
    /// Of processor time.
    CpuSeconds(u64),
    /// Of address space.
    MemoryMib(u64),
    /// At once.
    Threads(u64),
    /// Open at once.
    Files(u64),
    /// Printed.
    OutputKib(usize),
}

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It is right.
    Passed,
    /// It is wrong.
    Failed,
    /// There is still a `todo!()` on the way.
    NotStarted,
    /// It could say nothing: the code does not compile, or an earlier check failed.
    Skipped,
    /// A panic, or the whole program ended.
    Crashed,
    /// It did not return in time.
    TimedOut,
}

impl Status {
    /// As it is written in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotStarted => "not_started",
            Self::Skipped => "skipped",
            Self::Crashed => "crashed",
            Self::TimedOut => "timed_out",
        }
    }

    /// Whether the learner's code was run and is wrong.
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Crashed | Self::TimedOut)
    }
}

/// The verdict on one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// How it came out.
    pub status: Status,
    /// What the learner is told; empty if the check is passed.
    pub message: String,
    /// The id of the recognised misunderstanding.
    pub mistake: Option<String>,
    /// The case that went wrong, rendered.
    pub input: Option<String>,
    /// What right code returns for it, rendered.
    pub expected: Option<String>,
    /// What this code returned, rendered.
    pub observed: Option<String>,
    /// Where expected and observed are texts of several lines: both, line by line.
    pub diff: Option<String>,
    /// The line of the submission that it came from, as the compiler named it.
    pub place: Option<Place>,
    /// What the learner's code printed, over all cases.
    pub output: String,
}

impl Verdict {
    /// A verdict of which no more is known.
    pub fn new(status: Status, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            mistake: None,
            input: None,
            expected: None,
            observed: None,
            diff: None,
            place: None,
            output: String::new(),
        }
    }

    /// The verdict on a check that was not run.
    pub fn skipped(message: impl Into<String>) -> Self {
        Self::new(Status::Skipped, message)
    }
}

/// What is known of a picture without drawing it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PictureSummary {
    /// The name of its file.
    pub id: String,
    /// What it has to say besides its caption.
    pub remarks: Vec<String>,
}
