//! `cargo run --release -p reference`: trains 784-256-128-10 on MNIST and says how good it is, class by class.

use std::{
    fmt::Write,
    io::{IsTerminal, stderr},
    process::ExitCode,
    time::{Duration, Instant},
};

use anstream::{eprint, eprintln, print, println};
use clap::Parser;
use datasets::mnist::{self, DataError, FASHION_CLASSES, Which};
use mnist_mlp_solution::{confusion_matrix, most_confused, precision_recall_f1};
use ndarray::{Array2, ArrayRef2};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use reference::{Images, Mlp};

const N_CLASSES: usize = 10;
const N_PAIRS: usize = 8;

/// What the README says that an epoch takes: median seconds on two cores of an AMD EPYC (Zen 4), without AVX-512.
const README_SECONDS: f64 = 0.25;

/// Trains 784-256-128-10 on MNIST, and says how good it is on the 10,000 test images.
#[derive(Parser)]
#[command(name = "reference")]
struct Args {
    /// How often it sees every image.
    #[arg(long, default_value_t = 10, value_parser = at_least_one)]
    epochs: usize,
    /// How far a step goes.
    #[arg(long, default_value_t = 0.1)]
    learning_rate: f32,
    /// How many images are one step.
    #[arg(long, default_value_t = 64, value_parser = at_least_one)]
    batch_size: usize,
    /// Decides the first weights and the order of the images.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many threads work on a batch; the result does not depend on it. [default: as many as there are cores]
    #[arg(long, value_parser = at_least_one)]
    threads: Option<usize>,
    /// What it learns from: clothes instead of digits with fashion-mnist.
    #[arg(long, default_value = "mnist", value_parser = data_set)]
    data: Which,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it has to be at least 1".to_owned()),
        Ok(number) => Ok(number),
        Err(_) => Err("it has to be a whole number".to_owned()),
    }
}

fn data_set(name: &str) -> Result<Which, String> {
    let names = Which::ALL.map(Which::name);
    Which::ALL
        .into_iter()
        .find(|which| which.name() == name)
        .ok_or_else(|| format!("the data sets are {}", names.join(" and ")))
}

