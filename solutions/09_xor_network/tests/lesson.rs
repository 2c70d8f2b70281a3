//! Computes every number in the lesson.

use datasets::Gate;
use lesson::Lesson;
use ndarray::{Array1, Array2, ArrayRef2, Axis, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use xor_network_solution::{Activation, Gradients, XorNet, hand_made_parity, hand_made_xor};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    comfortable(&mut lesson);
    four_samples(&mut lesson);
    plateau(&mut lesson);
    solved_but_right(&mut lesson);
    twins(&mut lesson);

    lesson.given("`array![[20.0], [-5.0]]`");
    lesson.given("{:.4}\\n{:.3}");
    lesson.given("differ, by 1e-9");
    lesson.given("section 6.1");
    lesson.finish();
}

fn xor() -> (Array2<f64>, Array2<f64>) {
    let data = Gate::Xor.dataset();
    let targets = data.targets().insert_axis(Axis(1));
    (data.features, targets)
}

fn solves_xor(net: &XorNet) -> bool {
    net.predict(&xor().0) == Gate::Xor.dataset().labels
}

fn comfortable(lesson: &mut Lesson) {
    lesson.given("h1 = σ(2·T - 36)      h2 = σ(2·T - 48)      p = σ(10·h1 - 10·h2 - 5)");
    let with = |hidden, w1, b1, w2, b2| XorNet::from_parts(array![w1], b1, w2, array![b2], hidden);
    let switches = |hidden| with(hidden, [2.0, 2.0], array![-36.0, -48.0], array![[10.0], [-10.0]], -5.0);
    let at = |net: &XorNet, degrees: f64| net.forward(&array![[degrees]]);

    let net = switches(Activation::Sigmoid);
    for (degrees, row) in [
        (15.0, "| 15 | 0.0025 | 0.0000 | 0.0069 |"),
        (21.0, "| 21 | 0.9975 | 0.0025 | 0.9930 |"),
        (27.0, "| 27 | 1.0000 | 0.9975 | 0.0069 |"),
    ] {
        let cache = at(&net, degrees);
        lesson.says(row, &[degrees, cache.a1[[0, 0]], cache.a1[[0, 1]], cache.a2[[0, 0]]]);
    }

    let wrong = at(&switches(Activation::Relu), 27.0);
    let (h1, h2, z) = (wrong.a1[[0, 0]], wrong.a1[[0, 1]], wrong.z2[[0, 0]]);
    lesson.says(
        "At 27 degrees h1 = 18 and h2 = 6, so z = 10·18 - 10·6 - 5 = 115",
        &[27.0, h1, h2, 10.0, h1, 10.0, h2, 5.0, z],
    );
    lesson.says("It is at 100 degrees, too", &[100.0]);
    assert!(at(&switches(Activation::Relu), 100.0).z2[[0, 0]] > 0.0);

    lesson.given("h1 = relu(T - 18)      h2 = relu(T - 21)      p = σ(4·h1 - 8·h2 - 6)");
    let ramps = with(Activation::Relu, [1.0, 1.0], array![-18.0, -21.0], array![[4.0], [-8.0]], -6.0);
    let z = [15.0, 21.0, 27.0].map(|degrees| at(&ramps, degrees).z2[[0, 0]]);
    lesson.says("15, 21 and 27 degrees z is -6, 6 and -18", &[15.0, 21.0, 27.0, z[0], z[1], z[2]]);
    lesson.given("with the weights 20 and 20 and the bias -20");
}

/// The network of exercise 5.
fn example() -> XorNet {
    XorNet::from_parts(
        array![[0.1, 0.3], [0.2, 0.4]],
        array![0.01, 0.02],
        array![[0.5], [0.6]],
        array![0.03],
        Activation::Sigmoid,
    )
}

