//! What a probe is asked, and what it answers.

use serde::{Deserialize, Serialize};

use crate::{Packed, Place};

/// One experiment to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Drawn at random for each request; the answer carries it back.
    pub id: u64,
    /// The name of the experiment.
    pub experiment: String,
    /// Its inputs.
    pub case: Packed,
}

/// What a probe says about a request: how it ended or, before that, how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The work goes on.
    Progress(Progress),
    /// The work is over.
    Ended(Outcome),
}

/// How an experiment ended, as the probe itself can tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The learner's code returned.
    Observed(Packed),
    /// The learner's code panicked.
    Panicked {
        /// The panic's message.
        message: String,
        /// The line of the submission that panicked or called what panicked.
        place: Option<Place>,
    },
    /// The probe has no experiment of that name: a mistake of the exercise's author.
    UnknownExperiment,
}

/// How far a long experiment, such as a training, has come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Progress {
    /// Steps, epochs or data sets that are done.
    pub done: u64,
    /// How many there are.
    pub total: u64,
    /// The loss so far, where there is one.
    pub loss: Option<f64>,
}
