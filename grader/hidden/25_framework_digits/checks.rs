//! What is right in exercise 25, and what is commonly got wrong.
//!
//! The references are computed with ndarray in `f64`; what dfdx computes in `f32` is held against them with as many digits as
//! `f32` has. The networks are of one layer, so that a step is four lines here, but for the race, which has three.
//!
//! The order of the samples in an epoch is the learner's generator's, and what dropout drops is the device's. So both are held
//! against all the orders and all the masks that there are.

use std::f64::consts::E;

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
        .mistake(
            "needs_rows_in_memory",
            "Your code panics where an array lies column by column in memory, as after a transposition: `as_slice` gives nothing \
             then. `iter` works for every array.",
            |c| match c.matrix("x").nrows() {
                1 => c.matrix("x").to_owned().into(),
                _ => Prediction::Panics,
            },
        )
        .mistake(
            "scaled",
            "The pixels are divided by 16 once more. They come in with the scale that they are to have.",
            |c| c.matrix("x").to_owned() / 16.0,
        )
}

fn images_width() -> Check {
    Check::new("images_width", "images", "images refuses images with another number of pixels", 1)
        .asks("images")
        .after("images")
        .on(|draw| [(3, 4), (2, 8), (4, 2)].map(|shape| Record::new().with("x", draw::matrix(draw, shape, 1.0))).to_vec())
        .expects(|c| match c.matrix("x").ncols() {
            4 => c.matrix("x").to_owned().into(),
            _ => Prediction::Panics,
        })
        .within(F32)
        .mistake_if(
            "width_not_compared",
            "The network takes 4 pixels, and images of another width are answered. The pixels of two images get mixed up, and \
             nothing tells so. Compare `x.ncols()` with `I`.",
            |c, _| c.matrix("x").ncols() != 4,
        )
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
            [10, 13].map(|wrong| vec![wrong, 1]).into_iter().chain([right]).map(|l| Record::new().with("labels", l)).collect()
        })
        .expects(|c| match c.counts("labels").iter().all(|&label| label < 10) {
            true => ones(c, |label| (label, 1.0)).into(),
            false => Prediction::Panics,
        })
        .within(Tolerance::EXACT)
        .mistake_if(
            "label_spills_over",
            "There are ten classes, and the label 10 or 13 is answered. Either its 1 lands in the row of the next image, as in a flat \
             `Vec`, or the image is left without a 1. Index the row of the image, and Rust compares for you.",
            |c, _| c.counts("labels").iter().any(|&label| label > 9),
        )
}

fn one_step() -> Check {
    let check = Check::new("one_step", "train_step", "train_step is one step of the optimiser on the mean loss", 4)
        .asks("train_step")
        .on(|draw| [4, 3].map(|n| step(samples(draw, n), "Sgd", 1)).to_vec())
        .computes(|f| {
            let (x, labels, rate) = (f.input("x"), f.input("labels"), f.input("learning_rate"));
            let (weights, biases) = (f.input("weights 0"), f.input("biases 0"));
            let powers = (x.dot(&weights) + &biases).exp();
            let p = (&powers / powers.aggregate(Aggregate::Sum, Over::Row)).named("p");
            let loss = (-p.pick(&labels).ln().mean()).named("loss");
            let d_z = ((&p - labels.one_hot(&p)) / x.rows()).named("dZ");
            let d_w = x.t().dot(&d_z).named("dW");
            let d_b = d_z.aggregate(Aggregate::Sum, Over::Samples).named("db");
            [
                ("losses", f.vector(&[loss])),
                ("weights", weights - &rate * d_w),
                ("biases", biases - &rate * d_b),
                (LEFT, f.number(0.0)),
            ]
        })
        .within(F32)
        .mistake(
            "gradients_not_cleared",
            "Loss and step are right, but the gradients that come back are not 0. The next pass would add its own to them: clear them \
             with `zero_grads`, once the optimiser has used them.",
            |c| stepped(c, |net, x, labels| net.slopes(x, labels, 1.0), |loss, _, _| loss, true),
        )
        .mistake(
            "cleared_before_the_step",
            "No parameter has moved, and the loss is right. Either the optimiser is not asked for a step, or the gradients were \
             cleared before it looked at them. The order is: backward, update, clear.",
            |c| stepped(c, |net, x, labels| net.slopes(x, labels, 0.0), |loss, _, _| loss, false),
        )
        .mistake(
            "loss_after_the_step",
            "This is the loss after the step. The one before it is asked for, and the pass has computed it already.",
            |c| {
                let slopes = |net: &Net, x: &ArrayRef2<f64>, labels: &[usize]| net.slopes(x, labels, 1.0);
                stepped(c, slopes, |_, net, c| mean(&net.losses(&c.matrix("x"), &c.counts("labels"))), false)
            },
        )
        .mistake(
            "updated_twice",
            "The loss is right, and the step is twice as long as it should be: `update` is called twice, or the loss is doubled on \
             its way back.",
            |c| stepped(c, |net, x, labels| net.slopes(x, labels, 2.0), |loss, _, _| loss, false),
        )
        .mistake(
            "summed",
            "Loss and step grow with the number of images: the losses of the batch are added up. \
             `cross_entropy_with_logits_loss` is their mean already.",
            |c| {
                let n = c.matrix("x").nrows() as f64;
                stepped(c, |net, x, labels| net.slopes(x, labels, n), |loss, _, _| n * loss, false)
            },
        )
        .mistake(
            "averaged_over_classes",
            "Loss and step are a tenth of what they should be: the mean runs over all entries, and nine in ten of them are 0. The \
             loss of an image is the sum of its row.",
            |c| stepped(c, |net, x, labels| net.slopes(x, labels, 0.1), |loss, _, _| loss / 10.0, false),
        )
        .mistake(
            "softmax_twice",
            "Softmax is applied twice. `cross_entropy_with_logits_loss` applies it by itself, so it wants the scores as they are.",
            |c| {
                let loss = |net: &Net, c: &Record| {
                    let p = softmax(&net.scores(&c.matrix("x")));
                    mean(&cross_entropy(&p, &c.counts("labels")))
                };
                stepped(c, Net::slopes_through_two, move |_, _, c| loss(&Net::of(c), c), false)
            },
        )
        .mistake(
            "squared_error",
            "This is the mean squared error of the scores. For classes it is the cross-entropy that is asked for.",
            |c| {
                let loss = |c: &Record| {
                    let error = Net::of(c).scores(&c.matrix("x")) - one_hot_of(&c.counts("labels"));
                    error.pow2().sum() / error.len() as f64
                };
                let slopes = |net: &Net, x: &ArrayRef2<f64>, labels: &[usize]| {
                    let error = net.scores(x) - one_hot_of(labels);
                    let d_z = &error * (2.0 / error.len() as f64);
                    net.through(x, &d_z)
                };
                stepped(c, slopes, move |_, _, c| loss(c), false)
            },
        );
    after(check, &TENSORS)
}

