//! What is right in exercise 24, and what is commonly got wrong.
//!
//! Networks get the parameters of the case: a linear layer and a tanh, and another linear layer. So every number can be
//! computed. Only four things depend on chance: what is blanked out, the order of an epoch, which samples are chosen,
//! and a new head. They are held against what is true of every draw.

use judge::prelude::*;
use probe::Generator;
use rand::seq::SliceRandom;

/// What the held-out digits are, in IDX form: no probe and no submission ever sees this.
const HELD_OUT_LABELS: &[u8] = include_bytes!("held-out-labels-idx1-ubyte");
/// Of a file of labels, in bytes.
const HEADER: usize = 8;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = blanks();
    checks.extend(autoencoders());
    checks.extend(epochs());
    checks.extend(anomalies());
    checks.extend(choices());
    checks.extend(parts());
    checks.extend(transfers());
    checks.push(components());
    checks
}

fn blanks() -> Vec<Check> {
    vec![
        Check::new("blank_out", "blank_out", "blank_out blanks the share p, and leaves the rest unchanged", 3)
            .asks("blank_out_often")
            .about("blank_out")
            .on(|draw| {
                // Far enough from one half to tell p from 1 - p.
                [drawn(draw, 0.1, 0.35), drawn(draw, 0.65, 0.9)]
                    .map(|p| {
                        Record::new()
                            .with("n_rows", draw::size(draw, 200, 300))
                            .with("n_columns", draw::size(draw, 100, 150))
                            .with("smallest", drawn(draw, 1.0, 5.0))
                            .with("p", p)
                            .with("seed", draw::size(draw, 1, 1000))
                    })
                    .to_vec()
            })
            .has_none_of(&BLANKING_FAULTS, misblanked),
        Check::new(
            "blank_out_ends",
            "blank_out",
            "blank_out keeps all with p = 0, nothing with 1, and panics if p is outside",
            1,
        )
        .asks("blank_out")
        .about("blank_out")
        .on(|draw| {
            [0.0, 1.0, 1.5, -0.25, f64::NAN]
                .map(|p| {
                    let x = draw::matrix(draw, (3, 4), 2.0) + 3.0;
                    Record::new().with("x", x).with("p", p).with("seed", draw::size(draw, 1, 1000))
                })
                .to_vec()
        })
        .expects(|c| &c.matrix("x") * (1.0 - c.float("p")))
        .panics_where("p is not between 0 and 1", |c| !(0.0..=1.0).contains(&c.float("p")))
        .mistake(
            "ends_swapped",
            "With p = 0 everything is blanked, and with p = 1 nothing. p is the probability that an entry becomes 0.",
            |c| &c.matrix("x") * c.float("p"),
        ),
    ]
}

/// What the probe fills its array with.
fn entry_of(c: &Record, i: usize, j: usize) -> f64 {
    c.float("smallest") + i as f64 + j as f64 / 8.0
}

fn has_shape_of_case(c: &Record, x: &ArrayRef2<f64>) -> bool {
    x.dim() == (c.count("n_rows"), c.count("n_columns"))
}

fn share_blanked(x: &ArrayRef2<f64>) -> f64 {
    x.iter().filter(|entry| **entry == 0.0).count() as f64 / x.len() as f64
}

const BLANKING_FAULTS: [(&str, &str); 4] = [
    (
        "grown_as_in_dropout",
        "The remaining entries are scaled to x / (1 - p), as in dropout. Here the blanks need no compensation: leave \
         these entries unchanged.",
    ),
    (
        "drawn_together",
        "Entries are blanked together or kept together: all of them, whole rows or whole columns. Draw each entry \
         separately.",
    ),
    ("p_kept", "The share p is kept and the rest is blanked. p is the probability that an entry becomes 0."),
    (
        "blanks_repeated",
        "Two calls in a row blank the same entries: the numbers do not come from `rng`, or it is copied and starts \
         again each time.",
    ),
];

fn misblanked(c: &Record, seen: &Record) -> Result<(), String> {
    let p = c.float("p");
    for pass in PASSES {
        let x = seen.matrix(pass);
        if !has_shape_of_case(c, &x) {
            return Err(format!("The shape is {:?}, not that of `x`.", x.dim()));
        }
        let changed = |factor: f64| {
            let is_changed =
                move |&((i, j), &x): &((usize, usize), &f64)| x != 0.0 && !close(x, factor * entry_of(c, i, j));
            x.indexed_iter().find(is_changed)
        };
        if let Some(((i, j), entry)) = changed(1.0) {
            return Err(match changed(1.0 / (1.0 - p)) {
                None => "grown_as_in_dropout".to_owned(),
                Some(_) => format!(
                    "In row {i}, column {j} the entry {} has become {entry:.4}: neither 0 nor unchanged.",
                    entry_of(c, i, j)
                ),
            });
        }
        let is_blank = x.mapv(|entry| entry == 0.0);
        let share = share_blanked(&x);
        let is_one_row = |blank: ndarray::ArrayView2<'_, bool>| blank.rows().into_iter().all(|row| row == blank.row(0));
        let fault = if is_one_row(is_blank.view()) || is_one_row(is_blank.t()) {
            "drawn_together"
        // Of 20,000 entries or more the share is known to 0.0034: this is eight times as much.
        } else if (share - (1.0 - p)).abs() < 0.03 {
            "p_kept"
        } else if (share - p).abs() > 0.03 {
            return Err(format!(
                "{:.1} % of the entries are blanked, but {:.1} % should be.",
                100.0 * share,
                100.0 * p
            ));
        } else {
            continue;
        };
        return Err(fault.to_owned());
    }
    if seen.matrix("first") == seen.matrix("second") { Err("blanks_repeated".to_owned()) } else { Ok(()) }
}

