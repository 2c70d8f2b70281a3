//! Whatever a learner's code does, the report says it clearly.

use crate::common::{Edited, check_of, text};

const SUM: &str = "x.dot(&self.weights) + &self.biases";
const COUNT: &str = "self.weights.len() + self.biases.len()";

#[test]
fn a_known_mistake_is_named() {
    let report = Edited::new("let std_dev = (2.0 / n_in as f64).sqrt();", "let std_dev = 2.0 / n_in as f64;").report();
    let check = check_of(&report, "new_layer");
    assert_eq!(check["status"], "failed");
    assert_eq!(check["mistake"], "variance_for_deviation");
    assert_eq!(check["points"], 0);
    assert!(check["message"].as_str().unwrap().starts_with("2 / n_in is the variance."));
}

#[test]
fn a_slip_that_is_in_no_catalogue_is_found_by_searching() {
    let report = Edited::new(SUM, "x.dot(&self.weights)").report();
    let check = check_of(&report, "pre_activation");
    assert_eq!(check["mistake"], "edit:leave_out:biases");
    let message = "Your result is what comes out if `biases` is left out of `x·weights + biases`.";
    assert_eq!(check["message"], message);
}

#[test]
fn an_unknown_mistake_is_shown_with_input_expected_and_got() {
    let strange = "(x.dot(&self.weights) + &self.biases).mapv(|z| z + 0.377 * (2.3 * z).sin())";
    let report = Edited::new(SUM, strange).report();
    let check = check_of(&report, "pre_activation");
    assert_eq!(check["mistake"], serde_json::Value::Null);
    assert!(check["message"].as_str().unwrap().starts_with("The result differs first at [0, 0]: "));
    assert!(check["input"].as_str().unwrap().contains("biases = [10, -1]"));
    assert!(check["expected"].as_str().unwrap().starts_with("[[10.9,"));
    assert!(check["observed"].as_str().unwrap().starts_with("[["));
    assert!(check["hint"].as_str().unwrap().starts_with("Write down the shapes"));
}

#[test]
fn what_waits_for_a_failed_check_is_skipped_and_says_for_which() {
    let report = Edited::new(SUM, "x.dot(&self.weights)").report();
    let check = check_of(&report, "logits");
    assert_eq!(check["status"], "skipped");
    assert!(check["message"].as_str().unwrap().starts_with("skipped until this passes: pre_activation"));
}

#[test]
fn a_mistake_costs_nothing_of_what_other_functions_do_right() {
    let he = "let std_dev = (2.0 / n_in as f64).sqrt();";
    let report = Edited::new(he, "let std_dev = (1.0 / n_in as f64).sqrt();").report();
    assert_eq!(check_of(&report, "new_layer")["status"], "failed");
    let after_it = check_of(&report, "new_network");
    assert_eq!((&after_it["status"], &after_it["points"]), (&"passed".into(), &1.into()));

    // What returned nothing leaves nothing to judge by.
    let report = Edited::new(he, "let std_dev: f64 = panic!(\"{n_in}\");").report();
    assert_eq!(check_of(&report, "new_layer")["status"], "crashed");
    assert_eq!(check_of(&report, "new_network")["status"], "skipped");
}

#[test]
fn a_todo_is_not_started_and_names_its_line() {
    let report = Edited::new(COUNT, "todo!()").report();
    let check = check_of(&report, "n_params");
    assert_eq!(check["status"], "not_started");
    assert_eq!(check["message"], "there is still a `todo!()` to replace");
    assert!(check["file"].as_str().unwrap().ends_with("src/lib.rs"));
    assert!(check["line"].as_u64().unwrap() > 50);
    assert_eq!(check_of(&report, "forward")["status"], "passed");
}

