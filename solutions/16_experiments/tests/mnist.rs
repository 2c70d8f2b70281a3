//! What the studies of the bonus come to on MNIST itself.

use datasets::mnist::{self, Which};
use engine::Activation;
use experiments_solution::{Grid, Samples, accuracy, grid_settings, search, train};

#[path = "../../../grader/hidden/16_experiments/studies.rs"]
#[allow(dead_code, reason = "some of it is for the grader")]
mod studies;
use studies::{ACTIVATIONS, BATCHES, N_VALIDATION, RATES, Study, WIDTHS};

/// Whether the studies have the scores that pictures and lesson tell. Processors round differently, which one training passes on
/// to the next step, so the scores of settings that learn agree within a percent or so; where training is about to
/// fail, they may lie anywhere.
#[test]
fn the_studies_come_to_what_is_said_of_them() {
    let mnist = match mnist::load(Which::Mnist) {
        Ok(mnist) => mnist,
        Err(error) => {
            eprintln!("skipped: {error}");
            return;
        }
    };
    let all = Samples { x: mnist.train.scaled_f64(), labels: mnist.train.labels.to_vec() };
    let n_all = all.labels.len();
    let validation = all.select(&(n_all - N_VALIDATION..n_all).collect::<Vec<_>>());
    let mut differences = Vec::new();
    for study in [WIDTHS, RATES, ACTIVATIONS, BATCHES] {
        let samples = all.select(&(0..study.n_train).collect::<Vec<_>>());
        let validate = |setting: &_, seed| accuracy(&mut train(setting, &samples, 10, seed), &validation);
        let found = search(&grid_settings(&grid(&study)), 1, validate, |_| 0.0);
        let scores: Vec<f64> = found.trials.iter().map(|trial| trial.mean).collect();
        eprintln!("{} {scores:.4?}", study.hidden);
        assert_eq!(scores.len(), study.scores.len());
        let pairs = scores.iter().zip(study.scores);
        differences.extend(pairs.filter(|(_, known)| **known > 0.8).map(|(score, known)| (score - known).abs()));
    }
    assert!(differences.iter().all(|&difference| difference < 0.02), "{differences:?}");
}

fn grid(study: &Study) -> Grid {
    let sizes = |layers: &str| layers.split('-').map(|size| size.parse().expect("a width")).collect();
    Grid {
        hidden: study.hidden.split(", ").map(sizes).collect(),
        activations: study
            .activations
            .split(", ")
            .map(|name| match name {
                "Tanh" => Activation::Tanh,
                "Sigmoid" => Activation::Sigmoid,
                _ => Activation::Relu,
            })
            .collect(),
        learning_rates: study.learning_rates.to_vec(),
        batch_sizes: study.batch_sizes.to_vec(),
        epochs: 1,
    }
}
