//! What is right in exercise 1, and what is commonly got wrong.

use datasets::{Gate, separable_blobs};
use probe::{Generator, generator};
use rand::RngExt;

use judge::{formula::Outputs, prelude::*};

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("linear_neuron", "neuron", "linear_neuron is w·x + b", 1)
            .on(single_samples)
            .computes(weighted_sum)
            .mistake(
                "step_of_linear_neuron",
                "The output of the linear neuron is the weighted sum itself, which can be any real number. There is \
                 no step after it.",
                computed(|f| step(f, &weighted_sum(f))),
            ),
        with_wrong_classes(
            Check::new("step", "neuron", "step is 1 from 0 upwards, also for -0", 1)
                .on(|draw| {
                    // -2.8e-17 is what rounding may leave of a sum that is 0 on paper: it is below 0 all the same.
                    let fixed = [2.5, -1.5, 0.3, -0.3, 0.0, -0.0, -1e-12, -2.8e-17, 2.8e-17];
                    let drawn = draw::vector(draw, 8, 3.0);
                    fixed.iter().chain(&drawn).map(|z| Record::new().with("z", *z)).collect()
                })
                .computes(|f| f.input("z").at_least(&f.number(0.0)).real())
                .within(Tolerance::EXACT),
            |f| f.input("z"),
            |_, class| class,
        )
        .mistake("tiny_sum_taken_for_zero", TINY_SUM_TAKEN_FOR_ZERO, |c| f64::from(c.float("z") > -1e-11))
        .mistake(
            "minus_zero_is_negative",
            "-0.0 is treated as a negative number, but it is equal to 0.0; only its sign bit differs. Compare with \
             `>= 0.0` instead of testing the sign.",
            |c| f64::from(c.float("z").is_sign_positive()),
        )
        .mistake("minus_one_for_zero", MINUS_ONE_FOR_ZERO, |c| c.float("z").signum()),
        Check::new("sigmoid", "sigmoid", "sigmoid is 1 / (1 + e^-z)", 1)
            .on(|draw| [0.0, 2.0, -1.5, 3.0 + draw::number(draw, 1.0)].map(|z| Record::new().with("z", z)).to_vec())
            .computes(|f| 1.0 / (1.0 + (-f.input("z")).exp()))
            .mistake(
                "tanh_for_sigmoid",
                "This is tanh, which lies between -1 and 1. The sigmoid has a similar shape but lies between 0 and \
                 1, so it can be read as a probability: 1 / (1 + e^-z).",
                |c| c.float("z").tanh(),
            ),
        Check::new("sigmoid_saturated", "sigmoid", "sigmoid survives z = 1000 and z = -1000", 1)
            .asks("sigmoid")
            .after("sigmoid")
            .on(|draw| {
                let drawn = -5.0 - draw::number(draw, 3.0);
                [40.0, -40.0, 1000.0, -1000.0, drawn].map(|z| Record::new().with("z", z)).to_vec()
            })
            .computes(|f| f.input("z").sigmoid())
            .mistake(
                "sigmoid_overflows",
                "e^1000 is infinite in f64, and infinity / infinity is NaN: e^z / (1 + e^z) breaks for large z. 1 / \
                 (1 + e^-z) is the same function without this problem, because 1 / infinity is 0.",
                |c| c.float("z").exp() / (1.0 + c.float("z").exp()),
            ),
        Check::new("sigmoid_neuron", "sigmoid", "sigmoid_neuron is the sigmoid of w·x + b", 1)
            .after("sigmoid")
            .after("linear_neuron")
            .on(single_samples)
            .computes(|f| {
                let z = (f.input("x").dot(&f.input("weights")) + f.input("bias")).named("z");
                z.sigmoid()
            })
            .mistake(
                "step_for_sigmoid",
                "The result is 0 or 1, as with `step`. A sigmoid neuron returns a probability between 0 and 1.",
                computed(|f| step(f, &weighted_sum(f))),
            ),
        Check::new("accuracy", "accuracy", "accuracy is the share of right predictions, from 0 to 1", 1)
            .on(|draw| {
                vec![
                    pairs(array![1.0, 0.0, 1.0, 1.0, 0.0], array![1.0, 1.0, 1.0, 0.0, 0.0]),
                    pairs(array![0.0, 0.0, 1.0], array![0.0, 0.0, 1.0]),
                    pairs(array![0.0, 1.0, 1.0, 1.0], array![1.0, 0.0, 0.0, 1.0]),
                    pairs(classes(draw, 19), classes(draw, 19)),
                ]
            })
            .computes(accuracy)
            .mistake(
                "divided_by_the_ones",
                "This is the fraction of the samples of class 1 that were found, which is called recall. Accuracy \
                 counts both classes: the number of right predictions, divided by the number of samples.",
                computed(|f| (f.input("predictions") * f.input("targets")).sum() / f.input("targets").sum()),
            ),
        Check::new("accuracy_of_nothing", "accuracy", "the accuracy of no predictions is NaN", 1)
            .asks("accuracy")
            .after("accuracy")
            .on(|draw| vec![pairs(Array1::zeros(0), Array1::zeros(0)), pairs(classes(draw, 17), classes(draw, 17))])
            .computes(accuracy),
        Check::new("new", "initialisation", "new draws small weights around 0 and starts with the bias 0", 1)
            .on(|draw| {
                let n_inputs: usize = N_DRAWN + draw.random_range(0..500);
                let seed: usize = draw.random_range(0..1000);
                vec![Record::new().with("n_inputs", n_inputs).with("learning_rate", 0.25).with("seed", seed)]
            })
            .has_none_of(&UNUSUAL_STARTS, freshly_drawn),
        Check::new("scores", "predict", "scores is X·w + b, one number per sample", 1)
            .after("linear_neuron")
            .on(batches)
            .computes(weighted_sum)
            .mistake(
                "columns_are_samples",
                "There is one number per column. A sample is a row of X: (n_samples, n_inputs) · (n_inputs) gives \
                 (n_samples).",
                |c| {
                    let (x, weights) = (c.matrix("x"), c.vector("weights"));
                    if x.nrows() == x.ncols() {
                        Prediction::from(weights.dot(&x) + c.float("bias"))
                    } else {
                        Prediction::Panics
                    }
                },
            )
            .mistake(
                "summed_down_the_columns",
                "The products are added down the columns, which gives one number per input. A sample is a row of X: \
                 add along the rows, `Axis(1)`, as `x.dot(…)` does.",
                computed(|f| {
                    (f.input("x") * f.input("weights")).aggregate(Aggregate::Sum, Over::Samples) + f.input("bias")
                }),
            ),
        with_wrong_classes(
            Check::new("predict", "predict", "predict is the step of each score", 1)
                .about("Perceptron::predict")
                .after("step")
                .after("scores")
                .on(|draw| {
                    let below = just_below_zero().with("x", array![[0.0, 0.0], [1.0, 0.0]]);
                    [batches(draw), close_calls(), vec![below]].concat()
                })
                .computes(|f| weighted_sum(f).named("scores").at_least(&f.number(0.0)).real()),
            weighted_sum,
            |_, classes| classes,
        ),
        with_wrong_classes(
            Check::new("update", "update", "update moves weights and bias if, and only if, the answer was wrong", 2)
                .after("linear_neuron")
                .after("step")
                .on(single_corrections)
                .computes(|f| {
                    let (x, weights, bias, rate) =
                        (f.input("x"), f.input("weights"), f.input("bias"), f.input("learning_rate"));
                    let z = (x.dot(&weights) + &bias).named("z");
                    let prediction = z.at_least(&f.number(0.0)).real().named("prediction");
                    let error = (f.input("target") - prediction).named("error");
                    [("weights", weights + &rate * &error * x), ("bias", bias + rate * error)]
                }),
            weighted_sum,
            |f, class| corrected(f, f.input("target") - class),
        )
        .mistake(
            "nothing_moves",
            "Weights and bias are what they were, also where the answer was wrong. If you changed a copy, change \
             `self.weights` and `self.bias` themselves.",
            computed(|f| corrected(f, f.number(0.0))),
        )
        .mistake(
            "targets_plus_minus_one",
            "A sample of class 0 never changes anything, not even one predicted as class 1: either only class 1 is \
             corrected, or this is the rule for classes called -1 and 1, which adds target · x. Here the error is \
             target - prediction, and -1 for such a sample.",
            computed(|f| corrected(f, f.input("target") * error_of(f).abs())),
        )
        .mistake_each(
            "moves_when_right",
            "The weights move even where the answer was right, and a right answer should change nothing. If you \
             wrote `if prediction < target { … } else { … }`, or the same with `>`: the `else` covers two cases, a \
             mistake in the other direction and an answer that was right.",
            [1.0, -1.0],
            // The error that the `if` asks for; all else gets the other one.
            |c, asked| computed(|f| corrected(f, *asked * (2.0 * error_of(f).equals(&f.number(*asked)) - 1.0)))(c),
        )
        .mistake_each(
            "predicted_again",
            "The prediction is made twice, the second time with parameters that are partly corrected. Compute the \
             error once, before anything changes, and use it for the weights and for the bias.",
            [0, 1],
            // What is corrected first: the weights (0), or the bias (1).
            |c, &first| {
                computed(|f| {
                    let mut neuron = Neuron::of(f);
                    let [weights, bias] = corrected(f, error_of(f));
                    if first == 0 {
                        neuron.weights = weights.1.clone()
                    } else {
                        neuron.bias = bias.1.clone()
                    }
                    let again = corrected(f, f.input("target") - step(f, &neuron.sum(&f.input("x"))));
                    let mut parts = [weights, bias];
                    parts[1 - first] = again[1 - first].clone();
                    parts
                })(c)
            },
        )
        .mistake(
            "parameters_overwritten",
            "The correction replaces the weights instead of being added to them, so everything learned before is \
             lost. Use `+=`, not `=`.",
            computed(|f| {
                let (is_right, step) = (error_of(f).equals(&f.number(0.0)), f.input("learning_rate") * error_of(f));
                let weights = is_right.choose(&f.input("weights"), &(&step * f.input("x")));
                [("weights", weights), ("bias", is_right.choose(&f.input("bias"), &step))]
            }),
        ),
        Check::new("update_tells", "update", "update returns whether there was something to correct", 1)
            .asks("update")
            .after("update")
            .on(|draw| [single_corrections(draw), any_corrections(draw)].concat())
            .computes(|f| {
                let prediction = weighted_sum(f).at_least(&f.number(0.0)).named("prediction");
                [("returned", f.input("target").unequal(&prediction))]
            })
            .mistake(
                "only_positive_errors",
                "`update` returns true only if the error is 1. A sample of class 0 that was predicted as class 1 has \
                 the error -1, and something was corrected there, too.",
                computed(|f| [("returned", error_of(f).above(&f.number(0.0)))]),
            ),
        Check::new("train_online", "train", "train corrects after every sample, not after every epoch", 1)
            .asks("train")
            .after("update_tells")
            .on(|draw| {
                let drawn = neuron(quarters(draw, 2), 0.25).with("learning_rate", 0.5);
                let x = grid(draw, (4, 2));
                vec![
                    unlearned(1.0)
                        .with("x", array![[1.0, 0.0], [1.0, 1.0]])
                        .with("targets", array![0.0, 0.0])
                        .with("max_epochs", 2_usize),
                    drawn.with("x", x).with("targets", classes(draw, 4)).with("max_epochs", 2_usize),
                ]
            })
            // What is returned, and when it stops, is another check's question.
            .computes(|f| trained(f).neuron.parts())
            .within(Tolerance::EXACT)
            .mistake_each("batch_for_online", BATCH_FOR_ONLINE, [false, true], |c, is_mean| {
                computed(|f| in_batches(f, *is_mean).neuron.parts())(c)
            }),
        Check::new("train_gates", "train", "train learns AND, OR and NAND and returns the errors of every epoch", 2)
            .asks("train")
            .after("update_tells")
            .on(|draw| {
                let mut cases: Vec<Record> =
                    [Gate::And, Gate::Or, Gate::Nand].map(|gate| gate_case(gate, unlearned(1.0), 100)).to_vec();
                let started = neuron(array![-1.0, 0.5], 0.25).with("learning_rate", 0.5);
                cases.push(gate_case(Gate::Or, started, 100));
                let drawn = neuron(quarters(draw, 2), quarters(draw, 1)[0]).with("learning_rate", 0.25);
                cases.push(gate_case(Gate::And, drawn, 100));
                cases
            })
            .computes(|f| trained(f).parts(f))
            .within(Tolerance::EXACT)
            .mistake_each("batch_for_online", BATCH_FOR_ONLINE, [false, true], |c, is_mean| {
                computed(|f| in_batches(f, *is_mean).parts(f))(c)
            })
            .mistake(
                "no_early_stop",
                "The list goes on after an epoch without an error. Leave the loop when the count of an epoch is 0, \
                 and list no epoch that was not run.",
                changed(|f, run| run.errors.resize(f.times("max_epochs"), f.number(0.0))),
            )
            .mistake(
                "errors_never_reset",
                "The numbers never fall: the counter goes on from epoch to epoch. It has to start at 0 in every \
                 epoch, inside the loop, or after the first error no epoch seems free of errors.",
                changed(|f, run| {
                    run.errors.resize(f.times("max_epochs"), f.number(0.0));
                    for epoch in 1..run.errors.len() {
                        run.errors[epoch] = &run.errors[epoch - 1] + &run.errors[epoch];
                    }
                    // Only somebody who starts with a perfect neuron stops.
                    if run.errors.last().is_some_and(|errors| errors.get() == 0.0) {
                        run.errors.truncate(1);
                    }
                }),
            )
            .mistake(
                "errors_counted_afterwards",
                "These are the numbers of samples that are wrong at the end of each epoch. Count the errors made \
                 during the epoch: the samples for which `update` corrected something.",
                in_epochs(|f, neuron| {
                    let _ = one_epoch(f, neuron);
                    (f.input("targets") - step(f, &neuron.sum(&f.input("x")))).abs().sum()
                }),
            )
            .mistake(
                "signed_errors_added",
                "The errors -1 and 1 are added with their signs, so they cancel out, and the sum is smaller than the \
                 number of errors. Count 1 for each error, whatever its sign.",
                // `as` makes 0 of a negative number.
                in_epochs(|f, neuron| sum_of(f, one_epoch(f, neuron)).relu()),
            )
            .mistake(
                "hits_counted",
                "These are the numbers of right predictions in each epoch. Count the wrong ones: `update` returns \
                 true for them.",
                changed(|f, run| run.errors.iter_mut().for_each(|errors| *errors = f.input("x").rows() - &*errors)),
            )
            .mistake_each(
                "gives_up_early",
                "Training stops after an epoch with as many errors as the one before, or more. The number may rise \
                 or stay equal before it falls: only an epoch without errors, or `max_epochs`, ends the training.",
                // Whether a rise ends it, too, and whether the last number is kept.
                [(true, true), (false, true), (false, false)],
                |c, &(ends_at_a_rise, is_kept)| {
                    computed(|f| {
                        let errors = trained(f).counts();
                        let ends = |pair: &[f64]| pair[1] == pair[0] || ends_at_a_rise && pair[1] > pair[0];
                        let before = errors.windows(2).position(ends);
                        let mut run = trained_for(f, before.map_or(f.times("max_epochs"), |before| before + 2));
                        if !is_kept && before.is_some() {
                            run.errors.pop();
                        }
                        run.parts(f)
                    })(c)
                },
            )
            .mistake(
                "starts_over_in_every_epoch",
                "Every epoch starts again from the first weights, so nothing is ever learned. Each epoch should \
                 start from the weights at the end of the previous one.",
                in_epochs(|f, neuron| {
                    *neuron = Neuron::of(f);
                    n_errors(f, one_epoch(f, neuron))
                }),
            ),
        Check::new("gates_learned", "train", "after training AND, OR and NAND are right, and XOR is not", 1)
            .asks("train_and_predict")
            .about("Perceptron::train")
            .after("train_gates")
            .after("predict")
            .on(|draw| {
                let mut cases = Gate::ALL.map(|gate| gate_case(gate, unlearned(1.0), 100)).to_vec();
                cases.extend((0..4).map(|_| {
                    let started = neuron(quarters(draw, 2), quarters(draw, 1)[0]).with("learning_rate", 0.25);
                    gate_case(Gate::Xor, started, draw.random_range(3..9))
                }));
                cases
            })
            .expects(computed(|f| step(f, &trained(f).neuron.sum(&f.input("x"))))),
        Check::new("train_xor", "train", "on XOR train stops after max_epochs, not one earlier or later", 1)
            .asks("train")
            .after("train_gates")
            .on(|draw| {
                let started = || neuron(array![0.5, -0.25], 0.25).with("learning_rate", 0.5);
                let drawn = neuron(quarters(draw, 2), quarters(draw, 1)[0]).with("learning_rate", 0.25);
                vec![
                    gate_case(Gate::Xor, unlearned(1.0), 7),
                    gate_case(Gate::Xor, unlearned(1.0), 30),
                    gate_case(Gate::Xor, started(), 12),
                    gate_case(Gate::Xor, drawn, draw.random_range(5..20)),
                ]
            })
            .computes(|f| trained(f).parts(f))
            .within(Tolerance::EXACT)
            .mistake(
                "max_epochs_ignored",
                "`train` runs 100 epochs, whatever `max_epochs` is. On XOR every epoch has errors, so only the limit \
                 ends the training: use the argument.",
                computed(|f| trained_for(f, 100).parts(f)),
            ),
        Check::new("train_edges", "train", "train with no epochs changes nothing, and no samples make no errors", 1)
            .asks("train")
            .after("train_xor")
            .on(|draw| {
                let started = || neuron(array![0.5, -0.25], 0.25).with("learning_rate", 0.5);
                let drawn = neuron(quarters(draw, 2), quarters(draw, 1)[0]).with("learning_rate", 0.25);
                vec![
                    gate_case(Gate::And, started(), 0),
                    gate_case(Gate::Or, drawn, 0),
                    started()
                        .with("x", Array2::zeros((0, 2)))
                        .with("targets", Array1::zeros(0))
                        .with("max_epochs", 5_usize),
                ]
            })
            .computes(|f| trained(f).parts(f))
            .within(Tolerance::EXACT)
            .mistake(
                "one_epoch_at_least",
                "With `max_epochs` = 0 one epoch is run. A `for` loop over `0..max_epochs` runs none.",
                computed(|f| trained_for(f, f.times("max_epochs").max(1)).parts(f)),
            ),
        Check::new("train_blobs", "train", "train separates 160 random sets that a line or a plane can separate", 1)
            .about("Perceptron::train")
            .after("train_gates")
            .on(|draw| {
                [(2, 1.0), (3, 0.5), (2, 0.1), (5, 1.0)]
                    .map(|(n_inputs, learning_rate): (usize, f64)| {
                        let seed = (draw::number(draw, 5000.0).abs() * 100.0) as usize;
                        Record::new()
                            .with("n_sets", 40_usize)
                            .with("n_inputs", n_inputs)
                            .with("learning_rate", learning_rate)
                            .with("max_epochs", 1000_usize)
                            .with("seed", seed)
                    })
                    .to_vec()
            })
            .demands(all_separated),
        Check::new("decision_line", "decision_line", "decision_line solves w1·x1 + w2·x2 + b = 0 for x2", 1)
            .on(|draw| {
                let second = 1.0 + draw::number(draw, 0.5);
                vec![
                    neuron(array![1.0, 2.0], -3.0),
                    neuron(array![2.0, -4.0], 1.0),
                    neuron(array![1.0, 2.0], 0.0),
                    neuron(array![draw::number(draw, 2.0) + 3.0, -second], 1.5),
                ]
            })
            .computes(|f| line_of(f, |w1, w2, b| [-w1 / w2, -b / w2]))
            .mistake(
                "both_signs",
                "Slope and intercept have the wrong sign: both terms change sides in w2·x2 = -w1·x1 - b.",
                computed(|f| line_of(f, |w1, w2, b| [w1 / w2, b / w2])),
            ),
        Check::new("no_line", "decision_line", "decision_line is None where there is no such line", 1)
            .asks("decision_line")
            .after("decision_line")
            .on(|draw| {
                vec![
                    neuron(array![1.0, 0.0], -3.0),
                    neuron(array![0.0, 0.0], -1.0),
                    neuron(array![0.0, 2.0], -1.0),
                    neuron(array![0.5, 1e-20], 1e-20),
                    neuron(array![1.0, 2.0, 4.0], -3.0),
                    neuron(array![0.0, 3.0 + draw::number(draw, 2.0)], 0.25),
                    neuron(array![2.0], -1.0),
                ]
            })
            .expects(|c| {
                let weights = c.vector("weights");
                line_if(c, weights.len() == 2 && weights[1] != 0.0)
            })
            .mistake_each(
                "not_two_weights",
                "Return `None` unless there are exactly two weights, and test that first. With three inputs the \
                 border is a plane in space; with one there is no second weight to divide by.",
                HAS_A_LINE,
                |c, has_a_line| match has_a_line(&c.vector("weights")) {
                    Some(has_one) => line_if(c, has_one).into(),
                    None => Prediction::Panics,
                },
            )
            .mistake(
                "divided_by_zero",
                "The second weight is 0, and a division by 0 yields infinity or NaN. Such a line is vertical and has \
                 no slope (or all weights are 0 and there is no line): return `None`.",
                |c| line_if(c, c.vector("weights").len() == 2),
            )
            .mistake(
                "wrong_weight_guarded",
                "The first weight is compared with 0, but if it is 0, the line is horizontal, and there is a result. \
                 Compare the second weight: it is the divisor.",
                |c| {
                    let weights = c.vector("weights");
                    line_if(c, weights.len() == 2 && weights[0] != 0.0)
                },
            )
            .mistake(
                "small_weight_taken_for_zero",
                "A small second weight is treated as 0. The line is steep then, but it exists: only a weight of \
                 exactly 0 has no such line.",
                |c| {
                    let weights = c.vector("weights");
                    line_if(c, weights.len() == 2 && weights[1].abs() > 1e-8)
                },
            ),
        Check::new("predict_sigmoid", "batch", "predict_sigmoid is 1 where the probability is above 0.5, not at it", 1)
            .after("scores")
            .after("sigmoid")
            .on(|draw| [batches(draw), close_calls()].concat())
            .computes(|f| weighted_sum(f).sigmoid().named("p").above(&f.number(0.5)).real())
            .mistake(
                "compared_with_half",
                "The weighted sum is compared with 0.5, the threshold for a probability. The threshold for the sum \
                 is 0, because sigmoid(0) is 0.5.",
                computed(|f| weighted_sum(f).above(&f.number(0.5)).real()),
            ),
        Check::new(
            "batch_step",
            "batch",
            "fit_batch_sigmoid adds up the corrections of all samples, then moves once",
            2,
        )
        .asks("fit_batch_sigmoid")
        .after("scores")
        .after("sigmoid")
        .on(|draw| {
            let data = |start: Record| {
                start
                    .with("x", array![[1.0, 2.0], [-1.0, 0.5], [3.0, -2.0]])
                    .with("targets", array![1.0, 0.0, 0.0])
                    .with("epochs", 1_usize)
            };
            let drawn = neuron(draw::vector(draw, 2, 0.5), 0.25).with("learning_rate", 0.25);
            vec![data(unlearned(0.5)), data(drawn)]
        })
        .computes(|f| batch_rule(f, probability_errors))
        .mistake(
            "online_for_batch",
            "The weights change after every sample. In this rule all predictions of an epoch use the same weights: \
             add up the corrections first, and change the weights once, at the end.",
            computed(|f| {
                let mut neuron = Neuron::of(f);
                for sample in 0..f.input("x").n_rows() {
                    let (x, target) = (f.input("x").row(sample), f.input("targets").at(sample));
                    let error = target - neuron.sum(&x).sigmoid();
                    neuron.correct(&f.input("learning_rate"), &error, &x);
                }
                neuron.parts()
            }),
        )
        .mistake_each(
            "classes_for_probabilities",
            "The error is taken from classes. Here it is target - p, with the probability p itself, so the weights \
             move even if the class is right but p is not yet 0 or 1.",
            [step, positive],
            |c, class| computed(|f| batch_rule(f, |targets, z| targets - class(f, z)))(c),
        )
        .mistake(
            "bias_from_moved_weights",
            "The weights are right and the bias is not: it was corrected with the probabilities of the new weights. \
             Compute the errors once, before any change, and use them for both.",
            computed(|f| {
                let [(_, weights), _] = batch_rule(f, probability_errors);
                let z = f.input("x").dot(&weights) + f.input("bias");
                let errors = f.input("targets") - z.sigmoid();
                [("weights", weights), ("bias", f.input("bias") + f.input("learning_rate") * errors.sum())]
            }),
        ),
        Check::new("batch_epochs", "batch", "fit_batch_sigmoid runs all its epochs", 1)
            .asks("fit_batch_sigmoid")
            .after("batch_step")
            .on(|draw| {
                let epochs = |gate: Gate, start: Record, epochs: usize| {
                    let data = gate.dataset();
                    start
                        .with("gate", gate.name())
                        .with("x", data.features.clone())
                        .with("targets", data.targets())
                        .with("epochs", epochs)
                };
                vec![
                    epochs(Gate::And, unlearned(0.1), 100),
                    epochs(Gate::Or, neuron(array![0.3, -0.7], 0.2).with("learning_rate", 0.5), 3),
                    // All probabilities are exactly 0.5 and all corrections cancel out: nothing ever moves.
                    epochs(Gate::Xor, unlearned(0.1), 100),
                    epochs(Gate::Or, neuron(array![0.3, -0.7], 0.2).with("learning_rate", 0.5), 0),
                    epochs(Gate::And, neuron(draw::vector(draw, 2, 1.0), 0.5).with("learning_rate", 0.25), 7),
                ]
            })
            .computes(|f| batch_rule(f, probability_errors))
            .mistake_each(
                "stops_when_all_are_right",
                "Training stops as soon as all classes are right. This rule does not stop there: the probabilities \
                 still come closer to the targets in every epoch.",
                [false, true],
                |c, looks_before| computed(|f| in_batches_until_right(f, *looks_before))(c),
            ),
        Check::new("scaler_fit", "scaling", "fit measures the mean and the standard deviation of every feature", 1)
            .about("Standardizer::fit")
            .on(|draw| {
                vec![
                    Record::new().with("x", array![[1.0, 100.0], [2.0, 300.0], [6.0, 200.0]]),
                    Record::new().with("x", draw::matrix(draw, (5, 3), 4.0)),
                ]
            })
            .computes(scale)
            .mistake(
                "one_scale_for_all",
                "All features get the same mean and deviation. Features differ in scale, and the scaler should \
                 remove these differences: measure every column separately.",
                computed(|f| {
                    let (x, [(_, means), _]) = (f.input("x"), scale(f));
                    let std_dev = (&x - x.mean()).square().mean().sqrt();
                    [("means", 0.0 * &means + x.mean()), ("std_devs", 0.0 * means + std_dev)]
                }),
            ),
        Check::new("scaler_constant", "scaling", "a feature that does not vary has the scale 1", 1)
            .asks("scaler_fit")
            .about("Standardizer::fit")
            .after("scaler_fit")
            .on(|draw| {
                let drawn = draw::vector(draw, 3, 4.0).insert_axis(Axis(1));
                let constant = drawn * array![[1.0, 0.0]] + array![[0.0, -2.0]];
                vec![
                    Record::new().with("x", array![[1.0, 3.0, 2.0], [5.0, 3.0, 2.5]]),
                    Record::new().with("x", constant),
                    Record::new().with("x", array![[1.0, 2e-6], [5.0, 5e-6], [3.0, 3e-6]]),
                ]
            })
            .computes(|f| {
                let [means, (name, std_devs)] = scale(f);
                let is_constant = std_devs.equals(&f.number(0.0));
                [means, (name, is_constant.choose(&f.number(1.0), &std_devs))]
            })
            .mistake(
                "constant_feature_has_scale_0",
                "The second feature does not vary, so its deviation is 0, and `transform` would divide 0 by 0: every \
                 sample would get a NaN. Use 1 in its place.",
                computed(scale),
            )
            .mistake_if(
                "small_deviation_taken_for_zero",
                "The second feature varies, by a few millionths, and its deviation is replaced by 1. However small \
                 it is, it is the scale of this feature: only a deviation of 0 is replaced.",
                |c, seen| c.matrix("x").column(1).std(0.0) > 0.0 && seen.vector("std_devs")[1] == 1.0,
            ),
        Check::new("scaler_transform", "scaling", "transform uses what was measured in training, on any data", 1)
            .about("Standardizer::transform")
            .on(|draw| {
                let shifted = draw::matrix(draw, (4, 3), 2.0) + 3.0;
                vec![
                    Record::new()
                        .with("means", array![3.0, 200.0])
                        .with("std_devs", array![2.0, 50.0])
                        .with("x", array![[5.0, 300.0], [6.0, 350.0], [10.0, 250.0]]),
                    Record::new()
                        .with("means", array![1.0, -0.5, 2.0])
                        .with("std_devs", array![0.5, 4.0, 1.5])
                        .with("x", shifted),
                ]
            })
            .computes(|f| (f.input("x") - f.input("means")) / f.input("std_devs")),
        Check::new(
            "one_vs_rest_predict",
            "one_vs_rest",
            "OneVsRest::predict takes the class with the largest score",
            1,
        )
        .about("OneVsRest::predict")
        .after("scores")
        .on(|draw| {
            let two_say_yes = several_neurons(array![[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], array![0.0, 0.0, -0.5]);
            let drawn = several_neurons(draw::matrix(draw, (4, 2), 2.0), draw::vector(draw, 4, 0.5));
            vec![
                // Two yes, one yes, no yes at all, and scores whose sigmoids are all 1 in f64.
                two_say_yes.with(
                    "x",
                    array![[0.2, 1.7], [1.0, -3.0], [-0.25, -0.05], [-2.0, 0.5], [40.0, 60.0], [-30.0, -40.0]],
                ),
                several_neurons(array![[40.0], [60.0], [50.0]], array![0.0, 0.0, 0.0]).with("x", array![[1.0]]),
                drawn.with("x", draw::matrix(draw, (5, 2), 3.0)),
            ]
        })
        .computes(|f| scores_of_classes(f).largest_of_rows())
        .mistake_each(
            "any_yes_wins",
            "The first or the last perceptron with the answer 1 is chosen. Several perceptrons may answer 1, or \
             none: choose the one with the largest score.",
            [Aggregate::Largest, Aggregate::LastLargest],
            |c, how| computed(|f| step(f, &scores_of_classes(f)).aggregate(*how, Over::Row))(c),
        )
        .mistake_each(
            "probabilities_tie",
            "The sigmoids are compared. For scores above about 37 the sigmoid is exactly 1 in f64, so compare the \
             scores w·x + b themselves.",
            [Aggregate::Largest, Aggregate::LastLargest],
            |c, how| computed(|f| scores_of_classes(f).sigmoid().aggregate(*how, Over::Row))(c),
        )
        .mistake(
            "search_starts_at_zero",
            "The search for the largest score starts at 0, so a sample with no positive score always gets the same \
             class. Start with the first score, or with `f64::NEG_INFINITY`.",
            computed(|f| scores_of_classes(f).relu().largest_of_rows()),
        ),
        Check::new(
            "one_vs_rest_fit",
            "one_vs_rest",
            "OneVsRest::fit teaches perceptron k to tell class k from the rest",
            2,
        )
        .about("OneVsRest::fit")
        .after("train_xor")
        .on(|draw| {
            let corners = array![[0.0, 3.0], [1.0, 4.0], [3.0, 0.0], [4.0, -1.0], [-3.0, -2.0], [-4.0, -3.0]];
            let start = || several_neurons(Array2::zeros((3, 2)), Array1::zeros(3));
            vec![
                start()
                    .with("x", corners.clone())
                    .with("labels", vec![0_usize, 0, 1, 1, 2, 2])
                    .with("max_epochs", 50_usize),
                start().with("x", corners).with("labels", vec![2_usize, 2, 0, 0, 1, 1]).with("max_epochs", 1_usize),
                several_neurons(grid(draw, (3, 2)), quarters(draw, 3))
                    .with("x", grid(draw, (6, 2)))
                    .with("labels", vec![1_usize, 0, 2, 2, 1, 0])
                    .with("max_epochs", 3_usize),
                // A small one, in which many slips can be looked for.
                several_neurons(grid(draw, (3, 2)), quarters(draw, 3))
                    .with("x", grid(draw, (3, 2)))
                    .with("labels", vec![1_usize, 0, 2])
                    .with("max_epochs", 1_usize),
            ]
        })
        .computes(|f| fitted_classes(f, |class| f.input("labels").equals(&class).real()))
        .within(Tolerance::EXACT)
        .mistake(
            "same_question_for_all",
            "All perceptrons get the same targets. Each needs its own: the target of perceptron k is 1 where the \
             label is k and 0 elsewhere.",
            computed(|f| fitted_classes(f, |_| f.input("labels").equals(&f.number(0.0)).real())),
        )
        .mistake(
            "targets_plus_minus_one",
            "The targets are 1 and -1. In this course they are 1 and 0, and the error target - prediction relies on \
             that: with -1 it is never 0, so these samples always move the weights.",
            computed(|f| fitted_classes(f, |class| 2.0 * f.input("labels").equals(&class) - 1.0)),
        ),
        Check::new("pocket", "pocket", "Pocket keeps a copy of the best weights, and their accuracy", 2)
            .about("Pocket::fit")
            .after("accuracy")
            .after("predict")
            .after("update_tells")
            .on(|draw| {
                let above = || neuron(array![0.5, 0.5], 0.75).with("learning_rate", 1.0);
                let drawn = neuron(quarters(draw, 2), 0.25).with("learning_rate", 0.5);
                let islands = drawn
                    .with("x", array![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.5, 1.0], [2.5, 1.0], [-1.0, 2.0]])
                    .with("targets", array![1.0, 0.0, 1.0, 0.0, 1.0, 0.0])
                    .with("max_epochs", 20_usize);
                vec![
                    // 75 % on the way, 50 % at the end.
                    gate_case(Gate::Xor, above(), 20),
                    // 75 % at the start.
                    gate_case(Gate::Xor, neuron(array![1.5, 0.5], -0.25).with("learning_rate", 1.0), 20),
                    gate_case(Gate::Xor, above(), 0),
                    gate_case(Gate::And, unlearned(1.0), 100),
                    // The very last correction is the best.
                    unlearned(1.0)
                        .with("x", array![[1.0, 1.0]])
                        .with("targets", array![0.0])
                        .with("max_epochs", 1_usize),
                    islands,
                ]
            })
            .expects(computed(|f| pocketed(f, &PocketRule::RIGHT)))
            .mistake_each(
                "last_instead_of_best",
                "These are the last weights. Where no line separates the classes, they may be the worst: keep a \
                 copy, `perceptron.clone()`, whenever the accuracy is higher than ever before.",
                [PocketRule::LAST, PocketRule::RIGHT],
                |c, of_the_accuracy| {
                    computed(|f| {
                        let [weights, bias, _] = pocketed(f, &PocketRule::LAST);
                        let [_, _, accuracy] = pocketed(f, of_the_accuracy);
                        [weights, bias, accuracy]
                    })(c)
                },
            )
            .mistake(
                "later_equals_replace",
                "Weights that are as good as those in the pocket replace them. Only better ones should replace them: \
                 `>`, not `>=`.",
                computed(|f| pocketed(f, &PocketRule { keeps: |new, best| new >= best, ..PocketRule::RIGHT })),
            )
            .mistake(
                "worst_kept",
                "The weights with the lowest accuracy are kept. Keep those with the highest: compare with `>`.",
                computed(|f| pocketed(f, &PocketRule { keeps: |new, best| new < best, ..PocketRule::RIGHT })),
            )
            .mistake(
                "copied_before_correcting",
                "The accuracy is measured after a correction, but the copy is made before it. Make the copy after it \
                 as well.",
                computed(|f| pocketed(f, &PocketRule { copied_before: true, ..PocketRule::RIGHT })),
            )
            .mistake(
                "measured_once_an_epoch",
                "The accuracy is measured at the end of each epoch only, so better weights on the way are missed. \
                 Measure after every correction.",
                computed(|f| pocketed(f, &PocketRule { once_an_epoch: true, ..PocketRule::RIGHT })),
            )
            .mistake(
                "measured_after_training",
                "No accuracy is measured during the training, so good weights on the way are missed. Measure after \
                 every correction.",
                computed(|f| {
                    let (first, last) = (Neuron::of(f), trained(f).neuron);
                    let accuracy =
                        |neuron: &Neuron| step(f, &neuron.sum(&f.input("x"))).equals(&f.input("targets")).mean();
                    let best = if accuracy(&last).get() > accuracy(&first).get() { last } else { first };
                    let accuracy = accuracy(&best);
                    let [weights, bias] = best.parts();
                    [weights, bias, ("accuracy", accuracy)]
                }),
            )
            .mistake(
                "measured_too_early",
                "The accuracy is measured before each sample, so the weights after the very last sample are never \
                 measured. Measure right after a correction.",
                computed(|f| pocketed(f, &PocketRule { before_correcting: true, ..PocketRule::RIGHT })),
            )
            .mistake(
                "start_not_in_the_pocket",
                "The accuracy in the pocket is 0 at the start, so worse weights replace the initial perceptron. \
                 Begin with a copy of it and with its own accuracy.",
                computed(|f| pocketed(f, &PocketRule { starts_empty: true, ..PocketRule::RIGHT })),
            )
            .mistake(
                "goes_back_to_the_pocket",
                "Each epoch starts from the weights in the pocket, so the rule repeats the same corrections. \
                 Training goes on from the last weights; the pocket only keeps a copy.",
                computed(|f| pocketed(f, &PocketRule { goes_back: true, ..PocketRule::RIGHT })),
            )
            .mistake_each(
                "score_of_zero_in_class_0",
                "The accuracy is measured with a score of exactly 0 in class 0, as in `predict_sigmoid`. The \
                 perceptron is corrected by the classes of `predict`, so measure with those.",
                [[positive as Classes, positive], [step, positive]],
                |c, &classes| computed(|f| pocketed(f, &PocketRule { classes, ..PocketRule::RIGHT }))(c),
            )
            .mistake(
                "accuracy_of_the_last",
                "The weights are the best ones, but the accuracy is that of the last ones. Store both at the same \
                 time.",
                computed(|f| {
                    let [weights, bias, _] = pocketed(f, &PocketRule::RIGHT);
                    let [_, _, accuracy] = pocketed(f, &PocketRule::LAST);
                    [weights, bias, accuracy]
                }),
            ),
    ]
}

