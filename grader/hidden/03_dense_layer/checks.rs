//! What is right in exercise 3, and what is commonly got wrong.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("apply", "activation", "apply works on every entry and keeps the shape", 1)
            .on(|draw| {
                let case = |name: &str, z: Array2<f64>| Record::new().with("activation", name).with("z", z);
                let mut cases =
                    ["linear", "relu", "sigmoid"].map(|name| case(name, draw::matrix(draw, (2, 3), 3.0))).to_vec();
                // e^710 is infinite.
                cases.push(case("sigmoid", array![[800.0, -800.0], [0.5, -710.0]]));
                cases
            })
            .computes(|f| activate(f.case().text("activation"), &f.input("z")))
            .mistake(
                "minus_binds_late",
                "`-z.exp()` is -(e^z): a method binds tighter than the minus in front of it. e^-z is `(-z).exp()`.",
                with_sigmoid(|z| 1.0 / (1.0 - z.exp())),
            )
            .mistake(
                "sigmoid_overflows",
                "The sigmoid of 800 is NaN: e^800 is infinite, and infinity divided by infinity is NaN. In 1 / (1 + \
                 e^-z) only the denominator can become infinite, and the result is then 0, as it should be.",
                with_sigmoid(|z| z.exp() / (1.0 + z.exp())),
            ),
        Check::new("parse_activation", "activation", "parse_activation accepts three names and refuses all others", 1)
            .on(|draw| {
                // A table of names could not hold all of these.
                let mut names = ["swish9", "RELU", " relu", "sigmoid ", ""].map(str::to_owned).to_vec();
                for known in NAMES {
                    names.insert(draw::count(draw, names.len() + 1), known.to_owned());
                    names.push(format!("{known}{}", draw::count(draw, 100)));
                }
                names.into_iter().map(|name| Record::new().with("name", name)).collect()
            })
            .expects(|c| if is_known(c) { c.text("name").to_owned() } else { REFUSED.to_owned() })
            .mistake_if(
                "unknown_activation_accepted",
                "A name that is no activation is accepted. Return an `Err` for all names but the three: a default, \
                 or a name that is repaired, would hide typing errors.",
                |c, seen| !is_known(c) && NAMES.contains(&seen.text("result")),
            )
            .mistake(
                "name_missing_in_error",
                "The error does not say which name it refuses. Put the name into it, `format!(\"… {name} …\")`, so \
                 that a reader sees the typing error.",
                |c| match c.text("name") {
                    // Every text holds the empty one.
                    "" => REFUSED.to_owned(),
                    name if is_known(c) => name.to_owned(),
                    _ => "an error without the name".to_owned(),
                },
            ),
        Check::new("columns_are_neurons", "by_hand", "columns_are_neurons computes x·W + b", 1)
            .on(by_hand)
            .computes(|f| f.input("x").dot(&f.input("w")) + f.input("b")),
        Check::new("rows_are_neurons", "by_hand", "rows_are_neurons computes W·x + b", 1)
            .on(by_hand)
            .computes(|f| f.input("w").dot(&f.input("x")) + f.input("b")),
        Check::new("columns_any_shape", "by_hand", "columns_are_neurons takes any number of inputs and neurons", 1)
            .asks("columns_are_neurons")
            .after("columns_are_neurons")
            .on(|draw| vec![by_hand_case(draw, (3, 2), 3, 2), by_hand_case(draw, (1, 4), 1, 4)])
            .computes(|f| f.input("x").dot(&f.input("w")) + f.input("b")),
        Check::new("rows_any_shape", "by_hand", "rows_are_neurons takes any number of inputs and neurons", 1)
            .asks("rows_are_neurons")
            .after("rows_are_neurons")
            .on(|draw| vec![by_hand_case(draw, (2, 3), 3, 2), by_hand_case(draw, (4, 1), 1, 4)])
            .computes(|f| f.input("w").dot(&f.input("x")) + f.input("b")),
        Check::new("pre_activation", "pre_activation", "pre_activation is X·W + b", 2)
            .about("DenseLayer::pre_activation")
            .on(|draw| {
                vec![square_layer("linear").with("x", array![[1.0, 2.0], [3.0, 4.0]]), {
                    let x = draw::matrix(draw, (2, 2), 2.0);
                    square_layer("relu").with("x", x)
                }]
            })
            .computes(weighted_sum)
            .mistake(
                "bias_on_wrong_axis",
                "Each bias is added to a row, which is a sample; a bias belongs to a neuron, that is to a column. \
                 Add the 1-D array of biases: it is added to every row, each bias to its column.",
                |c| c.matrix("x").dot(&c.matrix("weights")) + c.vector("biases").insert_axis(Axis(1)),
            )
            .mistake("activation_in_pre_activation", ACTIVATION_APPLIED, activation_applied()),
        Check::new(
            "pre_activation_shapes",
            "pre_activation",
            "pre_activation takes any number of inputs, neurons and samples",
            1,
        )
        .asks("pre_activation")
        .about("DenseLayer::pre_activation")
        .on(layers)
        .computes(weighted_sum)
        .mistake(
            "reshaped_not_transposed",
            "The numbers of W have been reshaped instead of transposed: `to_shape` keeps the order in memory, `.t()` \
             swaps the axes. W needs neither: it already has the shape (n_in, n_out).",
            |c| {
                let weights = c.matrix("weights");
                let reshaped = weights.to_shape((weights.ncols(), weights.nrows())).expect("as many numbers");
                c.matrix("x").dot(&reshaped.t()) + c.vector("biases")
            },
        )
        .mistake("activation_in_pre_activation", ACTIVATION_APPLIED, activation_applied()),
        Check::new("forward", "forward", "forward applies the layer's own activation to X·W + b", 2)
            .about("DenseLayer::forward")
            .after("apply")
            .after("pre_activation_shapes")
            .on(|draw| {
                let mut cases = layers(draw);
                cases.push(square_layer("sigmoid").with("x", array![[0.5, -1.0], [2.0, 0.0]]));
                cases
            })
            .computes(|f| activate(f.case().text("activation"), &weighted_sum(f).named("Z")).named("A"))
            .mistake_each(
                "always_the_same",
                ALWAYS_THE_SAME,
                [Num::relu as fn(&Num) -> Num, Num::sigmoid],
                |c, function| computed(|f| function(&weighted_sum(f)))(c),
            )
            .mistake(
                "bias_after_the_activation",
                "The bias is added after the activation. It belongs to the pre-activation: first X·W + b, then the \
                 activation.",
                computed(|f| {
                    let z = f.input("x").dot(&f.input("weights"));
                    activate(f.case().text("activation"), &z) + f.input("biases")
                }),
            )
            .mistake(
                "activation_before_the_weights",
                "The activation is applied to the inputs. It comes last: first X·W + b, then the activation.",
                computed(|f| {
                    let a = activate(f.case().text("activation"), &f.input("x"));
                    a.dot(&f.input("weights")) + f.input("biases")
                }),
            ),
        Check::new("one_sample", "forward", "a batch of one sample keeps its two dimensions", 1)
            .asks("forward")
            .about("DenseLayer::forward")
            .after("forward")
            .on(|draw| vec![layer(draw, 4, 3, "relu", "").with("x", draw::matrix(draw, (1, 4), 2.0))])
            .computes(|f| activate(f.case().text("activation"), &weighted_sum(f).named("Z")).named("A")),
        with_other_scales(
            Check::new(
                "new_layer",
                "initialisation",
                "new draws He weights: mean 0, standard deviation sqrt(2 / n_in)",
                2,
            )
            .about("DenseLayer::new")
            .on(|draw| {
                let (n_in, seed) = (160 + draw::count(draw, 30), draw::count(draw, 1000));
                let sizes = Record::new().with("n_in", n_in).with("n_out", 120_usize);
                vec![sizes.with("activation", "sigmoid").with("seed", seed)]
            })
            .has_none_of(&UNUSUAL_LAYERS, he_initialised),
        ),
        Check::new("n_params", "initialisation", "n_params counts weights and biases", 1)
            .about("DenseLayer::n_params")
            .on(|draw| {
                let drawn = (2 + draw::count(draw, 50), 2 + draw::count(draw, 50));
                [(784, 128), (3, 2), (1, 7), drawn]
                    .map(|(n_in, n_out): (usize, usize)| Record::new().with("n_in", n_in).with("n_out", n_out))
                    .to_vec()
            })
            .computes(|f| (f.input("n_in") * f.input("n_out") + f.input("n_out")).whole())
            .mistake("biases_not_counted", BIASES_NOT_COUNTED, |c| c.count("n_in") * c.count("n_out")),
        Check::new("softmax_rows", "softmax", "every row of softmax_rows is a distribution of its own", 1)
            .on(|draw| {
                vec![
                    Record::new().with("z", array![[2.0, 1.0, 0.1, 0.5], [0.1, 0.2, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]]),
                    Record::new().with("z", draw::matrix(draw, (3, 3), 3.0)),
                ]
            })
            .computes(|f| softmax_of(&f.input("z")))
            .mistake("softmax_down_the_columns", DOWN_THE_COLUMNS, of_scores(|z| softmax_of(&z.t()).t()))
            .mistake(
                "softmax_over_everything",
                "The whole matrix sums to 1: the samples compete with each other. Sum along each row by itself.",
                of_scores(|z| z.exp() / z.exp().sum()),
            )
            .mistake_each(
                "max_in_one_place",
                "The row's largest score is subtracted in one place only, in the numerator or in the denominator. \
                 Subtract it in both: the exponentials that are added are those that are divided.",
                // Whether that is the numerator.
                [true, false],
                |c, is_above| {
                    computed(|f| {
                        let (all, below) = (f.input("z").exp(), (f.input("z") - row_max(&f.input("z"))).exp());
                        let (above, under) = if *is_above { (below, all) } else { (all, below) };
                        above / under.aggregate(Aggregate::Sum, Over::Row)
                    })(c)
                },
            )
            .mistake(
                "scores_divided_by_their_sum",
                "The scores are divided by their sum, without the exponential. Negative scores would become negative \
                 probabilities.",
                of_scores(|z| z / z.aggregate(Aggregate::Sum, Over::Row)),
            ),
        Check::new("softmax_large", "softmax", "softmax_rows survives scores of 1000 and -1000", 1)
            .asks("softmax_rows")
            .on(|draw| {
                vec![
                    Record::new().with("z", draw::matrix(draw, (2, 3), 3.0) + array![[900.0], [-900.0]]),
                    Record::new().with("z", array![[1000.0, 1001.0, 999.0], [0.0, 1.0, -1.0]]),
                    Record::new().with("z", array![[-1000.0, -1001.0, -1000.0], [3.0, 3.0, 3.0]]),
                    Record::new().with("z", array![[0.0, 1000.0, 5.0], [1000.0, 0.0, -1000.0]]),
                ]
            })
            .after("softmax_rows")
            .computes(|f| softmax_of(&f.input("z")))
            .mistake(
                "softmax_without_max",
                "e^1000 is infinite, and infinity divided by infinity is NaN. Subtract the row's largest score first: \
                 the result stays the same.",
                of_scores(|z| softmax_below(z, &(0.0 * z))),
            )
            .mistake_each(
                "other_score_subtracted",
                "Not the row's largest score is subtracted, but perhaps the first, last or smallest, or the mean. \
                 The largest may be 1000 above it, and e^1000 is infinite.",
                [Aggregate::Min, Aggregate::First, Aggregate::Mean],
                |c, how| computed(|f| softmax_below(&f.input("z"), &f.input("z").aggregate(*how, Over::Row)))(c),
            )
            .mistake_if(
                "maximum_begins_at_zero",
                "A row becomes NaN if all its scores lie far below the number that is subtracted: every exponential \
                 rounds to 0, and 0 / 0 is NaN. Search for the largest score of each row by itself, from \
                 `f64::NEG_INFINITY` on, not from 0 or `f64::MIN_POSITIVE`.",
                |c, seen| {
                    let (z, result) = (c.matrix("z"), seen.matrix("result"));
                    let mut rows = z.rows().into_iter().zip(result.rows());
                    rows.all(|(z, p)| z.iter().all(|z| *z < 0.0) == p.iter().any(|p| p.is_nan()))
                        && result.iter().any(|p| p.is_nan())
                },
            ),
        Check::new("new_network", "network", "new builds two ReLU layers and a linear one that fit together", 1)
            .about("ThreeLayerNetwork::new")
            .after("new_layer")
            .on(|draw| {
                let drawn = (0..4).map(|_| 2 + draw::count(draw, 9)).collect();
                [vec![6_usize, 5, 4, 3], drawn]
                    .map(|sizes| Record::new().with("sizes", sizes).with("seed", draw::count(draw, 1000)))
                    .to_vec()
            })
            .expects(|c| network_plan(&c.counts("sizes"), ["relu", "relu", "linear"]))
            .mistake(
                "relu_on_the_last_layer",
                "The last layer has ReLU as well, but logits may be negative. With ReLU all negative logits would \
                 become 0, so different classes would get the same score.",
                |c| network_plan(&c.counts("sizes"), ["relu", "relu", "relu"]),
            )
            .mistake(
                "linear_hidden_layers",
                "The hidden layers are linear. Two linear layers in a row are the same as one linear layer.",
                |c| network_plan(&c.counts("sizes"), ["linear", "linear", "linear"]),
            ),
        Check::new("network_params", "network", "n_params sums over the layers", 1)
            .about("ThreeLayerNetwork::n_params")
            .after("n_params")
            .on(sizes)
            .computes(|f| {
                let of = |i: usize, name| f.number(count_params(f.case(), i) as f64).named(name);
                (of(0, "parameters of layer 1") + of(1, "parameters of layer 2") + of(2, "parameters of layer 3"))
                    .whole()
            })
            .mistake("biases_not_counted", BIASES_NOT_COUNTED, |c| {
                c.counts("sizes").windows(2).map(|pair| pair[0] * pair[1]).sum::<usize>()
            }),
        Check::new("summary", "network", "summary names every layer with its shape and its parameters", 1)
            .after("network_params")
            .on(|draw| {
                let mut cases = sizes(draw);
                cases.push(with_activations(cases[0].clone(), ["sigmoid", "linear", "relu"]));
                cases
            })
            .expects(summary)
            .shows(include_str!("snapshots/summary.snap"))
            .mistake(
                "activations_by_position",
                "The hidden layers are always called relu and the last one linear. A layer may have another \
                 activation: write its own.",
                |c| summary(&with_activations(c.clone(), ["relu", "relu", "linear"])),
            ),
        Check::new("logits", "network", "forward returns the logits of the last layer", 1)
            .about("ThreeLayerNetwork::forward")
            .after("forward")
            .on(|draw| vec![network(draw, [5, 4, 4, 3]), network(draw, [4, 6, 5, 3])])
            .computes(network_logits)
            .mistake(
                "relu_on_the_last_layer",
                "The negative logits are cut off: ReLU is applied after the last layer too. Each layer has its own \
                 activation, which its `forward` applies.",
                computed(|f| network_logits(f).relu()),
            )
            .mistake(
                "always_the_same",
                ALWAYS_THE_SAME,
                computed(|f| (0..3).fold(f.input("x"), |a, number| pre_activation(f, number, &a).sigmoid())),
            )
            .mistake(
                "a_layer_is_skipped",
                "A layer is left out: the outputs of the first layer are the inputs of the third.",
                |c| {
                    if c.matrix("weights0").ncols() == c.matrix("weights2").nrows() {
                        computed(|f| layer_forward(f, 2, &layer_forward(f, 0, &f.input("x"))))(c).into()
                    } else {
                        Prediction::Panics
                    }
                },
            ),
        Check::new("predict_proba", "network", "predict_proba is the softmax of the logits", 1)
            .after("logits")
            .after("softmax_rows")
            .on(|draw| vec![network(draw, [5, 4, 3, 4])])
            .computes(|f| softmax_of(&network_logits(f)))
            .mistake("softmax_down_the_columns", DOWN_THE_COLUMNS, computed(|f| softmax_of(&network_logits(f).t()).t()))
            .mistake(
                "sigmoid_for_softmax",
                "This is the sigmoid of each score by itself, and a row does not sum to 1. The classes exclude each \
                 other: use `softmax_rows`.",
                computed(|f| network_logits(f).sigmoid()),
            ),
        Check::new("predict", "network", "predict returns the class with the largest score", 1)
            .after("logits")
            .on(|draw| {
                // All scores below 0, and two that are large but not the largest one.
                vec![
                    with_output_biases(network(draw, [5, 4, 3, 4]), &array![-50.0, -50.0, -50.0, -50.0]),
                    with_output_biases(network(draw, [5, 4, 3, 4]), &array![-50.0, 50.0, 80.0, 50.0]),
                    network(draw, [3, 6, 5, 6]),
                ]
            })
            .computes(|f| network_logits(f).largest_of_rows())
            .mistake(
                "search_starts_at_zero",
                "The search for the largest score starts at 0, so a row of negative scores always gets the same \
                 class. Start with the row's first score, or with `f64::NEG_INFINITY`.",
                computed(|f| network_logits(f).relu().largest_of_rows()),
            )
            .mistake(
                "first_score_above_a_threshold",
                "This is the first class whose score is above some threshold, or class 0 if there is none. Take the \
                 class with the largest score.",
                computed(|f| network_logits(f).above(&f.number(0.5)).real().largest_of_rows()),
            ),
    ]
}

