//! What there is to see in exercise 6.

use rand::seq::SliceRandom;
use rand_distr::{Distribution, StandardNormal};

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(|ask| {
            falling(
                Picture::new(
                    "twenty_epochs",
                    "Twenty epochs: the loss falls",
                    Axis::new("epoch").from(1.0, 20.0),
                    Axis::new("loss").from(0.4, 1.2),
                )
                .caption(
                    "Your step, taken twenty times with the learning rate 0.01. The loss falls from beginning to end, \
                     whether the step is right or wrong. Without the faint line, would you have noticed? A loss that \
                     falls faster than that of the right step is not better: it comes from another step.",
                ),
                0.01,
                20,
                ask,
            )
        })?,
        switches(ask)?,
        ask.once(two_steps)?,
        ask.once(|ask| {
            falling(
            Picture::new(
                "four_hundred_epochs",
                "Four hundred epochs",
                Axis::new("epoch").from(1.0, 400.0),
                Axis::new("loss").from(0.3, 30.0).log(),
            )
            .caption(
                "The same with the learning rate 0.1, for more epochs. Some bugs show only now: the curve rises again, \
                 or does not settle. Others never show in any loss; two of them can even hide each other. So look at \
                 the next picture, too.",
            ),
            0.1,
            400,
            ask,
            )
        })?,
        ask.once(biases)?,
        ask.once(cross_entropy)?,
        ask.once(loop_against_steps)?,
    ])
}

/// The data of the lesson's table: 100 samples of ten features in three clouds that overlap, 50 of class 0, 30 of class
/// 1 and 20 of class 2. `x`, and the one-hot rows.
fn data() -> (Array2<f64>, Array2<f64>) {
    let mut rng = probe::generator(1);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let centres = Array2::from_shape_simple_fn((3, 10), || 0.3 * normal());
    let noise = Array2::from_shape_simple_fn((100, 10), &mut normal);
    let mut labels = [vec![0; 50], vec![1; 30], vec![2; 20]].concat();
    labels.shuffle(&mut rng);
    let y = Array2::from_shape_fn((100, 3), |(sample, class)| if labels[sample] == class { 1.0 } else { 0.0 });
    (noise + y.dot(&centres), y)
}

/// A training on these data, so far.
#[derive(Clone)]
struct Run {
    w: Array2<f64>,
    b: Array1<f64>,
    losses: Vec<f64>,
}

impl Run {
    fn start() -> Self {
        Self { w: Array2::zeros((10, 3)), b: Array1::zeros(3), losses: Vec::new() }
    }

    /// More epochs, as a case for an experiment.
    fn case(&self, (x, y): &(Array2<f64>, Array2<f64>), learning_rate: f64, epochs: usize) -> Record {
        Record::new()
            .with("x", x.clone())
            .with("y_onehot", y.clone())
            .with("w", self.w.clone())
            .with("b", self.b.clone())
            .with("learning_rate", learning_rate)
            .with("epochs", epochs)
    }

    /// What it is after the epochs of this answer.
    fn after(&self, answer: &Answer) -> Asked<Self> {
        let w = Array2::from_shape_vec((10, 3), answer.exactly(30, "w")?).expect("there are as many numbers");
        let losses = [&*self.losses, &*answer.numbers("losses")].concat();
        Ok(Self { w, b: Array1::from(answer.exactly(3, "b")?), losses })
    }
}

/// Epochs on these data from weights and biases that are 0.
fn case(learning_rate: f64, epochs: usize) -> Record {
    Run::start().case(&data(), learning_rate, epochs)
}

/// Numbers from epoch 1 on.
fn by_epoch(numbers: impl IntoIterator<Item = f64>) -> Vec<(f64, f64)> {
    (1..).map(f64::from).zip(numbers).collect()
}

/// The loss of the step, epoch by epoch.
fn falling(mut picture: Picture, learning_rate: f64, epochs: usize, ask: &mut Ask<'_>) -> Result<Picture> {
    let case = case(learning_rate, epochs);
    let losses = ask.both(|side| Ok(by_epoch(side.ask("repeated_steps", &case)?.numbers("losses"))))?;
    picture.compare("your step", Mark::Line, 0, losses);
    Ok(picture)
}

