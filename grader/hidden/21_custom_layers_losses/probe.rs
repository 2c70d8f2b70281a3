//! What the grader asks of exercise 21.

use engine::{Layer, Linear, Loss, Mse, Sequential, SoftmaxCrossEntropy, Tanh};
use ndarray::{Array1, Array2, ArrayRef2, Axis};
use probe::{Generator, Record, generator, layers_of, serve};
use rand::RngExt;
use submission::{ActivityPenalty, Dice, Focal, MultiPath, Residual, SelfAttention, SmoothedCrossEntropy, Swish};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const SWISH: fn(Array1<f64>) -> Swish = Swish::from_parts;
const RESIDUAL: fn(Sequential, Option<Linear>) -> Residual = Residual::new;
const MULTI_PATH: fn(Vec<Sequential>) -> MultiPath = MultiPath::new;
const RESIDUAL_MLP: fn(usize, usize, usize, usize, &mut Generator) -> Sequential = submission::residual_mlp;
const ATTENTION_WEIGHTS: fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> Array2<f64> = submission::attention_weights;
#[expect(clippy::type_complexity, reason = "it is the signature of the exercise")]
const ATTENTION_BACKWARD: fn(
    &ArrayRef2<f64>,
    &ArrayRef2<f64>,
    &ArrayRef2<f64>,
    &ArrayRef2<f64>,
    &ArrayRef2<f64>,
) -> (Array2<f64>, Array2<f64>, Array2<f64>) = submission::attention_backward;
const SELF_ATTENTION: fn(Linear, Linear, Linear, usize) -> SelfAttention = SelfAttention::from_parts;
const TARGETS: fn(&SmoothedCrossEntropy, &ArrayRef2<f64>) -> Array2<f64> = SmoothedCrossEntropy::targets;
const ACTIVITY_PENALTY: fn(f64) -> ActivityPenalty = ActivityPenalty::new;
const PENALTY: fn(&ActivityPenalty) -> f64 = ActivityPenalty::penalty;

