//! What the grader asks of exercise 19.

use std::{cell::RefCell, rc::Rc};

use engine::{Layer, Linear, Loss, Mse, Relu, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use probe::{Generator, Record, generator, layers_of, serve};
use submission::{BatchNorm, Mode, Switch};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const BATCH_STATISTICS: fn(&ArrayRef2<f64>) -> (Array1<f64>, Array1<f64>) = submission::batch_statistics;
const NORMALISE: fn(&ArrayRef2<f64>, &ArrayRef1<f64>, &ArrayRef1<f64>, f64) -> Array2<f64> = submission::normalise;
const NORMALISE_BACKWARD: fn(&ArrayRef2<f64>, &ArrayRef1<f64>, f64, &ArrayRef2<f64>) -> Array2<f64> =
    submission::normalise_backward;
const NEW_SWITCH: fn() -> Switch = Switch::new;
const SET: fn(&Switch, Mode) = Switch::set;
const MODE: fn(&Switch) -> Mode = Switch::mode;
const FROM_PARTS: fn(Array1<f64>, Array1<f64>, &Switch) -> BatchNorm = BatchNorm::from_parts;
const UPDATE_RUNNING: fn(&mut BatchNorm, &ArrayRef1<f64>, &ArrayRef1<f64>, usize) = BatchNorm::update_running;
const FORWARD: fn(&mut BatchNorm, &ArrayRef2<f64>) -> Array2<f64> = <BatchNorm as Layer>::forward;
const BACKWARD: fn(&mut BatchNorm, &ArrayRef2<f64>) -> Array2<f64> = <BatchNorm as Layer>::backward;
const NORMALISED_MLP: fn(&[usize], &Switch, &mut Generator) -> Sequential = submission::normalised_mlp;
const EVALUATE: fn(&mut Sequential, &Switch, &ArrayRef2<f64>) -> Array2<f64> = submission::evaluate;
const LAYER_NORM: fn(&ArrayRef2<f64>, f64) -> Array2<f64> = submission::layer_norm;
const LAYER_NORM_BACKWARD: fn(&ArrayRef2<f64>, f64, &ArrayRef2<f64>) -> Array2<f64> = submission::layer_norm_backward;

fn main() {
    serve(&[
        ("batch_statistics", |case| {
            let (mean, var) = BATCH_STATISTICS(&case.matrix("x"));
            Record::new().with("mean", mean).with("var", var)
        }),
        ("normalise", |case| {
            NORMALISE(&case.matrix("x"), &case.vector("mean"), &case.vector("var"), case.float("eps")).into()
        }),
        ("normalise_backward", |case| {
            let (x_hat, d_x_hat) = (case.matrix("x_hat"), case.matrix("d_x_hat"));
            NORMALISE_BACKWARD(&x_hat, &case.vector("var"), case.float("eps"), &d_x_hat).into()
        }),
        ("update_running", |case| {
            let mut layer = layer(case, &NEW_SWITCH());
            UPDATE_RUNNING(&mut layer, &case.vector("mean"), &case.vector("var"), case.count("n"));
            running(&layer)
        }),
        // One pass forwards in the mode of the case.
        ("forward", |case| {
            let switch = NEW_SWITCH();
            let mut layer = layer(case, &switch);
            SET(&switch, mode(case.text("mode")));
            let y = FORWARD(&mut layer, &case.matrix("x"));
            Record::new().with("result", y).with("x_hat", x_hat(case).0)
        }),
        // What several passes forwards, each in a mode of its own, make of the running statistics.
        ("running", |case| {
            let switch = NEW_SWITCH();
            let mut layer = layer(case, &switch);
            for pass in case.text("passes").split(", ") {
                let (x, name) = pass.split_once(" in ").expect("a pass is `x in training`");
                SET(&switch, mode(name));
                FORWARD(&mut layer, &case.matrix(x));
            }
            running(&layer)
        }),
        ("backward", |case| {
            let switch = NEW_SWITCH();
            let mut layer = layer(case, &switch);
            SET(&switch, mode(case.text("mode")));
            FORWARD(&mut layer, &case.matrix("x"));
            let d_x = BACKWARD(&mut layer, &case.matrix("d_out"));
            let (x_hat, var) = x_hat(case);
            let back = NORMALISE_BACKWARD(&x_hat, &var, case.float("eps"), &case.matrix("d_out"));
            gradients(Record::new().with("x_hat", x_hat).with("taken back", back), d_x, &layer, "")
        }),
        ("passes", |case| {
            let switch = NEW_SWITCH();
            let mut layer = layer(case, &switch);
            let mut number = 0;
            let mut record = Record::new();
            for pass in case.text("passes").split(", ") {
                match pass {
                    "switch to training" => SET(&switch, Mode::Train),
                    "switch to evaluation" => SET(&switch, Mode::Eval),
                    "forward(x)" => drop(FORWARD(&mut layer, &case.matrix("x"))),
                    "forward(x2)" => drop(FORWARD(&mut layer, &case.matrix("x2"))),
                    "backward(d_out)" => {
                        number += 1;
                        let d_x = BACKWARD(&mut layer, &case.matrix("d_out"));
                        record = gradients(record, d_x, &layer, &format!(" {number}"));
                    }
                    other => panic!("a case asks for the pass `{other}`"),
                }
            }
            record
        }),
        ("layers", |case| {
            let mut net = NORMALISED_MLP(&case.counts("sizes"), &NEW_SWITCH(), &mut generator(1));
            Record::new().with("layers", layers_of(&net.summary()))
        }),
        // A network with the parameters of the case, in training and then, by the switch that it was made with, in evaluation.
        ("modes", |case| {
            let switch = NEW_SWITCH();
            let mut net = network(case, &switch);
            let training = net.forward(&case.matrix("x"));
            SET(&switch, Mode::Eval);
            let evaluation = net.forward(&case.matrix("x"));
            Record::new().with("in training", training).with("in evaluation", evaluation)
        }),
        ("training", |case| {
            let switch = NEW_SWITCH();
            let mut net = network(case, &switch);
            let (x, y) = (case.matrix("x"), case.matrix("y"));
            let step = |_| net.train_step(&x, &y, &Mse, case.float("learning_rate"));
            let losses: Array1<f64> = (0..case.count("steps")).map(step).collect();
            SET(&switch, Mode::Eval);
            Record::new().with("losses", losses).with("in evaluation", net.forward(&x))
        }),
        // A network whose only layer is not the learner's: it tells the mode by what it puts out.
        ("evaluate", |case| {
            let switch = NEW_SWITCH();
            let seen = Rc::new(RefCell::new(Vec::new()));
            let spy = Spy { switch: switch.clone(), seen: Rc::clone(&seen) };
            let mut net = Sequential::new(vec![Box::new(spy)]);
            SET(&switch, mode(case.text("mode")));
            let output = EVALUATE(&mut net, &switch, &case.matrix("x"));
            // Whoever asks sample by sample makes several passes, and is right as well.
            let mut modes = seen.take();
            modes.dedup();
            Record::new()
                .with("output", output)
                .with("modes of the passes", modes.join(", "))
                .with("mode afterwards", name_of(MODE(&switch)))
        }),
        ("layer_norm", |case| {
            let y = LAYER_NORM(&case.matrix("x"), case.float("eps"));
            Record::new().with("result", y).with("x_hat of xᵀ", turned(case).0)
        }),
        ("layer_norm_backward", |case| {
            let d_x = LAYER_NORM_BACKWARD(&case.matrix("x"), case.float("eps"), &case.matrix("d_out"));
            let (x_hat, var) = turned(case);
            let back = NORMALISE_BACKWARD(&x_hat, &var, case.float("eps"), &case.matrix("d_out").t());
            Record::new().with("result", d_x).with("x_hat of xᵀ", x_hat).with("taken back", back)
        }),
        // For the pictures: scales of the outputs behind each ReLU of a deep network with weights that are `factor` times He's.
        ("deep", |case| {
            let rng = &mut generator(3);
            let (switch, width) = (NEW_SWITCH(), case.count("width"));
            let mut x = noise((64, width), rng);
            let mut scales = Vec::new();
            for _ in 0..case.count("n_layers") {
                let mut linear = Linear::new(width, width, rng);
                linear.weights *= case.float("factor");
                x = linear.forward(&x);
                if case.flag("normalised") {
                    x = FORWARD(&mut FROM_PARTS(Array1::ones(width), Array1::zeros(width), &switch), &x);
                }
                x = Relu::default().forward(&x);
                scales.push((x.mapv(|x| x * x).sum() / x.len() as f64).sqrt());
            }
            Array1::from(scales).into()
        }),
        // Training on two rings of points, with loss in training and in evaluation.
        ("learning", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let data = datasets::circles(60, 0.5, 0.05, rng);
            let one_hot = |(i, class)| if data.labels[i] == class { 1.0 } else { 0.0 };
            let y = Array2::from_shape_fn((data.n_samples(), 2), one_hot);
            let switch = NEW_SWITCH();
            let sizes: Vec<usize> = [2].into_iter().chain(vec![16; case.count("n_layers")]).chain([2]).collect();
            let mut net = match case.flag("normalised") {
                true => NORMALISED_MLP(&sizes, &switch, rng),
                false => engine::mlp(&sizes, engine::Activation::Relu, rng),
            };
            let rate = case.float("learning_rate");
            let (mut training, mut evaluation) = (Vec::new(), Vec::new());
            for _ in 0..case.count("steps") {
                if case.flag("evaluated") {
                    let scores = EVALUATE(&mut net, &switch, &data.features);
                    evaluation.push(SoftmaxCrossEntropy.value(&scores, &y));
                }
                training.push(net.train_step(&data.features, &y, &SoftmaxCrossEntropy, rate));
            }
            Record::new().with("training", Array1::from(training)).with("evaluation", Array1::from(evaluation))
        }),
        // The running statistics of one column of batches with mean 5 and variance 4.
        ("converging", |case| {
            let rng = &mut generator(7);
            let mut layer = FROM_PARTS(Array1::ones(1), Array1::zeros(1), &NEW_SWITCH());
            let (mut means, mut vars) = (Vec::new(), Vec::new());
            for _ in 0..case.count("steps") {
                FORWARD(&mut layer, &(noise((case.count("n"), 1), rng) * 2.0 + 5.0));
                means.push(layer.running_mean.sum());
                vars.push(layer.running_var.sum());
            }
            Record::new().with("mean", Array1::from(means)).with("var", Array1::from(vars))
        }),
    ]);
}

