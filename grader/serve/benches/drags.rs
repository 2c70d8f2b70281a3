//! How long a picture takes to follow a control: `cargo bench --profile dev -p serve --bench drags`, or `… -- 2 10` for exercises
//! 2 and 10 alone.
//!
//! In Chromium every control of an exercise's pictures is moved a hundred times, each time when the last move is drawn, on the
//! page of the solution. It prints the median and the 95th percentile of the time from a move to the next frame that shows the
//! new pictures. `--profile dev` is what learners use. Other work on the machine counts, so nothing else should run.

#[path = "../tests/common/mod.rs"]
mod common;

use std::{env, process::Command};

use common::{Browser, block_on, root, start};
use course::Course;
use serde_json::Value;

/// Moves the control with this number a hundred times, and leaves the times in `times`; `null` if there is no such control.
const MOVE: &str = "
    window.times = undefined;
    const kinds = '.controls :is(input[type=range], label > select, button, canvas), .handles button:first-child';
    const all = [...document.querySelectorAll('#pictures figure')].flatMap((figure) => [...figure.querySelectorAll(kinds)])
      .filter((node) => !/^(Play|Pause|Step|Start again|Clear|Add a point)$/.test(node.textContent) && !/^of/.test(node.parentNode.textContent));
    const control = all[NUMBER];
    const event = (name) => control.dispatchEvent(new Event(name, { bubbles: true }));
    const moves = {
      INPUT: (at) => {
        // There and back, so that places come again as they do under a hand.
        const share = Math.abs(((at * 0.037) % 2) - 1);
        const [low, high] = [Number(control.min), Number(control.max)];
        const value = Math.round(low + share * (high - low));
        if (value === Number(control.value)) return false;
        control.value = value;
        event('input');
      },
      SELECT: (at) => { control.value = at % control.options.length; event('change'); },
      BUTTON: (at) => {
        const key = at % 40 < 20 ? 'ArrowRight' : 'ArrowLeft';
        if (control.closest('.handles')) control.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
        else control.click();
      },
      CANVAS: () => control.dispatchEvent(new KeyboardEvent('keydown', { key: ' ', bubbles: true })),
    };
    const drawn = () => new Promise((then) => {
      const observer = new MutationObserver(() => { observer.disconnect(); requestAnimationFrame(() => then()); });
      observer.observe(document.body, { attributeFilter: ['data-drawn'] });
    });
    const figure = control?.closest('figure');
    const label = control?.closest('label, fieldset')?.querySelector('label')?.firstChild ?? control?.closest('label, fieldset')?.firstChild;
    const name = figure && `${figure.id.replace('picture-', '')}: ${label?.textContent || control.tagName.toLowerCase()}`;
    if (control) (async () => {
      const times = [];
      for (let at = 1; at <= 100; at++) {
        const shown = drawn();
        const before = performance.now();
        if (moves[control.tagName](at) === false) continue;
        await shown;
        times.push(performance.now() - before);
      }
      window.times = times;
    })();
    return control ? name : null;";

fn main() {
    // `cargo bench` hands on `--bench`; `cargo test --benches` does not, and there is nothing to test here.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let course = Course::find(Some(&root())).expect("the course");
    let wanted: Vec<u32> = env::args().filter_map(|argument| argument.parse().ok()).collect();
    println!("{:>44}  median     95 %  of", "milliseconds from a move to its picture");
    block_on(async {
        for exercise in &course.exercises {
            if !wanted.is_empty() && !wanted.contains(&exercise.number) {
                continue;
            }
            let Some(browser) = Browser::open(1280, "light").await else { return };
            let mut serve = Command::new(env!("CARGO_BIN_EXE_serve"));
            let solution = root().join("solutions").join(&exercise.name);
            serve.arg(root()).args([&*exercise.name, "0", "-"]).arg(solution);
            let (_server, line) = start(&mut serve, "Serving ").expect("the server starts");
            browser.client.goto(line.trim_start_matches("Serving ")).await.expect("the page loads");
            browser.until("document.body.dataset.drawn").await;
            for number in 0.. {
                let name = browser.run(&MOVE.replace("NUMBER", &number.to_string())).await;
                let Some(name) = name.as_str() else { break };
                browser.until("window.times").await;
                let times = browser.run("return window.times").await;
                let mut times: Vec<f64> = times.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
                times.sort_by(f64::total_cmp);
                let at = |share: f64| times.get((share * times.len() as f64) as usize).copied().unwrap_or(f64::NAN);
                let line = format!("{} {name}", exercise.number);
                println!("{line:>44}  {:6.0}   {:6.0}  {}", at(0.5), at(0.95), times.len());
            }
            browser.close().await;
        }
    });
}
