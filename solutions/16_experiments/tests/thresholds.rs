//! How far right solutions are from what the grader asks of results that depend on chance.

use experiments_solution::{Samples, accuracy, chosen, repeat, summarise, train};

/// The grader asks for 91 % of the held-out digits, as a mean over three seeds. Over 50 seeds the solution's setting reaches 94.8 %
/// with a standard deviation of 1.1 %, so the goal is more than five standard deviations of that mean away. (A normal variable is 3.72
/// below its mean once in 10,000 times.) Over 50 seeds each, these reach as much or more: rates of 0.1 to 0.3 with batches of 8, 0.2 and
/// 0.3 with batches of 4, tanh with 0.5 and batches of 8, and no hidden layer at all with 0.3 and batches of 8.
#[test]
fn the_chosen_setting_is_far_above_the_goal() {
    let scaled = |pixels| pixels / datasets::digits::MAX_PIXEL;
    let labels = &include_bytes!("../../../grader/hidden/16_experiments/held-out-labels-idx1-ubyte")[8..];
    let labels = labels.iter().map(|&label| usize::from(label)).collect();
    let held_out = Samples { x: scaled(datasets::digits::held_out_images()), labels };
    let digits = datasets::digits();
    let all = Samples { x: scaled(digits.features), labels: digits.labels.to_vec() };
    let samples = all.select(&(0..600).collect::<Vec<_>>());

    let scores = repeat(&chosen(), 50, |setting, seed| accuracy(&mut train(setting, &samples, 10, seed), &held_out));
    let summary = summarise(&scores);
    let distance = (summary.mean - 0.91) / (summary.std / 3.0_f64.sqrt());
    assert!(distance > 5.0, "{summary:?} is {distance} standard deviations above the goal");
}