const TINY_SUM_TAKEN_FOR_ZERO: &str = "A sum just below 0 is put into class 1, by a tolerance, or by a probability: \
     the sigmoid of -2.8e-17 rounds to 0.5. The step looks at the sum itself, `>= 0.0`.";
const MINUS_ONE_FOR_ZERO: &str = "Classes are -1 and 1 here. In this course they are 0 and 1, and the error target - \
     prediction relies on that.";

/// How many weights `new` is asked for: enough to measure their spread.
const N_DRAWN: usize = 4000;

// Inputs

/// A perceptron with these parameters.
fn neuron(weights: Array1<f64>, bias: f64) -> Record {
    Record::new().with("weights", weights).with("bias", bias)
}

/// A perceptron of two inputs whose parameters are 0.
fn unlearned(learning_rate: f64) -> Record {
    neuron(Array1::zeros(2), 0.0).with("learning_rate", learning_rate)
}

/// One perceptron per row of weights.
fn several_neurons(weights: Array2<f64>, biases: Array1<f64>) -> Record {
    Record::new().with("weights", weights).with("biases", biases)
}

/// The lesson's example, and a drawn one with another number of inputs.
fn single_samples(draw: &mut Generator) -> Vec<Record> {
    let example = neuron(array![0.5, -0.3, 0.8], 0.1).with("x", array![1.0, 2.0, 3.0]);
    let bias = 0.5 + draw::number(draw, 0.25);
    let weights = draw::vector(draw, 4, 0.5) + 1.0;
    vec![example, neuron(weights, bias).with("x", array![0.75, -1.25, 0.5, 0.25])]
}

