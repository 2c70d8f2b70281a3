//! Computes every number in the lesson.

use elu_solution::{
    elu, elu_array, elu_derivative, elu_derivative_array, gelu, leaky_relu, relu, relu_derivative, sigmoid,
    sigmoid_derivative, tanh_derivative,
};
use lesson::Lesson;
use ndarray::array;

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();

    lesson.given("usually 0.01 for leaky ReLU");
    lesson.says("at z = 2 the slope is 0.1050", &[2.0, sigmoid_derivative(2.0)]);
    lesson
        .says("σ(2) = 0.8808 in as if it were z gives 0.2072", &[2.0, sigmoid(2.0), sigmoid_derivative(sigmoid(2.0))]);

    let e = f64::exp(-1.0);
    lesson.says(
        "e^-1 = 0.3679        elu = 2 · (0.3679 - 1) = -1.2642        slope = 2 · 0.3679 = 0.7358",
        &[-1.0, e, 2.0, e, 1.0, elu(-1.0, 2.0), 2.0, e, elu_derivative(-1.0, 2.0)],
    );
    let z = array![-2.0, -1.0, 0.0, 3.0];
    let (values, slopes) = (elu_array(&z, 2.0), elu_derivative_array(&z, 2.0));
    lesson.says("| z       | -2      | -1      | 0 | 3 |", &z.to_vec());
    lesson.says("| elu     | -1.7293 | -1.2642 | 0 | 3 |", &values.to_vec());
    lesson.says("| slope   | 0.2707  | 0.7358  | 2 | 1 |", &slopes.to_vec());
    lesson.says("+ 2 | 0.2707  | 0.7358  | 2 | 5 |", &[vec![2.0], (values + 2.0).to_vec()].concat());
    lesson.says(
        "Coming from the left it approaches 2; from the right it is 1",
        &[elu_derivative(-1e-9, 2.0).round(), elu_derivative(1e-9, 2.0)],
    );

    let (lambda, alpha) = (1.050_700_987_355_480_5, 1.673_263_242_354_377_2);
    let ((relu_mean, _), (elu_mean, elu_variance), (selu_mean, selu_variance)) =
        (moments(relu), moments(|z| elu(z, 1.0)), moments(|z| lambda * elu(z, alpha)));
    lesson.says("the mean of relu(z) is 0.399", &[relu_mean]);
    lesson.says("alpha = 1 it is 0.161", &[1.0, elu_mean]);
    lesson.says("it has shrunk to 0.619", &[elu_variance]);
    lesson.says("1.0507 times the ELU with\nalpha = 1.6733", &[lambda, alpha]);
    assert!(selu_mean.abs() < 1e-6 && (selu_variance - 1.0).abs() < 1e-6, "SELU: {selu_mean}, {selu_variance}");

    lesson.says("0.5 · 0.5 = 0.25", &[sigmoid(0.0), 1.0 - sigmoid(0.0), sigmoid_derivative(0.0)]);
    lesson.says("0.25^10 = 0.00000095", &[0.25, 10.0, sigmoid_derivative(0.0).powi(10)]);
    lesson.says("At z = 5 a single neuron already lets through only 0.0066", &[5.0, sigmoid_derivative(5.0)]);
    assert_eq!(tanh_derivative(0.0), 1.0);
    lesson.says("0.0707 at z = 2", &[tanh_derivative(2.0), 2.0]);
    for input in [0.0, 0.5, 1.0] {
        let z: f64 = 2.0 * input - 3.0;
        assert!((-3.0..=-1.0).contains(&z) && relu(z) == 0.0 && relu_derivative(z) == 0.0);
    }
    lesson.given("leaky ReLU (alpha = 0.01)");
    lesson.says("e^-1 = 0.3679 of it at z = -1", &[-1.0, elu_derivative(-1.0, 1.0), -1.0]);
    lesson.says("at z = -10 it is 0.000045", &[-10.0, elu_derivative(-10.0, 1.0)]);

    lesson.says("overflows** for z above 709.78", &[f64::MAX.ln()]);
    assert!(f64::exp(709.78).is_finite() && f64::exp(709.79).is_infinite());
    lesson.given("`f64::exp(800.0)` is infinite");
    assert!(f64::exp(800.0).is_infinite() && (f64::exp(1000.0) / (1.0 + f64::exp(1000.0))).is_nan());
    lesson.given("z = 1000.");
    lesson.says(
        "z = -1e-10. Then e^z - 1 is -9.9999999995e-11, but `z.exp() - 1.0` is -1.00000008274e-10",
        &[-1e-10, 1.0, elu(-1e-10, 1.0), 1.0, f64::exp(-1e-10) - 1.0],
    );
    lesson.says("σ(40) is 1 - 4.2e-18", &[40.0, 1.0, sigmoid(-40.0)]);
    assert_eq!(sigmoid(40.0), 1.0);
    lesson.says("it is 4.248e-18", &[sigmoid_derivative(40.0)]);

    lesson.given("0.044715");
    let largest = (-800..=800).map(|i| 0.01 * f64::from(i)).map(|z| (gelu(z) - z * normal_distribution(z)).abs());
    assert!(largest.fold(0.0, f64::max) < 0.0005);
    lesson.given("off by less than 0.0005");

    lesson.given("z.max(0.0)");
    lesson.given("`Activation::Elu(2.0)`");
    lesson.given("if alpha == 2.0 {");
    lesson.given("\"{z:6.2} {}\", \"#\".repeat((20.0 * slope)");
    lesson.given("put 0.5 in the place of 2.0, and\nafter that 1.0");
    lesson.given("a small h such as 0.00001");
    let measured = (elu(-1.0 + 0.00001, 2.0) - elu(-1.0 - 0.00001, 2.0)) / 0.00002;
    assert!((measured - elu_derivative(-1.0, 2.0)).abs() < 1e-8);
    lesson.given("`1.0 / 1.0 + x` is not `1.0 / (1.0 + x)`");
    lesson.says(
        "With alpha = 2 and z = -1 that is -1, not -2",
        &[2.0, -1.0, f64::max(-2.0, -1.0), leaky_relu(-1.0, 2.0)],
    );
    assert_eq!(sigmoid(-1000.0), 0.0);
    lesson.given("survive z = -1000, although e^1000 is infinite");

    lesson.finish();
}

/// Mean and variance of `activation(z)` for a standard normal z, by the midpoint rule.
fn moments(activation: impl Fn(f64) -> f64) -> (f64, f64) {
    let width = 1e-3;
    let integral = |f: &dyn Fn(f64) -> f64| -> f64 {
        (-10_000..10_000).map(|i| width * (f64::from(i) + 0.5)).map(|z| f(z) * density(z) * width).sum()
    };
    let mean = integral(&activation);
    (mean, integral(&|z| (activation(z) - mean).powi(2)))
}

fn density(z: f64) -> f64 {
    (-0.5 * z * z).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// Φ(z): a half, and the integral of the density from 0 to z.
fn normal_distribution(z: f64) -> f64 {
    let steps = 2000;
    let width = z / f64::from(steps);
    0.5 + (0..steps).map(|i| density(width * (f64::from(i) + 0.5)) * width).sum::<f64>()
}
