//! What there is to see in exercise 12.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(|ask| {
            narrow_valley(
            Picture::new("to_and_fro", "A narrow valley: across or along", across_x(), across_y()).caption(
                "Forty steps from the left end to the minimum, +. The learning rate of SGD is just below its limit: \
                 it bounces from wall to wall and is slow along the valley. Momentum gains speed along the valley, \
                 swings from wall to wall, and overshoots the minimum; Nesterov brakes earlier. If a path leaves the \
                 picture, its steps go uphill or are too long. If two of your paths are the same, two of your rules \
                 are the same.",
            ),
            &[SGD, MOMENTUM, NESTEROV],
            ask,
            )
        })?,
        ask.once(|ask| {
            narrow_valley(
            Picture::new("scaled", "The same valley, with scaled steps", across_x(), across_y()).caption(
                "The wall is fifty times as steep as the floor, yet the first steps are as long along the valley as \
                 across: both rules start diagonally. RMSProp reaches the floor and follows it, Adam swings as \
                 momentum does. If yours bounce from wall to wall as SGD does, the step is not divided by the size of \
                 the gradient.",
            ),
            &[SGD, RMS_PROP, ADAM],
            ask,
            )
        })?,
        ask.once(rosenbrock_paths)?,
        race(ask)?,
        ask.once(rosenbrock_heights)?,
        ask.once(first_step)?,
        ask.once(bias)?,
        ask.once(training)?,
    ])
}

/// A rule with its hyper-parameters for each of three places, and its colour.
#[derive(Clone, Copy)]
struct Rule {
    name: &'static str,
    /// The learning rates for the narrow valley, for Rosenbrock's, and for the network.
    rates: [f64; 3],
    colour: usize,
}

const SGD: Rule = Rule { name: "Sgd", rates: [0.038, 0.001, 0.5], colour: 0 };
const MOMENTUM: Rule = Rule { name: "Momentum", rates: [0.015, 0.001, 0.1], colour: 1 };
const NESTEROV: Rule = Rule { name: "Nesterov", colour: 2, ..MOMENTUM };
const RMS_PROP: Rule = Rule { name: "RmsProp", rates: [0.05, 0.01, 0.01], colour: 3 };
const ADAM: Rule = Rule { name: "Adam", rates: [0.2, 0.01, 0.03], colour: 4 };
const ADAM_W: Rule = Rule { name: "AdamW", colour: 5, ..ADAM };

impl Rule {
    fn case(&self, learning_rate: f64) -> Record {
        let case = Record::new().with("optimizer", self.name).with("learning_rate", learning_rate);
        let adam = |case: Record| case.with("betas", array![0.9, 0.999]).with("epsilon", EPSILON);
        match self.name {
            "Momentum" | "Nesterov" => case.with("beta", 0.9),
            "RmsProp" => case.with("alpha", 0.99).with("epsilon", EPSILON),
            "Adam" => adam(case),
            "AdamW" => adam(case).with("weight_decay", 0.1),
            _ => case,
        }
    }
}

const EPSILON: f64 = 1e-8;

fn across_x() -> Axis {
    Axis::new("x").from(-2.2, 1.4)
}

fn across_y() -> Axis {
    Axis::new("y").from(-0.6, 0.6)
}

/// Lines on which a function of two coordinates has one of these values.
fn contours((x, y): ((f64, f64), (f64, f64)), levels: &[f64], height: fn(f64, f64) -> f64) -> Vec<Vec<(f64, f64)>> {
    let cells = Cells { x, y, columns: 120, rows: 90 };
    let heights: Vec<f64> = cells.centres().rows().into_iter().map(|point| height(point[0], point[1])).collect();
    levels.iter().map(|&level| cells.contour(&heights, level)).collect()
}

fn add_guides(picture: &mut Picture, lines: Vec<Vec<(f64, f64)>>) {
    for line in lines {
        picture.add("", Mark::Line, Role::Guide, line);
    }
}

fn narrow(x: f64, y: f64) -> f64 {
    0.5 * (x * x + 50.0 * y * y)
}

