//! Computes every number in the lesson.

use std::fmt::Write;

use engine::{Activation, Layer, Linear, Mse, Sequential, mlp};
use lesson::Lesson;
use ndarray::{Array1, Array2, array};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};
use save_load_solution::{
    Adam, Checkpoint, LoadError, Run, adam_state, checkpoint, checksum, decode, encode, resume, state_dict,
    to_safetensors, write_array, write_dict,
};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    an_array_byte_by_byte(&mut lesson);
    how_large(&mut lesson);
    what_is_forgotten(&mut lesson);
    what_the_checksum_is_worth(&mut lesson);
    lesson.says("takes only 24 bytes to announce", &[24.0]);
    lesson.finish();
}

fn an_array_byte_by_byte(lesson: &mut Lesson) {
    lesson.given("The matrix [[1, 2], [-0.5, 0.1]]");
    let mut bytes = Vec::new();
    write_array(&mut bytes, &array![[1.0, 2.0], [-0.5, 0.1]].into_dyn());
    lesson.says("takes 56 bytes", &[bytes.len() as f64]);
    let text = include_str!("../../../exercises/20_save_load/README.md");
    let meanings = ["two axes", "two rows", "two columns", "1", "2", "-0.5", "0.1"];
    for (eight, meaning) in bytes.chunks(8).zip(meanings) {
        let hex: Vec<String> = eight.iter().map(|byte| format!("{byte:02x}")).collect();
        let line = format!("    {}     {meaning}\n", hex.join(" "));
        assert!(text.contains(&line), "the lesson does not say {line}");
        lesson.given(line.trim_end());
    }
    lesson.given("0.1 has no finite binary");
    lesson.says("it would be 0.10000000149", &[f64::from(0.1_f32)]);
}

fn how_large(lesson: &mut Lesson) {
    let [n, own, doubles, singles, text, whole] = sizes();
    lesson.given("784-128-10");
    lesson.says("has 101,770 parameters", &[n]);
    lesson.says("| state dict, in our format             | 814,324   |", &[own]);
    lesson.says("F64                      | 814,472   |", &[doubles]);
    lesson.says("F32                      | 407,392   |", &[singles]);
    lesson.says("as short as possible    | 2,128,131 |", &[text]);
    lesson.says("both of Adam's means | 2,443,084 |", &[whole]);
    assert!((whole / own - 3.0).abs() < 0.01 && text > 2.0 * own);
}

fn what_is_forgotten(lesson: &mut Lesson) {
    lesson.given("Adam with the learning rate 0.02");
    let rows = [
        ("| nothing                      | 0.0447           | 0.0328      | 0  ", "nothing"),
        ("| 0.0447           | 0.0328      | 1.3e-9  ", "numbers"),
        ("| the number of the epoch      | 0.0469           | 0.0366      | 0.0041  ", "epoch"),
        ("| the count of Adam's steps    | 0.0450           | 0.0326      | 0.0043  ", "steps"),
        ("| Adam's whole memory          | 0.0647           | 0.0328      | 0.0200  ", "memory"),
    ];
    for (row, forgets) in rows {
        let [before, next, last, apart] = goes_on(forgets);
        lesson.says(row, &[next, last, apart]);
        lesson.says("Before the break the loss was 0.0570", &[before]);
    }
    let first = factor(1);
    lesson.says("√(1 - 0.999) / (1 - 0.9) = 0.3162", &[1.0, 0.999, 1.0, 0.9, first]);
    lesson.says("the tenth by 0.1532", &[factor(10)]);
    lesson.says("the hundredth by\n0.3086, and the thousandth still by 0.7952", &[factor(100), factor(1000)]);
}

fn what_the_checksum_is_worth(lesson: &mut Lesson) {
    let n_bytes = small_bytes().len();
    let [magic, version, shorter, longer, damaged, behind, overlooked] = damage().map(|count| count as f64);
    lesson.says("has 940 bytes. Change each of its 7,520 bits", &[n_bytes as f64, 8.0 * n_bytes as f64]);
    lesson.says(
        "In the first 24 bytes, 64 changes hit the magic,\n64 the version, and 64 the length",
        &[24.0, magic, version, shorter + longer],
    );
    assert_eq!(damaged, behind);
    lesson.says("The other 7,328 are all found by the checksum", &[damaged]);
    lesson.says("3,988 of these", &[overlooked]);
}

/// The bytes of a network for MNIST: its parameters, then as a state dict, as a safetensors file with doubles and with
/// singles, as decimal text, and a checkpoint with the optimiser's memory.
fn sizes() -> [f64; 6] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mut net = mlp(&[784, 128, 10], Activation::Relu, rng);
    let state = state_dict(&mut net);
    let n = net.n_parameters();
    let mut own = Vec::new();
    write_dict(&mut own, &state);
    let doubles = to_safetensors(&state).len();
    let mut text = String::new();
    for number in state.values().flatten() {
        write!(text, "{number},").expect("a String takes any text");
    }
    let mut run = Run::new(net, 0.01, 1);
    run.adam.means = state.into_values().collect();
    run.adam.mean_squares = run.adam.means.clone();
    let whole = encode(&checkpoint(&mut run)).len();
    // A single takes 4 bytes less.
    [n, own.len(), doubles, doubles - 4 * n, text.len(), whole].map(|bytes| bytes as f64)
}

/// The checkpoint of a small training.
fn small() -> Checkpoint {
    let mut run = Run::new(mlp(&[2, 3, 1], Activation::Tanh, &mut Xoshiro256PlusPlus::seed_from_u64(1)), 0.01, 7);
    run.train(&array![[0.0, 1.0], [1.0, 0.5], [0.5, 0.0]], &array![[1.0], [0.0], [1.0]], &Mse, 2, 3);
    checkpoint(&mut run)
}