fn steps() -> Check {
    let check = Check::new("steps", "train_step", "train_step trains with any optimiser, step after step", 2)
        .asks("train_step")
        .after("one_step")
        .on(|draw| ["Sgd", "Adam"].map(|optimizer| step(samples(draw, 4), optimizer, 3)).to_vec())
        .expects(|c| {
            let (mut net, mut adam) = (Net::of(c), Adam::default());
            let (x, labels, rate) = (c.matrix("x"), c.counts("labels"), c.float("learning_rate"));
            let losses = (0..3).map(|_| {
                let loss = mean(&net.losses(&x, &labels));
                let slopes = net.slopes(&x, &labels, 1.0);
                match c.text("optimizer") {
                    "Adam" => adam.step(&mut net, &slopes, rate),
                    _ => net.step(&slopes, rate),
                }
                loss
            });
            let losses = losses.collect::<Array1<f64>>();
            net.in_record(Record::new().with("losses", losses)).with(LEFT, 0.0)
        })
        .within(F32);
    after(check, &TENSORS)
}

const LEFT: &str = "sum of the sizes of the gradients that come back";

/// One step by `slopes`; `loss` makes what is returned from the loss before it and the network after it.
fn stepped(
    c: &Record,
    slopes: impl Fn(&Net, &ArrayRef2<f64>, &[usize]) -> Net,
    loss: impl Fn(f64, &Net, &Record) -> f64,
    keeps: bool,
) -> Record {
    let (mut net, x, labels) = (Net::of(c), c.matrix("x"), c.counts("labels"));
    let before = mean(&net.losses(&x, &labels));
    let slopes = slopes(&net, &x, &labels);
    net.step(&slopes, c.float("learning_rate"));
    let left = if keeps { slopes.weights.abs().sum() + slopes.biases.abs().sum() } else { 0.0 };
    let losses = array![loss(before, &net, c)];
    net.in_record(Record::new().with("losses", losses)).with(LEFT, left)
}

fn drops() -> Check {
    const STEPS_TO_SEE: usize = 16;
    let check = Check::new("drops", "train_step", "dropout drops in training, and something else in every step", 2)
        .asks("dropping")
        .about("train_step")
        .on(|draw| {
            let case = samples(draw, 1).with("steps", STEPS_TO_SEE);
            vec![case.with("seed", seed(draw))]
        })
        .demands(|c, seen| {
            let (masks, losses) = (losses_of_masks(c), result(seen));
            if losses.len() != STEPS_TO_SEE {
                return Err(format!("{STEPS_TO_SEE} steps have {} losses.", losses.len()));
            }
            for loss in &losses {
                if !masks.iter().any(|of_mask| near(*loss, *of_mask)) {
                    return Err(format!(
                        "A loss is {loss:.5}. With dropout on three inputs there are eight possible losses, and none of \
                         them is that. Use `forward_mut`."
                    ));
                }
            }
            // That sixteen masks of eight are all the same happens once in 35 million million times.
            match losses.iter().all(|loss| near(*loss, losses[0])) {
                true => Err("Sixteen steps have the same loss, so dropout dropped the same inputs each time.".to_owned()),
                false => Ok(()),
            }
        })
        .mistake_if(
            "same_mask_every_step",
            "Dropout drops the same inputs in every step. It takes its random numbers from the device that the images are on, and a \
             new `Dev::default()` begins with the same ones each time. Make tensors on the `device` that is handed in.",
            |_, seen| {
                let losses = result(seen);
                losses.len() > 1 && losses.iter().all(|loss| near(*loss, losses[0]))
            },
        );
    after(check, &["images", "one_hot", "one_step"])
}

/// The loss of the only sample, for each set of inputs that can be left.
fn losses_of_masks(c: &Record) -> Vec<f64> {
    let net = Net::of(c);
    let masks = (0..8).map(|mask| {
        let x =
            Array2::from_shape_fn((1, 3), |(_, i)| if mask >> i & 1 == 1 { 2.0 * c.matrix("x")[[0, i]] } else { 0.0 });
        mean(&net.losses(&x, &c.counts("labels")))
    });
    masks.collect()
}

fn epoch_loss() -> Check {
    let check = Check::new("epoch_loss", "train_epoch", "train_epoch returns the mean loss of all samples", 2)
        .asks("train_epoch")
        .on(|draw| {
            // Nothing is learned, so that the order does not matter. The last batch has one sample.
            [(5, 4), (4, 3), (4, 1)].map(|(n, size)| epoch(samples(draw, n), size, 0.0, seed(draw))).to_vec()
        })
        .expects(|c| Net::of(c).in_record(Record::new().with("loss", mean(&sample_losses(c)))))
        .within(F32)
        .mistake_if(
            "mean_of_means",
            "The means of the batches are averaged as if all batches had as many samples. The last one here has fewer, and its \
             samples count for more then: weigh each mean with the size of its batch.",
            |c, seen| {
                let losses = sample_losses(c);
                let (n, n_full) = (losses.len(), c.count("batch_size"));
                n % n_full == 1 && losses.iter().any(|last| {
                    let full = (losses.sum() - last) / (n - 1) as f64;
                    near(seen.float("loss"), (full + last) / 2.0)
                })
            },
        )
        .mistake_if(
            "last_batch_dropped",
            "The samples that do not fill a batch are left out. They are a batch as well, a shorter one.",
            |c, seen| {
                let losses = sample_losses(c);
                let n = losses.len() as f64;
                losses.len() % c.count("batch_size") == 1 && losses.iter().any(|last| {
                    let rest = losses.sum() - last;
                    near(seen.float("loss"), rest / n) || near(seen.float("loss"), rest / (n - 1.0))
                })
            },
        )
        .mistake_if(
            "losses_added_up",
            "The losses are added up and not divided: either those of all samples, or the means of all batches.",
            |c, seen| {
                let losses = sample_losses(c);
                let (n, size, loss) = (losses.len(), c.count("batch_size"), seen.float("loss"));
                near(loss, losses.sum()) || n % size == 0 && near(loss, (n / size) as f64 * mean(&losses))
            },
        )
        .mistake_if(
            "torn_pairs",
            "Images meet the labels of others: only one of the two is shuffled, or each in its own way. Shuffle the numbers of the \
             samples, and choose images and labels by the same numbers.",
            |c, seen| {
                let (net, x, labels) = (Net::of(c), c.matrix("x"), c.counts("labels"));
                orders(labels.len()).into_iter().any(|order| {
                    let others: Vec<usize> = order.iter().map(|&i| labels[i]).collect();
                    others != labels && near(seen.float("loss"), mean(&net.losses(&x, &others)))
                })
            },
        );
    after(check, &["images", "one_hot", "one_step", "steps", "drops"])
}

