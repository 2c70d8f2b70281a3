//! The lesson's examples. Run them with `cargo test -p mnist_mlp`; the grader asks for more.

use approx::assert_abs_diff_eq;
use engine::{Linear, Sequential};
use mnist_mlp::{
    ClassReport, TrainConfig, confusion_matrix, evaluate, hold_out, most_confused, precision_recall_f1, predict,
    scale_pixels, train, train_epoch,
};
use ndarray::{Array1, Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// A network that hands on its two inputs as scores.
fn hands_on() -> Sequential {
    Sequential::new(vec![Box::new(Linear::from_parts(Array2::eye(2), Array1::zeros(2)))])
}

/// Scores of class 0 and 1 that cost class 0 these losses: `ln(1 + e^z)` is the loss for z.
fn scores_with_losses(losses: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn((losses.len(), 2), |(row, class)| if class == 0 { 0.0 } else { losses[row].exp_m1().ln() })
}

#[test]
fn ink_is_one() {
    assert_abs_diff_eq!(scale_pixels(&array![[0.0, 4.0, 12.0]], 16.0), array![[0.0, 0.25, 0.75]]);
}

#[test]
fn the_last_samples_are_put_aside() {
    let split = hold_out(&array![[1.0], [2.0], [3.0]], &[0, 1, 2], 1);
    assert_eq!((split.x_train, split.labels_train), (array![[1.0], [2.0]], vec![0, 1]));
    assert_eq!((split.x_validation, split.labels_validation), (array![[3.0]], vec![2]));
}

#[test]
fn the_largest_score_wins() {
    let x = array![[0.5, 2.0], [-1.0, -3.0], [1.0, 1.0], [f64::NAN, f64::NAN]];
    assert_eq!(predict(&mut hands_on(), &x), [1, 0, 0, 0]);
}

#[test]
fn four_of_five_are_right() {
    let x = scores_with_losses(&[0.5, 0.5, 0.5, 0.5, 6.0]);
    let evaluation = evaluate(&mut hands_on(), &x, &[0; 5]);
    assert_abs_diff_eq!(evaluation.accuracy, 0.8, epsilon = 1e-12);
    assert_abs_diff_eq!(evaluation.loss, 1.6, epsilon = 1e-12);
}

#[test]
fn every_sample_counts_as_much() {
    let x = scores_with_losses(&[1.0, 1.0, 1.0, 1.0, 6.0]);
    // With the learning rate 0 nothing moves, and no order makes a difference.
    let loss = train_epoch(&mut hands_on(), &x, &[0; 5], 2, 0.0, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    assert_abs_diff_eq!(loss, 2.0, epsilon = 1e-12);
}

#[test]
fn seven_predictions() {
    let matrix = confusion_matrix(&[0, 0, 1, 1, 2, 2, 2], &[0, 1, 1, 1, 2, 0, 2], 3);
    assert_eq!(matrix, array![[1, 1, 0], [0, 2, 0], [1, 0, 2]]);
    let ClassReport { precision, recall, f1 } = precision_recall_f1(&matrix)[2];
    assert_abs_diff_eq!(precision, 1.0, epsilon = 1e-12);
    assert_abs_diff_eq!(recall, 2.0 / 3.0, epsilon = 1e-12);
    assert_abs_diff_eq!(f1, 0.8, epsilon = 1e-12);
    assert_eq!(most_confused(&matrix, 5), [(0, 1, 1), (2, 0, 1)]);
}

/// `cargo test -p mnist_mlp learns -- --nocapture` shows the epochs.
#[test]
fn a_network_learns_to_read() {
    let digits = datasets::digits();
    let x = scale_pixels(&digits.features, datasets::digits::MAX_PIXEL);
    let data = hold_out(&x, &digits.labels.to_vec(), 237);
    let config = TrainConfig { sizes: vec![64, 32, 10], learning_rate: 0.15, batch_size: 16, epochs: 10 };
    let (_, history) = train(&config, &data, &mut Xoshiro256PlusPlus::seed_from_u64(1), |history| {
        let epoch = history.train_loss.len();
        let (loss, accuracy) = (history.train_loss[epoch - 1], history.validation_accuracy[epoch - 1]);
        println!("epoch {epoch}: loss {loss:.4}, {:.1} % of the samples put aside", 100.0 * accuracy);
    });
    assert_eq!(history.validation_accuracy.len(), 10);
    assert!(history.validation_accuracy[9] > 0.85);
}
