//! What there is to see in exercise 24.

use datasets::digits::SIDE;
use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![denoised(ask)?, ask.once(bottleneck)?, ask.once(anomalies)?, alarms(ask)?, ask.once(transfer)?])
}

/// Numbers with their places, counted from `step` in steps of `step`.
fn spaced(step: usize, numbers: Vec<f64>) -> Vec<(f64, f64)> {
    numbers.into_iter().enumerate().map(|(place, number)| (((place + 1) * step) as f64, number)).collect()
}

/// An axis without ticks, beside images.
fn blank(from: f64, to: f64) -> Axis {
    Axis::new("").ticks::<&str>([]).from(from, to)
}

fn denoised(ask: &mut Ask<'_>) -> Result<Picture> {
    const SHOWN: usize = 8;
    const PIXELS: usize = SIDE * SIDE;
    let mut picture = Picture::new("denoised", "Damaged digits, repaired", blank(-2.0, 80.0), blank(-32.0, 12.0))
        .equal_units()
        .caption(
            "Digits outside the training set: the originals, with some of their pixels blanked, and as your denoising \
             autoencoder repairs them. In its training three tenths were blanked. The repaired digits are blurred, but their gaps are filled. If all \
             eight repaired digits look alike, the code carries no information; if the gaps are still there, the \
             target was damaged as well.",
        );
    let share = picture.slider(&ask.controls, "blanked", 0.3, (0.0, 0.9));
    let seed = picture.seed(&ask.controls, "damage", 9);
    let case = Record::new()
        .with("epochs", 15_usize)
        .with("damaged", share)
        .with("seed", seed)
        .with("images", vec![3_usize, 14, 15, 20, 33, 41, 57, 60]);
    let both = ask.both(|side| {
        let answer = side.ask("denoised", &case)?;
        let part = |name| answer.exactly(SHOWN * PIXELS, name);
        Ok([part("original")?, part("damaged")?, part("repaired")?])
    })?;
    let rows = match both.learner {
        Ok(rows) => rows,
        Err(note) => {
            picture.note(note);
            picture.note("The reference is shown instead.");
            both.reference
        }
    };
    let side = SIDE as f64;
    for (row, (images, name)) in rows.iter().zip(["as they were", "damaged", "repaired"]).enumerate() {
        let bottom = -14.0 * row as f64;
        picture.label(8.0, bottom + side + 1.8, name);
        for (number, image) in images.chunks(PIXELS).enumerate() {
            let left = number as f64 * 10.0;
            let cells = Cells { x: (left, left + side), y: (bottom, bottom + side), columns: SIDE, rows: SIDE };
            picture.raster(cells, image.to_vec(), Palette::Ink, (0.0, 1.0));
        }
    }
    Ok(picture)
}

fn bottleneck(ask: &mut Ask<'_>) -> Result<Picture> {
    const EPOCHS: usize = 20;
    let mut picture = Picture::new(
        "bottleneck",
        "Through eight numbers",
        Axis::new("epoch").from(0.0, 21.0),
        Axis::new("loss").from(0.015, 0.15).log(),
    )
    .caption(
        "The loss of an autoencoder 64-32-8 on the digits. Without any information about the image, the best output is \
         the mean digit: its error is the upper level. The lower level is the error of principal components with eight \
         numbers. Your line starts above the first and falls towards the second. If it stays at the upper level, the \
         code carries no information; if it breaks off, the loss has become NaN.",
    );
    for (name, k) in [("mean digit", 0_usize), ("PCA with 8", 8)] {
        let level = ask.both(|side| Ok(side.ask("pca_error", &Record::new().with("k", k))?.number(RESULT)))?.reference;
        picture.level(name, level, (0.0, 21.0));
    }
    let case = Record::new().with("epochs", EPOCHS);
    let losses = ask.both(|side| Ok(spaced(1, side.ask("bottleneck", &case)?.exactly(EPOCHS, RESULT)?)))?;
    picture.compare("autoencoder", Mark::Line, 0, losses);
    Ok(picture)
}

