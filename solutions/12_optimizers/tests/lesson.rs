//! Computes every number in the lesson.

use engine::{Activation, Parameter, SoftmaxCrossEntropy, mlp};
use lesson::Lesson;
use ndarray::{Array1, Array2, ArrayRef1, array};
use optimizers_solution::{
    Adam, AdamW, Momentum, Nesterov, Optimizer, RmsProp, Sgd, rosenbrock, rosenbrock_grad, train, trajectory,
};
use rand::SeedableRng;

const BETAS: [f64; 2] = [0.9, 0.999];
const EPSILON: f64 = 1e-8;

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    a_narrow_valley(&mut lesson);
    lesson.given("β = β₁ = 0.9,\nα = 0.99, β₂ = 0.999, ε = 1e-8");
    lesson.given("A parameter starts at 1, lr = 0.1, and the gradients of three steps are 1, -2 and 0.5");
    the_first_rules(&mut lesson);
    three_momentums(&mut lesson);
    adam(&mut lesson);
    weight_decay(&mut lesson);
    a_bent_valley(&mut lesson);
    lesson.given("`*a *= 0.9`");
    lesson.given("β = 0.9, and what");

    let mut generator = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
    let n_parameters = mlp(&[784, 256, 128, 10], Activation::Relu, &mut generator).n_parameters();
    lesson.says("a network of 235,146 parameters", &[n_parameters as f64]);
    lesson.given("The loss is multiplied by 100");
    a_saddle(&mut lesson);
    a_local_minimum(&mut lesson);
    lesson.finish();
}

fn a_saddle(lesson: &mut Lesson) {
    let gradient = |point: &ArrayRef1<f64>| array![point[0], -point[1]];
    let last = trajectory(&mut Sgd::new(0.1), gradient, &array![1.0, 0.0], 1000).row(1000).to_owned();
    assert!(last[0].abs() < 1e-9 && last[1] == 0.0);
    lesson.given("at (1, 1e-6)");
    lesson.given("With lr = 0.1 the number of steps");
    let rules: [Box<dyn Optimizer>; 3] =
        [Box::new(Sgd::new(0.1)), Box::new(Momentum::new(0.1, 0.9)), Box::new(Adam::new(0.1, BETAS, EPSILON))];
    let steps = rules.map(|mut rule| {
        let path = trajectory(&mut *rule, gradient, &array![1.0, 1e-6], 200);
        path.column(1).iter().position(|y| y.abs() >= 1.0).expect("it escapes") as f64
    });
    lesson.given("| SGD | Momentum, β = 0.9 | Adam |");
    lesson.says("| 145 | 52                | 11   |", &steps);
}

fn a_local_minimum(lesson: &mut Lesson) {
    lesson.given("x⁴ - 2x² + 0.3x");
    let end = |beta, start| {
        let gradient = |x: &ArrayRef1<f64>| array![4.0 * x[0].powi(3) - 4.0 * x[0] + 0.3];
        trajectory(&mut Momentum::new(0.01, beta), gradient, &array![start], 2000)[[2000, 0]]
    };
    lesson.says("a local minimum at x = 0.96 and the global one at x = -1.04", &[end(0.0, 2.0), end(0.9, 2.0)]);
    lesson.given("Start at x = 2 with lr = 0.01.");
    lesson.says("SGD stops at 0.96", &[end(0.0, 2.0)]);
    lesson.given("Momentum with β = 0.9 arrives");
    lesson.says("and ends at -1.04", &[end(0.9, 2.0)]);
    lesson.says("Starting at 1.5 it is too slow, and ends at 0.96", &[1.5, end(0.9, 1.5)]);
}

/// Where a parameter of 1 is after each step.
fn steps(optimizer: &mut dyn Optimizer, gradients: &[f64]) -> Vec<f64> {
    let mut theta = array![1.0];
    gradients.iter().map(|&g| step(optimizer, &mut theta, g)).collect()
}

