//! What there is to see in exercise 16.

use judge::pictures::*;

mod studies;
use studies::Study;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let mut pictures =
        vec![ask.once(rates)?, ask.once(map)?, ask.once(grid_and_random)?, wave(ask)?, ask.once(errors)?];
    if let Ok(mnist) = mnist::load(Which::Mnist) {
        pictures.extend(mnist_studies(ask, &mnist)?);
    }
    Ok(pictures)
}

/// A study of the digits: each combination of these, with five epochs.
fn study(widths: &[usize], depth: usize, rates: &[f64], batch_sizes: &[usize]) -> Record {
    Record::new()
        .with("widths", widths.to_vec())
        .with("depth", depth)
        .with("activations", "Relu")
        .with("learning_rates", Array1::from(rates.to_vec()))
        .with("batch_sizes", batch_sizes.to_vec())
        .with("epochs", 5_usize)
}

fn rate_axis() -> Axis {
    Axis::new("learning rate").from(0.002, 4.0).log()
}

fn accuracy_axis() -> Axis {
    Axis::new("validation accuracy").from(0.0, 1.0)
}

fn rates(ask: &mut Ask<'_>) -> Result<Picture> {
    const RATES: [f64; 7] = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
    let mut picture = Picture::new("rates", "Which learning rate?", rate_axis(), accuracy_axis()).caption(
        "600 digits to learn from, batches of 8, five epochs, three seeds for each rate. The vertical strokes show the \
         standard deviation, up and down. The shallow network has a wide range of good rates. The range of the deep \
         network is narrow and lies further to the left, and its strokes are longer: a single run would say little \
         about it. If no rate has a stroke, all runs have the same seed.",
    );
    for (n, (name, depth)) in [("32", 1), ("32-32-32-32-32", 5)].into_iter().enumerate() {
        let case = study(&[32], depth, &RATES, &[8]).with("n_repeats", 3_usize);
        let line = ask.both(|side| {
            let answer = side.ask("grid_study", &case)?;
            let (means, stds) = (answer.exactly(RATES.len(), "means")?, answer.exactly(RATES.len(), "stds")?);
            let of_rate = |((rate, mean), std): ((f64, f64), f64)| {
                [(rate, mean), (rate, mean - std), (rate, mean + std), (rate, mean)]
            };
            Ok(RATES.into_iter().zip(means).zip(stds).flat_map(of_rate).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Line, n, line);
    }
    picture.level("guessing", 0.1, (0.002, 4.0));
    Ok(picture)
}

fn map(ask: &mut Ask<'_>) -> Result<Picture> {
    const RATES: [f64; 6] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0];
    const WIDTHS: [usize; 5] = [4, 8, 16, 32, 64];
    let mut picture = Picture::new(
        "map",
        "A grid of two knobs",
        Axis::new("learning rate").from(0.0, 6.0).ticks((0..6).map(|i| (f64::from(i) + 0.5, RATES[i as usize]))),
        Axis::new("hidden neurons").from(0.0, 5.0).ticks((0..5).map(|i| (f64::from(i) + 0.5, WIDTHS[i as usize]))),
    )
    .caption(
        "Every combination of five widths and six learning rates, batches of 8, one run each; the number is the \
         validation accuracy in percent. The good rates are almost the same for all widths: so search for the rate \
         first, with one width, and then for the width. If good values are scattered all over the picture, the \
         settings are not in the order of nested loops.",
    );
    let case = study(&WIDTHS, 1, &RATES, &[8]).with("n_repeats", 1_usize);
    let means = ask.both(|side| side.ask("grid_study", &case)?.exactly(RATES.len() * WIDTHS.len(), "means"))?;
    let means = match &means.learner {
        Ok(learners) => learners.clone(),
        Err(note) => {
            picture.note(note.clone());
            picture.note("The reference is shown instead.");
            means.reference.clone()
        }
    };
    // Rasters have their first row at the top, widths grow upwards.
    let rows = means.chunks(RATES.len()).rev().flatten().copied().collect();
    picture.raster(
        Cells { x: (0.0, 6.0), y: (0.0, 5.0), columns: 6, rows: 5 },
        rows,
        Palette::Ink,
        // The numbers have to be readable on the darkest shade.
        (0.0, 2.0),
    );
    for (i, mean) in means.iter().enumerate() {
        let (x, y) = ((i % RATES.len()) as f64 + 0.4, (i / RATES.len()) as f64 + 0.5);
        picture.label(x, y, format!("{:.0}", 100.0 * mean));
    }
    Ok(picture)
}

fn grid_and_random(ask: &mut Ask<'_>) -> Result<Picture> {
    const RATES: [f64; 4] = [0.003, 0.03, 0.3, 3.0];
    const BATCHES: [usize; 4] = [4, 8, 16, 32];
    let mut picture = Picture::new("search", "Sixteen runs, twice", rate_axis(), accuracy_axis()).caption(
        "A grid of four rates and four batch sizes, and sixteen settings drawn at random from the same range. Both \
         cost sixteen trainings. The grid has tried four different rates; random search has tried sixteen. If most of \
         the random rates lie at the right end, they are not drawn on a logarithmic scale.",
    );
    let case = study(&[32], 1, &RATES, &BATCHES).with("n_repeats", 1_usize);
    let grid = ask.both(|side| {
        let means = side.ask("grid_study", &case)?.exactly(16, "means")?;
        Ok((0..16).map(|i| RATES[i / 4]).zip(means).collect::<Vec<_>>())
    })?;
    picture.compare("grid", Mark::Points, 0, grid);
    let case = study(&[32], 1, &RATES, &BATCHES).with("n", 16_usize).with("seed", 16_usize);
    let random = ask.both(|side| {
        let answer = side.ask("random_study", &case)?;
        let rates = answer.exactly(16, "learning rates")?;
        Ok(rates.into_iter().zip(answer.exactly(16, "scores")?).collect::<Vec<_>>())
    })?;
    picture.compare("random", Mark::Points, 1, random);
    Ok(picture)
}

/// `n` numbers from `low` to `high`, both included.
fn evenly(low: f64, high: f64, n: usize) -> Array1<f64> {
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect()
}

/// Waves without a jump, or a step from 0 to 1.
fn function(kind: &str, x: f64) -> f64 {
    match kind {
        "wave" => x.sin() + 0.5 * (3.0 * x).cos() + 0.2 * (5.0 * x).sin(),
        _ => f64::from(u8::from(x >= 0.0)),
    }
}

fn wave(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "wave",
        "A network that is built, not trained",
        Axis::new("x").from(-3.0, 3.0),
        Axis::new("output").from(-2.0, 2.0),
    )
    .caption(
        "sin x + 0.5 cos 3x + 0.2 sin 5x, and your networks with 5, 10 and 20 hidden ReLUs. Each agrees with the \
         function at its knots, which are evenly spaced. More neurons are more knots, and so the network comes closer \
         to any function without jumps. If a line leaves the picture, the network adds slopes where it should add \
         changes of the slope. On the page of `serve` you choose another function, and the number of neurons of the third \
         network. How many make the waves perfect to the eye? And the step?",
    );
    let x = evenly(-3.0, 3.0, 241);
    let kind = ["wave", "step"][picture.choice(&ask.controls, "function", 0, &["waves", "a step"])];
    let chosen = picture.whole(&ask.controls, "neurons of the third network", 20, (2, 80));
    let function = x.iter().map(|&x| (x, function(kind, x))).collect();
    picture.add("the function", Mark::Line, Role::Guide, function);
    for (n, width) in [5, 10, chosen].into_iter().enumerate() {
        let case = Record::new().with("kind", kind).with("knots", evenly(-3.0, 3.0, width + 1)).with("x", x.clone());
        let line = ask.both(|side| {
            let outputs = side.ask("through_knots", &case)?.exactly(x.len(), "outputs")?;
            Ok(x.iter().copied().zip(outputs).collect::<Vec<_>>())
        })?;
        picture.compare(format!("{width} neurons"), Mark::Line, n, line);
    }
    Ok(picture)
}

