//! `class report`: pages to read in a browser and a table for a spreadsheet. Each page is one file, without scripts and
//! without anything from elsewhere.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use course::{Course, files};
use hmac_sha256::HMAC;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use report::{CheckReport, Report};
use rusqlite::Connection;
use wire::judge::Status;

use crate::{
    cli::ReportArgs,
    export::{file_name, table},
    record::Paths,
    settings::iso,
    show::{points, standing, words},
    stored::{self, Class, Exercise, Grade, Mistake, Student},
    unclear::{self, Question},
};

pub(crate) fn run(course: &Course, args: &ReportArgs) -> Result<()> {
    let database = crate::up_to_date(course, &args.database)?;
    let class = Class::read(&database)?;
    let to = args.to.clone().unwrap_or_else(|| {
        let stem = args.database.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        args.database.with_file_name(format!("{stem}-report"))
    });
    let pseudonyms = if args.pseudonyms { Some(Pseudonyms::of(&args.database)?) } else { None };
    let (_, unclear) = unclear::read(&Paths { database: args.database.clone() }.unclear())?;
    let pages = Pages { class: &class, database: &database, pseudonyms, unclear };
    files::create_folder(&to.join("students"))?;
    let write = |path: PathBuf, markup: Markup| files::write_atomically(&path, markup.into_string().as_bytes());
    write(to.join("index.html"), pages.class_page()?)?;
    files::write_atomically(&to.join("grades.csv"), &pages.table()?)?;
    for student in &class.students {
        write(to.join("students").join(pages.file(student)), pages.student_page(student)?)?;
    }
    if let Some(pseudonyms) = &pages.pseudonyms {
        pseudonyms.write_key(&class, &args.database)?;
    }
    let index = to.join("index.html");
    crate::say(&format!("{}, grades.csv beside it, and {} pages in students/", index.display(), class.students.len()));
    Ok(())
}

/// Names that can be resolved only with the file from which they are made.
pub(crate) struct Pseudonyms {
    secret: String,
}

impl Pseudonyms {
    /// Those of the class with this database, which stay the same.
    pub(crate) fn of(database: &Path) -> Result<Self> {
        let path = database.with_extension("secret");
        if !path.is_file() {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes).context("the system provides no random numbers")?;
            files::write_atomically(&path, files::hex(&bytes).as_bytes())?;
        }
        let secret = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(Self { secret: secret.trim().to_owned() })
    }

    pub(crate) fn name(&self, key: &str) -> String {
        format!("student-{}", &files::hex(&HMAC::mac(key.as_bytes(), self.secret.as_bytes()))[..8])
    }

    /// Writes down which is whose, beside the database and not among the pages.
    fn write_key(&self, class: &Class, database: &Path) -> Result<()> {
        let mut table = csv::Writer::from_writer(Vec::new());
        table.write_record(["pseudonym", "student", "name"])?;
        for student in &class.students {
            table.write_record([&self.name(&student.key), &student.key, &student.name])?;
        }
        let path = database.with_extension("pseudonyms.csv");
        files::write_atomically(&path, &table.into_inner().context("the table cannot be written")?)
    }
}

struct Pages<'a> {
    class: &'a Class,
    database: &'a Connection,
    pseudonyms: Option<Pseudonyms>,
    unclear: Vec<Question>,
}

