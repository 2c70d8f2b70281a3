//! What is wrong with an exercise before any variant is graded.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use course::{
    Course, Exercise, Figure,
    files::files_below,
    quiz::{self, Kind},
};
use runner::{
    DEFAULT_SEED, Gallery, Grading, Kit, Opened, Options, Sandbox, SandboxMode, Slot, Submission, items, named,
    start_judge,
};
use wire::judge::{Controls, Planned};

use super::{submission_in, variants::Variants};

/// Mistakes have to be distinguishable whatever inputs a seed draws; a few stand for all.
const SEEDS: [u64; 3] = [DEFAULT_SEED, 1, 2];

/// The files of an exercise that are missing.
pub(super) fn files(course: &Course, exercise: &Exercise) -> Vec<String> {
    let name = &exercise.name;
    let hidden = course.hidden_folder(exercise);
    let hidden = hidden.strip_prefix(&course.root).unwrap_or(&hidden).to_string_lossy().replace('\\', "/");
    let mut needed = vec![
        (format!("exercises/{name}/README.md"), "the lesson"),
        (format!("solutions/{name}/src/lib.rs"), "the solution"),
        (format!("{hidden}/stub.rs"), "the exercise as it ships"),
        (format!("{hidden}/probe.rs"), "the experiments on the learner's code"),
        (format!("{hidden}/checks.rs"), "the correct results, and the common mistakes"),
        (format!("{hidden}/pictures.rs"), "the pictures"),
        (format!("{hidden}/hints.toml"), "the hints"),
        (format!("{hidden}/variants.toml"), "wrong and right variants of the solution"),
    ];
    // A course whose exercises are crates has tests in them, and questions whose numbers are tested.
    if course.root.join("Cargo.toml").is_file() {
        needed.extend([
            (format!("exercises/{name}/Cargo.toml"), "the manifest of the exercise"),
            (format!("exercises/{name}/tests/examples.rs"), "the lesson's examples as tests"),
            (format!("solutions/{name}/Cargo.toml"), "the manifest of the solution"),
            (format!("solutions/{name}/tests/examples.rs"), "the same examples, run against the solution"),
            (format!("solutions/{name}/tests/lesson.rs"), "the numbers of the lesson, computed"),
            (format!("{hidden}/quiz.toml"), "the questions, with a sentence for every answer"),
            (format!("solutions/{name}/tests/quiz.rs"), "the numbers of the questions, computed"),
        ]);
    }
    needed.retain(|(path, _)| !course.root.join(path).is_file());
    needed.into_iter().map(|(path, what)| format!("there is no {path}, which is {what}")).collect()
}

/// What is wrong with the figures of the lesson, as far as that can be seen without drawing them.
pub(super) fn figures(course: &Course, exercise: &Exercise) -> Result<Vec<String>> {
    let folder = Submission::of_learner(course, exercise).folder;
    // A lesson that is not there has been told already.
    let Ok(lesson) = fs::read_to_string(folder.join("README.md")) else { return Ok(Vec::new()) };
    let figures = match Figure::all(&lesson) {
        Ok(figures) => figures,
        Err(error) => return Ok(vec![format!("exercises/{}/README.md, {error}", exercise.name)]),
    };
    let shown: BTreeSet<String> = figures.iter().flat_map(Figure::files).collect();
    let mut problems = Vec::new();
    for file in shown.iter().filter(|file| !folder.join(file).is_file()) {
        let grader = course.grader();
        problems.push(format!(
            "the lesson shows {file}, which is not there; `{grader} plot {} --figures` draws it",
            exercise.number
        ));
    }
    if folder.join("figures").is_dir() {
        let is_drawn = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "svg");
        for path in files_below(&folder.join("figures"))?.into_iter().filter(is_drawn) {
            let file = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if !shown.contains(&file) {
                problems.push(format!("the lesson does not show {file}; remove that file"));
            }
        }
    }
    Ok(problems)
}

/// What `grader new` has left for the author to write.
const TO_WRITE: &str = "TO WRITE";

/// The places of an exercise that are still as `grader new` made them.
pub(super) fn to_write(course: &Course, exercise: &Exercise) -> Result<Vec<String>> {
    let name = &exercise.name;
    let folders = ["exercises", "solutions"].map(|place| course.root.join(place).join(name));
    let mut problems = Vec::new();
    for folder in folders.into_iter().chain([course.hidden_folder(exercise)]).filter(|folder| folder.is_dir()) {
        for path in files_below(&folder)? {
            let Ok(text) = fs::read_to_string(&path) else { continue };
            let shown = path.strip_prefix(&course.root).unwrap_or(&path).display();
            for (line, text) in (1..).zip(text.lines()) {
                if let Some(start) = text.find(TO_WRITE) {
                    let left = text[start..].trim_end_matches(|c: char| !(c.is_alphanumeric() || c == '.' || c == '`'));
                    problems.push(format!("{shown}:{line} {left}"));
                }
            }
        }
    }
    if exercise.title.contains(TO_WRITE) {
        problems.push(format!("course.toml: the title of {name} is still to be written"));
    }
    Ok(problems)
}

