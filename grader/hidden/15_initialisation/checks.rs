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
            .computes(std_of)
            .mistake(
                "variance_for_deviation",
                "This is the variance. The rules give variances, and the standard deviation is the root of it: with \
                 n_in = 8, He's variance is 0.25 and the standard deviation is 0.5.",
                |c| if c.text("init") == "Normal" { std(c) } else { std(c).powi(2) },
            )
            .mistake(
                "xavier_and_he_swapped",
                "Xavier's rule and He's are swapped. Xavier's counts inputs and outputs, 2 / (n_in + n_out); He's \
                 counts the inputs alone, 2 / n_in.",
                |c| {
                    let init = match c.text("init") {
                        "XavierNormal" | "XavierUniform" => "HeNormal",
                        "HeNormal" | "HeUniform" => "XavierNormal",
                        other => other,
                    };
                    std(&layer(init, c.float("number"), c.count("n_in"), c.count("n_out")))
                },
            )
            .mistake(
                "bound_for_deviation",
                "The uniform rules give the bound b here. The function should return the standard deviation, which \
                 does not depend on the kind of distribution: `uniform_bound` turns it into b.",
                |c| if c.text("init").ends_with("Uniform") { 3.0_f64.sqrt() * std(c) } else { std(c) },
            )
            .mistake(
                "constant_has_a_deviation",
                "`Constant` gives its number as a standard deviation. Weights that are all equal do not deviate from \
                 their mean: their standard deviation is 0.",
                |c| if c.text("init") == "Constant" { c.float("number") } else { std(c) },
            ),
        Check::new("uniform_bound", "uniform_bound", "uniform_bound is √3 times the standard deviation", 1)
            .on(|draw| {
                let drawn = 0.01 * draw::size(draw, 1, 500) as f64;
                [1.0, 0.5, drawn].map(|std| Record::new().with("std", std)).to_vec()
            })
            .computes(|f| f.number(3.0).sqrt() * f.input("std")),
    ]
}

/// The standard deviation that a rule gives.
fn std_of(f: &Formula) -> Num {
    let (n_in, n_out) = (f.input("n_in").real(), f.input("n_out").real());
    let both = (&n_in + n_out).named("n_in + n_out");
    match f.case().text("init") {
        "Normal" => f.input("number"),
        "XavierNormal" | "XavierUniform" => (2.0 / both).sqrt(),
        "HeNormal" | "HeUniform" => (2.0 / n_in).sqrt(),
        _ => f.number(0.0),
    }
}

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
        }),
        drawn("draw_normal", "draw_weights draws from the normal distribution of each rule", cases(&NORMAL), &[]),
        drawn(
            "draw_uniform",
            "draw_weights draws from the uniform distribution of each rule",
            cases(&UNIFORM),
            &UNIFORM_FAULTS,
        )
        .after("uniform_bound"),
    ]
}

const NORMAL: [&str; 3] = ["Normal", "XavierNormal", "HeNormal"];
const UNIFORM: [&str; 2] = ["XavierUniform", "HeUniform"];

/// What can be wrong with random weights, whatever their distribution is.
const DRAWN_FAULTS: [(&str, &str); 5] = [
    (
        "weights_transposed",
        "The weights have the shape (n_out, n_in). Rows are inputs and columns are neurons: (n_in, n_out).",
    ),
    ("one_row_repeated", "The same row, or the same number, is used again: draw a new number for every weight."),
    (
        "generator_of_its_own",
        "Two layers in a row have the same weights: the numbers do not come from `rng`, or it is copied and starts \
         again each time.",
    ),
    (
        "variance_as_deviation",
        "The weights are multiplied by the variance. A standard normal number is multiplied by the standard deviation, \
         which is its root: `std_of` gives it.",
    ),
    (
        "not_scaled",
        "The weights have the standard deviation 1, as `StandardNormal` draws them: multiply each by `std_of(…)`.",
    ),
];

