//! What there is to see in exercise 24.

use datasets::digits::SIDE;
use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![denoised(ask)?, bottleneck(ask)?, anomalies(ask)?, transfer(ask)?])
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
            "Digits outside the training set: the originals, with three tenths of their pixels blanked, and as your \
             denoising autoencoder repairs them. The repaired digits are blurred, but their gaps are filled. If all \
             eight repaired digits look alike, the code carries no information; if the gaps are still there, the \
             target was damaged as well.",
        );
    let case = Record::new().with("epochs", 15_usize).with("images", vec![3_usize, 14, 15, 20, 33, 41, 57, 60]);
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
    let case = Record::new();
    for (name, part, count, n) in [("new zeros", "normal", 72, 0), ("other digits", "other", 144, 1)] {
        let errors = ask.both(|side| {
            let mut errors = side.ask("anomalies", &case)?.exactly(count, part)?;
            errors.sort_by(f64::total_cmp);
            Ok(spaced(144 / count, errors))
        })?;
        picture.compare(name, Mark::Points, n, errors);
    }
    let threshold = ask.both(|side| {
        let threshold = side.ask("anomalies", &case)?.number("threshold");
        Ok(vec![(0.0, threshold), (146.0, threshold)])
    })?;
    picture.compare("threshold", Mark::Line, 2, threshold);
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