impl Pages<'_> {
    fn name(&self, student: &Student) -> String {
        self.pseudonyms.as_ref().map_or_else(|| student.name.clone(), |it| it.name(&student.key))
    }

    fn name_of(&self, key: &str) -> String {
        self.class.students.iter().find(|student| student.key == key).map_or_else(String::new, |it| self.name(it))
    }

    fn file(&self, student: &Student) -> String {
        let key = self.pseudonyms.as_ref().map_or_else(|| student.key.clone(), |it| it.name(&student.key));
        format!("{}.html", file_name(&key))
    }

    fn link(&self, key: &str) -> Markup {
        let student = self.class.students.iter().find(|student| student.key == key);
        html! { @if let Some(student) = student { a href=(format!("students/{}", self.file(student))) { (self.name(student)) } } }
    }

    fn table(&self) -> Result<Vec<u8>> {
        table(self.class, |student| match &self.pseudonyms {
            Some(pseudonyms) => BTreeMap::from([("student", pseudonyms.name(&student.key))]),
            None => BTreeMap::from([
                ("student", student.key.clone()),
                ("name", student.name.clone()),
                ("email", student.email.clone()),
            ]),
        })
    }

    fn class_page(&self) -> Result<Markup> {
        let class = self.class;
        let mistakes = stored::mistakes(self.database)?;
        let tasks = stored::tasks(self.database)?;
        let stuck = stored::stuck(self.database)?;
        let same = stored::same(self.database)?;
        let broken: Vec<&Grade> = class.grades.values().filter(|grade| grade.status == "does_not_compile").collect();
        let title = |name: &str| {
            let exercise = class.exercises.iter().find(|it| it.name == name);
            exercise.map_or_else(|| name.to_owned(), |it| format!("{} · {}", it.number, it.title))
        };
        Ok(page(
            &class.course,
            html! {
                h1 { (class.course) }
                p { (class.summary()) ". " a href="grades.csv" { "The same as a table for a spreadsheet." } }
                @if !self.unclear.is_empty() {
                    h2 { "Not clear" }
                    p { "These submissions are not graded before the teacher has answered: " (self.unclear.len()) "." }
                    @if self.pseudonyms.is_none() {
                        ul { @for question in &self.unclear { li { (question.submission) ": " (question.why) } } }
                    }
                }
                h2 { "Points" }
                div.wide { table {
                    thead { tr {
                        th { "Student" }
                        @for exercise in &class.exercises { th.number title=(exercise.title) { (exercise.number) } }
                        th.number { "of " (class.max_total()) }
                    } }
                    tbody { @for student in &class.students { tr {
                        td { (self.link(&student.key)) @if !student.in_roster && class.students.iter().any(|it| it.in_roster) { span.soft { " not in the roster" } } }
                        @for exercise in &class.exercises { td.number { (self.cell(student, exercise)) } }
                        td.number { b { (points(class.total(student))) } }
                    } } }
                } }
                p.soft { "– nothing to grade, ✗ does not compile, ○ not started. Points are without bonus, after the deduction for late submissions." }
                h2 { "Distribution" }
                (self.distribution())
                h2 { "Misunderstandings, the most frequent first" }
                @if mistakes.is_empty() { p { "None was recognised." } }
                @for mistake in &mistakes { (misunderstanding(mistake)) }
                h2 { "Tasks, the hardest first" }
                div.wide { table {
                    thead { tr { th { "Task" } th { "Exercise" } th { "Right, of those who handed in" } } }
                    tbody { @for task in &tasks { tr {
                        td { code { (task.task) } @if task.bonus { span.soft { " bonus" } } }
                        td { (title(&task.exercise)) }
                        td { (bar(f64::from(task.right) / f64::from(task.of.max(1)))) " " (task.right) " of " (task.of) }
                    } } }
                } }
                h2 { "Who is stuck where" }
                @if stuck.is_empty() { p { "No student: every submission is complete, or does not compile." } }
                @for (exercise, task, students) in &stuck {
                    h3 { (title(exercise)) ", " code { (task) } " (" (students.len()) ")" }
                    p { @for (index, student) in students.iter().enumerate() { @if index > 0 { ", " } (self.link(student)) } }
                }
                h2 { "Does not compile" }
                @if broken.is_empty() { p { "All submissions compile." } }
                ul { @for grade in broken { li { (self.link(&grade.student)) ", " (title(&grade.exercise)) ": " (self.error(grade)) } } }
                h2 { "The same code" }
                @if same.is_empty() { p { "No two submissions are the same except for white space, comments and names." } }
                @else { p { "These are the same except for white space, comments and names. In a short exercise submissions can hardly differ, so this alone proves nothing." } }
                ul { @for group in &same { li {
                    (title(&group.exercise)) ": "
                    @for (index, student) in group.students.iter().enumerate() { @if index > 0 { ", " } (self.name_of(student)) }
                } } }
            },
        ))
    }

    fn cell(&self, student: &Student, exercise: &Exercise) -> Markup {
        let Some(grade) = self.class.grade(student, exercise) else { return html! { "–" } };
        let says = standing(grade, exercise.max_points);
        html! { span class=(grade.status) title=(says) {
            @match grade.status.as_str() {
                "missing" => "–",
                "not_graded" => "…",
                "does_not_compile" => "✗",
                "not_started" => "○",
                _ => (grade.counted.map_or(String::new(), points)),
            }
            @if grade.days_late.is_some_and(|days| days > 0) { sup { "late" } }
        } }
    }

    /// How many students have which share of all points.
    fn distribution(&self) -> Markup {
        let mut counts = [0_usize; 10];
        let has_points = |student: &&Student| {
            self.class
                .exercises
                .iter()
                .any(|it| self.class.grade(student, it).is_some_and(|grade| grade.counted.is_some()))
        };
        let graded: Vec<&Student> = self.class.students.iter().filter(has_points).collect();
        for student in &graded {
            let share = self.class.total(student) / f64::from(self.class.max_total().max(1));
            counts[((share * 10.0) as usize).min(9)] += 1;
        }
        let most = counts.iter().copied().max().unwrap_or(0).max(1);
        let others = self.class.students.len() - graded.len();
        html! {
            table { tbody { @for (tenth, count) in counts.iter().enumerate().rev() { tr {
                td.number { (tenth * 10) "–" (tenth * 10 + 10) " %" }
                td { (bar(*count as f64 / most as f64)) " " (count) }
            } } } }
            @if others > 0 { p.soft { "Students of whom nothing is graded: " (others) "." } }
        }
    }

    /// What the compiler said first.
    fn error(&self, grade: &Grade) -> String {
        let report = grade.unit.as_ref().and_then(|unit| stored::report(self.database, unit).ok());
        let first = report.and_then(|report| report.diagnostics.into_iter().find(|it| it.level == "error"));
        first.map_or_else(String::new, |error| error.message)
    }

    fn student_page(&self, student: &Student) -> Result<Markup> {
        let class = self.class;
        let mut parts = Vec::new();
        for exercise in &class.exercises {
            let Some(grade) = class.grade(student, exercise) else { continue };
            let report = grade.unit.as_ref().map(|unit| stored::report(self.database, unit)).transpose()?;
            parts.push(of_exercise(exercise, grade, report.as_ref()));
        }
        let name = self.name(student);
        Ok(page(
            &name,
            html! {
                h1 { (name) }
                p { (class.course) ": " b { (points(class.total(student))) " of " (class.max_total()) " points" } }
                @for part in parts { (part) }
            },
        ))
    }
}

