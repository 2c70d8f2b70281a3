//! Reports to try the formats on: one with everything in it, and ones in which any text may be anything.

use jsonschema::Validator;
use proptest::{collection::vec, prelude::*, sample::select};

use serde_json::Value;

use super::{CheckReport, ExerciseLabel, FirstAnswer, Report};
use crate::Diagnostic;
use wire::judge::Status;

/// Every sample.
pub(super) fn all() -> [Report; 3] {
    [report(), broken(), complete()]
}

/// What holds documents against a schema.
pub(super) fn schema(text: &str) -> Validator {
    jsonschema::validator_for(&serde_json::from_str(text).expect("JSON")).expect("a schema")
}

/// A document that a schema has been found to describe.
pub(super) fn valid(document: &str, schema: &Validator) -> Value {
    let document = serde_json::from_str(document).expect("JSON");
    let errors: Vec<String> =
        schema.iter_errors(&document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?} in {document:#}");
    document
}

/// Every status there is, with all that can be said of it.
pub fn report() -> Report {
    let mut wrong = check("mae_grad", Status::Failed);
    wrong.title = "mae_grad is the slope of mae_loss".to_owned();
    wrong.message = "Each entry is n times too large: `mae_loss` is a mean, so its gradient carries 1/n.".to_owned();
    wrong.mistake = Some("not_averaged".to_owned());
    wrong.input = Some("y_true = [1, 2]\ny_pred = [3, 1]".to_owned());
    wrong.expected = Some("[0.5, -0.5]".to_owned());
    wrong.observed = Some("[1, -1]".to_owned());
    let mut consequence = check("mae_grad_at_a_tie", Status::Failed);
    consequence.task = "mae_grad".to_owned();
    consequence.message = "The slope at a tie is 0.".to_owned();
    let mut text = check("training_log", Status::Failed);
    text.diff = Some("-epoch 1\n+epoch 0".to_owned());
    text.expected = Some("epoch 0".to_owned());
    text.observed = Some("epoch 1".to_owned());
    text.hint = Some("Count from 0.".to_owned());
    let mut crashed = check("forward", Status::Crashed);
    crashed.message = "Your code panicked: index 3 is out of bounds\nIndices count from 0.".to_owned();
    crashed.file = Some("exercises/04_mae/src/lib.rs".to_owned());
    crashed.line = Some(12);
    crashed.output = "shape = (2, 3)\n".repeat(60).trim_end().to_owned();
    let mut open = check("huber", Status::NotStarted);
    open.message = "there is still a `todo!()` to replace".to_owned();
    open.hint = Some("Begin with the residuals.".to_owned());
    let mut waiting = check("huber_grad", Status::Skipped);
    waiting.message = "skipped until this passes: huber".to_owned();
    waiting.after = vec!["mae_loss".to_owned(), "huber".to_owned()];
    let mut bonus = check("pinball", Status::TimedOut);
    bonus.bonus = true;
    let checks = vec![check("mae_loss", Status::Passed), wrong, consequence, text, crashed, open, waiting, bonus];
    Report {
        course: "Neuronlings".to_owned(),
        exercise: ExerciseLabel {
            name: "04_mae".to_owned(),
            number: 4,
            title: "Losses that measure error".to_owned(),
            minutes: 90,
            requires: vec!["03_dense_layer".to_owned()],
        },
        folder: "exercises/04_mae".to_owned(),
        source_digest: format!("sha256:{:064x}", 31),
        checks_digest: format!("sha256:{:064x}", 46),
        course_commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        seed: 5,
        rustc_version: "rustc 1.91.0".to_owned(),
        sandbox: "none".to_owned(),
        compiled: true,
        checks,
        diagnostics: Vec::new(),
        duration_ms: 1234,
        unchanged: false,
        answers: vec![FirstAnswer { question: "outlier".to_owned(), right: false, given: "MSE".to_owned() }],
    }
}

/// The same of code that does not compile.
pub fn broken() -> Report {
    let mut report = report();
    report.compiled = false;
    report.course_commit = None;
    for check in &mut report.checks {
        *check =
            CheckReport { bonus: check.bonus, after: check.after.clone(), ..self::check(&check.id, Status::Skipped) };
        check.message = "the code does not compile yet".to_owned();
    }
    report.diagnostics = vec![Diagnostic {
        level: "error".to_owned(),
        code: Some("E0277".to_owned()),
        message: "cannot add a float to an integer: `usize`".to_owned(),
        label: String::new(),
        file: Some("exercises/04_mae/src/lib.rs".to_owned()),
        line: Some(7),
        column: Some(9),
        rendered: "\u{1b}[1merror[E0277]\u{1b}[0m: cannot add a float to an integer: `usize`\n".to_owned(),
    }];
    report
}

/// The same with all points.
pub(super) fn complete() -> Report {
    let mut report = report();
    report.checks = ["mae_loss", "mae_grad"].map(|id| check(id, Status::Passed)).into();
    report
}

/// A check, called and titled after `id`.
pub(super) fn check(id: &str, status: Status) -> CheckReport {
    CheckReport {
        id: id.to_owned(),
        task: id.to_owned(),
        title: format!("{id} is right"),
        bonus: false,
        points: if status == Status::Passed { 2 } else { 0 },
        max_points: 2,
        status,
        message: if status == Status::Passed { String::new() } else { format!("{id} is wrong.") },
        mistake: None,
        input: None,
        expected: None,
        observed: None,
        diff: None,
        hint: None,
        after: Vec::new(),
        file: None,
        line: None,
        output: String::new(),
        duration_ms: 61,
    }
}

/// What means something to a terminal, a CI runner, XML, JSON, Markdown or GitHub.
const TROUBLE: [&str; 75] = [
    "\n",
    "\r",
    "\r\n",
    "\t",
    " ",
    "\u{0}",
    "\u{1b}[31m",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{202e}",
    "\u{feff}",
    "\u{ffff}",
    "::error::x",
    "\n::error file=a::b",
    "##[error]x",
    "::set-output name=a::b",
    "::",
    "##",
    "#",
    "[group]",
    "##vso[task.complete]",
    "##teamcity[message]",
    "teamcity",
    "section_start:1:x",
    "section_end:",
    "\u{ad}",
    "\u{200b}",
    "\u{200d}",
    "\u{fe0f}",
    "\u{3164}",
    "\u{e0041}",
    "👩\u{200d}👧",
    "1\u{fe0f}\u{20e3}",
    "❤\u{fe0f}\u{200d}🔥",
    "%0A",
    "%",
    ",",
    ":",
    "<b>",
    "</details>",
    "<!--",
    "-->",
    "&amp;",
    "&#64;",
    "]]>",
    "\"",
    "'",
    "\\",
    "`",
    "``",
    "```",
    "\n```\n",
    "~~~",
    "|",
    "@user",
    "@org/team",
    "#1",
    "GH-12",
    "ABC-9",
    "deadbeef01",
    "http://x.y",
    "www.x.y",
    "a@b.c",
    "[a](b)",
    "![a](b)",
    "[a]: b",
    "$x$",
    "\n# x",
    "\n- x",
    "\n1. x",
    "\n> x",
    "\n---\n",
    "*x*",
    "__x__",
];

/// Reports in which any text may be anything.
pub(super) fn hostile() -> impl Strategy<Value = Report> {
    let piece = prop_oneof![
        8 => select(TROUBLE.as_slice()).prop_map(str::to_owned),
        2 => "\\PC{0,6}",
        1 => "\\p{Default_Ignorable_Code_Point}",
        4 => "[a-z]{1,5} ",
    ];
    let text = vec(piece, 0..6).prop_map(|pieces| pieces.concat());
    // Dealt out again and again; their number shares no factor with that of the fields of a check.
    (select(all().to_vec()), vec(text, 17)).prop_map(|(mut report, texts)| {
        let mut texts = texts.into_iter().cycle();
        put_texts(&mut report, || texts.next().expect("there are some"));
        report
    })
}

/// A report in which everything that is a text is this one.
pub(super) fn with_text(text: &str) -> Report {
    let mut report = Report { diagnostics: broken().diagnostics, ..report() };
    put_texts(&mut report, || text.to_owned());
    report
}

fn put_texts(report: &mut Report, mut next: impl FnMut() -> String) {
    let Report { course, exercise, folder, rustc_version, sandbox, answers, .. } = report;
    for field in [course, &mut exercise.name, &mut exercise.title, folder, rustc_version, sandbox] {
        *field = next();
    }
    exercise.requires.iter_mut().for_each(|field| *field = next());
    answers.iter_mut().for_each(|answer| answer.given = next());
    for diagnostic in &mut report.diagnostics {
        let Diagnostic { code, message, label, file, rendered, .. } = diagnostic;
        for field in [message, label, rendered] {
            *field = next();
        }
        for field in [code, file] {
            *field = Some(next());
        }
    }
    for check in &mut report.checks {
        let CheckReport {
            id, task, title, message, output, hint, mistake, input, expected, observed, diff, file, ..
        } = check;
        for field in [id, task, title, message, output] {
            *field = next();
        }
        for field in [hint, mistake, input, expected, observed, diff, file] {
            *field = Some(next()).filter(|text| !text.is_empty());
        }
    }
}
