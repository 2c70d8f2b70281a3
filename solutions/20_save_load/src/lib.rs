//! Exercise 20, solved: what a training has learned becomes bytes, and bytes become a training that goes on.
//!
//! A network is code and numbers. The code is in the program already, so the numbers are what has to be kept: each array
//! with its shape, under a name. A training is more than its network: the optimiser remembers earlier gradients, and
//! chance has got to a certain place. Leave out any of that, and what goes on is another training.
//!
//! A file outlives the program that wrote it, and on its way it may be cut, changed or mistaken for another one. So
//! reading is the larger half: it trusts no byte before it has checked it, and every fault has an error of its own.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use engine::{Loss, Parameter, Sequential};
use ndarray::{Array1, ArrayD, ArrayRef2, Axis, Zip, arr0};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};

/// Arrays by name.
pub type StateDict = BTreeMap<String, ArrayD<f64>>;

/// Why something could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The bytes do not begin with [`MAGIC`].
    NotACheckpoint,
    /// This version of the format is not [`VERSION`].
    UnknownVersion(u64),
    /// More bytes were announced than there are.
    Truncated,
    /// Bytes are left over.
    TrailingBytes,
    /// The checksum does not match.
    Damaged,
    /// A name is not UTF-8.
    BadName,
    /// Nothing has this name.
    Missing(String),
    /// Something has this name, but it is not needed.
    Unexpected(String),
    /// The array of this name has another shape.
    WrongShape {
        /// Its name.
        name: String,
        /// The shape that is needed.
        expected: Vec<usize>,
        /// The shape that it has.
        found: Vec<usize>,
    },
    /// This is not a safetensors file, or it is damaged; the text is the error of the crate `safetensors`.
    NotSafetensors(String),
    /// The tensor of this name has numbers of a type that is not read here.
    UnsupportedType(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACheckpoint => write!(f, "this is not a checkpoint; check the name of the file"),
            Self::UnknownVersion(version) => write!(
                f,
                "this checkpoint has version {version} of the format, and this program reads version {VERSION}; use the \
                 program that wrote it"
            ),
            Self::Truncated => write!(f, "the bytes end too early; copy the file again, or load an older checkpoint"),
            Self::TrailingBytes => write!(f, "there are bytes after the end; load an older checkpoint"),
            Self::Damaged => write!(f, "some bytes have changed since they were written; load an older checkpoint"),
            Self::BadName => write!(f, "a name is not UTF-8; write the file again"),
            Self::Missing(name) => write!(f, "there is no `{name}`; was it saved from another network?"),
            Self::Unexpected(name) => write!(f, "nothing here is called `{name}`; was it saved from another network?"),
            Self::WrongShape { name, expected, found } => {
                write!(f, "`{name}` has the shape {found:?}, not {expected:?}; build the network with the sizes it had")
            }
            Self::NotSafetensors(reason) => write!(f, "this is not a whole safetensors file: {reason}"),
            Self::UnsupportedType(name) => {
                write!(f, "the numbers of `{name}` are neither F64 nor F32; convert them first")
            }
        }
    }
}

impl Error for LoadError {}

/// Copies of all parameters of `net`, called `parameter.0`, `parameter.1` and so on in the network's order.
///
/// Names, and not only an order: what a file holds can then be read by people and other programs, and what does not fit
/// can be named.
pub fn state_dict(net: &mut Sequential) -> StateDict {
    let parameters = net.parameters();
    let named = parameters.iter().enumerate().map(|(i, parameter)| (parameter_name(i), parameter.value.to_owned()));
    named.collect()
}

fn parameter_name(index: usize) -> String {
    format!("parameter.{index}")
}

