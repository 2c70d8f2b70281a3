//! Computes every number in the lesson.

use lesson::Lesson;
use mae_solution::{
    Direction, LossKind, best_constant, descend, direction, fit_constant, mae_grad, mae_loss, mse_grad, mse_loss,
    outlier_report,
};
use ndarray::{Array1, Array2, Axis, array};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();

    let (y_true, y_pred) = (array![[1.0], [2.0], [3.0], [4.0]], array![[1.2], [1.8], [3.1], [4.5]]);
    lesson.given("y_pred = [1.2,  1.8,  3.1,  4.5]");
    let e = &y_pred - &y_true;
    lesson.says("e      = [0.2, -0.2,  0.1,  0.5]", &flat(&e));
    let mut terms = flat(&e.abs());
    terms.extend([4.0, mae_loss(&y_true, &y_pred)]);
    lesson.says("MAE = (0.2 + 0.2 + 0.1 + 0.5) / 4 = 0.25", &terms);
    let mut terms = flat(&e.pow2());
    terms.extend([4.0, mse_loss(&y_true, &y_pred)]);
    lesson.says("(0.04 + 0.04 + 0.01 + 0.25) / 4 = 0.085", &terms);
    let mae_gradient = flat(&mae_grad(&y_true, &y_pred));
    for (line, power) in [("| \\|e\\| | 0.1  | 0.5  | 1 | 2 | 5  |", 1), ("| e²    | 0.01 | 0.25 | 1 | 4 | 25 |", 2)] {
        lesson.says(line, &[0.1_f64, 0.5, 1.0, 2.0, 5.0].map(|e| e.abs().powi(power)));
    }
    lesson.given("| e     | 0.1  | 0.5  | 1 | 2 | 5  |");
    lesson.says("gradient of the MAE = [0.25, -0.25, 0.25, 0.25]", &mae_gradient);
    let mse_gradient = flat(&mse_grad(&y_true, &y_pred));
    lesson.says("gradient of the MSE = [0.1,  -0.1,  0.05, 0.25]", &mse_gradient);
    lesson.says("the error of 0.1 counts as much as that of 0.5", &[e[[2, 0]], e[[3, 0]]]);
    assert_eq!(mae_gradient[2], mae_gradient[3]);

    lesson.says("the prediction 1.2 *rises*", &[y_pred[[0, 0]]]);
    assert_eq!(direction(mae_gradient[0]), Direction::Lower);
    lesson.given("a learning rate of 0.4");
    let better = descend(&y_true, &y_pred, LossKind::Mae, 0.4);
    lesson.says("[1.1, 1.9, 3, 4.4]", &flat(&better));
    lesson.says("falls from 0.25 to 0.15", &[mae_loss(&y_true, &y_pred), mae_loss(&y_true, &better)]);
    lesson.says("gradient = 0.250", &[mae_gradient[0]]);
    let worse = descend(&y_true, &y_pred, LossKind::Mae, -0.4);
    lesson.says("[1.3, 1.7, 3.2, 4.6]", &flat(&worse));
    lesson.says("a loss of 0.35", &[mae_loss(&y_true, &worse)]);

    lesson.says("The mean of e in the first example is 0.15", &[e.sum() / 4.0]);
    lesson.says("because +0.2 and -0.2 cancel", &[e[[0, 0]], e[[1, 0]]]);
    let every_with_every = (&y_pred.t() - &y_true).abs();
    assert_eq!(every_with_every.dim(), (4, 4));
    lesson.says(
        "\"MAE\" of 1.3875 instead of 0.25",
        &[every_with_every.sum() / every_with_every.len() as f64, mae_loss(&y_true, &y_pred)],
    );

    let (y_true, mut y_pred) = (array![[0.0, 2.0, 1.0], [5.0, 4.0, 1.0]], array![[1.0, 2.0, 0.0], [3.0, 4.5, 1.0]]);
    lesson.given("[3, 4.5, 1]]");
    let e = &y_pred - &y_true;
    lesson.says("[-2, 0.5,  0]]", &flat(&e)[3..]);
    let sum = e.abs().sum();
    lesson.says("MAE = 4.5 / 6 = 0.75", &[sum, y_pred.len() as f64, mae_loss(&y_true, &y_pred)]);
    let gradient = mae_grad(&y_true, &y_pred);
    lesson.says("1/6, -1/6", &[1.0, 1.0 / gradient[[0, 0]], -1.0, -1.0 / gradient[[0, 2]]]);
    assert_eq!(gradient[[0, 1]], 0.0);
    let before = mae_loss(&y_true, &y_pred);
    y_pred[[0, 0]] += 0.1;
    lesson.says("from 1 to 1.1", &[1.0, y_pred[[0, 0]]]);
    lesson.says("from 4.5 to 4.6", &[sum, (&y_pred - &y_true).abs().sum()]);
    lesson.says("rises by 0.1 / 6", &[6.0 * (mae_loss(&y_true, &y_pred) - before), 6.0]);

    one_wild_value(&mut lesson);
    the_best_constant(&mut lesson);

    assert_eq!((f64::signum(0.0), f64::signum(-0.0)), (1.0, -1.0));
    lesson.given("`f64::signum(0.0)` is 1.0, and `f64::signum(-0.0)` is -1.0");
    lesson.given("All errors are 0.1 and the last sample's grows to 1,000");

    lesson.given("`1.0` is a real number");
    lesson.given("section 1.5.5");
    lesson.given("section 10.6");
    lesson.finish();
}

