//! What is right in exercise 14, and what is commonly got wrong.
//!
//! The order of the samples in an epoch is for the learner's generator to choose. So one epoch is held
//! against what holds in any order: a batch of all samples, a learning rate of 0, or every order that a few samples
//! have.
//!
//! The networks are of one layer, so that a step is four lines here.

use std::cmp::Reverse;

use rand::seq::SliceRandom;

use judge::prelude::*;

/// What the held-out digits are, in IDX form: no probe and no submission ever sees this.
const HELD_OUT_LABELS: &[u8] = include_bytes!("held-out-labels-idx1-ubyte");
/// Of a file of labels, in bytes.
const HEADER: usize = 8;

/// The reference, with this network and these epochs, read between 95.3 % and 98.3 % of them rightly, over 200 seeds.
const DIGITS_GOAL: f64 = 0.94;

/// The reference read between 96.7 % and 97.0 % of MNIST's test images rightly, over 4 seeds.
const MNIST_GOAL: f64 = 0.95;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = vec![scale_pixels(), hold_out(), too_much_held_out()];
    checks.extend(predictions());
    checks.extend(evaluations());
    checks.extend(epochs());
    checks.extend(trainings());
    checks.extend(tables());
    checks.extend([after_parts(read_digits()), after_parts(read_mnist()).after("train_history")]);
    checks
}

/// Reading takes its time, and says little while something that it needs is wrong.
fn after_parts(check: Check) -> Check {
    ["scale_pixels", "hold_out", "predict", "batches"].into_iter().fold(check, Check::after)
}

fn read_digits() -> Check {
    Check::new("read_digits", "digits", "the network recognises 94 % of 360 digits that it has not seen", 4)
        .about("train")
        .on(|draw| {
            vec![
                Record::new()
                    .with("sizes", vec![64_usize, 64, 10])
                    .with("learning_rate", 0.15)
                    .with("batch_size", 16_usize)
                    .with("epochs", 20_usize)
                    .with("n_validation", 237_usize)
                    .with("seed", seed(draw))
                    .with("seed of the order", seed(draw)),
            ]
        })
        .demands(|c, seen| {
            // The digits come in another order each time.
            let mut labels: Vec<usize> = HELD_OUT_LABELS[HEADER..].iter().map(|&label| usize::from(label)).collect();
            labels.shuffle(&mut probe::generator(c.count("seed of the order") as u64));
            enough_right(seen, labels.into_iter(), DIGITS_GOAL)
        })
}

fn read_mnist() -> Check {
    Check::new("read_mnist", "mnist", "784-128-10 recognises 95 % of MNIST's 10,000 test images after two epochs", 3)
        .about("train")
        .on_fetched(Which::Mnist, |mnist| {
            let pixels = |images: &Array2<u8>| Value::Bytes(images.as_slice().expect("as it was read").to_vec());
            vec![
                Record::new()
                    .with("sizes", vec![784_usize, 128, 10])
                    .with("learning_rate", 0.2)
                    .with("batch_size", 32_usize)
                    .with("epochs", 2_usize)
                    .with("n_validation", 6000_usize)
                    .with("seed", 14_usize)
                    .with("labels", mnist.train.labels.to_vec())
                    .with("train_pixels", pixels(&mnist.train.images))
                    .with("test_pixels", pixels(&mnist.test.images)),
            ]
        })
        .demands(|_, seen| match mnist::test_labels(Which::Mnist) {
            Ok(labels) => enough_right(seen, labels.into_iter(), MNIST_GOAL),
            Err(error) => Err(error.to_string()),
        })
}

fn enough_right(seen: &Record, labels: impl ExactSizeIterator<Item = usize>, goal: f64) -> Result<(), String> {
    let (predictions, n) = (seen.counts("predictions"), labels.len());
    if predictions.len() != n {
        return Err(format!("There are {} predictions for {n} images.", predictions.len()));
    }
    let n_right = labels.zip(&predictions).filter(|(label, prediction)| label == *prediction).count();
    if n_right as f64 >= goal * n as f64 {
        return Ok(());
    }
    Err(format!(
        "Your network recognises {n_right} of {n} images that it was not trained on: {:.1} %, and a network like this \
         one should reach {} % with any seed. Look at the curve of the loss: is every sample used, and are all images \
         scaled in the same way?",
        100.0 * n_right as f64 / n as f64,
        100.0 * goal
    ))
}

fn scale_pixels() -> Check {
    Check::new("scale_pixels", "pixels", "scale_pixels divides all images by the same number", 1)
        .on(|draw| {
            let drawn = draw::matrix(draw, (3, 4), 7.0).mapv(|pixel| (pixel.abs() * 2.0).round());
            vec![
                // No pixel is full ink.
                Record::new().with("pixels", array![[0.0, 4.0, 12.0], [8.0, 1.0, 2.0]]).with("max_pixel", 16.0),
                Record::new().with("pixels", drawn).with("max_pixel", 255.0),
            ]
        })
        .computes(|f| f.input("pixels") / f.input("max_pixel"))
}

fn too_much_held_out() -> Check {
    Check::new("too_much_held_out", "pixels", "hold_out refuses to hold out more samples than there are", 1)
        .asks("hold_out")
        .after("hold_out")
        .on(|draw| [(5, 3), (4, 5)].map(|(n, n_validation)| to_split(draw, n, n_validation)).to_vec())
        .expects(|c| split(c, LAST, LAST))
        .panics_where("more samples are to be held out than there are", |c| {
            c.count("n_validation") > c.matrix("x").nrows()
        })
}

/// `n` samples, of which the number is the first feature.
fn to_split(draw: &mut probe::Generator, n: usize, n_validation: usize) -> Record {
    let mut x = draw::matrix(draw, (n, 3), 1.0);
    x.column_mut(0).assign(&Array1::from_iter((0..n).map(|sample| sample as f64)));
    Record::new()
        .with("x", x)
        .with("labels", (0..n).map(|sample| 7 * sample % 4).collect::<Vec<usize>>())
        .with("n_validation", n_validation)
}

fn hold_out() -> Check {
    Check::new("hold_out", "pixels", "hold_out holds out the last samples", 1)
        .on(|draw| [(7, 2), (5, 4), (4, 0)].map(|(n, n_validation)| to_split(draw, n, n_validation)).to_vec())
        .expects(|c| split(c, LAST, LAST))
        .mistake("the_first_are_put_aside", "The first samples are held out. Hold out the last ones.", |c| {
            split(c, FIRST, FIRST)
        })
        .mistake(
            "labels_of_other_samples",
            "Inputs and labels are split at different places, so samples lose their labels.",
            |c| split(c, LAST, FIRST),
        )
}

/// Of `n` samples those to learn from, and those that are held out.
type Cut = fn(usize, usize) -> (std::ops::Range<usize>, std::ops::Range<usize>);
const LAST: Cut = |n, aside| (0..n - aside, n - aside..n);
const FIRST: Cut = |n, aside| (aside..n, 0..aside);

/// The parts of a split, of inputs and of labels, that lie in these ranges.
fn split(c: &Record, x: Cut, labels: Cut) -> Record {
    let (n, aside) = (c.matrix("x").nrows(), c.count("n_validation"));
    let rows = |range: std::ops::Range<usize>| c.matrix("x").select(Axis(0), &range.collect::<Vec<_>>());
    let classes = |range: std::ops::Range<usize>| c.counts("labels")[range].to_vec();
    let ((x_train, x_validation), (labels_train, labels_validation)) = (x(n, aside), labels(n, aside));
    Record::new()
        .with("x_train", rows(x_train))
        .with("labels_train", classes(labels_train))
        .with("x_validation", rows(x_validation))
        .with("labels_validation", classes(labels_validation))
}

