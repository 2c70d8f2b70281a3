//! What the grader asks of exercise 24.

use std::{cell::RefCell, rc::Rc};

use engine::{Layer, Linear, Sequential, Tanh};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};
use probe::{Generator, Record, generator, layers_of, serve};
use rand::{RngExt, seq::SliceRandom};
use submission::{AnomalyDetector, Autoencoder, Classifier, Frozen};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const BLANK_OUT: fn(&ArrayRef2<f64>, f64, &mut Generator) -> Array2<f64> = submission::blank_out;
const AUTOENCODER: fn(&[usize], &mut Generator) -> Autoencoder = Autoencoder::new;
const ENCODE: fn(&mut Autoencoder, &ArrayRef2<f64>) -> Array2<f64> = Autoencoder::encode;
const DECODE: fn(&mut Autoencoder, &ArrayRef2<f64>) -> Array2<f64> = Autoencoder::decode;
const RECONSTRUCT: fn(&mut Autoencoder, &ArrayRef2<f64>) -> Array2<f64> = Autoencoder::reconstruct;
const TRAIN_STEP: fn(&mut Autoencoder, &ArrayRef2<f64>, &ArrayRef2<f64>, f64) -> f64 = Autoencoder::train_step;
const TRAIN_EPOCH: fn(&mut Autoencoder, &ArrayRef2<f64>, f64, usize, f64, &mut Generator) -> f64 =
    Autoencoder::train_epoch;
const ERRORS: fn(&mut Autoencoder, &ArrayRef2<f64>) -> Array1<f64> = Autoencoder::errors;
const QUANTILE: fn(&ArrayRef1<f64>, f64) -> f64 = submission::quantile;
const FIT: fn(Autoencoder, &ArrayRef2<f64>, f64) -> AnomalyDetector = AnomalyDetector::fit;
const IS_ANOMALY: fn(&mut AnomalyDetector, &ArrayRef2<f64>) -> Vec<bool> = AnomalyDetector::is_anomaly;
const SELECT_CLASSES: fn(&ArrayRef2<f64>, &[usize], &[usize]) -> (Array2<f64>, Vec<usize>) = submission::select_classes;
const FEW_PER_CLASS: fn(&[usize], usize, usize, &mut Generator) -> Vec<usize> = submission::few_per_class;
const FREEZE_NET: fn(Sequential) -> Frozen = Frozen::new;
const CLASSIFIER: fn(&[usize], usize, &mut Generator) -> Classifier = Classifier::new;
const SCORES: fn(&mut Classifier, &ArrayRef2<f64>) -> Array2<f64> = Classifier::scores;
const WITH_NEW_HEAD: fn(Classifier, usize, &mut Generator) -> Classifier = Classifier::with_new_head;
const FREEZE: fn(Classifier) -> Classifier = Classifier::freeze;
const N_TRAINABLE: fn(&mut Classifier) -> usize = Classifier::n_trainable;
const CLASSIFIER_STEP: fn(&mut Classifier, &ArrayRef2<f64>, &ArrayRef2<f64>, f64, f64) -> f64 = Classifier::train_step;
const TRANSFER: fn(Classifier, &ArrayRef2<f64>, &ArrayRef2<f64>, f64, usize, &mut Generator) -> Classifier =
    submission::transfer;
const PCA_RECONSTRUCT: fn(&ArrayRef2<f64>, usize) -> Array2<f64> = submission::pca_reconstruct;

