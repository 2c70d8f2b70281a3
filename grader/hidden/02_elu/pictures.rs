//! What there is to see in exercise 2.

use judge::pictures::*;

const ALPHAS: [f64; 3] = [0.5, 1.0, 2.0];

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(|ask| {
            alphas(
            Picture::new("elu", "ELU for three alphas", Axis::new("z"), Axis::new("elu(z, alpha)").from(-2.3, 3.1))
                .caption(
                    "For positive z all three are the same line. For negative z each levels out at minus alpha. Only \
                     for alpha = 1 does the curve pass 0 without a kink. If your curves are equal, alpha is not used; \
                     if they jump at 0, value and slope are mixed up.",
                ),
            "elu",
            ask,
            )
        })?,
        ask.once(|ask| {
            alphas(
            Picture::new(
                "elu_slopes",
                "The slope of ELU for three alphas",
                Axis::new("z"),
                Axis::new("elu_derivative(z, alpha)").from(-0.15, 3.1),
            )
            .caption(
                "The slope rises to alpha for negative z and is 1 for positive z: it jumps at 0, except for alpha = 1. \
                 If your slope keeps rising for positive z, the shortcut \"value plus alpha\" is used there, too. It \
                 must not be negative, because ELU never falls.",
            ),
            "elu_derivative",
            ask,
            )
        })?,
        one_point(ask)?,
        ask.once(|ask| {
            curves(
                Picture::new(
                    "relatives",
                    "ELU and its relatives",
                    Axis::new("z"),
                    Axis::new("activation").from(-1.2, 3.1),
                )
                .caption(
                    "For positive z three of them are one line. For negative z ReLU is 0, leaky ReLU keeps falling, \
                     and ELU levels out. Only the sigmoid stays between 0 and 1.",
                ),
                &[("relu", None), ("leaky_relu", Some(0.1)), ("elu", Some(1.0)), ("sigmoid", None)],
                ask,
            )
        })?,
        ask.once(|ask| {
            curves(
                Picture::new("slopes", "Their slopes", Axis::new("z"), Axis::new("slope").from(-0.1, 1.3)).caption(
                    "The factor by which the gradient is multiplied on its way back. Where a curve is near 0, almost \
                 nothing gets through. The slope of the sigmoid is at most a quarter. Only ReLU and leaky ReLU have a \
                 jump; any other jump, or a value outside the range from 0 to 1, is a mistake.",
                ),
                &[
                    ("relu_derivative", None),
                    ("leaky_relu_derivative", Some(0.1)),
                    ("elu_derivative", Some(1.0)),
                    ("sigmoid_derivative", None),
                    ("tanh_derivative", None),
                ],
                ask,
            )
        })?,
        ask.once(vanishing)?,
        ask.once(close_to_zero)?,
        ask.once(far_out)?,
        ask.once(|ask| {
            curves(
            Picture::new(
                "younger",
                "Bonus: three more recent activations",
                Axis::new("z"),
                Axis::new("").from(-1.2, 3.1),
            )
            .caption(
                "All three dip below 0 before they rise, and none has a kink. The slope of swish is 0 where swish is \
                 lowest, rises a little above 1, and then approaches 1.",
            ),
            &[("swish", Some(1.0)), ("gelu", None), ("mish", None), ("swish_derivative", Some(1.0))],
            ask,
            )
        })?,
    ])
}

/// A number and the parameter of the family, under the name that each experiment has for it.
fn case(experiment: &str, z: f64, parameter: Option<f64>) -> Record {
    let name = if experiment.starts_with("swish") { "beta" } else { "alpha" };
    let case = Record::new().with("z", z);
    parameter.map_or(case.clone(), |parameter| case.with(name, parameter))
}

fn value(side: &mut Side<'_>, experiment: &str, z: f64, parameter: Option<f64>) -> Asked<f64> {
    Ok(side.ask(experiment, &case(experiment, z, parameter))?.number("result"))
}

/// A function from -4 to 3, 0 on its left part: slopes jump there.
fn curve(ask: &mut Ask<'_>, experiment: &str, parameter: Option<f64>) -> Result<Both<Vec<(f64, f64)>>> {
    ask.both(|side| {
        let mut points = Vec::new();
        for z in (-40..=0).map(|tenth| f64::from(tenth) / 10.0) {
            points.push((z, value(side, experiment, z, parameter)?));
        }
        points.push(GAP);
        for z in std::iter::once(1e-9).chain((1..=30).map(|tenth| f64::from(tenth) / 10.0)) {
            points.push((z, value(side, experiment, z, parameter)?));
        }
        Ok(points)
    })
}

fn alphas(mut picture: Picture, experiment: &str, ask: &mut Ask<'_>) -> Result<Picture> {
    for (n, alpha) in ALPHAS.into_iter().enumerate() {
        picture.compare(format!("alpha = {alpha}"), Mark::Line, n, curve(ask, experiment, Some(alpha))?);
    }
    Ok(picture)
}

