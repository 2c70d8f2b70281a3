//! What the grader asks of exercise 10.

use std::{cell::RefCell, rc::Rc};

use ndarray::{Array1, Array2, ArrayD, ArrayRef2};
use probe::{Generator, Record, generator, report_progress, serve};
use submission::{
    Activation, BceWithLogits, Layer, Linear, Loss, Mse, Parameter, Relu, Sequential, Sigmoid, Softmax,
    SoftmaxCrossEntropy, Tanh,
};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message. The traits are pinned by `Scale`, `Given`, `Squares` and `Cubes` below, which implement them.
const LINEAR: fn(Array2<f64>, Array1<f64>) -> Linear = Linear::from_parts;
const NEW_LINEAR: fn(usize, usize, &mut Generator) -> Linear = Linear::new;
const SEQUENTIAL: fn(Vec<Box<dyn Layer>>) -> Sequential = Sequential::new;
const FORWARD: fn(&mut Sequential, &ArrayRef2<f64>) -> Array2<f64> = Sequential::forward;
const BACKWARD: fn(&mut Sequential, &ArrayRef2<f64>) -> Array2<f64> = Sequential::backward;
const PARAMETERS: for<'a> fn(&'a mut Sequential) -> Vec<Parameter<'a>> = Sequential::parameters;
const N_PARAMETERS: fn(&mut Sequential) -> usize = Sequential::n_parameters;
const STEP: fn(&mut Sequential, f64) = Sequential::step;
const TRAIN_STEP: fn(&mut Sequential, &ArrayRef2<f64>, &ArrayRef2<f64>, &dyn Loss, f64) -> f64 = Sequential::train_step;
const SUMMARY: fn(&mut Sequential) -> String = Sequential::summary;
const MLP: fn(&[usize], Activation, &mut Generator) -> Sequential = submission::mlp;

