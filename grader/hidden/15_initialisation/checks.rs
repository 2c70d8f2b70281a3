//! What is right in exercise 15, and what is commonly got wrong.
//!
//! What a rule says is asked for as a number. What is drawn can only be measured: with 9,600 weights or more, a
//! standard deviation is known to 1 %, and the checks allow 6 %, which a right solution leaves with a probability below
//! 1e-8.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = rules();
    checks.extend(drawing());
    checks.extend(networks());
    checks.extend(signals());
    checks.extend(saturation());
    checks.extend(rescaling());
    checks
}

fn rules() -> Vec<Check> {
    vec![
        Check::new("std_of", "std_of", "std_of is the root of the variance that each rule gives", 3)
            .on(|draw| {
                let (n_in, n_out) = (draw::size(draw, 200, 400), draw::size(draw, 20, 100));
                let number = 0.01 * draw::size(draw, 1, 99) as f64;
                let mut cases: Vec<Record> = INITS.map(|init| layer(init, number, n_in, n_out)).to_vec();
                cases.extend(INITS.map(|init| layer(init, 0.5, 8, 24)));
                cases
            })
            .computes(|f| {
                let (n_in, n_out) = (f.input("n_in").real(), f.input("n_out").real());
                let both = (&n_in + n_out).named("n_in + n_out");
                match f.case().text("init") {
                    "Normal" => f.input("number"),
                    "XavierNormal" | "XavierUniform" => (2.0 / both).sqrt(),
                    "HeNormal" | "HeUniform" => (2.0 / n_in).sqrt(),
                    _ => f.number(0.0),
                }
            })
            .mistake("variance_for_deviation", VARIANCE_FOR_DEVIATION, |c| match c.text("init") {
                "Normal" => c.float("number"),
                _ => variance(c, |n_in, n_out| 2.0 / (n_in + n_out), |n_in, _| 2.0 / n_in),
            })
            .mistake(
                "outputs_counted",
                "He's rule is taken with n_out, the number of outputs. A neuron adds up one product for each of its \
                 *inputs*: the variance is 2 / n_in.",
                |c| variance(c, |n_in, n_out| 2.0 / (n_in + n_out), |_, n_out| 2.0 / n_out).sqrt(),
            )
            .mistake(
                "xavier_without_outputs",
                "Xavier's rule is taken with n_in alone. It is a compromise between the forward pass, which needs 1 / \
                 n_in, and the backward pass, which needs 1 / n_out: the variance is 2 / (n_in + n_out).",
                |c| variance(c, |n_in, _| 1.0 / n_in, |n_in, _| 2.0 / n_in).sqrt(),
            )
            .mistake(
                "one_for_two",
                "He's variance is 2 / n_in, and here it is 1 / n_in. A ReLU sets half of the signal to 0; the factor \
                 of 2 makes up for that.",
                |c| variance(c, |n_in, n_out| 2.0 / (n_in + n_out), |n_in, _| 1.0 / n_in).sqrt(),
            )
            .mistake(
                "xavier_and_he_swapped",
                "Xavier's rule and He's are swapped. Xavier's counts inputs and outputs, 2 / (n_in + n_out); He's \
                 counts the inputs alone, 2 / n_in.",
                |c| variance(c, |n_in, _| 2.0 / n_in, |n_in, n_out| 2.0 / (n_in + n_out)).sqrt(),
            )
            .mistake(
                "bound_for_deviation",
                "The uniform rules give the bound b here. The function should return the standard deviation, which \
                 does not depend on the kind of distribution: `uniform_bound` turns it into b.",
                |c| {
                    let stretch = if c.text("init").ends_with("Uniform") { 3.0_f64.sqrt() } else { 1.0 };
                    stretch * variance(c, |n_in, n_out| 2.0 / (n_in + n_out), |n_in, _| 2.0 / n_in).sqrt()
                },
            )
            .mistake(
                "constant_has_a_deviation",
                "`Constant` gives its number as a standard deviation. Weights that are all equal do not deviate from \
                 their mean: their standard deviation is 0.",
                |c| match c.text("init") {
                    "Constant" => c.float("number"),
                    _ => variance(c, |n_in, n_out| 2.0 / (n_in + n_out), |n_in, _| 2.0 / n_in).sqrt(),
                },
            ),
        Check::new("uniform_bound", "uniform_bound", "uniform_bound is √3 times the standard deviation", 1)
            .on(|draw| {
                let drawn = 0.01 * draw::size(draw, 1, 500) as f64;
                [1.0, 0.5, drawn].map(|std| Record::new().with("std", std)).to_vec()
            })
            .computes(|f| f.number(3.0).sqrt() * f.input("std")),
    ]
}

