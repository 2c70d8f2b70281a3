//! What is right in exercise 9, and what is commonly got wrong.
//!
//! That a network solves XOR is the least that is asked here: wrong gradients do it too, and right ones may fail. What
//! decides are the exact numbers of one pass and one step, on shapes that cannot be confused.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = forwards();
    checks.extend([hand_made("hand_made_switches", "sigmoid"), hand_made("hand_made_ramps", "relu")]);
    checks.extend(backwards());
    checks.extend(training());
    checks.extend(starting());
    checks
}

fn forwards() -> Vec<Check> {
    vec![
        Check::new("forward", "forward", "forward goes through both layers and keeps what it computes", 2)
            .on(|draw| {
                vec![on_xor(exercise_5()), on_xor(four_sigmoids()), drawn(draw, [3, 2, 5]), drawn_relu(draw, [2, 3, 4])]
            })
            .computes(|f| Net::new(f).pass(&f.input("x")).parts())
            .mistake(
                "output_like_hidden",
                "The output neuron has the activation of the hidden ones. It should be a sigmoid in every network.",
                computed(|f| {
                    let net = Net::new(f);
                    let pass = net.pass(&f.input("x"));
                    Pass { a2: net.activate(&pass.z2), ..pass }.parts()
                }),
            )
            .mistake(
                "rows_are_neurons",
                "W1 is transposed: a neuron is a column, X·W1. Not all shapes show the difference.",
                |c| match c.matrix("w1").is_square() {
                    true => forward(&with_part(c, "w1", c.matrix("w1").t().to_owned())).into(),
                    false => Prediction::Panics,
                },
            ),
        Check::new(
            "hidden_representation",
            "forward",
            "hidden_representation is what the output neuron sees of each sample",
            1,
        )
        .after("forward")
        .on(|draw| vec![on_xor(four_sigmoids()), drawn_relu(draw, [2, 3, 4])])
        .computes(|f| Net::new(f).pass(&f.input("x")).a1),
        Check::new("predict", "forward", "predict returns 1 where the prediction is above 0.5", 1)
            .after("forward")
            .on(|draw| {
                // The third network is exactly undecided; the last one leans to 1, but its Z2 is below 0.5.
                vec![
                    on_xor(exercise_5()),
                    on_xor(four_sigmoids()),
                    on_xor(constant(3, 0.0)),
                    drawn_relu(draw, [2, 3, 6]),
                    on_xor(with_part(&constant(2, 0.0), "b2", array![0.25])),
                ]
            })
            .computes(|f| Net::new(f).pass(&f.input("x")).a2.above(&f.number(0.5)))
            .mistake(
                "pre_activation_compared",
                "Z2 is compared with 0.5. Compare A2 = σ(Z2) with 0.5, or Z2 with 0.",
                computed(|f| Net::new(f).pass(&f.input("x")).z2.above(&f.number(0.5))),
            ),
    ]
}

/// The hand-made network with these hidden neurons. Whatever solves XOR is right; whatever else it computes has a name.
fn hand_made(id: &'static str, hidden: &'static str) -> Check {
    let title = match hidden {
        "sigmoid" => "hand_made_xor solves XOR with switches: sigmoid hidden neurons",
        _ => "hand_made_xor solves XOR with ramps: ReLU hidden neurons",
    };
    Check::new(id, "hand_made", title, 2)
        .asks("hand_made_xor")
        .after("forward")
        .on(move |draw| {
            [samples(), draw::matrix(draw, (3, 2), 1.5)]
                .map(|x| Record::new().with("hidden", hidden).with("x", x))
                .to_vec()
        })
        .has_none_of(&HAND_MADE_FAULTS, |c, seen| {
            if seen.text("hidden") != c.text("hidden") {
                return Err("activation_ignored".to_owned());
            }
            fits(seen, 2)?;
            if let Err(wrong) = answers_are(seen, 2, is_odd) {
                let other = if c.text("hidden") == "relu" { "sigmoid" } else { "relu" };
                let n_ones = answer_bits(seen).iter().filter(|bit| **bit).count();
                return Err(match answer_bits(seen) {
                    _ if answers_are(&with_part(seen, "hidden", other), 2, is_odd).is_ok() => {
                        "weights_of_the_other_activation".to_owned()
                    }
                    [false, true, true, false] => "undecided".to_owned(),
                    [true, false, false, true] => "turned_over".to_owned(),
                    _ if n_ones % 4 == 0 => "same_answer_for_all".to_owned(),
                    _ if n_ones % 2 == 1 => "one_line_is_enough".to_owned(),
                    _ => wrong,
                });
            }
            let right = forward(&seen.clone().with("x", c.matrix("x").to_owned()));
            let is_right = |name: &str| {
                let (right, got) = (right.matrix(name), seen.matrix(name));
                right.dim() == got.dim() && right.iter().zip(got).all(|(right, got)| (right - got).abs() < 1e-9)
            };
            match is_right("a1") && is_right("a2") {
                true => Ok(()),
                false => Err("`forward` of this network gives other numbers than its parameters do.".to_owned()),
            }
        })
}

