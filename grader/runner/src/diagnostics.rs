//! What rustc says, read from its JSON.

use report::{
    Diagnostic,
    sanitise::{self, Folders},
    with_short_types,
};
use serde::Deserialize;

/// Longer texts are cut: they are a submission's idea of a joke.
const MAX_MESSAGE: usize = 2000;
const MAX_RENDERED: usize = 8000;

/// A diagnostic as rustc writes it.
#[derive(Clone, Deserialize)]
pub(super) struct Message {
    message: String,
    code: Option<Code>,
    level: String,
    spans: Vec<Span>,
    children: Vec<Child>,
    rendered: Option<String>,
    /// The grader says it, of a limit that was reached.
    #[serde(skip)]
    of_the_grader: bool,
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

/// Whether a compiler or a linker says in `text` that the disk is full, in the words of Unix or Windows. rustc's own linker
/// writes into memory that stands for a file: it gets the signal when there is no room for that file.
pub(super) fn says_that_the_disk_is_full(text: &str) -> bool {
    ["No space left on device", "os error 28)", "Disk quota exceeded", "os error 112)", "signal 7 [Bus error]"]
        .iter()
        .any(|it| text.contains(it))
}

/// The messages among the lines that rustc wrote on standard error.
pub(super) fn read(stderr: &str) -> Vec<Message> {
    stderr.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// What kind of file rustc says in `line` that it has written, as `--emit` names it.
pub(super) fn artifact(line: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Artifact {
        emit: String,
    }
    serde_json::from_slice::<Artifact>(line).ok().map(|artifact| artifact.emit)
}

impl Message {
    /// An error of the grader's own.
    pub(super) fn error(message: String) -> Self {
        let rendered = Some(format!("error: {message}\n"));
        Self {
            message,
            code: None,
            level: "error".to_owned(),
            spans: Vec::new(),
            children: Vec::new(),
            rendered,
            of_the_grader: true,
        }
    }

    /// What is wrong with the system, if this says so: a full disk, no linker.
    pub(super) fn fault_of_the_system(&self) -> Option<&str> {
        let fault = self.is_error()
            && self.spans.is_empty()
            && (self.message.contains("os error") || self.is_about_a_linker() || self.is_about_a_full_disk());
        fault.then_some(self.message.as_str())
    }

    /// Whether this says that there is no room for what is compiled.
    pub(super) fn is_about_a_full_disk(&self) -> bool {
        says_that_the_disk_is_full(&self.message)
            || self.children.iter().any(|child| says_that_the_disk_is_full(&child.message))
    }

    /// Whether this says that a linker is missing, or cannot be run. Of one that is run by a shell, the shell says it with its
    /// exit status.
    pub(super) fn is_about_a_linker(&self) -> bool {
        let says_so = |status| self.message.ends_with(status);
        self.message.starts_with("linker `")
            || self.message.starts_with("could not exec the linker")
            || self.message.starts_with("linking with `") && ["status: 126", "status: 127"].into_iter().any(says_so)
    }

    /// The same; where it says that there is no such crate, with those that there are, in the place of rustc's guess.
    pub(super) fn with_crates(mut self, crates: &str) -> Self {
        let help = format!("there are no other crates here than {crates}");
        let guess = self.children.iter().find(|child| child.message.starts_with("you might be missing a crate named"));
        let is_label = |span: &Span| span.label.as_ref().is_some_and(|label| label.starts_with("no external crate"));
        let rendered = self.rendered.take().unwrap_or_default();
        self.rendered = Some(match guess {
            Some(guess) => rendered.replace(&guess.message, &help),
            None if self.spans.iter().any(is_label) => format!("{}\n  = help: {help}\n\n", rendered.trim_end()),
            None => rendered,
        });
        self
    }

    /// Whether the grader says this, and not rustc.
    pub(super) fn is_of_the_grader(&self) -> bool {
        self.of_the_grader
    }

    /// Whether this says of a compiled crate that it is missing, or was not made for this compiler or by it.
    pub(super) fn is_about_a_crate(&self) -> bool {
        let code = self.code.as_ref().map(|code| code.code.as_str());
        matches!(
            code,
            Some("E0455" | "E0457" | "E0460" | "E0461" | "E0462" | "E0463" | "E0464" | "E0514" | "E0519" | "E0786")
        )
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
        let shown =
            |text: &str| sanitise::clean(&folders.hide(&sanitise::beginning(&with_short_types(text), MAX_MESSAGE)));
        let rendered = with_short_types(self.rendered.as_deref().unwrap_or(&self.message));
        Diagnostic {
            rendered: sanitise::clean_coloured(&folders.hide(&sanitise::beginning(&rendered, MAX_RENDERED))),
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
        let message = sanitise::clean(&folders.hide(&sanitise::beginning(first, MAX_MESSAGE)));
        Diagnostic::error(message.clone(), format!("error: {message}\n"), None, None)
    }

    /// The diagnostic for an error in the probe: the submission compiles, but not as the exercise asks for it. The
    /// probe is not the learner's file, so neither its path nor its lines appear, only the call that failed.
    pub(super) fn into_interface_diagnostic(self, folders: &Folders) -> Diagnostic {
        let said = with_short_types(&self.message);
        let mut rendered = format!("the grader cannot use your code: {said}\n");
        if let Some(line) = self.spans.iter().find(|span| span.is_primary).and_then(|span| span.text.first()) {
            rendered += &format!("  it asks for  {}\n", asked_for(line.text.trim()));
        }
        for child in self.children.iter().filter(|child| child.level == "note") {
            // Such as "expected fn pointer `fn(f64) -> f64`\n found fn item `fn(f64) -> f32 {elu}`".
            for line in child.message.lines() {
                rendered += &format!("  {}\n", with_short_types(line.trim()));
            }
        }
        let message = sanitise::clean(&folders.hide(&sanitise::beginning(&said, MAX_MESSAGE)));
        rendered = sanitise::clean(&folders.hide(&sanitise::beginning(&rendered, MAX_RENDERED)));
        rendered += "  Keep names, types and `pub` as the exercise gives them; you may change everything else.\n";
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_missing_linker() {
        let message = |text: &str, child: &str| {
            let json = serde_json::json!({
                "message": text, "code": null, "level": "error", "spans": [], "rendered": text,
                "children": [{ "message": child, "level": "note" }],
            });
            read(&json.to_string()).remove(0)
        };
        for (text, child) in [
            ("failed to write to `lib.rmeta`: No space left on device (os error 28)", ""),
            ("linking with `cc` failed: exit status: 1", "ld: final link failed: No space left on device"),
            (
                "linking with `cc` failed: exit status: 1",
                "collect2: fatal error: ld terminated with signal 7 [Bus error]",
            ),
            ("failed to write file: There is not enough space on the disk. (os error 112)", ""),
        ] {
            let message = message(text, child);
            assert!(message.fault_of_the_system().is_some() && message.is_about_a_full_disk(), "{text}");
            assert!(!message.is_about_a_linker());
        }
        let linker = message("linker `cc` not found", "No such file or directory (os error 2)");
        assert!(linker.fault_of_the_system().is_some() && linker.is_about_a_linker() && !linker.is_about_a_full_disk());
        let shell = message("linking with `cc` failed: exit status: 126", "cc: Permission denied");
        assert!(shell.fault_of_the_system().is_some() && shell.is_about_a_linker() && !shell.is_about_a_full_disk());
        assert!(message("linking with `cc` failed: exit status: 1", "").fault_of_the_system().is_none());
    }

    #[test]
    fn what_the_probe_asks_for_is_readable() {
        assert_eq!(asked_for("const ELU: fn(f64, f64) -> f64 = submission::elu;"), "elu: fn(f64, f64) -> f64");
        assert_eq!(asked_for("layer.biases"), "layer.biases");
    }
}
