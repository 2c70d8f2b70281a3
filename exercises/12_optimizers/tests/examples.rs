//! The lesson's worked examples. Run them with `cargo test -p optimizers`; the grader asks for more.

use approx::assert_abs_diff_eq;
use engine::{Linear, Mse, Parameter, Sequential};
use ndarray::{Array1, Array2, array};
use optimizers::{
    Adam, AdamW, Momentum, Nesterov, Optimizer, RmsProp, Sgd, rosenbrock, rosenbrock_grad, train, trajectory,
};

/// Where a parameter of 1 is after each step, for the gradients 1, -2 and 0.5.
fn three_steps(optimizer: &mut dyn Optimizer) -> Array1<f64> {
    let mut theta = array![1.0];
    let after = [1.0, -2.0, 0.5].map(|g| {
        let gradient = array![g];
        let parameter = Parameter { value: theta.view_mut().into_dyn(), gradient: gradient.view().into_dyn() };
        optimizer.step(&mut [parameter]);
        theta[0]
    });
    Array1::from(after.to_vec())
}

#[test]
fn gradient_descent_goes_against_the_gradient() {
    assert_abs_diff_eq!(three_steps(&mut Sgd::new(0.1)), array![0.9, 1.1, 1.05], epsilon = 1e-12);
}

#[test]
fn a_ball_keeps_most_of_its_velocity() {
    assert_abs_diff_eq!(three_steps(&mut Momentum::new(0.1, 0.9)), array![0.9, 1.01, 1.059], epsilon = 1e-12);
    assert_abs_diff_eq!(three_steps(&mut Nesterov::new(0.1, 0.9)), array![0.81, 1.109, 1.1031], epsilon = 1e-12);
}

#[test]
fn large_gradients_are_divided_by_what_is_usual() {
    let rms_prop = three_steps(&mut RmsProp::new(0.1, 0.9, 1e-8));
    assert_abs_diff_eq!(rms_prop, array![0.683_772, 0.969_487, 0.896_242], epsilon = 1e-6);
    let adam = three_steps(&mut Adam::new(0.1, [0.9, 0.999], 1e-8));
    assert_abs_diff_eq!(adam, array![0.9, 0.936_610, 0.950_279], epsilon = 1e-6);
}

#[test]
fn decay_shrinks_a_parameter_without_a_gradient() {
    let (mut theta, gradient) = (array![[1.0, -2.0]], array![[0.0, 0.0]]);
    let parameter = Parameter { value: theta.view_mut().into_dyn(), gradient: gradient.view().into_dyn() };
    AdamW::new(0.1, [0.9, 0.999], 1e-8, 0.01).step(&mut [parameter]);
    assert_abs_diff_eq!(theta, array![[0.999, -1.998]], epsilon = 1e-12);
}

#[test]
fn the_walls_of_rosenbrocks_valley_are_steep() {
    assert_eq!(rosenbrock(&array![-1.0, 1.0]), 4.0);
    assert_eq!(rosenbrock_grad(&array![-1.0, 1.0]), array![-4.0, 0.0]);
    assert_eq!(rosenbrock(&array![1.0, 1.0]), 0.0);
}

#[test]
fn a_path_begins_at_its_start() {
    let path = trajectory(&mut Sgd::new(0.001), rosenbrock_grad, &array![-1.0, 1.0], 100);
    assert_eq!(path.dim(), (101, 2));
    assert_eq!(path.row(0), array![-1.0, 1.0]);
    assert_abs_diff_eq!(path.row(1), array![-0.996, 1.0].view(), epsilon = 1e-12);
    assert_abs_diff_eq!(rosenbrock(&path.row(100)), 3.6647, epsilon = 1e-4);
}

#[test]
fn any_rule_trains_a_network() {
    let mut net = Sequential::new(vec![Box::new(Linear::from_parts(Array2::zeros((1, 1)), Array1::zeros(1)))]);
    let (x, y) = (array![[-1.0], [0.0], [1.0]], array![[-1.0], [1.0], [3.0]]);
    let losses = train(&mut net, &x, &y, &Mse, &mut Momentum::new(0.1, 0.5), 100);
    assert_abs_diff_eq!(losses[0], 11.0 / 3.0, epsilon = 1e-12);
    assert!(losses[99] < 1e-6, "the loss before the last step is {}", losses[99]);
}
