//! What is right in exercise 19, and what is commonly got wrong.
//!
//! Nothing here is left to chance: networks get the parameters of the case, so that every number they come to can be
//! computed. The constants are never the usual ones (an eps of 0.2, a momentum of 0.3), or code that ignores them would
//! pass.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = statistics();
    checks.push(normalising());
    checks.push(going_back());
    checks.extend(running());
    checks.extend(forwards());
    checks.extend(backwards());
    checks.extend(networks());
    checks.push(evaluating());
    checks.extend(layer_norm());
    checks
}

fn statistics() -> Vec<Check> {
    vec![
        Check::new(
            "batch_statistics",
            "batch_statistics",
            "batch_statistics has the mean and the variance of each column",
            2,
        )
        .on(|draw| {
            let n = draw::size(draw, 4, 6);
            vec![
                Record::new().with("x", array![[1.0], [2.0], [6.0]]),
                Record::new().with("x", draw::matrix(draw, (n, 3), 3.0) + 1.5),
                Record::new().with("x", draw::matrix(draw, (1, 3), 3.0)),
            ]
        })
        .computes(|f| as_told(statistics_of(&f.input("x"))))
        .mistake(
            "deviation_for_variance",
            "This is the standard deviation. The variance is its square: `normalise` takes the root later.",
            computed(|f| {
                let [mean, var] = statistics_of(&f.input("x"));
                as_told([mean, var.sqrt()])
            }),
        )
        .mistake(
            "one_number_for_all",
            "All columns have the same mean and variance: those of all entries of the matrix. Every column should \
             have its own.",
            computed(|f| {
                let x = f.input("x");
                let for_each_column = |number: Num| number + 0.0 * x.aggregate(Aggregate::Sum, Over::Samples);
                let (mean, var) = (x.mean(), (&x - x.mean()).square().mean());
                as_told([mean, var].map(for_each_column))
            }),
        ),
        Check::new("large_mean", "batch_statistics", "the variance is exact even if the mean is ten million", 1)
            .asks("batch_statistics")
            .after("batch_statistics")
            .on(|draw| {
                let mean = 1e7 + draw::number(draw, 1000.0);
                vec![Record::new().with("x", draw::matrix(draw, (5, 4), 2.0) + mean)]
            })
            .computes(|f| as_told(statistics_of(&f.input("x"))))
            // Sums that go on from sample to sample keep eight digits here, the difference of squares none.
            .within(Tolerance::relative(1e-6))
            .mistake_if(
                "difference_of_squares",
                "The means are right, but the variance is far off, although it was right for small numbers. It looks \
                 like the mean of x² minus the square of the mean: if the mean is large, these are two large numbers \
                 that agree in almost all digits. Subtract the mean first, and then square. (The entries of x do \
                 differ: only their first digits are shown.)",
                |c, seen| {
                    let right = computed(|f| as_told(statistics_of(&f.input("x"))))(c);
                    let (mean, var) = (right.vector("mean"), right.vector("var"));
                    let (seen_mean, seen_var) = (seen.vector("mean"), seen.vector("var"));
                    let close = |a: &ArrayRef1<f64>, b: &ArrayRef1<f64>, share: f64| {
                        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| (a - b).abs() <= share * b.abs())
                    };
                    seen_var.len() == var.len() && close(&seen_mean, &mean, 1e-9) && !close(&seen_var, &var, 1e-5)
                },
            ),
    ]
}