fn four_samples(lesson: &mut Lesson) {
    lesson.given("W1 = [[0.1, 0.3],     W2 = [[0.5],");
    lesson.given("[0.2, 0.4]]           [0.6]]");
    lesson.given("b1 = [0.01, 0.02]     b2 = [0.03]");
    let (x, y) = xor();
    let net = example();
    let cache = net.forward(&x);
    let dz2 = (cache.a2.clone() - &y) * 0.5 * &cache.a2 * (1.0 - &cache.a2);
    let dz1 = dz2.dot(&net.w2.t()) * &cache.a1 * (1.0 - &cache.a1);
    let rows = [
        "| 00 | [0.01, 0.02] | [0.5025, 0.5050] | 0.5842 | 0.6420 | 0.0738  | [0.0092, 0.0111]   |",
        "| 01 | [0.21, 0.42] | [0.5523, 0.6035] | 0.6682 | 0.6611 | -0.0380 | [-0.0047, -0.0055] |",
        "| 10 | [0.11, 0.32] | [0.5275, 0.5793] | 0.6413 | 0.6551 | -0.0390 | [-0.0049, -0.0057] |",
        "| 11 | [0.31, 0.72] | [0.5769, 0.6726] | 0.7220 | 0.6730 | 0.0741  | [0.0090, 0.0098]   |",
    ];
    for (i, row) in rows.into_iter().enumerate() {
        let name = 10.0 * x[[i, 0]] + x[[i, 1]];
        let parts = [&cache.z1, &cache.a1, &cache.z2, &cache.a2, &dz2, &dz1];
        let numbers = parts.into_iter().flat_map(|part| part.row(i).to_vec());
        lesson.says(row, &std::iter::once(name).chain(numbers).collect::<Vec<_>>());
    }
    lesson.says("The loss is 0.2748", &[net.loss(&x, &y)]);

    let p = cache.a2[[0, 0]];
    lesson.says("dA2 is 2/4 · (0.6420 - 0) = 0.3210", &[2.0, 4.0, p, 0.0, 0.5 * p]);
    lesson.says("σ' is 0.6420 · (1 - 0.6420) = 0.2298", &[p, 1.0, p, p * (1.0 - p)]);
    assert!((0.5 * p * p * (1.0 - p) - dz2[[0, 0]]).abs() < 1e-15);

    let Gradients { w1, b1, w2, b2 } = net.gradients(&cache, &x, &y);
    lesson.says(
        "db2 = 0.0738 - 0.0380 - 0.0390 + 0.0741 = 0.0709",
        &[dz2[[0, 0]], -dz2[[1, 0]], -dz2[[2, 0]], dz2[[3, 0]], b2[0]],
    );
    lesson.says(
        "dW2 = [[0.0383],     dW1 = [[0.0042, 0.0041],     db1 = [0.0087, 0.0097]",
        &[w2[[0, 0]], w1[[0, 0]], w1[[0, 1]], b1[0], b1[1]],
    );
    lesson.says("[0.0416]]            [0.0043, 0.0043]]", &[w2[[1, 0]], w1[[1, 0]], w1[[1, 1]]]);
    lesson.says("-0.0049 + 0.0090 = 0.0042", &[dz1[[2, 0]], dz1[[3, 0]], w1[[0, 0]]]);

    lesson.given("for x = [0.5, 0.8] and the target 1");
    let (x, y) = (array![[0.5, 0.8]], array![[1.0]]);
    let Gradients { w2, .. } = net.gradients(&net.forward(&x), &x, &y);
    lesson.says("dW2 = [[-0.083318], [-0.093128]]", &[w2[[0, 0]], w2[[1, 0]]]);
}

/// The start of the examples.
fn supplied() -> XorNet {
    XorNet::from_parts(
        array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]],
        array![0.01, -0.02, 0.03, -0.04],
        array![[-0.2], [0.3], [-0.25], [0.15]],
        array![0.05],
        Activation::Sigmoid,
    )
}

fn plateau(lesson: &mut Lesson) {
    let (x, y) = xor();
    let losses = supplied().train(&x, &y, 1001, 5.0);
    let epochs = [1_usize, 101, 201, 301, 401, 501, 1001];
    lesson.says(
        "| epoch | 1      | 101    | 201    | 301    | 401    | 501    | 1001   |",
        &epochs.map(|epoch| epoch as f64),
    );
    lesson.says(
        "| loss  | 0.2504 | 0.2500 | 0.2488 | 0.1707 | 0.0221 | 0.0056 | 0.0008 |",
        &epochs.map(|epoch| losses[epoch - 1]),
    );
    lesson.says("For 200 epochs nothing seems to happen. 0.25 is the loss", &[200.0, 0.25]);
    lesson.says("that answers 0.5 for every sample", &[0.5]);
    lesson.says("Is the loss below 0.25", &[0.25]);

    let p = supplied().forward(&x).a2;
    assert_eq!(supplied().predict(&x), array![1, 1, 1, 0]);
    let (least, most) = p.iter().fold((1.0_f64, 0.0_f64), |(least, most), &p| (least.min(p), most.max(p)));
    lesson.says("between 0.4987 and 0.5112", &[least, most]);
}

