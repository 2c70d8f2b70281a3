//! What is right in exercise 11, and what is commonly got wrong.

use rand::seq::SliceRandom;

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = vec![
        Check::new("numerical_gradient", "numerical_gradient", "numerical_gradient looks to both sides of theta", 3)
            .on(|draw| {
                vec![
                    measured("a³", array![1.0], 0.1),
                    measured("a³ + 2ab² + b·sin c", array![0.5, -1.5, 2.0], 0.25),
                    measured("a³ + 2ab² + b·sin c", draw::vector(draw, 3, 2.0), 0.01),
                ]
            })
            .computes(|f| {
                let (theta, eps) = (f.input("theta"), f.input("eps"));
                let slopes = (0..theta.n_entries()).map(|i| {
                    let mut point: Vec<Num> = (0..theta.n_entries()).map(|j| theta.at(j)).collect();
                    let here = point[i].clone();
                    point[i] = &here + &eps;
                    let right = value_of(f, &point);
                    point[i] = &here - &eps;
                    (right - value_of(f, &point)) / (2.0 * &eps)
                });
                f.vector(&slopes.collect::<Vec<_>>())
            })
            .mistake("forward_difference", ONE_SIDED, |c| differences(c, |f, i, eps| (f(&[(i, eps)]) - f(&[])) / eps))
            .mistake("backward_difference", ONE_SIDED, |c| differences(c, |f, i, eps| (f(&[]) - f(&[(i, -eps)])) / eps))
            .mistake(
                "multiplied_by_eps",
                "`/ 2.0 * eps` goes from left to right: it divides by 2 and then multiplies by eps. Parentheses make \
                 it a division by 2 eps: `/ (2.0 * eps)`.",
                |c| differences(c, |f, i, eps| (f(&[(i, eps)]) - f(&[(i, -eps)])) / 2.0 * eps),
            )
            .mistake("not_restored", NOT_RESTORED, |c| left_behind(c, -1.0))
            .mistake("not_restored", NOT_RESTORED, |c| left_behind(c, 1.0))
            .mistake(
                "moved_together",
                "All numbers of theta are changed at once, and their effects add up. Entry i of the gradient belongs \
                 to number i alone: change that one, and leave all others as they are.",
                |c| {
                    let n = c.vector("theta").len();
                    differences(c, |f, _, eps| {
                        let all = |step: f64| (0..n).map(|i| (i, step)).collect::<Vec<_>>();
                        (f(&all(eps)) - f(&all(-eps))) / (2.0 * eps)
                    })
                },
            ),
        Check::new("points", "numerical_gradient", "numerical_gradient puts every number back, bit for bit", 1)
            .about("numerical_gradient")
            .after("numerical_gradient")
            .on(|draw| vec![measured("the mean of θ⁴", draw::vector(draw, 8, 2.0), 0.001)])
            .demands(|c, seen| {
                let theta = c.vector("theta");
                for point in seen.matrix("points").rows() {
                    let moved: Vec<usize> = (0..theta.len()).filter(|&i| point[i] != theta[i]).collect();
                    if let [first, second, ..] = moved[..] {
                        return Err(format!(
                            "f was called with a point that differs from theta in two entries at once, at {first} by \
                             {:e} and at {second} by {:e}.",
                            point[first] - theta[first],
                            point[second] - theta[second]
                        ));
                    }
                }
                Ok(())
            })
            .mistake_if("restored_by_arithmetic", RESTORED_BY_ARITHMETIC, |c, seen| {
                let theta = c.vector("theta");
                seen.matrix("points")
                    .rows()
                    .into_iter()
                    .any(|point| (0..theta.len()).any(|i| point[i] != theta[i] && (point[i] - theta[i]).abs() < 1e-12))
            }),
        Check::new("relative_error", "relative_error", "relative_error is ‖a - b‖ / (‖a‖ + ‖b‖)", 2)
            .on(|draw| {
                let (a, b) = (draw::vector(draw, 5, 2.0), draw::vector(draw, 5, 2.0));
                vec![
                    pair(array![3.0, -4.0], array![6.0, -8.0]),
                    pair(array![2.0, 1.0, -2.0], array![0.0, 0.5, 0.0]),
                    pair(a.clone(), b.clone()),
                    pair(&a * 1e6, &a * 1e6 + &b),
                    pair(&a * 1e-9, &b * 1e-9),
                    pair(&a * 1e-20, &b * 1e-20),
                ]
            })
            .computes(|f| {
                let (a, b) = (f.input("a"), f.input("b"));
                let norm = |v: &Num, name: &'static str| v.square().sum().sqrt().named(name);
                norm(&(&a - &b), "‖a - b‖") / (norm(&a, "‖a‖") + norm(&b, "‖b‖"))
            })
            .within(Tolerance::relative(1e-9))
            .mistake(
                "difference_of_the_norms",
                "The norms are subtracted from each other. But gradients of the same length may have different \
                 directions: take the norm of the difference, ‖a - b‖.",
                |c| errors(c, |_, a, b| (a - b).abs() / (a + b)),
            )
            .mistake_if(
                "small_ones_taken_for_zeros",
                "Small gradients are treated as zeros, so that their error is 0. Only 0 / 0 needs a special case: test \
                 whether both norms are exactly 0 (`NOISE` is used later, in `verdict`).",
                |c, seen| seen.float("result") == 0.0 && (1e-30..1e-6).contains(&errors(c, |_, a, b| a + b)),
            ),
        Check::new("zero_and_nan", "relative_error", "relative_error of zeros is 0, and of NaN it is NaN", 1)
            .asks("relative_error")
            .after("relative_error")
            .on(|draw| {
                vec![
                    pair(draw::vector(draw, 3, 2.0), draw::vector(draw, 3, 2.0)),
                    pair(Array1::zeros(3), Array1::zeros(3)),
                    pair(array![1.0, f64::NAN], array![1.0, 2.0]),
                    pair(array![0.0, 0.0], array![0.0, f64::NAN]),
                    pair(Array1::zeros(3), draw::vector(draw, 3, 2.0)),
                    pair(draw::vector(draw, 3, 2.0), Array1::zeros(3)),
                ]
            })
            .expects(|c| nan_or(c, 0.0))
            .mistake("zero_by_zero", ZERO_BY_ZERO, |c| nan_or(c, f64::NAN))
            .mistake("zero_by_zero", ZERO_BY_ZERO, |c| nan_or(c, 1.0))
            .mistake_if(
                "one_of_zeros",
                "The error is 0 although only one of the two gradients is 0. It is 0 / 0 only if both are: test the sum \
                 of their norms.",
                |c, seen| seen.float("result") == 0.0 && nan_or(c, 0.0) == 1.0,
            )
            .mistake(
                "nan_is_no_error",
                "The error of a gradient with NaN is 0, so it would pass every check. Every comparison with NaN is \
                 false: return 0 only if the denominator `== 0.0`, and divide otherwise.",
                |c| if nan_or(c, 0.0).is_nan() { 0.0 } else { nan_or(c, 0.0) },
            ),
        Check::new("find_wrong", "find_wrong", "find_wrong reports exactly the black boxes that are wrong", 4)
            .after("numerical_gradient")
            .after("zero_and_nan")
            .on(|draw| {
                [&[4_usize, 1, 8, 3, 5, 2, 13][..], &[7, 6, 0, 9, 14], &[10, 11, 12, 0], &[0, 8, 2]]
                    .map(|numbers| {
                        let mut numbers = numbers.to_vec();
                        numbers.shuffle(draw);
                        (0..).zip(&numbers).fold(Record::new(), |record, (place, &number): (usize, _)| {
                            record.with(&place.to_string(), BOXES[number].title)
                        })
                    })
                    .to_vec()
            })
            .expects(|c| named(c, |it| it.wrong))
            .or_follows(|c, seen| {
                let boxes = seen.vector("errors");
                let wrong: Vec<usize> =
                    (0..boxes.len()).filter(|&i| boxes[i].is_nan() || boxes[i] >= TOLERANCE).collect();
                // Functions that cannot tell a gradient from half of it leave nothing to find.
                let is_half = |it: &BlackBox| it.title == "Σθ², claims θ";
                let is_told = named(c, is_half).iter().all(|place| wrong.contains(place)) && wrong.len() < boxes.len();
                if is_told { Prediction::from(wrong) } else { Prediction::Panics }
            })
            .mistake("right_ones_named", "These are the boxes that are right. Return the wrong ones.", |c| {
                named(c, |it| !it.wrong)
            })
            .mistake(
                "only_the_first",
                "There is more than one wrong box, and only the first of them is reported.",
                |c| named(c, |it| it.wrong).into_iter().take(1).collect::<Vec<_>>(),
            )
            .mistake("nan_overlooked", NAN_PASSES, |c| named(c, |it| it.wrong && !it.title.ends_with("NaN")))
            .mistake("special_numbers", SPECIAL_NUMBERS, |c| named(c, |it| it.wrong_at_zero))
            .mistake("special_numbers", SPECIAL_NUMBERS, |c| {
                named(c, |it| it.wrong && !it.title.ends_with("claims 3θ/n") && !it.title.ends_with("reverse"))
            })
            .mistake("special_numbers", SPECIAL_NUMBERS, |c| {
                named(c, |it| it.wrong && !it.title.ends_with("reverse"))
            })
            .mistake("special_numbers", SPECIAL_NUMBERS, |c| {
                named(c, |it| it.wrong || it.title.starts_with("Σ max(0, θ)"))
            })
            .mistake(
                "tolerance_of_its_own",
                "A gradient with a small error was not reported: every entry is too large by a factor of 1.000005. A \
                 right gradient agrees with a good measurement much better: compare the relative error with \
                 `TOLERANCE`.",
                |c| named(c, |it| it.wrong && !it.title.ends_with("2.00001·θ")),
            )
            .mistake(
                "only_the_first_entry",
                "A gradient that is wrong only in its last entry was not reported. Compare all entries.",
                |c| named(c, |it| it.wrong && !it.title.ends_with("at the end")),
            )
            .mistake_if(
                "step_too_large_or_too_small",
                "The gradient of ln Σe^θ is right, but it was reported. Perhaps your limit is much smaller than \
                 `TOLERANCE`, or the measurement is inaccurate: take a step near 1e-5, to both sides, where the \
                 rounding error and the truncation error are small.",
                |c, seen| {
                    let Some(Value::Ints(named)) = seen.result() else { return false };
                    let is_smooth = |title: &str| title.starts_with("ln Σe^θ");
                    c.parts()
                        .zip(0_i64..)
                        .any(|((number, _), place)| is_smooth(c.text(number)) && named.contains(&place))
                },
            )
            .mistake_if(
                "absolute_difference",
                ABSOLUTE_DIFFERENCE,
                |c, seen| {
                    // Boxes of ordinary size are judged rightly, and one of the others is not.
                    let is_small = |it: &BlackBox| it.title.starts_with("10⁻⁶");
                    let is_large = |it: &BlackBox| it.title.starts_with("10⁶");
                    let right = named(c, |it| it.wrong);
                    [(true, false), (false, true), (true, true)].into_iter().any(|(small_passes, large_fails)| {
                        let wrong =
                            named(c, |it| it.wrong && !(small_passes && is_small(it)) || large_fails && is_large(it));
                        wrong != right && seen.result() == Some(&wrong.into())
                    })
                },
            ),
        Check::new("near_kink", "near_kink", "near_kink counts the pre-activations within eps of 0", 2)
            .on(|draw| {
                let drawn = draw::matrix(draw, (5, 4), 1.0);
                vec![
                    Record::new()
                        .with("z", array![[0.0, 0.5, -0.5, 0.25], [-0.25, -0.125, 0.75, 0.0625], [-1.0, 2.0, 0.0, 0.0]])
                        .with("eps", 0.25),
                    Record::new().with("z", array![[0.5, -3.0], [1.0, -0.5]]).with("eps", 0.125),
                    Record::new().with("z", drawn).with("eps", 0.5),
                ]
            })
            .computes(|f| f.input("z").abs().at_most(&f.input("eps")).sum().whole())
            .mistake(
                "one_side_of_the_kink",
                "Only one side of the kink is counted. Count pre-activations just below 0 and just above 0.",
                |c| c.matrix("z").iter().filter(|z| (0.0..=c.float("eps")).contains(*z)).count(),
            )
            .mistake(
                "samples_counted",
                "This is the number of samples with a pre-activation near the kink. Count the pre-activations \
                 themselves.",
                |c| {
                    let (z, eps) = (c.matrix("z"), c.float("eps"));
                    z.rows().into_iter().filter(|row| row.iter().any(|z| z.abs() <= eps)).count()
                },
            ),
        Check::new("gradient_norms", "gradient_norms", "gradient_norms is one norm for every parameter tensor", 2)
            .on(|draw| {
                let sizes = [(3, 2), (2, 4)];
                let case = (1..).zip(sizes).fold(Record::new(), |case, (l, (n_in, n_out))| {
                    case.with(&format!("W{l}"), draw::matrix(draw, (n_in, n_out), 1.0))
                        .with(&format!("dW{l}"), draw::matrix(draw, (n_in, n_out), 2.0))
                        .with(&format!("b{l}"), draw::vector(draw, n_out, 1.0))
                        .with(&format!("db{l}"), draw::vector(draw, n_out, 2.0))
                });
                vec![case]
            })
            .computes(|f| f.vector(&GRADIENTS.map(|name| f.input(name).square().sum().sqrt())))
            .mistake(
                "norms_of_the_parameters",
                "These are the norms of the parameters themselves. Use the `gradient` of each `Parameter`.",
                |c| Array1::from(["W1", "b1", "W2", "b2"].map(|name| norm(&entries(c, name))).to_vec()),
            )
            .mistake(
                "one_norm_a_layer",
                "Weights and biases of a layer are combined. Compute a separate norm for every parameter tensor.",
                |c| {
                    let of = |w: &str, b: &str| norm(&entries(c, w)).hypot(norm(&entries(c, b)));
                    array![of("dW1", "db1"), of("dW2", "db2")]
                },
            ),
    ];
    checks.extend(tensor_checks());
    checks.extend(network_checks());
    checks.push(
        Check::new(
            "directional_derivative",
            "direction",
            "directional_derivative changes all numbers along a direction",
            2,
        )
        .on(|draw| {
            vec![
                measured("a³", array![1.0], 0.1).with("direction", array![2.0]),
                measured("a³ + 2ab² + b·sin c", array![0.5, -1.5, 2.0], 0.25).with("direction", array![1.0, 0.5, -2.0]),
                measured("a³ + 2ab² + b·sin c", draw::vector(draw, 3, 2.0), 0.1)
                    .with("direction", draw::vector(draw, 3, 2.0)),
            ]
        })
        .computes(|f| {
            let (theta, eps) = (f.input("theta"), f.input("eps"));
            let step = (&eps * f.input("direction")).named("step");
            let at = |point: Num| value_of(f, &(0..point.n_entries()).map(|i| point.at(i)).collect::<Vec<_>>());
            (at(&theta + &step) - at(&theta - &step)) / (2.0 * eps)
        })
        .mistake("forward_difference", ONE_SIDED, |c| (along(c, 1.0) - along(c, 0.0)) / c.float("eps"))
        .mistake(
            "direction_normalised",
            "The direction is divided by its length. Then the result is not the dot product of the gradient with the \
             direction: do not scale the direction.",
            |c| {
                let length = norm(&c.vector("direction"));
                (along(c, 1.0 / length) - along(c, -1.0 / length)) / (2.0 * c.float("eps"))
            },
        ),
    );
    checks
}

