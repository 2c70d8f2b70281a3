//! What there is to see in exercise 19.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(through_layers)?,
        batch(ask)?,
        ask.once(gradient)?,
        ask.once(running)?,
        ask.once(learning)?,
        ask.once(evaluation)?,
    ])
}

fn numbered(numbers: Vec<f64>) -> Vec<(f64, f64)> {
    (1..).map(f64::from).zip(numbers).collect()
}

fn through_layers(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "through_layers",
        "A signal through 30 layers, from bad weights",
        Axis::new("layer").from(0.0, 31.0),
        Axis::new("scale").from(1e-6, 1e6).log(),
    )
    .caption(
        "The scale of the output of each ReLU, for weights that start at half or at twice the size of He's rule. \
         Without normalisation this gives a factor of a half, or of two, in every layer. With a BatchNorm in front of \
         each ReLU both lines coincide at 0.7, the root of a half, for any weights. If c and d are not flat, `forward` \
         does not normalise.",
    );
    for (name, factor, normalised, n) in [
        ("half of He", 0.5, false, 0),
        ("twice He", 2.0, false, 1),
        ("half, normalised", 0.5, true, 2),
        ("twice, normalised", 2.0, true, 3),
    ] {
        let case = Record::new()
            .with("factor", factor)
            .with("normalised", normalised)
            .with("n_layers", 30_usize)
            .with("width", 32_usize);
        let scales = ask.both(|side| Ok(numbered(side.ask("deep", &case)?.exactly(30, RESULT)?)))?;
        picture.compare(name, Mark::Line, n, scales);
    }
    Ok(picture)
}

/// One column of a batch, before and behind a layer.
fn batch(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "batch",
        "A batch of your choice",
        Axis::new("sample").from(0.0, 33.0),
        Axis::new("value").from(-12.0, 12.0),
    )
    .caption(
        "One column of a batch, and what a new layer makes of it. On the page of `serve` you choose the batch, its size, γ, \
         β and the mode. In training, the mean of the batch and its standard deviation have no effect on the output: γ and β \
         alone decide. In evaluation they have, because a new layer has the running mean 0 and the running variance 1. What \
         is the output for a batch of one sample?",
    );
    let controls = &ask.controls;
    let mean = picture.slider(controls, "mean of the batch", 6.0, (-10.0, 10.0));
    let std = picture.log_slider(controls, "its standard deviation", 2.0, (0.05, 10.0));
    let size = picture.whole(controls, "batch size", 16, (1, 32));
    let gamma = picture.slider(controls, "γ", 1.0, (-3.0, 3.0));
    let beta = picture.slider(controls, "β", 0.0, (-8.0, 8.0));
    let mode = ["training", "evaluation"][picture.choice(controls, "mode", 0, &["training", "evaluation"])];
    let x = values(size) * std + mean;
    let case = Record::new()
        .with("mode", mode)
        .with("x", x.clone())
        .with("gamma", array![gamma])
        .with("beta", array![beta])
        .with("running_mean", array![0.0])
        .with("running_var", array![1.0])
        .with("momentum", 0.1)
        .with("eps", 1e-5);
    let y = ask.both(|side| Ok(numbered(side.ask("forward", &case)?.exactly(size, RESULT)?)))?;
    picture.level("", 0.0, (0.0, 33.0));
    picture.compare("output", Mark::Points, 0, y);
    picture.add("batch", Mark::Points, Role::Guide, numbered(x.into_iter().collect()));
    Ok(picture)
}

/// A column of so many numbers, with mean 0 and standard deviation 1 as far as there is more than one.
fn values(size: usize) -> Array2<f64> {
    let mut values = Array2::from_shape_fn((size, 1), |(i, _)| (2.4 * i as f64).sin() + 0.5 * (5.1 * i as f64).cos());
    values -= values.sum() / size as f64;
    let std = (values.mapv(|value| value * value).sum() / size as f64).sqrt();
    values / std.max(1e-9)
}

