//! What there is to see in exercise 5.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(width_of_a_step)?,
        ask.once(|ask| {
            tangents(
            Picture::new("tangent", "The loss over w, and its tangent", Axis::new("w").from(0.0, 1.2), loss_axis()).caption(
                "A neuron without an activation. The straight line has the slope of your dL/dw at w = 0.5: it has to \
                 be the tangent of the curve there. If it crosses the curve, the slope is too steep, too flat, or has \
                 the wrong sign.",
            ),
            &LINEAR,
            &[0.5],
            ask,
            )
        })?,
        ask.once(one_step)?,
        ask.once(ten_steps)?,
        bowl(ask)?,
        ask.once(|ask| {
            tangents(
            Picture::new("deaf", "A neuron that cannot learn", Axis::new("w").from(-1.0, 1.2), Axis::new("loss").from(-0.5, 2.5))
                .caption(
                    "The same with ReLU. On the right the tangent points to the minimum. On the left the loss is large \
                     and constant: the slope is 0, so no step leads away from there. If your tangent is not \
                     horizontal, the slope of ReLU is missing.",
                ),
            &RELU,
            &[0.5, -0.5],
            ask,
            )
        })?,
        ask.once(slopes)?,
        ask.once(ratios)?,
    ])
}

fn loss_axis() -> Axis {
    Axis::new("loss").from(-0.4, 3.0)
}

/// One of the lesson's neurons.
struct Neuron {
    experiment: &'static str,
    x: f64,
    b: f64,
    y: f64,
}

const LINEAR: Neuron = Neuron { experiment: "linear_neuron_grad", x: 3.0, b: 0.2, y: 2.0 };
const RELU: Neuron = Neuron { experiment: "relu_neuron_grad", x: 2.0, b: 0.1, y: 1.0 };

impl Neuron {
    fn ask(&self, side: &mut Side<'_>, w: f64, b: f64) -> Asked<Answer> {
        let case = Record::new().with("x", self.x).with("w", w).with("b", b).with("y", self.y);
        side.ask(self.experiment, &case)
    }

    /// A step of gradient descent: the new w and the new b.
    fn step(&self, side: &mut Side<'_>, (w, b): (f64, f64), learning_rate: f64) -> Asked<(f64, f64)> {
        let slopes = self.ask(side, w, b)?;
        let parts = ["z", "y_hat", "loss", "dl_dy_hat", "dl_dz", "dl_dw", "dl_db"];
        let case = Record::new().with("w", w).with("b", b).with("learning_rate", learning_rate);
        let case = parts.into_iter().fold(case, |case, part| case.with(part, slopes.number(part)));
        let moved = side.ask("gd_step", &case)?;
        Ok((moved.number("w"), moved.number("b")))
    }
}

/// How exact `central_difference` is, by the width of its step.
fn width_of_a_step(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "width_of_a_step",
        "How exact is a measured slope?",
        Axis::new("h").from(1e-13, 1.0).log(),
        Axis::new("error of the slope of e^x at 1").from(1e-13, 10.0).log(),
    )
    .caption(
        "From right to left: a tenth of h gives a hundredth of the error, until rounding dominates and the error grows \
         again. The best h is near 1e-5. If your line falls only half as steeply, it measures on one side; if it is \
         high and horizontal, it divides by the wrong width.",
    );
    let errors = ask.both(|side| {
        let widths = (0..=130).map(|step| 10_f64.powf(-13.0 + f64::from(step) / 10.0));
        widths
            .map(|h| {
                let case = Record::new().with("f", "e^x").with("x", 1.0).with("h", h);
                let slope = side.ask("central_difference", &case)?.number("result");
                Ok((h, (slope - std::f64::consts::E).abs()))
            })
            .collect()
    })?;
    picture.compare(YOURS, Mark::Line, 0, errors);
    Ok(picture)
}

/// The loss over w, and the tangents that the slopes say there are.
fn tangents(mut picture: Picture, neuron: &Neuron, at: &[f64], ask: &mut Ask<'_>) -> Result<Picture> {
    let curve = ask.both(|side| {
        let weights = (-50..=65).map(|step| f64::from(step) / 50.0);
        weights.map(|w| Ok((w, neuron.ask(side, w, neuron.b)?.number("loss")))).collect()
    })?;
    picture.compare("loss", Mark::Line, 0, curve);
    for (n, &w) in (1..).zip(at) {
        let tangent = ask.both(|side| {
            let answer = neuron.ask(side, w, neuron.b)?;
            let (loss, slope) = (answer.number("loss"), answer.number("dl_dw"));
            Ok([-0.35, 0.0, 0.35].map(|by| (w + by, loss + by * slope)).to_vec())
        })?;
        let touches = tangent.clone().map(|line| vec![line[1]]);
        picture.compare(format!("dL/dw at w = {w}"), Mark::Line, n, tangent);
        picture.compare("", Mark::Points, n, touches);
    }
    Ok(picture)
}

