//! Computes every number in the questions.

use lesson::Lesson;
use lstm_solution::{Lstm, State, Weights, skill, windows};
use ndarray::{Array1, Array2, array};

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.6");
    quiz.given("text = \"0.5\"");
    assert!((0.5_f64.powi(10) - 0.001).abs() < 1e-4);

    // The share of the cell state's gradient that a forget gate lets through in 30 steps, in percent.
    let left = |bias: f64| 100.0 * gate(bias).powi(30);
    quiz.says("σ(3) = 0.953", &[3.0, gate(3.0)]);
    quiz.says("answer = 23.3", &[left(3.0)]);
    quiz.says("It is 0.953 to the power of 30", &[gate(3.0), 30.0]);
    quiz.says("0.731 to the same power, which is 0.0083 %", &[gate(1.0), left(1.0)]);
    quiz.says("value = 95.3", &[100.0 * gate(3.0)]);
    quiz.says("value = 3.2", &[100.0 * gate(3.0) / 30.0]);
    quiz.says("0.953 divided by 30", &[gate(3.0), 30.0]);

    quiz.given("has a skill of 0.02");
    quiz.says("a skill of 0.98", &[1.0 - 0.02]);
    quiz.given("is 0.99");
    quiz.finish();
}

/// What an LSTM's cell keeps of a state of 1 if it has this forget bias and reads nothing.
fn gate(bias: f64) -> f64 {
    let zeros = Array2::zeros((1, 4));
    let lstm = Lstm::from_parts(Weights::from_parts(zeros.clone(), zeros, array![0.0, bias, 0.0, 0.0]));
    let before = State { h: array![[0.0]], c: array![[1.0]] };
    let after = lstm.step(&array![[0.0]], &before).after.c[[0, 0]];
    assert!((after - sigmoid(bias)).abs() < 1e-12);
    after
}

/// The last value has a skill of 0, and the mean of a slow series one far below.
#[test]
fn the_last_value_is_the_measure() {
    let series = Array1::from_shape_fn(40, |t| (f64::from(t as u32) / 6.0).sin());
    let windows = windows(&series, 4);
    let last = windows.x.column(3).to_owned().insert_axis(ndarray::Axis(1));
    assert!(skill(&last, &windows).abs() < 1e-12);
    assert!(skill(&Array2::zeros(last.dim()), &windows) < -1.0);
}
