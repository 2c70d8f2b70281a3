//! The source gate: refuses, with the line and the reason, what no exercise needs and a stranger could misuse.
//!
//! It reads tokens one after the other, with rustc's own lexer, and parses nothing, so that no nesting can overflow it. It is
//! there for clear messages: what it overlooks meets the sandbox.

use ra_ap_rustc_lexer::{FrontmatterAllowed, TokenKind, strip_shebang, tokenize};
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
    // rustc overlooks a byte order mark, and so does this.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if strip_shebang(text).is_some() {
        refused.push(Refusal { line: 1, what: "a first line with `#!` is for scripts; remove it".to_owned() });
        return refused;
    }
    let mut tokens = tokens(text).peekable();
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

/// A file in more modules than this is not looked for.
const MAX_MODULES_AROUND: usize = 8;

/// The modules without a body that `text` names, `mod layer;`, each with the modules around it: of
/// `mod a { mod b; }` it is `["a", "b"]`.
///
/// Wherever such tokens stand: in a macro or behind `#[cfg]` they may name a file that rustc does not read.
pub(super) fn modules(text: &str) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    // For each brace that is open whether it is a module's.
    let mut braces = Vec::new();
    let mut around = Vec::new();
    let mut tokens = tokens(text.strip_prefix('\u{feff}').unwrap_or(text)).map(|(token, _)| token).peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Word("mod") => {
                let Some(&Token::Word(name)) = tokens.peek() else { continue };
                tokens.next();
                if tokens.next_if_eq(&Token::Sign(';')).is_some() {
                    if around.len() < MAX_MODULES_AROUND {
                        found.push(around.iter().copied().chain([name]).collect());
                    }
                } else if tokens.next_if_eq(&Token::Sign('{')).is_some() {
                    around.push(name);
                    braces.push(true);
                }
            }
            Token::Sign('{') => braces.push(false),
            Token::Sign('}') if braces.pop() == Some(true) => drop(around.pop()),
            _ => {}
        }
    }
    found
}

/// A token, as far as the gate has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A keyword or a name; of `r#name` the name.
    Word(&'a str),
    Sign(char),
}

