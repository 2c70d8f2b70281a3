//! `grader plot`: pictures of right code, of code that is still to be written, and of wrong code.

use std::{fs, path::PathBuf, process::Output};

use crate::common::{Edited, course, grader, text};

/// Runs `grader plot` on exercise `name`, and reads what it wrote.
struct Plotted {
    shown: String,
    page: String,
    /// Names and documents.
    svgs: Vec<(String, String)>,
}

fn plot(name: &str, arguments: &[&str]) -> Plotted {
    let output = run(name, arguments);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    let shown = text(&output.stdout);
    let path = shown.trim_end().lines().last().and_then(|line| line.rsplit(' ').next()).expect("the path of the page");
    let page = course().join(path);
    let folder = page.parent().expect("a folder").to_owned();
    let mut svgs: Vec<(String, String)> = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "svg"))
        .map(|path| (stem(&path), fs::read_to_string(path).expect("a readable file")))
        .collect();
    svgs.sort();
    Plotted { shown, page: fs::read_to_string(page).expect("the page"), svgs }
}

fn stem(path: &std::path::Path) -> String {
    path.file_stem().expect("a name").to_string_lossy().into_owned()
}

fn run(name: &str, arguments: &[&str]) -> Output {
    grader().args(["plot", name]).args(arguments).output().expect("the grader runs")
}

fn source(name: &str, place: &str) -> String {
    let path: PathBuf = course().join(place.replace("NAME", name));
    fs::read_to_string(path).expect("a source")
}

/// What is true of the pictures of every exercise. They are written to one place, so all of one exercise is in one test.
fn draws(name: &str, to_do: &str, (right, wrong): (&str, &str), sign: &str) {
    let solution = plot(name, &["--solution"]);
    assert!(!solution.shown.contains("\n! "), "the solution needs no note: {}", solution.shown);
    assert!(solution.shown.contains("reference"), "{}", solution.shown);
    for (id, document) in &solution.svgs {
        let svg = roxmltree::Document::parse(document).unwrap_or_else(|error| panic!("{id}: {error}"));
        assert!(
            svg.descendants().any(|node| node.has_tag_name("polyline") || node.has_tag_name("path")),
            "{id} draws something"
        );
        assert!(solution.page.contains(&format!("id=\"{id}\"")), "{id} is on the page");
    }
    assert_is_self_contained(&solution.page);

    let stub = Edited::source(&source(name, "grader/hidden/NAME/stub.rs"));
    let stub = plot(name, &["--source", stub.folder.path().to_str().unwrap()]);
    assert!(stub.shown.contains(&format!("! {to_do} still to do.")), "{}", stub.shown);
    assert!(stub.page.contains(&format!("{to_do} still to do.")), "it says so in the picture");
    let ids = |plotted: &Plotted| plotted.svgs.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&stub), ids(&solution));

    let source = source(name, "solutions/NAME/src/lib.rs");
    assert_eq!(source.matches(right).count(), 1, "{right} has to occur in the solution once");
    let edited = Edited::source(&source.replacen(right, wrong, 1));
    let edited = plot(name, &["--source", edited.folder.path().to_str().unwrap()]);
    assert_ne!(edited.page, solution.page, "wrong code draws something else");
    assert!(edited.shown.contains("reference"), "with the reference behind it");
    assert!(edited.shown.contains(sign), "{}", edited.shown);
}

fn assert_is_self_contained(page: &str) {
    let page = page.replace("xmlns=\"http://www.w3.org/2000/svg\"", "");
    for outside in ["http", "<script", "src=", "href=", "url(", "@import", "onload"] {
        assert!(!page.contains(outside), "the page needs nothing but itself, and has {outside}");
    }
}

#[test]
fn a_perceptron_is_drawn_and_a_panic_says_so_in_the_picture() {
    let bias = "self.bias += self.learning_rate * error;";
    draws(
        "01_perceptron",
        "`Perceptron::train` is",
        (bias, "self.bias -= self.learning_rate * error;"),
        "after epoch 12",
    );

    let solution = source("01_perceptron", "solutions/NAME/src/lib.rs");
    let step = "if z >= 0.0 { 1.0 } else { 0.0 }";
    assert_eq!(solution.matches(step).count(), 1);
    let panics = Edited::source(&solution.replacen(step, "panic!(\"<b>no</b> {z}\")", 1));
    let panics = plot("01_perceptron", &["--source", panics.folder.path().to_str().unwrap()]);
    assert!(panics.shown.contains("! `step` panicked: <b>no</b> -6"), "{}", panics.shown);
    assert!(panics.page.contains("&lt;b&gt;no&lt;/b&gt;") && !panics.page.contains("<b>no"), "it is escaped");
}

#[test]
fn activations_are_drawn() {
    let slope = ("alpha * z.exp()", "alpha * z.exp_m1()");
    draws("02_elu", "`elu` is", slope, "b alpha = 1");
}

#[test]
fn a_network_is_drawn() {
    let count = ("self.weights.len() + self.biases.len()", "self.weights.len()");
    draws("03_dense_layer", "`ThreeLayerNetwork::new` is", count, "not 100,480");
}

#[test]
fn losses_are_drawn() {
    let ratio = ("constant -= learning_rate", "constant += learning_rate");
    draws("04_mae", "`mae_loss` and `mse_loss` are", ratio, "Some of your numbers are outside of the picture");
}

#[test]
fn slopes_are_drawn() {
    let uphill = ("w - learning_rate * grad.dl_dw", "w + learning_rate * grad.dl_dw");
    draws("05_manual_gradients", "`central_difference` is", uphill, "Some of your numbers are outside of the picture");
}

#[test]
fn a_training_loop_is_drawn() {
    let uphill = ("*b -= &(learning_rate * db);", "*b += &(learning_rate * db);");
    draws("06_buggy_training_loop", "`cross_entropy` is", uphill, "a class 0");
}

#[test]
fn two_frameworks_are_drawn() {
    let uncleared = ("        mlp.zero_grads(&mut gradients);\n", "");
    draws("07_dfdx_comparison", "`Dense::from_parts` is", uncleared, "Some of your numbers are outside of the picture");
}

#[test]
fn code_that_does_not_compile_is_not_drawn() {
    let broken = Edited::source("pub fn step(z: f64) -> f64 { z + missing }");
    let output = run("1", &["--source", broken.folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.contains("cannot find value `missing`"), "{shown}");
    assert!(shown.contains("cargo run -p grader -- check 1"), "{shown}");
}

#[test]
fn wrong_usage_is_exit_code_2() {
    assert_eq!(run("99", &[]).status.code(), Some(2));
    assert_eq!(run("1", &["--source", "no/such/folder"]).status.code(), Some(2));
    assert_eq!(run("1", &["--source", "solutions/01_perceptron", "--solution"]).status.code(), Some(2));
}
