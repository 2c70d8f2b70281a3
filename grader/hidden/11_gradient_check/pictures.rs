//! What there is to see in exercise 11.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(cube)?,
        secant(ask)?,
        ask.once(steps_of_a_network)?,
        ask.once(diagonal)?,
        ask.once(reports)?,
        ask.once(kinks)?,
        ask.once(norms)?,
    ])
}

/// Errors below this are as good as 0, which a logarithmic axis does not have.
const FLOOR: f64 = 1e-13;

/// As in the exercise.
const TOLERANCE: f64 = 1e-6;

/// Steps from 1e-13 to 1.
fn steps() -> impl Iterator<Item = f64> {
    (-52..=0).map(|quarter| 10_f64.powf(f64::from(quarter) / 4.0))
}

fn step_axis() -> Axis {
    Axis::new("eps").from(1e-13, 1.0).log()
}

/// How exact the slope of x³ is, measured on one side and on both.
fn cube(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "cube",
        "The V: the slope of x³ at 1",
        step_axis(),
        Axis::new("error").from(FLOOR, 10.0).log(),
    )
    .caption(
        "Your numerical_gradient, and a one-sided measurement for comparison. From right to left both errors fall, \
         yours twice as steeply, until rounding dominates and they rise together. The lowest point is near 1e-5. If \
         your line follows the other one, you measure on one side; if it is high and horizontal, you divide by the \
         wrong width.",
    );
    let one_side = steps().map(|eps| (eps, (((1.0 + eps).powi(3) - 1.0) / eps - 3.0).abs().max(FLOOR))).collect();
    picture.add("one side", Mark::Line, Role::Guide, one_side);
    let errors = ask.both(|side| {
        steps()
            .map(|eps| {
                let case = Record::new().with("f", "a³").with("theta", array![1.0]).with("eps", eps);
                let slope = side.ask("numerical_gradient", &case)?.number("result");
                Ok((eps, (slope - 3.0).abs().max(FLOOR)))
            })
            .collect()
    })?;
    picture.compare("both sides", Mark::Line, 0, errors);
    Ok(picture)
}

const TENSORS: [&str; 6] = ["W1", "b1", "W2", "b2", "W3", "b3"];

fn xor(case: Record) -> Record {
    case.with("x", array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]).with("y", array![[0.0], [1.0], [1.0], [0.0]])
}

fn weights(shape: (usize, usize), start: f64) -> Array2<f64> {
    Array2::from_shape_fn(shape, |(i, j)| (start + 3.0 * i as f64 + j as f64).sin())
}

/// Three linear layers with tanh between them, the middle one wrong on purpose.
fn three_layers(sabotage: &str) -> Record {
    xor(Record::new())
        .with("W1", weights((2, 3), 1.0))
        .with("b1", array![0.1, -0.2, 0.3])
        .with("W2", weights((3, 3), 5.0))
        .with("b2", array![0.2, 0.1, -0.3])
        .with("W3", weights((3, 1), 9.0))
        .with("b3", array![0.05])
        .with("activation", "tanh")
        .with("sabotage of layer 2", sabotage)
}

/// Pairs of a computed and a measured slope, tensor by tensor.
type Slopes = Vec<Vec<(f64, f64)>>;

fn slopes(side: &mut Side<'_>, case: &Record, tensors: &[&str]) -> Asked<Slopes> {
    let answer = side.ask("check_network", case)?;
    tensors
        .iter()
        .map(|name| {
            let computed = answer.numbers(&format!("computed {name}"));
            let measured = answer.exactly(computed.len(), &format!("measured {name}"))?;
            Ok(computed.into_iter().zip(measured).collect())
        })
        .collect()
}

fn relative_error(slopes: &[(f64, f64)]) -> f64 {
    let norm = |of: fn(&(f64, f64)) -> f64| slopes.iter().map(|pair| of(pair).powi(2)).sum::<f64>().sqrt();
    let size = norm(|pair| pair.0) + norm(|pair| pair.1);
    let error = if size == 0.0 { 0.0 } else { norm(|pair| pair.0 - pair.1) / size };
    // NaN stays NaN; `max` would hide it.
    if error < FLOOR { FLOOR } else { error }
}

