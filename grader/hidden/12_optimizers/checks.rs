//! What is right in exercise 12, and what is commonly got wrong.
//!
//! A rule is a formula that changes a parameter and what is remembered of it, once. What is commonly wrong is the same
//! formula with something else in it, before it or after it.

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
        Check::new("rosenbrock", "rosenbrock", "rosenbrock is (1 - x)² + 100 (y - x²)²", 1).on(points).computes(|f| {
            let (x, y) = (f.input("point").at(0).named("x"), f.input("point").at(1).named("y"));
            (1.0 - &x).square() + 100.0 * (y - x.square()).square()
        }),
        Check::new("rosenbrock_grad", "rosenbrock", "rosenbrock_grad is the slope along x and the slope along y", 2)
            .on(points)
            .computes(|f| {
                let (x, y) = (f.input("point").at(0).named("x"), f.input("point").at(1).named("y"));
                let height = (y - x.square()).named("(y - x²)");
                let slope = (-2.0 * &x).named("slope of -x²");
                f.vector(&[-2.0 * (1.0 - x) + 200.0 * &height * slope, 200.0 * height])
            }),
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
                let path = path_in_a_bowl(f);
                let n_steps = path.len() - 1;
                let calls = f.number(n_steps as f64).whole();
                let seen = f.number(n_steps.min(1) as f64).whole();
                [("result", f.matrix(&path, &f.input("start"))), (SEEN, seen), (CALLS, calls)]
            })
            .mistake_if(
                "coordinates_apart",
                "The coordinates are separate parameters, or `step` is called several times for one step. The point is one \
                 parameter: pass a view of the whole array, in one call of `step`.",
                |c, seen| {
                    let n = c.vector("start").len();
                    c.count("n_steps") > 0 && (seen.count(SEEN) == n || seen.count(CALLS) == n * c.count("n_steps"))
                },
            )
            .mistake(
                "start_counted_twice",
                "The first two rows are both the start. Row k is the point after k steps: step first, then write.",
                computed(|f| {
                    let path = path_in_a_bowl(f);
                    f.matrix(&[&path[..1], &path[..path.len() - 1]].concat(), &f.input("start"))
                }),
            )
            .mistake_if("too_few_calls", TOO_FEW_CALLS, has_too_few_calls),
    ]
}

const TOO_FEW_CALLS: &str = "`step` of the optimiser is called fewer times than `n_steps` says, or never. Call it \
     once in each step, up to the last one.";

fn has_too_few_calls(c: &Record, seen: &Record) -> bool {
    seen.count(CALLS) < c.count("n_steps")
}

/// What the probe's own optimiser was handed.
const SEEN: &str = "parameters in a step";
const CALLS: &str = "calls of step";

fn momentum() -> [Check; 3] {
    [
        with_memory_mistakes(
            rule_check("momentum", "momentum", "Momentum moves by v ← β · v + g, times the learning rate", 2)
                .on(|draw| cases(draw, MOMENTUM))
                .computes(|f| steps(f, momentum_step)),
            momentum_step,
        )
        .mistake(
            "averaged_gradients",
            "The steps are those of v ← β · v + (1 - β) · g, a mean. Add the whole gradient: v ← β · v + g.",
            after_steps(|f, now| {
                now.g = (1.0 - f.input("beta")) * &now.g;
                momentum_step(f, now);
            }),
        )
        .mistake(
            "beta_for_the_gradient",
            "The steps are those of v ← v + β · g. β belongs to what is remembered: v ← β · v + g.",
            after_steps(|f, now| {
                let v = &now.memory[0] + f.input("beta") * &now.g;
                now.theta = &now.theta - &now.rate * &v;
                now.memory[0] = v;
            }),
        ),
        rule_check("momentum_rate", "momentum", "a new learning rate of Momentum applies to the whole velocity", 1)
            .after("momentum")
            .on(|draw| rate_cases(draw, MOMENTUM))
            .computes(|f| steps(f, momentum_step))
            .mistake("rate_in_the_velocity", RATE_IN_THE_VELOCITY, rate_in_the_velocity(momentum_step)),
        two_parameters_check(
            "momentum_two_parameters",
            "momentum",
            "Momentum remembers a velocity for every parameter",
            2,
            MOMENTUM,
            momentum_step,
        )
        .after("momentum")
        .mistake_if("one_memory_for_all", ONE_MEMORY_FOR_ALL, one_memory_for_all(momentum_step)),
    ]
}

