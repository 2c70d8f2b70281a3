//! What is right in exercise 12, and what is commonly got wrong.
//!
//! A rule is a formula of one number and of all the gradients that it has met. Memories are written as what they are
//! worth, sums of gradients with weights that fade, and not step by step. Gradients that a number should never have met,
//! or should not have forgotten, then make the mistakes of memory.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = vec![
        rule_check("sgd", "sgd", "Sgd steps against the gradient, times the learning rate", 1)
            .on(|draw| cases(draw, SGD))
            .computes(|f| steps(f, sgd_step)),
        two_parameters_check(
            "sgd_two_parameters",
            "sgd",
            "Sgd updates every parameter, whatever its shape",
            1,
            SGD,
            sgd,
            sgd_step,
        )
        .after("sgd"),
    ];
    checks.extend(valley());
    checks.extend(momentum());
    checks.extend(nesterov());
    checks.extend(rms_prop());
    checks.extend(adam());
    checks.extend(adam_w());
    checks.extend(training());
    checks
}

fn valley() -> Vec<Check> {
    vec![
        Check::new("rosenbrock", "rosenbrock", "rosenbrock is (1 - x)² + 100 (y - x²)²", 1)
            .on(points)
            .computes(|f| {
                let (x, y) = (f.input("point").at(0).named("x"), f.input("point").at(1).named("y"));
                (1.0 - &x).square() + 100.0 * (y - x.square()).square()
            })
            .mistake("coordinates_swapped", "x and y are swapped: `point[0]` is x, `point[1]` is y.", |c| {
                let (y, x) = point(c);
                (1.0 - x).powi(2) + 100.0 * (y - x * x).powi(2)
            }),
        Check::new("rosenbrock_grad", "rosenbrock", "rosenbrock_grad is the slope along x and the slope along y", 2)
            .on(points)
            .computes(|f| {
                let (x, y) = (f.input("point").at(0).named("x"), f.input("point").at(1).named("y"));
                let wall = (y - x.square()).named("wall");
                f.vector(&[-2.0 * (1.0 - &x) - 400.0 * &x * &wall, 200.0 * wall])
            })
            .mistake(
                "inner_slope_forgotten",
                "Along x the chain rule has one more factor: the derivative of y - x² is -2x. Multiply 200 (y - x²) \
                 by -2x.",
                |c| slopes(c, |x, y| [-2.0 * (1.0 - x) + 200.0 * (y - x * x), 200.0 * (y - x * x)]),
            ),
        Check::new("trajectory", "trajectory", "trajectory has a row for the start and one after each step", 3)
            .on(|draw| {
                let case = |start: Array1<f64>, curvatures: Array1<f64>, n_steps: usize| {
                    Record::new()
                        .with("start", start)
                        .with("curvatures", curvatures)
                        .with("learning_rate", 0.25)
                        .with("n_steps", n_steps)
                };
                vec![
                    case(array![4.0, -1.0], array![1.0, 2.0], 3),
                    case(draw::vector(draw, 3, 2.0) + array![5.0, 0.0, -5.0], array![0.5, 3.0, 6.0], 4),
                    case(array![1.0, 2.0], array![1.0, 1.0], 0),
                ]
            })
            .computes(|f| {
                let start = f.input("start");
                let n_steps = f.times("n_steps");
                let mut point = start.named("point");
                let mut path = vec![point.clone()];
                for _ in 0..n_steps {
                    let gradient = (f.input("curvatures") * &point).named("gradient");
                    point = (&point - f.input("learning_rate") * gradient).named("point");
                    path.push(point.clone());
                }
                let calls = f.number(n_steps as f64).whole();
                [("result", f.matrix(&path, &start)), (SEEN, f.number(n_steps.min(1) as f64).whole()), (CALLS, calls)]
            })
            .mistake("a_parameter_for_each_coordinate", A_PARAMETER_FOR_EACH_COORDINATE, |c| {
                let path = bowl_path(c, 0..=c.count("n_steps"), |keep, step| keep.powi(step));
                let n = if c.count("n_steps") == 0 { 0 } else { c.vector("start").len() };
                Record::new().with("result", path).with(SEEN, n).with(CALLS, c.count("n_steps"))
            })
            // The same, with a call for each of them.
            .mistake("a_parameter_for_each_coordinate", A_PARAMETER_FOR_EACH_COORDINATE, |c| {
                let path = bowl_path(c, 0..=c.count("n_steps"), |keep, step| keep.powi(step));
                let n_calls = c.count("n_steps") * c.vector("start").len();
                Record::new().with("result", path).with(SEEN, n_calls.min(1)).with(CALLS, n_calls)
            })
            .mistake_if(
                "a_call_for_each_coordinate",
                "The optimiser is called once for each coordinate, and each time it moves all of them. One call is one \
                 step for the whole point.",
                |c, seen| c.count("n_steps") > 0 && seen.count(CALLS) == c.count("n_steps") * c.vector("start").len(),
            )
            .mistake("start_missing", "The start is missing: row 0 is the start, before any step.", |c| {
                bowl_path(c, 1..=c.count("n_steps"), |keep, step| keep.powi(step))
            })
            .mistake(
                "start_counted_twice",
                "The first two rows are both the start, and the last step is missing. Row k is the point after k \
                 steps: take the step first, then write its row.",
                |c| bowl_path(c, 0..=c.count("n_steps"), |keep, step| keep.powi((step - 1).max(0))),
            ),
    ]
}

/// What the probe's own optimiser was handed.
const SEEN: &str = "parameters in a step";
const CALLS: &str = "calls of step";

const A_PARAMETER_FOR_EACH_COORDINATE: &str = "The path is right, but every coordinate is passed to the optimiser as \
                                               a separate parameter. The point is one parameter: pass a view of the \
                                               whole array, in one call of `step`.";

