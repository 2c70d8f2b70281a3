//! Parts of a report as plain text, for formats that have a field for text and nothing finer.

use super::{CheckReport, Report};
use crate::{Diagnostic, remark};

/// What went wrong in a check, without its title and its message.
pub(super) fn details(check: &CheckReport) -> String {
    let mut blocks = Vec::new();
    if let (Some(file), Some(line)) = (&check.file, check.line) {
        blocks.push(format!("at {file}:{line}"));
    }
    let mut block = |label: &str, text: &Option<String>| {
        if let Some(text) = text {
            blocks.push(format!("{label}:\n{text}"));
        }
    };
    block("input", &check.input);
    if check.diff.is_some() {
        block("text (- yours, + expected)", &check.diff);
    } else {
        block("expected", &check.expected);
        block("got", &check.observed);
    }
    if let Some(hint) = check.advice() {
        blocks.push(format!("hint: {hint}"));
    }
    blocks.join("\n\n")
}

/// The message and the details of a check.
pub(super) fn explanation(check: &CheckReport) -> String {
    [check.message.clone(), details(check)].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// Why the code does not compile.
pub(super) fn errors(report: &Report) -> String {
    report.errors().map(error).collect::<Vec<_>>().join("\n\n")
}

/// An error as rustc prints it, and what it means in this course.
pub(super) fn error(diagnostic: &Diagnostic) -> String {
    let rendered = without_colours(&diagnostic.rendered);
    match meaning(diagnostic) {
        Some(sentence) => format!("{}\n{sentence}", rendered.trim_end()),
        None => rendered.trim_end().to_owned(),
    }
}

/// A sentence for those who meet this error for the first time.
pub(super) fn meaning(diagnostic: &Diagnostic) -> Option<&'static str> {
    remark(diagnostic.code.as_deref()?, &diagnostic.message, &diagnostic.label)
}

pub(super) fn without_colours(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}
