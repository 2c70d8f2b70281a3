//! What is right in exercise 25, and what is commonly got wrong.
//!
//! The references are formulas in `f64`. What dfdx computes in `f32` is compared with them in as many digits as `f32` has.
//! Most networks have one layer; that of the race has three.
//!
//! The generator decides the order of the samples in an epoch, and the device what dropout drops. So both are compared with
//! all possible orders and masks.

use std::array;

use judge::prelude::*;
use rand::seq::SliceRandom;

/// An `f32` has 24 significant bits, a little more than seven digits; sums and steps lose some of them.
const F32: Tolerance = Tolerance { relative: 1e-4, absolute: 1e-5 };

/// What the held-out digits are, in IDX form: no probe and no submission ever sees this.
const HELD_OUT_LABELS: &[u8] = include_bytes!("../14_mnist_mlp/held-out-labels-idx1-ubyte");
/// Of a file of labels, in bytes.
const HEADER: usize = 8;

/// `solutions/25_framework_digits/tests/goals.rs` measures how far right trainings are from these.
const DIGITS_GOAL: f64 = 0.85;
const MNIST_GOAL: f64 = 0.90;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = vec![images(), images_width(), one_hot(), one_hot_range(), one_step(), steps(), drops()];
    checks.extend([epoch_loss(), epoch_orders(), predict(), predict_nan(), accuracy(), train(), read_digits()]);
    checks.extend([patches(), patches_back(), max_pool(), max_pool_back(), read_with_filters()]);
    checks.extend([from_engine(), from_engine_sizes(), race(), race_order(), scores_in_f64()]);
    checks.extend([to_safetensors(), load_safetensors(), load_misfits(), load_unexpected(), load_broken()]);
    checks.extend([candle(), read_mnist()]);
    checks
}

