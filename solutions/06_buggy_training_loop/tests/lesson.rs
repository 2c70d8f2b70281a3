//! Computes every number in the lesson.

#[path = "../../../exercises/06_buggy_training_loop/tests/data/mod.rs"]
mod data;

use buggy_training_loop_solution::{
    Diagnosis, cross_entropy, diagnose, one_hot, softmax_classifier_step, softmax_rows, train,
};
use lesson::Lesson;
use ndarray::{Array1, Array2, Axis, array};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    lesson.given("on 100 samples of three classes");
    lesson.given("learning rate of 0.01");
    lesson.given("learning rate 0.01");
    lesson.given("learning\nrate 0.1");
    lesson.given("learning rate 0.1");
    lesson.given("&mut\nb, 0.1)");
    lesson.given("400 epochs");
    lesson.given("ln(p + 1e-8)");
    lesson.given("`array![[1.0, 2.0], [3.0, 4.0]]`");

    worked_example(&mut lesson);

    let (right, a, b, c) = (Bugs::default(), Bugs::only(0), Bugs::only(1), Bugs::only(2));
    let all = Bugs { subtract_b: true, add_db: true, sum_dw: true };

    // With a learning rate of 0.01 the shipped code falls all the way, and further.
    let (wrong, repaired) = (all.losses(0.01, 400), right.losses(0.01, 400));
    assert!(falls(&wrong) && falls(&repaired));
    lesson.says("The loss begins at 1.0986, falls in every epoch, and arrives at 0.5094", &[wrong[0], wrong[19]]);
    lesson.says("gets from 1.0986 to 1.0065", &[repaired[0], repaired[19]]);
    let of_c = c.losses(0.01, 400);
    assert!(falls(&of_c) && of_c == wrong);
    assert!((1..400).all(|epoch| of_c[epoch] < repaired[epoch]));
    lesson.says("0.4874 against 0.8002 after 100 epochs", &[of_c[99], repaired[99], 100.0]);

    lesson.given("100 samples of ten features");
    lesson.given("epoch 100 | epoch 400 |");
    for (row, bugs) in [
        ("| none      | 1.0986  | 0.7037   | 0.5434    | 0.4924    |", right),
        ("| A         | 1.0986  | 0.7411   | 1.0447    | 9.2816    |", a),
        ("| B         | 1.0986  | 0.7411   | 1.0447    | 9.2816    |", b),
        ("| A and B   | 1.0986  | 0.7037   | 0.5434    | 0.4924    |", Bugs { sum_dw: false, ..all }),
        ("| C         | 1.0986  | 0.7350   | 0.7412    | 0.7338    |", c),
        ("| all three | 1.0986  | 0.7350   | 0.7412    | 0.7338    |", all),
    ] {
        let losses = bugs.losses(0.1, 400);
        lesson.says(row, &[losses[0], losses[19], losses[99], losses[399]]);
    }
    let (right, a, b, c) = (right.losses(0.1, 400), a.losses(0.1, 400), b.losses(0.1, 400), c.losses(0.1, 400));
    let improvement = |losses: &[f64]| 100.0 * (losses[0] - losses[19]) / losses[0];
    lesson.says("the loss falls for 42 epochs", &[(1..400).take_while(|&i| a[i] < a[i - 1]).count() as f64 + 1.0]);
    lesson.says("After 20 of them it has lost 32.5 %", &[20.0, improvement(&a)]);
    lesson.says("35.9 %", &[improvement(&right)]);
    assert_eq!(a, b);
    assert_eq!(Bugs { sum_dw: false, ..all }.losses(0.1, 400), right);
    assert_eq!(all.losses(0.1, 400), c);
    assert!(c[1] > c[0] && !falls(&c[100..]));
    // Question 6.
    assert_eq!(diagnose(&a), Diagnosis::Diverged);
    assert_eq!([diagnose(&right), diagnose(&c)], [Diagnosis::Ok; 2]);

    lesson.given("epoch 20 | epoch 400 |");
    for (row, fault) in [
        ("| P     | 1.0986  | 1.0931  | 1.0065   | 0.6187    |", Fault::LearningRateTwice),
        ("| Q     | 1.0455  | 0.9996  | 0.6970   | 0.4924    |", Fault::LossAfterUpdate),
        ("| R     | 4.6052  | 4.5649  | 4.5333   | 31.0837   |", Fault::SoftmaxOfColumns),
        ("| S     | 1.0986  | 1.1555  | 3.4362   | 96.6188   |", Fault::LabelsMinusProbabilities),
        ("| T     | 1.0986  | 1.0854  | 0.9685   | 0.8854    |", Fault::NeighboursLabel),
    ] {
        let losses = fault.losses(0.1, 400);
        lesson.says(row, &[losses[0], losses[1], losses[19], losses[399]]);
    }

    lesson.finish();
}