/// What is commonly wrong with a network that was made by hand.
const HAND_MADE_FAULTS: [(&str, &str); 6] = [
    (
        "activation_ignored",
        "The hidden neurons of the returned network have another activation than the argument: use `match hidden`.",
    ),
    (
        "weights_of_the_other_activation",
        "These weights solve XOR with the other activation. A switch levels out at 1, a ramp rises without limit, so \
         weights that suit one need not suit the other.",
    ),
    (
        "undecided",
        "The classes are right, but a prediction lies between 0.1 and 0.9. Put each decision line in the middle between \
         the cases, and make it steeper: multiply weights and bias of a neuron by the same large factor.",
    ),
    ("turned_over", "Every answer is inverted: it is 1 where the inputs are equal. Change the sign of W2 and of b2."),
    (
        "same_answer_for_all",
        "The network gives all four samples the same class. Look below at a1, which has a row for each: do the hidden \
         neurons separate the samples, and do the output weights use that?",
    ),
    (
        "one_line_is_enough",
        "Your network gives three samples the same class; for that, one line would do. Look below at the sample for \
         which a2 is wrong: what are its hidden activations a1, and what do the output weights make of them?",
    ),
];

fn backwards() -> Vec<Check> {
    vec![
        Check::new("loss", "gradients", "loss is the mean squared error of the predictions", 1)
            .after("forward")
            .on(|draw| vec![on_xor(exercise_5()), drawn(draw, [3, 4, 5])])
            .computes(|f| (Net::new(f).pass(&f.input("x")).a2 - f.input("y")).square().mean())
            .mistake(
                "cross_entropy",
                "This is the binary cross-entropy. This network has the mean squared error.",
                computed(|f| {
                    let (a2, y) = (Net::new(f).pass(&f.input("x")).a2, f.input("y"));
                    -(&y * a2.ln() + (1.0 - &y) * (1.0 - &a2).ln()).mean()
                }),
            ),
        Check::new("output_gradients", "gradients", "gradients has the exact slopes along W2 and b2", 3)
            .asks("gradients")
            .after("forward")
            .on(|draw| vec![on_xor(four_sigmoids()), one_sample(), drawn(draw, [3, 4, 5])])
            .computes(|f| {
                let net = Net::new(f);
                let [_, _, dw2, db2] = net.slopes(&net.pass(&f.input("x")), &f.input("x"), &f.input("y"));
                [("dw2", dw2), ("db2", db2)]
            }),
        Check::new("hidden_gradients", "gradients", "gradients has the exact slopes along W1 and b1", 3)
            .asks("gradients")
            .after("output_gradients")
            // As many hidden neurons as samples, so that no shape gives a wrong axis away; then shapes that differ.
            .on(|draw| vec![on_xor(four_sigmoids()), one_sample(), drawn(draw, [3, 2, 5])])
            .computes(|f| {
                let net = Net::new(f);
                let [dw1, db1, _, _] = net.slopes(&net.pass(&f.input("x")), &f.input("x"), &f.input("y"));
                [("dw1", dw1), ("db1", db1)]
            }),
        Check::new("relu_gradients", "gradients", "gradients uses the slope of ReLU for ReLU hidden neurons", 1)
            .asks("gradients")
            .after("hidden_gradients")
            // The first network sits on the kink with the sample 00, and below it with another one.
            .on(|draw| vec![on_xor(kinked()), drawn_relu(draw, [3, 4, 5])])
            .computes(|f| {
                let net = Net::new(f);
                let [dw1, db1, _, _] = net.slopes(&net.pass(&f.input("x")), &f.input("x"), &f.input("y"));
                [("dw1", dw1), ("db1", db1)]
            })
            .mistake(
                "sigmoid_slope_for_relu",
                "A1 ⊙ (1 - A1) is the slope of a sigmoid, but these neurons are ReLUs: `self.hidden.derivative(…)`, at Z1.",
                hidden_gradients(|net, pass, y| net.dz1(&net.dz2(pass, y), &pass.a1 * (1.0 - &pass.a1))),
            )
            .mistake(
                "hidden_slope_at_the_output",
                "The slope of ReLU is taken at the output, too. The output neuron always has that of a sigmoid.",
                hidden_gradients(|net, pass, y| {
                    let dz2 = 2.0 * (&pass.a2 - y) / y.rows() * pass.z2.step();
                    net.dz1(&dz2, net.slope(pass))
                }),
            ),
    ]
}

