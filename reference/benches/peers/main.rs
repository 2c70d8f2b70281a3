//! How long an epoch takes: `cargo bench -p reference`.
//!
//! 784-256-128-10 learns all of MNIST, in batches of 64, by plain SGD at 0.1 and in `f32`: here, with NumPy and with
//! PyTorch, each with all cores. They take turns, an epoch each, so that whatever else the machine does meets all of
//! them. Printed are medians of this one run. `install.py` installs the peers; without them only this crate is measured.

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use datasets::mnist::{self, LabelledImages, Which};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use reference::Mlp;

const ROUNDS: usize = 9;
const SIZES: [usize; 4] = [784, 256, 128, 10];
const BATCH: usize = 64;
const LEARNING_RATE: f32 = 0.1;

fn main() {
    // `cargo bench` hands on `--bench`; `cargo test --benches` does not, and there is nothing to test here.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mnist = mnist::load(Which::Mnist).unwrap_or_else(|error| panic!("{error}"));
    let folder = mnist::folder(Which::Mnist).expect("it has just been read from there");

    let mut runners: Vec<Box<dyn Runner>> =
        vec![Box::new(Ours::new(&mnist.train, 0)), Box::new(Ours::new(&mnist.train, 1))];
    match python() {
        Some(python) => {
            runners.push(Box::new(Peer::start(&python, "numpy", "NumPy", &folder)));
            runners.push(Box::new(Peer::start(&python, "torch", "PyTorch", &folder)));
        }
        None => println!("NumPy and PyTorch are not here; python3 reference/benches/peers/install.py installs them"),
    }

    let mut seconds: Vec<Vec<f64>> = vec![Vec::new(); runners.len()];
    for round in 0..=ROUNDS {
        for (runner, seconds) in runners.iter_mut().zip(&mut seconds) {
            let taken = runner.epoch();
            // The first epoch warms caches and threads up.
            if round > 0 {
                seconds.push(taken);
            }
            // A thread of the last one's that still waits for work must not count for the next.
            thread::sleep(Duration::from_millis(300));
        }
    }
    println!("seconds an epoch, {ROUNDS} in turns after one to warm up; test images right of 10,000 after all of them");
    println!("{:<48}{:>8}{:>10}{:>10}{:>8}", "", "median", "fastest", "of ours", "right");
    let median = |seconds: &mut Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    };
    let ours = median(&mut seconds[0].clone());
    for (mut runner, mut seconds) in runners.into_iter().zip(seconds) {
        let median = median(&mut seconds);
        let (name, right) = (runner.name(), runner.right(&mnist.test));
        println!("{name:<48}{median:>8.3}{:>10.3}{:>10.2}{right:>8}", seconds[0], median / ours);
    }
}

/// Somebody who trains.
trait Runner {
    fn name(&self) -> String;

    /// Trains for an epoch and tells how many seconds it took.
    fn epoch(&mut self) -> f64;

    /// How many test images are right by now. Ends the training.
    fn right(&mut self, test: &LabelledImages) -> usize;
}

struct Ours<'a> {
    train: &'a LabelledImages,
    net: Mlp,
    rng: Xoshiro256PlusPlus,
    threads: rayon::ThreadPool,
}

impl<'a> Ours<'a> {
    /// 0 threads are as many as there are cores.
    fn new(train: &'a LabelledImages, threads: usize) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        Self { train, net: Mlp::new(&SIZES, &mut rng), rng, threads }
    }
}

impl Runner for Ours<'_> {
    fn name(&self) -> String {
        let threads = self.threads.current_num_threads();
        format!("this crate, {threads} thread{}", if threads == 1 { "" } else { "s" })
    }

    fn epoch(&mut self) -> f64 {
        let Self { train, net, rng, threads } = self;
        let start = Instant::now();
        threads.install(|| net.train_epoch(&train.images, &train.labels, BATCH, LEARNING_RATE, rng, |_| ()));
        start.elapsed().as_secs_f64()
    }

    fn right(&mut self, test: &LabelledImages) -> usize {
        let predicted = self.net.predict(&test.images);
        predicted.iter().zip(&test.labels).filter(|(said, is)| said == is).count()
    }
}

/// A Python process that trains an epoch for each line that it is sent.
struct Peer {
    name: String,
    child: Child,
    asked: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start(python: &Path, kind: &str, name: &str, folder: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/peer.py");
        let mut command = Command::new(python);
        command.arg(script).arg(kind).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("python runs");
        let asked = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let version = next(&mut answers);
        Self { name: format!("{name} {version}"), child, asked, answers }
    }
}

fn next(answers: &mut Lines<BufReader<ChildStdout>>) -> String {
    answers.next().expect("the peer answers; what it says above is the reason").expect("in text")
}

impl Runner for Peer {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn epoch(&mut self) -> f64 {
        writeln!(self.asked.as_mut().expect("it is still asked"), "epoch").expect("the peer listens");
        next(&mut self.answers).parse().expect("seconds")
    }

    fn right(&mut self, _: &LabelledImages) -> usize {
        self.asked = None;
        let right = next(&mut self.answers).parse().expect("a count");
        self.child.wait().expect("the peer ends");
        right
    }
}

/// The Python that `install.py` has made.
fn python() -> Option<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target"));
    let places = ["peers/bin/python", "peers/Scripts/python.exe"];
    places.map(|place| target.join(place)).into_iter().find(|python| python.is_file())
}
