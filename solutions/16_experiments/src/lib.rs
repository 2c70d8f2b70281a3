//! Exercise 16, solved: experiments that prove something.
//!
//! A training has hyper-parameters that have no gradient: widths, the learning rate, the batch size. This crate
//! organises many trainings: which settings to try, how often, what counts as a difference, which data decide, and a
//! log that survives a power cut.
//!
//! A *setting* is one choice of all knobs, the hyper-parameters. A *score* is a number that is better when it is
//! larger, such as an accuracy. The caller decides how a setting gets its score, and passes that in as a function.

use std::{
    cmp::Ordering,
    error::Error,
    fmt,
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

use engine::{Activation, Layer, Linear, Loss, Relu, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{Array1, Array2, Axis};
use rand::{Rng, RngExt, SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};

/// One choice of all knobs.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// How many neurons each hidden layer has; none for a network without hidden layers.
    pub hidden: Vec<usize>,
    /// The activation behind each hidden layer.
    pub activation: Activation,
    /// The learning rate of gradient descent.
    pub learning_rate: f64,
    /// The number of samples for one step.
    pub batch_size: usize,
    /// How often the network learns from every sample.
    pub epochs: usize,
}

/// Samples with their classes.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Shape (n_samples, n_features).
    pub x: Array2<f64>,
    /// The class of each sample, counted from 0.
    pub labels: Vec<usize>,
}

impl Samples {
    /// The samples with these numbers, in this order.
    pub fn select(&self, numbers: &[usize]) -> Self {
        Self { x: self.x.select(Axis(0), numbers), labels: numbers.iter().map(|&number| self.labels[number]).collect() }
    }
}

/// A new network that has been trained on `samples` with `setting`, by gradient descent on the cross-entropy of
/// shuffled batches, as in exercise 14.
///
/// The seed determines the initial weights and the order of the samples. Nothing else is random: the same arguments
/// give the same network.
pub fn train(setting: &Setting, samples: &Samples, n_classes: usize, seed: u64) -> Sequential {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let sizes = [&[samples.x.ncols()], &*setting.hidden, &[n_classes]].concat();
    let mut net = mlp(&sizes, setting.activation, &mut rng);
    let one_hot = Array2::from_shape_fn((samples.labels.len(), n_classes), |(sample, class)| {
        f64::from(u8::from(samples.labels[sample] == class))
    });
    let mut order: Vec<usize> = (0..samples.labels.len()).collect();
    for _ in 0..setting.epochs {
        order.shuffle(&mut rng);
        for batch in order.chunks(setting.batch_size) {
            let (x, y) = (samples.x.select(Axis(0), batch), one_hot.select(Axis(0), batch));
            let d_scores = SoftmaxCrossEntropy.gradient(&net.forward(&x), &y);
            net.backward(&d_scores);
            net.step(setting.learning_rate);
        }
    }
    net
}

/// The fraction of `samples` for which `net` gives the largest score to the true class. A network that has diverged to
/// NaN counts as predicting class 0.
pub fn accuracy(net: &mut Sequential, samples: &Samples) -> f64 {
    let scores = net.forward(&samples.x);
    let is_right = |(row, &label): (usize, &usize)| {
        let (mut best, mut best_score) = (0, f64::NEG_INFINITY);
        for (class, &score) in scores.row(row).iter().enumerate() {
            if score > best_score {
                (best, best_score) = (class, score);
            }
        }
        best == label
    };
    samples.labels.iter().enumerate().filter(|&sample| is_right(sample)).count() as f64 / samples.labels.len() as f64
}

/// How many weights and biases the network of `setting` has, with `n_in` inputs and `n_out` outputs.
///
/// A layer has a weight for each pair of an input and a neuron, and a bias for each neuron.
pub fn n_parameters(setting: &Setting, n_in: usize, n_out: usize) -> usize {
    let sizes = [&[n_in], &*setting.hidden, &[n_out]].concat();
    sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
}

/// The values to try for each knob.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The hidden layers to try, such as one of 64 neurons, or two of 64 and 32: `vec![vec![64], vec![64, 32]]`.
    pub hidden: Vec<Vec<usize>>,
    /// The activations to try.
    pub activations: Vec<Activation>,
    /// The learning rates to try.
    pub learning_rates: Vec<f64>,
    /// The batch sizes to try.
    pub batch_sizes: Vec<usize>,
    /// The epochs of every setting, the same for all, because more epochs would be an advantage.
    pub epochs: usize,
}

