//! What is right in exercise 18, and what is commonly got wrong.
//!
//! What is dropped can only be counted: of 20,000 entries the share that is dropped is known to 0.0035, and the checks
//! allow 0.03, more than eight times that; a right solution leaves it with a probability below 1e-15. Everything else
//! is a formula. The network that is trained has a layer of the probe's own that halves its input in training, and so
//! it shows without chance which way a switch was turned.

use judge::prelude::*;
use probe::Generator;
use rand::seq::SliceRandom;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = penalties();
    checks.extend(steps());
    checks.extend(masks());
    checks.extend(dropout());
    checks.extend(networks());
    checks.push(training());
    checks.extend(diagnosis());
    checks.push(soft_thresholds());
    checks
}

fn penalties() -> Vec<Check> {
    let cases = |draw: &mut Generator| {
        PENALTIES
            .map(|penalty| {
                let w = array![3.0, -2.0, 0.0, drawn(draw, 0.1, 2.0), -drawn(draw, 0.1, 2.0)];
                penalised(Record::new(), draw, penalty).with("w", w)
            })
            .to_vec()
    };
    vec![
        Check::new("penalty_value", "penalty", "Penalty::value is λ/2 · w² for L2, and λ · |w| for L1", 2)
            .about("Penalty::value")
            .on(cases)
            .computes(|f| value_of(f, &f.input("w")))
            .mistake(
                "penalties_swapped",
                "L1 and L2 are swapped. L2 uses the squares, L1 the absolute values.",
                computed(|f| match f.case().text("penalty") {
                    "L2" => f.input("lambda") * f.input("w").abs(),
                    "L1" => f.input("lambda") / 2.0 * f.input("w").square(),
                    _ => 0.0 * f.input("w"),
                }),
            ),
        Check::new("penalty_slope", "penalty", "Penalty::slope is the slope of Penalty::value, and 0 at 0", 2)
            .about("Penalty::slope")
            .on(cases)
            .computes(|f| slope_of(f, &f.input("w")))
            .mistake(
                "slope_without_sign",
                "The slope of L1 is λ for negative weights as well. But |w| falls on that side: the slope there is -λ.",
                computed(|f| match f.case().text("penalty") {
                    "L1" => f.input("lambda") * f.input("w").sign().abs(),
                    _ => slope_of(f, &f.input("w")),
                }),
            )
            .mistake(
                "value_for_slope",
                "This is the value of the penalty, not its slope.",
                computed(|f| value_of(f, &f.input("w"))),
            ),
        Check::new("total_penalty", "total_penalty", "total_penalty is the sum over all weights, and no biases", 2)
            .after("penalty_value")
            .on(|draw| PENALTIES.map(|penalty| penalised(net_case(draw), draw, penalty)).to_vec())
            .computes(|f| total_of(f, WEIGHTS, value_of))
            .mistake(
                "biases_cost",
                "The biases are counted as well. Weights are the parameters with two axes: `value.ndim()` is 2.",
                computed(|f| total_of(f, WEIGHTS, value_of) + total_of(f, BIASES, value_of)),
            )
            .mistake(
                "mean_cost",
                "This is the mean over the weights. The penalty is the sum.",
                computed(|f| {
                    let n_weights = WEIGHTS.map(|name| f.input(name).n_entries()).iter().sum::<usize>();
                    total_of(f, WEIGHTS, value_of) / n_weights as f64
                }),
            )
            .mistake(
                "slopes_added",
                "The slopes of the weights are added up. The penalty is the sum of the values: `Penalty::value`.",
                computed(|f| total_of(f, WEIGHTS, slope_of)),
            ),
    ]
}

fn steps() -> Vec<Check> {
    vec![
        Check::new(
            "penalised_step",
            "penalised_step",
            "penalised_step follows the loss and the penalty, weights alone",
            4,
        )
        .after("penalty_slope")
        .on(|draw| {
            PENALTIES
                .map(|penalty| {
                    let case = penalised(net_case(draw), draw, penalty).with("learning_rate", drawn(draw, 0.1, 0.9));
                    with_gradients(case)
                })
                .to_vec()
        })
        .computes(|f| step(f, WEIGHTS, slope_of))
        .or_follows(|c, seen| {
            let (net, d) = (Net::of(c), gradients(c));
            let step = |w: Array2<f64>, d_w: Array2<f64>, slopes: &str| w - (d_w + seen.matrix(slopes)) * rate(c);
            Record::new()
                .with("weights1", step(net.w1, d.w1, "slopes1"))
                .with("biases1", net.b1 - d.b1 * rate(c))
                .with("weights2", step(net.w2, d.w2, "slopes2"))
                .with("biases2", net.b2 - d.b2 * rate(c))
        })
        .mistake("biases_pulled", BIASES_PULLED, computed(|f| step(f, PARAMETERS, slope_of)))
        .mistake(
            "slope_without_rate",
            "The slope of the penalty is subtracted without the learning rate. The step is lr times the sum of *both* \
             slopes, that of the loss and that of the penalty.",
            computed(|f| step(f, WEIGHTS, |f, w| slope_of(f, w) / f.input("learning_rate"))),
        )
        .mistake(
            "value_for_slope_in_the_step",
            "The step contains the value of the penalty. It needs the slope: `Penalty::slope`.",
            computed(|f| step(f, WEIGHTS, value_of)),
        )
        .mistake(
            "slope_after_the_step",
            "The slope of the penalty is taken after the step on the loss. Both slopes are taken at the weight before \
             the step.",
            computed(|f| {
                step(f, [], slope_of).map(|(name, value)| match WEIGHTS.contains(&name) {
                    true => (name, &value - f.input("learning_rate") * slope_of(f, &value)),
                    false => (name, value),
                })
            }),
        ),
        Check::new("decay", "decay", "decay shrinks every weight by the fraction lr · weight decay", 2)
            .on(|draw| {
                let case = |draw: &mut Generator| {
                    let case = net_case(draw).with("learning_rate", drawn(draw, 0.1, 0.9));
                    with_gradients(case.with("weight_decay", drawn(draw, 0.1, 0.9)))
                };
                vec![case(draw), case(draw)]
            })
            .computes(|f| shrunk(f, WEIGHTS))
            .mistake("biases_shrink", BIASES_PULLED, computed(|f| shrunk(f, PARAMETERS)))
            .mistake(
                "step_and_decay",
                "There is a step along the gradients as well. The optimiser has already taken it; here the weights \
                 only shrink.",
                computed(|f| {
                    step(f, [], slope_of).map(|(name, value)| match WEIGHTS.contains(&name) {
                        true => (name, value * left(f)),
                        false => (name, value),
                    })
                }),
            )
            .mistake(
                "same_amount_for_all",
                "Every weight moves towards 0 by the same amount, as with L1. Here each weight should lose the same \
                 *fraction* of itself.",
                computed(|f| {
                    PARAMETERS.map(|name| match WEIGHTS.contains(&name) {
                        true => (name, f.input(name) - (1.0 - left(f)) * f.input(name).sign()),
                        false => (name, f.input(name)),
                    })
                }),
            ),
    ]
}

