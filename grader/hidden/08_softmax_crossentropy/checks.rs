//! What is right in exercise 8, and what is commonly got wrong.
//!
//! Most mistakes here give the right result for scores of ordinary size, so each function has two checks: one on such
//! scores, which shows a wrong formula, and one on extreme ones, which shows a formula that was typed as it stands in
//! the book. The second one is skipped until the first is passed.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = vec![
        Check::new("softmax", "softmax", "every row of softmax is a probability distribution", 2)
            .on(|draw| vec![lesson(), scores(draw)])
            .computes(|f| softmax_of(&f.input("z")))
            .mistake("softmax_down_the_columns", DOWN_THE_COLUMNS, of_scores(|z| softmax_of(&z.t()).t()))
            .mistake("softmax_over_everything", OVER_EVERYTHING, of_scores(softmax_over_everything))
            .mistake(
                "sum_of_other_exponentials",
                "The exponentials are e^(z - max), but the sum is that of e^z. Subtract the largest score in both.",
                of_scores(|z| (z - row_max(z)).exp() / z.exp().aggregate(Aggregate::Sum, Over::Row)),
            ),
        Check::new("softmax_large", "softmax", "softmax is right for scores of any size", 2)
            .asks("softmax")
            .after("softmax")
            .on(|draw| {
                // Far apart: only the largest score of a row, taken off, leaves none of them far above 0.
                let far_apart = array![[0.0, 2000.0, -1000.0], [3.0, -1000.0, 1500.0]];
                [large_scores(draw), vec![Record::new().with("z", far_apart)]].concat()
            })
            .computes(|f| softmax_of(&f.input("z")))
            .mistake("one_max_for_all_rows", ONE_MAX_FOR_ALL_ROWS, of_scores(|z| softmax_below(z, &z.max())))
            .mistake_if(
                "another_score_subtracted",
                "A probability is NaN, probably because not the row's *largest* score is subtracted. After the \
                 first, the smallest or the mean, a large positive number may remain, and e^710 is already infinite.",
                has_nan,
            )
            .mistake_if(
                "scores_clamped",
                "Large scores are clipped, which makes their probabilities equal. Subtract the largest score instead.",
                |c, seen| {
                    let z = c.matrix("z");
                    // Where small probabilities are equal, it is these that have been raised.
                    seen.matrix("result").indexed_iter().any(|((i, j), p)| {
                        j > 0 && z[[i, j]] != z[[i, 0]] && *p == seen.matrix("result")[[i, 0]] && *p > 0.1
                    })
                },
            ),
        Check::new("temperature", "temperature", "softmax_with_temperature is the softmax of z / temperature", 1)
            .about("softmax_with_temperature")
            .after("softmax")
            .on(|draw| vec![lesson().with("temperature", 0.4), scores(draw).with("temperature", 2.5)])
            .computes(|f| softmax_of(&(f.input("z") / f.input("temperature")).named("z / temperature")))
            .mistake(
                "probabilities_divided",
                "The probabilities are divided by the temperature. Divide the scores, before softmax.",
                computed(|f| softmax_of(&f.input("z")) / f.input("temperature")),
            )
            .mistake_each(
                "temperature_kept_on_one_side_of_1",
                "A temperature below 1, or one above 1, is treated as 1. It is any number above 0: below 1 the \
                 largest probability grows, above 1 the probabilities move towards each other.",
                [Num::or_more as fn(&Num, &Num) -> Num, Num::or_less],
                |c, bounded| {
                    computed(|f| softmax_of(&(f.input("z") / bounded(&f.input("temperature"), &f.number(1.0)))))(c)
                },
            ),
        Check::new("log_softmax", "log_softmax", "log_softmax is the logarithm of softmax", 1)
            .on(|draw| vec![lesson(), scores(draw)])
            .computes(|f| log_softmax_of(&f.input("z")))
            .mistake("softmax_down_the_columns", DOWN_THE_COLUMNS, of_scores(|z| log_softmax_of(&z.t()).t()))
            .mistake("softmax_over_everything", OVER_EVERYTHING, of_scores(|z| softmax_over_everything(z).ln()))
            .mistake(
                "maximum_not_given_back",
                "The row's largest score is subtracted inside the logarithm, but not added again: ln Σ e^z is max + \
                 ln Σ e^(z - max).",
                of_scores(|z| log_softmax_of(z) + row_max(z)),
            ),
        Check::new("log_softmax_large", "log_softmax", "log_softmax is right for scores of any size", 2)
            .asks("log_softmax")
            .after("log_softmax")
            .on(|draw| [large_scores(draw), vec![Record::new().with("z", array![[0.0, 1000.0, -500.0]])]].concat())
            .computes(|f| log_softmax_of(&f.input("z")))
            .mistake("logarithm_of_softmax", LOGARITHM_OF_SOFTMAX, of_scores(|z| softmax_of(z).ln()))
            .mistake_each("exponential_overflows", EXPONENTIAL_OVERFLOWS, AS_IN_THE_BOOK, |c, ln_p| of_scores(ln_p)(c))
            .mistake("one_max_for_all_rows", ONE_MAX_FOR_ALL_ROWS, of_scores(|z| log_softmax_below(z, &z.max())))
            .mistake(
                "largest_begins_at_zero",
                "The search for the largest score begins at 0, or just above it, so where all scores of a row are \
                 negative, it finds none of them. Begin at -∞. (`f64::MIN_POSITIVE` is the smallest number above 0.)",
                of_scores(|z| log_softmax_below(z, &row_max(z).relu())),
            )
            .mistake_if(
                "probability_made_larger",
                "A logarithm is too large: a score or a probability is bounded, or -∞ is replaced by something else. \
                 That changes the result: a score that is 1000 below the largest has ln p = -1000.",
                |c, seen| {
                    let right = of_scores(log_softmax_of)(c);
                    let mut pairs = right.matrix("result").into_iter().zip(seen.matrix("result"));
                    pairs.any(|(right, seen)| seen.is_finite() && *seen > right + 1.0)
                },
            ),
    ];
    checks.extend(one_hot_checks());
    checks.extend(nll_checks());
    checks.extend(cross_entropy_checks());
    checks.extend(cross_entropy_grad_checks());
    checks.extend(chain_rule_checks());
    checks.extend(bce_checks());
    checks.extend(bce_grad_checks());
    checks.push(
        Check::new("labels_fit", "labels", "labels that do not fit the scores are refused", 2)
            .about("cross_entropy")
            .about("cross_entropy_grad")
            .about("nll_from_probs")
            .about("grad_by_chain_rule")
            .about("bernoulli_likelihood")
            .about("bce_with_logits")
            .about("bce_with_logits_grad")
            .after("cross_entropy")
            .on(|draw| {
                let fits = scores(draw).matrix("z").to_owned();
                let fits =
                    Record::new().with("function", "cross_entropy").with("scores", fits).with("labels", vec![2, 0, 4]);
                [vec![fits], labels_that_do_not_fit()].concat()
            })
            .computes(|f| mean_loss(&log_softmax_of(&f.input("scores")), &f.input("labels")))
            .panics_where("there are not as many labels as samples", |c| {
                c.get("labels").is_some() && c.counts("labels").len() != c.matrix("scores").nrows()
            })
            .panics_where("the two arguments have different lengths", |c| c.get("y").is_some())
            .panics_where("a label is not below the number of classes", |c| {
                let is_no_class = |label: &usize| *label >= c.matrix("scores").ncols();
                c.get("label").is_some() || c.get("labels").is_some() && c.counts("labels").iter().any(is_no_class)
            }),
    );
    checks
}

