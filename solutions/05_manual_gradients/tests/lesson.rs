//! Computes every number in the lesson.

use lesson::Lesson;
use manual_gradients_solution::{
    NeuronGrad, TwoLayerParams, TwoLayerTrace, central_difference, chain_rule_example, critical_learning_rate, gd_step,
    linear_neuron_grad, partial_derivatives, relu_neuron_grad, sigmoid_neuron_partials, trace_report, two_layer_step,
};
use ndarray::{Array1, Array2, array};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();

    // The network of exercise 3: a weight for every pair of neighbours and a bias for every neuron.
    let sizes = [784.0, 128.0, 64.0, 10.0];
    let n_params: f64 = sizes.windows(2).map(|pair| (pair[0] + 1.0) * pair[1]).sum();
    lesson.says("109,386 parameters would need 218,772 passes", &[n_params, 2.0 * n_params]);

    one_neuron(&mut lesson);
    measured_slopes(&mut lesson);
    steps(&mut lesson);
    deaf_neurons(&mut lesson);
    two_layers(&mut lesson);

    lesson.given("not reached with `0.0`");
    lesson.finish();
}

/// The neuron that most of the lesson is about, at these parameters.
fn neuron(w: f64, b: f64) -> NeuronGrad {
    linear_neuron_grad(3.0, w, b, 2.0)
}

fn one_neuron(lesson: &mut Lesson) {
    lesson.given("x = 3, w = 0.5, b = 0.2, and the target y = 2");
    let grad = neuron(0.5, 0.2);
    lesson.says("ŷ = 0.5 · 3 + 0.2 = 1.7", &[0.5, 3.0, 0.2, grad.y_hat]);
    lesson.says("L = (1.7 - 2)² = 0.09", &[grad.y_hat, 2.0, grad.loss]);
    lesson.says("dL/dŷ = 2 · (1.7 - 2) = -0.6", &[2.0, grad.y_hat, 2.0, grad.dl_dy_hat]);
    lesson.says("dL/dw = -0.6 · 3 = -1.8", &[grad.dl_dz, 3.0, grad.dl_dw]);
    lesson.says("dL/db = -0.6", &[grad.dl_db]);
    lesson.says("dL/dw = -1.8", &[grad.dl_dw]);

    let measured = partial_derivatives(|w, b| neuron(w, b).loss, 0.5, 0.2, 1e-5);
    assert!((measured.0 - grad.dl_dw).abs() < 1e-9 && (measured.1 - grad.dl_db).abs() < 1e-9);
}

fn measured_slopes(lesson: &mut Lesson) {
    let cube = |x: f64| x.powi(3);
    let (h, one_side) = (0.001, (cube(1.001) - cube(1.0)) / 0.001);
    lesson.given("h = 0.001");
    lesson.says("(f(1.001) - f(1)) / 0.001         = 3.003001", &[1.0 + h, 1.0, h, one_side]);
    let both_sides = central_difference(cube, 1.0, h);
    lesson.says("(f(1.001) - f(0.999)) / 0.002     = 3.000001", &[1.0 + h, 1.0 - h, 2.0 * h, both_sides]);

    let (_, slope) = chain_rule_example(3.0, 2.0, 1.0);
    lesson.says("its slope of 30 for any h", &[slope]);
    for h in [0.001, 0.1, 10.0] {
        assert!((central_difference(|x| (3.0 * x + 2.0).powi(2), 1.0, h) - slope).abs() < 1e-9);
    }

    lesson.says("With h = 1e-13", &[1e-13]);
    lesson.says("both sides give about 2.9993", &[central_difference(cube, 1.0, 1e-13)]);
    lesson.given("Around h = 1e-5");
    let error = |h: f64| (central_difference(f64::exp, 1.0, h) - 1_f64.exp()).abs();
    assert!(error(1e-5) < error(1e-3) && error(1e-5) < error(1e-9));
}

