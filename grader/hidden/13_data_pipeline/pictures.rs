//! What there is to see in exercise 13.

use datasets::digits::{MAX_PIXEL, SIDE};

use judge::pictures::*;

fn main() {
    judge::draw_pictures(pictures);
}

fn pictures(ask: &mut Ask<'_>) -> Result<Vec<Picture>> {
    Ok(vec![
        ask.once(digits)?,
        ask.once(batch_sizes)?,
        one_epoch(ask)?,
        ask.once(two_epochs)?,
        ask.once(rare_class)?,
        ask.once(scaling)?,
        ask.once(last_batch)?,
    ])
}

/// The images are higher than wide, so that it shows which is which: two columns of nearly nothing are left out.
const ROWS: usize = SIDE;
const COLUMNS: usize = 6;

/// One digit of each kind, from bytes to samples.
fn digits(ask: &mut Ask<'_>) -> Result<Picture> {
    let none = || Axis::new("").ticks::<&str>([]);
    let mut picture =
        Picture::new("digits", "Ten images, read and scaled by your code", none(), none()).equal_units().caption(
            "The digits from 0 to 9, upright, ink on paper. If they are shifted to the right, they were read from the \
             wrong byte. If they are turned or distorted, rows and columns may be swapped. If all is ink, the pixels \
             are not scaled; if all is paper, they were divided too often, or as integers.",
        );
    let data = datasets::digits();
    let image = |digit: usize| {
        // The eleventh of each is easy to read.
        let mut places = (0..data.n_samples()).filter(|&place| data.labels[place] == digit);
        let place = places.nth(10).expect("every digit occurs more often");
        let pixels = data.features.row(place).into_shape_with_order((ROWS, SIDE)).expect("8 × 8 pixels").to_owned();
        let inner: Vec<usize> = (1..=COLUMNS).collect();
        let byte = |pixel: f64| (255.0 * pixel / MAX_PIXEL).round() as usize;
        pixels.select(ndarray::Axis(1), &inner).into_iter().map(byte).collect::<Vec<_>>()
    };
    let mut bytes: Vec<usize> = [2051, 10, ROWS as u32, COLUMNS as u32]
        .into_iter()
        .flat_map(|number| number.to_be_bytes().map(usize::from))
        .collect();
    bytes.extend((0..10).flat_map(image));

    let samples = ask.both(|side| {
        let read = side.ask("read_idx_images", &Record::new().with("bytes", bytes.clone()))?;
        let pixels: Vec<usize> =
            read.exactly(10 * ROWS * COLUMNS, "pixels")?.iter().map(|&pixel| pixel as usize).collect();
        let shape: Vec<usize> = read.exactly(3, "shape")?.iter().map(|&length| length as usize).collect();
        let case = Record::new()
            .with("n_images", shape[0])
            .with("rows", shape[1])
            .with("columns", shape[2])
            .with("pixels", pixels.clone());
        Ok((shape[1..].to_vec(), side.ask("scale_pixels", &case)?.exactly(pixels.len(), "result")?))
    })?;
    let (shape, samples) = match samples.learner {
        Ok(learners) => learners,
        Err(note) => {
            picture.note(note);
            picture.note("The reference is shown instead.");
            samples.reference
        }
    };
    for (digit, sample) in samples.chunks(ROWS * COLUMNS).enumerate() {
        let (left, bottom) = (7.0 * (digit % 5) as f64, if digit < 5 { 9.0 } else { 0.0 });
        let cells = Cells {
            x: (left, left + COLUMNS as f64),
            y: (bottom, bottom + ROWS as f64),
            columns: shape[1],
            rows: shape[0],
        };
        picture.raster(cells, sample.to_vec(), Palette::Ink, (0.0, 1.0));
    }
    Ok(picture)
}

/// Samples that say who they are, as in the checks.
fn samples(n: usize, batch_size: usize) -> Record {
    Record::new()
        .with("x", Array2::from_shape_fn((n, 2), |(i, j)| (i + 100 * j) as f64))
        .with("labels", (0..n).collect::<Vec<usize>>())
        .with("batch_size", batch_size)
}

/// More batches than there can be are not drawn: wrong code may go on for ever.
const MOST_BATCHES: usize = 8;

fn batch_sizes(ask: &mut Ask<'_>) -> Result<Picture> {
    let mut picture = Picture::new(
        "batch_sizes",
        "10 samples in batches of 3",
        Axis::new("batch").from(0.3, MOST_BATCHES as f64 + 0.7).ticks((1..=MOST_BATCHES).map(|n| (n as f64, n))),
        Axis::new("samples").from(0.0, 3.6).ticks((0..=3_u32).map(|n| (f64::from(n), n))),
    )
    .caption(
        "Three full batches, and the rest. If the fourth bar is missing, one sample is never used; if it is as high as \
         the others, some are used twice. If there are more bars, the iterator does not end.",
    );
    let sizes = ask.both(|side| {
        let sizes = side.ask("batches", &samples(10, 3))?.numbers("sizes");
        Ok((1..=MOST_BATCHES).map(|n| n as f64).zip(sizes).collect())
    })?;
    picture.compare(YOURS, Mark::Bars(0.5), 0, sizes);
    Ok(picture)
}

