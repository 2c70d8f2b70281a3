//! Computes every number in the questions.

use autoencoder_transfer_solution::quantile;
use lesson::Lesson;
use ndarray::array;

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("for q = 0.8?");
    quiz.given("tolerance = 0.05");
    quiz.given("q = 0.95 tests");
    quiz.given("after 200 steps");
    quiz.says("answer = 6.4", &[quantile(&array![4.0, 1.0, 2.0, 10.0], 0.8)]);
    quiz.says("0.8 · 3 = 2.4", &[0.8, 3.0, 0.8 * 3.0]);
    quiz.says("value = 5.2", &[2.0 + (10.0 - 2.0) * 0.4]);
    quiz.given("the position 0.8 · 4");
    quiz.finish();
}
