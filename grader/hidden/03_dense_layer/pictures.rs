//! What there is to see in exercise 3.

use judge::pictures::*;

/// Images of 28 × 28 pixels, and ten digits.
const SIZES: [usize; 4] = [784, 128, 64, 10];

const SEED: usize = 3;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(network)?,
        ask.once(two_answers)?,
        one_neuron(ask)?,
        ask.once(softmax)?,
        ask.once(logits)?,
        ask.once(spread)?,
    ])
}

/// Layers as columns of dots, with how many neurons and parameters they have.
fn network(ask: &mut Ask<'_>) -> Result<Picture> {
    let nowhere = || Axis::new("").ticks::<&str>([]);
    let mut picture = Picture::new(
        "network",
        "The network, and what it has to learn",
        nowhere().from(-0.5, 3.5),
        nowhere().from(-2.1, 1.35),
    )
    .caption(
        "The number above each layer is the number of its outputs; one more dot means twice as many. Every line stands \
         for weights. The number below is how many parameters your code counts between two layers, biases included. \
         Most of them belong to the first layer. If a count is too small by the number of neurons, the biases are \
         missing.",
    );
    let described = ask.both(|side| {
        let answer = side.ask("network_counts", &Record::new().with("sizes", SIZES.to_vec()).with("seed", SEED))?;
        let mut neurons = vec![SIZES[0] as f64];
        neurons.extend(answer.exactly(3, "neurons")?);
        Ok((neurons, answer.exactly(3, "parameters")?, answer.number("all parameters")))
    })?;
    let dots = |neurons: &[f64]| -> Vec<Vec<(f64, f64)>> {
        let column = |(layer, neurons): (usize, &f64)| {
            let dots = (neurons.max(1.0).log2().round() as i32).clamp(0, 12) + 1;
            (0..dots).map(|dot| (layer as f64, (f64::from(dot) - f64::from(dots - 1) / 2.0) * 0.18)).collect()
        };
        neurons.iter().enumerate().map(column).collect()
    };

    picture.add("", Mark::Points, Role::Reference(0), dots(&described.reference.0).concat());
    match &described.learner {
        Ok((neurons, parameters, total)) => {
            let columns = dots(neurons);
            let mut weights = Vec::new();
            for pair in columns.windows(2) {
                weights.extend(pair[0].iter().flat_map(|from| pair[1].iter().flat_map(|to| [*from, *to, GAP])));
            }
            picture.add("", Mark::Line, Role::Shade(0.0), weights);
            picture.add(YOURS, Mark::Points, Role::Learner(0), columns.concat());
            for (layer, (count, right)) in parameters.iter().zip(&described.reference.1).enumerate() {
                label_count(&mut picture, (layer as f64 + 0.5, -1.3), "", *count, *right);
            }
            label_count(&mut picture, (1.5, -1.76), "parameters in all: ", *total, described.reference.2);
            for (layer, (count, right)) in neurons.iter().zip(&described.reference.0).enumerate() {
                label_count(&mut picture, (layer as f64, 1.25), "", *count, *right);
            }
        }
        Err(note) => picture.note(note.clone()),
    }
    for (layer, kind) in ["inputs", "relu", "relu", "linear"].into_iter().enumerate() {
        picture.label(layer as f64, -1.06, kind);
    }
    Ok(picture)
}

