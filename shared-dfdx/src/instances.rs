//! Uses of dfdx that only have to be compiled. These functions are never called.
//!
//! What stands here decides how long compiling takes, and nothing else. Whether something belongs here is told by
//! `rustc -Z print-mono-items` on the probes of the exercises.

use dfdx::{
    losses::cross_entropy_with_logits_loss,
    optim::{Adam, AdamConfig, Sgd, SgdConfig},
    prelude::*,
};

type Images<const I: usize, T = NoneTape> = Tensor<(usize, Const<I>), f32, Cpu, T>;
type Scores<T = NoneTape> = Tensor<(usize, Const<10>), f32, Cpu, T>;
type Built<M> = <M as BuildOnDevice<Cpu, f32>>::Built;
type Layer<const I: usize, const O: usize> = Built<Linear<I, O>>;
type Plain<const I: usize> = (Linear<I, 128>, ReLU, Linear<128, 64>, ReLU, Linear<64, 10>);
type Dropping<const I: usize> =
    ((Linear<I, 128>, ReLU, DropoutOneIn<5>), (Linear<128, 64>, ReLU, DropoutOneIn<5>), Linear<64, 10>);

/// A network that is trained on images: forwards, backwards, and a step of both optimisers.
macro_rules! trained {
    ($name:ident, $I:literal, $Net:ty) => {
        /// See the macro.
        pub fn $name(net: &mut Built<$Net>, x: Images<$I>, labels: Scores) -> (f32, Vec<f32>) {
            let mut sgd = Sgd::new(net, SgdConfig::default());
            let mut adam = Adam::new(net, AdamConfig::default());
            let mut gradients = net.alloc_grads();
            let scores = net.forward(x.clone()).as_vec();
            let loss = cross_entropy_with_logits_loss(net.forward_mut(x.traced(gradients)), labels);
            let value = loss.as_vec()[0];
            gradients = loss.backward();
            let updated = [sgd.update(net, &gradients), adam.update(net, &gradients)];
            updated.into_iter().for_each(|updated| updated.expect("all gradients are there"));
            net.zero_grads(&mut gradients);
            (value, scores)
        }
    };
}

trained!(plain_64, 64, Plain<64>);
trained!(plain_3, 3, Plain<3>);
trained!(dropping_64, 64, Dropping<64>);
trained!(dropping_784, 784, Dropping<784>);
trained!(small, 3, Linear<3, 10>);
trained!(small_dropping, 3, (DropoutOneIn<2>, Linear<3, 10>));

/// Networks with random numbers.
pub fn built(device: &Cpu) -> Built<(Dropping<64>, Dropping<784>, Linear<9, 8>, Linear<128, 10>)> {
    (
        device.build_module::<Dropping<64>, f32>(),
        device.build_module::<Dropping<784>, f32>(),
        device.build_module::<Linear<9, 8>, f32>(),
        device.build_module::<Linear<128, 10>, f32>(),
    )
}

/// The same network in `f64`.
pub fn wide(net: &Built<Plain<3>>, x: Tensor<(usize, Const<3>), f64, Cpu>) -> Vec<f64> {
    net.to_dtype::<f64>().forward(x).as_vec()
}

/// The operations of a convolutional network on 8×8 pixels, forwards and backwards.
pub fn convolution(x: Images<64>, filters: &Layer<9, 8>, dense: &Layer<128, 10>, labels: Scores) -> (f32, Vec<f32>) {
    let scores = dense.forward(pooled(x.clone(), filters)).as_vec();
    let loss = cross_entropy_with_logits_loss(dense.forward(pooled(x.leaky_trace(), filters)), labels);
    let value = loss.as_vec()[0];
    (value + loss.backward().get(&x).as_vec()[0], scores)
}

fn pooled<T: Tape<f32, Cpu>>(x: Images<64, T>, filters: &Layer<9, 8>) -> Images<128, T> {
    let n = x.shape().0;
    let cut: Tensor<(Const<64>, Const<576>), f32, Cpu> = x.device().zeros();
    let seen = filters.forward(x.matmul(cut).reshape_like(&(n * 64, Const::<9>))).relu();
    let groups = seen.reshape_like(&(n, 4, 2, 4, 2, 8)).max::<(usize, usize, usize, usize), Axes2<2, 4>>();
    groups.reshape_like(&(n, Const))
}

