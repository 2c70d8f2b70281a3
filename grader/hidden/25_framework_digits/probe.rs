//! What the grader asks of exercise 25.

use std::{convert::Infallible, fmt::Write, mem, time::Instant};

use dfdx::{
    nn::modules,
    optim::{Adam, AdamConfig, Sgd, SgdConfig},
    prelude::*,
};
use engine::{Layer, Relu, Sequential};
use ndarray::{Array1, Array2, ArrayRef2, ShapeBuilder, Slice};
use probe::{Generator, Record, generator, serve};
use rand::seq::SliceRandom;
use safetensors::{Dtype as FileType, SafeTensors};
use submission::{
    Built, Cnn, Dev, History, Images, Lap, LoadError, MaxPool, Mlp, Patches, Plain, Scores, Split, Taped, TrainConfig,
};

/// A network of one layer.
type Small = modules::Linear<3, 10, f32, Dev>;
/// One whose input is dropped in part.
type Dropping = (DropoutOneIn<2>, Small);
/// One for files.
type Deep = (modules::Linear<3, 2, f32, Dev>, ReLU, modules::Linear<2, 4, f32, Dev>);
type SgdOf<N> = Sgd<N, f32, Dev>;
type Slopes = Gradients<f32, Dev>;

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const IMAGES: fn(&ArrayRef2<f64>, &Dev) -> Images<4> = submission::images;
const ONE_HOT: fn(&[usize], &Dev) -> Scores = submission::one_hot;
const SGD_STEP: fn(&mut Small, &mut SgdOf<Small>, Slopes, &ArrayRef2<f64>, &[usize], &Dev) -> (f64, Slopes) =
    submission::train_step;
const ADAM_STEP: fn(&mut Small, &mut Adam<Small, f32, Dev>, Slopes, &ArrayRef2<f64>, &[usize], &Dev) -> (f64, Slopes) =
    submission::train_step;
const DROPPING_STEP: fn(&mut Dropping, &mut SgdOf<Dropping>, Slopes, &ArrayRef2<f64>, &[usize], &Dev) -> (f64, Slopes) =
    submission::train_step;
const TRAIN_EPOCH: fn(&mut Small, &mut SgdOf<Small>, &ArrayRef2<f64>, &[usize], usize, &Dev, &mut Generator) -> f64 =
    submission::train_epoch;
const PREDICT: fn(&Same, &ArrayRef2<f64>, &Dev) -> Vec<usize> = submission::predict;
const ACCURACY: fn(&Same, &ArrayRef2<f64>, &[usize], &Dev) -> f64 = submission::accuracy;
const TRAIN: fn(&mut Small, &Split, TrainConfig, &Dev, &mut Generator) -> History = submission::train;
const PATCHES: fn(&Patches, Images<64>) -> Images<9> = Patches::apply;
const PATCHES_TAPED: fn(&Patches, Images<64, Taped>) -> Images<9, Taped> = Patches::apply;
const MAX_POOL: fn(&MaxPool, Images<8>) -> Images<128> = MaxPool::apply;
const MAX_POOL_TAPED: fn(&MaxPool, Images<8, Taped>) -> Images<128, Taped> = MaxPool::apply;
const FROM_ENGINE: fn(&mut Sequential, &Dev) -> Built<Plain<3>> = submission::from_engine;
const RACE: fn(&mut Sequential, &ArrayRef2<f64>, &[usize], (f64, usize, usize), &Dev) -> [Lap; 2] =
    submission::race::<3>;
const RACE_OF_DIGITS: fn(&mut Sequential, &ArrayRef2<f64>, &[usize], (f64, usize, usize), &Dev) -> [Lap; 2] =
    submission::race::<64>;
