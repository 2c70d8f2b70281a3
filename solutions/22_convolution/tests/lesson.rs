//! Computes every number in the lesson.

use convolution_solution::{
    AveragePool, Conv2d, MaxPool, Shape, Window, augment, cnn, col2im, convolve, im2col, output_size, shift,
};
use engine::{Activation, Layer, Linear, Sequential, SoftmaxCrossEntropy, mlp};
use lesson::Lesson;
use ndarray::{Array, Array2, Array3, Axis, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};

const DIGIT: Shape = Shape { channels: 1, height: 8, width: 8 };
const N_TRAIN: usize = 1200;

/// Digits with pixels from 0 to 1, their classes as one-hot rows, and their classes.
struct Digits {
    x: Array2<f64>,
    y: Array2<f64>,
}

fn digits() -> Digits {
    let digits = datasets::digits();
    let x = digits.features / datasets::digits::MAX_PIXEL;
    let y = Array2::from_shape_fn((x.nrows(), 10), |(i, class)| if digits.labels[i] == class { 1.0 } else { 0.0 });
    Digits { x, y }
}

impl Digits {
    fn rows(&self, from: usize, to: usize) -> Self {
        let rows: Vec<usize> = (from..to).collect();
        Self { x: self.x.select(Axis(0), &rows), y: self.y.select(Axis(0), &rows) }
    }
}

/// Some epochs, the last two with a tenth of the learning rate.
fn train(net: &mut Sequential, data: &Digits, epochs: usize, rate: f64, augmented: bool, rng: &mut Xoshiro256PlusPlus) {
    let mut order: Vec<usize> = (0..data.x.nrows()).collect();
    for epoch in 0..epochs {
        let x = if augmented { augment(&data.x, DIGIT, 1, rng) } else { data.x.clone() };
        order.shuffle(rng);
        for batch in order.chunks(8) {
            let rate = if epoch + 2 < epochs { rate } else { rate / 10.0 };
            net.train_step(&x.select(Axis(0), batch), &data.y.select(Axis(0), batch), &SoftmaxCrossEntropy, rate);
        }
    }
}

/// Which share is read rightly, in percent.
fn accuracy(net: &mut Sequential, x: &Array2<f64>, y: &Array2<f64>) -> f64 {
    let scores = net.forward(x);
    let largest =
        |row: ndarray::ArrayView1<'_, f64>| (1..10).fold(0, |best, k| if row[k] > row[best] { k } else { best });
    let n_right = (0..x.nrows()).filter(|&i| largest(scores.row(i)) == largest(y.row(i))).count();
    100.0 * n_right as f64 / x.nrows() as f64
}

/// A network before its training.
fn network(is_cnn: bool, rng: &mut Xoshiro256PlusPlus) -> Sequential {
    if is_cnn { cnn(DIGIT, &[8, 16], 10, rng) } else { mlp(&[64, 25, 10], Activation::Relu, rng) }
}

/// A network of this kind, trained, and how well it reads digits that it has not seen: as they are, and shifted.
fn read(is_cnn: bool, augmented: bool, seed: u64) -> (Sequential, [f64; 2]) {
    let digits = digits();
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut net = network(is_cnn, rng);
    train(&mut net, &digits.rows(0, N_TRAIN), 6, 0.15, augmented, rng);
    let Digits { x, y } = digits.rows(N_TRAIN, digits.x.nrows());
    let accuracies = [accuracy(&mut net, &x, &y), accuracy(&mut net, &augment(&x, DIGIT, 1, rng), &y)];
    (net, accuracies)
}

/// The training of the check, whose goal is 85 %: the numbers of 100 seeds are beside it.
#[test]
fn a_cnn_is_far_above_the_goal_of_the_check_and_an_mlp_below() {
    let labels = &include_bytes!("../../../grader/hidden/22_convolution/held-out-labels-idx1-ubyte")[8..];
    let y =
        Array2::from_shape_fn((labels.len(), 10), |(i, class)| if usize::from(labels[i]) == class { 1.0 } else { 0.0 });
    let x = datasets::digits::held_out_images() / datasets::digits::MAX_PIXEL;
    for is_cnn in [true, false] {
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
        let mut net = network(is_cnn, rng);
        train(&mut net, &digits(), 8, 0.1, true, rng);
        let share = accuracy(&mut net, &augment(&x, DIGIT, 1, rng), &y);
        assert_eq!(share > 85.0, is_cnn, "{share} %");
    }
}

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    by_hand(&mut lesson);
    few_weights(&mut lesson);
    shifted_digits(&mut lesson);
    let n = datasets::digits().labels.len() as f64;
    lesson.says("on 1,437 digits and has it read 360", &[n, datasets::digits::held_out_images().nrows() as f64]);
    lesson.finish();
}

