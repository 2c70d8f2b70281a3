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
            .demands(well_blanked)
            .mistake_if(
                "one_draw_for_all",
                "All entries are blanked together, or kept together. Draw each entry separately.",
                |c, seen| {
                    let share = share_blanked(&seen.matrix("first"));
                    (share == 0.0 || share == 1.0) && has_shape_of_case(c, &seen.matrix("first"))
                },
            )
            .mistake_if(
                "one_row_for_all",
                "Whole columns are blanked, in all rows alike: every sample loses the same features. Draw each entry \
                 separately.",
                |_, seen| {
                    let blanked = seen.matrix("first").mapv(|entry| entry == 0.0);
                    blanked.rows().into_iter().all(|row| row == blanked.row(0))
                },
            )
            .mistake_if(
                "blanks_repeated",
                "Two calls in a row blank the same entries: the numbers do not come from `rng`, or it is copied and \
                 starts again each time.",
                |_, seen| seen.matrix("first") == seen.matrix("second"),
            )
            .mistake_if(
                "p_kept",
                "The share p is kept and the rest is blanked. p is the probability that an entry becomes 0.",
                |c, seen| (share_blanked(&seen.matrix("first")) - (1.0 - c.float("p"))).abs() < 0.03,
            )
            .mistake_if(
                "grown_as_in_dropout",
                "The remaining entries are scaled to x / (1 - p), as in dropout. Here the blanks need no compensation: \
                 leave these entries unchanged.",
                |c, seen| {
                    let grown = 1.0 / (1.0 - c.float("p"));
                    let first = seen.matrix("first");
                    first.indexed_iter().all(|((i, j), &entry)| entry == 0.0 || close(entry, grown * entry_of(c, i, j)))
                },
            ),
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
        .expects(|c| match c.float("p") {
            0.0 => Prediction::Is(c.matrix("x").to_owned().into()),
            1.0 => Prediction::Is((&c.matrix("x") * 0.0).into()),
            _ => Prediction::Panics,
        })
        .mistake(
            "ends_swapped",
            "With p = 0 everything is blanked, and with p = 1 nothing. p is the probability that an entry becomes 0.",
            |c| match c.float("p") {
                1.0 => Prediction::Is(c.matrix("x").to_owned().into()),
                0.0 => Prediction::Is((&c.matrix("x") * 0.0).into()),
                _ => Prediction::Panics,
            },
        )
        .mistake_if(
            "p_not_refused",
            "A p below 0, above 1 or NaN is accepted. It is not a probability: panic.",
            |c, _| !(0.0..=1.0).contains(&c.float("p")),
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

fn well_blanked(c: &Record, seen: &Record) -> Result<(), String> {
    let p = c.float("p");
    for name in ["first", "second"] {
        let x = seen.matrix(name);
        if !has_shape_of_case(c, &x) {
            return Err(format!("The shape is {:?}, not that of `x`.", x.dim()));
        }
        for ((i, j), &entry) in x.indexed_iter() {
            let right = entry_of(c, i, j);
            if entry != 0.0 && entry != right {
                return Err(format!(
                    "In row {i}, column {j} the entry {right} has become {entry:.4}: neither 0 nor unchanged."
                ));
            }
        }
        let shares = [
            share_blanked(&x),
            share_blanked(&x.row(0).insert_axis(Axis(0))),
            share_blanked(&x.column(0).insert_axis(Axis(0))),
        ];
        // Of 20,000 entries or more the share is known to 0.0034: this is eight times as much.
        if (shares[0] - p).abs() > 0.03 {
            return Err(format!(
                "{:.1} % of the entries are blanked, but {:.1} % should be.",
                100.0 * shares[0],
                100.0 * p
            ));
        }
        // All or nothing of a row of 100 entries: less likely than 1e-6, on average over the p that are drawn.
        if shares[1..].iter().any(|&share| share == 0.0 || share == 1.0) {
            return Err(
                "A row or a column is blanked as a whole, or not at all. Draw each entry separately.".to_owned()
            );
        }
    }
    if seen.matrix("first") == seen.matrix("second") {
        return Err("Two calls in a row blank the same entries.".to_owned());
    }
    Ok(())
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
            .expects(|c| networks(&c.counts("sizes"), &reversed(c), "", ""))
            .mistake(
                "decoder_not_mirrored",
                "The decoder has the sizes of the encoder, in the same order. It goes from the code to the samples: \
                 reverse the sizes.",
                |c| networks(&c.counts("sizes"), &c.counts("sizes"), "", ""),
            )
            .mistake(
                "relu_behind_the_code",
                "There is a ReLU after the last layer of the encoder. The code may be negative: leave this ReLU out.",
                |c| networks(&c.counts("sizes"), &reversed(c), ", ReLU", ""),
            )
            .mistake(
                "relu_behind_the_output",
                "There is a ReLU after the last layer of the decoder. If such an output is 0, its gradient is 0 as \
                 well, and it cannot learn to be larger.",
                |c| networks(&c.counts("sizes"), &reversed(c), "", ", ReLU"),
            )
            .mistake(
                "relu_behind_every_layer",
                "There is a ReLU after the last layer of both networks. ReLUs belong between linear layers only: code \
                 and output may be any number.",
                |c| networks(&c.counts("sizes"), &reversed(c), ", ReLU", ", ReLU"),
            )
            .mistake(
                "weights_not_drawn",
                "Two autoencoders from one generator start with the same weights. Draw them from the `rng` that is \
                 passed in.",
                |c| {
                    changed(
                        networks(&c.counts("sizes"), &reversed(c), "", ""),
                        "a second one has the same weights",
                        true,
                    )
                },
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
            .expects(|c| halves(c, |net, x| net.hidden(x), |net, x| net.output(x)))
            .mistake(
                "code_for_reconstruction",
                "`reconstruct` returns the code. The decoder still has to turn it into a sample.",
                |c| halves(c, |net, x| net.hidden(x), |net, x| net.hidden(x)),
            )
            .mistake(
                "encoded_all_the_way",
                "`encode` returns the reconstruction. The code is the output of the encoder alone.",
                |c| halves(c, |net, x| net.output(x), |net, x| net.output(x)),
            ),
        Check::new("train_step", "train_step", "train_step trains both networks to turn the input into the target", 5)
            .about("Autoencoder::train_step")
            .after("reconstruct")
            .on(|draw| {
                let n = draw::size(draw, 3, 5);
                let target = draw::matrix(draw, (n, 3), 1.5) + 0.2;
                let input = &target + &draw::matrix(draw, (n, 3), 0.8);
                let case = net(draw, 3, 2, 3).with("input", input).with("target", target);
                vec![case.with("learning_rate", drawn(draw, 0.2, 0.9))]
            })
            .computes(|f| {
                let (x, rate) = (f.input("input"), f.input("learning_rate"));
                let [code, output] = passed(f, &x);
                let error = (output - f.input("target")).named("error");
                let d_out = (2.0 * &error / error.count()).named("d_out");
                let loss = error.square().mean().named("loss");
                after_step(f, loss, &x, &code, &d_out, [&rate, &rate])
            })
            .mistake(
                "gradient_towards_the_input",
                "The loss compares with `target`, but the gradient compares with `input`, the damaged copy. Both have \
                 to compare with `target`.",
                |c| {
                    let (_, net) = stepped(c, "input", "input", [1.0, 1.0]);
                    let (loss, _) = stepped(c, "input", "target", [1.0, 1.0]);
                    net.named(loss)
                },
            )
            .mistake(
                "decoder_moves_first",
                "The gradient goes to the encoder through a decoder that has been updated already. Compute both \
                 gradients first, and then take both steps.",
                |c| {
                    let (loss, moved) = stepped(c, "input", "target", [1.0, 1.0]);
                    let (net, x, rate) = (Net::of(c), c.matrix("input"), c.float("learning_rate"));
                    let output = net.output(&x);
                    let d_out = (&output - &c.matrix("target")) * (2.0 / output.len() as f64);
                    net.after_step(&net.gradients(&x, &d_out, &moved.w2), [rate, rate]).named(loss)
                },
            )
            .mistake(
                "input_and_target_swapped",
                "`input` and `target` are swapped: `input` goes into the network.",
                |c| trained(c, "target", "input", [1.0, 1.0]),
            )
            .mistake(
                "encoder_stays",
                "The encoder has not changed. Either the gradient of the code does not reach its `backward`, or it \
                 takes no step.",
                |c| trained(c, "input", "target", [0.0, 1.0]),
            )
            .mistake("decoder_stays", "The decoder has not changed. Both networks have to take a step.", |c| {
                trained(c, "input", "target", [1.0, 0.0])
            })
            .mistake("uphill", "The step goes uphill. It has to go against the gradient.", |c| {
                trained(c, "input", "target", [-1.0, -1.0])
            })
            .mistake(
                "loss_after_the_step",
                "The networks are right, but the loss is that after the step. Return the loss before it.",
                |c| {
                    let (old, net) = stepped(c, "input", "target", [1.0, 1.0]);
                    let _ = old;
                    net.named(mse(&net.output(&c.matrix("input")), &c.matrix("target")))
                },
            ),
    ]
}

fn reversed(c: &Record) -> Vec<usize> {
    c.counts("sizes").into_iter().rev().collect()
}

/// The two networks as they describe themselves.
fn networks(encoder: &[usize], decoder: &[usize], behind_code: &str, behind_output: &str) -> Record {
    Record::new()
        .with("encoder", linear_layers(encoder, ", ReLU, ") + behind_code)
        .with("decoder", linear_layers(decoder, ", ReLU, ") + behind_output)
        .with("a second one has the same weights", false)
}

fn linear_layers(sizes: &[usize], between: &str) -> String {
    sizes.windows(2).map(|pair| format!("Linear {} -> {}", pair[0], pair[1])).collect::<Vec<_>>().join(between)
}

type Pass = fn(&Net, &ArrayRef2<f64>) -> Array2<f64>;

fn halves(c: &Record, encode: Pass, reconstruct: Pass) -> Record {
    let (net, x) = (Net::of(c), c.matrix("x"));
    Record::new()
        .with("encode(x)", encode(&net, &x))
        .with("decode(codes)", c.matrix("codes").dot(&net.w2) + &net.b2)
        .with("reconstruct(x)", reconstruct(&net, &x))
}

/// The loss before a step of the autoencoder, and the networks after it; `shares` are those of the learning rate that
/// encoder and decoder take.
fn stepped(c: &Record, input: &str, target: &str, shares: [f64; 2]) -> (f64, Net) {
    let (net, x, t) = (Net::of(c), c.matrix(input), c.matrix(target));
    let output = net.output(&x);
    let d_out = (&output - &t) * (2.0 / output.len() as f64);
    let rate = c.float("learning_rate");
    (mse(&output, &t), net.after_step(&net.gradients(&x, &d_out, &net.w2), shares.map(|share| share * rate)))
}

fn trained(c: &Record, input: &str, target: &str, shares: [f64; 2]) -> Record {
    let (loss, net) = stepped(c, input, target, shares);
    net.named(loss)
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
        .demands(|c, seen| {
            for name in EPOCHS {
                Epoch::of(seen, name).judge(c)?;
            }
            if order(c, seen, "first") == order(c, seen, "second") {
                return Err("Both epochs use the samples in the same order.".to_owned());
            }
            Ok(())
        })
        .mistake_if(
            "batches_ignored",
            "The whole epoch is one batch. Take a step for every `batch_size` samples.",
            |c, seen| Epoch::of(seen, "first").sizes == [c.matrix("x").nrows()],
        )
        .mistake_if(
            "rest_dropped",
            "The samples that are left at the end are dropped. They are a batch as well, only shorter.",
            |c, seen| {
                let sizes = Epoch::of(seen, "first").sizes;
                sizes.len() == c.matrix("x").nrows() / c.count("batch_size")
                    && sizes.iter().all(|&size| size == c.count("batch_size"))
            },
        )
        .mistake_if(
            "target_damaged",
            "The target is damaged like the input: the network learns to reproduce the damage. Use the undamaged batch \
             as the target.",
            |_, seen| {
                let epoch = Epoch::of(seen, "first");
                share_blanked(&epoch.inputs) > 0.1 && same(&epoch.inputs, &epoch.targets)
            },
        )
        .mistake_if(
            "nothing_damaged",
            "No input is damaged, although p is not 0: blank out the share p of every batch before it goes in.",
            |_, seen| {
                let epoch = Epoch::of(seen, "first");
                share_blanked(&epoch.inputs) == 0.0 && !epoch.sizes.is_empty() && same(&epoch.inputs, &epoch.targets)
            },
        )
        .mistake_if(
            "not_shuffled",
            "The samples come in the order of `x`. Every epoch needs a new random order.",
            |c, seen| {
                order(c, seen, "first").is_some_and(|order| order.iter().enumerate().all(|(place, row)| place == *row))
            },
        )
        .mistake_if(
            "drawn_with_replacement",
            "Some samples are used several times in an epoch and others not at all. Shuffle the numbers of all \
             samples, and go through them.",
            |c, seen| {
                order(c, seen, "first").is_some_and(|order| {
                    let mut once = order.clone();
                    once.sort_unstable();
                    once.dedup();
                    once.len() < order.len()
                })
            },
        )
        .mistake_if(
            "same_order_again",
            "Both epochs use the samples in the same order. Shuffle with the `rng` that is passed in, not with a copy \
             or a generator of your own.",
            |c, seen| order(c, seen, "first").is_some() && order(c, seen, "first") == order(c, seen, "second"),
        )
        .mistake_if(
            "mean_of_batch_means",
            "The loss is the mean of the losses of the batches. The last batch is shorter, so its samples count more: \
             multiply each loss by the size of its batch, and divide by the number of samples.",
            |_, seen| {
                let epoch = Epoch::of(seen, "first");
                let losses = epoch.losses();
                close(epoch.loss, losses.iter().sum::<f64>() / losses.len() as f64)
            },
        )
        .mistake_if(
            "losses_added_up",
            "The loss is the sum over batches or samples, and not the mean over the samples: the division at the end \
             is missing or wrong.",
            |_, seen| {
                let epoch = Epoch::of(seen, "first");
                let losses = epoch.losses();
                let weighted: f64 = losses.iter().zip(&epoch.sizes).map(|(loss, &size)| loss * size as f64).sum();
                close(epoch.loss, losses.iter().sum()) || close(epoch.loss, weighted)
            },
        ),
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
        .expects(|c| match c.count("batch_size") {
            0 => Prediction::Panics,
            _ => trained(c, "x", "x", [1.0, 1.0]).into(),
        }),
    ]
}

