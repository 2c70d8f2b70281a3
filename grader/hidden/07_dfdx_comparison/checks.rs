//! What is right in exercise 7, and what is commonly got wrong.
//!
//! The references are computed in `f64`; what dfdx computes in `f32` is held against them with as many digits as `f32`
//! has.

use rand::seq::SliceRandom;

use judge::prelude::*;

/// An `f32` has 24 significant bits, a little more than seven digits; sums lose one or two of them.
const F32: Tolerance = Tolerance { relative: 1e-5, absolute: 1e-6 };

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    vec![
        Check::new("tour_products", "tensors", "tensor_tour tells the three products and the sum apart", 1)
            .asks("tensor_tour")
            .on(two_matrices)
            .computes(|f| {
                let (a, b) = (f.input("a"), f.input("b"));
                [("sum", &a + &b), ("product", &a * &b), ("matmul", a.dot(&b))]
            })
            .within(F32),
        Check::new("tour_shapes", "tensors", "tensor_tour transposes and flattens", 1)
            .asks("tensor_tour")
            .on(two_matrices)
            .computes(|f| {
                let a = f.input("a");
                let entries: Vec<Num> = (0..4).map(|entry| a.at(entry)).collect();
                [("transposed", f.input("a").t()), ("flat", f.vector(&entries))]
            })
            .within(F32),
        Check::new("tour_numbers", "tensors", "tensor_tour finds mean and maximum", 1)
            .asks("tensor_tour")
            .on(two_matrices)
            .computes(|f| [("mean", f.input("a").mean()), ("largest", f.input("a").max())])
            .within(F32),
        Check::new("autograd_poly", "autograd", "autograd_poly gives x² + 2x + 1 and the slope that dfdx finds", 2)
            .on(|draw| {
                [3.0, -1.5, draw::number(draw, 4.0) + 10.0].map(|x| Record::new().with("x", x)).to_vec()
            })
            .computes(|f| {
                let x = f.input("x");
                [("value", x.square() + 2.0 * &x + 1.0), ("slope", 2.0 * &x + 2.0)]
            })
            .within(F32)
            .mistake_each("term_without_tape", TERM_WITHOUT_TAPE, [false, true], |c, is_square_left| {
                let x = c.float("x");
                let slope = if *is_square_left { 2.0 } else { 2.0 * x };
                Record::new().with("value", (x + 1.0).powi(2)).with("slope", slope)
            })
            .mistake_if(
                "difference_quotient",
                "The slope is only nearly right, as from a difference quotient. `backward` is as exact as the value.",
                |c, seen| (1e-5..0.1).contains(&(seen.float("slope") - (2.0 * c.float("x") + 2.0)).abs()),
            ),
        Check::new("autograd_dot", "autograd", "autograd_dot gives w·x and its gradient with respect to w", 1)
            .on(|draw| {
                vec![
                    Record::new().with("w", array![1.0, 2.0, 3.0]).with("x", array![4.0, 5.0, 6.0]),
                    Record::new().with("w", draw::vector(draw, 3, 2.0)).with("x", draw::vector(draw, 3, 2.0)),
                ]
            })
            .computes(|f| [("value", (f.input("w") * f.input("x")).sum()), ("gradient", f.input("x"))])
            .within(F32),
        Check::new("two_passes", "clearing", "two_passes shows when gradients add up", 2)
            .on(|draw| {
                [3.0, -2.0, draw::number(draw, 4.0) + 10.0].map(|x| Record::new().with("x", x)).to_vec()
            })
            .computes(|f| {
                let first = (2.0 * f.input("x")).named("first");
                passes(first.clone(), first + 1.0, f.number(1.0))
            })
            .within(F32)
            .mistake(
                "never_cleared",
                "`cleared` holds the slopes of earlier passes, too: `backward` adds. Set them to 0 with `zero_grads`.",
                computed(|f| passes(2.0 * f.input("x"), 2.0 * f.input("x") + 1.0, 2.0 * f.input("x") + 2.0)),
            )
            .mistake(
                "fresh_gradients",
                "`kept` is the slope of x + 1 alone. Pass the `Gradients` that the first `backward` returned, and do not \
                 clear them before the second pass.",
                computed(|f| passes(2.0 * f.input("x"), f.number(1.0), f.number(1.0))),
            )
            .mistake(
                "read_before_the_pass",
                "`cleared` is 0: either it was read before the backward pass of x + 1, or the slopes were set to 0 after \
                 that pass.",
                computed(|f| passes(2.0 * f.input("x"), 2.0 * f.input("x") + 1.0, f.number(0.0))),
            ),
        Check::new("cross_entropy", "logits", "cross_entropy is the mean of -log p(label)", 2)
            .on(|draw| {
                vec![
                    Record::new()
                        .with("logits", array![[2.0, 1.0, 0.1, 0.5], [0.1, 0.2, 3.0, 0.1], [1.0, 1.0, 1.0, 1.0]])
                        .with("labels", vec![0_usize, 2, 1]),
                    Record::new().with("logits", draw::matrix(draw, (2, 3), 2.0)).with("labels", vec![2_usize, 1]),
                ]
            })
            .computes(|f| minus_log_p(f, &f.input("logits")).mean())
            .within(F32)
            .mistake(
                "arguments_swapped",
                "The arguments are swapped: logits come first, targets second.",
                computed(|f| {
                    let (logits, labels) = (f.input("logits"), f.input("labels"));
                    -(softmax(&labels.one_hot(&logits)).ln() * &logits).sum() / logits.rows()
                }),
            ),
        Check::new("label_out_of_range", "logits", "cross_entropy panics on a label that no class has", 1)
            .asks("cross_entropy")
            .after("cross_entropy")
            .on(|draw| {
                vec![
                    Record::new().with("logits", draw::matrix(draw, (2, 2), 2.0)).with("labels", vec![0_usize, 1]),
                    // Not in the last row: there is a next one, into which such a label could spill.
                    Record::new().with("logits", array![[2.0, 1.0], [0.5, 1.5]]).with("labels", vec![2_usize, 1]),
                ]
            })
            .computes(|f| minus_log_p(f, &f.input("logits")).mean())
            .panics_where("there are two classes and a label is 2", |c| c.counts("labels")[0] == 2)
            .within(F32),
        Check::new("from_parts", "shapes", "from_parts refuses what does not have the shape in the type", 1)
            .on(|draw| {
                let mut shapes = [(2, 4, 4), (4, 2, 4), (2, 4, 2), (3, 4, 4), (2, 5, 4), (2, 4, 5), (2, 4, 4), (1, 8, 4)];
                shapes.shuffle(draw);
                shapes
                    .map(|(rows, columns, biases): (usize, usize, usize)| {
                        Record::new().with("rows", rows).with("columns", columns).with("biases", biases)
                    })
                    .to_vec()
            })
            .tests(|c, tests| {
                let (shape, n_biases) = ((c.count("rows"), c.count("columns")), c.count("biases"));
                let made = tests
                    .refuse(shape != (2, 4), "the weights have another shape", "Err")
                    .and_then(|()| tests.refuse(n_biases != 4, "there are too few or too many biases", "Err"));
                made.map_or_else(|error| error, |()| "a layer".to_owned())
            })
            .mistake(
                "counted_not_shaped",
                "Weights of shape (4, 2) are accepted for a `Dense<2, 4>`. Compare the shape itself, `.dim()`.",
                |c| accepted(c, |rows, columns, biases| rows * columns == 8 && biases == 4),
            )
            .mistake(
                "the_other_layout",
                "Your code expects a neuron per row, as dfdx stores them. Here `Dense<I, O>` has weights of shape (I, O).",
                |c| accepted(c, |rows, columns, biases| (rows, columns) == (4, 2) && biases == 4),
            )
            .mistake(
                "bias_for_every_input",
                BIAS_FOR_EVERY_INPUT,
                |c| accepted(c, |rows, columns, biases| (rows, columns) == (2, 4) && biases == 2),
            ),
        Check::new("stack", "shapes", "stack puts the layers that it is given into a network", 1)
            .after("from_parts")
            .on(|draw| vec![network(draw)])
            .expects(|c| c.clone()),
        Check::new("layers_that_do_not_fit", "shapes", "layers that do not fit together do not compile", 1)
            .about("stack")
            .after("stack")
            .does_not_compile(include_str!("compile_fail/layers_that_do_not_fit.rs"))
            .mistake(
                "any_layers_stack",
                "The compiler accepts a call of `stack` with a layer of four outputs and one of three inputs. A panic \
                 would come too late: give the outputs of the one and the inputs of the other the same name, `H`.",
                |_| "no error",
            ),
        Check::new("private_fields", "shapes", "the parameters of a layer are private", 1)
            .after("stack")
            .does_not_compile(include_str!("compile_fail/private_fields.rs"))
            .mistake(
                "fields_made_public",
                "The fields of `Dense` are public, so code can change a shape in spite of the check in `from_parts`.",
                |_| "no error",
            ),
        Check::new("take_apart", "shapes", "take_apart gives the two layers back, in order", 1)
            .after("stack")
            .on(|draw| vec![network(draw)])
            .expects(|c| c.clone()),
        Check::new("network_used_after", "shapes", "a network that was taken apart cannot be used any more", 1)
            .about("take_apart")
            .after("take_apart")
            .does_not_compile(include_str!("compile_fail/network_used_after_taking_apart.rs"))
            .mistake(
                "network_only_borrowed",
                "The network can still be used afterwards: `&self` only borrows it. Take `self`.",
                |_| "no error",
            ),
        Check::new("n_params", "shapes", "n_params counts from the type alone", 1)
            .on(|draw| {
                let mut names = ["2-4-1", "10-20-5", "784-128-10", "3-7-2", "5-2-6"];
                names.shuffle(draw);
                names.map(|name| Record::new().with("network", name)).to_vec()
            })
            .expects(of_sizes(|i, h, o| i * h + h + h * o + o))
            .mistake("biases_not_counted", BIASES_NOT_COUNTED, of_sizes(|i, h, o| i * h + h * o))
            .mistake("biases_not_counted", BIASES_NOT_COUNTED, of_sizes(|i, h, o| i * h + h + h * o))
            .mistake("biases_not_counted", BIASES_NOT_COUNTED, of_sizes(|i, h, o| i * h + h * o + o))
            .mistake("biases_not_counted", BIASES_NOT_COUNTED, of_sizes(|i, h, o| i * h + h + h * o + 1))
            .mistake("biases_not_counted", BIASES_NOT_COUNTED, of_sizes(|i, h, o| i * h + 1 + h * o + 1))
            .mistake(
                "weights_multiplied",
                "The numbers of weights of the two layers are multiplied. Add them: I · H in the first layer, H · O in the \
                 second.",
                of_sizes(|i, h, o| i * h * o + h + o),
            )
            .mistake("bias_for_every_input", BIAS_FOR_EVERY_INPUT, of_sizes(|i, h, o| i * h + i + h * o + h))
            .mistake("bias_for_every_input", BIAS_FOR_EVERY_INPUT, of_sizes(|i, h, o| i * h + h + h * o + h))
            .mistake("bias_for_every_input", BIAS_FOR_EVERY_INPUT, of_sizes(|i, h, o| i * h + i + h * o + o)),
        Check::new("forward", "by_hand", "forward: ReLU in the hidden layer, the sigmoid at the end", 1)
            .after("stack")
            .on(networks)
            .computes(|f| Net::new(f).pass(&f.input("x")).p),
        Check::new("loss", "by_hand", "loss_and_slopes returns the mean squared error", 1)
            .asks("loss_and_slopes")
            .after("forward")
            .on(networks)
            .computes(|f| [("loss", loss_of(f))]),
        Check::new("slopes", "by_hand", "loss_and_slopes derives the gradient by hand", 2)
            .asks("loss_and_slopes")
            .after("loss")
            .on(networks)
            .computes(slopes_of),
        Check::new("slopes_of_two_outputs", "by_hand", "loss_and_slopes takes several outputs, and samples at the kink", 1)
            .about("loss_and_slopes")
            .after("slopes")
            .on(|draw| {
                let wide = Record::new()
                    .with("output_weights", draw::matrix(draw, (4, 2), 2.0))
                    .with("output_biases", draw::vector(draw, 2, 1.0))
                    .with("y", draw::matrix(draw, (3, 2), 1.0));
                let wide = replaced(&drawn_network(draw), &wide);
                // Without inputs and biases the sums are 0.
                let at_the_kink = Record::new()
                    .with("hidden_biases", array![0.0, -0.02, 0.03, 0.0])
                    .with("x", array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0]]);
                vec![wide.clone(), replaced(&wide, &at_the_kink)]
            })
            .computes(|f| {
                let [dw1, db1, dw2, db2] = slopes_of(f);
                [("loss", loss_of(f)), dw1, db1, dw2, db2]
            }),
        Check::new("layer_to_dfdx", "in_dfdx", "to_dfdx of a layer transposes its weights", 2)
            .about("Dense::to_dfdx")
            .after("from_parts")
            .on(|draw| {
                let mut layer = |shape: (usize, usize)| {
                    Record::new()
                        .with("weights", draw::matrix(draw, shape, 1.0))
                        .with("biases", draw::vector(draw, shape.1, 1.0))
                };
                vec![layer((2, 4)), layer((3, 3))]
            })
            .expects(|c| Record::new().with("weight", c.matrix("weights").t().to_owned()).with("bias", biases(c)))
            .within(F32)
            .mistake(
                "copied_without_transposing",
                "The numbers are in the order of our weights, and only the shape is dfdx's: transpose them. `.t().iter()` goes \
                 along the new rows; `.t()` and `.t().to_owned()` leave the order in memory as it was.",
                |c| {
                    let weights = c.matrix("weights");
                    let (i, o) = weights.dim();
                    let weight = weights.to_shape((o, i)).expect("as many numbers").to_owned();
                    Record::new().with("weight", weight).with("bias", biases(c))
                },
            )
            .mistake_if(
                "biases_not_copied",
                "The biases are not those of the layer. A new dfdx layer has random biases: copy them too.",
                |c, seen| {
                    let arrived = |one: f64, other: f64| (one - other).abs() < 1e-5;
                    c.matrix("weights").t().iter().zip(seen.matrix("weight")).all(|(&one, &other)| arrived(one, other))
                        && !c.vector("biases").iter().zip(seen.vector("bias")).all(|(&one, &other)| arrived(one, other))
                },
            ),
        Check::new("dfdx_forward", "in_dfdx", "dfdx has the outputs of the network by hand", 1)
            .after("layer_to_dfdx")
            .on(networks)
            .computes(|f| Net::new(f).pass(&f.input("x")).p)
            .within(F32)
            .mistake(
                "samples_scrambled",
                "The numbers of the samples are written into the tensor column by column: dfdx expects rows.",
                |c| {
                    let x = c.matrix("x");
                    let scrambled = x.t().to_shape(x.dim()).expect("as many numbers").to_owned();
                    probabilities(&with_samples(c, scrambled))
                },
            ),
        Check::new("dfdx_loss", "in_dfdx", "dfdx computes the same loss", 1)
            .asks("dfdx_loss_and_slopes")
            .after("dfdx_forward")
            .on(networks)
            .computes(|f| [("loss", loss_of(f))])
            .within(F32),
        Check::new("dfdx_slopes", "in_dfdx", "dfdx finds the same gradient, returned in the layout of the course", 2)
            .asks("dfdx_loss_and_slopes")
            .after("dfdx_loss")
            .on(networks)
            .computes(slopes_of)
            .within(F32),
        Check::new("max_difference", "parity", "max_difference finds the largest difference, whatever its sign", 1)
            .on(|draw| {
                let pair = |a: Array2<f64>, b: Array2<f64>| Record::new().with("a", a).with("b", b);
                vec![
                    pair(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![[1.5, 2.25, 3.0], [4.0, 6.5, 5.75]]),
                    pair(draw::matrix(draw, (2, 3), 2.0), draw::matrix(draw, (2, 3), 2.0)),
                    pair(draw::matrix(draw, (3, 2), 2.0), draw::matrix(draw, (3, 2), 2.0)),
                ]
            })
            .computes(|f| (f.input("a") - f.input("b")).abs().max()),
        Check::new("no_difference", "parity", "max_difference keeps NaN, and is None for different shapes", 1)
            .asks("max_difference")
            .after("max_difference")
            .on(|draw| {
                let pair = |a: Array2<f64>, b: Array2<f64>| Record::new().with("a", a).with("b", b);
                vec![
                    pair(draw::matrix(draw, (2, 3), 2.0), draw::matrix(draw, (2, 3), 2.0)),
                    pair(array![[0.5, f64::NAN], [1.0, 1.0]], array![[0.0, 1.0], [1.0, 1.25]]),
                    pair(draw::matrix(draw, (2, 2), 5.0), array![[1.5, 3.0]]),
                    pair(array![[1.5, 3.0]], array![[1.0, 2.0], [3.0, 7.0]]),
                    pair(array![[1.0, 2.0], [3.0, 7.0]], array![[1.5], [3.0]]),
                    pair(array![[1.5], [3.0]], array![[1.0, 2.0], [3.0, 7.0]]),
                    pair(draw::matrix(draw, (2, 3), 2.0), draw::matrix(draw, (3, 2), 2.0)),
                ]
            })
            .expects(|c| difference(c, |d| nan_or_max(d.iter().map(|d| d.abs()))))
            .mistake_if(
                "shapes_not_compared",
                "Arrays of different shapes should give `None`: compare `.dim()`. An equal number of entries is not \
                 enough, `zip` stops at the end of the shorter one, and `a - b` repeats a single row or column.",
                |c, seen| c.matrix("a").dim() != c.matrix("b").dim() && seen.get("result") != Some(&Value::Nothing),
            ),
        Check::new("forward_parity", "parity", "forward_parity compares the two networks that it is given", 1)
            .after("forward")
            .after("max_difference")
            .after("dfdx_forward")
            .on(two_networks)
            .computes(|f| {
                let [by_hand, dfdx] = ["", "dfdx_"].map(|prefix| Net::of(f, prefix).pass(&f.input("x")).p);
                (by_hand.named("by hand") - dfdx.named("dfdx")).abs().max()
            })
            .within(PARITY)
            .mistake("compared_with_itself", COMPARED_WITH_ITSELF, |_| 0.0),
        with_arrays_not_compared(
            Check::new("gradient_parity", "parity", "gradient_parity compares every weight and every bias", 2)
                .after("slopes")
                .after("no_difference")
                .after("dfdx_slopes")
                .on(|draw| {
                    let mut cases = two_networks(draw);
                    // The largest difference once in each of the places that can be forgotten.
                    for place in 0..4 {
                        cases.push(networks_that_differ_most_in(place, draw));
                    }
                    // The last one computes nothing but NaN, in both frameworks.
                    let nan = Record::new()
                        .with("output_biases", array![f64::NAN])
                        .with("dfdx_output_biases", array![f64::NAN]);
                    cases.push(replaced(&cases[0], &nan));
                    cases
                })
                .expects(|c| largest(&slope_differences(c)))
                .within(PARITY),
        )
        .mistake("compared_with_itself", COMPARED_WITH_ITSELF, |c| {
            if c.vector("output_biases")[0].is_nan() { f64::NAN } else { 0.0 }
        })
        .mistake("differences_added_up", DIFFERENCES_ADDED_UP, sum_of_differences)
        .mistake("differences_added_up", DIFFERENCES_ADDED_UP, |c| sum_of_differences(c) / 4.0)
        .mistake(
            "nan_is_passed_over",
            "If all slopes are NaN, the result is 0, as for a perfect match: `f64::max` and `>` ignore NaN.",
            |c| slope_differences(c).iter().flatten().fold(0.0, |max: f64, d| max.max(d.abs())),
        ),
        Check::new("train_xor", "training", "train_xor takes the steps of gradient descent, in dfdx", 2)
            .after("dfdx_slopes")
            .on(trainings)
            .computes(|f| losses_of(f, f.times("epochs"), step))
            .within(TRAINING)
            .mistake(
                "gradients_not_cleared",
                "The gradients are sums of all the passes so far. Clear them with `zero_grads` after each update.",
                computed(|f| losses_of(f, f.times("epochs"), with_memory(f, 1.0))),
            )
            .mistake(
                "nothing_moves",
                "All losses are equal. Are the gradients cleared before `update` has used them, is another model \
                 updated than the one whose loss is taken, or does each epoch take `start` again?",
                computed(|f| losses_of(f, f.times("epochs"), |_, _, slope| 0.0 * slope)),
            )
            .mistake(
                "momentum_switched_on",
                "The steps use momentum: each contains 0.9 of the one before. Set `momentum: None`.",
                computed(|f| losses_of(f, f.times("epochs"), with_memory(f, 0.9))),
            ),
        Check::new("training_solves_xor", "training", "with these weights to begin with, XOR is solved", 1)
            .asks("train_xor")
            .after("train_xor")
            .on(|draw| vec![training(2.0 + 0.01 * draw::count(draw, 20) as f64, 600, &lesson_network())])
            .demands(|c, seen| {
                let losses = seen.vector("result");
                let first = computed(|f| losses_of(f, 4, step))(c);
                let first = first.vector("result");
                if losses.iter().zip(first).any(|(got, right)| (got - right).abs() > 1e-4 * right) {
                    return Err("The first losses are not those of gradient descent with this learning rate.".to_owned());
                }
                match losses.last() {
                    Some(last) if *last < 0.01 => Ok(()),
                    Some(last) => Err(format!("The last loss is {last:.4}; it should be below 0.01.")),
                    None => Err("There are no losses.".to_owned()),
                }
            }),
        with_wrong_steps(
            Check::new("train_xor_by_hand", "training", "train_xor_by_hand takes the same steps", 1)
                .after("slopes")
                .on(trainings)
                .computes(|f| losses_of(f, f.times("epochs"), step)),
        )
        .mistake(
            "nothing_moves",
            "All losses are equal. Either no parameter is updated, or each epoch or loss takes `start` again.",
            losses_with_factors([0.0; 4]),
        )
        .mistake("slopes_between_updates", SLOPES_BETWEEN_UPDATES, in_turns(&[&[0, 1], &[2, 3]]))
        .mistake("slopes_between_updates", SLOPES_BETWEEN_UPDATES, in_turns(&[&[2, 3], &[0, 1]]))
        .mistake("slopes_between_updates", SLOPES_BETWEEN_UPDATES, in_turns(&[&[0], &[1], &[2], &[3]]))
        .mistake(
            "slopes_of_the_start",
            "Every step takes the slopes of the first network. Compute them again in each epoch, for the current parameters.",
            computed(|f| {
                let mut of_the_start: [Option<Num>; 4] = [const { None }; 4];
                losses_of(f, f.times("epochs"), move |place, rate, slope| {
                    rate * &*of_the_start[place].get_or_insert(slope)
                })
            }),
        ),
        Check::new("median", "benchmark", "median is the middle of the sorted times", 1)
            .on(|draw| {
                let [odd, even, more] = [7, 4, 6].map(|n| (0..n).map(|_| 1 + draw::count(draw, 900)).collect());
                [vec![50, 10, 900, 30, 20], vec![40, 10, 2000, 20], vec![70], vec![8, 3, 5], odd, even, more]
                    .map(|times: Vec<usize>| Record::new().with("nanoseconds", times))
                    .to_vec()
            })
            .computes(|f| f.input("nanoseconds").median().floor().whole()),
        Check::new("measure", "benchmark", "measure warms up once and takes the median of the other runs", 1)
            .after("median")
            // The first call is the warm-up. The median of the others, 15, is far from their mean, and neither the first of
            // them nor the last, nor the one in the middle. Without one of the runs it is another one, with the warm-up or not.
            .on(|draw| {
                let half = 2 + draw::count(draw, 4);
                let runs = 2 * half + 1;
                let mut waits = vec![60_usize];
                waits.extend((1..half).flat_map(|run| [2 + run, 40]).chain([40, 15, 2 + half]));
                vec![Record::new().with("runs", runs).with("milliseconds", waits)]
            })
            .has_none_of(&FAULTS_OF_MEASURING, |c, seen| {
                let (took_each, runs) = (seen.vector("each call took"), c.count("runs"));
                let sum = took_each.iter().skip(1).sum::<f64>();
                let since_the_start = |skipped: usize| {
                    let mut sum = 0.0;
                    let sums = took_each.iter().skip(skipped).map(|took| {
                        sum += took;
                        sum
                    });
                    median_of(sums.collect::<Vec<_>>()[1 - skipped..].iter())
                };
                let median = median_of(took_each.iter().skip(1));
                match took_each.len() {
                    calls if calls == runs && took(seen, median) => Err("one_run_too_few".to_owned()),
                    calls if calls == runs && took(seen, median_of(took_each.iter())) => Err("no_warm_up".to_owned()),
                    calls if calls != runs + 1 => Err(format!("The work was done {calls} times, not {}.", runs + 1)),
                    _ if took(seen, median) => Ok(()),
                    _ if took(seen, median_of(took_each.iter())) => Err("warm_up_counts".to_owned()),
                    _ if took(seen, sum / runs as f64) => Err("mean_of_runs".to_owned()),
                    _ if took(seen, sum) => Err("time_of_all_runs".to_owned()),
                    _ if took_each.iter().skip(1).any(|one| took(seen, *one)) => Err("time_of_another_run".to_owned()),
                    // Before the warm-up, or after it.
                    _ if [0, 1].iter().any(|&skipped| took(seen, since_the_start(skipped))) => {
                        Err("clock_started_once".to_owned())
                    }
                    _ => Err(format!(
                        "The result is {:.1} ms, not {median:.1} ms, the median of the runs.",
                        seen.float("milliseconds")
                    )),
                }
            }),
        Check::new("benchmark", "benchmark", "benchmark times both trainings for as many steps and runs as asked", 1)
            .after("measure")
            .after("train_xor")
            .after("train_xor_by_hand")
            .on(|draw| {
                let (steps, runs) = (80 + draw::count(draw, 50), 3 + 2 * draw::count(draw, 3));
                vec![lesson_network().with("steps", steps).with("runs", runs)]
            })
            .has_none_of(&FAULTS_OF_A_BENCHMARK, |c, seen| {
                for (name, wanted) in [("steps", c.count("steps")), ("runs", c.count("runs"))] {
                    if seen.count(name) != wanted {
                        return Err(format!("`{name}` is {}, not {wanted}.", seen.count(name)));
                    }
                }
                let (by_hand, dfdx) = (seen.float("by_hand"), seen.float("dfdx"));
                if by_hand <= 0.0 || dfdx <= 0.0 {
                    return Err("Both times have to be above 0.".to_owned());
                }
                if by_hand == dfdx {
                    return Err("one_time_for_both".to_owned());
                }
                // However busy the machine is, n runs take longer than the shortest of three does n times.
                let least = seen.float("shortest run of both") * c.count("runs") as f64;
                if seen.float("everything took") < 0.5 * least {
                    return Err(format!(
                        "`benchmark` took {:.4} s, and {} runs of both trainings take at least {least:.4} s: some were not run.",
                        seen.float("everything took"),
                        c.count("runs"),
                    ));
                }
                // Most of the time goes into the runs; and four of seven runs take at least the median, so seven medians are
                // at most 7/4 of the whole.
                let reported = (by_hand + dfdx) * c.count("runs") as f64;
                let is_plausible = |share: f64| (0.1..1.8).contains(&(share * reported / seen.float("everything took")));
                match is_plausible(1.0) {
                    true => Ok(()),
                    false if is_plausible(c.count("steps") as f64) => Err("time_of_one_step".to_owned()),
                    false => Err(format!(
                        "All runs together should take {reported:.4} s by these times. `benchmark` took {:.4} s.",
                        seen.float("everything took")
                    )),
                }
            }),
        Check::new("comparison_table", "table", "comparison_table follows its format for any numbers", 1)
            .on(|draw| {
                let mut time = || (500_000.0 + 40_000.0 * draw::number(draw, 10.0)) as usize;
                let report = |by_hand: usize, dfdx: usize, steps: usize, runs: usize| {
                    Record::new()
                        .with("by_hand, nanoseconds", by_hand)
                        .with("dfdx, nanoseconds", dfdx)
                        .with("steps", steps)
                        .with("runs", runs)
                };
                vec![
                    report(12_345_678, 3_210_987, 1000, 5).with("outputs_differ", 1.09e-8).with("slopes_differ", 3.14e-2),
                    report(time(), 10 * time(), 40, 11).with("outputs_differ", 5.96e-8).with("slopes_differ", 0.0),
                    report(4_560, 13_980, 2, 3).with("outputs_differ", 0.0).with("slopes_differ", 1e-7),
                ]
            })
            .expects(table_in(STYLE))
            .mistake(
                "columns_swapped",
                "The columns are swapped: the times by hand belong under `by hand`, those of dfdx under `dfdx`.",
                table_in(Style { swapped: true, ..STYLE }),
            )
            .mistake("not_relative_to_dfdx", NOT_RELATIVE_TO_DFDX, table_in(Style { upside_down: true, ..STYLE }))
            .mistake("not_relative_to_dfdx", NOT_RELATIVE_TO_DFDX, table_in(Style { relative_to_by_hand: true, ..STYLE }))
            .mistake(
                "whole_microseconds",
                "The time of a run is cut off to whole microseconds before it is divided: use `as_secs_f64`.",
                table_in(Style { in_unit: |seconds| (1e6 * seconds + 1e-6).floor(), ..STYLE }),
            )
            .mistake("another_divisor", ANOTHER_DIVISOR, table_in(Style { divisor: |_, _| 1, ..STYLE }))
            .mistake("another_divisor", ANOTHER_DIVISOR, table_in(Style { divisor: |_, runs| runs, ..STYLE }))
            .mistake(
                "another_divisor",
                ANOTHER_DIVISOR,
                table_in(Style { divisor: |steps, runs| steps * runs, ..STYLE }),
            )
            .mistake(
                "milliseconds",
                "These are milliseconds. A microsecond, µs, is a millionth of a second.",
                table_in(Style { in_unit: |seconds| 1e3 * seconds, ..STYLE }),
            )
            .mistake(
                "differences_swapped",
                "The two differences are swapped: first the outputs', then the slopes'.",
                table_in(Style { differences_swapped: true, ..STYLE }),
            ),
        Check::new("comparison_text", "table", "comparison_table looks as it is shown", 1)
            .asks("comparison_table")
            .after("comparison_table")
            .on(|draw| {
                [12_345_678, 10_000_000 + 10_000 * draw::count(draw, 900)]
                    .map(|by_hand: usize| {
                        Record::new()
                            .with("by_hand, nanoseconds", by_hand)
                            .with("dfdx, nanoseconds", 45_678_901_usize)
                            .with("steps", 1000_usize)
                            .with("runs", 5_usize)
                            .with("outputs_differ", 1.2e-7)
                            .with("slopes_differ", 3e-8)
                    })
                    .to_vec()
            })
            .expects(table_in(STYLE))
            .shows(include_str!("snapshots/comparison_text.snap")),
        Check::new("to_half", "half", "to_half rounds to half precision", 1)
            .on(|draw| {
                let drawn = draw::vector(draw, 4, 3000.0);
                vec![
                    // 2049 and 2051 lie in the middle between two neighbours.
                    Record::new().with("x", array![1.0, 0.1, -1.0 / 3.0, 2049.0, 2051.0, -0.0]),
                    Record::new().with("x", array![1e-5, 6e-8, 2e-8, -4e-6]),
                    Record::new().with("x", array![65504.0, 65519.0, 65520.0, -1e6]),
                    Record::new().with("x", drawn),
                ]
            })
            .expects(halves(HALF))
            .within(Tolerance::relative(1e-6))
            .mistake(
                "cut_off",
                "The digits that do not fit are cut off. Round to the nearest number that fits.",
                halves(Half { rounding: f64::trunc, ..HALF }),
            )
            .mistake(
                "ties_away_from_zero",
                "2049 lies in the middle between 2048 and 2050, and `round` rounds such ties away from 0. Use \
                 `round_ties_even`: it takes the even multiple of the spacing, so that not all ties go one way.",
                halves(Half { rounding: f64::round, ..HALF }),
            )
            .mistake("small_numbers", SMALL_NUMBERS, halves(Half { smallest_exponent: -1000.0, ..HALF }))
            .mistake("small_numbers", SMALL_NUMBERS, halves(Half { smallest_exponent: -15.0, ..HALF }))
            .mistake("small_numbers", SMALL_NUMBERS, |c| {
                c.vector("x").mapv(|x| if x.abs() < 2_f64.powi(-14) { 0.0 } else { in_half(x) })
            })
            .mistake("another_spacing", ANOTHER_SPACING, halves(Half { bits: 11.0, ..HALF }))
            .mistake("another_spacing", ANOTHER_SPACING, halves(Half { bits: 9.0, ..HALF }))
            .mistake("another_spacing", ANOTHER_SPACING, halves(Half { exponent: f64::ceil, ..HALF }))
            .mistake("another_spacing", ANOTHER_SPACING, halves(Half { exponent: f64::round, ..HALF }))
            .mistake("large_numbers", LARGE_NUMBERS, halves(Half { too_large: 65504.0, ..HALF }))
            .mistake("large_numbers", LARGE_NUMBERS, |c| {
                c.vector("x").mapv(|x| if x.abs() > 65504.0 { f64::INFINITY.copysign(x) } else { in_half(x) })
            })
            .mistake_if(
                "not_rounded",
                "From 2^-14 on, the numbers are not rounded. Between 2^k and 2^(k+1) the spacing is 2^(k-10), with a whole \
                 number k: the logarithm of |x| to base 2, rounded down.",
                |c, seen| {
                    let (given, seen) = (c.vector("x"), seen.vector("result"));
                    let large: Vec<_> = given.iter().zip(&seen).filter(|(x, _)| (2_f64.powi(-14)..65504.0).contains(&x.abs())).collect();
                    large.iter().all(|(x, seen)| (*x - *seen).abs() <= 1e-6 * x.abs())
                        && large.iter().any(|(x, _)| (**x - in_half(**x)).abs() > 1e-5 * x.abs())
                },
            ),
        Check::new("slope_in_half", "half", "scaling saves a small slope from half precision", 1)
            .after("to_half")
            .on(|draw| {
                vec![
                    Record::new().with("slope", draw::vector(draw, 3, 1.0) * 1e-6).with("scale", 512.0),
                    Record::new().with("slope", array![1e-8, 0.3, -3e-6]).with("scale", 1.0),
                    Record::new().with("slope", array![1e-8, 0.3, -3e-6]).with("scale", 1024.0),
                    Record::new().with("slope", array![1e-8, 90.0]).with("scale", 65536.0),
                ]
            })
            .expects(|c| c.vector("slope").mapv(|slope| in_half(slope * c.float("scale")) / c.float("scale")))
            .within(Tolerance::relative(1e-6))
            .mistake(
                "scale_not_undone",
                "The slope is still multiplied by the scale. Divide by it in full precision, after the rounding.",
                |c| c.vector("slope").mapv(|slope| in_half(slope * c.float("scale"))),
            )
            .mistake("scaled_too_late", SCALED_TOO_LATE, |c| c.vector("slope").mapv(in_half))
            .mistake("scaled_too_late", SCALED_TOO_LATE, |c| {
                c.vector("slope").mapv(|slope| in_half(in_half(slope) * c.float("scale")) / c.float("scale"))
            }),
    ]
}

