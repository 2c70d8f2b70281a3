//! Computes every number in the lesson.

use std::thread;

use datasets::digits::MAX_PIXEL;
use engine::{Layer, Linear, Sequential};
use lesson::Lesson;
use ndarray::{Array1, Array2, ArrayRef1, Axis, Slice, array};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus};
use regularisation_solution::{
    Fit, History, Penalty, Split, Switch, best_epoch, diagnose, dropout_mask, fit, generalisation_gap,
    mlp_with_dropout, penalised_step,
};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    what_weights_cost(&mut lesson);
    dropout_by_hand(&mut lesson);
    digits(&mut lesson);
    diagnoses(&mut lesson);
    lesson.given("`parameter.value *= 2.0`");
    lesson.given("`0.0_f64.signum()` is 1");
    lesson.given("p = 0.5 is a usual start");
    lesson.given("With p = 0.5 the mistake does not show");
    lesson.given("Which of two weights, 3 and 0.01, does L2 with λ = 0.1");
    lesson.given("dropping the *scores* with p = 0.5");
    lesson.given("section 5.2 and chapter 7");
    lesson.finish();
}

fn what_weights_cost(lesson: &mut Lesson) {
    let weights = [3.0, -2.0, 0.0];
    lesson.given("with λ = 0.1:");
    for (row, penalty) in [
        ("| L2   | 0.45, 0.2, 0  | 0.65 | 0.3, -0.2, 0  |", Penalty::L2(0.1)),
        ("| L1   | 0.3, 0.2, 0   | 0.5  | 0.1, -0.1, 0  |", Penalty::L1(0.1)),
    ] {
        let costs = weights.map(|w| penalty.value(w));
        let slopes = weights.map(|w| penalty.slope(w));
        lesson.says(row, &[&costs[..], &[costs.iter().sum()], &slopes].concat());
    }
    let after =
        [Penalty::None, Penalty::L2(0.1), Penalty::L1(0.1)].map(|penalty| 2.0 - 0.1 * (-0.5 + penalty.slope(2.0)));
    lesson.given("A step with lr = 0.1 for a weight of 2 whose gradient is -0.5");
    lesson.says("it would go to 2.05, with L2 to 2.03, with L1 to 2.04", &after);
    let shrunk = |penalty, n_steps| {
        let mut net = Sequential::new(vec![Box::new(Linear::from_parts(array![[1.0]], array![0.0])) as Box<dyn Layer>]);
        for _ in 0..n_steps {
            penalised_step(&mut net, 0.1, penalty);
        }
        net.parameters()[0].value.sum()
    };
    lesson.given("with lr · λ = 0.05");
    let (after_20, after_60) = (shrunk(Penalty::L2(0.5), 20), shrunk(Penalty::L2(0.5), 60));
    lesson.says("after 20 steps L2 leaves 0.3585, after 60 steps 0.0461", &[20.0, after_20, 60.0, after_60]);
    let l1 = shrunk(Penalty::L1(0.5), 20);
    assert!(l1.abs() < 1e-12, "{l1}");
    lesson.says("L1 takes 0.05 in every step", &[0.1 * Penalty::L1(0.5).slope(1.0)]);
}

fn dropout_by_hand(lesson: &mut Lesson) {
    // A mask in which the third entry alone is dropped, as it is drawn sooner or later.
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mask = loop {
        let mask = dropout_mask((1, 5), 0.2, rng);
        if mask.iter().enumerate().all(|(i, entry)| (*entry == 0.0) == (i == 2)) {
            break mask;
        }
    };
    let x = array![[1.0, 2.0, 3.0, 4.0, 5.0]];
    let d_out = array![[1.0, -2.0, 4.0, 0.4, 1.0]];
    let out = &x * &mask;
    lesson.given("p = 0.2, and the third of five");
    lesson.says("The other entries are multiplied by 1.25", &[mask[[0, 0]]]);
    lesson.says("mask = [1.25, 1.25, 0,    1.25, 1.25]", mask.as_slice().expect("one row"));
    lesson.says("out  = [1.25, 2.5,  0,    5,    6.25]", out.as_slice().expect("one row"));
    lesson.says("the sum is 15, as before", &[out.sum()]);
    assert_eq!(x.sum(), out.sum());
    lesson.given("dOut = [1,    -2,   4,    0.4,  1]");
    lesson.says("dX   = [1.25, -2.5, 0,    0.5,  1.25]", (&d_out * &mask).as_slice().expect("one row"));
}

