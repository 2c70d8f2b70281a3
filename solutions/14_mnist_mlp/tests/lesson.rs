//! Computes every number in the lesson.

use datasets::digits::MAX_PIXEL;
use engine::{Activation, Sequential, SoftmaxCrossEntropy, mlp};
use lesson::Lesson;
use mnist_mlp_solution::{
    ClassReport, History, Split, TrainConfig, confusion_matrix, evaluate, hold_out, most_confused, one_hot,
    precision_recall_f1, scale_pixels, train,
};
use ndarray::{Axis, array};
use rand::{SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};

#[test]
fn every_number_in_the_lesson_is_computed() {
    let mut lesson = Lesson::of_this_exercise();
    lesson.given("1,797 digits of 8×8 pixels");
    lesson.given("1,437 of them");
    lesson.given("A confidence of 0.99");
    lesson.given("those of the other 360");
    lesson.given("lets it predict the 360 digits");
    lesson.given("learning rate 0.15");
    // Of MNIST; what the reference network reaches is measured by itself.
    lesson.given("60,000 images of 28×28");
    lesson.given("from 0 to 255, for training, and 10,000 for testing");
    lesson.given("784-128-10");
    lesson.given("95 % of\nthe 10,000");
    lesson.given("784-256-128-10");
    lesson.given("more than 97 % of the 10,000 test images");
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let reference = mlp(&[784, 256, 128, 10], Activation::Relu, &mut rng).n_parameters();
    lesson.says("It has 235,146 parameters", &[reference as f64]);
    lesson.given("1.0 then, and passes any test for 0.95");
    lesson.given("The accuracy is 0.95 on");
    lesson.given("0.1332, 0.1060, 0.0878, 0.0845,\n   0.0884, 0.0906, 0.0991, 0.1107, 0.0858, 0.0899");

    lesson.given("Of MNIST's pixels, 81 % are exactly 0");
    let pixels = datasets::digits().features;
    let zeros = pixels.iter().filter(|&&pixel| pixel == 0.0).count() as f64 / pixels.len() as f64;
    lesson.says("of the 8×8 digits 48.9 %", &[8.0, 8.0, 100.0 * zeros]);
    lesson.says("Most of the 235,146 parameters", &[reference as f64]);

    batches(&mut lesson);
    seven_predictions(&mut lesson);
    trainings(&mut lesson);
    reference_network(&mut lesson);
    lesson.finish();
}

/// What the reference network printed, and what follows from it. (That it reaches 97 % is a test of its own crate.)
fn reference_network(lesson: &mut Lesson) {
    lesson.given("epoch      1       2       3       4       5       6       7       8       9       10");
    lesson.given("0.3117  0.1388  0.0961  0.0722  0.0567  0.0469  0.0381  0.0304  0.0251  0.0203");
    lesson.given("94.05   96.48   96.63   97.08   97.24   97.69   97.30   97.95   97.80   97.18");
    lesson.given("97.95 % would be a");
    lesson.given("AVX-512");
    let matrix = array![
        [970, 0, 0, 1, 0, 1, 3, 1, 4, 0],
        [0, 1133, 0, 0, 0, 1, 1, 0, 0, 0],
        [6, 7, 995, 1, 5, 0, 4, 8, 6, 0],
        [1, 3, 4, 986, 0, 2, 0, 5, 8, 1],
        [2, 2, 3, 0, 971, 0, 2, 1, 1, 0],
        [2, 1, 0, 14, 1, 857, 9, 2, 6, 0],
        [2, 3, 1, 1, 7, 2, 942, 0, 0, 0],
        [0, 19, 4, 0, 1, 0, 0, 1001, 3, 0],
        [3, 2, 2, 2, 6, 2, 3, 3, 951, 0],
        [3, 16, 0, 10, 22, 2, 1, 26, 17, 912],
    ];
    for (digit, row) in matrix.rows().into_iter().enumerate() {
        let counts: String = row.iter().map(|count: &usize| format!("{count:>6}")).collect();
        lesson.given(&format!("{digit}{counts}\n"));
    }
    let errors = 10_000 - matrix.diag().sum();
    assert_eq!(matrix.sum(), 10_000);
    lesson.says("the 97.18 % do not\nshow it", &[100.0 - errors as f64 / 100.0]);
    lesson.says("the 282 errors of the last epoch", &[errors as f64]);
    let reports = precision_recall_f1(&matrix);
    let row = |value: fn(&ClassReport) -> f64| reports.iter().map(value).collect::<Vec<_>>();
    lesson.says(
        "precision | 0.981 | 0.955 | 0.986 | 0.971 | 0.959 | 0.988 | 0.976 | 0.956 | 0.955 | 0.999",
        &row(|report| report.precision),
    );
    lesson.says(
        "recall    | 0.990 | 0.998 | 0.964 | 0.976 | 0.989 | 0.961 | 0.983 | 0.974 | 0.976 | 0.904",
        &row(|report| report.recall),
    );
    assert_eq!(most_confused(&matrix, 4), [(9, 7, 26), (9, 4, 22), (7, 1, 19), (9, 8, 17)]);
    lesson.given("a 9 predicted as a 7 (26 times) and as a 4 (22), a 7 as a 1 (19), and a 9 as an 8 (17)");
    let nines = matrix.row(9).sum() - matrix[[9, 9]];
    lesson.says("it misses 97 of", &[nines as f64]);
    lesson.says("One digit alone causes 34.4 % of all errors", &[100.0 * nines as f64 / errors as f64]);
}