/// Every combination of the values in `grid`, in the order of nested loops over its fields: all settings with the first
/// `hidden` come first, and the batch size changes fastest.
///
/// It is a product: four knobs with five values each are 625 settings. That is why a grid is for two knobs at once.
pub fn grid_settings(grid: &Grid) -> Vec<Setting> {
    let mut settings = Vec::new();
    for hidden in &grid.hidden {
        for &activation in &grid.activations {
            for &learning_rate in &grid.learning_rates {
                for &batch_size in &grid.batch_sizes {
                    let (hidden, epochs) = (hidden.clone(), grid.epochs);
                    settings.push(Setting { hidden, activation, learning_rate, batch_size, epochs });
                }
            }
        }
    }
    settings
}

/// A number between `low` and `high`, both above 0, whose logarithm is drawn uniformly: each factor of 10 is equally
/// likely. `low` may be equal to `high`. A result that is outside by no more than a rounding error is fine.
///
/// A learning rate is a factor, so 0.001 and 0.01 are as far apart as 0.1 and 1. Drawn uniformly between 0.001 and 1,
/// nine rates in ten would be above 0.1.
pub fn log_uniform(low: f64, high: f64, rng: &mut impl Rng) -> f64 {
    // Rounding in `exp` may leave the range by a hair.
    rng.random_range(low.ln()..=high.ln()).exp().clamp(low, high)
}

/// `n` random settings. Each knob of each setting is drawn independently: the learning rate by [`log_uniform`] between
/// the smallest and the largest in `grid`, every other knob from its list, where each entry is equally likely. All
/// random numbers come from `rng`.
pub fn random_settings(grid: &Grid, n: usize, rng: &mut impl Rng) -> Vec<Setting> {
    let low = grid.learning_rates.iter().copied().fold(f64::INFINITY, f64::min);
    let high = grid.learning_rates.iter().copied().fold(0.0, f64::max);
    (0..n)
        .map(|_| Setting {
            hidden: grid.hidden[rng.random_range(0..grid.hidden.len())].clone(),
            activation: grid.activations[rng.random_range(0..grid.activations.len())],
            learning_rate: log_uniform(low, high, rng),
            batch_size: grid.batch_sizes[rng.random_range(0..grid.batch_sizes.len())],
            epochs: grid.epochs,
        })
        .collect()
}

/// The scores of `setting` with the seeds 0, 1, …, `n_repeats` - 1: what `run` returns for each, in this order. NaN is a
/// score, too: that training has diverged.
///
/// Every setting gets the same seeds, so that no setting wins only because its seeds were lucky. And a study that is
/// repeated gives the same numbers.
pub fn repeat(setting: &Setting, n_repeats: usize, mut run: impl FnMut(&Setting, u64) -> f64) -> Vec<f64> {
    (0..n_repeats as u64).map(|seed| run(setting, seed)).collect()
}

/// A summary of repeated scores.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, from one run to the next.
    pub std: f64,
    /// The number of scores.
    pub n: usize,
}

/// Mean, standard deviation and number of `scores`. The standard deviation divides by n - 1; that of a single score is
/// NaN, because one run says nothing about the noise. If a score is NaN, so are the mean and the standard deviation.
///
/// # Panics
///
/// If there are no scores.
pub fn summarise(scores: &[f64]) -> Summary {
    assert!(!scores.is_empty(), "there has to be a score");
    let n = scores.len() as f64;
    let mean = scores.iter().sum::<f64>() / n;
    // The scores lie closer to their own mean than to the true one; n - 1 makes up for that. With one score it is
    // 0 / 0.
    let variance = scores.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Summary { mean, std: variance.sqrt(), n: scores.len() }
}

/// Whether `a` is better than `b` (`Greater`), worse (`Less`), or not distinguishable from it: `Equal`, a tie.
///
/// A difference of the means counts if it is larger than twice its standard error, which is √(s_a²/n_a + s_b²/n_b).
/// With a single score on either side the noise is not known, so the result is a tie. It is a tie as well if a mean is
/// NaN.
pub fn compare(a: &Summary, b: &Summary) -> Ordering {
    let difference = a.mean - b.mean;
    let standard_error = (a.std.powi(2) / a.n as f64 + b.std.powi(2) / b.n as f64).sqrt();
    // A comparison with NaN is false, so a standard deviation that is not known makes a tie.
    if difference > 2.0 * standard_error {
        Ordering::Greater
    } else if difference < -2.0 * standard_error {
        Ordering::Less
    } else {
        Ordering::Equal
    }
}