/// What is known of an exercise's checks.
pub(super) struct Examined {
    /// What there is.
    pub(super) plan: Vec<Planned>,
    /// The ids of the mistakes that they know.
    pub(super) mistakes: BTreeSet<String>,
    /// The checks whose crates were not built, and the mistakes that only they know.
    pub(super) left_out: Vec<String>,
    pub(super) left_out_mistakes: BTreeSet<String>,
    pub(super) problems: Vec<String>,
}

/// What is wrong with the checks, and how they fit course.toml and the variants.
pub(super) fn checks(course: &Course, exercise: &Exercise, kit: &Kit, variants: &Variants) -> Result<Examined> {
    let (mut judge, checks) = start_judge(course, exercise, kit, &())?;
    let (problems, mistakes) = judge.examine(&SEEDS)?;
    let solution =
        fs::read_to_string(Submission::solution(course, exercise).lib()).context("cannot read the solution")?;
    let mut problems = [plan(exercise, &checks), problems, without_item(&checks, &solution)].concat();
    let is_left_out = |check: &Planned| exercise.task(&check.task).is_some_and(|task| !kit.is_for(task));
    let left_out = checks.iter().filter(|check| is_left_out(check)).map(|check| check.id.clone()).collect();
    let known = checks.iter().zip(&mistakes).filter(|(check, _)| !is_left_out(check));
    let known: BTreeSet<String> = known.flat_map(|(_, mistakes)| mistakes.clone()).collect();
    let mistakes: BTreeSet<String> = mistakes.into_iter().flatten().collect();
    let left_out_mistakes = mistakes.difference(&known).cloned().collect();
    for mistake in &mistakes {
        if !variants.wrong.iter().any(|variant| variant.mistake == *mistake) {
            problems.push(format!("no wrong variant makes the mistake `{mistake}`; add one to variants.toml"));
        }
    }
    problems.extend(questions(course, exercise, &mistakes));
    match course.hints(exercise) {
        Ok(hints) => {
            let unknown = hints.checks.keys().filter(|id| checks.iter().all(|check| check.id != **id));
            problems
                .extend(unknown.map(|id| format!("hints.toml has a hint for the check `{id}`, which does not exist")));
        }
        Err(error) => problems.push(format!("{error:#}")),
    }
    if variants.right.is_empty() {
        problems.push("it has no right variant; add another way to be right to variants.toml".to_owned());
    }
    Ok(Examined { plan: checks, mistakes, left_out, left_out_mistakes, problems })
}

/// What is wrong with the questions, where there are some.
fn questions(course: &Course, exercise: &Exercise, mistakes: &BTreeSet<String>) -> Vec<String> {
    let questions = match course.quiz(exercise) {
        Ok(questions) if questions.is_empty() => return Vec::new(),
        Ok(questions) => questions,
        Err(error) => return vec![format!("{error:#}")],
    };
    let mut problems: Vec<String> =
        quiz::weaknesses(&questions).into_iter().map(|weakness| format!("quiz.toml: {weakness}")).collect();
    for question in &questions {
        let Kind::Number(number) = &question.kind else { continue };
        for id in number.near.iter().filter_map(|near| near.mistake.as_ref()).filter(|id| !mistakes.contains(*id)) {
            problems.push(format!(
                "quiz.toml: question `{}` names the mistake `{id}`, which no check of the exercise knows",
                question.id
            ));
        }
    }
    for earlier in course.exercises.iter().filter(|other| other.number < exercise.number) {
        let asked = course.quiz(earlier).unwrap_or_default();
        for question in questions.iter().filter(|question| asked.iter().any(|other| other.ask == question.ask)) {
            problems.push(format!("quiz.toml: {} asks the question `{}` already", earlier.name, question.id));
        }
    }
    problems
}

/// Checks whose line could not be told.
fn without_item(checks: &[Planned], solution: &str) -> Vec<String> {
    let of_solution = items(solution);
    let mut problems = Vec::new();
    for check in checks.iter().filter(|check| !check.compiles) {
        for item in check.items.iter().filter(|item| named(of_solution.iter(), item).is_none()) {
            problems.push(format!(
                "`{}` is about `{item}`, of which the solution has none or several; name a function or a `Type::method` with \
                 `about`",
                check.id
            ));
        }
    }
    problems
}

