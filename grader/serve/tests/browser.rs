//! The page in a real browser: Chromium, which a program that speaks WebDriver drives. Without one it is said, and nothing is
//! tested.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The first line of what `command` prints that `begins` like this, and the program.
fn start(command: &mut Command, begins: &str) -> Option<(Running, String)> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let lines = BufReader::new(child.stdout.take()?).lines();
    let running = Running(child);
    let line = lines.map_while(Result::ok).find(|line| line.contains(begins))?;
    Some((running, line))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the course is there")
}

/// A page on a submission, in a browser of its own.
struct Page {
    client: Client,
    lib: PathBuf,
    _folder: tempfile::TempDir,
    _driver: Running,
    _server: Running,
    address: String,
}

impl Page {
    /// Shows the solution of an exercise; nothing where there is no browser.
    async fn open(exercise: &str, width: u32, scheme: &str) -> Option<Self> {
        let Some((driver, line)) = start(Command::new("chromedriver").arg("--port=0"), "started successfully on port")
        else {
            println!("NOT TESTED: there is no chromedriver (Debian's packages chromium and chromium-driver)");
            return None;
        };
        let port: String = line.chars().filter(char::is_ascii_digit).collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let lib = folder.path().join("src/lib.rs");
        fs::create_dir(folder.path().join("src")).expect("a folder");
        fs::copy(root().join("solutions").join(exercise).join("src/lib.rs"), &lib).expect("a solution");
        let mut serve = Command::new(env!("CARGO_BIN_EXE_serve"));
        serve.arg(root()).args([exercise, "0", "-"]).arg(folder.path());
        let (server, line) = start(&mut serve, "Serving ").expect("the server starts");
        let address = line.trim_start_matches("Serving ").to_owned();

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
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(capabilities)
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("the browser starts");
        client.goto(&address).await.expect("the page loads");
        Some(Self { client, lib, _folder: folder, _driver: driver, _server: server, address })
    }

    /// Ends the browser, which would outlive its driver.
    async fn close(self) {
        self.client.close().await.expect("the browser ends");
    }

