//! What the grader asks of exercise 23.

use engine::{BceWithLogits, Layer, Linear, Loss, Mse, Sequential};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use probe::{Generator, Record, generator, serve};
use submission::{Lstm, Rnn, State, Step, Weights, Windows};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const WINDOWS: fn(&ArrayRef1<f64>, usize) -> Windows = submission::windows;
const SCALE_BY_PAST: fn(&ArrayRef1<f64>, usize) -> Array1<f64> = submission::scale_by_past;
const SPLIT_IN_TIME: fn(&ArrayRef1<f64>, usize, usize) -> (Windows, Windows) = submission::split_in_time;
const SKILL: fn(&ArrayRef2<f64>, &Windows) -> f64 = submission::skill;
const WEIGHTS: fn(Array2<f64>, Array2<f64>, Array1<f64>) -> Weights = Weights::from_parts;
const SCORES: fn(&Weights, &ArrayRef2<f64>, &ArrayRef2<f64>) -> Array2<f64> = Weights::scores;
#[expect(clippy::type_complexity, reason = "it is the type that is asked for")]
const WEIGHTS_BACKWARD: fn(
    &mut Weights,
    &ArrayRef2<f64>,
    &ArrayRef2<f64>,
    &ArrayRef2<f64>,
) -> (Array2<f64>, Array2<f64>) = Weights::backward;
const RNN: fn(Weights) -> Rnn = Rnn::from_parts;
const NEW_RNN: fn(usize, usize, &mut Generator) -> Rnn = Rnn::new;
const LSTM: fn(Weights) -> Lstm = Lstm::from_parts;
const NEW_LSTM: fn(usize, usize, f64, &mut Generator) -> Lstm = Lstm::new;
const STEP: fn(&Lstm, &ArrayRef2<f64>, &State) -> Step = Lstm::step;
const STEP_BACKWARD: fn(&Step, &State) -> (Array2<f64>, Array2<f64>) = Step::backward;
const GRADIENT_BY_STEP: fn(&ArrayRef2<f64>, usize) -> Array1<f64> = submission::gradient_by_step;
const CLIPPED_STEP: fn(&mut Sequential, f64, f64) -> f64 = submission::clipped_step;
type Fit = fn(&mut Sequential, &ArrayRef2<f64>, &ArrayRef2<f64>, &dyn Loss, usize, f64, f64) -> Array1<f64>;
const FIT: Fit = submission::fit;
const FORECAST: fn(&mut Sequential, &ArrayRef1<f64>, usize) -> Array1<f64> = submission::forecast;