fn main() {
    serve(&[
        ("forward", |case| {
            let output = layer(case).forward(&case.matrix("x"));
            with_own_attention(case, Record::new().with("result", output))
        }),
        ("backward", |case| {
            let mut layer = layer(case);
            layer.forward(&case.matrix("x"));
            let d_x = layer.backward(&case.matrix("d_out"));
            with_own_attention(case, Record::new().with("result", d_x))
        }),
        // What an optimiser sees of a layer, and what becomes of the layer if it moves what it sees.
        ("parameters", |case| {
            let mut layer = layer(case);
            layer.forward(&case.matrix("x"));
            layer.backward(&case.matrix("d_out"));
            let mut record = Record::new();
            let mut count = 0_usize;
            for parameter in layer.parameters() {
                count += 1;
                let gradient = parameter.gradient.to_owned();
                record = match gradient.ndim() {
                    1 => record.with(
                        &format!("gradient {count}"),
                        gradient.into_dimensionality::<ndarray::Ix1>().expect("one axis"),
                    ),
                    _ => record.with(
                        &format!("gradient {count}"),
                        gradient.into_dimensionality::<ndarray::Ix2>().expect("two axes"),
                    ),
                };
            }
            for mut parameter in layer.parameters() {
                parameter.value += 0.1;
            }
            record.with("parameters", count).with("output after 0.1 is added to them", layer.forward(&case.matrix("x")))
        }),
        ("passes", |case| {
            let mut layer = layer(case);
            let (mut record, mut number) = (Record::new(), 0);
            for pass in case.text("passes").split(", ") {
                match pass {
                    "forward(x)" => drop(layer.forward(&case.matrix("x"))),
                    "forward(x2)" => drop(layer.forward(&case.matrix("x2"))),
                    "backward(d_out)" => {
                        number += 1;
                        record = record.with(&format!("d_x {number}"), layer.backward(&case.matrix("d_out")));
                        if let Some(parameter) = layer.parameters().first() {
                            let sum: f64 = parameter.gradient.sum();
                            record = record.with(&format!("sum of the first gradient {number}"), sum);
                        }
                    }
                    other => panic!("a case asks for the pass `{other}`"),
                }
            }
            record
        }),
        // A new network: the shapes of its parameters, and which of them start at 0.
        ("structure", |case| {
            let mut net = new_residual_mlp(case, 1);
            let mut lines = Vec::new();
            for parameter in net.parameters() {
                let shape: Vec<String> = parameter.value.shape().iter().map(usize::to_string).collect();
                let is_zero = parameter.value.iter().all(|&value| value == 0.0);
                let is_one = parameter.value.iter().all(|&value| value == 1.0);
                let start = if is_zero {
                    "all 0"
                } else if is_one {
                    "all 1"
                } else {
                    "others"
                };
                lines.push(format!("{}: {start}", shape.join(" x ")));
            }
            Record::new().with("layers", layers_of(&net.summary())).with("parameters", lines.join(", "))
        }),
        ("training", |case| {
            let mut net = new_residual_mlp(case, 1);
            for (number, mut parameter) in (1..).zip(net.parameters()) {
                let name = format!("parameter {number}");
                match parameter.value.ndim() {
                    1 => parameter.value.assign(&case.vector(&name)),
                    _ => parameter.value.assign(&case.matrix(&name)),
                }
            }
            let (x, y) = (case.matrix("x"), case.matrix("y"));
            let step = |_| net.train_step(&x, &y, &Mse, case.float("learning_rate"));
            let losses: Array1<f64> = (0..case.count("steps")).map(step).collect();
            Record::new().with("losses", losses)
        }),
        ("attention_weights", |case| ATTENTION_WEIGHTS(&case.matrix("q"), &case.matrix("k")).into()),
        ("attention_backward", |case| {
            let [q, k, v] = ["q", "k", "v"].map(|name| case.matrix(name));
            let (d_q, d_k, d_v) = ATTENTION_BACKWARD(&q, &k, &v, &case.matrix("weights"), &case.matrix("d_out"));
            Record::new().with("d_q", d_q).with("d_k", d_k).with("d_v", d_v)
        }),
        ("loss_value", |case| loss(case).value(&case.matrix("output"), &case.matrix("target")).into()),
        ("loss_gradient", |case| loss(case).gradient(&case.matrix("output"), &case.matrix("target")).into()),
        ("targets", |case| {
            TARGETS(&SmoothedCrossEntropy { epsilon: case.float("epsilon") }, &case.matrix("target")).into()
        }),
        ("penalty", |case| {
            let mut layer = ACTIVITY_PENALTY(case.float("lambda"));
            if case.flag("after a forward pass") {
                layer.forward(&case.matrix("x"));
            }
            PENALTY(&layer).into()
        }),
        // For the pictures: losses of deep networks on two moons, with and without shortcuts.
        ("deep", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let data = datasets::moons(60, 0.1, rng);
            let one_hot = |(i, class)| if data.labels[i] == class { 1.0 } else { 0.0 };
            let y = Array2::from_shape_fn((data.n_samples(), 2), one_hot);
            let n_blocks = case.count("n_blocks");
            let mut net = match case.flag("shortcuts") {
                true => RESIDUAL_MLP(2, 8, n_blocks, 2, rng),
                false => plain(8, n_blocks, rng),
            };
            let mut step = || net.train_step(&data.features, &y, &SoftmaxCrossEntropy, 0.1);
            (0..case.count("steps")).map(|_| step()).collect::<Array1<f64>>().into()
        }),
        // Attention that has learned to find the marked position: its weights for a sequence for each position, as rows.
        ("marked", |case| {
            let (n_positions, rng) = (case.count("n_positions"), &mut generator(case.count("seed") as u64));
            let mut attention =
                SELF_ATTENTION(Linear::new(2, 2, rng), Linear::new(2, 2, rng), Linear::new(2, 2, rng), n_positions);
            let mut losses = Vec::new();
            for _ in 0..case.count("steps") {
                let (x, y) = sequences(32, n_positions, rng);
                // The answer is the last number that the first position puts out.
                let output = attention.forward(&x);
                let errors = &output.column(1) - &y;
                losses.push(errors.mapv(|error| error * error).mean().expect("there are samples"));
                let mut d_out = Array2::zeros(output.dim());
                d_out.column_mut(1).assign(&(errors * (2.0 / 32.0)));
                attention.backward(&d_out);
                for mut parameter in attention.parameters() {
                    parameter.value.scaled_add(-case.float("learning_rate"), &parameter.gradient);
                }
            }
            let mut weights = Array2::zeros((n_positions, n_positions));
            for (marked, mut row) in weights.rows_mut().into_iter().enumerate() {
                let x = Array2::from_shape_fn((n_positions, 2), |(i, j)| match j {
                    0 => f64::from(u8::from(i == marked)),
                    _ => 0.8 * (i as f64 * 2.3).sin(),
                });
                let (q, k) = (attention.query.forward(&x), attention.key.forward(&x));
                row.assign(&ATTENTION_WEIGHTS(&q, &k).row(0));
            }
            Record::new().with("weights", weights).with("losses", Array1::from(losses))
        }),
        // Losses of a sample by the probability of its true class, of two.
        ("by_probability", |case| {
            let losses = case.vector("p").mapv(|p: f64| {
                let z = Array2::from_shape_fn((1, 2), |(_, class)| if class == 0 { (p / (1.0 - p)).ln() } else { 0.0 });
                loss(case).value(&z, &Array2::from_shape_fn((1, 2), |(_, class)| if class == 0 { 1.0 } else { 0.0 }))
            });
            losses.into()
        }),
    ]);
}

