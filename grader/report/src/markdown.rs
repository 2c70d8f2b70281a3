//! The reports as Markdown, for a step summary and for a comment on a pull request: points first, then what to fix.
//!
//! Whatever the submission had a hand in stands in code, where GitHub looks for no link, mention or HTML.

use std::fmt::Write;

use super::{CheckReport, ExerciseStatus, Report, TaskReport, plain};
use crate::sanitise::{beginning, clean};

/// GitHub refuses comments of more than 65,536 characters and step summaries of more than 1 MiB. These are bytes, of
/// which a text has at least as many as characters; the rest is room for what a workflow puts around the report.
const MAX_BYTES: usize = 60_000;

/// A block of code is cut after so much.
const MAX_LINES: usize = 24;
const MAX_CHARS: usize = 3000;

/// Titles and messages are cut after so much.
const MAX_PROSE: usize = 1500;

/// The reports as one page.
pub fn render(reports: &[Report]) -> String {
    render_within(reports, MAX_BYTES)
}

/// Sentences as a list, in which nothing means anything to GitHub either.
pub fn list(sentences: &[String]) -> String {
    clean(&sentences.iter().map(|sentence| format!("- {}\n", prose(sentence))).collect::<String>())
}

fn render_within(reports: &[Report], max_bytes: usize) -> String {
    let mut page = points(reports);
    let end = provenance(reports);
    let mut blocks = reports.iter().flat_map(blocks).peekable();
    // Room for the sentence about what is left out.
    let room = max_bytes.saturating_sub(page.len() + end.len() + 300);
    let start = page.len();
    while let Some(block) = blocks.next_if(|block| page.len() - start + block.len() <= room) {
        page += &block;
    }
    let left_out = blocks.count();
    if left_out > 0 {
        let _ = write!(
            page,
            "_The page is full: {left_out} more parts of this report are left out. \
             `cargo run -p grader -- check` shows all of it._\n\n"
        );
    }
    clean(&(page + &end))
}

/// The points of every exercise, and the sum.
fn points(reports: &[Report]) -> String {
    let sum = |points: fn(&Report) -> u32| reports.iter().map(points).sum::<u32>();
    let course = reports.first().map_or(String::new(), |report| prose(&report.course));
    let mut page = format!("## {course}: {} of {} points\n\n", sum(Report::score), sum(Report::max_score));
    page += "| | exercise | points | |\n|---|---|--:|---|\n";
    for report in reports {
        let (mark, note) = match report.status() {
            ExerciseStatus::Complete => ("✓", "complete"),
            ExerciseStatus::Incomplete => ("✗", "not right yet"),
            ExerciseStatus::NotStarted => ("○", "not started"),
            ExerciseStatus::DoesNotCompile => ("✗", "does not compile"),
        };
        let bonus = match report.bonus_score() {
            0 => String::new(),
            bonus => format!(" +{bonus}"),
        };
        let (score, max) = (report.score(), report.max_score());
        let _ = writeln!(page, "| {mark} | {} | {score}/{max}{bonus} | {note} |", cell(&title(report)));
    }
    page + "\n"
}

fn title(report: &Report) -> String {
    format!("{} · {}", report.exercise.number, report.exercise.title)
}

/// What there is to say of one exercise, in parts that each make sense without the next.
fn blocks(report: &Report) -> Vec<String> {
    if matches!(report.status(), ExerciseStatus::Complete | ExerciseStatus::NotStarted) {
        return Vec::new();
    }
    let mut head = format!("### {}\n\n", prose(&title(report)));
    let mut blocks = Vec::new();
    if report.compiled {
        let tasks = report.tasks();
        for task in &tasks {
            let _ = writeln!(head, "- {}", task_line(task));
        }
        head.push('\n');
        blocks.extend(tasks.iter().flat_map(failures));
    } else {
        blocks.extend(report.errors().map(|error| {
            let meaning = plain::meaning(error).map_or(String::new(), |sentence| format!("{}\n\n", prose(sentence)));
            format!("{}{meaning}", fence("text", &plain::without_colours(&error.rendered)))
        }));
    }
    blocks.insert(0, head);
    blocks
}

