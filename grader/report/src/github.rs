//! The reports as annotations of GitHub Actions: lines that its runner reads from standard output and shows at the
//! learner's own lines.

use super::{CheckReport, ExerciseStatus, Report, plain};
use crate::{
    Diagnostic,
    sanitise::{beginning, clean},
};
use wire::judge::Status;

/// Of one step, GitHub shows so many annotations of each level.
const MAX_OF_A_LEVEL: usize = 10;

/// Longer texts are not read in the margin of a diff.
const MAX_CHARS: usize = 2000;

/// The reports as workflow commands, what has to be fixed first.
pub fn render(reports: &[Report]) -> String {
    let mut errors = Vec::new();
    let mut warnings = Vec::new();
    let mut notices = Vec::new();
    for report in reports {
        notices.push(score(report));
        errors.extend(report.errors().map(|error| diagnostic("error", report, error)));
        for task in report.tasks() {
            errors.extend(task.first_failure().map(|check| annotation(report, check)));
        }
        // While something is still `todo!()`, the compiler warns of what is not used yet: that is no news.
        if report.checks.iter().all(|check| !matches!(check.status, Status::NotStarted | Status::Skipped)) {
            let found = report.diagnostics.iter().filter(|diagnostic| diagnostic.level == "warning");
            warnings.extend(found.map(|warning| diagnostic("warning", report, warning)));
        }
    }
    let levels = [("error", errors), ("warning", warnings), ("notice", notices)];
    levels.into_iter().flat_map(|(level, commands)| shown(level, commands)).collect()
}

/// The first commands, and one that says how many are left out.
fn shown(level: &str, mut commands: Vec<String>) -> Vec<String> {
    if commands.len() > MAX_OF_A_LEVEL {
        let left_out = commands.len() - (MAX_OF_A_LEVEL - 1);
        commands.truncate(MAX_OF_A_LEVEL - 1);
        commands.push(command(level, &[("title", "and more")], &format!("{left_out} more are in the report itself.")));
    }
    commands
}

/// A failed check at the line that it came from, or at the learner's file.
fn annotation(report: &Report, check: &CheckReport) -> String {
    let file = check.file.clone().unwrap_or_else(|| report.lib());
    let line = check.line.map(|line| line.to_string());
    place(file, line, None, &check.title, "error", &plain::explanation(check))
}

fn diagnostic(level: &str, report: &Report, diagnostic: &Diagnostic) -> String {
    let file = diagnostic.file.clone().unwrap_or_else(|| report.lib());
    let line = diagnostic.line.map(|line| line.to_string());
    let column = diagnostic.column.map(|column| column.to_string());
    let title = diagnostic.code.as_deref().unwrap_or("rustc");
    let text: Vec<&str> = [Some(&*diagnostic.message), Some(&*diagnostic.label), plain::meaning(diagnostic)]
        .into_iter()
        .flatten()
        .filter(|text| !text.is_empty())
        .collect();
    place(file, line, column, title, level, &text.join("\n"))
}

fn place(
    file: String,
    line: Option<String>,
    column: Option<String>,
    title: &str,
    level: &str,
    message: &str,
) -> String {
    let mut properties = vec![("file", file.as_str())];
    properties.extend(line.as_deref().map(|line| ("line", line)));
    properties.extend(column.as_deref().map(|column| ("col", column)));
    properties.push(("title", title));
    command(level, &properties, message)
}

/// How the exercise stands, and where the report comes from.
fn score(report: &Report) -> String {
    let title = format!("{} · {}", report.exercise.number, report.exercise.title);
    let mut message = match report.status() {
        ExerciseStatus::DoesNotCompile => {
            format!("Not graded, because it does not compile ({} points to earn).", report.max_score())
        }
        _ => format!("Score {} of {} points.", report.score(), report.max_score()),
    };
    if report.max_bonus() > 0 {
        message += &format!(" Bonus {} of {}.", report.bonus_score(), report.max_bonus());
    }
    for (name, value) in report.provenance_as_text() {
        message += &format!("\n{name}: {value}");
    }
    command("notice", &[("title", &title)], &message)
}

