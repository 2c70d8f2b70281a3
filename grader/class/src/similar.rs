//! Code that is the same but for blanks, comments and names. Anything further is left to programs that do it well, for which
//! there are exports.

use std::collections::{HashMap, HashSet};

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, tokenize};

use crate::record::digest;

/// A digest of what is left of the files without blanks, comments and the names that they give.
pub(crate) fn shape(files: &[(String, String)]) -> String {
    let mut shape = String::new();
    for (_, text) in files {
        let words = words(text);
        let given = names_given(&words);
        // Those names by the order in which they come. All others mean something elsewhere: `max` is not `min`.
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        for word in words {
            if given.contains(word) {
                let next = numbers.len();
                shape += &format!("#{} ", numbers.entry(word).or_insert(next));
            } else {
                shape += word;
                shape.push(' ');
            }
        }
        shape.push('\n');
    }
    digest(&shape)
}

/// The tokens without blanks and comments.
fn words(text: &str) -> Vec<&str> {
    let mut at = 0;
    let tokens = tokenize(text, FrontmatterAllowed::No).map(|token| {
        let begin = at;
        at += token.len as usize;
        (token.kind, &text[begin..at])
    });
    let is_blank = |kind: &TokenKind| {
        matches!(kind, TokenKind::Whitespace | TokenKind::LineComment { .. } | TokenKind::BlockComment { .. })
    };
    tokens.filter(|(kind, _)| !is_blank(kind)).map(|(_, word)| word).collect()
}

/// Names of variables, arguments and functions that the code itself gives.
fn names_given<'a>(words: &[&'a str]) -> HashSet<&'a str> {
    let is_name =
        |word: &str| word.starts_with(|c: char| c.is_alphabetic() || c == '_') && !["mut", "self"].contains(&word);
    let mut names = HashSet::new();
    for (index, word) in words.iter().enumerate().filter(|(_, word)| is_name(word)) {
        let before = index.checked_sub(1).map(|before| words[before]);
        let after = |count: usize| words.get(index + count).copied();
        let is_typed = after(1) == Some(":") && after(2) != Some(":") && before != Some(":");
        if is_typed || matches!(before, Some("let" | "mut" | "for" | "fn")) {
            names.insert(*word);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        /// Fuzzing: whatever a student writes has a shape, and blanks at the end do not change it.
        #[test]
        fn any_text_has_a_shape(text in "(\\PC|[a-z:;'\"#/*{}(). \n]){0,80}") {
            let shape = |text: &str| shape(&[("lib.rs".to_owned(), text.to_owned())]);
            proptest::prop_assert_eq!(shape(&text), shape(&text));
        }
    }

    #[test]
    fn names_comments_and_blanks_do_not_matter_and_all_else_does() {
        let shape = |text: &str| shape(&[("lib.rs".to_owned(), text.to_owned())]);
        let one = shape("/// Adds.\npub fn add(a: f64, b: f64) -> f64 { a + b }\n");
        assert_eq!(one, shape("pub fn add(x:f64,y :f64)->f64{\n    // a sum\n    x+y\n}"));
        for other in ["pub fn add(a: f64, b: f64) -> f64 { b + a }", "pub fn add(a: f64, b: f64) -> f64 { a.max(b) }"] {
            assert_ne!(one, shape(other), "{other}");
        }
        assert_ne!(shape("let a = 1.0;"), shape("let a = 2.0;"));
        assert_ne!(shape("let a = x.max(y);"), shape("let a = x.min(y);"));
        assert_eq!(shape("let a = x.max(y); a"), shape("let best = x.max(y); best"));
    }
}
