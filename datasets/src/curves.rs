//! Points along curves, with noise: classes that no straight line separates.

use std::f64::consts::{PI, TAU};

use ndarray::{Array1, Array2};
use rand::{Rng, seq::SliceRandom};
use rand_distr::{Distribution, StandardNormal};

use crate::Dataset;

/// Two half circles of radius 1 that reach into each other, in random order: class 0 opens downwards around (0, 0),
/// class 1 upwards around (1, 0.5).
///
/// The samples of a class are evenly spaced along its curve; then every coordinate gets Gaussian noise with the
/// standard deviation `noise`.
///
/// # Panics
///
/// If `noise` is negative or not finite.
///
/// ```
/// use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
///
/// let data = datasets::moons(200, 0.1, &mut Xoshiro256PlusPlus::seed_from_u64(42));
/// assert_eq!(data.features.dim(), (200, 2));
/// ```
pub fn moons(n_samples: usize, noise: f64, rng: &mut impl Rng) -> Dataset {
    let point = |class, i, n: usize| {
        let (sine, cosine) = (PI * i as f64 / (n.max(2) - 1) as f64).sin_cos();
        if class == 0 { [cosine, sine] } else { [1.0 - cosine, 0.5 - sine] }
    };
    along_curves(n_samples, 2, noise, rng, point)
}

/// Two circles around (0, 0), one inside the other, in random order: class 0 has radius 1, class 1 radius `factor`.
///
/// The samples of a class are evenly spaced along its circle; then every coordinate gets Gaussian noise with the
/// standard deviation `noise`.
///
/// # Panics
///
/// If `noise` is negative or not finite, or `factor` is not above 0 and below 1.
pub fn circles(n_samples: usize, factor: f64, noise: f64, rng: &mut impl Rng) -> Dataset {
    assert!(0.0 < factor && factor < 1.0, "the factor {factor} is not between 0 and 1");
    let point = |class, i, n| {
        let (sine, cosine) = (TAU * i as f64 / n as f64).sin_cos();
        let radius = if class == 0 { 1.0 } else { factor };
        [radius * cosine, radius * sine]
    };
    along_curves(n_samples, 2, noise, rng, point)
}

/// Spirals around (0, 0) that lie between each other, one per class, in random order.
///
/// Each makes one turn, from the centre to radius 1. Its samples are evenly spaced in radius and angle; then every
/// coordinate gets Gaussian noise with the standard deviation `noise`. Neighbouring spirals are 1 / `n_classes` apart.
///
/// # Panics
///
/// If `n_classes` is 0, or `noise` is negative or not finite.
pub fn spirals(n_samples: usize, n_classes: usize, noise: f64, rng: &mut impl Rng) -> Dataset {
    assert!(n_classes > 0, "there has to be a class");
    let point = |class, i, n| {
        let radius = (i + 1) as f64 / n as f64;
        let (sine, cosine) = (TAU * (radius + class as f64 / n_classes as f64)).sin_cos();
        [radius * cosine, radius * sine]
    };
    along_curves(n_samples, n_classes, noise, rng, point)
}

/// `point(class, i, n)` is where the curve of `class` has the `i`th of its `n` samples, before the noise. The classes
/// are of one size, or the first ones have a sample more.
fn along_curves(
    n_samples: usize,
    n_classes: usize,
    noise: f64,
    rng: &mut impl Rng,
    point: impl Fn(usize, usize, usize) -> [f64; 2],
) -> Dataset {
    assert!(noise >= 0.0 && noise.is_finite(), "the noise {noise} is not a standard deviation");
    let size = |class| n_samples / n_classes + usize::from(class < n_samples % n_classes);
    let mut samples: Vec<(usize, usize)> =
        (0..n_classes).flat_map(|class| (0..size(class)).map(move |i| (class, i))).collect();
    samples.shuffle(rng);

    let mut features = Array2::zeros((n_samples, 2));
    for (mut sample, &(class, i)) in features.rows_mut().into_iter().zip(&samples) {
        for (feature, coordinate) in sample.iter_mut().zip(point(class, i, size(class))) {
            let error: f64 = StandardNormal.sample(rng);
            *feature = coordinate + noise * error;
        }
    }
    Dataset { features, labels: samples.into_iter().map(|(class, _)| class).collect::<Array1<_>>() }
}

#[cfg(test)]
mod tests {
    use ndarray::ArrayRef1;
    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    use super::*;

    fn rng(seed: u64) -> Xoshiro256PlusPlus {
        Xoshiro256PlusPlus::seed_from_u64(seed)
    }

    fn radius(sample: &ArrayRef1<f64>) -> f64 {
        sample[0].hypot(sample[1])
    }

    #[test]
    fn a_seed_decides_everything() {
        for draw in [
            |seed| moons(30, 0.1, &mut rng(seed)),
            |seed| circles(30, 0.5, 0.1, &mut rng(seed)),
            |seed| spirals(30, 3, 0.1, &mut rng(seed)),
        ] {
            assert_eq!(draw(1), draw(1));
            assert_ne!(draw(1), draw(2));
        }
    }

    #[test]
    fn classes_differ_by_one_sample_at_most_and_are_mixed() {
        for n_samples in [0, 1, 2, 31, 100] {
            for data in [
                moons(n_samples, 0.1, &mut rng(1)),
                circles(n_samples, 0.5, 0.1, &mut rng(1)),
                spirals(n_samples, 2, 0.1, &mut rng(1)),
            ] {
                assert_eq!(data.features.dim(), (n_samples, 2));
                assert!(data.features.iter().all(|feature| feature.is_finite()));
                assert_eq!(data.labels.sum(), n_samples / 2);
            }
        }
        assert!(!moons(100, 0.1, &mut rng(1)).labels.as_slice().expect("contiguous").is_sorted());
    }

    #[test]
    fn without_noise_moons_lie_on_their_half_circles() {
        let data = moons(101, 0.0, &mut rng(3));
        for (sample, &label) in data.features.rows().into_iter().zip(&data.labels) {
            let (x, y) = if label == 0 { (sample[0], sample[1]) } else { (1.0 - sample[0], 0.5 - sample[1]) };
            assert!((x.hypot(y) - 1.0).abs() < 1e-12 && y > -1e-12, "{sample}");
        }
    }

    #[test]
    fn without_noise_a_radius_tells_the_circles_apart() {
        let data = circles(60, 0.4, 0.0, &mut rng(3));
        for (sample, &label) in data.features.rows().into_iter().zip(&data.labels) {
            assert!((radius(&sample) - [1.0, 0.4][label]).abs() < 1e-12, "{sample}");
        }
    }

    #[test]
    fn without_noise_the_radius_of_a_spiral_is_how_far_it_has_turned() {
        let data = spirals(300, 3, 0.0, &mut rng(3));
        for (sample, &label) in data.features.rows().into_iter().zip(&data.labels) {
            let angle = sample[1].atan2(sample[0]) - TAU * label as f64 / 3.0;
            let turns = radius(&sample) - angle / TAU;
            assert!((turns - turns.round()).abs() < 1e-9, "{sample} of class {label}");
        }
    }

    #[test]
    fn noise_is_a_standard_deviation() {
        let (clean, noisy) = (moons(2000, 0.0, &mut rng(5)), moons(2000, 0.3, &mut rng(5)));
        let deviation = (noisy.features - clean.features).std(0.0);
        assert!((deviation - 0.3).abs() < 0.01, "{deviation}");
    }
}