fn momentum() -> [Check; 3] {
    [
        with_memory_mistakes(
            rule_check("momentum", "momentum", "Momentum moves by v ← β · v + g, times the learning rate", 2)
                .on(|draw| cases(draw, MOMENTUM))
                .computes(|f| steps(f, momentum_step)),
            velocity,
        )
        .mistake(
            "averaged_gradients",
            "(1 - β) · g is added to the velocity, as for a mean, so the steps are 1 - β times as long as they should \
             be. Add the whole gradient: v ← β · v + g.",
            |c| after_steps(c, |now| now.theta() - now.rate() * (1.0 - now.beta()) * now.fading(now.beta(), |g| g)),
        ),
        rule_check("momentum_rate", "momentum", "a new learning rate of Momentum applies to the whole velocity", 1)
            .after("momentum")
            .on(|draw| rate_cases(draw, MOMENTUM))
            .computes(|f| steps(f, momentum_step))
            .mistake("rate_in_the_velocity", RATE_IN_THE_VELOCITY, |c| {
                after_steps(c, |now| now.theta() - now.fading_steps())
            })
            .mistake("learning_rate_kept", LEARNING_RATE_KEPT, |c| after_steps(c, |now| velocity(now.at_first_rate()))),
        with_memory_of_two(
            two_parameters_check(
                "momentum_two_parameters",
                "momentum",
                "Momentum remembers a velocity for every parameter",
                2,
                MOMENTUM,
                velocity,
                momentum_step,
            )
            .after("momentum"),
            velocity,
        ),
    ]
}

fn nesterov() -> [Check; 3] {
    [
        with_memory_mistakes(
            rule_check("nesterov", "nesterov", "Nesterov moves by g + β · v, with the new v", 2)
                .on(|draw| cases(draw, NESTEROV))
                .computes(|f| steps(f, nesterov_step)),
            look_ahead,
        )
        .mistake(
            "plain_momentum",
            "This is `Momentum`. Compute the new velocity first, v ← β · v + g. Then step by g + β · v with this new \
             v. (With the old v, g + β · v is only the new velocity.)",
            |c| after_steps(c, velocity),
        ),
        rule_check("nesterov_rate", "nesterov", "a new learning rate of Nesterov applies to the whole step", 1)
            .after("nesterov")
            .on(|draw| rate_cases(draw, NESTEROV))
            .computes(|f| steps(f, nesterov_step))
            .mistake("rate_in_the_velocity", RATE_IN_THE_VELOCITY, |c| {
                after_steps(c, |now| now.theta() - now.rate() * now.g() - now.beta() * now.fading_steps())
            })
            .mistake("learning_rate_kept", LEARNING_RATE_KEPT, |c| {
                after_steps(c, |now| look_ahead(now.at_first_rate()))
            }),
        with_memory_of_two(
            two_parameters_check(
                "nesterov_two_parameters",
                "nesterov",
                "Nesterov remembers a velocity for every parameter",
                1,
                NESTEROV,
                look_ahead,
                nesterov_step,
            )
            .after("nesterov"),
            look_ahead,
        ),
    ]
}

fn rms_prop() -> [Check; 3] {
    [
        with_memory_mistakes(
            rule_check("rms_prop", "rms_prop", "RmsProp divides by the root of the mean square of the gradients", 2)
                .on(|draw| cases(draw, RMS_PROP))
                .computes(|f| steps(f, rms_prop_step))
                .within(ORDINARY),
            scaled,
        )
        .mistake(
            "squares_summed",
            "The squares are added up as α · s + g², and the factor 1 - α is missing. That is not a mean: it is 1 / \
             (1 - α) times as large. Multiply g² by 1 - α.",
            |c| {
                after_steps(c, |now| {
                    let sum = now.fading(now.alpha(), |g| g * g);
                    now.theta() - now.rate() * now.g() / (sum.sqrt() + now.epsilon())
                })
            },
        )
        .mistake("usual_values_for_given", USUAL_VALUES, |c| {
            after_steps(c, |now| {
                let mean = (1.0 - 0.99) * now.fading(0.99, |g| g * g);
                now.theta() - now.rate() * now.g() / (mean.sqrt() + now.epsilon())
            })
        }),
        rule_check("rms_prop_epsilon", "rms_prop", "RmsProp adds ε to the root, where gradients are tiny or 0", 1)
            .after("rms_prop")
            .on(|draw| epsilon_cases(draw, RMS_PROP))
            .computes(|f| steps(f, rms_prop_step))
            .mistake("epsilon_under_the_root", EPSILON_UNDER_THE_ROOT, |c| {
                after_steps(c, |now| now.theta() - now.rate() * now.g() / (now.mean_square() + now.epsilon()).sqrt())
            })
            .mistake("epsilon_forgotten", EPSILON_FORGOTTEN, |c| {
                after_steps(c, |now| now.theta() - now.rate() * now.g() / now.mean_square().sqrt())
            })
            .mistake("usual_values_for_given", USUAL_VALUES, |c| {
                after_steps(c, |now| now.theta() - now.rate() * now.g() / (now.mean_square().sqrt() + 1e-8))
            }),
        with_memory_of_two(
            two_parameters_check(
                "rms_prop_two_parameters",
                "rms_prop",
                "RmsProp remembers mean squares for every parameter",
                1,
                RMS_PROP,
                scaled,
                rms_prop_step,
            )
            .after("rms_prop")
            .within(ORDINARY),
            scaled,
        ),
    ]
}