fn as_told([mean, var]: [Num; 2]) -> [(&'static str, Num); 2] {
    [("mean", mean), ("var", var)]
}

/// Mean and variance of each column.
fn statistics_of(x: &Num) -> [Num; 2] {
    statistics_over(x, Over::Samples)
}

/// Mean and variance of each column, or of each row.
fn statistics_over(x: &Num, over: Over) -> [Num; 2] {
    let mean = x.aggregate(Aggregate::Mean, over).named("mean");
    let var = (x - &mean).square().aggregate(Aggregate::Mean, over).named("var");
    [mean, var]
}

fn normalised_by(x: &Num, mean: &Num, var: &Num, eps: &Num) -> Num {
    (x - mean) / (var + eps).sqrt()
}

/// The gradient on its way back through mean and variance.
fn back_by(x_hat: &Num, var: &Num, eps: &Num, d_x_hat: &Num, over: Over) -> Num {
    let shift = d_x_hat.aggregate(Aggregate::Mean, over).named("mean(dX̂)");
    let stretch = (d_x_hat * x_hat).aggregate(Aggregate::Mean, over).named("mean(dX̂ ⊙ X̂)");
    (d_x_hat - (shift + x_hat * stretch)) / (var + eps).sqrt()
}

/// The same if mean and variance are constants.
fn back_by_constants(_: &Num, var: &Num, eps: &Num, d_x_hat: &Num, _: Over) -> Num {
    d_x_hat / (var + eps).sqrt()
}

type Back = fn(&Num, &Num, &Num, &Num, Over) -> Num;

/// The gradients of a layer that was given `x` and normalised it by `mean` and `var`; `back` is the way back through the
/// normalisation.
fn gradients(f: &Formula, x: &Num, [mean, var]: &[Num; 2], back: Back) -> [(&'static str, Num); 3] {
    let (eps, d_out) = (f.input("eps"), f.input("d_out"));
    let x_hat = normalised_by(x, mean, var, &eps).named("X̂");
    let d_x_hat = (&d_out * f.input("gamma")).named("dX̂");
    [
        ("d_x", back(&x_hat, var, &eps, &d_x_hat, Over::Samples)),
        ("d_gamma", (&d_out * &x_hat).aggregate(Aggregate::Sum, Over::Samples)),
        ("d_beta", d_out.aggregate(Aggregate::Sum, Over::Samples)),
    ]
}

fn gradients_in_training(f: &Formula) -> [(&'static str, Num); 3] {
    gradients(f, &f.input("x"), &statistics_of(&f.input("x")), back_by)
}

fn gradients_in_evaluation(f: &Formula, back: Back) -> [(&'static str, Num); 3] {
    gradients(f, &f.input("x"), &running_of(f), back)
}

fn running_of(f: &Formula) -> [Num; 2] {
    ["running_mean", "running_var"].map(|name| f.input(name))
}

fn normalising() -> Check {
    Check::new("normalise", "normalise", "normalise is (X - mean) / √(var + eps), column by column", 3)
        .on(|draw| {
            let n = draw::size(draw, 3, 5);
            let var = draw::vector(draw, 3, 2.0).mapv(f64::abs) + 0.05;
            vec![
                columns(array![[1.0], [2.0], [6.0]], array![3.0], array![14.0 / 3.0], 1e-5),
                columns(array![[4.0, 1.0], [4.0, 3.0]], array![4.0, 2.0], array![0.0, 1.0], 1e-5),
                columns(draw::matrix(draw, (n, 3), 3.0), draw::vector(draw, 3, 2.0), var, eps(draw)),
            ]
        })
        .computes(|f| normalised_by(&f.input("x"), &f.input("mean"), &f.input("var"), &f.input("eps")))
        .mistake(
            "own_statistics",
            "X is normalised by its own mean and variance, and the arguments are not used. In evaluation other \
             statistics are needed: use `mean` and `var`.",
            computed(normalised_columns),
        )
}

fn columns(x: Array2<f64>, mean: Array1<f64>, var: Array1<f64>, eps: f64) -> Record {
    Record::new().with("x", x).with("mean", mean).with("var", var).with("eps", eps)
}

fn going_back() -> Check {
    Check::new(
        "normalise_backward",
        "normalise_backward",
        "normalise_backward goes back through mean and variance, too",
        4,
    )
    .on(|draw| {
        let n = draw::size(draw, 4, 6);
        let case = |x: Array2<f64>, d_x_hat: Array2<f64>, eps: f64| {
            let case = Record::new().with("x", x).with("eps", eps);
            let normalised = computed(|f| {
                let [mean, var] = statistics_of(&f.input("x"));
                let (x, eps) = (f.input("x"), f.input("eps"));
                [("x_hat", normalised_by(&x, &mean, &var, &eps)), ("var", var), ("eps", eps)]
            });
            normalised(&case).with("d_x_hat", d_x_hat)
        };
        let constant = array![[1.0, 2.0], [4.0, 2.0], [2.5, 2.0]];
        vec![
            case(array![[1.0], [2.0], [6.0]], array![[2.0], [0.0], [-2.0]], 1e-5),
            case(draw::matrix(draw, (n, 3), 2.0), draw::matrix(draw, (n, 3), 2.0) + 0.5, eps(draw)),
            case(constant, draw::matrix(draw, (3, 2), 2.0) + 0.3, 0.25),
        ]
    })
    .computes(|f| back_by(&f.input("x_hat"), &f.input("var"), &f.input("eps"), &f.input("d_x_hat"), Over::Samples))
    .mistake(
        "statistics_as_constants",
        "This is dX̂ / √(var + eps), as if mean and variance were constants. In training they are computed from X: an \
         entry of X moves both, and through them every X̂ of its column.",
        computed(|f| f.input("d_x_hat") / (f.input("var") + f.input("eps")).sqrt()),
    )
    .mistake(
        "variance_as_constant",
        "This is the gradient without the term X̂ ⊙ mean(dX̂ ⊙ X̂). An entry of X moves the variance of its column, and \
         with it every X̂ there.",
        computed(|f| {
            let d = f.input("d_x_hat");
            (&d - d.aggregate(Aggregate::Mean, Over::Samples)) / (f.input("var") + f.input("eps")).sqrt()
        }),
    )
    .mistake(
        "eps_of_its_own",
        "The result uses 1e-5, whatever eps is. Use the argument `eps`.",
        computed(|f| {
            let eps = f.number(1e-5);
            back_by(&f.input("x_hat"), &f.input("var"), &eps, &f.input("d_x_hat"), Over::Samples)
        }),
    )
}

fn running() -> Vec<Check> {
    vec![
        Check::new(
            "update_running",
            "update_running",
            "update_running combines old and new statistics by the momentum",
            2,
        )
        .about("BatchNorm::update_running")
        .on(|draw| {
            let mut cases = Vec::new();
            for (n, momentum) in [(3, 0.1), (draw::size(draw, 2, 9), 0.05 * draw::size(draw, 4, 8) as f64)] {
                let case = fields(draw, 2);
                let (mean, var) = (draw::vector(draw, 2, 5.0) + 6.0, draw::vector(draw, 2, 2.0).mapv(f64::abs) + 3.5);
                cases.push(case.with("momentum", momentum).with("mean", mean).with("var", var).with("n", n));
            }
            cases
        })
        .computes(|f| moved(f, mixed, corrected))
        .mistake(
            "momentum_inverted",
            "Old and new are swapped: `momentum` is the weight of the *new* statistics, and 1 - momentum that of \
             the old ones. (Some libraries define it the other way round.)",
            computed(|f| moved(f, |old, new, momentum| mixed(old, new, &(1.0 - momentum)), corrected)),
        )
        .mistake(
            "running_variance_too_small",
            "The running variance uses the variance of the batch as it is. The variance of a few samples is too \
             small on average: the new value is var · n / (n - 1).",
            computed(|f| moved(f, mixed, |var, _| var.clone())),
        )
        .mistake(
            "correction_upside_down",
            "The variance is multiplied by (n - 1) / n, which makes it even smaller. The factor is n / (n - 1).",
            computed(|f| moved(f, mixed, |var, n| var * (n - 1.0) / n)),
        )
        .mistake(
            "last_batch_only",
            "The running statistics are those of this batch, and the old ones are lost. The new statistics should \
             only have the weight `momentum`.",
            computed(|f| moved(f, |_, new, _| new.clone(), corrected)),
        )
        .mistake(
            "nothing_fades",
            "The old statistics keep the weight 1, so they grow from batch to batch. The two weights are momentum \
             and 1 - momentum.",
            computed(|f| moved(f, |old, new, momentum| old + new * momentum, corrected)),
        )
        .mistake(
            "mean_corrected_as_well",
            "The mean is multiplied by n / (n - 1), too. Only the variance needs this factor.",
            computed(|f| {
                let mean = mixed(
                    &f.input("running_mean"),
                    &corrected(&f.input("mean"), &f.input("n").real()),
                    &f.input("momentum"),
                );
                [("running_mean", mean), ("running_var", moved(f, mixed, corrected)[1].1.clone())]
            }),
        )
        .mistake(
            "whole_mixture_corrected",
            "n / (n - 1) is applied to the whole sum. It belongs to the new variance alone; otherwise the old \
             variance would grow with every batch.",
            computed(|f| {
                let [mean, (name, var)] = moved(f, mixed, |var, _| var.clone());
                [mean, (name, corrected(&var, &f.input("n").real()))]
            }),
        ),
        Check::new("one_sample", "update_running", "a batch of one sample changes the running mean alone", 1)
            .asks("update_running")
            .about("BatchNorm::update_running")
            .after("update_running")
            .on(|draw| {
                let case = fields(draw, 2).with("mean", draw::vector(draw, 2, 5.0) + 6.0).with("momentum", 0.3);
                vec![case.with("var", Array1::<f64>::zeros(2)).with("n", 1_usize)]
            })
            .computes(|f| one_sample(f, |old, _| old.clone()))
            .mistake(
                "variance_of_one_sample",
                "A batch of one sample makes the running variance NaN: n / (n - 1) is 1 / 0, and 0 · ∞ is NaN. It \
                 would stay NaN in all later steps. One sample has no such variance: do not change `running_var` if n \
                 is 1.",
                computed(|f| one_sample(f, |old, _| old * f64::NAN)),
            )
            .mistake(
                "one_sample_counts_as_constant",
                "The running variance has become smaller, as if the variance of the batch were 0. One sample says \
                 nothing about a variance: do not change `running_var` if n is 1.",
                computed(|f| one_sample(f, |old, momentum| old * (1.0 - momentum))),
            ),
    ]
}

/// The running statistics after one sample; `var` makes the variance of the old one and the momentum.
fn one_sample(f: &Formula, var: fn(&Num, &Num) -> Num) -> [(&'static str, Num); 2] {
    let ([old_mean, old_var], momentum) = (running_of(f), f.input("momentum"));
    as_running([mixed(&old_mean, &f.input("mean"), &momentum), var(&old_var, &momentum)])
}

fn as_running([mean, var]: [Num; 2]) -> [(&'static str, Num); 2] {
    [("running_mean", mean), ("running_var", var)]
}

/// The running statistics after one batch: `mix` makes them of old, new and momentum, where `correct` has made the new
/// variance of that of the batch and n.
fn moved(f: &Formula, mix: fn(&Num, &Num, &Num) -> Num, correct: fn(&Num, &Num) -> Num) -> [(&'static str, Num); 2] {
    let var = correct(&f.input("var"), &f.input("n").real()).named("corrected var");
    let momentum = f.input("momentum");
    [
        ("running_mean", mix(&f.input("running_mean"), &f.input("mean"), &momentum)),
        ("running_var", mix(&f.input("running_var"), &var, &momentum)),
    ]
}

fn mixed(old: &Num, new: &Num, momentum: &Num) -> Num {
    old * (1.0 - momentum) + new * momentum
}

fn corrected(var: &Num, n: &Num) -> Num {
    var * n / (n - 1.0)
}

/// The running statistics after the batch `x`.
fn after_batch(f: &Formula, [old_mean, old_var]: &[Num; 2], x: &Num) -> [Num; 2] {
    let (n, [mean, var], momentum) = (x.rows().named("n"), statistics_of(x), f.input("momentum"));
    // One sample has no variance, and leaves that which there is.
    let var = if n.get() == 1.0 { old_var.clone() } else { mixed(old_var, &corrected(&var, &n), &momentum) };
    [mixed(old_mean, &mean, &momentum), var]
}

fn forwards() -> Vec<Check> {
    vec![
            Check::new("forward_training", "forward", "in training, forward normalises by the batch, then γ and β", 2)
                .asks("forward")
                .about("BatchNorm::forward")
                .after("batch_statistics")
                .after("normalise")
                .on(|draw| {
                    let n = draw::size(draw, 3, 5);
                    let cases = vec![layer_case(draw, n, 3), layer_case(draw, 4, 2), layer_case(draw, 1, 2)];
                    cases.into_iter().map(|case| case.with("mode", "training")).collect()
                })
                .computes(|f| scaled_by(f, &normalised_columns(f)))
                .or_follows(|c, seen| seen.matrix("x_hat").to_owned() * c.vector("gamma") + c.vector("beta"))
        .mistake(
            "running_in_training",
            "In training, too, X is normalised by the running statistics. In training, use the statistics of the \
             batch: then every column has mean 0 and variance 1 from the first step on.",
            computed(|f| scaled_by(f, &by_running(f))),
        )
        .mistake(
            "moved_and_used_in_training",
            "In training, X is normalised by the running statistics after this batch has updated them. In training, \
             use the statistics of the batch: the running ones are for evaluation.",
            computed(by_moved_statistics),
        ),
            Check::new(
                "forward_evaluation",
                "forward",
                "in evaluation, forward normalises by the running statistics",
                2,
            )
            .asks("forward")
            .about("BatchNorm::forward")
            .after("normalise")
            .on(|draw| {
                let n = draw::size(draw, 3, 5);
                let cases = vec![layer_case(draw, n, 3), layer_case(draw, 1, 2)];
                cases.into_iter().map(|case| case.with("mode", "evaluation")).collect()
            })
            .computes(|f| scaled_by(f, &by_running(f)))
            .or_follows(|c, seen| seen.matrix("x_hat").to_owned() * c.vector("gamma") + c.vector("beta"))
        .mistake(
            "batch_in_evaluation",
            "In evaluation, too, X is normalised by its own mean and variance. Then the output for a sample depends on \
             the other samples, and for a single sample it is always β. Use the running statistics.",
            computed(|f| scaled_by(f, &normalised_columns(f))),
        )
        .mistake(
            "moved_before_evaluation",
            "The running statistics are updated by the samples that are evaluated, and then used. In evaluation they \
             should not change.",
            computed(by_moved_statistics),
        ),
        Check::new(
            "running",
            "forward",
            "forward updates the running statistics once in training, never in evaluation",
            1,
        )
        .about("BatchNorm::forward")
        .after("batch_statistics")
        .after("update_running")
        .on(|draw| {
            ["x in training, x2 in training", "x in evaluation", "x in training, x2 in evaluation, x in training"]
                .map(|passes| {
                    let x2 = draw::matrix(draw, (3, 3), 2.0) + 1.0;
                    layer_case(draw, 5, 3).with("x2", x2).with("passes", passes)
                })
                .to_vec()
        })
        .computes(|f| ran(f, |is_training| is_training))
        .mistake(
            "modes_swapped",
            "The running statistics change in evaluation, and not in training. It should be the other way round.",
            computed(|f| ran(f, |is_training| !is_training)),
        )
        .mistake_if(
            "statistics_run_in_evaluation",
            "The running statistics change in evaluation, too. Then the output for a sample depends on the samples \
             that were evaluated before.",
            |c, seen| {
                let differs = |name: &str| seen.vector(name) != c.vector(name);
                c.text("passes") == "x in evaluation" && (differs("running_mean") || differs("running_var"))
            },
        ),
    ]
}

/// X̂ by the statistics of its columns.
fn normalised_columns(f: &Formula) -> Num {
    let [mean, var] = statistics_of(&f.input("x"));
    normalised_by(&f.input("x"), &mean, &var, &f.input("eps"))
}

/// X̂ by the running statistics.
fn by_running(f: &Formula) -> Num {
    let [mean, var] = running_of(f);
    normalised_by(&f.input("x"), &mean, &var, &f.input("eps"))
}

fn scaled_by(f: &Formula, x_hat: &Num) -> Num {
    x_hat.named("X̂") * f.input("gamma") + f.input("beta")
}

/// The gradients if the learner's own functions make X̂ and take the gradient back through it.
fn by_own_functions(c: &Record, seen: &Record) -> Record {
    let (d_out, gamma) = (c.matrix("d_out"), c.vector("gamma"));
    let d_x = match c.text("mode") {
        "training" => seen.matrix("taken back").to_owned() * gamma,
        _ => &d_out * &(&gamma / &c.vector("running_var").mapv(|var| (var + c.float("eps")).sqrt())),
    };
    let d_gamma = (&d_out * &seen.matrix("x_hat")).sum_axis(Axis(0));
    Record::new().with("d_x", d_x).with("d_gamma", d_gamma).with("d_beta", d_out.sum_axis(Axis(0)))
}

/// The output of the layer of a case, normalised by the running statistics that its batch has just moved.
fn by_moved_statistics(f: &Formula) -> Num {
    let x = f.input("x");
    let [mean, var] = after_batch(f, &running_of(f), &x);
    scaled_by(f, &normalised_by(&x, &mean, &var, &f.input("eps")))
}

/// The running statistics after the passes of a case; `moves` says in which modes a pass moves them.
fn ran(f: &Formula, moves: fn(bool) -> bool) -> [(&'static str, Num); 2] {
    let passes = f.case().text("passes").split(", ").map(|pass| pass.split_once(" in ").expect("`x in training`"));
    as_running(
        passes
            .filter(|(_, mode)| moves(*mode == "training"))
            .fold(running_of(f), |running, (x, _)| after_batch(f, &running, &f.input(x))),
    )
}

fn backwards() -> Vec<Check> {
    let cases = |mode: &'static str| {
        move |draw: &mut probe::Generator| {
            let n = draw::size(draw, 3, 5);
            [(n, 3), (4, 2)]
                .map(|(n, m)| {
                    layer_case(draw, n, m).with("d_out", draw::matrix(draw, (n, m), 2.0) + 0.3).with("mode", mode)
                })
                .to_vec()
        }
    };
    vec![
        gradient_mistakes(
            Check::new("backward_training", "backward", "in training, backward goes back through the statistics", 2)
                .asks("backward")
                .about("BatchNorm::backward")
                .after("forward_training")
                .after("normalise_backward")
                .on(cases("training"))
                .computes(gradients_in_training)
                .or_follows(by_own_functions),
        ),
        gradient_mistakes(
            Check::new(
                "backward_evaluation",
                "backward",
                "in evaluation, backward treats mean and variance as \
                 constants",
                2,
            )
            .asks("backward")
            .about("BatchNorm::backward")
            .after("forward_evaluation")
            .on(cases("evaluation"))
            .computes(|f| gradients_in_evaluation(f, back_by_constants))
            .or_follows(by_own_functions),
        )
        .mistake(
            "training_formula_in_evaluation",
            "d_gamma and d_beta are right; d_x is that of training. In evaluation the running mean and variance do not \
             depend on X, so no gradient goes through them: d_x is dX̂ / √(var + eps).",
            computed(|f| gradients_in_evaluation(f, back_by)),
        ),
        Check::new("passes", "backward", "backward uses the last forward pass and its mode, in any number of calls", 1)
            .about("BatchNorm::backward")
            .after("backward_training")
            .after("backward_evaluation")
            .after("running")
            .on(|draw| {
                [
                    "forward(x), forward(x2), backward(d_out)",
                    "forward(x), backward(d_out), backward(d_out)",
                    "forward(x), switch to evaluation, backward(d_out)",
                    "switch to evaluation, forward(x), switch to training, backward(d_out)",
                    "forward(x), switch to evaluation, forward(x2), backward(d_out)",
                    "backward(d_out)",
                ]
                .map(|passes| {
                    let (x2, d_out) = (draw::matrix(draw, (4, 2), 2.0) - 1.0, draw::matrix(draw, (4, 2), 2.0) + 0.3);
                    layer_case(draw, 4, 2).with("x2", x2).with("d_out", d_out).with("passes", passes)
                })
                .to_vec()
            })
            .computes(|f| gradients_of_passes(f, Faults::default()))
            .panics_where("there was no forward pass", |c| c.text("passes") == "backward(d_out)")
            .mistake(
                "mode_of_the_moment",
                "`backward` uses the present mode of the switch. It should use the mode of the last forward pass: keep \
                 that mode.",
                computed(|f| gradients_of_passes(f, Faults { mode_of_the_moment: true, ..Faults::default() })),
            )
            .mistake_panics(
                "cache_is_used_up",
                "A second backward pass finds nothing: `take` has removed what `forward` kept. `as_ref` gives a \
                 reference and leaves the value there.",
                |c| c.text("passes").ends_with("backward(d_out), backward(d_out)"),
            )
            .mistake(
                "gradients_accumulate",
                "Gradients add up from one backward pass to the next. Every backward pass should replace the old \
                 gradients: `=`, not `+=`.",
                computed(|f| gradients_of_passes(f, Faults { accumulates: true, ..Faults::default() })),
            ),
    ]
}

/// What can be wrong with the gradients in either mode.
fn gradient_mistakes(check: Check) -> Check {
    fn right(f: &Formula) -> [(&'static str, Num); 3] {
        let is_training = f.case().text("mode") == "training";
        if is_training { gradients_in_training(f) } else { gradients_in_evaluation(f, back_by_constants) }
    }
    check
        .mistake(
            "d_gamma_by_the_output",
            "d_gamma is the sum of dY ⊙ Y. γ multiplies X̂, the value before γ and β: keep X̂.",
            computed(|f| {
                // Where Y is kept in place of X̂, d_x is wrong as well. The sum of dY ⊙ Y follows from the sums.
                let [_, (name, d_gamma), d_beta] = right(f);
                [(name, d_gamma * f.input("gamma") + &d_beta.1 * f.input("beta")), d_beta]
            }),
        )
        .mistake(
            "gradients_not_kept",
            "`d_gamma` and `d_beta` are still 0, so γ and β will never learn: write the sums to `self.d_gamma` and \
             `self.d_beta`.",
            computed(|f| {
                let [d_x, (one, d_gamma), (other, d_beta)] = right(f);
                [d_x, (one, 0.0 * d_gamma), (other, 0.0 * d_beta)]
            }),
        )
}

/// What can be wrong with what a layer keeps.
#[derive(Clone, Copy, Default)]
struct Faults {
    mode_of_the_moment: bool,
    accumulates: bool,
}

/// The gradients that the passes of a case come to.
fn gradients_of_passes(f: &Formula, faults: Faults) -> Outputs {
    let (mut running, mut is_training, mut kept) = (running_of(f), true, None);
    let (mut parts, mut sums) = (Vec::new(), [f.number(0.0), f.number(0.0)]);
    for pass in f.case().text("passes").split(", ") {
        match pass {
            "switch to training" => is_training = true,
            "switch to evaluation" => is_training = false,
            "backward(d_out)" => {
                let Some((x, statistics, by_batch)) = &kept else { continue };
                let goes_through = if faults.mode_of_the_moment { is_training } else { *by_batch };
                let back = if goes_through { back_by } else { back_by_constants };
                let [(_, d_x), (_, d_gamma), (_, d_beta)] = gradients(f, x, statistics, back);
                let [d_gamma, d_beta] = [d_gamma + &sums[0], d_beta + &sums[1]];
                if faults.accumulates {
                    sums = [d_gamma.clone(), d_beta.clone()];
                }
                let number = parts.len() / 3 + 1;
                let names = ["d_x", "d_gamma", "d_beta"].map(|name| format!("{name} {number}"));
                parts.extend(names.into_iter().zip([d_x, d_gamma, d_beta]));
            }
            forward => {
                let x = f.input(if forward == "forward(x)" { "x" } else { "x2" });
                if is_training {
                    running = after_batch(f, &running, &x);
                }
                let statistics = if is_training { statistics_of(&x) } else { running.clone() };
                kept = Some((x, statistics, is_training));
            }
        }
    }
    Outputs(parts)
}

fn networks() -> Vec<Check> {
    let net = |draw: &mut probe::Generator| {
        let sizes = vec![2, draw::size(draw, 3, 4), draw::size(draw, 3, 4), 2];
        let case = parameters(draw, &sizes).with("x", draw::matrix(draw, (6, 2), 2.0) + 0.5).with("sizes", sizes);
        case.with("momentum", 0.1).with("eps", 1e-5)
    };
    vec![
        Check::new(
            "layers",
            "normalised_mlp",
            "normalised_mlp puts BatchNorm and ReLU behind every linear layer but the last",
            1,
        )
        .about("normalised_mlp")
        .on(|draw| {
            let (n, m) = (draw::size(draw, 2, 9), draw::size(draw, 2, 9));
            vec![
                Record::new().with("sizes", vec![3, n, m, 2]),
                Record::new().with("sizes", vec![n, 2]),
                Record::new().with("sizes", vec![m, 4, 3]),
            ]
        })
        .expects(layers),
        Check::new("modes", "normalised_mlp", "one switch sets all layers of normalised_mlp", 2)
            .about("normalised_mlp")
            .after("layers")
            .after("forward_training")
            .after("forward_evaluation")
            .after("running")
            .on(move |draw| vec![net(draw)])
            .computes(|f| modes(f, true))
            .mistake(
                "deaf_to_the_switch",
                "In evaluation the network still normalises by the batch: its layers do not react to the argument \
                 `switch`. Pass `switch` to each `BatchNorm`; `Switch::new()` makes another switch.",
                computed(|f| modes(f, false)),
            ),
        Check::new("training", "normalised_mlp", "a network with BatchNorm trains, step by step, and evaluates", 1)
            .about("normalised_mlp")
            .after("modes")
            .after("backward_training")
            .after("passes")
            .on(move |draw| {
                let (x, y) = (draw::matrix(draw, (6, 2), 2.0) + 0.5, draw::matrix(draw, (6, 2), 1.0));
                vec![with_x(&net(draw), x).with("y", y).with("learning_rate", 0.05).with("steps", 5_usize)]
            })
            .computes(trained)
            // Five steps multiply what sums in another order leave.
            .within(Tolerance { relative: 1e-6, absolute: 1e-9 }),
    ]
}

fn with_x(c: &Record, x: Array2<f64>) -> Record {
    let others = c.parts().filter(|(name, _)| *name != "x");
    others.fold(Record::new().with("x", x), |record, (name, value)| record.with(name, value.clone()))
}

/// The layers as they describe themselves.
fn layers(c: &Record) -> Record {
    let sizes = c.counts("sizes");
    let mut layers = Vec::new();
    for (n, pair) in sizes.windows(2).enumerate() {
        layers.push(format!("Linear {} -> {}", pair[0], pair[1]));
        if n + 2 < sizes.len() {
            layers.extend([format!("BatchNorm {}", pair[1]), "ReLU".to_owned()]);
        }
    }
    Record::new().with("layers", layers.join(", "))
}

/// Parameters for such a network, in the order in which it names them.
fn parameters(draw: &mut probe::Generator, sizes: &[usize]) -> Record {
    let (mut record, mut number) = (Record::new(), 0);
    let mut next = || {
        number += 1;
        format!("parameter {number}")
    };
    for (n, pair) in sizes.windows(2).enumerate() {
        record = record.with(&next(), draw::matrix(draw, (pair[0], pair[1]), 1.5) + 0.003);
        record = record.with(&next(), draw::vector(draw, pair[1], 1.0));
        if n + 2 < sizes.len() {
            record = record.with(&next(), draw::vector(draw, pair[1], 0.5) + 1.1);
            record = record.with(&next(), draw::vector(draw, pair[1], 0.5) + 0.205);
        }
    }
    record
}

/// The judge's own network: linear layers, and behind all but the last batch normalisation and a ReLU.
struct Net {
    /// Weights and biases.
    linear: Vec<[Num; 2]>,
    norm: Vec<Norm>,
}

struct Norm {
    gamma: Num,
    beta: Num,
    running: [Num; 2],
}

/// What a layer keeps for the way back: its input, and X̂, the variance and Y of the normalisation behind it.
struct Kept {
    input: Num,
    normalised: Option<[Num; 3]>,
}

impl Net {
    fn new(f: &Formula) -> Self {
        let n_linear = f.case().counts("sizes").len() - 1;
        let mut parameters = (1..).map(|number| f.input(&format!("parameter {number}")));
        let mut pair = || [(); 2].map(|()| parameters.next().expect("numbers go on"));
        let (mut linear, mut norm) = (Vec::new(), Vec::new());
        for number in 1..=n_linear {
            linear.push(pair());
            if number < n_linear {
                let [gamma, beta] = pair();
                let running = [&gamma * 0.0, &gamma * 0.0 + 1.0];
                norm.push(Norm { gamma, beta, running });
            }
        }
        Self { linear, norm }
    }

    fn forward(&mut self, f: &Formula, x: &Num, is_training: bool) -> (Num, Vec<Kept>) {
        let (mut a, mut kept, eps) = (x.clone(), Vec::new(), f.input("eps"));
        for (n, [w, b]) in self.linear.iter().enumerate() {
            let input = a;
            a = input.dot(w) + b;
            let normalised = self.norm.get_mut(n).map(|norm| {
                let [mean, var] = if is_training { statistics_of(&a) } else { norm.running.clone() };
                if is_training {
                    norm.running = after_batch(f, &norm.running, &a);
                }
                let x_hat = normalised_by(&a, &mean, &var, &eps);
                let y = &x_hat * &norm.gamma + &norm.beta;
                a = y.relu();
                [x_hat, var, y]
            });
            kept.push(Kept { input, normalised });
        }
        (a, kept)
    }

    /// A step of gradient descent on the mean of the squared errors; returns the loss before it.
    fn train_step(&mut self, f: &Formula) -> Num {
        let (rate, eps) = (f.input("learning_rate"), f.input("eps"));
        let (output, kept) = self.forward(f, &f.input("x"), true);
        let errors = output - f.input("y");
        let mut d = 2.0 * &errors / errors.count();
        let sum = |d: Num| d.aggregate(Aggregate::Sum, Over::Samples);
        for (n, Kept { input, normalised }) in kept.into_iter().enumerate().rev() {
            if let (Some(norm), Some([x_hat, var, y])) = (self.norm.get_mut(n), normalised) {
                let d_y = d * y.above(&f.number(0.0));
                d = back_by(&x_hat, &var, &eps, &(&d_y * &norm.gamma), Over::Samples);
                norm.gamma = &norm.gamma - &rate * sum(&d_y * &x_hat);
                norm.beta = &norm.beta - &rate * sum(d_y);
            }
            let [w, b] = &mut self.linear[n];
            let below = d.dot(&w.t());
            *w = &*w - &rate * input.t().dot(&d);
            *b = &*b - &rate * sum(d);
            d = below;
        }
        errors.square().mean()
    }
}

fn modes(f: &Formula, listens: bool) -> [(&'static str, Num); 2] {
    let (mut net, x) = (Net::new(f), f.input("x"));
    let in_training = net.forward(f, &x, true).0;
    [("in training", in_training), ("in evaluation", net.forward(f, &x, !listens).0)]
}

fn trained(f: &Formula) -> [(&'static str, Num); 2] {
    let mut net = Net::new(f);
    let losses: Vec<Num> = (0..f.times("steps")).map(|_| net.train_step(f)).collect();
    [("losses", f.vector(&losses)), ("in evaluation", net.forward(f, &f.input("x"), false).0)]
}

fn evaluating() -> Check {
    Check::new(
        "evaluate",
        "evaluate",
        "evaluate runs the network in evaluation, and restores the mode of the switch",
        2,
    )
    .on(|draw| {
        ["training", "evaluation"]
            .map(|mode| Record::new().with("x", draw::matrix(draw, (2, 2), 3.0) + 0.005).with("mode", mode))
            .to_vec()
    })
    .expects(|c| evaluated(c, "evaluation"))
    .mistake(
        "not_switched",
        "The network runs in the mode that the switch has before the call. In training its outputs depend on the \
         batch, and its running statistics change: set the switch to `Mode::Eval` first.",
        |c| evaluated(c, c.text("mode")),
    )
    .mistake_if(
        "mode_not_restored",
        "After `evaluate` the switch has another mode than before. Keep its mode first, and set it again at the end.",
        |c, seen| seen.text("mode afterwards") != c.text("mode"),
    )
}

/// What the probe's own layer does: it doubles in training and adds 1 in evaluation.
fn evaluated(c: &Record, asked_in: &str) -> Record {
    let x = c.matrix("x");
    let output = if asked_in == "training" { &x * 2.0 } else { &x + 1.0 };
    Record::new().with("output", output).with("modes of the passes", asked_in).with("mode afterwards", c.text("mode"))
}

fn layer_norm() -> Vec<Check> {
    vec![
        Check::new("layer_norm", "layer_norm", "layer_norm normalises every row by its own mean and variance", 2)
            .after("batch_statistics")
            .after("normalise")
            .on(|draw| {
                vec![
                    Record::new().with("x", array![[1.0, 2.0, 6.0]]).with("eps", 1e-5),
                    Record::new().with("x", draw::matrix(draw, (4, 3), 3.0) + 1.0).with("eps", eps(draw)),
                ]
            })
            .computes(normalised_rows)
            .or_follows(|c, seen| if_in_order(c, seen, "x_hat of xᵀ")),
        Check::new(
            "layer_norm_backward",
            "layer_norm",
            "layer_norm_backward goes back through the rows' own statistics",
            2,
        )
        .after("batch_statistics")
        .after("normalise")
        .after("normalise_backward")
        .on(|draw| {
            vec![
                Record::new()
                    .with("x", draw::matrix(draw, (4, 3), 3.0) + 1.0)
                    .with("eps", eps(draw))
                    .with("d_out", draw::matrix(draw, (4, 3), 2.0) + 0.3),
            ]
        })
        .computes(rows_back)
        .or_follows(|c, seen| if_in_order(c, seen, "taken back"))
        .mistake(
            "columns_on_the_way_back",
            "This is the backward pass of batch normalisation, column by column. Transpose before and after it.",
            computed(|f| {
                let [_, var] = statistics_of(&f.input("x"));
                back_by(&normalised_columns(f), &var, &f.input("eps"), &f.input("d_out"), Over::Samples)
            }),
        ),
    ]
}

/// What the learner's own functions made of the rows as columns, turned back. They have to have kept the order of every
/// row, so that they were given these rows.
fn if_in_order(c: &Record, seen: &Record, name: &str) -> Prediction {
    let (x, x_hat) = (c.matrix("x"), seen.matrix("x_hat of xᵀ"));
    let is_kept = |i: usize| {
        let (row, column) = (x.row(i), x_hat.column(i));
        (1..row.len()).all(|j| (row[j] > row[j - 1]) == (column[j] > column[j - 1]))
    };
    match (0..x.nrows()).all(is_kept) {
        true => seen.matrix(name).to_owned().reversed_axes().into(),
        false => Prediction::Panics,
    }
}

fn normalised_rows(f: &Formula) -> Num {
    let (x, eps) = (f.input("x"), f.input("eps"));
    let [mean, var] = statistics_over(&x, Over::Row);
    normalised_by(&x, &mean, &var, &eps)
}

/// The gradient of the rows.
fn rows_back(f: &Formula) -> Num {
    let (x, eps) = (f.input("x"), f.input("eps"));
    let [mean, var] = statistics_over(&x, Over::Row);
    let x_hat = normalised_by(&x, &mean, &var, &eps).named("X̂");
    back_by(&x_hat, &var, &eps, &f.input("d_out"), Over::Row)
}

/// An eps that shows.
fn eps(draw: &mut probe::Generator) -> f64 {
    0.01 * draw::size(draw, 10, 50) as f64
}

/// A layer with `m` columns in the middle of its training, and a batch of `n` samples.
fn layer_case(draw: &mut probe::Generator, n: usize, m: usize) -> Record {
    let x = draw::matrix(draw, (n, m), 3.0) + 1.0;
    let momentum = 0.05 * draw::size(draw, 4, 8) as f64;
    fields(draw, m).with("x", x).with("momentum", momentum)
}

/// A layer with `m` columns in the middle of its training.
fn fields(draw: &mut probe::Generator, m: usize) -> Record {
    Record::new()
        .with("gamma", draw::vector(draw, m, 0.8) + 1.9)
        .with("beta", draw::vector(draw, m, 0.5) - 0.7)
        .with("running_mean", draw::vector(draw, m, 1.0) + 3.0)
        .with("running_var", draw::vector(draw, m, 1.0) + 2.5)
        .with("eps", eps(draw))
}
