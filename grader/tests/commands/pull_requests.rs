//! Pull requests to a made-up class, graded by the steps of the workflows themselves: good ones, wrong ones, and hostile
//! ones. Where a step would speak with GitHub, the script `pull_requests/gh` answers.
//!
//! The sandbox, and GitHub's runners that have it, are Linux.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::OnceLock,
};

use crate::common::{course, grader, keep_the_first, new_course, text};
use serde_json::{Value, json};

/// The teacher's repository, checked out.
fn class() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        for tool in ["git", "jq", "unzip", "zip"] {
            let found = Command::new(tool).arg("--help").output().is_ok();
            assert!(found, "these tests need {tool}: apt-get install -y git jq unzip zip");
        }
        let folder = new_course("a class");
        // Grading is the same for any number of exercises, and one build script grades every solution.
        keep_the_first(6, &folder);
        fs::write(folder.join(".gitignore"), "/target/\n").unwrap();
        git(&folder, &["init", "--quiet", "--initial-branch=main"]);
        git(&folder, &["config", "uploadpack.allowFilter", "true"]);
        commit(&folder);
        folder
    })
}

/// Where cargo builds the class's grader.
fn target() -> PathBuf {
    class().join("target")
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.arg("-C").arg(folder).args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]);
    // Not the settings of whoever runs the tests.
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = git.args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

fn commit(folder: &Path) -> String {
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message", "Something"]);
    git(folder, &["rev-parse", "HEAD"])
}

