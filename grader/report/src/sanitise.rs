//! Text that a submission had a hand in, made fit to be shown: it steers no terminal and no CI runner, and tells nothing
//! of the machine that it was made on.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

/// The text without characters that control a terminal, reorder what is read, or are not seen.
pub fn clean(text: &str) -> String {
    let shown = |c: char| match c {
        '\n' | '\t' => c,
        // Marks that turn the writing direction, separators of lines and paragraphs, and characters of no width.
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => {
            '\u{fffd}'
        }
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    without_commands(&text.replace("\r\n", "\n").chars().map(shown).collect::<String>())
}

/// The same for text that rustc has coloured: its colours stay, any other escape sequence goes.
pub fn clean_coloured(text: &str) -> String {
    let mut cleaned = String::new();
    let mut rest = text;
    while let Some(start) = rest.find('\u{1b}') {
        cleaned += &clean(&rest[..start]);
        let length = colour(&rest[start..]);
        cleaned += if length == 0 { "\u{fffd}" } else { &rest[start..start + length] };
        rest = &rest[start + length.max(1)..];
    }
    without_commands(&(cleaned + &clean(rest)))
}

/// The length of the colour code that `text` begins with, 0 if it is none: `ESC [`, digits and semicolons, `m`.
fn colour(text: &str) -> usize {
    let Some(body) = text.strip_prefix("\u{1b}[") else { return 0 };
    let length = body.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(0);
    // 8 hides text.
    let hides = body[..length].split(';').any(|code| code == "8") && !body.starts_with("38;");
    if body[length..].starts_with('m') && length < 12 && !hides { length + 3 } else { 0 }
}

/// The text without workflow commands: a CI runner acts on `::` at the start of a line, blanks and colours ignored, and
/// on `##[` anywhere.
pub fn without_commands(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let plain = anstream::adapter::strip_str(line).to_string();
        if plain.trim_start().starts_with("::") {
            safe += &line.replacen("::", "\\::", 1);
        } else {
            safe += line;
        }
    }
    safe.replace("##[", "#\\#[")
}

/// The beginning of `text`, at most `most` characters of it.
pub fn beginning(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

/// Folders of this machine that are nobody's business.
pub struct Folders(Vec<String>);

impl Folders {
    /// These folders, to be hidden; the root of the file system is not hidden.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut folders: Vec<String> = folders
            .into_iter()
            .filter(|folder| folder.components().count() > 1)
            .map(|folder| folder.to_string_lossy().into_owned())
            .collect();
        // What lies in another one goes first.
        folders.sort_by_key(|folder| std::cmp::Reverse(folder.len()));
        Self(folders)
    }

    /// `text` with paths that begin where each of the folders ends.
    pub fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, folder| {
            if !text.contains(folder.as_str()) {
                return text;
            }
            text.replace(&format!("{folder}{}", std::path::MAIN_SEPARATOR), "").replace(folder.as_str(), "…")
        })
    }
}

/// The home folder, if there is one.
pub fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home != Path::new("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn printed_text_cannot_steer_a_terminal() {
        assert_eq!(clean("\u{1b}[31mred\u{7}\tand\nnew"), "\u{fffd}[31mred\u{fffd}\tand\nnew");
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{2028}d"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
    }

    #[test]
    fn of_rustcs_text_only_the_colours_stay() {
        assert_eq!(clean_coloured("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m"), "\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m");
        assert_eq!(clean_coloured("\u{1b}[2J\u{1b}]0;x\u{7}\u{1b}[8mx"), "\u{fffd}[2J\u{fffd}]0;x\u{fffd}\u{fffd}[8mx");
    }

    #[test]
    fn no_line_is_a_workflow_command() {
        assert_eq!(clean("std::fs\n  ::error::x\n##[group]y"), "std::fs\n  \\::error::x\n#\\#[group]y");
        assert_eq!(clean_coloured("\u{1b}[1m\n\u{1b}[0m ::stop"), "\u{1b}[1m\n\u{1b}[0m \\::stop");
    }

    #[test]
    fn folders_of_the_machine_are_hidden() {
        let folders = Folders::new(["/home/me".into(), "/home/me/course/target".into(), "/".into()]);
        assert_eq!(folders.hide("--> /home/me/course/target/a.rs, /home/me"), "--> a.rs, …");
    }

    proptest! {
        /// Fuzzing: whatever was printed, what is shown commands nobody.
        #[test]
        fn what_is_cleaned_commands_nobody(text in "(\\PC|[\n\r\t :#\\[\u{1b}\u{7}\u{202e}m0-9;]){0,80}") {
            for shown in [clean(&text), clean_coloured(&text)] {
                let plain = anstream::adapter::strip_str(&shown).to_string();
                prop_assert!(!plain.lines().any(|line| line.trim_start().starts_with("::")), "{:?}", shown);
                prop_assert!(!plain.contains("##["), "{:?}", shown);
                prop_assert!(!plain.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{:?}", shown);
            }
        }
    }
}
