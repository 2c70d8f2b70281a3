//! What there is to see in exercise 23.

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![ask.once(memory)?, gates(ask)?, ask.once(vanishing)?, ask.once(learning)?, ask.once(forecasts)?])
}

fn numbered(numbers: Vec<f64>) -> Vec<(f64, f64)> {
    (1..).map(f64::from).zip(numbers).collect()
}

fn memory(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 20;
    let mut picture = Picture::new(
        "memory",
        "What one cell remembers",
        Axis::new("step").from(0.0, 21.0),
        Axis::new("cell state").from(-1.0, 1.0),
    )
    .caption(
        "A cell reads a 1 at step 1, a -1 at step 12, and 0 at all other steps. With a bias of 0 the forget gate is \
         half open, and after five steps hardly anything is left. With 1 it keeps 73 % from step to step, with 4 it \
         keeps 98 %: in that case the second number is added to nearly all of the first. A line that is 0 between the \
         two numbers has no memory; one that never falls does not forget.",
    );
    let x = numbers_read(N, -1.0);
    for (name, bias, n) in [("bias 0", 0.0, 0), ("bias 1", 1.0, 1), ("bias 4", 4.0, 2)] {
        // The input gate is open, and the candidate is tanh of twice the input.
        let case = Record::new()
            .with("w", array![[0.0, 0.0, 2.0, 0.0]])
            .with("u", Array2::<f64>::zeros((1, 4)))
            .with("b", array![2.0, bias, 0.0, 0.0])
            .with("x", x.clone());
        let held = ask.both(|side| Ok(numbered(side.ask("memory", &case)?.exactly(N, RESULT)?)))?;
        picture.compare(name, Mark::Line, n, held);
    }
    Ok(picture)
}

/// The same cell, with gates of one's choice.
fn gates(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 20;
    let mut picture = Picture::new(
        "gates",
        "A cell whose gates you set",
        Axis::new("step").from(0.0, 21.0),
        Axis::new("value").from(-1.5, 1.5),
    )
    .caption(
        "The cell reads a 1 at step 1, another number at step 12, and 0 at all other steps. The gates are open as far as \
         the sigmoids of their biases say; on the page of `serve` you choose these. The gradient is that of the last cell \
         state with respect to the cell state at each step: how much of a change at that step is left at the end. What \
         shortens the memory shortens the gradient as well. Which of the gates have no effect on the gradient?",
    );
    let controls = &ask.controls;
    let [forget, input, output] = [("forget gate, bias", 2.0), ("input gate, bias", 2.0), ("output gate, bias", 0.0)]
        .map(|(name, usual)| picture.slider(controls, name, usual, (-6.0, 6.0)));
    let second = picture.slider(controls, "number at step 12", -1.0, (-1.0, 1.0));
    let case = Record::new()
        .with("w", array![[0.0, 0.0, 2.0, 0.0]])
        .with("u", Array2::<f64>::zeros((1, 4)))
        .with("b", array![input, forget, 0.0, output])
        .with("x", numbers_read(N, second));
    for (n, (name, part)) in [("cell state", "c"), ("output", "h"), ("gradient", "gradients")].into_iter().enumerate() {
        let line = ask.both(|side| Ok(numbered(side.ask("cell", &case)?.exactly(N, part)?)))?;
        picture.compare(name, Mark::Line, n, line);
    }
    let open = ask.both(|side| {
        let answer = side.ask("cell", &case)?;
        let last = |part| Ok::<_, Stop>(answer.exactly(N, part)?[N - 1]);
        Ok([last("f")?, last("i")?, last("o")?])
    })?;
    let [f, i, o] = *open.one(&mut picture);
    picture.label(10.5, 1.3, format!("open: forget {f:.2}, input {i:.2}, output {o:.2}"));
    Ok(picture)
}

/// A 1 at the first step, another number at step 12, and 0 at all others.
fn numbers_read(n: usize, second: f64) -> Array2<f64> {
    Array2::from_shape_fn((n, 1), |(t, _)| match t {
        0 => 1.0,
        11 => second,
        _ => 0.0,
    })
}