fn main() {
    serve(&[
        ("windows", |case| {
            let Windows { x, y } = WINDOWS(&case.vector("series"), case.count("len"));
            Record::new().with("x", x).with("y", y)
        }),
        ("scale_by_past", |case| SCALE_BY_PAST(&case.vector("series"), case.count("n_past")).into()),
        ("split_in_time", |case| {
            let (train, test) = SPLIT_IN_TIME(&case.vector("series"), case.count("n_past"), case.count("len"));
            Record::new()
                .with("train.x", train.x)
                .with("train.y", train.y)
                .with("test.x", test.x)
                .with("test.y", test.y)
        }),
        ("skill", |case| {
            let windows = Windows { x: case.matrix("x").to_owned(), y: case.matrix("y").to_owned() };
            SKILL(&case.matrix("forecast"), &windows).into()
        }),
        ("scores", |case| SCORES(&weights(case), &case.matrix("x"), &case.matrix("h")).into()),
        // The way back, from gradients that are there already.
        ("weights_backward", |case| {
            let mut weights = weights(case);
            weights.d_w = case.matrix("d_w").to_owned();
            weights.d_u = case.matrix("d_u").to_owned();
            weights.d_b = case.vector("d_b").to_owned();
            let (d_x, d_h) = WEIGHTS_BACKWARD(&mut weights, &case.matrix("x"), &case.matrix("h"), &case.matrix("d_z"));
            gradients(Record::new().with("d_x", d_x).with("d_h", d_h), &weights, "")
        }),
        ("rnn_forward", |case| forward(&mut RNN(weights(case)), case)),
        ("rnn_backward", |case| {
            let mut layer = RNN(weights(case));
            let record = backward(&mut layer, case);
            gradients(record, &layer.weights, "")
        }),
        ("rnn_passes", |case| passes(RNN(weights(case)), |layer| &layer.weights, case)),
        ("step", |case| {
            let lstm = LSTM(weights(case));
            let before = State { h: case.matrix("h").to_owned(), c: case.matrix("c").to_owned() };
            let step = STEP(&lstm, &case.matrix("x"), &before);
            Record::new()
                .with("i", step.i)
                .with("f", step.f)
                .with("g", step.g)
                .with("o", step.o)
                .with("after.c", step.after.c)
                .with("after.h", step.after.h)
                .with("x", step.x)
                .with("before.h", step.before.h)
                .with("before.c", step.before.c)
        }),
        ("step_backward", |case| {
            let part = |name: &str| case.matrix(name).to_owned();
            let step = Step {
                x: part("x"),
                before: State { h: part("before.h"), c: part("before.c") },
                i: part("i"),
                f: part("f"),
                g: part("g"),
                o: part("o"),
                after: State { h: part("after.h"), c: part("after.c") },
            };
            let (d_z, d_c) = STEP_BACKWARD(&step, &State { h: part("d_after.h"), c: part("d_after.c") });
            Record::new().with("d_z", d_z).with("d_c", d_c)
        }),
        ("lstm_forward", |case| forward(&mut LSTM(weights(case)), case)),
        ("lstm_backward", |case| {
            let mut layer = LSTM(weights(case));
            let record = backward(&mut layer, case);
            gradients(record, &layer.weights, "")
        }),
        ("lstm_passes", |case| passes(LSTM(weights(case)), |layer| &layer.weights, case)),
        ("lstm_new", |case| {
            let (n_in, n_hidden) = (case.count("n_in"), case.count("n_hidden"));
            let rng = &mut generator(case.count("seed") as u64);
            let Weights { w, u, b, .. } = NEW_LSTM(n_in, n_hidden, case.float("forget_bias"), rng).weights;
            Record::new().with("b", b).with("w", w).with("u", u)
        }),
        ("gradient_by_step", |case| GRADIENT_BY_STEP(&case.matrix("d_x"), case.count("n_in")).into()),
        // A network of the engine's own layers, whose gradients come from one pass.
        ("clipped_step", |case| {
            let mut net = Sequential::new(vec![linear(case, "w 1", "b 1"), linear(case, "w 2", "b 2")]);
            net.forward(&case.matrix("x"));
            net.backward(&case.matrix("d_out"));
            let norm = CLIPPED_STEP(&mut net, case.float("learning_rate"), case.float("max_norm"));
            let mut record = Record::new().with("norm", norm);
            for (name, parameter) in ["w 1", "b 1", "w 2", "b 2"].into_iter().zip(net.parameters()) {
                let shape = case_shape(case, name);
                let values = Array1::from_iter(parameter.value.iter().copied());
                record = match shape {
                    Some(shape) => record.with(name, values.into_shape_with_order(shape).expect("it is as long")),
                    None => record.with(name, values),
                };
            }
            record
        }),
        ("fit", |case| {
            let mut net = Sequential::new(vec![linear(case, "w", "b")]);
            let (rate, max_norm) = (case.float("learning_rate"), case.float("max_norm"));
            let losses =
                FIT(&mut net, &case.matrix("x"), &case.matrix("y"), &Mse, case.count("n_steps"), rate, max_norm);
            Record::new().with("losses", losses).with("output", net.forward(&case.matrix("x")))
        }),
        // An LSTM from a random start, trained on the past of a series; what it says about the future.
        ("forecasts", |case| {
            let (series, n_past, len) = (case.vector("series"), case.count("n_past"), case.count("len"));
            let (train, test) = SPLIT_IN_TIME(&SCALE_BY_PAST(&series, n_past), n_past, len);
            let mut net = network("lstm", case, &mut generator(case.count("seed") as u64));
            FIT(&mut net, &train.x, &train.y, &Mse, case.count("n_steps"), 0.3, 1.0);
            Record::new().with("forecasts", net.forward(&test.x))
        }),
        // A layer from a random start learns which symbol was the first; its scores for other sequences.
        ("remembers", |case| {
            let mut net = network(case.text("layer"), case, &mut generator(case.count("seed") as u64));
            let (x, y) = (case.matrix("x"), case.matrix("y"));
            let losses = FIT(&mut net, &x, &y, &BceWithLogits, case.count("n_steps"), 1.0, 1.0);
            Record::new().with("scores", net.forward(&case.matrix("asked"))).with("losses", losses)
        }),
        ("forecast", |case| {
            let mut net = Sequential::new(vec![linear(case, "w", "b")]);
            FORECAST(&mut net, &case.vector("window"), case.count("n")).into()
        }),
        // For the pictures: how large the gradient of the last state is at each step, the median of some random starts.
        ("vanishing", |case| {
            let n_steps = case.count("n_steps");
            let mut by_step = vec![Vec::new(); n_steps];
            for seed in 0..15 {
                let rng = &mut generator(seed);
                let mut layer = layer(case.text("layer"), case, rng);
                let (x, _) = submission::first_symbol(10, n_steps, rng);
                let h = layer.forward(&x);
                let d_x = layer.backward(&Array2::ones(h.dim()));
                for (sizes, size) in by_step.iter_mut().zip(GRADIENT_BY_STEP(&d_x, 1)) {
                    sizes.push(size);
                }
            }
            for sizes in &mut by_step {
                sizes.sort_by(f64::total_cmp);
            }
            by_step.iter().map(|sizes| sizes.get(7).copied().unwrap_or(f64::NAN)).collect::<Array1<f64>>().into()
        }),
        // What the memory of one cell holds after each step.
        ("memory", |case| {
            let lstm = LSTM(weights(case));
            let mut state = State { h: Array2::zeros((1, 1)), c: Array2::zeros((1, 1)) };
            let mut held = Vec::new();
            for x in case.matrix("x").rows() {
                state = STEP(&lstm, &x.insert_axis(ndarray::Axis(0)), &state).after;
                held.push(state.c.sum());
            }
            Array1::from(held).into()
        }),
        ("cell", cell),
    ]);
}