const WEIGHTS: [&str; 2] = ["weights1", "weights2"];
const BIASES: [&str; 2] = ["biases1", "biases2"];
const PARAMETERS: [&str; 4] = ["weights1", "biases1", "weights2", "biases2"];

/// The sum of what `of` makes of these parameters.
fn total_of(f: &Formula, names: [&str; 2], of: fn(&Formula, &Num) -> Num) -> Num {
    let [one, other] = names.map(|name| of(f, &f.input(name)).sum());
    one + other
}

/// The parameters after a step, in which `pull` is added to the gradients of those that are `pulled`.
fn step<const N: usize>(f: &Formula, pulled: [&str; N], pull: fn(&Formula, &Num) -> Num) -> [(&'static str, Num); 4] {
    PARAMETERS.map(|name| {
        let (value, gradient) = (f.input(name), f.input(&format!("d_{name}")));
        let slope = if pulled.contains(&name) { gradient + pull(f, &value) } else { gradient };
        (name, value - f.input("learning_rate") * slope)
    })
}

/// The parameters, of which these have decayed.
fn shrunk<const N: usize>(f: &Formula, names: [&str; N]) -> [(&'static str, Num); 4] {
    PARAMETERS.map(|name| (name, if names.contains(&name) { f.input(name) * left(f) } else { f.input(name) }))
}

/// What is left of a weight.
fn left(f: &Formula) -> Num {
    1.0 - f.input("learning_rate") * f.input("weight_decay")
}

const BIASES_PULLED: &str = "\
    The biases shrink as well. Only the weights should, the parameters with two axes: `value.ndim()` is 2.";

fn masks() -> Vec<Check> {
    vec![
        Check::new(
            "dropout_mask",
            "dropout_mask",
            "dropout_mask drops the fraction p, and has 1 / (1 - p) elsewhere",
            3,
        )
        .on(|draw| {
            // Far enough from one half to tell p from 1 - p.
            let (small, large) = (drawn(draw, 0.1, 0.35), drawn(draw, 0.65, 0.9));
            [small, large]
                .map(|p| {
                    Record::new()
                        .with("n_rows", draw::size(draw, 200, 300))
                        .with("n_columns", draw::size(draw, 100, 150))
                        .with("p", p)
                        .with("seed", draw::size(draw, 1, 1000))
                })
                .to_vec()
        })
        .has_none_of(&MASK_FAULTS, well_masked),
        Check::new(
            "dropout_mask_ends",
            "dropout_mask",
            "dropout_mask keeps all with p = 0, nothing with 1, and refuses others",
            1,
        )
        .asks("dropout_mask")
        .on(|draw| {
            [0.0, 1.0, 1.5, -0.25, f64::NAN]
                .map(|p| {
                    Record::new()
                        .with("n_rows", draw::size(draw, 2, 5))
                        .with("n_columns", draw::size(draw, 6, 9))
                        .with("p", p)
                        .with("seed", draw::size(draw, 1, 1000))
                })
                .to_vec()
        })
        .expects(|c| filled(c, 1.0 - c.float("p")))
        .panics_where("p is not between 0 and 1", |c| !(0.0..=1.0).contains(&c.float("p")))
        .mistake(
            "nan_at_one",
            "With p = 1 the mask is NaN: it contains 0 / (1 - 1), or 0 · 1/0. Nothing is kept then, so all entries \
             should be 0.",
            |c| filled(c, if c.float("p") == 1.0 { f64::NAN } else { 1.0 }),
        ),
    ]
}

const MASK_FAULTS: [(&str, &str); 7] = [
    (
        "mask_transposed",
        "The mask has as many rows as it should have columns. Its shape should be the argument `shape`.",
    ),
    (
        "drawn_together",
        "Rows or columns of the mask are equal: their entries are dropped or kept together. Draw each entry \
         independently.",
    ),
    (
        "mask_repeated",
        "Two masks in a row are equal: the numbers do not come from `rng`, or it is copied and starts again each time.",
    ),
    ("p_kept", "The fraction p is kept and the rest is dropped. In this course p is the probability to *drop*."),
    (
        "not_grown",
        "Entries that are kept are 1. They have to be 1 / (1 - p), or the next layer gets less in training than in \
         evaluation.",
    ),
    (
        "grown_by_p",
        "Entries that are kept are 1 / p. The fraction that is kept is 1 - p, so they have to be 1 / (1 - p).",
    ),
    (
        "shrunk_in_training",
        "Entries that are kept are 1 - p, so the input shrinks. They have to make up for the entries that are \
         dropped: 1 / (1 - p).",
    ),
];

/// A mask of this shape whose entries are all the same, both times.
fn filled(c: &Record, entry: f64) -> Record {
    let mask = Array2::from_elem((c.count("n_rows"), c.count("n_columns")), entry);
    Record::new().with("first", mask.clone()).with("second", mask)
}

fn well_masked(c: &Record, seen: &Record) -> Result<(), String> {
    let (p, shape) = (c.float("p"), (c.count("n_rows"), c.count("n_columns")));
    for name in ["first", "second"] {
        let mask = seen.matrix(name);
        if mask.dim() != shape {
            return Err(match mask.dim() == (shape.1, shape.0) {
                true => "mask_transposed".to_owned(),
                false => format!("The mask has the shape {:?}, not {shape:?}.", mask.dim()),
            });
        }
        let (kept, dropped) = (1.0 / (1.0 - p), share_dropped(&mask));
        let keeps = |kept: f64| mask.iter().all(|entry| *entry == 0.0 || close(*entry, kept));
        let has_equal_rows =
            |mask: ndarray::ArrayView2<'_, f64>| mask.rows().into_iter().skip(1).any(|row| row == mask.row(0));
        let fault = match () {
            () if has_equal_rows(mask.view()) || has_equal_rows(mask.t()) => "drawn_together",
            () if (dropped - (1.0 - p)).abs() < 0.03 => "p_kept",
            () if keeps(1.0) => "not_grown",
            () if keeps(1.0 / p) => "grown_by_p",
            () if keeps(1.0 - p) => "shrunk_in_training",
            () if !keeps(kept) => &format!("With p = {p} every entry is 0 or {kept:.4}; here there are others."),
            () if (dropped - p).abs() > 0.03 => {
                &format!("With p = {p} the fraction {dropped:.4} of the entries is dropped.")
            }
            () => continue,
        };
        return Err(fault.to_owned());
    }
    match seen.matrix("first") == seen.matrix("second") {
        true => Err("mask_repeated".to_owned()),
        false => Ok(()),
    }
}

fn dropout() -> Vec<Check> {
    let cases = |backwards: bool| {
        move |draw: &mut Generator| {
            [drawn(draw, 0.3, 0.4), drawn(draw, 0.6, 0.7)].map(|p| dropout_case(draw, p, backwards)).to_vec()
        }
    };
    vec![
        Check::new("dropout_trains", "dropout", "Dropout multiplies by a new mask in every pass of a training", 1)
            .about("Dropout::forward")
            .after("dropout_mask")
            .on(cases(false))
            .has_none_of(
                &[
                    (
                        "nothing_dropped",
                        "In training the input is passed on unchanged. Multiply it by a new mask while `switch` is at \
                         training.",
                    ),
                    (
                        "one_mask_for_ever",
                        "Two forward passes have dropped the same entries. Every forward pass in training needs a new \
                         mask.",
                    ),
                ],
                well_dropped,
            ),
        Check::new("dropout_evaluates", "dropout", "Dropout changes nothing in an evaluation", 1)
            .about("Dropout::forward")
            .on(cases(false))
            .expects(|c| c.matrix("x").to_owned())
            .mistake_if(
                "drops_in_evaluation",
                "Some entries are 0 in an evaluation, so something is dropped. Return the input unchanged unless \
                 `switch` is at training.",
                |_, seen| seen.matrix("result").iter().any(|out| *out == 0.0),
            )
            .mistake_if(
                "scaled_in_evaluation",
                "In an evaluation the input is multiplied by 1 - p or 1 / (1 - p). Here this form of dropout does \
                 nothing: its factor belongs to training. Return the input unchanged.",
                |c, seen| {
                    let kept = 1.0 - c.float("p");
                    let is_times = |factor: f64| {
                        c.matrix("x").iter().zip(&seen.matrix("result")).all(|(x, out)| close(*out, x * factor))
                    };
                    is_times(kept) || is_times(1.0 / kept)
                },
            ),
        Check::new(
            "dropout_backward",
            "dropout",
            "Dropout takes the gradient back through the mask of the forward pass",
            2,
        )
        .about("Dropout::backward")
        .about("Dropout::forward")
        .after("dropout_trains")
        .on(cases(true))
        .demands(well_gone_back)
        .mistake_if(
            "gradient_passes",
            "The gradient is passed on unchanged, even where an entry was dropped. A dropped entry had no effect on \
             the loss, so its gradient is 0. Multiply by the mask.",
            |c, seen| seen.matrix("its gradient") == c.matrix("d_out"),
        )
        .mistake_if(
            "gradient_not_grown",
            "The gradient is 0 where an entry was dropped, and is passed on unchanged elsewhere. An entry that was \
             kept was multiplied by 1 / (1 - p), so that is its slope.",
            |c, seen| {
                let (d_x, d_out) = (seen.matrix("its gradient"), c.matrix("d_out"));
                let out = seen.matrix("first output");
                d_x.iter().zip(&out).all(|(d, out)| (*d == 0.0) == (*out == 0.0))
                    && d_x.iter().zip(&d_out).all(|(d, d_out)| *d == 0.0 || d == d_out)
            },
        )
        .mistake_if(
            "new_mask_backwards",
            "Forward and backward pass have dropped different entries: backward draws a new mask. Keep the mask of the \
             forward pass.",
            |_, seen| {
                let (d_x, again) = (seen.matrix("its gradient"), seen.matrix("its gradient, asked again"));
                d_x != again
                    && d_x.iter().zip(&seen.matrix("first output")).any(|(d, out)| (*d == 0.0) != (*out == 0.0))
            },
        )
        .mistake_if(
            "mask_used_up",
            "A second backward pass through the same forward pass has another result: the mask was taken out of the \
             layer. It has to stay there: `as_ref()`, not `take()`.",
            |c, seen| {
                seen.matrix("its gradient") != c.matrix("d_out")
                    && seen.matrix("its gradient, asked again") == c.matrix("d_out")
            },
        )
        .mistake_if(
            "first_mask_kept",
            "After a second forward pass, the gradient still goes back through the mask of the first one. Every \
             forward pass has to replace the old mask.",
            |c, seen| {
                let (d_x, first) = (seen.matrix("its gradient"), seen.matrix("first output"));
                d_x != c.matrix("d_out")
                    && seen.matrix("its gradient, after the switch was turned") == d_x
                    && d_x.iter().zip(&first).all(|(d, out)| (*d == 0.0) == (*out == 0.0))
            },
        )
        .mistake_if(
            "backwards_by_the_switch",
            "After the switch was set to evaluation, the gradient goes back as if the forward pass had been an \
             evaluation. Use the mask of that forward pass, whatever the switch says now.",
            |c, seen| seen.matrix("its gradient, after the switch was turned") == c.matrix("d_out"),
        ),
        Check::new("dropout_keeps", "dropout", "a gradient goes back through an evaluation unchanged", 1)
            .about("Dropout::forward")
            .after("dropout_evaluates")
            .after("dropout_backward")
            .on(cases(true))
            .expects(|c| c.matrix("d_out").to_owned())
            .mistake_if(
                "old_mask_in_evaluation",
                "The gradient of an evaluation goes back through the mask of an earlier pass in training. The \
                 evaluation passed its input on unchanged, so the gradient should be unchanged, too: keep a mask of \
                 ones for it.",
                |_, seen| seen.matrix("result").iter().any(|d| *d == 0.0),
            ),
        Check::new("dropout_needs_forward", "dropout", "Dropout goes backwards only after a forward pass", 1)
            .about("Dropout::backward")
            .after("dropout_keeps")
            .on(|draw| {
                [true, false]
                    .map(|forward_first| dropout_case(draw, 0.5, true).with("forward_first", forward_first))
                    .to_vec()
            })
            .expects(|c| c.matrix("d_out").to_owned())
            .panics_where("there was no forward pass", |c| !c.flag("forward_first")),
    ]
}

/// An input, and a gradient if `backwards`. That nothing is dropped of 48 entries has a probability below 1e-7.
fn dropout_case(draw: &mut Generator, p: f64, backwards: bool) -> Record {
    // No entry is 0, so that a 0 that comes out is a dropped one.
    let mut away_from_zero = || draw::matrix(draw, (8, 6), 2.0).mapv(|x| if x < 0.0 { x - 0.5 } else { x + 0.5 });
    let case = Record::new().with("p", p).with("x", away_from_zero());
    let case = if backwards { case.with("d_out", away_from_zero()) } else { case };
    case.with("seed", draw::size(draw, 1, 1000))
}

fn well_dropped(c: &Record, seen: &Record) -> Result<(), String> {
    let (x, kept) = (c.matrix("x"), 1.0 / (1.0 - c.float("p")));
    for name in ["first output", "second output", "output after an evaluation"] {
        let out = seen.matrix(name);
        if out.dim() != x.dim() {
            return Err(format!("The {name} has the shape {:?}, not that of the input, {:?}.", out.dim(), x.dim()));
        }
        if out == x {
            return Err("nothing_dropped".to_owned());
        }
        if let Some(at) = place(|at| out[at] == 0.0 || close(out[at], x[at] * kept), x.dim()) {
            return Err(format!(
                "The {name} is {:.4} where the input is {:.4}: neither 0 nor {:.4}.",
                out[at],
                x[at],
                x[at] * kept
            ));
        }
        if out.iter().all(|out| *out != 0.0) {
            return Err(format!("Nothing is dropped in the {name}."));
        }
    }
    if seen.matrix("first output") == seen.matrix("second output") {
        return Err("one_mask_for_ever".to_owned());
    }
    Ok(())
}

fn well_gone_back(c: &Record, seen: &Record) -> Result<(), String> {
    let (d_out, kept) = (c.matrix("d_out"), 1.0 / (1.0 - c.float("p")));
    for (name, out) in [
        ("its gradient", "first output"),
        ("its gradient, asked again", "first output"),
        ("its gradient, after the switch was turned", "second output"),
    ] {
        let (d_x, out) = (seen.matrix(name), seen.matrix(out));
        if d_x.dim() != d_out.dim() || out.dim() != d_out.dim() {
            return Err(format!("The shape of {name} is {:?}, not {:?}.", d_x.dim(), d_out.dim()));
        }
        let right = |at: [usize; 2]| if out[at] == 0.0 { 0.0 } else { d_out[at] * kept };
        if let Some(at) = place(|at| close(d_x[at], right(at)), d_out.dim()) {
            return Err(format!(
                "In row {}, column {}, both counted from 0, {:.4} came out. There {name} is {:.4}, not {:.4}.",
                at[0],
                at[1],
                out[at],
                d_x[at],
                right(at)
            ));
        }
    }
    Ok(())
}

/// The first place at which `holds` does not hold.
fn place(holds: impl Fn([usize; 2]) -> bool, (rows, columns): (usize, usize)) -> Option<[usize; 2]> {
    (0..rows).flat_map(|i| (0..columns).map(move |j| [i, j])).find(|at| !holds(*at))
}

fn networks() -> Vec<Check> {
    let cases = |draw: &mut Generator| {
        [4, 5]
            .map(|length| {
                let mut sizes: Vec<usize> = (0..length).map(|_| draw::size(draw, 20, 40)).collect();
                sizes[length - 1] = 3;
                let x = draw::matrix(draw, (4, sizes[0]), 1.0) + 0.1;
                // Two digits: as a text it is short.
                let p = 0.01 * draw::size(draw, 30, 49) as f64;
                let p = (p * 100.0).round() / 100.0;
                Record::new().with("sizes", sizes).with("p", p).with("seed", draw::size(draw, 1, 1000)).with("x", x)
            })
            .to_vec()
    };
    vec![
        Check::new(
            "mlp_layers",
            "mlp_with_dropout",
            "mlp_with_dropout puts a Dropout behind every ReLU, and nowhere else",
            1,
        )
        .about("mlp_with_dropout")
        .on(cases)
        .expects(layers),
        Check::new("mlp_switch", "mlp_with_dropout", "all layers of mlp_with_dropout share the switch", 2)
            .asks("mlp_with_dropout")
            .after("mlp_layers")
            .after("dropout_trains")
            .after("dropout_evaluates")
            .on(cases)
            .has_none_of(
                &[
                    (
                        "switch_of_its_own",
                        "The network still drops neurons after `switch` was set to evaluation. The layers do not \
                         react to `switch`: pass it on to them, and make no new switch.",
                    ),
                    (
                        "stuck_in_evaluation",
                        "Two passes of the same samples give the same scores although `switch` is at training: \
                         nothing is dropped. The layers do not react to `switch`: pass it on to them, and make no new \
                         switch.",
                    ),
                ],
                well_switched,
            ),
    ]
}

/// The layers as they describe themselves.
fn layers(c: &Record) -> Record {
    let linear = |pair: &[usize]| format!("Linear {} -> {}", pair[0], pair[1]);
    let all: Vec<String> = c.counts("sizes").windows(2).map(linear).collect();
    Record::new().with("layers", all.join(&format!(", ReLU, Dropout {}, ", c.float("p"))))
}

fn well_switched(c: &Record, seen: &Record) -> Result<(), String> {
    let same = |one: &str, other: &str| seen.matrix(one) == seen.matrix(other);
    if !same("first output in evaluation", "second output in evaluation") {
        return Err("switch_of_its_own".to_owned());
    }
    if same("first output in training", "second output in training") {
        return Err("stuck_in_evaluation".to_owned());
    }
    // What its linear layers and ReLUs make of the samples, nothing dropped.
    let mut signal = c.matrix("x").to_owned();
    let sizes = c.counts("sizes");
    let n_layers = sizes.len() - 1;
    for n in 1..=n_layers {
        let (weights, biases) = (format!("weights{n}"), format!("biases{n}"));
        if !has_shape(seen, &weights, &sizes[n - 1..=n]) || !has_shape(seen, &biases, &sizes[n..=n]) {
            return Err(format!("The parameters of linear layer {n} do not have the shapes that `sizes` gives."));
        }
        signal = signal.dot(&seen.matrix(&weights)) + seen.vector(&biases);
        if n < n_layers {
            signal.mapv_inplace(|z| z.max(0.0));
        }
    }
    let scores = seen.matrix("first output in evaluation");
    if signal.iter().zip(&scores).any(|(right, score)| !close(*score, *right)) {
        return Err("The scores of an evaluation are not those of the whole network.".to_owned());
    }
    Ok(())
}

fn has_shape(seen: &Record, name: &str, right: &[usize]) -> bool {
    matches!(seen.get(name), Some(Value::Array { shape, .. }) if shape == right)
}

/// How a training goes, in the ways that are commonly got wrong.
#[derive(Clone, Copy)]
struct Way {
    /// Whether the switch is at training when a step is taken, in the first epoch and in later ones.
    trains: [bool; 2],
    /// Whether it is at evaluation when losses are measured.
    evaluates: bool,
    /// Whether the validation samples are learned from, too.
    peeks: bool,
    /// Whether the gradient, a mean already, is divided by the number of samples once more.
    averages_again: bool,
}

const RIGHT: Way = Way { trains: [true; 2], evaluates: true, peeks: false, averages_again: false };

/// Where the switch is at a step of the first epoch and of later ones, in wrong trainings: `true` is training.
const IN_EVALUATION: [fn(&Record) -> [bool; 2]; 3] =
    [|_| [false; 2], |c| [!c.flag("starts_at_evaluation"), false], |_| [true, false]];

fn training() -> Check {
    let fit = Check::new("fit", "fit", "fit takes its steps in training, and measures both losses in evaluation", 5)
        .after("penalised_step")
        .on(|draw| {
            [("L2", true), ("L1", false), ("None", true)]
                .map(|(penalty, starts_at_evaluation)| {
                    penalised(net_case(draw), draw, penalty)
                        .with("x_validation", draw::matrix(draw, (3, 2), 1.5) + 0.003)
                        .with("y_validation", one_hot_rows(draw, 3, 2))
                        .with("learning_rate", drawn(draw, 0.2, 0.6))
                        .with("epochs", draw::size(draw, 3, 5))
                        .with("starts_at_evaluation", starts_at_evaluation)
                })
                .to_vec()
        })
        .expects(|c| trained(c, RIGHT).with("the switch is at training", false))
        .mistake(
            "switch_ignored",
            "The switch stays where it was before `fit`. Set it twice in every epoch: to training for the step, and to \
             evaluation for the losses.",
            |c| {
                let training = !c.flag("starts_at_evaluation");
                trained(c, Way { trains: [training; 2], evaluates: !training, ..RIGHT })
            },
        );
    let with_steps_in_evaluation = |check: Check, trains: fn(&Record) -> [bool; 2]| {
        check.mistake(
            "trained_in_evaluation",
            "Steps are taken with the switch at evaluation, so nothing would be dropped. Set it to training before \
             the forward pass of each step, in every epoch.",
            move |c| trained(c, Way { trains: trains(c), ..RIGHT }),
        )
    };
    IN_EVALUATION
        .into_iter()
        .fold(fit, with_steps_in_evaluation)
        .mistake(
            "averaged_again",
            "The gradients are divided by the number of samples once more. `SoftmaxCrossEntropy` gives the mean loss, \
             so its gradient is already divided: pass it on unchanged.",
            |c| trained(c, Way { averages_again: true, ..RIGHT }),
        )
        .mistake(
            "measured_in_training",
            "`train_loss` is measured with the switch at training, so neurons would be dropped. Set it to evaluation \
             before you measure either loss.",
            |c| {
                let in_training = trained(c, Way { evaluates: false, ..RIGHT });
                Record::new().with("train_loss", in_training.vector("train_loss").to_owned())
            },
        )
        .mistake(
            "penalty_in_the_curves",
            "`train_loss` includes the penalty. The curves should show the loss of the data alone: only then can they \
             be compared with each other, and with those of another λ.",
            |c| {
                let (_, losses, _, penalties) = train(c, RIGHT);
                Record::new().with("train_loss", Array1::from(losses) + Array1::from(penalties))
            },
        )
        .mistake(
            "validation_learned",
            "The network learns from the validation samples as well. Then the validation loss says nothing about new \
             samples.",
            |c| trained(c, Way { peeks: true, ..RIGHT }),
        )
        .mistake_if(
            "first_loss_too_early",
            "The first number of `train_loss` is the loss of the network before its first step. Measure the loss after \
             the step, with a new forward pass, in evaluation.",
            |c, seen| {
                let first = |factor| Net::of(c).loss(&c.matrix("x"), &c.matrix("y"), factor);
                let seen = seen.vector("train_loss").first().copied();
                seen.is_some_and(|seen| close(seen, first(0.5)) || close(seen, first(1.0)))
            },
        )
        .mistake(
            "left_in_training",
            "The numbers are right, but the switch is left at training: the next prediction of the network would be \
             made with dropout.",
            |c| trained(c, RIGHT).with("the switch is at training", true),
        )
}

/// The learning curves and the parameters afterwards, as the probe reports them.
fn trained(c: &Record, way: Way) -> Record {
    let (net, train, validation, _) = train(c, way);
    Record::new()
        .with("train_loss", Array1::from(train))
        .with("validation_loss", Array1::from(validation))
        .with("weights1", net.w1)
        .with("biases1", net.b1)
        .with("weights2", net.w2)
        .with("biases2", net.b2)
}

/// The network after the training, both curves, and the penalty after each epoch.
fn train(c: &Record, way: Way) -> (Net, Vec<f64>, Vec<f64>, Vec<f64>) {
    let (x, y, x_validation, y_validation) =
        (c.matrix("x"), c.matrix("y"), c.matrix("x_validation"), c.matrix("y_validation"));
    let mut net = Net::of(c);
    let (mut train, mut validation, mut penalties) = (Vec::new(), Vec::new(), Vec::new());
    for epoch in 0..c.count("epochs") {
        let factor = if way.trains[usize::from(epoch > 0)] { 0.5 } else { 1.0 };
        let share = if way.averages_again { 1.0 / x.nrows() as f64 } else { 1.0 };
        let mut next = net.after_step(c, (&x, &y), factor, share);
        if way.peeks {
            next = next.after_step(c, (&x_validation, &y_validation), factor, 1.0);
        }
        let factor = if way.evaluates { 1.0 } else { 0.5 };
        train.push(next.loss(&x, &y, factor));
        validation.push(next.loss(&x_validation, &y_validation, factor));
        penalties.push(total(c, &next));
        net = next;
    }
    (net, train, validation, penalties)
}

fn diagnosis() -> Vec<Check> {
    vec![
        Check::new(
            "generalisation_gap",
            "generalisation_gap",
            "generalisation_gap is validation loss minus training loss",
            1,
        )
        .on(|draw| {
            // Dropout may well leave the validation loss below the training loss: then the gap is negative.
            [(4, 0.0), (6, 0.0), (5, 1.5), (0, 0.0)]
                .map(|(n, more)| {
                    let train: Array1<f64> = (0..n).map(|_| more + drawn(draw, 0.1, 0.5)).collect();
                    let validation: Array1<f64> = (0..n).map(|_| drawn(draw, 0.4, 1.5)).collect();
                    Record::new().with("train_loss", train).with("validation_loss", validation)
                })
                .to_vec()
        })
        .computes(|f| {
            let last = |name: &str| f.input(name).aggregate(Aggregate::Last, Over::All);
            match f.input("train_loss").n_entries() {
                0 => f.number(f64::NAN),
                _ => last("validation_loss") - last("train_loss"),
            }
        })
        .mistake(
            "gap_of_the_best_epoch",
            "This is the gap in the epoch with the smallest validation loss. It should be the gap at the end.",
            |c| {
                let best = best(c);
                best.map_or(f64::NAN, |at| c.vector("validation_loss")[at] - c.vector("train_loss")[at])
            },
        )
        .mistake_panics(
            "gap_needs_an_epoch",
            "With no epochs there was a panic. The gap is not known then: return NaN.",
            |c| c.vector("train_loss").is_empty(),
        ),
        Check::new("best_epoch", "best_epoch", "best_epoch finds the first epoch with the smallest validation loss", 2)
            .on(|draw| {
                let nan = f64::NAN;
                let low = drawn(draw, 0.1, 0.3);
                let mut many: Vec<f64> = (0..8).map(|_| drawn(draw, 0.4, 0.9)).collect();
                many[draw::size(draw, 1, 6)] = low;
                let mut tie: Vec<f64> = (0..9).map(|_| drawn(draw, 0.4, 0.9)).collect();
                tie[draw::size(draw, 1, 3)] = low;
                tie[draw::size(draw, 5, 7)] = low;
                let mut holes = many.clone();
                holes[0] = nan;
                holes[7] = nan;
                [many, tie, holes, vec![nan, nan], vec![]]
                    .map(|validation| {
                        // The training loss falls all the way, and would name the last epoch.
                        let train: Array1<f64> = (0..validation.len()).map(|n| 1.0 / (n + 1) as f64).collect();
                        Record::new().with("train_loss", train).with("validation_loss", Array1::from(validation))
                    })
                    .to_vec()
            })
            .expects(best)
            .mistake(
                "best_training_loss",
                "This is the epoch with the smallest *training* loss. It is usually the last one: what counts is the \
                 validation loss.",
                |c| c.vector("train_loss").len().checked_sub(1),
            )
            .mistake("epochs_from_one", "The epochs are counted from 1 here. The first has the number 0.", |c| {
                best(c).map(|epoch| epoch + 1)
            })
            .mistake(
                "last_of_the_best",
                "If several epochs have the smallest loss, this is the last of them. It should be the first.",
                |c| {
                    let losses = c.vector("validation_loss");
                    best(c).and_then(|at| losses.iter().rposition(|loss| *loss == losses[at]))
                },
            )
            .mistake("worst_epoch", "This is the epoch with the *largest* validation loss.", |c| {
                let losses = c.vector("validation_loss");
                let most = losses.iter().copied().filter(|loss| !loss.is_nan()).reduce(f64::max)?;
                losses.iter().position(|loss| *loss == most)
            })
            .mistake_if(
                "nan_is_an_epoch",
                "The loss of the epoch that is returned is NaN. Every comparison with NaN is false, so no later loss \
                 replaces it: leave NaN out. If every loss is NaN, there is no best epoch: return `None`.",
                |c, seen| match seen.result() {
                    Some(Value::Int(epoch)) => c.vector("validation_loss")[*epoch as usize].is_nan(),
                    _ => false,
                },
            )
            .mistake_panics(
                "nan_panics",
                "There was a panic at a loss that is NaN. A training that has diverged is not a bug in this function: \
                 leave NaN out.",
                |c| c.vector("validation_loss").iter().any(|loss| loss.is_nan()),
            ),
        Check::new(
            "diagnose",
            "diagnose",
            "diagnose tells overfitting, underfitting and a good training apart",
            4,
        )
        .after("best_epoch")
        .on(curves)
        .expects(|c| diagnosed(c, Rules::default()))
        .or_follows(|c, seen| {
            let epoch = seen.get("own best epoch").map(|_| seen.count("own best epoch"));
            diagnosed_from(c, Rules::default(), epoch)
        })
        .mistake(
            "underfitting_first",
            "A training that overfits is called underfitting if its training loss is above `acceptable`. The rules \
             apply in order: test for overfitting first.",
            |c| {
                let over = diagnosed(c, Rules::default());
                if over == "Overfitting" && last(&c.vector("train_loss")) > c.float("acceptable") {
                    "Underfitting"
                } else {
                    over
                }
            },
        )
        .mistake(
            "diverged_is_overfitting",
            "A training whose *both* losses rise is called overfitting. It has diverged. Overfitting needs a \
             training loss that is lower than in the best epoch.",
            |c| diagnosed(c, Rules { training_falls: false, ..Rules::default() }),
        )
        .mistake(
            "compared_with_the_first",
            "The validation loss at the end is compared with that of the first epoch. It falls first, and then rises: \
             compare with the smallest one.",
            |c| diagnosed(c, Rules { best: |_| Some(0), ..Rules::default() }),
        )
        .mistake(
            "compared_with_the_one_before",
            "The validation loss at the end is compared with that of the epoch before. Then a slow rise is overlooked: \
             compare with the smallest one.",
            |c| diagnosed(c, Rules { best: |c| c.vector("train_loss").len().checked_sub(2), ..Rules::default() }),
        )
        .mistake(
            "rise_of_a_tenth",
            "It looks as if the validation loss has to rise by 0.1. The limit is 10 % of the smallest validation loss, \
             whatever the scale of the loss is.",
            |c| diagnosed(c, Rules { too_much: |best| best + 0.1, ..Rules::default() }),
        )
        .mistake(
            "any_rise",
            "Any rise of the validation loss is called overfitting. Curves are noisy: it has to be more than 10 %.",
            |c| diagnosed(c, Rules { too_much: |best| best, ..Rules::default() }),
        )
        .mistake(
            "gap_is_overfitting",
            "A training is called overfitting because its validation loss is above its training loss. That is nearly \
             always the case. The rule compares the validation loss with its own smallest value.",
            |c| {
                let (train, validation) = (last(&c.vector("train_loss")), last(&c.vector("validation_loss")));
                match validation > 1.1 * train {
                    true => "Overfitting",
                    false => enough(c, train),
                }
            },
        )
        .mistake(
            "validation_not_acceptable",
            "`acceptable` is compared with the validation loss. Underfitting shows in the *training* loss: the \
             network has not even learned its training set.",
            |c| match diagnosed(c, Rules::default()) {
                "Overfitting" => "Overfitting",
                _ => enough(c, last(&c.vector("validation_loss"))),
            },
        )
        .mistake(
            "acceptable_is_not",
            "A training loss equal to `acceptable` is called underfitting. It has to be above `acceptable` for that.",
            |c| match last(&c.vector("train_loss")) == c.float("acceptable") && diagnosed(c, Rules::default()) == "Good"
            {
                true => "Underfitting",
                false => diagnosed(c, Rules::default()),
            },
        ),
    ]
}

/// Learning curves of every kind, in random order.
fn curves(draw: &mut Generator) -> Vec<Record> {
    let nan = f64::NAN;
    let scale = drawn(draw, 0.8, 1.2);
    let kinds: [(&[f64], &[f64], f64); 14] = [
        // Overfitting, slowly and from a low level.
        (&[1.0, 0.4, 0.2, 0.1, 0.05, 0.04], &[1.2, 0.6, 0.5, 0.54, 0.57, 0.59], 0.5),
        // And with a training loss that is still high.
        (&[2.0, 1.5, 1.3, 1.2, 1.1, 1.0], &[2.1, 1.6, 1.7, 1.8, 1.9, 2.0], 0.5),
        // Small losses: a rise of much less than 0.1.
        (&[0.05, 0.03, 0.02, 0.01], &[0.06, 0.04, 0.05, 0.06], 0.1),
        // A rise of less than 10 %.
        (&[1.0, 0.5, 0.3, 0.2], &[1.1, 0.6, 0.62, 0.64], 0.4),
        // A large gap that does not grow.
        (&[1.0, 0.3, 0.1, 0.05], &[1.5, 1.0, 0.9, 0.88], 0.4),
        // Both rise: diverged. The first one has not learned enough.
        (&[1.0, 0.5, 0.8, 2.0], &[1.1, 0.6, 0.9, 2.2], 0.4),
        (&[0.3, 0.1, 0.2, 0.25], &[0.4, 0.2, 0.3, 0.35], 0.4),
        // It was acceptable once.
        (&[0.6, 0.3, 0.45, 0.7], &[0.7, 0.5, 0.52, 0.54], 0.5),
        // The validation loss rises, and the training loss does not fall.
        (&[0.6, 0.3, 0.3, 0.3], &[0.7, 0.5, 0.6, 0.7], 0.4),
        // Nothing is learned.
        (&[2.3, 2.3, 2.2, 2.2], &[2.3, 2.3, 2.3, 2.2], 0.5),
        // Good on what it was shown, not so good on others.
        (&[1.0, 0.5, 0.4, 0.3], &[1.4, 0.9, 0.8, 0.7], 0.5),
        // Just acceptable.
        (&[1.0, 0.7, 0.5], &[1.0, 0.7, 0.52], 0.5),
        // Ended in NaN.
        (&[1.0, 0.7, nan], &[1.0, 0.8, nan], 0.5),
        // A training of one epoch.
        (&[0.3], &[0.4], 0.35),
    ];
    let mut cases: Vec<Record> = kinds
        .iter()
        .map(|(train, validation, acceptable)| {
            let scaled = |losses: &[f64]| losses.iter().map(|loss| loss * scale).collect::<Array1<f64>>();
            Record::new()
                .with("train_loss", scaled(train))
                .with("validation_loss", scaled(validation))
                .with("acceptable", acceptable * scale)
        })
        .collect();
    cases.shuffle(draw);
    cases
}

/// When a training is called overfitting.
struct Rules {
    /// The epoch that the end is compared with.
    best: fn(&Record) -> Option<usize>,
    /// The validation loss that is too much, given the one of that epoch.
    too_much: fn(f64) -> f64,
    /// Whether the training loss has to have fallen.
    training_falls: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self { best, too_much: |best| 1.1 * best, training_falls: true }
    }
}

fn diagnosed(c: &Record, rules: Rules) -> &'static str {
    let best = (rules.best)(c);
    diagnosed_from(c, rules, best)
}

