//! What is right in exercise 2, and what is commonly got wrong.

use std::f64::consts::PI;

use probe::Generator;

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("relu", "relu", "relu keeps positive numbers and replaces all others by 0", 1)
            .on(|draw| numbers(&[2.5, -1.5, 0.5, 0.0, 800.0, -800.0, below(draw), above(draw)]))
            .computes(|f| f.input("z").relu())
            .within(Tolerance::EXACT)
            .mistake(
                "relu_upside_down",
                "Negative numbers are kept and positive ones become 0. ReLU does the opposite: it is the larger of z \
                 and 0.",
                |c| z(c).min(0.0),
            ),
        Check::new("relu_nan", "relu", "relu passes NaN on instead of hiding it", 1)
            .asks("relu")
            .after("relu")
            .on(|draw| numbers(&[f64::NAN, below(draw), above(draw)]))
            .expects(|c| if z(c).is_nan() { z(c) } else { relu(z(c)) })
            .mistake(
                "nan_hidden",
                "The input was NaN, and the output is 0. NaN is a sign of an earlier mistake, and this hides it. \
                 Every comparison with NaN is false, so `z > 0.0` leads to the `else`; and `max` of a number and NaN \
                 is the number. Which comparison leads to the branch that returns z if z is NaN?",
                |c| if z(c).is_nan() { 0.0 } else { relu(z(c)) },
            ),
        Check::new("relu_derivative", "relu", "relu_derivative is 1 on the right, 0 on the left and 0 at the kink", 1)
            .after("relu")
            .on(|draw| [numbers(&[2.5, 0.5, -1.5, 0.0, 800.0, -800.0]), on_either_side(draw)].concat())
            .computes(|f| f.input("z").above(&f.number(0.0)).real())
            .mistake(
                "relu_slope_one_at_zero",
                "At z = 0 this is 1. There ReLU has a kink: slope 0 on the left, 1 on the right. This course takes 0 \
                 there, so that a neuron whose sum is exactly 0 counts as switched off: `>`, not `>=`.",
                |c| f64::from(z(c) >= 0.0),
            )
            .mistake(
                "relu_slope_half_at_zero",
                "At z = 0 this is 1/2, the mean of the slopes on both sides. That is a possible convention, but this \
                 course takes 0.",
                |c| if z(c) == 0.0 { 0.5 } else { f64::from(z(c) > 0.0) },
            )
            .mistake(
                "relu_slope_is_relu",
                "For positive z this is z: the value of ReLU, not its slope. The line y = z has the slope 1, however \
                 large z is.",
                |c| relu(z(c)),
            )
            .mistake_if(
                "relu_slope_is_sign",
                "The slope is -1 for negative z. That is the slope of |z|. ReLU is flat there, so its slope is 0. \
                 (`signum` does not help: the sign of 0.0 is 1 in Rust.)",
                |c, seen| z(c) < 0.0 && seen.float("result") == -1.0,
            ),
        Check::new("leaky_relu", "leaky_relu", "leaky_relu is z on the right and alpha · z on the left", 1)
            .on(|draw| {
                let drawn = [below(draw), above(draw)].map(|z| with_alpha(z, 0.25));
                [(-2.0, 0.1), (3.0, 0.1), (0.0, 0.1), (-1.0, 2.0), (3.0, 2.0)]
                    .map(|(z, alpha)| with_alpha(z, alpha))
                    .into_iter()
                    .chain(drawn)
                    .collect()
            })
            .computes(|f| {
                let z = f.input("z");
                z.above(&f.number(0.0)).choose(&z, &(f.input("alpha") * &z))
            })
            .mistake(
                "leaky_is_max",
                "This is the larger of alpha · z and z. That is leaky ReLU only while alpha is at most 1: for alpha \
                 = 2 and z = -1 the larger one is -1, but alpha · z is -2. Decide by the sign of z.",
                |c| (alpha(c) * z(c)).max(z(c)),
            )
            .mistake(
                "alpha_ignored",
                "The left side has a slope of 0.01, whatever alpha is. 0.01 is only the usual choice: multiply by \
                 the argument `alpha`.",
                |c| leaky_relu(z(c), 0.01),
            )
            .mistake(
                "leak_forgotten",
                "This is plain ReLU: 0 for every negative z. Leaky ReLU is alpha · z there.",
                |c| relu(z(c)),
            )
            .mistake(
                "leak_on_both_sides",
                "Positive numbers are multiplied by alpha too. Then the function is one straight line. For positive z \
                 it should be z itself.",
                |c| alpha(c) * z(c),
            ),
        Check::new(
            "leaky_relu_derivative",
            "leaky_relu",
            "leaky_relu_derivative is 1 on the right, alpha on the left and at the kink",
            1,
        )
        .after("leaky_relu")
        .on(|draw| {
            let drawn = [below(draw), above(draw)].map(|z| with_alpha(z, above(draw)));
            [(-2.0, 0.1), (3.0, 0.1), (0.0, 0.1), (-1.0, 2.0), (0.5, 2.0), (0.0, 2.0)]
                .map(|(z, alpha)| with_alpha(z, alpha))
                .into_iter()
                .chain(drawn)
                .collect()
        })
        .computes(|f| f.input("z").above(&f.number(0.0)).choose(&f.number(1.0), &f.input("alpha")))
        .mistake(
            "leaky_slope_one_at_zero",
            "At z = 0 this is 1, the slope on the right. At the kink this course takes the slope on the left, alpha.",
            |c| if z(c) >= 0.0 { 1.0 } else { alpha(c) },
        )
        .mistake(
            "leaky_slope_zero_at_zero",
            "At z = 0 this is 0, as for ReLU. Leaky ReLU never has the slope 0: it is alpha on the left of the kink \
             and 1 on its right, and this course takes alpha there.",
            |c| if z(c) == 0.0 { 0.0 } else { leaky_slope(z(c), alpha(c)) },
        )
        .mistake(
            "leak_forgotten",
            "This is the slope of plain ReLU: 0 for negative z. The slope of leaky ReLU is alpha there.",
            |c| f64::from(z(c) > 0.0),
        )
        .mistake(
            "alpha_ignored",
            "The left side has a slope of 0.01, whatever alpha is: return the argument `alpha`.",
            |c| leaky_slope(z(c), 0.01),
        )
        .mistake(
            "leak_on_both_sides",
            "The slope is alpha on both sides. It is alpha on the left only; on the right leaky ReLU is the line z, \
             with the slope 1.",
            alpha,
        ),
        Check::new("elu", "elu", "elu is z on the right and alpha · (e^z - 1) on the left", 2)
            .on(elu_cases)
            .computes(elu_of)
            .mistake(
                "elu_without_minus_one",
                "For negative z this is alpha · e^z, which is the slope of ELU there. The value is alpha · (e^z - \
                 1): without the -1 it would jump at 0.",
                |c| if z(c) > 0.0 { z(c) } else { alpha(c) * z(c).exp() },
            )
            .mistake(
                "elu_minus_one_outside_the_bracket",
                "This is alpha · e^z - 1: the 1 is not multiplied by alpha, and ELU would jump at 0. The bracket \
                 comes first: alpha · (e^z - 1).",
                |c| if z(c) > 0.0 { z(c) } else { alpha(c) * z(c).exp() - 1.0 },
            )
            .mistake(
                "elu_alpha_on_the_right",
                "Positive numbers are multiplied by alpha too. Alpha belongs to the left side only; on the right ELU \
                 is z. (A factor on both sides is what SELU adds.)",
                |c| alpha(c) * elu(z(c), 1.0),
            )
            .mistake(
                "elu_alpha_in_the_exponent",
                "Alpha stands in the exponent: e^(alpha · z) - 1. It should be a factor in front of the bracket, so \
                 that ELU levels out at -alpha.",
                |c| if z(c) > 0.0 { z(c) } else { (alpha(c) * z(c)).exp_m1() },
            )
            .mistake(
                "elu_branch_forgotten",
                "The formula of the left side is used on the right too, where it grows without limit. For positive z \
                 ELU is z itself.",
                |c| alpha(c) * z(c).exp_m1(),
            )
            .mistake(
                "elu_is_max",
                "This is the larger of z and alpha · (e^z - 1). That is not ELU: decide by the sign of z.",
                |c| z(c).max(alpha(c) * z(c).exp_m1()),
            )
            .mistake(
                "elu_is_min",
                "This is the smaller of z and alpha · (e^z - 1). On the left the line z falls without limit, but ELU \
                 levels out: decide by the sign of z.",
                |c| z(c).min(alpha(c) * z(c).exp_m1()),
            ),
        Check::new("elu_extremes", "elu", "elu is z at 800 and -alpha at -800, and never NaN", 1)
            .asks("elu")
            .after("elu")
            .on(extremes)
            .computes(elu_of)
            .mistake_if(
                "infinity_times_zero",
                "The result is NaN. e^800 is infinite, and infinity times 0 is NaN, so multiplying a side by 0 does \
                 not remove it. Choose the side with `if`, which computes only one of them.",
                |_, seen| seen.float("result").is_nan(),
            ),
        Check::new("elu_tiny", "elu", "elu keeps twelve digits close to 0", 1)
            .asks("elu")
            .after("elu")
            .on(|draw| {
                let drawn = (1e-10 * below(draw), 2.0);
                [(-1e-10, 1.0), (-1e-10, 2.0), (-3e-12, 1.0), (-1e-5, 2.0), drawn]
                    .map(|(z, alpha)| with_alpha(z, alpha))
                    .to_vec()
            })
            .expects(|c| alpha(c) * (z(c) + z(c).powi(2) / 2.0 + z(c).powi(3) / 6.0))
            .within(Tolerance::relative(1e-12))
            .mistake(
                "digits_cancelled",
                "About nine of sixteen digits are lost. e^z is 0.9999999999 here, rounded in its 16th digit, and \
                 after subtracting 1 this rounding error is large. `f64` has a method that computes e^z - 1 \
                 accurately.",
                |c| alpha(c) * (z(c).exp() - 1.0),
            ),
        Check::new(
            "elu_derivative",
            "elu_derivative",
            "elu_derivative is 1 on the right and alpha · e^z on the left",
            1,
        )
        .after("elu")
        .on(|draw| {
            let mut cases = elu_cases(draw);
            cases.retain(|case| z(case) != 0.0);
            cases
        })
        .computes(elu_slope_of)
        .mistake(
            "elu_plus_alpha_everywhere",
            "This is elu(z) + alpha on both sides. That holds on the left only, where elu is alpha · e^z - alpha. On \
             the right ELU is the line z, and its slope is 1.",
            |c| elu(z(c), alpha(c)) + alpha(c),
        )
        .mistake(
            "elu_slope_is_elu",
            "For negative z this is the value of ELU, alpha · (e^z - 1). The slope of the constant -1 is 0, so it \
             disappears: alpha · e^z.",
            |c| if z(c) > 0.0 { 1.0 } else { elu(z(c), alpha(c)) },
        )
        .mistake(
            "elu_slope_alpha_on_the_right",
            "For positive z this is alpha. There ELU is the line z, and its slope is 1, whatever alpha is.",
            |c| if z(c) > 0.0 { alpha(c) } else { elu_slope(z(c), alpha(c)) },
        )
        .mistake(
            "elu_slope_is_elu_plus_one",
            "On the left this is elu(z) + 1. Add alpha, not 1: alpha · (e^z - 1) + alpha is alpha · e^z.",
            |c| if z(c) > 0.0 { 1.0 } else { elu(z(c), alpha(c)) + 1.0 },
        )
        .mistake(
            "elu_slope_z_on_the_right",
            "For positive z this is z: the value of ELU there, not its slope. The line y = z has the slope 1.",
            |c| if z(c) > 0.0 { z(c) } else { elu_slope(z(c), alpha(c)) },
        )
        .mistake(
            "elu_slope_is_relus",
            "For negative z this is 0, the slope of ReLU. ELU still rises there: its slope is alpha · e^z.",
            |c| f64::from(z(c) > 0.0),
        ),
        Check::new(
            "elu_derivative_at_zero",
            "elu_derivative",
            "elu_derivative at 0 is alpha, the slope of the left side",
            1,
        )
        .asks("elu_derivative")
        .after("elu_derivative")
        .on(|draw| [2.0, 0.5, 1.0, above(draw)].map(|alpha| with_alpha(0.0, alpha)).to_vec())
        .expects(alpha)
        .mistake(
            "elu_slope_one_at_zero",
            "At z = 0 this is 1, the slope on the right. With alpha = 1 both sides agree; with any other alpha there \
             is a kink, and this course takes the slope of the left side.",
            |_| 1.0,
        )
        .mistake(
            "elu_slope_mean_at_zero",
            "At z = 0 this is the mean of both slopes. That is a possible convention, but this course takes the slope \
             of the left side, alpha.",
            |c| 0.5 * (1.0 + alpha(c)),
        )
        .mistake(
            "elu_slope_zero_at_zero",
            "At z = 0 this is 0, as for ReLU. ELU is not flat there: on the left of the kink its slope is alpha.",
            |_| 0.0,
        ),
        Check::new(
            "elu_derivative_extremes",
            "elu_derivative",
            "elu_derivative is 1 at 800 and 0 at -800, and never NaN",
            1,
        )
        .asks("elu_derivative")
        .after("elu_derivative")
        .on(extremes)
        .computes(elu_slope_of)
        .mistake_if(
            "infinity_times_zero",
            "The slope is NaN. e^800 is infinite, and infinity times 0 is NaN, so multiplying a side by 0 does not \
             remove it. Choose the side with `if`, which computes only one of them.",
            |_, seen| seen.float("result").is_nan(),
        ),
        Check::new("elu_slope", "elu_derivative", "elu_derivative is the slope that elu really has", 1)
            .about("elu_derivative")
            .about("elu")
            .after("elu_derivative")
            .on(|draw| [0.5, 2.0].map(|alpha| steps(draw, Record::new().with("alpha", alpha))).to_vec())
            .demands(slope_agrees),
        Check::new("elu_array", "elu_array", "elu_array is elu of every entry", 1)
            .after("elu_derivative")
            .after("elu_extremes")
            .on(arrays)
            .computes(elu_of)
            .mistake(
                "alpha_ignored",
                "Every entry is the ELU with alpha = 1: the array function has to pass its `alpha` on.",
                |c| c.vector("z").mapv(|z| elu(z, 1.0)),
            )
            .mistake("arguments_swapped", ARGUMENTS_SWAPPED, |c| c.vector("z").mapv(|z| elu(alpha(c), z)))
            .mistake(
                "slopes_for_values",
                "These are slopes: elu_derivative is applied to each entry. It should be elu.",
                |c| c.vector("z").mapv(|z| elu_slope(z, alpha(c))),
            )
            .mistake(
                "elu_branch_forgotten",
                "The formula of the left side is applied to all entries, positive ones too. Use your `elu` on each \
                 entry.",
                |c| c.vector("z").mapv(|z| alpha(c) * z.exp_m1()),
            ),
        Check::new("elu_derivative_array", "elu_array", "elu_derivative_array is elu_derivative of every entry", 1)
            .after("elu_array")
            .after("elu_derivative_at_zero")
            .after("elu_derivative_extremes")
            .on(arrays)
            .computes(elu_slope_of)
            .mistake(
                "alpha_ignored",
                "Every entry is the slope for alpha = 1: the array function has to pass its `alpha` on.",
                |c| c.vector("z").mapv(|z| elu_slope(z, 1.0)),
            )
            .mistake("arguments_swapped", ARGUMENTS_SWAPPED, |c| c.vector("z").mapv(|z| elu_slope(alpha(c), z)))
            .mistake(
                "elu_plus_alpha_everywhere",
                "This is elu_array + alpha. It holds for entries on the left only; on the right the slope is 1. Use \
                 your `elu_derivative` on each entry.",
                |c| c.vector("z").mapv(|z| elu(z, alpha(c)) + alpha(c)),
            )
            .mistake(
                "values_for_slopes",
                "These are values: elu is applied to each entry. It should be elu_derivative.",
                |c| c.vector("z").mapv(|z| elu(z, alpha(c))),
            )
            .mistake(
                "slope_at_the_activation",
                "elu is applied to the entries before their slope is taken. `z` is the pre-activation: take the slope \
                 at z, not at elu(z).",
                |c| c.vector("z").mapv(|z| elu_slope(elu(z, alpha(c)), alpha(c))),
            ),
        Check::new("elu_of_column", "elu_array", "both array functions take the column of a matrix", 1)
            .about("elu_array")
            .about("elu_derivative_array")
            .after("elu_derivative_array")
            .on(|draw| {
                let narrow = array![[-2.0], [-1.0], [3.0]];
                let wide = draw::matrix(draw, (4, 3), 2.0);
                vec![
                    Record::new().with("matrix", narrow).with("column", 0_usize).with("alpha", 2.0),
                    Record::new().with("matrix", wide).with("column", 1_usize).with("alpha", 2.0),
                ]
            })
            .expects(of_column)
            .mistake(
                "as_slice_of_a_column",
                "`as_slice` is `None` here: the entries of a column are not next to each other in memory, so they are \
                 not a slice. `mapv` and `iter` work for any layout.",
                |c| {
                    if c.matrix("matrix").ncols() == 1 { Prediction::from(of_column(c)) } else { Prediction::Panics }
                },
            ),
        Check::new("elu_curve", "elu_array", "from -3 to 3 ELU only rises, and it stays above -alpha", 1)
            .about("elu_array")
            .about("elu_derivative_array")
            .after("elu_of_column")
            .on(|draw| {
                let grid = Array1::linspace(-3.0, 3.0, 13);
                [0.5, 1.0, 2.0, above(draw)]
                    .map(|alpha| Record::new().with("z", grid.clone()).with("alpha", alpha))
                    .to_vec()
            })
            .demands(follows_elu),
        Check::new("sigmoid", "sigmoid", "sigmoid is 1 / (1 + e^-z)", 1)
            .on(|draw| numbers(&[2.0, 0.0, -1.0, below(draw), above(draw)]))
            .computes(|f| 1.0 / (1.0 + (-f.input("z")).exp()))
            .mistake(
                "sigmoid_without_brackets",
                "This is 1/1 + e^-z: division comes before addition. Put the denominator in brackets: 1 / (1 + \
                 e^-z).",
                |c| 1.0 + (-z(c)).exp(),
            )
            .mistake(
                "minus_binds_late",
                "`-z.exp()` is -(e^z): a method binds tighter than the minus in front of it. e^-z is `(-z).exp()`.",
                |c| 1.0 / (1.0 - z(c).exp()),
            )
            .mistake(
                "tanh_for_sigmoid",
                "This is tanh, which lies between -1 and 1. The sigmoid lies between 0 and 1, and is 1/2 at 0.",
                |c| z(c).tanh(),
            ),
        Check::new("sigmoid_large", "sigmoid", "sigmoid is 1 at 1000 and 0 at -1000, and never NaN", 1)
            .asks("sigmoid")
            .after("sigmoid")
            .on(far_out)
            .expects(|c| sigmoid(z(c)))
            .mistake_if(
                "infinity_over_infinity",
                "The result is NaN: e^800 is infinite, and infinity divided by infinity is NaN. Written as 1 / (1 + \
                 e^-z), only the denominator can become infinite, and 1 divided by infinity is 0.",
                |_, seen| seen.float("result").is_nan(),
            ),
        Check::new(
            "sigmoid_derivative",
            "sigmoid",
            "sigmoid_derivative is the slope of sigmoid at the pre-activation z",
            1,
        )
        .after("sigmoid_large")
        .on(|draw| numbers(&[2.0, 0.0, -1.0, below(draw), above(draw)]))
        .computes(|f| {
            let s = f.input("z").sigmoid().named("s");
            &s * (1.0 - &s)
        })
        .mistake(
            "takes_the_activation",
            "This is z · (1 - z). That is right only if z is already the output of the sigmoid. Here z is the \
             pre-activation: compute its sigmoid s first, then s · (1 - s).",
            |c| z(c) * (1.0 - z(c)),
        )
        .mistake(
            "slope_at_the_activation",
            "The sigmoid is applied once too often: this is the slope at σ(z), not at z. The derivative takes the \
             pre-activation.",
            |c| sigmoid_slope(sigmoid(z(c))),
        )
        .mistake(
            "sigmoid_slope_is_square",
            "This is the sigmoid times itself. The second factor is 1 - σ(z): the slope approaches 0 on both sides, \
             not only on the left.",
            |c| sigmoid(z(c)).powi(2),
        )
        .mistake(
            "sigmoid_slope_is_complement",
            "This is 1 - σ(z), only one of two factors: σ(z) · (1 - σ(z)). (Written as a fraction, the slope has a \
             squared denominator.)",
            |c| sigmoid(-z(c)),
        ),
        Check::new("sigmoid_derivative_at_40", "sigmoid", "sigmoid_derivative keeps its digits at z = 40", 1)
            .asks("sigmoid_derivative")
            .after("sigmoid_derivative")
            .on(|draw| numbers(&[40.0, -40.0, 50.0, 38.0 + above(draw)]))
            .expects(|c| sigmoid_slope(z(c)))
            .within(Tolerance::relative(1e-12))
            .mistake(
                "slope_rounds_to_zero",
                "The slope is tiny here, but not 0. σ(40) rounds to 1, and 1 - 1 is 0: the rounding loses the \
                 difference. 1 - σ(z) is itself a sigmoid. Of which number?",
                |c| if z(c) > 0.0 { 0.0 } else { sigmoid_slope(z(c)) },
            ),
        Check::new(
            "sigmoid_derivative_large",
            "sigmoid",
            "sigmoid_derivative is 0 at 1000 and at -1000, and never NaN",
            1,
        )
        .asks("sigmoid_derivative")
        .after("sigmoid_derivative")
        .on(far_out)
        .expects(|c| sigmoid_slope(z(c)))
        .mistake_if(
            "infinity_over_infinity",
            "The slope is NaN: e^800 is infinite, its square too, and infinity divided by infinity is NaN. Build the \
             slope from sigmoids, which are between 0 and 1.",
            |_, seen| seen.float("result").is_nan(),
        ),
        Check::new("tanh_derivative", "tanh", "tanh_derivative is the slope of tanh at the pre-activation z", 1)
            .on(|draw| numbers(&[1.0, 0.0, -0.5, below(draw), above(draw)]))
            .computes(|f| {
                let t = f.input("z").tanh().named("tanh(z)");
                1.0 - t.square()
            })
            .mistake(
                "takes_the_activation",
                "This is 1 - z². That is right only if z is already the output of tanh. Here z is the pre-activation: \
                 compute its tanh first.",
                |c| 1.0 - z(c).powi(2),
            )
            .mistake(
                "slope_at_the_activation",
                "tanh is applied once too often: this is the slope at tanh(z), not at z. The derivative takes the \
                 pre-activation.",
                |c| tanh_slope(z(c).tanh()),
            )
            .mistake(
                "tanh_slope_without_square",
                "This is 1 / cosh(z). The cosh is squared: 1 / cosh(z)², or 1 - tanh(z)².",
                |c| 1.0 / z(c).cosh(),
            )
            .mistake(
                "sigmoid_rule_for_tanh",
                "This is tanh(z) · (1 - tanh(z)), the formula for the sigmoid with tanh in its place. The slope of \
                 tanh is 1 - tanh(z)².",
                |c| z(c).tanh() * (1.0 - z(c).tanh()),
            ),
        Check::new("tanh_derivative_large", "tanh", "tanh_derivative is 0 at 1000 and at -1000, and never NaN", 1)
            .asks("tanh_derivative")
            .after("tanh_derivative")
            .on(far_out)
            .expects(|c| tanh_slope(z(c)))
            .mistake_if(
                "infinity_over_infinity",
                "The slope is NaN: e^800 is infinite, and infinity divided by infinity is NaN. `z.tanh()` of the \
                 standard library is 1 there.",
                |_, seen| seen.float("result").is_nan(),
            ),
        Check::new("apply", "activation", "apply returns what the function of the same name returns", 1)
            .on(|draw| {
                let plain = ["Step", "Linear", "Relu", "Sigmoid", "Tanh"].map(|name| activation(name, below(draw)));
                let with_alpha = ["LeakyRelu", "Elu"].map(|name| activation(name, below(draw)).with("alpha", 0.25));
                plain.into_iter().chain(with_alpha).collect()
            })
            .after("sigmoid")
            .after("relu")
            .after("leaky_relu")
            .after("elu")
            .expects(|c| value_and_slope(c, z(c)).0),
        Check::new(
            "step_and_linear",
            "activation",
            "Step jumps to 1 at 0 and has no slope; Linear is z with slope 1",
            1,
        )
        .asks("activation")
        .about("Activation::apply")
        .about("Activation::derivative")
        .on(|draw| {
            let step = [-1.5, 0.0, 0.3, below(draw)].map(|z| activation("Step", z));
            step.into_iter().chain([-1.5, 2.5, above(draw)].map(|z| activation("Linear", z))).collect()
        })
        .expects(activated)
        .mistake_if(
            "step_zero_at_zero",
            "Step(0) is 0 here. As in exercise 1, the step is 1 where z is at least 0: `>=`.",
            |c, seen| c.text("activation") == "Step" && z(c) == 0.0 && seen.float("apply") == 0.0,
        )
        .mistake_if(
            "step_is_sign",
            "The step goes from -1 to 1 here. In this course it goes from 0 to 1.",
            |c, seen| c.text("activation") == "Step" && z(c) < 0.0 && seen.float("apply") == -1.0,
        )
        .mistake_if(
            "step_slope_is_step",
            "The step has a slope other than 0. It is flat on both sides of its jump; at the jump it has no slope at \
             all, and this course counts that as 0 too.",
            |c, seen| c.text("activation") == "Step" && seen.float("derivative") == 1.0,
        )
        .mistake_if(
            "step_slope_infinite",
            "The step has an infinite slope at its jump here. A gradient multiplied by that would be infinite or NaN. \
             This course counts the slope as 0 there too.",
            |c, seen| c.text("activation") == "Step" && !seen.float("derivative").is_finite(),
        )
        .mistake_if(
            "linear_slope_is_z",
            "The slope of Linear is z here. The line y = z has the slope 1 everywhere.",
            |c, seen| c.text("activation") == "Linear" && z(c) != 1.0 && seen.float("derivative") == z(c),
        )
        .mistake_if(
            "linear_slope_zero",
            "The slope of Linear is 0 here. That is the slope of a constant; the line y = z has the slope 1.",
            |c, seen| c.text("activation") == "Linear" && seen.float("derivative") == 0.0,
        ),
        activation_check("activation_relu", "Activation::Relu is relu with its slope", "relu_derivative", |draw| {
            [-1.5, 2.5, 0.0, below(draw), above(draw)].map(|z| activation("Relu", z)).to_vec()
        }),
        activation_check(
            "activation_leaky_relu",
            "Activation::LeakyRelu(alpha) is leaky_relu with its slope",
            "leaky_relu_derivative",
            |draw| {
                [-1.5, 2.5, 0.0, below(draw), above(draw)]
                    .map(|z| activation("LeakyRelu", z).with("alpha", 0.2))
                    .to_vec()
            },
        )
        .mistake_if("arguments_swapped", ARGUMENTS_SWAPPED, |c, seen| {
            z(c) < 0.0 && close(seen.float("apply"), leaky_relu(alpha(c), z(c)))
        })
        .mistake_if("parameter_ignored", PARAMETER_IGNORED, |c, seen| {
            z(c) < 0.0 && (close(seen.float("apply"), 0.01 * z(c)) || close(seen.float("derivative"), 0.01))
        }),
        activation_check(
            "activation_elu",
            "Activation::Elu(alpha) is elu with its slope",
            "elu_derivative_at_zero",
            |draw| [-1.5, 2.5, 0.0, below(draw), above(draw)].map(|z| activation("Elu", z).with("alpha", 2.0)).to_vec(),
        )
        .mistake_if("arguments_swapped", ARGUMENTS_SWAPPED, |c, seen| {
            z(c) < 0.0 && close(seen.float("apply"), elu(alpha(c), z(c)))
        })
        .mistake_if("parameter_ignored", PARAMETER_IGNORED, |c, seen| {
            z(c) < 0.0 && (close(seen.float("apply"), z(c).exp_m1()) || close(seen.float("derivative"), z(c).exp()))
        })
        .mistake("slope_at_the_activation", SLOPE_AT_THE_ACTIVATION, slope_at_the_activation),
        activation_check(
            "activation_sigmoid",
            "Activation::Sigmoid is sigmoid with its slope",
            "sigmoid_derivative",
            |draw| [-1.5, 2.5, below(draw), above(draw)].map(|z| activation("Sigmoid", z)).to_vec(),
        )
        .mistake("slope_at_the_activation", SLOPE_AT_THE_ACTIVATION, slope_at_the_activation)
        .mistake_if(
            "sigmoid_and_tanh_mixed_up",
            "Tanh or its slope is used instead of the sigmoid. The sigmoid lies between 0 and 1, tanh between -1 and \
             1.",
            |c, seen| close(seen.float("apply"), z(c).tanh()) || close(seen.float("derivative"), tanh_slope(z(c))),
        ),
        activation_check(
            "activation_tanh",
            "Activation::Tanh is tanh with its slope",
            "tanh_derivative_large",
            |draw| [-1.5, 2.5, below(draw), above(draw), 1000.0, -1000.0].map(|z| activation("Tanh", z)).to_vec(),
        )
        .mistake("slope_at_the_activation", SLOPE_AT_THE_ACTIVATION, slope_at_the_activation)
        .mistake_if(
            "sigmoid_and_tanh_mixed_up",
            "The sigmoid or its slope is used instead of tanh. Tanh lies between -1 and 1, the sigmoid between 0 and \
             1.",
            |c, seen| {
                // Far from 0 both have the slope 0.
                z(c).abs() < 9.0
                    && (close(seen.float("apply"), sigmoid(z(c)))
                        || close(seen.float("derivative"), sigmoid_slope(z(c))))
            },
        )
        .mistake_if(
            "infinity_over_infinity",
            "Activation::Tanh is NaN: e^1000 is infinite, and infinity divided by infinity is NaN. The method `tanh` \
             of `f64` avoids that.",
            |_, seen| seen.float("apply").is_nan(),
        ),
        Check::new("swish", "swish", "swish is z · σ(beta · z)", 1)
            .after("sigmoid_large")
            .on(swish_cases)
            .computes(|f| f.input("z") * (f.input("beta") * f.input("z")).sigmoid())
            .mistake_if(
                "infinity_over_infinity",
                "The result is NaN: e^1000 is infinite, and infinity divided by infinity is NaN. Your `sigmoid` \
                 avoids that.",
                |_, seen| seen.float("result").is_nan(),
            ),
        Check::new("swish_derivative", "swish", "swish_derivative follows the product rule", 1)
            .after("sigmoid_derivative_large")
            .on(swish_cases)
            .computes(|f| {
                let (z, beta) = (f.input("z"), f.input("beta"));
                let gate = (&beta * &z).sigmoid().named("gate");
                &gate + z * (beta * (&gate * (1.0 - &gate)).named("slope of the gate"))
            })
            .mistake(
                "product_rule_half_done",
                "This is σ(beta · z), as if the gate were a constant. But the gate depends on z: the product rule \
                 adds z times the slope of the gate.",
                |c| sigmoid(beta(c) * z(c)),
            )
            .mistake(
                "product_rule_other_half",
                "Only the slope of the gate, times z, is there. The product rule has two terms: the gate itself, \
                 because z grows by 1, and z times the slope of the gate.",
                |c| beta(c) * z(c) * sigmoid_slope(beta(c) * z(c)),
            ),
        Check::new("gelu", "gelu", "gelu is the tanh form of the Gaussian error linear unit", 1)
            .on(|draw| numbers(&[1.5, -1.5, 0.0, 2.5, 1000.0, -1000.0, below(draw), above(draw)]))
            .computes(|f| {
                let z = f.input("z");
                let inner = f.number((2.0 / PI).sqrt()) * (&z + 0.044715 * z.cube());
                0.5 * &z * (1.0 + inner.tanh())
            })
            .mistake_if(
                "gelu_exact",
                "This is the exact GELU, z · Φ(z). This exercise asks for the tanh form, and the two differ in the \
                 fourth decimal. A trained network needs the form that it was trained with.",
                |c, seen| {
                    // Wide enough for the error function of any textbook, and for no other form.
                    let exact = z(c) * normal_distribution(z(c));
                    (seen.float("result") - exact).abs() < 1e-5 && (gelu(z(c), 0.044715) - exact).abs() > 1e-4
                },
            )
            .mistake(
                "gelu_sigmoid_form",
                "This is z · σ(1.702 z), a coarser approximation from the same paper. This exercise asks for the tanh \
                 form.",
                |c| z(c) * sigmoid(1.702 * z(c)),
            ),
        Check::new("mish", "mish", "mish is z · tanh(ln(1 + e^z))", 1)
            .on(|draw| numbers(&[1.5, -1.5, 0.0, 2.5, below(draw), above(draw)]))
            .computes(|f| f.input("z") * (1.0 + f.input("z").exp()).ln().tanh()),
        Check::new("mish_large", "mish", "mish is z at 1000 and 0 at -1000, and never NaN", 1)
            .asks("mish")
            .after("mish")
            .on(|draw| numbers(&[800.0, -800.0, 1000.0, -1000.0, 700.0 + above(draw)]))
            .expects(|c| z(c).max(0.0))
            .mistake_if(
                "infinity_over_infinity",
                "The result is NaN: e^800 is infinite, and infinity divided by infinity is NaN. The formula as it \
                 stands is safe, because the tanh of infinity is 1. A fraction of exponentials is not.",
                |_, seen| seen.float("result").is_nan(),
            ),
    ]
}

