//! The database: made of a class's records and settings, for looking at. The same records in any order make the same bytes.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::Path,
};

use anyhow::{Context, Result, bail};
use course::Course;
use report::{CheckReport, Report};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, params};

use crate::{
    record::{Code, Decision, Graded, HandIn, Paths, Record, Regrade, Spent, Terms, counting, each_line, unit_of},
    roster::Student,
    settings::Policy,
    similar,
    unclear::{self, Answer, Question},
};

/// What makes each version of the schema of the one before. The last one is what this program writes and reads.
const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// How a question ends that is about a student, and one about two submissions of a student's.
pub(crate) const WRITE_STUDENT: &str = "; write student, or ignore = true";
pub(crate) const WRITE_IGNORE: &str = "; write ignore = true for the one that does not count";
/// A question about a submission that counted because of an answer that is gone.
pub(crate) const ANSWER_IS_GONE: &str = "your answer about this was removed or changed; run the same `grader class grade` command again, which reads it again";

/// "nlcl", in the file's head.
const APPLICATION: i32 = 0x6e6c_636c;

/// Opens the database at `path`, brought up to this version if it is of an older one.
pub(crate) fn open(path: &Path) -> Result<Connection> {
    if !path.is_file() {
        let complaint = format!("there is no {}; `grader class grade SUBMISSIONS --to {0}` makes it", path.display());
        return Err(course::UsageError(complaint).into());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
    let mut connection =
        Connection::open_with_flags(path, flags).with_context(|| format!("cannot open {}", path.display()))?;
    let application: i32 = connection
        .query_row("PRAGMA application_id", [], |row| row.get(0))
        .with_context(|| format!("{} is not a database", path.display()))?;
    if application != APPLICATION {
        bail!("{} is not the database of a class", path.display());
    }
    migrate(&mut connection).with_context(|| format!("cannot use {}", path.display()))?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<()> {
    let version = connection.query_row("PRAGMA user_version", [], |row| row.get::<_, u32>(0))? as usize;
    if version > MIGRATIONS.len() {
        bail!("a newer grader wrote it (version {version}); this one reads up to {}", MIGRATIONS.len());
    }
    for (number, step) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number as u32 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Makes the database of `records` and of what `policy` and `answers` say, in place of the one that is there. Returns what is
/// not clear about whose submissions are.
pub(crate) fn build(
    course: &Course,
    policy: &Policy,
    answers: &[Answer],
    records: &Path,
    paths: &Paths,
) -> Result<Vec<Question>> {
    let path = &paths.database;
    let cannot = || {
        let says = "is its folder there, writable and not full? Everything graded is kept; run the same command again";
        format!("cannot write {}; {says}", path.display())
    };
    // Who looks at a class while it is graded makes a database, too: one after the other.
    let lock = fs::File::create(path.with_added_extension("lock")).with_context(cannot)?;
    lock.lock().with_context(cannot)?;
    let [unsorted, sorted] = ["unsorted", "sorted"].map(|ending| path.with_extension(format!("{ending}.db")));
    for old in [&unsorted, &sorted] {
        let _ = fs::remove_file(old);
    }
    let result = make(course, policy, answers, records, &unsorted, &sorted);
    let moved = result.and_then(|questions| Ok(fs::rename(&sorted, path).map(|()| questions)?));
    // On a disk that is full, what was begun is in the way.
    for old in [&unsorted, &sorted] {
        let _ = fs::remove_file(old);
    }
    moved.with_context(cannot)
}

/// Makes the database in `sorted`, by way of `unsorted`; neither is there yet.
fn make(
    course: &Course,
    policy: &Policy,
    answers: &[Answer],
    records: &Path,
    unsorted: &Path,
    sorted: &Path,
) -> Result<Vec<Question>> {
    let mut connection = Connection::open(unsorted)?;
    // It is thrown away if something goes wrong: the records are what counts.
    connection.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;")?;
    connection.pragma_update(None, "application_id", APPLICATION)?;
    migrate(&mut connection)?;
    let transaction = connection.transaction()?;
    let questions = Building { course, policy, answers, transaction: &transaction }.all(records)?;
    transaction.commit()?;
    // Written again in the order of the keys, so that it does not matter in which order the records came.
    connection.execute("VACUUM INTO ?1", [sorted.to_str().context("its name is not UTF-8")?])?;
    Ok(questions)
}

/// The question which of two submissions counts, if both are of this student and no time tells which one is later.
fn two_submissions(student: &Student, exercise: &str, hand_ins: &[HandIn]) -> Option<Question> {
    let mut last: BTreeMap<&str, &HandIn> = BTreeMap::new();
    for hand_in in hand_ins {
        let known = last.entry(&hand_in.who.key).or_insert(hand_in);
        if known.attempt < hand_in.attempt {
            *known = hand_in;
        }
    }
    let mut last = last.into_values();
    let (one, other) = (last.next()?, last.next()?);
    let is_clear = one.code == other.code || one.handed_in != other.handed_in;
    let why = format!("{exercise} of {} is also in {}{WRITE_IGNORE}", student.name, one.submission());
    (!is_clear).then(|| Question::new(other.submission(), &why))
}

/// The hand-ins that count, by student and exercise.
type Counting = BTreeMap<(String, String), HandIn>;

struct Building<'a> {
    course: &'a Course,
    policy: &'a Policy,
    answers: &'a [Answer],
    transaction: &'a Transaction<'a>,
}

impl Building<'_> {
    fn all(&self, records: &Path) -> Result<Vec<Question>> {
        let (mut terms, mut regrades, mut decisions) = (Vec::new(), Vec::new(), Vec::new());
        let (mut hand_ins, mut gone) = (Vec::<HandIn>::new(), BTreeSet::new());
        each_line(records, |_, line| {
            // What is damaged was told of when the file was opened.
            match serde_json::from_str(line) {
                Ok(Record::Terms(new)) if !terms.contains(&new) => terms.push(new),
                Ok(Record::Code(code)) => self.code(&code)?,
                Ok(Record::HandIn(hand_in)) => {
                    if unclear::counts(&hand_in, self.answers) {
                        hand_ins.push(hand_in);
                    } else {
                        gone.insert(hand_in.submission().to_owned());
                    }
                }
                Ok(Record::Result(graded)) => self.result(&graded)?,
                Ok(Record::Spent(Spent { unit, milliseconds })) => {
                    let sql = "INSERT INTO duration VALUES (?1, ?2) ON CONFLICT DO UPDATE SET milliseconds = \
                               min(milliseconds, excluded.milliseconds)";
                    self.transaction.prepare_cached(sql)?.execute(params![unit, milliseconds as i64])?;
                }
                Ok(Record::Regrade(regrade)) if !regrades.contains(&regrade) => regrades.push(regrade),
                Ok(Record::Decision(decision)) if !decisions.contains(&decision) => decisions.push(decision),
                Ok(_) | Err(_) => {}
            }
            Ok(())
        })?;
        let mut counted = BTreeMap::new();
        for exercise in &self.course.exercises {
            if let Some(terms) = counting(&exercise.name, &terms, &regrades, &decisions)? {
                counted.insert(exercise.name.clone(), terms);
            }
        }
        self.about()?;
        self.exercises(&counted)?;
        gone.retain(|submission| hand_ins.iter().all(|hand_in| hand_in.submission() != submission));
        let (last, mut questions) = self.students(hand_ins)?;
        questions.extend(gone.iter().map(|submission| Question::new(submission, ANSWER_IS_GONE)));
        self.grades(&counted, &last)?;
        self.regrades(&regrades, &decisions, &last)?;
        Ok(questions)
    }

    fn about(&self) -> Result<()> {
        let about = [("course", self.course.title.as_str()), ("grader", env!("CARGO_PKG_VERSION"))];
        for (name, value) in about {
            self.transaction.execute("INSERT INTO about VALUES (?1, ?2)", params![name, value])?;
        }
        Ok(())
    }

    fn exercises(&self, counted: &BTreeMap<String, Terms>) -> Result<()> {
        for exercise in &self.course.exercises {
            let name = &exercise.name;
            let points = |bonus: bool| -> u32 {
                exercise.tasks.iter().filter(|task| task.bonus == bonus).map(|task| task.points).sum()
            };
            let terms = counted.get(name);
            let title = format!("{} {}", exercise.number, exercise.title);
            let assignment = self.policy.assignments.get(name).unwrap_or(&title);
            self.transaction.execute(
                "INSERT INTO exercise VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    name,
                    exercise.number,
                    exercise.title,
                    points(false),
                    points(true),
                    self.policy.deadlines.get(name),
                    terms.map(|terms| &terms.checks),
                    terms.map(|terms| &terms.compiler),
                    terms.map(|terms| terms.seed as i64),
                    assignment,
                ],
            )?;
        }
        Ok(())
    }

    fn code(&self, code: &Code) -> Result<()> {
        let files = serde_json::to_string(&code.files)?;
        let sql = "INSERT INTO code VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        self.transaction.prepare_cached(sql)?.execute(params![code.digest, files, similar::shape(&code.files)])?;
        Ok(())
    }

    fn result(&self, graded: &Graded) -> Result<()> {
        let Graded { unit, terms, code, report } = graded;
        let json = serde_json::to_string(report)?;
        // Two machines that came to different results, such as one that was too slow: the same one of them counts, in
        // whatever order they come.
        let other: Option<String> = self
            .transaction
            .query_row("SELECT report FROM result WHERE unit = ?1", [unit], |row| row.get(0))
            .optional()?;
        if other.is_some_and(|other| other <= json) {
            return Ok(());
        }
        self.transaction.prepare_cached("DELETE FROM check_result WHERE unit = ?1")?.execute([unit])?;
        let sql = "INSERT OR REPLACE INTO result VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
        self.transaction.prepare_cached(sql)?.execute(params![
            unit,
            terms.exercise,
            code,
            terms.checks,
            terms.compiler,
            terms.seed as i64,
            report.course_commit,
            report.sandbox,
            report.status().name(),
            report.score(),
            report.bonus_score(),
            json,
        ])?;
        for (position, check) in (1..).zip(&report.checks) {
            let sql = "INSERT INTO check_result VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
            self.transaction.prepare_cached(sql)?.execute(params![
                unit,
                position,
                check.id,
                check.task,
                check.title,
                check.status.name(),
                check.points,
                check.max_points,
                check.bonus,
                check.mistake,
                check.message,
            ])?;
        }
        Ok(())
    }

    /// Says of every hand-in whose it is; returns those that count, by student and exercise.
    fn students(&self, hand_ins: Vec<HandIn>) -> Result<(Counting, Vec<Question>)> {
        let mut students: BTreeMap<String, (Student, bool)> = BTreeMap::new();
        for student in &self.policy.roster.students {
            students.insert(student.key.clone(), (student.clone(), true));
        }
        let mut questions = Vec::new();
        let mut all: BTreeMap<(String, String), Vec<HandIn>> = BTreeMap::new();
        for hand_in in hand_ins {
            let who = &hand_in.who;
            let student = match self.policy.roster.find(who) {
                Ok(student) => student.clone(),
                Err(why) => {
                    if !self.policy.roster.students.is_empty() {
                        questions.push(Question::new(hand_in.submission(), &format!("{why}{WRITE_STUDENT}")));
                    }
                    let is_address = |id: &&String| id.contains('@');
                    let email = who.ids.iter().find(is_address).cloned().unwrap_or_default();
                    Student { key: who.key.clone(), name: who.key.clone(), email, ..Student::default() }
                }
            };
            students.entry(student.key.clone()).or_insert_with(|| (student.clone(), false));
            all.entry((student.key, hand_in.exercise.clone())).or_default().push(hand_in);
        }
        for ((student, exercise), hand_ins) in &all {
            questions.extend(two_submissions(&students[student].0, exercise, hand_ins));
        }
        questions.sort_by(|a, b| a.submission.cmp(&b.submission));
        questions.dedup();
        for (student, in_roster) in students.values() {
            let Student { key, name, email, login, row } = student;
            let row = serde_json::to_string(row)?;
            self.transaction
                .prepare_cached("INSERT INTO student VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![key, name, email, login, in_roster, row])?;
        }
        let mut last = BTreeMap::new();
        for ((student, exercise), mut hand_ins) in all {
            // Of two names for the same student, the later one counts.
            hand_ins.sort_by_key(|it| (it.attempt, it.handed_in, it.who.key.clone(), it.code.clone()));
            hand_ins.dedup();
            for (attempt, hand_in) in (1..).zip(&hand_ins) {
                self.transaction
                    .prepare_cached("INSERT INTO hand_in VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                    .execute(params![student, exercise, attempt, hand_in.code, hand_in.handed_in, hand_in.found])?;
            }
            let attempts = hand_ins.len() as u32;
            if let Some(counts) = hand_ins.pop() {
                last.insert((student, exercise), HandIn { attempt: attempts, ..counts });
            }
        }
        Ok((last, questions))
    }

    fn grades(&self, counted: &BTreeMap<String, Terms>, last: &Counting) -> Result<()> {
        let mut students = self.transaction.prepare("SELECT key, name, email, login FROM student")?;
        let students = students.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))?;
        let students: Vec<[String; 4]> = students.collect::<rusqlite::Result<_>>()?;
        let sql = "INSERT INTO grade VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        for student in &students {
            // Exercises without submissions are not part of this class yet.
            for (exercise, terms) in counted {
                let mut insert = self.transaction.prepare_cached(sql)?;
                let Some(hand_in) = last.get(&(student[0].clone(), exercise.clone())) else {
                    let none = None::<u32>;
                    insert
                        .execute(params![student[0], exercise, "missing", none, none, none, none, none, none, none])?;
                    continue;
                };
                let unit = unit_of(terms, &hand_in.code);
                let result: Option<(String, u32, u32)> = self
                    .transaction
                    .prepare_cached("SELECT status, points, bonus FROM result WHERE unit = ?1")?
                    .query_row([&unit], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                    .optional()?;
                let Some((status, points, bonus)) = result else {
                    let none = None::<u32>;
                    insert.execute(params![
                        student[0],
                        exercise,
                        "not_graded",
                        hand_in.attempt,
                        none,
                        none,
                        none,
                        none,
                        none,
                        none
                    ])?;
                    continue;
                };
                let names: Vec<&str> = student.iter().map(String::as_str).filter(|name| !name.is_empty()).collect();
                let deadline = self.policy.deadline(&names, exercise);
                // Late is only what is known to be late.
                let days = match (deadline, hand_in.handed_in) {
                    (Some(deadline), Some(time)) => self.policy.late.days(deadline, time),
                    _ => 0,
                };
                let off = if days > 0 { self.policy.late.off(f64::from(points), days) } else { 0.0 };
                let counts = self.policy.late.counted(points, days);
                insert.execute(params![
                    student[0],
                    exercise,
                    status,
                    hand_in.attempt,
                    unit,
                    points,
                    bonus,
                    days,
                    off,
                    counts
                ])?;
            }
        }
        Ok(())
    }

    fn regrades(&self, regrades: &[Regrade], decisions: &[Decision], last: &Counting) -> Result<()> {
        for Regrade { number, commit, terms, at } in regrades {
            let decision = decisions.iter().find(|decision| decision.number == *number);
            let decided = match decision {
                None => "open",
                Some(Decision { accepted: true, .. }) => "accepted",
                Some(_) => "discarded",
            };
            for (old, new) in terms {
                self.transaction.execute(
                    "INSERT INTO regrade VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                    params![
                        number,
                        new.exercise,
                        commit,
                        old.checks,
                        new.checks,
                        old.compiler,
                        new.compiler,
                        at,
                        decided,
                        decision.map(|decision| decision.at)
                    ],
                )?;
                // The same code changes in the same way.
                let mut known: HashMap<&str, Vec<Change>> = HashMap::new();
                for ((student, exercise), hand_in) in last.iter().filter(|((_, of), _)| *of == new.exercise) {
                    if !known.contains_key(hand_in.code.as_str()) {
                        let [before, after] = [old, new].map(|terms| self.report(&unit_of(terms, &hand_in.code)));
                        let changes = match (before?, after?) {
                            (Some(before), Some(after)) => changes(&before, &after),
                            _ => Vec::new(),
                        };
                        known.insert(&hand_in.code, changes);
                    }
                    for change in &known[hand_in.code.as_str()] {
                        self.transaction
                            .prepare_cached("INSERT INTO regrade_change VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")?
                            .execute(params![
                                number,
                                student,
                                exercise,
                                change.id,
                                change.points.0,
                                change.points.1,
                                change.status.0,
                                change.status.1,
                                change.why
                            ])?;
                    }
                }
            }
        }
        Ok(())
    }

    fn report(&self, unit: &str) -> Result<Option<Report>> {
        let sql = "SELECT report FROM result WHERE unit = ?1";
        let json: Option<String> =
            self.transaction.prepare_cached(sql)?.query_row([unit], |row| row.get(0)).optional()?;
        Ok(json.map(|json| serde_json::from_str(&json)).transpose()?)
    }
}

