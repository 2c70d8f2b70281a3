//! What there is to see in exercise 7.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        polynomial(ask)?,
        ask.once(softmax_once)?,
        ask.once(slopes)?,
        ask.once(curves)?,
        ask.once(differences)?,
        ask.once(times)?,
        ask.once(half_precision)?,
    ])
}

/// The lesson's network, and the truth table of XOR.
fn lesson_network() -> Record {
    Record::new()
        .with("hidden_weights", array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]])
        .with("hidden_biases", array![0.01, -0.02, 0.03, -0.04])
        .with("output_weights", array![[-0.2], [0.3], [-0.25], [0.15]])
        .with("output_biases", array![0.05])
        .with("x", array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        .with("y", array![[0.0], [1.0], [1.0], [0.0]])
}

/// A polynomial and the slope that a tape finds.
fn polynomial(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "polynomial",
        "A slope from a tape",
        Axis::new("x").from(-4.0, 2.0),
        Axis::new("").from(-7.0, 10.0),
    )
    .caption(
        "y = x² + 2x + 1, and its slope as dfdx finds it. The slope is 0 where the curve is lowest. If it is 0 somewhere \
         else, one of the terms was computed without a tape, and its part is missing.",
    );
    for (n, (name, part)) in [("y", "value"), ("dy/dx", "slope")].into_iter().enumerate() {
        let line = ask.both(|side| {
            (-20..=10)
                .map(|fifth| f64::from(fifth) / 5.0)
                .map(|x| Ok((x, side.ask("autograd_poly", &Record::new().with("x", x))?.number(part))))
                .collect()
        })?;
        picture.compare(name, Mark::Line, n, line);
    }
    let at = picture.slider(&ask.controls, "x", 0.5, (-4.0, 2.0));
    let tangent = ask.both(|side| {
        let answer = side.ask("autograd_poly", &Record::new().with("x", at))?;
        let (value, slope) = (answer.number("value"), answer.number("slope"));
        Ok([-1.0, 0.0, 1.0].map(|by| (at + by, value + by * slope)).to_vec())
    })?;
    let touches = tangent.clone().map(|line| vec![line[1]]);
    picture.compare("the tangent at x", Mark::Line, 2, tangent);
    picture.compare("", Mark::Points, 2, touches);
    Ok(picture)
}

/// The loss of a prediction that gets better and better.
fn softmax_once(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "softmax_once",
        "Softmax, once",
        Axis::new("logit of the right class").from(-5.0, 15.0),
        Axis::new("cross_entropy").from(-0.3, 6.5),
    )
    .caption(
        "Four classes; the logits of the three wrong ones are 0. The larger the probability of the right class, the \
         closer the loss comes to 0. If your curve levels out well above 0, softmax is applied twice.",
    );
    let losses = ask.both(|side| {
        (-10..=30)
            .map(|half| f64::from(half) / 2.0)
            .map(|logit| {
                let case = Record::new().with("logits", array![[logit, 0.0, 0.0, 0.0]]).with("labels", vec![0]);
                Ok((logit, side.ask("cross_entropy", &case)?.number("result")))
            })
            .collect()
    })?;
    picture.compare(YOURS, Mark::Line, 0, losses);
    Ok(picture)
}

