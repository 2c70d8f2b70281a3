//! Where the time goes, and what one core could do: `cargo bench -p reference --bench roofline`.
//!
//! It prints the rows of the tables in `docs/reference.md`. Everything is measured on one thread.

use std::{
    collections::HashSet,
    env,
    hint::black_box,
    time::{Duration, Instant},
};

use datasets::mnist::{self, Which};
use ndarray::Axis;
use pulp::{Arch, Simd, WithSimd};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use reference::{Images, Mlp};

const BATCH: usize = 64;
const EPOCHS: usize = 7;
const F32: usize = size_of::<f32>();
/// A list's entry: where, and how much.
const TERM: usize = 8;

fn main() {
    // `cargo bench` hands on `--bench`; `cargo test --benches` does not, and there is nothing to test here.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let mnist = mnist::load(Which::Mnist).unwrap_or_else(|error| panic!("{error}"));
    let images = Images::new(&mnist.train.images);
    let threads = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut net = Mlp::new(&[784, 256, 128, 10], &mut rng);
    let [mut first, mut others, mut update] = [const { Vec::new() }; 3];
    for epoch in 0..=EPOCHS {
        let before = net.seconds();
        threads.install(|| net.train_epoch(&images, &mnist.train.labels, BATCH, 0.1, &mut rng, |_| ()));
        let after = net.seconds();
        // The first epoch warms caches up.
        if epoch > 0 {
            first.push(after.first_layer - before.first_layer);
            others.push(after.other_layers - before.other_layers);
            update.push(after.update - before.update);
        }
    }

    let n = mnist.train.images.nrows();
    let batches = n.div_ceil(BATCH);
    // How many pixels have ink in some image of a batch: as many rows of W1 are read and changed.
    let mut rows = 0;
    for batch in mnist.train.images.axis_chunks_iter(Axis(0), BATCH) {
        let pixels = batch.indexed_iter().filter(|&(_, &pixel)| pixel != 0).map(|((_, at), _)| at);
        rows += pixels.collect::<HashSet<_>>().len();
    }
    let w1 = rows * 256 * F32;
    let w2_and_w3 = batches * (256 * 128 + 128 * 10) * F32;
    let (a1, a2_and_a3) = (n * 256 * F32, n * (128 + 10) * F32);
    let ink = images.n_terms();
    let later = n * (256 * 128 + 128 * 10);
    // Each number counts once a batch when it is read, and once when it is written.
    let parts = [
        ("first layer, forward", 2 * 256 * ink, w1 + ink * TERM + a1, &mut first),
        ("other layers, forward and backward", 4 * later, 2 * w2_and_w3 + 2 * a1 + 3 * a2_and_a3, &mut others),
        (
            "update of all weights, next batch",
            2 * 256 * ink + 2 * later,
            2 * w1 + ink * TERM + 2 * w2_and_w3 + 2 * a1 + 2 * a2_and_a3,
            &mut update,
        ),
    ];

    let peak = best(|| Arch::new().dispatch(Peak));
    let near = best(|| bandwidth(1 << 17));
    let far = best(|| bandwidth(1 << 26));
    println!("one core: {peak:.0} GFLOP/s; reads {near:.0} GB/s from a cache, {far:.0} GB/s from memory");
    let share = ink as f64 / mnist.train.images.len() as f64;
    println!("{:.1} % of the pixels are not 0; a batch has ink in {} pixels", 100.0 * share, rows / batches);
    println!("| part | GFLOP | GB | seconds | GFLOP/s | operations per byte | of the limit |");
    for (name, operations, bytes, seconds) in parts {
        seconds.sort_by(f64::total_cmp);
        let seconds = seconds[seconds.len() / 2];
        let (operations, bytes) = (operations as f64 / 1e9, bytes as f64 / 1e9);
        let (speed, intensity) = (operations / seconds, operations / bytes);
        let limit = peak.min(near * intensity);
        println!(
            "| {name} | {operations:.2} | {bytes:.2} | {seconds:.3} | {speed:.0} | {intensity:.1} | {:.0} % |",
            100.0 * speed / limit
        );
    }
}

/// The best of some measurements: what the machine can do when nobody else wants it.
fn best(measure: impl Fn() -> f64) -> f64 {
    let end = Instant::now() + Duration::from_secs(2);
    let mut best = 0.0_f64;
    while Instant::now() < end {
        best = best.max(measure());
    }
    best
}

/// Multiplies and adds in registers only, in so many chains that none waits for its last result; GFLOP/s.
struct Peak;

impl WithSimd for Peak {
    type Output = f64;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f64 {
        const CHAINS: usize = 12;
        const TIMES: usize = 200_000;
        let (a, b) = (simd.splat_f32s(black_box(0.999)), simd.splat_f32s(black_box(0.001)));
        let mut chains = [simd.splat_f32s(black_box(1.0)); CHAINS];
        let start = Instant::now();
        for _ in 0..TIMES {
            for chain in &mut chains {
                *chain = simd.mul_add_e_f32s(*chain, a, b);
            }
        }
        let seconds = start.elapsed().as_secs_f64();
        let sum = chains.into_iter().map(|chain| simd.reduce_sum_f32s(chain)).sum::<f32>();
        black_box(sum);
        (2 * CHAINS * S::F32_LANES * TIMES) as f64 / seconds / 1e9
    }
}

/// Adds up so many numbers, again and again; GB/s.
fn bandwidth(n: usize) -> f64 {
    struct Sum<'a>(&'a [f32]);
    impl WithSimd for Sum<'_> {
        type Output = f32;

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) -> f32 {
            let mut sums = [simd.splat_f32s(0.0); 8];
            for numbers in S::as_simd_f32s(self.0).0.as_chunks::<8>().0 {
                for (sum, number) in sums.iter_mut().zip(numbers) {
                    *sum = simd.add_f32s(*sum, *number);
                }
            }
            sums.into_iter().map(|sum| simd.reduce_sum_f32s(sum)).sum()
        }
    }
    let numbers = vec![1.0; n];
    let times = (1 << 26) / n;
    let start = Instant::now();
    for _ in 0..times {
        black_box(Arch::new().dispatch(Sum(black_box(&numbers))));
    }
    (times * n * F32) as f64 / start.elapsed().as_secs_f64() / 1e9
}
