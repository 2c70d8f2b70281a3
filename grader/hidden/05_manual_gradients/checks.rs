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
            })
            .mistake(
                "inner_slope_forgotten",
                "The slope of the inner part is missing. u = a·x + b has the slope a, so u² has the slope 2u · a.",
                |c| square_and_slope(c, |a, b, x| 2.0 * (a * x + b)),
            )
            .mistake(
                "outer_slope_at_x",
                "The outer slope is taken at x. The square is that of u = a·x + b, so its slope is 2u, not 2x.",
                |c| square_and_slope(c, |a, _, x| 2.0 * x * a),
            )
            .mistake("answers_swapped", "The two numbers are swapped: y comes first, then its slope.", |c| {
                let right = square_and_slope(c, |a, b, x| 2.0 * a * a * x + 2.0 * a * b);
                Record::new().with("y", right.float("dy_dx")).with("dy_dx", right.float("y"))
            })
            .mistake(
                "square_of_the_slope",
                "This is the square of the inner slope, a². It should be the slope of the square, 2u, times the inner \
                 slope, a.",
                |c| square_and_slope(c, |a, _, _| a * a),
            ),
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
                let value = |x: Num| match f.case().text("f") {
                    "x^3" => x.cube(),
                    "sin x" => x.sin(),
                    _ => x.exp(),
                };
                (value(&x + &h) - value(&x - &h)) / (2.0 * h)
            })
            .mistake(
                "forward_difference",
                "One point is x itself: (f(x + h) - f(x)) / h. Its error is proportional to h. With one point on \
                 either side, x + h and x - h, the effect of the curvature cancels, and the error is proportional to \
                 h².",
                |c| (f_at(c, 1.0) - f_at(c, 0.0)) / c.float("h"),
            )
            .mistake(
                "backward_difference",
                "One point is x itself: (f(x) - f(x - h)) / h. Its error is proportional to h. With one point on \
                 either side, x + h and x - h, the effect of the curvature cancels, and the error is proportional to \
                 h².",
                |c| (f_at(c, 0.0) - f_at(c, -1.0)) / c.float("h"),
            )
            .mistake(
                "divided_by_h",
                "This slope is twice as large as it should be. The distance from x - h to x + h is 2h, so divide by \
                 2h.",
                |c| (f_at(c, 1.0) - f_at(c, -1.0)) / c.float("h"),
            )
            .mistake(
                "multiplied_by_h",
                "`/ 2.0 * h` goes from left to right: it divides by 2 and then multiplies by h. Parentheses make it \
                 a division by 2h: `/ (2.0 * h)`.",
                |c| (f_at(c, 1.0) - f_at(c, -1.0)) / 2.0 * c.float("h"),
            )
            .mistake(
                "half_the_step",
                "The two points are h apart, each h / 2 away from x. Here each of them is h away, so they are 2h \
                 apart.",
                |c| (f_at(c, 0.5) - f_at(c, -0.5)) / c.float("h"),
            )
            .mistake_if(
                "h_ignored",
                "The points are much closer to x than h. Use the argument `h` as the distance, not another number.",
                |c, seen| match seen.result() {
                    Some(Value::Float(slope)) => {
                        c.float("h") > 0.05 && (slope - mean_slope(c.text("f"), c.float("x"), 1e-6)).abs() < 1e-5
                    }
                    _ => false,
                },
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
                let value = |w: &Num, b: &Num| match f.case().text("f") {
                    "w^3 b" => w.cube() * b,
                    _ => (3.0 * w + b - 2.0).square(),
                };
                let along_w = (value(&(&w + &h), &b) - value(&(&w - &h), &b)) / (2.0 * &h);
                let along_b = (value(&w, &(&b + &h)) - value(&w, &(&b - &h))) / (2.0 * &h);
                [("along_w", along_w), ("along_b", along_b)]
            })
            .mistake(
                "nudged_together",
                "`w` and `b` are changed at the same time, and their effects add up. In a partial derivative the \
                 other one stays constant.",
                |c| {
                    let slope = slope_along(c, |step| (c.float("w") + step, c.float("b") + step));
                    partials(slope, slope)
                },
            )
            .mistake("partials_swapped", "The two slopes are swapped: first along `w`, then along `b`.", |c| {
                partials(slope_along_b(c), slope_along_w(c))
            })
            .mistake(
                "same_slope_twice",
                "The slope along `w` is returned for `b` as well. For the second one use a closure that varies `b`: \
                 `|b| f(w, b)`.",
                |c| partials(slope_along_w(c), slope_along_w(c)),
            )
            .mistake(
                "nudged_around_the_other",
                "The slope along `b` is measured around the value of `w`. The second argument of `central_difference` \
                 is the point to measure at, here `b`.",
                |c| partials(slope_along_w(c), slope_along(c, |step| (c.float("w"), c.float("w") + step))),
            ),
        Check::new("linear_forward", "linear_neuron", "linear_neuron_grad predicts w·x + b, with a squared error", 1)
            .asks("linear_neuron_grad")
            .on(neurons)
            .computes(|f| neuron_forward(f, Num::clone))
            .mistake("loss_halved", LOSS_HALVED, |c| forward(c, |z| z, |error| 0.5 * error * error)),
        Check::new("linear_grad", "linear_neuron", "linear_neuron_grad carries the slope from the loss to w and b", 2)
            .asks("linear_neuron_grad")
            .after("linear_forward")
            .on(neurons)
            .computes(|f| neuron_backward(f, Num::clone, |_| f.number(1.0)))
            .mistake("sign_flipped", SIGN_FLIPPED, |c| {
                backward(c, Slopes { of_loss: |error| -2.0 * error, ..linear_slope() })
            })
            .mistake("factor_two_forgotten", FACTOR_TWO, |c| {
                backward(c, Slopes { of_loss: |error| error, ..linear_slope() })
            })
            .mistake("error_for_slope", ERROR_FOR_SLOPE, |c| {
                backward(c, Slopes { of_loss: |error| -error, ..linear_slope() })
            })
            .mistake("input_forgotten", INPUT_FORGOTTEN, |c| {
                backward(c, Slopes { of_w: |_, _| 1.0, ..linear_slope() })
            }),
        Check::new("relu_forward", "relu_neuron", "relu_neuron_grad predicts max(0, z)", 1)
            .asks("relu_neuron_grad")
            .on(relu_neurons)
            .computes(|f| neuron_forward(f, Num::relu))
            .mistake("relu_is_abs", "ReLU does not change the sign of negative numbers: it replaces them by 0.", |c| {
                forward(c, f64::abs, squared)
            })
            .mistake(
                "pre_activation_cut_off",
                "ReLU is applied to `z` as well. `z` is the sum before ReLU: the backward pass has to know that it \
                 was negative.",
                |c| {
                    forward(c, relu, squared).parts().fold(Record::new(), |record, (name, value)| match name {
                        "z" => record.with("z", relu(pre_activation(c))),
                        _ => record.with(name, value.clone()),
                    })
                },
            )
            .mistake("loss_halved", LOSS_HALVED, |c| forward(c, relu, |error| 0.5 * error * error)),
        Check::new("relu_grad", "relu_neuron", "relu_neuron_grad lets nothing through a neuron that is not active", 2)
            .asks("relu_neuron_grad")
            .after("relu_forward")
            .on(relu_neurons)
            .computes(|f| neuron_backward(f, Num::relu, |z| z.above(&f.number(0.0))))
            .mistake(
                "relu_mask_forgotten",
                "The slope of ReLU is missing. Where z is negative the prediction is 0 and stays 0 when w or b move \
                 a little, so dL/dz is 0 there. Look at z for this: the prediction is never below 0.",
                |c| backward(c, Slopes { of_activation: |_| 1.0, ..relu_slope() }),
            )
            .mistake(
                "slope_one_at_the_kink",
                "At z = 0 the slope is taken to be 1. ReLU has no slope at its kink; this course, like most \
                 programs, takes 0: `z > 0.0`, not `>=`.",
                |c| backward(c, Slopes { of_activation: |z| if z >= 0.0 { 1.0 } else { 0.0 }, ..relu_slope() }),
            )
            .mistake(
                "mask_inverted",
                "The slope of ReLU is inverted: here it is 1 where the neuron is inactive. It should be 1 where z > \
                 0, and 0 elsewhere.",
                |c| backward(c, Slopes { of_activation: |z| if z > 0.0 { 0.0 } else { 1.0 }, ..relu_slope() }),
            )
            .mistake(
                "pre_activation_slope_not_masked",
                "`dl_dz` does not contain the slope of ReLU, only the slopes after it do. ReLU lies between z and ŷ, \
                 so dL/dz is dL/dŷ times its slope, and the other two are computed from dL/dz.",
                |c| {
                    let (dl_dy_hat, _, dl_dw, dl_db) = slopes_of(c, relu_slope());
                    neuron_slopes((dl_dy_hat, dl_dy_hat, dl_dw, dl_db))
                },
            )
            .mistake(
                "only_the_weight_is_masked",
                "dL/db does not contain the slope of ReLU. The bias acts on z, as the weight does: compute both from \
                 dL/dz.",
                |c| {
                    let slopes = relu_slope();
                    let dl_dy_hat = (slopes.of_loss)(relu(pre_activation(c)) - c.float("y"));
                    Record::new()
                        .with("dl_dy_hat", dl_dy_hat)
                        .with("dl_dw", slopes_of(c, slopes).2)
                        .with("dl_db", dl_dy_hat)
                },
            )
            .mistake(
                "loss_slope_masked",
                "`dl_dy_hat` is 0 where the neuron is 0. The loss does depend on the prediction: 2(ŷ - y). The slope \
                 of 0 belongs to the next step, from ŷ to z.",
                |c| {
                    let (_, dl_dz, dl_dw, dl_db) = slopes_of(c, relu_slope());
                    neuron_slopes((dl_dz, dl_dz, dl_dw, dl_db))
                },
            )
            .mistake("sign_flipped", SIGN_FLIPPED, |c| {
                backward(c, Slopes { of_loss: |error| -2.0 * error, ..relu_slope() })
            })
            .mistake("factor_two_forgotten", FACTOR_TWO, |c| {
                backward(c, Slopes { of_loss: |error| error, ..relu_slope() })
            })
            .mistake("error_for_slope", ERROR_FOR_SLOPE, |c| {
                backward(c, Slopes { of_loss: |error| -error, ..relu_slope() })
            })
            .mistake("input_forgotten", INPUT_FORGOTTEN, |c| backward(c, Slopes { of_w: |_, _| 1.0, ..relu_slope() })),
        Check::new("sigmoid_neuron_partials", "sigmoid_neuron", "all three partial derivatives of a sigmoid neuron", 2)
            .on(|draw| {
                let case = |x: f64, w: f64, b: f64| Record::new().with("x", x).with("w", w).with("b", b);
                let drawn = case(draw::number(draw, 2.0), draw::number(draw, 2.0), draw::number(draw, 1.0));
                vec![case(2.0, 0.5, 1.0), case(1.0, 0.5, 0.0), case(10.0, -4.0, 0.5), drawn]
            })
            .computes(|f| {
                let (x, w, b) = (f.input("x"), f.input("w"), f.input("b"));
                let z = (&w * &x + b).named("z");
                let y = z.sigmoid().named("y");
                let dy_dz = (&y * (1.0 - &y)).named("dy_dz");
                [("y", y), ("dy_dw", &dy_dz * x), ("dy_db", &dy_dz * 1.0), ("dy_dx", &dy_dz * w)]
            })
            .mistake("slope_at_activation", SLOPE_AT_ACTIVATION, |c| sigmoid_partials(c, |z| sigmoid_slope(sigmoid(z))))
            .mistake("slope_formula_with_z", SLOPE_FORMULA_WITH_Z, |c| sigmoid_partials(c, |z| z * (1.0 - z)))
            .mistake(
                "sigmoid_slope_forgotten",
                "These are the slopes of w·x + b. The sigmoid follows: multiply each of them by its slope.",
                |c| sigmoid_partials(c, |_| 1.0),
            )
            .mistake(
                "sigmoid_for_its_slope",
                "The slopes are multiplied by the sigmoid itself. Multiply by the slope of the sigmoid, σ(z)(1 - \
                 σ(z)).",
                |c| sigmoid_partials(c, sigmoid),
            )
            .mistake(
                "weight_and_input_swapped",
                "`dy_dw` and `dy_dx` are swapped: the slope of w·x along w is x, along x it is w.",
                |c| partials_with(c, sigmoid_slope, |x, w, _| (w, 1.0, x)),
            )
            .mistake(
                "inner_slope_forgotten",
                "All three slopes are equal: this is dy/dz. Multiply it by the slopes of z = w·x + b along w, b and \
                 x: x, 1 and w.",
                |c| partials_with(c, sigmoid_slope, |_, _, _| (1.0, 1.0, 1.0)),
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
            .mistake("stepped_uphill", STEPPED_UPHILL, |c| stepped(c, |rate, of_w, of_b| (rate * of_w, rate * of_b)))
            .mistake("biases_not_updated", BIASES_NOT_UPDATED, |c| stepped(c, |rate, of_w, _| (-rate * of_w, 0.0)))
            .mistake(
                "slopes_swapped",
                "The weight moves by the slope of the bias and the bias by that of the weight: dL/dw belongs to w, \
                 dL/db to b.",
                |c| stepped(c, |rate, of_w, of_b| (-rate * of_b, -rate * of_w)),
            )
            .mistake("answers_swapped", "The two numbers are swapped: the new w comes first, then the new b.", |c| {
                let stepped = stepped(c, |rate, of_w, of_b| (-rate * of_w, -rate * of_b));
                Record::new().with("w", stepped.float("b")).with("b", stepped.float("w"))
            }),
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
            "bias_does_not_move",
            "Only the weight is taken into account. The bias moves in the same step and adds 1 to x². Without it the \
             rate for x = 0 would be infinite.",
            |c| c.float("x").powi(2).recip(),
        )
        .mistake(
            "parentheses_forgotten",
            "Division comes before addition: 1 / x² + 1 is (1 / x²) + 1. The denominator is the whole sum x² + 1, so \
             it needs parentheses.",
            |c| c.float("x").powi(2).recip() + 1.0,
        )
        .mistake(
            "rate_of_the_example",
            "0.1 is the critical rate for x = 3. It depends on x: the larger x, the more a step changes the \
             prediction.",
            |_| 0.1,
        ),
        Check::new("two_layer_forward", "forward_pass", "two_layer_step predicts: z1, a1, z2, a2 and the loss", 2)
            .asks("two_layer_step")
            .on(networks)
            .computes(|f| Pass::new(f).forward())
            .mistake(
                "w1_transposed",
                "z1 is W1·x: the rows of W1 are treated as neurons. A hidden neuron is a column of W1, so x comes \
                 first: x·W1 + b1. With a square W1 both products exist, so the shapes do not show the difference.",
                |c| {
                    forward_pass(
                        c,
                        &Forward { z1: c.matrix("w1").dot(&c.vector("x")) + c.vector("b1"), ..Forward::new(c) },
                    )
                },
            )
            .mistake("loss_halved", LOSS_HALVED, |c| {
                forward_pass(c, &Forward { loss: |error| 0.5 * error * error, ..Forward::new(c) })
            }),
        Check::new("output_delta", "backward_pass", "the error reaches the output neuron as delta2", 2)
            .asks("two_layer_step")
            .after("two_layer_forward")
            .on(networks)
            .computes(|f| {
                let Pass { dl_da2, da2_dz2, delta2, .. } = Pass::new(f);
                [("dl_da2", dl_da2), ("da2_dz2", da2_dz2), ("delta2", delta2)]
            })
            .mistake("sign_flipped", SIGN_FLIPPED, |c| {
                output_delta(c, |error| -2.0 * error, |walk| sigmoid_slope(walk.z2))
            })
            .mistake("factor_two_forgotten", FACTOR_TWO, |c| {
                output_delta(c, |error| error, |walk| sigmoid_slope(walk.z2))
            })
            .mistake("error_for_slope", ERROR_FOR_SLOPE, |c| {
                output_delta(c, |error| -error, |walk| sigmoid_slope(walk.z2))
            })
            .mistake("slope_at_activation", SLOPE_AT_ACTIVATION, |c| {
                output_delta(c, |error| 2.0 * error, |walk| sigmoid_slope(walk.a2))
            })
            .mistake("slope_formula_with_z", SLOPE_FORMULA_WITH_Z, |c| {
                output_delta(c, |error| 2.0 * error, |walk| walk.z2 * (1.0 - walk.z2))
            })
            .mistake(
                "output_slope_skipped",
                "delta2 is equal to dL/da2. It should be the slope along z2: multiply by the slope of the sigmoid, \
                 da2/dz2.",
                |c| Record::new().with("dl_da2", walk(c).dl_da2).with("delta2", walk(c).dl_da2),
            )
            .mistake(
                "cross_entropy_delta",
                "delta2 = a2 - y belongs to another loss, cross-entropy, whose slope cancels that of the sigmoid. \
                 With the squared error it is 2(a2 - y) times da2/dz2.",
                |c| Record::new().with("delta2", walk(c).a2 - c.float("y")),
            ),
        Check::new("output_gradients", "backward_pass", "delta2 becomes the slopes of W2 and b2", 1)
            .asks("two_layer_step")
            .after("output_delta")
            .on(networks)
            .computes(|f| {
                let Pass { delta2, a1, .. } = Pass::new(f);
                [("dl_dw2", &delta2 * a1), ("dl_db2", &delta2 * 1.0)]
            })
            .mistake(
                "input_forgotten",
                "Every entry of dL/dW2 is delta2. The slope of each weight is delta2 times its own input, the \
                 activation of its hidden neuron.",
                |c| output_gradients(Array1::from_elem(c.vector("w2").len(), walk(c).delta2), walk(c).delta2),
            )
            .mistake(
                "output_slope_skipped",
                "dL/dW2 is computed from dL/da2. A weight acts on z2, and the sigmoid lies between z2 and a2: use \
                 delta2.",
                |c| Record::new().with("dl_dw2", walk(c).dl_da2 * &walk(c).a1),
            )
            .mistake(
                "bias_skips_the_slope",
                "dL/db2 is dL/da2. The bias acts on z2, and the sigmoid lies between z2 and a2: dL/db2 is delta2.",
                |c| output_gradients(walk(c).delta2 * &walk(c).a1, walk(c).dl_da2),
            ),
        Check::new("hidden_delta", "backward_pass", "the error reaches the hidden neurons through the old W2", 2)
            .asks("two_layer_step")
            .after("output_delta")
            .on(networks)
            .computes(|f| {
                let Pass { dl_da1, da1_dz1, delta1, .. } = Pass::new(f);
                [("dl_da1", dl_da1), ("da1_dz1", da1_dz1), ("delta1", delta1)]
            })
            .mistake(
                "new_w2_in_delta1",
                "The error is propagated back through the W2 that is already updated. The prediction was made with \
                 the old W2, so the gradient needs the old W2: compute all slopes first, then change the parameters.",
                |c| {
                    let walk = walk(c);
                    let new = c.vector("w2").to_owned() - c.float("learning_rate") * walk.delta2 * &walk.a1;
                    hidden_delta(walk.delta2 * new, walk.z1.mapv(sigmoid_slope))
                },
            )
            .mistake(
                "output_slope_skipped",
                "dL/da1 is computed from dL/da2, without the slope of the output neuron's sigmoid. a1 acts on z2, so \
                 use delta2.",
                |c| hidden_delta(walk(c).dl_da2 * &c.vector("w2"), walk(c).z1.mapv(sigmoid_slope)),
            )
            .mistake(
                "hidden_slope_skipped",
                "delta1 is equal to dL/da1. It should be the slope along z1: multiply by the slope of the hidden \
                 sigmoids, da1/dz1, entry by entry.",
                |c| {
                    let dl_da1 = walk(c).delta2 * &c.vector("w2");
                    Record::new().with("dl_da1", dl_da1.clone()).with("delta1", dl_da1)
                },
            )
            .mistake(
                "output_slope_for_hidden",
                "da1/dz1 is the slope of the output neuron's sigmoid. Each hidden neuron has its own slope: a1(1 - \
                 a1), entry by entry.",
                |c| {
                    let slope = sigmoid_slope(walk(c).z2);
                    hidden_delta(walk(c).delta2 * &c.vector("w2"), Array1::from_elem(c.vector("w2").len(), slope))
                },
            )
            .mistake("slope_at_activation", SLOPE_AT_ACTIVATION, |c| {
                hidden_delta(walk(c).delta2 * &c.vector("w2"), walk(c).a1.mapv(sigmoid_slope))
            })
            .mistake("slope_formula_with_z", SLOPE_FORMULA_WITH_Z, |c| {
                hidden_delta(walk(c).delta2 * &c.vector("w2"), walk(c).z1.mapv(|z| z * (1.0 - z)))
            }),
        Check::new("hidden_gradients", "backward_pass", "delta1 becomes the slopes of W1 and b1", 1)
            .asks("two_layer_step")
            .after("hidden_delta")
            .on(networks)
            .computes(|f| {
                let Pass { delta1, .. } = Pass::new(f);
                [("dl_dw1", f.input("x").outer(&delta1)), ("dl_db1", &delta1 * 1.0)]
            })
            .mistake(
                "gradient_transposed",
                "dL/dW1 is transposed. It should have the layout of W1: row i belongs to input i, column j to hidden \
                 neuron j, so that its entry [i, j] is x[i] times delta1[j].",
                |c| hidden_gradients(outer(&walk(c).delta1, &c.vector("x")), walk(c).delta1),
            )
            .mistake(
                "input_forgotten",
                "Every row of dL/dW1 is delta1. The slope of a weight is its input times the delta of its neuron: \
                 entry [i, j] is x[i] times delta1[j].",
                |c| {
                    let ones = Array1::ones(c.vector("x").len());
                    hidden_gradients(outer(&ones, &walk(c).delta1), walk(c).delta1)
                },
            )
            .mistake(
                "elementwise_for_outer",
                "The columns of dL/dW1 are scaled by x, so x[j] is used instead of x[i]: `*` multiplies each column \
                 by one entry of a 1-D array. Entry [i, j] is x[i] times delta1[j].",
                |c| {
                    let products = &c.vector("x") * &walk(c).delta1;
                    hidden_gradients(outer(&Array1::ones(products.len()), &products), walk(c).delta1)
                },
            )
            .mistake(
                "hidden_slope_skipped",
                "dL/dW1 is computed from dL/da1. A weight acts on z1, and the sigmoid lies between z1 and a1: use \
                 delta1.",
                |c| Record::new().with("dl_dw1", outer(&c.vector("x"), &(walk(c).delta2 * &c.vector("w2")))),
            )
            .mistake(
                "bias_skips_the_slope",
                "dL/db1 is dL/da1. A bias acts on z1, and the sigmoid lies between z1 and a1: dL/db1 is delta1.",
                |c| hidden_gradients(outer(&c.vector("x"), &walk(c).delta1), walk(c).delta2 * &c.vector("w2")),
            )
            .mistake(
                "bias_slopes_summed",
                "All biases have the same slope, the sum of delta1. Each hidden neuron has its own bias and its own \
                 delta. (With many samples, sum over the samples, never over the neurons.)",
                |c| {
                    let delta1 = walk(c).delta1;
                    let sums = Array1::from_elem(delta1.len(), delta1.sum());
                    hidden_gradients(outer(&c.vector("x"), &delta1), sums)
                },
            ),
        Check::new("two_layer_update", "update", "two_layer_step moves all four parameters against their slopes", 2)
            .about("two_layer_step")
            .on(networks)
            .demands(updated)
            .mistake_if("stepped_uphill", STEPPED_UPHILL, |c, seen| {
                let rate = c.float("learning_rate");
                moved(c, seen, [("w1", rate), ("b1", rate), ("w2", rate), ("b2", rate)])
            })
            .mistake_if("learning_rate_forgotten", LEARNING_RATE_FORGOTTEN, |c, seen| {
                moved(c, seen, [("w1", -1.0), ("b1", -1.0), ("w2", -1.0), ("b2", -1.0)])
            })
            .mistake_if(
                "parameters_returned_unchanged",
                "These are the old parameters: none has changed. Return new ones, each the old one minus the learning \
                 rate times its slope.",
                |c, seen| moved(c, seen, [("w1", 0.0), ("b1", 0.0), ("w2", 0.0), ("b2", 0.0)]),
            )
            .mistake_if("biases_not_updated", BIASES_NOT_UPDATED, |c, seen| {
                let rate = c.float("learning_rate");
                moved(c, seen, [("w1", -rate), ("b1", 0.0), ("w2", -rate), ("b2", 0.0)])
            })
            .mistake_if(
                "hidden_layer_not_updated",
                "Only the output neuron has learned: w1 and b1 are the old ones. They have gradients as well: update \
                 them too.",
                |c, seen| {
                    let rate = c.float("learning_rate");
                    moved(c, seen, [("w1", 0.0), ("b1", 0.0), ("w2", -rate), ("b2", -rate)])
                },
            ),
        Check::new("any_shape", "update", "two_layer_step takes any number of inputs and of hidden neurons", 1)
            .asks("two_layer_step")
            .after("hidden_gradients")
            .on(|draw| vec![network(draw, 3, 3), network(draw, 3, 2), network(draw, 1, 4)])
            .computes(|f| {
                let Pass { a1, a2, delta2, delta1, .. } = Pass::new(f);
                let dl_dw1 = f.input("x").outer(&delta1);
                [("a2", a2), ("dl_dw2", delta2 * a1), ("dl_dw1", dl_dw1), ("dl_db1", delta1)]
            }),
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
            .mistake_if(
                "lines_out_of_order",
                "The lines are right, but in another order. Use the order of the fields: forward to the loss, then \
                 backward from it.",
                |c, seen| {
                    let (mut shown, mut right) = (shown_lines(seen), report(c, number));
                    let differ = shown != right;
                    shown.sort();
                    right.sort();
                    differ && shown == right
                },
            )
            .mistake_if(
                "other_precision",
                "The numbers do not have six decimals: use the format `{:.6}`.",
                |_, seen| {
                    let shown: Vec<usize> = shown_lines(seen).iter().flat_map(|line| decimals(line)).collect();
                    !shown.is_empty() && shown.iter().all(|&digits| digits == shown[0] && digits != 6)
                },
            )
            .mistake(
                "zeros_dropped",
                "Zeros at the end are dropped: 0.22 instead of 0.220000. Rounding the number is not enough; `{:.6}` \
                 rounds and writes all six decimals.",
                |c| lines(report(c, |value| format!("{}", rounded(value)))),
            )
            .mistake(
                "not_rounded",
                "The numbers show all their digits. The report shows rounded numbers: `{:.6}`.",
                |c| lines(report(c, |value| format!("{value}"))),
            )
            .mistake(
                "truncated_not_rounded",
                "The digits after the sixth are cut off. Round instead: 0.6636167 becomes 0.663617.",
                |c| lines(report(c, |value| format!("{:.6}", (value * 1e6).trunc() / 1e6))),
            )
            .mistake("sign_dropped", "The minus signs are missing. Only -0.000000 is written without its sign.", |c| {
                lines(report(c, |value| format!("{:.6}", value.abs())))
            })
            .mistake(
                "matrix_over_two_lines",
                "dL/dW1 takes one line per row, as ndarray prints a matrix. Here each part has one line; write the \
                 rows one by one, with `, ` between them.",
                |c| {
                    let rows = report(c, number).iter().map(|line| line.replace("], [", "],\n [")).collect::<Vec<_>>();
                    lines(rows.join("\n").lines().map(str::to_owned).collect())
                },
            ),
        Check::new("zero_has_no_sign", "trace_report", "trace_report never writes -0.000000", 1)
            .asks("trace_report")
            .after("trace_report")
            .on(|draw| vec![report_case(&saturated()), tiny_trace(draw)])
            .expects(|c| lines(report(c, number)))
            .mistake(
                "negative_zero",
                "A slope that rounds to zero has kept its sign, -0.000000. Write 0.000000.",
                |c| lines(report(c, |value| format!("{value:.6}"))),
            )
            .mistake(
                "zero_tested_before_rounding",
                "A number that rounds to zero has kept its sign, -0.000000. -0.0000004 is not zero before the \
                 rounding, so test the rounded number.",
                |c| lines(report(c, |value| if value == 0.0 { number(0.0) } else { format!("{value:.6}") })),
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

const SIGN_FLIPPED: &str = "The slope of the loss has the wrong sign: it is 2(prediction - target). If the prediction \
    is too small, the slope is negative, because a larger prediction lowers the loss.";
const FACTOR_TWO: &str = "The factor 2 is missing: the slope of e² is 2e. Without it these are the slopes of half \
    the squared error, which is another loss.";
const ERROR_FOR_SLOPE: &str = "This is the error, target minus prediction, not the slope of its square, 2(prediction \
    - target). Programs that propagate this error add the correction with `+=`; without the 2 the learning rate is \
    effectively halved.";
const LOSS_HALVED: &str = "The loss is half the squared error. Some texts define it that way, so that the 2 in the \
    slope cancels. Here it is (prediction - target)², and the 2 remains.";
const INPUT_FORGOTTEN: &str = "dL/dw is equal to dL/dz. The slope of z = w·x + b along w is x, so dL/dw = dL/dz · x.";
const SLOPE_AT_ACTIVATION: &str = "The slope of the sigmoid is taken in the wrong place: the sigmoid is applied \
    twice. σ(z)(1 - σ(z)) is the slope at z. With a = σ(z) it is a(1 - a).";
const SLOPE_FORMULA_WITH_Z: &str = "z is used in place of a in a(1 - a). Compute a = σ(z) first, then the slope a(1 - \
    a). It is never negative and never above 0.25.";
const STEPPED_UPHILL: &str = "This step goes uphill: the slopes are added. If the slope is positive, the loss grows \
    with the parameter, so subtract: w - learning_rate · dL/dw.";
const LEARNING_RATE_FORGOTTEN: &str = "The learning rate is missing: the step is the whole slope. It should be w - \
    learning_rate · dL/dw.";
const BIASES_NOT_UPDATED: &str = "No bias has moved. Biases are learned like weights, with slopes of their own.";

// The chain rule and measured slopes.

fn inner_line(a: f64, b: f64, x: f64) -> Record {
    Record::new().with("a", a).with("b", b).with("x", x)
}

fn square_and_slope(c: &Record, slope: fn(f64, f64, f64) -> f64) -> Record {
    let (a, b, x) = (c.float("a"), c.float("b"), c.float("x"));
    Record::new().with("y", (a * x + b).powi(2)).with("dy_dx", slope(a, b, x))
}

/// The slope of the chord from x - h to x + h, in closed form: addition theorems instead of a difference.
fn mean_slope(f: &str, x: f64, h: f64) -> f64 {
    match f {
        "x^3" => 3.0 * x * x + h * h,
        "sin x" => x.cos() * h.sin() / h,
        "e^x" => x.exp() * h.sinh() / h,
        other => panic!("no closed form of `{other}`"),
    }
}

/// The function of a case, `steps` times `h` away from `x`.
fn f_at(c: &Record, steps: f64) -> f64 {
    let x = c.float("x") + steps * c.float("h");
    match c.text("f") {
        "x^3" => x.powi(3),
        "sin x" => x.sin(),
        _ => x.exp(),
    }
}

fn partials(along_w: f64, along_b: f64) -> Record {
    Record::new().with("along_w", along_w).with("along_b", along_b)
}

/// The central difference of a case's function of `w` and `b` along the way that `place` goes.
fn slope_along(c: &Record, place: impl Fn(f64) -> (f64, f64)) -> f64 {
    let h = c.float("h");
    let value = |step: f64| {
        let (w, b) = place(step);
        if c.text("f") == "w^3 b" { w.powi(3) * b } else { (3.0 * w + b - 2.0).powi(2) }
    };
    (value(h) - value(-h)) / (2.0 * h)
}

fn slope_along_w(c: &Record) -> f64 {
    slope_along(c, |step| (c.float("w") + step, c.float("b")))
}

fn slope_along_b(c: &Record) -> f64 {
    slope_along(c, |step| (c.float("w"), c.float("b") + step))
}

// One neuron.

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

fn pre_activation(c: &Record) -> f64 {
    c.float("w") * c.float("x") + c.float("b")
}

fn relu(z: f64) -> f64 {
    if z < 0.0 { 0.0 } else { z }
}

fn squared(error: f64) -> f64 {
    error * error
}

fn forward(c: &Record, activation: impl Fn(f64) -> f64, loss: impl Fn(f64) -> f64) -> Record {
    let z = pre_activation(c);
    let y_hat = activation(z);
    Record::new().with("z", z).with("y_hat", y_hat).with("loss", loss(y_hat - c.float("y")))
}

/// What the neuron predicts.
fn neuron_forward(f: &Formula, activation: fn(&Num) -> Num) -> [(&'static str, Num); 3] {
    let z = (f.input("w") * f.input("x") + f.input("b")).named("z");
    let y_hat = activation(&z).named("y_hat");
    [("z", z), ("loss", (&y_hat - f.input("y")).square()), ("y_hat", y_hat)]
}

/// The slopes along the chain from the loss to the neuron's parameters.
fn neuron_backward(f: &Formula, activation: fn(&Num) -> Num, slope: impl Fn(&Num) -> Num) -> [(&'static str, Num); 4] {
    let (x, w, b, y) = (f.input("x"), f.input("w"), f.input("b"), f.input("y"));
    let z = (w * &x + b).named("z");
    let y_hat = activation(&z).named("y_hat");
    let dl_dy_hat = (2.0 * (y_hat - y)).named("dl_dy_hat");
    let dl_dz = (&dl_dy_hat * slope(&z)).named("dl_dz");
    [("dl_dy_hat", dl_dy_hat), ("dl_dw", &dl_dz * x), ("dl_db", &dl_dz * 1.0), ("dl_dz", dl_dz)]
}

/// The links of the chain from the loss to a neuron's parameters.
struct Slopes {
    activation: fn(f64) -> f64,
    /// From the error ŷ - y to dL/dŷ.
    of_loss: fn(f64) -> f64,
    /// From z to dŷ/dz.
    of_activation: fn(f64) -> f64,
    /// From x and w to dz/dw.
    of_w: fn(f64, f64) -> f64,
    /// From x and b to dz/db.
    of_b: fn(f64, f64) -> f64,
}

fn linear_slope() -> Slopes {
    Slopes { activation: |z| z, of_loss: |error| 2.0 * error, of_activation: |_| 1.0, of_w: |x, _| x, of_b: |_, _| 1.0 }
}

fn relu_slope() -> Slopes {
    Slopes { activation: relu, of_activation: |z| if z > 0.0 { 1.0 } else { 0.0 }, ..linear_slope() }
}

fn slopes_of(c: &Record, slopes: Slopes) -> (f64, f64, f64, f64) {
    let (x, w, b, z) = (c.float("x"), c.float("w"), c.float("b"), pre_activation(c));
    let dl_dy_hat = (slopes.of_loss)((slopes.activation)(z) - c.float("y"));
    // Adding 0 turns -0 into 0, which is what a learner is shown.
    let dl_dz = dl_dy_hat * (slopes.of_activation)(z) + 0.0;
    (dl_dy_hat, dl_dz, dl_dz * (slopes.of_w)(x, w) + 0.0, dl_dz * (slopes.of_b)(x, b) + 0.0)
}

fn neuron_slopes((dl_dy_hat, dl_dz, dl_dw, dl_db): (f64, f64, f64, f64)) -> Record {
    Record::new().with("dl_dy_hat", dl_dy_hat).with("dl_dz", dl_dz).with("dl_dw", dl_dw).with("dl_db", dl_db)
}

fn backward(c: &Record, slopes: Slopes) -> Record {
    neuron_slopes(slopes_of(c, slopes))
}

fn sigmoid(z: f64) -> f64 {
    0.5 + 0.5 * (0.5 * z).tanh()
}

/// σ'(z), without going through σ(z).
fn sigmoid_slope(z: f64) -> f64 {
    1.0 / (2.0 + z.exp() + (-z).exp())
}

fn sigmoid_partials(c: &Record, slope: impl Fn(f64) -> f64) -> Record {
    partials_with(c, slope, |x, w, _| (x, 1.0, w))
}

/// With `inner` for what a unit of w, of b and of x does to z.
fn partials_with(c: &Record, slope: impl Fn(f64) -> f64, inner: fn(f64, f64, f64) -> (f64, f64, f64)) -> Record {
    let z = pre_activation(c);
    let (dz_dw, dz_db, dz_dx) = inner(c.float("x"), c.float("w"), c.float("b"));
    Record::new()
        .with("y", sigmoid(z))
        .with("dy_dw", slope(z) * dz_dw)
        .with("dy_db", slope(z) * dz_db)
        .with("dy_dx", slope(z) * dz_dx)
}

/// A step from these parameters with these slopes; the rest of the `NeuronGrad` plays no part in it.
fn step_case([w, b]: [f64; 2], [dl_dw, dl_db]: [f64; 2], learning_rate: f64) -> Record {
    Record::new()
        .with("w", w)
        .with("b", b)
        .with("z", 1.7)
        .with("y_hat", 1.7)
        .with("loss", 0.09)
        .with("dl_dy_hat", -0.6)
        .with("dl_dz", -0.6)
        .with("dl_dw", dl_dw)
        .with("dl_db", dl_db)
        .with("learning_rate", learning_rate)
}

/// With `change` for how far w and b go, from the learning rate and their slopes.
fn stepped(c: &Record, change: fn(f64, f64, f64) -> (f64, f64)) -> Record {
    let (of_w, of_b) = change(c.float("learning_rate"), c.float("dl_dw"), c.float("dl_db"));
    Record::new().with("w", c.float("w") + of_w).with("b", c.float("b") + of_b)
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

/// The forward pass, with everything in it that can be got wrong.
struct Forward {
    z1: Array1<f64>,
    hidden: fn(f64) -> f64,
    b2: f64,
    output: fn(f64) -> f64,
    loss: fn(f64) -> f64,
}

impl Forward {
    fn new(c: &Record) -> Self {
        let (x, w1, b1) = (c.vector("x"), c.matrix("w1"), c.vector("b1"));
        let z1 = (0..b1.len()).map(|j| (0..x.len()).map(|i| x[i] * w1[[i, j]]).sum::<f64>() + b1[j]).collect();
        Self { z1, hidden: sigmoid, b2: c.float("b2"), output: sigmoid, loss: squared }
    }
}

fn forward_pass(c: &Record, forward: &Forward) -> Record {
    let a1 = forward.z1.mapv(forward.hidden);
    let z2 = a1.iter().zip(&c.vector("w2")).map(|(a, w)| a * w).sum::<f64>() + forward.b2;
    let a2 = (forward.output)(z2);
    Record::new()
        .with("z1", forward.z1.clone())
        .with("a1", a1)
        .with("z2", z2)
        .with("a2", a2)
        .with("loss", (forward.loss)(a2 - c.float("y")))
}

/// The forward pass, and the backward pass up to the hidden neurons, as the lesson writes them.
struct Pass {
    z1: Num,
    a1: Num,
    z2: Num,
    a2: Num,
    loss: Num,
    dl_da2: Num,
    da2_dz2: Num,
    delta2: Num,
    dl_da1: Num,
    da1_dz1: Num,
    delta1: Num,
}

impl Pass {
    fn new(f: &Formula) -> Self {
        let (x, y, w2) = (f.input("x"), f.input("y"), f.input("w2"));
        let z1 = (x.dot(&f.input("w1")) + f.input("b1")).named("z1");
        let a1 = z1.sigmoid().named("a1");
        let z2 = (a1.dot(&w2) + f.input("b2")).named("z2");
        let a2 = z2.sigmoid().named("a2");
        let error = &a2 - y;
        let loss = error.square().named("loss");
        let dl_da2 = (2.0 * error).named("dl_da2");
        let da2_dz2 = (&a2 * (1.0 - &a2)).named("da2_dz2");
        let delta2 = (&dl_da2 * &da2_dz2).named("delta2");
        let dl_da1 = (&delta2 * &w2).named("dl_da1");
        let da1_dz1 = (&a1 * (1.0 - &a1)).named("da1_dz1");
        let delta1 = (&dl_da1 * &da1_dz1).named("delta1");
        Self { z1, a1, z2, a2, loss, dl_da2, da2_dz2, delta2, dl_da1, da1_dz1, delta1 }
    }

    fn forward(self) -> [(&'static str, Num); 5] {
        [("z1", self.z1), ("a1", self.a1), ("z2", self.z2), ("a2", self.a2), ("loss", self.loss)]
    }
}

/// What the checks of the backward pass start from.
struct Walk {
    z1: Array1<f64>,
    a1: Array1<f64>,
    z2: f64,
    a2: f64,
    dl_da2: f64,
    delta2: f64,
    delta1: Array1<f64>,
}

fn walk(c: &Record) -> Walk {
    let forward = forward_pass(c, &Forward::new(c));
    let (z1, a1) = (forward.vector("z1").to_owned(), forward.vector("a1").to_owned());
    let (z2, a2) = (forward.float("z2"), forward.float("a2"));
    let dl_da2 = 2.0 * (a2 - c.float("y"));
    let delta2 = dl_da2 * sigmoid_slope(z2);
    let delta1 = z1.iter().zip(&c.vector("w2")).map(|(&z, w)| delta2 * w * sigmoid_slope(z)).collect();
    Walk { z1, a1, z2, a2, dl_da2, delta2, delta1 }
}

fn outer(down: &ArrayRef1<f64>, across: &ArrayRef1<f64>) -> Array2<f64> {
    let (down, across) = (down.to_owned().insert_axis(Axis(1)), across.to_owned().insert_axis(Axis(0)));
    down.dot(&across)
}

fn output_delta(c: &Record, of_loss: fn(f64) -> f64, slope: fn(&Walk) -> f64) -> Record {
    let walk = walk(c);
    let (dl_da2, da2_dz2) = (of_loss(walk.a2 - c.float("y")), slope(&walk));
    Record::new().with("dl_da2", dl_da2).with("da2_dz2", da2_dz2).with("delta2", dl_da2 * da2_dz2)
}

fn output_gradients(dl_dw2: Array1<f64>, dl_db2: f64) -> Record {
    Record::new().with("dl_dw2", dl_dw2).with("dl_db2", dl_db2)
}

fn hidden_delta(dl_da1: Array1<f64>, da1_dz1: Array1<f64>) -> Record {
    let delta1 = &dl_da1 * &da1_dz1;
    Record::new().with("dl_da1", dl_da1).with("da1_dz1", da1_dz1).with("delta1", delta1)
}

fn hidden_gradients(dl_dw1: Array2<f64>, dl_db1: Array1<f64>) -> Record {
    Record::new().with("dl_dw1", dl_dw1).with("dl_db1", dl_db1)
}

/// Whether each parameter is where it was plus this factor times its slope.
///
/// The slopes are the learner's own: whether those are right is another check's question. Slopes of 0, as they are in
/// code that is half written, tell nothing.
fn moved(c: &Record, seen: &Record, factors: [(&str, f64); 4]) -> bool {
    factors.iter().all(|&(name, factor)| {
        let (old, new) = (numbers(c, name), numbers(seen, &format!("updated_{name}")));
        let slopes = numbers(seen, &format!("dl_d{name}"));
        old.len() == slopes.len()
            && old.len() == new.len()
            && slopes.iter().any(|slope| *slope != 0.0)
            && (0..old.len()).all(|i| (old[i] + factor * slopes[i] - new[i]).abs() <= 1e-12 + 1e-9 * new[i].abs())
    })
}

fn updated(c: &Record, seen: &Record) -> Result<(), String> {
    let rate = c.float("learning_rate");
    for name in ["w1", "b1", "w2", "b2"] {
        if numbers(seen, &format!("dl_d{name}")).iter().all(|slope| *slope == 0.0) {
            return Err(format!("The update cannot be tested yet: dl_d{name} is 0."));
        }
        if !moved(c, seen, [(name, -rate); 4]) {
            return Err(format!(
                "The new `{name}` is not the old one minus the learning rate, {rate}, times your own dl_d{name}."
            ));
        }
    }
    Ok(())
}

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
    let walk = walk(c);
    let dl_da1 = walk.delta2 * &c.vector("w2");
    Record::new()
        .with("z1", walk.z1.clone())
        .with("a1", walk.a1.clone())
        .with("z2", walk.z2)
        .with("a2", walk.a2)
        .with("loss", squared(walk.a2 - c.float("y")))
        .with("dl_da2", walk.dl_da2)
        .with("da2_dz2", sigmoid_slope(walk.z2))
        .with("delta2", walk.delta2)
        .with("dl_dw2", walk.delta2 * &walk.a1)
        .with("dl_db2", walk.delta2)
        .with("dl_da1", dl_da1)
        .with("da1_dz1", walk.z1.mapv(sigmoid_slope))
        .with("delta1", walk.delta1.clone())
        .with("dl_dw1", outer(&c.vector("x"), &walk.delta1))
        .with("dl_db1", walk.delta1)
}

/// A trace of three inputs and three hidden neurons, full of numbers on both sides of half a millionth.
fn tiny_trace(draw: &mut probe::Generator) -> Record {
    let mut tiny = || (draw.random_range(0.1..0.4) + 0.5 * f64::from(draw.random_range(0..3_u8))) * -1e-6;
    LINES.iter().fold(Record::new(), |record, &(field, _)| match field {
        "dl_dw1" => record.with(field, Array2::from_shape_simple_fn((3, 3), &mut tiny)),
        "z2" => record.with(field, -0.0),
        "a2" | "loss" | "dl_da2" | "da2_dz2" | "delta2" | "dl_db2" => record.with(field, tiny()),
        _ => record.with(field, Array1::from_shape_simple_fn(3, &mut tiny)),
    })
}

/// A trace of ordinary numbers, which need not follow from each other to be written down.
fn drawn_trace(draw: &mut probe::Generator) -> Record {
    let mut some = || draw.random_range(0.1..3.0);
    LINES.iter().fold(Record::new(), |record, &(field, _)| match field {
        "dl_dw1" => record.with(field, Array2::from_shape_simple_fn((2, 2), &mut some)),
        "z2" | "a2" | "loss" | "dl_da2" | "da2_dz2" | "delta2" | "dl_db2" => record.with(field, some()),
        _ => record.with(field, Array1::from_shape_simple_fn(2, &mut some)),
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

/// How many decimals each number of a line shows.
fn decimals(line: &str) -> Vec<usize> {
    let fractions = line.split('.').skip(1);
    fractions.map(|rest| rest.bytes().take_while(u8::is_ascii_digit).count()).collect()
}
