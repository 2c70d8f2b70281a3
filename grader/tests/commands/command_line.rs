//! The commands, their options and their exit codes.

use std::{fs, path::Path, process::Command, thread};

use crate::common::{Edited, course, grader, text};
use serde_json::Value;

/// The stub as it was before the learner touched it.
fn stub() -> Edited {
    Edited::source(&fs::read_to_string(course().join("grader/hidden/03_dense_layer/stub.rs")).unwrap())
}

#[test]
fn an_untouched_stub_is_not_started_and_the_next_step_is_told() {
    let output = stub().check(&[]);
    assert_eq!(output.status.code(), Some(1));
    let shown = text(&output.stdout);
    assert!(shown.contains("Score 0 of "), "{shown}");
    assert!(shown.contains("Nothing is started yet"), "{shown}");
    assert!(shown.contains("replace the first `todo!()`"), "{shown}");
    assert!(shown.contains("cargo run -p grader -- check 3"), "{shown}");
}

#[test]
fn the_solution_gets_full_marks_and_exit_code_0() {
    let output = grader().args(["check", "dense_layer", "--solution"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("This exercise is complete"));
}

#[test]
fn the_json_report_has_every_field_of_the_contract() {
    let report = stub().report();
    let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for field in [
        "schema_version",
        "course",
        "exercise",
        "source_digest",
        "seed",
        "grader_version",
        "rustc_version",
        "sandbox",
        "score",
        "max_score",
        "status",
        "checks",
        "diagnostics",
        "output",
        "duration_ms",
    ] {
        assert!(fields(&report).contains(&field.to_owned()), "{field}");
    }
    for field in [
        "id",
        "title",
        "points",
        "max_points",
        "status",
        "message",
        "mistake",
        "input",
        "expected",
        "observed",
        "hint",
        "duration_ms",
    ] {
        assert!(fields(&report["checks"][0]).contains(&field.to_owned()), "{field}");
    }
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["exercise"], "03_dense_layer");
    assert!(report["source_digest"].as_str().unwrap().starts_with("sha256:"));
}

#[test]
fn the_same_seed_gives_the_same_report_and_another_one_other_inputs() {
    let wrong = Edited::new("x.dot(&self.weights) + &self.biases", "x.dot(&self.weights) * 1.5 + &self.biases");
    let checks = |seed: &str| {
        let output = wrong.check(&["--format", "json", "--seed", seed]);
        let mut report: Value = serde_json::from_slice(&output.stdout).unwrap();
        for check in report["checks"].as_array_mut().unwrap() {
            check["duration_ms"] = 0.into();
        }
        report["checks"].clone()
    };
    assert_eq!(checks("5"), checks("5"));
    // The first case of each check is fixed, so a failure shows it; the status of each check is the same.
    assert_eq!(checks("5")[0]["status"], checks("6")[0]["status"]);
}

#[test]
fn colours_stay_out_of_pipes_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("report.txt");
    let output = stub().check(&["--output", file.to_str().unwrap()]);
    assert_eq!(output.stdout, b"");
    let written = fs::read_to_string(file).unwrap();
    assert!(written.contains("Score 0 of ") && !written.contains('\u{1b}'));
    assert!(!text(&stub().check(&[]).stdout).contains('\u{1b}'));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let code = |arguments: &[&str]| grader().args(arguments).output().unwrap().status.code();
    assert_eq!(code(&["chekc"]), Some(2));
    assert_eq!(code(&["check", "99"]), Some(2));
    assert_eq!(code(&["check", "no_such_exercise"]), Some(2));
    assert_eq!(code(&["check", "3", "--source", "no/such/folder"]), Some(2));
    assert_eq!(code(&["check", "all", "--source", "exercises/03_dense_layer"]), Some(2));
    assert_eq!(code(&["check", "3", "--format", "punched_tape"]), Some(2));
    assert_eq!(code(&["data", "fetch", "cifar"]), Some(2));
}

