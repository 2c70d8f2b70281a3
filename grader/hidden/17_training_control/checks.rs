//! What is right in exercise 17, and what is commonly got wrong.
//!
//! What depends on chance is the order of the samples, so most trainings here have samples whose order does not matter:
//! all equal, or all in one batch. The network is one layer under softmax and cross-entropy, which this file trains as
//! well, with or without a mistake.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = decays();
    checks.extend(cosine());
    checks.push(warm_up());
    checks.extend(plateau());
    checks.extend(copies());
    checks.extend(early_stopping());
    checks.extend(clipping());
    checks.extend(sums());
    checks.extend(epochs());
    checks.push(training());
    checks.push(restoring());
    checks
}

// Schedules

fn decays() -> Vec<Check> {
    let cases = |draw: &mut probe::Generator| {
        let mut cases = Vec::new();
        for every in [draw::size(draw, 3, 6), draw::size(draw, 7, 10)] {
            // In order, then some of them again.
            let mut epochs: Vec<usize> = (0..=3 * every).collect();
            epochs.extend([every, 0, 2 * every - 1, 2 * every]);
            cases.push(
                Record::new()
                    .with("initial", 0.01 * draw::size(draw, 5, 90) as f64)
                    .with("factor", 0.01 * draw::size(draw, 20, 80) as f64)
                    .with("every", every)
                    .with("epochs", epochs),
            );
        }
        cases
    };
    let step_decay = |f: &Formula| {
        let n_steps = (f.input("epochs").real() / f.input("every").real()).floor();
        f.input("initial") * f.input("factor").power(&n_steps)
    };
    vec![
        Check::new(
            "step_decay",
            "step_decay",
            "StepDecay multiplies the rate by the factor after a number of epochs",
            2,
        )
        .about("StepDecay::learning_rate")
        .on(cases)
        .computes(step_decay)
        .mistake_if("depends_on_earlier_questions", ASKED_AGAIN, another_answer)
        .mistake(
            "step_one_epoch_late",
            "Every step comes one epoch too late. With `every` = 10 the epochs 0 to 9 are ten epochs, so epoch 10 \
             already has the next rate.",
            |c| step_by_step(c, |epoch, every| epoch.saturating_sub(1) / every),
        )
        .mistake(
            "only_one_step",
            "The rate falls once and never again. After 2 · `every` epochs the factor is applied twice, and so on: \
             raise it to a power.",
            |c| step_by_step(c, |epoch, every| (epoch / every).min(1)),
        ),
        Check::new("step_decay_of_0", "step_decay", "StepDecay panics if a step is 0 epochs long, and only then", 1)
            .asks("step_decay")
            .about("StepDecay::learning_rate")
            .after("step_decay")
            .on(|draw| {
                let rate = 0.01 * draw::size(draw, 5, 90) as f64;
                let case = |every: usize, epochs: Vec<usize>| {
                    let case = Record::new().with("initial", rate).with("factor", 0.5);
                    case.with("every", every).with("epochs", epochs)
                };
                vec![case(0, vec![3]), case(1, vec![0, 1, 2])]
            })
            .computes(step_decay)
            .panics_where("a step is 0 epochs long", |c| c.count("every") == 0),
        Check::new(
            "exponential_decay",
            "exponential_decay",
            "ExponentialDecay multiplies the rate after every epoch",
            1,
        )
        .about("ExponentialDecay::learning_rate")
        .on(cases)
        .computes(|f| f.input("initial") * f.input("factor").power(&f.input("epochs").real()))
        .mistake_if("depends_on_earlier_questions", ASKED_AGAIN, another_answer)
        .mistake(
            "exponential_of_e",
            "This is initial · e^(-factor · epoch). Here the factor itself is raised to the power of the epoch.",
            computed(|f| f.input("initial") * (-f.input("factor") * f.input("epochs").real()).exp()),
        ),
    ]
}

const ASKED_AGAIN: &str = "\
    A second call for the same epoch returns another rate. The rate depends on the epoch alone: compute it from the \
    initial rate, and change nothing in `self`.";

/// Whether one epoch got two rates.
fn another_answer(c: &Record, seen: &Record) -> bool {
    let (epochs, rates) = (c.counts("epochs"), seen.vector("result").to_vec());
    let answers: Vec<_> = epochs.iter().zip(&rates).collect();
    answers.iter().any(|(epoch, rate)| {
        answers.iter().any(|(other, again)| epoch == other && (*rate - *again).abs() > 1e-9 * rate.abs())
    })
}

/// The rate of each epoch, after so many steps.
fn step_by_step(c: &Record, n_steps: fn(usize, usize) -> usize) -> Array1<f64> {
    let rate = |epoch| c.float("initial") * c.float("factor").powi(n_steps(epoch, c.count("every")) as i32);
    c.counts("epochs").into_iter().map(rate).collect()
}

fn cosine() -> [Check; 2] {
    let cases = |epochs: fn(usize) -> Vec<usize>| {
        move |draw: &mut probe::Generator| {
            [draw::size(draw, 10, 20), draw::size(draw, 40, 50)]
                .map(|n_epochs| {
                    Record::new()
                        .with("initial", 0.01 * draw::size(draw, 20, 90) as f64)
                        .with("end", 0.001 * draw::size(draw, 10, 50) as f64)
                        .with("n_epochs", n_epochs)
                        .with("epochs", epochs(n_epochs))
                })
                .to_vec()
        }
    };
    // From `initial` to `end`, as far as `wave` says for the share of the epochs that are over.
    let along = |f: &Formula, wave: fn(&Num) -> Num| {
        let (initial, end) = (f.input("initial"), f.input("end"));
        let (epoch, n_epochs) = (f.input("epochs").real(), f.input("n_epochs").real());
        &end + (initial - &end) * wave(&(epoch / n_epochs)).named("wave")
    };
    let half_wave: fn(&Num) -> Num = |share| (1.0 + (std::f64::consts::PI * share).cos()) / 2.0;
    [
        Check::new("cosine", "cosine", "Cosine goes down along half a wave", 2)
            .about("Cosine::learning_rate")
            .on(cases(|n_epochs| (0..n_epochs).chain([1, 0, n_epochs / 2]).collect()))
            .computes(move |f| along(f, half_wave))
            .mistake_if("depends_on_earlier_questions", ASKED_AGAIN, another_answer)
            .mistake(
                "cosine_never_moves",
                "The rate stays at `initial` all the time. epoch / n_epochs of two integers is 0 for every epoch \
                 before n_epochs: convert both to `f64` before you divide.",
                computed(move |f| along(f, |share| 1.0 - 0.0 * share)),
            )
            .mistake(
                "quarter_wave",
                "The rate is steepest at the end: this is a quarter of a wave. Half a wave is flat at both ends: (1 + \
                 cos(π · epoch / n_epochs)) / 2.",
                computed(move |f| along(f, |share| (std::f64::consts::FRAC_PI_2 * share).cos())),
            )
            .mistake(
                "one_forgotten",
                "The rate falls below `end`: cos goes from 1 to -1. Add 1 and halve the sum, so that it goes from 1 to \
                 0.",
                computed(move |f| along(f, |share| (std::f64::consts::PI * share).cos())),
            ),
        Check::new("cosine_after", "cosine", "Cosine stays at its end value", 1)
            .asks("cosine")
            .about("Cosine::learning_rate")
            .after("cosine")
            .on(cases(|n_epochs| (n_epochs..2 * n_epochs + 3).collect()))
            .expects(|c| Array1::from_elem(c.counts("epochs").len(), c.float("end")))
            .mistake(
                "rises_again",
                "After n_epochs the rate rises again, as a wave does. All later epochs should have the rate `end`.",
                computed(move |f| along(f, half_wave)),
            ),
    ]
}