/// Parity of equal networks is 0 up to the precision of `f32`.
const PARITY: Tolerance = Tolerance { relative: 1e-4, absolute: 1e-5 };
/// Every step starts from the rounded result of the one before.
const TRAINING: Tolerance = Tolerance { relative: 2e-5, absolute: 1e-6 };

const BIASES_NOT_COUNTED: &str =
    "Not all biases are counted: the hidden layer has H and the output layer O, one per neuron.";
const BIAS_FOR_EVERY_INPUT: &str = "A layer has as many biases as outputs, not as inputs: there is one per neuron.";
const ARRAYS_NOT_COMPARED: &str = "Some of the four arrays are not compared. Each layer has weights and biases: take \
     the largest of all four differences.";
const DIFFERENCES_ADDED_UP: &str =
    "The differences of the four arrays are added up, or averaged. Return the largest of them.";
const ARRAYS_NOT_TRAINED: &str = "Not all of the four arrays are updated. Each layer has weights and biases: update \
     all of them, each with its own slopes.";
const ARRAYS_GO_UPHILL: &str = "Some parameters go uphill, or all of them: their steps are added. Subtract the learning \
     rate times the slope.";
const ANOTHER_SPACING: &str = "The numbers are rounded to multiples of another spacing. Between 2^k and 2^(k+1) it is \
     2^(k-10), with k the logarithm of |x| to base 2, rounded down.";
