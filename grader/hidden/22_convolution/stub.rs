//! Exercise 22: convolution, pooling and augmentation.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 22` as often as you like.
//!
//! An image is an array (channels, height, width). In a network each image is a row, like every other sample: all of
//! the first channel, row by row, then the second.

use engine::{Layer, Linear, Parameter, Sequential};
use ndarray::{Array1, Array2, Array3, Array4, ArrayRef1, ArrayRef2, ArrayRef3, ArrayRef4};
use rand::Rng;

/// The size of an image. This type is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many numbers a pixel has: 1 for grey, 3 for red, green and blue, more after a convolution.
    pub channels: usize,
    /// How many rows of pixels there are.
    pub height: usize,
    /// How many columns.
    pub width: usize,
}

impl Shape {
    /// How many numbers such an image has, which is the length of its row in a network.
    pub fn size(self) -> usize {
        self.channels * self.height * self.width
    }
}

/// The square window that slides over an image. This type is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its height and its width, at least 1.
    pub side: usize,
    /// How far it moves from one place to the next, to the right and down; at least 1.
    pub stride: usize,
    /// How many rows and columns of zeros surround the image.
    pub padding: usize,
}

/// How many places `window` has along a side of an image that is `size` pixels long, not counting the padding. A place
/// counts only if all of the window lies on the padded image. `None` if there is no such place.
pub fn output_size(size: usize, window: Window) -> Option<usize> {
    todo!()
}

/// `image` (channels, height, width) with `padding` rows and columns of zeros on each of its four sides, in every
/// channel.
pub fn pad(image: &ArrayRef3<f64>, padding: usize) -> Array3<f64> {
    todo!()
}

/// The convolution of `image` (channels, height, width) with each of the `kernels` (n_kernels, channels, side, side),
/// by the definition. The result has a map for each kernel: (n_kernels, output height, output width).
///
/// Entry (k, y, x) is `biases[k]` plus the sum over c, i and j of
/// `kernels[k, c, i, j] · padded[c, y·stride + i, x·stride + j]`. The kernel is not flipped.
///
/// # Panics
///
/// If image and kernels have different numbers of channels, or if the kernels do not fit into the padded image.
pub fn convolve(
    image: &ArrayRef3<f64>,
    kernels: &ArrayRef4<f64>,
    biases: &ArrayRef1<f64>,
    stride: usize,
    padding: usize,
) -> Array3<f64> {
    todo!()
}

/// The pixels under `window` on the padded `image` (channels, height, width). There is a row for each place, the places
/// row by row, and in a row `channels · side · side` pixels: those of the first channel, row by row, then those of the
/// second. The window fits into the padded image.
pub fn im2col(image: &ArrayRef3<f64>, window: Window) -> Array2<f64> {
    todo!()
}

/// The backward pass of [`im2col`]: the gradient with respect to an image of this `shape`, given the gradient with
/// respect to its patches, `d_patches` (places, channels · side · side).
///
/// Gradients of the padding are dropped.
pub fn col2im(d_patches: &ArrayRef2<f64>, shape: Shape, window: Window) -> Array3<f64> {
    todo!()
}

/// `images` (n, channels, height, width) as rows (n, channels · height · width): all of the first channel, row by row,
/// then the second.
pub fn flatten(images: &ArrayRef4<f64>) -> Array2<f64> {
    todo!()
}

/// The inverse of [`flatten`]: the rows `x` (n, channels · height · width) as images of this `shape`, (n, channels,
/// height, width).
///
/// # Panics
///
/// If the rows have a different length.
pub fn unflatten(x: &ArrayRef2<f64>, shape: Shape) -> Array4<f64> {
    todo!()
}

/// A convolutional layer: one [`Linear`] layer for all places of the window.
///
/// Images are rows in the order of [`flatten`], on both sides of it.
#[derive(Clone, Debug)]
pub struct Conv2d {
    /// Its weights (channels · side · side, n_kernels) have a column for each kernel, in the order of a patch of
    /// [`im2col`]; its biases (n_kernels) have one number for each kernel.
    pub linear: Linear,
    /// The size of the images that come in.
    pub shape: Shape,
    /// The window that slides over them.
    pub window: Window,
}

impl Conv2d {
    /// A layer with these weights (channels · side · side, n_kernels) and biases (n_kernels), for images of this
    /// `shape`. This function is complete.
    ///
    /// # Panics
    ///
    /// If there is not a row of weights for each entry of a patch, and a bias for each kernel.
    #[track_caller]
    pub fn from_parts(weights: Array2<f64>, biases: Array1<f64>, shape: Shape, window: Window) -> Self {
        let n_in = shape.channels * window.side * window.side;
        assert_eq!(weights.nrows(), n_in, "every entry of a patch needs a row of weights");
        Self { linear: Linear::from_parts(weights, biases), shape, window }
    }