const ACTIVATION_APPLIED: &str =
    "The activation is applied already. The pre-activation is X·W + b, without the activation.";
const ALWAYS_THE_SAME: &str =
    "The same activation is applied whatever the layer says: use the layer's own `activation`.";
const DOWN_THE_COLUMNS: &str = "Here the columns sum to 1. A row is a sample, and its classes compete with each \
     other: sum along the row.";
const BIASES_NOT_COUNTED: &str =
    "Only the weights are counted. The biases are learned too: a layer has n_in · n_out + n_out parameters.";

/// The example of the lesson, and a drawn one; square, so that both products exist.
fn by_hand(draw: &mut probe::Generator) -> Vec<Record> {
    let example = Record::new()
        .with("x", array![2.0, -1.0])
        .with("w", array![[0.5, -0.3], [0.2, 0.8]])
        .with("b", array![0.1, -0.1]);
    vec![example, by_hand_case(draw, (3, 3), 3, 3)]
}

fn by_hand_case(draw: &mut probe::Generator, shape: (usize, usize), n_in: usize, n_out: usize) -> Record {
    Record::new()
        .with("x", draw::vector(draw, n_in, 2.0))
        .with("w", draw::matrix(draw, shape, 1.0))
        .with("b", draw::vector(draw, n_out, 1.0))
}