fn write(path: &Path, contents: impl AsRef<[u8]>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

fn solution(exercise: &str) -> String {
    fs::read_to_string(class().join("solutions").join(exercise).join("src/lib.rs")).unwrap()
}

/// A student's fork with one commit, and what GitHub knows of it.
struct PullRequest {
    folder: tempfile::TempDir,
    head: String,
}

/// What came of grading one.
struct Graded {
    exit_code: Option<i32>,
    log: String,
    summary: String,
    outputs: String,
    report: Option<PathBuf>,
}

impl PullRequest {
    /// A pull request with the changes that `edit` makes in the fork.
    fn new(edit: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let fork = folder.path().join("fork");
        git(folder.path(), &["clone", "--quiet", class().to_str().unwrap(), "fork"]);
        edit(&fork);
        let head = commit(&fork);
        let github = folder.path().join("github");
        write(
            &github.join("pulls.json"),
            json!([{"number": 4, "head": {"sha": "0"}}, {"number": 5, "head": {"sha": head}}]).to_string(),
        );
        write(&github.join("artifacts.json"), json!({"artifacts": []}).to_string());
        write(&github.join("comments.json"), "[]");
        let base = git(class(), &["rev-parse", "HEAD"]);
        let event = json!({
            "repository": {"default_branch": "main"},
            "pull_request": {"number": 5, "head": {"sha": head}, "base": {"sha": base, "ref": "main"}},
            "workflow_run": {
                "id": 7, "path": ".github/workflows/grade.yml", "event": "pull_request", "conclusion": "success",
                "head_sha": head, "head_branch": "my-answers", "pull_requests": [],
                "head_repository": {"full_name": "student/course", "owner": {"login": "student"}},
            },
        });
        write(&github.join("event.json"), event.to_string());
        fs::create_dir(folder.path().join("runner")).unwrap();
        Self { folder, head }
    }

    /// One with `source` as the answer to `exercise`.
    fn with(exercise: &str, source: &str) -> Self {
        Self::new(|fork| write(&fork.join("exercises").join(exercise).join("src/lib.rs"), source))
    }

    fn github(&self, file: &str) -> PathBuf {
        self.folder.path().join("github").join(file)
    }

    fn event(&self) -> Value {
        serde_json::from_slice(&fs::read(self.github("event.json")).unwrap()).unwrap()
    }

    /// What GitHub makes of `${{ … }}`.
    fn value(&self, text: &str) -> String {
        let Some(expression) = text.strip_prefix("${{ ").and_then(|rest| rest.strip_suffix(" }}")) else {
            assert!(!text.contains("${{"), "{text}");
            return text.to_owned();
        };
        if expression == "github.token" {
            return "the-token".to_owned();
        }
        let path = expression.strip_prefix("github.event.").unwrap_or_else(|| panic!("what is {expression}?"));
        let event = self.event();
        let value = event.pointer(&format!("/{}", path.replace('.', "/"))).unwrap_or_else(|| panic!("no {path}"));
        value.as_str().unwrap_or_else(|| panic!("{path} is no text")).to_owned()
    }

    /// Runs a step's script as a runner does.
    fn run(&self, step: &Value, workspace: &Path) -> Output {
        let mut bash = Command::new("bash");
        bash.args(["-e", "-c", step["run"].as_str().unwrap()]).current_dir(workspace);
        let gh = course().join("grader/tests/commands/pull_requests");
        let path = format!("{}:{}", gh.display(), env::var("PATH").unwrap());
        let github = |file: &str| self.github(file).into_os_string();
        bash.env("PATH", path).env("FORK", self.folder.path().join("fork")).env("GITHUB", github("."));
        bash.env("GITHUB_ACTIONS", "true").env("GITHUB_REPOSITORY", "class/course").env("RUNNER_OS", "Linux");
        bash.env("GITHUB_SERVER_URL", "https://github.com").env("GITHUB_EVENT_PATH", github("event.json"));
        bash.env("GITHUB_STEP_SUMMARY", github("summary")).env("GITHUB_OUTPUT", github("output"));
        bash.env("GITHUB_WORKFLOW_SHA", git(class(), &["rev-parse", "HEAD"]));
        bash.env("RUNNER_TEMP", self.folder.path().join("runner"));
        // The class's own grader, as a runner would build it, not the one of these tests.
        bash.env("CARGO_TARGET_DIR", target()).env_remove("GH_TOKEN");
        for (name, value) in step["env"].as_object().into_iter().flatten() {
            bash.env(name, self.value(value.as_str().unwrap()));
        }
        bash.output().unwrap()
    }

    /// Does what grade.yml says, step by step, until one fails; steps that say `!cancelled()` are done all the same.
    fn grade(&self) -> Graded {
        let workspace = self.folder.path().join("workspace");
        fs::create_dir(&workspace).unwrap();
        let mut graded = Graded {
            exit_code: Some(0),
            log: String::new(),
            summary: String::new(),
            outputs: String::new(),
            report: None,
        };
        for step in steps("grade", "grade") {
            let failed = graded.exit_code != Some(0);
            if failed && step["if"] != "${{ !cancelled() }}" {
                continue;
            }
            let with = |name: &str| self.value(step["with"][name].as_str().unwrap());
            match step["uses"].as_str() {
                Some("actions/checkout@v5") if step["with"]["path"] == "course" => {
                    // The class's folder is this commit already; its compiled crates are what makes it worth using.
                    assert_eq!(with("ref"), git(class(), &["rev-parse", "HEAD"]));
                    symlink(class(), workspace.join("course")).unwrap();
                }
                Some("actions/checkout@v5") => {
                    let folder = with("path");
                    let fork = format!("file://{}", self.folder.path().join("fork").display());
                    git(&self.folder.path().join("fork"), &["config", "uploadpack.allowFilter", "true"]);
                    git(
                        &workspace,
                        &["clone", "--quiet", "--no-checkout", "--depth=1", "--filter=blob:none", &fork, &folder],
                    );
                    git(&workspace.join(&folder), &["sparse-checkout", "set", &with("sparse-checkout")]);
                    git(&workspace.join(&folder), &["checkout", "--quiet", &with("ref")]);
                }
                Some("actions/upload-artifact@v4") => {
                    assert_eq!(with("name"), "grade");
                    graded.report = Some(workspace.join(with("path"))).filter(|path| path.is_file());
                }
                Some(other) => panic!("what does {other} do?"),
                None => {
                    let output = self.run(&step, &workspace);
                    graded.log += &format!("{}{}", text(&output.stdout), text(&output.stderr));
                    graded.exit_code = output.status.code();
                }
            }
        }
        graded.summary = fs::read_to_string(self.github("summary")).unwrap_or_default();
        graded.outputs = fs::read_to_string(self.github("output")).unwrap_or_default();
        graded
    }

    /// Does what comment.yml says, with this file as what grade.yml has handed on; what was written to GitHub.
    fn comment(&self, report: Option<&Path>) -> Vec<Value> {
        let artifacts = match report {
            Some(report) => {
                let zip = self.github("1.zip");
                let _ = fs::remove_file(&zip);
                let status = Command::new("zip").args(["--quiet", "--junk-paths"]).arg(&zip).arg(report).status();
                assert!(status.unwrap().success());
                let size = fs::metadata(&zip).unwrap().len();
                json!([{"id": 1, "name": "grade", "expired": false, "size_in_bytes": size}])
            }
            None => json!([]),
        };
        write(&self.github("artifacts.json"), json!({"artifacts": artifacts}).to_string());
        self.run_comment()
    }

    fn run_comment(&self) -> Vec<Value> {
        let workspace = tempfile::tempdir().unwrap();
        let _ = fs::remove_file(self.github("written"));
        for step in steps("comment", "comment") {
            let output = self.run(&step, workspace.path());
            assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        }
        let written = fs::read_to_string(self.github("written")).unwrap_or_default();
        serde_json::Deserializer::from_str(&written).into_iter().map(Result::unwrap).collect()
    }

    /// The text of the one comment that is written.
    fn comment_text(&self, report: Option<&Path>) -> String {
        let written = self.comment(report);
        assert_eq!(written.len(), 1);
        assert_eq!(written[0]["call"], "POST issues/5/comments");
        written[0]["body"].as_str().unwrap().to_owned()
    }

    /// The same for a report that is forged.
    fn comment_on(&self, report: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join("report.json");
        write(&path, report);
        self.comment_text(Some(&path))
    }
}

fn workflow(name: &str) -> Value {
    let path = course().join(".github/workflows").join(name).with_extension("yml");
    serde_saphyr::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn steps(name: &str, job: &str) -> Vec<Value> {
    workflow(name)["jobs"][job]["steps"].as_array().unwrap().clone()
}

const STD_DEV: &str = "let std_dev = (2.0 / n_in as f64).sqrt();";

#[test]
fn a_good_pull_request_is_complete_and_its_comment_says_so() {
    let pull_request = PullRequest::with("03_dense_layer", &solution("03_dense_layer"));
    let graded = pull_request.grade();
    assert_eq!(graded.exit_code, Some(0), "{}", graded.log);
    assert_eq!(graded.outputs, "score=23\nmax_score=23\ncomplete=03_dense_layer\npassed=true\n");
    assert!(!graded.log.contains("::error"), "{}", graded.log);

    let report: Value = serde_json::from_slice(&fs::read(graded.report.as_ref().unwrap()).unwrap()).unwrap();
    assert_eq!(report["exercises"][0]["sandbox"], "landlock+seccomp");
    assert_eq!(report["exercises"][0]["course_commit"], git(class(), &["rev-parse", "HEAD"]));

    let comment = pull_request.comment_text(graded.report.as_deref());
    assert!(comment.starts_with("<!-- the grade -->\n### 23 of 23 points\n"), "{comment}");
    assert!(comment.contains("| `03_dense_layer` | 23/23 | ✅ complete |"), "{comment}");
    assert!(comment.contains(&pull_request.head) && comment.contains("/class/course/actions/runs/7"), "{comment}");
    // The pull request was asked for by branch and commit, and nothing that it said was.
    let fields = fs::read_to_string(pull_request.github("fields")).unwrap();
    assert!(fields.contains("head=student:my-answers\n") && fields.contains("base=main\n"), "{fields}");
}

#[test]
fn a_wrong_pull_request_fails_and_the_mistake_is_named() {
    let wrong = solution("03_dense_layer").replacen(STD_DEV, "let std_dev = 2.0 / n_in as f64;", 1);
    let pull_request = PullRequest::with("03_dense_layer", &wrong);
    let graded = pull_request.grade();
    assert_eq!(graded.exit_code, Some(1), "{}", graded.log);
    assert!(graded.outputs.contains("complete=\npassed=false\n"), "{}", graded.outputs);
    assert!(graded.log.contains("is the variance"), "{}", graded.log);
    assert!(graded.log.contains("\n::error file=exercises/03_dense_layer/src/lib.rs,"), "{}", graded.log);
    assert!(graded.log.contains("Exercise 3 has to be complete, and has "), "{}", graded.log);
    assert!(graded.summary.contains("is the variance"), "{}", graded.summary);
    assert!(graded.summary.contains("\n- Exercise 3 has to be complete, and has "), "{}", graded.summary);

    let comment = pull_request.comment_text(graded.report.as_deref());
    assert!(comment.contains("| ✏️ not complete |"), "{comment}");
    assert!(comment.contains("is the variance"), "{comment}");
}

#[test]
fn an_unfinished_pull_request_keeps_the_points_that_it_has() {
    let unfinished = solution("03_dense_layer").replacen("x.dot(&self.weights) + &self.biases", "todo!()", 1);
    let pull_request = PullRequest::with("03_dense_layer", &unfinished);
    let graded = pull_request.grade();
    assert_eq!(graded.exit_code, Some(1), "{}", graded.log);
    let score: u32 = graded.outputs.lines().next().unwrap().strip_prefix("score=").unwrap().parse().unwrap();
    assert!((1..23).contains(&score), "{score}");
    let comment = pull_request.comment_text(graded.report.as_deref());
    assert!(comment.contains(&format!("### {score} of 23 points")), "{comment}");
}

#[test]
fn a_pull_request_without_answers_is_told_so() {
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), "I begin tomorrow."));
    let graded = pull_request.grade();
    assert_eq!(graded.exit_code, Some(0), "{}", graded.log);
    assert!(graded.log.contains("no exercise is started"), "{}", graded.log);
    let comment = pull_request.comment_text(graded.report.as_deref());
    assert!(comment.contains("No exercise is started"), "{comment}");
}