fn step(optimizer: &mut dyn Optimizer, theta: &mut Array1<f64>, g: f64) -> f64 {
    let gradient = array![g];
    optimizer.step(&mut [Parameter { value: theta.view_mut().into_dyn(), gradient: gradient.view().into_dyn() }]);
    theta[0]
}

const GRADIENTS: [f64; 3] = [1.0, -2.0, 0.5];

/// A running `memory ← keep · memory + take · new` that starts at 0, after each of `new`.
fn running(keep: f64, take: f64, new: impl IntoIterator<Item = f64>) -> Vec<f64> {
    let mut memory = 0.0;
    let mut next = |new: f64| {
        memory = keep * memory + take * new;
        memory
    };
    new.into_iter().map(&mut next).collect()
}

fn squares() -> impl Iterator<Item = f64> {
    GRADIENTS.iter().map(|g| g * g)
}

fn a_narrow_valley(lesson: &mut Lesson) {
    let valley = |point: &ArrayRef1<f64>| array![point[0], 50.0 * point[1]];
    let after = |rate: f64| trajectory(&mut Sgd::new(rate), valley, &array![1.0, 1.0], 1).row(1).to_vec();
    let [x, y] = after(0.04)[..] else { panic!("a point has two coordinates") };
    assert!((y + 1.0).abs() < 1e-12 && after(0.041)[1] < -1.0, "the border");
    lesson.says("Above lr = 0.04 that is below -1", &[2.0 / 50.0, y]);
    lesson.given("with 0.04 it loses four hundredths");
    assert!((x - 0.96).abs() < 1e-12);
}

fn the_first_rules(lesson: &mut Lesson) {
    let sgd = steps(&mut Sgd::new(0.1), &GRADIENTS);
    let momentum = steps(&mut Momentum::new(0.1, 0.9), &GRADIENTS);
    let nesterov = steps(&mut Nesterov::new(0.1, 0.9), &GRADIENTS);
    let rms_prop = steps(&mut RmsProp::new(0.1, 0.9, EPSILON), &GRADIENTS);
    let velocities = running(0.9, 1.0, GRADIENTS);
    let mean_squares = running(0.9, 1.0 - 0.9, squares());

    let by_hand = [
        ("v = 0.9 · 0 + 1 = 1              θ = 1 - 0.1 · 1 = 0.9", [0.9, 0.0, 1.0]),
        ("v = 0.9 · 1 - 2 = -1.1           θ = 0.9 + 0.1 · 1.1 = 1.01", [0.9, 1.0, 2.0]),
        ("v = -0.9 · 1.1 + 0.5 = -0.49     θ = 1.01 + 0.1 · 0.49 = 1.059", [-0.9, 1.1, 0.5]),
    ];
    let mut before = 1.0;
    for (n, (line, product)) in by_hand.into_iter().enumerate() {
        let step = [velocities[n], before, 0.1, velocities[n].abs(), momentum[n]];
        lesson.says(line, &[&product[..], &step].concat());
        before = momentum[n];
    }

    lesson.given("SGD  | Momentum, β = 0.9    | Nesterov, β = 0.9 | RMSProp, α = 0.9 ");
    let rows = [
        "| 1    | 1   | 0.9  | v = 1, θ = 0.9       | θ = 0.81          | s = 0.1, θ = 0.683772   |",
        "| 2    | -2  | 1.1  | v = -1.1, θ = 1.01   | θ = 1.109         | s = 0.49, θ = 0.969487  |",
        "| 3    | 0.5 | 1.05 | v = -0.49, θ = 1.059 | θ = 1.1031        | s = 0.466, θ = 0.896242 |",
    ];
    for (n, row) in rows.into_iter().enumerate() {
        let number = (n + 1) as f64;
        let computed =
            [number, GRADIENTS[n], sgd[n], velocities[n], momentum[n], nesterov[n], mean_squares[n], rms_prop[n]];
        lesson.says(row, &computed);
    }
    assert!(momentum[2] > momentum[1] && GRADIENTS[2] > 0.0, "the third gradient says down, and the ball rolls up");
}

