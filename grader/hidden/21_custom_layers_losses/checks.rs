//! What is right in exercise 21, and what is commonly got wrong.
//!
//! A block is asked by itself, with parameters of the case: what it puts out, what it passes back, which parameters it
//! hands out and with which gradients. The networks inside of a block are the engine's. At the end a whole network is
//! trained, and held against gradients that are measured here, by differences.

use judge::prelude::*;

fn main() {
    judge::judge(checks());
}

fn checks() -> Vec<Check> {
    let mut checks = swish();
    checks.extend(residual());
    checks.extend(multi_path());
    checks.extend(networks());
    checks.extend(attention());
    checks.extend(self_attention());
    checks.extend(focal());
    checks.extend(smoothed());
    checks.extend(dice());
    checks.extend(penalty());
    checks
}

// ---- Swish ----

fn swish() -> Vec<Check> {
    let parameters = Check::new(
        "swish_parameters",
        "swish",
        "Swish returns β, with the gradient x² · σ'(β · x) · d_out, summed over the samples",
        2,
    );
    vec![
        Check::new("swish_forward", "swish", "forward of Swish is x · σ(β · x), with a β for each column", 1)
            .asks("forward")
            .about("Swish::forward")
            .on(|draw| {
                vec![
                    swish_case(array![[-2.0], [-1.0], [0.0], [1.0], [2.0]], array![1.0]),
                    drawn_swish(draw, 4, 3),
                    swish_case(array![[800.0, -800.0], [-1e300, 1e300]], array![1.5, 0.5]),
                ]
            })
            .computes(|f| f.input("x") * gate_of(f)),
        Check::new(
            "swish_backward",
            "swish",
            "backward of Swish takes into account that x occurs twice in x · σ(β · x)",
            2,
        )
        .asks("backward")
        .about("Swish::backward")
        .on(|draw| vec![drawn_swish(draw, 4, 3), drawn_swish(draw, 1, 2)])
        .computes(swish_d_x),
        all_handed_out(parameters, |_| 1)
        .about("Swish::backward")
        .about("Swish::parameters")
        .after("swish_forward")
        .on(|draw| vec![drawn_swish(draw, 4, 3), drawn_swish(draw, 2, 2)])
        .computes(|f| swish_parameters(f, swish_d_beta(f)))
        .mistake(
            "d_beta_not_kept",
            "The gradient of β is still 0 after the backward pass, so β never changes. Write it to `self.d_beta`.",
            computed(|f| swish_parameters(f, 0.0 * swish_d_beta(f))),
        )
        .mistake(
            "beta_instead_of_x",
            "The gradient of β is x · β · σ'(βx) · d_out, which has the inner slope with respect to x. With respect to \
             β, the inner slope is x, not β.",
            computed(|f| {
                let slopes = swish_d_betas(f) / f.input("x") * f.input("beta");
                swish_parameters(f, slopes.aggregate(Aggregate::Sum, Over::Samples))
            }),
        ),
        Check::new("swish_passes", "swish", "Swish goes back through its last forward pass, as often as asked", 1)
            .asks("passes")
            .about("Swish::backward")
            .about("Swish::forward")
            .after("swish_backward")
            .after("swish_parameters")
            .on(|draw| {
                [TWO_FORWARD, TWICE_BACK, NO_FORWARD]
                    .map(|passes| {
                        drawn_swish(draw, 3, 2).with("x2", draw::matrix(draw, (3, 2), 2.0)).with("passes", passes)
                    })
                    .to_vec()
            })
            .expects(|c| passed(c, swish_pass, false))
            .mistake("gradients_accumulate", ACCUMULATE, |c| passed(c, swish_pass, true))
            .mistake_panics("cache_is_used_up", USED_UP, |c| c.text("passes") == TWICE_BACK)
            .panics_where("there was no forward pass", |c| c.text("passes") == NO_FORWARD),
    ]
}

const MOVED: &str = "output after 0.1 is added to them";
const TWO_FORWARD: &str = "forward(x), forward(x2), backward(d_out)";
const TWICE_BACK: &str = "forward(x), backward(d_out), backward(d_out)";
const NO_FORWARD: &str = "backward(d_out)";

const ACCUMULATE: &str = "\
    Gradients accumulate from one backward pass to the next. Every backward pass replaces the old ones by its own: \
    `=`, not `+=`.";
const USED_UP: &str = "\
    A second backward pass finds nothing: `take` has removed what `forward` stored. `as_ref` reads it and leaves it in \
    place.";
/// Asks for parameters, of which there should be so many.
fn all_handed_out(check: Check, n: fn(&Record) -> usize) -> Check {
    check.asks("parameters").mistake_if(
        "parameters_missing",
        "`parameters` does not return all parameters. No optimiser changes those that are missing, so they never learn.",
        move |c, seen| seen.count("parameters") < n(c),
    )
}

fn swish_case(x: Array2<f64>, beta: Array1<f64>) -> Record {
    Record::new().with("layer", "Swish").with("x", x).with("beta", beta)
}

fn drawn_swish(draw: &mut probe::Generator, n: usize, m: usize) -> Record {
    swish_case(draw::matrix(draw, (n, m), 2.0) + 0.003, draw::vector(draw, m, 0.6) + 1.705)
        .with("d_out", draw::matrix(draw, (n, m), 2.0) + 0.305)
}

/// σ(β · x).
fn gate_of(f: &Formula) -> Num {
    (f.input("beta") * f.input("x")).sigmoid().named("gate")
}

/// σ', given σ.
fn slope_of(gate: &Num) -> Num {
    (gate * (1.0 - gate)).named("slope")
}

fn swish_d_x(f: &Formula) -> Num {
    let gate = gate_of(f);
    let slope = slope_of(&gate);
    f.input("d_out") * (gate + f.input("beta") * f.input("x") * slope)
}

fn swish_d_beta(f: &Formula) -> Num {
    swish_d_betas(f).aggregate(Aggregate::Sum, Over::Samples)
}

/// What each entry of x contributes to the gradient of β.
fn swish_d_betas(f: &Formula) -> Num {
    let x = f.input("x");
    &x * &x * slope_of(&gate_of(f)) * f.input("d_out")
}

