//! The code of `LIVING.md`, and that it says the truth. Only built with the feature `candle`.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Activation, AdamW, Module, Optimizer, ParamsAdamW, Sequential, VarBuilder, VarMap, linear, loss, seq};
use dfdx::prelude::{DeviceBuildExt, Module as _};
use framework_digits_solution::{Dev, Plain, images, to_safetensors};
use ndarray::{Array2, Axis, Slice};

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

/// Trains a new network for some steps on all images at once; the loss before each.
fn train_in_candle(x: &Tensor, labels: &Tensor, steps: usize) -> Result<Vec<f32>> {
    let parameters = VarMap::new();
    let names = VarBuilder::from_varmap(&parameters, DType::F32, &Device::Cpu);
    let (hidden, output) = (linear(64, 32, names.pp("0"))?, linear(32, 10, names.pp("2"))?);
    let mut adam =
        AdamW::new(parameters.all_vars(), ParamsAdamW { lr: 0.01, weight_decay: 0.0, ..Default::default() })?;
    let mut losses = Vec::new();
    for _ in 0..steps {
        let scores = output.forward(&hidden.forward(x)?.relu()?)?;
        let loss = loss::cross_entropy(&scores, labels)?;
        losses.push(loss.to_scalar()?);
        adam.backward_step(&loss)?;
    }
    Ok(losses)
}

/// The first 100 digits: pixels from 0 to 1, and labels.
fn digits() -> (Array2<f64>, Vec<u32>) {
    let digits = datasets::digits();
    let x = digits.features.slice_axis(Axis(0), Slice::from(..100)).to_owned() / datasets::digits::MAX_PIXEL;
    (x, digits.labels.iter().take(100).map(|&label| label as u32).collect())
}

fn tensor(x: &Array2<f64>) -> Tensor {
    let pixels: Vec<f32> = x.iter().map(|&pixel| pixel as f32).collect();
    Tensor::from_vec(pixels, x.dim(), &Device::Cpu).expect("as many numbers")
}

#[test]
fn both_frameworks_compute_the_same_scores_from_one_file() {
    let device = Dev::seed_from_u64(25);
    let net = device.build_module::<Plain<64>, f32>();
    let (x, _) = digits();
    let ours = net.forward(images(&x, &device)).as_vec();
    let theirs =
        in_candle(to_safetensors(&net)).expect("names and shapes fit").forward(&tensor(&x)).expect("it computes");
    let theirs: Vec<f32> = theirs.flatten_all().and_then(|scores| scores.to_vec1()).expect("a row of numbers");
    assert_eq!(ours.len(), theirs.len());
    for (one, other) in ours.iter().zip(&theirs) {
        assert!((one - other).abs() < 1e-5, "{one} and {other}");
    }
}

#[test]
fn a_training_in_candle_lowers_the_loss() {
    let (x, labels) = digits();
    let labels = Tensor::new(labels.as_slice(), &Device::Cpu).expect("a row of numbers");
    let losses = train_in_candle(&tensor(&x), &labels, 40).expect("it trains");
    assert!(losses[39] < 0.5 * losses[0], "{losses:?}");
}
