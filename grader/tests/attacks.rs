//! Strangers' code: every submission in `attacks/attacks.toml`, and those below that are no text, is graded behind the
//! source gate and again with the gate open, where the sandbox has to hold by itself.
//!
//! What has to come of each one is told with it. What must never happen is the same for all: see [`Stage::suspicious`].

mod common;

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
use serde::Deserialize;
use serde_json::Value;

/// Short, so that attacks on time take little of it; the compiler gets what a busy machine needs.
const LIMITS: &str = "seconds = 2, total_seconds = 30, compile_seconds = 30";

/// In the environment of the grader, and in a file.
const SECRET: &str = "the-password-is-swordfish";

/// What stands in the checks of exercise 3 and in no message to learners.
const IN_THE_CHECKS: &str = "Check::new(";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attack {
    name: String,
    count: Option<String>,
    columns: Option<String>,
    /// What `columns` is of.
    returns: Option<String>,
    #[serde(rename = "unsafe")]
    with_the_c_library: Option<String>,
    #[serde(default)]
    items: String,
    #[serde(default)]
    head: String,
    #[serde(skip)]
    folder: Option<Make>,
    gate: String,
    alone: Option<String>,
    #[serde(default = "yes")]
    sandbox: bool,
    limits: Option<String>,
}

/// Fills an empty folder; it gets the solution, too.
type Make = fn(&Path, &str);

fn yes() -> bool {
    true
}

/// What unsafe code may call.
const C_LIBRARY: &str = r#"
#[allow(unsafe_code, dead_code)]
unsafe extern "C" {
    fn fork() -> i32;
    fn kill(pid: i32, signal: i32) -> i32;
    fn getppid() -> i32;
    fn setsid() -> i32;
    fn signal(signal: i32, handler: usize) -> usize;
    fn fcntl(fd: i32, command: i32, argument: i64) -> i32;
    fn syscall(number: i64, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64) -> i64;
}
"#;

/// Submissions that are odd before a compiler sees them, and what has to come of them; `refused` unless it says more.
const ODD_FOLDERS: [(&str, &str, Make); 16] = [
    ("a manifest, a build script and configurations", "full marks", |folder, solution| {
        source(folder, solution);
        let script = format!("fn main() {{ std::fs::write({:?}, \"\").unwrap(); }}", folder.join("pwned"));
        fs::write(folder.join("build.rs"), script).unwrap();
        fs::write(folder.join("Cargo.toml"), "[package]\nname = \"x\"\nbuild = \"build.rs\"\n").unwrap();
        fs::create_dir(folder.join(".cargo")).unwrap();
        fs::write(folder.join(".cargo/config.toml"), "[build]\nrustc-wrapper = \"/bin/false\"\n").unwrap();
        fs::write(folder.join("rust-toolchain.toml"), "[toolchain]\nchannel = \"1.0\"\n").unwrap();
    }),
    ("honest modules", "full marks", |folder, solution| {
        source(folder, "//! Two files.\nmod layers;\npub use layers::dense::*;\n");
        fs::create_dir(folder.join("src/layers")).unwrap();
        fs::write(folder.join("src/layers/mod.rs"), "pub mod dense;\n").unwrap();
        fs::write(folder.join("src/layers/dense.rs"), solution).unwrap();
        fs::write(folder.join("src/notes.txt"), "unsafe").unwrap();
    }),
    ("a link", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        link(Path::new("/etc/passwd"), &folder.join("src/lib.rs"));
    }),
    ("a link to the solution", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        link(&course().join("solutions/03_dense_layer/src/lib.rs"), &folder.join("src/lib.rs"));
    }),
    ("a linked folder", "refused: is not a folder", |folder, _| {
        link(&course().join("solutions/03_dense_layer/src"), &folder.join("src"));
    }),
    ("a pipe", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        let made = std::process::Command::new("mkfifo").arg(folder.join("src/lib.rs")).status().unwrap();
        assert!(made.success());
    }),
    ("a folder called lib.rs", "refused: is not an ordinary file", |folder, _| {
        fs::create_dir_all(folder.join("src/lib.rs")).unwrap();
    }),
    ("300 MB", "refused: is longer than 256 KiB", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        fs::File::create(folder.join("src/lib.rs")).unwrap().set_len(300 << 20).unwrap();
    }),
    ("bytes that are no text", "refused: is not UTF-8 text", |folder, _| {
        fs::create_dir(folder.join("src")).unwrap();
        fs::write(folder.join("src/lib.rs"), b"pub fn f() {} // \xff\xfe").unwrap();
    }),
    ("deep nesting", "refused", |folder, _| {
        source(folder, &format!("const X: i32 = {}1{};", "(".repeat(60_000), ")".repeat(60_000)));
    }),
    ("a thousand files", "refused: 64 are enough", |folder, solution| {
        let modules: String = (0..1000).map(|number| format!("mod m{number};\n")).collect();
        source(folder, &format!("{solution}\n{modules}"));
        (0..1000).for_each(|number| fs::write(folder.join(format!("src/m{number}.rs")), "").unwrap());
    }),
    ("files that no module names", "full marks", |folder, solution| {
        source(folder, solution);
        (0..100).for_each(|number| fs::write(folder.join(format!("src/m{number}.rs")), "unsafe").unwrap());
        link(Path::new("/etc/passwd"), &folder.join("src/.#lib.rs"));
        fs::create_dir(folder.join("src/old.rs")).unwrap();
    }),
    ("a module that a macro names elsewhere", "refused: file not found for module", |folder, solution| {
        source(folder, &format!("{solution}\n#[macro_use]\nmod a;\nmod b {{\n    hidden!();\n}}\n"));
        fs::write(folder.join("src/a.rs"), "macro_rules! hidden { () => { mod c; } }\n").unwrap();
        fs::create_dir(folder.join("src/b")).unwrap();
        fs::write(folder.join("src/b/c.rs"), "unsafe extern \"C\" { fn fork() -> i32; }").unwrap();
    }),
    ("a module behind a link", "refused: is behind a link", |folder, solution| {
        source(folder, &format!("{solution}\nmod a;\n"));
        fs::write(folder.join("elsewhere.rs"), "").unwrap();
        fs::write(folder.join("mod.rs"), "").unwrap();
        link(folder, &folder.join("src/a"));
    }),
    ("zeros", "refused", |folder, _| source(folder, "\0\0\0")),
    ("a module without end", "refused", |folder, _| {
        source(folder, "mod a;");
        fs::create_dir(folder.join("src/a")).unwrap();
        link(&folder.join("src"), &folder.join("src/a/a"));
        fs::write(folder.join("src/a.rs"), "mod a;").unwrap();
    }),
];