/// A square batch, so that a transposed product exists, and two that are not. The drawn numbers are dyadic, so that a
/// tie is a tie in whatever order they are added.
fn batches(draw: &mut Generator) -> Vec<Record> {
    let drawn = neuron(quarters(draw, 2) + 2.5, 0.75);
    let x = grid(draw, (9, 2));
    vec![
        neuron(array![1.0, -2.0], 0.75).with("x", array![[2.0, 0.5], [1.5, 3.0]]),
        neuron(array![0.5, -0.3, 0.8], 0.1).with("x", array![[1.0, 2.0, 3.0], [-1.0, 0.0, -2.0]]),
        drawn.with("x", x),
    ]
}

/// Neurons in doubt: one that has learned nothing; AND's last one, for which (1, 1) scores 0; and scores between 0 and
/// a half, and just above it.
fn close_calls() -> Vec<Record> {
    vec![
        neuron(array![0.0, 0.0], 0.0).with("x", Gate::Xor.dataset().features),
        neuron(array![2.0, 1.0], -3.0).with("x", Gate::And.dataset().features),
        neuron(array![0.5, 0.25], 0.0).with("x", array![[0.0, 1.0], [-1.0, 1.0], [0.5, -1.0], [1.0625, 0.0]]),
    ]
}

/// A neuron whose bias is what rounding may leave of a sum that is 0 on paper.
fn just_below_zero() -> Record {
    neuron(array![1.0, -0.5], -(-55.0_f64).exp2())
}

