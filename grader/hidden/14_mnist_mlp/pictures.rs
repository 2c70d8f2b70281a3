//! What there is to see in exercise 14.

use datasets::digits::{MAX_PIXEL, SIDE, held_out_images};

use judge::pictures::*;

/// What the held-out digits are, in IDX form. Only here are they held against predictions: no probe gets them.
const HELD_OUT_LABELS: &[u8] = include_bytes!("held-out-labels-idx1-ubyte");
/// Of a file of labels, in bytes.
const HEADER: usize = 8;

const EPOCHS: usize = 20;
const N_CLASSES: usize = 10;
const N_HIDDEN: usize = 64;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let mut pictures = Vec::from(drawing(ask)?);
    pictures.extend(ask.once(trained)?);
    Ok(pictures)
}

/// What a network has learned, and how it is judged.
fn trained(ask: &mut Ask<'_>) -> Result<[Picture; 8]> {
    let reading = ask.both(|side| {
        let answer = side.ask("read_digits", &training(EPOCHS))?;
        Ok(Reading {
            train_loss: answer.exactly(EPOCHS, "train_loss")?,
            train_accuracy: answer.exactly(EPOCHS, "train_accuracy")?,
            validation_accuracy: answer.exactly(EPOCHS, "validation_accuracy")?,
            predictions: answer.exactly(HELD_OUT_LABELS.len() - HEADER, "predictions")?,
            confidences: answer.exactly(HELD_OUT_LABELS.len() - HEADER, "confidences")?,
            weights: answer.exactly(SIDE * SIDE * N_HIDDEN, "weights of the first layer")?,
        })
    })?;
    // Two epochs leave enough mistakes to look at.
    let confused = ask.both(|side| side.ask("look_back", &training(2))?.exactly(N_CLASSES * N_CLASSES, "result"))?;
    Ok([
        digits(&reading),
        confidences(&reading),
        accuracies(&reading),
        losses(&reading),
        weights(&reading),
        confusion(&confused),
        most_confused(&confused, ask)?,
        precision_and_recall(&confused, ask)?,
    ])
}

/// What the grader's own check trains.
fn training(epochs: usize) -> Record {
    Record::new()
        .with("sizes", vec![SIDE * SIDE, N_HIDDEN, N_CLASSES])
        .with("learning_rate", 0.15)
        .with("batch_size", 16_usize)
        .with("epochs", epochs)
        .with("n_validation", 237_usize)
        .with("seed", 14_usize)
}

/// What a network has learned, and what it reads.
#[derive(Clone)]
struct Reading {
    train_loss: Vec<f64>,
    train_accuracy: Vec<f64>,
    validation_accuracy: Vec<f64>,
    predictions: Vec<f64>,
    /// The probability that the network gives to each prediction.
    confidences: Vec<f64>,
    /// (pixels, neurons), row by row.
    weights: Vec<f64>,
}

/// An axis without ticks, beside images.
fn blank(from: f64, to: f64) -> Axis {
    Axis::new("").ticks::<&str>([]).from(from, to)
}

/// Images beside each other: where the `number`-th is, of `columns` in a row.
fn place(number: usize, columns: usize, room: f64) -> Cells {
    let (left, bottom) = ((number % columns) as f64 * 10.0, -((number / columns) as f64) * (10.0 + room));
    let side = SIDE as f64;
    Cells { x: (left, left + side), y: (bottom, bottom + side), columns: SIDE, rows: SIDE }
}

fn digits(reading: &Both<Reading>) -> Picture {
    const SHOWN: usize = 32;
    let mut picture = Picture::new("digits", "What your network predicts", blank(-2.0, 80.0), blank(-48.0, 9.0))
        .equal_units()
        .caption(
            "Some of the 360 digits that it was not trained on, those with wrong predictions first. Below each is the \
             prediction; where it is wrong, a ✗ and the true digit follow. Could you read them? If most are wrong, and \
             with the same digit, look at the loss.",
        );
    let reading = reading.one(&mut picture);
    let images = held_out_images();
    let labels = &HELD_OUT_LABELS[HEADER..];
    let is_wrong = |number: &usize| reading.predictions[*number] != f64::from(labels[*number]);
    let (wrong, right): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(is_wrong);
    // Where there are many mistakes, a few that are right show the difference.
    let chosen = wrong.iter().take(SHOWN - 8).chain(&right).take(SHOWN);
    for (position, &number) in chosen.enumerate() {
        let cells = place(position, 8, 4.5);
        picture.raster(cells, images.row(number).to_vec(), Palette::Ink, (0.0, MAX_PIXEL));
        let says = reading.predictions[number];
        let text = if is_wrong(&number) { format!("{says}✗{}", labels[number]) } else { says.to_string() };
        picture.label(cells.x.0 + 3.0, cells.y.0 - 2.0, text);
    }
    picture
}