#[test]
fn a_panic_shows_its_message_and_the_learners_line() {
    let edited = Edited::new(COUNT, "\nlet empty: Vec<usize> = Vec::new();\nempty[7]");
    let check = check_of(&edited.report(), "n_params").clone();
    assert_eq!(check["status"], "crashed");
    let message = check["message"].as_str().unwrap();
    assert!(
        message.starts_with("Your code panicked: index out of bounds: the len is 0 but the index is 7"),
        "{message}"
    );
    let source = std::fs::read_to_string(edited.folder.path().join("src/lib.rs")).unwrap();
    let line = source.lines().position(|line| line.contains("empty[7]")).unwrap() + 1;
    assert_eq!(check["line"], line);
}

#[test]
fn a_shape_error_inside_ndarray_points_at_the_learners_call_and_explains_it() {
    let edited = Edited::new(SUM, "x.dot(&self.weights.t()) + &self.biases");
    let check = check_of(&edited.report(), "pre_activation_shapes").clone();
    assert_eq!(check["status"], "crashed");
    assert!(check["message"].as_str().unwrap().contains("`a` needs as many columns as `b` has rows"));
    assert!(check["file"].as_str().unwrap().ends_with("src/lib.rs"), "{check}");
    let source = std::fs::read_to_string(edited.folder.path().join("src/lib.rs")).unwrap();
    assert_eq!(check["line"], source.lines().position(|line| line.contains("weights.t()")).unwrap() + 1);
}

#[test]
fn nan_is_named_with_its_place() {
    let report = Edited::new(SUM, "x.dot(&self.weights) + &self.biases + f64::NAN").report();
    let check = check_of(&report, "pre_activation");
    assert_eq!(check["status"], "failed");
    assert_eq!(check["message"], "The result is NaN (not a number) at [0, 0]; it should be 10.9.");
}

#[test]
fn an_endless_loop_is_stopped_and_takes_no_other_check_with_it() {
    let report = Edited::new(COUNT, "loop {}").report();
    let check = check_of(&report, "n_params");
    assert_eq!(check["status"], "timed_out");
    assert!(check["message"].as_str().unwrap().contains("is there a loop that never ends?"));
    assert_eq!(check_of(&report, "predict")["status"], "passed");
}