/// The same for uniform ones.
const UNIFORM_FAULTS: [(&str, &str); 3] = [
    (
        "deviation_as_bound",
        "All numbers lie between -std and std. This range is too narrow: its ends are at b = √3 · std, which \
         `uniform_bound` gives.",
    ),
    ("only_positive", "No weight is negative. The range goes from -b to b."),
    (
        "normal_for_uniform",
        "Some weights lie beyond b = √3 · std, as those of a normal distribution do. Uniform numbers stay between -b \
         and b.",
    ),
];

/// A check of random weights, with these faults among others.
fn drawn(
    id: &'static str,
    title: &'static str,
    cases: impl Fn(&mut probe::Generator) -> Vec<Record> + Send + Sync + 'static,
    faults: &[(&'static str, &'static str)],
) -> Check {
    let check = Check::new(id, "draw_weights", title, 2).asks("draw_weights").after("std_of").on(cases);
    check.has_none_of(&[&DRAWN_FAULTS[..], faults].concat(), well_drawn)
}

/// What random weights have to be.
fn well_drawn(c: &Record, seen: &Record) -> Result<(), String> {
    let (n_in, n_out, right) = (c.count("n_in"), c.count("n_out"), std(c));
    let (init, bound) = (c.text("init"), 3.0_f64.sqrt() * right);
    let is_uniform = init.ends_with("Uniform");
    for name in ["first", "second"] {
        let w = seen.matrix(name);
        let (got, most, beyond) = (spread(&w), largest(&w), share_beyond(&w, bound));
        let is_about = |wanted: f64, share: f64| (got / wanted - 1.0).abs() < share;
        let mean = w.mean().unwrap_or(f64::NAN);
        let fault = match () {
            () if w.dim() == (n_out, n_in) => "weights_transposed",
            () if w.dim() != (n_in, n_out) => {
                &format!("The weights have the shape {:?}, not {:?}.", w.dim(), (n_in, n_out))
            }
            () if w.rows().into_iter().skip(1).any(|row| row == w.row(0)) => "one_row_repeated",
            () if seen.matrix("first") == seen.matrix("second") => "generator_of_its_own",
            () if init != "Normal" && is_about(right * right, 0.05) => "variance_as_deviation",
            () if is_about(1.0, 0.03) => "not_scaled",
            () if is_uniform && most <= right * 1.000_001 && most > 0.98 * right => "deviation_as_bound",
            () if is_uniform && w.iter().all(|w| *w >= 0.0) => "only_positive",
            () if is_uniform && is_about(right, 0.06) && beyond > 0.05 => "normal_for_uniform",
            () if !is_about(right, 0.06) => {
                &format!("The weights have the standard deviation {got:.4}, not {right:.4}.")
            }
            // Seven standard deviations of the mean of so many numbers.
            () if mean.abs() > 7.0 * right / (w.len() as f64).sqrt() => {
                &format!("The mean of the weights is {mean:.4}, where 0 belongs.")
            }
            // Of a normal distribution 8.3 % lies beyond √3 standard deviations, of a uniform one nothing.
            () if is_uniform && beyond > 0.0 => {
                &format!("Some weights lie beyond b = {bound:.4}: the largest is {most:.4}.")
            }
            () if !is_uniform && !(0.06..0.11).contains(&beyond) => &format!(
                "Of a normal distribution 8 % of the weights lie farther than √3 standard deviations from 0; here it \
                 is {:.1} %.",
                100.0 * beyond
            ),
            () => continue,
        };
        return Err(fault.to_owned());
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
            .expects(layers),
        Check::new("build_weights", "build", "every layer of build starts at its own scale, with biases of 0", 3)
            .asks("build")
            .after("draw_normal")
            .after("draw_uniform")
            .on(net_cases)
            .has_none_of(
                &[
                    (
                        "biases_not_zero",
                        "The biases do not start at 0. Random weights make the neurons different; biases only shift \
                         the signal.",
                    ),
                    (
                        "layers_alike",
                        "Two layers of the same shape start with the same weights: draw the weights of each layer \
                         from the same `rng`, and not from a new generator with the same seed.",
                    ),
                    (
                        "scale_of_the_first_layer",
                        "All layers start at the scale of the first one. n_in is the number of inputs of *this* \
                         layer, the neurons of the layer before.",
                    ),
                ],
                well_built,
            ),
    ]
}

