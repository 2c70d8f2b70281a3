//! What is right in exercise 4, and what is commonly got wrong.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("mae_loss", "mae_loss", "mae_loss is the mean of |e| over all entries", 2)
            .on(|draw| [pairs(draw), ties(draw)].concat())
            .computes(|f| loss_of(&error(f), "mae"))
            .mistake("loss_in_whole_numbers", LOSS_IN_WHOLE_NUMBERS, |_| 0.0),
        loss_of_nothing("mae_loss_empty", "mae_loss", "mae_loss of nothing is NaN"),
        Check::new("mae_grad", "mae_grad", "mae_grad is the sign of each error, divided by n", 2)
            .on(|draw| [pairs(draw), vec![nothing()]].concat())
            .computes(|f| gradient(f, "mae"))
            .mistake(
                "gradient_of_the_mse",
                "This is 2 e / n, the gradient of the MSE. |e| is equally steep everywhere, so the gradient of the MAE \
                 keeps only the sign of each error.",
                computed(|f| gradient(f, "mse")),
            )
            .mistake("gradient_in_whole_numbers", GRADIENT_IN_WHOLE_NUMBERS, zeros_unless_empty)
            .mistake("gradient_in_whole_numbers", GRADIENT_IN_WHOLE_NUMBERS, |c| {
                Array2::zeros(c.matrix("y_true").dim())
            }),
        Check::new("mae_grad_ties", "mae_grad", "mae_grad is 0 where prediction and target agree", 1)
            .asks("mae_grad")
            .after("mae_grad")
            .on(|draw| [ties(draw), vec![tiny_errors(draw)]].concat())
            .computes(|f| gradient(f, "mae"))
            .mistake(
                "signum_at_a_tie",
                "Where prediction and target agree, yours is 1/n; it should be 0, so that a prediction that is right \
                 does not move. An error of 0 needs a case of its own: `f64::signum(0.0)` is 1.0 in Rust (unlike \
                 NumPy's `sign`), and `>=` in place of `>` has the same effect.",
                computed(|f| (2.0 * error(f).at_least(&f.number(0.0)) - 1.0) / error(f).count()),
            )
            .mistake(
                "tie_counts_as_too_low",
                "Where prediction and target agree, yours is -1/n, as if the prediction were too low. There are three \
                 cases, not two: above, below, and equal, where the gradient is 0.",
                computed(|f| (2.0 * error(f).above(&f.number(0.0)) - 1.0) / error(f).count()),
            )
            .mistake(
                "nan_at_a_tie",
                "e / |e| is the sign of e, except at e = 0: there it is 0 / 0, which is NaN, and everything that is \
                 computed from it becomes NaN as well. An error of 0 needs a case of its own.",
                computed(|f| error(f) / error(f).abs() / error(f).count()),
            )
            .mistake_if(
                "tiny_error_taken_for_a_tie",
                "Some entries are 0 although prediction and target differ, by a tiny error. The slope of |e| is 1 or \
                 -1 there, as everywhere else, so the entry is 1/n or -1/n. Only for an error of exactly 0 the entry \
                 is 0.",
                |c, seen| {
                    let errors = &c.matrix("y_pred") - &c.matrix("y_true");
                    errors.iter().zip(seen.matrix("result")).any(|(e, slope)| *e != 0.0 && *slope == 0.0)
                },
            ),
        slope("mae_slope", "mae_grad", "mae_loss", "mae_grad agrees with the slope measured on mae_loss"),
        Check::new("mse_loss", "mse_loss", "mse_loss is the mean of e² over all entries", 2)
            .on(|draw| [pairs(draw), ties(draw)].concat())
            .computes(|f| loss_of(&error(f), "mse"))
            .mistake(
                "half_of_the_mse",
                "This is half of the MSE. Some books multiply by 1/2, so that the 2 of the derivative cancels. In \
                 this course the MSE is the mean of e².",
                computed(|f| 0.5 * error(f).square().mean()),
            )
            .mistake(
                "root_taken",
                "This is the RMSE, the root of the MSE. It is easy to read, because it has the unit of the targets, \
                 but it is another loss with another gradient. Do not take the root.",
                computed(|f| error(f).square().mean().sqrt()),
            )
            .mistake("loss_in_whole_numbers", LOSS_IN_WHOLE_NUMBERS, |_| 0.0),
        loss_of_nothing("mse_loss_empty", "mse_loss", "mse_loss of nothing is NaN"),
        Check::new("mse_grad", "mse_grad", "mse_grad is 2 e / n", 2)
            .on(|draw| [pairs(draw), ties(draw), vec![nothing()]].concat())
            .computes(|f| gradient(f, "mse"))
            .mistake(
                "gradient_of_another_mse",
                "This is e / n_samples, the gradient of another loss: half of the squared errors, averaged over \
                 samples only. The MSE here is the mean of e² over all entries, so its gradient is 2 e / n, with n \
                 rows × columns.",
                computed(|f| error(f) / error(f).rows()),
            )
            .mistake("target_minus_prediction", TARGET_MINUS_PREDICTION, computed(|f| -error(f)))
            .mistake("target_minus_prediction", TARGET_MINUS_PREDICTION, computed(|f| -error(f) / error(f).count()))
            .mistake(
                "gradient_of_the_mae",
                "This is the gradient of the MAE: only the sign of the error is left. The slope of e² grows with e, \
                 so the gradient contains the error itself: 2 e / n.",
                computed(|f| gradient(f, "mae")),
            )
            .mistake(
                "squares_for_slopes",
                "These are the squared errors, which belong in the loss. The gradient is their derivative, 2 e / n, \
                 and is negative where a prediction is too low.",
                computed(|f| error(f).square() / error(f).count()),
            )
            .mistake("gradient_in_whole_numbers", GRADIENT_IN_WHOLE_NUMBERS, zeros_unless_empty)
            .mistake("gradient_in_whole_numbers", GRADIENT_IN_WHOLE_NUMBERS, |c| {
                Array2::zeros(c.matrix("y_true").dim())
            }),
        slope("mse_slope", "mse_grad", "mse_loss", "mse_grad agrees with the slope measured on mse_loss"),
        Check::new("shapes", "shapes", "targets and predictions of different shapes are refused", 1)
            .about("mae_loss")
            .on(|draw| [equal_shapes(draw), different_shapes()].concat())
            .expects(|c| match c.text("function") {
                _ if !agree_in_shape(c, "y_true", "y_pred") => Prediction::Panics,
                "mae_loss" | "mse_loss" => shape_of_answer(&[]),
                _ => shape_of_answer(c.matrix("y_true").shape()),
            })
            .mistake_if("shapes_not_compared", SHAPES_NOT_COMPARED, |c, _| !agree_in_shape(c, "y_true", "y_pred")),
        Check::new("direction", "descent", "direction goes against the gradient", 1)
            .on(|draw| {
                let fixed = [0.25, -0.25, 0.0, 1e-9, -1e-9];
                let drawn = draw::vector(draw, 8, 3.0);
                fixed.iter().chain(&drawn).map(|gradient| Record::new().with("gradient", *gradient)).collect()
            })
            .expects(|c| moves(c, ["raise", "keep", "lower"]))
            .mistake("with_the_gradient", WITH_THE_GRADIENT, |c| moves(c, ["lower", "keep", "raise"]))
            .mistake("with_the_gradient", WITH_THE_GRADIENT, |c| moves(c, ["lower", "raise", "raise"]))
            .mistake("with_the_gradient", WITH_THE_GRADIENT, |c| moves(c, ["lower", "lower", "raise"]))
            .mistake("flat_is_not_kept", FLAT_IS_NOT_KEPT, |c| moves(c, ["raise", "raise", "lower"]))
            .mistake("flat_is_not_kept", FLAT_IS_NOT_KEPT, |c| moves(c, ["raise", "lower", "lower"]))
            .mistake(
                "small_slope_kept",
                "A small gradient is treated as 0. But its sign still shows which way the loss falls: keep the \
                 prediction only if the gradient is exactly 0.",
                |c| if c.float("gradient").abs() < 1e-8 { "keep" } else { moves(c, ["raise", "keep", "lower"]) },
            ),
        descend("descend_mae", "mae", "mae_grad", "descend takes one step down the MAE"),
        descend("descend_mse", "mse", "mse_grad", "descend takes one step down the MSE"),
        outlier_report("outlier_mae", "mae", "mae_loss", "outlier_report measures what happens to the MAE"),
        outlier_report("outlier_mse", "mse", "mse_loss", "outlier_report measures what happens to the MSE")
            .after("shapes")
            .on(|draw| [outliers(draw), outliers_of_other_shapes()].concat()),
        Check::new("best_constant_mse", "best_constant", "the best constant for the MSE is the mean", 1)
            .asks("best_constant")
            .on(|draw| odd_counts(draw, "mse"))
            .computes(|f| f.input("y").mean())
            .mistake("midrange", MIDRANGE, computed(midrange)),
        Check::new("best_constant_mae", "best_constant", "the best constant for the MAE is the median", 1)
            .asks("best_constant")
            .on(|draw| odd_counts(draw, "mae"))
            .computes(|f| f.input("y").median())
            .mistake("mean_for_the_mae", MEAN_FOR_THE_MAE, computed(|f| f.input("y").mean()))
            .mistake(
                "median_without_sorting",
                "This is the value in the middle of the unsorted list. The median is the middle value *by size*: sort \
                 a copy first.",
                |c| c.vector("y")[n_values(c) / 2],
            )
            .mistake("median_one_too_far", MEDIAN_ONE_TOO_FAR, |c| middle(c, 1))
            .mistake("median_one_too_far", MEDIAN_ONE_TOO_FAR, |c| middle(c, -1))
            .mistake("two_in_the_middle_of_an_odd_count", TWO_OF_AN_ODD_COUNT, |c| 0.5 * (middle(c, -1) + middle(c, 0)))
            .mistake("two_in_the_middle_of_an_odd_count", TWO_OF_AN_ODD_COUNT, |c| 0.5 * (middle(c, 0) + middle(c, 1)))
            .mistake(
                "repeated_values_dropped",
                "This is the median of the different values. A value that occurs three times counts three times: keep \
                 all of them.",
                |c| {
                    let mut different = c.vector("y").to_vec();
                    different.sort_by(f64::total_cmp);
                    different.dedup();
                    0.5 * (different[(different.len() - 1) / 2] + different[different.len() / 2])
                },
            )
            .mistake("only_one_of_the_two_halved", ONLY_ONE_HALVED, |c| 1.5 * middle(c, 0))
            .mistake("midrange", MIDRANGE, computed(midrange)),
        Check::new("best_constant_even", "best_constant", "of two values in the middle the median is halfway", 1)
            .asks("best_constant")
            .after("best_constant_mae")
            .on(|draw| {
                [array![50.0, 1.0, 4.0, 2.0], array![3.0, 1.0], draw::vector(draw, 6, 9.0)]
                    .map(|y| Record::new().with("y", y).with("loss", "mae"))
                    .to_vec()
            })
            .computes(|f| f.input("y").median())
            .mistake("upper_of_the_two", ONE_OF_THE_TWO, |c| middle(c, 0))
            .mistake("lower_of_the_two", ONE_OF_THE_TWO, |c| middle(c, -1))
            .mistake("mean_for_the_mae", MEAN_FOR_THE_MAE, computed(|f| f.input("y").mean()))
            .mistake("only_one_of_the_two_halved", ONLY_ONE_HALVED, |c| 0.5 * middle(c, -1) + middle(c, 0))
            .mistake("only_one_of_the_two_halved", ONLY_ONE_HALVED, |c| 0.5 * middle(c, 0) + middle(c, -1))
            .mistake(
                "pair_one_too_far",
                "The two values that you average are not the two in the middle: indices start at 0, so among 4 sorted \
                 values these have the indices 1 and 2.",
                |c| {
                    if c.vector("y").len() == 2 {
                        Prediction::Panics
                    } else {
                        (0.5 * (middle(c, 0) + middle(c, 1))).into()
                    }
                },
            ),
        Check::new("best_constant_empty", "best_constant", "there is no best constant for no values", 1)
            .asks("best_constant")
            .after("best_constant_mae")
            .on(|draw| {
                [("mae", draw::vector(draw, 3, 9.0)), ("mse", array![]), ("mae", array![])]
                    .map(|(loss, y)| Record::new().with("y", y).with("loss", loss))
                    .to_vec()
            })
            .expects(|c| if n_values(c) == 0 { Value::Nothing } else { middle(c, 0).into() })
            .mistake_panics("no_constant_panics", NO_CONSTANT_PANICS, |c| n_values(c) == 0)
            .mistake("no_constant_panics", NO_CONSTANT_PANICS, |c| match (n_values(c), c.text("loss")) {
                (0, "mae") => Prediction::Panics,
                (0, _) => Prediction::from(Value::Nothing),
                _ => middle(c, 0).into(),
            })
            .mistake_if(
                "answer_for_nothing",
                "With no values there is no best constant, and yet you return a `Some`. Return `None`, for both \
                 losses.",
                |c, seen| n_values(c) == 0 && seen.result() != Some(&Value::Nothing),
            ),
        fit_constant("fit_constant_mse", "mse", "mse_grad", "fit_constant approaches the mean"),
        fit_constant("fit_constant_mae", "mae", "mae_grad_ties", "fit_constant approaches the median"),
    ]
}