fn training() -> Vec<Check> {
    const STOPS_WHEN_THE_LOSS_RISES: &str = "The training ends early, where the loss has risen. The loss may rise for a \
                                             while and fall again: take all steps.";
    vec![
        Check::new("step", "train", "step moves all four parameters against their slopes", 2)
            .on(|draw| {
                let net = |draw: &mut probe::Generator, n_in, n_hidden, rate: f64| {
                    drawn_net(draw, n_in, n_hidden, "sigmoid")
                        .with("dw1", draw::matrix(draw, (n_in, n_hidden), 1.0))
                        .with("db1", draw::vector(draw, n_hidden, 1.0))
                        .with("dw2", draw::matrix(draw, (n_hidden, 1), 1.0))
                        .with("db2", draw::vector(draw, 1, 1.0))
                        .with("learning_rate", rate)
                };
                vec![net(draw, 2, 3, 0.5), net(draw, 3, 2, 2.0)]
            })
            .computes(|f| {
                let rate = f.input("learning_rate");
                PARAMETERS.map(|name| (name, f.input(name) - &rate * f.input(&format!("d{name}"))))
            }),
        Check::new("train", "train", "train takes step after step", 2)
            .after("hidden_gradients")
            .after("relu_gradients")
            .after("step")
            .on(training_cases)
            .computes(|f| descended(f).0.named_parameters())
            .mistake(
                "a_step_for_each_sample",
                "There is one step for each sample. Take one on all samples at once.",
                parameters_after(|f, net, _, x, y| {
                    for row in 0..x.n_rows() {
                        let [x, y] = [x, y].map(|samples| f.matrix(&[samples.row(row)], &samples.row(row)));
                        let slopes = net.slopes(&net.pass(&x), &x, &y);
                        net.step(&f.input("learning_rate"), slopes);
                    }
                }),
            )
            .mistake_if(
                "more_losses_than_epochs",
                "There are more losses than epochs. Take as many steps as `epochs` says, each on all samples at once, and \
                 keep one loss for each.",
                // One more is that of the trained network.
                |c, seen| losses_of(seen).len() > c.count("epochs") + 1,
            )
            .mistake(
                "forward_before_the_loop",
                "Every step uses the forward pass of the untrained network. Each epoch needs a forward pass of its own: call \
                 `forward` in the loop.",
                parameters_after(|f, net, _, x, y| {
                    let slopes = net.slopes(&Net::new(f).pass(x), x, y);
                    net.step(&f.input("learning_rate"), slopes);
                }),
            )
            // Before the step from where the loss has risen, or after it.
            .mistake("stops_when_the_loss_rises", STOPS_WHEN_THE_LOSS_RISES, |c| stopped_at_a_rise(c, 0))
            .mistake("stops_when_the_loss_rises", STOPS_WHEN_THE_LOSS_RISES, |c| stopped_at_a_rise(c, 1))
            .mistake(
                "output_layer_first",
                "The output layer is updated before the slopes of the hidden layer are computed, so the error goes back \
                 through the *new* W2. Compute all slopes first, then take the step.",
                parameters_after(|f, net, pass, x, y| {
                    let [.., dw2, db2] = net.slopes(pass, x, y);
                    let rate = f.input("learning_rate");
                    net.parameters[2] = &net.parameters[2] - &rate * &dw2;
                    // Everything else of the pass is as before.
                    let [dw1, db1, ..] = net.slopes(pass, x, y);
                    net.step(&rate, [dw1, db1, 0.0 * dw2, db2]);
                }),
            ),
        Check::new("train_losses", "train", "train returns the loss before each step", 1)
            .asks("train")
            .after("loss")
            .after("train")
            .on(|draw| {
                let stands_still = on_xor(constant(2, 0.0)).with("epochs", 3_usize).with("learning_rate", 1.0);
                [training_cases(draw), vec![stands_still]].concat()
            })
            .computes(|f| [("losses", f.vector(&descended(f).1))]),
        Check::new("solves_xor", "train", "a few hundred epochs solve XOR from each of three starts", 1)
            .asks("train")
            .after("train_losses")
            .on(|draw| {
                let rate = 5.0 + 0.01 * draw::count(draw, 10) as f64;
                // Each of these comes to a loss below 0.014; the first one stands on a plateau for 200 epochs.
                let two = net(array![[0.3, 0.8], [0.3, -1.3]], array![0.5, 0.2], array![[-0.5], [0.6]], array![0.2]);
                let three = net(
                    array![[-1.1, -0.7, -0.8], [0.3, -0.2, 0.1]],
                    array![0.4, 0.4, 0.2],
                    array![[-0.5], [-0.8], [-0.8]],
                    array![-0.2],
                );
                [(four_sigmoids(), 430_usize), (two, 200), (three, 300)]
                    .map(|(net, epochs)| on_xor(net).with("epochs", epochs).with("learning_rate", rate))
                    .to_vec()
            })
            .demands(|c, seen| {
                let losses = losses_of(seen);
                let first = computed(|f| f.vector(&descended(f).1))(&with_part(c, "epochs", 3_usize));
                if losses.iter().zip(first.vector("result")).any(|(got, right)| (got - right).abs() > 1e-9) {
                    return Err("The first losses are not those of gradient descent from this start.".to_owned());
                }
                if losses.len() != c.count("epochs") {
                    return Err(format!("There are {} losses for {} epochs.", losses.len(), c.count("epochs")));
                }
                let last = losses[losses.len() - 1];
                if last > 0.02 {
                    return Err(format!("The last loss is {last:.4}; from this start it should be below 0.02."));
                }
                match answer_bits(seen) {
                    [false, true, true, false] => Ok(()),
                    _ => Err("The trained network does not solve XOR.".to_owned()),
                }
            })
            .mistake_if(
                "stopped_on_the_plateau",
                "Training ends early. Run all epochs, whatever the loss is: from the first of these starts it stays on a \
                 plateau for 200 of them before it falls.",
                |c, seen| losses_of(seen).len() < c.count("epochs"),
            ),
        Check::new("twins", "train", "training keeps twins equal, and does not leave a start of zeros", 1)
            .asks("train")
            .after("train")
            .on(|draw| {
                [0.0, 0.5, 0.3 + 0.01 * draw::count(draw, 15) as f64]
                    .map(|weight| on_xor(constant(3, weight)).with("epochs", 15_usize).with("learning_rate", 5.0))
                    .to_vec()
            })
            .computes(|f| descended(f).0.named_parameters())
            .mistake_if(
                "twins_parted_by_force",
                "Equal neurons have become different, which gradient descent alone cannot do. Either training begins \
                 with other weights than those of the network, or something is added to them, such as noise.",
                |_, seen| {
                    let (w1, b1, w2) = (seen.matrix("w1"), seen.vector("b1"), seen.matrix("w2"));
                    // Rounding may part them by less.
                    let spread = |of: Vec<f64>| of.iter().any(|one| (one - of[0]).abs() > 1e-6);
                    spread(w1.row(0).to_vec()) || spread(b1.to_vec()) || spread(w2.column(0).to_vec())
                },
            ),
    ]
}