const EPOCHS: [&str; 2] = ["first", "second"];

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

    fn judge(&self, c: &Record) -> Result<(), String> {
        let (x, batch_size) = (c.matrix("x"), c.count("batch_size"));
        let n = x.nrows();
        let right: Vec<usize> = (0..n).step_by(batch_size).map(|from| batch_size.min(n - from)).collect();
        if self.sizes != right {
            return Err(format!(
                "The batches have the sizes {:?}; {n} samples in batches of {batch_size} are {right:?}.",
                self.sizes
            ));
        }
        let mut seen = vec![0; n];
        for (row, target) in self.targets.rows().into_iter().enumerate() {
            let Some(sample) = place_of(&x, &target) else {
                return Err("The target of a step is not an unchanged sample of `x`.".to_owned());
            };
            seen[sample] += 1;
            let input = self.inputs.row(row);
            if input.iter().zip(&target).any(|(input, target)| *input != 0.0 && !close(*input, *target)) {
                return Err("An input is not its target with some entries blanked.".to_owned());
            }
        }
        if let Some(sample) = seen.iter().position(|&times| times != 1) {
            return Err(format!("Sample {sample} is used {} times in an epoch, not once.", seen[sample]));
        }
        // One of 27! orders or more: hardly an accident.
        if (0..n).all(|row| place_of(&x, &self.targets.row(row)) == Some(row)) {
            return Err("The samples come in the order of `x`.".to_owned());
        }
        let (share, p) = (share_blanked(&self.inputs), c.float("p"));
        // Of 270 entries or more the share is known to 0.03; this is five times as much.
        if (share - p).abs() > 0.15 {
            return Err(format!("{:.0} % of the inputs are blanked, but {:.0} % should be.", 100.0 * share, 100.0 * p));
        }
        let mean = mse(&self.inputs, &self.targets);
        if !close(self.loss, mean) {
            return Err(format!("The mean loss of the samples is {mean:.6}, and {:.6} was returned.", self.loss));
        }
        Ok(())
    }
}

