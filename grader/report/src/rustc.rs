//! What rustc says, made to be read: types under the names that the course uses, and lines that fit a narrow screen.

use std::ops::Range;

use textwrap::core::display_width;

/// `text` with ndarray's types under their short names: `Array2<f64>` for `ArrayBase<OwnedRepr<f64>, Dim<[usize; 2]>, f64>`.
/// Lines of source stay as they are.
pub fn with_short_types(text: &str) -> String {
    let lines = text.split('\n').map(|line| match Part::of(&plain(line)) {
        Part::Source(_) => line.to_owned(),
        _ => shortened(line),
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn shortened(line: &str) -> String {
    let text = plain(line);
    let mut types: Vec<(Range<usize>, String)> = Vec::new();
    for name in ["ArrayBase<", "ArrayRef<"] {
        for (start, _) in text.match_indices(name) {
            if let Some((arguments, end)) = arguments(&text, start + name.len())
                && let Some(short) = short_name(name, &arguments)
            {
                types.push((start..end, short));
            }
        }
    }
    types.sort_by_key(|(range, _)| range.start);
    let mut result = String::new();
    let mut position = 0;
    for piece in pieces(line) {
        let Piece::Text(character) = piece else {
            result += piece.as_str();
            continue;
        };
        match types.iter().find(|(range, _)| range.contains(&position)) {
            Some((range, short)) if range.start == position => result += short,
            Some(_) => {}
            None => result += character,
        }
        position += character.len();
    }
    result
}

/// The arguments of a type, from behind its `<` on, and where its `>` ends.
fn arguments(text: &str, start: usize) -> Option<(Vec<&str>, usize)> {
    let (mut depth, mut from, mut found) = (0, start, Vec::new());
    for (at, character) in text[start..].char_indices().map(|(at, character)| (start + at, character)) {
        match character {
            '<' | '[' | '(' => depth += 1,
            ',' if depth == 0 => {
                found.push(text[from..at].trim());
                from = at + 1;
            }
            '>' if depth == 0 => {
                found.push(text[from..at].trim());
                return Some((found, at + 1));
            }
            '>' | ']' | ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn short_name(name: &str, arguments: &[&str]) -> Option<String> {
    let (dimension, storage) = (arguments.get(1)?, arguments[0]);
    let inner = |wrapper: &str| storage.strip_prefix(wrapper)?.strip_suffix('>');
    let (kind, element) = if name == "ArrayRef<" {
        ("ArrayRef", storage)
    } else if storage == "_" {
        ("Array", storage)
    } else if let Some(element) = inner("OwnedRepr<") {
        ("Array", element)
    } else if let Some(element) = inner("ViewRepr<&mut ") {
        ("ArrayViewMut", element)
    } else {
        ("ArrayView", inner("ViewRepr<&")?)
    };
    Some(match dimension.strip_prefix("Dim<[usize; ").and_then(|rest| rest.strip_suffix("]>")) {
        Some(axes) => format!("{kind}{axes}<{element}>"),
        None if *dimension == "Dim<IxDynImpl>" => format!("{kind}D<{element}>"),
        // rustc has left it out where both types have the same.
        None if *dimension == "..." => format!("{kind}<{element}, ...>"),
        None => return None,
    })
}

/// rustc's `text` within `width` columns. Sentences are wrapped; lines of source are cut, so that the markers below them
/// stay below what they mark.
pub(crate) fn fitted(text: &str, width: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let parts: Vec<Part> = lines.iter().map(|line| Part::of(&plain(line))).collect();
    let mut result = String::new();
    let mut shift = 0;
    for (index, (line, part)) in lines.iter().zip(&parts).enumerate() {
        match *part {
            Part::Source(gutter) => {
                let below = parts[index + 1..].iter().take_while(|part| matches!(part, Part::Marker(_))).count();
                let room = width.saturating_sub(gutter);
                shift = shift_for(&lines[index + 1..][..below], gutter, room);
                result += &window(line, gutter, shift, width, true);
            }
            Part::Marker(gutter) => result += &marker_line(line, gutter, shift, width),
            Part::Sentence => {
                shift = 0;
                let indent = " ".repeat((display_width(line) - display_width(line.trim_start())).min(width / 3) + 4);
                let options = textwrap::Options::new(width)
                    .subsequent_indent(&indent)
                    .word_splitter(textwrap::WordSplitter::NoHyphenation);
                result += &textwrap::fill(line, options);
            }
        }
        result.push('\n');
    }
    result
}

/// By how many columns a line of source has to move to the left, so that the markers below it can be seen.
fn shift_for(markers: &[&str], gutter: usize, room: usize) -> usize {
    let columns = |line: &&str| {
        let text: Vec<char> = plain(line).chars().skip(gutter).collect();
        let is_mark = |mark: &char| "^-~+_".contains(*mark);
        let from = text.iter().position(|mark| *mark == '^').or_else(|| text.iter().position(is_mark))?;
        let length = text[from..].iter().take_while(|mark| is_mark(mark)).count();
        Some(from..from + length)
    };
    let Some(first) = markers.iter().find_map(columns) else { return 0 };
    // One column more, for the `…` at the edge.
    let behind = (first.end + 1).saturating_sub(room);
    // Of a mark that is longer than the screen, the beginning.
    behind.min(first.start.saturating_sub(1))
}

/// A line of markers; a label that does not fit goes below them.
fn marker_line(line: &str, gutter: usize, shift: usize, width: usize) -> String {
    let text: Vec<char> = plain(line).chars().collect();
    let is_drawn = |character: &char| " |^-~+_".contains(*character);
    let drawn = text.iter().skip(gutter).take_while(|character| is_drawn(character)).count() + gutter;
    if text.len() <= width + shift {
        return window(line, gutter, shift.min(drawn.saturating_sub(gutter)), width, false);
    }
    let marks = text[..drawn].iter().collect::<String>().trim_end().chars().count();
    let mut result = String::new();
    if marks > gutter {
        result = window(line, gutter, shift, width.min(marks.saturating_sub(shift).max(gutter)), false) + "\n";
    }
    let edge: String = text[..gutter.min(text.len())].iter().collect();
    let label: String = text[drawn..].iter().collect();
    let options = textwrap::Options::new(width).initial_indent(&edge).subsequent_indent(&edge);
    result + &textwrap::fill(&label, options.word_splitter(textwrap::WordSplitter::NoHyphenation))
}

/// A line without the `shift` columns behind its gutter and without what is beyond `width`; `…` stands where it was `cut`.
fn window(line: &str, gutter: usize, shift: usize, width: usize, cut: bool) -> String {
    let total = display_width(line);
    let is_long = cut && total > width + shift;
    let (mut result, mut column) = (String::new(), 0);
    for piece in pieces(line) {
        let Piece::Text(character) = piece else {
            result += piece.as_str();
            continue;
        };
        let shown = column < gutter || column >= gutter + shift;
        let at = if column < gutter { column } else { column.saturating_sub(shift) };
        if shown && at < width {
            let is_edge = (cut && shift > 0 && column == gutter + shift) || (is_long && at + 1 == width);
            result += if is_edge { "…" } else { character };
        }
        column += display_width(character);
    }
    result
}

/// What a line of rustc's is, with the width of its gutter.
#[derive(Clone, Copy)]
enum Part {
    Source(usize),
    Marker(usize),
    Sentence,
}

impl Part {
    fn of(line: &str) -> Self {
        let number = line.trim_start();
        let rest = number.trim_start_matches(|digit: char| digit.is_ascii_digit());
        let has_number = rest.len() < number.len();
        match rest.trim_start_matches(' ').strip_prefix('|') {
            Some(_) => {
                let gutter = line.len() - rest.trim_start_matches(' ').len() + 2;
                if has_number { Self::Source(gutter) } else { Self::Marker(gutter) }
            }
            None => Self::Sentence,
        }
    }
}

/// A part of a line: a character, or an escape sequence that sets its style.
enum Piece<'a> {
    Style(&'a str),
    Text(&'a str),
}

impl<'a> Piece<'a> {
    fn as_str(&self) -> &'a str {
        match self {
            Self::Style(text) | Self::Text(text) => text,
        }
    }
}

fn pieces(line: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let style = rest.strip_prefix("\x1b[").and_then(|style| style.find('m')).map(|end| end + 3);
        let (piece, after) = rest.split_at(style.unwrap_or(first.len_utf8()));
        rest = after;
        Some(if style.is_some() { Piece::Style(piece) } else { Piece::Text(piece) })
    })
}

fn plain(line: &str) -> String {
    pieces(line).filter(|piece| matches!(piece, Piece::Text(_))).map(|piece| piece.as_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_have_the_names_that_the_course_uses() {
        for (long, short) in [
            ("expected `ArrayBase<OwnedRepr<f64>, Dim<[usize; 2]>, f64>` because", "expected `Array2<f64>` because"),
            ("ArrayBase<OwnedRepr<f64>, Dim<[usize; 2]>>", "Array2<f64>"),
            ("multiply `ArrayBase<ViewRepr<&f64>, Dim<[usize; 1]>, f64>` by", "multiply `ArrayView1<f64>` by"),
            ("ArrayBase<ViewRepr<&mut f64>, Dim<[usize; 1]>, f64>", "ArrayViewMut1<f64>"),
            ("found `&ArrayRef<f64, Dim<[usize; 2]>>`", "found `&ArrayRef2<f64>`"),
            ("`ArrayBase<OwnedRepr<f64>, ..., f64>`", "`Array<f64, ...>`"),
            ("ArrayBase<OwnedRepr<(usize, f64)>, Dim<IxDynImpl>, (usize, f64)>", "ArrayD<(usize, f64)>"),
            (
                "<f64 as Mul<&ArrayBase<OwnedRepr<f64>, Dim<[usize; 1]>, f64>>>::Output",
                "<f64 as Mul<&Array1<f64>>>::Output",
            ),
            // What is not understood stays.
            ("ArrayBase<S, D>", "ArrayBase<S, D>"),
            ("ArrayBase<OwnedRepr<f64", "ArrayBase<OwnedRepr<f64"),
            // The part that differs is coloured.
            ("`ArrayBase<_, Dim<\x1b[35m[usize; 2]\x1b[0m>, _>` \x1b[1mx", "`Array2<_>\x1b[35m\x1b[0m` \x1b[1mx"),
            // A line of the learner's.
            ("7 | let a: ArrayRef<f64, Dim<[usize; 2]>>", "7 | let a: ArrayRef<f64, Dim<[usize; 2]>>"),
        ] {
            assert_eq!(with_short_types(long), short);
        }
    }

    const MISMATCH: &str = "\
error[E0308]: mismatched types
  --> src/lib.rs:224:5
    |
220 | pub fn with_a_long_signature(first: &ArrayRef2<f64>, second: &ArrayRef1<f64>, third: &ArrayRef1<f64>) -> Array1<f64> {
    |                                                                                                          ----------- expected `Array1<f64>` because of return type
...
224 |     first.clone()
    |     ^^^^^^^^^^^^^ expected `Array<f64, ...>`, found `&ArrayRef2<f64>`
    |
    = note: expected struct `Array1<f64>`
            found reference `&ArrayRef2<f64>`
";

    #[test]
    fn markers_stay_below_what_they_mark_at_every_width() {
        for width in 30..150 {
            let fitted = fitted(MISMATCH, width);
            assert!(fitted.lines().all(|line| display_width(line) <= width), "{width}\n{fitted}");
            let lines: Vec<&str> = fitted.lines().collect();
            let below = |start: &str, mark: &str| {
                let at = lines.iter().position(|line| line.starts_with(start)).unwrap();
                let column = lines[at + 1].chars().position(|it| mark.contains(it)).unwrap();
                lines[at].chars().skip(column).collect::<String>()
            };
            assert!(below("220", "-").starts_with("Array1<f64>"), "{width}\n{fitted}");
            assert!(below("224", "^").starts_with("first.clone()"), "{width}\n{fitted}");
            let words: Vec<&str> = fitted.split_whitespace().filter(|word| *word != "|").collect();
            let words = words.join(" ");
            for said in ["expected `Array1<f64>` because of return type", "found `&ArrayRef2<f64>`"] {
                assert!(words.contains(said), "{width}\n{fitted}");
            }
        }
        assert_eq!(fitted(MISMATCH, 200), MISMATCH, "where there is room, nothing changes");
    }

    #[test]
    fn a_long_line_is_cut_where_nothing_is_marked() {
        let fitted = fitted(MISMATCH, 40);
        assert!(fitted.contains("220 | …{") || fitted.contains("220 | …"), "{fitted}");
        assert_eq!(fitted.lines().nth(3).unwrap().chars().count(), 40, "{fitted}");
    }

    #[test]
    fn styles_take_no_room_and_none_is_lost() {
        let line = "\x1b[1m\x1b[94m12\x1b[0m \x1b[94m|\x1b[0m a line of source that is too long for this screen\x1b[0m";
        let cut = fitted(line, 20);
        assert_eq!(plain(cut.trim_end()), "12 | a line of sour…");
        assert_eq!(cut.matches('\x1b').count(), line.matches('\x1b').count());
    }
}
