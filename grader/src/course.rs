//! The syllabus: `course.toml`, read once, checked once, and trusted from then on.

use std::{
    collections::HashSet,
    env, fmt, fs,
    ops::Range,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde::Deserialize;
use toml::Spanned;

/// The version of the format of `course.toml` that this grader reads.
const FORMAT_VERSION: u32 = 1;

/// What the person at the keyboard can put right: wrong arguments, a broken `course.toml`. Exit code 2.
#[derive(Debug)]
pub(crate) struct UsageError(pub(crate) String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The whole course.
#[derive(Debug)]
pub(crate) struct Course {
    /// The folder that holds `course.toml`.
    pub(crate) root: PathBuf,
    pub(crate) title: String,
    /// In the order in which they are meant to be solved.
    pub(crate) exercises: Vec<Exercise>,
}

/// One exercise, as the syllabus describes it.
#[derive(Debug)]
pub(crate) struct Exercise {
    /// The name of its folders: `03_dense_layer`.
    pub(crate) name: String,
    /// The number that the name starts with: 3.
    pub(crate) number: u32,
    pub(crate) title: String,
    /// How long a learner is expected to take.
    pub(crate) minutes: u32,
    /// Names of the exercises to solve before this one.
    pub(crate) requires: Vec<String>,
    /// rustc's `-C opt-level` for the submission and its probe.
    pub(crate) opt_level: u8,
    pub(crate) limits: Limits,
    /// The stub holds code that is wrong on purpose, so its checks may fail instead of ending in a `todo!()`.
    pub(crate) ships_bugs: bool,
    pub(crate) tasks: Vec<Task>,
}

/// What a submission may use up.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Limits {
    /// Wall-clock seconds for one case of one check.
    pub(crate) seconds: f64,
    /// KiB that one case may print.
    pub(crate) output_kib: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 5.0, output_kib: 256 }
    }
}

/// A part of an exercise: usually one function.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) name: String,
    pub(crate) points: u32,
    /// Worth extra points that full marks do not need.
    pub(crate) bonus: bool,
    /// From a nudge to nearly the answer.
    pub(crate) hints: [String; 3],
}

impl Course {
    /// The course whose folder is this one or above it.
    pub(crate) fn find() -> Result<Self> {
        let here = env::current_dir().context("cannot tell the current folder; change to one that exists")?;
        match here.ancestors().find(|folder| folder.join("course.toml").is_file()) {
            Some(root) => Self::load(root),
            None => Err(UsageError(format!(
                "no course.toml in {} or any folder above it; change to the course's folder first",
                here.display()
            ))
            .into()),
        }
    }

    fn load(root: &Path) -> Result<Self> {
        let path = root.join("course.toml");
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let course = parse(root, &text).map_err(|problem| problem.locate(&text))?;
        Ok(course)
    }

    /// The exercise that `wanted` means: a number, a name with or without its number, or a path inside it.
    pub(crate) fn exercise(&self, wanted: &str) -> Result<&Exercise> {
        let found = match wanted.parse::<u32>() {
            Ok(number) => self.exercises.iter().find(|exercise| exercise.number == number),
            Err(_) => self
                .exercises
                .iter()
                .find(|exercise| exercise.name == wanted || exercise.short_name() == wanted)
                .or_else(|| self.exercise_at(Path::new(wanted))),
        };
        found.ok_or_else(|| {
            let (first, last) = (&self.exercises[0].name, &self.exercises[self.exercises.len() - 1].name);
            UsageError(format!(
                "there is no exercise `{wanted}`; give a number or a name from {first} to {last}, or `all`"
            ))
            .into()
        })
    }

    /// The exercise that `path` lies in.
    pub(crate) fn exercise_at(&self, path: &Path) -> Option<&Exercise> {
        let path = fs::canonicalize(path).ok()?;
        let root = fs::canonicalize(&self.root).ok()?;
        let mut parts = path.strip_prefix(root).ok()?.components();
        let _exercises_or_solutions = parts.next()?;
        let name = parts.next()?.as_os_str().to_str()?;
        self.exercises.iter().find(|exercise| exercise.name == name)
    }
}

impl Exercise {
    /// The name without its number: `dense_layer`.
    pub(crate) fn short_name(&self) -> &str {
        self.name.split_once('_').map_or(&self.name, |(_, rest)| rest)
    }

    pub(crate) fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }
}

/// A mistake in `course.toml`, and where it is if that is known.
struct Problem {
    at: Option<Range<usize>>,
    what: String,
}

impl Problem {
    fn at(span: Range<usize>, what: impl Into<String>) -> Self {
        Self { at: Some(span), what: what.into() }
    }

    fn locate(self, text: &str) -> UsageError {
        let Some(span) = self.at else { return UsageError(format!("course.toml: {}", self.what)) };
        let before = &text[..span.start.min(text.len())];
        let number = before.matches('\n').count() + 1;
        let line = text.lines().nth(number - 1).unwrap_or_default().trim_end();
        UsageError(format!("course.toml:{number}: {}\n  {number} | {line}", self.what))
    }
}