fn source(folder: &Path, text: &str) {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lib.rs"), text).unwrap();
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

#[cfg(not(unix))]
fn link(_: &Path, at: &Path) {
    fs::create_dir(at).unwrap();
}

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

fn attacks() -> Vec<Attack> {
    #[derive(Deserialize)]
    struct Listed {
        attack: Vec<Attack>,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks/attacks.toml");
    let Listed { attack: mut attacks } = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    attacks.extend(ODD_FOLDERS.map(|(name, outcome, folder)| Attack {
        name: name.to_owned(),
        count: None,
        columns: None,
        returns: None,
        with_the_c_library: None,
        items: String::new(),
        head: String::new(),
        folder: Some(folder),
        gate: outcome.to_owned(),
        alone: None,
        sandbox: false,
        limits: None,
    }));
    attacks
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
            None => source(&submission, &self.fill(&self.text(attack), &results)),
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

    fn text(&self, attack: &Attack) -> String {
        let mut text = self.solution.clone();
        let mut replace = |find: &str, with: &str| {
            assert_eq!(text.matches(find).count(), 1, "{find}");
            text = text.replacen(find, with, 1);
        };
        const COUNT: &str = "self.weights.len() + self.biases.len()";
        const COLUMNS: &str = "b: &ArrayRef1<f64>) -> Array1<f64> {\n    x.dot(w) + b\n";
        if let Some(count) = &attack.count {
            replace(COUNT, count);
        }
        if let Some(code) = &attack.with_the_c_library {
            replace(COUNT, &format!("unsafe {{ {code} }}"));
        }
        if let Some(columns) = &attack.columns {
            let returns = attack.returns.as_deref().unwrap_or("Array1<f64>");
            replace(COLUMNS, &format!("b: &ArrayRef1<f64>) -> {returns} {{\n    {columns}\n"));
        }
        let (head, library) = match attack.with_the_c_library {
            Some(_) => ("#![allow(unsafe_code)]", C_LIBRARY),
            None => (attack.head.as_str(), ""),
        };
        format!("{head}\n{text}\n{}\n{library}", attack.items)
    }

    /// Puts in the places and numbers that a text names.
    fn fill(&self, text: &str, results: &Path) -> String {
        let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
        let mut filled = text
            .replace("{course}", &path(&course()))
            .replace("{secret}", &path(&self.folder.path().join("secret.txt")))
            .replace("{place}", &path(&self.folder.path().join("place")))
            .replace("{results}", &path(results))
            .replace("{grader}", env!("CARGO_BIN_EXE_grader"))
            .replace("{judges}", &path(&self.judges))
            .replace("{judge_crate}", &path(&self.judge_crate))
            .replace("{port}", &self.port.local_addr().unwrap().port().to_string());
        if filled.contains("{flood}") {
            let flood: String = (0..6000).map(|n| format!("pub fn f{n}() {{ let unused = {n}; }}\n")).collect();
            filled = filled.replace("{flood}", &flood);
        }
        for (name, number) in numbers() {
            filled = filled.replace(&format!("{{{name}}}"), &number);
        }
        filled
    }

    /// What no text that leaves the grader may contain, whatever the submission did, and no place may show.
    fn suspicious(&self, shown: &str, submission: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let folder = submission.to_str().expect("UTF-8");
        // What was printed, not what stands in a line of source that is shown.
        let shown = shown.replace(r#"\"PWNED\""#, "");
        let home = env::home_dir().filter(|home| home.components().count() > 1);
        let home = home.as_deref().and_then(Path::to_str).unwrap_or(folder);
        for secret in [SECRET, IN_THE_CHECKS, "PWNED", "/registry/src/", "root:x:0", folder, home] {
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
