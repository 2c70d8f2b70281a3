//! `class show`: one student, in the terminal.

use std::io::Write;

use anyhow::Result;
use course::Course;
use report::{Terminal, style};

use crate::{
    cli::ShowArgs,
    settings::iso,
    stored::{self, Class, Grade},
};

pub(crate) fn run(course: &Course, args: &ShowArgs) -> Result<()> {
    let database = crate::up_to_date(course, &args.database)?;
    let class = Class::read(&database)?;
    let student = class.student(&args.student)?;
    let mut text = format!("{} ({})\n", style::paint(style::BOLD, &student.name), student.key);
    if !student.in_roster && class.students.iter().any(|student| student.in_roster) {
        text += "not in the roster\n";
    }
    text += &format!("{} of {} points in all\n\n", points(class.total(student)), class.max_total());
    let mut reports = Vec::new();
    for exercise in &class.exercises {
        let Some(grade) = class.grade(student, exercise) else { continue };
        text += &format!("{:>3}  {:<28} {}\n", exercise.number, exercise.title, standing(grade, exercise.max_points));
        if let (Some(unit), false) = (&grade.unit, grade.status == "complete") {
            reports.push(stored::report(&database, unit)?);
        }
    }
    let mut terminal = Terminal::of_stdout(course, None);
    terminal.says_how = true;
    for report in reports {
        text += &format!("\n{}", report::terminal(&report, &terminal));
    }
    // A reader that has seen enough, such as `head`, is no fault.
    let _ = anstream::stdout().write_all(text.as_bytes());
    Ok(())
}

/// How an exercise stands, in words.
pub(crate) fn standing(grade: &Grade, max_points: u32) -> String {
    let Some(counted) = grade.counted else {
        return words(&grade.status).to_owned();
    };
    let mut text = format!("{} of {max_points} points", points(counted));
    if let Some(bonus @ 1..) = grade.bonus {
        text += &format!(", bonus {bonus}");
    }
    if let (Some(days @ 1..), Some(off)) = (grade.days_late, grade.taken_off.filter(|off| *off > 0.0)) {
        let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        text += &format!(" ({} less {} for being {days} late)", grade.points.unwrap_or(0), points(off));
    }
    match grade.status.as_str() {
        "complete" | "incomplete" => {}
        other => text += &format!(", {}", words(other)),
    }
    text += &grade.handed_in.map_or(String::new(), |time| format!(", handed in {}", iso(time)));
    text
}

/// A status in words.
pub(crate) fn words(status: &str) -> &str {
    match status {
        "complete" => "complete",
        "incomplete" => "not complete",
        "not_started" => "not started",
        "does_not_compile" => "does not compile",
        "missing" => "nothing to grade",
        "not_graded" => "not graded yet",
        other => other,
    }
}

/// `7` and `6.5`, not `7.0`.
pub(crate) fn points(points: f64) -> String {
    format!("{points}")
}
