//! The source gate: refuses, with the line and the reason, what no exercise needs and a stranger could misuse.
//!
//! It reads tokens one after the other and parses nothing, so that no nesting can overflow it. It is there for clear
//! messages: what it overlooks meets the sandbox.

use report::{Diagnostic, sanitise};

/// A passage that is not compiled.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// Counted from 1.
    pub(super) line: usize,
    what: String,
}

/// Keywords that are refused wherever they stand.
const KEYWORDS: [(&str, &str); 2] = [
    ("unsafe", "`unsafe` is not compiled here: no exercise needs it"),
    ("extern", "`extern` is not compiled here: use `use` to name a crate"),
];

/// Macros that are refused, also under another name.
const MACROS: [(&str, &str); 8] = [
    ("include", "reads a file while it is compiled; put the text into your source"),
    ("include_str", "reads a file while it is compiled; put the text into your source"),
    ("include_bytes", "reads a file while it is compiled; put the bytes into your source"),
    ("env", "reads the environment while it is compiled; no exercise needs it"),
    ("option_env", "reads the environment while it is compiled; no exercise needs it"),
    ("asm", "is machine code; write it in Rust"),
    ("global_asm", "is machine code; write it in Rust"),
    ("naked_asm", "is machine code; write it in Rust"),
];

/// Words that are refused within `#[…]` and `#![…]`.
const ATTRIBUTES: [(&str, &str); 19] = [
    ("path", "name the file after its module instead"),
    ("link", LINKING),
    ("link_name", LINKING),
    ("link_section", LINKING),
    ("link_args", LINKING),
    ("linkage", LINKING),
    ("no_mangle", LINKING),
    ("export_name", LINKING),
    ("used", LINKING),
    ("naked", LINKING),
    ("no_main", CRATE),
    ("no_core", CRATE),
    ("crate_type", CRATE),
    ("crate_name", CRATE),
    ("feature", CRATE),
    ("global_allocator", CRATE),
    ("panic_handler", CRATE),
    ("proc_macro", CRATE),
    ("proc_macro_derive", CRATE),
];
const LINKING: &str = "how the program is linked is up to the grader";
const CRATE: &str = "what kind of crate this is, is up to the grader";

impl Refusal {
    /// As an error that looks like rustc's.
    pub(super) fn in_file(self, file: &str, text: &str) -> Diagnostic {
        let Self { line, what } = self;
        let source = text.lines().nth(line - 1).unwrap_or_default();
        let shown = sanitise::clean(&sanitise::beginning(source, 100));
        let margin = " ".repeat(line.to_string().len());
        let rendered = format!("error: {what}\n{margin}--> {file}:{line}\n{margin} |\n{line} | {shown}\n{margin} |\n");
        Diagnostic::error(what, rendered, Some(file.to_owned()), u32::try_from(line).ok())
    }
}

/// Everything in `text` that is refused.
pub(super) fn scan(text: &str) -> Vec<Refusal> {
    let mut refused = Vec::new();
    if text.trim_start_matches('\u{feff}').strip_prefix("#!").is_some_and(|rest| !rest.trim_start().starts_with('[')) {
        refused.push(Refusal { line: 1, what: "a first line with `#!` is for scripts; remove it".to_owned() });
        return refused;
    }
    let mut tokens = Tokens { rest: text, line: 1 }.peekable();
    // How many brackets are open since `#[`; 0 outside of an attribute.
    let mut attribute = 0_usize;
    while let Some((token, line)) = tokens.next() {
        let next = tokens.peek().map(|(next, _)| *next);
        let mut refuse = |what| refused.push(Refusal { line, what });
        match token {
            Token::Sign('#') if attribute == 0 => {
                if next == Some(Token::Sign('!')) {
                    tokens.next();
                }
                if tokens.peek().is_some_and(|(next, _)| *next == Token::Sign('[')) {
                    tokens.next();
                    attribute = 1;
                }
            }
            Token::Sign('[') if attribute > 0 => attribute += 1,
            Token::Sign(']') => attribute = attribute.saturating_sub(1),
            Token::Sign(_) => {}
            Token::Word(word) => {
                if let Some((_, what)) = KEYWORDS.iter().find(|(keyword, _)| *keyword == word) {
                    refuse((*what).to_owned());
                } else if let Some((_, why)) = MACROS.iter().find(|(name, _)| *name == word)
                    && matches!(next, Some(Token::Sign('!') | Token::Word("as")))
                {
                    refuse(format!("`{word}!` is not compiled here: it {why}"));
                } else if attribute > 0
                    && let Some((_, why)) = ATTRIBUTES.iter().find(|(name, _)| *name == word)
                    && (word != "path" || next == Some(Token::Sign('=')))
                {
                    refuse(format!("the attribute `{word}` is not compiled here: {why}"));
                }
            }
        }
    }
    refused
}

