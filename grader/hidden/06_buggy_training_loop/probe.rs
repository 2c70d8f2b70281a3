//! What the grader asks of exercise 6.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};
use probe::{Record, report_progress, serve};
use submission::{Diagnosis, SanityChecks, TrainResult};

/// A step under test, as `sanity_checks` gets it.
type AnyStep = Box<dyn Fn(&ArrayRef2<f64>, &ArrayRef2<f64>, &mut Array2<f64>, &mut Array1<f64>, f64) -> f64>;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const ONE_HOT: fn(&ArrayRef1<usize>, usize) -> Array2<f64> = submission::one_hot;
const CROSS_ENTROPY: fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> f64 = submission::cross_entropy;
const SANITY_CHECKS: fn(AnyStep) -> SanityChecks = submission::sanity_checks;
const STEP: fn(&ArrayRef2<f64>, &ArrayRef2<f64>, &mut Array2<f64>, &mut Array1<f64>, f64) -> f64 =
    submission::softmax_classifier_step;
const TRAIN: fn(&ArrayRef2<f64>, &ArrayRef2<f64>, Array2<f64>, Array1<f64>, f64, usize) -> TrainResult =
    submission::train;
const DIAGNOSE: fn(&[f64]) -> Diagnosis = submission::diagnose;
const TRAINING_LOG: fn(&[f64]) -> String = submission::training_log;

fn main() {
    serve(&[
        ("one_hot", |case| ONE_HOT(&Array1::from(case.counts("labels")), case.count("n_classes")).into()),
        ("cross_entropy", |case| CROSS_ENTROPY(&case.matrix("y_onehot"), &case.matrix("p")).into()),
        ("sanity_checks", |case| {
            let SanityChecks { zero_inputs, duplicated_data, bias_direction } = SANITY_CHECKS(step_as_told(case));
            Record::new()
                .with("zero_inputs", zero_inputs)
                .with("duplicated_data", duplicated_data)
                .with("bias_direction", bias_direction)
        }),
        ("step", |case| {
            let (mut w, mut b) = (case.matrix("w").to_owned(), case.vector("b").to_owned());
            let loss = step(case, &mut w, &mut b);
            Record::new().with("loss", loss).with("w", w).with("b", b)
        }),
        ("two_steps", |case| {
            let (mut w, mut b) = (case.matrix("w").to_owned(), case.vector("b").to_owned());
            (1..=2).fold(Record::new(), |record, number| {
                step(case, &mut w, &mut b);
                record
                    .with(&format!("w after step {number}"), w.clone())
                    .with(&format!("b after step {number}"), b.clone())
            })
        }),
        ("repeated_steps", |case| {
            let (mut w, mut b) = (case.matrix("w").to_owned(), case.vector("b").to_owned());
            let mut losses = Vec::new();
            let mut biases = Vec::new();
            let epochs = case.count("epochs");
            for epoch in 0..epochs {
                report_progress(epoch, epochs, losses.last().copied());
                losses.push(step(case, &mut w, &mut b));
                biases.extend_from_slice(&b.to_vec());
            }
            Record::new()
                .with("losses", Array1::from(losses))
                .with("biases", Array1::from(biases))
                .with("w", w)
                .with("b", b)
        }),
        ("train", |case| {
            let result = TRAIN(
                &case.matrix("x"),
                &case.matrix("y_onehot"),
                case.matrix("w").to_owned(),
                case.vector("b").to_owned(),
                case.float("learning_rate"),
                case.count("epochs"),
            );
            Record::new().with("losses", Array1::from(result.losses)).with("w", result.w).with("b", result.b)
        }),
        ("diagnose", |case| {
            let diagnosis = match DIAGNOSE(&case.vector("losses").to_vec()) {
                Diagnosis::Ok => "Ok",
                Diagnosis::NotDecreasing => "NotDecreasing",
                Diagnosis::Diverged => "Diverged",
                Diagnosis::Nan => "Nan",
            };
            diagnosis.into()
        }),
        ("training_log", |case| TRAINING_LOG(&case.vector("losses").to_vec()).into()),
    ]);
}

fn step(case: &Record, w: &mut Array2<f64>, b: &mut Array1<f64>) -> f64 {
    STEP(&case.matrix("x"), &case.matrix("y_onehot"), w, b, case.float("learning_rate"))
}

const LOSS_OF_ZERO: &str = "X·W + b, and the step returns 0";

/// A step that is put together as the case says, rightly or wrongly.
fn step_as_told(case: &Record) -> AnyStep {
    let bias_in_logits = match case.text("logits") {
        "X·W + b" | LOSS_OF_ZERO => 1.0,
        "X·W - b" => -1.0,
        other => panic!("a case asks for the logits `{other}`"),
    };
    let dw_factor: fn(f64) -> f64 = match case.text("dW") {
        "Xᵀ·dZ / n" => |n| 1.0 / n,
        "Xᵀ·dZ" => |_| 1.0,
        "NaN" => |_| f64::NAN,
        other => panic!("a case asks for the dW `{other}`"),
    };
    let averages_db = match case.text("db") {
        "sum of dZ / n" => true,
        "sum of dZ" => false,
        other => panic!("a case asks for the db `{other}`"),
    };
    let bias_moves = match case.text("update of b") {
        "b - lr·db" => -1.0,
        "b + lr·db" => 1.0,
        "none" => 0.0,
        "NaN" => f64::NAN,
        other => panic!("a case asks for the update `{other}`"),
    };
    let returns_zero = case.text("logits") == LOSS_OF_ZERO;
    Box::new(move |x, y_onehot, w, b, learning_rate| {
        let n = x.nrows() as f64;
        let z = x.dot(&*w) + &(bias_in_logits * &*b);
        let max = z.map_axis(Axis(1), |row| row.fold(f64::NEG_INFINITY, |max, &z| max.max(z)));
        let mut p = (z - max.insert_axis(Axis(1))).mapv(f64::exp);
        let sums = p.sum_axis(Axis(1)).insert_axis(Axis(1));
        p /= &sums;
        let loss = -(&*p * y_onehot).sum_axis(Axis(1)).mapv(f64::ln).sum() / n;
        let dz = p - y_onehot;
        let dw = x.t().dot(&dz) * dw_factor(n);
        let db = dz.sum_axis(Axis(0)) / if averages_db { n } else { 1.0 };
        // Of classes that are equally frequent rounding would choose one: here it may not.
        let db = db.mapv(|slope| (slope * 1e12).round() / 1e12);
        w.scaled_add(-learning_rate, &dw);
        b.scaled_add(bias_moves * learning_rate, &db);
        if returns_zero { 0.0 } else { loss }
    })
}