/// The worst relative error of a right network, by the step.
/// The slope of x³ at a place, measured with a width of one's choice.
fn secant(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new("secant", "A slope between two points", Axis::new("x").from(-1.0, 2.5), Axis::new("x³").from(-3.0, 12.0)).caption(
        "The curve is x³. The line through its points at x - eps and x + eps has the slope that your `numerical_gradient` \
         measures, and the tangent has the exact one. Make eps smaller: the one turns into the other, much sooner than \
         the two points meet. That is what measuring on both sides is good for.",
    );
    let at = picture.slider(&ask.controls, "x", 1.0, (-0.5, 2.0));
    let eps = picture.log_slider(&ask.controls, "eps", 0.5, (1e-4, 1.0));
    let curve = (-20..=50).map(|step| f64::from(step) / 20.0).map(|x| (x, x.powi(3))).collect();
    picture.add("x³", Mark::Line, Role::Class(1), curve);
    picture.add(
        "tangent",
        Mark::Line,
        Role::Guide,
        [-2.0, 2.0].map(|by| (at + by, at.powi(3) + 3.0 * at * at * by)).to_vec(),
    );
    let line = ask.both(|side| {
        let case = Record::new().with("f", "a³").with("theta", array![at]).with("eps", eps);
        let slope = side.ask("numerical_gradient", &case)?.number("result");
        // The line through the two points, drawn through the upper one.
        let (x, y) = (at + eps, (at + eps).powi(3));
        Ok([-4.0, 2.0].map(|by| (x + by, y + by * slope)).to_vec())
    })?;
    picture.compare("measured", Mark::Line, 0, line);
    picture.add("", Mark::Points, Role::Class(1), [at - eps, at + eps].map(|x| (x, x.powi(3))).to_vec());
    Ok(picture)
}

fn steps_of_a_network(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "steps_of_a_network",
        "The V of a network",
        step_axis(),
        Axis::new("largest relative error").from(FLOOR, 1.0).log(),
    )
    .caption(
        "A network of three layers whose backward pass is right. A check accepts it only where the line is below the \
         tolerance: with a step that is too large or too small it gives a false alarm. If your line never gets down to \
         1e-9, you compare gradients of different batches, or measure on one side.",
    );
    picture.level("tolerance", TOLERANCE, (1e-13, 1.0));
    let errors = ask.both(|side| {
        steps()
            .map(|eps| {
                let slopes = slopes(side, &three_layers("none").with("eps", eps), &TENSORS)?;
                Ok((eps, slopes.iter().map(|tensor| relative_error(tensor)).fold(0.0, f64::max)))
            })
            .collect()
    })?;
    picture.compare(YOURS, Mark::Line, 0, errors);
    Ok(picture)
}

/// Every slope of a network, computed and measured.
fn diagonal(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "diagonal",
        "Computed against measured",
        Axis::new("computed").from(-1.2, 1.2),
        Axis::new("measured").from(-1.2, 1.2),
    )
    .caption(
        "A point for each parameter. Where both gradients agree, it lies on the diagonal. In the second network the \
         middle layer returns a wrong dX: the parameters before it are beside the diagonal. If points of the right \
         network are beside it, too, a gradient belongs to another batch, or a parameter was not restored.",
    )
    .equal_units();
    picture.add("", Mark::Line, Role::Guide, vec![(-1.2, -1.2), (1.2, 1.2)]);
    // The colours are those of the next picture, and the right network is in front.
    for (n, name, sabotage) in [(1, "wrong dX", "dX is dZ·W"), (0, "right", "none")] {
        let points =
            ask.both(|side| Ok(slopes(side, &three_layers(sabotage).with("eps", 1e-5), &TENSORS)?.concat()))?;
        picture.compare(name, Mark::Points, n, points);
    }
    Ok(picture)
}

/// Relative errors, tensor by tensor, of right and wrong networks.
fn reports(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "reports",
        "Which tensors are reported as wrong?",
        Axis::new("").from(-0.5, 5.5).ticks((0..).map(f64::from).zip(TENSORS)),
        Axis::new("relative error").from(FLOOR, 10.0).log(),
    )
    .caption(
        "Three networks, whose second layer is right, has no db, or returns a wrong dX. Above the dashed line a \
         gradient counts as wrong, and between right and wrong there is a gap of many powers of ten. If db is missing, \
         only b2 is reported; if dX is wrong, the layers before it are.",
    );
    picture.level("tolerance", TOLERANCE, (-0.5, 5.5));
    for (n, (name, sabotage)) in
        [("right", "none"), ("wrong dX", "dX is dZ·W"), ("no db", "db stays 0")].into_iter().enumerate()
    {
        let errors = ask.both(|side| {
            let slopes = slopes(side, &three_layers(sabotage).with("eps", 1e-5), &TENSORS)?;
            let place = |tensor: usize| tensor as f64 + 0.2 * (n as f64 - 1.0);
            Ok(slopes.iter().enumerate().map(|(i, tensor)| (place(i), relative_error(tensor))).collect())
        })?;
        picture.compare(name, Mark::Points, n, errors);
    }
    Ok(picture)
}