/// The check says little while one of these fails.
fn after(check: Check, ids: &[&'static str]) -> Check {
    ids.iter().fold(check, |check, id| check.after(id))
}

const TENSORS: [&str; 4] = ["images", "images_width", "one_hot", "one_hot_range"];
const TRAININGS: [&str; 9] =
    ["images", "one_hot", "one_step", "steps", "drops", "epoch_loss", "epoch_orders", "predict", "accuracy"];

fn images() -> Check {
    Check::new("images", "images", "images makes a tensor with a row for each image", 2)
        .on(|draw| [1, 3, 5].map(|n| Record::new().with("x", draw::matrix(draw, (n, 4), 1.0))).to_vec())
        .expects(|c| c.matrix("x").to_owned())
        .within(F32)
        .mistake(
            "order_in_memory",
            "The numbers stand in another order. This array lies column by column in memory, as after a transposition, and its \
             memory was taken as it lies. `iter` goes by rows and columns.",
            |c| {
                let x = c.matrix("x").t().as_standard_layout().into_owned();
                x.into_shape_clone((c.matrix("x").nrows(), 4)).expect("as many numbers")
            },
        )
        .mistake_panics(
            "needs_rows_in_memory",
            "Your code panics where an array lies column by column in memory, as after a transposition: `as_slice` gives nothing \
             then. `iter` works for every array.",
            |c| c.matrix("x").nrows() > 1,
        )
}

fn images_width() -> Check {
    Check::new("images_width", "images", "images refuses images with another number of pixels", 1)
        .asks("images")
        .after("images")
        .on(|draw| {
            [(3, 4), (2, 8), (4, 2)].map(|shape| Record::new().with("x", draw::matrix(draw, shape, 1.0))).to_vec()
        })
        .expects(|c| c.matrix("x").to_owned())
        .panics_where("the network takes 4 pixels, and the images have another width", |c| c.matrix("x").ncols() != 4)
        .within(F32)
}

fn one_hot() -> Check {
    Check::new("one_hot", "one_hot", "one_hot has a 1 in the column of each label", 1)
        .on(|draw| {
            let mut labels: Vec<usize> = (0..10).collect();
            labels.shuffle(draw);
            vec![
                Record::new().with("labels", labels.clone()),
                Record::new().with("labels", vec![labels[0], labels[1], labels[0]]),
            ]
        })
        .expects(|c| ones(c, |label| (label, 1.0)))
        .within(Tolerance::EXACT)
        .mistake(
            "classes_counted_from_one",
            "Every 1 is one column too far to the right, and that of class 9 is in the first. Classes count from 0, and so do \
             columns.",
            |c| ones(c, |label| ((label + 1) % 10, 1.0)),
        )
        .mistake(
            "label_for_one",
            "The label itself stands in its column. It has to be a 1: the target is a distribution, with all of the probability \
             on the label.",
            |c| ones(c, |label| (label, label as f64)),
        )
        .mistake(
            "class_by_class",
            "The ones stand class by class: first a number for every image in class 0, then one in class 1. A tensor (n, 10) is \
             filled row by row.",
            |c| {
                let rows = ones(c, |label| (label, 1.0));
                let n = rows.nrows();
                rows.t().as_standard_layout().into_owned().into_shape_clone((n, 10)).expect("as many numbers")
            },
        )
}

fn ones(c: &Record, place: impl Fn(usize) -> (usize, f64)) -> Array2<f64> {
    let labels = c.counts("labels");
    let mut rows = Array2::zeros((labels.len(), 10));
    for (row, label) in labels.into_iter().enumerate() {
        let (column, entry) = place(label);
        rows[[row, column]] = entry;
    }
    rows
}

fn one_hot_range() -> Check {
    Check::new("one_hot_range", "one_hot", "one_hot refuses a label that is no digit", 1)
        .asks("one_hot")
        .after("one_hot")
        .on(|draw| {
            // Not in the last row: there is a next one, into which such a label could spill.
            let right = vec![draw::count(draw, 10), draw::count(draw, 10), draw::count(draw, 10)];
            [10, 13]
                .map(|wrong| vec![wrong, 1])
                .into_iter()
                .chain([right])
                .map(|l| Record::new().with("labels", l))
                .collect()
        })
        .expects(|c| ones(c, |label| (label, 1.0)))
        .panics_where("a label is not below 10", |c| c.counts("labels").iter().any(|&label| label > 9))
        .within(Tolerance::EXACT)
}

fn one_step() -> Check {
    let check = Check::new("one_step", "train_step", "train_step is one step of the optimiser on the mean loss", 4)
        .asks("train_step")
        .on(|draw| [4, 3].map(|n| step(samples(draw, n), "Sgd", 1)).to_vec())
        .computes(|f| stepped(f, cross_entropy))
        .within(F32)
        .mistake_if(
            "gradients_not_cleared",
            "The gradients that come back are not 0. The next pass would add its own to them: clear them with `zero_grads`, \
             once the optimiser has used them.",
            |_, seen| seen.float(LEFT) > 1e-5,
        )
        .mistake(
            "cleared_before_the_step",
            "No parameter has moved, and the loss is right. Either the optimiser is not asked for a step, or the gradients were \
             cleared before it looked at them. The order is: backward, update, clear.",
            computed(|f| stepped(f, |z, labels| times(cross_entropy(z, labels), [1.0, 0.0]))),
        )
        .mistake(
            "loss_after_the_step",
            "This is the loss after the step. The one before it is asked for, and the pass has computed it already.",
            computed(|f| {
                let (x, labels) = (f.input("x"), f.input("labels"));
                let [_, weights, biases, left] = stepped(f, cross_entropy);
                let [after, _] = cross_entropy(&(x.dot(&weights.1) + &biases.1), &labels);
                [("losses", f.vector(&[after])), weights, biases, left]
            }),
        )
        .mistake(
            "updated_twice",
            "The loss is right, and the step is twice as long as it should be: `update` is called twice, or the loss is doubled on \
             its way back.",
            computed(|f| stepped(f, |z, labels| times(cross_entropy(z, labels), [1.0, 2.0]))),
        )
        .mistake(
            "summed",
            "Loss and step grow with the number of images: the losses of the batch are added up. \
             `cross_entropy_with_logits_loss` is their mean already.",
            computed(|f| stepped(f, |z, labels| cross_entropy(z, labels).map(|part| part * labels.count()))),
        )
        .mistake(
            "averaged_over_classes",
            "Loss and step are a tenth of what they should be: the mean runs over all entries, and nine in ten of them are 0. The \
             loss of an image is the sum of its row.",
            computed(|f| stepped(f, |z, labels| times(cross_entropy(z, labels), [0.1, 0.1]))),
        )
        .mistake(
            "softmax_twice",
            "Softmax is applied twice. `cross_entropy_with_logits_loss` applies it by itself, so it wants the scores as they are.",
            computed(|f| {
                stepped(f, |z, labels| {
                    let p = softmax(z);
                    let [loss, d_p] = cross_entropy(&p, labels);
                    let along = (&d_p * &p).aggregate(Aggregate::Sum, Over::Row);
                    [loss, (d_p - along) * p]
                })
            }),
        )
        .mistake(
            "squared_error",
            "This is the mean squared error of the scores. For classes it is the cross-entropy that is asked for.",
            computed(|f| {
                stepped(f, |z, labels| {
                    let error = z - labels.one_hot(z);
                    [error.square().mean(), 2.0 * &error / error.count()]
                })
            }),
        )
        .mistake(
            "each_class_by_itself",
            "This is the binary cross-entropy: each score is a yes or no by itself, through a sigmoid. Of ten classes exactly \
             one is right, so it is the cross-entropy of a softmax that is asked for.",
            computed(|f| {
                stepped(f, |z, labels| {
                    let (y, p) = (labels.one_hot(z), z.sigmoid());
                    let of_yes_and_no = &y * p.ln() + (1.0 - &y) * (1.0 - &p).ln();
                    [-of_yes_and_no.mean(), (&p - y) / p.count()]
                })
            }),
        );
    after(check, &TENSORS)
}

const LEFT: &str = "sum of the sizes of the gradients that come back";

/// One step of gradient descent by this loss.
fn stepped(f: &Formula, loss: impl Fn(&Num, &Num) -> [Num; 2]) -> [(&'static str, Num); 4] {
    let net = network_of(f);
    let (loss, slopes) = pass(&net, &f.input("x"), &f.input("labels"), loss);
    let [weights, biases] = last(descended(&net, &slopes, &f.input("learning_rate")));
    [("losses", f.vector(&[loss])), ("weights", weights), ("biases", biases), (LEFT, f.number(0.0))]
}

/// A loss and its slope, each times a factor.
fn times([loss, slope]: [Num; 2], factors: [f64; 2]) -> [Num; 2] {
    [loss * factors[0], slope * factors[1]]
}

fn steps() -> Check {
    let check = Check::new("steps", "train_step", "train_step trains with any optimiser, step after step", 2)
        .asks("train_step")
        .after("one_step")
        .on(|draw| ["Sgd", "Adam"].map(|optimizer| step(samples(draw, 4), optimizer, 3)).to_vec())
        .computes(|f| {
            let (mut net, mut adam) = (network_of(f), Adam::new(f));
            let (x, labels, rate) = (f.input("x"), f.input("labels"), f.input("learning_rate"));
            let losses: [Num; 3] = array::from_fn(|_| {
                let (loss, slopes) = pass(&net, &x, &labels, cross_entropy);
                net = match f.case().text("optimizer") {
                    "Adam" => adam.step(&net, &slopes, &rate),
                    _ => descended(&net, &slopes, &rate),
                };
                loss
            });
            let [weights, biases] = last(net.clone());
            [("losses", f.vector(&losses)), ("weights", weights), ("biases", biases), (LEFT, f.number(0.0))]
        })
        .within(F32);
    after(check, &TENSORS)
}

fn drops() -> Check {
    const STEPS_TO_SEE: usize = 16;
    const FAULTS: [(&str, &str); 1] = [(
        "same_mask_every_step",
        "Dropout drops the same inputs in every step. It takes its random numbers from the device that the images are on, and a \
         new `Dev::default()` begins with the same ones each time. Make tensors on the `device` that is handed in.",
    )];
    let check = Check::new("drops", "train_step", "dropout drops in training, and something else in every step", 2)
        .asks("dropping")
        .about("train_step")
        .on(|draw| {
            let case = samples(draw, 1).with("steps", STEPS_TO_SEE);
            vec![case.with("seed", seed(draw))]
        })
        .has_none_of(&FAULTS, |c, seen| {
            let (masks, losses) = (losses_of_masks(c), seen.vector("result"));
            if losses.len() != STEPS_TO_SEE {
                return Err(format!("{STEPS_TO_SEE} steps have {} losses.", losses.len()));
            }
            // That sixteen masks of eight are all the same happens once in 35 million million times.
            if losses.iter().all(|loss| near(*loss, losses[0])) {
                return Err("same_mask_every_step".to_owned());
            }
            match losses.iter().find(|loss| !masks.iter().any(|of_mask| near(**loss, *of_mask))) {
                None => Ok(()),
                Some(loss) => Err(format!(
                    "A loss is {loss:.5}. With dropout on three inputs there are eight possible losses, and none of them is that. \
                     Use `forward_mut`."
                )),
            }
        });
    after(check, &["images", "one_hot", "one_step"])
}

/// The loss of the only sample, for each set of inputs that can be left.
fn losses_of_masks(c: &Record) -> [f64; 8] {
    array::from_fn(|mask| {
        let x =
            c.matrix("x").indexed_iter().map(|((_, i), x)| if mask >> i & 1 == 1 { 2.0 * x } else { 0.0 }).collect();
        let x = Array2::from_shape_vec((1, 3), x).expect("three inputs");
        loss_of(&batch(c, x, c.counts("labels")))
    })
}

fn epoch_loss() -> Check {
    let check = Check::new("epoch_loss", "train_epoch", "train_epoch returns the mean loss of all samples", 2)
        .asks("train_epoch")
        .on(|draw| {
            // Nothing is learned, so that the order does not matter. The last batch has one sample.
            [(5, 4), (4, 3), (4, 1)].map(|(n, size)| epoch(samples(draw, n), size, 0.0, seed(draw))).to_vec()
        })
        .has_none_of(&LOSS_FAULTS, wrong_mean);
    after(check, &["images", "one_hot", "one_step", "steps", "drops"])
}

const LOSS_FAULTS: [(&str, &str); 7] = [
    (
        "mean_of_means",
        "The means of the batches are averaged as if all batches had as many samples. The last one here has fewer, and its \
         samples count for more then: weight each mean by the size of its batch.",
    ),
    (
        "last_batch_dropped",
        "The samples that do not fill a batch are left out. They are a batch as well, a shorter one.",
    ),
    (
        "losses_added_up",
        "The losses are added up and not divided: either those of all samples, or the means of all batches.",
    ),
    (
        "divided_by_batches",
        "The losses of all samples are added up, and divided by the number of batches. Divide by the number of samples.",
    ),
    (
        "weighed_with_batch_size",
        "The mean of every batch counts `batch_size` times, that of the last one as well. It has fewer samples: weight each \
         mean by the size of its own batch.",
    ),
    ("loss_of_the_last_batch", "This is the loss of the last batch. Return the mean over all samples of the epoch."),
    (
        "torn_pairs",
        "Images meet the labels of others: only one of the two is shuffled, or each in its own way. Shuffle the numbers of the \
         samples, and choose images and labels by the same numbers.",
    ),
];

/// The id of a fault, or what else is wrong with the loss of an epoch in which nothing is learned.
fn wrong_mean(c: &Record, seen: &Record) -> Result<(), String> {
    let (x, labels, size, seen) = (c.matrix("x"), c.counts("labels"), c.count("batch_size"), seen.float("loss"));
    let count = labels.len();
    let pairs: Vec<Vec<f64>> = (x.rows().into_iter().map(|row| row.insert_axis(Axis(0)).to_owned()))
        .map(|x| labels.iter().map(|&label| loss_of(&batch(c, x.clone(), vec![label]))).collect())
        .collect();
    // The mean loss where each image has the label of one of them.
    let mean_loss = |others: Vec<usize>| {
        others.iter().zip(&pairs).map(|(&other, losses)| losses[other]).sum::<f64>() / count as f64
    };
    let losses: Vec<f64> = (0..count).map(|i| pairs[i][i]).collect();
    let (sum, n, n_batches) = (losses.iter().sum::<f64>(), count as f64, count.div_ceil(size) as f64);
    if near(seen, sum / n) {
        return Ok(());
    }
    let is = |number: f64| near(seen, number);
    // The last batch consists of one sample, of whichever.
    let last_is = |is_seen: &dyn Fn(f64) -> bool| losses.iter().any(|last| is_seen(*last));
    let means = |last: f64| (sum - last) / size as f64 + last;
    let is_short = count % size == 1 && size > 1;
    let fault = if is_short && last_is(&|last| is(means(last) / n_batches)) {
        "mean_of_means"
    } else if is_short && last_is(&|last| is((sum - last) / n) || is((sum - last) / (n - 1.0))) {
        "last_batch_dropped"
    } else if is(sum) || last_is(&|last| is(means(last))) {
        "losses_added_up"
    } else if is(sum / n_batches) {
        "divided_by_batches"
    } else if last_is(&|last| is(means(last) * size as f64 / n)) {
        "weighed_with_batch_size"
    } else if last_is(&is) {
        "loss_of_the_last_batch"
    } else if orders(count).into_iter().any(|order| is(mean_loss(order))) {
        "torn_pairs"
    } else {
        return Err(format!("The mean loss of the {n} samples is {:.6}, and {seen:.6} was returned.", sum / n));
    };
    Err(fault.to_owned())
}

fn epoch_orders() -> Check {
    const EPOCHS: usize = 8;
    let check = Check::new("epoch_orders", "train_epoch", "train_epoch takes every sample once, in a new order each time", 2)
        .asks("epochs_anew")
        .about("train_epoch")
        .on(|draw| vec![epoch(samples(draw, 3), 1, 0.5, seed(draw)).with("epochs", EPOCHS)])
        .has_none_of(&ORDER_FAULTS, |c, seen| {
            let after: Vec<Array2<f64>> = (1..)
                .map_while(|number| {
                    let name = format!("weights after epoch {number}");
                    seen.get(&name).map(|_| seen.matrix(&name).to_owned())
                })
                .collect();
            if after.len() != EPOCHS {
                return Err(format!("{EPOCHS} epochs have {} results.", after.len()));
            }
            let any_three = (0..27).map(|code| vec![code / 9, code / 3 % 3, code % 3]);
            let (possible, repeating): (Vec<_>, Vec<_>) =
                any_three.partition(|order| (0..3).all(|sample| order.contains(&sample)));
            let is_after = |weights: &Array2<f64>, batches: &[Vec<usize>]| close(weights, &weights_after(c, batches));
            let in_turn = |order: &Vec<usize>| order.iter().map(|&sample| vec![sample]).collect::<Vec<_>>();
            let is_one_of =
                |weights: &Array2<f64>, orders: &[Vec<usize>]| orders.iter().any(|order| is_after(weights, &in_turn(order)));
            Err(match after.iter().position(|weights| !is_one_of(weights, &possible)) {
                // That eight orders of six are all the same happens once in 280,000 times.
                None if after.iter().all(|weights| close(weights, &after[0])) => "never_shuffled".to_owned(),
                None => return Ok(()),
                Some(epoch) if is_after(&after[epoch], &[vec![0, 1, 2]]) => "one_batch_of_all".to_owned(),
                Some(epoch) if is_one_of(&after[epoch], &repeating) => "drawn_with_replacement".to_owned(),
                Some(epoch) => format!(
                    "The weights after epoch {} are not those of three steps, one on each sample, in any of the six orders.",
                    epoch + 1
                ),
            })
        });
    after(check, &["images", "one_hot", "one_step", "steps", "drops"])
}

const ORDER_FAULTS: [(&str, &str); 3] = [
    ("one_batch_of_all", "An epoch is a single step on all samples. `batch_size` says how many samples a step takes."),
    (
        "never_shuffled",
        "The samples are taken in the same order in every epoch. Shuffle at the beginning of each, with the generator that is \
         handed in: a generator of your own would begin at the same place each time.",
    ),
    (
        "drawn_with_replacement",
        "Some samples are taken twice in an epoch, and others not at all. Put all of them in a random order, and go through \
         it.",
    ),
];

fn predict() -> Check {
    let check = Check::new("predict", "predict", "predict gives each image the class with the largest score", 2)
        .on(|draw| {
            // All negative in one row, equal ones in another.
            let mut special = draw::matrix(draw, (4, 10), 1.0);
            special.row_mut(0).mapv_inplace(|score| -1.5 - score.abs());
            special[[0, 0]] = -4.0;
            special.row_mut(1).fill(-0.5);
            special[[2, 3]] = 2.0;
            special[[2, 7]] = 2.0;
            [special, draw::matrix(draw, (6, 10), 3.0)].map(|scores| Record::new().with("scores", scores)).to_vec()
        })
        .computes(|f| f.input("scores").largest_of_rows().whole())
        .mistake(
            "scores_begin_at_zero",
            "Where all scores are negative, class 0 comes out: the best score so far begins at 0, and none of them is above it. \
             Begin at -∞.",
            |c| argmax(&c.matrix("scores"), 0.0, |score, best| score > best),
        );
    after(check, &["images", "images_width"])
}

fn predict_nan() -> Check {
    let check = Check::new("predict_nan", "predict", "predict never chooses a NaN, and does not panic", 1)
        .asks("predict")
        .after("predict")
        .on(|draw| {
            let mut some = draw::matrix(draw, (5, 10), 3.0);
            for (row, column) in [(0, 0), (1, 4), (2, 9)] {
                some[[row, column]] = f64::NAN;
            }
            let mut all = draw::matrix(draw, (2, 10), 3.0);
            all.row_mut(1).fill(f64::NAN);
            let plain = draw::matrix(draw, (1, 10), 3.0);
            [plain, some, all].map(|scores| Record::new().with("scores", scores)).to_vec()
        })
        .expects(|c| argmax(&c.matrix("scores"), f64::NEG_INFINITY, |score, best| score > best))
        .mistake_if(
            "nan_wins",
            "A NaN is taken for the largest score. `total_cmp` puts it above all numbers, and a NaN in front is never beaten, since \
             every comparison with it is false. Begin at -∞, and compare with `>`.",
            |c, seen| {
                let scores = c.matrix("scores");
                let is_nan = |(row, class): (ndarray::ArrayView1<'_, f64>, usize)| {
                    row.get(class).is_some_and(|score| score.is_nan()) && row.iter().any(|score| !score.is_nan())
                };
                scores.rows().into_iter().zip(seen.counts("result")).any(is_nan)
            },
        );
    after(check, &["images", "images_width"])
}

fn accuracy() -> Check {
    let check = Check::new("accuracy", "accuracy", "accuracy is the fraction that is given its class", 1)
        .on(|draw| {
            let scores = draw::matrix(draw, (7, 10), 3.0);
            let mut labels = argmax(&scores, f64::NEG_INFINITY, |score, best| score > best);
            let n_wrong = 2 + draw::count(draw, 4);
            for label in labels.iter_mut().take(n_wrong) {
                *label = (*label + 1) % 10;
            }
            vec![Record::new().with("scores", scores).with("labels", labels)]
        })
        .computes(|f| f.input("scores").largest_of_rows().equals(&f.input("labels")).real().mean());
    after(check, &["images", "images_width", "predict", "predict_nan"])
}

fn train() -> Check {
    let check = Check::new("train", "train", "train takes Adam's steps, and looks at the validation images after each epoch", 4)
        .on(|draw| vec![training(draw)])
        .computes(|f| trained(f, TRAINING))
        .within(F32)
        .mistake(
            "adam_anew",
            "Every epoch begins with a new Adam, which remembers nothing. Make one before the first epoch, and keep it for all of \
             them.",
            computed(|f| trained(f, Training { remembers: false, ..TRAINING })),
        )
        .mistake(
            "gradient_descent",
            "These are steps of plain gradient descent. Take those of Adam.",
            computed(|f| trained(f, Training { step: |_, net, slopes, rate| descended(net, slopes, rate), ..TRAINING })),
        )
        .mistake(
            "accuracy_of_the_training",
            "The accuracy is that of the images that were learned from. It says how much the network remembers. \
             Measure how well it reads others: use `x_validation`.",
            computed(|f| trained(f, Training { reads: "train", ..TRAINING })),
        )
        .mistake(
            "accuracy_before_the_epoch",
            "The accuracy is that before the epoch. Look at the validation images after it.",
            computed(|f| trained(f, Training { looks_before: true, ..TRAINING })),
        );
    after(check, &TRAININGS)
}

/// How a network of one layer is trained.
#[derive(Clone, Copy)]
struct Training {
    reads: &'static str,
    looks_before: bool,
    /// Whether Adam is the same in all epochs.
    remembers: bool,
    step: fn(&mut Adam, &[Layer], &[Layer], &Num) -> Vec<Layer>,
}

const TRAINING: Training = Training { reads: "validation", looks_before: false, remembers: true, step: Adam::step };

/// A training of which every step is on all samples.
fn trained(f: &Formula, how: Training) -> [(&'static str, Num); 4] {
    let (x, labels) = part(f, "train");
    let (x_read, labels_read) = part(f, how.reads);
    let (mut net, mut adam, rate) = (network_of(f), Adam::new(f), f.input("learning_rate"));
    let (mut losses, mut accuracies) = (Vec::new(), Vec::new());
    for _ in 0..f.times("epochs") {
        let (loss, slopes) = pass(&net, &x, &labels, cross_entropy);
        if !how.remembers {
            adam = Adam::new(f);
        }
        let next = (how.step)(&mut adam, &net, &slopes, &rate);
        let read = scores(if how.looks_before { &net } else { &next }, &x_read);
        accuracies.push(read.largest_of_rows().equals(&labels_read).real().mean());
        losses.push(loss);
        net = next;
    }
    let [weights, biases] = last(net);
    let (losses, accuracies) = (f.vector(&losses), f.vector(&accuracies));
    [("train_loss", losses), ("validation_accuracy", accuracies), ("weights", weights), ("biases", biases)]
}

/// The images and labels of a part of the case.
fn part(f: &Formula, part: &str) -> (Num, Num) {
    (f.input(&format!("x_{part}")), f.input(&format!("labels_{part}")))
}

fn read_digits() -> Check {
    let check = Check::new(
        "read_digits",
        "digits",
        "the network with dropout reads 85 % of 360 digits that it has not seen, after two epochs",
        3,
    )
    .about("train")
    .on(|draw| vec![reading(draw, "Mlp", 0.01)])
    .demands(|c, seen| enough_of_digits(c, seen, DIGITS_GOAL));
    after(after(check, &TRAININGS), &["train"])
}

fn read_with_filters() -> Check {
    let check = Check::new(
        "read_with_filters",
        "cnn",
        "the network with filters reads 85 % of these digits after two epochs",
        2,
    )
    .asks("read_digits")
    .about("train")
    .on(|draw| vec![reading(draw, "Cnn", 0.02)])
    .demands(|c, seen| enough_of_digits(c, seen, DIGITS_GOAL));
    after(after(check, &TRAININGS), &["train", "patches", "patches_back", "max_pool", "max_pool_back"])
}

fn reading(draw: &mut probe::Generator, network: &str, learning_rate: f64) -> Record {
    Record::new()
        .with("network", network)
        .with("learning_rate", learning_rate)
        .with("batch_size", 32_usize)
        .with("epochs", 2_usize)
        .with("n_validation", 237_usize)
        .with("seed", seed(draw))
        .with("seed of the order", seed(draw))
}

fn enough_of_digits(c: &Record, seen: &Record, goal: f64) -> Result<(), String> {
    // The digits come in another order each time.
    let mut labels: Vec<usize> = HELD_OUT_LABELS[HEADER..].iter().map(|&label| usize::from(label)).collect();
    labels.shuffle(&mut probe::generator(c.count("seed of the order") as u64));
    enough_right(seen, &labels, goal)
}

fn read_mnist() -> Check {
    let check =
        Check::new("read_mnist", "mnist", "784-128-64-10 reads 90 % of MNIST's 10,000 test images after two epochs", 3)
            .about("train")
            .on_fetched(Which::Mnist, |mnist| {
                let pixels = |images: &Array2<u8>| Value::Bytes(images.as_slice().expect("as it was read").to_vec());
                vec![
                    Record::new()
                        .with("learning_rate", 0.001)
                        .with("batch_size", 64_usize)
                        .with("epochs", 2_usize)
                        .with("seed", 25_usize)
                        .with("labels", mnist.train.labels.to_vec())
                        .with("train_pixels", pixels(&mnist.train.images))
                        .with("test_pixels", pixels(&mnist.test.images)),
                ]
            })
            .demands(|_, seen| match mnist::test_labels(Which::Mnist) {
                Ok(labels) => enough_right(seen, &labels.to_vec(), MNIST_GOAL),
                Err(error) => Err(error.to_string()),
            });
    after(after(check, &TRAININGS), &["train"])
}

fn enough_right(seen: &Record, labels: &[usize], goal: f64) -> Result<(), String> {
    let (predictions, n) = (seen.counts("predictions"), labels.len());
    if predictions.len() != n {
        return Err(format!("There are {} predictions for {n} images.", predictions.len()));
    }
    let n_right = labels.iter().zip(&predictions).filter(|(label, prediction)| label == prediction).count();
    if n_right as f64 >= goal * n as f64 {
        return Ok(());
    }
    Err(format!(
        "Of {n} images that were not learned from, your network reads {n_right} correctly: {:.1} %. The goal is {:.0} %, and a \
         network like this one gets there with any seed. Print the loss of each epoch: does it fall?",
        100.0 * n_right as f64 / n as f64,
        100.0 * goal
    ))
}

fn patches() -> Check {
    Check::new("patches", "patches", "Patches cuts the 3×3 pixels around every place", 3)
        .about("Patches::apply")
        .on(|draw| vec![Record::new().with("x", draw::matrix(draw, (2, 64), 1.0))])
        .expects(|c| cut(c, inside, |k| (k / 3, k % 3), 1))
        .within(F32)
        .mistake(
            "wraps_around",
            "At the left and right border, patches hold pixels of the row above or below, from the other side of the image. A place is \
             a row and a column: check both. What lies beyond counts as 0.",
            |c| {
                cut(c, |row, column| {
                    let pixel = 8 * row + column;
                    (0..64).contains(&pixel).then_some(pixel as usize)
                }, |k| (k / 3, k % 3), 1)
            },
        )
        .mistake(
            "border_repeated",
            "Beyond the border, patches hold the pixel of the border again. What lies there counts as 0.",
            |c| {
                cut(c, |row, column| inside(row.clamp(0, 7), column.clamp(0, 7)), |k| (k / 3, k % 3), 1)
            },
        )
        .mistake(
            "patches_by_columns",
            "Each patch is transposed: its pixels come column by column. They have to come row by row.",
            |c| cut(c, inside, |k| (k % 3, k / 3), 1),
        )
        .mistake(
            "corner_for_centre",
            "The place is the upper left corner of its patch. It has to be in the middle, so a patch begins one row and one column \
             before it.",
            |c| cut(c, inside, |k| (k / 3, k % 3), 0),
        )
        .mistake(
            "images_by_columns",
            "Places go down the columns of the image. They have to go row by row, as the pixels do.",
            |c| cut(&transposed_images(c), inside, |k| (k % 3, k / 3), 1),
        )
        .mistake(
            "places_before_images",
            "The rows are in another order: first a place of all images, then the next place. All patches of the first image come \
             first.",
            |c| {
                let rows = cut(c, inside, |k| (k / 3, k % 3), 1);
                let order: Vec<usize> = (0..128).map(|row| 64 * (row % 2) + row / 2).collect();
                rows.select(Axis(0), &order)
            },
        )
}

/// The patches. `pixel` says where row and column lie in the image, `place` which row and column of the patch entry k is, and `before` by
/// how much a patch begins before its place.
fn cut(
    c: &Record,
    pixel: impl Fn(isize, isize) -> Option<usize>,
    place: impl Fn(isize) -> (isize, isize),
    before: isize,
) -> Array2<f64> {
    let x = c.matrix("x");
    Array2::from_shape_fn((64 * x.nrows(), 9), |(row, k)| {
        let ((down, right), p) = (place(k as isize), (row % 64) as isize);
        let pixel = pixel(p / 8 + down - before, p % 8 + right - before);
        pixel.map_or(0.0, |pixel| x[[row / 64, pixel]])
    })
}

fn inside(row: isize, column: isize) -> Option<usize> {
    ((0..8).contains(&row) && (0..8).contains(&column)).then_some((8 * row + column) as usize)
}

fn transposed_images(c: &Record) -> Record {
    let x = c.matrix("x");
    let transposed = Array2::from_shape_fn(x.dim(), |(image, p)| x[[image, 8 * (p % 8) + p / 8]]);
    Record::new().with("x", transposed)
}

fn patches_back() -> Check {
    Check::new("patches_back", "patches", "the way back leads through Patches to every pixel", 1)
        .about("Patches::apply")
        .after("patches")
        .on(|draw| {
            let x = draw::matrix(draw, (2, 64), 1.0);
            vec![Record::new().with("x", x).with("slopes", draw::matrix(draw, (128, 9), 1.0))]
        })
        .expects(|c| {
            let mut slopes = Array2::zeros((2, 64));
            for ((row, k), slope) in c.matrix("slopes").indexed_iter() {
                let (p, k) = ((row % 64) as isize, k as isize);
                if let Some(pixel) = inside(p / 8 + k / 3 - 1, p % 8 + k % 3 - 1) {
                    slopes[[row / 64, pixel]] += slope;
                }
            }
            slopes
        })
        .within(F32)
        .mistake("tape_lost", TAPE_LOST, |_| Array2::zeros((2, 64)))
}

const TAPE_LOST: &str = "\
    No slope reaches the input: all are 0. Either numbers were taken out of a tensor and put into a new one, which does not depend on \
    the input, or the tape was taken off before anything was computed, so that nothing was recorded. Use operations of dfdx from the \
    input to the result; they carry the tape along.";

fn max_pool() -> Check {
    Check::new("max_pool", "max_pool", "MaxPool keeps the largest of each block of 2×2 places, for each filter", 3)
        .asks("pool")
        .about("MaxPool::apply")
        .on(|draw| vec![Record::new().with("seen", draw::matrix(draw, (128, 8), 1.0))])
        .expects(|c| pooled(c, square, largest, by_groups))
        .within(F32)
        .mistake("mean_for_maximum", "This is the mean of each block of 2×2 places. Take the largest of them.", |c| {
            pooled(c, square, |four| four.iter().sum::<f64>() / 4.0, by_groups)
        })
        .mistake("smallest", "This is the smallest of each block of 2×2 places. Take the largest.", |c| {
            pooled(c, square, |four| four.iter().fold(f64::INFINITY, |least, &one| least.min(one)), by_groups)
        })
        .mistake(
            "four_in_a_row",
            "The largest of four places in a row is taken, and not of 2×2. Neighbours above and below are 8 rows of the matrix \
             apart.",
            |c| pooled(c, |group, i| 4 * group + i, largest, by_groups),
        )
        .mistake(
            "filters_first",
            "The numbers come filter by filter. They have to come group by group: for each group of places its 8 filters.",
            |c| pooled(c, square, largest, |group, filter| 16 * filter + group),
        )
        .mistake(
            "groups_by_columns",
            "The groups come column by column. They have to come row by row, as the places do.",
            |c| pooled(c, square, largest, |group, filter| 8 * (4 * (group % 4) + group / 4) + filter),
        )
}

/// The place of entry i of a group of 2×2.
fn square(group: usize, i: usize) -> usize {
    8 * (2 * (group / 4) + i / 2) + 2 * (group % 4) + i % 2
}

fn by_groups(group: usize, filter: usize) -> usize {
    8 * group + filter
}

fn largest(four: &[f64]) -> f64 {
    four.iter().fold(f64::NEG_INFINITY, |most, &one| most.max(one))
}

fn pooled(
    c: &Record,
    place: fn(usize, usize) -> usize,
    of_four: impl Fn(&[f64]) -> f64,
    column: fn(usize, usize) -> usize,
) -> Array2<f64> {
    let seen = c.matrix("seen");
    let mut pooled = Array2::zeros((seen.nrows() / 64, 128));
    for ((image, group), filter) in (0..pooled.nrows())
        .flat_map(|image| (0..16).map(move |group| (image, group)))
        .flat_map(|place| (0..8).map(move |filter| (place, filter)))
    {
        let four = [0, 1, 2, 3].map(|i| seen[[64 * image + place(group, i), filter]]);
        pooled[[image, column(group, filter)]] = of_four(&four);
    }
    pooled
}

fn max_pool_back() -> Check {
    Check::new("max_pool_back", "max_pool", "the way back leads through MaxPool to the largest of each four", 1)
        .asks("pool_back")
        .about("MaxPool::apply")
        .after("max_pool")
        .on(|draw| {
            // All different: of equal ones, none is the largest.
            let mut numbers: Vec<f64> = (0..1024).map(|i| f64::from(i) / 100.0).collect();
            numbers.shuffle(draw);
            let seen = Array2::from_shape_vec((128, 8), numbers).expect("128 times 8 numbers");
            vec![Record::new().with("seen", seen).with("slopes", draw::matrix(draw, (2, 128), 1.0))]
        })
        .expects(|c| {
            let (seen, mut slopes) = (c.matrix("seen"), Array2::zeros((128, 8)));
            for ((image, column), slope) in c.matrix("slopes").indexed_iter() {
                let (group, filter) = (column / 8, column % 8);
                let places = [0, 1, 2, 3].map(|i| [64 * image + square(group, i), filter]);
                let best = places.into_iter().max_by(|one, other| seen[*one].total_cmp(&seen[*other]));
                slopes[best.expect("there are four")] = *slope;
            }
            slopes
        })
        .within(F32)
        .mistake("pool_tape_lost", TAPE_LOST, |_| Array2::zeros((128, 8)))
}

fn from_engine() -> Check {
    Check::new("from_engine", "from_engine", "from_engine copies every weight and every bias", 2)
        .on(|draw| vec![network(draw, &[3, 128, 64, 10])])
        .expects(|c| copied(c, |w| w.t().to_owned()))
        .within(F32)
        .mistake(
            "relabelled",
            "The weights have the right shape and stand in the wrong places: (n_in, n_out) has only been called (n_out, n_in). dfdx keeps \
             a neuron per row, so the matrix has to be transposed.",
            |c| {
                let relabelled = |w: &ArrayRef2<f64>| {
                    let (rows, columns) = w.dim();
                    w.to_owned().into_shape_clone((columns, rows)).expect("as many numbers")
                };
                copied(c, relabelled)
            },
        )
}

fn copied(c: &Record, weights: fn(&ArrayRef2<f64>) -> Array2<f64>) -> Record {
    (0..3).fold(Record::new(), |record, i| {
        record
            .with(&format!("{}.weight", 2 * i), weights(&c.matrix(&format!("weights {i}"))))
            .with(&format!("{}.bias", 2 * i), c.vector(&format!("biases {i}")).to_owned())
    })
}

fn from_engine_sizes() -> Check {
    Check::new("from_engine_sizes", "from_engine", "from_engine refuses a network of other sizes", 1)
        .asks("from_engine")
        .after("from_engine")
        .on(|draw| {
            [&[3, 128, 64, 10][..], &[3, 64, 128, 10], &[3, 128, 64, 10, 10], &[3, 10], &[4, 128, 64, 10]]
                .map(|sizes| network(draw, sizes))
                .to_vec()
        })
        .expects(|c| copied(c, |w| w.t().to_owned()))
        .panics_where("the network has other layers than dfdx's", |c| !fits(c))
        .within(F32)
}

fn fits(c: &Record) -> bool {
    let dims = |i: usize| c.get(&format!("weights {i}")).map(|_| c.matrix(&format!("weights {i}")).dim());
    [dims(0), dims(1), dims(2), dims(3)] == [Some((3, 128)), Some((128, 64)), Some((64, 10)), None]
}

fn race() -> Check {
    let check = Check::new("race", "race", "race trains both from the same weights, with the same batches", 3)
        .on(|draw| {
            vec![
                network(draw, &[3, 128, 64, 10])
                    .with("x", draw::matrix(draw, (10, 3), 1.0))
                    .with("labels", labels(draw, 10))
                    .with("learning_rate", 0.1)
                    .with("batch_size", 4_usize)
                    .with("epochs", 2_usize),
            ]
        })
        .expects(|c| raced(c, RACE))
        .within(F32)
        .mistake(
            "copied_too_late",
            "dfdx begins where the engine has stopped: its losses go on from there. The copy has to be made before the engine \
             trains, since training changes the network.",
            |c| raced(c, Race { goes_on: true, ..RACE }),
        )
        .mistake(
            "race_mean_of_means",
            "The last batch is shorter, and its samples count for more: means of batches are averaged as if all had the same \
             size.",
            |c| raced(c, Race { told: |batches| vec![mean(batches.iter().map(|(loss, _)| (*loss, 1.0)))], ..RACE }),
        )
        .mistake(
            "race_loss_of_the_last_batch",
            "Each loss is that of the last batch of its epoch. Return the mean over all samples.",
            |c| raced(c, Race { told: |batches| batches[batches.len() - 1..].iter().map(|(loss, _)| *loss).collect(), ..RACE }),
        )
        .mistake(
            "race_drops_the_rest",
            "The last two samples, which do not fill a batch, are left out.",
            |c| raced(c, Race { drops_the_rest: true, ..RACE }),
        )
        .mistake(
            "losses_of_batches",
            "There is a loss for every batch. Return one for every epoch, the mean of its samples.",
            |c| raced(c, Race { told: |batches| batches.iter().map(|(loss, _)| *loss).collect(), ..RACE }),
        )
        .mistake_if(
            "no_time_taken",
            "A lap took no time at all. Take an `Instant` before its epochs, and ask it for `elapsed` after them.",
            |_, seen| !seen.flag(SOME_TIME),
        )
        .mistake_if(
            "not_in_seconds",
            "The laps together took longer than the whole race. Either their times are not in seconds, or one lap contains the \
             other.",
            |_, seen| !seen.flag(NO_MORE_TIME),
        );
    after(
        check,
        &[
            "images",
            "images_width",
            "one_hot",
            "one_hot_range",
            "one_step",
            "steps",
            "drops",
            "from_engine",
            "from_engine_sizes",
        ],
    )
}

fn race_order() -> Check {
    let check = Check::new("race_order", "race", "the engine's lap comes first", 1)
        .asks("race")
        .after("race")
        .on(|draw| {
            vec![
                network(draw, &[3, 128, 64, 10])
                    .with("x", draw::matrix(draw, (9, 3), 1.0))
                    .with("labels", labels(draw, 9))
                    .with("learning_rate", 0.1)
                    .with("batch_size", 4_usize)
                    .with("epochs", 2_usize),
            ]
        })
        .expects(|c| Record::new().with(ENGINES, engines_losses(c)))
        // Another order of adding changes an `f64` in the fifteenth digit, and an `f32` in the seventh.
        .within(Tolerance { relative: 1e-10, absolute: 0.0 })
        .mistake_if(
            "laps_swapped",
            "The first losses differ from the right ones in the seventh digit, like numbers computed in `f32`. The lap of the \
             engine, which computes in `f64`, comes first.",
            |c, seen| {
                let (right, seen) = (engines_losses(c), seen.vector(ENGINES).to_owned());
                let error = right.iter().zip(&seen).fold(0.0, |most: f64, (right, seen)| most.max((seen / right - 1.0).abs()));
                right.len() == seen.len() && (1e-10..1e-4).contains(&error)
            },
        );
    after(check, &["images", "one_hot", "one_step", "steps", "from_engine"])
}

const ENGINES: &str = "the engine's losses";
const SOME_TIME: &str = "both laps took some time";
const NO_MORE_TIME: &str = "both together no more than the whole race";

fn engines_losses(c: &Record) -> Array1<f64> {
    raced(c, RACE).vector(ENGINES).to_owned()
}

/// How a race goes.
#[derive(Clone, Copy)]
struct Race {
    /// Whether dfdx begins where the engine has stopped.
    goes_on: bool,
    drops_the_rest: bool,
    /// What an epoch says of the losses of its batches and their sizes.
    told: fn(&[(f64, f64)]) -> Vec<f64>,
}

const RACE: Race = Race { goes_on: false, drops_the_rest: false, told: |batches| vec![mean(batches.iter().copied())] };

/// The mean of numbers with weights.
fn mean(weighted: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (sum, weights) =
        weighted.fold((0.0, 0.0), |(sum, weights), (number, weight)| (sum + weight * number, weights + weight));
    sum / weights
}

fn raced(c: &Record, how: Race) -> Record {
    let laps = computed(|f| {
        let mut net = network_of(f);
        let start = net.clone();
        let first = lap(f, &mut net, how);
        let second = lap(f, &mut if how.goes_on { net } else { start }, how);
        [(ENGINES, f.vector(&first)), ("dfdx's losses", f.vector(&second))]
    });
    laps(c).with(SOME_TIME, true).with(NO_MORE_TIME, true)
}

/// The losses of some epochs, in which batches take the samples in their order.
fn lap(f: &Formula, net: &mut Vec<Layer>, how: Race) -> Vec<Num> {
    let (x, labels, rate) = (f.input("x"), f.input("labels"), f.input("learning_rate"));
    let (n, size) = (labels.n_entries(), f.case().count("batch_size"));
    let mut losses = Vec::new();
    for _ in 0..f.case().count("epochs") {
        let batches = (0..n).step_by(size).map(|from| from..n.min(from + size));
        let of_batches: Vec<(f64, f64)> = batches
            .filter(|batch| !how.drops_the_rest || batch.len() == size)
            .map(|batch| {
                let size = batch.len() as f64;
                let x = x.t().columns_in(batch.clone()).t();
                let (loss, slopes) = pass(net, &x, &labels.columns_in(batch), cross_entropy);
                *net = descended(net, &slopes, &rate);
                (loss.get(), size)
            })
            .collect();
        losses.extend((how.told)(&of_batches).into_iter().map(|loss| f.number(loss)));
    }
    losses
}

fn scores_in_f64() -> Check {
    Check::new("scores_in_f64", "scores_in_f64", "scores_in_f64 computes with sixteen digits throughout", 2)
        .on(|draw| vec![network(draw, &[3, 128, 64, 10]).with("layers", 3_usize).with("x", draw::matrix(draw, (4, 3), 1.0))])
        .expects(|c| wide_scores(c, &c.matrix("x")))
        .within(Tolerance { relative: 1e-11, absolute: 1e-12 })
        .mistake(
            "images_rounded",
            "The images were rounded to `f32` on their way. Make a tensor of `f64` from them, without `images`.",
            |c| wide_scores(c, &c.matrix("x").mapv(narrow)),
        )
        .mistake_if(
            "computed_in_f32",
            "The scores are right in seven digits, like numbers that were computed in `f32` and widened at the end. `to_dtype` \
             widens the parameters first, so that all operations are in `f64`.",
            |c, seen| {
                let (right, seen) = (wide_scores(c, &c.matrix("x")), seen.matrix("result"));
                right.dim() == seen.dim() && (1e-10..1e-4).contains(&(right - seen).fold(0.0, |most: f64, e| most.max(e.abs())))
            },
        )
}

/// The scores for `x` of the network whose parameters were rounded to `f32`.
fn wide_scores(c: &Record, x: &ArrayRef2<f64>) -> Array2<f64> {
    let net = (0..c.count("layers")).fold(Record::new().with("layers", c.count("layers")), |net, i| {
        let [weights, biases] = [format!("weights {i}"), format!("biases {i}")];
        net.with(&weights, c.matrix(&weights).mapv(narrow)).with(&biases, c.vector(&biases).mapv(narrow))
    });
    computed(|f| scores(&network_of(f), &f.input("x")))(&net.with("x", x.to_owned())).matrix("result").to_owned()
}

fn narrow(number: f64) -> f64 {
    f64::from(number as f32)
}

fn to_safetensors() -> Check {
    Check::new("to_safetensors", "to_safetensors", "to_safetensors makes a file that the crate safetensors can read", 2)
        .on(|draw| vec![network(draw, &[3, 2, 4])])
        .expects(|c| in_file(c, "F32", |number| number))
        .within(F32)
        .mistake(
            "written_as_f64",
            "The numbers are written as F64. The network has `f32`, so F32 keeps all of them in half the space.",
            |c| in_file(c, "F64", |number| number),
        )
        .mistake_if("shapes_lost", "Every shape in the file has one axis. `state_dict` says the shapes.", |_, seen| {
            seen.get("tensors").is_some() && !seen.text("tensors").contains(", ")
        })
        .mistake(
            "big_endian",
            "The bytes of each number are in the opposite order. The format is little-endian: `to_le_bytes`.",
            |c| in_file(c, "F32", swapped),
        )
}

/// The number whose four bytes are those of this one in the opposite order.
fn swapped(number: f64) -> f64 {
    f64::from(f32::from_be_bytes((number as f32).to_le_bytes()))
}

/// What is in the file: names, types and shapes as text, and the numbers of each.
fn in_file(c: &Record, kind: &str, change: fn(f64) -> f64) -> Record {
    let tensors = tensors(c);
    let text: Vec<String> =
        tensors.iter().map(|Tensor { name, shape, .. }| format!("{name}: {kind} {shape:?}")).collect();
    let record = Record::new().with("outcome", "Ok").with("tensors", text.join("  "));
    with_numbers(record, &tensors, change)
}

/// A parameter of the network, or what has its name in a file.
#[derive(Clone)]
struct Tensor {
    name: String,
    kind: String,
    shape: Vec<usize>,
    numbers: Vec<f64>,
}

impl Tensor {
    fn new(name: &str, kind: &str, shape: &[usize], numbers: Vec<f64>) -> Self {
        Self { name: name.to_owned(), kind: kind.to_owned(), shape: shape.to_vec(), numbers }
    }
}

/// The parameters of the network 3-2-4, in the order of their names.
fn tensors(c: &Record) -> Vec<Tensor> {
    let of_layer = |layer: usize| {
        let (biases, weights) = (c.vector(&format!("biases {layer}")), c.matrix(&format!("weights {layer}")));
        let tensor =
            |what, shape: &[usize], numbers| Tensor::new(&format!("{}.{what}", 2 * layer), "F32", shape, numbers);
        let weight = tensor("weight", weights.t().shape(), weights.t().iter().copied().collect());
        [tensor("bias", biases.shape(), biases.to_vec()), weight]
    };
    [0, 1].map(of_layer).concat()
}

fn with_numbers(record: Record, tensors: &[Tensor], change: fn(f64) -> f64) -> Record {
    tensors.iter().fold(record, |record, Tensor { name, numbers, .. }| {
        record.with(name, numbers.iter().copied().map(change).collect::<Array1<f64>>())
    })
}

/// A safetensors file: the length of a header, the header in JSON, and the numbers.
fn file(tensors: &[Tensor]) -> Vec<u8> {
    let (mut entries, mut bytes) = (Vec::new(), Vec::new());
    for Tensor { name, kind, shape, numbers } in tensors {
        let begin = bytes.len();
        match &**kind {
            "F32" => bytes.extend(numbers.iter().flat_map(|&number| (number as f32).to_le_bytes())),
            _ => bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes())),
        }
        let end = bytes.len();
        entries.push(format!(r#""{name}":{{"dtype":"{kind}","shape":{shape:?},"data_offsets":[{begin},{end}]}}"#));
    }
    let header = format!("{{{}}}", entries.join(","));
    let padding = " ".repeat(header.len().next_multiple_of(8) - header.len());
    let length = ((header.len() + padding.len()) as u64).to_le_bytes();
    [&length[..], header.as_bytes(), padding.as_bytes(), &bytes].concat()
}

/// A network, and a file with the tensors of another one, changed: its bytes, and what is in it.
fn loading(draw: &mut probe::Generator, change: impl Fn(&mut Vec<Tensor>)) -> Record {
    let (net, mut stored) = (network(draw, &[3, 2, 4]), tensors(&network(draw, &[3, 2, 4])));
    change(&mut stored);
    let case = net.with("bytes", Value::Bytes(file(&stored)));
    stored.into_iter().fold(case, |case, Tensor { name, kind, shape, numbers }| {
        case.with(&format!("{name} as {kind}"), Value::Array { shape, data: numbers })
    })
}

/// What is in the file of a case; nothing if it cannot be read.
fn stored(c: &Record) -> Vec<Tensor> {
    let tensor = |(part, value): (&str, &Value)| match (part.split_once(" as "), value) {
        (Some((name, kind)), Value::Array { shape, data }) => Some(Tensor::new(name, kind, shape, data.clone())),
        _ => None,
    };
    c.parts().filter_map(tensor).collect()
}

/// What loading leads to: the outcome, and the parameters of the network afterwards.
fn loaded(c: &Record, tests: &Tests) -> Record {
    let (mut net, stored) = (tensors(c), stored(c));
    let outcome = match fits_the_file(&net, &stored, tests) {
        Ok(()) => {
            for tensor in &mut net {
                *tensor = named(&stored, &tensor.name).unwrap_or(tensor).clone();
            }
            "Ok".to_owned()
        }
        Err(error) => error,
    };
    with_numbers(Record::new().with("outcome", outcome), &net, |number| number)
}

fn named<'a>(tensors: &'a [Tensor], name: &str) -> Option<&'a Tensor> {
    tensors.iter().find(|tensor| tensor.name == name)
}

fn fits_the_file(net: &[Tensor], stored: &[Tensor], tests: &Tests) -> Result<(), String> {
    tests.refuse(stored.is_empty(), "the bytes are not a whole file", "NotSafetensors")?;
    for Tensor { name, kind, shape, .. } in net {
        let found = named(stored, name);
        tests.refuse(found.is_none(), "a name is missing", format!("Missing({name:?})"))?;
        let Some(found) = found else { continue };
        tests.refuse(found.shape != *shape, "a tensor has another shape", format!("WrongShape({name:?})"))?;
        tests.refuse(found.kind != *kind, "a tensor has another type", format!("WrongType({name:?})"))?;
    }
    let strangers = stored.iter().map(|tensor| &tensor.name).filter(|name| named(net, name).is_none());
    let first = strangers.min();
    let error = format!("Unexpected({:?})", first.map_or("", |name| name));
    tests.refuse(first.is_some(), "there is a tensor that the network does not have", error)
}

fn load_safetensors() -> Check {
    Check::new(
        "load_safetensors",
        "load_safetensors",
        "load_safetensors sets every parameter to the tensor of its name",
        2,
    )
    .on(|draw| vec![loading(draw, |_| ()), loading(draw, |_| ())])
    .tests(loaded)
    .within(F32)
    .mistake("nothing_loaded", "It says Ok, and the network is as it was: `set_parameters` changes it.", |c| {
        with_numbers(Record::new().with("outcome", "Ok"), &tensors(c), |number| number)
    })
    .mistake(
        "read_as_big_endian",
        "The bytes of each number are taken in the opposite order. The format is little-endian: `from_le_bytes`.",
        |c| with_numbers(Record::new().with("outcome", "Ok"), &stored(c), swapped),
    )
}

fn is_changed_on_an_error(c: &Record, seen: &Record) -> bool {
    let right = loaded(c, &Tests::default());
    let is_outcome_right = right.text("outcome") != "Ok" && seen.text("outcome") == right.text("outcome");
    let is_untouched = |tensor: &Tensor| {
        let numbers = seen.vector(&tensor.name);
        numbers.len() == tensor.numbers.len()
            && numbers.iter().zip(&tensor.numbers).all(|(seen, number)| near(*seen, *number))
    };
    is_outcome_right && !tensors(c).iter().all(is_untouched)
}

fn load_misfits() -> Check {
    Check::new("load_misfits", "load_safetensors", "load_safetensors names what is missing or has another shape or type", 2)
        .asks("load_safetensors")
        .after("load_safetensors")
        .on(|draw| {
            // The tensors are 0.bias, 0.weight, 2.bias and 2.weight.
            let misfits: [fn(&mut Vec<Tensor>); 7] = [
                |_| (),
                |stored| drop(stored.pop()),
                // As many numbers, in another shape.
                |stored| stored[1].shape.reverse(),
                |stored| stored[2].kind = "F64".to_owned(),
                // Two faults: the first parameter comes first.
                |stored| {
                    stored[1].shape.reverse();
                    stored.remove(2);
                },
                // Two faults of one parameter: the shape comes first.
                |stored| {
                    stored[1].shape.reverse();
                    stored[1].kind = "F64".to_owned();
                },
                // A name that the network does not have comes last.
                |stored| stored[3].name = "1.scale".to_owned(),
            ];
            misfits.map(|misfit| loading(draw, misfit)).to_vec()
        })
        .tests(loaded)
        .within(F32)
        .mistake_if(
            "half_loaded",
            "The error is right, but parameters have been changed already: the network is neither the old one nor the new one. \
             Change it when nothing can go wrong any more.",
            is_changed_on_an_error,
        )
}

fn load_unexpected() -> Check {
    Check::new(
        "load_unexpected",
        "load_safetensors",
        "load_safetensors names the first tensor that the network does not have",
        1,
    )
    .asks("load_safetensors")
    .after("load_safetensors")
    .on(|draw| {
        let strangers = |stored: &mut Vec<Tensor>| {
            stored.push(Tensor::new("4.bias", "F32", &[1], vec![0.5]));
            stored.push(Tensor::new("1.scale", "F32", &[2], vec![0.5, 1.5]));
        };
        vec![loading(draw, |_| ()), loading(draw, strangers)]
    })
    .tests(loaded)
    .within(F32)
    .mistake_if(
        "unexpected_in_any_order",
        "Two names are unexpected, and the second is reported. `names()` has no order of its own: sort them.",
        |_, seen| seen.text("outcome") == r#"Unexpected("4.bias")"#,
    )
    .mistake_if(
        "loaded_before_the_names",
        "The error is right, but the parameters are those of the file already. Look for unexpected names before you call \
         `set_parameters`.",
        is_changed_on_an_error,
    )
}

fn load_broken() -> Check {
    Check::new("load_broken", "load_safetensors", "load_safetensors hands on what the crate refuses", 1)
        .asks("load_safetensors")
        .after("load_safetensors")
        .on(|draw| {
            let whole = file(&tensors(&network(draw, &[3, 2, 4])));
            let broken = |draw: &mut probe::Generator, bytes: &[u8]| {
                network(draw, &[3, 2, 4]).with("bytes", Value::Bytes(bytes.to_vec()))
            };
            vec![loading(draw, |_| ()), broken(draw, &whole[..whole.len() - 3]), broken(draw, b"hello")]
        })
        .tests(loaded)
        .within(F32)
}

fn candle() -> Check {
    let check = Check::new("candle", "candle", "candle computes the scores of dfdx from the file", 3)
        .about("to_safetensors")
        .on(|draw| [1, 5].map(|n| network(draw, &[64, 128, 64, 10]).with("x", draw::matrix(draw, (n, 64), 1.0))).to_vec())
        .expects(|c| {
            let scores = wide_scores(c, &c.matrix("x"));
            Record::new().with("outcome", "Ok").with("scores in dfdx", scores.clone()).with("scores in candle", scores)
        })
        .within(F32)
        .mistake_if(
            "tensors_left_out",
            "candle does not find a tensor in your file. The file of a network with two layers is right, and this one has three. \
             Names and their number are those of `state_dict`, for a network of any depth.",
            |_, seen| seen.text("outcome").contains("not found"),
        );
    after(check, &["images", "images_width", "from_engine", "from_engine_sizes", "to_safetensors"])
}

/// Weights (n_in, n_out) and biases of a layer, or the slopes along them.
type Layer = [Num; 2];

/// The network of a case.
fn network_of(f: &Formula) -> Vec<Layer> {
    (0..f.case().count("layers")).map(|i| [f.input(&format!("weights {i}")), f.input(&format!("biases {i}"))]).collect()
}

fn last(net: Vec<Layer>) -> Layer {
    net.into_iter().last().expect("there is a layer")
}

/// What goes into each layer, with ReLUs between them, and at the end the scores.
fn forward(net: &[Layer], x: &Num) -> Vec<Num> {
    let mut seen = vec![x.clone()];
    for (i, [weights, biases]) in net.iter().enumerate() {
        let input = if i == 0 { x.clone() } else { seen[i].relu() };
        seen.push(input.dot(weights) + biases);
    }
    seen
}

fn scores(net: &[Layer], x: &Num) -> Num {
    forward(net, x).pop().expect("there is a layer")
}

/// The loss, and its slopes along all parameters. `loss` makes the loss of scores and labels, and its slope along the scores.
fn pass(net: &[Layer], x: &Num, labels: &Num, loss: impl Fn(&Num, &Num) -> [Num; 2]) -> (Num, Vec<Layer>) {
    let mut seen = forward(net, x);
    let [loss, d_z] = loss(&seen.pop().expect("there is a layer"), labels);
    let (loss, mut d_z) = (loss.named("loss"), d_z.named("dZ"));
    let mut slopes = Vec::new();
    for (i, z) in seen.iter().enumerate().rev() {
        let input = if i == 0 { z.clone() } else { z.relu() };
        slopes.push([input.t().dot(&d_z).named("dW"), d_z.aggregate(Aggregate::Sum, Over::Samples).named("db")]);
        if i > 0 {
            d_z = d_z.dot(&net[i][0].t()) * z.above(&(z * 0.0));
        }
    }
    slopes.reverse();
    (loss, slopes)
}

fn softmax(z: &Num) -> Num {
    let powers = z.exp();
    (&powers / powers.aggregate(Aggregate::Sum, Over::Row)).named("p")
}

/// The mean cross-entropy of these scores, and its slope along them.
fn cross_entropy(z: &Num, labels: &Num) -> [Num; 2] {
    let p = softmax(z);
    [-p.pick(labels).ln().mean(), (&p - labels.one_hot(&p)) / p.rows()]
}

/// The network after a step of gradient descent.
fn descended(net: &[Layer], slopes: &[Layer], rate: &Num) -> Vec<Layer> {
    let step = |(layer, slopes): (&Layer, &Layer)| array::from_fn(|i| &layer[i] - rate * &slopes[i]);
    net.iter().zip(slopes).map(step).collect()
}

/// What Adam remembers of a network of one layer: means of the slopes, and of their squares.
struct Adam {
    n_steps: i32,
    means: [[Num; 2]; 2],
}

impl Adam {
    fn new(f: &Formula) -> Self {
        let zeros = || [f.number(0.0), f.number(0.0)];
        Self { n_steps: 0, means: [zeros(), zeros()] }
    }

    fn step(&mut self, net: &[Layer], slopes: &[Layer], rate: &Num) -> Vec<Layer> {
        self.n_steps += 1;
        let [correction, correction_of_square] = [0.9_f64, 0.999].map(|beta| 1.0 - beta.powi(self.n_steps));
        vec![array::from_fn(|i| {
            let (slope, [mean, square]) = (&slopes[0][i], &mut self.means[i]);
            *mean = 0.9 * &*mean + 0.1 * slope;
            *square = 0.999 * &*square + 0.001 * slope.square();
            &net[0][i] - rate * (&*mean / correction) / ((&*square / correction_of_square).sqrt() + 1e-8)
        })]
    }
}

/// A batch for the network of this case.
fn batch(c: &Record, x: Array2<f64>, labels: Vec<usize>) -> Record {
    with_network(c, &c.matrix("weights 0"), &c.vector("biases 0")).with("x", x).with("labels", labels)
}

/// The case without its samples, with these parameters.
fn with_network(c: &Record, weights: &ArrayRef2<f64>, biases: &ArrayRef1<f64>) -> Record {
    Record::new()
        .with("layers", 1_usize)
        .with("weights 0", weights.to_owned())
        .with("biases 0", biases.to_owned())
        .with("learning_rate", c.get("learning_rate").cloned().unwrap_or(Value::Float(0.0)))
}

fn loss_of(batch: &Record) -> f64 {
    computed(|f| pass(&network_of(f), &f.input("x"), &f.input("labels"), cross_entropy).0)(batch).float("result")
}

/// The weights after a step on each of these batches, which are numbers of samples.
fn weights_after(c: &Record, batches: &[Vec<usize>]) -> Array2<f64> {
    let (x, labels) = (c.matrix("x"), c.counts("labels"));
    let after = batches.iter().fold(c.clone(), |c, samples| {
        let labels = samples.iter().map(|&sample| labels[sample]).collect();
        let after = computed(|f| stepped(f, cross_entropy))(&batch(&c, x.select(Axis(0), samples), labels));
        with_network(&c, &after.matrix("weights"), &after.vector("biases"))
    });
    after.matrix("weights 0").to_owned()
}

/// Whether an `f32` is this number.
fn near(seen: f64, number: f64) -> bool {
    (seen - number).abs() <= 1e-6 + 1e-5 * number.abs()
}

fn close(one: &ArrayRef2<f64>, other: &ArrayRef2<f64>) -> bool {
    one.dim() == other.dim() && one.iter().zip(other).all(|(one, other)| near(*one, *other))
}

fn seed(draw: &mut probe::Generator) -> usize {
    draw::count(draw, 1 << 30)
}

/// A network of one layer, and samples with labels that all differ.
fn samples(draw: &mut probe::Generator, n: usize) -> Record {
    network(draw, &[3, 10]).with("x", draw::matrix(draw, (n, 3), 1.0)).with("labels", labels(draw, n))
}

fn labels(draw: &mut probe::Generator, n: usize) -> Vec<usize> {
    let mut labels: Vec<usize> = (0..10).collect();
    labels.shuffle(draw);
    labels.truncate(n);
    labels
}

/// The parameters of a network, with weights of about He's size.
fn network(draw: &mut probe::Generator, sizes: &[usize]) -> Record {
    let record = Record::new().with("layers", sizes.len() - 1);
    sizes.windows(2).enumerate().fold(record, |record, (i, pair)| {
        let scale = (2.0 / pair[0] as f64).sqrt();
        record
            .with(&format!("weights {i}"), draw::matrix(draw, (pair[0], pair[1]), scale))
            .with(&format!("biases {i}"), draw::vector(draw, pair[1], 0.3))
    })
}

fn step(samples: Record, optimizer: &str, steps: usize) -> Record {
    samples.with("optimizer", optimizer).with("learning_rate", 0.1).with("steps", steps)
}

fn epoch(samples: Record, batch_size: usize, learning_rate: f64, seed: usize) -> Record {
    samples.with("batch_size", batch_size).with("learning_rate", learning_rate).with("seed", seed)
}

/// All orders of n things, the usual one first.
fn orders(n: usize) -> Vec<Vec<usize>> {
    match n {
        0 => vec![Vec::new()],
        _ => {
            let shorter = orders(n - 1);
            (0..n)
                .flat_map(|first| {
                    shorter.iter().map(move |rest| {
                        let rest = rest.iter().map(|&i| if i < first { i } else { i + 1 });
                        [first].into_iter().chain(rest).collect()
                    })
                })
                .collect()
        }
    }
}

/// The place in each row that wins, where a score has to beat `begin` first; with NaN as the first score to beat, the row's own
/// first one is meant.
fn argmax(scores: &ArrayRef2<f64>, begin: f64, wins: fn(f64, f64) -> bool) -> Vec<usize> {
    let of_row = |row: ndarray::ArrayView1<'_, f64>| {
        let begin = if begin.is_nan() { row[0] } else { begin };
        row.iter()
            .enumerate()
            .fold((0, begin), |best, (class, &score)| if wins(score, best.1) { (class, score) } else { best })
            .0
    };
    scores.rows().into_iter().map(of_row).collect()
}