/// What `parameters` comes to, with this gradient of β.
fn swish_parameters(f: &Formula, gradient: Num) -> [(&'static str, Num); 3] {
    let moved = f.input("x") * ((f.input("beta") + 0.1) * f.input("x")).sigmoid();
    [("gradient 1", gradient), ("parameters", f.number(1.0).whole()), (MOVED, moved)]
}

/// d_x, and the sum of the gradient of β, for the input called `x`.
fn swish_pass(c: &Record, x: &str) -> (Array2<f64>, f64) {
    let c = &with_x(c, x);
    (computed(swish_d_x)(c).matrix("result").to_owned(), computed(swish_d_beta)(c).vector("result").sum())
}

/// The case with another one of its inputs as x.
fn with_x(c: &Record, x: &str) -> Record {
    replaced(c, "x", c.matrix(x).to_owned())
}

/// The record with another value for `name`.
fn replaced(record: &Record, name: &str, value: impl Into<Value>) -> Record {
    let others = record.parts().filter(|(other, _)| *other != name);
    others.fold(Record::new(), |record, (name, value)| record.with(name, value.clone())).with(name, value)
}

/// What comes of the passes of a case; `pass` goes forwards and backwards.
fn passed(c: &Record, pass: impl Fn(&Record, &str) -> (Array2<f64>, f64), accumulates: bool) -> Record {
    let (mut kept, mut number, mut before, mut record) = ("x", 0, 0.0, Record::new());
    for name in c.text("passes").split(", ") {
        match name {
            "forward(x)" => kept = "x",
            "forward(x2)" => kept = "x2",
            _ => {
                let (d_x, mut sum) = pass(c, kept);
                if accumulates {
                    sum += before;
                }
                before = sum;
                number += 1;
                record = record
                    .with(&format!("d_x {number}"), d_x)
                    .with(&format!("sum of the first gradient {number}"), sum);
            }
        }
    }
    record
}

// ---- Residual ----

fn residual() -> Vec<Check> {
    let cases = |draw: &mut probe::Generator| {
        let n = 3 + draw::count(draw, 3);
        vec![
            residual_case(draw, n, 3, 3, false),
            residual_case(draw, n, 2, 3, true),
            residual_case(draw, 2, 2, 2, true),
        ]
    };
    let title = "Residual returns the parameters of branch and shortcut";
    let parameters = Check::new("residual_parameters", "residual", title, 1);
    vec![
        Check::new("residual_forward", "residual", "forward of Residual is the sum of branch and shortcut", 2)
            .asks("forward")
            .about("Residual::forward")
            .on(cases)
            .computes(|f| branch(f) + shortcut(f))
            .mistake(
                "linear_shortcut_ignored",
                "x is added as it is, although the shortcut has a linear layer. With `Some(linear)`, S(x) is the \
                 output of that layer for x.",
                |c| unless_widths_differ(c, |f| branch(f) + f.input("x")),
            )
            .mistake(
                "shortcut_behind_the_branch",
                "The shortcut gets the *output* of the branch. Both get x, and their outputs are added.",
                |c| unless_widths_differ(c, |f| branch(f) + shortcut_of(f, &branch(f))),
            ),
        Check::new(
            "residual_widths",
            "residual",
            "without a linear layer in the shortcut, the branch has to keep the number of columns",
            1,
        )
        .asks("forward")
        .about("Residual::forward")
        .after("residual_forward")
        .on(|draw| vec![residual_case(draw, 3, 2, 2, false), residual_case(draw, 3, 1, 3, false)])
        .computes(|f| branch(f) + f.input("x"))
        .panics_where("the branch changes the number of columns", |c| !keeps_width(c)),
        Check::new(
            "residual_backward",
            "residual",
            "backward of Residual adds the gradients of branch and shortcut",
            2,
        )
        .asks("backward")
        .about("Residual::backward")
        .after("residual_forward")
        .on(cases)
        .computes(|f| branch_back(f) + shortcut_back(f))
        .mistake(
            "identity_passes_nothing_back",
            "If the shortcut is the identity, only the gradient of the branch is passed back. y = F(x) + x uses x \
             twice: add the gradient of the identity, too.",
            computed(|f| match has_linear_shortcut(f.case()) {
                true => branch_back(f) + shortcut_back(f),
                false => branch_back(f),
            }),
        )
        .mistake(
            "d_out_past_the_linear_shortcut",
            "`d_out` is added unchanged, although the shortcut has a linear layer. It has to go back through that \
             layer.",
            |c| unless_widths_differ(c, |f| branch_back(f) + f.input("d_out")),
        ),
        all_handed_out(parameters, |c| if has_linear_shortcut(c) { 4 } else { 2 })
            .about("Residual::parameters")
            .after("residual_forward")
            .after("residual_backward")
            .on(cases)
            .computes(|f| residual_parameters(f, &["branch", "shortcut"]))
            .mistake(
                "shortcut_first",
                "The parameters of the shortcut come first. Optimisers and files with weights rely on the order: \
                 branch, then shortcut.",
                computed(|f| residual_parameters(f, &["shortcut", "branch"])),
            ),
    ]
}

fn residual_case(draw: &mut probe::Generator, n: usize, n_in: usize, n_out: usize, has_linear: bool) -> Record {
    let mut case = with_linear(draw, Record::new().with("layer", "Residual"), "branch", n_in, n_out);
    if has_linear {
        case = with_linear(draw, case, "shortcut", n_in, n_out);
    }
    case.with("x", draw::matrix(draw, (n, n_in), 2.0) + 0.003)
        .with("d_out", draw::matrix(draw, (n, n_out), 2.0) + 0.305)
}

fn with_linear(draw: &mut probe::Generator, case: Record, name: &str, n_in: usize, n_out: usize) -> Record {
    case.with(&format!("{name}_weights"), draw::matrix(draw, (n_in, n_out), 1.0) + 0.003)
        .with(&format!("{name}_biases"), draw::vector(draw, n_out, 0.5) + 0.002)
}

fn has_linear_shortcut(c: &Record) -> bool {
    c.get("shortcut_weights").is_some()
}

fn keeps_width(c: &Record) -> bool {
    c.matrix("branch_weights").is_square()
}

/// What comes out, or a panic where a block changes the number of columns.
fn unless_widths_differ(c: &Record, formula: impl Fn(&Formula) -> Num) -> Prediction {
    if keeps_width(c) { computed(formula)(c).into() } else { Prediction::Panics }
}

/// What the linear layer called `name` makes of `x`, with `more` added to each of its parameters.
fn linear_of(f: &Formula, name: &str, x: &Num, more: f64) -> Num {
    let [weights, biases] = ["weights", "biases"].map(|part| f.input(&format!("{name}_{part}")));
    if more == 0.0 { x.dot(&weights) + biases } else { x.dot(&(weights + more)) + (biases + more) }
}

fn branch(f: &Formula) -> Num {
    linear_of(f, "branch", &f.input("x"), 0.0).tanh().named("F(x)")
}

fn shortcut(f: &Formula) -> Num {
    shortcut_of(f, &f.input("x")).named("S(x)")
}

fn shortcut_of(f: &Formula, x: &Num) -> Num {
    if has_linear_shortcut(f.case()) { linear_of(f, "shortcut", x, 0.0) } else { x.clone() }
}

/// The gradient with respect to the sums of a linear layer with a tanh behind it, given the one behind the tanh.
fn before_tanh(f: &Formula, name: &str, d_out: &Num) -> Num {
    d_out * (1.0 - linear_of(f, name, &f.input("x"), 0.0).tanh().square()).named("slope")
}

fn branch_back(f: &Formula) -> Num {
    let d_z = before_tanh(f, "branch", &f.input("d_out"));
    d_z.dot(&f.input("branch_weights").t()).named("gradient of the branch")
}

fn shortcut_back(f: &Formula) -> Num {
    let d_out = f.input("d_out");
    let through = if has_linear_shortcut(f.case()) { d_out.dot(&f.input("shortcut_weights").t()) } else { d_out };
    through.named("gradient of the shortcut")
}

fn residual_parameters(f: &Formula, handed_out: &[&str]) -> Outputs {
    let has_linear = has_linear_shortcut(f.case());
    let parts: Vec<&str> = handed_out.iter().copied().filter(|part| has_linear || *part == "branch").collect();
    let more = |part: &str| if parts.contains(&part) { 0.1 } else { 0.0 };
    let (x, d_out) = (f.input("x"), f.input("d_out"));
    let branch = linear_of(f, "branch", &x, more("branch")).tanh();
    let shortcut = if has_linear { linear_of(f, "shortcut", &x, more("shortcut")) } else { x };
    let d_z = parts.iter().map(|part| if *part == "branch" { before_tanh(f, part, &d_out) } else { d_out.clone() });
    linear_gradients(f, &d_z.collect::<Vec<_>>(), branch + shortcut)
}

/// The gradients of linear layers that had the same input x, given those of their outputs, and how many there are.
fn linear_gradients(f: &Formula, d_z: &[Num], moved: Num) -> Outputs {
    let mut parts = vec![("parameters".to_owned(), f.number(2.0 * d_z.len() as f64).whole())];
    for (number, d_z) in (0..).zip(d_z) {
        let biases = d_z.aggregate(Aggregate::Sum, Over::Samples);
        parts.push((format!("gradient {}", 2 * number + 1), f.input("x").t().dot(d_z)));
        parts.push((format!("gradient {}", 2 * number + 2), biases));
    }
    parts.push((MOVED.to_owned(), moved));
    Outputs(parts)
}

// ---- MultiPath ----

fn multi_path() -> Vec<Check> {
    let cases = |draw: &mut probe::Generator| {
        let n = 3 + draw::count(draw, 3);
        vec![
            multi_path_case(draw, n, 3, &[2, 2]),
            multi_path_case(draw, n, 2, &[2, 3]),
            multi_path_case(draw, 2, 2, &[2, 4, 3]),
        ]
    };
    let title = "MultiPath returns the parameters of all its paths";
    let parameters = Check::new("multi_path_parameters", "multi_path", title, 1);
    vec![
        Check::new(
            "multi_path_forward",
            "multi_path",
            "forward of MultiPath puts the outputs of all paths side by side",
            2,
        )
        .asks("forward")
        .about("MultiPath::forward")
        .on(cases)
        .computes(|f| f.beside(&paths(f)))
        .mistake_if(
            "stacked",
            "The outputs are stacked below each other, so that there are several rows for each sample. A row is a \
             sample: put the columns of all paths side by side, `Axis(1)`.",
            |c, seen| seen.matrix("result").nrows() == c.matrix("x").nrows() * names(c).count(),
        )
        .mistake(
            "paths_added",
            "The outputs are added. Here every path keeps its own columns: put them side by side.",
            |c| match names(c).all(|name| width(c, name) == width(c, "first")) {
                true => computed(|f| sum_of(paths(f)))(c).into(),
                false => Prediction::Panics,
            },
        )
        .mistake(
            "last_path_first",
            "The paths are in the wrong order: the columns of the first path come first.",
            computed(|f| f.beside(&paths(f).into_iter().rev().collect::<Vec<_>>())),
        ),
        Check::new(
            "multi_path_backward",
            "multi_path",
            "backward of MultiPath gives each path its columns, and adds their gradients",
            2,
        )
        .asks("backward")
        .about("MultiPath::backward")
        .after("multi_path_forward")
        .on(cases)
        .computes(|f| sum_of(paths_back(f, false)))
        .mistake(
            "last_path_alone",
            "Only the gradient of the last path is returned. All paths used x: add their gradients.",
            computed(|f| paths_back(f, false).swap_remove(names(f.case()).count() - 1)),
        )
        .mistake(
            "first_path_alone",
            "Only the gradient of the first path is returned. All paths used x: add their gradients.",
            computed(|f| paths_back(f, false).swap_remove(0)),
        )
        .mistake(
            "columns_from_the_front",
            "Every path gets the *first* columns of `d_out`. The second path put out the columns after those of the \
             first, and so on: continue where the previous path ended.",
            computed(|f| sum_of(paths_back(f, true))),
        )
        .mistake(
            "gradients_side_by_side",
            "The gradients of the paths stand side by side, so `d_x` has more columns than x. All paths used the \
             *same* x: add their gradients.",
            computed(|f| f.beside(&paths_back(f, false))),
        )
        .mistake(
            "gradients_averaged",
            "The gradients of the paths are averaged. The effects of a value that is used several times add up: take \
             the sum.",
            computed(|f| sum_of(paths_back(f, false)) / names(f.case()).count() as f64),
        ),
        all_handed_out(parameters, |c| 2 * names(c).count())
            .about("MultiPath::parameters")
            .after("multi_path_forward")
            .after("multi_path_backward")
            .on(cases)
            .computes(multi_path_parameters),
    ]
}

const PATHS: [&str; 3] = ["first", "second", "third"];

fn multi_path_case(draw: &mut probe::Generator, n: usize, n_in: usize, widths: &[usize]) -> Record {
    let mut case = Record::new().with("layer", "MultiPath");
    for (name, &width) in PATHS.iter().zip(widths) {
        case = with_linear(draw, case, name, n_in, width);
    }
    let d_out = draw::matrix(draw, (n, widths.iter().sum()), 2.0) + 0.305;
    case.with("x", draw::matrix(draw, (n, n_in), 2.0) + 0.003).with("d_out", d_out)
}

fn names(c: &Record) -> impl Iterator<Item = &'static str> {
    let count = PATHS.iter().filter(|name| c.get(&format!("{name}_weights")).is_some()).count();
    PATHS.into_iter().take(count)
}

