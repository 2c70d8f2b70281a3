//! Computes every number in the questions.

use data_pipeline_solution::{StandardScaler, prepare};
use lesson::Lesson;
use ndarray::{Array1, Array2, Axis, array, concatenate};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("They ask for 500 images");
    quiz.given("They divide by 255, although");
    quiz.given("between 0 and 1/255");
    quiz.given("pixel / 255");
    quiz.given("measured: 255 is");
    quiz.given("The 150 irises");
    there_and_back();
    a_test_sample(&mut quiz);
    quiz.finish();
}

fn column(values: &[f64]) -> Array2<f64> {
    Array1::from(values.to_vec()).insert_axis(Axis(1))
}

fn there_and_back() {
    let scaler = StandardScaler::fit(&column(&[4.0, 4.0, 4.0]));
    let test = column(&[4.0, 5.0, 9.0]);
    let z = scaler.transform(&test);
    assert_eq!(z, column(&[0.0, 1.0, 5.0]));
    assert_eq!(scaler.inverse_transform(&z), test);
}

fn a_test_sample(quiz: &mut Lesson) {
    let (train, test) = (column(&[2.0, 4.0, 6.0]), array![[10.0]]);
    let scaler = StandardScaler::fit(&train);
    quiz.says("answer = 3.674", &[prepare(&train, &test).1[[0, 0]]]);
    quiz.given("tolerance = 0.01");
    quiz.says("√(8/3) = 1.633", &[8.0, 3.0, scaler.std[0]]);
    quiz.says("(10 - 4) / 1.633", &[10.0, scaler.mean[0], scaler.std[0]]);
    quiz.says("value = 3.0", &[6.0 / train.std_axis(Axis(0), 1.0)[0]]);
    let all = StandardScaler::fit(&concatenate![Axis(0), train, test]);
    quiz.says("value = 1.521", &[all.transform(&test)[[0, 0]]]);
    quiz.says("value = 0.0", &[StandardScaler::fit(&test).transform(&test)[[0, 0]]]);
    quiz.says("value = 6.0", &[10.0 - scaler.mean[0]]);
}