/// The example of the lesson, and a drawn layer; not square, so that a transposed product has no result.
fn layers(draw: &mut probe::Generator) -> Vec<Record> {
    let example = Record::new()
        .with("weights", array![[0.1, -0.2], [0.3, 0.4], [-0.5, 0.6]])
        .with("biases", array![0.01, -0.02])
        .with("activation", "relu")
        .with("x", array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let x = draw::matrix(draw, (3, 2), 2.0);
    vec![example, layer(draw, 2, 4, "linear", "").with("x", x)]
}

fn square_layer(activation: &str) -> Record {
    Record::new()
        .with("weights", array![[0.5, -0.3], [0.2, 0.8]])
        .with("biases", array![10.0, -1.0])
        .with("activation", activation)
}

fn layer(draw: &mut probe::Generator, n_in: usize, n_out: usize, activation: &str, suffix: &str) -> Record {
    Record::new()
        .with(&format!("weights{suffix}"), draw::matrix(draw, (n_in, n_out), 1.0))
        .with(&format!("biases{suffix}"), draw::vector(draw, n_out, 1.0))
        .with(&format!("activation{suffix}"), activation)
}

/// Three layers that fit together, and three samples.
fn network(draw: &mut probe::Generator, sizes: [usize; 4]) -> Record {
    let mut case = Record::new().with("x", draw::matrix(draw, (3, sizes[0]), 2.0));
    for (number, activation) in ["relu", "relu", "linear"].into_iter().enumerate() {
        let drawn = layer(draw, sizes[number], sizes[number + 1], activation, &number.to_string());
        for (name, value) in drawn.parts() {
            case = case.with(name, value.clone());
        }
    }
    case
}

/// The network with the biases of its last layer moved by `shift`, which is larger than what the samples make of it.
fn with_output_biases(case: Record, shift: &ArrayRef1<f64>) -> Record {
    case.parts().fold(Record::new(), |moved, (name, value)| match name {
        "biases2" => moved.with(name, case.vector(name).to_owned() + shift),
        _ => moved.with(name, value.clone()),
    })
}

/// The output of a layer in the place of its pre-activation.
fn activation_applied() -> impl Fn(&Record) -> Record {
    computed(|f| activate(f.case().text("activation"), &weighted_sum(f)))
}

fn weighted_sum(f: &Formula) -> Num {
    f.input("x").dot(&f.input("weights")) + f.input("biases")
}

fn activate(activation: &str, z: &Num) -> Num {
    match activation {
        "relu" => z.relu(),
        "sigmoid" => z.sigmoid(),
        _ => z.clone(),
    }
}

/// What code returns whose sigmoid is this.
fn with_sigmoid(sigmoid: fn(&Num) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| match f.case().text("activation") {
        "sigmoid" => sigmoid(&f.input("z")),
        other => activate(other, &f.input("z")),
    })
}

