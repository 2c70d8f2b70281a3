//! `class.toml`, which a teacher edits: the roster and what its columns mean, deadlines, and what is taken off for being late.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use course::{Course, UsageError, files};
use serde::Deserialize;

use crate::roster::{Columns, Roster};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Settings {
    roster: Option<RosterFile>,
    /// By exercises, as a teacher calls them.
    deadlines: BTreeMap<String, String>,
    pub(crate) late: Late,
    extensions: Vec<Extension>,
    /// What a learning platform calls an assignment: `04_mae = "Exercise 4 (1234)"`.
    pub(crate) assignments: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RosterFile {
    file: PathBuf,
    columns: Columns,
}

/// Another deadline for one student.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    student: String,
    exercise: String,
    until: String,
}

/// What is taken off for being late.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Late {
    /// Within so many minutes nothing is late.
    grace_minutes: u32,
    /// For each day that has begun: points, or a share such as `"10%"`.
    off_per_day: Off,
    /// Never more than that.
    at_most: Option<Off>,
}

/// Points, or a share of the points that were earned.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
enum Off {
    Points(f64),
    Percent(f64),
}

impl Default for Off {
    fn default() -> Self {
        Self::Points(0.0)
    }
}

impl TryFrom<toml::Value> for Off {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let percent = |text: &str| text.strip_suffix('%').and_then(|number| number.trim().parse().ok());
        let off = match &value {
            toml::Value::Integer(points) => Some(Self::Points(*points as f64)),
            toml::Value::Float(points) => Some(Self::Points(*points)),
            toml::Value::String(text) => percent(text).map(Self::Percent),
            _ => None,
        };
        let is_sound = |off: &Self| {
            let (Self::Points(number) | Self::Percent(number)) = *off;
            number >= 0.0 && number.is_finite()
        };
        off.filter(is_sound)
            .ok_or_else(|| "give points, such as 2, or a percentage of them, such as \"10%\"".to_owned())
    }
}

impl Off {
    fn of(self, points: f64) -> f64 {
        match self {
            Self::Points(off) => off,
            Self::Percent(percent) => points * percent / 100.0,
        }
    }
}

impl Late {
    /// How many days `handed_in` is after `deadline`, each counted as soon as it begins.
    pub(crate) fn days(&self, deadline: i64, handed_in: i64) -> i64 {
        const DAY: i64 = 24 * 60 * 60;
        let over = handed_in - deadline;
        if over <= i64::from(self.grace_minutes) * 60 { 0 } else { (over + DAY - 1) / DAY }
    }

    /// What is taken off `points` for so many days.
    pub(crate) fn off(&self, points: f64, days: i64) -> f64 {
        let off = self.off_per_day.of(points) * days as f64;
        let most = self.at_most.map_or(points, |most| most.of(points)).min(points);
        // Two places are enough for points, and the same on every machine.
        (off.min(most) * 100.0).round() / 100.0
    }

    /// What counts of `points` after so many days.
    pub(crate) fn counted(&self, points: u32, days: i64) -> f64 {
        let points = f64::from(points);
        ((points - self.off(points, days)) * 100.0).round() / 100.0
    }
}

/// What the settings come to.
pub(crate) struct Policy {
    pub(crate) late: Late,
    pub(crate) roster: Roster,
    pub(crate) deadlines: BTreeMap<String, i64>,
    /// By student, as the roster knows them, and exercise.
    extensions: Vec<(String, String, i64)>,
    pub(crate) assignments: BTreeMap<String, String>,
}

impl Policy {
    /// What stands in `path`, and in the roster that it names.
    pub(crate) fn read(course: &Course, path: &Path) -> Result<Self> {
        let text = if path.is_file() {
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
        } else {
            String::new()
        };
        let wrong = |what: String| UsageError(format!("{}: {what}", path.display()));
        let settings: Settings = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let time = |text: &str| {
            let says = "is not a time; write one with its zone, such as 2026-11-20T23:59:00+01:00";
            seconds(text).ok_or_else(|| wrong(format!("`{text}` {says}")))
        };
        let named = |exercise: &str| course.exercise(exercise).map(|exercise| exercise.name.clone());
        let roster = match &settings.roster {
            None => Roster::default(),
            Some(RosterFile { file, columns }) => {
                Roster::read(&path.parent().unwrap_or(Path::new(".")).join(file), columns)?
            }
        };
        let deadlines = settings.deadlines.iter().map(|(exercise, text)| Ok((named(exercise)?, time(text)?)));
        let deadlines = deadlines.collect::<Result<_>>()?;
        let extensions = settings
            .extensions
            .iter()
            .map(|extension| Ok((extension.student.clone(), named(&extension.exercise)?, time(&extension.until)?)));
        let extensions = extensions.collect::<Result<_>>()?;
        let assignments = settings.assignments.iter().map(|(exercise, name)| Ok((named(exercise)?, name.clone())));
        let assignments = assignments.collect::<Result<_>>()?;
        Ok(Self { late: settings.late, roster, deadlines, extensions, assignments })
    }