fn epoch_orders() -> Check {
    const EPOCHS: usize = 8;
    let check = Check::new("epoch_orders", "train_epoch", "train_epoch takes every sample once, in a new order each time", 2)
        .asks("epochs_anew")
        .about("train_epoch")
        .on(|draw| vec![epoch(samples(draw, 3), 1, 0.5, seed(draw)).with("epochs", EPOCHS)])
        .demands(|c, seen| {
            let after = weights_after_epochs(seen);
            if after.len() != EPOCHS {
                return Err(format!("{EPOCHS} epochs have {} results.", after.len()));
            }
            let possible: Vec<Net> = orders(3).iter().map(|order| descended(c, order)).collect();
            let mut orders_seen = Vec::new();
            for (number, weights) in after.iter().enumerate() {
                match possible.iter().position(|net| close(weights, &net.weights)) {
                    Some(order) => orders_seen.push(order),
                    None => {
                        return Err(format!(
                            "The weights after epoch {} are not those of three steps, one on each sample, in any of the six \
                             orders.",
                            number + 1
                        ));
                    }
                }
            }
            // That eight orders of six are all the same happens once in 280,000 times.
            match orders_seen.iter().all(|&order| order == orders_seen[0]) {
                true => Err("Eight epochs took the samples in the same order.".to_owned()),
                false => Ok(()),
            }
        })
        .mistake_if(
            "one_batch_of_all",
            "An epoch is a single step on all samples. `batch_size` says how many samples a step takes.",
            |c, seen| {
                let mut net = Net::of(c);
                let slopes = net.slopes(&c.matrix("x"), &c.counts("labels"), 1.0);
                net.step(&slopes, c.float("learning_rate"));
                weights_after_epochs(seen).iter().any(|weights| close(weights, &net.weights))
            },
        )
        .mistake_if(
            "never_shuffled",
            "The samples are taken in the same order in every epoch. Shuffle at the beginning of each, with the generator that is \
             handed in: a generator of your own would begin at the same place each time.",
            |c, seen| {
                let after = weights_after_epochs(seen);
                // Otherwise the mistake may be another one: always the same sample, or no step at all.
                let in_some_order = || orders(3).iter().any(|order| close(&after[0], &descended(c, order).weights));
                after.len() > 1 && after.iter().all(|weights| close(weights, &after[0])) && in_some_order()
            },
        )
        .mistake_if(
            "drawn_with_replacement",
            "Some samples are taken twice in an epoch, and others not at all. Put all of them in a random order, and go through \
             it.",
            |c, seen| {
                let repeats = (0..27).map(|code| [code / 9, code / 3 % 3, code % 3]);
                let repeats = repeats.filter(|order| order[0] == order[1] || order[1] == order[2] || order[0] == order[2]);
                let nets: Vec<Net> = repeats.map(|order| descended(c, &order)).collect();
                weights_after_epochs(seen).iter().any(|weights| nets.iter().any(|net| close(weights, &net.weights)))
            },
        );
    after(check, &["images", "one_hot", "one_step", "steps", "drops"])
}

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
        .expects(|c| argmax(&c.matrix("scores"), f64::NEG_INFINITY, |score, best| score > best))
        .mistake(
            "the_last_of_equals",
            "Where several scores are equal, the last of them is taken. The first one is asked for: `max_by` keeps the last, a loop \
             with `>` the first.",
            |c| argmax(&c.matrix("scores"), f64::NEG_INFINITY, |score, best| score >= best),
        )
        .mistake(
            "scores_begin_at_zero",
            "Where all scores are negative, class 0 comes out: the best score so far begins at 0, and none of them is above it. \
             Begin at -∞.",
            |c| argmax(&c.matrix("scores"), 0.0, |score, best| score > best),
        )
        .mistake(
            "argmax_of_columns",
            "There is one answer for each class: the largest score is looked for down the columns. An image is a row.",
            |c| argmax(&c.matrix("scores").t(), f64::NEG_INFINITY, |score, best| score > best),
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
        .mistake(
            "nan_panics",
            "`partial_cmp` has no answer for NaN, and `unwrap` turns that into a panic. A network that has diverged is wrong, and no \
             reason to stop the program. `>` is false for NaN.",
            |c| match c.matrix("scores").iter().any(|score| score.is_nan()) {
                true => Prediction::Panics,
                false => argmax(&c.matrix("scores"), f64::NEG_INFINITY, |score, best| score > best).into(),
            },
        )
        .mistake(
            "nan_wins",
            "A NaN is taken for the largest score: `total_cmp` puts it above all numbers. Here it is never chosen.",
            |c| argmax(&c.matrix("scores"), f64::NEG_INFINITY, |score, best| score.is_nan() && !best.is_nan() || score > best),
        )
        .mistake(
            "a_first_nan_stays",
            "A NaN in front is never beaten, since every comparison with it is false. Begin at -∞, which any number beats.",
            |c| argmax(&c.matrix("scores"), f64::NAN, |score, best| score > best),
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
        .expects(|c| n_right(c) / 7.0)
        .mistake("in_percent", "The accuracy is in percent. It is a fraction here, from 0 to 1.", |c| {
            100.0 * n_right(c) / 7.0
        });
    after(check, &["images", "images_width", "predict", "predict_nan"])
}

fn n_right(c: &Record) -> f64 {
    let predicted = argmax(&c.matrix("scores"), f64::NEG_INFINITY, |score, best| score > best);
    predicted.iter().zip(c.counts("labels")).filter(|(predicted, label)| *predicted == label).count() as f64
}

fn train() -> Check {
    let check = Check::new("train", "train", "train takes Adam's steps, and looks at the validation images after each epoch", 4)
        .on(|draw| vec![training(draw)])
        .expects(|c| trained(c, Training::default()))
        .within(F32)
        .mistake(
            "adam_anew",
            "Every epoch begins with a new Adam, which remembers nothing. Make one before the first epoch, and keep it for all of \
             them.",
            |c| trained(c, Training { new_adam_each_epoch: true, ..Training::default() }),
        )
        .mistake(
            "default_learning_rate",
            "The learning rate is Adam's default, 0.001, and not the one in the config.",
            |c| trained(c, Training { rate: Some(0.001), ..Training::default() }),
        )
        .mistake("gradient_descent", "These are steps of plain gradient descent. Take those of Adam.", |c| {
            trained(c, Training { descends: true, ..Training::default() })
        })
        .mistake(
            "accuracy_of_the_training",
            "The accuracy is that of the images that were learned from. It says how much the network remembers. \
             Measure how well it reads others: use `x_validation`.",
            |c| trained(c, Training { looks_at_training: true, ..Training::default() }),
        )
        .mistake(
            "accuracy_before_the_epoch",
            "The accuracy is that before the epoch. Look at the validation images after it.",
            |c| trained(c, Training { looks_before: true, ..Training::default() }),
        )
        .mistake(
            "trained_on_validation",
            "The network learns from the validation images. Then they say nothing about what it has not seen: train with `x_train`.",
            |c| trained(c, Training { trains_on_validation: true, ..Training::default() }),
        );
    after(check, &TRAININGS)
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
        .mistake(
            "largest_without_sign",
            "The largest is looked for without its sign. -3 is less than 1.",
            |c| {
                let of_size = |four: &[f64]| four.iter().fold(0.0_f64, |most, &one| most.max(one.abs()));
                pooled(c, square, of_size, by_groups)
            },
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
        .expects(|c| copied(c, |w| w.t().to_owned(), |b| b.to_owned()))
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
                copied(c, relabelled, |b| b.to_owned())
            },
        )
        .mistake("biases_left_out", "The weights are right, and the biases are 0. Copy them as well.", |c| {
            copied(c, |w| w.t().to_owned(), |b| Array1::zeros(b.len()))
        })
}

