//! Two clouds of points with a gap between them.

use ndarray::{Array1, Array2};
use rand::{Rng, seq::SliceRandom};
use rand_distr::{Distribution, StandardNormal};

use crate::Dataset;

/// Two Gaussian clouds on either side of a random line (a hyperplane where there are more features), in random order.
///
/// `counts` is the number of samples of class 0 and of class 1. Every sample is at least `margin` away from the line,
/// so a perceptron is sure to separate the classes (Novikoff 1962); points that would be closer are drawn again.
///
/// # Panics
///
/// If `n_features` is 0, or `margin` is negative or above 1.5: the clouds sit at a distance of 1.5 from the line.
pub fn separable_blobs(counts: [usize; 2], n_features: usize, margin: f64, rng: &mut impl Rng) -> Dataset {
    const DISTANCE: f64 = 1.5;
    assert!(n_features > 0, "a sample needs at least one feature");
    assert!((0.0..=DISTANCE).contains(&margin), "the margin {margin} is not between 0 and {DISTANCE}");

    let normal = unit_vector(n_features, rng);
    let offset: f64 = StandardNormal.sample(rng);
    let mut labels: Vec<usize> = [vec![0; counts[0]], vec![1; counts[1]]].concat();
    labels.shuffle(rng);

    let mut features = Array2::zeros((labels.len(), n_features));
    for (mut sample, &label) in features.rows_mut().into_iter().zip(&labels) {
        let side = if label == 1 { 1.0 } else { -1.0 };
        loop {
            let noise: Array1<f64> = (0..n_features).map(|_| StandardNormal.sample(rng)).collect();
            if DISTANCE + side * noise.dot(&normal) >= margin {
                sample.assign(&(&normal * (offset + side * DISTANCE) + noise));
                break;
            }
        }
    }
    Dataset { features, labels: Array1::from(labels) }
}

/// A direction, each as likely as any other.
fn unit_vector(n: usize, rng: &mut impl Rng) -> Array1<f64> {
    loop {
        let vector: Array1<f64> = (0..n).map(|_| StandardNormal.sample(rng)).collect();
        let length = vector.dot(&vector).sqrt();
        if length > 1e-6 {
            return vector / length;
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

    use super::*;

    #[test]
    fn the_classes_have_the_sizes_asked_for() {
        let data = separable_blobs([3, 8], 2, 0.5, &mut Xoshiro256PlusPlus::seed_from_u64(1));
        assert_eq!(data.features.dim(), (11, 2));
        assert_eq!(data.labels.sum(), 8);
    }

    #[test]
    fn a_seed_decides_everything() {
        let draw = |seed| separable_blobs([5, 5], 3, 0.5, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn a_perceptron_separates_every_draw() {
        for seed in 0..50 {
            let data = separable_blobs([20, 30], 2, 0.5, &mut Xoshiro256PlusPlus::seed_from_u64(seed));
            let (mut weights, mut bias) = (Array1::<f64>::zeros(2), 0.0);
            let separated = (0..1000).any(|_| {
                let mut errors = 0;
                for (sample, &label) in data.features.rows().into_iter().zip(&data.labels) {
                    let output = if sample.dot(&weights) + bias >= 0.0 { 1.0 } else { 0.0 };
                    let error = label as f64 - output;
                    weights.scaled_add(error, &sample);
                    bias += error;
                    errors += usize::from(error != 0.0);
                }
                errors == 0
            });
            assert!(separated, "seed {seed}");
        }
    }
}