const ARGUMENTS_SWAPPED: &str = "The two arguments are swapped: z comes first, then alpha. Both are `f64`, so the \
                                 compiler does not notice.";
const PARAMETER_IGNORED: &str = "The parameter that the variant carries is ignored; the usual value is used instead. \
                                 Use the number that the pattern binds, as in `Self::LeakyRelu(alpha)`.";
const SLOPE_AT_THE_ACTIVATION: &str = "`derivative` takes the slope at apply(z). Its argument is the pre-activation \
                                       z: do not apply the activation first.";

/// A check that `Activation::apply` and `derivative` follow the functions that the learner has written already.
fn activation_check(
    id: &'static str,
    title: &'static str,
    after: &'static str,
    cases: impl Fn(&mut Generator) -> Vec<Record> + Send + Sync + 'static,
) -> Check {
    let check = Check::new(id, "activation", title, 1).asks("activation").after(after);
    check.about("Activation::apply").about("Activation::derivative").on(cases).expects(activated).mistake(
        "derivative_repeats_apply",
        "`derivative` returns the value of the activation, as `apply` does. It should be the slope: call the \
         function that ends in `_derivative`.",
        |c| {
            let (value, _) = value_and_slope(c, z(c));
            Record::new().with("apply", value).with("derivative", value)
        },
    )
}

