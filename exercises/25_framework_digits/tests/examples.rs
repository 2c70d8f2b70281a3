//! The lesson's worked examples. Run them with `cargo test -p framework_digits`; the grader asks for more.

use dfdx::{
    optim::{Sgd, SgdConfig},
    prelude::*,
};
use framework_digits::{
    Built, Dev, Images, MaxPool, Patches, Plain, accuracy, from_engine, images, load_safetensors, one_hot,
    scores_in_f64, state_dict, to_safetensors, train_step,
};
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// An image whose pixels are their own numbers.
fn numbers() -> Array2<f64> {
    Array2::from_shape_fn((1, 64), |(_, pixel)| pixel as f64)
}

#[test]
fn images_become_rows() {
    let x: Images<2> = images(&array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], &Dev::default());
    assert_eq!(x.as_vec(), [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
}

#[test]
fn labels_become_rows_with_a_one() {
    let rows = one_hot(&[3, 0], &Dev::default()).as_vec();
    assert_eq!(rows.iter().sum::<f32>(), 2.0);
    assert_eq!((rows[3], rows[10]), (1.0, 1.0));
}

#[test]
fn a_step_lowers_the_loss_and_clears_the_gradients() {
    let device = Dev::seed_from_u64(1);
    let mut net = device.build_module::<Plain<64>, f32>();
    let mut sgd = Sgd::new(&net, SgdConfig { lr: 0.001, ..SgdConfig::default() });
    let gradients = net.alloc_grads();
    let (x, labels) = (numbers() / 63.0, [7]);
    let (before, gradients) = train_step(&mut net, &mut sgd, gradients, &x, &labels, &device);
    assert!(gradients.get(&net.0.weight).as_vec().iter().all(|slope| *slope == 0.0));
    let (after, _) = train_step(&mut net, &mut sgd, gradients, &x, &labels, &device);
    assert!(after < before);
}

#[test]
fn patches_hold_what_lies_around_a_place() {
    let patches = Patches.apply(images(&numbers(), &Dev::default()));
    let patch = |place: usize| patches.as_vec()[9 * place..9 * place + 9].to_vec();
    assert_eq!(patch(9), [0.0, 1.0, 2.0, 8.0, 9.0, 10.0, 16.0, 17.0, 18.0]);
    assert_eq!(patch(0), [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 8.0, 9.0]);
    assert_eq!(patch(7), [0.0, 0.0, 0.0, 6.0, 7.0, 0.0, 14.0, 15.0, 0.0]);
}

#[test]
fn pooling_keeps_the_largest_of_four_places() {
    // At each place, all filters say the number of the place.
    let seen = (0..512).map(|i| (i / 8) as f32).collect();
    let pooled = MaxPool.apply(Dev::default().tensor_from_vec(seen, (64, Const))).as_vec();
    assert_eq!(pooled.len(), 128);
    assert_eq!((pooled[0], pooled[8], pooled[127]), (9.0, 11.0, 63.0));
}

#[test]
fn the_engine_and_dfdx_agree() {
    let device = Dev::default();
    let mut net = engine::mlp(&[64, 128, 64, 10], engine::Activation::Relu, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let x = numbers() / 63.0;
    let copy = from_engine::<64>(&mut net, &device);
    approx::assert_abs_diff_eq!(scores_in_f64(&copy, &x, &device), net.forward(&x), epsilon = 1e-5);
    let label = net
        .forward(&x)
        .row(0)
        .iter()
        .enumerate()
        .fold((0, f64::MIN), |best, (class, &score)| if score > best.1 { (class, score) } else { best });
    assert_eq!(accuracy(&copy, &x, &[label.0], &device), 1.0);
}

#[test]
fn a_network_goes_out_and_comes_back() {
    let device = Dev::seed_from_u64(1);
    let saved = device.build_module::<Plain<64>, f32>();
    let mut other: Built<Plain<64>> = device.build_module::<Plain<64>, f32>();
    assert_ne!(state_dict(&other), state_dict(&saved));
    assert_eq!(load_safetensors(&mut other, &to_safetensors(&saved)), Ok(()));
    assert_eq!(state_dict(&other), state_dict(&saved));
}