fn main() -> ExitCode {
    let args = Args::parse();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(args: &Args) -> Result<(), DataError> {
    let data = mnist::load(args.data)?;
    let images = Images::new(&data.train.images);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(args.threads.unwrap_or(0)).build();
    let threads = threads.expect("the system starts threads");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(args.seed);
    let mut net = Mlp::new(&[data.train.images.ncols(), 256, 128, N_CLASSES], &mut rng);
    println!(
        "784-256-128-10 on {}: {} images to learn from, {} to test with; {} epochs on {} threads.",
        args.data,
        data.train.images.nrows(),
        data.test.images.nrows(),
        args.epochs,
        threads.current_num_threads()
    );

    let bar = Bar { images: data.train.images.nrows(), epochs: args.epochs, start: Instant::now() };
    println!("\nepoch     loss   test accuracy   seconds");
    let mut matrix = Array2::zeros((N_CLASSES, N_CLASSES));
    let labels = data.test.labels.to_vec();
    let mut all_seconds = Vec::new();
    for epoch in 0..args.epochs {
        let start = Instant::now();
        let loss = threads.install(|| {
            let mut due = 0;
            let on_batch = |done| {
                // A hundred times an epoch is often enough to move, and seldom enough to cost nothing.
                if done >= due {
                    bar.show(epoch, done);
                    due = done + bar.images / 100;
                }
            };
            let labels = &data.train.labels;
            net.train_epoch(&images, labels, args.batch_size, args.learning_rate, &mut rng, on_batch)
        });
        let seconds = start.elapsed().as_secs_f64();
        all_seconds.push(seconds);
        matrix = confusion_matrix(&labels, &threads.install(|| net.predict(&data.test.images)).to_vec(), N_CLASSES);
        bar.clear();
        println!("{:>5}   {loss:.4}         {:>5.2} %   {seconds:>7.2}", epoch + 1, accuracy(&matrix));
    }

    println!(
        "\nAn epoch took {:.2} s (the median). The README's figure is {README_SECONDS:.2} s, for MNIST in batches of 64 on two \
         cores of an AMD EPYC.",
        median(&mut all_seconds)
    );

    let name = |class: usize| match args.data {
        Which::Mnist => class.to_string(),
        Which::FashionMnist => FASHION_CLASSES[class].to_owned(),
    };
    print!("{}", report(&matrix, &name));
    let right: usize = matrix.diag().sum();
    println!("\n{right} of {} test images are right: {:.2} %.", labels.len(), accuracy(&matrix));
    Ok(())
}

/// The number in the middle; of an even number of them the upper one.
fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// How many percent of the images are right.
fn accuracy(matrix: &ArrayRef2<usize>) -> f64 {
    100.0 * matrix.diag().sum() as f64 / matrix.sum() as f64
}

/// The confusion matrix, what it says of each class, and the pairs that are confused most.
fn report(matrix: &ArrayRef2<usize>, name: &dyn Fn(usize) -> String) -> String {
    let mut text =
        String::from("\nConfusion matrix: a row for each true class, a column for each prediction.\n\n     ");
    let mut add = |line: String| text += &line;
    for class in 0..matrix.ncols() {
        add(format!("{class:>6}"));
    }
    add("\n".to_owned());
    for (class, row) in matrix.rows().into_iter().enumerate() {
        add(format!("{class:>5}"));
        for count in row {
            add(format!("{count:>6}"));
        }
        add("\n".to_owned());
    }
    let width = (0..matrix.nrows()).map(|class| name(class).len()).max().unwrap_or(0).max(5);
    add(format!("\n{:<width$}   precision   recall       F1   test images\n", "class"));
    for (class, scores) in precision_recall_f1(matrix).into_iter().enumerate() {
        add(format!(
            "{:<width$}      {:>6.4}   {:>6.4}   {:>6.4}   {:>11}\n",
            name(class),
            scores.precision,
            scores.recall,
            scores.f1,
            matrix.row(class).sum()
        ));
    }
    add("\nMost confused:\n".to_owned());
    for (truth, said, count) in most_confused(matrix, N_PAIRS) {
        let times = if count == 1 { "time" } else { "times" };
        add(format!("  {:<width$} taken for {:<width$}  {count} {times}\n", name(truth), name(said)));
    }
    text
}

/// One line on a terminal that says how far the training is; nothing at all elsewhere.
struct Bar {
    images: usize,
    epochs: usize,
    start: Instant,
}

impl Bar {
    fn show(&self, epoch: usize, done: usize) {
        if stderr().is_terminal() {
            let share = (epoch * self.images + done) as f64 / (self.epochs * self.images) as f64;
            eprint!("\r\x1b[K{}", line(epoch + 1, self.epochs, share, self.start.elapsed()));
        }
    }

    fn clear(&self) {
        if stderr().is_terminal() {
            eprint!("\r\x1b[K");
        }
    }
}

/// `epoch 3 of 10 [██████░░░░░░░░░░░░░░] 30 %, about 4 s left`
fn line(epoch: usize, epochs: usize, share: f64, elapsed: Duration) -> String {
    const CELLS: usize = 20;
    let full = (share * CELLS as f64) as usize;
    let mut text = format!("epoch {epoch} of {epochs} [");
    for cell in 0..CELLS {
        text.push(if cell < full { '█' } else { '░' });
    }
    write!(text, "] {:.0} %", 100.0 * share).expect("a String takes any text");
    if share > 0.02 {
        let left = elapsed.as_secs_f64() * (1.0 - share) / share;
        write!(text, ", about {left:.0} s left").expect("a String takes any text");
    }
    text
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_report_names_classes_and_pairs() {
        let matrix = array![[8, 2, 0], [1, 9, 0], [0, 3, 0]];
        let text = report(&matrix, &|class| ["cat", "dog", "elephant"][class].to_owned());
        assert!(text.contains("elephant      0.0000   0.0000   0.0000             3\n"), "{text}");
        assert!(text.contains("cat           0.8889   0.8000   0.8421            10\n"), "{text}");
        assert!(text.contains("  elephant taken for dog       3 times\n"), "{text}");
        assert!(text.contains("  dog      taken for cat       1 time\n"), "{text}");
    }

    #[test]
    fn the_readme_says_how_long_an_epoch_takes() {
        let readme = include_str!("../../README.md").replace('\n', " ");
        assert!(readme.contains(&format!("An epoch takes {README_SECONDS:.2} seconds on two cores of an AMD EPYC")));
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
    }

    #[test]
    fn the_line_says_how_long_it_will_take() {
        assert_eq!(
            line(3, 10, 0.25, Duration::from_secs(2)),
            "epoch 3 of 10 [█████░░░░░░░░░░░░░░░] 25 %, about 6 s left"
        );
        assert_eq!(line(1, 10, 0.0, Duration::ZERO), "epoch 1 of 10 [░░░░░░░░░░░░░░░░░░░░] 0 %");
    }
}
