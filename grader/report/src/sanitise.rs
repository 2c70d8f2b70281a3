//! Text that a submission had a hand in, made fit to be shown: it steers no terminal and no CI server, hides nothing, and
//! tells nothing of the machine that it was made on.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

/// The text without characters that control a terminal, reorder what is read, or are not seen, and without commands to a
/// CI server.
pub fn clean(text: &str) -> String {
    without_commands(&visible(&text.replace("\r\n", "\n")))
}

/// The same on one line, for names and paths.
pub fn clean_line(text: &str) -> String {
    without_commands(&visible(text).replace(['\n', '\t'], "\u{fffd}"))
}

/// The same for text that rustc has coloured: its colours stay, any other escape sequence goes.
pub fn clean_coloured(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut cleaned = String::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find('\u{1b}') {
        cleaned += &visible(&rest[..start]);
        let length = colour(&rest[start..]);
        cleaned += if length == 0 { "\u{fffd}" } else { &rest[start..start + length] };
        rest = &rest[start + length.max(1)..];
    }
    without_commands(&(cleaned + &visible(rest)))
}

/// The text with a sign in place of every character that controls something or is not seen. Joiners stay between the
/// letters and the emoji that they are made for; beside ASCII they would only hide something.
fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let stays = match c {
            '\n' | '\t' => true,
            '\u{200c}' | '\u{200d}' => {
                !before.is_ascii() && !before.is_whitespace() && !matches!(before, '\u{200c}' | '\u{200d}' | '\u{fffd}')
            }
            // As text, and as a picture.
            '\u{fe0e}' | '\u{fe0f}' => match before {
                '0'..='9' | '#' | '*' => chars.peek() == Some(&'\u{20e3}'),
                '©' | '®' | '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}' => true,
                _ => false,
            },
            c => !c.is_control() && !is_unseen(c),
        };
        before = if stays { c } else { '\u{fffd}' };
        shown.push(before);
    }
    shown
}

/// Whether nothing, or nothing of its own, is drawn for `c`: what Unicode calls default-ignorable, separators of lines and
/// paragraphs, marks of annotations, and what is no character.
fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}'..='\u{ffff}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// The length of the colour code that `text` begins with, 0 if it is none: `ESC [`, digits and semicolons, `m`.
fn colour(text: &str) -> usize {
    let Some(body) = text.strip_prefix("\u{1b}[") else { return 0 };
    let length = body.find(|c: char| !(c.is_ascii_digit() || c == ';')).unwrap_or(0);
    // 8 hides text.
    let hides = body[..length].split(';').any(|code| code == "8") && !body.starts_with("38;");
    if body[length..].starts_with('m') && length < 12 && !hides { length + 3 } else { 0 }
}

/// The text without commands to a CI server. Their readers may ignore colours and what is not seen, so this does as well.
///
/// - GitHub acts on `::` at the start of a line, after blanks, and on `##[` anywhere.
/// - Azure acts on `##vso[` and `##[`, TeamCity on `##teamcity[`.
/// - GitLab acts on `section_start:` and `section_end:` before a time.
pub fn without_commands(text: &str) -> String {
    let read = read(text);
    let mut safe = String::with_capacity(text.len());
    let mut copied = 0;
    for index in commands(&read) {
        let (offset, _) = read[index];
        safe += &text[copied..offset];
        safe.push('\\');
        copied = offset;
    }
    safe + &text[copied..]
}

/// The characters that are seen, each with where it stands in `text`.
fn read(text: &str) -> Vec<(usize, char)> {
    let mut read = Vec::with_capacity(text.len());
    let mut offset = 0;
    while let Some(c) = text[offset..].chars().next() {
        let rest = &text[offset..];
        // A link of the grader's own goes as far as `ESC \`.
        let link = rest.strip_prefix("\u{1b}]").and_then(|link| link.find("\u{1b}\\"));
        let escape = link.map_or(colour(rest), |length| length + 4);
        if escape == 0 && !is_unseen(c) {
            read.push((offset, c));
        }
        offset += if escape == 0 { c.len_utf8() } else { escape };
    }
    read
}

/// Which of these characters a backslash has to stand before, so that nothing of them is a command.
fn commands(read: &[(usize, char)]) -> Vec<usize> {
    let begins = |index: usize, wanted: &str| {
        read.len() - index >= wanted.len() && wanted.chars().zip(&read[index..]).all(|(wanted, (_, c))| wanted == *c)
    };
    let mut found = Vec::new();
    let mut line_is_blank = true;
    for (index, &(_, c)) in read.iter().enumerate() {
        match c {
            ':' if line_is_blank && begins(index, "::") => found.push(index),
            '#' if begins(index, "##") => {
                let name = read[index + 2..].iter().take_while(|(_, c)| c.is_ascii_alphanumeric()).count();
                if begins(index + 2 + name, "[") {
                    found.push(index + 1);
                }
            }
            's' => {
                for section in ["section_start", "section_end"] {
                    if begins(index, section) && begins(index + section.len(), ":") {
                        found.push(index + section.len());
                    }
                }
            }
            _ => {}
        }
        line_is_blank = c == '\n' || (line_is_blank && c.is_whitespace());
    }
    found
}

/// The beginning of `text`, at most `most` characters with the sign that says so.
pub fn beginning(text: &str, most: usize) -> Cow<'_, str> {
    if text.char_indices().nth(most).is_none() {
        return text.into();
    }
    format!("{}…", text.chars().take(most.saturating_sub(1)).collect::<String>()).into()
}

