//! `class regrade`: other checks, what they would change, and the decision about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use course::{Course, UsageError};
use runner::Sandbox;
use rusqlite::Connection;

use crate::{
    cli::RegradeArgs,
    collect,
    grade::{self, Ready, Units},
    record::{Decision, Paths, Record, Records, Regrade},
    say,
    settings::{Late, Policy, now},
    stop::Stop,
};

pub(crate) fn run(course: &Course, args: &RegradeArgs, stop: &Stop) -> Result<()> {
    let paths = Paths { database: args.database.clone() };
    if !paths.records(None).is_file() {
        return Err(UsageError(format!("there is no {}; grade the class first", paths.records(None).display())).into());
    }
    let late = || Policy::read(course, &paths.settings()).map(|policy| policy.late);
    let mut records = Records::open(&paths.records(None))?;
    let open = records.regrades.iter().find(|it| records.decisions.iter().all(|decision| decision.number != it.number));
    let open = open.map(|regrade| regrade.number);
    if args.accept || args.discard {
        let Some(number) = open else {
            return Err(
                UsageError("there is no regrading to decide about; `grader class regrade` makes one".into()).into()
            );
        };
        if args.accept {
            refuse_what_has_changed(course, records.regrades.iter().find(|regrade| regrade.number == number))?;
        }
        records.add(&[Record::Decision(Decision { number, accepted: args.accept, at: now() })])?;
        drop(records);
        collect::build(course, &paths, None)?;
        say(&format!("Regrading {number} is {}.", if args.accept { "accepted" } else { "discarded" }));
        return Ok(());
    }
    if let Some(number) = open {
        tell(&crate::up_to_date(course, &args.database)?, &late()?, number)?;
        return Err(UsageError(format!(
            "regrading {number} is open; decide about it with --accept or --discard first"
        ))
        .into());
    }
    let sandbox = Sandbox::choose(args.sandbox.into())?;
    let units = what_counts(&crate::up_to_date(course, &args.database)?)?;
    let other = match &args.with {
        None => None,
        Some(commit) => Some(course_at(course, commit)?),
    };
    let number = propose(
        other.as_ref().map_or(course, |(other, _)| other),
        other.as_ref().map(|(_, id)| id),
        units,
        sandbox,
        &mut records,
        stop,
    )?;
    drop(records);
    collect::build(course, &paths, None)?;
    match number {
        Some(number) => tell(&crate::database::open(&paths.database)?, &late()?, number)?,
        None => say("Nothing to regrade: checks, points and compiler are those that the class was graded with."),
    }
    Ok(())
}

/// Refuses to accept the results of checks that have been changed since.
fn refuse_what_has_changed(course: &Course, regrade: Option<&Regrade>) -> Result<()> {
    // A commit stays what it is.
    let Some(regrade) = regrade.filter(|regrade| regrade.commit.is_none()) else { return Ok(()) };
    for (_, new) in &regrade.terms {
        let is_same = match course.exercise(&new.exercise) {
            Ok(exercise) => Ready::new(course, exercise, new.seed)?.terms == *new,
            Err(_) => false,
        };
        if !is_same {
            return Err(UsageError(format!(
                "the checks of {} have changed since regrading {}; `grader class regrade --discard` takes it back, and \
                 `grader class regrade` makes a new one",
                new.exercise, regrade.number
            ))
            .into());
        }
    }
    Ok(())
}

/// Grades by other terms what they can touch, and notes down that this is proposed.
fn propose(
    course: &Course,
    commit: Option<&String>,
    mut units: Units,
    sandbox: Sandbox,
    records: &mut Records,
    stop: &Stop,
) -> Result<Option<u32>> {
    let mut ready = BTreeMap::new();
    let mut terms = Vec::new();
    let mut names: Vec<String> = records.terms.iter().map(|terms| terms.exercise.clone()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let Some(old) = records.terms_of(&name)? else { continue };
        // What is gone from the course keeps its grades.
        let Ok(exercise) = course.exercise(&name) else { continue };
        let new = Ready::new(course, exercise, old.seed)?;
        if new.terms == old {
            continue;
        }
        terms.push((old, new.terms.clone()));
        ready.insert(name, new);
    }
    if terms.is_empty() {
        return Ok(None);
    }
    units.retain(|(exercise, _)| ready.contains_key(exercise));
    let outcome = grade::grade(course, &ready, &units, sandbox, records, stop)?;
    outcome.whole()?;
    let number = records.regrades.iter().map(|regrade| regrade.number).max().unwrap_or(0) + 1;
    records.add(&[Record::Regrade(Regrade { number, commit: commit.cloned(), terms, at: now() })])?;
    Ok(Some(number))
}

/// The code of all submissions that count.
fn what_counts(database: &Connection) -> Result<Units> {
    let sql = "SELECT exercise, code FROM grade JOIN hand_in USING (student, exercise, attempt)";
    let mut statement = database.prepare(sql)?;
    Ok(statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?)
}

/// What a student has in an exercise, now and if a regrading is accepted.
struct Points {
    points: (u32, u32),
    bonus: (u32, u32),
    days_late: i64,
}

impl Points {
    fn change(&self) -> bool {
        self.points.0 != self.points.1 || self.bonus.0 != self.bonus.1
    }

    /// `31 → 33 points, 27.9 → 29.7 after the deduction for lateness`
    fn in_words(&self, late: &Late) -> String {
        let Self { points: (before, after), bonus, days_late } = self;
        let mut text = match before == after {
            true => format!("{before} points as before"),
            false => format!("{before} → {after} points"),
        };
        let counted = [before, after].map(|&points| late.counted(points, *days_late));
        if before != after && counted != [before, after].map(|&points| f64::from(points)) {
            text += &format!(", {} → {} after the deduction for lateness", counted[0], counted[1]);
        }
        if bonus.0 != bonus.1 {
            text += &format!(", bonus {} → {}", bonus.0, bonus.1);
        }
        text
    }
}