fn three_momentums(lesson: &mut Lesson) {
    let ours = steps(&mut Momentum::new(0.1, 0.9), &GRADIENTS);
    let [a, b, c] = ours[..] else { panic!("three steps") };
    // θ is 1 and the sum of all velocities.
    let sums = |velocities: Vec<f64>| running(1.0, 1.0, velocities).iter().map(|sum| 1.0 + sum).collect::<Vec<_>>();
    let rate_inside = sums(running(0.9, -0.1, GRADIENTS));
    let averaged = sums(running(0.9, -0.1 * (1.0 - 0.9), GRADIENTS));
    lesson.says("constant lr = 0.1 ", &[0.1]);
    lesson.says("v ← β·v + g, θ ← θ - lr·v            | 0.9, 1.01, 1.059", &[a, b, c]);
    lesson.says("v ← β·v - lr·g, θ ← θ + v            | 0.9, 1.01, 1.059", &rate_inside);
    let shown = [&[1.0][..], &averaged].concat();
    lesson.says("v ← β·v + (1 - β)·g, θ ← θ - lr·v    | 0.99, 1.001, 1.0059", &shown);

    let mut rule = Momentum::new(0.1, 0.9);
    let mut theta = array![1.0];
    step(&mut rule, &mut theta, 1.0);
    rule.set_learning_rate(0.01);
    step(&mut rule, &mut theta, 1.0);
    lesson.given("two gradients of 1 and lower lr to 0.01");
    lesson.says("v = 1.9 and\ntakes the second step with the new rate, to 0.881", &[0.9 + 1.0, theta[0]]);
    let old_rate_inside = 1.0 - 0.1 + (-0.9 * 0.1 - 0.01);
    lesson.says("still has the old 0.1 in its velocity and goes to 0.8.", &[0.1, old_rate_inside]);
}

fn adam(lesson: &mut Lesson) {
    lesson.says("β₁ = 0.9, β₂ = 0.999, ε = 1e-8:", &[BETAS[0], BETAS[1], EPSILON]);
    let theta = steps(&mut Adam::new(0.1, BETAS, EPSILON), &GRADIENTS);
    let means = running(BETAS[0], 1.0 - BETAS[0], GRADIENTS);
    let mean_squares = running(BETAS[1], 1.0 - BETAS[1], squares());
    let rows = [
        "| 1 | 1   | 0.1    | 0.001       | 1         | 1        | 0.9      |",
        "| 2 | -2  | -0.11  | 0.004999    | -0.578947 | 2.500750 | 0.936610 |",
        "| 3 | 0.5 | -0.049 | 0.005244001 | -0.180812 | 1.749749 | 0.950279 |",
    ];
    for (n, row) in rows.into_iter().enumerate() {
        let [weights1, weights2] = BETAS.map(|beta| 1.0 - beta.powi(n as i32 + 1));
        let (m, v) = (means[n], mean_squares[n]);
        lesson.says(row, &[(n + 1) as f64, GRADIENTS[n], m, v, m / weights1, v / weights2, theta[n]]);
    }

    let uncorrected = 0.1 * means[0] / (mean_squares[0].sqrt() + EPSILON);
    lesson.says("0.1 · 0.1 / √0.001 = 0.316", &[0.1, means[0], mean_squares[0], uncorrected]);
    let first_step = |g: f64| 1.0 - steps(&mut Adam::new(0.1, BETAS, EPSILON), &[g])[0];
    lesson.says("A gradient of 1000 moves θ by 0.1", &[1000.0, first_step(1000.0)]);
    assert!((first_step(0.001) - 0.1).abs() < 1e-5);
    lesson.given("one of 0.001 does, too");
    lesson.says("g = 1e-6 moves θ by 0.099", &[1e-6, first_step(1e-6)]);
    lesson.says("√ε = 0.0001", &[EPSILON.sqrt()]);
    lesson.says("it would be 0.001.", &[0.1 * 1e-6 / (1e-12 + EPSILON).sqrt()]);
}

