//! A Markdown document, such as a lesson, as text for a terminal.

mod code_block;
mod inline;
mod table;

use std::{iter::Peekable, path::Path, vec};

use anstyle::Style;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TextMergeStream};
use textwrap::core::display_width;

use course::Figure;
use inline::{Span, wrap};
use report::{
    screen::{Screen, file_url, percent_encoded},
    style::{BOLD, CODE, DIM, paint},
};
use table::{Cell, Table};

/// However deep lists and quotes are nested, text keeps this much room.
const MIN_ROOM: usize = 12;

/// The document with styles; the caller that prints it removes them where they do not belong. Links to files are
/// relative to `folder`.
pub(crate) fn render(markdown: &str, folder: &Path, screen: Screen) -> String {
    let events = Parser::new_ext(markdown, Options::ENABLE_TABLES).map(|event| match event {
        // Text goes on behind the end of a line, and a formula may begin there.
        Event::SoftBreak => Event::Text(" ".into()),
        event => event,
    });
    let events: Vec<Event<'_>> = TextMergeStream::new(events).collect();
    let mut renderer = Renderer { events: events.into_iter().peekable(), folder, links: screen.links };
    renderer.blocks(screen.width).join("\n") + "\n"
}

/// Walks through the events of the parser. Each method takes the events of what it renders, the end included.
struct Renderer<'a> {
    events: Peekable<vec::IntoIter<Event<'a>>>,
    folder: &'a Path,
    links: bool,
}

