//! Exercise 16: experiments that prove something.
//!
//! Read `README.md` beside this file's folder first. Replace one `todo!()` after the other, from top to bottom, and
//! run `cargo run -p grader -- check 16` as often as you like.
//!
//! A *setting* is one position of all knobs. A *score* is what is better when it is larger, such as an accuracy. How a
//! setting gets its score is the caller's business: it is passed in as a function.

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

/// One position of all knobs. This type is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// How many neurons each hidden layer has; none for a network without hidden layers.
    pub hidden: Vec<usize>,
    /// What stands behind each hidden layer.
    pub activation: Activation,
    /// How far a step goes.
    pub learning_rate: f64,
    /// Samples for one step.
    pub batch_size: usize,
    /// How often every sample is used.
    pub epochs: usize,
}

/// Samples with their classes. This type is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Shape (n_samples, n_features).
    pub x: Array2<f64>,
    /// The class of each, counted from 0.
    pub labels: Vec<usize>,
}

impl Samples {
    /// Those with these numbers, in this order.
    pub fn select(&self, numbers: &[usize]) -> Self {
        Self { x: self.x.select(Axis(0), numbers), labels: numbers.iter().map(|&number| self.labels[number]).collect() }
    }
}

/// A new network that has been trained on `samples` as `setting` says, by gradient descent on the cross-entropy of shuffled
/// batches, as in exercise 14.
///
/// The seed decides the weights and the order of the samples. There is no other chance in it: the same arguments give the
/// same network. This function is complete.
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

/// The fraction of `samples` that `net` gives the largest score to their true class. A network that has diverged to NaN is
/// taken to say class 0. This function is complete.
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

/// What is to be tried for each knob. This type is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// The hidden layers to try, such as 64 neurons, and 64 and 32: `vec![vec![64], vec![64, 32]]`.
    pub hidden: Vec<Vec<usize>>,
    /// The activations to try.
    pub activations: Vec<Activation>,
    /// The learning rates to try.
    pub learning_rates: Vec<f64>,
    /// The batch sizes to try.
    pub batch_sizes: Vec<usize>,
    /// Epochs of every setting: more of them would be an advantage.
    pub epochs: usize,
}

/// Every combination of what `grid` lists. They are in the order of nested loops in the order of the fields: all with the first
/// `hidden` come first, and the batch size changes fastest.
pub fn grid_settings(grid: &Grid) -> Vec<Setting> {
    todo!()
}

/// A number between `low` and `high`, both above 0, whose logarithm is drawn uniformly: each factor of 10 is as likely as any
/// other.
pub fn log_uniform(low: f64, high: f64, rng: &mut impl Rng) -> f64 {
    todo!()
}

/// `n` settings at random. Each knob of each setting is drawn by itself: the learning rate by [`log_uniform`] between the
/// smallest and the largest in `grid`, every other knob from its list, each entry as likely as any other.
pub fn random_settings(grid: &Grid, n: usize, rng: &mut impl Rng) -> Vec<Setting> {
    todo!()
}

/// The scores of `setting` with the seeds 0, 1, …, `n_repeats` - 1: what `run` returns for each, in this order.
///
/// Every setting gets the same seeds, so the same luck with the order of the samples. And a study that is repeated gives the same
/// numbers.
pub fn repeat(setting: &Setting, n_repeats: usize, run: impl FnMut(&Setting, u64) -> f64) -> Vec<f64> {
    todo!()
}

/// What is left of repeated scores. This type is complete.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, from one run to the next.
    pub std: f64,
    /// How many there are.
    pub n: usize,
}

/// Mean, standard deviation and number of `scores`. The standard deviation divides by n - 1; that of a single score is NaN,
/// because one run says nothing about the next.
///
/// # Panics
///
/// If there are no scores.
pub fn summarise(scores: &[f64]) -> Summary {
    todo!()
}

/// Whether `a` is better than `b` (`Greater`), worse (`Less`), or whether that cannot be told: `Equal`, a tie.
///
/// A difference of the means counts if it is larger than twice its standard error, which is √(s_a²/n_a + s_b²/n_b). With a
/// single score on either side the noise is not known, so it is a tie.
pub fn compare(a: &Summary, b: &Summary) -> Ordering {
    todo!()
}

/// The settings of a study as a table, the largest mean first; equal ones keep their order.
///
/// ```text
/// setting                  mean     std    n
/// rate 0.1               0.9400  0.0061    5  best
/// rate 0.3               0.9350  0.0089    5  tie
/// rate 0.01              0.7125  0.0210    5
/// ```
///
/// Names are flush left in 20 characters. Mean and standard deviation have four decimals, flush right in 9 and 8 characters,
/// and n is flush right in 5. Two blanks and `best` follow in the first line, two blanks and `tie` wherever
/// [`compare`] cannot tell a setting from the first one, and nothing elsewhere.
pub fn table(rows: &[(String, Summary)]) -> String {
    todo!()
}

/// What came of a search. This type is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Search {
    /// The validation scores of each setting, in the order of the settings.
    pub trials: Vec<Summary>,
    /// The place of the setting with the best mean.
    pub best: usize,
    /// The score of that setting on the test set.
    pub test_score: f64,
}