const VARIANCE_FOR_DEVIATION: &str = "\
    This is the variance. The rules give variances, and the standard deviation is the root of it: with n_in = 8, He's \
    variance is 0.25 and the standard deviation is 0.5.";

fn drawing() -> Vec<Check> {
    let cases = |inits: &'static [&'static str]| {
        move |draw: &mut probe::Generator| {
            let mut cases = Vec::new();
            for init in inits {
                let (n_in, n_out) = (draw::size(draw, 200, 300), draw::size(draw, 60, 90));
                let number = 0.1 * draw::size(draw, 2, 9) as f64;
                cases.push(layer(init, number, n_in, n_out).with("seed", draw::size(draw, 1, 1000)));
            }
            cases
        }
    };
    vec![
        Check::new(
            "draw_constant",
            "draw_weights",
            "draw_weights fills a layer with 0, or with the number of Constant",
            1,
        )
        .asks("draw_weights")
        .on(cases(&["Zeros", "Constant"]))
        .expects(|c| {
            let weight = if c.text("init") == "Zeros" { 0.0 } else { c.float("number") };
            let w = Array2::from_elem((c.count("n_in"), c.count("n_out")), weight);
            Record::new().with("first", w.clone()).with("second", w)
        })
        .mistake("weights_transposed", WEIGHTS_TRANSPOSED, |c| {
            let weight = if c.text("init") == "Zeros" { 0.0 } else { c.float("number") };
            let w = Array2::from_elem((c.count("n_out"), c.count("n_in")), weight);
            Record::new().with("first", w.clone()).with("second", w)
        }),
        drawn("draw_normal", "draw_weights draws from the normal distribution of each rule", cases(&NORMAL)),
        drawn("draw_uniform", "draw_weights draws from the uniform distribution of each rule", cases(&UNIFORM))
            .after("uniform_bound")
            .mistake_if(
                "deviation_as_bound",
                "All numbers lie between -std and std. This range is too narrow: its ends are at b = √3 · std, which \
                 `uniform_bound` gives.",
                |c, seen| {
                    let most = largest(&seen.matrix("first"));
                    most <= std(c) * 1.000_001 && most > 0.98 * std(c)
                },
            )
            .mistake_if("only_positive", "No weight is negative. The range goes from -b to b.", |_, seen| {
                seen.matrix("first").iter().all(|w| *w >= 0.0) && largest(&seen.matrix("first")) > 0.0
            })
            .mistake_if(
                "normal_for_uniform",
                "Some weights lie beyond b = √3 · std, as those of a normal distribution do. Uniform numbers stay \
                 between -b and b.",
                |c, seen| {
                    let w = seen.matrix("first");
                    right_spread(c, seen) && share_beyond(&w, 3.0_f64.sqrt() * std(c)) > 0.05
                },
            ),
    ]
}

const NORMAL: [&str; 3] = ["Normal", "XavierNormal", "HeNormal"];
const UNIFORM: [&str; 2] = ["XavierUniform", "HeUniform"];

const WEIGHTS_TRANSPOSED: &str = "\
    The weights have the shape (n_out, n_in). Rows are inputs and columns are neurons: (n_in, n_out).";

/// A check of random weights, with the mistakes that show in either distribution.
fn drawn(
    id: &'static str,
    title: &'static str,
    cases: impl Fn(&mut probe::Generator) -> Vec<Record> + Send + Sync + 'static,
) -> Check {
    Check::new(id, "draw_weights", title, 2)
        .asks("draw_weights")
        .after("std_of")
        .on(cases)
        .demands(well_drawn)
        .mistake_if("weights_transposed", WEIGHTS_TRANSPOSED, |c, seen| {
            let (n_in, n_out) = (c.count("n_in"), c.count("n_out"));
            seen.matrix("first").dim() == (n_out, n_in)
        })
        .mistake_if(
            "one_row_repeated",
            "The same row, or the same number, is used again and again: draw a new number for every weight.",
            |_, seen| {
                let w = seen.matrix("first");
                w.nrows() > 1 && w.rows().into_iter().all(|row| row == w.row(0)) && w.iter().any(|w| *w != 0.0)
            },
        )
        .mistake_if(
            "generator_of_its_own",
            "Two layers in a row have the same weights: the numbers do not come from `rng`, or it is copied and starts \
             again each time.",
            |_, seen| seen.matrix("first") == seen.matrix("second") && spread(&seen.matrix("first")) > 0.0,
        )
        .mistake_if(
            "variance_as_deviation",
            "The weights are multiplied by the variance. A standard normal number is multiplied by the standard \
             deviation, which is its root: `std_of` gives it.",
            |c, seen| {
                let variance = std(c) * std(c);
                c.text("init") != "Normal" && (spread(&seen.matrix("first")) / variance - 1.0).abs() < 0.05
            },
        )
        .mistake_if(
            "not_scaled",
            "The weights have the standard deviation 1, as `StandardNormal` draws them: multiply each by `std_of(…)`.",
            |_, seen| (spread(&seen.matrix("first")) - 1.0).abs() < 0.03,
        )
}

