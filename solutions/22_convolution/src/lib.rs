//! Exercise 22, solved: convolution, pooling and augmentation.
//!
//! A linear layer gives every pixel of an image a weight of its own, and knows nothing of neighbours. A convolutional layer slides
//! one small window over the image and computes the same weighted sum at every place. So it needs few weights, and what it has
//! learned about a stroke in one corner it knows in all the others.
//!
//! It is a linear layer all the same: cut out what the window sees at each place, put these patches below each other, and multiply
//! by the weights. That is what [`Conv2d`] does with the engine's own `Linear`.
//!
//! An image is an array (channels, height, width). In a network each image is a row, like every other sample: all of
//! the first channel, row by row, then the second.

use engine::{Layer, Linear, Parameter, Relu, Sequential};
use ndarray::{Array1, Array2, Array3, Array4, ArrayRef1, ArrayRef2, ArrayRef3, ArrayRef4, ArrayView1, Axis};
use rand::{Rng, RngExt};

/// The size of an image.
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

/// The square window that slides over an image.
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
    // The first place is at 0, the last one at `room` at most, and between them there is one every `stride` pixels.
    let room = (size + 2 * window.padding).checked_sub(window.side)?;
    Some(room / window.stride + 1)
}

/// `image` (channels, height, width) with `padding` rows and columns of zeros on each of its four sides, in every channel.
pub fn pad(image: &ArrayRef3<f64>, padding: usize) -> Array3<f64> {
    let (channels, height, width) = image.dim();
    let mut padded = Array3::zeros((channels, height + 2 * padding, width + 2 * padding));
    for ((c, y, x), &pixel) in image.indexed_iter() {
        padded[[c, y + padding, x + padding]] = pixel;
    }
    padded
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
    let (n_kernels, channels, side, _) = kernels.dim();
    assert_eq!(image.dim().0, channels, "a kernel needs a slice for each channel of the image");
    let (rows, columns) = n_places(image.dim(), Window { side, stride, padding });
    let padded = pad(image, padding);
    Array3::from_shape_fn((n_kernels, rows, columns), |(k, y, x)| {
        let mut sum = biases[k];
        for c in 0..channels {
            for i in 0..side {
                for j in 0..side {
                    sum += kernels[[k, c, i, j]] * padded[[c, y * stride + i, x * stride + j]];
                }
            }
        }
        sum
    })
}

/// How many places the window has on an image of these dimensions: rows and columns of them.
fn n_places((_, height, width): (usize, usize, usize), window: Window) -> (usize, usize) {
    let fits = "the window has to fit into the padded image";
    (output_size(height, window).expect(fits), output_size(width, window).expect(fits))
}

/// The pixels under `window` on the padded `image` (channels, height, width). There is a row for each place, the places
/// row by row, and in a row `channels · side · side` pixels: those of the first channel, row by row, then those of the
/// second. The window fits into the padded image.
pub fn im2col(image: &ArrayRef3<f64>, window: Window) -> Array2<f64> {
    let Window { side, stride, padding } = window;
    let (rows, columns) = n_places(image.dim(), window);
    let padded = pad(image, padding);
    let mut patches = Array2::zeros((rows * columns, image.dim().0 * side * side));
    for (place, mut patch) in patches.rows_mut().into_iter().enumerate() {
        let (top, left) = (place / columns * stride, place % columns * stride);
        for (entry, value) in patch.iter_mut().enumerate() {
            let (c, i, j) = (entry / (side * side), entry / side % side, entry % side);
            *value = padded[[c, top + i, left + j]];
        }
    }
    patches
}

/// The backward pass of [`im2col`]: the gradient with respect to an image of this `shape`, given the gradient with
/// respect to its patches, `d_patches` (places, channels · side · side).
///
/// A pixel was copied into every patch that saw it. So its gradient is the sum over all of these copies. Padding was not made of
/// any pixel, and what comes back to it is dropped.
pub fn col2im(d_patches: &ArrayRef2<f64>, shape: Shape, window: Window) -> Array3<f64> {
    let Window { side, stride, padding } = window;
    let Shape { channels, height, width } = shape;
    let (_, columns) = n_places((channels, height, width), window);
    let mut padded = Array3::zeros((channels, height + 2 * padding, width + 2 * padding));
    for (place, patch) in d_patches.rows().into_iter().enumerate() {
        let (top, left) = (place / columns * stride, place % columns * stride);
        for (entry, d) in patch.iter().enumerate() {
            let (c, i, j) = (entry / (side * side), entry / side % side, entry % side);
            padded[[c, top + i, left + j]] += d;
        }
    }
    Array3::from_shape_fn((channels, height, width), |(c, y, x)| padded[[c, y + padding, x + padding]])
}