fn weight_decay(lesson: &mut Lesson) {
    lesson.given("With g = 0, θ = 1 and λ = 0.01 the gradient is 0.01");
    let coupled = steps(&mut Adam::new(0.1, BETAS, EPSILON), &[0.01])[0];
    lesson.says("and θ goes to 0.9:", &[coupled]);
    let decoupled = steps(&mut AdamW::new(0.1, BETAS, EPSILON, 0.01), &[0.0])[0];
    lesson.says("θ = 1 - 0.1 · 0.01 · 1 = 0.999", &[1.0, 0.1, 0.01, 1.0, decoupled]);
}

/// The point after a number of steps from (-1, 1).
fn end(mut optimizer: impl Optimizer, n_steps: usize) -> Array1<f64> {
    trajectory(&mut optimizer, rosenbrock_grad, &array![-1.0, 1.0], n_steps).row(n_steps).to_owned()
}

fn a_bent_valley(lesson: &mut Lesson) {
    lesson.given("f(x, y) = (1 - x)² + 100 (y - x²)²");
    assert_eq!((rosenbrock(&array![-1.0, 1.0]), rosenbrock_grad(&array![-1.0, 1.0])), (4.0, array![-4.0, 0.0]));
    let rows = [
        ("| SGD      | 0.001 | none       | -0.9127 | 0.8410 |", "| 3.6647 |", 0.001, end(Sgd::new(0.001), 100)),
        (
            "| Momentum | 0.001 | β = 0.9    | 0.2936  | 0.0817 |",
            "| 0.5010 |",
            0.001,
            end(Momentum::new(0.001, 0.9), 100),
        ),
        (
            "| Nesterov | 0.001 | β = 0.9    | 0.3004  | 0.0859 |",
            "| 0.4914 |",
            0.001,
            end(Nesterov::new(0.001, 0.9), 100),
        ),
        (
            "| RMSProp  | 0.01  | α = 0.99   | -0.7446 | 0.5610 |",
            "| 3.0479 |",
            0.01,
            end(RmsProp::new(0.01, 0.99, EPSILON), 100),
        ),
        (
            "| Adam     | 0.01  | the usual  | -0.3355 | 0.1174 |",
            "| 1.7858 |",
            0.01,
            end(Adam::new(0.01, BETAS, EPSILON), 100),
        ),
    ];
    for (row, value, rate, point) in rows {
        let mut computed = vec![rate];
        computed.extend(row.contains("β = 0.9").then_some(0.9));
        computed.extend(row.contains("α = 0.99").then_some(0.99));
        computed.extend_from_slice(&[point[0], point[1]]);
        lesson.says(row, &computed);
        lesson.says(value, &[rosenbrock(&point)]);
    }
    let fast = |n_steps| rosenbrock(&end(Adam::new(0.1, BETAS, EPSILON), n_steps));
    lesson.says(
        "with lr = 0.1 Adam reaches 1.1620 in a hundred steps and 5e-12 in a thousand",
        &[0.1, fast(100), fast(1000)],
    );
}

