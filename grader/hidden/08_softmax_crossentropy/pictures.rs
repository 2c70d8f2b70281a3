//! What there is to see in exercise 8.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(one_score_moves)?,
        ask.once(temperatures)?,
        five_dials(ask)?,
        ask.once(wrong_and_more_wrong)?,
        ask.once(pushes)?,
        ask.once(who_moves_whom)?,
        ask.once(binary_losses)?,
        ask.once(binary_slopes)?,
    ])
}

/// Softmax of three scores, as one of them moves.
fn one_score_moves(ask: &mut Ask<'_>) -> Result<Picture> {
    const ROWS: usize = 65;
    let mut picture = Picture::new(
        "softmax",
        "Three scores, one of which changes",
        Axis::new("score of class 0").from(-8.0, 8.0),
        Axis::new("probability").from(0.0, 1.0),
    )
    .caption(
        "The scores of class 1 and class 2 stay at 1 and -1. As the score of class 0 rises, the others lose in \
         proportion to their probability, and the three always sum to 1. Where two lines cross, their scores are \
         equal. All points are rows of a single call: if your curves do not level out at 0 and 1, the sum runs down \
         the columns.",
    );
    let score = |row: usize| -8.0 + row as f64 / 4.0;
    let z = Array2::from_shape_fn((ROWS, 3), |(row, class)| [score(row), 1.0, -1.0][class]);
    let case = Record::new().with("z", z);
    for class in 0..3 {
        let line = ask.both(|side| {
            let p = side.ask("softmax", &case)?.exactly(3 * ROWS, "result")?;
            Ok(p.chunks(3).enumerate().map(|(row, p)| (score(row), p[class])).collect())
        })?;
        picture.compare(format!("class {class}"), Mark::Line, class, line);
    }
    Ok(picture)
}

/// The lesson's table of temperatures.
fn temperatures(ask: &mut Ask<'_>) -> Result<Picture> {
    const TEMPERATURES: [f64; 4] = [0.5, 1.0, 2.0, 10.0];
    let mut picture = Picture::new(
        "temperature",
        "Softmax with a temperature",
        Axis::new("temperature").from(-0.5, 3.5).ticks((0..).map(f64::from).zip(TEMPERATURES)),
        Axis::new("probability").from(0.0, 1.0),
    )
    .caption(
        "The scores 1, 2 and 3 at four temperatures. At a low temperature the largest score gets nearly all the \
         probability, at a high one each gets nearly a third. The order never changes. If high temperatures make the \
         differences larger, the scores were multiplied; if nothing changes, the division cancels out.",
    );
    for class in 0..3 {
        let bars = ask.both(|side| {
            let shift = 0.26 * (class as f64 - 1.0);
            (0..)
                .map(f64::from)
                .zip(TEMPERATURES)
                .map(|(place, temperature)| {
                    let case = Record::new().with("z", array![[1.0, 2.0, 3.0]]).with("temperature", temperature);
                    Ok((place + shift, side.ask("temperature", &case)?.exactly(3, "result")?[class]))
                })
                .collect()
        })?;
        picture.compare(format!("score {}", class + 1), Mark::Bars(0.17), class, bars);
    }
    Ok(picture)
}