const LOSS_IN_WHOLE_NUMBERS: &str = "The loss is 0 whatever the predictions are. Perhaps your code divides two \
    integers, as in `1 / n`: 1 / 4 is 0 in Rust. Write `n as f64` before you divide.";
const TARGET_MINUS_PREDICTION: &str = "This is (y_true - y_pred) / n: the sign is wrong, and the 2 of the derivative \
    is missing. Some programs *add* such a correction. The gradient is 2 · (y_pred - y_true) / n, and is subtracted.";
const GRADIENT_IN_WHOLE_NUMBERS: &str = "Wherever there are entries, the gradient is 0. Perhaps your code divides two \
    integers, as in `1 / n` or `2 / n`: 1 / 4 is 0 in Rust, and 1 / 0 panics. Write `n as f64` before you divide.";
const SHAPES_NOT_COMPARED: &str = "The targets have another shape than the predictions, and your code continues. \
     Compare `.dim()` of both first, with `assert_eq!`, in all four functions; it is not enough to count the \
     entries, since (3, 1) and (1, 3) have three each. Without it `-` broadcasts, or `zip` stops at the shorter one, \
     and a mistake of the caller stays hidden.";
const WITH_THE_GRADIENT: &str = "This is the wrong direction. Where the gradient is positive, the loss rises with the \
    prediction, so the prediction has to be lowered. (Some tutorials get this wrong.)";
