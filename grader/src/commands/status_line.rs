//! One line on a terminal that says what the grader is busy with; nothing at all elsewhere.

use std::io::{self, IsTerminal};

use crate::grade::Stage;

pub(super) struct StatusLine {
    visible: bool,
}

impl StatusLine {
    pub(super) fn new() -> Self {
        Self { visible: io::stderr().is_terminal() }
    }

    pub(super) fn show(&self, text: &str) {
        if self.visible {
            eprint!("\r\x1b[K{text}");
        }
    }

    pub(super) fn show_stage(&self, stage: &Stage) {
        self.show(&stage.to_string());
    }
}

impl Drop for StatusLine {
    fn drop(&mut self) {
        self.show("");
    }
}