fn tensor_checks() -> Vec<Check> {
    vec![
        Check::new(
            "largest_difference",
            "tensor_check",
            "largest_difference returns the size and the place of the difference",
            1,
        )
        .on(|draw| {
            let (computed, measured) = (draw::matrix(draw, (3, 4), 2.0), draw::matrix(draw, (3, 4), 2.0));
            vec![
                tensors(array![[1.0, -5.0, 3.0], [2.0, 0.5, 1.0]], array![[1.5, -4.75, 3.25], [3.0, 0.5, 9.0]]),
                tensors(array![4.0, 1.0, -2.0, 0.25], array![3.5, -2.0, -2.0, 0.5]),
                tensors(computed, measured),
                // No difference at all is the largest one, too.
                tensors(array![[2.0]], array![[2.0]]),
            ]
        })
        .computes(|f| largest(f, place_of))
        .mistake_if(
            "relative_difference",
            "The differences are divided by the size of the entries, as for a relative error. Return the largest \
             |computed - measured|.",
            |c, seen| {
                let (computed, measured) = (entries(c, "computed"), entries(c, "measured"));
                let largest = |size: fn(f64, f64) -> f64| {
                    let pairs = computed.iter().zip(&measured);
                    pairs.map(|(one, other)| (one - other).abs() / size(*one, *other)).fold(0.0, f64::max)
                };
                let sizes: [fn(f64, f64) -> f64; 4] = [
                    |one, other| one.abs() + other.abs(),
                    |one, other| one.abs().max(other.abs()),
                    |one, _| one.abs(),
                    |_, other| other.abs(),
                ];
                let (right, seen) = (largest(|_, _| 1.0), seen.float("difference"));
                sizes.map(largest).iter().any(|relative| *relative != right && (relative - seen).abs() < 1e-9)
            },
        )
        .mistake(
            "no_place",
            "If both gradients are equal, your search finds no index: it begins at 0 and finds nothing larger. Begin \
             with the first entry.",
            computed(|f| {
                let is_found = f.case().get("computed") != f.case().get("measured");
                largest(f, |c, flat| if is_found { place_of(c, flat) } else { Vec::new() })
            }),
        )
        .mistake(
            "place_in_a_row",
            "The place is the index in the flattened tensor. For a matrix it should be the row and the column.",
            computed(|f| largest(f, |_, flat| vec![flat])),
        ),
        Check::new("no_entries", "tensor_check", "largest_difference refuses tensors without entries", 1)
            .asks("largest_difference")
            .after("largest_difference")
            .on(|draw| {
                let [computed, measured] = [(); 2].map(|()| draw::matrix(draw, (2, 2), 2.0));
                vec![
                    tensors(computed, measured),
                    tensors(Array1::zeros(0), Array1::zeros(0)),
                    tensors(Array2::zeros((0, 3)), Array2::zeros((0, 3))),
                ]
            })
            .computes(|f| largest(f, place_of))
            .panics_where("the tensors have no entries", |c| entries(c, "computed").is_empty()),
        Check::new("verdict", "tensor_check", "verdict is the first of four rules that is true", 3)
            .after("zero_and_nan")
            .on(|draw| {
                let gradient = draw::matrix(draw, (3, 2), 2.0);
                let zeros = Array2::<f64>::zeros((3, 2));
                let mut with_nan = gradient.clone();
                with_nan[[1, 0]] = f64::NAN;
                let mut cases = vec![
                    tensors(zeros.clone(), zeros.clone()).with("n_near_kink", 0_usize),
                    tensors(zeros.clone(), &gradient * 1e-12).with("n_near_kink", 0_usize),
                    tensors(gradient.clone(), gradient.clone()).with("n_near_kink", 0_usize),
                    tensors(&gradient * 1e6, &gradient * (1e6 + 0.01)).with("n_near_kink", 3_usize),
                    tensors(&gradient * 1e-7, &gradient * 2e-7).with("n_near_kink", 0_usize),
                    tensors(zeros.clone(), gradient.clone()).with("n_near_kink", 0_usize),
                    tensors(gradient.clone(), &gradient * 1.001).with("n_near_kink", 1_usize),
                    tensors(gradient.clone(), &gradient * 1.001).with("n_near_kink", 0_usize),
                    // A little above `TOLERANCE`, and a little below `NOISE`.
                    tensors(gradient.clone(), &gradient * 1.00001).with("n_near_kink", 0_usize),
                    tensors(zeros.clone(), &gradient * 1e-10).with("n_near_kink", 0_usize),
                    tensors(with_nan.clone(), gradient.clone()).with("n_near_kink", 0_usize),
                    tensors(zeros, with_nan).with("n_near_kink", 0_usize),
                    // Every entry is below `NOISE`, and the norms are not.
                    tensors(Array2::from_elem((3, 2), 5e-10), Array2::from_elem((3, 2), 9e-10))
                        .with("n_near_kink", 0_usize),
                ];
                cases.shuffle(draw);
                cases
            })
            .expects(by_rules(RULES))
            .or_follows(|c, seen| judged_by(c, &RULES, seen.float("error")))
            .mistake("zeros_are_right", ZEROS_ARE_RIGHT, by_rules(Rules { vacuous: |_, _| false, ..RULES }))
            .mistake("zeros_are_right", ZEROS_ARE_RIGHT, by_rules(Rules { right_first: true, ..RULES }))
            .mistake(
                "tolerance_of_the_verdict",
                TOLERANCE_OF_THE_VERDICT,
                by_rules(Rules { right: |error, _| error < 1e-2, ..RULES }),
            )
            .mistake(
                "tolerance_of_the_verdict",
                TOLERANCE_OF_THE_VERDICT,
                by_rules(Rules { right: |error, _| error < 1e-4, ..RULES }),
            )
            .mistake(
                "only_exact_zeros",
                "Only gradients of exactly 0 are called vacuous. A measured gradient of 0 has rounding errors, and \
                 may be 1e-12: both norms have to be below `NOISE`.",
                by_rules(Rules { vacuous: |computed, measured| computed + measured == 0.0, ..RULES }),
            )
            .mistake(
                "entries_held_against_noise",
                "A gradient is called vacuous because each of its entries is below `NOISE`. But the norm of many \
                 small entries may be larger: compare the norm.",
                |c| {
                    let largest = |name| entries(c, name).iter().fold(0.0, |max: f64, entry| max.max(entry.abs()));
                    if largest("computed") < NOISE && largest("measured") < NOISE {
                        return "Vacuous";
                    }
                    judged(c, &RULES)
                },
            )
            .mistake(
                "one_zero_is_enough",
                ONE_ZERO_IS_ENOUGH,
                by_rules(Rules { vacuous: |one, other| one.min(other) < NOISE, ..RULES }),
            )
            .mistake(
                "one_zero_is_enough",
                ONE_ZERO_IS_ENOUGH,
                by_rules(Rules { vacuous: |one, other| one.min(other) < NOISE, kink_first: true, ..RULES }),
            )
            .mistake(
                "kink_before_right",
                "Gradients that agree are called a kink, because one is near. If they agree, the kink had no effect: \
                 the second rule comes before the third.",
                by_rules(Rules { kink_first: true, ..RULES }),
            )
            .mistake(
                "kinks_ignored",
                "A gradient that differs near a kink is called wrong. It may be right: `n_near_kink` says so.",
                by_rules(Rules { kink: |_| false, ..RULES }),
            )
            .mistake(
                "nan_is_right",
                NAN_PASSES,
                by_rules(Rules { right: |error, _| error < TOLERANCE || error.is_nan(), ..RULES }),
            )
            .mistake(
                "absolute_difference",
                ABSOLUTE_DIFFERENCE,
                by_rules(Rules { right: |_, difference| difference < TOLERANCE, ..RULES }),
            ),
    ]
}

