//! Requests and answers as bytes.
//!
//! Requests arrive on standard input: a length and that many bytes. Answers leave on standard output, *between* the
//! lines that the learner's code prints, so that each line can be shown beside the case that printed it. What tells an
//! answer from a line is its marker, which holds the random id of the request.
//!
//! The marker is no secret from the submission: code in the same process can find any number that is in there. It does
//! not have to be one, because a forged answer is worth points only if its numbers are right.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use crate::Record;

/// One experiment to run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Drawn at random for each request; the answer carries it back.
    pub id: u64,
    /// The name of the experiment.
    pub experiment: String,
    /// Its inputs.
    pub case: Record,
}

/// A line in a source file, as the compiler names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The path that was given to the compiler, or the absolute one.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

/// How an experiment ended, as the probe itself can tell.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// The learner's code returned.
    Observed(Record),
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

/// What a probe says about a request: how it ended or, before that, how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Message {
    /// The work goes on.
    Progress(Progress),
    /// The work is over.
    Ended(Outcome),
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

/// The bytes that stand before a message about the request `id`; the message's length follows as four bytes, least
/// significant first, and then the message.
#[must_use]
pub fn message_marker(id: u64) -> Vec<u8> {
    format!("\0\u{1}answer {id:016x}\u{1}\0").into_bytes()
}

/// Sends `request`.
///
/// # Errors
///
/// When the pipe is closed: the probe died.
pub fn write_request(to: &mut impl Write, request: &Request) -> io::Result<()> {
    let bytes = encode(request)?;
    to.write_all(&length_prefix(&bytes)?)?;
    to.write_all(&bytes)?;
    to.flush()
}

/// Receives a request; `None` at the end of the input.
///
/// # Errors
///
/// When the input ends within a request or does not decode.
pub fn read_request(from: &mut impl Read) -> io::Result<Option<Request>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        outcome => outcome?,
    }
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map(Some).map_err(io::Error::other)
}

/// Sends a message about the request `id` in one write.
pub(crate) fn write_message(to: &mut impl Write, id: u64, message: &Message) -> io::Result<()> {
    let bytes = encode(message)?;
    let mut frame = message_marker(id);
    frame.extend(length_prefix(&bytes)?);
    frame.extend(bytes);
    to.write_all(&frame)?;
    to.flush()
}

impl Message {
    /// The message in `bytes`; `None` if they are none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let message = postcard::from_bytes(bytes).ok()?;
        match &message {
            Self::Ended(Outcome::Observed(record)) if !record.is_whole() => None,
            _ => Some(message),
        }
    }
}

fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(message).map_err(io::Error::other)
}

fn length_prefix(bytes: &[u8]) -> io::Result<[u8; 4]> {
    u32::try_from(bytes.len()).map(u32::to_le_bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;
    use crate::Value;

    #[test]
    fn a_request_survives_the_wire() {
        let request = Request {
            id: 7,
            experiment: "forward".to_owned(),
            case: Record::new().with("x", array![[1.0, f64::MIN_POSITIVE], [-0.0, f64::INFINITY]]).with("n", 3_usize),
        };
        let mut wire = Vec::new();
        write_request(&mut wire, &request).unwrap();
        let mut reader = wire.as_slice();
        assert_eq!(read_request(&mut reader).unwrap(), Some(request));
        assert_eq!(read_request(&mut reader).unwrap(), None);
    }

    #[test]
    fn a_request_cut_short_is_an_error() {
        let request = Request { id: 7, experiment: "forward".to_owned(), case: Record::new() };
        let mut wire = Vec::new();
        write_request(&mut wire, &request).unwrap();
        wire.pop();
        assert!(read_request(&mut wire.as_slice()).is_err());
    }

    #[test]
    fn bytes_that_are_no_message_decode_to_none() {
        assert_eq!(Message::decode(&[]), None);
        assert_eq!(Message::decode(&[9, 9, 9]), None);
        // An array that claims 2^60 entries and brings none must not be believed.
        assert_eq!(
            Message::decode(&[1, 0, 1, 1, b'x', 6, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10]),
            None
        );
    }

    #[test]
    fn an_array_that_brings_less_than_its_shape_says_is_none() {
        let answer = |shape: &[u8], data: &[u8]| {
            let bytes = [&[1, 0, 1, 1, b'x', 6, shape.len() as u8], shape, &[(data.len() / 8) as u8], data].concat();
            Message::decode(&bytes)
        };
        assert!(answer(&[1], &[0; 8]).is_some());
        assert_eq!(answer(&[2], &[0; 8]), None);
        assert_eq!(answer(&[2, 2], &[]), None);
    }

    proptest! {
        /// Fuzzing: a submission can claim any length for its bytes; only as many as have come are believed.
        #[test]
        fn bytes_survive_the_wire_and_nothing_less_does(
            bytes in proptest::collection::vec(any::<u8>(), 0..2000),
            claimed in any::<u32>(),
        ) {
            let record = Record::new().with("pixels", Value::Bytes(bytes.clone()));
            let message = Message::Ended(Outcome::Observed(record));
            let whole = encode(&message).unwrap();
            // A byte a byte, and a few for names and lengths.
            prop_assert!(whole.len() < bytes.len() + 20);
            prop_assert_eq!(Message::decode(&whole), Some(message));
            if !bytes.is_empty() {
                prop_assert_eq!(Message::decode(&whole[..whole.len() - 1]), None);
            }
            let more = u64::from(claimed) + bytes.len() as u64 + 1;
            let begins = &whole[..whole.len() - bytes.len() - postcard::to_allocvec(&bytes.len()).unwrap().len()];
            let lie = [begins, &postcard::to_allocvec(&more).unwrap(), &bytes].concat();
            prop_assert_eq!(Message::decode(&lie), None);
        }
    }
}