fn predictions() -> [Check; 2] {
    [
        Check::new("predict", "predict", "predict returns the class with the largest score for each sample", 2)
            .on(|draw| {
                vec![
                    // All negative in one row, equal ones in another.
                    scores(array![
                        [-3.0, -1.0, -2.0],
                        [0.5, 2.0, 1.0],
                        [1.0, 3.0, 3.0],
                        [-5.0, -4.0, -4.0],
                        [2.0, 0.0, 1.0]
                    ]),
                    scores(draw::matrix(draw, (6, 4), 3.0)),
                ]
            })
            .computes(|f| f.input("scores").largest_of_rows())
            .mistake(
                "the_last_of_equals",
                "Of several largest scores the last is chosen, as `max_by` does it. A loop with `>` finds the first.",
                |c| argmax(c, f64::NEG_INFINITY, |score, best| score >= best),
            )
            .mistake(
                "scores_begin_at_zero",
                "If all scores are negative, the result is class 0: your search begins at 0. Begin at -∞.",
                |c| argmax(c, 0.0, |score, best| score > best),
            ),
        Check::new("predict_nan", "predict", "predict never chooses a NaN, and does not panic", 1)
            .asks("predict")
            .after("predict")
            .on(|draw| {
                const NAN: f64 = f64::NAN;
                let mut drawn = draw::matrix(draw, (5, 4), 3.0);
                drawn[[1, 2]] = NAN;
                vec![
                    scores(array![[2.0, 1.0, 3.0]]),
                    scores(array![[NAN, 1.0, 2.0], [1.0, NAN, 0.5], [-2.0, -1.0, NAN]]),
                    scores(array![[NAN, NAN, NAN]]),
                    scores(drawn),
                ]
            })
            .expects(|c| argmax(c, f64::NEG_INFINITY, |score, best| score > best))
            .mistake_panics(
                "nan_panics",
                "A NaN makes your code panic: `partial_cmp` returns `None` for it, and `==` never finds it. Compare \
                 with `>`, which is false for NaN.",
                |c| c.matrix("scores").iter().any(|score| score.is_nan()),
            )
            .mistake("nan_wins", "A NaN is treated as the largest score, as `total_cmp` orders it.", |c| {
                argmax(c, f64::NEG_INFINITY, |score, best| score.is_nan() && !best.is_nan() || score > best)
            })
            .mistake(
                "a_first_nan_stays",
                "A NaN in the first place is chosen: your search begins with it, and no score is `>` NaN. Begin at -∞.",
                |c| argmax(c, f64::NAN, |score, best| score > best),
            ),
    ]
}

fn scores(scores: Array2<f64>) -> Record {
    Record::new().with("scores", scores)
}

/// The place in each row that wins, where a score has to beat `begin` first; with NaN as the first score to beat, the
/// row's own first one is meant.
fn argmax(c: &Record, begin: f64, wins: fn(f64, f64) -> bool) -> Vec<usize> {
    let of_row = |row: ndarray::ArrayView1<'_, f64>| {
        let begin = if begin.is_nan() { row[0] } else { begin };
        row.iter()
            .enumerate()
            .fold((0, begin), |best, (class, &score)| if wins(score, best.1) { (class, score) } else { best })
            .0
    };
    c.matrix("scores").rows().into_iter().map(of_row).collect()
}

fn evaluations() -> [Check; 2] {
    [
        Check::new("evaluate", "evaluate", "evaluate returns the mean loss, and the fraction of right predictions", 2)
            .after("predict")
            .on(|draw| {
                // In the end the last class is missing.
                vec![
                    samples(draw, &[9, 0, 4], 10),
                    samples(draw, &[2, 1, 0, 0, 2, 2, 0], 3),
                    samples(draw, &[0, 1, 0, 1, 1], 3),
                ]
            })
            .computes(|f| evaluation(f, |scores| cross_entropy_of(f, scores)))
            .mistake(
                "mean_squared_error",
                MEAN_SQUARED_ERROR,
                computed(|f| evaluation(f, |scores| error_of(f, scores).square().mean())),
            )
            .mistake_panics("columns_miscounted", COLUMNS_MISCOUNTED, |c| c.matrix("weights").ncols() != 10)
            .mistake_panics("columns_miscounted", COLUMNS_MISCOUNTED, |c| {
                c.matrix("weights").ncols() > 1 + c.counts("labels").into_iter().max().unwrap_or(0)
            }),
        Check::new("evaluate_only_looks", "evaluate", "evaluate changes no parameter of the network", 1)
            .asks("evaluate")
            .on(|draw| vec![samples(draw, &[0, 1, 2, 1, 0, 2], 3)])
            .has_none_of(
                &[("evaluation_trains", "The evaluation changes the network. Run only a forward pass.")],
                |c, seen| if is_net(seen, &net(c)) { Ok(()) } else { Err("evaluation_trains") },
            ),
    ]
}

const COLUMNS_MISCOUNTED: &str = "`one_hot` has to make as many columns as the network has outputs, `scores.ncols()`: \
     not always ten, and not as many as the labels at hand reach.";
const LAST_BATCH_NOT_LEARNED_FROM: &str =
    "The last samples, which do not fill a batch, are left out: `chunks` returns them, `chunks_exact` does not.";
const EVERY_BATCH_COUNTS_THE_SAME: &str = "The losses of the batches are added up and divided by their number, or by \
     n / batch_size. But the last batch is shorter: multiply each mean by its number of samples, and divide the sum \
     by the number of all samples.";
const MEAN_SQUARED_ERROR: &str = "The loss is the mean squared error. Use the engine's `SoftmaxCrossEntropy`.";