fn nesterov() -> [Check; 3] {
    [
        with_memory_mistakes(
            rule_check("nesterov", "nesterov", "Nesterov moves by g + β · v, with the new v", 2)
                .on(|draw| cases(draw, NESTEROV))
                .computes(|f| steps(f, nesterov_step)),
            nesterov_step,
        )
        .mistake(
            "moves_like_momentum",
            "These are the steps of Momentum. The step of Nesterov is lr · (g + β · v) with the new v; with the old \
             one, g + β · v is Momentum's v.",
            after_steps(momentum_step),
        )
        .mistake(
            "velocity_subtracted",
            "The steps are those of lr · (g - β · v). Both count alike: lr · (g + β · v).",
            after_steps(|f, now| {
                let v = velocity(f, now);
                now.theta = &now.theta - &now.rate * (&now.g - f.input("beta") * v);
            }),
        ),
        rule_check("nesterov_rate", "nesterov", "a new learning rate of Nesterov applies to the whole step", 1)
            .after("nesterov")
            .on(|draw| rate_cases(draw, NESTEROV))
            .computes(|f| steps(f, nesterov_step))
            .mistake("rate_in_the_velocity", RATE_IN_THE_VELOCITY, rate_in_the_velocity(nesterov_step)),
        two_parameters_check(
            "nesterov_two_parameters",
            "nesterov",
            "Nesterov remembers a velocity for every parameter",
            1,
            NESTEROV,
            nesterov_step,
        )
        .after("nesterov")
        .mistake_if("one_memory_for_all", ONE_MEMORY_FOR_ALL, one_memory_for_all(nesterov_step)),
    ]
}