fn errors(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "errors",
        "How fast the error falls",
        Axis::new("hidden neurons").from(3.0, 400.0).log(),
        Axis::new("mean squared error").from(1e-9, 1.0).log(),
    )
    .caption(
        "The mean squared error of such networks between -3 and 3. For the wave, it becomes sixteen times smaller when \
         the number of neurons doubles: the line is steep and straight. The step has a jump, which no sum of ReLUs can \
         follow: there the error remains, and it only halves when the number of neurons doubles.",
    );
    let x = evenly(-3.0, 3.0, 1201);
    for (n, kind) in ["wave", "step"].into_iter().enumerate() {
        let line = ask.both(|side| {
            let mut points = Vec::new();
            for width in [5, 11, 21, 41, 81, 161, 321] {
                let case =
                    Record::new().with("kind", kind).with("knots", evenly(-3.0, 3.0, width + 1)).with("x", x.clone());
                let outputs = side.ask("through_knots", &case)?.exactly(x.len(), "outputs")?;
                let squares: f64 = x.iter().zip(outputs).map(|(&x, output)| (function(kind, x) - output).powi(2)).sum();
                points.push((width as f64, squares / x.len() as f64));
            }
            Ok(points)
        })?;
        picture.compare(kind, Mark::Line, n, line);
    }
    Ok(picture)
}

