//! Computes every number in the questions.

use lesson::Lesson;
use manual_gradients_solution::{
    TwoLayerParams, central_difference, critical_learning_rate, gd_step, linear_neuron_grad, relu_neuron_grad,
    sigmoid_neuron_partials, two_layer_step,
};
use ndarray::{Array1, Array2, array};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    for tolerance in ["tolerance = 0.4", "tolerance = 0.01"] {
        quiz.given(tolerance);
    }
    one_neuron(&mut quiz);
    sigmoids(&mut quiz);
    two_layers(&mut quiz);
    another_neuron();
    quiz.finish();
}

fn one_neuron(quiz: &mut Lesson) {
    let before = linear_neuron_grad(3.0, 0.5, 0.2, 2.0);
    quiz.says("dL/dw = -1.8", &[before.dl_dw]);
    quiz.says("It grows by 1.8", &[-before.dl_dw]);

    let after = |rate: f64| {
        let (w, b) = gd_step(0.5, 0.2, &before, rate);
        (w, linear_neuron_grad(3.0, w, b, 2.0))
    };
    let (w, bounced) = after(0.1);
    quiz.says("x = 3 predicts 0.3 too little", &[3.0, 2.0 - before.y_hat]);
    quiz.given("one step with lr = 0.1");
    assert!((bounced.loss - before.loss).abs() < 1e-12);
    quiz.says("It is 0.3 too high now instead of 0.3 too low", &[bounced.y_hat - 2.0, 2.0 - before.y_hat]);
    quiz.says("`w` went from 0.5 to 0.68", &[0.5, w]);
    quiz.given("With lr = 0.05");
    assert!(after(0.05).1.loss < 1e-12);
    quiz.given("from w = 0.5 and b = 0.2");

    quiz.says("learning rates below 0.1 work", &[critical_learning_rate(3.0)]);
    quiz.given("a hundredth of 0.1");
    quiz.given("a tenth of 0.1");
    let factor = critical_learning_rate(3.0) / critical_learning_rate(30.0);
    assert!((90.0..100.0).contains(&factor), "roughly a hundred times smaller: {factor}");

    let at_the_kink = relu_neuron_grad(1.0, 0.0, 0.0, 5.0);
    assert_eq!((at_the_kink.z, at_the_kink.dl_dy_hat), (0.0, -10.0));
}

fn sigmoids(quiz: &mut Lesson) {
    let neuron = |z: f64| sigmoid_neuron_partials(0.0, 0.0, z);
    let slope = neuron(0.0).dy_db;
    quiz.says("with a slope of 0.25,", &[slope]);
    quiz.says("0.25 to the fifth is the first power below 0.001", &[slope, 0.001]);
    quiz.given("fall below 0.001");
    assert!(slope.powi(4) > 0.001 && slope.powi(5) < 0.001 && slope.powi(10) < 1e-6);
    quiz.says("0.25 to the fourth is 0.0039", &[slope, slope.powi(4)]);
    quiz.says("a factor of 0.5 per layer. But 0.5 is the value", &[neuron(0.0).y, neuron(0.0).y]);
    assert!(0.5_f64.powi(9) > 0.001 && 0.5_f64.powi(10) < 0.001);
    quiz.says("its slope there is 0.5 · 0.5", &[neuron(0.0).y, 1.0 - neuron(0.0).y]);
    quiz.says("value = 250", &[slope / 0.001]);
    quiz.says("That is 0.25 divided by a thousandth", &[slope]);
    quiz.says("A sigmoid slope is below 0.25", &[slope]);
    assert_eq!(neuron(40.0).dy_db, 0.0);
}

fn two_layers(quiz: &mut Lesson) {
    let x = array![0.5, 0.8];
    let params = TwoLayerParams::from_parts(array![[0.1, 0.3], [0.2, 0.4]], array![0.01, 0.02], array![0.5, 0.6], 0.03);
    let (trace, updated) = two_layer_step(&x, 1.0, &params, 0.5);

    // Half a sum of squares, other sign: the rate that makes the same step.
    quiz.given("with lr = 0.5?");
    let other_delta2 = (1.0 - trace.a2) * trace.a2 * (1.0 - trace.a2);
    assert!((-0.5 * trace.delta2 / other_delta2 - 1.0).abs() < 1e-12);
    quiz.given("value = 0.5");
    quiz.given("value = 0.25");

    let as_text = |w2: f64, b2: f64, w1: &[f64; 4], b1: &[f64; 2]| {
        format!(
            "W2: {w2:.2}, {w2:.2} · b2: {b2:.2} · W1: {:.2}, {:.2}; {:.2}, {:.2} · b1: {:.2}, {:.2}",
            w1[0], w1[1], w1[2], w1[3], b1[0], b1[1]
        )
    };
    let skipped = 1.0 / trace.da2_dz2;
    for all in [-1.0, 0.5, skipped] {
        quiz.given(&as_text(all, all, &[all; 4], &[all; 2]));
    }
    let below = |factor: &Array1<f64>| {
        as_text(1.0, 1.0, &[factor[0], factor[1], factor[0], factor[1]], &[factor[0], factor[1]])
    };
    quiz.given(&below(&trace.da1_dz1.mapv(f64::recip)));
    quiz.given(&below(&(&updated.w2 / &params.w2)));
    let transposed: Array2<f64> = trace.dl_dw1.t().to_owned() / &trace.dl_dw1;
    quiz.given(&as_text(
        1.0,
        1.0,
        &[transposed[[0, 0]], transposed[[0, 1]], transposed[[1, 0]], transposed[[1, 1]]],
        &[1.0; 2],
    ));
    quiz.says("so 1.00 is right", &[1.0]);

    // Two hidden neurons that begin as twins.
    let mut twins =
        TwoLayerParams::from_parts(array![[0.1, 0.1], [0.2, 0.2]], array![0.01, 0.01], array![0.5, 0.5], 0.03);
    for _ in 0..100 {
        let (trace, next) = two_layer_step(&x, 1.0, &twins, 0.5);
        assert_eq!(trace.delta1[0], trace.delta1[1]);
        assert_ne!(trace.delta1[0], 0.0);
        twins = next;
    }
}

/// tanh with the absolute error.
fn another_neuron() {
    let (x, w, b, y) = (0.7, 0.4, -0.1, 1.0);
    let loss = |w: f64| ((w * x + b).tanh() - y).abs();
    let y_hat = (w * x + b).tanh();
    let slope = (y_hat - y).signum() * (1.0 - y_hat * y_hat) * x;
    assert!((slope - central_difference(loss, w, 1e-5)).abs() < 1e-9);
}
