//! What the compiler or the source gate says of a submission, and what that means to a beginner.

use serde::{Deserialize, Serialize};

use super::fit;
use crate::sanitise::{clean, clean_coloured, clean_line};

/// A warning or an error about a submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    /// `error` or `warning`.
    pub level: String,
    /// Such as `E0308`, or the name of a lint.
    pub code: Option<String>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What rustc writes under the code that it points at.
    pub label: String,
    /// The learner's file, if the diagnostic points at one.
    pub file: Option<String>,
    /// Counted from 1.
    pub line: Option<u32>,
    /// Counted from 1.
    pub column: Option<u32>,
    /// As rustc prints it; with colours until the report goes somewhere that has none.
    pub rendered: String,
}

impl Diagnostic {
    /// An error that rustc has no part in.
    pub fn error(message: String, rendered: String, file: Option<String>, line: Option<u32>) -> Self {
        let level = "error".to_owned();
        Self { level, code: None, message, label: String::new(), file, line, column: None, rendered }
    }

    pub(super) fn clean(&mut self) {
        let Self { level, code, message, label, file, line: _, column: _, rendered } = self;
        for text in [level].into_iter().chain(code).chain(file) {
            fit(text, clean_line);
        }
        for text in [message, label] {
            fit(text, clean);
        }
        fit(rendered, clean_coloured);
    }
}

/// A sentence for those who meet a compiler error for the first time, where this course is likely to cause it.
pub fn remark(code: &str, message: &str, label: &str) -> Option<&'static str> {
    REMARKS
        .iter()
        .find(|(codes, sign, _)| codes.contains(&code) && (message.contains(sign) || label.contains(sign)))
        .map(|(_, _, sentence)| *sentence)
}

/// Numbers of errors, a part of the message or of the label that tells their causes apart, and what to do. The first match counts.
const REMARKS: [(&[&str], &str, &str); 19] = [
    (
        &["E0596"],
        "behind a `&` reference",
        "In this course the inputs of a function are only borrowed: leave them as they are, and return a new array \
         (`mapv` and `to_owned` make one).",
    ),
    (
        &["E0308"],
        "found `&ArrayRef",
        "The array is borrowed, and `clone` of it copies only the reference: `x.to_owned()` makes an array of your own.",
    ),
    (&["E0425", "E0433"], "`Axis`", "`Axis` comes from ndarray: add it to the line `use ndarray::{…};`."),
    (
        &["E0425", "E0433"],
        "`StandardNormal`",
        "It comes from rand_distr: `use rand_distr::{Distribution, StandardNormal};` at the top of the file.",
    ),
    (&["E0599"], "`pow`", "Real numbers have `powi(2)` for whole exponents and `powf(0.5)` for others."),
    (
        &["E0277"],
        ": Ord",
        "Real numbers have no complete order, because of NaN: write `a.max(b)` on the numbers themselves, and sort \
         with `sort_by(f64::total_cmp)`.",
    ),
    (&["E0277"], "f64: Eq", "NaN is not equal to itself, so `f64` has no `Eq` and no `Hash`."),
    (
        &["E0277"],
        "ScalarOperand",
        "A borrowed argument `x` and an array `a` of your own combine as `x + &*a` and `&*a + x`, or as \
         `x.to_owned() + &a`. The matrix product is `x.dot(&a)`.",
    ),
    (
        &["E0283", "E0284"],
        "",
        "Say which type you want: `let z: f64 = StandardNormal.sample(rng);`, or `Array1::<f64>::zeros(n)`.",
    ),
    (
        &["E0277"],
        "cannot be indexed",
        "An entry of a matrix is `a[[row, column]]`, one of a vector `a[i]`; indices are `usize`.",
    ),
    (&["E0277"], "`usize`", "Counts are `usize` and data are `f64`. Rust mixes them only if you say so: `n as f64`."),
    (&["E0277"], "{integer}", "A real number is written with a point: `2.0`, not `2`."),
    (&["E0277"], "expected a `", "A function is expected here, not its value: a closure such as `|v| f(v, b)`."),
    (
        &["E0277", "E0271"],
        "Array",
        "A borrowed argument `x` and an array `a` of your own combine as `x + &*a` and `&*a + x`, or as \
         `x.to_owned() + &a`. The matrix product is `x.dot(&a)`. `+=` and `-=` want a reference on the right: `a -= &b`.",
    ),
    (
        &["E0368"],
        "",
        "A borrowed argument cannot be changed, and `clone` of it copies only the reference: `x.to_owned()` makes an array \
         of your own.",
    ),
    (
        &["E0369"],
        "Array",
        "Arrays combine by reference: `y_pred - y_true` for two borrowed ones, `&a - &b` for your own.",
    ),
    (&["E0369", "E0277"], "^", "`^` is not a power in Rust: write `x * x` or `x.powi(2)`."),
    (&["E0382"], "", "The value was moved away by its first use. Borrow it there (`&value`), or `clone` it."),
    (&["E0507", "E0505"], "", "What is borrowed cannot be moved away. Work on a reference, or `clone` it."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_fit_their_causes() {
        let about = |code, message| remark(code, message, "").unwrap_or_default();
        assert!(about("E0277", "cannot multiply `f64` by `usize`").contains("n as f64"));
        assert!(about("E0277", "cannot divide `{integer}` by `f64`").contains("with a point"));
        assert!(about("E0277", "the trait bound `f64: Ord` is not satisfied").contains("total_cmp"));
        assert!(
            about("E0271", "type mismatch resolving `<f64 as Mul<&ArrayBase<…>>>::Output == f64`")
                .contains("x.dot(&a)")
        );
        assert!(
            about("E0596", "cannot borrow `*x` as mutable, as it is behind a `&` reference").contains("only borrowed")
        );
        let label = "expected `ArrayBase<OwnedRepr<f64>, ..., f64>`, found `&ArrayRef<f64, Dim<[usize; 2]>>`";
        assert!(remark("E0308", "mismatched types", label).is_some_and(|remark| remark.contains("x.to_owned()")));
        assert_eq!(remark("E0308", "mismatched types", "expected `f64`, found `f32`"), None);
    }
}