/// What `loss` computes from the scores, and the accuracy.
fn evaluation(f: &Formula, loss: impl Fn(&Num) -> Num) -> [(&'static str, Num); 2] {
    let scores = scores_of(f);
    [("loss", loss(&scores)), ("accuracy", scores.largest_of_rows().equals(&f.input("labels")).mean())]
}

fn epochs() -> [Check; 7] {
    [
        Check::new("one_batch", "train_epoch", "an epoch of one batch is one step on the mean loss of all samples", 1)
            .asks("train_epoch")
            .on(one_batch_cases)
            .computes(|f| {
                let (scores, labels) = (scores_of(f), f.input("labels"));
                let batch_size = f.input("x").rows().named("B");
                let gradient = (softmax_of(&scores) - labels.one_hot(&scores)) / batch_size;
                step_along(f, &gradient.named("gradient of the scores"))
            })
            .mistake("last_batch_not_learned_from", LAST_BATCH_NOT_LEARNED_FROM, |c| {
                let (n, size) = (c.matrix("x").nrows(), c.count("batch_size"));
                steps_on(c, 0..n - n % size, size)
            })
            .mistake(
                "mean_squared_error",
                MEAN_SQUARED_ERROR,
                computed(|f| {
                    let scores = scores_of(f);
                    step_along(f, &(2.0 * error_of(f, &scores) / scores.count()))
                }),
            )
            .mistake(
                "two_steps_for_one",
                "The batch is used for two steps. In an epoch every sample is used once.",
                |c| {
                    let n = c.matrix("x").nrows();
                    steps_on(c, (0..n).cycle().take(2 * n), n)
                },
            )
            .mistake_if(
                "samples_and_labels_apart",
                "The network is trained with labels of other samples. Shuffle the indices, and select both, samples and \
                 labels, with them.",
                |c, seen| {
                    let rows: Vec<usize> = (0..c.matrix("x").nrows()).collect();
                    let with_labels = |order: &[usize]| in_batches(c, &rows, order, rows.len());
                    !is_net(seen, &with_labels(&rows))
                        && orders(rows.len()).iter().any(|order| is_net(seen, &with_labels(order)))
                },
            )
            .mistake_if(
                "samples_uneven",
                "Some samples count more often than others. Shuffle the indices, and use each of them once.",
                |c, seen| {
                    let n = c.matrix("x").nrows();
                    // The digits of a number below nⁿ are a way to draw n samples.
                    let drawn = |i: usize| (0..n).map(|place| i / n.pow(place as u32) % n).collect::<Vec<_>>();
                    // Where all that are drawn occur equally often, the others may simply be left out.
                    let is_uneven = |order: &Vec<usize>| {
                        let times = |sample: &usize| order.iter().filter(|other| *other == sample).count();
                        order.iter().any(|sample| times(sample) != times(&order[0]))
                    };
                    let mut orders = (0..n.pow(n as u32)).map(drawn).filter(is_uneven);
                    orders.any(|order| is_net(seen, &in_batches(c, &order, &order, n)))
                },
            )
            .mistake_if(
                "batch_size_ignored",
                "There is one step for each sample, whatever `batch_size` is. Take one step for each batch.",
                |c, seen| {
                    let alone = orders(c.matrix("x").nrows()).into_iter().map(|order| in_batches(c, &order, &order, 1));
                    alone.into_iter().any(|net| is_net(seen, &net))
                },
            ),
        Check::new("one_batch_loss", "train_epoch", "an epoch of one batch has the mean loss before its step", 1)
            .asks("train_epoch")
            .on(one_batch_cases)
            .computes(|f| [("loss", cross_entropy_of(f, &scores_of(f)))])
            .mistake(
                "loss_after_the_step",
                "This is the loss after the step. Return the one of the forward pass that the step's gradient comes from.",
                |c| {
                    let (mut after, labels) = (net(c), c.counts("labels"));
                    after.step(&c.matrix("x"), &labels, c.float("learning_rate"));
                    Record::new().with("loss", cross_entropy(&after.scores(&c.matrix("x")), &labels))
                },
            )
            .mistake(
                "mean_squared_error",
                MEAN_SQUARED_ERROR,
                computed(|f| [("loss", error_of(f, &scores_of(f)).square().mean())]),
            )
            .mistake(
                "multiplied_by_batch_size",
                "The mean of the batch is multiplied by `batch_size`, although the batch has fewer samples. Multiply \
                 by the number of samples in the batch.",
                computed(|f| {
                    let loss = cross_entropy_of(f, &scores_of(f));
                    [("loss", loss * f.input("batch_size") / f.input("x").rows())]
                }),
            )
            .mistake_if("mean_of_batch_means", EVERY_BATCH_COUNTS_THE_SAME, |c, seen| {
                c.matrix("x").nrows() < c.count("batch_size") && seen.float("loss") == f64::INFINITY
            }),
        Check::new(
            "every_sample_counts",
            "train_epoch",
            "train_epoch returns the mean over samples, not over batches",
            1,
        )
        .asks("train_epoch")
        .after("one_batch_loss")
        .on(|draw| {
            [(8, 3_usize), (12, 5)]
                .map(|(n, batch_size)| {
                    // All differ, and so do all sums of some of them.
                    let losses =
                        Array1::from_shape_fn(n, |i| 0.5 + 1.5_f64.powi(i as i32) * (2.0 + draw::number(draw, 0.5)));
                    // The scores are the inputs, and ln(1 + e^z) is the loss of class 0 for z.
                    let x = Array2::from_shape_fn((n, 2), |(row, class)| match class {
                        0 => 0.0,
                        _ => losses[row].exp_m1().ln(),
                    });
                    let case = Record::new()
                        .with("losses of the samples", losses)
                        .with("x", x)
                        .with("labels", vec![0_usize; n])
                        .with("weights", Array2::<f64>::eye(2))
                        .with("biases", Array1::<f64>::zeros(2))
                        .with("seed", seed(draw));
                    epoch(case, batch_size, 0.0)
                })
                .to_vec()
        })
        .expects(|c| {
            let losses = c.vector("losses of the samples");
            Record::new().with("loss", losses.sum() / losses.len() as f64)
        })
        .mistake_if("mean_of_batch_means", EVERY_BATCH_COUNTS_THE_SAME, |c, seen| {
            with_any_last(c, seen, |full, last| (full.sum() + last.mean) / (full.count + 1.0))
                || with_any_last(c, seen, |full, last| (full.sum() + last.mean) / full.count)
        })
        .mistake_if(
            "one_batch_for_all",
            "Only one batch counts. Add up the losses of all batches, each times its number of samples, and divide the sum by \
             the number of all samples.",
            |c, seen| {
                let losses = c.vector("losses of the samples");
                let is_seen = |rows: &Vec<usize>| {
                    let sum: f64 = rows.iter().map(|&row| losses[row]).sum();
                    [rows.len(), losses.len()].iter().any(|&n| close(&[sum / n as f64], &[seen.float("loss")]))
                };
                [LEFT_OVER, c.count("batch_size")].iter().any(|&size| choices(losses.len(), size).iter().any(is_seen))
            },
        )
        .mistake_if("last_batch_not_learned_from", LAST_BATCH_NOT_LEARNED_FROM, |c, seen| {
            let n = c.vector("losses of the samples").len() as f64;
            with_any_last(c, seen, |full, last| full.mean * (n - last.count) / n)
                || with_any_last(c, seen, |full, _| full.mean)
        }),
        Check::new(
            "batches",
            "train_epoch",
            "every sample is in one batch, with its own label, and each batch is a step",
            2,
        )
        .asks("train_epoch")
        .after("one_batch")
        .on(batches_cases)
        .demands(|c, seen| {
            let n = c.matrix("x").nrows();
            let size = c.count("batch_size");
            match orders(n).iter().any(|order| is_net(seen, &in_batches(c, order, order, size))) {
                true => Ok(()),
                false => Err(format!(
                    "For no order of the {n} samples do steps on batches of {size} lead to these parameters."
                )),
            }
        })
        .mistake_if("last_batch_not_learned_from", LAST_BATCH_NOT_LEARNED_FROM, |c, seen| {
            let (n, size) = (c.matrix("x").nrows(), c.count("batch_size"));
            let full = n - n % size;
            // With a single full batch this is what code does that ends after its first batch.
            full > size
                && orders(n).iter().any(|order| is_net(seen, &in_batches(c, &order[..full], &order[..full], size)))
        })
        .mistake_if(
            "one_step_an_epoch",
            "There is only one step. Take a step for every batch, each from the parameters after the one before.",
            |c, seen| {
                let size = c.count("batch_size");
                orders(c.matrix("x").nrows())
                    .iter()
                    .any(|order| order.chunks(size).any(|batch| is_net(seen, &in_batches(c, batch, batch, size))))
            },
        ),
        Check::new("loss_before_each_step", "train_epoch", "each loss is the one just before the step on its batch", 1)
            .asks("train_epoch")
            .after("every_sample_counts")
            .after("batches")
            .on(batches_cases)
            .demands(|c, seen| {
                let (n, size) = (c.matrix("x").nrows(), c.count("batch_size"));
                let mut taken = orders(n).into_iter().filter(|order| is_net(seen, &in_batches(c, order, order, size)));
                match taken.any(|order| close(&[loss_on_the_way(c, &order)], &[seen.float("loss")])) {
                    true => Ok(()),
                    false => {
                        Err("The loss is not the mean over the samples of the losses before each step.".to_owned())
                    }
                }
            })
            .mistake_if(
                "loss_before_the_epoch",
                "This is the loss of all samples before the first step. Use that of each batch just before its step.",
                |c, seen| {
                    let first = cross_entropy(&net(c).scores(&c.matrix("x")), &c.counts("labels"));
                    close(&[first], &[seen.float("loss")])
                },
            ),
        Check::new("batches_of_none", "train_epoch", "train_epoch refuses batches of 0 samples", 1)
            .asks("train_epoch")
            .after("one_batch_loss")
            .on(|draw| [3_usize, 0].map(|size| epoch(samples(draw, &[1, 0, 2], 3), size, 0.5)).to_vec())
            .computes(|f| [("loss", cross_entropy_of(f, &scores_of(f)))])
            .panics_where("the batch size is 0", |c| c.count("batch_size") == 0),
        Check::new("shuffles", "train_epoch", "every epoch has another order, from the generator", 1)
            .asks("epochs_anew")
            .about("train_epoch")
            .after("batches")
            .on(|draw| vec![epoch(samples(draw, &[0, 1, 2, 2, 1], 3), 2, 0.75).with("epochs", 6_usize)])
            .has_none_of(&ORDER_FAULTS, |c, seen| {
                let first = seen.vector("parameters after epoch 1").to_vec();
                let size = c.count("batch_size");
                let ends_there =
                    |order: &Vec<usize>| close(&first, &in_batches(c, order, order, size).parameters().to_vec());
                match (all_alike(seen), ends_there(&(0..c.matrix("x").nrows()).collect())) {
                    (true, true) => Err("not_shuffled"),
                    (true, false) => Err("same_order_every_epoch"),
                    (false, _) if orders(c.matrix("x").nrows()).iter().any(ends_there) => Ok(()),
                    (false, _) => Err("No order of the samples leads to the parameters after the first epoch."),
                }
            }),
    ]
}

/// What is commonly wrong with the orders of six epochs.
const ORDER_FAULTS: [(&str, &str); 2] = [
    (
        "not_shuffled",
        "The samples are used in their original order: if the data are sorted, a batch may contain only one class. \
         Shuffle at the beginning of each epoch.",
    ),
    (
        "same_order_every_epoch",
        "Every epoch has the same order. Use the argument `rng`, which continues from epoch to epoch.",
    ),
];

/// Some full batches, and what is left at the end.
struct Batches {
    mean: f64,
    count: f64,
}

impl Batches {
    fn sum(&self) -> f64 {
        self.mean * self.count
    }
}

/// How many samples are left over at the end of an epoch. Two: a code that leaves out a single one is another matter.
const LEFT_OVER: usize = 2;

/// All ways to choose `size` of the numbers below `n`.
fn choices(n: usize, size: usize) -> Vec<Vec<usize>> {
    match (n, size) {
        (_, 0) => vec![Vec::new()],
        (0, _) => Vec::new(),
        _ => {
            let with_last = choices(n - 1, size - 1).into_iter().map(|chosen| [chosen, vec![n - 1]].concat());
            choices(n - 1, size).into_iter().chain(with_last).collect()
        }
    }
}

/// Whether the loss is what `formula` makes of the full batches (their mean, how many they are) and the last (its mean,
/// how many samples it has), whichever samples are in it.
fn with_any_last(c: &Record, seen: &Record, formula: impl Fn(Batches, Batches) -> f64) -> bool {
    let (losses, size) = (c.vector("losses of the samples"), c.count("batch_size") as f64);
    let (n, left_over) = (losses.len() as f64, LEFT_OVER as f64);
    choices(losses.len(), LEFT_OVER).into_iter().any(|last| {
        let last = last.into_iter().map(|row| losses[row]).sum::<f64>();
        let full = Batches { mean: (losses.sum() - last) / (n - left_over), count: (n - left_over) / size };
        let loss = formula(full, Batches { mean: last / left_over, count: left_over });
        close(&[loss], &[seen.float("loss")])
    })
}

fn all_alike(seen: &Record) -> bool {
    let ends: Vec<Vec<f64>> =
        (1..=6).map(|epoch| seen.vector(&format!("parameters after epoch {epoch}")).to_vec()).collect();
    ends.windows(2).all(|pair| close(&pair[0], &pair[1]))
}

fn trainings() -> [Check; 5] {
    [
        Check::new("train_history", "train", "train builds the network, and records three numbers for each epoch", 1)
            .asks("train")
            .after("evaluate")
            .on(|draw| {
                let (epochs, width) = (2 + draw::count(draw, 4), 3 + draw::count(draw, 9));
                [(epochs, vec![2_usize, width, 3]), (1, vec![2, 5, 4, 3]), (0, vec![2, 3])]
                    .map(|(epochs, sizes)| {
                        training(
                            draw::matrix(draw, (6, 2), 1.0),
                            &[0, 1, 2, 0, 1, 2],
                            draw::matrix(draw, (4, 2), 1.0),
                            &[2, 0, 1, 1],
                        )
                        .with("sizes", sizes)
                        .with("learning_rate", 0.25)
                        .with("batch_size", 4_usize)
                        .with("epochs", epochs)
                        .with("seed", seed(draw))
                    })
                    .to_vec()
            })
            .expects(noted)
            .mistake(
                "untrained_network_noted",
                "There is one number too many in each list. Record one for each of the `config.epochs` epochs, after it.",
                |c| Record::new().with("lengths", vec![c.count("epochs") + 1; 3]),
            )
            .mistake_if(
                "on_epoch_not_in_time",
                "`on_epoch` should be called once in each epoch, at its end, when the history has the epoch's numbers.",
                |c, seen| {
                    let right = noted(c);
                    let is_right = |name: &str| right.get(name) == seen.get(name);
                    is_right("lengths") && is_right("network") && !is_right("epochs that on_epoch saw")
                },
            )
            .mistake_if("history_begun_again", HISTORY_BEGUN_AGAIN, has_lost_epochs),
        Check::new("train_blank", "train", "the history holds the loss before each step, and accuracies after it", 1)
            .asks("train")
            .after("loss_before_each_step")
            .after("evaluate")
            .after("evaluate_only_looks")
            .on(|draw| {
                // Nothing is on the images, so all that is left of the network is the biases of its last layer. With one
                // batch, or one class, the order of the samples does not matter. Steps that are far too large lead from
                // one class to the next, and back: the loss rises, and each accuracy falls.
                let [train, validation] = uneven(draw);
                let class = 1 + draw::count(draw, 2);
                [
                    (train.clone(), validation.clone(), 20_usize, 1.0, 3_usize),
                    (vec![class; 7], vec![class; 5], 2, 1.0, 3),
                    (train, validation, 20, 50.0, 5),
                ]
                    .map(|(train, validation, batch_size, factor, epochs)| {
                        let blank = |labels: &[usize]| Array2::<f64>::zeros((labels.len(), 2));
                        training(blank(&train), &train, blank(&validation), &validation)
                            .with("sizes", vec![2_usize, 5, 3])
                            .with("learning_rate", factor * (0.3 + 0.01 * draw::count(draw, 40) as f64))
                            .with("batch_size", batch_size)
                            .with("epochs", epochs)
                            .with("seed", seed(draw))
                            .with(EVALUATED, true)
                    })
                    .to_vec()
            })
            .expects(|c| blank(c, TRAIN, |epoch| (epoch.loss, epoch.end.1, epoch.end.2)))
            // Percentages, say, if `evaluate` has them.
            .or_follows(|c, seen| {
                let [train, validation] =
                    ["train", "validation"].map(|part| by_evaluate(seen, part) / measured(c, seen, part, 1.0).1);
                blank(c, TRAIN, |epoch| (epoch.loss, train * epoch.end.1, validation * epoch.end.2))
            })
            .mistake("loss_measured_anew", LOSS_MEASURED_ANEW, |c| blank(c, TRAIN, |epoch| epoch.end))
            .mistake("loss_measured_anew", LOSS_MEASURED_ANEW, |c| {
                blank(c, TRAIN, |epoch| (epoch.start.0, epoch.end.1, epoch.end.2))
            })
            .mistake("accuracy_before_the_epoch", ACCURACY_BEFORE_THE_EPOCH, |c| {
                blank(c, TRAIN, |epoch| (epoch.loss, epoch.start.1, epoch.start.2))
            })
            .mistake("accuracy_before_the_epoch", ACCURACY_BEFORE_THE_EPOCH, |c| {
                blank(c, TRAIN, |epoch| (epoch.loss, epoch.start.1, epoch.end.2))
            })
            .mistake_if(
                "stopped_early",
                "The history ends before the last epoch. Run and record all epochs, also where an accuracy stands \
                 still or falls, or the loss rises.",
                |c, seen| seen.vector("train_loss").len() < c.count("epochs") && !has_lost_epochs(c, seen),
            )
            .mistake_if("history_begun_again", HISTORY_BEGUN_AGAIN, has_lost_epochs)
            .mistake_if(
                "other_batch_size",
                "The batches do not have `config.batch_size` samples. Pass it to `train_epoch`.",
                |c, seen| {
                    let n = c.counts("labels_train").len();
                    (1..=n).filter(|size| *size != c.count("batch_size").min(n)).any(|size| {
                        let other = with_part(c, "batch_size", size);
                        close(&losses_on_blank(&other, TRAIN), &seen.vector("train_loss").to_vec())
                    })
                },
            )
            .mistake_if(
                "accuracy_above_one",
                "An accuracy in the history is above 1, but it is a fraction: record the `accuracy` that `evaluate` returns.",
                |_, seen| {
                    ["train_accuracy", "validation_accuracy"]
                        .iter()
                        .any(|name| seen.vector(name).iter().any(|accuracy| *accuracy > 1.0))
                },
            )
            .mistake_if(
                "validation_learned_from",
                "The network is trained on the validation samples, alone or with the others. Train on `x_train` alone, \
                 and only evaluate the others.",
                |c, seen| {
                    let parts: [&[&[&str]]; 3] =
                        [&[&["validation"]], &[&["train", "validation"]], &[&["train"], &["validation"]]];
                    parts.iter().any(|parts| close(&losses_on_blank(c, parts), &seen.vector("train_loss").to_vec()))
                },
            ),
        Check::new(
            "train_stands_still",
            "train",
            "with the learning rate 0 the history describes the initial network",
            1,
        )
        .asks("train")
        .after("train_blank")
        .after("every_sample_counts")
        .after("evaluate_only_looks")
        .on(|draw| {
            // All inputs point the same way, so a network without biases gives all the same class. Whichever it is,
            // a different fraction of either part has it.
            let inputs =
                |n: usize| Array2::from_shape_fn((n, 2), |(row, column)| [1.0, -0.6][column] * (1.0 + row as f64));
            let [train, validation] = uneven(draw);
            vec![
                training(inputs(7), &train, inputs(5), &validation)
                    .with("sizes", vec![2_usize, 24, 3])
                    .with("learning_rate", 0.0)
                    .with("batch_size", 3_usize)
                    .with("epochs", 2_usize)
                    .with("seed", seed(draw))
                    .with(EVALUATED, true),
            ]
        })
        .has_none_of(&FAULTS_OF_A_STANDSTILL, |c, seen| {
            let (loss, train) = measured(c, seen, "train", 1.0);
            let (_, validation) = measured(c, seen, "validation", 1.0);
            let evaluated = ["train", "validation"].map(|part| by_evaluate(seen, part));
            let is_scaled_by = |factor: f64| {
                close(&seen.vector("train_loss").to_vec(), &[measured(c, seen, "train", factor).0; 2])
            };
            let is_right = is_history(seen, loss, train, validation);
            match is_right || is_history(seen, loss, evaluated[0], evaluated[1]) {
                _ if is_drawn_once(seen) => Err("generator_of_its_own".to_owned()),
                true => Ok(()),
                _ if [16.0, 255.0].into_iter().any(is_scaled_by) => Err("scaled_twice".to_owned()),
                false => Err(format!(
                    "The network that is returned has the loss {loss:.6} and the accuracy {train:.4} on the training \
                     samples, and the accuracy {validation:.4} on the others. With the learning rate 0 it was the same \
                     in every epoch, but the history has other numbers."
                )),
            }
        }),
        Check::new("train_orders", "train", "train gives every epoch another order of the samples", 1)
            .about("train")
            .after("shuffles")
            .after("train_history")
            .after("train_stands_still")
            .on(|draw| {
                let (x, other) = (draw::matrix(draw, (5, 2), 2.0), draw::matrix(draw, (3, 2), 2.0));
                vec![
                    training(x, &[0, 1, 2, 2, 1], other, &[0, 1, 2])
                        .with("sizes", vec![2_usize, 3])
                        .with("learning_rate", 0.75)
                        .with("batch_size", 2_usize)
                        .with("epochs", 6_usize)
                        .with("seed", seed(draw)),
                ]
            })
            .has_none_of(
                &[(
                    "one_order_for_all_epochs",
                    "Every epoch has the same order, although `train_epoch` shuffles. Pass it the argument `rng`, which \
                     continues from epoch to epoch.",
                )],
                |c, seen| {
                    let after = |epoch: usize| seen.vector(&format!("parameters after epoch {epoch}")).to_vec();
                    let leads_on = |epoch: usize, order: &[usize]| {
                        let (weights, biases) = (after(epoch - 1)[..6].to_vec(), after(epoch - 1)[6..].to_vec());
                        let before = Record::new()
                            .with("x", c.matrix("x_train").to_owned())
                            .with("labels", c.counts("labels_train"))
                            .with("weights", Array2::from_shape_vec((2, 3), weights).expect("two times three"))
                            .with("biases", Array1::from(biases))
                            .with("learning_rate", c.float("learning_rate"));
                        let net = in_batches(&before, order, order, c.count("batch_size"));
                        close(&after(epoch), &net.parameters().to_vec())
                    };
                    let epochs = 1..=c.count("epochs");
                    if orders(5).iter().any(|order| epochs.clone().all(|epoch| leads_on(epoch, order))) {
                        return Err("one_order_for_all_epochs");
                    }
                    match epochs.clone().all(|epoch| orders(5).iter().any(|order| leads_on(epoch, order))) {
                        true => Ok(()),
                        false => Err("An epoch more, from the same seed, is not another epoch of steps on batches."),
                    }
                },
            ),
        Check::new("train_learns", "train", "the history describes the trained network that is returned", 1)
            .asks("train")
            .after("train_stands_still")
            .after("batches")
            .on(|draw| {
                // Three clouds far apart. A third of the labels put aside are wrong on purpose.
                [1_usize, 8]
                    .map(|epochs| {
                        // The first three classes are sure to be there; the others are drawn.
                        let mut some = |n: usize| -> Vec<usize> {
                            (0..n).map(|sample| if sample < 3 { sample } else { draw::count(draw, 3) }).collect()
                        };
                        let (labels, right) = (some(60), some(30));
                        let wrong =
                            |(sample, label): (usize, &usize)| if sample < 10 { (label + 1) % 3 } else { *label };
                        let wrong: Vec<usize> = right.iter().enumerate().map(wrong).collect();
                        training(clouds(draw, &labels), &labels, clouds(draw, &right), &wrong)
                            .with("sizes", vec![2_usize, 16, 3])
                            .with("learning_rate", 0.25)
                            .with("batch_size", 4_usize)
                            .with("epochs", epochs)
                            .with("seed", seed(draw))
                            .with(EVALUATED, true)
                    })
                    .to_vec()
            })
            .has_none_of(&[("another_network_returned", ANOTHER_NETWORK_RETURNED)], |c, seen| {
                let (noted, found) = last_accuracies(c, seen);
                let evaluated = ["train", "validation"].map(|part| by_evaluate(seen, part));
                let (losses, n_epochs) = (seen.vector("train_loss"), c.count("epochs"));
                match close(&noted, &found) || close(&noted, &evaluated) {
                    false if noted[0] > found[0] + 0.1 => Err("another_network_returned".to_owned()),
                    false => Err(format!(
                        "The last accuracies in the history are {:.4} and {:.4}. The network that is returned has the \
                         accuracy {:.4} on the training samples, and {:.4} on the others.",
                        noted[0], noted[1], found[0], found[1]
                    )),
                    true if found[0] > 0.9 && (n_epochs == 1 || losses[n_epochs - 1] < LEARNED) => Ok(()),
                    true => Err("Three clouds that lie far apart are not separated after some epochs.".to_owned()),
                }
            }),
    ]
}

/// Where three clouds lie far apart, the loss of an epoch falls below this, but not yet in the first one.
const LEARNED: f64 = 0.04;
const ANOTHER_NETWORK_RETURNED: &str =
    "The network that is returned is not the one of the history: return the trained one.";
const HISTORY_BEGUN_AGAIN: &str = "All epochs run, but the history has fewer numbers. Create it once, before the loop, and \
                                  add a number to each list in each epoch.";
const LOSS_MEASURED_ANEW: &str = "`train_loss` is measured before or after the epoch. Record what `train_epoch` \
                                  returns: the mean of the losses before each step.";
const ACCURACY_BEFORE_THE_EPOCH: &str = "An accuracy, of the training or of the validation samples, is measured \
     before the epoch. Measure both *after* it, so that the last ones belong to the network that you return.";
/// What is commonly wrong where nothing is learned.
const FAULTS_OF_A_STANDSTILL: [(&str, &str); 2] = [
    (
        "generator_of_its_own",
        "Two trainings begin with the same network. Pass `rng` to `mlp`, so that its weights differ.",
    ),
    ("scaled_twice", "The inputs are divided by 16 or 255 again: only `scale_pixels` does that."),
];

fn training(
    x_train: Array2<f64>,
    labels_train: &[usize],
    x_validation: Array2<f64>,
    labels_validation: &[usize],
) -> Record {
    Record::new()
        .with("x_train", x_train)
        .with("labels_train", labels_train.to_vec())
        .with("x_validation", x_validation)
        .with("labels_validation", labels_validation.to_vec())
}

/// Whether `on_epoch` heard of all epochs, and the history has fewer.
fn has_lost_epochs(c: &Record, seen: &Record) -> bool {
    let has_fewer = seen.counts("lengths").iter().any(|length| *length < c.count("epochs"));
    has_fewer && seen.counts("epochs that on_epoch saw").len() == c.count("epochs")
}

/// The record with another value for one of its parts.
fn with_part(record: &Record, name: &str, value: impl Into<Value>) -> Record {
    let mut value = Some(value.into());
    record.parts().fold(Record::new(), |new, (part, old)| {
        let value = if part == name { value.take() } else { None };
        new.with(part, value.unwrap_or_else(|| old.clone()))
    })
}

/// A point for each label, around the centre of its class.
fn clouds(draw: &mut probe::Generator, labels: &[usize]) -> Array2<f64> {
    let (n, centres) = (labels.len(), array![[3.0, 0.0], [-1.5, 2.5], [-1.5, -2.5]]);
    draw::matrix(draw, (n, 2), 0.75) + Array2::from_shape_fn((n, 2), |(i, feature)| centres[[labels[i], feature]])
}

/// Seven labels and five of three classes, of which no two have the same share of either.
fn uneven(draw: &mut probe::Generator) -> [Vec<usize>; 2] {
    let mut classes = [0, 1, 2];
    classes.shuffle(draw);
    let labels = |mut ranks: Vec<usize>, draw: &mut probe::Generator| {
        ranks.shuffle(draw);
        ranks.into_iter().map(|rank| classes[rank]).collect()
    };
    [labels(vec![0, 0, 0, 0, 1, 1, 2], draw), labels(vec![0, 1, 1, 1, 2], draw)]
}

/// What is learned from, as [`blank`] takes it.
const TRAIN: &[&[&str]] = &[&["train"]];

/// Loss and both accuracies.
type Noted = (f64, f64, f64);

/// An epoch on blank images.
struct BlankEpoch {
    start: Noted,
    /// The mean of the losses of the samples, each before the step on its batch.
    loss: f64,
    end: Noted,
}

/// The history of a network that sees blank images. In an epoch it learns from these parts of the data, one list after the
/// other; the losses are those on the first list. `note` makes an entry of an epoch.
fn blank(c: &Record, parts: &[&[&str]], note: impl Fn(&BlankEpoch) -> Noted) -> Record {
    let labels = |part: &str| c.counts(&format!("labels_{part}"));
    let learned: Vec<Vec<usize>> =
        parts.iter().map(|list| list.iter().flat_map(|part| labels(part)).collect()).collect();
    let mut biases = Array1::<f64>::zeros(3);
    let scores_of = |biases: &Array1<f64>, n: usize| Array2::from_shape_fn((n, 3), |(_, class)| biases[class]);
    let state = |biases: &Array1<f64>| {
        let right = |labels: &[usize]| accuracy(&scores_of(biases, labels.len()), labels);
        let loss = cross_entropy(&scores_of(biases, learned[0].len()), &learned[0]);
        (loss, right(&labels("train")), right(&labels("validation")))
    };
    let mut history: Vec<Noted> = Vec::new();
    for _ in 0..c.count("epochs") {
        let start = state(&biases);
        let mut losses = Vec::new();
        for labels in &learned {
            let mut total = 0.0;
            for batch in labels.chunks(c.count("batch_size")) {
                let z = scores_of(&biases, batch.len());
                total += cross_entropy(&z, batch) * batch.len() as f64;
                biases.scaled_add(-c.float("learning_rate"), &gradient(&z, batch).sum_axis(Axis(0)));
            }
            losses.push(total / labels.len() as f64);
        }
        history.push(note(&BlankEpoch { start, loss: losses[0], end: state(&biases) }));
    }
    let column = |number: fn(&Noted) -> f64| history.iter().map(number).collect::<Array1<f64>>();
    Record::new()
        .with("train_loss", column(|noted| noted.0))
        .with("train_accuracy", column(|noted| noted.1))
        .with("validation_accuracy", column(|noted| noted.2))
}

/// What is noted of a training, but for the numbers: how many there are, what `on_epoch` saw, and what network it is.
fn noted(c: &Record) -> Record {
    let epochs = c.count("epochs");
    Record::new()
        .with("lengths", vec![epochs; 3])
        .with("epochs that on_epoch saw", (1..=epochs).collect::<Vec<usize>>())
        .with("network", summary(&c.counts("sizes")))
}

/// What the engine says of a network with these sizes.
fn summary(sizes: &[usize]) -> String {
    let mut lines: Vec<(String, usize)> = Vec::new();
    for pair in sizes.windows(2) {
        if !lines.is_empty() {
            lines.push(("ReLU".to_owned(), 0));
        }
        lines.push((format!("Linear {} -> {}", pair[0], pair[1]), (pair[0] + 1) * pair[1]));
    }
    let total: usize = lines.iter().map(|(_, count)| count).sum();
    let lines = lines.iter().zip(1..).map(|((layer, count), number)| format!("{number:>2}  {layer:<20}{count:>10}\n"));
    lines.collect::<String>() + &format!("{total:>34}\n")
}

/// The loss and the accuracy of the returned network on a part of the data, if its inputs were divided by `factor`:
/// where all biases are 0, scores are divided with the inputs.
fn measured(c: &Record, seen: &Record, part: &str, factor: f64) -> (f64, f64) {
    let (z, labels) = (seen.matrix(&format!("scores_{part}")).to_owned() / factor, c.counts(&format!("labels_{part}")));
    (cross_entropy(&z, &labels), accuracy(&z, &labels))
}

/// Has the probe ask `evaluate` for the accuracies of the network that is returned: a history that notes what a wrong one
/// says is right.
const EVALUATED: &str = "evaluated at the end";

fn by_evaluate(seen: &Record, part: &str) -> f64 {
    seen.float(&format!("evaluated {part}"))
}

/// The losses of that history.
fn losses_on_blank(c: &Record, parts: &[&[&str]]) -> Vec<f64> {
    blank(c, parts, |epoch| (epoch.loss, epoch.end.1, epoch.end.2)).vector("train_loss").to_vec()
}

/// Whether another training with the same generator, and the learning rate 0, has the same network.
fn is_drawn_once(seen: &Record) -> bool {
    seen.matrix("scores_train") == seen.matrix("scores_train of the next network")
}

/// Whether the history says these three numbers in both of its epochs.
fn is_history(seen: &Record, loss: f64, train: f64, validation: f64) -> bool {
    [("train_loss", loss), ("train_accuracy", train), ("validation_accuracy", validation)]
        .iter()
        .all(|(name, number)| close(&seen.vector(name).to_vec(), &[*number; 2]))
}

/// The accuracies on both parts after the last epoch: as noted in the history, and of the network that was returned.
fn last_accuracies(c: &Record, seen: &Record) -> ([f64; 2], [f64; 2]) {
    let noted =
        ["train_accuracy", "validation_accuracy"].map(|name| seen.vector(name).last().copied().unwrap_or(f64::NAN));
    (noted, ["train", "validation"].map(|part| measured(c, seen, part, 1.0).1))
}

fn tables() -> [Check; 5] {
    [
        Check::new("confusion_matrix", "confusion_matrix", "confusion_matrix has a row for each true class", 1)
            .on(|draw| {
                let [labels, predicted] = [(); 2].map(|()| (0..12).map(|_| draw::count(draw, 4)).collect::<Vec<_>>());
                let case = |labels: &[usize], predicted: &[usize], n_classes: usize| {
                    Record::new()
                        .with("labels", labels.to_vec())
                        .with("predicted", predicted.to_vec())
                        .with("n_classes", n_classes)
                };
                vec![
                    case(&[0, 0, 1, 1, 2, 2, 2], &[0, 1, 1, 1, 2, 0, 2], 3),
                    // The largest class is neither there nor predicted.
                    case(&[1, 0, 1, 1, 2], &[0, 0, 0, 2, 2], 4),
                    case(&labels, &predicted, 5),
                ]
            })
            .expects(|c| counted(c, |_, _| true))
            .mistake("each_pair_once", "No entry is above 1. Count the samples: `+= 1`.", |c| {
                counted(c, |_, _| true).mapv(|count| count.min(1.0))
            })
            .mistake("only_errors_counted", "The diagonal is zero. Count the right predictions there.", |c| {
                counted(c, |label, predicted| label != predicted)
            }),
        Check::new("no_such_class", "confusion_matrix", "confusion_matrix refuses what does not fit", 1)
            .asks("confusion_matrix")
            .after("confusion_matrix")
            .on(|draw| {
                let drawn: Vec<usize> = (0..4).map(|_| draw::count(draw, 3)).collect();
                [
                    (drawn.clone(), vec![0, 1, 2, 0]),
                    (vec![0, 3], vec![0, 1]),
                    (vec![0, 1], vec![3, 1]),
                    (vec![0, 1, 2], vec![0, 1]),
                    (vec![0, 1], vec![0, 1, 2]),
                ]
                .map(|(labels, predicted)| {
                    Record::new().with("labels", labels).with("predicted", predicted).with("n_classes", 3_usize)
                })
                .to_vec()
            })
            .expects(|c| counted(c, |_, _| true))
            .panics_where("there are not as many labels as predictions", |c| {
                c.counts("labels").len() != c.counts("predicted").len()
            })
            .panics_where("a label or a prediction is not below `n_classes`", |c| {
                c.counts("labels").iter().chain(&c.counts("predicted")).any(|class| *class > 2)
            }),
        Check::new("precision_recall_f1", "precision_recall_f1", "precision goes down a column, recall along a row", 2)
            .on(|draw| {
                vec![
                    matrix(array![[1.0, 1.0, 0.0], [0.0, 2.0, 0.0], [1.0, 0.0, 2.0]]),
                    matrix(array![[7.0, 2.0], [5.0, 1.0]]),
                    matrix(array![
                        [8.0, 1.0, 0.0, 3.0],
                        [2.0, 6.0, 1.0, 1.0],
                        [0.0, 4.0, 5.0, 0.0],
                        [1.0, 0.0, 2.0, 9.0]
                    ]),
                    matrix(draw::matrix(draw, (3, 3), 9.0).mapv(|count| 1.0 + count.abs().round())),
                ]
            })
            .computes(class_reports)
            .mistake("f1_another_mean", F1_ANOTHER_MEAN, |c| reports(c, |p, r| (p, r, (p + r) / 2.0)))
            .mistake("f1_another_mean", F1_ANOTHER_MEAN, |c| reports(c, |p, r| (p, r, (p * r).sqrt())))
            .mistake(
                "recall_of_all_classes",
                "Recall is the accuracy, the same for every class. Of the samples of *this* class, it is the fraction that \
                 was predicted as it.",
                |c| {
                    let matrix = c.matrix("matrix");
                    let accuracy: f64 = matrix.diag().sum() / matrix.sum();
                    Record::new().with("recall", Array1::from_elem(matrix.nrows(), accuracy))
                },
            )
            .mistake_if(
                "divided_by_the_wrong_ones",
                "The right predictions of a class are divided by the wrong ones. Divide by both together: the sum of the \
                 column for precision, of the row for recall.",
                |c, seen| {
                    let odds = reports(c, |p, r| (p / (1.0 - p), r / (1.0 - r), 0.0));
                    ["precision", "recall"].iter().any(|part| {
                        let odds = odds.vector(part).to_vec();
                        odds.iter().all(|odds| odds.is_finite()) && close(&odds, &seen.vector(part).to_vec())
                    })
                },
            ),
        Check::new("nothing_of_a_class", "precision_recall_f1", "0 / 0 counts as 0, and no class is left out", 1)
            .asks("precision_recall_f1")
            .after("precision_recall_f1")
            .on(|draw| {
                let count = |draw: &mut probe::Generator| 1.0 + draw::count(draw, 20) as f64;
                vec![
                    matrix(array![[count(draw), 0.0], [count(draw), 0.0]]),
                    // Class 1 is never predicted, class 2 is not there, class 3 neither.
                    matrix(array![
                        [3.0, 0.0, 1.0, 0.0],
                        [2.0, 0.0, 0.0, 0.0],
                        [0.0, 0.0, 0.0, 0.0],
                        [0.0, 0.0, 0.0, 0.0]
                    ]),
                ]
            })
            .expects(|c| reports(c, |p, r| (or(p, 0.0), or(r, 0.0), or(harmonic(or(p, 0.0), or(r, 0.0)), 0.0))))
            .mistake_if(
                "nan_for_nothing",
                "0 / 0 is NaN for an f64, and a NaN makes every mean NaN. Use 0 for 0 / 0, also in F1.",
                |_, seen| ["precision", "recall", "f1"].iter().any(|name| seen.vector(name).iter().any(|x| x.is_nan())),
            )
            .mistake(
                "one_for_nothing",
                "0 / 0 counts as 1, so a class that was never recognised looks perfect. Use 0 for 0 / 0.",
                |c| reports(c, |p, r| (or(p, 1.0), or(r, 1.0), harmonic(or(p, 1.0), or(r, 1.0)))),
            ),
        Check::new(
            "most_confused",
            "most_confused",
            "most_confused lists which class is predicted as which, most frequent first",
            2,
        )
        .on(|draw| {
            let drawn = Array2::from_shape_simple_fn((4, 4), || draw::count(draw, 9) as f64);
            let mut cases = vec![matrix(drawn).with("n", 5_usize)];
            let four = array![[9.0, 2.0, 0.0, 5.0], [3.0, 8.0, 2.0, 0.0], [0.0, 2.0, 9.0, 1.0], [6.0, 0.0, 5.0, 7.0]];
            for n in [4_usize, 6, 100] {
                cases.push(matrix(four.clone()).with("n", n));
            }
            cases.push(matrix(array![[4.0, 0.0], [0.0, 3.0]]).with("n", 3_usize));
            cases
        })
        .expects(|c| ranked(c, c.count("n"), is_confusion, most_frequent_first))
        .mistake(
            "diagonal_ranked",
            "The list contains entries of the diagonal: a 4 that is predicted as a 4 is not a confusion.",
            |c| ranked(c, c.count("n"), |(_, _, count)| *count > 0, most_frequent_first),
        )
        .mistake(
            "never_confused_ranked",
            "The list contains confusions that never happened. Leave out those whose count is 0.",
            |c| ranked(c, c.count("n"), |(label, predicted, _)| label != predicted, most_frequent_first),
        )
        .mistake(
            "single_confusions_left_out",
            "Confusions that happened once are missing. Leave out only those that never happened.",
            |c| ranked(c, c.count("n"), |entry| is_confusion(entry) && entry.2 > 1, most_frequent_first),
        )
        .mistake("pairs_without_direction", PAIRS_WITHOUT_DIRECTION, |c| {
            of_both_directions(c, |pair| pair.0 < pair.1 && is_confusion(pair))
        })
        .mistake("pairs_without_direction", PAIRS_WITHOUT_DIRECTION, |c| {
            of_both_directions(c, |pair| pair.0 != pair.1 && c.matrix("matrix")[[pair.0, pair.1]] > 0.0)
        })
        .mistake(
            "cut_before_it_is_sorted",
            "The list is cut to `n` entries before it is sorted, so frequent confusions are lost. Sort first.",
            |c| {
                let mut first = c.matrix("matrix").to_owned();
                let confusions = first.indexed_iter_mut().filter(|((row, column), count)| row != column && **count > 0.0);
                confusions.skip(c.count("n")).for_each(|(_, count)| *count = 0.0);
                ranked(&matrix(first), c.count("n"), is_confusion, most_frequent_first)
            },
        )
        .mistake(
            "one_direction_only",
            "Only pairs with the smaller class first are in the list. A 9 predicted as a 4 is a confusion as well.",
            |c| ranked(c, c.count("n"), |pair| pair.0 < pair.1 && is_confusion(pair), most_frequent_first),
        )
        .mistake(
            "least_confused_first",
            "The rarest confusion comes first. Sort the other way round: `Reverse(count)`, or `b.cmp(a)`.",
            |c| ranked(c, c.count("n"), is_confusion, |list| list.sort_by_key(|confusion| confusion.2)),
        )
        .mistake("equals_in_another_order", EQUALS_IN_ANOTHER_ORDER, |c| {
            ranked(c, c.count("n"), is_confusion, |list| list.sort_by_key(|entry| Reverse((entry.2, entry.0, entry.1))))
        })
        .mistake("equals_in_another_order", EQUALS_IN_ANOTHER_ORDER, |c| {
            ranked(c, c.count("n"), is_confusion, |list| list.sort_by_key(|entry| (Reverse(entry.2), entry.1, entry.0)))
        })
        .mistake_panics("fewer_than_n", "There may be fewer than `n` confusions: `truncate(n)` and `take(n)` allow that.", |c| {
            ranked(c, usize::MAX, is_confusion, most_frequent_first).nrows() < c.count("n")
        }),
    ]
}

/// The confusion matrix, with the samples that are `counted`.
fn counted(c: &Record, counted: fn(usize, usize) -> bool) -> Array2<f64> {
    let mut matrix = Array2::zeros((c.count("n_classes"), c.count("n_classes")));
    for (label, predicted) in c.counts("labels").into_iter().zip(c.counts("predicted")) {
        if counted(label, predicted) {
            matrix[[label, predicted]] += 1.0;
        }
    }
    matrix
}

fn matrix(matrix: Array2<f64>) -> Record {
    Record::new().with("matrix", matrix)
}

const F1_ANOTHER_MEAN: &str = "F1 is the arithmetic or the geometric mean here. Use the harmonic mean, \
     2pr / (p + r): it is small if one of the two is.";

/// Precision, recall and F1 of each class.
fn class_reports(f: &Formula) -> [(&'static str, Num); 3] {
    let matrix = f.input("matrix");
    let n_classes = matrix.n_rows();
    let sums = f.input("matrix").aggregate(Aggregate::Sum, Over::Row);
    let n_true = f.vector(&(0..n_classes).map(|class| sums.at(class)).collect::<Vec<_>>()).named("n_true");
    let diagonal: Vec<Num> = (0..n_classes).map(|class| matrix.at(class * n_classes + class)).collect();
    let right = f.vector(&diagonal).named("right");
    let n_predicted = matrix.aggregate(Aggregate::Sum, Over::Samples).named("n_predicted");
    let (precision, recall) = ((&right / n_predicted).named("precision"), (right / n_true).named("recall"));
    let f1 = 2.0 * &precision * &recall / (&precision + &recall);
    [("precision", precision), ("recall", recall), ("f1", f1)]
}

/// What `report` makes of each class's precision and recall, which may be NaN.
fn reports(c: &Record, report: impl Fn(f64, f64) -> (f64, f64, f64)) -> Record {
    let matrix = c.matrix("matrix");
    let (predicted, there) = (matrix.sum_axis(Axis(0)), matrix.sum_axis(Axis(1)));
    let of_class = |class| {
        let right: f64 = matrix[[class, class]];
        report(right / predicted[class], right / there[class])
    };
    let reports: Vec<(f64, f64, f64)> = (0..matrix.nrows()).map(of_class).collect();
    let column = |number: fn(&(f64, f64, f64)) -> f64| reports.iter().map(number).collect::<Array1<f64>>();
    Record::new()
        .with("precision", column(|report| report.0))
        .with("recall", column(|report| report.1))
        .with("f1", column(|report| report.2))
}

fn harmonic(precision: f64, recall: f64) -> f64 {
    2.0 * precision * recall / (precision + recall)
}

/// `number`, or `otherwise` if it is none.
fn or(number: f64, otherwise: f64) -> f64 {
    if number.is_nan() { otherwise } else { number }
}

/// True class, predicted class, and how often.
type Entry = (usize, usize, usize);

fn is_confusion((label, predicted, count): &Entry) -> bool {
    label != predicted && *count > 0
}

fn most_frequent_first(list: &mut [Entry]) {
    list.sort_by_key(|entry| Reverse(entry.2));
}

const PAIRS_WITHOUT_DIRECTION: &str =
    "Both directions of a pair are added up, but a 4 read as a 9 is not a 9 read as a 4.";
const EQUALS_IN_ANOTHER_ORDER: &str = "Equally frequent confusions are in the wrong order: sort them by true class, \
     then by predicted class. A list that is reversed after sorting has its equals reversed as well.";

/// The same of the matrix with both directions of each pair added up.
fn of_both_directions(c: &Record, meant: impl Fn(&Entry) -> bool) -> Array2<f64> {
    let both = matrix(&c.matrix("matrix") + &c.matrix("matrix").t());
    ranked(&both, c.count("n"), meant, most_frequent_first)
}

/// The first `n` of the entries that are `meant`, row by row and then in another order.
fn ranked(c: &Record, n: usize, meant: impl Fn(&Entry) -> bool, order: fn(&mut [Entry])) -> Array2<f64> {
    let matrix = c.matrix("matrix");
    let entries = matrix.indexed_iter().map(|((row, column), &count)| (row, column, count as usize));
    let mut list: Vec<Entry> = entries.filter(meant).collect();
    order(&mut list);
    list.truncate(n);
    let numbers = list.iter().flat_map(|&(label, predicted, count)| [label, predicted, count]);
    let numbers = numbers.map(|number| number as f64).collect();
    Array2::from_shape_vec((list.len(), 3), numbers).expect("three numbers a row")
}

/// A layer and samples of four features; labels are below `n_classes`.
fn samples(draw: &mut probe::Generator, labels: &[usize], n_classes: usize) -> Record {
    Record::new()
        .with("x", draw::matrix(draw, (labels.len(), 4), 2.0))
        .with("labels", labels.to_vec())
        .with("weights", draw::matrix(draw, (4, n_classes), 1.0))
        .with("biases", draw::vector(draw, n_classes, 1.0))
        .with("seed", seed(draw))
}

fn epoch(samples: Record, batch_size: usize, learning_rate: f64) -> Record {
    samples.with("batch_size", batch_size).with("learning_rate", learning_rate)
}

/// Of a generator that the probe makes.
fn seed(draw: &mut probe::Generator) -> usize {
    rand::RngExt::random_range(draw, 0..1000)
}

/// A network of one layer.
#[derive(Clone)]
struct Net {
    weights: Array2<f64>,
    biases: Array1<f64>,
}

fn net(c: &Record) -> Net {
    Net { weights: c.matrix("weights").to_owned(), biases: c.vector("biases").to_owned() }
}

impl Net {
    fn scores(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        x.dot(&self.weights) + &self.biases
    }

    /// A step on the mean loss of a batch.
    fn step(&mut self, x: &ArrayRef2<f64>, labels: &[usize], learning_rate: f64) {
        let d_scores = gradient(&self.scores(x), labels);
        self.weights.scaled_add(-learning_rate, &x.t().dot(&d_scores));
        self.biases.scaled_add(-learning_rate, &d_scores.sum_axis(Axis(0)));
    }

    fn parameters(&self) -> Array1<f64> {
        self.weights.iter().chain(&self.biases).copied().collect()
    }
}

fn softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    let e = z.mapv(f64::exp);
    let sums = e.sum_axis(Axis(1)).insert_axis(Axis(1));
    e / sums
}

/// The mean of `-ln p` of the true classes.
fn cross_entropy(z: &ArrayRef2<f64>, labels: &[usize]) -> f64 {
    let p = softmax(z);
    -labels.iter().enumerate().map(|(row, &label)| p[[row, label]].ln()).sum::<f64>() / labels.len() as f64
}

/// Of [`cross_entropy`], with respect to the scores.
fn gradient(z: &ArrayRef2<f64>, labels: &[usize]) -> Array2<f64> {
    let mut d_scores = softmax(z);
    for (row, &label) in labels.iter().enumerate() {
        d_scores[[row, label]] -= 1.0;
    }
    d_scores / labels.len() as f64
}

/// The scores of the network, as a formula that can be varied.
fn scores_of(f: &Formula) -> Num {
    (f.input("x").dot(&f.input("weights")) + f.input("biases")).named("scores")
}

fn softmax_of(scores: &Num) -> Num {
    let exponentials = scores.exp().named("exp(scores)");
    (&exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)).named("p")
}

