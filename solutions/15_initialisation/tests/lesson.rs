//! Computes every number in the lesson.

use engine::{Activation, SoftmaxCrossEntropy};
use initialisation_solution::{
    Init, activation_scales, build, draw_weights, gradient_scales, rescale, saturation, scale, std_of, uniform_bound,
};
use lesson::Lesson;
use ndarray::{Array2, array};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    lesson.says("0.5²⁰ = 0.00000095        1.5²⁰ = 3325", &[0.5_f64.powi(20), 1.5_f64.powi(20)]);
    rules(&mut lesson);
    two_layers(&mut lesson);
    ten_layers(&mut lesson);
    who_learns(&mut lesson);
    lesson.given("`*w /= 2.0` halves it");
    lesson.given("784-256-128-10");
    lesson.given("leaky ReLU, with slope 0.1");
    lesson.given("The input has the scale 0.1 in place of 1");
    lesson.given("10 inputs and 1,000 outputs");
    lesson.given("section 2.2");
    lesson.finish();
}

fn rules(lesson: &mut Lesson) {
    let (he, xavier) = (std_of(Init::HeNormal, 8, 24), std_of(Init::XavierUniform, 8, 24));
    lesson.says("He: s² = 2 / 8 = 0.25, so s = 0.5", &[2.0, 8.0, he * he, he]);
    lesson.says("s² = 2 / (8 + 24) = 0.0625, so s = 0.25", &[2.0, 8.0, 24.0, xavier * xavier, xavier]);
    let b = uniform_bound(xavier);
    lesson.says("between -0.4330 and 0.4330", &[-b, b]);
    assert_eq!(std_of(Init::XavierNormal, 24, 8), xavier);
    lesson.says("He's rule a smaller one: s = 0.2887", &[std_of(Init::HeUniform, 24, 8)]);
    lesson.says("only 58 % of the wanted", &[100.0 / uniform_bound(1.0)]);
}

fn two_layers(lesson: &mut Lesson) {
    lesson.given("[0.5,  1]]            [1, 3]]");
    let x = array![[2.0, 1.0]];
    let mut weights = [array![[1.0, -2.0], [0.5, 1.0]], array![[2.0, 1.0], [1.0, 3.0]]];
    let z1 = x.dot(&weights[0]);
    let a1 = z1.mapv(|z: f64| z.max(0.0));
    let z2 = a1.dot(&weights[1]);
    lesson.says(
        "Z₁ = [2.5, -3]      A₁ = [2.5, 0]      Z₂ = [5, 2.5]      A₂ = [5, 2.5]",
        &[z1[[0, 0]], z1[[0, 1]], a1[[0, 0]], a1[[0, 1]], z2[[0, 0]], z2[[0, 1]], z2[[0, 0]], z2[[0, 1]]],
    );
    let forwards = activation_scales(&weights, Activation::Relu, &x);
    lesson.says("√((2.5² + 0²) / 2) = 1.7678 and 3.9528", &[2.0, forwards[0], forwards[1]]);
    let backwards = gradient_scales(&weights, Activation::Relu, &x, &array![[1.0, -1.0]]);
    lesson.says("first layer first, are 0.7071 and 1.", &backwards);
    lesson.says("Z₁ = [2.5, -3] has the scale 2.7613", &[z1[[0, 0]], z1[[0, 1]], scale(&z1)]);
    rescale(&mut weights, Activation::Relu, &x);
    lesson.says("[[0.3621, -0.7243], [0.1811, 0.3621]]", &weights[0].iter().copied().collect::<Vec<_>>());
}

/// The scales of what ten layers of 100 neurons put out, of dZ of the first one, and how much of the last is saturated.
fn deep(init: Init, activation: Activation) -> [f64; 5] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let signs = |rng: &mut Xoshiro256PlusPlus| {
        Array2::from_shape_simple_fn((200, 100), || if rng.random::<bool>() { 1.0 } else { -1.0 })
    };
    let x = signs(rng);
    let weights: Vec<_> = (0..10).map(|_| draw_weights(init, 100, 100, rng)).collect();
    let d_out = signs(rng);
    let forwards = activation_scales(&weights, activation, &x);
    let backwards = gradient_scales(&weights, activation, &x, &d_out);
    let mut a = x;
    for w in &weights {
        a = a.dot(w).mapv(|z| if activation == Activation::Relu { z.max(0.0) } else { z.tanh() });
    }
    [forwards[0], forwards[1], forwards[9], backwards[0], saturation(&a, activation)]
}

