//! How long people wait: `cargo bench -p grader --bench latency`.
//!
//! In copies of the course it measures a cold start, which is the first `check 3` with an empty target folder and all
//! crates downloaded: of the course as it is, and cut down to three exercises. With `LATENCY_BASELINE=REVISION` the same of
//! that revision, in turns. Then, in turns and each after a one-line edit of exercise 3: the two bare calls of rustc that
//! the grader cannot do without, with as many pieces of a crate as rustc would make and with as many as the grader has it
//! make; the grader with its sandbox and without; an installed one; a check that is recalled; the grader through `cargo run`;
//! `cargo test` of the same crate; and code that is wrong in a way that no search explains. At last the author's wait:
//! `verify 3` after a changed line in a check, until the solution is judged and until all is done. It prints medians and
//! ratios of this one run.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 21;
const COLD_ROUNDS: usize = 3;
const EXERCISE: &str = "03_dense_layer";
const WRONG: &str = "grader check 3, inexplicably wrong";

fn main() {
    // `cargo bench` hands on `--bench`; `cargo test --benches` does not, and there is nothing to test here.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let course = fresh_course();
    let solution =
        fs::read_to_string(course.join("solutions").join(EXERCISE).join("src/lib.rs")).expect("the solution");
    let lib = course.join("exercises").join(EXERCISE).join("src/lib.rs");
    fs::write(&lib, &solution).expect("the copy is ours");

    cold_starts(&course);
    timed(&mut check(&course));

    let rustc = BareRustc::new(&course, "target/bare", None);
    let in_pieces = BareRustc::new(&course, "target/bare-in-pieces", Some("-Ccodegen-units=12"));
    let mut times: [(&str, Vec<Duration>); 9] = [
        ("two bare rustc calls", Vec::new()),
        ("the same in 12 pieces", Vec::new()),
        ("grader check 3", Vec::new()),
        ("grader check 3 --sandbox off", Vec::new()),
        ("grader check 3, installed", Vec::new()),
        ("grader check 3, recalled", Vec::new()),
        ("cargo run -p grader -- check 3", Vec::new()),
        ("cargo test -p dense_layer", Vec::new()),
        (WRONG, Vec::new()),
    ];
    for round in 0..=ROUNDS {
        let mut measured = Vec::new();
        for (number, (name, _)) in times.iter().enumerate() {
            // Another bias each time, in a line that is compiled.
            let edit = |bias: String| {
                fs::write(&lib, solution.replace("+ &self.biases", &bias)).expect("the copy is ours");
            };
            edit(format!("+ &self.biases + 0.0 * {round}{number}.0"));
            measured.push(match *name {
                "two bare rustc calls" => rustc.run(&lib),
                "the same in 12 pieces" => in_pieces.run(&lib),
                "grader check 3" => timed(&mut check(&course)),
                WRONG => {
                    edit(format!("+ self.biases.mapv(|b| (7.3 * b + {round}{number}.0).cos())"));
                    let wrong = timed_until(1, &mut check(&course));
                    edit(format!("+ &self.biases - 0.0 * {round}{number}.0"));
                    timed(&mut check(&course));
                    wrong
                }
                "grader check 3, installed" => timed(&mut installed_check(&course)),
                "grader check 3, recalled" => {
                    timed(&mut check(&course));
                    timed(&mut check(&course))
                }
                "grader check 3 --sandbox off" => timed(check(&course).args(["--sandbox", "off"])),
                "cargo test -p dense_layer" => timed(cargo(&course).args(["test", "--package", "dense_layer"])),
                _ => timed(cargo(&course).args(["run", "--package", "grader", "--", "check", "3"])),
            });
        }
        // The first round fills the incremental caches.
        if round > 0 {
            for ((_, durations), duration) in times.iter_mut().zip(measured) {
                durations.push(duration);
            }
        }
    }

    println!("\nafter a one-line edit of exercise 3, medians of {ROUNDS} rounds");
    let bare = median(&times[0].1);
    for (name, durations) in &times {
        let median = median(durations);
        println!(
            "  {name:<36} {:>8}   {:.2} times the bare calls",
            seconds(median),
            median.as_secs_f64() / bare.as_secs_f64()
        );
    }
    println!("  (goals: the grader at most 1.1 times the bare calls, a recalled check at most 0.1 s)");
    let (with, without) = (median(&times[2].1), median(&times[3].1));
    println!(
        "  the sandbox costs {:.0} ms, {:.2} times a check without it   (goal: at most 60 ms)",
        1000.0 * (with.as_secs_f64() - without.as_secs_f64()),
        with.as_secs_f64() / without.as_secs_f64()
    );
    author_waits(&course);
}

