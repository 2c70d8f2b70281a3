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
            .within(F32)
            .mistake(
                "elementwise_product",
                "`matmul` holds the product entry by entry. In dfdx `*` multiplies entry by entry, and the matrix \
                 product is the method `matmul`.",
                computed(|f| {
                    let (a, b) = (f.input("a"), f.input("b"));
                    [("sum", &a + &b), ("product", &a * &b), ("matmul", a * b)]
                }),
            ).mistake(
                "matmul_for_both",
                "`product` holds the matrix product as well. Entry by entry is `a * b`.",
                computed(|f| {
                    let (a, b) = (f.input("a"), f.input("b"));
                    [("sum", &a + &b), ("product", a.dot(&b)), ("matmul", a.dot(&b))]
                }),
            ),
        Check::new("tour_shapes", "tensors", "tensor_tour transposes and flattens", 1)
            .asks("tensor_tour")
            .on(two_matrices)
            .expects(|c| shapes(&c.matrix("a").t(), &c.matrix("a")))
            .within(F32)
            .mistake(
                "reshaped_not_transposed",
                "`transposed` has the numbers of `a` in the same order: a new shape does not transpose. `permute` \
                 swaps the axes.",
                |c| shapes(&c.matrix("a"), &c.matrix("a")),
            )
            .mistake(
                "flattened_by_columns",
                "`flat` goes down the columns. It should go row by row: `reshape` does that, if nothing was \
                 transposed before.",
                |c| shapes(&c.matrix("a").t(), &c.matrix("a").t()),
            ),
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
            .mistake(
                "linear_term_without_tape",
                "The slope is 2x: the 2 of the linear term is missing. That term was computed from an `x` without a \
                 tape, and dfdx treats it as a constant. Trace `x` in both terms.",
                computed(|f| [("value", (f.input("x") + 1.0).square()), ("slope", 2.0 * f.input("x"))]),
            )
            .mistake(
                "square_without_tape",
                "The slope is 2, the linear term's: x² was computed from an `x` without a tape, and dfdx treats it as \
                 a constant. Trace `x` in both terms.",
                computed(|f| [("value", (f.input("x") + 1.0).square()), ("slope", f.number(2.0))]),
            )
            .mistake(
                "value_and_slope_swapped",
                "Value and slope are swapped: the value is the first number, the slope the second.",
                computed(|f| [("value", 2.0 * f.input("x") + 2.0), ("slope", (f.input("x") + 1.0).square())]),
            )
            .mistake_if(
                "difference_quotient",
                "The slope is only nearly right, as from a difference quotient, which has about three digits in \
                 `f32`. dfdx knows the derivative of every operation, so `backward` is as exact as the value.",
                |c, seen| {
                    let error = (seen.float("slope") - (2.0 * c.float("x") + 2.0)).abs();
                    (1e-5..0.1).contains(&error)
                },
            ),
        Check::new("autograd_dot", "autograd", "autograd_dot gives w·x and its gradient with respect to w", 1)
            .on(|draw| {
                vec![
                    Record::new().with("w", array![1.0, 2.0, 3.0]).with("x", array![4.0, 5.0, 6.0]),
                    Record::new().with("w", draw::vector(draw, 3, 2.0)).with("x", draw::vector(draw, 3, 2.0)),
                ]
            })
            .computes(|f| [("value", f.input("w").dot(&f.input("x"))), ("gradient", f.input("x"))])
            .within(F32)
            .mistake(
                "mean_for_sum",
                "Value and gradient are a third of what they should be: the mean of the products is taken. A dot \
                 product is their sum.",
                computed(|f| [("value", (f.input("w") * f.input("x")).mean()), ("gradient", f.input("x") / 3.0)]),
            ),
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
                "`cleared` still holds the slopes of the passes before: `backward` adds. Between two losses the gradients \
                 have to be set to 0 with `zero_grads`.",
                computed(|f| passes(2.0 * f.input("x"), 2.0 * f.input("x") + 1.0, 2.0 * f.input("x") + 2.0)),
            )
            .mistake(
                "fresh_gradients",
                "`kept` is the slope of x + 1 alone: the second pass began with a new, empty `Gradients`. Pass it the \
                 one that the first `backward` returned.",
                computed(|f| passes(2.0 * f.input("x"), f.number(1.0), f.number(1.0))),
            )
            .mistake(
                "read_before_the_pass",
                "`cleared` is 0: it was read after the gradients were cleared, and before the backward pass of x + 1.",
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
                "softmax_before_the_loss",
                "Softmax is applied twice. `cross_entropy_with_logits_loss` applies it itself: pass the logits. There \
                 is no error message, but the loss stops falling early, because a softmax of probabilities never gets \
                 near 0 or 1.",
                computed(|f| minus_log_p(f, &softmax(&f.input("logits"))).mean()),
            )
            .mistake(
                "averaged_over_classes_too",
                "The loss is too small by the number of classes: the mean runs over all entries, most of which are 0. Add \
                 up along each row, and take the mean over the rows.",
                computed(|f| minus_log_p(f, &f.input("logits")).mean() / f.input("logits").columns()),
            )
            .mistake(
                "class_index_as_target",
                "Each term is multiplied by the number of its class, so class 0 contributes nothing. The target is a \
                 distribution: 1 for the label, and 0 for all others.",
                computed(|f| (minus_log_p(f, &f.input("logits")) * f.input("labels").real()).mean()),
            )
            .mistake(
                "arguments_swapped",
                "The arguments are swapped: logits come first, targets second. Both have the same type, so the \
                 compiler does not notice.",
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
            .panics_where(|c| c.counts("labels")[0] == 2)
            .within(F32)
            .mistake_if(
                "label_spills_over",
                "There are two classes, and the label 2 is accepted. Either its 1 is written into the next sample's \
                 row, as in a flat `Vec`, or the sample is left out without an error. Compare each label with the \
                 number of classes, or index a matrix by row and column, which panics by itself.",
                |c, _| c.counts("labels")[0] == 2,
            ),
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
            .expects(|c| accepted(c, |rows, columns, biases| (rows, columns) == (2, 4) && biases == 4))
            .mistake(
                "nothing_checked",
                "Any shape is accepted for a `Dense<2, 4>`. Then the type is wrong, and the error appears later, far \
                 from its cause, or never.",
                |c| accepted(c, |_, _, _| true),
            )
            .mistake(
                "weights_not_checked",
                "The shape of the weights is not checked. A `Dense<2, 4>` has weights of shape (2, 4).",
                |c| accepted(c, |_, _, biases| biases == 4),
            )
            .mistake("biases_not_checked", "The number of biases is not checked. A `Dense<2, 4>` has four of them, \
                                           one per neuron.", |c| {
                accepted(c, |rows, columns, _| (rows, columns) == (2, 4))
            })
            .mistake(
                "counted_not_shaped",
                "Weights of shape (4, 2) are accepted for a `Dense<2, 4>`. They have eight numbers as well, so \
                 compare the shape itself, `.dim()`.",
                |c| accepted(c, |rows, columns, biases| rows * columns == 8 && biases == 4),
            )
            .mistake(
                "the_other_layout",
                "Your code expects weights of shape (4, 2), a neuron per row, as dfdx stores them. In this course a \
                 neuron is a column: `Dense<I, O>` has weights of shape (I, O).",
                |c| accepted(c, |rows, columns, biases| (rows, columns) == (4, 2) && biases == 4),
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
                "`stack` takes a layer with four outputs and one with three inputs: the mistake would appear only \
                 when the program runs, or never. Give both lengths the same name, `H`, and the compiler finds it.",
                |_| "no error",
            ),
        Check::new("private_fields", "shapes", "the parameters of a layer are private", 1)
            .after("stack")
            .does_not_compile(include_str!("compile_fail/private_fields.rs"))
            .mistake(
                "fields_made_public",
                "The fields of `Dense` are public. Then other code can put weights of another shape into a `Dense<2, \
                 4>`, in spite of the check in `from_parts`.",
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
                "The network can still be used after it was taken apart: `&self` only borrows it. With `self` it \
                 moves into `take_apart`.",
                |_| "no error",
            ),
        Check::new("n_params", "shapes", "n_params counts from the type alone", 1)
            .on(|draw| {
                let mut names = ["2-4-1", "10-20-5", "784-128-10", "3-7-2", "5-2-6"];
                names.shuffle(draw);
                names.map(|name| Record::new().with("network", name)).to_vec()
            })
            .expects(|c| {
                let (i, h, o) = sizes(c);
                i * h + h + h * o + o
            })
            .mistake(
                "biases_not_counted",
                "Only the weights are counted. The biases are learned too: a layer has I · O weights and O biases.",
                |c| {
                    let (i, h, o) = sizes(c);
                    i * h + h * o
                },
            )
            .mistake("one_layer_without_biases", ONE_LAYER_WITHOUT_BIASES, |c| {
                let (i, h, o) = sizes(c);
                i * h + h + h * o
            })
            .mistake("one_layer_without_biases", ONE_LAYER_WITHOUT_BIASES, |c| {
                let (i, h, o) = sizes(c);
                i * h + h * o + o
            })
            .mistake(
                "bias_for_every_input",
                "A layer has as many biases as outputs, not as inputs: there is one per neuron.",
                |c| {
                    let (i, h, o) = sizes(c);
                    i * h + i + h * o + h
                },
            ),
        Check::new("forward", "by_hand", "forward: ReLU in the hidden layer, the sigmoid at the end", 1)
            .after("stack")
            .on(networks)
            .computes(|f| Net::new(f).pass(&f.input("x")).p),
        Check::new("loss", "by_hand", "loss_and_slopes returns the mean squared error", 1)
            .asks("loss_and_slopes")
            .after("forward")
            .on(networks)
            .computes(|f| [("loss", loss_of(f))])
            .mistake(
                "loss_halved",
                "The loss is half of the mean squared error. Some books multiply by 1/2, so that the 2 of the slope \
                 cancels; this course and dfdx do not.",
                computed(|f| [("loss", loss_of(f) / 2.0)]),
            ),
        Check::new("slopes", "by_hand", "loss_and_slopes derives the gradient by hand", 2)
            .asks("loss_and_slopes")
            .after("loss")
            .on(networks)
            .computes(|f| slopes_of(f, &Rules::default()))
            .mistake(
                "error_upside_down",
                "Every sign is wrong: the slope of (p - y)² is 2 (p - y), not 2 (y - p). The minus comes later, in \
                 the training loop.",
                computed(|f| slopes_of(f, &Rules { loss: |p, y| 2.0 * (y - p) / p.count(), ..Rules::default() })),
            )
            .mistake(
                "sigmoid_slope_forgotten",
                "The slope of the sigmoid is missing: in the backward pass the error is multiplied by p (1 - p). This \
                 factor cancels for cross-entropy, but not for the squared error.",
                computed(|f| slopes_of(f, &Rules { sigmoid: |p| 0.0 * p + 1.0, ..Rules::default() })),
            )
            .mistake(
                "slope_of_an_activation",
                "The slope of the sigmoid is taken at p instead of z. p is the output of the sigmoid, so the slope is \
                 p (1 - p), without another sigmoid.",
                computed(|f| {
                    let sigmoid = |p: &Num| p.sigmoid() * (1.0 - p.sigmoid());
                    slopes_of(f, &Rules { sigmoid, ..Rules::default() })
                }),
            ).mistake(
                "relu_slope_forgotten",
                "The slope of ReLU is missing in the backward pass: where z is not positive, the error is multiplied \
                 by 0.",
                computed(|f| slopes_of(f, &Rules { relu: |z| 0.0 * z + 1.0, ..Rules::default() })),
            ).mistake(
                "signum_for_slope",
                "Where z is negative, the error is multiplied by -1, as with `signum`. The slope of ReLU is 0 there.",
                computed(|f| slopes_of(f, &Rules { relu: Num::sign, ..Rules::default() })),
            ),
        Check::new("slopes_of_two_outputs", "by_hand", "loss_and_slopes averages over samples and outputs", 1)
            .about("loss_and_slopes")
            .after("slopes")
            .on(|draw| {
                let wide = Record::new()
                    .with("output_weights", draw::matrix(draw, (4, 2), 2.0))
                    .with("output_biases", draw::vector(draw, 2, 1.0))
                    .with("y", draw::matrix(draw, (3, 2), 1.0));
                vec![replaced(&drawn_network(draw), &wide)]
            })
            .computes(|f| slopes_of(f, &Rules::default())),
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
                "The numbers were copied in their order in memory, so the shape (2, 4) was changed to (4, 2) without \
                 transposing. `.t()` does not move the numbers: `.t().iter()` goes along the new rows, but \
                 `.t().to_owned()` and `into_raw_vec_and_offset` keep the old order in memory.",
                |c| {
                    let weights = c.matrix("weights");
                    let (i, o) = weights.dim();
                    let weight = weights.to_shape((o, i)).expect("as many numbers").to_owned();
                    Record::new().with("weight", weight).with("bias", biases(c))
                },
            )
            .mistake_if(
                "biases_not_copied",
                "The weights are right, but the biases are not those of the layer. A new dfdx layer has random \
                 biases: copy them too.",
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
                "The numbers of the samples are written into the tensor column by column. dfdx expects them row by \
                 row.",
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
            .computes(|f| slopes_of(f, &Rules::default()))
            .within(F32)
            .mistake(
                "slopes_relabelled",
                "The slopes of the hidden weights have the right shape, but the order of dfdx: they were reshaped, \
                 not transposed. dfdx stores them as (neuron, input); this course as (input, neuron).",
                |c| {
                    let right = slopes(c);
                    let hidden = right.matrix("hidden_weights");
                    let relabelled = hidden.t().to_shape(hidden.dim()).expect("as many numbers").to_owned();
                    replaced(&right, &Record::new().with("hidden_weights", relabelled))
                },
            ),
        Check::new("max_difference", "parity", "max_difference finds the largest difference, whatever its sign", 2)
            .on(|draw| {
                let pair = |a: Array2<f64>, b: Array2<f64>| Record::new().with("a", a).with("b", b);
                vec![
                    pair(array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], array![[1.5, 2.25, 3.0], [4.0, 6.5, 5.75]]),
                    pair(draw::matrix(draw, (2, 3), 2.0), draw::matrix(draw, (2, 3), 2.0)),
                    pair(array![[0.5, f64::NAN], [1.0, 1.0]], array![[0.0, 1.0], [1.0, 1.25]]),
                    pair(array![[1.0, 2.0], [3.0, 7.0]], array![[1.5, 3.0]]),
                    pair(array![[1.5, 3.0]], array![[1.0, 2.0], [3.0, 7.0]]),
                    pair(array![[1.0, 2.0], [3.0, 7.0]], array![[1.5], [3.0]]),
                    pair(array![[1.5], [3.0]], array![[1.0, 2.0], [3.0, 7.0]]),
                ]
            })
            .expects(|c| difference(c, |d| Some(nan_or_max(d.iter().map(|d| d.abs())))))
            .mistake(
                "sign_decides",
                "The sign of the differences is kept. Take absolute values first.",
                |c| difference(c, |d| Some(nan_or_max(d.iter().copied()))),
            )
            .mistake(
                "nan_is_passed_over",
                "NaN is ignored: `f64::max(x, NaN)` is `x`. Then a network whose outputs are all NaN would be a \
                 perfect match. If a difference is NaN, return NaN.",
                |c| difference(c, |d| Some(d.iter().fold(0.0, |max: f64, d| max.max(d.abs())))),
            )
            .mistake(
                "differences_added_up",
                "The differences are added up. Return the largest one.",
                |c| difference(c, |d| Some(d.abs().sum())),
            )
            .mistake(
                "mean_difference",
                "This is the mean of the differences. It hides one wrong entry among many right ones; the largest \
                 difference does not.",
                |c| difference(c, |d| Some(d.abs().sum() / d.len() as f64)),
            )
            .mistake(
                "zip_stops_early",
                "Arrays of different shapes are compared up to the end of the shorter one: `zip` stops there without \
                 an error. Return `None` for different shapes.",
                |c| nan_or_max(c.matrix("a").iter().zip(c.matrix("b")).map(|(a, b)| (a - b).abs())),
            )
            .mistake(
                "one_row_for_all",
                "A matrix with one row or one column is compared with a larger one: `a - b` broadcasts. Return `None` \
                 for different shapes.",
                |c| nan_or_max((&c.matrix("a") - &c.matrix("b")).iter().map(|d| d.abs())),
            ),
        Check::new("forward_parity", "parity", "forward_parity compares the two networks that it is given", 1)
            .after("forward")
            .after("max_difference")
            .after("dfdx_forward")
            .on(two_networks)
            .expects(|c| largest(&[probabilities(c) - probabilities(&other(c))]))
            .within(PARITY)
            .mistake("compared_with_itself", COMPARED_WITH_ITSELF, |_| 0.0)
            .mistake("mean_difference", MEAN_DIFFERENCE, |c| {
                let difference = probabilities(c) - probabilities(&other(c));
                difference.abs().sum() / difference.len() as f64
            }),
        Check::new("gradient_parity", "parity", "gradient_parity compares every weight and every bias", 2)
            .after("slopes")
            .after("max_difference")
            .after("dfdx_slopes")
            .on(|draw| {
                let mut cases = two_networks(draw);
                // The largest difference once in each of the places that can be forgotten.
                for place in 0..4 {
                    cases.push(networks_that_differ_most_in(place, draw));
                }
                // The last one computes nothing but NaN, in both frameworks.
                let nan = Record::new().with("output_biases", array![f64::NAN]).with("dfdx_output_biases", array![f64::NAN]);
                cases.push(replaced(&cases[0], &nan));
                cases
            })
            .expects(|c| largest(&slope_differences(c)))
            .within(PARITY)
            .mistake("compared_with_itself", COMPARED_WITH_ITSELF, |c| {
                if c.vector("output_biases")[0].is_nan() { f64::NAN } else { 0.0 }
            })
            .mistake(
                "biases_not_compared",
                "Only weights are compared. Compare the biases too: wrong slopes of biases are a common mistake.",
                |c| largest(&slope_differences(c)[..2]),
            )
            .mistake(
                "one_layer_compared",
                "Only the output layer is compared. Compare the hidden layer too: mistakes are more common there.",
                |c| {
                    let [_, output_weights, _, output_biases] = slope_differences(c);
                    largest(&[output_weights, output_biases])
                },
            )
            .mistake("one_array_not_compared", ONE_ARRAY_NOT_COMPARED, |c| largest(&slope_differences(c)[1..]))
            .mistake("one_array_not_compared", ONE_ARRAY_NOT_COMPARED, |c| largest(&slope_differences(c)[..3]))
            .mistake("one_array_not_compared", ONE_ARRAY_NOT_COMPARED, |c| {
                let [one, _, three, four] = slope_differences(c);
                largest(&[one, three, four])
            })
            .mistake("one_array_not_compared", ONE_ARRAY_NOT_COMPARED, |c| {
                let [one, two, _, four] = slope_differences(c);
                largest(&[one, two, four])
            })
            .mistake(
                "differences_added_up",
                "The differences of the four arrays are added up. Return the largest of them.",
                |c| slope_differences(c).map(|difference| largest(&[difference])).iter().sum::<f64>(),
            )
            .mistake(
                "nan_is_passed_over",
                "If all slopes of both networks are NaN, the result is 0, as for a perfect match: `f64::max` ignores \
                 NaN. Return NaN then.",
                |c| slope_differences(c).iter().flatten().fold(0.0, |max: f64, d| max.max(d.abs())),
            ),
        Check::new("train_xor", "training", "train_xor takes the steps of gradient descent, in dfdx", 2)
            .after("dfdx_slopes")
            .on(trainings)
            .computes(|f| losses_of(f, f.times("epochs"), step))
            .within(TRAINING)
            .mistake(
                "gradients_not_cleared",
                "From the second step on the gradients are sums of all the passes so far: `backward` adds. Clear them with \
                 `zero_grads` after each update.",
                computed(|f| losses_of(f, f.times("epochs"), with_memory(f, 1.0))),
            )
            .mistake("loss_after_the_update", LOSS_AFTER_THE_UPDATE, loss_after_the_update)
            .mistake("never_updated", NEVER_UPDATED, never_updated)
            .mistake(
                "learning_rate_left_at_default",
                "The learning rate is always 0.01, as in `SgdConfig::default()`. Set `lr`.",
                computed(|f| losses_of(f, f.times("epochs"), |_, _, slope| 0.01 * slope)),
            )
            .mistake(
                "momentum_switched_on",
                "The steps use momentum: each one contains 0.9 of the previous one. For plain gradient descent set \
                 `momentum: None`.",
                computed(|f| losses_of(f, f.times("epochs"), with_memory(f, 0.9))),
            )
            .mistake_if(
                "another_start",
                "Training does not start from `start`: whatever network is given, the first loss is the same. dfdx \
                 draws random parameters for a fresh model. Train the one that `to_dfdx` returns.",
                |_, seen| {
                    seen.vector("result").first().is_some_and(|first| (first - LOSS_OF_A_FRESH_MODEL).abs() < 1e-6)
                },
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
        Check::new("train_xor_by_hand", "training", "train_xor_by_hand takes the same steps", 1)
            .after("slopes")
            .on(trainings)
            .computes(|f| losses_of(f, f.times("epochs"), step))
            .mistake("loss_after_the_update", LOSS_AFTER_THE_UPDATE, loss_after_the_update)
            .mistake("never_updated", NEVER_UPDATED, never_updated)
            .mistake(
                "biases_not_trained",
                "Only the weights are trained. Update the biases in the same way, with their own slopes.",
                computed(|f| {
                    losses_of(f, f.times("epochs"), |place, rate, slope| {
                        if PARAMETERS[place].ends_with("biases") { 0.0 * slope } else { rate * slope }
                    })
                }),
            ),
        Check::new("median", "benchmark", "median is the middle of the sorted times", 1)
            .on(|draw| {
                let drawn = (0..7).map(|_| 1 + draw::count(draw, 900)).collect();
                [vec![50, 10, 900, 30, 20], vec![40, 10, 2000, 20], vec![70], vec![8, 3, 5], drawn]
                    .map(|times: Vec<usize>| Record::new().with("nanoseconds", times))
                    .to_vec()
            })
            .expects(|c| {
                let (sorted, half) = (sorted(c), sorted(c).len() / 2);
                if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2 }
            })
            .mistake(
                "mean_for_median",
                "This is the mean. A single slow run changes the mean, but hardly the median.",
                |c| sorted(c).iter().sum::<usize>() / sorted(c).len(),
            )
            .mistake(
                "not_sorted",
                "This is the time in the middle of the unsorted list. Sort it first.",
                |c| {
                    let (times, half) = (c.counts("nanoseconds"), c.counts("nanoseconds").len() / 2);
                    if times.len() % 2 == 1 { times[half] } else { (times[half - 1] + times[half]) / 2 }
                },
            )
            .mistake(
                "upper_middle",
                "With an even number of times this is the larger one of the two in the middle. The median is their \
                 mean.",
                |c| sorted(c)[sorted(c).len() / 2],
            )
            .mistake(
                "lower_middle",
                "With an even number of times this is the smaller one of the two in the middle. The median is their \
                 mean.",
                |c| sorted(c)[(sorted(c).len() - 1) / 2],
            )
            .mistake(
                "fastest_run",
                "This is the shortest time, not the median.",
                |c| sorted(c)[0],
            ),
        Check::new("measure", "benchmark", "measure warms up once and takes the median of the other runs", 1)
            .after("median")
            // The first call is the warm-up. The median of the others is a short one, far below their mean.
            .on(|draw| {
                let runs = 3 + 2 * draw::count(draw, 4);
                let mut waits = vec![60_usize];
                waits.extend((0..runs).map(|run| if run % 2 == 1 { 40 } else { 3 + run }));
                vec![Record::new().with("runs", runs).with("milliseconds", waits)]
            })
            .demands(|c, seen| {
                let calls = seen.vector("each call took").len();
                if calls != c.count("runs") + 1 {
                    return Err(format!("The work was done {calls} times, not {}.", c.count("runs") + 1));
                }
                let median = median_of(seen.vector("each call took").iter().skip(1));
                if took(seen, median) {
                    return Ok(());
                }
                Err(format!("The result is {:.1} ms, and the median of the runs is {median:.1} ms.", seen.float("milliseconds")))
            })
            .mistake_if(
                "no_warm_up",
                "The work is done as often as there are runs: there is no warm-up. The first run includes costs that \
                 occur only once, so it must not count.",
                |c, seen| seen.vector("each call took").len() == c.count("runs"),
            )
            .mistake_if(
                "warm_up_counts",
                "The warm-up is among the times: it has to run before the first time is taken.",
                |_, seen| took(seen, median_of(seen.vector("each call took").iter())),
            )
            .mistake_if(
                "mean_of_runs",
                "This is the mean of the runs. Use your `median`.",
                |c, seen| took(seen, seen.vector("each call took").iter().skip(1).sum::<f64>() / c.count("runs") as f64),
            )
            .mistake_if(
                "time_of_all_runs",
                "This is the time of all runs together: measure each run separately.",
                |_, seen| took(seen, seen.vector("each call took").iter().skip(1).sum::<f64>()),
            ),
        Check::new("benchmark", "benchmark", "benchmark times both trainings for as many steps and runs as asked", 1)
            .after("measure")
            .after("train_xor")
            .after("train_xor_by_hand")
            .on(|draw| {
                let (steps, runs) = (80 + draw::count(draw, 50), 3 + 2 * draw::count(draw, 3));
                vec![lesson_network().with("steps", steps).with("runs", runs)]
            })
            .demands(|c, seen| {
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
                    return Err("Both times are the same.".to_owned());
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
                if !(0.1..1.8).contains(&(reported / seen.float("everything took"))) {
                    return Err(format!(
                        "All runs together should take {reported:.4} s by these times. `benchmark` took {:.4} s.",
                        seen.float("everything took")
                    ));
                }
                Ok(())
            })
            .mistake_if(
                "one_time_for_both",
                "Both times are the same to the nanosecond, as if the time of one training was reported twice.",
                |_, seen| seen.float("by_hand") == seen.float("dfdx"),
            )
            .mistake_if(
                "time_of_one_step",
                "The times are far too short, as if they were times of one step. `BenchReport` holds the time of a \
                 whole run, with all its steps; `comparison_table` divides.",
                |c, seen| {
                    let reported = (seen.float("by_hand") + seen.float("dfdx")) * (c.count("runs") * c.count("steps")) as f64;
                    (0.1..1.8).contains(&(reported / seen.float("everything took")))
                },
            ),
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
                ]
            })
            .expects(|c| table(c, &Style::default()))
            .mistake(
                "columns_swapped",
                "The columns are swapped: the times by hand belong under `by hand`, those of dfdx under `dfdx`.",
                |c| table(c, &Style { swapped: true, ..Style::default() }),
            )
            .mistake(
                "ratio_upside_down",
                "`relative` is inverted: it is a time divided by the time of dfdx, so dfdx has 1.00, and a longer \
                 time has a larger number.",
                |c| table(c, &Style { upside_down: true, ..Style::default() }),
            )
            .mistake(
                "relative_to_by_hand",
                "The times are divided by the time by hand. Divide them by the time of dfdx: its `relative` is 1.00.",
                |c| table(c, &Style { relative_to_by_hand: true, ..Style::default() }),
            )
            .mistake(
                "run_for_step",
                "This is the time of a whole run. One step takes as long as the run divided by the number of steps.",
                |c| table(c, &Style { whole_run: true, ..Style::default() }),
            )
            .mistake(
                "milliseconds",
                "These are milliseconds. A microsecond, µs, is a millionth of a second: seconds times 1e6.",
                |c| table(c, &Style { unit: 1e3, ..Style::default() }),
            )
            .mistake(
                "differences_swapped",
                "The two differences are swapped: first the outputs', then the slopes'.",
                |c| table(c, &Style { differences_swapped: true, ..Style::default() }),
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
            .expects(|c| table(c, &Style::default()))
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
            .expects(|c| c.vector("x").mapv(|x| half(x, f64::round_ties_even, -14, f64::INFINITY)))
            .within(Tolerance::relative(1e-6))
            .mistake("cut_off", "The digits that do not fit are cut off. Round to the nearest number that fits.", |c| {
                c.vector("x").mapv(|x| half(x, f64::trunc, -14, f64::INFINITY))
            })
            .mistake(
                "ties_away_from_zero",
                "2049 lies in the middle between 2048 and 2050. Such ties are rounded to the even multiple of the \
                 spacing, so that sums have no bias. `round` rounds ties away from 0; `round_ties_even` rounds them \
                 to even.",
                |c| c.vector("x").mapv(|x| half(x, f64::round, -14, f64::INFINITY)),
            )
            .mistake(
                "never_too_small",
                "Numbers below 2^-14 keep all their 11 bits here. The exponent cannot get smaller: the spacing stays \
                 at 2^-24, and numbers below half of it become 0.",
                |c| c.vector("x").mapv(|x| half(x, f64::round_ties_even, -1000, f64::INFINITY)),
            )
            .mistake(
                "stops_at_the_largest",
                "A number that is too large becomes 65,504 here. It should become infinite.",
                |c| c.vector("x").mapv(|x| half(x, f64::round_ties_even, -14, 65504.0)),
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
                "The slope is still multiplied by the scale. Divide by the scale in full precision, after the \
                 rounding.",
                |c| c.vector("slope").mapv(|slope| in_half(slope * c.float("scale"))),
            )
            .mistake(
                "scaled_too_late",
                "The slope is rounded before it is scaled: a slope that was rounded to 0 stays 0. Scale, round, then \
                 undo the scaling.",
                |c| c.vector("slope").mapv(in_half),
            ),
    ]
}