const ZEROS_ARE_RIGHT: &str =
    "Two gradients of zeros are called right. Such a comparison proves nothing: test for `Vacuous` first.";
const TOLERANCE_OF_THE_VERDICT: &str = "A gradient whose relative error is above `TOLERANCE` is called right. Compare with \
     this constant, not with a number of your own.";
const ONE_ZERO_IS_ENOUGH: &str = "The result is vacuous although only one of the two gradients is zero. That is what \
     a forgotten db looks like, and it is wrong. *Both* norms have to be below `NOISE`.";

fn network_checks() -> Vec<Check> {
    vec![
        Check::new("check_network", "check_network", "check_network computes and measures every parameter's slope", 4)
            .after("numerical_gradient")
            .on(|draw| vec![batch(draw, 0.05, "Mse"), batch(draw, 0.25, "BceWithLogits")])
            .expects(by_measuring(MEASURING))
            .or_follows(|c, seen| {
                let measured = TENSORS.map(|name| entries(seen, &format!("slopes {name}")));
                // Zeros could be made up without measuring anything.
                match measured.iter().all(|slopes| slopes.iter().any(|slope| *slope != 0.0)) {
                    true => Prediction::from(both_gradients(c, gradients(c, "x", "y"), measured)),
                    false => Prediction::Panics,
                }
            })
            .mistake_if("weights_only", WEIGHTS_ONLY, |c, seen| {
                let second = (entries(seen, "measured b1").len(), entries(c, "W2").len());
                seen.count("tensors") == 2 && second.0 == second.1
            })
            .mistake(
                "gradient_of_an_earlier_batch",
                "`computed` is the gradient of an earlier batch, which is still stored in the network. Copy the \
                 gradients only *after* a forward and a backward pass with `x` and `y`.",
                |c| {
                    let earlier = gradients(c, "x of an earlier batch", "y of an earlier batch");
                    both_gradients(c, earlier, measured_gradients(c, &MEASURING))
                },
            )
            .mistake(
                "another_loss",
                "The gradients are those of the mean squared error, whatever the loss is. Use the argument `loss`.",
                |c| by_measuring(MEASURING)(&with_loss(c, "Mse")),
            )
            .mistake(
                "target_for_output",
                "The measured slopes are those of a loss with swapped arguments: `loss.value` takes the output first, \
                 then the target. For the mean squared error the order makes no difference, for others it does.",
                |c| {
                    let loss = if c.text("loss") == "Mse" { "Mse" } else { "swapped" };
                    let measured = measured_gradients(&with_loss(c, loss), &MEASURING);
                    both_gradients(c, gradients(c, "x", "y"), measured)
                },
            )
            .mistake("computed_and_measured_swapped", "`computed` and `measured` are swapped.", |c| {
                both_gradients(c, measured_gradients(c, &MEASURING), gradients(c, "x", "y"))
            })
            .mistake("not_restored", NOT_RESTORED, by_measuring(Measuring { comes_back: |_| false, ..MEASURING }))
            .mistake(
                "last_point_stays",
                LAST_POINT_STAYS,
                by_measuring(Measuring { comes_back: |is_last| !is_last, ..MEASURING }),
            )
            .mistake("forward_difference", ONE_SIDED, by_measuring(Measuring { left: 0.0, width: 1.0, ..MEASURING }))
            .mistake_if(
                "eps_ignored",
                "The measured slopes are more exact than two points at the distance `eps` allow. Either they are the \
                 computed ones, or the points are much closer, or there are more than two.",
                |c, seen| {
                    let exact = gradients(c, "x", "y");
                    (TENSORS.iter().zip(&exact))
                        .all(|(name, exact)| close(exact, &entries(seen, &format!("measured {name}")), 1e-5))
                },
            )
            .mistake_if(
                "gradient_at_moved_parameters",
                "`computed` is close to the gradient, but not equal to it: probably it belongs to parameters that were \
                 changed a little, since a layer stores the input of its last forward pass. Run the backward pass \
                 before any parameter is changed, or restore all of them and run another forward pass first.",
                |c, seen| {
                    let off: Vec<f64> = (TENSORS.iter().zip(gradients(c, "x", "y")))
                        .map(|(name, exact)| relative_error(&exact, &entries(seen, &format!("computed {name}"))))
                        .collect();
                    off.iter().any(|off| *off > 1e-6) && off.iter().all(|off| *off < 0.2)
                },
            ),
        Check::new("parameters_afterwards", "check_network", "check_network leaves every parameter as it was", 2)
            .about("check_network")
            .on(|draw| vec![batch(draw, 0.001, "Mse"), batch(draw, 0.1, "Mse")])
            .expects(|c| {
                TENSORS
                    .iter()
                    .fold(Record::new(), |record, name| record.with(name, c.get(name).expect("it is there").clone()))
            })
            .within(Tolerance::EXACT)
            .mistake_if("restored_by_arithmetic", RESTORED_BY_ARITHMETIC, |c, seen| {
                let far = largest_change(c, seen);
                far > 0.0 && far < 1e-12
            })
            .mistake_if("last_point_stays", LAST_POINT_STAYS, |c, seen| {
                n_changes(c, seen) == TENSORS.len() && (largest_change(c, seen) - c.float("eps")).abs() < 1e-9
            })
            .mistake_if("not_restored", NOT_RESTORED, |c, seen| {
                n_changes(c, seen) > TENSORS.len() && (largest_change(c, seen) - c.float("eps")).abs() < 1e-9
            }),
        Check::new(
            "verdicts",
            "check_network",
            "wrong layers, kinks and dead networks are distinguished from right ones",
            3,
        )
        .after("check_network")
        .after("verdict")
        .after("near_kink")
        .about("check_network")
        .on(|draw| {
            let mut cases: Vec<Record> =
                ["none", "db stays 0", "dW is divided by n", "dX is dZ·W"].map(sabotaged).to_vec();
            cases.extend([xor(0.1, 0.2), xor(0.0, 0.2), xor(-3.0, 0.5)]);
            cases.shuffle(draw);
            cases
        })
        .expects(|c| {
            let verdicts = match c.get("sabotage of layer 2") {
                Some(Value::Text(sabotage)) => match sabotage.as_str() {
                    "db stays 0" => vec!["Right", "Right", "Right", "Wrong", "Right", "Right"],
                    "dW is divided by n" => vec!["Right", "Right", "Wrong", "Right", "Right", "Right"],
                    "dX is dZ·W" => vec!["Wrong", "Wrong", "Right", "Right", "Right", "Right"],
                    _ => vec!["Right"; 6],
                },
                _ => match c.vector("b1")[0] {
                    bias if bias < 0.0 => vec!["Vacuous"; 4],
                    // The sample (0, 0) sits on the kink; only the biases move it.
                    0.0 => vec!["Right", "Kink", "Right", "Right"],
                    _ => vec!["Right"; 4],
                },
            };
            ["W1", "b1", "W2", "b2", "W3", "b3"]
                .iter()
                .zip(verdicts)
                .fold(Record::new(), |record, (name, verdict)| record.with(name, verdict))
        }),
    ]
}

