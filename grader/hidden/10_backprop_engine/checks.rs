//! What is right in exercise 10, and what is commonly got wrong.
//!
//! A network hides which of its parts is at fault, so every part is asked by itself first: a layer for what it
//! computes, for what it passes back, for its own gradients; a network with layers that are not the learner's. What
//! comes later needs less.

use judge::{formula::Outputs, prelude::*};

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = linear();
    checks.extend(activations());
    checks.extend(losses());
    checks.extend(sequential());
    checks.extend(training());
    checks.extend(summary());
    checks.extend(mlp());
    checks.extend(softmax_layer());
    checks
}

fn linear() -> Vec<Check> {
    vec![
        Check::new("linear_forward", "linear", "forward of a linear layer is X·W + b", 1)
            .asks("layer_forward")
            .about("Linear::forward")
            .on(linear_cases)
            .computes(|f| f.input("x").dot(&f.input("weights")) + f.input("biases")),
        Check::new("linear_backward", "linear", "backward of a linear layer passes dZ·Wᵀ back", 2)
            .asks("layer_backward")
            .about("Linear::backward")
            .after("linear_forward")
            .on(linear_cases)
            .computes(|f| f.input("d_out").dot(&f.input("weights").t()))
            .mistake(
                "dx_without_transpose",
                "This is dZ·W, but it should be dZ·Wᵀ. Entry [i, j] of W leads from input i to output j, and the \
                 backward pass goes from output j to input i. With a square W both products exist.",
                |c| match c.matrix("weights").is_square() {
                    true => c.matrix("d_out").dot(&c.matrix("weights")).into(),
                    false => Prediction::Panics,
                },
            ),
        Check::new(
            "linear_gradients",
            "linear",
            "backward of a linear layer keeps Xᵀ·dZ and the sums of the columns of dZ",
            3,
        )
        .about("Linear::backward")
        .after("linear_forward")
        .on(linear_cases)
        .computes(|f| {
            let (x, d_out) = (f.input("x"), f.input("d_out"));
            // What a layer may have kept in the place of its input.
            let _ = (x.dot(&f.input("weights")) + f.input("biases")).named("output");
            let d_weights = x.t().dot(&d_out);
            [("d_weights", d_weights), ("d_biases", d_out.aggregate(Aggregate::Sum, Over::Samples))]
        })
        .mistake(
            "averaged_in_the_layer",
            "dW is divided by the number of samples. `d_out` is the gradient of a loss that is a *mean*, so it \
             contains the 1/n already. Layers only sum.",
            computed(|f| {
                let x = f.input("x");
                [("d_weights", x.t().dot(&f.input("d_out")) / x.rows())]
            }),
        )
        .mistake(
            "db_along_the_rows",
            "`d_biases` has one number for each sample. A bias belongs to an output, that is to a column: sum over the \
             samples, `sum_axis(Axis(0))`.",
            computed(|f| {
                let (x, d_out) = (f.input("x"), f.input("d_out"));
                let d_biases = d_out.t().aggregate(Aggregate::Sum, Over::Samples);
                [("d_weights", x.t().dot(&d_out)), ("d_biases", d_biases)]
            }),
        ),
        pass_mistakes(
            Check::new(
                "linear_passes",
                "linear",
                "a linear layer goes back through its last forward pass, as often as asked",
                2,
            )
            .asks("passes")
            .about("Linear::backward")
            .about("Linear::forward")
            .after("linear_gradients")
            .on(|draw| passes_of("Linear", draw).to_vec()),
            &["Linear"],
        )
        .mistake(
            "gradients_accumulate",
            "Gradients of several backward passes are added up. Here every backward pass should replace the old \
             gradients: `=`, not `+=`. (Some frameworks add them up and have a separate function that clears them.)",
            |c| passed(c, "Linear", Kept::AddedUp),
        ),
        Check::new(
            "linear_parameters",
            "linear",
            "parameters returns the weights, and then the biases, to be changed in place",
            1,
        )
        .about("Linear::parameters")
        .on(|draw| {
            let [d_weights, d_biases] = [(3, 2), (1, 2)].map(|shape| draw::matrix(draw, shape, 2.0));
            vec![linear_case(draw, 1, 3, 2).with("d_weights", d_weights).with("d_biases", d_biases.row(0).to_owned())]
        })
        .computes(|f| {
            [
                ("weights raised by 1", f.input("weights") + 1.0),
                ("biases raised by 1", f.input("biases") + 1.0),
                ("gradient 1", f.input("d_weights")),
                ("gradient 2", f.input("d_biases")),
            ]
        })
        .mistake(
            "biases_left_out",
            "The biases themselves are not returned, so an optimiser cannot update them.",
            computed(|f| {
                let (weights, biases) = (f.input("weights") + 1.0, f.input("biases"));
                [("weights raised by 1", weights), ("biases raised by 1", biases), ("gradient 1", f.input("d_weights"))]
            }),
        ),
        with_other_scales(
            Check::new("new_linear", "linear", "new draws He weights: mean 0, standard deviation sqrt(2 / n_in)", 1)
                .about("Linear::new")
                .on(|draw| {
                    let (n_in, seed) = (160 + draw::count(draw, 40), draw::count(draw, 1000));
                    vec![Record::new().with("n_in", n_in).with("n_out", 120_usize).with("seed", seed)]
                })
                .demands(he_initialised)
                .mistake_if("no_negative_weight", NO_NEGATIVE_WEIGHT, |_, seen| {
                    let weights = seen.matrix("weights");
                    weights.iter().all(|w| *w >= 0.0) && weights.std(0.0) > 0.0
                })
                .mistake_if(
                    "uniform_weights",
                    "No weight is farther from the mean than uniform random numbers would be. Draw normal numbers with \
                 `StandardNormal`.",
                    |_, seen| {
                        let (weights, mean) =
                            (seen.matrix("weights"), seen.matrix("weights").mean().unwrap_or(f64::NAN));
                        // Uniform numbers end at sqrt(3) standard deviations.
                        let std_dev = weights.std(0.0);
                        std_dev > 0.0 && weights.iter().all(|w| (w - mean).abs() < 1.8 * std_dev)
                    },
                )
                .mistake_if(
                    "random_biases",
                    "The biases are random. Only the weights have to differ; biases start at 0.",
                    |_, seen| seen.vector("biases").iter().any(|b| *b != seen.vector("biases")[0]),
                ),
        ),
    ]
}