fn copied(
    c: &Record,
    weights: fn(&ArrayRef2<f64>) -> Array2<f64>,
    biases: fn(&ArrayRef1<f64>) -> Array1<f64>,
) -> Record {
    (0..3).fold(Record::new(), |record, i| {
        record
            .with(&format!("{}.weight", 2 * i), weights(&c.matrix(&format!("weights {i}"))))
            .with(&format!("{}.bias", 2 * i), biases(&c.vector(&format!("biases {i}"))))
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
        .expects(|c| match fits(c) {
            true => copied(c, |w| w.t().to_owned(), |b| b.to_owned()).into(),
            false => Prediction::Panics,
        })
        .within(F32)
        .mistake_if(
            "other_sizes_taken",
            "A network of other sizes is answered: one with a fourth layer, for example, loses it without a word. Compare \
             how many parameters there are, and the shape of each.",
            |c, _| !fits(c),
        )
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
        .expects(|c| raced(c, Race::default()))
        .within(F32)
        .mistake(
            "copied_too_late",
            "dfdx begins where the engine has stopped: its losses go on from there. The copy has to be made before the engine \
             trains, since training changes the network.",
            |c| raced(c, Race { goes_on: true, ..Race::default() }),
        )
        .mistake("race_mean_of_means", "The last batch is shorter, and its samples count for more: means of batches are averaged as if \
             all had the same size.", |c| raced(c, Race { of_batches: mean_of_means, ..Race::default() }))
        .mistake("race_loss_of_the_last_batch", "Each loss is that of the last batch of its epoch. Return the mean over all samples.", |c| {
            raced(c, Race { of_batches: of_the_last, ..Race::default() })
        })
        .mistake("race_drops_the_rest", "The last two samples, which do not fill a batch, are left out.", |c| {
            raced(c, Race { drops_the_rest: true, ..Race::default() })
        })
        .mistake("losses_of_batches", "There is a loss for every batch. Return one for every epoch, the mean of its samples.", |c| {
            raced(c, Race { every_batch: true, ..Race::default() })
        })
        .mistake("no_time_taken", "A lap took no time at all. Take an `Instant` before its epochs, and ask it for `elapsed` after them.", |c| {
            raced(c, Race { no_time: true, ..Race::default() })
        })
        .mistake(
            "not_in_seconds",
            "The laps together took longer than the whole race. Either their times are not in seconds, or one lap contains the \
             other.",
            |c| raced(c, Race { too_long: true, ..Race::default() }));
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

fn engines_losses(c: &Record) -> Array1<f64> {
    raced(c, Race::default()).vector(ENGINES).to_owned()
}

fn scores_in_f64() -> Check {
    Check::new("scores_in_f64", "scores_in_f64", "scores_in_f64 computes with sixteen digits throughout", 2)
        .on(|draw| vec![network(draw, &[3, 128, 64, 10]).with("layers", 3_usize).with("x", draw::matrix(draw, (4, 3), 1.0))])
        .expects(|c| wide_scores(c, &c.matrix("x")))
        .within(Tolerance { relative: 1e-11, absolute: 1e-12 })
        .mistake(
            "images_rounded",
            "The images were rounded to `f32` on their way. Make a tensor of `f64` from them, without `images`.",
            |c| wide_scores(c, &c.matrix("x").mapv(|pixel| f64::from(pixel as f32))),
        )
        .mistake_if(
            "computed_in_f32",
            "The scores are right in seven digits, like numbers that were computed in `f32` and widened at the end. `to_dtype` \
             widens the parameters first, so that all operations are in `f64`.",
            |c, seen| {
                let (right, seen) = (wide_scores(c, &c.matrix("x")), result_matrix(seen));
                right.dim() == seen.dim() && (1e-10..1e-4).contains(&(&right - &seen).fold(0.0, |most: f64, e| most.max(e.abs())))
            },
        )
}

/// The scores of the network whose parameters were rounded to `f32`.
fn wide_scores(c: &Record, x: &ArrayRef2<f64>) -> Array2<f64> {
    let narrow = |number: f64| f64::from(number as f32);
    let mut mlp = Mlp::of(c);
    mlp.weights.iter_mut().for_each(|weights| weights.mapv_inplace(narrow));
    mlp.biases.iter_mut().for_each(|biases| biases.mapv_inplace(narrow));
    mlp.forward(x).pop().expect("there is a last layer")
}

fn to_safetensors() -> Check {
    Check::new("to_safetensors", "to_safetensors", "to_safetensors makes a file that the crate safetensors can read", 2)
        .on(|draw| vec![network(draw, &[3, 2, 4])])
        .expects(|c| in_file(c, "F32", |shape| format!("{shape:?}"), |number| number))
        .within(F32)
        .mistake(
            "written_as_f64",
            "The numbers are written as F64. The network has `f32`, so F32 keeps all of them in half the space.",
            |c| in_file(c, "F64", |shape| format!("{shape:?}"), |number| number),
        )
        .mistake(
            "shapes_lost",
            "The numbers are right, and every shape has one axis. `state_dict` says the shapes.",
            |c| in_file(c, "F32", |shape| format!("[{}]", shape.iter().product::<usize>()), |number| number),
        )
        .mistake(
            "big_endian",
            "The bytes of each number are in the opposite order. The format is little-endian: `to_le_bytes`.",
            |c| {
                in_file(
                    c,
                    "F32",
                    |shape| format!("{shape:?}"),
                    |number| f64::from(f32::from_be_bytes((number as f32).to_le_bytes())),
                )
            },
        )
}

/// What is in the file: names, types and shapes as text, and the numbers of each.
fn in_file(c: &Record, kind: &str, shape_text: fn(&[usize]) -> String, change: fn(f64) -> f64) -> Record {
    let tensors = tensors(c, "");
    let text: Vec<String> =
        tensors.iter().map(|(name, shape, _)| format!("{name}: {kind} {}", shape_text(shape))).collect();
    let record = Record::new().with("outcome", "Ok").with("tensors", text.join("  "));
    tensors.into_iter().fold(record, |record, (name, _, numbers)| {
        record.with(&name, numbers.into_iter().map(change).collect::<Array1<f64>>())
    })
}

type Tensors = Vec<(String, Vec<usize>, Vec<f64>)>;

/// The tensors of the network 3-2-4 whose parameters have names with this prefix, in the order of their names.
fn tensors(c: &Record, prefix: &str) -> Tensors {
    let mut tensors = Vec::new();
    for layer in 0..2 {
        let biases = c.vector(&format!("{prefix}biases {layer}")).to_vec();
        tensors.push((format!("{}.bias", 2 * layer), vec![biases.len()], biases));
        let weights = c.matrix(&format!("{prefix}weights {layer}")).t().to_owned();
        tensors.push((format!("{}.weight", 2 * layer), weights.shape().to_vec(), weights.iter().copied().collect()));
    }
    tensors
}

/// A safetensors file: the length of a header, the header in JSON, and the numbers.
fn file(tensors: &Tensors, kind: impl Fn(&str) -> &'static str) -> Vec<u8> {
    let (mut entries, mut numbers) = (Vec::new(), Vec::new());
    for (name, shape, values) in tensors {
        let begin = numbers.len();
        match kind(name) {
            "F32" => numbers.extend(values.iter().flat_map(|&value| (value as f32).to_le_bytes())),
            _ => numbers.extend(values.iter().flat_map(|value| value.to_le_bytes())),
        }
        entries.push(format!(
            r#""{name}":{{"dtype":"{}","shape":{shape:?},"data_offsets":[{begin},{}]}}"#,
            kind(name),
            numbers.len()
        ));
    }
    let header = format!("{{{}}}", entries.join(","));
    let padding = " ".repeat(header.len().next_multiple_of(8) - header.len());
    let length = ((header.len() + padding.len()) as u64).to_le_bytes();
    [&length[..], header.as_bytes(), padding.as_bytes(), &numbers].concat()
}

/// A network, and the bytes of a file that `change` makes of another one's tensors.
fn loading(draw: &mut probe::Generator, outcome: &str, change: impl Fn(&mut Tensors) -> Option<Vec<u8>>) -> Record {
    let (net, other) = (network(draw, &[3, 2, 4]), network(draw, &[3, 2, 4]));
    let mut tensors = tensors(&other, "");
    let bytes = change(&mut tensors).unwrap_or_else(|| file(&tensors, |_| "F32"));
    let case = net.with("bytes", Value::Bytes(bytes)).with("what is right", outcome);
    other.parts().fold(case, |case, (name, value)| case.with(&format!("other {name}"), value.clone()))
}

/// The outcome, and the parameters of the network that the case has under this prefix.
fn with_parameters(outcome: &str, c: &Record, prefix: &str) -> Record {
    tensors(c, prefix).into_iter().fold(Record::new().with("outcome", outcome), |record, (name, _, numbers)| {
        record.with(&name, Array1::from(numbers))
    })
}

fn refused(c: &Record) -> Record {
    match c.text("what is right") {
        "Ok" => with_parameters("Ok", c, "other "),
        outcome => with_parameters(outcome, c, ""),
    }
}

fn load_safetensors() -> Check {
    Check::new(
        "load_safetensors",
        "load_safetensors",
        "load_safetensors sets every parameter to the tensor of its name",
        2,
    )
    .on(|draw| vec![loading(draw, "Ok", |_| None), loading(draw, "Ok", |_| None)])
    .expects(refused)
    .within(F32)
    .mistake("nothing_loaded", "It says Ok, and the network is as it was: `set_parameters` changes it.", |c| {
        with_parameters("Ok", c, "")
    })
    .mistake(
        "read_as_big_endian",
        "The bytes of each number are taken in the opposite order. The format is little-endian: `from_le_bytes`.",
        |c| {
            let swapped = |number: &f64| f64::from(f32::from_be_bytes((*number as f32).to_le_bytes()));
            tensors(c, "other ").into_iter().fold(Record::new().with("outcome", "Ok"), |record, (name, _, numbers)| {
                record.with(&name, numbers.iter().map(swapped).collect::<Array1<f64>>())
            })
        },
    )
}

fn changed_on_an_error(c: &Record, seen: &Record) -> bool {
    let right = c.text("what is right");
    let untouched = tensors(c, "").iter().all(|(name, _, numbers)| close_to(&seen.vector(name), numbers));
    right != "Ok" && seen.text("outcome") == right && !untouched
}

fn load_misfits() -> Check {
    Check::new("load_misfits", "load_safetensors", "load_safetensors names what is missing or has another shape or type", 2)
        .asks("load_safetensors")
        .after("load_safetensors")
        .on(|draw| {
            let without = |which: usize| {
                move |tensors: &mut Tensors| {
                    tensors.remove(which);
                    None
                }
            };
            vec![
                loading(draw, "Ok", |_| None),
                loading(draw, r#"Missing("2.weight")"#, without(3)),
                // As many numbers, in another shape.
                loading(draw, r#"WrongShape("0.weight")"#, |tensors| {
                    tensors[1].1.reverse();
                    None
                }),
                loading(draw, r#"WrongType("2.bias")"#, |tensors| {
                    Some(file(tensors, |name| if name == "2.bias" { "F64" } else { "F32" }))
                }),
                // Two faults: the first parameter comes first.
                loading(draw, r#"WrongShape("0.weight")"#, |tensors| {
                    tensors[1].1.reverse();
                    tensors.remove(2);
                    None
                }),
                // Two faults of one parameter: the shape comes first.
                loading(draw, r#"WrongShape("0.weight")"#, |tensors| {
                    tensors[1].1.reverse();
                    Some(file(tensors, |name| if name == "0.weight" { "F64" } else { "F32" }))
                }),
                // A name that the network does not have comes last.
                loading(draw, r#"Missing("2.weight")"#, |tensors| {
                    tensors[3].0 = "1.scale".to_owned();
                    None
                }),
            ]
        })
        .expects(refused)
        .within(F32)
        .mistake_if(
            "half_loaded",
            "The error is right, but parameters have been changed already: the network is neither the old one nor the new one. \
             Change it when nothing can go wrong any more.",
            changed_on_an_error,
        )
        .mistake_if(
            "lengths_compared",
            "A tensor with as many numbers in another shape is taken. Compare the shapes, and not the lengths.",
            |c, seen| c.text("what is right").starts_with("WrongShape") && seen.text("outcome") == "Ok",
        )
        .mistake_if(
            "missing_ignored",
            "It says Ok, although a parameter has no tensor in the file. Such a network is partly trained and partly random.",
            |c, seen| c.text("what is right").starts_with("Missing") && seen.text("outcome") == "Ok",
        )
        .mistake_if(
            "type_ignored",
            "The numbers of a tensor are F64, and it is read all the same. Either they are read as pairs of F32, or converted \
             without a word. Ask for `dtype()` first.",
            |c, seen| c.text("what is right").starts_with("WrongType") && seen.text("outcome") == "Ok",
        )
        .mistake_if(
            "names_before_shapes",
            "A missing name is reported before an earlier parameter of another shape. Go through the parameters once, and look at name, \
             shape and type of each.",
            |c, seen| c.text("what is right").starts_with("WrongShape") && seen.text("outcome").starts_with("Missing"),
        )
        .mistake_if(
            "type_before_shape",
            "A tensor has another shape and another type, and the type is reported. Compare the shapes first.",
            |c, seen| c.text("what is right").starts_with("WrongShape") && seen.text("outcome").starts_with("WrongType"),
        )
        .mistake_if(
            "unexpected_first",
            "A name that the network does not have is reported, although one that it needs is missing. Look at all parameters of the \
             network first, and at the other names in the file last.",
            |c, seen| c.text("what is right").starts_with("Missing") && seen.text("outcome").starts_with("Unexpected"),
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
        vec![
            loading(draw, "Ok", |_| None),
            loading(draw, r#"Unexpected("1.scale")"#, |tensors| {
                tensors.push(("4.bias".to_owned(), vec![1], vec![0.5]));
                tensors.push(("1.scale".to_owned(), vec![2], vec![0.5, 1.5]));
                None
            }),
        ]
    })
    .expects(refused)
    .within(F32)
    .mistake_if(
        "unexpected_ignored",
        "It says Ok, although the file has a tensor that the network does not have. That is a sign of another network.",
        |c, seen| c.text("what is right").starts_with("Unexpected") && seen.text("outcome") == "Ok",
    )
    .mistake_if(
        "unexpected_in_any_order",
        "Two names are unexpected, and the second is reported. `names()` has no order of its own: sort them.",
        |_, seen| seen.text("outcome") == r#"Unexpected("4.bias")"#,
    )
    .mistake_if(
        "loaded_before_the_names",
        "The error is right, but the parameters are those of the file already. Look for unexpected names before you call \
         `set_parameters`.",
        changed_on_an_error,
    )
}