/// The rows of both tables: the text, the number of samples, the penalty, and p.
const ROWS: [(&str, usize, Penalty, f64); 8] = [
    (
        "| L2, λ = 0.01         | 0.3375   | 0.5069     | 0.1694 | 0.4881   | 283      | 87.5 %   | 12 %           |",
        200,
        Penalty::L2(0.01),
        0.0,
    ),
    (
        "| L2, λ = 0.1          | 1.5022   | 1.5751     | 0.0730 | 1.5736   | 297      | 60.0 %   | 57 %           |",
        200,
        Penalty::L2(0.1),
        0.0,
    ),
    (
        "| L1, λ = 0.003        | 0.3559   | 0.5120     | 0.1561 | 0.4903   | 282      | 85.0 %   | 79 %           |",
        200,
        Penalty::L1(0.003),
        0.0,
    ),
    (
        "| dropout, p = 0.2     | 0.1303   | 0.4985     | 0.3682 | 0.4422   | 221      | 86.0 %   | 4 %            |",
        200,
        Penalty::None,
        0.2,
    ),
    (
        "| dropout, p = 0.5     | 0.2113   | 0.4978     | 0.2864 | 0.4557   | 276      | 87.5 %   | 4 %            |",
        200,
        Penalty::None,
        0.5,
    ),
    (
        "| nothing              | 0.0839   | 0.5516     | 0.4677 | 0.4712   | 120      | 83.5 %   | 3 %            |",
        200,
        Penalty::None,
        0.0,
    ),
    ("| 50                                    | 0.0103   | 1.1698     | 1.1596 |", 50, Penalty::None, 0.0),
    ("| 400                                   | 0.3085   | 0.3974     | 0.0889 |", 400, Penalty::None, 0.0),
];

fn digits(lesson: &mut Lesson) {
    lesson.given("A network 64-32-10 learns 200 of the 8×8 digits for 300 epochs with lr = 0.5");
    let mut net = mlp_with_dropout(&[64, 32, 10], 0.5, &Switch::new(), &mut Xoshiro256PlusPlus::seed_from_u64(1));
    lesson.says("It has 2,410 parameters", &[net.n_parameters() as f64]);
    let runs = thread::scope(|scope| {
        let start = |(_, n, penalty, p)| scope.spawn(move || measured(n, penalty, p));
        ROWS.map(start).map(|run| run.join().expect("a training ends"))
    });
    for ((row, n, penalty, p), numbers) in ROWS.iter().zip(&runs) {
        match (*n, *penalty) {
            (50 | 400, _) => lesson.says(row, &[&[*n as f64], &numbers[..3]].concat()),
            (_, Penalty::L2(lambda) | Penalty::L1(lambda)) => lesson.says(row, &[&[lambda][..], numbers].concat()),
            (_, Penalty::None) if *p > 0.0 => lesson.says(row, &[&[*p], &numbers[..]].concat()),
            (_, Penalty::None) => {
                lesson.says(row, numbers);
                lesson.says(
                    "| 200                                   | 0.0839   | 0.5516     | 0.4677 |",
                    &[&[200.0], &numbers[..3]].concat(),
                );
            }
        }
    }
    lesson.says("accuracy is measured on the 200 validation samples", &[some_digits(200).x_validation.nrows() as f64]);
    lesson.given("below 0.01. Read the table");
    lesson.given("L2 with λ = 0.01 was better than nothing");
    lesson.given("λ = 0.1 has by");
}

/// Training loss, validation loss, gap, the smallest validation loss and its epoch (from 1), accuracy on the validation
/// samples, and the share of the weights of the first layer that are below 0.01, both in percent.
fn measured(n_train: usize, penalty: Penalty, p: f64) -> [f64; 7] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let data = some_digits_from(n_train, rng);
    let switch = Switch::new();
    let mut net = mlp_with_dropout(&[64, 32, 10], p, &switch, rng);
    let history = fit(&mut net, &switch, &data, penalty, 0.5, 300);
    let best = best_epoch(&history).expect("there are numbers");
    let scores = net.forward(&data.x_validation);
    let right = scores.rows().into_iter().zip(data.y_validation.rows()).filter(|(s, y)| argmax(s) == argmax(y));
    let accuracy = right.count() as f64 / scores.nrows() as f64;
    let parameters = net.parameters();
    let weights = &parameters[0].value;
    let small = weights.iter().filter(|w| w.abs() < 0.01).count() as f64 / weights.len() as f64;
    [
        history.train_loss[299],
        history.validation_loss[299],
        generalisation_gap(&history),
        history.validation_loss[best],
        best as f64 + 1.0,
        100.0 * accuracy,
        100.0 * small,
    ]
}