/// Single samples for the rule: wrong and right answers of both classes, two ties, two and three inputs. All numbers
/// are dyadic, so every order of computing yields the same ones.
fn single_corrections(draw: &mut Generator) -> Vec<Record> {
    let sample = |start: Record, x: Array1<f64>, target: f64| start.with("x", x).with("target", target);
    let three = || neuron(array![1.0, -0.5, 0.25], -4.0).with("learning_rate", 0.25);
    let two = || neuron(array![1.0, -0.5], 2.0).with("learning_rate", 0.5);
    let drawn = neuron(quarters(draw, 2), -8.0).with("learning_rate", 0.25);
    vec![
        sample(unlearned(0.5), array![2.0, -3.0], 0.0),
        sample(unlearned(0.5), array![2.0, -3.0], 1.0),
        sample(three(), array![2.0, 1.0, -2.0], 1.0),
        sample(three(), array![2.0, 1.0, -2.0], 0.0),
        sample(two(), array![3.0, 2.0], 0.0),
        sample(two(), array![3.0, 2.0], 1.0),
        // The sum is 0.25 here: above 0, and below a half.
        sample(neuron(array![1.0, -0.5], -1.75).with("learning_rate", 0.5), array![3.0, 2.0], 1.0),
        sample(drawn, array![1.5, -0.5], 1.0),
        sample(just_below_zero().with("learning_rate", 0.5), array![0.0, 0.0], 1.0),
        // Only the bias moves here, and yet it is an error.
        sample(unlearned(0.5), array![0.0, 0.0], 0.0),
    ]
}

