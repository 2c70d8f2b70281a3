//! The questions of an exercise, with what is said to each answer: the book has no server that could be asked.

use anyhow::Result;
use course::{Course, Exercise};
use serde_json::json;
use view::questions::Answered;

use crate::frames;

/// The script of a chapter, beside its page. The answers are in here, so that they are not in the page's text.
pub(crate) const FILE: &str = "answers.js";

/// What is added to a lesson that has questions.
pub(crate) const SECTION: &str = "\n\n## Test yourself\n\n\
    <div id=\"asked-here\"><noscript>The questions need JavaScript.</noscript></div>\n\
    <script src=\"answers.js\" defer></script>\n";

/// The script; nothing if there are no questions.
///
/// With frames, a picture that a question asks to predict is shown beside what is said to the answer.
pub(crate) fn script(course: &Course, exercise: &Exercise, draws: bool) -> Result<Option<String>> {
    let questions = course.quiz(exercise)?;
    if questions.is_empty() {
        return Ok(None);
    }
    let answered: Vec<_> =
        questions.into_iter().zip(1..).map(|(question, seed)| Answered::new(question, seed)).collect();
    let folder = if draws { json!(frames::FOLDER) } else { json!(null) };
    Ok(Some(format!("askInBook({}, {folder});\n", json!(answered))))
}