fn rms_prop() -> [Check; 3] {
    [
        with_memory_mistakes(
            rule_check("rms_prop", "rms_prop", "RmsProp divides by the root of the mean square of the gradients", 2)
                .on(|draw| cases(draw, RMS_PROP))
                .computes(|f| steps(f, rms_prop_step))
                .within(ORDINARY),
            rms_prop_step,
        ),
        rule_check("rms_prop_epsilon", "rms_prop", "RmsProp adds ε to the root, where gradients are tiny or 0", 1)
            .after("rms_prop")
            .on(|draw| epsilon_cases(draw, RMS_PROP))
            .computes(|f| steps(f, rms_prop_step)),
        two_parameters_check(
            "rms_prop_two_parameters",
            "rms_prop",
            "RmsProp remembers mean squares for every parameter",
            1,
            RMS_PROP,
            rms_prop_step,
        )
        .after("rms_prop")
        .within(ORDINARY)
        .mistake_if("one_memory_for_all", ONE_MEMORY_FOR_ALL, one_memory_for_all(rms_prop_step)),
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
            adam_rule,
        )
        .mistake(
            "t_starts_at_zero",
            "Everything is NaN. Perhaps t is 0 at first: then m and v are divided by 1 - β⁰, which is 0 (count t \
             from 1). Or you take the root of a negative number (v̂ must not be negative).",
            after_steps(|f, now| {
                now.t = &now.t - 1.0;
                adam_rule(f, now);
            }),
        )
        .mistake(
            "hats_stored",
            "The corrected means are stored, and corrected again at the next step. Store m and v.",
            after_steps(|f, now| {
                adam_rule(f, now);
                now.memory = corrected(now, &betas(f), now.memory.clone());
            }),
        )
        .mistake(
            "usual_values_for_given",
            "The usual hyper-parameters are used. Use those in the fields, which are the arguments of `new`.",
            after_steps(|f, now| {
                let usual = [0.9, 0.999].map(|beta| f.number(beta));
                adam_with(f, now, &usual, &usual);
            }),
        )
        .mistake(
            "weights_swapped",
            "The weights of the running means are swapped. The stored m and v should be multiplied by β₁ and β₂, the \
             new g and g² by 1 - β₁ and 1 - β₂.",
            after_steps(|f, now| adam_with(f, now, &betas(f).map(|beta| 1.0 - beta), &betas(f))),
        )
        .mistake(
            "betas_of_the_means_swapped",
            "m uses β₂ and v uses β₁, though they are corrected with the right ones. β₁ belongs to m, and β₂ to v.",
            after_steps(|f, now| {
                let [beta1, beta2] = betas(f);
                adam_with(f, now, &[beta2, beta1], &betas(f));
            }),
        )
        .mistake(
            "variance_for_mean_square",
            "v is a mean of (g - m)², so it measures how much g varies. It is a mean of g².",
            after_steps(|f, now| {
                let before = now.memory[1].clone();
                let [m, _] = means(now, &betas(f));
                let [_, beta2] = betas(f);
                let v = &beta2 * before + (1.0 - beta2) * (&now.g - &m).square();
                now.memory = [m, v];
                let hats = corrected(now, &betas(f), now.memory.clone());
                adam_step(f, now, hats);
            }),
        ),
        rule_check("adam_epsilon", "adam", "Adam adds ε to the root of v̂, where gradients are tiny or 0", 1)
            .after("adam")
            .on(|draw| epsilon_cases(draw, ADAM))
            .computes(|f| steps(f, adam_rule))
            .mistake(
                "epsilon_under_the_root",
                "ε is added under the root, so its effect is that of √ε: with 1e-8, that is 10,000 times as much. Take \
                 the root first, then add ε.",
                after_steps(|f, now| {
                    let means = means(now, &betas(f));
                    let [m_hat, v_hat] = corrected(now, &betas(f), means);
                    now.theta = &now.theta - &now.rate * m_hat / (v_hat + f.input("epsilon")).sqrt();
                }),
            )
            .mistake(
                "epsilon_before_the_correction",
                "ε is added to √v before the correction. Correct v first, then take the root, then add ε.",
                after_steps(|f, now| {
                    let means = means(now, &betas(f));
                    let [m_hat, _] = corrected(now, &betas(f), means.clone());
                    let correction = (1.0 - betas(f)[1].power(&now.t)).sqrt();
                    now.theta = &now.theta - &now.rate * m_hat * correction / (means[1].sqrt() + f.input("epsilon"));
                }),
            ),
        two_parameters_check(
            "adam_two_parameters",
            "adam",
            "Adam has means for every parameter, and one t for all",
            2,
            ADAM,
            adam_rule,
        )
        .after("adam")
        .within(ORDINARY)
        // In the loop, or before it.
        .mistake("t_counts_parameters", T_COUNTS_PARAMETERS, counting(|t, place| 2.0 * t - 1.0 + place as f64))
        .mistake("t_counts_parameters", T_COUNTS_PARAMETERS, counting(|t, _| 2.0 * t))
        .mistake_if("one_memory_for_all", ONE_MEMORY_FOR_ALL, one_memory_for_all(adam_rule)),
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
                "λ · θ is added to the gradient, so Adam scales it. AdamW subtracts lr · λ · θ from the value itself.",
                after_steps(|f, now| {
                    now.g = &now.g + f.input("weight_decay") * &now.theta;
                    adam_rule(f, now);
                }),
            )
            .mistake(
                "decay_after_the_step",
                "The decay is computed from the value after the step: first the decay, then Adam.",
                after_steps(|f, now| {
                    adam_rule(f, now);
                    decay(f, now);
                }),
            )
            .mistake(
                "adam_forgotten",
                "There is only the decay: the step of Adam after it is missing.",
                after_steps(decay),
            ),
        rule_check("adam_w_rate", "adam_w", "a new learning rate of AdamW applies to step and decay", 1)
            .after("adam_w")
            .on(|draw| rate_cases(draw, ADAM_W))
            .computes(|f| steps(f, adam_w_rule))
            .or_follows(|c, seen| by_adam_alone(c, &c.vector("start"), &seen.matrix("Adam alone")))
            .within(ORDINARY)
            .mistake(
                "decay_at_the_first_rate",
                "The decay still uses the learning rate of `new`: `set_learning_rate` has to change it for both.",
                after_steps(|f, now| {
                    let rate = std::mem::replace(&mut now.rate, f.input("learning_rate"));
                    decay(f, now);
                    now.rate = rate;
                    adam_rule(f, now);
                }),
            ),
        two_parameters_check(
            "adam_w_two_parameters",
            "adam_w",
            "AdamW shrinks every parameter",
            1,
            ADAM_W,
            adam_w_rule,
        )
        .after("adam_w")
        .after("adam_two_parameters")
        .or_follows(both_by_adam_alone)
        .within(ORDINARY),
    ]
}