fn one_hot_checks() -> Vec<Check> {
    vec![
        Check::new("one_hot", "one_hot", "one_hot has one row for each label, with a 1 in the column of its class", 1)
            .on(|draw| {
                let drawn = (0..6).map(|_| draw::count(draw, 5)).collect();
                // Without class 0 first, without the last class second.
                [(vec![2_usize, 1, 2, 3], 4_usize), (vec![1, 0, 0, 1], 3), (vec![], 2), (drawn, 5)]
                    .map(|(labels, n_classes)| labelled(labels, n_classes))
                    .to_vec()
            })
            .expects(|c| ok(one_hot(&c.counts("labels"), c.count("n_classes"))))
            .mistake("label_for_one", "The label itself is written where a 1 belongs.", |c| {
                let labels = c.counts("labels");
                let y = one_hot(&labels, c.count("n_classes"));
                ok(y * Array2::from_shape_fn((labels.len(), 1), |(i, _)| labels[i] as f64))
            })
            .mistake(
                "labels_counted_from_one",
                "The 1 is one column too far to the left: class 0 has column 0.",
                |c| {
                    let labels = c.counts("labels");
                    if labels.contains(&0) {
                        return Prediction::Panics;
                    }
                    ok(one_hot(&labels.iter().map(|label| label - 1).collect::<Vec<_>>(), c.count("n_classes"))).into()
                },
            ),
        Check::new("one_hot_error", "one_hot", "one_hot reports the first label that is no class", 2)
            .asks("one_hot")
            .after("one_hot")
            .on(|draw| {
                let drawn = (0..6).map(|_| draw::count(draw, 9)).collect();
                [(vec![0_usize, 1], 2_usize), (vec![0, 2, 5, 9, 1, 7], 3), (vec![1, 0, 2, 0], 2), (drawn, 4)]
                    .map(|(labels, n_classes)| labelled(labels, n_classes))
                    .to_vec()
            })
            .expects(first_wrong_label)
            .mistake(
                "panics_on_a_wrong_label",
                "Your code panics on a label that is no class. Compare it with `n_classes` first, and return an \
                 `Err`.",
                |c| if wrong_labels(c).is_empty() { first_wrong_label(c).into() } else { Prediction::Panics },
            )
            .mistake(
                "n_classes_is_no_class",
                "With two classes the labels are 0 and 1: a label has to be *below* `n_classes`.",
                |c| {
                    let n_classes = c.count("n_classes");
                    match wrong_labels(c).iter().find(|(_, label)| *label > n_classes) {
                        Some(&(position, label)) => error(position, label, n_classes).into(),
                        None if wrong_labels(c).is_empty() => first_wrong_label(c).into(),
                        None => Prediction::Panics,
                    }
                },
            )
            .mistake(
                "last_wrong_label_named",
                "The last wrong label is reported: `return` as soon as you find the first.",
                |c| match wrong_labels(c).last() {
                    Some(&(position, label)) => error(position, label, c.count("n_classes")),
                    None => first_wrong_label(c),
                },
            )
            .mistake(
                "wrong_labels_become_empty_rows",
                "A wrong label gives a row of zeros, without an error: this sample would have no class.",
                |c| ok(one_hot(&c.counts("labels"), c.count("n_classes"))),
            ),
    ]
}