fn pre_activation(f: &Formula, number: usize, a: &Num) -> Num {
    a.dot(&f.input(&format!("weights{number}"))) + f.input(&format!("biases{number}"))
}

fn layer_forward(f: &Formula, number: usize, a: &Num) -> Num {
    let z = pre_activation(f, number, a).named(["z1", "z2", "z3"][number]);
    activate(f.case().text(&format!("activation{number}")), &z).named(["a1", "a2", "logits"][number])
}

fn network_logits(f: &Formula) -> Num {
    (0..3).fold(f.input("x"), |a, number| layer_forward(f, number, &a))
}

/// Softmax of each row, with this number taken off the scores before.
fn softmax_below(z: &Num, max: &Num) -> Num {
    let exponentials = (z - max).named("(z - max)").exp().named("exp(z - max)");
    &exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)
}

fn softmax_of(z: &Num) -> Num {
    softmax_below(z, &row_max(z))
}

fn row_max(z: &Num) -> Num {
    z.aggregate(Aggregate::Max, Over::Row)
}

/// What code returns that computes this from the scores.
fn of_scores(formula: fn(&Num) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| formula(&f.input("z")))
}

const NAMES: [&str; 3] = ["linear", "relu", "sigmoid"];
const REFUSED: &str = "an error that holds the name";