/// The layers as they describe themselves.
fn layers(c: &Record) -> Record {
    let activation = if c.text("activation") == "Relu" { "ReLU" } else { c.text("activation") };
    let linear = |pair: &[usize]| format!("Linear {} -> {}", pair[0], pair[1]);
    let all: Vec<String> = c.counts("sizes").windows(2).map(linear).collect();
    Record::new().with("layers", all.join(&format!(", {activation}, ")))
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
        if b.iter().any(|bias| *bias != 0.0) {
            return Err("biases_not_zero".to_owned());
        }
        if n > 1 && w == seen.matrix(&format!("weights{}", n - 1)) {
            return Err("layers_alike".to_owned());
        }
        // The smallest layer has 3,000 weights.
        let (right, first, got) = (std_for(c, pair[0], pair[1]), std_for(c, sizes[0], sizes[1]), spread(&w));
        if (got / right - 1.0).abs() > 0.1 {
            return Err(match n > 1 && (got / first - 1.0).abs() < 0.05 {
                true => "scale_of_the_first_layer".to_owned(),
                false => format!("The weights of layer {n} have the standard deviation {got:.4}, not {right:.4}."),
            });
        }
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
            .mistake(
                "mean_taken_out",
                "This is the standard deviation: the mean is subtracted first. It agrees with the scale only where \
                 the mean is 0, and the outputs of a ReLU or a sigmoid have another mean.",
                |c| spread(&c.matrix("a")),
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
        }),
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
                by_own_scale(c, seen, |scale| gradients(c).iter().map(|d_z| scale(d_z)).collect::<Array1<f64>>())
            })
            .mistake(
                "gradient_of_the_output",
                "These are the scales of dA, the gradients with respect to the output of each layer. The function \
                 should measure dZ, in front of the activation: dA times f'(Z).",
                |c| {
                    let behind = gradients(c).into_iter().zip(weights(c)).skip(1);
                    let mut d_a: Vec<f64> = behind.map(|(d_z, w)| rms(&d_z.dot(&w.t()))).collect();
                    d_a.push(rms(&c.matrix("d_out")));
                    Array1::from(d_a)
                },
            )
            .mistake(
                "gradient_of_the_input",
                "These are the scales of the gradients with respect to the *input* of each layer, dZ·Wᵀ: one matrix \
                 too far.",
                |c| {
                    let w = weights(c);
                    let d_z = gradients(c);
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
                    let d_w = gradients(c).into_iter().zip(inputs).map(|(d_z, a)| rms(&a.t().dot(&d_z)));
                    Array1::from(d_w.collect::<Vec<_>>())
                },
            ),
    ]
}

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
        );
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

/// The right standard deviation for a layer of these sizes.
fn std_for(c: &Record, n_in: usize, n_out: usize) -> f64 {
    computed(std_of)(&layer(c.text("init"), c.float("number"), n_in, n_out)).float("result")
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

/// A of each layer.
fn outputs(c: &Record) -> Vec<Array2<f64>> {
    let mut a = c.matrix("x").to_owned();
    let next = |w: Array2<f64>| {
        a = apply(c, &a.dot(&w));
        a.clone()
    };
    weights(c).into_iter().map(next).collect()
}

/// The slope at each entry of Z, which follows from A.
fn slopes(c: &Record, a: &ArrayRef2<f64>) -> Array2<f64> {
    a.mapv(|a| match c.text("activation") {
        "Tanh" => 1.0 - a * a,
        "Sigmoid" => a * (1.0 - a),
        _ => f64::from(u8::from(a > 0.0)),
    })
}

/// dZ of each layer.
fn gradients(c: &Record) -> Vec<Array2<f64>> {
    let mut d_a = c.matrix("d_out").to_owned();
    let mut all = Vec::new();
    for (w, a) in weights(c).iter().zip(outputs(c)).rev() {
        let d_z = &d_a * &slopes(c, &a);
        d_a = d_z.dot(&w.t());
        all.push(d_z);
    }
    all.reverse();
    all
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