/// The lesson's network for XOR with these biases in its hidden layer.
fn relu_network(bias: f64) -> Record {
    xor(Record::new())
        .with("W1", relu_weights())
        .with("b1", Array1::from_elem(3, bias))
        .with("W2", array![[0.7], [-0.5], [0.9]])
        .with("b2", array![0.2])
        .with("activation", "ReLU")
}

fn relu_weights() -> Array2<f64> {
    array![[0.6, -0.2, 0.5], [-0.4, 0.3, 0.7]]
}

/// A network that is slid across its kinks.
fn kinks(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPS: f64 = 0.01;
    let biases = || (-110..=70).map(|step| f64::from(step) / 200.0);
    let mut picture = Picture::new(
        "kinks",
        "A right network near its kinks",
        Axis::new("bias of the hidden neurons").from(-0.55, 0.35),
        Axis::new(""),
    )
    .caption(
        "The lesson's network for XOR, with eps = 0.01. Its backward pass is right, and yet the relative error of b1 \
         jumps wherever a pre-activation is close to 0. near_kink has to find something below each jump, and nowhere \
         else. A jump that it misses would look like a bug.",
    );
    let errors = ask.both(|side| {
        biases()
            .map(|bias| Ok((bias, relative_error(&slopes(side, &relu_network(bias).with("eps", EPS), &["b1"])?[0]))))
            .collect()
    })?;
    picture.compare("relative error of b1", Mark::Line, 0, errors);
    let found = ask.both(|side| {
        let mut found = Vec::new();
        for bias in biases() {
            let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
            let case = Record::new().with("z", x.dot(&relu_weights()) + bias).with("eps", EPS);
            if side.ask("near_kink", &case)?.number("result") > 0.0 {
                found.push((bias, -0.02));
            }
        }
        Ok(found)
    })?;
    picture.compare("near_kink finds some", Mark::Points, 1, found);
    Ok(picture)
}

/// How large the gradients of four layers are while they learn.
fn norms(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPOCHS: usize = 40;
    const LAYERS: [&str; 4] = ["W1", "W2", "W3", "W4"];
    let mut picture = Picture::new(
        "norms",
        "Gradient norms during a training",
        Axis::new("epoch").from(1.0, EPOCHS as f64),
        Axis::new("norm of the gradient").log(),
    )
    .caption(
        "Four layers with sigmoids begin to learn XOR. Each sigmoid on the way back makes the gradient smaller, and \
         the first layer gets a hundredth of what the last one gets. Then all of them fall together: the output has \
         reached the mean of the targets, and the other layers learn slowly. Lines that lie on top of each other, or \
         are constant, are not the norms of gradients.",
    );
    let case = xor(Record::new())
        .with("W1", weights((2, 4), 1.0))
        .with("b1", array![0.1, -0.2, 0.3, 0.1])
        .with("W2", weights((4, 4), 5.0))
        .with("b2", array![0.2, 0.1, -0.3, 0.1])
        .with("W3", weights((4, 4), 9.0))
        .with("b3", array![0.1, -0.1, 0.2, -0.2])
        .with("W4", weights((4, 1), 2.0))
        .with("b4", array![0.05])
        .with("activation", "sigmoid")
        .with("learning_rate", 0.02)
        .with("epochs", EPOCHS);
    let norms =
        ask.both(|side| side.ask("norms_of_a_training", &case)?.exactly(2 * LAYERS.len() * EPOCHS, "result"))?;
    for (n, name) in LAYERS.into_iter().enumerate() {
        let of_layer = |norms: Vec<f64>| {
            (1..).map(f64::from).zip(norms.into_iter().skip(2 * n).step_by(2 * LAYERS.len())).collect()
        };
        picture.compare(name, Mark::Line, n, norms.clone().map(of_layer));
    }
    Ok(picture)
}