const FLAT_IS_NOT_KEPT: &str = "\
    Where the gradient is 0, a small move changes nothing, so the prediction is kept. There are three cases: above 0, \
    below 0, and 0.";
const MIDRANGE: &str = "This is the point halfway between the smallest and the largest value. It depends on these two \
    alone, so a single outlier changes it a lot. The best constant for the MSE is the mean of all values, for the MAE \
    the median.";
const TWO_OF_AN_ODD_COUNT: &str =
    "You average two values, but with an odd number of them there is one in the middle: take that one.";
const ONLY_ONE_HALVED: &str = "Only one of the values in the middle is halved, and the other one is added to it. `0.5 * a \
    + b` needs brackets, `0.5 * (a + b)`: that is the median for an odd number of values as well, where a and b are the \
    same.";
const MEDIAN_ONE_TOO_FAR: &str =
    "This is a neighbour of the median. Indices start at 0, so among 5 sorted values the middle one has the index 2.";
const MEAN_FOR_THE_MAE: &str = "This is the mean, the best constant for the MSE. For the MAE it is the median: there \
    are as many values above it as below, so the slopes of 1/n cancel, however far away the values are.";
const ONE_OF_THE_TWO: &str = "With an even number of values there are two in the middle, and you return one of them. \
    Its MAE is the same as that of any point between the two, but this course defines the median as the point halfway \
    between them.";