/// What random weights have to be.
fn well_drawn(c: &Record, seen: &Record) -> Result<(), String> {
    let shape = (c.count("n_in"), c.count("n_out"));
    for name in ["first", "second"] {
        let w = seen.matrix(name);
        if w.dim() != shape {
            return Err(format!("The weights have the shape {:?}, not {shape:?}.", w.dim()));
        }
        let (right, got) = (std(c), spread(&w));
        if (got / right - 1.0).abs() > 0.06 {
            return Err(format!("The weights have the standard deviation {got:.4}, not {right:.4}."));
        }
        let (mean, bound) = (w.mean().unwrap_or(f64::NAN), 3.0_f64.sqrt() * right);
        // Seven standard deviations of the mean of so many numbers.
        if mean.abs() > 7.0 * right / (w.len() as f64).sqrt() {
            return Err(format!("The mean of the weights is {mean:.4}, where 0 belongs."));
        }
        let beyond = share_beyond(&w, bound);
        let is_uniform = c.text("init").ends_with("Uniform");
        // Of a normal distribution 8.3 % lies beyond √3 standard deviations, of a uniform one nothing.
        if is_uniform && beyond > 0.0 {
            return Err(format!("Some weights lie beyond b = {bound:.4}: the largest is {:.4}.", largest(&w)));
        }
        if !is_uniform && !(0.06..0.11).contains(&beyond) {
            return Err(format!(
                "Of a normal distribution 8 % of the weights lie farther than √3 standard deviations from 0; here it \
                 is {:.1} %.",
                100.0 * beyond
            ));
        }
        if w.rows().into_iter().skip(1).any(|row| row == w.row(0)) {
            return Err("Two rows of the weights are equal.".to_owned());
        }
    }
    if seen.matrix("first") == seen.matrix("second") {
        return Err("Two layers that are drawn one after the other have the same weights.".to_owned());
    }
    Ok(())
}

fn networks() -> Vec<Check> {
    vec![
        Check::new("build_layers", "build", "build puts the activation behind every linear layer but the last", 1)
            .asks("build")
            .after("std_of")
            .after("draw_constant")
            .on(net_cases)
            .expects(|c| Record::new().with("layers", layers(c, |between, last| (between, last)).join(", ")))
            .mistake(
                "activation_at_the_end",
                "There is an activation behind the last layer. The loss expects the scores as they are.",
                |c| Record::new().with("layers", layers(c, |between, _| (between, true)).join(", ")),
            )
            .mistake(
                "no_activations",
                "There is no activation. Any number of linear layers without activations is the same as one linear \
                 layer.",
                |c| Record::new().with("layers", layers(c, |_, _| (false, false)).join(", ")),
            ),
        Check::new("build_weights", "build", "every layer of build starts at its own scale, with biases of 0", 3)
            .asks("build")
            .after("draw_normal")
            .after("draw_uniform")
            .on(net_cases)
            .demands(well_built)
            .mistake_if(
                "biases_not_zero",
                "The biases do not start at 0. Random weights make the neurons different; biases only shift the \
                 signal.",
                |c, seen| {
                    (1..c.counts("sizes").len()).any(|n| seen.vector(&format!("biases{n}")).iter().any(|b| *b != 0.0))
                },
            )
            .mistake_if(
                "layers_alike",
                "Two layers of the same shape start with the same weights: draw the weights of each layer from the \
                 same `rng`, and not from a new generator with the same seed.",
                |c, seen| {
                    let n_layers = c.counts("sizes").len() - 1;
                    (2..=n_layers).any(|n| {
                        let [one, other] = [n - 1, n].map(|n| seen.matrix(&format!("weights{n}")).to_owned());
                        one == other && spread(&one) > 0.0
                    })
                },
            )
            .mistake_if(
                "scale_of_the_first_layer",
                "All layers start at the scale of the first one. n_in is the number of inputs of *this* layer, the \
                 neurons of the layer before.",
                |c, seen| {
                    let sizes = c.counts("sizes");
                    let first = std_for(c, sizes[0], sizes[1]);
                    let other = std_for(c, sizes[1], sizes[2]);
                    let got = spread(&seen.matrix("weights2"));
                    (got / first - 1.0).abs() < 0.05 && (first / other - 1.0).abs() > 0.2
                },
            ),
    ]
}

