//! What travels between three programs: the grader, which runs everything; a *probe*, which is linked with a learner's
//! code and does what it is asked; and a *judge*, which knows what is right and never meets that code.
//!
//! [`probe`] holds the messages of the untrusted side, [`judge`] those of the trusted one, [`frame`] turns both into
//! bytes. The inputs of an experiment and what was observed pass through the grader unopened, as [`Packed`] bytes: only
//! probes and judges look inside.

pub mod frame;
pub mod judge;
pub mod probe;

use serde::{Deserialize, Serialize};

/// A record, encoded. The grader carries it from a judge to a probe and back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Packed(#[serde(with = "serde_bytes")] pub Vec<u8>);

/// A line in a source file, as the compiler names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The path that was given to the compiler, or the absolute one.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

/// Changes whenever the messages do. Both sides have to be built from the same source: postcard does not describe what it
/// encodes.
pub const DIGEST: u64 = {
    let sources = [
        include_bytes!("lib.rs").as_slice(),
        include_bytes!("frame.rs"),
        include_bytes!("judge.rs"),
        include_bytes!("probe.rs"),
    ];
    // FNV-1a.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut file = 0;
    while file < sources.len() {
        let mut at = 0;
        while at < sources[file].len() {
            hash = (hash ^ sources[file][at] as u64).wrapping_mul(0x0100_0000_01b3);
            at += 1;
        }
        file += 1;
    }
    hash
};