fn vanishing(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 30;
    let mut picture = Picture::new(
        "vanishing",
        "How much of a gradient gets through",
        Axis::new("step").from(0.0, 31.0),
        Axis::new("size of the gradient").from(1e-8, 10.0).log(),
    )
    .caption(
        "The gradient of the state after step 30 with respect to the number that was read at each step, in untrained \
         layers of 8 (medians of 15). In the plain layer each step back multiplies the gradient by about the same \
         factor, so its line is straight and steep. An LSTM with a forget bias of 0 is no better. With a bias of 1 the \
         line is flatter, with 3 it is nearly level. If all your lines for the LSTM are as steep as that of the plain \
         layer, the gradient of the cell state is lost.",
    );
    for (name, layer, bias, n) in [
        ("plain", "rnn", 0.0, 0),
        ("LSTM, bias 0", "lstm", 0.0, 1),
        ("LSTM, bias 1", "lstm", 1.0, 2),
        ("LSTM, bias 3", "lstm", 3.0, 3),
    ] {
        let case =
            Record::new().with("layer", layer).with("n_steps", N).with("n_hidden", 8_usize).with("forget_bias", bias);
        let sizes = ask.both(|side| Ok(numbered(side.ask("vanishing", &case)?.exactly(N, RESULT)?)))?;
        picture.compare(name, Mark::Line, n, sizes);
    }
    Ok(picture)
}

fn learning(ask: &mut Ask<'_>) -> Result<Picture> {
    const STEPS: usize = 120;
    let mut picture = Picture::new(
        "learning",
        "Learning to remember",
        Axis::new("step of the training").from(0.0, 121.0),
        Axis::new("loss").from(0.0, 1.5),
    )
    .caption(
        "Which symbol was the first of ten numbers? Guessing has a loss of 0.69, and all lines start there. They stay \
         level until the network learns to use the first step, and then they fall. The LSTM with a forget bias of 0 \
         stays level longest. The peaks are steps that were too long. If all lines are level to the end, no gradient \
         reaches the first step.",
    );
    // Made with a plain rule, so that both sides learn the same: no number depends on a generator.
    let x = Array2::from_shape_fn((40, 10), |(i, t)| match t {
        0 if i % 2 == 0 => 1.0,
        0 => -1.0,
        _ => 0.5 * ((i * 7 + t * t * 3 + i * t) as f64).sin(),
    });
    let y = Array2::from_shape_fn((40, 1), |(i, _)| if i % 2 == 0 { 1.0 } else { 0.0 });
    for (name, layer, bias, n) in [
        ("plain", "rnn", 0.0, 0),
        ("LSTM, bias 0", "lstm", 0.0, 1),
        ("LSTM, bias 1", "lstm", 1.0, 2),
        ("LSTM, bias 3", "lstm", 3.0, 3),
    ] {
        let case = Record::new()
            .with("layer", layer)
            .with("x", x.clone())
            .with("y", y.clone())
            .with("asked", x.clone())
            .with("n_hidden", 4_usize)
            .with("forget_bias", bias)
            .with("n_steps", STEPS)
            .with("seed", 1_usize);
        let losses = ask.both(|side| Ok(numbered(side.ask("remembers", &case)?.exactly(STEPS, "losses")?)))?;
        picture.compare(name, Mark::Line, n, losses);
    }
    Ok(picture)
}

fn forecasts(ask: &mut Ask<'_>) -> Result<Picture> {
    const N_PAST: usize = 45;
    let mut picture = Picture::new(
        "forecasts",
        "The future of a series, one value at a time",
        Axis::new("time").from(44.0, 70.0),
        Axis::new("value").from(-2.5, 2.5),
    )
    .caption(
        "An LSTM has learned from the first 45 values of a series, and forecasts each of the following 25 from the 8 \
         before it. The naive forecast would be the grey line moved to the right by one. If the forecasts lie on that \
         line, the network has only learned to repeat the last value.",
    );
    let wave = |t: usize, period: f64| (std::f64::consts::TAU * t as f64 / period).sin();
    let noise = |t: usize| 0.2 * ((t * t * 5 + t * 3) as f64).sin();
    let series: Array1<f64> = (0..70).map(|t| wave(t, 12.0) + 0.5 * wave(t, 5.0) + noise(t)).collect();
    let past = series.iter().take(N_PAST);
    let mean = past.clone().sum::<f64>() / N_PAST as f64;
    let std = (past.map(|v| (v - mean) * (v - mean)).sum::<f64>() / N_PAST as f64).sqrt();
    let truth = series.iter().enumerate().skip(N_PAST - 1).map(|(t, v)| (t as f64, (v - mean) / std)).collect();
    picture.add("series", Mark::Line, Role::Guide, truth);
    let case = Record::new()
        .with("series", series)
        .with("n_past", N_PAST)
        .with("len", 8_usize)
        .with("n_hidden", 4_usize)
        .with("forget_bias", 1.0)
        .with("n_steps", 200_usize)
        .with("seed", 1_usize);
    let forecasts = ask.both(|side| {
        let numbers = side.ask("forecasts", &case)?.exactly(70 - N_PAST, "forecasts")?;
        Ok((N_PAST..).map(|t| t as f64).zip(numbers).collect::<Vec<_>>())
    })?;
    picture.compare("forecasts", Mark::Points, 0, forecasts);
    Ok(picture)
}