/// Of 40 random starts, how many lead to a network that solves XOR, with or without the slope of the output's sigmoid.
fn solved(n_hidden: usize, hidden: Activation, learning_rate: f64, output_slope: bool) -> f64 {
    let (x, y) = xor();
    let solves = |seed: &u64| {
        let mut net = XorNet::new(n_hidden, hidden, &mut Xoshiro256PlusPlus::seed_from_u64(*seed));
        for _ in 0..300 {
            let mut cache = net.forward(&x);
            if !output_slope {
                // The gradient with a slope of 1/4 everywhere, four times as far.
                cache.z2.fill(0.0);
            }
            let gradients = net.gradients(&cache, &x, &y);
            net.step(&gradients, if output_slope { learning_rate } else { 4.0 * learning_rate });
        }
        solves_xor(&net)
    };
    (0..40).filter(solves).count() as f64
}

fn solved_but_right(lesson: &mut Lesson) {
    lesson.says("From 40 random starts, 300 epochs each", &[40.0, 300.0]);
    lesson.given("| 4 sigmoids, rate 1 | 2 ReLUs, rate 0.25 |");
    let both = |slope| [solved(4, Activation::Sigmoid, 1.0, slope), solved(2, Activation::Relu, 0.25, slope)];
    lesson.says("| exact                              | 21                 | 4                  |", &both(true));
    lesson.says("| without the output's slope σ'(Z2)  | 40                 | 8                  |", &both(false));
    lesson.says("At the rate 5 the exact one solves all 40", &[5.0, solved(4, Activation::Sigmoid, 5.0, true)]);
    let two_relus = solved(2, Activation::Relu, 1.0, true);
    assert!(two_relus < 10.0, "few of 40, at a larger rate too: {two_relus}");
    let two_sigmoids = solved(2, Activation::Sigmoid, 5.0, true);
    assert!((25.0..=29.0).contains(&two_sigmoids), "about two thirds of 40: {two_sigmoids}");
}

fn constant(weight: f64) -> XorNet {
    XorNet::from_parts(
        Array2::from_elem((2, 4), weight),
        Array1::zeros(4),
        Array2::from_elem((4, 1), weight),
        Array1::zeros(1),
        Activation::Sigmoid,
    )
}

fn twins(lesson: &mut Lesson) {
    let (x, y) = xor();
    let zeros = constant(0.0);
    let cache = zeros.forward(&x);
    lesson.says(
        "Each hidden neuron says 0.5, the output says 0.5, the loss is 0.25",
        &[cache.a1[[0, 0]], cache.a2[[0, 0]], zeros.loss(&x, &y)],
    );
    let dz2 = (cache.a2.clone() - &y) * 0.5 * &cache.a2 * (1.0 - &cache.a2);
    assert_eq!(dz2.column(0), array![1.0 / 16.0, -1.0 / 16.0, -1.0 / 16.0, 1.0 / 16.0]);
    let mut trained = zeros.clone();
    assert!(trained.train(&x, &y, 100, 5.0).iter().all(|&loss| loss == 0.25));
    assert_eq!(trained, zeros);

    let mut twins = constant(0.5);
    let losses = twins.train(&x, &y, 5001, 5.0);
    assert!(twins.has_symmetry());
    lesson.says(
        "0.3234, after 100 epochs\n0.2476, after 1,000 epochs 0.1698, after 5,000 epochs 0.1671",
        &[losses[0], 100.0, losses[100], 1000.0, losses[1000], 5000.0, losses[5000]],
    );
    let thirds = array![[0.0], [2.0 / 3.0], [2.0 / 3.0], [2.0 / 3.0]];
    let best = (thirds - &y).mapv(|error| error * error).mean().expect("four samples");
    lesson.says("below 1/6 = 0.1667", &[1.0, 6.0, best]);
    lesson.says("start with all weights 0.5", &[0.5]);

    // One of the three is different: not twins any more.
    let mut parted = supplied();
    parted.w1.fill(0.5);
    parted.b1.fill(0.0);
    parted.train(&x, &y, 300, 5.0);
    assert!(solves_xor(&parted) && !parted.has_symmetry());
    lesson.given("With all of W1 at 0.5 and b1 at 0");
    lesson.given("XOR is solved within 300 epochs");

    lesson.given("that starts at 0.5 everywhere");
}