/// The first `check 3` of the course as it is, cut down to three exercises, and of a baseline.
fn cold_starts(course: &Path) {
    let mut rivals = vec![("this course", course.to_owned()), ("with three exercises", course_of_three())];
    if let Ok(revision) = env::var("LATENCY_BASELINE") {
        rivals.push(("the baseline", clone_of(&revision)));
    }
    let mut times = vec![Vec::new(); rivals.len()];
    for _ in 0..COLD_ROUNDS {
        for ((_, folder), times) in rivals.iter().zip(&mut times) {
            let target = folder.join("target");
            if target.exists() {
                fs::remove_dir_all(&target).expect("the copy is ours");
            }
            let mut first = cargo(folder);
            times.push(timed(first.args(["run", "--package", "grader", "--", "check", "3", "--solution"])));
        }
    }
    println!("cold start, medians of {COLD_ROUNDS} rounds");
    let this = median(&times[0]);
    for ((name, _), times) in rivals.iter().zip(&times) {
        let ratio = this.as_secs_f64() / median(times).as_secs_f64();
        println!("  {name:<24} {:>8}   this course takes {ratio:.2} times as long", seconds(median(times)));
    }
    println!("  (goals: half of the baseline, and at most 1.05 times the course of three)\n");
}

/// A copy of the course of which all exercises but the first three are gone. (Other crates are made of solutions, which
/// stay: nothing compiles them here.)
fn course_of_three() -> PathBuf {
    let course = copy_called("latency-three");
    for place in ["exercises", "grader/hidden"] {
        for entry in fs::read_dir(course.join(place)).expect("a readable folder") {
            let path = entry.expect("a readable folder").path();
            let is_one_of_three = path.file_name().is_some_and(|name| *name.to_string_lossy() < *"04");
            if path.is_dir() && !is_one_of_three {
                fs::remove_dir_all(path).expect("the copy is ours");
            }
        }
    }
    common::keep_the_first(3, &course);
    course
}

/// The repository as it was at `revision`.
fn clone_of(revision: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("latency-baseline");
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("the clone is ours");
    }
    let git = |arguments: &[&str]| {
        let mut git = Command::new("git");
        git.args(arguments);
        timed(&mut git);
    };
    let (from, to) = (common::course(), folder.to_string_lossy().into_owned());
    git(&["clone", "--quiet", &from.to_string_lossy(), &to]);
    git(&["-C", &to, "checkout", "--quiet", revision]);
    folder
}

/// `verify 3` after a changed line in a check: until the solution is judged, and until all is done.
fn author_waits(course: &Path) {
    let checks = course.join("grader/hidden").join(EXERCISE).join("checks.rs");
    let text = fs::read_to_string(&checks).expect("the checks");
    let (mut first, mut whole) = (Vec::new(), Vec::new());
    for round in 0..=COLD_ROUNDS {
        let title = format!("apply works on every entry and keeps the shape ({round})");
        fs::write(&checks, text.replace("apply works on every entry and keeps the shape", &title)).expect("ours");
        let start = Instant::now();
        let mut command = grader(course);
        let mut verify = command.args(["verify", "3"]).stdout(Stdio::piped()).spawn().expect("it runs");
        let lines = BufReader::new(verify.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let mut times = Vec::new();
        for line in lines.filter(|line| line.contains("the solution")) {
            times.push(start.elapsed());
            assert!(line.contains("full marks"), "{line}");
        }
        assert!(verify.wait().expect("it ends").success(), "the course verifies");
        if round > 0 {
            first.extend(times.first());
            whole.push(start.elapsed());
        }
    }
    fs::write(&checks, text).expect("the copy is ours");
    println!("\nafter a changed line in a check of exercise 3, medians of {COLD_ROUNDS} rounds");
    println!("  the solution is judged   {:>8}   (goal: 3 s)", seconds(median(&first)));
    println!("  verify 3 is done         {:>8}", seconds(median(&whole)));
}

/// A copy of the course with an empty target folder.
fn fresh_course() -> PathBuf {
    copy_called("latency")
}

fn copy_called(name: &str) -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if copy.exists() {
        fs::remove_dir_all(&copy).expect("the copy is ours");
    }
    common::copy_of_the_course(&copy);
    copy
}

