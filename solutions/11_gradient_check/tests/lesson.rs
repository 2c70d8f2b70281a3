//! Computes every number in the lesson.

use engine::{Layer, Linear, Loss, Mse, Parameter, Relu, Sequential, Sigmoid, Tanh};
use gradient_check_solution::{
    NOISE, TOLERANCE, TensorCheck, Verdict, check_network, directional_derivative, gradient_norms, near_kink,
    numerical_gradient, relative_error,
};
use lesson::Lesson;
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, array};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    relative_errors(&mut lesson);
    step_sizes(&mut lesson);
    a_network_by_hand(&mut lesson);
    a_kink(&mut lesson);
    a_dead_network(&mut lesson);

    let zeros = |n_in, n_out| Box::new(Linear::from_parts(Array2::zeros((n_in, n_out)), Array1::zeros(n_out)));
    let n_parameters = Sequential::new(vec![zeros(784, 128), zeros(128, 10)]).n_parameters() as f64;
    lesson.says("784-128-10 has 101,770 parameters", &[784.0, 128.0, 10.0, n_parameters]);

    lesson.given("0.001 is a lot if the gradient is 0.002, and nothing if it\nis 1000");
    lesson.given("{:.1e}  {:.6}  {:.6}");
    lesson.given("**A step of 1e-12**, because smaller must be better, or of 0.1");
    lesson.given("0.37 + ε - 2ε + ε need not be 0.37");
    lesson.given("1e-7 means nothing");
    lesson.given("norms of the gradients are 1e-11");
    // A doubled gradient, and one that was divided by four samples too often.
    lesson.says("has the relative error 0.333", &[relative_error(&array![2.0], &array![1.0])]);
    lesson.says("And with 0.6 and a batch", &[relative_error(&array![0.25], &array![1.0])]);
    lesson.given("a difference of 0.0.");
    lesson.given("Entries below about 1e-160");
    assert!(1e-170_f64.powi(2) == 0.0);
    lesson.given("above 0.01, right gradients below 1e-7");
    lesson.given("section 11.5");
    lesson.given("section 5.7");
    lesson.given("with ε near 1e-5");
    lesson.finish();
}

/// Twelve digits that were computed elsewhere, with NumPy: a live network of four layers.
#[test]
fn a_deep_network_agrees_with_numbers_computed_elsewhere() {
    const SIZES: [usize; 5] = [2, 4, 3, 2, 1];
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for l in 0..4 {
        let weights =
            Array2::from_shape_fn((SIZES[l], SIZES[l + 1]), |(i, j)| 0.8 * ((7 * l + 3 * i + j + 1) as f64).sin());
        layers.push(Box::new(Linear::from_parts(weights, Array1::from_elem(SIZES[l + 1], 0.1))));
        layers.push(if l < 3 { Box::new(Relu::default()) } else { Box::new(Sigmoid::default()) });
    }
    let mut net = Sequential::new(layers);
    let (x, y) = xor();
    let checks = check_network(&mut net, &Mse, &x, &y, 1e-5);

    let elsewhere = array![[-0.001_695_772_186_799], [0.000_844_748_737_854]].into_dyn();
    approx::assert_abs_diff_eq!(checks[6].computed, elsewhere, epsilon = 1e-14);
    approx::assert_abs_diff_eq!(checks[6].measured, elsewhere, epsilon = 1e-10);
    let elsewhere =
        array![0.001_190_713_590_918, -0.001_092_077_574_607, 0.000_128_161_134_808, -0.001_448_696_741_970];
    approx::assert_abs_diff_eq!(checks[1].computed, elsewhere.into_dyn(), epsilon = 1e-14);
    assert!(checks.iter().all(|check| check.verdict(0) == Verdict::Right));
    for (norm, check) in gradient_norms(&mut net).iter().zip(&checks) {
        approx::assert_relative_eq!(*norm, check.computed.iter().map(|g| g * g).sum::<f64>().sqrt(), epsilon = 1e-12);
    }
}

/// One measurement along a direction is the dot product of the whole gradient with it.
#[test]
fn a_direction_sees_the_whole_gradient() {
    let f = |theta: &ArrayRef1<f64>| theta[0].sin() * theta[1] + theta[2].powi(3);
    let (theta, direction) = (array![0.3, -1.2, 0.7], array![0.5, 2.0, -1.0]);
    let slope = directional_derivative(f, &theta, &direction, 1e-5);
    approx::assert_abs_diff_eq!(slope, numerical_gradient(f, &theta, 1e-5).dot(&direction), epsilon = 1e-9);
}

fn relative_errors(lesson: &mut Lesson) {
    let error_of = |factor: f64| relative_error(&(factor * &array![0.3, -1.2]), &array![0.3, -1.2]);
    lesson.says(
        "| relative error        | 0.333 | 0.6       | 1            | 1     |",
        &[error_of(2.0), error_of(0.25), error_of(-1.0), error_of(0.0)],
    );
    for factor in [0.25, 2.0, 7.0, -3.0] {
        let formula = (factor - 1.0_f64).abs() / (factor.abs() + 1.0);
        approx::assert_abs_diff_eq!(error_of(factor), formula, epsilon = 1e-12);
    }
    lesson.given("Two right gradients differ by 1e-7 or less");
    lesson.says("`TOLERANCE` is 1e-6", &[TOLERANCE]);
}

