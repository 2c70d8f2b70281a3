//! What a database says of its class, for all that shows it or hands it over.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use report::Report;
use runner::items;
use rusqlite::{Connection, OptionalExtension, Row};

/// An exercise that somebody has handed in.
pub(crate) struct Exercise {
    pub(crate) name: String,
    pub(crate) number: u32,
    pub(crate) title: String,
    pub(crate) max_points: u32,
    pub(crate) deadline: Option<i64>,
    /// What a gradebook calls it.
    pub(crate) assignment: String,
}

/// A student, in the roster or not.
pub(crate) struct Student {
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) login: String,
    pub(crate) in_roster: bool,
    pub(crate) roster: BTreeMap<String, String>,
}

impl Student {
    /// Whether this is one of the names that the roster has for the student.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        [&self.key, &self.name, &self.email, &self.login].into_iter().any(|own| own == name)
    }
}

/// How a student stands in an exercise.
#[derive(Clone)]
pub(crate) struct Grade {
    pub(crate) student: String,
    pub(crate) exercise: String,
    pub(crate) status: String,
    pub(crate) unit: Option<String>,
    pub(crate) points: Option<u32>,
    pub(crate) bonus: Option<u32>,
    pub(crate) days_late: Option<i64>,
    pub(crate) taken_off: Option<f64>,
    pub(crate) counted: Option<f64>,
    pub(crate) handed_in: Option<i64>,
}

/// A misunderstanding of this class.
pub(crate) struct Mistake {
    pub(crate) id: String,
    /// What those who have it are told.
    pub(crate) sentence: String,
    pub(crate) students: BTreeSet<String>,
    pub(crate) exercises: BTreeSet<String>,
    pub(crate) example: Option<Example>,
}

/// Where it shows.
pub(crate) struct Example {
    pub(crate) code: String,
    pub(crate) input: Option<String>,
    pub(crate) expected: Option<String>,
    pub(crate) observed: Option<String>,
}

/// How many of those who handed something in have a task right.
pub(crate) struct Task {
    pub(crate) exercise: String,
    pub(crate) task: String,
    pub(crate) bonus: bool,
    pub(crate) right: u32,
    pub(crate) of: u32,
}

/// Submissions of several students that are the same but for blanks, comments and names.
pub(crate) struct Same {
    pub(crate) exercise: String,
    pub(crate) students: Vec<String>,
}

/// A class, without its reports.
pub(crate) struct Class {
    pub(crate) course: String,
    pub(crate) exercises: Vec<Exercise>,
    pub(crate) students: Vec<Student>,
    /// In the order of students and exercises.
    pub(crate) grades: BTreeMap<(String, String), Grade>,
}

fn all<T>(database: &Connection, sql: &str, read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
    let mut statement = database.prepare(sql)?;
    Ok(statement.query_map([], read)?.collect::<rusqlite::Result<_>>()?)
}

impl Class {
    pub(crate) fn read(database: &Connection) -> Result<Self> {
        let course = database.query_row("SELECT value FROM about WHERE name = 'course'", [], |row| row.get(0))?;
        let sql = "SELECT name, number, title, max_points, deadline, assignment FROM exercise \
                   WHERE checks IS NOT NULL ORDER BY number";
        let exercises = all(database, sql, |row| {
            Ok(Exercise {
                name: row.get(0)?,
                number: row.get(1)?,
                title: row.get(2)?,
                max_points: row.get(3)?,
                deadline: row.get(4)?,
                assignment: row.get(5)?,
            })
        })?;
        let sql = "SELECT key, name, email, login, in_roster, roster FROM student ORDER BY name, key";
        let students = all(database, sql, |row| {
            let roster: String = row.get(5)?;
            Ok(Student {
                key: row.get(0)?,
                name: row.get(1)?,
                email: row.get(2)?,
                login: row.get(3)?,
                in_roster: row.get(4)?,
                roster: serde_json::from_str(&roster).unwrap_or_default(),
            })
        })?;
        let sql = "SELECT g.student, g.exercise, g.status, g.unit, g.points, g.bonus, g.days_late, g.taken_off, g.counted, \
                   h.handed_in FROM grade g LEFT JOIN hand_in h USING (student, exercise, attempt)";
        let grades = all(database, sql, |row| {
            Ok(Grade {
                student: row.get(0)?,
                exercise: row.get(1)?,
                status: row.get(2)?,
                unit: row.get(3)?,
                points: row.get(4)?,
                bonus: row.get(5)?,
                days_late: row.get(6)?,
                taken_off: row.get(7)?,
                counted: row.get(8)?,
                handed_in: row.get(9)?,
            })
        })?;
        let grades = grades.into_iter().map(|grade| ((grade.student.clone(), grade.exercise.clone()), grade)).collect();
        Ok(Self { course, exercises, students, grades })
    }

