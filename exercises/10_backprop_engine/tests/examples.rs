//! The lesson's worked examples. Run them with `cargo test -p backprop_engine`; the grader asks for more.

use approx::assert_abs_diff_eq;
use backprop_engine::{
    Activation, BceWithLogits, Layer, Linear, Loss, Mse, Relu, Sequential, Sigmoid, SoftmaxCrossEntropy, Tanh, mlp,
};
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// The linear layer of the lesson.
fn linear() -> Linear {
    Linear::from_parts(array![[0.1, -0.2], [0.3, 0.4]], array![0.5, -0.5])
}

#[test]
fn a_linear_layer_goes_forwards() {
    let z = linear().forward(&array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    assert_abs_diff_eq!(z, array![[1.2, 0.1], [2.0, 0.5], [2.8, 0.9]], epsilon = 1e-12);
}

#[test]
fn a_linear_layer_goes_backwards() {
    let mut layer = linear();
    layer.forward(&array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    let dx = layer.backward(&array![[1.0, 2.0], [3.0, 4.0], [-5.0, 1.0]]);
    assert_abs_diff_eq!(layer.d_weights, array![[-15.0, 19.0], [-16.0, 26.0]], epsilon = 1e-12);
    assert_abs_diff_eq!(layer.d_biases, array![-1.0, 7.0], epsilon = 1e-12);
    assert_abs_diff_eq!(dx, array![[-0.3, 1.1], [-0.5, 2.5], [-0.7, -1.1]], epsilon = 1e-12);
}

#[test]
fn activations_multiply_by_their_slope() {
    let (z, d) = (array![[-1.0, 0.0, 2.0]], array![[3.0, 3.0, -3.0]]);
    let mut relu = Relu::default();
    assert_eq!(relu.forward(&z), array![[0.0, 0.0, 2.0]]);
    assert_eq!(relu.backward(&d), array![[0.0, 0.0, -3.0]]);
    let mut sigmoid = Sigmoid::default();
    assert_eq!(sigmoid.forward(&z)[[0, 1]], 0.5);
    assert_eq!(sigmoid.backward(&d)[[0, 1]], 0.75);
    let mut tanh = Tanh::default();
    assert_eq!(tanh.forward(&z)[[0, 1]], 0.0);
    assert_eq!(tanh.backward(&d)[[0, 1]], 3.0);
}

#[test]
fn losses_are_means() {
    let (output, target) = (array![[1.0, 2.0], [3.0, 4.0]], array![[0.0, 2.0], [5.0, 4.0]]);
    assert_eq!(Mse.value(&output, &target), 1.25);
    assert_eq!(Mse.gradient(&output, &target), array![[0.5, 0.0], [-1.0, 0.0]]);
    let scores = array![[0.0, 0.0], [0.0, 0.0]];
    let one_hot = array![[1.0, 0.0], [0.0, 1.0]];
    assert_abs_diff_eq!(BceWithLogits.value(&scores, &one_hot), f64::ln(2.0), epsilon = 1e-12);
    assert_abs_diff_eq!(BceWithLogits.gradient(&scores, &one_hot), array![[-0.125, 0.125], [0.125, -0.125]]);
    assert_abs_diff_eq!(SoftmaxCrossEntropy.value(&scores, &one_hot), f64::ln(2.0), epsilon = 1e-12);
    assert_abs_diff_eq!(SoftmaxCrossEntropy.gradient(&scores, &one_hot), array![[-0.25, 0.25], [0.25, -0.25]]);
}

/// The network of exercise 5, in layers.
fn two_layers() -> Sequential {
    Sequential::new(vec![
        Box::new(Linear::from_parts(array![[0.1, 0.3], [0.2, 0.4]], array![0.01, 0.02])),
        Box::new(Sigmoid::default()),
        Box::new(Linear::from_parts(array![[0.5], [0.6]], array![0.03])),
        Box::new(Sigmoid::default()),
    ])
}

#[test]
fn a_network_goes_there_and_back() {
    let mut network = two_layers();
    let output = network.forward(&array![[0.5, 0.8]]);
    assert_abs_diff_eq!(output, array![[0.663617]], epsilon = 5e-7);
    let dx = network.backward(&Mse.gradient(&output, &array![[1.0]]));
    assert_abs_diff_eq!(dx, array![[-0.008223, -0.012200]], epsilon = 5e-7);
    assert_eq!(network.n_parameters(), 9);
    let shapes: Vec<Vec<usize>> = network.parameters().iter().map(|p| p.value.shape().to_vec()).collect();
    assert_eq!(shapes, [vec![2, 2], vec![2], vec![2, 1], vec![1]]);
    let d_weights = network.parameters()[2].gradient.to_owned();
    assert_abs_diff_eq!(d_weights, array![[-0.083318], [-0.093128]].into_dyn(), epsilon = 5e-7);
}

#[test]
fn a_step_of_training_lowers_the_loss() {
    let mut network = two_layers();
    let (x, y) = (array![[0.5, 0.8]], array![[1.0]]);
    assert_abs_diff_eq!(network.train_step(&x, &y, &Mse, 0.5), 0.113154, epsilon = 5e-7);
    assert_abs_diff_eq!(network.train_step(&x, &y, &Mse, 0.5), 0.094545, epsilon = 5e-7);
}

#[test]
fn a_network_describes_itself() {
    let layers: Vec<Box<dyn Layer>> = vec![
        Box::new(Linear::from_parts(Array2::zeros((784, 32)), ndarray::Array1::zeros(32))),
        Box::new(Relu::default()),
        Box::new(Linear::from_parts(Array2::zeros((32, 10)), ndarray::Array1::zeros(10))),
    ];
    let expected = [
        " 1  Linear 784 -> 32         25120",
        " 2  ReLU                         0",
        " 3  Linear 32 -> 10            330",
        "                             25450",
    ];
    assert_eq!(Sequential::new(layers).summary().lines().collect::<Vec<_>>(), expected);
}

#[test]
fn an_mlp_learns_xor() {
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = array![[0.0], [1.0], [1.0], [0.0]];
    let mut network = mlp(&[2, 8, 1], Activation::Tanh, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    for step in 0..500 {
        let loss = network.train_step(&x, &y, &BceWithLogits, 0.5);
        if step % 100 == 0 {
            println!("step {step}: loss {loss:.4}");
        }
    }
    let scores = network.forward(&x);
    assert!(scores.iter().zip(&y).all(|(score, y)| (*score > 0.0) == (*y == 1.0)), "{scores}");
}

#[test]
fn an_mlp_for_digits_has_many_parameters() {
    let mut network = mlp(&[784, 256, 128, 10], Activation::Relu, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    assert_eq!(network.n_parameters(), 235_146);
}
