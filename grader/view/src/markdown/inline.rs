//! Text that flows: pieces in styles, broken into lines at blanks.

use std::{mem::take, rc::Rc};

use anstyle::{Effects, Style};
use textwrap::{
    core::{Fragment, display_width},
    wrap_algorithms::wrap_first_fit,
};

use report::{screen::link, style::paint};

/// A formula that is no longer than this is not broken.
const SHORT: usize = 24;

/// A blank at which no line is broken.
pub(super) const NO_BREAK: &str = "\u{a0}";

/// Text in one style. A newline in it begins a new line.
#[derive(Clone, Debug)]
pub(super) struct Span {
    text: String,
    style: Style,
    /// Where it leads, if that can be followed.
    url: Option<Rc<str>>,
}

impl Span {
    pub(super) fn new(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style, url: None }
    }

    /// Other text in the same style.
    fn with_text(&self, text: impl Into<String>) -> Self {
        Self { text: text.into(), ..self.clone() }
    }

    pub(super) fn lead_to(&mut self, url: &str) {
        self.url = Some(url.into());
        self.style = self.style.underline();
    }

    pub(super) fn add(&mut self, effects: Effects) {
        self.style |= effects;
    }

    fn looks_like(&self, other: &Self) -> bool {
        self.style == other.style && self.url == other.url
    }
}

