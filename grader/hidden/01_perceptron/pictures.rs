//! What there is to see in exercise 1.

use datasets::{Dataset, Gate, separable_blobs};

use judge::pictures::*;

/// Enough for each of the separable data sets here, and for XOR to be seen repeating itself.
const MAX_EPOCHS: usize = 12;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(activations)?,
        ask.once(|ask| {
            lines(
            Picture::new(
                "and_epoch_by_epoch",
                "AND: the decision line after each epoch",
                Axis::new("x1").from(-0.5, 1.6),
                Axis::new("x2").from(-0.5, 1.6),
            )
            .caption(
                "Each line is where the score is 0, after one more epoch. The lines move in from outside, and the last \
                 one has only (1, 1) not below it: a sample on the line counts as yes. If lines move away, or all run \
                 through (0, 0), a sign is wrong or the bias is missing.",
            ),
            &Gate::And.dataset(),
            ask,
            )
        })?,
        by_hand(ask)?,
        ask.once(|ask| {
            lines(
            Picture::new(
                "or_epoch_by_epoch",
                "OR: the decision line after each epoch",
                Axis::new("x1").from(-0.5, 1.6),
                Axis::new("x2").from(-0.5, 1.6),
            )
            .caption(
                "The same for OR, where only (0, 0) belongs to class 0. Training takes fewer epochs than for AND, and \
                 the last line passes through (0, 1) and (1, 0): a sample on the line counts as yes.",
            ),
            &Gate::Or.dataset(),
            ask,
            )
        })?,
        ask.once(errors)?,
        ask.once(xor)?,
        ask.once(|ask| {
            let clouds = clouds();
            lines(
            Picture::new(
                "two_clouds",
                "Two clouds: the decision line after each epoch",
                around(Axis::new("x1"), &clouds, 0),
                around(Axis::new("x2"), &clouds, 1),
            )
            .caption(
                "The same rule on 45 points that a line separates. Training stops with the first line that makes no \
                 error. This line need not be in the middle: it may be very close to a point.",
            ),
            &clouds,
            ask,
            )
        })?,
        ask.once(scales)?,
        ask.once(learning_rates)?,
    ])
}

/// Two clouds of points that a line separates.
fn clouds() -> Dataset {
    separable_blobs([20, 25], 2, 0.1, &mut probe::generator(5))
}

/// `step` and `sigmoid` over z.
fn activations(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture =
        Picture::new("step_and_sigmoid", "Step and sigmoid", Axis::new("z"), Axis::new("activation").from(-0.1, 1.1))
            .caption(
                "The step says yes from 0 on, 0 itself included. The sigmoid rises gradually: 0.5 at 0, nearly 1 at 5. \
                 If yours falls, a minus sign is missing; if it leaves the range from 0 to 1, brackets are missing.",
            );
    picture.level("undecided", 0.5, (-6.0, 6.0));
    for (n, function) in ["step", "sigmoid"].into_iter().enumerate() {
        let curve = ask.both(|side| {
            let mut value = |z: f64| Ok((z, side.ask(function, &Record::new().with("z", z))?.number("result")));
            let mut curve = (-60..0).map(|tenth| value(f64::from(tenth) / 10.0)).collect::<Asked<Vec<_>>>()?;
            // The step jumps at 0: no line goes from one side to the other.
            curve.extend([value(-1e-9)?, GAP]);
            for tenth in 0..=60 {
                curve.push(value(f64::from(tenth) / 10.0)?);
            }
            Ok(curve)
        })?;
        picture.compare(function, Mark::Line, n, curve);
    }
    Ok(picture)
}

/// A perceptron's parameters.
#[derive(Clone)]
struct Parameters {
    weights: Vec<f64>,
    bias: f64,
}

impl Parameters {
    fn zero() -> Self {
        Self { weights: vec![0.0; 2], bias: 0.0 }
    }

    fn case(&self) -> Record {
        Record::new()
            .with("weights", Array1::from(self.weights.clone()))
            .with("bias", self.bias)
            .with("learning_rate", 1.0)
    }

    fn of(answer: &Answer) -> Asked<Self> {
        Ok(Self { weights: answer.exactly(2, "weights")?, bias: answer.number("bias") })
    }
}