impl Renderer<'_> {
    /// The lines of all blocks up to the end of what contains them.
    fn blocks(&mut self, width: usize) -> Vec<String> {
        let width = width.max(MIN_ROOM);
        let mut lines = Vec::new();
        // In a tight list text stands in its item without a paragraph around it, and a list below it follows at once.
        let mut bare_text = false;
        while let Some(event) = self.events.peek() {
            let tight = bare_text && matches!(event, Event::Start(Tag::List(_)));
            bare_text = is_inline(event);
            let block = if bare_text {
                wrap(&self.inline(Style::new()), width)
            } else {
                match self.events.next() {
                    Some(Event::Start(tag)) => self.block(tag, width),
                    Some(Event::Rule) => vec![paint(DIM, "─".repeat(width))],
                    Some(Event::End(_)) => break,
                    _ => continue,
                }
            };
            if !lines.is_empty() && !tight {
                lines.push(String::new());
            }
            lines.extend(block);
        }
        lines
    }

    fn block(&mut self, tag: Tag<'_>, width: usize) -> Vec<String> {
        match tag {
            Tag::Heading { level, .. } => self.heading(level, width),
            Tag::BlockQuote(_) => {
                let lines = self.blocks(width - 2);
                lines.iter().map(|line| format!("{} {line}", paint(DIM, "│")).trim_end().to_owned()).collect()
            }
            Tag::CodeBlock(kind) => {
                let is_formula = match &kind {
                    CodeBlockKind::Indented => true,
                    CodeBlockKind::Fenced(language) => matches!(language.as_ref(), "" | "text"),
                };
                code_block::render(&self.verbatim(), is_formula, width)
            }
            Tag::HtmlBlock => {
                let html = self.verbatim();
                let text = match Figure::read(&html) {
                    Some(figure) => self.figure(&figure),
                    None => vec![Span::new(html.trim_end(), Style::new())],
                };
                wrap(&text, width)
            }
            Tag::List(first) => self.list(first, width),
            Tag::Table(alignments) => {
                let mut rows = Vec::new();
                while let Some(Event::Start(_)) = self.events.next() {
                    rows.push(self.table_row());
                }
                Table { alignments, rows }.render(width)
            }
            _ => {
                let text = self.inline(Style::new());
                self.events.next();
                wrap(&text, width)
            }
        }
    }

    /// Each level looks different without colours, too.
    fn heading(&mut self, level: HeadingLevel, width: usize) -> Vec<String> {
        let mut text = self.inline(BOLD);
        self.events.next();
        let rule = match level {
            HeadingLevel::H1 => "━",
            HeadingLevel::H2 => "─",
            _ => {
                text.insert(0, Span::new("▸ ", BOLD));
                return wrap(&text, width);
            }
        };
        let mut lines = wrap(&text, width);
        let longest = lines.iter().map(|line| display_width(line)).max().unwrap_or_default();
        lines.push(paint(BOLD, rule.repeat(longest)));
        lines
    }

    fn list(&mut self, first: Option<u64>, width: usize) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut number = first;
        while let Some(Event::Start(_)) = self.events.next() {
            let marker = match &mut number {
                // So that the text of a tenth item stands below that of the ninth.
                Some(number) => {
                    *number += 1;
                    format!("{:>2}. ", *number - 1)
                }
                None => "• ".to_owned(),
            };
            let hang = " ".repeat(display_width(&marker));
            let loose = matches!(self.events.peek(), Some(Event::Start(Tag::Paragraph)));
            let item = self.blocks(width.saturating_sub(hang.len()));
            if loose && !lines.is_empty() {
                lines.push(String::new());
            }
            lines.push(marker + item.first().map_or("", String::as_str));
            lines.extend(item.iter().skip(1).map(|line| format!("{hang}{line}").trim_end().to_owned()));
        }
        lines
    }

    fn table_row(&mut self) -> Vec<Cell> {
        let mut cells = Vec::new();
        while let Some(Event::Start(_)) = self.events.next() {
            cells.push(self.inline(Style::new()));
            self.events.next();
        }
        cells
    }

    /// The text of a block in which nothing has a meaning.
    fn verbatim(&mut self) -> String {
        let mut text = String::new();
        while let Some(Event::Text(part) | Event::Html(part)) = self.events.next() {
            text += &part;
        }
        text
    }

    /// Text that flows, up to the end of what contains it, which is left for the caller.
    fn inline(&mut self, style: Style) -> Vec<Span> {
        let mut spans = Vec::new();
        while let Some(event) = self.events.next_if(is_inline) {
            match event {
                Event::Text(text) => spans.push(Span::new(inline::tied(&text), style)),
                Event::InlineHtml(html) => spans.push(Span::new(html, style)),
                Event::HardBreak => spans.push(Span::new("\n", style)),
                Event::Code(code) => {
                    let code = code.replace(' ', inline::NO_BREAK);
                    let style = CODE.effects(style.get_effects());
                    spans.extend([Span::new("`", DIM), Span::new(code, style), Span::new("`", DIM)]);
                }
                Event::Start(tag) => {
                    let inner = self.inline(match tag {
                        Tag::Emphasis => style.italic(),
                        Tag::Strong => style.bold(),
                        _ => style,
                    });
                    self.events.next();
                    spans.extend(match tag {
                        Tag::Link { dest_url, .. } => self.link(inner, &dest_url),
                        Tag::Image { dest_url, .. } => {
                            [inner, vec![Span::new(format!(" ({dest_url})"), style)]].concat()
                        }
                        _ => inner,
                    });
                }
                _ => {}
            }
        }
        spans
    }

    /// `text` that leads to `target`; where links cannot be followed, it says where it leads.
    fn link(&self, mut text: Vec<Span>, target: &str) -> Vec<Span> {
        if target.starts_with('#') {
            return text;
        }
        if self.links {
            let url = self.url(target);
            text.iter_mut().for_each(|span| span.lead_to(&url));
        } else if inline::plain(&text).trim_matches('`') != target {
            text.push(Span::new(format!(" ({target})"), Style::new()));
        }
        text
    }

    /// What there is to see in a figure, and where it is.
    fn figure(&self, figure: &Figure) -> Vec<Span> {
        let [file, _] = figure.files();
        let seen = vec![Span::new(inline::tied(&figure.alt), Style::new())];
        [vec![Span::new("[Figure: ", DIM)], self.link(seen, &file), vec![Span::new("]", DIM)]].concat()
    }

    fn url(&self, target: &str) -> String {
        if target.contains("://") || target.starts_with("mailto:") {
            return target.to_owned();
        }
        let file = target.split('#').next().unwrap_or(target);
        format!("{}/{}", file_url(self.folder), percent_encoded(file))
    }
}