fn curves(mut picture: Picture, functions: &[(&str, Option<f64>)], ask: &mut Ask<'_>) -> Result<Picture> {
    for (n, (function, parameter)) in functions.iter().enumerate() {
        picture.compare(*function, Mark::Line, n, curve(ask, function, *parameter)?);
    }
    Ok(picture)
}

/// ELU for one alpha, with its tangent at one place.
fn one_point(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "one_point",
        "One point and its slope",
        Axis::new("z").from(-4.0, 3.0),
        Axis::new("elu(z, alpha)").from(-3.2, 3.2),
    )
    .caption(
        "The curve is `elu`, the straight line has the slope that `elu_derivative` returns. It has to touch the curve \
         and run along it, at every place and for every alpha. Where it cuts through the curve, value and slope do \
         not belong together.",
    );
    let alpha = picture.slider(&ask.controls, "alpha", 1.5, (0.1, 3.0));
    let at = picture.slider(&ask.controls, "z", -0.8, (-4.0, 3.0));
    picture.compare("elu", Mark::Line, 0, curve(ask, "elu", Some(alpha))?);
    let tangent = ask.both(|side| {
        let (height, slope) = (value(side, "elu", at, Some(alpha))?, value(side, "elu_derivative", at, Some(alpha))?);
        Ok([-1.0, 0.0, 1.0].map(|by| (at + by, height + by * slope)).to_vec())
    })?;
    let touches = tangent.clone().map(|line| vec![line[1]]);
    if let Ok(point) = &touches.learner {
        let (z, height) = point[0];
        picture.label(-2.2, 2.6, format!("elu({z:.2}, {alpha:.2}) = {height:.3}"));
    }
    picture.compare("its tangent", Mark::Line, 1, tangent);
    picture.compare("", Mark::Points, 1, touches);
    Ok(picture)
}

/// What is left of a correction after so many neurons.
fn vanishing(ask: &mut Ask<'_>) -> Result<Picture> {
    const NEURONS: i32 = 10;
    let mut picture = Picture::new(
        "vanishing",
        "What is left of a correction",
        Axis::new("number of neurons").from(0.0, f64::from(NEURONS)),
        Axis::new("left of it").from(1e-10, 3.0).log(),
    )
    .caption(
        "Slopes multiply, so on a logarithmic axis each neuron lowers the line by the same amount. ReLU at a positive \
         z does not lower it. Ten sigmoids leave less than a millionth, and other z are worse. If a line rises, a \
         slope is too large: none of these is above 1.",
    );
    let neurons = [
        ("relu, z = 1", "relu_derivative", 1.0, None),
        ("tanh, z = 1", "tanh_derivative", 1.0, None),
        ("elu, z = -1", "elu_derivative", -1.0, Some(1.0)),
        ("sigmoid, z = 1", "sigmoid_derivative", 1.0, None),
    ];
    for (n, (name, derivative, z, alpha)) in neurons.into_iter().enumerate() {
        let left = ask.both(|side| {
            let slope = value(side, derivative, z, alpha)?;
            Ok((0..=NEURONS).map(|passed| (f64::from(passed), slope.powi(passed))).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Line, n, left);
    }
    Ok(picture)
}

/// How many digits of ELU survive close to 0.
fn close_to_zero(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "close_to_zero",
        "ELU close to 0: are all digits there?",
        Axis::new("-z").from(1e-18, 1.0).log(),
        Axis::new("elu(z, 1) / z").from(-0.1, 2.1),
    )
    .caption(
        "Near 0 ELU is nearly z, so this ratio has to be 1 for all small z. If your line becomes irregular around \
         1e-14 and then falls to 0, it subtracts two numbers that agree in almost all of their digits.",
    );
    let ratios = ask.both(|side| {
        let sizes = (0..=180).map(|step| 10_f64.powf(-18.0 + f64::from(step) / 10.0));
        sizes.map(|size| Ok((size, value(side, "elu", -size, Some(1.0))? / -size))).collect()
    })?;
    picture.compare(YOURS, Mark::Line, 0, ratios);
    Ok(picture)
}

/// How far out there still is a slope.
fn far_out(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "far_out",
        "The slope of the sigmoid, far out",
        Axis::new("z").from(-60.0, 60.0),
        Axis::new("sigmoid_derivative(z)").from(1e-27, 10.0).log(),
    )
    .caption(
        "The slope is the same on both sides and keeps getting smaller. If your line drops to 0 on the right before \
         40, the sigmoid was rounded to 1 there, and 1 minus it is 0.",
    );
    let slopes = ask.both(|side| {
        (-120..=120)
            .map(|half| f64::from(half) / 2.0)
            .map(|z| Ok((z, value(side, "sigmoid_derivative", z, None)?)))
            .collect()
    })?;
    picture.compare(YOURS, Mark::Line, 0, slopes);
    Ok(picture)
}
