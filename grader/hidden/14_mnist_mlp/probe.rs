//! What the grader asks of exercise 14.

use std::{cell::RefCell, mem, rc::Rc};

use engine::{Layer, Linear, Sequential};
use ndarray::{Array1, Array2, ArrayRef2, ArrayView1, Axis, Ix1, Ix2};
use probe::{Generator, Record, generator, report_progress, serve};
use rand::seq::SliceRandom;
use submission::{ClassReport, Evaluation, History, Split, TrainConfig};

/// What hears of every epoch.
type OnEpoch = Box<dyn FnMut(&History)>;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const SCALE_PIXELS: fn(&ArrayRef2<f64>, f64) -> Array2<f64> = submission::scale_pixels;
const HOLD_OUT: fn(&ArrayRef2<f64>, &[usize], usize) -> Split = submission::hold_out;
const PREDICT: fn(&mut Sequential, &ArrayRef2<f64>) -> Vec<usize> = submission::predict;
const EVALUATE: fn(&mut Sequential, &ArrayRef2<f64>, &[usize]) -> Evaluation = submission::evaluate;
const TRAIN_EPOCH: fn(&mut Sequential, &ArrayRef2<f64>, &[usize], usize, f64, &mut Generator) -> f64 =
    submission::train_epoch;
const TRAIN: fn(&TrainConfig, &Split, &mut Generator, OnEpoch) -> (Sequential, History) = submission::train;
const CONFUSION_MATRIX: fn(&[usize], &[usize], usize) -> Array2<usize> = submission::confusion_matrix;
const PRECISION_RECALL_F1: fn(&ArrayRef2<usize>) -> Vec<ClassReport> = submission::precision_recall_f1;
const MOST_CONFUSED: fn(&ArrayRef2<usize>, usize) -> Vec<(usize, usize, usize)> = submission::most_confused;