/// A token, as far as the gate has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A keyword, a name or a number; of `r#name` the name.
    Word(&'a str),
    Sign(char),
}

/// The tokens of a source with their lines, without comments, strings, characters and lifetimes.
struct Tokens<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Token<'a>, usize);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let first = self.rest.chars().next()?;
            let line = self.line;
            if self.rest.starts_with("//") {
                self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            } else if self.rest.starts_with("/*") {
                self.skip(block_comment(self.rest));
            } else if let Some(length) = string(self.rest) {
                self.skip(length);
            } else if first == '\'' {
                self.skip(character_or_lifetime(self.rest));
            } else if is_word(first) {
                let raw = if self.rest.starts_with("r#") { 2 } else { 0 };
                let rest = &self.rest[raw..];
                let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let word = &rest[..length];
                self.skip(raw + length);
                if !word.is_empty() {
                    return Some((Token::Word(word), line));
                }
            } else if self.rest.starts_with("!=") {
                // Not the `!` of a macro.
                self.skip(2);
                return Some((Token::Sign('='), line));
            } else {
                self.skip(first.len_utf8());
                if !first.is_whitespace() {
                    return Some((Token::Sign(first), line));
                }
            }
        }
    }
}

impl Tokens<'_> {
    fn skip(&mut self, length: usize) {
        let (skipped, rest) = self.rest.split_at(length);
        self.line += skipped.matches('\n').count();
        self.rest = rest;
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The length of the comment that `text` begins with; they nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < text.len() {
        match &text.as_bytes()[at..at + 2] {
            b"/*" => depth += 1,
            b"*/" if depth == 1 => return at + 2,
            b"*/" => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
    }
    text.len()
}

/// The length of the string that `text` begins with, its prefix included.
fn string(text: &str) -> Option<usize> {
    let prefix = ["br", "cr", "r", "b", "c"].into_iter().find(|prefix| {
        text.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('"') || (prefix.ends_with('r') && raw(rest)))
    });
    let prefix = prefix.unwrap_or("");
    let body = &text[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = body.len() - body.trim_start_matches('#').len();
        let end = format!("\"{}", &body[..hashes]);
        let start = hashes + 1;
        let length = body[start..].find(&end).map_or(body.len(), |found| start + found + end.len());
        return Some(prefix.len() + length);
    }
    Some(prefix.len() + 1 + quoted(body.strip_prefix('"')?, '"'))
}

/// Whether `text` goes on as a raw string does.
fn raw(text: &str) -> bool {
    text.starts_with('#') && text.trim_start_matches('#').starts_with('"')
}