fn step_sizes(lesson: &mut Lesson) {
    let cube = |x: f64| x * x * x;
    let one_side = |eps: f64| (cube(1.0 + eps) - cube(1.0)) / eps;
    let both_sides = |eps: f64| numerical_gradient(|theta| cube(theta[0]), &array![1.0], eps)[0];
    lesson.says(
        "With ε = 0.1, two points give (1.331 - 0.729) / 0.2 = 3.01",
        &[0.1, cube(1.1), cube(0.9), 0.2, both_sides(0.1)],
    );
    lesson.says("(1.331 - 1) / 0.1 = 3.31", &[cube(1.1), 1.0, 0.1, one_side(0.1)]);

    lesson.given("| ε           | 0.1  | 1e-3   | 1e-5    | 1e-7    | 1e-9    | 1e-13  |");
    let steps = [1e-1, 1e-3, 1e-5, 1e-7, 1e-9, 1e-13];
    lesson.says(
        "| one side    | 0.31 | 3.0e-3 | 3.0e-5  | 3.0e-7  | 2.5e-7  | 2.4e-3 |",
        &steps.map(|eps| (one_side(eps) - 3.0).abs()),
    );
    lesson.says(
        "| both sides  | 0.01 | 1.0e-6 | 9.7e-11 | 8.6e-11 | 8.2e-8  | 7.3e-4 |",
        &steps.map(|eps| (both_sides(eps) - 3.0).abs()),
    );
    lesson.given("its bottom lies near 1e-5");
}

fn a_network_by_hand(lesson: &mut Lesson) {
    lesson.given("one weight w = 0.5, one bias b = 0.5. Two samples, x = 1 and x = 2");
    let (x, y) = (array![[1.0], [2.0]], array![[1.0], [1.0]]);
    let net = |w: f64| Sequential::new(vec![Box::new(Linear::from_parts(array![[w]], array![0.5]))]);
    let output = net(0.5).forward(&x);
    let errors = |w: f64| (net(w).forward(&x) - &y).column(0).to_vec();
    let loss = |w: f64| Mse.value(&net(w).forward(&x), &y);
    let error = errors(0.5);
    lesson.says(
        "outputs 1 and 1.5         errors 0 and 0.5        L = (0 + 0.25) / 2 = 0.125",
        &[output[[0, 0]], output[[1, 0]], error[0], error[1], 0.0, error[1].powi(2), 2.0, loss(0.5)],
    );
    let checks = check_network(&mut net(0.5), &Mse, &x, &y, 0.1);
    let computed = [&checks[0], &checks[1]].map(|check| check.computed.sum());
    lesson.says(
        "dL/dw = 2/2 · (0 · 1 + 0.5 · 2) = 1           dL/db = 2/2 · (0 + 0.5) = 0.5",
        &[2.0, 2.0, 0.0, 1.0, error[1], 2.0, computed[0], 2.0, 2.0, 0.0, error[1], computed[1]],
    );
    lesson.given("measured with ε = 0.1");
    for (w, passage) in
        [(0.6, "w = 0.6: errors 0.1 and 0.7       L = 0.25"), (0.4, "w = 0.4: errors -0.1 and 0.3      L = 0.05")]
    {
        lesson.says(passage, &[w, errors(w)[0], errors(w)[1], loss(w)]);
    }
    lesson.says("(0.25 - 0.05) / 0.2 = 1", &[loss(0.6), loss(0.4), 0.2, checks[0].measured.sum()]);
    lesson.says(
        "(2 - 1) / (2 + 1) = 0.333",
        &[2.0 * computed[0], 1.0, 2.0, 1.0, relative_error(&array![2.0 * computed[0]], &array![computed[0]])],
    );
    lesson.says("the computed 0 is compared with a measured 0.5", &[0.0, checks[1].measured.sum()]);
    assert_eq!(relative_error(&array![0.0], &array![0.5]), 1.0);
}

fn xor() -> (Array2<f64>, Array2<f64>) {
    (array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], array![[0.0], [1.0], [1.0], [0.0]])
}

/// The lesson's network for XOR with these biases: the pre-activations of its hidden layer, and its checks.
fn checks(hidden_bias: f64, output_bias: f64) -> (Array2<f64>, Vec<TensorCheck>) {
    let (x, y) = xor();
    let (w1, b1): (Array2<f64>, _) = (array![[0.6, -0.2, 0.5], [-0.4, 0.3, 0.7]], Array1::from_elem(3, hidden_bias));
    let z1 = x.dot(&w1) + &b1;
    let mut net = Sequential::new(vec![
        Box::new(Linear::from_parts(w1, b1)),
        Box::new(Relu::default()),
        Box::new(Linear::from_parts(array![[0.7], [-0.5], [0.9]], array![output_bias])),
    ]);
    (z1, check_network(&mut net, &Mse, &x, &y, 1e-5))
}

