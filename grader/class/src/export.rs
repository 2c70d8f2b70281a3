//! `class export`: grades as other systems read them. Nothing is graded for it.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write,
    path::Path,
};

use anyhow::{Context, Result};
use course::{Course, UsageError, files};
use report::{CheckReport, Report};
use rusqlite::Connection;
use serde_json::{Value, json};
use wire::judge::Status;
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{
    cli::{ExportArgs, Form},
    page::Pseudonyms,
    record::Paths,
    roster::Sheet,
    settings::{Policy, iso, now},
    show::{points, standing},
    stored::{self, Class, Exercise, Grade, Student},
};

pub(crate) fn run(course: &Course, args: &ExportArgs) -> Result<()> {
    let database = crate::up_to_date(course, &args.database)?;
    let mut class = Class::read(&database)?;
    if let Some(wanted) = &args.exercise {
        let name = &course.exercise(wanted)?.name;
        class.exercises.retain(|exercise| exercise.name == *name);
    }
    let export = Export { course, args, class: &class, database: &database };
    let count = match args.form {
        Form::Canvas => export.canvas()?,
        Form::Moodle => export.moodle()?,
        Form::Lti => export.lti()?,
        Form::Gradescope => export.by_student("json", |reports| report::gradescope(&reports))?,
        Form::Junit => export.by_student("xml", |reports| Ok(report::junit(&reports)))?,
        Form::Classroom50 => export.by_exercise(|student, exercise, grade, report| {
            classroom50(&args.classroom, student, exercise, grade, report)
        })?,
        Form::Prairielearn => export.by_exercise(|_, exercise, grade, report| prairielearn(exercise, grade, report))?,
        Form::Dolos => export.dolos()?,
        Form::Jplag => export.jplag()?,
    };
    crate::say(&format!("{count} written to {}", args.to.display()));
    Ok(())
}

struct Export<'a> {
    course: &'a Course,
    args: &'a ExportArgs,
    class: &'a Class,
    database: &'a Connection,
}