/// The settings of a study as a table, the largest mean first; equal ones keep their order. A mean that is NaN comes
/// last.
///
/// ```text
/// setting                  mean     std    n
/// rate 0.1               0.9400  0.0061    5  best
/// rate 0.3               0.9350  0.0089    5  tie
/// rate 0.01              0.7125  0.0210    5
/// ```
///
/// Names are aligned to the left in 20 characters. Mean and standard deviation have four decimals and are aligned to
/// the right in 9 and 8 characters, and n in 5. Two spaces and `best` follow in the first line, two spaces and `tie` in
/// each line whose setting [`compare`] cannot tell from the first one, and nothing in the others. A name of more than 20
/// characters is not cut, and moves the rest of its line. Without rows there is only the line of headings. The text may
/// end with a line feed or without.
pub fn table(rows: &[(String, Summary)]) -> String {
    let mut rows: Vec<&(String, Summary)> = rows.iter().collect();
    // `total_cmp` puts NaN above all numbers.
    let mean = |row: &(String, Summary)| if row.1.mean.is_nan() { f64::NEG_INFINITY } else { row.1.mean };
    rows.sort_by(|a, b| mean(b).total_cmp(&mean(a)));
    let mut text = format!("{:<20}{:>9}{:>8}{:>5}\n", "setting", "mean", "std", "n");
    for (place, (name, summary)) in rows.iter().enumerate() {
        let verdict = match compare(summary, &rows[0].1) {
            _ if place == 0 => "  best",
            Ordering::Equal => "  tie",
            _ => "",
        };
        let Summary { mean, std, n } = summary;
        text += &format!("{name:<20}{mean:>9.4}{std:>8.4}{n:>5}{verdict}\n");
    }
    text
}

/// The result of a search.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The validation scores of each setting, in the order of the settings.
    pub trials: Vec<Summary>,
    /// The index of the setting with the best mean.
    pub best: usize,
    /// The score of that setting on the test set.
    pub test_score: f64,
}

/// Tries all `settings`, each with the seeds 0 to `n_repeats` - 1, and asks for the test score of the best one.
///
/// `validate` gives the score of a setting on the validation set. The best setting is the one with the largest mean of
/// these scores; if several settings have it, the first of them. A mean that is NaN is never the best if another one is
/// a number; if all means are NaN, the first setting is the best.
///
/// `test` gives the score of the chosen setting on the test set. It is a `FnOnce`: the compiler does not let you use it
/// twice.
///
/// # Panics
///
/// If there are no settings, or no repeats.
pub fn search(
    settings: &[Setting],
    n_repeats: usize,
    mut validate: impl FnMut(&Setting, u64) -> f64,
    test: impl FnOnce(&Setting) -> f64,
) -> Search {
    let trials: Vec<Summary> =
        settings.iter().map(|setting| summarise(&repeat(setting, n_repeats, &mut validate))).collect();
    let (mut best, mut best_mean) = (0, f64::NEG_INFINITY);
    for (place, trial) in trials.iter().enumerate() {
        if trial.mean > best_mean {
            (best, best_mean) = (place, trial.mean);
        }
    }
    let test_score = test(&settings[best]);
    Search { trials, best, test_score }
}

/// One way to divide the samples into a training set and a validation set. Both lists hold the numbers of samples.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// The samples to learn from.
    pub train: Vec<usize>,
    /// The samples to validate on.
    pub validation: Vec<usize>,
}

/// Cuts `order` (the numbers of the samples, already shuffled) into `k` parts of consecutive entries. Each part is the
/// validation set once; the rest is the training set, in the same order. If k does not divide the number of samples n,
/// the first n % k parts have one sample more.
///
/// # Panics
///
/// If `k` is below 2 or above the number of samples.
pub fn k_fold(order: &[usize], k: usize) -> Vec<Fold> {
    let n = order.len();
    assert!((2..=n).contains(&k), "{n} samples cannot be cut into {k} folds");
    let mut start = 0;
    (0..k)
        .map(|fold| {
            let end = start + n / k + usize::from(fold < n % k);
            let (train, validation) = ([&order[..start], &order[end..]].concat(), order[start..end].to_vec());
            start = end;
            Fold { train, validation }
        })
        .collect()
}

