//! Holds every gradient of the engine against measured slopes, and against numbers that were computed with NumPy.

use approx::assert_abs_diff_eq;
use backprop_engine_solution::{
    Activation, BceWithLogits, Layer, Linear, Loss, Mse, Relu, Sequential, Sigmoid, Softmax, SoftmaxCrossEntropy, Tanh,
    mlp,
};
use ndarray::{Array1, Array2, ArrayRef2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

/// The slope of `f` along each entry of `x`, with a step of 1e-5 to either side.
fn measured(x: &Array2<f64>, mut f: impl FnMut(&Array2<f64>) -> f64) -> Array2<f64> {
    const H: f64 = 1e-5;
    Array2::from_shape_fn(x.dim(), |place| {
        let mut at = |nudge: f64| {
            let mut x = x.clone();
            x[place] += nudge;
            f(&x)
        };
        (at(H) - at(-H)) / (2.0 * H)
    })
}

/// Numbers between -2 and 2, none of them near 0.
fn numbers(shape: (usize, usize)) -> Array2<f64> {
    Array2::from_shape_fn(shape, |(i, j)| 2.0 * (3.0 * i as f64 + 1.7 * j as f64 + 1.0).sin())
}

#[test]
fn every_layer_passes_back_the_measured_slope() {
    let (x, d_out) = (numbers((3, 4)), numbers((3, 4)).mapv(|d| 0.7 - d));
    let linear = || Linear::from_parts(numbers((4, 4)).mapv(f64::cos), Array1::ones(4));
    let layers: [(&str, Box<dyn Layer>); 5] = [
        ("linear", Box::new(linear())),
        ("relu", Box::new(Relu::default())),
        ("sigmoid", Box::new(Sigmoid::default())),
        ("tanh", Box::new(Tanh::default())),
        ("softmax", Box::new(Softmax::default())),
    ];
    for (name, mut layer) in layers {
        let slopes = measured(&x, |x| (layer.forward(x) * &d_out).sum());
        layer.forward(&x);
        let d_x = layer.backward(&d_out);
        assert!(d_x.abs_diff_eq(&slopes, 1e-8), "{name}: {d_x} is not {slopes}");
    }
}

#[test]
fn every_loss_has_the_measured_gradient() {
    let outputs = numbers((3, 4));
    let classes = array![[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]];
    let losses: [(&str, Box<dyn Loss>, Array2<f64>); 3] = [
        ("mse", Box::new(Mse), numbers((3, 4)).mapv(f64::exp)),
        ("bce", Box::new(BceWithLogits), array![[0.0, 1.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0], [1.0, 0.0, 0.0, 0.0]]),
        ("cross-entropy", Box::new(SoftmaxCrossEntropy), classes),
    ];
    for (name, loss, targets) in losses {
        let slopes = measured(&outputs, |outputs| loss.value(outputs, &targets));
        let gradient = loss.gradient(&outputs, &targets);
        assert!(gradient.abs_diff_eq(&slopes, 1e-8), "{name}: {gradient} is not {slopes}");
    }
}

#[test]
fn a_linear_layer_has_the_gradients_of_the_lesson() {
    let mut layer = Linear::from_parts(array![[0.1, -0.2], [0.3, 0.4]], array![0.5, -0.5]);
    let z = layer.forward(&array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]);
    assert_abs_diff_eq!(z, array![[1.2, 0.1], [2.0, 0.5], [2.8, 0.9]], epsilon = 1e-12);
    let d_x = layer.backward(&array![[1.0, 2.0], [3.0, 4.0], [-5.0, 1.0]]);
    assert_abs_diff_eq!(d_x, array![[-0.3, 1.1], [-0.5, 2.5], [-0.7, -1.1]], epsilon = 1e-12);
    assert_abs_diff_eq!(layer.d_weights, array![[-15.0, 19.0], [-16.0, 26.0]], epsilon = 1e-12);
    assert_abs_diff_eq!(layer.d_biases, array![-1.0, 7.0], epsilon = 1e-12);
}

/// 2-4-3-2-1 with ReLUs and a sigmoid at the end. No layer is dead, and no pre-activation on XOR is near a kink.
fn four_layers() -> Sequential {
    let sizes: [usize; 5] = [2, 4, 3, 2, 1];
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for l in 0..4 {
        let weights = Array2::from_shape_fn((sizes[l], sizes[l + 1]), |(i, j)| {
            0.8 * (7.0 * l as f64 + 3.0 * i as f64 + j as f64 + 1.0).sin()
        });
        layers.push(Box::new(Linear::from_parts(weights, Array1::from_elem(sizes[l + 1], 0.1))));
        layers.push(if l < 3 { Box::new(Relu::default()) } else { Box::new(Sigmoid::default()) });
    }
    Sequential::new(layers)
}