fn is_known(c: &Record) -> bool {
    NAMES.contains(&c.text("name"))
}

/// Networks of which only the sizes count.
fn sizes(draw: &mut probe::Generator) -> Vec<Record> {
    let drawn = (0..4).map(|_| 2 + draw::count(draw, 30)).collect();
    [vec![6_usize, 5, 4, 3], drawn]
        .map(|sizes| with_activations(Record::new().with("sizes", sizes), ["relu", "relu", "linear"]))
        .to_vec()
}

fn with_activations(sizes: Record, activations: [&str; 3]) -> Record {
    let sizes = Record::new().with("sizes", sizes.counts("sizes"));
    (0..3).fold(sizes, |case, number| case.with(&format!("activation{number}"), activations[number]))
}

fn summary(c: &Record) -> String {
    let mut text = String::new();
    for number in 0..3 {
        let (n_in, n_out) = (c.counts("sizes")[number], c.counts("sizes")[number + 1]);
        let activation = c.text(&format!("activation{number}"));
        let params = count_params(c, number);
        text += &format!("layer {}: {n_in} -> {n_out}, {activation}, {params} parameters\n", number + 1);
    }
    text + &format!("total: {} parameters", (0..3).map(|number| count_params(c, number)).sum::<usize>())
}

fn count_params(c: &Record, number: usize) -> usize {
    (c.counts("sizes")[number] + 1) * c.counts("sizes")[number + 1]
}

