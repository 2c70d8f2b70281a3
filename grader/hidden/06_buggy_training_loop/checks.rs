//! What is right in exercise 6, and what is commonly got wrong.
//!
//! Three bugs are shipped, and any of them may be left in. So that a report names exactly those, each has a check that
//! the other two cannot touch: from a bias that is not 0 the loss shows how the bias enters the logits; from a bias of
//! 0 one step shows what moves W, and what moves b. A loss curve could not: two of the bugs cancel in it.

use std::f64::consts::LN_2;

use probe::Generator;
use rand::{
    RngExt,
    seq::{IndexedRandom, SliceRandom},
};

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = vec![
        Check::new("one_hot", "one_hot", "one_hot has one row for each sample, with a 1 in the column of its class", 1)
            .on(|draw| {
                let drawn = (0..6).map(|_| draw.random_range(0..5)).collect();
                // Without class 0 first, without the last class second. In the last two a label is too large.
                [
                    (vec![2_usize, 1, 2, 3], 4_usize),
                    (vec![1, 0, 0, 1], 3),
                    (drawn, 5),
                    (vec![1, 3, 2, 1], 3),
                    (vec![1, 2, 7], 3),
                ]
                .map(|(labels, n_classes)| Record::new().with("labels", labels).with("n_classes", n_classes))
                .to_vec()
            })
            .computes(|f| {
                let labels = f.input("labels");
                let classes: Vec<Num> = (0..f.times("n_classes")).map(|class| f.number(class as f64)).collect();
                let class = f.vector(&classes).named("class");
                let row = |i| labels.at(i).named("label").equals(&class);
                f.matrix(&(0..labels.n_entries()).map(row).collect::<Vec<_>>(), &class)
            })
            .panics_where("a label is not below `n_classes`", label_is_too_large)
            .mistake(
                "label_for_one",
                "The label itself is written where a 1 belongs. One-hot means that one entry of the row is 1 and all \
                 others are 0.",
                |c| {
                    let labels = c.counts("labels");
                    let y = one_hot(&labels, c.count("n_classes"));
                    y * Array2::from_shape_fn((labels.len(), 1), |(i, _)| labels[i] as f64)
                },
            )
            .mistake(
                "labels_counted_from_one",
                "The 1 is one column too far to the left: classes are counted from 0, so class 0 has column 0.",
                |c| {
                    let labels = c.counts("labels");
                    if labels.contains(&0) {
                        return Prediction::Panics;
                    }
                    one_hot(&labels.iter().map(|label| label - 1).collect::<Vec<_>>(), c.count("n_classes")).into()
                },
            ),
        Check::new("cross_entropy", "cross_entropy", "cross_entropy is the mean of -ln p of the true classes", 1)
            .on(|draw| {
                let example = array![[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]];
                let drawn = softmax(&draw::matrix(draw, (5, 4), 1.5));
                vec![
                    Record::new().with("y_onehot", one_hot(&[0, 2], 3)).with("p", example),
                    Record::new().with("y_onehot", one_hot(&[0, 3, 3, 1, 0], 4)).with("p", drawn),
                ]
            })
            .computes(|f| -(f.input("y_onehot") * f.input("p").ln()).sum() / f.input("p").rows())
            .mistake(
                "loss_averaged_over_all_entries",
                "The loss is divided by the number of entries, samples times classes. It is the mean over the \
                 *samples*: each of them has one true class.",
                computed(|f| -(f.input("y_onehot") * f.input("p").ln()).mean()),
            )
            .mistake(
                "false_classes_counted",
                "The false classes are counted too, with -ln(1 - p), as in the loss for two classes. With softmax, \
                 only the true class counts.",
                computed(|f| {
                    let (y, p) = (f.input("y_onehot"), f.input("p"));
                    -(&y * p.ln() + (1.0 - &y) * (1.0 - &p).ln()).sum() / p.rows()
                }),
            )
            .mistake(
                "logarithm_of_base_two",
                "This is the logarithm to base 2. The gradient P - Y belongs to the natural logarithm, `ln`.",
                |c| cross_entropy(&c.matrix("y_onehot"), &c.matrix("p")) / LN_2,
            )
            .mistake_each("logarithm_of_the_sum", LOGARITHM_OF_THE_SUM, [false, true], |c, is_of_the_mean| {
                computed(|f| logarithm_of_the_sum(&f.input("p"), &f.input("y_onehot"), *is_of_the_mean))(c)
            })
            .mistake(
                "labels_and_probabilities_swapped",
                "The loss is infinite, although no probability is 0 here: you take ln 0, perhaps of the labels, or \
                 of y · p. Take the logarithm of p alone: -y · ln p.",
                |_| f64::INFINITY,
            ),
        Check::new("cross_entropy_at_zero", "cross_entropy", "cross_entropy is exact where a probability is 0 or 1", 1)
            .asks("cross_entropy")
            .after("cross_entropy")
            .on(|draw| {
                let drawn = 0.5 + draw::number(draw, 0.4);
                [
                    (vec![0_usize, 1], array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
                    (vec![2, 0], array![[0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]),
                    (vec![1, 0], array![[0.0, drawn, 1.0 - drawn], [1.0, 0.0, 0.0]]),
                    (vec![1, 0], array![[1.0, 0.0], [0.5, 0.5]]),
                ]
                .map(|(labels, p)| Record::new().with("y_onehot", one_hot(&labels, p.ncols())).with("p", p))
                .to_vec()
            })
            .expects(|c| cross_entropy(&c.matrix("y_onehot"), &c.matrix("p")))
            .mistake(
                "zero_times_ln_zero",
                "0 · ln 0 is 0 · (-∞), which is NaN. A class that is not the true one contributes nothing to the \
                 loss: leave it out before you take the logarithm.",
                |c| {
                    let (y, p) = (c.matrix("y_onehot"), c.matrix("p"));
                    -(y.to_owned() * p.mapv(f64::ln)).sum() / p.nrows() as f64
                },
            )
            .mistake_if(
                "zero_probability_made_small",
                "Where the true class has the probability 0, the loss is infinite, but yours is not. Either the \
                 probability is bounded below, or a small number is added to it, or a probability of 0 is left out \
                 even for the true class.",
                |c, seen| {
                    let right = cross_entropy(&c.matrix("y_onehot"), &c.matrix("p"));
                    right.is_infinite() && seen.float("result").is_finite()
                },
            ),
    ];
    checks.extend(sanity_checks());
    checks.extend(steps());
    checks.extend([
        Check::new("train", "train", "train takes one step per epoch and keeps the loss before each", 2)
            .after("two_steps")
            .on(|draw| {
                let mut drawn = |epochs: usize| {
                    samples(draw, 4)
                        .with("w", draw::matrix(draw, (2, 3), 1.0))
                        .with("b", draw::vector(draw, 3, 1.0))
                        .with("learning_rate", 0.3)
                        .with("epochs", epochs)
                };
                // With this learning rate the loss rises at once, and later again.
                let rising = of_the_lesson(30.0).with("epochs", 5_usize);
                vec![drawn(1), drawn(4), drawn(0), rising]
            })
            .computes(|f| {
                let (mut w, mut b) = (f.input("w"), f.input("b"));
                let mut losses = Vec::new();
                for _ in 0..f.times("epochs") {
                    losses.push(step_of(f, &mut w, &mut b, softmax_of));
                }
                [("losses", f.vector(&losses)), ("w", w), ("b", b)]
            })
            .mistake(
                "loss_after_the_update",
                "Each loss is that of the parameters after the step. It should be the one before the step, which the \
                 step returns.",
                |c| {
                    let run = trained(c, c.count("epochs"));
                    let losses = trained(c, c.count("epochs") + 1).losses.split_off(1);
                    Run { losses, ..run }.record()
                },
            )
            .mistake(
                "starts_from_zero",
                "Training starts from W = 0 and b = 0. It should start from the parameters that it is given.",
                |c| {
                    let zeros = (Array2::zeros(c.matrix("w").dim()), Array1::zeros(c.vector("b").len()));
                    trained_from(zeros, c, c.count("epochs"), |_| c.float("learning_rate")).record()
                },
            )
            .mistake(
                "learning_rate_shrinks",
                "The learning rate is divided by the number of the epoch. Take every step with the one that is given.",
                |c| {
                    let rate = |epoch: usize| c.float("learning_rate") / (epoch + 1) as f64;
                    trained_from(start(c), c, c.count("epochs"), rate).record()
                },
            )
            .mistake(
                "first_loss_repeated",
                "All losses are equal to the first one, although W and b have changed. Keep the loss that each step \
                 returns.",
                |c| {
                    let run = trained(c, c.count("epochs"));
                    let losses = run.losses.iter().map(|_| run.losses[0]).collect();
                    Run { losses, ..run }.record()
                },
            )
            .mistake(
                "every_epoch_starts_over",
                "Every epoch begins with the given parameters, so nothing is learned after the first step. Each step \
                 should begin with the parameters that the previous step produced.",
                |c| {
                    let epochs = c.count("epochs");
                    let run = trained(c, epochs.min(1));
                    Run { losses: vec![trained(c, 1).losses[0]; epochs], ..run }.record()
                },
            )
            .mistake(
                "a_step_for_each_sample",
                "There is one step for each sample. An epoch is one step on all samples at once: pass all of X and Y \
                 to the step.",
                |c| {
                    let (mut w, mut b) = start(c);
                    for _ in 0..c.count("epochs") {
                        for i in 0..c.matrix("x").nrows() {
                            let row = |name| c.matrix(name).select(Axis(0), &[i]);
                            let sample = Record::new().with("x", row("x")).with("y_onehot", row("y_onehot"));
                            take(&sample, c.float("learning_rate"), &mut w, &mut b);
                        }
                    }
                    Record::new().with("w", w).with("b", b)
                },
            )
            .mistake_if(
                "samples_and_labels_come_apart",
                "The samples are in another order than their labels, so the loop learns the labels of other samples. \
                 Shuffle X and Y in the same way, or, since every step uses all samples, not at all.",
                comes_apart,
            )
            // With the loss that has risen, or without it.
            .mistake_each(
                "stops_when_the_loss_rises",
                "The training ends early, where the loss has risen. The loss may rise for a while and fall again: \
                 run all `epochs`.",
                [0, 1],
                |c, kept| stopped_at_a_rise(c, *kept),
            ),
        Check::new("long_run", "train", "400 epochs on 60 samples stay finite and end where they should", 1)
            .asks("train")
            .after("train")
            .on(|draw| {
                let x = draw::matrix(draw, (60, 4), 2.0);
                let labels: Vec<usize> = (0..60).map(|i| [0, 0, 0, 1, 1, 2][i % 6]).collect();
                vec![
                    Record::new()
                        .with("x", x)
                        .with("y_onehot", one_hot(&labels, 3))
                        .with("w", Array2::zeros((4, 3)))
                        .with("b", Array1::zeros(3))
                        .with("learning_rate", 0.1)
                        .with("epochs", 400_usize),
                ]
            })
            .expects(|c| trained(c, c.count("epochs")).record()),
        Check::new("diagnose", "diagnose", "diagnose compares the last loss with the first", 2)
            .on(|draw| {
                let curves = [
                    vec![1.0, 0.8, 0.6],
                    vec![1.0, 0.5, 0.7, 0.9],
                    vec![1.0, 5.0, 0.5],
                    vec![1.0, 1.5, 0.999],
                    vec![1.0, 0.5, 1.0],
                    vec![1.0, 0.5, 1.5],
                    vec![1.0, 0.5, 2.0],
                    vec![1.0, 0.5, 2.5],
                    vec![1.0, 5.0],
                    vec![4.0, 7.0],
                    vec![4.0, 3.0],
                    vec![1.0, 0.97],
                    vec![0.25, 0.5, 0.75],
                    vec![1.0, 2.0, f64::INFINITY],
                    vec![f64::INFINITY, 1.0],
                    vec![0.5],
                    vec![],
                    drawn_losses(draw, 4),
                ];
                shuffled(draw, curves.map(curve).to_vec())
            })
            .expects(|c| diagnosis(c, doubled, fallen))
            .mistake(
                "every_rise_counts",
                "A curve that rises somewhere on its way is refused. Only the first and the last loss count here: \
                 the loss of a good training may rise for an epoch.",
                |c| {
                    let rises = c.vector("losses").windows(2).into_iter().any(|pair| pair[1] >= pair[0]);
                    diagnosis(c, doubled, |first, last| last < first && !rises)
                },
            )
            .mistake(
                "last_two_compared",
                "The last loss is compared with the one before it. Compare it with the first: the diagnosis is about \
                 the training as a whole.",
                |c| diagnosis(c, doubled, |_, last| last < before_the_last(c)),
            )
            .mistake(
                "a_peak_is_divergence",
                "A peak on the way is reported as divergence. A curve has diverged if it *ends* above twice its \
                 first loss.",
                |c| diagnosis(c, |first, _| c.vector("losses").iter().any(|loss| *loss > 2.0 * first), fallen),
            )
            .mistake(
                "lowest_loss_compared",
                "The lowest loss is compared with the first. What counts is where the curve *ends*: a loss that has \
                 fallen may rise again.",
                |c| diagnosis(c, doubled, |first, _| lowest(c) < first),
            )
            .mistake(
                "every_increase_is_divergence",
                "A last loss just above the first is called divergence. It should be more than twice the first; \
                 otherwise the curve is `NotDecreasing`.",
                |c| diagnosis(c, |first, last| last > first, fallen),
            )
            .mistake(
                "twice_is_not_more_than_twice",
                "Exactly twice the first loss is not more than twice: `>`, not `>=`.",
                |c| diagnosis(c, |first, last| last >= 2.0 * first, fallen),
            )
            .mistake_each(
                "another_limit_of_divergence",
                "A curve has diverged if its last loss is more than twice the first. Here the limit is another one.",
                [(1.5, 0.0), (3.0, 0.0), (10.0, 0.0), (1.0, 1.0), (1.0, 2.0)],
                |c, &(factor, summand)| diagnosis(c, |first, last| last > factor * first + summand, fallen),
            )
            .mistake_each(
                "small_fall_refused",
                "A loss that has fallen a little is `NotDecreasing` here. Any last loss below the first is `Ok`.",
                [0.99, 0.95, 0.9, 0.5],
                |c, share| diagnosis(c, doubled, |first, last| last < share * first),
            )
            .mistake(
                "fixed_bound",
                "The last loss is compared with a fixed number. How large a loss is depends on the data: the limit \
                 is twice the first loss.",
                |c| diagnosis(c, |_, last| last > 2.0, fallen),
            )
            .mistake_each(
                "equal_counts_as_lower",
                "A last loss that equals the first is not below it, so this is `NotDecreasing`. The same is true of \
                 a single loss, which is both first and last.",
                [1, 2],
                |c, least| {
                    let are_enough = c.vector("losses").len() >= *least;
                    diagnosis(c, doubled, |first, last| last < first || (last == first && are_enough))
                },
            ),
        Check::new("diagnose_nan", "diagnose", "diagnose finds a NaN wherever it is", 1)
            .asks("diagnose")
            .on(|draw| {
                const NAN: f64 = f64::NAN;
                let with_nan =
                    [vec![1.0, 0.8, NAN], vec![1.0, NAN, 0.5], vec![NAN, 1.0, 0.5], vec![1.0, NAN, 5.0], vec![NAN]];
                // Curves that only fall are `Ok` by any rule: they hold against code that sees NaN everywhere.
                let falling = [vec![1.0, 0.8], vec![3.0, 2.0, 1.0], vec![0.9, 0.6, 0.5], vec![5.0, 0.5, 0.25]];
                shuffled(draw, with_nan.into_iter().chain(falling).map(curve).collect())
            })
            .expects(|c| match has_nan(c) {
                true => "Nan",
                false => diagnosis(c, doubled, fallen),
            })
            .mistake_each(
                "nan_compared",
                "A NaN goes unnoticed: every comparison with NaN is false, so neither `<` nor `==` finds it, and the \
                 last branch is chosen. Use `is_nan`.",
                // What is answered in its place.
                ["NotDecreasing", "Ok"],
                |c, otherwise| diagnosis_with_nan(c, otherwise),
            )
            .mistake(
                "nan_only_at_both_ends",
                "A NaN is noticed only where it is the first or the last loss. Test all of them: \
                 `losses.iter().any(…)`.",
                |c| diagnosis_with_nan(c, "Nan"),
            )
            .mistake_each(
                "nan_only_at_the_end",
                "Only the last loss is tested for NaN. Test all of them: `losses.iter().any(…)`.",
                ["NotDecreasing", "Ok"],
                |c, otherwise| match is_nan(c.vector("losses").last()) {
                    true => "Nan",
                    false => diagnosis_with_nan(c, otherwise),
                },
            )
            .mistake(
                "nan_only_at_the_start",
                "Only the first loss is tested for NaN. Test all of them: `losses.iter().any(…)`.",
                |c| match is_nan(c.vector("losses").first()) {
                    true => "Nan",
                    false => diagnosis(c, doubled, fallen),
                },
            ),
        Check::new("training_log", "training_log", "training_log has a line for each epoch, and the improvement", 1)
            // Fifth decimals that round up and zeros at the end; none exactly between two.
            .on(|draw| {
                let risen = vec![1.2, 0.5, 0.703_67];
                [vec![1.098_68, 0.9, 0.703_67, 0.543_19], drawn_losses(draw, 3), risen].map(curve).to_vec()
            })
            .shows(include_str!("snapshots/training_log.snap"))
            .expects(|c| training_log(c, four_decimals, percent_gone))
            .mistake(
                "cut_instead_of_rounded",
                "The numbers are cut off after four decimals. Round them: 0.70367 becomes 0.7037.",
                |c| {
                    let cut = |number: f64| four_decimals((number * 1e4).trunc() / 1e4);
                    training_log(c, cut, percent_gone)
                },
            )
            .mistake(
                "improvement_of_the_last",
                "The improvement is divided by the last loss. Divide by the *first* one.",
                |c| training_log(c, four_decimals, |first, last| 100.0 * (first - last) / last),
            )
            .mistake(
                "share_that_is_left",
                "This is the share of the first loss that is left. The improvement is the share that is gone.",
                |c| training_log(c, four_decimals, |first, last| 100.0 * last / first),
            )
            .mistake(
                "improvement_to_the_lowest",
                "The improvement is that of the lowest loss. Subtract the *last* one, also where the loss has risen.",
                |c| training_log(c, four_decimals, |first, _| percent_gone(first, lowest(c))),
            )
            .mistake(
                "improvement_of_the_last_epoch",
                "The improvement is that of the last epoch. Compare the last loss with the first of all.",
                |c| training_log(c, four_decimals, |_, last| percent_gone(before_the_last(c), last)),
            ),
        Check::new(
            "any_log",
            "training_log",
            "training_log takes any losses: rising ones, twelve, one, none at all",
            1,
        )
        .asks("training_log")
        .after("training_log")
        .on(|draw| {
            let rising = vec![1.0, 1.345_678];
            [vec![1.25, 1.0], rising, drawn_losses(draw, 12), drawn_losses(draw, 1), vec![]].map(curve).to_vec()
        })
        .expects(|c| training_log(c, four_decimals, percent_gone)),
    ]);
    checks
}

const LOGARITHM_OF_THE_SUM: &str = "The logarithm is taken once, of the probabilities of all samples together. Take \
     the logarithm for each sample, and then the mean of the logarithms.";
/// The logits of a step that returns no loss.
const LOSS_OF_ZERO: &str = "X·W + b, and the step returns 0";

/// The three answers of `sanity_checks`, each a check of its own.
fn sanity_checks() -> [Check; 3] {
    let check = |id, title| {
        Check::new(id, "sanity_checks", title, 1)
            .asks("sanity_checks")
            .after("one_hot")
            .after("cross_entropy")
            .on(|draw| shuffled(draw, steps_to_test()))
    };
    let returns_zero = |c: &Record| c.text("logits") == LOSS_OF_ZERO;
    let adds_bias = |c: &Record| c.text("logits") == "X·W + b";
    let averages_dw = |c: &Record| c.text("dW") == "Xᵀ·dZ / n";
    let averages_db = |c: &Record| c.text("db") == "sum of dZ / n";
    let moves = |c: &Record, update: &str| c.text("update of b") == update;
    let nan = |c: &Record| c.text("dW") == "NaN" || c.text("update of b") == "NaN";
    [
        check("zero_inputs", "zero_inputs tells whether the logits of a step are X·W + b")
            .expects(move |c| answer("zero_inputs", adds_bias(c)))
            .mistake_each(
                "zero_inputs_proves_nothing",
                "A step that subtracts the bias passes `zero_inputs`. Call the given `step` with a b that is not 0 \
                 and not the same number for every class: b and -b have to give different losses. (With two classes \
                 of equal size there is no such b.) If yours is such a b, look at the comparison: `(loss - \
                 expected).abs() < 1e-9`.",
                [false, true],
                move |c, wants_loss| answer("zero_inputs", !(*wants_loss && returns_zero(c))),
            )
            .mistake(
                "zero_inputs_looks_one_way",
                "A step whose loss is too low passes `zero_inputs`. Test how far it is from the expected loss, in \
                 either direction: `.abs() < 1e-9`.",
                move |c| answer("zero_inputs", adds_bias(c) || returns_zero(c)),
            )
            .mistake(
                "zero_inputs_always_fails",
                "A right step fails `zero_inputs`. With X = 0 every row of the logits is b, so the expected loss is \
                 the `cross_entropy` of their softmax, up to rounding.",
                |_| answer("zero_inputs", false),
            )
            .mistake(
                "zero_inputs_takes_b_after_the_step",
                "Every step that moves b fails `zero_inputs`. The returned loss is that of the b *before* the step; \
                 afterwards b has moved, so compute the expected loss first.",
                move |c| answer("zero_inputs", adds_bias(c) && moves(c, "none")),
            )
            .mistake(
                "zero_inputs_expects_minus_b",
                "`zero_inputs` fails where it should pass, and passes where it should fail: with X = 0 the logits \
                 are b, not -b.",
                move |c| answer("zero_inputs", !adds_bias(c) && !returns_zero(c)),
            ),
        check("duplicated_data", "duplicated_data tells whether a step averages dW and db")
            .expects(move |c| answer("duplicated_data", averages_dw(c) && averages_db(c) && !nan(c)))
            .mistake_each(
                "duplicated_data_proves_nothing",
                "A step that averages nothing passes `duplicated_data`. Call the given `step` so that W and b move, \
                 and compare every entry of both, up to 1e-9: not the loss, which all these steps average, and not \
                 sums, in which differences cancel.",
                [false, true],
                move |c, finds_nan| answer("duplicated_data", !(*finds_nan && nan(c))),
            )
            .mistake(
                "duplicated_data_always_fails",
                "A right step fails `duplicated_data`. Do both steps begin with the same W and b (the first step \
                 changes them), does every sample occur twice with its own label, and do you allow for rounding?",
                |_| answer("duplicated_data", false),
            )
            .mistake_each(
                "duplicated_data_expects_twice",
                "A right step fails `duplicated_data`, and one that sums dW up passes. The gradients are means: W \
                 and b end up the same as with every sample once, not twice as large.",
                // It expects of b that it is the same, or twice as large as well.
                [true, false],
                move |c, is_same| answer("duplicated_data", c.text("dW") == "Xᵀ·dZ" && averages_db(c) == *is_same),
            )
            .mistake(
                "duplicated_data_looks_at_b_only",
                "A step that sums dW up, or leaves NaN in W, passes `duplicated_data`: compare W after the step too, \
                 not b alone.",
                move |c| answer("duplicated_data", averages_db(c) && !moves(c, "NaN")),
            )
            .mistake(
                "duplicated_data_looks_at_w_only",
                "A step that sums db up, or leaves NaN in b, passes `duplicated_data`: compare b after the step too, \
                 not W alone.",
                move |c| answer("duplicated_data", averages_dw(c)),
            )
            .mistake(
                "duplicated_data_one_is_enough",
                "A step after which only one of W and b is the same passes `duplicated_data`. Both have to be: `&&`, \
                 not `||`.",
                move |c| answer("duplicated_data", averages_dw(c) || averages_db(c) && !moves(c, "NaN")),
            )
            .mistake(
                "duplicated_data_misses_nan",
                "A step that leaves NaN in W or b passes `duplicated_data`. NaN is equal to nothing, but `>` and \
                 `f64::max` do not detect it: test whether *every* difference is below 1e-9, with `all`.",
                move |c| answer("duplicated_data", c.text("dW") != "Xᵀ·dZ" && averages_db(c)),
            ),
        check("bias_direction", "bias_direction tells whether a step moves b downhill")
            .expects(move |c| answer("bias_direction", moves(c, "b - lr·db")))
            .mistake(
                "bias_direction_proves_nothing",
                "Every step passes `bias_direction`. Call the given `step`, and test whether the bias of the most \
                 frequent class is larger than 0 after it.",
                |_| answer("bias_direction", true),
            )
            .mistake(
                "bias_direction_always_fails",
                "A right step fails `bias_direction`. Begin with W = 0 and b = 0, and use samples in which one class \
                 is more frequent than the others: if all are equally frequent, db is 0 and b does not move.",
                |_| answer("bias_direction", false),
            )
            .mistake(
                "bias_direction_reversed",
                "A step that goes uphill passes `bias_direction`, and the right one fails. The most frequent class \
                 should become more likely: test whether *its* bias is above 0.",
                move |c| answer("bias_direction", moves(c, "b + lr·db")),
            )
            .mistake_each(
                "uphill_accepted",
                "A step that goes uphill passes `bias_direction`: it moves b, but the bias of the most frequent \
                 class falls. Test whether that one is above 0.",
                [false, true],
                move |c, finds_nan| answer("bias_direction", !(moves(c, "none") || *finds_nan && moves(c, "NaN"))),
            )
            .mistake(
                "bias_above_zero_before",
                "Every step passes `bias_direction` that leaves numbers in b. Does b begin at 0, and do you test the \
                 most frequent class, by `>`?",
                move |c| answer("bias_direction", !moves(c, "NaN")),
            )
            .mistake(
                "standing_still_accepted",
                "A step that does not move b at all passes `bias_direction`: the bias has to become *larger* than 0.",
                move |c| answer("bias_direction", moves(c, "b - lr·db") || moves(c, "none")),
            )
            .mistake(
                "bias_direction_misses_nan",
                "A step that leaves NaN in b passes `bias_direction`. Every comparison with NaN is false: test \
                 whether the bias is `> 0.0`, not whether it is not `<= 0.0`.",
                move |c| answer("bias_direction", moves(c, "b - lr·db") || moves(c, "NaN")),
            ),
    ]
}

fn answer(question: &str, yes: bool) -> Record {
    Record::new().with(question, yes)
}

/// Every combination of the three shipped bugs, and six more steps that are wrong in other ways.
fn steps_to_test() -> Vec<Record> {
    let step = |logits: &str, dw: &str, db: &str, update: &str| {
        Record::new().with("logits", logits).with("dW", dw).with("db", db).with("update of b", update)
    };
    let mut steps = Vec::new();
    for logits in ["X·W + b", "X·W - b"] {
        for dw in ["Xᵀ·dZ / n", "Xᵀ·dZ"] {
            for update in ["b - lr·db", "b + lr·db"] {
                steps.push(step(logits, dw, "sum of dZ / n", update));
            }
        }
    }
    steps.push(step("X·W + b", "Xᵀ·dZ / n", "sum of dZ", "b - lr·db"));
    steps.push(step("X·W + b", "Xᵀ·dZ / n", "sum of dZ / n", "none"));
    steps.push(step("X·W + b", "Xᵀ·dZ", "sum of dZ", "b - lr·db"));
    steps.push(step("X·W + b", "NaN", "sum of dZ / n", "b - lr·db"));
    steps.push(step("X·W + b", "Xᵀ·dZ / n", "sum of dZ / n", "NaN"));
    steps.push(step(LOSS_OF_ZERO, "Xᵀ·dZ / n", "sum of dZ / n", "b - lr·db"));
    steps
}

/// The checks of `softmax_classifier_step`. The first three are independent of each other on purpose. Each waits for the
/// sanity check that finds its bug: nothing is told that the learner's own instruments cannot see.
fn steps() -> Vec<Check> {
    const TASK: &str = "softmax_classifier_step";
    let step_loss = Check::new("step_loss", TASK, "the step returns the loss of softmax(X·W + b)", 2)
        .asks("step")
        .about(TASK)
        .after("zero_inputs")
        .on(|draw| {
            // Biases that differ, and not symmetrically: b and -b have different losses.
            let b = array![1.0, -0.5, 0.25];
            let example = Record::new().with("x", array![[1.0, 2.0], [0.5, -1.0]]);
            let example = example.with("y_onehot", one_hot(&[0, 2], 3)).with("w", Array2::zeros((2, 3)));
            let drawn = samples(draw, 5).with("w", draw::matrix(draw, (2, 3), 1.0));
            [example, drawn].map(|case| case.with("b", b.clone()).with("learning_rate", 0.3)).to_vec()
        })
        .computes(|f| loss_with(f, f.input("b"), softmax_of))
        .mistake(
            "bias_subtracted",
            "This is the loss of X·W - b, but the bias is added: Z = X·W + b. At b = 0, where training begins, both \
             are the same, so this check begins at another b.",
            computed(|f| loss_with(f, -f.input("b"), softmax_of)),
        )
        .mistake(
            "loss_after_the_update",
            "This is the loss after the step. It should be the loss before the step: compute it from the same P as \
             the gradients.",
            |c| Record::new().with("loss", trained(c, 2).losses[1]),
        )
        .mistake(
            "softmax_down_the_columns",
            "The probabilities are normalised down the columns, so that the samples compete for each class. A row is \
             a sample, and its classes compete: each row of P sums to 1.",
            computed(|f| loss_with(f, f.input("b"), |z| softmax_of(&z.t()).t())),
        )
        .mistake(
            "softmax_forgotten",
            "The scores are used as if they were probabilities: they may be negative, and their rows do not sum to \
             1. P is the softmax of the rows of Z.",
            |c| {
                let z = c.matrix("x").dot(&c.matrix("w")) + c.vector("b");
                Record::new().with("loss", cross_entropy(&c.matrix("y_onehot"), &z))
            },
        )
        .mistake_each("logarithm_of_the_sum", LOGARITHM_OF_THE_SUM, [false, true], |c, is_of_the_mean| {
            computed(|f| {
                let p = softmax_of(&(f.input("x").dot(&f.input("w")) + f.input("b")));
                [("loss", logarithm_of_the_sum(&p, &f.input("y_onehot"), *is_of_the_mean))]
            })(c)
        })
        .mistake(
            "softmax_twice",
            "Softmax is applied twice, which makes the probabilities more alike. Apply `softmax_rows` once, to the \
             scores.",
            computed(|f| loss_with(f, f.input("b"), |z| softmax_of(&softmax_of(z)))),
        );
    let step_weights = Check::new(
        "step_weights",
        TASK,
        "from b = 0, one step moves W by -learning_rate · Xᵀ·(P - Y) / n",
        2,
    )
    .asks("step")
    .about(TASK)
    .after("duplicated_data")
    .on(|draw| {
        vec![
            of_the_lesson(0.6),
            samples(draw, 5)
                .with("w", draw::matrix(draw, (2, 3), 1.0))
                .with("b", Array1::zeros(3))
                .with("learning_rate", 0.3),
        ]
    })
    .computes(|f| [("w", after_step(f)[0].clone())])
    .expects(|c| Record::new().with("w", trained(c, 1).w))
    .mistake(
        "weights_go_uphill",
        "W goes uphill: the gradient points to where the loss rises, so subtract it, W ← W - learning_rate · dW. If \
         b goes uphill, too, perhaps dZ is Y - P.",
        computed(|f| [("w", 2.0 * f.input("w") - &after_step(f)[0])]),
    )
    .mistake(
        "dw_not_averaged",
        "W moves n_samples times too far. The loss is a mean over the samples, and Xᵀ·(P - Y) is the gradient of \
         their *sum*: divide it by n_samples.",
        computed(|f| {
            let w = f.input("w");
            [("w", &w + f.input("x").rows() * (&after_step(f)[0] - &w))]
        }),
    );
    let step_bias = Check::new(
        "step_bias",
        TASK,
        "from b = 0, one step moves b by -learning_rate · column means of P - Y",
        2,
    )
    .asks("step")
    .about(TASK)
    .after("bias_direction")
    .on(|draw| {
        let square = Record::new().with("x", Array2::ones((3, 1))).with("y_onehot", one_hot(&[0, 0, 1], 3));
        let drawn = samples(draw, 5).with("w", draw::matrix(draw, (2, 3), 1.0));
        vec![
            square.with("w", Array2::zeros((1, 3))).with("b", Array1::zeros(3)).with("learning_rate", 0.6),
            of_the_lesson(0.6),
            drawn.with("b", Array1::zeros(3)).with("learning_rate", 0.3),
        ]
    })
    .computes(|f| [("b", after_step(f)[1].clone())])
    .expects(|c| Record::new().with("b", trained(c, 1).b))
    .mistake(
        "bias_goes_uphill",
        "b goes uphill: the gradient points to where the loss rises, so subtract it. If W goes uphill, too, perhaps \
         dZ is Y - P.",
        // It begins at 0.
        computed(|f| [("b", -&after_step(f)[1])]),
    )
    .mistake(
        "bias_from_moved_weights",
        "db is computed with the new W. Compute dZ once, before anything changes, and use it for W and for b.",
        computed(|f| {
            let (mut w, mut b) = (after_step(f)[0].clone(), f.input("b"));
            step_of(f, &mut w, &mut b, softmax_of);
            [("b", b)]
        }),
    )
    .mistake(
        "bias_gradient_per_sample",
        "The gradient of b is summed along the rows, which gives a number for each *sample* (and 0, because a row of \
         P and a row of Y both sum to 1). b has one entry for each class: sum down the columns, `Axis(0)`.",
        |c| match c.matrix("x").nrows() == c.vector("b").len() {
            true => Prediction::Is(Record::new().with("b", c.vector("b").to_owned())),
            false => Prediction::Panics,
        },
    );
    let two_steps = Check::new("two_steps", TASK, "two steps in a row leave the W and b of the lesson", 1)
        .about(TASK)
        .after("step_loss")
        .after("step_weights")
        .after("step_bias")
        .on(|draw| {
            let drawn = samples(draw, 5).with("w", draw::matrix(draw, (2, 3), 1.0));
            vec![of_the_lesson(0.6), drawn.with("b", draw::vector(draw, 3, 1.0)).with("learning_rate", 0.3)]
        })
        .expects(|c| {
            (1..=2).fold(Record::new(), |record, steps| {
                let Run { w, b, .. } = trained(c, steps);
                record.with(&format!("w after step {steps}"), w).with(&format!("b after step {steps}"), b)
            })
        });
    let large_logits = Check::new("large_logits", TASK, "the step survives logits of 1000", 1)
        .asks("step")
        .about(TASK)
        .after("two_steps")
        .on(|draw| {
            let large = draw::matrix(draw, (2, 3), 2.0) + 1000.0;
            let mixed = array![[1000.0, 999.0, 1001.0], [-1.0, 0.5, 0.0]];
            [large, mixed]
                .map(|w| {
                    let x = array![[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]];
                    let case = Record::new().with("x", x).with("y_onehot", one_hot(&[0, 1, 2], 3)).with("w", w);
                    case.with("b", array![0.5, 0.0, -1.0]).with("learning_rate", 0.3)
                })
                .to_vec()
        })
        .expects(|c| {
            let Run { losses, w, b } = trained(c, 1);
            Record::new().with("loss", losses[0]).with("w", w).with("b", b)
        })
        .mistake(
            "softmax_without_max",
            "e^1000 is infinite, and infinity divided by infinity is NaN. The softmax that came with this exercise \
             subtracts the row's largest score first.",
            computed(|f| loss_with(f, f.input("b"), |z| shares(&z.exp()))),
        )
        .mistake(
            "one_max_for_all_rows",
            "The largest score of all rows is subtracted. In a row of much smaller scores every exponential then \
             rounds to 0, and 0 / 0 is NaN: each row needs its own maximum.",
            computed(|f| loss_with(f, f.input("b"), |z| shares(&(z - z.max()).exp()))),
        );
    vec![step_loss, with_wrong_dz(step_weights, 0), with_wrong_dz(step_bias, 1), two_steps, large_logits]
}

/// Each entry as a share of its row.
fn shares(z: &Num) -> Num {
    z / z.aggregate(Aggregate::Sum, Over::Row)
}

fn softmax_of(z: &Num) -> Num {
    shares(&(z - z.aggregate(Aggregate::Max, Over::Row)).exp().named("exp(z - max)"))
}

/// One step as the lesson writes it; it returns the loss before.
fn step_of(f: &Formula, w: &mut Num, b: &mut Num, softmax: fn(&Num) -> Num) -> Num {
    let (x, y, rate) = (f.input("x"), f.input("y_onehot"), f.input("learning_rate"));
    let z = (x.dot(w) + &*b).named("z");
    let p = softmax(&z).named("p");
    let loss = (-(&y * p.ln()).sum() / y.rows()).named("loss");
    let dz = (p - &y).named("dz");
    *w = (&*w - &rate * (x.t().dot(&dz) / x.rows()).named("dw")).named("w");
    *b = (&*b - &rate * (dz.aggregate(Aggregate::Sum, Over::Samples) / x.rows()).named("db")).named("b");
    loss
}

/// The loss of the case's weights with these biases.
fn loss_with(f: &Formula, mut b: Num, softmax: fn(&Num) -> Num) -> [(&'static str, Num); 1] {
    [("loss", step_of(f, &mut f.input("w"), &mut b, softmax))]
}

/// The loss with one logarithm, of the probabilities of all true classes together or of their mean.
fn logarithm_of_the_sum(p: &Num, y: &Num, is_of_the_mean: bool) -> Num {
    let sum = (y * p).sum();
    if is_of_the_mean { -(sum / p.rows()).ln() } else { -sum.ln() / p.rows() }
}

/// W and b after a step with another dZ.
fn after_step_with(f: &Formula, dz: Dz) -> [Num; 2] {
    let (x, y, w, b) = (f.input("x"), f.input("y_onehot"), f.input("w"), f.input("b"));
    let dz = dz(&softmax_of(&(x.dot(&w) + &b)), &y) / x.rows();
    let db = dz.aggregate(Aggregate::Sum, Over::Samples);
    [w - f.input("learning_rate") * x.t().dot(&dz), b - f.input("learning_rate") * db]
}

/// dZ, made of P and Y.
type Dz = fn(&Num, &Num) -> Num;

/// What may be wrong with dZ, which is then divided by n.
const WRONG_DZ: [(&str, &str, Dz); 3] = [
    (
        "sigmoid_slope_in_dz",
        "dZ contains P (1 - P), the slope of a sigmoid, as an additional factor. With softmax and cross-entropy dZ \
         is P - Y alone.",
        |p, y| (p - y) * p * (1.0 - p),
    ),
    (
        "averaged_over_all_entries",
        "The gradient is n_classes times too small, as if divided by the entries of dZ. The loss is a mean over the \
         samples, so divide by n_samples.",
        |p, y| (p - y) * y.rows() / y.count(),
    ),
    (
        "averaged_twice",
        "1/n is applied twice, perhaps in dZ and again here. Apply it once: in dZ, or in dW and db.",
        |p, y| (p - y) / y.rows(),
    ),
];

/// The check of W (0) or of b (1), with what a wrong dZ makes of it.
fn with_wrong_dz(check: Check, part: usize) -> Check {
    WRONG_DZ.into_iter().fold(check, |check, (id, says, dz)| {
        check.mistake(id, says, computed(move |f| [(["w", "b"][part], after_step_with(f, dz)[part].clone())]))
    })
}

/// W and b after a step.
fn after_step(f: &Formula) -> [Num; 2] {
    let (mut w, mut b) = (f.input("w"), f.input("b"));
    step_of(f, &mut w, &mut b, softmax_of);
    [w, b]
}

/// Takes a right step from `w` and `b` on the samples of a case, and returns the loss before it.
fn take(c: &Record, learning_rate: f64, w: &mut Array2<f64>, b: &mut Array1<f64>) -> f64 {
    let (x, y) = (c.matrix("x"), c.matrix("y_onehot"));
    let p = softmax(&(x.dot(w) + &*b));
    let dz = (&p - &y) / x.nrows() as f64;
    *w -= &(learning_rate * x.t().dot(&dz));
    *b -= &(learning_rate * dz.sum_axis(Axis(0)));
    // A 0 should look like one: rounding errors are nothing to puzzle over.
    let tidy = |number: f64| (number * 1e14).round() / 1e14;
    w.mapv_inplace(tidy);
    b.mapv_inplace(tidy);
    cross_entropy(&y, &p)
}

/// A training as `train` reports it.
struct Run {
    losses: Vec<f64>,
    w: Array2<f64>,
    b: Array1<f64>,
}

impl Run {
    fn record(self) -> Record {
        Record::new().with("losses", Array1::from(self.losses)).with("w", self.w).with("b", self.b)
    }
}

type Parameters = (Array2<f64>, Array1<f64>);

/// W and b of a case.
fn start(c: &Record) -> Parameters {
    (c.matrix("w").to_owned(), c.vector("b").to_owned())
}

/// A training from these parameters, with a learning rate for each epoch.
fn trained_from((mut w, mut b): Parameters, c: &Record, epochs: usize, rate: impl Fn(usize) -> f64) -> Run {
    let losses = (0..epochs).map(|epoch| take(c, rate(epoch), &mut w, &mut b)).collect();
    Run { losses, w, b }
}

fn trained(c: &Record, epochs: usize) -> Run {
    trained_from(start(c), c, epochs, |_| c.float("learning_rate"))
}

/// A training that ends with the step that returns the first loss that has risen; of such losses it keeps `kept`.
fn stopped_at_a_rise(c: &Record, kept: usize) -> Record {
    let run = trained(c, c.count("epochs"));
    let Some(before) = run.losses.windows(2).position(|pair| pair[1] > pair[0]) else { return run.record() };
    let mut stopped = trained(c, before + 2);
    stopped.losses.truncate(before + 1 + kept);
    stopped.record()
}

/// Whether the first loss that is wrong is what it would be if the labels belonged to the samples in some other order.
fn comes_apart(c: &Record, seen: &Record) -> bool {
    let (x, y) = (c.matrix("x"), c.matrix("y_onehot"));
    let (mut w, mut b) = start(c);
    for &loss in seen.vector("losses") {
        let p = softmax(&(x.dot(&w) + &b));
        if (take(c, c.float("learning_rate"), &mut w, &mut b) - loss).abs() > 1e-9 {
            return orders(x.nrows()).any(|order| (cross_entropy(&y.select(Axis(0), &order), &p) - loss).abs() < 1e-9);
        }
    }
    false
}

/// All orders of `n` things: of the numbers with n digits below n, those that have no digit twice.
fn orders(n: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..n.pow(n as u32))
        .map(move |code| (0..n).map(|place| code / n.pow(place as u32) % n).collect::<Vec<_>>())
        .filter(move |order| (0..n).all(|sample| order.contains(&sample)))
}

/// The six samples of the lesson: one feature that is always 1, three classes of 3, 2 and 1 samples.
fn of_the_lesson(learning_rate: f64) -> Record {
    Record::new()
        .with("x", Array2::ones((6, 1)))
        .with("y_onehot", one_hot(&[0, 0, 0, 1, 1, 2], 3))
        .with("w", Array2::zeros((1, 3)))
        .with("b", Array1::zeros(3))
        .with("learning_rate", learning_rate)
}

/// `n` drawn samples with two features, of three classes that are not equally frequent.
fn samples(draw: &mut Generator, n: usize) -> Record {
    let labels: Vec<usize> = [0, 2, 0, 1, 0].into_iter().cycle().take(n).collect();
    Record::new().with("x", draw::matrix(draw, (n, 2), 2.0)).with("y_onehot", one_hot(&labels, 3))
}

fn label_is_too_large(c: &Record) -> bool {
    c.counts("labels").iter().any(|label| *label >= c.count("n_classes"))
}

fn one_hot(labels: &[usize], n_classes: usize) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), n_classes), |(i, class)| f64::from(u8::from(labels[i] == class)))
}

