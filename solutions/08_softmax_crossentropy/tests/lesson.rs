//! Computes every number in the lesson.

use lesson::Lesson;
use ndarray::{Array1, Array2, ArrayRef2, Axis, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};
use rand_distr::{Distribution, StandardNormal};
use softmax_crossentropy_solution::{
    bce_with_logits, bce_with_logits_grad, bernoulli_likelihood, cross_entropy, cross_entropy_grad, grad_by_chain_rule,
    nll_from_probs, softmax, softmax_jacobian, softmax_with_temperature,
};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    lesson.given("3 or -0.7 or 1000");

    three_samples(&mut lesson);
    large_scores(&mut lesson);
    temperature(&mut lesson);
    chain_rule(&mut lesson);
    likelihood(&mut lesson);
    questions(&mut lesson);

    lesson.finish();
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn three_samples(lesson: &mut Lesson) {
    let z = array![[2.0, 1.0, 0.1, 0.5], [0.1, 0.2, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]];
    let labels = [0, 2, 1];
    let p = softmax(&z);
    for (line, row) in [
        ("Z = [[2.0, 1.0, 0.1, 0.5],      P = [[0.5745, 0.2114, 0.0859, 0.1282],", 0),
        ("[0.1, 0.2, 3.0, 0.1],           [0.0470, 0.0519, 0.8541, 0.0470]", 1),
        ("[1.0, 1.0, 1.0, 1.0]]           [0.25,   0.25,   0.25,   0.25  ]", 2),
    ] {
        lesson.says(line, &[z.row(row).to_vec(), p.row(row).to_vec()].concat());
    }
    let cost = |row: usize| cross_entropy(&z.select(Axis(0), &[row]), &labels[row..=row]);
    lesson.says("-ln 0.5745 = 0.5542", &[p[[0, 0]], cost(0)]);
    lesson.says("that of the second 0.1577 and that of the third 1.3863", &[cost(1), cost(2)]);
    lesson.says("The mean is 0.6994", &[cross_entropy(&z, &labels)]);
    assert!((cost(2) - 4.0_f64.ln()).abs() < 1e-12);

    let gradient = cross_entropy_grad(&z, &labels);
    for (line, row) in [
        ("[[-0.1418, 0.0705,  0.0286, 0.0427]", 0),
        ("[ 0.0157, 0.0173, -0.0486, 0.0157]", 1),
        ("[ 0.0833, -0.25,   0.0833, 0.0833]]", 2),
    ] {
        lesson.says(line, &gradient.row(row).to_vec());
    }
    assert!(gradient.sum_axis(Axis(1)).iter().all(|sum| sum.abs() < 1e-12));
    lesson.says("the largest entry, -0.25", &[gradient.fold(0.0, |min, &entry| min.min(entry))]);

    // Inputs of variance 1, and a last layer drawn by He's rule.
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(8);
    let mut normal = |shape, scale: f64| -> Array2<f64> {
        Array2::from_shape_simple_fn(shape, || {
            let z: f64 = StandardNormal.sample(&mut rng);
            scale * z
        })
    };
    let first_losses: Vec<f64> = (0..2000)
        .map(|_| {
            let scores = normal((50, 64), 1.0).dot(&normal((64, 10), (2.0_f64 / 64.0).sqrt()));
            cross_entropy(&scores, &std::array::from_fn::<_, 50, _>(|i| i % 10))
        })
        .collect();
    let first_loss = first_losses.iter().sum::<f64>() / first_losses.len() as f64;
    lesson.says("begins at about 3.1 instead of ln 10 = 2.30", &[first_loss, 10.0, 10_f64.ln()]);
    lesson.given("sections 4.3.2 and 4.3.4");
    lesson.given("section 6.2.2");
    lesson.given("Section 4.1 has");

    let loss = |p: &ArrayRef2<f64>| nll_from_probs(p, &labels, 0.0);
    let exponentials = z.exp();
    let sum = exponentials.sum();
    lesson.says(
        "loss is 0.4957 in the former case and 1.8555 in the latter",
        &[loss(&softmax(&z.t()).t()), loss(&(exponentials / sum))],
    );
    let mut perfect = Array2::zeros((1, 10));
    perfect[[0, 3]] = 1000.0;
    lesson.says("the example's loss is 1.1061", &[cross_entropy(&p, &labels)]);
    lesson.says("gets below 1.4612", &[cross_entropy(&softmax(&perfect), &[3])]);
}

fn large_scores(lesson: &mut Lesson) {
    let p = softmax(&array![[1.0, 2.0, 3.0]]);
    lesson.says("[0.0900, 0.2447, 0.6652], and so is", &p.row(0).to_vec());
    lesson.given("[1001, 1002, 1003]");
    assert!(softmax(&array![[1001.0, 1002.0, 1003.0]]).abs_diff_eq(&p, 1e-12));
    lesson.given("e^710 is already more");
    assert!(709_f64.exp().is_finite() && 710_f64.exp().is_infinite());
    lesson.given("e^1000 is\ninfinite, e^-1000 is 0");
    assert_eq!((1000_f64.exp(), (-1000_f64).exp()), (f64::INFINITY, 0.0));
    lesson.given("must not overflow at e^800");
    assert!(800_f64.exp().is_infinite());
    lesson.given("Subtract 1003 from a row");
    assert_eq!((-1003_f64).exp(), 0.0);

    let z = array![[0.0, 1000.0]];
    let p = softmax(&z);
    lesson.given("the scores 0 and 1000");
    lesson.says("| from the scores                             | 1000    |", &[cross_entropy(&z, &[0])]);
    assert_eq!(-p[[0, 0]].ln(), f64::INFINITY);
    lesson.says("| -ln(p + 1e-8)                               | 18.4207 |", &[1e-8, -(p[[0, 0]] + 1e-8).ln()]);
    for (row, eps) in [
        ("| -ln of p, clipped to be at least 1e-10      | 23.0259 |", 1e-10),
        ("| -ln of p, clipped to be at least 1e-15      | 34.5388 |", 1e-15),
    ] {
        lesson.says(row, &[eps, nll_from_probs(&p, &[0], eps)]);
    }
    // Wrong by 40 costs as much as wrong by 1000.
    lesson.given("wrong by 40 or by 1000");
    let by_40 = nll_from_probs(&softmax(&array![[0.0, 40.0]]), &[0], 1e-15);
    assert_eq!(by_40, nll_from_probs(&p, &[0], 1e-15));
    lesson.given("the 1e-8 does harm");
    lesson.given("-ln(1 + 1e-8)");
    assert!(-(1.0_f64 + 1e-8).ln() < 0.0);
    lesson.given("Look for a 1e-8 in it");
}