fn adam() -> [Check; 3] {
    [
        with_memory_mistakes(
            rule_check(
                "adam",
                "adam",
                "Adam moves by the corrected mean over the root of the corrected mean square",
                4,
            )
            .on(|draw| cases(draw, ADAM))
            .computes(|f| steps(f, adam_rule))
            .within(ORDINARY),
            corrected,
        )
        .mistake(
            "bias_not_corrected",
            "The means are used without correction. They start at 0, so the first ones are too small: divide m by 1 - \
             β₁ᵗ and v by 1 - β₂ᵗ before the step.",
            |c| after_steps(c, |now| adam_step(now, now.means())),
        )
        .mistake(
            "t_starts_at_zero",
            "Everything is NaN from the first step on. Perhaps t is 0 there: then 1 - β⁰ is 0, and 0 / 0 is NaN. \
             Count t from 1. Or perhaps you take the root of a negative number: v̂ must not be negative.",
            |c| after_steps(c, |now| corrected(now.at_time(now.t - 1))),
        )
        .mistake(
            "t_never_advances",
            "Every step is corrected like the first one: m̂ is m / (1 - β₁) in all of them. Either t is never \
             increased, or the power t is missing in 1 - β₁ᵗ and 1 - β₂ᵗ.",
            |c| after_steps(c, |now| corrected(now.at_time(1))),
        )
        .mistake(
            "hats_stored",
            "The corrected means are stored, and corrected again at the next step. Use m̂ and v̂ for this step only, \
             and store m and v.",
            |c| {
                after_steps(c, |now| {
                    let betas = now.betas();
                    let stored = |beta: f64, of: fn(f64) -> f64| {
                        now.gradients
                            .iter()
                            .zip(1..)
                            .fold(0.0, |memory, (&g, t)| (beta * memory + (1.0 - beta) * of(g)) / (1.0 - beta.powi(t)))
                    };
                    adam_step(now, [stored(betas[0], |g| g), stored(betas[1], |g| g * g)])
                })
            },
        )
        .mistake(
            "betas_swapped",
            "β₁ and β₂ are swapped: β₁ belongs to m, the mean of gradients, and β₂ to v, the mean of squares.",
            |c| {
                after_steps(c, |now| {
                    let [beta1, beta2] = now.betas();
                    let weights = [1.0 - beta2.powi(now.t), 1.0 - beta1.powi(now.t)];
                    let m_hat = (1.0 - beta2) * now.fading(beta2, |g| g) / weights[0];
                    let v_hat = (1.0 - beta1) * now.fading(beta1, |g| g * g) / weights[1];
                    adam_step(now, [m_hat, v_hat])
                })
            },
        )
        .mistake("usual_values_for_given", USUAL_VALUES, |c| {
            after_steps(c, |now| {
                let hat =
                    |beta: f64, of: fn(f64) -> f64| (1.0 - beta) * now.fading(beta, of) / (1.0 - beta.powi(now.t));
                adam_step(now, [hat(0.9, |g| g), hat(0.999, |g| g * g)])
            })
        }),
        rule_check("adam_epsilon", "adam", "Adam adds ε to the root of v̂, where gradients are tiny or 0", 1)
            .after("adam")
            .on(|draw| epsilon_cases(draw, ADAM))
            .computes(|f| steps(f, adam_rule))
            .mistake("epsilon_under_the_root", EPSILON_UNDER_THE_ROOT, |c| {
                after_steps(c, |now| {
                    let [m_hat, v_hat] = now.corrected_means();
                    now.theta() - now.rate() * m_hat / (v_hat + now.epsilon()).sqrt()
                })
            })
            .mistake("epsilon_forgotten", EPSILON_FORGOTTEN, |c| {
                after_steps(c, |now| {
                    let [m_hat, v_hat] = now.corrected_means();
                    now.theta() - now.rate() * m_hat / v_hat.sqrt()
                })
            })
            .mistake(
                "epsilon_before_the_correction",
                "ε is added to √v before the correction. So ε is divided by √(1 - β₂ᵗ) as well: at the first step it \
                 is 1 / √(1 - β₂) times too large. Correct v first, then take the root, then add ε.",
                |c| {
                    after_steps(c, |now| {
                        let ([_, v], [m_hat, _]) = (now.means(), now.corrected_means());
                        let correction = (1.0 - now.betas()[1].powi(now.t)).sqrt();
                        now.theta() - now.rate() * m_hat * correction / (v.sqrt() + now.epsilon())
                    })
                },
            )
            .mistake("usual_values_for_given", USUAL_VALUES, |c| {
                after_steps(c, |now| {
                    let [m_hat, v_hat] = now.corrected_means();
                    now.theta() - now.rate() * m_hat / (v_hat.sqrt() + 1e-8)
                })
            }),
        with_memory_of_two(
            two_parameters_check(
                "adam_two_parameters",
                "adam",
                "Adam has means for every parameter, and one t for all",
                2,
                ADAM,
                corrected,
                adam_rule,
            )
            .after("adam")
            .within(ORDINARY)
            .mistake(
                "t_counts_parameters",
                "t is increased for every parameter. But t counts steps, and a call of `step` is one step for all \
                 parameters: increase t once, before the loop.",
                |c| after_both(c, |now, place| corrected(now.at_time(2 * (now.t - 1) + place + 1))),
            ),
            corrected,
        ),
    ]
}

fn adam_w() -> [Check; 3] {
    [
        rule_check("adam_w", "adam_w", "AdamW subtracts lr · λ · θ from every weight, whatever its gradient is", 2)
            .after("adam")
            .after("adam_epsilon")
            .on(|draw| {
                let without_gradient =
                    ADAM_W(true).with("start", array![1.0, -3.0]).with("gradients", Array2::zeros((2, 2)));
                [vec![without_gradient], cases(draw, ADAM_W)].concat()
            })
            .computes(|f| steps(f, adam_w_rule))
            .or_follows(|c, seen| by_adam_alone(c, &c.vector("start"), &seen.matrix("Adam alone")))
            .within(Tolerance { relative: 1e-7, absolute: 1e-7 })
            .mistake(
                "decay_in_the_gradient",
                "λ · θ is added to the gradient, so Adam scales it like the gradient. AdamW subtracts lr · λ · θ from \
                 the value itself, and gives Adam the gradient without decay.",
                |c| {
                    after_steps(c, |now| {
                        let decay = now.weight_decay();
                        let pulled: Vec<f64> =
                            now.gradients.iter().zip(now.thetas).map(|(g, theta)| g + decay * theta).collect();
                        corrected(Now { gradients: &pulled, ..now })
                    })
                },
            )
            .mistake(
                "decay_after_the_step",
                "The decay is computed from the value after the step. Compute it from the value before: first the \
                 decay, then Adam.",
                |c| after_steps(c, |now| corrected(now) * (1.0 - now.rate() * now.weight_decay())),
            )
            .mistake(
                "decay_forgotten",
                "There is no decay here: this is the step of Adam. Either the decay is missing, or it leaves out \
                 parameters of one dimension. Apply it to every parameter, biases as well.",
                |c| after_steps(c, corrected),
            )
            .mistake("adam_forgotten", "There is only the decay: the step of Adam after it is missing.", |c| {
                after_steps(c, |now| (1.0 - now.rate() * now.weight_decay()) * now.theta())
            }),
        rule_check("adam_w_rate", "adam_w", "a new learning rate of AdamW applies to step and decay", 1)
            .after("adam_w")
            .on(|draw| rate_cases(draw, ADAM_W))
            .computes(|f| steps(f, adam_w_rule))
            .or_follows(|c, seen| by_adam_alone(c, &c.vector("start"), &seen.matrix("Adam alone")))
            .within(ORDINARY)
            .mistake(
                "decay_at_the_first_rate",
                "The step uses the new learning rate, but the decay still uses the one of `new`: `set_learning_rate` \
                 has to change it for both.",
                |c| {
                    after_steps(c, |now| corrected(now) - now.at_first_rate().rate() * now.weight_decay() * now.theta())
                },
            )
            .mistake("learning_rate_kept", LEARNING_RATE_KEPT, |c| after_steps(c, |now| decayed(now.at_first_rate()))),
        two_parameters_check(
            "adam_w_two_parameters",
            "adam_w",
            "AdamW shrinks every parameter",
            1,
            ADAM_W,
            decayed,
            adam_w_rule,
        )
        .after("adam_w")
        .after("adam_two_parameters")
        .or_follows(both_by_adam_alone)
        .within(ORDINARY)
        .mistake(
            "only_the_first_shrinks",
            "The decay changes only the first parameter. Apply it to all of them, as the step.",
            |c| after_both(c, |now, place| if place == 0 { decayed(now) } else { corrected(now) }),
        ),
    ]
}