/// All slopes of the network on XOR, by hand and in dfdx.
fn slopes(ask: &mut Ask<'_>) -> Result<Picture> {
    const ARRAYS: [(&str, usize, &str); 4] = [
        ("hidden_weights", 8, "W1"),
        ("hidden_biases", 4, "b1"),
        ("output_weights", 4, "W2"),
        ("output_biases", 1, "b2"),
    ];
    let mut ticks = Vec::new();
    let mut first = 0.0;
    for (_, count, name) in ARRAYS {
        ticks.push((first + (count - 1) as f64 / 2.0, name));
        first += count as f64;
    }
    let mut picture = Picture::new(
        "slopes",
        "Seventeen slopes, twice",
        Axis::new("").from(-0.7, 16.7).ticks(ticks),
        Axis::new("slope of the loss"),
    )
    .caption(
        "The gradient of the lesson's network on XOR, one pair for each parameter: derived by hand and found by dfdx. \
         Both bars of a pair must have the same height. If the bars of W1 have the right heights in another order, the \
         weights were reshaped instead of transposed.",
    );
    for (n, (name, experiment)) in
        [("by hand", "loss_and_slopes"), ("dfdx", "dfdx_loss_and_slopes")].into_iter().enumerate()
    {
        let shift = if n == 0 { -0.2 } else { 0.2 };
        let bars = ask.both(|side| {
            let answer = side.ask(experiment, &lesson_network())?;
            let mut slopes = Vec::new();
            for (part, count, _) in ARRAYS {
                slopes.extend(answer.exactly(count, part)?);
            }
            Ok((0..).map(|place| f64::from(place) + shift).zip(slopes).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Bars(0.26), n, bars);
    }
    picture.level("", 0.0, (-0.7, 16.7));
    Ok(picture)
}

const EPOCHS: usize = 300;

fn training() -> Record {
    lesson_network().with("learning_rate", 2.0).with("epochs", EPOCHS)
}

fn losses(side: &mut Side<'_>, experiment: &str) -> Asked<Vec<(f64, f64)>> {
    let losses = side.ask(experiment, &training())?.numbers("result");
    Ok((1..).map(f64::from).zip(losses).collect())
}

/// Both trainings on XOR.
fn curves(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "curves",
        "XOR, by hand and in dfdx",
        Axis::new("epoch").from(1.0, EPOCHS as f64),
        Axis::new("loss").log(),
    )
    .caption(
        "Both networks learn XOR from the same start, with the learning rate 2. The lines should lie on top of each \
         other. If they separate after the first epochs, look at what one of them keeps from step to step; if they \
         differ from the beginning, look at their initial weights.",
    );
    for (n, (name, experiment)) in
        [("train_xor_by_hand", "train_xor_by_hand"), ("train_xor", "train_xor")].into_iter().enumerate()
    {
        picture.compare(name, Mark::Line, n, ask.both(|side| losses(side, experiment))?);
    }
    Ok(picture)
}

/// How far the two losses are apart.
fn differences(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "differences",
        "How equal is equal?",
        Axis::new("epoch").from(1.0, EPOCHS as f64),
        Axis::new("difference of the losses").from(1e-13, 1.0).log(),
    )
    .caption(
        "The distance between the two lines of the last picture, on a logarithmic axis. It is hardly ever 0: dfdx \
         computes in f32, which has seven digits, and rounds at every step. Below the dashed line it is only rounding.",
    );
    picture.level("a tenth of a millionth", 1e-7, (1.0, EPOCHS as f64));
    let apart = ask.both(|side| {
        let (by_hand, dfdx) = (losses(side, "train_xor_by_hand")?, losses(side, "train_xor")?);
        let apart = |((epoch, by_hand), (_, dfdx)): ((f64, f64), (f64, f64))| (epoch, (by_hand - dfdx).abs());
        Ok(by_hand.into_iter().zip(dfdx).map(apart).collect::<Vec<_>>())
    })?;
    picture.compare(YOURS, Mark::Line, 0, apart);
    Ok(picture)
}

/// What `benchmark` measures, here and now.
fn times(ask: &mut Ask<'_>) -> Result<Picture> {
    const STEPS: usize = 200;
    const RUNS: usize = 5;
    let mut picture = Picture::new(
        "times",
        "How long a step takes",
        Axis::new("").from(-0.6, 1.6).ticks([(0.0, "by hand"), (1.0, "dfdx")]),
        Axis::new("microseconds per training step"),
    )
    .caption(
        "Measured by your `benchmark` on this machine, just now: medians of 5 runs of 200 steps each. Your own code \
         is not optimised, as `check` compiles it; dfdx, which is compiled beforehand, partly is. The faint bars are \
         the solution's `benchmark`, measured just before. Times differ a little each time. If your bars are 200 times too short, the time of one step was taken \
         for that of all.",
    );
    let bars = ask.both(|side| {
        let report = side.ask("benchmark", &lesson_network().with("steps", STEPS).with("runs", RUNS))?;
        let per_step = |part: &str| 1e6 * report.number(part) / STEPS as f64;
        Ok(vec![(0.0, per_step("by_hand")), (1.0, per_step("dfdx"))])
    })?;
    let highest = |bars: &[(f64, f64)]| bars.iter().map(|(_, time)| *time).fold(0.0, f64::max);
    let right = highest(&bars.reference);
    // Twice the same time is too much to ask of a clock, so the picture has room; but not for everything.
    let top = 1.15 * bars.learner.as_deref().map_or(right, |bars| highest(bars).clamp(right, 10.0 * right));
    picture.y.range = Some((0.0, top));
    for &(x, time) in bars.learner.iter().flatten() {
        picture.label(x, (time + 0.05 * top).min(0.96 * top), format!("{time:.1} µs"));
    }
    picture.compare(YOURS, Mark::Bars(0.4), 0, bars);
    Ok(picture)
}

/// What is left of small slopes in half precision.
fn half_precision(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "half_precision",
        "Bonus: small slopes in 16 bits",
        Axis::new("slope").from(1e-12, 1e-2).log(),
        Axis::new("what is left of it").from(1e-12, 1e-2).log(),
    )
    .caption(
        "What `slope_in_half` makes of a slope. Without scaling, the smaller a slope, the coarser it is rounded, and \
         below half of 2^-24 it becomes 0: the line ends. Multiplied by 1,024 first, slopes may be a thousand times \
         smaller. If both lines end at the same place, the scale is not used.",
    );
    for (n, (name, scale)) in [("as it is", 1.0), ("scaled by 1,024", 1024.0)].into_iter().enumerate() {
        let left = ask.both(|side| {
            let slopes: Vec<f64> = (0..=300).map(|step| 10_f64.powf(-12.0 + f64::from(step) / 30.0)).collect();
            let case = Record::new().with("slope", Array1::from(slopes.clone())).with("scale", scale);
            let left = side.ask("slope_in_half", &case)?.exactly(slopes.len(), "result")?;
            Ok(slopes.into_iter().zip(left).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Line, n, left);
    }
    Ok(picture)
}
