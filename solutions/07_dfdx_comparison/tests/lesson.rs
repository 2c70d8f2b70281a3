//! Computes every number in the lesson.

use dfdx::prelude::*;
use dfdx_comparison_solution::{
    Dense, Network, TwoPasses, autograd_poly, cross_entropy, forward_parity, gradient_parity, slope_in_half, stack,
    tensor_tour, to_dfdx, to_half, train_xor, train_xor_by_hand, two_passes,
};
use lesson::Lesson;
use ndarray::{Array2, array};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();

    assert_eq!(autograd_poly(3.0), (16.0, 8.0));
    assert_eq!(two_passes(3.0), TwoPasses { first: 6.0, kept: 7.0, cleared: 1.0 });

    let logits = array![[2.0, 1.0, 0.1, 0.5], [0.1, 0.2, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]];
    lesson.given("logits = [[2.0, 1.0, 0.1, 0.5],");
    lesson.given("[0.1, 0.2, 3.0, 0.1],");
    lesson.given("[1.0, 1.0, 1.0, 1.0]]");
    lesson.says("-log p(label) is 0.6994", &[f64::from(cross_entropy(&logits, &[0, 2, 1]))]);
    lesson.says("softmax is applied twice: 1.1061", &[f64::from(cross_entropy(&softmax(&logits), &[0, 2, 1]))]);
    let certain = array![[0.0, 0.0, 1.0, 0.0]];
    lesson.says("the loss is still 0.7437", &[f64::from(cross_entropy(&certain, &[2]))]);

    let layer = Dense::<2, 3>::from_parts(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![0.0, 0.0, 0.0]).unwrap();
    assert_eq!(layer.to_dfdx(&Cpu::default()).weight.array(), [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    assert_eq!(tensor_tour([[1.0, 2.0], [3.0, 4.0]], [[0.0; 2]; 2]).transposed, [[1.0, 3.0], [2.0, 4.0]]);

    // Half of the spacing above 1 is the largest relative error; of two neighbours below 2 it is the relative distance.
    lesson.says("differ by about 6e-8 of their size", &[f64::from(f32::EPSILON) / 2.0]);
    lesson.says("0.1 is 0.10000000149 there", &[0.1, f64::from(0.1_f32)]);
    assert_eq!(1.0_f32 - 1e-8, 1.0);
    lesson.given("1 - 1e-8 is 1");
    let (network, x, y) = (network(), xor().0, xor().1);
    let mlp = to_dfdx(&network);
    assert!(gradient_parity(&network, &mlp, &x, &y) < 1e-5);
    lesson.given("Agreement to 1e-12 is impossible");
    lesson.given("agreement to 1e-5 of the size");
    lesson.given("the outputs differ by less than 1e-7");
    assert!(forward_parity(&network, &mlp, &x) < 1e-7);

    lesson.given("the weights -0.8 and 0.6\nand the bias 0.2");
    lesson.given("z = -0.8 + 0.6 + 0.2 = 0");
    lesson.says("the sum is -5.6e-17", &[-0.8 + 0.6 + 0.2]);
    lesson.says("it is 1.5e-8", &[f64::from(-0.8_f32 + 0.6_f32 + 0.2_f32)]);
    let at_the_kink = stack(
        Dense::<2, 4>::from_parts(
            array![[0.3, -0.8, 0.5, 0.7], [-0.4, 0.6, 0.6, -0.3]],
            array![0.01, 0.2, 0.03, -0.04],
        )
        .unwrap(),
        network.output().clone(),
    );
    assert!(forward_parity(&at_the_kink, &to_dfdx(&at_the_kink), &x) < 1e-5);
    assert!(gradient_parity(&at_the_kink, &to_dfdx(&at_the_kink), &x, &y) > 0.01);

    assert_eq!(Network::<2, 4, 1>::n_params(), mlp.num_trainable_params());
    assert_eq!(Network::<2, 4, 1>::n_params(), 17);
    lesson.says(
        "`Network<784, 128, 10>`, gives 101,770",
        &[784.0, 128.0, 10.0, Network::<784, 128, 10>::n_params() as f64],
    );

    lesson.says("The largest is 65,504", &[f64::from(to_half(65_519.0))]);
    assert_eq!(to_half(65_520.0), f32::INFINITY);
    lesson.says("2^-24, about 6e-8", &[2.0, -24.0, f64::from(to_half(4e-8))]);
    lesson.given("by 1024 or so");
    lesson.given("a slope of 1e-8");
    assert_eq!(slope_in_half(1e-8, 1.0), 0.0);
    assert!((slope_in_half(1e-8, 1024.0) / 1e-8 - 1.0).abs() < 0.01);

    let (in_dfdx, by_hand) = (train_xor(&network, 2.0, 501), train_xor_by_hand(&network, 2.0, 501));
    lesson.given("learning rate 2.0");
    lesson.says(
        "from 0.2501 to 0.0038 after 100\nsteps and 0.0003 after 500",
        &[by_hand[0], by_hand[100], 100.0, by_hand[500], 500.0],
    );
    for (one, other) in in_dfdx.iter().zip(&by_hand) {
        assert!((f64::from(*one) - other).abs() < 5e-7);
    }
    lesson.given("`comparison_table(&benchmark(&start, 1000, 5), …)`");

    lesson.given("by adding 1e-15 to p, or by keeping p below 1 - 1e-15");
    lesson.given("the largest difference 0.0");
    lesson.given("`array![[1.0, 2.0]]` | `device.tensor([[1.0, 2.0]])`");

    lesson.given("`x * 2.0 + 1.0`");
    lesson.finish();
}

/// The answers to the questions, so that they are known to have one.
#[test]
fn the_questions_have_answers() {
    let device = Cpu::default();

    let (x, y) = (device.tensor(2.0_f32), device.tensor(3.0_f32));
    let z = x.leaky_trace() * y.leaky_trace() + x.leaky_trace().square();
    assert_eq!(z.array(), 10.0);
    let slopes = z.backward();
    assert_eq!((slopes.get(&x).array(), slopes.get(&y).array()), (7.0, 2.0));

    let x = device.tensor([1.0_f32, 2.0, 3.0]);
    let gradient = (x.leaky_trace() * 2.0).square().mean::<Rank0, _>().backward().get(&x).array();
    for (slope, x) in gradient.iter().zip([1.0, 2.0, 3.0]) {
        assert!((slope - 8.0 * x / 3.0).abs() < 1e-5);
    }

    // dW has x in every row, db has ones.
    let layer = device.build_module::<Linear<5, 3>, f32>();
    let x = device.tensor([1.0_f32, 2.0, 3.0, 4.0, 5.0]);
    let gradients = layer.forward(x.trace(layer.alloc_grads())).sum::<Rank0, _>().backward();
    assert_eq!(gradients.get(&layer.weight).array(), [[1.0, 2.0, 3.0, 4.0, 5.0]; 3]);
    assert_eq!(gradients.get(&layer.bias).array(), [1.0; 3]);

    let logits = array![[2.0, 1.0, 0.1, 0.5]];
    let log_softmax = softmax(&logits).ln();
    assert!((cross_entropy(&log_softmax, &[0]) - cross_entropy(&logits, &[0])).abs() < 1e-6);

    assert_eq!(Network::<10, 20, 5>::n_params(), 325);
    assert_eq!(1.0_f32 - 1e-15, 1.0);
}

/// Why the root `Cargo.toml` asks for the feature `cpu`: without it this product is [[14, 16], [28, 32]].
#[test]
fn dfdx_multiplies_matrices() {
    let product = tensor_tour([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]).matmul;
    assert_eq!(product, [[19.0, 22.0], [43.0, 50.0]]);
}

/// The network that the lesson trains.
fn network() -> Network<2, 4, 1> {
    let hidden = Dense::<2, 4>::from_parts(
        array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]],
        array![0.01, -0.02, 0.03, -0.04],
    );
    let output = Dense::<4, 1>::from_parts(array![[-0.2], [0.3], [-0.25], [0.15]], array![0.05]);
    stack(hidden.unwrap(), output.unwrap())
}

fn xor() -> (Array2<f64>, Array2<f64>) {
    (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array![[0.0], [1.0], [1.0], [0.0]])
}

fn softmax(z: &Array2<f64>) -> Array2<f64> {
    let exponentials = z.exp();
    let sums = exponentials.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
    exponentials / sums
}