    /// The extensions of students that are not in the class, each with its exercise.
    pub(crate) fn unknown_extensions(&self, is_student: impl Fn(&str) -> bool) -> impl Iterator<Item = (&str, &str)> {
        let unknown = self.extensions.iter().filter(move |(student, ..)| !is_student(student));
        unknown.map(|(student, exercise, _)| (student.as_str(), exercise.as_str()))
    }

    /// Until when `student`, called so by any of these names, may hand in `exercise`.
    pub(crate) fn deadline(&self, names: &[&str], exercise: &str) -> Option<i64> {
        let own = self.extensions.iter().find(|(student, of, _)| of == exercise && names.contains(&student.as_str()));
        own.map(|(_, _, until)| *until).or_else(|| self.deadlines.get(exercise).copied())
    }
}

/// Writes what is known of the roster into `path`, behind what stands there already, or begins the file.
pub(crate) fn keep_roster(path: &Path, roster: &Path, columns: &Columns) -> Result<()> {
    let old = if path.is_file() { fs::read_to_string(path)? } else { BEGINNING.to_owned() };
    // What a section was before is left out: another roster takes its place.
    let mut kept = String::new();
    let mut is_roster = false;
    for line in old.lines() {
        if line.starts_with('[') {
            is_roster = line.starts_with("[roster");
        }
        if !is_roster {
            kept += &format!("{line}\n");
        }
    }
    // JSON's texts are TOML's.
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let roster = std::path::absolute(roster)?;
    let mut section = format!("\n[roster]\nfile = {}\n\n[roster.columns]\n", text(&roster.to_string_lossy()));
    for (name, column) in columns.all() {
        section += &format!("{name} = {}\n", text(column));
    }
    files::write_atomically(path, format!("{}\n{section}", kept.trim_end()).as_bytes())
}

/// What a new file of settings begins with.
const BEGINNING: &str = "\
# The settings of this class. Changes here take effect with the next `grader class` command; nothing is graded again.

# When exercises are due.
# [deadlines]
# 04_mae = \"2026-11-20T23:59:00+01:00\"

# The deduction for each day late that has begun: points, or a percentage of the points earned.
# [late]
# grace_minutes = 15
# off_per_day = \"10%\"
# at_most = \"50%\"

# More time for one student.
# [[extensions]]
# student = \"jane@example.org\"
# exercise = \"04_mae\"
# until = \"2026-11-27T23:59:00+01:00\"

# What your learning platform calls its assignments: the heading of the column in its gradebook.
# [assignments]
# 04_mae = \"Exercise 4 (123456)\"
";

/// A time in seconds since 1970. It has to name its zone, or end in `Z`.
pub(crate) fn seconds(text: &str) -> Option<i64> {
    // Gradescope writes `2026-11-20 23:10:05.123456000 Z`.
    let text = text.trim().replacen(' ', "T", 1).replace(' ', "").replace("UTC", "Z");
    text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second)
}

/// The time as ISO 8601 writes it.
pub(crate) fn iso(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}

/// Now, in seconds since 1970.
pub(crate) fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn late(text: &str) -> Late {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn days_begin_after_the_grace_and_points_come_off_up_to_a_cap() {
        let policy = late("grace_minutes = 15\noff_per_day = \"10%\"\nat_most = \"25%\"");
        let deadline = seconds("2026-11-20T23:59:00+01:00").unwrap();
        assert_eq!(deadline, seconds("2026-11-20T22:59:00Z").unwrap());
        let days = |minutes: i64| policy.days(deadline, deadline + 60 * minutes);
        assert_eq!([-5, 0, 15, 16, 24 * 60, 24 * 60 + 1].map(days), [0, 0, 0, 1, 1, 2]);
        assert_eq!([0, 1, 2, 3, 9].map(|days| policy.off(20.0, days)), [0.0, 2.0, 4.0, 5.0, 5.0]);
        let points = late("off_per_day = 3");
        assert_eq!([0, 1, 9].map(|days| points.off(7.0, days)), [0.0, 3.0, 7.0], "there are no points below 0");
        assert_eq!(late("").off(7.0, 4), 0.0);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for wrong in ["off_per_day = \"ten\"", "off_per_day = -1", "at_most = true", "of_per_day = 1"] {
            assert!(toml::from_str::<Late>(wrong).is_err(), "{wrong}");
        }
        assert_eq!(seconds("2026-11-20 23:59"), None, "a time without a zone is not clear");
    }

    #[test]
    fn a_new_file_of_settings_can_be_read_and_a_roster_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.toml");
        let columns = |name: &str| Columns { name: Some(name.to_owned()), ..Columns::default() };
        for name in ["Student", "Say \"name\""] {
            keep_roster(&path, Path::new("roster.csv"), &columns(name)).unwrap();
            let settings: Settings = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            assert_eq!(settings.roster.unwrap().columns.name.as_deref(), Some(name));
        }
        let examples = BEGINNING.lines().skip(1).map(|line| line.strip_prefix("# ").unwrap_or(line));
        let is_toml = |line: &&str| line.contains(" = ") || line.starts_with('[');
        let examples: String = examples.filter(is_toml).map(|line| format!("{line}\n")).collect();
        let settings: Settings = toml::from_str(&examples).unwrap();
        assert_eq!((settings.deadlines.len(), settings.extensions.len(), settings.assignments.len()), (1, 1, 1));
    }
}