fn main() {
    serve(&[
        ("blank_out", |case| BLANK_OUT(&case.matrix("x"), case.float("p"), &mut rng(case)).into()),
        // Twice with the same generator, on an array that is too large for a message.
        ("blank_out_often", |case| {
            let x = Array2::from_shape_fn((case.count("n_rows"), case.count("n_columns")), |(i, j)| {
                case.float("smallest") + i as f64 + j as f64 / 8.0
            });
            let rng = &mut rng(case);
            let mut draw = || BLANK_OUT(&x, case.float("p"), rng);
            Record::new().with("first", draw()).with("second", draw())
        }),
        ("new", |case| {
            let rng = &mut rng(case);
            let mut weights = |mut autoencoder: Autoencoder| {
                let layers = [layers_of(&autoencoder.encoder.summary()), layers_of(&autoencoder.decoder.summary())];
                let first = autoencoder.encoder.parameters().first().map(|parameter| parameter.value.to_owned());
                (layers, first)
            };
            let ([encoder, decoder], first) = weights(AUTOENCODER(&case.counts("sizes"), rng));
            let (_, second) = weights(AUTOENCODER(&case.counts("sizes"), rng));
            Record::new()
                .with("encoder", encoder)
                .with("decoder", decoder)
                .with("a second one has the same weights", first == second)
        }),
        ("reconstruct", |case| {
            let mut autoencoder = autoencoder(case);
            Record::new()
                .with("encode(x)", ENCODE(&mut autoencoder, &case.matrix("x")))
                .with("decode(codes)", DECODE(&mut autoencoder, &case.matrix("codes")))
                .with("reconstruct(x)", RECONSTRUCT(&mut autoencoder, &case.matrix("x")))
        }),
        ("train_step", |case| {
            let mut autoencoder = autoencoder(case);
            let (input, target) = (case.matrix("input"), case.matrix("target"));
            let loss = TRAIN_STEP(&mut autoencoder, &input, &target, case.float("learning_rate"));
            with_weights(Record::new().with("loss", loss), &mut autoencoder)
        }),
        // Two epochs of an autoencoder that puts out what comes in, and learns nothing; it notes down what a step sees.
        ("train_epoch", |case| {
            let steps = Rc::new(RefCell::new(Vec::new()));
            let spy = Spy { input: None, steps: Rc::clone(&steps) };
            let mut autoencoder =
                Autoencoder::from_parts(Sequential::new(Vec::new()), Sequential::new(vec![Box::new(spy)]));
            let (x, p, rng) = (case.matrix("x"), case.float("p"), &mut rng(case));
            let mut record = Record::new();
            for epoch in ["first", "second"] {
                let loss = TRAIN_EPOCH(&mut autoencoder, &x, p, case.count("batch_size"), 0.25, rng);
                let steps = steps.take();
                let n_samples: usize = steps.iter().map(|(input, _)| input.nrows()).sum();
                let sizes: Vec<usize> = steps.iter().map(|(input, _)| input.nrows()).collect();
                let (mut inputs, mut targets) = (Vec::new(), Vec::new());
                for (input, d_out) in steps {
                    // The gradient of the mean squared error gives the target away.
                    targets.extend(&input - &(&d_out * (d_out.len() as f64 / 2.0)));
                    inputs.extend(input);
                }
                let stacked = |entries: Vec<f64>| {
                    Array2::from_shape_vec((n_samples, x.ncols()), entries).expect("rows like those of x")
                };
                record = record
                    .with(&format!("batch sizes of the {epoch} epoch"), sizes)
                    .with(&format!("inputs of the {epoch} epoch"), stacked(inputs))
                    .with(&format!("targets of the {epoch} epoch"), stacked(targets))
                    .with(&format!("loss of the {epoch} epoch"), loss);
            }
            record
        }),
        // Undamaged, and in one batch: that is a single step.
        ("train_epoch_step", |case| {
            let mut autoencoder = autoencoder(case);
            let (x, n, rate) = (case.matrix("x"), case.count("batch_size"), case.float("learning_rate"));
            let loss = TRAIN_EPOCH(&mut autoencoder, &x, 0.0, n, rate, &mut generator(1));
            with_weights(Record::new().with("loss", loss), &mut autoencoder)
        }),
        ("errors", |case| ERRORS(&mut autoencoder(case), &case.matrix("x")).into()),
        ("quantile", |case| QUANTILE(&case.vector("values"), case.float("q")).into()),
        ("fit", |case| FIT(autoencoder(case), &case.matrix("x_normal"), case.float("q")).threshold.into()),
        ("is_anomaly", |case| {
            let mut detector = AnomalyDetector { autoencoder: autoencoder(case), threshold: case.float("threshold") };
            said(&IS_ANOMALY(&mut detector, &case.matrix("x"))).into()
        }),
        ("select_classes", |case| {
            let (x, labels) = SELECT_CLASSES(&case.matrix("x"), &case.counts("labels"), &case.counts("classes"));
            Record::new().with("x", x).with("labels", labels)
        }),
        ("few_per_class", |case| {
            let rng = &mut rng(case);
            let mut draw = || {
                let mut chosen = FEW_PER_CLASS(&case.counts("labels"), case.count("n_classes"), case.count("n"), rng);
                chosen.sort_unstable();
                chosen
            };
            Record::new().with("first", draw()).with("second", draw())
        }),
        ("frozen", |case| {
            let mut net = Sequential::new(vec![Box::new(FREEZE_NET(Sequential::new(body(case))))]);
            let output = net.forward(&case.matrix("x"));
            let d_x = net.backward(&case.matrix("d_out"));
            net.step(0.5);
            Record::new()
                .with("output", output)
                .with("d_x", d_x)
                .with("n_parameters", net.n_parameters())
                .with("output after a step", net.forward(&case.matrix("x")))
        }),
        ("classifier", |case| {
            let rng = &mut rng(case);
            let mut draw = || CLASSIFIER(&case.counts("sizes"), case.count("n_classes"), rng);
            let (mut classifier, other) = (draw(), draw());
            Record::new()
                .with("body", layers_of(&classifier.body.summary()))
                .with("head", classifier.head.describe())
                .with("a second one has the same weights", classifier.head.weights == other.head.weights)
        }),
        ("scores", |case| SCORES(&mut classifier(case), &case.matrix("x")).into()),
        ("with_new_head", |case| {
            let mut new = WITH_NEW_HEAD(classifier(case), case.count("n_classes"), &mut rng(case));
            let other = WITH_NEW_HEAD(classifier(case), case.count("n_classes"), &mut generator(1001));
            Record::new()
                .with("body(x)", new.body.forward(&case.matrix("x")))
                .with("head", new.head.describe())
                .with("the head has its old weights", new.head.weights == case.matrix("w2"))
                .with("another rng gives the same weights", new.head.weights == other.head.weights)
        }),
        ("freeze", |case| {
            let mut frozen = FREEZE(classifier(case));
            Record::new()
                .with("body(x)", frozen.body.forward(&case.matrix("x")))
                .with("parameters of the body", frozen.body.n_parameters())
                .with("head weights", frozen.head.weights)
                .with("head biases", frozen.head.biases)
        }),
        ("n_trainable", |case| N_TRAINABLE(&mut classifier(case)).into()),
        ("two_rates", |case| {
            let mut classifier = classifier(case);
            let (x, y) = (case.matrix("x"), case.matrix("y"));
            let loss = CLASSIFIER_STEP(&mut classifier, &x, &y, case.float("body_rate"), case.float("head_rate"));
            with_parts(Record::new().with("loss", loss), &mut classifier)
        }),
        // Once without a step, which shows the new head as it was drawn, and once with steps.
        ("transfer", |case| {
            let (x, y) = (case.matrix("x"), case.matrix("y"));
            let run = |steps| TRANSFER(classifier(case), &x, &y, case.float("head_rate"), steps, &mut rng(case));
            let (before, mut after) = (run(0), run(case.count("steps")));
            Record::new()
                .with("head weights before the steps", before.head.weights)
                .with("head biases before the steps", before.head.biases)
                .with("body(x)", after.body.forward(&x))
                .with("parameters of the body", after.body.n_parameters())
                .with("head weights", after.head.weights)
                .with("head biases", after.head.biases)
        }),
        ("transfer_digits", transfer_digits),
        ("pca_reconstruct", |case| PCA_RECONSTRUCT(&case.matrix("x"), case.count("k")).into()),
        // For the pictures: what an autoencoder makes of damaged digits. It is trained for the first of them.
        ("denoised", |case| {
            TRAINED.with_borrow_mut(|trained| {
                let autoencoder = trained.get_or_insert_with(|| {
                    let rng = &mut generator(2);
                    let x = digits();
                    let mut autoencoder = AUTOENCODER(&[64, 64, 16], rng);
                    for _ in 0..case.count("epochs") {
                        TRAIN_EPOCH(&mut autoencoder, &x, 0.3, 16, 0.5, rng);
                    }
                    autoencoder
                });
                let originals = held_out().select(Axis(0), &case.counts("images"));
                // Not drawn by the learner's code, so that both sides get the same.
                let (share, noise) = (case.float("damaged"), &mut generator(case.count("seed") as u64));
                let damaged = originals.mapv(|pixel| if noise.random_bool(share) { 0.0 } else { pixel });
                let repaired = RECONSTRUCT(autoencoder, &damaged);
                Record::new().with("original", originals).with("damaged", damaged).with("repaired", repaired)
            })
        }),
        ("bottleneck", |case| {
            let rng = &mut generator(1);
            let x = digits();
            let mut autoencoder = AUTOENCODER(&[64, 32, 8], rng);
            let run = |_| TRAIN_EPOCH(&mut autoencoder, &x, 0.0, 16, 0.5, rng);
            (0..case.count("epochs")).map(run).collect::<Array1<f64>>().into()
        }),
        ("pca_error", |case| {
            let x = digits();
            let difference = PCA_RECONSTRUCT(&x, case.count("k")) - &x;
            (difference.mapv(|d| d * d).sum() / difference.len() as f64).into()
        }),
        // Errors of zeros that were not learned from, and of other digits, by a detector for zeros.
        ("anomalies", |_| {
            let rng = &mut generator(3);
            let (x, labels) = (digits(), datasets::digits().labels.to_vec());
            let (zeros, _) = SELECT_CLASSES(&x, &labels, &[0]);
            let (others, _) = SELECT_CLASSES(&x, &labels, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
            let rows = |from: usize, to: usize| zeros.select(Axis(0), &(from..to).collect::<Vec<_>>());
            let (learned, new) = (rows(0, 70), rows(70, zeros.nrows()));
            let others = others.select(Axis(0), &(0..new.nrows() * 2).collect::<Vec<_>>());
            let mut autoencoder = AUTOENCODER(&[64, 16, 4], rng);
            for _ in 0..60 {
                TRAIN_EPOCH(&mut autoencoder, &learned, 0.0, 10, 0.3, rng);
            }
            let of_learned = ERRORS(&mut autoencoder, &learned);
            let normal = ERRORS(&mut autoencoder, &new);
            let other = ERRORS(&mut autoencoder, &others);
            let threshold = FIT(autoencoder, &learned, 0.95).threshold;
            Record::new()
                .with("normal", normal)
                .with("other", other)
                .with("threshold", threshold)
                .with("learned", of_learned)
        }),
        // Losses of a fine-tuning with these rates, and of the same from random weights.
        ("tuned", |case| {
            let rng = &mut generator(5);
            let (mut pretrained, x_new, labels) = pretrained(300, rng);
            let few = FEW_PER_CLASS(&labels, 5, 10, rng);
            let x = striped(&x_new.select(Axis(0), &few), rng);
            let y = one_hot(&few.iter().map(|&sample| labels[sample]).collect::<Vec<_>>(), 5);
            if !case.flag("pretrained") {
                pretrained = CLASSIFIER(&[64, 64], 5, rng);
            }
            let mut classifier = WITH_NEW_HEAD(pretrained, 5, rng);
            if case.flag("frozen") {
                classifier = FREEZE(classifier);
            }
            let rest: Vec<usize> = (0..labels.len()).filter(|sample| !few.contains(sample)).collect();
            let x_rest = striped(&x_new.select(Axis(0), &rest), rng);
            let mut right = Vec::new();
            for _ in 0..case.count("looks") {
                for _ in 0..10 {
                    CLASSIFIER_STEP(&mut classifier, &x, &y, 0.1, 0.1);
                }
                let predicted = classes(&SCORES(&mut classifier, &x_rest));
                let n_right = rest.iter().zip(predicted).filter(|&(&sample, class)| labels[sample] == class).count();
                right.push(n_right as f64 / rest.len() as f64);
            }
            Array1::from(right).into()
        }),
    ]);
}

thread_local! {
    /// The autoencoder that repairs digits.
    static TRAINED: RefCell<Option<Autoencoder>> = const { RefCell::new(None) };
}

/// Digits 5 to 9 in stripes of light, from ten samples each, three times: by transfer from 0 to 4, and from random weights.
/// The answers are about digits whose labels only the judge has.
fn transfer_digits(case: &Record) -> Record {
    const STEPS: usize = 200;
    let rng = &mut rng(case);
    let (mut pretrained, x_new, labels) = pretrained(case.count("pretraining"), rng);
    let unknown = held_out();
    let mut order: Vec<usize> = (0..unknown.nrows()).collect();
    order.shuffle(&mut generator(case.count("seed of the order") as u64));
    let unknown = unknown.select(Axis(0), &order);
    let (mut transferred, mut scratch) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let few = FEW_PER_CLASS(&labels, 5, 10, rng);
        let x = striped(&x_new.select(Axis(0), &few), rng);
        let y = one_hot(&few.iter().map(|&sample| labels[sample]).collect::<Vec<_>>(), 5);
        let asked = striped(&unknown, rng);
        // What is frozen already can be frozen again.
        pretrained = TRANSFER(pretrained, &x, &y, 0.1, STEPS, rng);
        transferred.extend(classes(&SCORES(&mut pretrained, &asked)));
        let mut new = CLASSIFIER(&[64, 64], 5, rng);
        for _ in 0..STEPS {
            CLASSIFIER_STEP(&mut new, &x, &y, 0.1, 0.1);
        }
        scratch.extend(classes(&SCORES(&mut new, &asked)));
    }
    Record::new().with("by transfer", transferred).with("from scratch", scratch)
}

