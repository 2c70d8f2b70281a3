//! What the grader asks of exercise 13.

use ndarray::{Array2, Array3, ArrayRef2, ArrayRef3, Axis, concatenate};
use probe::{Generator, Record, generator, serve};
use submission::{Batches, CsvError, IdxError, StandardScaler};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const READ_LABELS: fn(&[u8]) -> Result<Vec<usize>, IdxError> = submission::read_idx_labels;
const READ_IMAGES: fn(&[u8]) -> Result<Array3<u8>, IdxError> = submission::read_idx_images;
const SCALE_PIXELS: fn(&ArrayRef3<u8>) -> Array2<f64> = submission::scale_pixels;
const PARSE_IRIS: fn(&str) -> Result<(Array2<f64>, Vec<usize>), CsvError> = submission::parse_iris;
const ONE_HOT: fn(&[usize], usize) -> Array2<f64> = submission::one_hot;
const SPLIT: fn(usize, f64, &mut Generator) -> (Vec<usize>, Vec<usize>) = submission::train_test_split;
const STRATIFIED: fn(&[usize], f64, &mut Generator) -> (Vec<usize>, Vec<usize>) = submission::stratified_split;
const FIT: fn(&ArrayRef2<f64>) -> StandardScaler = StandardScaler::fit;
const TRANSFORM: fn(&StandardScaler, &ArrayRef2<f64>) -> Array2<f64> = StandardScaler::transform;
const INVERSE: fn(&StandardScaler, &ArrayRef2<f64>) -> Array2<f64> = StandardScaler::inverse_transform;
const PREPARE: fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> (Array2<f64>, Array2<f64>) = submission::prepare;
const N_BATCHES: fn(usize, usize) -> usize = submission::n_batches;
const IN_ORDER: for<'a> fn(&'a ArrayRef2<f64>, &'a [usize], usize) -> Batches<'a> =
    |x, labels, batch_size| Batches::in_order(x, labels, batch_size);
const SHUFFLED: for<'a> fn(&'a ArrayRef2<f64>, &'a [usize], usize, &mut Generator) -> Batches<'a> =
    |x, labels, batch_size, rng| Batches::shuffled(x, labels, batch_size, rng);
const MEAN_OVER_BATCHES: fn(&[(f64, usize)]) -> f64 = submission::mean_over_batches;

fn main() {
    serve(&[
        ("read_idx_labels", labels),
        ("read_idx_images", images),
        ("read_idx", |case| if case.text("as") == "labels" { labels(case) } else { images(case) }),
        ("scale_pixels", |case| {
            let shape = (case.count("n_images"), case.count("rows"), case.count("columns"));
            let images = Array3::from_shape_vec(shape, bytes(case, "pixels")).expect("a case has all of its pixels");
            SCALE_PIXELS(&images).into()
        }),
        ("parse_iris", |case| match PARSE_IRIS(case.text("csv")) {
            Ok((measurements, labels)) => succeeded().with("measurements", measurements).with("labels", labels),
            Err(CsvError::WrongNumberOfFields { line, found }) => {
                failed(format!("WrongNumberOfFields {{ line: {line}, found: {found} }}"))
            }
            Err(CsvError::NotANumber { line, field }) => {
                failed(format!("NotANumber {{ line: {line}, field: {field:?} }}"))
            }
            Err(CsvError::UnknownSpecies { line, name }) => {
                failed(format!("UnknownSpecies {{ line: {line}, name: {name:?} }}"))
            }
        }),
        ("one_hot", |case| ONE_HOT(&case.counts("labels"), case.count("n_classes")).into()),
        ("split_sizes", |case| {
            let (n, test_fraction, mut rng) = (case.count("n"), case.float("test_fraction"), rng(case));
            let (train, test) = SPLIT(n, test_fraction, &mut rng);
            let (_, next_test) = SPLIT(n, test_fraction, &mut rng);
            Record::new().with("n_train", train.len()).with("n_test", test.len()).with("next n_test", next_test.len())
        }),
        ("train_test_split", |case| {
            let (n, test_fraction, mut rng) = (case.count("n"), case.float("test_fraction"), rng(case));
            two_splits(|| SPLIT(n, test_fraction, &mut rng))
        }),
        ("stratified_sizes", |case| {
            let (labels, test_fraction, mut rng) = (case.counts("labels"), case.float("test_fraction"), rng(case));
            let n_classes = labels.iter().max().map_or(0, |max| max + 1);
            let of_each_class = |part: &[usize]| -> Vec<usize> {
                let is_of = |class, sample: usize| labels.get(sample) == Some(&class);
                (0..n_classes).map(|class| part.iter().filter(|&&sample| is_of(class, sample)).count()).collect()
            };
            let (train, test) = STRATIFIED(&labels, test_fraction, &mut rng);
            let (_, next_test) = STRATIFIED(&labels, test_fraction, &mut rng);
            Record::new()
                .with("train of each class", of_each_class(&train))
                .with("test of each class", of_each_class(&test))
                .with("next test of each class", of_each_class(&next_test))
        }),
        ("stratified_split", |case| {
            let (labels, test_fraction, mut rng) = (case.counts("labels"), case.float("test_fraction"), rng(case));
            two_splits(|| STRATIFIED(&labels, test_fraction, &mut rng))
        }),
        ("scaler_fit", |case| {
            let StandardScaler { mean, std } = FIT(&case.matrix("x"));
            Record::new().with("mean", mean).with("std", std)
        }),
        ("scaler_constant", |case| {
            let scaler = FIT(&case.matrix("x"));
            let z = TRANSFORM(&scaler, &case.matrix("x"));
            Record::new().with("std", scaler.std).with("z", z)
        }),
        ("scaler_transform", |case| TRANSFORM(&scaler(case), &case.matrix("x")).into()),
        ("scaler_inverse", |case| INVERSE(&scaler(case), &case.matrix("z")).into()),
        ("prepare", |case| {
            let (train, test) = PREPARE(&case.matrix("x_train"), &case.matrix("x_test"));
            Record::new().with("train", train).with("test", test)
        }),
        ("n_batches", |case| N_BATCHES(case.count("n_samples"), case.count("batch_size")).into()),
        ("batches", |case| {
            let (x, labels, batch_size) = (case.matrix("x"), case.counts("labels"), case.count("batch_size"));
            match case.get("seed") {
                None => Epoch::of(IN_ORDER(&x, &labels, batch_size)).record(),
                Some(_) => {
                    let mut rng = rng(case);
                    let epoch = Epoch::of(SHUFFLED(&x, &labels, batch_size, &mut rng));
                    let next = Epoch::of(SHUFFLED(&x, &labels, batch_size, &mut rng));
                    epoch.record().with("next x", next.x).with("next labels", next.labels)
                }
            }
        }),
        ("mean_over_batches", |case| {
            let batches: Vec<(f64, usize)> = case.vector("means").iter().copied().zip(case.counts("sizes")).collect();
            MEAN_OVER_BATCHES(&batches).into()
        }),
    ]);
}

