//! The lesson's worked examples. Run them with `cargo test -p custom_layers_losses`; the grader asks for more.

use approx::assert_abs_diff_eq;
use custom_layers_losses::{
    ActivityPenalty, Dice, Focal, MultiPath, Residual, SelfAttention, SmoothedCrossEntropy, Swish, attention_backward,
    attention_weights, residual_mlp,
};
use engine::{Layer, Linear, Loss, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array1, Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// Gradients measured by differences (exercise 11) differ from exact ones by less than this.
const ERROR: f64 = 1e-7;

/// How far the gradients of `layer` are from measured ones, at most: d_x, and that of every parameter. The loss is the sum of
/// `d_out` ⊙ output, whose gradient is `d_out`.
fn gradient_error(layer: &mut dyn Layer, x: &Array2<f64>, d_out: &Array2<f64>) -> f64 {
    let h = 1e-5;
    let loss = |layer: &mut dyn Layer, x: &Array2<f64>| (layer.forward(x) * d_out).sum();
    layer.forward(x);
    let d_x = layer.backward(d_out);
    let gradients: Vec<Vec<f64>> =
        layer.parameters().iter().map(|parameter| parameter.gradient.iter().copied().collect()).collect();

    let mut error = 0.0_f64;
    for (at, &d) in d_x.indexed_iter() {
        let (mut above, mut below) = (x.clone(), x.clone());
        above[at] += h;
        below[at] -= h;
        error = error.max((d - (loss(layer, &above) - loss(layer, &below)) / (2.0 * h)).abs());
    }
    for (number, gradient) in gradients.iter().enumerate() {
        for (entry, d) in gradient.iter().enumerate() {
            let mut moved = |by: f64| {
                *layer.parameters()[number]
                    .value
                    .iter_mut()
                    .nth(entry)
                    .expect("a gradient has the shape of its value") += by;
                loss(layer, x)
            };
            let slope = (moved(h) - moved(-2.0 * h)) / (2.0 * h);
            moved(h);
            error = error.max((d - slope).abs());
        }
    }
    error
}

/// The same for the gradient of a loss.
fn loss_error(loss: &dyn Loss, output: &Array2<f64>, target: &Array2<f64>) -> f64 {
    let h = 1e-5;
    let mut error = 0.0_f64;
    for (at, &d) in loss.gradient(output, target).indexed_iter() {
        let (mut above, mut below) = (output.clone(), output.clone());
        above[at] += h;
        below[at] -= h;
        error = error.max((d - (loss.value(&above, target) - loss.value(&below, target)) / (2.0 * h)).abs());
    }
    error
}

/// A matrix of numbers without a pattern.
fn numbers(rows: usize, columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, columns), |(i, j)| (1.7 * i as f64 + 0.9 * j as f64 + 1.0).sin())
}

fn generator() -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(1)
}

#[test]
fn swish_has_a_slope_by_x_and_one_by_beta() {
    let mut swish = Swish::from_parts(array![1.5]);
    assert_abs_diff_eq!(swish.forward(&array![[1.0], [-2.0]]), array![[0.8176], [-0.0949]], epsilon = 1e-4);
    assert_abs_diff_eq!(swish.backward(&array![[1.0], [2.0]]), array![[1.0413], [-0.1762]], epsilon = 1e-4);
    assert_abs_diff_eq!(swish.d_beta, array![0.5105], epsilon = 1e-4);
    assert_eq!(swish.parameters().len(), 1);
    assert!(gradient_error(&mut Swish::from_parts(array![0.5, 2.0]), &numbers(3, 2), &numbers(3, 2)) < ERROR);
}

#[test]
fn a_residual_block_adds_what_its_branch_computes() {
    let weights = array![[0.5, 1.0], [0.0, -1.0]];
    let branch = Sequential::new(vec![Box::new(Linear::from_parts(weights, array![0.0, 0.0]))]);
    let mut block = Residual::new(branch, None);
    assert_abs_diff_eq!(block.forward(&array![[2.0, 3.0]]), array![[3.0, 2.0]], epsilon = 1e-12);
    assert_abs_diff_eq!(block.backward(&array![[1.0, 1.0]]), array![[2.5, 0.0]], epsilon = 1e-12);

    let rng = &mut generator();
    let branch = Sequential::new(vec![Box::new(Linear::new(3, 2, rng)), Box::new(Swish::new(2))]);
    let mut block = Residual::new(branch, Some(Linear::new(3, 2, rng)));
    assert!(gradient_error(&mut block, &numbers(4, 3), &numbers(4, 2)) < ERROR);
}