fn width(c: &Record, name: &str) -> usize {
    c.matrix(&format!("{name}_weights")).ncols()
}

/// What a path puts out: behind the linear layer of the first one there is a tanh.
fn path(f: &Formula, name: &str, more: f64) -> Num {
    let z = linear_of(f, name, &f.input("x"), more);
    if name == "first" { z.tanh() } else { z }
}

fn paths(f: &Formula) -> Vec<Num> {
    names(f.case()).map(|name| path(f, name, 0.0)).collect()
}

/// The gradient with respect to the sums of each path's linear layer; its columns of `d_out` are those after the columns
/// of the path before, or else the first ones.
fn paths_d_z(f: &Formula, from_the_front: bool) -> Vec<Num> {
    let (c, mut start) = (f.case(), 0);
    let mut parts = Vec::new();
    for name in names(c) {
        let own = f.input("d_out").columns_in(start..start + width(c, name));
        start += if from_the_front { 0 } else { width(c, name) };
        parts.push(if name == "first" { before_tanh(f, name, &own) } else { own });
    }
    parts
}

fn paths_back(f: &Formula, from_the_front: bool) -> Vec<Num> {
    let d_z = paths_d_z(f, from_the_front);
    names(f.case()).zip(d_z).map(|(name, d_z)| d_z.dot(&f.input(&format!("{name}_weights")).t())).collect()
}

fn sum_of(parts: Vec<Num>) -> Num {
    parts.into_iter().reduce(|sum, part| sum + part).expect("there are parts")
}

fn multi_path_parameters(f: &Formula) -> Outputs {
    let moved: Vec<Num> = names(f.case()).map(|name| path(f, name, 0.1)).collect();
    linear_gradients(f, &paths_d_z(f, false), f.beside(&moved))
}

// ---- A network of residual blocks ----

