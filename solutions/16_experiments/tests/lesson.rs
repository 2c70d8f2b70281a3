//! Computes every number in the lesson.

use std::thread;

use engine::{Activation, Mse, Sequential, mlp};
use experiments_solution::{
    Fold, Grid, Samples, Setting, Summary, accuracy, compare, grid_settings, k_fold, n_parameters, repeat, summarise,
    through_knots, train,
};
use lesson::Lesson;
use ndarray::{Array2, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, StandardNormal};

#[path = "../../../grader/hidden/16_experiments/studies.rs"]
#[allow(dead_code, reason = "some of it is for the grader")]
mod studies;

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    lesson.given("A gets 93.1 %, B gets 93.5 %");
    lesson.given("the learning rates 0.01, 0.02 and 0.03");
    lesson.given("if the good ones lie at\n  0.3");
    bribe(&mut lesson);
    formulas(&mut lesson);
    scores(&mut lesson);
    folds_and_knots(&mut lesson);
    studies(&mut lesson);
    studies_of_mnist(&mut lesson);
    approximation(&mut lesson);
    lesson.given("from 0.001 to 1 or wider");
    lesson.given("Find a setting for 600 digits with at most five epochs and 2,500 parameters");
    lesson.given("91 % of 360 digits");
    lesson.given("`0.9` may be the beginning of `0.95`");
    lesson.given("better than the standard one by 2.1 standard errors");
    lesson.given("`{mean:>9.4}`");
    lesson.given("Section 6.4.1");
    lesson.finish();
}

fn setting(hidden: &[usize], activation: Activation, learning_rate: f64, batch_size: usize) -> Setting {
    Setting { hidden: hidden.to_vec(), activation, learning_rate, batch_size, epochs: 10 }
}

fn relu(hidden: &[usize]) -> Setting {
    setting(hidden, Activation::Relu, 0.1, 16)
}

/// The accuracy that the luckiest of `k` networks is expected to show on 400 samples, in percent, if each reads 93 % of all samples
/// rightly.
fn best_of(k: i32) -> f64 {
    let (n, p) = (400, 0.93_f64);
    // The logarithm of the probability that none is read rightly: the probability itself is too small for an f64.
    let mut ln_mass = f64::from(n) * (1.0 - p).ln();
    let (mut at_most, mut expected) = (0.0, 0.0);
    for right in 0..n {
        at_most += f64::exp(ln_mass);
        expected += 1.0 - f64::powi(at_most, k);
        ln_mass += (f64::from(n - right) / f64::from(right + 1) * p / (1.0 - p)).ln();
    }
    100.0 * expected / f64::from(n)
}

fn bribe(lesson: &mut Lesson) {
    assert!((best_of(1) - 93.0).abs() < 1e-6);
    lesson.given("each reads 93 % of all digits correctly. On 400 validation samples");
    lesson.says("to show 95.27 %, and the luckiest of a hundred settings 95.99 %", &[best_of(20), best_of(100)]);
}

fn formulas(lesson: &mut Lesson) {
    let grid = Grid {
        hidden: vec![vec![16], vec![32], vec![64]],
        activations: vec![Activation::Relu],
        learning_rates: vec![0.01, 0.03, 0.1, 0.3],
        batch_sizes: vec![8, 16],
        epochs: 5,
    };
    lesson.says("3 · 4 · 2 = 24 settings", &[3.0, 4.0, 2.0, grid_settings(&grid).len() as f64]);
    lesson.given("from 0.001 to 0.01 is as far as from 0.1 to 1");
    lesson.given("drawn uniformly from 0.001 to 1");
    // Nine in ten.
    assert!(((1.0 - 0.1) / (1.0 - 0.001) - 0.9_f64).abs() < 0.01);
    lesson.given("above 0.1");
}