const ONE_SIDED: &str = "One of your two points is θ itself, as in (f(θ + ε) - f(θ)) / ε, and the error of that is \
     proportional to ε. With a point on either side the effect of the curvature cancels, and the error is proportional \
     to ε².";
const NOT_RESTORED: &str = "A number that was changed is not restored, so that all later slopes are measured at \
     another point. Restore the old value before you continue with the next number.";
const LAST_POINT_STAYS: &str = "After a tensor is measured, its last number keeps the changed value. Restore the \
     tensor before you continue with the next one.";
const RESTORED_BY_ARITHMETIC: &str = "Numbers are restored only approximately: adding and subtracting eps is rounded, \
     and the last bits are lost. Keep a copy of the old value, and restore that.";
const NAN_PASSES: &str = "A gradient with NaN is not found to be wrong: every comparison with NaN is false, `error >= \
     TOLERANCE` too. Test whether the error is below the tolerance, not whether it is above.";
const ABSOLUTE_DIFFERENCE: &str = "Absolute differences are compared, so that a very small gradient always seems \
     right, and a very large one always wrong. Compare the relative error with `TOLERANCE`.";
const ZERO_BY_ZERO: &str =
    "Two gradients of zeros are the same: return 0 for them, not 1, and do not divide, because 0 / 0 is NaN.";
