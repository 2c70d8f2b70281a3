//! The fast trainer computes what the engine computes, and the same bits whatever the number of threads.

use datasets::{
    digits,
    mnist::{self, Which},
};
use engine::{Layer, Linear, Loss, Relu, Sequential, SoftmaxCrossEntropy};
use ndarray::{Array1, Array2, Axis};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};
use reference::{Images, Mlp, NEURONS_PER_TASK};

fn generator(seed: u64) -> Xoshiro256PlusPlus {
    Xoshiro256PlusPlus::seed_from_u64(seed)
}

/// Layers that are cut into one piece, into several, and into pieces of different sizes.
/// More pixels than a band of lists has.
const SIZES: [usize; 4] = [430, NEURONS_PER_TASK + 6, 2 * NEURONS_PER_TASK, 5];

/// Which share of the pixels has ink: images that are worked on whole, and images that are lists.
const INK: [f64; 2] = [1.0, 0.2];

fn random_images(n: usize, ink: f64, rng: &mut Xoshiro256PlusPlus) -> (Array2<u8>, Array1<usize>) {
    let pixel = || if rng.random_bool(ink) { rng.random_range(1..=255) } else { 0 };
    let images = Array2::from_shape_simple_fn((n, SIZES[0]), pixel);
    let labels = Array1::from_shape_simple_fn(n, || rng.random_range(0..SIZES[3]));
    (images, labels)
}

#[test]
fn an_epoch_is_the_engines_epoch() {
    INK.into_iter().for_each(an_epoch_is_the_engines);
}

fn an_epoch_is_the_engines(ink: f64) {
    const BATCH: usize = 4;
    const LEARNING_RATE: f64 = 0.03;
    let mut rng = generator(1);
    // The last batch is shorter.
    let (images, labels) = random_images(11, ink, &mut rng);
    let mut fast = Mlp::new(&SIZES, &mut rng);
    let last = fast.parts().count() - 1;
    let mut layers: Vec<Box<dyn Layer>> = Vec::new();
    for (at, (weights, biases)) in fast.parts().enumerate() {
        let weights = weights.t().mapv(f64::from);
        layers.push(Box::new(Linear::from_parts(weights, biases.mapv(f64::from))));
        if at < last {
            layers.push(Box::new(Relu::default()));
        }
    }
    let mut net = Sequential::new(layers);

    let mut order: Vec<usize> = (0..images.nrows()).collect();
    order.shuffle(&mut generator(2));
    let mut losses = 0.0;
    for chosen in order.chunks(BATCH) {
        let x = images.select(Axis(0), chosen).mapv(|pixel| f64::from(pixel) / 255.0);
        let y = Array2::from_shape_fn(
            (chosen.len(), SIZES[3]),
            |(row, class)| {
                if labels[chosen[row]] == class { 1.0 } else { 0.0 }
            },
        );
        let scores = net.forward(&x);
        losses += SoftmaxCrossEntropy.value(&scores, &y) * chosen.len() as f64;
        net.backward(&SoftmaxCrossEntropy.gradient(&scores, &y));
        net.step(LEARNING_RATE);
    }

    let mut told = Vec::new();
    let loss =
        fast.train_epoch(&Images::new(&images), &labels, BATCH, LEARNING_RATE as f32, &mut generator(2), |done| {
            told.push(done)
        });
    assert_eq!(told, [4, 8, 11]);
    assert!((loss - losses / 11.0).abs() < 1e-5, "{loss} instead of {}", losses / 11.0);
    let mut parameters = net.parameters().into_iter().map(|parameter| parameter.value.to_owned());
    for (weights, biases) in fast.parts() {
        for ours in [weights.t().to_owned().into_dyn(), biases.to_owned().into_dyn()] {
            let engines = parameters.next().expect("as many parameters");
            assert_eq!(ours.shape(), engines.shape());
            for (ours, engines) in ours.iter().zip(&engines) {
                assert!((f64::from(*ours) - engines).abs() < 1e-5, "{ours} instead of {engines}");
            }
        }
    }
}

#[test]
fn the_result_is_the_same_to_the_last_bit_whatever_the_number_of_threads() {
    let trained = |threads: usize, ink: f64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        pool.install(|| {
            let mut rng = generator(3);
            let (images, labels) = random_images(150, ink, &mut rng);
            let mut net = Mlp::new(&SIZES, &mut rng);
            let losses: Vec<u64> = (0..3)
                .map(|_| net.train_epoch(&Images::new(&images), &labels, 16, 0.1, &mut rng, |_| ()).to_bits())
                .collect();
            let bits = |numbers: &mut dyn Iterator<Item = &f32>| numbers.map(|x| x.to_bits()).collect::<Vec<_>>();
            let parts: Vec<_> = net.parts().map(|(w, b)| (bits(&mut w.iter()), bits(&mut b.iter()))).collect();
            (losses, parts)
        })
    };
    for ink in INK {
        let alone = trained(1, ink);
        for threads in [2, 3, 4, 8] {
            assert!(trained(threads, ink) == alone, "{threads} threads compute something else than one");
        }
    }
}

#[test]
fn the_images_decide_whether_they_become_lists() {
    let mut rng = generator(6);
    for (ink, is_sparse) in [(1.0, false), (0.6, false), (0.4, true), (0.0, true)] {
        let (images, _) = random_images(20, ink, &mut rng);
        assert_eq!(Images::new(&images).is_sparse(), is_sparse, "{ink}");
        let listed = images.iter().filter(|&&pixel| pixel != 0).count();
        assert_eq!(Images::new(&images).n_terms(), if is_sparse { listed } else { images.len() });
    }
}

#[test]
fn it_learns_the_embedded_digits() {
    let data = datasets::digits();
    let images = data.features.mapv(|pixel| (pixel / digits::MAX_PIXEL * 255.0).round() as u8);
    let (train, test) = images.view().split_at(Axis(0), 1200);
    let (train_labels, test_labels) = data.labels.view().split_at(Axis(0), 1200);
    let mut rng = generator(4);
    let mut net = Mlp::new(&[64, 100, 10], &mut rng);
    for _ in 0..30 {
        net.train_epoch(&Images::new(&train), &train_labels, 32, 0.1, &mut rng, |_| ());
    }
    let right = net.predict(&test).iter().zip(test_labels).filter(|(said, is)| said == is).count();
    assert!(right as f64 >= 0.93 * test_labels.len() as f64, "{right} of {} are right", test_labels.len());
}

#[test]
fn it_reaches_97_percent_on_mnist() {
    if !mnist::is_there(Which::Mnist) {
        eprintln!("not tried: MNIST is not at hand (cargo run -p grader -- data fetch mnist)");
        return;
    }
    let mnist = mnist::load(Which::Mnist).expect("a readable MNIST");
    let images = Images::new(&mnist.train.images);
    let mut rng = generator(5);
    let mut net = Mlp::new(&[784, 256, 128, 10], &mut rng);
    for _ in 0..6 {
        net.train_epoch(&images, &mnist.train.labels, 64, 0.1, &mut rng, |_| ());
    }
    let right = net.predict(&mnist.test.images).iter().zip(&mnist.test.labels).filter(|(said, is)| said == is).count();
    assert!(right >= 9700, "{right} of 10,000 are right");
}