fn training() -> [Check; 1] {
    [Check::new("train", "train", "train goes forward, backward, and then lets the optimiser step", 4)
        .on(|draw| {
            // In the last case the steps are far too large: the loss rises.
            [(1_usize, 0.3), (3, 0.3), (0, 0.3), (4, 5.0)]
                .map(|(n_steps, learning_rate)| {
                    Record::new()
                        .with("x", draw::matrix(draw, (3, 2), 1.5))
                        .with("y", draw::matrix(draw, (3, 2), 1.0))
                        .with("weights1", draw::matrix(draw, (2, 3), 1.0))
                        .with("biases1", draw::vector(draw, 3, 0.5))
                        .with("weights2", draw::matrix(draw, (3, 2), 1.0))
                        .with("biases2", draw::vector(draw, 2, 0.5))
                        .with("learning_rate", learning_rate)
                        .with("n_steps", n_steps)
                })
                .to_vec()
        })
        .computes(|f| {
            let (losses, parameters) = trained(f, &f.input("learning_rate"));
            observed(f, &losses, losses.len(), parameters)
        })
        .mistake("gradient_scaled", GRADIENT_SCALED, slower(|f| f.input("x").rows()))
        .mistake("gradient_scaled", GRADIENT_SCALED, slower(|f| f.input("y").count()))
        .mistake("gradient_scaled", GRADIENT_SCALED, slower(|f| 1.0 / f.input("x").rows()))
        .mistake(
            "step_before_backward",
            "The optimiser uses the gradients of the step before. Run the backward pass first, then take the step.",
            computed(lagging),
        )
        .mistake_if("too_few_calls", TOO_FEW_CALLS, has_too_few_calls)
        .mistake_if(
            "losses_missing",
            "All steps are taken, but there are fewer losses than steps: put one into the list at each step.",
            |c, seen| seen.count(CALLS) == c.count("n_steps") && seen.vector("losses").len() < c.count("n_steps"),
        )
        .mistake_if(
            "several_calls_for_a_step",
            "The optimiser is called several times for each step. Call it once, with all parameters, after the \
             backward pass of all samples.",
            |c, seen| {
                // With a single step, a second call may be that of a step too many.
                let (calls, n_steps) = (seen.count(CALLS), c.count("n_steps"));
                n_steps > 1 && calls > n_steps && calls.is_multiple_of(n_steps)
            },
        )]
}

const NOTHING_MOVES: &str = "No parameter changes. If you `zip` the parameters with the stored arrays, and there are none \
                             yet, the loop ends at once: fill the list with zeros at the first step.";

const MEMORY_LOST: &str = "Nothing is kept from the steps before. Either the stored arrays are not used, or they are \
                           created again in each step, or they are never written back.";

const GRADIENT_SCALED: &str = "The gradient has a further factor, such as the number of samples, or 1 divided by it. The loss \
                               takes the mean: hand its gradient to `backward` unchanged.";

const ONE_MEMORY_FOR_ALL: &str = "The parameters share what is stored, so the gradient of one changes the step of \
     the other. Store an array for each parameter, in the order of the list.";

const RATE_IN_THE_VELOCITY: &str = "The velocity contains the learning rate, so old gradients keep the old rate. Multiply \
                                    by the rate when you take the step.";