fn a_kink(lesson: &mut Lesson) {
    lesson.given("W1 = [[ 0.6, -0.2,  0.5],      b1 = [0, 0, 0]      W2 = [0.7, -0.5, 0.9] (a column)");
    lesson.given("[-0.4,  0.3,  0.7]]                          b2 = 0.2");
    lesson.given("Here are the relative errors for ε = 1e-5");
    lesson.given("| all 0.1, 0.2 | below 1e-9 | below 1e-9 | below 1e-9 | below 1e-9 |");
    let (_, moved) = checks(0.1, 0.2);
    assert!(moved.iter().all(|check| check.relative_error() < 1e-9 && check.verdict(0) == Verdict::Right));

    let (z1, at_kink) = checks(0.0, 0.2);
    lesson.given("| all 0, 0.2 ");
    lesson.says("| below 1e-9 | **0.039**  |", &[1e-9, at_kink[1].relative_error()]);
    lesson.given("| below 1e-9 | **0.039**  | below 1e-9 | below 1e-9 |");
    for tensor in [0, 2, 3] {
        assert!(at_kink[tensor].relative_error() < 1e-9);
    }
    let n_near_kink = near_kink(&z1, 1e-5);
    lesson.says("here it finds 3", &[n_near_kink as f64]);
    assert_eq!(at_kink[1].verdict(n_near_kink), Verdict::Kink);

    let (computed, measured) = (at_kink[1].computed[0], at_kink[1].measured[0]);
    lesson.says("2/4 · 0.2 · 0.7 = 0.07", &[2.0, 4.0, 0.2, 0.7, 2.0 / 4.0 * 0.2 * 0.7]);
    lesson.says("computed are 0.504 and measured\n0.539", &[computed, measured]);
    approx::assert_abs_diff_eq!(measured - computed, 0.5 * 0.07, epsilon = 1e-5);
    lesson.given("half of 0.07 more");
}

fn a_dead_network(lesson: &mut Lesson) {
    let (z1, dead) = checks(-3.0, 0.5);
    lesson.says(
        "| all -3, 0.5  | 0          | 0          | 0          | 0          |",
        &[
            -3.0,
            0.5,
            dead[0].relative_error(),
            dead[1].relative_error(),
            dead[2].relative_error(),
            dead[3].relative_error(),
        ],
    );
    assert!(dead.iter().all(|check| check.verdict(0) == Verdict::Vacuous));
    let nearest = z1.fold(f64::NEG_INFINITY, |nearest, &z| nearest.max(z));
    lesson.says("at least 1.8 below 0", &[-nearest, 0.0]);
    lesson.given("may well be 1e-12; then");
    assert_eq!(relative_error(&array![0.0], &array![1e-12]), 1.0);
    lesson.says("Below `NOISE`, 1e-9", &[NOISE]);
}

/// A linear layer whose backward pass is sabotaged.
struct Sabotaged {
    layer: Linear,
    sabotage: &'static str,
}

impl Layer for Sabotaged {
    fn forward(&mut self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.layer.forward(x)
    }

    fn backward(&mut self, d_out: &ArrayRef2<f64>) -> Array2<f64> {
        let d_x = self.layer.backward(d_out);
        match self.sabotage {
            "db stays 0" => self.layer.d_biases.fill(0.0),
            "dX is dZ·W" => return d_out.dot(&self.layer.weights),
            _ => (),
        }
        d_x
    }

    fn parameters(&mut self) -> Vec<Parameter<'_>> {
        self.layer.parameters()
    }

    fn describe(&self) -> String {
        self.layer.describe()
    }
}

/// The table of sabotages, row by row.
#[test]
fn a_report_leads_to_the_guilty_layer() {
    use Verdict::{Right, Wrong};
    let weights = |shape, start: f64| Array2::from_shape_fn(shape, |(i, j)| (start + 3.0 * i as f64 + j as f64).sin());
    let verdicts = |sabotage| {
        let mut net = Sequential::new(vec![
            Box::new(Linear::from_parts(weights((2, 3), 1.0), array![0.1, -0.2, 0.3])),
            Box::new(Tanh::default()),
            Box::new(Sabotaged { layer: Linear::from_parts(weights((3, 3), 5.0), array![0.2, 0.1, -0.3]), sabotage }),
            Box::new(Tanh::default()),
            Box::new(Linear::from_parts(weights((3, 1), 9.0), array![0.05])),
        ]);
        let (x, y) = xor();
        let checks = check_network(&mut net, &Mse, &x, &y, 1e-5);
        checks.iter().map(|check| check.verdict(0)).collect::<Vec<_>>()
    };
    assert_eq!(verdicts("none"), [Right; 6]);
    assert_eq!(verdicts("db stays 0"), [Right, Right, Right, Wrong, Right, Right]);
    assert_eq!(verdicts("dX is dZ·W"), [Wrong, Wrong, Right, Right, Right, Right]);
}
