//! What the grader asks of exercise 12.

use engine::{Activation, Layer, Linear, Loss, Mse, Parameter, Sequential, SoftmaxCrossEntropy, Tanh, mlp};
use ndarray::{Array1, Array2, ArrayD, ArrayRef1, ArrayRef2, ArrayView1};
use probe::{Record, Value, generator, serve};
use submission::{Adam, AdamW, Momentum, Nesterov, Optimizer, RmsProp, Sgd};

/// The slopes at a point.
type Gradient = Box<dyn Fn(&ArrayRef1<f64>) -> Array1<f64>>;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const SGD: fn(f64) -> Sgd = Sgd::new;
const MOMENTUM: fn(f64, f64) -> Momentum = Momentum::new;
const NESTEROV: fn(f64, f64) -> Nesterov = Nesterov::new;
const RMS_PROP: fn(f64, f64, f64) -> RmsProp = RmsProp::new;
const ADAM: fn(f64, [f64; 2], f64) -> Adam = Adam::new;
const ADAM_W: fn(f64, [f64; 2], f64, f64) -> AdamW = AdamW::new;
const ROSENBROCK: fn(&ArrayRef1<f64>) -> f64 = submission::rosenbrock;
const ROSENBROCK_GRAD: fn(&ArrayRef1<f64>) -> Array1<f64> = submission::rosenbrock_grad;
const TRAJECTORY: fn(&mut dyn Optimizer, Gradient, &ArrayRef1<f64>, usize) -> Array2<f64> = submission::trajectory;
const TRAIN: fn(&mut Sequential, &ArrayRef2<f64>, &ArrayRef2<f64>, &dyn Loss, &mut dyn Optimizer, usize) -> Vec<f64> =
    submission::train;

fn main() {
    serve(&[
        ("steps", |case| {
            let mut rule = optimizer(case);
            let (mut theta, gradients) = (case.vector("start").to_owned(), case.matrix("gradients"));
            let mut after = Array2::zeros(gradients.dim());
            for (step, gradient) in gradients.rows().into_iter().enumerate() {
                if step == 2 && case.get("learning_rate from step 3 on").is_some() {
                    rule.set_learning_rate(case.float("learning_rate from step 3 on"));
                }
                rule.step(&mut [Parameter { value: theta.view_mut().into_dyn(), gradient: gradient.into_dyn() }]);
                after.row_mut(step).assign(&theta);
            }
            let record = Record::new().with("result", after);
            match case.text("optimizer") {
                "AdamW" => record.with("Adam alone", adam_alone(case, &case.vector("start"), gradients.rows())),
                _ => record,
            }
        }),
        ("two_parameters", |case| {
            let mut rule = optimizer(case);
            let names = ["first", "second"];
            let mut values = names.map(|name| any_array(case, name));
            let gradients = names.map(|name| any_array(case, &format!("gradient of {name}")));
            for _ in 0..case.count("n_steps") {
                let [one, other] = &mut values;
                rule.step(&mut [
                    Parameter { value: one.view_mut(), gradient: gradients[0].view() },
                    Parameter { value: other.view_mut(), gradient: gradients[1].view() },
                ]);
            }
            let [one, other] = values;
            let record = Record::new().with("first", one).with("second", other);
            if case.text("optimizer") != "AdamW" {
                return record;
            }
            names.into_iter().zip(gradients).fold(record, |record, (name, gradient)| {
                let (start, gradient) = (any_array(case, name).flatten().to_owned(), gradient.flatten().to_owned());
                let gradients = (0..case.count("n_steps")).map(|_| gradient.view());
                record.with(&format!("Adam alone, {name}"), adam_alone(case, &start, gradients))
            })
        }),
        ("rosenbrock", |case| ROSENBROCK(&case.vector("point")).into()),
        ("rosenbrock_grad", |case| ROSENBROCK_GRAD(&case.vector("point")).into()),
        ("trajectory", |case| {
            let curvatures = case.vector("curvatures").to_owned();
            let bowl: Gradient = Box::new(move |point| &curvatures * &point.to_owned());
            let mut descent = Descent { learning_rate: case.float("learning_rate"), n_calls: 0, n_parameters: 0 };
            let path = TRAJECTORY(&mut descent, bowl, &case.vector("start"), case.count("n_steps"));
            Record::new()
                .with("result", path)
                .with("parameters in a step", descent.n_parameters)
                .with("calls of step", descent.n_calls)
        }),
        ("path", |case| {
            let valley: fn(&ArrayRef1<f64>) -> f64 = match case.text("valley") {
                "rosenbrock" => ROSENBROCK,
                _ => |point| 0.5 * (point[0] * point[0] + 50.0 * point[1] * point[1]),
            };
            let gradient: Gradient = match case.text("valley") {
                "rosenbrock" => Box::new(ROSENBROCK_GRAD),
                _ => Box::new(|point| Array1::from(vec![point[0], 50.0 * point[1]])),
            };
            let path = TRAJECTORY(optimizer(case).as_mut(), gradient, &case.vector("start"), case.count("n_steps"));
            let heights: Array1<f64> = path.rows().into_iter().map(|point| valley(&point)).collect();
            Record::new().with("path", path).with("heights", heights)
        }),
        ("train", |case| {
            let mut net = Sequential::new(vec![layer(case, "1"), Box::new(Tanh::default()), layer(case, "2")]);
            let mut descent = Descent { learning_rate: case.float("learning_rate"), n_calls: 0, n_parameters: 0 };
            let (x, y) = (case.matrix("x"), case.matrix("y"));
            let losses = TRAIN(&mut net, &x, &y, &Mse, &mut descent, case.count("n_steps"));
            let names = ["weights1", "biases1", "weights2", "biases2"];
            let parameters = names.into_iter().zip(net.parameters());
            let record = Record::new().with("losses", Array1::from(losses)).with("calls of step", descent.n_calls);
            parameters.fold(record, |record, (name, parameter)| record.with(name, parameter.value.to_owned()))
        }),
        ("train_with", |case| {
            // The same samples and the same start for every rule.
            let rng = &mut generator(case.count("seed") as u64);
            let data = datasets::circles(case.count("n_samples"), 0.5, 0.05, rng);
            let one_hot = |(i, class)| if data.labels[i] == class { 1.0 } else { 0.0 };
            let y = Array2::from_shape_fn((data.n_samples(), 2), one_hot);
            let mut net = mlp(&[2, case.count("n_hidden"), 2], Activation::Tanh, rng);
            let mut rule = optimizer(case);
            let n_steps = case.count("n_steps");
            Array1::from(TRAIN(&mut net, &data.features, &y, &SoftmaxCrossEntropy, rule.as_mut(), n_steps)).into()
        }),
    ]);
}