const SMALL_NUMBERS: &str = "Numbers below 2^-14 are not rounded to the nearest multiple of 2^-24. That is the spacing \
     of all of them: it gets no smaller, and they do not all become 0.";
const LARGE_NUMBERS: &str = "A number becomes infinite if, and only if, it is above 65,504 after rounding: 65,519 \
     becomes 65,504, and 65,520 infinite.";
const SCALED_TOO_LATE: &str =
    "The unscaled slope is rounded, so it may become 0. Scale, round, and divide by the scale in full precision.";
const SLOPES_BETWEEN_UPDATES: &str = "The slopes are computed again between the updates of an epoch. Compute all of them \
     once, before anything moves.";
const TERM_WITHOUT_TAPE: &str = "The slope is that of one term alone. The other was computed from an `x` without a \
     tape, or from another tensor. Trace the same `x` in both.";
const COMPARED_WITH_ITSELF: &str =
    "The result is always 0, as if one network were compared with itself: use the argument `mlp`.";
const ANOTHER_DIVISOR: &str = "This is not the time of one step. The time in the report is the median of the runs, so \
     it is that of one run: divide it by `steps`, and by nothing else.";
const NOT_RELATIVE_TO_DFDX: &str = "`relative` is a time divided by the time of dfdx, so dfdx has 1.00.";