fn warm_up() -> Check {
    const TOLD: &str = "losses passed to then (-1 for None)";
    const NONE: f64 = -1.0;
    fn told(seen: &Record) -> Vec<f64> {
        seen.vector(TOLD).to_vec()
    }
    Check::new("warm_up", "warm_up", "WarmUp rises in equal steps, and then the other schedule begins", 3)
        .about("WarmUp::learning_rate")
        .on(|draw| {
            [draw::size(draw, 3, 5), 1, 0]
                .map(|n_epochs| {
                    let positive = |draw: &mut probe::Generator, n| draw::vector(draw, n, 0.4) + 0.5;
                    Record::new()
                        .with("n_epochs", n_epochs)
                        .with("rates of then", positive(draw, 10))
                        .with("losses", positive(draw, 8))
                })
                .to_vec()
        })
        .computes(|f| {
            let (losses, rates) = (f.input("losses"), f.input("rates of then"));
            let none = f.number(NONE).named("None");
            let (mut asked, mut heard, mut answers) = (Vec::new(), Vec::new(), Vec::new());
            for number in 0..=losses.n_entries() {
                let epoch = f.number(number as f64).named("epoch");
                let last_loss = if number == 0 { none.clone() } else { losses.at(number - 1) };
                let last_loss = last_loss.named("last_loss");
                let n_epochs = f.input("n_epochs").real();
                let is_over = epoch.at_least(&n_epochs);
                asked.push(is_over.choose(&(&epoch - &n_epochs), &f.number(0.0)).named("epoch of then"));
                heard.push(is_over.choose(&last_loss, &none).named("loss passed to then"));
                let rising = (&epoch + 1.0) / f.input("n_epochs").real();
                let share = is_over.choose(&f.number(1.0), &rising).named("share");
                answers.push(share * rates.at(asked[number].get() as usize));
            }
            [("epochs of then", f.vector(&asked).whole()), (TOLD, f.vector(&heard)), ("rates", f.vector(&answers))]
        })
        .mistake_if(
            "warm_up_passes_everything_on",
            "During the warm-up the other schedule is called for the current epoch and gets the losses, as if it had \
             already begun. It should wait: call it for its epoch 0, and pass `None`.",
            |c, seen| c.count("n_epochs") > 1 && seen.counts("epochs of then")[1] == 1 && told(seen)[1] != NONE,
        )
        .mistake_if(
            "first_loss_held_back",
            "After the warm-up the other schedule gets no loss for its epoch 0. There is one, that of the last epoch \
             of the warm-up: pass `last_loss` on unchanged.",
            |c, seen| match c.count("n_epochs") {
                0 => false,
                n => told(seen)[n] == NONE && told(seen)[n + 1] != NONE,
            },
        )
}

/// How a plateau is known, and what comes of it.
#[derive(Clone, Copy)]
struct PlateauRule {
    /// Whether a loss is an improvement, given the best one and the one before.
    improves: fn(f64, f64, f64) -> bool,
    /// The best loss becomes lower without an improvement, too.
    best_follows: bool,
    counts_again_after_improvement: bool,
    counts_again_after_reduction: bool,
    /// The best loss is forgotten at a reduction.
    forgets_best: bool,
    only_once: bool,
    /// What stands for a loss where there is none.
    none: Option<f64>,
}

const PLATEAU: PlateauRule = PlateauRule {
    improves: |loss, best, _| loss < best - 1e-4 * best || (best.is_infinite() && loss < best),
    best_follows: false,
    counts_again_after_improvement: true,
    counts_again_after_reduction: true,
    forgets_best: false,
    only_once: false,
    none: None,
};

fn reduced(c: &Record, rule: PlateauRule) -> Array1<f64> {
    let (patience, initial) = (c.count("patience"), c.float("learning_rate"));
    let (mut rate, mut best, mut last, mut n_bad) = (initial, f64::INFINITY, f64::INFINITY, 0);
    let mut rates = Vec::new();
    for loss in [-1.0].into_iter().chain(c.vector("losses (-1 for None)").to_vec()) {
        // A negative loss stands for none.
        let loss = if loss < 0.0 { rule.none } else { Some(loss) };
        if let Some(loss) = loss {
            if (rule.improves)(loss, best, last) {
                best = loss;
                if rule.counts_again_after_improvement {
                    n_bad = 0;
                }
            } else {
                n_bad += 1;
                if rule.best_follows {
                    best = best.min(loss);
                }
            }
            last = loss;
            if n_bad > patience {
                rate = c.float("factor") * if rule.only_once { initial } else { rate };
                if rule.counts_again_after_reduction {
                    n_bad = 0;
                }
                if rule.forgets_best {
                    best = f64::INFINITY;
                }
            }
        }
        rates.push(rate);
    }
    rates.into()
}

/// The same case with other losses.
fn with_losses(c: &Record, loss: fn(f64) -> f64) -> Record {
    let case = Record::new().with("learning_rate", c.float("learning_rate")).with("factor", c.float("factor"));
    case.with("patience", c.count("patience")).with("losses (-1 for None)", c.vector("losses (-1 for None)").mapv(loss))
}

fn plateau() -> [Check; 3] {
    let cases = |draw: &mut probe::Generator, traces: &[(usize, &[f64])]| {
        let case = |&(patience, losses): &(usize, &[f64])| {
            let scale = 2.0 + 0.01 * draw::size(draw, 0, 100) as f64;
            Record::new()
                .with("learning_rate", 0.01 * draw::size(draw, 10, 90) as f64)
                .with("factor", 0.01 * draw::size(draw, 30, 70) as f64)
                .with("patience", patience)
                .with(
                    "losses (-1 for None)",
                    losses.iter().map(|loss| if *loss < 0.0 { *loss } else { scale * loss }).collect::<Array1<_>>(),
                )
        };
        traces.iter().map(case).collect::<Vec<_>>()
    };
    [
        Check::new("plateau", "plateau", "Plateau reduces the rate after more than `patience` bad epochs in a row", 3)
            .about("Plateau::learning_rate")
            .on(move |draw| {
                cases(
                    draw,
                    &[
                        (2, &[1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]),
                        (1, &[1.0, 1.3, 1.2, 1.1, 1.05, 1.04, 1.03]),
                        (1, &[1.0, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7]),
                        (2, &[1.0, 0.999_96, 0.999_92, 0.999_88, 0.999_85, 0.999_82, 0.999_79, 0.999_77]),
                        (2, &[1.0, 1.1, 1.2, 0.8, 0.9, 0.85, 0.7, 0.8, 0.75, 0.6]),
                        (1, &[1.0, 0.5, 0.6, 0.4, 0.4, 0.5, 0.3]),
                        (1, &[1.0, 0.999_99, 0.999_98, 0.999_97, 0.5]),
                        // Steps of more than a ten-thousandth, and of less than a thousandth.
                        (1, &[1.0, 0.999_6, 0.999_2, 0.998_8, 0.998_4]),
                    ],
                )
            })
            .expects(|c| reduced(c, PLATEAU))
            .mistake(
                "counter_not_reset_by_reduction",
                "After the first reduction the rate falls in every bad epoch. Each reduction should set the count of \
                 bad epochs to 0.",
                |c| reduced(c, PlateauRule { counts_again_after_reduction: false, ..PLATEAU }),
            )
            .mistake(
                "counter_not_reset_by_improvement",
                "All bad epochs are counted, and not only those in a row. An improvement should set the count to 0.",
                |c| reduced(c, PlateauRule { counts_again_after_improvement: false, ..PLATEAU }),
            )
            .mistake(
                "compared_with_the_last",
                "A loss is compared with the loss before. It is an improvement only if it is below the *best* loss so \
                 far.",
                |c| {
                    let improves = |loss: f64, _: f64, last: f64| (PLATEAU.improves)(loss, last, last);
                    reduced(c, PlateauRule { improves, ..PLATEAU })
                },
            )
            .mistake(
                "threshold_forgotten",
                "Any lower loss counts as an improvement. It has to be below the best loss by more than a \
                 ten-thousandth of it.",
                |c| reduced(c, PlateauRule { improves: |loss, best, _| loss < best, ..PLATEAU }),
            )
            .mistake(
                "equal_is_an_improvement",
                "An equal loss counts as an improvement, so a plateau is never seen. It has to be lower, by more \
                 than a ten-thousandth.",
                |c| reduced(c, PlateauRule { improves: |loss, best, _| loss <= best, ..PLATEAU }),
            )
            .mistake(
                "threshold_absolute",
                "An improvement by 0.0001 is enough here, whatever the loss is. The threshold is a *fraction* of the \
                 best loss: best · (1 - 0.0001).",
                |c| reduced(c, PlateauRule { improves: |loss, best, _| loss < best - 1e-4, ..PLATEAU }),
            )
            .mistake(
                "best_follows_small_steps",
                "The best loss becomes lower in bad epochs as well, so many small steps never add up to an \
                 improvement. It should change only with an improvement.",
                |c| reduced(c, PlateauRule { best_follows: true, ..PLATEAU }),
            )
            .mistake(
                "best_forgotten",
                "The best loss is forgotten when the rate is reduced, so the next epoch is always an improvement. Only \
                 the count should begin again.",
                |c| reduced(c, PlateauRule { forgets_best: true, ..PLATEAU }),
            )
            .mistake(
                "reduced_only_once",
                "The rate is reduced once and never again: it is always the initial rate times the factor. Multiply \
                 the *current* rate, and keep it in `self`.",
                |c| reduced(c, PlateauRule { only_once: true, ..PLATEAU }),
            )
            .mistake(
                "no_loss_is_the_best",
                "An epoch without a loss is counted as one with the loss 0, which no later loss can improve. If \
                 `last_loss` is `None`, nothing should change.",
                |c| reduced(c, PlateauRule { none: Some(0.0), ..PLATEAU }),
            ),
        Check::new("plateau_without_loss", "plateau", "Plateau changes nothing without a loss", 1)
            .asks("plateau")
            .about("Plateau::learning_rate")
            .after("plateau")
            .on(move |draw| {
                cases(
                    draw,
                    &[
                        (1, &[-1.0, -1.0, -1.0, 1.0, -1.0, -1.0, -1.0, 1.1, -1.0, 1.2, -1.0]),
                        (0, &[1.0, 0.5, -1.0, 0.6, 0.4, 0.4, -1.0, 0.5, 0.3]),
                    ],
                )
            })
            .expects(|c| reduced(c, PLATEAU))
            .mistake_if(
                "no_loss_is_a_bad_epoch",
                "The rate falls in an epoch without a loss, as if that was a bad epoch. If `last_loss` is `None`, \
                 nothing should change.",
                |c, seen| {
                    let (losses, rates) = (c.vector("losses (-1 for None)"), seen.vector("result").to_vec());
                    rates.windows(2).zip(losses).any(|(rates, loss)| *loss < 0.0 && rates[1] < rates[0])
                },
            ),
        Check::new("plateau_nan", "plateau", "Plateau does not count NaN as an improvement", 1)
            .asks("plateau")
            .about("Plateau::learning_rate")
            .after("plateau")
            .on(move |draw| {
                let nan = f64::NAN;
                cases(draw, &[(1, &[nan, nan, nan, 1.0, nan, nan, nan]), (1, &[1.0, nan, 0.8, nan, 0.9, 1.0, 0.7])])
            })
            .expects(|c| reduced(c, PLATEAU))
            .mistake(
                "nan_is_an_improvement",
                "NaN counts as an improvement. Every comparison with NaN is false: test whether a loss *is* an \
                 improvement, not whether it is none.",
                |c| {
                    let improves = |loss: f64, best: f64, last: f64| {
                        loss.is_nan() || best.is_nan() || (PLATEAU.improves)(loss, best, last)
                    };
                    reduced(c, PlateauRule { improves, ..PLATEAU })
                },
            )
            .mistake(
                "nan_is_passed_over",
                "NaN changes nothing here. It is a loss, and no improvement: count it as a bad epoch.",
                |c| reduced(&with_losses(c, |loss| if loss.is_nan() { -1.0 } else { loss }), PLATEAU),
            ),
    ]
}

