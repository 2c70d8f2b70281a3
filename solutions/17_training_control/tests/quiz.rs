//! Computes every number in the questions.

use std::f64::consts::PI;

use engine::{Layer, Linear, Sequential};
use lesson::Lesson;
use ndarray::array;
use training_control_solution::{Cosine, EarlyStopping, Schedule, WarmUp, clip_global_norm};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.4");
    early_stopping(&mut quiz);
    clipping_leaves_nan();
    schedules_with_mistakes(&mut quiz);
    quiz.finish();
}

/// The epoch in which early stopping ends the training, and the best loss by then.
fn stopped(patience: usize, min_delta: f64, losses: &[f64]) -> (Option<usize>, f64) {
    let layers: Vec<Box<dyn Layer>> = vec![Box::new(Linear::from_parts(array![[1.0]], array![0.0]))];
    let mut net = Sequential::new(layers);
    let mut stopping = EarlyStopping::new(patience, min_delta);
    let epoch = losses.iter().position(|loss| stopping.update(*loss, &mut net).is_break());
    (epoch, stopping.best_loss())
}

fn early_stopping(quiz: &mut Lesson) {
    let losses = [1.0, 0.9, 0.87, 0.84, 0.83, 0.8, 0.81, 0.82];
    quiz.given("min_delta 0.05 gets the losses 1, 0.9, 0.87, 0.84, 0.83, 0.8, 0.81, 0.82");
    assert_eq!(stopped(2, 0.05, &losses), (Some(5), 0.84));
    // More than two bad epochs, and the loss before in place of the best one.
    assert_eq!(stopped(3, 0.05, &losses).0, Some(6));
    let bad: Vec<bool> = losses.windows(2).map(|pair| pair[1] >= pair[0] - 0.05).collect();
    assert_eq!(bad[..3], [false, true, true]);
    quiz.says(
        "0.87 is bad, but 0.84 is more than 0.05 below the *best*, 0.9",
        &[losses[2], losses[3], 0.05, losses[1]],
    );
    quiz.says("0.83 and 0.8 are bad", &[losses[4], losses[5]]);
    quiz.says("0.84 is far enough below 0.9", &[losses[3], losses[1]]);

    let rising: Vec<f64> = [0.7, 0.6, 0.5].into_iter().chain((1..80).map(|i| 0.5 + 0.01 * f64::from(i))).collect();
    let (epoch, best) = stopped(2, -0.1, &rising);
    assert_eq!((epoch, best), (None, rising[rising.len() - 1]));
    quiz.given("min_delta to -0.1. The validation loss falls to 0.5 and then rises by 0.01");
    quiz.given("the loss is above 0.6, with the weights of 0.5");
    quiz.given("if the best loss stayed at 0.5");
    quiz.given("below best + 0.1");
    quiz.given("weights worse than those of 0.5");
    quiz.given("restores the weights of 0.5");
}

fn clipping_leaves_nan() {
    let mut gradients = [array![f64::NAN, 1.0].into_dyn()];
    assert!(clip_global_norm(&mut gradients, 0.5).is_nan());
    assert!(gradients[0][[0]].is_nan() && gradients[0][[1]] == 1.0);
}

fn schedules_with_mistakes(quiz: &mut Lesson) {
    let curve = |rate: &dyn Fn(f64) -> f64| -> Vec<f64> { (0..20).map(|epoch| rate(f64::from(epoch))).collect() };
    let wave = |epoch: f64, n_epochs: f64| (1.0 + (PI * epoch / n_epochs).cos()) / 2.0;
    let exponents = |epoch: f64| epoch * (epoch + 1.0) / 2.0;
    for (passage, computed) in [
        (
            "[1.0, 0.98, 0.93, 0.85, 0.75, 0.63, 0.5, 0.37, 0.25, 0.15, 0.07, 0.02, 0.0, 0.02, 0.07, 0.15, 0.25, 0.37, 0.5, 0.63]",
            curve(&|epoch| wave(epoch, 12.0)),
        ),
        (
            "[1.0, 0.97, 0.89, 0.77, 0.62, 0.46, 0.3, 0.16, 0.06, 0.01, 0.01, 0.06, 0.16, 0.3, 0.46, 0.62, 0.77, 0.89, 0.97, 1.0]",
            curve(&|epoch| wave(2.0 * epoch, 19.0)),
        ),
        (
            "[1.0, 0.87, 0.76, 0.66, 0.57, 0.5, 0.44, 0.38, 0.33, 0.29, 0.25, 0.22, 0.19, 0.16, 0.14, 0.12, 0.11, 0.09, 0.08, 0.07]",
            curve(&|epoch| 0.5_f64.powf(epoch / 5.0)),
        ),
        (
            "[1.0, 0.9, 0.73, 0.53, 0.35, 0.21, 0.11, 0.05, 0.02, 0.01, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]",
            curve(&|epoch| 0.9_f64.powf(exponents(epoch))),
        ),
        (
            "[0.17, 0.33, 0.5, 0.67, 0.83, 1.0, 0.77, 0.7, 0.62, 0.54, 0.46, 0.38, 0.3, 0.23, 0.16, 0.11, 0.06, 0.03, 0.01, 0.0]",
            curve(&|epoch| if epoch < 6.0 { (epoch + 1.0) / 6.0 } else { wave(epoch, 19.0) }),
        ),
    ] {
        quiz.says(passage, &computed);
    }
    // The right one begins its cosine at the top.
    let mut right = WarmUp { n_epochs: 6, then: Cosine { initial: 1.0, end: 0.0, n_epochs: 14 } };
    assert_eq!(right.learning_rate(6, None), 1.0);
}
