//! Strangers' code: every submission in `attacks/attacks.toml`, and those below that are no text, is graded behind the
//! source gate and again with the gate open, where the sandbox has to hold by itself.
//!
//! What has to come of each one is told with it. What must never happen is the same for all: see [`Stage::suspicious`].

mod common;
#[path = "attacks/suite.rs"]
mod suite;

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Output, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use common::{check_of, course, grader, text};
use serde_json::Value;
use suite::{Attack, NEVER_TOLD, SECRET, attacks, filled, source};

/// Short, so that attacks on time take little of it; the compiler gets what a busy machine needs.
const LIMITS: &str = "seconds = 2, total_seconds = 30, compile_seconds = 30";

#[test]
fn strangers_code_gets_what_it_earns_and_nothing_else() {
    let stage = Stage::new();
    let confined = stage.confined();
    if !confined {
        // Straight to the terminal: the test harness would keep it to itself.
        let _ = writeln!(
            std::io::stderr(),
            "\nWARNING: this system has no sandbox (Landlock and seccomp), so the attacks were NOT run in one; only what \
             holds without it was checked.\n"
        );
    }
    let attacks = attacks();
    assert!(attacks.len() >= 40);
    let gates: &[bool] = if confined { &[true, false] } else { &[true] };
    let runs: Vec<(&Attack, bool)> = gates
        .iter()
        .flat_map(|&gate| attacks.iter().map(move |attack| (attack, gate)))
        .filter(|(attack, _)| confined || !attack.sandbox || attack.gate.starts_with("refused: `"))
        .collect();

    let before = stage.inventory();
    let next = AtomicUsize::new(0);
    let complaints: Vec<String> = thread::scope(|scope| {
        // Some only wait, so there may be more of them than cores.
        let workers: Vec<_> = (0..2 * thread::available_parallelism().map_or(2, usize::from))
            .map(|_| {
                scope.spawn(|| {
                    let mut complaints = Vec::new();
                    while let Some((attack, gate)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        complaints.extend(stage.run(attack, *gate));
                    }
                    complaints
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let mut complaints = complaints;
    for (path, size_and_time) in stage.inventory() {
        if before.get(&path) != Some(&size_and_time) {
            complaints.push(format!("{} is not what it was before", path.display()));
        }
    }
    complaints.extend(survivors());
    if confined {
        complaints.extend(stage.survivors_of_a_killed_grader());
    }
    assert!(complaints.is_empty(), "{} of {} runs:\n{}", complaints.len(), runs.len(), complaints.join("\n"));
}

/// The places that attacks aim at.
struct Stage {
    folder: tempfile::TempDir,
    solution: String,
    port: TcpListener,
    /// Where the judges are.
    judges: PathBuf,
    /// What they are linked with.
    judge_crate: PathBuf,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("stage").tempdir().unwrap();
        fs::write(folder.path().join("secret.txt"), SECRET).unwrap();
        fs::create_dir(folder.path().join("place")).unwrap();
        let solution = fs::read_to_string(course().join("solutions/03_dense_layer/src/lib.rs")).unwrap();
        // So that there is something to steal.
        assert!(grader().args(["check", "3", "--solution"]).output().expect("the grader can be run").status.success());
        let built = Path::new(env!("CARGO_BIN_EXE_grader")).parent().expect("it lies in a folder");
        let judges = built.with_file_name("grader").join("judges");
        assert!(judges.join("03_dense_layer/checks").is_file(), "{}", judges.display());
        let is_judge = |path: &PathBuf| path.to_string_lossy().contains("/libjudge-");
        let mut crates = fs::read_dir(built.join("deps")).unwrap().map(|entry| entry.unwrap().path());
        let judge_crate = crates.find(is_judge).expect("it was built");
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { folder, solution, port, judges, judge_crate }
    }

    fn confined(&self) -> bool {
        let output =
            grader().args(["check", "3", "--solution", "--format", "json"]).output().expect("the grader can be run");
        let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
        report["sandbox"] != "none"
    }

    /// Grades `attack`; what is wrong with what came of it.
    fn run(&self, attack: &Attack, gate: bool) -> Vec<String> {
        let folder = tempfile::Builder::new().prefix("hand-in").tempdir().unwrap();
        let results = folder.path().join("results.json");
        fs::write(&results, "the results of yesterday").unwrap();
        let submission = folder.path().join("submission");
        fs::create_dir(&submission).unwrap();
        match attack.folder {
            Some(make) => make(&submission, &self.solution),
            None => source(&submission, &self.fill(&attack.text(&self.solution), &results)),
        }
        let check = |format: &str, to: Option<&Path>| -> Output {
            let mut command = grader();
            command.env("NEURONLINGS_SECRET", SECRET).args(["check", "3", "--format", format, "--source"]);
            command.arg(&submission).args(["--limits", attack.limits.as_deref().unwrap_or(LIMITS)]);
            command.args(to.map(|path| ["--output".into(), path.as_os_str().to_owned()]).into_iter().flatten());
            command.args((!gate).then_some("--without-source-gate"));
            command.output().expect("the grader can be run")
        };
        let start = Instant::now();
        let output = check("json", Some(&results));
        let expected = match (gate, &attack.alone) {
            (false, Some(alone)) => alone,
            _ => &attack.gate,
        };
        let written = fs::read_to_string(&results).unwrap_or_default();
        let mut complaints = Vec::new();
        match serde_json::from_str::<Value>(&written) {
            Ok(report) => complaints.extend(differs(expected, &report)),
            Err(_) => complaints.push(format!("there is no report: {written:.100}")),
        }
        if !matches!(output.status.code(), Some(0 | 1)) {
            complaints.push(format!("the grader ended with {}", output.status));
        }
        if start.elapsed() > Duration::from_secs(120) {
            complaints.push(format!("it took {:?}", start.elapsed()));
        }
        let mut shown = format!("{written}{}{}", text(&output.stdout), text(&output.stderr));
        // What people read is another text; one that says commands is looked at in that form as well.
        if attack.name.contains("commands") {
            let page = text(&check("terminal", None).stdout);
            complaints.extend(commands_in(&page));
            shown += &page;
        }
        complaints.extend(self.suspicious(&shown, &submission));
        complaints.extend(commands_in(&shown));
        if env::var_os("ATTACK_TIMES").is_some() {
            let _ = writeln!(std::io::stderr(), "{:6.2} s  {} {gate}", start.elapsed().as_secs_f64(), attack.name);
        }
        let gate = if gate { "closed" } else { "open" };
        complaints.into_iter().map(|complaint| format!("{} (gate {gate}): {complaint}", attack.name)).collect()
    }

    /// Puts in the places and numbers that a text names.
    fn fill(&self, text: &str, results: &Path) -> String {
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let mut places = vec![
            ("course", path(&course())),
            ("secret", path(&self.folder.path().join("secret.txt"))),
            ("place", path(&self.folder.path().join("place"))),
            ("results", path(results)),
            ("grader", env!("CARGO_BIN_EXE_grader").to_owned()),
            ("judges", path(&self.judges)),
            ("judge_crate", path(&self.judge_crate)),
            ("port", self.port.local_addr().unwrap().port().to_string()),
        ];
        places.extend(numbers());
        filled(text, &places)
    }

    /// [`NEVER_TOLD`] and the submission's place may be in no text, and no file may have been made.
    fn suspicious(&self, shown: &str, submission: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let folder = submission.to_str().expect("UTF-8");
        // What was printed, not what stands in a line of source that is shown.
        let shown = shown.replace(r#"\"PWNED\""#, "");
        let home = env::home_dir().filter(|home| home.components().count() > 1);
        let home = home.as_deref().and_then(Path::to_str).unwrap_or(folder);
        for secret in NEVER_TOLD.into_iter().chain([folder, home]) {
            if let Some(at) = shown.find(secret) {
                let start = shown.floor_char_boundary(at.saturating_sub(100));
                found.push(format!("it was told of {secret}: …{}", &shown[start..shown.floor_char_boundary(at + 60)]));
            }
        }
        let places = [".", "/tmp", "/dev/shm", "/var/tmp"].map(PathBuf::from);
        let own = [self.folder.path().join("place"), submission.to_owned(), course()];
        for place in places.into_iter().chain(own) {
            if place.join("pwned").exists() {
                found.push(format!("there is {}/pwned", place.display()));
            }
        }
        if fs::read_to_string(self.folder.path().join("secret.txt")).unwrap() != SECRET {
            found.push("the secret was changed".to_owned());
        }
        found
    }

    /// Probes that go on when the grader is killed.
    fn survivors_of_a_killed_grader(&self) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        source(folder.path(), &self.solution.replace("self.weights.len() + self.biases.len()", "loop {}"));
        let mut command = grader();
        command.args(["check", "3", "--limits", "seconds = 300, total_seconds = 300", "--source"]).arg(folder.path());
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the grader can be run");
        let patience = Instant::now() + Duration::from_secs(60);
        while survivors().is_empty() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(10));
        }
        assert!(!survivors().is_empty(), "the probe was never started");
        child.kill().unwrap();
        child.wait().unwrap();
        let patience = Instant::now() + Duration::from_secs(10);
        while !survivors().is_empty() && Instant::now() < patience {
            thread::sleep(Duration::from_millis(10));
        }
        survivors()
    }

    /// Sizes and times of whatever a submission must not change: the course, the kit, the toolchain, the grader.
    fn inventory(&self) -> BTreeMap<PathBuf, (u64, Duration, bool)> {
        let grader = Path::new(env!("CARGO_BIN_EXE_grader"));
        let target = grader.parent().and_then(Path::parent).expect("it lies in the target folder");
        let kit: Value = serde_json::from_slice(&fs::read(target.join("grader/kit.json")).unwrap()).unwrap();
        let mut found = BTreeMap::new();
        let mut folders = vec![self.folder.path().to_owned(), course().join("grader"), course().join("solutions")];
        let rustc = PathBuf::from(kit["rustc"].as_str().expect("a path"));
        folders.extend(rustc.ancestors().nth(2).map(|toolchain| toolchain.join("lib")));
        let files = ["course.toml", "Cargo.toml", "Cargo.lock"].map(|name| course().join(name));
        let kit_files = kit["files"].as_array().expect("a list").iter().map(|path| path.as_str().unwrap().into());
        for path in files.into_iter().chain(kit_files).chain([grader.to_owned(), target.join("grader/kit.json"), rustc])
        {
            note(&mut found, path);
        }
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                    _ => note(&mut found, entry.path()),
                }
            }
        }
        found
    }
}

