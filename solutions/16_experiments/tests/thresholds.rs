//! How far right solutions are from what the grader asks of results that depend on chance.

use engine::Activation;
use experiments_solution::{Samples, Setting, accuracy, chosen, repeat, summarise, train};

/// The grader asks for 91 % of the held-out digits, as a mean over six seeds. Over 50 seeds the solution's setting reaches 94.3 % with a
/// standard deviation of 1.0 %, so the goal is more than eight standard deviations of that mean away. (A normal variable is 3.72 below its
/// mean once in 10,000 times.) Over 50 seeds each, with five epochs, these are more than 3.72 above as well: 32 tanh neurons with rate 0.3
/// and batches of 8, 32 ReLUs with 0.1 and batches of 4 or with 0.05 and batches of 4, and no hidden layer with 0.3 and batches of 4 or 8.
///
/// The setting from which the lesson's studies start reaches 89.4 ± 1.6 %, which is 2.4 standard deviations of the mean below the goal: so a
/// search is needed.
#[test]
fn the_chosen_setting_is_far_above_the_goal_and_that_of_the_lesson_is_below() {
    let scaled = |pixels| pixels / datasets::digits::MAX_PIXEL;
    let labels = &include_bytes!("../../../grader/hidden/16_experiments/held-out-labels-idx1-ubyte")[8..];
    let labels = labels.iter().map(|&label| usize::from(label)).collect();
    let held_out = Samples { x: scaled(datasets::digits::held_out_images()), labels };
    let digits = datasets::digits();
    let all = Samples { x: scaled(digits.features), labels: digits.labels.to_vec() };
    let samples = all.select(&(0..600).collect::<Vec<_>>());

    // In standard deviations of a mean over six seeds.
    let distance = |setting: &Setting| {
        let run = |setting: &Setting, seed| accuracy(&mut train(setting, &samples, 10, seed), &held_out);
        let summary = summarise(&repeat(setting, 50, run));
        let distance = (summary.mean - 0.91) / (summary.std / 6.0_f64.sqrt());
        println!("{setting:?}: {summary:?} is {distance} standard deviations above the goal");
        distance
    };
    assert!(distance(&chosen()) > 5.0);
    let (hidden, activation) = (vec![32], Activation::Relu);
    let of_the_lesson = Setting { hidden, activation, learning_rate: 0.1, batch_size: 16, epochs: 5 };
    assert!(distance(&of_the_lesson) < -1.5);
}