fn nll_checks() -> Vec<Check> {
    vec![
        Check::new("nll_from_probs", "nll_from_probs", "nll_from_probs is the mean of -ln p of the true classes", 1)
            .on(|draw| {
                let example = array![[0.5, 0.25, 0.25], [0.125, 0.75, 0.125]];
                vec![
                    Record::new().with("p", example).with("labels", vec![0, 2]).with("eps", 1e-10),
                    Record::new()
                        .with("p", softmax(&draw::matrix(draw, (5, 4), 1.5)))
                        .with("labels", vec![0, 3, 3, 1, 0])
                        .with("eps", 1e-15),
                ]
            })
            .computes(nll_of)
            .mistake("all_classes_count", ALL_CLASSES_COUNT, computed(|f| sum_of_all_logarithms(&f.input("p"))))
            .mistake(
                "smaller_for_larger",
                "You take the smaller of p and `eps`. For a lower bound take the larger, `p.max(eps)`: at least eps.",
                computed(|f| -f.input("p").pick(&f.input("labels")).or_less(&f.input("eps")).ln().mean()),
            ),
        Check::new("nll_clipped", "nll_from_probs", "nll_from_probs raises a p below eps to eps, and no other", 1)
            .asks("nll_from_probs")
            .after("nll_from_probs")
            .on(|draw| {
                let eps = 0.1 + 0.01 * draw::count(draw, 30) as f64;
                let case = |p: Array2<f64>, labels: Vec<usize>, eps: f64| {
                    Record::new().with("p", p).with("labels", labels).with("eps", eps)
                };
                vec![
                    case(array![[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], vec![0, 1], 0.001),
                    case(array![[1.0, 0.0, 0.0], [0.25, 0.25, 0.5], [0.125, 0.75, 0.125]], vec![1, 0, 1], 1e-10),
                    case(array![[0.03125, 0.96875]], vec![0], 0.125),
                    case(array![[0.03125, 0.96875]], vec![0], eps),
                ]
            })
            .computes(nll_of)
            .mistake(
                "below_eps_left_out",
                "A probability below `eps` costs nothing. Raise it to `eps`.",
                computed(|f| {
                    let (p, eps) = (f.input("p").pick(&f.input("labels")), f.input("eps"));
                    -p.at_least(&eps).choose(&p, &f.number(1.0)).ln().mean()
                }),
            )
            .mistake(
                "only_zero_raised",
                "Only a probability of exactly 0 is raised to `eps`. Raise every one below `eps`.",
                computed(|f| {
                    let (p, eps) = (f.input("p").pick(&f.input("labels")), f.input("eps"));
                    -p.equals(&f.number(0.0)).choose(&eps, &p).ln().mean()
                }),
            )
            .mistake(
                "clipped_on_both_sides",
                "Probabilities are also kept below 1 - eps. The loss of a perfect prediction should be exactly 0.",
                computed(|f| {
                    let (p, eps) = (f.input("p").pick(&f.input("labels")), f.input("eps"));
                    -p.or_more(&eps).or_less(&(1.0 - eps)).ln().mean()
                }),
            ),
        of_nothing("nll_empty", "nll_from_probs", "nll_from_probs is NaN without samples", nll_of),
    ]
}

fn cross_entropy_checks() -> Vec<Check> {
    vec![
        Check::new("cross_entropy", "cross_entropy", "cross_entropy is the mean of ln Σ e^z - z_true", 2)
            .after("log_softmax")
            .on(|draw| vec![lesson().with("labels", vec![0, 2, 1]), scores(draw).with("labels", vec![4, 0, 1])])
            .computes(cross_entropy_of)
            .mistake("softmax_down_the_columns", DOWN_THE_COLUMNS, loss_of(|z| softmax_of(&z.t()).t().ln()))
            .mistake("softmax_over_everything", OVER_EVERYTHING, loss_of(|z| softmax_over_everything(z).ln()))
            .mistake("all_classes_count", ALL_CLASSES_COUNT, of_scores(|z| sum_of_all_logarithms(&softmax_of(z))))
            .mistake(
                "favourite_counts",
                "The largest probability of each row is used. Use that of the *true* class.",
                of_scores(|z| -row_max(&softmax_of(z)).ln().mean()),
            )
            .mistake("softmax_twice", SOFTMAX_TWICE, loss_of(|z| log_softmax_of(&softmax_of(z))))
            .mistake_if(
                "small_number_in_the_logarithm",
                "A small number is added to the probability before the logarithm, which changes every loss a little.",
                |c, seen| {
                    (2..=9).map(|digits| 10_f64.powi(-digits)).any(|small| {
                        let loss = loss_of(move |z| (softmax_of(z) + small).ln())(c);
                        (seen.float("result") - loss.float("result")).abs() < 1e-3 * small
                    })
                },
            ),
        Check::new("cross_entropy_large", "cross_entropy", "cross_entropy is exact however wrong the scores are", 2)
            .asks("cross_entropy")
            .after("cross_entropy")
            .after("log_softmax_large")
            .on(|draw| {
                let labels = [vec![0, 1], vec![2, 0], vec![1, 0]];
                let wrong = Record::new().with("z", array![[0.0, 1000.0]]).with("labels", vec![0]);
                let large = large_scores(draw).into_iter().zip(labels).map(|(z, labels)| z.with("labels", labels));
                std::iter::once(wrong).chain(large).collect()
            })
            .computes(cross_entropy_of)
            .mistake("logarithm_of_softmax", LOGARITHM_OF_SOFTMAX, loss_of(|z| softmax_of(z).ln()))
            .mistake_each("exponential_overflows", EXPONENTIAL_OVERFLOWS, AS_IN_THE_BOOK, |c, ln_p| loss_of(ln_p)(c))
            .mistake("one_max_for_all_rows", ONE_MAX_FOR_ALL_ROWS, loss_of(|z| log_softmax_below(z, &z.max())))
            .mistake_if("loss_clipped", LOSS_CLIPPED, |c, seen| {
                let right = computed(cross_entropy_of)(c).float("result");
                right > 100.0 && seen.float("result").is_finite() && seen.float("result") < right - 1.0
            }),
        Check::new("cross_entropy_perfect", "cross_entropy", "the loss of a perfect prediction is exactly 0", 1)
            .asks("printed_loss")
            .about("cross_entropy")
            .after("cross_entropy")
            .after("log_softmax_large")
            .on(|draw| {
                let wrong = 800.0 + draw::count(draw, 199) as f64;
                vec![
                    // As wrong as the scores are apart, to the last digit.
                    Record::new().with("z", array![[0.0, wrong]]).with("labels", vec![0]),
                    Record::new().with("z", array![[1000.0, 0.0]]).with("labels", vec![0]),
                    Record::new().with("z", array![[-5.0, 800.0, 3.0], [0.0, -2.0, 900.0]]).with("labels", vec![1, 2]),
                ]
            })
            .expects(printed_loss)
            .mistake(
                "minus_zero",
                "The loss is printed as -0: ln p is 0, and its negative is -0. Do not change a sign at the end: compute ln Σ \
                 e^z - z_true, or subtract each ln p from a sum that begins at 0.0.",
                |c| if printed_loss(c) == "0" { "-0".to_owned() } else { printed_loss(c) },
            )
            .mistake_if(
                "certainty_costs_something",
                "The loss of a perfect prediction is not 0, as if its probability were kept below 1. ln 1 needs no \
                 care.",
                |_, seen| seen.text("result").parse().is_ok_and(|loss: f64| loss > 0.0 && loss < 0.01),
            ),
        of_nothing("cross_entropy_empty", "cross_entropy", "cross_entropy is NaN without samples", cross_entropy_of),
    ]
}

fn cross_entropy_grad_checks() -> Vec<Check> {
    vec![
        Check::new("cross_entropy_grad", "cross_entropy_grad", "cross_entropy_grad is (p - y) / n", 2)
            .after("softmax")
            .on(|draw| vec![lesson().with("labels", vec![0, 2, 1]), scores(draw).with("labels", vec![3, 0, 1])])
            .computes(ce_gradient_of)
            .mistake("softmax_down_the_columns", DOWN_THE_COLUMNS, gradient_of(|z| softmax_of(&z.t()).t()))
            .mistake(
                "one_taken_from_every_class",
                "1 is taken from every class. Subtract it only from the entry of the true one: `row[label] -= 1.0`.",
                of_scores(|z| (softmax_of(z) - 1.0) / z.rows()),
            )
            .mistake(
                "slope_of_the_squash_once_more",
                "The gradient is multiplied by p · (1 - p), but p - y already contains the slope of softmax. With \
                 this factor twice, the most wrong predictions have the smallest gradient.",
                computed(|f| {
                    let p = softmax_of(&f.input("z"));
                    ce_gradient_of(f) * &p * (1.0 - &p)
                }),
            )
            .mistake("softmax_twice", SOFTMAX_TWICE, gradient_of(|z| softmax_of(&softmax_of(z)))),
        Check::new("gradient_large", "cross_entropy_grad", "cross_entropy_grad is right for scores of any size", 1)
            .asks("cross_entropy_grad")
            .after("cross_entropy_grad")
            .after("softmax_large")
            .on(|draw| {
                let [large, negative, drawn] = large_scores(draw).try_into().expect("there are three of them");
                vec![
                    // Without overflow; the true class of the first row has the probability 0.
                    Record::new().with("z", array![[0.0, -1000.0, 3.0], [0.5, -0.5, 1.0]]).with("labels", vec![1, 0]),
                    large.with("labels", vec![2, 1]),
                    negative.with("labels", vec![0, 1]),
                    drawn.with("labels", vec![2, 0]),
                    Record::new().with("z", Array2::zeros((0, 4))).with("labels", Vec::<usize>::new()),
                ]
            })
            .computes(ce_gradient_of)
            .mistake("one_max_for_all_rows", ONE_MAX_FOR_ALL_ROWS, gradient_of(|z| softmax_below(z, &z.max())))
            .mistake_if("chain_rule_through_zero", CHAIN_RULE_THROUGH_ZERO, has_nan),
        slope(
            Check::new(
                "cross_entropy_slope",
                "cross_entropy_grad",
                "cross_entropy_grad is the slope of cross_entropy",
                1,
            )
            .about("cross_entropy_grad")
            .after("cross_entropy")
            .after("cross_entropy_grad")
            .on(|draw| vec![scores(draw).with("labels", vec![2, 0, 4])]),
            ce_gradient_of,
        ),
    ]
}

fn chain_rule_checks() -> Vec<Check> {
    let p = |draw: &mut probe::Generator| softmax(&draw::matrix(draw, (1, 4), 1.5)).row(0).to_owned();
    vec![
        Check::new("softmax_jacobian", "jacobian", "softmax_jacobian has the slope of each p along each score", 2)
            .on(move |draw| {
                [array![0.5, 0.25, 0.125, 0.125], array![0.75, 0.0, 0.25], p(draw)]
                    .map(|p| Record::new().with("p", p))
                    .to_vec()
            })
            .computes(jacobian_of)
            .mistake(
                "diagonal_only",
                "Only the diagonal is not 0. But if one score rises, all other probabilities fall: by -p_i · p_j.",
                |c| Array2::from_diag(&c.vector("p").mapv(|p| p * (1.0 - p))),
            )
            .mistake(
                "others_rise_as_well",
                "Off the diagonal the sign is wrong: if one score rises, the *other* probabilities fall.",
                computed(|f| jacobian_of(f).abs()),
            )
            .mistake_each(
                "same_factor_twice",
                "Off the diagonal both factors are the same. Entry (i, j) is -p_i · p_j: one factor of the row, one \
                 of the column.",
                [false, true],
                |c, is_of_the_column| {
                    let p = c.vector("p");
                    Array2::from_shape_fn((p.len(), p.len()), |(i, j)| match i == j {
                        true => p[i] * (1.0 - p[i]),
                        false => -p[if *is_of_the_column { j } else { i }].powi(2),
                    })
                },
            ),
        Check::new("grad_by_chain_rule", "jacobian", "the chain rule leads to p - y as well", 1)
            .after("softmax_jacobian")
            .on(move |draw| {
                [(array![0.5, 0.25, 0.125, 0.125], 1_usize), (p(draw), 3), (array![0.75, 0.25], 0)]
                    .map(|(p, label)| Record::new().with("p", p).with("label", label))
                    .to_vec()
            })
            .computes(|f| {
                let y = true_class(f).named("y");
                let dl_dp = (-y / f.input("p")).named("dL/dp");
                jacobian_of(f).dot(&dl_dp)
            })
            .mistake(
                "loss_for_its_slope",
                "dL/dp is -ln p at the label here, which is the loss itself. Its slope is -1/p.",
                computed(|f| jacobian_of(f).dot(&(-true_class(f) * f.input("p").ln()))),
            )
            .mistake(
                "every_class_counts",
                "dL/dp is -1/p for every class, but the loss depends on the true class only.",
                computed(|f| jacobian_of(f).dot(&(-1.0 / f.input("p")))),
            )
            .mistake(
                "chain_ends_at_p",
                "This is dL/dp, the slope along the probabilities. Multiply it by the Jacobian.",
                computed(|f| -true_class(f) / f.input("p")),
            )
            .mistake(
                "diagonal_only",
                "Only the score of the true class gets a slope: use the whole Jacobian, not only its diagonal.",
                computed(|f| true_class(f) * (f.input("p") - 1.0)),
            ),
    ]
}

fn bce_checks() -> Vec<Check> {
    vec![
        Check::new("bernoulli_likelihood", "likelihood", "bernoulli_likelihood is e^(-n · BCE)", 1)
            .on(|draw| {
                [yes_or_no(), answers(draw)]
                    .map(|c| Record::new().with("p", c.vector("z").mapv(sigmoid)).with("y", c.vector("y").to_owned()))
                    .to_vec()
            })
            .computes(|f| {
                let (p, y) = (f.input("p"), f.input("y"));
                y.equals(&f.number(1.0)).choose(&p, &(1.0 - &p)).aggregate(Aggregate::Product, Over::All)
            }),
        Check::new("bce_with_logits", "bce_with_logits", "bce_with_logits is the mean of ln(1 + e^z) - y·z", 2)
            .on(|draw| vec![yes_or_no(), answers(draw)])
            .computes(bce_of)
            .mistake(
                "yes_is_free",
                "The term y · ln p is missing, so the loss of samples with y = 1 is 0.",
                computed(|f| ((1.0 - f.input("y")) * bce(f, &f.input("y"))).mean()),
            )
            .mistake(
                "one_outside_the_logarithm",
                "This is ln(e^z) + 1 - y·z, and ln(e^z) is z. The 1 belongs inside the logarithm: ln(1 + e^z), as \
                 `ln_1p` computes it from e^z.",
                computed(|f| (f.input("z") + 1.0 - f.input("y") * f.input("z")).mean()),
            )
            .mistake(
                "labels_turned_round",
                "Yes and no are swapped: for a high score the loss should be small where y is 1.",
                computed(|f| bce(f, &(1.0 - f.input("y"))).mean()),
            )
            .mistake_if(
                "minus_after_the_exponential",
                "The loss is NaN, perhaps as the logarithm of a negative number. `-z.abs().exp()` is -(e^|z|), and \
                 e^-|z| is `(-z.abs()).exp()`.",
                |_, seen| seen.float("result").is_nan(),
            ),
        Check::new("bce_large", "bce_with_logits", "bce_with_logits is exact however wrong the scores are", 2)
            .asks("bce_with_logits")
            .after("bce_with_logits")
            .on(|draw| {
                let drawn = 700.0 + draw::number(draw, 90.0);
                [(800.0, 0.0), (800.0, 1.0), (-800.0, 1.0), (-800.0, 0.0), (40.0, 0.0), (drawn, 0.0)]
                    .map(|(z, y)| Record::new().with("z", array![z]).with("y", array![y]))
                    .to_vec()
            })
            .computes(bce_of)
            .mistake_if(
                "loss_from_probabilities",
                "This takes the logarithm of the probability, and σ(40) rounds to 1, so ln(1 - p) is -∞ instead of \
                 -40. Compute ln(1 + e^z) - y·z from the score.",
                |c, seen| c.vector("z")[0] == 40.0 && !seen.float("result").is_finite(),
            )
            .mistake_if(
                "exponential_overflows",
                "e^800 is infinite, and so is ln(1 + e^800). 1 / (1 + e^800) is 0, and its logarithm is -∞. Take \
                 max(z, 0) out of ln(1 + e^z): ln(1 + e^-|z|) remains.",
                |_, seen| !seen.float("result").is_finite(),
            )
            .mistake_if("loss_clipped", LOSS_CLIPPED, |c, seen| {
                let right = computed(bce_of)(c).float("result");
                right > 30.0 && seen.float("result").is_finite() && seen.float("result") < right - 1.0
            }),
        of_nothing("bce_empty", "bce_with_logits", "bce_with_logits is NaN without samples", bce_of),
    ]
}

fn bce_grad_checks() -> Vec<Check> {
    vec![
        Check::new("bce_grad", "bce_with_logits_grad", "bce_with_logits_grad is (σ(z) - y) / n", 2)
            .asks("bce_with_logits_grad")
            .on(|draw| vec![yes_or_no(), answers(draw)])
            .computes(bce_gradient_of)
            .mistake(
                "slope_along_the_probability",
                "This is the slope along p. Along the *score*, p · (1 - p), the slope of the sigmoid, cancels.",
                computed(|f| {
                    let p = f.input("z").sigmoid();
                    bce_gradient_of(f) / (&p * (1.0 - &p))
                }),
            ),
        Check::new(
            "bce_grad_large",
            "bce_with_logits_grad",
            "a neuron that is certain and wrong learns at full speed",
            1,
        )
        .asks("bce_with_logits_grad")
        .after("bce_grad")
        .on(|draw| {
            vec![
                answers(draw),
                Record::new().with("z", array![800.0, 800.0]).with("y", array![0.0, 1.0]),
                Record::new().with("z", array![-800.0, -800.0, 0.0]).with("y", array![0.0, 1.0, 1.0]),
                Record::new().with("z", array![40.0, -40.0]).with("y", array![0.0, 1.0]),
                Record::new().with("z", Array1::zeros(0)).with("y", Array1::zeros(0)),
            ]
        })
        .computes(bce_gradient_of)
        .mistake(
            "exponential_overflows",
            "e^800 is infinite, and e^z / (1 + e^z) is NaN. 1 / (1 + e^-z) is the same, and 1 divided by infinity is \
             0.",
            computed(|f| {
                let e = f.input("z").exp();
                (&e / (1.0 + &e) - f.input("y")) / e.count()
            }),
        )
        .mistake_if("chain_rule_through_zero", CHAIN_RULE_THROUGH_ZERO, has_nan)
        .mistake_if(
            "slope_lost",
            "The slope is far too small where the neuron is certain and wrong, perhaps because p is clipped before a \
             division. On paper p · (1 - p) cancels, and the result is p - y, without a division and without \
             clipping.",
            |c, seen| {
                let right = computed(bce_gradient_of)(c);
                let mut pairs = right.vector("result").into_iter().zip(seen.vector("result"));
                pairs.any(|(right, seen)| right.abs() > 0.1 && seen.abs() < 0.5 * right.abs())
            },
        ),
        slope(
            Check::new("bce_slope", "bce_with_logits_grad", "bce_with_logits_grad is the slope of bce_with_logits", 1)
                .about("bce_with_logits_grad")
                .after("bce_with_logits")
                .after("bce_grad")
                .on(|draw| vec![answers(draw)]),
            bce_gradient_of,
        ),
    ]
}

const DOWN_THE_COLUMNS: &str = "The sum goes down the columns, but a row is a sample: each row of P sums to 1.";
const OVER_EVERYTHING: &str = "The sum goes over the whole matrix. Sum along each row by itself.";
const SOFTMAX_TWICE: &str = "Softmax is applied twice. Apply it once, to the scores.";
const EXPONENTIAL_OVERFLOWS: &str = "e^1000 is infinite, and e^-1000 is 0. Subtract the row's largest score first: \
     the probabilities stay the same, and ln Σ e^z is max + ln Σ e^(z - max).";
const ONE_MAX_FOR_ALL_ROWS: &str = "The largest score of *all* rows is subtracted. In a row of much smaller scores \
     every exponential then rounds to 0: each row needs its own maximum.";
const LOGARITHM_OF_SOFTMAX: &str = "This takes the logarithm of the probability, and e^-1000 rounds to 0, so the \
     logarithm is -∞ instead of -1000. Simplify on paper first: z - ln Σ e^z needs no probability.";
const LOSS_CLIPPED: &str = "The loss is far too small, as if the probability were clipped, so that it stops growing, \
     and its slope is 0. Compute the loss from the scores, without clipping.";
const ALL_CLASSES_COUNT: &str = "The logarithms of all classes are summed up. Only the true class counts.";
const CHAIN_RULE_THROUGH_ZERO: &str = "A slope is NaN, probably from the chain rule, step by step: where p is 0 or \
     1, one factor is infinite, another 0. On paper p cancels, and the result is p - y, which needs no division.";

/// The mean over the samples of what code sums up that does not look at the label.
fn sum_of_all_logarithms(p: &Num) -> Num {
    -p.ln().sum() / p.rows()
}

/// What code returns that computes this from the scores.
fn of_scores(formula: impl Fn(&Num) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| formula(&f.input("z")))
}