fn training() -> [Check; 1] {
    [Check::new("train", "train", "train goes forward, backward, and then lets the optimiser step", 4)
        .on(|draw| {
            [1_usize, 3, 0]
                .map(|n_steps| {
                    Record::new()
                        .with("x", draw::matrix(draw, (3, 2), 1.5))
                        .with("y", draw::matrix(draw, (3, 2), 1.0))
                        .with("weights1", draw::matrix(draw, (2, 3), 1.0))
                        .with("biases1", draw::vector(draw, 3, 0.5))
                        .with("weights2", draw::matrix(draw, (3, 2), 1.0))
                        .with("biases2", draw::vector(draw, 2, 0.5))
                        .with("learning_rate", 0.3)
                        .with("n_steps", n_steps)
                })
                .to_vec()
        })
        .computes(|f| {
            let (x, y, rate) = (f.input("x"), f.input("y"), f.input("learning_rate"));
            let [mut w1, mut b1, mut w2, mut b2] = PARAMETERS.map(|name| f.input(name));
            let mut losses = Vec::new();
            let n_steps = f.times("n_steps");
            for _ in 0..n_steps {
                let a = (x.dot(&w1) + &b1).tanh().named("a");
                let error = (a.dot(&w2) + &b2 - &y).named("error");
                losses.push(error.square().mean().named("loss"));
                let dz2 = (2.0 * &error / error.count()).named("dz2");
                let dz1 = (dz2.dot(&w2.t()) * (1.0 - a.square())).named("dz1");
                let (dw2, db2) = (a.t().dot(&dz2), dz2.aggregate(Aggregate::Sum, Over::Samples));
                let (dw1, db1) = (x.t().dot(&dz1), dz1.aggregate(Aggregate::Sum, Over::Samples));
                w1 = (w1 - &rate * dw1).named("w1");
                b1 = (b1 - &rate * db1).named("b1");
                w2 = (w2 - &rate * dw2).named("w2");
                b2 = (b2 - &rate * db2).named("b2");
            }
            let calls = f.number(n_steps as f64).whole();
            let [weights1, biases1, weights2, biases2] = PARAMETERS;
            [
                ("losses", f.vector(&losses)),
                (CALLS, calls),
                (weights1, w1),
                (biases1, b1),
                (weights2, w2),
                (biases2, b2),
            ]
        })
        .mistake(
            "loss_after_the_step",
            "Each loss is that of the network after the step. Return the loss before the step: it is the one whose \
             gradient is used.",
            |c| {
                let (losses, _) = trained(c, c.count("n_steps") + 1, 1.0);
                with_losses(losses[1..].to_vec(), trained(c, c.count("n_steps"), 1.0).1)
            },
        )
        .mistake(
            "one_loss_too_many",
            "There is one loss too many: a training of n steps has n losses, one before each step.",
            |c| with_losses(trained(c, c.count("n_steps") + 1, 1.0).0, trained(c, c.count("n_steps"), 1.0).1),
        )
        .mistake("nothing_learned", NOTHING_LEARNED, |c| trained(c, c.count("n_steps"), 0.0).1)
        // The same, without a single call of the optimiser.
        .mistake("nothing_learned", NOTHING_LEARNED, |c| {
            let still = trained(c, c.count("n_steps"), 0.0).1;
            still.parts().fold(Record::new(), |record, (name, value)| match name {
                "calls of step" => record.with(name, 0_usize),
                _ => record.with(name, value.clone()),
            })
        })
        .mistake(
            "target_for_output",
            "The steps go uphill, so the loss grows. Either the arguments of the loss's gradient are swapped (the \
             output comes first, then the target), or its sign is wrong.",
            |c| trained(c, c.count("n_steps"), -1.0).1,
        )
        .mistake(
            "step_before_backward",
            "The optimiser uses the gradients of the step before, and zeros at the first step. Run the backward pass \
             first, then take the step.",
            lagging,
        )
        .mistake_if(
            "optimizer_left_out",
            "The network changes, but the optimiser is never asked: its `step` was not called once. Which rule is used, \
             and with which learning rate, is up to the optimiser: hand it `net.parameters()`.",
            |c, seen| c.count("n_steps") > 0 && seen.count("calls of step") == 0,
        )
        .mistake_if(
            "one_call_for_each_parameter",
            "The optimiser is called once for every parameter. It knows a parameter only by its place in the list, so \
             it would mix up what it stores for them, and Adam would count too many steps. Pass all parameters in one \
             call.",
            |c, seen| c.count("n_steps") > 0 && seen.count("calls of step") == PARAMETERS.len() * c.count("n_steps"),
        )]
}

const NOTHING_LEARNED: &str = "The network never changes, so all losses are the same. Gradients are 0 until a \
                               backward pass computes them: pass the gradient of the loss to `backward`, then let the \
                               optimiser change `net.parameters()`.";

const NOTHING_MOVES: &str = "No parameter changes. If you `zip` the parameters with the stored arrays, the loop ends \
                             with the shorter of the two. With no stored arrays it ends at once: fill the list with \
                             zeros at the first step.";

const MEMORY_LOST: &str = "Nothing is kept from the steps before. Either the stored arrays are created again in each \
                           step, or they are never written back. Create them once, at the first step, and change them \
                           in place.";

