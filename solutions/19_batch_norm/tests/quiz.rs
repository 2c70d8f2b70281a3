//! Computes every number in the questions.

use batch_norm_solution::{BatchNorm, Mode, Switch, batch_statistics, normalise, normalise_backward};
use engine::{Layer, Linear};
use lesson::Lesson;
use ndarray::{Array1, Array2, ArrayRef2, array};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.01");
    quiz.given("The loss is 0.1 in training mode");
    assert!(0.9_f64.powi(5) > 0.5, "more than half of the initial value");
    doubled_weights_and_a_bias();
    batch_of_one();
    into_one();
    two_batches(&mut quiz);
    five_columns(&mut quiz);
    quiz.finish();
}

fn close(one: &ArrayRef2<f64>, other: &ArrayRef2<f64>, tolerance: f64) -> bool {
    one.iter().zip(other).all(|(one, other)| (one - other).abs() < tolerance)
}

/// Five samples, and a gradient that comes back for each.
fn samples() -> (Array2<f64>, Array2<f64>) {
    let x = array![[0.3, 1.0], [-0.8, 0.4], [1.7, -2.0], [0.1, 0.6], [-1.1, -0.3]];
    (x, array![[1.0], [0.5], [-0.2], [2.0], [0.7]])
}

/// The output behind a linear layer and a normalisation, and the gradients of the weights and the bias.
fn through(w: Array2<f64>, b: f64) -> (Array2<f64>, Array2<f64>, f64) {
    let (x, d_out) = samples();
    let mut linear = Linear::from_parts(w, array![b]);
    let mut norm = BatchNorm::new(1, &Switch::new());
    norm.eps = 0.0;
    let y = norm.forward(&linear.forward(&x));
    linear.backward(&norm.backward(&d_out));
    let gradients: Vec<Vec<f64>> =
        linear.parameters().iter().map(|parameter| parameter.gradient.iter().copied().collect()).collect();
    let d_w = Array2::from_shape_vec((2, 1), gradients[0].clone()).expect("two weights");
    (y, d_w, gradients[1][0])
}

fn doubled_weights_and_a_bias() {
    let w = array![[0.7], [-0.4]];
    let (y, d_w, d_b) = through(w.clone(), 0.3);
    let (y_doubled, d_w_doubled, _) = through(w * 2.0, 0.3);
    assert!(close(&y, &y_doubled, 1e-12) && close(&(d_w * 0.5), &d_w_doubled, 1e-12));
    assert!(d_b.abs() < 1e-12, "{d_b}");
}

fn batch_of_one() {
    let mut norm = BatchNorm::from_parts(array![2.0], array![0.5], &Switch::new());
    assert_eq!(norm.forward(&array![[7.0]]), array![[0.5]]);
    assert_eq!(norm.backward(&array![[1.0]]), array![[0.0]]);
}

/// A linear layer and the normalisation behind it, as one linear layer.
fn into_one() {
    let (x, _) = samples();
    let (w, b) = (array![[0.7], [-0.4]], 0.3);
    let switch = Switch::new();
    let mut norm = BatchNorm::from_parts(array![1.5], array![-0.2], &switch);
    let z = x.dot(&w) + b;
    norm.forward(&z);
    switch.set(Mode::Eval);
    let r = (norm.running_var[0] + norm.eps).sqrt();
    let scale = norm.gamma[0] / r;
    let one = x.dot(&(w * scale)) + ((b - norm.running_mean[0]) * scale + norm.beta[0]);
    assert!(close(&norm.forward(&z), &one, 1e-12));
}

fn two_batches(quiz: &mut Lesson) {
    let mut norm = BatchNorm::new(1, &Switch::new());
    let (mean, var): (Array1<f64>, Array1<f64>) = (array![5.0], array![1.0]);
    norm.update_running(&mean, &var, 8);
    let first = norm.running_mean[0];
    norm.update_running(&mean, &var, 8);
    quiz.says("momentum 0.1", &[norm.momentum]);
    quiz.says("answer = 0.95", &[norm.running_mean[0]]);
    quiz.says("0.5 after the first, then 0.9 · 0.5 + 0.1 · 5", &[first, 0.9, first, 0.1, 5.0]);
    quiz.says("value = 4.95", &[0.1 * (0.9 * 5.0) + 0.9 * 5.0]);
}

fn five_columns(quiz: &mut Lesson) {
    let x = array![[1.0], [2.0], [6.0]];
    let eps = 1e-5;
    let (mean, var) = batch_statistics(&x);
    let none = array![0.0];
    let mut says = |passage: &str, column: Array2<f64>| quiz.says(passage, &column.iter().copied().collect::<Vec<_>>());
    let x_hat = normalise(&x, &mean, &var, eps);
    says("[-0.9258, -0.4629, 1.3887]", x_hat.clone());
    says("[-0.7559, -0.3780, 1.1339]", normalise(&x, &mean, &(&var * 1.5), eps));
    says("[-0.4286, -0.2143, 0.6429]", (&x - &mean) / (&var + eps));
    says("[0.4629, 0.9258, 2.7775]", normalise(&x, &none, &var, eps));
    says("[1.0000, 2.0000, 6.0000]", normalise(&x, &none, &array![1.0], eps));
    says("[0.2645, -0.3306, 0.0661]", normalise_backward(&x_hat, &var, eps, &array![[2.0], [0.0], [-2.0]]));
    quiz.says("divided by 4.6667 instead of 2.1602", &[var[0], (var[0] + eps).sqrt()]);
}