const NO_CONSTANT_PANICS: &str = "Your code panics when there are no values: there is no middle value and no mean. \
    Return `None` in this case. (`y.mean()` returns `None` by itself.)";

/// What there is without entries.
fn loss_of_nothing(id: &'static str, loss: &'static str, title: &'static str) -> Check {
    let right = move |c: &Record| computed(|f| loss_of(&error(f), &loss[..3]))(c);
    Check::new(id, loss, title, 1)
        .asks(loss)
        .after(loss)
        .on(|draw| vec![lesson_pair(), drawn_pair(draw, (2, 3)), nothing()])
        .expects(right)
        .mistake(
            "nothing_is_perfect",
            "Without entries your loss is 0, as if the predictions were perfect. Nothing was measured, so the loss \
             should be NaN: the sum, 0, divided by the count, 0.0, is NaN.",
            move |c| if is_empty(c) { 0.0.into() } else { right(c) },
        )
        .mistake_panics(
            "panics_on_nothing",
            "Your code panics when there are no entries. `.mean()` is an `Option` in ndarray, `None` if there is \
             nothing to average, so `unwrap` panics. An integer division by 0 panics as well. The sum divided by the \
             count, both `f64`, is NaN, as it should be.",
            is_empty,
        )
}

/// `gradient` against the slope that is measured on the learner's own `loss`, which the judge knows as well.
fn slope(id: &'static str, gradient: &'static str, loss: &'static str, title: &'static str) -> Check {
    Check::new(id, gradient, title, 1)
        .about(gradient)
        .after(loss)
        .on(|draw| vec![several_outputs(), drawn_pair(draw, (3, 2))])
        .demands(move |c, seen| {
            let (claimed, measured) = (seen.matrix("gradient"), seen.matrix("slope of the loss"));
            let right = computed(|f| self::gradient(f, &loss[..3]))(c);
            let right = right.matrix("result");
            if claimed.dim() != right.dim() {
                let (wrong, right) = (claimed.dim(), right.dim());
                return Err(format!("The gradient has the shape {wrong:?}, not {right:?} as the predictions have."));
            }
            // Central differences of a parabola and of a straight line are exact up to rounding, 1e-16 / 1e-4.
            let agree = |one: f64, other: f64| (one - other).abs() < 1e-8;
            for (index, right) in right.indexed_iter() {
                let (claimed, measured, (row, column)) = (claimed[index], measured[index], index);
                let slope =
                    format!("The slope of your {loss} along y_pred[{row}, {column}], measured, is {measured:.4}");
                if !agree(measured, *right) {
                    return Err(format!("{slope} instead of {right:.4}."));
                }
                if !agree(claimed, measured) {
                    return Err(format!("{slope}; your {gradient} returns {claimed:.4}."));
                }
            }
            Ok(())
        })
}