/// The loss of code that computes ln p like this.
fn loss_of(ln_p: impl Fn(&Num) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| mean_loss(&ln_p(&f.input("z")), &f.input("labels")))
}

/// The gradient of code that computes p like this.
fn gradient_of(p: impl Fn(&Num) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| gradient_from(f, p(&f.input("z"))))
}

fn has_nan(_: &Record, seen: &Record) -> bool {
    matches!(seen.get("result"), Some(Value::Array { data, .. }) if data.iter().any(|number| number.is_nan()))
}

/// A loss of no samples; `right` is the formula for some and for none.
fn of_nothing(id: &'static str, function: &'static str, title: &'static str, right: fn(&Formula) -> Num) -> Check {
    Check::new(id, function, title, 1)
        .asks(function)
        .after(function)
        .on(move |draw| match function {
            "bce_with_logits" => {
                vec![answers(draw), Record::new().with("z", Array1::zeros(0)).with("y", Array1::zeros(0))]
            }
            "cross_entropy" => [(scores(draw).matrix("z").to_owned(), vec![0, 2, 1]), (Array2::zeros((0, 3)), vec![])]
                .map(|(z, labels)| Record::new().with("z", z).with("labels", labels))
                .to_vec(),
            _ => [(softmax(&draw::matrix(draw, (2, 3), 1.5)), vec![0, 1]), (Array2::zeros((0, 3)), vec![])]
                .map(|(p, labels)| Record::new().with("p", p).with("labels", labels).with("eps", 1e-10))
                .to_vec(),
        })
        .computes(right)
}