fn starting() -> Vec<Check> {
    const NOT_EVERYTHING_COMPARED: &str = "Neurons that are different count as twins. Two neurons are twins only if \
                                           all of this is equal: the column of W1, the bias in b1, and the weight in \
                                           W2.";
    const NOT_EVERY_PAIR_COMPARED: &str = "Neurons are compared only with the next one, or only with the first. Twins \
                                           may be anywhere: compare every pair.";
    const NEARLY_EQUAL_COUNTS: &str =
        "Neurons that are only nearly equal count as twins, but their slopes differ: compare with `==`.";
    vec![
        Check::new("has_symmetry", "symmetry", "has_symmetry finds twins among the hidden neurons", 2)
            .on(|draw| {
                let w1 = || array![[0.5, -0.5, 0.5], [1.0, 0.5, 1.0]];
                let (b1, w2, b2) = (|| array![0.25, 0.25, 0.25], || array![[1.5], [1.5], [1.5]], || array![0.0]);
                let mut nets = vec![
                    four_sigmoids(),
                    constant(3, 0.5),
                    // The first and the last one.
                    net(w1(), b1(), w2(), b2()),
                    net(w1(), array![0.25, 0.25, -0.25], w2(), b2()),
                    // The last two.
                    net(array![[-0.5, 0.5, 0.5], [0.5, 1.0, 1.0]], b1(), w2(), b2()),
                    // The second and the last one.
                    net(
                        array![[-0.5, 0.5, 0.25, 0.5], [0.5, 1.0, 1.0, 1.0]],
                        Array1::from_elem(4, 0.25),
                        Array2::from_elem((4, 1), 1.5),
                        b2(),
                    ),
                    net(w1(), b1(), array![[1.5], [1.5], [-1.5]], b2()),
                    net(array![[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]], b1(), w2(), b2()),
                    net(array![[1.0, 1.0, 3.0], [2.0, 2.0, 3.0]], b1(), w2(), b2()),
                    // The same sum of the weights, the same first weight.
                    net(array![[0.5, 1.0, 0.5], [1.0, 0.5, -1.0]], b1(), w2(), b2()),
                    // Nearly equal, and the difference is printed.
                    net(array![[0.5, 0.5], [0.0, 1e-9]], array![0.0, 0.0], array![[1.0], [1.0]], b2()),
                    net(array![[0.5, 0.5], [1.0, 1.0]], array![0.0, 1e-17], array![[1.0], [1.0]], b2()),
                    net(array![[0.5, 0.5], [1.0, 1.0]], array![0.0, 0.0], array![[0.0], [1e-9]], b2()),
                    net(array![[0.5], [1.0]], array![0.0], array![[1.0]], b2()),
                ];
                for _ in 0..6 {
                    // The first neuron once more, or with another bias.
                    let (mut w1, mut b1) = (draw::matrix(draw, (2, 4), 2.0), draw::vector(draw, 4, 1.0));
                    let mut w2 = draw::matrix(draw, (4, 1), 2.0);
                    for i in 0..2 {
                        w1[[i, 3]] = w1[[i, 0]];
                    }
                    w2[[3, 0]] = w2[[0, 0]];
                    b1[3] = b1[0] + draw::count(draw, 2) as f64;
                    nets.push(net(w1, b1, w2, b2()));
                }
                nets
            })
            .expects(|c| any_pair(c, |j, k| alike(c, &OF_A_NEURON, j, k, 0.0)))
            .mistake("not_every_pair_compared", NOT_EVERY_PAIR_COMPARED, |c| {
                any_pair(c, |j, k| k == j + 1 && alike(c, &OF_A_NEURON, j, k, 0.0))
            })
            .mistake("not_every_pair_compared", NOT_EVERY_PAIR_COMPARED, |c| {
                any_pair(c, |j, k| j == 0 && alike(c, &OF_A_NEURON, j, k, 0.0))
            })
            .mistake(
                "rows_of_w1_compared",
                "The rows of W1 are compared. A row belongs to an input; a hidden neuron is a column.",
                |c| c.matrix("w1").row(0) == c.matrix("w1").row(1),
            )
            .mistake(
                "all_have_to_be_equal",
                "Only a layer in which all neurons are equal counts. Two equal ones are twins already.",
                |c| match c.vector("b1").len() {
                    // `all` is true where there is nothing to ask.
                    1 => Record::new(),
                    n_hidden => (1..n_hidden).all(|k| alike(c, &OF_A_NEURON, 0, k, 0.0)).into(),
                },
            )
            .mistake(
                "compared_with_itself",
                "The result is always true, even for a single neuron. Either a neuron is compared with itself (let k begin at \
                 j + 1), or `all` is asked of an empty range, which is true.",
                |_| true,
            )
            .mistake("nearly_equal_counts", NEARLY_EQUAL_COUNTS, |c| any_pair(c, |j, k| alike(c, &OF_A_NEURON, j, k, 1e-6)))
            .mistake("nearly_equal_counts", NEARLY_EQUAL_COUNTS, |c| any_pair(c, |j, k| alike(c, &OF_A_NEURON, j, k, 1e-12)))
            .mistake_if("not_everything_compared", NOT_EVERYTHING_COMPARED, |c, seen| {
                *seen == Record::from(true) && !any_pair(c, |j, k| alike(c, &OF_A_NEURON, j, k, 0.0))
            }),
        Check::new("new", "initialisation", "new draws weights that differ, and begins with biases of 0", 2)
            .on(|draw| {
                ["sigmoid", "relu"]
                    .map(|hidden| {
                        let (n_hidden, seed) = (300 + draw::count(draw, 50), draw::count(draw, 1000));
                        Record::new().with("n_hidden", n_hidden).with("hidden", hidden).with("seed", seed)
                    })
                    .to_vec()
            })
            .has_none_of(&FAULTS_OF_A_START, freshly_drawn),
        Check::new("parity", "parity", "hand_made_parity tells odd from even for any number of inputs", 3)
            .asks("hand_made_parity")
            .on(|draw| {
                [2_usize, 1, 3, 4, 5, 6 + draw::count(draw, 5)]
                    .map(|n_inputs| Record::new().with("n_inputs", n_inputs))
                    .to_vec()
            })
            .demands(|c, seen| answers_are(seen, c.count("n_inputs"), is_odd))
            .mistake_if(
                "only_up_to_two",
                "This is right for one and two inputs, and not for three. How many decision lines does the sum of n \
                 inputs cross between 0 and n?",
                |c, seen| c.count("n_inputs") == 3 && answers_are(seen, 3, |ones| ones == 1).is_ok(),
            )
            .mistake_if(
                "every_one_is_odd",
                "With three inputs every sample with a 1 in it counts as odd, also those with two. The answer has to \
                 change at every whole number that the sum of the inputs reaches.",
                |c, seen| c.count("n_inputs") == 3 && answers_are(seen, 3, |ones| ones > 0).is_ok(),
            )
            .mistake_if(
                "even_for_odd",
                "Odd and even are swapped: without any 1 the number of ones is even.",
                |c, seen| answers_are(seen, c.count("n_inputs"), |ones| ones % 2 == 0).is_ok(),
            ),
    ]
}

