//! What there is to see in exercise 4.

use judge::pictures::*;

/// The lesson's values, one of which is a typing error.
const VALUES: [f64; 5] = [1.0, 2.0, 3.0, 4.0, 50.0];

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(|ask| {
            over_errors(
            Picture::new("losses", "The loss of one error", error_axis(), Axis::new("loss").from(-1.0, 6.0)).caption(
                "Both losses of a single prediction. For errors below 1 the square is smaller than the absolute value, \
                 for large ones it is much larger. Both are 0 only at 0, and symmetric. If a curve goes below 0, \
                 errors can cancel.",
            ),
            &["mae_loss", "mse_loss"],
            ask,
            )
        })?,
        ask.once(|ask| {
            over_errors(
                Picture::new("gradients", "The slope of each", error_axis(), Axis::new("gradient").from(-6.0, 6.0))
                    .caption(
                        "The gradient of the MAE has the same size for all errors and jumps at 0; at 0 itself it is 0, \
                     the dot. The gradient of the MSE is proportional to the error. Both are negative on the left, \
                     where the prediction is too small. If a curve is mirrored, its sign is wrong.",
                    ),
                &["mae_grad", "mse_grad"],
                ask,
            )
        })?,
        ask.once(votes)?,
        ask.once(|ask| {
            over_constants(
                Picture::new(
                    "best_constant_mae",
                    "MAE over a constant, with an outlier",
                    Axis::new("constant c"),
                    Axis::new("MAE"),
                )
                .caption(
                    "The loss if every prediction is c, for the values 1, 2, 3, 4 and 50. It is straight between the \
                 values, and lowest at the median: with 5 instead of 50 the minimum would be at the same place. Your \
                 `best_constant` has to be at the minimum.",
                ),
                "mae",
                ask,
            )
        })?,
        ask.once(|ask| {
            over_constants(
                Picture::new(
                    "best_constant_mse",
                    "MSE over a constant, with an outlier",
                    Axis::new("constant c"),
                    Axis::new("MSE"),
                )
                .caption(
                    "The same for the MSE: a parabola, lowest at the mean. Because of the 50, this is far from every \
                 single value.",
                ),
                "mse",
                ask,
            )
        })?,
        outlier(ask)?,
        ask.once(walks)?,
    ])
}

fn error_axis() -> Axis {
    Axis::new("error e = y_pred - y_true").from(-3.0, 3.0)
}

/// Losses or gradients of a single prediction, where 0 is right.
fn over_errors(mut picture: Picture, functions: &[&str], ask: &mut Ask<'_>) -> Result<Picture> {
    let mut ties = Vec::new();
    for (n, function) in functions.iter().enumerate() {
        let value = |side: &mut Side<'_>, error: f64| -> Asked<(f64, f64)> {
            let case = Record::new().with("y_true", array![[0.0]]).with("y_pred", array![[error]]);
            Ok((error, side.ask(function, &case)?.number("result")))
        };
        let curve = ask.both(|side| {
            let mut points = Vec::new();
            for error in (-30..0).map(|tenth| f64::from(tenth) / 10.0).chain([-1e-9]) {
                points.push(value(side, error)?);
            }
            // Slopes may jump at 0.
            points.push(GAP);
            for error in [1e-9].into_iter().chain((1..=30).map(|tenth| f64::from(tenth) / 10.0)) {
                points.push(value(side, error)?);
            }
            Ok(points)
        })?;
        picture.compare(*function, Mark::Line, n, curve);
        ties.push(ask.both(|side| Ok(vec![value(side, 0.0)?]))?);
    }
    for (n, tie) in ties.into_iter().enumerate() {
        picture.compare("", Mark::Points, n, tie);
    }
    Ok(picture)
}

/// How hard each of five samples pulls, if the last prediction is far off.
fn votes(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "votes",
        "The gradient with an outlier",
        Axis::new("").from(-0.6, 4.6).ticks((0..5).map(|sample| (f64::from(sample), format!("y = {}", sample + 1)))),
        Axis::new("entry of the gradient"),
    )
    .caption(
        "Five predictions, of which the last is 15 where 5 would be right. For the MAE every sample counts the same: \
         five bars of the same size, with different signs. For the MSE the last one is so large that the others can \
         hardly be seen. If all your bars are too tall by the same factor, the division by n is missing.",
    );
    let column = |values: [f64; 5]| Array2::from_shape_fn((5, 1), |(sample, _)| values[sample]);
    let case = Record::new()
        .with("y_true", column([1.0, 2.0, 3.0, 4.0, 5.0]))
        .with("y_pred", column([1.1, 1.9, 3.1, 3.9, 15.0]));
    for (n, function) in ["mae_grad", "mse_grad"].into_iter().enumerate() {
        let shift = if n == 0 { -0.2 } else { 0.2 };
        let bars = ask.both(|side| {
            let entries = side.ask(function, &case)?.exactly(5, "result")?;
            Ok((0..).map(|sample| f64::from(sample) + shift).zip(entries).collect::<Vec<_>>())
        })?;
        picture.compare(function, Mark::Bars(0.26), n, bars);
    }
    picture.level("", 0.0, (-0.6, 4.6));
    Ok(picture)
}