// Copies of the weights, and the best of them

fn copies() -> [Check; 3] {
    let both =
        |weights: Array2<f64>, biases: Array1<f64>| Record::new().with("array 1", weights).with("array 2", biases);
    let flat = |c: &Record, weights: &str, biases: &str| -> Array1<f64> {
        c.matrix(weights).iter().chain(c.vector(biases)).copied().collect()
    };
    [
        Check::new("weights", "weights", "weights copies every parameter", 1)
            .on(|draw| vec![one_layer(draw, 3, 2), one_layer(draw, 2, 4)])
            .expects(move |c| both(c.matrix("weights").to_owned(), c.vector("biases").to_owned()))
            .mistake(
                "gradients_copied",
                "These are the gradients, or zeros. `parameter.value` holds the numbers that are learned.",
                move |c| both(c.matrix("weights").mapv(|_| 0.0), c.vector("biases").mapv(|_| 0.0)),
            ),
        Check::new("set_weights", "weights", "set_weights puts every number in its place", 1)
            .on(new_weights)
            .expects(move |c| flat(c, "new 1", "new 2"))
            .mistake("weights_not_set", "The network is as it was before.", move |c| flat(c, "weights", "biases"))
            .mistake(
                "weights_added",
                "The new numbers are added to the old ones. They should replace them: `parameter.value.assign(…)`.",
                move |c| flat(c, "weights", "biases") + flat(c, "new 1", "new 2"),
            ),
        Check::new(
            "set_weights_of_another",
            "weights",
            "set_weights panics if the weights belong to another network",
            1,
        )
        .asks("set_weights")
        .after("set_weights")
        .on(|draw| {
            let mut cases = new_weights(draw);
            let net = || Record::new().with("weights", Array2::zeros((2, 3))).with("biases", Array1::zeros(3));
            cases.push(net().with("new 1", draw::matrix(draw, (2, 3), 1.0)));
            let more = net().with("new 1", draw::matrix(draw, (2, 3), 1.0)).with("new 2", draw::vector(draw, 3, 1.0));
            cases.push(more.with("new 3", draw::vector(draw, 3, 1.0)));
            // One row fits into two, if it may be repeated.
            cases.push(net().with("new 1", draw::matrix(draw, (1, 3), 1.0)).with("new 2", draw::vector(draw, 3, 1.0)));
            cases
        })
        .expects(move |c| flat(c, "new 1", "new 2"))
        .panics_where("there are not as many arrays as parameters", |c| {
            c.get("new 2").is_none() || c.get("new 3").is_some()
        })
        .panics_where("an array has another shape than its parameter", |c| {
            c.matrix("new 1").dim() != c.matrix("weights").dim()
        }),
    ]
}

fn new_weights(draw: &mut probe::Generator) -> Vec<Record> {
    let mut case = |n_in, n_out| {
        let net = one_layer(draw, n_in, n_out);
        net.with("new 1", draw::matrix(draw, (n_in, n_out), 2.0)).with("new 2", draw::vector(draw, n_out, 2.0) + 0.5)
    };
    vec![case(3, 2), case(2, 4)]
}

/// What early stopping takes for an improvement, and what it keeps.
#[derive(Clone, Copy)]
struct StoppingRule {
    /// Whether a loss is an improvement, given the best one, the one before and `min_delta`.
    improves: fn(f64, f64, f64, f64) -> bool,
    best_follows: bool,
    counts_again: bool,
    /// Which weights are restored, given the epochs of the first and of the last improvement, and the last epoch.
    restored: fn(usize, usize, usize) -> f64,
    upside_down: bool,
}

const STOPPING: StoppingRule = StoppingRule {
    improves: |loss, best, _, delta| loss < best - delta,
    best_follows: false,
    counts_again: true,
    restored: |_, best, _| best as f64,
    upside_down: false,
};

fn stopped(c: &Record, rule: StoppingRule) -> Record {
    let (patience, delta) = (c.count("patience"), c.float("min_delta"));
    let (mut best, mut last, mut n_bad, mut improvements) = (f64::INFINITY, f64::INFINITY, 0, Vec::new());
    let mut decisions = Vec::new();
    for (epoch, &loss) in c.vector("losses").iter().enumerate() {
        let improves = (rule.improves)(loss, best, last, delta);
        if improves {
            improvements.push(epoch);
            best = loss;
        } else if rule.best_follows {
            best = best.min(loss);
        }
        last = loss;
        n_bad = if improves && rule.counts_again { 0 } else { n_bad + usize::from(!improves) };
        let is_break = !improves && n_bad >= patience;
        decisions.push(f64::from(u8::from(is_break != rule.upside_down)));
        if is_break != rule.upside_down {
            break;
        }
    }
    let restored = match (improvements.first(), improvements.last()) {
        (Some(first), Some(best)) => (rule.restored)(*first, *best, decisions.len() - 1),
        _ => -1.0,
    };
    Record::new()
        .with("break", Array1::from(decisions))
        .with("best_loss", best)
        // 2 · 3 + 3 and 3 · 1 + 1 parameters, all of them the number of their epoch.
        .with("restored", Array1::from_elem(13, restored))
}

