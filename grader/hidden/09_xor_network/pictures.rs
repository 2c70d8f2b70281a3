//! What there is to see in exercise 9.

use rand_distr::{Distribution, StandardNormal};

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(|ask| {
            hand_made(
            plane("switches", "XOR with switches").caption(
                "Your hand-made network of sigmoids: its output over the plane (blue above 0.5, orange below; cyan and \
                 red in a terminal), its decision boundary, and the lines of its hidden neurons. The two samples of a \
                 class may lie in one region or in two; what counts is the shade under each of the four.",
            ),
            "sigmoid",
            ask,
            )
        })?,
        ask.once(|ask| {
            hand_made(
            plane("ramps", "XOR with ramps").caption(
                "The same with ReLUs. A ramp begins at its line and rises without limit, so look at the corner at the \
                 top right: if it has the shade of its neighbours, the second ramp does not outweigh the first one \
                 there.",
            ),
            "relu",
            ask,
            )
        })?,
        ask.once(hidden_space)?,
        ask.once(slopes)?,
        ask.once(starts)?,
        ask.once(travelling)?,
        ask.once(trained)?,
        playground(ask)?,
    ])
}

/// A part of the plane around the four samples.
const CELLS: Cells = Cells { x: (-0.5, 1.5), y: (-0.5, 1.5), columns: 80, rows: 80 };

const NAMES: [&str; 4] = ["00", "01", "10", "11"];

fn plane(id: &'static str, title: &'static str) -> Picture {
    let ticks = || [(0.0, "0"), (1.0, "1")];
    let axis = |label| Axis::new(label).from(-0.5, 1.5).ticks(ticks());
    Picture::new(id, title, axis("x1"), axis("x2")).equal_units()
}

fn samples() -> Array2<f64> {
    array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
}

/// The samples at these places, by their class.
fn add_samples(picture: &mut Picture, places: &[(f64, f64)]) {
    for (class, members) in [(0, [0, 3]), (1, [1, 2])] {
        let points = members.into_iter().filter_map(|sample| places.get(sample).copied()).collect();
        picture.add(format!("class {class}"), Mark::Points, Role::Class(class), points);
    }
}

/// The four samples where the inputs put them.
fn add_inputs(picture: &mut Picture) {
    add_samples(picture, &[(0.0, 0.0), (0.0, 1.0), (1.0, 0.0), (1.0, 1.0)]);
}

/// A network with two inputs, as a case for an experiment.
#[derive(Clone)]
struct Net {
    w1: Vec<f64>,
    b1: Vec<f64>,
    w2: Vec<f64>,
    b2: f64,
    hidden: &'static str,
}

impl Net {
    /// The start that the lesson trains from.
    fn four_sigmoids() -> Self {
        Self {
            w1: vec![0.3, -0.2, 0.5, 0.7, -0.4, 0.1, 0.6, -0.3],
            b1: vec![0.01, -0.02, 0.03, -0.04],
            w2: vec![-0.2, 0.3, -0.25, 0.15],
            b2: 0.05,
            hidden: "sigmoid",
        }
    }

    /// Two hidden neurons, so that the hidden space can be drawn.
    fn two_sigmoids() -> Self {
        Self { w1: vec![0.3, 0.8, 0.3, -1.3], b1: vec![0.5, 0.2], w2: vec![-0.5, 0.6], b2: 0.2, hidden: "sigmoid" }
    }

    /// Four twins.
    fn constant(weight: f64) -> Self {
        Self { w1: vec![weight; 8], b1: vec![0.0; 4], w2: vec![weight; 4], b2: 0.0, hidden: "sigmoid" }
    }

    /// What an experiment handed back, whose hidden neurons are those of this activation.
    fn of(answer: &Answer, hidden: &'static str) -> Asked<Self> {
        let b1 = answer.numbers("b1");
        let n_hidden = b1.len();
        Ok(Self {
            w1: answer.exactly(2 * n_hidden, "w1")?,
            b1,
            w2: answer.exactly(n_hidden, "w2")?,
            b2: answer.number("b2"),
            hidden,
        })
    }

