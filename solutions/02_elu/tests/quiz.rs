//! Computes every number in the questions.

use elu_solution::{elu, elu_derivative, leaky_relu_derivative, relu_derivative, sigmoid, sigmoid_derivative, swish};
use lesson::Lesson;

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.5");

    let steepest = sigmoid_derivative(0.0);
    quiz.says(
        "The steepest slope is 0.25, and 0.25 to the power of 20 is 9.1e-13",
        &[steepest, steepest, 20.0, steepest.powi(20)],
    );
    quiz.says(
        "0.5 to the power of 20. But 0.5 is the sigmoid's value at 0; its slope there is 0.25",
        &[sigmoid(0.0), 20.0, sigmoid(0.0), 0.0, steepest],
    );
    assert!((0.9e-6..1.1e-6).contains(&0.5_f64.powi(20)));
    quiz.says("0.25 · 0.25 · 0.25", &[steepest; 3]);
    quiz.says("That would be a slope of at most 0.5", &[0.5]);

    quiz.given("leaky ReLU, alpha = 0.01");
    assert_eq!(leaky_relu_derivative(-20.0, 0.01), 0.01);
    quiz.says("at z = -20 that is 2.1e-9", &[-20.0, elu_derivative(-20.0, 1.0)]);
    quiz.says("as flat as ELU: 2.1e-9", &[sigmoid_derivative(-20.0)]);
    quiz.says("They are symmetric around 0.5", &[sigmoid(0.0)]);

    quiz.given("e^1000");
    quiz.given("z = -1000");
    quiz.given("e^-1000");
    quiz.given("z = +1000");
    quiz.given("-z is +1000");
    quiz.given("`f64::exp(1000.0)` is infinite");
    assert!(f64::exp(1000.0).is_infinite() && sigmoid(-1000.0) == 0.0);

    where_rounding_ends(&mut quiz);
    slopes(&mut quiz);
    swish_is_no_function_of_its_value();
    quiz.finish();
}

/// The first z, in hundredths, from which on a slope is 0.
fn first(zero: impl Fn(f64) -> bool) -> f64 {
    (0..80_000).map(|hundredth| f64::from(hundredth) / 100.0).find(|&z| zero(z)).expect("it comes")
}

fn where_rounding_ends(quiz: &mut Lesson) {
    let tanh = first(|z| 1.0 - z.tanh().powi(2) == 0.0);
    assert!((tanh - 19.0).abs() < 0.5);
    quiz.says("from z = 19.1 on", &[tanh]);
    quiz.says("are 1.1e-16 apart", &[f64::EPSILON / 2.0]);
    assert!((first(|z| sigmoid(z) == 1.0) - 37.0).abs() < 0.5);
    let overflow = first(|z| z.exp().is_infinite());
    quiz.says("value = 710", &[overflow.round()]);
    quiz.says("value = 355", &[(overflow / 2.0).round()]);
}

fn slopes(quiz: &mut Lesson) {
    let curve = |slope: &dyn Fn(f64) -> f64| {
        let values: Vec<String> = (-6..=6)
            .map(|half| {
                let rounded = format!("{:.2}", slope(f64::from(half) / 2.0));
                // As it stands in the file: at least one decimal, no zero after it.
                let short = rounded.trim_end_matches('0');
                if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
            })
            .collect();
        format!("curve = [{}]", values.join(", "))
    };
    quiz.given(&curve(&|z| elu_derivative(z, 2.0)));
    quiz.given(&curve(&|z| elu_derivative(z, 1.0)));
    quiz.given(&curve(&|z| elu(z, 2.0) + 2.0));
    quiz.given(&curve(&relu_derivative));
    quiz.given(&curve(&|z| if z > 0.0 { 2.0 * z.exp() } else { 1.0 }));
}

/// Two z with the same swish, on both sides of its lowest point.
fn swish_is_no_function_of_its_value() {
    let values = [-4.0, -2.0, -1.0, -0.5].map(|z| swish(z, 1.0));
    assert!(values[0] > values[1] && values[1] > values[2] && values[2] < values[3]);
    assert_eq!(swish(3.0, 0.0), 1.5);
    assert!(swish(-3.0, 100.0).abs() < 1e-9 && (swish(3.0, 100.0) - 3.0).abs() < 1e-9);
}
