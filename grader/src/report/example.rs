//! A report for tests.

use super::{CheckReport, ExerciseLabel, Report};
use crate::judge::Status;

/// A check that says nothing but how it came out.
pub(crate) fn check(task: &str, title: &str, status: Status) -> CheckReport {
    CheckReport {
        id: title.to_owned(),
        task: task.to_owned(),
        title: title.to_owned(),
        bonus: false,
        points: if status == Status::Passed { 2 } else { 0 },
        max_points: 2,
        status,
        message: String::new(),
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
        duration_ms: 1,
    }
}

/// A report with one check right, one wrong and one to do.
pub(crate) fn report() -> Report {
    let mut wrong = check("loss", "loss is the mean of the squares", Status::Failed);
    wrong.message = "The sum was not divided by the number of samples: a loss is a mean.".to_owned();
    wrong.input = Some("y_true = [1, 2, 3]\ny_pred = [1, 4, 3]".to_owned());
    wrong.expected = Some("1.3333333333333333".to_owned());
    wrong.observed = Some("4".to_owned());
    wrong.output = "sum = 4".to_owned();
    let mut open = check("gradient", "gradient is the slope of loss", Status::NotStarted);
    open.message = "`todo!()` is still there".to_owned();
    open.line = Some(17);
    Report {
        course: "A course".to_owned(),
        exercise: ExerciseLabel {
            name: "01_first".to_owned(),
            number: 1,
            title: "Exercise called 01_first".to_owned(),
            minutes: 90,
            requires: Vec::new(),
        },
        folder: "exercises/01_first".to_owned(),
        source_digest: String::new(),
        checks_digest: String::new(),
        course_commit: None,
        seed: 1,
        rustc_version: String::new(),
        sandbox: "none".to_owned(),
        compiled: true,
        checks: vec![check("forward", "forward is x times w", Status::Passed), wrong, open],
        diagnostics: Vec::new(),
        duration_ms: 3,
        unchanged: false,
    }
}