fn steps(lesson: &mut Lesson) {
    let before = neuron(0.5, 0.2);
    let after = |rate: f64| {
        let (w, b) = gd_step(0.5, 0.2, &before, rate);
        (w, b, neuron(w, b))
    };
    let (w, b, timid) = after(0.01);
    lesson.says("lr = 0.01: w = 0.5 + 0.018 = 0.518", &[0.01, 0.5, -0.01 * before.dl_dw, w]);
    lesson.says("b = 0.2 + 0.006 = 0.206", &[0.2, -0.01 * before.dl_db, b]);
    lesson.says("becomes 1.76", &[timid.y_hat]);
    lesson.says("falls from 0.09 to 0.0576", &[before.loss, timid.loss]);
    let rows = [
        (0.01, "| 0.01 | 0.518 | 0.206 | 1.76       | 0.0576 |"),
        (0.05, "| 0.05 | 0.59  | 0.23  | 2          | 0      |"),
        (0.1, "| 0.1  | 0.68  | 0.26  | 2.3        | 0.09   |"),
        (0.2, "| 0.2  | 0.86  | 0.32  | 2.9        | 0.81   |"),
    ];
    for (rate, row) in rows {
        let (w, b, grad) = after(rate);
        lesson.says(row, &[rate, w, b, grad.y_hat, grad.loss]);
    }
    lesson.says("With 0.05 the step reaches the target exactly", &[0.5 * critical_learning_rate(3.0)]);
    let bounced = after(0.1).2;
    lesson.says(
        "With 0.1 the prediction was 0.3 too small and is now 0.3 too large",
        &[critical_learning_rate(3.0), 2.0 - before.y_hat, bounced.y_hat - 2.0],
    );
    lesson.given("With 0.2 the loss is nine times as large");
    assert!((after(0.2).2.loss / before.loss - 9.0).abs() < 1e-9);

    lesson.given("the very step with 0.1");
    let shown = [before.loss, bounced.loss].map(|loss| loss.to_string());
    assert_eq!(shown, ["0.09000000000000002", "0.0899999999999999"]);
    lesson.says("the loss before is 0.09000000000000002 and after it 0.0899999999999999", &[before.loss, bounced.loss]);
    lesson.says("smaller by 0.0000000000000001", &[before.loss - bounced.loss]);
    lesson.says("For x = 3 it is 0.1", &[3.0, critical_learning_rate(3.0)]);
    lesson.says("with lr = 0.1 for x = 3", &[critical_learning_rate(3.0), 3.0]);

    // The suggested experiment shows what it is meant to show.
    lesson.given("start from w = 0.5 and b = 0.2");
    lesson.given("ten steps with the rate 0.09, ten with 0.1 and ten with 0.11");
    let after_ten = |rate: f64| {
        let (w, b) = (0..10).fold((0.5, 0.2), |(w, b), _| gd_step(w, b, &neuron(w, b), rate));
        neuron(w, b).loss
    };
    assert!(after_ten(0.09) < 0.1 * before.loss && after_ten(0.11) > 10.0 * before.loss);
    assert!((after_ten(0.1) - before.loss).abs() < 1e-9);
}