fn scores(lesson: &mut Lesson) {
    lesson.says("(32-16 for short) has 25,818", &[32.0, 16.0, n_parameters(&relu(&[32, 16]), 784, 10) as f64]);
    lesson.given("With 784 inputs");
    assert_eq!(n_parameters(&relu(&[3]), 2, 1), 13);

    let scores: [f64; 4] = [0.75, 0.5, 1.0, 0.25];
    let summary = summarise(&scores);
    lesson.given("The scores 0.75, 0.5, 1 and 0.25");
    lesson.says("have the mean 0.625", &[summary.mean]);
    let distances = scores.map(|score| score - summary.mean);
    lesson.says("are 0.125, -0.125, 0.375 and -0.375", &distances);
    let squares: f64 = distances.iter().map(|distance| distance * distance).sum();
    lesson.says("add up to 0.3125", &[squares]);
    lesson.says("std = √(0.3125 / 3) = 0.3227", &[squares, 3.0, summary.std]);

    let (a, b) = (Summary { mean: 0.94, std: 0.0061, n: 5 }, Summary { mean: 0.935, std: 0.0089, n: 5 });
    lesson.given("A has the mean 0.94 and the std 0.0061 over five runs, B has 0.935 and 0.0089");
    let error = (a.std.powi(2) / 5.0 + b.std.powi(2) / 5.0).sqrt();
    lesson.says("√(0.0061²/5 + 0.0089²/5) = 0.0048", &[5.0, 5.0, error]);
    lesson.says("Twice that is 0.0097, and the difference is 0.005", &[2.0 * error, a.mean - b.mean]);
    assert!(compare(&a, &b).is_eq());
    lesson.given("With s = 0.009 and d = 0.005");
    lesson.says("more than 25.9 repeats", &[8.0 * (0.009_f64 / 0.005).powi(2)]);

    for (row, n) in [
        ("| 2                    | 18 %                  |", 2),
        ("| 3                    | 12 %                  |", 3),
        ("| 5                    | 8 %                   |", 5),
        ("| 20                   | 5 %                   |", 20),
    ] {
        lesson.says(row, &[n as f64, 100.0 * false_alarms(n)]);
    }
}

/// How often two studies of one setting, with `n` repeats each, are told apart.
fn false_alarms(n: usize) -> f64 {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(16);
    let mut study = || summarise(&(0..n).map(|_| StandardNormal.sample(rng)).collect::<Vec<f64>>());
    (0..20_000).filter(|_| compare(&study(), &study()).is_ne()).count() as f64 / 20_000.0
}

fn folds_and_knots(lesson: &mut Lesson) {
    let folds = k_fold(&[3, 9, 0, 4, 7, 1, 10, 5, 2, 8, 6], 3);
    assert_eq!(folds[0].validation, [3, 9, 0, 4]);
    assert_eq!(folds[1], Fold { train: vec![3, 9, 0, 4, 2, 8, 6], validation: vec![7, 1, 10, 5] });
    assert_eq!(folds[2].validation, [2, 8, 6]);
    let output = through_knots(|x| x * x, &[0.0, 1.0, 3.0]).forward(&array![[2.0]]);
    lesson.says("f(1) + 4 · (2 - 1) = 5", &[1.0, 4.0, 2.0, 1.0, output[[0, 0]]]);
}

