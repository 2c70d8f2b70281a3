//! What is right in exercise 10, and what is commonly got wrong.
//!
//! A network hides which of its parts is at fault, so every part is asked by itself first: a layer for what it
//! computes, for what it passes back, for its own gradients; a network with layers that are not the learner's. What
//! comes later needs less.

use ndarray::ArrayD;

use judge::prelude::*;

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
            )
            .mistake(
                "dx_averaged",
                "dX is divided by the number of samples. `d_out` contains the 1/n of the loss already: do not divide \
                 again.",
                |c| c.matrix("d_out").dot(&c.matrix("weights").t()) / c.matrix("x").nrows() as f64,
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
            |c| Record::new().with("d_weights", dw(c) / n(c)),
        )
        .mistake(
            "db_along_the_rows",
            "`d_biases` has one number for each sample. A bias belongs to an output, that is to a column: sum over the \
             samples, `sum_axis(Axis(0))`.",
            |c| Record::new().with("d_weights", dw(c)).with("d_biases", c.matrix("d_out").sum_axis(Axis(1))),
        )
        .mistake(
            "gradients_not_kept",
            "`d_weights` is still 0 after the backward pass. Write the gradient to `self.d_weights`, and that of the \
             biases to `self.d_biases`.",
            |c| Record::new().with("d_weights", dw(c) * 0.0),
        )
        .mistake(
            "bias_gradients_not_kept",
            "`d_biases` is still 0 after the backward pass. Write the sums of the columns of dZ to `self.d_biases`.",
            |c| Record::new().with("d_weights", dw(c)).with("d_biases", db(c) * 0.0),
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
            |c| passed(c, Passes { accumulate: true, ..Passes::default() }),
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
        .expects(|c| {
            raised(c, 1.0, 1.0)
                .with("gradient 1", c.matrix("d_weights").to_owned())
                .with("gradient 2", c.vector("d_biases").to_owned())
        })
        .mistake(
            "biases_first",
            "The biases come first. The order matters, because an optimiser identifies each parameter by its \
             position: weights, then biases.",
            |c| {
                raised(c, 1.0, 1.0)
                    .with("gradient 1", c.vector("d_biases").to_owned())
                    .with("gradient 2", c.matrix("d_weights").to_owned())
            },
        )
        .mistake(
            "biases_left_out",
            "Only the weights are returned, so an optimiser cannot update the biases.",
            |c| raised(c, 1.0, 0.0).with("gradient 1", c.matrix("d_weights").to_owned()),
        ),
        Check::new("new_linear", "linear", "new draws He weights: mean 0, standard deviation sqrt(2 / n_in)", 1)
            .about("Linear::new")
            .on(|draw| {
                let (n_in, seed) = (160 + draw::count(draw, 40), draw::count(draw, 1000));
                vec![Record::new().with("n_in", n_in).with("n_out", 120_usize).with("seed", seed)]
            })
            .demands(he_initialised)
            .mistake_if(
                "variance_for_deviation",
                "2 / n_in is the variance. The standard deviation, by which a standard normal number is multiplied, is \
                 its square root.",
                |c, seen| deviates_by(seen, 2.0 / c.count("n_in") as f64),
            )
            .mistake_if(
                "fan_out_for_fan_in",
                "The weights are scaled by the number of outputs. An output sums over the inputs: sqrt(2 / n_in).",
                |c, seen| deviates_by(seen, (2.0 / c.count("n_out") as f64).sqrt()),
            )
            .mistake_if(
                "random_biases",
                "The biases are random. Only the weights have to differ; biases start at 0.",
                |_, seen| seen.vector("biases").iter().any(|b| *b != seen.vector("biases")[0]),
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
        Check::new(id, "activations", title, 2).asks("layer").about(backward).about(forward).computes(move |f| {
            let z = f.input("x");
            let a = match name {
                "ReLU" => z.relu(),
                "Sigmoid" => z.sigmoid(),
                _ => z.tanh(),
            };
            let a = a.named("a");
            let slope = match name {
                "ReLU" => z.above(&f.number(0.0)).real(),
                "Sigmoid" => &a * (1.0 - &a),
                _ => 1.0 - a.square(),
            };
            [("output", a), ("d_x", f.input("d_out") * slope.named("slope"))]
        })
    };
    vec![
        check("ReLU", "relu", "ReLU passes a gradient back where its input was positive")
            // A positive gradient over a negative input, a negative one over a positive, and the kink.
            .on(cases("ReLU", array![[1.0, 2.0, -0.5], [-2.0, 0.0, 0.25]]))
            .mistake(
                "kink_counts_as_positive",
                "At z = 0 the gradient is passed back. This course takes 0 for the slope at the kink: `z > 0.0`, not \
                 `>=`. (If you test the output: it is never negative, so `>= 0.0` is always true.)",
                |c| activation(c, |z, _, d| if z >= 0.0 { d } else { 0.0 }),
            ),
        check("Sigmoid", "sigmoid", "sigmoid multiplies a gradient by σ(z)·(1 - σ(z)), for any z")
            .on(cases("Sigmoid", array![[0.5, -1.0, 3.0], [0.0, 800.0, -800.0]]))
            .mistake("slope_of_the_output", SLOPE_OF_THE_OUTPUT, |c| activation(c, |_, a, d| d * slope("Sigmoid", a)))
            .mistake_if(
                "sigmoid_overflows",
                "For z = 800 or z = -800 the output is NaN. e^800 is infinite, and infinity divided by infinity is \
                 NaN. In 1 / (1 + e^-z) an infinite e^-z gives the right result, 0.",
                only_large_become_nan,
            ),
        check("Tanh", "tanh", "tanh multiplies a gradient by 1 - tanh²(z), for any z")
            .on(cases("Tanh", array![[0.5, -1.0, 2.0], [0.0, 800.0, -800.0]]))
            .mistake_if(
                "tanh_overflows",
                "For z = 800 or z = -800 the output is NaN. e^800 is infinite, and infinity divided by infinity is \
                 NaN. `f64::tanh` is right for every number.",
                only_large_become_nan,
            )
            .mistake("slope_of_the_output", SLOPE_OF_THE_OUTPUT, |c| activation(c, |_, a, d| d * slope("Tanh", a))),
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

const SLOPE_OF_THE_OUTPUT: &str = "The function is applied twice: the slope is taken at the output of the forward \
                                   pass instead of the input. If you kept the output a, the slope is a(1 - a) for \
                                   sigmoid and 1 - a² for tanh.";

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
        gradient("BceWithLogits", "bce_gradient", "the gradient of BceWithLogits is the slope along the scores")
            .mistake(
                "sigmoid_slope_again",
                "The gradient is multiplied by σ(z)(1 - σ(z)). This loss takes scores, and σ(z) - y is the slope \
                 along the *score*: it already contains the slope of the sigmoid.",
                computed(|f| {
                    let p = f.input("output").sigmoid();
                    loss_gradient_of(f) * &p * (1.0 - &p)
                }),
            ),
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
                "For a score far from 0 the loss is not finite. Either e^800 is computed, which is infinite, or the \
                 logarithm of a probability that was rounded to 0. Use the formula for scores: max(z, 0) - z·y + ln(1 \
                 + e^-|z|).",
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
            |c| {
                (softmax(&c.matrix("output").t()).reversed_axes() - c.matrix("target"))
                    / c.matrix("output").nrows() as f64
            },
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
                "A probability of e^-1000 is rounded to 0, and its logarithm is -∞ instead of -1000. Compute ln p \
                 without p: it is z - ln Σ e^z, with the row's largest score subtracted first.",
                rounded_to_zero,
            )
            .mistake_if("probability_clipped", CLIPPED, loss_is_too_small),
    ]
}