fn rng(case: &Record) -> Generator {
    generator(case.count("seed") as u64)
}

fn bytes(case: &Record, name: &str) -> Vec<u8> {
    case.counts(name).into_iter().map(|byte| u8::try_from(byte).expect("a case has bytes")).collect()
}

fn succeeded() -> Record {
    Record::new().with("error", None::<String>)
}

fn failed(error: String) -> Record {
    Record::new().with("error", error)
}

fn labels(case: &Record) -> Record {
    READ_LABELS(&bytes(case, "bytes")).map_or_else(idx_error, |labels| succeeded().with("labels", labels))
}

fn images(case: &Record) -> Record {
    READ_IMAGES(&bytes(case, "bytes")).map_or_else(idx_error, |images| {
        let pixels: Vec<usize> = images.iter().map(|&pixel| usize::from(pixel)).collect();
        succeeded().with("shape", images.shape().to_vec()).with("pixels", pixels)
    })
}

fn idx_error(error: IdxError) -> Record {
    failed(match error {
        IdxError::Truncated { needed, found } => format!("Truncated {{ needed: {needed}, found: {found} }}"),
        IdxError::WrongMagic { expected, found } => format!("WrongMagic {{ expected: {expected}, found: {found} }}"),
        IdxError::TooLarge { sizes } => format!("TooLarge {{ sizes: {sizes:?} }}"),
        IdxError::TooLong { needed, found } => format!("TooLong {{ needed: {needed}, found: {found} }}"),
    })
}

/// Two splits, one after the other.
fn two_splits(mut split: impl FnMut() -> (Vec<usize>, Vec<usize>)) -> Record {
    let (train, test) = split();
    let (next_train, next_test) = split();
    Record::new().with("train", train).with("test", test).with("next train", next_train).with("next test", next_test)
}

fn scaler(case: &Record) -> StandardScaler {
    StandardScaler { mean: case.vector("mean").to_owned(), std: case.vector("std").to_owned() }
}

/// All batches of an epoch, one after the other.
struct Epoch {
    sizes: Vec<usize>,
    x: Array2<f64>,
    labels: Vec<usize>,
    /// Whether there is another batch after the end.
    goes_on: bool,
}

impl Epoch {
    /// An iterator may go on for ever: more than this is not looked at.
    const MOST_BATCHES: usize = 64;

    fn of(mut batches: Batches<'_>) -> Self {
        let (x, labels): (Vec<Array2<f64>>, Vec<Vec<usize>>) = batches.by_ref().take(Self::MOST_BATCHES).unzip();
        let views: Vec<_> = x.iter().map(|x| x.view()).collect();
        let all = if views.is_empty() { Ok(Array2::zeros((0, 0))) } else { concatenate(Axis(0), &views) };
        Self {
            sizes: x.iter().map(|x| x.nrows()).collect(),
            x: all.expect("all batches should have the columns of `x`"),
            labels: labels.concat(),
            goes_on: labels.len() < Self::MOST_BATCHES && batches.next().is_some(),
        }
    }

    fn record(self) -> Record {
        Record::new()
            .with("sizes", self.sizes)
            .with("x", self.x)
            .with("labels", self.labels)
            .with("a batch after the end", self.goes_on)
    }
}