#[test]
fn of_a_hostile_pull_request_only_the_answers_count() {
    let trap = tempfile::tempdir().unwrap();
    let pwned = trap.path().join("pwned");
    let pull_request = PullRequest::new(|fork| {
        let exercise = |name: &str| fork.join("exercises").join(name);
        // The one honest part: an exercise that begins well.
        let mut begun = solution("01_perceptron");
        begun = begun.replacen("pub fn sigmoid(", "pub fn sigmoid(z: f64) -> f64 {\n    z\n}\n\nfn unused(", 1);
        write(&exercise("01_perceptron").join("src/lib.rs"), begun);

        // Links to what is right, where nobody has solved anything.
        fs::remove_file(exercise("03_dense_layer").join("src/lib.rs")).unwrap();
        symlink("../../../solutions/03_dense_layer/src/lib.rs", exercise("03_dense_layer").join("src/lib.rs")).unwrap();
        fs::remove_dir_all(exercise("04_mae").join("src")).unwrap();
        symlink("../../solutions/04_mae/src", exercise("04_mae").join("src")).unwrap();
        fs::remove_dir_all(exercise("05_manual_gradients")).unwrap();
        symlink("../solutions/05_manual_gradients", exercise("05_manual_gradients")).unwrap();
        fs::remove_file(exercise("06_buggy_training_loop").join("src/lib.rs")).unwrap();
        symlink("/etc/passwd", exercise("06_buggy_training_loop").join("src/lib.rs")).unwrap();
        write(&exercise("06_buggy_training_loop").join("src/other.rs"), "");
        symlink("/etc/passwd", exercise("01_perceptron").join("src/passwd.rs")).unwrap();

        // Too much, and odd.
        write(&exercise("02_elu").join("src/lib.rs"), "//".repeat(500_000));
        write(&exercise("01_perceptron").join("src/\n::error::oops.rs"), "");
        write(&exercise("01_perceptron").join("src/##[error]oops.rs"), "");
        write(&exercise("99_free_points").join("src/lib.rs"), "");
        write(&exercise("01_perceptron").join("src/data.bin"), "x");

        // Whatever decides how it is built and graded.
        let script = format!("fn main() {{ std::fs::write({pwned:?}, \"\").unwrap(); }}");
        write(&fork.join("grader/build.rs"), &script);
        write(&exercise("01_perceptron").join("build.rs"), &script);
        write(&exercise("01_perceptron").join(".cargo/config.toml"), format!("[build]\nrustc-wrapper = {pwned:?}\n"));
        write(&fork.join(".cargo/config.toml"), format!("[build]\nrustc-wrapper = {pwned:?}\n"));
        write(&fork.join("rust-toolchain.toml"), "[toolchain]\nchannel = \"1.0\"\n");
        write(&fork.join("Cargo.toml"), "[workspace]\nmembers = []\n");
        write(&fork.join("course.toml"), "format_version = 1\ntitle = \"Free\"\nexercise = []\n");
        write(&fork.join("grader/hidden/01_perceptron/checks.rs"), "pub(super) fn checks() -> Vec<Check> { vec![] }");
        write(&fork.join(".gitattributes"), "*.rs text eol=crlf filter=lfs\n");
        for place in ["report.json", "submitted/exercises/03_dense_layer/src/lib.rs", "exercises/report.json"] {
            write(&fork.join(place), forged().to_string());
        }
    });
    let graded = pull_request.grade();
    assert_eq!(graded.exit_code, Some(1), "{}", graded.log);
    assert!(!pwned.exists());
    let report: Value = serde_json::from_slice(&fs::read(graded.report.as_ref().unwrap()).unwrap()).unwrap();
    let exercises = report["exercises"].as_array().unwrap();
    assert_eq!(exercises.len(), 2, "{:?}", graded.log);
    assert_eq!(exercises[0]["exercise"], "01_perceptron");
    assert_eq!(exercises[0]["max_score"], 29);
    assert_ne!(exercises[0]["score"], 29);
    // What is left of this one has no lib.rs, which stops nobody else's grading.
    assert_eq!(exercises[1]["exercise"], "06_buggy_training_loop");
    assert_eq!(exercises[1]["score"], 0);
    for left_out in [
        "left out: exercises/03_dense_layer/src/lib.rs: it is not a regular file",
        "left out: exercises/01_perceptron/src/passwd.rs: it is not a regular file",
        "left out: exercises/02_elu/src/lib.rs: it has more than 262144 bytes",
        "left out: exercises/99_free_points/src/lib.rs: this course has no such exercise",
        "left out: exercises/01_perceptron/src/data.bin: only .rs files with plain names are graded",
    ] {
        assert!(graded.log.contains(left_out), "{left_out}\n{}", graded.log);
    }
    assert!(!graded.log.contains("::error::oops") && !graded.log.contains("##["), "{}", graded.log);
    assert!(!graded.log.contains("root:"), "{}", graded.log);

    let comment = pull_request.comment_text(graded.report.as_deref());
    assert!(comment.contains("01_perceptron") && !comment.contains("03_dense_layer"), "{comment}");
}