fn load_broken() -> Check {
    Check::new("load_broken", "load_safetensors", "load_safetensors hands on what the crate refuses", 1)
        .asks("load_safetensors")
        .after("load_safetensors")
        .on(|draw| {
            vec![
                loading(draw, "Ok", |_| None),
                loading(draw, "NotSafetensors", |tensors| {
                    let mut bytes = file(tensors, |_| "F32");
                    bytes.truncate(bytes.len() - 3);
                    Some(bytes)
                }),
                loading(draw, "NotSafetensors", |_| Some(b"hello".to_vec())),
            ]
        })
        .expects(refused)
        .within(F32)
        .mistake(
            "broken_panics",
            "Your code panics where the bytes are not a whole file. `deserialize` gives an error: hand it on with `map_err` and `?`.",
            |c| match c.text("what is right") {
                "Ok" => refused(c).into(),
                _ => Prediction::Panics,
            },
        )
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

/// A network of one layer from 3 inputs to 10 scores; also a gradient of one.
#[derive(Clone, Debug)]
struct Net {
    weights: Array2<f64>,
    biases: Array1<f64>,
}

impl Net {
    fn of(c: &Record) -> Self {
        Self { weights: c.matrix("weights 0").to_owned(), biases: c.vector("biases 0").to_owned() }
    }

    fn in_record(&self, record: Record) -> Record {
        record.with("weights", self.weights.clone()).with("biases", self.biases.clone())
    }

    fn scores(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        x.dot(&self.weights) + &self.biases
    }

    fn losses(&self, x: &ArrayRef2<f64>, labels: &[usize]) -> Array1<f64> {
        cross_entropy(&self.scores(x), labels)
    }

    /// The gradient of the mean cross-entropy, times a factor.
    fn slopes(&self, x: &ArrayRef2<f64>, labels: &[usize], factor: f64) -> Self {
        let d_z = (softmax(&self.scores(x)) - one_hot_of(labels)) * (factor / x.nrows() as f64);
        self.through(x, &d_z)
    }

    /// The gradient where the scores go through a softmax before the loss.
    fn slopes_through_two(&self, x: &ArrayRef2<f64>, labels: &[usize]) -> Self {
        let p = softmax(&self.scores(x));
        let d_p = (softmax(&p) - one_hot_of(labels)) / x.nrows() as f64;
        let along = (&d_p * &p).sum_axis(Axis(1)).insert_axis(Axis(1));
        self.through(x, &((d_p - along) * p))
    }

    /// The gradient of the parameters from that of the scores.
    fn through(&self, x: &ArrayRef2<f64>, d_z: &ArrayRef2<f64>) -> Self {
        Self { weights: x.t().dot(d_z), biases: d_z.sum_axis(Axis(0)) }
    }

    fn step(&mut self, slopes: &Self, rate: f64) {
        self.weights.scaled_add(-rate, &slopes.weights);
        self.biases.scaled_add(-rate, &slopes.biases);
    }
}

#[derive(Default)]
struct Adam {
    n_steps: i32,
    means: Option<[Net; 2]>,
}

impl Adam {
    fn step(&mut self, net: &mut Net, slopes: &Net, rate: f64) {
        self.n_steps += 1;
        let zeros = || Net { weights: &net.weights * 0.0, biases: &net.biases * 0.0 };
        let [mean, square] = self.means.get_or_insert_with(|| [zeros(), zeros()]);
        let corrections = [0.9_f64, 0.999].map(|beta| 1.0 - beta.powi(self.n_steps));
        let step = |p: &mut f64, g: f64, m: &mut f64, v: &mut f64| {
            *m = 0.9 * *m + 0.1 * g;
            *v = 0.999 * *v + 0.001 * g * g;
            *p -= rate * (*m / corrections[0]) / ((*v / corrections[1]).sqrt() + 1e-8);
        };
        let weights = net.weights.iter_mut().zip(&slopes.weights).zip(mean.weights.iter_mut().zip(&mut square.weights));
        let biases = net.biases.iter_mut().zip(&slopes.biases).zip(mean.biases.iter_mut().zip(&mut square.biases));
        weights.chain(biases).for_each(|((p, g), (m, v))| step(p, *g, m, v));
    }
}

fn softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    let max = z.fold(f64::NEG_INFINITY, |most, &z| most.max(z));
    let powers = z.mapv(|z| E.powf(z - max));
    let sums = powers.sum_axis(Axis(1)).insert_axis(Axis(1));
    powers / sums
}

