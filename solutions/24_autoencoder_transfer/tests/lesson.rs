//! Computes every number in the lesson.

use autoencoder_transfer_solution::{
    AnomalyDetector, Autoencoder, Classifier, blank_out, few_per_class, in_stripes, pca_reconstruct, quantile,
    select_classes, transfer,
};
use datasets::digits::{MAX_PIXEL, held_out_images};
use engine::{Linear, Sequential};
use lesson::Lesson;
use ndarray::{Array2, ArrayRef2, Axis, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    by_hand(&mut lesson);
    bottleneck(&mut lesson);
    denoising(&mut lesson);
    anomalies(&mut lesson);
    transfers(&mut lesson);
    lesson.finish();
}

fn by_hand(lesson: &mut Lesson) {
    lesson.given("the other 95 % of the normal samples");
    lesson.given("the encoder has the weights [0.5, 0.5]");
    lesson.given("0.1 the decoder becomes");
    lesson.given("there are always 5 % anomalies");
    lesson.given("`pretrained.with_new_head(5, rng).freeze()`");
    lesson.given("section 15.2");
    lesson.given("section 12.1 on PCA, and 12.4.2");
    let net = |linear: Linear| Sequential::new(vec![Box::new(linear)]);
    let new = || {
        let encoder = net(Linear::from_parts(array![[0.5], [0.5]], array![0.0]));
        Autoencoder::from_parts(encoder, net(Linear::from_parts(array![[1.0, 2.0]], array![0.0, 0.0])))
    };
    let mut autoencoder = new();
    let x = array![[1.0, 3.0]];
    let code = autoencoder.encode(&x)[[0, 0]];
    let output = autoencoder.reconstruct(&x);
    let loss = autoencoder.errors(&x)[0];
    lesson.says(
        "code = 0.5 · 1 + 0.5 · 3 = 2          output = [2, 4]          loss = ((2 - 1)² + (4 - 3)²) / 2 = 1",
        &[0.5, 1.0, 0.5, 3.0, code, output[[0, 0]], output[[0, 1]], 2.0, 1.0, 4.0, 3.0, 2.0, loss],
    );
    autoencoder.train_step(&x, &x, 0.1);
    let parameters = |net: &mut Sequential| {
        let weights = &net.parameters()[0];
        let numbers = weights.value.iter().chain(&weights.gradient).copied();
        numbers.collect::<Vec<_>>()
    };
    let (encoder, decoder) = (parameters(&mut autoencoder.encoder), parameters(&mut autoencoder.decoder));
    lesson.says(
        "have the gradient 2 · [1, 1] = [2, 2], the encoder's 3 · [1, 3] = [3, 9]",
        &[code, 1.0, 1.0, decoder[2], decoder[3], 3.0, 1.0, 3.0, encoder[2], encoder[3]],
    );
    lesson.says(
        "the decoder becomes [0.8, 1.8], and the encoder [0.2, -0.4]",
        &[decoder[0], decoder[1], encoder[0], encoder[1]],
    );
    let mut autoencoder = new();
    let damaged = array![[0.0, 3.0]];
    let (code, output) = (autoencoder.encode(&damaged)[[0, 0]], autoencoder.reconstruct(&damaged));
    let loss = autoencoder.train_step(&damaged, &x, 0.1);
    lesson.says(
        "1.5, the output [1.5, 3], and the loss ((1.5 - 1)² + 0²) / 2 = 0.125",
        &[code, output[[0, 0]], output[[0, 1]], output[[0, 0]], 1.0, 2.0, loss],
    );

    lesson.given("and q = 0.9. Sorted");
    let errors = array![3.0, 1.0, 9.0, 2.0, 5.0];
    lesson.says(
        "position = 0.9 · 4 = 3.6          quantile = 5 + (9 - 5) · 0.6 = 7.4",
        &[0.9, 4.0, 0.9 * 4.0, 5.0, 9.0, 5.0, 0.6, quantile(&errors, 0.9)],
    );
    lesson.given("A sample with an error of 7.4 is still normal, one with 7.5");
}

fn digits() -> (Array2<f64>, Vec<usize>) {
    let digits = datasets::digits();
    (digits.features / MAX_PIXEL, digits.labels.to_vec())
}