const SPECIAL_NUMBERS: &str = "Probably you compare at numbers with special properties. At 0 a missing factor has no \
     effect and ReLU has its kink, at 1 all powers are the same, and numbers of equal size hide a wrong order.";
const WEIGHTS_ONLY: &str = "Biases are missing: they are parameters like the weights, and a forgotten db is a common \
     mistake. Return one entry for every tensor of `parameters()`.";

/// As in the exercise.
const TOLERANCE: f64 = 1e-6;
const NOISE: f64 = 1e-9;

// Functions of a vector.

fn measured(f: &str, theta: Array1<f64>, eps: f64) -> Record {
    Record::new().with("f", f).with("theta", theta).with("eps", eps)
}

/// The function of a case, with its numbers moved from theta by these steps.
fn moved(c: &Record, steps: &[(usize, f64)]) -> f64 {
    let mut theta = c.vector("theta").to_vec();
    for &(i, step) in steps {
        theta[i] += step;
    }
    match theta[..] {
        [a] => a.powi(3),
        [a, b, c] => a.powi(3) + 2.0 * a * b.powi(2) + b * c.sin(),
        _ => panic!("no function of {} numbers", theta.len()),
    }
}

/// The function of a case.
fn value_of(f: &Formula, point: &[Num]) -> Num {
    let a = &point[0];
    match f.case().text("f") {
        "a³" => a.cube(),
        _ => a.cube() + 2.0 * a * point[1].square() + &point[1] * point[2].sin(),
    }
}