fn early_stopping() -> [Check; 2] {
    let cases = |draw: &mut probe::Generator, traces: &[(usize, f64, &[f64])]| {
        // Large losses and small ones, so that a fraction of a loss is more than that of another one, and less.
        let case = |(scale, &(patience, min_delta, losses)): (f64, &(usize, f64, &[f64]))| {
            let scale = scale + 0.001 * draw::size(draw, 0, 200) as f64;
            Record::new()
                .with("patience", patience)
                .with("min_delta", scale * min_delta)
                .with("losses", losses.iter().map(|loss| scale * loss).collect::<Array1<_>>())
        };
        [2.5, 0.3].into_iter().cycle().zip(traces).map(case).collect::<Vec<_>>()
    };
    [
        Check::new("early_stopping", "early_stopping", "EarlyStopping waits, stops and restores the best weights", 5)
            .about("EarlyStopping::update")
            .after("weights")
            .after("set_weights")
            .on(move |draw| {
                cases(
                    draw,
                    &[
                        (3, 0.0, &[1.0, 0.8, 0.8, 0.8, 0.9, 0.7, 0.75, 0.75, 0.75]),
                        (3, 0.0, &[0.9, 0.5, 0.5, 0.5, 0.5, 0.5]),
                        (2, 0.0, &[1.0, 0.9, 0.95, 0.8, 0.85, 0.7, 0.75, 0.65, 0.6]),
                        (2, 0.0, &[1.0, 1.3, 1.2, 1.1, 1.05]),
                        (2, 0.05, &[1.0, 0.97, 0.94, 0.91, 0.88, 0.85, 0.82]),
                        (1, 0.05, &[1.0, 1.02, 0.7, 0.6]),
                        (4, 0.01, &[1.0, 0.6, 0.595, 0.8, 0.7, 0.65, 0.5]),
                    ],
                )
            })
            .expects(|c| stopped(c, STOPPING))
            .mistake(
                "decision_upside_down",
                "It stops when the loss improves and continues when it does not. `Break` means that the training \
                 should end.",
                |c| stopped(c, StoppingRule { upside_down: true, ..STOPPING }),
            )
            .mistake(
                "equal_counts_as_better",
                "A loss that is equal to best - min_delta counts as an improvement, so a constant loss never stops the \
                 training. Compare with `<`.",
                |c| stopped(c, StoppingRule { improves: |loss, best, _, delta| loss <= best - delta, ..STOPPING }),
            )
            .mistake(
                "min_delta_as_a_fraction",
                "`min_delta` is taken as a fraction of the best loss, as in the rule of `Plateau`. Here a loss has to \
                 be below best - min_delta.",
                |c| {
                    stopped(
                        c,
                        StoppingRule { improves: |loss, best, _, delta| loss < best * (1.0 - delta), ..STOPPING },
                    )
                },
            )
            .mistake(
                "stopping_compares_with_the_last",
                "A loss is compared with the loss before. It is an improvement only if it is below the *best* loss so \
                 far.",
                |c| {
                    // What is left as the best loss depends on how the last one is kept.
                    let rule = StoppingRule { improves: |loss, _, last, delta| loss < last - delta, ..STOPPING };
                    let parts = stopped(c, rule);
                    let named = parts.parts().filter(|(name, _)| *name != "best_loss");
                    named.fold(Record::new(), |record, (name, value)| record.with(name, value.clone()))
                },
            )
            .mistake(
                "stopping_counts_all_bad_epochs",
                "All bad epochs are counted, and not only those in a row. An improvement should set the count to 0.",
                |c| stopped(c, StoppingRule { counts_again: false, ..STOPPING }),
            )
            .mistake(
                "stopping_follows_small_steps",
                "The best loss becomes lower in bad epochs as well. Then steps below `min_delta` never add up to an \
                 improvement, and the best loss is not the loss of the weights that are kept. It should change only \
                 with an improvement.",
                |c| stopped(c, StoppingRule { best_follows: true, ..STOPPING }),
            )
            .mistake(
                "last_weights_restored",
                "The weights of the last epoch are restored, because they are copied in every epoch. Copy them only \
                 when the loss improves.",
                |c| stopped(c, StoppingRule { restored: |_, _, last| last as f64, ..STOPPING }),
            )
            .mistake(
                "first_weights_restored",
                "The weights of the first epoch are restored: the copy is not replaced when the loss improves again.",
                |c| stopped(c, StoppingRule { restored: |first, _, _| first as f64, ..STOPPING }),
            )
            .mistake(
                "nothing_restored",
                "`restore` does not change the network. Either `update` keeps no weights, or `restore` does not copy \
                 them back.",
                |c| stopped(c, StoppingRule { restored: |_, _, _| -1.0, ..STOPPING }),
            ),
        Check::new("early_stopping_nan", "early_stopping", "EarlyStopping does not count NaN as an improvement", 1)
            .asks("early_stopping")
            .about("EarlyStopping::update")
            .after("early_stopping")
            .on(move |draw| {
                let nan = f64::NAN;
                cases(
                    draw,
                    &[
                        (3, 0.0, &[nan, nan, nan, nan]),
                        (2, 0.1, &[1.0, nan, 0.8, nan, nan]),
                        (2, 0.0, &[nan, 1.0, 0.9, nan]),
                    ],
                )
            })
            .expects(|c| stopped(c, STOPPING))
            .mistake_if(
                "nan_is_the_best",
                "NaN is the best loss. Every comparison with NaN is false: begin with an infinite best loss, and test \
                 whether a loss *is* an improvement, not whether it is none.",
                |_, seen| seen.float("best_loss").is_nan(),
            ),
    ]
}

// Gradients

fn clipping() -> [Check; 2] {
    let case = |draw: &mut probe::Generator, scale: f64| {
        Record::new()
            .with("first", (draw::matrix(draw, (3, 2), 1.0) + 0.3) * scale)
            .with("second", (draw::vector(draw, 2, 1.0) - 0.4) * scale)
    };
    [
        Check::new("clip", "clip", "clip_global_norm shortens all gradients by the same factor", 3)
            .asks("clip_global_norm")
            .on(move |draw| {
                let by_hand = Record::new().with("first", array![[3.0, 4.0]]).with("second", array![12.0]);
                vec![
                    by_hand.with("max_norm", 2.0),
                    case(draw, 3.0).with("max_norm", 0.7),
                    case(draw, 1.0).with("max_norm", 0.2),
                ]
            })
            .computes(|f| clipped(f, norm_of))
            .mistake(
                "absolute_values_added",
                "The norm is the sum of the absolute values here. It is the root of the sum of the squares.",
                computed(|f| clipped(f, |first, second| first.abs().sum() + second.abs().sum())),
            )
            .mistake(
                "clipped_one_by_one",
                "Each array is clipped by its own norm, so the direction of the step changes. Use one norm, of all \
                 numbers together, and one factor.",
                computed(|f| shortened(f, |array, _, max_norm| array * (max_norm / array.norm()).or_less(&one(array)))),
            )
            .mistake(
                "clipped_number_by_number",
                "Every number is cut to the range from -max_norm to max_norm, so the direction of the step changes. \
                 All numbers are multiplied by max_norm / norm.",
                computed(|f| shortened(f, |array, _, max_norm| array.or_less(max_norm).or_more(&-max_norm))),
            ),
        Check::new("clip_short", "clip", "clip_global_norm does not change gradients that are short enough", 1)
            .asks("clip_global_norm")
            .after("clip")
            .on(move |draw| {
                let exact =
                    Record::new().with("first", array![[3.0, 4.0]]).with("second", array![12.0]).with("max_norm", 13.0);
                let zeros = Record::new().with("first", array![[0.0, 0.0]]).with("second", array![0.0]);
                vec![
                    exact,
                    case(draw, 1.0).with("max_norm", 20.0),
                    case(draw, 0.01).with("max_norm", f64::INFINITY),
                    zeros.with("max_norm", 1.0),
                ]
            })
            .expects(computed(|f| clipped(f, norm_of)))
            .mistake_if(
                "short_gradients_stretched",
                "Gradients that are short enough are stretched to `max_norm`, or become NaN. Use the factor only for \
                 norms above `max_norm`.",
                |c, seen| {
                    let (now, before) = (seen.matrix("first").to_owned(), c.matrix("first"));
                    now.iter().zip(before).any(|(now, before)| now.abs() > before.abs() + 1e-9 || now.is_nan())
                },
            ),
    ]
}