/// The layer that a case describes; what it does not name is as in a new layer.
fn layer(case: &Record, switch: &Switch) -> BatchNorm {
    let mut layer = FROM_PARTS(case.vector("gamma").to_owned(), case.vector("beta").to_owned(), switch);
    layer.running_mean = case.vector("running_mean").to_owned();
    layer.running_var = case.vector("running_var").to_owned();
    layer.momentum = case.float("momentum");
    layer.eps = case.float("eps");
    layer
}

/// What the learner's own functions make of the batch in the mode of the case, and the variance that they take: what they get
/// wrong is no fault of the layer's.
fn x_hat(case: &Record) -> (Array2<f64>, Array1<f64>) {
    let (mean, var) = match mode(case.text("mode")) {
        Mode::Train => BATCH_STATISTICS(&case.matrix("x")),
        Mode::Eval => (case.vector("running_mean").to_owned(), case.vector("running_var").to_owned()),
    };
    (NORMALISE(&case.matrix("x"), &mean, &var, case.float("eps")), var)
}

/// The same with the rows of the batch as columns.
fn turned(case: &Record) -> (Array2<f64>, Array1<f64>) {
    let x = case.matrix("x");
    let (mean, var) = BATCH_STATISTICS(&x.t());
    (NORMALISE(&x.t(), &mean, &var, case.float("eps")), var)
}