fn networks() -> Vec<Check> {
    vec![
        Check::new(
            "structure",
            "residual_mlp",
            "residual_mlp builds blocks of Linear, Swish, Linear that start as the identity",
            2,
        )
        .about("residual_mlp")
        .after("swish_parameters")
        .after("residual_parameters")
        .on(|draw| {
            [(3, 4, 2), (2, 3, 1), (4, 5, 3), (2, 6, 0)]
                .map(|(n_in, width, n_blocks)| {
                    Record::new()
                        .with("n_in", n_in + draw::count(draw, 2))
                        .with("width", width + draw::count(draw, 3))
                        .with("n_blocks", n_blocks as usize)
                        .with("n_out", 1 + draw::count(draw, 3))
                })
                .to_vec()
        })
        .expects(|c| structure(c, "others", "all 0", &["Swish"]))
        .mistake(
            "second_layer_random",
            "The second linear layer of each branch starts with random weights, so no block starts as the identity. \
             Make it of zeros, with `Linear::from_parts`.",
            |c| structure(c, "others", "others", &["Swish"]),
        )
        .mistake(
            "first_layer_zero",
            "The *first* linear layer of each branch starts with weights of 0. The second one has to: then the block \
             is the identity, whatever the first layer puts out.",
            |c| structure(c, "all 0", "others", &["Swish"]),
        )
        .mistake(
            "both_layers_zero",
            "Both linear layers of each branch start with weights of 0. Then the second gets 0 as its input and as its \
             gradient, and its weights never change. Only the second one may start at 0.",
            |c| structure(c, "all 0", "all 0", &["Swish"]),
        )
        .mistake(
            "no_swish",
            "There is no Swish in the branch. Two linear layers in a row are equivalent to one.",
            |c| structure(c, "others", "all 0", &[]),
        )
        .mistake_if(
            "biases_not_zero",
            "The layers are the right ones, but not all biases start at 0. `Linear::new` starts them at 0, and so \
             should you: only then does every block start as the identity.",
            |c, seen| {
                let right = structure(c, "others", "all 0", &["Swish"]);
                let (right, seen) = (right.text("parameters"), seen.text("parameters"));
                let is_bias = |start: &str| !start.contains(" x ") && start.ends_with("all 0");
                right.split(", ").count() == seen.split(", ").count()
                    && right.split(", ").zip(seen.split(", ")).all(|(right, seen)| {
                        right == seen || is_bias(right) && seen == right.replace("all 0", "others")
                    })
                    && right != seen
            },
        ),
        Check::new("training", "residual_mlp", "a network of your blocks trains, step by step", 2)
            .about("residual_mlp")
            .after("structure")
            .after("swish_backward")
            .after("swish_passes")
            .after("residual_backward")
            .on(|draw| {
                let (n_in, n_out, n_blocks) = (2, 2, 1 + draw::count(draw, 2));
                let width = 3;
                let mut case = Record::new()
                    .with("n_in", n_in as usize)
                    .with("width", width as usize)
                    .with("n_blocks", n_blocks)
                    .with("n_out", n_out as usize);
                for (number, (rows, columns)) in (1..).zip(shapes(&case)) {
                    let name = format!("parameter {number}");
                    case = match rows {
                        0 => case.with(&name, draw::vector(draw, columns, 0.5) + 0.6),
                        _ => case.with(&name, draw::matrix(draw, (rows, columns), 1.0) + 0.003),
                    };
                }
                vec![
                    case.with("x", draw::matrix(draw, (5, 2), 1.5))
                        .with("y", draw::matrix(draw, (5, 2), 1.0))
                        .with("learning_rate", 0.05)
                        .with("steps", 4_usize),
                ]
            })
            .expects(trained)
            // The gradients of the reference are measured: nine digits of them are right.
            .within(Tolerance { relative: 1e-6, absolute: 1e-8 }),
    ]
}

/// The shapes of the parameters of a network of residual blocks; a vector has 0 rows.
fn shapes(c: &Record) -> Vec<(usize, usize)> {
    let [n_in, width, n_out] = ["n_in", "width", "n_out"].map(|name| c.count(name));
    let mut shapes = vec![(n_in, width), (0, width)];
    for _ in 0..c.count("n_blocks") {
        shapes.extend([(width, width), (0, width), (0, width), (width, width), (0, width)]);
    }
    shapes.extend([(width, n_out), (0, n_out)]);
    shapes
}

fn structure(c: &Record, first: &str, second: &str, activation: &[&str]) -> Record {
    let [n_in, width, n_out] = ["n_in", "width", "n_out"].map(|name| c.count(name));
    let linear =
        |n_in: usize, n_out: usize, start: &str| vec![format!("{n_in} x {n_out}: {start}"), format!("{n_out}: all 0")];
    let mut parameters = linear(n_in, width, "others");
    let mut layers = vec![format!("Linear {n_in} -> {width}")];
    for _ in 0..c.count("n_blocks") {
        parameters.extend(linear(width, width, first));
        parameters.extend(activation.iter().map(|_| format!("{width}: all 1")));
        parameters.extend(linear(width, width, second));
        layers.push("Residual".to_owned());
    }
    parameters.extend(linear(width, n_out, "others"));
    layers.push(format!("Linear {width} -> {n_out}"));
    Record::new().with("layers", layers.join(", ")).with("parameters", parameters.join(", "))
}

/// The losses of a training by gradients that are measured, by central differences of the loss.
fn trained(c: &Record) -> Record {
    let mut parameters: Vec<Array2<f64>> = (1..)
        .zip(shapes(c))
        .map(|(number, (rows, _))| {
            let name = format!("parameter {number}");
            if rows == 0 { c.vector(&name).insert_axis(Axis(0)).to_owned() } else { c.matrix(&name).to_owned() }
        })
        .collect();
    let mut losses = Vec::new();
    for _ in 0..c.count("steps") {
        losses.push(loss_of(c, &parameters));
        let measured = parameters.clone();
        for (number, whole) in measured.iter().enumerate() {
            for (at, &value) in whole.indexed_iter() {
                let mut moved = measured.clone();
                moved[number][at] = value + 1e-5;
                let above = loss_of(c, &moved);
                moved[number][at] = value - 1e-5;
                parameters[number][at] -= c.float("learning_rate") * (above - loss_of(c, &moved)) / 2e-5;
            }
        }
    }
    Record::new().with("losses", Array1::from(losses))
}

/// The mean of the squared errors of such a network.
fn loss_of(c: &Record, parameters: &[Array2<f64>]) -> f64 {
    let mut next = parameters.iter();
    let mut next = || next.next().expect("there are enough parameters");
    let mut a = c.matrix("x").dot(next()) + next();
    for _ in 0..c.count("n_blocks") {
        let z = a.dot(next()) + next();
        let gates = (&z * next()).mapv(sigmoid);
        a = (z * gates).dot(next()) + next() + a;
    }
    let errors = a.dot(next()) + next() - c.matrix("y");
    errors.mapv(|error| error * error).mean().expect("there are samples")
}

// ---- Attention ----

