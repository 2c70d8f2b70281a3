//! Exercise 25: handwritten digits in dfdx, from the first batch to the saved file.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and run
//! `cargo run -p grader -- check 25` as often as you like.
//!
//! Data come in as ndarray's `f64`, one image per row, and go into dfdx as `f32`. Weights in dfdx are (n_out, n_in).

use std::{collections::BTreeMap, convert::Infallible, error::Error, fmt};

use dfdx::{nn::modules, prelude::*};
use engine::Sequential;
use ndarray::{Array2, ArrayRef2};
use rand::Rng;

/// What computes. With the feature `cuda` it is the graphics card, otherwise the processor; nothing else in this file names
/// either.
pub type Dev = AutoDevice;

/// How many digits there are.
pub const N_CLASSES: usize = 10;

/// Images of `I` pixels each, one per row. How many there are is known when the program runs.
pub type Images<const I: usize, T = NoneTape> = Tensor<(usize, Const<I>), f32, Dev, T>;

/// A score for each class, one row per image.
pub type Scores<T = NoneTape> = Tensor<(usize, Const<N_CLASSES>), f32, Dev, T>;

/// Records what is computed, for the way back. An `Images<I>` has none; an `Images<I, Taped>` has one.
pub type Taped = OwnedTape<f32, Dev>;

/// The multi-layer perceptron of exercise 14, one layer deeper: `I` pixels, 128 and 64 hidden neurons, 10 scores.
pub type Plain<const I: usize> = (Linear<I, 128>, ReLU, Linear<128, 64>, ReLU, Linear<64, N_CLASSES>);

/// The same with dropout: of the hidden neurons, one in five is dropped in training.
pub type Mlp<const I: usize> =
    ((Linear<I, 128>, ReLU, DropoutOneIn<5>), (Linear<128, 64>, ReLU, DropoutOneIn<5>), Linear<64, N_CLASSES>);

/// What becomes of a description such as `Plain<64>` once it holds numbers.
pub type Built<M> = <M as BuildOnDevice<Dev, f32>>::Built;

/// What the functions below ask of a network: to have parameters, and to turn images into scores in both ways. `forward`
/// takes images without a tape and is for questions; `forward_mut` takes images with a tape and is for training. Every network
/// of dfdx that fits is one of these. This one is complete.
pub trait Network<const I: usize>:
    TensorCollection<f32, Dev> + Module<Images<I>, Output = Scores> + ModuleMut<Images<I, Taped>, Output = Scores<Taped>>
{
}

impl<const I: usize, N> Network<I> for N where
    N: TensorCollection<f32, Dev>
        + Module<Images<I>, Output = Scores>
        + ModuleMut<Images<I, Taped>, Output = Scores<Taped>>
{
}

/// The images `x` (n, I) as a tensor on `device`.
///
/// # Panics
///
/// If the images do not have `I` pixels.
pub fn images<const I: usize>(x: &ArrayRef2<f64>, device: &Dev) -> Images<I> {
    todo!()
}

/// A row for each label, with a 1 in its column and 0 elsewhere.
///
/// # Panics
///
/// If a label is not below [`N_CLASSES`].
pub fn one_hot(labels: &[usize], device: &Dev) -> Scores {
    todo!()
}

/// One step of `optimizer` on the mean cross-entropy of the images `x` (n, I) with these labels. Returns the loss before the
/// step, and the gradients, cleared for the next one. The tensors are made on `device`, which is where dropout gets its random
/// numbers from.
///
/// `gradients` come from `net.alloc_grads()` or from the step before, and are all 0.
pub fn train_step<const I: usize, N: Network<I>>(
    net: &mut N,
    optimizer: &mut impl Optimizer<N, Dev, f32>,
    gradients: Gradients<f32, Dev>,
    x: &ArrayRef2<f64>,
    labels: &[usize],
    device: &Dev,
) -> (f64, Gradients<f32, Dev>) {
    todo!()
}

/// One epoch: every sample of `x` (n, I), n at least 1, once, in a new random order from `rng`, in batches of `batch_size` and
/// what is left. Returns the mean loss of the samples, each before the step on its batch.
///
/// # Panics
///
/// If `batch_size` is 0.
pub fn train_epoch<const I: usize, N: Network<I>>(
    net: &mut N,
    optimizer: &mut impl Optimizer<N, Dev, f32>,
    x: &ArrayRef2<f64>,
    labels: &[usize],
    batch_size: usize,
    device: &Dev,
    rng: &mut impl Rng,
) -> f64 {
    todo!()
}

/// The class that `net` gives each image of `x` (n, I): the one with the largest score, the first of them if several have it. A
/// NaN and -∞ are never the largest; if there is no other score, it is class 0.
pub fn predict<const I: usize>(net: &impl Network<I>, x: &ArrayRef2<f64>, device: &Dev) -> Vec<usize> {
    todo!()
}

/// The fraction of the images `x` (n, I), n at least 1, to which `net` gives the class in `labels`: from 0 to 1.
pub fn accuracy<const I: usize>(net: &impl Network<I>, x: &ArrayRef2<f64>, labels: &[usize], device: &Dev) -> f64 {
    todo!()
}