/// The scores of the `k` folds of [`k_fold`], summarised. `score` trains a new network on the samples of `train` and
/// returns its score on the samples of `validation`.
pub fn cross_validate(order: &[usize], k: usize, score: impl FnMut(&Fold) -> f64) -> Summary {
    let scores: Vec<f64> = k_fold(order, k).iter().map(score).collect();
    summarise(&scores)
}

/// One finished training: a line of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What was trained.
    pub setting: Setting,
    /// The seed of the training.
    pub seed: u64,
    /// Its score.
    pub score: f64,
}

/// The first line of a log.
pub const HEADER: &str = "hidden,activation,learning_rate,batch_size,epochs,seed,score";

impl Run {
    /// The run as a line of CSV, without the line feed: `32-16,Relu,0.1,16,5,0,0.9375`.
    ///
    /// No field contains a comma, so nothing needs quotes. Rust prints a number with enough digits to read back exactly
    /// the same number. This method is complete, and so is the next.
    pub fn to_line(&self) -> String {
        let Setting { hidden, activation, learning_rate, batch_size, epochs } = &self.setting;
        let hidden: Vec<String> = hidden.iter().map(usize::to_string).collect();
        let (hidden, seed, score) = (hidden.join("-"), self.seed, self.score);
        format!("{hidden},{activation:?},{learning_rate},{batch_size},{epochs},{seed},{score}")
    }

    /// The run in this line; `None` if the line is not a run.
    pub fn from_line(line: &str) -> Option<Self> {
        let fields: Vec<&str> = line.split(',').collect();
        let [hidden, activation, learning_rate, batch_size, epochs, seed, score] = fields[..] else { return None };
        let hidden = hidden.split('-').filter(|size| !size.is_empty()).map(|size| size.parse().ok());
        let setting = Setting {
            hidden: hidden.collect::<Option<_>>()?,
            activation: match activation {
                "Relu" => Activation::Relu,
                "Sigmoid" => Activation::Sigmoid,
                "Tanh" => Activation::Tanh,
                _ => return None,
            },
            learning_rate: learning_rate.parse().ok()?,
            batch_size: batch_size.parse().ok()?,
            epochs: epochs.parse().ok()?,
        };
        Some(Self { setting, seed: seed.parse().ok()?, score: score.parse().ok()? })
    }
}

/// A whole line of a log that is not a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// The number of the line, counted from 1; the header is line 1.
    pub number: usize,
    /// The text of the line, without its line feed.
    pub text: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of the log is not what it should be: {:?}. Correct or delete it", self.number, self.text)
    }
}

impl Error for BadLine {}

/// `log` up to its last line feed, which is included; nothing if there is none.
///
/// A program that is killed while it writes leaves half a line. It may even look complete: `0.9` may be the beginning
/// of `0.95`. Only the line feed proves that a line is whole.
pub fn whole_lines(log: &str) -> &str {
    log.rfind('\n').map_or("", |last| &log[..=last])
}

/// The runs in the whole lines of `log`, in order. Its first line is [`HEADER`]; a log without a whole line has no
/// runs.
///
/// # Errors
///
/// The first whole line that is wrong: a first line that is not the header, or a later line that is not a run.
pub fn read_log(log: &str) -> Result<Vec<Run>, BadLine> {
    let mut runs = Vec::new();
    for (number, line) in (1..).zip(whole_lines(log).lines()) {
        let bad = || BadLine { number, text: line.to_owned() };
        if number > 1 {
            runs.push(Run::from_line(line).ok_or_else(bad)?);
        } else if line != HEADER {
            return Err(bad());
        }
    }
    Ok(runs)
}

/// Remembers the finished runs, in a log that is kept when the program ends.
#[derive(Debug)]
pub struct Tracker<W> {
    /// Where new lines go.
    log: W,
    /// All runs that are in the log.
    done: Vec<Run>,
}

impl<W: Write> Tracker<W> {
    /// A tracker that knows the runs in `so_far`, the text of the log up to now, and will append new ones to `log`.
    ///
    /// `resume` itself writes nothing. [`open_log`] has written the header, and has cut off half a line.
    ///
    /// # Errors
    ///
    /// As [`read_log`].
    pub fn resume(so_far: &str, log: W) -> Result<Self, BadLine> {
        Ok(Self { log, done: read_log(so_far)? })
    }