/// Sets the parameters of `net` to the arrays in `state`, found by the names that [`state_dict`] gives them.
///
/// # Errors
///
/// The first parameter, in the network's order, that is [missing](LoadError::Missing) or has [another
/// shape](LoadError::WrongShape). If all of them fit, the first name in `state` that [no parameter
/// has](LoadError::Unexpected). On an error `net` stays as it was: half of a network is worse than none.
pub fn load_state_dict(net: &mut Sequential, state: &StateDict) -> Result<(), LoadError> {
    let mut parameters = net.parameters();
    // First a look at everything, and then the changes: nothing can go wrong any more between two of them.
    for (i, parameter) in parameters.iter().enumerate() {
        let name = parameter_name(i);
        let array = state.get(&name).ok_or_else(|| LoadError::Missing(name.clone()))?;
        // `assign` alone would stretch an array of one entry over the whole parameter: broadcasting.
        if array.shape() != parameter.value.shape() {
            let (expected, found) = (parameter.value.shape().to_vec(), array.shape().to_vec());
            return Err(LoadError::WrongShape { name, expected, found });
        }
    }
    let names: Vec<String> = (0..parameters.len()).map(parameter_name).collect();
    if let Some(name) = state.keys().find(|name| !names.contains(name)) {
        return Err(LoadError::Unexpected(name.clone()));
    }
    for (name, parameter) in names.iter().zip(&mut parameters) {
        // By its name: in the order of the map, parameter.10 stands before parameter.2.
        parameter.value.assign(&state[name]);
    }
    Ok(())
}

/// The optimiser of exercise 12 with the usual β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸; what it remembers is public here.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// The learning rate.
    pub learning_rate: f64,
    /// How many steps it has taken.
    pub n_steps: usize,
    /// The running mean of the gradients, an array for each parameter; none before the first step.
    pub means: Vec<ArrayD<f64>>,
    /// The running mean of their squares.
    pub mean_squares: Vec<ArrayD<f64>>,
}

impl Adam {
    /// Adam before its first step.
    pub fn new(learning_rate: f64) -> Self {
        Self { learning_rate, n_steps: 0, means: Vec::new(), mean_squares: Vec::new() }
    }