fn task_line(task: &TaskReport<'_>) -> String {
    let mark = match () {
        () if task.is_passed() => "✓",
        () if task.first_failure().is_some() => "✗",
        () => "○",
    };
    let bonus = if task.bonus { " bonus" } else { "" };
    format!("{mark} {} {}/{}{bonus}", code(task.name), task.points(), task.max_points())
}

/// The first failure of a task in full, the further ones by their messages: they are mostly its consequences.
fn failures(task: &TaskReport<'_>) -> Vec<String> {
    let failed = task.checks.iter().filter(|check| check.status.is_failure());
    failed.enumerate().map(|(index, check)| failure(check, index == 0)).collect()
}

fn failure(check: &CheckReport, in_full: bool) -> String {
    let mut text = format!("#### ✗ {}\n\n{}\n\n", prose(&check.title), paragraphs(&check.message));
    if let (Some(file), Some(line)) = (&check.file, check.line) {
        let _ = write!(text, "at {}\n\n", code(&format!("{file}:{line}")));
    }
    if !in_full {
        return text;
    }
    let mut block = |label: &str, language: &str, content: &Option<String>| {
        if let Some(content) = content {
            let _ = write!(text, "{label}\n\n{}", fence(language, content));
        }
    };
    block("input", "text", &check.input);
    if check.diff.is_some() {
        block("text (`-` yours, `+` expected)", "diff", &check.diff);
    } else {
        block("expected", "text", &check.expected);
        block("got", "text", &check.observed);
    }
    block("printed", "text", &Some(check.output.clone()).filter(|output| !output.is_empty()));
    if let Some(hint) = check.advice() {
        let _ = write!(text, "<details><summary>Hint</summary>\n\n{}\n\n</details>\n\n", paragraphs(hint));
    }
    text
}

/// Where the reports come from: what is the same for all of them once, and the digests of each.
fn provenance(reports: &[Report]) -> String {
    let digest = |name: &str| matches!(name, "checks_digest" | "source_digest");
    let mut lines = String::new();
    for (name, value) in reports.first().into_iter().flat_map(Report::provenance_as_text) {
        if !digest(name) {
            let _ = writeln!(lines, "{name}: {value}");
        }
    }
    for report in reports {
        let _ = writeln!(lines, "{}", report.exercise.name);
        for (name, value) in report.provenance_as_text().filter(|(name, _)| digest(name)) {
            let _ = writeln!(lines, "  {name}: {value}");
        }
    }
    let seed = reports.first().map_or(String::new(), |report| prose(&report.seed_again()) + "\n\n");
    // Not cut, however many exercises there are.
    let fence = backticks(&lines, 3);
    format!(
        "{seed}<details><summary>Where this report comes from</summary>\n\n{fence}text\n{lines}{fence}\n\n</details>\n"
    )
}

/// A block of code that nothing inside can end.
fn fence(language: &str, content: &str) -> String {
    let total = content.lines().count();
    let mut shown: String = content.lines().take(MAX_LINES).map(|line| line.trim_end().to_owned() + "\n").collect();
    shown = beginning(&shown, MAX_CHARS).trim_end().to_owned();
    if total > MAX_LINES {
        let _ = write!(shown, "\n… {total} lines in all");
    }
    let fence = backticks(&shown, 3);
    format!("{fence}{language}\n{shown}\n{fence}\n\n")
}

/// A piece of code in a line.
fn code(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() {
        return String::new();
    }
    let fence = backticks(&text, 1);
    let blank = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{blank}{text}{blank}{fence}")
}

/// More backticks than there are in a row in `text`, and at least so many.
fn backticks(text: &str, at_least: usize) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(at_least.max(longest + 1))
}

/// Text for one cell of a table, in which a `|` would end it even in code.
fn cell(text: &str) -> String {
    prose(&text.replace('|', "¦"))
}

/// Every line as a paragraph.
fn paragraphs(text: &str) -> String {
    beginning(text, MAX_PROSE).lines().map(prose).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n\n")
}