/// Trains for so many epochs, from 0: the parameters and the errors in each epoch.
fn train(side: &mut Side<'_>, data: &Dataset, epochs: usize) -> Asked<(Parameters, Vec<f64>)> {
    let case = Parameters::zero().case().with("x", data.features.clone()).with("targets", data.targets());
    let answer = side.ask("train", &case.with("max_epochs", epochs))?;
    Ok((Parameters::of(&answer)?, answer.numbers("errors")))
}

/// Far enough out to leave every picture here.
const FAR: f64 = 50.0;

/// The border as two points far apart, as `decision_line` tells it. It has no slope to tell where the line is vertical;
/// then the weights say where that is. Without any line there are no points.
fn border(side: &mut Side<'_>, parameters: &Parameters) -> Asked<Vec<(f64, f64)>> {
    let line = side.ask("decision_line", &parameters.case())?;
    let (slope, intercept) = (line.numbers("slope"), line.numbers("intercept"));
    Ok(match (slope.first(), intercept.first(), parameters.weights[0]) {
        (Some(slope), Some(intercept), _) => [-FAR, FAR].map(|x| (x, slope * x + intercept)).to_vec(),
        (_, _, 0.0) => Vec::new(),
        (_, _, weight) => [-FAR, FAR].map(|x2| (-parameters.bias / weight, x2)).to_vec(),
    })
}

/// The part of the axis where the samples are.
fn around(axis: Axis, data: &Dataset, feature: usize) -> Axis {
    let column = data.features.column(feature);
    axis.from(column.fold(f64::MAX, |low, x| low.min(*x)) - 0.5, column.fold(f64::MIN, |high, x| high.max(*x)) + 0.5)
}

/// The border after each epoch, and the samples.
fn lines(mut picture: Picture, data: &Dataset, ask: &mut Ask<'_>) -> Result<Picture> {
    // Each with the number of epochs that were run.
    let borders = ask.both(|side| {
        let mut borders = Vec::new();
        for epochs in 1..=MAX_EPOCHS {
            let (parameters, errors) = train(side, data, epochs)?;
            borders.push((errors.len(), border(side, &parameters)?));
            if errors.len() < epochs || errors.last() == Some(&0.0) {
                break;
            }
        }
        Ok(borders)
    })?;
    let last = borders.reference.last().map(|(_, border)| border.clone()).unwrap_or_default();
    match borders.learner {
        Ok(borders) => {
            picture.add("", Mark::Line, Role::Reference(0), last);
            if borders.last().is_none_or(|(_, border)| border.is_empty()) {
                picture.note("At the end there is no decision line: the weights are 0.");
            }
            let n = borders.len();
            for (number, (epochs, border)) in (1..).zip(borders) {
                let name = if number == 1 || number == n { format!("after epoch {epochs}") } else { String::new() };
                picture.add(name, Mark::Line, Role::Shade(f64::from(number as u32) / n as f64), border);
            }
        }
        Err(note) => {
            picture.add("reference, at the end", Mark::Line, Role::Reference(0), last);
            picture.note(note);
        }
    }
    samples(&mut picture, data);
    Ok(picture)
}

fn samples(picture: &mut Picture, data: &Dataset) {
    for class in 0..2 {
        let points = data.features.rows().into_iter().zip(&data.labels);
        let points = points.filter(|(_, label)| **label == class).map(|(row, _)| (row[0], row[1])).collect();
        picture.add(format!("class {class}"), Mark::Points, Role::Class(class), points);
    }
}

