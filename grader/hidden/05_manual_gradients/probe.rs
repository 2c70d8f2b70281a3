//! What the grader asks of exercise 5.

use ndarray::{Array1, Array2, ArrayRef1};
use probe::{Record, serve};
use submission::{NeuronGrad, SigmoidPartials, TwoLayerParams, TwoLayerTrace};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const CHAIN_RULE: fn(f64, f64, f64) -> (f64, f64) = submission::chain_rule_example;
const CENTRAL_DIFFERENCE: fn(fn(f64) -> f64, f64, f64) -> f64 = submission::central_difference;
const PARTIALS: fn(fn(f64, f64) -> f64, f64, f64, f64) -> (f64, f64) = submission::partial_derivatives;
const LINEAR: fn(f64, f64, f64, f64) -> NeuronGrad = submission::linear_neuron_grad;
const RELU: fn(f64, f64, f64, f64) -> NeuronGrad = submission::relu_neuron_grad;
const SIGMOID: fn(f64, f64, f64) -> SigmoidPartials = submission::sigmoid_neuron_partials;
const GD_STEP: fn(f64, f64, &NeuronGrad, f64) -> (f64, f64) = submission::gd_step;
const CRITICAL_RATE: fn(f64) -> f64 = submission::critical_learning_rate;
const PARAMS: fn(Array2<f64>, Array1<f64>, Array1<f64>, f64) -> TwoLayerParams = TwoLayerParams::from_parts;
const STEP: fn(&ArrayRef1<f64>, f64, &TwoLayerParams, f64) -> (TwoLayerTrace, TwoLayerParams) =
    submission::two_layer_step;
const REPORT: fn(&TwoLayerTrace) -> String = submission::trace_report;

fn main() {
    serve(&[
        ("chain_rule_example", |case| {
            let (y, dy_dx) = CHAIN_RULE(case.float("a"), case.float("b"), case.float("x"));
            Record::new().with("y", y).with("dy_dx", dy_dx)
        }),
        ("central_difference", |case| {
            let f: fn(f64) -> f64 = match case.text("f") {
                "x^3" => |x| x * x * x,
                "sin x" => f64::sin,
                "e^x" => f64::exp,
                other => panic!("a case asks for the function `{other}`"),
            };
            CENTRAL_DIFFERENCE(f, case.float("x"), case.float("h")).into()
        }),
        ("partial_derivatives", |case| {
            let f: fn(f64, f64) -> f64 = match case.text("f") {
                "(3w + b - 2)^2" => |w, b| (3.0 * w + b - 2.0).powi(2),
                "w^3 b" => |w, b| w * w * w * b,
                other => panic!("a case asks for the function `{other}`"),
            };
            let (along_w, along_b) = PARTIALS(f, case.float("w"), case.float("b"), case.float("h"));
            Record::new().with("along_w", along_w).with("along_b", along_b)
        }),
        ("linear_neuron_grad", |case| neuron(LINEAR, case)),
        ("relu_neuron_grad", |case| neuron(RELU, case)),
        ("sigmoid_neuron_partials", |case| {
            let SigmoidPartials { y, dy_dw, dy_db, dy_dx } = SIGMOID(case.float("x"), case.float("w"), case.float("b"));
            Record::new().with("y", y).with("dy_dw", dy_dw).with("dy_db", dy_db).with("dy_dx", dy_dx)
        }),
        ("gd_step", |case| {
            let grad = NeuronGrad {
                z: case.float("z"),
                y_hat: case.float("y_hat"),
                loss: case.float("loss"),
                dl_dy_hat: case.float("dl_dy_hat"),
                dl_dz: case.float("dl_dz"),
                dl_dw: case.float("dl_dw"),
                dl_db: case.float("dl_db"),
            };
            let (w, b) = GD_STEP(case.float("w"), case.float("b"), &grad, case.float("learning_rate"));
            Record::new().with("w", w).with("b", b)
        }),
        // For the pictures: the way down, step by step.
        ("walk", |case| {
            let (mut w, mut b) = (case.float("w"), case.float("b"));
            let mut places = vec![w, b];
            for _ in 0..case.count("steps") {
                let grad = LINEAR(case.float("x"), w, b, case.float("y"));
                (w, b) = GD_STEP(w, b, &grad, case.float("learning_rate"));
                places.extend([w, b]);
            }
            Array1::from(places).into()
        }),
        ("critical_learning_rate", |case| CRITICAL_RATE(case.float("x")).into()),
        ("two_layer_step", |case| trace_parts(&two_layer_step(case).0)),
        ("two_layer_update", |case| {
            let (trace, updated) = two_layer_step(case);
            Record::new()
                .with("dl_dw1", trace.dl_dw1)
                .with("dl_db1", trace.dl_db1)
                .with("dl_dw2", trace.dl_dw2)
                .with("dl_db2", trace.dl_db2)
                .with("updated_w1", updated.w1)
                .with("updated_b1", updated.b1)
                .with("updated_w2", updated.w2)
                .with("updated_b2", updated.b2)
        }),
        ("trace_report", |case| REPORT(&trace(case)).into()),
    ]);
}

