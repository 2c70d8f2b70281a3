//! Computes every number in the questions.

use datasets::Gate;
use lesson::Lesson;
use ndarray::{Array1, array};
use perceptron_solution::{Perceptron, linear_neuron, sigmoid_neuron, step};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.4");
    quiz.given("tolerance = 0.01");

    let and = Gate::And.dataset();
    let errors = Perceptron::from_parts(Array1::zeros(2), 0.0, 1.0).train(&and.features, &and.targets(), 20);
    assert_eq!(errors[..2], [2, 3]);

    quiz.given("Multiply all weights by 1,000");
    one_correction(&mut quiz);
    equal_samples(&mut quiz);
    quiz.finish();
}

fn one_correction(quiz: &mut Lesson) {
    let (w, b, rate, x) = (array![0.5, 0.25], -0.5, 0.5, array![1.0, -2.0]);
    quiz.given("w = [0.5, 0.25], b = -0.5 and the learning rate 0.5");
    let z = linear_neuron(&x, &w, b);
    quiz.says("The sum is -0.5", &[z]);
    assert_eq!(step(z), 0.0);
    let mut perceptron = Perceptron::from_parts(w.clone(), b, rate);
    assert!(perceptron.update(&x, 1.0));
    quiz.says("answer = -0.75", &[perceptron.weights[1]]);
    quiz.says("moves by 0.5 · 1 · (-2)", &[rate, 1.0, x[1]]);
    quiz.says("value = 1.25", &[w[1] - rate * x[1]]);
    quiz.says("value = 0.75", &[w[1] + rate]);
    quiz.says("value = -1.75", &[w[1] + x[1]]);
    quiz.says("value = 0.25", &[w[1]]);
}

/// Two samples that are equal, of different classes.
fn equal_samples(quiz: &mut Lesson) {
    let (x, targets) = (array![[0.7, -0.3], [0.7, -0.3]], array![0.0, 1.0]);
    let start = || Perceptron::from_parts(array![0.4, 0.9], 0.2, 0.1);
    let errors = start().train(&x, &targets, 1000);
    assert!(errors.len() == 1000 && errors[999] > 0);
    let mut batch = start();
    batch.fit_batch_sigmoid(&x, &targets, 10_000);
    let p = sigmoid_neuron(&x.row(0), &batch.weights, batch.bias);
    quiz.says("converges to p = 0.5", &[p]);
    quiz.says("p comes closer to 0.5", &[p]);
    assert!((p - 0.5).abs() < 1e-9);
}

/// Of the sixteen gates all but two are learned.
#[test]
fn two_gates_cannot_be_learned() {
    let x = Gate::Xor.dataset().features;
    let learned = |gate: u32| {
        let targets: Array1<f64> = (0..4).map(|sample| f64::from(gate >> sample & 1)).collect();
        Perceptron::from_parts(Array1::zeros(2), 0.0, 1.0).train(&x, &targets, 1000).ends_with(&[0])
    };
    let not_learned: Vec<u32> = (0..16).filter(|&gate| !learned(gate)).collect();
    assert_eq!(not_learned, [0b0110, 0b1001]);
}

/// Half zeros, half ones: which wrong rule ends with saying 1 to nearly everything?
#[test]
fn the_rule_for_other_classes_never_learns_a_zero() {
    let x = array![[1.0, 0.2], [0.8, -0.5], [1.2, 0.1], [-1.0, 0.3], [-0.7, -0.4], [-1.1, 0.0]];
    let targets = array![1.0, 1.0, 1.0, 0.0, 0.0, 0.0];
    let mut perceptron = Perceptron::from_parts(Array1::zeros(2), 0.0, 1.0);
    for _ in 0..100 {
        for (sample, &target) in x.rows().into_iter().zip(&targets) {
            let error = target - step(linear_neuron(&sample, &perceptron.weights, perceptron.bias));
            if error != 0.0 {
                perceptron.weights.scaled_add(target, &sample);
                perceptron.bias += target;
            }
        }
    }
    assert_eq!(perceptron.predict(&x).sum(), 6.0);
}