const ONE_MEMORY_FOR_ALL: &str = "The parameters share one stored array, so the gradient of one changes the step of \
                                  the other. Store an array for each parameter, in the order of the list.";

const ONLY_THE_FIRST: &str = "Only the first parameter changes. Update every parameter in the list.";

const RATE_IN_THE_VELOCITY: &str = "The velocity contains the learning rate, so old gradients keep the old rate after \
                                    a change. Store the velocity without the rate, and multiply by the rate when you \
                                    take the step.";

const LEARNING_RATE_KEPT: &str = "The steps still use the learning rate of `new`: `set_learning_rate` has no effect \
                                  on them.";

const EPSILON_UNDER_THE_ROOT: &str = "ε is added under the root, so its effect is that of √ε: with 1e-8, that is \
                                      10,000 times as much. Tiny gradients then change almost nothing. Take the root \
                                      first, then add ε.";

const EPSILON_FORGOTTEN: &str = "If a gradient was 0 in all steps, the result is 0 / 0, which is NaN, and the \
                                 parameter stays NaN. Add ε to the root.";

const USUAL_VALUES: &str = "The usual hyperparameters are used, not those that were passed to `new`. Store the \
                            arguments of `new` in fields, and use these.";

/// For gradients of ordinary size, where nothing hangs on the place of ε: that has a check of its own.
const ORDINARY: Tolerance = Tolerance { relative: 1e-6, absolute: 1e-6 };

/// A check of how one parameter moves.
fn rule_check(id: &'static str, task: &'static str, title: &'static str, points: u32) -> Check {
    let [step, set_learning_rate] = methods(task);
    let check = Check::new(id, task, title, points).asks("steps").about(step);
    if id.ends_with("_rate") { check.about(set_learning_rate) } else { check }
}

/// The methods of the rule that this task is about.
fn methods(task: &str) -> [&'static str; 2] {
    match task {
        "sgd" => ["Sgd::step", "Sgd::set_learning_rate"],
        "momentum" => ["Momentum::step", "Momentum::set_learning_rate"],
        "nesterov" => ["Nesterov::step", "Nesterov::set_learning_rate"],
        "rms_prop" => ["RmsProp::step", "RmsProp::set_learning_rate"],
        "adam" => ["Adam::step", "Adam::set_learning_rate"],
        _ => ["AdamW::step", "AdamW::set_learning_rate"],
    }
}

/// A check of two parameters, first of one shape and then of two.
fn two_parameters_check(
    id: &'static str,
    task: &'static str,
    title: &'static str,
    points: u32,
    rule_of: fn(bool) -> Record,
    rule: Rule,
    step: Step,
) -> Check {
    Check::new(id, task, title, points)
        .asks("two_parameters")
        .about(methods(task)[0])
        .on(move |draw| {
            let case = |first: Value, second: Value, [g1, g2]: [Value; 2]| {
                rule_of(true)
                    .with("first", first)
                    .with("gradient of first", g1)
                    .with("second", second)
                    .with("gradient of second", g2)
                    .with("n_steps", 3_usize)
            };
            let same = [array![0.5, -1.0], array![-2.0, 0.25]].map(Value::from);
            // Nowhere near 0, so that ε plays no part.
            let weights = draw::matrix(draw, (2, 3), 1.0) + array![[1.5, -1.5, 2.0]];
            let other = [weights.into(), (draw::vector(draw, 3, 1.0) + array![-1.5, 1.5, 2.0]).into()];
            let ones: Value = array![1.0, 1.0].into();
            // The first steps of some rules are as long for any gradient, so the places differ.
            let starts = [draw::matrix(draw, (2, 3), 2.0).into(), draw::vector(draw, 3, 2.0).into()];
            let [first, second] = starts;
            vec![case(ones.clone(), ones, same), case(first, second, other)]
        })
        .computes(move |f| {
            ["first", "second"].map(|name| {
                let gradient = f.input(&format!("gradient of {name}"));
                let mut one = Moment::new(f, f.input(name));
                for t in 1..=f.case().count("n_steps") {
                    one.go(f, t, gradient.clone(), step);
                }
                (name, one.theta)
            })
        })
        .mistake("only_the_first_moves", ONLY_THE_FIRST, move |c| {
            after_both(c, |now, place| if place == 0 { rule(now) } else { now.theta() })
        })
}

/// What can be wrong with any memory, seen on one parameter.
fn with_memory_mistakes(check: Check, rule: Rule) -> Check {
    check.mistake("nothing_moves", NOTHING_MOVES, |c| after_steps(c, |now| now.theta())).mistake(
        "memory_lost",
        MEMORY_LOST,
        move |c| after_steps(c, |now| rule(Now { gradients: &now.gradients[now.gradients.len() - 1..], ..now })),
    )
}

/// What can be wrong with any memory, seen on two parameters.
fn with_memory_of_two(check: Check, rule: Rule) -> Check {
    check.mistake_if("one_memory_for_all", ONE_MEMORY_FOR_ALL, move |c, seen| {
        // Two parameters of one shape tell; with two shapes a shared memory may panic, or start again, or something else.
        let shapes = ["first", "second"].map(|name| match c.get(name) {
            Some(Value::Array { shape, .. }) => shape.clone(),
            _ => Vec::new(),
        });
        shapes[0] == shapes[1] && {
            let shared = after_shared(c, rule);
            ["first", "second"].iter().all(|name| {
                let (shared, seen) = (shared.vector(name), seen.vector(name));
                shared.len() == seen.len() && shared.iter().zip(seen).all(|(shared, seen)| (shared - seen).abs() < 1e-6)
            })
        }
    })
}

/// A parameter in the middle of its steps.
struct Moment {
    theta: Num,
    g: Num,
    rate: Num,
    t: Num,
    /// The means or the velocity; Adam has two.
    memory: [Num; 2],
}

/// Changes a parameter and what is remembered of it, once.
type Step = fn(&Formula, &mut Moment);

impl Moment {
    fn new(f: &Formula, theta: Num) -> Self {
        let nothing = f.number(0.0);
        Self {
            theta,
            g: nothing.clone(),
            rate: nothing.clone(),
            t: nothing.clone(),
            memory: [nothing.clone(), nothing],
        }
    }