fn network_plan(sizes: &[usize], activations: [&str; 3]) -> Record {
    activations.iter().enumerate().fold(Record::new(), |plan, (number, activation)| {
        plan.with(&format!("shape of layer {}", number + 1), vec![sizes[number], sizes[number + 1]])
            .with(&format!("activation of layer {}", number + 1), *activation)
    })
}

/// The standard deviation over all entries.
fn spread(weights: &ArrayRef2<f64>) -> f64 {
    weights.std(0.0)
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
const OTHER_SCALES: [(&str, &str, Scale); 7] = [
    (
        "scale_forgotten",
        "The weights have standard deviation 1, as `StandardNormal` draws them: multiply each by sqrt(2 / n_in).",
        |_, _| 1.0,
    ),
    (
        "variance_for_deviation",
        "2 / n_in is the variance. The standard deviation, by which a standard normal number is multiplied, is its \
         square root.",
        |n_in, _| 2.0 / n_in,
    ),
    (
        "root_of_the_two_only",
        "The standard deviation is sqrt(2) / n_in: the root is taken of the 2 alone. Take it of the whole fraction, \
         sqrt(2 / n_in).",
        |n_in, _| 2.0_f64.sqrt() / n_in,
    ),
    (
        "fan_out_for_fan_in",
        "The weights are scaled by the number of outputs. A neuron sums over its inputs: sqrt(2 / n_in).",
        |_, n_out| (2.0 / n_out).sqrt(),
    ),
    (
        "fan_out_counted_as_well",
        "The standard deviation is sqrt(2 / (n_in + n_out)), a rule for linear, tanh and sigmoid layers. Here every \
         layer uses He's rule, whatever its activation is: sqrt(2 / n_in).",
        |n_in, n_out| (2.0 / (n_in + n_out)).sqrt(),
    ),
    (
        "factor_two_forgotten",
        "The standard deviation is sqrt(1 / n_in), a rule for linear, tanh and sigmoid layers. Here every layer uses \
         He's: sqrt(2 / n_in).",
        |n_in, _| n_in.recip().sqrt(),
    ),
    (
        "fixed_small_weights",
        "Weights of size 0.01 make the signal shrink from layer to layer: scale with the number of inputs.",
        |_, _| 0.01,
    ),
];

/// Whether the weights have this standard deviation, as far as 19,200 of them can tell (their own is known to 0.5 %).
fn deviates_by(seen: &Record, std_dev: f64) -> bool {
    (spread(&seen.matrix("weights")) / std_dev - 1.0).abs() < 0.03
}

/// The ways in which a new layer is not as it should be, but for the scale of its weights.
const UNUSUAL_LAYERS: [(&str, &str); 6] = [
    (
        "zero_weights",
        "All weights are equal, so all neurons compute the same output and always will: they have to start with \
         different weights. (If they are all 0, perhaps your code divides whole numbers: `2 / n_in` is 0. Make n_in \
         an `f64` first.)",
    ),
    ("one_row_repeated", "All rows of the weights are the same, or all columns: draw every weight separately."),
    ("activation_ignored", "The layer does not have the activation that `new` was given."),
    (
        "no_negative_weight",
        "No weight is negative, as with uniform numbers from 0 upwards, absolute values or squares. Half of the \
         numbers that `StandardNormal` draws are negative.",
    ),
    (
        "uniform_weights",
        "No weight is farther from the mean than uniform random numbers would be. Most normal numbers are close to \
         0, and a few are far away: draw them with `StandardNormal`.",
    ),
    ("biases_not_zero", "The biases are not 0. Only the weights have to differ; biases start at 0."),
];

fn repeats(weights: &ArrayRef2<f64>) -> bool {
    let equal_rows = weights.row(0) == weights.row(1);
    let equal_columns = weights.column(0) == weights.column(1);
    equal_rows || equal_columns
}

/// He's initialisation, as far as one draw can tell.
fn he_initialised(c: &Record, seen: &Record) -> Result<(), String> {
    let (n_in, n_out) = (c.count("n_in"), c.count("n_out"));
    let weights = seen.matrix("weights");
    let wanted = (2.0 / n_in as f64).sqrt();
    if weights.dim() != (n_in, n_out) {
        return Err(format!("The weights have the shape {:?}, not ({n_in}, {n_out}).", weights.dim()));
    }
    if seen.vector("biases").len() != n_out {
        return Err(format!("There are {} biases, not {n_out}.", seen.vector("biases").len()));
    }
    // Uniform numbers are at most sqrt(3) standard deviations from their mean. The furthest of 19,200 normal ones is at
    // about 4.
    let (mean, std_dev) = (weights.mean().unwrap_or(f64::NAN), spread(&weights));
    let is_near = |weight: &f64| (weight - mean).abs() < 1.8 * std_dev;
    let faults = [
        ("zero_weights", weights.iter().all(|weight| *weight == weights[[0, 0]])),
        ("one_row_repeated", repeats(&weights)),
        ("activation_ignored", seen.text("activation") != c.text("activation")),
        ("no_negative_weight", weights.iter().all(|weight| *weight >= 0.0)),
        ("uniform_weights", weights.iter().all(is_near)),
        ("biases_not_zero", seen.vector("biases").iter().any(|bias| *bias != 0.0)),
    ];
    if let Some((fault, _)) = faults.into_iter().find(|(_, is_so)| *is_so) {
        return Err(fault.to_owned());
    }
    if !deviates_by(seen, wanted) {
        return Err(format!("The weights have the standard deviation {std_dev:.4}, not {wanted:.4}."));
    }
    // The mean of n draws has the standard deviation wanted / sqrt(n); six of those leave one chance in 500 millions.
    if mean.is_nan() || mean.abs() > 6.0 * wanted / (weights.len() as f64).sqrt() {
        return Err(format!("The weights have the mean {mean:.4}, not 0."));
    }
    // About 95 % of normal numbers lie within two standard deviations, all of uniform ones within sqrt(3).
    let far = weights.iter().filter(|weight| weight.abs() > 2.0 * wanted).count() as f64 / weights.len() as f64;
    if (far - 0.0455).abs() > 0.01 {
        return Err(format!(
            "{:.1} % of the weights are beyond two standard deviations; of normal ones it is 4.6 %.",
            100.0 * far
        ));
    }
    Ok(())
}