/// One cell without a way from its output back to its gates: its states and gates, and how much a change of the cell state
/// at each step changes the last one.
fn cell(case: &Record) -> Record {
    let lstm = LSTM(weights(case));
    let mut state = State { h: Array2::zeros((1, 1)), c: Array2::zeros((1, 1)) };
    let mut steps = Vec::new();
    for x in case.matrix("x").rows() {
        let step = STEP(&lstm, &x.insert_axis(ndarray::Axis(0)), &state);
        state = step.after.clone();
        steps.push(step);
    }
    let mut d_c = Array2::ones((1, 1));
    let mut by_step = Vec::new();
    for step in steps.iter().rev() {
        by_step.push(d_c.sum());
        d_c = STEP_BACKWARD(step, &State { h: Array2::zeros((1, 1)), c: d_c }).1;
    }
    by_step.reverse();
    let record = Record::new().with("gradients", Array1::from(by_step));
    let parts: [(&str, fn(&Step) -> &Array2<f64>); 5] = [
        ("c", |step| &step.after.c),
        ("h", |step| &step.after.h),
        ("i", |step| &step.i),
        ("f", |step| &step.f),
        ("o", |step| &step.o),
    ];
    parts.into_iter().fold(record, |record, (name, part)| {
        record.with(name, steps.iter().map(|step| part(step).sum()).collect::<Array1<f64>>())
    })
}

fn weights(case: &Record) -> Weights {
    WEIGHTS(case.matrix("w").to_owned(), case.matrix("u").to_owned(), case.vector("b").to_owned())
}

fn gradients(record: Record, weights: &Weights, number: &str) -> Record {
    record
        .with(&format!("d_w{number}"), weights.d_w.clone())
        .with(&format!("d_u{number}"), weights.d_u.clone())
        .with(&format!("d_b{number}"), weights.d_b.clone())
}

/// The same sequences twice.
fn forward(layer: &mut impl Layer, case: &Record) -> Record {
    let first = layer.forward(&case.matrix("x"));
    Record::new().with("first time", first).with("second time", layer.forward(&case.matrix("x")))
}

fn backward(layer: &mut impl Layer, case: &Record) -> Record {
    layer.forward(&case.matrix("x"));
    Record::new().with("d_x", layer.backward(&case.matrix("d_out")))
}

fn passes<L: Layer>(mut layer: L, weights: impl Fn(&L) -> &Weights, case: &Record) -> Record {
    let mut record = Record::new();
    let mut number = 0;
    for pass in case.text("passes").split(", ") {
        match pass {
            "forward(x)" => drop(layer.forward(&case.matrix("x"))),
            "forward(x2)" => drop(layer.forward(&case.matrix("x2"))),
            "backward(d_out)" => {
                number += 1;
                record = record.with(&format!("d_x {number}"), layer.backward(&case.matrix("d_out")));
                record = gradients(record, weights(&layer), &format!(" {number}"));
            }
            other => panic!("a case asks for the pass `{other}`"),
        }
    }
    record
}

fn linear(case: &Record, w: &str, b: &str) -> Box<dyn Layer> {
    Box::new(Linear::from_parts(case.matrix(w).to_owned(), case.vector(b).to_owned()))
}

/// The shape of the matrix called `name`, unless it is a vector.
fn case_shape(case: &Record, name: &str) -> Option<(usize, usize)> {
    name.starts_with('w').then(|| case.matrix(name).dim())
}

/// The layer that a case names, from a random start, with one number a step.
fn layer(name: &str, case: &Record, rng: &mut Generator) -> Box<dyn Layer> {
    let n_hidden = case.count("n_hidden");
    match name {
        "lstm" => Box::new(NEW_LSTM(1, n_hidden, case.float("forget_bias"), rng)),
        "rnn" => Box::new(NEW_RNN(1, n_hidden, rng)),
        other => panic!("a case asks for the layer `{other}`"),
    }
}

/// Such a layer, and a linear one that makes a number of its state.
fn network(name: &str, case: &Record, rng: &mut Generator) -> Sequential {
    let recurrent = layer(name, case, rng);
    Sequential::new(vec![recurrent, Box::new(Linear::new(case.count("n_hidden"), 1, rng))])
}