fn norm_of(first: &Num, second: &Num) -> Num {
    (first.square().sum() + second.square().sum()).sqrt()
}

fn clipped(f: &Formula, norm: fn(&Num, &Num) -> Num) -> [(&'static str, Num); 3] {
    let (first, second, max_norm) = (f.input("first"), f.input("second"), f.input("max_norm"));
    let norm = norm(&first, &second).named("norm");
    let factor = norm.above(&max_norm).choose(&(max_norm / &norm), &f.number(1.0)).named("factor");
    [("norm", norm), ("first", first * &factor), ("second", second * factor)]
}

/// What comes of the arrays if `shorten` changes each, given the norm of both and `max_norm`.
fn shortened(f: &Formula, shorten: fn(&Num, &Num, &Num) -> Num) -> [(&'static str, Num); 3] {
    let (first, second, max_norm) = (f.input("first"), f.input("second"), f.input("max_norm"));
    let norm = norm_of(&first, &second);
    let [first, second] = [first, second].map(|array| shorten(&array, &norm, &max_norm));
    [("norm", norm), ("first", first), ("second", second)]
}

fn one(like: &Num) -> Num {
    0.0 * like.sum() + 1.0
}

/// How gradients are added up.
#[derive(Clone, Copy)]
struct Summing {
    /// What a piece is multiplied by, given whether it is the first one.
    weight: fn(bool, &Num) -> Num,
    /// By how much the count grows.
    counted: fn(&Num) -> Num,
    /// What is left of the sum and of the count when the mean has been taken.
    left: fn(&Num) -> Num,
    count_left: fn(&Num) -> Num,
}

const SUMMING: Summing =
    Summing { weight: |_, n| n.clone(), counted: Num::clone, left: |sum| 0.0 * sum, count_left: |count| 0.0 * count };

/// The means of some pieces each.
fn means(f: &Formula, how: Summing) -> Outputs {
    let n_samples = f.input("n_samples").real();
    let (mut sums, mut count) = ([f.number(0.0), f.number(0.0)], f.number(0.0));
    let (mut parts, mut piece) = (Vec::new(), 0);
    for (mean, n_pieces) in (1..).zip(f.case().counts("pieces")) {
        for number in 0..n_pieces {
            let n = n_samples.at(piece).named("n_samples");
            piece += 1;
            let pieces = ["d_weights", "d_biases"].map(|name| f.input(&format!("{name} {piece}")));
            let weight = (how.weight)(number == 0, &n);
            sums = std::array::from_fn(|i| &sums[i] + &weight * &pieces[i]);
            count = &count + (how.counted)(&n);
        }
        count = count.named("n");
        for (sum, name) in sums.iter().zip(["d_weights", "d_biases"]) {
            parts.push((format!("mean {mean} of {name}"), sum / &count));
        }
        (sums, count) = (sums.each_ref().map(how.left), (how.count_left)(&count));
    }
    Outputs(parts)
}

fn sums() -> [Check; 2] {
    /// Pieces that are added, as many as `pieces` says before each mean is taken.
    fn pieces(draw: &mut probe::Generator, pieces: Vec<usize>) -> Record {
        let n_pieces = pieces.iter().sum();
        let case = (1..=n_pieces).fold(Record::new(), |case, piece| {
            case.with(&format!("d_weights {piece}"), draw::matrix(draw, (3, 2), 1.0) + 0.1)
                .with(&format!("d_biases {piece}"), draw::vector(draw, 2, 1.0) + 0.1)
        });
        let n_samples = (0..n_pieces).map(|piece| 2 + (3 * piece) % 5 + draw::size(draw, 0, 1)).collect::<Vec<_>>();
        case.with("n_samples", n_samples).with("pieces", pieces)
    }
    let wrong = |how| computed(move |f| means(f, how));
    let kept = Num::clone;
    let gradient_sum = Check::new(
        "gradient_sum",
        "gradient_sum",
        "GradientSum gives the mean over all samples, and is empty afterwards",
        3,
    )
    .about("GradientSum::take_mean")
    .on(|draw| vec![pieces(draw, vec![3, 2]), pieces(draw, vec![1, 4])])
    .computes(|f| means(f, SUMMING))
    .mistake(
        "divided_by_pieces",
        "The weighted sum is divided by the number of pieces. Divide it by the number of samples.",
        wrong(Summing { counted: one, ..SUMMING }),
    )
    .mistake(
        "first_piece_counts_once",
        "The first piece counts as one sample only: its gradient is added without a factor, and those of the other \
         pieces are multiplied by their numbers of samples. Multiply the first one, too.",
        wrong(Summing { weight: |is_first, n| if is_first { one(n) } else { n.clone() }, ..SUMMING }),
    );
    let not_emptied = [
        Summing { left: kept, count_left: kept, ..SUMMING },
        Summing { count_left: kept, ..SUMMING },
        Summing { left: kept, ..SUMMING },
    ];
    let with_rest = |check: Check, how| {
        check.mistake(
            "not_emptied",
            "The first mean is right, and in the second one something of the first is left: the sum, or the number of \
             samples. `take_mean` has to leave both at 0.",
            wrong(how),
        )
    };
    [
        not_emptied.into_iter().fold(gradient_sum, with_rest),
        Check::new("mean_of_nothing", "gradient_sum", "GradientSum has no mean without samples", 1)
            .asks("gradient_sum")
            .about("GradientSum::take_mean")
            .after("gradient_sum")
            .on(|draw| vec![pieces(draw, vec![2]), pieces(draw, vec![2, 0])])
            .computes(|f| means(f, SUMMING))
            .panics_where("there are no samples since the last mean", |c| c.counts("pieces").last() == Some(&0)),
    ]
}

// Trainings

/// Weights and biases of one layer under softmax, or a gradient in the same form.
type Net = [Num; 2];

fn net_of(f: &Formula) -> Net {
    ["weights", "biases"].map(|name| f.input(name))
}

fn probabilities([weights, biases]: &Net, x: &Num) -> Num {
    let powers = (x.dot(weights) + biases).exp();
    (&powers / powers.aggregate(Aggregate::Sum, Over::Row)).named("p")
}

/// The mean cross-entropy.
fn loss_of(net: &Net, x: &Num, y: &Num) -> Num {
    -(probabilities(net, x).ln() * y).sum() / x.rows()
}

fn gradient_of(net: &Net, x: &Num, y: &Num) -> Net {
    let d_scores = (probabilities(net, x) - y) / x.rows();
    [x.t().dot(&d_scores), d_scores.aggregate(Aggregate::Sum, Over::Samples)]
}

/// Not longer than this.
fn clipped_to(gradient: &Net, max_norm: &Num) -> Net {
    let norm = norm_of(&gradient[0], &gradient[1]).named("norm");
    let factor = norm.above(max_norm).choose(&(max_norm / &norm), &one(&norm)).named("factor");
    gradient.each_ref().map(|gradient| gradient * &factor)
}

fn stepped(net: &Net, gradient: &Net, rate: &Num) -> Net {
    std::array::from_fn(|i| &net[i] - rate * &gradient[i])
}

/// All numbers of a network.
fn flat(f: &Formula, net: &Net) -> Num {
    f.vector(&net.iter().flat_map(|array| (0..array.n_entries()).map(|i| array.at(i))).collect::<Vec<_>>())
}

/// These rows of a matrix.
fn rows(matrix: &Num, range: std::ops::Range<usize>) -> Num {
    matrix.t().columns_in(range).t()
}

fn one_layer(draw: &mut probe::Generator, n_in: usize, n_out: usize) -> Record {
    Record::new()
        .with("weights", draw::matrix(draw, (n_in, n_out), 1.0) + 0.05)
        .with("biases", draw::vector(draw, n_out, 1.0) + 0.05)
}

/// A row for each of these classes.
fn one_hot(labels: &[usize], n_classes: usize) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), n_classes), |(sample, class)| f64::from(u8::from(labels[sample] == class)))
}