/// A check that the gradient is what is measured on the learner's own loss, and `right`.
fn slope(check: Check, right: fn(&Formula) -> Num) -> Check {
    check.demands(move |c, seen| {
        let entries = |record: &Record, name: &str| match record.get(name) {
            Some(Value::Array { shape, data }) => (shape.clone(), data.clone()),
            _ => (vec![], vec![]),
        };
        let ((shape, claimed), (right_shape, measured)) =
            (entries(seen, "gradient"), entries(seen, "slope of the loss"));
        if shape != right_shape {
            return Err(format!("The gradient has the shape {shape:?}, not {right_shape:?} as the scores have."));
        }
        // Central differences with 1e-5: what is left is about 1e-10 from the curve and 1e-10 from rounding.
        let off = claimed.iter().zip(&measured).position(|(claimed, measured)| (claimed - measured).abs() > 1e-8);
        let (_, right) = entries(&computed(right)(c), "result");
        let wrong = claimed.len() != right.len() || claimed.iter().zip(&right).any(|(a, b)| (a - b).abs() > 1e-8);
        let Some(first) = off else {
            let sentence = "Your gradient agrees with the slope of your loss, but both differ from the right numbers.";
            return if wrong { Err(sentence.to_owned()) } else { Ok(()) };
        };
        let index = match *right_shape {
            [_, columns] => format!("[{}, {}]", first / columns, first % columns),
            _ => format!("[{first}]"),
        };
        Err(format!(
            "The slope of your loss along z{index}, measured, is {:.4}; your gradient is {:.4}.",
            measured[first], claimed[first],
        ))
    })
}