fn ten_layers(lesson: &mut Lesson) {
    let rows = [
        (
            "| s = 0.01   | 0.0697            | 0.0052     | 3.9e-12     | 3.4e-11       |",
            Init::Normal(0.01),
            Activation::Relu,
        ),
        (
            "| Xavier     | 0.6972            | 0.5238     | 0.0387      | 0.0337        |",
            Init::XavierNormal,
            Activation::Relu,
        ),
        (
            "| He         | 0.9860            | 1.0476     | 1.2384      | 0.7631        |",
            Init::HeNormal,
            Activation::Relu,
        ),
        (
            "| s = 1      | 6.9719            | 52.3791    | 3.9e8       | 3.4e7         |",
            Init::Normal(1.0),
            Activation::Relu,
        ),
        (
            "| s = 0.01   | 0.0983            | 0.0099     | 9.3e-11     | 9.5e-10       |",
            Init::Normal(0.01),
            Activation::Tanh,
        ),
        (
            "| Xavier     | 0.6272            | 0.4866     | 0.2147      | 0.2598        |",
            Init::XavierNormal,
            Activation::Tanh,
        ),
        (
            "| s = 1      | 0.9591            | 0.9573     | 0.9564      | 501.3         |",
            Init::Normal(1.0),
            Activation::Tanh,
        ),
    ];
    for (row, init, activation) in rows {
        let scales = &deep(init, activation)[..4];
        match init {
            Init::Normal(s) => lesson.says(row, &[&[s], scales].concat()),
            _ => lesson.says(row, scales),
        }
    }
    lesson.says("### Ten layers of 100 neurons", &[100.0]);
    lesson.says(
        "√(100/2) · s: 0.0707 for s = 0.01, √½ = 0.7071 for Xavier, 1 for He",
        &[100.0, 2.0, 50.0_f64.sqrt() * 0.01, 0.01, 0.5_f64.sqrt(), 1.0],
    );
    let saturated = deep(Init::Normal(1.0), Activation::Tanh)[4];
    assert!((0.74..0.78).contains(&saturated), "{saturated}");
    lesson.says("76 % of the outputs of a layer", &[100.0 * saturated_on_average()]);
}

/// The share of saturated outputs over all ten layers.
fn saturated_on_average() -> f64 {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mut a = Array2::from_shape_simple_fn((200, 100), || if rng.random::<bool>() { 1.0 } else { -1.0 });
    let mut sum = 0.0;
    for _ in 0..10 {
        a = a.dot(&draw_weights(Init::Normal(1.0), 100, 100, rng)).mapv(f64::tanh);
        sum += saturation(&a, Activation::Tanh);
    }
    sum / 10.0
}

/// Of 10 random starts, how many networks learn.
fn learned(n_layers: usize, init: Init) -> f64 {
    let learns = |seed: &u64| {
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(*seed);
        let data = datasets::circles(100, 0.5, 0.05, rng);
        let y = Array2::from_shape_fn((100, 2), |(i, class)| f64::from(u8::from(data.labels[i] == class)));
        let sizes: Vec<usize> = [2].into_iter().chain(vec![16; n_layers]).chain([2]).collect();
        let mut net = build(&sizes, Activation::Relu, init, rng);
        (0..300).fold(0.0, |_, _| net.train_step(&data.features, &y, &SoftmaxCrossEntropy, 0.1)) < 0.2
    };
    (0..10).filter(learns).count() as f64
}

fn who_learns(lesson: &mut Lesson) {
    lesson.given("300 steps at the learning rate 0.1");
    lesson.given("a loss below 0.2");
    lesson.says("gives 0.6931", &[2.0_f64.ln()]);
    lesson.says("| hidden layers | He | Xavier | s = 0.01 | s = 1 |", &[0.01, 1.0]);
    for (row, n_layers) in [
        ("| 2             | 10 | 10     | 0        | 10    |", 2),
        ("| 8             | 10 | 10     | 0        | 0     |", 8),
        ("| 16            | 10 | 0      | 0        | 0     |", 16),
    ] {
        let starts = [Init::HeNormal, Init::XavierNormal, Init::Normal(0.01), Init::Normal(1.0)];
        let counts: Vec<f64> = starts.iter().map(|init| learned(n_layers, *init)).collect();
        lesson.says(row, &[&[n_layers as f64], &*counts].concat());
    }
}

/// How often a right solution would fail the grader's checks of random weights: the standard deviations of 200 × 60 weights
/// stay within 3 % of the right one in 200 draws, and the grader allows 6 %.
#[test]
fn drawn_weights_are_far_from_the_limits_of_the_checks() {
    for init in [Init::XavierNormal, Init::XavierUniform, Init::HeNormal, Init::HeUniform] {
        for seed in 0..50 {
            let w = draw_weights(init, 200, 60, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
            assert!((w.std(0.0) / std_of(init, 200, 60) - 1.0).abs() < 0.03);
        }
    }
}
