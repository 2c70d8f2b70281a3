//! The book in Chromium, opened from the disk.

#[path = "../../serve/tests/common/mod.rs"]
mod common;

use std::{collections::BTreeMap, fs, path::Path, process::Command};

use common::{Browser, block_on, one_exercise, root};
use course::{Course, quiz::Kind};
use serde_json::{Value, json};
use view::questions::reply;

/// Makes the book of this course, without frames.
fn book() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut book = Command::new(env!("CARGO_BIN_EXE_book"));
    let made = book.arg(root()).arg(folder.path()).args(["-", "-"]).output().expect("it starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    folder
}

async fn goto(browser: &Browser, folder: &Path, page: &str) {
    let address = format!("file://{}/{page}", folder.display());
    browser.client.goto(&address).await.expect("the page loads");
}

/// Answers the questions that have options with the first one.
const ANSWER_ALL: &str = "for (const form of document.querySelectorAll('.question:has(input[type=radio])')) {
    form.querySelector('input').click();
    form.requestSubmit();
}";

#[test]
fn the_book_is_accessible_and_fits_a_phone_in_light_and_dark() {
    block_on(async {
        let folder = book();
        for scheme in ["light", "dark"] {
            for width in [390, 1280] {
                let Some(browser) = Browser::open(width, scheme).await else { return };
                for page in [
                    "index.html",
                    "map.html",
                    "exercises/05_manual_gradients/index.html",
                    "exercises/10_backprop_engine/index.html",
                ] {
                    goto(&browser, folder.path(), page).await;
                    if page == "map.html" {
                        let begins = "const [map, first] = ['.map', '.map a'].map(name => document.querySelector(name).getBoundingClientRect());
                                      return map.left < first.left && first.right < map.right";
                        assert_eq!(browser.run(begins).await, json!(true), "the first exercise is seen at {width}");
                    }
                    if page.starts_with("exercises") {
                        browser.until("document.querySelectorAll('.question').length > 6").await;
                        browser.run(ANSWER_ALL).await;
                        browser.until("document.querySelector('.question .wrong, .question .right')").await;
                    }
                    let dark = browser.run("return document.documentElement.classList.contains('navy')").await;
                    assert_eq!(dark, json!(scheme == "dark"), "the theme follows the system");
                    let fits = browser.run("return document.documentElement.scrollWidth <= innerWidth").await;
                    assert_eq!(fits, json!(true), "{page} at {width}");
                    let broken = "return [...document.querySelectorAll('.flag')].filter((flag) => flag.getClientRects().length > 1).length";
                    assert_eq!(browser.run(broken).await, json!(0), "options that are broken on {page} at {width}");
                    browser.is_accessible().await;
                }
                browser.close().await;
            }
        }
    });
}

#[test]
fn the_contents_are_opened_with_a_key_and_code_has_colours() {
    block_on(async {
        let folder = book();
        for width in [390, 1280] {
            let Some(browser) = Browser::open(width, "light").await else { return };
            goto(&browser, folder.path(), "exercises/10_backprop_engine/index.html").await;
            let is_open = "document.documentElement.classList.contains('sidebar-visible')";
            let contents = "document.getElementById('mdbook-sidebar')";
            let mut open = browser.run(&format!("return {is_open}")).await == json!(true);
            // Closed and opened, in the order that is possible: on a phone they are closed at first.
            for _ in 0..3 {
                open = !open;
                browser.run("document.getElementById('mdbook-sidebar-toggle').focus()").await;
                browser.client.active_element().await.expect("the button").send_keys("\u{e007}").await.expect("a key");
                browser.until(&format!("{is_open} === {open}")).await;
                browser.until(&format!("(getComputedStyle({contents}).display !== 'none') === {open}")).await;
            }
            assert_eq!(
                browser.run("return document.querySelectorAll('code.hljs [class^=hljs-]').length > 3").await,
                json!(true)
            );
            browser.close().await;
        }
    });
}