#[test]
fn a_policy_names_what_has_to_be_reached_and_a_change_what_is_graded() {
    let pull_request = PullRequest::with("03_dense_layer", &solution("03_dense_layer"));
    let fork = pull_request.folder.path().join("fork");
    write(&fork.join("exercises/04_mae/src/lib.rs"), format!("{} ", solution("04_mae")));
    commit(&fork);
    let ci = |arguments: &[&str]| {
        let mut grader = grader();
        grader.current_dir(class()).env("CARGO_TARGET_DIR", target()).env_remove("GITHUB_ACTIONS");
        grader.args(["ci", "--source"]).arg(&fork).args(arguments);
        let output = grader.output().unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, told) = ci(&["--require", "3,mae"]);
    assert_eq!(code, Some(0), "{told}");
    assert!(!told.contains("::notice"), "outside of GitHub Actions nobody reads annotations: {told}");
    let (code, told) = ci(&["--require", "3,2"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("Exercise 2 has to be complete, and has 0 of 31 points."), "{told}");
    assert_eq!(ci(&["--min-score", "46"]).0, Some(0));
    let (code, told) = ci(&["--min-score", "47"]);
    assert_eq!(code, Some(1));
    assert!(told.contains("At least 47 points are required; there are 46."), "{told}");

    let (code, told) = ci(&["--changed-since", "origin/main"]);
    assert!(code == Some(0) && told.contains("03_dense_layer") && told.contains("04_mae"), "{told}");
    let (code, told) = ci(&["--changed-since", "HEAD~1"]);
    assert!(code == Some(0) && !told.contains("03_dense_layer") && told.contains("04_mae"), "{told}");
    let (code, told) = ci(&["--changed-since", "no-such-branch"]);
    assert!(code == Some(2) && told.contains("git cannot tell what has changed since no-such-branch"), "{told}");
    let (code, told) = ci(&["4", "--changed-since", "HEAD"]);
    assert!(code == Some(2), "{told}");

    let junit = pull_request.folder.path().join("grade.xml");
    let (_, told) = ci(&["3", "--format", "json", "--format", &format!("junit={}", junit.display())]);
    let report: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(report["exercises"][0]["score"], 23);
    assert!(fs::read_to_string(junit).unwrap().contains("<testsuite"));

    // Not even where nobody has copied the files: a link above `src` could lead to the solution.
    fs::remove_dir_all(fork.join("exercises/05_manual_gradients")).unwrap();
    symlink("../solutions/05_manual_gradients", fork.join("exercises/05_manual_gradients")).unwrap();
    let (code, told) = ci(&[]);
    assert!(code == Some(2) && told.contains("is a link"), "{told}");
}

#[test]
fn a_tree_without_end_is_left_out_in_few_words() {
    let folder = tempfile::tempdir().unwrap();
    let bomb = folder.path().join("bomb");
    git(folder.path(), &["init", "--quiet", "--bare", "bomb"]);
    let stdin = |arguments: &[&str], input: &str| {
        let mut git = Command::new("git");
        git.arg("-C").arg(&bomb).args(arguments).stdin(std::process::Stdio::piped());
        let mut child = git.stdout(std::process::Stdio::piped()).spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
        text(&child.wait_with_output().unwrap().stdout).trim().to_owned()
    };
    let tree = |entries: &[(&str, &str, &str)]| {
        let lines = entries.iter().map(|(mode, object, name)| {
            format!("{mode} {} {object}\t{name}\n", if *mode == "040000" { "tree" } else { "blob" })
        });
        stdin(&["mktree"], &lines.collect::<String>())
    };
    let code = stdin(&["hash-object", "-w", "--stdin"], "fn one() {}\n");
    // Ten folders in each of ten, nine times: 10^9 files.
    let names: Vec<String> = (0..10).map(|digit| digit.to_string()).collect();
    let mut endless = tree(&names.iter().map(|name| ("100644", &*code, &**name)).collect::<Vec<_>>());
    for _ in 1..9 {
        endless = tree(&names.iter().map(|name| ("040000", &*endless, &**name)).collect::<Vec<_>>());
    }
    let long = "a".repeat(250);
    let files = [("100644", &*code, "lib.rs"), ("100644", &*code, &*format!("{long}.rs"))];
    let honest = tree(&[("040000", &*tree(&files), "src")]);
    let collect = |exercises: &[(&str, &str, &str)], to: &str| {
        let root = tree(&[("040000", &tree(exercises), "exercises")]);
        let commit = git(&bomb, &["commit-tree", &root, "-m", "Names"]);
        git(&bomb, &["update-ref", "HEAD", &commit]);
        let begun = std::time::Instant::now();
        let mut script = Command::new(course().join(".github/scripts/collect.sh"));
        let output = script.arg(&bomb).arg(folder.path().join(to)).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
        let said = text(&output.stdout);
        assert!(said.lines().count() < 60 && said.lines().all(|line| line.len() < 300), "{said}");
        assert!(folder.path().join(to).join("exercises/01_perceptron/src/lib.rs").is_file(), "{said}");
        said
    };
    let in_src = tree(&[("040000", &endless, "src")]);
    let said = collect(&[("040000", &honest, "01_perceptron"), ("040000", &in_src, "02_elu")], "in src");
    assert!(said.contains("its name has more than 200 characters"), "{said}");
    assert!(said.contains("left out: exercises/02_elu/src/0/0/0/0/0/0/0/0/0: only .rs files with"), "{said}");
    assert!(said.contains("left out: the rest") && said.contains(" more files\n"), "{said}");
    collect(&[("040000", &honest, "01_perceptron"), ("040000", &endless, "elsewhere")], "elsewhere");
}

#[test]
fn each_grading_has_a_seed_of_its_own_which_can_be_used_again() {
    let handed_in = tempfile::tempdir().unwrap();
    for exercise in ["03_dense_layer", "04_mae"] {
        write(&handed_in.path().join("exercises").join(exercise).join("src/lib.rs"), solution(exercise));
    }
    let seeds = |arguments: &[&str]| {
        let json = handed_in.path().join("report.json");
        let mut grader = grader();
        grader.current_dir(class()).env("CARGO_TARGET_DIR", target()).env_remove("GITHUB_ACTIONS");
        grader.args(["ci", "--format"]).arg(format!("json={}", json.display()));
        let output = grader.arg("--source").arg(handed_in.path()).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let report: Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
        let seeds = [0, 1].map(|index| report["exercises"][index]["seed"].as_u64().unwrap());
        assert_eq!(seeds[0], seeds[1], "one grading has one seed");
        let said = format!("The inputs were drawn with the seed {0}; --seed {0} draws them again.", seeds[0]);
        assert!(text(&output.stdout).contains(&said), "{}", text(&output.stdout));
        seeds[0]
    };
    let [one, other] = [seeds(&[]), seeds(&[])];
    assert_ne!(one, other);
    assert_eq!(seeds(&["--seed", &one.to_string()]), one);
}

/// Full marks that nobody has earned, in the grader's own form.
fn forged() -> Value {
    let check = json!({
        "after": [], "bonus": false, "diff": null, "duration_ms": 1, "expected": null, "file": null, "hint": null,
        "id": "a", "input": null, "line": null, "max_points": 23, "message": "", "mistake": null, "observed": null,
        "output": "", "points": 23, "status": "passed", "task": "a", "title": "a",
    });
    let exercise = json!({
        "bonus_score": 0, "checks": [check], "checks_digest": "sha256:0", "course": "Neuronlings", "course_commit": null,
        "diagnostics": [], "duration_ms": 1, "exercise": "03_dense_layer", "grader_version": "0.1.0", "max_bonus": 0,
        "max_score": 23, "output": "", "rustc_version": "rustc", "sandbox": "landlock+seccomp", "schema_version": 1,
        "score": 23, "seed": 1, "source_digest": "sha256:0", "status": "complete", "unchanged": false,
    });
    json!({"exercises": [exercise], "max_score": 23, "schema_version": 1, "score": 23})
}

#[test]
fn a_pull_request_that_edits_the_workflows_gets_no_grade_whatever_its_run_hands_on() {
    let pull_request = PullRequest::new(|fork| {
        write(&fork.join(".github/workflows/grade.yml"), "name: Grade\non: pull_request\njobs: {}\n");
    });
    let comment = pull_request.comment_on(forged().to_string());
    assert!(comment.contains("### Not graded") && comment.contains("changes <code>.github</code>"), "{comment}");
    assert!(!comment.contains("points"), "{comment}");

    // A further workflow of the same name, which leaves the real one alone.
    let pull_request = PullRequest::new(|fork| write(&fork.join(".github/workflows/other.yml"), "name: Grade\n"));
    assert!(pull_request.comment_on(forged().to_string()).contains("changes <code>.github</code>"));
    // And one of an earlier push: what its run hands on is not the report of the workflow that grades.
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), ""));
    let mut event = pull_request.event();
    event["workflow_run"]["path"] = json!(".github/workflows/other.yml");
    write(&pull_request.github("event.json"), event.to_string());
    assert!(pull_request.comment_on(forged().to_string()).contains("not the one that grades"));
}