fn anomalies(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "anomalies",
        "Zeros are normal",
        Axis::new("sample").from(0.0, 146.0),
        Axis::new("error").from(0.005, 1.0).log(),
    )
    .caption(
        "An autoencoder has learned from 70 zeros. Here are its errors on 72 other zeros and on 144 other digits, each \
         in ascending order, and the threshold from the zeros of the training set. Most zeros lie below it, and every \
         other digit above. A threshold at the largest error of a zero, or far below these errors, is not the \
         quantile.",
    );
    add_errors(&mut picture, ask)?;
    let threshold = ask.both(|side| {
        let threshold = side.ask("anomalies", &Record::new())?.number("threshold");
        Ok(vec![(0.0, threshold), (146.0, threshold)])
    })?;
    picture.compare("threshold", Mark::Line, 2, threshold);
    Ok(picture)
}

/// Zeros that were not learned from, and other digits.
const ERRORS: [(&str, &str, usize); 2] = [("new zeros", "normal", 72), ("other digits", "other", 144)];

/// Their errors, in ascending order.
fn add_errors(picture: &mut Picture, ask: &mut Ask<'_>) -> Result<()> {
    for (n, (name, part, count)) in ERRORS.into_iter().enumerate() {
        let errors = ask.both(|side| {
            let mut errors = side.ask("anomalies", &Record::new())?.exactly(count, part)?;
            errors.sort_by(f64::total_cmp);
            Ok(spaced(144 / count, errors))
        })?;
        picture.compare(name, Mark::Points, n, errors);
    }
    Ok(())
}

/// The same errors, with a threshold of one's choice.
fn alarms(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "alarms",
        "A threshold of your choice",
        Axis::new("sample").from(0.0, 146.0),
        Axis::new("error").from(0.003, 2.0).log(),
    )
    .caption(
        "The same errors, with the quantile of the errors of the 70 learned zeros that you choose on the page of `serve`, by \
         your `quantile`. Zeros above the threshold are false alarms, and other digits below it are \
         missed. With a lower threshold there are more false alarms, with a higher one more digits are missed. Is there a \
         threshold with neither?",
    );
    let q = picture.slider(&ask.controls, "quantile", 0.95, (0.0, 1.0));
    add_errors(&mut picture, ask)?;
    let found = ask.both(|side| {
        let answer = side.ask("anomalies", &Record::new())?;
        let case = Record::new().with("values", Array1::from(answer.exactly(70, "learned")?)).with("q", q);
        let threshold = side.ask("quantile", &case)?.number(RESULT);
        let above = |part, count| {
            let errors = answer.exactly(count, part)?;
            Ok::<_, Stop>(errors.into_iter().filter(|error| *error > threshold).count())
        };
        let [(_, zeros, n_zeros), (_, others, n_others)] = ERRORS;
        Ok((threshold, above(zeros, n_zeros)?, above(others, n_others)?))
    })?;
    let &(_, alarms, n_found) = found.one(&mut picture);
    let missed = 144 - n_found;
    picture.title = format!("A threshold of your choice: {alarms} of 72 false alarms, {missed} of 144 missed");
    let line = found.map(|(threshold, ..)| vec![(0.0, threshold), (146.0, threshold)]);
    picture.compare("threshold", Mark::Line, 2, line);
    Ok(picture)
}

fn transfer(ask: &mut Ask<'_>) -> Result<Picture> {
    const LOOKS: usize = 20;
    let mut picture = Picture::new(
        "transfer",
        "Striped digits from ten samples per class",
        Axis::new("steps").from(0.0, 205.0),
        Axis::new("accuracy").from(0.2, 0.7),
    )
    .caption(
        "The accuracy on striped digits from 5 to 9, after 10, 20, … steps on ten samples of each. The bodies of two \
         networks come from striped digits from 0 to 4; which of the two is ahead depends on the draw. The third \
         starts from scratch, and stays below them. If all lines are alike, the body was lost when the head was \
         replaced.",
    );
    for (name, is_pretrained, is_frozen, n) in
        [("frozen", true, true, 0), ("fine-tuned", true, false, 1), ("from scratch", false, false, 2)]
    {
        let case = Record::new().with("pretrained", is_pretrained).with("frozen", is_frozen).with("looks", LOOKS);
        let shares = ask.both(|side| Ok(spaced(10, side.ask("tuned", &case)?.exactly(LOOKS, RESULT)?)))?;
        picture.compare(name, Mark::Line, n, shares);
    }
    Ok(picture)
}