/// The same where this is the best epoch.
fn diagnosed_from(c: &Record, rules: Rules, best: Option<usize>) -> &'static str {
    let (train, validation) = (c.vector("train_loss"), c.vector("validation_loss"));
    if let Some(at) = best
        && last(&validation) > (rules.too_much)(validation[at])
        && (!rules.training_falls || last(&train) < train[at])
    {
        return "Overfitting";
    }
    enough(c, last(&train))
}

fn enough(c: &Record, loss: f64) -> &'static str {
    if loss <= c.float("acceptable") { "Good" } else { "Underfitting" }
}

fn best(c: &Record) -> Option<usize> {
    let losses = c.vector("validation_loss");
    let least = losses.iter().copied().filter(|loss| !loss.is_nan()).reduce(f64::min)?;
    losses.iter().position(|loss| *loss == least)
}

fn last(losses: &ArrayRef1<f64>) -> f64 {
    losses.last().copied().unwrap_or(f64::NAN)
}

fn soft_thresholds() -> Check {
    Check::new("soft_threshold", "soft_threshold", "soft_threshold moves a weight towards 0, and not past it", 2)
        .on(|draw| {
            let threshold = drawn(draw, 0.2, 0.8);
            [threshold, 0.0]
                .map(|threshold| {
                    let far = drawn(draw, 1.0, 3.0);
                    let w = array![far, -far, 0.1, -0.1, 0.0, drawn(draw, -2.0, 2.0)];
                    Record::new().with("w", w).with("threshold", threshold)
                })
                .to_vec()
        })
        .computes(|f| {
            let (w, threshold) = (f.input("w"), f.input("threshold"));
            w.abs().above(&threshold).choose(&(&w - threshold * w.sign()), &f.number(0.0))
        })
        .mistake(
            "threshold_overshot",
            THRESHOLD_OVERSHOT,
            computed(|f| f.input("w") - f.input("threshold") * f.input("w").sign()),
        )
        .mistake("threshold_overshot", THRESHOLD_OVERSHOT, |c| {
            c.vector("w").mapv(|w| w - c.float("threshold") * w.signum())
        })
        .mistake(
            "negative_weights_lost",
            "Negative weights all become 0. They should move towards 0 from below: w + threshold.",
            computed(|f| (f.input("w") - f.input("threshold")).relu()),
        )
        .mistake(
            "sign_lost",
            "Negative weights become positive. A weight keeps its sign, or becomes 0.",
            computed(|f| (f.input("w").abs() - f.input("threshold")).relu()),
        )
}

