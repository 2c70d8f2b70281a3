//! What is right in exercise 5, and what is commonly got wrong.

use rand::RngExt;

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("chain_rule_example", "chain_rule", "chain_rule_example multiplies the slopes of (a·x + b)²", 2)
            .on(|draw| {
                let mut cases = vec![inner_line(3.0, 2.0, 1.0), inner_line(2.0, 3.0, 5.0), inner_line(-1.5, 4.0, 2.0)];
                cases.push(inner_line(draw::number(draw, 3.0), draw::number(draw, 3.0), draw::number(draw, 3.0)));
                cases
            })
            .computes(|f| {
                let (a, b, x) = (f.input("a"), f.input("b"), f.input("x"));
                let u = (&a * x + b).named("u");
                [("y", u.square()), ("dy_dx", 2.0 * u * a)]
            }),
        Check::new("central_difference", "measured_slopes", "central_difference looks to both sides of x", 2)
            .on(|draw| {
                let case = |f: &str, x: f64, h: f64| Record::new().with("f", f).with("x", x).with("h", h);
                vec![
                    case("x^3", 1.0, 0.001),
                    case("sin x", draw::number(draw, 2.0), 0.1),
                    case("e^x", draw::number(draw, 1.0), 0.25),
                ]
            })
            .computes(|f| {
                let (x, h) = (f.input("x"), f.input("h"));
                (curve(f, &x + &h) - curve(f, &x - &h)) / (2.0 * h)
            })
            .mistake("forward_difference", ONE_SIDED, computed(|f| chord(f, [1.0, 0.0]) / f.input("h")))
            .mistake("backward_difference", ONE_SIDED, computed(|f| chord(f, [0.0, -1.0]) / f.input("h")))
            .mistake(
                "multiplied_by_h",
                "`/ 2.0 * h` goes from left to right: it divides by 2 and then multiplies by h. Parentheses make it \
                 a division by 2h: `/ (2.0 * h)`.",
                computed(|f| chord(f, [1.0, -1.0]) / 2.0 * f.input("h")),
            )
            .mistake(
                "half_the_step",
                "The two points are h apart, each h / 2 away from x. Here each of them is h away, so they are 2h \
                 apart.",
                computed(|f| chord(f, [0.5, -0.5]) / f.input("h")),
            ),
        Check::new("partial_derivatives", "measured_slopes", "partial_derivatives changes one number at a time", 1)
            .after("central_difference")
            .on(|draw| {
                let case =
                    |f: &str, w: f64, b: f64, h: f64| Record::new().with("f", f).with("w", w).with("b", b).with("h", h);
                vec![
                    case("(3w + b - 2)^2", 0.5, 0.25, 0.001),
                    case("w^3 b", 1.5, -0.5, 0.1),
                    case("w^3 b", draw::number(draw, 2.0), draw::number(draw, 2.0), 0.1),
                ]
            })
            .computes(|f| {
                let (w, b, h) = (f.input("w"), f.input("b"), f.input("h"));
                let along_w = (surface(f, &(&w + &h), &b) - surface(f, &(&w - &h), &b)) / (2.0 * &h);
                let along_b = (surface(f, &w, &(&b + &h)) - surface(f, &w, &(&b - &h))) / (2.0 * &h);
                [("along_w", along_w), ("along_b", along_b)]
            })
            .mistake(
                "nudged_together",
                "`w` and `b` are changed at the same time, and their effects add up. In a partial derivative the \
                 other one stays constant.",
                computed(|f| {
                    let (w, b, h) = (f.input("w"), f.input("b"), f.input("h"));
                    let slope = (surface(f, &(&w + &h), &(&b + &h)) - surface(f, &(w - &h), &(b - &h))) / (2.0 * h);
                    [("along_w", slope.clone()), ("along_b", slope)]
                }),
            )
            .mistake(
                "nudged_around_the_other",
                "The slope along `b` is measured around the value of `w`. The second argument of `central_difference` \
                 is the point to measure at, here `b`.",
                computed(|f| {
                    let (w, h) = (f.input("w"), f.input("h"));
                    [("along_b", (surface(f, &w, &(&w + &h)) - surface(f, &w, &(&w - &h))) / (2.0 * h))]
                }),
            ),
        Check::new("linear_forward", "linear_neuron", "linear_neuron_grad predicts w·x + b, with a squared error", 1)
            .asks("linear_neuron_grad")
            .on(neurons)
            .computes(|f| neuron_forward(f, Num::clone)),
        Check::new(
            "linear_grad",
            "linear_neuron",
            "linear_neuron_grad carries the slope from the loss to w and b",
            2,
        )
        .asks("linear_neuron_grad")
        .after("linear_forward")
        .on(neurons)
        .computes(|f| neuron_backward(f, Num::clone, |_| f.number(1.0))),
        Check::new("relu_forward", "relu_neuron", "relu_neuron_grad predicts max(0, z)", 1)
            .asks("relu_neuron_grad")
            .on(relu_neurons)
            .computes(|f| neuron_forward(f, Num::relu))
        .mistake(
            "pre_activation_cut_off",
            "ReLU is applied to `z` as well. `z` is the sum before ReLU: the backward pass has to know that it was \
             negative.",
            computed(|f| {
                let [(_, z), loss, y_hat] = neuron_forward(f, Num::relu);
                [("z", z.relu()), loss, y_hat]
            }),
        ),
        Check::new(
            "relu_grad",
            "relu_neuron",
            "relu_neuron_grad lets nothing through a neuron that is not active",
            2,
        )
        .asks("relu_neuron_grad")
        .after("relu_forward")
        .on(relu_neurons)
        .computes(|f| neuron_backward(f, Num::relu, |z| z.above(&f.number(0.0))))
        .mistake(
            "loss_slope_masked",
            "`dl_dy_hat` is 0 where the neuron is 0. The loss does depend on the prediction: 2(ŷ - y). The slope of 0 \
             belongs to the next step, from ŷ to z.",
            computed(|f| {
                let [_, dl_dw, dl_db, dl_dz] = neuron_backward(f, Num::relu, |z| z.above(&f.number(0.0)));
                [("dl_dy_hat", dl_dz.1.clone()), dl_dw, dl_db, dl_dz]
            }),
        ),
        Check::new("sigmoid_neuron_partials", "sigmoid_neuron", "all three partial derivatives of a sigmoid neuron", 2)
            .on(|draw| {
                let case = |x: f64, w: f64, b: f64| Record::new().with("x", x).with("w", w).with("b", b);
                let drawn = case(draw::number(draw, 2.0), draw::number(draw, 2.0), draw::number(draw, 1.0));
                vec![case(2.0, 0.5, 1.0), case(1.0, 0.5, 0.0), case(10.0, -4.0, 0.5), drawn]
            })
            .computes(|f| sigmoid_partials(f, |y| y * (1.0 - y)))
            .mistake(
                "sigmoid_slope_forgotten",
                "These are the slopes of w·x + b. The sigmoid follows: multiply each of them by its slope.",
                computed(|f| sigmoid_partials(f, |_| f.number(1.0))),
            ),
        Check::new("gd_step", "gradient_descent", "gd_step goes against the gradient", 2)
            .on(|draw| {
                let drawn = step_case(
                    [draw::number(draw, 2.0), draw::number(draw, 2.0)],
                    [draw::number(draw, 2.0), draw::number(draw, 2.0)],
                    0.25,
                );
                vec![step_case([0.5, 0.2], [-1.8, -0.6], 0.01), step_case([1.0, -2.0], [4.0, 2.0], 0.5), drawn]
            })
            .computes(|f| {
                let (w, b, rate) = (f.input("w"), f.input("b"), f.input("learning_rate"));
                [("w", w - &rate * f.input("dl_dw")), ("b", b - &rate * f.input("dl_db"))]
            })
            .mistake(
                "stepped_uphill",
                STEPPED_UPHILL,
                computed(|f| {
                    let rate = f.input("learning_rate");
                    [("w", f.input("w") + &rate * f.input("dl_dw")), ("b", f.input("b") + rate * f.input("dl_db"))]
                }),
            ),
        Check::new(
            "critical_learning_rate",
            "gradient_descent",
            "at the critical rate the error only changes its sign",
            2,
        )
        .on(|draw| {
            let mut cases: Vec<Record> = [3.0, 0.0, -2.0, 0.5].map(|x: f64| Record::new().with("x", x)).to_vec();
            cases.push(Record::new().with("x", draw::number(draw, 5.0)));
            cases
        })
        .computes(|f| 1.0 / (f.input("x").square() + 1.0))
        .mistake(
            "twice_the_critical_rate",
            "At this rate a step multiplies the error by -3, and the loss by 9. The slope is 2(ŷ - y), and its factor \
             2 is missing in your rate.",
            |c| 2.0 / (1.0 + c.float("x").powi(2)),
        )
        .mistake(
            "best_rate_for_critical",
            "This is the best rate: a single step makes the error 0. At the critical rate the error after the step is \
             as large as before, with the opposite sign.",
            |c| 0.5 / (1.0 + c.float("x").powi(2)),
        )
        .mistake(
            "square_of_the_sum",
            "This is 1 / (x + 1)². The square belongs to x alone: the weight adds x² and the bias adds 1, so it is 1 / (x² \
             + 1).",
            |c| (c.float("x") + 1.0).powi(2).recip(),
        )
        .mistake(
            "bias_does_not_move",
            "Only the weight is taken into account. The bias moves in the same step and adds 1 to x². Without it the \
             rate for x = 0 would be infinite.",
            |c| c.float("x").powi(2).recip(),
        ),
        Check::new("two_layer_forward", "forward_pass", "two_layer_step predicts: z1, a1, z2, a2 and the loss", 2)
            .asks("two_layer_step")
            .on(networks)
            .computes(forward),
        Check::new("output_delta", "backward_pass", "the error reaches the output neuron as delta2", 2)
            .asks("two_layer_step")
            .after("two_layer_forward")
            .on(networks)
            .computes(|f| Trace::of(f).parts(["dl_da2", "da2_dz2", "delta2"]))
        .mistake(
            "slope_formula_with_z",
            SLOPE_FORMULA_WITH_Z,
            computed(|f| {
                let (trace, z2) = (Trace::of(f), Trace::of(f).get("z2"));
                output_delta(trace.get("dl_da2"), &z2 * (1.0 - &z2))
            }),
        )
        .mistake(
            "cross_entropy_delta",
            "delta2 = a2 - y belongs to another loss, cross-entropy, whose slope cancels that of the sigmoid. With the \
             squared error it is 2(a2 - y) times da2/dz2.",
            computed(|f| [("delta2", Trace::of(f).get("a2") - f.input("y"))]),
        ),
        Check::new("output_gradients", "backward_pass", "delta2 becomes the slopes of W2 and b2", 1)
            .asks("two_layer_step")
            .after("output_delta")
            .on(networks)
            .computes(|f| Trace::of(f).parts(["dl_dw2", "dl_db2"])),
        Check::new("hidden_delta", "backward_pass", "the error reaches the hidden neurons through the old W2", 2)
            .asks("two_layer_step")
            .after("output_delta")
            .on(networks)
            .computes(|f| Trace::of(f).parts(["dl_da1", "da1_dz1", "delta1"]))
            .mistake(
                "new_w2_in_delta1",
                "The error is propagated back through the W2 that is already updated. The prediction was made with \
                 the old W2, so the gradient needs the old W2: compute all slopes first, then change the parameters.",
                computed(|f| {
                    let trace = Trace::of(f);
                    let new_w2 = f.input("w2") - f.input("learning_rate") * trace.get("dl_dw2");
                    hidden_delta(trace.get("delta2") * new_w2, trace.get("da1_dz1"))
                }),
            )
            .mistake(
                "output_slope_for_hidden",
                "da1/dz1 is the slope of the output neuron's sigmoid. Each hidden neuron has its own slope: a1(1 - \
                 a1), entry by entry.",
                computed(|f| {
                    let trace = Trace::of(f);
                    hidden_delta(trace.get("dl_da1"), 0.0 * trace.get("a1") + trace.get("da2_dz2"))
                }),
            )
            .mistake(
                "output_slope_for_hidden",
                "delta1 contains da2/dz2, the slope of the output neuron's sigmoid. Each hidden neuron has its own \
                 slope, da1/dz1.",
                computed(|f| {
                    let trace = Trace::of(f);
                    let [_, dl_da1, da1_dz1] = hidden_delta(trace.get("dl_da1"), trace.get("da1_dz1"));
                    let [delta1, ..] = hidden_delta(trace.get("dl_da1"), trace.get("da2_dz2"));
                    [delta1, dl_da1, da1_dz1]
                }),
            )
            .mistake(
                "slope_formula_with_z",
                SLOPE_FORMULA_WITH_Z,
                computed(|f| {
                    let (trace, z1) = (Trace::of(f), Trace::of(f).get("z1"));
                    hidden_delta(trace.get("dl_da1"), &z1 * (1.0 - &z1))
                }),
            ),
        Check::new("hidden_gradients", "backward_pass", "delta1 becomes the slopes of W1 and b1", 1)
            .asks("two_layer_step")
            .after("hidden_delta")
            .on(networks)
            .computes(|f| Trace::of(f).parts(["dl_dw1", "dl_db1"]))
            .mistake(
                "elementwise_for_outer",
                "The columns of dL/dW1 are scaled by x, so x[j] is used instead of x[i]: `*` multiplies each column \
                 by one entry of a 1-D array. Entry [i, j] is x[i] times delta1[j].",
                computed(|f| {
                    let (x, trace) = (f.input("x"), Trace::of(f));
                    let same_rows = (0.0 * &x + 1.0).outer(&(x * trace.get("delta1")));
                    [("dl_dw1", same_rows), ("dl_db1", trace.get("dl_db1"))]
                }),
            )
            .mistake(
                "a1_in_dl_dw1",
                "dL/dW1 contains a1 as a factor too many. The input of the hidden neurons is x: entry [i, j] is x[i] times \
                 delta1[j].",
                computed(|f| {
                    let trace = Trace::of(f);
                    let dl_dw1 = f.input("x").outer(&(trace.get("a1") * trace.get("delta1")));
                    [("dl_dw1", dl_dw1), ("dl_db1", trace.get("dl_db1"))]
                }),
            ),
        Check::new("two_layer_update", "update", "two_layer_step moves all four parameters against their slopes", 2)
            .about("two_layer_step")
            .on(networks)
            .computes(|f| updated(f, |_, old, rate, slope| old - rate * slope))
            .or_follows(updated_by_own_slopes)
            .mistake("stepped_uphill", STEPPED_UPHILL, computed(|f| updated(f, |_, old, rate, slope| old + rate * slope)))
            .mistake(
                "learning_rate_forgotten",
                "The learning rate is missing: the step is the whole slope. It should be w - learning_rate · dL/dw.",
                computed(|f| updated(f, |_, old, _, slope| old - slope)),
            )
            .mistake(
                "parameters_returned_unchanged",
                "These are the old parameters: none has changed. Return new ones, each the old one minus the learning \
                 rate times its slope.",
                computed(|f| updated(f, |_, old, _, _| old)),
            )
            .mistake(
                "biases_not_updated",
                "No bias has moved. Biases are learned like weights, with slopes of their own.",
                computed(|f| {
                    updated(f, |name, old, rate, slope| if name.starts_with('b') { old } else { old - rate * slope })
                }),
            )
            .mistake(
                "hidden_layer_not_updated",
                "Only the output neuron has learned: w1 and b1 are the old ones. They have gradients as well: update \
                 them too.",
                computed(|f| {
                    updated(f, |name, old, rate, slope| if name.ends_with('1') { old } else { old - rate * slope })
                }),
            ),
        Check::new("any_shape", "update", "two_layer_step takes any number of inputs and of hidden neurons", 1)
            .asks("two_layer_step")
            .after("hidden_gradients")
            .on(|draw| vec![network(draw, 3, 3), network(draw, 3, 2), network(draw, 1, 4)])
            .computes(|f| Trace::of(f).parts(["a2", "dl_dw2", "dl_dw1", "dl_db1"])),
        Check::new("trace_report", "trace_report", "trace_report writes fifteen lines", 1)
            .on(|draw| vec![report_case(&example()), drawn_trace(draw)])
            .expects(|c| lines(report(c, number)))
            .shows(include_str!("snapshots/trace_report.snap"))
            .mistake_if(
                "line_missing",
                "A line is missing. The others are right, but a trace has fifteen lines, one for each part.",
                |c, seen| {
                    let (shown, right) = (shown_lines(seen), report(c, number));
                    !shown.is_empty() && shown.len() < right.len() && shown.iter().all(|line| right.contains(line))
                },
            )
            .mistake(
                "matrix_by_columns",
                "dL/dW1 is written column by column. The inner brackets hold its rows, one for each input.",
                |c| lines(report(&with_columns(c), number)),
            )
            .mistake(
                "truncated_not_rounded",
                "The digits after the sixth are cut off. Round instead: 0.6636167 becomes 0.663617.",
                |c| lines(report(c, |value| format!("{:.6}", (value * 1e6).trunc() / 1e6))),
            )
            .mistake("sign_dropped", "The minus signs are missing. Only -0.000000 is written without its sign.", |c| {
                lines(report(c, |value| format!("{:.6}", value.abs())))
            }),
        Check::new("zero_has_no_sign", "trace_report", "trace_report never writes -0.000000", 1)
            .asks("trace_report")
            .after("trace_report")
            .on(|draw| vec![report_case(&saturated()), tiny_trace(draw)])
            .expects(|c| lines(report(c, number)))
            .mistake(
                "negative_zero",
                "A slope that rounds to zero has kept its sign: `-0.000000`. Write `0.000000`.",
                |c| lines(report(c, |value| format!("{value:.6}"))),
            )
            .mistake(
                "zero_tested_before_rounding",
                "A number that rounds to zero has kept its sign: `-0.000000`. Before the rounding it is not \
                 zero (-0.0000004, say), so test the rounded number.",
                |c| lines(report(c, |value| if value == 0.0 { number(0.0) } else { format!("{value:.6}") })),
            )
            .mistake(
                "small_numbers_taken_for_zero",
                "A number closer to zero than a millionth is written as zero, but -0.0000007 rounds to -0.000001. Round \
                 first, and remove the sign if only zeros are left.",
                |c| lines(report(c, |value| number(if value.abs() < 1e-6 { 0.0 } else { value }))),
            )
            .mistake(
                "small_numbers_in_exponents",
                "Small numbers are written with an exponent. Write every number with six decimals: 0.000000.",
                |c| {
                    lines(report(c, |value| match value != 0.0 && value.abs() < 5e-7 {
                        true => format!("{value:.6e}"),
                        false => number(value),
                    }))
                },
            ),
    ]
}