/// Parity of equal networks is 0 up to the precision of `f32`.
const PARITY: Tolerance = Tolerance { relative: 1e-4, absolute: 1e-5 };
/// Every step starts from the rounded result of the one before.
const TRAINING: Tolerance = Tolerance { relative: 2e-5, absolute: 1e-6 };

/// On XOR: `Cpu::default()` always starts its generator at the seed 0.
const LOSS_OF_A_FRESH_MODEL: f64 = 0.250_027_18;

const ONE_LAYER_WITHOUT_BIASES: &str =
    "The biases of one layer are not counted. Both layers learn biases, one per neuron.";
const COMPARED_WITH_ITSELF: &str = "The result is always 0, even where the two networks differ. Perhaps one of them \
     is compared with itself: use the argument `mlp` itself.";
const ONE_ARRAY_NOT_COMPARED: &str = "The slopes of one of the four arrays are not compared. Each layer has \
     weights and biases: take the largest of all four differences.";
const MEAN_DIFFERENCE: &str = "This is the mean of the differences. It hides one wrong entry among many right ones; the largest difference does not.";
const LOSS_AFTER_THE_UPDATE: &str = "The losses are those after each update. They should be those before it: the \
     first one belongs to the initial parameters.";
const NEVER_UPDATED: &str = "The loss never changes: the slopes are computed, but no parameter is updated.";

