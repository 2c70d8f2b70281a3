//! Computes every number in the questions.

use engine::{Layer, Linear, Relu, Sequential};
use lesson::Lesson;
use ndarray::{Array1, Array2, array};
use regularisation_solution::{Fit, History, Penalty, decay, diagnose, penalised_step, total_penalty};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.02");
    quiz.given("with p = 0.5, just before");
    who_pulls_harder(&mut quiz);
    step_then_decay();
    quiz.says("gives 2.3026", &[10.0_f64.ln()]);
    for passage in ["about 2.3", "far above 2.3", "costs 2.3", "below 2.3"] {
        quiz.says(passage, &[10.0_f64.ln()]);
    }
    quiz.says("Training about 2.3, validation about 2.3", &[10.0_f64.ln(), 10.0_f64.ln()]);
    halved_and_doubled(&mut quiz);
    pairs_of_curves(&mut quiz);
    quiz.finish();
}

fn who_pulls_harder(quiz: &mut Lesson) {
    let (l2, l1) = (Penalty::L2(0.1), Penalty::L1(0.1));
    quiz.given("Two weights are 3 and 0.01");
    quiz.given("L2 with λ = 0.1");
    quiz.given("With L2 the 0.01 is 0 first");
    quiz.given("With L1 the 0.01 is 0 first");
    quiz.given("L1: the 0.01.");
    quiz.says("here 300 times harder", &[l2.slope(3.0) / l2.slope(0.01)]);
    assert_eq!(l1.slope(3.0), l1.slope(0.01));
}

/// A network of two layers with ReLU between them, without biases.
fn net(w1: Array2<f64>, w2: Array2<f64>) -> Sequential {
    let linear = |w: Array2<f64>| {
        let biases = Array1::zeros(w.ncols());
        Box::new(Linear::from_parts(w, biases)) as Box<dyn Layer>
    };
    Sequential::new(vec![linear(w1), Box::new(Relu::default()), linear(w2)])
}

fn step_then_decay() {
    let (rate, lambda) = (0.1, 0.3);
    let make = || {
        let mut net = net(array![[2.0]], array![[-0.7]]);
        net.forward(&array![[1.5]]);
        net.backward(&array![[1.0]]);
        net
    };
    let (mut one, mut other) = (make(), make());
    let gradient = one.parameters()[0].gradient.sum();
    penalised_step(&mut one, rate, Penalty::L2(lambda));
    penalised_step(&mut other, rate, Penalty::None);
    decay(&mut other, rate, lambda);
    let difference = other.parameters()[0].value.sum() - one.parameters()[0].value.sum();
    assert!((difference - rate * rate * lambda * gradient).abs() < 1e-12);
    assert!(difference.abs() > 1e-4);
}

fn halved_and_doubled(quiz: &mut Lesson) {
    let (w1, w2) = (array![[4.0, 2.0]], array![[2.0_f64.sqrt()], [2.0]]);
    let squares = |w: &Array2<f64>| w.mapv(|w| w * w).sum();
    assert!((squares(&w1) - 20.0).abs() < 1e-12 && (squares(&w2) - 6.0).abs() < 1e-12);
    let (mut before, mut after) = (net(w1.clone(), w2.clone()), net(w1 * 0.5, w2 * 2.0));
    let x = array![[0.3], [-2.0]];
    assert!((before.forward(&x) - after.forward(&x)).iter().all(|difference| difference.abs() < 1e-12));
    let lambda = 0.1;
    let [before, after] = [&mut before, &mut after].map(|net| total_penalty(net, Penalty::L2(lambda)));
    quiz.given("and λ = 0.1.");
    quiz.says("answer = 1.45", &[after]);
    quiz.says("0.05 · (5 + 24)", &[lambda / 2.0, 20.0 / 4.0, 6.0 * 4.0]);
    quiz.says("the penalty rose from 1.3:", &[before]);
    quiz.says("value = 1.3\n", &[before]);
    quiz.says("value = 1.1\n", &[lambda / 2.0 * (20.0 / 2.0 + 6.0 * 2.0)]);
    quiz.says("value = 2.9\n", &[2.0 * after]);
}

fn pairs_of_curves(quiz: &mut Lesson) {
    let trainings = [
        ([2.3, 1.0, 0.4, 0.1, 0.05], [2.3, 1.1, 0.7, 0.8, 1.0], Fit::Overfitting),
        ([2.3, 2.1, 1.9, 1.8, 1.8], [2.3, 2.1, 1.9, 1.9, 1.9], Fit::Underfitting),
        ([2.3, 1.0, 1.6, 4.2, 9.8], [2.3, 1.1, 1.7, 4.4, 9.9], Fit::Underfitting),
        ([2.3, 1.6, 1.2, 1.0, 0.9], [2.3, 1.3, 0.8, 0.6, 0.5], Fit::Good),
        ([2.3, 1.5, 1.1, 0.8, 0.6], [2.3, 1.6, 1.3, 1.1, 0.9], Fit::Good),
    ];
    for (training, validation, fit) in trainings {
        let shown = |losses: [f64; 5]| losses.map(|loss| format!("{loss:?}")).join(", ");
        quiz.given(&format!("training: {} · validation: {}", shown(training), shown(validation)));
        let history = History { train_loss: training.to_vec(), validation_loss: validation.to_vec() };
        assert_eq!(diagnose(&history, 1.0), fit);
    }
}