/// What is wrong with a report, and how it comes about.
type Forgery<'a> = (&'static str, &'a dyn Fn(&mut Value));

#[test]
fn a_forged_report_is_refused() {
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), ""));
    let comment = |forge: &dyn Fn(&mut Value)| {
        let mut report = forged();
        forge(&mut report);
        pull_request.comment_on(report.to_string())
    };
    // What all of them are made from would be taken: only the other tests stand against it.
    assert!(comment(&|_| {}).contains("### 23 of 23 points"));

    let forgeries: [Forgery<'_>; 14] = [
        ("a sum that is not one", &|report| report["score"] = json!(24)),
        ("points beyond the most", &|report| report["exercises"][0]["checks"][0]["points"] = json!(24)),
        ("a text for a number", &|report| report["score"] = json!("23")),
        ("a fraction", &|report| report["exercises"][0]["duration_ms"] = json!(0.5)),
        ("less than nothing", &|report| report["exercises"][0]["checks"][0]["duration_ms"] = json!(-1)),
        ("an unknown key", &|report| report["comment"] = json!("![](https://example.org)")),
        ("an unknown key in a check", &|report| report["exercises"][0]["checks"][0]["html"] = json!("<b>")),
        ("a key less", &|report| _ = report["exercises"][0].as_object_mut().unwrap().remove("seed")),
        ("a name that is none", &|report| report["exercises"][0]["exercise"] = json!("03_x` @everyone")),
        ("a name with a second line", &|report| report["exercises"][0]["exercise"] = json!("03_x\n# Hello")),
        ("an unknown status", &|report| report["exercises"][0]["status"] = json!("perfect")),
        ("a status that the points deny", &|report| report["exercises"][0]["status"] = json!("incomplete")),
        ("another version", &|report| report["schema_version"] = json!(2)),
        ("the same exercise twice", &|report| {
            let twin = report["exercises"][0].clone();
            report["exercises"].as_array_mut().unwrap().push(twin);
            report["score"] = json!(46);
            report["max_score"] = json!(46);
        }),
    ];
    for (what, forge) in forgeries {
        let comment = comment(forge);
        assert!(comment.contains("not one that the grader writes"), "{what}: {comment}");
        assert!(!comment.contains(" points"), "{what}: {comment}");
    }
    for (what, contents) in [
        ("nothing", String::new()),
        ("no JSON", "{".to_owned()),
        ("a list", "[]".to_owned()),
        ("two documents", format!("{0}{0}", forged())),
        ("more than a report can be", format!("{}{}", " ".repeat(65_000_000), forged())),
    ] {
        let comment = pull_request.comment_on(contents);
        assert!(comment.contains("not one that the grader writes"), "{what}: {comment}");
    }
}