/// The layers as they describe themselves; `keep` says whether an activation stands between two, and at the end.
fn layers(c: &Record, keep: impl Fn(bool, bool) -> (bool, bool)) -> Vec<String> {
    let sizes = c.counts("sizes");
    let activation = if c.text("activation") == "Relu" { "ReLU" } else { c.text("activation") };
    let (between, last) = keep(true, false);
    let mut layers = Vec::new();
    for (n, pair) in sizes.windows(2).enumerate() {
        layers.push(format!("Linear {} -> {}", pair[0], pair[1]));
        let is_last = n + 2 == sizes.len();
        if if is_last { last } else { between } {
            layers.push(activation.to_owned());
        }
    }
    layers
}

fn net_cases(draw: &mut probe::Generator) -> Vec<Record> {
    let width = draw::size(draw, 60, 90);
    let wide = draw::size(draw, 250, 300);
    [("HeNormal", "Relu"), ("XavierUniform", "Tanh"), ("XavierNormal", "Sigmoid")]
        .map(|(init, activation)| {
            Record::new()
                .with("sizes", vec![wide, width, width, width, 50])
                .with("activation", activation)
                .with("init", init)
                .with("number", 0.0)
                .with("seed", draw::size(draw, 1, 1000))
        })
        .to_vec()
}

fn well_built(c: &Record, seen: &Record) -> Result<(), String> {
    let sizes = c.counts("sizes");
    for (n, pair) in (1..).zip(sizes.windows(2)) {
        let (w, b) = (seen.matrix(&format!("weights{n}")), seen.vector(&format!("biases{n}")));
        if w.dim() != (pair[0], pair[1]) || b.len() != pair[1] {
            return Err(format!("Layer {n} has weights of the shape {:?} and {} biases.", w.dim(), b.len()));
        }
        if let Some(bias) = b.iter().find(|bias| **bias != 0.0) {
            return Err(format!("A bias of layer {n} starts at {bias:.4}; all start at 0."));
        }
        let (right, got) = (std_for(c, pair[0], pair[1]), spread(&w));
        // The smallest layer has 3,000 weights.
        if (got / right - 1.0).abs() > 0.1 {
            return Err(format!("The weights of layer {n} have the standard deviation {got:.4}, not {right:.4}."));
        }
    }
    if seen.matrix("weights2") == seen.matrix("weights3") {
        return Err("Layers 2 and 3 start with the same weights.".to_owned());
    }
    if seen.matrix("weights2").rows().into_iter().skip(1).any(|row| row == seen.matrix("weights2").row(0)) {
        return Err("Two rows of the weights of layer 2 are equal.".to_owned());
    }
    Ok(())
}

