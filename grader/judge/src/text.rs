//! Texts that a learner's code prints or returns: when two are the same, and how they differ.

use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};

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

/// Whether something is so of a right text and the one that was seen.
type IsSo<'a> = &'a dyn Fn(&str, &str) -> bool;

/// In what all wrong texts of these pairs, right and seen, differ from the right ones, if that is easily overlooked or always
/// the same: in a short form and as a sentence.
pub(super) fn slip(pairs: &[(&str, &str)]) -> Option<(&'static str, String)> {
    let pairs: Vec<(String, String)> = pairs.iter().map(|(right, seen)| (tidy(right), tidy(seen))).collect();
    let wrong: Vec<&(String, String)> = pairs.iter().filter(|(right, seen)| right != seen).collect();
    let all = |is_so: IsSo<'_>| !wrong.is_empty() && wrong.iter().all(|(one, two)| is_so(one, two));
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let sorted = |mut lines: Vec<String>| {
        lines.sort();
        lines
    };
    let is_without_last =
        |all: &str, most: &str| lines(all).split_last().is_some_and(|(_, rest)| *rest == *lines(most));
    let is_without_first =
        |all: &str, most: &str| lines(all).split_first().is_some_and(|(_, rest)| *rest == *lines(most));
    let is_backwards = |right: &str, seen: &str| lines(right).iter().rev().eq(&lines(seen));
    let tests: [(&str, &str, IsSo<'_>); 8] = [
        ("only_blanks", "Apart from spaces and line breaks, the texts are the same.", &|right, seen| {
            without_blanks(right) == without_blanks(seen)
        }),
        ("only_case", "Only capital and small letters differ.", &|right, seen| {
            right.to_lowercase() == seen.to_lowercase()
        }),
        ("last_line_missing", "Only the last line is missing.", &|right, seen| is_without_last(right, seen)),
        ("first_line_missing", "Only the first line is missing.", &|right, seen| is_without_first(right, seen)),
        ("line_at_the_end", "There is one line too many at the end.", &|right, seen| is_without_last(seen, right)),
        ("line_at_the_start", "There is one line too many at the start.", &|right, seen| is_without_first(seen, right)),
        ("lines_backwards", "The lines are right, but in reverse order.", &is_backwards),
        ("line_order", "The lines are right, but in another order.", &|right, seen| {
            sorted(lines(right)) == sorted(lines(seen))
        }),
    ];
    let found = tests.iter().find(|(_, _, is_so)| all(is_so));
    found
        .map(|(id, says, _)| (*id, (*says).to_owned()))
        .or_else(|| slip_in_numbers(&wrong))
        .or_else(|| slip_in_lists(&wrong))
        .or_else(|| Some(("words", slip_in_words(&wrong)?)))
}

/// What is missing in all wrong texts, too much, or in another place, where all texts are lists with commas. Numbers in their
/// entries do not count. What exactly it is, is told of the first text.
fn slip_in_lists(wrong: &[&(String, String)]) -> Option<(&'static str, String)> {
    let slips: Vec<(Vec<&str>, String)> =
        wrong.iter().map(|(right, seen)| slip_in_list(right, seen)).collect::<Option<_>>()?;
    let (ways, says) = slips.first()?;
    let id = if ways.is_empty() { "list_order" } else { "list" };
    slips.iter().all(|(others, _)| others == ways).then(|| (id, says.clone()))
}

/// The same for one text: in which ways entries are missing or extra, none if only their order differs, and a sentence.
fn slip_in_list(right: &str, seen: &str) -> Option<(Vec<&'static str>, String)> {
    let (wanted, got) = (kinds(right)?, kinds(seen)?);
    if wanted.len().max(got.len()) < 2 || wanted == got {
        return None;
    }
    let sorted = |mut kinds: Vec<&str>| {
        kinds.sort_unstable();
        kinds.join(", ")
    };
    if wanted.len() == got.len() {
        // Of a few words, another order is chance.
        let is_reordered = sorted(wanted.clone()) == sorted(got) && each_once(&wanted).matches(", ").count() > 1;
        return is_reordered.then(|| (Vec::new(), "The entries of the list are in another order.".to_owned()));
    }
    let (mut shared, mut ways, mut differences) = (0, Vec::new(), Vec::new());
    for op in capture_diff_slices(Algorithm::Myers, &wanted, &got) {
        let (of_wanted, of_got) = (&wanted[op.old_range()], &got[op.new_range()]);
        let (kinds, way) = match op.tag() {
            DiffTag::Equal => {
                shared += of_wanted.len();
                continue;
            }
            DiffTag::Replace => return None,
            DiffTag::Delete => (of_wanted, "missing"),
            DiffTag::Insert if op.new_range().start == 0 => (of_got, "extra at the start"),
            DiffTag::Insert if op.new_range().end == got.len() => (of_got, "extra at the end"),
            DiffTag::Insert => (of_got, "extra"),
        };
        let difference = format!("`{}` is {way}", each_once(kinds));
        if !differences.contains(&difference) {
            differences.push(difference);
            ways.push(way);
        }
    }
    let is_told = differences.len() <= MAX_DIFFERENCES && 2 * shared >= wanted.len();
    is_told.then(|| (ways, format!("In your list {}.", differences.join(", and "))))
}

/// The entries of a text that may be a list: short, with commas between them, each up to its first number. None begins with
/// a number.
fn kinds(text: &str) -> Option<Vec<&str>> {
    let kind = |entry| -> Option<&str> {
        let kind = str::split(entry, |letter: char| letter.is_ascii_digit()).next()?.trim_end_matches([' ', '.', '-']);
        (!kind.is_empty() && entry.len() <= MAX_LETTERS && !entry.contains('\n')).then_some(kind)
    };
    text.split(", ").map(kind).collect()
}

fn each_once(kinds: &[&str]) -> String {
    let is_new = |(i, kind): &(usize, &&str)| !kinds[..*i].contains(*kind);
    kinds.iter().enumerate().filter(is_new).map(|(_, kind)| *kind).collect::<Vec<_>>().join(", ")
}

/// More differences of words are shown and not told.
const MAX_DIFFERENCES: usize = 2;

/// A difference is told if it is at most so many letters long.
const MAX_LETTERS: usize = 24;

/// The few words and signs that are missing, too many, or others in all wrong texts, if nothing else differs but spaces.
fn slip_in_words(wrong: &[&(String, String)]) -> Option<String> {
    let mut differences: Vec<String> = Vec::new();
    for (right, seen) in wrong {
        let (wanted, got) = (words(right), words(seen));
        let [of_wanted, of_got] =
            [&wanted, &got].map(|words| words.iter().map(|(_, word)| *word).collect::<Vec<&str>>());
        let mut shared = 0;
        for op in capture_diff_slices(Algorithm::Myers, &of_wanted, &of_got) {
            if op.tag() == DiffTag::Equal {
                shared += op.old_range().len();
                continue;
            }
            let wanted = passage(right, wanted.get(op.old_range())?);
            let got = passage(seen, got.get(op.new_range())?);
            let has_digits = |text: &str| text.contains(|letter: char| letter.is_ascii_digit());
            let is_long = |text: &str| text.len() > MAX_LETTERS || text.contains('\n');
            if is_long(wanted) || is_long(got) || has_digits(wanted) || has_digits(got) {
                return None;
            }
            let difference = match (wanted, got) {
                (wanted, "") => format!("`{wanted}` is missing"),
                ("", got) => format!("`{got}` is extra"),
                (wanted, got) => format!("`{got}` is where `{wanted}` belongs"),
            };
            if !differences.contains(&difference) {
                differences.push(difference);
            }
        }
        // Otherwise it is another text.
        if 2 * shared < wanted.len().max(got.len()) {
            return None;
        }
    }
    let is_told = (1..=MAX_DIFFERENCES).contains(&differences.len());
    is_told.then(|| format!("In your text {}.", differences.join(", and ")))
}

/// The words, numbers and signs of a text, each with the place where it begins.
fn words(text: &str) -> Vec<(usize, &str)> {
    let is_of_a_word = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '.';
    let mut words = Vec::new();
    let mut start = 0;
    while let Some(first) = text[start..].chars().next() {
        let length = match text[start..].find(|letter| !is_of_a_word(letter)) {
            Some(0) => first.len_utf8(),
            Some(length) => length,
            None => text.len() - start,
        };
        if !first.is_whitespace() {
            words.push((start, &text[start..start + length]));
        }
        start += length;
    }
    words
}

/// What a text has from the first to the last of these words.
fn passage<'a>(text: &'a str, words: &[(usize, &str)]) -> &'a str {
    match (words.first(), words.last()) {
        (Some((start, _)), Some((last, word))) => &text[*start..last + word.len()],
        _ => "",
    }
}

