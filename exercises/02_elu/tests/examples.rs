//! The lesson's worked examples. Run them with `cargo test -p elu`; the grader asks for more.

use approx::{assert_abs_diff_eq, assert_relative_eq};
use elu::{
    Activation, elu, elu_array, elu_derivative, elu_derivative_array, leaky_relu, leaky_relu_derivative, relu,
    relu_derivative, sigmoid, sigmoid_derivative, tanh_derivative,
};
use ndarray::array;

#[test]
fn relu_cuts_off_and_keeps_nan() {
    assert_eq!((relu(3.0), relu_derivative(3.0)), (3.0, 1.0));
    assert_eq!((relu(-2.0), relu_derivative(-2.0)), (0.0, 0.0));
    assert_eq!(relu_derivative(0.0), 0.0);
    assert!(relu(f64::NAN).is_nan());
}

#[test]
fn leaky_relu_lets_something_through() {
    assert_abs_diff_eq!(leaky_relu(-2.0, 0.01), -0.02, epsilon = 1e-12);
    assert_eq!(leaky_relu_derivative(-2.0, 0.01), 0.01);
    assert_eq!(leaky_relu(-1.0, 2.0), -2.0);
}

#[test]
fn elu_and_its_slope() {
    let z = array![-2.0, -1.0, 0.0, 3.0];
    assert_abs_diff_eq!(elu_array(&z, 2.0), array![-1.7293, -1.2642, 0.0, 3.0], epsilon = 5e-5);
    assert_abs_diff_eq!(elu_derivative_array(&z, 2.0), array![0.2707, 0.7358, 2.0, 1.0], epsilon = 5e-5);
}

#[test]
fn elu_at_the_edges() {
    assert_eq!((elu(800.0, 2.0), elu_derivative(800.0, 2.0)), (800.0, 1.0));
    assert_eq!((elu(-800.0, 2.0), elu_derivative(-800.0, 2.0)), (-2.0, 0.0));
    assert_relative_eq!(elu(-1e-10, 1.0), -9.9999999995e-11, max_relative = 1e-12);
}

#[test]
fn sigmoid_and_tanh_level_out() {
    assert_abs_diff_eq!(sigmoid(2.0), 0.8808, epsilon = 5e-5);
    assert_eq!(sigmoid_derivative(0.0), 0.25);
    assert_relative_eq!(sigmoid_derivative(40.0), 4.248354255291589e-18, max_relative = 1e-12);
    assert_abs_diff_eq!(tanh_derivative(1.0), 0.42, epsilon = 5e-5);
}

#[test]
fn an_activation_knows_its_slope() {
    assert_eq!((Activation::Step.apply(0.0), Activation::Step.derivative(0.0)), (1.0, 0.0));
    assert_eq!((Activation::LeakyRelu(0.1).apply(-2.0), Activation::LeakyRelu(0.1).derivative(-2.0)), (-0.2, 0.1));
    assert_eq!(Activation::Elu(2.0).derivative(0.0), 2.0);
}