const T_COUNTS_PARAMETERS: &str = "t is increased for every parameter. But t counts steps, and a call of `step` is one \
     step for all parameters: increase t once, before the loop.";

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
        .computes(move |f| both(f, |f, now, _| step(f, now)))
}

/// What can be wrong with any memory, seen on one parameter.
fn with_memory_mistakes(check: Check, step: Step) -> Check {
    check.mistake("nothing_moves", NOTHING_MOVES, after_steps(|_, _| {})).mistake(
        "memory_lost",
        MEMORY_LOST,
        after_steps(move |f, now| {
            now.memory = nothing(f);
            step(f, now);
        }),
    )
}

/// The velocity contains the learning rate, and the step does not.
fn rate_in_the_velocity(step: Step) -> impl Fn(&Record) -> Record {
    after_steps(move |f, now| {
        now.g = &now.rate * &now.g;
        now.rate = f.number(1.0);
        step(f, now);
    })
}

/// Whether two parameters were changed with what is remembered of both. Two of one shape tell; with two shapes a shared
/// memory may panic, or start again, or something else.
fn one_memory_for_all(step: Step) -> impl Fn(&Record, &Record) -> bool {
    let names = ["first", "second"];
    let shared = computed(move |f| {
        let mut both = names.map(|name| Moment::new(f, f.input(name)));
        for t in 1..=f.case().count("n_steps") {
            for place in [0, 1] {
                both[place].memory = both[1 - place].memory.clone();
                both[place].go(f, t, gradient_of(f, names[place]), step);
            }
        }
        let [first, second] = both.map(|one| one.theta);
        [("first", first), ("second", second)]
    });
    move |c, seen| {
        let [first, second] = names.map(|name| match c.get(name) {
            Some(Value::Array { shape, .. }) => shape,
            _ => panic!("a case has two arrays"),
        });
        first == second && {
            let shared = shared(c);
            names.iter().all(|name| {
                let (shared, seen) = (shared.vector(name), seen.vector(name));
                shared.len() == seen.len() && shared.iter().zip(seen).all(|(shared, seen)| (shared - seen).abs() < 1e-6)
            })
        }
    }
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

fn nothing(f: &Formula) -> [Num; 2] {
    [f.number(0.0), f.number(0.0)]
}

impl Moment {
    fn new(f: &Formula, start: Num) -> Self {
        let [g, rate] = nothing(f);
        Self { theta: start.named("θ"), g, rate, t: f.number(0.0), memory: nothing(f) }
    }

    fn go(&mut self, f: &Formula, t: usize, g: Num, step: impl Fn(&Formula, &mut Self)) {
        let is_later = t >= 3 && f.case().get(LATER_RATE).is_some();
        self.rate = if is_later { f.input(LATER_RATE) } else { f.input("learning_rate") };
        self.g = g.named("g");
        self.t = f.number(t as f64).named("t");
        step(f, self);
        self.theta = self.theta.named("θ");
    }
}

/// The parameter after each of its steps.
fn steps(f: &Formula, step: impl Fn(&Formula, &mut Moment)) -> Num {
    let (start, gradients) = (f.input("start"), f.input("gradients"));
    let mut one = Moment::new(f, start.clone());
    let mut path = Vec::new();
    for t in 1..=gradients.n_rows() {
        one.go(f, t, gradients.row(t - 1), &step);
        path.push(one.theta.clone());
    }
    f.matrix(&path, &start)
}

/// The same, for a mistake.
fn after_steps(step: impl Fn(&Formula, &mut Moment)) -> impl Fn(&Record) -> Record {
    computed(move |f| steps(f, &step))
}

/// Two parameters after their steps with Adam, where this becomes of t.
fn counting(t: fn(&Num, usize) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| {
        both(f, |f, now, place| {
            now.t = t(&now.t, place);
            adam_rule(f, now);
        })
    })
}