/// `images` (n, channels, height, width) as rows (n, channels · height · width): all of the first channel, row by row, then the
/// second.
pub fn flatten(images: &ArrayRef4<f64>) -> Array2<f64> {
    let (n, channels, height, width) = images.dim();
    images.to_shape((n, channels * height * width)).expect("the same numbers, in the same order").into_owned()
}

/// The inverse of [`flatten`]: the rows `x` (n, channels · height · width) as images of this `shape`, (n, channels,
/// height, width).
///
/// # Panics
///
/// If the rows have a different length.
pub fn unflatten(x: &ArrayRef2<f64>, shape: Shape) -> Array4<f64> {
    let Shape { channels, height, width } = shape;
    x.to_shape((x.nrows(), channels, height, width))
        .expect("a row for each image, a number for each pixel")
        .into_owned()
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
    /// A layer with these weights (channels · side · side, n_kernels) and biases (n_kernels), for images of this `shape`.
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

    /// Weights of He's scale, for the `channels · side · side` inputs that a neuron has here, and biases 0.
    pub fn new(shape: Shape, n_kernels: usize, window: Window, rng: &mut impl Rng) -> Self {
        let linear = Linear::new(shape.channels * window.side * window.side, n_kernels, rng);
        Self { linear, shape, window }
    }

    /// The size of the images that come out: a channel for each kernel. The window fits into the padded image.
    pub fn output_shape(&self) -> Shape {
        let Shape { channels, height, width } = self.shape;
        let (height, width) = n_places((channels, height, width), self.window);
        Shape { channels: self.linear.weights.ncols(), height, width }
    }

    /// (n, places, n_kernels) for a batch of n.
    fn dimensions(&self, n: usize) -> (usize, usize, usize) {
        let Shape { channels, height, width } = self.output_shape();
        (n, height * width, channels)
    }
}

impl Layer for Conv2d {
    /// `Z = P·W + b`, where P has the patches of all images below each other.
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let (n, places, n_kernels) = self.dimensions(x.nrows());
        let mut patches = Array2::zeros((n * places, self.linear.weights.nrows()));
        let images = unflatten(x, self.shape);
        for (image, mut rows) in images.outer_iter().zip(patches.axis_chunks_iter_mut(Axis(0), places)) {
            rows.assign(&im2col(&image, self.window));
        }
        let z = self.linear.forward(&patches);
        // A row of `z` has all kernels at one place. An image has all places of one kernel, and then those of the next.
        exchange(&z, (n, places, n_kernels))
            .into_shape_with_order((n, n_kernels * places))
            .expect("a row for each image")
    }

    /// The same two steps backwards: first the linear layer, which finds the gradients of weights and biases, summed over all
    /// images and all places; then from patches to images.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let (n, places, n_kernels) = self.dimensions(d_out.nrows());
        let d_z = exchange(d_out, (n, n_kernels, places));
        let d_z = d_z.into_shape_with_order((n * places, n_kernels)).expect("a row for each place");
        let d_patches = self.linear.backward(&d_z);
        let mut d_images = Array4::zeros((n, self.shape.channels, self.shape.height, self.shape.width));
        for (mut d_image, rows) in d_images.outer_iter_mut().zip(d_patches.axis_chunks_iter(Axis(0), places)) {
            d_image.assign(&col2im(&rows, self.shape, self.window));
        }
        flatten(&d_images)
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

/// The numbers of `x`, read as (n, a, b), in the order (n, b, a).
fn exchange(x: &ArrayRef2<f64>, dimensions: (usize, usize, usize)) -> Array3<f64> {
    let x = x.to_shape(dimensions).expect("the dimensions are those of the layer");
    x.permuted_axes([0, 2, 1]).as_standard_layout().into_owned()
}

