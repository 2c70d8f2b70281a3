//! How long an epoch takes: `cargo bench -p reference`.
//!
//! 784-256-128-10 learns all of MNIST, in batches of 64, by plain SGD at 0.1 and in `f32`: here, with NumPy, with PyTorch
//! and with JAX, each with all cores and with one thread. They take turns, an epoch each, so that whatever else the machine
//! does meets all of them. Printed are medians of this one run. `install.py` installs the peers; without them only this crate
//! is measured. With `--no-default-features` everybody does without AVX-512.

use std::{
    env,
    io::{BufRead, BufReader, Lines, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use datasets::mnist::{self, LabelledImages, Which};
use ndarray::Array1;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use reference::{Images, Mlp};

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
    let files = mnist::places(Which::Mnist);
    let file = files.iter().find(|file| file.is_file()).expect("it has just been read");
    let folder = file.parent().expect("a file lies in a folder").to_owned();

    let no_zeros = mnist.train.images.mapv(|pixel| pixel.max(1));
    let (images, no_zeros) = (Images::new(&mnist.train.images), Images::new(&no_zeros));
    let labels = &mnist.train.labels;
    let python = python();
    if python.is_none() {
        println!("NumPy, PyTorch and JAX are not here; python3 reference/benches/peers/install.py installs them");
    }
    let mut runners: Vec<Box<dyn Runner + '_>> = Vec::new();
    for threads in [Threads::All, Threads::One] {
        runners.push(Box::new(Ours::new("this crate", &images, labels, threads)));
        runners.push(Box::new(Ours::new("this crate, no pixel is 0", &no_zeros, labels, threads)));
        for (kind, name) in [("numpy", "NumPy"), ("torch", "PyTorch"), ("jax", "JAX")] {
            if let Some(python) = &python {
                runners.push(Box::new(Peer::start(python, kind, name, &folder, threads)));
            }
        }
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
    println!("{:<44}{:>8}{:>8}{:>10}{:>10}{:>8}", "", "threads", "median", "fastest", "of ours", "right");
    let median = |seconds: &mut Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        seconds[seconds.len() / 2]
    };
    let in_a_group = runners.len() / 2;
    let mut ours = 0.0;
    for (at, (mut runner, mut seconds)) in runners.into_iter().zip(seconds).enumerate() {
        let median = median(&mut seconds);
        // This crate stands first among those with as many threads.
        if at % in_a_group == 0 {
            ours = median;
        }
        let (name, threads, right) = (runner.name(), runner.threads(), runner.right(&mnist.test));
        println!("{name:<44}{threads:>8}{median:>8.3}{:>10.3}{:>10.2}{right:>8}", seconds[0], median / ours);
    }
}

/// How many threads somebody may have.
#[derive(Clone, Copy)]
enum Threads {
    All,
    One,
}

impl Threads {
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::One => "1",
        }
    }
}

/// What tells the libraries to work with one thread.
const ONE_THREAD: [(&str, &str); 4] = [
    ("OMP_NUM_THREADS", "1"),
    ("OPENBLAS_NUM_THREADS", "1"),
    ("MKL_NUM_THREADS", "1"),
    // JAX's compiler takes as many threads as it believes that there are processors.
    ("NPROC", "1"),
];

/// What tells them to do without AVX-512: NumPy's loops and its BLAS, PyTorch's loops and its two libraries of products, and
/// JAX's compiler.
const NO_AVX512: [(&str, &str); 6] = [
    ("NPY_DISABLE_CPU_FEATURES", "X86_V4 AVX512_ICL AVX512_SPR"),
    ("OPENBLAS_CORETYPE", "Haswell"),
    ("ATEN_CPU_CAPABILITY", "avx2"),
    ("ONEDNN_MAX_CPU_ISA", "AVX2"),
    ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
    ("XLA_FLAGS", "--xla_cpu_max_isa=AVX2"),
];

/// Somebody who trains.
trait Runner {
    fn name(&self) -> String;

    fn threads(&self) -> &'static str;

    /// Trains for an epoch and tells how many seconds it took.
    fn epoch(&mut self) -> f64;

    /// How many test images are right by now. Ends the training.
    fn right(&mut self, test: &LabelledImages) -> usize;
}

struct Ours<'a> {
    name: &'static str,
    images: &'a Images<'a>,
    labels: &'a Array1<usize>,
    net: Mlp,
    rng: Xoshiro256PlusPlus,
    pool: rayon::ThreadPool,
    threads: Threads,
}

impl<'a> Ours<'a> {
    fn new(name: &'static str, images: &'a Images<'a>, labels: &'a Array1<usize>, threads: Threads) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
        // 0 threads are as many as there are cores.
        let n = match threads {
            Threads::All => 0,
            Threads::One => 1,
        };
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
        Self { name, images, labels, net: Mlp::new(&SIZES, &mut rng), rng, pool, threads }
    }
}

impl Runner for Ours<'_> {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn threads(&self) -> &'static str {
        self.threads.name()
    }

    fn epoch(&mut self) -> f64 {
        let Self { images, labels, net, rng, pool, .. } = self;
        let start = Instant::now();
        pool.install(|| net.train_epoch(images, labels, BATCH, LEARNING_RATE, rng, |_| ()));
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
    threads: Threads,
    child: Child,
    asked: Option<ChildStdin>,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Peer {
    fn start(python: &Path, kind: &str, name: &str, folder: &Path, threads: Threads) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers/peer.py");
        let mut command = Command::new(python);
        command.arg(script).arg(kind).arg(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Threads::One = threads {
            command.envs(ONE_THREAD);
        }
        if !cfg!(feature = "avx512") {
            command.envs(NO_AVX512);
        }
        let mut child = command.spawn().expect("python runs");
        let asked = child.stdin.take();
        let mut answers = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let version = next(&mut answers);
        Self { name: format!("{name} {version}"), threads, child, asked, answers }
    }
}

fn next(answers: &mut Lines<BufReader<ChildStdout>>) -> String {
    answers.next().expect("the peer answers; what it says above is the reason").expect("in text")
}

impl Runner for Peer {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn threads(&self) -> &'static str {
        self.threads.name()
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
