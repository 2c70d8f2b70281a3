//! Computes every number in the lesson.

use dense_layer_solution::{
    Activation, DenseLayer, ThreeLayerNetwork, columns_are_neurons, rows_are_neurons, softmax_rows,
};
use lesson::Lesson;
use ndarray::{Array1, Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, StandardNormal};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();

    let x = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let layer =
        DenseLayer::from_parts(array![[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]], array![0.01, -0.02], Activation::Relu);
    lesson.says("W = [[ 0.1, -0.2],        b = [0.01, -0.02]", &[0.1, -0.2, 0.01, -0.02]);
    lesson.given("[ 0.3,  0.4],");
    lesson.given("[-0.5,  0.6]]");
    lesson.given("(0.1, 0.3, -0.5)");
    lesson.given("(-0.2, 0.4, 0.6)");
    let z = layer.pre_activation(&x);
    lesson.says("1 · 0.1 + 2 · 0.3 + 3 · (-0.5) + 0.01 = -0.79", &[1.0, 0.1, 2.0, 0.3, 3.0, -0.5, 0.01, z[[0, 0]]]);
    lesson.says("1 · (-0.2) + 2 · 0.4 + 3 · 0.6 - 0.02 = 2.38", &[1.0, -0.2, 2.0, 0.4, 3.0, 0.6, 0.02, z[[0, 1]]]);
    let a = layer.forward(&x);
    lesson
        .says("Z = [[-0.79, 2.38],        with ReLU:   A = [[0, 2.38],", &[z[[0, 0]], z[[0, 1]], a[[0, 0]], a[[0, 1]]]);
    lesson.says("[-1.09, 4.78]]                          [0, 4.78]]", &[z[[1, 0]], z[[1, 1]], a[[1, 0]], a[[1, 1]]]);

    let (x, w, b) = (array![2.0, -1.0], array![[0.5, -0.3], [0.2, 0.8]], array![0.1, -0.1]);
    lesson.given("x = [2, -1]      W = [[0.5, -0.3],      b = [0.1, -0.1]");
    lesson.given("[0.2,  0.8]]");
    let columns = columns_are_neurons(&x, &w, &b);
    lesson.says("2 · 0.5 - 1 · 0.2 + 0.1 = 0.9", &[2.0, 0.5, 1.0, 0.2, 0.1, columns[0]]);
    lesson.says("2 · (-0.3) - 1 · 0.8 - 0.1 = -1.5", &[2.0, -0.3, 1.0, 0.8, 0.1, columns[1]]);
    let rows = rows_are_neurons(&x, &w, &b);
    lesson.says("0.5 · 2 + (-0.3) · (-1) + 0.1 = 1.4", &[0.5, 2.0, -0.3, -1.0, 0.1, rows[0]]);
    lesson.says("0.2 · 2 + 0.8 · (-1) - 0.1 = -0.5", &[0.2, 2.0, 0.8, -1.0, 0.1, rows[1]]);

    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let network = ThreeLayerNetwork::new([784, 128, 64, 10], &mut rng);
    let params = network.layers.each_ref().map(|layer| layer.n_params() as f64);
    lesson.says("28 × 28 = 784", &[28.0, 28.0, network.layers[0].weights.nrows() as f64]);
    lesson.says("784 → 128 (ReLU) → 64 (ReLU) → 10 (linear)", &[784.0, 128.0, 64.0, 10.0]);
    lesson.says("784 · 128 + 128 = 100,480", &[784.0, 128.0, 128.0, params[0]]);
    lesson.says("128 · 64 + 64 = 8,256", &[128.0, 64.0, 64.0, params[1]]);
    lesson.says("64 · 10 + 10 = 650", &[64.0, 10.0, 10.0, params[2]]);
    lesson.says("109,386 in all", &[network.n_params() as f64]);

    let p = softmax_rows(&array![[2.0, 1.0, 0.1, 0.5]]);
    lesson.given("scores [2, 1, 0.1, 0.5]");
    lesson.says("[0.5745, 0.2114, 0.0859, 0.1282]", &p.row(0).to_vec());
    assert!(f64::exp(1000.0).is_infinite());
    lesson.given("e^1000 does not fit");

    let he = |n_in: usize| (2.0 / n_in as f64).sqrt();
    lesson.says("standard deviation of about 1.4", &[spread_of_logits(he)]);
    lesson.given("weights of standard deviation 0.01");
    lesson.says("it is about\n0.0013", &[spread_of_logits(|_| 0.01)]);

    lesson.given("784 pixels hold");
    lesson.given("section 2.2");
    lesson.finish();
}

/// The standard deviation of the logits of 784-128-64-10 for standard normal inputs, over thirty networks whose weights
/// have the standard deviation `std_dev(n_in)`.
fn spread_of_logits(std_dev: impl Fn(usize) -> f64) -> f64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(4);
    let mut squares = Vec::new();
    for _ in 0..30 {
        let mut normal = |shape, scale: f64| -> Array2<f64> {
            Array2::from_shape_simple_fn(shape, || {
                let z: f64 = StandardNormal.sample(&mut rng);
                scale * z
            })
        };
        let mut layer = |n_in, n_out, activation| {
            DenseLayer::from_parts(normal((n_in, n_out), std_dev(n_in)), Array1::zeros(n_out), activation)
        };
        let network = ThreeLayerNetwork::from_layers([
            layer(784, 128, Activation::Relu),
            layer(128, 64, Activation::Relu),
            layer(64, 10, Activation::Linear),
        ]);
        squares.extend(network.forward(&normal((20, 784), 1.0)).iter().map(|logit| logit * logit));
    }
    (squares.iter().sum::<f64>() / squares.len() as f64).sqrt()
}