/// Keeps the largest pixel of each block of `side` by `side`, in every channel. Blocks do not overlap. Rows and columns at the end that
/// do not fill a block are left out.
#[derive(Clone, Debug)]
pub struct MaxPool {
    /// The size of the images that come in.
    pub shape: Shape,
    /// The height and the width of a block.
    pub side: usize,
    /// For each number that came out of the last forward pass, where in its row it came from: (n, size of the output).
    winners: Option<Array2<usize>>,
}

impl MaxPool {
    /// A layer for images of this `shape`.
    pub fn new(shape: Shape, side: usize) -> Self {
        Self { shape, side, winners: None }
    }

    /// The size of the images that come out.
    pub fn output_shape(&self) -> Shape {
        pooled(self.shape, self.side)
    }
}

/// The size of an image after pooling.
fn pooled(shape: Shape, side: usize) -> Shape {
    Shape { height: shape.height / side, width: shape.width / side, ..shape }
}

/// For each block, in the order of the output: where its pixels are in the row of an image.
fn blocks(shape: Shape, side: usize) -> Vec<Vec<usize>> {
    let out = pooled(shape, side);
    let mut blocks = Vec::new();
    for c in 0..out.channels {
        for y in 0..out.height {
            for x in 0..out.width {
                let place = |i, j| (c * shape.height + y * side + i) * shape.width + x * side + j;
                blocks.push((0..side).flat_map(|i| (0..side).map(move |j| place(i, j))).collect());
            }
        }
    }
    blocks
}

/// The place of the largest of these pixels, the first of them if several are the largest.
fn largest(row: &ArrayView1<'_, f64>, block: &[usize]) -> usize {
    // Starts with a pixel of the block, not with 0: all of them may be negative.
    let mut best = block[0];
    for &place in block {
        if row[place] > row[best] {
            best = place;
        }
    }
    best
}

impl Layer for MaxPool {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let blocks = blocks(self.shape, self.side);
        let rows = x.rows();
        let winners = rows.into_iter().flat_map(|row| blocks.iter().map(move |block| largest(&row, block)));
        let winners = Array2::from_shape_vec((x.nrows(), blocks.len()), winners.collect()).expect("one for each block");
        let output = Array2::from_shape_fn(winners.dim(), |(sample, block)| x[[sample, winners[[sample, block]]]]);
        self.winners = Some(winners);
        output
    }

    /// Only the winner of a block had a say in what came out, so all of the gradient is its own. A small change of the others would
    /// have changed nothing: theirs is 0.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let winners = self.winners.as_ref().expect(FORWARD_FIRST);
        let mut d_x = Array2::zeros((d_out.nrows(), self.shape.size()));
        for ((sample, block), &d) in d_out.indexed_iter() {
            d_x[[sample, winners[[sample, block]]]] += d;
        }
        d_x
    }

    fn describe(&self) -> String {
        format!("MaxPool {}", self.side)
    }
}

const FORWARD_FIRST: &str = "a backward pass goes back through a forward pass: call forward first";

/// Replaces each block of `side` by `side` pixels by its mean, in every channel. Blocks do not overlap. Rows and columns at the end
/// that do not fill a block are left out.
#[derive(Clone, Debug)]
pub struct AveragePool {
    /// The size of the images that come in.
    pub shape: Shape,
    /// The height and the width of a block.
    pub side: usize,
}

impl AveragePool {
    /// A layer for images of this `shape`.
    pub fn new(shape: Shape, side: usize) -> Self {
        Self { shape, side }
    }

    /// The size of the images that come out.
    pub fn output_shape(&self) -> Shape {
        pooled(self.shape, self.side)
    }
}

impl Layer for AveragePool {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        let (blocks, area) = (blocks(self.shape, self.side), (self.side * self.side) as f64);
        Array2::from_shape_fn((x.nrows(), blocks.len()), |(sample, block)| {
            blocks[block].iter().map(|&place| x[[sample, place]]).sum::<f64>() / area
        })
    }

    /// Every pixel of a block had the same share in its mean, whatever its value, so nothing has to be kept from the forward pass.
    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let (blocks, area) = (blocks(self.shape, self.side), (self.side * self.side) as f64);
        let mut d_x = Array2::zeros((d_out.nrows(), self.shape.size()));
        for ((sample, block), &d) in d_out.indexed_iter() {
            for &place in &blocks[block] {
                d_x[[sample, place]] = d / area;
            }
        }
        d_x
    }

    fn describe(&self) -> String {
        format!("AveragePool {}", self.side)
    }
}