    fn case(&self) -> Record {
        let n_hidden = self.b1.len();
        let matrix =
            |numbers: &[f64], rows, columns| Array2::from_shape_fn((rows, columns), |(i, j)| numbers[i * columns + j]);
        Record::new()
            .with("w1", matrix(&self.w1, 2, n_hidden))
            .with("b1", Array1::from(self.b1.clone()))
            .with("w2", matrix(&self.w2, n_hidden, 1))
            .with("b2", array![self.b2])
            .with("hidden", self.hidden)
    }

    fn on_xor(&self) -> Record {
        self.case().with("x", samples()).with("y", array![[0.0], [1.0], [1.0], [0.0]])
    }

    /// The network after so many epochs, and the losses.
    fn trained(&self, side: &mut Side<'_>, epochs: usize, learning_rate: f64) -> Asked<(Self, Vec<f64>)> {
        let answer = side.ask("train", &self.on_xor().with("epochs", epochs).with("learning_rate", learning_rate))?;
        Ok((Self::of(&answer, self.hidden)?, answer.numbers("losses")))
    }

    /// What the network says all over the plane, and the border of each hidden neuron.
    fn region(&self, side: &mut Side<'_>) -> Asked<Region> {
        let predictions = side.ask("outputs", &self.case().with("x", CELLS.centres()))?;
        let n_hidden = self.b1.len();
        let borders = (0..n_hidden.min(MAX_BORDERS)).map(|j| line([self.w1[j], self.w1[n_hidden + j]], self.b1[j]));
        Ok(Region { values: predictions.exactly(CELLS.rows * CELLS.columns, RESULT)?, borders: borders.collect() })
    }

    /// What one hidden neuron says all over the plane, and its border.
    fn seen_by(&self, neuron: usize, side: &mut Side<'_>) -> Asked<Region> {
        let (n_cells, n_hidden) = (CELLS.rows * CELLS.columns, self.b1.len());
        let answer = side.ask("forward", &self.case().with("x", CELLS.centres()))?;
        let values = answer.exactly(n_cells * n_hidden, "a1")?.into_iter().skip(neuron).step_by(n_hidden).collect();
        Ok(Region { values, borders: vec![line([self.w1[neuron], self.w1[n_hidden + neuron]], self.b1[neuron])] })
    }

    /// Where the hidden layer puts the four samples, if it has two neurons: more dimensions cannot be drawn.
    fn hidden_places(&self, side: &mut Side<'_>) -> Asked<Vec<(f64, f64)>> {
        if self.b1.len() != 2 {
            let n_hidden = self.b1.len();
            let note = format!("A network with {n_hidden} hidden neurons has a hidden space that cannot be drawn.");
            return Err(Stop::NoAnswer(note.into()));
        }
        let places = side.ask("hidden_representation", &self.on_xor())?.exactly(8, "result")?;
        Ok(places.chunks_exact(2).map(|place| (place[0], place[1])).collect())
    }

    /// The line that the output neuron draws in the hidden space, after [`hidden_places`](Self::hidden_places).
    fn output_border(&self) -> Vec<(f64, f64)> {
        line([self.w2[0], self.w2[1]], self.b2)
    }
}

/// The learning rate of the lesson.
const RATE: f64 = 5.0;

/// More lines than that say nothing any more.
const MAX_BORDERS: usize = 4;

/// The points with w·x + b = 0, from far outside of the picture to far outside; none where there is no such line.
fn line([w1, w2]: [f64; 2], b: f64) -> Vec<(f64, f64)> {
    const FAR: f64 = 100.0;
    let length = w1.hypot(w2);
    if length == 0.0 {
        return Vec::new();
    }
    let (foot, along) = ((-b * w1 / length / length, -b * w2 / length / length), (-w2 / length, w1 / length));
    [-FAR, FAR].map(|far| (foot.0 + far * along.0, foot.1 + far * along.1)).to_vec()
}

/// What a network of two inputs, or a neuron of it, says, cell by cell, and the borders of its hidden neurons.
struct Region {
    values: Vec<f64>,
    borders: Vec<Vec<(f64, f64)>>,
}