// Networks and samples.

fn net(w1: Array2<f64>, b1: Array1<f64>, w2: Array2<f64>, b2: Array1<f64>) -> Record {
    Record::new().with("w1", w1).with("b1", b1).with("w2", w2).with("b2", b2).with("hidden", "sigmoid")
}

/// The network of exercise 5, and of this lesson.
fn exercise_5() -> Record {
    net(array![[0.1, 0.3], [0.2, 0.4]], array![0.01, 0.02], array![[0.5], [0.6]], array![0.03])
}

/// The start that the lesson trains from.
fn four_sigmoids() -> Record {
    net(
        array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]],
        array![0.01, -0.02, 0.03, -0.04],
        array![[-0.2], [0.3], [-0.25], [0.15]],
        array![0.05],
    )
}

/// Two ReLUs with a bias of 0: for the sample 00 both are exactly at their kink.
fn kinked() -> Record {
    let net = net(array![[1.0, -0.5], [0.5, -1.0]], array![0.0, 0.0], array![[0.75], [-1.5]], array![0.25]);
    with_part(&net, "hidden", "relu")
}

/// A network of twins.
fn constant(n_hidden: usize, weight: f64) -> Record {
    net(
        Array2::from_elem((2, n_hidden), weight),
        Array1::zeros(n_hidden),
        Array2::from_elem((n_hidden, 1), weight),
        array![0.0],
    )
}

fn on_xor(net: Record) -> Record {
    net.with("x", samples()).with("y", array![[0.0], [1.0], [1.0], [0.0]])
}

fn samples() -> Array2<f64> {
    array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
}