fn attention() -> Vec<Check> {
    vec![
        Check::new(
            "attention_weights",
            "attention_weights",
            "attention_weights is the softmax of each row of Q·Kᵀ / √d",
            2,
        )
        .on(|draw| {
            vec![
                queries(array![[1.0, 0.0], [0.0, 1.0]], array![[1.0, 0.0], [0.0, 1.0]]),
                queries(draw::matrix(draw, (2, 3), 2.0) + 0.1, draw::matrix(draw, (3, 3), 2.0) + 0.1),
                queries(draw::matrix(draw, (2, 3), 2.0) + 0.1, draw::matrix(draw, (4, 3), 2.0) + 0.1),
            ]
        })
        .computes(|f| {
            let (q, k) = (f.input("q"), f.input("k"));
            softmax_of(&(q.dot(&k.t()) / q.columns().sqrt()).named("scores"))
        })
        .mistake(
            "not_scaled",
            "√d is missing. The scores are sums of d products and grow with d; divide them by √d before the softmax.",
            computed(|f| softmax_of(&f.input("q").dot(&f.input("k").t()))),
        )
        .mistake(
            "scaled_by_the_positions",
            "The scores are divided by the root of the number of keys. d is the length of a query, the number of \
             columns.",
            computed(|f| {
                let k = f.input("k");
                softmax_of(&(f.input("q").dot(&k.t()) / k.rows().sqrt()))
            }),
        )
        .mistake(
            "keys_not_transposed",
            "This is Q·K, where Q·Kᵀ is right. A score is the product of a query and a key, a row of Q and a row of K. \
             The shapes of Q and K fit here only by accident.",
            |c| match c.matrix("k").is_square() {
                true => softmax(&(c.matrix("q").dot(&c.matrix("k")) / root_d(c))).into(),
                false => Prediction::Panics,
            },
        ),
        Check::new("attention_far", "attention_weights", "attention_weights stays finite if scores are large", 1)
            .asks("attention_weights")
            .after("attention_weights")
            .on(|draw| {
                vec![queries(
                    draw::matrix(draw, (2, 3), 90.0) + 0.1,
                    draw::matrix(draw, (4, 3), 90.0) + array![[100.0, 0.0, 0.0]],
                )]
            })
            .expects(|c| softmax(&(scores(c) / root_d(c))))
            .mistake_if(
                "softmax_overflows",
                "Some weights are NaN: e^score is infinite for a score above 709, and ∞ / ∞ is NaN. Subtract the row's \
                 largest score first; `log_softmax`, at the end of the file, does so.",
                |_, seen| seen.matrix("result").iter().any(|weight| weight.is_nan()),
            ),
        Check::new(
            "attention_backward",
            "attention_backward",
            "attention_backward goes back through both products and the softmax",
            4,
        )
        .on(|draw| vec![attention_case(draw, 3, 3, 2, 2), attention_case(draw, 2, 4, 3, 2)])
        .computes(|f| attention_back(f, |a, d, mean| a * (d - mean)))
        .mistake(
            "weights_of_a_row_as_independent",
            "d_q and d_k use a · da as the gradient of a score. The weights of a row sum to 1, so a score changes all \
             of them: subtract the row's Σ a · da from each da before you multiply.",
            computed(|f| attention_back(f, |a, d, _| a * d)),
        )
        .mistake(
            "sigmoid_slope",
            "d_q and d_k use a · (1 - a) as the slope of the softmax. That is the effect of a score on its own weight \
             alone; it changes all weights of its row.",
            computed(|f| attention_back(f, |a, d, _| a * (1.0 - a) * d)),
        )
        .mistake(
            "d_v_without_transpose",
            "d_v is A·dO, where Aᵀ·dO is right. Entry [i, j] of A leads from value j to output i, so the gradient goes \
             from output i to value j.",
            |c| unless_keys_differ(c, |f, _| ("d_v", f.input("weights").dot(&f.input("d_out")))),
        )
        .mistake(
            "d_k_without_transpose",
            "d_k is dS·Q, where dSᵀ·Q is right: S is the matrix of the scores, with a row for each query and a \
             *column* for each key.",
            |c| unless_keys_differ(c, |f, d_scores| ("d_k", d_scores.dot(&f.input("q")))),
        ),
    ]
}

fn queries(q: Array2<f64>, k: Array2<f64>) -> Record {
    Record::new().with("q", q).with("k", k)
}

fn attention_case(draw: &mut probe::Generator, n_queries: usize, n_keys: usize, d: usize, n_out: usize) -> Record {
    let case = queries(draw::matrix(draw, (n_queries, d), 1.5) + 0.1, draw::matrix(draw, (n_keys, d), 1.5) + 0.1);
    let weights = softmax(&(scores(&case) / root_d(&case)));
    case.with("v", draw::matrix(draw, (n_keys, n_out), 2.0) + 0.1)
        .with("weights", weights)
        .with("d_out", draw::matrix(draw, (n_queries, n_out), 2.0) + 0.3)
}

fn scores(c: &Record) -> Array2<f64> {
    c.matrix("q").dot(&c.matrix("k").t())
}

fn root_d(c: &Record) -> f64 {
    (c.matrix("q").ncols() as f64).sqrt()
}

fn softmax_of(scores: &Num) -> Num {
    let exponentials = scores.exp().named("exp(scores)");
    &exponentials / exponentials.aggregate(Aggregate::Sum, Over::Row)
}

fn softmax(scores: &ArrayRef2<f64>) -> Array2<f64> {
    let mut weights = scores.to_owned();
    for mut row in weights.rows_mut() {
        let max = row.fold(f64::NEG_INFINITY, |max, &score| max.max(score));
        row.mapv_inplace(|score| (score - max).exp());
        let sum = row.sum();
        row /= sum;
    }
    weights
}

/// The gradient of the scores, where `slope` makes it of the weights, of their gradient and of their row's Σ a · da.
fn d_scores(f: &Formula, slope: fn(&Num, &Num, &Num) -> Num) -> Num {
    let weights = f.input("weights");
    let d_weights = f.input("d_out").dot(&f.input("v").t()).named("d_weights");
    let mean = (&weights * &d_weights).aggregate(Aggregate::Sum, Over::Row).named("mean");
    (slope(&weights, &d_weights, &mean) / f.input("q").columns().sqrt()).named("d_scores")
}