/// The learner's region, or the reference's. There is no single right one, so only one of them is drawn.
fn add_region(picture: &mut Picture, Region { values, borders }: Region, is_learners: bool) {
    let role = |n| if is_learners { Role::Learner(n) } else { Role::Reference(n) };
    let change = CELLS.contour(&values, 0.5);
    // Half as strong as could be, so that lines stand out.
    picture.raster(CELLS, values, Palette::Diverging, (-0.5, 1.5));
    for (n, border) in borders.into_iter().enumerate() {
        picture.add(format!("hidden neuron {}", n + 1), Mark::Line, role(n), border);
    }
    picture.add("p = 0.5", Mark::Line, Role::Guide, change);
    add_inputs(picture);
}

/// What one hidden neuron says, in place of the network.
fn add_neuron(picture: &mut Picture, name: &str, Region { values, borders }: Region) {
    // A sigmoid ends at 1, a ramp nowhere.
    let largest = values.iter().copied().filter(|value| value.is_finite()).fold(1.0, f64::max);
    picture.raster(CELLS, values, Palette::Diverging, (-0.5 * largest, 1.5 * largest));
    for border in borders {
        picture.add(name, Mark::Line, Role::Guide, border);
    }
    add_inputs(picture);
}

fn hand_made(mut picture: Picture, hidden: &'static str, ask: &mut Ask<'_>) -> Result<Picture> {
    let (region, is_learners) = ask.one(&mut picture, |side, _| {
        let answer = side.ask("hand_made_xor", &Record::new().with("hidden", hidden).with("x", samples()))?;
        Net::of(&answer, hidden)?.region(side)
    })?;
    add_region(&mut picture, region, is_learners);
    Ok(picture)
}

/// Where the switches put the four samples, and the line that the output neuron draws there.
fn hidden_space(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "hidden_space",
        "The input of the output neuron",
        Axis::new("first hidden neuron").from(-0.25, 1.25),
        Axis::new("second hidden neuron").from(-0.25, 1.25),
    )
    .equal_units()
    .caption(
        "The hidden representations of the four samples; samples with the same representation lie on one point. The \
         straight line is the output neuron's decision line. If it does not pass between the classes, either the line \
         or the points are in the wrong place.",
    );
    let seen = ask.both(|side| {
        let answer = side.ask("hand_made_xor", &Record::new().with("hidden", "sigmoid").with("x", samples()))?;
        let net = Net::of(&answer, "sigmoid")?;
        let places = net.hidden_places(side)?;
        Ok((places, net.output_border()))
    })?;
    let role = if seen.learner.is_ok() { Role::Learner(0) } else { Role::Reference(0) };
    let (places, border) = match seen.learner {
        Ok(seen) => seen,
        Err(note) => {
            picture.note(note);
            seen.reference
        }
    };
    picture.add("output neuron", Mark::Line, role, border);
    name_places(&mut picture, &places);
    add_samples(&mut picture, &places);
    Ok(picture)
}

/// Puts the names of the samples beside their places; names that would cover each other become one.
fn name_places(picture: &mut Picture, places: &[(f64, f64)]) {
    let near = |a: (f64, f64), b: (f64, f64)| (a.0 - b.0).abs() < 0.1 && (a.1 - b.1).abs() < 0.1;
    for (sample, &place) in places.iter().enumerate() {
        if places[..sample].iter().any(|&earlier| near(earlier, place)) {
            continue;
        }
        let together = NAMES.into_iter().zip(places).skip(sample).filter(|(_, other)| near(place, **other));
        let names: Vec<&str> = together.map(|(name, _)| name).collect();
        picture.label(place.0, place.1 + 0.1, names.join(", "));
    }
}

const PARAMETERS: [&str; 17] = ["W1", "", "", "", "", "", "", "", "b1", "", "", "", "W2", "", "", "", "b2"];

