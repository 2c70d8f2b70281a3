//! Texts that a learner's code prints or returns: when two are the same, and how they differ.

use similar::{ChangeTag, TextDiff};

/// The text in a `.snap` file, which begins with a header of insta's between two lines `---`.
pub(super) fn snapshot_body(snap: &str) -> &str {
    let rest = snap.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    rest.map_or(snap, |(_header, body)| body).trim_end_matches('\n')
}

/// Whether two texts are the same up to blanks at the ends of their lines.
pub(super) fn same(expected: &str, observed: &str) -> bool {
    tidy(expected) == tidy(observed)
}

/// The line in which two texts differ first, counted from 1, with both versions of it.
pub(super) fn first_difference(expected: &str, observed: &str) -> Option<(usize, String, String)> {
    let (expected, observed) = (tidy(expected), tidy(observed));
    let (mut wanted, mut got) = (expected.lines(), observed.lines());
    for number in 1.. {
        let (wanted, got) = (wanted.next(), got.next());
        if wanted != got {
            let quoted =
                |line: Option<&str>| line.map_or("no line".to_owned(), |line| format!("`{}`", shortened(line)));
            return Some((number, quoted(wanted), quoted(got)));
        }
        if wanted.is_none() {
            break;
        }
    }
    None
}

/// The beginning of a line that is longer than a line should be.
fn shortened(line: &str) -> String {
    match line.char_indices().nth(80) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Both texts, line by line: `-` before what was observed, `+` before what is expected, two blanks before the rest.
pub(super) fn diff(expected: &str, observed: &str) -> String {
    let (expected, observed) = (tidy(expected) + "\n", tidy(observed) + "\n");
    TextDiff::from_lines(&observed, &expected)
        .iter_all_changes()
        .map(|change| {
            let sign = match change.tag() {
                ChangeTag::Delete => "- ",
                ChangeTag::Insert => "+ ",
                ChangeTag::Equal => "  ",
            };
            format!("{sign}{}", change.value())
        })
        .collect()
}

/// The text without blanks at the ends of its lines and without empty lines at its end.
fn tidy(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_of_a_snapshot_is_no_text() {
        assert_eq!(snapshot_body("---\nsource: a.rs\nexpression: text\n---\nfirst\nsecond\n"), "first\nsecond");
        assert_eq!(snapshot_body("no header\n"), "no header");
    }

    #[test]
    fn blanks_at_line_ends_do_not_matter() {
        assert!(same("loss 1.0986\nend", "loss 1.0986  \r\nend\n\n"));
        assert!(!same("loss 1.0986", "loss 1.0987"));
        assert!(!same("loss 1.0", "  loss 1.0"));
    }

    #[test]
    fn the_first_differing_line_is_found() {
        let (number, wanted, got) = first_difference("a\nb 0.5\nc", "a\nb 0.7\nc").unwrap();
        assert_eq!((number, wanted.as_str(), got.as_str()), (2, "`b 0.5`", "`b 0.7`"));
        let (number, _, got) = first_difference("a\nb", "a").unwrap();
        assert_eq!((number, got.as_str()), (2, "no line"));
        assert_eq!(first_difference("a", "a\n"), None);
    }

    #[test]
    fn a_diff_marks_both_sides() {
        assert_eq!(diff("a\nb\nc", "a\nx\nc"), "  a\n- x\n+ b\n  c\n");
    }
}