/// What is commonly wrong with a time.
const FAULTS_OF_MEASURING: [(&str, &str); 7] = [
    ("one_run_too_few", "One run too few is measured: the warm-up is not among the `runs`, it comes before them."),
    ("no_warm_up", "There is no warm-up: the first run has costs that occur only once, so it must not count."),
    ("warm_up_counts", "The warm-up is among the times: run it before the first time is taken."),
    ("mean_of_runs", "This is the mean of the runs. Use your `median`."),
    (
        "time_of_another_run",
        "This is the time of a single run, which is not the median. Use your `median` of all times.",
    ),
    ("time_of_all_runs", "This is the time of all runs together: return the median of their times."),
    (
        "clock_started_once",
        "The clock is started only once, so the time of a run contains those of the runs before it. Start it again for \
         each run.",
    ),
];

/// What is commonly wrong with two times.
const FAULTS_OF_A_BENCHMARK: [(&str, &str); 2] = [
    ("one_time_for_both", "Both times are the same to the nanosecond, as if one training were reported twice."),
    ("time_of_one_step", "These are the times of one step. Report that of a whole run; `comparison_table` divides."),
];

/// The matrices of the lesson, and two that are not symmetric in any way.
fn two_matrices(draw: &mut probe::Generator) -> Vec<Record> {
    let lesson = Record::new().with("a", array![[1.0, 2.0], [3.0, 4.0]]).with("b", array![[5.0, 6.0], [7.0, 8.0]]);
    let negative = Record::new().with("a", array![[-3.0, 0.5], [1.0, 2.5]]).with("b", draw::matrix(draw, (2, 2), 2.0));
    let drawn = Record::new().with("a", draw::matrix(draw, (2, 2), 2.0)).with("b", draw::matrix(draw, (2, 2), 2.0));
    vec![lesson, negative, drawn]
}