/// One line of prose. What stands between backticks is code; so is every word that could mean something to GitHub.
fn prose(text: &str) -> String {
    let line = beginning(text, MAX_PROSE).replace('\n', " ");
    let parts: Vec<&str> = line.split('`').collect();
    let balanced = parts.len() % 2 == 1;
    let mut shown = String::new();
    for (index, part) in parts.iter().enumerate() {
        let between_backticks = index % 2 == 1;
        if between_backticks && balanced {
            put(&mut shown, &code(part));
            continue;
        }
        if between_backticks {
            // A backtick without a partner is a word of its own.
            put(&mut shown, &code("`"));
        }
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 && !shown.is_empty() && !shown.ends_with(' ') {
                shown.push(' ');
            }
            // Of `@user,` the comma is no part.
            let core = word.trim_end_matches(['.', ',', ';', ':', '!', '?']);
            let end = escaped(&word[core.len()..]);
            put(&mut shown, &if is_plain(word) { escaped(word) } else { code(core) + &end });
        }
    }
    shown.trim().to_owned()
}

/// Two pieces of code side by side would run into each other.
fn put(shown: &mut String, piece: &str) {
    if shown.ends_with('`') && piece.starts_with('`') {
        shown.push(' ');
    }
    *shown += piece;
}

/// Whether a word means nothing to GitHub: no mention, reference, address, commit, formula or HTML.
fn is_plain(word: &str) -> bool {
    let known = |c: char| c.is_alphanumeric() || !c.is_ascii() || ".,;:!?'\"()/=+-*_^".contains(c);
    let commit = || word.split(|c: char| !c.is_ascii_hexdigit()).any(|digits| digits.len() >= 7);
    // Such as GH-12, and what a repository may have made a link of.
    let reference = || {
        word.split_once('-').is_some_and(|(name, number)| {
            name.ends_with(|c: char| c.is_ascii_alphanumeric()) && number.starts_with(|c: char| c.is_ascii_digit())
        })
    };
    let address = || word.contains("//") || word.to_ascii_lowercase().contains("www.");
    word.chars().all(known) && !commit() && !reference() && !address()
}