/// Where the samples of two epochs come from. Chance decides, so that there is nothing to compare with.
fn two_epochs(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 40;
    const BATCH_SIZE: usize = 8;
    let n = N as f64;
    let mut picture = Picture::new(
        "two_epochs",
        "The order of the samples in two epochs",
        Axis::new("").from(-1.0, 2.0 * n).ticks([(n / 2.0, "first epoch"), (1.5 * n, "second epoch")]),
        Axis::new("sample").from(-3.0, n + 2.0),
    )
    .caption(
        "40 samples, twice, in batches of 8 with lines between them. There should be no pattern: no diagonal, no \
         steps, and no row without a point. The order on the right should differ from that on the left. A circle \
         marks a sample that has the label of another sample.",
    );
    for end in (BATCH_SIZE..2 * N).step_by(BATCH_SIZE) {
        let at = end as f64 - 0.5;
        picture.add("", Mark::Line, Role::Guide, vec![(at, -3.0), (at, n + 2.0)]);
    }
    let epochs = ask.both(|side| {
        let seen = side.ask("batches", &samples(N, BATCH_SIZE).with("seed", 13_usize))?;
        let epoch = |x: &str, labels: &str| {
            let first_column = seen.numbers(x).into_iter().step_by(2);
            first_column.zip(seen.numbers(labels)).take(N).collect::<Vec<_>>()
        };
        let (first, second) = (epoch("x", "labels"), epoch("next x", "next labels"));
        let places = (0..first.len()).chain(N..N + second.len()).map(|place| place as f64);
        Ok(places.zip(first.into_iter().chain(second)).collect::<Vec<_>>())
    })?;
    let (name, role) = match &epochs.learner {
        Ok(_) => ("sample", Role::Learner(0)),
        Err(note) => {
            picture.note(note.clone());
            ("sample (reference)", Role::Reference(0))
        }
    };
    let seen = epochs.learner.unwrap_or(epochs.reference);
    let apart: Vec<(f64, f64)> =
        seen.iter().filter(|(_, (sample, label))| sample != label).map(|(at, (sample, _))| (*at, *sample)).collect();
    picture.add(name, Mark::Points, role, seen.into_iter().map(|(at, (sample, _))| (at, sample)).collect());
    if !apart.is_empty() {
        picture.add("sample with the label of another", Mark::Points, Role::Class(0), apart);
    }
    Ok(picture)
}

/// How much of the test part is of a class that is rare, in many splits.
/// Which batch each sample of one epoch is in.
fn one_epoch(ask: &mut Ask<'_>) -> Result<Picture> {
    const N: usize = 60;
    let mut picture = Picture::new(
        "one_epoch",
        "An epoch, batch by batch",
        Axis::new("place in the epoch").from(-1.0, N as f64),
        Axis::new("sample").from(-1.0, N as f64),
    )
    .equal_units()
    .caption(
        "60 samples in the order in which your batches return them, with a dashed line after each full batch. Every \
         row and every column has one point: each sample occurs once. A diagonal means that nothing was shuffled. \
         Another seed gives another order, and the same seed always the same one. A batch size that does not divide \
         60 leaves a short batch at the end.",
    );
    let size = picture.whole(&ask.controls, "batch size", 16, (1, N));
    let seed = picture.seed(&ask.controls, "seed", 1);
    let order = ask.both(|side| {
        let case = samples(N, size).with("seed", seed);
        let order = side.ask("batches", &case)?.numbers("labels");
        Ok((0..).map(f64::from).zip(order).collect::<Vec<_>>())
    })?;
    for end in (size..N).step_by(size) {
        let at = end as f64 - 0.5;
        picture.add("", Mark::Line, Role::Guide, vec![(at, -1.0), (at, N as f64)]);
    }
    picture.compare(YOURS, Mark::Points, 0, order);
    Ok(picture)
}