/// Two parameters after their steps, by a rule that knows their places.
fn both(f: &Formula, step: impl Fn(&Formula, &mut Moment, usize)) -> [(&'static str, Num); 2] {
    [(0, "first"), (1, "second")].map(|(place, name)| {
        let gradient = gradient_of(f, name);
        let mut one = Moment::new(f, f.input(name));
        for t in 1..=f.case().count("n_steps") {
            one.go(f, t, gradient.clone(), |f, now| step(f, now, place));
        }
        (name, one.theta)
    })
}

fn gradient_of(f: &Formula, name: &str) -> Num {
    f.input(&format!("gradient of {name}"))
}

fn sgd_step(_: &Formula, now: &mut Moment) {
    now.theta = &now.theta - &now.rate * &now.g;
}

/// The new velocity, which is remembered.
fn velocity(f: &Formula, now: &mut Moment) -> Num {
    let before = now.memory[0].named("v");
    let v = (f.input("beta") * before + &now.g).named("v");
    now.memory[0] = v.clone();
    v
}

fn momentum_step(f: &Formula, now: &mut Moment) {
    let v = velocity(f, now);
    now.theta = &now.theta - &now.rate * v;
}

fn nesterov_step(f: &Formula, now: &mut Moment) {
    let v = velocity(f, now);
    now.theta = &now.theta - &now.rate * (&now.g + f.input("beta") * v);
}

/// The new mean of the squares of all gradients, which is remembered.
fn mean_square(f: &Formula, now: &mut Moment) -> Num {
    let alpha = f.input("alpha");
    let before = now.memory[0].named("s");
    let s = (&alpha * before + (1.0 - &alpha) * now.g.square()).named("s");
    now.memory[0] = s.clone();
    s
}

fn rms_prop_step(f: &Formula, now: &mut Moment) {
    let s = mean_square(f, now);
    now.theta = &now.theta - &now.rate * &now.g / (s.sqrt() + f.input("epsilon"));
}

fn betas(f: &Formula) -> [Num; 2] {
    let betas = f.input("betas");
    [betas.at(0).named("β₁"), betas.at(1).named("β₂")]
}

/// Adam's new m and v, which are remembered.
fn means(now: &mut Moment, [beta1, beta2]: &[Num; 2]) -> [Num; 2] {
    let [m, v] = [now.memory[0].named("m"), now.memory[1].named("v")];
    let m = (beta1 * m + (1.0 - beta1) * &now.g).named("m");
    let v = (beta2 * v + (1.0 - beta2) * now.g.square()).named("v");
    now.memory = [m, v];
    now.memory.clone()
}

fn corrected(now: &Moment, [beta1, beta2]: &[Num; 2], [m, v]: [Num; 2]) -> [Num; 2] {
    [(m / (1.0 - beta1.power(&now.t))).named("m̂"), (v / (1.0 - beta2.power(&now.t))).named("v̂")]
}

fn adam_step(f: &Formula, now: &mut Moment, [m_hat, v_hat]: [Num; 2]) {
    now.theta = &now.theta - &now.rate * m_hat / (v_hat.sqrt() + f.input("epsilon"));
}

fn adam_with(f: &Formula, now: &mut Moment, of_the_means: &[Num; 2], of_the_corrections: &[Num; 2]) {
    let means = means(now, of_the_means);
    let hats = corrected(now, of_the_corrections, means);
    adam_step(f, now, hats);
}

fn adam_rule(f: &Formula, now: &mut Moment) {
    adam_with(f, now, &betas(f), &betas(f));
}

fn decay(f: &Formula, now: &mut Moment) {
    now.theta = (&now.theta - &now.rate * f.input("weight_decay") * &now.theta).named("decayed");
}

fn adam_w_rule(f: &Formula, now: &mut Moment) {
    decay(f, now);
    adam_rule(f, now);
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

const LATER_RATE: &str = "learning_rate from step 3 on";

/// The learning rates of a case, step by step.
fn rates(c: &Record, n_steps: usize) -> Vec<f64> {
    let later = c.get(LATER_RATE).map(|_| c.float(LATER_RATE));
    let first = c.float("learning_rate");
    (0..n_steps).map(|step| later.filter(|_| step >= 2).unwrap_or(first)).collect()
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
            .with(LATER_RATE, 0.01)
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

/// The start, and the point after each step of gradient descent in a bowl.
fn path_in_a_bowl(f: &Formula) -> Vec<Num> {
    let mut point = f.input("start").named("point");
    let mut path = vec![point.clone()];
    for _ in 0..f.times("n_steps") {
        let gradient = (f.input("curvatures") * &point).named("gradient");
        point = (&point - f.input("learning_rate") * gradient).named("point");
        path.push(point.clone());
    }
    path
}

// Training.

const PARAMETERS: [&str; 4] = ["weights1", "biases1", "weights2", "biases2"];

/// The loss of a network of two linear layers with tanh between them, and its gradient for each parameter. The error goes
/// back through `back`, which are the weights of the second layer.
fn pass(f: &Formula, [w1, b1, w2, b2]: &[Num; 4], back: &Num) -> (Num, [Num; 4]) {
    let (x, y) = (f.input("x"), f.input("y"));
    let a = (x.dot(w1) + b1).tanh().named("a");
    let error = (a.dot(w2) + b2 - y).named("error");
    let loss = error.square().mean().named("loss");
    let dz2 = (2.0 * &error / error.count()).named("dz2");
    let dz1 = (dz2.dot(&back.t()) * (1.0 - a.square())).named("dz1");
    let (dw2, db2) = (a.t().dot(&dz2), dz2.aggregate(Aggregate::Sum, Over::Samples));
    let (dw1, db1) = (x.t().dot(&dz1), dz1.aggregate(Aggregate::Sum, Over::Samples));
    (loss, [dw1, db1, dw2, db2])
}

fn stepped([w1, b1, w2, b2]: &[Num; 4], rate: &Num, [dw1, db1, dw2, db2]: &[Num; 4]) -> [Num; 4] {
    [
        (w1 - rate * dw1).named("w1"),
        (b1 - rate * db1).named("b1"),
        (w2 - rate * dw2).named("w2"),
        (b2 - rate * db2).named("b2"),
    ]
}

/// The loss before each step of a training, and the parameters in the end.
fn trained(f: &Formula, rate: &Num) -> (Vec<Num>, [Num; 4]) {
    let mut parameters = PARAMETERS.map(|name| f.input(name));
    let mut losses = Vec::new();
    for _ in 0..f.times("n_steps") {
        let (loss, gradients) = pass(f, &parameters, &parameters[2]);
        losses.push(loss);
        parameters = stepped(&parameters, rate, &gradients);
    }
    (losses, parameters)
}

/// A training whose gradients are divided by `what`.
fn slower(what: fn(&Formula) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| {
        let (losses, parameters) = trained(f, &(f.input("learning_rate") / what(f)));
        observed(f, &losses, losses.len(), parameters)
    })
}

/// A training whose steps have the gradients of the pass before, which goes back through weights that have moved on.
fn lagging(f: &Formula) -> [(&'static str, Num); 6] {
    let mut parameters = PARAMETERS.map(|name| f.input(name));
    let mut gradients = None;
    let mut losses = Vec::new();
    for _ in 0..f.times("n_steps") {
        let moved = match &gradients {
            Some(before) => stepped(&parameters, &f.input("learning_rate"), before),
            None => parameters.clone(),
        };
        let (loss, now) = pass(f, &parameters, &moved[2]);
        losses.push(loss);
        gradients = Some(now);
        parameters = moved;
    }
    observed(f, &losses, losses.len(), parameters)
}

/// What is seen of a training.
fn observed(f: &Formula, losses: &[Num], n_calls: usize, parameters: [Num; 4]) -> [(&'static str, Num); 6] {
    let [weights1, biases1, weights2, biases2] = PARAMETERS;
    let [w1, b1, w2, b2] = parameters;
    let calls = f.number(n_calls as f64).whole();
    [("losses", f.vector(losses)), (CALLS, calls), (weights1, w1), (biases1, b1), (weights2, w2), (biases2, b2)]
}