/// As many linear layers with a Swish between any two, and no shortcuts.
fn plain(width: usize, n_blocks: usize, rng: &mut Generator) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = vec![Box::new(Linear::new(2, width, rng))];
    for _ in 0..2 * n_blocks {
        layers.push(Box::new(SWISH(Array1::ones(width))));
        layers.push(Box::new(Linear::new(width, width, rng)));
    }
    layers.push(Box::new(Linear::new(width, 2, rng)));
    Sequential::new(layers)
}

/// Sequences of vectors (is marked, value), flattened; the right answer is the value of the marked one.
fn sequences(n: usize, n_positions: usize, rng: &mut Generator) -> (Array2<f64>, Array1<f64>) {
    let (mut x, mut y) = (Array2::zeros((n, 2 * n_positions)), Array1::zeros(n));
    for (i, mut row) in x.axis_iter_mut(Axis(0)).enumerate() {
        let marked = rng.random_range(0..n_positions);
        for position in 0..n_positions {
            row[2 * position + 1] = rng.random_range(-1.0..1.0);
        }
        row[2 * marked] = 1.0;
        y[i] = row[2 * marked + 1];
    }
    (x, y)
}

fn linear(case: &Record, name: &str) -> Linear {
    Linear::from_parts(
        case.matrix(&format!("{name}_weights")).to_owned(),
        case.vector(&format!("{name}_biases")).to_owned(),
    )
}

/// SelfAttention is made of two functions; what these do with each sequence is added to its result.
fn with_own_attention(case: &Record, mut record: Record) -> Record {
    if case.text("layer") != "SelfAttention" {
        return record;
    }
    let sequence = |row: ndarray::ArrayView1<f64>| {
        let n_positions = case.count("n_positions");
        let d = row.len() / n_positions;
        row.to_owned().into_shape_with_order((n_positions, d)).expect("a row is a sequence")
    };
    for (number, row) in case.matrix("x").rows().into_iter().enumerate() {
        let x = sequence(row);
        let [q, k, v] = ["query", "key", "value"].map(|role| linear(case, role).forward(&x));
        let weights = ATTENTION_WEIGHTS(&q, &k);
        if case.get("d_out").is_some() {
            let d_out = sequence(case.matrix("d_out").row(number));
            let (d_q, d_k, d_v) = ATTENTION_BACKWARD(&q, &k, &v, &weights, &d_out);
            for (role, gradient) in [("query", d_q), ("key", d_k), ("value", d_v)] {
                record = record.with(&format!("d_{role} of sequence {number}"), gradient);
            }
        }
        record = record.with(&format!("weights of sequence {number}"), weights);
    }
    record
}

/// The layer that a case describes.
fn layer(case: &Record) -> Box<dyn Layer> {
    let linear = |name: &str| linear(case, name);
    match case.text("layer") {
        "Swish" => Box::new(SWISH(case.vector("beta").to_owned())),
        "Residual" => {
            let branch = Sequential::new(vec![Box::new(linear("branch")), Box::<Tanh>::default()]);
            Box::new(RESIDUAL(branch, case.get("shortcut_weights").map(|_| linear("shortcut"))))
        }
        "MultiPath" => {
            let first = Sequential::new(vec![Box::new(linear("first")), Box::<Tanh>::default()]);
            let mut paths = vec![first, Sequential::new(vec![Box::new(linear("second"))])];
            if case.get("third_weights").is_some() {
                paths.push(Sequential::new(vec![Box::new(linear("third"))]));
            }
            Box::new(MULTI_PATH(paths))
        }
        "SelfAttention" => {
            Box::new(SELF_ATTENTION(linear("query"), linear("key"), linear("value"), case.count("n_positions")))
        }
        "ActivityPenalty" => Box::new(ACTIVITY_PENALTY(case.float("lambda"))),
        other => panic!("a case asks for the layer `{other}`"),
    }
}

/// The loss that a case describes.
fn loss(case: &Record) -> Box<dyn Loss> {
    match case.text("loss") {
        "Focal" => {
            Box::new(Focal { gamma: case.float("gamma"), class_weights: case.vector("class_weights").to_owned() })
        }
        "SmoothedCrossEntropy" => Box::new(SmoothedCrossEntropy { epsilon: case.float("epsilon") }),
        "Dice" => Box::new(Dice { smooth: case.float("smooth") }),
        other => panic!("a case asks for the loss `{other}`"),
    }
}

fn new_residual_mlp(case: &Record, seed: u64) -> Sequential {
    let [n_in, width, n_blocks, n_out] = ["n_in", "width", "n_blocks", "n_out"].map(|name| case.count(name));
    RESIDUAL_MLP(n_in, width, n_blocks, n_out, &mut generator(seed))
}