const SCORES_IN_F64: fn(&Built<Plain<3>>, &ArrayRef2<f64>, &Dev) -> Array2<f64> = submission::scores_in_f64;
const TO_SAFETENSORS: fn(&Deep) -> Vec<u8> = submission::to_safetensors;
#[cfg(feature = "candle")]
const IMAGES_OF_DIGITS: fn(&ArrayRef2<f64>, &Dev) -> Images<64> = submission::images;
#[cfg(feature = "candle")]
const FROM_ENGINE_OF_DIGITS: fn(&mut Sequential, &Dev) -> Built<Plain<64>> = submission::from_engine;
#[cfg(feature = "candle")]
const TO_SAFETENSORS_OF_DIGITS: fn(&Built<Plain<64>>) -> Vec<u8> = submission::to_safetensors;
const LOAD_SAFETENSORS: fn(&mut Deep, &[u8]) -> Result<(), LoadError> = submission::load_safetensors;

fn main() {
    serve(&[
        ("images", |case| {
            let images = IMAGES(&by_columns(case, "x"), &Dev::default());
            matrix(images.shape().0, 4, images.as_vec()).into()
        }),
        ("one_hot", |case| {
            let rows = ONE_HOT(&case.counts("labels"), &Dev::default());
            matrix(rows.shape().0, 10, rows.as_vec()).into()
        }),
        ("train_step", |case| {
            let (device, mut net) = (Dev::default(), small(case));
            let rate = case.float("learning_rate");
            let mut sgd = Sgd::new(&net, SgdConfig { lr: rate, ..SgdConfig::default() });
            let mut adam = Adam::new(&net, AdamConfig { lr: rate, ..AdamConfig::default() });
            let mut gradients = net.alloc_grads();
            let (mut losses, x, labels) = (Vec::new(), case.matrix("x"), case.counts("labels"));
            for _ in 0..case.count("steps") {
                let loss;
                (loss, gradients) = match case.text("optimizer") {
                    "Adam" => ADAM_STEP(&mut net, &mut adam, gradients, &x, &labels, &device),
                    _ => SGD_STEP(&mut net, &mut sgd, gradients, &x, &labels, &device),
                };
                losses.push(loss);
            }
            let left = gradients.get(&net.weight).as_vec().into_iter().chain(gradients.get(&net.bias).as_vec());
            let left = left.map(|slope| f64::from(slope.abs())).sum::<f64>();
            with_small(Record::new().with("losses", Array1::from(losses)), &net)
                .with("sum of the sizes of the gradients that come back", left)
        }),
        ("dropping", |case| {
            let device = Dev::seed_from_u64(case.count("seed") as u64);
            let mut net = (DropoutOneIn::<2>, small(case));
            // Nothing is learned, so that every step is the same but for chance.
            let mut sgd = Sgd::new(&net, SgdConfig { lr: 0.0, ..SgdConfig::default() });
            let mut gradients = net.alloc_grads();
            let mut losses = Vec::new();
            for _ in 0..case.count("steps") {
                let loss;
                (loss, gradients) =
                    DROPPING_STEP(&mut net, &mut sgd, gradients, &case.matrix("x"), &case.counts("labels"), &device);
                losses.push(loss);
            }
            Array1::from(losses).into()
        }),
        ("train_epoch", |case| {
            let mut net = small(case);
            let loss = one_epoch(case, &mut net, &mut generator(case.count("seed") as u64));
            with_small(Record::new().with("loss", loss), &net)
        }),
        // Some epochs, each from the same beginning, with one generator for all of them.
        ("epochs_anew", |case| {
            let mut rng = generator(case.count("seed") as u64);
            (1..=case.count("epochs")).fold(Record::new(), |record, number| {
                let mut net = small(case);
                one_epoch(case, &mut net, &mut rng);
                record.with(&format!("weights after epoch {number}"), in_our_layout(&net.weight))
            })
        }),
        ("predict", |case| PREDICT(&Same, &case.matrix("scores"), &Dev::default()).into()),
        ("accuracy", |case| ACCURACY(&Same, &case.matrix("scores"), &case.counts("labels"), &Dev::default()).into()),
        ("train", |case| {
            let (device, mut net) = (Dev::default(), small(case));
            let data = Split {
                x_train: case.matrix("x_train").to_owned(),
                labels_train: case.counts("labels_train"),
                x_validation: case.matrix("x_validation").to_owned(),
                labels_validation: case.counts("labels_validation"),
            };
            let history = TRAIN(&mut net, &data, config(case), &device, &mut generator(case.count("seed") as u64));
            with_small(with_history(Record::new(), &history), &net)
        }),
        ("patches", |case| {
            let patches = PATCHES(&Patches, eight_by_eight(case));
            matrix(patches.shape().0, 9, patches.as_vec()).into()
        }),
        ("patches_back", |case| {
            let x = eight_by_eight(case);
            let patches = PATCHES_TAPED(&Patches, x.leaky_trace());
            let slopes = case.matrix("slopes");
            let loss = patches * x.device().tensor_from_vec(narrow(&slopes), (slopes.nrows(), Const));
            let gradients = with_slopes_of(loss.sum::<Rank0, _>().backward(), &x);
            matrix(x.shape().0, 64, gradients.get(&x).as_vec()).into()
        }),
        ("pool", |case| {
            let pooled = MAX_POOL(&MaxPool, seen(case));
            matrix(pooled.shape().0, 128, pooled.as_vec()).into()
        }),
        ("pool_back", |case| {
            let x = seen(case);
            let pooled = MAX_POOL_TAPED(&MaxPool, x.leaky_trace());
            let slopes = case.matrix("slopes");
            let loss = pooled * x.device().tensor_from_vec(narrow(&slopes), (slopes.nrows(), Const));
            let gradients = with_slopes_of(loss.sum::<Rank0, _>().backward(), &x);
            matrix(x.shape().0, 8, gradients.get(&x).as_vec()).into()
        }),
        ("from_engine", |case| {
            let net = FROM_ENGINE(&mut in_engine(case), &Dev::default());
            Record::new()
                .with("0.weight", matrix(128, 3, net.0.weight.as_vec()))
                .with("0.bias", vector(net.0.bias.as_vec()))
                .with("2.weight", matrix(64, 128, net.2.weight.as_vec()))
                .with("2.bias", vector(net.2.bias.as_vec()))
                .with("4.weight", matrix(10, 64, net.4.weight.as_vec()))
                .with("4.bias", vector(net.4.bias.as_vec()))
        }),
        ("race", |case| {
            let how = (case.float("learning_rate"), case.count("batch_size"), case.count("epochs"));
            let start = Instant::now();
            let laps = RACE(&mut in_engine(case), &case.matrix("x"), &case.counts("labels"), how, &Dev::default());
            let took = start.elapsed().as_secs_f64();
            let [first, second] = laps;
            Record::new()
                .with("the engine's losses", Array1::from(first.losses))
                .with("dfdx's losses", Array1::from(second.losses))
                .with("both laps took some time", first.seconds > 0.0 && second.seconds > 0.0)
                .with("both together no more than the whole race", first.seconds + second.seconds <= took)
        }),
        ("scores_in_f64", |case| {
            let device = Dev::default();
            let net = (
                linear::<3, 128>(case, 0, &device),
                ReLU,
                linear::<128, 64>(case, 1, &device),
                ReLU,
                linear::<64, 10>(case, 2, &device),
            );
            SCORES_IN_F64(&net, &case.matrix("x"), &device).into()
        }),
        ("to_safetensors", |case| {
            let bytes = TO_SAFETENSORS(&deep(case));
            let file = match SafeTensors::deserialize(&bytes) {
                Ok(file) => file,
                Err(error) => return Record::new().with("outcome", format!("not a safetensors file: {error}")),
            };
            let mut tensors = file.tensors();
            tensors.sort_by(|(one, _), (other, _)| one.cmp(other));
            let mut types = String::new();
            for (name, view) in &tensors {
                write!(types, "{name}: {:?} {:?}  ", view.dtype(), view.shape()).expect("a String takes any text");
            }
            let mut record = Record::new().with("outcome", "Ok").with("tensors", types.trim_end());
            for (name, view) in tensors {
                let numbers: Array1<f64> = match view.dtype() {
                    FileType::F32 => {
                        view.data().as_chunks().0.iter().map(|n| f64::from(f32::from_le_bytes(*n))).collect()
                    }
                    FileType::F64 => view.data().as_chunks().0.iter().map(|n| f64::from_le_bytes(*n)).collect(),
                    _ => continue,
                };
                record = record.with(&name, numbers);
            }
            record
        }),
        ("load_safetensors", |case| {
            let mut net = deep(case);
            let outcome = match LOAD_SAFETENSORS(&mut net, case.bytes("bytes")) {
                Ok(()) => "Ok".to_owned(),
                // The reason is what the crate says.
                Err(LoadError::NotSafetensors(_)) => "NotSafetensors".to_owned(),
                Err(error) => format!("{error:?}"),
            };
            Record::new()
                .with("outcome", outcome)
                .with("0.weight", vector(net.0.weight.as_vec()))
                .with("0.bias", vector(net.0.bias.as_vec()))
                .with("2.weight", vector(net.2.weight.as_vec()))
                .with("2.bias", vector(net.2.bias.as_vec()))
        }),
        #[cfg(feature = "candle")]
        ("candle", |case| {
            let (device, x) = (Dev::default(), case.matrix("x"));
            let net = FROM_ENGINE_OF_DIGITS(&mut in_engine(case), &device);
            let ours = net.forward(IMAGES_OF_DIGITS(&x, &device)).as_vec();
            let record = Record::new().with("scores in dfdx", matrix(x.nrows(), 10, ours));
            match candle::scores(TO_SAFETENSORS_OF_DIGITS(&net), narrow(&x)) {
                Ok(theirs) => record.with("outcome", "Ok").with("scores in candle", matrix(x.nrows(), 10, theirs)),
                Err(error) => record.with("outcome", error.to_string()),
            }
        }),
        ("read_digits", |case| {
            let device = Dev::seed_from_u64(case.count("seed") as u64);
            match case.text("network") {
                "Cnn" => read(case, &mut device.build_module::<Cnn, f32>(), &device),
                _ => read(case, &mut device.build_module::<Mlp<64>, f32>(), &device),
            }
        }),
        ("read_mnist", |case| {
            let device = Dev::seed_from_u64(case.count("seed") as u64);
            let mut net = device.build_module::<Mlp<784>, f32>();
            let data = Split {
                x_train: pixels(case, "train_pixels") / 255.0,
                labels_train: case.counts("labels"),
                x_validation: Array2::zeros((1, 784)),
                labels_validation: vec![0],
            };
            submission::train(&mut net, &data, config(case), &device, &mut generator(case.count("seed") as u64));
            mem::drop(data);
            let test = pixels(case, "test_pixels") / 255.0;
            let predictions = submission::predict(&net, &test, &device);
            Record::new().with("predictions", predictions)
        }),
        // For the pictures.
        ("race_of_digits", |case| {
            let (x, labels) = digits(case.count("images"));
            let how = (case.float("learning_rate"), case.count("batch_size"), case.count("epochs"));
            let rng = &mut generator(case.count("seed") as u64);
            let mut net = engine::mlp(&[64, 128, 64, 10], engine::Activation::Relu, rng);
            let [first, second] = RACE_OF_DIGITS(&mut net, &x, &labels, how, &Dev::default());
            Record::new()
                .with("engine", Array1::from(first.losses))
                .with("dfdx", Array1::from(second.losses))
                .with("engine's seconds", first.seconds)
                .with("dfdx's seconds", second.seconds)
        }),
        ("filters", |case| {
            let device = Dev::seed_from_u64(case.count("seed") as u64);
            let mut net = device.build_module::<Cnn, f32>();
            learn(case, &mut net, &device);
            Record::new()
                .with("filters", matrix(8, 9, net.1.weight.as_vec()))
                .with("biases", vector(net.1.bias.as_vec()))
        }),
        ("seen", |case| {
            let device = Dev::default();
            let filters = linear::<9, 8>(case, 0, &device);
            let seen = filters.forward(PATCHES(&Patches, submission::images(&case.matrix("image"), &device))).relu();
            matrix(64, 8, seen.as_vec()).into()
        }),
    ]);
}