fn temperature(lesson: &mut Lesson) {
    let temperatures = [0.1, 0.5, 1.0, 2.0, 10.0];
    lesson.says("| T   | 0.1    | 0.5    | 1      | 2      | 10     |", &temperatures);
    let p = temperatures.map(|temperature| softmax_with_temperature(&array![[1.0, 2.0, 3.0]], temperature));
    for (row, class) in [
        ("| 0.0000 | 0.0159 | 0.0900 | 0.1863 | 0.3006 |", 0),
        ("| 0.0000 | 0.1173 | 0.2447 | 0.3072 | 0.3322 |", 1),
        ("| 1.0000 | 0.8668 | 0.6652 | 0.5065 | 0.3672 |", 2),
    ] {
        lesson.says(row, &p.each_ref().map(|p| p[[0, class]]));
    }
}

fn chain_rule(lesson: &mut Lesson) {
    let z = array![[1.0, 2.0, 3.0]];
    let p = softmax(&z);
    let p = p.row(0);
    let slope = -1.0 / p[1];
    lesson.says("[0, -1 / 0.2447, 0] = [0, -4.0862, 0]", &[0.0, -1.0, p[1], 0.0, 0.0, slope, 0.0]);
    let jacobian = softmax_jacobian(&p);
    for (line, row) in
        [("[[ 0.0819, -0.0220, -0.0599]", 0), ("[-0.0220,  0.1848, -0.1628]", 1), ("[-0.0599, -0.1628,  0.2227]]", 2)]
    {
        lesson.says(line, &jacobian.row(row).to_vec());
    }
    lesson.says("-4.0862 times the middle row", &[slope]);
    let gradient = grad_by_chain_rule(&p, 1);
    assert!(gradient.abs_diff_eq(&cross_entropy_grad(&z, &[1]).row(0), 1e-12));
    lesson.says("dL/dz = [0.0900, -0.7553, 0.6652]", &gradient.to_vec());
    lesson.says("P is     [0.0900, 0.2447, 0.6652]", &p.to_vec());

    let saturated = sigmoid(10.0);
    lesson.says("z = 10 has p · (1 - p) = 0.0000454", &[10.0, 1.0, saturated * (1.0 - saturated)]);
}

fn likelihood(lesson: &mut Lesson) {
    let (z, y) = (array![2.0, -1.5, 1.0], array![1.0, 0.0, 1.0]);
    let p = z.mapv(sigmoid);
    lesson.says(
        "z = [2, -1.5, 1]      p = [0.8808, 0.1824, 0.7311]      y = [1, 0, 1]",
        &[z.to_vec(), p.to_vec(), y.to_vec()].concat(),
    );
    let likelihood = bernoulli_likelihood(&p, &y);
    lesson.says("0.8808 · (1 - 0.1824) · 0.7311 = 0.5264", &[p[0], 1.0, p[1], p[2], likelihood]);
    lesson.says("-ln 0.5264 / 3 = 0.2139", &[likelihood, 3.0, bce_with_logits(&z, &y)]);
    assert!((-likelihood.ln() / 3.0 - bce_with_logits(&z, &y)).abs() < 1e-12);

    let tosses = |n: usize| bernoulli_likelihood(&Array1::from_elem(n, 0.5), &Array1::ones(n));
    assert!(tosses(1074) > 0.0 && tosses(1075) == 0.0);
    lesson.says("0.5 · 0.5 · … is 0 as an `f64` after 1,075 tosses", &[0.5, 0.5, 0.0, 1075.0]);
    lesson.given("At the scores 0 and 1000");
}

fn questions(lesson: &mut Lesson) {
    lesson.given("the loss 9.2 on ten classes");
    lesson.given("over 1,000 words");
    let words = Array2::zeros((1, 1000));
    assert!((cross_entropy(&words, &[7]).exp() - 1000.0).abs() < 1e-9);
    // Two classes are the binary case.
    let z = 1.7;
    assert!((softmax(&array![[0.0, z]])[[0, 1]] - sigmoid(z)).abs() < 1e-15);
    assert!((cross_entropy(&array![[0.0, z]], &[1]) - bce_with_logits(&array![z], &array![1.0])).abs() < 1e-15);
    lesson.given("clips at 1 - 1e-15");
    assert_eq!((1.0_f64 - 1e-15) as f32, 1.0);
    lesson.given("to\n   512");
    // The long way round is NaN where the short one is 1.
    let p = sigmoid(40.0);
    assert_eq!(1.0 - p, 0.0);
    assert!((p / (p * (1.0 - p)) * (p * (1.0 - p))).is_nan());
    assert_eq!(bce_with_logits_grad(&array![40.0], &array![0.0]), array![1.0]);
}