    pub(crate) fn grade(&self, student: &Student, exercise: &Exercise) -> Option<&Grade> {
        self.grades.get(&(student.key.clone(), exercise.name.clone()))
    }

    /// What a student has in all exercises together.
    pub(crate) fn total(&self, student: &Student) -> f64 {
        let counted = self.exercises.iter().filter_map(|exercise| self.grade(student, exercise)?.counted);
        // The sum of nothing is -0.
        (counted.sum::<f64>() * 100.0).round() / 100.0 + 0.0
    }

    pub(crate) fn max_total(&self) -> u32 {
        self.exercises.iter().map(|exercise| exercise.max_points).sum()
    }

    /// One sentence about the whole class.
    pub(crate) fn summary(&self) -> String {
        let count = |status: &str| self.grades.values().filter(|grade| grade.status == status).count();
        let graded = self.grades.values().filter(|grade| grade.points.is_some()).count();
        let plural = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
        let mut text = format!(
            "{}, {}: {graded} graded, {} of them complete",
            plural(self.students.len(), "student"),
            plural(self.exercises.len(), "exercise"),
            count("complete"),
        );
        let others = [
            ("does_not_compile", "without code that compiles"),
            ("missing", "with nothing to grade"),
            ("not_graded", "not graded yet"),
        ];
        for (status, words) in others {
            if count(status) > 0 {
                text += &format!(", {} {words}", count(status));
            }
        }
        text
    }

    /// The student that `wanted` means.
    pub(crate) fn student(&self, wanted: &str) -> Result<&Student> {
        let lower = wanted.to_lowercase();
        let texts = |student: &Student| {
            [&student.key, &student.name, &student.email, &student.login].map(|it| it.to_lowercase())
        };
        let exact: Vec<&Student> = self.students.iter().filter(|student| texts(student).contains(&lower)).collect();
        let part: Vec<&Student> =
            self.students.iter().filter(|student| texts(student).iter().any(|text| text.contains(&lower))).collect();
        match (&*exact, &*part) {
            ([student], _) | ([], [student]) => Ok(student),
            ([], []) => Err(course::UsageError(format!("there is no student `{wanted}` in this class")).into()),
            ([], several) | (several, _) => {
                let mut names: Vec<String> =
                    several.iter().map(|it| format!("{} ({})", it.name, it.key)).take(6).collect();
                names.sort();
                Err(course::UsageError(format!("`{wanted}` may be any of {}", names.join(", "))).into())
            }
        }
    }
}

/// The report on a unit.
pub(crate) fn report(database: &Connection, unit: &str) -> Result<Report> {
    let json: String = database
        .prepare_cached("SELECT report FROM result WHERE unit = ?1")?
        .query_row([unit], |row| row.get(0))
        .with_context(|| format!("there is no result {unit}"))?;
    Ok(serde_json::from_str(&json)?)
}

/// The files of the code that a unit is about.
pub(crate) fn code_of(database: &Connection, unit: &str) -> Result<Vec<(String, String)>> {
    let sql = "SELECT files FROM code JOIN result ON code.digest = result.code WHERE unit = ?1";
    let json: Option<String> = database.prepare_cached(sql)?.query_row([unit], |row| row.get(0)).optional()?;
    Ok(json.map(|json| serde_json::from_str(&json)).transpose()?.unwrap_or_default())
}

/// The misunderstandings of the class, the most frequent one first.
pub(crate) fn mistakes(database: &Connection) -> Result<Vec<Mistake>> {
    let sql = "SELECT c.mistake, g.exercise, g.student, c.message, g.unit, c.id FROM grade g JOIN check_result c USING (unit) \
               WHERE c.mistake IS NOT NULL ORDER BY c.mistake, g.exercise, g.student, c.position";
    let rows =
        all(database, sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?)))?;
    let mut mistakes: Vec<Mistake> = Vec::new();
    let mut sentences: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut places: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (id, exercise, student, message, unit, check) in rows {
        let (id, exercise, student, message): (String, String, String, String) = (id, exercise, student, message);
        if mistakes.last().is_none_or(|last| last.id != id) {
            let (students, exercises) = (BTreeSet::new(), BTreeSet::new());
            mistakes.push(Mistake { id: id.clone(), sentence: String::new(), students, exercises, example: None });
        }
        let Some(mistake) = mistakes.last_mut() else { continue };
        mistake.students.insert(student);
        mistake.exercises.insert(exercise);
        *sentences.entry(id.clone()).or_default().entry(message).or_default() += 1;
        places.entry(id).or_insert((unit, check));
    }
    for mistake in &mut mistakes {
        let said = &sentences[&mistake.id];
        let most = said.iter().max_by(|a, b| (a.1, b.0).cmp(&(b.1, a.0)));
        mistake.sentence = most.map(|(sentence, _)| sentence.clone()).unwrap_or_default();
        let (unit, check) = &places[&mistake.id];
        mistake.example = example(database, unit, check)?;
    }
    mistakes.sort_by_key(|mistake| (std::cmp::Reverse(mistake.students.len()), mistake.id.clone()));
    Ok(mistakes)
}