/// Three scores, the temperature and the true class: what becomes of them.
fn five_dials(ask: &mut Ask<'_>) -> Result<Picture> {
    let names = ["class 0", "class 1", "class 2"];
    let mut picture = Picture::new(
        "dials",
        "From scores to a loss",
        Axis::new("").from(-0.6, 2.6).ticks((0..).map(f64::from).zip(names)),
        Axis::new("probability").from(0.0, 1.3),
    )
    .caption(
        "The bars are softmax of the three scores, divided by the temperature. The loss is the cross-entropy of the true \
         class at temperature 1. Add the same number to all three scores: nothing changes. Make the true class certain: the loss \
         goes to 0. Make it hopeless: the loss grows as fast as the gap.",
    );
    let scores = [2.0, 1.0, -1.0];
    let scores: Vec<f64> =
        (0..3).map(|class| picture.slider(&ask.controls, names[class], scores[class], (-8.0, 8.0))).collect();
    let temperature = picture.log_slider(&ask.controls, "temperature", 1.0, (0.1, 20.0));
    let label = picture.choice(&ask.controls, "true class", 0, &names);
    let z = Array2::from_shape_fn((1, 3), |(_, class)| scores[class]);
    let bars = ask.both(|side| {
        let case = Record::new().with("z", z.clone()).with("temperature", temperature);
        let p = side.ask("temperature", &case)?.exactly(3, "result")?;
        Ok((0..).map(f64::from).zip(p).collect::<Vec<_>>())
    })?;
    for &(x, p) in bars.learner.iter().flatten() {
        picture.label(x, p.clamp(0.0, 1.0) + 0.05, format!("{p:.3}"));
    }
    picture.compare(YOURS, Mark::Bars(0.6), 0, bars);
    let loss = ask.both(|side| {
        let case = Record::new().with("z", z.clone()).with("labels", vec![label]).with("eps", 1e-10);
        Ok(side.ask("cross_entropy", &case)?.number("result"))
    })?;
    if let Ok(loss) = loss.learner {
        picture.label(1.0, 1.22, format!("loss for {}: {loss:.3}", names[label]));
    }
    Ok(picture)
}

/// Two classes: the score of the true one, 0 for the other.
fn two_classes(score: f64) -> Record {
    Record::new().with("z", array![[score, 0.0]]).with("labels", vec![0]).with("eps", 1e-10)
}

/// The loss of a classifier that is wrong, exact and clipped.
fn wrong_and_more_wrong(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "clipped",
        "Wrong, and more wrong",
        Axis::new("how much smaller the true score is").from(1.0, 1500.0).log(),
        Axis::new("loss").from(1.0, 1500.0).log(),
    )
    .caption(
        "Two classes, and the true one has the smaller score, by 1 to 1000 and more. The exact loss is as large as the \
         difference. The one that is clipped at 1e-10 becomes constant at 23: from there on its slope is 0. If your \
         line ends near 700, e^710 was computed, which is infinite.",
    );
    for (n, (name, experiment)) in
        [("cross_entropy", "cross_entropy"), ("nll_from_probs", "clipped_loss")].into_iter().enumerate()
    {
        let line = ask.both(|side| {
            (0..=63)
                .map(|step| {
                    let gap = 10_f64.powf(f64::from(step) / 20.0);
                    Ok((gap, side.ask(experiment, &two_classes(-gap))?.number("result")))
                })
                .collect()
        })?;
        picture.compare(name, Mark::Line, n, line);
    }
    Ok(picture)
}

/// How hard the true score is pushed up, by the gradient and by the slope of the clipped loss.
fn pushes(ask: &mut Ask<'_>) -> Result<Picture> {
    const BIT: f64 = 1e-3;
    let mut picture = Picture::new(
        "pushes",
        "Which samples have a gradient?",
        Axis::new("true score minus the other").from(-40.0, 10.0),
        Axis::new("slope along the true score").from(-1.2, 0.2),
    )
    .caption(
        "The same two classes. Your gradient at the true class is p - 1: close to -1 as long as the classifier is \
         wrong, and close to 0 when it is right. The slope that is measured on the clipped loss is 0 on the far left, \
         where the classifier is most wrong. If your gradient becomes small on the left as well, it was multiplied by \
         p · (1 - p).",
    );
    let scores = || (-160..=40).map(|quarter| f64::from(quarter) / 4.0 + 0.1);
    let gradient = ask.both(|side| {
        scores()
            .map(|score| Ok((score, side.ask("cross_entropy_grad", &two_classes(score))?.exactly(2, "result")?[0])))
            .collect()
    })?;
    picture.compare("cross_entropy_grad", Mark::Line, 0, gradient);
    let clipped = ask.both(|side| {
        scores()
            .map(|score| {
                let mut loss = |by: f64| -> Asked<f64> {
                    Ok(side.ask("clipped_loss", &two_classes(score + by))?.number("result"))
                };
                Ok((score, (loss(BIT)? - loss(-BIT)?) / (2.0 * BIT)))
            })
            .collect()
    })?;
    picture.compare("nll_from_probs, measured", Mark::Line, 1, clipped);
    Ok(picture)
}