/// A classifier for the digits 0 to 4 in stripes of light, new ones in every step; and the digits 5 to 9, with labels from 0.
fn pretrained(steps: usize, rng: &mut Generator) -> (Classifier, Array2<f64>, Vec<usize>) {
    let (x, labels) = (digits(), datasets::digits().labels.to_vec());
    let (x_old, labels_old) = SELECT_CLASSES(&x, &labels, &[0, 1, 2, 3, 4]);
    let (x_new, labels_new) = SELECT_CLASSES(&x, &labels, &[5, 6, 7, 8, 9]);
    let mut classifier = CLASSIFIER(&[64, 64], 5, rng);
    let mut samples: Vec<usize> = (0..labels_old.len()).collect();
    for _ in 0..steps {
        let (batch, _) = samples.partial_shuffle(rng, 120);
        let y = one_hot(&batch.iter().map(|&sample| labels_old[sample]).collect::<Vec<_>>(), 5);
        let x = striped(&x_old.select(Axis(0), batch), rng);
        CLASSIFIER_STEP(&mut classifier, &x, &y, 0.1, 0.1);
    }
    (classifier, x_new, labels_new)
}

/// As the exercise's own `in_stripes`, which a learner may have changed.
fn striped(x: &ArrayRef2<f64>, rng: &mut Generator) -> Array2<f64> {
    let mut striped = x.to_owned();
    for mut image in striped.rows_mut() {
        let light: [f64; 16] = std::array::from_fn(|_| rng.random_range(-1.0..1.0));
        for (place, pixel) in image.iter_mut().enumerate() {
            *pixel += light[place / 8] + light[8 + place % 8];
        }
    }
    striped
}