    /// Weights of He's scale, for the `channels · side · side` inputs that a neuron has here, and biases 0. This
    /// function is complete.
    pub fn new(shape: Shape, n_kernels: usize, window: Window, rng: &mut impl Rng) -> Self {
        let linear = Linear::new(shape.channels * window.side * window.side, n_kernels, rng);
        Self { linear, shape, window }
    }

    /// The size of the images that come out: a channel for each kernel. The window fits into the padded image.
    pub fn output_shape(&self) -> Shape {
        todo!()
    }
}

impl Layer for Conv2d {
    /// `Z = P·W + b`, where P has the patches of all images below each other.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// Fills `d_weights` and `d_biases` of `linear`: sums over all images and all places, without any averaging.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.linear.parameters()
    }

    fn describe(&self) -> String {
        let (from, to) = (self.shape, self.output_shape());
        let text = |shape: Shape| format!("{}x{}x{}", shape.channels, shape.height, shape.width);
        format!("Conv {} -> {}", text(from), text(to))
    }
}

/// Keeps the largest pixel of each block of `side` by `side`, in every channel. Blocks do not overlap. Rows and columns
/// at the end that do not fill a block are left out.
#[derive(Clone, Debug)]
pub struct MaxPool {
    /// The size of the images that come in.
    pub shape: Shape,
    /// The height and the width of a block.
    pub side: usize,
    /// For each number of the last output, its position in the row of the input: (n, size of the output). You may keep
    /// something else for the backward pass.
    winners: Option<Array2<usize>>,
}

impl MaxPool {
    /// A layer for images of this `shape`. This function is complete.
    pub fn new(shape: Shape, side: usize) -> Self {
        Self { shape, side, winners: None }
    }

    /// The size of the images that come out.
    pub fn output_shape(&self) -> Shape {
        todo!()
    }
}

impl Layer for MaxPool {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// All of a block's gradient goes to the pixel that was the largest, the first of them (row by row) if several
    /// were. All other pixels have a gradient of 0.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn describe(&self) -> String {
        format!("MaxPool {}", self.side)
    }
}

/// Replaces each block of `side` by `side` pixels by its mean, in every channel. Blocks do not overlap. Rows and
/// columns at the end that do not fill a block are left out.
#[derive(Clone, Debug)]
pub struct AveragePool {
    /// The size of the images that come in.
    pub shape: Shape,
    /// The height and the width of a block.
    pub side: usize,
}

impl AveragePool {
    /// A layer for images of this `shape`. This function is complete.
    pub fn new(shape: Shape, side: usize) -> Self {
        Self { shape, side }
    }

    /// The size of the images that come out.
    pub fn output_shape(&self) -> Shape {
        todo!()
    }
}

impl Layer for AveragePool {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    /// The gradient depends on no pixel's value, so nothing has to be kept from the forward pass. Pixels outside all
    /// blocks have a gradient of 0.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        todo!()
    }

    fn describe(&self) -> String {
        format!("AveragePool {}", self.side)
    }
}

/// A convolutional network for images of this `shape`: for each number in `n_kernels` a [`Conv2d`] with that many
/// kernels, a ReLU and a [`MaxPool`] with blocks of 2 by 2; and at the end a linear layer with a score for each class.
///
/// The windows are 3 by 3 with stride 1 and padding 1, so that only the pooling makes images smaller.
pub fn cnn(shape: Shape, n_kernels: &[usize], n_classes: usize, rng: &mut impl Rng) -> Sequential {
    todo!()
}

/// `image` (channels, height, width) moved by `down` rows and `right` columns; negative numbers move it up and to the
/// left. The size does not change: pixels that leave the image are lost, and new pixels are 0.
pub fn shift(image: &ArrayRef3<f64>, down: i32, right: i32) -> Array3<f64> {
    todo!()
}

/// The images in the rows of `x` (n, size of `shape`), each [shifted](shift) by random numbers of rows and columns.
/// Both are drawn for every image separately, and every whole number from `-max_shift` to `max_shift` is equally
/// likely. The order of the images does not change.
pub fn augment(x: &ArrayRef2<f64>, shape: Shape, max_shift: usize, rng: &mut impl Rng) -> Array2<f64> {
    todo!()
}

/// `image` (channels, height, width) rotated by `degrees` around its middle, anticlockwise. The size does not change.
///
/// For each pixel of the result, compute where it was before the rotation: at `(y, x)`, which is seldom the middle of a
/// pixel. Its value is the weighted mean of the four pixels around that point, with the weights
/// `(1 - |y - row|) · (1 - |x - column|)`. Outside the image all pixels are 0.
pub fn rotate(image: &ArrayRef3<f64>, degrees: f64) -> Array3<f64> {
    todo!()
}