fn attention_back(f: &Formula, slope: fn(&Num, &Num, &Num) -> Num) -> [(&'static str, Num); 3] {
    let (d_scores, d_v) = (d_scores(f, slope), f.input("weights").t().dot(&f.input("d_out")));
    [("d_q", d_scores.dot(&f.input("k"))), ("d_k", d_scores.t().dot(&f.input("q"))), ("d_v", d_v)]
}

/// The gradients with another one among them, or a panic where there are more keys than queries.
fn unless_keys_differ(c: &Record, other: fn(&Formula, &Num) -> (&'static str, Num)) -> Prediction {
    if !c.matrix("weights").is_square() {
        return Prediction::Panics;
    }
    let slope = |a: &Num, d: &Num, mean: &Num| a * (d - mean);
    let right = computed(|f| attention_back(f, slope))(c);
    let changed = computed(|f| [other(f, &d_scores(f, slope))])(c);
    changed.parts().fold(right, |record, (name, value)| replaced(&record, name, value.clone())).into()
}

// ---- SelfAttention ----

fn self_attention() -> Vec<Check> {
    let cases = |draw: &mut probe::Generator| {
        let n = 2 + draw::count(draw, 2);
        vec![self_attention_case(draw, n, 4, 2), self_attention_case(draw, n, 2, 3), self_attention_case(draw, 1, 3, 1)]
    };
    let backward = Check::new(
        "self_attention_backward",
        "self_attention",
        "backward of SelfAttention adds the gradients of queries, keys and values",
        2,
    )
    .asks("backward")
    .about("SelfAttention::backward")
    .after("attention_weights")
    .after("self_attention_forward")
    .after("attention_backward")
    .on(cases)
    .expects(|c| self_attention_d_x(c, &ROLES))
    .or_follows(|c, seen| {
        let part = |role: &&str| in_one(&of_sequences(c, seen, &format!("d_{role}"))).dot(&weights(c, role).t());
        as_rows(c, &sum(ROLES.iter().map(part)))
    });
    let ways_back: [&[&str]; 4] = [&["value"], &["key", "value"], &["query", "key"], &["query", "value"]];
    let with_ways_back = |check: Check, roles: &'static [&'static str]| {
        check.mistake(
            "way_back_missing",
            "A gradient is missing: that of the queries, of the keys or of the values. x was used for all of them: add \
             three gradients.",
            move |c| self_attention_d_x(c, roles),
        )
    };
    let parameters = Check::new(
        "self_attention_parameters",
        "self_attention",
        "SelfAttention returns the parameters of queries, keys and values, in this order",
        1,
    );
    vec![
        Check::new(
            "self_attention_forward",
            "self_attention",
            "forward of SelfAttention is A·V for each sequence separately",
            2,
        )
        .asks("forward")
        .about("SelfAttention::forward")
        .after("attention_weights")
        .on(cases)
        .expects(|c| attended(c, ROLES, c.count("n_positions")))
        .or_follows(|c, seen| {
            let parts = by_sequence(c, c.count("n_positions"), |c| linear(c, "value", &c.matrix("vectors")));
            let own = of_sequences(c, seen, "weights");
            let values = parts.axis_chunks_iter(Axis(0), c.count("n_positions"));
            let outputs: Vec<_> = own.iter().zip(values).map(|(weights, values)| weights.dot(&values)).collect();
            as_rows(c, &in_one(&outputs))
        })
        .mistake(
            "across_the_batch",
            "Sequences attend to each other: a position attends to all positions of the *batch*, so the output for a \
             sequence depends on the other sequences. Go through the sequences one by one.",
            |c| attended(c, ROLES, c.matrix("x").nrows() * c.count("n_positions")),
        )
        .mistake(
            "query_and_key_swapped",
            "Queries and keys are swapped: each position uses its key as its query.",
            |c| attended(c, ["key", "query", "value"], c.count("n_positions")),
        )
        .mistake(
            "key_and_value_swapped",
            "Keys and values are swapped: the queries are compared with the values, and the keys are averaged.",
            |c| attended(c, ["query", "value", "key"], c.count("n_positions")),
        )
        .mistake("x_added", "x is added to the output, as in a residual block. This layer puts out A·V alone.", |c| {
            attended(c, ROLES, c.count("n_positions")) + c.matrix("x")
        })
        .mistake(
            "values_alone",
            "The output is V: every position keeps its own value. It has to put out the mean of all values of its \
             sequence, weighted by the attention, A·V.",
            |c| as_rows(c, &linear(c, "value", &vectors(c))),
        )
        .mistake(
            "inputs_for_values",
            "The output is A·X. Average the values instead, the output of the linear layer `value` for x.",
            |c| {
                as_rows(
                    c,
                    &by_sequence(c, c.count("n_positions"), |c| {
                        attention_of(c, "query", "key").dot(&c.matrix("vectors"))
                    }),
                )
            },
        ),
        ways_back.into_iter().fold(backward, with_ways_back),
        all_handed_out(parameters, |_| 2 * ROLES.len())
            .about("SelfAttention::parameters")
            .after("attention_weights")
            .after("attention_backward")
            .after("self_attention_forward")
            .after("self_attention_backward")
            .on(cases)
            .expects(|c| self_attention_parameters(c, &ROLES))
            .mistake(
                "another_order",
                "The parameters come in another order than queries, keys, values. Optimisers rely on the order.",
                |c| self_attention_parameters(c, &["value", "key", "query"]),
            ),
        Check::new(
            "self_attention_passes",
            "self_attention",
            "SelfAttention goes back through its last forward pass, as often as asked",
            1,
        )
        .asks("passes")
        .about("SelfAttention::backward")
        .about("SelfAttention::forward")
        .after("attention_weights")
        .after("attention_backward")
        .after("self_attention_backward")
        .after("self_attention_parameters")
        .on(|draw| {
            [TWO_FORWARD, TWICE_BACK, NO_FORWARD]
                .map(|passes| {
                    let x2 = draw::matrix(draw, (2, 6), 1.5);
                    self_attention_case(draw, 2, 3, 2).with("x2", x2).with("passes", passes)
                })
                .to_vec()
        })
        .expects(|c| passed(c, self_attention_pass, false))
        .mistake_panics("cache_is_used_up", USED_UP, |c| c.text("passes") == TWICE_BACK)
        .panics_where("there was no forward pass", |c| c.text("passes") == NO_FORWARD),
    ]
}

const ROLES: [&str; 3] = ["query", "key", "value"];

fn self_attention_case(draw: &mut probe::Generator, n: usize, n_positions: usize, d: usize) -> Record {
    let mut case = Record::new().with("layer", "SelfAttention").with("n_positions", n_positions);
    for role in ROLES {
        case = with_linear(draw, case, role, d, d);
    }
    let shape = (n, n_positions * d);
    case.with("x", draw::matrix(draw, shape, 1.5) + 0.1).with("d_out", draw::matrix(draw, shape, 2.0) + 0.3)
}

fn weights(c: &Record, name: &str) -> Array2<f64> {
    c.matrix(&format!("{name}_weights")).to_owned()
}

fn biases(c: &Record, name: &str) -> Array1<f64> {
    c.vector(&format!("{name}_biases")).to_owned()
}

/// What the linear layer called `name` makes of `x`.
fn linear(c: &Record, name: &str, x: &ArrayRef2<f64>) -> Array2<f64> {
    x.dot(&weights(c, name)) + biases(c, name)
}

/// All vectors of a case, a row for each position of each sequence.
fn vectors(c: &Record) -> Array2<f64> {
    stacked(c, "x")
}

fn stacked(c: &Record, name: &str) -> Array2<f64> {
    let (array, m) = (c.matrix(name), c.count("n_positions"));
    let d = array.ncols() / m;
    Array2::from_shape_fn((array.nrows() * m, d), |(i, j)| array[[i / m, i % m * d + j]])
}

/// The way back from a row for each position to a row for each sequence.
fn as_rows(c: &Record, stacked: &ArrayRef2<f64>) -> Array2<f64> {
    let d = stacked.ncols();
    Array2::from_shape_fn(c.matrix("x").dim(), |(i, j)| stacked[[i * c.count("n_positions") + j / d, j % d]])
}

/// What `f` makes of each `length` vectors, below each other. It gets the case with these as `vectors`, and theirs of
/// `d_out`.
fn by_sequence(c: &Record, length: usize, f: impl Fn(&Record) -> Array2<f64>) -> Array2<f64> {
    let (vectors, d_out) = (vectors(c), stacked(c, if c.get("d_out").is_some() { "d_out" } else { "x" }));
    let mut parts = Vec::new();
    for (vectors, d_out) in vectors.axis_chunks_iter(Axis(0), length).zip(d_out.axis_chunks_iter(Axis(0), length)) {
        let case = replaced(c, "d_out", d_out.to_owned());
        parts.push(f(&case.with("vectors", vectors.to_owned())));
    }
    in_one(&parts)
}

fn sum(parts: impl Iterator<Item = Array2<f64>>) -> Array2<f64> {
    parts.reduce(|sum, part| sum + part).expect("there are parts")
}

fn in_one(parts: &[Array2<f64>]) -> Array2<f64> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    ndarray::concatenate(Axis(0), &views).expect("all have as many columns")
}

/// What the submission's own attention functions made of each sequence.
fn of_sequences(c: &Record, seen: &Record, what: &str) -> Vec<Array2<f64>> {
    (0..c.matrix("x").nrows()).map(|number| seen.matrix(&format!("{what} of sequence {number}")).to_owned()).collect()
}

/// Attention weights among the vectors of one sequence.
fn attention_of(c: &Record, query: &str, key: &str) -> Array2<f64> {
    let x = c.matrix("vectors");
    let case = queries(linear(c, query, &x), linear(c, key, &x));
    softmax(&(scores(&case) / root_d(&case)))
}

/// What comes out, where `length` vectors look at each other.
fn attended(c: &Record, [query, key, value]: [&str; 3], length: usize) -> Array2<f64> {
    let outputs = |c: &Record| attention_of(c, query, key).dot(&linear(c, value, &c.matrix("vectors")));
    as_rows(c, &by_sequence(c, length, outputs))
}

/// The gradient with respect to the queries, keys or values, a row for each position of each sequence.
fn d_role(c: &Record, role: &str) -> Array2<f64> {
    by_sequence(c, c.count("n_positions"), |c| {
        let x = c.matrix("vectors");
        let case = queries(linear(c, "query", &x), linear(c, "key", &x))
            .with("v", linear(c, "value", &x))
            .with("weights", attention_of(c, "query", "key"))
            .with("d_out", c.matrix("d_out").to_owned());
        computed(|f| attention_back(f, |a, d, mean| a * (d - mean)))(&case)
            .matrix(&format!("d_{}", &role[..1]))
            .to_owned()
    })
}