/// For each student and exercise of regrading `number`, which is open.
fn points(database: &Connection, number: u32) -> Result<BTreeMap<(String, String), Points>> {
    let sql = "SELECT g.student, g.exercise, b.points, a.points, b.bonus, a.bonus, g.days_late \
               FROM regrade r JOIN grade g USING (exercise) JOIN result b ON b.unit = g.unit \
               JOIN result a ON a.exercise = b.exercise AND a.code = b.code AND a.seed = b.seed \
               AND a.checks = r.checks_after AND a.compiler = r.compiler_after WHERE r.number = ?1";
    let mut statement = database.prepare(sql)?;
    let rows = statement.query_map([number], |row| {
        let points = (row.get(2)?, row.get(3)?);
        let bonus = (row.get(4)?, row.get(5)?);
        Ok(((row.get(0)?, row.get(1)?), Points { points, bonus, days_late: row.get(6)? }))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Says who changes, by how much, and why.
fn tell(database: &Connection, late: &Late, number: u32) -> Result<()> {
    let all = points(database, number)?;
    let sql = "SELECT c.student, s.name, c.exercise, c.check_id, c.points_before, c.points_after, c.status_before, \
               c.status_after, c.why FROM regrade_change c JOIN student s ON s.key = c.student WHERE number = ?1 \
               ORDER BY c.exercise, s.name, c.student, c.check_id";
    let mut statement = database.prepare(sql)?;
    let mut rows = statement.query([number])?;
    let mut students: Vec<(String, Vec<String>)> = Vec::new();
    let mut by_check: BTreeMap<(String, String), (u32, u32)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (student, name, exercise, check): (String, String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        let (before, after): (i64, i64) = (row.get(4)?, row.get(5)?);
        let (was, is, why): (String, String, String) = (row.get(6)?, row.get(7)?, row.get(8)?);
        let words = all.get(&(student.clone(), exercise.clone())).map(|points| points.in_words(late));
        let who = format!("{exercise}  {name} ({student}): {}", words.unwrap_or_default());
        if students.last().is_none_or(|(last, _)| *last != who) {
            students.push((who, Vec::new()));
        }
        let Some((_, lines)) = students.last_mut() else { continue };
        let points = match after - before {
            0 => String::new(),
            difference => format!("{difference:+} "),
        };
        lines.push(format!("    {points}{check}: {was} → {is}: {}", why.lines().next().unwrap_or_default()));
        let counts = by_check.entry((exercise, check)).or_default();
        if after > before {
            counts.0 += 1
        } else if after < before {
            counts.1 += 1
        }
    }
    say(&format!("Regrading {number}, which has no effect yet:"));
    for (who, lines) in &students {
        say(who);
        lines.iter().for_each(|line| say(line));
    }
    for ((exercise, check), (more, less)) in by_check.iter().filter(|(_, (more, less))| more + less > 0) {
        say(&format!("{exercise} {check}: {more} with more points, {less} with fewer"));
    }
    let changed: BTreeSet<&String> =
        all.iter().filter(|(_, points)| points.change()).map(|((student, _), _)| student).collect();
    match changed.len() {
        0 => say("No student's points change."),
        1 => say("The points of 1 student change."),
        count => say(&format!("The points of {count} students change.")),
    }
    say("`grader class regrade --accept` puts it into effect, `--discard` leaves the grades as they are.");
    Ok(())
}

/// The course as it is in `commit`, in a work tree of its own, and the commit's whole name.
fn course_at(course: &Course, commit: &str) -> Result<(Course, String)> {
    let git = |folder: &Path, arguments: &[&str]| -> Result<String> {
        let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().context("cannot run git")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(UsageError(format!("git cannot show {commit}: {}", said.trim())));
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let id = git(&course.root, &["rev-parse", "--verify", "--quiet", &format!("{commit}^{{commit}}")])
        .map_err(|_| UsageError(format!("there is no commit {commit} in {}", course.root.display())))?;
    let prefix = git(&course.root, &["rev-parse", "--show-prefix"])?;
    // One place for all commits, so that what is built there is built once.
    let place: PathBuf = course.work_folder()?.join("other-course");
    let is_there = place.join(".git").exists();
    if !is_there || git(&place, &["checkout", "--quiet", "--force", "--detach", &id]).is_err() {
        // None yet, or one of a repository that is gone.
        let _ = fs::remove_dir_all(&place);
        git(&course.root, &["worktree", "prune"])?;
        let path = place.to_str().context("the folder's name is not UTF-8")?;
        git(&course.root, &["worktree", "add", "--quiet", "--force", "--detach", path, &id])?;
    }
    Ok((Course::find(Some(&place.join(prefix)))?, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_with_what_counts_where_that_differs() {
        let late: Late = toml::from_str("off_per_day = \"10%\"").unwrap();
        let said = |points, bonus, days_late| Points { points, bonus, days_late }.in_words(&late);
        assert_eq!(said((31, 33), (0, 0), 1), "31 → 33 points, 27.9 → 29.7 after the deduction for lateness");
        assert_eq!(said((31, 33), (0, 2), 0), "31 → 33 points, bonus 0 → 2");
        assert_eq!(said((31, 31), (2, 0), 1), "31 points as before, bonus 2 → 0");
        assert_eq!(said((31, 31), (0, 0), 1), "31 points as before");
    }
}
