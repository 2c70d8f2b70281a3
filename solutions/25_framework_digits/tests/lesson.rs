//! Computes every number in the lesson.

use dfdx::{
    nn::modules,
    optim::{Sgd, SgdConfig},
    prelude::*,
};
use engine::{Activation, mlp};
use framework_digits_solution::{
    Cnn, Dev, Images, MaxPool, Mlp, Network, Patches, Plain, Split, TrainConfig, from_engine, images, race,
    scores_in_f64, to_safetensors, train, train_step,
};
use lesson::Lesson;
use ndarray::{Array2, Axis, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

fn digits() -> Split {
    let digits = datasets::digits();
    let x = digits.features / datasets::digits::MAX_PIXEL;
    let (x_train, x_validation) = x.view().split_at(Axis(0), 1200);
    let (labels_train, labels_validation) = digits.labels.as_slice().expect("it is whole").split_at(1200);
    Split {
        x_train: x_train.to_owned(),
        labels_train: labels_train.to_vec(),
        x_validation: x_validation.to_owned(),
        labels_validation: labels_validation.to_vec(),
    }
}

/// The loss in the last epoch, and the accuracy after it.
fn trained<N: Network<64>>(build: fn(&Dev) -> N, learning_rate: f64) -> [f64; 2] {
    let device = Dev::seed_from_u64(1);
    let config = TrainConfig { learning_rate, batch_size: 64, epochs: 3 };
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let history = train(&mut build(&device), &digits(), config, &device, rng);
    [history.train_loss[2], history.validation_accuracy[2]]
}

/// How many different losses sixteen steps have, all on one device or each on a new one.
fn n_losses(each_on_a_new_one: bool) -> usize {
    type Dropping = (DropoutOneIn<2>, modules::Linear<3, 10, f32, Dev>);
    let device = Dev::default();
    let mut net: Dropping = (DropoutOneIn, device.build_module::<Linear<3, 10>, f32>());
    let mut sgd = Sgd::new(&net, SgdConfig { lr: 0.0, ..SgdConfig::default() });
    let mut gradients = net.alloc_grads();
    let mut losses = Vec::new();
    for _ in 0..16 {
        let used = if each_on_a_new_one { Dev::default() } else { device.clone() };
        let loss;
        (loss, gradients) = train_step(&mut net, &mut sgd, gradients, &array![[0.9, -0.7, 0.4]], &[3], &used);
        losses.push(loss);
    }
    losses.sort_by(f64::total_cmp);
    losses.dedup();
    losses.len()
}

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    let device = Dev::default();

    let ours = device.build_module::<Plain<64>, f32>().num_trainable_params();
    let large = device.build_module::<Plain<784>, f32>().num_trainable_params();
    let filters = device.build_module::<Cnn, f32>().num_trainable_params();
    lesson.says(
        "| I-128-64-10              | 17,226         | 109,386          |",
        &[128.0, 64.0, 10.0, ours as f64, large as f64],
    );
    lesson.says("| filters, pooling, dense  | 1,370          |", &[filters as f64]);
    lesson.says("has a network of 1,370 parameters", &[filters as f64]);
    lesson.says("for each of 17,226 parameters", &[ours as f64]);

    lesson.given("64-128-64-10, trained twice");

    lesson.says("the sixteen losses have 7 different values", &[n_losses(false) as f64]);
    lesson.says("for each of them they have 1", &[n_losses(true) as f64]);

    lesson.given("pooling (n, 128)");
    lesson.given("C is a matrix (64, 576)");
    lesson.given("Which of the 576 columns");
    let of_samples = (4.0 * 1.0 + 6.0) / 5.0;
    lesson.says("The mean is 10 / 5 = 2", &[10.0, 5.0, of_samples]);
    lesson.says("(1 + 6) / 2 = 3.5", &[1.0, 6.0, 2.0, (1.0 + 6.0) / 2.0]);
    lesson.says("(2.25 + 1) / 2 = 1.625", &[(1.0 + 1.0 + 1.0 + 6.0) / 4.0, 1.0, 2.0, (2.25 + 1.0) / 2.0]);
    pictures_in_numbers(&device);

    lesson.given("1,200 images for training and 237 for validation");
    let plain = trained(|device| device.build_module::<Plain<64>, f32>(), 0.005);
    let dropping = trained(|device| device.build_module::<Mlp<64>, f32>(), 0.005);
    let filters = trained(|device| device.build_module::<Cnn, f32>(), 0.02);
    lesson.says(
        "| plain           | 0.005         | 3      | 0.2714                 | 89.9 %",
        &[0.005, 3.0, plain[0], 100.0 * plain[1]],
    );
    lesson.says(
        "| with dropout    | 0.005         | 3      | 0.4173                 | 91.6 %",
        &[0.005, 3.0, dropping[0], 100.0 * dropping[1]],
    );
    lesson.says(
        "| with filters    | 0.02          | 3      | 0.1996                 | 92.0 %",
        &[0.02, 3.0, filters[0], 100.0 * filters[1]],
    );
    lesson.says("one image in 237 is 0.42 %", &[237.0, 100.0 / 237.0]);

    let data = digits();
    let mut net = mlp(&[64, 128, 64, 10], Activation::Relu, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    let [one, two] = race::<64>(&mut net, &data.x_train, &data.labels_train, (0.1, 32, 2), &device);
    lesson.says("| 1     | 1.498742       | 1.498742     |", &[1.0, one.losses[0], two.losses[0]]);
    lesson.says("| 2     | 0.569646       | 0.569646     |", &[2.0, one.losses[1], two.losses[1]]);
    let copy = from_engine::<64>(&mut net, &device);
    let wide = scores_in_f64(&copy, &data.x_validation, &device);
    let narrow = copy.forward(images(&data.x_validation, &device)).as_vec();
    let gap = wide.iter().zip(&narrow).map(|(one, two)| (one - f64::from(*two)).abs()).fold(0.0, f64::max);
    let top = wide.iter().fold(0.0, |top: f64, score| top.max(score.abs()));
    lesson.says("is 0.0000020, for scores of up to 7.06", &[gap, top]);
    let best = |row: &[f64]| (0..10).rev().max_by(|&one, &two| row[one].total_cmp(&row[two]));
    let narrow: Vec<f64> = narrow.into_iter().map(f64::from).collect();
    let rows = wide.as_standard_layout().into_owned().into_raw_vec_and_offset().0;
    assert!(rows.chunks(10).zip(narrow.chunks(10)).all(|(one, two)| best(one) == best(two)), "no class changes");
    // Times are those of one machine.
    lesson.given("0.04 s in the engine and 0.06 s in dfdx");
    lesson.given("0.02 s in both with it");
    lesson.says("takes 69,328 bytes", &[to_safetensors(&copy).len() as f64]);

    lesson.given("AdamConfig { lr: 0.01,");
    lesson.given("[dfdx 0.13]");
    lesson.given("And with 100 million");
    lesson.finish();
}

/// The patches and the group that the lesson shows.
fn pictures_in_numbers(device: &Dev) {
    let pixels = Array2::from_shape_fn((1, 64), |(_, pixel)| pixel as f64);
    let patches = Patches.apply(images(&pixels, device) as Images<64>).as_vec();
    assert_eq!(patches[81..90], [0.0, 1.0, 2.0, 8.0, 9.0, 10.0, 16.0, 17.0, 18.0]);
    assert_eq!(patches[..9], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 8.0, 9.0]);
    assert_eq!(patches[63 + 5], 0.0);
    let seen = device.tensor_from_vec((0..512).map(|i| (i / 8) as f32).collect(), (64, Const));
    assert_eq!(MaxPool.apply(seen).as_vec()[..8], [9.0; 8], "the largest of places 0, 1, 8 and 9");
}

/// The code that `LIVING.md` shows is code that is compiled: `living.rs`, with the feature `candle`. The bonus asks its network.
#[test]
fn the_page_on_candle_shows_code_that_is_tested() {
    let page = include_str!("../../../exercises/25_framework_digits/LIVING.md");
    let tested = include_str!("living.rs");
    let blocks: Vec<&str> = page.split("```rust\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(blocks.len(), 2);
    for block in &blocks {
        assert!(tested.contains(block), "living.rs does not hold this code of LIVING.md:\n{block}");
    }
    let without_indents = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join("\n");
    let probe = without_indents(include_str!("../../../grader/hidden/25_framework_digits/probe.rs"));
    assert!(probe.contains(without_indents(blocks[0]).trim()), "the bonus asks another network than that of LIVING.md");
}