fn one_wild_value(lesson: &mut Lesson) {
    let column = |values: [f64; 5]| Array1::from(values.to_vec()).insert_axis(Axis(1));
    let y_true = column([1.0, 2.0, 3.0, 4.0, 5.0]);
    let normal = column([1.1, 1.9, 3.1, 3.9, 5.1]);
    let outlier = column([1.1, 1.9, 3.1, 3.9, 15.0]);
    lesson.given("normal  = [1.1, 1.9, 3.1, 3.9, 5.1]");
    lesson.given("outlier = [1.1, 1.9, 3.1, 3.9, 15 ]");
    lesson.says("each off by 0.1", &[(&normal - &y_true)[[0, 0]]]);

    let report = outlier_report(&y_true, &normal, &outlier);
    lesson.says("| normal          | 0.1  | 0.01    |", &[report.normal_mae, report.normal_mse]);
    lesson.says("| with an outlier | 2.08 | 20.008  |", &[report.outlier_mae, report.outlier_mse]);
    lesson.says("| times larger    | 20.8 | 2,000.8 |", &[report.mae_ratio, report.mse_ratio]);
    lesson.says("it is 20.8 times larger", &[report.mae_ratio]);
    lesson.says("off by 2.08 minutes", &[report.outlier_mae]);
    let farther = outlier_report(&y_true, &normal, &column([1.1, 1.9, 3.1, 3.9, 105.0]));
    assert!((farther.outlier_mae / report.outlier_mae - 10.0).abs() < 0.5);

    let votes = mae_grad(&y_true, &outlier);
    lesson.says("the outlier's\nentry is 0.2", &[votes[[4, 0]]]);
    assert!(votes.iter().all(|vote| vote.abs() == votes[[4, 0]]));
    let pulls = mse_grad(&y_true, &outlier);
    lesson.says("it is 4, against 0.04 for a normal one", &[pulls[[4, 0]], pulls[[0, 0]]]);
    lesson.says("it counts 100 times as much", &[pulls[[4, 0]] / pulls[[0, 0]]]);
}

fn the_best_constant(lesson: &mut Lesson) {
    let losses = |y: &Array1<f64>, c: f64| {
        let y_true = y.view().insert_axis(Axis(1));
        let y_pred = Array2::from_elem(y_true.dim(), c);
        [LossKind::Mae.value(&y_true, &y_pred), LossKind::Mse.value(&y_true, &y_pred)]
    };
    let clean = array![1.0, 2.0, 3.0, 4.0, 5.0];
    assert_eq!([LossKind::Mae, LossKind::Mse].map(|kind| best_constant(&clean, kind)), [Some(3.0); 2]);
    let typo = array![1.0, 2.0, 3.0, 4.0, 50.0];
    assert_eq!([LossKind::Mae, LossKind::Mse].map(|kind| best_constant(&typo, kind)), [Some(3.0), Some(12.0)]);
    for (row, c) in [
        ("| 2   | 10.4 | 462 |", 2.0),
        ("| 3   | 10.2 | 443 |", 3.0),
        ("| 4   | 10.4 | 426 |", 4.0),
        ("| 12  | 15.2 | 362 |", 12.0),
        ("| 20  | 20   | 426 |", 20.0),
    ] {
        let [mae, mse] = losses(&typo, c);
        lesson.says(row, &[c, mae, mse]);
    }

    let even = array![1.0, 2.0, 4.0, 50.0];
    lesson.says("The MAE is 12.75 for c = 2, for c = 3, for c = 4", &[losses(&even, 2.0)[0], 2.0, 3.0, 4.0]);
    assert!([2.0, 2.5, 3.0, 4.0].iter().all(|&c| losses(&even, c)[0] == 12.75));
    assert!([1.9, 4.1].iter().all(|&c| losses(&even, c)[0] > 12.75));
    assert_eq!(best_constant(&even, LossKind::Mae), Some(3.0));
    lesson.given("if the 50 becomes 5,000");

    lesson.given("starting at 0.5");
    let path = fit_constant(&typo, LossKind::Mae, 0.5, 1.0, 9);
    lesson.says("takes the steps 1.5, 2.1, 2.3, 2.5, 2.7, 2.9, 3.1", &path[1..8]);
    lesson.says("between 2.9 and 3.1", &path[8..]);
    lesson.given("a learning rate of 0.25");
    let path = fit_constant(&typo, LossKind::Mse, 0.5, 0.25, 3);
    lesson.says("to\n12 each time: 6.25, 9.125, 10.5625", &[&[12.0], &path[1..]].concat());
}

fn flat(array: &Array2<f64>) -> Vec<f64> {
    array.iter().copied().collect()
}
