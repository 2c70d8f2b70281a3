//! The lesson's worked examples. Run them with `cargo test -p data_pipeline`; the grader asks for more.

use approx::assert_abs_diff_eq;
use data_pipeline::{
    Batches, CsvError, IdxError, StandardScaler, mean_over_batches, n_batches, one_hot, parse_iris, prepare,
    read_idx_images, read_idx_labels, scale_pixels, stratified_split, train_test_split,
};
use ndarray::array;
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

const LABELS: [u8; 11] = [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1];
const IMAGES: [u8; 22] = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 64, 128, 255, 0, 51];

#[test]
fn bytes_become_labels() {
    assert_eq!(read_idx_labels(&LABELS), Ok(vec![7, 2, 1]));
}

#[test]
fn bytes_become_images_and_images_become_samples() {
    let images = read_idx_images(&IMAGES).unwrap();
    assert_eq!(images, array![[[0, 64, 128], [255, 0, 51]]]);
    assert_abs_diff_eq!(scale_pixels(&images), array![[0.0, 0.251, 0.502, 1.0, 0.0, 0.2]], epsilon = 1e-3);
}

#[test]
fn a_damaged_file_says_what_is_wrong() {
    assert_eq!(read_idx_images(&IMAGES[..21]), Err(IdxError::Truncated { needed: 22, found: 21 }));
    assert_eq!(read_idx_labels(&IMAGES), Err(IdxError::WrongMagic { expected: 2049, found: 2051 }));
}

#[test]
fn text_becomes_measurements() {
    let (x, labels) = parse_iris("a,b,c,d,species\n5.1,3.5,1.4,0.2,setosa\n7.0,3.2,4.7,1.4,versicolor\n").unwrap();
    assert_eq!(x, array![[5.1, 3.5, 1.4, 0.2], [7.0, 3.2, 4.7, 1.4]]);
    assert_eq!(labels, [0, 1]);
    let error = parse_iris("a,b,c,d,species\n5.1,3.5,1.4,0.2,setosa\n7.0,3.2,x,1.4,versicolor\n").unwrap_err();
    assert_eq!(error, CsvError::NotANumber { line: 3, field: "x".to_owned() });
}

/// The digits and the irises of the course: 1,437 images, and 50 flowers of each species.
#[test]
fn real_files_are_read() {
    let images = read_idx_images(include_bytes!("../../../datasets/data/digits-train-images-idx3-ubyte")).unwrap();
    let digits = read_idx_labels(include_bytes!("../../../datasets/data/digits-train-labels-idx1-ubyte")).unwrap();
    assert_eq!((images.dim(), digits.len()), ((1437, 8, 8), 1437));
    let (x, species) = parse_iris(include_str!("../../../datasets/data/iris.csv")).unwrap();
    assert_eq!(x.dim(), (150, 4));
    assert_eq!([0, 1, 2].map(|class| species.iter().filter(|&&label| label == class).count()), [50, 50, 50]);
}

#[test]
fn a_label_becomes_a_row() {
    assert_eq!(one_hot(&[2, 0], 4), array![[0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]]);
}

#[test]
fn a_split_gives_every_sample_to_one_part() {
    let (train, test) = train_test_split(100, 0.29, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    assert_eq!((train.len(), test.len()), (71, 29));
    let mut all = [train, test].concat();
    all.sort();
    assert_eq!(all, (0..100).collect::<Vec<_>>());
}

#[test]
fn a_stratified_split_takes_its_share_of_every_class() {
    let labels = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
    let (train, test) = stratified_split(&labels, 0.25, &mut Xoshiro256PlusPlus::seed_from_u64(1));
    assert_eq!((train.len(), test.len()), (9, 3));
    assert_eq!(test.iter().filter(|&&sample| labels[sample] == 1).count(), 1);
}

#[test]
fn the_training_samples_alone_are_measured() {
    let (train, test) = (array![[1.0], [2.0], [3.0], [6.0]], array![[9.0], [11.0]]);
    let scaler = StandardScaler::fit(&train);
    assert_abs_diff_eq!(scaler.mean, array![3.0], epsilon = 1e-12);
    assert_abs_diff_eq!(scaler.std, array![1.870_829], epsilon = 1e-6);
    let (scaled_train, scaled_test) = prepare(&train, &test);
    assert_abs_diff_eq!(scaled_train.row(3), array![1.603_567], epsilon = 1e-6);
    assert_abs_diff_eq!(scaled_test, array![[3.207_135], [4.276_180]], epsilon = 1e-6);
    assert_abs_diff_eq!(scaler.inverse_transform(&scaled_test), test, epsilon = 1e-12);
}

#[test]
fn ten_samples_make_four_batches_of_three() {
    let x = array![[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0], [7.0], [8.0], [9.0]];
    let labels = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    assert_eq!(n_batches(10, 3), 4);
    let batches: Vec<_> = Batches::in_order(&x, &labels, 3).collect();
    assert_eq!(batches.len(), 4);
    assert_eq!(batches[0].0, array![[0.0], [1.0], [2.0]]);
    assert_eq!(batches[3].1, [9]);
    for (x, labels) in Batches::shuffled(&x, &labels, 3, &mut Xoshiro256PlusPlus::seed_from_u64(1)) {
        assert!(x.column(0).iter().zip(labels).all(|(&x, label)| x == label as f64), "a sample has another's label");
    }
}

#[test]
fn every_sample_counts_alike() {
    assert_abs_diff_eq!(mean_over_batches(&[(1.0, 2), (1.0, 2), (6.0, 1)]), 2.0, epsilon = 1e-12);
}
