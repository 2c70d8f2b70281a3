//! What the grader asks of exercise 15.

use engine::{Activation, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array1, Array2, ArrayRef2};
use probe::{Record, generator, layers_of, serve};
use submission::Init;

type Generator = rand::rngs::Xoshiro256PlusPlus;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const STD_OF: fn(Init, usize, usize) -> f64 = submission::std_of;
const UNIFORM_BOUND: fn(f64) -> f64 = submission::uniform_bound;
const DRAW_WEIGHTS: fn(Init, usize, usize, &mut Generator) -> Array2<f64> = submission::draw_weights;
const BUILD: fn(&[usize], Activation, Init, &mut Generator) -> Sequential = submission::build;
const SCALE: fn(&ArrayRef2<f64>) -> f64 = submission::scale;
const ACTIVATION_SCALES: fn(&[Array2<f64>], Activation, &ArrayRef2<f64>) -> Vec<f64> = submission::activation_scales;
const GRADIENT_SCALES: fn(&[Array2<f64>], Activation, &ArrayRef2<f64>, &ArrayRef2<f64>) -> Vec<f64> =
    submission::gradient_scales;
const SATURATION: fn(&ArrayRef2<f64>, Activation) -> f64 = submission::saturation;
const RESCALE: fn(&mut [Array2<f64>], Activation, &ArrayRef2<f64>) = submission::rescale;

fn main() {
    serve(&[
        ("std_of", |case| STD_OF(init(case), case.count("n_in"), case.count("n_out")).into()),
        ("uniform_bound", |case| UNIFORM_BOUND(case.float("std")).into()),
        ("draw_weights", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let mut draw = || DRAW_WEIGHTS(init(case), case.count("n_in"), case.count("n_out"), rng);
            Record::new().with("first", draw()).with("second", draw())
        }),
        ("build", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let mut net = BUILD(&case.counts("sizes"), activation(case), init(case), rng);
            let mut record = Record::new().with("layers", layers_of(&net.summary()));
            let mut counts = [0_usize; 2];
            for parameter in net.parameters() {
                let is_biases = usize::from(parameter.value.ndim() == 1);
                counts[is_biases] += 1;
                let name = format!("{}{}", ["weights", "biases"][is_biases], counts[is_biases]);
                record = record.with(&name, parameter.value.to_owned());
            }
            record
        }),
        ("scale", |case| SCALE(&case.matrix("a")).into()),
        ("activation_scales", |case| {
            let scales = ACTIVATION_SCALES(&weights(case), activation(case), &case.matrix("x"));
            scale_of_x(case).with("result", Array1::from(scales))
        }),
        ("gradient_scales", |case| {
            let (x, d_out) = (case.matrix("x"), case.matrix("d_out"));
            let scales = GRADIENT_SCALES(&weights(case), activation(case), &x, &d_out);
            scale_of_x(case).with("result", Array1::from(scales))
        }),
        ("saturation", |case| SATURATION(&case.matrix("a"), activation(case)).into()),
        ("rescale", |case| {
            let mut weights = weights(case);
            RESCALE(&mut weights, activation(case), &case.matrix("x"));
            let numbered = (1..).zip(weights);
            numbered.fold(scale_of_x(case), |record, (number, w)| record.with(&format!("weights{number}"), w))
        }),
        // For the pictures: what becomes of a signal and of a gradient in a deep network of the learner's own weights.
        ("deep", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let (n_layers, width) = (case.count("n_layers"), case.count("width"));
            let mut weights: Vec<_> = (0..n_layers).map(|_| DRAW_WEIGHTS(init(case), width, width, rng)).collect();
            // Inputs of the scale 1, from the probe's own generator.
            let [x, d_out] = [1, 2].map(|seed| signs((50, width), &mut generator(seed)));
            if case.get("rescaled").is_some() {
                RESCALE(&mut weights, activation(case), &x);
            }
            Record::new()
                .with("forward", Array1::from(ACTIVATION_SCALES(&weights, activation(case), &x)))
                .with("backward", Array1::from(GRADIENT_SCALES(&weights, activation(case), &x, &d_out)))
        }),
        ("train", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let data = datasets::circles(200, 0.5, 0.05, rng);
            let one_hot = |(i, class)| if data.labels[i] == class { 1.0 } else { 0.0 };
            let y = Array2::from_shape_fn((data.n_samples(), 2), one_hot);
            let width = case.count("width");
            let sizes: Vec<usize> = [2].into_iter().chain(vec![width; case.count("n_layers")]).chain([2]).collect();
            let mut net = BUILD(&sizes, activation(case), init(case), rng);
            let rate = case.float("learning_rate");
            let step = |_| net.train_step(&data.features, &y, &SoftmaxCrossEntropy, rate);
            (0..case.count("n_steps")).map(step).collect::<Array1<f64>>().into()
        }),
    ]);
}

fn init(case: &Record) -> Init {
    match case.text("init") {
        "Zeros" => Init::Zeros,
        "Constant" => Init::Constant(case.float("number")),
        "Normal" => Init::Normal(case.float("number")),
        "XavierNormal" => Init::XavierNormal,
        "XavierUniform" => Init::XavierUniform,
        "HeNormal" => Init::HeNormal,
        "HeUniform" => Init::HeUniform,
        other => panic!("a case asks for the initialisation `{other}`"),
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

/// What the learner's own `scale` says of the inputs.
fn scale_of_x(case: &Record) -> Record {
    Record::new().with("scale of x", SCALE(&case.matrix("x")))
}

/// The matrices called `weights1`, `weights2` and so on.
fn weights(case: &Record) -> Vec<Array2<f64>> {
    let names = (1..).map(|number| format!("weights{number}"));
    names.take_while(|name| case.get(name).is_some()).map(|name| case.matrix(&name).to_owned()).collect()
}

/// A matrix of 1 and -1.
fn signs(shape: (usize, usize), rng: &mut Generator) -> Array2<f64> {
    use rand::RngExt;
    Array2::from_shape_simple_fn(shape, || if rng.random::<bool>() { 1.0 } else { -1.0 })
}