/// The example of exercise 5: a mean over one sample is that sample.
fn one_sample() -> Record {
    exercise_5().with("x", array![[0.5, 0.8]]).with("y", array![[1.0]])
}

fn drawn_net(draw: &mut probe::Generator, n_in: usize, n_hidden: usize, hidden: &str) -> Record {
    Record::new()
        .with("w1", draw::matrix(draw, (n_in, n_hidden), 1.5))
        .with("b1", draw::vector(draw, n_hidden, 1.0))
        .with("w2", draw::matrix(draw, (n_hidden, 1), 1.5))
        .with("b2", draw::vector(draw, 1, 1.0))
        .with("hidden", hidden)
}

fn with_samples(net: Record, draw: &mut probe::Generator, n_in: usize, n_samples: usize) -> Record {
    let targets = Array2::from_shape_fn((n_samples, 1), |(i, _)| [1.0, 0.0, 0.25][i % 3]);
    net.with("x", draw::matrix(draw, (n_samples, n_in), 1.5)).with("y", targets)
}

/// A network of sigmoids, with samples.
fn drawn(draw: &mut probe::Generator, [n_in, n_hidden, n_samples]: [usize; 3]) -> Record {
    let net = drawn_net(draw, n_in, n_hidden, "sigmoid");
    with_samples(net, draw, n_in, n_samples)
}

/// A network of ReLUs, with samples.
fn drawn_relu(draw: &mut probe::Generator, [n_in, n_hidden, n_samples]: [usize; 3]) -> Record {
    let net = drawn_net(draw, n_in, n_hidden, "relu");
    with_samples(net, draw, n_in, n_samples)
}

/// The record with another value for one of its parts.
fn with_part(record: &Record, name: &str, value: impl Into<Value>) -> Record {
    let mut value = Some(value.into());
    record.parts().fold(Record::new(), |new, (part, old)| {
        let value = if part == name { value.take() } else { None };
        new.with(part, value.unwrap_or_else(|| old.clone()))
    })
}

// Forwards.

fn is_relu(c: &Record) -> bool {
    c.text("hidden") == "relu"
}

fn forward(c: &Record) -> Record {
    computed(|f| Net::new(f).pass(&f.input("x")).parts())(c)
}

// Networks that were made by hand.

fn is_odd(ones: usize) -> bool {
    ones % 2 == 1
}

/// What this network says to every combination of inputs, beginning with 00 and 01.
fn answers(net: &Record, n_inputs: usize) -> Vec<(usize, f64)> {
    let samples = Array2::from_shape_fn((1 << n_inputs, n_inputs), |(i, j)| f64::from(bit(i, n_inputs - 1 - j)));
    let predictions = forward(&net.clone().with("x", samples));
    predictions.matrix("a2").iter().copied().enumerate().collect()
}

fn bit(number: usize, place: usize) -> u8 {
    u8::from(number >> place & 1 == 1)
}

/// Whether the network has so many inputs, and shapes that fit together.
fn fits(net: &Record, n_inputs: usize) -> Result<(), String> {
    let (w1, b1, w2, b2) = (net.matrix("w1"), net.vector("b1"), net.matrix("w2"), net.vector("b2"));
    if w1.nrows() != n_inputs {
        return Err(format!("W1 has {} rows: the network has that many inputs, not {n_inputs}.", w1.nrows()));
    }
    match w1.ncols() == b1.len() && w2.dim() == (b1.len(), 1) && b2.len() == 1 {
        true => Ok(()),
        false => {
            Err("The shapes of the parameters do not fit together: make the network with `from_parts`.".to_owned())
        }
    }
}

/// Whether the network is sure of 1 for as many ones among its inputs as `wanted` says, and sure of 0 for the others.
fn answers_are(net: &Record, n_inputs: usize, wanted: fn(usize) -> bool) -> Result<(), String> {
    fits(net, n_inputs)?;
    for (sample, p) in answers(net, n_inputs) {
        let is_one = wanted(sample.count_ones() as usize);
        if is_one && p <= 0.9 || !is_one && p >= 0.1 {
            let wanted = if is_one { "above 0.9" } else { "below 0.1" };
            return Err(format!("For {sample:0n_inputs$b} the output is {p:.4}. It should be {wanted}."));
        }
    }
    Ok(())
}

/// What a network of two inputs says to 00, 01, 10 and 11.
fn answer_bits(net: &Record) -> [bool; 4] {
    let answers = answers(net, 2);
    [0, 1, 2, 3].map(|i| answers[i].1 > 0.5)
}

// Backwards.

/// The slopes along W1 and b1 of code that computes dZ1 like this.
fn hidden_gradients(dz1: impl Fn(&Net, &Pass, &Num) -> Num) -> impl Fn(&Record) -> Record {
    computed(move |f| {
        let (net, x) = (Net::new(f), f.input("x"));
        let dz1 = dz1(&net, &net.pass(&x), &f.input("y"));
        [("dw1", x.t().dot(&dz1)), ("db1", column_sums(&dz1))]
    })
}

fn column_sums(of: &Num) -> Num {
    of.aggregate(Aggregate::Sum, Over::Samples)
}

// Training.

