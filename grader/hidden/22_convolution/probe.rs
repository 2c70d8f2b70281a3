//! What the grader asks of exercise 22.

use engine::{Activation, Layer, Linear, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{
    Array1, Array2, Array3, Array4, ArrayRef1, ArrayRef2, ArrayRef3, ArrayRef4, Axis, Dimension, IntoDimension,
};
use probe::{Generator, Record, Value, generator, layers_of, report_progress, serve};
use rand::seq::SliceRandom;
use submission::{AveragePool, Conv2d, MaxPool, Shape, Window};

// Naming the types keeps a submission from answering with a type of its own, and gives a changed signature a clear
// message.
const OUTPUT_SIZE: fn(usize, Window) -> Option<usize> = submission::output_size;
const PAD: fn(&ArrayRef3<f64>, usize) -> Array3<f64> = submission::pad;
const CONVOLVE: fn(&ArrayRef3<f64>, &ArrayRef4<f64>, &ArrayRef1<f64>, usize, usize) -> Array3<f64> =
    submission::convolve;
const IM2COL: fn(&ArrayRef3<f64>, Window) -> Array2<f64> = submission::im2col;
const COL2IM: fn(&ArrayRef2<f64>, Shape, Window) -> Array3<f64> = submission::col2im;
const FLATTEN: fn(&ArrayRef4<f64>) -> Array2<f64> = submission::flatten;
const UNFLATTEN: fn(&ArrayRef2<f64>, Shape) -> Array4<f64> = submission::unflatten;
const FROM_PARTS: fn(Array2<f64>, Array1<f64>, Shape, Window) -> Conv2d = Conv2d::from_parts;
const CNN: fn(Shape, &[usize], usize, &mut Generator) -> Sequential = submission::cnn;
const SHIFT: fn(&ArrayRef3<f64>, i32, i32) -> Array3<f64> = submission::shift;
const AUGMENT: fn(&ArrayRef2<f64>, Shape, usize, &mut Generator) -> Array2<f64> = submission::augment;
const ROTATE: fn(&ArrayRef3<f64>, f64) -> Array3<f64> = submission::rotate;

fn main() {
    serve(&[
        ("output_size", |case| OUTPUT_SIZE(case.count("size"), window(case)).into()),
        ("pad", |case| PAD(&cube(case, "image"), case.count("padding")).into()),
        ("convolve", |case| {
            let (stride, padding) = (case.count("stride"), case.count("padding"));
            CONVOLVE(&cube(case, "image"), &four(case, "kernels"), &case.vector("biases"), stride, padding).into()
        }),
        ("im2col", |case| IM2COL(&cube(case, "image"), window(case)).into()),
        ("col2im", |case| COL2IM(&case.matrix("d_patches"), shape(case), window(case)).into()),
        ("flatten", |case| FLATTEN(&four(case, "images")).into()),
        ("unflatten", |case| UNFLATTEN(&case.matrix("x"), shape(case)).into()),
        ("conv_shape", |case| shape_of(convolution(case).output_shape())),
        ("conv_forward", |case| convolution(case).forward(&case.matrix("x")).into()),
        ("conv_backward", |case| {
            let mut layer = convolution(case);
            layer.forward(&case.matrix("x"));
            let d_x = layer.backward(&case.matrix("d_out"));
            gradients(Record::new(), d_x, &layer.linear, "")
        }),
        // Two forward passes, of which the second counts, and two backward passes, which have to agree.
        ("conv_passes", |case| {
            let mut layer = convolution(case);
            layer.forward(&case.matrix("x before"));
            layer.forward(&case.matrix("x"));
            let d_x = layer.backward(&case.matrix("d_out"));
            let record = gradients(Record::new(), d_x, &layer.linear, " 1");
            let d_x = layer.backward(&case.matrix("d_out"));
            gradients(record, d_x, &layer.linear, " 2")
        }),
        ("max_shape", |case| shape_of(MaxPool::new(shape(case), case.count("side")).output_shape())),
        ("max_forward", |case| MaxPool::new(shape(case), case.count("side")).forward(&case.matrix("x")).into()),
        ("max_backward", |case| {
            let mut layer = MaxPool::new(shape(case), case.count("side"));
            layer.forward(&case.matrix("x"));
            let first = layer.backward(&case.matrix("d_out"));
            Record::new().with("d_x", first).with("d_x once more", layer.backward(&case.matrix("d_out")))
        }),
        // Where `passes` is 0 nothing was kept.
        ("max_passes", |case| {
            let mut layer = MaxPool::new(shape(case), case.count("side"));
            (0..case.count("passes")).for_each(|_| drop(layer.forward(&case.matrix("x"))));
            layer.backward(&case.matrix("d_out")).into()
        }),
        ("average_shape", |case| shape_of(AveragePool::new(shape(case), case.count("side")).output_shape())),
        ("average_forward", |case| AveragePool::new(shape(case), case.count("side")).forward(&case.matrix("x")).into()),
        ("average_backward", |case| {
            let mut layer = AveragePool::new(shape(case), case.count("side"));
            layer.forward(&case.matrix("x"));
            layer.backward(&case.matrix("d_out")).into()
        }),
        ("cnn", |case| {
            let mut net = CNN(shape(case), &case.counts("n_kernels"), case.count("n_classes"), &mut generator(1));
            Record::new().with("layers", layers_of(&net.summary()))
        }),
        // A network with the parameters of the case takes a step.
        ("cnn_step", |case| {
            let mut net = CNN(shape(case), &case.counts("n_kernels"), case.count("n_classes"), &mut generator(1));
            for (number, mut parameter) in (1..).zip(net.parameters()) {
                let name = format!("parameter {number}");
                match parameter.value.ndim() {
                    1 => parameter.value.assign(&case.vector(&name)),
                    _ => parameter.value.assign(&case.matrix(&name)),
                }
            }
            let x = case.matrix("x");
            let scores = net.forward(&x);
            let loss = net.train_step(&x, &case.matrix("y"), &SoftmaxCrossEntropy, 0.1);
            Record::new().with("scores", scores).with("loss", loss).with("scores afterwards", net.forward(&x))
        }),
        ("shift", |case| {
            let amount = |name| case.float(name) as i32;
            SHIFT(&cube(case, "image"), amount("down"), amount("right")).into()
        }),
        ("augment", |case| {
            let rng = &mut generator(case.count("seed") as u64);
            let first = AUGMENT(&case.matrix("x"), shape(case), case.count("max_shift"), rng);
            let second = AUGMENT(&case.matrix("x"), shape(case), case.count("max_shift"), rng);
            Record::new().with("first", first).with("second", second)
        }),
        ("rotate", |case| ROTATE(&cube(case, "image"), case.float("degrees")).into()),
        // Trains on shifted digits, and reads others that are shifted as well: those of the case, which the judge has made.
        ("read_digits", |case| {
            let mut net = trained(case);
            Record::new().with("predictions", classes(&net.forward(&case.matrix("unknown"))))
        }),
        // For the pictures: the kernels of the first layer after training, and what they make of an image.
        ("learned", |case| {
            let mut net = trained(case);
            let mut parameters = net.parameters();
            let kernels =
                parameters[0].value.to_owned().into_dimensionality::<ndarray::Ix2>().expect("weights are a matrix");
            let biases =
                parameters[1].value.to_owned().into_dimensionality::<ndarray::Ix1>().expect("biases are a vector");
            drop(parameters.drain(..));
            let mut layer = FROM_PARTS(kernels.clone(), biases, DIGIT, Window { side: 3, stride: 1, padding: 1 });
            let maps = layer.forward(&case.matrix("image"));
            Record::new().with("kernels", kernels).with("maps", maps)
        }),
    ]);
}

const DIGIT: Shape = Shape { channels: 1, height: 8, width: 8 };

/// The learner's network, or an MLP, after epochs of digits that the learner's own code shifts, or does not.
fn trained(case: &Record) -> Sequential {
    let digits = datasets::digits();
    let (x, labels) = (digits.features / datasets::digits::MAX_PIXEL, digits.labels);
    let y = Array2::from_shape_fn((labels.len(), 10), |(i, class)| if labels[i] == class { 1.0 } else { 0.0 });
    let rng = &mut generator(case.count("seed") as u64);
    let mut net = match case.counts("n_kernels") {
        n_kernels if n_kernels.is_empty() => mlp(&[64, 25, 10], Activation::Relu, rng),
        n_kernels => CNN(DIGIT, &n_kernels, 10, rng),
    };
    let epochs = case.count("epochs");
    // Small steps at the end: what is left of the noise of the batches would otherwise decide a few digits.
    let mut order: Vec<usize> = (0..labels.len()).collect();
    for epoch in 0..epochs {
        report_progress(epoch, epochs, None);
        let rate = case.float("learning_rate") * if epoch + 2 < epochs { 1.0 } else { 0.1 };
        let x = match case.flag("augmented") {
            true => AUGMENT(&x, DIGIT, 1, rng),
            false => x.clone(),
        };
        order.shuffle(rng);
        for batch in order.chunks(case.count("batch_size")) {
            let (x, y) = (x.select(Axis(0), batch), y.select(Axis(0), batch));
            net.train_step(&x, &y, &SoftmaxCrossEntropy, rate);
        }
    }
    net
}

/// The class with the largest score in each row.
fn classes(scores: &ArrayRef2<f64>) -> Vec<usize> {
    let largest =
        |row: ndarray::ArrayView1<'_, f64>| (1..row.len()).fold(0, |best, k| if row[k] > row[best] { k } else { best });
    scores.rows().into_iter().map(largest).collect()
}

fn window(case: &Record) -> Window {
    Window { side: case.count("side"), stride: case.count("stride"), padding: case.count("padding") }
}

fn shape(case: &Record) -> Shape {
    match case.counts("shape")[..] {
        [channels, height, width] => Shape { channels, height, width },
        _ => panic!("a shape is three numbers"),
    }
}

fn shape_of(shape: Shape) -> Record {
    vec![shape.channels, shape.height, shape.width].into()
}

fn convolution(case: &Record) -> Conv2d {
    FROM_PARTS(case.matrix("weights").to_owned(), case.vector("biases").to_owned(), shape(case), window(case))
}

fn gradients(record: Record, d_x: Array2<f64>, linear: &Linear, number: &str) -> Record {
    record
        .with(&format!("d_x{number}"), d_x)
        .with(&format!("d_weights{number}"), linear.d_weights.clone())
        .with(&format!("d_biases{number}"), linear.d_biases.clone())
}

/// The three-dimensional array called `name`.
fn cube(case: &Record, name: &str) -> Array3<f64> {
    let (shape, data) = entries(case, name);
    shaped((shape[0], shape[1], shape[2]), data)
}

/// The four-dimensional array called `name`.
fn four(case: &Record, name: &str) -> Array4<f64> {
    let (shape, data) = entries(case, name);
    shaped((shape[0], shape[1], shape[2], shape[3]), data)
}

fn entries<'a>(case: &'a Record, name: &str) -> (&'a [usize], &'a [f64]) {
    match case.get(name) {
        Some(Value::Array { shape, data }) => (shape, data),
        _ => panic!("a case has no array `{name}`"),
    }
}

fn shaped<D: IntoDimension<Dim: Dimension>>(shape: D, data: &[f64]) -> ndarray::Array<f64, D::Dim> {
    ndarray::Array::from_shape_vec(shape.into_dimension(), data.to_vec())
        .expect("an array has as many entries as its shape says")
}