/// Some difference of a case's function for each of its numbers.
fn differences(c: &Record, slope: impl Fn(&dyn Fn(&[(usize, f64)]) -> f64, usize, f64) -> f64) -> Array1<f64> {
    (0..c.vector("theta").len()).map(|i| slope(&|steps| moved(c, steps), i, c.float("eps"))).collect()
}

/// Central differences, with every number left this many eps from its place.
fn left_behind(c: &Record, times: f64) -> Array1<f64> {
    differences(c, |f, i, eps| {
        let left_behind: Vec<(usize, f64)> = (0..i).map(|earlier| (earlier, times * eps)).collect();
        let at = |step: f64| f(&[&left_behind[..], &[(i, step)]].concat());
        (at(eps) - at(-eps)) / (2.0 * eps)
    })
}

/// The function of a case, so many times eps along its direction.
fn along(c: &Record, times: f64) -> f64 {
    let steps = c.vector("direction").mapv(|entry| times * c.float("eps") * entry);
    moved(c, &(0..).zip(steps).collect::<Vec<_>>())
}

fn close(one: &ArrayRef1<f64>, other: &ArrayRef1<f64>, tolerance: f64) -> bool {
    one.len() == other.len() && one.iter().zip(other).all(|(one, other)| (one - other).abs() < tolerance)
}

// Norms and errors.

fn pair(a: Array1<f64>, b: Array1<f64>) -> Record {
    Record::new().with("a", a).with("b", b)
}

fn norm(v: &ArrayRef1<f64>) -> f64 {
    v.iter().fold(0.0, |norm: f64, entry| norm.hypot(*entry))
}

/// Some error from the norms of the difference, of a, and of b.
fn errors(c: &Record, error: impl Fn(f64, f64, f64) -> f64) -> f64 {
    let (a, b) = (c.vector("a"), c.vector("b"));
    error(norm(&(&a - &b)), norm(&a), norm(&b))
}

fn relative_error(a: &ArrayRef1<f64>, b: &ArrayRef1<f64>) -> f64 {
    norm(&(a - b)) / (norm(a) + norm(b))
}

fn nan_or(c: &Record, number: f64) -> f64 {
    let any_nan = ["a", "b"].iter().any(|name| c.vector(name).iter().any(|entry| entry.is_nan()));
    match any_nan {
        true => f64::NAN,
        false if errors(c, |_, a, b| a + b) == 0.0 => number,
        false => errors(c, |difference, a, b| difference / (a + b)),
    }
}

// Black boxes.

struct BlackBox {
    title: &'static str,
    wrong: bool,
    /// Whether it looks wrong at θ = 0. A cube does: its slope is 0 there, and a step makes ε² of that.
    wrong_at_zero: bool,
}