fn main() {
    serve(&[
        ("scale_pixels", |case| SCALE_PIXELS(&case.matrix("pixels"), case.float("max_pixel")).into()),
        ("hold_out", |case| {
            let Split { x_train, labels_train, x_validation, labels_validation } =
                HOLD_OUT(&case.matrix("x"), &case.counts("labels"), case.count("n_validation"));
            Record::new()
                .with("x_train", x_train)
                .with("labels_train", labels_train)
                .with("x_validation", x_validation)
                .with("labels_validation", labels_validation)
        }),
        ("predict", |case| {
            let scores = case.matrix("scores");
            PREDICT(&mut hands_on(), &scores).into()
        }),
        ("evaluate", |case| {
            let mut net = network(case);
            let Evaluation { loss, accuracy } = EVALUATE(&mut net, &case.matrix("x"), &case.counts("labels"));
            Record::new().with("loss", loss).with("accuracy", accuracy).with("parameters", parameters(&mut net))
        }),
        ("train_epoch", |case| {
            let mut net = network(case);
            let loss = one_epoch(case, &mut net, &mut generator(case.count("seed") as u64));
            let record = Record::new().with("loss", loss).with("parameters", parameters(&mut net));
            let arrays = ["weights", "biases"].into_iter().zip(net.parameters());
            arrays.fold(record, |record, (name, parameter)| record.with(name, parameter.value.to_owned()))
        }),
        // Some epochs, each from the same beginning, with one generator for all of them.
        ("epochs_anew", |case| {
            let mut rng = generator(case.count("seed") as u64);
            (1..=case.count("epochs")).fold(Record::new(), |record, number| {
                let mut net = network(case);
                one_epoch(case, &mut net, &mut rng);
                record.with(&format!("parameters after epoch {number}"), parameters(&mut net))
            })
        }),
        ("train", |case| {
            let data = split(case);
            let heard = Rc::new(RefCell::new(Vec::new()));
            let hears = heard.clone();
            let on_epoch = Box::new(move |history: &History| {
                let lists = [&history.train_accuracy, &history.validation_accuracy].map(Vec::len);
                hears.borrow_mut().push(lists.into_iter().fold(history.train_loss.len(), usize::min));
            });
            let mut rng = generator(case.count("seed") as u64);
            let (mut net, history) = TRAIN(&config(case), &data, &mut rng, on_epoch);
            let epochs_heard = heard.take();
            let (mut next, _) = TRAIN(&config(case), &data, &mut rng, Box::new(|_| ()));
            let lengths = [&history.train_loss, &history.train_accuracy, &history.validation_accuracy].map(Vec::len);
            let mut record = recorded(&history);
            if case.get("evaluated at the end").is_some() {
                let mut accuracy = |x: &ArrayRef2<f64>, labels: &[usize]| EVALUATE(&mut net, x, labels).accuracy;
                record = record
                    .with("evaluated train", accuracy(&data.x_train, &data.labels_train))
                    .with("evaluated validation", accuracy(&data.x_validation, &data.labels_validation));
            }
            record
                .with("lengths", lengths.to_vec())
                .with("epochs that on_epoch saw", epochs_heard)
                .with("network", net.summary())
                .with("scores_train", net.forward(&data.x_train))
                .with("scores_validation", net.forward(&data.x_validation))
                .with("scores_train of the next network", next.forward(&data.x_train))
        }),
        // Trainings with the same beginning, each longer by one epoch.
        ("train_orders", |case| {
            let data = split(case);
            (0..=case.count("epochs")).fold(Record::new(), |record, epochs| {
                let mut rng = generator(case.count("seed") as u64);
                let config = TrainConfig { epochs, ..config(case) };
                let (mut net, _) = TRAIN(&config, &data, &mut rng, Box::new(|_| ()));
                record.with(&format!("parameters after epoch {epochs}"), parameters(&mut net))
            })
        }),
        ("confusion_matrix", |case| {
            let matrix = CONFUSION_MATRIX(&case.counts("labels"), &case.counts("predicted"), case.count("n_classes"));
            matrix.mapv(|count| count as f64).into()
        }),
        ("precision_recall_f1", |case| {
            let reports = PRECISION_RECALL_F1(&counts(case, "matrix"));
            let column = |number: fn(&ClassReport) -> f64| reports.iter().map(number).collect::<Array1<f64>>();
            Record::new()
                .with("precision", column(|report| report.precision))
                .with("recall", column(|report| report.recall))
                .with("f1", column(|report| report.f1))
        }),
        ("most_confused", |case| {
            let confusions = MOST_CONFUSED(&counts(case, "matrix"), case.count("n"));
            let numbers = confusions.iter().flat_map(|&(label, predicted, count)| [label, predicted, count]);
            Array2::from_shape_vec((confusions.len(), 3), numbers.map(|number| number as f64).collect())
                .expect("three numbers a row")
                .into()
        }),
        ("read_digits", |case| {
            let digits = datasets::digits();
            let (pixels, labels) = (digits.features, digits.labels.to_vec());
            let unknown = datasets::digits::held_out_images();
            let mut order: Vec<usize> = (0..unknown.nrows()).collect();
            // The pictures show them in their own order.
            if case.get("seed of the order").is_some() {
                order.shuffle(&mut generator(case.count("seed of the order") as u64));
            }
            read(case, pixels, &labels, unknown.select(Axis(0), &order), datasets::digits::MAX_PIXEL)
        }),
        // A drawing is one of many: the network is trained for the first of them.
        ("read_drawing", |case| {
            TRAINED.with_borrow_mut(|trained| {
                let net = trained.get_or_insert_with(|| {
                    let digits = datasets::digits();
                    let x = SCALE_PIXELS(&digits.features, datasets::digits::MAX_PIXEL);
                    let data = HOLD_OUT(&x, &digits.labels.to_vec(), case.count("n_validation"));
                    let (config, rng) = (config(case), &mut generator(case.count("seed") as u64));
                    TRAIN(&config, &data, rng, Box::new(|_| ())).0
                });
                let image = SCALE_PIXELS(&case.matrix("image"), datasets::digits::MAX_PIXEL);
                let scores = net.forward(&image).row(0).to_owned();
                let (weights, strengths) = first_layer(net, &image);
                Record::new()
                    .with("scores", scores)
                    .with("image of the network", image)
                    .with("weights of the first layer", weights)
                    .with("strengths", strengths)
            })
        }),
        // What the network makes of the samples that were put aside, whose labels are no secret.
        ("look_back", |case| {
            let digits = datasets::digits();
            let x = SCALE_PIXELS(&digits.features, datasets::digits::MAX_PIXEL);
            let data = HOLD_OUT(&x, &digits.labels.to_vec(), case.count("n_validation"));
            let (mut net, _) = TRAIN(&config(case), &data, &mut generator(case.count("seed") as u64), Box::new(|_| ()));
            let matrix = CONFUSION_MATRIX(&data.labels_validation, &PREDICT(&mut net, &data.x_validation), 10);
            matrix.mapv(|count| count as f64).into()
        }),
        ("read_mnist", |case| {
            read(case, images(case, "train_pixels"), &case.counts("labels"), images(case, "test_pixels"), 255.0)
        }),
    ]);
}