impl Export<'_> {
    /// Canvas' gradebook: its own columns first, and the points that there are in the second row. What is not graded stays
    /// empty, which Canvas leaves as it was.
    fn canvas(&self) -> Result<usize> {
        const OWN: [&str; 5] = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"];
        let mut table = csv::Writer::from_writer(Vec::new());
        let headings = self.class.exercises.iter().map(|exercise| exercise.assignment.as_str());
        table.write_record(OWN.into_iter().chain(headings))?;
        let possible = self.class.exercises.iter().map(|exercise| exercise.max_points.to_string());
        table.write_record(["    Points Possible", "", "", "", ""].map(str::to_owned).into_iter().chain(possible))?;
        let mut without_number = 0;
        for student in &self.class.students {
            let cell = |column: &str| student.roster.get(column).cloned();
            let number = cell("ID").unwrap_or_else(|| canvas_number(student));
            without_number += usize::from(number.is_empty());
            let own = [
                cell("Student").unwrap_or_else(|| student.name.clone()),
                number,
                cell("SIS User ID").unwrap_or_default(),
                cell("SIS Login ID").unwrap_or_else(|| student.login.clone()),
                cell("Section").unwrap_or_default(),
            ];
            table.write_record(own.into_iter().chain(self.counted(student)).map(|cell| harmless(&cell)))?;
        }
        if without_number > 0 {
            crate::warn(&format!(
                "{without_number} of these students have no number of Canvas'; Canvas finds a student by the column ID of its \
                 own gradebook, so export that, and give it with --roster"
            ));
        }
        self.compare_with_gradebook()?;
        files::write_atomically(&self.args.to, &table.into_inner().context("the table cannot be written")?)?;
        Ok(self.class.students.len())
    }

    /// Says which columns Canvas would not recognise, and which have other points there, if the roster is its gradebook.
    fn compare_with_gradebook(&self) -> Result<()> {
        let settings = Paths { database: self.args.database.clone() }.settings();
        let Some(roster) = Policy::read(self.course, &settings)?.roster.file else { return Ok(()) };
        let Sheet { heads, rows } = Sheet::read(&roster)?;
        if !["Student", "ID"].iter().all(|own| heads.iter().any(|head| head == own)) {
            return Ok(());
        }
        let points = rows.iter().find(|row| row.first().is_some_and(|cell| cell == "Points Possible"));
        // The number at the end tells an assignment from sums such as `Final Score`.
        let is_assignment = |head: &&String| {
            let number = head.strip_suffix(')').and_then(|head| head.rsplit_once(" (")).map(|(_, number)| number);
            number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let mut unknown = Vec::new();
        for Exercise { number, assignment, max_points, .. } in &self.class.exercises {
            let Some(column) = heads.iter().position(|head| head == assignment) else {
                unknown.push((number, assignment));
                continue;
            };
            let there = points.and_then(|row| row.get(column)?.parse::<f64>().ok());
            if let Some(there) = there.filter(|there| *there != f64::from(*max_points)) {
                crate::warn(&format!(
                    "`{assignment}` has {there} points in Canvas, but exercise {number} has {max_points}, and Canvas takes the \
                     points as they are: set the points of the assignment to {max_points}"
                ));
            }
        }
        if let Some((number, _)) = unknown.first() {
            let names: Vec<String> = unknown.iter().map(|(_, name)| format!("`{name}`")).collect();
            let columns: Vec<String> = heads.iter().filter(is_assignment).map(|head| format!("`{head}`")).collect();
            let is_named =
                |head: &&String| head.split(|c: char| !c.is_ascii_digit()).any(|it| it == number.to_string());
            let mut likely = heads.iter().filter(is_assignment);
            let example = likely.find(is_named).map_or("Exercise (123456)", String::as_str);
            crate::warn(&format!(
                "{} has no column {}, so Canvas would offer to create a new assignment. Name the column of each exercise under \
                 [assignments] in {}, such as {number} = \"{example}\"; {}",
                roster.display(),
                names.join(", "),
                settings.display(),
                match &*columns {
                    [] => "the gradebook has no assignment yet: create it in Canvas, and export the gradebook again"
                        .to_owned(),
                    columns => format!("the gradebook has {}", columns.join(", ")),
                }
            ));
        }
        Ok(())
    }

    /// For Moodle's import of grades: identify by the address or the number, map each exercise to its item.
    fn moodle(&self) -> Result<usize> {
        let mut table = csv::Writer::from_writer(Vec::new());
        let own = ["ID number", "Email address", "Username", "Full name"];
        let exercises = self.class.exercises.iter();
        let headings =
            exercises.flat_map(|exercise| [exercise.assignment.clone(), format!("{} (feedback)", exercise.assignment)]);
        table.write_record(own.map(str::to_owned).into_iter().chain(headings))?;
        for student in &self.class.students {
            let id = student.roster.get("ID number").cloned().unwrap_or_else(|| {
                if student.in_roster && student.key != student.email { student.key.clone() } else { String::new() }
            });
            let own = [id, student.email.clone(), student.login.clone(), student.name.clone()];
            let feedback = self.class.exercises.iter().map(|exercise| {
                self.class.grade(student, exercise).map_or(String::new(), |grade| standing(grade, exercise.max_points))
            });
            let cells =
                self.counted(student).into_iter().zip(feedback).flat_map(|(counted, feedback)| [counted, feedback]);
            table.write_record(own.into_iter().chain(cells).map(|cell| harmless(&cell)))?;
        }
        files::write_atomically(&self.args.to, &table.into_inner().context("the table cannot be written")?)?;
        Ok(self.class.students.len())
    }

    fn counted(&self, student: &Student) -> Vec<String> {
        let counted = |exercise| self.class.grade(student, exercise)?.counted;
        self.class.exercises.iter().map(|exercise| counted(exercise).map_or(String::new(), points)).collect()
    }

    /// A score to post for every grade, with the item that it belongs to; the program that posts it knows the address
    /// of both.
    fn lti(&self) -> Result<usize> {
        let (mut lines, mut count) = (String::new(), 0);
        for (student, exercise, grade) in self.graded() {
            let Some(counted) = grade.counted else { continue };
            let line = json!({
                "lineItem": {
                    "label": exercise.assignment,
                    "scoreMaximum": exercise.max_points,
                    "resourceId": exercise.name,
                    "tag": "grade",
                },
                "score": {
                    // Posting later has to win, which LTI decides by this time.
                    "timestamp": iso(now()),
                    "scoreGiven": counted,
                    "scoreMaximum": exercise.max_points,
                    "comment": standing(grade, exercise.max_points),
                    "activityProgress": "Submitted",
                    "gradingProgress": "FullyGraded",
                    "userId": student.key,
                },
            });
            lines += &format!("{line}\n");
            count += 1;
        }
        files::write_atomically(&self.args.to, lines.as_bytes())?;
        Ok(count)
    }

    /// A file for each student, of all reports.
    fn by_student(&self, ending: &str, write: impl Fn(Vec<Report>) -> Result<String>) -> Result<usize> {
        files::create_folder(&self.args.to)?;
        for student in &self.class.students {
            let units =
                self.class.exercises.iter().filter_map(|exercise| self.class.grade(student, exercise)?.unit.clone());
            let reports = units.map(|unit| stored::report(self.database, &unit)).collect::<Result<Vec<_>>>()?;
            let path = self.args.to.join(format!("{}.{ending}", file_name(&student.key)));
            files::write_atomically(&path, write(reports)?.as_bytes())?;
        }
        Ok(self.class.students.len())
    }

    /// A file for each student and exercise.
    fn by_exercise(&self, write: impl Fn(&Student, &Exercise, &Grade, &Report) -> Value) -> Result<usize> {
        let mut count = 0;
        for (student, exercise, grade) in self.graded() {
            let Some(unit) = &grade.unit else { continue };
            let report = stored::report(self.database, unit)?;
            let folder = self.args.to.join(file_name(&student.key));
            files::create_folder(&folder)?;
            let text = serde_json::to_string_pretty(&write(student, exercise, grade, &report))? + "\n";
            files::write_atomically(&folder.join(format!("{}.json", exercise.name)), text.as_bytes())?;
            count += 1;
        }
        Ok(count)
    }

    fn graded(&self) -> impl Iterator<Item = (&Student, &Exercise, &Grade)> {
        let all =
            self.class.students.iter().flat_map(|student| self.class.exercises.iter().map(move |it| (student, it)));
        all.filter_map(|(student, exercise)| Some((student, exercise, self.class.grade(student, exercise)?)))
    }

    /// The one exercise that is to be compared.
    fn only(&self) -> Result<&Exercise> {
        match &*self.class.exercises {
            [exercise] => Ok(exercise),
            _ => Err(UsageError("similarity is about one exercise; name it with --exercise".to_owned()).into()),
        }
    }

    /// What is compared: a name for each submission, and its files. Earlier years come first.
    fn to_compare(&self, exercise: &Exercise) -> Result<(Vec<Compared>, Vec<Compared>)> {
        let pseudonyms = if self.args.pseudonyms { Some(Pseudonyms::of(&self.args.database)?) } else { None };
        let of = |class: &Class, database: &Connection| -> Result<Vec<Compared>> {
            let mut all = Vec::new();
            for student in &class.students {
                let Some(grade) = class.grade(student, exercise) else { continue };
                let Some(unit) = &grade.unit else { continue };
                let name = pseudonyms.as_ref().map_or_else(|| student.key.clone(), |it| it.name(&student.key));
                let full_name = if pseudonyms.is_some() { name.clone() } else { student.name.clone() };
                let files = stored::code_of(database, unit)?;
                all.push(Compared { name: file_name(&name), full_name, handed_in: grade.handed_in, files });
            }
            Ok(all)
        };
        let mut earlier = Vec::new();
        for (year, path) in (1..).zip(&self.args.earlier) {
            let database = crate::database::open(path)?;
            let class = Class::read(&database)?;
            earlier.extend(
                of(&class, &database)?
                    .into_iter()
                    .map(|it| Compared { name: format!("earlier{year}_{}", it.name), ..it }),
            );
        }
        Ok((of(self.class, self.database)?, earlier))
    }

    fn stub(&self, exercise: &Exercise) -> Result<String> {
        let path = self.course.hidden_folder(self.course.exercise(&exercise.name)?).join("stub.rs");
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    /// One zip with `info.csv`, whose labels tell this year from earlier ones. Dolos takes the stub as a boilerplate file,
    /// which lies beside it.
    fn dolos(&self) -> Result<usize> {
        let exercise = self.only()?;
        let (now, earlier) = self.to_compare(exercise)?;
        let all = || now.iter().map(|it| (it, "this class")).chain(earlier.iter().map(|it| (it, "earlier")));
        let mut info = csv::Writer::from_writer(Vec::new());
        info.write_record(["filename", "label", "full_name", "created_at"])?;
        let file = File::create(&self.args.to).with_context(|| format!("cannot write {}", self.args.to.display()))?;
        let mut archive = ZipWriter::new(file);
        for (compared, label) in all() {
            let name = format!("{}.rs", compared.name);
            let time = compared.handed_in.map_or(String::new(), iso);
            info.write_record([&name, label, &compared.full_name, &time])?;
            archive.start_file(&name, SimpleFileOptions::default())?;
            archive.write_all(compared.in_one_file().as_bytes())?;
        }
        archive.start_file("info.csv", SimpleFileOptions::default())?;
        archive.write_all(&info.into_inner().context("the table cannot be written")?)?;
        archive.finish()?.sync_all()?;
        files::write_atomically(&self.args.to.with_extension("stub.rs"), self.stub(exercise)?.as_bytes())?;
        Ok(all().count())
    }

    /// Folders `new`, `old` and `base`, and the command that compares them.
    fn jplag(&self) -> Result<usize> {
        let exercise = self.only()?;
        let (now, earlier) = self.to_compare(exercise)?;
        let to = &self.args.to;
        let write = |folder: &Path, files: &[(String, String)]| -> Result<()> {
            for (name, text) in files {
                let path = folder.join(name);
                files::create_folder(path.parent().unwrap_or(folder))?;
                files::write_atomically(&path, text.as_bytes())?;
            }
            Ok(())
        };
        for (folder, all) in [("new", &now), ("old", &earlier)] {
            files::create_folder(&to.join(folder))?;
            for compared in all {
                write(&to.join(folder).join(&compared.name), &compared.files)?;
            }
        }
        write(&to.join("base"), &[("lib.rs".to_owned(), self.stub(exercise)?)])?;
        let old = if earlier.is_empty() { "" } else { " --old old" };
        let command =
            format!("java -jar jplag.jar --language rust --base-code base --new new{old} --result-file result\n");
        files::write_atomically(&to.join("command.txt"), command.as_bytes())?;
        Ok(now.len() + earlier.len())
    }
}

/// A submission to be compared with others.
struct Compared {
    name: String,
    full_name: String,
    handed_in: Option<i64>,
    files: Vec<(String, String)>,
}

impl Compared {
    /// Dolos compares files, and most submissions are one.
    fn in_one_file(&self) -> String {
        match &*self.files {
            [(_, text)] => text.clone(),
            files => files.iter().map(|(name, text)| format!("// {name}\n{text}\n")).collect(),
        }
    }
}

/// Each check that counts, in the form of a system.
fn tests(report: &Report, form: impl Fn(&CheckReport) -> Value) -> Vec<Value> {
    report.checks.iter().filter(|check| !check.bonus).map(form).collect()
}

fn classroom50(classroom: &str, student: &Student, exercise: &Exercise, grade: &Grade, report: &Report) -> Value {
    let login = if student.login.is_empty() { &student.key } else { &student.login };
    let time = iso(grade.handed_in.unwrap_or_else(now));
    let source = report.course_commit.clone().unwrap_or_else(|| report.checks_digest.clone());
    let tests = tests(report, |check| {
        json!({
            "test-name": check.id,
            "passed": check.status == Status::Passed,
            "score": check.points,
            "max-score": check.max_points,
        })
    });
    json!({
        "schema": "classroom50/result/v1",
        "classroom": classroom,
        "assignment": exercise.name,
        "assignment_type": "individual",
        "owner": login,
        "usernames": [login],
        "submission": format!("submit/{}", time.replace(':', "-")),
        "commit": source,
        "release": report.source_digest,
        "review": source,
        "datetime": time,
        // Whole points: what being late costs is the classroom's own business.
        "score": report.score(),
        "max-score": report.max_score(),
        "tests": tests,
    })
}

fn prairielearn(exercise: &Exercise, grade: &Grade, report: &Report) -> Value {
    let share = grade.counted.unwrap_or(0.0) / f64::from(exercise.max_points.max(1));
    let tests = tests(report, |check| {
        json!({
            "name": check.id,
            "description": check.title,
            "points": check.points,
            "max_points": check.max_points,
            "message": check.message,
            "output": check.output,
        })
    });
    let errors: Vec<&str> = report.diagnostics.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
    json!({
        // Code that does not compile is graded, with 0: it is no broken format.
        "gradable": true,
        "score": share.clamp(0.0, 1.0),
        "message": standing(grade, exercise.max_points),
        "output": errors.join("\n"),
        "tests": tests,
    })
}

/// Where there is no roster, a name of Canvas' holds the number.
fn canvas_number(student: &Student) -> String {
    let number = student.key.rsplit_once(' ').map(|(_, number)| number);
    number.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or_default().to_owned()
}

/// A cell that no spreadsheet takes for a formula.
pub(crate) fn harmless(cell: &str) -> String {
    let is_formula =
        cell.starts_with(['=', '+', '@', '\t', '\r']) || cell.starts_with('-') && cell.parse::<f64>().is_err();
    if is_formula { format!("'{cell}") } else { cell.to_owned() }
}

/// A name that every system takes for a file, and that is different for different keys.
pub(crate) fn file_name(key: &str) -> String {
    let plain: String =
        key.chars().map(|c| if c.is_alphanumeric() || "-_@+".contains(c) { c } else { '_' }).take(80).collect();
    if plain == key && !key.is_empty() { plain } else { format!("{plain}-{}", &crate::record::digest(key)[..6]) }
}

/// What a table of grades is: a row for each student.
pub(crate) fn table(class: &Class, name: impl Fn(&Student) -> BTreeMap<&'static str, String>) -> Result<Vec<u8>> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let exercises =
        class.exercises.iter().flat_map(|exercise| [exercise.name.clone(), format!("{} status", exercise.name)]);
    let heads =
        ["student", "name", "email"].map(str::to_owned).into_iter().chain(exercises).chain(["total".to_owned()]);
    table.write_record(heads)?;
    for student in &class.students {
        let names = name(student);
        let own = ["student", "name", "email"].map(|field| names.get(field).cloned().unwrap_or_default());
        let cells = class.exercises.iter().flat_map(|exercise| match class.grade(student, exercise) {
            Some(grade) => [grade.counted.map_or(String::new(), points), grade.status.clone()],
            None => [String::new(), String::new()],
        });
        let total = points(class.total(student));
        table.write_record(own.into_iter().chain(cells).chain([total]).map(|cell| harmless(&cell)))?;
    }
    table.into_inner().context("the table cannot be written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_and_no_name_leaves_its_folder() {
        assert_eq!(harmless("=HYPERLINK(\"x\")"), "'=HYPERLINK(\"x\")");
        assert_eq!(["-1.5", "7", "Jane", "-x"].map(harmless), ["-1.5", "7", "Jane", "'-x"]);
        assert_eq!(file_name("jane@example"), "jane@example");
        let names = ["../x", "a/b", "a:b", "a b", ""].map(file_name);
        assert!(names.iter().all(|name| !name.contains(['/', ':', '\\', '.']) && !name.is_empty()), "{names:?}");
        assert_ne!(names[1], names[2]);
    }
}