/// The loss of each sample.
fn cross_entropy(z: &ArrayRef2<f64>, labels: &[usize]) -> Array1<f64> {
    let p = softmax(z);
    labels.iter().enumerate().map(|(row, &label)| -p[[row, label]].ln()).collect()
}

fn one_hot_of(labels: &[usize]) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), 10), |(row, class)| f64::from(u8::from(labels[row] == class)))
}

fn mean(numbers: &ArrayRef1<f64>) -> f64 {
    numbers.sum() / numbers.len() as f64
}

fn sample_losses(c: &Record) -> Array1<f64> {
    Net::of(c).losses(&c.matrix("x"), &c.counts("labels"))
}

/// Whether an `f32` is this number.
fn near(seen: f64, number: f64) -> bool {
    (seen - number).abs() <= 1e-5 + 1e-4 * number.abs()
}

fn close(one: &ArrayRef2<f64>, other: &ArrayRef2<f64>) -> bool {
    one.dim() == other.dim() && one.iter().zip(other).all(|(one, other)| near(*one, *other))
}

fn close_to(seen: &ArrayRef1<f64>, numbers: &[f64]) -> bool {
    seen.len() == numbers.len() && seen.iter().zip(numbers).all(|(seen, number)| near(*seen, *number))
}

fn result(seen: &Record) -> Vec<f64> {
    seen.vector("result").to_vec()
}

