//! Computes every number in the lesson.

use datasets::{Dataset, Gate, separable_blobs};
use lesson::Lesson;
use ndarray::{Array1, Array2, array};
use perceptron_solution::{Perceptron, Pocket, Standardizer, accuracy, linear_neuron, sigmoid_neuron, step};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    single_neurons(&mut lesson);
    and_step_by_step(&mut lesson);
    learning_rates(&mut lesson);
    novikoff(&mut lesson);
    xor(&mut lesson);
    batch_rule(&mut lesson);
    scaling(&mut lesson);
    lesson.given("`x.std_axis(Axis(0), 0.0)`");
    let or = Gate::Or.dataset();
    let and = Gate::And.dataset();
    let epochs = |gate: &Dataset| unlearned(1.0).train(&gate.features, &gate.targets(), 100).len();
    assert!(epochs(&or) < epochs(&and), "OR takes fewer epochs");
    lesson.given("section 4.1.7");
    lesson.finish();
}

fn single_neurons(lesson: &mut Lesson) {
    let (x, weights, bias) = (array![1.0, 2.0, 3.0], array![0.5, -0.3, 0.8], 0.1);
    lesson.given("x = [1, 2, 3]      w = [0.5, -0.3, 0.8]      b = 0.1");
    let z = linear_neuron(&x, &weights, bias);
    lesson
        .says("z = 1 · 0.5 + 2 · (-0.3) + 3 · 0.8 + 0.1 = 2.4", &[1.0, weights[0], 2.0, weights[1], 3.0, 0.8, bias, z]);
    lesson.says("The linear neuron answers 2.4. The step answers 1.", &[z, step(z)]);
    lesson.says("The sigmoid answers 0.9168", &[sigmoid_neuron(&x, &weights, bias)]);

    lesson.given("the learning rate is 0.5, and the sample x = [2, -3] belongs to class 0");
    let mut perceptron = unlearned(0.5);
    let x = array![2.0, -3.0];
    assert_eq!(step(linear_neuron(&x, &perceptron.weights, perceptron.bias)), 1.0);
    assert!(perceptron.update(&x, 0.0));
    let (w, b) = (perceptron.weights.clone(), perceptron.bias);
    lesson.says(
        "w = [0, 0] + 0.5 · (-1) · [2, -3] = [-1, 1.5]",
        &[0.0, 0.0, perceptron.learning_rate, -1.0, x[0], x[1], w[0], w[1]],
    );
    lesson.says("b = 0 + 0.5 · (-1) = -0.5", &[0.0, perceptron.learning_rate, -1.0, b]);
    lesson.says(
        "-1 · 2 + 1.5 · (-3) - 0.5 = -7",
        &[w[0], x[0], w[1], x[1], -b, linear_neuron(&x, &perceptron.weights, perceptron.bias)],
    );
    assert!(f64::exp(1000.0).is_infinite());
    lesson.given("e^1000 is infinite");
}

fn and_step_by_step(lesson: &mut Lesson) {
    let and = Gate::And.dataset();
    let targets = and.targets();
    let mut perceptron = unlearned(1.0);
    for (x, &target) in and.features.rows().into_iter().zip(&targets) {
        let z = linear_neuron(&x, &perceptron.weights, perceptron.bias);
        perceptron.update(&x, target);
        let (w, b) = (&perceptron.weights, perceptron.bias);
        let row = format!(
            "| {}, {}   | {target}      | {z:<2} | {:<10} | {:<5} | [{}, {}] | {b:<2} |",
            x[0],
            x[1],
            step(z),
            target - step(z),
            w[0],
            w[1]
        );
        lesson.given(&row);
    }
    let errors = perceptron.train(&and.features, &targets, 1);
    lesson.says(
        "It makes three errors and ends with w = [2, 1] and\nb = -1",
        &[perceptron.weights[0], perceptron.weights[1], perceptron.bias],
    );
    assert_eq!(errors, [3]);

    let mut perceptron = unlearned(1.0);
    let errors: Vec<f64> = as_floats(&perceptron.train(&and.features, &targets, 100));
    lesson.says("The errors per epoch are [2, 3, 3, 2, 1, 0]", &errors);
    lesson.says("ended with w = [2, 1] and b = -3", &[perceptron.weights[0], perceptron.weights[1], perceptron.bias]);
    let (slope, intercept) = perceptron.decision_line().expect("the line is not vertical");
    lesson.says("-2 · x1 + 3", &[slope, intercept]);
    assert_eq!(perceptron.scores(&and.features)[3], 0.0, "(1, 1) lies on the line");
    lesson.says("It took 2 + 3 + 3 + 2 + 1 = 11", &[&errors[..5], &[errors.iter().sum()]].concat());
}