/// One neuron with two inputs, all over the plane.
fn one_neuron(ask: &mut Ask<'_>) -> Result<Picture> {
    let cells = Cells { x: (-3.0, 3.0), y: (-3.0, 3.0), columns: 36, rows: 36 };
    let mut picture = Picture::new("one_neuron", "One neuron and its two inputs", Axis::new("x₁").from(-3.0, 3.0), Axis::new("x₂").from(-3.0, 3.0))
        .equal_units()
        .caption(
            "What your `forward` returns for a layer of one neuron, as colour, at 1,296 places in one batch. Blue is positive, \
             orange negative. The dashed line is where the pre-activation is 0. The weights turn it, the bias moves \
             it. Twice the weights and twice the bias leave it where it is, and make the change across it steeper.",
        );
    let controls = &ask.controls;
    let weights = [("w₁", 1.5), ("w₂", -1.0)].map(|(name, usual)| picture.slider(controls, name, usual, (-4.0, 4.0)));
    let bias = picture.slider(controls, "b", 0.5, (-4.0, 4.0));
    let names = ["linear", "relu", "sigmoid"];
    let activation = names[picture.choice(controls, "activation", 2, &names)];
    let case = Record::new()
        .with("weights", array![[weights[0]], [weights[1]]])
        .with("biases", array![bias])
        .with("activation", activation)
        .with("x", cells.centres());
    let count = cells.rows * cells.columns;
    let (outputs, _) = ask.one(&mut picture, |side, _| side.ask("forward", &case)?.exactly(count, "result"))?;
    let range = if activation == "sigmoid" { 1.0 } else { 8.0 };
    picture.raster(cells, outputs, Palette::Diverging, (-range, range));
    let z: Vec<f64> =
        cells.centres().rows().into_iter().map(|x| weights[0] * x[0] + weights[1] * x[1] + bias).collect();
    picture.add("z = 0", Mark::Line, Role::Guide, cells.contour(&z, 0.0));
    Ok(picture)
}

/// A count of the learner's, and the right one below if that is another.
fn label_count(picture: &mut Picture, (x, y): (f64, f64), what: &str, count: f64, right: f64) {
    picture.label(x, y, format!("{what}{}", with_separators(&count.to_string())));
    if count != right {
        picture.label(x, y - 0.22, format!("not {}", with_separators(&right.to_string())));
    }
}

/// Bars side by side: the n-th of `of`.
fn side_by_side(values: Vec<f64>, n: usize, of: usize) -> Vec<(f64, f64)> {
    let shift = (n as f64 - (of - 1) as f64 / 2.0) * 0.4;
    (0..).map(|group| f64::from(group) + shift).zip(values).collect()
}

/// The lesson's square matrix: neurons as columns, and as rows.
fn two_answers(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "two_answers",
        "Two layouts, two results",
        Axis::new("").from(-0.6, 1.6).ticks([(0.0, "neuron 0"), (1.0, "neuron 1")]),
        Axis::new("pre-activation").from(-1.8, 1.8),
    )
    .caption(
        "The same numbers, once with a neuron in each column of W and once in each row. W is square, so all shapes \
         agree, and yet the results differ. If both colours have the same height, one of your functions uses the \
         layout of the other.",
    );
    let case = Record::new()
        .with("x", array![2.0, -1.0])
        .with("w", array![[0.5, -0.3], [0.2, 0.8]])
        .with("b", array![0.1, -0.1]);
    for (n, function) in ["columns_are_neurons", "rows_are_neurons"].into_iter().enumerate() {
        let bars = ask.both(|side| Ok(side_by_side(side.ask(function, &case)?.exactly(2, "result")?, n, 2)))?;
        picture.compare(function, Mark::Bars(0.26), n, bars);
    }
    picture.level("", 0.0, (-0.6, 1.6));
    Ok(picture)
}

/// Probabilities of one row of scores, and of the same scores far up.
fn softmax(ask: &mut Ask<'_>) -> Result<Picture> {
    let scores = array![[2.0, 1.0, 0.1, 0.5]];
    let mut picture = Picture::new(
        "softmax",
        "From scores to probabilities",
        Axis::new("").from(-0.6, 3.6).ticks((0..4).map(|class| (f64::from(class), format!("class {class}")))),
        Axis::new("probability").from(0.0, 1.0),
    )
    .caption(
        "The scores are 2, 1, 0.1 and 0.5; then the same with 1,000 added to each. Softmax depends on differences \
         only, so both colours must have the same height, and the four bars of each colour sum to 1. If the second \
         colour is missing, e to the power of 1,000 was infinite.",
    );
    for (n, (name, more)) in [("as they are", 0.0), ("1,000 more", 1000.0)].into_iter().enumerate() {
        let case = Record::new().with("z", &scores + more);
        let bars =
            ask.both(|side| Ok(side_by_side(side.ask("softmax_rows", &case)?.exactly(scores.len(), "result")?, n, 2)))?;
        picture.compare(name, Mark::Bars(0.26), n, bars);
    }
    Ok(picture)
}