/// Epochs of the lesson's step with none, some or all of three bugs, whose names stay a secret here.
fn with_bugs([a, b, c]: [bool; 3], case: &Record) -> Record {
    let (x, y) = (case.matrix("x"), case.matrix("y_onehot"));
    let (mut weights, mut biases) = (case.matrix("w").to_owned(), case.vector("b").to_owned());
    let (learning_rate, n) = (case.float("learning_rate"), x.nrows() as f64);
    let sign = |bug: bool| if bug { -1.0 } else { 1.0 };
    let mut losses = Vec::new();
    for _ in 0..case.count("epochs") {
        let mut p = x.dot(&weights) + &(sign(a) * &biases);
        for mut row in p.rows_mut() {
            let largest = row.fold(f64::NEG_INFINITY, |largest, z| largest.max(*z));
            row.mapv_inplace(|z| (z - largest).exp());
            let sum = row.sum();
            row /= sum;
        }
        losses.push(-(&p.ln() * &y).sum() / n);
        let dz = (&p - &y) / n;
        weights.scaled_add(-learning_rate * if b { n } else { 1.0 }, &x.t().dot(&dz));
        biases.scaled_add(-learning_rate * sign(c), &dz.sum_axis(ndarray::Axis(0)));
    }
    Record::new().with("losses", Array1::from(losses)).with("w", weights).with("b", biases)
}

/// Your loss beside that of a step whose bugs can be switched.
fn switches(ask: &mut Ask<'_>) -> Result<Picture> {
    const LAST: usize = 40;
    let mut picture = Picture::new(
        "switches",
        "Three switches",
        Axis::new("epoch").from(1.0, 10.0 * LAST as f64),
        Axis::new("loss").from(0.3, 30.0).log(),
    )
    .caption(
        "The dashed line is a step with bugs that you switch on and off on the page of `serve`. Which setting looks \
         like your own loop? Which bugs cannot be seen in a loss at all? And which two of them together look as if \
         there were no bug?",
    );
    let controls = &ask.controls;
    let states = ["right", "wrong"];
    let bugs = ["bug A", "bug B", "bug C"].map(|name| picture.choice(controls, name, 0, &states) == 1);
    let rate = picture.log_slider(controls, "learning rate", 0.1, (0.001, 1.0));
    picture.played(controls, "epochs, in tens", LAST, LAST);
    let data = data();
    let name = format!("bugs {bugs:?}");
    let start = (Run::start(), Run::start());
    let runs = ask.train(&mut picture, start, |side, (own, switched)| {
        let own = own.after(&side.ask("repeated_steps", &own.case(&data, rate, 10))?)?;
        if bugs == [false; 3] {
            return Ok((own.clone(), own));
        }
        let case = switched.case(&data, rate, 10);
        Ok((own, switched.after(&side.compute(&name, &case, || with_bugs(bugs, &case)))?))
    })?;
    let switched = by_epoch(runs.reference.1.losses.clone());
    picture.compare("your step", Mark::Line, 0, runs.map(|(own, _)| by_epoch(own.losses)));
    picture.add("with these bugs", Mark::Line, Role::Guide, switched);
    Ok(picture)
}