/// The loss over the constant, and where `best_constant` puts itself.
fn over_constants(mut picture: Picture, loss: &str, ask: &mut Ask<'_>) -> Result<Picture> {
    let experiment = format!("{loss}_loss");
    let value = |side: &mut Side<'_>, constant: f64| -> Asked<(f64, f64)> {
        let case = Record::new()
            .with("y_true", Array2::from_shape_fn((VALUES.len(), 1), |(sample, _)| VALUES[sample]))
            .with("y_pred", Array2::from_elem((VALUES.len(), 1), constant));
        Ok((constant, side.ask(&experiment, &case)?.number("result")))
    };
    let curve = ask.both(|side| (0..=88).map(|quarter| value(side, f64::from(quarter) / 4.0)).collect())?;
    picture.compare(experiment.as_str(), Mark::Line, 0, curve);
    let best = ask.both(|side| {
        let case = Record::new().with("y", Array1::from(VALUES.to_vec())).with("loss", loss);
        let best = side.ask("best_constant", &case)?.exactly(1, "result")?[0];
        Ok(vec![value(side, best)?])
    })?;
    picture.compare("best_constant", Mark::Points, 1, best);
    Ok(picture)
}

/// Five values on a line, and the best constant for either loss.
fn outlier(ask: &mut Ask<'_>) -> Result<Picture> {
    let none = || Axis::new("").ticks::<&str>([]);
    let mut picture =
        Picture::new("outlier", "Two ideas of the middle", Axis::new("value").from(-5.0, 55.0), none().from(-1.0, 1.0))
            .caption(
                "The points are the values 1, 2, 3, 4 and 50; only where they are from left to right counts. The two \
                 lines are the results of your `best_constant`. Move the 50: one of the lines moves with it, and the \
                 other one stays where it is, until the point crosses it.",
            );
    let usual = VALUES.map(|x| Point { x, y: 0.0, class: 0 });
    let points = picture.points(&ask.controls, "values", &usual, 1, 12);
    let values: Vec<f64> = points.iter().map(|point| point.x).collect();
    picture.add("values", Mark::Points, Role::Class(1), points.iter().map(|point| (point.x, point.y)).collect());
    if values.is_empty() {
        picture.note("There are no values: add one.");
        return Ok(picture);
    }
    for (n, (name, loss)) in [("best for the MAE", "mae"), ("best for the MSE", "mse")].into_iter().enumerate() {
        let best = ask.both(|side| {
            let case = Record::new().with("y", Array1::from(values.clone())).with("loss", loss);
            let best = side.ask("best_constant", &case)?.exactly(1, "result")?[0];
            Ok(vec![(best, -0.8), (best, 0.8)])
        })?;
        picture.compare(name, Mark::Line, n, best);
    }
    Ok(picture)
}

/// How the constant walks, step by step.
fn walks(ask: &mut Ask<'_>) -> Result<Picture> {
    const STEPS: usize = 16;
    let mut picture = Picture::new(
        "walks",
        "Bonus: gradient descent to a constant",
        Axis::new("step").from(0.0, STEPS as f64),
        Axis::new("constant c"),
    )
    .caption(
        "Descent from 0.5 for the values 1, 2, 3, 4 and 50. With the MSE the steps become shorter, and c approaches \
         the mean (the upper dashed line). With the MAE they keep their length, and c ends up alternating around the \
         median (the lower dashed line). If your path moves away, its sign is wrong.",
    );
    for (name, at) in [("mean", 12.0), ("median", 3.0)] {
        picture.level("", at, (0.0, STEPS as f64));
        picture.label(STEPS as f64 - 1.5, at + 0.9, name);
    }
    for (n, (name, loss, learning_rate)) in
        [("MAE, learning rate 1", "mae", 1.0), ("MSE, learning rate 0.25", "mse", 0.25)].into_iter().enumerate()
    {
        let case = Record::new()
            .with("y", Array1::from(VALUES.to_vec()))
            .with("loss", loss)
            .with("start", 0.5)
            .with("learning_rate", learning_rate)
            .with("steps", STEPS);
        let walk = ask.both(|side| {
            let constants = side.ask("fit_constant", &case)?.numbers("result");
            Ok((0..).map(f64::from).zip(constants).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Line, n, walk);
    }
    Ok(picture)
}