    async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    /// Waits until `script` returns something that is true.
    async fn until(&self, script: &str) {
        let patience = Instant::now() + Duration::from_secs(120);
        while self.run(&format!("return Boolean({script})")).await != json!(true) {
            assert!(Instant::now() < patience, "never true: {script}\n{}", self.verdict().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn verdict(&self) -> String {
        self.client.find(Locator::Id("verdict")).await.expect("a verdict").text().await.expect("text")
    }

    fn write(&self, edit: impl Fn(&str) -> String) {
        let text = fs::read_to_string(&self.lib).expect("the submission");
        let edited = edit(&text);
        assert_ne!(text, edited, "the edit finds its place");
        fs::write(&self.lib, edited).expect("the folder is ours");
    }
}

fn block_on(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test);
}

const DRAWN: &str = "document.body.dataset.drawn";

#[test]
fn a_save_changes_the_verdict_and_the_pictures() {
    block_on(async {
        let Some(page) = Page::open("05_manual_gradients", 1280, "light").await else { return };
        page.until(DRAWN).await;
        assert!(page.verdict().await.contains("30 of 30 points, complete"), "{}", page.verdict().await);
        let before = page.run("return document.querySelector('#picture-bowl svg').outerHTML").await;
        page.write(|text| text.replacen("pub fn gd_step", "pub fn no_step", 1));
        page.until("document.querySelector('#verdict').textContent.includes('does not compile')").await;
        assert!(page.verdict().await.contains("gd_step"), "rustc's own words");
        page.until("document.querySelector('#trouble').textContent.includes('does not compile')").await;

        page.write(|text| {
            text.replacen("pub fn no_step", "pub fn gd_step", 1).replacen("- learning_rate", "+ learning_rate", 1)
        });
        page.until("document.querySelector('#verdict .wrong')").await;
        page.until("!document.querySelector('#trouble').textContent").await;
        let after = page.run("return document.querySelector('#picture-bowl svg').outerHTML").await;
        assert_ne!(before, after);
        let said = page.run("return document.querySelector('#said').textContent").await;
        assert!(said.as_str().is_some_and(|said| said.contains("points, not complete yet")), "{said}");
        page.close().await;
    });
}

#[test]
fn what_is_varied_is_drawn_of_the_code_itself() {
    block_on(async {
        let Some(page) = Page::open("05_manual_gradients", 390, "dark").await else { return };
        page.until(DRAWN).await;
        // The lesson's figures are there, in the colours of the page.
        let figures = "[...document.querySelectorAll('#lesson picture img')]";
        let is_shown = "(figure) => figure.naturalWidth > 0 && figure.currentSrc.endsWith('.dark.svg')";
        page.until(&format!("{figures}.length && {figures}.every({is_shown})")).await;
        // Nothing is wider than a phone.
        assert_eq!(page.run("return document.documentElement.scrollWidth <= innerWidth").await, json!(true));
        let count = page.run(&format!("return Number({DRAWN})")).await;
        let circles = "document.querySelectorAll('#picture-bowl circle').length";
        let many = page.run(&format!("return {circles}")).await;
        page.run(
            "const slider = document.querySelectorAll('#picture-bowl input[type=range]')[1];
             slider.value = 0; slider.dispatchEvent(new Event('input', { bubbles: true }));",
        )
        .await;
        page.until(&format!("Number({DRAWN}) > {count}")).await;
        let few = page.run(&format!("return {circles}")).await;
        assert!(few.as_u64() < many.as_u64(), "no steps are fewer than {many}: {few}");

        // The ball is moved with the keyboard.
        let ball = "document.querySelector('#picture-bowl .handles button')";
        let place = page.run(&format!("return {ball}.getAttribute('aria-label')")).await;
        page.run(&format!("{ball}.focus(); {ball}.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'ArrowRight', shiftKey: true, bubbles: true }}));")).await;
        page.until(&format!("{ball}.getAttribute('aria-label') !== {place}")).await;
        page.close().await;
    });
}

#[test]
fn a_digit_is_drawn_and_read() {
    block_on(async {
        let Some(page) = Page::open("14_mnist_mlp", 1280, "light").await else { return };
        page.until(DRAWN).await;
        // What stands above the tallest bar.
        let read = "[...document.querySelectorAll('#picture-drawing text')].map((text) => text.textContent.trim()).filter((text) => text.endsWith('%'))";
        page.until(&format!("{read}.includes('100 %')")).await;
        // A 1: one stroke from the top to the bottom.
        page.run(
            "const canvas = document.querySelector('#picture-drawing canvas');
             canvas.scrollIntoView();
             const clear = [...document.querySelectorAll('#picture-drawing button')].find((button) => button.textContent === 'Clear');
             clear.click();
             const box = canvas.getBoundingClientRect();
             const event = (kind, share) => new PointerEvent(kind, {
               pointerId: 1, bubbles: true, clientX: box.left + box.width * 0.5, clientY: box.top + box.height * share });
             canvas.setPointerCapture = () => {}; canvas.hasPointerCapture = () => true;
             canvas.dispatchEvent(event('pointerdown', 0.05));
             for (let share = 0.1; share < 1; share += 0.1) canvas.dispatchEvent(event('pointermove', share));",
        )
        .await;
        // The tallest bar belongs to the digit below it: 1.
        let tallest = "(() => {
            const bars = [...document.querySelectorAll('#picture-drawing rect')].filter((bar) => bar.getAttribute('fill') === '#0072B2');
            const highest = Math.max(...bars.map((bar) => Number(bar.getAttribute('height'))));
            return bars.findIndex((bar) => Number(bar.getAttribute('height')) === highest);
        })()";
        page.until(&format!("{tallest} === 2")).await;
        page.close().await;
    });
}

#[test]
fn nobody_else_is_answered() {
    block_on(async {
        let Some(page) = Page::open("02_elu", 1280, "light").await else { return };
        page.until(DRAWN).await;
        // Another page of the same browser: it has the address, and even then it gets nothing to read.
        page.client.goto("data:text/html,<title>elsewhere</title>").await.expect("a page");
        let script = format!(
            "const done = arguments[0];
             fetch('{}/draw', {{ method: 'POST', body: '{{}}' }}).then(() => done('answered'), () => done('refused'));",
            page.address
        );
        let answer = page.client.execute_async(&script, Vec::new()).await.expect("it runs");
        assert_eq!(answer, json!("refused"));
        // A wrong key is no key.
        let (start, _) = page.address.split_once("/02_elu").expect("an address");
        page.client.goto(&format!("{}0/02_elu", &start[..start.len() - 1])).await.expect("a page");
        let text = page.run("return document.body.textContent").await;
        assert!(text.as_str().is_some_and(|text| text.contains("There is nothing here")), "{text}");
        page.close().await;
    });
}

#[test]
fn text_from_a_submission_is_text() {
    block_on(async {
        let Some(page) = Page::open("02_elu", 1280, "light").await else { return };
        page.until(DRAWN).await;
        let hostile = "<img src=x onerror=document.title='owned'><script>document.title='owned'</script>";
        page.write(|text| {
            let body = format!("{{ println!(\"{hostile}\"); panic!(\"{hostile}\"); }}\nfn unused(z: f64) -> f64 {{");
            text.replacen("pub fn relu(z: f64) -> f64 {", &format!("pub fn relu(z: f64) -> f64 {body}"), 1)
        });
        page.until("document.querySelector('#verdict').textContent.includes('onerror')").await;
        page.until("document.querySelector('#picture-relatives svg').textContent.includes('panicked')").await;
        assert_eq!(page.run("return document.querySelectorAll('#side img, #side script').length").await, json!(0));
        assert_ne!(page.run("return document.title").await, json!("owned"));
        page.close().await;
    });
}
