//! Iris: three species of a flower, told apart by four lengths.

use ndarray::{Array1, Array2};

use crate::Dataset;

/// What the columns of [`iris`] are.
pub const FEATURES: [&str; 4] = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"];

/// What the labels of [`iris`] stand for.
pub const CLASSES: [&str; 3] = ["setosa", "versicolor", "virginica"];

/// The 150 irises of Fisher (1936), 50 of each species, in the order in which they are published.
///
/// These are the numbers of Fisher's paper, as in scikit-learn and R. (Two rows of the copy in the UCI repository
/// differ.) A line separates setosa from the others; versicolor and virginica overlap.
///
/// ```
/// let iris = datasets::iris();
/// assert_eq!(iris.features.row(0).to_vec(), [5.1, 3.5, 1.4, 0.2]);
/// assert_eq!(datasets::iris::CLASSES[iris.labels[0]], "setosa");
/// ```
#[must_use]
pub fn iris() -> Dataset {
    let mut features = Vec::new();
    let mut labels = Vec::new();
    for line in include_str!("../data/iris.csv").lines().skip(1) {
        let (lengths, species) = line.rsplit_once(',').expect("a row of iris.csv ends in its species");
        features.extend(lengths.split(',').map(|length| length.parse::<f64>().expect("iris.csv holds numbers")));
        labels.push(CLASSES.iter().position(|class| *class == species).expect("iris.csv holds three species"));
    }
    let shape = (labels.len(), FEATURES.len());
    let features = Array2::from_shape_vec(shape, features).expect("a row of iris.csv holds four numbers");
    Dataset { features, labels: Array1::from(labels) }
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;

    #[test]
    fn there_are_fifty_of_each_species() {
        let iris = iris();
        assert_eq!(iris.features.dim(), (150, 4));
        assert!(iris.labels.iter().enumerate().all(|(i, &label)| label == i / 50));
    }

    #[test]
    fn the_numbers_are_those_of_fishers_paper() {
        let iris = iris();
        // The two rows that are wrong at UCI.
        assert_eq!(iris.features.row(34).to_vec(), [4.9, 3.1, 1.5, 0.2]);
        assert_eq!(iris.features.row(37).to_vec(), [4.9, 3.6, 1.4, 0.1]);
        // Fisher's table of means (1936, table II), for setosa, versicolor and virginica.
        for (class, published) in
            [[5.006, 3.428, 1.462, 0.246], [5.936, 2.770, 4.260, 1.326], [6.588, 2.974, 5.552, 2.026]]
                .into_iter()
                .enumerate()
        {
            let rows: Vec<usize> = (0..150).filter(|&i| iris.labels[i] == class).collect();
            let means = iris.features.select(Axis(0), &rows).mean_axis(Axis(0)).expect("fifty rows");
            for (mean, published) in means.iter().zip(published) {
                assert!((mean - published).abs() < 1e-9, "{means}");
            }
        }
    }
}