const BOXES: [BlackBox; 15] = [
    BlackBox { title: "Σθ², claims 2θ", wrong: false, wrong_at_zero: false },
    BlackBox { title: "Σθ², claims θ", wrong: true, wrong_at_zero: false },
    BlackBox { title: "mean of θ³, claims 3θ²/n", wrong: false, wrong_at_zero: true },
    BlackBox { title: "mean of θ³, claims 3θ²", wrong: true, wrong_at_zero: true },
    BlackBox { title: "|A·θ - c|², claims 2Aᵀ·(A·θ - c)", wrong: false, wrong_at_zero: false },
    BlackBox { title: "|A·θ - c|², claims 2A·(A·θ - c)", wrong: true, wrong_at_zero: true },
    BlackBox { title: "Σ max(0, θ), claims 1 where θ > 0", wrong: false, wrong_at_zero: true },
    BlackBox { title: "mean of θ³, claims 3θ/n", wrong: true, wrong_at_zero: true },
    BlackBox { title: "ln Σe^θ, claims softmax", wrong: false, wrong_at_zero: false },
    BlackBox { title: "Σθ², claims 2θ, but 0 at the end", wrong: true, wrong_at_zero: false },
    BlackBox { title: "10⁶·Σθ², claims 2·10⁶·θ", wrong: false, wrong_at_zero: false },
    BlackBox { title: "10⁻⁶·Σθ², claims 10⁻⁶·θ", wrong: true, wrong_at_zero: false },
    BlackBox { title: "Σθ², claims NaN", wrong: true, wrong_at_zero: true },
    BlackBox { title: "Σθ², claims 2.00001·θ", wrong: true, wrong_at_zero: false },
    BlackBox { title: "Σθ³, claims 3θ² in reverse", wrong: true, wrong_at_zero: true },
];

fn named(c: &Record, is_named: impl Fn(&BlackBox) -> bool) -> Vec<usize> {
    let of = |title: &str| BOXES.iter().find(|it| it.title == title).expect("every case is made of these");
    let boxes = c.parts().map(|(number, _)| of(c.text(number)));
    boxes.enumerate().filter(|(_, it)| is_named(it)).map(|(place, _)| place).collect()
}

// One tensor.

const GRADIENTS: [&str; 4] = ["dW1", "db1", "dW2", "db2"];

/// The entries of an array, whatever its shape.
fn entries(record: &Record, name: &str) -> Array1<f64> {
    match record.get(name) {
        Some(Value::Array { data, .. }) => Array1::from(data.clone()),
        _ => Array1::zeros(0),
    }
}

fn tensors(computed: impl Into<Value>, measured: impl Into<Value>) -> Record {
    Record::new().with("computed", computed).with("measured", measured)
}

/// The largest difference, and what `place` makes of its index in the flattened tensor.
fn largest(f: &Formula, place: impl Fn(&Record, usize) -> Vec<usize>) -> [(&'static str, Num); 2] {
    let differences = (f.input("computed") - f.input("measured")).abs();
    let flat = differences.aggregate(Aggregate::Largest, Over::All).get() as usize;
    let index: Vec<Num> = place(f.case(), flat).into_iter().map(|index| f.number(index as f64)).collect();
    [("difference", differences.at(flat)), ("index", f.vector(&index).whole())]
}

/// The place of an entry: its index, or for a matrix its row and its column.
fn place_of(c: &Record, flat: usize) -> Vec<usize> {
    match c.get("computed") {
        Some(Value::Array { shape, .. }) if shape.len() == 2 => vec![flat / shape[1], flat % shape[1]],
        _ => vec![flat],
    }
}

/// The rules of a verdict, with everything in them that can be got wrong.
struct Rules {
    /// From the norms of both gradients.
    vacuous: fn(f64, f64) -> bool,
    /// From the relative error and the norm of the difference.
    right: fn(f64, f64) -> bool,
    kink: fn(usize) -> bool,
    kink_first: bool,
    right_first: bool,
}

const RULES: Rules = Rules {
    vacuous: |computed, measured| computed < NOISE && measured < NOISE,
    right: |error, _| error < TOLERANCE,
    kink: |n| n > 0,
    kink_first: false,
    right_first: false,
};

fn by_rules(rules: Rules) -> impl Fn(&Record) -> &'static str {
    move |c| judged(c, &rules)
}

fn judged(c: &Record, rules: &Rules) -> &'static str {
    let (computed, measured) = (entries(c, "computed"), entries(c, "measured"));
    let size = norm(&computed) + norm(&measured);
    judged_by(c, rules, if size == 0.0 { 0.0 } else { norm(&(&computed - &measured)) / size })
}

/// The same where this is the relative error.
fn judged_by(c: &Record, rules: &Rules, error: f64) -> &'static str {
    let (computed, measured) = (entries(c, "computed"), entries(c, "measured"));
    let difference = norm(&(&computed - &measured));
    let kink = (rules.kink)(c.count("n_near_kink"));
    if rules.right_first && (rules.right)(error, difference) {
        "Right"
    } else if (rules.vacuous)(norm(&computed), norm(&measured)) {
        "Vacuous"
    } else if rules.kink_first && kink {
        "Kink"
    } else if (rules.right)(error, difference) {
        "Right"
    } else if kink {
        "Kink"
    } else {
        "Wrong"
    }
}

// Networks.

const TENSORS: [&str; 4] = ["W1", "b1", "W2", "b2"];

/// Two layers with tanh between them, and two batches.
fn batch(draw: &mut probe::Generator, eps: f64, loss: &str) -> Record {
    Record::new()
        .with("eps", eps)
        .with("loss", loss)
        .with("W1", draw::matrix(draw, (2, 3), 1.0))
        .with("b1", draw::vector(draw, 3, 1.0))
        .with("W2", draw::matrix(draw, (3, 2), 1.0))
        .with("b2", draw::vector(draw, 2, 1.0))
        .with("activation", "tanh")
        .with("x", draw::matrix(draw, (4, 2), 1.5))
        .with("y", draw::matrix(draw, (4, 2), 1.0))
        .with("x of an earlier batch", draw::matrix(draw, (3, 2), 1.5))
        .with("y of an earlier batch", draw::matrix(draw, (3, 2), 1.0))
}

/// The parameters of a case in a row.
fn parameters(c: &Record) -> Vec<f64> {
    TENSORS.iter().flat_map(|name| entries(c, name).to_vec()).collect()
}

fn with_loss(c: &Record, loss: &str) -> Record {
    c.parts().fold(Record::new(), |record, (name, value)| match name {
        "loss" => record.with(name, loss),
        _ => record.with(name, value.clone()),
    })
}