#[test]
fn figures_are_light_or_dark_as_the_system_and_the_reader_want() {
    block_on(async {
        let folder = book();
        let shown = |picture: &str| format!("document.querySelector('picture img').currentSrc.endsWith('{picture}')");
        for (scheme, other, picture, in_other) in [
            ("light", "navy", "watch-light.svg", "watch-dark.svg"),
            ("dark", "light", "watch-dark.svg", "watch-light.svg"),
        ] {
            let Some(browser) = Browser::open(1280, scheme).await else { return };
            goto(&browser, folder.path(), "index.html").await;
            browser.until(&shown(picture)).await;
            browser.run(&format!("document.getElementById('mdbook-theme-{other}').click()")).await;
            browser.until(&shown(in_other)).await;
            browser.close().await;
        }
    });
}

#[test]
fn the_book_is_searched_without_a_server() {
    block_on(async {
        let folder = book();
        let Some(browser) = Browser::open(1280, "light").await else { return };
        // The second page has a heading "Exports", whose id must not hide what the search needs.
        for page in ["index.html", "docs/class.html"] {
            goto(&browser, folder.path(), page).await;
            browser.run("document.getElementById('mdbook-search-toggle').click()").await;
            browser
                .run(
                    "const bar = document.getElementById('mdbook-searchbar');
                     bar.value = 'saddle point';
                     bar.dispatchEvent(new Event('input', { bubbles: true }));
                     bar.dispatchEvent(new KeyboardEvent('keyup', { key: 't', bubbles: true }));",
                )
                .await;
            browser.until("document.querySelector('#mdbook-searchresults a[href*=\"05_manual_gradients\"]')").await;
        }
        browser.close().await;
    });
}

