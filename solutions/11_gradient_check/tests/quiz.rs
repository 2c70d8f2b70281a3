//! Computes every number in the questions.

use gradient_check_solution::{NOISE, TOLERANCE, TensorCheck, Verdict, relative_error};
use lesson::Lesson;
use ndarray::{Array1, array};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    read_the_report(&mut quiz);
    quiz.given("prints a difference of 0.0.");
    quiz.given("other batches give 0.0");
    quiz.given("its relative error is below 1e-9");
    how_many_passes(&mut quiz);
    quiz.given("5 inputs and for 5,000");
    with_seven_digits(&mut quiz);
    ten_sigmoids(&mut quiz);
    quiz.finish();
}

fn read_the_report(quiz: &mut Lesson) {
    let right = array![0.3, -0.2];
    let error = |factor: f64| relative_error(&(&right * factor), &right);
    quiz.says("W: 0.333, b: right", &[error(2.0)]);
    assert!((error(0.5) - error(2.0)).abs() < 1e-12);
    quiz.says("W: 0.6, b: right", &[error(0.25)]);
    quiz.says("W: 0.6, b: 0.6", &[error(0.25), error(0.25)]);
    assert_eq!(relative_error(&Array1::zeros(2), &right), 1.0);
    assert_eq!(error(-1.0), 1.0);
}

fn how_many_passes(quiz: &mut Lesson) {
    let n_parameters = 784.0 * 128.0 + 128.0 + 128.0 * 10.0 + 10.0;
    quiz.says("784-128-10 has 101,770 parameters", &[784.0, 128.0, 10.0, n_parameters]);
    quiz.says("answer = 203540", &[2.0 * n_parameters]);
    quiz.says("value = 101770", &[n_parameters]);
}

fn with_seven_digits(quiz: &mut Lesson) {
    // The error of the slope of x³ at 1, the worst of some steps near eps: rounding is a matter of luck.
    let error = |eps: f32| {
        let steps = (0..20).map(|k| eps * (0.9 + 0.01 * k as f32));
        let error = |eps: f32| (((1.0 + eps).powi(3) - (1.0 - eps).powi(3)) / (2.0 * eps) - 3.0).abs();
        f64::from(steps.map(error).fold(0.0, f32::max))
    };
    let bottom = error(5e-3);
    for eps in [1e-7, 1e-5, 5e-4, 5e-2, 0.5] {
        assert!(error(eps) > 3.0 * bottom, "{eps}: {} {bottom}", error(eps));
    }
    assert!(bottom > 1e-5 && bottom < 1e-4, "{bottom}");
    quiz.given("Near 1e-7, the last digit");
    quiz.given("Near 1e-5, as it is");
    quiz.given("At 1e-5 an `f32`");
    quiz.given("Near 5e-3, a few hundred");
    assert_eq!((5e-3_f64 / 1e-5).round(), 500.0);
    quiz.given("about 1e-7 / ε");
    quiz.given("remaining error is about 1e-5");
    quiz.says("a `TOLERANCE` of 1e-6", &[TOLERANCE]);
    quiz.given("Near 0.5, to keep");
    quiz.says("ε² = 0.25", &[0.5_f64.powi(2)]);
}

fn ten_sigmoids(quiz: &mut Lesson) {
    quiz.given("gradients are 1e-11.");
    quiz.says("within 1e-9 means nothing for numbers of 1e-11", &[NOISE, 1e-11]);
    let check =
        |computed: f64| TensorCheck { computed: array![computed].into_dyn(), measured: array![1e-11].into_dyn() };
    assert_eq!(check(1e-11).verdict(0), Verdict::Vacuous);
    assert_eq!(check(2e-11).verdict(0), Verdict::Vacuous);
    assert_eq!(check(0.0).verdict(0), Verdict::Vacuous);
}