const ONE_SIDED: &str = "One of the two points is x itself. The error of such a difference is proportional to h. With \
    one point on either side, x + h and x - h, the effect of the curvature cancels, and the error is proportional to h².";
const SLOPE_FORMULA_WITH_Z: &str = "z is used in place of a in a(1 - a). Compute a = σ(z) first, then the slope a(1 - \
    a). It is never negative and never above 0.25.";
const STEPPED_UPHILL: &str = "This step goes uphill: the slopes are added. If the slope is positive, the loss grows \
    with the parameter, so subtract: w - learning_rate · dL/dw.";

// The chain rule and measured slopes.

fn inner_line(a: f64, b: f64, x: f64) -> Record {
    Record::new().with("a", a).with("b", b).with("x", x)
}

/// The function of a case.
fn curve(f: &Formula, x: Num) -> Num {
    match f.case().text("f") {
        "x^3" => x.cube(),
        "sin x" => x.sin(),
        _ => x.exp(),
    }
}

/// How far a case's function rises from one point to another, each so many times `h` away from `x`.
fn chord(f: &Formula, [to, from]: [f64; 2]) -> Num {
    let at = |steps: f64| curve(f, f.input("x") + steps * f.input("h"));
    at(to) - at(from)
}

/// The function of a case of two numbers.
fn surface(f: &Formula, w: &Num, b: &Num) -> Num {
    match f.case().text("f") {
        "w^3 b" => w.cube() * b,
        _ => (3.0 * w + b - 2.0).square(),
    }
}