fn cross_entropy_of(f: &Formula, scores: &Num) -> Num {
    -softmax_of(scores).pick(&f.input("labels")).ln().mean()
}

fn accuracy(z: &ArrayRef2<f64>, labels: &[usize]) -> f64 {
    let predicted = argmax(&scores(z.to_owned()), f64::NEG_INFINITY, |score, best| score > best);
    predicted.iter().zip(labels).filter(|(predicted, label)| predicted == label).count() as f64 / labels.len() as f64
}

/// Epochs of one batch: one that is just full, and one that is not.
fn one_batch_cases(draw: &mut probe::Generator) -> Vec<Record> {
    [(vec![0, 2, 1, 0], 4_usize), (vec![1, 0, 1], 10)]
        .map(|(labels, batch_size)| epoch(samples(draw, &labels, 3), batch_size, 0.3))
        .to_vec()
}

/// Epochs of several batches, the last one shorter.
fn batches_cases(draw: &mut probe::Generator) -> Vec<Record> {
    [(vec![0, 1, 2, 0], 3_usize), (vec![2, 0, 1, 1, 0], 2)]
        .map(|(labels, batch_size)| epoch(samples(draw, &labels, 3), batch_size, 0.75))
        .to_vec()
}

/// How far the scores are from a 1 for the true class and a 0 for the others.
fn error_of(f: &Formula, scores: &Num) -> Num {
    scores - f.input("labels").one_hot(scores)
}