/// A training in which every step is on all samples, and whose mistakes can be told apart: accuracies differ, and no score is
/// nearly as large as another one.
fn training(draw: &mut probe::Generator) -> Record {
    loop {
        let start = network(draw, &[3, 10])
            .with("x_train", draw::matrix(draw, (6, 3), 1.0))
            .with("labels_train", labels(draw, 6))
            .with("x_validation", draw::matrix(draw, (8, 3), 1.0))
            .with("labels_validation", labels(draw, 8))
            .with("learning_rate", 0.2)
            .with("batch_size", 20_usize)
            .with("seed", seed(draw));
        let after = |epochs: usize, how| computed(|f| trained(f, how))(&start.clone().with("epochs", epochs));
        let accuracies = |how| after(4, how).vector("validation_accuracy").to_owned();
        let right = accuracies(TRAINING);
        let is_clear = |epochs| {
            let after = after(epochs, TRAINING);
            let scores = start.matrix("x_validation").dot(&after.matrix("weights")) + after.vector("biases");
            scores.rows().into_iter().all(|row| {
                let mut row = row.to_vec();
                row.sort_by(|one, other| other.total_cmp(one));
                row[0] - row[1] > 1e-3
            })
        };
        if right != accuracies(Training { looks_before: true, ..TRAINING })
            && right != accuracies(Training { reads: "train", ..TRAINING })
            && (1..=4).all(is_clear)
        {
            return start.with("epochs", 4_usize);
        }
    }
}