fn passes(first: Num, kept: Num, cleared: Num) -> [(&'static str, Num); 3] {
    [("first", first), ("kept", kept), ("cleared", cleared)]
}

fn softmax(logits: &Num) -> Num {
    let exponentials = logits.exp().named("exp(logits)");
    (&exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)).named("p")
}

/// -log p(label) for each sample.
fn minus_log_p(f: &Formula, logits: &Num) -> Num {
    -softmax(logits).pick(&f.input("labels")).ln()
}

fn accepted(c: &Record, accepts: impl Fn(usize, usize, usize) -> bool) -> &'static str {
    if accepts(c.count("rows"), c.count("columns"), c.count("biases")) { "a layer" } else { "Err" }
}

/// A number that the sizes of the network decide.
fn of_sizes(count: fn(usize, usize, usize) -> usize) -> impl Fn(&Record) -> usize {
    move |c| match c.text("network") {
        "2-4-1" => count(2, 4, 1),
        "10-20-5" => count(10, 20, 5),
        "3-7-2" => count(3, 7, 2),
        "5-2-6" => count(5, 2, 6),
        _ => count(784, 128, 10),
    }
}

/// The network that the lesson trains.
fn lesson_network() -> Record {
    Record::new()
        .with("hidden_weights", array![[0.3, -0.2, 0.5, 0.7], [-0.4, 0.1, 0.6, -0.3]])
        .with("hidden_biases", array![0.01, -0.02, 0.03, -0.04])
        .with("output_weights", array![[-0.2], [0.3], [-0.25], [0.15]])
        .with("output_biases", array![0.05])
        .with("x", array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
        .with("y", array![[0.0], [1.0], [1.0], [0.0]])
}

fn network(draw: &mut probe::Generator) -> Record {
    Record::new()
        .with("hidden_weights", draw::matrix(draw, (2, 4), 1.0))
        .with("hidden_biases", draw::vector(draw, 4, 1.0))
        .with("output_weights", draw::matrix(draw, (4, 1), 2.0))
        .with("output_biases", draw::vector(draw, 1, 1.0))
}

/// The network of the lesson on XOR, and a drawn one on three drawn samples.
fn networks(draw: &mut probe::Generator) -> Vec<Record> {
    vec![lesson_network(), drawn_network(draw)]
}

/// Away from the kink of ReLU, where rounding decides between two slopes, and with neurons that are cut off and neurons
/// that are not; for one sample all of them are.
fn drawn_network(draw: &mut probe::Generator) -> Record {
    loop {
        let case = network(draw).with("x", draw::matrix(draw, (3, 2), 2.0)).with("y", draw::matrix(draw, (3, 1), 1.0));
        let z = pre_activation(&case);
        let cut_off = z.iter().filter(|z| **z < 0.0).count();
        let is_one_cut_off_everywhere = z.rows().into_iter().any(|sample| sample.iter().all(|z| *z < 0.0));
        if z.iter().all(|z| z.abs() > 0.05) && cut_off < 10 && is_one_cut_off_everywhere {
            return case;
        }
    }
}

/// A network by hand and another one in dfdx, on the same samples; and the same one twice.
fn two_networks(draw: &mut probe::Generator) -> Vec<Record> {
    let (one, two) = (drawn_network(draw), drawn_network(draw));
    // The second network may not stand at a kink on the samples of the first.
    let z = pre_activation(&with_samples(&two, one.matrix("x").to_owned()));
    if z.iter().any(|z| z.abs() < 0.05) {
        return two_networks(draw);
    }
    vec![in_dfdx(one.clone(), &two), in_dfdx(one.clone(), &one), in_dfdx(lesson_network(), &lesson_network())]
}

/// Two networks whose gradients differ most in this one of the arrays that [`slope_differences`] lists.
fn networks_that_differ_most_in(place: usize, draw: &mut probe::Generator) -> Record {
    loop {
        // The longer the samples, the larger the slopes of weights beside those of biases; the larger the output weights,
        // the larger the slopes of the hidden layer beside those of the output layer.
        let (samples, output) = [(2.0, 6.0), (2.0, 0.5), (0.3, 6.0), (0.3, 0.5)][place];
        let parts = Record::new()
            .with("x", draw::matrix(draw, (3, 2), samples))
            .with("output_weights", draw::matrix(draw, (4, 1), output));
        let one = replaced(&drawn_network(draw), &parts);
        let two = replaced(&drawn_network(draw), &parts);
        let case = in_dfdx(one.clone(), &two);
        let clear_of_kinks = [&one, &two].iter().all(|case| pre_activation(case).iter().all(|z| z.abs() > 0.05));
        let sizes = slope_differences(&case).map(|difference| largest(&[difference]));
        if clear_of_kinks && (0..4).all(|other| other == place || sizes[other] < 0.9 * sizes[place]) {
            return case;
        }
    }
}

/// The case with another network's parameters for dfdx.
fn in_dfdx(case: Record, other: &Record) -> Record {
    PARAMETERS.iter().fold(case, |case, name| {
        let value = other.get(name).expect("it is a network").clone();
        case.with(&format!("dfdx_{name}"), value)
    })
}

const PARAMETERS: [&str; 4] = ["hidden_weights", "hidden_biases", "output_weights", "output_biases"];

/// The case as the network in dfdx sees it.
fn other(c: &Record) -> Record {
    PARAMETERS
        .iter()
        .fold(Record::new(), |other, name| {
            other.with(name, c.get(&format!("dfdx_{name}")).expect("there are two networks").clone())
        })
        .with("x", c.matrix("x").to_owned())
        .with("y", c.matrix("y").to_owned())
}

fn with_samples(c: &Record, x: Array2<f64>) -> Record {
    replaced(c, &Record::new().with("x", x))
}

/// The case with some of its parts replaced by others of the same name.
fn replaced(case: &Record, parts: &Record) -> Record {
    case.parts()
        .fold(Record::new(), |record, (name, value)| record.with(name, parts.get(name).unwrap_or(value).clone()))
}

fn biases(c: &Record) -> Array1<f64> {
    c.vector("biases").to_owned()
}

fn pre_activation(c: &Record) -> Array2<f64> {
    c.matrix("x").dot(&c.matrix("hidden_weights")) + c.vector("hidden_biases")
}

fn probabilities(c: &Record) -> Array2<f64> {
    let output = computed(|f| Net::new(f).pass(&f.input("x")).p)(c);
    output.matrix("result").to_owned()
}

fn slopes(c: &Record) -> Record {
    computed(slopes_of)(c)
}

struct Net {
    /// In the order of `PARAMETERS`.
    parameters: [Num; 4],
}

struct Pass {
    z1: Num,
    h: Num,
    p: Num,
}

impl Net {
    fn new(f: &Formula) -> Self {
        Self::of(f, "")
    }

    /// The network whose parameters have names that begin like this.
    fn of(f: &Formula, prefix: &str) -> Self {
        Self { parameters: PARAMETERS.map(|name| f.input(&format!("{prefix}{name}"))) }
    }

    fn pass(&self, x: &Num) -> Pass {
        let [w1, b1, w2, b2] = &self.parameters;
        let z1 = (x.dot(w1) + b1).named("Z1");
        let h = z1.relu().named("H");
        let z2 = (h.dot(w2) + b2).named("Z2");
        let p = z2.sigmoid().named("P");
        Pass { z1, h, p }
    }

    /// The slopes along all parameters.
    fn slopes(&self, pass: &Pass, relu_slope: fn(&Pass) -> Num, x: &Num, y: &Num) -> [Num; 4] {
        let Pass { h, p, .. } = pass;
        let dp = (2.0 * (p - y) / p.count()).named("dP");
        let dz2 = (dp * (p * (1.0 - p))).named("dZ2");
        let back = dz2.dot(&self.parameters[2].t()).named("dZ2·W2ᵀ");
        let dz1 = (back * relu_slope(pass)).named("dZ1");
        let sum = |of: &Num| of.aggregate(Aggregate::Sum, Over::Samples);
        [x.t().dot(&dz1), sum(&dz1), h.t().dot(&dz2), sum(&dz2)]
    }
}

fn loss_of(f: &Formula) -> Num {
    (Net::new(f).pass(&f.input("x")).p - f.input("y")).square().mean()
}

fn slopes_of(f: &Formula) -> [(&'static str, Num); 4] {
    let (net, x, y) = (Net::new(f), f.input("x"), f.input("y"));
    let pass = net.pass(&x);
    let [dw1, db1, dw2, db2] = net.slopes(&pass, |pass| pass.z1.step(), &x, &y);
    [("hidden_weights", dw1), ("hidden_biases", db1), ("output_weights", dw2), ("output_biases", db2)]
}

/// The losses before each step of a training on XOR. `step` is by how much a parameter gets smaller: from its place in
/// `PARAMETERS`, the learning rate and its slope.
fn losses_of(f: &Formula, n_epochs: usize, step: impl FnMut(usize, &Num, Num) -> Num) -> Num {
    losses_in_turns(f, n_epochs, &[&[0, 1, 2, 3]], step)
}

/// The same, if an epoch has several turns, each of which computes the slopes again and moves these parameters.
fn losses_in_turns(
    f: &Formula,
    n_epochs: usize,
    turns: &[&[usize]],
    mut step: impl FnMut(usize, &Num, Num) -> Num,
) -> Num {
    let samples = |rows: &[&[f64]]| {
        let rows: Vec<Num> =
            rows.iter().map(|row| f.vector(&row.iter().map(|&x| f.number(x)).collect::<Vec<_>>())).collect();
        f.matrix(&rows, &rows[0])
    };
    let (x, y) = (samples(&[&[0., 0.], &[0., 1.], &[1., 0.], &[1., 1.]]), samples(&[&[0.], &[1.], &[1.], &[0.]]));
    let (rate, mut net, mut losses) = (f.input("learning_rate"), Net::new(f), Vec::new());
    for _ in 0..n_epochs {
        for (turn, places) in turns.iter().enumerate() {
            let pass = net.pass(&x);
            if turn == 0 {
                losses.push((&pass.p - &y).square().mean().named("loss"));
            }
            let slopes = net.slopes(&pass, |pass| pass.z1.step(), &x, &y);
            for (place, slope) in slopes.into_iter().enumerate().filter(|(place, _)| places.contains(place)) {
                let moved = &net.parameters[place] - step(place, &rate, slope);
                net.parameters[place] = moved.named(["W1", "b1", "W2", "b2"][place]);
            }
        }
    }
    f.vector(&losses)
}

fn step(_: usize, rate: &Num, slope: Num) -> Num {
    rate * slope
}

/// Adds the mistakes of updates that leave out some of the arrays, or that go the wrong way along them.
fn with_wrong_steps(check: Check) -> Check {
    // One bit for each array.
    let factors =
        |arrays: usize, factor: f64| std::array::from_fn(|place| if arrays >> place & 1 == 1 { factor } else { 1.0 });
    let check = (1..15).fold(check, |check, arrays| {
        check.mistake("arrays_not_trained", ARRAYS_NOT_TRAINED, losses_with_factors(factors(arrays, 0.0)))
    });
    (1..16).fold(check, |check, arrays| {
        check.mistake("arrays_go_uphill", ARRAYS_GO_UPHILL, losses_with_factors(factors(arrays, -1.0)))
    })
}

/// The losses if the step along each array is multiplied by its factor.
fn losses_with_factors(factors: [f64; 4]) -> impl Fn(&Record) -> Record {
    computed(move |f| losses_of(f, f.times("epochs"), |place, rate, slope| factors[place] * rate * slope))
}

fn in_turns(turns: &'static [&'static [usize]]) -> impl Fn(&Record) -> Record {
    computed(move |f| losses_in_turns(f, f.times("epochs"), turns, step))
}

/// Steps that contain a part of the step before.
fn with_memory(f: &Formula, kept: f64) -> impl FnMut(usize, &Num, Num) -> Num {
    let mut sums = PARAMETERS.map(|_| f.number(0.0));
    move |place, rate, slope| {
        sums[place] = kept * &sums[place] + slope;
        rate * &sums[place]
    }
}

/// What `of` makes of the differences; nothing if the shapes differ.
fn difference(c: &Record, of: impl Fn(&ArrayRef2<f64>) -> f64) -> Value {
    let (a, b) = (c.matrix("a"), c.matrix("b"));
    if a.dim() == b.dim() { of(&(&a - &b)).into() } else { Value::Nothing }
}

/// The largest of `numbers`; NaN if one of them is.
fn nan_or_max(numbers: impl Iterator<Item = f64>) -> f64 {
    numbers.fold(f64::NEG_INFINITY, |max, number| if number > max || number.is_nan() { number } else { max })
}

fn largest(differences: &[Array2<f64>]) -> f64 {
    nan_or_max(differences.iter().flatten().map(|difference| difference.abs()))
}

/// Adds the mistakes of code that compares only some of the four arrays.
fn with_arrays_not_compared(check: Check) -> Check {
    // One bit for each array.
    (1..15).fold(check, |check, arrays: usize| {
        check.mistake("arrays_not_compared", ARRAYS_NOT_COMPARED, move |c| {
            let of_array = |(place, difference)| if arrays >> place & 1 == 1 { Some(difference) } else { None };
            largest(&slope_differences(c).into_iter().enumerate().filter_map(of_array).collect::<Vec<_>>())
        })
    })
}

fn sum_of_differences(c: &Record) -> f64 {
    slope_differences(c).map(|difference| largest(&[difference])).iter().sum()
}

/// Hidden weights, output weights, hidden biases, output biases: what both gradients differ by.
fn slope_differences(c: &Record) -> [Array2<f64>; 4] {
    let (one, two) = (slopes(c), slopes(&other(c)));
    let weights = |name| &one.matrix(name) - &two.matrix(name);
    let biases = |name| (&one.vector(name) - &two.vector(name)).insert_axis(Axis(0));
    [weights("hidden_weights"), weights("output_weights"), biases("hidden_biases"), biases("output_biases")]
}

fn trainings(draw: &mut probe::Generator) -> Vec<Record> {
    let xor = lesson_network();
    let drawn = loop {
        // Away from the kinks that the training could cross within a few steps.
        let case = network(draw).with("x", xor.matrix("x").to_owned()).with("y", xor.matrix("y").to_owned());
        let z = pre_activation(&case);
        if z.iter().all(|z| z.abs() > 0.1) && z.iter().any(|z| *z < 0.0) {
            break case;
        }
    };
    vec![training(0.5, 8, &xor), training(0.25, 4, &drawn)]
}

fn training(learning_rate: f64, epochs: usize, start: &Record) -> Record {
    let case = Record::new().with("learning_rate", learning_rate).with("epochs", epochs);
    // The code trains on XOR, whatever it is given.
    let parameters = start.parts().filter(|(name, _)| PARAMETERS.contains(name));
    parameters.fold(case, |case, (name, value)| case.with(name, value.clone()))
}

/// Whether the time that was measured is this one, up to what calling and asking the clock may cost.
fn took(seen: &Record, milliseconds: f64) -> bool {
    (seen.float("milliseconds") - milliseconds).abs() < 0.3 + 0.01 * milliseconds
}

fn median_of<'a>(times: impl Iterator<Item = &'a f64>) -> f64 {
    let mut times: Vec<f64> = times.copied().collect();
    times.sort_unstable_by(f64::total_cmp);
    let half = times.len() / 2;
    if times.len() % 2 == 1 { times[half] } else { (times[half - 1] + times[half]) / 2.0 }
}