fn z(case: &Record) -> f64 {
    case.float("z")
}

fn alpha(case: &Record) -> f64 {
    case.float("alpha")
}

fn beta(case: &Record) -> f64 {
    case.float("beta")
}

fn numbers(of: &[f64]) -> Vec<Record> {
    of.iter().map(|&z| Record::new().with("z", z)).collect()
}

fn with_alpha(z: f64, alpha: f64) -> Record {
    Record::new().with("z", z).with("alpha", alpha)
}

fn activation(name: &str, z: f64) -> Record {
    Record::new().with("activation", name).with("z", z)
}

/// A drawn number on the left of 0, far enough from the kink there.
fn below(draw: &mut Generator) -> f64 {
    -above(draw)
}

/// A drawn number on the right of 0.
fn above(draw: &mut Generator) -> f64 {
    0.25 + draw::number(draw, 3.0).abs()
}

/// The lesson's example and drawn ones; alpha is never 1, where most mistakes would hide.
fn elu_cases(draw: &mut Generator) -> Vec<Record> {
    let drawn = [(below(draw), 1.5), (above(draw), 1.5), (below(draw), 3.0)];
    [(-1.0, 2.0), (3.0, 2.0), (0.0, 2.0), (-2.0, 2.0), (-1.0, 0.5)]
        .into_iter()
        .chain(drawn)
        .map(|(z, alpha)| with_alpha(z, alpha))
        .collect()
}

