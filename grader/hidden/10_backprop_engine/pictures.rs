//! What there is to see in exercise 10.

use datasets::Dataset;
use rand_distr::{Distribution, StandardNormal};

use judge::pictures::*;
use probe::Value;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let mut pictures =
        vec![ask.once(slopes_of_activations)?, ask.once(slopes_of_losses)?, ask.once(measured)?, ask.once(vanishing)?];
    pictures.extend(ask.once(moons)?);
    pictures.push(any_network(ask)?);
    Ok(pictures)
}

/// What each activation makes of a gradient of 1.
fn slopes_of_activations(ask: &mut Ask<'_>) -> Result<Picture> {
    let z: Array1<f64> = (-100..=100).map(|step| f64::from(step) / 20.0).collect();
    let x = z.clone().insert_axis(ndarray::Axis(0));
    let mut picture = Picture::new(
        "activations",
        "What an activation passes back",
        Axis::new("input z").from(-5.0, 5.0),
        Axis::new("gradient passed back").from(-0.2, 1.2),
    )
    .caption(
        "A gradient of 1 arrives, and this much of it is passed back. ReLU passes all of it or nothing, the sigmoid \
         never more than a quarter. If your curve has its maximum in the wrong place, or none, the slope was taken at \
         the wrong value.",
    );
    for (n, name) in ["ReLU", "Sigmoid", "Tanh"].into_iter().enumerate() {
        let case = Record::new().with("layer", name).with("x", x.clone()).with("d_out", Array2::<f64>::ones(x.dim()));
        let line = ask.both(|side| {
            let d_x = side.ask("layer", &case)?.exactly(z.len(), "d_x")?;
            Ok(z.iter().copied().zip(d_x).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Line, n, line);
    }
    Ok(picture)
}

/// The gradient of each loss along one output, for a target of 1.
fn slopes_of_losses(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "losses",
        "The gradient of each loss",
        Axis::new("output, where the target is 1").from(-5.0, 5.0),
        Axis::new("gradient").from(-4.0, 4.0),
    )
    .caption(
        "The gradient of each loss for a single sample, along one output. Below 0 the output should rise. That of the \
         squared error is proportional to the distance, and changes its sign beyond the target; those of the other two \
         approach 0. (For SoftmaxCrossEntropy there are two other classes, with the score 0.)",
    );
    for (n, loss) in ["Mse", "BceWithLogits", "SoftmaxCrossEntropy"].into_iter().enumerate() {
        let line = ask.both(|side| {
            let outputs = (-50..=50).map(|step| f64::from(step) / 10.0);
            outputs
                .map(|output| {
                    let (outputs, targets) = match loss {
                        "SoftmaxCrossEntropy" => (array![[output, 0.0, 0.0]], array![[1.0, 0.0, 0.0]]),
                        _ => (array![[output]], array![[1.0]]),
                    };
                    let count = outputs.len();
                    let case = Record::new().with("loss", loss).with("output", outputs).with("target", targets);
                    Ok((output, side.ask("gradient", &case)?.exactly(count, "result")?[0]))
                })
                .collect()
        })?;
        picture.compare(loss, Mark::Line, n, line);
    }
    Ok(picture)
}

/// All nine gradients of the lesson's network, beside the slopes that are measured with the learner's own loss.
fn measured(ask: &mut Ask<'_>) -> Result<Picture> {
    const NAMES: [(f64, &str); 4] = [(1.5, "W₁"), (4.5, "b₁"), (6.5, "W₂"), (8.0, "b₂")];
    let case = Record::new()
        .with("network", "Linear, Sigmoid, Linear, Sigmoid")
        .with("weights 1", array![[0.1, 0.3], [0.2, 0.4]])
        .with("biases 1", array![0.01, 0.02])
        .with("weights 3", array![[0.5], [0.6]])
        .with("biases 3", array![0.03])
        .with("x", array![[0.5, 0.8], [-0.9, 1.1]])
        .with("target", array![[1.0], [0.0]])
        .with("loss", "Mse");
    let mut picture = Picture::new(
        "measured",
        "Every gradient, measured",
        Axis::new("").from(-0.6, 8.6).ticks(NAMES),
        Axis::new("slope of the loss"),
    )
    .caption(
        "The lesson's network with two samples. Left bars: the gradients that your layers compute. Right bars: each \
         parameter is changed a little, and the change of your own loss is measured. Where the two differ, the \
         backward pass of that layer or of a later one is wrong; if all bars differ by the same factor, look where the \
         mean is taken.",
    );
    for (n, (name, part, shift)) in
        [("backward", "backward", -0.2), ("measured", "measured", 0.2)].into_iter().enumerate()
    {
        let bars = ask.both(|side| {
            let numbers = side.ask("slopes", &case)?.exactly(9, part)?;
            Ok((0..).map(|place| f64::from(place) + shift).zip(numbers).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Bars(0.26), n, bars);
    }
    picture.level("", 0.0, (-0.6, 8.6));
    Ok(picture)
}

/// The size of the gradient of each linear layer in deep networks.
fn vanishing(ask: &mut Ask<'_>) -> Result<Picture> {
    const LAYERS: usize = 9;
    let mut picture = Picture::new(
        "vanishing",
        "What is left of the gradient",
        Axis::new("linear layer").from(1.0, LAYERS as f64).ticks((1..=LAYERS).map(|layer| (layer as f64, layer))),
        Axis::new("size of dW").from(1e-5, 20.0).log(),
    )
    .caption(
        "Networks of nine linear layers, 20 neurons wide, with weights as `Linear::new` draws them. A backward pass \
         goes from right to left. After eight sigmoids almost nothing is left of the gradient; after ReLUs most of it. \
         If your line ends, or jumps where the faint one does not, a slope is missing or used twice.",
    );
    for (n, activation) in ["ReLU", "Tanh", "Sigmoid"].into_iter().enumerate() {
        let mut widths = vec![20; LAYERS];
        widths.push(1);
        let mut normal = normal(2);
        let case = drawn(&widths, activation, &mut normal)
            .with("x", Array2::from_shape_simple_fn((50, 20), &mut normal))
            .with("d_out", Array2::from_shape_simple_fn((50, 1), &mut normal) / 50.0);
        let line = ask.both(|side| {
            let answer = side.ask("network_gradients", &case)?;
            (0..LAYERS)
                .map(|layer| {
                    let count = widths[layer] * widths[layer + 1];
                    let dw = answer.exactly(count, &format!("gradient {}", 2 * layer + 1))?;
                    Ok(((layer + 1) as f64, dw.iter().map(|d| d * d).sum::<f64>().sqrt()))
                })
                .collect()
        })?;
        let dots = line.clone();
        picture.compare(activation, Mark::Line, n, line);
        picture.compare("", Mark::Points, n, dots);
    }
    Ok(picture)
}

/// How networks of several depths learn two moons, and where each draws its border.
fn moons(ask: &mut Ask<'_>) -> Result<[Picture; 2]> {
    const STEPS: usize = 400;
    let data = datasets::moons(80, 0.12, &mut probe::generator(1));
    let region = Cells { x: (-1.5, 2.5), y: (-1.1, 1.6), columns: 50, rows: 34 };
    let mut losses = Picture::new(
        "training",
        "Three networks learn",
        Axis::new("step").from(0.0, STEPS as f64),
        Axis::new("loss").from(1e-3, 2.0).log(),
    )
    .caption(
        "80 samples in two half moons, BceWithLogits, learning rate 0.2, tanh between the layers. Your lines have to \
         lie on the faint ones from beginning to end: the initial weights are the same. If a line falls more slowly, \
         or faster, its gradient is wrong.",
    );
    let mut borders = Picture::new(
        "moons",
        "Their decision boundaries",
        Axis::new("x₁").from(region.x.0, region.x.1),
        Axis::new("x₂").from(region.y.0, region.y.1),
    )
    .equal_units()
    .caption(
        "The decision boundary of each of the three networks after training, where its score is 0. The shades are the \
         scores of the deepest one: blue for yes, orange for no (cyan and red in a terminal). Without a hidden layer \
         the boundary is a straight line, however long one trains.",
    );
    let networks =
        [("no hidden layer", vec![2, 1]), ("one hidden layer", vec![2, 8, 1]), ("three", vec![2, 12, 12, 12, 1])];
    for (n, (name, widths)) in networks.into_iter().enumerate() {
        let case = drawn(&widths, "Tanh", &mut normal(5))
            .with("x", data.features.clone())
            .with("target", data.targets().insert_axis(ndarray::Axis(1)))
            .with("loss", "BceWithLogits")
            .with("learning_rate", 0.2)
            .with("steps", STEPS)
            .with("grid", region.centres());
        let count = region.rows * region.columns;
        let both = ask.both(|side| {
            let answer = side.ask("training", &case)?;
            Ok((answer.exactly(STEPS, "losses")?, answer.exactly(count, "scores")?))
        })?;
        if let (Ok((_, scores)), 2) = (&both.learner, n) {
            borders.raster(region, scores.clone(), Palette::Diverging, (-8.0, 8.0));
        }
        let line = both.clone().map(|(losses, _)| (0..).map(f64::from).zip(losses).collect());
        losses.compare(name, Mark::Line, n, line);
        borders.compare(name, Mark::Line, n, both.map(|(_, scores)| region.contour(&scores, 0.0)));
    }
    add_samples(&mut borders, &data);
    Ok([losses, borders])
}

/// Standard normal numbers.
fn normal(seed: u64) -> impl FnMut() -> f64 {
    let mut rng = probe::generator(seed);
    move || StandardNormal.sample(&mut rng)
}

/// The samples, by their class.
fn add_samples(picture: &mut Picture, data: &Dataset) {
    for class in 0..2 {
        let samples = data.features.rows().into_iter().zip(&data.labels).filter(|(_, label)| **label == class);
        let points = samples.map(|(sample, _)| (sample[0], sample[1])).collect();
        picture.add(format!("class {class}"), Mark::Points, Role::Class(class), points);
    }
}

/// A network of any shape, on data of one's choice.
fn any_network(ask: &mut Ask<'_>) -> Result<Picture> {
    let region = Cells { x: (-2.0, 2.5), y: (-1.7, 1.7), columns: 45, rows: 34 };
    let mut picture = Picture::new(
        "any_network",
        "A network of any shape",
        Axis::new("x₁").from(region.x.0, region.x.1),
        Axis::new("x₂").from(region.y.0, region.y.1),
    )
    .equal_units()
    .caption(
        "The colour is the score of your network over the whole plane, and the dashed line is its decision boundary, \
         where the score is 0. On the page of `serve` you choose the data, the layers and the learning rate, and play \
         the training. How few neurons are enough for two circles? What do two ReLU neurons make of the moons?",
    );
    let controls = &ask.controls;
    let set = picture.choice(controls, "data", 1, &["moons", "circles", "spirals"]);
    let layers = picture.whole(controls, "hidden layers", 1, (0, 3));
    let width = picture.whole(controls, "neurons each", 6, (1, 16));
    let activation = picture.choice(controls, "activation", 1, &["ReLU", "tanh", "sigmoid"]);
    let rate = picture.log_slider(controls, "learning rate", 0.3, (0.003, 3.0));
    let seed = picture.seed(controls, "start", 5);
    picture.played(controls, "steps of ten", 30, 60);
    let rng = &mut probe::generator(1);
    let data = match set {
        0 => datasets::moons(80, 0.12, rng),
        1 => datasets::circles(80, 0.5, 0.08, rng),
        _ => datasets::spirals(80, 2, 0.05, rng),
    };
    let widths = [vec![2], vec![width; layers], vec![1]].concat();
    let start = drawn(&widths, ["ReLU", "Tanh", "Sigmoid"][activation], &mut normal(seed as u64));
    let count = region.rows * region.columns;
    let ((loss, scores), _) = ask.one(&mut picture, |side, picture| {
        let (net, loss) = side.train(picture, (start.clone(), None), |side, (net, _)| {
            let case = net
                .with("x", data.features.clone())
                .with("target", data.targets().insert_axis(ndarray::Axis(1)))
                .with("loss", "BceWithLogits")
                .with("learning_rate", rate)
                .with("steps", 10_usize);
            let answer = side.ask("train_steps", &case)?;
            Ok((with_parameters(&start, &answer)?, answer.numbers("losses").last().copied()))
        })?;
        let scores = side.ask("network_forward", &net.with("x", region.centres()))?.exactly(count, RESULT)?;
        Ok((loss, scores))
    })?;
    if let Some(loss) = loss {
        picture.label(region.x.0 + 0.8, region.y.1 - 0.2, format!("loss {loss:.3}"));
    }
    picture.add("border", Mark::Line, Role::Guide, region.contour(&scores, 0.0));
    picture.raster(region, scores, Palette::Diverging, (-8.0, 8.0));
    add_samples(&mut picture, &data);
    Ok(picture)
}

/// A network of linear layers of these widths with He weights, an activation between them.
fn drawn(widths: &[usize], activation: &str, normal: &mut impl FnMut() -> f64) -> Record {
    let count = widths.len() - 1;
    let mut names = Vec::new();
    let mut parameters = Vec::new();
    for (layer, pair) in widths.windows(2).enumerate() {
        names.push("Linear");
        let std_dev = (2.0 / pair[0] as f64).sqrt();
        let weights = Array2::from_shape_simple_fn((pair[0], pair[1]), || std_dev * normal());
        parameters.push((names.len(), weights));
        if layer + 1 < count {
            names.push(activation);
        }
    }
    parameters.into_iter().fold(Record::new().with("network", names.join(", ")), |record, (number, weights)| {
        let biases = Array1::<f64>::zeros(weights.ncols());
        record.with(&format!("weights {number}"), weights).with(&format!("biases {number}"), biases)
    })
}

/// A network from [`drawn`] with the parameters that it has after `train_steps`.
fn with_parameters(net: &Record, answer: &Answer) -> Asked<Record> {
    let mut later = Record::new();
    let mut number = 0;
    for (name, value) in net.parts() {
        later = match value {
            Value::Array { shape, data } => {
                number += 1;
                let data = answer.exactly(data.len(), &format!("parameter {number}"))?;
                later.with(name, Value::Array { shape: shape.clone(), data })
            }
            other => later.with(name, other.clone()),
        };
    }
    Ok(later)
}