fn by_hand(lesson: &mut Lesson) {
    let image = Array::range(1.0, 17.0, 1.0).into_shape_with_order((1, 4, 4)).expect("16 numbers");
    let kernel = array![[[[1.0, 2.0], [3.0, 4.0]]]];
    let map = convolve(&image, &kernel, &array![0.0], 1, 0);
    let row = |row: usize| map.slice_axis(Axis(1), (row..row + 1).into()).iter().copied().collect::<Vec<_>>();
    lesson.says("44  54  64", &row(0));
    lesson.says("84  94 104", &row(1));
    lesson.says("124 134 144", &row(2));
    let flipped = convolve(&image, &array![[[[4.0, 3.0], [2.0, 1.0]]]], &array![0.0], 1, 0);
    lesson.says("With the kernel flipped it would be 26", &[flipped[[0, 0, 0]]]);
    let places = |size, side, stride, padding| output_size(size, Window { side, stride, padding }).map(|n| n as f64);
    lesson.says("a window of 3 leave 26", &[3.0, places(28, 3, 1, 0).expect("it fits")]);
    lesson.says("⌊27 / 2⌋ + 1 = 14", &[27.0, 2.0, 1.0, places(28, 5, 2, 2).expect("it fits")]);

    let window = Window { side: 2, stride: 1, padding: 0 };
    let image = array![[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]];
    let patches = im2col(&image, window);
    lesson.says("1 2 4 5\n", &patches.row(0).to_vec());
    lesson.says("2 3 5 6\n", &patches.row(1).to_vec());
    let shape = Shape { channels: 1, height: 2, width: 3 };
    let mut layer = Conv2d::from_parts(array![[1.0], [2.0], [3.0], [4.0]], array![0.5], shape, window);
    let z = layer.forward(&array![[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]);
    lesson.says(
        "The weights [1, 2, 3, 4] and the bias 0.5 make [37.5, 47.5]",
        &[1.0, 2.0, 3.0, 4.0, layer.linear.biases[0], z[[0, 0]], z[[0, 1]]],
    );
    let d_x = layer.backward(&array![[1.0, -1.0]]);
    lesson.says("= [-1, -1, -1, -1]", &layer.linear.d_weights.iter().copied().collect::<Vec<_>>());
    lesson.says("             1  1 -2", &d_x.iter().take(3).copied().collect::<Vec<_>>());
    lesson.says("=      3  1 -4", &d_x.iter().skip(3).copied().collect::<Vec<_>>());
    let both = col2im(&array![[1.0, 2.0, 3.0, 4.0], [-1.0, -2.0, -3.0, -4.0]], shape, window);
    assert_eq!(both.iter().collect::<Vec<_>>(), d_x.iter().collect::<Vec<_>>());

    let shape = Shape { channels: 1, height: 2, width: 4 };
    let x = array![[1.0, 3.0, 2.0, 2.0, 0.0, -4.0, 2.0, 6.0]];
    let (mut max, mut average) = (MaxPool::new(shape, 2), AveragePool::new(shape, 2));
    let (largest, means) = (max.forward(&x), average.forward(&x));
    lesson
        .says("max      3 6      average      0 3", &[largest[[0, 0]], largest[[0, 1]], means[[0, 0]], means[[0, 1]]]);
    assert_eq!(max.backward(&array![[5.0, 7.0]]), array![[0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 7.0]]);
    assert_eq!(average.backward(&array![[4.0, 8.0]]), array![[1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0]]);
}

fn few_weights(lesson: &mut Lesson) {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let layer = Conv2d::new(DIGIT, 8, Window { side: 3, stride: 1, padding: 1 }, rng);
    let n = |linear: &Linear| (linear.weights.len() + linear.biases.len()) as f64;
    lesson.says("That takes 80 parameters", &[n(&layer.linear)]);
    lesson.says("outputs has 33,280", &[n(&Linear::new(DIGIT.size(), layer.output_shape().size(), rng))]);
}

fn shifted_digits(lesson: &mut Lesson) {
    lesson.given("a learning rate of 0.15 (0.015 in the last two)");
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let (mut small, mut convolutional) = (mlp(&[64, 25, 10], Activation::Relu, rng), cnn(DIGIT, &[8, 16], 10, rng));
    lesson.says("the MLP 64-25-10 with 1,885", &[64.0, 25.0, 10.0, small.n_parameters() as f64]);
    lesson.says("16 kernels with 1,898", &[16.0, convolutional.n_parameters() as f64]);
    let digits = digits();
    lesson.says("from 1,200 digits", &[N_TRAIN as f64]);
    lesson.says("read 237 others", &[(digits.x.nrows() - N_TRAIN) as f64]);
    let mut last = None;
    for (row, is_cnn, augmented) in [
        ("| MLP     | digits as they are | 95.4 %                   | 39.2 %               |", false, false),
        ("| CNN     | digits as they are | 95.4 %                   | 50.4 %               |", true, false),
        ("| MLP     | shifted digits     | 86.9 %                   | 74.1 %               |", false, true),
        ("| CNN     | shifted digits     | 90.7 %                   | 90.7 %               |", true, true),
    ] {
        let (_, first) = read(is_cnn, augmented, 0);
        let (net, second) = read(is_cnn, augmented, 1);
        lesson.says(row, &[(first[0] + second[0]) / 2.0, (first[1] + second[1]) / 2.0]);
        last = Some(net);
    }

    let mut net = last.expect("four trainings");
    let Digits { x, y } = digits.rows(N_TRAIN, digits.x.nrows());
    let mirrored = Array2::from_shape_fn(x.dim(), |(i, pixel)| x[[i, pixel / 8 * 8 + 7 - pixel % 8]]);
    lesson.says(
        "reads 91.1 % of the 237 digits as they are, and 43.5 % of their mirror images",
        &[accuracy(&mut net, &x, &y), x.nrows() as f64, accuracy(&mut net, &mirrored, &y)],
    );
    let rows: Vec<usize> = (0..x.nrows()).filter(|&i| [3, 5, 7].iter().any(|&class| y[[i, class]] == 1.0)).collect();
    let of_three = accuracy(&mut net, &mirrored.select(Axis(0), &rows), &y.select(Axis(0), &rows)) / 100.0;
    let n = rows.len() as f64;
    lesson.says("Of 68 mirrored 3s, 5s\nand 7s", &[n]);
    assert_eq!((of_three * n).round(), 1.0);
}

/// The two ways to convolve agree, with stride, padding and several channels.
#[test]
fn a_layer_convolves_as_the_definition_says() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let (shape, window) = (Shape { channels: 2, height: 5, width: 6 }, Window { side: 3, stride: 2, padding: 1 });
    let mut layer = Conv2d::new(shape, 3, window, rng);
    let image = Linear::new(2, 30, rng).weights.into_shape_with_order((2, 5, 6)).expect("60 numbers");
    let kernels = layer.linear.weights.t().to_shape((3, 2, 3, 3)).expect("54 numbers").into_owned();
    let map = convolve(&image, &kernels, &layer.linear.biases, window.stride, window.padding);
    let row = layer.forward(&image.to_shape((1, 60)).expect("60 numbers"));
    let difference = row.iter().zip(&map).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
    assert!(difference < 1e-12, "{difference}");
}

/// A shift forth and back loses only what has left the image.
#[test]
fn a_shift_and_its_opposite_keep_the_middle() {
    let image = Array3::from_shape_fn((1, 4, 4), |(_, y, x)| (4 * y + x) as f64);
    let back = shift(&shift(&image, 1, -1), -1, 1);
    assert_eq!(back[[0, 1, 2]], image[[0, 1, 2]]);
    assert_eq!(back[[0, 3, 3]], 0.0);
}