    /// Changes every parameter once, by its gradient.
    pub fn step(&mut self, parameters: &mut [Parameter<'_>]) {
        const BETAS: [f64; 2] = [0.9, 0.999];
        for memory in [&mut self.means, &mut self.mean_squares] {
            if memory.is_empty() {
                memory.extend(parameters.iter().map(|parameter| ArrayD::zeros(parameter.value.shape())));
            }
        }
        self.n_steps += 1;
        let corrections = BETAS.map(|beta: f64| 1.0 - beta.powi(self.n_steps as i32));
        let memory = self.means.iter_mut().zip(&mut self.mean_squares);
        for (parameter, (means, mean_squares)) in parameters.iter_mut().zip(memory) {
            let entries = Zip::from(&mut parameter.value).and(&parameter.gradient).and(means).and(mean_squares);
            entries.for_each(|theta, &g, m, v| {
                *m = BETAS[0] * *m + (1.0 - BETAS[0]) * g;
                *v = BETAS[1] * *v + (1.0 - BETAS[1]) * g * g;
                *theta -= self.learning_rate * (*m / corrections[0]) / ((*v / corrections[1]).sqrt() + 1e-8);
            });
        }
    }
}

/// What `adam` remembers, by name: `learning_rate` and `n_steps` as arrays without axes (`arr0(…)`), and for each parameter
/// `mean.0`, `mean_square.0`, `mean.1`, `mean_square.1` and so on.
///
/// All four belong to it. Without the step count, the bias correction would take old means for young ones, and the next
/// hundreds of steps would be too short.
pub fn adam_state(adam: &Adam) -> StateDict {
    let mut state = StateDict::new();
    state.insert("learning_rate".to_owned(), arr0(adam.learning_rate).into_dyn());
    // Every whole number up to 2^53 is an f64, which is more steps than anyone will take.
    state.insert("n_steps".to_owned(), arr0(adam.n_steps as f64).into_dyn());
    for (i, (mean, mean_square)) in adam.means.iter().zip(&adam.mean_squares).enumerate() {
        state.insert(format!("mean.{i}"), mean.clone());
        state.insert(format!("mean_square.{i}"), mean_square.clone());
    }
    state
}

/// The optimiser whose [`adam_state`] this is.
///
/// # Errors
///
/// [`Missing`](LoadError::Missing) with the first name that is missing of `learning_rate`, `n_steps`, `mean_square.0`,
/// `mean_square.1` and so on. There have to be as many mean squares as there are means. The means are counted from
/// `mean.0` up to the first number that has none. If nothing is missing, [`Unexpected`](LoadError::Unexpected) with the
/// first name that does not belong there.
pub fn adam_from_state(state: &StateDict) -> Result<Adam, LoadError> {
    let array = |name: &str| state.get(name).ok_or_else(|| LoadError::Missing(name.to_owned()));
    let number = |name: &str| array(name)?.first().copied().ok_or_else(|| LoadError::Missing(name.to_owned()));
    let mut adam = Adam::new(number("learning_rate")?);
    adam.n_steps = number("n_steps")? as usize;
    let mut known = vec!["learning_rate".to_owned(), "n_steps".to_owned()];
    for i in 0.. {
        let names = [format!("mean.{i}"), format!("mean_square.{i}")];
        let Some(mean) = state.get(&names[0]) else { break };
        adam.means.push(mean.clone());
        adam.mean_squares.push(array(&names[1])?.clone());
        known.extend(names);
    }
    match state.keys().find(|name| !known.contains(name)) {
        Some(name) => Err(LoadError::Unexpected(name.clone())),
        None => Ok(adam),
    }
}

/// Appends an array to `out`: the number of its axes, their lengths, and its entries row by row, the last axis fastest.
/// Numbers are little-endian and take 8 bytes: a `u64` for each count, an `f64` for each entry.
pub fn write_array(out: &mut Vec<u8>, array: &ArrayD<f64>) {
    out.extend((array.ndim() as u64).to_le_bytes());
    for &length in array.shape() {
        out.extend((length as u64).to_le_bytes());
    }
    // `iter` goes by index, whatever the order in memory is. After a transposition, that one is by columns.
    for number in array {
        out.extend(number.to_le_bytes());
    }
}

/// Takes an array that [`write_array`] wrote from the front of `bytes`; what follows it stays there.
///
/// # Errors
///
/// [`LoadError::Truncated`] if the bytes end before the array does. They may announce anything, for example so many
/// entries that their number does not fit into a `usize`. No memory may be allocated for entries before their bytes are
/// known to be there.
pub fn read_array(bytes: &mut &[u8]) -> Result<ArrayD<f64>, LoadError> {
    let n_axes = read_count(bytes)?;
    // No capacity is asked for: `n_axes` may be anything, and the loop ends where the bytes do.
    let mut shape = Vec::new();
    for _ in 0..n_axes {
        shape.push(read_count(bytes)?);
    }
    // The product may exceed every integer. Then there are certainly fewer bytes.
    let n_bytes = shape.iter().try_fold(8_usize, |product, &length| product.checked_mul(length));
    let data = take(bytes, n_bytes.ok_or(LoadError::Truncated)?)?;
    let numbers = data.chunks_exact(8).map(|chunk| f64::from_le_bytes(chunk.try_into().expect("a chunk has 8 bytes")));
    // It can still fail where an axis of length 0 makes the product 0 and the others are absurd.
    ArrayD::from_shape_vec(shape, numbers.collect()).map_err(|_| LoadError::Truncated)
}

/// Cuts the first `n` bytes off `bytes`.
///
/// # Errors
///
/// [`LoadError::Truncated`] if there are fewer.
pub fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8], LoadError> {
    let (front, rest) = bytes.split_at_checked(n).ok_or(LoadError::Truncated)?;
    *bytes = rest;
    Ok(front)
}

/// Takes a whole number, 8 bytes and little-endian, from the front of `bytes`.
///
/// # Errors
///
/// [`LoadError::Truncated`] if there are fewer than 8 bytes.
pub fn read_u64(bytes: &mut &[u8]) -> Result<u64, LoadError> {
    let front = take(bytes, 8)?;
    Ok(u64::from_le_bytes(front.try_into().expect("there are 8 bytes")))
}

/// The same as a `usize`. A number that does not fit into a `usize` cannot be a true count.
///
/// # Errors
///
/// [`LoadError::Truncated`]
pub fn read_count(bytes: &mut &[u8]) -> Result<usize, LoadError> {
    usize::try_from(read_u64(bytes)?).map_err(|_| LoadError::Truncated)
}