fn main() {
    serve(&[
        ("layer_forward", |case| layer(case, case.text("layer"), "").forward(&case.matrix("x")).into()),
        ("layer_backward", |case| {
            let mut layer = layer(case, case.text("layer"), "");
            layer.forward(&case.matrix("x"));
            layer.backward(&case.matrix("d_out")).into()
        }),
        ("layer", |case| {
            let mut layer = layer(case, case.text("layer"), "");
            let output = layer.forward(&case.matrix("x"));
            Record::new().with("output", output).with("d_x", layer.backward(&case.matrix("d_out")))
        }),
        ("linear_gradients", |case| {
            let mut layer = linear(case, "");
            layer.forward(&case.matrix("x"));
            layer.backward(&case.matrix("d_out"));
            Record::new().with("d_weights", layer.d_weights).with("d_biases", layer.d_biases)
        }),
        ("linear_parameters", |case| {
            let mut layer = linear(case, "");
            layer.d_weights = case.matrix("d_weights").to_owned();
            layer.d_biases = case.vector("d_biases").to_owned();
            let mut record = Record::new();
            for (number, mut parameter) in (1..).zip(layer.parameters()) {
                record = record.with(&format!("gradient {number}"), parameter.gradient.to_owned());
                parameter.value += 1.0;
            }
            record.with("weights raised by 1", layer.weights).with("biases raised by 1", layer.biases)
        }),
        ("new_linear", |case| {
            let layer = NEW_LINEAR(case.count("n_in"), case.count("n_out"), &mut generator(case.count("seed") as u64));
            Record::new().with("weights", layer.weights).with("biases", layer.biases)
        }),
        ("passes", |case| match case.text("layer") {
            "Linear" => passes(case, [&mut linear(case, ""), &mut linear(case, "")], |layer| {
                vec![
                    ("d_weights", layer.d_weights.to_owned().into_dyn()),
                    ("d_biases", layer.d_biases.to_owned().into_dyn()),
                ]
            }),
            name => passes(case, [&mut *layer(case, name, ""), &mut *layer(case, name, "")], |_| Vec::new()),
        }),
        ("value", |case| loss(case).value(&case.matrix("output"), &case.matrix("target")).into()),
        ("gradient", |case| loss(case).gradient(&case.matrix("output"), &case.matrix("target")).into()),
        ("loss", |case| {
            let (loss, output, target) = (loss(case), case.matrix("output"), case.matrix("target"));
            let value = loss.value(&output, &target);
            Record::new().with("value", value).with("gradient", loss.gradient(&output, &target))
        }),
        ("calls", calls),
        ("network_forward", |case| FORWARD(&mut network(case), &case.matrix("x")).into()),
        ("network_gradients", |case| {
            let mut network = network(case);
            let output = FORWARD(&mut network, &case.matrix("x"));
            let d_x = BACKWARD(&mut network, &case.matrix("d_out"));
            let record = Record::new().with("output", output).with("d_x", d_x);
            (1..).zip(PARAMETERS(&mut network)).fold(record, |record, (number, parameter)| {
                record.with(&format!("gradient {number}"), parameter.gradient.to_owned())
            })
        }),
        ("network_parameters", |case| values(&mut network(case))),
        ("n_parameters", |case| N_PARAMETERS(&mut zeros(case, "Sigmoid")).into()),
        ("step", |case| {
            let mut network = network(case);
            STEP(&mut network, case.float("learning_rate"));
            values(&mut network)
        }),
        ("train_steps", |case| {
            let mut network = network(case);
            let losses: Array1<f64> = (0..case.count("steps")).map(|_| train_step(&mut network, case)).collect();
            values(&mut network).with("losses", losses)
        }),
        ("slopes", slopes),
        ("training", |case| {
            let mut network = network(case);
            let steps = case.count("steps");
            let mut losses = Vec::new();
            for step in 0..steps {
                report_progress(step, steps, losses.last().copied());
                losses.push(train_step(&mut network, case));
            }
            let scores = FORWARD(&mut network, &case.matrix("grid"));
            Record::new().with("losses", Array1::from(losses)).with("scores", scores)
        }),
        ("mlp", |case| {
            let mut network = MLP(&case.counts("sizes"), activation(case), &mut generator(1));
            // What `mlp` draws is chance; these numbers are not.
            let mut shapes = Vec::new();
            for mut parameter in PARAMETERS(&mut network) {
                shapes.push(format!("{:?}", parameter.value.shape()));
                for (index, value) in (1..).zip(&mut parameter.value) {
                    *value = f64::from(index * (shapes.len() as i32)).sin();
                }
            }
            Record::new().with("shapes", shapes.join(" ")).with("output", FORWARD(&mut network, &case.matrix("x")))
        }),
        ("mlp_draws", |case| {
            let mut rng = generator(case.count("seed") as u64);
            let (sizes, activation) = (case.counts("sizes"), activation(case));
            let (mut one, mut another) = (MLP(&sizes, activation, &mut rng), MLP(&sizes, activation, &mut rng));
            let (one, another) = (PARAMETERS(&mut one), PARAMETERS(&mut another));
            Record::new()
                .with("weights of the first layer", one[0].value.to_owned())
                .with("weights of the second layer", one[2].value.to_owned())
                .with("weights of another mlp", another[0].value.to_owned())
        }),
        ("summary", |case| SUMMARY(&mut network(case)).into()),
        ("summary_of_sizes", |case| SUMMARY(&mut zeros(case, case.text("between"))).into()),
    ]);
}

