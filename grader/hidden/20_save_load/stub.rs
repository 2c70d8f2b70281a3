//! Exercise 20: keep what you trained.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 20` as often as you like.

use std::{
    collections::BTreeMap,
    error::Error,
    fmt,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use engine::{Loss, Parameter, Sequential};
use ndarray::{ArrayD, ArrayRef2, Axis, Zip};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};

/// Arrays by name. This type is complete.
pub type StateDict = BTreeMap<String, ArrayD<f64>>;

/// Why something could not be loaded. This type is complete.
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
pub fn state_dict(net: &mut Sequential) -> StateDict {
    todo!()
}

/// Sets the parameters of `net` to the arrays in `state`, found by the names that [`state_dict`] gives them.
///
/// # Errors
///
/// The first parameter, in the network's order, that is [missing](LoadError::Missing) or has [another
/// shape](LoadError::WrongShape). If all of them fit, the first name in `state` that [no parameter
/// has](LoadError::Unexpected). On an error `net` stays as it was.
pub fn load_state_dict(net: &mut Sequential, state: &StateDict) -> Result<(), LoadError> {
    todo!()
}

/// The optimiser of exercise 12 with the usual β₁ = 0.9, β₂ = 0.999 and ε = 10⁻⁸; what it remembers is public here.
/// This type is complete.
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

/// What `adam` remembers, by name: `learning_rate` and `n_steps` as arrays without axes (`arr0(…)`), and for each
/// parameter `mean.0`, `mean_square.0`, `mean.1`, `mean_square.1` and so on.
pub fn adam_state(adam: &Adam) -> StateDict {
    todo!()
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
    todo!()
}

/// Appends an array to `out`: the number of its axes, their lengths, and its entries row by row, the last axis fastest.
/// Numbers are little-endian and take 8 bytes: a `u64` for each count, an `f64` for each entry.
pub fn write_array(out: &mut Vec<u8>, array: &ArrayD<f64>) {
    todo!()
}

/// Takes an array that [`write_array`] wrote from the front of `bytes`; what follows it stays there.
///
/// # Errors
///
/// [`LoadError::Truncated`] if the bytes end before the array does. They may announce anything, for example so many
/// entries that their number does not fit into a `usize`. No memory may be allocated for entries before their bytes are
/// known to be there.
pub fn read_array(bytes: &mut &[u8]) -> Result<ArrayD<f64>, LoadError> {
    todo!()
}

/// Cuts the first `n` bytes off `bytes`. This function is complete.
///
/// # Errors
///
/// [`LoadError::Truncated`] if there are fewer.
pub fn take<'a>(bytes: &mut &'a [u8], n: usize) -> Result<&'a [u8], LoadError> {
    let (front, rest) = bytes.split_at_checked(n).ok_or(LoadError::Truncated)?;
    *bytes = rest;
    Ok(front)
}

/// Takes a whole number, 8 bytes and little-endian, from the front of `bytes`. This function is
/// complete.
///
/// # Errors
///
/// [`LoadError::Truncated`] if there are fewer than 8 bytes.
pub fn read_u64(bytes: &mut &[u8]) -> Result<u64, LoadError> {
    let front = take(bytes, 8)?;
    Ok(u64::from_le_bytes(front.try_into().expect("there are 8 bytes")))
}

/// The same as a `usize`. A number that does not fit into a `usize` cannot be a true count. This function is complete.
///
/// # Errors
///
/// [`LoadError::Truncated`]
pub fn read_count(bytes: &mut &[u8]) -> Result<usize, LoadError> {
    usize::try_from(read_u64(bytes)?).map_err(|_| LoadError::Truncated)
}

/// Appends a state dict to `out`: how many arrays there are, and for each the length of its name in bytes, the name and
/// the array, in the order of the names. This function is complete.
pub fn write_dict(out: &mut Vec<u8>, state: &StateDict) {
    out.extend((state.len() as u64).to_le_bytes());
    for (name, array) in state {
        out.extend((name.len() as u64).to_le_bytes());
        out.extend(name.as_bytes());
        write_array(out, array);
    }
}

/// Takes a state dict from the front of `bytes`. This function is complete.
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

/// A training at the end of an epoch: everything that it needs to go on. This type is complete.
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
/// too. This function is complete.
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
    todo!()
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
/// - What [`read_array`] and [`read_dict`] say; or [`TrailingBytes`](LoadError::TrailingBytes) if there is anything
///   between the optimiser's state and the checksum.
pub fn decode(bytes: &[u8]) -> Result<Checkpoint, LoadError> {
    todo!()
}

/// Writes a checkpoint to a file, in place of an earlier one. This function is complete.
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

/// Reads a checkpoint from a file. This function is complete.
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

/// A training: a network, its optimiser, and how far it has got. This type is complete.
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
    todo!()
}

/// Brings `run` to the state of the training in `checkpoint`. Its network has to have the same layers; everything else
/// is replaced.
///
/// # Errors
///
/// The error of [`adam_from_state`], or else that of [`load_state_dict`]. On an error nothing in `run` has changed.
pub fn resume(run: &mut Run, checkpoint: &Checkpoint) -> Result<(), LoadError> {
    todo!()
}

/// A state dict as the bytes of a safetensors file, with numbers of the type `F64`.
pub fn to_safetensors(state: &StateDict) -> Vec<u8> {
    todo!()
}

/// The arrays in the bytes of a safetensors file. Numbers of the types `F64` and `F32` are read; both become `f64`.
///
/// # Errors
///
/// [`LoadError::NotSafetensors`] if the crate `safetensors` refuses the bytes, and [`LoadError::UnsupportedType`] if a
/// tensor has another type.
pub fn from_safetensors(bytes: &[u8]) -> Result<StateDict, LoadError> {
    todo!()
}

/// The parameters of a `torch.nn.Sequential` under the names that [`state_dict`] gives them.
///
/// PyTorch numbers all layers, those without parameters as well, and calls the parameters of a linear layer `0.weight`,
/// of the shape (n_out, n_in), and `0.bias`. Here, weights are (n_in, n_out); weights come before biases; and
/// parameters are counted.
///
/// # Errors
///
/// [`LoadError::Unexpected`] with the first name that is not a number followed by `.weight` or `.bias`. If there is no
/// such name, [`LoadError::Missing`] with the name that is missing from the first layer, by its number, that has only
/// one of the two.
pub fn from_pytorch(state: &StateDict) -> Result<StateDict, LoadError> {
    todo!()
}
