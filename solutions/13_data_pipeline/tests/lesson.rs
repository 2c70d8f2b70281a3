//! Computes every number in the lesson.

use data_pipeline_solution::{
    StandardScaler, mean_over_batches, n_batches, prepare, read_idx_images, read_idx_labels, scale_pixels,
    stratified_split, train_test_split,
};
use lesson::Lesson;
use ndarray::{Array2, array, concatenate};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    bytes(&mut lesson);
    pixels(&mut lesson);
    splits(&mut lesson);
    scaling(&mut lesson);
    batches(&mut lesson);
    lesson.given("std_axis` takes what is to be subtracted from n: 0.0 or 1.0");
    lesson.given("`x.std_axis(Axis(0), 0.0)`");
    lesson.given("one batch of all 150");
    lesson.given("5.1,3.5,1.4,0.2,setosa");
    lesson.says("1,437 digits of 8 × 8 pixels", &[n_digits() as f64, 8.0, 8.0]);
    lesson.given("16 to 128 is a common start");
    lesson.given("section 7.10.2");
    lesson.finish();
}

fn bytes(lesson: &mut Lesson) {
    lesson.given("labels:   2049  n ");
    lesson.given("images:   2051  n  rows  columns");
    lesson.given("bytes from 0 to 255");

    let labels = [0, 0, 8, 1, 0, 0, 0, 3, 7, 2, 1];
    assert_eq!(read_idx_labels(&labels), Ok(vec![7, 2, 1]));
    let magic = [labels[0], labels[1], labels[2], labels[3]];
    let in_words = "0 · 256³ + 0 · 256² + 8 · 256 + 1 = 2049: labels";
    lesson.says(in_words, &[0.0, 0.0, 8.0, 256.0, 1.0, f64::from(u32::from_be_bytes(magic))]);
    lesson.says("little-endian, the magic number would be 17,301,504", &[f64::from(u32::from_le_bytes(magic))]);
    lesson.says("and 8 · 256 + 3 = 2051", &[8.0, 256.0, 3.0, 8.0 * 256.0 + 3.0]);

    lesson.given("0 64 128 255 0 51");
    let file = [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 64, 128, 255, 0, 51];
    lesson.says("in 16 + 6 = 22 bytes", &[16.0, 6.0, file.len() as f64]);
    let images = read_idx_images(&file).unwrap();
    assert_eq!(images, array![[[0, 64, 128], [255, 0, 51]]]);
    lesson.given("[[  0, 64, 128],            divided by 255 ");
    lesson.given("[255,  0,  51]]");
    lesson.says("[0, 0.251, 0.502, 1, 0, 0.2]", &scale_pixels(&images).into_raw_vec_and_offset().0);

    let size = f64::from(u32::MAX);
    lesson.says("4,294,967,295 each would be 7.9e28 pixels", &[size, size.powi(3)]);
    assert!(u32::MAX.checked_pow(3).is_none() && u64::from(u32::MAX).checked_pow(3).is_none());
}

fn pixels(lesson: &mut Lesson) {
    lesson.given("divides by 255 in the function that reads the file, and recommends dividing the result by 255");
    lesson.says("between 0 and 1/255 = 0.0039", &[0.0, 1.0, 255.0, 1.0 / 255.0]);
    // The mean and the standard deviation of the 47,040,000 pixels of MNIST's training images, divided by 255.
    lesson.given("x / 255 and then (x - 0.1307) / 0.3081");
    lesson.given("`pixel / 255`");
}