fn signals() -> Vec<Check> {
    vec![
        Check::new("scale", "scale", "scale is the root of the mean of the squares", 1)
            .on(|draw| {
                vec![
                    Record::new().with("a", array![[3.0, 4.0]]),
                    Record::new().with("a", draw::matrix(draw, (3, 4), 2.0) + 1.5),
                ]
            })
            .computes(|f| scale_of(&f.input("a")))
            .mistake("mean_taken_out", MEAN_TAKEN_OUT, |c| spread(&c.matrix("a")))
            .mistake(
                "mean_size",
                "This is the mean of |a|. Squares come first here, then the mean, then the root.",
                |c| mean_size(&c.matrix("a")),
            ),
        Check::new(
            "activation_scales",
            "activation_scales",
            "activation_scales has one number for each layer's output",
            3,
        )
        .after("scale")
        .on(stacks)
        .computes(|f| {
            let mut a = f.input("x");
            let scales = WEIGHTS.map(|w| {
                let z = a.dot(&f.input(w)).named("Z");
                a = activated(f, &z).named("A");
                scale_of(&a)
            });
            f.vector(&scales)
        })
        .or_follows(|c, seen| {
            by_own_scale(c, seen, |scale| outputs(c).iter().map(|a| scale(a)).collect::<Array1<f64>>())
        })
        .mistake(
            "scales_before_activation",
            "These are the scales of Z = A·W. The function should measure the output of each layer: A = f(Z).",
            |c| scales(sums(c)),
        )
        .mistake(
            "input_counted",
            "The first number is the scale of the input. The list begins with the output of the first layer, and \
                 has one number for each layer.",
            |c| {
                let mut all = vec![c.matrix("x").to_owned()];
                all.extend(outputs(c));
                scales(all)
            },
        )
        .mistake(
            "last_layer_left_linear",
            "The last number is that of Z: here the activation stands behind the last layer as well.",
            |c| {
                let mut all = outputs(c);
                all.pop();
                all.extend(sums(c).pop());
                scales(all)
            },
        ),
        Check::new("gradient_scales", "gradient_scales", "gradient_scales has the scale of dZ of each layer", 4)
            .after("scale")
            .on(stacks)
            .computes(|f| {
                let mut d_a = f.input("d_out").named("dA");
                let mut scales = Vec::new();
                for (w, a) in WEIGHTS.into_iter().zip(passed(f)).rev() {
                    let d_z = (&d_a * slope_at(f, &a).named("f'(Z)")).named("dZ");
                    scales.push(scale_of(&d_z));
                    d_a = d_z.dot(&f.input(w).t()).named("dA");
                }
                scales.reverse();
                f.vector(&scales)
            })
            .or_follows(|c, seen| {
                by_own_scale(c, seen, |scale| gradients(c, true).iter().map(|d_z| scale(d_z)).collect::<Array1<f64>>())
            })
            .mistake(
                "last_layer_first",
                "The numbers are right, but in the order of the backward pass. The first layer comes first in the \
                 list: reverse it.",
                |c| Array1::from(backwards(c, true, true).iter().rev().copied().collect::<Vec<_>>()),
            )
            .mistake(
                "gradient_of_the_output",
                "These are the scales of dA, the gradients with respect to the output of each layer. The function \
                 should measure dZ, in front of the activation: dA times f'(Z).",
                |c| backwards(c, true, false),
            )
            .mistake(
                "gradient_of_the_input",
                "These are the scales of the gradients with respect to the *input* of each layer, dZ·Wᵀ: one matrix \
                 too far.",
                |c| {
                    let w = weights(c);
                    let d_z = gradients(c, true);
                    Array1::from(d_z.iter().zip(&w).map(|(d_z, w)| rms(&d_z.dot(&w.t()))).collect::<Vec<_>>())
                },
            )
            .mistake(
                "gradient_of_the_weights",
                "These are the scales of dW. The function should measure dZ, the gradient with respect to Z = A·W of \
                 each layer.",
                |c| {
                    let mut inputs = vec![c.matrix("x").to_owned()];
                    inputs.extend(outputs(c));
                    let d_w = gradients(c, true).into_iter().zip(inputs).map(|(d_z, a)| rms(&a.t().dot(&d_z)));
                    Array1::from(d_w.collect::<Vec<_>>())
                },
            ),
    ]
}

const MEAN_TAKEN_OUT: &str = "\
    This is the standard deviation: the mean is subtracted first. It agrees with the scale only where the mean is 0, \
    and the outputs of a ReLU or a sigmoid have another mean.";

const CLOSE_TO_THE_END: &str = "\
    It looks as if the output is compared with 0.99 in place of the slope. tanh' = 1 - a² is still 0.02 at a = 0.99, \
    twice the limit: compute the slope from a.";