const THRESHOLD_OVERSHOT: &str = "\
    Small weights go past 0 and change their sign. A weight that is closer to 0 than the threshold becomes 0; 0 itself \
    stays 0, although `0.0_f64.signum()` is 1.";

const PENALTIES: [&str; 3] = ["L2", "L1", "None"];

/// The penalty of each weight, as a formula.
fn value_of(f: &Formula, w: &Num) -> Num {
    match f.case().text("penalty") {
        "L2" => f.input("lambda") / 2.0 * w.square(),
        "L1" => f.input("lambda") * w.abs(),
        _ => 0.0 * w,
    }
}

/// Its slope.
fn slope_of(f: &Formula, w: &Num) -> Num {
    match f.case().text("penalty") {
        "L2" => f.input("lambda") * w,
        "L1" => f.input("lambda") * w.sign(),
        _ => 0.0 * w,
    }
}

fn penalised(case: Record, draw: &mut Generator, penalty: &str) -> Record {
    case.with("penalty", penalty).with("lambda", drawn(draw, 0.1, 0.9))
}

fn rate(c: &Record) -> f64 {
    c.float("learning_rate")
}

/// What a formula makes of these weights, with the case's penalty.
fn of_weights(c: &Record, weights: &Array2<f64>, of: fn(&Formula, &Num) -> Num) -> Array2<f64> {
    let case = Record::new().with("penalty", c.text("penalty")).with("lambda", c.float("lambda"));
    computed(|f| of(f, &f.input("w")))(&case.with("w", weights.clone())).matrix("result").to_owned()
}