/// Appends a state dict to `out`: how many arrays there are, and for each the length of its name in bytes, the name and
/// the array, in the order of the names.
pub fn write_dict(out: &mut Vec<u8>, state: &StateDict) {
    out.extend((state.len() as u64).to_le_bytes());
    for (name, array) in state {
        out.extend((name.len() as u64).to_le_bytes());
        out.extend(name.as_bytes());
        write_array(out, array);
    }
}

/// Takes a state dict from the front of `bytes`.
///
/// # Errors
///
/// [`LoadError::Truncated`] and [`LoadError::BadName`]
pub fn read_dict(bytes: &mut &[u8]) -> Result<StateDict, LoadError> {
    let mut state = StateDict::new();
    for _ in 0..read_count(bytes)? {
        let n = read_count(bytes)?;
        let name = str::from_utf8(take(bytes, n)?).map_err(|_| LoadError::BadName)?;
        state.insert(name.to_owned(), read_array(bytes)?);
    }
    Ok(state)
}

/// A training at the end of an epoch: everything that it needs to go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// Where the order of the samples comes from.
    pub seed: u64,
    /// How many epochs are done.
    pub epoch: usize,
    /// The mean loss of each epoch so far.
    pub losses: Vec<f64>,
    /// The parameters of the network.
    pub model: StateDict,
    /// The memory of the optimiser.
    pub optimizer: StateDict,
}

/// What every checkpoint begins with, so that a program can tell it from any other file.
pub const MAGIC: [u8; 8] = *b"NEURONCP";

/// The version of the format.
pub const VERSION: u64 = 1;

/// A number that changes with almost any change of `bytes`: FNV-1a (Fowler, Noll & Vo), with 64 bits.
///
/// It finds accidents. It does not protect against someone who changes bytes on purpose, because they can compute it,
/// too.
pub fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A checkpoint as bytes. Numbers are little-endian and take 8 bytes each:
///
/// ```text
/// MAGIC · VERSION · how many bytes there are in all · seed · epoch · losses (an array with one axis)
///       · model (a state dict) · optimizer (a state dict) · checksum of all bytes before it
/// ```
pub fn encode(checkpoint: &Checkpoint) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(checkpoint.seed.to_le_bytes());
    body.extend((checkpoint.epoch as u64).to_le_bytes());
    write_array(&mut body, &Array1::from(checkpoint.losses.clone()).into_dyn());
    write_dict(&mut body, &checkpoint.model);
    write_dict(&mut body, &checkpoint.optimizer);
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    // Three numbers before the body, and one after it.
    bytes.extend((body.len() as u64 + 32).to_le_bytes());
    bytes.extend(body);
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// The checkpoint in `bytes`.
///
/// # Errors
///
/// The first of these that is true:
///
/// - [`NotACheckpoint`](LoadError::NotACheckpoint): the bytes do not begin with [`MAGIC`].
/// - [`UnknownVersion`](LoadError::UnknownVersion): the version is not [`VERSION`]. Another version may continue
///   differently, so nothing after it is read.
/// - [`Truncated`](LoadError::Truncated): there are fewer bytes than announced, or they end within the first three
///   numbers.
/// - [`TrailingBytes`](LoadError::TrailingBytes): there are more.
/// - [`Damaged`](LoadError::Damaged): the last 8 bytes are not the checksum of all bytes before them.
/// - What [`read_array`] and [`read_dict`] say; or [`TrailingBytes`](LoadError::TrailingBytes) if there is anything between
///   the optimiser's state and the checksum.
pub fn decode(bytes: &[u8]) -> Result<Checkpoint, LoadError> {
    let Some(mut rest) = bytes.strip_prefix(&MAGIC) else { return Err(LoadError::NotACheckpoint) };
    let version = read_u64(&mut rest)?;
    if version != VERSION {
        return Err(LoadError::UnknownVersion(version));
    }
    let length = read_u64(&mut rest)?;
    // A cut file has a wrong checksum, too. The length tells the two apart: one is worth another copy, the other is not.
    if (bytes.len() as u64) < length {
        return Err(LoadError::Truncated);
    }
    if bytes.len() as u64 > length {
        return Err(LoadError::TrailingBytes);
    }
    let (before, mut sum) = bytes.split_at(bytes.len() - 8);
    if read_u64(&mut sum)? != checksum(before) {
        return Err(LoadError::Damaged);
    }
    let mut body = before.get(24..).ok_or(LoadError::Truncated)?;
    let checkpoint = Checkpoint {
        seed: read_u64(&mut body)?,
        epoch: read_count(&mut body)?,
        losses: read_array(&mut body)?.into_iter().collect(),
        model: read_dict(&mut body)?,
        optimizer: read_dict(&mut body)?,
    };
    if body.is_empty() { Ok(checkpoint) } else { Err(LoadError::TrailingBytes) }
}

