//! The syllabus: `course.toml`, read once, checked once, and trusted from then on.

mod digest;
mod figures;
pub mod files;
mod git;
mod hints;
pub mod quiz;

pub use digest::checks_digest;
pub use figures::Figure;
pub use hints::Hints;

use std::{
    collections::HashSet,
    env, fmt, fs,
    ops::Range,
    path::{Path, PathBuf, absolute},
    sync::OnceLock,
};

use anyhow::{Context, Result};
use serde::Deserialize;
use toml::Spanned;

/// The version of the format of `course.toml` that this grader reads.
const FORMAT_VERSION: u32 = 1;

/// What the person at the keyboard can put right: wrong arguments, a broken `course.toml`. Exit code 2.
#[derive(Debug)]
pub struct UsageError(pub String);

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UsageError {}

/// The whole course.
#[derive(Debug)]
pub struct Course {
    /// The folder that holds `course.toml`.
    pub root: PathBuf,
    /// What the course calls itself.
    pub title: String,
    /// In the order in which they are meant to be solved.
    pub exercises: Vec<Exercise>,
    /// Asked for once, by the first report.
    commit: OnceLock<Option<String>>,
}

/// One exercise, as the syllabus describes it.
#[derive(Debug)]
pub struct Exercise {
    /// The name of its folders: `03_dense_layer`.
    pub name: String,
    /// The number that the name starts with: 3.
    pub number: u32,
    /// Names that it had in earlier versions of the course, for the progress of those who began with them.
    pub formerly: Vec<String>,
    /// What a learner reads above the exercise.
    pub title: String,
    /// How long a learner is expected to take.
    pub minutes: u32,
    /// Names of the exercises to solve before this one.
    pub requires: Vec<String>,
    /// Crates that a submission may use besides the usual ones; the solution depends on them.
    pub crates: Vec<String>,
    /// rustc's `-C opt-level` for the submission and its probe.
    pub opt_level: u8,
    /// What a submission to it may use up.
    pub limits: Limits,
    /// Its parts, in the order in which they are meant to be solved.
    pub tasks: Vec<Task>,
}

/// What a submission may use up. Each limit that it reaches is told as such.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Seconds for one case of one check: those on the clock, without the time in which it got no processor.
    pub seconds: f64,
    /// Seconds for all cases of all checks together, counted in the same way.
    pub total_seconds: f64,
    /// Processor seconds of one process: more than it can use in the time that it has, unless it runs many threads.
    pub cpu_seconds: u64,
    /// MiB of address space, the program's own included.
    pub memory_mib: u64,
    /// Threads at once. There is never more than one process.
    pub threads: u64,
    /// Files that are open at once; all that the program could open is its own executable.
    pub files: u64,
    /// KiB that one case may print.
    pub output_kib: usize,
    /// Processor seconds for each of the two calls of the compiler; where the system does not tell, those on the clock.
    pub compile_seconds: f64,
    /// MiB of address space for the compiler.
    pub compile_memory_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            seconds: 5.0,
            total_seconds: 60.0,
            cpu_seconds: 60,
            memory_mib: 2048,
            threads: 256,
            files: 32,
            output_kib: 256,
            compile_seconds: 60.0,
            compile_memory_mib: 4096,
        }
    }
}

impl Limits {
    /// Reads limits as they stand in `course.toml`, without the braces.
    pub fn parse(text: &str) -> Result<Self, String> {
        let limits: Self = toml::from_str(&text.replace(',', "\n")).map_err(|error| error.message().to_owned())?;
        limits.check().map(|()| limits)
    }

    fn check(&self) -> Result<(), String> {
        let times = [self.seconds, self.total_seconds, self.compile_seconds];
        if !times.iter().all(|seconds| *seconds > 0.0 && *seconds <= 3600.0) {
            return Err("limits are above 0, and seconds are at most 3600".to_owned());
        }
        let counts = [self.cpu_seconds, self.memory_mib, self.threads, self.output_kib as u64, self.compile_memory_mib];
        if !counts.iter().all(|count| (1..=1 << 20).contains(count)) || !(8..=1024).contains(&self.files) {
            return Err("limits are above 0 and at most 1048576; files are from 8 to 1024".to_owned());
        }
        Ok(())
    }
}

