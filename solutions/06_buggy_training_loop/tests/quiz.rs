//! Computes every number in the questions.

#[path = "../../../exercises/06_buggy_training_loop/tests/data/mod.rs"]
mod data;

use buggy_training_loop_solution::{Diagnosis, cross_entropy, diagnose, softmax_rows, train};
use lesson::Lesson;
use ndarray::{Array1, Array2, ArrayRef2, Axis, array};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.4");
    quiz.given("tolerance = 0.01");

    let n = data::three_classes().0.nrows() as f64;
    quiz.says("answer = 100\n", &[n]);
    quiz.says("100 samples, a factor of 100", &[n, n]);
    quiz.says("value = 0.01", &[1.0 / n]);
    quiz.says("on 100 samples. On 1,000 samples", &[n, 10.0 * n]);
    quiz.given("for 10 samples and for 1,000");
    quiz.given("With the learning rate 0.01, C");
    quiz.given("and 0.01 is short");
    quiz.given("With 0.1 the hidden factor");
    quiz.given("scores of 1,000");
    quiz.given("e^1000 is infinite");
    assert!(f64::exp(1000.0).is_infinite());

    curves(&mut quiz);

    let guess = |classes: usize| {
        let y = Array2::from_shape_fn((1, classes), |(_, class)| f64::from(u8::from(class == 0)));
        cross_entropy(&y, &softmax_rows(&Array2::zeros((1, classes))))
    };
    quiz.says("answer = 1.386", &[guess(4)]);
    quiz.says("value = 1.0986", &[guess(3)]);
    quiz.says("value = 2\n", &[4_f64.log2()]);
    quiz.says("value = 0.25", &[1.0 / 4.0]);
    quiz.says("value = 0.3466", &[guess(4) / 4.0]);
    quiz.finish();
}

fn curves(quiz: &mut Lesson) {
    let shown = |losses: &[f64]| [losses[0], losses[1], losses[19], losses[399]];
    quiz.given("with the learning rate 0.1.");
    quiz.given("the epochs 1, 2, 20 and 400");
    quiz.says("1.0986, 1.0455, 0.7037 and 0.4924", &shown(&Fault::None.losses()));
    for (row, fault) in [
        ("P: 1.0986, 1.0931, 1.0065, 0.6187", Fault::LearningRateTwice),
        ("Q: 1.0455, 0.9996, 0.6970, 0.4924", Fault::LossAfterUpdate),
        ("R: 4.6052, 4.5649, 4.5333, 31.0837", Fault::SoftmaxOfColumns),
        ("S: 1.0986, 1.1555, 3.4362, 96.6188", Fault::LabelsMinusProbabilities),
        ("T: 1.0986, 1.0854, 0.9685, 0.8854", Fault::NeighboursLabel),
    ] {
        quiz.says(row, &shown(&fault.losses()));
    }
    quiz.says("0.1 · 0.1 is 0.01", &[0.1, 0.1, 0.1 * 0.1]);
    quiz.says("It begins at ln 100: at first each of the 100 samples", &[100.0, 100.0]);
    assert!((Fault::SoftmaxOfColumns.losses()[0] - 100_f64.ln()).abs() < 1e-12);

    // Bias subtracted, bias moved uphill, both, and dW not averaged.
    let (right, a, b) = (Fault::None.losses(), Fault::BiasSubtracted.losses(), Fault::BiasUphill.losses());
    let c = Fault::SumForMean.losses();
    assert_eq!(
        [&right, &a, &b, &c].map(|losses| diagnose(losses)),
        [Diagnosis::Ok, Diagnosis::Diverged, Diagnosis::Diverged, Diagnosis::Ok]
    );
    let falls = (1..400).take_while(|&epoch| a[epoch] < a[epoch - 1]).count() + 1;
    assert_eq!(falls, 42, "the first rise comes after 42 epochs");
    assert!(c.windows(2).skip(100).any(|pair| pair[1] > pair[0]));

    assert!(right.windows(2).all(|pair| pair[1] < pair[0]));

    quiz.says("9.2816 is more than twice 1.0986", &[a[399], a[0]]);
    quiz.says("it ends at 0.7338, below 1.0986", &[c[399], c[0]]);
    quiz.given("all 400 losses of each");
    quiz.given("uphill for 400 epochs");

    let (_, w, bias) = Fault::None.run();
    let (_, w_of_both, bias_of_both) = Fault::BothOfTheBias.run();
    approx::assert_abs_diff_eq!(w, w_of_both, epsilon = 1e-12);
    approx::assert_abs_diff_eq!(bias, -bias_of_both, epsilon = 1e-12);

    // The biases from zero on, in the first epochs.
    let (x, y) = data::three_classes();
    for epochs in 1..=12 {
        let b = train(&x, &y, Array2::zeros((10, 3)), Array1::zeros(3), 0.1, epochs).b;
        assert!(b[0] > 0.0 && b[2] < 0.0 && b.sum().abs() < 1e-12);
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    BiasSubtracted,
    BiasUphill,
    BothOfTheBias,
    SumForMean,
    LearningRateTwice,
    LossAfterUpdate,
    SoftmaxOfColumns,
    LabelsMinusProbabilities,
    NeighboursLabel,
}

impl Fault {
    /// The losses on the lesson's data.
    fn losses(self) -> Vec<f64> {
        self.run().0
    }

    /// The losses, and the parameters at the end.
    fn run(self) -> (Vec<f64>, Array2<f64>, Array1<f64>) {
        let (x, mut y) = data::three_classes();
        if self == Self::NeighboursLabel {
            let order: Vec<usize> = (0..100).map(|sample| (sample + 1) % 100).collect();
            y = y.select(Axis(0), &order);
        }
        let n = x.nrows() as f64;
        let (mut w, mut b) = (Array2::zeros((10, 3)), Array1::zeros(3));
        let subtracts = [Self::BiasSubtracted, Self::BothOfTheBias].contains(&self);
        let uphill = [Self::BiasUphill, Self::BothOfTheBias].contains(&self);
        let probabilities = |w: &ArrayRef2<f64>, b: &Array1<f64>| {
            let z = if subtracts { x.dot(w) - b } else { x.dot(w) + b };
            if self == Self::SoftmaxOfColumns { softmax_rows(&z.t()).reversed_axes() } else { softmax_rows(&z) }
        };
        let mut losses = Vec::new();
        for _ in 0..400 {
            let p = probabilities(&w, &b);
            let before = cross_entropy(&y, &p);
            let dz = if self == Self::LabelsMinusProbabilities { &y - &p } else { &p - &y };
            let rate = if self == Self::LearningRateTwice { 0.1 * 0.1 } else { 0.1 };
            w.scaled_add(if self == Self::SumForMean { -rate } else { -rate / n }, &x.t().dot(&dz));
            b.scaled_add(if uphill { rate / n } else { -rate / n }, &dz.sum_axis(Axis(0)));
            let late = self == Self::LossAfterUpdate;
            losses.push(if late { cross_entropy(&y, &probabilities(&w, &b)) } else { before });
        }
        (losses, w, b)
    }
}

/// What NaN comes from, and what it does not come from.
#[test]
fn causes_of_nan() {
    assert!((0.0_f64 * 0.0_f64.ln()).is_nan() && (0.0 * f64::NAN).is_nan());
    assert!((f64::INFINITY - f64::INFINITY).is_nan() && (f64::INFINITY / f64::INFINITY).is_nan());
    assert!(softmax_rows(&array![[f64::NAN, 0.0, 0.0]])[[0, 0]].is_nan());
}
