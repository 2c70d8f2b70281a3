//! What there is to see in exercise 20.

use judge::pictures::*;
use probe::Value;

/// A network that Python has trained: see `solutions/20_save_load/tests/rings.py`.
const RINGS: &[u8] = include_bytes!("../../../exercises/20_save_load/tests/rings.safetensors");

const N_EPOCHS: usize = 20;
const BREAK: usize = 8;
const N_HIDDEN: usize = 12;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![ask.once(curves)?, file(ask)?, ask.once(damage)?, ask.once(rings)?])
}

fn curves(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "curves",
        "A training that was interrupted",
        Axis::new("epoch").from(0.0, N_EPOCHS as f64 + 1.0),
        Axis::new("loss").from(0.02, 2.0).log(),
    )
    .caption(
        "After 8 epochs the training is written as bytes, and continues from them in another `Run`. The points should \
         lie exactly on the line of the training that was never interrupted: the numbers are equal, not just close. \
         The other two trainings forget something on purpose: the optimiser's memory, or the number of the epoch, \
         which decides the order of the samples. If your points leave the line, something is not restored.",
    );
    let lines = [
        ("no break", "nothing", N_EPOCHS, Mark::Line, 0),
        ("memory forgotten", "memory", BREAK, Mark::Line, 2),
        ("epoch forgotten", "epoch", BREAK, Mark::Line, 3),
        ("resumed", "nothing", BREAK, Mark::Points, 1),
    ];
    for (name, forgets, before, mark, n) in lines {
        let case = training().with("forgets", forgets).with("before", before).with("after", N_EPOCHS - before);
        let losses = ask.both(|side| {
            let losses = side.ask("curve", &case)?.exactly(N_EPOCHS, RESULT)?;
            // Before the break, all are the same.
            let from = if before == N_EPOCHS { 0 } else { BREAK - 1 };
            Ok((1..).map(f64::from).zip(losses).skip(from).collect::<Vec<_>>())
        })?;
        picture.compare(name, mark, n, losses);
    }
    Ok(picture)
}

/// A file, intact or damaged, and what `decode` says about it.
fn file(ask: &mut Ask<'_>) -> Result<Picture> {
    const COLUMNS: usize = 32;
    let n_bytes = ask.once(|ask| ask.both(|side| bytes(side, 0, 0)))?.reference.len();
    let n_rows = n_bytes.div_ceil(COLUMNS);
    let (width, height) = (COLUMNS as f64, n_rows as f64);
    let mut picture = Picture::new(
        "file",
        "Your file, byte by byte",
        Axis::new("").ticks::<&str>([]).from(-1.0, 2.0 * width + 5.0),
        Axis::new("").ticks::<&str>([]).from(-1.0, height + 3.0),
    )
    .equal_units()
    .caption(
        "Each cell is a byte of a small checkpoint, 32 a row, white for 0 and darker for more. On the left is your \
         file, on the right the correct one. Counts are small numbers in 8 bytes; in little-endian order, the only \
         byte that is not 0 comes first. Names are grey. The bytes of an `f64` look random, except for the last two, \
         which hold sign and exponent. The last 8 bytes are the checksum. On the page of `serve` you damage the file \
         at any byte, and see what `decode` returns. In which bytes is a change not simply `Damaged`?",
    );
    let kinds = ["none", "one bit changed", "the file ends before it", "a byte inserted before it"];
    let damage = picture.choice(&ask.controls, "damage", 0, &kinds);
    let at = picture.whole(&ask.controls, "byte", 12, (0, n_bytes - 1));
    let files = ask.both(|side| bytes(side, damage, at))?;
    let said = ask.both(|side| match damage {
        0 => Ok(String::new()),
        _ => {
            let file = bytes(side, damage, at)?.into_iter().map(|byte| byte as u8).collect();
            let answer = side.ask("decode", &Record::new().with("bytes", Value::Bytes(file)))?;
            Ok(format!(": {}", answer.text("outcome").chars().take(18).collect::<String>()))
        }
    })?;
    let mut draw = |left: f64, name: String, bytes: &[f64]| {
        // Bytes too many would leave the picture.
        let values = (0..COLUMNS * n_rows).map(|i| bytes.get(i).copied().unwrap_or(0.0)).collect();
        let cells = Cells { x: (left, left + width), y: (0.0, height), columns: COLUMNS, rows: n_rows };
        picture.raster(cells, values, Palette::Ink, (0.0, 255.0));
        picture.label(left + width / 2.0, height + 1.5, name);
        if damage > 0 {
            let (x, y) = (left + (at % COLUMNS) as f64, height - (at / COLUMNS) as f64);
            let around = [(x, y), (x + 1.0, y), (x + 1.0, y - 1.0), (x, y - 1.0), (x, y)];
            picture.add("", Mark::Line, Role::Class(0), around.to_vec());
        }
    };
    draw(width + 4.0, format!("correct{}", said.reference), &files.reference);
    match (&files.learner, &said.learner) {
        (Ok(learners), Ok(said)) => draw(0.0, format!("yours{said}"), learners),
        (Ok(learners), Err(note)) => {
            draw(0.0, "yours".to_owned(), learners);
            picture.note(note.clone());
        }
        (Err(note), _) => picture.note(note.clone()),
    }
    Ok(picture)
}