const START: (f64, f64) = (0.5, 0.2);

/// The loss after one step, by its learning rate.
fn one_step(ask: &mut Ask<'_>) -> Result<Picture> {
    const TO: f64 = 0.2;
    let mut picture = Picture::new(
        "one_step",
        "One step: how long may it be?",
        Axis::new("learning rate").from(0.0, TO),
        Axis::new("loss after the step").from(-0.05, 0.5),
    )
    .caption(
        "From the same start, with the same slope. The curve touches 0 where the step reaches the target. At the \
         critical learning rate the loss is the same as before the step; your `critical_learning_rate` should be \
         there. If the curve rises from the beginning, the step goes uphill.",
    );
    let before = ask.both(|side| Ok(LINEAR.ask(side, START.0, START.1)?.number("loss")))?;
    picture.level("loss before the step", before.reference, (0.0, TO));
    let curve = ask.both(|side| {
        (0..=100)
            .map(|step| TO * f64::from(step) / 100.0)
            .map(|rate| {
                let (w, b) = LINEAR.step(side, START, rate)?;
                Ok((rate, LINEAR.ask(side, w, b)?.number("loss")))
            })
            .collect()
    })?;
    picture.compare("loss after it", Mark::Line, 0, curve);
    let critical = ask.both(|side| {
        let rate = side.ask("critical_learning_rate", &Record::new().with("x", LINEAR.x))?.number("result");
        Ok(vec![(rate, -1.0), (rate, 1.0)])
    })?;
    picture.compare("critical_learning_rate", Mark::Line, 1, critical);
    Ok(picture)
}

/// The loss of ten steps, with a learning rate just below the critical one, on it, and just above.
fn ten_steps(ask: &mut Ask<'_>) -> Result<Picture> {
    const STEPS: u32 = 10;
    let mut picture = Picture::new(
        "ten_steps",
        "Ten steps around the critical rate",
        Axis::new("step").from(0.0, f64::from(STEPS)),
        Axis::new("loss").log(),
    )
    .caption(
        "On a logarithmic axis these are straight lines, because each step multiplies the loss by the same number: \
         less than 1 below the critical rate, 1 at it, more than 1 above it. If all three lines rise, a sign is wrong \
         or the slopes are too large.",
    );
    for (n, rate) in [0.09, 0.1, 0.11].into_iter().enumerate() {
        let losses = ask.both(|side| {
            let mut parameters = START;
            let mut losses = Vec::new();
            for step in 0..=STEPS {
                losses.push((f64::from(step), LINEAR.ask(side, parameters.0, parameters.1)?.number("loss")));
                parameters = LINEAR.step(side, parameters, rate)?;
            }
            Ok(losses)
        })?;
        picture.compare(format!("rate {rate}"), Mark::Line, n, losses);
    }
    Ok(picture)
}

/// The loss over w and b as shades, and a walk of gradient descent down there.
fn bowl(ask: &mut Ask<'_>) -> Result<Picture> {
    const LAST: usize = 30;
    const BOWL: Cells = Cells { x: (0.0, 1.2), y: (-0.6, 1.0), columns: 40, rows: 40 };
    let mut picture = Picture::new(
        "bowl",
        "Gradient descent on the loss",
        Axis::new("w").from(BOWL.x.0, BOWL.x.1),
        Axis::new("b").from(BOWL.y.0, BOWL.y.1),
    )
    .caption(
        "The darker, the larger the loss; along the white valley it is 0. Each step follows your gradients and your \
         `gd_step` downhill: at a right angle to the valley. The steps get shorter as the slope gets smaller. From a \
         learning rate of 0.1 on they no longer converge: they jump from one side to the other. A walk that is not at \
         a right angle has one of its two gradients wrong.",
    );
    picture = picture.equal_units();
    let rate = picture.slider(&ask.controls, "learning rate", 0.03, (0.0, 0.12));
    let steps = picture.played(&ask.controls, "steps", LAST, LAST);
    let start = [Point { x: 0.2, y: -0.4, class: 0 }];
    let start = picture.points(&ask.controls, "start", &start, 1, 1).first().map_or((0.2, -0.4), |at| (at.x, at.y));
    let losses = ask.once(|ask| {
        ask.both(|side| {
            let centres = BOWL.centres();
            centres
                .rows()
                .into_iter()
                .map(|at| Ok(LINEAR.ask(side, at[0], at[1])?.number("loss")))
                .collect::<Asked<Vec<_>>>()
        })
    })?;
    let heights = losses.one(&mut picture).iter().map(|loss| loss.sqrt()).collect();
    picture.raster(BOWL, heights, Palette::Ink, (0.0, 4.0));
    // All steps are asked for at once: playing them costs nothing.
    let case = Record::new()
        .with("x", LINEAR.x)
        .with("y", LINEAR.y)
        .with("w", start.0)
        .with("b", start.1)
        .with("learning_rate", rate)
        .with("steps", LAST);
    let walk = ask.both(|side| {
        let places = side.ask("walk", &case)?.exactly(2 * (LAST + 1), RESULT)?;
        Ok(places.chunks(2).take(steps + 1).map(|at| (at[0], at[1])).collect::<Vec<_>>())
    })?;
    picture.compare(YOURS, Mark::Line, 1, walk.clone());
    picture.compare("", Mark::Points, 1, walk);
    Ok(picture)
}