/// The scores of the lesson: three samples of four classes.
fn lesson() -> Record {
    Record::new().with("z", array![[2.0, 1.0, 0.1, 0.5], [0.1, 0.2, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]])
}

/// Three drawn samples of five classes.
fn scores(draw: &mut probe::Generator) -> Record {
    Record::new().with("z", draw::matrix(draw, (3, 5), 2.5))
}

/// Scores whose exponentials overflow beside ordinary ones, and scores whose exponentials are 0.
fn large_scores(draw: &mut probe::Generator) -> Vec<Record> {
    vec![
        Record::new().with("z", array![[1000.0, 1001.0, 1002.0], [-5.0, 0.0, 5.0]]),
        Record::new().with("z", array![[-1000.0, -1001.0, -1003.0], [-999.0, -1000.0, -1001.0]]),
        Record::new().with("z", draw::matrix(draw, (2, 3), 2.0) + array![[900.0], [-900.0]]),
    ]
}

/// Five answers to yes-or-no questions, the first three those of the lesson.
fn yes_or_no() -> Record {
    Record::new().with("z", array![2.0, -1.5, 1.0, 0.5, -2.0]).with("y", array![1.0, 0.0, 1.0, 1.0, 0.0])
}

/// Four drawn ones, none of which is 0.
fn answers(draw: &mut probe::Generator) -> Record {
    let z = draw::vector(draw, 4, 2.0).mapv(|z| if z < 0.0 { z - 0.1 } else { z + 0.1 });
    Record::new().with("z", z).with("y", array![0.0, 1.0, 0.0, 0.0])
}

