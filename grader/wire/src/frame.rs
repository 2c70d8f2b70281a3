//! Messages as bytes.
//!
//! What a program is asked arrives on its standard input: a length and that many bytes. What it answers leaves on its
//! standard output, *between* the lines that are printed there, so that each line can be shown beside the case that
//! printed it. What tells an answer from a line is its marker, which holds an id.
//!
//! The marker is no secret from a submission: code in the same process can find any number that is in there. It does
//! not have to be one, because a forged answer is worth points only if its numbers are right.

use std::io::{self, Read, Write};
#[cfg(unix)]
use std::os::fd::AsFd;

use serde::{Serialize, de::DeserializeOwned};

/// The bytes that stand before an answer with this id; its length follows as four bytes, least significant first, and
/// then the answer.
#[must_use]
pub fn marker(id: u64) -> Vec<u8> {
    format!("\0\u{1}answer {id:016x}\u{1}\0").into_bytes()
}

/// Sends a message to a program that [`read`]s it.
///
/// # Errors
///
/// When the pipe is closed: the reader died.
pub fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let bytes = encode(message)?;
    to.write_all(&length_prefix(&bytes)?)?;
    to.write_all(&bytes)?;
    to.flush()
}

/// Receives a message; `None` at the end of the input.
///
/// # Errors
///
/// When the input ends within a message or does not decode.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        outcome => outcome?,
    }
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map(Some).map_err(io::Error::other)
}

/// Standard input for the messages alone: other code in this process that reads from it finds that it has ended. Where the
/// system has no safe way to exchange it (Windows), the messages stay where others can read them.
///
/// # Errors
///
/// When the process may open no more files.
pub fn take_input() -> io::Result<impl Read> {
    #[cfg(unix)]
    {
        let messages = std::fs::File::from(io::stdin().as_fd().try_clone_to_owned()?);
        // Standard output cannot be read from, which the standard library takes for the end of an input.
        rustix::stdio::dup2_stdin(io::stdout())?;
        Ok(messages)
    }
    #[cfg(not(unix))]
    Ok(io::stdin())
}

/// Sends an answer behind its marker, in one write.
///
/// # Errors
///
/// When the pipe is closed: the grader is gone.
pub fn answer(to: &mut impl Write, id: u64, message: &impl Serialize) -> io::Result<()> {
    let bytes = encode(message)?;
    let mut frame = marker(id);
    frame.extend(length_prefix(&bytes)?);
    frame.extend(bytes);
    to.write_all(&frame)?;
    to.flush()
}

/// The message in `bytes`; `None` if they are none.
#[must_use]
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    postcard::from_bytes(bytes).ok()
}

/// The bytes of a message.
///
/// # Errors
///
/// Never for the messages of this crate.
pub fn encode(message: &impl Serialize) -> io::Result<Vec<u8>> {
    postcard::to_allocvec(message).map_err(io::Error::other)
}

fn length_prefix(bytes: &[u8]) -> io::Result<[u8; 4]> {
    u32::try_from(bytes.len()).map(u32::to_le_bytes).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Packed,
        probe::{Message, Request},
    };

    #[test]
    fn a_request_survives_the_wire() {
        let request = Request { id: 7, experiment: "forward".to_owned(), case: Packed(vec![1, 0, 255]) };
        let mut wire = Vec::new();
        write(&mut wire, &request).unwrap();
        let mut reader = wire.as_slice();
        assert_eq!(read(&mut reader).unwrap(), Some(request));
        assert_eq!(read::<Request>(&mut reader).unwrap(), None);
    }

    #[test]
    fn a_request_cut_short_is_an_error() {
        let request = Request { id: 7, experiment: "forward".to_owned(), case: Packed::default() };
        let mut wire = Vec::new();
        write(&mut wire, &request).unwrap();
        wire.pop();
        assert!(read::<Request>(&mut wire.as_slice()).is_err());
    }

    #[test]
    fn bytes_that_are_no_message_decode_to_none() {
        assert_eq!(decode::<Message>(&[]), None);
        assert_eq!(decode::<Message>(&[9, 9, 9]), None);
    }
}
