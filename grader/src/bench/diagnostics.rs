//! What rustc says, read from its JSON.

use serde::{Deserialize, Serialize};

use crate::hostile::{self, Folders};

/// Longer texts are cut: they are a submission's idea of a joke.
const MAX_MESSAGE: usize = 2000;
const MAX_RENDERED: usize = 8000;

/// A warning or an error about a submission.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Diagnostic {
    /// `error` or `warning`.
    pub(crate) level: String,
    /// Such as `E0308`, or the name of a lint.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    /// What rustc writes under the code that it points at.
    pub(crate) label: String,
    /// The learner's file, if the diagnostic points at one.
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) column: Option<u32>,
    /// As rustc prints it; with colours until the report goes somewhere that has none.
    pub(crate) rendered: String,
}

impl Diagnostic {
    /// An error that rustc has no part in.
    pub(super) fn error(message: String, rendered: String, file: Option<String>, line: Option<u32>) -> Self {
        let level = "error".to_owned();
        Self { level, code: None, message, label: String::new(), file, line, column: None, rendered }
    }
}

/// A diagnostic as rustc writes it.
#[derive(Clone, Deserialize)]
pub(super) struct Message {
    message: String,
    code: Option<Code>,
    level: String,
    spans: Vec<Span>,
    children: Vec<Child>,
    rendered: Option<String>,
}

#[derive(Clone, Deserialize)]
struct Code {
    code: String,
}

#[derive(Clone, Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    column_start: u32,
    is_primary: bool,
    label: Option<String>,
    text: Vec<SpanText>,
}

#[derive(Clone, Deserialize)]
struct SpanText {
    text: String,
}

#[derive(Clone, Deserialize)]
struct Child {
    message: String,
    level: String,
}

/// The messages among the lines that rustc wrote on standard error.
pub(super) fn read(stderr: &str) -> Vec<Message> {
    stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

impl Message {
    /// An error of the grader's own.
    pub(super) fn error(message: String) -> Self {
        let rendered = Some(format!("error: {message}\n"));
        Self { message, code: None, level: "error".to_owned(), spans: Vec::new(), children: Vec::new(), rendered }
    }

    /// What is wrong with the system, if this says so: a full disk, no linker.
    pub(super) fn fault_of_the_system(&self) -> Option<&str> {
        let says = |sign| self.message.contains(sign) || self.children.iter().any(|child| child.message.contains(sign));
        let fault = self.is_error()
            && self.spans.is_empty()
            && (self.message.contains("os error")
                || self.message.starts_with("linker `")
                || self.message.starts_with("could not exec the linker")
                || says("No space left on device"));
        fault.then_some(self.message.as_str())
    }

    /// Whether this is about some code, not a summary such as "aborting due to 2 previous errors".
    pub(super) fn is_about_code(&self) -> bool {
        !self.spans.is_empty() && matches!(self.level.as_str(), "error" | "warning")
    }

    /// Whether this is an error that points into a file called `name`.
    pub(super) fn is_error_in(&self, name: &str) -> bool {
        self.level == "error" && self.spans.iter().any(|span| span.is_primary && span.file_name.ends_with(name))
    }

    /// For an error about code: its number, or its message where it has none, and its line.
    pub(super) fn error_and_line(&self) -> Option<(String, u32)> {
        let place = self.spans.iter().find(|span| span.is_primary)?;
        let name = self.code.as_ref().map_or(&self.message, |code| &code.code);
        (self.level == "error").then(|| (name.clone(), place.line_start))
    }

    pub(super) fn is_error(&self) -> bool {
        self.level.starts_with("error")
    }

    /// The diagnostic as a learner sees it.
    pub(super) fn into_diagnostic(self, folders: &Folders) -> Diagnostic {
        let place = self.spans.iter().find(|span| span.is_primary);
        let shown = |text: &str| hostile::clean(&folders.hide(&hostile::beginning(text, MAX_MESSAGE)));
        let rendered = self.rendered.as_deref().unwrap_or(&self.message);
        Diagnostic {
            rendered: hostile::clean_coloured(&folders.hide(&hostile::beginning(rendered, MAX_RENDERED))),
            file: place.map(|span| shown(&span.file_name)),
            line: place.map(|span| span.line_start),
            column: place.map(|span| span.column_start),
            label: shown(place.and_then(|span| span.label.as_deref()).unwrap_or_default()),
            message: shown(&self.message),
            code: self.code.map(|code| code.code),
            level: self.level,
        }
    }

    /// The diagnostic for an error that points at no code: its first line, since what follows is about the machine.
    pub(super) fn into_whole(self, folders: &Folders) -> Diagnostic {
        let first = self.message.lines().next().unwrap_or_default();
        let message = hostile::clean(&folders.hide(&hostile::beginning(first, MAX_MESSAGE)));
        Diagnostic::error(message.clone(), format!("error: {message}\n"), None, None)
    }

    /// The diagnostic for an error in the probe: the submission compiles, but not as the exercise asks for it. The
    /// probe is not the learner's file, so neither its path nor its lines appear, only the call that failed.
    pub(super) fn into_interface_diagnostic(self, folders: &Folders) -> Diagnostic {
        let mut rendered = format!("the grader cannot use your code: {}\n", self.message);
        if let Some(line) = self.spans.iter().find(|span| span.is_primary).and_then(|span| span.text.first()) {
            rendered += &format!("  it asks for  {}\n", asked_for(line.text.trim()));
        }
        for child in self.children.iter().filter(|child| child.level == "note") {
            // Such as "expected fn pointer `fn(f64) -> f64`\n found fn item `fn(f64) -> f32 {elu}`".
            for line in child.message.lines() {
                rendered += &format!("  {}\n", line.trim());
            }
        }
        let message = hostile::clean(&folders.hide(&hostile::beginning(&self.message, MAX_MESSAGE)));
        rendered = hostile::clean(&folders.hide(&hostile::beginning(&rendered, MAX_RENDERED)));
        rendered += "  Names, types and `pub` stay as the exercise gives them; what is inside is yours.\n";
        Diagnostic {
            level: "error".to_owned(),
            code: self.code.map(|code| code.code),
            message: format!("the grader cannot use your code: {message}"),
            label: String::new(),
            file: None,
            line: None,
            column: None,
            rendered,
        }
    }
}

/// A line of the probe as a learner can read it: of `const NAME: fn(f64) -> f64 = submission::elu;` the function and
/// its type.
fn asked_for(line: &str) -> String {
    match line.trim_end_matches(';').strip_prefix("const ").and_then(|rest| rest.split_once(": ")?.1.split_once(" = "))
    {
        Some((kind, function)) => format!("{}: {kind}", function.trim_start_matches("submission::")),
        None => line.to_owned(),
    }
}

/// A sentence for those who meet a compiler error for the first time, where this course is likely to cause it.
pub(crate) fn remark(code: &str, message: &str, label: &str) -> Option<&'static str> {
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
    (
        &["E0277"],
        "f64: Eq",
        "Real numbers are no whole ones: NaN is not equal to itself, so `f64` has no `Eq` and no `Hash`.",
    ),
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
    (&["E0277"], "expected a `", "A function is wanted here, not its value: a closure such as `|v| f(v, b)`."),
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
    (&["E0369", "E0277"], "^", "`^` is no power in Rust: write `x * x` or `x.powi(2)`."),
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

    #[test]
    fn what_the_probe_asks_for_is_readable() {
        assert_eq!(asked_for("const ELU: fn(f64, f64) -> f64 = submission::elu;"), "elu: fn(f64, f64) -> f64");
        assert_eq!(asked_for("layer.biases"), "layer.biases");
    }
}