/// The lesson's two layers. Each parameter is named by the array that it is an entry of, and its place there.
struct TwoLayers {
    arrays: [(&'static str, Vec<f64>); 4],
}

impl TwoLayers {
    fn new() -> Self {
        Self {
            arrays: [
                ("w1", vec![0.1, 0.3, 0.2, 0.4]),
                ("b1", vec![0.01, 0.02]),
                ("w2", vec![0.5, 0.6]),
                ("b2", vec![0.03]),
            ],
        }
    }

    fn ask(&self, side: &mut Side<'_>) -> Asked<Answer> {
        let [(_, w1), (_, b1), (_, w2), (_, b2)] = &self.arrays;
        let case = Record::new()
            .with("x", array![0.5, 0.8])
            .with("y", 1.0)
            .with("w1", array![[w1[0], w1[1]], [w1[2], w1[3]]])
            .with("b1", Array1::from(b1.clone()))
            .with("w2", Array1::from(w2.clone()))
            .with("b2", b2[0])
            .with("learning_rate", 0.5);
        side.ask("two_layer_step", &case)
    }
}

const PARAMETERS: [&str; 9] = ["W1₀₀", "W1₀₁", "W1₁₀", "W1₁₁", "b1₀", "b1₁", "W2₀", "W2₁", "b2"];

/// The slope of each parameter, as the backward pass computes it.
fn computed(side: &mut Side<'_>) -> Asked<Vec<f64>> {
    let trace = TwoLayers::new().ask(side)?;
    let mut slopes = Vec::new();
    for (part, count) in [("dl_dw1", 4), ("dl_db1", 2), ("dl_dw2", 2), ("dl_db2", 1)] {
        slopes.extend(trace.exactly(count, part)?);
    }
    Ok(slopes)
}

/// The slope of each parameter, measured from the loss.
fn measured(side: &mut Side<'_>) -> Asked<Vec<f64>> {
    const H: f64 = 1e-5;
    let mut slopes = Vec::new();
    for array in 0..4 {
        for entry in 0..TwoLayers::new().arrays[array].1.len() {
            let mut loss = |by: f64| -> Asked<f64> {
                let mut moved = TwoLayers::new();
                moved.arrays[array].1[entry] += by;
                Ok(moved.ask(side)?.number("loss"))
            };
            slopes.push((loss(H)? - loss(-H)?) / (2.0 * H));
        }
    }
    Ok(slopes)
}

fn parameter_axis() -> Axis {
    Axis::new("").from(-0.7, 8.7).ticks((0..).map(f64::from).zip(PARAMETERS))
}

/// All slopes of two layers, as computed and as measured.
fn slopes(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture =
        Picture::new("slopes", "Two layers: computed and measured", parameter_axis(), Axis::new("slope of the loss"))
            .caption(
                "One pair for each parameter: the slope that your backward pass computes, and the one that is measured \
                 by moving the parameter up and down and computing your own loss. Where the two colours differ, the \
                 backward pass is wrong, whatever the reference says. See how much smaller the slopes of the first \
                 layer are.",
            );
    let beside = |shift: f64| move |slopes: Vec<f64>| (0..).map(|place| f64::from(place) + shift).zip(slopes).collect();
    picture.compare("computed", Mark::Bars(0.26), 0, ask.both(computed)?.map(beside(-0.2)));
    picture.compare("measured", Mark::Bars(0.26), 1, ask.both(measured)?.map(beside(0.2)));
    picture.level("", 0.0, (-0.7, 8.7));
    Ok(picture)
}

/// The same, one divided by the other: small slopes are as visible as large ones.
fn ratios(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "ratios",
        "Computed divided by measured",
        parameter_axis(),
        Axis::new("computed / measured"),
    )
    .caption(
        "The same slopes, each divided by its measured one: 1 is right, for the small ones as well. 2 or 1/2 means a \
         missing factor, -1 a wrong sign. If only the first layer is wrong, the mistake is between the layers.",
    );
    picture.level("", 1.0, (-0.7, 8.7));
    let ratios = ask.both(|side| {
        let ratios = computed(side)?.into_iter().zip(measured(side)?).map(|(computed, measured)| computed / measured);
        Ok((0..).map(f64::from).zip(ratios).collect::<Vec<_>>())
    })?;
    picture.compare(YOURS, Mark::Points, 0, ratios);
    Ok(picture)
}