fn autoencoders() -> Vec<Check> {
    vec![
        Check::new("new", "new", "Autoencoder::new makes an encoder and its mirror image", 3)
            .about("Autoencoder::new")
            .on(|draw| {
                [2, 3, 4]
                    .map(|length| {
                        let sizes: Vec<usize> = (0..length).map(|n| draw::size(draw, 30 - 8 * n, 36 - 8 * n)).collect();
                        Record::new().with("sizes", sizes).with("seed", draw::size(draw, 1, 1000))
                    })
                    .to_vec()
            })
            .expects(mirrored)
            .mistake(
                "decoder_not_mirrored",
                "The decoder has the sizes of the encoder, in the same order. It goes from the code to the samples: \
                 reverse the sizes.",
                |c| changed(mirrored(c), "decoder", linear_layers(&c.counts("sizes"), ", ReLU, ")),
            )
            .mistake_if(
                "relu_at_the_end",
                "There is a ReLU after the last layer of the encoder or of the decoder. Code and output may be any \
                 number, and an output of 0 would have no gradient: ReLUs belong between linear layers only.",
                |_, seen| ["encoder", "decoder"].iter().any(|network| seen.text(network).ends_with("ReLU")),
            )
            .mistake(
                "weights_not_drawn",
                "Two autoencoders from one generator start with the same weights. Draw them from the `rng` that is \
                 passed in.",
                |c| changed(mirrored(c), "a second one has the same weights", true),
            ),
        Check::new("reconstruct", "reconstruct", "encode, decode and reconstruct use the right networks", 2)
            .about("Autoencoder::encode")
            .about("Autoencoder::decode")
            .about("Autoencoder::reconstruct")
            .on(|draw| {
                vec![
                    net(draw, 3, 2, 3)
                        .with("x", draw::matrix(draw, (4, 3), 1.5))
                        .with("codes", draw::matrix(draw, (5, 2), 1.5)),
                ]
            })
            .computes(|f| halves(f, Clone::clone))
            .mistake(
                "code_for_reconstruction",
                "`reconstruct` returns the code. The decoder still has to turn it into a sample.",
                computed(|f| halves(f, |[code, _]| [code.clone(), code.clone()])),
            )
            .mistake(
                "encoded_all_the_way",
                "`encode` returns the reconstruction. The code is the output of the encoder alone.",
                computed(|f| halves(f, |[_, output]| [output.clone(), output.clone()])),
            ),
        with_one_step(
            Check::new(
                "train_step",
                "train_step",
                "train_step trains both networks to turn the input into the target",
                5,
            )
            .about("Autoencoder::train_step")
            .after("reconstruct")
            .on(|draw| {
                let n = draw::size(draw, 3, 5);
                let target = draw::matrix(draw, (n, 3), 1.5) + 0.2;
                let input = &target + &draw::matrix(draw, (n, 3), 0.8);
                let case = net(draw, 3, 2, 3).with("input", input).with("target", target);
                vec![case.with("learning_rate", drawn(draw, 0.2, 0.9))]
            }),
            TRAINING,
            "decoder_moves_first",
            "The gradient goes to the encoder through a decoder that has been updated already. Compute both gradients \
             first, and then take both steps.",
        ),
    ]
}