fn saturation() -> Vec<Check> {
    vec![
        Check::new("saturation", "saturation", "saturation is the fraction of entries whose slope is close to 0", 2)
            .on(|draw| {
                let near = 0.9 + 0.0001 * draw::size(draw, 1, 999) as f64;
                let tanh = array![[0.992, -0.9925, 0.996, -0.997], [0.5, near, 0.0, -0.9999]];
                let sigmoid = array![[0.001, 0.999, 0.004, 0.996], [0.5, near, 0.002, 0.9995]];
                let relu = array![[0.0, 0.001, 0.0, 2.0], [1.0, near, 0.0, 0.004]];
                let drawn = draw::matrix(draw, (5, 8), 1.0);
                [
                    ("Tanh", tanh),
                    ("Sigmoid", sigmoid),
                    ("Relu", relu),
                    ("Tanh", drawn.mapv(|z| (4.0 * z).tanh())),
                    ("Sigmoid", drawn.mapv(|z| sigmoid_of(8.0 * z))),
                    ("Relu", drawn.mapv(|z| z.max(0.0))),
                ]
                .map(|(activation, a)| Record::new().with("a", a).with("activation", activation))
                .to_vec()
            })
            .computes(|f| {
                let a = f.input("a");
                let slope = match f.case().text("activation") {
                    "Sigmoid" => 4.0 * &a * (1.0 - &a),
                    _ => slope_at(f, &a),
                };
                let slope = slope.named("slope");
                slope.below(&f.number(0.01)).sum() / slope.count()
            })
            .mistake("close_to_the_end", CLOSE_TO_THE_END, |c| {
                share(c, |c, a| match c.text("activation") {
                    "Tanh" if a.abs() > 0.99 => 0.0,
                    "Tanh" => 1.0,
                    "Sigmoid" if !(0.01..=0.99).contains(&a) => 0.0,
                    "Sigmoid" => 1.0,
                    _ => slope_share(c, a),
                })
            })
            .mistake("tanh_close_to_the_end", CLOSE_TO_THE_END, |c| {
                share(c, |c, a| match c.text("activation") {
                    "Tanh" if a.abs() > 0.99 => 0.0,
                    "Tanh" => 1.0,
                    _ => slope_share(c, a),
                })
            })
            .mistake(
                "whole_numbers_divided",
                "Every fraction is 0. It looks as if two whole numbers are divided, which rounds down: 3 / 8 is 0. \
                 Convert both to `f64` first.",
                |c| share(c, slope_share).floor(),
            )
            .mistake(
                "silent_relus_left_out",
                "No output of a ReLU is counted. Where a ReLU is inactive, its output is exactly 0, and so is its \
                 slope.",
                |c| if c.text("activation") == "Relu" { 0.0 } else { share(c, slope_share) },
            )
            .mistake(
                "slope_not_compared_with_its_greatest",
                "For the sigmoid the limit is a hundredth of *its* largest slope, which is 1/4: 0.0025, and not 0.01.",
                |c| {
                    share(c, |c, a| match c.text("activation") {
                        "Sigmoid" => a * (1.0 - a),
                        _ => slope_share(c, a),
                    })
                },
            )
            .mistake(
                "small_outputs_of_relu",
                "Small positive outputs of a ReLU are counted. Its slope is 1 for any positive output; only an output \
                 of 0 has the slope 0.",
                |c| {
                    share(c, |c, a| match c.text("activation") {
                        "Relu" => f64::from(u8::from(a >= 0.01)),
                        _ => slope_share(c, a),
                    })
                },
            )
            .mistake(
                "saturated_at_one_end",
                "Only one end is counted. tanh is flat near 1 and near -1, a sigmoid near 1 and near 0.",
                |c| {
                    share(c, |c, a| match c.text("activation") {
                        "Tanh" if a < 0.0 => 1.0,
                        "Sigmoid" if a < 0.5 => 1.0,
                        _ => slope_share(c, a),
                    })
                },
            ),
    ]
}

fn rescaling() -> Vec<Check> {
    let rescaled = |c: &Record, divisor: &dyn Fn(&ArrayRef2<f64>, &ArrayRef2<f64>) -> f64, goes_on: bool| {
        let mut record = Record::new();
        let mut a = c.matrix("x").to_owned();
        for (n, w) in (1..).zip(weights(c)) {
            let z = a.dot(&w);
            let divisor = divisor(&z, &apply(c, &z));
            let new = if divisor > 0.0 { &w / divisor } else { w.clone() };
            let next = a.dot(if goes_on { &new } else { &w });
            a = apply(c, &next);
            record = record.with(&format!("weights{n}"), new);
        }
        record
    };
    let sums = Check::new("rescale", "rescale", "rescale brings the Z of every layer to the scale 1", 2)
        .after("scale")
        .on(stacks)
        .computes(|f| {
            let mut a = f.input("x");
            WEIGHTS.map(|name| {
                let z = a.dot(&f.input(name)).named("Z");
                let w = (f.input(name) / scale_of(&z).named("scale")).named("W");
                a = activated(f, &a.dot(&w).named("Z")).named("A");
                (name, w)
            })
        })
        .or_follows(move |c, seen| by_own_scale(c, seen, |scale| rescaled(c, &|z, _| scale(z), true)))
        .mistake(
            "old_layers_measured",
            "The later layers are measured with the old weights of the earlier layers. Compute the input of the next \
             layer with the new weights.",
            move |c| rescaled(c, &|z, _| rms(z), false),
        )
        .mistake(
            "divided_by_the_output",
            "W is divided by the scale of A = f(Z). It is Z that should have the scale 1.",
            move |c| rescaled(c, &|_, a| rms(a), true),
        )
        .mistake("weights_unchanged", "The weights are as they were: change them in place, `*w /= …`.", |c| {
            let numbered = (1..).zip(weights(c));
            numbered.fold(Record::new(), |record, (n, w)| record.with(&format!("weights{n}"), w))
        });
    let silent = Check::new("rescale_silent", "rescale", "rescale leaves a layer whose Z is all 0 as it is", 1)
        .asks("rescale")
        .after("rescale")
        .on(|draw| {
            // Behind the silent layer a sigmoid puts out one half, which is a signal again.
            let silent = |case: Record| {
                case.parts().fold(Record::new(), |record, (name, value)| match name {
                    "weights2" => record.with(name, Array2::<f64>::zeros((5, 4))),
                    _ => record.with(name, value.clone()),
                })
            };
            stacks(draw).into_iter().map(silent).collect()
        })
        .expects(move |c| rescaled(c, &|z, _| rms(z), true))
        .mistake_if(
            "divided_by_zero",
            "There is NaN in the weights: 0 / 0 is NaN. Divide only where the scale of Z is not 0.",
            |_, seen| ["weights2", "weights3"].iter().any(|name| seen.matrix(name).iter().any(|w| w.is_nan())),
        );
    vec![sums, silent]
}

