//! What the grader asks of exercise 17.

use std::{cell::RefCell, ops::ControlFlow, rc::Rc};

use engine::{Activation, Linear, Loss, Parameter, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{Array1, Array2, ArrayD, ArrayRef2, Axis, Slice};
use optimizers_solution::{Optimizer, Sgd};
use probe::{Generator, Record, generator, serve};
use submission::{
    Cosine, Data, EarlyStopping, ExponentialDecay, GradientSum, History, Plateau, Schedule, Settings, StepDecay, WarmUp,
};

/// What is called after every epoch.
type AfterEpoch = Box<dyn FnMut(&History, &mut Sequential) -> ControlFlow<()>>;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const PLATEAU: fn(f64, f64, usize) -> Plateau = Plateau::new;
const WEIGHTS: fn(&mut Sequential) -> Vec<ArrayD<f64>> = submission::weights;
const SET_WEIGHTS: fn(&mut Sequential, &[ArrayD<f64>]) = submission::set_weights;
const EARLY_STOPPING: fn(usize, f64) -> EarlyStopping = EarlyStopping::new;
const UPDATE: fn(&mut EarlyStopping, f64, &mut Sequential) -> ControlFlow<()> = EarlyStopping::update;
const BEST_LOSS: fn(&EarlyStopping) -> f64 = EarlyStopping::best_loss;
const RESTORE: fn(&EarlyStopping, &mut Sequential) = EarlyStopping::restore;
const CLIP_GLOBAL_NORM: fn(&mut [ArrayD<f64>], f64) -> f64 = submission::clip_global_norm;
const NOTHING: fn() -> GradientSum = GradientSum::new;
const ADD: fn(&mut GradientSum, &mut Sequential, usize) = GradientSum::add;
const TAKE_MEAN: fn(&mut GradientSum) -> Vec<ArrayD<f64>> = GradientSum::take_mean;
const TRAIN_EPOCH: fn(
    &mut Sequential,
    &ArrayRef2<f64>,
    &ArrayRef2<f64>,
    &Settings,
    &mut dyn Optimizer,
    &mut Generator,
) -> f64 = submission::train_epoch;
const TRAIN: fn(
    &mut Sequential,
    &Data,
    &Settings,
    &mut dyn Schedule,
    &mut dyn Optimizer,
    AfterEpoch,
    &mut Generator,
) -> History = submission::train;
const TRAIN_AND_RESTORE: fn(
    &mut Sequential,
    &Data,
    &Settings,
    &mut dyn Schedule,
    &mut dyn Optimizer,
    &mut EarlyStopping,
    &mut Generator,
) -> History = submission::train_and_restore;

fn main() {
    serve(&[
        ("step_decay", |case| {
            let (initial, factor) = (case.float("initial"), case.float("factor"));
            rates(case, &mut StepDecay { initial, factor, every: case.count("every") })
        }),
        ("exponential_decay", |case| {
            rates(case, &mut ExponentialDecay { initial: case.float("initial"), factor: case.float("factor") })
        }),
        ("cosine", |case| {
            let (initial, end) = (case.float("initial"), case.float("end"));
            rates(case, &mut Cosine { initial, end, n_epochs: case.count("n_epochs") })
        }),
        ("warm_up", |case| {
            let then = Given::new(case.vector("rates of then").to_vec());
            let heard = then.heard.clone();
            let mut schedule = WarmUp { n_epochs: case.count("n_epochs"), then };
            let losses = case.vector("losses");
            let ask = |epoch: usize| schedule.learning_rate(epoch, loss_after(&losses.to_vec(), epoch));
            let rates: Array1<f64> = (0..=losses.len()).map(ask).collect();
            heard.take().into_record("epochs of then", "losses passed to then (-1 for None)").with("rates", rates)
        }),
        ("plateau", |case| {
            let mut schedule = PLATEAU(case.float("learning_rate"), case.float("factor"), case.count("patience"));
            let losses = case.vector("losses (-1 for None)").to_vec();
            let ask = |epoch: usize| schedule.learning_rate(epoch, loss_after(&losses, epoch));
            (0..=losses.len()).map(ask).collect::<Array1<f64>>().into()
        }),
        ("weights", |case| {
            let mut net = network(case);
            let copy = WEIGHTS(&mut net);
            // A copy does not notice what becomes of the network.
            fill(&mut net, 0.0);
            let numbered = (1..).zip(copy);
            numbered.fold(Record::new(), |record, (number, array)| record.with(&format!("array {number}"), array))
        }),
        ("set_weights", |case| {
            let mut net = network(case);
            let numbers = (1..).map(|number| format!("new {number}"));
            let new: Vec<ArrayD<f64>> = numbers.map_while(|name| array(case, &name)).collect();
            SET_WEIGHTS(&mut net, &new);
            parameters(&mut net).into()
        }),
        ("early_stopping", |case| {
            let mut stopping = EARLY_STOPPING(case.count("patience"), case.float("min_delta"));
            let mut net = Sequential::new(vec![
                Box::new(Linear::from_parts(Array2::zeros((2, 3)), Array1::zeros(3))),
                Box::new(Linear::from_parts(Array2::zeros((3, 1)), Array1::zeros(1))),
            ]);
            let mut decisions = Vec::new();
            for (epoch, &loss) in case.vector("losses").iter().enumerate() {
                // All weights are the number of their epoch.
                fill(&mut net, epoch as f64);
                let decision = UPDATE(&mut stopping, loss, &mut net);
                decisions.push(f64::from(u8::from(decision.is_break())));
                if decision.is_break() {
                    break;
                }
            }
            fill(&mut net, -1.0);
            RESTORE(&stopping, &mut net);
            Record::new()
                .with("break", Array1::from(decisions))
                .with("best_loss", BEST_LOSS(&stopping))
                .with("restored", parameters(&mut net))
        }),
        ("clip_global_norm", |case| {
            let names = ["first", "second"];
            let mut gradients = names.map(|name| array(case, name).expect("a case has two gradients")).to_vec();
            let norm = CLIP_GLOBAL_NORM(&mut gradients, case.float("max_norm"));
            let parts = names.into_iter().zip(gradients);
            parts.fold(Record::new().with("norm", norm), |record, (name, gradient)| record.with(name, gradient))
        }),
        ("gradient_sum", |case| {
            let mut sum = NOTHING();
            let mut record = Record::new();
            let mut piece = 0;
            for (mean, n_pieces) in (1..).zip(case.counts("pieces")) {
                for _ in 0..n_pieces {
                    piece += 1;
                    let mut layer = Linear::from_parts(Array2::zeros((3, 2)), Array1::zeros(2));
                    layer.d_weights = case.matrix(&format!("d_weights {piece}")).to_owned();
                    layer.d_biases = case.vector(&format!("d_biases {piece}")).to_owned();
                    let n_samples = case.counts("n_samples")[piece - 1];
                    ADD(&mut sum, &mut Sequential::new(vec![Box::new(layer)]), n_samples);
                }
                for (kind, array) in ["weights", "biases"].into_iter().zip(TAKE_MEAN(&mut sum)) {
                    record = record.with(&format!("mean {mean} of d_{kind}"), array);
                }
            }
            record
        }),
        ("train_epoch", |case| {
            let mut net = network(case);
            let mut optimizer = Watched::new(case.float("learning_rate"));
            let rng = &mut generator(case.count("seed") as u64);
            let loss =
                TRAIN_EPOCH(&mut net, &case.matrix("x"), &case.matrix("y"), &settings(case), &mut optimizer, rng);
            Record::new()
                .with("loss", loss)
                .with("steps", optimizer.rates_of_steps.len())
                .with("parameters", parameters(&mut net))
        }),
        // Some epochs, each from the same beginning, with one generator for all of them.
        ("epochs_from_the_start", |case| {
            let mut rng = generator(case.count("seed") as u64);
            (1..=case.count("epochs")).fold(Record::new(), |record, number| {
                let mut net = network(case);
                let mut optimizer = Sgd::new(case.float("learning_rate"));
                let (x, y) = (case.matrix("x"), case.matrix("y"));
                TRAIN_EPOCH(&mut net, &x, &y, &settings(case), &mut optimizer, &mut rng);
                record.with(&format!("parameters after epoch {number}"), parameters(&mut net))
            })
        }),
        ("train", |case| {
            let mut net = network(case);
            let mut schedule = Given::new(case.vector("rates").to_vec());
            let mut optimizer = Watched::new(0.125);
            let seen = Rc::new(RefCell::new(Vec::new()));
            let (sees, stop_after) = (seen.clone(), case.count("stop_after"));
            let after_epoch: AfterEpoch = Box::new(move |history, _| {
                sees.borrow_mut().push(history.validation_loss.len());
                // Only once: a loop that goes on is to be seen as one.
                if history.validation_loss.len() == stop_after {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            });
            let rng = &mut generator(case.count("seed") as u64);
            let history =
                TRAIN(&mut net, &data(case), &settings(case), &mut schedule, &mut optimizer, after_epoch, rng);
            let record =
                schedule.heard.take().into_record("epochs of schedule", "losses passed to schedule (-1 for None)");
            let lengths = [&history.learning_rate, &history.train_loss, &history.validation_loss].map(Vec::len);
            recorded(record, &history)
                .with("lengths", lengths.to_vec())
                .with("rates of the steps", Array1::from(optimizer.rates_of_steps))
                .with("history lengths in after_epoch", seen.take())
                .with("parameters", parameters(&mut net))
        }),
        ("train_and_restore", |case| {
            let mut net = network(case);
            let mut schedule = Given::new(case.vector("rates").to_vec());
            let mut stopping = EARLY_STOPPING(case.count("patience"), case.float("min_delta"));
            let rng = &mut generator(case.count("seed") as u64);
            let (data, settings, mut sgd) = (data(case), settings(case), Sgd::new(0.125));
            let history = TRAIN_AND_RESTORE(&mut net, &data, &settings, &mut schedule, &mut sgd, &mut stopping, rng);
            recorded(Record::new(), &history).with("parameters", parameters(&mut net))
        }),
        // For the pictures: a network that learns a few noisy samples by heart.
        ("by_heart", |case| {
            let mut net = mlp(&[2, 32, 32, 2], Activation::Relu, &mut generator(case.count("seed") as u64));
            let data = moons(40, case.count("seed") as u64);
            let (settings, mut sgd) = (settings(case), Sgd::new(0.0));
            let mut schedule = Given::new(vec![case.float("learning_rate"); settings.n_epochs]);
            let mut stopping = EARLY_STOPPING(case.count("patience"), 0.0);
            let rng = &mut generator(case.count("seed") as u64);
            let history = TRAIN_AND_RESTORE(&mut net, &data, &settings, &mut schedule, &mut sgd, &mut stopping, rng);
            let scores = net.forward(&data.x_validation);
            let restored = SoftmaxCrossEntropy.value(&scores, &data.y_validation);
            recorded(Record::new(), &history).with("restored", restored)
        }),
        // For the pictures: two moons with a few samples a step, under a schedule of the learner's own.
        ("scheduled", |case| {
            let seed = case.count("seed") as u64;
            let mut net = mlp(&[2, 16, 2], Activation::Relu, &mut generator(seed));
            let (settings, mut sgd, mut schedule) = (settings(case), Sgd::new(0.0), schedule(case));
            let go_on: AfterEpoch = Box::new(|_, _| ControlFlow::Continue(()));
            let rng = &mut generator(seed);
            let data = moons(case.count("n_train"), seed);
            let history = TRAIN(&mut net, &data, &settings, &mut *schedule, &mut sgd, go_on, rng);
            recorded(Record::new(), &history)
        }),
        // For the pictures: what a schedule says, epoch by epoch, for these losses.
        ("curve", |case| {
            let (mut schedule, losses) = (schedule(case), case.vector("losses").to_vec());
            let rates = (0..losses.len()).map(|epoch| schedule.learning_rate(epoch, loss_after(&losses, epoch)));
            rates.collect::<Array1<f64>>().into()
        }),
    ]);
}

/// A schedule that says what a case gives it to say, and notes down what it is asked.
struct Given {
    rates: Vec<f64>,
    heard: Rc<RefCell<Heard>>,
}

#[derive(Default)]
struct Heard {
    epochs: Vec<usize>,
    /// -1 where there was none.
    losses: Vec<f64>,
}

impl Given {
    fn new(rates: Vec<f64>) -> Self {
        Self { rates, heard: Rc::default() }
    }
}

impl Schedule for Given {
    fn learning_rate(&mut self, epoch: usize, last_loss: Option<f64>) -> f64 {
        let mut heard = self.heard.borrow_mut();
        heard.epochs.push(epoch);
        heard.losses.push(last_loss.unwrap_or(-1.0));
        self.rates.get(epoch).copied().unwrap_or(0.0)
    }
}

impl Heard {
    fn into_record(self, epochs: &str, losses: &str) -> Record {
        Record::new().with(epochs, self.epochs).with(losses, Array1::from(self.losses))
    }
}

/// Gradient descent that notes down the learning rate of every step.
struct Watched {
    sgd: Sgd,
    learning_rate: f64,
    rates_of_steps: Vec<f64>,
}

impl Watched {
    fn new(learning_rate: f64) -> Self {
        Self { sgd: Sgd::new(learning_rate), learning_rate, rates_of_steps: Vec::new() }
    }
}

impl Optimizer for Watched {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        self.rates_of_steps.push(self.learning_rate);
        self.sgd.step(parameters);
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
        self.sgd.set_learning_rate(learning_rate);
    }
}

/// What a schedule says, asked for these epochs in this order.
fn rates(case: &Record, schedule: &mut dyn Schedule) -> Record {
    let rates = case.counts("epochs").into_iter().map(|epoch| schedule.learning_rate(epoch, None));
    rates.collect::<Array1<f64>>().into()
}

/// The loss before this epoch. A negative one stands for none.
fn loss_after(losses: &[f64], epoch: usize) -> Option<f64> {
    let loss = *losses.get(epoch.checked_sub(1)?)?;
    if loss < 0.0 { None } else { Some(loss) }
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

fn fill(net: &mut Sequential, number: f64) {
    net.parameters().iter_mut().for_each(|parameter| parameter.value.fill(number));
}

/// The array of one or two dimensions called `name`, if there is one.
fn array(case: &Record, name: &str) -> Option<ArrayD<f64>> {
    match case.get(name)? {
        probe::Value::Array { shape, .. } if shape.len() == 1 => Some(case.vector(name).to_owned().into_dyn()),
        _ => Some(case.matrix(name).to_owned().into_dyn()),
    }
}

fn settings(case: &Record) -> Settings {
    Settings {
        n_epochs: case.count("n_epochs"),
        batch_size: case.count("batch_size"),
        micro_batch_size: case.count("micro_batch_size"),
        max_norm: case.float("max_norm"),
    }
}

fn data(case: &Record) -> Data {
    let matrix = |name| case.matrix(name).to_owned();
    Data {
        x_train: matrix("x_train"),
        y_train: matrix("y_train"),
        x_validation: matrix("x_validation"),
        y_validation: matrix("y_validation"),
    }
}

fn recorded(record: Record, history: &History) -> Record {
    record
        .with("learning_rate", Array1::from(history.learning_rate.clone()))
        .with("train_loss", Array1::from(history.train_loss.clone()))
        .with("validation_loss", Array1::from(history.validation_loss.clone()))
}

/// The first `n_train` samples to learn from, and the others to look at.
fn split(x: &ArrayRef2<f64>, labels: &Array1<usize>, n_classes: usize, n_train: usize) -> Data {
    let one_hot = |(sample, class)| f64::from(u8::from(labels[sample] == class));
    let y = Array2::from_shape_fn((labels.len(), n_classes), one_hot);
    let rows = |array: &ArrayRef2<f64>, slice: Slice| array.slice_axis(Axis(0), slice).to_owned();
    Data {
        x_train: rows(x, Slice::from(..n_train)),
        y_train: rows(&y, Slice::from(..n_train)),
        x_validation: rows(x, Slice::from(n_train..)),
        y_validation: rows(&y, Slice::from(n_train..)),
    }
}

/// Two moons that overlap: so many samples to learn from, 200 to look at.
fn moons(n_train: usize, seed: u64) -> Data {
    let moons = datasets::moons(n_train + 200, 0.3, &mut generator(seed));
    split(&moons.features, &moons.labels, 2, n_train)
}

/// The schedule of a picture. Numbers that it does not need do not count.
fn schedule(case: &Record) -> Box<dyn Schedule> {
    let (initial, factor, every) = (case.float("learning_rate"), case.float("factor"), case.count("every"));
    let (n_epochs, warm_up) = (case.count("n_epochs"), case.count("warm_up"));
    let then: Box<dyn Schedule> = match case.text("schedule") {
        "StepDecay" => Box::new(StepDecay { initial, factor, every }),
        "ExponentialDecay" => Box::new(ExponentialDecay { initial, factor }),
        "Cosine" => Box::new(Cosine { initial, end: 0.0, n_epochs: n_epochs - warm_up }),
        "Plateau" => Box::new(PLATEAU(initial, factor, every)),
        _ => Box::new(Given::new(vec![initial; n_epochs])),
    };
    if warm_up == 0 { then } else { Box::new(WarmUp { n_epochs: warm_up, then: Any(then) }) }
}

/// Any schedule, after a warm-up.
struct Any(Box<dyn Schedule>);

impl Schedule for Any {
    fn learning_rate(&mut self, epoch: usize, last_loss: Option<f64>) -> f64 {
        self.0.learning_rate(epoch, last_loss)
    }
}
