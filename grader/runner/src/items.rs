//! The functions of a source, by the names that a learner would use for them: `elu`, `Relu::backward`.

use std::ops::RangeInclusive;

use crate::gate::{Token, tokens};

/// A function or a method.
#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    /// `elu`, or with its type or trait `Relu::backward`.
    pub name: String,
    /// From its first line to its last, counted from 1.
    pub lines: RangeInclusive<usize>,
}

/// All functions of `text` that have a body, in order. Those within functions, macros and modules called `tests` are left out.
pub fn items(text: &str) -> Vec<Item> {
    let mut source = Source { tokens: tokens(text).collect(), at: 0, items: Vec::new() };
    source.block(None);
    source.items
}

/// The one item in `items` that `name` means: the whole name, or the end of one that is not ambiguous.
pub fn named<'a>(items: impl Iterator<Item = &'a Item> + Clone, name: &str) -> Option<&'a Item> {
    let only = |mut found: Box<dyn Iterator<Item = &'a Item> + '_>| found.next().filter(|_| found.next().is_none());
    let exact = items.clone().filter(|item| item.name == name);
    let method = items.filter(|item| item.name.rsplit_once("::").is_some_and(|(_, method)| method == name));
    only(Box::new(exact)).or_else(|| only(Box::new(method)))
}

struct Source<'a> {
    tokens: Vec<(Token<'a>, usize)>,
    at: usize,
    items: Vec<Item>,
}

impl<'a> Source<'a> {
    fn peek(&self) -> Option<Token<'a>> {
        self.tokens.get(self.at).map(|(token, _)| *token)
    }

    fn line(&self) -> usize {
        self.tokens.get(self.at).or(self.tokens.last()).map_or(1, |(_, line)| *line)
    }

    /// Items up to the `}` that closes this block, or to the end; in the block of the type or trait `of`, if it is one.
    fn block(&mut self, of: Option<&str>) {
        while let Some(token) = self.peek() {
            self.at += 1;
            match token {
                Token::Sign('}') => return,
                Token::Sign('{') => self.skip_block(),
                Token::Word("macro_rules") => {
                    self.skip_to_block();
                    self.skip_block();
                }
                Token::Word("mod") => {
                    let is_tests = self.peek() == Some(Token::Word("tests"));
                    if self.skip_to_block() {
                        if is_tests { self.skip_block() } else { self.block(None) }
                    }
                }
                Token::Word(keyword @ ("impl" | "trait")) => {
                    let header = self.at;
                    if self.skip_to_block() {
                        let name = subject(&self.tokens[header..self.at - 1], keyword == "impl");
                        self.block(name);
                    }
                }
                Token::Word("fn") => {
                    let first = self.tokens[self.at - 1].1;
                    let Some(Token::Word(name)) = self.peek() else { continue };
                    if self.skip_to_block() {
                        self.skip_block();
                        let name = of.map_or(name.to_owned(), |of| format!("{of}::{name}"));
                        let last = self.tokens.get(self.at - 1).map_or(self.line(), |(_, line)| *line);
                        self.items.push(Item { name, lines: first..=last });
                    }
                }
                _ => {}
            }
        }
    }

    /// Goes behind the `{` that begins the body; `false` if a `;` ends the item before.
    fn skip_to_block(&mut self) -> bool {
        // `[f64; 2]` is no end.
        let mut brackets = 0_usize;
        while let Some(token) = self.peek() {
            self.at += 1;
            match token {
                Token::Sign('(' | '[') => brackets += 1,
                Token::Sign(')' | ']') => brackets = brackets.saturating_sub(1),
                Token::Sign('{') if brackets == 0 => return true,
                Token::Sign(';') if brackets == 0 => return false,
                _ => {}
            }
        }
        false
    }

    /// Goes behind the `}` of a block whose `{` is behind already.
    fn skip_block(&mut self) {
        let mut depth = 1;
        while let Some(token) = self.peek()
            && depth > 0
        {
            self.at += 1;
            match token {
                Token::Sign('{') => depth += 1,
                Token::Sign('}') => depth -= 1,
                _ => {}
            }
        }
    }
}

/// What an `impl` or a `trait` is about: `Dense` in `<const I: usize> fmt::Display for Dense<I> where …`.
fn subject<'a>(header: &[(Token<'a>, usize)], is_impl: bool) -> Option<&'a str> {
    let mut depth = 0_usize;
    let mut path: Option<&str> = None;
    let mut before = None;
    for (token, _) in header {
        match token {
            Token::Sign('<') => depth += 1,
            // The end of `->` closes nothing.
            Token::Sign('>') if before == Some(Token::Sign('-')) => {}
            Token::Sign('>') => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            Token::Word("for") if is_impl => path = None,
            Token::Word("where") => break,
            // The bounds of a trait.
            Token::Sign(':') if !is_impl => break,
            Token::Word("dyn" | "mut" | "const") => {}
            Token::Word(word) => path = Some(word),
            Token::Sign(_) => {}
        }
        before = Some(*token);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "//! fn of_a_comment() {}
/// fn of_documentation() {}
pub fn elu(z: f64) -> f64 {
    let fun = \"fn of_a_string() {}\";
    fn inner() {}
    todo!()
}
pub trait Layer: Send { fn backward(&self); fn named(&self) -> [f64; 2] { [0.0; 2] } }
impl<const I: usize> fmt::Display for Dense<I> where [f64; I]: Sized {
    fn fmt(&self) -> bool { matches!(1, 1) }
}
impl<F: Fn(f64) -> f64> Layer for Relu<F>
{
    fn backward(&self) {
        if true {}
    }
}
impl Layer for crate::Sigmoid { fn backward(&self) {} }
fn generic<T>(f: impl Fn(T) -> T, a: [T; 3]) -> impl Fn(T) -> T where T: Copy { f }
macro_rules! m { () => { fn of_a_macro() {} } }
mod deep { pub(crate) fn below() {} }
mod other;
fn fmt() {}
#[cfg(test)]
mod tests { fn elu() {} }
fn last() { { }";

    #[test]
    fn functions_have_names_and_lines() {
        let found: Vec<_> = items(SOURCE).into_iter().map(|item| (item.name, item.lines)).collect();
        let expected = [
            ("elu", 3..=7),
            ("Layer::named", 8..=8),
            ("Dense::fmt", 10..=10),
            ("Relu::backward", 14..=16),
            ("Sigmoid::backward", 18..=18),
            ("generic", 19..=19),
            ("below", 21..=21),
            ("fmt", 23..=23),
            ("last", 26..=26),
        ];
        assert_eq!(found, expected.map(|(name, lines)| (name.to_owned(), lines)));
    }

    #[test]
    fn a_name_means_one_item_or_none() {
        let items = items(SOURCE);
        let line = |name| named(items.iter(), name).map(|item| *item.lines.start());
        assert_eq!([line("elu"), line("fmt"), line("Dense::fmt")], [Some(3), Some(23), Some(10)]);
        assert_eq!([line("named"), line("backward"), line("Relu::backward")], [Some(8), None, Some(14)]);
        assert_eq!([line("of_a_comment"), line("inner"), line("of_a_macro"), line("el")], [None; 4]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_has_items(text in "(fn |impl |mod |[{}();<>:a-z \n\"']){0,60}") {
            let lines = text.lines().count().max(1);
            proptest::prop_assert!(items(&text).iter().all(|item| *item.lines.end() <= lines));
        }
    }
}