/// The network in candle, as `LIVING.md` shows it.
#[cfg(feature = "candle")]
mod candle {
    use candle_core::{DType, Device, Result, Tensor};
    use candle_nn::{Activation, Module, Sequential, VarBuilder, linear, seq};

    /// 64-128-64-10, with the parameters in the bytes of a safetensors file.
    fn in_candle(bytes: Vec<u8>) -> Result<Sequential> {
        let file = VarBuilder::from_buffered_safetensors(bytes, DType::F32, &Device::Cpu)?;
        let net = seq()
            .add(linear(64, 128, file.pp("0"))?)
            .add(Activation::Relu)
            .add(linear(128, 64, file.pp("2"))?)
            .add(Activation::Relu)
            .add(linear(64, 10, file.pp("4"))?);
        Ok(net)
    }

    /// The scores, image by image, of the network in a file. `x` holds 64 pixels an image.
    pub(super) fn scores(bytes: Vec<u8>, x: Vec<f32>) -> Result<Vec<f32>> {
        let x = Tensor::from_vec(x, ((), 64), &Device::Cpu)?;
        in_candle(bytes)?.forward(&x)?.flatten_all()?.to_vec1()
    }
}

/// A network that gives back its input: what is asked about are scores already.
#[derive(Clone, Copy, Debug, Default)]
struct Same;