/// A number of two decimals from `low` to `high`.
fn drawn(draw: &mut Generator, low: f64, high: f64) -> f64 {
    let share = (draw::number(draw, 1.0) + 1.0) / 2.0;
    ((low + (high - low) * share) * 100.0).round() / 100.0
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * b.abs().max(1.0)
}

fn share_dropped(mask: &ArrayRef2<f64>) -> f64 {
    mask.iter().filter(|entry| **entry == 0.0).count() as f64 / mask.len() as f64
}

/// A network 2-3-2 with samples. No weight is 0.
fn net_case(draw: &mut Generator) -> Record {
    Record::new()
        .with("weights1", draw::matrix(draw, (2, 3), 1.5) + 0.003)
        .with("biases1", draw::vector(draw, 3, 1.0) + 0.503)
        .with("weights2", draw::matrix(draw, (3, 2), 1.5) + 0.003)
        .with("biases2", draw::vector(draw, 2, 1.0) + 0.503)
        .with("x", draw::matrix(draw, (4, 2), 1.5) + 0.003)
        .with("y", one_hot_rows(draw, 4, 2))
}

/// The case with the gradients of the loss.
fn with_gradients(c: Record) -> Record {
    let d = Net::of(&c).gradients(&c.matrix("x"), &c.matrix("y"), 1.0);
    c.with("d_weights1", d.w1).with("d_biases1", d.b1).with("d_weights2", d.w2).with("d_biases2", d.b2)
}

