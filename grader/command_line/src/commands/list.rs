//! `grader list`: the syllabus, and how far the learner has come.

use anyhow::Result;
use serde::Serialize;

use super::{Outcome, read_progress};
use crate::cli::{Format, ListArgs};
use course::Course;
use learner::list::{Row, Totals, note, rows};
use report::{
    ExerciseStatus, SCHEMA_VERSION,
    screen::Screen,
    style::{self, paint},
    time_for,
};

pub(crate) fn run(course: &Course, args: &ListArgs) -> Result<Outcome> {
    let progress = read_progress(course);
    let rows = rows(course, &progress)?;
    match args.format {
        Format::Terminal => anstream::print!("{}", render(&rows, course.grader(), Screen::of_stdout().width)),
        Format::Json => {
            let Totals { score, max_score, .. } = Totals::of(&rows);
            let list =
                List { schema_version: SCHEMA_VERSION, course: &course.title, score, max_score, exercises: &rows };
            anstream::println!("{}", serde_json::to_string_pretty(&list)?);
        }
    }
    Ok(Outcome::AllRight)
}

#[derive(Serialize)]
struct List<'a> {
    schema_version: u32,
    course: &'a str,
    score: u32,
    max_score: u32,
    exercises: &'a [Row],
}

/// The list as text for people.
fn render(rows: &[Row], grader: &str, width: usize) -> String {
    let mut text = String::new();
    for row in rows {
        let (line, understood) = (line(row, width), understood(row));
        // Where there is room, the questions stand beside the points.
        if understood.is_empty() || width < 90 {
            text += &format!("{line}\n");
            if !understood.is_empty() {
                text += &format!("     {}\n", paint(style::DIM, understood));
            }
        } else {
            text += &format!("{line}   {}\n", paint(style::DIM, understood));
        }
        if let Some(note) = note(row) {
            for line in
                textwrap::wrap(note, textwrap::Options::new(width).initial_indent("     ").subsequent_indent("     "))
            {
                text += &format!("{}\n", paint(style::OPEN, line));
            }
        }
    }
    let Totals { complete, score, max_score } = Totals::of(rows);
    let minutes: u32 = rows.iter().filter(|row| row.status != ExerciseStatus::Complete).map(|row| row.minutes).sum();
    let sum = format!("{complete} of {} complete, {score} of {max_score} points.", rows.len());
    text += &format!("\n{}\n", paint(style::BOLD, textwrap::fill(&sum, width)));
    match rows.iter().find(|row| row.status != ExerciseStatus::Complete) {
        Some(open) => {
            text += &format!("About {} to go.\n", time_for(minutes));
            text += &format!("Next: {grader} check {}\n", open.number);
        }
        None if rows.is_empty() => text += &format!("There is no exercise yet: `{grader} new NAME` makes one.\n"),
        None => text += "Well done!\n",
    }
    text
}

/// What the answers to the questions come to; empty before the first that is understood.
fn understood(row: &Row) -> String {
    match row.questions {
        Some(all) if row.understood > 0 => format!("understood {} of {all}", row.understood),
        _ => String::new(),
    }
}

/// An exercise on one line: mark, number, title, points, and the minutes where there is room.
fn line(row: &Row, width: usize) -> String {
    let (style, mark) = row.status.mark();
    let minutes = if width >= 60 { format!(" {:>3} min", row.minutes) } else { String::new() };
    let room = width.saturating_sub(15 + minutes.len()).min(44);
    let title: String = if row.title.chars().count() > room {
        row.title.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    } else {
        row.title.clone()
    };
    let bonus = if row.bonus_score > 0 { format!(" +{}", row.bonus_score) } else { String::new() };
    let points = format!("{}/{}", row.score, row.max_score);
    let line = format!(
        "{} {:>2} {title:<room$} {points:>5}{bonus:<3}{}",
        paint(style, mark),
        row.number,
        paint(style::DIM, minutes)
    );
    line.trim_end().to_owned()
}
