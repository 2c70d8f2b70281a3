//! Computes every number in the questions.

use std::collections::BTreeMap;

use engine::{Activation, Mse, Sequential, mlp};
use lesson::Lesson;
use ndarray::array;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use save_load_solution::{Adam, LoadError, Run, adam_state, checkpoint, decode, encode, load_state_dict, state_dict};

fn network(sizes: &[usize], activation: Activation) -> Sequential {
    mlp(sizes, activation, &mut Xoshiro256PlusPlus::seed_from_u64(1))
}

#[test]
fn every_number_in_the_questions_is_computed() {
    let mut quiz = Lesson::of_this_quiz();
    let n = network(&[784, 256, 128, 10], Activation::Relu).n_parameters() as f64;
    quiz.given("A network 784-256-128-10");
    quiz.says("answer = 470292", &[2.0 * n]);
    quiz.given("tolerance = 0.4");
    quiz.says("value = 235146", &[n]);
    quiz.says("value = 705438", &[3.0 * n]);
    quiz.says("value = 235147", &[n + 1.0]);
    quiz.finish();
}

#[test]
fn an_activation_is_not_in_the_state_dict() {
    let mut with_tanh = network(&[2, 3, 1], Activation::Tanh);
    let mut with_relu = network(&[2, 3, 1], Activation::Relu);
    load_state_dict(&mut with_relu, &state_dict(&mut with_tanh)).expect("names and shapes fit");
    let x = array![[0.5, -1.0]];
    assert_ne!(with_tanh.forward(&x), with_relu.forward(&x));
}

#[test]
fn keys_are_sorted_as_text() {
    let keys: BTreeMap<String, usize> = (0..12).map(|i| (format!("parameter.{i}"), i)).collect();
    let order: Vec<usize> = keys.into_values().collect();
    assert_ne!(order, (0..12).collect::<Vec<_>>());
    assert_eq!(network(&[2; 7], Activation::Relu).parameters().len(), 12);
    assert_eq!(network(&[2; 3], Activation::Relu).parameters().len(), 4);
}

/// A changed bit in the checksum is damage like any other, and a cut file of version 1 is not called damaged.
#[test]
fn every_bit_of_the_checksum_counts() {
    let mut run = Run::new(network(&[2, 3, 1], Activation::Tanh), 0.01, 7);
    run.train(&array![[0.0, 1.0], [1.0, 0.5]], &array![[1.0], [0.0]], &Mse, 2, 3);
    let bytes = encode(&checkpoint(&mut run));
    for bit in 8 * (bytes.len() - 8)..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(matches!(decode(&changed), Err(LoadError::Damaged)));
    }
    assert!(matches!(decode(&bytes[..bytes.len() - 1]), Err(LoadError::Truncated)));
}

/// Adam remembers two means for each parameter.
#[test]
fn adam_remembers_twice_the_network() {
    let mut adam = Adam::new(0.01);
    let mut net = network(&[2, 3, 1], Activation::Tanh);
    net.train_step(&array![[0.0, 1.0]], &array![[1.0]], &Mse, 0.1);
    adam.step(&mut net.parameters());
    let remembered: usize = adam.means.iter().chain(&adam.mean_squares).map(|array| array.len()).sum();
    assert_eq!(remembered, 2 * net.n_parameters());
    assert_eq!(adam_state(&adam).len(), 2 + 2 * net.parameters().len());
}
