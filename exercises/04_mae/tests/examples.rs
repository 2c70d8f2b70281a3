//! The lesson's worked examples. Run them with `cargo test -p mae`; the grader asks for more.

use approx::assert_abs_diff_eq;
use mae::{
    Direction, LossKind, best_constant, descend, direction, fit_constant, mae_grad, mae_loss, mse_grad, mse_loss,
    outlier_report,
};
use ndarray::{Array2, array};

/// Targets and predictions of the first example, both of shape (4, 1).
fn four_samples() -> (Array2<f64>, Array2<f64>) {
    (array![[1.0], [2.0], [3.0], [4.0]], array![[1.2], [1.8], [3.1], [4.5]])
}

#[test]
fn two_losses_for_the_same_errors() {
    let (y_true, y_pred) = four_samples();
    assert_abs_diff_eq!(mae_loss(&y_true, &y_pred), 0.25, epsilon = 1e-12);
    assert_abs_diff_eq!(mse_loss(&y_true, &y_pred), 0.085, epsilon = 1e-12);
}

#[test]
fn one_gradient_votes_and_the_other_pulls() {
    let (y_true, y_pred) = four_samples();
    assert_abs_diff_eq!(mae_grad(&y_true, &y_pred), array![[0.25], [-0.25], [0.25], [0.25]], epsilon = 1e-12);
    assert_abs_diff_eq!(mse_grad(&y_true, &y_pred), array![[0.1], [-0.1], [0.05], [0.25]], epsilon = 1e-12);
}

#[test]
fn the_mean_goes_over_all_entries_and_ties_have_no_slope() {
    let y_true = array![[0.0, 2.0, 1.0], [5.0, 4.0, 1.0]];
    let y_pred = array![[1.0, 2.0, 0.0], [3.0, 4.5, 1.0]];
    let sixth = 1.0 / 6.0;
    assert_abs_diff_eq!(mae_loss(&y_true, &y_pred), 0.75, epsilon = 1e-12);
    let gradient = array![[sixth, 0.0, -sixth], [-sixth, sixth, 0.0]];
    assert_abs_diff_eq!(mae_grad(&y_true, &y_pred), gradient, epsilon = 1e-12);
}

#[test]
fn nothing_measured_is_nan() {
    let nothing = Array2::zeros((0, 1));
    assert!(mae_loss(&nothing, &nothing).is_nan());
    assert!(mse_loss(&nothing, &nothing).is_nan());
}

#[test]
fn a_column_is_not_compared_with_a_row() {
    let (y_true, y_pred) = four_samples();
    assert_abs_diff_eq!(mae_loss(&y_true, &y_true), 0.0);
    assert!(std::panic::catch_unwind(|| mae_loss(&y_true, &y_pred.t())).is_err(), "(4, 1) and (1, 4) do not fit");
}

#[test]
fn a_step_against_the_gradient_lowers_the_loss() {
    assert_eq!(direction(0.25), Direction::Lower);
    let (y_true, y_pred) = four_samples();
    let better = descend(&y_true, &y_pred, LossKind::Mae, 0.4);
    assert_abs_diff_eq!(better, array![[1.1], [1.9], [3.0], [4.4]], epsilon = 1e-12);
    assert_abs_diff_eq!(mae_loss(&y_true, &better), 0.15, epsilon = 1e-12);
}

#[test]
fn an_outlier_strikes_the_mse_hardest() {
    let y_true = array![[1.0], [2.0], [3.0], [4.0], [5.0]];
    let normal = array![[1.1], [1.9], [3.1], [3.9], [5.1]];
    let outlier = array![[1.1], [1.9], [3.1], [3.9], [15.0]];
    let report = outlier_report(&y_true, &normal, &outlier);
    assert_abs_diff_eq!(report.outlier_mae, 2.08, epsilon = 1e-9);
    assert_abs_diff_eq!(report.outlier_mse, 20.008, epsilon = 1e-9);
    assert_abs_diff_eq!(report.mae_ratio, 20.8, epsilon = 1e-9);
    assert_abs_diff_eq!(report.mse_ratio, 2000.8, epsilon = 1e-9);
}

#[test]
fn the_median_does_not_care_how_far_away_a_value_is() {
    let y = array![1.0, 2.0, 3.0, 4.0, 50.0];
    assert_eq!(best_constant(&y, LossKind::Mae), Some(3.0));
    assert_eq!(best_constant(&y, LossKind::Mse), Some(12.0));
    assert_eq!(best_constant(&array![1.0, 2.0, 4.0, 50.0], LossKind::Mae), Some(3.0));
    assert_eq!(best_constant(&array![], LossKind::Mae), None);
}

#[test]
fn descent_on_the_mse_halves_the_distance() {
    let path = fit_constant(&array![1.0, 2.0, 3.0, 4.0, 50.0], LossKind::Mse, 0.5, 0.25, 3);
    assert_abs_diff_eq!(path[..], [0.5, 6.25, 9.125, 10.5625], epsilon = 1e-12);
}