/// One step down `loss`.
fn descend(id: &'static str, loss: &'static str, after: &'static str, title: &'static str) -> Check {
    Check::new(id, "descent", title, 1)
        .asks("descend")
        .after(after)
        .on(move |draw| {
            [(lesson_pair(), 0.4), (drawn_pair(draw, (2, 3)), 1.5)]
                .map(|(pair, rate)| pair.with("loss", loss).with("learning_rate", rate))
                .to_vec()
        })
        .computes(move |f| f.input("y_pred") - step(f, loss))
        .mistake(
            "step_uphill",
            "The step goes uphill: the loss is larger than before. Either the gradient is added: it points to where the \
             loss rises, so subtract it. Or its two arguments are swapped: `y_true` comes first.",
            computed(move |f| f.input("y_pred") + step(f, loss)),
        )
        .mistake(
            "step_averaged_again",
            "The step is n times too short: the gradient already contains the 1/n of the mean. Divide only once, in \
             the gradient.",
            computed(move |f| f.input("y_pred") - step(f, loss) / f.input("y_pred").count()),
        )
        .mistake(
            "loss_for_the_gradient",
            "The loss itself is subtracted, the same number from every prediction. Subtract the gradient, \
             `loss.grad(…)`: it contains the direction for each prediction.",
            computed(move |f| f.input("y_pred") - f.input("learning_rate") * loss_of(&error(f), loss)),
        )
        .mistake(
            "step_for_the_result",
            "This is the step alone, learning rate times gradient. Return the new predictions: the old ones minus \
             that step.",
            computed(move |f| step(f, loss)),
        )
        .mistake(
            "loss_kind_ignored",
            "This is a step for the other loss. Use the argument `loss`: its gradient is `loss.grad(…)`.",
            computed(move |f| f.input("y_pred") - step(f, if loss == "mae" { "mse" } else { "mae" })),
        )
}

/// The part of the report that is about `loss`.
fn outlier_report(id: &'static str, loss: &'static str, after: &'static str, title: &'static str) -> Check {
    let names = match loss {
        "mae" => ["normal_mae", "outlier_mae", "mae_ratio"],
        _ => ["normal_mse", "outlier_mse", "mse_ratio"],
    };
    let other = match loss {
        "mae" => ("mse", ["normal_mse", "outlier_mse"]),
        _ => ("mae", ["normal_mae", "outlier_mae"]),
    };
    let fits = |c: &Record| agree_in_shape(c, "y_true", "normal") && agree_in_shape(c, "y_true", "outlier");
    let report = move |f: &Formula, ratio: fn(&Num, &Num) -> Num| {
        let y_true = f.input("y_true");
        // The report has the other loss as well, which may stand in the place of this one.
        let (other, [other_normal, other_outlier]) = other;
        let of_other = |predictions: &str| loss_of(&(f.input(predictions) - &y_true), other);
        let _ = (of_other("normal").named(other_normal), of_other("outlier").named(other_outlier));
        let normal = loss_of(&(f.input("normal") - &y_true), loss).named(names[0]);
        let outlier = loss_of(&(f.input("outlier") - &y_true), loss).named(names[1]);
        let ratio = ratio(&outlier, &normal);
        [(names[0], normal), (names[1], outlier), (names[2], ratio)]
    };
    Check::new(id, "outlier_report", title, 1)
        .asks("outlier_report")
        .after(after)
        .on(outliers)
        .computes(move |f| report(f, |outlier, normal| outlier / normal))
        .panics_where("the arrays have different shapes", move |c| !fits(c))
        .mistake(
            "perfect_has_no_ratio",
            "Where the normal predictions are perfect, your ratio is 0, as if the outlier had no effect. The ratio \
             should be infinite, and the division by 0.0 gives that without a special case.",
            computed(move |f| {
                report(f, |outlier, normal| {
                    let is_perfect = normal.equals(&(0.0 * normal));
                    is_perfect.choose(&(0.0 * normal), &(outlier / normal))
                })
            }),
        )
        .mistake_if(
            "shapes_not_compared",
            "One of the two sets of predictions has another shape than the targets, and your code continues. \
             `mae_loss` and `mse_loss` compare the shapes: call them, or compare `.dim()` yourself.",
            move |c, _| !fits(c),
        )
}