impl ZeroSizedModule for Same {}
impl NonMutableModule for Same {}

impl<T: Tape<f32, Dev>> Module<Scores<T>> for Same {
    type Output = Scores<T>;
    type Error = Infallible;

    fn try_forward(&self, scores: Scores<T>) -> Result<Scores<T>, Infallible> {
        Ok(scores)
    }
}

fn small(case: &Record) -> Small {
    linear(case, 0, &Dev::default())
}

fn deep(case: &Record) -> Deep {
    let device = Dev::default();
    (linear(case, 0, &device), ReLU, linear(case, 1, &device))
}

/// A layer whose parameters the case holds, in the course's layout.
fn linear<const I: usize, const O: usize>(
    case: &Record,
    number: usize,
    device: &Dev,
) -> modules::Linear<I, O, f32, Dev> {
    let (weights, biases) = (case.matrix(&format!("weights {number}")), case.vector(&format!("biases {number}")));
    modules::Linear {
        weight: device.tensor_from_vec(narrow(&weights.t()), (Const, Const)),
        bias: device.tensor_from_vec(biases.iter().map(|&b| b as f32).collect(), (Const,)),
    }
}

/// A network with ReLUs between its layers, whose parameters the case holds.
fn in_engine(case: &Record) -> Sequential {
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for number in 0..case.count("layers") {
        if number > 0 {
            layers.push(Box::new(Relu::default()));
        }
        let weights = case.matrix(&format!("weights {number}")).to_owned();
        let biases = case.vector(&format!("biases {number}")).to_owned();
        layers.push(Box::new(engine::Linear::from_parts(weights, biases)));
    }
    Sequential::new(layers)
}