fn digits() -> Array2<f64> {
    datasets::digits().features / datasets::digits::MAX_PIXEL
}

fn held_out() -> Array2<f64> {
    datasets::digits::held_out_images() / datasets::digits::MAX_PIXEL
}

fn rng(case: &Record) -> Generator {
    generator(case.count("seed") as u64)
}

fn one_hot(labels: &[usize], n_classes: usize) -> Array2<f64> {
    let mut y = Array2::zeros((labels.len(), n_classes));
    for (row, &label) in labels.iter().enumerate() {
        y[[row, label]] = 1.0;
    }
    y
}

/// The place of the largest score in each row.
fn classes(scores: &ArrayRef2<f64>) -> Vec<usize> {
    let largest = |row: ndarray::ArrayView1<'_, f64>| {
        (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap_or_default()
    };
    scores.rows().into_iter().map(largest).collect()
}

/// The linear layer and the tanh that a case describes.
fn body(case: &Record) -> Vec<Box<dyn Layer>> {
    vec![
        Box::new(Linear::from_parts(case.matrix("w1").to_owned(), case.vector("b1").to_owned())),
        Box::new(Tanh::default()),
    ]
}

fn head(case: &Record) -> Linear {
    Linear::from_parts(case.matrix("w2").to_owned(), case.vector("b2").to_owned())
}