#[test]
fn four_layers_have_the_gradients_that_numpy_computes() {
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = array![[0.0], [1.0], [1.0], [0.0]];
    let mut network = four_layers();
    let output = network.forward(&x);
    let by_numpy = array![[0.5224342710799867], [0.5219871882414597], [0.5230585305694492], [0.5227379643109866]];
    assert_abs_diff_eq!(output, by_numpy, epsilon = 1e-14);
    assert_abs_diff_eq!(Mse.value(&output, &y), 0.2505404900996875, epsilon = 1e-14);

    let d_x = network.backward(&Mse.gradient(&output, &y));
    let mut of_input = four_layers();
    assert_abs_diff_eq!(d_x, measured(&x, |x| Mse.value(&of_input.forward(x), &y)), epsilon = 1e-9);
    let expected: [&[f64]; 8] = [
        &[
            1.909856778e-4,
            -1.614105475e-4,
            -7.148176994e-4,
            -7.388070345e-4,
            1.000254057e-3,
            -9.311568255e-4,
            0.0,
            -7.102783278e-4,
        ],
        &[1.190713591e-3, -1.092077575e-3, 1.281611348e-4, -1.448696742e-3],
        &[
            -5.909121340e-4,
            2.409288094e-4,
            -6.964052435e-5,
            -8.027805835e-4,
            3.273125717e-4,
            -4.168977367e-5,
            -1.272846118e-4,
            5.189693733e-5,
            -2.600243690e-5,
            1.621266236e-4,
            -6.610284703e-5,
            1.176049784e-4,
        ],
        &[1.467623541e-3, -5.983847209e-4, -2.822515897e-4],
        &[-3.273748099e-5, -4.895166083e-4, -4.546260416e-5, -6.797926755e-4, 1.448279931e-5, 2.165582257e-4],
        &[-7.968289373e-5, -1.191481406e-3],
        &[-1.695772187e-3, 8.447487379e-4],
        &[1.125298121e-2],
    ];
    let parameters = network.parameters();
    assert_eq!(parameters.len(), 8);
    for (parameter, expected) in parameters.iter().zip(expected) {
        assert_eq!(parameter.value.shape(), parameter.gradient.shape());
        assert_abs_diff_eq!(
            parameter.gradient.iter().copied().collect::<Array1<f64>>(),
            Array1::from_iter(expected.iter().copied()),
            epsilon = 1e-11
        );
    }
}

#[test]
fn a_step_goes_down_the_measured_slopes_of_every_parameter() {
    const LEARNING_RATE: f64 = 0.5;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(3);
    let (x, y) = (numbers((5, 3)), numbers((5, 2)).mapv(|z| if z > 0.0 { 1.0 } else { 0.0 }));
    let mut network = mlp(&[3, 4, 2], Activation::Tanh, &mut rng);
    let loss = |network: &mut Sequential, x: &ArrayRef2<f64>| BceWithLogits.value(&network.forward(x), &y);
    let before: Vec<_> = network.parameters().iter().map(|parameter| parameter.value.to_owned()).collect();

    let mut slopes = Vec::new();
    for (number, value) in before.iter().enumerate() {
        let flat: Array2<f64> = value.clone().into_shape_with_order((1, value.len())).unwrap();
        slopes.push(measured(&flat, |nudged| {
            let nudged = nudged.clone().into_shape_with_order(value.raw_dim()).unwrap();
            network.parameters()[number].value.assign(&nudged);
            let there = loss(&mut network, &x);
            network.parameters()[number].value.assign(value);
            there
        }));
    }
    let at_first = loss(&mut network, &x);
    assert_eq!(network.train_step(&x, &y, &BceWithLogits, LEARNING_RATE), at_first);
    for ((parameter, before), slopes) in network.parameters().iter().zip(before).zip(slopes) {
        for ((after, before), slope) in parameter.value.iter().zip(&before).zip(&slopes) {
            assert!(slope.abs() > 1e-6, "this parameter is dead, and the test sees nothing");
            assert_abs_diff_eq!(*after, before - LEARNING_RATE * slope, epsilon = 1e-9);
        }
    }
}

#[test]
fn a_network_for_digits_has_as_many_parameters_as_one_counts() {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut network = mlp(&[784, 256, 128, 10], Activation::Relu, &mut rng);
    assert_eq!(network.n_parameters(), 235_146);
    println!("{}", network.summary());
    // He et al.: the variance is 2 / n_in.
    let weights = network.parameters()[0].value.to_owned();
    assert_abs_diff_eq!(weights.std(0.0), (2.0_f64 / 784.0).sqrt(), epsilon = 5e-4);
}

#[test]
fn losses_of_extreme_scores_are_finite_and_exact() {
    assert_eq!(BceWithLogits.value(&array![[800.0, -800.0]], &array![[0.0, 0.0]]), 400.0);
    assert_eq!(BceWithLogits.gradient(&array![[800.0, -800.0]], &array![[0.0, 0.0]]), array![[0.5, 0.0]]);
    let (z, y) = (array![[0.0, 1000.0], [1000.0, 0.0]], array![[1.0, 0.0], [1.0, 0.0]]);
    assert_eq!(SoftmaxCrossEntropy.value(&z, &y), 500.0);
    assert_eq!(SoftmaxCrossEntropy.gradient(&z, &y), array![[-0.5, 0.5], [0.0, 0.0]]);
}

#[test]
#[should_panic(expected = "call forward first")]
fn there_is_no_backward_pass_without_a_forward_pass() {
    Tanh::default().backward(&array![[1.0]]);
}