/// A part of an exercise: usually one function.
#[derive(Debug)]
pub struct Task {
    /// What checks and hints call it; mostly the function to write.
    pub name: String,
    /// What its checks are worth together.
    pub points: u32,
    /// Worth extra points that full marks do not need.
    pub bonus: bool,
    /// Crates that only its experiments use. They are built for those who ask for them, so it is a bonus. The feature of the
    /// solution's package that brings them has the task's name, and so has the `cfg` in the probe.
    pub crates: Vec<String>,
}

impl Course {
    /// The course in `folder`, or that whose folder is the current one or above it.
    ///
    /// # Errors
    ///
    /// If there is none, or `course.toml` is wrong.
    pub fn find(folder: Option<&Path>) -> Result<Self> {
        let here = match folder {
            Some(folder) if folder.is_dir() => {
                absolute(folder).with_context(|| format!("cannot find {}", folder.display()))?
            }
            Some(folder) => return Err(UsageError(format!("there is no folder {}", folder.display())).into()),
            None => env::current_dir().context("cannot tell the current folder; change to one that exists")?,
        };
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
        let course = parse(root, &text).map_err(|problem| problem.locate("course.toml", &text))?;
        Ok(course)
    }

    /// The exercise that `wanted` means: a number, a name with or without its number, or a path inside it, as editors and
    /// other systems write them: `Dense-Layer`, `exercises\03_dense_layer\src\lib.rs:42`.
    pub fn exercise(&self, wanted: &str) -> Result<&Exercise> {
        let path = without_line(wanted.trim());
        let named = |name: &str| {
            let name = name.to_lowercase().replace(['-', ' '], "_");
            self.exercises.iter().find(|exercise| exercise.name == name || exercise.short_name() == name)
        };
        let found = match path.parse::<u32>() {
            Ok(number) => self.exercises.iter().find(|exercise| exercise.number == number),
            Err(_) => named(path)
                .or_else(|| self.exercise_at(Path::new(path)))
                .or_else(|| path.rsplit(['/', '\\']).find_map(|part| self.exercises.iter().find(|it| it.name == part))),
        };
        found.ok_or_else(|| {
            let names = match self.nearest(path) {
                Some(nearest) => format!("did you mean {}?", nearest.name),
                None => self.range(),
            };
            UsageError(format!("there is no exercise `{wanted}`; {names}")).into()
        })
    }

