//! The lesson's worked examples. Run them with `cargo test -p convolution`; the grader asks for more.

use approx::assert_abs_diff_eq;
use convolution::{
    AveragePool, Conv2d, MaxPool, Shape, Window, augment, cnn, col2im, convolve, flatten, im2col, output_size, pad,
    rotate, shift, unflatten,
};
use engine::{Layer, SoftmaxCrossEntropy};
use ndarray::{Array, Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// A window of 2 by 2 that moves pixel by pixel.
const WINDOW: Window = Window { side: 2, stride: 1, padding: 0 };

#[test]
fn a_window_has_so_many_places() {
    assert_eq!(output_size(28, Window { side: 3, stride: 1, padding: 0 }), Some(26));
    assert_eq!(output_size(28, Window { side: 5, stride: 2, padding: 2 }), Some(14));
    assert_eq!(output_size(2, Window { side: 3, stride: 1, padding: 0 }), None);
}

#[test]
fn an_image_gets_a_frame_of_zeros() {
    assert_eq!(pad(&array![[[5.0]]], 1), array![[[0.0, 0.0, 0.0], [0.0, 5.0, 0.0], [0.0, 0.0, 0.0]]]);
}

#[test]
fn a_kernel_slides_over_an_image() {
    let image = Array::range(1.0, 17.0, 1.0).into_shape_with_order((1, 4, 4)).unwrap();
    let map = convolve(&image, &array![[[[1.0, 2.0], [3.0, 4.0]]]], &array![0.0], 1, 0);
    assert_eq!(map, array![[[44.0, 54.0, 64.0], [84.0, 94.0, 104.0], [124.0, 134.0, 144.0]]]);
}

#[test]
fn patches_go_out_and_come_back() {
    let image = array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]];
    assert_eq!(im2col(&image, WINDOW), array![[1.0, 2.0, 4.0, 5.0], [2.0, 3.0, 5.0, 6.0]]);
    let shape = Shape { channels: 1, height: 2, width: 3 };
    assert_eq!(col2im(&Array2::ones((2, 4)), shape, WINDOW), array![[[1.0, 2.0, 1.0], [1.0, 2.0, 1.0]]]);
}

#[test]
fn an_image_becomes_a_row_and_back() {
    let images = array![[[[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]]];
    let row = flatten(&images);
    assert_eq!(row, array![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]);
    assert_eq!(unflatten(&row, Shape { channels: 2, height: 2, width: 2 }), images);
}

#[test]
fn a_layer_convolves_and_goes_back() {
    let shape = Shape { channels: 1, height: 2, width: 3 };
    let mut layer = Conv2d::from_parts(array![[1.0], [2.0], [3.0], [4.0]], array![0.5], shape, WINDOW);
    assert_eq!(layer.output_shape(), Shape { channels: 1, height: 1, width: 2 });
    assert_eq!(layer.forward(&array![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]), array![[37.5, 47.5]]);
    assert_eq!(layer.backward(&array![[1.0, -1.0]]), array![[1.0, 1.0, -2.0, 3.0, 1.0, -4.0]]);
    assert_eq!(layer.linear.d_weights, array![[-1.0], [-1.0], [-1.0], [-1.0]]);
    assert_eq!(layer.linear.d_biases, array![0.0]);
}

#[test]
fn pooling_keeps_the_largest_or_the_mean() {
    let shape = Shape { channels: 1, height: 2, width: 4 };
    let x = array![[1.0, 3.0, 2.0, 2.0, 0.0, -4.0, 2.0, 6.0]];
    let mut pool = MaxPool::new(shape, 2);
    assert_eq!(pool.forward(&x), array![[3.0, 6.0]]);
    assert_eq!(pool.backward(&array![[5.0, 7.0]]), array![[0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]]);
    let mut pool = AveragePool::new(shape, 2);
    assert_eq!(pool.forward(&x), array![[0.0, 3.0]]);
    assert_eq!(pool.backward(&array![[4.0, 8.0]]), array![[1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]]);
}

#[test]
fn a_network_tells_upright_from_level_lines() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mut net = cnn(Shape { channels: 1, height: 4, width: 4 }, &[4], 2, rng);
    assert_eq!(net.n_parameters(), 74);
    let line = |i: usize, number: usize| if number < 4 { i % 4 == number } else { i / 4 == number - 4 };
    let x = Array2::from_shape_fn((8, 16), |(number, i)| if line(i, number) { 1.0 } else { 0.0 });
    let y = Array2::from_shape_fn((8, 2), |(number, class)| if number / 4 == class { 1.0 } else { 0.0 });
    let first = net.train_step(&x, &y, &SoftmaxCrossEntropy, 0.1);
    let last = (0..200).fold(f64::NAN, |_, _| net.train_step(&x, &y, &SoftmaxCrossEntropy, 0.1));
    assert!(last < first / 2.0, "the loss went from {first} to {last}");
}

#[test]
fn an_image_moves_and_its_size_stays() {
    let image = array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]];
    assert_eq!(shift(&image, 0, 1), array![[[0.0, 1.0, 2.0], [0.0, 4.0, 5.0]]]);
    assert_eq!(shift(&image, -1, 0), array![[[4.0, 5.0, 6.0], [0.0, 0.0, 0.0]]]);
    let x = flatten(&array![[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]);
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    assert_eq!(augment(&x, Shape { channels: 1, height: 2, width: 3 }, 0, rng), x);
}

#[test]
fn an_image_turns_around_its_middle() {
    let image = array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]];
    let turned = array![[[3.0, 6.0, 9.0], [2.0, 5.0, 8.0], [1.0, 4.0, 7.0]]];
    assert_abs_diff_eq!(rotate(&image, 90.0), turned, epsilon = 1e-9);
}