/// Tries all `settings`, each with the seeds 0 to `n_repeats` - 1, and asks for the test score of the best one.
///
/// `validate` gives the score of a setting on the validation set. The best setting has the largest mean of these scores, and is the
/// first of them if several have it. A mean that is NaN is never the best while another one is a number.
///
/// `test` gives the score of the chosen setting on the test set. It is a `FnOnce`: the compiler does not let you look twice.
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

/// One of the ways to divide samples: some to learn from, and the others to look at. Both are numbers of samples. This type is
/// complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// Those to learn from.
    pub train: Vec<usize>,
    /// Those to look at.
    pub validation: Vec<usize>,
}

/// Cuts `order` (the numbers of the samples, shuffled before) into `k` parts of neighbours. Each part is the validation set once,
/// and the rest is learned from, in its order. If n samples do not divide evenly, the first n % k parts have one sample more.
///
/// # Panics
///
/// If `k` is below 2 or above the number of samples.
pub fn k_fold(order: &[usize], k: usize) -> Vec<Fold> {
    todo!()
}

/// The scores of the `k` folds of [`k_fold`], summarised. `score` trains a new network on the samples of `train` and returns its
/// score on those of `validation`.
pub fn cross_validate(order: &[usize], k: usize, score: impl FnMut(&Fold) -> f64) -> Summary {
    todo!()
}

/// One training that has been done: a line of the log. This type is complete.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// What was trained.
    pub setting: Setting,
    /// With which seed.
    pub seed: u64,
    /// What came of it.
    pub score: f64,
}

/// The first line of a log.
pub const HEADER: &str = "hidden,activation,learning_rate,batch_size,epochs,seed,score";

impl Run {
    /// The run as a line of CSV, without the line feed: `32-16,Relu,0.1,16,5,0,0.9375`.
    ///
    /// No field holds a comma, so nothing needs quotes. Rust prints a number with as many digits as it takes to read the same
    /// number again. This method is complete, and so is the next.
    pub fn to_line(&self) -> String {
        let Setting { hidden, activation, learning_rate, batch_size, epochs } = &self.setting;
        let hidden: Vec<String> = hidden.iter().map(usize::to_string).collect();
        let (hidden, seed, score) = (hidden.join("-"), self.seed, self.score);
        format!("{hidden},{activation:?},{learning_rate},{batch_size},{epochs},{seed},{score}")
    }

    /// The run in this line; `None` if it holds none.
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

/// A whole line of a log that is no run. This type is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadLine {
    /// Which line, counted from 1; the header is line 1.
    pub number: usize,
    /// What it says.
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

/// The runs in the whole lines of `log`, in order. Its first line is [`HEADER`]; a log without a whole line holds no runs.
///
/// # Errors
///
/// The first whole line that is not what it should be: a first one that is not the header, or a later one that is no run.
pub fn read_log(log: &str) -> Result<Vec<Run>, BadLine> {
    todo!()
}

/// Remembers which runs have been done, in a log that outlives the program. This type is complete; its functions are yours.
#[derive(Debug)]
pub struct Tracker<W> {
    /// Where new lines go.
    log: W,
    /// All runs that are in the log.
    done: Vec<Run>,
}

impl<W: Write> Tracker<W> {
    /// A tracker that goes on where the log with the text `so_far` ends. What it writes to `log` comes behind the
    /// [`whole_lines`] of that text.
    ///
    /// # Errors
    ///
    /// As [`read_log`].
    pub fn resume(so_far: &str, log: W) -> Result<Self, BadLine> {
        todo!()
    }

    /// The score of `setting` with `seed`. If the log has it, that is the answer, and `run` is not called. Otherwise `run`
    /// is called, and its score is appended to the log as one line, and flushed, before it is returned.
    ///
    /// # Errors
    ///
    /// If the log cannot be written. The run is then not taken to be done. Open the log again before you go on: half a line may stand
    /// at its end.
    pub fn score(&mut self, setting: &Setting, seed: u64, run: impl FnOnce(&Setting, u64) -> f64) -> io::Result<f64> {
        todo!()
    }
}

/// A tracker whose log is the file at `path`. A new file gets the header; half a line at the end is cut off. This
/// function is complete.
///
/// # Errors
///
/// If the file cannot be read or written, or holds a line that is no run.
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
    // An error of the system's does not say which file it is about.
    open().map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
}

/// A network with one hidden layer of ReLUs whose output goes through f(k) at each of the `knots` k, and on a straight line from each
/// to the next. It has one input, one output and a hidden neuron for each knot but the last: (n, 1) goes in, (n, 1) comes out.
///
/// It is made, not trained. Left of the first knot the output stays f of the first knot; right of the last one the last slope goes on.
///
/// # Panics
///
/// If there are fewer than two knots, or if they do not increase.
pub fn through_knots(f: impl Fn(f64) -> f64, knots: &[f64]) -> Sequential {
    todo!()
}

/// The setting that you found for the digits: 64 pixels between 0 and 1, ten classes, 600 samples to learn from. At most ten
/// epochs, and at most 2,500 weights and biases.
pub fn chosen() -> Setting {
    todo!()
}