/// The way to the best constant.
fn fit_constant(id: &'static str, loss: &'static str, after: &'static str, title: &'static str) -> Check {
    Check::new(id, "fit_constant", title, 1)
        .asks("fit_constant")
        .after(after)
        .on(move |draw| {
            let walk = |y: Array1<f64>, start: f64, rate: f64, steps: usize| {
                Record::new()
                    .with("y", y)
                    .with("loss", loss)
                    .with("start", start)
                    .with("learning_rate", rate)
                    .with("steps", steps)
            };
            if loss == "mse" {
                vec![
                    walk(array![1.0, 2.0, 3.0, 4.0, 50.0], 0.5, 0.25, 6),
                    walk(draw::vector(draw, 4, 9.0), -2.0, 0.3, 5),
                ]
            } else {
                // With four values and dyadic steps all sums are exact, also where c meets a value; with three values
                // c steps to and fro between -0.9 and -1.15 and meets none.
                let drawn = (0..4).map(|_| draw::number(draw, 9.0).round()).collect();
                vec![
                    walk(array![50.0, 1.0, 4.0, 2.0], 7.0, 1.0, 8),
                    walk(array![3.0, -1.0, -2.0], 5.1, 0.75, 20),
                    walk(drawn, 10.0, 1.0, 15),
                    walk(array![3.0, -1.0, -2.0], 5.1, 0.75, 0),
                ]
            }
        })
        .computes(move |f| f.vector(&path(f, Num::sum)))
        .mistake(
            "step_uphill",
            "The steps go uphill. The loss rises in the direction of the slope, so the slope is subtracted.",
            computed(|f| f.vector(&path(f, |gradient| -gradient.sum()))),
        )
        .mistake(
            "slope_averaged_again",
            "Your steps are n times too short. Raising the constant raises all n predictions, so their slopes add up; \
             the 1/n of the mean is in the gradient already. Take the sum of its entries, not their mean.",
            computed(|f| f.vector(&path(f, Num::mean))),
        )
        .mistake(
            "steps_from_zero",
            "The list begins with `start`, but the steps begin at 0. Take the first step from `start`.",
            computed(|f| f.vector(&path_from(f, &f.number(0.0), Num::sum))),
        )
        .mistake(
            "start_left_out",
            "The list begins with the first step. It should begin with `start` itself, so that it has `steps + 1` \
             numbers.",
            computed(|f| f.vector(&path(f, Num::sum)[1..])),
        )
        .mistake(
            "last_step_left_out",
            "The last step is missing. The path has `steps + 1` numbers: `start`, and one after each step.",
            computed(|f| f.vector(&path(f, Num::sum)[..f.case().count("steps").max(1)])),
        )
}

/// The constants on the way to the best one. `slope` makes the slope along the constant of the gradient.
fn path(f: &Formula, slope: fn(&Num) -> Num) -> Vec<Num> {
    path_from(f, &f.input("start"), slope)
}

/// The same, if the first step is taken from another place than the start.
fn path_from(f: &Formula, from: &Num, slope: fn(&Num) -> Num) -> Vec<Num> {
    let (y, rate) = (f.input("y"), f.input("learning_rate"));
    let mut c = from.named("c");
    let mut path = vec![f.input("start")];
    for _ in 0..f.times("steps") {
        let error = (&c - &y).named("error");
        let gradient = (slope_of(&error, f.case().text("loss")) / y.count()).named("gradient");
        c = (&c - &rate * slope(&gradient)).named("c");
        path.push(c.clone());
    }
    path
}