/// What encoder, decoder and both compute; `returned` are the code and the reconstruction that are returned.
fn halves(f: &Formula, returned: fn(&[Num; 2]) -> [Num; 2]) -> [(&'static str, Num); 3] {
    let net = parameters(f);
    let [code, output] = returned(&passed(&net, &f.input("x")));
    let [_, _, w2, b2] = net;
    [("encode(x)", code), ("decode(codes)", f.input("codes").dot(&w2) + b2), ("reconstruct(x)", output)]
}

/// An encoder and a decoder, as they describe themselves.
fn mirrored(c: &Record) -> Record {
    let sizes = c.counts("sizes");
    let reversed: Vec<usize> = sizes.iter().rev().copied().collect();
    Record::new()
        .with("encoder", linear_layers(&sizes, ", ReLU, "))
        .with("decoder", linear_layers(&reversed, ", ReLU, "))
        .with("a second one has the same weights", false)
}

/// A network as it describes itself.
fn linear_layers(sizes: &[usize], between: &str) -> String {
    sizes.windows(2).map(|pair| format!("Linear {} -> {}", pair[0], pair[1])).collect::<Vec<_>>().join(between)
}

fn epochs() -> Vec<Check> {
    vec![
        Check::new(
            "train_epoch",
            "train_epoch",
            "an epoch uses every sample once, in a random order, damaged, with the original as target",
            4,
        )
        .about("Autoencoder::train_epoch")
        .after("blank_out")
        .after("blank_out_ends")
        .after("train_step")
        .on(|draw| {
            let batch_size = draw::size(draw, 5, 8);
            // The last batch is about half as large as the others.
            let n = 5 * batch_size + batch_size / 2;
            let x = draw::matrix(draw, (n, 10), 2.0) + 3.5;
            let p = drawn(draw, 0.25, 0.4);
            vec![
                Record::new()
                    .with("x", x)
                    .with("p", p)
                    .with("batch_size", batch_size)
                    .with("seed", draw::size(draw, 1, 1000)),
            ]
        })
        .has_none_of(&EPOCH_FAULTS, |c, seen| {
            PASSES.iter().try_for_each(|pass| Epoch::of(seen, pass).judge(c))?;
            let [first, second] = PASSES.map(|pass| Epoch::of(seen, pass).targets);
            if same(&first, &second) { Err("same_order_again".to_owned()) } else { Ok(()) }
        }),
        Check::new(
            "train_epoch_step",
            "train_epoch",
            "an undamaged epoch in one batch is one step, and a batch size of 0 panics",
            1,
        )
        .about("Autoencoder::train_epoch")
        .after("train_epoch")
        .on(|draw| {
            let n = draw::size(draw, 3, 6);
            [n, n + 3, 0]
                .map(|batch_size| {
                    let x = draw::matrix(draw, (n, 3), 1.5) + 0.2;
                    net(draw, 3, 2, 3)
                        .with("x", x)
                        .with("batch_size", batch_size)
                        .with("learning_rate", drawn(draw, 0.2, 0.9))
                })
                .to_vec()
        })
        .computes(|f| Lesson { input: "x", target: "x", ..TRAINING }.step(f, |_, w2| w2))
        .panics_where("the batch size is 0", |c| c.count("batch_size") == 0),
    ]
}

const EPOCH_FAULTS: [(&str, &str); 9] = [
    ("batches_ignored", "The whole epoch is one batch. Take a step for every `batch_size` samples."),
    ("rest_dropped", "The samples that are left at the end are dropped. They are a batch as well, only shorter."),
    (
        "target_damaged",
        "The target is damaged like the input: the network learns to reproduce the damage. Use the undamaged batch as \
         the target.",
    ),
    (
        "nothing_damaged",
        "No input is damaged, although p is not 0: blank out the share p of every batch before it goes in.",
    ),
    ("not_shuffled", "The samples come in the order of `x`. Every epoch needs a new random order."),
    (
        "drawn_with_replacement",
        "Some samples are used several times in an epoch and others not at all. Shuffle the numbers of all samples, \
         and go through them.",
    ),
    (
        "same_order_again",
        "Both epochs use the samples in the same order. Shuffle with the `rng` that is passed in, not with a copy or a \
         generator of your own.",
    ),
    (
        "mean_of_batch_means",
        "The loss is the mean of the losses of the batches. The last batch is shorter, so its samples count more: \
         multiply each loss by the size of its batch, and divide by the number of samples.",
    ),
    (
        "losses_added_up",
        "The loss is the sum over batches or samples, and not the mean over the samples: the division at the end is \
         missing or wrong.",
    ),
];

/// What the probe's layer saw in an epoch.
struct Epoch {
    sizes: Vec<usize>,
    inputs: Array2<f64>,
    targets: Array2<f64>,
    loss: f64,
}

impl Epoch {
    fn of(seen: &Record, name: &str) -> Self {
        Self {
            sizes: seen.counts(&format!("batch sizes of the {name} epoch")),
            inputs: seen.matrix(&format!("inputs of the {name} epoch")).to_owned(),
            targets: seen.matrix(&format!("targets of the {name} epoch")).to_owned(),
            loss: seen.float(&format!("loss of the {name} epoch")),
        }
    }

    /// The loss of each batch: the probe's network puts out what comes in.
    fn losses(&self) -> Vec<f64> {
        let mut from = 0;
        let batch = |&size: &usize| {
            let rows: Vec<usize> = (from..from + size).collect();
            from += size;
            mse(&self.inputs.select(Axis(0), &rows), &self.targets.select(Axis(0), &rows))
        };
        self.sizes.iter().map(batch).collect()
    }

    /// The id of a fault, or what else is wrong.
    fn judge(&self, c: &Record) -> Result<(), String> {
        let (x, batch_size) = (c.matrix("x"), c.count("batch_size"));
        let n = x.nrows();
        let right: Vec<usize> = (0..n).step_by(batch_size).map(|from| batch_size.min(n - from)).collect();
        if self.sizes == [n] {
            return Err("batches_ignored".to_owned());
        }
        if self.sizes == right[..right.len() - 1] {
            return Err("rest_dropped".to_owned());
        }
        if self.sizes != right {
            return Err(format!(
                "The batches have the sizes {:?}; {n} samples in batches of {batch_size} are {right:?}.",
                self.sizes
            ));
        }
        let order: Option<Vec<usize>> = self.targets.rows().into_iter().map(|target| place_of(&x, &target)).collect();
        let (share, p) = (share_blanked(&self.inputs), c.float("p"));
        let is_undamaged = same(&self.inputs, &self.targets);
        let Some(order) = order else {
            let is_damaged = share > 0.1 && is_undamaged;
            return Err(if is_damaged {
                "target_damaged"
            } else {
                "The target of a step is not an unchanged sample of `x`."
            }
            .to_owned());
        };
        let is_blanked = |(input, target): (&f64, &f64)| *input == 0.0 || close(*input, *target);
        // One of 27! orders or more is that of `x`: hardly an accident.
        let fault = if is_undamaged {
            "nothing_damaged"
        } else if !self.inputs.iter().zip(&self.targets).all(is_blanked) {
            "An input is not its target with some entries blanked."
        } else if order.iter().enumerate().all(|(place, &sample)| place == sample) {
            "not_shuffled"
        } else if (0..n).any(|sample| !order.contains(&sample)) {
            "drawn_with_replacement"
        // Of 270 entries or more the share is known to 0.03; this is five times as much.
        } else if (share - p).abs() > 0.15 {
            return Err(format!("{:.0} % of the inputs are blanked, but {:.0} % should be.", 100.0 * share, 100.0 * p));
        } else {
            return self.judge_loss();
        };
        Err(fault.to_owned())
    }

    fn judge_loss(&self) -> Result<(), String> {
        let (losses, mean) = (self.losses(), mse(&self.inputs, &self.targets));
        let (sum, n) = (losses.iter().sum::<f64>(), self.inputs.nrows() as f64);
        match self.loss {
            loss if close(loss, mean) => Ok(()),
            loss if close(loss, sum / losses.len() as f64) => Err("mean_of_batch_means".to_owned()),
            loss if close(loss, sum) || close(loss, mean * n) => Err("losses_added_up".to_owned()),
            loss => Err(format!("The mean loss of the samples is {mean:.6}, and {loss:.6} was returned.")),
        }
    }
}

fn place_of(x: &ArrayRef2<f64>, row: &ArrayRef1<f64>) -> Option<usize> {
    (0..x.nrows()).find(|&i| x.row(i).iter().zip(row).all(|(a, b)| close(*a, *b)))
}

const PASSES: [&str; 2] = ["first", "second"];

fn same(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>) -> bool {
    a.dim() == b.dim() && a.iter().zip(b).all(|(a, b)| close(*a, *b))
}

fn anomalies() -> Vec<Check> {
    let quantile_case = |values: Array1<f64>, q: f64| Record::new().with("values", values).with("q", q);
    vec![
        Check::new("errors", "errors", "errors computes the mean squared error of each sample", 2)
            .about("Autoencoder::errors")
            .after("reconstruct")
            .on(|draw| {
                let n = draw::size(draw, 4, 6);
                vec![net(draw, 3, 2, 3).with("x", draw::matrix(draw, (n, 3), 1.5) + 0.2)]
            })
            .computes(|f| errors(f, "x"))
            .mistake(
                "errors_of_features",
                "There is one number for each feature, a mean over the samples. Compute one for each sample: \
                 `Axis(1)`.",
                computed(|f| reconstruction_error(f, "x").square().aggregate(Aggregate::Mean, Over::Samples)),
            ),
        Check::new("quantile", "quantile", "quantile takes the position q · (n - 1) in the sorted values", 3)
            .on(move |draw| {
                // A quarter and three quarters of the way between two places.
                let n = [6, 11][draw::count(draw, 2)];
                let place = |place: f64| place / (n - 1) as f64;
                let descending = |draw: &mut Generator| {
                    // Distinct, and never sorted.
                    let steps = draw::vector(draw, n, 0.4) + 1.0;
                    let mut values: Vec<f64> = (0..n).map(|i| 10.0 - steps.iter().take(i).sum::<f64>()).collect();
                    values.swap(0, 2);
                    Array1::from(values)
                };
                vec![
                    quantile_case(array![3.0, 1.0, 9.0, 2.0, 5.0], 0.9),
                    quantile_case(descending(draw), place(3.75)),
                    quantile_case(descending(draw), place(2.25)),
                    quantile_case(descending(draw), 0.0),
                    quantile_case(descending(draw), 1.0),
                    quantile_case(array![drawn(draw, 1.0, 4.0)], 0.5),
                ]
            })
            .computes(|f| quantile(&f.vector(&sorted(&f.input("values"))), &f.input("q")))
            .mistake("position_rounded", POSITION_ROUNDED, computed(|f| value_at_whole(f, Num::floor)))
            .mistake("position_rounded", POSITION_ROUNDED, computed(|f| value_at_whole(f, Num::ceil)))
            .mistake("position_rounded", POSITION_ROUNDED, computed(|f| value_at_whole(f, Num::round)))
            .mistake(
                "halfway",
                "Between two positions you take the mean of both values. Weight them: the nearer value counts more.",
                computed(|f| (value_at_whole(f, Num::floor) + value_at_whole(f, Num::ceil)) / 2.0),
            )
            .mistake(
                "share_of_all_places",
                "The position is q · n, counted from 0. The last of n positions is n - 1, so use q · (n - 1).",
                computed(|f| {
                    let (values, n) = (f.vector(&sorted(&f.input("values"))), f.input("values").count());
                    between(&values, &(f.input("q") * &n).or_less(&(n - 1.0)))
                }),
            )
            .mistake(
                "place_q_times_n",
                "The position is q · n, rounded down. Positions are counted from 0, so the last one is n - 1: with q = \
                 1 your code reads after the end.",
                |c| {
                    let mut values = c.vector("values").to_vec();
                    values.sort_by(f64::total_cmp);
                    match values.get((c.float("q") * values.len() as f64) as usize) {
                        Some(value) => Prediction::Is((*value).into()),
                        None => Prediction::Panics,
                    }
                },
            ),
        Check::new(
            "quantile_refuses",
            "quantile",
            "quantile panics without values, and if q is not between 0 and 1",
            1,
        )
        .asks("quantile")
        .after("quantile")
        .on(move |draw| {
            let mut values = || draw::vector(draw, 4, 3.0) + 5.0;
            vec![
                quantile_case(values(), 0.5),
                quantile_case(array![], 0.5),
                quantile_case(values(), 1.25),
                quantile_case(values(), -0.25),
                quantile_case(values(), f64::NAN),
            ]
        })
        .computes(|f| quantile(&f.vector(&sorted(&f.input("values"))), &f.input("q")))
        .panics_where("there are no values", |c| c.vector("values").is_empty())
        .panics_where("q is not between 0 and 1", |c| !(0.0..=1.0).contains(&c.float("q"))),
        Check::new("fit", "detector", "AnomalyDetector::fit takes the q-quantile of the errors of normal samples", 2)
            .about("AnomalyDetector::fit")
            .after("errors")
            .after("quantile")
            .after("quantile_refuses")
            .on(|draw| {
                [drawn(draw, 0.61, 0.69), drawn(draw, 0.86, 0.94)]
                    .map(|q| net(draw, 3, 2, 3).with("x_normal", draw::matrix(draw, (6, 3), 1.5) + 0.2).with("q", q))
                    .to_vec()
            })
            .computes(|f| quantile(&f.vector(&sorted(&errors(f, "x_normal"))), &f.input("q")))
            .mistake(
                "mean_error",
                "This is the mean of the normal errors, whatever q is. Take the q-quantile.",
                computed(|f| errors(f, "x_normal").mean()),
            ),
        Check::new("is_anomaly", "detector", "an anomaly has an error above the threshold, or NaN", 2)
            .about("AnomalyDetector::is_anomaly")
            .after("errors")
            .on(|draw| {
                let case = net(draw, 3, 2, 3).with("x", draw::matrix(draw, (8, 3), 1.5) + 0.2);
                let errors = computed(|f| f.vector(&sorted(&errors(f, "x"))))(&case);
                let errors = errors.vector("result");
                let between = (errors[3] + errors[4]) / 2.0;
                // This one puts out 0, so that the error of whole numbers is exact.
                let blind = Record::new().with("w1", Array2::zeros((3, 2))).with("b1", Array1::zeros(2));
                let blind = blind.with("w2", Array2::zeros((2, 3))).with("b2", Array1::zeros(3));
                let whole = |draw: &mut Generator| draw::size(draw, 3, 9) as f64;
                let (a, b) = (whole(draw), whole(draw));
                let x = array![[a, a, a], [0.0, b, 1.0], [a + 1.0, a, a], [f64::NAN, a, b], [a, a, a - 1.0]];
                vec![case.with("threshold", between), blind.with("x", x).with("threshold", a * a)]
            })
            .expects(|c| judged(c, |error, threshold| error > threshold || error.is_nan()))
            .mistake(
                "at_the_threshold",
                "A sample whose error *equals* the threshold is reported. The threshold is the largest error that \
                 still counts as normal.",
                |c| judged(c, |error, threshold| error >= threshold || error.is_nan()),
            )
            .mistake(
                "nan_is_normal",
                "A sample with NaN in it counts as normal: every comparison with NaN is false. Check `is_nan` as well.",
                |c| judged(c, |error, threshold| error > threshold),
            )
            .mistake(
                "flags_reversed",
                "The results are inverted. `true` means that the sample is an anomaly: its error is large.",
                |c| judged(c, |error, threshold| error <= threshold),
            ),
    ]
}

const POSITION_ROUNDED: &str = "The position is rounded to a whole number. Between two positions, interpolate between \
                                both values.";

/// What the reconstructions of these samples add to them.
fn reconstruction_error(f: &Formula, name: &str) -> Num {
    let x = f.input(name);
    let [_, output] = passed(&parameters(f), &x);
    (output - x).named("error")
}

fn errors(f: &Formula, name: &str) -> Num {
    let error = reconstruction_error(f, name);
    let errors: Vec<Num> = (0..error.n_rows()).map(|sample| error.row(sample).square().mean()).collect();
    f.vector(&errors)
}

fn sorted(values: &Num) -> Vec<Num> {
    let mut entries: Vec<Num> = (0..values.n_entries()).map(|place| values.at(place)).collect();
    entries.sort_by(|one, other| one.get().total_cmp(&other.get()));
    entries
}

fn quantile(values: &Num, q: &Num) -> Num {
    let values = values.named("sorted");
    between(&values, &(q * (values.count() - 1.0)))
}

fn between(values: &Num, position: &Num) -> Num {
    let position = position.named("position");
    let value_at = |place: &Num| values.at(place.get() as usize);
    let (below, above) = (value_at(&position.floor()).named("below"), value_at(&position.ceil()).named("above"));
    let share = (&position - position.floor()).named("share");
    &below + (above - &below) * share
}

/// The value at a position that is made whole.
fn value_at_whole(f: &Formula, whole: fn(&Num) -> Num) -> Num {
    let values = f.input("values");
    let position = whole(&(f.input("q") * (values.count() - 1.0)));
    sorted(&values)[position.get() as usize].clone()
}

fn judged(c: &Record, is_anomaly: fn(f64, f64) -> bool) -> String {
    let errors = computed(|f| errors(f, "x"))(c);
    let word = |&error: &f64| if is_anomaly(error, c.float("threshold")) { "anomaly" } else { "normal" };
    errors.vector("result").iter().map(word).collect::<Vec<_>>().join(", ")
}

fn choices() -> Vec<Check> {
    vec![
        Check::new(
            "select_classes",
            "select_classes",
            "select_classes keeps the samples of these classes, and counts the classes from 0",
            3,
        )
        .on(|draw| {
            [vec![2, 6, 5], vec![1, 7, 4, 3]]
                .map(|classes: Vec<usize>| {
                    let mut labels = vec![2, 6, 5, 1, 7, 4, 3, 5, 6, 3, 4, 0];
                    labels.shuffle(draw);
                    Record::new()
                        .with("x", draw::matrix(draw, (12, 2), 3.0))
                        .with("labels", labels)
                        .with("classes", classes)
                })
                .to_vec()
        })
        .expects(|c| selected(c, |label, classes| classes.iter().position(|class| *class == label).unwrap_or(0)))
        .mistake(
            "labels_kept",
            "The labels are the old ones. A network for these classes has an output for each of them, counted from 0: \
             the new label is the position of the class in `classes`.",
            |c| selected(c, |label, _| label),
        )
        .mistake(
            "first_class_subtracted",
            "The first class is subtracted from every label. That is right only if the classes are consecutive; the \
             new label is the position of the class in `classes`.",
            |c| selected(c, |label, classes| label - classes[0]),
        )
        .mistake(
            "place_among_sorted",
            "The new labels are in the order of the old ones. `classes` decides their order: its first entry becomes \
             0.",
            |c| selected(c, |label, classes| classes.iter().filter(|class| **class < label).count()),
        )
        .mistake(
            "grouped_by_class",
            "The samples are grouped by their class. Keep them in the order that they have in `x`.",
            |c| {
                let (labels, classes) = (c.counts("labels"), c.counts("classes"));
                let rows: Vec<usize> = classes
                    .iter()
                    .flat_map(|class| (0..labels.len()).filter(|&i| labels[i] == *class).collect::<Vec<_>>())
                    .collect();
                let place = |row: &usize| classes.iter().position(|class| *class == labels[*row]).unwrap_or(0);
                let new: Vec<usize> = rows.iter().map(place).collect();
                Record::new().with("x", c.matrix("x").select(Axis(0), &rows)).with("labels", new)
            },
        ),
        Check::new("few_per_class", "few_per_class", "few_per_class draws n samples of each class", 2)
            .on(|draw| {
                let mut labels: Vec<usize> = (0..52).map(|i| (i % 13).min(4)).collect();
                labels.extend([0, 1, 2, 3].repeat(40));
                labels.shuffle(draw);
                let n = draw::size(draw, 4, 6);
                vec![
                    Record::new()
                        .with("labels", labels)
                        .with("n_classes", 4_usize)
                        .with("n", n)
                        .with("seed", draw::size(draw, 1, 1000)),
                ]
            })
            .has_none_of(&CHOICE_FAULTS, |c, seen| {
                let (labels, n) = (c.counts("labels"), c.count("n"));
                for pass in PASSES {
                    let chosen = seen.counts(pass);
                    let n_of = |class| chosen.iter().filter(|&&sample| labels.get(sample) == Some(&class)).count();
                    if chosen.windows(2).any(|pair| pair[0] == pair[1]) {
                        return Err("drawn_twice".to_owned());
                    }
                    if let Some(sample) =
                        chosen.iter().find(|&&sample| labels.get(sample).is_none_or(|&label| label >= 4))
                    {
                        return Err(format!("Sample {sample} has none of the 4 classes."));
                    }
                    if let Some(class) = (0..4).find(|&class| n_of(class) != n) {
                        let is_enough = chosen.len() == 4 * n;
                        let plain = format!("There are {} samples of class {class}, not {n}.", n_of(class));
                        return Err(if is_enough { "classes_not_balanced".to_owned() } else { plain });
                    }
                    if chosen == first_of_each(c, n) {
                        return Err("always_the_first".to_owned());
                    }
                }
                // Of 44 samples or more of each class, 32 in all: less likely than 1e-9.
                let half = first_of_each(c, 22);
                if PASSES.iter().all(|pass| seen.counts(pass).iter().all(|sample| half.contains(sample))) {
                    return Err("only_the_first_half".to_owned());
                }
                // There are more than 1e10 ways to choose.
                match seen.counts("first") == seen.counts("second") {
                    true => Err("same_draw_again".to_owned()),
                    false => Ok(()),
                }
            }),
        Check::new(
            "few_per_class_ends",
            "few_per_class",
            "few_per_class can take all samples of a class, and panics if there are too few",
            1,
        )
        .asks("few_per_class")
        .after("few_per_class")
        .on(|draw| {
            [4, 5]
                .map(|n| {
                    // Class 3 is not asked for, and stands anywhere.
                    let mut labels = vec![0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 3, 3, 3, 3];
                    labels.shuffle(draw);
                    let case = Record::new().with("labels", labels).with("n_classes", 3_usize).with("n", n as usize);
                    case.with("seed", draw::size(draw, 1, 1000))
                })
                .to_vec()
        })
        .expects(|c| {
            let labels = c.counts("labels");
            let all: Vec<usize> = (0..labels.len()).filter(|&sample| labels[sample] < 3).collect();
            Record::new().with("first", all.clone()).with("second", all)
        })
        .panics_where("a class has fewer than n samples", |c| c.count("n") > 4),
    ]
}

fn selected(c: &Record, new_label: fn(usize, &[usize]) -> usize) -> Record {
    let (labels, classes) = (c.counts("labels"), c.counts("classes"));
    let rows: Vec<usize> = (0..labels.len()).filter(|&row| classes.contains(&labels[row])).collect();
    let new: Vec<usize> = rows.iter().map(|&row| new_label(labels[row], &classes)).collect();
    Record::new().with("x", c.matrix("x").select(Axis(0), &rows)).with("labels", new)
}

const CHOICE_FAULTS: [(&str, &str); 5] = [
    ("always_the_first", "The first n samples of each class are chosen. Draw them from all samples of the class."),
    (
        "only_the_first_half",
        "All samples come from the first half of those of their class. Draw them from all samples of the class.",
    ),
    (
        "same_draw_again",
        "Two draws in a row choose the same samples: the random numbers do not come from `rng`, or it is copied and \
         starts again.",
    ),
    ("drawn_twice", "A sample is drawn twice. Shuffle the samples of a class and take the first n of them."),
    (
        "classes_not_balanced",
        "There are n samples for each class in all, but not n of each class. Draw from the samples of one class at a \
         time.",
    ),
];

/// The first n samples of each class, sorted.
fn first_of_each(c: &Record, n: usize) -> Vec<usize> {
    let labels = c.counts("labels");
    let of = |class: usize| {
        let samples = labels.iter().enumerate().filter(move |(_, label)| **label == class).map(|(sample, _)| sample);
        samples.take(n).collect::<Vec<_>>()
    };
    let mut chosen: Vec<usize> = (0..c.count("n_classes")).flat_map(of).collect();
    chosen.sort_unstable();
    chosen
}

fn parts() -> Vec<Check> {
    vec![
        Check::new("frozen", "frozen", "Frozen computes and passes gradients back, but has no parameters", 3)
            .about("Frozen::forward")
            .about("Frozen::backward")
            .about("Frozen::parameters")
            .on(|draw| {
                // As many inputs as outputs, so that a gradient that is handed on as it is has the right shape.
                let case = net(draw, 3, 3, 2).with("x", draw::matrix(draw, (4, 3), 1.5));
                vec![case.with("d_out", draw::matrix(draw, (4, 3), 1.0) + 0.3)]
            })
            .computes(|f| {
                let ([w1, ..], x, d_out) = (parameters(f), f.input("x"), f.input("d_out"));
                let [hidden, _] = passed(&parameters(f), &x);
                let d_z = (d_out * (1.0 - hidden.square())).named("d_z");
                [
                    ("output", hidden.clone()),
                    ("d_x", d_z.dot(&w1.t())),
                    ("n_parameters", f.number(0.0).whole()),
                    ("output after a step", hidden),
                ]
            })
            .mistake(
                "frozen_learns",
                "The frozen network still returns its parameters, and a step of an optimiser changes them. If a layer \
                 returns no parameters, nothing in it can change.",
                |c| Record::new().with("n_parameters", c.matrix("w1").len() + c.vector("b1").len()),
            ),
        Check::new(
            "classifier",
            "classifier",
            "Classifier::new makes a body of linear layers and ReLUs, and a linear head",
            1,
        )
        .about("Classifier::new")
        .on(|draw| {
            [2, 3, 4]
                .map(|length| {
                    let sizes: Vec<usize> = (0..length).map(|n| draw::size(draw, 30 - 7 * n, 35 - 7 * n)).collect();
                    Record::new()
                        .with("sizes", sizes)
                        .with("n_classes", draw::size(draw, 2, 6))
                        .with("seed", draw::size(draw, 1, 1000))
                })
                .to_vec()
        })
        .expects(described)
        .mistake(
            "classifier_not_drawn",
            "Two classifiers from one generator have the same head. Draw its weights from the `rng` that is passed in.",
            |c| changed(described(c), "a second one has the same weights", true),
        ),
        Check::new("scores", "classifier", "scores go through body and head", 1)
            .about("Classifier::scores")
            .on(|draw| vec![net(draw, 3, 4, 2).with("x", draw::matrix(draw, (5, 3), 1.5))])
            .computes(|f| passed(&parameters(f), &f.input("x"))[1].clone()),
        Check::new(
            "with_new_head",
            "classifier",
            "with_new_head keeps the body, and draws a head for the new classes",
            1,
        )
        .about("Classifier::with_new_head")
        .on(|draw| {
            [2, draw::size(draw, 4, 7)]
                .map(|n_classes| {
                    let case = net(draw, 3, 4, 2).with("x", draw::matrix(draw, (5, 3), 1.5));
                    case.with("n_classes", n_classes).with("seed", draw::size(draw, 1, 1000))
                })
                .to_vec()
        })
        .expects(|c| headed(c, 4))
        .mistake("head_kept", "The head is the old one, for the old classes. Make a new one with `Linear::new`.", |c| {
            let old = changed(headed(c, 4), "head", "Linear 4 -> 2");
            changed(changed(old, "the head has its old weights", true), "another rng gives the same weights", true)
        })
        .mistake(
            "head_on_the_head",
            "The new head takes the old scores as its inputs. Its input is the output of the body: as many numbers as \
             the old head had inputs.",
            |c| headed(c, 2),
        )
        .mistake(
            "head_not_drawn",
            "The new head does not depend on `rng`: draw it with `Linear::new(…, rng)`.",
            |c| changed(headed(c, 4), "another rng gives the same weights", true),
        ),
        Check::new(
            "freeze",
            "classifier",
            "freeze does not change the outputs, and leaves the body without parameters",
            1,
        )
        .about("Classifier::freeze")
        .after("frozen")
        .on(|draw| vec![net(draw, 3, 4, 2).with("x", draw::matrix(draw, (5, 3), 1.5))])
        .expects(|c| {
            Record::new()
                .with("body(x)", hidden_of(c))
                .with("parameters of the body", 0_usize)
                .with("head weights", c.matrix("w2").to_owned())
                .with("head biases", c.vector("b2").to_owned())
        })
        .mistake(
            "nothing_frozen",
            "The body still has parameters: put it into a `Frozen`, and make a network of that one layer.",
            |c| Record::new().with("parameters of the body", c.matrix("w1").len() + c.vector("b1").len()),
        ),
        Check::new("n_trainable", "two_rates", "n_trainable counts the parameters of body and head", 1)
            .about("Classifier::n_trainable")
            .on(|draw| {
                let (n_in, n_hidden, n_out) = (draw::size(draw, 2, 5), draw::size(draw, 3, 6), draw::size(draw, 2, 4));
                vec![net(draw, n_in, n_hidden, n_out), net(draw, 7, 5, 3)]
            })
            .computes(|f| {
                let [w1, b1, w2, b2] = parameters(f);
                let body = (w1.count() + b1.count()).named("body");
                let head = (w2.count() + b2.count()).named("head");
                (body + head).whole()
            })
            .mistake(
                "arrays_counted",
                "This is the number of *arrays*. Count the numbers in them: `parameter.value.len()`.",
                |_| 4_usize,
            ),
        with_one_step(
            Check::new("two_rates", "two_rates", "train_step updates body and head, each at its own rate", 3)
                .about("Classifier::train_step")
                .after("scores")
                .on(|draw| {
                    let n = draw::size(draw, 3, 5);
                    let case = net(draw, 3, 4, 2)
                        .with("x", draw::matrix(draw, (n, 3), 1.5))
                        .with("y", one_hot_rows(draw, n, 2));
                    vec![case.with("body_rate", drawn(draw, 0.1, 0.3)).with("head_rate", drawn(draw, 0.5, 0.9))]
                }),
            TUNING,
            "back_through_the_new_head",
            "The gradient goes to the body through a head that has been updated already. Compute both gradients first, \
             and then take both steps.",
        ),
    ]
}

/// A classifier as it describes itself.
fn described(c: &Record) -> Record {
    let sizes = c.counts("sizes");
    Record::new()
        .with("body", linear_layers(&sizes, ", ReLU, ") + ", ReLU")
        .with("head", format!("Linear {} -> {}", sizes[sizes.len() - 1], c.count("n_classes")))
        .with("a second one has the same weights", false)
}

/// A classifier with a new head for so many inputs.
fn headed(c: &Record, n_in: usize) -> Record {
    Record::new()
        .with("body(x)", hidden_of(c))
        .with("head", format!("Linear {n_in} -> {}", c.count("n_classes")))
        .with("the head has its old weights", false)
        .with("another rng gives the same weights", false)
}

fn transfers() -> Vec<Check> {
    let digits = Check::new(
        "transfer_digits",
        "transfer",
        "with ten samples per class, transfer reads striped digits better than training from scratch",
        2,
    )
    .about("transfer")
    .on(|draw| {
        vec![
            Record::new()
                .with("pretraining", 400_usize)
                .with("seed", draw::size(draw, 1, 1000))
                .with("seed of the order", draw::size(draw, 1, 1000)),
        ]
    })
    .demands(reads_better);
    let needs = ["transfer", "select_classes", "few_per_class", "classifier", "n_trainable"];
    let transfer = Check::new("transfer", "transfer", "transfer trains a new head on a frozen body", 4)
        .after("scores")
        .after("with_new_head")
        .after("freeze")
        .after("two_rates")
        .on(|draw| {
            [2, 3]
                .map(|n_classes| {
                    let n = draw::size(draw, 5, 7);
                    let case = net(draw, 3, 4, 2)
                        .with("x", draw::matrix(draw, (n, 3), 1.5))
                        .with("y", one_hot_rows(draw, n, n_classes));
                    case.with("head_rate", drawn(draw, 0.4, 0.9))
                        .with("steps", draw::size(draw, 3, 6))
                        .with("seed", draw::size(draw, 1, 1000))
                })
                .to_vec()
        })
        .has_none_of(&TRANSFER_FAULTS, mistransferred);
    vec![transfer, needs.into_iter().fold(digits, Check::after)]
}

const TRANSFER_FAULTS: [(&str, &str); 6] = [
    (
        "old_head_trained",
        "The training continues with the old head. The new task has its own classes: give the classifier a new head \
         first.",
    ),
    ("body_moves", "The body has changed in the training. Freeze it before the first step."),
    (
        "body_not_frozen",
        "The body has not changed, but it is not frozen: it still has parameters, and the next training would change \
         them.",
    ),
    ("head_not_trained", "The new head has not been trained. It has to take `steps` steps with `head_rate`."),
    (
        "a_step_too_many",
        "With steps = 0 the biases of the head are not 0, as those of a new head are. Does your loop run once too \
         often? `0..steps` runs `steps` times, `0..=steps` once more.",
    ),
    ("one_step_only", "The head has taken only one step. It has to take `steps` steps."),
];

/// The weights and biases of the head after so many steps, from what they were before the first.
fn after_steps(c: &Record, seen: &Record, steps: usize) -> (Array2<f64>, Array1<f64>) {
    let mut weights = seen.matrix("head weights before the steps").to_owned();
    let mut biases = seen.vector("head biases before the steps").to_owned();
    for _ in 0..steps {
        let case = c.parts().filter(|(name, _)| !["w2", "b2"].contains(name));
        let case = case.fold(Record::new(), |case, (name, value)| case.with(name, value.clone()));
        let case = case.with("w2", weights).with("b2", biases).with("body_rate", 0.0);
        let after = computed(|f| TUNING.step(f, |_, w2| w2))(&case);
        (weights, biases) = (after.matrix("w2").to_owned(), after.vector("b2").to_owned());
    }
    (weights, biases)
}

fn mistransferred(c: &Record, seen: &Record) -> Result<(), String> {
    let (steps, n_classes) = (c.count("steps"), c.matrix("y").ncols());
    let (before, weights) = (seen.matrix("head weights before the steps"), seen.matrix("head weights"));
    let is_after = |steps: usize| {
        let (weights, biases) = after_steps(c, seen, steps);
        same(&weights, &seen.matrix("head weights"))
            && biases.iter().zip(&seen.vector("head biases")).all(|(a, b)| close(*a, *b))
    };
    let fault = if before == c.matrix("w2") {
        "old_head_trained"
    } else if weights.dim() != (4, n_classes) || before.dim() != weights.dim() {
        return Err(format!("The weights of the head have the shape {:?}, not (4, {n_classes}).", weights.dim()));
    } else if !same(&seen.matrix("body(x)"), &hidden_of(c)) {
        "body_moves"
    } else if seen.count("parameters of the body") > 0 {
        "body_not_frozen"
    } else if seen.vector("head biases before the steps").iter().any(|bias| *bias != 0.0) {
        if is_after(steps) { "a_step_too_many" } else { "With steps = 0 the biases of the head are not 0." }
    } else if is_after(steps) {
        return Ok(());
    } else if before == weights {
        "head_not_trained"
    } else if is_after(1) {
        "one_step_only"
    } else {
        let (right, first) = (after_steps(c, seen, steps).0[[0, 0]], weights[[0, 0]]);
        return Err(format!(
            "After {steps} steps from the head that was drawn, its first weight should be {right:.6}, and it is \
             {first:.6}."
        ));
    };
    Err(fault.to_owned())
}

/// Over 60 seeds of the solution, transfer reads 46.7 % to 60.9 % of the striped digits rightly: 53.5 % on average,
/// with a standard deviation of 3.4 points. The goal is 3.9 of these below. From scratch it is 12.9 points less on
/// average, with a standard deviation of 3.1, and 5.4 points less at least: no gain at all is 4.1 of these away. So
/// both fail fewer than one right solution in 10,000. (`transfer_pays_on_striped_digits` in the tests of the solution
/// keeps an eye on it.)
const GOAL: f64 = 0.40;

fn reads_better(c: &Record, seen: &Record) -> Result<(), String> {
    // The digits come in another order each time.
    let mut labels: Vec<usize> = HELD_OUT_LABELS[HEADER..].iter().map(|&label| usize::from(label)).collect();
    labels.shuffle(&mut probe::generator(c.count("seed of the order") as u64));
    let share = |name: &str| {
        let predicted = seen.counts(name);
        // Three answers for each digit, of which 0 to 4 do not count.
        let asked: Vec<(usize, usize)> =
            labels.iter().cycle().copied().zip(predicted).filter(|(label, _)| *label >= 5).collect();
        asked.iter().filter(|(label, predicted)| label - 5 == *predicted).count() as f64 / asked.len() as f64
    };
    let (transferred, scratch) = (share("by transfer"), share("from scratch"));
    if transferred >= GOAL && transferred > scratch {
        return Ok(());
    }
    Err(format!(
        "With transfer, {:.1} % of the striped digits are read correctly, and from scratch {:.1} %. Transfer should \
         reach {:.0} %, and more than training from scratch.",
        100.0 * transferred,
        100.0 * scratch,
        100.0 * GOAL
    ))
}

fn components() -> Check {
    Check::new("pca_reconstruct", "pca", "pca_reconstruct is the projection on the first k principal components", 4)
        .on(|draw| {
            [1, 2, 3, 4, 0]
                .map(|k: usize| {
                    let x = spread(draw);
                    Record::new().with("x", x).with("k", k)
                })
                .to_vec()
        })
        .expects(|c| projected(c, true, true, true))
        // Power iteration that stops early is right as well.
        .within(Tolerance { relative: 1e-5, absolute: 1e-5 })
        .mistake("mean_not_added_back", "The reconstruction is centred at 0: add the mean again at the end.", |c| {
            projected(c, true, false, true)
        })
        .mistake(
            "mean_not_taken_out",
            "The mean of `x` was not subtracted, so the first component points towards the mean. Subtract the mean \
             first.",
            |c| projected(c, false, false, true),
        )
        .mistake(
            "first_component_again",
            "The first component is used every time. Remove its part from the covariance before you look for the next.",
            |c| projected(c, true, true, false),
        )
}

/// Eight samples with four features, which vary in four directions, in each much less than in the one before.
fn spread(draw: &mut Generator) -> Array2<f64> {
    let signs = [0b1010_1010_u8, 0b1100_1100, 0b0110_0110, 0b1111_0000];
    let scales = [drawn(draw, 8.0, 10.0), drawn(draw, 3.5, 5.0), drawn(draw, 1.2, 2.0), drawn(draw, 0.3, 0.6)];
    let mut x = Array2::from_shape_fn((8, 4), |(i, j)| if signs[j] >> i & 1 == 1 { scales[j] } else { -scales[j] });
    for (a, b) in [(0, 1), (1, 2), (2, 3), (0, 3)] {
        let (sin, cos) = drawn(draw, 0.3, 1.2).sin_cos();
        for mut row in x.rows_mut() {
            (row[a], row[b]) = (cos * row[a] - sin * row[b], sin * row[a] + cos * row[b]);
        }
    }
    x + draw::vector(draw, 4, 2.0) + 3.0
}

fn projected(c: &Record, centres: bool, adds_back: bool, goes_on: bool) -> Array2<f64> {
    let x = c.matrix("x");
    let mean = x.sum_axis(Axis(0)) / x.nrows() as f64 * if centres { 1.0 } else { 0.0 };
    let centred = &x - &mean;
    let mut covariance = centred.t().dot(&centred);
    let mut result = Array2::zeros(x.dim());
    if adds_back {
        result += &mean;
    }
    for _ in 0..c.count("k") {
        let mut v = Array1::from_shape_fn(x.ncols(), |j| 1.0 + j as f64 / 7.0);
        for _ in 0..500 {
            let next = covariance.dot(&v);
            let length = next.dot(&next).sqrt();
            v = next / length;
        }
        let (row, column) = (v.clone().insert_axis(Axis(0)), v.clone().insert_axis(Axis(1)));
        result = result + centred.dot(&column).dot(&row);
        if goes_on {
            let explained = v.dot(&covariance.dot(&v));
            covariance = covariance - column.dot(&row) * explained;
        }
    }
    result
}

/// The weights and biases of both layers.
fn parameters(f: &Formula) -> [Num; 4] {
    ["w1", "b1", "w2", "b2"].map(|name| f.input(name))
}

/// What a linear layer and a tanh put out, and the linear layer after it.
fn passed([w1, b1, w2, b2]: &[Num; 4], x: &Num) -> [Num; 2] {
    let hidden = (x.dot(w1) + b1).tanh().named("hidden");
    let output = (hidden.dot(w2) + b2).named("output");
    [hidden, output]
}

/// What the first layer puts out for the `x` of a case.
fn hidden_of(c: &Record) -> Array2<f64> {
    computed(|f| (f.input("x").dot(&f.input("w1")) + f.input("b1")).tanh())(c).matrix("result").to_owned()
}

/// A loss and its gradient, for outputs and targets.
type Measure = fn(&Num, &Num) -> [Num; 2];

/// What a step of training is made of: the names of its inputs and rates, and its loss.
#[derive(Clone, Copy)]
struct Lesson {
    input: &'static str,
    target: &'static str,
    rates: [&'static str; 2],
    measure: Measure,
}

const TRAINING: Lesson =
    Lesson { input: "input", target: "target", rates: ["learning_rate"; 2], measure: squared_error };
const TUNING: Lesson = Lesson { input: "x", target: "y", rates: ["body_rate", "head_rate"], measure: cross_entropy };

impl Lesson {
    /// The loss, and the parameters after a step. `back` makes of the second layer's weights, new and old, those that the
    /// gradient goes back through.
    fn step(self, f: &Formula, back: fn(Num, Num) -> Num) -> [(&'static str, Num); 5] {
        let (net, x) = (parameters(f), f.input(self.input));
        let [hidden, output] = passed(&net, &x);
        let [loss, d_out] = (self.measure)(&output, &f.input(self.target));
        let ([w1, b1, w2, b2], [first, second]) = (net, self.rates.map(|rate| f.input(rate)));
        let new_w2 = &w2 - &second * hidden.t().dot(&d_out);
        let d_hidden = d_out.dot(&back(new_w2.clone(), w2).t()).named("d_hidden");
        let d_z = (d_hidden * (1.0 - hidden.square())).named("d_z");
        [
            ("loss", loss),
            ("w1", w1 - &first * x.t().dot(&d_z)),
            ("b1", b1 - first * d_z.aggregate(Aggregate::Sum, Over::Samples)),
            ("w2", new_w2),
            ("b2", b2 - second * d_out.aggregate(Aggregate::Sum, Over::Samples)),
        ]
    }

    fn loss_after_the_step(self, f: &Formula) -> Num {
        let [_, w1, b1, w2, b2] = self.step(f, |_, w2| w2).map(|(_, part)| part);
        let [_, output] = passed(&[w1, b1, w2, b2], &f.input(self.input));
        let [loss, _] = (self.measure)(&output, &f.input(self.target));
        loss
    }
}

/// The check that such a step is taken. `id` and `says` name the mistake that the second layer is changed too early.
fn with_one_step(check: Check, lesson: Lesson, id: &'static str, says: &'static str) -> Check {
    check
        .computes(move |f| lesson.step(f, |_, w2| w2))
        .mistake(id, says, computed(move |f| lesson.step(f, |new_w2, _| new_w2)))
        .mistake(
            "loss_after_the_step",
            "The loss is that after the step. Return the loss before it.",
            computed(move |f| [("loss", lesson.loss_after_the_step(f))]),
        )
}

/// The mean squared error.
fn squared_error(output: &Num, target: &Num) -> [Num; 2] {
    [(output - target).square().mean().named("loss"), (2.0 * (output - target) / output.count()).named("d_out")]
}

/// The mean cross-entropy of softmax.
fn cross_entropy(scores: &Num, y: &Num) -> [Num; 2] {
    let exponentials = scores.exp().named("exp(scores)");
    let p = (&exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)).named("p");
    [(-(y * p.ln()).sum() / y.rows()).named("loss"), ((p - y) / y.rows()).named("d_out")]
}

fn mse(output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> f64 {
    (output - target).mapv(|error| error * error).sum() / output.len() as f64
}

/// Parameters of a network with so many inputs, neurons and outputs.
fn net(draw: &mut Generator, n_in: usize, n_hidden: usize, n_out: usize) -> Record {
    Record::new()
        .with("w1", draw::matrix(draw, (n_in, n_hidden), 0.9) + 0.003)
        .with("b1", draw::vector(draw, n_hidden, 0.5) + 0.003)
        .with("w2", draw::matrix(draw, (n_hidden, n_out), 1.2) + 0.003)
        .with("b2", draw::vector(draw, n_out, 0.5) + 0.003)
}

fn one_hot_rows(draw: &mut Generator, n: usize, n_classes: usize) -> Array2<f64> {
    let mut y = Array2::zeros((n, n_classes));
    for mut row in y.rows_mut() {
        row[draw::count(draw, n_classes)] = 1.0;
    }
    y
}

/// A number from `low` to `high`, with two decimals.
fn drawn(draw: &mut Generator, low: f64, high: f64) -> f64 {
    let share = (draw::number(draw, 1.0) + 1.0) / 2.0;
    ((low + (high - low) * share) * 100.0).round() / 100.0
}

/// The record with another value in one of its parts.
fn changed(record: Record, name: &str, value: impl Into<Value>) -> Record {
    let value = value.into();
    record.parts().fold(Record::new(), |changed, (part, old)| {
        changed.with(part, if part == name { value.clone() } else { old.clone() })
    })
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}