/// Where the exponential overflows, and where it rounds to 0; and an ordinary number.
fn extremes(draw: &mut Generator) -> Vec<Record> {
    let drawn = [(800.0, above(draw)), (below(draw), above(draw))];
    let fixed = [(800.0, 2.0), (-800.0, 2.0), (1000.0, 0.5), (-1000.0, 0.5)];
    fixed.into_iter().chain(drawn).map(|(z, alpha)| with_alpha(z, alpha)).collect()
}

/// The same without an alpha. Code that answers only far from 0 would be none.
fn far_out(draw: &mut Generator) -> Vec<Record> {
    numbers(&[800.0, -800.0, 1000.0, -1000.0, below(draw), above(draw)])
}

/// Numbers whose signs are drawn as well.
fn on_either_side(draw: &mut Generator) -> Vec<Record> {
    let mut one = || if draw::number(draw, 1.0) > 0.0 { above(draw) } else { below(draw) };
    numbers(&std::array::from_fn::<f64, 6, _>(|_| one()))
}

fn arrays(draw: &mut Generator) -> Vec<Record> {
    let example = Record::new().with("z", array![-2.0, -1.0, 0.0, 3.0]).with("alpha", 2.0);
    // Far out the exponential of the left side is infinite.
    let drawn = array![below(draw), above(draw), below(draw), 800.0, -800.0, above(draw)];
    vec![example, Record::new().with("z", drawn).with("alpha", 0.5)]
}

