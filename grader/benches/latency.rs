//! How long a learner waits: `cargo bench -p grader --bench latency`.
//!
//! In a copy of the course it measures a cold start (an empty target folder, crates downloaded), and then, in turns and
//! each after a one-line edit of exercise 3: the grader with its sandbox and without, the two bare calls of rustc that it
//! cannot do without, the grader through `cargo run`, and `cargo test` of the same crate. It prints medians and ratios of
//! this one run.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const ROUNDS: usize = 21;
const EXERCISE: &str = "03_dense_layer";

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

    println!("cold start, from an empty target folder");
    let build = timed(cargo(&course).args(["build", "--package", "grader"]));
    let first = timed(&mut check(&course));
    println!("  cargo builds the grader      {:>8}", seconds(build));
    println!("  the first check 3            {:>8}", seconds(first));
    println!("  together                     {:>8}   (goal: under 60 s)", seconds(build + first));

    let rustc = BareRustc::new(&course);
    let mut times: [(&str, Vec<Duration>); 5] = [
        ("two bare rustc calls", Vec::new()),
        ("grader check 3", Vec::new()),
        ("grader check 3 --sandbox off", Vec::new()),
        ("cargo run -p grader -- check 3", Vec::new()),
        ("cargo test -p dense_layer", Vec::new()),
    ];
    for round in 0..=ROUNDS {
        let mut measured = Vec::new();
        for (number, (name, _)) in times.iter().enumerate() {
            // Another bias each time, in a line that is compiled.
            let bias = format!("+ &self.biases + 0.0 * {round}{number}.0");
            fs::write(&lib, solution.replace("+ &self.biases", &bias)).expect("the copy is ours");
            measured.push(match *name {
                "two bare rustc calls" => rustc.run(&lib),
                "grader check 3" => timed(&mut check(&course)),
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
            "  {name:<32} {:>8}   {:.2} times the bare calls",
            seconds(median),
            median.as_secs_f64() / bare.as_secs_f64()
        );
    }
    println!("  (goal: the grader at most 1.3 times the bare calls)");
    let (with, without) = (median(&times[1].1), median(&times[2].1));
    println!(
        "  the sandbox costs {:.0} ms, {:.2} times a check without it   (goal: at most 60 ms)",
        1000.0 * (with.as_secs_f64() - without.as_secs_f64()),
        with.as_secs_f64() / without.as_secs_f64()
    );
}

/// A copy of the course with an empty target folder.
fn fresh_course() -> PathBuf {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("latency");
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
    let mut command = Command::new(course.join("target/debug").join(format!("grader{}", env::consts::EXE_SUFFIX)));
    command.current_dir(course).env_remove("CARGO_TARGET_DIR").args(["check", "3"]);
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
    fn new(course: &Path) -> Self {
        let kit = fs::read(course.join("target/grader/kit.json")).expect("the first check has prepared the crates");
        let kit: serde_json::Value = serde_json::from_slice(&kit).expect("the grader's own file");
        let text = |value: &serde_json::Value| value.as_str().expect("a path").to_owned();
        let folder = course.join("target/bare");
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
        arguments.extend(["-L".to_owned(), format!("dependency={}", text(&kit["dependencies"]))]);
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
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output().expect("it can be run");
    let elapsed = start.elapsed();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
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