#[test]
fn paths_stand_side_by_side() {
    let rng = &mut generator();
    let paths = [1, 3].map(|width| Sequential::new(vec![Box::new(Linear::new(2, width, rng))]));
    let mut block = MultiPath::new(paths.into());
    assert_eq!(block.forward(&numbers(5, 2)).dim(), (5, 4));
    assert!(gradient_error(&mut block, &numbers(5, 2), &numbers(5, 4)) < ERROR);
}

#[test]
fn a_network_of_residual_blocks_trains() {
    let mut net = residual_mlp(2, 4, 2, 2, &mut generator());
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = array![[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]];
    let first = net.train_step(&x, &y, &SoftmaxCrossEntropy, 0.05);
    let last = (0..100).fold(f64::NAN, |_, _| net.train_step(&x, &y, &SoftmaxCrossEntropy, 0.05));
    assert!(last < first, "the loss went from {first} to {last}");
}

#[test]
fn attention_is_shared_out_among_the_keys() {
    let a = attention_weights(&array![[1.0, 0.0]], &array![[1.0, 0.0], [0.0, 1.0]]);
    assert_abs_diff_eq!(a, array![[0.6698, 0.3302]], epsilon = 1e-4);
}

#[test]
fn gradients_go_back_through_attention() {
    let (q, k, v, d_out) = (numbers(2, 3), numbers(4, 3) * 0.5, numbers(4, 2), numbers(2, 2));
    let (d_q, d_k, d_v) = attention_backward(&q, &k, &v, &attention_weights(&q, &k), &d_out);
    assert_eq!([d_q.dim(), d_k.dim(), d_v.dim()], [q.dim(), k.dim(), v.dim()]);
    // All that a query can move is where its attention goes: it moves nothing if all values are equal.
    let (d_q, ..) = attention_backward(&q, &k, &Array2::ones((4, 2)), &attention_weights(&q, &k), &d_out);
    assert_abs_diff_eq!(d_q, Array2::zeros((2, 3)), epsilon = 1e-12);
}

#[test]
fn sequences_attend_to_themselves_alone() {
    let mut attention = SelfAttention::new(3, 2, &mut generator());
    let x = numbers(4, 6);
    let all = attention.forward(&x);
    let alone = attention.forward(&x.slice_axis(ndarray::Axis(0), (2..3).into()));
    assert_abs_diff_eq!(alone.row(0), all.row(2), epsilon = 1e-12);
    assert!(gradient_error(&mut attention, &x, &numbers(4, 6)) < ERROR);
}

#[test]
fn a_focal_loss_forgets_what_is_right_already() {
    let (z, y) = (numbers(4, 3), Array2::from_shape_fn((4, 3), |(i, j)| if i % 3 == j { 1.0 } else { 0.0 }));
    let plain = Focal { gamma: 0.0, class_weights: Array1::ones(3) };
    assert_abs_diff_eq!(plain.value(&z, &y), SoftmaxCrossEntropy.value(&z, &y), epsilon = 1e-12);
    // A score of ln 9 more is a probability of 0.9.
    let focal = Focal { gamma: 2.0, class_weights: array![0.25, 0.25] };
    let value = focal.value(&array![[9.0_f64.ln(), 0.0]], &array![[1.0, 0.0]]);
    assert_abs_diff_eq!(value, 2.634e-4, epsilon = 1e-7);
    assert!(loss_error(&Focal { gamma: 2.0, class_weights: array![1.0, 2.0, 3.0] }, &z, &y) < ERROR);
}

#[test]
fn smoothed_targets_are_not_certain() {
    let loss = SmoothedCrossEntropy { epsilon: 0.3 };
    let y = array![[0.0, 1.0, 0.0]];
    assert_abs_diff_eq!(loss.targets(&y), array![[0.1, 0.8, 0.1]], epsilon = 1e-12);
    assert!(loss_error(&loss, &numbers(1, 3), &y) < ERROR);
}

#[test]
fn dice_measures_an_overlap() {
    let (p, t) = (array![[0.8, 0.2, 0.6, 0.1]], array![[1.0, 0.0, 1.0, 0.0]]);
    assert_abs_diff_eq!(Dice { smooth: 1.0 }.value(&p, &t), 0.1915, epsilon = 1e-4);
    assert!(loss_error(&Dice { smooth: 1.0 }, &p, &t) < ERROR);
}

#[test]
fn a_penalty_on_activations_is_a_layer() {
    let mut layer = ActivityPenalty::new(0.5);
    let a = array![[1.0, 0.0], [-3.0, 2.0]];
    assert_eq!(layer.forward(&a), a);
    assert_abs_diff_eq!(layer.penalty(), 1.5, epsilon = 1e-12);
    assert_abs_diff_eq!(
        layer.backward(&array![[1.0, 1.0], [1.0, 1.0]]),
        array![[1.25, 1.0], [0.75, 1.25]],
        epsilon = 1e-12
    );
}