fn swish_cases(draw: &mut Generator) -> Vec<Record> {
    let drawn = [(below(draw), 0.5), (above(draw), 2.0)];
    [(1.0, 1.0), (-1.0, 2.0), (0.0, 2.0), (2.0, 0.0), (1000.0, 1.0), (-1000.0, 1.0)]
        .into_iter()
        .chain(drawn)
        .map(|(z, beta)| Record::new().with("z", z).with("beta", beta))
        .collect()
}

/// Fifty places that are not near the kink, to be looked at a step to the left and to the right.
fn steps(draw: &mut Generator, case: Record) -> Record {
    let z: Array1<f64> = (0..50).map(|number| if number % 2 == 0 { below(draw) } else { above(draw) }).collect();
    // The error of the difference is about step² from the curvature and 1e-16 / step from rounding.
    case.with("z", z).with("step", 1e-5)
}

/// Whether the derivative agrees with the difference of two values, wherever it was asked for.
fn slope_agrees(c: &Record, seen: &Record) -> Result<(), String> {
    let rise = (seen.vector("elu(z + step)").to_owned() - seen.vector("elu(z - step)")) / (2.0 * c.float("step"));
    if rise.len() != c.vector("z").len() || seen.vector("elu_derivative(z)").len() != rise.len() {
        return Err(format!("There are {} values and {} slopes.", rise.len(), seen.vector("elu_derivative(z)").len()));
    }
    for ((z, rise), slope) in c.vector("z").iter().zip(&rise).zip(seen.vector("elu_derivative(z)")) {
        if !close(*slope, elu_slope(*z, alpha(c))) {
            return Err(format!("At z = {z:.2} elu_derivative returns {slope:.4}; the formula gives another number."));
        }
        let apart = (rise - slope).abs();
        if apart.is_nan() || apart > 1e-6 {
            return Err(format!(
                "Around z = {z:.2} elu has the slope {rise:.4}, but elu_derivative returns {slope:.4}."
            ));
        }
    }
    Ok(())
}

