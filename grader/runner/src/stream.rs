//! What a probe writes: lines of the learner's, with messages among them. Every byte of it may be hostile.

/// A message of a submission's that is longer than this is none: the largest honest one is a few hundred KiB.
pub(super) const MAX_ANSWER_BYTES: usize = 4 << 20;

/// What has arrived and was not taken yet.
pub(super) struct Stream {
    /// A longer message is none.
    max_message: usize,
    bytes: Vec<u8>,
    /// So many of them have been searched for the marker.
    searched: usize,
}

/// A message, and what was printed before it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken {
    pub(super) printed: Vec<u8>,
    /// `None` if it claims to be too long.
    pub(super) message: Option<Vec<u8>>,
}

impl Stream {
    pub(super) fn new(max_message: usize) -> Self {
        Self { max_message, bytes: Vec::new(), searched: 0 }
    }

    pub(super) fn extend(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// The message after `marker`, once all of it has arrived: four bytes that say how long it is, least significant
    /// first, and so many more.
    pub(super) fn take_message(&mut self, marker: &[u8]) -> Option<Taken> {
        let start = self.find(marker)?;
        let body = start + marker.len() + 4;
        let length: [u8; 4] = self.bytes.get(body - 4..body)?.try_into().ok()?;
        let length = u32::from_le_bytes(length) as usize;
        let (message, end) = if length > self.max_message {
            (None, body)
        } else {
            (Some(self.bytes.get(body..body + length)?.to_vec()), body + length)
        };
        let rest = self.bytes.split_off(end);
        let mut printed = std::mem::replace(&mut self.bytes, rest);
        printed.truncate(start);
        self.searched = 0;
        Some(Taken { printed, message })
    }

    /// How many bytes have been printed, as far as they have been searched.
    pub(super) fn printed(&self) -> usize {
        self.searched
    }

    /// Everything that is left.
    pub(super) fn take_all(&mut self) -> Vec<u8> {
        self.searched = 0;
        std::mem::take(&mut self.bytes)
    }

    /// Where `marker` begins. What was searched once is not searched again.
    fn find(&mut self, marker: &[u8]) -> Option<usize> {
        let found = self.bytes[self.searched..].windows(marker.len()).position(|window| window == marker);
        // The last bytes may be the marker's first ones.
        self.searched = match found {
            Some(offset) => self.searched + offset,
            None => self.bytes.len().saturating_sub(marker.len() - 1).max(self.searched),
        };
        found.map(|_| self.searched)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use wire::frame::marker as message_marker;

    use super::*;

    fn frame(id: u64, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        [&message_marker(id), length.as_slice(), body].concat()
    }

    #[test]
    fn an_answer_that_claims_to_be_endless_is_none() {
        let mut stream = Stream::new(MAX_ANSWER_BYTES);
        stream.extend(&message_marker(3));
        stream.extend(&u32::MAX.to_le_bytes());
        let answered = stream.take_message(&message_marker(3)).unwrap();
        assert_eq!(answered, Taken { printed: Vec::new(), message: None });
    }

    proptest! {
        /// Fuzzing: whatever arrives, in whatever pieces, an answer is found behind it and nothing is lost.
        #[test]
        fn an_answer_is_found_behind_any_bytes(
            noise in proptest::collection::vec(any::<u8>(), 0..300),
            body in proptest::collection::vec(any::<u8>(), 0..300),
            cuts in proptest::collection::vec(1_usize..40, 1..50),
        ) {
            let marker = message_marker(42);
            let all = [noise.clone(), frame(41, b"an old one"), frame(42, &body), b"more".to_vec()].concat();
            let mut stream = Stream::new(MAX_ANSWER_BYTES);
            let mut rest = all.as_slice();
            let mut cuts = cuts.iter().cycle();
            let answered = loop {
                if let Some(answered) = stream.take_message(&marker) {
                    break answered;
                }
                prop_assert!(!rest.is_empty(), "the answer was not found");
                let (piece, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                stream.extend(piece);
                rest = later;
            };
            prop_assert_eq!(answered.printed, [noise, frame(41, b"an old one")].concat());
            prop_assert_eq!(answered.message, Some(body));
            prop_assert_eq!([stream.take_all().as_slice(), rest].concat(), b"more");
        }
    }
}