/// Ten digits that were computed elsewhere, with NumPy: solution and checks could be wrong in the same way.
#[test]
fn the_rules_agree_with_numbers_computed_elsewhere() {
    agrees(&steps(&mut Sgd::new(0.1), &GRADIENTS), &[0.9, 1.1, 1.05]);
    agrees(&steps(&mut Momentum::new(0.1, 0.9), &GRADIENTS), &[0.9, 1.01, 1.059]);
    agrees(&steps(&mut Nesterov::new(0.1, 0.9), &GRADIENTS), &[0.81, 1.109, 1.1031]);
    let rms_prop = |alpha| steps(&mut RmsProp::new(0.1, alpha, EPSILON), &GRADIENTS);
    agrees(&rms_prop(0.9), &[0.683_772_244_0, 0.969_486_525_6, 0.896_241_684_8]);
    agrees(&rms_prop(0.99), &[0.000_000_099_999_9, 0.895_323_022_0, 0.675_849_505_4]);
    let adam = |gradients| steps(&mut Adam::new(0.1, BETAS, EPSILON), gradients);
    agrees(&adam(&GRADIENTS), &[0.900_000_001_0, 0.936_610_353_5, 0.950_279_419_7]);
    agrees(&adam(&[1e-6]), &[0.900_990_099_0]);
    let adam_w = |gradients| steps(&mut AdamW::new(0.1, BETAS, EPSILON, 0.01), gradients);
    agrees(&adam_w(&GRADIENTS), &[0.899_000_001_0, 0.934_711_353_5, 0.947_445_708_3]);
    agrees(&adam_w(&[0.0]), &[0.999]);

    agrees(&end(Sgd::new(0.001), 100).to_vec(), &[-0.912_651_032_7, 0.840_989_981_7]);
    agrees(&end(Momentum::new(0.001, 0.9), 100).to_vec(), &[0.293_609_949_6, 0.081_684_046_5]);
    agrees(&end(Nesterov::new(0.001, 0.9), 100).to_vec(), &[0.300_350_459_2, 0.085_903_388_4]);
    agrees(&end(RmsProp::new(0.01, 0.99, EPSILON), 100).to_vec(), &[-0.744_586_223_4, 0.560_988_477_7]);
    agrees(&end(Adam::new(0.01, BETAS, EPSILON), 100).to_vec(), &[-0.335_452_813_8, 0.117_367_949_2]);
}

fn agrees(computed: &[f64], elsewhere: &[f64]) {
    assert_eq!(computed.len(), elsewhere.len());
    for (one, other) in computed.iter().zip(elsewhere) {
        assert!((one - other).abs() < 1e-10, "{one} and {other}");
    }
}

/// Measured slopes of the valley.
#[test]
fn the_gradient_of_the_valley_agrees_with_measured_slopes() {
    const H: f64 = 1e-5;
    for point in [array![-1.0, 1.0], array![0.3, -0.7], array![1.5, 2.0]] {
        let measured = Array1::from_shape_fn(2, |along| {
            let value = |by: f64| {
                let mut moved = point.clone();
                moved[along] += by;
                rosenbrock(&moved)
            };
            (value(H) - value(-H)) / (2.0 * H)
        });
        approx::assert_abs_diff_eq!(rosenbrock_grad(&point), measured, epsilon = 1e-6);
    }
}

/// The best steps of a network with several layers get every rule to the bottom.
#[test]
fn every_rule_trains_a_network() {
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = Array2::from_shape_fn((4, 2), |(i, class)| f64::from(u8::from((i == 1 || i == 2) == (class == 1))));
    let rules: [Box<dyn Optimizer>; 6] = [
        Box::new(Sgd::new(0.5)),
        Box::new(Momentum::new(0.1, 0.9)),
        Box::new(Nesterov::new(0.1, 0.9)),
        Box::new(RmsProp::new(0.01, 0.99, EPSILON)),
        Box::new(Adam::new(0.05, BETAS, EPSILON)),
        Box::new(AdamW::new(0.05, BETAS, EPSILON, 0.001)),
    ];
    for (number, mut rule) in rules.into_iter().enumerate() {
        let mut net = mlp(&[2, 8, 2], Activation::Tanh, &mut rand::rngs::Xoshiro256PlusPlus::seed_from_u64(3));
        let losses = train(&mut net, &x, &y, &SoftmaxCrossEntropy, rule.as_mut(), 400);
        assert_eq!(losses.len(), 400);
        assert!(losses[399] < 0.05, "rule {number}: from {} to {}", losses[0], losses[399]);
    }
}