fn learning_rates(lesson: &mut Lesson) {
    let and = Gate::And.dataset();
    let run = |learning_rate| {
        let mut perceptron = unlearned(learning_rate);
        let errors = perceptron.train(&and.features, &and.targets(), 100);
        (perceptron, as_floats(&errors))
    };
    let (whole, errors) = run(1.0);
    let (half, same_errors) = run(0.5);
    assert_eq!(errors, same_errors);
    assert_eq!(half.decision_line(), whole.decision_line());
    lesson.says(
        "With the learning rate 0.5 the errors are the same, and the neuron ends with w = [1, 0.5] and b = -1.5",
        &[half.learning_rate, half.weights[0], half.weights[1], half.bias],
    );
    let (tenth, fewer_errors) = run(0.1);
    lesson.says("So 0.1 should", &[tenth.learning_rate]);
    lesson.says("It gives [2, 3, 3, 0]", &fewer_errors);
    lesson.given("there is no 0.1");
    lesson.says(
        "w = [0.2, 0.1], and b should be -0.2 but is\n-0.20000000000000004",
        &[tenth.weights[0], tenth.weights[1], -0.2, tenth.bias],
    );
    lesson.says("has the sum -2.8e-17 instead of 0", &[tenth.scores(&and.features)[2], 0.0]);
    // A learning rate is exact in binary if so many sixteenths of it are a whole number.
    let exact = [1.0, 0.5, 0.25];
    assert!(exact.iter().all(|rate: &f64| (16.0 * rate).fract() == 0.0));
    lesson.says("1, 0.5, 0.25", &exact);
}

fn novikoff(lesson: &mut Lesson) {
    let and = Gate::And.dataset();
    let extended = |i: usize| array![and.features[[i, 0]], and.features[[i, 1]], 1.0];
    let longest = (0..4).map(|i| extended(i).dot(&extended(i))).fold(0.0, f64::max);
    let separating: Array1<f64> = array![2.0, 2.0, -3.0];
    let closest = (0..4)
        .map(|i| extended(i).dot(&separating) * if and.labels[i] == 1 { 1.0 } else { -1.0 })
        .fold(f64::INFINITY, f64::min);
    assert_eq!(closest, 1.0);
    let squared_length = separating.dot(&separating);
    lesson.says("so\nR² = 3", &[longest]);
    lesson.says("have the squared length 17", &[squared_length]);
    lesson.says("3 · 17 = 51", &[longest, squared_length, longest * squared_length / (closest * closest)]);
}

fn xor(lesson: &mut Lesson) {
    let xor = Gate::Xor.dataset();
    let targets = xor.targets();
    let errors = as_floats(&unlearned(1.0).train(&xor.features, &targets, 1000));
    lesson.says("[3, 3, 4, 4, 4, …]", &errors[..5]);
    assert!(errors[2..].iter().all(|errors| *errors == 4.0));
    lesson.given("25 %, 50 % or 75 %");

    // No line gets more than three right: all lines of a fine grid of weights.
    let grid: Vec<f64> = (-8..=8).map(|i| f64::from(i) / 4.0).collect();
    let mut best: f64 = 0.0;
    for &w1 in &grid {
        for &w2 in &grid {
            for &bias in &grid {
                let perceptron = Perceptron::from_parts(array![w1, w2], bias, 1.0);
                best = best.max(accuracy(&perceptron.predict(&xor.features), &targets));
            }
        }
    }
    assert_eq!(best, 0.75);

    let pocket = Pocket::fit(unlearned(1.0), &xor.features, &targets, 1000);
    lesson.says("the weights never do better than 50 %", &[100.0 * pocket.accuracy]);
    let start = Perceptron::from_parts(array![0.5, 0.5], 0.75, 1.0);
    lesson.says(
        "From w = [0.5, 0.5]\n  and b = 0.75 with the learning rate 1",
        &[start.weights[0], start.weights[1], start.bias, start.learning_rate],
    );
    let pocket = Pocket::fit(start.clone(), &xor.features, &targets, 100);
    let mut last = start;
    last.train(&xor.features, &targets, 100);
    let ends_at = accuracy(&last.predict(&xor.features), &targets);
    lesson.says("they reach 75 % on the way, and end at 50 %", &[100.0 * pocket.accuracy, 100.0 * ends_at]);
}