/// A check that comes out otherwise.
struct Change {
    id: String,
    points: (u32, u32),
    status: (String, String),
    why: String,
}

/// What is different in the second report on the same code.
fn changes(before: &Report, after: &Report) -> Vec<Change> {
    let ids: Vec<&str> = before.checks.iter().chain(&after.checks).map(|check| check.id.as_str()).collect();
    let find = |report: &'_ Report, id: &str| report.checks.iter().find(|check| check.id == id).cloned();
    let mut changes: Vec<Change> = Vec::new();
    for id in ids {
        let (old, new) = (find(before, id), find(after, id));
        let points = |check: &Option<CheckReport>| check.as_ref().map_or(0, |check| check.points);
        let status = |check: &Option<CheckReport>| {
            check.as_ref().map_or_else(|| "not there".to_owned(), |check| check.status.name().to_owned())
        };
        let change = ((points(&old), points(&new)), (status(&old), status(&new)));
        if change.0.0 == change.0.1 && change.1.0 == change.1.1 || changes.iter().any(|change| change.id == id) {
            continue;
        }
        let why = match (&old, &new) {
            (_, Some(new)) if !new.message.is_empty() => new.message.clone(),
            (Some(old), Some(_)) if !old.message.is_empty() => format!("no longer: {}", old.message),
            (None, _) => "the check is new".to_owned(),
            (_, None) => "the check is gone".to_owned(),
            _ => "it is worth other points".to_owned(),
        };
        changes.push(Change { id: id.to_owned(), points: change.0, status: change.1, why });
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_database_is_brought_up_to_date_and_a_newer_one_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.db");
        let make = |version: usize| {
            let _ = fs::remove_file(&path);
            let connection = Connection::open(&path).unwrap();
            connection.pragma_update(None, "application_id", APPLICATION).unwrap();
            connection.pragma_update(None, "user_version", version as u32).unwrap();
        };
        make(0);
        let tables = open(&path).unwrap().query_row("SELECT count(*) FROM grade", [], |row| row.get::<_, u32>(0));
        assert_eq!(tables.unwrap(), 0);
        make(MIGRATIONS.len() + 1);
        assert!(format!("{:#}", open(&path).unwrap_err()).contains("a newer grader wrote it"));
        fs::write(&path, "no database").unwrap();
        assert!(format!("{:#}", open(&path).unwrap_err()).contains("is not a database"));
    }
}