/// All slopes of the lesson's four sigmoids, each divided by the one that is measured.
fn slopes(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "slopes",
        "Computed divided by measured",
        Axis::new("").from(-0.7, 16.7).ticks((0..).map(f64::from).zip(PARAMETERS)),
        Axis::new("computed / measured").from(-2.0, 6.4),
    )
    .caption(
        "One point for each of 17 parameters: the slope that your `gradients` computes, divided by the one that is \
         measured by moving the parameter up and down and computing your own `loss`. All of them have to be 1. 1/2 \
         means a missing factor 2, 4 a mean that was not taken, -1 a wrong sign. If only W1 and b1 are wrong, the \
         mistake is between output and hidden layer.",
    );
    picture.level("", 1.0, (-0.7, 16.7));
    let ratios = ask.both(|side| {
        let ratios = computed(side)?.into_iter().zip(measured(side)?).map(|(computed, measured)| computed / measured);
        Ok((0..).map(f64::from).zip(ratios).collect::<Vec<_>>())
    })?;
    picture.compare(YOURS, Mark::Points, 0, ratios);
    Ok(picture)
}

/// The slopes of the four sigmoids, in the order of the parameters.
fn computed(side: &mut Side<'_>) -> Asked<Vec<f64>> {
    let answer = side.ask("gradients", &Net::four_sigmoids().on_xor())?;
    let mut slopes = Vec::new();
    for (part, count) in [("dw1", 8), ("db1", 4), ("dw2", 4), ("db2", 1)] {
        slopes.extend(answer.exactly(count, part)?);
    }
    Ok(slopes)
}

/// The same slopes, measured from the loss.
fn measured(side: &mut Side<'_>) -> Asked<Vec<f64>> {
    const H: f64 = 1e-4;
    let mut loss = |parameter: usize, by: f64| -> Asked<f64> {
        let mut net = Net::four_sigmoids();
        let Net { w1, b1, w2, b2, .. } = &mut net;
        *w1.iter_mut().chain(b1).chain(w2).chain([b2]).nth(parameter).expect("there are 17") += by;
        Ok(side.ask("loss", &net.on_xor())?.number("result"))
    };
    (0..17).map(|parameter| Ok((loss(parameter, H)? - loss(parameter, -H)?) / (2.0 * H))).collect()
}

/// Hidden neurons, their activation, the learning rate and the start, as one likes.
fn playground(ask: &mut Ask<'_>) -> Result<Picture> {
    const LAST: usize = 80;
    const MOST: usize = 8;
    let mut picture = plane("playground", "A network of your choice").caption(
        "The output of your network over the whole plane while it learns XOR, and the lines of its first hidden \
         neurons. On the page of `serve` you choose how many there are and play the training. Two are enough, if they \
         start well. How often do they not? The colours can also show the output of one hidden neuron: see what each of \
         them contributes.",
    );
    let controls = &ask.controls;
    let n_hidden = picture.whole(controls, "hidden neurons", 3, (1, MOST));
    let hidden = ["sigmoid", "relu"][picture.choice(controls, "activation", 0, &["sigmoid", "ReLU"])];
    let neurons: Vec<String> = (1..=MOST).map(|neuron| format!("hidden neuron {neuron}")).collect();
    let names: Vec<&str> = std::iter::once("the output").chain(neurons.iter().map(String::as_str)).collect();
    let shown = picture.choice(controls, "colours show", 0, &names).min(n_hidden);
    let rate = picture.log_slider(controls, "learning rate", RATE, (0.01, 20.0));
    let seed = picture.seed(controls, "start", 3);
    picture.played(controls, "epochs, in tens", 60, LAST);
    let rng = &mut probe::generator(seed as u64);
    let mut normal = || -> f64 { StandardNormal.sample(rng) };
    let w1 = (0..2 * n_hidden).map(|_| normal()).collect();
    let w2 = (0..n_hidden).map(|_| normal()).collect();
    let net = Net { w1, b1: vec![0.0; n_hidden], w2, b2: 0.0, hidden };
    let ((region, loss), is_learners) = ask.one(&mut picture, |side, picture| {
        let (net, loss) = side.train(picture, (net.clone(), None), |side, (net, _)| {
            let (later, losses) = net.trained(side, 10, rate)?;
            Ok((later, losses.last().copied()))
        })?;
        let region = match shown.checked_sub(1) {
            Some(neuron) if neuron < net.b1.len() => net.seen_by(neuron, side)?,
            _ => net.region(side)?,
        };
        Ok((region, loss))
    })?;
    if let (Some(loss), true) = (loss, is_learners) {
        picture.label(0.5, 1.4, format!("loss {loss:.4}"));
    }
    match shown {
        0 => add_region(&mut picture, region, is_learners),
        neuron => add_neuron(&mut picture, names[neuron], region),
    }
    Ok(picture)
}