/// 600 digits to learn from and 400 to choose by, five seeds each.
fn studied(settings: &[Setting]) -> Vec<Summary> {
    let digits = datasets::digits();
    let all = Samples { x: digits.features / datasets::digits::MAX_PIXEL, labels: digits.labels.to_vec() };
    let (samples, validation) =
        (all.select(&(0..600).collect::<Vec<_>>()), all.select(&(600..1000).collect::<Vec<_>>()));
    let study = |setting: &Setting| {
        let run = |setting: &Setting, seed| accuracy(&mut train(setting, &samples, 10, seed), &validation);
        summarise(&repeat(setting, 5, run))
    };
    // Each training has its own seed, so it does not matter that they run side by side.
    thread::scope(|scope| {
        let threads: Vec<_> = settings.iter().map(|setting| scope.spawn(|| study(setting))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a study ends")).collect()
    })
}

fn studies(lesson: &mut Lesson) {
    use Activation::{Relu, Sigmoid, Tanh};
    let batches = |size| [setting(&[32], Relu, 0.1, size), setting(&[32], Relu, 0.5, size)];
    let depths = |rate| [setting(&[32], Relu, rate, 16), setting(&[32; 5], Relu, rate, 16)];
    let rates = |activation| [setting(&[32], activation, 0.1, 16), setting(&[32], activation, 1.0, 16)];
    let one = |hidden: &[usize]| vec![relu(hidden)];
    // A row, the numbers that it begins with, and the settings whose mean and standard deviation follow.
    let rows = [
        ("| 0.001 | 0.1445 ± 0.0409 | 0.2080 ± 0.0637 |", vec![0.001], depths(0.001).to_vec()),
        ("| 0.01  | 0.6310 ± 0.0533 | 0.7120 ± 0.0447 |", vec![0.01], depths(0.01).to_vec()),
        ("| 0.1   | 0.9270 ± 0.0125 | 0.8915 ± 0.0744 |", vec![0.1], depths(0.1).to_vec()),
        ("| 0.3   | 0.9395 ± 0.0114 | 0.6595 ± 0.0768 |", vec![0.3], depths(0.3).to_vec()),
        ("| 1     | 0.6715 ± 0.2708 | 0.1060 ± 0.0135 |", vec![1.0], depths(1.0).to_vec()),
        ("| none           | 650        | 0.9100 ± 0.0064 |", vec![650.0], one(&[])),
        ("| 8              | 610        | 0.8730 ± 0.0236 |", vec![8.0, 610.0], one(&[8])),
        ("| 32             | 2,410      | 0.9270 ± 0.0125 |", vec![32.0, 2410.0], one(&[32])),
        ("| 64             | 4,810      | 0.9370 ± 0.0057 |", vec![64.0, 4810.0], one(&[64])),
        ("| 128            | 9,610      | 0.9495 ± 0.0069 |", vec![128.0, 9610.0], one(&[128])),
        ("| 256            | 19,210     | 0.9525 ± 0.0088 |", vec![256.0, 19_210.0], one(&[256])),
        ("| ReLU       | 0.9270 ± 0.0125 | 0.6715 ± 0.2708 |", vec![], rates(Relu).to_vec()),
        ("| tanh       | 0.9285 ± 0.0110 | 0.9500 ± 0.0018 |", vec![], rates(Tanh).to_vec()),
        ("| sigmoid    | 0.8075 ± 0.0222 | 0.9315 ± 0.0122 |", vec![], rates(Sigmoid).to_vec()),
        ("| 4     | 1,500 | 0.9360 ± 0.0095 | 0.8700 ± 0.0472 |", vec![4.0, 1500.0], batches(4).to_vec()),
        ("| 16    | 380   | 0.9270 ± 0.0125 | 0.9425 ± 0.0148 |", vec![16.0, 380.0], batches(16).to_vec()),
        ("| 64    | 100   | 0.8415 ± 0.0244 | 0.9090 ± 0.0196 |", vec![64.0, 100.0], batches(64).to_vec()),
        ("| 256   | 30    | 0.5465 ± 0.0545 | 0.8270 ± 0.0419 |", vec![256.0, 30.0], batches(256).to_vec()),
    ];
    let mut settings: Vec<Setting> = Vec::new();
    for setting in rows.iter().flat_map(|row| &row.2) {
        if !settings.contains(setting) {
            settings.push(setting.clone());
        }
    }
    let summaries = studied(&settings);
    let summary = |wanted: &Setting| {
        let place = settings.iter().position(|setting| setting == wanted);
        summaries[place.expect("a setting that was studied")]
    };
    for (row, begins, of) in &rows {
        let mut numbers = begins.clone();
        numbers.extend(of.iter().map(summary).flat_map(|summary| [summary.mean, summary.std]));
        lesson.says(row, &numbers);
        let steps = 10 * 600_usize.div_ceil(of[0].batch_size);
        assert!(begins.len() < 2 || [n_parameters(&of[0], 64, 10), steps].contains(&(begins[1] as usize)), "{row}");
    }
    assert!(compare(&summary(&relu(&[256])), &summary(&relu(&[128]))).is_eq());
    assert!(compare(&summary(&relu(&[])), &summary(&relu(&[8]))).is_gt());
    lesson.given("600 digits to learn from, 400 to choose by");
    lesson.given("rate 0.1 and batches of 16");
    lesson.given("from 128 to 256 it is a tie");
    lesson.given("| activation | rate 0.1        | rate 1          |");
    lesson.given("| batch | steps | rate 0.1        | rate 0.5        |");
    lesson.given("Ten epochs are 1,500 steps");
    let [(small, _), (large, deep)] = [0.1, 0.3].map(|rate| {
        let [shallow, deep] = depths(rate);
        (summary(&shallow), summary(&deep))
    });
    assert!(compare(&small, &large).is_eq() && compare(&summary(&depths(0.1)[1]), &deep).is_gt());
    lesson.given("0.1 and 0.3 are a tie");
    let error = (small.std.powi(2) / 5.0 + large.std.powi(2) / 5.0).sqrt();
    lesson.says("differ by 0.0125, and twice the standard error is 0.0151", &[large.mean - small.mean, 2.0 * error]);
    lesson.given("For the deep one, 0.3 is too large");
    assert!(compare(&summary(&rates(Sigmoid)[1]), &summary(&relu(&[32]))).is_eq());
}

/// The scores are trained in `mnist.rs`, where MNIST is.
fn studies_of_mnist(lesson: &mut Lesson) {
    use studies::{ACTIVATIONS, BATCHES, N_VALIDATION, RATES, Study, WIDTHS};

    let percent = |study: &Study, place: usize| 100.0 * study.scores[place];
    lesson.says("It validates on 6,000 images", &[N_VALIDATION as f64]);
    lesson.says("from 54,000 images with the rate 0.2", &[WIDTHS.n_train as f64, WIDTHS.learning_rates[0]]);
    for study in [&RATES, &ACTIVATIONS, &BATCHES] {
        lesson.says("learn from 18,000", &[study.n_train as f64]);
    }
    // Each study trains as many, and the four have these numbers of settings.
    assert_eq!([WIDTHS, RATES, ACTIVATIONS, BATCHES].map(|study| study.scores.len()), [4, 15, 9, 8]);
    for (place, (row, hidden)) in [
        ("| 32-16         | 25,818     | 94.3     |", [32, 16]),
        ("| 64-32         | 52,650     | 95.6     |", [64, 32]),
        ("| 128-64        | 109,386    | 96.5     |", [128, 64]),
        ("| 256-128       | 235,146    | 96.6     |", [256, 128]),
    ]
    .into_iter()
    .enumerate()
    {
        let n_parameters = n_parameters(&relu(&hidden), 784, 10) as f64;
        lesson.says(row, &[hidden[0] as f64, hidden[1] as f64, n_parameters, percent(&WIDTHS, place)]);
    }
    lesson.given("| rate  | one layer of 128 | three | five |");
    for (row, text) in [
        "| 0.001 | 45.6             | 39.7  | 46.1 |",
        "| 0.01  | 88.4             | 89.7  | 90.7 |",
        "| 0.1   | 92.5             | 94.4  | 95.0 |",
        "| 0.3   | 92.2             | 95.0  | 87.0 |",
        "| 1     | 83.5             | 9.8   | 9.8  |",
    ]
    .into_iter()
    .enumerate()
    {
        let scores = [row, row + 5, row + 10].map(|place| percent(&RATES, place));
        lesson.says(text, &[&[RATES.learning_rates[row]], &scores[..]].concat());
    }
    lesson.given("| 128-64, rate | ReLU | tanh | sigmoid |");
    for (row, text) in [
        "| 0.01         | 88.7 | 90.1 | 33.2    |",
        "| 0.1          | 93.7 | 93.1 | 80.4    |",
        "| 1            | 28.7 | 9.6  | 90.5    |",
    ]
    .into_iter()
    .enumerate()
    {
        let scores = [row, row + 3, row + 6].map(|place| percent(&ACTIVATIONS, place));
        lesson.says(text, &[&[ACTIVATIONS.learning_rates[row]], &scores[..]].concat());
    }
    lesson.given("| 128-64, batch | steps | rate 0.1 | rate 0.5 |");
    for (row, text) in [
        "| 8             | 2,250 | 94.7     | 67.7     |",
        "| 32            | 563   | 93.7     | 92.7     |",
        "| 128           | 141   | 86.9     | 88.2     |",
        "| 512           | 36    | 75.8     | 70.9     |",
    ]
    .into_iter()
    .enumerate()
    {
        let (size, scores) = (BATCHES.batch_sizes[row], [row, row + 4].map(|place| percent(&BATCHES, place)));
        let steps = BATCHES.n_train.div_ceil(size) as f64;
        lesson.says(text, &[&[size as f64, steps], &scores[..]].concat());
    }
    // What the lesson reads from the tables.
    let gains: Vec<f64> = WIDTHS.scores.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gains[2] < 0.002 && gains[2] < gains[0] / 5.0);
    let (one, three, five) = (&RATES.scores[..5], &RATES.scores[5..10], &RATES.scores[10..]);
    assert!(one[4] > 0.8 && three[4] < 0.11 && five[4] < 0.11 && five[3] < three[3] - 0.05);
    lesson.given("The rate 0.001 is not wrong in general");
    lesson.given("at 0.3 the network with five");
}

