//! Texts that a learner's code prints or returns: when two are the same, and how they differ.

use similar::{ChangeTag, TextDiff};

/// The text in a `.snap` file, which begins with a header of insta's between two lines `---`.
pub(super) fn snapshot_body(snap: &str) -> &str {
    let rest = snap.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    rest.map_or(snap, |(_header, body)| body).trim_end_matches('\n')
}

/// Whether two texts are the same, up to blanks at the ends of lines, and up to one unit in the last digit of a number
/// with a fraction: two right ways to compute it may round differently.
pub(super) fn same(expected: &str, observed: &str) -> bool {
    let (expected, observed) = (tidy(expected), tidy(observed));
    let (expected, observed) = (pieces(&expected), pieces(&observed));
    expected.len() == observed.len()
        && expected.iter().zip(&observed).all(|(one, other)| one == other || close(one, other))
}

/// The line in which two texts differ first, counted from 1, with both versions of it.
pub(super) fn first_difference(expected: &str, observed: &str) -> Option<(usize, String, String)> {
    let (expected, observed) = (tidy(expected), tidy(observed));
    let (mut wanted, mut got) = (expected.lines(), observed.lines());
    for number in 1.. {
        match (wanted.next(), got.next()) {
            (None, None) => break,
            (wanted, got) if wanted.is_some() && got.is_some() && same(wanted?, got?) => {}
            (wanted, got) => {
                let quoted = |line: Option<&str>| line.map_or("no line".to_owned(), |line| format!("`{line}`"));
                return Some((number, quoted(wanted), quoted(got)));
            }
        }
    }
    None
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

/// The text cut into numbers and what stands between them.
fn pieces(text: &str) -> Vec<&str> {
    let in_number = |c: char| c.is_ascii_digit() || c == '.';
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let number = in_number(first);
        let end = rest.find(|c: char| in_number(c) != number).unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// Whether both are numbers with equally many decimals that differ by one unit of the last of them.
fn close(one: &str, other: &str) -> bool {
    let decimals = |text: &str| text.split_once('.').map(|(_, fraction)| fraction.len());
    let (Some(places), Some(same_places)) = (decimals(one), decimals(other)) else { return false };
    let (Ok(one), Ok(other)) = (one.parse::<f64>(), other.parse::<f64>()) else { return false };
    let unit = 10_f64.powi(-i32::try_from(places).unwrap_or(i32::MAX));
    places == same_places && (one - other).abs() < 1.5 * unit
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
    fn blanks_at_line_ends_and_the_last_digit_do_not_matter() {
        assert!(same("loss 1.0986\nend", "loss 1.0986  \r\nend\n\n"));
        assert!(same("loss 1.0986", "loss 1.0987"));
        assert!(!same("loss 1.0986", "loss 1.0988"));
        assert!(!same("loss 1.0986", "loss 1.099"));
        assert!(!same("epoch 3", "epoch 4"));
        assert!(!same("loss 1.0", "Loss 1.0"));
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