/// Points of one's own, and the border after so many samples.
fn by_hand(ask: &mut Ask<'_>) -> Result<Picture> {
    const ROUNDS: usize = 6;
    let mut picture = Picture::new(
        "sample_by_sample",
        "Sample by sample",
        Axis::new("x1").from(-2.0, 2.0),
        Axis::new("x2").from(-2.0, 2.0),
    )
    .caption(
        "Your `update` meets one sample after the other, round after round. The border moves only where it is wrong, and \
         stands still when no sample is. On the page of `serve` you can move the points: put one among the others, and \
         the border never comes to rest.",
    );
    let usual = [(-1.2, 0.3, 0), (-0.6, -0.9, 0), (-0.2, 0.8, 0), (0.7, 0.2, 1), (1.1, 1.3, 1), (1.4, -0.5, 1)];
    let usual = usual.map(|(x, y, class)| Point { x, y, class });
    let points = picture.points(&ask.controls, "samples", &usual, 2, 30);
    let last = ROUNDS * usual.len();
    let seen = picture.played(&ask.controls, "samples seen", last, last);
    let borders = ask.both(|side| {
        let mut parameters = Parameters::zero();
        let mut corrections = 0;
        for point in points.iter().cycle().take(seen) {
            let case = parameters.case().with("x", array![point.x, point.y]).with("target", point.class as f64);
            let answer = side.ask("update", &case)?;
            corrections += usize::from(answer.number("returned") == 1.0);
            parameters = Parameters::of(&answer)?;
        }
        Ok((border(side, &parameters)?, corrections))
    })?;
    if let Ok((_, corrections)) = &borders.learner {
        picture.label(0.0, 1.85, format!("{seen} samples seen, {corrections} corrections"));
    }
    picture.compare("border", Mark::Line, 0, borders.map(|(border, _)| border));
    for class in 0..2 {
        let of_class = points.iter().filter(|point| point.class == class).map(|point| (point.x, point.y)).collect();
        picture.add(format!("class {class}"), Mark::Points, Role::Class(class), of_class);
    }
    Ok(picture)
}

/// How many errors each epoch makes.
fn errors(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "errors_per_epoch",
        "Errors in each epoch",
        Axis::new("epoch")
            .from(0.7, MAX_EPOCHS as f64 + 0.3)
            .ticks((1..=MAX_EPOCHS).map(|epoch| (epoch as f64, epoch))),
        Axis::new("errors").from(-0.3, 4.3).ticks((0..=4).map(|errors| (f64::from(errors), errors))),
    )
    .caption(
        "For AND the number of errors rises before it falls, and training ends with an epoch without an error. XOR \
         never gets there: no line separates its classes, and every epoch makes four errors. A curve that continues \
         after a 0 does not stop when it should.",
    );
    for (n, gate) in [Gate::And, Gate::Xor].into_iter().enumerate() {
        let curve = ask.both(|side| {
            let (_, errors) = train(side, &gate.dataset(), MAX_EPOCHS)?;
            Ok((1..).map(f64::from).zip(errors).collect::<Vec<_>>())
        })?;
        let dots = curve.clone();
        picture.compare(gate.name(), Mark::Line, n, curve);
        picture.compare("", Mark::Points, n, dots);
    }
    Ok(picture)
}

/// The border after each of the four corrections of one round through XOR, once it goes in circles.
fn xor(ask: &mut Ask<'_>) -> Result<Picture> {
    const ROUNDS_BEFORE: usize = 3;
    let data = Gate::Xor.dataset();
    let mut picture = Picture::new(
        "xor_in_circles",
        "XOR: the same four lines again and again",
        Axis::new("x1").from(-1.4, 1.6),
        Axis::new("x2").from(-1.4, 1.6),
    )
    .caption(
        "The decision line after each sample of one epoch. Every correction helps one sample and spoils another, and \
         the fourth line is the one before the first sample. No line has both full circles on one side and both empty \
         ones on the other.",
    );
    let borders = ask.both(|side| {
        let (mut parameters, _) = train(side, &data, ROUNDS_BEFORE)?;
        let mut borders = Vec::new();
        for (sample, target) in data.features.rows().into_iter().zip(data.targets()) {
            let case = parameters.case().with("x", sample.to_owned()).with("target", target);
            parameters = Parameters::of(&side.ask("update", &case)?)?;
            borders.push(border(side, &parameters)?);
        }
        Ok(borders)
    })?;
    let sample_names = ["(0, 0)", "(0, 1)", "(1, 0)", "(1, 1)"];
    for (n, name) in sample_names.into_iter().enumerate() {
        let one = Both {
            reference: borders.reference[n].clone(),
            learner: borders.learner.as_ref().map(|borders| borders[n].clone()).map_err(Clone::clone),
        };
        picture.compare(format!("after {name}"), Mark::Line, n, one);
    }
    samples(&mut picture, &data);
    Ok(picture)
}

