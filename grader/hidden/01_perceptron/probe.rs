//! What the grader asks of exercise 1.

use datasets::separable_blobs;
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use probe::{Generator, Record, generator, report_progress, serve};
use submission::{OneVsRest, Perceptron, Pocket, Standardizer};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const LINEAR: fn(&ArrayRef1<f64>, &ArrayRef1<f64>, f64) -> f64 = submission::linear_neuron;
const STEP: fn(f64) -> f64 = submission::step;
const SIGMOID: fn(f64) -> f64 = submission::sigmoid;
const SIGMOID_NEURON: fn(&ArrayRef1<f64>, &ArrayRef1<f64>, f64) -> f64 = submission::sigmoid_neuron;
const PERCEPTRON: fn(Array1<f64>, f64, f64) -> Perceptron = Perceptron::from_parts;
const NEW: fn(usize, f64, &mut Generator) -> Perceptron = Perceptron::new;
const SCORES: fn(&Perceptron, &ArrayRef2<f64>) -> Array1<f64> = Perceptron::scores;
const PREDICT: fn(&Perceptron, &ArrayRef2<f64>) -> Array1<f64> = Perceptron::predict;
const UPDATE: fn(&mut Perceptron, &ArrayRef1<f64>, f64) -> bool = Perceptron::update;
const TRAIN: fn(&mut Perceptron, &ArrayRef2<f64>, &ArrayRef1<f64>, usize) -> Vec<usize> = Perceptron::train;
const LINE: fn(&Perceptron) -> Option<(f64, f64)> = Perceptron::decision_line;
const PREDICT_SIGMOID: fn(&Perceptron, &ArrayRef2<f64>) -> Array1<f64> = Perceptron::predict_sigmoid;
const FIT_BATCH: fn(&mut Perceptron, &ArrayRef2<f64>, &ArrayRef1<f64>, usize) = Perceptron::fit_batch_sigmoid;
const ACCURACY: fn(&ArrayRef1<f64>, &ArrayRef1<f64>) -> f64 = submission::accuracy;
const FIT_SCALER: fn(&ArrayRef2<f64>) -> Standardizer = Standardizer::fit;
const TRANSFORM: fn(&Standardizer, &ArrayRef2<f64>) -> Array2<f64> = Standardizer::transform;
const ONE_VS_REST: fn(Vec<Perceptron>) -> OneVsRest = OneVsRest::from_parts;
const FIT_CLASSES: fn(&mut OneVsRest, &ArrayRef2<f64>, &[usize], usize) = OneVsRest::fit;
const PREDICT_CLASSES: fn(&OneVsRest, &ArrayRef2<f64>) -> Vec<usize> = OneVsRest::predict;
const POCKET: fn(Perceptron, &ArrayRef2<f64>, &ArrayRef1<f64>, usize) -> Pocket = Pocket::fit;