fn gate_case(gate: Gate, start: Record, max_epochs: usize) -> Record {
    let data = gate.dataset();
    let targets = data.targets();
    Record::new()
        .with("gate", gate.name())
        .joined(start)
        .with("x", data.features)
        .with("targets", targets)
        .with("max_epochs", max_epochs)
}

fn pairs(predictions: Array1<f64>, targets: Array1<f64>) -> Record {
    Record::new().with("predictions", predictions).with("targets", targets)
}

/// `n` multiples of 0.25 between -2 and 2: sums and products of them are exact.
fn quarters(draw: &mut Generator, n: usize) -> Array1<f64> {
    draw::vector(draw, n, 2.0).mapv(|number| (4.0 * number).round() / 4.0)
}

/// A matrix of such multiples.
fn grid(draw: &mut Generator, shape: (usize, usize)) -> Array2<f64> {
    Array2::from_shape_simple_fn(shape, || quarters(draw, 1)[0])
}

/// `n` classes, 0 or 1.
fn classes(draw: &mut Generator, n: usize) -> Array1<f64> {
    (0..n).map(|_| f64::from(draw.random_range(0..2_u8))).collect()
}

/// Single samples that may be right or wrong.
fn any_corrections(draw: &mut Generator) -> Vec<Record> {
    let mut sample = || {
        let drawn = neuron(quarters(draw, 2), quarters(draw, 1)[0]).with("learning_rate", 0.25);
        drawn.with("x", quarters(draw, 2)).with("target", classes(draw, 1)[0])
    };
    (0..8).map(|_| sample()).collect()
}