/// The parameters after a step against these slopes of the scores.
fn step_along(f: &Formula, d_scores: &Num) -> [(&'static str, Num); 2] {
    let step = (f.input("learning_rate") * d_scores).named("step");
    let weights = f.input("weights") - f.input("x").t().dot(&step);
    let biases = f.input("biases") - step.aggregate(Aggregate::Sum, Over::Samples);
    [("weights", weights), ("biases", biases)]
}

/// The parameters after steps on batches of these rows.
fn steps_on(c: &Record, rows: impl Iterator<Item = usize>, batch_size: usize) -> Record {
    let rows: Vec<usize> = rows.collect();
    let Net { weights, biases } = in_batches(c, &rows, &rows, batch_size);
    Record::new().with("weights", weights).with("biases", biases)
}

/// The network after steps on batches of these rows, with these samples' labels.
fn in_batches(c: &Record, rows: &[usize], labels: &[usize], batch_size: usize) -> Net {
    let (mut net, all_labels) = (net(c), c.counts("labels"));
    for (rows, labels) in rows.chunks(batch_size).zip(labels.chunks(batch_size)) {
        let labels: Vec<usize> = labels.iter().map(|&sample| all_labels[sample]).collect();
        net.step(&c.matrix("x").select(Axis(0), rows), &labels, c.float("learning_rate"));
    }
    net
}

/// The mean loss of the samples in an epoch in this order, each before the step on its batch.
fn loss_on_the_way(c: &Record, order: &[usize]) -> f64 {
    let (mut net, all_labels, mut total) = (net(c), c.counts("labels"), 0.0);
    for batch in order.chunks(c.count("batch_size")) {
        let (x, labels) =
            (c.matrix("x").select(Axis(0), batch), batch.iter().map(|&row| all_labels[row]).collect::<Vec<_>>());
        total += cross_entropy(&net.scores(&x), &labels) * batch.len() as f64;
        net.step(&x, &labels, c.float("learning_rate"));
    }
    total / order.len() as f64
}

/// All orders of the numbers below `n`.
fn orders(n: usize) -> Vec<Vec<usize>> {
    let Some(last) = n.checked_sub(1) else { return vec![Vec::new()] };
    let put = |order: Vec<usize>| {
        (0..n).map(move |place| {
            let mut order = order.clone();
            order.insert(place, last);
            order
        })
    };
    orders(last).into_iter().flat_map(put).collect()
}

fn is_net(seen: &Record, net: &Net) -> bool {
    close(&seen.vector("parameters").to_vec(), &net.parameters().to_vec())
}

/// Whether all numbers agree up to rounding.
fn close(some: &[f64], others: &[f64]) -> bool {
    some.len() == others.len() && some.iter().zip(others).all(|(one, other)| (one - other).abs() <= 1e-9)
}