/// Images to learn from, and others to look at meanwhile, with their labels.
#[derive(Clone, Debug, PartialEq)]
pub struct Split {
    /// The images to learn from, shape (n_train, I).
    pub x_train: Array2<f64>,
    /// Their classes.
    pub labels_train: Vec<usize>,
    /// The images to be looked at, shape (n_validation, I).
    pub x_validation: Array2<f64>,
    /// Their classes.
    pub labels_validation: Vec<usize>,
}

/// How a network is to be trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainConfig {
    /// How long Adam's steps are.
    pub learning_rate: f64,
    /// Images a step.
    pub batch_size: usize,
    /// How often every image is learned from.
    pub epochs: usize,
}

/// What happened in a training: one number an epoch in each of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// What [`train_epoch`] returned.
    pub train_loss: Vec<f64>,
    /// The accuracy on the validation images, after the epoch.
    pub validation_accuracy: Vec<f64>,
}

/// Trains `net` on the training images with Adam (β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸, no weight decay).
pub fn train<const I: usize, N: Network<I>>(
    net: &mut N,
    data: &Split,
    config: TrainConfig,
    device: &Dev,
    rng: &mut impl Rng,
) -> History {
    todo!()
}

/// The width and the height of the images that the [`Cnn`] takes, in pixels.
pub const SIDE: usize = 8;

/// How many places an image has, and so how many patches.
pub const N_PLACES: usize = SIDE * SIDE;

/// How many filters the [`Cnn`] has.
pub const N_FILTERS: usize = 8;

/// How many numbers are left of an image after the pooling.
pub const N_POOLED: usize = N_PLACES / 4 * N_FILTERS;

/// A small convolutional network for images of 8×8 pixels. A convolution is one and the same dense layer, from 9 pixels to 8
/// filters, at every place of the image.
pub type Cnn = (Patches, Linear<9, N_FILTERS>, ReLU, MaxPool, Linear<N_POOLED, N_CLASSES>);

/// Cuts images into patches of 3×3 pixels. It has no parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct Patches;

impl Patches {
    /// The patch around every place of every image: (n, 64) → (n · 64, 9).
    ///
    /// Row `64 · i + p` is the patch around pixel p of image i, row by row: its upper left pixel first, its lower right pixel last.
    /// What lies beyond the border counts as 0.
    ///
    /// What is computed here is recorded if the images have a tape.
    pub fn apply<T: Tape<f32, Dev>>(&self, x: Images<N_PLACES, T>) -> Images<9, T> {
        todo!()
    }
}

/// Keeps the largest of each block of 2×2 places, for each filter. It has no parameters.
#[derive(Clone, Copy, Debug, Default)]
pub struct MaxPool;

impl MaxPool {
    /// What the filters said at every place, (n · 64, 8), to the largest of each block of 2×2 places: (n, 128).
    ///
    /// The 16 groups of places come row by row, and for each group its 8 filters. What is computed here is recorded if there is
    /// a tape.
    pub fn apply<T: Tape<f32, Dev>>(&self, seen: Images<N_FILTERS, T>) -> Images<N_POOLED, T> {
        todo!()
    }
}

// The rest of the two layers is complete. What makes the structs layers for dfdx: they have no parameters, and compute the same
// in training and in evaluation.
impl ZeroSizedModule for Patches {}
impl NonMutableModule for Patches {}
impl ZeroSizedModule for MaxPool {}
impl NonMutableModule for MaxPool {}

impl<T: Tape<f32, Dev>> Module<Images<N_PLACES, T>> for Patches {
    type Output = Images<9, T>;
    type Error = <Dev as HasErr>::Err;

    fn try_forward(&self, x: Images<N_PLACES, T>) -> Result<Self::Output, Self::Error> {
        Ok(self.apply(x))
    }
}

impl<T: Tape<f32, Dev>> Module<Images<N_FILTERS, T>> for MaxPool {
    type Output = Images<N_POOLED, T>;
    type Error = <Dev as HasErr>::Err;

    fn try_forward(&self, seen: Images<N_FILTERS, T>) -> Result<Self::Output, Self::Error> {
        Ok(self.apply(seen))
    }
}

/// The network of the engine, in dfdx: with the same weights and biases, as `f32`.
///
/// # Panics
///
/// If its parameters are not those of a network with the sizes `I`, 128, 64 and 10.
pub fn from_engine<const I: usize>(net: &mut Sequential, device: &Dev) -> Built<Plain<I>> {
    todo!()
}

/// How a training went.
#[derive(Clone, Debug, PartialEq)]
pub struct Lap {
    /// The mean loss of the samples, for each epoch, each before the step on its batch.
    pub losses: Vec<f64>,
    /// How long all of these epochs took, in seconds.
    pub seconds: f64,
}