fn note(found: &mut BTreeMap<PathBuf, (u64, Duration, bool)>, path: PathBuf) {
    if let Ok(metadata) = fs::symlink_metadata(&path) {
        let changed = metadata.modified().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        found.insert(path, (metadata.len(), changed.unwrap_or_default(), metadata.permissions().readonly()));
    }
}

/// Whether what came of an attack is what had to come of it.
fn differs(expected: &str, report: &Value) -> Option<String> {
    let (outcome, says) = expected.split_once(": ").unwrap_or((expected, ""));
    let (id, outcome) = outcome.split_once(' ').filter(|(id, _)| id.contains('_')).unwrap_or(("n_params", outcome));
    let check = check_of(report, id);
    let said = match outcome {
        "refused" => &report["diagnostics"],
        _ => check,
    };
    let came = match outcome {
        "refused" => report["status"] == "does_not_compile" && report["score"] == 0,
        "full marks" => report["status"] == "complete",
        "no point" => check["points"] == 0,
        status => check["status"] == status && check["points"] == 0,
    };
    // As JSON, so that nothing in it is overlooked.
    let said = said.to_string();
    let says = serde_json::to_string(says).expect("a text");
    let right = came && said.contains(says.trim_matches('"'));
    (!right).then(|| format!("it had to be {expected:?}, and was {}: {said:.600}", report["status"]))
}