/// The same, where the texts are the same but for numbers.
fn slip_in_numbers(wrong: &[&(String, String)]) -> Option<(&'static str, String)> {
    let mut differing: Vec<(Number, Number)> = Vec::new();
    for (right, seen) in wrong {
        let ((right, rights), (seen, seens)) = (apart(right), apart(seen));
        if right != seen || rights.len() != seens.len() {
            return None;
        }
        differing.extend(rights.into_iter().zip(seens).filter(|(right, seen)| right.text != seen.text));
    }
    let (right, seen) = differing.first()?;
    let example = format!("`{}` instead of `{}`", seen.text, right.text);
    let all = |is_so: &dyn Fn(&Number, &Number) -> bool| differing.iter().all(|(right, seen)| is_so(right, seen));
    // Half a unit of the last decimal.
    let off = |number: &Number| 0.5 * 10_f64.powi(-(number.decimals as i32)) * 1.000_001;
    let is_only = wrong.iter().all(|(right, seen)| are_spaced_alike(right, seen));
    if is_only
        && all(&|right, seen| {
            let coarser = if right.decimals < seen.decimals { right } else { seen };
            right.decimals != seen.decimals && (right.value - seen.value).abs() <= off(coarser)
        })
    {
        return Some(("decimals", format!("Only the number of decimals differs: {example}.")));
    }
    if is_only && all(&|right, seen| right.value == -seen.value) {
        return Some(("sign", format!("Only the sign of a number differs: {example}.")));
    }
    let is_more = |by: f64| move |right: &Number, seen: &Number| right.decimals == 0 && seen.value - right.value == by;
    for (by, id, what) in [(1.0, "one_more", "large"), (-1.0, "one_less", "small")] {
        if differing.len() > 1 && all(&is_more(by)) {
            return Some((id, format!("All numbers that differ are too {what} by 1.")));
        }
    }
    let is_times = |factor: f64| {
        move |right: &Number, seen: &Number| {
            let unsure = off(seen) + factor * off(right);
            (seen.value - factor * right.value).abs() <= unsure && unsure < 0.02 * seen.value.abs()
        }
    };
    for (factor, id, what) in [(0.01, "a_hundredth", "small"), (100.0, "hundredfold", "large")] {
        if all(&is_times(factor)) {
            return Some((id, format!("The numbers that differ are 100 times too {what}.")));
        }
    }
    None
}