    /// The exercise whose name is most like `wanted`, if one is.
    fn nearest(&self, wanted: &str) -> Option<&Exercise> {
        let wanted = wanted.to_lowercase();
        let likeness = |exercise: &Exercise| {
            let names = [&exercise.name, exercise.short_name()];
            let is_part = wanted.len() >= 3 && exercise.name.contains(&wanted);
            let part = if is_part { 0.9 } else { 0.0 };
            names.map(|name| strsim::jaro_winkler(&wanted, name)).into_iter().fold(part, f64::max)
        };
        let all = self.exercises.iter().map(|exercise| (likeness(exercise), exercise));
        all.filter(|(likeness, _)| *likeness > 0.85).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, exercise)| exercise)
    }

    /// What there is to choose from.
    fn range(&self) -> String {
        match (self.exercises.first(), self.exercises.last()) {
            (Some(first), Some(last)) => format!("give a number or a name from {} to {}", first.name, last.name),
            _ => "the course has none yet, and `new` makes one".to_owned(),
        }
    }

    /// The folder with what belongs to `exercise` and is not shown to learners: probe, checks, variants, stub.
    pub fn hidden_folder(&self, exercise: &Exercise) -> PathBuf {
        self.root.join("grader/hidden").join(&exercise.name)
    }

    /// What `exercise` has to say to those who are stuck.
    ///
    /// # Errors
    ///
    /// If there is no `hints.toml`, or it is wrong.
    pub fn hints(&self, exercise: &Exercise) -> Result<Hints> {
        Hints::read(&self.hidden_folder(exercise).join("hints.toml"), exercise)
    }

    /// The questions of `exercise`; none if it has no `quiz.toml`.
    ///
    /// # Errors
    ///
    /// If its `quiz.toml` is wrong.
    pub fn quiz(&self, exercise: &Exercise) -> Result<Vec<quiz::Question>> {
        quiz::read(&self.hidden_folder(exercise).join("quiz.toml"))
    }

    /// How a learner calls the grader here: by cargo where the course brings its own, by its name elsewhere.
    pub fn grader(&self) -> &'static str {
        if self.root.join("grader/Cargo.toml").is_file() { "cargo run -p grader --" } else { "grader" }
    }

    /// The grader's own folder: `target/grader`, or `grader` in the folder that `CARGO_TARGET_DIR` names.
    ///
    /// # Errors
    ///
    /// If it cannot be created.
    pub fn work_folder(&self) -> Result<PathBuf> {
        let work = self.target_folder()?.join("grader");
        files::create_folder(&work).with_context(|| {
            "the grader keeps what it compiles there; set CARGO_TARGET_DIR to a folder that you may write to".to_owned()
        })?;
        Ok(work)
    }

    fn target_folder(&self) -> Result<PathBuf> {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(folder) if !folder.is_empty() => {
                let here = env::current_dir().context("cannot tell the current folder; change to one that exists")?;
                Ok(here.join(folder))
            }
            _ => Ok(self.root.join("target")),
        }
    }

    /// The commit of the course that is checked out, if it lies in a repository that holds it.
    pub fn commit(&self) -> Option<String> {
        self.commit.get_or_init(|| git::commit(&self.root)).clone()
    }

    /// The exercise that the current folder lies in.
    pub fn exercise_here(&self) -> Result<Option<&Exercise>> {
        let here = env::current_dir().context("cannot tell the current folder; change to one that exists")?;
        Ok(self.exercise_at(&here))
    }

    /// The exercise that `path` lies in.
    pub fn exercise_at(&self, path: &Path) -> Option<&Exercise> {
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
    pub fn short_name(&self) -> &str {
        self.name.split_once('_').map_or(&self.name, |(_, rest)| rest)
    }

    /// The task called `name`, if there is one.
    pub fn task(&self, name: &str) -> Option<&Task> {
        self.tasks.iter().find(|task| task.name == name)
    }

    /// The bonus tasks that have crates of their own.
    pub fn tasks_with_crates(&self) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(|task| !task.crates.is_empty())
    }
}

/// Of `src/lib.rs:42:7` the path, without line and column.
fn without_line(path: &str) -> &str {
    let mut path = path.trim_end_matches(':');
    while let Some((before, number)) = path.rsplit_once(':') {
        if before.is_empty() || number.is_empty() || !number.chars().all(|c| c.is_ascii_digit()) {
            break;
        }
        path = before;
    }
    path
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

    /// In a `file` of this `text`.
    fn locate(self, file: &str, text: &str) -> UsageError {
        let Some(span) = self.at else { return UsageError(format!("{file}: {}", self.what)) };
        let before = &text[..span.start.min(text.len())];
        let number = before.matches('\n').count() + 1;
        let line = text.lines().nth(number - 1).unwrap_or_default().trim_end();
        UsageError(format!("{file}:{number}: {}\n  {number} | {line}", self.what))
    }
}

impl From<toml::de::Error> for Problem {
    fn from(error: toml::de::Error) -> Self {
        Self { at: error.span(), what: error.message().to_owned() }
    }
}