#[test]
fn a_picture_that_can_be_varied_has_frames_and_a_slider() {
    block_on(async {
        let Some(browser) = Browser::open(390, "light").await else { return };
        let (course, folder) = (one_exercise("02_elu", ""), tempfile::tempdir().expect("a temporary folder"));
        let mut book = Command::new(env!("CARGO_BIN_EXE_book"));
        let made = book.arg(course.path()).arg(folder.path()).args(["-", "frames"]).output().expect("it starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        goto(&browser, folder.path(), "exercises/02_elu/index.html").await;
        let loaded = "(() => { const image = document.querySelector('figure.frames img'); return image.complete && image.naturalWidth > 0; })()";
        browser.until(loaded).await;
        let shown = "return document.querySelector('figure.frames img').src + document.querySelector('figure.frames output').textContent";
        let before = browser.run(shown).await;
        browser.run("document.querySelector('figure.frames input').focus()").await;
        browser
            .client
            .active_element()
            .await
            .expect("the slider")
            .send_keys("\u{e014}")
            .await
            .expect("the right arrow");
        assert_ne!(browser.run(shown).await, before);
        browser.until(loaded).await;
        browser.is_accessible().await;
        browser.close().await;
    });
}

/// What the page says to numbers is what the engine says to them.
#[test]
fn the_page_reads_numbers_as_the_terminal_does() {
    block_on(async {
        let folder = book();
        let Some(browser) = Browser::open(1280, "light").await else { return };
        let course = Course::find(Some(&root())).expect("the course");
        // What the questions of a chapter answer, without its controls.
        let script = "const [typed] = arguments;
            const heard = {};
            const done = arguments[arguments.length - 1];
            const ask = askQuestions;
            askQuestions = async (_, questions, reply) => {
              for (const question of questions) {
                if (!(question.id in typed)) continue;
                heard[question.id] = [];
                for (const answer of typed[question.id]) heard[question.id].push(await reply(question, [answer]));
              }
              done(heard);
            };
            askInBook(QUESTIONS);";
        let mut asked = 0;
        for exercise in &course.exercises {
            let mut typed: BTreeMap<String, Vec<String>> = BTreeMap::new();
            let mut expected: BTreeMap<String, Vec<Value>> = BTreeMap::new();
            for (question, seed) in course.quiz(exercise).expect("questions").into_iter().zip(1..) {
                let Kind::Number(number) = &question.kind else { continue };
                let wanted = [number.answer].into_iter().chain(number.near.iter().map(|near| near.value));
                let mut answers = Vec::new();
                for value in wanted {
                    let (plain, unit) = (value.to_string(), &number.unit);
                    answers.extend([
                        plain.clone(),
                        format!("{plain} {unit}"),
                        format!(" {plain}% "),
                        plain.replace('.', ","),
                        plain.replace('-', "\u{2212}"),
                        format!("{value:e}"),
                        format!("{}/2", 2.0 * value),
                        format!("{}", value + 0.99 * number.tolerance),
                        format!("{}", value + 1.01 * number.tolerance + 1e-9 * value.abs()),
                    ]);
                }
                answers.extend(
                    ["1,234,567", "1_000", "x", "0x10", "1/0", "inf", "NaN", "1.2.3", "+5", ".5", "5.", "1e400", "--1"]
                        .map(str::to_owned),
                );
                let said = |answer: &String| {
                    let (said, _) = reply(question.clone(), seed, std::slice::from_ref(answer)).expect("a reply");
                    json!(said)
                };
                expected.insert(question.id.clone(), answers.iter().map(said).collect());
                typed.insert(question.id.clone(), answers);
            }
            if typed.is_empty() {
                continue;
            }
            asked += typed.len();
            goto(&browser, folder.path(), "index.html").await;
            let path = folder.path().join("exercises").join(&exercise.name).join("answers.js");
            let answers = fs::read_to_string(path).expect("the script of the chapter");
            let questions = answers.trim().trim_start_matches("askInBook(").trim_end_matches(");");
            let heard = browser.client.execute_async(&script.replace("QUESTIONS", questions), vec![json!(typed)]).await;
            let heard = heard.expect("it runs");
            for (id, expected) in expected {
                for ((answer, expected), heard) in
                    typed[&id].iter().zip(expected).zip(heard[&id].as_array().expect("all"))
                {
                    assert_eq!(*heard, expected, "{}, {id}: {answer:?}", exercise.name);
                }
            }
        }
        assert!(asked > 30, "{asked}");
        browser.close().await;
    });
}

#[test]
fn questions_of_every_kind_are_answered_in_the_page() {
    block_on(async {
        let folder = book();
        let Some(browser) = Browser::open(390, "dark").await else { return };
        let course = Course::find(Some(&root())).expect("the course");
        let mut kinds: Vec<Value> = Vec::new();
        for exercise in &course.exercises {
            goto(&browser, folder.path(), &format!("exercises/{}/index.html", exercise.name)).await;
            let count = course.quiz(exercise).expect("questions").len();
            browser.until(&format!("document.querySelectorAll('.question').length === {count}")).await;
            // Answers each question as its controls stand, and as often as it takes to see a solution.
            let script = "const done = arguments[0];
                const pause = () => new Promise((then) => setTimeout(then, 0));
                (async () => {
                  const kinds = [];
                  for (const form of document.querySelectorAll('.question')) {
                    const fieldset = form.querySelector('fieldset');
                    const kind = ['textarea', 'select', 'ol.sorted .beside', 'ol.sorted', 'input[type=radio]', 'input[type=checkbox]', 'input']
                      .find((selector) => fieldset.querySelector(`:scope > :not(.ask) ${selector}, :scope > .formula ${selector}`)) ?? 'none';
                    kinds.push(kind);
                    for (const option of fieldset.querySelectorAll('input[type=radio], input[type=checkbox]')) { option.click(); break; }
                    for (const gap of fieldset.querySelectorAll('select')) gap.selectedIndex = 1;
                    for (const text of fieldset.querySelectorAll('textarea, input:not([type])')) text.value = '12345';
                    fieldset.querySelector('.sorted button')?.click();
                    form.requestSubmit();
                    await pause();
                    if (form.dataset.verdict === 'more') {
                      // No point is ticked: this is asked once more.
                      form.requestSubmit();
                      await pause();
                      if (form.dataset.verdict !== 'more') return done(form.outerHTML);
                      form.requestSubmit();
                      await pause();
                    }
                    if (!['right', 'partly', 'wrong'].includes(form.dataset.verdict)) return done(form.outerHTML);
                    const solution = form.querySelector('.actions button[type=button]');
                    if (!solution.hidden) { solution.click(); await pause(); if (form.dataset.verdict !== 'solution') return done(form.outerHTML); }
                    if (form.querySelector('.said').textContent.length < 10) return done(form.outerHTML);
                  }
                  done(kinds);
                })();";
            let seen = browser.client.execute_async(script, Vec::new()).await.expect("it runs");
            kinds.extend(seen.as_array().unwrap_or_else(|| panic!("{}: {seen}", exercise.name)).clone());
        }
        kinds.sort_by_key(Value::to_string);
        kinds.dedup();
        assert_eq!(kinds.len(), 7, "one and predict look the same: {kinds:?}");
        browser.close().await;
    });
}