fn self_attention_d_x(c: &Record, roles: &[&str]) -> Array2<f64> {
    as_rows(c, &sum(roles.iter().map(|role| d_role(c, role).dot(&weights(c, role).t()))))
}

fn self_attention_parameters(c: &Record, roles: &[&str]) -> Record {
    // With 0.1 more in each parameter that is handed out.
    let mut moved = c.parts().fold(Record::new(), |record, (name, value)| {
        let is_moved = roles.iter().any(|role| name.starts_with(role));
        if is_moved { record } else { record.with(name, value.clone()) }
    });
    for role in roles {
        moved = moved
            .with(&format!("{role}_weights"), weights(c, role) + 0.1)
            .with(&format!("{role}_biases"), biases(c, role) + 0.1);
    }
    let mut record = Record::new().with("parameters", 2 * roles.len());
    for (number, role) in roles.iter().enumerate() {
        let d = d_role(c, role);
        record = record
            .with(&format!("gradient {}", 2 * number + 1), vectors(c).t().dot(&d))
            .with(&format!("gradient {}", 2 * number + 2), d.sum_axis(Axis(0)));
    }
    record.with(MOVED, attended(&moved, ROLES, c.count("n_positions")))
}

fn self_attention_pass(c: &Record, x: &str) -> (Array2<f64>, f64) {
    let c = &with_x(c, x);
    (self_attention_d_x(c, &ROLES), vectors(c).t().dot(&d_role(c, "query")).sum())
}

// ---- Focal loss ----

fn focal() -> Vec<Check> {
    let cases = |draw: &mut probe::Generator| {
        let drawn = focal_case(draw, 4, 3).with("gamma", 1.5 + 0.1 * draw::count(draw, 10) as f64);
        let plain = focal_case(draw, 3, 2).with("gamma", 0.0);
        vec![drawn, plain, focal_case(draw, 5, 4).with("gamma", 2.0), focal_case(draw, 2, 3).with("gamma", 0.5)]
    };
    vec![
        Check::new("focal_value", "focal", "the focal loss is the mean of -w · (1 - p)^γ · ln p", 2)
            .asks("loss_value")
            .about("Focal::value")
            .on(cases)
            .computes(|f| focal_losses(f).mean())
            .mistake(
                "divided_by_the_weights",
                "The sum is divided by the sum of the weights. (PyTorch's weighted cross-entropy does so.) Here it is \
                 divided by the number of samples.",
                computed(|f| focal_losses(f).sum() / of_true_classes(f).2.sum()),
            ),
        Check::new("focal_gradient", "focal", "the gradient of the focal loss is the slope of its value", 2)
            .asks("loss_gradient")
            .about("Focal::gradient")
            .on(cases)
            .computes(|f| focal_slope(f, &of_true_classes(f).2))
            .mistake(
                "weights_by_column",
                "Each *column* is multiplied by the weight of its class. The weight belongs to the sample, by its true \
                 class: it multiplies the whole row.",
                computed(|f| focal_slope(f, &f.input("class_weights"))),
            ),
        Check::new(
            "focal_far_value",
            "focal",
            "the focal loss is finite even if a sample is certain, or certainly wrong",
            1,
        )
        .asks("loss_value")
        .about("Focal::value")
        .after("focal_value")
        .on(far_cases)
        .expects(|c| far_focal(c).0)
        .mistake_if(
            "loss_not_finite",
            "The loss is NaN or infinite: p is exactly 0 or 1, or an e^z is infinite. Take ln p from `log_softmax`, \
             not as the logarithm of p.",
            |_, seen| !seen.float("result").is_finite(),
        ),
        Check::new("focal_far_gradient", "focal", "the gradient of the focal loss is finite in these cases, too", 1)
            .asks("loss_gradient")
            .about("Focal::gradient")
            .after("focal_gradient")
            .on(far_cases)
            .expects(|c| far_focal(c).1)
            .mistake_if(
                "gradient_not_finite",
                "The gradient is NaN or infinite. Either ln p is computed from a p that is exactly 0, or (1 - p)^(γ - \
                 1), which is infinite for p = 1 and γ < 1, is multiplied by 0. For p = 1 the second term of the \
                 product rule is 0.",
                |_, seen| seen.matrix("result").iter().any(|d| !d.is_finite()),
            ),
    ]
}

fn focal_case(draw: &mut probe::Generator, n: usize, n_classes: usize) -> Record {
    Record::new()
        .with("loss", "Focal")
        .with("output", draw::matrix(draw, (n, n_classes), 2.0) + 0.003)
        .with("target", one_hot(draw, n, n_classes))
        // Very different ones, so that they show.
        .with(
            "class_weights",
            draw::vector(draw, n_classes, 0.4) + Array1::from_iter((1..=n_classes).map(|n| n as f64 * 0.8)),
        )
}

/// One-hot rows, in which the first two samples are of different classes.
fn one_hot(draw: &mut probe::Generator, n: usize, n_classes: usize) -> Array2<f64> {
    let mut classes: Vec<usize> = (0..n).map(|_| draw::count(draw, n_classes)).collect();
    classes[1] = (classes[0] + 1) % n_classes;
    Array2::from_shape_fn((n, n_classes), |(i, class)| if classes[i] == class { 1.0 } else { 0.0 })
}

/// All probabilities, and for each sample the one of its true class and the weight of that.
fn of_true_classes(f: &Formula) -> (Num, Num, Num) {
    let (probabilities, y) = (softmax_of(&f.input("output")).named("P"), f.input("target"));
    let p = (&probabilities * &y).aggregate(Aggregate::Sum, Over::Row).named("p");
    let w = (y * f.input("class_weights")).aggregate(Aggregate::Sum, Over::Row).named("w");
    (probabilities, p, w)
}

fn focal_losses(f: &Formula) -> Num {
    let (_, p, w) = of_true_classes(f);
    -w * (1.0 - &p).power(&f.input("gamma")) * p.ln()
}

/// The slope of the scores, with these weights.
fn focal_slope(f: &Formula, w: &Num) -> Num {
    let ((probabilities, p, _), gamma) = (of_true_classes(f), f.input("gamma"));
    let focus = (1.0 - &p).power(&gamma).named("focus");
    let slope = (&gamma * (1.0 - &p).power(&(&gamma - 1.0)) * &p * p.ln()).named("slope");
    let error = (probabilities - f.input("target")).named("error");
    w * ((focus - slope) * error) / f.input("target").rows()
}

/// A sample that is certainly right and one that is certainly wrong, with γ = 2 and with γ = 0 and with one between.
fn far_cases(draw: &mut probe::Generator) -> Vec<Record> {
    [2.0, 0.0, 0.5]
        .map(|gamma| {
            let far = 800.0 + draw::number(draw, 50.0);
            Record::new()
                .with("loss", "Focal")
                .with("output", array![[far, 0.0], [far + 100.0, 100.0]])
                .with("target", array![[1.0, 0.0], [0.0, 1.0]])
                .with("class_weights", draw::vector(draw, 2, 0.5) + 1.0)
                .with("gamma", gamma)
        })
        .to_vec()
}

/// Value and gradient for these samples: the first counts nothing, and the second is as far from right as its scores
/// are apart.
fn far_focal(c: &Record) -> (f64, Array2<f64>) {
    let (far, w) = (c.matrix("output")[[0, 0]], c.vector("class_weights")[1]);
    (w * far / 2.0, array![[0.0, 0.0], [w / 2.0, -w / 2.0]])
}