fn small_bytes() -> Vec<u8> {
    encode(&small())
}

/// How many changes of one bit are told by which error; and how many would be overlooked without a checksum.
fn damage() -> [usize; 7] {
    let bytes = small_bytes();
    let mut counts = [0; 7];
    for bit in 0..8 * bytes.len() {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        counts[match decode(&changed) {
            Err(LoadError::NotACheckpoint) => 0,
            Err(LoadError::UnknownVersion(_)) => 1,
            Err(LoadError::Truncated) => 2,
            Err(LoadError::TrailingBytes) => 3,
            Err(LoadError::Damaged) => 4,
            other => panic!("{other:?}"),
        }] += 1;
        let end = changed.len() - 8;
        let sum = checksum(&changed[..end]);
        changed[end..].copy_from_slice(&sum.to_le_bytes());
        counts[5] += usize::from(bit / 8 >= 24);
        counts[6] += usize::from(bit / 8 >= 24 && decode(&changed).is_ok());
    }
    counts
}

/// The losses of epochs 10, 11 and 20 of a training that goes on after epoch 10, and has forgotten something.
fn goes_on(forgets: &str) -> [f64; 4] {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let data = datasets::circles(100, 0.5, 0.05, rng);
    let y = Array2::from_shape_fn((100, 1), |(i, _)| if data.labels[i] == 1 { 1.0 } else { -1.0 });
    let start = || Run::new(mlp(&[2, 12, 1], Activation::Relu, &mut Xoshiro256PlusPlus::seed_from_u64(5)), 0.02, 1);
    let mut straight = start();
    straight.train(&data.features, &y, &Mse, 10, 20);
    let mut first = start();
    first.train(&data.features, &y, &Mse, 10, 10);
    let mut kept = checkpoint(&mut first);
    match forgets {
        "nothing" => {}
        "numbers" => kept.model.values_mut().for_each(|array| array.mapv_inplace(|number| f64::from(number as f32))),
        "steps" => kept.optimizer = adam_state(&Adam { n_steps: 0, ..first.adam.clone() }),
        "memory" => kept.optimizer = adam_state(&Adam::new(0.02)),
        "epoch" => kept.epoch = 0,
        other => panic!("there is no {other}"),
    }
    let mut second = start();
    resume(&mut second, &kept).expect("it is the same network");
    second.train(&data.features, &y, &Mse, 10, 10);
    let apart = second.losses.iter().zip(&straight.losses).map(|(one, other)| (one - other).abs());
    [second.losses[9], second.losses[10], second.losses[19], apart.fold(0.0, f64::max)]
}

/// What Adam's step is multiplied by if the count of steps starts over with means that are old.
fn factor(t: i32) -> f64 {
    (1.0 - 0.999_f64.powi(t)).sqrt() / (1.0 - 0.9_f64.powi(t))
}

/// How far a right training may be from the grader's own: it adds up in another order. In 50 trainings like that of the check,
/// no number differs by more than 1e-11 of itself, and the grader allows 1e-9.
#[test]
fn a_training_that_adds_up_in_another_order_is_far_from_the_limit_of_the_check() {
    for seed in 0..50 {
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut number = || (200.0 * rng.random::<f64>() - 100.0).round() / 100.0;
        let (x, y) =
            (Array2::from_shape_simple_fn((7, 3), &mut number), Array2::from_shape_simple_fn((7, 2), &mut number));
        let start = Array2::from_shape_simple_fn((3, 2), &mut number);
        let layer: Box<dyn Layer> = Box::new(Linear::from_parts(start.clone(), Array1::zeros(2)));
        let mut run = Run::new(Sequential::new(vec![layer]), 0.05, seed);
        run.train(&x, &y, &Mse, 3, 5);
        let theirs: Vec<f64> = state_dict(&mut run.net).into_values().flatten().collect();
        // The biases are a fourth row of weights, whose input is 1.
        for (one, other) in theirs.iter().zip(by_loops(&x, &y, &start, seed)) {
            assert!((one - other).abs() < 1e-11 * one.abs(), "{one} and {other}, with the seed {seed}");
        }
    }
}

/// The weights and then the biases of the same training, one number at a time and the last sample of each batch first.
fn by_loops(x: &Array2<f64>, y: &Array2<f64>, start: &Array2<f64>, seed: u64) -> Vec<f64> {
    let mut theta: Vec<f64> = start.iter().copied().chain([0.0, 0.0]).collect();
    let (mut m, mut v, mut t) = ([0.0; 8], [0.0; 8], 0);
    for epoch in 0..5 {
        let mut order: Vec<usize> = (0..7).collect();
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(seed + epoch));
        for batch in order.chunks(3) {
            let mut gradient = [0.0; 8];
            for &sample in batch.iter().rev() {
                let input = |i: usize| if i < 3 { x[[sample, i]] } else { 1.0 };
                for output in 0..2 {
                    let z: f64 = (0..4).rev().map(|i| input(i) * theta[2 * i + output]).sum();
                    let error = z - y[[sample, output]];
                    (0..4).for_each(|i| gradient[2 * i + output] += error * input(i) / batch.len() as f64);
                }
            }
            t += 1;
            for i in 0..8 {
                m[i] += 0.1 * (gradient[i] - m[i]);
                v[i] += 0.001 * (gradient[i] * gradient[i] - v[i]);
                let scale = (1.0 - 0.999_f64.powi(t)).sqrt() / (1.0 - 0.9_f64.powi(t));
                // The ε of the formula stands beside the corrected root.
                theta[i] -= 0.05 * scale * m[i] / (v[i].sqrt() + 1e-8 * (1.0 - 0.999_f64.powi(t)).sqrt());
            }
        }
    }
    theta
}