/// The text without its styles.
pub(super) fn plain(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// `text` with its short formulas tied together: `w = [0, 1]` stays in one piece. A longer formula may be broken behind
/// `+` and `-`.
pub(super) fn tied(text: &str) -> String {
    let text = with_tied_lists(text);
    let words: Vec<&str> = text.split(' ').collect();
    let operates = |at: usize| words.get(at).is_some_and(|word| is_operator(word));
    let mut tied = String::new();
    // A formula goes on as long as one of two neighbours is an operator.
    let mut formula_end = 0;
    let mut is_short = true;
    for (at, word) in words.iter().enumerate() {
        tied += word;
        if at >= formula_end {
            formula_end = (at..words.len()).find(|&at| !operates(at) && !operates(at + 1)).unwrap_or(words.len());
            let formula = words[at..words.len().min(formula_end + 1)].join(" ");
            is_short = display_width(&formula) <= SHORT;
        }
        if at + 1 < words.len() {
            let joins = operates(at) || operates(at + 1);
            let may_break = !is_short && matches!(*word, "+" | "-" | "→");
            tied += if joins && !may_break { NO_BREAK } else { " " };
        }
    }
    tied
}

fn is_operator(word: &str) -> bool {
    matches!(word, "=" | "≈" | "<" | ">" | "≤" | "≥" | "+" | "-" | "·" | "∘" | "/" | "→")
}

fn with_tied_lists(text: &str) -> String {
    let mut tied = String::new();
    let mut list_end = 0;
    for (at, character) in text.char_indices() {
        if matches!(character, '(' | '[') && at >= list_end {
            list_end = at + list_length(&text[at..]);
        }
        match character {
            ' ' if at < list_end => tied += NO_BREAK,
            _ => tied.push(character),
        }
    }
    tied
}

/// How long the list is that `text` begins with: brackets with blanks behind commas only. 0 if there is no short one.
fn list_length(text: &str) -> usize {
    let mut depth = 0;
    for (at, character) in text.char_indices().take(SHORT) {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ' ' if !text[..at].ends_with(',') => return 0,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    0
}

/// What stands between two blanks; it may change its style on the way.
#[derive(Clone, Debug, Default)]
struct Word {
    spans: Vec<Span>,
    width: usize,
    /// How many blanks follow: none where a word is too long for a line and has been broken.
    blanks: usize,
}

impl Word {
    fn push(&mut self, span: Span) {
        self.width += display_width(&span.text);
        self.spans.push(span);
    }

    /// Parts that are no wider than a line: broken at blanks that it would rather keep, else behind what parts a path or
    /// a name, else anywhere.
    fn broken(self, width: usize) -> Vec<Self> {
        if self.width <= width {
            return vec![self];
        }
        let mut parts: Vec<Self> = Vec::new();
        let mut part = Self::default();
        let characters = self.spans.iter().flat_map(|span| span.text.chars().map(|c| span.with_text(c)));
        for character in characters {
            if character.text == NO_BREAK {
                match parts.last_mut().filter(|_| part.width == 0) {
                    Some(last) => last.blanks += 1,
                    None => parts.push(Self { blanks: 1, ..take(&mut part) }),
                }
                continue;
            }
            if part.width > 0 && part.width + display_width(&character.text) > width {
                let good =
                    part.spans.iter().rposition(|span| matches!(span.text.as_str(), "/" | "_" | ":" | "(" | ","));
                let rest = good.map(|good| part.spans.split_off(good + 1)).unwrap_or_default();
                parts.push(Self::of(take(&mut part).spans));
                part = Self::of(rest);
            }
            part.push(character);
        }
        parts.push(Self { blanks: self.blanks, ..part });
        parts
    }

    fn of(spans: Vec<Span>) -> Self {
        let mut word = Self::default();
        spans.into_iter().for_each(|span| word.push(span));
        word
    }
}

impl Fragment for Word {
    fn width(&self) -> f64 {
        self.width as f64
    }

    fn whitespace_width(&self) -> f64 {
        self.blanks as f64
    }

    fn penalty_width(&self) -> f64 {
        0.0
    }
}

/// The width of the longest word: on a narrower line it would be broken.
pub(super) fn longest_word(spans: &[Span]) -> usize {
    words(spans).iter().flatten().map(|word| word.width).max().unwrap_or_default()
}

/// The text on lines that are no wider than `width`, each with its styles begun and ended.
pub(super) fn wrap(spans: &[Span], width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for words in words(spans) {
        let words: Vec<Word> = words.into_iter().flat_map(|word| word.broken(width)).collect();
        lines.extend(wrap_first_fit(&words, &[width as f64]).into_iter().map(line));
    }
    lines
}

/// The words of each line that the text itself begins.
fn words(spans: &[Span]) -> Vec<Vec<Word>> {
    let mut lines = vec![Vec::new()];
    let mut word = Word::default();
    for span in spans {
        for part in span.text.split_inclusive([' ', '\n']) {
            let text = part.trim_end_matches([' ', '\n']);
            if !text.is_empty() {
                word.push(span.with_text(text));
            }
            if text.len() < part.len() {
                let last = lines.len() - 1;
                if word.width > 0 {
                    lines[last].push(Word { blanks: 1, ..take(&mut word) });
                }
                if part.ends_with('\n') {
                    lines.push(Vec::new());
                }
            }
        }
    }
    let last = lines.len() - 1;
    lines[last].push(word);
    lines
}

/// The words in one line, neighbours of the same style as one piece.
fn line(words: &[Word]) -> String {
    let mut pieces: Vec<Span> = Vec::new();
    let mut add = |span: Span| match pieces.last_mut() {
        Some(last) if last.looks_like(&span) => last.text += &span.text,
        _ => pieces.push(span),
    };
    for (number, word) in words.iter().enumerate() {
        word.spans.iter().cloned().for_each(&mut add);
        let Some(next) = words.get(number + 1) else { break };
        let blanks = " ".repeat(word.blanks);
        match (word.spans.last(), next.spans.first()) {
            (Some(before), Some(after)) if before.looks_like(after) => add(after.with_text(blanks)),
            _ => add(Span::new(blanks, Style::new())),
        }
    }
    let rendered = pieces.iter().map(|piece| {
        let text = paint(piece.style, piece.text.replace(NO_BREAK, " "));
        match &piece.url {
            Some(url) => link(true, url, &text),
            None => text,
        }
    });
    rendered.collect()
}