#[test]
fn outside_a_course_the_next_step_is_told() {
    let elsewhere = tempfile::tempdir().unwrap();
    let output = grader().current_dir(elsewhere.path()).args(["check", "3"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("change to the course's folder first"));
}

#[test]
fn what_the_grader_cannot_do_is_exit_code_3() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = grader().args(["check", "3", "--solution"]).env("CARGO_TARGET_DIR", file.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("set CARGO_TARGET_DIR to a folder that you may write to"));
    let output = stub().check(&["--output", "no/such/folder/report.txt"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("cannot write no/such/folder/report.txt"));
}

#[test]
fn settings_of_cargos_that_change_how_code_is_compiled_change_no_grade() {
    for (name, value) in [("CARGO_PROFILE_DEV_PANIC", "abort"), ("CARGO_PROFILE_DEV_LTO", "fat")] {
        let output = grader().args(["check", "3", "--solution"]).env(name, value).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{name}: {}{}", text(&output.stdout), text(&output.stderr));
    }
}

#[test]
fn crates_that_cannot_be_linked_with_are_no_fault_of_the_learners() {
    let solution = course().join("solutions/03_dense_layer");
    let output = grader().args(["check", "3", "--source"]).arg(&solution).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let built = Path::new(env!("CARGO_BIN_EXE_grader")).parent().unwrap().with_file_name("grader/kit.json");
    let kit: Value = serde_json::from_slice(&fs::read(built).unwrap()).unwrap();
    let is_rand_distr = |pair: &&mut Value| pair[0] == "rand_distr";
    let real = kit["crates"].as_array().unwrap().iter().find(|pair| pair[0] == "rand_distr").unwrap()[1].clone();
    let dependencies = kit["dependencies"][0].as_str().unwrap().to_owned();
    for (flags, damaged, said) in [
        (["-C", "panic=abort"], false, "requires panic strategy `abort`"),
        (["-C", "panic=unwind"], true, "invalid metadata files for crate `below`"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("below.rs"), "").unwrap();
        fs::write(path("rand_distr.rs"), "pub extern crate below;\npub use real::*;").unwrap();
        for name in ["below", "rand_distr"] {
            let mut rustc = Command::new(kit["rustc"].as_str().unwrap());
            rustc
                .current_dir(folder.path())
                .args(["--edition=2024", "--crate-type=rlib", "-L", ".", "-L", &dependencies])
                .args(flags);
            rustc.args(["--extern", &format!("real={}", real.as_str().unwrap())]);
            assert!(rustc.arg(format!("{name}.rs")).status().unwrap().success());
        }
        let mut kit = kit.clone();
        for pair in kit["crates"].as_array_mut().unwrap().iter_mut().filter(is_rand_distr) {
            pair[1] = path("librand_distr.rlib").to_str().into();
        }
        kit["dependencies"].as_array_mut().unwrap().push(folder.path().to_str().into());
        for name in ["librand_distr.rlib", "libbelow.rlib"] {
            kit["files"].as_array_mut().unwrap().push(path(name).to_str().into());
        }
        if damaged {
            fs::write(path("libbelow.rlib"), "").unwrap();
        }
        fs::create_dir(path("grader")).unwrap();
        fs::write(path("grader/kit.json"), kit.to_string()).unwrap();
        let mut command = grader();
        command.args(["check", "3", "--source"]).arg(&solution).env("CARGO_TARGET_DIR", folder.path());
        let output = command.env("RUSTFLAGS", "").output().unwrap();
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{}{errors}", text(&output.stdout));
        assert!(errors.contains("rustc cannot use the crates") && errors.contains(said), "{errors}");
        assert!(errors.contains("`cargo clean`"), "{errors}");
    }
}

#[test]
fn the_report_says_what_the_submission_ran_in() {
    let sandbox = |mode: &str| -> Value {
        let output = stub().check(&["--format", "json", "--sandbox", mode]);
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["sandbox"].clone()
    };
    assert_eq!(sandbox("off"), "none");
    let required = stub().check(&["--format", "json", "--sandbox", "require"]);
    if sandbox("auto") == "none" {
        assert_eq!(required.status.code(), Some(3));
        assert!(text(&required.stderr).contains("there is no sandbox here"));
    } else {
        assert_eq!(sandbox("auto"), "landlock+seccomp");
        assert_eq!(serde_json::from_slice::<Value>(&required.stdout).unwrap()["sandbox"], "landlock+seccomp");
    }
}

#[test]
fn an_exercise_is_known_by_number_name_and_path_from_any_folder() {
    let inside = course().join("exercises/03_dense_layer/src");
    for (folder, wanted) in [
        (course(), Some("3")),
        (course(), Some("03_dense_layer")),
        (course(), Some("exercises/03_dense_layer/src/lib.rs")),
        (inside.clone(), Some("dense_layer")),
        (inside.clone(), Some("lib.rs")),
        (inside, None),
    ] {
        let output = grader()
            .current_dir(&folder)
            .arg("check")
            .args(wanted)
            .args(["--solution", "--format", "json"])
            .output()
            .unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        assert_eq!(report["exercise"], "03_dense_layer", "{wanted:?} in {}", folder.display());
    }
}

#[test]
fn two_checks_at_once_do_not_disturb_each_other() {
    let right = course().join("solutions/03_dense_layer");
    let wrong = Edited::new("self.weights.len() + self.biases.len()", "self.weights.len()");
    let score = |folder: &Path| -> Value {
        let mut command = grader();
        command.args(["check", "3", "--format", "json", "--source"]).arg(folder);
        serde_json::from_slice::<Value>(&command.output().unwrap().stdout).unwrap()["score"].clone()
    };
    let (of_right, of_wrong) = (score(&right), score(wrong.folder.path()));
    assert_ne!(of_right, of_wrong);
    thread::scope(|scope| {
        let checks: Vec<_> = (0..3)
            .flat_map(|_| [(right.as_path(), &of_right), (wrong.folder.path(), &of_wrong)])
            .map(|(folder, expected)| (scope.spawn(move || score(folder)), expected))
            .collect();
        for (check, expected) in checks {
            assert_eq!(&check.join().unwrap(), expected);
        }
    });
}

#[test]
fn a_manifest_and_a_build_script_of_the_learners_have_no_effect() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("the build script ran");
    fs::create_dir(folder.path().join("src")).unwrap();
    fs::copy(course().join("solutions/03_dense_layer/src/lib.rs"), folder.path().join("src/lib.rs")).unwrap();
    fs::write(
        folder.path().join("Cargo.toml"),
        "[package]\nname = \"x\"\nbuild = \"build.rs\"\n[dependencies]\nno-such-crate = \"1\"\n",
    )
    .unwrap();
    fs::write(folder.path().join("build.rs"), format!("fn main() {{ std::fs::write({marker:?}, \"\").unwrap(); }}"))
        .unwrap();
    let output = grader().args(["check", "3", "--source"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(!marker.exists());
}

#[test]
fn a_submission_may_have_modules_and_lie_in_a_path_with_spaces() {
    let folder = tempfile::Builder::new().prefix("a folder with spaces and ü ").tempdir().unwrap();
    let src = folder.path().join("src");
    fs::create_dir(&src).unwrap();
    fs::copy(course().join("solutions/03_dense_layer/src/lib.rs"), src.join("answers.rs")).unwrap();
    fs::write(src.join("lib.rs"), "mod answers;\npub use answers::*;\n").unwrap();
    let output = grader().args(["check", "3", "--source"]).arg(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn what_needs_a_terminal_says_so_elsewhere() {
    let output = grader().output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("a command is missing") && text(&output.stderr).contains("check"));
    let output = grader().arg("watch").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`check` works without one"));
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = grader().args(["completions", shell]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        let script = text(&output.stdout);
        assert!(script.contains("solution"), "{shell}");
        // PowerShell's and elvish's scripts complete no values.
        let completes_values = ["bash", "zsh", "fish"].contains(&shell);
        assert_eq!(
            script.contains("dense_layer") && script.contains("softmax_crossentropy"),
            completes_values,
            "{shell}"
        );
    }
}

#[test]
fn a_lesson_is_shown_and_says_what_to_do_next() {
    let lesson = |folder: &Path, wanted: &[&str]| {
        let output = grader().current_dir(folder).arg("lesson").args(wanted).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let shown = lesson(&course(), &["3"]);
    assert!(shown.starts_with("3 · From neuron to layer to network\n━━━"), "{shown}");
    assert!(
        shown
            .ends_with("\n\nNext: edit exercises/03_dense_layer/src/lib.rs.\nThen: `cargo run -p grader -- check 3`\n"),
        "{shown}"
    );
    assert!(!shown.contains('\u{1b}'), "styles stay out of pipes");
    assert_eq!(lesson(&course().join("exercises/03_dense_layer/src"), &[]), shown);
    assert_eq!(lesson(&course(), &[]), lesson(&course(), &["perceptron"]));
    assert_eq!(grader().args(["lesson", "99"]).output().unwrap().status.code(), Some(2));
}

/// The downloader's own tests download; this one sees that it is built, run, and handed what it needs.
#[test]
fn data_that_cannot_be_fetched_is_exit_code_3_and_a_way_to_do_it_by_hand() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = grader();
    command.args(["data", "fetch", "fashion-mnist"]).env("NEURONLINGS_DATA", folder.path());
    // Nobody answers at port 9 of this computer.
    command.env("NEURONLINGS_MIRROR", "http://127.0.0.1:9").env("NO_PROXY", "127.0.0.1");
    let output = command.output().expect("the grader runs");
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    for part in [
        "http://127.0.0.1:9/fashion-mnist/train-images-idx3-ubyte.gz: ",
        "save these four files as they are",
        &folder.path().join("fashion-mnist").to_string_lossy(),
        "error: fashion-mnist was not fetched",
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}

#[test]
fn help_and_version_are_there() {
    let help = text(&grader().arg("--help").output().unwrap().stdout);
    assert!(help.contains("check") && help.contains("verify") && help.contains("Exit codes"), "{help}");
    assert!(grader().arg("--version").output().unwrap().status.success());
}

/// A folder with the solutions of these exercises as files of these names.
fn handed_in(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("hand-in").tempdir().unwrap();
    for (file, exercise) in files {
        let to = folder.path().join(file);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(course().join("solutions").join(exercise).join("src/lib.rs"), to).unwrap();
    }
    folder
}

#[test]
fn the_one_submission_that_can_be_meant_is_found() {
    let three = "03_dense_layer";
    for (file, source, is_told) in [
        ("src/lib.rs", "", false),
        ("src/lib.rs", "src/lib.rs", false),
        ("lib.rs", "lib.rs", false),
        ("src/lib.rs", "src", true),
        ("lib.rs", "", true),
        ("unpacked/src/lib.rs", "", true),
        ("unpacked/03_dense_layer/lib.rs", "", true),
        ("course-main/exercises/03_dense_layer/src/lib.rs", "", true),
    ] {
        // What else lies there is no submission, or one to another exercise.
        let folder =
            handed_in(&[(file, three), ("solutions/03_dense_layer/src/lib.rs", "02_elu"), ("02_elu/lib.rs", "02_elu")]);
        let mut command = grader();
        let output = command.args(["check", "3", "--source"]).arg(folder.path().join(source)).output().unwrap();
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{file} in {source}: {}{said}", text(&output.stdout));
        assert_eq!(said.contains("the submission is "), is_told, "{file} in {source}: {said}");
    }
    for (files, said) in [
        (&[("a/src/lib.rs", three), ("b/lib.rs", three)][..], "which one is the submission to 03_dense_layer?"),
        (&[("a/03_dense_layer/lib.rs", three), ("b/03_dense_layer/lib.rs", three)], "which one is the submission"),
        (&[("02_elu/src/lib.rs", "02_elu")], "holds no submission to 03_dense_layer, only to other exercises"),
        (&[("answer.rs", three)], "answer.rs is not called lib.rs; rename it, and give the folder"),
        (&[("src/answer.rs", three)], "answer.rs is not called lib.rs; rename it, and give the folder"),
        (&[("one.rs", three), ("other.rs", three)], "there is no "),
    ] {
        let folder = handed_in(files);
        let output = grader().args(["check", "3", "--source"]).arg(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{files:?}: {}", text(&output.stderr));
        assert!(text(&output.stderr).contains(said), "{files:?}: {}", text(&output.stderr));
    }
}

#[test]
fn ci_finds_what_was_handed_in_or_asks() {
    let three = "03_dense_layer";
    let ci = |files: &[(&str, &str)], wanted: &[&str]| {
        let folder = handed_in(files);
        let mut command = grader();
        command.env_remove("GITHUB_ACTIONS").arg("ci").args(wanted).args(["--format", "json", "--source"]);
        let output = command.arg(folder.path()).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), report["score"].clone(), text(&output.stderr))
    };
    for files in [
        &[("exercises/03_dense_layer/src/lib.rs", three)][..],
        &[("exercises/03_dense_layer/lib.rs", three)],
        &[("exercises/03_dense_layer/src/src/lib.rs", three)],
        &[
            ("fork-main/exercises/03_dense_layer/src/lib.rs", three),
            ("fork-main/solutions/02_elu/src/lib.rs", "02_elu"),
        ],
        &[("03_dense_layer/src/lib.rs", three)],
    ] {
        let (code, score, said) = ci(files, &[]);
        assert_eq!((code, score), (Some(0), 23.into()), "{files:?}: {said}");
        assert_eq!(
            said.contains("the submission to 03_dense_layer is "),
            files[0].0 != "exercises/03_dense_layer/src/lib.rs"
        );
    }
    assert_eq!(ci(&[("src/lib.rs", three)], &["3"]).1, 23);
    let in_place = ("exercises/03_dense_layer/src/lib.rs", three);
    assert!(ci(&[in_place, ("lib.rs", "02_elu")], &[]).2.contains("no exercise has this name, so this is not graded"));
    let package = [in_place, ("datasets/src/lib.rs", "02_elu"), ("datasets/Cargo.toml", "02_elu")];
    assert_eq!(ci(&package, &[]).2.matches("no exercise has this name").count(), 0);
    for (files, said) in [
        (&[("src/lib.rs", three)][..], "which exercise is this?"),
        (&[("lib.rs", three)], "check N --source DIR"),
        (&[("a/03_dense_layer/lib.rs", three), ("b/03_dense_layer/lib.rs", three)], "which one is the submission"),
    ] {
        let (code, _, told) = ci(files, &[]);
        assert!(code == Some(2) && told.contains(said), "{files:?}: {code:?} {told}");
    }
}