fn batch_rule(lesson: &mut Lesson) {
    let xor = Gate::Xor.dataset();
    let mut perceptron = unlearned(0.1);
    perceptron.fit_batch_sigmoid(&xor.features, &xor.targets(), 1000);
    assert_eq!((&perceptron.weights, perceptron.bias), (&array![0.0, 0.0], 0.0));
    let share = accuracy(&perceptron.predict_sigmoid(&xor.features), &xor.targets());
    let p = sigmoid_neuron(&array![1.0, 0.0], &perceptron.weights, perceptron.bias);
    lesson.given("**p > 0.5**");
    lesson.says(
        "all p stay at exactly 0.5 for ever, every answer is 0, and the accuracy is 50 %",
        &[p, 0.0, 100.0 * share],
    );

    let mut perceptron = Perceptron::from_parts(array![0.8, -0.3], 0.4, 0.5);
    perceptron.fit_batch_sigmoid(&xor.features, &xor.targets(), 2000);
    for x in xor.features.rows() {
        let p = sigmoid_neuron(&x, &perceptron.weights, perceptron.bias);
        assert!((p - 0.5).abs() < 1e-6, "p({x}) = {p}");
    }
    lesson.given("all p creep towards 0.5, and which side of 0.5");

    let and = Gate::And.dataset();
    let targets = and.targets();
    let mut rates = Vec::new();
    for (row, learning_rate) in [
        ("| 0.001         | 4,047 ", 0.001),
        ("| 0.01          | 405 ", 0.01),
        ("| 0.1           | 41 ", 0.1),
        ("| 1             | 4 ", 1.0),
        ("| 10            | 4 ", 10.0),
    ] {
        let mut perceptron = unlearned(learning_rate);
        let mut epochs = 0.0;
        while accuracy(&perceptron.predict_sigmoid(&and.features), &targets) < 1.0 {
            perceptron.fit_batch_sigmoid(&and.features, &targets, 1);
            epochs += 1.0;
        }
        lesson.says(row, &[learning_rate, epochs]);
        rates.push((learning_rate, epochs));
    }
    let epochs_at = |rate: f64| rates.iter().find(|(learning_rate, _)| *learning_rate == rate).expect("in the table").1;
    let times = epochs_at(0.01) / epochs_at(1.0);
    assert!((90.0..110.0).contains(&times), "1 is {times} times as fast as 0.01");
    lesson.given("1 is a\nhundred times as fast as 0.01");
    lesson.given("calls 0.01 to 0.1 \"just right\"");
    lesson.given("`z + 1.0` adds to every entry");
}

fn scaling(lesson: &mut Lesson) {
    lesson.given("around 1000 and another around 1");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(5);
    let (mut plain, mut shifted, mut scaled) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..101 {
        let data = separable_blobs([20, 30], 2, 0.5, &mut rng);
        let epochs = |x: &Array2<f64>| unlearned(1.0).train(x, &data.targets(), 10_000).len();
        let mut x = data.features.clone();
        plain.push(epochs(&x));
        x.column_mut(1).mapv_inplace(|x| x + 10.0);
        shifted.push(epochs(&x));
        scaled.push(epochs(&Standardizer::fit(&x).transform(&x)));
    }
    lesson.says("2 epochs (the median of 101 draws)", &[median(plain), shifted.len() as f64]);
    lesson.says("it takes 75", &[median(shifted)]);
    lesson.says("Then it is 2 epochs again", &[median(scaled)]);

    let scaler = Standardizer::fit(&array![[1.0], [5.0]]);
    let new = scaler.transform(&array![[7.0]])[[0, 0]];
    let (mean, std_dev) = (scaler.means[0], scaler.std_devs[0]);
    lesson.says("mean 3, standard deviation 2", &[mean, std_dev]);
    lesson.says("a new 7 becomes (7 - 3) / 2 = 2", &[7.0, 7.0, mean, std_dev, new]);
}

/// A perceptron of two inputs whose parameters are 0.
fn unlearned(learning_rate: f64) -> Perceptron {
    Perceptron::from_parts(array![0.0, 0.0], 0.0, learning_rate)
}

fn as_floats(counts: &[usize]) -> Vec<f64> {
    counts.iter().map(|&count| count as f64).collect()
}

fn median(mut counts: Vec<usize>) -> f64 {
    counts.sort_unstable();
    counts[counts.len() / 2] as f64
}