/// Records that are put together.
trait Joined {
    fn joined(self, other: Record) -> Record;
}

impl Joined for Record {
    fn joined(self, other: Record) -> Record {
        other.parts().fold(self, |record, (name, value)| record.with(name, value.clone()))
    }
}

// One neuron

/// w·x + b, of one sample or of each row.
fn weighted_sum(f: &Formula) -> Num {
    f.input("x").dot(&f.input("weights")) + f.input("bias")
}

fn step(f: &Formula, z: &Num) -> Num {
    z.at_least(&f.number(0.0)).real()
}

/// What makes classes of scores.
type Classes = fn(&Formula, &Num) -> Num;

/// The classes of `predict_sigmoid`.
fn positive(f: &Formula, z: &Num) -> Num {
    z.above(&f.number(0.0)).real()
}

/// Adds the common ways to get the step of `z` wrong to a check of what is made of it.
fn with_wrong_classes<O: Into<Outputs> + 'static>(
    check: Check,
    z: impl Fn(&Formula) -> Num + Copy + Send + Sync + 'static,
    then: impl Fn(&Formula, Num) -> O + Copy + Send + Sync + 'static,
) -> Check {
    check
        .mistake(
            "tiny_sum_taken_for_zero",
            TINY_SUM_TAKEN_FOR_ZERO,
            computed(move |f| then(f, z(f).above(&f.number(-1e-15)).real())),
        )
        .mistake("minus_one_for_zero", MINUS_ONE_FOR_ZERO, computed(move |f| then(f, 2.0 * step(f, &z(f)) - 1.0)))
}

/// The share of right predictions.
fn accuracy(f: &Formula) -> Num {
    f.input("predictions").equals(&f.input("targets")).mean()
}

/// The ways in which a new perceptron is not as it should be.
const UNUSUAL_STARTS: [(&str, &str); 8] = [
    (
        "zero_weights",
        "All weights are 0. A single neuron can learn from there, but equal neurons in a layer would stay equal for \
         ever: draw each weight separately.",
    ),
    (
        "one_draw_for_all",
        "All weights are the same number, as if it was drawn once and copied, or not drawn. Draw each from the `rng` \
         that is passed in.",
    ),
    (
        "no_negative_weight",
        "No weight is negative, as with uniform numbers from 0 upwards, absolute values or squares. Half of the \
         numbers that `StandardNormal` draws are negative.",
    ),
    (
        "weights_not_small",
        "The weights have the standard deviation 1, as `StandardNormal` draws them. Multiply each by 0.01.",
    ),
    (
        "uniform_weights",
        "No weight is farther from the mean than uniform random numbers would be. Most normal numbers are close to \
         0, and a few are far away: draw them with `StandardNormal`.",
    ),
    ("random_bias", "The bias is not 0. Only weights have to differ from each other; a bias starts at 0."),
    (
        "generator_of_its_own",
        "Two perceptrons made one after the other have the same weights. Draw from the `rng` that is passed in, not \
         from a generator that starts with the same numbers each time, or from a copy.",
    ),
    ("learning_rate_ignored", "The perceptron does not have the learning rate that it was given: store the argument."),
];