/// Folders of this machine that no report may show.
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
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn printed_text_cannot_steer_a_terminal() {
        assert_eq!(clean("\u{1b}[31mred\u{7}\tand\nnew"), "\u{fffd}[31mred\u{fffd}\tand\nnew");
        assert_eq!(clean("a\u{202e}b\u{200b}c\u{2028}d"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
        assert_eq!(clean("a\u{ad}b\u{e0041}c\u{3164}d"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
        assert_eq!(clean_line("a\nb\tc"), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn what_scripts_and_emoji_are_joined_with_stays_beside_them_alone() {
        // Persian, Sinhala, a family, a heart on fire, a keycap, copyright as text.
        for text in
            ["می\u{200c}خواهم", "ක්\u{200d}ෂ", "👩\u{200d}👧", "❤\u{fe0f}\u{200d}🔥", "1\u{fe0f}\u{20e3}", "©\u{fe0e}"]
        {
            assert_eq!(clean(text), text);
        }
        for hidden in ["a\u{200d}b", "\u{200c}", "#\u{fe0f}#[", "é\u{200d}\u{200d}", "é\u{fe0f}", "e\u{e0100}"] {
            assert!(clean(hidden).contains('\u{fffd}'), "{hidden:?}");
        }
    }

    #[test]
    fn of_rustcs_text_only_the_colours_stay() {
        assert_eq!(clean_coloured("\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m"), "\u{1b}[1m\u{1b}[38;5;9merror\u{1b}[0m");
        assert_eq!(clean_coloured("\u{1b}[2J\u{1b}]0;x\u{7}\u{1b}[8mx"), "\u{fffd}[2J\u{fffd}]0;x\u{fffd}\u{fffd}[8mx");
    }

    #[test]
    fn nothing_holds_a_command_to_a_ci_server() {
        for (text, shown) in [
            ("std::fs\n  ::error::x", "std::fs\n  \\::error::x"),
            ("\u{a0}::set-output name=a::b", "\u{a0}\\::set-output name=a::b"),
            ("a ##[group]b", "a #\\#[group]b"),
            ("###vso[task.complete]", "##\\#vso[task.complete]"),
            ("##teamcity[message]", "#\\#teamcity[message]"),
            ("section_start:1:a", "section_start\\:1:a"),
            ("section_end:1:a", "section_end\\:1:a"),
            ("## heading [1]", "## heading [1]"),
        ] {
            assert_eq!(clean(text), shown);
            assert_eq!(clean_line(text), shown.replace('\n', "\u{fffd}").replace("  \\::", "  ::"));
        }
        assert_eq!(clean_coloured("\u{1b}[1m\n\u{1b}[0m ::stop"), "\u{1b}[1m\n\u{1b}[0m \\::stop");
        // Colours are taken out where there is no terminal.
        assert_eq!(clean_coloured("#\u{1b}[1m#[x"), "#\u{1b}[1m\\#[x");
    }

    #[test]
    fn a_text_that_is_cut_is_no_longer_than_asked_for() {
        assert_eq!(beginning("äöü", 3), "äöü");
        assert_eq!(beginning("äöüß", 3), "äö…");
    }

    #[test]
    fn folders_of_the_machine_are_hidden() {
        let folders = Folders::new(["/home/me".into(), "/home/me/course/target".into(), "/".into()]);
        assert_eq!(folders.hide("--> /home/me/course/target/a.rs, /home/me"), "--> a.rs, …");
    }

    /// Whether a server that ignores colours and what is not seen would find a command.
    pub(crate) fn holds_a_command(text: &str) -> bool {
        let seen: String = anstream::adapter::strip_str(text).to_string().chars().filter(|c| !is_unseen(*c)).collect();
        let commands = ["##[", "##vso[", "##teamcity[", "section_start:", "section_end:"];
        seen.lines().any(|line| line.trim_start().starts_with("::")) || commands.iter().any(|one| seen.contains(one))
    }

    /// Whether there is a character that controls something, or is not seen and stands where it is not made for.
    pub(crate) fn hides_something(text: &str) -> bool {
        let text = anstream::adapter::strip_str(text).to_string();
        text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))
            || text.chars().any(|c| is_unseen(c) && !matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}'))
            || text.chars().zip(text.chars().skip(1)).any(|(before, c)| {
                let joins = matches!(c, '\u{200c}' | '\u{200d}');
                let chooses = matches!(c, '\u{fe0e}' | '\u{fe0f}');
                (joins && before.is_ascii()) || (chooses && before.is_ascii_alphabetic())
            })
    }

    proptest! {
        /// Fuzzing: whatever was printed, what is shown commands no server, hides nothing, and is fit to be shown again.
        #[test]
        fn what_is_cleaned_commands_no_server_and_hides_nothing(
            text in "(\\PC|\\p{Default_Ignorable_Code_Point}|[\n\r\t :#\\[\u{1b}\u{7}\u{202e}\u{200d}m0-9;]|::|##|vso|\u{1b}\\[1m|section_end){0,80}"
        ) {
            for how in [clean, clean_line, clean_coloured] {
                let shown = how(&text);
                prop_assert!(!holds_a_command(&shown), "{:?}", shown);
                prop_assert!(!hides_something(&shown), "{:?}", shown);
                prop_assert_eq!(how(&shown), shown);
            }
        }

        /// The list is Unicode's.
        #[test]
        fn what_unicode_calls_ignorable_is_not_seen(
            c in "[\\p{Default_Ignorable_Code_Point}\\p{Bidi_Control}\\p{Zl}\\p{Zp}]",
            other in "[\\p{L}\\p{N}\\p{P}\\p{S}--\\p{Default_Ignorable_Code_Point}]"
        ) {
            prop_assert!(c.chars().all(is_unseen), "{:?}", c);
            prop_assert!(!other.chars().any(is_unseen), "{:?}", other);
        }
    }
}
