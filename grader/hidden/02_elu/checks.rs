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
            .expects(|c| if z(c) < 0.0 { 0.0 } else { z(c) })
            .mistake(
                "nan_hidden",
                "The input was NaN, and the output is 0, which hides an earlier mistake. `max` of a number and NaN \
                 is the number, and every comparison with NaN is false. Which comparison sends NaN to the branch \
                 that returns z: `z > 0.0` or `z <= 0.0`?",
                |c| z(c).max(0.0),
            ),
        Check::new("relu_derivative", "relu", "relu_derivative is 1 on the right, 0 on the left and 0 at the kink", 1)
            .after("relu")
            .on(|draw| [numbers(&[2.5, 0.5, -1.5, 0.0, 800.0, -800.0]), on_either_side(draw)].concat())
            .computes(|f| f.input("z").above(&f.number(0.0)).real())
            .mistake_if(
                "relu_slope_is_sign",
                "The slope is -1 for negative z, as that of |z|, but ReLU is flat there, so its slope is 0. \
                 (`signum` does not help: the sign of 0.0 is 1 in Rust.)",
                |c, seen| z(c) < 0.0 && seen.float("result") == -1.0,
            ),
        Check::new("leaky_relu", "leaky_relu", "leaky_relu is z on the right and alpha · z on the left", 1)
            .on(|draw| {
                let drawn = [below(draw), above(draw)].map(|z| with_alpha(z, 0.25));
                [(-2.0, 0.1), (3.0, 0.1), (0.0, 0.1), (-1.0, 2.0), (3.0, 2.0), (-2.0, -0.5)]
                    .map(|(z, alpha)| with_alpha(z, alpha))
                    .into_iter()
                    .chain(drawn)
                    .collect()
            })
            .computes(|f| leaky_relu(f, &f.input("z"), &f.input("alpha")))
            .mistake(
                "leaky_is_max",
                "This is the larger of alpha · z and z, which is leaky ReLU only while alpha is at most 1: for alpha \
                 = 2 and z = -1 the larger one is -1, but alpha · z is -2. Decide by the sign of z.",
                |c| (alpha(c) * z(c)).max(z(c)),
            )
            .mistake(
                "leak_forgotten",
                "This is plain ReLU: 0 for every negative z. Leaky ReLU is alpha · z there.",
                |c| z(c).max(0.0),
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
            [(-2.0, 0.1), (3.0, 0.1), (0.0, 0.1), (-1.0, 2.0), (0.5, 2.0), (0.0, 2.0), (-2.0, -0.5)]
                .map(|(z, alpha)| with_alpha(z, alpha))
                .into_iter()
                .chain(drawn)
                .collect()
        })
        .computes(|f| leaky_slope(f, &f.input("z"), &f.input("alpha")))
        .mistake(
            "leaky_slope_zero_at_zero",
            "At z = 0 this is 0, as for ReLU. Leaky ReLU never has the slope 0: it is alpha on the left of the kink \
             and 1 on its right, and this course takes alpha there.",
            |c| match z(c) {
                0.0 => 0.0,
                z if z > 0.0 => 1.0,
                _ => alpha(c),
            },
        )
        .mistake(
            "leaky_is_max",
            "This is the slope of the larger of alpha · z and z, which is leaky ReLU only while alpha is at most 1. \
             Decide by the sign of z.",
            |c| if z(c) > alpha(c) * z(c) { 1.0 } else { alpha(c) },
        )
        .mistake(
            "leak_forgotten",
            "This is the slope of plain ReLU: 0 for negative z. The slope of leaky ReLU is alpha there.",
            |c| f64::from(z(c) > 0.0),
        ),
        Check::new("elu", "elu", "elu is z on the right and alpha · (e^z - 1) on the left", 2)
            .on(elu_cases)
            .computes(elu_of)
            .mistake(
                "elu_alpha_on_the_right",
                "Positive numbers are multiplied by alpha too. Alpha belongs to the left side only; on the right ELU \
                 is z. (A factor on both sides is what SELU adds.)",
                computed(|f| f.input("alpha") * elu(f, &f.input("z"), &f.number(1.0))),
            )
            .mistake(
                "elu_alpha_in_the_exponent",
                "Alpha stands in the exponent: e^(alpha · z) - 1. It should be a factor in front of the bracket, so \
                 that ELU levels out at -alpha.",
                |c| if z(c) > 0.0 { z(c) } else { (alpha(c) * z(c)).exp_m1() },
            )
            .mistake_each(
                "elu_is_max",
                "The sides are made with `max` or `min`, of each other or of 0. That is ELU for some z and alpha \
                 only: decide by the sign of z.",
                ELU_WITHOUT_SIDES,
                |c, elu| elu(z(c), alpha(c) * z(c).exp_m1()),
            ),
        Check::new("elu_extremes", "elu", "elu is z at 800 and -alpha at -800, and never NaN", 1)
            .asks("elu")
            .after("elu")
            .on(extremes)
            .computes(elu_of)
            .mistake_if("infinity_times_zero", INFINITY_TIMES_ZERO, is_nan),
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
                "About nine of sixteen digits are lost: e^z is 0.9999999999 here, rounded in its 16th digit, and \
                 after subtracting 1 this rounding error is large. `f64` has a method that computes e^z - 1 \
                 accurately.",
                computed(elu_of),
            ),
        with_slopes_by_values(
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
            }),
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
        .mistake_each(
            "elu_slope_of_another_side",
            "At z = 0 this is the slope on the right, 1, or the mean of both slopes, or 0 as for ReLU. This course \
             takes the slope of the left side, alpha.",
            [(1.0, 0.0), (0.5, 0.5), (0.0, 0.0)],
            |c, (summand, factor)| summand + factor * alpha(c),
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
        .mistake_if("infinity_times_zero", INFINITY_TIMES_ZERO, is_nan),
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
            .mistake("arguments_swapped", ARGUMENTS_SWAPPED, computed(|f| elu(f, &f.input("alpha"), &f.input("z"))))
            .mistake(
                "slopes_for_values",
                "These are slopes: elu_derivative is applied to each entry. It should be elu.",
                computed(elu_slope_of),
            ),
        with_slopes_by_values(
            Check::new("elu_derivative_array", "elu_array", "elu_derivative_array is elu_derivative of every entry", 1)
                .after("elu_array")
                .after("elu_derivative_at_zero")
                .after("elu_derivative_extremes")
                .on(arrays),
        )
        .mistake("arguments_swapped", ARGUMENTS_SWAPPED, computed(|f| elu_slope(f, &f.input("alpha"), &f.input("z"))))
        .mistake(
            "values_for_slopes",
            "These are values: elu is applied to each entry. It should be elu_derivative.",
            computed(elu_of),
        )
        .mistake(
            "slope_at_the_activation",
            "elu is applied to the entries before their slope is taken. `z` is the pre-activation: take the slope at \
             z, not at elu(z).",
            computed(|f| elu_slope(f, &elu_of(f), &f.input("alpha"))),
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
            .computes(of_column)
            .mistake_panics(
                "as_slice_of_a_column",
                "`as_slice` is `None` here: the entries of a column are not next to each other in memory, so they \
                 are not a slice. `mapv` and `iter` work for any layout.",
                |c| c.matrix("matrix").ncols() != 1,
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
            .on(|draw| numbers(&[2.0, 0.0, -1.0, 6.0, -9.0, below(draw), above(draw)]))
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
            .computes(|f| f.input("z").sigmoid())
            .mistake_if("infinity_over_infinity", INFINITY_OVER_INFINITY, is_nan),
        Check::new(
            "sigmoid_derivative",
            "sigmoid",
            "sigmoid_derivative is the slope of sigmoid at the pre-activation z",
            1,
        )
        .after("sigmoid_large")
        .on(|draw| numbers(&[2.0, 0.0, -1.0, 6.0, -9.0, below(draw), above(draw)]))
        .computes(|f| {
            let s = f.input("z").sigmoid().named("σ(z)");
            &s * (1.0 - &s)
        }),
        Check::new("sigmoid_derivative_at_40", "sigmoid", "sigmoid_derivative keeps its digits at z = 40", 1)
            .asks("sigmoid_derivative")
            .after("sigmoid_derivative")
            .on(|draw| numbers(&[40.0, -40.0, 50.0, 38.0 + above(draw), below(draw), above(draw)]))
            .expects(computed(|f| sigmoid_slope(&f.input("z"))))
            .within(Tolerance::relative(1e-12))
            .mistake_each(
                "slope_rounds_to_zero",
                "The slope is tiny here, but not 0: σ(40) rounds to 1, and 1 - 1 is 0. 1 - σ(z) is itself a sigmoid: \
                 of which number?",
                [1.0, -1.0],
                |c, sign| computed(|f| slope_without_tail(f, &(*sign * f.input("z"))))(c),
            )
            .mistake(
                "slope_zero_far_out",
                "Far from 0 the slope is 0 here. It is tiny there, but not 0: at z = 40 and at z = -40 it is 4.2e-18.",
                computed(|f| slope_without_tail(f, &f.input("z").abs())),
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
        .expects(computed(|f| sigmoid_slope(&f.input("z"))))
        .mistake_if("infinity_over_infinity", INFINITY_OVER_INFINITY, is_nan),
        Check::new("tanh_derivative", "tanh", "tanh_derivative is the slope of tanh at the pre-activation z", 1)
            .on(|draw| numbers(&[1.0, 0.0, -0.5, 6.0, -9.0, below(draw), above(draw)]))
            .computes(|f| {
                let t = f.input("z").tanh().named("tanh(z)");
                1.0 - t.square()
            })
            .mistake(
                "tanh_slope_without_square",
                "This is 1 / cosh(z). The cosh is squared: 1 / cosh(z)², or 1 - tanh(z)².",
                |c| 1.0 / z(c).cosh(),
            ),
        Check::new("tanh_derivative_large", "tanh", "tanh_derivative is 0 at 1000 and at -1000, and never NaN", 1)
            .asks("tanh_derivative")
            .after("tanh_derivative")
            .on(far_out)
            .expects(computed(|f| 4.0 * sigmoid_slope(&(2.0 * f.input("z")))))
            .mistake_if("infinity_over_infinity", INFINITY_OVER_INFINITY, is_nan),
        Check::new("apply", "activation", "apply returns what the function of the same name returns", 1)
            .on(|draw| {
                let plain = ["Step", "Linear", "Relu", "Sigmoid", "Tanh"].map(|name| activation(name, below(draw)));
                // On the right they do not depend on alpha.
                let on_both_sides = ["LeakyRelu", "Elu"].iter().flat_map(|name| {
                    let sides = [below(draw), above(draw)];
                    sides.map(|z| activation(name, z).with("alpha", above(draw)))
                });
                plain.into_iter().chain(on_both_sides).collect()
            })
            .after("sigmoid")
            .after("relu")
            .after("leaky_relu")
            .after("elu")
            .computes(|f| applied_with_swapped(f, &[]))
            .mistake_each(
                "arguments_swapped",
                ARGUMENTS_SWAPPED,
                [&["LeakyRelu"][..], &["Elu"], &["LeakyRelu", "Elu"]],
                |c, swapped| computed(|f| applied_with_swapped(f, swapped))(c),
            ),
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
        .computes(activated)
        .mistake_if(
            "step_is_sign",
            "The step goes from -1 to 1 here. In this course it goes from 0 to 1.",
            |c, seen| c.text("activation") == "Step" && z(c) < 0.0 && seen.float("apply") == -1.0,
        )
        .mistake_if(
            "step_has_a_slope",
            "Your slope of Step is not 0. The step is flat on both sides of its jump; at the jump it has no slope at \
             all, and this course counts that as 0 too.",
            |c, seen| {
                let slope = seen.float("derivative");
                c.text("activation") == "Step" && slope != 0.0 && !slope.is_nan()
            },
        )
        .mistake_if(
            "linear_slope_is_z",
            "The slope of Linear is z here, or 0, the slope of a constant. The line y = z has the slope 1 everywhere.",
            |c, seen| {
                let slope = seen.float("derivative");
                c.text("activation") == "Linear" && slope != 1.0 && (slope == z(c) || slope == 0.0)
            },
        ),
        activation_check("activation_relu", "Activation::Relu is relu with its slope", "relu_derivative", |draw| {
            [-1.5, 2.5, 0.0, below(draw), above(draw)].map(|z| activation("Relu", z)).to_vec()
        }),
        activation_with_alpha(
            ["LeakyRelu", "Elu"],
            "activation_leaky_relu",
            "Activation::LeakyRelu(alpha) is leaky_relu with its slope",
            "leaky_relu_derivative",
            leaky_relu,
        ),
        activation_with_alpha(
            ["Elu", "LeakyRelu"],
            "activation_elu",
            "Activation::Elu(alpha) is elu with its slope",
            "elu_derivative_at_zero",
            elu,
        )
        .mistake("slope_at_the_activation", SLOPE_AT_THE_ACTIVATION, computed(slope_at_the_activation))
        .mistake(
            "elu_plus_alpha_everywhere",
            ELU_PLUS_ALPHA_EVERYWHERE,
            computed(|f| [("apply", elu_of(f)), ("derivative", elu_of(f) + f.input("alpha"))]),
        ),
        activation_check(
            "activation_sigmoid",
            "Activation::Sigmoid is sigmoid with its slope",
            "sigmoid_derivative",
            |draw| [-1.5, 2.5, below(draw), above(draw)].map(|z| activation("Sigmoid", z)).to_vec(),
        )
        .mistake("slope_at_the_activation", SLOPE_AT_THE_ACTIVATION, computed(slope_at_the_activation)),
        activation_check(
            "activation_tanh",
            "Activation::Tanh is tanh with its slope",
            "tanh_derivative_large",
            |draw| [-1.5, 2.5, below(draw), above(draw), 1000.0, -1000.0].map(|z| activation("Tanh", z)).to_vec(),
        )
        .mistake("slope_at_the_activation", SLOPE_AT_THE_ACTIVATION, computed(slope_at_the_activation))
        .mistake_if("infinity_over_infinity", INFINITY_OVER_INFINITY, is_nan),
        Check::new("swish", "swish", "swish is z · σ(beta · z)", 1)
            .after("sigmoid_large")
            .on(swish_cases)
            .computes(|f| f.input("z") * (f.input("beta") * f.input("z")).sigmoid())
            .mistake_if("infinity_over_infinity", INFINITY_OVER_INFINITY, is_nan),
        Check::new("swish_derivative", "swish", "swish_derivative follows the product rule", 1)
            .after("sigmoid_derivative_large")
            .on(swish_cases)
            .computes(|f| {
                let (z, beta) = (f.input("z"), f.input("beta"));
                let sigmoid = (&beta * &z).sigmoid().named("σ");
                &sigmoid + z * (beta * (&sigmoid * (1.0 - &sigmoid)).named("σ'"))
            }),
        Check::new("gelu", "gelu", "gelu is the tanh form of the Gaussian error linear unit", 1)
            .on(|draw| numbers(&[1.5, -1.5, 0.0, 2.5, 1000.0, -1000.0, below(draw), above(draw)]))
            .computes(gelu)
            .mistake_if(
                "gelu_exact",
                "This is the exact GELU, z · Φ(z), which differs from the tanh form in the fourth decimal. This \
                 exercise asks for the tanh form: a trained network needs the form that it was trained with.",
                |c, seen| {
                    // Wide enough for the error function of any textbook, and for no other form.
                    let exact = z(c) * normal_distribution(z(c));
                    (seen.float("result") - exact).abs() < 1e-5
                        && (computed(gelu)(c).float("result") - exact).abs() > 1e-4
                },
            )
            .mistake(
                "gelu_sigmoid_form",
                "This is z · σ(1.702 z), a coarser approximation from the same paper. This exercise asks for the \
                 tanh form.",
                computed(|f| f.input("z") * (1.702 * f.input("z")).sigmoid()),
            ),
        Check::new("mish", "mish", "mish is z · tanh(ln(1 + e^z))", 1)
            .on(|draw| numbers(&[1.5, -1.5, 0.0, 2.5, 6.0, -9.0, below(draw), above(draw)]))
            .computes(|f| f.input("z") * (1.0 + f.input("z").exp()).ln().tanh()),
        Check::new("mish_large", "mish", "mish is z at 1000 and 0 at -1000, and never NaN", 1)
            .asks("mish")
            .after("mish")
            .on(|draw| numbers(&[800.0, -800.0, 1000.0, -1000.0, 700.0 + above(draw)]))
            .expects(|c| z(c).max(0.0))
            .mistake_if("infinity_over_infinity", INFINITY_OVER_INFINITY, is_nan),
    ]
}

const INFINITY_TIMES_ZERO: &str = "The result is NaN: e^800 is infinite, and infinity times 0 is NaN, as is infinity \
     minus infinity. So multiplying a side by 0 does not remove it: choose the side with `if`, which computes only \
     one of them.";
const INFINITY_OVER_INFINITY: &str = "The result is NaN: e^800 is infinite, and infinity divided by infinity, times \
     0 or minus infinity is NaN. Use a form in which only a denominator can become infinite, as 1 / (1 + e^-z) for \
     the sigmoid, or `tanh` of `f64`.";
const ELU_PLUS_ALPHA_EVERYWHERE: &str = "Your slope is elu(z) + alpha on both sides. That holds on the left only, \
     where elu is alpha · e^z - alpha; on the right it is 1.";
const ARGUMENTS_SWAPPED: &str = "The two arguments are swapped: z comes first, then alpha. Both are `f64`, so the \
     compiler does not notice.";
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
    let check = check.about("Activation::apply").about("Activation::derivative").on(cases).computes(activated);
    let others =
        ["Relu", "Sigmoid", "Tanh"].into_iter().filter(|other| id != format!("activation_{}", other.to_lowercase()));
    others.fold(check, with_another_slope)
}

/// The same for an activation with an alpha, `value`, which is taken for `other`.
fn activation_with_alpha(
    [kind, other]: [&'static str; 2],
    id: &'static str,
    title: &'static str,
    after: &'static str,
    value: fn(&Formula, &Num, &Num) -> Num,
) -> Check {
    let check = activation_check(id, title, after, move |draw| {
        [-1.5, 2.5, 0.0, below(draw), above(draw)].map(|z| activation(kind, z).with("alpha", above(draw))).to_vec()
    });
    with_another_slope(check, other).mistake(
        "arguments_swapped",
        ARGUMENTS_SWAPPED,
        computed(move |f| [("apply", value(f, &f.input("alpha"), &f.input("z")))]),
    )
}

/// A check of the slope of ELU, with the common ways to get it wrong from elu(z).
fn with_slopes_by_values(check: Check) -> Check {
    let side = |f: &Formula, of: &Num, left: &Num| of.above(&f.number(0.0)).choose(&f.number(1.0), left);
    check
        .computes(elu_slope_of)
        .mistake("elu_plus_alpha_everywhere", ELU_PLUS_ALPHA_EVERYWHERE, computed(|f| elu_of(f) + f.input("alpha")))
        .mistake_each(
            "elu_slope_is_elu_plus_one",
            "On the left this is elu(z) + 1. Add alpha, not 1: alpha · (e^z - 1) + alpha is alpha · e^z.",
            [false, true],
            move |c, looks_at_elu| {
                computed(|f| side(f, &if *looks_at_elu { elu_of(f) } else { f.input("z") }, &(elu_of(f) + 1.0)))(c)
            },
        )
        .mistake(
            "side_of_the_value",
            "The side is chosen by the sign of elu(z). For a negative alpha elu(z) is above 0 on the left, too: \
             choose the side by the sign of z.",
            computed(move |f| side(f, &elu_of(f), &(elu_of(f) + f.input("alpha")))),
        )
}

/// Adds the mistake that the right value comes with the slope of this activation.
fn with_another_slope(check: Check, other: &'static str) -> Check {
    check.mistake(
        "slope_of_another",
        "`apply` is right, and `derivative` is the slope of another activation. Look at what it calls for this one.",
        computed(move |f| with_slope_of(f, other)),
    )
}

fn z(case: &Record) -> f64 {
    case.float("z")
}

fn alpha(case: &Record) -> f64 {
    case.float("alpha")
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
    [(-1.0, 2.0), (3.0, 2.0), (0.0, 2.0), (-2.0, 2.0), (-1.0, 0.5), (-1.5, -0.5)]
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
    vec![example, Record::new().with("z", drawn).with("alpha", -0.5)]
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
    let right = computed(elu_slope_of)(c);
    for (i, z) in c.vector("z").iter().enumerate() {
        let (rise, slope) = (rise[i], seen.vector("elu_derivative(z)")[i]);
        if !close(slope, right.vector("result")[i]) {
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
    let (value, slope) = (computed(elu_of)(c), computed(elu_slope_of)(c));
    for i in 0..z.len() {
        let at = format!("at z = {} and alpha = {}", z[i], alpha(c));
        if values[i].is_nan() || values[i] <= -alpha(c) {
            return Err(format!("elu is {} {at}; it is above -alpha everywhere.", values[i]));
        }
        if slopes[i].is_nan() || slopes[i] <= 0.0 {
            return Err(format!("elu_derivative is {} {at}; ELU rises everywhere.", slopes[i]));
        }
        if !close(values[i], value.vector("result")[i]) || !close(slopes[i], slope.vector("result")[i]) {
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

fn of_column(f: &Formula) -> [(&'static str, Num); 2] {
    let (z, alpha) = (f.input("matrix").t().row(f.case().count("column")), f.input("alpha"));
    [("elu_array", elu(f, &z, &alpha)), ("elu_derivative_array", elu_slope(f, &z, &alpha))]
}

fn activated(f: &Formula) -> [(&'static str, Num); 2] {
    value_and_slope(f, f.case().text("activation"), &f.input("z"))
}

/// The right value, and the slope of another activation.
fn with_slope_of(f: &Formula, other: &str) -> [(&'static str, Num); 2] {
    let [value, _] = activated(f);
    let [_, slope] = value_and_slope(f, other, &f.input("z"));
    [value, slope]
}

fn slope_at_the_activation(f: &Formula) -> [(&'static str, Num); 2] {
    let name = f.case().text("activation");
    let [value, _] = value_and_slope(f, name, &f.input("z"));
    let [_, slope] = value_and_slope(f, name, &value.1);
    [value, slope]
}

fn value_and_slope(f: &Formula, name: &str, z: &Num) -> [(&'static str, Num); 2] {
    let (value, slope) = match name {
        "Step" => (z.at_least(&f.number(0.0)).real(), f.number(0.0)),
        "Relu" => (z.relu(), z.above(&f.number(0.0)).real()),
        "LeakyRelu" => (leaky_relu(f, z, &f.input("alpha")), leaky_slope(f, z, &f.input("alpha"))),
        "Elu" => (elu(f, z, &f.input("alpha")), elu_slope(f, z, &f.input("alpha"))),
        "Sigmoid" => (z.sigmoid(), z.sigmoid() * (1.0 - z.sigmoid())),
        "Tanh" => (z.tanh(), 1.0 - z.tanh().square()),
        _ => (z.clone(), f.number(1.0)),
    };
    [("apply", value), ("derivative", slope)]
}

/// What `apply` returns, if the two arguments of these functions are swapped.
fn applied_with_swapped(f: &Formula, swapped: &[&str]) -> Num {
    let (name, z) = (f.case().text("activation"), f.input("z"));
    match name {
        "LeakyRelu" if swapped.contains(&name) => leaky_relu(f, &f.input("alpha"), &z),
        "Elu" if swapped.contains(&name) => elu(f, &f.input("alpha"), &z),
        _ => value_and_slope(f, name, &z)[0].1.clone(),
    }
}

/// What is taken for ELU, made of z and of the left side.
const ELU_WITHOUT_SIDES: [fn(f64, f64) -> f64; 3] = [f64::max, f64::min, |z, left| z.max(0.0) + left.min(0.0)];

fn is_nan(_: &Record, seen: &Record) -> bool {
    seen.parts().any(|(part, _)| seen.float(part).is_nan())
}

/// Whether two numbers are equal up to rounding.
fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

fn leaky_relu(f: &Formula, z: &Num, alpha: &Num) -> Num {
    z.above(&f.number(0.0)).choose(z, &(alpha * z))
}

fn leaky_slope(f: &Formula, z: &Num, alpha: &Num) -> Num {
    z.above(&f.number(0.0)).choose(&f.number(1.0), alpha)
}

fn elu(f: &Formula, z: &Num, alpha: &Num) -> Num {
    z.above(&f.number(0.0)).choose(z, &(alpha * (z.exp() - 1.0)))
}

fn elu_slope(f: &Formula, z: &Num, alpha: &Num) -> Num {
    z.above(&f.number(0.0)).choose(&f.number(1.0), &(alpha * z.exp()))
}

fn elu_of(f: &Formula) -> Num {
    elu(f, &f.input("z"), &f.input("alpha"))
}

fn elu_slope_of(f: &Formula) -> Num {
    elu_slope(f, &f.input("z"), &f.input("alpha"))
}

/// Even in z, so the exponential can be kept from overflowing, and no digits are lost. tanh(z) is 2 σ(2z) - 1, so its slope
/// is four times that of the sigmoid at 2z.
fn sigmoid_slope(z: &Num) -> Num {
    let e = (-z.abs()).exp();
    &e / (1.0 + &e).square()
}

/// The same, but 0 where σ(z) rounds to 1.
fn slope_without_tail(f: &Formula, z: &Num) -> Num {
    z.above(&f.number(36.8)).choose(&f.number(0.0), &sigmoid_slope(z))
}

fn gelu(f: &Formula) -> Num {
    let z = f.input("z");
    let inner = (f.number(2.0) / f.number(PI)).sqrt() * (&z + 0.044715 * z.cube());
    0.5 * &z * (1.0 + inner.tanh())
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