/// Digits that were computed elsewhere, with NumPy: solution and checks could be wrong in the same way.
#[test]
fn one_step_agrees_with_numbers_computed_elsewhere() {
    let (x, y) = xor();
    let mut net = supplied();
    let cache = net.forward(&x);
    agrees(&cache.a2, &[0.511_154_497_634_763, 0.506_125_293_030_21, 0.502_426_845_321_592, 0.498_726_025_197_934]);
    assert!((net.loss(&x, &y) - 0.250_374_459_775_774_4).abs() < 1e-15);
    let gradients = net.gradients(&cache, &x, &y);
    agrees(
        &gradients.w1,
        &[
            -7.448_643_031_621_096e-5,
            5.008_604_849_089_746e-5,
            7.503_369_045_858_185e-4,
            1.679_334_260_932_088e-4,
            -1.389_030_068_586_761e-4,
            3.675_315_700_430_847e-5,
            6.228_206_332_681_997e-4,
            1.456_231_547_228_987e-5,
        ],
    );
    let b1 = [-0.000_295_721_265_881, 0.000_217_314_158_29, 0.000_258_821_053_378, 0.000_312_756_216_485];
    agrees(&gradients.b1.clone().insert_axis(Axis(0)), &b1);
    let w2 = [0.001_060_411_457_893, 0.001_127_193_716_592, 0.000_103_674_656_414, 0.001_345_013_742_951];
    agrees(&gradients.w2, &w2);
    agrees(&gradients.b2.clone().insert_axis(Axis(0)), &[0.002_282_608_431_159]);
    net.step(&gradients, 1.0);
    let after = [0.510_127_053_928_557, 0.505_144_026_870_277, 0.501_341_047_179_984, 0.497_681_021_501_494];
    agrees(&net.forward(&x).a2, &after);
}

fn agrees(computed: &ArrayRef2<f64>, elsewhere: &[f64]) {
    assert_eq!(computed.len(), elsewhere.len());
    for (one, other) in computed.iter().zip(elsewhere) {
        assert!((one - other).abs() < 1e-14, "{one} and {other}");
    }
}

/// Measured slopes of the whole network, weight by weight, for either activation and away from the kinks of ReLU.
#[test]
fn gradients_agree_with_measured_slopes() {
    let x = array![[0.7, -1.2, 0.4], [-0.3, 0.5, 1.1], [1.5, 0.2, -0.6], [0.1, 0.9, 0.8], [-1.0, -0.4, 0.3]];
    let y = array![[1.0], [0.0], [0.25], [1.0], [0.0]];
    for hidden in [Activation::Sigmoid, Activation::Relu] {
        let mut net = XorNet::from_parts(
            array![[0.3, -0.8], [0.5, 0.2], [-1.1, 0.9]],
            array![0.1, -0.3],
            array![[1.4], [-0.6]],
            array![0.2],
            hidden,
        );
        let cache = net.forward(&x);
        assert!(cache.z1.iter().all(|z| z.abs() > 0.01), "no kink is near");
        let gradients = net.gradients(&cache, &x, &y);
        let slopes = [
            gradients.w1.iter().copied().collect::<Vec<_>>(),
            gradients.b1.to_vec(),
            gradients.w2.iter().copied().collect(),
            gradients.b2.to_vec(),
        ];
        for (part, slopes) in slopes.into_iter().enumerate() {
            assert!(slopes.iter().any(|slope| slope.abs() > 1e-3), "0 compared with 0 proves nothing");
            for (i, slope) in slopes.into_iter().enumerate() {
                let mut nudged = |by: f64| {
                    let parameters = match part {
                        0 => net.w1.iter_mut().nth(i),
                        1 => net.b1.iter_mut().nth(i),
                        2 => net.w2.iter_mut().nth(i),
                        _ => net.b2.iter_mut().nth(i),
                    };
                    *parameters.expect("a slope belongs to a parameter") += by;
                    net.loss(&x, &y)
                };
                let (right, left) = (nudged(1e-5), nudged(-2e-5));
                nudged(1e-5);
                let measured = (right - left) / 2e-5;
                assert!((measured - slope).abs() < 1e-9, "{measured} and {slope}");
            }
        }
    }
}

#[test]
fn hand_made_networks_are_sure_of_themselves() {
    let (x, _) = xor();
    for hidden in [Activation::Sigmoid, Activation::Relu] {
        let p = hand_made_xor(hidden).forward(&x).a2;
        assert!(p[[0, 0]] < 0.1 && p[[1, 0]] > 0.9 && p[[2, 0]] > 0.9 && p[[3, 0]] < 0.1, "{p}");
    }
    for n_inputs in 1..=6 {
        for bits in 0..1_u32 << n_inputs {
            let sample = Array2::from_shape_fn((1, n_inputs), |(_, i)| f64::from(bits >> i & 1));
            let p = hand_made_parity(n_inputs).forward(&sample).a2[[0, 0]];
            assert!(if bits.count_ones() % 2 == 1 { p > 0.9 } else { p < 0.1 }, "{sample}: {p}");
        }
    }
}