    fn go(&mut self, f: &Formula, t: usize, g: Num, step: Step) {
        let later = "learning_rate from step 3 on";
        let rate = if t >= 3 && f.case().get(later).is_some() { later } else { "learning_rate" };
        self.rate = f.input(rate);
        self.g = g.named("g");
        self.t = f.number(t as f64).named("t");
        step(f, self);
        self.theta = self.theta.named("θ");
    }
}

/// The parameter after each of its steps.
fn steps(f: &Formula, step: Step) -> Num {
    let (start, gradients) = (f.input("start"), f.input("gradients"));
    let mut one = Moment::new(f, start.clone());
    let mut path = Vec::new();
    for t in 1..=gradients.n_rows() {
        one.go(f, t, gradients.row(t - 1), step);
        path.push(one.theta.clone());
    }
    f.matrix(&path, &start)
}

fn sgd_step(_: &Formula, now: &mut Moment) {
    now.theta = &now.theta - &now.rate * &now.g;
}

fn momentum_step(f: &Formula, now: &mut Moment) {
    let before = now.memory[0].named("v");
    let v = (f.input("beta") * before + &now.g).named("v");
    now.theta = &now.theta - &now.rate * &v;
    now.memory[0] = v;
}

fn nesterov_step(f: &Formula, now: &mut Moment) {
    let before = now.memory[0].named("v");
    let v = (f.input("beta") * before + &now.g).named("v");
    now.theta = &now.theta - &now.rate * (&now.g + f.input("beta") * &v);
    now.memory[0] = v;
}

fn rms_prop_step(f: &Formula, now: &mut Moment) {
    let alpha = f.input("alpha");
    let before = now.memory[0].named("s");
    let s = (&alpha * before + (1.0 - &alpha) * now.g.square()).named("s");
    now.theta = &now.theta - &now.rate * &now.g / (s.sqrt() + f.input("epsilon"));
    now.memory[0] = s;
}

fn adam_rule(f: &Formula, now: &mut Moment) {
    let beta1 = f.input("betas").at(0).named("β₁");
    let beta2 = f.input("betas").at(1).named("β₂");
    let [m, v] = [now.memory[0].named("m"), now.memory[1].named("v")];
    let m = (&beta1 * m + (1.0 - &beta1) * &now.g).named("m");
    let v = (&beta2 * v + (1.0 - &beta2) * now.g.square()).named("v");
    let m_hat = (&m / (1.0 - beta1.power(&now.t))).named("m̂");
    let v_hat = (&v / (1.0 - beta2.power(&now.t))).named("v̂");
    now.theta = &now.theta - &now.rate * m_hat / (v_hat.sqrt() + f.input("epsilon"));
    now.memory = [m, v];
}

fn adam_w_rule(f: &Formula, now: &mut Moment) {
    now.theta = (&now.theta - &now.rate * f.input("weight_decay") * &now.theta).named("decayed");
    adam_rule(f, now);
}

/// One number at one step, with its past.
#[derive(Clone, Copy)]
struct Now<'a> {
    case: &'a Record,
    /// The step, counted from 1.
    t: i32,
    /// Its values before each step so far, the present one last.
    thetas: &'a [f64],
    /// The gradients that are remembered, the present one last.
    gradients: &'a [f64],
    /// The learning rates of all steps so far.
    rates: &'a [f64],
}

/// Where a number is after a step.
type Rule = fn(Now<'_>) -> f64;

impl Now<'_> {
    fn theta(&self) -> f64 {
        self.thetas[self.thetas.len() - 1]
    }

    fn g(&self) -> f64 {
        self.gradients[self.gradients.len() - 1]
    }

    fn rate(&self) -> f64 {
        self.rates[self.rates.len() - 1]
    }

    fn at_first_rate(mut self) -> Self {
        self.rates = &self.rates[..1];
        self
    }

    fn at_time(mut self, t: i32) -> Self {
        self.t = t;
        self
    }

    fn beta(&self) -> f64 {
        self.case.float("beta")
    }

    fn alpha(&self) -> f64 {
        self.case.float("alpha")
    }

    fn epsilon(&self) -> f64 {
        self.case.float("epsilon")
    }

    fn weight_decay(&self) -> f64 {
        self.case.float("weight_decay")
    }

    fn betas(&self) -> [f64; 2] {
        let betas = self.case.vector("betas");
        [betas[0], betas[1]]
    }

    /// The sum of something of all gradients so far, `keep` times weaker with every step since.
    fn fading(&self, keep: f64, of: impl Fn(f64) -> f64) -> f64 {
        self.fading_of(keep, |i| of(self.gradients[i]))
    }

    fn fading_of(&self, keep: f64, of: impl Fn(usize) -> f64) -> f64 {
        let n = self.gradients.len();
        (0..n).map(|i| keep.powi((n - 1 - i) as i32) * of(i)).sum()
    }

    /// A velocity with the learning rates in it.
    fn fading_steps(&self) -> f64 {
        self.fading_of(self.beta(), |i| self.rates[i] * self.gradients[i])
    }

    fn mean_square(&self) -> f64 {
        (1.0 - self.alpha()) * self.fading(self.alpha(), |g| g * g)
    }

    /// Adam's m and v.
    fn means(&self) -> [f64; 2] {
        let [beta1, beta2] = self.betas();
        [(1.0 - beta1) * self.fading(beta1, |g| g), (1.0 - beta2) * self.fading(beta2, |g| g * g)]
    }

    fn corrected_means(&self) -> [f64; 2] {
        let ([m, v], [beta1, beta2]) = (self.means(), self.betas());
        [m / (1.0 - beta1.powi(self.t)), v / (1.0 - beta2.powi(self.t))]
    }
}

fn sgd(now: Now<'_>) -> f64 {
    now.theta() - now.rate() * now.g()
}

fn velocity(now: Now<'_>) -> f64 {
    now.theta() - now.rate() * now.fading(now.beta(), |g| g)
}

fn look_ahead(now: Now<'_>) -> f64 {
    now.theta() - now.rate() * (now.g() + now.beta() * now.fading(now.beta(), |g| g))
}

fn scaled(now: Now<'_>) -> f64 {
    now.theta() - now.rate() * now.g() / (now.mean_square().sqrt() + now.epsilon())
}

fn adam_step(now: Now<'_>, [m, v]: [f64; 2]) -> f64 {
    now.theta() - now.rate() * m / (v.sqrt() + now.epsilon())
}