/// Whether two texts have the same blanks around their numbers, or the same widths.
fn are_spaced_alike(right: &str, seen: &str) -> bool {
    let frame = |line: &str| {
        let mut frame = String::new();
        for letter in line.chars() {
            match letter {
                '0'..='9' | '.' | '-' if frame.ends_with('0') => {}
                '0'..='9' | '-' => frame.push('0'),
                letter => frame.push(letter),
            }
        }
        frame
    };
    let is_alike =
        |(right, seen): (&str, &str)| right.chars().count() == seen.chars().count() || frame(right) == frame(seen);
    right.lines().zip(seen.lines()).all(is_alike)
}

/// A number as it stands in a text.
struct Number {
    text: String,
    value: f64,
    decimals: usize,
}

/// What is left of a text without its blanks and numbers, and the numbers. A minus belongs to a number after a blank.
fn apart(text: &str) -> (String, Vec<Number>) {
    let (mut rest, mut numbers) = (String::new(), Vec::new());
    for word in text.split_whitespace() {
        let mut left = word;
        while let Some(start) = left.find(|letter: char| letter.is_ascii_digit()) {
            let start = if start == 1 && left.len() == word.len() && word.starts_with('-') { 0 } else { start };
            let is_part = |(at, letter): &(usize, char)| {
                letter.is_ascii_digit() || *letter == '.' || (*at == 0 && *letter == '-')
            };
            let length = left[start..].char_indices().take_while(is_part).count();
            let (number, behind) = left[start..].split_at(length);
            rest += &left[..start];
            rest.push('0');
            match number.trim_end_matches('.').parse() {
                Ok(value) => {
                    let decimals = number.split_once('.').map_or(0, |(_, decimals)| decimals.len());
                    numbers.push(Number { text: number.to_owned(), value, decimals });
                }
                // As a version number.
                Err(_) => rest += number,
            }
            left = behind;
        }
        rest += left;
    }
    (rest, numbers)
}