/// The length of what stands up to and with the closing `quote`.
fn quoted(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next();
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

/// The length of `'a'`, `'\n'` or, as a lifetime, of `'` alone.
fn character_or_lifetime(text: &str) -> usize {
    let body = &text[1..];
    let mut characters = body.chars();
    match (characters.next(), characters.next()) {
        (Some('\\'), _) => 1 + quoted(body, '\''),
        (Some(c), Some('\'')) => 1 + c.len_utf8() + 1,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The lines that are refused.
    fn lines(text: &str) -> Vec<usize> {
        scan(text).into_iter().map(|refusal| refusal.line).collect()
    }

    #[test]
    fn what_a_stranger_could_misuse_is_refused_with_its_line() {
        for text in [
            "\nfn f() { unsafe { } }",
            "\n#![allow(x)] unsafe fn f() {}",
            "\nextern \"C\" { fn abort(); }",
            "\nextern crate std as x;",
            "\nconst S: &str = include_str!(\"/etc/passwd\");",
            "\nuse std::include_bytes as b;",
            "\nconst E: &str = env ! (\"HOME\");",
            "\nuse core::{option_env as o};",
            "\n#[path = \"/etc/passwd\"] mod a;",
            "\n#[cfg_attr(all(), path = \"x.rs\")] mod a;",
            "\n#[unsafe(no_mangle)] fn write() {}",
            "\n#[link_section = \".init_array\"] static A: u8 = 0;",
            "\n#![crate_type = \"proc-macro\"]",
            "\ncore::arch::r#global_asm!(\".incbin \\\"/etc/passwd\\\"\");",
            "\nmacro_rules! m { () => { #[no_mangle] fn f() {} } }",
            "\nlet c = '\"'; unsafe { } let d = '\"';",
            "\nfn f<'a>(x: &'a str) { unsafe { } }",
            "\nlet s = r#\"a\"#; unsafe { }",
            "\nlet s = br##\"\"#\"##; unsafe { }",
            "\n/* /* */ */ unsafe { }",
            "\nlet a = b'\\''; unsafe { }",
        ] {
            assert!(lines(text).iter().all(|line| *line == 2) && !lines(text).is_empty(), "{text}: {:?}", scan(text));
        }
        assert_eq!(lines("#!/bin/sh \"\nunsafe"), [1]);
    }

    #[test]
    fn what_a_learner_writes_is_not() {
        for text in [
            "//! `unsafe` is not needed.\n/// extern, include!(\"x\")\nfn f() {}",
            "/* unsafe /* extern */ asm! */ fn f() {}",
            "let s = \"unsafe \\\" extern\"; let r = r#\"unsafe \" env!()\"#; let b = b\"unsafe\"; let c = c\"unsafe\";",
            "let c = 'u'; let q = '\\''; fn f<'unsafe_>(x: &'static str) {}",
            "use std::env; fn f() { env::args(); let include = 3; let path = include; if include != 4 {} }",
            "#[derive(Debug)] #[allow(dead_code)] #![warn(missing_docs)] struct S { path: u8, link: u8 }",
            "mod layers; pub use layers::*; let x = a[unsafe_len]; let is_unsafe = true;",
            "#[doc = \"path = 3\"] #[must_use] fn f() -> f64 { 1.0e-5_f64.max(0x1F as f64) }",
            "#![allow(clippy::all)]\nfn f() {}",
            "assert_eq!(a[0], b[1]); let path = 3; vec![path == 3]",
        ] {
            assert_eq!(scan(text), [], "{text}");
        }
    }

    #[test]
    fn deep_nesting_and_unfinished_tokens_are_scanned_like_anything_else() {
        assert_eq!(scan(&"[".repeat(200_000)), []);
        assert_eq!(lines(&format!("{}\nunsafe", "/* */ ((".repeat(20_000))), [2]);
        for text in ["\"", "r#\"", "'", "'\\", "/*", "/* /*", "b'", "#![", "r#", "é'é'é", "//"] {
            let _ = scan(text);
        }
    }

    proptest! {
        /// Fuzzing: nothing that a file may hold stops the scan, and after any finished piece of source the next token
        /// is seen.
        #[test]
        fn any_text_is_scanned(text in any::<String>()) {
            let _ = scan(&text);
        }

        #[test]
        fn pieces_of_source_hide_nothing(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..30)
        ) {
            let source = pieces.join(" ");
            prop_assert_eq!(scan(&source), []);
            prop_assert_eq!(lines(&format!("{source}\nunsafe {{}}")).len(), 1, "{}", source);
        }
    }

    /// Pieces of source that are whole by themselves and harmless.
    const PIECES: [&str; 18] = [
        "'a'",
        "'\\''",
        "'\"'",
        "&'a str",
        "\"'\"",
        "\"\\\\\"",
        "r\"\\\"",
        "r#\"\"unsafe\"#",
        "b'x'",
        "br\"unsafe\"",
        "/* ' \" */",
        "/*/**/unsafe*/",
        "1.0e5",
        "#[doc = \"]\"]",
        "fn f<'b>() {}",
        "x / y",
        "'\\u{1F600}'",
        "env::var",
    ];
}