fn main() {
    serve(&[
        ("linear_neuron", |case| LINEAR(&case.vector("x"), &case.vector("weights"), case.float("bias")).into()),
        ("step", |case| STEP(case.float("z")).into()),
        ("sigmoid", |case| SIGMOID(case.float("z")).into()),
        ("sigmoid_neuron", |case| {
            SIGMOID_NEURON(&case.vector("x"), &case.vector("weights"), case.float("bias")).into()
        }),
        ("new", |case| {
            let mut rng = generator(case.count("seed") as u64);
            let (n_inputs, learning_rate) = (case.count("n_inputs"), case.float("learning_rate"));
            let one = NEW(n_inputs, learning_rate, &mut rng);
            let next = NEW(n_inputs, learning_rate, &mut rng);
            parameters(&one).with("learning_rate", one.learning_rate).with("weights of the next one", next.weights)
        }),
        ("scores", |case| SCORES(&perceptron(case), &case.matrix("x")).into()),
        ("predict", |case| PREDICT(&perceptron(case), &case.matrix("x")).into()),
        ("accuracy", |case| ACCURACY(&case.vector("predictions"), &case.vector("targets")).into()),
        ("update", |case| {
            let mut perceptron = perceptron(case);
            let corrected = UPDATE(&mut perceptron, &case.vector("x"), case.float("target"));
            parameters(&perceptron).with("returned", corrected)
        }),
        ("train", |case| {
            let mut perceptron = perceptron(case);
            let errors = TRAIN(&mut perceptron, &case.matrix("x"), &case.vector("targets"), case.count("max_epochs"));
            parameters(&perceptron).with("errors", errors)
        }),
        ("train_and_predict", |case| {
            let mut perceptron = perceptron(case);
            let x = case.matrix("x");
            TRAIN(&mut perceptron, &x, &case.vector("targets"), case.count("max_epochs"));
            PREDICT(&perceptron, &x).into()
        }),
        ("train_blobs", |case| {
            let mut rng = generator(case.count("seed") as u64);
            let n_inputs = case.count("n_inputs");
            let (mut epochs, mut last_errors, mut biases) = (Vec::new(), Vec::new(), Vec::new());
            let n_sets = case.count("n_sets");
            let mut weights = Array2::zeros((n_sets, n_inputs));
            for set in 0..n_sets {
                report_progress(set, n_sets, None);
                let data = separable_blobs([9, 13], n_inputs, 0.25, &mut rng);
                let mut perceptron = PERCEPTRON(Array1::zeros(n_inputs), 0.0, case.float("learning_rate"));
                let errors = TRAIN(&mut perceptron, &data.features, &data.targets(), case.count("max_epochs"));
                epochs.push(errors.len());
                last_errors.push(errors.last().copied().unwrap_or(usize::MAX));
                weights.row_mut(set).assign(&perceptron.weights);
                biases.push(perceptron.bias);
            }
            Record::new()
                .with("epochs per set", epochs)
                .with("errors in the last epoch", last_errors)
                .with("weights per set", weights)
                .with("biases", Array1::from(biases))
        }),
        ("decision_line", |case| {
            let line = LINE(&perceptron(case));
            Record::new()
                .with("slope", line.map(|(slope, _)| slope))
                .with("intercept", line.map(|(_, intercept)| intercept))
        }),
        ("predict_sigmoid", |case| PREDICT_SIGMOID(&perceptron(case), &case.matrix("x")).into()),
        ("fit_batch_sigmoid", |case| {
            let mut perceptron = perceptron(case);
            FIT_BATCH(&mut perceptron, &case.matrix("x"), &case.vector("targets"), case.count("epochs"));
            parameters(&perceptron)
        }),
        ("fit_batch_until_right", |case| {
            let mut perceptron = perceptron(case);
            let (x, targets) = (case.matrix("x"), case.vector("targets"));
            let epochs = (1..=case.count("max_epochs")).find(|_| {
                FIT_BATCH(&mut perceptron, &x, &targets, 1);
                PREDICT_SIGMOID(&perceptron, &x) == targets
            });
            Record::new().with("epochs", epochs)
        }),
        ("scaler_fit", |case| {
            let scaler = FIT_SCALER(&case.matrix("x"));
            Record::new().with("means", scaler.means).with("std_devs", scaler.std_devs)
        }),
        ("scaler_transform", |case| {
            let scaler =
                Standardizer { means: case.vector("means").to_owned(), std_devs: case.vector("std_devs").to_owned() };
            TRANSFORM(&scaler, &case.matrix("x")).into()
        }),
        ("one_vs_rest_predict", |case| PREDICT_CLASSES(&one_vs_rest(case), &case.matrix("x")).into()),
        ("one_vs_rest_fit", |case| {
            let mut classifier = one_vs_rest(case);
            FIT_CLASSES(&mut classifier, &case.matrix("x"), &case.counts("labels"), case.count("max_epochs"));
            let mut weights = case.matrix("weights").to_owned();
            for (mut row, perceptron) in weights.rows_mut().into_iter().zip(&classifier.perceptrons) {
                row.assign(&perceptron.weights);
            }
            let biases: Array1<f64> = classifier.perceptrons.iter().map(|perceptron| perceptron.bias).collect();
            Record::new().with("weights", weights).with("biases", biases)
        }),
        ("pocket", |case| {
            let pocket = POCKET(perceptron(case), &case.matrix("x"), &case.vector("targets"), case.count("max_epochs"));
            parameters(&pocket.perceptron).with("accuracy", pocket.accuracy)
        }),
    ]);
}

/// The perceptron whose parts a case holds; where nothing is learned from it, the learning rate may be left out.
fn perceptron(case: &Record) -> Perceptron {
    let learning_rate = if case.get("learning_rate").is_some() { case.float("learning_rate") } else { 1.0 };
    PERCEPTRON(case.vector("weights").to_owned(), case.float("bias"), learning_rate)
}

/// One perceptron for each row of weights.
fn one_vs_rest(case: &Record) -> OneVsRest {
    let (weights, biases) = (case.matrix("weights"), case.vector("biases"));
    ONE_VS_REST(
        weights.rows().into_iter().zip(biases).map(|(row, &bias)| PERCEPTRON(row.to_owned(), bias, 1.0)).collect(),
    )
}

fn parameters(perceptron: &Perceptron) -> Record {
    Record::new().with("weights", perceptron.weights.clone()).with("bias", perceptron.bias)
}