fn without_blanks(text: &str) -> String {
    text.split_whitespace().collect()
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
    fn entries_of_a_list_are_missing_or_extra_whatever_their_numbers_are() {
        let (one, two) =
            ("Linear 3 -> 2, ReLU, Dropout 0.5, Linear 2 -> 4", "Linear 5 -> 2, Tanh, Dropout 0.2, Linear 2 -> 1");
        let says = |of_one: &str, of_two: &str| slip(&[(one, of_one), (two, of_two)]).map(|(_, says)| says);
        let both = |change: fn(&str) -> String| says(&change(one), &change(two)).unwrap_or_default();
        assert_eq!(both(|list| format!("Dropout 0.7, {list}")), "In your list `Dropout` is extra at the start.");
        assert_eq!(
            both(|list| format!("{list}, ReLU, Dropout 0.7")),
            "In your list `ReLU, Dropout` is extra at the end."
        );
        // What depends on the case is told of the first one, and other numbers do not matter.
        let missing = says("Linear 3 -> 2, Dropout 0.5, Linear 9 -> 4", "Linear 5 -> 2, Dropout 0.2, Linear 2 -> 1");
        assert_eq!(missing.unwrap_or_default(), "In your list `ReLU` is missing.");
        let swapped = both(|list| list.rsplit(", ").collect::<Vec<_>>().join(", "));
        assert_eq!(swapped, "The entries of the list are in another order.");
        assert_eq!(slip(&[("yes, no, no, yes, yes", "no, yes, yes, no, yes")]), None);
        assert_ne!(slip(&[("no, no, yes, yes, no", "no, no, yes, no, no")]).map(|(id, _)| id), Some("list"));
        let in_two_ways = slip(&[(one, &format!("{one}, ReLU")), (two, &format!("ReLU, {two}"))]);
        assert_ne!(in_two_ways.map(|(id, _)| id), Some("list"));
        assert_eq!(slip(&[(one, &one.replace("3 -> 2", "2 -> 3"))]), None);
        assert_eq!(slip(&[("1, 2, 3", "1, 2, 3, 4")]), None);
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
    fn what_all_wrong_texts_differ_in_is_told() {
        let log = "epoch 1: loss 1.2500\nepoch 2: loss 1.0000\nimprovement: 20.0000 %\n";
        let id = |seen: &str| slip(&[(log, seen), ("the same", "the same")]).map(|(id, _)| id);
        assert_eq!(id(log), None);
        assert_eq!(id(&log.replace(" %", "%")), Some("only_blanks"));
        assert_eq!(id(&log.replace("epoch", "Epoch")), Some("only_case"));
        assert_eq!(id("epoch 1: loss 1.2500\nepoch 2: loss 1.0000"), Some("last_line_missing"));
        assert_eq!(id(&format!("{log}end")), Some("line_at_the_end"));
        assert_eq!(id(&format!("losses\n{log}")), Some("line_at_the_start"));
        assert_eq!(id("improvement: 20.0000 %\nepoch 2: loss 1.0000\nepoch 1: loss 1.2500"), Some("lines_backwards"));
        assert_eq!(id("epoch 2: loss 1.0000\nepoch 1: loss 1.2500\nimprovement: 20.0000 %"), Some("line_order"));
        assert_eq!(id(&log.replace("00 %", " %")), Some("decimals"));
        assert_eq!(id(&log.replace("00 %", "%")), None);
        assert_eq!(id(&log.replace("loss 1.2500", "loss 1.25").replace("loss 1.0000", "loss 1")), Some("decimals"));
        assert_eq!(id(&log.replace(" 20", " -20")), Some("sign"));
        assert_eq!(id(&log.replace("2:", "1:").replace("epoch 1: loss 1.2", "epoch 0: loss 1.2")), Some("one_less"));
        assert_eq!(id(&log.replace("20.0000", "0.2000")), Some("a_hundredth"));
        // Other numbers, and different slips in two texts are none of these.
        assert_eq!(id(&log.replace("20.0000", "25.0000")), None);
        assert_eq!(slip(&[("a 1.50", "a 1.5"), ("a 2", "A 2")]), None);
    }

    #[test]
    fn words_and_signs_that_differ_are_told() {
        let layers =
            "layer 1: 6 -> 5, relu, 35 parameters\nlayer 2: 5 -> 3, linear, 18 parameters\ntotal: 53 parameters\n";
        let says = |seen: &str| slip(&[(layers, seen)]).map(|(_, says)| says);
        let told = |from: &str, to: &str| says(&layers.replace(from, to)).expect("something is said");
        assert_eq!(told("->", "-"), "In your text `>` is missing.");
        assert_eq!(told("->", "→"), "In your text `→` is where `->` belongs.");
        assert_eq!(told(" parameters", ""), "In your text `parameters` is missing.");
        assert_eq!(told("relu", "ReLU (f)"), "In your text `ReLU (f)` is where `relu` belongs.");
        assert_eq!(told("3,", "3,,"), "In your text `,` is extra.");
        assert_eq!(
            says(&layers.replace("total", "sum").replace("layer", "layer no.")).unwrap(),
            "In your text `no.` is extra, and `sum` is where `total` belongs."
        );
        // Numbers, more than a few words, and whole lines are shown and not told.
        assert_eq!(says(&layers.replace("5 ->", "7 ->").replace("layer", "Layer")), None);
        assert_eq!(
            says("one 6 two 5 three 35 four\nlayer 2: 5 -> 3, linear, 18 parameters\ntotal: 53 parameters\n"),
            None
        );
        assert_eq!(says("layer 1: 6 -> 5, relu, 35 parameters\ntotal: 53 parameters\n"), None);
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