fn labelled(labels: Vec<usize>, n_classes: usize) -> Record {
    Record::new().with("labels", labels).with("n_classes", n_classes)
}

/// Too few labels, too many, and one that is no class; then scores and answers of different lengths.
fn labels_that_do_not_fit() -> Vec<Record> {
    let scores = array![[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]];
    let classes = ["nll_from_probs", "cross_entropy", "cross_entropy_grad"].into_iter().flat_map(move |function| {
        [vec![0], vec![0, 1, 2], vec![0, 3]].map(|labels| {
            Record::new().with("function", function).with("scores", scores.clone()).with("labels", labels)
        })
    });
    let answers =
        ["bernoulli_likelihood", "bce_with_logits", "bce_with_logits_grad"].into_iter().flat_map(|function| {
            [array![1.0], array![1.0, 0.0]]
                .map(|y| Record::new().with("function", function).with("scores", array![0.5, 0.75, 0.25]).with("y", y))
        });
    let chain_rule =
        Record::new().with("function", "grad_by_chain_rule").with("p", array![0.2, 0.5, 0.3]).with("label", 3_usize);
    classes.chain([chain_rule]).chain(answers).collect()
}

/// The loss as Rust prints it, where it is a whole number: the largest score of a row is the true one, or far above it.
fn printed_loss(c: &Record) -> String {
    computed(cross_entropy_of)(c).float("result").abs().to_string()
}

