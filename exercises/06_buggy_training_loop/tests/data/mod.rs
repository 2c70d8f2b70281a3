//! The data that the lesson's curves were measured on.

use ndarray::Array2;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};
use rand_distr::{Distribution, StandardNormal};

/// X and one-hot Y: 100 samples of ten features, in three clouds that overlap. 50 samples are of class 0, 30 of class
/// 1, 20 of class 2, in random order.
pub(crate) fn three_classes() -> (Array2<f64>, Array2<f64>) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
    let centres = Array2::from_shape_simple_fn((3, 10), || 0.3 * normal());
    let noise = Array2::from_shape_simple_fn((100, 10), &mut normal);

    let mut labels = [vec![0; 50], vec![1; 30], vec![2; 20]].concat();
    labels.shuffle(&mut rng);
    let y = Array2::from_shape_fn((100, 3), |(sample, class)| if labels[sample] == class { 1.0 } else { 0.0 });

    (noise + y.dot(&centres), y)
}