/// The weights of the first layer, row by row, and how strongly an image activates each of its ReLUs; nothing where the network
/// has no such layer.
fn first_layer(net: &mut Sequential, image: &ArrayRef2<f64>) -> (Array1<f64>, Array1<f64>) {
    let parameters = net.parameters();
    let mut arrays = parameters.iter().map(|parameter| parameter.value.to_owned());
    let weights = arrays.next().and_then(|weights| weights.into_dimensionality::<Ix2>().ok());
    let biases = arrays.next().and_then(|biases| biases.into_dimensionality::<Ix1>().ok());
    match weights.zip(biases) {
        Some((weights, biases)) if weights.dim() == (image.ncols(), biases.len()) => {
            let strengths = (image.dot(&weights) + &biases).row(0).mapv(|z| z.max(0.0));
            (weights.iter().copied().collect(), strengths)
        }
        _ => Default::default(),
    }
}

thread_local! {
    /// The network that reads drawings.
    static TRAINED: RefCell<Option<Sequential>> = const { RefCell::new(None) };
}

/// A network whose scores are its inputs, NaN among them.
fn hands_on() -> Sequential {
    Sequential::new(vec![Box::new(Same)])
}

struct Same;

impl Layer for Same {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        x.to_owned()
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        d_out.to_owned()
    }

    fn describe(&self) -> String {
        "Same".to_owned()
    }
}

/// A network of one layer.
fn network(case: &Record) -> Sequential {
    let layer = Linear::from_parts(case.matrix("weights").to_owned(), case.vector("biases").to_owned());
    Sequential::new(vec![Box::new(layer)])
}

/// Weights row by row, then biases, layer by layer.
fn parameters(net: &mut Sequential) -> Array1<f64> {
    net.parameters().iter().flat_map(|parameter| parameter.value.iter().copied().collect::<Vec<_>>()).collect()
}

fn one_epoch(case: &Record, net: &mut Sequential, rng: &mut Generator) -> f64 {
    let (x, labels) = (case.matrix("x"), case.counts("labels"));
    TRAIN_EPOCH(net, &x, &labels, case.count("batch_size"), case.float("learning_rate"), rng)
}

fn split(case: &Record) -> Split {
    Split {
        x_train: case.matrix("x_train").to_owned(),
        labels_train: case.counts("labels_train"),
        x_validation: case.matrix("x_validation").to_owned(),
        labels_validation: case.counts("labels_validation"),
    }
}

fn config(case: &Record) -> TrainConfig {
    TrainConfig {
        sizes: case.counts("sizes"),
        learning_rate: case.float("learning_rate"),
        batch_size: case.count("batch_size"),
        epochs: case.count("epochs"),
    }
}

fn recorded(history: &History) -> Record {
    Record::new()
        .with("train_loss", Array1::from(history.train_loss.clone()))
        .with("train_accuracy", Array1::from(history.train_accuracy.clone()))
        .with("validation_accuracy", Array1::from(history.validation_accuracy.clone()))
}

fn counts(case: &Record, name: &str) -> Array2<usize> {
    case.matrix(name).mapv(|count| count as usize)
}

fn images(case: &Record, name: &str) -> Array2<f64> {
    const PIXELS: usize = datasets::mnist::SIDE * datasets::mnist::SIDE;
    let pixels: Vec<f64> = case.bytes(name).iter().copied().map(f64::from).collect();
    Array2::from_shape_vec((pixels.len() / PIXELS, PIXELS), pixels).expect("whole images")
}

/// Trains a network on images with labels, and asks it what is on images without.
fn read(case: &Record, pixels: Array2<f64>, labels: &[usize], unknown: Array2<f64>, max_pixel: f64) -> Record {
    let x = SCALE_PIXELS(&pixels, max_pixel);
    // Large data sets are large: nothing is kept longer than it is needed.
    mem::drop(pixels);
    let data = HOLD_OUT(&x, labels, case.count("n_validation"));
    mem::drop(x);
    let config = config(case);
    let epochs = config.epochs;
    report_progress(0, epochs, None);
    let on_epoch = move |history: &History| {
        report_progress(history.train_loss.len(), epochs, history.train_loss.last().copied());
    };
    let (mut net, history) = TRAIN(&config, &data, &mut generator(case.count("seed") as u64), Box::new(on_epoch));
    let unknown = SCALE_PIXELS(&unknown, max_pixel);
    let scores = net.forward(&unknown);
    let first_layer = net.parameters().first().map_or(Vec::new(), |weights| weights.value.iter().copied().collect());
    recorded(&history)
        .with("predictions", PREDICT(&mut net, &unknown))
        .with("confidences", scores.rows().into_iter().map(confidence).collect::<Array1<f64>>())
        .with("weights of the first layer", Array1::from(first_layer))
}

/// The largest probability that softmax makes of a row of scores.
fn confidence(scores: ArrayView1<'_, f64>) -> f64 {
    let largest = scores.fold(f64::NEG_INFINITY, |largest, &score| largest.max(score));
    1.0 / scores.iter().map(|score| (score - largest).exp()).sum::<f64>()
}
