//! Computes every number in the questions.
//!
//! TO WRITE: a line for each line of `quiz.toml` that holds a number.

use lesson::Lesson;

#[test]
fn every_number_in_the_questions_is_computed() {
    Lesson::of_this_quiz().finish();
}