fn neuron(grad: fn(f64, f64, f64, f64) -> NeuronGrad, case: &Record) -> Record {
    let NeuronGrad { z, y_hat, loss, dl_dy_hat, dl_dz, dl_dw, dl_db } =
        grad(case.float("x"), case.float("w"), case.float("b"), case.float("y"));
    Record::new()
        .with("z", z)
        .with("y_hat", y_hat)
        .with("loss", loss)
        .with("dl_dy_hat", dl_dy_hat)
        .with("dl_dz", dl_dz)
        .with("dl_dw", dl_dw)
        .with("dl_db", dl_db)
}

fn two_layer_step(case: &Record) -> (TwoLayerTrace, TwoLayerParams) {
    let params = PARAMS(
        case.matrix("w1").to_owned(),
        case.vector("b1").to_owned(),
        case.vector("w2").to_owned(),
        case.float("b2"),
    );
    STEP(&case.vector("x"), case.float("y"), &params, case.float("learning_rate"))
}

fn trace_parts(trace: &TwoLayerTrace) -> Record {
    Record::new()
        .with("z1", trace.z1.clone())
        .with("a1", trace.a1.clone())
        .with("z2", trace.z2)
        .with("a2", trace.a2)
        .with("loss", trace.loss)
        .with("dl_da2", trace.dl_da2)
        .with("da2_dz2", trace.da2_dz2)
        .with("delta2", trace.delta2)
        .with("dl_dw2", trace.dl_dw2.clone())
        .with("dl_db2", trace.dl_db2)
        .with("dl_da1", trace.dl_da1.clone())
        .with("da1_dz1", trace.da1_dz1.clone())
        .with("delta1", trace.delta1.clone())
        .with("dl_dw1", trace.dl_dw1.clone())
        .with("dl_db1", trace.dl_db1.clone())
}

/// The trace that a case holds, part by part.
fn trace(case: &Record) -> TwoLayerTrace {
    let vector = |name| case.vector(name).to_owned();
    TwoLayerTrace {
        z1: vector("z1"),
        a1: vector("a1"),
        z2: case.float("z2"),
        a2: case.float("a2"),
        loss: case.float("loss"),
        dl_da2: case.float("dl_da2"),
        da2_dz2: case.float("da2_dz2"),
        delta2: case.float("delta2"),
        dl_dw2: vector("dl_dw2"),
        dl_db2: case.float("dl_db2"),
        dl_da1: vector("dl_da1"),
        da1_dz1: vector("da1_dz1"),
        delta1: vector("delta1"),
        dl_dw1: case.matrix("dl_dw1").to_owned(),
        dl_db1: vector("dl_db1"),
    }
}