/// The example of the lesson: four samples, one output.
fn lesson_pair() -> Record {
    Record::new().with("y_true", array![[1.0], [2.0], [3.0], [4.0]]).with("y_pred", array![[1.2], [1.8], [3.1], [4.5]])
}

/// Two samples with three outputs, so that rows, columns and entries are three different numbers.
fn several_outputs() -> Record {
    Record::new()
        .with("y_true", array![[0.0, 2.0, 1.0], [5.0, 4.0, 1.0]])
        .with("y_pred", array![[1.0, 2.5, 0.0], [3.0, 4.5, -1.5]])
}

/// Predictions that miss their targets by 0.1 to 3, upwards and downwards.
fn drawn_pair(draw: &mut probe::Generator, shape: (usize, usize)) -> Record {
    let y_true = draw::matrix(draw, shape, 5.0);
    let errors = draw::matrix(draw, shape, 2.9).mapv(|e| if e < 0.0 { e - 0.1 } else { e + 0.1 });
    Record::new().with("y_pred", &y_true + &errors).with("y_true", y_true)
}

/// Pairs without a tie. In the first two the errors have means of different signs.
fn pairs(draw: &mut probe::Generator) -> Vec<Record> {
    let three = Record::new().with("y_true", array![[1.5], [2.5], [2.5]]).with("y_pred", array![[1.0], [2.0], [3.0]]);
    vec![lesson_pair(), three, several_outputs(), drawn_pair(draw, (3, 2))]
}

/// Pairs in which some predictions are right.
fn ties(draw: &mut probe::Generator) -> Vec<Record> {
    let lesson = Record::new()
        .with("y_true", array![[0.0, 2.0, 1.0], [5.0, 4.0, 1.0]])
        .with("y_pred", array![[1.0, 2.0, 0.0], [3.0, 4.5, 1.0]]);
    let drawn = drawn_pair(draw, (4, 3));
    let mut y_pred = drawn.matrix("y_pred").to_owned();
    y_pred[[1, 0]] = drawn.matrix("y_true")[[1, 0]];
    let drawn = Record::new().with("y_true", drawn.matrix("y_true").to_owned()).with("y_pred", y_pred);
    let square =
        Record::new().with("y_true", array![[0.0, 2.0], [5.0, 4.0]]).with("y_pred", array![[1.0, 2.0], [3.0, 4.0]]);
    vec![lesson, square, drawn]
}

/// Predictions that are off by very little, upwards and downwards, and one that is right.
fn tiny_errors(draw: &mut probe::Generator) -> Record {
    let size = 1e-10 * (2.0 + draw::number(draw, 1.0));
    Record::new().with("y_true", array![[0.0, 0.0], [0.0, 1.0]]).with("y_pred", array![[1e-7, -size], [1e-13, 1.0]])
}

fn agree_in_shape(c: &Record, one: &str, other: &str) -> bool {
    c.matrix(one).dim() == c.matrix(other).dim()
}

/// Nothing is expected of the numbers of an answer, only that there is one.
fn shape_of_answer(shape: &[usize]) -> Prediction {
    Record::new().with("shape of the answer", shape.to_vec()).into()
}

/// Targets and predictions of drawn but equal shapes, for each of the four functions.
fn equal_shapes(draw: &mut probe::Generator) -> Vec<Record> {
    let mut up_to_five = || 1 + (draw::number(draw, 4.0).abs() as usize);
    let functions = ["mae_loss", "mae_grad", "mse_loss", "mse_grad"];
    let shapes = functions.map(|function| (function, (up_to_five(), up_to_five())));
    shapes.map(|(function, shape)| drawn_pair(draw, shape).with("function", function)).to_vec()
}

/// A column and a row, different columns, and different rows, for each of the four functions.
fn different_shapes() -> Vec<Record> {
    let pairs: [[Array2<f64>; 2]; 3] = [
        [array![[1.0], [2.0], [3.0]], array![[1.5, 2.5, 3.5]]],
        [array![[1.0], [2.0]], array![[1.5, 0.5], [2.5, 1.5]]],
        [array![[1.0, 2.0], [3.0, 4.0]], array![[1.5, 2.5]]],
    ];
    let functions = ["mae_loss", "mae_grad", "mse_loss", "mse_grad"];
    let case = |function, [y_true, y_pred]: [Array2<f64>; 2]| {
        Record::new().with("function", function).with("y_true", y_true).with("y_pred", y_pred)
    };
    functions.into_iter().flat_map(|function| pairs.clone().map(|pair| case(function, pair))).collect()
}