fn deaf_neurons(lesson: &mut Lesson) {
    lesson.given("x = 2, b = 0.1, y = 1. For w = 0.5:");
    let active = relu_neuron_grad(2.0, 0.5, 0.1, 1.0);
    lesson.says(
        "z = 1.1      ŷ = 1.1      L = 0.01      dL/dŷ = 0.2      dL/dw = 0.4      dL/db = 0.2",
        &[active.z, active.y_hat, active.loss, active.dl_dy_hat, active.dl_dw, active.dl_db],
    );
    let silent = relu_neuron_grad(2.0, -0.5, 0.1, 1.0);
    lesson.says("For w = -0.5 it is z = -0.9, and ŷ = 0.", &[-0.5, silent.z, silent.y_hat]);
    lesson.says("The loss is 1, dL/dŷ is -2", &[silent.loss, silent.dl_dy_hat]);
    lesson.says("dL/dw = dL/db = 0.", &[silent.dl_dw]);
    assert_eq!((silent.dl_dw, silent.dl_db), (0.0, 0.0));

    lesson.given("With x = 2, w = 0.5, b = 1 we have z = 2");
    let partials = sigmoid_neuron_partials(2.0, 0.5, 1.0);
    lesson.says(
        "y = 0.880797      ∂y/∂w = 0.209987      ∂y/∂b = 0.104994      ∂y/∂x = 0.052497",
        &[partials.y, partials.dy_dw, partials.dy_db, partials.dy_dx],
    );
    let slope = |z: f64| sigmoid_neuron_partials(0.0, 0.0, z).dy_db;
    lesson.says("Its slope at z = 2 is 0.104994, and it is never more than 0.25", &[2.0, slope(2.0), slope(0.0)]);
    lesson.says("At z = 10 it is down to 0.0000454", &[10.0, slope(10.0)]);
    lesson.says("a sigmoid slope below\n0.25", &[slope(0.0)]);
}

fn example() -> TwoLayerParams {
    TwoLayerParams::from_parts(array![[0.1, 0.3], [0.2, 0.4]], array![0.01, 0.02], array![0.5, 0.6], 0.03)
}

fn two_layers(lesson: &mut Lesson) {
    lesson.given("x = [0.5, 0.8]      W1 = [[0.1, 0.3],      b1 = [0.01, 0.02]      W2 = [0.5, 0.6]      b2 = 0.03");
    lesson.given("[0.2, 0.4]]");
    let x = array![0.5, 0.8];
    let (trace, updated) = two_layer_step(&x, 1.0, &example(), 0.5);

    // The whole report, as the lesson shows it.
    let shown: String = trace_report(&trace).lines().map(|line| format!("    {line}\n")).collect();
    lesson.given(&shown);

    lesson.says("0.5 · 0.1 + 0.8 · 0.2 + 0.01 = 0.22, and so on", &[x[0], 0.1, x[1], 0.2, 0.01, trace.z1[0]]);
    for shrunk in trace.delta1.mapv(|delta1| trace.delta2 / delta1) {
        assert!((7.0..8.5).contains(&shrunk), "seven to eight times smaller: {shrunk}");
    }

    lesson.says(
        "One step with lr = 0.5 moves W2 to [0.541659, 0.646564], b2 to 0.105091, b1 to [0.019274, 0.030614]",
        &[0.5, updated.w2[0], updated.w2[1], updated.b2, updated.b1[0], updated.b1[1]],
    );
    lesson.says("[[0.104637, 0.305307], [0.207419, 0.408491]]", &updated.w1.iter().copied().collect::<Vec<_>>());
    let (after, _) = two_layer_step(&x, 1.0, &updated, 0.5);
    lesson.says("now says 0.692519, and the loss has fallen to 0.094545", &[after.a2, after.loss]);

    let too_early = trace.delta2 * &updated.w2 * &trace.da1_dz1;
    lesson.says("delta1 becomes [-0.020093, -0.022875]", &too_early.to_vec());
    // "the loss still falls": with W1 and b1 moved by these slopes instead.
    let x_column = x.clone().insert_axis(ndarray::Axis(1));
    let moved = TwoLayerParams::from_parts(
        example().w1 - 0.5 * x_column.dot(&too_early.clone().insert_axis(ndarray::Axis(0))),
        example().b1 - 0.5 * &too_early,
        updated.w2.clone(),
        updated.b2,
    );
    assert!(two_layer_step(&x, 1.0, &moved, 0.5).0.loss < trace.loss);

    lesson.given("as yours with lr = 0.5");
    lesson.given("`0.5 * &a`");
    lesson.given("**`/ 2.0 * h`** divides by 2 and multiplies by h. Write `/ (2.0 * h)`");
}