// ---- Label smoothing ----

fn smoothed() -> Vec<Check> {
    let cases = |draw: &mut probe::Generator| {
        [(4, 3), (3, 5)]
            .map(|(n, n_classes)| {
                Record::new()
                    .with("loss", "SmoothedCrossEntropy")
                    .with("output", draw::matrix(draw, (n, n_classes), 2.0) + 0.003)
                    .with("target", one_hot(draw, n, n_classes))
                    .with("epsilon", 0.1 + 0.02 * draw::count(draw, 10) as f64)
            })
            .to_vec()
    };
    vec![
        Check::new("targets", "smoothed_cross_entropy", "targets spreads ε evenly over all classes", 1)
            .about("SmoothedCrossEntropy::targets")
            .on(cases)
            .computes(targets_of)
            .mistake(
                "others_only",
                "ε is divided among the *wrong* classes only. Here all classes get the same part, including the true \
                 one: ε / k.",
                computed(|f| {
                    let share = f.input("epsilon") / (f.input("target").columns() - 1.0);
                    f.input("target") * (1.0 - f.input("epsilon") - &share) + share
                }),
            ),
        Check::new(
            "smoothed_value",
            "smoothed_cross_entropy",
            "the value is the cross-entropy against the smoothed targets",
            1,
        )
        .asks("loss_value")
        .about("SmoothedCrossEntropy::value")
        .after("targets")
        .on(cases)
        .computes(|f| {
            let (p, targets) = (softmax_of(&f.input("output")).named("P"), targets_of(f).named("targets"));
            -(&targets * p.ln()).sum() / targets.rows()
        }),
        Check::new("smoothed_gradient", "smoothed_cross_entropy", "the gradient is that of the same targets", 1)
            .asks("loss_gradient")
            .about("SmoothedCrossEntropy::gradient")
            .after("targets")
            .on(cases)
            .computes(|f| {
                let (p, targets) = (softmax_of(&f.input("output")).named("P"), targets_of(f).named("targets"));
                (p - &targets) / targets.rows()
            }),
    ]
}

fn targets_of(f: &Formula) -> Num {
    let (target, epsilon) = (f.input("target"), f.input("epsilon"));
    &target * (1.0 - &epsilon) + epsilon / target.columns()
}

// ---- Dice loss ----

fn dice() -> Vec<Check> {
    vec![
        Check::new("dice_value", "dice", "the Dice loss is 1 - (2 Σ p·t + s) / (Σ p + Σ t + s), over all entries", 2)
            .asks("loss_value")
            .about("Dice::value")
            .on(|draw| {
                let empty = Array2::<f64>::zeros((2, 3));
                let mut cases = dice_cases(draw);
                cases.push(dice_case(draw, empty.clone(), empty));
                cases
            })
            .computes(|f| {
                let [numerator, denominator] = dice_fraction(f);
                1.0 - numerator / denominator
            })
            .mistake(
                "mean_of_rows",
                "Every row has its own fraction, and these are averaged. The sums go over all entries: there is only \
                 one fraction.",
                computed(|f| {
                    let (p, t, smooth) = (f.input("output"), f.input("target"), f.input("smooth"));
                    let over_rows = |of: &Num| of.aggregate(Aggregate::Sum, Over::Row);
                    let numerator = 2.0 * over_rows(&(&p * &t)) + &smooth;
                    (1.0 - numerator / (over_rows(&p) + over_rows(&t) + smooth)).mean()
                }),
            )
            .mistake(
                "jaccard",
                "The overlap is divided by the union, Σ p + Σ t - Σ p·t. That is the Jaccard index; Dice has 2 Σ p·t \
                 in the numerator, and Σ p + Σ t in the denominator.",
                computed(|f| {
                    let (p, t, smooth) = (f.input("output"), f.input("target"), f.input("smooth"));
                    let overlap = (&p * &t).sum();
                    1.0 - (&overlap + &smooth) / (p.sum() + t.sum() - overlap + smooth)
                }),
            ),
        Check::new("dice_gradient", "dice", "the gradient of the Dice loss is the slope of its value", 2)
            .asks("loss_gradient")
            .about("Dice::gradient")
            .on(dice_cases)
            .computes(|f| {
                let [numerator, denominator] = dice_fraction(f);
                (numerator - 2.0 * f.input("target") * &denominator) / denominator.square()
            }),
    ]
}

fn dice_case(draw: &mut probe::Generator, p: Array2<f64>, t: Array2<f64>) -> Record {
    let smooth = 0.5 + 0.1 * draw::count(draw, 10) as f64;
    Record::new().with("loss", "Dice").with("output", p).with("target", t).with("smooth", smooth)
}

fn dice_cases(draw: &mut probe::Generator) -> Vec<Record> {
    [(3, 4), (2, 3)]
        .map(|shape| {
            let p = draw::matrix(draw, shape, 0.45) + 0.5;
            let mut t = draw::matrix(draw, shape, 1.0).mapv(|number| if number > 0.0 { 1.0 } else { 0.0 });
            // Neither nothing nor all.
            (t[[0, 0]], t[[0, 1]], t[[0, 2]]) = (1.0, 1.0, 0.0);
            dice_case(draw, p, t)
        })
        .to_vec()
}

/// Numerator and denominator.
fn dice_fraction(f: &Formula) -> [Num; 2] {
    let (p, t) = (f.input("output"), f.input("target"));
    let numerator = (2.0 * (&p * &t).sum() + f.input("smooth")).named("numerator");
    [numerator, (p.sum() + t.sum() + f.input("smooth")).named("denominator")]
}

// ---- A penalty on activations ----

fn penalty() -> Vec<Check> {
    let case = |draw: &mut probe::Generator, n: usize, m: usize| {
        let mut x = draw::matrix(draw, (n, m), 2.0);
        x[[0, 1]] = 0.0;
        Record::new()
            .with("layer", "ActivityPenalty")
            .with("x", x)
            .with("d_out", draw::matrix(draw, (n, m), 1.0) + 0.005)
            .with("lambda", 0.3 + 0.01 * draw::count(draw, 20) as f64)
    };
    vec![
        Check::new("penalty", "activity_penalty", "penalty is λ times the mean over the samples of Σ |a|", 1)
            .about("ActivityPenalty::penalty")
            .about("ActivityPenalty::forward")
            .on(move |draw| {
                let flag = "after a forward pass";
                vec![
                    case(draw, 3, 2).with(flag, true),
                    case(draw, 2, 4).with(flag, true),
                    case(draw, 2, 2).with(flag, false),
                ]
            })
            .computes(|f| f.input("lambda") * f.input("x").abs().sum() / f.input("x").rows())
            .panics_where("there was no forward pass", |c| !c.flag("after a forward pass")),
        Check::new(
            "penalty_backward",
            "activity_penalty",
            "backward adds λ/n times the sign of each activation to d_out",
            1,
        )
        .asks("backward")
        .about("ActivityPenalty::backward")
        .on(move |draw| vec![case(draw, 3, 2), case(draw, 2, 4)])
        .computes(|f| f.input("d_out") + f.input("lambda") * f.input("x").sign() / f.input("x").rows()),
        Check::new("penalty_forward", "activity_penalty", "forward passes activations on unchanged", 1)
            .asks("forward")
            .about("ActivityPenalty::forward")
            .on(move |draw| vec![case(draw, 3, 2)])
            .expects(|c| c.matrix("x").to_owned()),
    ]
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}
