//! The screen that text is laid out for: how wide it is, and whether its links can be followed.

use std::path::Path;

use anstream::{AutoStream, ColorChoice};
use supports_hyperlinks::Stream;

/// Wider lines than this are tiring to read.
const MAX_WIDTH: usize = 100;
const MIN_WIDTH: usize = 30;

/// What a screen can hold.
#[derive(Clone, Copy)]
pub struct Screen {
    /// In columns.
    pub width: usize,
    /// Whether [`link`]s can be followed.
    pub links: bool,
}

impl Screen {
    /// The terminal that standard output is, or a screen of the largest width where it is none.
    pub fn of_stdout() -> Self {
        // Where anstream takes styles out, it takes links out with them, and their addresses would be lost.
        let styled = AutoStream::choice(&std::io::stdout()) != ColorChoice::Never;
        let links = styled && supports_hyperlinks::on(Stream::Stdout);
        Self { links, ..Self::of_width(terminal_width().unwrap_or(MAX_WIDTH)) }
    }

    /// A screen of this width, or of the nearest one that can be read, without links.
    pub fn of_width(width: usize) -> Self {
        Self { width: width.clamp(MIN_WIDTH, MAX_WIDTH), links: false }
    }
}

/// How many columns the terminal has, if there is one.
pub fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size().map(|(width, _)| usize::from(width.0))
}

/// `text`, which leads to `url` when it is clicked (OSC 8); the text alone if links are not `enabled`.
pub fn link(enabled: bool, url: &str, text: &str) -> String {
    if enabled { format!("\x1b]8;;{url}\x1b\\{text}\x1b]8;;\x1b\\") } else { text.to_owned() }
}

/// The `file://` address of an absolute path.
pub fn file_url(path: &Path) -> String {
    let path = path.to_string_lossy();
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.into_owned() };
    // Windows marks a path that it shall take literally: //?/C:/course.
    let path = path.strip_prefix("//?/").unwrap_or(&path);
    let start = if path.starts_with('/') { "file://" } else { "file:///" };
    format!("{start}{}", percent_encoded(&path.replace('%', "%25")))
}

/// `text` as it may stand in an address, where a `%` begins what is encoded already.
pub fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => encoded.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b'/' | b':' | b'%' => encoded.push(char::from(byte)),
            _ => encoded += &format!("%{byte:02X}"),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_an_escape_sequence_around_its_text() {
        assert_eq!(link(true, "https://docs.rs", "docs"), "\x1b]8;;https://docs.rs\x1b\\docs\x1b]8;;\x1b\\");
        assert_eq!(link(false, "https://docs.rs", "docs"), "docs");
    }

    #[test]
    #[cfg(unix)]
    fn a_path_becomes_an_address() {
        assert_eq!(file_url(Path::new("/home/ann/lib.rs")), "file:///home/ann/lib.rs");
        assert_eq!(file_url(Path::new("/my course/übung/50%.rs")), "file:///my%20course/%C3%BCbung/50%25.rs");
    }

    #[test]
    #[cfg(windows)]
    fn a_path_becomes_an_address() {
        assert_eq!(file_url(Path::new(r"C:\my course\lib.rs")), "file:///C:/my%20course/lib.rs");
        assert_eq!(file_url(Path::new(r"\\?\C:\course\lib.rs")), "file:///C:/course/lib.rs");
    }
}