/// The matrices of the lesson, and two that are not symmetric in any way.
fn two_matrices(draw: &mut probe::Generator) -> Vec<Record> {
    let lesson = Record::new().with("a", array![[1.0, 2.0], [3.0, 4.0]]).with("b", array![[5.0, 6.0], [7.0, 8.0]]);
    let negative = Record::new().with("a", array![[-3.0, 0.5], [1.0, 2.5]]).with("b", draw::matrix(draw, (2, 2), 2.0));
    let drawn = Record::new().with("a", draw::matrix(draw, (2, 2), 2.0)).with("b", draw::matrix(draw, (2, 2), 2.0));
    vec![lesson, negative, drawn]
}

fn shapes(transposed: &ArrayRef2<f64>, flat: &ArrayRef2<f64>) -> Record {
    Record::new().with("transposed", transposed.to_owned()).with("flat", Array1::from_iter(flat.iter().copied()))
}

fn passes(first: Num, kept: Num, cleared: Num) -> [(&'static str, Num); 3] {
    [("first", first), ("kept", kept), ("cleared", cleared)]
}

fn softmax(logits: &Num) -> Num {
    let exponentials = logits.exp().named("exponentials");
    (&exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)).named("p")
}

/// -log p(label) for each sample.
fn minus_log_p(f: &Formula, logits: &Num) -> Num {
    -softmax(logits).pick(&f.input("labels")).ln()
}