/// The mean over the samples of `-ln p` at the hot entry.
fn cross_entropy(y: &ArrayRef2<f64>, p: &ArrayRef2<f64>) -> f64 {
    let hot = |row: &ArrayRef1<f64>| row.iter().position(|y| *y == 1.0).expect("one entry is hot");
    y.rows().into_iter().zip(p.rows()).map(|(y, p)| -p[hot(&y)].ln()).sum::<f64>() / y.nrows() as f64
}

/// Softmax of each row as `1 / Σ_k e^(z_k - z_j)`: as safe as with the maximum.
fn softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(z.dim(), |(i, j)| 1.0 / z.row(i).iter().map(|other| (other - z[[i, j]]).exp()).sum::<f64>())
}

fn curve(losses: Vec<f64>) -> Record {
    Record::new().with("losses", Array1::from(losses))
}

/// `n` losses that neither they nor their improvement lie halfway between two numbers of four decimals: the first is a
/// prime number of hundred-thousandths.
fn drawn_losses(draw: &mut Generator, n: usize) -> Vec<f64> {
    let mut losses = vec![*[1.070_21, 0.900_01, 2.000_03].choose(draw).expect("there are three")];
    losses.extend((1..n).map(|_| 1.100_03 + draw::number(draw, 1.0)));
    losses
}