/// Forward and backward passes of two layers of a kind, in the order that the case asks for.
fn passes<L: Layer + ?Sized>(
    case: &Record,
    [layer, another]: [&mut L; 2],
    gradients: impl Fn(&L) -> Vec<(&'static str, ArrayD<f64>)>,
) -> Record {
    let mut record = Record::new();
    let mut number = 0;
    for pass in case.text("passes").split(", ") {
        match pass {
            "forward(x)" => drop(layer.forward(&case.matrix("x"))),
            "forward(x2)" => drop(layer.forward(&case.matrix("x2"))),
            "another layer's forward(x2)" => drop(another.forward(&case.matrix("x2"))),
            "backward(d_out)" => {
                number += 1;
                record = record.with(&format!("d_x {number}"), layer.backward(&case.matrix("d_out")));
                for (name, gradient) in gradients(layer) {
                    record = record.with(&format!("{name} {number}"), gradient);
                }
            }
            other => panic!("a case asks for the pass `{other}`"),
        }
    }
    record
}

/// What a network does with layers that it has never seen: what it calls, and what comes of it.
fn calls(case: &Record) -> Record {
    let log = Rc::new(RefCell::new(Vec::new()));
    let layers = (1..).zip(case.vector("scales")).map(|(number, scale)| -> Box<dyn Layer> {
        Box::new(Scale { log: Some((number, Rc::clone(&log))), ..Scale::by(*scale) })
    });
    let mut network = SEQUENTIAL(layers.collect());
    let mut record = Record::new().with("output", FORWARD(&mut network, &case.matrix("x")));
    if case.get("d_out").is_some() {
        record = record.with("d_x", BACKWARD(&mut network, &case.matrix("d_out")));
    }
    record.with("calls", log.take().join(", "))
}

/// What a [`Scale`] writes down, under its number.
type Log = (usize, Rc<RefCell<Vec<String>>>);

/// A layer that is not the learner's: `scale · x + 1`. Its one parameter is learned.
struct Scale {
    scale: Array1<f64>,
    d_scale: Array1<f64>,
    input: Array2<f64>,
    log: Option<Log>,
}

impl Scale {
    fn by(scale: f64) -> Self {
        Self { scale: Array1::from_elem(1, scale), d_scale: Array1::zeros(1), input: Array2::zeros((0, 0)), log: None }
    }

    fn write_down(&self, call: &str) {
        if let Some((number, log)) = &self.log {
            log.borrow_mut().push(format!("{call} {number}"));
        }
    }
}

impl Layer for Scale {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.write_down("forward");
        self.input = x.to_owned();
        x * self.scale[0] + 1.0
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        self.write_down("backward");
        self.d_scale[0] = (d_out * &*self.input).sum();
        d_out * self.scale[0]
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        vec![Parameter { value: self.scale.view_mut().into_dyn(), gradient: self.d_scale.view().into_dyn() }]
    }

    fn describe(&self) -> String {
        format!("Scale by {}", self.scale[0])
    }
}

/// A layer that is not the learner's, with the parameters and gradients of a case. No pass changes them.
struct Given {
    weights: [Array2<f64>; 2],
    biases: [Array1<f64>; 2],
}

impl Layer for Given {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        x.to_owned()
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        d_out.to_owned()
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        let ([weights, d_weights], [biases, d_biases]) = (&mut self.weights, &mut self.biases);
        vec![
            Parameter { value: weights.view_mut().into_dyn(), gradient: d_weights.view().into_dyn() },
            Parameter { value: biases.view_mut().into_dyn(), gradient: d_biases.view().into_dyn() },
        ]
    }

    fn describe(&self) -> String {
        "Given".to_owned()
    }
}

/// A loss that is not the learner's: the sum of the squares of the errors.
struct Squares;