/// The gradients in a case.
fn gradients(c: &Record) -> Net {
    Net {
        w1: c.matrix("d_weights1").to_owned(),
        b1: c.vector("d_biases1").to_owned(),
        w2: c.matrix("d_weights2").to_owned(),
        b2: c.vector("d_biases2").to_owned(),
    }
}

fn one_hot_rows(draw: &mut Generator, n: usize, n_classes: usize) -> Array2<f64> {
    let mut y = Array2::zeros((n, n_classes));
    for mut row in y.rows_mut() {
        row[draw::size(draw, 0, n_classes - 1)] = 1.0;
    }
    y
}

/// The network of a case: linear, ReLU, a layer that multiplies by a factor, linear.
struct Net {
    w1: Array2<f64>,
    b1: Array1<f64>,
    w2: Array2<f64>,
    b2: Array1<f64>,
}

impl Net {
    fn of(c: &Record) -> Self {
        Self {
            w1: c.matrix("weights1").to_owned(),
            b1: c.vector("biases1").to_owned(),
            w2: c.matrix("weights2").to_owned(),
            b2: c.vector("biases2").to_owned(),
        }
    }

    /// What comes out of the ReLU times the factor, and the probabilities of the classes.
    fn forward(&self, x: &ArrayRef2<f64>, factor: f64) -> (Array2<f64>, Array2<f64>) {
        let hidden = (x.dot(&self.w1) + &self.b1).mapv(|z| factor * z.max(0.0));
        let mut p = (hidden.dot(&self.w2) + &self.b2).mapv(f64::exp);
        for mut row in p.rows_mut() {
            row /= row.sum();
        }
        (hidden, p)
    }