/// No samples of three outputs.
fn nothing() -> Record {
    Record::new().with("y_true", Array2::zeros((0, 3))).with("y_pred", Array2::zeros((0, 3)))
}

/// The example of the lesson, a drawn one, and one whose normal predictions are perfect.
fn outliers(draw: &mut probe::Generator) -> Vec<Record> {
    let report =
        |y_true, normal, outlier| Record::new().with("y_true", y_true).with("normal", normal).with("outlier", outlier);
    let lesson: [Array2<f64>; 3] = [
        array![[1.0], [2.0], [3.0], [4.0], [5.0]],
        array![[1.1], [1.9], [3.1], [3.9], [5.1]],
        array![[1.1], [1.9], [3.1], [3.9], [15.0]],
    ];
    let [y_true, normal, outlier] = lesson;
    let drawn = drawn_pair(draw, (3, 2));
    let mut wild = drawn.matrix("y_pred").to_owned();
    wild[[1, 1]] += 20.0;
    vec![
        report(y_true, normal, outlier),
        report(drawn.matrix("y_true").to_owned(), drawn.matrix("y_pred").to_owned(), wild),
        report(array![[1.0, 2.0]], array![[1.0, 2.0]], array![[1.0, 8.0]]),
    ]
}

/// Predictions that do not fit the targets, with and without the outlier.
fn outliers_of_other_shapes() -> Vec<Record> {
    let column = array![[1.0], [2.0], [3.0]];
    let report = |normal: Array2<f64>, outlier: Array2<f64>| {
        Record::new().with("y_true", column.clone()).with("normal", normal).with("outlier", outlier)
    };
    let wrong = array![[1.5, 2.5, 9.5]];
    vec![report(column.mapv(|y| y + 0.5), wrong.clone()), report(wrong, column.mapv(|y| y + 2.5))]
}

fn odd_counts(draw: &mut probe::Generator, loss: &str) -> Vec<Record> {
    let repeated = array![4.0, 2.0, 2.0, 30.0, 2.0, 7.0, 3.0];
    let fixed = [array![4.0, 1.0, 50.0, 3.0, 2.0], array![-3.0, 0.5, 2.0, -8.0, 1.0], repeated];
    let drawn = [draw::vector(draw, 7, 9.0), draw::vector(draw, 5, 9.0) + 10.0];
    let cases = fixed.into_iter().chain(drawn);
    cases.map(|y| Record::new().with("y", y).with("loss", loss)).collect()
}

fn error(f: &Formula) -> Num {
    (f.input("y_pred") - f.input("y_true")).named("e")
}

/// The mean over all entries of the error.
fn loss_of(e: &Num, loss: &str) -> Num {
    if loss == "mae" { e.abs().mean() } else { e.square().mean() }
}

/// The slope of what the loss is the mean of.
fn slope_of(e: &Num, loss: &str) -> Num {
    if loss == "mae" { e.sign() } else { 2.0 * e }
}

fn gradient(f: &Formula, loss: &str) -> Num {
    let e = error(f);
    let _ = loss_of(&e, loss).named("loss");
    slope_of(&e, loss) / e.count()
}

/// What a step down the loss subtracts.
fn step(f: &Formula, loss: &str) -> Num {
    let gradient = gradient(f, loss).named("gradient");
    f.input("learning_rate") * gradient
}

fn is_empty(c: &Record) -> bool {
    c.matrix("y_true").is_empty()
}

/// What divisions of whole numbers lead to.
fn zeros_unless_empty(c: &Record) -> Prediction {
    if is_empty(c) { Prediction::Panics } else { Array2::zeros(c.matrix("y_true").dim()).into() }
}

/// What a prediction does whose slope is below, at and above 0.
fn moves(c: &Record, [below, at, above]: [&'static str; 3]) -> &'static str {
    match c.float("gradient") {
        slope if slope < 0.0 => below,
        slope if slope > 0.0 => above,
        _ => at,
    }
}

fn n_values(c: &Record) -> usize {
    c.vector("y").len()
}

fn midrange(f: &Formula) -> Num {
    let y = f.input("y");
    0.5 * (y.aggregate(Aggregate::Min, Over::All) + y.max())
}

/// The middle value by size, or a neighbour of it; of two in the middle the upper one.
fn middle(c: &Record, offset: isize) -> f64 {
    let mut sorted = c.vector("y").to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[(sorted.len() / 2).saturating_add_signed(offset)]
}