#[test]
fn code_that_waits_is_told_from_an_endless_loop() {
    for waits in [
        "{ std::thread::sleep(std::time::Duration::from_secs(1000)); 0 }",
        "{ let lock = std::sync::Mutex::new(0); let _held = lock.lock(); let again = *lock.lock().unwrap(); again }",
    ] {
        let output = Edited::new(COUNT, waits).check(&["--format", "json", "--limits", "seconds = 1"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a report");
        let check = check_of(&report, "n_params");
        assert_eq!(check["status"], "timed_out");
        let message = check["message"].as_str().unwrap();
        assert!(message.contains("sleep, or wait for a lock?"), "{message}");
        assert_eq!(message.contains("computed nothing"), cfg!(target_os = "linux"), "{message}");
        assert_eq!(check_of(&report, "predict")["status"], "passed");
    }
}

/// What the grader sends to a submission's process is not for the submission to read.
#[cfg(unix)]
#[test]
fn standard_input_has_ended_for_a_submission() {
    let reads = "{ let mut line = String::new(); std::io::stdin().read_line(&mut line).unwrap(); line.len() + 17 }";
    let report = Edited::new(COUNT, reads).report();
    let check = check_of(&report, "n_params");
    assert_eq!(check["status"], "failed");
    assert!(check["message"].as_str().unwrap().contains("17"), "{check}");
    assert_eq!(check_of(&report, "predict")["status"], "passed");
}

#[test]
fn printing_without_end_is_stopped_and_what_was_printed_is_cut() {
    let report = Edited::new(COUNT, "loop { println!(\"again and again\") }").report();
    let check = check_of(&report, "n_params");
    assert_eq!(check["status"], "crashed");
    assert!(check["message"].as_str().unwrap().contains("printed more than 256 KiB"));
    let output = check["output"].as_str().unwrap();
    assert!(output.starts_with("again and again\n") && output.len() < 3000, "{}", output.len());
    assert_eq!(check_of(&report, "predict")["status"], "passed");
}

#[test]
fn what_is_printed_stands_beside_its_check_and_spoils_no_answer() {
    let report =
        Edited::new(COUNT, "{ print!(\"counting\"); eprintln!(\" now\"); self.weights.len() + self.biases.len() }")
            .report();
    let check = check_of(&report, "n_params");
    assert_eq!(check["status"], "passed");
    // Standard output is buffered up to the end of a line, standard error is not; neither is lost.
    let output = check["output"].as_str().unwrap();
    assert!(output.contains("counting") && output.contains(" now"), "{output}");
    assert_eq!(check_of(&report, "softmax_rows")["output"], "");
}

#[test]
fn threads_that_print_all_the_time_spoil_no_answer() {
    let chatter = "{ static ONCE: std::sync::Once = std::sync::Once::new(); ONCE.call_once(|| { std::thread::spawn(|| for _ in 0..20000 { println!(\"out\"); eprintln!(\"err\") }); }); self.weights.len() + self.biases.len() }";
    let report = Edited::new(COUNT, chatter).report();
    assert_eq!(report["status"], "complete", "{:#}", check_of(&report, "n_params"));
}

#[test]
fn ending_the_whole_program_earns_nothing_and_is_said() {
    let report = Edited::new(COUNT, "std::process::exit(0)").report();
    let check = check_of(&report, "n_params");
    assert_eq!(check["status"], "crashed");
    assert!(check["message"].as_str().unwrap().contains("your code ended the whole program with exit code 0"));
}

#[test]
fn endless_recursion_is_told_from_other_crashes() {
    let report = Edited::new(COUNT, "self.n_params() + 1").report();
    let check = check_of(&report, "n_params");
    assert_eq!(check["status"], "crashed");
    assert!(check["message"].as_str().unwrap().contains("the stack overflowed"), "{check}");
}

#[test]
fn a_compiler_error_is_shown_as_rustc_shows_it_with_the_learners_path() {
    let edited = Edited::new(COUNT, "self.weights.len() + missing");
    let report = edited.report();
    assert_eq!(report["status"], "does_not_compile");
    assert_eq!(report["score"], 0);
    let diagnostic = &report["diagnostics"][0];
    assert_eq!(diagnostic["code"], "E0425");
    let rendered = diagnostic["rendered"].as_str().unwrap();
    assert!(rendered.contains("cannot find value `missing` in this scope"), "{rendered}");
    assert!(rendered.contains("src/lib.rs:"), "{rendered}");
    assert!(!rendered.contains('\u{1b}'), "no colours in JSON");
    assert!(report["checks"].as_array().unwrap().iter().all(|check| check["status"] == "skipped"));
}

#[test]
fn a_crate_that_is_not_there_is_answered_with_those_that_are() {
    for code in ["use rayon::prelude::*;", "use rayon;", "fn f() { rayon::join(|| (), || ()); }"] {
        let solution =
            std::fs::read_to_string(crate::common::course().join("solutions/03_dense_layer/src/lib.rs")).unwrap();
        let report = Edited::source(&format!("{solution}\n{code}\n")).report();
        assert_eq!(report["status"], "does_not_compile");
        let rendered = report["diagnostics"][0]["rendered"].as_str().unwrap();
        assert!(rendered.contains("rayon"), "{rendered}");
        let crates = "there are no other crates here than datasets, ndarray, rand, rand_distr\n";
        assert!(rendered.contains(crates), "{rendered}");
    }
}

#[test]
fn changing_an_input_is_a_compiler_error_that_is_explained() {
    let edited = Edited::new(SUM, "x.mapv_inplace(|x| x + 1.0); x.dot(&self.weights) + &self.biases");
    assert_eq!(edited.report()["diagnostics"][0]["code"], "E0596");
    let shown = text(&edited.check(&[]).stdout);
    assert!(shown.contains("In this course the inputs of a function are only borrowed"), "{shown}");
}

#[test]
fn a_changed_signature_is_named_without_showing_the_probe() {
    let edited = Edited::new("pub fn softmax_rows(z: &ArrayRef2<f64>)", "pub fn softmax_rows(z: &mut Array2<f64>)");
    // The network calls it too; leave that call out of the way.
    let source = std::fs::read_to_string(edited.folder.path().join("src/lib.rs")).unwrap();
    let edited =
        Edited::source(&source.replace("softmax_rows(&self.forward(x))", "softmax_rows(&mut self.forward(x))"));
    let report = edited.report();
    assert_eq!(report["status"], "does_not_compile");
    let rendered = report["diagnostics"][0]["rendered"].as_str().unwrap();
    assert!(rendered.starts_with("the grader cannot use your code: mismatched types"), "{rendered}");
    assert!(rendered.contains("softmax_rows: fn(&ArrayRef2<f64>) -> Array2<f64>"), "{rendered}");
    assert!(!rendered.contains("probe.rs"), "{rendered}");
}

#[test]
fn a_function_that_is_gone_or_private_is_named() {
    let report = Edited::new("pub fn columns_are_neurons", "fn columns_are_neurons").report();
    assert_eq!(report["status"], "does_not_compile");
    assert!(
        report["diagnostics"][0]["message"].as_str().unwrap().contains("function `columns_are_neurons` is private")
    );
}

#[test]
fn warnings_wait_until_everything_is_started() {
    let warned = Edited::new(COUNT, "let unused = 3; self.weights.len() + self.biases.len()");
    assert!(text(&warned.check(&[]).stdout).contains("unused variable: `unused`"));
    let started = Edited::new(COUNT, "let unused = 3; todo!()");
    assert!(!text(&started.check(&[]).stdout).contains("unused variable"));
}

#[test]
fn printed_escape_sequences_reach_no_terminal() {
    let edited = Edited::new(COUNT, "println!(\"\\x1b[2J::error::x\"); 0");
    let shown = text(&edited.check(&[]).stdout);
    assert!(shown.contains("[2J::error::x") && !shown.contains('\u{1b}'), "{shown}");
}

#[test]
fn a_bug_that_ships_with_an_exercise_is_not_named_before_the_instrument_that_finds_it_is_right() {
    let read = |path: &str| std::fs::read_to_string(crate::common::course().join(path)).unwrap();
    let stub = read("grader/hidden/06_buggy_training_loop/stub.rs");
    let solution = read("solutions/06_buggy_training_loop/src/lib.rs");
    let report = |source: &str| {
        let folder = Edited::source(source).folder;
        let mut command = crate::common::grader();
        let output = command.args(["check", "6", "--format", "json", "--source"]).arg(folder.path()).output().unwrap();
        serde_json::from_slice::<serde_json::Value>(&output.stdout).unwrap()
    };
    let step_of = |source: &str| {
        let start = source.find("pub fn softmax_classifier_step(").unwrap();
        let end = start + source[start..].find("\n}\n").unwrap();
        source[start..end].to_owned()
    };

    let untouched = report(&stub);
    assert_eq!(untouched["status"], "not_started");
    let text = untouched.to_string();
    for told in ["subtracted", "uphill", "n_samples times", "two steps in a row leave"] {
        assert_eq!(text.contains(told), told.starts_with("two steps"), "{told}");
    }

    // Its bugs are left in the step; of the instruments, one proves nothing yet.
    let buggy = solution.replace(&step_of(&solution), &step_of(&stub));
    let blind = buggy.replace("array![1.0, -0.5, 0.0]", "array![0.0, 0.0, 0.0]");
    assert!(buggy != solution && blind != buggy);
    let blind = report(&blind);
    assert_eq!(check_of(&blind, "zero_inputs")["status"], "failed");
    assert_eq!(check_of(&blind, "step_loss")["status"], "skipped");
    assert_eq!(check_of(&blind, "step_weights")["mistake"], "dw_not_averaged", "this one is earned");
    assert_eq!(check_of(&report(&buggy), "step_loss")["mistake"], "bias_subtracted");
}
