//! Whose submission a file is, as the systems that students hand in to name them.

use crate::record::Who;

/// What a name says.
#[derive(Debug, PartialEq)]
pub(super) struct Name {
    pub(super) who: Who,
    /// The name that the student gave the file; empty where it is a folder for one student.
    pub(super) file: String,
    /// Canvas marks what came late, and does not say how late.
    pub(super) is_late: bool,
}

/// What the name of a file or folder in a bulk download says.
pub(super) fn read(name: &str) -> Name {
    moodle(name).or_else(|| canvas(name)).unwrap_or_else(|| plain(name))
}

/// `Jane Doe_12345_assignsubmission_file_`, a folder or the beginning of a file's name; other kinds than `file` hold no code.
fn moodle(name: &str) -> Option<Name> {
    let (before, after) = name.split_once("_assignsubmission_")?;
    let (full_name, participant) = before.rsplit_once('_')?;
    is_number(participant).then(|| Name {
        who: Who { key: full_name.to_owned(), ids: vec![format!("Participant {participant}"), participant.to_owned()] },
        file: after.split_once('_').map_or("", |(_, file)| file).to_owned(),
        is_late: false,
    })
}

/// `doejane_12345_67890_lib.rs`, or `doejane_LATE_12345_67890_lib.rs`: name, the student's number, the file's number.
fn canvas(name: &str) -> Option<Name> {
    let (student, rest) = name.split_once('_')?;
    let (is_late, rest) = rest.strip_prefix("LATE_").map_or((false, rest), |rest| (true, rest));
    let (number, rest) = rest.split_once('_')?;
    let (file_number, file) = rest.split_once('_')?;
    let is_canvas = is_number(number) && is_number(file_number) && !student.is_empty() && !file.is_empty();
    is_canvas.then(|| Name {
        who: Who { key: format!("{student} {number}"), ids: vec![number.to_owned(), student.to_owned()] },
        file: without_count(file),
        is_late,
    })
}

/// A folder or an archive that is called as its student is.
fn plain(name: &str) -> Name {
    let key = ENDINGS.iter().find_map(|ending| strip_ending(name, ending)).unwrap_or(name);
    let is_source = name.to_lowercase().ends_with(".rs");
    let file = if is_source { name.to_owned() } else { String::new() };
    Name { who: Who { key: key.to_owned(), ids: Vec::new() }, file, is_late: false }
}

/// What is no part of a student's name.
const ENDINGS: [&str; 9] = [".tar.gz", ".tar.bz2", ".tar.xz", ".tgz", ".tar", ".zip", ".bundle", ".git", ".rs"];

pub(super) fn strip_ending<'a>(name: &'a str, ending: &str) -> Option<&'a str> {
    let at = name.len().checked_sub(ending.len())?;
    let is_it = name.is_char_boundary(at) && name[at..].eq_ignore_ascii_case(ending);
    is_it.then(|| &name[..at])
}

/// `lib-2.rs` is what Canvas makes of `lib.rs` when it is handed in again.
fn without_count(file: &str) -> String {
    let counted = file.rsplit_once('.').and_then(|(stem, ending)| {
        let (stem, count) = stem.rsplit_once('-')?;
        is_number(count).then(|| format!("{stem}.{ending}"))
    });
    counted.unwrap_or_else(|| file.to_owned())
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Fuzzing: every name names somebody.
        #[test]
        fn any_name_can_be_read(name in "\\PC{0,40}|[a-zü_0-9.-]{0,40}|[a-z]{1,3}(_LATE)?_[0-9]{0,3}_[0-9]{0,3}_.{0,9}") {
            let read = read(&name);
            proptest::prop_assert!(read.who.key.len() <= name.len() + 1);
        }
    }

    #[test]
    fn bulk_downloads_name_their_students() {
        let said = |name: &str| {
            let Name { who: Who { key, ids }, file, is_late } = read(name);
            (key, ids.join(","), file, is_late)
        };
        let is = |name: &str, key: &str, ids: &str, file: &str, is_late: bool| {
            assert_eq!(said(name), (key.to_owned(), ids.to_owned(), file.to_owned(), is_late), "{name}");
        };
        is("Jane Doe_12345_assignsubmission_file_", "Jane Doe", "Participant 12345,12345", "", false);
        is("Jo_e_7_assignsubmission_file_a b.zip", "Jo_e", "Participant 7,7", "a b.zip", false);
        is("doejane_12345_67890_lib.rs", "doejane 12345", "12345,doejane", "lib.rs", false);
        is("doejane_LATE_12345_67890_04_mae-2.zip", "doejane 12345", "12345,doejane", "04_mae.zip", true);
        is("jane_doe", "jane_doe", "", "", false);
        is("jane.doe.tar.gz", "jane.doe", "", "", false);
        is("Jane Doe.ZIP", "Jane Doe", "", "", false);
        is("jane.rs", "jane", "", "jane.rs", false);
        is("ü_1_2_", "ü_1_2_", "", "", false);
    }
}