fn accepted(c: &Record, accepts: impl Fn(usize, usize, usize) -> bool) -> &'static str {
    if accepts(c.count("rows"), c.count("columns"), c.count("biases")) { "a layer" } else { "an error" }
}

fn sizes(c: &Record) -> (usize, usize, usize) {
    match c.text("network") {
        "2-4-1" => (2, 4, 1),
        "10-20-5" => (10, 20, 5),
        "3-7-2" => (3, 7, 2),
        "5-2-6" => (5, 2, 6),
        _ => (784, 128, 10),
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
/// that are not.
fn drawn_network(draw: &mut probe::Generator) -> Record {
    loop {
        let case = network(draw).with("x", draw::matrix(draw, (3, 2), 2.0)).with("y", draw::matrix(draw, (3, 1), 1.0));
        let z = pre_activation(&case);
        let cut_off = z.iter().filter(|z| **z < 0.0).count();
        if z.iter().all(|z| z.abs() > 0.05) && (3..10).contains(&cut_off) {
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
    computed(|f| slopes_of(f, &Rules::default()))(c)
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
        Self { parameters: PARAMETERS.map(|name| f.input(name)) }
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
    fn slopes(&self, pass: &Pass, x: &Num, y: &Num, rules: &Rules) -> [Num; 4] {
        let Pass { z1, h, p } = pass;
        let dp = (rules.loss)(p, y).named("dP");
        let dz2 = (dp * (rules.sigmoid)(p)).named("dZ2");
        let dz1 = (dz2.dot(&self.parameters[2].t()) * (rules.relu)(z1)).named("dZ1");
        let sum = |of: &Num| of.aggregate(Aggregate::Sum, Over::Samples);
        [x.t().dot(&dz1), sum(&dz1), h.t().dot(&dz2), sum(&dz2)]
    }
}

/// The slopes of the loss, of the sigmoid (from its output) and of ReLU (from its input).
struct Rules {
    loss: fn(&Num, &Num) -> Num,
    sigmoid: fn(&Num) -> Num,
    relu: fn(&Num) -> Num,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            loss: |p, y| 2.0 * (p - y) / p.count(),
            sigmoid: |p| p * (1.0 - p),
            relu: |z| z.above(&(0.0 * z)).real(),
        }
    }
}

fn loss_of(f: &Formula) -> Num {
    (Net::new(f).pass(&f.input("x")).p - f.input("y")).square().mean()
}

fn slopes_of(f: &Formula, rules: &Rules) -> [(&'static str, Num); 4] {
    let (net, x, y) = (Net::new(f), f.input("x"), f.input("y"));
    let [dw1, db1, dw2, db2] = net.slopes(&net.pass(&x), &x, &y, rules);
    [("hidden_weights", dw1), ("hidden_biases", db1), ("output_weights", dw2), ("output_biases", db2)]
}

/// The losses before each step of a training on XOR. `step` is by how much a parameter gets smaller: from its place in
/// `PARAMETERS`, the learning rate and its slope.
fn losses_of(f: &Formula, n_epochs: usize, mut step: impl FnMut(usize, &Num, Num) -> Num) -> Num {
    let samples = |rows: &[&[f64]]| {
        let rows: Vec<Num> =
            rows.iter().map(|row| f.vector(&row.iter().map(|&x| f.number(x)).collect::<Vec<_>>())).collect();
        f.matrix(&rows, &rows[0])
    };
    let (x, y) = (samples(&[&[0., 0.], &[0., 1.], &[1., 0.], &[1., 1.]]), samples(&[&[0.], &[1.], &[1.], &[0.]]));
    let (rate, mut net, mut losses) = (f.input("learning_rate"), Net::new(f), Vec::new());
    for _ in 0..n_epochs {
        let pass = net.pass(&x);
        losses.push((&pass.p - &y).square().mean().named("loss"));
        let [dw1, db1, dw2, db2] = net.slopes(&pass, &x, &y, &Rules::default());
        let [w1, b1, w2, b2] = net.parameters;
        net.parameters = [
            (w1 - step(0, &rate, dw1)).named("W1"),
            (b1 - step(1, &rate, db1)).named("b1"),
            (w2 - step(2, &rate, dw2)).named("W2"),
            (b2 - step(3, &rate, db2)).named("b2"),
        ];
    }
    f.vector(&losses)
}

fn step(_: usize, rate: &Num, slope: Num) -> Num {
    rate * slope
}

/// Steps that contain a part of the step before.
fn with_memory(f: &Formula, kept: f64) -> impl FnMut(usize, &Num, Num) -> Num {
    let mut sums = PARAMETERS.map(|_| f.number(0.0));
    move |place, rate, slope| {
        sums[place] = kept * &sums[place] + slope;
        rate * &sums[place]
    }
}

fn never_updated(c: &Record) -> Record {
    computed(|f| losses_of(f, f.times("epochs"), |_, _, slope| 0.0 * slope))(c)
}

fn loss_after_the_update(c: &Record) -> Array1<f64> {
    let losses = computed(|f| losses_of(f, f.times("epochs") + 1, step))(c);
    losses.vector("result").iter().skip(1).copied().collect()
}

/// What `of` makes of the differences; nothing if the shapes differ.
fn difference(c: &Record, of: impl Fn(&ArrayRef2<f64>) -> Option<f64>) -> Value {
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

fn sorted(c: &Record) -> Vec<usize> {
    let mut times = c.counts("nanoseconds");
    times.sort_unstable();
    times
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
    whole_run: bool,
    /// How many of it make a second.
    unit: f64,
    differences_swapped: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            swapped: false,
            upside_down: false,
            relative_to_by_hand: false,
            whole_run: false,
            unit: 1e6,
            differences_swapped: false,
        }
    }
}

fn table(c: &Record, style: &Style) -> String {
    let seconds = |name| c.count(name) as f64 / 1e9;
    let times = [seconds("by_hand, nanoseconds"), seconds("dfdx, nanoseconds")];
    let steps = if style.whole_run { 1.0 } else { c.count("steps") as f64 };
    let measure = if style.relative_to_by_hand { times[0] } else { times[1] };
    let mut ratios = times.map(|time| if style.upside_down { measure / time } else { time / measure });
    let mut times = times.map(|time| time * style.unit / steps);
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

/// `x` with the 11 significant bits of half precision; `rounding` makes whole multiples of the spacing.
fn half(x: f64, rounding: impl Fn(f64) -> f64, smallest_exponent: i32, too_large: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    let exponent = (x.abs().log2().floor() as i32).max(smallest_exponent);
    let spacing = f64::from(exponent - 10).exp2();
    let rounded = rounding(x / spacing) * spacing;
    if rounded.abs() > 65504.0 { too_large.copysign(x) } else { rounded }
}

fn in_half(x: f64) -> f64 {
    half(x, f64::round_ties_even, -14, f64::INFINITY)
}