fn mse(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> f64 {
    (a - b).mapv(|error| error * error).sum() / a.len() as f64
}

fn trained(x: &ArrayRef2<f64>, sizes: &[usize], p: f64, epochs: usize, batch_size: usize, rate: f64) -> Autoencoder {
    let rng = &mut Xoshiro256PlusPlus::seed_from_u64(1);
    let mut autoencoder = Autoencoder::new(sizes, rng);
    for _ in 0..epochs {
        autoencoder.train_epoch(x, p, batch_size, rate, rng);
    }
    autoencoder
}

fn bottleneck(lesson: &mut Lesson) {
    let (x, _) = digits();
    lesson.says("The 1,437 digits", &[x.nrows() as f64]);
    for (row, k) in [
        ("| the mean digit for every image | 0                   | 0.0731 |", 0),
        ("| PCA                            | 2                   | 0.0523 |", 2),
        ("| PCA                            | 8                   | 0.0238 |", 8),
    ] {
        lesson.says(row, &[k as f64, mse(&pca_reconstruct(&x, k), &x)]);
    }
    for (row, sizes, rate) in [
        ("64-8       | 8                   | 0.0453 |", &[64, 8][..], 0.3),
        ("64-64-8            | 8                   | 0.0285 |", &[64, 64, 8], 0.5),
    ] {
        let error = trained(&x, sizes, 0.0, 30, 16, rate).errors(&x).sum() / x.nrows() as f64;
        let shown = sizes.iter().map(|&size| size as f64).chain([8.0, error]);
        lesson.says(row, &shown.collect::<Vec<_>>());
    }
}

fn denoising(lesson: &mut Lesson) {
    let (x, _) = digits();
    let new = held_out_images() / MAX_PIXEL;
    let damaged = blank_out(&new, 0.3, &mut Xoshiro256PlusPlus::seed_from_u64(2));
    lesson.says("Their error is 0.0688 before any repair", &[mse(&damaged, &new)]);
    for (row, p) in [
        ("| undamaged input      | 0.0572         | 0.0256           |", 0.0),
        ("| damaged input        | 0.0453         | 0.0412           |", 0.3),
    ] {
        let mut autoencoder = trained(&x, &[64, 64, 16], p, 15, 16, 0.5);
        let errors = [&damaged, &new].map(|input| mse(&autoencoder.reconstruct(input), &new));
        lesson.says(row, &errors);
    }
}

fn anomalies(lesson: &mut Lesson) {
    let (x, labels) = digits();
    for (row, normal, q) in [
        ("| 0      | 0.95 | 4.2 %        | 100.0 %         |", 0, 0.95),
        ("| 6      | 0.95 | 1.3 %        | 99.7 %          |", 6, 0.95),
        ("| 1      | 0.95 | 9.2 %        | 54.1 %          |", 1, 0.95),
        ("| 1      | 0.8  | 39.5 %       | 92.0 %          |", 1, 0.8),
        ("| 1      | 1    | 0.0 %        | 5.0 %           |", 1, 1.0),
    ] {
        let others: Vec<usize> = (0..10).filter(|class| *class != normal).collect();
        let (of_class, _) = select_classes(&x, &labels, &[normal]);
        let (others, _) = select_classes(&x, &labels, &others);
        let rows: Vec<usize> = (0..of_class.nrows()).collect();
        let (learned, new) = (of_class.select(Axis(0), &rows[..70]), of_class.select(Axis(0), &rows[70..]));
        let autoencoder = trained(&learned, &[64, 16, 4], 0.0, 60, 10, 0.3);
        let mut detector = AnomalyDetector::fit(autoencoder, &learned, q);
        let mut share = |x: &ArrayRef2<f64>| {
            let flags = detector.is_anomaly(x);
            100.0 * flags.iter().filter(|flag| **flag).count() as f64 / flags.len() as f64
        };
        lesson.says(row, &[normal as f64, q, share(&new), share(&others)]);
    }
}

fn one_hot(labels: &[usize]) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), 5), |(row, class)| f64::from(u8::from(labels[row] == class)))
}