/// Settings for one epoch.
fn with_settings(case: Record, batch_size: usize, micro_batch_size: usize, max_norm: f64) -> Record {
    let case = case.with("n_epochs", 1_usize).with("batch_size", batch_size);
    case.with("micro_batch_size", micro_batch_size).with("max_norm", max_norm)
}

fn epochs() -> [Check; 4] {
    /// An epoch over equal samples, in steps of so many samples each; `told` makes the loss of the loss at each of them.
    fn epoch(
        f: &Formula,
        steps: fn(&Record) -> Vec<usize>,
        told: fn(&Record, &[(usize, Num)]) -> Num,
    ) -> [(&'static str, Num); 3] {
        let (mut net, x, y) = (net_of(f), f.input("x"), f.input("y"));
        let (rate, max_norm) = (f.input("learning_rate"), f.input("max_norm"));
        let steps = steps(f.case());
        let mut losses = Vec::new();
        for n_samples in &steps {
            losses.push((*n_samples, loss_of(&net, &x, &y)));
            net = stepped(&net, &clipped_to(&gradient_of(&net, &x, &y), &max_norm), &rate);
        }
        losses.push((0, loss_of(&net, &x, &y)));
        let n_steps = f.number(steps.len() as f64).whole();
        [("loss", told(f.case(), &losses)), ("steps", n_steps), ("parameters", flat(f, &net))]
    }
    /// n in pieces of `size`.
    fn cut(n: usize, size: usize) -> Vec<usize> {
        (0..n).step_by(size).map(|begin| size.min(n - begin)).collect()
    }
    fn batches(c: &Record) -> Vec<usize> {
        cut(c.matrix("x").nrows(), c.count("batch_size"))
    }
    fn sum(losses: &[(usize, Num)]) -> Num {
        let weighted = losses.iter().map(|(n, loss)| *n as f64 * loss);
        weighted.reduce(|sum, loss| sum + loss).expect("there is a loss")
    }
    /// The mean over the samples. The last entry is the loss after the last step, with no samples.
    fn mean(losses: &[(usize, Num)]) -> Num {
        sum(losses) / losses.iter().map(|(n, _)| *n).sum::<usize>() as f64
    }
    /// The losses with numbers of pieces for those of samples.
    fn by_pieces(c: &Record, losses: &[(usize, Num)]) -> Vec<(usize, Num)> {
        losses.iter().map(|(n, loss)| (cut(*n, c.count("micro_batch_size")).len(), loss.clone())).collect()
    }
    let equal = |draw: &mut probe::Generator, n: usize, batch_size: usize, micro_batch_size: usize| {
        let row = draw::vector(draw, 2, 1.0) + 0.03;
        let x = Array2::from_shape_fn((n, 2), |(_, feature)| row[feature]);
        let case = one_layer(draw, 2, 3).with("x", x).with("y", one_hot(&vec![draw::size(draw, 0, 2); n], 3));
        let case = case.with("learning_rate", 0.7).with("seed", draw::size(draw, 1, 1000));
        with_settings(case, batch_size, micro_batch_size, f64::INFINITY)
    };
    // Two samples, which go through the network one by one, for one step.
    let two = |draw: &mut probe::Generator, max_norm: f64| {
        let x = array![[2.0, 1.0], [1.0, -3.0]] + draw::matrix(draw, (2, 2), 0.5);
        let case = one_layer(draw, 2, 3).with("x", x).with("y", one_hot(&[0, 2], 3));
        let case = case.with("learning_rate", 0.5).with("seed", draw::size(draw, 1, 1000));
        with_settings(case, 2, 1, max_norm)
    };
    let one_by_one = |f: &Formula| {
        let (net, x, y) = (net_of(f), f.input("x"), f.input("y"));
        [0, 1].map(|sample| gradient_of(&net, &rows(&x, sample..sample + 1), &rows(&y, sample..sample + 1)))
    };
    let whole = |f: &Formula| gradient_of(&net_of(f), &f.input("x"), &f.input("y"));
    /// What a step with this gradient comes to.
    fn after(f: &Formula, gradient: &Net) -> [(&'static str, Num); 3] {
        let net = net_of(f);
        let loss = loss_of(&net, &f.input("x"), &f.input("y"));
        let net = stepped(&net, gradient, &f.input("learning_rate"));
        [("loss", loss), ("steps", f.number(1.0).whole()), ("parameters", flat(f, &net))]
    }
    [
        Check::new("train_epoch", "train_epoch", "train_epoch takes one step for each batch", 2)
            .after("gradient_sum")
            .after("clip_short")
            .on(move |draw| {
                vec![equal(draw, 7, 4, 3), equal(draw, 5, 2, 1), equal(draw, 6, 10, 4), equal(draw, 5, 3, 8)]
            })
            .computes(|f| epoch(f, batches, |_, losses| mean(losses)))
            .mistake(
                "step_for_every_piece",
                "There is a step for every piece of a batch. Add up the gradients of its pieces, and then take one \
                 step for the whole batch.",
                computed(|f| {
                    let pieces =
                        |c: &Record| batches(c).into_iter().flat_map(|n| cut(n, c.count("micro_batch_size"))).collect();
                    epoch(f, pieces, |_, losses| mean(losses))
                }),
            )
            .mistake(
                "pieces_for_batches",
                "There is a step for every `micro_batch_size` samples: the two sizes are swapped, or `batch_size` is \
                 not used. There should be one step for each whole batch.",
                computed(|f| {
                    let pieces = |c: &Record| cut(c.matrix("x").nrows(), c.count("micro_batch_size"));
                    epoch(f, pieces, |_, losses| mean(losses))
                }),
            )
            .mistake(
                "one_step_an_epoch",
                "There is one step for all samples together. There should be one step for \
                 every `batch_size` samples.",
                computed(|f| epoch(f, |c| vec![c.matrix("x").nrows()], |_, losses| mean(losses))),
            )
            .mistake(
                "short_batch_left_out",
                "The samples that remain at the end are not learned from. They are a batch as well, with fewer \
                 samples.",
                computed(|f| {
                    let whole = |c: &Record| batches(c).into_iter().filter(|n| *n == c.count("batch_size")).collect();
                    // The loss depends on which number it is divided by.
                    let [_, steps, parameters] = epoch(f, whole, |_, losses| mean(losses));
                    [steps, parameters]
                }),
            )
            .mistake(
                "loss_after_the_step",
                "Each loss is the one after the step on its batch. It should be the loss before the step, computed \
                 from the same scores as the gradient.",
                computed(|f| {
                    epoch(f, batches, |_, losses| {
                        let shifted: Vec<_> = losses.windows(2).map(|pair| (pair[0].0, pair[1].1.clone())).collect();
                        mean(&shifted)
                    })
                }),
            )
            .mistake(
                "loss_is_a_mean_of_means",
                "The loss is the mean of the means of the batches, so a short batch has too much weight. Weight each \
                 batch with its number of samples.",
                computed(|f| {
                    epoch(f, batches, |_, losses| {
                        let means: Vec<_> =
                            losses.iter().map(|(n, loss)| (n.min(&1).to_owned(), loss.clone())).collect();
                        mean(&means)
                    })
                }),
            )
            .mistake(
                "loss_is_a_mean_of_pieces",
                "The loss is the mean of the means of the pieces, so a short piece has too much weight. Weight each \
                 piece with its number of samples.",
                computed(|f| epoch(f, batches, |c, losses| mean(&by_pieces(c, losses)))),
            )
            .mistake(
                "loss_of_a_piece_not_weighted",
                "The losses of the pieces are added up as they are, and divided by the number of samples. Each is a \
                 mean: multiply it by the number of samples of its piece first.",
                computed(|f| epoch(f, batches, |c, losses| sum(&by_pieces(c, losses)) / c.matrix("x").nrows() as f64)),
            ),
        Check::new("train_epoch_clips", "train_epoch", "train_epoch clips the mean of all gradients of a step", 2)
            .asks("train_epoch")
            .after("train_epoch")
            .on(move |draw| vec![two(draw, 0.1), two(draw, 0.2), two(draw, f64::INFINITY)])
            .computes(move |f| after(f, &clipped_to(&whole(f), &f.input("max_norm"))))
            .mistake(
                "never_clipped",
                "The step is taken with the whole gradient, however long it is: `clip_global_norm` is not called, or \
                 its result is not used.",
                computed(move |f| after(f, &whole(f))),
            )
            .mistake(
                "pieces_clipped",
                "Every piece is clipped on its own, so long gradients that would cancel no longer do. Clip the mean \
                 that the step is taken with.",
                computed(move |f| {
                    let [one, other] = one_by_one(f).map(|gradient| clipped_to(&gradient, &f.input("max_norm")));
                    after(f, &std::array::from_fn(|i| (&one[i] + &other[i]) / 2.0))
                }),
            )
            .mistake_if("pairs_torn_apart", PAIRS_TORN_APART, |c, seen| {
                let swapped = computed(|f| {
                    let (x, y) = (f.input("x"), f.input("y"));
                    let swapped = f.matrix(&[y.row(1), y.row(0)], &y.row(0));
                    after(f, &clipped_to(&gradient_of(&net_of(f), &x, &swapped), &f.input("max_norm")))
                });
                close(&swapped(c).vector("parameters"), &seen.vector("parameters"))
            })
            .mistake_if(
                "own_gradients_of_the_network",
                "The step is taken with the gradients in the network, which are those of the last piece. `take_mean` \
                 gives the mean of all pieces, and `step_with` takes a step with it.",
                move |c, seen| {
                    [0, 1].into_iter().any(|piece| {
                        let own = computed(|f| after(f, &one_by_one(f)[piece]))(c);
                        let clipped =
                            computed(|f| after(f, &clipped_to(&one_by_one(f)[piece], &f.input("max_norm"))))(c);
                        [own, clipped]
                            .iter()
                            .any(|after| close(&after.vector("parameters"), &seen.vector("parameters")))
                    })
                },
            ),
        Check::new("train_epoch_order", "train_epoch", "train_epoch learns from every sample once, in a new order", 1)
            .asks("epochs_from_the_start")
            .about("train_epoch")
            .after("train_epoch")
            .after("train_epoch_clips")
            .on(|draw| {
                let x = array![[2.0, 1.0], [1.0, -3.0], [-2.0, 0.5], [0.5, 2.5]] + draw::matrix(draw, (4, 2), 0.4);
                let case = one_layer(draw, 2, 3).with("x", x).with("y", one_hot(&[0, 2, 1, 1], 3));
                let case =
                    case.with("learning_rate", 0.9).with("seed", draw::size(draw, 1, 1000)).with("epochs", 6_usize);
                vec![with_settings(case, 1, 1, f64::INFINITY)]
            })
            .has_none_of(&ORDER_FAULTS, misordered),
        Check::new("train_epoch_of_0", "train_epoch", "train_epoch panics if a batch or a piece has no samples", 1)
            .asks("train_epoch")
            .after("train_epoch")
            .on(move |draw| vec![equal(draw, 5, 2, 1), equal(draw, 5, 0, 1), equal(draw, 5, 2, 0)])
            .computes(|f| match has_empty_batches(f.case()) {
                true => epoch(f, |_| Vec::new(), |_, losses| losses[0].1.clone()),
                false => epoch(f, batches, |_, losses| mean(losses)),
            })
            .panics_where("batches or pieces have no samples", has_empty_batches),
    ]
}

fn has_empty_batches(c: &Record) -> bool {
    c.count("batch_size").min(c.count("micro_batch_size")) == 0
}

const PAIRS_TORN_APART: &str = "\
    Samples get the classes of other samples: `x` and `y` are shuffled separately. Shuffle the numbers of the samples, \
    and select the rows of both by them.";

const ORDER_FAULTS: [(&str, &str); 2] = [
    ("pairs_torn_apart", PAIRS_TORN_APART),
    (
        "same_order_every_epoch",
        "Every epoch has the same order: either the samples are not shuffled, or they are shuffled with a new generator \
         of the same seed each time. Use `rng`.",
    ),
];

/// All orders of four samples.
fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for number in 0..256_usize {
        let order = [number / 64, number / 16 % 4, number / 4 % 4, number % 4];
        if (0..4).all(|sample| order.contains(&sample)) {
            orders.push(order);
        }
    }
    orders
}

/// What is learned from these samples with the classes of those, one after the other.
fn in_order(c: &Record, samples: &[usize; 4], classes: &[usize; 4]) -> Array1<f64> {
    let after = computed(|f| {
        let (x, y, rate) = (f.input("x"), f.input("y"), f.input("learning_rate"));
        let net = samples.iter().zip(classes).fold(net_of(f), |net, (&sample, &class)| {
            let (x, y) = (rows(&x, sample..sample + 1), rows(&y, class..class + 1));
            stepped(&net, &gradient_of(&net, &x, &y), &rate)
        });
        flat(f, &net)
    });
    after(c).vector("result").to_owned()
}

fn close(one: &ArrayRef1<f64>, other: &ArrayRef1<f64>) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| (one - other).abs() < 1e-9)
}