fn follows_elu(c: &Record, seen: &Record) -> Result<(), String> {
    let (z, values, slopes) = (c.vector("z"), seen.vector("elu_array"), seen.vector("elu_derivative_array"));
    for i in 0..z.len() {
        let at = format!("at z = {} and alpha = {}", z[i], alpha(c));
        if values[i].is_nan() || values[i] <= -alpha(c) {
            return Err(format!("elu is {} {at}; it is above -alpha everywhere.", values[i]));
        }
        if slopes[i].is_nan() || slopes[i] <= 0.0 {
            return Err(format!("elu_derivative is {} {at}; ELU rises everywhere.", slopes[i]));
        }
        if !close(values[i], elu(z[i], alpha(c))) || !close(slopes[i], elu_slope(z[i], alpha(c))) {
            return Err(format!(
                "elu is {} and its slope {} {at}; the formula gives other numbers.",
                values[i], slopes[i]
            ));
        }
        if i > 0 && values[i] <= values[i - 1] {
            return Err(format!("elu falls from {} to {} {at}; ELU rises everywhere.", values[i - 1], values[i]));
        }
    }
    Ok(())
}

fn of_column(c: &Record) -> Record {
    let matrix = c.matrix("matrix");
    let column = matrix.column(c.count("column"));
    Record::new()
        .with("elu_array", column.mapv(|z| elu(z, alpha(c))))
        .with("elu_derivative_array", column.mapv(|z| elu_slope(z, alpha(c))))
}

