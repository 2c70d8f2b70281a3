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

/// More lines of a text are not shown beside each other.
const MAX_LINES: usize = 12;

/// Both texts, or of longer ones the lines around the first difference.
pub(super) fn around_the_difference(expected: &str, observed: &str) -> (String, String) {
    let (wanted, got): (Vec<&str>, Vec<&str>) = (expected.lines().collect(), observed.lines().collect());
    if wanted.len().max(got.len()) <= MAX_LINES {
        return (expected.to_owned(), observed.to_owned());
    }
    let first = wanted.iter().zip(&got).take_while(|(wanted, got)| wanted == got).count();
    let start = first.saturating_sub(2);
    let shown = |lines: &[&str]| {
        let end = (start + MAX_LINES / 2).min(lines.len());
        let mut shown: Vec<String> = lines[start.min(end)..end].iter().map(|line| (*line).to_owned()).collect();
        if start > 0 {
            shown.insert(0, format!("… from line {} on:", start + 1));
        }
        shown.push(format!("… {} lines in all", lines.len()));
        shown.join("\n")
    };
    (shown(&wanted), shown(&got))
}

/// Lines that both texts have are shown this far from a difference.
const CONTEXT: usize = 3;

/// Both texts, line by line: `-` before what was observed, `+` before what is expected, two blanks before the rest. Far
/// from every difference, lines are left out.
pub(super) fn diff(expected: &str, observed: &str) -> String {
    let (expected, observed) = (tidy(expected) + "\n", tidy(observed) + "\n");
    let lines = TextDiff::from_lines(&observed, &expected);
    let (mut shown, mut next) = (String::new(), 0);
    for group in lines.grouped_ops(CONTEXT) {
        if group.first().is_some_and(|op| op.old_range().start > next) {
            shown += "  …\n";
        }
        for change in group.iter().flat_map(|op| lines.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => "- ",
                ChangeTag::Insert => "+ ",
                ChangeTag::Equal => "  ",
            };
            shown += &format!("{sign}{}", change.value());
        }
        next = group.last().map_or(next, |op| op.old_range().end);
    }
    if next < observed.lines().count() {
        shown += "  …\n";
    }
    shown
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

    #[test]
    fn a_diff_leaves_out_what_is_far_from_every_difference() {
        let text = |middle: &str| format!("1\n2\n3\n4\n5\n{middle}\n7\n8\n9\n10\n11");
        let shown = diff(&text("six"), &text("6"));
        assert_eq!(shown, "  …\n  3\n  4\n  5\n- 6\n+ six\n  7\n  8\n  9\n  …\n");
    }
}