fn activations() -> Vec<Check> {
    let d_out = array![[2.0, -3.0, 0.5], [1.5, -1.0, -4.0]];
    let cases = move |name: &'static str, z: Array2<f64>| {
        let first = Record::new().with("layer", name).with("x", z).with("d_out", d_out.clone());
        move |draw: &mut probe::Generator| {
            let x = draw::matrix(draw, (1, 4), 2.0);
            let drawn = Record::new().with("layer", name).with("x", x).with("d_out", draw::matrix(draw, (1, 4), 2.0));
            vec![first.clone(), drawn]
        }
    };
    let check = |name: &'static str, id, title| {
        let [forward, backward] = match name {
            "ReLU" => ["Relu::forward", "Relu::backward"],
            "Sigmoid" => ["Sigmoid::forward", "Sigmoid::backward"],
            _ => ["Tanh::forward", "Tanh::backward"],
        };
        let check = Check::new(id, "activations", title, 2).asks("layer").about(backward).about(forward);
        check.computes(forward_and_back).mistake_if(
            "activation_overflows",
            "For z = 800 or z = -800 the output is NaN. e^800 is infinite, and infinity divided by infinity is NaN. In \
             1 / (1 + e^-z) an infinite e^-z gives the right result, 0; and `f64::tanh` is right for every number.",
            only_large_become_nan,
        )
    };
    vec![
        check("ReLU", "relu", "ReLU passes a gradient back where its input was positive")
            // A positive gradient over a negative input, a negative one over a positive, and the kink.
            .on(cases("ReLU", array![[1.0, 2.0, -0.5], [-2.0, 0.0, 0.25]])),
        check("Sigmoid", "sigmoid", "sigmoid multiplies a gradient by σ(z)·(1 - σ(z)), for any z")
            .on(cases("Sigmoid", array![[0.5, -1.0, 3.0], [0.0, 800.0, -800.0]])),
        check("Tanh", "tanh", "tanh multiplies a gradient by 1 - tanh²(z), for any z")
            .on(cases("Tanh", array![[0.5, -1.0, 2.0], [0.0, 800.0, -800.0]])),
        pass_mistakes(
            Check::new(
                "activation_passes",
                "activations",
                "activations go back through their own last forward pass, as often as asked",
                2,
            )
            .asks("passes")
            .about("Relu::backward")
            .about("Relu::forward")
            .about("Sigmoid::backward")
            .about("Sigmoid::forward")
            .about("Tanh::backward")
            .about("Tanh::forward")
            .after("relu")
            .after("sigmoid")
            .after("tanh")
            .on(|draw| ["ReLU", "Sigmoid", "Tanh"].map(|layer| passes_of(layer, draw)).concat()),
            &["ReLU", "Sigmoid", "Tanh"],
        ),
    ]
}

/// Whether the output is NaN where the input is far from 0, and nowhere else.
fn only_large_become_nan(c: &Record, seen: &Record) -> bool {
    let (z, output) = (c.matrix("x"), seen.matrix("output"));
    let is_nan =
        |large: bool| z.iter().zip(output).filter(|(z, _)| (z.abs() > 700.0) == large).any(|(_, a)| a.is_nan());
    is_nan(true) && !is_nan(false)
}

fn losses() -> Vec<Check> {
    let drawn = |loss: &'static str, shape, draw: &mut probe::Generator| {
        let output = draw::matrix(draw, shape, 3.0);
        let classes = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]];
        let target = match loss {
            "Mse" => draw::matrix(draw, shape, 3.0),
            "BceWithLogits" => Array2::from_shape_fn(shape, |(i, j)| classes[j % 3][i % 3]),
            _ => Array2::from_shape_fn(shape, |(i, j)| classes[(i + 1) % 3][j]),
        };
        Record::new().with("loss", loss).with("output", output).with("target", target)
    };
    let check = |experiment: &'static str, loss: &'static str, id, title| {
        let [value, gradient] = match loss {
            "Mse" => ["Mse::value", "Mse::gradient"],
            "BceWithLogits" => ["BceWithLogits::value", "BceWithLogits::gradient"],
            _ => ["SoftmaxCrossEntropy::value", "SoftmaxCrossEntropy::gradient"],
        };
        Check::new(id, "losses", title, 1)
            .asks(experiment)
            .about(if experiment == "value" { value } else { gradient })
            .on(move |draw| [(2, 3), (4, 3), (1, 3)].map(|shape| drawn(loss, shape, draw)).to_vec())
    };
    let value = |loss, id, title| check("value", loss, id, title).computes(loss_of);
    let gradient = |loss, id, title| {
        check("gradient", loss, id, title).computes(|f| {
            let _ = loss_of(f).named("loss");
            loss_gradient_of(f)
        })
    };
    vec![
        value("Mse", "mse", "Mse is the mean of all squared errors"),
        gradient("Mse", "mse_gradient", "the gradient of Mse is the slope of that mean"),
        value("BceWithLogits", "bce", "BceWithLogits is the mean binary cross-entropy of scores"),
        gradient("BceWithLogits", "bce_gradient", "the gradient of BceWithLogits is the slope along the scores"),
        Check::new("bce_large", "losses", "BceWithLogits is exact for scores of any size", 1)
            .asks("loss")
            .about("BceWithLogits::value")
            .about("BceWithLogits::gradient")
            .after("bce")
            .after("bce_gradient")
            .on(|draw| {
                [
                    (array![[750.0 + draw::number(draw, 40.0)]], array![[0.0]]),
                    (array![[800.0, -1.0], [-800.0, 2.0]], array![[0.0, 0.0], [0.0, 1.0]]),
                    (array![[-900.0]], array![[1.0]]),
                ]
                .map(|(output, target)| {
                    Record::new().with("loss", "BceWithLogits").with("output", output).with("target", target)
                })
                .to_vec()
            })
            .computes(|f| [("value", loss_of(f)), ("gradient", loss_gradient_of(f))])
            .mistake_if(
                "scores_overflow",
                "For a score far from 0 the loss is not finite. Either e^|z| is computed, which is infinite, or the \
                 logarithm of p or of 1 - p, where that was rounded to 0. Use the formula for scores: max(z, 0) - z·y \
                 + ln(1 + e^-|z|).",
                |_, seen| !seen.float("value").is_finite(),
            )
            .mistake_if("probability_clipped", CLIPPED, loss_is_too_small),
        value(
            "SoftmaxCrossEntropy",
            "cross_entropy",
            "SoftmaxCrossEntropy is the mean over the samples of -ln p of the true class",
        ),
        gradient(
            "SoftmaxCrossEntropy",
            "cross_entropy_gradient",
            "the gradient of SoftmaxCrossEntropy is the slope along the scores",
        )
        .mistake(
            "softmax_down_the_columns",
            "The probabilities are taken down the columns, so that the samples of a batch compete with each other. A \
             row is a sample, and its classes compete.",
            computed(|f| softmax_gradient(f, Over::Samples)),
        ),
        Check::new("cross_entropy_large", "losses", "SoftmaxCrossEntropy is exact for scores of any size", 1)
            .asks("loss")
            .about("SoftmaxCrossEntropy::value")
            .about("SoftmaxCrossEntropy::gradient")
            .after("cross_entropy")
            .after("cross_entropy_gradient")
            .on(|draw| {
                let drawn = (draw::matrix(draw, (1, 3), 9.0) + array![[900.0, 880.0, 0.0]], array![[0.0, 1.0, 0.0]]);
                let one = (array![[1000.0, 0.0, 999.0]], array![[0.0, 1.0, 0.0]]);
                let two = (array![[0.0, 1000.0], [-1000.0, -1001.0]], array![[1.0, 0.0], [0.0, 1.0]]);
                [drawn, one, two]
                    .map(|(output, target)| {
                        Record::new().with("loss", "SoftmaxCrossEntropy").with("output", output).with("target", target)
                    })
                    .to_vec()
            })
            .computes(|f| [("value", loss_of(f)), ("gradient", loss_gradient_of(f))])
            .mistake_if(
                "softmax_without_max",
                "e^1000 is infinite. Subtract the row's largest score from the row first: ln p stays the same, and no \
                 exponential is above 1.",
                |c, seen| {
                    let finite = seen.float("value").is_finite();
                    c.matrix("output").nrows() == 1 && !(finite || rounded_to_zero(c, seen))
                },
            )
            .mistake_if("one_max_for_all_rows", ONE_MAX, |c, seen| {
                c.matrix("output").nrows() == 2 && !seen.matrix("gradient").iter().all(|d| d.is_finite())
            })
            .mistake_if(
                "logarithm_of_a_rounded_probability",
                "The loss is infinite or NaN, although the gradient is right: before the logarithm, an exponential \
                 became 0 or ∞. Compute ln p as z - ln Σ e^z, with the row's largest score subtracted first.",
                rounded_to_zero,
            )
            .mistake_if("probability_clipped", CLIPPED, loss_is_too_small),
    ]
}

