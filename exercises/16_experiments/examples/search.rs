//! A search on the digits, with your own functions: `cargo run -p experiments --example search`.
//!
//! Turn the knobs of `grid` as you like. The log is `target/digits.csv` in the folder of the course; a spreadsheet can
//! open it. Delete it when you change the data, the split or `train`: it knows a run by its setting and its seed only, so
//! the old scores would come back.

use std::{error::Error, fs, path::Path};

use engine::Activation;
use experiments::{Grid, Samples, accuracy, grid_settings, open_log, repeat, summarise, table, train};

fn main() -> Result<(), Box<dyn Error>> {
    let grid = Grid {
        hidden: vec![vec![16]],
        activations: vec![Activation::Relu],
        learning_rates: vec![0.001, 0.01],
        batch_sizes: vec![32],
        epochs: 5,
    };

    let digits = datasets::digits();
    let all = Samples { x: digits.features / datasets::digits::MAX_PIXEL, labels: digits.labels.to_vec() };
    let samples = all.select(&(0..600).collect::<Vec<_>>());
    let validation = all.select(&(600..1000).collect::<Vec<_>>());

    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target"));
    fs::create_dir_all(folder)?;
    let mut log = open_log(&folder.join("digits.csv"))?;
    let mut rows = Vec::new();
    for setting in grid_settings(&grid) {
        let scores = repeat(&setting, 2, |setting, seed| {
            let run = |setting: &_, seed| accuracy(&mut train(setting, &samples, 10, seed), &validation);
            let score = log.score(setting, seed, run).expect("a log that can be written");
            println!("{setting:?} with seed {seed}: {score}");
            score
        });
        let name = format!("{:?} {} {}", setting.hidden, setting.learning_rate, setting.batch_size);
        rows.push((name, summarise(&scores)));
    }
    println!("\n{}", table(&rows));
    Ok(())
}