/// `course.toml` as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CourseFile {
    format_version: Spanned<u32>,
    title: String,
    #[serde(default)]
    exercise: Vec<ExerciseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExerciseEntry {
    name: Spanned<String>,
    #[serde(default)]
    formerly: Vec<String>,
    title: String,
    minutes: u32,
    #[serde(default)]
    requires: Vec<Spanned<String>>,
    #[serde(default)]
    crates: Vec<String>,
    #[serde(default)]
    opt_level: Option<Spanned<u8>>,
    #[serde(default)]
    limits: Option<Spanned<Limits>>,
    task: Vec<TaskEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskEntry {
    name: Spanned<String>,
    points: Spanned<u32>,
    #[serde(default)]
    bonus: bool,
    #[serde(default)]
    crates: Option<Spanned<Vec<String>>>,
}

fn parse(root: &Path, text: &str) -> Result<Course, Problem> {
    let file: CourseFile = toml::from_str(text).map_err(Problem::from)?;
    if *file.format_version.get_ref() != FORMAT_VERSION {
        return Err(Problem::at(
            file.format_version.span(),
            format!("this grader reads format_version {FORMAT_VERSION}; update the grader or set it back"),
        ));
    }
    let mut course =
        Course { root: root.to_owned(), title: file.title, exercises: Vec::new(), commit: OnceLock::new() };
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
            limits.check().map_err(|what| Problem::at(at, what))?;
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
        if let Some(crates) = task.crates.as_ref().filter(|_| !task.bonus) {
            let what =
                "a task with crates of its own has to be a bonus, since not everybody builds them; add `bonus = true`";
            return Err(Problem::at(crates.span(), what));
        }
        tasks.push(Task {
            name: task.name.into_inner(),
            points: task.points.into_inner(),
            bonus: task.bonus,
            crates: task.crates.map(Spanned::into_inner).unwrap_or_default(),
        });
    }
    Ok(Exercise {
        number,
        formerly: entry.formerly,
        title: entry.title,
        minutes: entry.minutes,
        requires: entry.requires.into_iter().map(Spanned::into_inner).collect(),
        crates: entry.crates,
        opt_level,
        limits,
        tasks,
        name: entry.name.into_inner(),
    })
}