fn activated(c: &Record) -> Record {
    let (value, slope) = value_and_slope(c, z(c));
    Record::new().with("apply", value).with("derivative", slope)
}

fn slope_at_the_activation(c: &Record) -> Record {
    let (value, _) = value_and_slope(c, z(c));
    let (_, slope) = value_and_slope(c, value);
    Record::new().with("apply", value).with("derivative", slope)
}

fn value_and_slope(c: &Record, z: f64) -> (f64, f64) {
    match c.text("activation") {
        "Step" => (f64::from(z >= 0.0), 0.0),
        "Relu" => (relu(z), f64::from(z > 0.0)),
        "LeakyRelu" => (leaky_relu(z, alpha(c)), leaky_slope(z, alpha(c))),
        "Elu" => (elu(z, alpha(c)), elu_slope(z, alpha(c))),
        "Sigmoid" => (sigmoid(z), sigmoid_slope(z)),
        "Tanh" => (z.tanh(), tanh_slope(z)),
        _ => (z, 1.0),
    }
}

/// Whether two numbers are equal up to rounding.
fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

fn relu(z: f64) -> f64 {
    0.5 * (z + z.abs())
}

fn leaky_relu(z: f64, alpha: f64) -> f64 {
    z.max(0.0) + alpha * z.min(0.0)
}

