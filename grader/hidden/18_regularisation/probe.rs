//! What the grader asks of exercise 18.

use std::sync::LazyLock;

use datasets::Dataset;
use engine::{Layer, Linear, Loss, Relu, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, Slice};
use probe::{Generator, Record, generator, layers_of, serve};
use submission::{Dropout, Fit, History, Mode, Penalty, Split, Switch};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const VALUE: fn(Penalty, f64) -> f64 = Penalty::value;
const SLOPE: fn(Penalty, f64) -> f64 = Penalty::slope;
const TOTAL_PENALTY: fn(&mut Sequential, Penalty) -> f64 = submission::total_penalty;
const PENALISED_STEP: fn(&mut Sequential, f64, Penalty) = submission::penalised_step;
const DECAY: fn(&mut Sequential, f64, f64) = submission::decay;
const NEW_SWITCH: fn() -> Switch = Switch::new;
const SET: fn(&Switch, Mode) = Switch::set;
const MODE: fn(&Switch) -> Mode = Switch::mode;
const DROPOUT_MASK: fn((usize, usize), f64, &mut Generator) -> Array2<f64> = submission::dropout_mask;
const NEW_DROPOUT: fn(f64, &Switch, &mut Generator) -> Dropout = Dropout::new;
const MLP_WITH_DROPOUT: fn(&[usize], f64, &Switch, &mut Generator) -> Sequential = submission::mlp_with_dropout;
const FIT: fn(&mut Sequential, &Switch, &Split, Penalty, f64, usize) -> History = submission::fit;
const GENERALISATION_GAP: fn(&History) -> f64 = submission::generalisation_gap;
const BEST_EPOCH: fn(&History) -> Option<usize> = submission::best_epoch;
const DIAGNOSE: fn(&History, f64) -> Fit = submission::diagnose;
const SOFT_THRESHOLD: fn(f64, f64) -> f64 = submission::soft_threshold;