const INITS: [&str; 7] = ["Zeros", "Constant", "Normal", "XavierNormal", "XavierUniform", "HeNormal", "HeUniform"];

fn layer(init: &str, number: f64, n_in: usize, n_out: usize) -> Record {
    Record::new().with("init", init).with("number", number).with("n_in", n_in).with("n_out", n_out)
}

/// What a rule says of this layer, with these variances for Xavier's and He's; for `Normal`, whose number is no
/// variance, its square.
fn variance(c: &Record, xavier: fn(f64, f64) -> f64, he: fn(f64, f64) -> f64) -> f64 {
    variance_by(c, c.count("n_in"), c.count("n_out"), xavier, he)
}

fn variance_by(c: &Record, n_in: usize, n_out: usize, xavier: fn(f64, f64) -> f64, he: fn(f64, f64) -> f64) -> f64 {
    let (n_in, n_out) = (n_in as f64, n_out as f64);
    match c.text("init") {
        "Normal" => c.float("number").powi(2),
        "XavierNormal" | "XavierUniform" => xavier(n_in, n_out),
        "HeNormal" | "HeUniform" => he(n_in, n_out),
        _ => 0.0,
    }
}

/// The right standard deviation for a layer of these sizes.
fn std_for(c: &Record, n_in: usize, n_out: usize) -> f64 {
    variance_by(c, n_in, n_out, |n_in, n_out| 2.0 / (n_in + n_out), |n_in, _| 2.0 / n_in).sqrt()
}

fn std(c: &Record) -> f64 {
    std_for(c, c.count("n_in"), c.count("n_out"))
}

/// The standard deviation of the entries.
fn spread(w: &ArrayRef2<f64>) -> f64 {
    w.std(0.0)
}

fn largest(w: &ArrayRef2<f64>) -> f64 {
    w.fold(0.0, |most: f64, w| most.max(w.abs()))
}

fn share_beyond(w: &ArrayRef2<f64>, bound: f64) -> f64 {
    // Rounding may put the ends of the range a little beyond it.
    w.iter().filter(|w| w.abs() > bound * (1.0 + 1e-9)).count() as f64 / w.len() as f64
}

fn right_spread(c: &Record, seen: &Record) -> bool {
    (spread(&seen.matrix("first")) / std(c) - 1.0).abs() < 0.06
}

/// Small networks of three layers of different shapes, and a gradient that comes in at their end.
fn stacks(draw: &mut probe::Generator) -> Vec<Record> {
    ["Tanh", "Relu", "Sigmoid"]
        .map(|activation| {
            Record::new()
                .with("x", draw::matrix(draw, (4, 3), 2.0) + 0.003)
                .with("weights1", draw::matrix(draw, (3, 5), 1.5) + 0.004)
                .with("weights2", draw::matrix(draw, (5, 4), 1.5) + 0.004)
                .with("weights3", draw::matrix(draw, (4, 2), 1.5) + 0.004)
                .with("activation", activation)
                .with("d_out", draw::matrix(draw, (4, 2), 1.0) + 0.005)
        })
        .to_vec()
}

const WEIGHTS: [&str; 3] = ["weights1", "weights2", "weights3"];

/// A of each layer, as a formula.
fn passed(f: &Formula) -> [Num; 3] {
    let mut a = f.input("x");
    WEIGHTS.map(|w| {
        let z = a.dot(&f.input(w)).named("Z");
        a = activated(f, &z).named("A");
        a.clone()
    })
}

fn activated(f: &Formula, z: &Num) -> Num {
    match f.case().text("activation") {
        "Tanh" => z.tanh(),
        "Sigmoid" => z.sigmoid(),
        _ => z.relu(),
    }
}

/// The slope of the activation where its output is `a`.
fn slope_at(f: &Formula, a: &Num) -> Num {
    match f.case().text("activation") {
        "Tanh" => 1.0 - a.square(),
        "Sigmoid" => a * (1.0 - a),
        _ => a.above(&f.number(0.0)),
    }
}