fn rosenbrock(x: f64, y: f64) -> f64 {
    (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
}

/// The way of a rule down a valley.
fn path(
    side: &mut Side<'_>,
    rule: &Rule,
    rate: f64,
    valley: &str,
    start: Array1<f64>,
    n_steps: usize,
) -> Asked<Answer> {
    side.ask("path", &rule.case(rate).with("valley", valley).with("start", start).with("n_steps", n_steps))
}

fn points(path: &Answer) -> Vec<(f64, f64)> {
    path.numbers("path").chunks_exact(2).map(|point| (point[0], point[1])).collect()
}

fn narrow_valley(mut picture: Picture, rules: &[Rule], ask: &mut Ask<'_>) -> Result<Picture> {
    add_guides(&mut picture, contours(((-2.2, 1.4), (-0.6, 0.6)), &[0.1, 1.0, 3.0, 6.0], narrow));
    for rule in rules {
        let way = ask.both(|side| Ok(points(&path(side, rule, rule.rates[0], "narrow", array![-2.0, 0.5], 40)?)))?;
        picture.compare(rule.name, Mark::Line, rule.colour, way);
    }
    picture.label(0.0, 0.0, "+");
    Ok(picture)
}

const START: [f64; 2] = [-1.0, 1.0];

fn rosenbrock_paths(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "rosenbrock",
        "Rosenbrock's valley",
        Axis::new("x").from(-1.3, 1.3),
        Axis::new("y").from(-0.4, 1.4),
    )
    .caption(
        "Two hundred steps from (-1, 1), with the learning rates of the lesson; a dot is where they end, and + is the \
         minimum. All follow the curved floor of the valley, which is nearly flat: SGD has hardly moved. If a path \
         climbs out of the valley, its gradient is wrong; if it ends where it began, nothing is updated.",
    );
    add_guides(&mut picture, contours(((-1.3, 1.3), (-0.4, 1.4)), &[0.5, 5.0, 40.0, 120.0], rosenbrock));
    for rule in [SGD, MOMENTUM, RMS_PROP, ADAM] {
        let way = ask.both(|side| {
            let start = Array1::from(START.to_vec());
            Ok(points(&path(side, &rule, rule.rates[1], "rosenbrock", start, 200)?))
        })?;
        picture.compare(
            "",
            Mark::Points,
            rule.colour,
            way.clone().map(|way| way.last().copied().into_iter().collect()),
        );
        picture.compare(rule.name, Mark::Line, rule.colour, way);
    }
    picture.label(1.0, 1.0, "+");
    Ok(picture)
}

/// A race down either valley, from wherever the ball is put.
fn race(ask: &mut Ask<'_>) -> Result<Picture> {
    const STEPS: usize = 200;
    const RANGE: ((f64, f64), (f64, f64)) = ((-2.2, 2.2), (-1.5, 2.5));
    let mut picture = Picture::new("race", "A race", Axis::new("x").from(-2.2, 2.2), Axis::new("y").from(-1.5, 2.5)).caption(
        "All rules from the same start, with their learning rates of the lesson, times a factor. Put the ball somewhere else, \
         or play the steps. Who wins depends on the valley, the start and the learning rate. A rule that leaves the picture has \
         too large a learning rate for this place.",
    );
    let valley = picture.choice(&ask.controls, "valley", 0, &["narrow", "Rosenbrock"]);
    let factor = picture.log_slider(&ask.controls, "learning rates times", 1.0, (0.1, 10.0));
    let steps = picture.played(&ask.controls, "steps", 60, STEPS);
    let start = picture.points(&ask.controls, "ball", &[Point { x: -1.8, y: 1.2, class: 0 }], 1, 1);
    let start = start.first().map_or([-1.8, 1.2], |ball| [ball.x, ball.y]);
    let lines = match valley {
        0 => ask.once(|_| Ok(contours(RANGE, &[0.5, 4.0, 16.0, 48.0], narrow)))?,
        _ => ask.once(|_| Ok(contours(RANGE, &[0.5, 5.0, 40.0, 200.0, 800.0], rosenbrock)))?,
    };
    add_guides(&mut picture, lines);
    let name = ["narrow", "rosenbrock"][valley];
    for rule in [SGD, MOMENTUM, RMS_PROP, ADAM] {
        let rate = rule.rates[valley] * factor;
        // All steps are asked for at once: playing them costs nothing.
        let way = ask.both(|side| Ok(points(&path(side, &rule, rate, name, Array1::from(start.to_vec()), STEPS)?)))?;
        let way = way.map(|way| way.into_iter().take(steps + 1).collect::<Vec<_>>());
        let end = way.clone().map(|way| way.last().copied().into_iter().collect());
        picture.compare("", Mark::Points, rule.colour, end);
        picture.compare(rule.name, Mark::Line, rule.colour, way);
    }
    picture.label([0.0, 1.0][valley], [0.0, 1.0][valley], "+");
    Ok(picture)
}