    /// The score of `setting` with `seed`. If the log has it, it is returned, and `run` is not called. Otherwise `run`
    /// is called with the same setting and seed; its score, even if it is NaN, is appended to the log as one line and
    /// flushed, and then returned.
    ///
    /// The log does not know the data, and it does not know `train`. If you change either of them, begin a new log:
    /// otherwise the old scores come back.
    ///
    /// # Errors
    ///
    /// If the log cannot be written or flushed. The run then does not count as done. Open the log again before you continue: it
    /// may end with half a line.
    pub fn score(&mut self, setting: &Setting, seed: u64, run: impl FnOnce(&Setting, u64) -> f64) -> io::Result<f64> {
        if let Some(done) = self.done.iter().find(|done| done.setting == *setting && done.seed == seed) {
            return Ok(done.score);
        }
        let score = run(setting, seed);
        let run = Run { setting: setting.clone(), seed, score };
        // The line feed goes with the line: it says that the line is whole.
        self.log.write_all(format!("{}\n", run.to_line()).as_bytes())?;
        // Whatever still waits in a buffer dies with the program.
        self.log.flush()?;
        self.done.push(run);
        Ok(score)
    }
}

/// A tracker whose log is the file at `path`. A new file gets the header; half a line at the end is cut off.
///
/// # Errors
///
/// If the file cannot be read or written, or has a line that is not a run.
pub fn open_log(path: &Path) -> io::Result<Tracker<File>> {
    let open = || {
        let mut file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut so_far = whole_lines(&io::read_to_string(&file)?).to_owned();
        file.set_len(so_far.len() as u64)?;
        file.seek(SeekFrom::End(0))?;
        if so_far.is_empty() {
            so_far = format!("{HEADER}\n");
            file.write_all(so_far.as_bytes())?;
        }
        Tracker::resume(&so_far, file).map_err(|bad| io::Error::new(io::ErrorKind::InvalidData, bad))
    };
    // The system's error does not say which file it is about.
    open().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// A network with one hidden layer of ReLUs. Its output is f(k) at each of the `knots` k, with straight lines between
/// neighbouring knots. It has one input, one output and a hidden neuron for each knot but the last. Inputs and outputs
/// have the shape (n, 1).
///
/// It is built, not trained: neuron i is relu(x - kᵢ), so it is 0 to the left of its knot, and from there on it changes
/// the slope of the sum. To the left of the first knot the output is f of the first knot. To the right of the last knot
/// the last line continues.
///
/// # Panics
///
/// If there are fewer than two knots, or if they do not increase.
pub fn through_knots(f: impl Fn(f64) -> f64, knots: &[f64]) -> Sequential {
    assert!(knots.len() >= 2, "a line needs two knots");
    assert!(knots.is_sorted_by(|left, right| left < right), "each knot has to be larger than the one before");
    let slopes: Vec<f64> = knots.windows(2).map(|pair| (f(pair[1]) - f(pair[0])) / (pair[1] - pair[0])).collect();
    let n = slopes.len();
    // Every neuron adds the difference between the slope behind its knot and the one before.
    let changes = Array2::from_shape_fn((n, 1), |(i, _)| if i == 0 { slopes[0] } else { slopes[i] - slopes[i - 1] });
    let shifts: Array1<f64> = knots[..n].iter().map(|knot| -knot).collect();
    Sequential::new(vec![
        Box::new(Linear::from_parts(Array2::ones((1, n)), shifts)) as Box<dyn Layer>,
        Box::new(Relu::default()),
        Box::new(Linear::from_parts(changes, Array1::from_elem(1, f(knots[0])))),
    ])
}

/// The setting that you found for the digits: 64 pixels between 0 and 1, ten classes, 600 samples to learn from. At
/// most five epochs, and at most 2,500 weights and biases.
///
/// A search over rates and batch sizes, with one hidden layer of 32 neurons, which has 2,410 parameters, and with none.
/// Small batches give more steps in five epochs. The larger the rate, the larger is the noise between seeds.
pub fn chosen() -> Setting {
    Setting { hidden: vec![32], activation: Activation::Tanh, learning_rate: 0.1, batch_size: 4, epochs: 5 }
}