const ONE_MAX: &str = "The largest score of all rows is subtracted. In a row of much smaller scores every exponential \
                       then rounds to 0: each row needs its own maximum.";
const CLIPPED: &str = "The loss is too small where the model is certain and wrong. Probably a probability is clipped, \
                       or a small number is added to it. The formula for scores needs no such protection.";

fn sequential() -> Vec<Check> {
    vec![
        Check::new("calls_forward", "sequential", "forward passes the signal from layer to layer, first to last", 1)
            .asks("calls")
            .about("Sequential::forward")
            .on(|draw| {
                let case = |scales| layers_that_scale(Array1::from(scales)).with("x", array![[1.0, 2.0]]);
                vec![case(vec![2.0, 3.0, 5.0]), case(vec![]), case(draw::vector(draw, 4, 3.0).to_vec())]
            })
            .expects(|c| {
                let scales = c.vector("scales").to_vec();
                called(
                    scales.iter().fold(c.matrix("x").to_owned(), |x, scale| x * *scale + 1.0),
                    forwards(scales.len()),
                )
            })
            .mistake(
                "every_layer_gets_x",
                "Every layer gets the network's input. The input of a layer is the output of the one before it: keep \
                 the signal in one variable, and replace it by each output.",
                |c| {
                    let scales = c.vector("scales");
                    let output = scales.last().map_or(c.matrix("x").to_owned(), |scale| &c.matrix("x") * *scale + 1.0);
                    called(output, forwards(scales.len()))
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
            [array![[1.0, -0.5]], draw::matrix(draw, (1, 2), 3.0)]
                .map(|d_out| {
                    layers_that_scale(array![2.0, 3.0, 5.0]).with("x", array![[1.0, 2.0]]).with("d_out", d_out)
                })
                .to_vec()
        })
        .expects(|c| gone_back(30.0, &[3, 2, 1], c))
        .mistake(
            "layers_not_reversed",
            "The layers are called in the order of the forward pass. The gradient begins at the output, so the last \
             layer comes first: `iter_mut().rev()`. The shapes agree here only because all layers have the same \
             width.",
            |c| gone_back(30.0, &[1, 2, 3], c),
        )
        .mistake(
            "every_layer_gets_d_out",
            "Every layer gets the network's `d_out`. A layer needs the gradient with respect to *its* output, which \
             is the result of the layer after it.",
            |c| gone_back(2.0, &[3, 2, 1], c),
        )
        .mistake(
            "last_layer_skipped_on_the_way_back",
            "The last layer is left out in the backward pass, so its slope is missing in the gradients of all layers \
             before it.",
            |c| gone_back(6.0, &[2, 1], c),
        )
        .mistake(
            "first_layer_skipped_on_the_way_back",
            "The first layer is left out in the backward pass. Its result is seldom needed, but the call computes the \
             gradients of its parameters.",
            |c| gone_back(15.0, &[3, 2], c),
        )
        .mistake(
            "d_out_returned",
            "All layers are called, but `d_out` is returned. Return the result of the first layer: the gradient with \
             respect to the network's input.",
            |c| gone_back(1.0, &[3, 2, 1], c),
        ),
        Check::new("network_parameters", "sequential", "parameters lists those of all layers, first to last", 1)
            .about("Sequential::parameters")
            .on(|draw| vec![given(draw, "Given, Given, Scale")])
            .expects(|c| values(&pieces(c)))
            .mistake(
                "parameters_reversed",
                "The parameters of the last layer come first. Use the order of the layers, first to last.",
                |c| values(&pieces(c).into_iter().rev().collect::<Vec<_>>()),
            )
            .mistake(
                "parameters_of_one_layer",
                "Only the first layer's parameters are listed. `flat_map` makes one list of the lists of all layers.",
                |c| values(&pieces(c)[..1]),
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
        .expects(|c| {
            let pieces = pieces(c);
            let signals = signals(&pieces, &c.matrix("x"));
            let (d_x, gradients) = gradients(&pieces, &signals, c.matrix("d_out").to_owned());
            let record = Record::new().with("output", signals[pieces.len()].clone()).with("d_x", d_x);
            (1..)
                .zip(numbers(&gradients))
                .fold(record, |record, (number, gradient)| record.with(&format!("gradient {number}"), gradient))
        })
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
            .expects(|c| c.counts("sizes").windows(2).map(|pair| pair[0] * pair[1] + pair[1]).sum::<usize>())
            .mistake(
                "arrays_counted",
                "This is the number of arrays. Count the numbers in them: `value.len()` is the count for one array.",
                |c| 2 * (c.counts("sizes").len() - 1),
            )
            .mistake("biases_not_counted", "Only the weights are counted. The biases are learned, too.", |c| {
                c.counts("sizes").windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>()
            }),
    ]
}

fn training() -> Vec<Check> {
    let moved = |c: &Record, factor: &dyn Fn(usize, &ArrayD<f64>) -> f64| {
        let gradients: Vec<Piece> = [1, 2].map(|number| linear_piece(c, "d_", number)).to_vec();
        let moved = numbers(&pieces(c)).into_iter().zip(numbers(&gradients)).enumerate();
        listed(moved.map(|(i, (value, gradient))| value - factor(i, &gradient) * gradient).collect())
    };
    vec![
        Check::new("step", "training", "step moves every parameter down its gradient", 2)
            .after("network_parameters")
            .on(|draw| [0.1, 0.25].map(|rate| given(draw, "Given, Given").with("learning_rate", rate)).to_vec())
            .expects(move |c| moved(c, &|_, _| c.float("learning_rate")))
            .mistake(
                "biases_stand_still",
                "The weights move, the biases do not. A step is for all parameters, whatever their shape.",
                move |c| moved(c, &|_, gradient| if gradient.ndim() == 1 { 0.0 } else { c.float("learning_rate") }),
            )
            .mistake(
                "only_the_first_layer_moves",
                "Only the first layer moves. All of them have gradients.",
                move |c| moved(c, &|number, _| if number > 1 { 0.0 } else { c.float("learning_rate") }),
            )
            .mistake(
                "nothing_moves",
                "The parameters have not changed: a copy was changed. `value` is a view into the layer; change the \
                 view itself, with `scaled_add` or `-=`.",
                move |c| moved(c, &|_, _| 0.0),
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
            .expects(|c| trained(c, Training::default()))
            .mistake(
                "loss_after_the_step",
                "The losses are those after each step. Return the one *before* the step: it belongs to the output \
                 from which the gradient was computed, and needs no second forward pass.",
                |c| trained(c, Training { loss_after: true, ..Training::default() }),
            )
            .mistake(
                "no_step_taken",
                "The parameters, and so the loss, have not changed. You need both `backward`, which stores the \
                 gradients in the layers, and `step`, which uses them.",
                |c| trained(c, Training { rate: 0.0, ..Training::default() }),
            )
            .mistake(
                "step_before_backward",
                "The step is taken before the backward pass, with gradients that are 0 at first, and later those of \
                 the previous batch. First `backward`, then `step`.",
                |c| trained(c, Training { step_first: true, ..Training::default() }),
            )
            .mistake(
                "output_and_target_swapped",
                "Output and target are swapped. That changes the sign of the gradient of a squared error, and the \
                 value of other losses: `loss.value(&output, y)`.",
                |c| trained(c, Training { swapped: true, ..Training::default() }),
            )
            .mistake(
                "gradient_not_of_the_loss",
                "The backward pass begins with output minus target, whatever the loss is. Use the gradient of the \
                 loss: `loss.gradient(&output, y)`.",
                |c| trained(c, Training { plain_error: true, ..Training::default() }),
            )
            .mistake(
                "averaged_once_more",
                "The gradient is divided by the number of samples again. The loss divides already.",
                |c| trained(c, Training { rate: 1.0 / n(c), ..Training::default() }),
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
            .expects(|c| summary_of_sizes(c, 1, true))
            .on(sizes(vec![784, 256, 128, 10], "ReLU"))
            .shows(include_str!("snapshots/summary_for_digits.snap"))
            .mistake("layers_counted_from_zero", "The layers are counted from 0. Count them from 1.", |c| {
                summary_of_sizes(c, 0, true)
            })
            .mistake("total_missing", "The last line is missing: how many parameters there are in all.", |c| {
                summary_of_sizes(c, 1, false)
            }),
        Check::new("summary_of_a_deep_network", "summary", "summary keeps its columns where layers have two digits", 1)
            .asks("summary_of_sizes")
            .about("summary")
            .after("summary_for_digits")
            .expects(|c| summary_of_sizes(c, 1, true))
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
                let n_in_and_out = |number| c.matrix(&format!("weights {number}")).dim();
                let line = |number: usize, text: &str, count: usize| format!("{number:>2}  {text:<20}{count:>10}\n");
                let linear = |number: usize| {
                    let (n_in, n_out) = n_in_and_out(number);
                    (format!("Linear {n_in} -> {n_out}"), (n_in + 1) * n_out)
                };
                let [(first, one), (last, two)] = [linear(1), linear(4)];
                let lines = [line(1, &first, one), line(2, "Tanh", 0), line(3, "Scale by 3", 1), line(4, &last, two)];
                lines.concat() + &format!("{:>34}", one + 1 + two)
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
            }),
        Check::new("mlp_draws", "mlp", "mlp draws all weights from the generator that it is given", 1)
            .about("mlp")
            .after("mlp")
            .after("new_linear")
            .on(|draw| {
                let sizes = vec![40_usize, 40, 40 + draw::count(draw, 20)];
                let seed = draw::count(draw, 1000);
                vec![Record::new().with("sizes", sizes).with("activation", "Tanh").with("seed", seed)]
            })
            .demands(|c, seen| {
                let sizes = c.counts("sizes");
                if seen.matrix("weights of the second layer").dim() != (sizes[1], sizes[2]) {
                    return Err("The layers do not have the sizes that were asked for.".to_owned());
                }
                let names = ["weights of the first layer", "weights of the second layer", "weights of another mlp"];
                let [first, second, another] = names.map(|name| seen.matrix(name));
                match names.iter().find(|name| (seen.matrix(name).std(0.0) / 0.05_f64.sqrt() - 1.0).abs() > 0.1) {
                    Some(name) => Err(format!("The {name} are not spread as `Linear::new` draws them.")),
                    None if first == second => Err("Two layers have the same weights.".to_owned()),
                    None if first == another => {
                        Err("Two networks from one generator have the same weights.".to_owned())
                    }
                    None => Ok(()),
                }
            })
            .mistake_if(
                "generator_of_its_own",
                "Every network begins with the same weights: the generator that is passed in is not used. Draw the \
                 weights from it.",
                |_, seen| seen.matrix("weights of the first layer") == seen.matrix("weights of another mlp"),
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
                let example = Record::new()
                    .with("x", array![[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]])
                    .with("d_out", array![[1.0, 0.0, 0.0], [0.0, 3.0, -1.5]]);
                [example, Record::new().with("x", x).with("d_out", d_out)]
                    .map(|case| {
                        Record::new()
                            .with("layer", "Softmax")
                            .with("x", case.matrix("x").to_owned())
                            .with("d_out", case.matrix("d_out").to_owned())
                    })
                    .to_vec()
            })
            .expects(|c| {
                Record::new()
                    .with("output", softmax(&c.matrix("x")))
                    .with("d_x", softmax_backward(&c.matrix("x"), &c.matrix("d_out")))
            })
            .mistake(
                "softmax_passes_the_gradient_on",
                "The gradient is passed back unchanged. That is right only if softmax and cross-entropy are combined. \
                 A separate softmax layer needs its own slope.",
                |c| softmax_and_back(c, |_, d, k| d[k]),
            )
            .mistake(
                "only_the_own_score",
                "Only the slope of each probability along its own score is used, p(1 - p). It depends on all scores \
                 of its row: if one rises, the others fall.",
                |c| softmax_and_back(c, |p, d, k| d[k] * p[k] * (1.0 - p[k])),
            )
            .mistake(
                "plain_mean_subtracted",
                "The mean of the row of `d_out` is subtracted. Subtract the mean weighted by the probabilities: Σ \
                 d·p.",
                |c| softmax_and_back(c, |p, d, k| p[k] * (d[k] - d.mean().unwrap_or(0.0))),
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
            .expects(|c| softmax(&c.matrix("x")))
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
    vec![example, linear_case(draw, 2, 3, 3), linear_case(draw, 4, 3, 2)]
}

fn linear_case(draw: &mut probe::Generator, samples: usize, n_in: usize, n_out: usize) -> Record {
    Record::new()
        .with("layer", "Linear")
        .with("weights", draw::matrix(draw, (n_in, n_out), 1.0))
        .with("biases", draw::vector(draw, n_out, 1.0))
        .with("x", draw::matrix(draw, (samples, n_in), 2.0))
        .with("d_out", draw::matrix(draw, (samples, n_out), 2.0))
}

fn dw(c: &Record) -> Array2<f64> {
    c.matrix("x").t().dot(&c.matrix("d_out"))
}

fn db(c: &Record) -> Array1<f64> {
    c.matrix("d_out").sum_axis(Axis(0))
}

/// How many samples a case has.
fn n(c: &Record) -> f64 {
    c.matrix("x").nrows() as f64
}

/// The parameters of a linear layer with something added to each.
fn raised(c: &Record, weights: f64, biases: f64) -> Record {
    Record::new()
        .with("weights raised by 1", &c.matrix("weights") + weights)
        .with("biases raised by 1", &c.vector("biases") + biases)
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

fn deviates_by(seen: &Record, std_dev: f64) -> bool {
    (seen.matrix("weights").std(0.0) / std_dev - 1.0).abs() < 0.03
}

/// What an activation puts out, and what it passes back, given input, output and gradient of each entry.
fn activation(c: &Record, back: impl Fn(f64, f64, f64) -> f64) -> Record {
    let z = c.matrix("x");
    let a = z.mapv(|z| value(c.text("layer"), z));
    let d_x = Array2::from_shape_fn(z.dim(), |at| back(z[at], a[at], c.matrix("d_out")[at]));
    Record::new().with("output", a).with("d_x", d_x)
}

/// An activation at `z`.
fn value(name: &str, z: f64) -> f64 {
    match name {
        "ReLU" => z.max(0.0),
        "Sigmoid" => 1.0 / (1.0 + (-z).exp()),
        "Tanh" => z.tanh(),
        other => panic!("no activation is called `{other}`"),
    }
}

/// The slope of an activation at `z`.
fn slope(name: &str, z: f64) -> f64 {
    match name {
        "ReLU" => f64::from(u8::from(z > 0.0)),
        "Sigmoid" => value(name, z) * value(name, -z),
        // 1 / cosh²
        "Tanh" => z.cosh().powi(-2),
        other => panic!("no activation is called `{other}`"),
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

/// What can be wrong with what a layer keeps.
#[derive(Clone, Copy, Default)]
struct Passes {
    first_batch_kept: bool,
    shared: bool,
    used_up: bool,
    accumulate: bool,
}

/// What comes of the passes of a case.
fn passed(c: &Record, faults: Passes) -> Prediction {
    let mut kept: Option<Array2<f64>> = None;
    let (mut record, mut number) = (Record::new(), 0);
    for pass in c.text("passes").split(", ") {
        match pass {
            "forward(x)" => kept = Some(c.matrix("x").to_owned()),
            "forward(x2)" if !faults.first_batch_kept => kept = Some(c.matrix("x2").to_owned()),
            "another layer's forward(x2)" if faults.shared => kept = Some(c.matrix("x2").to_owned()),
            "backward(d_out)" => {
                number += 1;
                let Some(x) = &kept else { return Prediction::Panics };
                let d_out = c.matrix("d_out");
                if c.text("layer") == "Linear" {
                    let times = if faults.accumulate { f64::from(number) } else { 1.0 };
                    record = record
                        .with(&format!("d_x {number}"), d_out.dot(&c.matrix("weights").t()))
                        .with(&format!("d_weights {number}"), times * x.t().dot(&d_out))
                        .with(&format!("d_biases {number}"), times * db(c));
                } else {
                    let d_x = match c.text("layer") {
                        "Softmax" => softmax_backward(x, &d_out),
                        name => x.mapv(|z| slope(name, z)) * d_out,
                    };
                    record = record.with(&format!("d_x {number}"), d_x);
                }
                if faults.used_up {
                    kept = None;
                }
            }
            _ => {}
        }
    }
    record.into()
}

/// What is right about the passes of `layers`, and what is commonly wrong: a mistake may be in any of them alone.
fn pass_mistakes(check: Check, layers: &'static [&'static str]) -> Check {
    let check = check
        .expects(|c| passed(c, Passes::default()))
        .mistake_if(
            "first_batch_kept",
            "`backward` uses the *first* batch of the layer. It should use the batch of the last forward pass: every \
             forward pass has to replace the stored values.",
            |c, seen| {
                c.text("passes").starts_with("forward(x), forward(x2)")
                    && shows(c, seen, Passes { first_batch_kept: true, ..Passes::default() })
            },
        )
        .mistake_if(
            "cache_is_shared",
            "Two layers of the same type share their stored values: `backward` of the first uses the input of the \
             second. Store the values in a field of the layer.",
            |c, seen| {
                c.text("passes").contains("another") && shows(c, seen, Passes { shared: true, ..Passes::default() })
            },
        )
        .mistake_if(
            "backward_without_forward",
            "`backward` returns a result although there was no forward pass. Without a forward pass there is no \
             gradient: store an `Option`, and use `expect` with a clear message.",
            |c, _| c.text("passes") == "backward(d_out)",
        );
    layers.iter().fold(check, |check, layer| {
        check.mistake(
            "cache_is_used_up",
            "A second backward pass fails, as if `take` had removed the stored values. Borrow them with `as_ref` \
             instead.",
            move |c| passed(c, Passes { used_up: c.text("layer") == *layer, ..Passes::default() }),
        )
    })
}

/// Whether what was seen is what comes of these faults.
fn shows(c: &Record, seen: &Record, faults: Passes) -> bool {
    let Prediction::Is(wrong) = passed(c, faults) else { return false };
    let close = |name: &str| {
        let (Some(Value::Array { data: wrong, .. }), Some(Value::Array { data: seen, .. })) =
            (wrong.get(name), seen.get(name))
        else {
            return false;
        };
        wrong.len() == seen.len() && wrong.iter().zip(seen).all(|(wrong, seen)| (wrong - seen).abs() < 1e-9)
    };
    wrong.parts().all(|(name, _)| close(name))
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
            let shifted = (&output - output.aggregate(Aggregate::Max, Over::Row)).named("shifted");
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
        _ => {
            let exponentials = (&output - output.aggregate(Aggregate::Max, Over::Row)).exp().named("exponentials");
            let p = (&exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)).named("p");
            (p - target) / output.rows()
        }
    }
}

fn loss_is_too_small(c: &Record, seen: &Record) -> bool {
    seen.float("value") < 0.9 * computed(loss_of)(c).float("result")
}

/// Whether the probabilities are right, but the logarithm of one that is nearly 0 is infinite.
fn rounded_to_zero(c: &Record, seen: &Record) -> bool {
    let right = computed(loss_gradient_of)(c);
    !seen.float("value").is_finite() && seen.matrix("gradient").abs_diff_eq(&right.matrix("result"), 1e-9)
}

/// Softmax of each row as `1 / Σ_k e^(z_k - z_j)`: as safe as with the maximum.
fn softmax(z: &ArrayRef2<f64>) -> Array2<f64> {
    Array2::from_shape_fn(z.dim(), |(i, j)| 1.0 / z.row(i).iter().map(|other| (other - z[[i, j]]).exp()).sum::<f64>())
}

/// A softmax layer, and the gradient along score k of a row, given its probabilities and what has arrived.
fn softmax_and_back(c: &Record, back: impl Fn(&ArrayRef1<f64>, &ArrayRef1<f64>, usize) -> f64) -> Record {
    let (p, d_out) = (softmax(&c.matrix("x")), c.matrix("d_out"));
    let d_x = Array2::from_shape_fn(p.dim(), |(i, k)| back(&p.row(i), &d_out.row(i), k));
    Record::new().with("output", p).with("d_x", d_x)
}

/// What a softmax layer passes back: Σ_j d_j · dp_j/dz_k for each score k of a row.
fn softmax_backward(z: &ArrayRef2<f64>, d_out: &ArrayRef2<f64>) -> Array2<f64> {
    let p = softmax(z);
    Array2::from_shape_fn(p.dim(), |(i, k)| {
        (0..p.ncols()).map(|j| d_out[[i, j]] * p[[i, k]] * (delta(j, k) - p[[i, j]])).sum()
    })
}

fn delta(j: usize, k: usize) -> f64 {
    f64::from(u8::from(j == k))
}

fn layers_that_scale(scales: Array1<f64>) -> Record {
    Record::new().with("scales", scales).with("each layer computes", "scale · x + 1")
}

fn forwards(count: usize) -> String {
    (1..=count).map(|number| format!("forward {number}")).collect::<Vec<_>>().join(", ")
}

fn called(output: Array2<f64>, calls: String) -> Record {
    Record::new().with("output", output).with("calls", calls)
}

/// A backward pass through three layers that multiplies by `factor` and calls these layers.
fn gone_back(factor: f64, order: &[usize], c: &Record) -> Record {
    let backwards: String = order.iter().map(|number| format!(", backward {number}")).collect();
    Record::new().with("d_x", &c.matrix("d_out") * factor).with("calls", forwards(3) + &backwards)
}

/// A piece of a network, or the gradients of its parameters.
#[derive(Clone)]
enum Piece {
    Linear(Array2<f64>, Array1<f64>),
    Scale(f64),
    Activation(String),
}

/// The weights and biases of a case with this number, or with a prefix their gradients.
fn linear_piece(c: &Record, prefix: &str, number: usize) -> Piece {
    Piece::Linear(
        c.matrix(&format!("{prefix}weights {number}")).to_owned(),
        c.vector(&format!("{prefix}biases {number}")).to_owned(),
    )
}

/// The network of a case.
fn pieces(c: &Record) -> Vec<Piece> {
    let part = |name: &str, number: usize| format!("{name} {number}");
    (1..)
        .zip(c.text("network").split(", "))
        .map(|(number, name)| match name {
            "Linear" | "Given" => linear_piece(c, "", number),
            "Scale" => Piece::Scale(c.float(&part("scale", number))),
            name => Piece::Activation(name.to_owned()),
        })
        .collect()
}

/// The input of a network, and what comes out of each of its pieces.
fn signals(pieces: &[Piece], x: &ArrayRef2<f64>) -> Vec<Array2<f64>> {
    let mut signals = vec![x.to_owned()];
    for piece in pieces {
        let x = &signals[signals.len() - 1];
        signals.push(match piece {
            Piece::Linear(weights, biases) => x.dot(weights) + biases,
            Piece::Scale(scale) => x * *scale + 1.0,
            Piece::Activation(name) => x.mapv(|z| value(name, z)),
        });
    }
    signals
}

/// The gradient along the input of a network, and those of all its pieces, given the one along its output.
fn gradients(pieces: &[Piece], signals: &[Array2<f64>], d_out: Array2<f64>) -> (Array2<f64>, Vec<Piece>) {
    let mut d = d_out;
    let mut gradients: Vec<Piece> = pieces
        .iter()
        .zip(signals)
        .rev()
        .map(|(piece, x)| {
            let (gradient, d_x) = match piece {
                Piece::Linear(weights, _) => (Piece::Linear(x.t().dot(&d), d.sum_axis(Axis(0))), d.dot(&weights.t())),
                Piece::Scale(scale) => (Piece::Scale((x * &d).sum()), &d * *scale),
                Piece::Activation(name) => (piece.clone(), &d * &x.mapv(|z| slope(name, z))),
            };
            d = d_x;
            gradient
        })
        .collect();
    gradients.reverse();
    (d, gradients)
}

/// The parameters of some pieces, or their gradients, in order.
fn numbers(pieces: &[Piece]) -> Vec<ArrayD<f64>> {
    let of = |piece: &Piece| match piece {
        Piece::Linear(weights, biases) => vec![weights.clone().into_dyn(), biases.clone().into_dyn()],
        Piece::Scale(scale) => vec![array![*scale].into_dyn()],
        Piece::Activation(_) => Vec::new(),
    };
    pieces.iter().flat_map(of).collect()
}

fn values(pieces: &[Piece]) -> Record {
    listed(numbers(pieces))
}

fn listed(numbers: Vec<ArrayD<f64>>) -> Record {
    let record = Record::new().with("how many", numbers.len());
    (1..).zip(numbers).fold(record, |record, (number, value)| record.with(&format!("parameter {number}"), value))
}

/// What can be wrong with a training step.
#[derive(Clone, Copy)]
struct Training {
    loss_after: bool,
    step_first: bool,
    swapped: bool,
    plain_error: bool,
    /// What the learning rate is multiplied by.
    rate: f64,
}

impl Default for Training {
    fn default() -> Self {
        Self { loss_after: false, step_first: false, swapped: false, plain_error: false, rate: 1.0 }
    }
}

/// The losses of a training, and the parameters that it ends with.
fn trained(c: &Record, faults: Training) -> Record {
    let mut pieces = pieces(c);
    let mut known: Option<Vec<Piece>> = None;
    let mut losses = Vec::new();
    for _ in 0..c.count("steps") {
        let signals_before = signals(&pieces, &c.matrix("x"));
        let output = &signals_before[pieces.len()];
        let (loss, d_out) = loss_and_gradient(c, output, faults);
        let (_, gradients) = gradients(&pieces, &signals_before, d_out);
        let used = if faults.step_first { known.replace(gradients) } else { Some(gradients) };
        let rate = c.float("learning_rate") * faults.rate;
        for (piece, gradient) in pieces.iter_mut().zip(used.unwrap_or_default()) {
            match (piece, gradient) {
                (Piece::Linear(weights, biases), Piece::Linear(dw, db)) => {
                    weights.scaled_add(-rate, &dw);
                    biases.scaled_add(-rate, &db);
                }
                (Piece::Scale(scale), Piece::Scale(d)) => *scale -= rate * d,
                _ => {}
            }
        }
        let after = &signals(&pieces, &c.matrix("x"))[pieces.len()];
        losses.push(if faults.loss_after { loss_and_gradient(c, after, faults).0 } else { loss });
    }
    values(&pieces).with("losses", Array1::from(losses))
}

fn loss_and_gradient(c: &Record, output: &Array2<f64>, faults: Training) -> (f64, Array2<f64>) {
    let (mut output, mut target) = (output.clone(), c.matrix("target").to_owned());
    if faults.swapped {
        (output, target) = (target, output);
    }
    let error = &output - &target;
    let (value, gradient) = match c.text("loss") {
        "sum of cubes" => (error.mapv(|e| e.powi(3)).sum(), error.mapv(|e| 3.0 * e * e)),
        _ => (error.mapv(|e| e * e).sum(), &error * 2.0),
    };
    (value, if faults.plain_error { error } else { gradient })
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
type Behind = fn(usize, usize, &'static str) -> Option<&'static str>;

fn between(layer: usize, count: usize, name: &'static str) -> Option<&'static str> {
    (layer + 1 < count).then_some(name)
}

/// The shapes of an mlp, and its output for parameters that are the sines of their places.
fn mlp_with(c: &Record, behind: Behind) -> Record {
    let sizes = c.counts("sizes");
    let name = match c.text("activation") {
        "Relu" => "ReLU",
        "Sigmoid" => "Sigmoid",
        _ => "Tanh",
    };
    let sine = |index: usize, number: usize| ((index * number) as f64).sin();
    let mut pieces = Vec::new();
    let mut shapes = Vec::new();
    for (layer, pair) in sizes.windows(2).enumerate() {
        let number = 2 * layer + 1;
        shapes.extend([format!("[{}, {}]", pair[0], pair[1]), format!("[{}]", pair[1])]);
        pieces.push(Piece::Linear(
            Array2::from_shape_fn((pair[0], pair[1]), |(i, j)| sine(i * pair[1] + j + 1, number)),
            Array1::from_shape_fn(pair[1], |j| sine(j + 1, number + 1)),
        ));
        pieces.extend(behind(layer, sizes.len() - 1, name).map(|name| Piece::Activation(name.to_owned())));
    }
    let output = signals(&pieces, &c.matrix("x"))[pieces.len()].clone();
    Record::new().with("shapes", shapes.join(" ")).with("output", output)
}

/// The summary of linear layers with ReLUs between them.
fn summary_of_sizes(c: &Record, first: usize, total: bool) -> String {
    let sizes = c.counts("sizes");
    let mut layers = Vec::new();
    for pair in sizes.windows(2) {
        layers.push((format!("Linear {} -> {}", pair[0], pair[1]), (pair[0] + 1) * pair[1]));
        layers.push((c.text("between").to_owned(), 0));
    }
    layers.pop();
    let sum: usize = layers.iter().map(|(_, count)| count).sum();
    let mut lines: Vec<String> =
        (first..).zip(layers).map(|(number, (text, count))| format!("{number:>2}  {text:<20}{count:>10}")).collect();
    if total {
        lines.push(format!("{sum:>34}"));
    }
    lines.join("\n")
}
