//! `grader solution`: the reference beside the learner's code.

use std::{fmt::Write as _, fs, io, io::Write as _};

use anyhow::{Context, Result};
use similar::{ChangeTag, TextDiff};

use super::{Outcome, exercise_or_current, read_progress};
use crate::cli::SolutionArgs;
use course::{Course, Exercise};
use learner::hint;
use report::{
    screen::terminal_width,
    style::{BAD, BOLD, DIM, GOOD, paint},
};
use runner::Submission;

/// Two columns of code need this much room; where there is less, one stands below the other.
const MIN_SIDE_BY_SIDE: usize = 120;

pub(crate) fn run(course: &Course, args: &SolutionArgs) -> Result<Outcome> {
    let exercise = exercise_or_current(course, args.exercise.as_deref())?;
    if !args.yes && !read_progress(course).is_complete(exercise) && !agrees(&exercise.name)? {
        anstream::println!("Good. {}", instead(course, exercise)?);
        return Ok(Outcome::AllRight);
    }
    let read = |submission: &Submission| {
        fs::read_to_string(submission.lib()).with_context(|| format!("cannot read {}", submission.lib().display()))
    };
    let reference = read(&Submission::solution(course, exercise))?;
    let mine = read(&Submission::of_learner(course, exercise)).unwrap_or_default();
    let width = terminal_width().unwrap_or(MIN_SIDE_BY_SIDE);
    anstream::print!(
        "{}",
        if width >= MIN_SIDE_BY_SIDE { beside(&mine, &reference, width) } else { below(&mine, &reference, width) }
    );
    anstream::println!(
        "\n{}",
        paint(DIM, format!("exercises/{name}/src/lib.rs and solutions/{name}/src/lib.rs", name = exercise.name))
    );
    Ok(Outcome::AllRight)
}

/// What helps instead of the solution: the next hint, if one is left for a task that is not solved.
fn instead(course: &Course, exercise: &Exercise) -> Result<String> {
    let (grader, number) = (course.grader(), exercise.number);
    let report = learner::last_report(course, exercise).filter(|report| report.compiled);
    // `hint` means the first of them.
    let next = match &report {
        Some(report) => hint::first_unsolved(exercise, report),
        None => exercise.tasks.first(),
    };
    Ok(match next {
        Some(task) if hint::given(course, exercise, task)?.left() == 0 => {
            format!("You have seen every hint for `{}`. The lesson explains it: `{grader} lesson {number}`.", task.name)
        }
        _ => format!("`{grader} hint {number}` gives the next hint."),
    })
}

/// Asks whether to show the solution of an exercise that is not solved; no answer is a no.
fn agrees(name: &str) -> Result<bool> {
    anstream::eprint!("{name} is not solved yet. Show the solution anyway? [y/N] ");
    io::stderr().flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("cannot read your answer; --yes answers for you")?;
    if !answer.ends_with('\n') {
        anstream::eprintln!(); // end of input: the prompt's line is still open
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// The differences line by line: `-` before what the learner wrote, `+` before what the reference says.
fn below(mine: &str, reference: &str, width: usize) -> String {
    let mut text = format!("{}\n{}\n\n", paint(BAD, "- yours"), paint(GOOD, "+ the reference"));
    for change in TextDiff::from_lines(mine, reference).iter_all_changes() {
        let (mark, style) = match change.tag() {
            ChangeTag::Delete => ("-", Some(BAD)),
            ChangeTag::Insert => ("+", Some(GOOD)),
            ChangeTag::Equal => (" ", None),
        };
        for (number, piece) in pieces(change.value().trim_end(), width.saturating_sub(2).max(20)).iter().enumerate() {
            let line = format!("{} {piece}", if number == 0 { mark } else { " " });
            let line = style.map_or(line.clone(), |style| paint(style, line));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// The learner's code on the left, the reference on the right; lines that differ are marked.
fn beside(mine: &str, reference: &str, width: usize) -> String {
    let column = (width - 5) / 2;
    let heading = |text: &str| paint(BOLD, format!("{text:<column$}"));
    let mut text = format!("{}     {}\n", heading("  yours"), heading("  the reference"));
    let (left, right): (Vec<&str>, Vec<&str>) = (mine.lines().collect(), reference.lines().collect());
    let differences = TextDiff::from_slices(&left, &right);
    for operation in differences.ops() {
        let (old, new) = (operation.old_range(), operation.new_range());
        let same = matches!(operation.tag(), similar::DiffTag::Equal);
        for row in 0..old.len().max(new.len()) {
            let mine = old.clone().nth(row).map(|index| pieces(left[index], column - 2));
            let theirs = new.clone().nth(row).map(|index| pieces(right[index], column - 2));
            let height = |pieces: &Option<Vec<String>>| pieces.as_ref().map_or(0, Vec::len);
            for piece in 0..height(&mine).max(height(&theirs)) {
                let cell = |pieces: &Option<Vec<String>>, mark, style| {
                    let line = pieces.as_ref().and_then(|pieces| pieces.get(piece)).map_or("", String::as_str);
                    // The mark stands at the beginning of a line, not where it goes on, and not where there is none.
                    let mark = if same || piece > 0 || pieces.is_none() { " " } else { mark };
                    let fill = " ".repeat((column - 2).saturating_sub(textwrap::core::display_width(line)));
                    let cell = format!("{mark} {line}{fill}");
                    if same { cell } else { paint(style, cell) }
                };
                let (left, right) = (cell(&mine, "-", BAD), cell(&theirs, "+", GOOD));
                let _ = writeln!(text, "{left}  {}  {}", paint(DIM, "│"), right.trim_end());
            }
        }
    }
    text
}

/// A line of code in pieces that fit into `width`, broken at blanks where there are some, the further ones indented.
fn pieces(line: &str, width: usize) -> Vec<String> {
    let line = line.replace('\t', "    ");
    let indent = " ".repeat((line.len() - line.trim_start().len() + 2).min(width / 2));
    let options = textwrap::Options::new(width).subsequent_indent(&indent);
    textwrap::wrap(&line, options).into_iter().map(String::from).collect()
}