/// What `new` promises, as far as 4000 draws can tell. Bounds are four standard errors wide or more, so that honest
/// generators pass.
fn freshly_drawn(c: &Record, seen: &Record) -> Result<(), String> {
    const STD_DEV: f64 = 0.01;
    let weights = seen.vector("weights");
    let n = c.count("n_inputs");
    if weights.len() != n {
        return Err(format!("There are {} weights, not {n}: one for each input.", weights.len()));
    }
    let (mean, std_dev) = (weights.sum() / n as f64, weights.std(0.0));
    // Uniform numbers are at most sqrt(3) standard deviations from their mean. The furthest of 4000 normal ones is at
    // about 3.5.
    let is_near = |weight: &f64| (weight - mean).abs() < 1.8 * std_dev;
    let faults = [
        ("zero_weights", weights.iter().all(|weight| *weight == 0.0)),
        ("one_draw_for_all", std_dev == 0.0),
        ("no_negative_weight", weights.iter().all(|weight| *weight >= 0.0)),
        ("weights_not_small", (std_dev - 1.0).abs() < 0.1),
        ("uniform_weights", weights.iter().all(is_near)),
        ("random_bias", seen.float("bias") != 0.0),
        ("generator_of_its_own", weights == seen.vector("weights of the next one")),
        ("learning_rate_ignored", seen.float("learning_rate") != c.float("learning_rate")),
    ];
    if let Some((fault, _)) = faults.into_iter().find(|(_, is_so)| *is_so) {
        return Err(fault.to_owned());
    }
    if (std_dev / STD_DEV - 1.0).abs() > 0.05 {
        return Err(format!("The weights have the standard deviation {std_dev:.4}, not {STD_DEV}."));
    }
    if mean.abs() > 4.5 * STD_DEV / (n as f64).sqrt() {
        return Err(format!("The weights have the mean {mean:.4}, not 0."));
    }
    // 4.55 % of normal numbers are beyond two standard deviations; of uniform ones it is none.
    let far = weights.iter().filter(|weight| weight.abs() > 2.0 * STD_DEV).count() as f64 / n as f64;
    if (far - 0.0455).abs() > 0.015 {
        return Err(format!("{:.1} % of the weights are beyond two standard deviations, not 4.6 %.", 100.0 * far));
    }
    Ok(())
}

// The perceptron rule

const BATCH_FOR_ONLINE: &str = "All predictions of an epoch are made with the weights that it began with. The \
     perceptron rule corrects at once: the next sample is predicted with the new weights.";

/// What is wrong with the class of a single sample.
fn error_of(f: &Formula) -> Num {
    f.input("target") - step(f, &weighted_sum(f))
}