fn shuffled(draw: &mut Generator, mut cases: Vec<Record>) -> Vec<Record> {
    cases.shuffle(draw);
    cases
}

fn has_nan(c: &Record) -> bool {
    c.vector("losses").iter().any(|loss| loss.is_nan())
}

/// What a curve is called, given when it has diverged and when it has fallen, by its first and last loss.
fn diagnosis(c: &Record, diverged: impl Fn(f64, f64) -> bool, fallen: impl Fn(f64, f64) -> bool) -> &'static str {
    let losses = c.vector("losses");
    match (losses.first(), losses.last()) {
        (Some(&first), Some(&last)) if diverged(first, last) => "Diverged",
        (Some(&first), Some(&last)) if fallen(first, last) => "Ok",
        _ => "NotDecreasing",
    }
}

fn lowest(c: &Record) -> f64 {
    c.vector("losses").fold(f64::INFINITY, |lowest, loss| lowest.min(*loss))
}

/// The loss before the last one, or the only one.
fn before_the_last(c: &Record) -> f64 {
    let losses = c.vector("losses");
    losses[losses.len().saturating_sub(2)]
}

/// The same, of code that does not ask for NaN: this is its answer where the first or the last loss is NaN.
fn diagnosis_with_nan(c: &Record, otherwise: &'static str) -> &'static str {
    let losses = c.vector("losses");
    if is_nan(losses.first()) || is_nan(losses.last()) { otherwise } else { diagnosis(c, doubled, fallen) }
}

fn is_nan(loss: Option<&f64>) -> bool {
    loss.is_some_and(|loss| loss.is_nan())
}

fn doubled(first: f64, last: f64) -> bool {
    last > 2.0 * first
}

fn fallen(first: f64, last: f64) -> bool {
    last < first
}

fn percent_gone(first: f64, last: f64) -> f64 {
    100.0 * (first - last) / first
}

fn training_log(c: &Record, shown: impl Fn(f64) -> String, improvement: impl Fn(f64, f64) -> f64) -> String {
    let losses = c.vector("losses");
    let mut lines: Vec<String> =
        (1..).zip(losses).map(|(epoch, &loss)| format!("epoch {epoch}: loss {}\n", shown(loss))).collect();
    if let (Some(&first), Some(&last)) = (losses.first(), losses.last()) {
        lines.push(format!("improvement: {} %\n", shown(improvement(first, last))));
    }
    lines.concat()
}

/// A number with four decimals, computed in whole ten-thousandths.
fn four_decimals(number: f64) -> String {
    let units = (number.abs() * 1e4).round() as u64;
    let sign = if number < 0.0 { "-" } else { "" };
    format!("{sign}{}.{:04}", units / 10_000, units % 10_000)
}