fn main() {
    serve(&[
        ("penalty_value", |case| case.vector("w").mapv(|w| VALUE(penalty(case), w)).into()),
        ("penalty_slope", |case| case.vector("w").mapv(|w| SLOPE(penalty(case), w)).into()),
        ("total_penalty", |case| TOTAL_PENALTY(&mut network(case), penalty(case)).into()),
        ("penalised_step", |case| {
            let mut net = network_after_backward(case);
            PENALISED_STEP(&mut net, case.float("learning_rate"), penalty(case));
            // A wrong slope is no fault of the step's.
            let slopes = |name| case.matrix(name).mapv(|w| SLOPE(penalty(case), w));
            parameters(&mut net).with("slopes1", slopes("weights1")).with("slopes2", slopes("weights2"))
        }),
        ("decay", |case| {
            let mut net = network_after_backward(case);
            DECAY(&mut net, case.float("learning_rate"), case.float("weight_decay"));
            parameters(&mut net)
        }),
        ("dropout_mask", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let shape = (case.count("n_rows"), case.count("n_columns"));
            let mut draw = || DROPOUT_MASK(shape, case.float("p"), rng);
            Record::new().with("first", draw()).with("second", draw())
        }),
        ("dropout_trains", |case| {
            let (switch, mut layer) = dropout(case);
            let x = case.matrix("x");
            let (first, second) = (layer.forward(&x), layer.forward(&x));
            SET(&switch, Mode::Eval);
            layer.forward(&x);
            SET(&switch, Mode::Train);
            Record::new()
                .with("first output", first)
                .with("second output", second)
                .with("output after an evaluation", layer.forward(&x))
        }),
        ("dropout_evaluates", |case| {
            let (switch, mut layer) = dropout(case);
            SET(&switch, Mode::Eval);
            layer.forward(&case.matrix("x")).into()
        }),
        ("dropout_backward", |case| {
            let (switch, mut layer) = dropout(case);
            let (x, d_out) = (case.matrix("x"), case.matrix("d_out"));
            let first = layer.forward(&x);
            let (d_first, again) = (layer.backward(&d_out), layer.backward(&d_out));
            let second = layer.forward(&x);
            SET(&switch, Mode::Eval);
            Record::new()
                .with("first output", first)
                .with("its gradient", d_first)
                .with("its gradient, asked again", again)
                .with("second output", second)
                .with("its gradient, after the switch was turned", layer.backward(&d_out))
        }),
        // Which pass a gradient goes back through: an evaluation, after one in training.
        ("dropout_keeps", |case| {
            let (switch, mut layer) = dropout(case);
            layer.forward(&case.matrix("x"));
            SET(&switch, Mode::Eval);
            layer.forward(&case.matrix("x"));
            SET(&switch, Mode::Train);
            layer.backward(&case.matrix("d_out")).into()
        }),
        ("dropout_needs_forward", |case| {
            let (switch, mut layer) = dropout(case);
            SET(&switch, Mode::Eval);
            if case.flag("forward_first") {
                layer.forward(&case.matrix("x"));
            }
            layer.backward(&case.matrix("d_out")).into()
        }),
        ("mlp_layers", |case| {
            Record::new().with("layers", layers_of(&mlp_with_dropout(case, &NEW_SWITCH()).summary()))
        }),
        ("mlp_with_dropout", |case| {
            let switch = NEW_SWITCH();
            let mut net = mlp_with_dropout(case, &switch);
            let x = case.matrix("x");
            let mut record = Record::new();
            let mut ask = |name, mode| {
                SET(&switch, mode);
                record = std::mem::take(&mut record).with(name, net.forward(&x));
            };
            ask("first output in training", Mode::Train);
            ask("second output in training", Mode::Train);
            ask("first output in evaluation", Mode::Eval);
            ask("second output in evaluation", Mode::Eval);
            let mut counts = [0_usize; 2];
            for parameter in net.parameters() {
                let is_biases = usize::from(parameter.value.ndim() == 1);
                counts[is_biases] += 1;
                let name = format!("{}{}", ["weights", "biases"][is_biases], counts[is_biases]);
                record = record.with(&name, parameter.value.to_owned());
            }
            record
        }),
        ("fit", |case| {
            let switch = NEW_SWITCH();
            if case.flag("starts_at_evaluation") {
                SET(&switch, Mode::Eval);
            }
            let halves = Halves { switch: switch.clone(), factor: None };
            let mut net = network_with(case, Some(Box::new(halves)));
            let [x_train, y_train, x_validation, y_validation] =
                ["x", "y", "x_validation", "y_validation"].map(|name| case.matrix(name).to_owned());
            let data = Split { x_train, y_train, x_validation, y_validation };
            let (rate, epochs) = (case.float("learning_rate"), case.count("epochs"));
            let history = FIT(&mut net, &switch, &data, penalty(case), rate, epochs);
            let losses = Record::new()
                .with("train_loss", Array1::from(history.train_loss))
                .with("validation_loss", Array1::from(history.validation_loss));
            let parts = parameters(&mut net);
            let all = parts.parts().fold(losses, |record, (name, value)| record.with(name, value.clone()));
            all.with("the switch is at training", MODE(&switch) == Mode::Train)
        }),
        ("generalisation_gap", |case| GENERALISATION_GAP(&history(case)).into()),
        ("best_epoch", |case| BEST_EPOCH(&history(case)).into()),
        ("diagnose", |case| {
            let history = history(case);
            let fit = fit_name(DIAGNOSE(&history, case.float("acceptable")));
            let record = Record::new().with("result", fit);
            match BEST_EPOCH(&history) {
                Some(epoch) => record.with("own best epoch", epoch),
                None => record,
            }
        }),
        ("soft_threshold", |case| case.vector("w").mapv(|w| SOFT_THRESHOLD(w, case.float("threshold"))).into()),
        // For the pictures: digits, some with a wrong label, learned by the learner's own code.
        ("digits", |case| {
            let seed = case.count("seed") as u64;
            let rng = &mut generator(seed);
            let data = some_digits(case.count("n_train"), rng);
            let switch = NEW_SWITCH();
            // A training goes on with the parameters that it had, and with other masks.
            let done = case.count("epochs done") as u64;
            if done > 0 {
                *rng = generator(seed + done);
            }
            let mut net = MLP_WITH_DROPOUT(&[64, 32, 10], case.float("p"), &switch, rng);
            let numbers = net.parameters().into_iter().flat_map(|parameter| parameter.value);
            for (number, &had) in numbers.zip(case.vector("parameters")) {
                *number = had;
            }
            let history = FIT(&mut net, &switch, &data, penalty(case), 0.5, case.count("epochs"));
            let numbers: Array1<f64> =
                net.parameters().iter().flat_map(|parameter| parameter.value.iter().copied()).collect();
            Record::new()
                .with("train_loss", Array1::from(history.train_loss))
                .with("validation_loss", Array1::from(history.validation_loss))
                .with("parameters", numbers)
        }),
        // For the pictures: how a single weight shrinks with no gradient at all.
        ("shrink", |case| {
            let mut net = Sequential::new(vec![Box::new(Linear::from_parts(
                Array2::from_elem((1, 1), case.float("w")),
                Array1::zeros(1),
            ))]);
            let mut path = Vec::new();
            for _ in 0..case.count("n_steps") {
                PENALISED_STEP(&mut net, case.float("learning_rate"), penalty(case));
                path.push(net.parameters()[0].value.sum());
            }
            Array1::from(path).into()
        }),
        // For the pictures: the mean of what a layer lets through, over all masks so far.
        ("mean_output", |case| {
            let (_, mut layer) = dropout(case);
            let x = Array2::ones((1, 1));
            let mut sum = 0.0;
            let means = (1..=case.count("n")).map(|n| {
                sum += layer.forward(&x).sum();
                sum / n as f64
            });
            means.collect::<Array1<f64>>().into()
        }),
    ]);
}