/// The share of samples, in percent, whose largest score is that of their class.
fn accuracy(classifier: &mut Classifier, x: &ArrayRef2<f64>, labels: &[usize]) -> f64 {
    let scores = classifier.scores(x);
    let is_right = |&row: &usize| scores.row(row).iter().all(|score| *score <= scores[[row, labels[row]]]);
    100.0 * (0..labels.len()).filter(is_right).count() as f64 / labels.len() as f64
}

/// A copy that can be trained by itself.
fn copy(classifier: &mut Classifier) -> Classifier {
    let mut copy = Classifier::new(&[64, 64], 5, &mut Xoshiro256PlusPlus::seed_from_u64(0));
    for (mut to, from) in copy.body.parameters().into_iter().zip(classifier.body.parameters()) {
        to.value.assign(&from.value);
    }
    copy.head = classifier.head.clone();
    copy
}

/// Accuracies after training on ten of each of the digits 5 to 9, on the others of them: with a frozen body, with body rates of
/// 0.01 and of 0.1, and from scratch. The means of two trained bodies with three draws of samples each.
fn compare(is_striped: bool) -> [f64; 4] {
    let seen = |x: Array2<f64>, rng: &mut Xoshiro256PlusPlus| if is_striped { in_stripes(&x, rng) } else { x };
    let (x, labels) = digits();
    let (x_old, labels_old) = select_classes(&x, &labels, &[0, 1, 2, 3, 4]);
    let (x_new, labels_new) = select_classes(&x, &labels, &[5, 6, 7, 8, 9]);
    let of = |labels: &[usize], samples: &[usize]| samples.iter().map(|&sample| labels[sample]).collect::<Vec<_>>();
    let mut means = [0.0; 4];
    for seed in [1, 2] {
        let rng = &mut Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut pretrained = Classifier::new(&[64, 64], 5, rng);
        let mut samples: Vec<usize> = (0..labels_old.len()).collect();
        for _ in 0..400 {
            let (batch, _) = samples.partial_shuffle(rng, 120);
            let y = one_hot(&of(&labels_old, batch));
            pretrained.train_step(&seen(x_old.select(Axis(0), batch), rng), &y, 0.1, 0.1);
        }
        for _ in 0..3 {
            let few = few_per_class(&labels_new, 5, 10, rng);
            let rest: Vec<usize> = (0..labels_new.len()).filter(|sample| !few.contains(sample)).collect();
            let (x, y) = (seen(x_new.select(Axis(0), &few), rng), one_hot(&of(&labels_new, &few)));
            let (x_rest, labels_rest) = (seen(x_new.select(Axis(0), &rest), rng), of(&labels_new, &rest));
            let tune = |mut classifier: Classifier, body_rate: f64| {
                for _ in 0..200 {
                    classifier.train_step(&x, &y, body_rate, 0.1);
                }
                accuracy(&mut classifier, &x_rest, &labels_rest)
            };
            means[1] += tune(copy(&mut pretrained).with_new_head(5, rng), 0.01) / 6.0;
            means[2] += tune(copy(&mut pretrained).with_new_head(5, rng), 0.1) / 6.0;
            means[3] += tune(Classifier::new(&[64, 64], 5, rng), 0.1) / 6.0;
            let mut frozen = transfer(copy(&mut pretrained), &x, &y, 0.1, 200, rng);
            means[0] += accuracy(&mut frozen, &x_rest, &labels_rest) / 6.0;
        }
    }
    means
}

fn transfers(lesson: &mut Lesson) {
    lesson.given("200 steps");
    let (clean, striped) = (compare(false), compare(true));
    for (number, row, rate) in [
        (0, "| frozen                         | 88.3 %       | 54.9 %            |", None),
        (1, "| fine-tuned with a rate of 0.01 | 90.6 %       | 54.9 %            |", Some(0.01)),
        (2, "| fine-tuned with a rate of 0.1  | 92.5 %       | 50.9 %            |", Some(0.1)),
        (3, "| from scratch                   | 92.7 %       | 40.9 %            |", None),
    ] {
        let computed = rate.into_iter().chain([clean[number], striped[number]]).collect::<Vec<f64>>();
        lesson.says(row, &computed);
    }
}
