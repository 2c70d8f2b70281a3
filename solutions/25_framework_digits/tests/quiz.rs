//! Computes every number in the questions.

use dfdx::prelude::*;
use framework_digits_solution::{Cnn, Dev, Images, N_FILTERS, N_POOLED, Patches, images};
use lesson::Lesson;
use ndarray::Array2;

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    let device = Dev::default();
    let filters = device.build_module::<Cnn, f32>();
    let dense = device.build_module::<Linear<N_POOLED, 10>, f32>();
    quiz.says(
        "Of the 1,370 parameters of the network with filters, the dense layer at the end has 1,290",
        &[filters.num_trainable_params() as f64, dense.num_trainable_params() as f64],
    );
    quiz.says("has 1,370 parameters, and its", &[filters.num_trainable_params() as f64]);
    let small = device.build_module::<Linear<N_FILTERS, 10>, f32>();
    quiz.says("That layer has 90 parameters", &[small.num_trainable_params() as f64]);
    quiz.given("100 million parameters");
    quiz.says("from 128 numbers down to ten", &[N_POOLED as f64]);

    // Every pixel of this image is 1, so what is 0 in a patch lies outside.
    let patches = Patches.apply(images(&Array2::ones((1, 64)), &device) as Images<64>).as_vec();
    let outside = patches.iter().filter(|entry| **entry == 0.0).count();
    quiz.says("the 576 columns of C", &[patches.len() as f64]);
    quiz.says("answer = 92", &[outside as f64]);
    quiz.says("3 for each of the 24 places along the sides and 5 for each of the 4 corners", &[3.0, 24.0, 5.0, 4.0]);
    assert_eq!(3 * 24 + 5 * 4, outside);

    // The pixels of this image are their own numbers.
    let pixels = Array2::from_shape_fn((1, 64), |(_, pixel)| pixel as f64);
    let patches = Patches.apply(images(&pixels, &device) as Images<64>).as_vec();
    let entry = |place: usize, k: usize| f64::from(patches[9 * place + k]);
    quiz.says("answer = 10\n", &[entry(17, 2)]);
    quiz.says("value = 24\n", &[entry(17, 6)]);
    quiz.says("value = 19\n", &[entry(26, 2)]);
    quiz.says("value = 26\n", &[entry(17, 8)]);

    let losses = [[1.0, 1.0, 1.0].as_slice(), &[1.0, 1.0, 1.0], &[8.0]];
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    quiz.says("answer = 2\n", &[mean(&losses.concat())]);
    quiz.says("value = 3.333", &[mean(&losses.map(mean))]);
    for tolerance in ["tolerance = 0.4", "tolerance = 0.01"] {
        quiz.given(tolerance);
    }
    quiz.finish();
}
