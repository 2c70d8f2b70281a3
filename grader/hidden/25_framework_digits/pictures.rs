//! What there is to see in exercise 25.

use datasets::digits::{MAX_PIXEL, SIDE};
use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    let [losses, difference] = ask.once(race)?;
    let learned = ask.once(learned)?;
    Ok(vec![losses, difference, filters(&learned), seen(ask)?])
}

const EPOCHS: usize = 6;

fn race(ask: &mut Ask<'_>) -> Result<[Picture; 2]> {
    let case = Record::new()
        .with("images", 600_usize)
        .with("learning_rate", 0.1)
        .with("batch_size", 32_usize)
        .with("epochs", EPOCHS)
        .with("seed", 25_usize);
    let laps = ask.both(|side| {
        let answer = side.ask("race_of_digits", &case)?;
        Ok([answer.exactly(EPOCHS, "engine")?, answer.exactly(EPOCHS, "dfdx")?])
    })?;
    let mut losses = Picture::new(
        "race",
        "One network, trained twice",
        Axis::new("epoch").from(0.5, EPOCHS as f64 + 0.5),
        Axis::new("loss").from(0.05, 3.0).log(),
    )
    .caption(
        "The engine in `f64` and dfdx in `f32`, from the same weights and with the same batches. The points of dfdx lie on the \
         line of the engine. If they begin below it, the copy was made after the engine had trained; if they leave it, the two \
         do not see the same batches or weights.",
    );
    let epochs = || (1..).map(f64::from);
    for (n, (name, mark)) in [("engine", Mark::Line), ("dfdx", Mark::Points)].into_iter().enumerate() {
        let points = laps.clone().map(|laps| epochs().zip(laps[n].iter().copied()).collect());
        losses.compare(name, mark, n, points);
    }
    let mut difference = Picture::new(
        "difference",
        "How far apart they are",
        Axis::new("epoch").from(0.5, EPOCHS as f64 + 0.5),
        Axis::new("difference of the losses").from(1e-10, 1.0).log(),
    )
    .caption(
        "The same two trainings. An `f32` has seven digits, and a loss is the mean over many samples, so the two differ by a \
         ten-millionth or less. Each step begins from weights that already differ a little; here that does not add up. A difference of \
         a hundredth or more is no rounding.",
    );
    let apart = laps.map(|[one, other]| {
        let gaps = one.iter().zip(&other).map(|(one, other)| (one - other).abs().max(1e-10));
        epochs().zip(gaps).collect()
    });
    difference.compare(YOURS, Mark::Line, 0, apart);
    Ok([losses, difference])
}

/// What trains the filters.
fn training() -> Record {
    Record::new()
        .with("learning_rate", 0.02)
        .with("batch_size", 64_usize)
        .with("epochs", 3_usize)
        .with("n_validation", 237_usize)
        .with("seed", 25_usize)
}

/// The weights of the eight filters.
fn learned(ask: &mut Ask<'_>) -> Result<Both<Vec<f64>>> {
    ask.both(|side| side.ask("filters", &training())?.exactly(72, "filters"))
}

/// An empty picture for images.
fn blank(id: &str, title: &str, width: f64, height: f64) -> Picture {
    let axis = |end| Axis::new("").ticks::<&str>([]).from(-1.0, end);
    Picture::new(id, title, axis(width), axis(height)).equal_units()
}

fn filters(learned: &Both<Vec<f64>>) -> Picture {
    let mut filters = blank("filters", "The eight filters after three epochs", 32.0, 5.0).caption(
        "Each filter is 3×3 weights: blue and orange are the two signs, and white is 0. Filters that have learned something look for an edge, a \
         stroke or a spot. If all of them look like noise, little has been learned.",
    );
    for (number, weights) in learned.learner.as_ref().unwrap_or(&learned.reference).chunks(9).enumerate() {
        let left = 4.0 * number as f64;
        let cells = Cells { x: (left, left + 3.0), y: (0.0, 3.0), columns: 3, rows: 3 };
        let range = weights.iter().fold(0.1_f64, |most, weight| most.max(weight.abs()));
        filters.raster(cells, weights.to_vec(), Palette::Diverging, (-range, range));
        filters.label(left + 1.5, 3.7, format!("{}", number + 1));
    }
    if let Err(note) = &learned.learner {
        filters.note(note.clone());
    }
    filters
}

/// A digit that is drawn with the pointer, and what each filter makes of it.
fn seen(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut maps = blank("seen", "A digit, and what the filters see in it", 45.0, 19.5).caption(
        "The digit on the left, and what each of the filters says at every place of it, behind the ReLU: darker for more. Parts of the \
         digit are visible in most of them; a filter that says nothing here may speak up for another digit. If the pictures are sheared \
         or torn, patches or places are in another order. On the page of `serve` you draw the digit: which filters respond to a level \
         stroke only, and which to an upright one?",
    );
    let usual = datasets::digits().features.row(0).iter().map(|ink| ink / MAX_PIXEL).collect();
    let ink = maps.canvas(&ask.controls, "digit", usual, (SIDE, SIDE));
    let image = Array2::from_shape_vec((1, SIDE * SIDE), ink.clone()).map_err(anyhow::Error::from)?;
    let both = ask.both(|side| {
        let learned = side.ask("filters", &training())?;
        let (filters, biases) = (learned.exactly(72, "filters")?, learned.exactly(8, "biases")?);
        let case = Record::new()
            .with("weights 0", Array2::from_shape_fn((9, 8), |(place, filter)| filters[9 * filter + place]))
            .with("biases 0", Array1::from(biases))
            .with("image", image.clone());
        side.ask("seen", &case)?.exactly(512, RESULT)
    })?;
    let grid = Cells { x: (0.0, 8.0), y: (4.5, 12.5), columns: SIDE, rows: SIDE };
    maps.raster(grid, ink, Palette::Ink, (0.0, 1.0));
    for filter in 0..8 {
        let (left, low) = (9.5 + 9.0 * (filter % 4) as f64, if filter < 4 { 9.5 } else { 0.0 });
        let cells = Cells { x: (left, left + 8.0), y: (low, low + 8.0), columns: SIDE, rows: SIDE };
        let says = both.learner.as_ref().unwrap_or(&both.reference);
        let values: Vec<f64> = says.iter().skip(filter).step_by(8).copied().collect();
        let most = values.iter().fold(0.1_f64, |most, value| most.max(*value));
        maps.raster(cells, values, Palette::Ink, (0.0, most));
        maps.label(left + 4.0, low + 8.7, format!("{}", filter + 1));
    }
    if let Err(note) = both.learner {
        maps.note(note);
    }
    Ok(maps)
}