/// sin x + 0.5 cos 3x + 0.2 sin 5x
fn wave(x: f64) -> f64 {
    x.sin() + 0.5 * (3.0 * x).cos() + 0.2 * (5.0 * x).sin()
}

fn step(x: f64) -> f64 {
    f64::from(u8::from(x >= 0.0))
}

fn mean_squared_error(f: fn(f64) -> f64, net: &mut Sequential) -> f64 {
    let x = Array2::from_shape_fn((1201, 1), |(i, _)| -3.0 + i as f64 / 200.0);
    (net.forward(&x) - x.mapv(f)).mapv(|error| error * error).sum() / 1201.0
}

fn made(f: fn(f64) -> f64, width: usize) -> f64 {
    let knots: Vec<f64> = (0..=width).map(|i| -3.0 + 6.0 * i as f64 / width as f64).collect();
    mean_squared_error(f, &mut through_knots(f, &knots))
}

fn trained(f: fn(f64) -> f64, width: usize) -> f64 {
    let mut net = mlp(&[1, width, 1], Activation::Tanh, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let x = Array2::from_shape_fn((100, 1), |(i, _)| -3.0 + 6.0 * i as f64 / 99.0);
    let y = x.mapv(f);
    for _ in 0..1000 {
        net.train_step(&x, &y, &Mse, 0.05);
    }
    mean_squared_error(f, &mut net)
}

fn approximation(lesson: &mut Lesson) {
    lesson.given("sin x + 0.5 cos 3x + 0.2 sin 5x");
    lesson.given("| hidden neurons | made through knots | trained, 1,000 steps |");
    lesson.given("with the rate 0.05 on 100 points");
    for (row, width) in [
        ("| 10             | 0.024268           | 0.106947             |", 10),
        ("| 40             | 0.000096           | 0.102565             |", 40),
    ] {
        lesson.says(row, &[width as f64, made(wave, width), trained(wave, width)]);
    }
    let share = made(step, 80) / made(step, 40);
    assert!((0.45..0.55).contains(&share), "{share}");
    lesson.says("40 neurons leave 0.007915", &[40.0, made(step, 40)]);
}
