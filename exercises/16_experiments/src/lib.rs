//! Exercise 16: experiments that prove something.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 16` as often as you like.
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

use engine::{Activation, Loss, Sequential, SoftmaxCrossEntropy, mlp};
use ndarray::{Array2, Axis};
use rand::{Rng, SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};

/// One choice of all knobs. This type is complete.
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

/// Samples with their classes. This type is complete.
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
/// give the same network. This function is complete.
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
/// NaN counts as predicting class 0. This function is complete.
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
pub fn n_parameters(setting: &Setting, n_in: usize, n_out: usize) -> usize {
    todo!()
}

/// The values to try for each knob. This type is complete.
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
pub fn grid_settings(grid: &Grid) -> Vec<Setting> {
    todo!()
}

/// A number between `low` and `high`, both above 0, whose logarithm is drawn uniformly: each factor of 10 is equally
/// likely. `low` may be equal to `high`. A result that is outside by no more than a rounding error is fine.
pub fn log_uniform(low: f64, high: f64, rng: &mut impl Rng) -> f64 {
    todo!()
}

/// `n` random settings. Each knob of each setting is drawn independently: the learning rate by [`log_uniform`] between
/// the smallest and the largest in `grid`, every other knob from its list, where each entry is equally likely. All
/// random numbers come from `rng`.
pub fn random_settings(grid: &Grid, n: usize, rng: &mut impl Rng) -> Vec<Setting> {
    todo!()
}

/// The scores of `setting` with the seeds 0, 1, …, `n_repeats` - 1: what `run` returns for each, in this order. NaN is a
/// score, too: that training has diverged.
///
/// Every setting gets the same seeds, so that no setting wins only because its seeds were lucky. And a study that is
/// repeated gives the same numbers.
pub fn repeat(setting: &Setting, n_repeats: usize, run: impl FnMut(&Setting, u64) -> f64) -> Vec<f64> {
    todo!()
}

/// A summary of repeated scores. This type is complete.
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
    todo!()
}

/// Whether `a` is better than `b` (`Greater`), worse (`Less`), or not distinguishable from it: `Equal`, a tie.
///
/// A difference of the means counts if it is larger than twice its standard error, which is √(s_a²/n_a + s_b²/n_b).
/// With a single score on either side the noise is not known, so the result is a tie. It is a tie as well if a mean is
/// NaN.
pub fn compare(a: &Summary, b: &Summary) -> Ordering {
    todo!()
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
    todo!()
}

/// The result of a search. This type is complete.
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
    validate: impl FnMut(&Setting, u64) -> f64,
    test: impl FnOnce(&Setting) -> f64,
) -> Search {
    todo!()
}

/// One way to divide the samples into a training set and a validation set. Both lists hold the numbers of samples. This
/// type is complete.
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
    todo!()
}

/// The scores of the `k` folds of [`k_fold`], summarised. `score` trains a new network on the samples of `train` and
/// returns its score on the samples of `validation`.
pub fn cross_validate(order: &[usize], k: usize, score: impl FnMut(&Fold) -> f64) -> Summary {
    todo!()
}

/// One finished training: a line of the log. This type is complete.
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

/// A whole line of a log that is not a run. This type is complete.
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
pub fn whole_lines(log: &str) -> &str {
    todo!()
}

/// The runs in the whole lines of `log`, in order. Its first line is [`HEADER`]; a log without a whole line has no
/// runs.
///
/// # Errors
///
/// The first whole line that is wrong: a first line that is not the header, or a later line that is not a run.
pub fn read_log(log: &str) -> Result<Vec<Run>, BadLine> {
    todo!()
}

/// Remembers the finished runs, in a log that is kept when the program ends. This type is complete; you write its
/// functions.
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
        todo!()
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
        todo!()
    }
}

/// A tracker whose log is the file at `path`. A new file gets the header; half a line at the end is cut off. This
/// function is complete.
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
/// It is built, not trained. To the left of the first knot the output is f of the first knot. To the right of the last
/// knot the last line continues.
///
/// # Panics
///
/// If there are fewer than two knots, or if they do not increase.
pub fn through_knots(f: impl Fn(f64) -> f64, knots: &[f64]) -> Sequential {
    todo!()
}

/// The setting that you found for the digits: 64 pixels between 0 and 1, ten classes, 600 samples to learn from. At
/// most five epochs, and at most 2,500 weights and biases.
pub fn chosen() -> Setting {
    todo!()
}