fn rosenbrock_heights(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "heights",
        "The height after each step",
        Axis::new("step").from(0.0, 800.0),
        Axis::new("f").from(1e-5, 10.0).log(),
    )
    .caption(
        "The heights along the same paths, for eight hundred steps, on a logarithmic axis. Nesterov is hidden behind \
         Momentum: their paths are nearly the same here. Which rule is lowest depends on the learning rates; this is \
         no ranking. If a curve is horizontal from the start, its rule changes nothing.",
    );
    for rule in [SGD, MOMENTUM, NESTEROV, RMS_PROP, ADAM] {
        let heights = ask.both(|side| {
            let start = Array1::from(START.to_vec());
            let heights = path(side, &rule, rule.rates[1], "rosenbrock", start, 800)?.numbers("heights");
            Ok((0..).map(f64::from).zip(heights).step_by(4).collect::<Vec<_>>())
        })?;
        picture.compare(rule.name, Mark::Line, rule.colour, heights);
    }
    Ok(picture)
}

/// How far the first step goes, by the size of the gradient.
fn first_step(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "first_step",
        "How long is the first step?",
        Axis::new("gradient").from(1e-11, 100.0).log(),
        Axis::new("length of the step").from(1e-8, 100.0).log(),
    )
    .caption(
        "With lr = 0.1. For SGD the step is as large as the gradient makes it. Adam's is as long as the learning rate \
         for almost any gradient, and RMSProp's ten times as long. Both become shorter only where gradients are about \
         as small as ε. If yours become shorter near 1e-4 already, ε is in the wrong place.",
    );
    let sizes: Vec<f64> = (-44..=8).map(|quarter| 10_f64.powf(f64::from(quarter) / 4.0)).collect();
    for rule in [SGD, RMS_PROP, ADAM] {
        let case = rule
            .case(0.1)
            .with("start", Array1::<f64>::zeros(sizes.len()))
            .with("gradients", Array2::from_shape_fn((1, sizes.len()), |(_, i)| sizes[i]));
        let lengths = ask.both(|side| {
            let after = side.ask("steps", &case)?.exactly(sizes.len(), "result")?;
            Ok(sizes.iter().copied().zip(after.iter().map(|theta| theta.abs())).collect::<Vec<_>>())
        })?;
        picture.compare(rule.name, Mark::Line, rule.colour, lengths);
    }
    Ok(picture)
}

/// What the correction of the bias does, for a gradient that is always 1.
fn bias(ask: &mut Ask<'_>) -> Result<Picture> {
    const STEPS: usize = 100;
    let mut picture = Picture::new(
        "bias",
        "Adam with and without correction",
        Axis::new("step").from(1.0, STEPS as f64),
        Axis::new("step / learning rate").from(0.0, 7.0),
    )
    .caption(
        "The gradient is 1 at every step. With the correction every step is as long as the learning rate: a \
         horizontal line. The thin line is Adam without correction: at first v is too small by a larger factor than \
         m, and early steps are several times too long. If your line starts near 0, it corrects v and not m; if it \
         starts far above, it corrects m and not v.",
    );
    let uncorrected = (1..=STEPS as i32).map(|t| {
        let [m, v] = [0.9_f64, 0.999].map(|beta| 1.0 - beta.powi(t));
        (f64::from(t), m / v.sqrt())
    });
    picture.add("not corrected", Mark::Line, Role::Guide, uncorrected.collect());
    let case = ADAM.case(0.1).with("start", array![0.0]).with("gradients", Array2::<f64>::ones((STEPS, 1)));
    let lengths = ask.both(|side| {
        let after = side.ask("steps", &case)?.exactly(STEPS, "result")?;
        let before = [&[0.0], &after[..STEPS - 1]].concat();
        let lengths = before.iter().zip(&after).map(|(before, after)| (before - after) / 0.1);
        Ok((1..).map(f64::from).zip(lengths).collect::<Vec<_>>())
    })?;
    picture.compare("Adam", Mark::Line, ADAM.colour, lengths);
    Ok(picture)
}

/// The same network trained by each of them.
fn training(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "training",
        "One network, six rules",
        Axis::new("step").from(0.0, 300.0),
        Axis::new("loss").from(1e-3, 2.0).log(),
    )
    .caption(
        "Two rings of points, one inside the other, and a network with eight hidden neurons that always starts from \
         the same weights: only the rule differs. AdamW ends higher than Adam, because weight decay keeps its weights \
         small. If a rule works in the valleys above but not here, perhaps it mixes up what it stores for different \
         parameters.",
    );
    for rule in [SGD, MOMENTUM, NESTEROV, RMS_PROP, ADAM, ADAM_W] {
        let case = rule
            .case(rule.rates[2])
            .with("n_samples", 100_usize)
            .with("n_hidden", 8_usize)
            .with("seed", 1_usize)
            .with("n_steps", 300_usize);
        let losses = ask.both(|side| {
            Ok((0..).map(f64::from).zip(side.ask("train_with", &case)?.numbers("result")).collect::<Vec<_>>())
        })?;
        picture.compare(rule.name, Mark::Line, rule.colour, losses);
    }
    Ok(picture)
}
