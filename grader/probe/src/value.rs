//! What travels over the wire: named numbers, texts and arrays.

use ndarray::{Array, ArrayView1, ArrayView2, ArrayViewD, Dimension};
use serde::{Deserialize, Serialize};
use wire::{Packed, frame};

/// One number, text or array.
///
/// Not recursive on purpose: whatever bytes a submission sends, decoding them needs no stack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// The absence of a value, such as the line of a perceptron that has none.
    Nothing,
    /// A truth value.
    Bool(bool),
    /// A whole number: a count, a class label.
    Int(i64),
    /// A real number.
    Float(f64),
    /// Words.
    Text(String),
    /// Whole numbers in a row: labels, errors per epoch.
    Ints(Vec<i64>),
    /// Real numbers in row-major order.
    Array {
        /// Length along each axis; their product is the length of `data`.
        shape: Vec<usize>,
        /// The entries, last axis fastest.
        data: Vec<f64>,
    },
    /// Whole numbers from 0 to 255, such as the pixels of many images: an eighth of the bytes that an array takes.
    Bytes(#[serde(with = "serde_bytes")] Vec<u8>),
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<usize> for Value {
    fn from(value: usize) -> Self {
        Self::Int(saturated(value))
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<usize>> for Value {
    fn from(value: Vec<usize>) -> Self {
        Self::Ints(value.into_iter().map(saturated).collect())
    }
}

impl<D: Dimension> From<Array<f64, D>> for Value {
    fn from(array: Array<f64, D>) -> Self {
        Self::Array { shape: array.shape().to_vec(), data: array.iter().copied().collect() }
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}

/// A whole number as it travels; one that does not fit is a wrong answer in any case.
fn saturated(value: usize) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Named values in the order in which they were given: the inputs of an experiment, or what was observed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record(Vec<(String, Value)>);

/// The name of the only part of a record that was made from a bare value.
const RESULT: &str = "result";

impl<T: Into<Value>> From<T> for Record {
    fn from(value: T) -> Self {
        Self::new().with(RESULT, value)
    }
}

/// The accessors panic when a part is missing or of another kind: a probe and its checks belong together, so that is a
/// mistake of the exercise's author and no case to handle.
impl Record {
    /// A record with no parts yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The record with one more part.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    /// The parts in order.
    pub fn parts(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The part called `name`, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.parts().find_map(|(part, value)| (part == name).then_some(value))
    }

    /// The record as bytes, to be carried by those who need not look inside.
    #[must_use]
    pub fn pack(&self) -> Packed {
        Packed(frame::encode(self).expect("a record can be encoded"))
    }

    /// The record in these bytes; `None` if they are none, or one that is not [whole](Self::is_whole).
    #[must_use]
    pub fn unpack(packed: &Packed) -> Option<Self> {
        frame::decode(&packed.0).filter(Self::is_whole)
    }

    /// Whether every array has as many entries as its shape says, and the record no more parts than an experiment hands
    /// back: of bytes that a submission sent, nothing is certain.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        const MAX_PARTS: usize = 256;
        self.0.len() <= MAX_PARTS
            && self.parts().all(|(_, value)| match value {
                Value::Array { shape, data } => {
                    shape.iter().try_fold(1_usize, |count, &length| count.checked_mul(length)) == Some(data.len())
                }
                _ => true,
            })
    }

    /// The only part of a record that was made from a bare value.
    #[must_use]
    pub fn result(&self) -> Option<&Value> {
        self.get(RESULT)
    }

    /// Whether the record was made from a bare value, so that its part needs no name when shown.
    #[must_use]
    pub fn is_bare(&self) -> bool {
        self.0.len() == 1 && self.result().is_some()
    }

    /// The truth value called `name`.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Bool(value)) => *value,
            other => missing(name, "a truth value", other),
        }
    }

    /// The real number called `name`.
    #[must_use]
    pub fn float(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Value::Float(value)) => *value,
            other => missing(name, "a real number", other),
        }
    }

    /// The count called `name`.
    #[must_use]
    pub fn count(&self, name: &str) -> usize {
        match self.get(name) {
            Some(Value::Int(value)) => usize::try_from(*value).unwrap_or(usize::MAX),
            other => missing(name, "a whole number", other),
        }
    }

    /// The text called `name`.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        match self.get(name) {
            Some(Value::Text(value)) => value,
            other => missing(name, "a text", other),
        }
    }

    /// The counts called `name`.
    #[must_use]
    pub fn counts(&self, name: &str) -> Vec<usize> {
        match self.get(name) {
            Some(Value::Ints(values)) => {
                values.iter().map(|&value| usize::try_from(value).unwrap_or(usize::MAX)).collect()
            }
            other => missing(name, "a row of whole numbers", other),
        }
    }

    /// The bytes called `name`.
    #[must_use]
    pub fn bytes(&self, name: &str) -> &[u8] {
        match self.get(name) {
            Some(Value::Bytes(bytes)) => bytes,
            other => missing(name, "a row of bytes", other),
        }
    }

    /// The one-dimensional array called `name`.
    #[must_use]
    pub fn vector(&self, name: &str) -> ArrayView1<'_, f64> {
        let array = self.array(name);
        let shape = array.shape().to_vec();
        array.into_dimensionality().unwrap_or_else(|_| panic!("`{name}` has shape {shape:?}, not one dimension"))
    }

    /// The two-dimensional array called `name`.
    #[must_use]
    pub fn matrix(&self, name: &str) -> ArrayView2<'_, f64> {
        let array = self.array(name);
        let shape = array.shape().to_vec();
        array.into_dimensionality().unwrap_or_else(|_| panic!("`{name}` has shape {shape:?}, not two dimensions"))
    }

    fn array(&self, name: &str) -> ArrayViewD<'_, f64> {
        match self.get(name) {
            Some(Value::Array { shape, data }) => ArrayViewD::from_shape(shape.as_slice(), data)
                .unwrap_or_else(|error| panic!("`{name}` is not an array: {error}")),
            other => missing(name, "an array", other),
        }
    }
}

