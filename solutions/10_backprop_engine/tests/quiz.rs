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
    quiz.finish();
}

fn averaged_everywhere(quiz: &mut Lesson) {
    let n = 32_f64;
    quiz.says("answer = 32768", &[n.powi(3)]);
    quiz.says("value = 1024", &[n.powi(2)]);
    assert_eq!(3.0 * n, 96.0);
    quiz.says("value = 1048576", &[n.powi(4)]);
}

/// The sizes of the gradients that arrive at nine linear layers with ReLUs between them, from the last to the first.
fn sizes(scale: f64) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(2);
    let mut x = Array2::from_shape_simple_fn((50, 20), || StandardNormal.sample(&mut rng));
    let mut layers: Vec<(Linear, Relu)> = (0..9).map(|_| (Linear::new(20, 20, &mut rng), Relu::default())).collect();
    for (linear, relu) in &mut layers {
        linear.parameters()[0].value *= scale;
        x = relu.forward(&linear.forward(&x));
    }
    let mut d = Array2::ones((50, 20));
    let mut sizes = Vec::new();
    for (place, (linear, relu)) in layers.iter_mut().rev().enumerate() {
        // Behind the last linear layer there is no ReLU.
        if place > 0 {
            d = relu.backward(&d);
        }
        sizes.push(d.iter().map(|d| d * d).sum::<f64>().sqrt());
        d = linear.backward(&d);
    }
    sizes
}

fn four_networks(quiz: &mut Lesson) {
    quiz.given("[1.0, 0.97, 1.02, 1.01, 0.96, 1.03, 1.0, 0.98, 0.99]");
    quiz.given("[1.0, 0.98, 1.03, 0.97, 0.0, 0.0, 0.0, 0.0, 0.0]");
    let powers = |factor: f64| (0..9).map(|layer| factor.powi(layer)).collect::<Vec<_>>();
    quiz.says("[1.0, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625, 0.0078125, 0.00390625]", &powers(0.5));
    quiz.says("[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0]", &powers(2.0));
    let usual = sizes(1.0);
    for factor in [0.5, 2.0] {
        for ((scaled, usual), power) in sizes(factor).iter().zip(&usual).zip(powers(factor)) {
            assert!((scaled / usual / power - 1.0).abs() < 1e-9);
        }
    }
}
