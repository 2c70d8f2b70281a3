//! Computes every number in the questions.

use datasets::Gate;
use lesson::Lesson;
use ndarray::{Array1, Array2, Axis, array, concatenate};
use xor_network_solution::{Activation, XorNet};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    one_set_for_both(&mut quiz);
    every_sample_twice();
    zero_one_one_one(&mut quiz);
    a_check_at_zero(&mut quiz);
    nearly_twins(&mut quiz);
    below_a_quarter(&mut quiz);
    quiz.finish();
}

fn xor() -> (Array2<f64>, Array2<f64>) {
    let data = Gate::Xor.dataset();
    let targets = data.targets().insert_axis(Axis(1));
    (data.features, targets)
}

fn mse(answers: [f64; 4]) -> f64 {
    let (_, y) = xor();
    answers.iter().zip(&y).map(|(answer, y)| (answer - y).powi(2)).sum::<f64>() / 4.0
}

fn one_set_for_both(quiz: &mut Lesson) {
    let net = |w: f64, hidden| {
        XorNet::from_parts(array![[2.0, 2.0]], array![-36.0, -48.0], array![[10.0], [-w]], array![-5.0], hidden)
    };
    let comfortable = |w, hidden| net(w, hidden).predict(&array![[15.0], [21.0], [27.0]]).to_vec();
    let cache = net(10.0, Activation::Relu).forward(&array![[27.0]]);
    let (h1, h2) = (cache.a1[[0, 0]], cache.a1[[0, 1]]);
    let border = (10.0 * h1 - 5.0) / h2;
    quiz.says("answer = 29.17", &[border]);
    quiz.given("tolerance = 0.1\n");
    quiz.says("ramps are at 18 and 6, so 180 - 6 · w - 5", &[h1, h2, 10.0 * h1, h2, 5.0]);
    quiz.says("value = 30.83", &[(10.0 * h1 + 5.0) / h2]);
    assert!((10.0 * h1 / h2 - 30.0).abs() < 1e-12);
    assert_eq!(comfortable(10.0, Activation::Sigmoid), [0, 1, 0]);
    assert_eq!(comfortable(border - 0.1, Activation::Relu), [0, 1, 1]);
    for hidden in [Activation::Sigmoid, Activation::Relu] {
        assert_eq!(comfortable(border + 0.1, hidden), [0, 1, 0]);
    }
}

/// A network in which nothing is equal.
fn network() -> XorNet {
    XorNet::from_parts(
        array![[0.3, -0.2], [-0.4, 0.1]],
        array![0.01, -0.02],
        array![[-0.2], [0.3]],
        array![0.1],
        Activation::Sigmoid,
    )
}

fn every_sample_twice() {
    let (x, y) = xor();
    let (x2, y2) = (concatenate![Axis(0), x, x], concatenate![Axis(0), y, y]);
    let net = network();
    let once = net.gradients(&net.forward(&x), &x, &y);
    let twice = net.gradients(&net.forward(&x2), &x2, &y2);
    assert!(once.w1.abs_diff_eq(&twice.w1, 1e-12) && once.b1.abs_diff_eq(&twice.b1, 1e-12));
    assert!(once.w2.abs_diff_eq(&twice.w2, 1e-12) && once.b2.abs_diff_eq(&twice.b2, 1e-12));
}

fn zero_one_one_one(quiz: &mut Lesson) {
    assert!((mse([0.0, 2.0 / 3.0, 2.0 / 3.0, 2.0 / 3.0]) - 1.0 / 6.0).abs() < 1e-12);
    quiz.says("answer = 0.25", &[mse([0.0, 1.0, 1.0, 1.0])]);
    quiz.given("tolerance = 0.001");
    quiz.says("value = 0.5", &[mse([1.0; 4])]);
    quiz.says("value = 0.125", &[mse([0.0, 1.0, 1.0, 1.0]) / 2.0]);
}

fn a_check_at_zero(quiz: &mut Lesson) {
    let (x, y) = xor();
    let net = XorNet::from_parts(
        Array2::zeros((2, 4)),
        Array1::zeros(4),
        Array2::zeros((4, 1)),
        Array1::zeros(1),
        Activation::Sigmoid,
    );
    let cache = net.forward(&x);
    let right = net.gradients(&cache, &x, &y);
    for gradient in [right.w1.sum(), right.b1.sum(), right.w2.sum(), right.b2.sum()] {
        assert!(gradient.abs() < 1e-15);
    }
    let slope = cache.a2.mapv(|a| a * (1.0 - a));
    let dz2 = (&cache.a2 - &y) * &slope * 0.5;
    assert_eq!(dz2[[0, 0]], 1.0 / 16.0);
    assert_eq!((&cache.a2 * &slope * 0.5).sum(), 0.25);
    assert_eq!(cache.z1.t().dot(&dz2).sum(), 0.0);
    quiz.says("because A1 is 0.5 everywhere", &[cache.a1[[0, 0]]]);
}

fn nearly_twins(quiz: &mut Lesson) {
    quiz.given("all weights 0.5, and with the biases 0 and 1e-9.");
    quiz.given("represent a difference of 1e-9");
    quiz.given("by only about 1e-9 as well");
    let (x, y) = xor();
    let mut net = XorNet::from_parts(
        array![[0.5, 0.5], [0.5, 0.5]],
        array![0.0, 1e-9],
        array![[0.5], [0.5]],
        array![0.0],
        Activation::Sigmoid,
    );
    net.train(&x, &y, 5000, 5.0);
    let hidden = net.hidden_representation(&x);
    let apart = (&hidden.column(0) - &hidden.column(1)).fold(0.0_f64, |most, difference| most.max(difference.abs()));
    assert!(apart > 1e-9 && apart < 1e-5, "{apart}");
}

fn below_a_quarter(quiz: &mut Lesson) {
    quiz.given("on XOR is 0.24.");
    quiz.says(
        "With 0.4 for the zeros and 0.49 for the ones the loss is 0.21",
        &[0.4, 0.49, mse([0.4, 0.49, 0.49, 0.4])],
    );
    let of_all = |answer: f64| mse([answer; 4]);
    quiz.says(
        "costs at least 0.25, if that prediction is 0.5; predicting 1 for all costs 0.5",
        &[of_all(0.5), 0.5, 1.0, of_all(1.0)],
    );
    assert!(of_all(0.49) > of_all(0.5) && of_all(0.51) > of_all(0.5));
    quiz.says("Equal hidden neurons get below 0.25", &[of_all(0.5)]);
    quiz.says("inputs gets below 0.25", &[of_all(0.5)]);
}

/// What the picture of the last question shows.
#[test]
fn training_puts_a_line_between_the_classes() {
    let (x, y) = xor();
    let mut net = XorNet::from_parts(
        array![[0.3, 0.8], [0.3, -1.3]],
        array![0.5, 0.2],
        array![[-0.5], [0.6]],
        array![0.2],
        Activation::Sigmoid,
    );
    net.train(&x, &y, 300, 5.0);
    assert_eq!(net.predict(&x), Gate::Xor.dataset().labels);
}