fn cargo(course: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(course).env_remove("CARGO_TARGET_DIR").arg("--quiet");
    command
}

fn check(course: &Path) -> Command {
    let mut command = grader(course);
    command.args(["check", "3"]);
    command
}

/// The same by the grader that `cargo install` makes, which is optimised.
fn installed_check(course: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_grader"));
    command.current_dir(course).env_remove("CARGO_TARGET_DIR").args(["check", "3"]);
    command
}

fn grader(course: &Path) -> Command {
    let mut command = Command::new(course.join("target/debug").join(format!("grader{}", env::consts::EXE_SUFFIX)));
    command.current_dir(course).env_remove("CARGO_TARGET_DIR");
    command
}

/// The least that has to happen: the submission as a library, the probe against it, with the grader's own flags.
struct BareRustc {
    rustc: PathBuf,
    arguments: Vec<String>,
    probe: PathBuf,
    folder: PathBuf,
}

impl BareRustc {
    fn new(course: &Path, folder: &str, more: Option<&str>) -> Self {
        let kit = fs::read(course.join("target/grader/kit.json")).expect("the first check has prepared the crates");
        let kit: serde_json::Value = serde_json::from_slice(&kit).expect("the grader's own file");
        let text = |value: &serde_json::Value| value.as_str().expect("a path").to_owned();
        let folder = course.join(folder);
        fs::create_dir_all(&folder).expect("the copy is ours");
        let incremental = format!("incremental={}", folder.join("incremental").display());
        let mut arguments: Vec<String> = [
            "--edition=2024",
            "-Copt-level=0",
            "-Coverflow-checks=on",
            "-Cdebuginfo=line-tables-only",
            "-Cembed-bitcode=no",
            "-C",
            &incremental,
        ]
        .map(str::to_owned)
        .to_vec();
        arguments.extend(more.map(str::to_owned));
        for folder in kit["dependencies"].as_array().expect("a list") {
            arguments.extend(["-L".to_owned(), format!("dependency={}", text(folder))]);
        }
        for pair in kit["crates"].as_array().expect("a list") {
            arguments.extend(["--extern".to_owned(), format!("{}={}", text(&pair[0]), text(&pair[1]))]);
        }
        let probe = course.join("grader/hidden").join(EXERCISE).join("probe.rs");
        Self { rustc: text(&kit["rustc"]).into(), arguments, probe, folder }
    }

    fn run(&self, lib: &Path) -> Duration {
        let library = self.folder.join("libsubmission.rlib");
        let call = |name: &str, kind: &str, output: &Path, source: &Path| {
            let mut command = Command::new(&self.rustc);
            command
                .args(["--crate-name", name, "--crate-type", kind, "-o"])
                .arg(output)
                .args(&self.arguments)
                .arg(source);
            command
        };
        let mut probe = call("probe_main", "bin", &self.folder.join("probe"), &self.probe);
        probe.arg("--extern").arg(format!("submission={}", library.display()));
        timed(&mut call("submission", "rlib", &library, lib)) + timed(&mut probe)
    }
}

fn timed(command: &mut Command) -> Duration {
    timed_until(0, command)
}

/// The time until `command` ends with this code.
fn timed_until(code: i32, command: &mut Command) -> Duration {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("it can be run");
    let elapsed = start.elapsed();
    assert_eq!(output.status.code(), Some(code), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    elapsed
}

fn median(durations: &[Duration]) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort();
    sorted[sorted.len() / 2]
}

fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}
