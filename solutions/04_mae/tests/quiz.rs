//! Computes every number in the questions.

use lesson::Lesson;
use mae_solution::{LossKind, best_constant, mae_grad, mae_loss, mse_grad, mse_loss};
use ndarray::{Array1, Array2, Axis, array, concatenate};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.1");

    four_curves(&mut quiz);

    let (y_true, y_pred) = (array![[1.0], [2.0], [3.0], [4.0]], array![[1.2], [1.8], [3.1], [4.5]]);
    quiz.given("predictions [1.2, 1.8, 3.1, 4.5]");
    let gradient = mae_grad(&y_true, &y_pred);
    for (entry, option) in ["text = \"1.2\"", "text = \"1.8\"", "text = \"3.1\"", "text = \"4.5\""].iter().enumerate() {
        quiz.says(option, &[y_pred[[entry, 0]]]);
        assert_eq!(gradient[[entry, 0]] > 0.0, entry != 1);
    }
    quiz.says("Too high by 0.1 only", &[y_pred[[2, 0]] - y_true[[2, 0]]]);

    let (y_twice, pred_twice) = (concatenate![Axis(0), y_true, y_true], concatenate![Axis(0), y_pred, y_pred]);
    assert!((mae_loss(&y_twice, &pred_twice) - mae_loss(&y_true, &y_pred)).abs() < 1e-12);
    assert_eq!(mae_grad(&y_twice, &pred_twice)[[0, 0]], gradient[[0, 0]] / 2.0);

    runaway(&mut quiz);
    constants(&mut quiz);
    quiz.finish();
}

fn four_curves(quiz: &mut Lesson) {
    let target = array![[0.0]];
    let curve = |of: &dyn Fn(&Array2<f64>) -> f64| {
        let values: Vec<f64> = (-4..=4).map(|half| of(&array![[f64::from(half) / 2.0]])).collect();
        format!("curve = {values:?}")
    };
    quiz.given(&curve(&|pred| mae_loss(&target, pred)));
    quiz.given(&curve(&|pred| mse_loss(&target, pred)));
    quiz.given(&curve(&|pred| mae_grad(&target, pred)[[0, 0]]));
    quiz.given(&curve(&|pred| mse_grad(&target, pred)[[0, 0]]));
    quiz.given(&curve(&|pred| 0.0 - pred[[0, 0]]));
}

fn runaway(quiz: &mut Lesson) {
    let y_true = Array2::zeros((5, 1));
    let normal = Array2::from_elem((5, 1), 0.1);
    let mut wild = normal.clone();
    wild[[4, 0]] = 1000.0;
    quiz.given("All errors are 0.1. Then the error of the last sample grows to 1,000");
    let pull = |pred: &Array2<f64>| mse_grad(&y_true, pred)[[4, 0]];
    let times = pull(&wild) / pull(&normal);
    quiz.says("answer = 10000", &[times]);
    quiz.says("value = 100000000", &[times * times]);
    quiz.given("value = 1000\n");
    quiz.says("value = 20000", &[2.0 * times]);
    quiz.says("1,000 divided by 0.1", &[1000.0, 0.1]);
    assert_eq!(mae_grad(&y_true, &wild), mae_grad(&y_true, &normal));
    quiz.says("the other 999", &[1000.0 - 1.0]);
}

fn constants(quiz: &mut Lesson) {
    let best = |values: &Array1<f64>, loss| best_constant(values, loss).unwrap();
    quiz.given("Now the 50 changes to 5,000");
    quiz.given("The 5,000 changes nothing");
    assert_eq!(best(&array![1.0, 2.0, 4.0, 50.0], LossKind::Mae), 3.0);
    let moved = array![1.0, 3.0, 4.0, 5000.0];
    quiz.says("answer = 3.5", &[best(&moved, LossKind::Mae)]);
    quiz.says("value = 1252", &[best(&moved, LossKind::Mse)]);

    let typo = array![1.0, 2.0, 3.0, 4.0, 50.0];
    assert_eq!([LossKind::Mae, LossKind::Mse].map(|loss| best(&typo, loss)), [3.0, 12.0]);
}