/// Six epochs from the same beginning: each in one of 24 orders, and not all in the same one. A right solution has the
/// same order six times with a probability of 24^-5, once in eight million.
fn misordered(c: &Record, seen: &Record) -> Result<(), String> {
    let orders = orders();
    let possible: Vec<Array1<f64>> = orders.iter().map(|order| in_order(c, order, order)).collect();
    let after = |number: usize| seen.vector(&format!("parameters after epoch {number}"));
    let mut epochs = 1..=c.count("epochs");
    let is_possible = |number: usize| possible.iter().any(|parameters| close(parameters, &after(number)));
    if let Some(number) = epochs.clone().find(|&number| !is_possible(number)) {
        let is_torn = |x: &[usize; 4]| orders.iter().any(|y| close(&in_order(c, x, y), &after(number)));
        return Err(match orders.iter().any(is_torn) {
            true => "pairs_torn_apart".to_owned(),
            false => format!(
                "No order of the four samples, each of them used once, leads to the parameters after epoch {number}."
            ),
        });
    }
    if epochs.all(|number| after(number) == after(1)) { Err("same_order_every_epoch".to_owned()) } else { Ok(()) }
}

/// How a training goes wrong.
#[derive(Clone, Copy)]
struct TrainingRule {
    first_epoch: usize,
    /// What the schedule hears: of the losses in training, and of those in validation.
    hears: fn(&[Num], &[Num]) -> Option<Num>,
    /// The learning rate of the steps, given the one of this epoch and the one before.
    rate: fn([Num; 2]) -> Num,
    /// The validation loss of an epoch, given those before and after it.
    validation: fn([Num; 2]) -> Num,
    stops: bool,
    /// Whether the callback is called.
    calls: bool,
    /// Whether the last epoch is in the history where the callback ends the training.
    keeps_last: bool,
}

const TRAINING: TrainingRule = TrainingRule {
    first_epoch: 0,
    hears: |_, validation| validation.last().cloned(),
    rate: |[rate, ..]| rate,
    validation: |[_, after]| after,
    stops: true,
    calls: true,
    keeps_last: true,
};