/// Position and label of all labels that are no class.
fn wrong_labels(c: &Record) -> Vec<(usize, usize)> {
    let n_classes = c.count("n_classes");
    c.counts("labels").into_iter().enumerate().filter(|(_, label)| *label >= n_classes).collect()
}

fn ok(y: Array2<f64>) -> Record {
    Record::new().with("result", "Ok").with("y", y)
}

fn error(position: usize, label: usize, n_classes: usize) -> Record {
    Record::new().with("result", "Err").with("position", position).with("label", label).with("n_classes", n_classes)
}

fn first_wrong_label(c: &Record) -> Record {
    match wrong_labels(c).first() {
        Some(&(position, label)) => error(position, label, c.count("n_classes")),
        None => ok(one_hot(&c.counts("labels"), c.count("n_classes"))),
    }
}

fn one_hot(labels: &[usize], n_classes: usize) -> Array2<f64> {
    Array2::from_shape_fn((labels.len(), n_classes), |(i, class)| f64::from(u8::from(labels[i] == class)))
}

/// Softmax of each row, with this number taken off the scores before.
fn softmax_below(z: &Num, max: &Num) -> Num {
    let exponentials = (z - max).exp().named("exp(z - max)");
    &exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)
}

fn softmax_of(z: &Num) -> Num {
    softmax_below(z, &row_max(z))
}

fn softmax_over_everything(z: &Num) -> Num {
    z.exp() / z.exp().sum()
}

/// The logarithm of softmax, without anything taken off the scores.
const AS_IN_THE_BOOK: [fn(&Num) -> Num; 2] = [
    |z| z - z.exp().aggregate(Aggregate::Sum, Over::Row).ln(),
    |z| (z.exp() / z.exp().aggregate(Aggregate::Sum, Over::Row)).ln(),
];

/// The logarithm of softmax, with this number taken off the scores before.
fn log_softmax_below(z: &Num, max: &Num) -> Num {
    let shifted = (z - max).named("(z - max)");
    &shifted - shifted.exp().aggregate(Aggregate::Sum, Over::Row).ln()
}

fn log_softmax_of(z: &Num) -> Num {
    log_softmax_below(z, &row_max(z))
}

/// The largest entry of each row, as a column.
fn row_max(z: &Num) -> Num {
    z.aggregate(Aggregate::Max, Over::Row)
}

fn mean_loss(ln_p: &Num, labels: &Num) -> Num {
    -ln_p.pick(labels).mean()
}

fn nll_of(f: &Formula) -> Num {
    -f.input("p").pick(&f.input("labels")).or_more(&f.input("eps")).ln().mean()
}

fn cross_entropy_of(f: &Formula) -> Num {
    mean_loss(&log_softmax_of(&f.input("z")).named("ln p"), &f.input("labels"))
}

fn ce_gradient_of(f: &Formula) -> Num {
    gradient_from(f, softmax_of(&f.input("z")).named("p"))
}

fn gradient_from(f: &Formula, p: Num) -> Num {
    let z = f.input("z");
    let y = f.input("labels").one_hot(&z).named("y");
    (p - y) / z.rows()
}

/// max(z, 0) - y·z + ln(1 + e^-|z|), which is ln(1 + e^z) - y·z without infinities.
fn bce(f: &Formula, y: &Num) -> Num {
    let z = f.input("z");
    z.or_more(&f.number(0.0)) - y * &z + (1.0 + (-z.abs()).exp()).ln()
}

fn bce_of(f: &Formula) -> Num {
    bce(f, &f.input("y")).mean()
}

fn bce_gradient_of(f: &Formula) -> Num {
    let p = f.input("z").sigmoid().named("p");
    (p - f.input("y")) / f.input("z").count()
}

/// The slope of each probability along each score.
fn jacobian_of(f: &Formula) -> Num {
    let p = f.input("p");
    let slope = |i: usize, j: usize| {
        let (p_i, p_j) = (p.at(i).named("p_i"), p.at(j).named("p_j"));
        if i == j { &p_i * (1.0 - &p_i) } else { -&p_i * p_j }
    };
    let places = 0..p.n_entries();
    let row = |i: usize| f.vector(&places.clone().map(|j| slope(i, j)).collect::<Vec<_>>());
    f.matrix(&places.clone().map(row).collect::<Vec<_>>(), &p)
}

/// 1 for the true class, 0 for the others.
fn true_class(f: &Formula) -> Num {
    let classes: Vec<Num> = (0..f.input("p").n_entries()).map(|class| f.number(class as f64)).collect();
    f.vector(&classes).equals(&f.input("label")).real()
}

/// Softmax of each row as `1 / Σ_k e^(z_k - z_j)`: as safe as with the maximum.
fn softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(z.dim(), |(i, j)| 1.0 / z.row(i).iter().map(|other| (other - z[[i, j]]).exp()).sum::<f64>())
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
