//! The lesson's worked examples. Run them with `cargo test -p dfdx_comparison`; the grader asks for more.

use std::time::Duration;

use approx::{assert_abs_diff_eq, assert_relative_eq};
use dfdx::tensor::{AsArray, Cpu};
use dfdx_comparison::{
    BenchReport, Dense, Network, TwoPasses, autograd_dot, autograd_poly, comparison_table, cross_entropy,
    forward_parity, gradient_parity, max_difference, median, slope_in_half, stack, tensor_tour, to_dfdx, to_half,
    train_xor, train_xor_by_hand, two_passes,
};
use ndarray::{Array1, Array2, array};

/// The network that the lesson trains.
fn network() -> Network<2, 4, 1> {
    let hidden = Dense::<2, 4>::from_parts(
        array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]],
        array![0.01, -0.02, 0.03, -0.04],
    );
    let output = Dense::<4, 1>::from_parts(array![[-0.2], [0.3], [-0.25], [0.15]], array![0.05]);
    stack(hidden.unwrap(), output.unwrap())
}

fn xor() -> (Array2<f64>, Array2<f64>) {
    (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array![[0.0], [1.0], [1.0], [0.0]])
}

#[test]
fn tensors_are_arrays_with_other_names() {
    let tour = tensor_tour([[1.0, 2.0], [3.0, 4.0]], [[5.0, 6.0], [7.0, 8.0]]);
    assert_eq!(tour.sum, [[6.0, 8.0], [10.0, 12.0]]);
    assert_eq!(tour.product, [[5.0, 12.0], [21.0, 32.0]]);
    assert_eq!(tour.matmul, [[19.0, 22.0], [43.0, 50.0]]);
    assert_eq!(tour.transposed, [[1.0, 3.0], [2.0, 4.0]]);
    assert_eq!(tour.flat, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!((tour.mean, tour.largest), (2.5, 4.0));
}

#[test]
fn dfdx_finds_the_slopes() {
    assert_eq!(autograd_poly(3.0), (16.0, 8.0));
    assert_eq!(autograd_dot([1.0, 2.0, 3.0], [4.0, 5.0, 6.0]), (32.0, [4.0, 5.0, 6.0]));
}

#[test]
fn gradients_add_up_until_they_are_cleared() {
    assert_eq!(two_passes(3.0), TwoPasses { first: 6.0, kept: 7.0, cleared: 1.0 });
}

#[test]
fn the_loss_wants_logits() {
    let logits = array![[2.0, 1.0, 0.1, 0.5], [0.1, 0.2, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]];
    assert_abs_diff_eq!(cross_entropy(&logits, &[0, 2, 1]), 0.699_415_8, epsilon = 1e-6);
}

#[test]
fn a_layer_has_the_shape_of_its_type() {
    assert!(Dense::<2, 4>::from_parts(Array2::zeros((2, 4)), Array1::zeros(4)).is_ok());
    assert!(Dense::<2, 4>::from_parts(Array2::zeros((4, 2)), Array1::zeros(4)).is_err());
    assert_eq!(Network::<2, 4, 1>::n_params(), 17);
    assert_eq!(Network::<784, 128, 10>::n_params(), 101_770);
}

#[test]
fn dfdx_stores_weights_transposed() {
    let weights = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let layer = Dense::<2, 3>::from_parts(weights, array![7.0, 8.0, 9.0]).unwrap().to_dfdx(&Cpu::default());
    assert_eq!(layer.weight.array(), [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    assert_eq!(layer.bias.array(), [7.0, 8.0, 9.0]);
}

#[test]
fn both_networks_compute_the_same() {
    let (x, y) = xor();
    assert_abs_diff_eq!(network().loss_and_slopes(&x, &y).0, 0.250_125_15, epsilon = 1e-8);
    let mlp = to_dfdx(&network());
    assert!(forward_parity(&network(), &mlp, &x) < 1e-5);
    assert!(gradient_parity(&network(), &mlp, &x, &y) < 1e-5);
}

#[test]
fn nan_is_no_match() {
    assert_eq!(max_difference(&array![[1.0, 5.0]], &array![[1.5, 3.0]]), Some(2.0));
    assert!(max_difference(&array![[1.0, f64::NAN]], &array![[1.0, 3.0]]).is_some_and(f64::is_nan));
    assert_eq!(max_difference(&array![[1.0, 5.0]], &array![[1.5]]), None);
}

#[test]
fn both_solve_xor() {
    let (in_dfdx, by_hand) = (train_xor(&network(), 2.0, 600), train_xor_by_hand(&network(), 2.0, 600));
    assert_eq!((in_dfdx.len(), by_hand.len()), (600, 600));
    assert!(in_dfdx[599] < 0.01 && by_hand[599] < 0.01);
    assert_relative_eq!(f64::from(in_dfdx[10]), by_hand[10], max_relative = 1e-5);
}

#[test]
fn one_slow_run_does_not_move_the_median() {
    let times = [50, 10, 900, 30, 20].map(Duration::from_millis);
    assert_eq!(median(&times), Duration::from_millis(30));
}

#[test]
fn the_table_has_a_fixed_form() {
    let report = BenchReport {
        by_hand: Duration::from_micros(12_346),
        dfdx: Duration::from_micros(45_679),
        steps: 1000,
        runs: 5,
    };
    let table = comparison_table(&report, 1.2e-7, 3e-8);
    assert_eq!(table.lines().nth(1), Some("time per step        12.3 µs     45.7 µs"));
    assert_eq!(table.lines().nth(3), Some("outputs differ by 1.2e-7, slopes by 3.0e-8"));
}

#[test]
fn half_precision_loses_what_is_small() {
    assert_eq!(to_half(2049.0), 2048.0);
    assert_eq!(slope_in_half(1e-8, 1.0), 0.0);
    assert_relative_eq!(slope_in_half(1e-8, 1024.0), 1e-8, max_relative = 0.01);
}