/// `::level name=value,name=value::message`
fn command(level: &str, properties: &[(&str, &str)], message: &str) -> String {
    let properties: Vec<String> =
        properties.iter().map(|(name, value)| format!("{name}={}", property(value))).collect();
    format!("::{level} {}::{}\n", properties.join(","), data(&beginning(message, MAX_CHARS)))
}

fn data(text: &str) -> String {
    clean(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::samples, *};

    /// A command as GitHub's runner reads a line (`ActionCommand.TryParseV2` in actions/runner).
    #[derive(Debug, PartialEq)]
    struct Parsed {
        name: String,
        properties: Vec<(String, String)>,
        data: String,
    }

    fn parse(line: &str) -> Option<Parsed> {
        let (head, data) = line.trim_start().strip_prefix("::")?.split_once("::")?;
        let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
        let unescape = |text: &str| {
            let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
            text.replace("%25", "%")
        };
        let properties = properties.trim().split(',').filter_map(|pair| pair.split_once('='));
        let properties = properties.map(|(name, value)| (name.to_owned(), unescape(value))).collect();
        Some(Parsed { name: name.to_owned(), properties, data: unescape(data) })
    }

    fn of(parsed: &Parsed, name: &str) -> Option<String> {
        parsed.properties.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    #[test]
    fn the_first_failure_of_each_task_is_shown_at_the_learners_line() {
        let commands: Vec<Parsed> = render(&[samples::report()]).lines().map(|line| parse(line).unwrap()).collect();
        let names: Vec<&str> = commands.iter().map(|command| &*command.name).collect();
        assert_eq!(names, ["error", "error", "error", "error", "notice"]);
        assert_eq!(of(&commands[0], "title").unwrap(), "mae_grad is the slope of mae_loss");
        assert_eq!(of(&commands[0], "file").unwrap(), "exercises/04_mae/src/lib.rs");
        assert!(commands[0].data.contains("expected:\n[0.5, -0.5]"));
        assert_eq!(of(&commands[2], "line").unwrap(), "12");
        assert!(commands[4].data.starts_with("Score 2 of 14 points. Bonus 0 of 2.\nchecks_digest: sha256:"));
    }

    #[test]
    fn a_compiler_error_is_shown_where_it_is() {
        let page = render(&[samples::broken()]);
        let error = parse(page.lines().next().unwrap()).unwrap();
        let place = ["line", "col", "title"].map(|name| of(&error, name).unwrap());
        assert_eq!(place, ["7", "9", "E0277"]);
        assert!(error.data.contains("Rust mixes them only if you say so"), "{}", error.data);
    }

    #[test]
    fn no_more_is_written_than_is_shown() {
        let page = render(&vec![samples::report(); 20]);
        let errors: Vec<&str> = page.lines().filter(|line| line.starts_with("::error ")).collect();
        assert_eq!(errors.len(), MAX_OF_A_LEVEL);
        assert!(errors[9].ends_with("::71 more are in the report itself."), "{}", errors[9]);
        assert_eq!(page.lines().count(), 2 * MAX_OF_A_LEVEL);
    }

    proptest! {
        #[test]
        fn every_line_is_one_of_our_commands_and_its_texts_come_back(report in samples::hostile()) {
            for line in render(std::slice::from_ref(&report)).lines() {
                let command = parse(line).expect("a command");
                prop_assert!(["error", "warning", "notice"].contains(&&*command.name), "{}", line);
                let known = ["file", "line", "col", "title"];
                prop_assert!(command.properties.iter().all(|(name, _)| known.contains(&&**name)), "{}", line);
                prop_assert!(!line.contains('\r'));
            }
            if let Some(check) = report.checks.iter().find(|check| check.status.is_failure()) {
                let shown = render(std::slice::from_ref(&report));
                let titles: Vec<_> = shown.lines().filter_map(|line| of(&parse(line)?, "title")).collect();
                // The runner takes blanks off the end.
                let title = clean(&check.title);
                prop_assert!(titles.iter().any(|shown| shown.trim_end() == title.trim_end()), "{:?} in {}", check.title, shown);
            }
        }
    }
}