    fn loss(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, factor: f64) -> f64 {
        let (_, p) = self.forward(x, factor);
        -(p.mapv(f64::ln) * y).sum() / x.nrows() as f64
    }

    fn gradients(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>, factor: f64) -> Self {
        let (hidden, p) = self.forward(x, factor);
        let d_scores = (p - y) / x.nrows() as f64;
        let slopes = hidden.mapv(|a| if a > 0.0 { factor } else { 0.0 });
        let d_z = d_scores.dot(&self.w2.t()) * slopes;
        Self {
            w1: x.t().dot(&d_z),
            b1: d_z.sum_axis(Axis(0)),
            w2: hidden.t().dot(&d_scores),
            b2: d_scores.sum_axis(Axis(0)),
        }
    }

    /// The network after a step with `share` times the gradients of the loss of these samples.
    fn after_step(&self, c: &Record, (x, y): (&ArrayRef2<f64>, &ArrayRef2<f64>), factor: f64, share: f64) -> Self {
        let pulls = |weights: &Array2<f64>| of_weights(c, weights, slope_of);
        let d = self.gradients(x, y, factor);
        Self {
            w1: &self.w1 - rate(c) * (share * d.w1 + pulls(&self.w1)),
            b1: &self.b1 - rate(c) * share * d.b1,
            w2: &self.w2 - rate(c) * (share * d.w2 + pulls(&self.w2)),
            b2: &self.b2 - rate(c) * share * d.b2,
        }
    }
}

fn total(c: &Record, net: &Net) -> f64 {
    [&net.w1, &net.w2].map(|weights| of_weights(c, weights, value_of).sum()).iter().sum()
}