/// A report on exercise `number` in which every text of a submission is `text` again and again, far longer than it may be.
fn long(number: u32, text: &str) -> report::Report {
    let long = text.repeat(30_000);
    let check = json!({
        "after": [], "bonus": false, "diff": long, "duration_ms": 1, "expected": long, "file": long, "hint": long, "id": "a",
        "input": long, "line": 1, "max_points": 23, "message": long, "mistake": null, "observed": long, "output": long,
        "points": 0, "status": "failed", "task": "a", "title": "a".repeat(100),
    });
    let diagnostic = json!({
        "level": "warning", "code": long, "message": long, "label": long, "file": long, "line": 1, "column": 1,
        "rendered": long,
    });
    let name = format!("{number:02}_exercise");
    let mut report: report::Report = serde_json::from_value(json!({
        "course": "Neuronlings", "folder": long, "source_digest": "", "checks_digest": "", "course_commit": null, "seed": 7,
        "exercise": {"name": name, "number": number, "title": "An exercise", "minutes": 1, "requires": []},
        "rustc_version": "rustc", "sandbox": "none", "compiled": true, "checks": [check, check, check],
        "diagnostics": [diagnostic], "duration_ms": 1, "unchanged": false,
    }))
    .unwrap();
    report.clean();
    report
}