/// The bytes of a small checkpoint, damaged at this byte in one of the ways that the picture offers.
fn bytes(side: &mut Side<'_>, damage: usize, at: usize) -> Asked<Vec<f64>> {
    let mut bytes = side.ask("file", &small())?.numbers(RESULT);
    let place = at.min(bytes.len());
    match damage {
        1 => bytes.iter_mut().skip(place).take(1).for_each(|byte| *byte = f64::from(*byte as u8 ^ 0x80)),
        2 => bytes.truncate(place),
        3 => bytes.insert(place, 0.0),
        _ => {}
    }
    Ok(bytes)
}

fn damage(ask: &mut Ask<'_>) -> Result<Picture> {
    const OUTCOMES: [&str; 7] = ["Ok", "no magic", "version", "truncated", "trailing", "damaged", "other"];
    let both = ask.both(|side| {
        let answer = side.ask("damage", &small())?;
        Ok([answer.numbers("flipped"), answer.numbers("cut")])
    })?;
    let n = both.reference[0].len();
    let ticks = OUTCOMES.iter().enumerate().map(|(i, outcome)| (i as f64, outcome));
    let mut picture = Picture::new(
        "damage",
        "Every kind of damage has its error",
        Axis::new("byte").from(0.0, n as f64),
        Axis::new("").ticks(ticks).from(-0.5, 6.5),
    )
    .caption(
        "The same small checkpoint, damaged at every byte: either one bit of that byte is changed, or the file ends \
         before it. Changes in the first 24 bytes hit MAGIC, the version or the length; from there on the checksum \
         finds every change. A point at Ok is damage that goes unnoticed.",
    );
    for (number, (name, shift)) in [("one bit changed", 0.12), ("cut here", -0.12)].into_iter().enumerate() {
        let points = both.clone().map(|kinds| {
            kinds[number].iter().enumerate().map(|(byte, kind)| (byte as f64, kind + shift)).collect::<Vec<_>>()
        });
        picture.compare(name, Mark::Points, number, points);
    }
    Ok(picture)
}

fn rings(ask: &mut Ask<'_>) -> Result<Picture> {
    const CELLS: Cells = Cells { x: (-1.5, 1.5), y: (-1.5, 1.5), columns: 60, rows: 60 };
    let mut picture = Picture::new(
        "rings",
        "A network that was trained in Python",
        Axis::new("x₁").from(-1.5, 1.5),
        Axis::new("x₂").from(-1.5, 1.5),
    )
    .equal_units()
    .caption(
        "This network was trained with NumPy to tell two rings of points apart, shown as thin lines, and written to a \
         file with Python's safetensors. Your code reads the file and renames the parameters. The border between the \
         two classes has to run between the rings. If it does not, weights are transposed, mixed up or read wrongly.",
    );
    let case = Record::new().with("bytes", Value::Bytes(RINGS.to_vec())).with("x", CELLS.centres());
    let scores = ask.both(|side| side.ask("regions", &case)?.exactly(CELLS.rows * CELLS.columns, RESULT))?;
    let shades = scores.learner.as_ref().unwrap_or(&scores.reference);
    picture.raster(CELLS, shades.clone(), Palette::Diverging, (-2.0, 2.0));
    for radius in [0.5, 1.0] {
        let around = (0..=60).map(|i| f64::from(i) * std::f64::consts::TAU / 60.0);
        let ring = around.map(|angle| (radius * angle.cos(), radius * angle.sin())).collect();
        picture.add("", Mark::Line, Role::Guide, ring);
    }
    picture.compare("border", Mark::Line, 0, scores.map(|scores| CELLS.contour(&scores, 0.0)));
    Ok(picture)
}

/// Two rings of points, and a network before its first step.
fn training() -> Record {
    let rng = &mut probe::generator(20);
    let data = datasets::circles(100, 0.5, 0.05, rng);
    let y = Array2::from_shape_fn((100, 1), |(i, _)| if data.labels[i] == 1 { 1.0 } else { -1.0 });
    let mut normal = |shape: (usize, usize), std: f64| {
        Array2::from_shape_simple_fn(shape, || {
            let z: f64 = rand_distr::Distribution::sample(&rand_distr::StandardNormal, rng);
            std * z
        })
    };
    Record::new()
        .with("net parameter.0", normal((2, N_HIDDEN), 1.0))
        .with("net parameter.1", Array1::zeros(N_HIDDEN))
        .with("net parameter.2", normal((N_HIDDEN, 1), 0.4))
        .with("net parameter.3", array![0.0])
        .with("learning_rate", 0.02)
        .with("n_steps", 0_usize)
        .with("run's seed", 1_usize)
        .with("run's epoch", 0_usize)
        .with("run's losses", Array1::zeros(0))
        .with("x", data.features)
        .with("y", y)
        .with("batch_size", 10_usize)
}

/// A checkpoint of a network with three parameters.
fn small() -> Record {
    Record::new()
        .with("seed", 7_usize)
        .with("epoch", 3_usize)
        .with("losses", array![0.71, 0.52, 0.43])
        .with("model parameter.0", array![[0.31], [-1.27]])
        .with("model parameter.1", array![0.45])
        .with("optimizer learning_rate", array![0.02])
        .with("optimizer mean.0", array![[0.011], [-0.023]])
        .with("optimizer mean.1", array![0.017])
        .with("optimizer mean_square.0", array![[0.0013], [0.0007]])
        .with("optimizer mean_square.1", array![0.0009])
        .with("optimizer n_steps", array![30.0])
}