/// Lines on which a CI runner would act, and what steers a terminal.
fn commands_in(shown: &str) -> Vec<String> {
    let command = |line: &&str| line.trim_start().starts_with("::") || line.contains("##[");
    let mut found: Vec<String> = shown.lines().filter(command).map(|line| format!("a command: {line}")).collect();
    if shown.chars().any(|c| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}') {
        found.push("a control character".to_owned());
    }
    found
}

/// Probes that still run, and compilers.
fn survivors() -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let program = fs::read_link(process.path().join("exe")).unwrap_or_default();
        let program = program.to_string_lossy();
        if program.contains("/grader/strangers/") {
            found.push(format!("{program} still runs"));
        }
    }
    found
}

/// Numbers of system calls.
#[cfg(target_os = "linux")]
fn numbers() -> Vec<(&'static str, String)> {
    #[rustfmt::skip]
    let kernel = [
        libc::SYS_bpf, libc::SYS_userfaultfd, libc::SYS_io_uring_setup, libc::SYS_perf_event_open, libc::SYS_unshare,
        libc::SYS_mount, libc::SYS_chroot, libc::SYS_pidfd_open, libc::SYS_memfd_create, libc::SYS_shmget,
        libc::SYS_keyctl, libc::SYS_inotify_init1, libc::SYS_timer_create, libc::SYS_socketpair, libc::SYS_pipe2,
    ];
    let kernel: Vec<String> = kernel.iter().map(ToString::to_string).collect();
    vec![
        ("write", libc::SYS_write.to_string()),
        ("clone", libc::SYS_clone.to_string()),
        ("clone3", libc::SYS_clone3.to_string()),
        ("tgkill", libc::SYS_tgkill.to_string()),
        ("ptrace", libc::SYS_ptrace.to_string()),
        ("process_vm_readv", libc::SYS_process_vm_readv.to_string()),
        ("prlimit64", libc::SYS_prlimit64.to_string()),
        ("kernel", kernel.join(", ")),
    ]
}

#[cfg(not(target_os = "linux"))]
fn numbers() -> Vec<(&'static str, String)> {
    Vec::new()
}