fn of_exercise(exercise: &Exercise, grade: &Grade, report: Option<&Report>) -> Markup {
    let errors = report.into_iter().flat_map(|report| report.diagnostics.iter().filter(|it| it.level == "error"));
    html! {
        h2 { (exercise.number) " · " (exercise.title) }
        p class=(grade.status) { (standing(grade, exercise.max_points)) }
        @if let Some(deadline) = exercise.deadline { p.soft { "Due " (iso(deadline)) "." } }
        @for error in errors { pre { (anstream::adapter::strip_str(&error.rendered)) } }
        @if let Some(report) = report {
            @if report.compiled && grade.status != "complete" {
                @for check in report.checks.iter().filter(|check| check.status != Status::Passed) { (of_check(check)) }
            }
            details { summary.soft { "All checks, and how they were graded" }
                div.wide { table { tbody { @for check in &report.checks { tr {
                    td { (check.title) } td { (words(check.status.name()).replace('_', " ")) }
                    td.number { (check.points) " of " (check.max_points) @if check.bonus { " bonus" } }
                } } } } }
                p.soft { @for (name, value) in report.provenance() { (name) ": " (value.as_str().map_or_else(|| value.to_string(), str::to_owned)) br; } }
            }
        }
    }
}

fn of_check(check: &CheckReport) -> Markup {
    let place = check.file.as_ref().zip(check.line).map(|(file, line)| format!("{file}:{line}"));
    html! {
        h3 { (check.title) span.soft { " " (check.points) " of " (check.max_points) @if check.bonus { " bonus" } } }
        p { (check.message) @if let Some(place) = place { span.soft { " (" (place) ")" } } }
        @if check.mistake.is_none() && check.status != Status::Skipped { @if let Some(hint) = &check.hint { p.soft { "Hint: " (hint) } } }
        (values(check.input.as_deref(), check.expected.as_deref(), check.observed.as_deref()))
    }
}

fn values(input: Option<&str>, expected: Option<&str>, observed: Option<&str>) -> Markup {
    let all = [("input", input), ("expected", expected), ("got", observed)];
    let text: Vec<String> = all.iter().filter_map(|(name, value)| Some(format!("{name}:\n{}", (*value)?))).collect();
    html! { @if !text.is_empty() { pre { (text.join("\n\n")) } } }
}

fn misunderstanding(mistake: &Mistake) -> Markup {
    let exercises: Vec<&str> = mistake.exercises.iter().map(String::as_str).collect();
    html! {
        h3 { (mistake.students.len()) @if mistake.students.len() == 1 { " student: " } @else { " students: " } code { (mistake.id) } }
        p { (mistake.sentence) }
        p.soft { "In " (exercises.join(", ")) "." }
        @if let Some(example) = &mistake.example {
            details { summary { "An example" }
                pre { (example.code) }
                (values(example.input.as_deref(), example.expected.as_deref(), example.observed.as_deref()))
            }
        }
    }
}

/// A bar of a share of 10 rem.
fn bar(share: f64) -> Markup {
    html! { span.bar style=(format!("width:{:.2}rem", 10.0 * share.clamp(0.0, 1.0))) {} }
}

fn page(title: &str, body: Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is fetched and nothing runs, whatever a submission has written.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (title) }
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body { (body) }
        }
    }
}
