//! One line on a terminal that says what the grader is busy with; nothing at all elsewhere.

use std::io::{self, IsTerminal};

use crate::bench::{Observer, Stage};

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
