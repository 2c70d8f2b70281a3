//! Colours: few, and never the only carrier of meaning.

use anstyle::{AnsiColor, Style};

/// Ends every style.
pub const RESET: anstyle::Reset = anstyle::Reset;
/// For what matters most.
pub const BOLD: Style = Style::new().bold();
/// For what matters least.
pub const DIM: Style = Style::new().dimmed();
/// For code in running text.
pub const CODE: Style = AnsiColor::Cyan.on_default();
/// For what is right.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// For what is wrong.
pub const BAD: Style = AnsiColor::Red.on_default();
/// For what is still to do.
pub const OPEN: Style = AnsiColor::Yellow.on_default();
/// For the word that begins an error.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();

/// `text` in `style`.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}