fn is_inline(event: &Event<'_>) -> bool {
    match event {
        Event::Text(_) | Event::Code(_) | Event::InlineHtml(_) | Event::HardBreak => true,
        Event::Start(tag) => matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs};

    use anstream::adapter::strip_str;

    use super::*;
    use course::Course;

    fn page(markdown: &str, width: usize) -> String {
        strip_str(&render(markdown, Path::new("/course"), Screen { width, links: false })).to_string()
    }

    #[track_caller]
    fn assert_page(markdown: &str, width: usize, expected: &str) {
        let page = page(markdown, width);
        assert_eq!(page.trim_end(), expected.trim_matches('\n'), "got\n{page}");
    }

    #[test]
    fn headings_differ_without_colours() {
        let markdown = "# The title\n\n## A part\n\nText.\n\n### A section with `code` in it";
        assert_page(
            markdown,
            80,
            "
The title
━━━━━━━━━

A part
──────

Text.

▸ A section with `code` in it
",
        );
    }

    #[test]
    fn a_long_heading_is_wrapped_and_its_rule_is_as_long_as_its_longest_line() {
        assert_page(
            "# A heading that is too long for one line of a narrow screen",
            40,
            "
A heading that is too long for one line
of a narrow screen
━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
",
        );
    }

    #[test]
    fn paragraphs_are_wrapped_at_the_width() {
        let markdown = "A network with *random* weights\ntalks **complete nonsense** whenever it is asked.\n\nThe end.";
        assert_page(
            markdown,
            80,
            "
A network with random weights talks complete nonsense whenever it is asked.

The end.
",
        );
        assert_page(
            markdown,
            40,
            "
A network with random weights talks
complete nonsense whenever it is asked.

The end.
",
        );
    }

    #[test]
    fn a_hard_break_begins_a_new_line() {
        assert_page("one\\\ntwo", 40, "one\ntwo");
    }

    #[test]
    fn emphasis_strong_and_code_have_styles_that_end_with_each_line() {
        let rendered = render(
            "*italic* and **bold on two lines** and `code`",
            Path::new("/course"),
            Screen { width: 22, links: false },
        );
        assert_eq!(
            rendered,
            "\x1b[3mitalic\x1b[0m and \x1b[1mbold on two\x1b[0m\n\
             \x1b[1mlines\x1b[0m and \x1b[2m`\x1b[0m\x1b[36mcode\x1b[0m\x1b[2m`\x1b[0m\n"
        );
    }

    #[test]
    fn code_and_short_formulas_are_not_broken_if_they_fit_into_a_line() {
        let markdown = "The second of all epochs ends with w = [2, 1] and with the bias b = -1.";
        assert_page(
            markdown,
            40,
            "
The second of all epochs ends with
w = [2, 1] and with the bias b = -1.
",
        );
        assert_page("It is written in one piece: `targets - &p`.", 40, "It is written in one piece:\n`targets - &p`.");
        assert_page(
            "Put `println!(\"loss {loss:.4}  b {b:.4}\", loss);` there.",
            40,
            "
Put `println!(\"loss {loss:.4}  b
{b:.4}\", loss);` there.
",
        );
    }

    #[test]
    fn a_long_formula_in_text_is_broken_behind_an_operator() {
        assert_page(
            "Neuron 0 gets the sum 0.5 · 2 + (-0.3) · (-1) + 0.1 = 1.4 here.",
            40,
            "
Neuron 0 gets the sum 0.5 · 2 +
(-0.3) · (-1) + 0.1 = 1.4 here.
",
        );
    }

    #[test]
    fn a_word_that_is_wider_than_the_screen_is_broken_where_it_hurts_least() {
        assert_page(
            "Edit exercises/06_buggy_training_loop/src/lib.rs.",
            40,
            "
Edit
exercises/06_buggy_training_loop/src/
lib.rs.
",
        );
        assert_page(&format!("see {}", "abcdefghij".repeat(4)), 30, "see\nabcdefghijabcdefghijabcdefghij\nabcdefghij");
    }

    #[test]
    fn lists_hang_and_nest() {
        let markdown = "\
1. The first one is long enough for a second line on narrow screens.
2. two
   - inner, which is also a little too long for one line
     1. innermost
   - second
3. three";
        assert_page(
            markdown,
            80,
            "
 1. The first one is long enough for a second line on narrow screens.
 2. two
    • inner, which is also a little too long for one line
       1. innermost
    • second
 3. three
",
        );
        assert_page(
            markdown,
            40,
            "
 1. The first one is long enough for a
    second line on narrow screens.
 2. two
    • inner, which is also a little too
      long for one line
       1. innermost
    • second
 3. three
",
        );
    }

    #[test]
    fn numbers_are_aligned_and_begin_where_the_author_says() {
        assert_page("9. nine\n10. ten", 40, " 9. nine\n10. ten");
    }

    #[test]
    fn blank_lines_between_items_stay_and_blocks_in_them_have_their_own() {
        assert_page(
            "- one\n\n- two\n\n  ```sh\n  cargo test\n  ```",
            40,
            "
• one

• two

    cargo test
",
        );
        assert_page("- one\n- two\n  ```sh\n  cargo test\n  ```", 40, "• one\n• two\n\n    cargo test");
    }

    #[test]
    fn code_keeps_its_columns() {
        let markdown =
            "Text:\n\n    z = w·x + b\n\n      = 2.4        a number\n\n```rust\nfn main() {\n    todo!()\n}\n```";
        assert_page(
            markdown,
            80,
            "
Text:

    z = w·x + b

      = 2.4        a number

    fn main() {
        todo!()
    }
",
        );
    }

    #[test]
    fn what_does_not_fit_into_a_line_of_formulas_stands_below_it() {
        let markdown = "
    dP  = 2 (P - Y) / n                  n is the number of entries of P: samples times outputs
    dW₂ = Hᵀ · dZ₂      db₂ = Σ dZ₂      the output layer
";
        assert_page(
            markdown,
            80,
            "
    dP  = 2 (P - Y) / n                  n is the number of entries of P:
                                         samples times outputs
    dW₂ = Hᵀ · dZ₂      db₂ = Σ dZ₂      the output layer
",
        );
        assert_page(
            markdown,
            40,
            "
  dP  = 2 (P - Y) / n
      n is the number of entries of P:
      samples times outputs
  dW₂ = Hᵀ · dZ₂      db₂ = Σ dZ₂
      the output layer
",
        );
    }

    #[test]
    fn a_formula_is_broken_at_its_relations_first() {
        assert_page(
            "    x2 = slope · x1 + intercept = -2 · x1 + 3",
            40,
            "
  x2 = slope · x1 + intercept
      = -2 · x1 + 3
",
        );
        assert_page(
            "    z = 1 · 0.5 + 2 · (-0.3) + 3 · 0.8 + 0.1 = 2.4",
            40,
            "
  z = 1 · 0.5 + 2 · (-0.3) + 3 · 0.8
      + 0.1 = 2.4
",
        );
        assert_page(
            "    dL/dW1 = [[-0.009274, -0.010614], [-0.014838, -0.016982]]",
            40,
            "
  dL/dW1 = [[-0.009274, -0.010614],
      [-0.014838, -0.016982]]
",
        );
    }

    #[test]
    fn matrices_that_do_not_fit_beside_each_other_stand_below_each_other() {
        let markdown = "```text
X = [[1, 2, 3],        W = [[ 0.1, -0.2],        b = [0.01, -0.02]
     [4, 5, 6]]             [ 0.3,  0.4],
                            [-0.5,  0.6]]

Z = X · W + b
```";
        assert_page(
            markdown,
            60,
            "
    X = [[1, 2, 3],        W = [[ 0.1, -0.2],
         [4, 5, 6]]             [ 0.3,  0.4],
                                [-0.5,  0.6]]
    b = [0.01, -0.02]

    Z = X · W + b
",
        );
        assert_page(
            markdown,
            40,
            "
  X = [[1, 2, 3],
       [4, 5, 6]]
  W = [[ 0.1, -0.2],
       [ 0.3,  0.4],
       [-0.5,  0.6]]
  b = [0.01, -0.02]

  Z = X · W + b
",
        );
    }

    #[test]
    fn long_lines_of_code_go_on_below_and_comments_stay_comments() {
        assert_page(
            "```sh\ncargo test -p elu  # the examples of this page, if you like to see them run\n```",
            40,
            "
  cargo test -p elu
      # the examples of this page, if
      # you like to see them run
",
        );
        assert_page(
            "```rust\nif alpha == 2.0 {\n    for (z, slope) in z.iter().zip(&slopes) {\n        draw();\n```",
            40,
            "
  if alpha == 2.0 {
      for (z, slope) in
              z.iter().zip(&slopes) {
          draw();
",
        );
    }

    #[test]
    fn tables_are_aligned_by_the_width_of_what_is_shown() {
        let markdown =
            "| e | `0.1` | right | mid |\n|---|---|--:|:-:|\n| e² | **0.01** | 1 | x |\n| ŷ → σ | | 1,000 | wide |";
        assert_page(
            markdown,
            80,
            "
e      `0.1`  right  mid
─────  ─────  ─────  ────
e²     0.01       1   x
ŷ → σ         1,000  wide
",
        );
    }

    const RULES: &str = "
|                | perceptron rule       | sigmoid batch rule                      |
|----------------|-----------------------|-----------------------------------------|
| error          | -1, 0 or 1            | target minus probability: anything      |
| corrects       | after every sample    | once per epoch                          |
| ends by itself | if a line separates   | never                                   |
";

    #[test]
    fn the_cells_of_a_wide_table_are_wrapped() {
        assert_page(
            RULES,
            60,
            "
                perceptron rule      sigmoid batch rule
──────────────  ───────────────────  ───────────────────────
error           -1, 0 or 1           target minus
                                     probability: anything
┈┈┈┈┈┈┈┈┈┈┈┈┈┈  ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈  ┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈┈
corrects        after every sample   once per epoch
ends by itself  if a line separates  never
",
        );
    }

    #[test]
    fn a_table_whose_columns_would_be_too_narrow_becomes_one_block_a_row() {
        assert_page(
            RULES,
            40,
            "
error
  perceptron rule: -1, 0 or 1
  sigmoid batch rule: target minus
    probability: anything
corrects
  perceptron rule: after every sample
  sigmoid batch rule: once per epoch
ends by itself
  perceptron rule: if a line separates
  sigmoid batch rule: never
",
        );
        assert_page(
            "| sample | learning_rate | prediction | error_rate |\n|-|-|-|-|\n| 0, 1 | 0.25 | 1 | 0.125 |",
            40,
            "
sample
──────
0, 1
  learning_rate: 0.25
  prediction: 1
  error_rate: 0.125
",
        );
    }

    #[test]
    fn quotes_have_a_bar_on_each_line_and_rules_are_as_wide_as_the_screen() {
        assert_page(
            "> If b moves 3 times as fast as a, the loss does, too.\n>\n> - really\n\n---\n\nAfter it.",
            40,
            "
│ If b moves 3 times as fast as a, the
│ loss does, too.
│
│ • really

────────────────────────────────────────

After it.
",
        );
    }

    const LINKS: &str =
        "Edit [`src/lib.rs`](src/lib.rs) after [that one](../02_elu/README.md#idea), see [dfdx](https://docs.rs/dfdx).";

    #[test]
    fn links_say_where_they_lead_where_nobody_can_follow_them() {
        assert_page(
            LINKS,
            100,
            "
Edit `src/lib.rs` after that one (../02_elu/README.md#idea), see dfdx (https://docs.rs/dfdx).
",
        );
        assert_page("<https://docs.rs> and [above](#above)", 80, "https://docs.rs and above");
    }

    #[test]
    #[cfg(unix)]
    fn links_can_be_followed_where_the_terminal_knows_how() {
        let rendered = render(LINKS, Path::new("/my course"), Screen { width: 80, links: true });
        for target in
            ["file:///my%20course/src/lib.rs", "file:///my%20course/../02_elu/README.md", "https://docs.rs/dfdx"]
        {
            assert!(rendered.contains(&format!("\x1b]8;;{target}\x1b\\")), "{rendered:?}");
        }
        assert_eq!(
            strip_str(&rendered).to_string(),
            "Edit `src/lib.rs` after that one, see dfdx.\n",
            "the targets do not show"
        );
    }

    #[test]
    fn an_image_is_its_description_and_its_path() {
        assert_page("![A line between two clouds](clouds.svg)", 80, "A line between two clouds (clouds.svg)");
    }

    #[test]
    fn html_is_shown_as_it_is() {
        assert_page("<details>\n\nA <b>bold</b> one.", 80, "<details>\n\nA <b>bold</b> one.");
    }

    #[test]
    fn a_figure_says_what_there_is_to_see_and_where() {
        let figure = Figure { id: "elu".to_owned(), alt: "A curve that bends at z = 0".to_owned() };
        let markdown = format!("Before.\n\n{}\nAfter.", figure.html(|file| file));
        assert_page(
            &markdown,
            40,
            "
Before.

[Figure: A curve that bends at z = 0
(figures/elu.light.svg)]

After.
",
        );
        let rendered = render(&markdown, Path::new("/course"), Screen { width: 80, links: true });
        assert!(rendered.contains("file:///course/figures/elu.light.svg"), "{rendered}");
    }

    /// Every lesson with the folder that it lies in.
    fn lessons() -> Vec<(String, String)> {
        let course = Course::find(None).unwrap();
        let read = |name: &str| fs::read_to_string(course.root.join("exercises").join(name).join("README.md")).unwrap();
        course.exercises.iter().map(|exercise| (exercise.name.clone(), read(&exercise.name))).collect()
    }

    /// How often each piece occurs.
    fn counted<T: Ord>(pieces: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
        let mut counts = BTreeMap::new();
        for piece in pieces {
            *counts.entry(piece).or_default() += 1;
        }
        counts
    }

    /// The text of a document as the parser sees it, with a blank wherever something else than text stands.
    fn text(markdown: &str) -> String {
        Parser::new_ext(markdown, Options::ENABLE_TABLES)
            .map(|event| match event {
                Event::Text(text) => text.to_string(),
                Event::Code(code) => format!("`{code}`"),
                Event::Start(Tag::Emphasis | Tag::Strong | Tag::Link { .. }) => String::new(),
                Event::End(pulldown_cmark::TagEnd::Emphasis | pulldown_cmark::TagEnd::Strong) => String::new(),
                Event::End(pulldown_cmark::TagEnd::Link) => String::new(),
                _ => " ".to_owned(),
            })
            .collect()
    }

    /// Whatever the width, every character of the lesson is there, and every word that did not have to be broken.
    #[test]
    fn each_lesson_fits_on_each_screen_and_loses_nothing() {
        for (name, lesson) in lessons() {
            let text = text(&lesson);
            // A block of `header: cell` lines puts colons behind headers.
            let words_of =
                |text: &str| counted(text.split_whitespace().map(|word| word.trim_end_matches(':').to_owned()));
            let words = words_of(&text);
            let characters = counted(text.chars().filter(|c| !c.is_whitespace()));
            let longest = words.keys().map(|word| display_width(word)).max().unwrap();
            for width in 30..=100 {
                // Where links can be followed, nothing is added to the text.
                let rendered = render(&lesson, Path::new("/course"), Screen { width, links: true });
                let page = strip_str(&rendered).to_string();
                for line in page.lines() {
                    assert!(display_width(line) <= width, "{name} at {width}: {line}");
                    assert_eq!(line, line.trim_end(), "{name} at {width}");
                }
                let shown = counted(page.chars());
                for (character, count) in &characters {
                    assert!(shown.get(character) >= Some(count), "{name} at {width}: a {character:?} is lost");
                }
                // What had to go on another line of code begins before the middle of the screen.
                if width / 2 >= longest {
                    let shown = words_of(&page);
                    for (word, count) in &words {
                        assert!(shown.get(word) >= Some(count), "{name} at {width}: a {word:?} is lost");
                    }
                }
            }
        }
    }
}