/// The loss of the network with these parameters; `swapped` is `BceWithLogits` of the target, given the output.
fn loss(c: &Record, parameters: &[f64]) -> f64 {
    let (x, y) = (c.matrix("x"), c.matrix("y"));
    let (n_in, n_hidden, n_out) = (2, 3, 2);
    let (w1, rest) = parameters.split_at(n_in * n_hidden);
    let (b1, rest) = rest.split_at(n_hidden);
    let (w2, b2) = rest.split_at(n_hidden * n_out);
    let mut sum = 0.0;
    for (x, y) in x.rows().into_iter().zip(y.rows()) {
        let hidden = |j: usize| ((0..n_in).map(|i| x[i] * w1[i * n_hidden + j]).sum::<f64>() + b1[j]).tanh();
        for k in 0..n_out {
            let output = (0..n_hidden).map(|j| hidden(j) * w2[j * n_out + k]).sum::<f64>() + b2[k];
            let bce = |z: f64, y: f64| z.max(0.0) - z * y + (-z.abs()).exp().ln_1p();
            sum += match c.text("loss") {
                "Mse" => (output - y[k]).powi(2),
                "BceWithLogits" => bce(output, y[k]),
                _ => bce(y[k], output),
            };
        }
    }
    sum / y.len() as f64
}

/// The gradients of this batch, tensor by tensor, by the chain rule.
fn gradients(c: &Record, x: &str, y: &str) -> [Array1<f64>; 4] {
    let (x, y) = (c.matrix(x), c.matrix(y));
    let a1 = (x.dot(&c.matrix("W1")) + c.vector("b1")).mapv(f64::tanh);
    let output = a1.dot(&c.matrix("W2")) + c.vector("b2");
    let d_output = match c.text("loss") {
        "Mse" => (output - y) * (2.0 / y.len() as f64),
        _ => (output.mapv(|z| 1.0 / (1.0 + (-z).exp())) - y) / y.len() as f64,
    };
    let d_z1 = d_output.dot(&c.matrix("W2").t()) * a1.mapv(|a| 1.0 - a * a);
    let row = |matrix: Array2<f64>| matrix.flatten().into_owned();
    [row(x.t().dot(&d_z1)), d_z1.sum_axis(Axis(0)), row(a1.t().dot(&d_output)), d_output.sum_axis(Axis(0))]
}

/// How a gradient is measured, with everything in it that can be got wrong.
struct Measuring {
    /// Where the left point is, in steps of eps; the right one is at 1.
    left: f64,
    /// By how many eps the difference is divided.
    width: f64,
    /// Whether a parameter is put back, if it is the last of its tensor or not.
    comes_back: fn(bool) -> bool,
}

const MEASURING: Measuring = Measuring { left: -1.0, width: 2.0, comes_back: |_| true };

/// The right gradients, and those that are measured like this.
fn by_measuring(measuring: Measuring) -> impl Fn(&Record) -> Record {
    move |c| both_gradients(c, gradients(c, "x", "y"), measured_gradients(c, &measuring))
}

fn measured_gradients(c: &Record, measuring: &Measuring) -> [Array1<f64>; 4] {
    let (mut parameters, eps) = (parameters(c), c.float("eps"));
    let mut i = 0;
    TENSORS.map(|name| {
        let n = entries(c, name).len();
        let slope = |place: usize| {
            let old = parameters[i];
            parameters[i] = old + eps;
            let right = loss(c, &parameters);
            parameters[i] = old + measuring.left * eps;
            let left = loss(c, &parameters);
            if (measuring.comes_back)(place + 1 == n) {
                parameters[i] = old;
            }
            i += 1;
            (right - left) / (measuring.width * eps)
        };
        (0..n).map(slope).collect()
    })
}

/// Both gradients of every tensor, in its shape.
fn both_gradients(c: &Record, computed: [Array1<f64>; 4], measured: [Array1<f64>; 4]) -> Record {
    let shaped = |name: &str, row: Array1<f64>| match c.get(name) {
        Some(Value::Array { shape, .. }) => Value::Array { shape: shape.clone(), data: row.to_vec() },
        _ => panic!("`{name}` is not an array"),
    };
    let record = Record::new().with("tensors", TENSORS.len());
    (TENSORS.iter().zip(computed.into_iter().zip(measured))).fold(record, |record, (name, (computed, measured))| {
        record
            .with(&format!("computed {name}"), shaped(name, computed))
            .with(&format!("measured {name}"), shaped(name, measured))
    })
}

/// By how much each parameter has changed.
fn changes(c: &Record, seen: &Record) -> Vec<f64> {
    TENSORS.iter().flat_map(|name| (entries(c, name) - entries(seen, name)).to_vec()).map(f64::abs).collect()
}

fn largest_change(c: &Record, seen: &Record) -> f64 {
    changes(c, seen).into_iter().fold(0.0, f64::max)
}

fn n_changes(c: &Record, seen: &Record) -> usize {
    changes(c, seen).into_iter().filter(|change| *change != 0.0).count()
}

fn xor_batch(case: Record) -> Record {
    case.with("x", array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        .with("y", array![[0.0], [1.0], [1.0], [0.0]])
        .with("eps", 1e-5)
}

/// Three linear layers with tanh between them, the middle one sabotaged.
fn sabotaged(sabotage: &str) -> Record {
    let weights = |shape, start: f64| Array2::from_shape_fn(shape, |(i, j)| (start + 3.0 * i as f64 + j as f64).sin());
    xor_batch(
        Record::new()
            .with("W1", weights((2, 3), 1.0))
            .with("b1", array![0.1, -0.2, 0.3])
            .with("W2", weights((3, 3), 5.0))
            .with("b2", array![0.2, 0.1, -0.3])
            .with("W3", weights((3, 1), 9.0))
            .with("b3", array![0.05])
            .with("activation", "tanh")
            .with("sabotage of layer 2", sabotage),
    )
}

/// The lesson's network for XOR with these biases.
fn xor(hidden_bias: f64, output_bias: f64) -> Record {
    xor_batch(
        Record::new()
            .with("W1", array![[0.6, -0.2, 0.5], [-0.4, 0.3, 0.7]])
            .with("b1", Array1::from_elem(3, hidden_bias))
            .with("W2", array![[0.7], [-0.5], [0.9]])
            .with("b2", array![output_bias])
            .with("activation", "ReLU"),
    )
}