fn mlp_with_dropout(case: &Record, switch: &Switch) -> Sequential {
    let rng = &mut generator(case.count("seed") as u64);
    MLP_WITH_DROPOUT(&case.counts("sizes"), case.float("p"), switch, rng)
}

/// A layer with its switch, which is at training.
fn dropout(case: &Record) -> (Switch, Dropout) {
    let switch = NEW_SWITCH();
    let layer = NEW_DROPOUT(case.float("p"), &switch, &mut generator(case.count("seed") as u64));
    (switch, layer)
}

fn penalty(case: &Record) -> Penalty {
    match case.text("penalty") {
        "None" => Penalty::None,
        "L2" => Penalty::L2(case.float("lambda")),
        "L1" => Penalty::L1(case.float("lambda")),
        other => panic!("a case asks for the penalty `{other}`"),
    }
}

/// Two linear layers with a ReLU between them, of the case's own numbers.
fn network(case: &Record) -> Sequential {
    network_with(case, None)
}

/// The same with one more layer behind the ReLU.
fn network_with(case: &Record, extra: Option<Box<dyn Layer>>) -> Sequential {
    let linear = |weights: &str, biases: &str| -> Box<dyn Layer> {
        Box::new(Linear::from_parts(case.matrix(weights).to_owned(), case.vector(biases).to_owned()))
    };
    let mut layers = vec![linear("weights1", "biases1"), Box::new(Relu::default())];
    layers.extend(extra);
    layers.push(linear("weights2", "biases2"));
    Sequential::new(layers)
}

/// The same network, with the gradients of its loss on `x` and `y`.
fn network_after_backward(case: &Record) -> Sequential {
    let mut net = network(case);
    let scores = net.forward(&case.matrix("x"));
    net.backward(&SoftmaxCrossEntropy.gradient(&scores, &case.matrix("y")));
    net
}

fn parameters(net: &mut Sequential) -> Record {
    let names = ["weights1", "biases1", "weights2", "biases2"];
    let named = names.iter().zip(net.parameters());
    named.fold(Record::new(), |record, (name, parameter)| record.with(name, parameter.value.to_owned()))
}

/// A layer whose behaviour depends on the mode, without chance: it halves its input in training.
struct Halves {
    switch: Switch,
    factor: Option<f64>,
}

impl Layer for Halves {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let factor = if MODE(&self.switch) == Mode::Train { 0.5 } else { 1.0 };
        self.factor = Some(factor);
        x * factor
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        d_out * self.factor.expect("call forward first")
    }

    fn describe(&self) -> String {
        "Halves".to_owned()
    }
}

fn history(case: &Record) -> History {
    History { train_loss: case.vector("train_loss").to_vec(), validation_loss: case.vector("validation_loss").to_vec() }
}

fn fit_name(fit: Fit) -> &'static str {
    match fit {
        Fit::Underfitting => "Underfitting",
        Fit::Overfitting => "Overfitting",
        Fit::Good => "Good",
    }
}

/// The first digits to learn from, every tenth of them with a label that is drawn by lot, and the last 200 to look at.
fn some_digits(n_train: usize, rng: &mut Generator) -> Split {
    use rand::RngExt;
    static DIGITS: LazyLock<Dataset> = LazyLock::new(|| {
        let digits = datasets::digits();
        Dataset { features: digits.features / datasets::digits::MAX_PIXEL, ..digits }
    });
    let Dataset { features: x, labels } = &*DIGITS;
    let true_labels = |range: Slice| labels.slice_axis(Axis(0), range).to_owned();
    let (first, last) = (Slice::from(..n_train), Slice::from(-200..));
    let noisy = true_labels(first).mapv(|label| if rng.random_bool(0.1) { rng.random_range(0..10) } else { label });
    Split {
        x_train: x.slice_axis(Axis(0), first).to_owned(),
        y_train: one_hot(&noisy),
        x_validation: x.slice_axis(Axis(0), last).to_owned(),
        y_validation: one_hot(&true_labels(last)),
    }
}

fn one_hot(labels: &ArrayRef1<usize>) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), 10), |(i, class)| if labels[i] == class { 1.0 } else { 0.0 })
}