/// What is wrong with the plan.
fn plan(exercise: &Exercise, checks: &[Planned]) -> Vec<String> {
    let mut problems = Vec::new();
    let mut points: BTreeMap<&str, u32> = BTreeMap::new();
    for (number, check) in checks.iter().enumerate() {
        let earlier = &checks[..number];
        if earlier.iter().any(|earlier| earlier.id == check.id) {
            problems.push(format!("two checks are called `{}`; rename one", check.id));
        }
        if check.after.iter().any(|id| !earlier.iter().any(|earlier| earlier.id == *id)) {
            problems.push(format!("`{}` comes `after` a check that is not above it", check.id));
        }
        if exercise.task(&check.task).is_none() {
            problems
                .push(format!("`{}` belongs to the task `{}`, which course.toml does not have", check.id, check.task));
        }
        if check.fetched.is_some() && !exercise.task(&check.task).is_some_and(|task| task.bonus) {
            problems.push(format!("`{}` needs data that has to be fetched, so its task has to be a bonus", check.id));
        }
        *points.entry(&check.task).or_default() += check.points;
    }
    for task in &exercise.tasks {
        let sum = points.get(task.name.as_str()).copied().unwrap_or_default();
        if sum != task.points {
            problems.push(format!(
                "the checks of `{}` are worth {sum} points, course.toml says {}",
                task.name, task.points
            ));
        }
    }
    problems
}

/// Checks that can be passed without an answer to what they ask.
pub(super) fn rote(course: &Course, exercise: &Exercise, kit: &Kit, work: &Path) -> Result<Vec<String>> {
    let slot = &Slot::take(&work.join("verify"), &exercise.name, Sandbox::choose(SandboxMode::Auto)?)?;
    let grading = Grading { course, exercise, kit, slot, options: Options::default(), observer: &() };
    let passed = grading.passed_by_rote(&Submission::solution(course, exercise))?;
    let problem = |id: String| {
        format!(
            "`{id}` is passed by answers to the inputs of another seed; draw some of its inputs, and compare the \
             answers with what the judge itself computes from them"
        )
    };
    Ok(passed.into_iter().map(problem).collect())
}

/// What is wrong with the pictures: those of the solution need no note, and those of the stub are drawn as well.
pub(super) fn pictures(course: &Course, exercise: &Exercise, kit: &Kit, work: &Path) -> Result<Vec<String>> {
    let slot = Slot::take(&work.join("verify"), &exercise.name, Sandbox::choose(SandboxMode::Auto)?)?;
    let stub = course.hidden_folder(exercise).join("stub.rs");
    let stub = fs::read_to_string(&stub).with_context(|| format!("cannot read {}", stub.display()))?;
    let solution = Submission::solution(course, exercise);
    let mut problems = Vec::new();
    for (whose, submission) in [("the solution", solution), ("the stub", submission_in(&slot, 0, &stub)?)] {
        let drawn = Gallery::open(course, exercise, &submission, kit, &slot, &()).and_then(|opened| match opened {
            Opened::Gallery(mut gallery) => Ok(gallery.draw(Controls::new(), &())?.1),
            Opened::Broken(_) => Ok(Vec::new()),
        });
        let pictures = match drawn {
            Ok(pictures) => pictures,
            Err(error) => {
                problems.push(format!("the pictures of {whose} cannot be drawn: {error:#}"));
                continue;
            }
        };
        if whose == "the solution" {
            for question in course.quiz(exercise).unwrap_or_default() {
                let Kind::Predict { picture: id, .. } = &question.kind else { continue };
                if pictures.iter().all(|picture| picture.id != *id) {
                    problems.push(format!("question `{}` shows the picture `{id}`, which does not exist", question.id));
                }
            }
            let lesson = Submission::of_learner(course, exercise).folder.join("README.md");
            let figures = fs::read_to_string(lesson).ok().and_then(|lesson| Figure::all(&lesson).ok());
            for figure in figures.unwrap_or_default() {
                if pictures.iter().all(|picture| picture.id != figure.id) {
                    problems.push(format!("the lesson shows the picture `{}`, which there is not", figure.id));
                }
            }
        }
        if pictures.is_empty() {
            problems.push(format!("there is no picture of {whose}"));
        }
        for (number, picture) in pictures.iter().enumerate() {
            if pictures[..number].iter().any(|earlier| earlier.id == picture.id) {
                problems.push(format!("two pictures are called `{}`; rename one", picture.id));
            }
            if whose == "the solution" && !picture.remarks.is_empty() {
                let remarks = picture.remarks.join(" ");
                problems.push(format!("the picture `{}` of the solution says: {remarks}", picture.id));
            }
        }
    }
    Ok(problems)
}

/// Folders of exercises that course.toml does not list, which no command would ever show.
pub(super) fn unlisted_folders(course: &Course) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for place in ["exercises", "solutions", "grader/hidden"] {
        if !course.root.join(place).is_dir() {
            continue;
        }
        for entry in fs::read_dir(course.root.join(place)).with_context(|| format!("cannot read {place}"))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && !course.exercises.iter().any(|exercise| exercise.name == name) {
                problems.push(format!("{place}/{name} is not in course.toml; add it there or remove the folder"));
            }
        }
    }
    Ok(problems)
}