/// The root of the mean of the squares.
fn scale_of(a: &Num) -> Num {
    a.square().mean().sqrt()
}

fn weights(c: &Record) -> Vec<Array2<f64>> {
    WEIGHTS.map(|name| c.matrix(name).to_owned()).to_vec()
}

fn sigmoid_of(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

fn apply(c: &Record, z: &ArrayRef2<f64>) -> Array2<f64> {
    match c.text("activation") {
        "Tanh" => z.mapv(f64::tanh),
        "Sigmoid" => z.mapv(sigmoid_of),
        _ => z.mapv(|z| z.max(0.0)),
    }
}

/// Z of each layer.
fn sums(c: &Record) -> Vec<Array2<f64>> {
    let mut a = c.matrix("x").to_owned();
    let next = |w: Array2<f64>| {
        let z = a.dot(&w);
        a = apply(c, &z);
        z
    };
    weights(c).into_iter().map(next).collect()
}

/// A of each layer.
fn outputs(c: &Record) -> Vec<Array2<f64>> {
    sums(c).iter().map(|z| apply(c, z)).collect()
}

/// The slope at each entry of Z, which follows from A.
fn slopes(c: &Record, a: &ArrayRef2<f64>) -> Array2<f64> {
    a.mapv(|a| match c.text("activation") {
        "Tanh" => 1.0 - a * a,
        "Sigmoid" => a * (1.0 - a),
        _ => f64::from(u8::from(a > 0.0)),
    })
}

/// dZ of each layer, with the slopes of the activations or without.
fn gradients(c: &Record, with_slopes: bool) -> Vec<Array2<f64>> {
    let mut d_a = c.matrix("d_out").to_owned();
    let mut all = Vec::new();
    for (w, a) in weights(c).iter().zip(outputs(c)).rev() {
        let d_z = if with_slopes { &d_a * &slopes(c, &a) } else { d_a.clone() };
        d_a = d_z.dot(&w.t());
        all.push(d_z);
    }
    all.reverse();
    all
}

/// The scales of dZ, or of dA.
fn backwards(c: &Record, with_slopes: bool, of_sums: bool) -> Array1<f64> {
    let d_z = gradients(c, with_slopes);
    if of_sums {
        return scales(d_z);
    }
    let mut d_a: Vec<f64> = d_z.iter().zip(weights(c)).skip(1).map(|(d_z, w)| rms(&d_z.dot(&w.t()))).collect();
    d_a.push(rms(&c.matrix("d_out")));
    d_a.into()
}

fn rms(a: &ArrayRef2<f64>) -> f64 {
    (a.iter().map(|a| a * a).sum::<f64>() / a.len() as f64).sqrt()
}

fn mean_square(a: &ArrayRef2<f64>) -> f64 {
    rms(a).powi(2)
}

fn length(a: &ArrayRef2<f64>) -> f64 {
    rms(a) * (a.len() as f64).sqrt()
}

fn mean_size(a: &ArrayRef2<f64>) -> f64 {
    a.mapv(f64::abs).sum() / a.len() as f64
}

/// What follows from the learner's own `scale`, if it is one of the wrong ones that are known by the scale of the
/// inputs.
fn by_own_scale<P: Into<Prediction>>(
    c: &Record,
    seen: &Record,
    follows: impl Fn(fn(&ArrayRef2<f64>) -> f64) -> P,
) -> Prediction {
    let known: [fn(&ArrayRef2<f64>) -> f64; 4] = [spread, mean_square, length, mean_size];
    let is_own = |scale: &fn(&ArrayRef2<f64>) -> f64| (scale(&c.matrix("x")) - seen.float("scale of x")).abs() < 1e-9;
    known.into_iter().find(is_own).map_or(Prediction::Panics, |scale| follows(scale).into())
}

fn scales(all: Vec<Array2<f64>>) -> Array1<f64> {
    all.iter().map(|a| rms(a)).collect()
}

/// The slope at the output `a`, as a share of the greatest one.
fn slope_share(c: &Record, a: f64) -> f64 {
    match c.text("activation") {
        "Tanh" => 1.0 - a * a,
        "Sigmoid" => 4.0 * a * (1.0 - a),
        _ => f64::from(u8::from(a > 0.0)),
    }
}

/// The share of the entries at which `slope` is below a hundredth.
fn share(c: &Record, slope: impl Fn(&Record, f64) -> f64) -> f64 {
    let a = c.matrix("a");
    a.iter().filter(|a| slope(c, **a) < 0.01).count() as f64 / a.len() as f64
}
