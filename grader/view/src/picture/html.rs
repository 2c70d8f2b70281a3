//! The pictures of one exercise as a page that needs nothing but itself.

use course::Exercise;
use judge::picture::Picture;

use super::svg::escaped;

const STYLE: &str = "
:root { color-scheme: light dark; --paper: #f6f6f4; --ink: #222; --soft: #555; --line: #d8d8d4; }
@media (prefers-color-scheme: dark) { :root { --paper: #17181a; --ink: #e8e8e6; --soft: #b4b4b0; --line: #3a3b3e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 0 0 .6rem; font-size: 1.1rem; line-height: 1.3; }
p { margin: .4rem 0; max-width: 42rem; }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
.flag { white-space: nowrap; }
.soft, figcaption { color: var(--soft); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 2rem 1.75rem;
  align-items: start; margin-top: 2rem; }
figure { margin: 0; max-width: 42rem; }
figcaption { margin-top: .6rem; }
svg { display: block; width: 100%; height: auto; border: 1px solid var(--line); border-radius: 8px; background: #fff; }
/* Light becomes dark and colours stay what they are: no white cards on a dark page. */
@media (prefers-color-scheme: dark) { svg { filter: invert(.91) hue-rotate(180deg); border-color: #d8d8d4; } }
";

/// The page. `drawn` are the pictures with their SVG documents; `source` is the file that was run.
pub(crate) fn render(exercise: &Exercise, grader: &str, source: &str, drawn: &[(&Picture, String)]) -> String {
    let heading = format!("{} · {}", exercise.number, exercise.title);
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{0}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n<header>\n<h1>{0}</h1>\n\
         <p class=\"soft\">What <code>{1}</code> computes. Strong colours are that code; the wide, faint lines and bars \
         behind them are the reference. Where there is no faint edge on both sides, the two differ.</p>\n</header>\n<main>\n",
        escaped(&heading),
        escaped(source),
    );
    for (picture, svg) in drawn {
        page += &format!(
            "<figure id=\"{}\">\n<h2>{}</h2>\n{svg}<figcaption>{}</figcaption>\n</figure>\n",
            picture.id,
            escaped(&picture.title),
            with_code(&picture.caption)
        );
    }
    page += &format!(
        "</main>\n<p class=\"soft\">Draw them again: <code>{grader} plot {}</code></p>\n</body>\n</html>\n",
        exercise.number
    );
    page
}

/// `text` with what stands between backticks as code, and what stands between asterisks emphasised.
pub fn with_code(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts.map(|(n, part)| if n % 2 == 1 { code(part) } else { emphasised(part) }).collect()
}

/// `text` as code. An option such as `--bonus` is marked, so that a page does not break it after its hyphens.
pub fn code(text: &str) -> String {
    let is_option = |word: &str| word.starts_with('-') && word.len() > 1;
    let words = text.split(' ').map(|word| match escaped(word) {
        option if is_option(word) => format!("<span class=\"flag\">{option}</span>"),
        word => word,
    });
    format!("<code>{}</code>", words.collect::<Vec<_>>().join(" "))
}

/// `text` with `*words like these*` emphasised. Between numbers and names an asterisk is a product, and stays.
fn emphasised(text: &str) -> String {
    let text = escaped(text);
    let mut parts = text.split('*').peekable();
    let mut before = parts.next().unwrap_or("");
    let mut html = before.to_owned();
    while let Some(part) = parts.next() {
        let begins = before.is_empty() || before.ends_with([' ', '(', '\n']);
        let is_phrase = part.starts_with(char::is_alphabetic) && part.ends_with(char::is_alphabetic);
        match parts.peek() {
            Some(after) if begins && is_phrase && !after.starts_with(char::is_alphanumeric) => {
                html += &format!("<em>{part}</em>{after}");
                before = after;
                parts.next();
            }
            _ => {
                html += &format!("*{part}");
                before = part;
            }
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_between_asterisks_are_emphasised_and_products_are_not() {
        for (text, html) in [
            ("has to become *larger* than 0", "has to become <em>larger</em> than 0"),
            ("*the other* one, *above* all", "<em>the other</em> one, <em>above</em> all"),
            ("`a *b* c` and <i> *all*", "<code>a *b* c</code> and &lt;i&gt; <em>all</em>"),
            (
                "`check 25 --bonus`, `a - b`",
                "<code>check 25 <span class=\"flag\">--bonus</span></code>, <code>a - b</code>",
            ),
            ("a * b * c, 2*x*y, x *y", "a * b * c, 2*x*y, x *y"),
            ("*", "*"),
            ("", ""),
        ] {
            assert_eq!(with_code(text), html);
        }
    }
}