const STARTS: [(&str, Option<f64>); 2] = [("He's weights", None), ("weights around 0.01", Some(0.01))];

fn on_noise(std_dev: Option<f64>) -> Record {
    let case = Record::new().with("sizes", SIZES.to_vec()).with("seed", SEED).with("samples", 100_usize);
    std_dev.map_or(case.clone(), |std_dev| case.with("std_dev", std_dev))
}

/// How large the logits of a fresh network are.
fn logits(ask: &mut Ask<'_>) -> Result<Picture> {
    const BINS: i32 = 90;
    const LOW: f64 = -5.0;
    const WIDTH: f64 = 0.1;
    let sizes = [(-4.0, "0.0001"), (-2.0, "0.01"), (0.0, "1"), (2.0, "100")];
    let mut picture = Picture::new(
        "logits",
        "How large the first logits are",
        Axis::new("size of a logit").from(LOW, LOW + WIDTH * f64::from(BINS)).ticks(sizes),
        Axis::new("share of all logits, in percent"),
    )
    .caption(
        "A thousand logits of an untrained network, for inputs of standard deviation 1. With He's weights they are \
         about as large as the inputs. With weights around 0.01 they are a thousand times smaller: the input has \
         hardly any effect. If your histogram is beside the faint one, your weights are too small or too large.",
    );
    for (n, (name, std_dev)) in STARTS.into_iter().enumerate() {
        let shares = ask.both(|side| {
            let logits = side.ask("network_on_noise", &on_noise(std_dev))?.numbers("logits");
            let bar = |bin: i32| {
                let low = LOW + WIDTH * f64::from(bin);
                let inside = |logit: &&f64| (low..low + WIDTH).contains(&logit.abs().log10());
                let share = 100.0 * logits.iter().filter(inside).count() as f64 / logits.len().max(1) as f64;
                (low + WIDTH / 2.0, share)
            };
            Ok((0..BINS).map(bar).collect::<Vec<_>>())
        })?;
        // Bars for the learner's own start, an outline for the other: both are seen where they agree.
        if n == 0 {
            let filled = |bars: Vec<(f64, f64)>| bars.into_iter().filter(|(_, share)| *share > 0.0).collect();
            picture.compare(name, Mark::Bars(WIDTH), n, shares.map(filled));
        } else {
            let outline = |bars: Vec<(f64, f64)>| {
                let is_empty = |(_, share): &&(f64, f64)| *share == 0.0;
                let (before, after) =
                    (bars.iter().take_while(is_empty).count(), bars.iter().rev().take_while(is_empty).count());
                let hill = &bars[before..bars.len().saturating_sub(after).max(before)];
                hill.iter().flat_map(|&(x, share)| [(x - WIDTH / 2.0, share), (x + WIDTH / 2.0, share)]).collect()
            };
            picture.compare(name, Mark::Line, n, shares.map(outline));
        }
    }
    Ok(picture)
}

/// How the standard deviation changes from layer to layer.
fn spread(ask: &mut Ask<'_>) -> Result<Picture> {
    let layers = ["inputs", "layer 1", "layer 2", "logits"];
    let mut picture = Picture::new(
        "spread",
        "The size of the signal, layer by layer",
        Axis::new("").from(-0.2, 3.3).ticks((0..).map(f64::from).zip(layers)),
        Axis::new("standard deviation of the sums").log(),
    )
    .caption(
        "The same two networks. He's weights keep the size of the signal from layer to layer; weights around 0.01 lose \
         most of it in each. If your line rises, the weights are too large for their number of inputs.",
    );
    for (n, (name, std_dev)) in STARTS.into_iter().enumerate() {
        let line = ask.both(|side| {
            let std_devs = side.ask("network_on_noise", &on_noise(std_dev))?.exactly(layers.len(), "std_devs")?;
            Ok((0..).map(f64::from).zip(std_devs).collect::<Vec<_>>())
        })?;
        let dots = line.clone();
        picture.compare(name, Mark::Line, n, line);
        picture.compare("", Mark::Points, n, dots);
    }
    Ok(picture)
}
