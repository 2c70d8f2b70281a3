//! What there is to see in exercise 21.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![slopes(ask)?, ask.once(deep)?, ask.once(attention)?, focal(ask)?])
}

fn slopes(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 81;
    let mut picture = Picture::new(
        "slopes",
        "The slope of Swish",
        Axis::new("x").from(-5.0, 5.0),
        Axis::new("dy/dx").from(-0.3, 1.4),
    )
    .caption(
        "Far to the right the slope is 1, far to the left it is 0, and at x = 0 it is a half for every β. In between \
         it rises above 1 and falls below 0; for a larger β this happens closer to x = 0. A line that never leaves the \
         range from 0 to 1 is the gate alone: the second term of the product rule is missing.",
    );
    let x: Vec<f64> = (0..N).map(|i| -5.0 + i as f64 / 8.0).collect();
    let chosen = picture.slider(&ask.controls, "β of the third line", 3.0, (0.0, 10.0));
    for (n, beta) in [0.5, 1.0, chosen].into_iter().enumerate() {
        let case = Record::new()
            .with("layer", "Swish")
            .with("beta", array![beta])
            .with("x", Array2::from_shape_fn((N, 1), |(i, _)| x[i]))
            .with("d_out", Array2::<f64>::ones((N, 1)));
        let slopes = ask.both(|side| {
            let slopes = side.ask("backward", &case)?.exactly(N, RESULT)?;
            Ok(x.iter().copied().zip(slopes).collect())
        })?;
        picture.compare(format!("β = {beta}"), Mark::Line, n, slopes);
    }
    Ok(picture)
}

fn deep(ask: &mut Ask<'_>) -> Result<Picture> {
    const STEPS: usize = 80;
    let mut picture = Picture::new(
        "deep",
        "Twelve blocks, with and without shortcuts",
        Axis::new("step").from(0.0, 81.0),
        Axis::new("loss").from(1e-2, 3.0).log(),
    )
    .caption(
        "Two moons of points, 26 linear layers. Without shortcuts nothing of the input reaches the end, and the loss \
         stays at ln 2 = 0.69: both classes are equally likely for every point. With shortcuts the network starts as \
         if it had no blocks at all, and learns. If that line is flat, too, the gradient of the shortcut is missing.",
    );
    for (name, shortcuts, n) in [("without", false, 0), ("with shortcuts", true, 1)] {
        let case = Record::new()
            .with("seed", 1_usize)
            .with("n_blocks", 12_usize)
            .with("shortcuts", shortcuts)
            .with("steps", STEPS);
        let losses = ask.both(|side| {
            let losses = side.ask("deep", &case)?.exactly(STEPS, RESULT)?;
            Ok((1..).map(f64::from).zip(losses).collect())
        })?;
        picture.compare(name, Mark::Line, n, losses);
    }
    Ok(picture)
}

fn attention(ask: &mut Ask<'_>) -> Result<Picture> {
    const M: usize = 6;
    const ENDS: (f64, f64) = (0.5, M as f64 + 0.5);
    let mut picture = Picture::new(
        "attention",
        "Where the first position looks",
        Axis::new("position that it attends to").from(ENDS.0, ENDS.1).ticks((1..=M).map(|m| (m as f64, m))),
        Axis::new("position that is marked").from(ENDS.0, ENDS.1).ticks((1..=M).map(|m| (m as f64, M + 1 - m))),
    )
    .equal_units()
    .caption(
        "A layer of self-attention has learned to report the number at a marked position. Each row is a sequence, and \
         shows the attention weights of its first position. A dark diagonal means that it attends to the mark, at \
         every position. A row without a dark cell means that it has not learned to attend to one position. Dark cells \
         in a single column mean that it always attends to the same position.",
    );
    let case =
        Record::new().with("seed", 4_usize).with("n_positions", M).with("steps", 400_usize).with("learning_rate", 0.3);
    let weights = ask.both(|side| side.ask("marked", &case)?.exactly(M * M, "weights"))?;
    let weights = match weights.learner {
        Ok(weights) => weights,
        Err(note) => {
            picture.note(note);
            picture.note("The reference is shown instead.");
            weights.reference
        }
    };
    picture.raster(Cells { x: ENDS, y: ENDS, columns: M, rows: M }, weights, Palette::Heat, (0.0, 1.0));
    Ok(picture)
}

fn focal(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "focal",
        "The focal loss of a sample",
        Axis::new("probability of the true class").from(0.0, 1.0),
        Axis::new("loss").from(0.0, 4.0),
    )
    .caption(
        "With γ = 0 the focal loss is cross-entropy: a sample that is right with p = 0.7 still has a considerable \
         loss. A larger γ pulls the right end of the line down to 0 and hardly changes the left end. If the lines lie \
         on each other, γ is ignored; if a line falls on the *left*, it has p in place of 1 - p.",
    );
    let p: Vec<f64> = (1..50).map(|i| i as f64 / 50.0).collect();
    let chosen = picture.slider(&ask.controls, "γ of the third line", 4.0, (0.0, 10.0));
    for (n, gamma) in [0.0, 1.0, chosen].into_iter().enumerate() {
        let case = Record::new()
            .with("loss", "Focal")
            .with("gamma", gamma)
            .with("class_weights", array![1.0, 1.0])
            .with("p", Array1::from(p.clone()));
        let losses = ask.both(|side| {
            let losses = side.ask("by_probability", &case)?.exactly(p.len(), RESULT)?;
            Ok(p.iter().copied().zip(losses).collect())
        })?;
        picture.compare(format!("γ = {gamma}"), Mark::Line, n, losses);
    }
    Ok(picture)
}