const ONE_MAX: &str = "In a row of very small scores every exponential rounds to 0. Either the largest score of all \
     rows is subtracted, or the search for the row's own begins at 0: begin at -∞.";
const CLIPPED: &str = "The loss is too small where the model is certain and wrong. Probably a probability or a score \
     is clipped, or a small number is added. The formula for scores needs no such protection.";

fn sequential() -> Vec<Check> {
    vec![
        Check::new("calls_forward", "sequential", "forward passes the signal from layer to layer, first to last", 1)
            .asks("calls")
            .about("Sequential::forward")
            .on(|draw| {
                let case = |scales| layers_that_scale(Array1::from(scales));
                vec![case(vec![2.0, 3.0, 5.0]), case(vec![]), case(draw::vector(draw, 4, 3.0).to_vec())]
            })
            .expects(|c| {
                called(c, c.vector("scales").iter().fold(c.matrix("x").to_owned(), |x, by| x * *by + 1.0), &[])
            })
            .mistake(
                "every_layer_gets_x",
                "Every layer gets the network's input. The input of a layer is the output of the one before it: keep \
                 the signal in one variable, and replace it by each output.",
                |c| {
                    let x = c.matrix("x").to_owned();
                    called(c, c.vector("scales").last().map_or(x.clone(), |by| &x * *by + 1.0), &[])
                },
            ),
        Check::new(
            "calls_backward",
            "sequential",
            "backward passes the gradient from layer to layer, last to first",
            2,
        )
        .asks("calls")
        .about("Sequential::backward")
        .after("calls_forward")
        .on(|draw| {
            let drawn = (draw::vector(draw, 3, 3.0) + 5.0, draw::matrix(draw, (1, 2), 3.0));
            [(array![2.0, 3.0, 5.0], array![[1.0, -0.5]]), drawn]
                .map(|(scales, d_out)| layers_that_scale(scales).with("d_out", d_out))
                .to_vec()
        })
        .expects(|c| gone_back(c, &[1, 2, 3], &[3, 2, 1]))
        .mistake(
            "layers_not_reversed",
            "The layers are called in the order of the forward pass. The gradient begins at the output, so the last \
             layer comes first: `iter_mut().rev()`. The shapes agree here only because all layers have the same \
             width.",
            |c| gone_back(c, &[1, 2, 3], &[1, 2, 3]),
        )
        .mistake(
            "every_layer_gets_d_out",
            "Every layer gets the network's `d_out`. A layer needs the gradient with respect to *its* output, which \
             is the result of the layer after it.",
            |c| gone_back(c, &[1], &[3, 2, 1]),
        )
        .mistake(
            "d_out_returned",
            "All layers are called, but `d_out` is returned. Return the result of the first layer: the gradient with \
             respect to the network's input.",
            |c| gone_back(c, &[], &[3, 2, 1]),
        )
        .mistake_if(
            "layer_skipped_on_the_way_back",
            "The first or the last layer is left out in the backward pass. Without the last one, its slope is missing \
             in the gradients of all layers before it. The result of the first one is seldom needed, but the call \
             computes the gradients of its parameters.",
            |c, seen| [[2, 1], [3, 2]].iter().any(|order| gone_back(c, order, order).get("calls") == seen.get("calls")),
        ),
        Check::new("network_parameters", "sequential", "parameters lists those of all layers, first to last", 1)
            .about("Sequential::parameters")
            .on(|draw| vec![given(draw, "Given, Given, Scale")])
            .computes(|f| listed(f, parameters(f)))
            .mistake(
                "parameters_reversed",
                "The parameters of the last layer come first. Use the order of the layers, first to last.",
                computed(|f| {
                    let [first, second, scale] = [0..2, 2..4, 4..5].map(|part| parameters(f)[part].to_vec());
                    listed(f, [scale, second, first].concat())
                }),
            )
            .mistake(
                "parameters_of_one_layer",
                "Only the first layer's parameters are listed. `flat_map` makes one list of the lists of all layers.",
                computed(|f| listed(f, parameters(f)[..2].to_vec())),
            ),
        Check::new(
            "network_gradients",
            "sequential",
            "a backward pass leaves every gradient of a deep network exact",
            3,
        )
        .about("Sequential::backward")
        .after("linear_passes")
        .after("linear_parameters")
        .after("activation_passes")
        .after("calls_backward")
        .after("network_parameters")
        .on(|draw| {
            let d_out = draw::matrix(draw, (3, 2), 1.0);
            vec![
                four_layers(),
                network(draw, Record::new(), "Linear, Tanh, Linear, Scale, Sigmoid", &[3, 4, 2])
                    .with("x", draw::matrix(draw, (3, 3), 1.0))
                    .with("d_out", d_out),
            ]
        })
        .computes(network_gradients)
        // Some of these gradients are as small as 1e-5.
        .within(Tolerance { relative: 1e-9, absolute: 1e-15 }),
        Check::new("n_parameters", "sequential", "n_parameters counts the numbers that are learned", 1)
            .after("network_parameters")
            .after("linear_parameters")
            .on(|draw| {
                let drawn = (0..4).map(|_| 1 + draw::count(draw, 99)).collect();
                [vec![2_usize, 3, 1], vec![784, 256, 128, 10], drawn]
                    .map(|sizes| Record::new().with("sizes", sizes))
                    .to_vec()
            })
            .computes(|f| {
                let sizes = f.input("sizes");
                let sum = |of: &dyn Fn(usize) -> Num| {
                    (1..f.case().counts("sizes").len()).map(of).reduce(|sum, next| sum + next).expect(
                        "there are \
                                                                                                       layers",
                    )
                };
                let weights = sum(&|i| sizes.at(i - 1) * sizes.at(i)).named("weights");
                (weights + sum(&|i| sizes.at(i)).named("biases")).whole()
            })
            .mistake(
                "arrays_counted",
                "This is the number of arrays. Count the numbers in them: `value.len()` is the count for one array.",
                |c| 2 * (c.counts("sizes").len() - 1),
            ),
    ]
}