/// The losses from three starts.
fn starts(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPOCHS: usize = 800;
    let mut picture = Picture::new(
        "starts",
        "Three starts",
        Axis::new("epoch").from(1.0, EPOCHS as f64),
        Axis::new("loss").from(0.001, 0.5).log(),
    )
    .caption(
        "Training with the learning rate 5. From different weights, the loss stays on a plateau and then falls. From \
         zeros it never changes. From equal weights it falls to 1/6, the best that a single hidden neuron can do, \
         because four equal neurons are no more than one. If yours gets below 1/6, something makes the equal neurons \
         different.",
    );
    picture.level("1/6", 1.0 / 6.0, (1.0, EPOCHS as f64));
    let starts = [
        ("weights that differ", Net::four_sigmoids()),
        ("all weights 0.5", Net::constant(0.5)),
        ("all weights 0", Net::constant(0.0)),
    ];
    for (n, (name, net)) in starts.into_iter().enumerate() {
        let losses =
            ask.both(|side| Ok((1..).map(f64::from).zip(net.trained(side, EPOCHS, RATE)?.1).collect::<Vec<_>>()))?;
        picture.compare(name, Mark::Line, n, losses);
    }
    Ok(picture)
}

/// The way of the four samples through the hidden space, while the network learns.
fn travelling(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPOCHS_AT_ONCE: usize = 10;
    const STOPS: usize = 30;
    let mut picture = Picture::new(
        "travelling",
        "Training moves the samples",
        Axis::new("first hidden neuron").from(-0.15, 1.15),
        Axis::new("second hidden neuron").from(-0.15, 1.15),
    )
    .equal_units()
    .caption(
        "The same space while two hidden sigmoids are trained for 300 epochs: one path for each sample, with its end. \
         Training moves the classes apart, until one straight line, that of the output neuron at the end, separates \
         them. If the paths stay in one place, the hidden layer does not learn.",
    );
    let paths = ask.both(|side| {
        let mut net = Net::two_sigmoids();
        let mut stops = vec![net.hidden_places(side)?];
        for _ in 0..STOPS {
            net = net.trained(side, EPOCHS_AT_ONCE, RATE)?.0;
            stops.push(net.hidden_places(side)?);
        }
        Ok((stops, net.output_border()))
    })?;
    let ends = match &paths.learner {
        Ok((stops, _)) => stops.last().cloned(),
        Err(_) => paths.reference.0.last().cloned(),
    };
    for (sample, name) in NAMES.into_iter().enumerate() {
        let path = |(stops, _): &(Vec<Vec<(f64, f64)>>, _)| stops.iter().map(|places| places[sample]).collect();
        let path =
            Both { reference: path(&paths.reference), learner: paths.learner.as_ref().map(path).map_err(Clone::clone) };
        picture.compare(name, Mark::Line, sample, path);
    }
    let border = match paths.learner {
        Ok((_, border)) => border,
        Err(_) => paths.reference.1,
    };
    picture.add("output neuron", Mark::Line, Role::Guide, border);
    add_samples(&mut picture, &ends.unwrap_or_default());
    Ok(picture)
}

/// What the lesson's network says at the end.
fn trained(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = plane("trained", "What training has found").caption(
        "The lesson's four sigmoids after 600 epochs. Training has found other lines than you did. Far from the \
         samples there is no right or wrong, because no sample lies there.",
    );
    let (region, is_learners) =
        ask.one(&mut picture, |side, _| Net::four_sigmoids().trained(side, 600, RATE)?.0.region(side))?;
    add_region(&mut picture, region, is_learners);
    Ok(picture)
}