fn with_small(record: Record, net: &Small) -> Record {
    record.with("weights", in_our_layout(&net.weight)).with("biases", vector(net.bias.as_vec()))
}

/// A neuron per column.
fn in_our_layout(weight: &Tensor<Rank2<10, 3>, f32, Dev>) -> Array2<f64> {
    matrix(10, 3, weight.as_vec()).t().to_owned()
}

fn one_epoch(case: &Record, net: &mut Small, rng: &mut Generator) -> f64 {
    let mut sgd = Sgd::new(net, SgdConfig { lr: case.float("learning_rate"), ..SgdConfig::default() });
    let (x, labels) = (case.matrix("x"), case.counts("labels"));
    TRAIN_EPOCH(net, &mut sgd, &x, &labels, case.count("batch_size"), &Dev::default(), rng)
}

fn config(case: &Record) -> TrainConfig {
    TrainConfig {
        learning_rate: case.float("learning_rate"),
        batch_size: case.count("batch_size"),
        epochs: case.count("epochs"),
    }
}

fn with_history(record: Record, history: &History) -> Record {
    record
        .with("train_loss", Array1::from(history.train_loss.clone()))
        .with("validation_accuracy", Array1::from(history.validation_accuracy.clone()))
}

/// Pixels from 0 to 1 and labels of the first `n` digits.
fn digits(n: usize) -> (Array2<f64>, Vec<usize>) {
    let digits = datasets::digits();
    let x = digits.features.slice_axis(ndarray::Axis(0), Slice::from(..n)).to_owned() / datasets::digits::MAX_PIXEL;
    (x, digits.labels.iter().take(n).copied().collect())
}