fn training() -> Vec<Check> {
    let moved = |moves: fn(usize) -> bool| {
        move |f: &Formula| {
            let pairs =
                [1, 2].map(|n| ["weights", "biases"].map(|name| (format!("{name} {n}"), format!("d_{name} {n}"))));
            let values = pairs.concat().into_iter().enumerate().map(|(i, (value, slope))| {
                let value = f.input(&value);
                if moves(i) { value - f.input("learning_rate") * f.input(&slope) } else { value }
            });
            listed(f, values.collect())
        }
    };
    vec![
        Check::new("step", "training", "step moves every parameter down its gradient", 2)
            .after("network_parameters")
            .on(|draw| [0.1, 0.25].map(|rate| given(draw, "Given, Given").with("learning_rate", rate)).to_vec())
            .computes(moved(|_| true))
            .mistake(
                "biases_stand_still",
                "The weights move, the biases do not. A step is for all parameters, whatever their shape.",
                computed(moved(|i| i % 2 == 0)),
            )
            .mistake(
                "only_the_first_layer_moves",
                "Only the first layer moves. All of them have gradients.",
                computed(moved(|i| i < 2)),
            )
            .mistake(
                "nothing_moves",
                "The parameters have not changed. Perhaps a copy was changed, or a `map` never runs: change the view \
                 `value` itself in a `for` loop, with `scaled_add` or `-=`.",
                computed(moved(|_| false)),
            ),
        Check::new("train_steps", "training", "train_step returns the loss before the step that it takes", 3)
            .about("Sequential::train_step")
            .after("calls_backward")
            .after("step")
            .on(|draw| {
                // Layers and losses of the probe's own: what is asked is how they are put together.
                ["sum of squares", "sum of cubes"]
                    .map(|loss| {
                        let scale = |draw: &mut probe::Generator| 0.75 + draw::number(draw, 0.25);
                        Record::new()
                            .with("loss", loss)
                            .with("learning_rate", 0.015_625)
                            .with("steps", 2_usize)
                            .with("network", "Scale, Scale")
                            .with("scale 1", scale(draw))
                            .with("scale 2", scale(draw))
                            .with("a Scale layer computes", "scale · x + 1")
                            .with("x", draw::matrix(draw, (3, 2), 1.0))
                            .with("target", array![[1.0, 0.0], [0.0, 0.0], [1.0, 1.0]])
                    })
                    .to_vec()
            })
            .computes(|f| trained(f, Training::Right))
            .mistake(
                "loss_after_the_step",
                "The losses are those after each step. Return the one *before* the step: it belongs to the output \
                 from which the gradient was computed, and needs no second forward pass.",
                computed(|f| trained(f, Training::LossAfter)),
            )
            .mistake(
                "no_step_taken",
                "The parameters, and so the loss, have not changed. You need both `backward`, which stores the \
                 gradients in the layers, and `step`, which uses them.",
                computed(|f| trained(f, Training::NoStep)),
            )
            .mistake(
                "step_before_backward",
                "The step is taken before the backward pass, with gradients that are 0 at first, and later those of \
                 the previous batch. First `backward`, then `step`.",
                computed(|f| trained(f, Training::StepFirst)),
            )
            .mistake(
                "value_passed_back",
                "`backward` gets the value of the loss. It needs the slope of the loss at each output: `loss.gradient`.",
                computed(|f| trained(f, Training::ValuePassedBack)),
            )
            .mistake(
                "output_and_target_swapped",
                "Output and target are swapped. That changes the sign of the gradient of a squared error, and the \
                 value of other losses: `loss.value(&output, y)`.",
                computed(|f| trained(f, Training::Swapped)),
            ),
    ]
}

fn summary() -> Vec<Check> {
    let sizes = |sizes: Vec<usize>, between: &'static str| {
        move |draw: &mut probe::Generator| {
            let drawn = (0..3).map(|_| 1 + draw::count(draw, 99)).collect();
            [sizes.clone(), drawn].map(|sizes| Record::new().with("sizes", sizes).with("between", between)).to_vec()
        }
    };
    vec![
        Check::new("summary_for_digits", "summary", "summary lists the layers of a network for digits", 1)
            .asks("summary_of_sizes")
            .about("summary")
            .after("n_parameters")
            .expects(summary_of_sizes)
            .on(sizes(vec![784, 256, 128, 10], "ReLU"))
            .shows(include_str!("snapshots/summary_for_digits.snap")),
        Check::new("summary_of_a_deep_network", "summary", "summary keeps its columns where layers have two digits", 1)
            .asks("summary_of_sizes")
            .about("summary")
            .after("summary_for_digits")
            .expects(summary_of_sizes)
            .on(sizes(vec![8, 6, 6, 6, 6, 6, 1], "Sigmoid"))
            .shows(include_str!("snapshots/summary_of_a_deep_network.snap")),
        Check::new("summary_of_other_layers", "summary", "summary asks each layer to describe itself", 1)
            .asks("summary")
            .after("summary_for_digits")
            .on(|draw| {
                let drawn = [1 + draw::count(draw, 20), 1 + draw::count(draw, 20), 2];
                [[3, 5, 2], drawn]
                    .map(|widths| network(draw, Record::new(), "Linear, Tanh, Scale, Linear", &widths))
                    .to_vec()
            })
            .expects(|c| {
                let linear = |number: usize| linear_line(c.matrix(&format!("weights {number}")).dim());
                summary_of(&[linear(1), ("Tanh".to_owned(), 0), ("Scale by 3".to_owned(), 1), linear(4)])
            })
            .shows(include_str!("snapshots/summary_of_other_layers.snap")),
    ]
}