/// Writes a checkpoint to a file, in place of an earlier one.
///
/// Until the new file is complete, the old one stays: the bytes go into a file beside it first, which then takes its
/// name. So a program that is stopped in between leaves one of the two checkpoints, and never half of one.
///
/// # Errors
///
/// If the file cannot be written; the error names it.
pub fn save(path: &Path, checkpoint: &Checkpoint) -> io::Result<()> {
    let beside = path.with_extension("unfinished");
    let write = || {
        let mut file = File::create(&beside)?;
        file.write_all(&encode(checkpoint))?;
        // What a program has written may still be in memory only. This waits for the disk.
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    write().map_err(|error| io::Error::new(error.kind(), format!("cannot write {}: {error}", path.display())))
}

/// Reads a checkpoint from a file.
///
/// # Errors
///
/// If the file cannot be read or is no checkpoint; the error names it.
pub fn load(path: &Path) -> io::Result<Checkpoint> {
    let says =
        |kind, error: &dyn fmt::Display| io::Error::new(kind, format!("cannot load {}: {error}", path.display()));
    let bytes = fs::read(path).map_err(|error| says(error.kind(), &error))?;
    decode(&bytes).map_err(|error| says(io::ErrorKind::InvalidData, &error))
}

/// A training: a network, its optimiser, and how far it has got.
pub struct Run {
    /// What is trained.
    pub net: Sequential,
    /// What trains it.
    pub adam: Adam,
    /// Where the order of the samples comes from.
    pub seed: u64,
    /// How many epochs are done.
    pub epoch: usize,
    /// The mean loss of each epoch so far.
    pub losses: Vec<f64>,
}

impl Run {
    /// A training before its first epoch.
    pub fn new(net: Sequential, learning_rate: f64, seed: u64) -> Self {
        Self { net, adam: Adam::new(learning_rate), seed, epoch: 0, losses: Vec::new() }
    }

    /// Trains for `n_epochs` more epochs, in batches of `batch_size` samples.
    ///
    /// The order of the samples depends on the seed and on the number of the epoch, and on nothing else. So these two
    /// numbers determine everything that is random.
    pub fn train(
        &mut self,
        x: &ArrayRef2<f64>,
        y: &ArrayRef2<f64>,
        loss: &dyn Loss,
        batch_size: usize,
        n_epochs: usize,
    ) {
        for _ in 0..n_epochs {
            let mut order: Vec<usize> = (0..x.nrows()).collect();
            order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(self.seed.wrapping_add(self.epoch as u64)));
            let mut sum = 0.0;
            for batch in order.chunks(batch_size) {
                let (x, y) = (x.select(Axis(0), batch), y.select(Axis(0), batch));
                let output = self.net.forward(&x);
                sum += loss.value(&output, &y) * batch.len() as f64;
                self.net.backward(&loss.gradient(&output, &y));
                self.adam.step(&mut self.net.parameters());
            }
            self.losses.push(sum / x.nrows() as f64);
            self.epoch += 1;
        }
    }
}

/// Everything that `run` needs to go on later, as copies.
pub fn checkpoint(run: &mut Run) -> Checkpoint {
    Checkpoint {
        seed: run.seed,
        epoch: run.epoch,
        losses: run.losses.clone(),
        model: state_dict(&mut run.net),
        optimizer: adam_state(&run.adam),
    }
}

