//! The files of MNIST and Fashion-MNIST, as they are published.

use datasets::mnist::{FILES, Which};

/// A file that somebody publishes, known by its digest.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    /// Its name, on the mirrors and here.
    pub name: &'static str,
    /// How many bytes it has.
    pub size: u64,
    /// Its SHA-256 in hexadecimal digits.
    pub sha256: &'static str,
}

/// The files of a data set. Sizes and digests are those that TensorFlow Datasets publishes for both (`url_checksums` in
/// <https://github.com/tensorflow/datasets>); they are of the gzipped files, so one that was packed again has another.
#[must_use]
pub fn published(which: Which) -> [Published; 4] {
    let [train_images, train_labels, test_images, test_labels] = FILES;
    let file = |name, size, sha256| Published { name, size, sha256 };
    match which {
        Which::Mnist => [
            file(train_images, 9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
            file(train_labels, 28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
            file(test_images, 1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
            file(test_labels, 4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
        ],
        Which::FashionMnist => [
            file(train_images, 26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
            file(train_labels, 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
            file(test_images, 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
            file(test_labels, 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_has_a_digest_of_its_own() {
        let files: Vec<Published> = Which::ALL.into_iter().flat_map(published).collect();
        assert!(files.iter().all(|file| file.sha256.len() == 64));
        assert_eq!(files.iter().map(|file| file.sha256).collect::<BTreeSet<_>>().len(), 8);
    }
}