fn rare_class(ask: &mut Ask<'_>) -> Result<Picture> {
    const SPLITS: usize = 30;
    // Class after class, as files often are.
    let labels: Vec<usize> = [(0, 120), (1, 60), (2, 20)].into_iter().flat_map(|(class, n)| vec![class; n]).collect();
    let n = labels.len();
    let mut picture = Picture::new(
        "rare_class",
        "A rare class in the test part",
        Axis::new("split").from(0.0, SPLITS as f64 + 1.0),
        Axis::new("share in the test part").from(-0.03, 0.6),
    )
    .caption(
        "200 samples, of which 20 are of class 2; a fifth is for the test, 30 times over. A plain split varies around \
         the right share, and sometimes the test part has hardly any samples of the rare class. A stratified split is \
         on the line every time. Points at the very bottom, or far above, may come from splits that were not \
         shuffled.",
    );
    picture.level("share in all samples", 0.1, (0.0, SPLITS as f64 + 1.0));
    let share = |test: Vec<f64>| {
        let rare = test.iter().filter(|&&sample| labels.get(sample as usize) == Some(&2)).count();
        rare as f64 / test.len() as f64
    };
    let shares = |side: &mut Side<'_>, experiment: &str, case: &Record| {
        (1..=SPLITS)
            .map(|split| {
                Ok((split as f64, share(side.ask(experiment, &case.clone().with("seed", split))?.numbers("test"))))
            })
            .collect::<Asked<Vec<(f64, f64)>>>()
    };
    let case = Record::new().with("test_fraction", 0.2);
    let plain = ask.both(|side| shares(side, "train_test_split", &case.clone().with("n", n)))?;
    // Chance decides about these: the reference's are other ones, and no better.
    match plain.learner {
        Ok(points) => picture.add("train_test_split", Mark::Points, Role::Learner(0), points),
        Err(_) => picture.compare("train_test_split", Mark::Points, 0, plain),
    }
    let stratified = ask.both(|side| shares(side, "stratified_split", &case.clone().with("labels", labels.clone())))?;
    picture.compare("stratified_split", Mark::Points, 1, stratified);
    Ok(picture)
}

/// Two features of three species, before and after; two species are trained with, and the third one is the test.
fn scaling(ask: &mut Ask<'_>) -> Result<Picture> {
    let iris = datasets::iris();
    let two = iris.features.select(ndarray::Axis(1), &[0, 2]);
    let (train, test) = two.view().split_at(ndarray::Axis(0), 100);
    let mut picture = Picture::new(
        "scaling",
        "Two features before and after scaling",
        Axis::new("length of the sepals").from(-2.5, 8.5),
        Axis::new("length of the petals").from(-2.5, 7.5),
    )
    .caption(
        "The training part is 100 irises of two species; the test part, to make it visible, is the third species, \
         whose petals are longer. After scaling the training samples have mean 0 and standard deviation 1 in both \
         directions, and the test samples are still above them. If your test samples are around 0 as well, they were \
         scaled by their own mean and deviation.",
    );
    picture.level("", 0.0, (-2.5, 8.5));
    picture.add("", Mark::Line, Role::Guide, vec![(0.0, -2.5), (0.0, 7.5)]);
    let points = |numbers: Vec<f64>| -> Vec<(f64, f64)> { numbers.chunks_exact(2).map(|at| (at[0], at[1])).collect() };
    picture.add("before", Mark::Points, Role::Guide, points(two.iter().copied().collect()));
    let (n_train, n_test) = (train.len(), test.len());
    let case = Record::new().with("x_train", train.to_owned()).with("x_test", test.to_owned());
    let scaled = ask.both(|side| {
        let answer = side.ask("prepare", &case)?;
        Ok((answer.exactly(n_train, "train")?, answer.exactly(n_test, "test")?))
    })?;
    // The words stand where the points are, wherever that is: below the training samples, above the test.
    let (train, test) = scaled.learner.as_ref().unwrap_or(&scaled.reference);
    let lowest = points(train.clone()).into_iter().min_by(|one, other| one.1.total_cmp(&other.1));
    if let Some((x, y)) = lowest {
        picture.label(x, y - 0.7, "training");
    }
    let highest = points(test.clone()).into_iter().max_by(|one, other| one.1.total_cmp(&other.1));
    if let Some((x, y)) = highest {
        picture.label(x, y + 0.7, "test");
    }
    let of_train = scaled.clone().map(|(train, _)| points(train));
    picture.compare("training, scaled", Mark::Points, 0, of_train);
    picture.compare("test, scaled", Mark::Points, 1, scaled.map(|(_, test)| points(test)));
    Ok(picture)
}

/// The mean over three batches, the last of which is bad and of any size.
fn last_batch(ask: &mut Ask<'_>) -> Result<Picture> {
    const FULL: usize = 32;
    let mut picture = Picture::new(
        "last_batch",
        "How much does a short last batch count?",
        Axis::new("samples in the last batch").from(0.0, FULL as f64),
        Axis::new("mean over all samples").from(0.0, 4.0),
    )
    .caption(
        "Two full batches of 32 with a mean loss of 1, and a last one with a mean loss of 6. If the last one has only \
         one sample, it should have little effect; if it is full, its weight is one third. If your line is \
         horizontal, every batch has the same weight.",
    );
    let means = ask.both(|side| {
        (1..=FULL)
            .map(|size| {
                let case = Record::new().with("means", array![1.0, 1.0, 6.0]).with("sizes", vec![FULL, FULL, size]);
                Ok((size as f64, side.ask("mean_over_batches", &case)?.number("result")))
            })
            .collect()
    })?;
    picture.compare(YOURS, Mark::Line, 0, means);
    Ok(picture)
}