/// The Jacobian of softmax, column by column.
fn who_moves_whom(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "jacobian",
        "Each score moves all probabilities",
        Axis::new("the score that rises")
            .from(-0.5, 2.5)
            .ticks((0..3).map(|class| (f64::from(class), format!("z_{class}")))),
        Axis::new("slope of the probability"),
    )
    .caption(
        "`softmax_jacobian` at the lesson's scores 1, 2 and 3. If a score rises, its own probability rises, and the \
         others fall, the larger one more: the three bars of each score sum to 0. If bars are missing, or all point \
         up, the entries beside the diagonal are wrong.",
    );
    let p = [1.0, 2.0, 3.0].map(f64::exp);
    let p = Array1::from(p.map(|e| e / p.iter().sum::<f64>()).to_vec());
    let case = Record::new().with("p", p);
    for class in 0..3 {
        let bars = ask.both(|side| {
            let slopes = side.ask("softmax_jacobian", &case)?.exactly(9, "result")?;
            let shift = 0.26 * (class as f64 - 1.0);
            Ok((0..3).map(|score| (score as f64 + shift, slopes[3 * class + score])).collect())
        })?;
        picture.compare(format!("p_{class}"), Mark::Bars(0.17), class, bars);
    }
    picture.level("", 0.0, (-0.5, 2.5));
    Ok(picture)
}

/// The answer is yes: the loss over the probability of a yes.
fn binary_losses(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "bce",
        "The loss of p if the answer is yes",
        Axis::new("p").from(0.0, 1.0),
        Axis::new("loss").from(0.0, 6.0),
    )
    .caption(
        "Your BCE for y = 1, and the MSE for comparison. If the neuron is certain and wrong, the MSE is 1, while the \
         BCE grows without bound. Both are 0 for p = 1. If your curve is mirrored, yes and no are exchanged; if it is \
         0 everywhere, half of the formula is missing.",
    );
    let p =
        || [0.001, 0.002, 0.005].into_iter().chain((1..100).map(|percent| f64::from(percent) / 100.0)).chain([0.999]);
    let curve = ask.both(|side| {
        p().map(|p: f64| {
            let case = Record::new().with("z", array![(p / (1.0 - p)).ln()]).with("y", array![1.0]);
            Ok((p, side.ask("bce_with_logits", &case)?.number("result")))
        })
        .collect()
    })?;
    picture.compare("bce_with_logits", Mark::Line, 0, curve);
    picture.add("MSE", Mark::Line, Role::Guide, p().map(|p| (p, (1.0 - p).powi(2))).collect());
    Ok(picture)
}

/// The answer is yes: the slope along the score.
fn binary_slopes(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "bce_grad",
        "The slope of each loss if the answer is yes",
        Axis::new("score z").from(-8.0, 8.0),
        Axis::new("slope along z").from(-1.1, 0.1),
    )
    .caption(
        "The slopes of both along the score, behind a sigmoid. On the left the neuron is certain and wrong. There the \
         slope of the BCE is nearly -1, and that of the MSE nearly 0, because the sigmoid is flat. If your line looks \
         like that of the MSE, the slope of the sigmoid was multiplied in a second time.",
    );
    let scores = || (-32..=32).map(|quarter| f64::from(quarter) / 4.0);
    let curve = ask.both(|side| {
        scores()
            .map(|z| {
                let case = Record::new().with("z", array![z]).with("y", array![1.0]);
                Ok((z, side.ask("bce_with_logits_grad", &case)?.exactly(1, "result")?[0]))
            })
            .collect()
    })?;
    picture.compare("bce_with_logits_grad", Mark::Line, 0, curve);
    let mse = |z: f64| {
        let p = 1.0 / (1.0 + (-z).exp());
        (z, 2.0 * (p - 1.0) * p * (1.0 - p))
    };
    picture.add("slope of the MSE", Mark::Line, Role::Guide, scores().map(mse).collect());
    Ok(picture)
}