/// The studies of the bonus. They are trained at the size of the bonus, by the learner's code alone.
fn mnist_studies(ask: &mut Ask<'_>, mnist: &mnist::Mnist) -> Result<[Picture; 4]> {
    let accuracy = |lowest| Axis::new("validation accuracy").from(lowest, 1.0);
    let rate = |from, to| Axis::new("learning rate").from(from, to).log();
    let mut widths =
        Picture::new("mnist_widths", "MNIST: how wide?", Axis::new("parameters").from(2e4, 3e5).log(), accuracy(0.9))
            .caption(
                "Hidden layers of 32-16, 64-32, 128-64 and 256-128 neurons; 54,000 images, one epoch, the rate 0.2, \
                 batches of 32. Each step to the right at least doubles the number of parameters, and gains less than \
                 the one before.",
            );
    let parameters = [25_818.0, 52_650.0, 109_386.0, 235_146.0];
    add_lines(ask, &mut widths, (&studies::WIDTHS, mnist), &parameters, &[("one run each", &[0, 1, 2, 3])])?;

    let mut rates = Picture::new("mnist_rates", "MNIST: how deep, and which rate?", rate(5e-4, 2.0), accuracy(0.0)).caption(
        "One, three and five hidden layers of 128 neurons; 18,000 images, one epoch, batches of 32, one run for each \
         point. Small rates have not converged after one epoch. The deeper the network, the smaller is the rate at \
         which it fails.",
    );
    let of_depth: [&[usize]; 3] = [&[0, 1, 2, 3, 4], &[5, 6, 7, 8, 9], &[10, 11, 12, 13, 14]];
    let lines = [("one layer", of_depth[0]), ("three layers", of_depth[1]), ("five layers", of_depth[2])];
    add_lines(ask, &mut rates, (&studies::RATES, mnist), studies::RATES.learning_rates, &lines)?;
    rates.level("guessing", 0.1, (5e-4, 2.0));

    let mut activations = Picture::new("mnist_activations", "MNIST: which activation?", rate(5e-3, 2.0), accuracy(0.0))
        .caption(
            "Hidden layers of 128-64 neurons; 18,000 images, one epoch, batches of 32, one run for each point. Compare \
             each activation at its own best rate.",
        );
    let lines: [(&str, &[usize]); 3] = [("ReLU", &[0, 1, 2]), ("tanh", &[3, 4, 5]), ("sigmoid", &[6, 7, 8])];
    add_lines(ask, &mut activations, (&studies::ACTIVATIONS, mnist), studies::ACTIVATIONS.learning_rates, &lines)?;
    activations.level("guessing", 0.1, (5e-3, 2.0));

    let batch_axis = Axis::new("samples in a batch").from(4.0, 1000.0).log();
    let mut batches = Picture::new("mnist_batches", "MNIST: which batch size?", batch_axis, accuracy(0.5)).caption(
        "Hidden layers of 128-64 neurons; 18,000 images, one epoch, one run for each point. One epoch has 2,250 steps \
         with batches of 8, and 36 with batches of 512, which are too few for either rate. With small batches the \
         larger rate fails first.",
    );
    let sizes: Vec<f64> = studies::BATCHES.batch_sizes.iter().map(|&size| size as f64).collect();
    let lines: [(&str, &[usize]); 2] = [("rate 0.1", &[0, 1, 2, 3]), ("rate 0.5", &[4, 5, 6, 7])];
    add_lines(ask, &mut batches, (&studies::BATCHES, mnist), &sizes, &lines)?;
    Ok([widths, rates, activations, batches])
}

/// Runs the study, and adds a line for each of `lines`: its name, and the places of its settings in the study.
fn add_lines(
    ask: &mut Ask<'_>,
    picture: &mut Picture,
    (study, mnist): (&Study, &mnist::Mnist),
    x: &[f64],
    lines: &[(&str, &[usize])],
) -> Result<()> {
    let case = study.case(mnist);
    let known = study.scores.to_vec();
    let scores = ask.beside(known, |side| side.ask("mnist_study", &case)?.exactly(study.scores.len(), "means"))?;
    for (n, (name, places)) in lines.iter().enumerate() {
        let line = |scores: Vec<f64>| x.iter().copied().zip(places.iter().map(|&place| scores[place])).collect();
        picture.compare(*name, Mark::Line, n, scores.clone().map(line));
    }
    Ok(())
}