/// A convolutional network for images of this `shape`: for each number in `n_kernels` a [`Conv2d`] with that many kernels, a ReLU
/// and a [`MaxPool`] with blocks of 2 by 2; and at the end a linear layer with a score for each class.
///
/// The windows are 3 by 3 with stride 1 and padding 1, so that only the pooling makes images smaller.
pub fn cnn(shape: Shape, n_kernels: &[usize], n_classes: usize, rng: &mut impl Rng) -> Sequential {
    let window = Window { side: 3, stride: 1, padding: 1 };
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    // What each layer gets is what the one before it puts out.
    let mut shape = shape;
    for &n_kernels in n_kernels {
        let convolution = Conv2d::new(shape, n_kernels, window, rng);
        let pool = MaxPool::new(convolution.output_shape(), 2);
        shape = pool.output_shape();
        layers.push(Box::new(convolution));
        layers.push(Box::new(Relu::default()));
        layers.push(Box::new(pool));
    }
    layers.push(Box::new(Linear::new(shape.size(), n_classes, rng)));
    Sequential::new(layers)
}

/// `image` (channels, height, width) moved by `down` rows and `right` columns; negative numbers move it up and to the
/// left. The size does not change: pixels that leave the image are lost, and new pixels are 0.
pub fn shift(image: &ArrayRef3<f64>, down: i32, right: i32) -> Array3<f64> {
    Array3::from_shape_fn(image.dim(), |(c, y, x)| {
        // Where this pixel was before; `None` above or to the left of the image, and `get` knows nothing below or to the right.
        let before = y.checked_add_signed(-down as isize).zip(x.checked_add_signed(-right as isize));
        before.and_then(|(y, x)| image.get([c, y, x])).copied().unwrap_or(0.0)
    })
}

/// The images in the rows of `x` (n, size of `shape`), each [shifted](shift) by random numbers of rows and columns.
/// Both are drawn for every image separately, and every whole number from `-max_shift` to `max_shift` is equally
/// likely. The order of the images does not change.
pub fn augment(x: &ArrayRef2<f64>, shape: Shape, max_shift: usize, rng: &mut impl Rng) -> Array2<f64> {
    let most = max_shift as i32;
    let mut images = unflatten(x, shape);
    for mut image in images.outer_iter_mut() {
        let (down, right) = (rng.random_range(-most..=most), rng.random_range(-most..=most));
        let moved = shift(&image, down, right);
        image.assign(&moved);
    }
    flatten(&images)
}

/// `image` (channels, height, width) rotated by `degrees` around its middle, anticlockwise. The size does not change.
///
/// For each pixel of the result, compute where it was before the rotation: at `(y, x)`, which is seldom the middle of a
/// pixel. Its value is the weighted mean of the four pixels around that point, with the weights
/// `(1 - |y - row|) · (1 - |x - column|)`. Outside the image all pixels are 0.
pub fn rotate(image: &ArrayRef3<f64>, degrees: f64) -> Array3<f64> {
    let (_, height, width) = image.dim();
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle_y, middle_x) = ((height as f64 - 1.0) / 2.0, (width as f64 - 1.0) / 2.0);
    Array3::from_shape_fn(image.dim(), |(c, y, x)| {
        let (down, right) = (y as f64 - middle_y, x as f64 - middle_x);
        // Backwards, so clockwise; and y counts downwards.
        let (from_y, from_x) = (middle_y + cos * down + sin * right, middle_x + cos * right - sin * down);
        let (top, left) = (from_y.floor(), from_x.floor());
        let mut sum = 0.0;
        for row in [top, top + 1.0] {
            for column in [left, left + 1.0] {
                let is_inside = row >= 0.0 && column >= 0.0;
                let pixel = if is_inside { image.get([c, row as usize, column as usize]) } else { None };
                sum += (1.0 - (from_y - row).abs()) * (1.0 - (from_x - column).abs()) * pixel.unwrap_or(&0.0);
            }
        }
        sum
    })
}