/// Tensors from numbers, and their numbers.
pub fn tensors(device: &Cpu, n: usize, numbers: &[f32]) -> [Vec<f32>; 11] {
    let all = || numbers.to_vec();
    [
        device.tensor_from_vec(all(), (n, Const::<3>)).as_vec(),
        device.tensor_from_vec(all(), (n, Const::<4>)).as_vec(),
        device.tensor_from_vec(all(), (n, Const::<8>)).as_vec(),
        device.tensor_from_vec(all(), (n, Const::<9>)).as_vec(),
        device.tensor_from_vec(all(), (n, Const::<10>)).as_vec(),
        device.tensor_from_vec(all(), (n, Const::<64>)).as_vec(),
        device.tensor_from_vec(all(), (n, Const::<784>)).as_vec(),
        device.tensor_from_vec(all(), (Const::<10>, Const::<3>)).as_vec(),
        device.tensor_from_vec(all(), (Const::<10>,)).as_vec(),
        device.tensor_from_vec(all(), (Const::<128>, Const::<64>)).as_vec(),
        device.tensor_from_vec(all(), (Const::<64>, Const::<10>)).as_vec(),
    ]
}

/// The network for XOR: forwards, backwards, and a step.
pub fn xor(
    net: &mut Built<(Linear<2, 4>, ReLU, Linear<4, 1>, Sigmoid)>,
    x: Tensor<(usize, Const<2>), f32, Cpu>,
    y: Tensor<(usize, Const<1>), f32, Cpu>,
) -> (f32, Vec<f32>) {
    let mut sgd = Sgd::new(net, SgdConfig::default());
    let answers = net.forward(x.clone()).as_vec();
    let loss = mse_loss(net.forward(x.trace(net.alloc_grads())), y.clone());
    let value = loss.array();
    let mut gradients = loss.backward();
    sgd.update(net, &gradients).expect("all gradients are there");
    net.zero_grads(&mut gradients);
    gradients = mse_loss(net.forward_mut(x.traced(gradients)), y).backward();
    let slopes = [
        gradients.get(&net.0.weight).as_vec(),
        gradients.get(&net.0.bias).as_vec(),
        gradients.get(&net.2.weight).as_vec(),
        gradients.get(&net.2.bias).as_vec(),
    ];
    (value, [answers, slopes.concat()].concat())
}

/// What is done with a number, with three, and with a matrix of two rows and two columns.
pub fn first_steps(device: &Cpu, matrices: [[[f32; 2]; 2]; 2], vectors: [[f32; 3]; 2], x: f32) -> (Vec<f32>, [f32; 6]) {
    let [a, b] = matrices.map(|matrix| device.tensor(matrix));
    let transposed: Tensor<Rank2<2, 2>, f32, Cpu> = a.clone().permute();
    let flat: Tensor<Rank1<4>, f32, Cpu> = a.clone().reshape();
    let tensors = [a.clone() + b.clone(), a.clone() * b.clone(), a.clone().matmul(b), transposed];
    let numbers = [a.clone().mean::<Rank0, _>().array(), a.max::<Rank0, _>().array()];

    let x = device.tensor(x);
    let mut gradients = (x.leaky_trace().square() + x.leaky_trace() * 2.0 + 1.0).backward();
    let slope = gradients.get(&x).array();
    x.zero_grads(&mut gradients);
    let squared = x.trace(x.alloc_grads()).square().backward().get(&x).array();

    let [w, v] = vectors.map(|vector| device.tensor(vector));
    let dot = (w.leaky_trace() * v).sum::<Rank0, _>();
    let product = dot.array();
    let [first, ..] = dot.backward().get(&w).array();
    let all = tensors.into_iter().flat_map(|tensor| tensor.array().concat()).chain(flat.array()).collect();
    (all, [numbers[0], numbers[1], slope, squared, product, first])
}

/// Cross-entropy of tensors whose shape is known when the program runs.
pub fn cross_entropy(device: &Cpu, scores: Vec<f32>, labels: Vec<f32>, shape: (usize, usize)) -> f32 {
    cross_entropy_with_logits_loss(device.tensor_from_vec(scores, shape), device.tensor_from_vec(labels, shape)).array()
}