fn mlp() -> Vec<Check> {
    vec![
        Check::new("mlp", "mlp", "mlp puts the activation between the linear layers, and none after the last", 3)
            .after("linear_forward")
            .after("calls_forward")
            .after("network_parameters")
            .after("linear_parameters")
            .after("relu")
            .after("sigmoid")
            .after("tanh")
            .on(|draw| {
                [
                    ("Relu", vec![2_usize, 4, 2]),
                    ("Tanh", vec![2, 3, 4, 2]),
                    ("Sigmoid", vec![2, 3, 1]),
                    ("Relu", vec![2, 2]),
                    ("Relu", vec![2, 3, 3, 3, 1]),
                ]
                .map(|(activation, sizes)| {
                    let x = draw::matrix(draw, (3, 2), 1.0) - 1.5;
                    Record::new().with("sizes", sizes).with("activation", activation).with("x", x)
                })
                .to_vec()
            })
            .expects(|c| mlp_with(c, between))
            .mistake(
                "activation_at_the_end",
                "There is an activation after the last linear layer, too. Leave it out: the loss takes the scores \
                 themselves.",
                |c| mlp_with(c, |_, _, name| Some(name)),
            )
            .mistake(
                "no_activation",
                "There is no activation between the linear layers. Without it, several linear layers are the same as \
                 one.",
                |c| mlp_with(c, |_, _, _| None),
            )
            .mistake("activation_ignored", "The activation is always ReLU. Use the one that is passed in.", |c| {
                mlp_with(c, |layer, count, name| between(layer, count, name).map(|_| "ReLU"))
            })
            .mistake_if(
                "activations_missing",
                "Only some of the linear layers have an activation between them. There is one between any two.",
                |c, seen| {
                    let n_between = c.counts("sizes").len() - 2;
                    let is_of = |kept: usize| {
                        let some =
                            mlp_with(c, |layer, count, name| between(layer, count, name).filter(|_| kept >> layer & 1 == 1));
                        has_output(&some, seen)
                    };
                    !has_output(&mlp_with(c, between), seen) && (1..(1 << n_between) - 1).any(is_of)
                },
            )
            .mistake_if(
                "other_activation",
                "The activation between the linear layers is another one than the one that is passed in. Which layer does \
                 your code make for it?",
                |c, seen| {
                    let others: [Behind; 3] = [
                        |layer, count, name| between(layer, count, name).map(|_| "ReLU"),
                        |layer, count, name| between(layer, count, name).map(|_| "Sigmoid"),
                        |layer, count, name| between(layer, count, name).map(|_| "Tanh"),
                    ];
                    let is_of = |behind: Behind| has_output(&mlp_with(c, behind), seen);
                    !is_of(between) && others.into_iter().any(is_of)
                },
            ),
        Check::new("mlp_draws", "mlp", "mlp draws all weights from the generator that it is given", 1)
            .about("mlp")
            .after("mlp")
            .after("new_linear")
            .on(|draw| {
                let sizes = vec![40_usize, 40, 40 + draw::count(draw, 20)];
                let seed = draw::count(draw, 1000);
                vec![Record::new().with("sizes", sizes).with("activation", "Tanh").with("seed", seed)]
            })
            .has_none_of(
                &[(
                    "generator_of_its_own",
                    "Every network begins with the same weights: the generator that is passed in is not used. Draw the \
                     weights from it.",
                )],
                |c, seen| {
                    let sizes = c.counts("sizes");
                    let names = ["the first layer", "the second layer", "another mlp"];
                    let [first, second, another] = names.map(|of| seen.matrix(&format!("weights of {of}")));
                    let is_spread = |w: &ArrayRef2<f64>| (w.std(0.0) / 0.05_f64.sqrt() - 1.0).abs() <= 0.1;
                    match () {
                        () if second.dim() != (sizes[1], sizes[2]) => {
                            Err("The layers do not have the sizes that were asked for.")
                        }
                        () if first == another => Err("generator_of_its_own"),
                        () if first == second => Err("Two layers have the same weights."),
                        () if ![&first, &second, &another].iter().all(|w| is_spread(w)) => {
                            Err("The weights are not spread as `Linear::new` draws them.")
                        }
                        () => Ok(()),
                    }
                },
            ),
    ]
}

fn softmax_layer() -> Vec<Check> {
    vec![
        Check::new("softmax", "softmax", "a softmax layer has the exact gradient, whatever comes after it", 1)
            .asks("layer")
            .about("Softmax::backward")
            .about("Softmax::forward")
            .on(|draw| {
                let [x, d_out] = [0, 1].map(|_| draw::matrix(draw, (2, 3), 2.0));
                let example = [array![[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]], array![[1.0, 0.0, 0.0], [0.0, 3.0, -1.5]]];
                [example, [x, d_out]]
                    .map(|[x, d_out]| Record::new().with("layer", "Softmax").with("x", x).with("d_out", d_out))
                    .to_vec()
            })
            .computes(|f| {
                let p = softmax(&f.input("x"), Over::Row).named("p");
                [("d_x", softmax_back(&p, &f.input("d_out"))), ("output", p)]
            })
            .mistake(
                "plain_mean_subtracted",
                "The mean of the row of `d_out` is subtracted. Subtract the mean weighted by the probabilities: Σ \
                 d·p.",
                computed(|f| {
                    let d_out = f.input("d_out");
                    let means = d_out.aggregate(Aggregate::Mean, Over::Row);
                    [("d_x", softmax(&f.input("x"), Over::Row) * (d_out - means))]
                }),
            ),
        pass_mistakes(
            Check::new(
                "softmax_passes",
                "softmax",
                "a softmax layer goes back through its last forward pass, as often as asked",
                1,
            )
            .asks("passes")
            .about("Softmax::backward")
            .about("Softmax::forward")
            .after("softmax")
            .on(|draw| passes_of("Softmax", draw).to_vec()),
            &["Softmax"],
        ),
        Check::new("softmax_large", "softmax", "a softmax layer takes scores of any size", 1)
            .asks("layer_forward")
            .about("Softmax::forward")
            .after("softmax")
            .on(|draw| {
                let drawn = draw::matrix(draw, (1, 3), 5.0) + 900.0;
                [array![[1000.0, 1001.0, 1002.0]], drawn, array![[1000.0, 1001.0], [-1000.0, -1001.0]]]
                    .map(|x| Record::new().with("layer", "Softmax").with("x", x))
                    .to_vec()
            })
            .computes(|f| softmax(&f.input("x"), Over::Row))
            .mistake_if(
                "softmax_without_max",
                "e^1000 is infinite, and infinity divided by infinity is NaN. Subtract the row's largest score from \
                 the row first: the probabilities stay the same.",
                |c, seen| c.matrix("x").nrows() == 1 && seen.matrix("result").iter().any(|p| p.is_nan()),
            )
            .mistake_if("one_max_for_all_rows", ONE_MAX, |c, seen| {
                c.matrix("x").nrows() == 2 && seen.matrix("result").iter().any(|p| p.is_nan())
            }),
    ]
}