// One neuron.

/// Parts of a result, with their names.
type Parts<const N: usize> = [(&'static str, Num); N];

fn neuron(x: f64, w: f64, b: f64, y: f64) -> Record {
    Record::new().with("x", x).with("w", w).with("b", b).with("y", y)
}

fn drawn_neuron(draw: &mut probe::Generator) -> Record {
    let mut number = || draw::number(draw, 2.0);
    neuron(number(), number(), number(), number())
}

/// The example of the lesson, a prediction that is too large, and a drawn neuron.
fn neurons(draw: &mut probe::Generator) -> Vec<Record> {
    vec![neuron(3.0, 0.5, 0.2, 2.0), neuron(-2.0, -1.5, 0.25, 1.0), drawn_neuron(draw)]
}

/// Active, silent, exactly at the kink, and a drawn neuron.
fn relu_neurons(draw: &mut probe::Generator) -> Vec<Record> {
    vec![
        neuron(2.0, 0.5, 0.1, 1.0),
        neuron(2.0, -0.5, 0.1, 1.0),
        neuron(2.0, -0.05, 0.1, 1.0),
        neuron(-4.0, -0.75, 0.5, 5.0),
        drawn_neuron(draw),
    ]
}

/// What the neuron predicts.
fn neuron_forward(f: &Formula, activation: fn(&Num) -> Num) -> Parts<3> {
    let z = (f.input("w") * f.input("x") + f.input("b")).named("z");
    let y_hat = activation(&z).named("y_hat");
    [("z", z), ("loss", (&y_hat - f.input("y")).square()), ("y_hat", y_hat)]
}

/// The slopes along the chain from the loss to the neuron's parameters.
fn neuron_backward(f: &Formula, activation: fn(&Num) -> Num, slope: impl Fn(&Num) -> Num) -> Parts<4> {
    let (x, w, b, y) = (f.input("x"), f.input("w"), f.input("b"), f.input("y"));
    let z = (w * &x + b).named("z");
    let y_hat = activation(&z).named("y_hat");
    let dl_dy_hat = (2.0 * (y_hat - y)).named("dl_dy_hat");
    let dl_dz = (&dl_dy_hat * slope(&z)).named("dl_dz");
    [("dl_dy_hat", dl_dy_hat), ("dl_dw", &dl_dz * x), ("dl_db", &dl_dz * 1.0), ("dl_dz", dl_dz)]
}

/// A sigmoid neuron, and its slopes along w, b and x. `slope` makes dy/dz of y.
fn sigmoid_partials(f: &Formula, slope: impl Fn(&Num) -> Num) -> Parts<4> {
    let (x, w, b) = (f.input("x"), f.input("w"), f.input("b"));
    let z = (&w * &x + b).named("z");
    let y = z.sigmoid().named("y");
    let dy_dz = slope(&y).named("dy_dz");
    [("y", y), ("dy_dw", &dy_dz * x), ("dy_db", &dy_dz * 1.0), ("dy_dx", &dy_dz * w)]
}

/// A step from these parameters with these slopes; the rest of the `NeuronGrad` plays no part in it.
fn step_case([w, b]: [f64; 2], [dl_dw, dl_db]: [f64; 2], learning_rate: f64) -> Record {
    Record::new()
        .with("w", w)
        .with("b", b)
        .with("z", 1.7)
        .with("y_hat", 1.4)
        .with("loss", 0.09)
        .with("dl_dy_hat", -0.6)
        .with("dl_dz", 0.45)
        .with("dl_dw", dl_dw)
        .with("dl_db", dl_db)
        .with("learning_rate", learning_rate)
}

// Two layers.

/// The example of the lesson.
fn example() -> Record {
    Record::new()
        .with("x", array![0.5, 0.8])
        .with("y", 1.0)
        .with("w1", array![[0.1, 0.3], [0.2, 0.4]])
        .with("b1", array![0.01, 0.02])
        .with("w2", array![0.5, 0.6])
        .with("b2", 0.03)
        .with("learning_rate", 0.5)
}

/// Hidden neurons deep in the flat parts of their sigmoids: nearly nothing reaches W1.
fn saturated() -> Record {
    Record::new()
        .with("x", array![2.0, 4.0])
        .with("y", 1.0)
        .with("w1", array![[4.0, -3.0], [2.0, -2.5]])
        .with("b1", array![1.0, 0.5])
        .with("w2", array![1.5, -0.5])
        .with("b2", -2.0)
        .with("learning_rate", 0.25)
}

fn network(draw: &mut probe::Generator, n_in: usize, n_hidden: usize) -> Record {
    Record::new()
        .with("x", draw::vector(draw, n_in, 2.0))
        .with("y", 0.25)
        .with("w1", draw::matrix(draw, (n_in, n_hidden), 1.5))
        .with("b1", draw::vector(draw, n_hidden, 1.0))
        .with("w2", draw::vector(draw, n_hidden, 1.5))
        .with("b2", draw::number(draw, 1.0))
        .with("learning_rate", 0.75)
}

/// Networks of the lesson's shape, so that code that confuses inputs with hidden neurons, or that is written for two of
/// each, does not end in a panic, which would hide whatever else is right. `any_shape` asks for other shapes.
fn networks(draw: &mut probe::Generator) -> Vec<Record> {
    vec![example(), network(draw, 2, 2), network(draw, 2, 2)]
}

fn forward(f: &Formula) -> Parts<5> {
    let z1 = (f.input("x").dot(&f.input("w1")) + f.input("b1")).named("z1");
    let a1 = z1.sigmoid().named("a1");
    let z2 = (a1.dot(&f.input("w2")) + f.input("b2")).named("z2");
    let a2 = z2.sigmoid().named("a2");
    let loss = (&a2 - f.input("y")).square().named("loss");
    [("z1", z1), ("a1", a1), ("z2", z2), ("a2", a2), ("loss", loss)]
}

/// The forward and the backward pass, as the lesson writes them.
struct Trace(Parts<15>);

impl Trace {
    fn of(f: &Formula) -> Self {
        let (x, w2) = (f.input("x"), f.input("w2"));
        let [(_, z1), (_, a1), (_, z2), (_, a2), (_, loss)] = forward(f);
        let dl_da2 = (2.0 * (&a2 - f.input("y"))).named("dl_da2");
        let da2_dz2 = (&a2 * (1.0 - &a2)).named("da2_dz2");
        let delta2 = (&dl_da2 * &da2_dz2).named("delta2");
        let dl_da1 = (&delta2 * &w2).named("dl_da1");
        let da1_dz1 = (&a1 * (1.0 - &a1)).named("da1_dz1");
        let delta1 = (&dl_da1 * &da1_dz1).named("delta1");
        Self([
            ("dl_dw2", &delta2 * &a1),
            ("dl_db2", &delta2 * 1.0),
            ("dl_dw1", x.outer(&delta1)),
            ("dl_db1", &delta1 * 1.0),
            ("z1", z1),
            ("a1", a1),
            ("z2", z2),
            ("a2", a2),
            ("loss", loss),
            ("dl_da2", dl_da2),
            ("da2_dz2", da2_dz2),
            ("delta2", delta2),
            ("dl_da1", dl_da1),
            ("da1_dz1", da1_dz1),
            ("delta1", delta1),
        ])
    }

    fn get(&self, name: &str) -> Num {
        let part = self.0.iter().find(|(part, _)| *part == name);
        part.expect("a trace has such a part").1.clone()
    }

    fn parts<const N: usize>(&self, names: [&'static str; N]) -> Parts<N> {
        names.map(|name| (name, self.get(name)))
    }
}

fn output_delta(dl_da2: Num, da2_dz2: Num) -> Parts<3> {
    let (dl_da2, da2_dz2) = (dl_da2.named("dl_da2"), da2_dz2.named("da2_dz2"));
    [("delta2", (&dl_da2 * &da2_dz2).named("delta2")), ("dl_da2", dl_da2), ("da2_dz2", da2_dz2)]
}

fn hidden_delta(dl_da1: Num, da1_dz1: Num) -> Parts<3> {
    [("delta1", &dl_da1 * &da1_dz1), ("dl_da1", dl_da1), ("da1_dz1", da1_dz1)]
}

/// The slopes and the new parameters; `moved` makes each of its name, the old one, the learning rate and its slope.
fn updated(f: &Formula, moved: impl Fn(&str, Num, Num, Num) -> Num) -> Parts<8> {
    let rate = || f.input("learning_rate");
    let [dl_dw1, dl_db1, dl_dw2, dl_db2] = Trace::of(f).parts(["dl_dw1", "dl_db1", "dl_dw2", "dl_db2"]);
    let w1 = moved("w1", f.input("w1"), rate(), dl_dw1.1.named("dl_dw1"));
    let b1 = moved("b1", f.input("b1"), rate(), dl_db1.1.named("dl_db1"));
    let w2 = moved("w2", f.input("w2"), rate(), dl_dw2.1.named("dl_dw2"));
    let b2 = moved("b2", f.input("b2"), rate(), dl_db2.1.named("dl_db2"));
    let updated = [("updated_w1", w1), ("updated_b1", b1), ("updated_w2", w2), ("updated_b2", b2)];
    let [w1, b1, w2, b2] = updated;
    [dl_dw1, dl_db1, dl_dw2, dl_db2, w1, b1, w2, b2]
}

/// The new parameters as they follow from the learner's own slopes: whether those are right is another check's question.
/// Slopes of 0, as they are in code that is half written, tell nothing.
fn updated_by_own_slopes(c: &Record, seen: &Record) -> Prediction {
    let rate = c.float("learning_rate");
    let is_zero = |name: &str| numbers(seen, &format!("dl_d{name}")).iter().all(|slope| *slope == 0.0);
    if PARAMETERS.iter().any(|name| is_zero(name)) {
        return Prediction::Panics;
    }
    let (w1, w2) = (c.matrix("w1").to_owned(), c.vector("w2").to_owned());
    let b1 = c.vector("b1").to_owned();
    Record::new()
        .with("updated_w1", w1 - rate * &seen.matrix("dl_dw1"))
        .with("updated_b1", b1 - rate * &seen.vector("dl_db1"))
        .with("updated_w2", w2 - rate * &seen.vector("dl_dw2"))
        .with("updated_b2", c.float("b2") - rate * seen.float("dl_db2"))
        .into()
}

const PARAMETERS: [&str; 4] = ["w1", "b1", "w2", "b2"];

/// The entries of a part, be it a number or an array.
fn numbers(record: &Record, name: &str) -> Vec<f64> {
    match record.get(name) {
        Some(Value::Float(number)) => vec![*number],
        Some(Value::Array { data, .. }) => data.clone(),
        _ => Vec::new(),
    }
}

// The report.

/// The fields of a trace and the names of their lines, in order.
const LINES: [(&str, &str); 15] = [
    ("z1", "z1"),
    ("a1", "a1"),
    ("z2", "z2"),
    ("a2", "a2"),
    ("loss", "loss"),
    ("dl_da2", "dL/da2"),
    ("da2_dz2", "da2/dz2"),
    ("delta2", "delta2"),
    ("dl_dw2", "dL/dW2"),
    ("dl_db2", "dL/db2"),
    ("dl_da1", "dL/da1"),
    ("da1_dz1", "da1/dz1"),
    ("delta1", "delta1"),
    ("dl_dw1", "dL/dW1"),
    ("dl_db1", "dL/db1"),
];

/// The trace of a network, to be reported on.
fn report_case(c: &Record) -> Record {
    computed(|f| Trace::of(f).parts(LINES.map(|(field, _)| field)))(c)
}

/// A trace of three inputs and three hidden neurons, full of numbers on both sides of half a millionth.
fn tiny_trace(draw: &mut probe::Generator) -> Record {
    let tiny = || (draw.random_range(0.1..0.4) + 0.5 * f64::from(draw.random_range(0..3_u8))) * -1e-6;
    made_up_trace(3, -0.0, tiny)
}

/// A trace of ordinary numbers.
fn drawn_trace(draw: &mut probe::Generator) -> Record {
    made_up_trace(2, draw.random_range(0.1..3.0), || draw.random_range(0.1..3.0))
}

/// A trace of numbers that need not follow from each other to be written down, with this z2.
fn made_up_trace(size: usize, z2: f64, mut number: impl FnMut() -> f64) -> Record {
    LINES.iter().fold(Record::new(), |record, &(field, _)| match field {
        "dl_dw1" => record.with(field, Array2::from_shape_simple_fn((size, size), &mut number)),
        "z2" => record.with(field, z2),
        "a2" | "loss" | "dl_da2" | "da2_dz2" | "delta2" | "dl_db2" => record.with(field, number()),
        _ => record.with(field, Array1::from_shape_simple_fn(size, &mut number)),
    })
}

/// The trace with the columns of its matrix for rows.
fn with_columns(c: &Record) -> Record {
    c.parts().fold(Record::new(), |record, (name, value)| match name {
        "dl_dw1" => record.with(name, c.matrix(name).t().to_owned()),
        _ => record.with(name, value.clone()),
    })
}

/// Rounded to six decimals, with zero for whatever is left of a minus.
fn rounded(value: f64) -> f64 {
    let millionths = (value * 1e6).round();
    if millionths == 0.0 { 0.0 } else { millionths / 1e6 }
}

fn number(value: f64) -> String {
    format!("{:.6}", rounded(value))
}

fn report(c: &Record, number: impl Fn(f64) -> String) -> Vec<String> {
    let row =
        |numbers: &[f64]| format!("[{}]", numbers.iter().map(|&value| number(value)).collect::<Vec<_>>().join(", "));
    LINES
        .iter()
        .map(|(field, name)| {
            let value = match c.get(field) {
                Some(Value::Float(value)) => number(*value),
                Some(Value::Array { shape, data }) if shape.len() == 2 => {
                    format!("[{}]", data.chunks(shape[1]).map(row).collect::<Vec<_>>().join(", "))
                }
                Some(Value::Array { data, .. }) => row(data),
                other => panic!("a trace has numbers, not {other:?}"),
            };
            format!("{name} = {value}")
        })
        .collect()
}

/// The report as one text.
fn lines(lines: Vec<String>) -> Record {
    lines.join("\n").into()
}

fn shown_lines(seen: &Record) -> Vec<String> {
    seen.text("result").lines().map(str::to_owned).collect()
}