fn argmax(row: &ArrayRef1<f64>) -> usize {
    (0..row.len()).max_by(|&i, &j| row[i].total_cmp(&row[j])).expect("ten classes")
}

fn some_digits(n_train: usize) -> Split {
    some_digits_from(n_train, &mut Xoshiro256PlusPlus::seed_from_u64(1))
}

/// The first digits to learn from, every tenth of them with a label that is drawn by lot, and the last 200 to look at.
fn some_digits_from(n_train: usize, rng: &mut Xoshiro256PlusPlus) -> Split {
    let digits = datasets::digits();
    let x = &digits.features / MAX_PIXEL;
    let (first, last) = (Slice::from(..n_train), Slice::from(-200..));
    let true_labels = |range: Slice| digits.labels.slice_axis(Axis(0), range).to_owned();
    let noisy = true_labels(first).mapv(|label| if rng.random_bool(0.1) { rng.random_range(0..10) } else { label });
    Split {
        x_train: x.slice_axis(Axis(0), first).to_owned(),
        y_train: one_hot(&noisy),
        x_validation: x.slice_axis(Axis(0), last).to_owned(),
        y_validation: one_hot(&true_labels(last)),
    }
}

fn one_hot(labels: &ArrayRef1<usize>) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), 10), |(i, class)| if labels[i] == class { 1.0 } else { 0.0 })
}

fn diagnoses(lesson: &mut Lesson) {
    lesson.given("With 0.5 as the acceptable training loss");
    let training = [[1.0, 0.4, 0.2, 0.1], [1.0, 0.5, 0.8, 2.0], [1.0, 0.5, 0.4, 0.3]];
    let validation = [[1.2, 0.6, 0.5, 0.6], [1.1, 0.6, 0.9, 2.2], [1.4, 0.9, 0.8, 0.7]];
    lesson.says(
        "training     1.0   0.4   0.2   0.1          1.0   0.5   0.8   2.0          1.0   0.5   0.4   0.3",
        training.as_flattened(),
    );
    lesson.says(
        "validation   1.2   0.6   0.5   0.6          1.1   0.6   0.9   2.2          1.4   0.9   0.8   0.7",
        validation.as_flattened(),
    );
    let found = [0, 1, 2].map(|i| {
        let (train_loss, validation_loss) = (training[i].to_vec(), validation[i].to_vec());
        diagnose(&History { train_loss, validation_loss }, 0.5)
    });
    assert_eq!(found, [Fit::Overfitting, Fit::Underfitting, Fit::Good]);
    lesson.says("ends 20 % above its best", &[100.0 * (0.6 / 0.5 - 1.0)]);
}

/// How often a right solution would fail the grader's check of masks, which have 20,000 entries or more: the share that is
/// dropped stays within 0.015 of p in 200 masks, which is more than four standard deviations, and the grader allows 0.03.
#[test]
fn masks_are_far_from_the_limits_of_the_checks() {
    for seed in 0..50 {
        for p in [0.1, 0.35, 0.65, 0.9] {
            let mask = dropout_mask((200, 100), p, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
            let dropped = mask.iter().filter(|entry| **entry == 0.0).count() as f64 / mask.len() as f64;
            assert!((dropped - p).abs() < 0.015, "seed {seed}: {dropped} in place of {p}");
        }
    }
}

/// A mask is right on average: what is kept makes up for what is dropped.
#[test]
fn masks_have_the_mean_1() {
    for p in [0.2, 0.5, 0.8] {
        let mask = dropout_mask((300, 300), p, &mut Xoshiro256PlusPlus::seed_from_u64(1));
        let error = mask.mean().expect("there are entries") - 1.0;
        assert!(error.abs() < 4.0 * (p / (1.0 - p) / mask.len() as f64).sqrt(), "{error}");
    }
    assert_eq!(
        dropout_mask((1, 3), 1.0, &mut Xoshiro256PlusPlus::seed_from_u64(1)),
        Array1::zeros(3).insert_axis(Axis(0))
    );
}