/// The tokens of a source with their lines, without comments, literals and lifetimes.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = (Token<'_>, usize)> {
    let (mut at, mut line) = (0, 1);
    let pieces = tokenize(text, FrontmatterAllowed::No).map(move |token| {
        let piece = &text[at..at + token.len as usize];
        let first_line = line;
        at += piece.len();
        line += piece.matches('\n').count();
        (token.kind, piece, first_line)
    });
    let mut pieces = pieces.peekable();
    std::iter::from_fn(move || {
        loop {
            let (kind, piece, line) = pieces.next()?;
            let token = match kind {
                TokenKind::LineComment { .. } | TokenKind::BlockComment { .. } | TokenKind::Whitespace => continue,
                TokenKind::Literal { .. } | TokenKind::Lifetime { .. } | TokenKind::RawLifetime => continue,
                TokenKind::RawIdent | TokenKind::ForcedKeywordIdent => Token::Word(&piece[2..]),
                TokenKind::Ident | TokenKind::InvalidIdent | TokenKind::UnknownPrefix => Token::Word(piece),
                // `!=` is not the `!` of a macro.
                TokenKind::Bang if pieces.next_if(|(next, ..)| *next == TokenKind::Eq).is_some() => Token::Sign('='),
                _ => Token::Sign(piece.chars().next()?),
            };
            return Some((token, line));
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ra_ap_rustc_lexer::LiteralKind;

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
            // A lifetime `'r` and a string, which is not a raw one.
            "\nm!('r\"\\\"\"); unsafe extern \"C\" { }",
            "\nlet a = 'é'; unsafe { }",
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
    fn modules_are_found_wherever_they_are_named() {
        for (text, expected) in [
            ("mod a; pub(crate) mod b;", &[&["a"][..], &["b"]][..]),
            ("\u{feff}mod a;", &[&["a"]]),
            ("mod a { fn f() { {} } mod b; mod c { mod d; } } mod e;", &[&["a", "b"], &["a", "c", "d"], &["e"]]),
            ("#[cfg(test)]\nmod tests; /* mod x; */ // mod y;\nconst S: &str = \"mod z;\";", &[&["tests"]]),
            ("macro_rules! m { () => { mod hidden; } }", &[&["hidden"]]),
            ("mod r#try; mod // here\n a /**/ ;", &[&["try"], &["a"]]),
            ("mod a {} }}} mod b;", &[&["b"]]),
            ("let modulus = 3; self::mod_x(); mod 3;", &[]),
        ] {
            assert_eq!(modules(text), expected, "{text}");
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

    /// Fuzzing: the gate and rustc see the same words in whatever both can read. Quotes, hashes, prefixes, escapes and comments
    /// come in random order; a macro in a real program shows what rustc makes of them.
    #[test]
    fn rustc_reads_the_same_words() {
        let is_doc = |soup: &str| ["///", "/**", "//!", "/*!"].iter().any(|doc| soup.contains(doc));
        // An open string or comment would swallow the rest of the program.
        let is_whole = |soup: &str| {
            tokenize(&format!("{soup}\n"), FrontmatterAllowed::No).all(|token| match token.kind {
                TokenKind::BlockComment { terminated, .. } => terminated,
                TokenKind::Literal { kind, .. } => is_terminated(kind),
                TokenKind::Unknown | TokenKind::InvalidIdent | TokenKind::UnknownPrefix => false,
                _ => true,
            })
        };
        let mut state = 1_u64;
        let mut next = |limit: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as usize % limit
        };
        let mut soups: Vec<String> = Vec::new();
        while soups.len() < 1500 {
            let length = 2 + next(7);
            let soup: String = (0..length).map(|_| FRAGMENTS[next(FRAGMENTS.len())]).collect();
            if !is_doc(&soup) && is_whole(&soup) {
                soups.push(soup);
            }
        }

        let folder = tempfile::tempdir().unwrap();
        let (source, program) = (folder.path().join("words.rs"), folder.path().join("words"));
        let said = loop {
            let mut text = "macro_rules! words { ($($t:tt)*) => { &[$(stringify!($t)),*] } }\n".to_owned();
            text += "const SOUPS: &[&[&str]] = &[\n";
            let mut ends = Vec::new();
            for soup in &soups {
                text += &format!("words!(\n{soup}\n),\n");
                ends.push(text.matches('\n').count());
            }
            text += "];\nfn main() { for soup in SOUPS { println!(\"{}\", soup.join(\"\\u{1}\").replace('\\n', \" \")); } }\n";
            std::fs::write(&source, text).unwrap();
            let mut rustc = std::process::Command::new("rustc");
            rustc
                .args(["--edition", "2024", "-A", "warnings", "--error-format", "short", "-o"])
                .arg(&program)
                .arg(&source);
            let output = rustc.output().expect("rustc is there");
            if output.status.success() {
                break std::process::Command::new(&program).output().unwrap().stdout;
            }
            // What rustc refuses, no submission holds.
            let errors = String::from_utf8_lossy(&output.stderr).into_owned();
            let refused: Vec<usize> = errors
                .lines()
                .filter_map(|line| line.split_once("words.rs:")?.1.split(':').next()?.parse().ok())
                .map(|line: usize| ends.partition_point(|end| *end < line))
                .collect();
            assert!(!refused.is_empty(), "{errors}");
            let mut number = 0..;
            soups.retain(|_| !refused.contains(&number.next().unwrap()));
        };
        let said = String::from_utf8(said).unwrap();
        assert!(soups.len() > 500, "{} are left", soups.len());
        assert_eq!(said.lines().count(), soups.len());
        for (soup, tokens_of_rustc) in soups.iter().zip(said.lines()) {
            let words_of_rustc: Vec<&str> = tokens_of_rustc
                .split('\u{1}')
                .map(|token| token.strip_prefix("r#").unwrap_or(token))
                .filter(|token| token.starts_with(|c: char| c.is_alphabetic() || c == '_'))
                .filter(|token| token.chars().all(|c| c.is_alphanumeric() || c == '_'))
                .collect();
            let words: Vec<&str> = tokens(soup)
                .filter_map(|(token, _)| if let Token::Word(word) = token { Some(word) } else { None })
                .collect();
            assert_eq!(words, words_of_rustc, "{soup:?}");
        }
    }

    fn is_terminated(kind: LiteralKind) -> bool {
        match kind {
            LiteralKind::Char { terminated }
            | LiteralKind::Byte { terminated }
            | LiteralKind::Str { terminated }
            | LiteralKind::ByteStr { terminated }
            | LiteralKind::CStr { terminated } => terminated,
            LiteralKind::RawStr { n_hashes }
            | LiteralKind::RawByteStr { n_hashes }
            | LiteralKind::RawCStr { n_hashes } => n_hashes.is_some(),
            LiteralKind::Int { .. } | LiteralKind::Float { .. } => true,
        }
    }

    const FRAGMENTS: [&str; 24] = [
        "'", "\"", "\\", "#", "r", "b", "c", "br", "unsafe", "extern", "a", "0", " ", "\n", "//", "/*", "*/", "'a",
        "'\"'", "r#", "r\"", "\"#", "!", "é",
    ];

    proptest! {
        /// Fuzzing: nothing that a file may hold stops the scan, and after any finished piece of source the next token
        /// is seen.
        #[test]
        fn any_text_is_scanned(text in any::<String>()) {
            let _ = (scan(&text), modules(&text));
        }

        #[test]
        fn pieces_of_source_hide_nothing(
            pieces in proptest::collection::vec(proptest::sample::select(PIECES.to_vec()), 0..30)
        ) {
            let source = pieces.join(" ");
            prop_assert_eq!(scan(&source), []);
            prop_assert_eq!(lines(&format!("{source}\nunsafe {{}}")).len(), 1, "{}", source);
            let with_module = format!("{source}\nmod a;");
            prop_assert_eq!(modules(&with_module), [["a"]], "{}", source);
        }
    }

    /// Pieces of source that are whole by themselves and harmless.
    const PIECES: [&str; 20] = [
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
        "'r",
        "c\"unsafe\"",
    ];
}