/// Brings `run` to the state of the training in `checkpoint`. Its network has to have the same layers; everything else
/// is replaced.
///
/// # Errors
///
/// The error of [`adam_from_state`], or else that of [`load_state_dict`]. On an error nothing in `run` has changed.
pub fn resume(run: &mut Run, checkpoint: &Checkpoint) -> Result<(), LoadError> {
    // What can fail comes first, and of that what changes something last.
    let adam = adam_from_state(&checkpoint.optimizer)?;
    load_state_dict(&mut run.net, &checkpoint.model)?;
    run.adam = adam;
    run.seed = checkpoint.seed;
    run.epoch = checkpoint.epoch;
    run.losses.clone_from(&checkpoint.losses);
    Ok(())
}

/// A state dict as the bytes of a safetensors file, with numbers of the type `F64`.
pub fn to_safetensors(state: &StateDict) -> Vec<u8> {
    // A view only borrows its bytes, so they have to live somewhere until the file is made.
    let data: Vec<Vec<u8>> =
        state.values().map(|array| array.iter().flat_map(|number| number.to_le_bytes()).collect()).collect();
    let tensors = state.iter().zip(&data).map(|((name, array), data)| {
        let view = TensorView::new(Dtype::F64, array.shape().to_vec(), data).expect("8 bytes for each entry");
        (name, view)
    });
    safetensors::serialize(tensors, None).expect("names and shapes are few")
}

/// The arrays in the bytes of a safetensors file. Numbers of the types `F64` and `F32` are read; both become `f64`.
///
/// # Errors
///
/// [`LoadError::NotSafetensors`] if the crate `safetensors` refuses the bytes, and [`LoadError::UnsupportedType`] if a tensor
/// has another type.
pub fn from_safetensors(bytes: &[u8]) -> Result<StateDict, LoadError> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| LoadError::NotSafetensors(error.to_string()))?;
    let mut state = StateDict::new();
    for (name, tensor) in file.tensors() {
        let data = tensor.data();
        let numbers: Vec<f64> = match tensor.dtype() {
            Dtype::F64 => data.as_chunks().0.iter().map(|chunk| f64::from_le_bytes(*chunk)).collect(),
            Dtype::F32 => data.as_chunks().0.iter().map(|chunk| f64::from(f32::from_le_bytes(*chunk))).collect(),
            _ => return Err(LoadError::UnsupportedType(name)),
        };
        let array = ArrayD::from_shape_vec(tensor.shape(), numbers);
        state.insert(name, array.map_err(|error| LoadError::NotSafetensors(error.to_string()))?);
    }
    Ok(state)
}

/// The parameters of a `torch.nn.Sequential` under the names that [`state_dict`] gives them.
///
/// PyTorch numbers all layers, those without parameters as well, and calls the parameters of a linear layer `0.weight`, of the
/// shape (n_out, n_in), and `0.bias`. Here, weights are (n_in, n_out); weights come before biases; and parameters are counted.
///
/// # Errors
///
/// [`LoadError::Unexpected`] with the first name that is not a number followed by `.weight` or `.bias`. If there is no
/// such name, [`LoadError::Missing`] with the name that is missing from the first layer, by its number, that has only
/// one of the two.
pub fn from_pytorch(state: &StateDict) -> Result<StateDict, LoadError> {
    // As numbers: in the order of the names, layer 10 would come before layer 2.
    let mut layers: Vec<usize> = Vec::new();
    for name in state.keys() {
        let number = name.strip_suffix(".weight").or_else(|| name.strip_suffix(".bias"));
        let number = number.and_then(|number| number.parse().ok());
        layers.push(number.ok_or_else(|| LoadError::Unexpected(name.clone()))?);
    }
    layers.sort_unstable();
    layers.dedup();
    let mut parameters = Vec::new();
    for layer in layers {
        for name in [format!("{layer}.weight"), format!("{layer}.bias")] {
            // The transpose of an array with one axis is the array itself.
            parameters.push(state.get(&name).ok_or(LoadError::Missing(name))?.t().to_owned());
        }
    }
    Ok(parameters.into_iter().enumerate().map(|(i, array)| (parameter_name(i), array)).collect())
}
