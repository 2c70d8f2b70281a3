//! Computes every number in the questions.

use dfdx::prelude::*;
use dfdx_comparison_solution::{
    Dense, Network, Slopes, cross_entropy, stack, train_xor, train_xor_by_hand, two_passes,
};
use lesson::Lesson;
use ndarray::{Array2, array};

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    quiz.given("tolerance = 0.1");
    quiz.given("tolerance = 0.4");

    quiz.says("answer = 325", &[Network::<10, 20, 5>::n_params() as f64]);
    quiz.says("value = 300", &[10.0 * 20.0 + 20.0 * 5.0]);
    quiz.says("value = 330", &[10.0 * 20.0 + 10.0 + 20.0 * 5.0 + 20.0]);
    quiz.says("value = 1000", &[10.0 * 20.0 * 5.0]);

    let passes = two_passes(5.0);
    assert_eq!((passes.kept, passes.cleared, passes.first), (11.0, 1.0, 10.0));

    quiz.given("One adds 1e-15 to p");
    quiz.given("1 - 1e-15");
    quiz.given("1e-15 itself is an ordinary `f32`, so ln(0 + 1e-15) is finite");
    quiz.given("the number 1e-15");
    assert!((0.0_f32 + 1e-15).ln().is_finite());
    assert_eq!((1.0_f32 - 1e-15, (1.0_f32 - (1.0_f32 - 1e-15)).ln()), (1.0, f32::NEG_INFINITY));
    assert_ne!(1.0_f64 - 1e-15, 1.0);
    quiz.says("is about 1e-16, so", &[f64::EPSILON / 2.0]);
    quiz.says("it is about 6e-8", &[f64::from(f32::EPSILON) / 2.0]);
    quiz.given("0.0, exactly");
    quiz.given("to show: 0.1 differs");
    quiz.given("Even 0.1 is another number");
    assert_ne!(f64::from(0.1_f32), 0.1);

    let best = f64::from(cross_entropy(&array![[0.0, 0.0, 1.0, 0.0]], &[2]));
    quiz.says("costs 0.7437", &[best]);
    quiz.says("its loss stays above 0.74.", &[best]);
    quiz.finish();
}

/// The slopes of the questions, as dfdx finds them.
#[test]
fn slopes_by_tape() {
    let device = Cpu::default();
    let (x, y) = (device.tensor(2.0_f32), device.tensor(3.0_f32));
    let z = x.leaky_trace() * y.leaky_trace() + x.leaky_trace().square();
    assert_eq!(z.array(), 10.0);
    let slopes = z.backward();
    assert_eq!((slopes.get(&x).array(), slopes.get(&y).array()), (7.0, 2.0));

    let x = device.tensor([1.0_f32, 2.0, 3.0]);
    let gradient = (x.leaky_trace() * 2.0).square().mean::<Rank0, _>().backward().get(&x).array();
    assert!((gradient[2] - 8.0).abs() < 1e-5);

    let layer = device.build_module::<Linear<5, 3>, f32>();
    let x = device.tensor([1.0_f32, 2.0, 3.0, 4.0, 5.0]);
    let gradients = layer.forward(x.trace(layer.alloc_grads())).sum::<Rank0, _>().backward();
    assert_eq!(gradients.get(&layer.weight).array(), [[1.0, 2.0, 3.0, 4.0, 5.0]; 3]);
    assert_eq!(gradients.get(&layer.bias).array(), [1.0; 3]);
}

/// Gradients that are never cleared: the first two losses are right. And how far both trainings are apart.
#[test]
fn two_trainings() {
    let start = network();
    let by_hand = train_xor_by_hand(&start, 2.0, 500);
    let accumulated = train_without_clearing(&start, 2.0, 3);
    assert!((0..2).all(|epoch| (accumulated[epoch] - by_hand[epoch]).abs() < 1e-12));
    assert!((accumulated[2] - by_hand[2]).abs() > 1e-6);

    let apart = train_xor(&start, 2.0, 500)
        .into_iter()
        .zip(&by_hand)
        .map(|(dfdx, by_hand)| (f64::from(dfdx) - by_hand).abs())
        .collect::<Vec<_>>();
    assert!(apart.iter().all(|&apart| apart < 1e-6));
    assert!(apart.windows(2).filter(|pair| pair[1] > pair[0]).count() > 50, "jagged");
    assert!(apart.iter().filter(|&&apart| apart == 0.0).count() < 50, "hardly ever 0");
}

/// The network that the lesson trains.
fn network() -> Network<2, 4, 1> {
    let hidden = Dense::<2, 4>::from_parts(
        array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]],
        array![0.01, -0.02, 0.03, -0.04],
    );
    let output = Dense::<4, 1>::from_parts(array![[-0.2], [0.3], [-0.25], [0.15]], array![0.05]);
    stack(hidden.unwrap(), output.unwrap())
}

fn train_without_clearing(start: &Network<2, 4, 1>, learning_rate: f64, epochs: usize) -> Vec<f64> {
    let x: Array2<f64> = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = array![[0.0], [1.0], [1.0], [0.0]];
    let (mut network, mut total): (_, Option<Slopes>) = (start.clone(), None);
    let mut losses = Vec::new();
    for _ in 0..epochs {
        let (loss, slopes) = network.loss_and_slopes(&x, &y);
        losses.push(loss);
        let sum = match total {
            None => slopes,
            Some(before) => Slopes {
                hidden_weights: before.hidden_weights + slopes.hidden_weights,
                hidden_biases: before.hidden_biases + slopes.hidden_biases,
                output_weights: before.output_weights + slopes.output_weights,
                output_biases: before.output_biases + slopes.output_biases,
            },
        };
        let (hidden, output) = (network.hidden(), network.output());
        network = stack(
            Dense::from_parts(
                hidden.weights().to_owned() - learning_rate * &sum.hidden_weights,
                hidden.biases().to_owned() - learning_rate * &sum.hidden_biases,
            )
            .unwrap(),
            Dense::from_parts(
                output.weights().to_owned() - learning_rate * &sum.output_weights,
                output.biases().to_owned() - learning_rate * &sum.output_biases,
            )
            .unwrap(),
        );
        total = Some(sum);
    }
    losses
}