/// Plain text in which no character is markup.
fn escaped(word: &str) -> String {
    let mut escaped = String::new();
    let mut before = None;
    for c in word.chars() {
        // `1.` and `1)` begin a list.
        let harmless = match c {
            '.' | ')' => before.is_some_and(|before: char| !before.is_ascii_digit()),
            c => ",;?'\"/(".contains(c),
        };
        if c.is_ascii_punctuation() && !harmless {
            escaped.push('\\');
        }
        escaped.push(c);
        before = Some(c);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

    use super::{super::samples, *};

    /// What a page shows: its text outside code, and its blocks of code. Panics on what no page of ours may hold.
    fn read(page: &str) -> (String, Vec<String>) {
        let (mut prose, mut blocks, mut in_block) = (String::new(), Vec::new(), false);
        for event in Parser::new_ext(page, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    assert!(matches!(kind, CodeBlockKind::Fenced(_)), "an indented block in {page}");
                    in_block = true;
                    blocks.push(String::new());
                }
                Event::End(TagEnd::CodeBlock) => in_block = false,
                Event::Text(text) if in_block => *blocks.last_mut().unwrap() += &text,
                Event::Text(text) => prose += &text,
                Event::Start(
                    Tag::Link { .. }
                    | Tag::Image { .. }
                    | Tag::Emphasis
                    | Tag::Strong
                    | Tag::Strikethrough
                    | Tag::BlockQuote(_),
                ) => {
                    // The sentence about what is left out is ours, and in italics.
                    assert!(page.contains("_The page is full"), "markup in {page}");
                }
                Event::Html(html) | Event::InlineHtml(html) => {
                    let ours = [
                        "<details>",
                        "</details>",
                        "<summary>",
                        "</summary>",
                        "Hint",
                        "Where this report comes from",
                        "\n",
                    ];
                    let rest = ours.iter().fold(html.to_string(), |rest, known| rest.replace(known, ""));
                    assert_eq!(rest, "", "HTML in {page}");
                }
                Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell) => {
                    prose.push('\n')
                }
                Event::SoftBreak | Event::HardBreak => prose.push('\n'),
                Event::Code(_) => prose += "<code>",
                _ => {}
            }
        }
        (prose, blocks)
    }

    #[test]
    fn a_pull_request_shows_points_then_what_to_mend_then_where_it_comes_from() {
        let page = render(&samples::all());
        let (prose, blocks) = read(&page);
        assert!(prose.starts_with("Neuronlings: 6 of 32 points\n"), "{prose}");
        assert!(page.contains("| ✗ | 4 · Losses that measure error | 2/14 | not right yet |"), "{page}");
        assert!(page.contains("| ✓ | 4 · Losses that measure error | 4/4 | complete |"), "{page}");
        assert!(page.contains("Each entry is n times too large\\: `mae_loss` is a mean"), "{page}");
        assert!(blocks.contains(&"y_true = [1, 2]\ny_pred = [3, 1]\n".to_owned()), "{blocks:?}");
        assert!(blocks.contains(&"-epoch 1\n+epoch 0\n".to_owned()), "{blocks:?}");
        assert!(page.contains("at `exercises/04_mae/src/lib.rs:12`"), "{page}");
        assert!(page.contains("… 60 lines in all"), "{page}");
        assert!(page.contains("error[E0277]"), "{page}");
        assert!(blocks.last().unwrap().contains("course_commit: 0123456789abcdef"), "{page}");
    }

    #[test]
    fn a_page_that_gets_too_long_leaves_out_whole_parts_and_says_so() {
        let reports = vec![samples::report(); 60];
        let page = render(&reports);
        assert!(page.len() <= MAX_BYTES, "{}", page.len());
        assert!(page.contains("_The page is full: "), "{page}");
        assert!(page.contains("Where this report comes from"));
        read(&page);
        assert!(!render(&[samples::report()]).contains("The page is full"));
    }

    #[test]
    fn a_list_of_sentences_is_a_list_whatever_they_say() {
        let sentences = ["Exercise 3 has to be complete.", "cannot read src/\n# <b>@user"].map(str::to_owned);
        assert_eq!(list(&sentences), "- Exercise 3 has to be complete.\n- cannot read src/ `#` `<b>@user`\n");
    }

    #[test]
    fn words_that_github_would_act_on_are_code() {
        for (text, shown) in [
            ("ask @user", "ask `@user`"),
            ("see #12, GH-3 and deadbeef1", "see `#12`, `GH-3` and `deadbeef1`"),
            ("<b> & [a](b)", "`<b>` `&` `[a](b)`"),
            ("http://x.y www.x.y a@b.c", "`http://x.y` `www.x.y` `a@b.c`"),
            ("X·W + b is *not* 1/n.", "X·W \\+ b is \\*not\\* 1/n."),
            ("`a.max(b)` on `f64`s", "`a.max(b)` on `f64`s"),
            ("one ` alone", "one `` ` `` alone"),
            ("1. two", "1\\. two"),
        ] {
            assert_eq!(prose(text), shown);
        }
    }

    proptest! {
        #[test]
        fn no_text_ends_its_block_or_means_anything_to_github(report in samples::hostile()) {
            let page = render(std::slice::from_ref(&report));
            let (prose, blocks) = read(&page);
            let lower = prose.to_lowercase();
            for sign in ["@", "#", "://", "www.", "deadbeef01", "gh-12", "abc-9", "$"] {
                prop_assert!(!lower.contains(sign), "{} in {}", sign, page);
            }
            prop_assert!(!page.lines().any(|line| line.trim_start().starts_with("::")), "{}", page);
            // Nothing that belongs after a block has become a part of it, or the other way round.
            prop_assert!(blocks.last().is_some_and(|block| block.contains("\nseed: 5\n")), "{}", page);
            prop_assert!(page.ends_with("\n\n</details>\n"));
        }
    }
}
