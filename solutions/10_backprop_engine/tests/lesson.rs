//! Computes every number in the lesson.

use backprop_engine_solution::{Activation, Layer, Linear, Loss, Mse, Sigmoid, mlp};
use lesson::Lesson;
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, StandardNormal};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    one_linear_layer(&mut lesson);
    a_whole_network(&mut lesson);
    deep_networks(&mut lesson);

    let mut network = mlp(&[784, 256, 128, 10], Activation::Relu, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let n = network.n_parameters() as f64;
    lesson.given("mlp(&[784, 256, 128, 10], …)");
    lesson.says("235,146 parameters", &[n]);
    lesson.says("470,292 passes", &[2.0 * n]);

    let source = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")).unwrap();
    let code = source.lines().filter(|line| !(line.trim().is_empty() || line.trim_start().starts_with("//"))).count();
    assert!((190..=260).contains(&code), "{code} lines of code");
    lesson.given("about 200 lines long");
    lesson.given("section 6.5");
    lesson.finish();
}

fn one_linear_layer(lesson: &mut Lesson) {
    let (x, w, b) = (array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], array![[0.1, -0.2], [0.3, 0.4]], array![0.5, -0.5]);
    lesson.given("W = [[0.1, -0.2],      b = [0.5, -0.5]");
    lesson.given("[0.3,  0.4]]");
    let mut layer = Linear::from_parts(w.clone(), b);
    let z = layer.forward(&x);
    lesson.says("1 · 0.1 + 2 · 0.3 + 0.5 = 1.2", &[1.0, 0.1, 2.0, 0.3, 0.5, z[[0, 0]]]);
    lesson.says("1 · (-0.2) + 2 · 0.4 - 0.5 = 0.1", &[1.0, -0.2, 2.0, 0.4, 0.5, z[[0, 1]]]);
    lesson.says("Z = [[1.2, 0.1],\n         [2.0, 0.5],\n         [2.8, 0.9]]", &z.iter().copied().collect::<Vec<_>>());

    let dz = array![[1.0, 2.0], [3.0, 4.0], [-5.0, 1.0]];
    let dx = layer.backward(&dz);
    lesson.says("1 · 2 + 3 · 4 + 5 · 1 = 19", &[1.0, 2.0, 3.0, 4.0, 5.0, 1.0, layer.d_weights[[0, 1]]]);
    let first_row = [layer.d_weights.row(0).to_vec(), layer.d_biases.to_vec()].concat();
    lesson.says("dW = [[-15, 19],      db = [-1, 7]", &first_row);
    lesson.says("[-16, 26]]", &layer.d_weights.row(1).to_vec());
    lesson.says("through the weight 0.1, and output 1 through -0.2", &[w[[0, 0]], 1.0, w[[0, 1]]]);
    lesson.says("1 · 0.1 + 2 · (-0.2) = -0.3", &[1.0, 0.1, 2.0, -0.2, dx[[0, 0]]]);
    lesson.says(
        "dX = [[-0.3,  1.1],\n          [-0.5,  2.5],\n          [-0.7, -1.1]]",
        &dx.iter().copied().collect::<Vec<_>>(),
    );
    let mean = &layer.d_weights / 3.0;
    lesson.says("[[-5, 6.33], [-5.33, 8.67]]", &mean.iter().copied().collect::<Vec<_>>());
    lesson.says("[0.7, 0.6]", &dz.dot(&w).row(0).to_vec());
}

fn a_whole_network(lesson: &mut Lesson) {
    lesson.given("x = [0.5, 0.8] and the target 1");
    let mut layers: [(&str, Box<dyn Layer>); 4] = [
        ("Linear", Box::new(Linear::from_parts(array![[0.1, 0.3], [0.2, 0.4]], array![0.01, 0.02]))),
        ("Sigmoid", Box::new(Sigmoid::default())),
        ("Linear", Box::new(Linear::from_parts(array![[0.5], [0.6]], array![0.03]))),
        ("Sigmoid", Box::new(Sigmoid::default())),
    ];
    let mut signals = vec![array![[0.5, 0.8]]];
    for (_, layer) in &mut layers {
        signals.push(layer.forward(&signals[signals.len() - 1]));
    }
    let mut gradients = vec![Mse.gradient(&signals[4], &array![[1.0]])];
    for (_, layer) in layers.iter_mut().rev() {
        gradients.push(layer.backward(&gradients[gradients.len() - 1]));
    }
    gradients.reverse();
    for (row, step) in [
        ("| X       | [0.5, 0.8]                   | [-0.008223, -0.012200]           |", 0),
        ("| Linear  | [0.220000, 0.490000]         | [-0.018547, -0.021227]           |", 1),
        ("| Sigmoid | [0.554779, 0.620106]         | [-0.075091, -0.090109]           |", 2),
        ("| Linear  | 0.679453                     | -0.150181                        |", 3),
        ("| Sigmoid | 0.663617                     | -0.672767                        |", 4),
    ] {
        lesson.says(row, &[signals[step].row(0).to_vec(), gradients[step].row(0).to_vec()].concat());
    }
    lesson.says("| Mse     | 0.113154   ", &[Mse.value(&signals[4], &array![[1.0]])]);
}

fn deep_networks(lesson: &mut Lesson) {
    let quartiles = [Activation::Relu, Activation::Tanh, Activation::Sigmoid].map(|activation| {
        let mut ratios: Vec<f64> = (0..400).map(|seed| first_to_last(activation, seed)).collect();
        ratios.sort_by(f64::total_cmp);
        [ratios[200], ratios[100], ratios[300]]
    });
    lesson.given("Of 400 networks");
    for (row, quartiles) in [
        "| ReLU       | 0.39    | 0.25 to 0.62         |",
        "| Tanh       | 0.82    | 0.62 to 1.05         |",
        "| Sigmoid    | 0.00004 | 0.000027 to 0.000088 |",
    ]
    .into_iter()
    .zip(&quartiles)
    {
        lesson.says(row, quartiles);
    }
    assert!((24_000.0..26_000.0).contains(&(1.0 / quartiles[2][0])));
    lesson.given("about 25,000 steps");
    lesson.says("0.25^8 = 0.000015", &[0.25, 8.0, 0.25_f64.powi(8)]);
}

/// The size of the gradient in the first layer of a deep network, as a multiple of that in the last one.
fn first_to_last(activation: Activation, seed: u64) -> f64 {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut normal = |shape| Array2::from_shape_simple_fn(shape, || StandardNormal.sample(&mut rng));
    let (x, y): (Array2<f64>, Array2<f64>) = (normal((50, 20)), normal((50, 1)));
    let mut network = mlp(&[20, 20, 20, 20, 20, 20, 20, 20, 20, 1], activation, &mut rng);
    let output = network.forward(&x);
    network.backward(&Mse.gradient(&output, &y));
    let parameters = network.parameters();
    let size = |number: usize| parameters[2 * number].gradient.mapv(|d| d * d).sum().sqrt();
    size(0) / size(8)
}