fn splits(lesson: &mut Lesson) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(13);
    lesson.given("but 0.29 of 100 samples?");
    let product = 100.0 * 0.29;
    assert_eq!(product.to_string(), "28.999999999999996");
    lesson.says("100 · 0.29 = 28.999999999999996", &[100.0, 0.29, product]);
    assert_eq!((product as usize, train_test_split(100, 0.29, &mut rng).1.len()), (28, 29));
    lesson.says("a quarter is 2.5", &[10.0 / 4.0]);
    assert_eq!(train_test_split(10, 0.25, &mut rng).1.len(), 3);

    let labels = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
    let (_, test) = stratified_split(&labels, 0.25, &mut rng);
    assert_eq!((test.len(), test.iter().filter(|&&sample| labels[sample] == 1).count()), (3, 1));

    let iris: Vec<usize> = (0..150).map(|flower| flower / 50).collect();
    let (_, test) = stratified_split(&iris, 0.2, &mut rng);
    assert!((0..3).all(|class| test.iter().filter(|&&flower| iris[flower] == class).count() == 10));
    // Ways to draw 30 of the 150 flowers, by how many of them are of each species.
    let mut ways = Vec::new();
    for setosa in 0..=30 {
        for versicolor in 0..=30 - setosa {
            let counts = [setosa, versicolor, 30 - setosa - versicolor];
            ways.push((counts, counts.iter().map(|&count| choose(50, count)).product::<f64>()));
        }
    }
    let all: f64 = ways.iter().map(|(_, ways)| ways).sum();
    assert!((all / choose(150, 30) - 1.0).abs() < 1e-9);
    let share = |is_meant: fn([u32; 3]) -> bool| {
        ways.iter().filter(|(counts, _)| is_meant(*counts)).map(|(_, ways)| ways).sum::<f64>() / all
    };
    let even = 100.0 * share(|counts| counts == [10; 3]);
    let short = 100.0 * share(|counts| counts.iter().any(|&count| count <= 7));
    lesson.says("in 3.4 % of all cases, and in 41 % of them", &[even, short]);
    lesson.given("the first 120 flowers");
}

/// n over k.
fn choose(n: u32, k: u32) -> f64 {
    (1..=k).map(|i| f64::from(n - k + i) / f64::from(i)).product()
}

fn scaling(lesson: &mut Lesson) {
    let (train, test) = (array![[1.0], [2.0], [3.0], [6.0]], array![[9.0], [11.0]]);
    let scaler = StandardScaler::fit(&train);
    let squares: f64 = train.iter().map(|x| (x - scaler.mean[0]).powi(2)).sum();
    lesson.says("std = sqrt(14 / 4) = 1.870829", &[squares, 4.0, scaler.std[0]]);
    lesson.says("std = sqrt(14 / 3) = 2.160247", &[squares, 3.0, (squares / 3.0).sqrt()]);

    let (scaled_train, scaled_test) = prepare(&train, &test);
    lesson.says("z = [-1.069045, -0.534522, 0, 1.603567]", &column(&scaled_train));
    lesson.says("they become 3.207135 and 4.276180", &column(&scaled_test));
    let alone = StandardScaler::fit(&test).transform(&test);
    lesson.says("they would become -1 and 1", &column(&alone));
    lesson.says("1.13 and 4.87", &column(&scaler.inverse_transform(&alone)));
    let leaked = StandardScaler::fit(&concatenate![ndarray::Axis(0), train, test]);
    assert!(leaked.transform(&train) != scaled_train);

    let sum = 0.1 + 0.1 + 0.1;
    lesson.given("The column 0.1, 0.1, 0.1 does not vary");
    assert_eq!(
        (sum.to_string(), (sum / 3.0).to_string()),
        ("0.30000000000000004".into(), "0.10000000000000002".into())
    );
    lesson.says("0.1 + 0.1 + 0.1 = 0.30000000000000004", &[0.1, 0.1, 0.1, sum]);
    lesson.says("of it is 0.10000000000000002", &[sum / 3.0]);
    lesson.says("each value is 1.4e-17 below", &[sum / 3.0 - 0.1]);
    assert_eq!(StandardScaler::fit(&Array2::from_elem((3, 1), 0.1)).std, array![1.0]);
}

fn column(matrix: &Array2<f64>) -> Vec<f64> {
    matrix.column(0).to_vec()
}

fn batches(lesson: &mut Lesson) {
    let (n, size) = (60_000, 64);
    let full = n / size;
    let numbers = [n, size, n_batches(n, size), full].map(|number| number as f64);
    lesson.says("The 60,000 images of MNIST in batches of 64 make 938: 937 full", &numbers);
    lesson.says("a last one with 32", &[(n - full * size) as f64]);

    let means = [(1.0, 2), (1.0, 2), (6.0, 1)];
    assert_eq!(mean_over_batches(&means), 2.0);
    let mean_of_means = means.iter().map(|(mean, _)| mean).sum::<f64>() / 3.0;
    lesson.says("is 2.6667", &[mean_of_means]);
    let left_out = 100.0 * (1.0 - 1.0 / n as f64).powi(n as i32);
    lesson.says("leaves out 37 % of them", &[left_out]);
}

/// How many digits there are in the file of the course.
fn n_digits() -> usize {
    let images = include_bytes!("../../../datasets/data/digits-train-images-idx3-ubyte");
    read_idx_images(images).unwrap().dim().0
}