/// Five losses in batches of two.
fn batches(lesson: &mut Lesson) {
    let mean = |losses: &[f64]| losses.iter().sum::<f64>() / losses.len() as f64;
    let mean_of_means = |losses: [f64; 5]| mean(&losses.chunks(2).map(mean).collect::<Vec<_>>());
    lesson.says("the mean of these means: 2.667", &[mean_of_means([1.0, 1.0, 1.0, 1.0, 6.0])]);
    lesson.says("the mean of means is 1.833", &[mean_of_means([6.0, 1.0, 1.0, 1.0, 1.0])]);
    assert_eq!(mean_of_means([6.0, 1.0, 1.0, 1.0, 1.0]), mean_of_means([1.0, 1.0, 6.0, 1.0, 1.0]));
    assert_eq!(mean(&[1.0, 1.0, 1.0, 1.0, 6.0]), 2.0);
}

fn seven_predictions(lesson: &mut Lesson) {
    let (labels, predicted) = ([0, 0, 1, 1, 2, 2, 2], [0, 1, 1, 1, 2, 0, 2]);
    let matrix = confusion_matrix(&labels, &predicted, 3);
    assert_eq!(matrix, array![[1, 1, 0], [0, 2, 0], [1, 0, 2]]);
    lesson.says("the accuracy is 0.714", &[matrix.diag().sum() as f64 / labels.len() as f64]);
    let reports = precision_recall_f1(&matrix);
    let numbers = |class: usize| {
        let ClassReport { precision, recall, f1 } = reports[class];
        [class as f64, precision, recall, f1]
    };
    lesson.says("class 0    0.5           0.5        0.5", &numbers(0));
    lesson.says("class 1    0.667         1          0.8", &numbers(1));
    lesson.says("class 2    1             0.667      0.8", &numbers(2));
}

fn trainings(lesson: &mut Lesson) {
    let data = digits(MAX_PIXEL);
    lesson.says(
        "1,200 of the digits for training and 237 for validation",
        &[data.labels_train.len() as f64, data.labels_validation.len() as f64],
    );
    lesson.says("the same 237", &[data.labels_validation.len() as f64]);
    lesson.says("ln 10 = 2.3026", &[10.0, f64::ln(10.0)]);
    let (_, history) = trained(&data);
    for (row, epoch) in [
        ("| 1     | 1.1701 | 0.9142            | 0.8650              |", 1),
        ("| 2     | 0.3743 | 0.9383            | 0.9114              |", 2),
        ("| 5     | 0.1505 | 0.9725            | 0.9451              |", 5),
        ("| 20    | 0.0387 | 0.9958            | 0.9494              |", 20),
    ] {
        let History { train_loss, train_accuracy, validation_accuracy } = &history;
        let i = epoch - 1;
        lesson.says(row, &[epoch as f64, train_loss[i], train_accuracy[i], validation_accuracy[i]]);
    }
    let more = 100.0 * (history.train_accuracy[19] - history.train_accuracy[4]);
    lesson.says("learns another 2.3 %", &[more]);

    for (row, accuracies) in [
        ("| 0.8650  | 0.9451  | 0.9494   |", history.validation_accuracy),
        ("| 0.1224  | 0.0970  | 0.0928   |", with_gradient_times(16.0)),
        ("| 0.0802  | 0.0802  | 0.0802   |", trained(&digits(1.0)).1.validation_accuracy),
        ("| 0.1941  | 0.4684  | 0.8481   |", trained(&digits(MAX_PIXEL * MAX_PIXEL)).1.validation_accuracy),
        ("| 0.1097  | 0.3544  | 0.7932   |", sorted_by_class()),
    ] {
        lesson.says(row, &[accuracies[0], accuracies[4], accuracies[19]]);
    }
}

/// The digits that the course has labels of, 237 of them put aside.
fn digits(max_pixel: f64) -> Split {
    let digits = datasets::digits();
    hold_out(&scale_pixels(&digits.features, max_pixel), &digits.labels.to_vec(), 237)
}

fn trained(data: &Split) -> (Sequential, History) {
    let config = TrainConfig { sizes: vec![64, 64, 10], learning_rate: 0.15, batch_size: 16, epochs: 20 };
    train(&config, data, &mut Xoshiro256PlusPlus::seed_from_u64(1), |_| ())
}

/// The validation accuracy after each epoch, where the gradient of each batch is multiplied.
fn with_gradient_times(factor: f64) -> Vec<f64> {
    epochs(&digits(MAX_PIXEL), 0.15 * factor, true)
}

/// The same, where all zeros come first, then all ones, and nothing is shuffled.
fn sorted_by_class() -> Vec<f64> {
    let mut data = digits(MAX_PIXEL);
    let mut order: Vec<usize> = (0..data.labels_train.len()).collect();
    order.sort_by_key(|&sample| data.labels_train[sample]);
    data.x_train = data.x_train.select(Axis(0), &order);
    data.labels_train = order.iter().map(|&sample| data.labels_train[sample]).collect();
    epochs(&data, 0.15, false)
}

fn epochs(data: &Split, learning_rate: f64, shuffle: bool) -> Vec<f64> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut net = mlp(&[64, 64, 10], Activation::Relu, &mut rng);
    let mut order: Vec<usize> = (0..data.labels_train.len()).collect();
    let epoch = |_| {
        if shuffle {
            order.shuffle(&mut rng);
        }
        for batch in order.chunks(16) {
            let labels: Vec<usize> = batch.iter().map(|&sample| data.labels_train[sample]).collect();
            net.train_step(
                &data.x_train.select(Axis(0), batch),
                &one_hot(&labels, 10),
                &SoftmaxCrossEntropy,
                learning_rate,
            );
        }
        evaluate(&mut net, &data.x_validation, &data.labels_validation).accuracy
    };
    (0..20).map(epoch).collect()
}