fn running(layer: &BatchNorm) -> Record {
    Record::new().with("running_mean", layer.running_mean.clone()).with("running_var", layer.running_var.clone())
}

fn gradients(record: Record, d_x: Array2<f64>, layer: &BatchNorm, number: &str) -> Record {
    record
        .with(&format!("d_x{number}"), d_x)
        .with(&format!("d_gamma{number}"), layer.d_gamma.clone())
        .with(&format!("d_beta{number}"), layer.d_beta.clone())
}

/// The learner's network for the sizes of a case, with the parameters `parameter 1`, `parameter 2` and so on.
fn network(case: &Record, switch: &Switch) -> Sequential {
    let mut net = NORMALISED_MLP(&case.counts("sizes"), switch, &mut generator(1));
    for (number, mut parameter) in (1..).zip(net.parameters()) {
        let name = format!("parameter {number}");
        match parameter.value.ndim() {
            1 => parameter.value.assign(&case.vector(&name)),
            _ => parameter.value.assign(&case.matrix(&name)),
        }
    }
    net
}

fn mode(name: &str) -> Mode {
    match name {
        "training" => Mode::Train,
        "evaluation" => Mode::Eval,
        other => panic!("a case asks for the mode `{other}`"),
    }
}

fn name_of(mode: Mode) -> &'static str {
    match mode {
        Mode::Train => "training",
        Mode::Eval => "evaluation",
    }
}

/// A layer that doubles in training and adds 1 in evaluation.
struct Spy {
    switch: Switch,
    seen: Rc<RefCell<Vec<&'static str>>>,
}

impl Layer for Spy {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let mode = MODE(&self.switch);
        self.seen.borrow_mut().push(name_of(mode));
        match mode {
            Mode::Train => x * 2.0,
            Mode::Eval => x + 1.0,
        }
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        d_out.to_owned()
    }

    fn describe(&self) -> String {
        "Spy".to_owned()
    }
}

/// Normal numbers with mean 0 and standard deviation 1.
fn noise(shape: (usize, usize), rng: &mut Generator) -> Array2<f64> {
    use rand_distr::{Distribution, StandardNormal};
    Array2::from_shape_simple_fn(shape, || StandardNormal.sample(rng))
}