fn gradient(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 15;
    let mut picture = Picture::new(
        "gradient",
        "The gradient of one sample spreads over the batch",
        Axis::new("sample").from(0.0, 16.0).ticks([(1.0, 1), (5.0, 5), (10.0, 10), (15.0, 15)]),
        Axis::new("entry of dX").from(-0.4, 1.0),
    )
    .caption(
        "A column of 15 samples in the order of their values, with a gradient dX̂ of 1 for sample 12 and of 0 for the \
         others. With the statistics of the batch, sample 12 gets less than 1, and every other sample gets a part, \
         because it moves the mean and the variance. The bars sum to 0. A single bar would mean that mean and variance \
         were treated as constants.",
    );
    let x_hat: Vec<f64> = (0..N).map(|i| (i as f64 - 7.0) / (56.0_f64 / 3.0).sqrt()).collect();
    let case = Record::new()
        .with("x_hat", Array2::from_shape_fn((N, 1), |(i, _)| x_hat[i]))
        .with("var", array![1.0])
        .with("eps", 1e-5)
        .with("d_x_hat", Array2::from_shape_fn((N, 1), |(i, _)| if i == 11 { 1.0 } else { 0.0 }));
    let d_x = ask.both(|side| Ok(numbered(side.ask("normalise_backward", &case)?.exactly(N, RESULT)?)))?;
    picture.compare(YOURS, Mark::Bars(0.6), 0, d_x);
    Ok(picture)
}

fn running(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "running",
        "What a layer remembers of its batches",
        Axis::new("batch").from(0.0, 81.0),
        Axis::new("running statistic").from(0.0, 8.0),
    )
    .caption(
        "Batches of eight numbers with mean 5 and variance 4; the layer begins with 0 and 1. After 20 batches the \
         initial values have nearly no effect any more. From then on the lines fluctuate, because each new batch has \
         the weight of a tenth. A variance that settles below 4 has not been multiplied by n / (n - 1). If the lines \
         jump from batch to batch, the new statistics have too much weight.",
    );
    picture.level("of the data", 5.0, (0.0, 81.0));
    picture.level("", 4.0, (0.0, 81.0));
    let case = Record::new().with("n", 8_usize).with("steps", 80_usize);
    for (name, part, n) in [("running mean", "mean", 0), ("running variance", "var", 1)] {
        let numbers = ask.both(|side| Ok(numbered(side.ask("converging", &case)?.exactly(80, part)?)))?;
        picture.compare(name, Mark::Line, n, numbers);
    }
    Ok(picture)
}

/// Training on two rings of points.
fn case(n_layers: usize, learning_rate: f64, is_normalised: bool, is_evaluated: bool) -> Record {
    Record::new()
        .with("seed", 3_usize)
        .with("n_layers", n_layers)
        .with("learning_rate", learning_rate)
        .with("steps", 60_usize)
        .with("evaluated", is_evaluated)
        .with("normalised", is_normalised)
}

fn learning(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "learning",
        "Large learning rates, with and without normalisation",
        Axis::new("step").from(0.0, 61.0),
        Axis::new("loss").from(1e-3, 10.0).log(),
    )
    .caption(
        "Three hidden layers of 16 ReLUs learn to tell two rings of points apart, at the learning rates 0.1 and 1. \
         Without normalisation the small rate is slow, and with the large rate the loss jumps up twice before the \
         network learns. With normalisation the loss falls at once with both rates, and lowest with the large one.",
    );
    for (name, rate, is_normalised, n) in [
        ("0.1, without", 0.1, false, 0),
        ("1, without", 1.0, false, 1),
        ("0.1, normalised", 0.1, true, 2),
        ("1, normalised", 1.0, true, 3),
    ] {
        let case = case(3, rate, is_normalised, false);
        let losses = ask.both(|side| Ok(numbered(side.ask("learning", &case)?.exactly(60, "training")?)))?;
        picture.compare(name, Mark::Line, n, losses);
    }
    Ok(picture)
}

fn evaluation(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "evaluation",
        "The same network in its two modes",
        Axis::new("step").from(0.0, 61.0),
        Axis::new("loss").from(1e-2, 3.0).log(),
    )
    .caption(
        "The loss on the same samples in training, by the statistics of the batch, and in evaluation, by the running \
         ones. At first the running statistics are still close to 0 and 1, and they lag behind while the network \
         changes fast. If the two lines are equal from the first step, `evaluate` does not set the mode.",
    );
    let case = case(2, 0.3, true, true);
    for (name, part, n) in [("in training", "training", 0), ("in evaluation", "evaluation", 1)] {
        let losses = ask.both(|side| Ok(numbered(side.ask("learning", &case)?.exactly(60, part)?)))?;
        picture.compare(name, Mark::Line, n, losses);
    }
    Ok(picture)
}