fn missing(name: &str, wanted: &str, found: Option<&Value>) -> ! {
    match found {
        None => panic!("the record has no `{name}`"),
        Some(value) => panic!("`{name}` is not {wanted} but {value:?}"),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn arrays_keep_their_shape_and_order() {
        let matrix = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let record = Record::new().with("x", matrix.clone()).with("transposed", matrix.t().to_owned());
        assert_eq!(record.matrix("x"), matrix);
        assert_eq!(record.matrix("transposed"), matrix.t());
    }

    #[test]
    #[should_panic(expected = "`x` is not a real number but Int(3)")]
    fn a_part_of_another_kind_is_named() {
        let _ = Record::new().with("x", 3_usize).float("x");
    }

    #[test]
    fn an_array_that_brings_less_than_its_shape_says_is_none() {
        let record = |shape: &[u8], data: &[u8]| {
            let bytes = [&[1, 1, b'x', 6, shape.len() as u8], shape, &[(data.len() / 8) as u8], data].concat();
            Record::unpack(&Packed(bytes))
        };
        assert!(record(&[1], &[0; 8]).is_some());
        assert_eq!(record(&[2], &[0; 8]), None);
        assert_eq!(record(&[2, 2], &[]), None);
        // One that claims 2^60 entries and brings none must not be believed.
        let huge = [1, 1, b'x', 6, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10];
        assert_eq!(Record::unpack(&Packed(huge.to_vec())), None);
    }

    #[test]
    fn a_record_survives_the_wire() {
        let numbers = array![[1.0, f64::MIN_POSITIVE], [-0.0, f64::INFINITY]];
        let record = Record::new().with("x", numbers).with("n", 3_usize);
        assert_eq!(Record::unpack(&record.pack()), Some(record));
    }

    proptest::proptest! {
        /// Fuzzing: a submission can claim any length for its bytes; only as many as have come are believed.
        #[test]
        fn bytes_survive_the_wire_and_nothing_less_does(
            bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..2000),
            claimed in proptest::prelude::any::<u32>(),
        ) {
            let record = Record::new().with("pixels", Value::Bytes(bytes.clone()));
            let whole = record.pack().0;
            // A byte a byte, and a few for names and lengths.
            proptest::prop_assert!(whole.len() < bytes.len() + 20);
            proptest::prop_assert_eq!(Record::unpack(&Packed(whole.clone())), Some(record));
            if !bytes.is_empty() {
                proptest::prop_assert_eq!(Record::unpack(&Packed(whole[..whole.len() - 1].to_vec())), None);
            }
            let length = |length: u64| frame::encode(&length).unwrap();
            let begins = &whole[..whole.len() - bytes.len() - length(bytes.len() as u64).len()];
            let more = u64::from(claimed) + bytes.len() as u64 + 1;
            proptest::prop_assert_eq!(Record::unpack(&Packed([begins, &length(more), &bytes].concat())), None);
        }

        /// Fuzzing: bytes that a submission sends as an answer are a whole record or none.
        #[test]
        fn any_bytes_are_a_record_or_none(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            proptest::prop_assert!(Record::unpack(&Packed(bytes)).is_none_or(|record| record.is_whole()));
        }
    }

    #[test]
    fn only_a_bare_value_is_shown_without_its_name() {
        assert!(Record::from(1.5).is_bare());
        assert!(!Record::new().with("weights", 1.5).is_bare());
    }
}
