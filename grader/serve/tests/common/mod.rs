//! A browser for tests: Chromium, which a program that speaks WebDriver drives.

#![allow(dead_code, reason = "each test file uses a part of this")]

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// A program that ends with the test.
pub(crate) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of what `command` prints that `begins` like this, and the program.
pub(crate) fn start(command: &mut Command, begins: &str) -> Option<(Running, String)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let lines = BufReader::new(child.stdout.take()?).lines();
    let running = Running(child);
    let line = lines.map_while(Result::ok).find(|line| line.contains(begins))?;
    Some((running, line))
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the course is there")
}

/// A course of one exercise alone, for tests that change something, or draw everything; with these limits, if there are any.
pub(crate) fn one_exercise(name: &str, limits: &str) -> tempfile::TempDir {
    let course = tempfile::tempdir().expect("a temporary folder");
    for folder in ["exercises", "solutions", "grader/hidden"] {
        for file in course::files::files_below(&root().join(folder).join(name)).expect("files") {
            let to = course.path().join(file.strip_prefix(root()).expect("it is below"));
            fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
            fs::copy(file, to).expect("a copy");
        }
    }
    let syllabus = fs::read_to_string(root().join("course.toml")).expect("the syllabus");
    let begins = format!("name = \"{name}\"");
    let entry = syllabus.split("[[exercise]]\n").find(|entry| entry.starts_with(&begins)).expect("the exercise");
    let entry: String =
        entry.lines().filter(|line| !line.starts_with("requires")).map(|line| format!("{line}\n")).collect();
    let limits = if limits.is_empty() { String::new() } else { format!("limits = {{ {limits} }}\n") };
    let text = format!("format_version = 1\ntitle = \"One exercise\"\n\n[[exercise]]\n{limits}{entry}");
    fs::write(course.path().join("course.toml"), text).expect("a syllabus");
    course
}

/// A browser of its own.
pub(crate) struct Browser {
    pub(crate) client: Client,
    _driver: Running,
}

impl Browser {
    /// Opens a window of this width; nothing, and a word about it, where there is no browser.
    pub(crate) async fn open(width: u32, scheme: &str) -> Option<Self> {
        let Some((driver, line)) = start(Command::new("chromedriver").arg("--port=0"), "started successfully on port")
        else {
            println!("NOT TESTED: there is no chromedriver (Debian's packages chromium and chromium-driver)");
            return None;
        };
        let port: String = line.chars().filter(char::is_ascii_digit).collect();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &format!("--window-size={width},1000"),
            &format!("--blink-settings=preferredColorScheme={}", if scheme == "dark" { 0 } else { 1 }),
        ];
        let capabilities = json!({ "goog:chromeOptions": { "args": arguments } });
        let Value::Object(capabilities) = capabilities else { unreachable!("it is an object") };
        let mut connection = ClientBuilder::new(HttpConnector::new());
        connection.capabilities(capabilities);
        let address = format!("http://127.0.0.1:{port}");
        // Where a machine has much to do, Chromium does not always start in the time that its driver gives it.
        let mut tries = 1;
        let client = loop {
            match connection.connect(&address).await {
                Ok(client) => break client,
                Err(error) if tries == 3 => panic!("the browser does not start: {error}"),
                Err(_) => tries += 1,
            }
        };
        Some(Self { client, _driver: driver })
    }

    /// Ends the browser, which would outlive its driver.
    pub(crate) async fn close(self) {
        self.client.close().await.expect("the browser ends");
    }

    pub(crate) async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until `script` returns something that is true.
    pub(crate) async fn until(&self, script: &str) {
        let patience = Instant::now() + Duration::from_secs(120);
        while self.run(&format!("return Boolean({script})")).await != json!(true) {
            if Instant::now() > patience {
                panic!("never true: {script}\n{}", self.run("return document.body.innerText").await);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Holds the page against the rules of axe-core, which `.ci/run` installs. Without it that is said, and nothing is tested.
    pub(crate) async fn is_accessible(&self) {
        let Ok(axe) = fs::read_to_string(root().join("target/axe/node_modules/axe-core/axe.min.js")) else {
            println!("NOT TESTED: there is no axe-core; `npm install --prefix target/axe axe-core` brings it");
            return;
        };
        self.run(&axe).await;
        let script = "const done = arguments[0];
            axe.run({ resultTypes: ['violations'] }).then(
                (found) => done(found.violations.map((rule) => [rule.id, rule.help, rule.nodes.slice(0, 5).map((node) => node.html + ' ' + node.failureSummary)])),
                (error) => done(String(error)));";
        let violations = self.client.execute_async(script, Vec::new()).await.expect("axe runs");
        assert_eq!(violations, json!([]), "{violations:#}");
    }
}

pub(crate) fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}
