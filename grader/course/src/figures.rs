//! Figures of lessons. A lesson shows a picture of what right code computes, once for light pages and once for dark ones:
//!
//! ```html
//! <picture>
//!   <source media="(prefers-color-scheme: dark)" srcset="figures/elu.dark.svg">
//!   <img alt="What there is to see" src="figures/elu.light.svg">
//! </picture>
//! ```
//!
//! GitHub follows the theme of its reader with that, and a figure is never looked for anywhere else.

use anyhow::{Result, ensure};

/// A figure that a lesson shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    /// The picture of `pictures.rs` that it is.
    pub id: String,
    /// What there is to see, for those who do not see it.
    pub alt: String,
}

impl Figure {
    /// The figures of a lesson, from top to bottom.
    ///
    /// # Errors
    ///
    /// If one is written in another way.
    pub fn all(lesson: &str) -> Result<Vec<Self>> {
        let mut figures = Vec::new();
        let mut line = 1;
        for (number, part) in lesson.split("<picture>").enumerate() {
            if number > 0 {
                let html = part.split_once("</picture>").map(|(inner, _)| format!("<picture>{inner}</picture>"));
                let figure = html.as_deref().and_then(Self::read);
                ensure!(
                    figure.is_some(),
                    "line {line}: a figure is a <picture> of figures/ID.dark.svg and figures/ID.light.svg, with what \
                     there is to see as its alt; the CONTRIBUTING.md of Neuronlings has an example"
                );
                figures.extend(figure);
            }
            line += part.matches('\n').count();
        }
        Ok(figures)
    }

    /// The figure that a piece of HTML is; nothing if it is anything else.
    pub fn read(html: &str) -> Option<Self> {
        let words = |html: &str| html.split_whitespace().collect::<Vec<_>>().join(" ");
        let html = words(html);
        let attribute = |begins: &str| html.split_once(begins)?.1.split('"').next();
        let id = attribute("src=\"figures/")?.strip_suffix(".light.svg")?.to_owned();
        let alt = attribute("alt=\"")?.to_owned();
        let is_plain = id.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
        let figure = Self { id, alt };
        let is_text = !figure.alt.is_empty() && !figure.alt.contains(['<', '>', '&']);
        (is_plain && is_text && words(&figure.html(|file| file)) == html).then_some(figure)
    }

    /// The figure as HTML; `address` says where a file of the lesson's folder is.
    pub fn html(&self, address: impl Fn(String) -> String) -> String {
        let [light, dark] = self.files().map(address);
        format!(
            "<picture>\n  <source media=\"(prefers-color-scheme: dark)\" srcset=\"{dark}\">\n  \
             <img alt=\"{}\" src=\"{light}\">\n</picture>\n",
            self.alt
        )
    }

    /// Its files for light and for dark pages, seen from the folder of the lesson.
    pub fn files(&self) -> [String; 2] {
        ["light", "dark"].map(|theme| format!("figures/{}.{theme}.svg", self.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LESSON: &str = "# A lesson\n\n<picture>\n  \
        <source media=\"(prefers-color-scheme: dark)\" srcset=\"figures/elu_2.dark.svg\">\n  \
        <img alt=\"A curve that\n       bends\" src=\"figures/elu_2.light.svg\">\n</picture>\n\nA caption.\n";

    #[test]
    fn a_lesson_names_its_figures() {
        let figures = Figure::all(LESSON).unwrap();
        assert_eq!(figures, [Figure { id: "elu_2".to_owned(), alt: "A curve that bends".to_owned() }]);
        assert_eq!(figures[0].files(), ["figures/elu_2.light.svg", "figures/elu_2.dark.svg"]);
        assert!(figures[0].html(|file| format!("/key/{file}")).contains("src=\"/key/figures/elu_2.light.svg\""));
        assert_eq!(Figure::all("No figure.").unwrap(), []);
    }

    #[test]
    fn what_is_no_figure_is_named_with_its_line() {
        for (find, with) in [
            ("elu_2.dark", "elu.dark"),
            ("figures/elu_2.light.svg", "../../solutions/x.light.svg"),
            ("figures/elu_2.light.svg", "figures/../x.light.svg"),
            ("figures/elu_2.light.svg", "https://example.org/x.light.svg"),
            ("A curve that\n       bends", ""),
            ("bends", "<b>bends</b>"),
            (" src=", " onload=\"x()\" src="),
            ("</picture>", ""),
        ] {
            assert!(LESSON.contains(find), "{find}");
            let error = Figure::all(&LESSON.replacen(find, with, 1)).expect_err(with).to_string();
            assert!(error.starts_with("line 3: "), "{error}");
        }
    }
}