fn example(database: &Connection, unit: &str, check: &str) -> Result<Option<Example>> {
    let report = report(database, unit)?;
    let Some(check) = report.checks.into_iter().find(|it| it.id == check) else { return Ok(None) };
    let files = code_of(database, unit)?;
    let named = check.file.as_deref().unwrap_or("lib.rs");
    let file = files.iter().find(|(name, _)| named.ends_with(name)).or(files.first());
    let code = file.map_or(String::new(), |(_, text)| excerpt(text, check.line.unwrap_or(1)));
    Ok(Some(Example { code, input: check.input, expected: check.expected, observed: check.observed }))
}

/// The function around a line, or what is left of a long one.
fn excerpt(text: &str, line: u32) -> String {
    const MOST: usize = 24;
    let line = (line as usize).clamp(1, text.lines().count().max(1));
    let items = items(text);
    let around =
        items.iter().filter(|item| item.lines.contains(&line)).min_by_key(|item| item.lines.end() - item.lines.start());
    let lines = around.map_or(line..=line + 5, |item| item.lines.clone());
    let count = lines.end() + 1 - lines.start();
    let mut kept: Vec<&str> = text.lines().skip(lines.start().saturating_sub(1)).take(count.min(MOST)).collect();
    if count > MOST {
        kept.push("…");
    }
    kept.join("\n")
}

/// Tasks by the share of those who have them right, the hardest first.
pub(crate) fn tasks(database: &Connection) -> Result<Vec<Task>> {
    let sql = "SELECT exercise, task, bonus, sum(is_right), count(*) FROM ( \
                   SELECT g.exercise, c.task, max(c.bonus) AS bonus, min(c.status = 'passed') AS is_right \
                   FROM grade g JOIN check_result c USING (unit) GROUP BY g.student, g.exercise, c.task) \
               GROUP BY exercise, task ORDER BY 1.0 * sum(is_right) / count(*), exercise, task";
    all(database, sql, |row| {
        Ok(Task { exercise: row.get(0)?, task: row.get(1)?, bonus: row.get(2)?, right: row.get(3)?, of: row.get(4)? })
    })
}

/// Where students are stuck: of each exercise and task those for whom it is the first that is not right.
pub(crate) fn stuck(database: &Connection) -> Result<Vec<(String, String, Vec<String>)>> {
    let sql = "SELECT g.exercise, c.task, g.student FROM grade g JOIN check_result c USING (unit) \
               WHERE g.status IN ('incomplete', 'not_started') AND c.status <> 'passed' AND NOT c.bonus \
               AND c.position = (SELECT min(position) FROM check_result d WHERE d.unit = g.unit AND d.status <> 'passed' \
               AND NOT d.bonus) ORDER BY g.exercise, c.position, g.student";
    let rows: Vec<(String, String, String)> = all(database, sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut stuck: Vec<(String, String, Vec<String>)> = Vec::new();
    for (exercise, task, student) in rows {
        match stuck.iter_mut().find(|(of, it, _)| *of == exercise && *it == task) {
            Some((.., students)) => students.push(student),
            None => stuck.push((exercise, task, vec![student])),
        }
    }
    stuck.sort_by_key(|(exercise, _, students)| (exercise.clone(), std::cmp::Reverse(students.len())));
    Ok(stuck)
}

/// Submissions that are the same, of those that are more than the stub.
pub(crate) fn same(database: &Connection) -> Result<Vec<Same>> {
    let sql = "SELECT g.exercise, c.shape, g.student FROM grade g JOIN result r USING (unit) JOIN code c ON c.digest = r.code \
               WHERE g.status <> 'not_started' ORDER BY g.exercise, c.shape, g.student";
    let rows: Vec<(String, String, String)> = all(database, sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut groups: Vec<(String, Same)> = Vec::new();
    for (exercise, shape, student) in rows {
        match groups.last_mut().filter(|(last, same)| *last == shape && same.exercise == exercise) {
            Some((_, same)) => same.students.push(student),
            None => groups.push((shape, Same { exercise, students: vec![student] })),
        }
    }
    Ok(groups.into_iter().map(|(_, same)| same).filter(|same| same.students.len() > 1).collect())
}

#[cfg(test)]
mod tests {
    proptest::proptest! {
        /// Fuzzing: a line that a submission says it panicked in may be anywhere.
        #[test]
        fn any_line_of_any_text_has_an_excerpt(text in "(fn a\\(\\) \\{|\\}|\n|\\PC){0,40}", line in proptest::num::u32::ANY) {
            proptest::prop_assert!(super::excerpt(&text, line % 64).lines().count() <= 25);
            super::excerpt(&text, line);
        }
    }
}
