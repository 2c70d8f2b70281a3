//! Computes every number in the questions.

use backprop_engine_solution::{Layer, Linear, Relu};
use lesson::Lesson;
use ndarray::Array2;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, StandardNormal};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    averaged_everywhere(&mut quiz);
    four_networks(&mut quiz);
    quiz.given("tolerance = 0.4");
    quiz.says("answer = 256", &[2_f64.powi(8)]);
    quiz.says("value = 512", &[2_f64.powi(9)]);
    let ([_, halved], [_, usual]) = (sizes(0.5), sizes(1.0));
    assert!(halved.iter().zip(&usual).all(|(halved, usual)| (usual / halved / 256.0 - 1.0).abs() < 1e-9));
    quiz.finish();
}

fn averaged_everywhere(quiz: &mut Lesson) {
    let n = 32_f64;
    quiz.says("answer = 32768", &[n.powi(3)]);
    quiz.says("value = 1024", &[n.powi(2)]);
    assert_eq!(3.0 * n, 96.0);
    quiz.says("value = 1048576", &[n.powi(4)]);
}

/// Of nine linear layers with ReLUs between them, from the last to the first: the sizes of the gradients that arrive, and of dW.
fn sizes(scale: f64) -> [Vec<f64>; 2] {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut x = Array2::from_shape_simple_fn((50, 20), || StandardNormal.sample(&mut rng));
    let mut layers: Vec<(Linear, Relu)> = (0..9).map(|_| (Linear::new(20, 20, &mut rng), Relu::default())).collect();
    for (linear, relu) in &mut layers {
        linear.parameters()[0].value *= scale;
        x = relu.forward(&linear.forward(&x));
    }
    let mut d = Array2::ones((50, 20));
    let [mut arriving, mut of_weights] = [Vec::new(), Vec::new()];
    for (place, (linear, relu)) in layers.iter_mut().rev().enumerate() {
        // Behind the last linear layer there is no ReLU.
        if place > 0 {
            d = relu.backward(&d);
        }
        arriving.push(d.iter().map(|d| d * d).sum::<f64>().sqrt());
        d = linear.backward(&d);
        of_weights.push(linear.parameters()[0].gradient.iter().map(|d| d * d).sum::<f64>().sqrt());
    }
    [arriving, of_weights]
}

fn four_networks(quiz: &mut Lesson) {
    quiz.given("[1.0, 0.97, 1.02, 1.01, 0.96, 1.03, 1.0, 0.98, 0.99]");
    quiz.given("[1.0, 0.32, 0.1, 0.033, 0.01, 0.0033, 0.001, 0.00034, 0.00011]");
    quiz.given("[1.0, 0.98, 1.03, 0.97, 0.0, 0.0, 0.0, 0.0, 0.0]");
    let powers = |factor: f64| (0..9).map(|layer| factor.powi(layer)).collect::<Vec<_>>();
    quiz.says("[1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625]", &powers(0.5));
    quiz.says("[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]", &powers(2.0));
    let [usual, _] = sizes(1.0);
    for factor in [0.5, 2.0] {
        for ((scaled, usual), power) in sizes(factor)[0].iter().zip(&usual).zip(powers(factor)) {
            assert!((scaled / usual / power - 1.0).abs() < 1e-9);
        }
    }
}