/// What a training comes to.
struct Trained {
    parts: Vec<(&'static str, Num)>,
    /// The network after each epoch.
    nets: Vec<Net>,
    train: Vec<Num>,
    validation: Vec<Num>,
}

/// A training in which every epoch is one step on all samples.
fn trained(f: &Formula, rule: TrainingRule) -> Trained {
    let (mut net, c, began_with) = (net_of(f), f.case(), f.number(0.125));
    let [x, y, x_validation, y_validation] =
        ["x_train", "y_train", "x_validation", "y_validation"].map(|name| f.input(name));
    let given = f.input("rates");
    let (mut rates, mut train, mut validation) = (Vec::new(), Vec::new(), Vec::new());
    let (mut epochs, mut heard, mut of_steps, mut lengths, mut nets) = (vec![], vec![], vec![], vec![], vec![]);
    for number in 0..c.count("n_epochs") {
        let epoch = number + rule.first_epoch;
        epochs.push(f.number(epoch as f64));
        heard.push((rule.hears)(&train, &validation).unwrap_or_else(|| f.number(-1.0)));
        let rate = if epoch < given.n_entries() { given.at(epoch) } else { f.number(0.0) };
        let rate_before = rates.last().unwrap_or(&began_with).clone();
        let of_step = (rule.rate)([rate.clone(), rate_before]);
        rates.push(rate);
        let (loss, before) = (loss_of(&net, &x, &y), loss_of(&net, &x_validation, &y_validation));
        net = stepped(&net, &gradient_of(&net, &x, &y), &of_step);
        of_steps.push(of_step);
        nets.push(net.clone());
        validation.push((rule.validation)([before, loss_of(&net, &x_validation, &y_validation)]));
        train.push(loss);
        if rule.calls {
            lengths.push(f.number((number + 1) as f64));
            if rule.stops && c.get("stop_after").is_some() && c.count("stop_after") == number + 1 {
                break;
            }
        }
    }
    let is_stopped = train.len() < c.count("n_epochs");
    let kept = if is_stopped && !rule.keeps_last { train.len() - 1 } else { train.len() };
    let parts = vec![
        ("epochs of schedule", f.vector(&epochs).whole()),
        ("losses passed to schedule (-1 for None)", f.vector(&heard)),
        ("learning_rate", f.vector(&rates[..kept])),
        ("train_loss", f.vector(&train[..kept])),
        ("validation_loss", f.vector(&validation[..kept])),
        ("lengths", f.vector(&[(); 3].map(|()| f.number(kept as f64))).whole()),
        ("rates of the steps", f.vector(&of_steps)),
        ("history lengths in after_epoch", f.vector(&lengths).whole()),
        ("parameters", flat(f, &net)),
    ];
    Trained { parts, nets, train, validation }
}

/// A few samples to learn from, others to look at, and one batch for all.
fn small_data(draw: &mut probe::Generator, rates: &[f64]) -> Record {
    let inputs = |draw: &mut probe::Generator, n| draw::matrix(draw, (n, 2), 1.0) + 0.03;
    let case = one_layer(draw, 2, 3)
        .with("x_train", inputs(draw, 4))
        .with("y_train", one_hot(&[0, 2, 1, 2], 3))
        .with("x_validation", inputs(draw, 3))
        .with("y_validation", one_hot(&[1, 0, 2], 3))
        .with("rates", Array1::from(rates.to_vec()))
        .with("batch_size", 9_usize)
        .with("micro_batch_size", 3_usize)
        .with("max_norm", f64::INFINITY);
    case.with("seed", draw::size(draw, 1, 1000))
}

fn training() -> Check {
    let parts = |f: &Formula, rule| {
        Outputs(trained(f, rule).parts.into_iter().map(|(name, part)| (name.to_owned(), part)).collect())
    };
    let run = |rule| computed(move |f| parts(f, rule));
    Check::new("train", "train", "train calls the schedule, learns, validates, and calls the callback", 5)
        .after("train_epoch")
        .after("train_epoch_clips")
        .on(|draw| {
            let rates = [0.5, 0.8, 0.3, 0.9, 0.6, 0.4];
            let whole = small_data(draw, &rates).with("n_epochs", 4_usize).with("stop_after", 99_usize);
            let stopped = small_data(draw, &rates).with("n_epochs", 5_usize).with("stop_after", 3_usize);
            vec![whole, stopped]
        })
        .computes(move |f| parts(f, TRAINING))
        .mistake(
            "epochs_from_1",
            "The schedule is called for epoch 1 first. Epochs are counted from 0.",
            run(TrainingRule { first_epoch: 1, ..TRAINING }),
        )
        .mistake(
            "schedule_hears_the_training_loss",
            "The schedule gets the training loss. It should get the *validation* loss after the previous epoch.",
            run(TrainingRule { hears: |train, _| train.last().cloned(), ..TRAINING }),
        )
        .mistake(
            "schedule_hears_nothing",
            "The schedule gets `None` in every epoch. Before every epoch but the first there is a validation loss, \
             that of the previous epoch.",
            run(TrainingRule { hears: |_, _| None, ..TRAINING }),
        )
        .mistake(
            "rate_one_epoch_late",
            "Every epoch is trained with the learning rate of the previous one, because the new rate is set after the \
             epoch. Set it before the epoch.",
            run(TrainingRule { rate: |[_, before]| before, ..TRAINING }),
        )
        .mistake(
            "looked_before_the_epoch",
            "The validation loss is the one before the epoch. Compute it after the epoch.",
            run(TrainingRule { validation: |[before, _]| before, ..TRAINING }),
        )
        .mistake(
            "callback_cannot_stop",
            "The training goes on although `after_epoch` returned `Break`.",
            run(TrainingRule { stops: false, ..TRAINING }),
        )
        .mistake(
            "callback_never_called",
            "`after_epoch` is never called.",
            run(TrainingRule { calls: false, ..TRAINING }),
        )
        .mistake(
            "last_epoch_not_in_the_history",
            "If `after_epoch` ends the training, the last epoch is missing in the history that is returned.",
            run(TrainingRule { keeps_last: false, ..TRAINING }),
        )
        .mistake_if(
            "called_before_the_epoch_is_noted",
            "`after_epoch` gets a history without the epoch that has just ended. Add the epoch to the history first, \
             and then call it.",
            |_, seen| seen.counts("history lengths in after_epoch").first() == Some(&0),
        )
}

fn restoring() -> Check {
    /// The training ends by `stopping`, which hears what `hears` chooses of both losses; `kept` chooses the weights,
    /// given the best epoch, the last, and whether the training was stopped.
    fn run(
        f: &Formula,
        stops: bool,
        hears: fn(&Trained) -> &[Num],
        kept: fn(usize, usize, bool) -> usize,
    ) -> [(&'static str, Num); 4] {
        let (c, all) = (f.case(), trained(f, TRAINING));
        let n_epochs = all.train.len();
        let (mut best, mut best_loss, mut n_bad, mut length) = (0, f64::INFINITY, 0, n_epochs);
        for (epoch, loss) in hears(&all).iter().map(Num::get).enumerate() {
            n_bad += 1;
            if loss < best_loss - c.float("min_delta") {
                (best, best_loss, n_bad) = (epoch, loss, 0);
            }
            if stops && n_bad >= c.count("patience") {
                length = epoch + 1;
                break;
            }
        }
        let rates: Vec<Num> = (0..length).map(|epoch| f.input("rates").at(epoch)).collect();
        [
            ("learning_rate", f.vector(&rates)),
            ("train_loss", f.vector(&all.train[..length])),
            ("validation_loss", f.vector(&all.validation[..length])),
            ("parameters", flat(f, &all.nets[kept(best, length - 1, length < n_epochs)])),
        ]
    }
    Check::new(
        "train_and_restore",
        "train_and_restore",
        "train_and_restore stops in time and keeps the best weights",
        2,
    )
    .after("train")
    .after("early_stopping")
    .after("set_weights")
    .on(|draw| {
        // Where the rate is negative, the loss rises. Looked at are the samples that are learned from.
        let mut case = |rates: &[f64], patience: usize| {
            let data = small_data(draw, rates);
            let mut case = Record::new();
            for (name, value) in data.parts() {
                let same = name.replace("validation", "train");
                case = case.with(name, data.get(&same).unwrap_or(value).clone());
            }
            case.with("n_epochs", rates.len()).with("patience", patience).with("min_delta", 0.0)
        };
        vec![
            case(&[0.5, 0.4, -0.6, -0.5, -0.4, -0.3, -0.2], 2),
            case(&[0.5, 0.4, 0.5, -0.6, -0.5], 4),
            case(&[0.5, -0.4, 0.6, 0.6, -0.5, -0.4, -0.3, -0.3], 3),
        ]
    })
    .computes(|f| run(f, true, |all| &all.validation, |best, _, _| best))
    .mistake(
        "best_weights_not_restored",
        "The network has the weights of the last epoch afterwards. `stopping` has kept the best ones: call `restore`.",
        computed(|f| run(f, true, |all| &all.validation, |_, last, _| last)),
    )
    .mistake(
        "restored_only_if_stopped",
        "If all epochs are trained, the network has the weights of the last epoch. The best ones should be restored in \
         any case.",
        computed(|f| run(f, true, |all| &all.validation, |best, last, stopped| if stopped { best } else { last })),
    )
    .mistake(
        "stopping_cannot_stop",
        "The training runs for all epochs, although `stopping` returns `Break`. Return its result from the callback.",
        computed(|f| run(f, false, |all| &all.validation, |best, _, _| best)),
    )
    .mistake(
        "stopping_hears_the_training_loss",
        "`stopping` gets the training loss. It should get the *validation* loss.",
        computed(|f| run(f, true, |all| &all.train, |best, _, _| best)),
    )
}
