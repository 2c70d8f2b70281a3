//! Computes every number in the questions.

use dense_layer_solution::{
    Activation, DenseLayer, ThreeLayerNetwork, columns_are_neurons, rows_are_neurons, softmax_rows,
};
use lesson::Lesson;
use ndarray::{Array1, Array2, array};

fn layer(n_in: usize, n_out: usize) -> DenseLayer {
    DenseLayer::from_parts(Array2::zeros((n_in, n_out)), Array1::zeros(n_out), Activation::Linear)
}

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.4");
    quiz.given("tolerance = 0.005");

    let network = ThreeLayerNetwork::from_layers([layer(4, 6), layer(6, 3), layer(3, 1)]);
    assert_eq!(network.n_params(), 55);
    assert_eq!([4 * 6 + 6 * 3 + 3, 4 * 6 + 4 + 6 * 3 + 6 + 3 + 3, 4 + 6 + 3 + 1, 4 * 6 * 3], [45, 58, 14, 72]);

    let p = softmax_rows(&array![[1000.0, 1001.0]]);
    let sigmoid = |z: f64| 1.0 / (1.0 + (-z).exp());
    quiz.says("answer = 0.9526", &[sigmoid(3.0)]);
    quiz.says("value = 0.8808", &[sigmoid(2.0)]);
    quiz.says("value = 0.8337", &[sigmoid(sigmoid(1.0) + sigmoid(2.0))]);
    quiz.given("tolerance = 0.002");
    quiz.given("1000 and 1001");
    quiz.says("answer = 0.731", &[p[[0, 1]]]);
    quiz.says("value = 0.5002", &[1001.0 / (1000.0 + 1001.0)]);
    quiz.says("value = 0.269", &[p[[0, 0]]]);

    quiz.given("a layer of 784 → 128");
    quiz.says("The inner lengths are 128 and 32", &[128.0, 32.0]);
    quiz.given("a layer with 128 neurons");
    quiz.says("127 biases cannot be broadcast to 128 columns", &[127.0, 128.0]);
    quiz.given("standard deviation 0.01");
    quiz.given("about 0.01 times");
    quiz.says("For 784 inputs that is 0.28, for 128 and 64 much less", &[784.0, 0.01 * 784_f64.sqrt(), 128.0, 64.0]);
    assert!(0.01 * 128_f64.sqrt() < 0.12);
    quiz.given("sums of 784 products");
    quiz.says("the root of 784 is 28. Times 0.01", &[784.0, 784_f64.sqrt(), 0.01]);
    quiz.says("28 × 28 pixels to one row of 784 numbers", &[28.0, 28.0, 28.0 * 28.0]);
    quiz.finish();
}

#[test]
fn the_answers_hold() {
    // Two linear layers are one.
    let (x, w1, w2) = (array![[1.0, -2.0]], array![[0.5, 1.0, -1.0], [2.0, 0.3, 0.7]], array![[1.0], [-0.4], [0.2]]);
    let (b1, b2) = (array![0.1, 0.2, 0.3], array![-0.5]);
    let two = (x.dot(&w1) + &b1).dot(&w2) + &b2;
    let one = x.dot(&w1.dot(&w2)) + (b1.dot(&w2) + &b2);
    approx::assert_abs_diff_eq!(two, one, epsilon = 1e-12);

    // Rows and columns.
    let (x, w, b) = (array![2.0, -1.0], array![[0.5, -0.3], [0.2, 0.8], [1.0, 0.0]], array![0.1, -0.1, 0.0]);
    approx::assert_abs_diff_eq!(rows_are_neurons(&x, &w, &b), columns_are_neurons(&x, &w.t(), &b), epsilon = 1e-12);

    // The shapes of the second layer, for 32 samples.
    let a1 = Array2::zeros((32, 6));
    assert_eq!(layer(6, 3).pre_activation(&a1).dim(), (32, 3));
    assert_eq!(layer(3, 10).forward(&Array2::zeros((1, 3))).dim(), (1, 10));
}