/// Twelve digits that were computed elsewhere, with NumPy: solution and checks could be wrong in the same way.
#[test]
fn the_walk_through_agrees_with_numbers_computed_elsewhere() {
    let (trace, updated) = two_layer_step(&array![0.5, 0.8], 1.0, &example(), 0.5);
    let TwoLayerTrace { z1, a1, z2, a2, loss, dl_da2, da2_dz2, delta2, dl_dw2, dl_db2, .. } = trace;
    let TwoLayerTrace { dl_da1, da1_dz1, delta1, dl_dw1, dl_db1, .. } = trace;

    agrees([z2, a2, loss], [0.679_453_476_959, 0.663_616_708_211, 0.113_153_718_995]);
    agrees(z1, [0.22, 0.49]);
    agrees(a1, [0.554_779_235_107, 0.620_106_432_343]);
    agrees([dl_da2, da2_dz2, delta2, dl_db2], [-0.672_766_583_578, 0.223_229_572_794, -0.150_181_397_042, delta2]);
    agrees(dl_dw2, [-0.083_317_520_579, -0.093_128_450_324]);
    agrees(dl_da1, [-0.075_090_698_521, -0.090_108_838_225]);
    agrees(da1_dz1, [0.246_999_235_401, 0.235_574_444_910]);
    agrees(delta1.clone(), [-0.018_547_345_120, -0.021_227_339_546]);
    agrees(dl_dw1, [-0.009_273_672_560, -0.010_613_669_773, -0.014_837_876_096, -0.016_981_871_637]);
    agrees(dl_db1, delta1);
    agrees(updated.w1, [0.104_636_836_280, 0.305_306_834_887, 0.207_418_938_048, 0.408_490_935_819]);
    agrees(updated.b1, [0.019_273_672_560, 0.030_613_669_773]);
    agrees(updated.w2, [0.541_658_760_289, 0.646_564_225_162]);
    agrees([updated.b2], [0.105_090_698_521]);
}

fn agrees(computed: impl IntoIterator<Item = f64>, elsewhere: impl IntoIterator<Item = f64>) {
    let (computed, elsewhere) = (Vec::from_iter(computed), Vec::from_iter(elsewhere));
    assert_eq!(computed.len(), elsewhere.len());
    for (one, other) in computed.iter().zip(&elsewhere) {
        assert!((one - other).abs() < 1e-12, "{one} and {other}");
    }
}

/// Measured slopes of the whole network, weight by weight.
#[test]
fn backpropagation_agrees_with_measured_slopes() {
    let x = array![0.7, -1.2, 0.4];
    let params = TwoLayerParams::from_parts(
        array![[0.3, -0.8], [0.5, 0.2], [-1.1, 0.9]],
        array![0.1, -0.3],
        array![1.4, -0.6],
        0.2,
    );
    let (trace, _) = two_layer_step(&x, 0.25, &params, 0.1);
    let loss = |params: &TwoLayerParams| two_layer_step(&x, 0.25, params, 0.1).0.loss;
    let measured = |nudge: &dyn Fn(&mut TwoLayerParams, f64)| {
        let nudged = |step: f64| {
            let mut params = params.clone();
            nudge(&mut params, step);
            loss(&params)
        };
        central_difference(nudged, 0.0, 1e-5)
    };
    let w1 = Array2::from_shape_fn((3, 2), |at| measured(&|params, step| params.w1[at] += step));
    let b1 = Array1::from_shape_fn(2, |at| measured(&|params, step| params.b1[at] += step));
    let w2 = Array1::from_shape_fn(2, |at| measured(&|params, step| params.w2[at] += step));
    let b2 = measured(&|params, step| params.b2 += step);
    approx::assert_abs_diff_eq!(w1, trace.dl_dw1, epsilon = 1e-10);
    approx::assert_abs_diff_eq!(b1, trace.dl_db1, epsilon = 1e-10);
    approx::assert_abs_diff_eq!(w2, trace.dl_dw2, epsilon = 1e-10);
    approx::assert_abs_diff_eq!(b2, trace.dl_db2, epsilon = 1e-10);
}