/// Weights and bias after a correction by this error.
fn corrected(f: &Formula, error: Num) -> [(&'static str, Num); 2] {
    let mut neuron = Neuron::of(f);
    neuron.correct(&f.input("learning_rate"), &error, &f.input("x"));
    neuron.parts()
}

/// A neuron in training.
#[derive(Clone)]
struct Neuron {
    weights: Num,
    bias: Num,
}

impl Neuron {
    fn of(f: &Formula) -> Self {
        Self { weights: f.input("weights"), bias: f.input("bias") }
    }

    /// w·x + b, of one sample or of each row.
    fn sum(&self, x: &Num) -> Num {
        x.dot(&self.weights) + &self.bias
    }

    fn correct(&mut self, rate: &Num, error: &Num, x: &Num) {
        self.weights = (&self.weights + rate * error * x).named("weights");
        self.bias = (&self.bias + rate * error).named("bias");
    }

    fn parts(self) -> [(&'static str, Num); 2] {
        [("weights", self.weights), ("bias", self.bias)]
    }
}

/// One epoch on the samples of a case; the errors of each.
fn epoch(f: &Formula, neuron: &mut Neuron, targets: &Num, rate: &Num) -> Vec<Num> {
    let x = f.input("x");
    let sample = |sample: usize| {
        let (x, target) = (x.row(sample).named("x"), targets.at(sample).named("target"));
        let z = neuron.sum(&x).named("z");
        let prediction = z.at_least(&f.number(0.0)).real().named("prediction");
        let error = (target - prediction).named("error");
        neuron.correct(rate, &error, &x);
        error
    };
    (0..x.n_rows()).map(sample).collect()
}

/// The same, with the targets and the learning rate of the case.
fn one_epoch(f: &Formula, neuron: &mut Neuron) -> Vec<Num> {
    epoch(f, neuron, &f.input("targets"), &f.input("learning_rate"))
}

fn sum_of(f: &Formula, numbers: Vec<Num>) -> Num {
    numbers.into_iter().fold(f.number(0.0), |sum, number| sum + number)
}

/// How many of these errors are not 0.
fn n_errors(f: &Formula, errors: Vec<Num>) -> Num {
    sum_of(f, errors.into_iter().map(|error| error.abs()).collect())
}

/// What training leaves behind.
struct Run {
    neuron: Neuron,
    errors: Vec<Num>,
}

impl Run {
    fn counts(&self) -> Vec<f64> {
        self.errors.iter().map(Num::get).collect()
    }

    fn parts(self, f: &Formula) -> [(&'static str, Num); 3] {
        let [weights, bias] = self.neuron.parts();
        [weights, bias, ("errors", f.vector(&self.errors).whole())]
    }
}

/// Training by the perceptron rule.
fn trained(f: &Formula) -> Run {
    trained_for(f, f.times("max_epochs"))
}

fn trained_for(f: &Formula, max_epochs: usize) -> Run {
    run_epochs(Neuron::of(f), max_epochs, |neuron| n_errors(f, one_epoch(f, neuron)))
}

/// Training that corrects at the end of every epoch, by the sum or by the mean.
fn in_batches(f: &Formula, is_mean: bool) -> Run {
    run_epochs(Neuron::of(f), f.times("max_epochs"), |neuron| {
        let errors = f.input("targets") - step(f, &neuron.sum(&f.input("x")));
        batch_epoch(f, neuron, |_, _| if is_mean { &errors / errors.count() } else { errors.clone() });
        errors.abs().sum()
    })
}

/// The right training, with a change of what it leaves behind.
fn changed(change: fn(&Formula, &mut Run)) -> impl Fn(&Record) -> Record {
    computed(move |f| {
        let mut run = trained(f);
        change(f, &mut run);
        run.parts(f)
    })
}

/// Training with another epoch, which returns what counts as its errors.
fn in_epochs(epoch: fn(&Formula, &mut Neuron) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| run_epochs(Neuron::of(f), f.times("max_epochs"), |neuron| epoch(f, neuron)).parts(f))
}

/// Repeats `epoch` until it returns 0 or `max_epochs` are over.
fn run_epochs(mut neuron: Neuron, max_epochs: usize, mut epoch: impl FnMut(&mut Neuron) -> Num) -> Run {
    let mut errors: Vec<Num> = Vec::new();
    while errors.len() < max_epochs && errors.last().is_none_or(|errors| errors.get() != 0.0) {
        errors.push(epoch(&mut neuron));
    }
    Run { neuron, errors }
}

/// Whether the perceptrons that come back separate the sets of a case, which are made here once more.
fn all_separated(c: &Record, seen: &Record) -> Result<(), String> {
    let (n_sets, n_inputs, max_epochs) = (c.count("n_sets"), c.count("n_inputs"), c.count("max_epochs"));
    let (weights, biases) = (seen.matrix("weights per set"), seen.vector("biases"));
    let (epochs, last_errors) = (seen.counts("epochs per set"), seen.counts("errors in the last epoch"));
    if weights.dim() != (n_sets, n_inputs) {
        return Err(format!("The weights of all sets have the shape {:?}, not ({n_sets}, {n_inputs}).", weights.dim()));
    }
    let mut rng = generator(c.count("seed") as u64);
    for set in 0..n_sets {
        let data = separable_blobs([9, 13], n_inputs, 0.25, &mut rng);
        let sums = data.features.dot(&weights.row(set)) + biases[set];
        let wrong = sums.iter().zip(&data.targets()).filter(|(z, target)| f64::from(**z >= 0.0) != **target).count();
        if last_errors[set] != 0 {
            return Err(format!(
                "Random set {set} can be separated, but after {} of {max_epochs} epochs there still is an error in \
                 every epoch.",
                epochs[set],
            ));
        }
        if wrong != 0 {
            return Err(format!(
                "The last epoch of random set {set} is said to have no error, yet the weights that are left get \
                 {wrong} of its samples wrong."
            ));
        }
    }
    Ok(())
}

/// Slope and intercept as `solve` has them from both weights and the bias.
fn line_of(f: &Formula, solve: fn(&Num, &Num, &Num) -> [Num; 2]) -> [(&'static str, Num); 2] {
    let weights = f.input("weights");
    let (w1, w2) = (weights.at(0).named("w1"), weights.at(1).named("w2"));
    let [slope, intercept] = solve(&w1, &w2, &f.input("bias"));
    [("slope", slope), ("intercept", intercept)]
}

/// The right line, or none.
fn line_if(c: &Record, has_one: bool) -> Record {
    match has_one {
        true => computed(|f| line_of(f, |w1, w2, b| [-w1 / w2, -b / w2]))(c),
        false => Record::new().with("slope", Value::Nothing).with("intercept", Value::Nothing),
    }
}

type HasALine = fn(&ArrayRef1<f64>) -> Option<bool>;

/// Whether there is a line, for code that does not count the weights as it should. `None` if it panics.
const HAS_A_LINE: [HasALine; 5] = [
    |w| w.get(1).map(|w2| w.len() == 2 && *w2 != 0.0),
    |w| w.get(1).map(|w2| *w2 != 0.0),
    |w| w.get(1).map(|_| w[0] != 0.0),
    |w| w.get(1).map(|_| true),
    |w| Some(w.get(1).is_some_and(|w2| *w2 != 0.0)),
];

// The batch rule

/// Gradient descent on the logistic loss, if `errors` makes the errors of the targets and of z that it should.
fn batch_rule(f: &Formula, errors: impl Fn(&Num, &Num) -> Num) -> [(&'static str, Num); 2] {
    let mut neuron = Neuron::of(f);
    for _ in 0..f.times("epochs") {
        batch_epoch(f, &mut neuron, &errors);
    }
    neuron.parts()
}

fn batch_epoch(f: &Formula, neuron: &mut Neuron, errors: impl Fn(&Num, &Num) -> Num) {
    let (x, rate) = (f.input("x"), f.input("learning_rate"));
    let z = neuron.sum(&x).named("z");
    let errors = errors(&f.input("targets"), &z).named("errors");
    neuron.weights = (&neuron.weights + &rate * errors.dot(&x)).named("weights");
    neuron.bias = (&neuron.bias + &rate * errors.sum()).named("bias");
}

/// The same, until all classes are right, before the corrections of an epoch or after them.
fn in_batches_until_right(f: &Formula, looks_before: bool) -> [(&'static str, Num); 2] {
    let mut neuron = Neuron::of(f);
    for _ in 0..f.times("epochs") {
        let before = neuron.clone();
        batch_epoch(f, &mut neuron, probability_errors);
        let classes = positive(f, &if looks_before { &before } else { &neuron }.sum(&f.input("x")));
        if classes.equals(&f.input("targets")).mean().get() == 1.0 {
            break;
        }
    }
    neuron.parts()
}

fn probability_errors(targets: &Num, z: &Num) -> Num {
    targets - z.sigmoid().named("p")
}

// Scaling

fn scale(f: &Formula) -> [(&'static str, Num); 2] {
    let means = f.input("x").aggregate(Aggregate::Mean, Over::Samples).named("means");
    let squares = (f.input("x") - &means).square().named("squared deviations");
    [("means", means), ("std_devs", squares.aggregate(Aggregate::Mean, Over::Samples).sqrt())]
}

// Several classes

/// A row for each sample, with the score of each class.
fn scores_of_classes(f: &Formula) -> Num {
    (f.input("x").dot(&f.input("weights").t()) + f.input("biases")).named("scores")
}

/// Every perceptron, trained on the targets that `targets` makes of its class.
fn fitted_classes(f: &Formula, targets: impl Fn(Num) -> Num) -> [(&'static str, Num); 2] {
    let (weights, biases) = (f.input("weights"), f.input("biases"));
    let fitted: Vec<Neuron> = (0..biases.n_entries())
        .map(|class| {
            let targets = targets(f.number(class as f64).named("class")).named("targets");
            let start = Neuron { weights: weights.row(class), bias: biases.at(class) };
            let one = f.number(1.0);
            run_epochs(start, f.times("max_epochs"), |neuron| n_errors(f, epoch(f, neuron, &targets, &one))).neuron
        })
        .collect();
    let rows: Vec<Num> = fitted.iter().map(|neuron| neuron.weights.clone()).collect();
    let biases: Vec<Num> = fitted.into_iter().map(|neuron| neuron.bias).collect();
    [("weights", f.matrix(&rows, &weights.row(0))), ("biases", f.vector(&biases))]
}

// The pocket

/// When something goes into the pocket.
struct PocketRule {
    /// Whether an accuracy is worth keeping beside the best one so far.
    keeps: fn(f64, f64) -> bool,
    once_an_epoch: bool,
    before_correcting: bool,
    copied_before: bool,
    starts_empty: bool,
    /// Whether every epoch begins with the weights in the pocket.
    goes_back: bool,
    /// The classes of scores whose accuracy is measured, at the start and later.
    classes: [Classes; 2],
}

impl PocketRule {
    const RIGHT: Self = Self {
        keeps: |new, best| new > best,
        once_an_epoch: false,
        before_correcting: false,
        copied_before: false,
        starts_empty: false,
        goes_back: false,
        classes: [step, step],
    };
    const LAST: Self = Self { keeps: |_, _| true, ..Self::RIGHT };
}

fn pocketed(f: &Formula, rule: &PocketRule) -> [(&'static str, Num); 3] {
    let (x, targets) = (f.input("x"), f.input("targets"));
    let accuracy_of = |neuron: &Neuron, classes: Classes| classes(f, &neuron.sum(&x)).equals(&targets).mean();
    let measured = |neuron: &Neuron| accuracy_of(neuron, rule.classes[1]);
    let mut neuron = Neuron::of(f);
    let (mut best, mut accuracy) = (neuron.clone(), accuracy_of(&neuron, rule.classes[0]));
    if rule.starts_empty {
        accuracy = f.number(0.0);
    }
    for _ in 0..f.times("max_epochs") {
        let mut is_right = true;
        for number in 0..x.n_rows() {
            let (sample, target) = (x.row(number), targets.at(number));
            let error = target - step(f, &neuron.sum(&sample));
            let before = neuron.clone();
            neuron.correct(&f.input("learning_rate"), &error, &sample);
            is_right &= error.get() == 0.0;
            let looks = match rule {
                PocketRule { once_an_epoch: true, .. } => number + 1 == x.n_rows(),
                rule => rule.before_correcting || error.get() != 0.0,
            };
            let seen = if rule.before_correcting { &before } else { &neuron };
            if looks && (rule.keeps)(measured(seen).get(), accuracy.get()) {
                let copied = if rule.copied_before { &before } else { seen };
                (best, accuracy) = (copied.clone(), measured(seen));
            }
        }
        if is_right {
            break;
        }
        if rule.goes_back {
            neuron = best.clone();
        }
    }
    let [weights, bias] = best.parts();
    [weights, bias, ("accuracy", accuracy)]
}