fn corrected(now: Now<'_>) -> f64 {
    adam_step(now, now.corrected_means())
}

fn decayed(now: Now<'_>) -> f64 {
    corrected(now) - now.rate() * now.weight_decay() * now.theta()
}

/// One parameter after each of AdamW's steps, if Adam moves it as the learner's own does.
fn by_adam_alone(c: &Record, start: &ArrayRef1<f64>, adam: &ArrayRef2<f64>) -> Array2<f64> {
    let (mut theta, mut before) = (start.to_owned(), start.to_owned());
    let mut after = Array2::zeros(adam.dim());
    for ((adam, mut after), rate) in adam.rows().into_iter().zip(after.rows_mut()).zip(rates(c, adam.nrows())) {
        theta = &theta * (1.0 - rate * c.float("weight_decay")) + adam - &before;
        before.assign(&adam);
        after.assign(&theta);
    }
    after
}

fn both_by_adam_alone(c: &Record, seen: &Record) -> Record {
    ["first", "second"].into_iter().fold(Record::new(), |record, name| match c.get(name) {
        Some(Value::Array { shape, data }) => {
            let path = by_adam_alone(c, &Array1::from(data.clone()), &seen.matrix(&format!("Adam alone, {name}")));
            let end = path.row(path.nrows() - 1).to_vec();
            record.with(name, Value::Array { shape: shape.clone(), data: end })
        }
        _ => panic!("a case has two arrays"),
    })
}

/// The learning rates of a case, step by step.
fn rates(c: &Record, n_steps: usize) -> Vec<f64> {
    let later = c.get("learning_rate from step 3 on").map(|_| c.float("learning_rate from step 3 on"));
    let first = c.float("learning_rate");
    (0..n_steps).map(|step| later.filter(|_| step >= 2).unwrap_or(first)).collect()
}