fn leaky_slope(z: f64, alpha: f64) -> f64 {
    if z > 0.0 { 1.0 } else { alpha }
}

fn elu_of(f: &Formula) -> Num {
    let (z, alpha) = (f.input("z"), f.input("alpha"));
    z.above(&f.number(0.0)).choose(&z, &(alpha * (z.exp() - 1.0)))
}

fn elu_slope_of(f: &Formula) -> Num {
    let (z, alpha) = (f.input("z"), f.input("alpha"));
    z.above(&f.number(0.0)).choose(&f.number(1.0), &(alpha * z.exp()))
}

fn elu(z: f64, alpha: f64) -> f64 {
    z.max(0.0) + alpha * (z.min(0.0).exp() - 1.0)
}

fn elu_slope(z: f64, alpha: f64) -> f64 {
    if z > 0.0 { 1.0 } else { alpha * z.exp() }
}

/// The sigmoid is tanh, squeezed and moved.
fn sigmoid(z: f64) -> f64 {
    0.5 * (1.0 + (0.5 * z).tanh())
}

/// Even in z, so the exponential can be kept from overflowing.
fn sigmoid_slope(z: f64) -> f64 {
    let e = (-z.abs()).exp();
    e / (1.0 + e).powi(2)
}

/// tanh(z) is 2 σ(2z) - 1, so its slope is four times that of the sigmoid at 2z.
fn tanh_slope(z: f64) -> f64 {
    4.0 * sigmoid_slope(2.0 * z)
}

fn gelu(z: f64, cubic: f64) -> f64 {
    0.5 * z * (1.0 + ((2.0 / PI).sqrt() * (z + cubic * z.powi(3))).tanh())
}

/// Φ(z), from its series z + z³/3 + z⁵/(3·5) + z⁷/(3·5·7) + …, all of one sign, times the density.
fn normal_distribution(z: f64) -> f64 {
    if z.abs() > 10.0 {
        return f64::from(z > 0.0);
    }
    let (mut term, mut sum, mut odd) = (z, z, 1.0);
    while term.abs() > 1e-17 * sum.abs() {
        odd += 2.0;
        term *= z * z / odd;
        sum += term;
    }
    0.5 + sum * (-0.5 * z * z).exp() / (2.0 * PI).sqrt()
}