/// W and b after two steps of the lesson's example.
fn two_steps(ask: &mut Ask<'_>) -> Result<Picture> {
    const NAMES: [&str; 6] = ["W 0", "W 1", "W 2", "b 0", "b 1", "b 2"];
    let labels = [0, 0, 0, 1, 1, 2];
    let case = Record::new()
        .with("x", Array2::<f64>::ones((6, 1)))
        .with("y_onehot", Array2::from_shape_fn((6, 3), |(sample, class)| f64::from(u8::from(labels[sample] == class))))
        .with("w", Array2::<f64>::zeros((1, 3)))
        .with("b", Array1::<f64>::zeros(3))
        .with("learning_rate", 0.6);
    let mut picture = Picture::new(
        "two_steps",
        "W and b after two steps",
        Axis::new("").from(-0.6, 5.6).ticks((0..).map(f64::from).zip(NAMES)),
        Axis::new("after the second step"),
    )
    .caption(
        "The lesson's six samples, whose steps you can compute on paper. Class 0 is frequent and should become more \
         likely, class 2 less likely. These numbers show what a falling loss hides: look for bars that are too long, \
         or that point the wrong way.",
    );
    let bars = ask.both(|side| {
        let answer = side.ask("two_steps", &case)?;
        let mut numbers = answer.exactly(3, "w after step 2")?;
        numbers.extend(answer.exactly(3, "b after step 2")?);
        Ok((0..).map(f64::from).zip(numbers).collect::<Vec<_>>())
    })?;
    picture.compare("your step", Mark::Bars(0.5), 0, bars);
    picture.level("", 0.0, (-0.6, 5.6));
    Ok(picture)
}

/// The biases, epoch by epoch.
fn biases(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPOCHS: usize = 30;
    let mut picture = Picture::new(
        "biases",
        "What no loss shows: the biases",
        Axis::new("epoch").from(1.0, EPOCHS as f64),
        Axis::new("bias"),
    )
    .caption(
        "The biases of the three classes in the first epochs. Class 0 has half of the samples, so its bias has to \
         rise; class 2 is rare, and its bias has to fall. Even if your lines go the other way, the loss may be right \
         to the last digit.",
    );
    let case = case(0.1, EPOCHS);
    for class in 0..3 {
        let line = ask.both(|side| {
            let biases = side.ask("repeated_steps", &case)?.exactly(3 * EPOCHS, "biases")?;
            Ok(by_epoch(biases.chunks(3).map(|biases| biases[class])))
        })?;
        picture.compare(format!("class {class}"), Mark::Line, class, line);
    }
    Ok(picture)
}

/// The loss of one sample, by the probability of its true class.
fn cross_entropy(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "cross_entropy",
        "The cross-entropy of one sample",
        Axis::new("probability of the true class").from(1e-12, 1.0).log(),
        Axis::new("cross_entropy").from(-1.0, 29.0),
    )
    .caption(
        "On a logarithmic axis the loss of a single sample is a straight line, which ends at exactly 0 for a \
         probability of 1. If your line levels out on the left, a small number is added inside the logarithm.",
    );
    let curve = ask.both(|side| {
        let probabilities = (0..=96).map(|step| 10_f64.powf(-12.0 + f64::from(step) / 8.0));
        probabilities
            .map(|p| {
                let case = Record::new().with("y_onehot", array![[0.0, 1.0]]).with("p", array![[1.0 - p, p]]);
                Ok((p, side.ask("cross_entropy", &case)?.number("result")))
            })
            .collect()
    })?;
    picture.compare(YOURS, Mark::Line, 0, curve);
    Ok(picture)
}

/// The first losses of `train`, and of the same steps taken one by one.
fn loop_against_steps(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPOCHS: usize = 12;
    let mut picture = Picture::new(
        "train",
        "Your loop and your step",
        Axis::new("epoch").from(0.7, EPOCHS as f64 + 0.3).ticks((1..=EPOCHS).map(|epoch| (epoch as f64, epoch))),
        Axis::new("loss"),
    )
    .caption(
        "Twelve epochs of `train` with the learning rate 0.1, and the same steps taken one by one. Both have to be the \
         same line, which begins with the loss of the untrained weights. If they are shifted by an epoch, the loss is \
         computed at the wrong time; if both differ from the faint line, look for the bug in the step.",
    );
    let case = case(0.1, EPOCHS);
    for (n, (name, experiment)) in [("train", "train"), ("your step", "repeated_steps")].into_iter().enumerate() {
        let losses = ask.both(|side| Ok(by_epoch(side.ask(experiment, &case)?.numbers("losses"))))?;
        let dots = losses.clone();
        picture.compare(name, Mark::Line, n, losses);
        picture.compare("", Mark::Points, n, dots);
    }
    Ok(picture)
}
