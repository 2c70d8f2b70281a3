//! The lesson's worked examples. Run them with `cargo test -p gradient_check`; the grader asks for more.

use approx::assert_abs_diff_eq;
use engine::{Linear, Mse, Relu, Sequential};
use gradient_check::{
    Candidate, TensorCheck, Verdict, check_network, directional_derivative, find_wrong, gradient_norms, near_kink,
    numerical_gradient, relative_error,
};
use ndarray::{Array1, Array2, array};

#[test]
fn the_cube_at_one() {
    let gradient = numerical_gradient(|theta| theta[0].powi(3), &array![1.0], 0.1);
    assert_abs_diff_eq!(gradient, array![3.01], epsilon = 1e-12);
}

#[test]
fn twice_is_a_third() {
    assert_abs_diff_eq!(relative_error(&array![1.0, 2.0], &array![2.0, 4.0]), 1.0 / 3.0, epsilon = 1e-12);
    assert_eq!(relative_error(&array![0.0, 0.0], &array![0.0, 0.0]), 0.0);
}

#[test]
fn a_lost_factor_is_found() {
    let claims = |factor: f64| Candidate {
        n_inputs: 3,
        function: Box::new(|theta| theta.dot(theta)),
        gradient: Box::new(move |theta| factor * &theta.to_owned()),
    };
    assert_eq!(find_wrong(&[claims(2.0), claims(1.0), claims(2.0)]), [1]);
}

/// A layer, a batch, and a loss that can be followed by hand.
#[test]
fn one_layer_by_hand() {
    let mut net = Sequential::new(vec![Box::new(Linear::from_parts(array![[0.5]], array![0.5]))]);
    let checks = check_network(&mut net, &Mse, &array![[1.0], [2.0]], &array![[1.0], [1.0]], 0.1);
    assert_eq!(checks.len(), 2);
    assert_abs_diff_eq!(checks[0].computed, array![[1.0]].into_dyn(), epsilon = 1e-12);
    assert_abs_diff_eq!(checks[0].measured, array![[1.0]].into_dyn(), epsilon = 1e-12);
    assert_abs_diff_eq!(checks[1].computed, array![0.5].into_dyn(), epsilon = 1e-12);
    assert_abs_diff_eq!(checks[1].measured, array![0.5].into_dyn(), epsilon = 1e-12);
}

#[test]
fn the_largest_difference_has_a_place() {
    let check = TensorCheck {
        computed: array![[1.0, 2.0], [3.0, 4.0]].into_dyn(),
        measured: array![[1.0, 2.5], [3.0, 4.25]].into_dyn(),
    };
    assert_eq!(check.largest_difference(), (0.5, vec![0, 1]));
    assert_eq!(check.verdict(0), Verdict::Wrong);
    assert_eq!(check.verdict(1), Verdict::Kink);
}

/// XOR, and the lesson's network for it, with these biases.
fn verdicts(hidden_bias: f64, output_bias: f64) -> Vec<Verdict> {
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = array![[0.0], [1.0], [1.0], [0.0]];
    let w1: Array2<f64> = array![[0.6, -0.2, 0.5], [-0.4, 0.3, 0.7]];
    let b1 = Array1::from_elem(3, hidden_bias);
    let n_near_kink = near_kink(&(x.dot(&w1) + &b1), 1e-5);
    let mut net = Sequential::new(vec![
        Box::new(Linear::from_parts(w1, b1)),
        Box::new(Relu::default()),
        Box::new(Linear::from_parts(array![[0.7], [-0.5], [0.9]], array![output_bias])),
    ]);
    let checks = check_network(&mut net, &Mse, &x, &y, 1e-5);
    assert_eq!(gradient_norms(&mut net).len(), 4);
    checks.iter().map(|check| check.verdict(n_near_kink)).collect()
}

#[test]
fn a_right_network_is_right() {
    assert_eq!(verdicts(0.1, 0.2), [Verdict::Right; 4]);
}

#[test]
fn a_kink_is_no_bug() {
    assert_eq!(verdicts(0.0, 0.2), [Verdict::Right, Verdict::Kink, Verdict::Right, Verdict::Right]);
}

#[test]
fn a_dead_network_proves_nothing() {
    assert_eq!(verdicts(-3.0, 0.5), [Verdict::Vacuous; 4]);
}

#[test]
fn all_at_once() {
    let slope = directional_derivative(|theta| theta[0] * theta[1], &array![2.0, 3.0], &array![1.0, -1.0], 0.1);
    assert_abs_diff_eq!(slope, 1.0, epsilon = 1e-12);
}