const PARAMETERS: [&str; 4] = ["w1", "b1", "w2", "b2"];

/// The network as the lesson writes it.
struct Net {
    parameters: [Num; 4],
    is_relu: bool,
}

struct Pass {
    z1: Num,
    a1: Num,
    z2: Num,
    a2: Num,
}

impl Pass {
    fn parts(self) -> [(&'static str, Num); 4] {
        [("z1", self.z1), ("a1", self.a1), ("z2", self.z2), ("a2", self.a2)]
    }
}

impl Net {
    fn new(f: &Formula) -> Self {
        Self { parameters: PARAMETERS.map(|name| f.input(name)), is_relu: is_relu(f.case()) }
    }

    fn named_parameters(self) -> [(&'static str, Num); 4] {
        let [w1, b1, w2, b2] = self.parameters;
        [("w1", w1), ("b1", b1), ("w2", w2), ("b2", b2)]
    }

    /// What hidden neurons do.
    fn activate(&self, z: &Num) -> Num {
        if self.is_relu { z.relu() } else { z.sigmoid() }
    }

    fn pass(&self, x: &Num) -> Pass {
        let [w1, b1, w2, b2] = &self.parameters;
        let z1 = (x.dot(w1) + b1).named("z1");
        let a1 = self.activate(&z1).named("a1");
        let z2 = (a1.dot(w2) + b2).named("z2");
        let a2 = z2.sigmoid().named("a2");
        Pass { z1, a1, z2, a2 }
    }

    fn dz2(&self, Pass { a2, .. }: &Pass, y: &Num) -> Num {
        let da2 = (2.0 * (a2 - y) / y.rows()).named("da2");
        (da2 * (a2 * (1.0 - a2)).named("σ'(z2)")).named("dz2")
    }

    /// The slope of the hidden activation.
    fn slope(&self, Pass { z1, a1, .. }: &Pass) -> Num {
        if self.is_relu { z1.step() } else { a1 * (1.0 - a1) }
    }

    fn dz1(&self, dz2: &Num, slope: Num) -> Num {
        let da1 = dz2.dot(&self.parameters[2].t()).named("da1");
        (da1 * slope.named("f'(z1)")).named("dz1")
    }

    /// The slopes along all parameters.
    fn slopes(&self, pass: &Pass, x: &Num, y: &Num) -> [Num; 4] {
        let dz2 = self.dz2(pass, y);
        let dz1 = self.dz1(&dz2, self.slope(pass));
        [x.t().dot(&dz1), column_sums(&dz1), pass.a1.t().dot(&dz2), column_sums(&dz2)]
    }

    fn step(&mut self, rate: &Num, [dw1, db1, dw2, db2]: [Num; 4]) {
        let [w1, b1, w2, b2] = &self.parameters;
        self.parameters = [
            (w1 - rate * dw1).named("w1"),
            (b1 - rate * db1).named("b1"),
            (w2 - rate * dw2).named("w2"),
            (b2 - rate * db2).named("b2"),
        ];
    }
}

fn loss(pass: &Pass, y: &Num) -> Num {
    (&pass.a2 - y).square().mean().named("loss")
}

/// The network after all epochs, each of which goes on from a forward pass, and the loss before each.
fn trained(f: &Formula, epoch: impl Fn(&mut Net, &Pass, &Num, &Num)) -> (Net, Vec<Num>) {
    let (x, y) = (f.input("x"), f.input("y"));
    let (mut net, mut losses) = (Net::new(f), Vec::new());
    for _ in 0..f.times("epochs") {
        let pass = net.pass(&x);
        losses.push(loss(&pass, &y));
        epoch(&mut net, &pass, &x, &y);
    }
    (net, losses)
}

/// The parameters after a training with such epochs, for a mistake.
fn parameters_after(epoch: fn(&Formula, &mut Net, &Pass, &Num, &Num)) -> impl Fn(&Record) -> Record {
    computed(move |f| trained(f, |net, pass, x, y| epoch(f, net, pass, x, y)).0.named_parameters())
}

/// The network and the losses, by gradient descent.
fn descended(f: &Formula) -> (Net, Vec<Num>) {
    let rate = f.input("learning_rate");
    trained(f, |net, pass, x, y| {
        let slopes = net.slopes(pass, x, y);
        net.step(&rate, slopes);
    })
}

/// What a training that ends where the loss has risen makes of the parameters, after so many more steps.
fn stopped_at_a_rise(c: &Record, more: usize) -> Record {
    let losses = computed(|f| f.vector(&descended(f).1))(c);
    let losses = losses.vector("result").to_vec();
    let before = losses.windows(2).position(|pair| pair[1] > pair[0]);
    let epochs = before.map_or(losses.len(), |before| before + 1 + more);
    computed(|f| descended(f).0.named_parameters())(&with_part(c, "epochs", epochs))
}

/// Networks to be trained for a few epochs, or for none.
fn training_cases(draw: &mut probe::Generator) -> Vec<Record> {
    let case = |net: Record, epochs: usize, rate: f64| net.with("epochs", epochs).with("learning_rate", rate);
    vec![
        case(on_xor(four_sigmoids()), 3, 1.0),
        case(drawn(draw, [2, 3, 4]), 1, 0.5),
        case(drawn(draw, [3, 2, 5]), 2, 0.5),
        case(drawn_relu(draw, [2, 3, 4]), 4, 0.25),
        case(on_xor(exercise_5()), 0, 1.0),
        // Here the loss rises at once, and falls again.
        case(on_xor(exercise_5()), 3, 20.0),
    ]
}

fn losses_of(seen: &Record) -> Array1<f64> {
    seen.vector("losses").to_owned()
}

// Starting.

fn any_pair(c: &Record, are_twins: impl Fn(usize, usize) -> bool) -> bool {
    (0..c.vector("b1").len()).any(|k| (0..k).any(|j| are_twins(j, k)))
}

/// Where the numbers of a hidden neuron stand.
const OF_A_NEURON: [&str; 3] = ["w1", "b1", "w2"];

/// Whether these numbers of two neurons differ by no more than `off`.
fn alike(c: &Record, names: &[&str], j: usize, k: usize, off: f64) -> bool {
    let of_neuron = |name: &str, neuron: usize| match name {
        "w1" => c.matrix("w1").column(neuron).to_vec(),
        "b1" => vec![c.vector("b1")[neuron]],
        _ => c.matrix(name).row(neuron).to_vec(),
    };
    names.iter().all(|name| of_neuron(name, j).iter().zip(of_neuron(name, k)).all(|(a, b)| (a - b).abs() <= off))
}

fn all_equal<'a>(mut numbers: impl Iterator<Item = &'a f64>) -> bool {
    let first = numbers.next();
    numbers.all(|number| Some(number) == first)
}

fn deviation(a: &ArrayRef2<f64>) -> f64 {
    a.std(0.0)
}

/// What is commonly wrong with a start.
const FAULTS_OF_A_START: [(&str, &str); 7] = [
    ("weight_used_twice", "Some weights are equal. Draw every weight of both layers separately."),
    (
        "all_weights_equal",
        "All hidden neurons have the same weight for an input, or the same outgoing weight. Draw every weight of both \
         layers separately.",
    ),
    ("generator_of_its_own", "Two networks made one after the other are the same. Draw from the argument `rng`."),
    ("biases_drawn", "The biases are not 0. Only the weights have to differ."),
    ("never_negative", "No weight of a layer is negative. Half of the numbers that `StandardNormal` draws are."),
    (
        "other_standard_deviation",
        "The weights of w1 or w2 do not have the standard deviation 1. Use `StandardNormal` without a factor, in \
         both layers.",
    ),
    (
        "not_normal",
        "The weights are not normally distributed: of some hundred normal numbers several lie beyond 2 and -2, but here \
         none does. Use `StandardNormal`.",
    ),
];

/// Weights from a standard normal distribution, as far as a few hundred of them can tell, and biases of 0.
fn freshly_drawn(c: &Record, seen: &Record) -> Result<(), String> {
    let n_hidden = c.count("n_hidden");
    if seen.text("hidden") != c.text("hidden") {
        return Err("The network does not have the activation that `new` was given.".to_owned());
    }
    for (name, shape) in [("w1", (2, n_hidden)), ("w2", (n_hidden, 1))] {
        let seen = seen.matrix(name).dim();
        if seen != shape {
            return Err(format!(
                "`{name}` has the shape {seen:?}, not {shape:?}: (from, to) for the neurons that it connects."
            ));
        }
    }
    if seen.matrix("w1").rows().into_iter().any(|row| all_equal(row.iter())) || all_equal(seen.matrix("w2").iter()) {
        return Err("all_weights_equal".to_owned());
    }
    if seen.get("w1") == seen.get("w1_of_the_next") {
        return Err("generator_of_its_own".to_owned());
    }
    if seen.vector("b1").iter().chain(&seen.vector("b2")).any(|b| *b != 0.0) {
        return Err("biases_drawn".to_owned());
    }
    if ["w1", "w2"].iter().any(|name| seen.matrix(name).iter().all(|w| *w >= 0.0)) {
        return Err("never_negative".to_owned());
    }
    for name in ["w1", "w2"] {
        // 600 and 300 numbers: the mean is known to about 0.06, the deviation to about 0.04.
        if !(0.85..1.15).contains(&deviation(&seen.matrix(name))) {
            return Err("other_standard_deviation".to_owned());
        }
        let mean = seen.matrix(name).mean().unwrap_or(f64::NAN);
        if mean.abs() > 0.25 {
            return Err(format!("The weights in {name} have the mean {mean:.2}; it should be 0."));
        }
        // One in 22 normal numbers does.
        if seen.matrix(name).iter().all(|weight| weight.abs() <= 2.0) {
            return Err("not_normal".to_owned());
        }
    }
    let mut weights: Vec<f64> = seen.matrix("w1").iter().chain(&seen.matrix("w2")).copied().collect();
    weights.sort_by(f64::total_cmp);
    match weights.windows(2).any(|pair| pair[0] == pair[1]) {
        true => Err("weight_used_twice".to_owned()),
        false => Ok(()),
    }
}