/// Trains one network twice from the same start, `net` in the engine and a copy of it in dfdx, by plain gradient descent on the
/// images `x` (n, I), n at least 1. Batches take the samples in their order, so that both see the same. The engine's lap comes first.
///
/// Only epochs are timed, and not the copying.
pub fn race<const I: usize>(
    net: &mut Sequential,
    x: &ArrayRef2<f64>,
    labels: &[usize],
    (learning_rate, batch_size, epochs): (f64, usize, usize),
    device: &Dev,
) -> [Lap; 2] {
    todo!()
}

/// The scores of `net` for the images `x` (n, I), computed in `f64` throughout: (n, 10). The parameters are the `f32` numbers
/// that they are.
pub fn scores_in_f64<const I: usize>(net: &Built<Plain<I>>, x: &ArrayRef2<f64>, device: &Dev) -> Array2<f64> {
    todo!()
}

/// The parameters of a network by name, each with its shape and its numbers row by row.
pub type StateDict = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The parameters of `net`. Names are the places in the tuple and the fields there: `0.weight`, `2.bias`.
///
/// This one is complete. A *visitor* of dfdx is shown one parameter after the other.
pub fn state_dict(net: &impl TensorCollection<f32, Dev>) -> StateDict {
    let mut reader = Reader(StateDict::new());
    let mut walker = RecursiveWalker { m: (net, String::new()), f: &mut reader };
    TensorCollection::iter_tensors(&mut walker).unwrap_or_else(|never| match never {});
    reader.0
}

struct Reader(StateDict);

impl TensorVisitor<f32, Dev> for Reader {
    type Viewer = (ViewTensorRef, ViewTensorName);
    type Err = Infallible;
    type E2 = f32;
    type D2 = Dev;

    fn visit<S: Shape>(
        &mut self,
        _: TensorOptions<S, f32, Dev>,
        (tensor, name): (&Tensor<S, f32, Dev>, String),
    ) -> Result<Option<Tensor<S, f32, Dev>>, Infallible> {
        let shape = tensor.shape().concrete().into_iter().collect();
        self.0.insert(name, (shape, tensor.as_vec()));
        Ok(None)
    }
}

/// Sets the parameters of `net` to those of the same name in `state`. What has no such name stays as it is. This one is
/// complete.
///
/// # Panics
///
/// If one has another number of entries there.
pub fn set_parameters(net: &mut impl TensorCollection<f32, Dev>, state: &StateDict) {
    let mut walker = RecursiveWalker { m: (net, String::new()), f: &mut Writer(state) };
    TensorCollection::iter_tensors(&mut walker).unwrap_or_else(|never| match never {});
}

struct Writer<'a>(&'a StateDict);

impl TensorVisitor<f32, Dev> for Writer<'_> {
    type Viewer = (ViewTensorMut, ViewTensorName);
    type Err = Infallible;
    type E2 = f32;
    type D2 = Dev;

    fn visit<S: Shape>(
        &mut self,
        _: TensorOptions<S, f32, Dev>,
        (tensor, name): (&mut Tensor<S, f32, Dev>, String),
    ) -> Result<Option<Tensor<S, f32, Dev>>, Infallible> {
        if let Some((_, numbers)) = self.0.get(&name) {
            tensor.copy_from(numbers);
        }
        Ok(None)
    }
}

/// Why a network could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The bytes are not a safetensors file, or a damaged one. This is what the crate `safetensors` says.
    NotSafetensors(String),
    /// The file has no tensor of this name.
    Missing(String),
    /// The file has a tensor of this name, and the network has not.
    Unexpected(String),
    /// The tensor of this name has another shape in the file.
    WrongShape(String),
    /// The numbers of the tensor of this name are no `f32`.
    WrongType(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSafetensors(reason) => write!(f, "this is not a whole safetensors file: {reason}"),
            Self::Missing(name) => write!(f, "there is no `{name}` in the file; was it saved from another network?"),
            Self::Unexpected(name) => {
                write!(f, "the network has no `{name}`, and the file has; was it saved from another network?")
            }
            Self::WrongShape(name) => {
                write!(f, "`{name}` has another shape in the file; build the network with the sizes it had")
            }
            Self::WrongType(name) => write!(f, "the numbers of `{name}` are not F32; convert them first"),
        }
    }
}

impl Error for LoadError {}

/// The parameters of `net` as the bytes of a safetensors file: F32, little-endian, with names and shapes as in
/// [`state_dict`].
pub fn to_safetensors(net: &impl TensorCollection<f32, Dev>) -> Vec<u8> {
    todo!()
}

/// Sets all parameters of `net` to those in the bytes of a safetensors file.
///
/// # Errors
///
/// [`NotSafetensors`](LoadError::NotSafetensors) if the crate cannot read the bytes. Otherwise the first parameter, in the order of
/// [`state_dict`], that is [missing](LoadError::Missing), has [another shape](LoadError::WrongShape) or, with the right shape,
/// [another type](LoadError::WrongType); and if all of them fit, the first name in the file, in the order of its letters, that
/// is [unexpected](LoadError::Unexpected). On an error `net` stays as it was.
pub fn load_safetensors(net: &mut impl TensorCollection<f32, Dev>, bytes: &[u8]) -> Result<(), LoadError> {
    todo!()
}
