//! The page in a real browser: Chromium, which a program that speaks WebDriver drives. Without one it is said, and nothing is
//! tested.

mod common;
#[path = "../../tests/attacks/suite.rs"]
mod suite;

use std::{
    fs,
    ops::Deref,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use common::{Browser, Running, block_on, one_exercise, root, root as course, start};
use fantoccini::Locator;
use serde_json::{Value, json};
use suite::{Attack, NEVER_TOLD, SECRET, attacks, filled};

/// A page on a submission, in a browser of its own.
struct Page {
    browser: Browser,
    lib: PathBuf,
    _folder: tempfile::TempDir,
    _server: Running,
    address: String,
}

impl Deref for Page {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

impl Page {
    /// Shows the solution of an exercise; nothing where there is no browser.
    async fn open(exercise: &str, width: u32, scheme: &str) -> Option<Self> {
        Self::open_in(&root(), exercise, width, scheme).await
    }

    /// The same in another course.
    async fn open_in(course: &Path, exercise: &str, width: u32, scheme: &str) -> Option<Self> {
        let browser = Browser::open(width, scheme).await?;
        let folder = tempfile::Builder::new().prefix(ODD).tempdir().expect("a temporary folder");
        let lib = folder.path().join("src/lib.rs");
        fs::create_dir(folder.path().join("src")).expect("a folder");
        fs::copy(root().join("solutions").join(exercise).join("src/lib.rs"), &lib).expect("a solution");
        let mut serve = Command::new(env!("CARGO_BIN_EXE_serve"));
        serve.arg(course).args([exercise, "0", "-"]).arg(folder.path()).env("NEURONLINGS_SECRET", SECRET);
        let (server, line) = start(&mut serve, "Serving ").expect("the server starts");
        let address = line.trim_start_matches("Serving ").to_owned();
        browser.client.goto(&address).await.expect("the page loads");
        Some(Self { browser, lib, _folder: folder, _server: server, address })
    }

    async fn close(self) {
        self.browser.close().await;
    }

    async fn verdict(&self) -> String {
        self.client.find(Locator::Id("verdict")).await.expect("a verdict").text().await.expect("text")
    }

    /// Waits for a verdict after the one with this number, with this state and these words, whatever separates words.
    async fn tells(&self, before: &Value, name: &str, state: &str, says: &str) {
        let bare = |text: &str| json!(text.replace(|c: char| c == '`' || c.is_whitespace(), ""));
        self.until(&format!(
            "(() => {{ // {}
                const text = document.querySelector('#verdict').textContent.replace(/[\\s`]/g, '');
                return Number(document.body.dataset.graded) > {before} && text.includes({}) && text.includes({});
            }})()",
            name.lines().next().unwrap_or_default(),
            bare(state),
            bare(says)
        ))
        .await;
    }

    /// Nothing of a submission's has become a part of the page, nothing that it must not know is told, and nothing is too wide.
    async fn is_unharmed(&self, title: &Value, name: &str) {
        let tags = "return document.querySelectorAll('#side :is(img, script, style, iframe, link, form, a)').length";
        assert_eq!(self.run(tags).await, json!(0), "{name}");
        assert_eq!(self.run("return document.title").await, *title, "{name}");
        let fits = self.run("return document.documentElement.scrollWidth <= innerWidth").await;
        assert_eq!(fits, json!(true), "{name}");
        let side = self.run("return document.querySelector('#side').textContent").await;
        // A line of source may be shown.
        let side = side.as_str().unwrap_or_default().replace("\"PWNED\"", "");
        for secret in NEVER_TOLD {
            assert!(!side.contains(secret), "{name}: {side}");
        }
        let steering = |c: char| (c.is_control() && c != '\n' && c != '\t') || c == '\u{202e}';
        assert!(!side.contains(steering), "{name}: {side}");
    }

    fn write(&self, edit: impl Fn(&str) -> String) {
        let text = fs::read_to_string(&self.lib).expect("the submission");
        let edited = edit(&text);
        assert_ne!(text, edited, "the edit finds its place");
        fs::write(&self.lib, edited).expect("the folder is ours");
    }
}

/// What a folder's name may hold. In an address, in HTML or on a command line most of it means something.
const ODD: &str = "<b>ö &lt; 50 %41 #1 'it' \"x\" ";

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
            text.replacen("pub fn no_step", "pub fn gd_step", 1)
                .replacen("- learning_rate", "+ learning_rate", 1)
                .replacen("let a1 = z1.mapv(sigmoid);", "let a1 = z1.mapv(f64::tanh);", 1)
        });
        page.until("document.querySelector('#verdict .wrong')").await;
        assert!(page.verdict().await.contains("skipped until this passes: two_layer_step"), "why a task is open");
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

        // The file that is shown is named, which is not the learner's.
        let named = page.run("return document.querySelector('#pictures .soft').textContent").await;
        assert!(named.as_str().is_some_and(|named| named.contains(&*page.lib.to_string_lossy())), "{named}");

        // What is played goes on by itself, and stops when something else is varied.
        page.run(
            "for (const button of document.querySelectorAll('#picture-bowl .controls button')) button.textContent === 'Play' && button.click();",
        )
        .await;
        page.until("document.querySelectorAll('#picture-bowl input[type=range]')[1].value > 3").await;
        page.run(
            "const slider = document.querySelector('#picture-bowl input[type=range]');
             slider.value = 10; slider.dispatchEvent(new Event('input', { bubbles: true }));",
        )
        .await;
        let is_playing =
            "[...document.querySelectorAll('#picture-bowl button')].some((button) => button.textContent === 'Pause')";
        assert_eq!(page.run(&format!("return {is_playing}")).await, json!(false));

        // The ball is moved with the keyboard.
        let ball = "document.querySelector('#picture-bowl .handles button')";
        let place = page.run(&format!("return {ball}.getAttribute('aria-label')")).await;
        page.run(&format!("{ball}.focus(); {ball}.dispatchEvent(new KeyboardEvent('keydown', {{ key: 'ArrowRight', shiftKey: true, bubbles: true }}));")).await;
        page.until(&format!("{ball}.getAttribute('aria-label') !== {place}")).await;
        page.close().await;
    });
}

#[test]
fn a_training_streams_and_is_paused_stepped_scrubbed_and_cut_off() {
    block_on(async {
        let Some(page) = Page::open("06_buggy_training_loop", 1280, "light").await else { return };
        page.until(DRAWN).await;
        let graded = page.run("return Number(document.body.dataset.graded)").await;
        // So slow that no training is finished at once.
        page.write(|text| {
            let (before, after) = text.split_once("pub fn softmax_classifier_step").expect("the step");
            let slow = "{\n    (0..100_000).for_each(|n| { std::hint::black_box(n); });";
            format!("{before}pub fn softmax_classifier_step{}", after.replacen('{', slow, 1))
        });
        // The epochs that are shown, in tens: a number, or `3 of 40` while the training goes on.
        page.run(
            "window.field = [...document.querySelectorAll('#picture-switches fieldset')].find((field) => field.querySelector('button'));
             window.shown = () => field.querySelector('output').textContent;
             window.press = (name) => [...field.querySelectorAll('button')].find((button) => button.textContent === name).click();
             window.slide = (slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', { bubbles: true })); };
             window.epochs = field.querySelector('input');
             window.rate = [...document.querySelectorAll('#picture-switches label')].find((label) => label.textContent.startsWith('learning rate')).querySelector('input');
             window.drawing = () => document.querySelector('#picture-switches svg').outerHTML;",
        )
        .await;
        let stands = async || {
            let before = page.run("return shown()").await;
            tokio::time::sleep(Duration::from_millis(500)).await;
            assert_eq!(page.run("return shown()").await, before);
            before.as_str().expect("text").parse::<u32>().expect("a number")
        };
        page.until(&format!("Number(document.body.dataset.graded) > {graded}")).await;

        // It streams by itself, and stands still where it is paused.
        page.until("/^[2-9] of 40$/.test(shown())").await;
        page.run("press('Pause')").await;
        page.until("/^\\d+$/.test(shown())").await;
        let paused = stands().await;
        assert!((2..40).contains(&paused), "{paused}");
        let drawing = page.run("return drawing()").await;

        // One step further, and back to the beginning and to where it was: the picture is the same again.
        page.run("press('Step')").await;
        page.until(&format!("shown() === '{}' && drawing() !== {drawing}", paused + 1)).await;
        page.run("slide(epochs, 0)").await;
        page.until("shown() === '0'").await;
        page.run(&format!("slide(epochs, {paused})")).await;
        page.until(&format!("shown() === '{paused}' && drawing() === {drawing}")).await;

        // It is played, and stands still where it is paused.
        page.run("slide(epochs, 0); press('Play')").await;
        page.until("shown() >= 4").await;
        page.run("press('Pause')").await;
        let played = stands().await;
        assert!(played >= 4, "{played}");

        // Another learning rate stops what is played. Its own training begins anew, and ends where the other was.
        page.run("slide(epochs, 0); press('Play')").await;
        page.until("shown() >= 4").await;
        page.run(
            "window.seen = [];
             new MutationObserver(() => seen.push(shown())).observe(field, { subtree: true, childList: true });
             slide(rate, 150);",
        )
        .await;
        page.until("seen.some((text) => text.startsWith('1 of')) && /^\\d+$/.test(shown())").await;
        assert!(stands().await < 40);
        let playing = "[...field.querySelectorAll('button')].some((button) => button.textContent === 'Pause')";
        assert_eq!(page.run(&format!("return {playing}")).await, json!(false));

        // It cuts off what streams.
        page.run("slide(epochs, 40)").await;
        page.until("parseInt(shown()) >= 8 && shown() !== '40'").await;
        page.run("seen.length = 0; slide(rate, 50)").await;
        page.until("shown() === '40'").await;
        let seen = page.run("return seen").await;
        assert!(seen.as_array().is_some_and(|seen| seen.contains(&json!("1 of 40"))), "{seen}");
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
            const bars = document.querySelector('#picture-drawing path[fill=\"#0072B2\"]').getAttribute('d');
            const heights = [...bars.matchAll(/v(\\d+)/g)].map((height) => Number(height[1]));
            return heights.indexOf(Math.max(...heights));
        })()";
        page.until(&format!("{tallest} === 1")).await;
        page.close().await;
    });
}

/// Moves every control of the page to both ends and back, counts the moves in `moved`, and notes in `wrong` which pictures then
/// say that something could not be drawn.
const TO_BOTH_ENDS: &str = "
    window.wrong = [];
    const drawn = () => new Promise((then) => {
      const observer = new MutationObserver(() => { observer.disconnect(); then(); });
      observer.observe(document.body, { attributeFilter: ['data-drawn'] });
    });
    let moved = 0;
    const move = async (control, event, value) => {
      if (value !== undefined && String(control.value) === String(value)) return;
      const shown = drawn();
      if (value !== undefined) control.value = value;
      control.dispatchEvent(event);
      await shown;
      moved += 1;
      const { id } = control.closest('figure');
      const texts = [...document.querySelectorAll(`#${id} text, #trouble`)].map((node) => node.textContent).join(' ');
      if (/panicked|was not run|seconds|NaN|numbers instead|still to do|failed/.test(texts)) wrong.push(`${id} at ${value}: ${texts}`);
    };
    (async () => {
      const kinds = 'input[type=range], label > select, button, canvas';
      for (const control of document.querySelectorAll(`#pictures .controls :is(${kinds})`)) {
        const event = (name) => new Event(name, { bubbles: true });
        const usual = control.value;
        if (control.matches('input')) {
          for (const value of [control.min, control.max, usual]) await move(control, event('input'), value);
        } else if (control.matches('select') && !control.closest('fieldset')) {
          for (const value of [...control.options].map((option) => option.value)) await move(control, event('change'), value);
          await move(control, event('change'), usual);
        } else if (control.matches('canvas')) {
          await move(control, new KeyboardEvent('keydown', { key: ' ', bubbles: true }));
        } else if (/^(Another|Clear)/.test(control.textContent)) {
          await move(control, event('click'));
        }
      }
      window.moved = moved;
    })();";

#[test]
fn no_control_leads_to_an_error() {
    block_on(async {
        for exercise in ["13_data_pipeline", "19_batch_norm", "20_save_load", "22_convolution", "25_framework_digits"] {
            let Some(page) = Page::open(exercise, 1280, "light").await else { return };
            page.until(DRAWN).await;
            page.run(TO_BOTH_ENDS).await;
            page.until("window.moved").await;
            assert_eq!(page.run("return window.wrong").await, json!([]), "{exercise}");
            page.close().await;
        }
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
        // A key that is wrong in its last digit is no key.
        let (start, _) = page.address.split_once("/02_elu").expect("an address");
        let (rest, last) = start.split_at(start.len() - 1);
        let other = if last == "0" { "1" } else { "0" };
        page.client.goto(&format!("{rest}{other}/02_elu")).await.expect("a page");
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

#[test]
fn nobody_is_kept_out_by_how_the_page_is_made() {
    block_on(async {
        for scheme in ["light", "dark"] {
            let Some(page) = Page::open("05_manual_gradients", 1280, scheme).await else { return };
            page.until(DRAWN).await;
            page.until("document.querySelector('.question')").await;
            page.is_accessible().await;
            page.close().await;
        }
    });
}

#[test]
fn questions_are_answered_in_the_page() {
    block_on(async {
        let Some(page) = Page::open("05_manual_gradients", 390, "light").await else { return };
        page.until("document.querySelectorAll('.question').length > 6").await;
        assert_eq!(page.run("return document.documentElement.scrollWidth <= innerWidth").await, json!(true));
        // The first option of the first question with options, chosen with the keyboard's key for it.
        let form = "document.querySelector('.question:has(input[type=radio])')";
        page.run(&format!("{form}.querySelector('input').focus()")).await;
        let chosen = page.client.active_element().await.expect("the option");
        chosen.send_keys(" ").await.expect("a key");
        chosen.send_keys("\u{e007}").await.expect("a key");
        page.until(&format!("['right', 'wrong'].includes({form}.dataset.verdict)")).await;
        // In the end one of the options is right, and each has a reason.
        page.run(&format!(
            "const form = {form};
             const next = (at) => {{
               const options = form.querySelectorAll('input');
               if (form.dataset.verdict === 'right' || at === options.length) return;
               options[at].click();
               form.requestSubmit();
               setTimeout(() => next(at + 1), 300);
             }};
             next(0);"
        ))
        .await;
        page.until(&format!("{form}.dataset.verdict === 'right'")).await;
        assert_eq!(
            page.run(&format!("return {form}.querySelector('.said').textContent.length > 30")).await,
            json!(true)
        );
        page.close().await;
    });
}

#[test]
fn all_pages_show_what_was_answered() {
    block_on(async {
        let Some(page) = Page::open("05_manual_gradients", 1280, "light").await else { return };
        let form = "document.querySelector('.question:has(input[type=radio])')";
        let said = format!("{form}?.querySelector('.said').textContent");
        page.until(form).await;
        let first = page.client.window().await.expect("a window");
        let second = page.client.new_window(true).await.expect("another window").handle;
        page.client.switch_to_window(second.clone()).await.expect("it is there");
        page.client.goto(&page.address).await.expect("the page loads");
        page.until(form).await;
        page.run(&format!("{form}.querySelector('input').click(); {form}.requestSubmit();")).await;
        page.until(&format!("{form}.dataset.verdict")).await;
        let words = page.run(&format!("return {said}")).await;
        // The other page tells the same without being loaded again, and this one after it.
        page.client.switch_to_window(first).await.expect("it is there");
        page.until(&format!("{said} === {words}")).await;
        page.client.switch_to_window(second).await.expect("it is there");
        page.client.refresh().await.expect("the page loads again");
        page.until(&format!("{said} === {words} && {form}.querySelector('input').checked")).await;
        page.close().await;
    });
}

#[test]
fn an_open_question_does_not_end_when_no_point_is_ticked_by_mistake() {
    block_on(async {
        let Some(page) = Page::open("05_manual_gradients", 390, "light").await else { return };
        let form = "document.querySelector('.question:has(textarea)')";
        page.until(form).await;
        page.run(&format!("{form}.querySelector('textarea').value = 'because'; {form}.requestSubmit();")).await;
        page.until(&format!("{form}.dataset.verdict === 'more'")).await;
        page.run(&format!("{form}.requestSubmit()")).await;
        page.until(&format!("{form}.textContent.includes('No point is ticked')")).await;
        assert_eq!(page.run(&format!("return {form}.dataset.verdict")).await, json!("more"));
        page.run(&format!("{form}.querySelector('.said input').click(); {form}.requestSubmit();")).await;
        page.until(&format!("['right', 'partly'].includes({form}.dataset.verdict)")).await;
        page.close().await;
    });
}

#[test]
fn the_first_answer_is_noted_where_the_terminal_notes_it() {
    block_on(async {
        let Some(browser) = Browser::open(1280, "dark").await else { return };
        let course = one_exercise("02_elu", "");
        let mut serve = Command::new(env!("CARGO_BIN_EXE_serve"));
        let (_server, line) =
            start(serve.arg(course.path()).args(["02_elu", "0", "-"]), "Serving ").expect("the server starts");
        let address = line.trim_start_matches("Serving ").to_owned();
        browser.client.goto(&address).await.expect("the page loads");
        let form = "document.querySelector('.question:has(input[type=radio])')";
        browser.until(form).await;
        let id = browser.run(&format!("return {form}.id.replace('question-', '')")).await;
        // Both answers are judged, and the first one is noted.
        let mut verdicts = Vec::new();
        for option in 0..2 {
            browser
                .run(&format!(
                    "const form = {form}; form.dataset.verdict = ''; form.querySelectorAll('input')[{option}].click(); form.requestSubmit();"
                ))
                .await;
            browser.until(&format!("{form}.dataset.verdict")).await;
            verdicts.push(browser.run(&format!("return {form}.dataset.verdict")).await);
            if verdicts == ["right"] {
                break;
            }
        }
        let noted = fs::read_to_string(course.path().join("exercises/02_elu/answers.json")).expect("answers");
        let noted: Value = serde_json::from_str(&noted).expect("JSON");
        let answered = &noted["questions"][id.as_str().expect("an id")];
        assert_eq!(answered["first_right"], json!(verdicts[0] == "right"), "{noted}");
        browser.client.goto(&address).await.expect("the page loads");
        browser.until(form).await;
        let legend = browser.run(&format!("return {form}.querySelector('legend').textContent")).await;
        let state = if verdicts[0] == "right" { "understood" } else { "not right at first" };
        assert!(legend.as_str().is_some_and(|legend| legend.ends_with(state)), "{legend}");
        browser.close().await;
    });
}

/// Text that would do something if it were more than text: as HTML, in a terminal, and by its length.
fn hostile_texts() -> [String; 4] {
    let html = "</script></style></svg></pre><img src=x onerror=document.title=1><script>document.title=1</script>";
    [
        html.to_owned(),
        html.replace('<', "&lt;").replace('>', "&#62;"),
        "long".repeat(5000),
        "\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{202e}\\u{0}::error::x".to_owned(),
    ]
}

/// What has to come of an attack in the page: the state, and the words of the terminal. Some have limits of their own, which the
/// page has not; of these only the state is told.
fn told(attack: &Attack) -> (&'static str, &str) {
    let (outcome, says) = attack.gate.split_once(": ").unwrap_or((&attack.gate, ""));
    let says = if attack.limits.is_some() { "" } else { says };
    match outcome {
        "refused" => ("doesnotcompile", says),
        // Of checks that pass the page says no more.
        "full marks" => (",complete", ""),
        // It may not compile.
        "no point" => ("points,", ""),
        _ => ("notcompleteyet", says),
    }
}

#[test]
fn attacks_leave_the_page_usable_and_are_told_as_in_the_terminal() {
    block_on(async {
        let course = one_exercise("03_dense_layer", "seconds = 2, total_seconds = 20");
        let Some(page) = Page::open_in(course.path(), "03_dense_layer", 390, "light").await else { return };
        page.until(DRAWN).await;
        let title = page.run("return document.title").await;
        let solution = fs::read_to_string(&page.lib).expect("the solution");
        let place = tempfile::tempdir().expect("a temporary folder");
        let secret = place.path().join("secret.txt");
        fs::write(&secret, SECRET).expect("a file");
        let places = [
            ("course", root().display().to_string()),
            ("secret", secret.display().to_string()),
            ("place", place.path().display().to_string()),
        ];
        // Some take all the time that they are allowed, which is no matter of the page.
        let takes_long = |limits: &str| ["compile", "cpu", "total"].iter().any(|limit| limits.contains(limit));
        let all = attacks();
        // The terminal is tested with the odd folders: to the page, two that cannot be read look alike.
        let suite =
            all.iter().filter(|attack| attack.folder.is_none() && !attack.limits.as_deref().is_some_and(takes_long));
        let submission = page.lib.parent().and_then(Path::parent).expect("a folder").to_owned();
        let show = async |name: &str, state: &str, says: &str, fill: &dyn Fn()| {
            let before = page.run("return Number(document.body.dataset.graded)").await;
            fs::remove_dir_all(&submission).expect("ours");
            fs::create_dir(&submission).expect("ours");
            fill();
            page.tells(&before, name, state, says).await;
            page.is_unharmed(&title, name).await;
        };
        for attack in suite {
            let (state, says) = told(attack);
            let fill = || suite::source(&submission, &filled(&attack.text(&solution), &places));
            show(&attack.name, state, says, &fill).await;
        }
        // The learner's code again, and a slider answers.
        show("the solution", ",complete", "", &|| suite::source(&submission, &solution)).await;
        page.until("document.querySelector('#picture-one_neuron') && !document.querySelector('#trouble').textContent")
            .await;
        let picture = "document.querySelector('#picture-one_neuron svg').outerHTML";
        let before = page.run(&format!("return {picture}")).await;
        page.run(
            "const slider = document.querySelector('#picture-one_neuron input[type=range]');
             slider.value = 0; slider.dispatchEvent(new Event('input', { bubbles: true }));",
        )
        .await;
        page.until(&format!("{picture} !== {before}")).await;
        page.close().await;
    });
}

#[test]
fn odd_names_and_a_read_only_folder_do_no_harm() {
    block_on(async {
        let place = tempfile::tempdir().expect("a temporary folder");
        let course = place.path().join(ODD);
        fs::rename(one_exercise("02_elu", "").path(), &course).expect("ours");
        let Some(page) = Page::open_in(&course, "02_elu", 390, "light").await else { return };
        page.until(DRAWN).await;
        let title = page.run("return document.title").await;
        let complete = "document.querySelector('#verdict').textContent.includes(', complete')";
        page.until(complete).await;
        page.until("[...document.querySelectorAll('#lesson picture img')].every((figure) => figure.naturalWidth > 0)")
            .await;

        // The name of a file stands in rustc's message.
        let name = "<i>ü & %41 #'x'.rs";
        let solution = fs::read_to_string(&page.lib).expect("the solution");
        fs::write(page.lib.with_file_name(name), "fn broken() { nowhere }\n").expect("ours");
        page.write(|text| format!("{text}\n#[path = {name:?}]\nmod odd;\n"));
        page.until(&format!("document.querySelector('#verdict').textContent.includes({})", json!(name))).await;
        page.is_unharmed(&title, "odd names").await;
        assert_eq!(page.run("return document.querySelectorAll('#side :is(b, i)').length").await, json!(0));

        let src = page.lib.parent().expect("a folder");
        fs::write(&page.lib, solution).expect("ours");
        let usual = fs::metadata(src).expect("ours").permissions();
        let mut read_only = usual.clone();
        read_only.set_readonly(true);
        fs::set_permissions(src, read_only).expect("ours");
        page.until(complete).await;
        page.until("!document.querySelector('#trouble').textContent").await;
        fs::set_permissions(src, usual).expect("ours");
        page.close().await;
    });
}

#[test]
fn hostile_text_and_endless_code_are_told_in_pictures_too() {
    block_on(async {
        let course = one_exercise("03_dense_layer", "seconds = 1, total_seconds = 10");
        let Some(page) = Page::open_in(course.path(), "03_dense_layer", 390, "light").await else { return };
        page.until(DRAWN).await;
        let title = page.run("return document.title").await;
        let solution = fs::read_to_string(&page.lib).expect("the solution");
        let hostile =
            hostile_texts().map(|text| (format!("{{ println!(\"{text}\"); panic!(\"{text}\") }}"), "panicked"));
        let endless = [
            ("loop {}", "is there a loop that never ends"),
            ("loop { println!(\"again\") }", "printed more than"),
            ("std::process::exit(0)", "ended the whole program"),
        ];
        let endless = endless.map(|(code, says)| (code.to_owned(), says));
        for (code, says) in hostile.into_iter().chain(endless) {
            let before = page.run("return Number(document.body.dataset.graded)").await;
            fs::write(&page.lib, solution.replacen("x.dot(&self.weights) + &self.biases", &code, 1)).expect("ours");
            page.tells(&before, &code, "notcompleteyet", says).await;
            let said = "[...document.querySelectorAll('#pictures svg')].map((svg) => svg.textContent).join(' ')";
            let words = json!(says.split(' ').next_back());
            page.until(&format!("{said}.includes({words})")).await;
            page.is_unharmed(&title, &code).await;
        }
        page.close().await;
    });
}