fn is_identifier(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"format_version = 1
title = "A course"

[[exercise]]
name = "01_first"
title = "The first"
minutes = 10

[[exercise.task]]
name = "task"
points = 2
"#;

    /// A course folder with the files of `01_first`.
    fn folder() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        create_files(root.path(), "01_first");
        root
    }

    fn create_files(root: &Path, name: &str) {
        for file in ["exercises/NAME/src/lib.rs", "solutions/NAME/src/lib.rs", "grader/hidden/NAME/probe.rs"] {
            let path = root.join(file.replace("NAME", name));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
    }

    fn load(text: &str) -> Result<Course> {
        let root = folder();
        fs::write(root.path().join("course.toml"), text).unwrap();
        Course::load(root.path())
    }

    fn complaint(find: &str, with: &str) -> String {
        assert!(GOOD.contains(find));
        let error = load(&GOOD.replacen(find, with, 1)).unwrap_err();
        error.downcast_ref::<UsageError>().expect("the author can put it right").to_string()
    }

    #[test]
    fn a_course_that_is_whole_is_read() {
        let course = load(GOOD).unwrap();
        let exercise = course.exercise("1").unwrap();
        assert_eq!((exercise.name.as_str(), exercise.number, exercise.opt_level), ("01_first", 1, 0));
        assert_eq!(exercise.limits.seconds, Limits::default().seconds);
        assert_eq!(exercise.task("task").unwrap().points, 2);
        assert_eq!(course.exercise("first").unwrap().name, course.exercise("01_first").unwrap().name);
    }

    #[test]
    fn what_is_broken_is_named_with_its_line_and_a_remedy() {
        let cases = [
            ("title = \"The first\"", "titel = \"The first\"", "course.toml:6: unknown field `titel`"),
            ("minutes = 10\n", "minutes = ten\n", "course.toml:7: "),
            ("\"01_first\"", "\"first\"", "course.toml:5: `first` is not a name like 03_dense_layer"),
            (
                "minutes = 10\n",
                "minutes = 10\nrequires = [\"00_none\"]\n",
                "course.toml:8: `00_none` is not an exercise above",
            ),
            ("minutes = 10\n", "minutes = 10\nopt_level = 4\n", "course.toml:8: opt_level is rustc's"),
            ("minutes = 10\n", "minutes = 10\nlimits = { seconds = 0.0 }\n", "course.toml:8: limits are above 0"),
            ("points = 2", "points = 0", "course.toml:11: a task is worth at least one point"),
            ("points = 2", "points = -2", "course.toml:11: "),
            (
                "points = 2",
                "points = 2\ncrates = [\"candle\"]",
                "course.toml:12: a task with crates of its own has to be a",
            ),
            ("format_version = 1", "format_version = 2", "course.toml:1: this grader reads format_version 1"),
        ];
        for (find, with, expected) in cases {
            let complaint = complaint(find, with);
            assert!(complaint.starts_with(expected), "{with}: {complaint}");
        }
        let twice = load(&format!("{GOOD}{}", &GOOD[GOOD.find("[[exercise]]").unwrap()..])).unwrap_err().to_string();
        assert!(twice.starts_with("course.toml:13: the number 1 is taken by `01_first`"), "{twice}");
    }

    #[test]
    fn an_exercise_that_is_not_there_is_refused_with_what_there_is() {
        let error = load(GOOD).unwrap().exercise("9").unwrap_err().to_string();
        assert_eq!(error, "there is no exercise `9`; give a number or a name from 01_first to 01_first");
    }

    #[test]
    fn an_exercise_is_known_by_whatever_people_and_editors_call_it() {
        let second = GOOD[GOOD.find("[[exercise]]").unwrap()..].replace("01_first", "12_dense_layer");
        let course = load(&format!("{GOOD}\n{second}")).unwrap();
        for wanted in [
            "12",
            "012",
            "dense_layer",
            "dense-layer",
            "Dense_Layer",
            "12-dense-layer",
            " dense layer",
            "./exercises/12_dense_layer/src/lib.rs:42",
            "exercises/12_dense_layer/src/lib.rs:42:7",
            "/elsewhere/exercises/12_dense_layer/",
            "exercises\\12_dense_layer\\src\\lib.rs",
            "C:\\course\\exercises\\12_dense_layer\\src\\lib.rs:3",
        ] {
            assert_eq!(course.exercise(wanted).unwrap().number, 12, "{wanted}");
        }
        for (wanted, answer) in [
            ("dense_layers", "did you mean 12_dense_layer?"),
            ("dens-layer", "did you mean 12_dense_layer?"),
            ("dens", "did you mean 12_dense_layer?"),
            ("layer", "did you mean 12_dense_layer?"),
            ("12_dense", "did you mean 12_dense_layer?"),
            ("frist", "did you mean 01_first?"),
            ("softmax", "give a number or a name from 01_first to 12_dense_layer"),
            ("13", "give a number or a name from 01_first to 12_dense_layer"),
        ] {
            let error = course.exercise(wanted).unwrap_err().to_string();
            assert_eq!(error, format!("there is no exercise `{wanted}`; {answer}"));
        }
    }

    #[test]
    fn a_path_inside_an_exercise_means_that_exercise() {
        let root = folder();
        fs::write(root.path().join("course.toml"), GOOD).unwrap();
        let course = Course::load(root.path()).unwrap();
        let lib = root.path().join("exercises/01_first/src/lib.rs");
        assert_eq!(course.exercise(lib.to_str().unwrap()).unwrap().number, 1);
        assert!(course.exercise_at(root.path()).is_none());
    }

    #[test]
    fn limits_on_the_command_line_are_those_of_course_toml() {
        let limits = Limits::parse("seconds = 1, memory_mib = 512").unwrap();
        assert_eq!((limits.seconds, limits.memory_mib, limits.threads), (1.0, 512, Limits::default().threads));
        for wrong in ["seconds = 0", "second = 1", "memory_mib = -1", "files = 1", "threads = 99999999", "seconds"] {
            assert!(Limits::parse(wrong).is_err(), "{wrong}");
        }
    }

    proptest::proptest! {
        /// Fuzzing: whatever a course.toml has become, it is read or refused with one sentence.
        #[test]
        fn any_text_is_a_course_or_a_complaint(
            at in 0..GOOD.len(), length in 0_usize..40, with in "(\\PC|\n|[\\[\\]={}\",.#0-9a-z]){0,12}"
        ) {
            let (start, end) = (GOOD.floor_char_boundary(at), GOOD.floor_char_boundary(at + length));
            let text = format!("{}{with}{}", &GOOD[..start], &GOOD[end..]);
            if let Err(problem) = parse(Path::new("."), &text) {
                proptest::prop_assert!(problem.locate("course.toml", &text).to_string().starts_with("course.toml:"));
            }
            let _ = Limits::parse(&with);
        }
    }
}