/// How many epochs the same clouds take, as they are, pushed aside, and standardised.
fn scales(ask: &mut Ask<'_>) -> Result<Picture> {
    const VERSIONS: [&str; 3] = ["as they are", "x1 + 10", "standardised"];
    const MAX_EPOCHS: usize = 1000;
    let clouds = clouds();
    let mut pushed = clouds.clone();
    pushed.features.column_mut(0).map_inplace(|x1| *x1 += 10.0);

    let mut picture = Picture::new(
        "common_scale",
        "The same clouds, shifted",
        Axis::new("").from(-0.6, 2.6).ticks((0..).map(f64::from).zip(VERSIONS)),
        Axis::new("epochs until no error"),
    )
    .caption(
        "10 is added to one feature. The clouds are no harder to separate, but the rule takes many times as long. \
         `Standardizer` removes the shift. If the bar on the right is tall, a part of the shift remains.",
    );
    let epochs = |side: &mut Side<'_>, data: &Dataset| -> Asked<f64> {
        let (_, errors) = train(side, data, MAX_EPOCHS)?;
        Ok(errors.len() as f64)
    };
    let raw = ask.both(|side| Ok(vec![(0.0, epochs(side, &clouds)?), (1.0, epochs(side, &pushed)?)]))?;
    let standardised = ask.both(|side| {
        let x = || Record::new().with("x", pushed.features.clone());
        let fitted = side.ask("scaler_fit", &x())?;
        let part = |name: &str| fitted.exactly(2, name).map(Array1::from);
        let case = x().with("means", part("means")?).with("std_devs", part("std_devs")?);
        let features = side.ask("scaler_transform", &case)?.exactly(pushed.features.len(), "result")?;
        let features = Array2::from_shape_vec(pushed.features.dim(), features).map_err(anyhow::Error::from)?;
        Ok(vec![(2.0, epochs(side, &Dataset { features, labels: pushed.labels.clone() })?)])
    })?;
    let highest = raw.reference[1].1;
    for (name, bars) in [(YOURS, raw), ("", standardised)] {
        for &(x, y) in bars.learner.iter().flatten() {
            picture.label(x, y + highest / 25.0, with_separators(&y.to_string()));
        }
        picture.compare(name, Mark::Bars(0.5), 0, bars);
    }
    Ok(picture)
}

/// How long the batch rule takes for AND, by learning rate.
fn learning_rates(ask: &mut Ask<'_>) -> Result<Picture> {
    let data = Gate::And.dataset();
    let mut picture = Picture::new(
        "learning_rates",
        "The batch rule and its learning rate",
        Axis::new("learning rate").from(6e-4, 16.0).log(),
        Axis::new("epochs until AND is right").from(1.0, 10_000.0).log(),
    )
    .caption(
        "Both axes are logarithmic: ten times the learning rate needs a tenth of the epochs. On these data a rate \
         above 1 gains nothing more, and does no harm. If your line is far above or below the faint one, a correction \
         is divided or multiplied by a wrong factor.",
    );
    let curve = ask.both(|side| {
        let rates = (0..=17).map(|step| 10_f64.powf(-3.0 + f64::from(step) / 4.0));
        rates
            .map(|rate| {
                let case = Record::new().with("weights", Array1::<f64>::zeros(2)).with("bias", 0.0);
                let case = case.with("learning_rate", rate).with("x", data.features.clone());
                let case = case.with("targets", data.targets()).with("max_epochs", 10_000_usize);
                let epochs = side.ask("fit_batch_until_right", &case)?.numbers("epochs");
                Ok(epochs.first().map_or(GAP, |epochs| (rate, *epochs)))
            })
            .collect::<Asked<Vec<_>>>()
    })?;
    if curve.learner.iter().flatten().any(|(rate, _)| rate.is_nan()) {
        picture.note("Where your line is missing, AND is still not right after 10,000 epochs.");
    }
    let dots = curve.clone();
    picture.compare(YOURS, Mark::Line, 0, curve);
    picture.compare("", Mark::Points, 0, dots);
    Ok(picture)
}
