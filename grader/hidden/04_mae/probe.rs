//! What the grader asks of exercise 4.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use probe::{Record, Value, serve};
use submission::{Direction, LossKind, OutlierReport};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const MAE_LOSS: Loss = submission::mae_loss;
const MAE_GRAD: Gradient = submission::mae_grad;
const MSE_LOSS: Loss = submission::mse_loss;
const MSE_GRAD: Gradient = submission::mse_grad;
const DIRECTION: fn(f64) -> Direction = submission::direction;
const DESCEND: fn(&ArrayRef2<f64>, &ArrayRef2<f64>, LossKind, f64) -> Array2<f64> = submission::descend;
const REPORT: fn(&ArrayRef2<f64>, &ArrayRef2<f64>, &ArrayRef2<f64>) -> OutlierReport = submission::outlier_report;
const BEST_CONSTANT: fn(&ArrayRef1<f64>, LossKind) -> Option<f64> = submission::best_constant;
const FIT_CONSTANT: fn(&ArrayRef1<f64>, LossKind, f64, f64, usize) -> Vec<f64> = submission::fit_constant;

type Loss = fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> f64;
type Gradient = fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> Array2<f64>;

fn main() {
    serve(&[
        ("mae_loss", |case| MAE_LOSS(&case.matrix("y_true"), &case.matrix("y_pred")).into()),
        ("mae_grad", |case| MAE_GRAD(&case.matrix("y_true"), &case.matrix("y_pred")).into()),
        ("mae_slope", |case| slope(case, MAE_LOSS, MAE_GRAD)),
        ("mse_loss", |case| MSE_LOSS(&case.matrix("y_true"), &case.matrix("y_pred")).into()),
        ("mse_grad", |case| MSE_GRAD(&case.matrix("y_true"), &case.matrix("y_pred")).into()),
        ("mse_slope", |case| slope(case, MSE_LOSS, MSE_GRAD)),
        ("shapes", |case| match case.text("function") {
            "mae_loss" => answer(case, MAE_LOSS),
            "mae_grad" => answer(case, MAE_GRAD),
            "mse_loss" => answer(case, MSE_LOSS),
            "mse_grad" => answer(case, MSE_GRAD),
            other => panic!("a case asks for the function `{other}`"),
        }),
        ("direction", |case| {
            let direction = match DIRECTION(case.float("gradient")) {
                Direction::Raise => "raise",
                Direction::Lower => "lower",
                Direction::Keep => "keep",
            };
            direction.into()
        }),
        ("descend", |case| {
            DESCEND(&case.matrix("y_true"), &case.matrix("y_pred"), kind(case), case.float("learning_rate")).into()
        }),
        ("outlier_report", |case| {
            let report = REPORT(&case.matrix("y_true"), &case.matrix("normal"), &case.matrix("outlier"));
            Record::new()
                .with("normal_mae", report.normal_mae)
                .with("normal_mse", report.normal_mse)
                .with("outlier_mae", report.outlier_mae)
                .with("outlier_mse", report.outlier_mse)
                .with("mae_ratio", report.mae_ratio)
                .with("mse_ratio", report.mse_ratio)
        }),
        ("best_constant", |case| BEST_CONSTANT(&case.vector("y"), kind(case)).into()),
        ("fit_constant", |case| {
            let (start, learning_rate) = (case.float("start"), case.float("learning_rate"));
            Array1::from(FIT_CONSTANT(&case.vector("y"), kind(case), start, learning_rate, case.count("steps"))).into()
        }),
    ]);
}

fn kind(case: &Record) -> LossKind {
    match case.text("loss") {
        "mae" => LossKind::Mae,
        "mse" => LossKind::Mse,
        other => panic!("a case asks for the loss `{other}`"),
    }
}

/// The gradient, and beside it the slope of the loss along each prediction: its rise between a bit less and a bit more,
/// divided by the distance.
fn slope(case: &Record, loss: Loss, gradient: Gradient) -> Record {
    const BIT: f64 = 1e-4;
    let (y_true, y_pred) = (case.matrix("y_true"), case.matrix("y_pred"));
    let moved = |index, by| {
        let mut y_pred = y_pred.to_owned();
        y_pred[index] += by;
        loss(&y_true, &y_pred)
    };
    let slope = Array2::from_shape_fn(y_pred.dim(), |index| (moved(index, BIT) - moved(index, -BIT)) / (2.0 * BIT));
    Record::new().with("gradient", gradient(&y_true, &y_pred)).with("slope of the loss", slope)
}

/// The shape of what `function` answers, if it answers; a number has none.
fn answer<T: Into<Value>>(case: &Record, function: fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> T) -> Record {
    let shape = match function(&case.matrix("y_true"), &case.matrix("y_pred")).into() {
        Value::Array { shape, .. } => shape,
        _ => Vec::new(),
    };
    Record::new().with("shape of the answer", shape)
}