fn result_matrix(seen: &Record) -> Array2<f64> {
    seen.matrix("result").to_owned()
}

fn weights_after_epochs(seen: &Record) -> Vec<Array2<f64>> {
    (1..)
        .map_while(|number| {
            let name = format!("weights after epoch {number}");
            seen.get(&name)?;
            Some(seen.matrix(&name).to_owned())
        })
        .collect()
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

/// The network after a step for each of these samples.
fn descended(c: &Record, order: &[usize]) -> Net {
    let mut net = Net::of(c);
    for &i in order {
        let slopes = net.slopes(&c.matrix("x").select(Axis(0), &[i]), &[c.counts("labels")[i]], 1.0);
        net.step(&slopes, c.float("learning_rate"));
    }
    net
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

/// A training of which every step is on all samples, and whose mistakes can be told apart: no score is nearly as large as
/// another one, and accuracies differ.
fn training(draw: &mut probe::Generator) -> Record {
    loop {
        let start = network(draw, &[3, 10]);
        let case = start
            .with("x_train", draw::matrix(draw, (6, 3), 1.0))
            .with("labels_train", labels(draw, 6))
            .with("x_validation", draw::matrix(draw, (8, 3), 1.0))
            .with("labels_validation", labels(draw, 8))
            .with("learning_rate", 0.2)
            .with("batch_size", 20_usize)
            .with("epochs", 4_usize)
            .with("seed", seed(draw));
        let accuracies = |how| trained(&case, how).vector("validation_accuracy").to_vec();
        let right = accuracies(Training::default());
        let before = accuracies(Training { looks_before: true, ..Training::default() });
        let of_training = accuracies(Training { looks_at_training: true, ..Training::default() });
        if right != before && right != of_training && clearly_answered(&case) {
            return case;
        }
    }
}

/// Whether no largest score is nearly equal to the second largest, in the right training.
fn clearly_answered(c: &Record) -> bool {
    let mut is_clear = true;
    train_and(c, Training::default(), |net| {
        for mut row in net.scores(&c.matrix("x_validation")).rows().into_iter().map(|row| row.to_vec()) {
            row.sort_by(|one, other| other.total_cmp(one));
            is_clear &= row[0] - row[1] > 1e-3;
        }
    });
    is_clear
}

#[derive(Clone, Copy, Default)]
struct Training {
    new_adam_each_epoch: bool,
    rate: Option<f64>,
    descends: bool,
    looks_at_training: bool,
    looks_before: bool,
    trains_on_validation: bool,
}

/// Calls `look` before the first epoch and after each; the losses before each.
fn train_and(c: &Record, how: Training, mut look: impl FnMut(&Net)) -> (Net, Array1<f64>) {
    let (mut net, mut adam) = (Net::of(c), Adam::default());
    let rate = how.rate.unwrap_or(c.float("learning_rate"));
    let part = if how.trains_on_validation { "validation" } else { "train" };
    let (x, labels) = (c.matrix(&format!("x_{part}")), c.counts(&format!("labels_{part}")));
    let mut losses = Vec::new();
    look(&net);
    for _ in 0..c.count("epochs") {
        losses.push(mean(&net.losses(&x, &labels)));
        let slopes = net.slopes(&x, &labels, 1.0);
        if how.new_adam_each_epoch {
            adam = Adam::default();
        }
        match how.descends {
            true => net.step(&slopes, rate),
            false => adam.step(&mut net, &slopes, rate),
        }
        look(&net);
    }
    (net, losses.into())
}

fn trained(c: &Record, how: Training) -> Record {
    let part = if how.looks_at_training { "train" } else { "validation" };
    let (x, labels) = (c.matrix(&format!("x_{part}")), c.counts(&format!("labels_{part}")));
    let mut accuracies = Vec::new();
    let (net, losses) = train_and(c, how, |net| {
        let predicted = argmax(&net.scores(&x), f64::NEG_INFINITY, |score, best| score > best);
        let n_right = predicted.iter().zip(&labels).filter(|(predicted, label)| predicted == label).count();
        accuracies.push(n_right as f64 / labels.len() as f64);
    });
    if how.looks_before {
        accuracies.pop();
    } else {
        accuracies.remove(0);
    }
    net.in_record(Record::new().with("train_loss", losses).with("validation_accuracy", Array1::from(accuracies)))
}

/// Layers with ReLUs between them.
#[derive(Clone)]
struct Mlp {
    weights: Vec<Array2<f64>>,
    biases: Vec<Array1<f64>>,
}

impl Mlp {
    fn of(c: &Record) -> Self {
        let n = c.count("layers");
        Self {
            weights: (0..n).map(|i| c.matrix(&format!("weights {i}")).to_owned()).collect(),
            biases: (0..n).map(|i| c.vector(&format!("biases {i}")).to_owned()).collect(),
        }
    }

    /// What comes out of every layer before the ReLU.
    fn forward(&self, x: &ArrayRef2<f64>) -> Vec<Array2<f64>> {
        let mut seen: Vec<Array2<f64>> = Vec::new();
        for (weights, biases) in self.weights.iter().zip(&self.biases) {
            let z = match seen.last() {
                None => x.dot(weights),
                Some(z) => z.mapv(|z| z.max(0.0)).dot(weights),
            };
            seen.push(z + biases);
        }
        seen
    }

    /// One step of gradient descent; the loss before it.
    fn step(&mut self, x: &ArrayRef2<f64>, labels: &[usize], rate: f64) -> f64 {
        let seen = self.forward(x);
        let scores = seen.last().expect("there is a last layer");
        let loss = mean(&cross_entropy(scores, labels));
        let mut d_z = (softmax(scores) - one_hot_of(labels)) / x.nrows() as f64;
        for i in (0..seen.len()).rev() {
            let input = if i == 0 { x.to_owned() } else { seen[i - 1].mapv(|z| z.max(0.0)) };
            let d_input = d_z.dot(&self.weights[i].t());
            self.weights[i].scaled_add(-rate, &input.t().dot(&d_z));
            self.biases[i].scaled_add(-rate, &d_z.sum_axis(Axis(0)));
            if i > 0 {
                d_z = d_input * seen[i - 1].mapv(|z| if z > 0.0 { 1.0 } else { 0.0 });
            }
        }
        loss
    }
}

struct Race {
    goes_on: bool,
    /// What becomes of the losses of the batches and their sizes.
    of_batches: fn(&[(f64, f64)]) -> f64,
    drops_the_rest: bool,
    every_batch: bool,
    no_time: bool,
    too_long: bool,
}

impl Default for Race {
    fn default() -> Self {
        Self {
            goes_on: false,
            of_batches: of_samples,
            drops_the_rest: false,
            every_batch: false,
            no_time: false,
            too_long: false,
        }
    }
}

fn of_samples(batches: &[(f64, f64)]) -> f64 {
    batches.iter().map(|(loss, n)| loss * n).sum::<f64>() / batches.iter().map(|(_, n)| n).sum::<f64>()
}

fn mean_of_means(batches: &[(f64, f64)]) -> f64 {
    batches.iter().map(|(loss, _)| loss).sum::<f64>() / batches.len() as f64
}

fn of_the_last(batches: &[(f64, f64)]) -> f64 {
    batches[batches.len() - 1].0
}

fn raced(c: &Record, how: Race) -> Record {
    let mut net = Mlp::of(c);
    let start = net.clone();
    let first = lap(c, &mut net, &how);
    let second = lap(c, &mut if how.goes_on { net } else { start }, &how);
    Record::new()
        .with(ENGINES, first)
        .with("dfdx's losses", second)
        .with("both laps took some time", !how.no_time)
        .with("both together no more than the whole race", !how.too_long)
}

fn lap(c: &Record, net: &mut Mlp, how: &Race) -> Array1<f64> {
    let (x, labels, size) = (c.matrix("x"), c.counts("labels"), c.count("batch_size"));
    let mut losses = Vec::new();
    for _ in 0..c.count("epochs") {
        let samples: Vec<usize> = (0..labels.len()).collect();
        let batches = samples.chunks(size).filter(|batch| !how.drops_the_rest || batch.len() == size);
        let of_batches: Vec<(f64, f64)> = batches
            .map(|batch| {
                let part: Vec<usize> = batch.iter().map(|&i| labels[i]).collect();
                (net.step(&x.select(Axis(0), batch), &part, c.float("learning_rate")), batch.len() as f64)
            })
            .collect();
        match how.every_batch {
            true => losses.extend(of_batches.iter().map(|(loss, _)| *loss)),
            false => losses.push((how.of_batches)(&of_batches)),
        }
    }
    losses.into()
}