fn autoencoder(case: &Record) -> Autoencoder {
    Autoencoder::from_parts(Sequential::new(body(case)), Sequential::new(vec![Box::new(head(case))]))
}

fn classifier(case: &Record) -> Classifier {
    Classifier::from_parts(Sequential::new(body(case)), head(case))
}

fn with_weights(record: Record, autoencoder: &mut Autoencoder) -> Record {
    let Autoencoder { encoder, decoder } = autoencoder;
    let parameters = encoder.parameters().into_iter().chain(decoder.parameters());
    ["w1", "b1", "w2", "b2"]
        .iter()
        .zip(parameters)
        .fold(record, |record, (name, parameter)| record.with(name, parameter.value.to_owned()))
}

fn with_parts(record: Record, classifier: &mut Classifier) -> Record {
    let record = ["w1", "b1"]
        .iter()
        .zip(classifier.body.parameters())
        .fold(record, |record, (name, parameter)| record.with(name, parameter.value.to_owned()));
    record.with("w2", classifier.head.weights.clone()).with("b2", classifier.head.biases.clone())
}

fn said(flags: &[bool]) -> String {
    flags.iter().map(|&flag| if flag { "anomaly" } else { "normal" }).collect::<Vec<_>>().join(", ")
}

/// A layer that changes nothing, and notes down for each way back what it was given on both ways.
struct Spy {
    input: Option<Array2<f64>>,
    steps: Rc<RefCell<Vec<(Array2<f64>, Array2<f64>)>>>,
}

impl Layer for Spy {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.input = Some(x.to_owned());
        x.to_owned()
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let input = self.input.clone().expect("a way back follows a way forwards");
        self.steps.borrow_mut().push((input, d_out.to_owned()));
        d_out.to_owned()
    }

    fn describe(&self) -> String {
        "Spy".to_owned()
    }
}
