//! The lesson's worked examples. Run them with `cargo test -p experiments`; the grader asks for more.

use std::{cmp::Ordering, env, fs, process};

use approx::assert_abs_diff_eq;
use engine::Activation;
use experiments::{
    Fold, Grid, HEADER, Run, Setting, Summary, compare, grid_settings, k_fold, log_uniform, n_parameters, open_log,
    read_log, repeat, search, summarise, table, through_knots, whole_lines,
};
use ndarray::array;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

fn setting(hidden: &[usize]) -> Setting {
    Setting { hidden: hidden.to_vec(), activation: Activation::Relu, learning_rate: 0.1, batch_size: 16, epochs: 5 }
}

#[test]
fn parameters_are_weights_and_biases() {
    assert_eq!(n_parameters(&setting(&[3]), 2, 1), 13);
    assert_eq!(n_parameters(&setting(&[32, 16]), 784, 10), 25_818);
}

#[test]
fn a_grid_has_every_combination() {
    let grid = Grid {
        hidden: vec![vec![16], vec![32], vec![64]],
        activations: vec![Activation::Relu],
        learning_rates: vec![0.01, 0.03, 0.1, 0.3],
        batch_sizes: vec![8, 16],
        epochs: 5,
    };
    let settings = grid_settings(&grid);
    assert_eq!(settings.len(), 24);
    assert_eq!((settings[1].learning_rate, settings[1].batch_size), (0.01, 16));
    assert_eq!((settings[8].hidden[0], settings[8].batch_size), (32, 8));
}

#[test]
fn one_rate_in_three_is_in_each_factor_of_ten() {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let small = (0..3000).filter(|_| log_uniform(0.001, 1.0, rng) < 0.01).count();
    assert!((900..1100).contains(&small), "{small} of 3000 are below 0.01");
}

#[test]
fn four_scores_have_a_mean_and_a_deviation() {
    let scores = [0.75, 0.5, 1.0, 0.25];
    let summary = summarise(&repeat(&setting(&[3]), 4, |_, seed| scores[seed as usize]));
    assert_eq!((summary.mean, summary.n), (0.625, 4));
    assert_abs_diff_eq!(summary.std, 0.3227, epsilon = 1e-4);
    assert!(summarise(&[0.9]).std.is_nan());
}

const A: Summary = Summary { mean: 0.94, std: 0.0061, n: 5 };
const B: Summary = Summary { mean: 0.935, std: 0.0089, n: 5 };
const C: Summary = Summary { mean: 0.7125, std: 0.021, n: 5 };

#[test]
fn a_difference_within_the_noise_is_a_tie() {
    assert_eq!(compare(&A, &B), Ordering::Equal);
    assert_eq!(compare(&A, &C), Ordering::Greater);
    assert_eq!(compare(&C, &B), Ordering::Less);
}

#[test]
fn a_table_marks_the_best_and_its_ties() {
    let rows = [("rate 0.01", C), ("rate 0.3", B), ("rate 0.1", A)];
    let text = table(&rows.map(|(name, summary)| (name.to_owned(), summary)));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[1], "rate 0.1               0.9400  0.0061    5  best");
    assert_eq!(lines[2], "rate 0.3               0.9350  0.0089    5  tie");
    assert_eq!(lines[3].trim_end(), "rate 0.01              0.7125  0.0210    5");
}

#[test]
fn validation_chooses_and_the_test_is_asked_once() {
    let settings = [8, 64, 32].map(|width| setting(&[width]));
    let found = search(&settings, 2, |setting, _| setting.hidden[0] as f64, |setting| 0.5 + setting.hidden[0] as f64);
    assert_eq!((found.best, found.test_score, found.trials.len()), (1, 64.5, 3));
}

#[test]
fn eleven_samples_make_three_folds() {
    let folds = k_fold(&[3, 9, 0, 4, 7, 1, 10, 5, 2, 8, 6], 3);
    assert_eq!(folds.len(), 3);
    assert_eq!(folds[1], Fold { train: vec![3, 9, 0, 4, 2, 8, 6], validation: vec![7, 1, 10, 5] });
}

#[test]
fn half_a_line_is_no_run() {
    let log = format!("{HEADER}\n32-16,Relu,0.1,16,5,0,0.9375\n32-16,Relu,0.1,16,5,1,0.9");
    assert_eq!(whole_lines(&log), format!("{HEADER}\n32-16,Relu,0.1,16,5,0,0.9375\n"));
    assert_eq!(whole_lines("hidden,activ"), "");
    assert_eq!(read_log(&log), Ok(vec![Run { setting: setting(&[32, 16]), seed: 0, score: 0.9375 }]));
    assert_eq!(read_log("another,file\n").map_err(|bad| bad.number), Err(1));
}

#[test]
fn a_log_in_a_file_survives_a_kill() {
    let path = env::temp_dir().join(format!("experiments-{}.csv", process::id()));
    let score = |seed: u64| {
        let mut log = open_log(&path).expect("a log that can be opened");
        let mut has_run = false;
        let score = log.score(&setting(&[32, 16]), seed, |_, seed| {
            has_run = true;
            0.5 + seed as f64 / 4.0
        });
        (score.expect("a log that can be written"), has_run)
    };
    assert_eq!(score(0), (0.5, true));
    assert_eq!(score(1), (0.75, true));
    // The power fails while the second run is written.
    let text = fs::read_to_string(&path).expect("a log");
    fs::write(&path, &text[..text.len() - 2]).expect("a log");
    assert_eq!(score(0), (0.5, false));
    assert_eq!(score(1), (0.75, true));
    assert_eq!(fs::read_to_string(&path).expect("a log"), text);
    fs::write(&path, "another file\n").expect("a log");
    let error = open_log(&path).expect_err("this is no log").to_string();
    assert!(error.contains(&path.display().to_string()) && error.contains("line 1"), "{error}");
    fs::remove_file(&path).expect("a log");
}

#[test]
fn a_network_goes_through_three_knots() {
    let mut net = through_knots(|x| x * x, &[0.0, 1.0, 3.0]);
    assert_eq!(net.n_parameters(), 7);
    assert_abs_diff_eq!(
        net.forward(&array![[-1.0], [0.5], [1.0], [2.0], [3.0]]),
        array![[0.0], [0.5], [1.0], [5.0], [9.0]],
        epsilon = 1e-12
    );
}