/// The example of the lesson, one that is not square, and a drawn one that is.
fn linear_cases(draw: &mut probe::Generator) -> Vec<Record> {
    let example = Record::new()
        .with("layer", "Linear")
        .with("weights", array![[0.1, -0.2], [0.3, 0.4]])
        .with("biases", array![0.5, -0.5])
        .with("x", array![[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
        .with("d_out", array![[1.0, 2.0], [3.0, 4.0], [-5.0, 1.0]]);
    vec![example, linear_case(draw, 2, 3, 3), linear_case(draw, 4, 3, 4)]
}

fn linear_case(draw: &mut probe::Generator, samples: usize, n_in: usize, n_out: usize) -> Record {
    Record::new()
        .with("layer", "Linear")
        .with("weights", draw::matrix(draw, (n_in, n_out), 1.0))
        .with("biases", draw::vector(draw, n_out, 1.0))
        .with("x", draw::matrix(draw, (samples, n_in), 2.0))
        .with("d_out", draw::matrix(draw, (samples, n_out), 2.0))
}

fn he_initialised(c: &Record, seen: &Record) -> Result<(), String> {
    let (n_in, n_out) = (c.count("n_in"), c.count("n_out"));
    let (weights, biases) = (seen.matrix("weights"), seen.vector("biases"));
    let wanted = (2.0 / n_in as f64).sqrt();
    if weights.dim() != (n_in, n_out) {
        return Err(format!("The weights have the shape {:?}, not ({n_in}, {n_out}).", weights.dim()));
    }
    if biases.len() != n_out || biases.iter().any(|bias| *bias != 0.0) {
        return Err(format!("The biases are not {n_out} zeros."));
    }
    if !deviates_by(seen, wanted) {
        return Err(format!("The weights have the standard deviation {:.4}, not {wanted:.4}.", weights.std(0.0)));
    }
    // The mean of n draws has the standard deviation wanted / sqrt(n); six of those leave one chance in 500 millions.
    if weights.mean().is_none_or(|mean| mean.abs() > 6.0 * wanted / (weights.len() as f64).sqrt()) {
        return Err("The mean of the weights is not 0.".to_owned());
    }
    if weights.row(0) == weights.row(1) || weights.column(0) == weights.column(1) {
        return Err("Some rows or columns of the weights are equal.".to_owned());
    }
    // About 95 % of normal numbers lie within two standard deviations, all of uniform ones within sqrt(3).
    let far = weights.iter().filter(|weight| weight.abs() > 2.0 * wanted).count() as f64 / weights.len() as f64;
    match (far - 0.0455).abs() > 0.01 {
        true => Err("The weights are not drawn from a normal distribution.".to_owned()),
        false => Ok(()),
    }
}

/// A check of new weights, told apart from those with another standard deviation than He's.
fn with_other_scales(check: Check) -> Check {
    OTHER_SCALES.into_iter().fold(check, |check, (id, says, std_dev)| {
        let scale = move |c: &Record| std_dev(c.count("n_in") as f64, c.count("n_out") as f64);
        check.mistake_if(id, says, move |c, seen| deviates_by(seen, scale(c)))
    })
}

/// A standard deviation from the numbers of inputs and of outputs.
type Scale = fn(f64, f64) -> f64;

/// Other standard deviations than He's.
const OTHER_SCALES: [(&str, &str, Scale); 6] = [
    (
        "scale_forgotten",
        "The weights have standard deviation 1, as `StandardNormal` draws them: multiply each by sqrt(2 / n_in).",
        |_, _| 1.0,
    ),
    (
        "variance_for_deviation",
        "2 / n_in is the variance. The standard deviation, by which a standard normal number is multiplied, is its square \
         root.",
        |n_in, _| 2.0 / n_in,
    ),
    (
        "root_of_the_two_only",
        "The standard deviation is sqrt(2) / n_in: the root is taken of the 2 alone. Take it of the whole fraction, \
         sqrt(2 / n_in).",
        |n_in, _| 2.0_f64.sqrt() / n_in,
    ),
    ("fan_out_for_fan_in", FAN_OUT_FOR_FAN_IN, |_, n_out| (2.0 / n_out).sqrt()),
    ("fan_out_for_fan_in", FAN_OUT_FOR_FAN_IN, |n_in, n_out| (2.0 / (n_in + n_out)).sqrt()),
    (
        "factor_two_of_the_weights_forgotten",
        "The standard deviation is sqrt(1 / n_in). Use He's, sqrt(2 / n_in).",
        |n_in, _| n_in.recip().sqrt(),
    ),
];

const NO_NEGATIVE_WEIGHT: &str = "No weight is negative. Perhaps they are uniform numbers from 0 upwards, or \
     absolute values. Half of the numbers that `StandardNormal` draws are negative.";

const FAN_OUT_FOR_FAN_IN: &str = "The weights are scaled by the number of outputs, or by that of inputs and outputs \
     together. An output sums over the inputs: sqrt(2 / n_in).";

fn deviates_by(seen: &Record, std_dev: f64) -> bool {
    (seen.matrix("weights").std(0.0) / std_dev - 1.0).abs() < 0.03
}

/// What the case's activation puts out, and what it passes back.
fn forward_and_back(f: &Formula) -> [(&'static str, Num); 2] {
    let (z, name) = (f.input("x"), f.case().text("layer"));
    let a = activated(name, &z).named("a");
    let slope = slope(f, name, &z, &a).named("f'(x)");
    [("output", a), ("d_x", f.input("d_out") * slope)]
}

fn activated(name: &str, z: &Num) -> Num {
    match name {
        "ReLU" => z.relu(),
        "Sigmoid" => z.sigmoid(),
        "Tanh" => z.tanh(),
        other => panic!("no activation is called `{other}`"),
    }
}

/// The slope of the activation called `name`, whose output for `z` is `a`.
fn slope(f: &Formula, name: &str, z: &Num, a: &Num) -> Num {
    match name {
        "ReLU" => z.above(&f.number(0.0)).real(),
        "Sigmoid" => a * (1.0 - a),
        _ => 1.0 - a.square(),
    }
}

/// Forward and backward passes of a layer and of another one of its kind.
fn passes_of(layer: &'static str, draw: &mut probe::Generator) -> [Record; 4] {
    [
        "forward(x), forward(x2), backward(d_out)",
        "forward(x), another layer's forward(x2), backward(d_out)",
        "forward(x), backward(d_out), backward(d_out)",
        "backward(d_out)",
    ]
    .map(|passes| {
        let mut case = linear_case(draw, 2, 3, 3);
        if layer != "Linear" {
            let [x, d_out] = ["x", "d_out"].map(|part| case.matrix(part).to_owned());
            case = Record::new().with("x", x).with("d_out", d_out);
        }
        // Mostly of the other sign than x, or a mask would be the same.
        let x2 = draw::matrix(draw, (2, 3), 1.0) - case.matrix("x");
        let parts =
            case.parts().filter(|(name, _)| *name != "layer").map(|(name, value)| (name.to_owned(), value.clone()));
        let record = Record::new().with("layer", layer).with("passes", passes);
        parts.fold(record, |record, (name, value)| record.with(&name, value)).with("x2", x2)
    })
}

/// What can be wrong with what a layer keeps: nothing, or one of three things.
#[derive(Clone, Copy, PartialEq)]
enum Kept {
    Well,
    Shared,
    UsedUp,
    AddedUp,
}

/// What comes of the passes of a case, if the layers called `wrong` keep what they need like this, and all others well.
fn passed(c: &Record, wrong: &str, kept_how: Kept) -> Prediction {
    let name = c.text("layer");
    let how = if name == wrong { kept_how } else { Kept::Well };
    let mut kept = None;
    let mut backward_of = Vec::new();
    for pass in c.text("passes").split(", ") {
        match pass {
            "forward(x)" => kept = Some("x"),
            "forward(x2)" => kept = Some("x2"),
            "another layer's forward(x2)" if how == Kept::Shared => kept = Some("x2"),
            "backward(d_out)" => {
                let Some(input) = kept else { return Prediction::Panics };
                backward_of.push(input);
                kept = kept.filter(|_| how != Kept::UsedUp);
            }
            _ => {}
        }
    }
    let passes = computed(|f| {
        let d_out = f.input("d_out");
        let mut parts = Vec::new();
        for (number, input) in (1..).zip(&backward_of) {
            let x = f.input(input);
            if name == "Linear" {
                let times = if how == Kept::AddedUp { f64::from(number) } else { 1.0 };
                parts.push((format!("d_x {number}"), d_out.dot(&f.input("weights").t())));
                parts.push((format!("d_weights {number}"), times * x.t().dot(&d_out)));
                parts.push((format!("d_biases {number}"), times * d_out.aggregate(Aggregate::Sum, Over::Samples)));
            } else {
                let d_x = match name {
                    "Softmax" => softmax_back(&softmax(&x, Over::Row), &d_out),
                    name => &d_out * slope(f, name, &x, &activated(name, &x)),
                };
                parts.push((format!("d_x {number}"), d_x));
            }
        }
        Outputs(parts)
    });
    passes(c).into()
}

/// What is right about the passes of `layers`, and what is commonly wrong: a mistake may be in any of them alone.
fn pass_mistakes(check: Check, layers: &'static [&'static str]) -> Check {
    let check = check
        .expects(|c| passed(c, "", Kept::Well))
        .mistake_if(
            "cache_is_shared",
            "Two layers of the same type share their stored values: `backward` of the first uses what the second has \
             stored. Store the values in a field of the layer.",
            |c, seen| {
                let Prediction::Is(shared) = passed(c, c.text("layer"), Kept::Shared) else { return false };
                let part = if c.text("layer") == "Linear" { "d_weights 1" } else { "d_x 1" };
                c.text("passes").contains("another") && shared.matrix(part).abs_diff_eq(&seen.matrix(part), 1e-9)
            },
        )
        .mistake_if(
            "backward_without_forward",
            "`backward` returns a result although there was no forward pass. Without one there is no gradient: if \
             the stored value is `None`, panic with `expect` and a clear message.",
            |c, _| c.text("passes") == "backward(d_out)",
        );
    layers.iter().fold(check, |check, layer| {
        check.mistake(
            "cache_is_used_up",
            "A second backward pass fails, as if `take` had removed the stored values. Borrow them with `as_ref` \
             instead.",
            |c| passed(c, layer, Kept::UsedUp),
        )
    })
}

fn loss_of(f: &Formula) -> Num {
    let (output, target) = (f.input("output"), f.input("target"));
    match f.case().text("loss") {
        "Mse" => (output - target).square().mean(),
        "BceWithLogits" => {
            let terms = output.or_more(&f.number(0.0)) - target * &output + (1.0 + (-output.abs()).exp()).ln();
            terms.mean()
        }
        _ => {
            let shifted = (&output - output.aggregate(Aggregate::Max, Over::Row)).named("(output - max)");
            let ln_p = (&shifted - shifted.exp().aggregate(Aggregate::Sum, Over::Row).ln()).named("ln p");
            -(target * ln_p).sum() / output.rows()
        }
    }
}

fn loss_gradient_of(f: &Formula) -> Num {
    let (output, target) = (f.input("output"), f.input("target"));
    match f.case().text("loss") {
        "Mse" => 2.0 * (&output - target) / output.count(),
        "BceWithLogits" => (output.sigmoid().named("p") - target) / output.count(),
        _ => softmax_gradient(f, Over::Row),
    }
}

/// (P - Y) / n, with probabilities that sum to 1 over these scores.
fn softmax_gradient(f: &Formula, over: Over) -> Num {
    (softmax(&f.input("output"), over).named("p") - f.input("target")) / f.input("output").rows()
}

fn softmax(z: &Num, over: Over) -> Num {
    let exponentials = (z - z.aggregate(Aggregate::Max, over)).exp().named("exp(z - max)");
    &exponentials / exponentials.aggregate(Aggregate::Sum, over)
}

/// What a softmax layer passes back: every score of a row moves all of its probabilities.
fn softmax_back(p: &Num, d_out: &Num) -> Num {
    p * (d_out - (p * d_out).aggregate(Aggregate::Sum, Over::Row))
}

fn loss_is_too_small(c: &Record, seen: &Record) -> bool {
    seen.float("value") < 0.9 * computed(loss_of)(c).float("result")
}

/// Whether the probabilities are right, but the logarithm of one that is nearly 0 is infinite.
fn rounded_to_zero(c: &Record, seen: &Record) -> bool {
    let right = computed(loss_gradient_of)(c);
    !seen.float("value").is_finite() && seen.matrix("gradient").abs_diff_eq(&right.matrix("result"), 1e-9)
}

fn layers_that_scale(scales: Array1<f64>) -> Record {
    Record::new().with("scales", scales).with("each layer computes", "scale · x + 1").with("x", array![[1.0, 2.0]])
}

/// What comes out of a network of such layers that are all called forwards, and then backwards in this order.
fn called(c: &Record, output: Array2<f64>, backwards: &[usize]) -> Record {
    let forwards = (1..=c.vector("scales").len()).map(|number| format!("forward {number}"));
    let calls: Vec<String> = forwards.chain(backwards.iter().map(|number| format!("backward {number}"))).collect();
    Record::new().with(if backwards.is_empty() { "output" } else { "d_x" }, output).with("calls", calls.join(", "))
}

/// A backward pass whose result has gone through some of the layers, and that calls layers in this order.
fn gone_back(c: &Record, through: &[usize], order: &[usize]) -> Record {
    let factor: f64 = through.iter().map(|number| c.vector("scales")[number - 1]).product();
    called(c, &c.matrix("d_out") * factor, order)
}

/// The names of the layers of the case's network, with their numbers.
fn layers(f: &Formula) -> impl DoubleEndedIterator<Item = (&str, usize)> {
    let names: Vec<&str> = f.case().text("network").split(", ").collect();
    names.into_iter().enumerate().map(|(i, name)| (name, i + 1))
}

/// The parameters of the case's network, in order.
fn parameters(f: &Formula) -> Vec<Num> {
    let of = |(name, number)| match name {
        "Linear" | "Given" => vec![f.input(&format!("weights {number}")), f.input(&format!("biases {number}"))],
        "Scale" => vec![f.vector(&[f.input(&format!("scale {number}"))])],
        _ => Vec::new(),
    };
    layers(f).flat_map(of).collect()
}

/// How many parameters there are, and each of them.
fn listed(f: &Formula, parameters: Vec<Num>) -> Outputs {
    let how_many = ("how many".to_owned(), f.number(parameters.len() as f64).whole());
    let parameters = (1..).zip(parameters).map(|(number, value)| (format!("parameter {number}"), value));
    Outputs([how_many].into_iter().chain(parameters).collect())
}

/// The output of the case's network, and all gradients.
fn network_gradients(f: &Formula) -> Outputs {
    let of = |name: &str, number: usize| f.input(&format!("{name} {number}"));
    let mut signals = vec![f.input("x")];
    for (name, number) in layers(f) {
        let x = &signals[number - 1];
        signals.push(match name {
            "Linear" => x.dot(&of("weights", number)) + of("biases", number),
            "Scale" => x * of("scale", number) + 1.0,
            name => activated(name, x),
        });
    }
    let mut d = f.input("d_out");
    let mut gradients = Vec::new();
    for (name, number) in layers(f).rev() {
        let (x, a) = (&signals[number - 1], &signals[number]);
        match name {
            "Linear" => {
                gradients.extend([d.aggregate(Aggregate::Sum, Over::Samples), x.t().dot(&d)]);
                d = d.dot(&of("weights", number).t());
            }
            "Scale" => {
                gradients.push(f.vector(&[(x * &d).sum()]));
                d = d * of("scale", number);
            }
            name => d = d * slope(f, name, x, a),
        }
    }
    let output = signals.pop().expect("there is the input at least");
    let parts = [("output".to_owned(), output), ("d_x".to_owned(), d)];
    let gradients = (1..).zip(gradients.into_iter().rev()).map(|(number, g)| (format!("gradient {number}"), g));
    Outputs(parts.into_iter().chain(gradients).collect())
}

/// A training: the right one, and those with a mistake.
#[derive(Clone, Copy, PartialEq)]
enum Training {
    Right,
    LossAfter,
    NoStep,
    StepFirst,
    Swapped,
    ValuePassedBack,
}

/// The losses of a training of two Scale layers, and the parameters that it ends with.
fn trained(f: &Formula, how: Training) -> Outputs {
    let (x, rate, steps) = (f.input("x"), f.input("learning_rate"), f.times("steps"));
    let mut scales = [f.input("scale 1"), f.input("scale 2")];
    let (mut known, mut losses) = (None, Vec::new());
    for step in 0..=steps {
        let hidden = &x * &scales[0] + 1.0;
        let mut pair = [(&hidden * &scales[1] + 1.0).named("output"), f.input("target")];
        if how == Training::Swapped {
            pair.reverse();
        }
        let error = (&pair[0] - &pair[1]).named("error");
        let is_cubes = f.case().text("loss") == "sum of cubes";
        losses.push(if is_cubes { error.cube().sum() } else { error.square().sum() });
        let error = &pair[0] - &pair[1];
        let gradient = match how {
            Training::ValuePassedBack => 0.0 * error + &losses[step],
            _ if is_cubes => 3.0 * error.square(),
            _ => 2.0 * error,
        };
        let gradient = gradient.named("gradient");
        let slopes = [(&x * &gradient * &scales[1]).sum(), (&hidden * &gradient).sum()];
        let used = if how == Training::StepFirst { known.replace(slopes) } else { Some(slopes) };
        if let Some([one, two]) = used.filter(|_| step < steps && how != Training::NoStep) {
            scales = [&scales[0] - &rate * one, &scales[1] - &rate * two];
        }
    }
    let losses = if how == Training::LossAfter { &losses[1..] } else { &losses[..steps] };
    let mut outputs = listed(f, scales.map(|scale| f.vector(&[scale])).to_vec());
    outputs.0.push(("losses".to_owned(), f.vector(losses)));
    outputs
}

/// A network with drawn parameters: the names of its layers, and the widths between its linear ones. `head` comes
/// first, because of a long input only the beginning is shown.
fn network(draw: &mut probe::Generator, head: Record, names: &'static str, widths: &[usize]) -> Record {
    let mut pairs = widths.windows(2);
    (1..).zip(names.split(", ")).fold(head.with("network", names), |record, (number, name)| match name {
        "Linear" => {
            let pair = pairs.next().expect("as many widths as linear layers, and one more");
            record
                .with(&format!("weights {number}"), draw::matrix(draw, (pair[0], pair[1]), 1.0))
                .with(&format!("biases {number}"), draw::vector(draw, pair[1], 1.0))
        }
        "Scale" => record.with(&format!("scale {number}"), 3.0).with("a Scale layer computes", "scale · x + 1"),
        _ => record,
    })
}

/// A network of layers that are not the learner's: a Given layer has two parameters, and the gradients that it is given.
fn given(draw: &mut probe::Generator, names: &'static str) -> Record {
    (1..).zip(names.split(", ")).fold(Record::new().with("network", names), |record, (number, name)| match name {
        "Given" => ["", "d_"].into_iter().fold(record, |record, prefix| {
            record
                .with(&format!("{prefix}weights {number}"), draw::matrix(draw, (2, 1 + number), 1.0))
                .with(&format!("{prefix}biases {number}"), draw::vector(draw, 1 + number, 1.0))
        }),
        _ => record.with(&format!("scale {number}"), draw::number(draw, 3.0)),
    })
}

/// 2-4-3-2-1 on the XOR samples. No layer of it is dead: a check of gradients that are all 0 would prove nothing.
fn four_layers() -> Record {
    let widths = [2, 4, 3, 2, 1];
    let record = Record::new().with("network", "Linear, ReLU, Linear, ReLU, Linear, ReLU, Linear, Sigmoid");
    (0..4)
        .fold(record, |record, l| {
            let weights = Array2::from_shape_fn((widths[l], widths[l + 1]), |(i, j)| {
                0.8 * ((7 * l + 3 * i + j + 1) as f64).sin()
            });
            record
                .with(&format!("weights {}", 2 * l + 1), weights)
                .with(&format!("biases {}", 2 * l + 1), Array1::from_elem(widths[l + 1], 0.1))
        })
        .with("x", array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        .with("d_out", array![[0.25], [-0.25], [-0.25], [0.25]])
}

/// The activation behind linear layer `layer` of `count`.
type Behind = for<'a> fn(usize, usize, &'a str) -> Option<&'a str>;

fn between(layer: usize, count: usize, name: &str) -> Option<&str> {
    (layer + 1 < count).then_some(name)
}

/// Whether both have the same output.
fn has_output(one: &Record, other: &Record) -> bool {
    let (one, other) = (one.matrix("output"), other.matrix("output"));
    one.dim() == other.dim() && one.iter().zip(&other).all(|(one, other)| (one - other).abs() < 1e-9)
}

/// The shapes of an mlp, and its output for parameters that are the sines of their places.
fn mlp_with(c: &Record, behind: impl for<'a> Fn(usize, usize, &'a str) -> Option<&'a str>) -> Record {
    let sizes = c.counts("sizes");
    let name = if c.text("activation") == "Relu" { "ReLU" } else { c.text("activation") };
    let pairs = || sizes.windows(2).map(|pair| (pair[0], pair[1])).enumerate();
    let shapes: Vec<String> = pairs().map(|(_, (n_in, n_out))| format!("[{n_in}, {n_out}] [{n_out}]")).collect();
    let output = computed(|f| {
        let mut signal = f.input("x");
        for (layer, (n_in, n_out)) in pairs() {
            let sines = |row: usize, number: usize| {
                let sine = |j: usize| f.number(((row * n_out + j + 1) as f64 * number as f64).sin());
                f.vector(&(0..n_out).map(sine).collect::<Vec<_>>())
            };
            let weights: Vec<Num> = (0..n_in).map(|row| sines(row, 2 * layer + 1)).collect();
            signal = signal.dot(&f.matrix(&weights, &weights[0])) + sines(0, 2 * layer + 2);
            signal = behind(layer, sizes.len() - 1, name).map_or(signal.clone(), |name| activated(name, &signal));
        }
        [("output", signal)]
    });
    output(c).with("shapes", shapes.join(" "))
}

/// The summary of linear layers with other ones between them.
fn summary_of_sizes(c: &Record) -> String {
    let linear = c.counts("sizes").windows(2).map(|pair| linear_line((pair[0], pair[1]))).collect::<Vec<_>>();
    let between = (c.text("between").to_owned(), 0);
    let mut layers: Vec<(String, usize)> = linear.into_iter().flat_map(|linear| [linear, between.clone()]).collect();
    layers.pop();
    summary_of(&layers)
}

/// How a linear layer describes itself, and its number of parameters.
fn linear_line((n_in, n_out): (usize, usize)) -> (String, usize) {
    (format!("Linear {n_in} -> {n_out}"), (n_in + 1) * n_out)
}

fn summary_of(layers: &[(String, usize)]) -> String {
    let lines = (1..).zip(layers).map(|(number, (text, count))| format!("{number:>2}  {text:<20}{count:>10}\n"));
    let total: usize = layers.iter().map(|(_, count)| count).sum();
    lines.collect::<String>() + &format!("{total:>34}")
}
