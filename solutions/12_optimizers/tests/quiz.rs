//! Computes every number in the questions.

use engine::{Activation, mlp};
use lesson::Lesson;
use ndarray::array;
use optimizers_solution::{Adam, Momentum, Optimizer, Sgd, trajectory};
use rand::SeedableRng;

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    best_for_y(&mut quiz);
    another_program(&mut quiz);
    to_and_fro(&mut quiz);
    quiz.given("multiplies the loss by 100.");
    quiz.given("learning rates of both by 100");
    quiz.given("so the factor 100 cancels");
    quiz.given("that of SGD by 100,");
    quiz.given("so it grows by 100 as well");
    quiz.given("both grow by 100,");
    where_adam_ends(&mut quiz);
    what_adam_keeps(&mut quiz);
    across_the_valley(&mut quiz);
    without_hats();
    quiz.finish();
}

/// The way of one coordinate in the narrow valley: 0 is x, 1 is y.
fn walk(rule: &mut dyn Optimizer, coordinate: usize, n_steps: usize) -> Vec<f64> {
    trajectory(rule, |point| array![point[0], 50.0 * point[1]], &array![1.0, 1.0], n_steps).column(coordinate).to_vec()
}

/// How many steps it takes until x is half as large.
fn steps_to_halve(learning_rate: f64) -> f64 {
    walk(&mut Sgd::new(learning_rate), 0, 100).iter().position(|&x| x <= 0.5).expect("it gets there") as f64
}

fn best_for_y(quiz: &mut Lesson) {
    assert!(walk(&mut Sgd::new(0.02), 1, 1)[1].abs() < 1e-12);
    assert_eq!(steps_to_halve(0.02), 35.0);
    quiz.given("tolerance = 1.2");
    quiz.says("lr = 1/50 = 0.02 y", &[1.0, 50.0, 1.0 / 50.0]);
    quiz.says("step multiplies x by 0.98", &[1.0 - 0.02]);
    quiz.given("and 0.98 to the power of 35");
    assert!(0.98_f64.powi(35) < 0.5 && 0.98_f64.powi(34) > 0.5);
    quiz.given("That takes 0.02 of");
    quiz.given("limit, lr = 0.04.");
    assert_eq!(steps_to_halve(0.04), 17.0);
}

fn another_program(quiz: &mut Lesson) {
    quiz.given("with β = 0.9, and learns well with lr = 0.1.");
    let path = |rule: &mut dyn Optimizer| trajectory(rule, |_| array![1.0], &array![0.0], 300);
    let long_run = path(&mut Momentum::new(1.0, 0.9));
    let velocity = long_run[[299, 0]] - long_run[[300, 0]];
    quiz.says("1 / (1 - 0.9) = 10", &[1.0, 1.0, 0.9, velocity]);
    quiz.says("answer = 0.01", &[0.1 / velocity]);
    quiz.given("tolerance = 0.0005");
    quiz.says("value = 1.0", &[0.1 * velocity]);
    quiz.given("value = 0.1");
    quiz.says("value = 0.09", &[0.1 * 0.9]);
    quiz.given("That is 0.1 · 0.9.");
}

fn to_and_fro(quiz: &mut Lesson) {
    quiz.given("for momentum with β = 0.9?");
    let velocity = (0..200).fold(0.0_f64, |v, step| 0.9 * v + if step % 2 == 0 { 1.0 } else { -1.0 });
    assert!((velocity.abs() - 1.0 / 1.9).abs() < 1e-6);
    quiz.given("it is 0.9 · a - 1 = -a afterwards, so a is 1 / 1.9");
}

fn where_adam_ends(quiz: &mut Lesson) {
    quiz.given("Adam with lr = 0.1 comes close");
    let path = walk(&mut Adam::new(0.1, [0.9, 0.999], 1e-8), 0, 20_000);
    let farthest = |steps: &[f64]| steps.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    assert!(farthest(&path[1000..2000]) < 1e-6);
    let later = farthest(&path[2000..]);
    assert!(later > 0.01 && later < 0.3, "{later}");
    assert!(farthest(&path[19_000..]) > 0.01);
}

fn what_adam_keeps(quiz: &mut Lesson) {
    let mut generator = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
    let n = mlp(&[784, 256, 128, 10], Activation::Relu, &mut generator).n_parameters() as f64;
    quiz.says("a network of 235,146 parameters", &[n]);
    quiz.says("answer = 470292", &[2.0 * n]);
    quiz.given("tolerance = 1.5");
    quiz.says("value = 235146", &[n]);
    quiz.says("value = 705438", &[3.0 * n]);
    quiz.says("value = 940584", &[4.0 * n]);
}

fn across_the_valley(quiz: &mut Lesson) {
    for (curve, learning_rate) in [
        ("[1.0, 0.9, 0.81, 0.729, 0.656, 0.59, 0.531, 0.478, 0.43, 0.387, 0.349, 0.314]", 0.002),
        ("[1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]", 0.02),
        ("[1.0, -0.8, 0.64, -0.512, 0.41, -0.328, 0.262, -0.21, 0.168, -0.134, 0.107, -0.086]", 0.036),
        ("[1.0, -1.05, 1.103, -1.158, 1.216, -1.276, 1.34, -1.407, 1.477, -1.551, 1.629, -1.71]", 0.041),
    ] {
        quiz.says(curve, &walk(&mut Sgd::new(learning_rate), 1, 11));
    }
    quiz.says(
        "[1.0, 0.9, 0.72, 0.486, 0.227, -0.029, -0.257, -0.436, -0.553, -0.604, -0.589, -0.516, -0.4, -0.255, -0.099, 0.052]",
        &walk(&mut Momentum::new(0.002, 0.9), 1, 15),
    );
}

fn without_hats() {
    let lengths: Vec<f64> = (1..=100).map(|t| (1.0 - 0.9_f64.powi(t)) / (1.0 - 0.999_f64.powi(t)).sqrt()).collect();
    let longest = lengths.iter().copied().fold(0.0, f64::max);
    assert!((3.1..3.2).contains(&lengths[0]) && longest > 6.0 && lengths[99] < lengths[0] + 0.2);
    assert!(lengths.iter().position(|&length| length >= longest).is_some_and(|place| (8..20).contains(&place)));
}