#[test]
fn no_text_is_too_long_for_a_comment() {
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), ""));
    // An honest one; characters of two, three and four bytes; and ones that grow when they are cleaned or shown.
    for (text, exercises) in [("left: [0.25, 0.5]", 1), ("ß", 1), ("漢", 1), ("\u{1f980}", 24), ("::\n", 1), ("##[", 1)]
    {
        let reports: Vec<_> = (1..=exercises).map(|number| long(number, text)).collect();
        let comment = pull_request.comment_on(report::json_of_all(&reports).unwrap());
        assert!(comment.contains(&format!("### 0 of {} points", 69 * exercises)), "{text:?}: {comment:.300}");
        assert!(comment.contains("- <code>aaa") && comment.contains("`--seed 7`"), "{text:?}: {comment:.300}");
        assert!(comment.chars().count() <= 65_536, "{text:?}: {}", comment.chars().count());
    }
}

#[test]
fn what_a_report_says_is_shown_as_plain_text() {
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), ""));
    let mut report = forged();
    report["score"] = json!(0);
    let exercise = &mut report["exercises"][0];
    exercise["score"] = json!(0);
    exercise["status"] = json!("incomplete");
    let check = &mut exercise["checks"][0];
    check["points"] = json!(0);
    check["status"] = json!("failed");
    check["title"] = json!("</code><img src=https://example.org/x>");
    check["message"] = json!(format!(
        "@everyone [x](https://example.org) `#1`\n# Big | \u{202e}\u{200b}\u{1b}[31m {}",
        "é&".repeat(5_000)
    ));
    let comment = pull_request.comment_on(report.to_string());
    let line = comment.lines().find(|line| line.starts_with("- <code>")).unwrap();
    let inner = line.replace("<code>", "").replace("</code>", "");
    let harmless = |c: char| c.is_ascii_alphanumeric() || " &#;:-".contains(c);
    assert!(inner.chars().all(harmless), "{line}");
    assert_eq!(line.matches("</code>").count(), 2, "{line}");
    assert!(inner.contains("&#64;everyone &#91;x&#93;&#40;https&#58;&#47;&#47;example&#46;org"), "{line}");
    assert!(line.len() < 3000, "{}", line.len());
}

#[test]
fn a_comment_is_replaced_and_only_the_bots_own() {
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), ""));
    let comments = json!([
        {"id": 10, "user": {"login": "student"}, "body": "<!-- the grade -->\n### 201 of 201 points"},
        {"id": 11, "user": {"login": "github-actions[bot]"}, "body": "Something else"},
        {"id": 12, "user": {"login": "github-actions[bot]"}, "body": "<!-- the grade -->\nan older one"},
    ]);
    write(&pull_request.github("comments.json"), comments.to_string());
    let report = pull_request.folder.path().join("report.json");
    write(&report, forged().to_string());
    let written = pull_request.comment(Some(&report));
    assert_eq!(written.len(), 1);
    assert_eq!(written[0]["call"], "PATCH issues/comments/12");
    // A run that could not grade leaves no old grade standing.
    let written = pull_request.comment(None);
    assert_eq!(written[0]["call"], "PATCH issues/comments/12");
    assert!(written[0]["body"].as_str().unwrap().contains("Nothing could be graded"));
}

#[test]
fn a_run_that_is_not_about_the_newest_commit_says_nothing() {
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), ""));
    write(&pull_request.github("pulls.json"), json!([{"number": 5, "head": {"sha": "another"}}]).to_string());
    let report = pull_request.folder.path().join("report.json");
    write(&report, forged().to_string());
    assert_eq!(pull_request.comment(Some(&report)), [] as [Value; 0]);
}

#[test]
fn only_builds_of_the_default_branch_are_used() {
    let pull_request = PullRequest::new(|fork| write(&fork.join("notes.md"), ""));
    let course = pull_request.folder.path().join("course");
    let script = course.join(".github/scripts/fetch-build.sh");
    write(&script, fs::read(class().join(".github/scripts/fetch-build.sh")).unwrap());
    let pack = |id: u32, what: &str| {
        let folder = tempfile::tempdir().unwrap();
        write(&folder.path().join("target/debug/who"), what);
        let archive = |program: &str, arguments: &[&str]| {
            assert!(Command::new(program).args(arguments).current_dir(&folder).status().unwrap().success());
        };
        archive("tar", &["-cf", "grader-build.tar", "target"]);
        archive("zip", &["-q", pull_request.github(&format!("{id}.zip")).to_str().unwrap(), "grader-build.tar"]);
    };
    let artifact = |id: u32, branch: &str, head_repository: u32, created_at: &str| {
        pack(id, &format!("{branch} of {head_repository}, {created_at}"));
        json!({
            "id": id, "name": "grader-build", "expired": false, "created_at": created_at,
            "workflow_run": {"head_branch": branch, "repository_id": 1, "head_repository_id": head_repository},
        })
    };
    let fetch = |artifacts: Value| {
        let _ = fs::remove_dir_all(course.join("target"));
        write(&pull_request.github("artifacts.json"), json!({"artifacts": artifacts}).to_string());
        let step = json!({"run": "course/.github/scripts/fetch-build.sh", "env": {"GH_TOKEN": "${{ github.token }}"}});
        let mut permissions = fs::metadata(&script).unwrap().permissions();
        std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
        fs::set_permissions(&script, permissions).unwrap();
        let output = pull_request.run(&step, pull_request.folder.path());
        assert!(output.status.success(), "{}", text(&output.stderr));
        fs::read_to_string(course.join("target/debug/who")).ok()
    };
    let strangers = [artifact(1, "main", 2, "2026-03-03T00:00:00Z"), artifact(2, "mine", 1, "2026-03-03T00:00:00Z")];
    assert_eq!(fetch(json!(strangers)), None);
    let old = artifact(3, "main", 1, "2026-01-01T00:00:00Z");
    let new = artifact(4, "main", 1, "2026-02-02T00:00:00Z");
    let all = json!([strangers[0], new, strangers[1], old]);
    assert_eq!(fetch(all).as_deref(), Some("main of 1, 2026-02-02T00:00:00Z"));
}