/// `course.toml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseFile {
    format_version: Spanned<u32>,
    title: String,
    exercise: Vec<ExerciseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExerciseEntry {
    name: Spanned<String>,
    title: String,
    minutes: u32,
    #[serde(default)]
    requires: Vec<Spanned<String>>,
    #[serde(default)]
    opt_level: Option<Spanned<u8>>,
    #[serde(default)]
    limits: Option<Spanned<Limits>>,
    #[serde(default)]
    ships_bugs: bool,
    task: Vec<TaskEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskEntry {
    name: Spanned<String>,
    points: Spanned<u32>,
    #[serde(default)]
    bonus: bool,
    hints: Spanned<Vec<String>>,
}

fn parse(root: &Path, text: &str) -> Result<Course, Problem> {
    let file: CourseFile =
        toml::from_str(text).map_err(|error| Problem { at: error.span(), what: error.message().to_owned() })?;
    if *file.format_version.get_ref() != FORMAT_VERSION {
        return Err(Problem::at(
            file.format_version.span(),
            format!("this grader reads format_version {FORMAT_VERSION}; update the grader or set it back"),
        ));
    }
    if file.exercise.is_empty() {
        return Err(Problem { at: None, what: "it lists no exercise; add an [[exercise]] table".to_owned() });
    }
    let mut course = Course { root: root.to_owned(), title: file.title, exercises: Vec::new() };
    for entry in file.exercise {
        let exercise = parse_exercise(&course, entry)?;
        course.exercises.push(exercise);
    }
    Ok(course)
}

fn parse_exercise(course: &Course, entry: ExerciseEntry) -> Result<Exercise, Problem> {
    let (name, at) = (entry.name.get_ref(), entry.name.span());
    let number = name
        .split_once('_')
        .filter(|(digits, rest)| digits.len() == 2 && !rest.is_empty() && is_identifier(rest))
        .and_then(|(digits, _)| digits.parse::<u32>().ok())
        .ok_or_else(|| {
            Problem::at(at.clone(), format!("`{name}` is not a name like 03_dense_layer; start with two digits and _"))
        })?;
    if let Some(twin) = course.exercises.iter().find(|other| other.number == number) {
        return Err(Problem::at(at, format!("the number {number} is taken by `{}`; give this one another", twin.name)));
    }
    for needed in [
        format!("exercises/{name}/src/lib.rs"),
        format!("solutions/{name}/src/lib.rs"),
        format!("grader/hidden/{name}/probe.rs"),
    ] {
        if !course.root.join(&needed).is_file() {
            return Err(Problem::at(at, format!("there is no {needed}; create it, or correct the name")));
        }
    }
    for required in &entry.requires {
        if !course.exercises.iter().any(|earlier| earlier.name == *required.get_ref()) {
            let what =
                format!("`{}` is not an exercise above this one; correct the name or the order", required.get_ref());
            return Err(Problem::at(required.span(), what));
        }
    }
    let opt_level = match &entry.opt_level {
        Some(level) if *level.get_ref() > 3 => {
            return Err(Problem::at(level.span(), "opt_level is rustc's: 0, 1, 2 or 3"));
        }
        Some(level) => *level.get_ref(),
        None => 0,
    };
    let limits = match entry.limits {
        Some(limits) => {
            let at = limits.span();
            let limits = limits.into_inner();
            if !(limits.seconds > 0.0 && limits.seconds <= 3600.0) || limits.output_kib == 0 {
                return Err(Problem::at(at, "limits are above 0, and seconds are at most 3600"));
            }
            limits
        }
        None => Limits::default(),
    };
    if entry.task.is_empty() {
        return Err(Problem::at(at, format!("`{name}` has no task; add an [[exercise.task]] table")));
    }
    let mut names = HashSet::new();
    let mut tasks = Vec::new();
    for task in entry.task {
        if !names.insert(task.name.get_ref().clone()) {
            let what = format!("`{name}` has two tasks called `{}`; rename one", task.name.get_ref());
            return Err(Problem::at(task.name.span(), what));
        }
        if *task.points.get_ref() == 0 {
            return Err(Problem::at(task.points.span(), "a task is worth at least one point"));
        }
        let at = task.hints.span();
        let hints: [String; 3] = task.hints.into_inner().try_into().map_err(|hints: Vec<String>| {
            Problem::at(
                at,
                format!("a task has three hints, from a nudge to nearly the answer; here are {}", hints.len()),
            )
        })?;
        tasks.push(Task { name: task.name.into_inner(), points: task.points.into_inner(), bonus: task.bonus, hints });
    }
    Ok(Exercise {
        number,
        title: entry.title,
        minutes: entry.minutes,
        requires: entry.requires.into_iter().map(Spanned::into_inner).collect(),
        opt_level,
        limits,
        ships_bugs: entry.ships_bugs,
        tasks,
        name: entry.name.into_inner(),
    })
}

fn is_identifier(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