/// The learner's rule that a case names, with the hyper-parameters that it gives.
fn optimizer(case: &Record) -> Box<dyn Optimizer> {
    let learning_rate = case.float("learning_rate");
    let betas = || {
        let betas = case.vector("betas");
        [betas[0], betas[1]]
    };
    match case.text("optimizer") {
        "Sgd" => Box::new(SGD(learning_rate)),
        "Momentum" => Box::new(MOMENTUM(learning_rate, case.float("beta"))),
        "Nesterov" => Box::new(NESTEROV(learning_rate, case.float("beta"))),
        "RmsProp" => Box::new(RMS_PROP(learning_rate, case.float("alpha"), case.float("epsilon"))),
        "Adam" => Box::new(ADAM(learning_rate, betas(), case.float("epsilon"))),
        "AdamW" => Box::new(ADAM_W(learning_rate, betas(), case.float("epsilon"), case.float("weight_decay"))),
        other => panic!("a case asks for the optimiser `{other}`"),
    }
}

/// Where the learner's Adam is after each step, a row a step: what it does within AdamW is no fault of AdamW's.
fn adam_alone<'a>(
    case: &Record,
    start: &ArrayRef1<f64>,
    gradients: impl IntoIterator<Item = ArrayView1<'a, f64>>,
) -> Array2<f64> {
    let betas = case.vector("betas");
    let mut adam = ADAM(case.float("learning_rate"), [betas[0], betas[1]], case.float("epsilon"));
    let mut theta = start.to_owned();
    let mut after = Array2::zeros((0, theta.len()));
    for (step, gradient) in gradients.into_iter().enumerate() {
        if step == 2 && case.get("learning_rate from step 3 on").is_some() {
            adam.set_learning_rate(case.float("learning_rate from step 3 on"));
        }
        adam.step(&mut [Parameter { value: theta.view_mut().into_dyn(), gradient: gradient.into_dyn() }]);
        after.push_row(theta.view()).expect("theta stays as long as it is");
    }
    after
}

/// Plain descent of the probe's own, so that a path says nothing about the learner's rules.
struct Descent {
    learning_rate: f64,
    n_calls: usize,
    /// The most that were handed over in one call.
    n_parameters: usize,
}

impl Optimizer for Descent {
    fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        self.n_calls += 1;
        self.n_parameters = self.n_parameters.max(parameters.len());
        for parameter in parameters {
            parameter.value.scaled_add(-self.learning_rate, &parameter.gradient);
        }
    }

    fn set_learning_rate(&mut self, learning_rate: f64) {
        self.learning_rate = learning_rate;
    }
}

/// The part called `name`, whatever its number of dimensions is.
fn any_array(case: &Record, name: &str) -> ArrayD<f64> {
    match case.get(name) {
        Some(Value::Array { shape, .. }) if shape.len() == 1 => case.vector(name).to_owned().into_dyn(),
        _ => case.matrix(name).to_owned().into_dyn(),
    }
}

fn layer(case: &Record, number: &str) -> Box<dyn Layer> {
    let weights = case.matrix(&format!("weights{number}")).to_owned();
    Box::new(Linear::from_parts(weights, case.vector(&format!("biases{number}")).to_owned()))
}
