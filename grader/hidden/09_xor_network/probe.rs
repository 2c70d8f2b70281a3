//! What the grader asks of exercise 9.

use ndarray::{Array1, Array2, ArrayRef2};
use probe::{Generator, Record, generator, serve};
use submission::{Activation, ForwardCache, Gradients, XorNet};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const FROM_PARTS: fn(Array2<f64>, Array1<f64>, Array2<f64>, Array1<f64>, Activation) -> XorNet = XorNet::from_parts;
const FORWARD: fn(&XorNet, &ArrayRef2<f64>) -> ForwardCache = XorNet::forward;
const HIDDEN_REPRESENTATION: fn(&XorNet, &ArrayRef2<f64>) -> Array2<f64> = XorNet::hidden_representation;
const PREDICT: fn(&XorNet, &ArrayRef2<f64>) -> Array1<usize> = XorNet::predict;
const HAND_MADE_XOR: fn(Activation) -> XorNet = submission::hand_made_xor;
const LOSS: fn(&XorNet, &ArrayRef2<f64>, &ArrayRef2<f64>) -> f64 = XorNet::loss;
const GRADIENTS: fn(&XorNet, &ForwardCache, &ArrayRef2<f64>, &ArrayRef2<f64>) -> Gradients = XorNet::gradients;
const STEP: fn(&mut XorNet, &Gradients, f64) = XorNet::step;
const TRAIN: fn(&mut XorNet, &ArrayRef2<f64>, &ArrayRef2<f64>, usize, f64) -> Vec<f64> = XorNet::train;
const HAS_SYMMETRY: fn(&XorNet) -> bool = XorNet::has_symmetry;
const NEW: fn(usize, Activation, &mut Generator) -> XorNet = XorNet::new;
const HAND_MADE_PARITY: fn(usize) -> XorNet = submission::hand_made_parity;

fn main() {
    serve(&[
        ("forward", |case| {
            let ForwardCache { z1, a1, z2, a2 } = FORWARD(&net(case), &case.matrix("x"));
            Record::new().with("z1", z1).with("a1", a1).with("z2", z2).with("a2", a2)
        }),
        // For the pictures, which ask for thousands of places.
        ("outputs", |case| FORWARD(&net(case), &case.matrix("x")).a2.into()),
        ("hidden_representation", |case| HIDDEN_REPRESENTATION(&net(case), &case.matrix("x")).into()),
        ("predict", |case| PREDICT(&net(case), &case.matrix("x")).to_vec().into()),
        ("hand_made_xor", |case| {
            // What the network makes of the samples is for the learner to read.
            let net = HAND_MADE_XOR(activation(case));
            let ForwardCache { a1, a2, .. } = FORWARD(&net, &case.matrix("x"));
            parts(net).with("a1", a1).with("a2", a2)
        }),
        ("loss", |case| LOSS(&net(case), &case.matrix("x"), &case.matrix("y")).into()),
        ("gradients", |case| {
            let (net, x) = (net(case), case.matrix("x"));
            let Gradients { w1, b1, w2, b2 } = GRADIENTS(&net, &FORWARD(&net, &x), &x, &case.matrix("y"));
            Record::new().with("dw1", w1).with("db1", b1).with("dw2", w2).with("db2", b2)
        }),
        ("step", |case| {
            let mut net = net(case);
            let gradients = Gradients {
                w1: case.matrix("dw1").to_owned(),
                b1: case.vector("db1").to_owned(),
                w2: case.matrix("dw2").to_owned(),
                b2: case.vector("db2").to_owned(),
            };
            STEP(&mut net, &gradients, case.float("learning_rate"));
            parts(net)
        }),
        ("train", |case| {
            let mut net = net(case);
            let (epochs, learning_rate) = (case.count("epochs"), case.float("learning_rate"));
            let losses = TRAIN(&mut net, &case.matrix("x"), &case.matrix("y"), epochs, learning_rate);
            parts(net).with("losses", Array1::from(losses))
        }),
        ("has_symmetry", |case| HAS_SYMMETRY(&net(case)).into()),
        ("new", |case| {
            let mut rng = generator(case.count("seed") as u64);
            let mut new = || NEW(case.count("n_hidden"), activation(case), &mut rng);
            let (first, second) = (new(), new());
            parts(first).with("w1_of_the_next", second.w1).with("w2_of_the_next", second.w2)
        }),
        ("hand_made_parity", |case| parts(HAND_MADE_PARITY(case.count("n_inputs")))),
    ]);
}

fn activation(case: &Record) -> Activation {
    match case.text("hidden") {
        "sigmoid" => Activation::Sigmoid,
        "relu" => Activation::Relu,
        other => panic!("a case asks for the activation `{other}`"),
    }
}

fn net(case: &Record) -> XorNet {
    FROM_PARTS(
        case.matrix("w1").to_owned(),
        case.vector("b1").to_owned(),
        case.matrix("w2").to_owned(),
        case.vector("b2").to_owned(),
        activation(case),
    )
}

fn parts(net: XorNet) -> Record {
    let hidden = match net.hidden {
        Activation::Sigmoid => "sigmoid",
        Activation::Relu => "relu",
    };
    Record::new().with("w1", net.w1).with("b1", net.b1).with("w2", net.w2).with("b2", net.b2).with("hidden", hidden)
}