/// The six samples with one feature.
fn worked_example(lesson: &mut Lesson) {
    let (x, y) = (Array2::ones((6, 1)), one_hot(&array![0, 0, 0, 1, 1, 2], 3));
    let (mut w, mut b) = (Array2::zeros((1, 3)), Array1::zeros(3));
    lesson.given("the learning rate is 0.6");
    let loss = softmax_classifier_step(&x, &y, &mut w, &mut b, 0.6);
    lesson.says("ln 3 = 1.0986", &[3.0, loss]);
    lesson.says("W = [[0.1, 0, -0.1]]        b = [0.1, 0, -0.1]", &[w[[0, 0]], 0.0, w[[0, 2]], b[0], 0.0, b[2]]);
    assert!(w[[0, 1]].abs() < 1e-15 && b[1].abs() < 1e-15);

    let z = x.dot(&w) + &b;
    let p = softmax_rows(&z);
    lesson.says("[0.2, 0, -0.2]", &z.row(0).to_vec());
    lesson.says("[0.4018, 0.3289, 0.2693]", &p.row(0).to_vec());
    let loss = softmax_classifier_step(&x, &y, &mut w, &mut b, 0.6);
    lesson.says("the loss is 1.0452", &[loss]);
    lesson.says(
        "W = [[0.1589, 0.0026, -0.1616]]        b = [0.1589, 0.0026, -0.1616]",
        &[w.row(0).to_vec(), b.to_vec()].concat(),
    );
    lesson.says("its 0.3289 is", &[p[[0, 1]]]);
    lesson.says("0.6 · (0.3333 - 0.3289) = 0.0026", &[0.6, 1.0 / 3.0, p[[0, 1]], b[1]]);

    // The blind spot of all inputs 0: the loss of +b and -b may agree.
    let loss_of = |b: Array1<f64>| {
        let y = one_hot(&array![0, 1], 2);
        softmax_classifier_step(&Array2::zeros((2, 1)), &y, &mut Array2::zeros((1, 2)), &mut b.clone(), 0.1)
    };
    assert!((loss_of(array![1.0, -1.0]) - loss_of(array![-1.0, 1.0])).abs() < 1e-15);
}

/// Whether each number is below the one before it.
fn falls(losses: &[f64]) -> bool {
    losses.windows(2).all(|pair| pair[1] < pair[0])
}

/// Which of the shipped bugs are left in: A, B and C of the lesson.
#[derive(Clone, Copy, Default)]
struct Bugs {
    subtract_b: bool,
    add_db: bool,
    sum_dw: bool,
}

impl Bugs {
    fn only(number: usize) -> Self {
        Self { subtract_b: number == 0, add_db: number == 1, sum_dw: number == 2 }
    }

    /// The losses on the lesson's data.
    fn losses(self, learning_rate: f64, epochs: usize) -> Vec<f64> {
        let (x, y) = data::three_classes();
        let (n, mut w, mut b) = (x.nrows() as f64, Array2::zeros((10, 3)), Array1::zeros(3));
        let step = |_| {
            let z = if self.subtract_b { x.dot(&w) - &b } else { x.dot(&w) + &b };
            let p = softmax_rows(&z);
            let loss = cross_entropy(&y, &p);
            let dz = p - &y;
            let dw = if self.sum_dw { x.t().dot(&dz) } else { x.t().dot(&dz) / n };
            let db = dz.sum_axis(Axis(0)) / n;
            w.scaled_add(-learning_rate, &dw);
            b.scaled_add(if self.add_db { learning_rate } else { -learning_rate }, &db);
            loss
        };
        let losses: Vec<f64> = (0..epochs).map(step).collect();
        if !(self.subtract_b || self.add_db || self.sum_dw) {
            let by_solution = train(&x, &y, Array2::zeros((10, 3)), Array1::zeros(3), learning_rate, epochs).losses;
            assert!(losses.iter().zip(by_solution).all(|(loss, other)| (loss - other).abs() < 1e-12));
        }
        losses
    }
}

/// The bugs of the last question.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    LearningRateTwice,
    LossAfterUpdate,
    SoftmaxOfColumns,
    LabelsMinusProbabilities,
    NeighboursLabel,
}

impl Fault {
    /// The losses on the lesson's data.
    fn losses(self, learning_rate: f64, epochs: usize) -> Vec<f64> {
        let (x, mut y) = data::three_classes();
        if self == Self::NeighboursLabel {
            let order: Vec<usize> = (0..100).map(|sample| (sample + 1) % 100).collect();
            y = y.select(Axis(0), &order);
        }
        let n = x.nrows() as f64;
        let (mut w, mut b) = (Array2::zeros((10, 3)), Array1::zeros(3));
        let step = |_| {
            let z = x.dot(&w) + &b;
            let p =
                if self == Self::SoftmaxOfColumns { softmax_rows(&z.t()).reversed_axes() } else { softmax_rows(&z) };
            let loss = cross_entropy(&y, &p);
            let dz = if self == Self::LabelsMinusProbabilities { &y - &p } else { &p - &y };
            let rate = if self == Self::LearningRateTwice { learning_rate * learning_rate } else { learning_rate };
            w.scaled_add(-rate / n, &x.t().dot(&dz));
            b.scaled_add(-rate / n, &dz.sum_axis(Axis(0)));
            if self == Self::LossAfterUpdate { cross_entropy(&y, &softmax_rows(&(x.dot(&w) + &b))) } else { loss }
        };
        (0..epochs).map(step).collect()
    }
}