/// One parameter after each of its steps: a row a step.
fn after_steps(c: &Record, rule: impl Fn(Now<'_>) -> f64) -> Array2<f64> {
    let (start, gradients) = (c.vector("start"), c.matrix("gradients"));
    let mut after = Array2::zeros(gradients.dim());
    for (entry, &start) in start.iter().enumerate() {
        let gradients = gradients.column(entry).to_vec();
        for (step, theta) in path(c, start, &gradients, &rule).into_iter().enumerate() {
            after[[step, entry]] = theta;
        }
    }
    after
}

/// Where a number is after each step.
fn path(c: &Record, start: f64, gradients: &[f64], rule: impl Fn(Now<'_>) -> f64) -> Vec<f64> {
    let rates = rates(c, gradients.len());
    let mut thetas = vec![start];
    for step in 1..=gradients.len() {
        let (gradients, rates) = (&gradients[..step], &rates[..step]);
        thetas.push(rule(Now { case: c, t: step as i32, thetas: &thetas, gradients, rates }));
    }
    thetas.split_off(1)
}

/// Two parameters after their steps, by a rule that knows their places.
fn after_both(c: &Record, rule: impl Fn(Now<'_>, i32) -> f64) -> Record {
    ["first", "second"].into_iter().zip(0..).fold(Record::new(), |record, (name, place)| {
        let (Some(Value::Array { shape, data }), Some(Value::Array { data: gradient, .. })) =
            (c.get(name), c.get(&format!("gradient of {name}")))
        else {
            panic!("a case has two arrays and their gradients");
        };
        let end = |(&start, &g): (&f64, &f64)| {
            let path = path(c, start, &vec![g; c.count("n_steps")], |now| rule(now, place));
            path[path.len() - 1]
        };
        let data = data.iter().zip(gradient).map(end).collect();
        record.with(name, Value::Array { shape: shape.clone(), data })
    })
}

/// Two vectors after their steps, by a rule that takes the gradients of both for those of one.
fn after_shared(c: &Record, rule: Rule) -> Record {
    let names = ["first", "second"];
    let gradients = names.map(|name| c.vector(&format!("gradient of {name}")).to_owned());
    let mut values = names.map(|name| c.vector(name).to_owned());
    let rates = rates(c, c.count("n_steps"));
    for entry in 0..values[0].len() {
        let mut met = Vec::new();
        for step in 1..=c.count("n_steps") {
            for place in 0..2 {
                met.push(gradients[place][entry]);
                let thetas = [values[place][entry]];
                let now = Now { case: c, t: step as i32, thetas: &thetas, gradients: &met, rates: &rates[..step] };
                values[place][entry] = rule(now);
            }
        }
    }
    let [first, second] = values;
    Record::new().with("first", first).with("second", second)
}

// The rules, with the usual hyper-parameters or with others.

const SGD: fn(bool) -> Record = |_| Record::new().with("optimizer", "Sgd").with("learning_rate", 0.1);

const MOMENTUM: fn(bool) -> Record = |usual| named("Momentum").with("beta", if usual { 0.9 } else { 0.5 });

const NESTEROV: fn(bool) -> Record = |usual| named("Nesterov").with("beta", if usual { 0.9 } else { 0.5 });

const RMS_PROP: fn(bool) -> Record =
    |usual| named("RmsProp").with("alpha", if usual { 0.9 } else { 0.75 }).with("epsilon", 1e-8);

const ADAM: fn(bool) -> Record = |usual| {
    named("Adam").with("betas", if usual { array![0.9, 0.999] } else { array![0.75, 0.9] }).with("epsilon", 1e-8)
};

const ADAM_W: fn(bool) -> Record = |usual| {
    named("AdamW")
        .with("betas", if usual { array![0.9, 0.999] } else { array![0.75, 0.9] })
        .with("epsilon", 1e-8)
        .with("weight_decay", if usual { 0.01 } else { 0.2 })
};

fn named(optimizer: &str) -> Record {
    Record::new().with("optimizer", optimizer).with("learning_rate", 0.1)
}

/// The lesson's three gradients, and drawn ones for a parameter of two entries.
fn cases(draw: &mut probe::Generator, rule: fn(bool) -> Record) -> Vec<Record> {
    vec![
        rule(true).with("start", array![1.0]).with("gradients", array![[1.0], [-2.0], [0.5]]),
        rule(false)
            .with("start", draw::vector(draw, 2, 3.0))
            .with("gradients", draw::matrix(draw, (4, 2), 1.0) + array![[1.5, -1.5]]),
    ]
}

fn rate_cases(draw: &mut probe::Generator, rule: fn(bool) -> Record) -> Vec<Record> {
    vec![
        rule(true)
            .with("learning_rate from step 3 on", 0.01)
            .with("start", draw::vector(draw, 2, 3.0))
            .with("gradients", draw::matrix(draw, (4, 2), 1.0) + array![[1.5, -1.5]]),
    ]
}

/// Gradients about as small as ε and a gradient of 0, and an ε that is not small at all.
fn epsilon_cases(draw: &mut probe::Generator, rule: fn(bool) -> Record) -> Vec<Record> {
    let tiny = array![[1e-6, 0.0], [-1e-8, 0.0], [1e-7, 0.0]];
    let large = rule(true).parts().fold(Record::new(), |record, (name, value)| match name {
        "epsilon" => record.with(name, 0.5),
        _ => record.with(name, value.clone()),
    });
    vec![
        rule(true).with("start", array![1.0, 2.0]).with("gradients", tiny),
        large.clone().with("start", array![1.0]).with("gradients", array![[1.0], [2.0]]),
        large.with("start", draw::vector(draw, 2, 3.0)).with("gradients", draw::matrix(draw, (3, 2), 2.0)),
    ]
}

// Valleys.

fn points(draw: &mut probe::Generator) -> Vec<Record> {
    let drawn = array![draw::number(draw, 1.0) + 1.5, draw::number(draw, 1.0)];
    [array![-1.0, 1.0], array![0.5, -0.5], array![2.0, 3.0], drawn].map(|at| Record::new().with("point", at)).to_vec()
}

fn point(c: &Record) -> (f64, f64) {
    (c.vector("point")[0], c.vector("point")[1])
}

fn slopes(c: &Record, of: fn(f64, f64) -> [f64; 2]) -> Array1<f64> {
    let (x, y) = point(c);
    Array1::from(of(x, y).to_vec())
}

/// The rows of a path in a bowl: the start, each coordinate times what `kept` says of one step's factor and the row.
fn bowl_path(c: &Record, rows: std::ops::RangeInclusive<usize>, kept: impl Fn(f64, i32) -> f64) -> Array2<f64> {
    let (start, curvatures) = (c.vector("start"), c.vector("curvatures"));
    let first = *rows.start();
    Array2::from_shape_fn((rows.count(), start.len()), |(row, along)| {
        start[along] * kept(1.0 - c.float("learning_rate") * curvatures[along], (row + first) as i32)
    })
}

// Training.

const PARAMETERS: [&str; 4] = ["weights1", "biases1", "weights2", "biases2"];

/// The network of a case: two linear layers with tanh between them, and the mean squared error.
#[derive(Clone)]
struct Net {
    w1: Array2<f64>,
    b1: Array1<f64>,
    w2: Array2<f64>,
    b2: Array1<f64>,
}

impl Net {
    fn new(c: &Record) -> Self {
        Self {
            w1: c.matrix("weights1").to_owned(),
            b1: c.vector("biases1").to_owned(),
            w2: c.matrix("weights2").to_owned(),
            b2: c.vector("biases2").to_owned(),
        }
    }

    /// The loss, and its gradient for each parameter, as a network of its own. The error goes back through `w2`.
    fn loss_and_gradient(&self, c: &Record, w2: &ArrayRef2<f64>) -> (f64, Self) {
        let (x, y) = (c.matrix("x"), c.matrix("y"));
        let hidden = (x.dot(&self.w1) + &self.b1).mapv(f64::tanh);
        let errors = hidden.dot(&self.w2) + &self.b2 - y;
        let loss = errors.iter().map(|error| error * error).sum::<f64>() / errors.len() as f64;
        let back = &errors * (2.0 / errors.len() as f64);
        let back1 = back.dot(&w2.t()) * hidden.mapv(|a| (1.0 - a) * (1.0 + a));
        let gradient = Self {
            w1: x.t().dot(&back1),
            b1: back1.sum_axis(Axis(0)),
            w2: hidden.t().dot(&back),
            b2: back.sum_axis(Axis(0)),
        };
        (loss, gradient)
    }

    fn step(&mut self, by: f64, gradient: &Self) {
        self.w1.scaled_add(by, &gradient.w1);
        self.b1.scaled_add(by, &gradient.b1);
        self.w2.scaled_add(by, &gradient.w2);
        self.b2.scaled_add(by, &gradient.b2);
    }

    fn record(self, losses: Vec<f64>) -> Record {
        let [w1, b1, w2, b2] = PARAMETERS;
        let n_steps = losses.len();
        let record = Record::new().with("losses", Array1::from(losses)).with("calls of step", n_steps);
        record.with(w1, self.w1).with(b1, self.b1).with(w2, self.w2).with(b2, self.b2)
    }
}

/// The losses of a training, and all that is seen of it. `downhill` multiplies each step.
fn trained(c: &Record, n_steps: usize, downhill: f64) -> (Vec<f64>, Record) {
    let mut net = Net::new(c);
    let mut losses = Vec::new();
    for _ in 0..n_steps {
        let (loss, gradient) = net.loss_and_gradient(c, &net.w2);
        losses.push(loss);
        net.step(-downhill * c.float("learning_rate"), &gradient);
    }
    (losses.clone(), net.record(losses))
}

/// A training whose steps have the gradients of the pass before, which goes back through weights that have moved on.
fn lagging(c: &Record) -> Record {
    let mut net = Net::new(c);
    let mut losses = Vec::new();
    let mut before: Option<Net> = None;
    for _ in 0..c.count("n_steps") {
        let mut moved = net.clone();
        if let Some(before) = &before {
            moved.step(-c.float("learning_rate"), before);
        }
        let (loss, gradient) = net.loss_and_gradient(c, &moved.w2);
        losses.push(loss);
        before = Some(gradient);
        net = moved;
    }
    net.record(losses)
}

fn with_losses(losses: Vec<f64>, record: Record) -> Record {
    let others = PARAMETERS.into_iter().map(|name| (name, record.get(name).expect("a parameter").clone()));
    let seen = Record::new().with("losses", Array1::from(losses)).with("calls of step", record.count("calls of step"));
    others.fold(seen, |record, (name, value)| record.with(name, value))
}