/// How the table can be written.
struct Style {
    swapped: bool,
    upside_down: bool,
    relative_to_by_hand: bool,
    /// What the time of a run is divided by, from the numbers of steps and of runs.
    divisor: fn(usize, usize) -> usize,
    /// Seconds in the unit of the table, with what is left of them.
    in_unit: fn(f64) -> f64,
    differences_swapped: bool,
}

const STYLE: Style = Style {
    swapped: false,
    upside_down: false,
    relative_to_by_hand: false,
    divisor: |steps, _| steps,
    in_unit: |seconds| 1e6 * seconds,
    differences_swapped: false,
};

fn table_in(style: Style) -> impl Fn(&Record) -> String {
    move |c| table(c, &style)
}

fn table(c: &Record, style: &Style) -> String {
    let seconds = |name| c.count(name) as f64 / 1e9;
    let times = [seconds("by_hand, nanoseconds"), seconds("dfdx, nanoseconds")];
    let divisor = (style.divisor)(c.count("steps"), c.count("runs")) as f64;
    let measure = if style.relative_to_by_hand { times[0] } else { times[1] };
    let mut ratios = times.map(|time| if style.upside_down { measure / time } else { time / measure });
    let mut times = times.map(|time| (style.in_unit)(time) / divisor);
    if style.swapped {
        times.reverse();
        ratios.reverse();
    }
    let mut differences = [c.float("outputs_differ"), c.float("slopes_differ")];
    if style.differences_swapped {
        differences.reverse();
    }
    [
        format!("{:16}{:>12}{:>12}", "", "by hand", "dfdx"),
        format!("time per step   {:>9.1} µs{:>9.1} µs", times[0], times[1]),
        format!("relative        {:>12.2}{:>12.2}", ratios[0], ratios[1]),
        format!("outputs differ by {:.1e}, slopes by {:.1e}", differences[0], differences[1]),
        format!("median of {} runs of {} steps each", c.count("runs"), c.count("steps")),
    ]
    .join("\n")
}

/// How half precision can be made.
struct Half {
    /// Makes whole multiples of the spacing.
    rounding: fn(f64) -> f64,
    /// Makes the exponent of a logarithm.
    exponent: fn(f64) -> f64,
    smallest_exponent: f64,
    /// How many bits come after the first one.
    bits: f64,
    too_large: f64,
}

const HALF: Half = Half {
    rounding: f64::round_ties_even,
    exponent: f64::floor,
    smallest_exponent: -14.0,
    bits: 10.0,
    too_large: f64::INFINITY,
};

fn half(x: f64, style: &Half) -> f64 {
    if x == 0.0 {
        return x;
    }
    let exponent = (style.exponent)(x.abs().log2()).max(style.smallest_exponent);
    let spacing = (exponent - style.bits).exp2();
    let rounded = (style.rounding)(x / spacing) * spacing;
    if rounded.abs() > 65504.0 { style.too_large.copysign(x) } else { rounded }
}

/// All numbers of a case in half precision.
fn halves(style: Half) -> impl Fn(&Record) -> Array1<f64> {
    move |c| c.vector("x").mapv(|x| half(x, &style))
}

fn in_half(x: f64) -> f64 {
    half(x, &HALF)
}