/// Which sample of `x` each target is; nothing if one of them is none.
fn order(c: &Record, seen: &Record, name: &str) -> Option<Vec<usize>> {
    let x = c.matrix("x");
    let order: Option<Vec<usize>> =
        Epoch::of(seen, name).targets.rows().into_iter().map(|target| place_of(&x, &target)).collect();
    order.filter(|order| order.len() > 1)
}

fn place_of(x: &ArrayRef2<f64>, row: &ArrayRef1<f64>) -> Option<usize> {
    (0..x.nrows()).find(|&i| x.row(i).iter().zip(row).all(|(a, b)| close(*a, *b)))
}

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
            .computes(|f| {
                let x = f.input("x");
                let [_, output] = passed(f, &x);
                let error = (output - &x).named("error");
                let errors: Vec<Num> = (0..x.n_rows()).map(|sample| error.row(sample).square().mean()).collect();
                f.vector(&errors)
            })
            .mistake(
                "root_taken",
                "A root is taken: this is the root of the mean squared error, or the length of the error. Leave it \
                 out.",
                |c| {
                    let errors = Net::of(c).output(&c.matrix("x")) - c.matrix("x");
                    errors.rows().into_iter().map(|e| (e.dot(&e) / e.len() as f64).sqrt()).collect::<Array1<f64>>()
                },
            )
            .mistake(
                "errors_of_features",
                "There is one number for each feature, a mean over the samples. Compute one for each sample: \
                 `Axis(1)`.",
                |c| {
                    let errors = Net::of(c).output(&c.matrix("x")) - c.matrix("x");
                    (&errors * &errors).sum_axis(Axis(0)) / errors.nrows() as f64
                },
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
            .expects(|c| mixed(&sorted(c), c.float("q")))
            .mistake("not_sorted", "The position is counted in the unsorted values. Sort a copy of them first.", |c| {
                mixed(&c.vector("values").to_vec(), c.float("q"))
            })
            .mistake(
                "share_of_all_places",
                "The position is q · n, counted from 0. The last of n positions is n - 1, so use q · (n - 1).",
                |c| {
                    let (sorted, q) = (sorted(c), c.float("q"));
                    let last = sorted.len() - 1;
                    let place = (q * sorted.len() as f64).min(last as f64);
                    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
                    below + (above - below) * place.fract()
                },
            )
            .mistake(
                "rounded_down",
                "The position is rounded down to a whole number. Between two positions, interpolate between both \
                 values.",
                |c| at(&sorted(c), f64::floor, c.float("q")),
            )
            .mistake(
                "rounded_up",
                "The position is rounded up to a whole number. Between two positions, interpolate between both values.",
                |c| at(&sorted(c), f64::ceil, c.float("q")),
            )
            .mistake(
                "nearest_place",
                "The position is rounded to the nearest whole number. Between two positions, interpolate between both \
                 values.",
                |c| at(&sorted(c), f64::round, c.float("q")),
            )
            .mistake(
                "halfway",
                "Between two positions you take the mean of both values. Weight them: the nearer value counts more.",
                |c| (at(&sorted(c), f64::floor, c.float("q")) + at(&sorted(c), f64::ceil, c.float("q"))) / 2.0,
            )
            .mistake(
                "mixture_reversed",
                "The weights are exchanged: near the upper position the upper value has to count more.",
                |c| {
                    at(&sorted(c), f64::floor, c.float("q")) + at(&sorted(c), f64::ceil, c.float("q"))
                        - mixed(&sorted(c), c.float("q"))
                },
            )
            .mistake(
                "counted_from_the_top",
                "This is the 1 - q quantile: either the values are sorted from large to small, or q is used as the \
                 share above.",
                |c| mixed(&sorted(c), 1.0 - c.float("q")),
            )
            .mistake(
                "place_q_times_n",
                "The position is q · n, rounded down. Positions are counted from 0, so the last one is n - 1: with q = \
                 1 your code reads after the end.",
                |c| {
                    let values = sorted(c);
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
        .expects(|c| match c.float("q") {
            0.5 if c.vector("values").len() > 1 => Prediction::Is(mixed(&sorted(c), 0.5).into()),
            _ => Prediction::Panics,
        })
        .mistake_if(
            "q_not_refused",
            "A q below 0, above 1 or NaN is accepted, or an empty list of values. There is no value at such a \
             position: panic.",
            |c, _| !(0.0..=1.0).contains(&c.float("q")) || c.vector("values").is_empty(),
        ),
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
            .expects(|c| mixed(&errors_of(c, "x_normal"), c.float("q")))
            .mistake(
                "largest_error",
                "This is the largest of the normal errors, whatever q is. Take the q-quantile.",
                |c| mixed(&errors_of(c, "x_normal"), 1.0),
            )
            .mistake("mean_error", "This is the mean of the normal errors, whatever q is. Take the q-quantile.", |c| {
                let errors = errors_of(c, "x_normal");
                errors.iter().sum::<f64>() / errors.len() as f64
            })
            .mistake(
                "share_reversed",
                "This is the 1 - q quantile. q is the share of normal samples that stays *below* the threshold.",
                |c| mixed(&errors_of(c, "x_normal"), 1.0 - c.float("q")),
            ),
        Check::new("is_anomaly", "detector", "an anomaly has an error above the threshold, or NaN", 2)
            .about("AnomalyDetector::is_anomaly")
            .after("errors")
            .on(|draw| {
                let case = net(draw, 3, 2, 3).with("x", draw::matrix(draw, (8, 3), 1.5) + 0.2);
                let errors = errors_of(&case, "x");
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

fn sorted(c: &Record) -> Vec<f64> {
    let mut values = c.vector("values").to_vec();
    values.sort_by(f64::total_cmp);
    values
}

fn at(values: &[f64], round: fn(f64) -> f64, q: f64) -> f64 {
    values[round(q * (values.len() - 1) as f64) as usize]
}

fn mixed(values: &[f64], q: f64) -> f64 {
    let share = (q * (values.len() - 1) as f64).fract();
    at(values, f64::floor, q) * (1.0 - share) + at(values, f64::ceil, q) * share
}

/// The errors of these samples, sorted.
fn errors_of(c: &Record, name: &str) -> Vec<f64> {
    let errors = Net::of(c).output(&c.matrix(name)) - c.matrix(name);
    let mut errors = ((&errors * &errors).sum_axis(Axis(1)) / errors.ncols() as f64).to_vec();
    errors.sort_by(f64::total_cmp);
    errors
}

fn judged(c: &Record, is_anomaly: fn(f64, f64) -> bool) -> String {
    let errors = Net::of(c).output(&c.matrix("x")) - c.matrix("x");
    let flag = |row: ndarray::ArrayView1<'_, f64>| {
        let error = row.iter().map(|e| e * e).sum::<f64>() / row.len() as f64;
        if is_anomaly(error, c.float("threshold")) { "anomaly" } else { "normal" }
    };
    errors.rows().into_iter().map(flag).collect::<Vec<_>>().join(", ")
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
                labels.extend([0, 1, 2, 3].repeat(10));
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
            .demands(|c, seen| {
                let labels = c.counts("labels");
                for name in EPOCHS {
                    let chosen = seen.counts(name);
                    if let Some(pair) = chosen.windows(2).find(|pair| pair[0] == pair[1]) {
                        return Err(format!("Sample {} is drawn twice.", pair[0]));
                    }
                    if let Some(sample) =
                        chosen.iter().find(|sample| labels.get(**sample).is_none_or(|label| *label >= 4))
                    {
                        return Err(format!("Sample {sample} has none of the 4 classes."));
                    }
                    for class in 0..c.count("n_classes") {
                        let n = chosen.iter().filter(|sample| labels[**sample] == class).count();
                        if n != c.count("n") {
                            return Err(format!("There are {n} samples of class {class}, not {}.", c.count("n")));
                        }
                    }
                }
                // There are more than 1e10 ways to choose.
                if seen.counts("first") == seen.counts("second") {
                    return Err("Two draws choose the same samples.".to_owned());
                }
                if let Some(sample) =
                    EPOCHS.iter().map(|name| seen.counts(name)).find(|chosen| *chosen == first_of_each(c))
                {
                    return Err(format!("The first samples of each class are chosen: {sample:?}."));
                }
                Ok(())
            })
            .mistake_if(
                "always_the_first",
                "The first n samples of each class are chosen. Draw them from all samples of the class.",
                |c, seen| seen.counts("first") == first_of_each(c),
            )
            .mistake_if(
                "same_draw_again",
                "Two draws in a row choose the same samples: the random numbers do not come from `rng`, or it is \
                 copied and starts again.",
                |c, seen| seen.counts("first") == seen.counts("second") && seen.counts("first") != first_of_each(c),
            )
            .mistake_if(
                "drawn_twice",
                "A sample is drawn twice. Shuffle the samples of a class and take the first n of them.",
                |_, seen| seen.counts("first").windows(2).any(|pair| pair[0] == pair[1]),
            )
            .mistake_if(
                "classes_not_balanced",
                "There are n samples for each class in all, but not n of each class. Draw from the samples of one \
                 class at a time.",
                |c, seen| {
                    let (labels, chosen) = (c.counts("labels"), seen.counts("first"));
                    let n_of = |class| chosen.iter().filter(|sample| labels.get(**sample) == Some(&class)).count();
                    chosen.len() == 4 * c.count("n") && (0..4).any(|class| n_of(class) != c.count("n"))
                },
            ),
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
            match c.count("n") {
                4 => Prediction::Is(Record::new().with("first", all.clone()).with("second", all)),
                _ => Prediction::Panics,
            }
        })
        .mistake(
            "short_class_taken",
            "A class with fewer than n samples is accepted. The documentation requires a panic.",
            |c| {
                let labels = c.counts("labels");
                let all: Vec<usize> = (0..labels.len()).filter(|&sample| labels[sample] < 3).collect();
                Record::new().with("first", all.clone()).with("second", all)
            },
        ),
    ]
}

fn selected(c: &Record, new_label: fn(usize, &[usize]) -> usize) -> Record {
    let (labels, classes) = (c.counts("labels"), c.counts("classes"));
    let rows: Vec<usize> = (0..labels.len()).filter(|&row| classes.contains(&labels[row])).collect();
    let new: Vec<usize> = rows.iter().map(|&row| new_label(labels[row], &classes)).collect();
    Record::new().with("x", c.matrix("x").select(Axis(0), &rows)).with("labels", new)
}

/// The first n samples of each class, sorted.
fn first_of_each(c: &Record) -> Vec<usize> {
    let labels = c.counts("labels");
    let of = |class: usize| {
        let samples = labels.iter().enumerate().filter(move |(_, label)| **label == class).map(|(sample, _)| sample);
        samples.take(c.count("n")).collect::<Vec<_>>()
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
            .expects(|c| frozen(c, |d_x, _| d_x))
            .mistake(
                "gradient_cut_off",
                "No gradient comes back through the frozen layer. A layer below it may learn: pass the gradient back \
                 through the network.",
                |c| frozen(c, |d_x, _| d_x * 0.0),
            )
            .mistake(
                "gradient_passed_by",
                "`d_out` is passed on unchanged, as if the frozen network were not there. It has to go back through \
                 that network.",
                |c| frozen(c, |_, d_out| d_out),
            )
            .mistake(
                "frozen_learns",
                "The frozen network still returns its parameters, and a step of an optimiser changes them. If a layer \
                 returns no parameters, nothing in it can change.",
                |c| {
                    let (net, x) = (Net::of(c), c.matrix("x"));
                    let d_hidden = c.matrix("d_out");
                    let d_z = &d_hidden * &net.hidden(&x).mapv(|a| 1.0 - a * a);
                    let moved = Net {
                        w1: &net.w1 - 0.5 * x.t().dot(&d_z),
                        b1: &net.b1 - 0.5 * d_z.sum_axis(Axis(0)),
                        ..Net::of(c)
                    };
                    let learns = changed(frozen(c, |d_x, _| d_x), "n_parameters", net.w1.len() + net.b1.len());
                    changed(learns, "output after a step", moved.hidden(&x))
                },
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
        .expects(|c| described(c, ", ReLU"))
        .mistake(
            "no_relu_behind_the_body",
            "There is no ReLU after the last layer of the body. The last layer and the head would be two linear layers \
             in a row, which are equivalent to one.",
            |c| described(c, ""),
        )
        .mistake(
            "classifier_not_drawn",
            "Two classifiers from one generator have the same head. Draw its weights from the `rng` that is passed in.",
            |c| changed(described(c, ", ReLU"), "a second one has the same weights", true),
        )
        .mistake(
            "no_relu",
            "There is no ReLU in the body: linear layers alone are equivalent to one linear layer.",
            |c| changed(described(c, ""), "body", linear_layers(&c.counts("sizes"), ", ")),
        ),
        Check::new("scores", "classifier", "scores go through body and head", 1)
            .about("Classifier::scores")
            .on(|draw| vec![net(draw, 3, 4, 2).with("x", draw::matrix(draw, (5, 3), 1.5))])
            .expects(|c| Net::of(c).output(&c.matrix("x")))
            .mistake(
                "hidden_for_scores",
                "This is the output of the body. The head still has to turn it into scores.",
                |c| Net::of(c).hidden(&c.matrix("x")),
            ),
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
        .expects(|c| headed(c, 4, c.count("n_classes")))
        .mistake("head_kept", "The head is the old one, for the old classes. Make a new one with `Linear::new`.", |c| {
            let old = changed(headed(c, 4, 2), "the head has its old weights", true);
            changed(old, "another rng gives the same weights", true)
        })
        .mistake(
            "head_on_the_head",
            "The new head takes the old scores as its inputs. Its input is the output of the body: as many numbers as \
             the old head had inputs.",
            |c| headed(c, 2, c.count("n_classes")),
        )
        .mistake(
            "head_not_drawn",
            "The new head does not depend on `rng`: draw it with `Linear::new(…, rng)`.",
            |c| changed(headed(c, 4, c.count("n_classes")), "another rng gives the same weights", true),
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
        .expects(|c| froze(c, 0))
        .mistake(
            "nothing_frozen",
            "The body still has parameters: put it into a `Frozen`, and make a network of that one layer.",
            |c| froze(c, 16),
        ),
        Check::new("n_trainable", "two_rates", "n_trainable counts the parameters of body and head", 1)
            .about("Classifier::n_trainable")
            .on(|draw| {
                let (n_in, n_hidden, n_out) = (draw::size(draw, 2, 5), draw::size(draw, 3, 6), draw::size(draw, 2, 4));
                vec![net(draw, n_in, n_hidden, n_out), net(draw, 7, 5, 3)]
            })
            .expects(|c| counted(c, [1, 1, 1, 1]))
            .mistake("head_not_counted", "The head is not counted: it has weights and biases as well.", |c| {
                counted(c, [1, 1, 0, 0])
            })
            .mistake("body_not_counted", "The body is not counted. Only a frozen body has no parameters.", |c| {
                counted(c, [0, 0, 1, 1])
            })
            .mistake("biases_not_counted", "The biases are not counted, or those of the head are not.", |c| {
                counted(c, [1, 1, 1, 0])
            })
            .mistake(
                "arrays_counted",
                "This is the number of *arrays*. Count the numbers in them: `parameter.value.len()`.",
                |_| 4_usize,
            ),
        Check::new("two_rates", "two_rates", "train_step updates body and head, each at its own rate", 3)
            .about("Classifier::train_step")
            .after("scores")
            .on(|draw| {
                let n = draw::size(draw, 3, 5);
                let case =
                    net(draw, 3, 4, 2).with("x", draw::matrix(draw, (n, 3), 1.5)).with("y", one_hot_rows(draw, n, 2));
                vec![case.with("body_rate", drawn(draw, 0.1, 0.3)).with("head_rate", drawn(draw, 0.5, 0.9))]
            })
            .computes(|f| {
                let (x, y) = (f.input("x"), f.input("y"));
                let [hidden, scores] = passed(f, &x);
                let exponentials = scores.exp().named("exponentials");
                let p = (&exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)).named("p");
                let loss = (-(&y * p.ln()).sum() / y.rows()).named("loss");
                let d_out = ((p - &y) / y.rows()).named("d_out");
                after_step(f, loss, &x, &hidden, &d_out, [&f.input("body_rate"), &f.input("head_rate")])
            })
            .mistake("rates_swapped", "The rates are swapped: the body is updated with the rate of the head.", |c| {
                tuned(c, c.float("head_rate"), c.float("body_rate"))
            })
            .mistake(
                "body_stays",
                "The body has not changed. Either the gradient from the head does not reach its `backward`, or it \
                 takes no step.",
                |c| tuned(c, 0.0, c.float("head_rate")),
            )
            .mistake("head_stays", "The head has not changed. It has to take a step as well, with its own rate.", |c| {
                tuned(c, c.float("body_rate"), 0.0)
            })
            .mistake(
                "back_through_the_new_head",
                "The gradient goes to the body through a head that has been updated already. Compute both gradients \
                 first, and then take both steps.",
                |c| {
                    let (net, x) = (Net::of(c), c.matrix("x"));
                    let (loss, d_out) = cross_entropy(&net.output(&x), &c.matrix("y"));
                    let moved = net.after_step(&net.gradients(&x, &d_out, &net.w2), [0.0, c.float("head_rate")]);
                    let gradients = net.gradients(&x, &d_out, &moved.w2);
                    net.after_step(&gradients, [c.float("body_rate"), c.float("head_rate")]).named(loss)
                },
            )
            .mistake(
                "loss_after_the_step",
                "Body and head are right, but the loss is that after the step. Return the loss before it.",
                |c| {
                    let right = tuned(c, c.float("body_rate"), c.float("head_rate"));
                    let net = Net::of(&right);
                    net.named(cross_entropy(&net.output(&c.matrix("x")), &c.matrix("y")).0)
                },
            ),
    ]
}

fn frozen(c: &Record, on_the_way_back: fn(Array2<f64>, Array2<f64>) -> Array2<f64>) -> Record {
    let (net, x, d_out) = (Net::of(c), c.matrix("x"), c.matrix("d_out"));
    let hidden = net.hidden(&x);
    let d_x = (&d_out * &hidden.mapv(|a| 1.0 - a * a)).dot(&net.w1.t());
    Record::new()
        .with("output", hidden.clone())
        .with("d_x", on_the_way_back(d_x, d_out.to_owned()))
        .with("n_parameters", 0_usize)
        .with("output after a step", hidden)
}

fn described(c: &Record, behind: &str) -> Record {
    let sizes = c.counts("sizes");
    let last = sizes.last().copied().unwrap_or_default();
    Record::new()
        .with("body", linear_layers(&sizes, ", ReLU, ") + behind)
        .with("head", format!("Linear {last} -> {}", c.count("n_classes")))
        .with("a second one has the same weights", false)
}

fn headed(c: &Record, n_in: usize, n_out: usize) -> Record {
    Record::new()
        .with("body(x)", Net::of(c).hidden(&c.matrix("x")))
        .with("head", format!("Linear {n_in} -> {n_out}"))
        .with("the head has its old weights", false)
        .with("another rng gives the same weights", false)
}

fn froze(c: &Record, n_parameters: usize) -> Record {
    let net = Net::of(c);
    Record::new()
        .with("body(x)", net.hidden(&c.matrix("x")))
        .with("parameters of the body", n_parameters)
        .with("head weights", net.w2)
        .with("head biases", net.b2)
}

/// How many numbers there are, with what is left out counted 0 times.
fn counted(c: &Record, times: [usize; 4]) -> usize {
    let net = Net::of(c);
    let counts = [net.w1.len(), net.b1.len(), net.w2.len(), net.b2.len()];
    counts.iter().zip(times).map(|(count, times)| count * times).sum()
}

fn tuned(c: &Record, body_rate: f64, head_rate: f64) -> Record {
    let (net, x) = (Net::of(c), c.matrix("x"));
    let (loss, d_out) = cross_entropy(&net.output(&x), &c.matrix("y"));
    net.after_step(&net.gradients(&x, &d_out, &net.w2), [body_rate, head_rate]).named(loss)
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
        .demands(well_transferred)
        .mistake_if(
            "old_head_trained",
            "The training continues with the old head. The new task has its own classes: give the classifier a new \
             head first.",
            |c, seen| seen.matrix("head weights before the steps") == c.matrix("w2"),
        )
        .mistake_if(
            "body_moves",
            "The body has changed in the training. Freeze it before the first step.",
            |c, seen| !same(&seen.matrix("body(x)"), &Net::of(c).hidden(&c.matrix("x"))),
        )
        .mistake_if(
            "body_not_frozen",
            "The body has not changed, but it is not frozen: it still has parameters, and the next training would \
             change them.",
            |c, seen| {
                seen.count("parameters of the body") > 0
                    && same(&seen.matrix("body(x)"), &Net::of(c).hidden(&c.matrix("x")))
            },
        )
        .mistake_if(
            "head_not_trained",
            "The new head has not been trained. It has to take `steps` steps with `head_rate`.",
            |_, seen| seen.matrix("head weights before the steps") == seen.matrix("head weights"),
        )
        .mistake_if(
            "a_step_too_many",
            "With steps = 0 the biases of the head are not 0, as those of a new head are. Does your loop run once too \
             often? `0..steps` runs `steps` times, `0..=steps` once more.",
            |c, seen| {
                let before = seen.matrix("head weights before the steps");
                if before.dim() != (4, c.matrix("y").ncols()) || before == c.matrix("w2") {
                    return false;
                }
                let (right, _) = after_steps(c, seen, c.count("steps"));
                same(&right, &seen.matrix("head weights")) && has_moved(seen)
            },
        )
        .mistake_if("one_step_only", "The head has taken only one step. It has to take `steps` steps.", |c, seen| {
            let (weights, _) = after_steps(c, seen, 1);
            same(&weights, &seen.matrix("head weights"))
        });
    vec![transfer, needs.into_iter().fold(digits, Check::after)]
}

/// Whether the head is no new one even without a step: a new one has biases 0.
fn has_moved(seen: &Record) -> bool {
    seen.vector("head biases before the steps").iter().any(|bias| *bias != 0.0)
}

/// The head after so many steps, from what it was before the first.
fn after_steps(c: &Record, seen: &Record, steps: usize) -> (Array2<f64>, Array1<f64>) {
    let hidden = Net::of(c).hidden(&c.matrix("x"));
    let mut weights = seen.matrix("head weights before the steps").to_owned();
    let mut biases = seen.vector("head biases before the steps").to_owned();
    for _ in 0..steps {
        let (_, d_scores) = cross_entropy(&(hidden.dot(&weights) + &biases), &c.matrix("y"));
        weights = weights - c.float("head_rate") * hidden.t().dot(&d_scores);
        biases = biases - c.float("head_rate") * d_scores.sum_axis(Axis(0));
    }
    (weights, biases)
}

fn well_transferred(c: &Record, seen: &Record) -> Result<(), String> {
    let (weights, n_classes) = (seen.matrix("head weights"), c.matrix("y").ncols());
    if weights.dim() != (4, n_classes) {
        return Err(format!("The weights of the head have the shape {:?}, not (4, {n_classes}).", weights.dim()));
    }
    if seen.matrix("head weights before the steps") == c.matrix("w2") {
        return Err("The head is the old one.".to_owned());
    }
    if !same(&seen.matrix("body(x)"), &Net::of(c).hidden(&c.matrix("x"))) {
        return Err("The body computes something different from before.".to_owned());
    }
    if seen.count("parameters of the body") > 0 {
        return Err(format!("The body has {} parameters that can learn.", seen.count("parameters of the body")));
    }
    if has_moved(seen) {
        return Err("With steps = 0 the biases of the head are not 0, as those of a new head are.".to_owned());
    }
    let (right, biases) = after_steps(c, seen, c.count("steps"));
    if !same(&right, &weights) || biases.iter().zip(&seen.vector("head biases")).any(|(a, b)| !close(*a, *b)) {
        let head = weights.first().copied().unwrap_or(f64::NAN);
        return Err(format!(
            "After {} steps from the head that was drawn, its first weight should be {:.6}, and it is {head:.6}.",
            c.count("steps"),
            right[[0, 0]]
        ));
    }
    Ok(())
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

/// What a linear layer and a tanh put out, and the linear layer after it.
fn passed(f: &Formula, x: &Num) -> [Num; 2] {
    let hidden = (x.dot(&f.input("w1")) + f.input("b1")).tanh().named("hidden");
    let output = (hidden.dot(&f.input("w2")) + f.input("b2")).named("output");
    [hidden, output]
}

/// The loss, and the parameters after a step, in which each layer has a rate of its own.
fn after_step(
    f: &Formula,
    loss: Num,
    x: &Num,
    hidden: &Num,
    d_out: &Num,
    [first, second]: [&Num; 2],
) -> [(&'static str, Num); 5] {
    let d_hidden = d_out.dot(&f.input("w2").t()).named("d_hidden");
    let d_z = (d_hidden * (1.0 - hidden.square())).named("d_z");
    [
        ("loss", loss),
        ("w1", f.input("w1") - first * x.t().dot(&d_z)),
        ("b1", f.input("b1") - first * d_z.aggregate(Aggregate::Sum, Over::Samples)),
        ("w2", f.input("w2") - second * hidden.t().dot(d_out)),
        ("b2", f.input("b2") - second * d_out.aggregate(Aggregate::Sum, Over::Samples)),
    ]
}

/// The same network, for what is commonly wrong.
struct Net {
    w1: Array2<f64>,
    b1: Array1<f64>,
    w2: Array2<f64>,
    b2: Array1<f64>,
}

impl Net {
    fn of(c: &Record) -> Self {
        Self {
            w1: c.matrix("w1").to_owned(),
            b1: c.vector("b1").to_owned(),
            w2: c.matrix("w2").to_owned(),
            b2: c.vector("b2").to_owned(),
        }
    }

    fn hidden(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        (x.dot(&self.w1) + &self.b1).mapv(f64::tanh)
    }

    fn output(&self, x: &ArrayRef2<f64>) -> Array2<f64> {
        self.hidden(x).dot(&self.w2) + &self.b2
    }

    /// The gradients of all parameters, where `w2` is what the gradient goes back through.
    fn gradients(&self, x: &ArrayRef2<f64>, d_out: &ArrayRef2<f64>, w2: &ArrayRef2<f64>) -> Self {
        let hidden = self.hidden(x);
        let d_z = d_out.dot(&w2.t()) * hidden.mapv(|a| 1.0 - a * a);
        Self { w1: x.t().dot(&d_z), b1: d_z.sum_axis(Axis(0)), w2: hidden.t().dot(d_out), b2: d_out.sum_axis(Axis(0)) }
    }

    fn after_step(&self, gradients: &Self, [first, second]: [f64; 2]) -> Self {
        Self {
            w1: &self.w1 - first * &gradients.w1,
            b1: &self.b1 - first * &gradients.b1,
            w2: &self.w2 - second * &gradients.w2,
            b2: &self.b2 - second * &gradients.b2,
        }
    }

    fn named(&self, loss: f64) -> Record {
        let record = Record::new().with("loss", loss).with("w1", self.w1.clone()).with("b1", self.b1.clone());
        record.with("w2", self.w2.clone()).with("b2", self.b2.clone())
    }
}

fn mse(output: &ArrayRef2<f64>, target: &ArrayRef2<f64>) -> f64 {
    (output - target).mapv(|error| error * error).sum() / output.len() as f64
}

/// The mean cross-entropy of softmax, and its gradient.
fn cross_entropy(scores: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> (f64, Array2<f64>) {
    let n = scores.nrows() as f64;
    let powers = scores.mapv(f64::exp);
    let p = &powers / &powers.sum_axis(Axis(1)).insert_axis(Axis(1));
    (-(p.mapv(f64::ln) * y).sum() / n, (p - y) / n)
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
