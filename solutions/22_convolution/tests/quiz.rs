//! Computes every number in the questions.

use convolution_solution::{AveragePool, Conv2d, Shape, Window, cnn, col2im};
use engine::Layer;
use lesson::Lesson;
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

fn generator() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1)
}

fn square(channels: usize, side: usize) -> Shape {
    Shape { channels, height: side, width: side }
}

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.4");
    parameters(&mut quiz);
    bars(&mut quiz);
    quiz.finish();
}

fn parameters(quiz: &mut Lesson) {
    let n = |channels| {
        let window = Window { side: 3, stride: 1, padding: 1 };
        let linear = Conv2d::new(square(channels, 8), 8, window, &mut generator()).linear;
        [linear.weights.len() as f64, linear.biases.len() as f64]
    };
    let [weights, biases] = n(3);
    quiz.says("answer = 224", &[weights + biases]);
    quiz.says("value = 216", &[weights]);
    quiz.says("value = 240", &[weights + 3.0 * biases]);
    assert_eq!(n(1), [72.0, 8.0]);
}

fn bars(quiz: &mut Lesson) {
    let (strip, window) = (Shape { channels: 1, height: 1, width: 12 }, Window { side: 3, stride: 2, padding: 1 });
    // The strip is one pixel high; only the middle row of the window lies on it.
    let d_patches = Array2::from_shape_fn((6, 9), |(_, entry)| if entry / 3 == 1 { 1.0 } else { 0.0 });
    let bars = col2im(&d_patches, strip, window);
    assert_eq!(bars, array![[[1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0]]]);
    quiz.given("1.5 each");
}

/// Which pixels a number behind a convolution, a pooling and another convolution depends on.
#[test]
fn it_sees_eight_by_eight_pixels() {
    let window = Window { side: 3, stride: 1, padding: 0 };
    let conv = |side| Conv2d::from_parts(Array2::ones((9, 1)), array![0.0], square(1, side), window);
    let (mut first, mut pool, mut second) = (conv(12), AveragePool::new(square(1, 10), 2), conv(5));
    let z = second.forward(&pool.forward(&first.forward(&Array2::ones((1, 144)))));
    let mut d = Array2::zeros(z.dim());
    d[[0, 0]] = 1.0;
    let d_x = first.backward(&pool.backward(&second.backward(&d)));
    assert_eq!(d_x.iter().filter(|&&slope| slope != 0.0).count(), 8 * 8);
}

#[test]
fn only_the_last_layer_grows_with_the_image() {
    let [small, large] = [8, 16].map(|side| {
        let mut net = cnn(square(1, side), &[8, 16], 10, &mut generator());
        net.parameters().iter().map(|parameter| parameter.value.len()).collect::<Vec<_>>()
    });
    let n = small.len();
    assert_eq!(small[..n - 2], large[..n - 2]);
    assert!(small[n - 2] < large[n - 2]);
}
