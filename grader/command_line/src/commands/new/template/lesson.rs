//! Computes every number in the lesson.
//!
//! TO WRITE: a line for each line of the lesson that holds a number.

use lesson::Lesson;

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();

    lesson.given("double(x) = 2 · x");
    lesson.says("double(3) = 6", &[3.0, NAME_solution::double(3.0)]);

    lesson.finish();
}