/// A digit that is drawn with the pointer: what the network reads, and what its first layer sees.
fn drawing(ask: &mut Ask<'_>) -> Result<[Picture; 2]> {
    let mut picture = Picture::new(
        "drawing",
        "Draw a digit",
        Axis::new("").from(-0.6, 9.6).ticks((0..10).map(|digit| (f64::from(digit), digit))),
        Axis::new("probability").from(0.0, 1.12),
    )
    .caption(
        "How sure your network is of each digit for the image that it is shown: a held-out 3, or what you draw on the \
         page of `serve`. It has learned from digits drawn with a wide pen, in the middle, as large as the image. \
         Draw something that is not a digit: the network may be just as sure, because it has only seen digits.",
    );
    let is_three = HELD_OUT_LABELS[HEADER..].iter().position(|&label| label == 3).unwrap_or(0);
    let usual = held_out_images().row(is_three).iter().map(|ink| ink / MAX_PIXEL).collect();
    let ink = picture.canvas(&ask.controls, "digit", usual, (SIDE, SIDE));
    let pixels: Vec<f64> = ink.iter().map(|ink| ink * MAX_PIXEL).collect();
    let image = Array2::from_shape_vec((1, SIDE * SIDE), pixels).map_err(anyhow::Error::from)?;
    let case = training(EPOCHS).with("image", image);
    let read = ask.both(|side| {
        let scores = side.ask("read_drawing", &case)?.exactly(N_CLASSES, "scores")?;
        let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let powers: Vec<f64> = scores.iter().map(|score| (score - largest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        Ok((0..).map(f64::from).zip(powers.into_iter().map(|power| power / sum)).collect::<Vec<_>>())
    })?;
    for &(digit, probability) in read.learner.iter().flatten().filter(|(_, probability)| *probability >= 0.005) {
        picture.label(digit, probability + 0.05, format!("{:.0} %", 100.0 * probability));
    }
    picture.compare(YOURS, Mark::Bars(0.6), 0, read);
    Ok([picture, seen(&case, &ink, ask)?])
}

/// The hidden neurons that a drawing activates most.
fn seen(case: &Record, ink: &[f64], ask: &mut Ask<'_>) -> Result<Picture> {
    const SHOWN: usize = 7;
    let mut picture =
        Picture::new("seen", "What the first layer sees in the drawing", blank(-1.0, 79.0), blank(-24.0, 13.0))
            .equal_units()
            .caption(
                "On the left is the same digit. The upper images are the weights of the seven hidden neurons that it activates \
                 most, with their activations above: blue is a positive weight, orange a negative one (cyan and red in a \
                 terminal). Below, the weights are multiplied by the ink: these numbers, summed up, are the activation, but \
                 for the bias. Draw one stroke only, and look for the neurons that respond to it.",
            );
    let both = ask.both(|side| {
        let answer = side.ask("read_drawing", case)?;
        Ok((
            answer.exactly(SIDE * SIDE, "image of the network")?,
            answer.exactly(SIDE * SIDE * N_HIDDEN, "weights of the first layer")?,
            answer.exactly(N_HIDDEN, "strengths")?,
        ))
    })?;
    let (image, weights, strengths) = both.one(&mut picture);
    let mut neurons: Vec<usize> = (0..N_HIDDEN).collect();
    neurons.sort_by(|one, other| strengths[*other].total_cmp(&strengths[*one]));
    neurons.truncate(SHOWN);
    picture.raster(place(0, 8, 4.0), ink.to_vec(), Palette::Ink, (0.0, 1.0));
    let of = |neuron: usize| weights.iter().skip(neuron).step_by(N_HIDDEN).copied();
    let share = |neuron: usize| of(neuron).zip(image).map(|(weight, pixel)| weight * pixel).collect::<Vec<_>>();
    let range = |numbers: Vec<f64>| {
        let largest = numbers.iter().fold(1e-9, |largest: f64, number| largest.max(number.abs()));
        (-0.8 * largest, 0.8 * largest)
    };
    let of_weights = range(neurons.iter().flat_map(|&neuron| of(neuron)).collect());
    let of_shares = range(neurons.iter().flat_map(|&neuron| share(neuron)).collect());
    for (column, &neuron) in (1..).zip(&neurons) {
        let cells = place(column, 8, 4.0);
        picture.raster(cells, of(neuron).collect(), Palette::Diverging, of_weights);
        picture.raster(place(column + 8, 8, 4.0), share(neuron), Palette::Diverging, of_shares);
        picture.label(cells.x.0 + 4.0, cells.y.1 + 2.0, format!("{:.1}", strengths[neuron]));
    }
    Ok(picture)
}

/// How sure the network is of its right and of its wrong predictions.
fn confidences(reading: &Both<Reading>) -> Picture {
    const BINS: usize = 10;
    let mut picture = Picture::new(
        "confidence",
        "How confident is it?",
        Axis::new("confidence").from(0.0, 1.0),
        Axis::new("share of these predictions, in percent").from(0.0, 100.0),
    )
    .caption(
        "The probability that the network gives to what it predicts, for the same 360 digits. Of the right predictions \
         nearly all are confident. Of the wrong ones fewer are, but some: a confident network is not always right. If \
         both look alike, confidence says nothing about a prediction.",
    );
    let labels = &HELD_OUT_LABELS[HEADER..];
    for (n, (name, is_right)) in [("right", true), ("wrong", false)].into_iter().enumerate() {
        let shares = reading.clone().map(|reading| {
            let predictions = reading.predictions.iter().zip(&reading.confidences).zip(labels);
            let chosen: Vec<f64> = predictions
                .filter(|((prediction, _), label)| (**prediction == f64::from(**label)) == is_right)
                .map(|((_, confidence), _)| *confidence)
                .collect();
            let bar = |bin: usize| {
                let inside = chosen.iter().filter(|confidence| (*confidence * BINS as f64) as usize == bin);
                let share = 100.0 * inside.count() as f64 / chosen.len().max(1) as f64;
                ((bin as f64 + if is_right { 0.3 } else { 0.7 }) / BINS as f64, share)
            };
            (0..BINS).map(bar).filter(|(_, share)| *share > 0.0).collect()
        });
        picture.compare(name, Mark::Bars(0.028), n, shares);
    }
    picture
}

fn by_epoch(numbers: &[f64]) -> Vec<(f64, f64)> {
    (1..).map(f64::from).zip(numbers.iter().copied()).collect()
}

fn epochs() -> Axis {
    Axis::new("epoch").from(1.0, EPOCHS as f64)
}

fn accuracies(reading: &Both<Reading>) -> Picture {
    let mut picture =
        Picture::new("accuracy", "Accuracy, epoch by epoch", epochs(), Axis::new("accuracy").from(0.75, 1.0)).caption(
            "On the training set and on the validation set. The first rises towards 1, the second levels out below \
             it: from there on, the network improves on the training samples only. If both lines are the same, they \
             were measured on the same samples.",
        );
    picture.level("95 %", 0.95, (1.0, EPOCHS as f64));
    let curve = |numbers: fn(&Reading) -> &Vec<f64>| reading.clone().map(|reading| by_epoch(numbers(&reading)));
    picture.compare("training", Mark::Line, 0, curve(|reading| &reading.train_accuracy));
    picture.compare("validation", Mark::Line, 1, curve(|reading| &reading.validation_accuracy));
    picture
}

fn losses(reading: &Both<Reading>) -> Picture {
    let mut picture = Picture::new("loss", "Loss, epoch by epoch", epochs(), Axis::new("mean loss").log()).caption(
        "The mean loss of the samples, on a logarithmic axis. Guessing among ten digits has the loss ln 10 = 2.3. If \
         your line is far above the faint one, the steps are too short; if it is horizontal, nothing is updated; if it \
         jumps up and down, the steps are too long.",
    );
    picture.compare(YOURS, Mark::Line, 0, reading.clone().map(|reading| by_epoch(&reading.train_loss)));
    picture
}

fn weights(reading: &Both<Reading>) -> Picture {
    const SHOWN: usize = 24;
    let mut picture = Picture::new("weights", "The weights of the first layer", blank(-1.0, 79.0), blank(-21.0, 9.0))
        .equal_units()
        .caption(
            "The weights of 24 of the 64 hidden neurons, each as an image. Blue (cyan in a terminal) is a positive \
             weight: ink there makes the neuron active. Orange (red in a terminal) is a negative one, and the \
             stronger the colour, the larger the weight. Some neurons respond to a stroke, some to an edge. The \
             pixels in the left and right columns hardly ever have ink, so their weights are still nearly the initial \
             random ones.",
        );
    let weights = &reading.one(&mut picture).weights;
    let largest = weights.iter().fold(0.0, |largest: f64, weight| largest.max(weight.abs()));
    for neuron in 0..SHOWN {
        let image = weights.iter().skip(neuron).step_by(N_HIDDEN).copied().collect();
        picture.raster(place(neuron, 8, 0.0), image, Palette::Diverging, (-0.6 * largest, 0.6 * largest));
    }
    picture
}

fn confusion(confused: &Both<Vec<f64>>) -> Picture {
    let classes = || (0..N_CLASSES).map(|class| (class as f64 + 0.5, class)).collect::<Vec<_>>();
    let upwards = (0..N_CLASSES).map(|class| (9.5 - class as f64, class));
    let mut picture = Picture::new(
        "confusion",
        "The confusion matrix",
        Axis::new("predicted").from(0.0, 10.0).ticks(classes()),
        Axis::new("true class").from(0.0, 10.0).ticks(upwards),
    )
    .equal_units()
    .caption(
        "Your confusion matrix of the 237 validation digits, after two epochs only: later there are fewer errors. A \
         row is a true class, a column a predicted one. The numbers are counts: right predictions on the diagonal, \
         errors everywhere else. If a column has many errors, that digit is predicted too often.",
    );
    let matrix = confused.one(&mut picture);
    let most = matrix.iter().fold(1.0, |most: f64, &count| most.max(count));
    let cells = Cells { x: (0.0, 10.0), y: (0.0, 10.0), columns: N_CLASSES, rows: N_CLASSES };
    picture.raster(cells, matrix.clone(), Palette::Heat, (0.0, most));
    for (cell, count) in matrix.iter().enumerate().filter(|(_, count)| **count > 0.0) {
        picture.label((cell % 10) as f64 + 0.3, 9.5 - (cell / 10) as f64, count.to_string());
    }
    picture
}

/// A matrix as an experiment takes it.
fn matrix(numbers: &[f64]) -> Record {
    let matrix = Array2::from_shape_fn((N_CLASSES, N_CLASSES), |(row, column)| numbers[row * N_CLASSES + column]);
    Record::new().with("matrix", matrix)
}

fn most_confused(confused: &Both<Vec<f64>>, ask: &mut Ask<'_>) -> Result<Picture> {
    const SHOWN: usize = 8;
    let reference = &confused.reference;
    let case = matrix(reference).with("n", SHOWN);
    let list = ask.both(|side| Ok(side.ask("most_confused", &case)?.numbers("result")))?;
    let names: Vec<(f64, String)> = (1..)
        .map(f64::from)
        .zip(list.reference.chunks_exact(3).map(|entry| format!("{}→{}", entry[0], entry[1])))
        .collect();
    let mut picture = Picture::new(
        "most_confused",
        "The most frequent confusions",
        Axis::new("true class → predicted class").from(0.4, SHOWN as f64 + 0.6).ticks(names),
        Axis::new("how often"),
    )
    .caption(
        "The reference's confusions after two epochs, ranked by your `most_confused`. From left to right the bars get \
         lower. If a bar differs from the faint one, it belongs to another pair.",
    );
    let bars = list.map(|numbers| (1..).map(f64::from).zip(numbers.chunks_exact(3).map(|entry| entry[2])).collect());
    picture.compare(YOURS, Mark::Bars(0.6), 0, bars);
    Ok(picture)
}

fn precision_and_recall(confused: &Both<Vec<f64>>, ask: &mut Ask<'_>) -> Result<Picture> {
    let case = matrix(&confused.reference);
    let mut picture = Picture::new(
        "precision_recall",
        "Precision and recall of each digit",
        Axis::new("digit").from(-0.6, 9.6).ticks((0..N_CLASSES).map(|class| (class as f64, class))),
        Axis::new("fraction").from(0.0, 1.05),
    )
    .caption(
        "Of the same matrix, by your `precision_recall_f1`. The dots of a digit are far apart where it is predicted \
         too often (low precision) or too rarely (low recall). If the two dots of a digit are swapped, compared with \
         the faint ones, rows and columns are swapped in your code.",
    );
    for (n, name) in ["precision", "recall"].into_iter().enumerate() {
        let dots = ask.both(|side| {
            let numbers = side.ask("precision_recall_f1", &case)?.exactly(N_CLASSES, name)?;
            Ok((0..).map(f64::from).zip(numbers).collect::<Vec<_>>())
        })?;
        picture.compare(name, Mark::Points, n, dots);
    }
    Ok(picture)
}