impl Loss for Squares {
    fn value(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> f64 {
        (output - target).mapv(|error| error * error).sum()
    }

    fn gradient(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> Array2<f64> {
        (output - target) * 2.0
    }
}

/// A loss that is not the learner's: the sum of the cubes of the errors.
struct Cubes;

impl Loss for Cubes {
    fn value(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> f64 {
        (output - target).mapv(|error| error.powi(3)).sum()
    }

    fn gradient(&self, output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> Array2<f64> {
        (output - target).mapv(|error| 3.0 * error * error)
    }
}

fn train_step(network: &mut Sequential, case: &Record) -> f64 {
    TRAIN_STEP(network, &case.matrix("x"), &case.matrix("target"), &*loss(case), case.float("learning_rate"))
}

/// The gradient of the loss with respect to every parameter, by a backward pass and measured.
fn slopes(case: &Record) -> Record {
    const H: f64 = 1e-5;
    let (mut network, loss) = (network(case), loss(case));
    let (x, target) = (case.matrix("x"), case.matrix("target"));
    let output = FORWARD(&mut network, &x);
    BACKWARD(&mut network, &loss.gradient(&output, &target));
    let backward: Array1<f64> =
        PARAMETERS(&mut network).iter().flat_map(|parameter| parameter.gradient.iter().copied()).collect();
    let counts: Vec<usize> = PARAMETERS(&mut network).iter().map(|parameter| parameter.value.len()).collect();
    let mut measured = Vec::new();
    for (number, count) in counts.into_iter().enumerate() {
        for index in 0..count {
            let mut nudged = |by: f64| {
                *PARAMETERS(&mut network)[number].value.iter_mut().nth(index).expect("counted before") += by;
                loss.value(&FORWARD(&mut network, &x), &target)
            };
            let (above, below) = (nudged(H), nudged(-2.0 * H));
            nudged(H);
            measured.push((above - below) / (2.0 * H));
        }
    }
    Record::new().with("backward", backward).with("measured", Array1::from(measured))
}

/// The parameters of a network, in the order in which it names them.
fn values(network: &mut Sequential) -> Record {
    let parameters = PARAMETERS(network);
    let record = Record::new().with("how many", parameters.len());
    (1..).zip(parameters).fold(record, |record, (number, parameter)| {
        record.with(&format!("parameter {number}"), parameter.value.to_owned())
    })
}

/// The network that a case describes: names of layers, and parameters with the number of their layer.
fn network(case: &Record) -> Sequential {
    let names = case.text("network").split(", ");
    SEQUENTIAL((1..).zip(names).map(|(number, name): (usize, _)| layer(case, name, &format!(" {number}"))).collect())
}

/// Linear layers of zeros between the sizes of a case, with another layer between them.
fn zeros(case: &Record, between: &str) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for pair in case.counts("sizes").windows(2) {
        if !layers.is_empty() {
            layers.push(layer(case, between, ""));
        }
        layers.push(Box::new(LINEAR(Array2::zeros((pair[0], pair[1])), Array1::zeros(pair[1]))));
    }
    SEQUENTIAL(layers)
}

/// A layer whose parameters, if it has any, a case holds under names that end in `suffix`.
fn layer(case: &Record, name: &str, suffix: &str) -> Box<dyn Layer> {
    match name {
        "Linear" => Box::new(linear(case, suffix)),
        "ReLU" => Box::new(Relu::default()),
        "Sigmoid" => Box::new(Sigmoid::default()),
        "Tanh" => Box::new(Tanh::default()),
        "Softmax" => Box::new(Softmax::default()),
        "Scale" => Box::new(Scale::by(case.float(&format!("scale{suffix}")))),
        "Given" => Box::new(Given {
            weights: ["weights", "d_weights"].map(|part| case.matrix(&format!("{part}{suffix}")).to_owned()),
            biases: ["biases", "d_biases"].map(|part| case.vector(&format!("{part}{suffix}")).to_owned()),
        }),
        other => panic!("a case asks for the layer `{other}`"),
    }
}

fn linear(case: &Record, suffix: &str) -> Linear {
    let part = |name| format!("{name}{suffix}");
    LINEAR(case.matrix(&part("weights")).to_owned(), case.vector(&part("biases")).to_owned())
}

fn loss(case: &Record) -> Box<dyn Loss> {
    match case.text("loss") {
        "Mse" => Box::new(Mse),
        "BceWithLogits" => Box::new(BceWithLogits),
        "SoftmaxCrossEntropy" => Box::new(SoftmaxCrossEntropy),
        "sum of squares" => Box::new(Squares),
        "sum of cubes" => Box::new(Cubes),
        other => panic!("a case asks for the loss `{other}`"),
    }
}

fn activation(case: &Record) -> Activation {
    match case.text("activation") {
        "Relu" => Activation::Relu,
        "Sigmoid" => Activation::Sigmoid,
        "Tanh" => Activation::Tanh,
        other => panic!("a case asks for the activation `{other}`"),
    }
}
