//! One line on a terminal that says what the grader is busy with; nothing at all elsewhere.

use std::io::{self, IsTerminal};

use crate::{Observer, Stage};

/// The line on standard error. It is empty again when this value is gone.
pub struct StatusLine {
    visible: bool,
}

impl StatusLine {
    /// A line with nothing on it.
    #[allow(clippy::new_without_default, reason = "it asks for the terminal, and changes it when it is dropped")]
    pub fn new() -> Self {
        Self { visible: io::stderr().is_terminal() }
    }

    /// Shows `text` in place of what was there.
    pub fn show(&self, text: &str) {
        if self.visible {
            eprint!("\r\x1b[K{text}");
        }
    }
}

impl Observer for StatusLine {
    fn on_stage(&self, stage: Stage) {
        self.show(&stage.to_string());
    }

    fn has_called_off(&self) -> bool {
        false
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.show("");
    }
}