/// Trains on digits; the last ones are only looked at.
fn learn<N: submission::Network<64>>(case: &Record, net: &mut N, device: &Dev) -> History {
    let (x, labels) = digits(1437);
    let n = labels.len() - case.count("n_validation");
    let (x_train, x_validation) = x.view().split_at(ndarray::Axis(0), n);
    let data = Split {
        x_train: x_train.to_owned(),
        labels_train: labels[..n].to_vec(),
        x_validation: x_validation.to_owned(),
        labels_validation: labels[n..].to_vec(),
    };
    submission::train(net, &data, config(case), device, &mut generator(case.count("seed") as u64))
}

/// Trains on digits with labels, and asks what is on digits without.
fn read<N: submission::Network<64>>(case: &Record, net: &mut N, device: &Dev) -> Record {
    let history = learn(case, net, device);
    let unknown = datasets::digits::held_out_images() / datasets::digits::MAX_PIXEL;
    let mut order: Vec<usize> = (0..unknown.nrows()).collect();
    order.shuffle(&mut generator(case.count("seed of the order") as u64));
    let predictions = submission::predict(net, &unknown.select(ndarray::Axis(0), &order), device);
    with_history(Record::new().with("predictions", predictions), &history)
}

fn pixels(case: &Record, name: &str) -> Array2<f64> {
    let pixels: Vec<f64> = case.bytes(name).iter().copied().map(f64::from).collect();
    Array2::from_shape_vec((pixels.len() / 784, 784), pixels).expect("whole images")
}

/// The matrix with its columns one after the other in memory, as after a transposition.
fn by_columns(case: &Record, name: &str) -> Array2<f64> {
    let matrix = case.matrix(name);
    let mut by_columns = Array2::zeros(matrix.dim().f());
    by_columns.assign(&matrix);
    by_columns
}

fn eight_by_eight(case: &Record) -> Images<64> {
    let x = case.matrix("x");
    Dev::default().tensor_from_vec(narrow(&x), (x.nrows(), Const))
}

fn seen(case: &Record) -> Images<8> {
    let seen = case.matrix("seen");
    Dev::default().tensor_from_vec(narrow(&seen), (seen.nrows(), Const))
}

/// `gradients`, with zeros for `x` if the way back does not reach it. `get` would panic then, and that is no fault of the submission.
fn with_slopes_of<S: Shape>(mut gradients: Slopes, x: &Tensor<S, f32, Dev>) -> Slopes {
    gradients.try_alloc_for(x).expect("there is memory");
    gradients
}

fn narrow(matrix: &ArrayRef2<f64>) -> Vec<f32> {
    matrix.iter().map(|&number| number as f32).collect()
}

fn matrix(rows: usize, columns: usize, numbers: Vec<f32>) -> Array2<f64> {
    Array2::from_shape_vec((rows, columns), numbers).expect("a tensor is whole").mapv(f64::from)
}

fn vector(numbers: Vec<f32>) -> Array1<f64> {
    Array1::from(numbers).mapv(f64::from)
}