/// Runs Gradescope's `run_autograder` on a submission that `submit` makes; the results and the exit code.
fn gradescope(submit: impl FnOnce(&Path)) -> (Value, Option<i32>) {
    let autograder = tempfile::tempdir().unwrap();
    let submission = autograder.path().join("submission");
    fs::create_dir(&submission).unwrap();
    fs::create_dir(autograder.path().join("results")).unwrap();
    symlink(class(), autograder.path().join("source")).unwrap();
    submit(&submission);
    let output = autograder_script("run_autograder", autograder.path());
    let results = fs::read(autograder.path().join("results/results.json"));
    let results = results.unwrap_or_else(|_| panic!("{}{}", text(&output.stdout), text(&output.stderr)));
    (serde_json::from_slice(&results).unwrap(), output.status.code())
}

fn autograder_script(name: &str, autograder: &Path) -> Output {
    let mut script = Command::new(course().join("docs/gradescope").join(name));
    script.env("AUTOGRADER", autograder).env("CARGO_TARGET_DIR", target());
    script.output().unwrap()
}

#[test]
fn gradescope_gets_its_results() {
    let autograder = tempfile::tempdir().unwrap();
    symlink(class(), autograder.path().join("source")).unwrap();
    let set_up = autograder_script("setup.sh", autograder.path());
    assert!(set_up.status.success(), "{}{}", text(&set_up.stdout), text(&set_up.stderr));

    // The repository of the course, and the file alone.
    for file in ["exercises/03_dense_layer/src/lib.rs", "lib.rs"] {
        let (results, code) = gradescope(|submission| write(&submission.join(file), solution("03_dense_layer")));
        assert_eq!((results["score"].as_u64(), code), (Some(23), Some(0)), "{results:#}");
    }
    let wrong = solution("03_dense_layer").replacen(STD_DEV, "let std_dev = 2.0 / n_in as f64;", 1);
    let (results, code) = gradescope(|submission| write(&submission.join("lib.rs"), wrong));
    assert!(results["score"].as_u64().unwrap() < 23 && code == Some(0), "{results:#}");
    assert!(results.to_string().contains("is the variance"), "{results:#}");

    // Links to the solution, which lies in the same container.
    let the_solution = class().join("solutions/03_dense_layer");
    let hostile: [fn(&Path, &Path); 4] = [
        |submission, solution| symlink(solution.join("src/lib.rs"), submission.join("lib.rs")).unwrap(),
        |submission, solution| symlink(solution.parent().unwrap(), submission.join("exercises")).unwrap(),
        |submission, solution| {
            fs::create_dir(submission.join("exercises")).unwrap();
            symlink(solution, submission.join("exercises/03_dense_layer")).unwrap();
        },
        |submission, _| write(&submission.join("results.json"), "{\"score\": 23}"),
    ];
    for submit in hostile {
        let (results, code) = gradescope(|submission| submit(submission, &the_solution));
        assert_eq!((results["score"].as_u64(), code), (Some(0), Some(0)), "{results:#}");
    }
}

#[test]
fn gitlab_gets_its_grade() {
    let pipeline: Value =
        serde_saphyr::from_str(&fs::read_to_string(course().join("docs/gitlab-ci.yml")).unwrap()).unwrap();
    let pull_request = PullRequest::with("03_dense_layer", &solution("03_dense_layer"));
    symlink(class(), pull_request.folder.path().join("course")).unwrap();
    let fork = pull_request.folder.path().join("fork");
    let mut lines = pipeline["grade"]["script"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    assert_eq!(lines.next(), Some("git clone --quiet --depth 1 \"$COURSE\" ../course"), "the link above stands for it");
    for line in lines {
        let mut bash = Command::new("bash");
        bash.args(["-c", line]).current_dir(&fork).env("CARGO_TARGET_DIR", target()).env_remove("GITHUB_ACTIONS");
        let output = bash.output().unwrap();
        assert!(output.status.success(), "{line}: {}{}", text(&output.stdout), text(&output.stderr));
    }
    for file in [&pipeline["grade"]["artifacts"]["paths"][0], &pipeline["grade"]["artifacts"]["reports"]["junit"]] {
        assert!(fork.join(file.as_str().unwrap()).is_file(), "{file}");
        assert!(!class().join(file.as_str().unwrap()).exists(), "{file}");
    }
}
