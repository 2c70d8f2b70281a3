//! Computes every number in the questions.

use engine::Activation;
use initialisation_solution::{Init, activation_scales, draw_weights, std_of};
use lesson::Lesson;
use ndarray::Array2;
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    for given in ["tolerance = 0.004", "tolerance = 0.5", "over 300 steps", "has the scale 0.1 instead of 1"] {
        quiz.given(given);
    }
    leaky_relu(&mut quiz);
    small_input();
    quiz.says("answer = 1024", &[doubled()]);
    wide_layer(&mut quiz);
    quiz.finish();
}

fn leaky_relu(quiz: &mut Lesson) {
    let slope: f64 = 0.1;
    let c = 2.0 / (1.0 + slope * slope);
    quiz.given("a leaky ReLU of slope 0.1");
    quiz.says("answer = 1.980", &[c]);
    quiz.says("keeps 0.1² of them, so (1 + 0.01) / 2", &[1.0, slope * slope, 2.0]);
    quiz.says("a factor of only 1.005", &[(2.0 / c).sqrt()]);
    quiz.says("value = 1.818", &[2.0 / (1.0 + slope)]);
    quiz.says("value = 2.020", &[2.0 * (1.0 + slope * slope)]);
    quiz.says("That takes 0.1 of the left half", &[slope]);
}

/// Ten layers of 100 neurons for an input of this scale: what the last one puts out.
fn tenth(init: Init, activation: Activation, input: f64) -> f64 {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let x = Array2::from_shape_simple_fn((200, 100), || if rng.random::<bool>() { input } else { -input });
    let weights: Vec<_> = (0..10).map(|_| draw_weights(init, 100, 100, rng)).collect();
    activation_scales(&weights, activation, &x)[9]
}

fn small_input() {
    let share = |init, activation| tenth(init, activation, 0.1) / tenth(init, activation, 1.0);
    assert!((share(Init::HeNormal, Activation::Relu) - 0.1).abs() < 1e-9);
    let tanh = share(Init::XavierNormal, Activation::Tanh);
    assert!((0.2..0.8).contains(&tanh), "{tanh}");
}

/// By how much the output of ten layers grows if all weights are doubled.
fn doubled() -> f64 {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let x = Array2::ones((5, 20));
    let mut weights: Vec<_> = (0..10).map(|_| draw_weights(Init::HeNormal, 20, 20, rng)).collect();
    let before = activation_scales(&weights, Activation::Relu, &x)[9];
    for w in &mut weights {
        *w *= 2.0;
    }
    activation_scales(&weights, Activation::Relu, &x)[9] / before
}

fn wide_layer(quiz: &mut Lesson) {
    quiz.given("10 inputs and 1,000 outputs");
    quiz.given("In Xavier's mean of 10 and 1,000 the 1,000 dominates");
    quiz.given("With 1,000 inputs and 10 outputs");
    // A ReLU halves the squares, in both directions.
    let factors = |init, n_in: usize, n_out: usize| {
        let s = std_of(init, n_in, n_out);
        [(n_in as f64 / 2.0).sqrt() * s, (n_out as f64 / 2.0).sqrt() * s]
    };
    let close = |[a, b]: [f64; 2], [c, d]: [f64; 2]| (a - c).abs() < 0.01 * c && (b - d).abs() < 0.01 * d;
    assert!(close(factors(Init::HeNormal, 10, 1000), [1.0, 10.0]));
    assert!(close(factors(Init::XavierNormal, 10, 1000), [0.1, 1.0]));
    assert!(close(factors(Init::HeNormal, 1000, 10), [1.0, 0.1]));
    assert!(close(factors(Init::XavierNormal, 1000, 10), [1.0, 0.1]));
}
