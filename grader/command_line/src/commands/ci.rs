//! `grader ci`: grade what was handed in, tell the surrounding CI in its own forms, and exit by policy.

use std::{
    env,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf, absolute},
    process::Command,
};

use anyhow::{Context, Result, bail};

use super::{Outcome, check::Targets, parallel::grade_all, warn};
use crate::cli::CiArgs;
use course::{Course, Exercise, UsageError};
use learner::quiz::Answers;
use report::{ExerciseStatus, FirstAnswer, Report, Terminal, style};
use runner::{Grading, Options, Sandbox, Slot, Sources, Submission, hand_in};

pub(crate) fn run(course: &Course, args: &CiArgs) -> Result<Outcome> {
    let sandbox = Sandbox::choose(args.sandbox.into())?;
    let policy = Policy::new(course, args)?;
    let targets = Targets::new(&args.format, None, true)?;
    let wanted = args.exercises.iter().chain(&args.require).map(|wanted| course.exercise(wanted));
    let wanted = wanted.collect::<Result<Vec<_>>>()?;
    let only = wanted.first().filter(|first| wanted.iter().all(|other| other.name == first.name));
    let handed_in = HandedIn::new(course, args.source.as_deref(), only.copied())?;
    let exercises = to_be_graded(course, &handed_in, args, &policy)?;

    let work = course.work_folder()?;
    let seed = match args.seed {
        Some(seed) => seed,
        None => new_seed()?,
    };
    let options = Options { seed, ..Options::default() };
    let all = grade_all(course, exercises, |exercise, kit| {
        // Whose code it is makes no difference: nothing of an earlier grading is used, and nothing is left for a later
        // one.
        let slot = Slot::take_empty(&work, &exercise.name, sandbox)?;
        let grading = Grading { course, exercise, kit, slot: &slot, options, observer: &() };
        let submission = handed_in.submission(exercise);
        let mut report = grading.grade(&submission)?.report;
        report.answers = first_answers(course, exercise, &submission);
        Ok(report)
    })?;
    let reports = &all.reports;
    let mut unmet = policy.unmet(reports);
    unmet.extend(all.faults.iter().cloned());

    if targets.shows_text() {
        tell(course, reports);
    }
    let mut terminal = Terminal::of_stdout(course, None);
    terminal.says_how = true;
    targets.write(reports, &terminal)?;
    for sentence in unmet.iter().filter(|sentence| !all.faults.contains(sentence)) {
        anstream::eprintln!("{}", style::paint(style::BAD, sentence));
    }
    tell_github(reports, &unmet, targets.shows_text())?;
    all.whole()?;
    Ok(if unmet.is_empty() { Outcome::AllRight } else { Outcome::NotRightYet })
}

/// The first answers to the questions of `exercise` that lie beside `submission`. They are worth no points, so nothing
/// about them stops a grading.
fn first_answers(course: &Course, exercise: &Exercise, submission: &Submission) -> Vec<FirstAnswer> {
    let read = || Ok(Answers::read(&submission.folder)?.first_answers(&course.quiz(exercise)?));
    read().unwrap_or_else(|error: anyhow::Error| {
        warn(&format!("the answers to the questions are left out: {error:#}"));
        Vec::new()
    })
}

/// A seed for one grading. No submission can know it, so a table of right answers earns nothing. It has 32 bits, which every
/// reader of JSON keeps and a person can type.
fn new_seed() -> Result<u64> {
    getrandom::u32().map(u64::from).context("the system provides no random numbers; give a seed with --seed N")
}

/// Prints in full what is begun and not complete.
fn tell(course: &Course, reports: &[Report]) {
    let is_open = |report: &&Report| !matches!(report.status(), ExerciseStatus::Complete | ExerciseStatus::NotStarted);
    for report in reports.iter().filter(is_open) {
        let text = report::terminal(report, &Terminal::of_stdout(course, None));
        let _ = anstream::stdout().write_all(format!("{text}\n").as_bytes());
    }
}

/// Writes the summary and the outputs of the step where GitHub Actions asks for them, and the annotations to standard
/// output; nothing of it elsewhere.
fn tell_github(reports: &[Report], unmet: &[String], annotate: bool) -> Result<()> {
    if env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return Ok(());
    }
    for (variable, text) in [
        ("GITHUB_STEP_SUMMARY", format!("{}\n{}", report::markdown(reports), report::markdown_list(unmet))),
        ("GITHUB_OUTPUT", outputs(reports, unmet.is_empty())),
    ] {
        if let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) {
            append(Path::new(&path), &text)?;
        }
    }
    if annotate {
        let _ = anstream::stdout().write_all(report::github(reports).as_bytes());
    }
    Ok(())
}

/// A folder with `exercises/NN_name/src/…`: the course itself, or what somebody handed in.
struct HandedIn {
    folder: PathBuf,
    /// The folders of submissions that lie elsewhere in it, by the names of their exercises.
    elsewhere: Vec<(String, PathBuf)>,
}

impl HandedIn {
    /// `only` is the exercise that is asked for, if it is one.
    fn new(course: &Course, source: Option<&Path>, only: Option<&Exercise>) -> Result<Self> {
        let Some(folder) = source else { return Ok(Self { folder: course.root.clone(), elsewhere: Vec::new() }) };
        let folder = absolute(folder).with_context(|| format!("cannot find {}", folder.display()))?;
        if !folder.is_dir() {
            return Err(UsageError(format!(
                "there is no folder {}; give one that holds exercises/NN_name/src",
                folder.display()
            ))
            .into());
        }
        let mut handed_in = Self { folder, elsewhere: Vec::new() };
        handed_in.look_elsewhere(course, only)?;
        Ok(handed_in)
    }

    /// Finds what does not lie in `exercises/NN_name/src`.
    fn look_elsewhere(&mut self, course: &Course, only: Option<&Exercise>) -> Result<()> {
        let root = self.folder.clone();
        let found = hand_in::submissions_below(&root);
        let mut is_any_in_place = false;
        for exercise in &course.exercises {
            let src = self.in_place(exercise).join("src");
            is_any_in_place |= src.symlink_metadata().is_ok();
            if src.join("lib.rs").symlink_metadata().is_ok() {
                continue;
            }
            if let Some(folder) = hand_in::named_after(course, exercise, &root, &found)? {
                self.put(exercise, folder);
            }
        }
        let nameless = found.iter().filter(|folder| hand_in::exercise_of(course, &root, folder).is_none());
        let is_any_found = is_any_in_place || !self.elsewhere.is_empty();
        // A copy of the whole course has other packages as well.
        let nameless: Vec<&PathBuf> =
            nameless.filter(|folder| !is_any_found || !folder.join("Cargo.toml").exists()).collect();
        match (&*nameless, only) {
            ([], _) => {}
            ([folder], Some(only)) if !is_any_found => self.put(only, (*folder).clone()),
            _ if is_any_found => {
                warn(&format!("no exercise has this name, so this is not graded: {}", hand_in::list(nameless)))
            }
            _ => {
                return Err(UsageError(format!(
                    "which exercise is this? {}\nPut each lib.rs into exercises/NN_name/src, or grade one with `{} check N \
                     --source DIR`",
                    hand_in::list(nameless),
                    course.grader()
                ))
                .into());
            }
        }
        Ok(())
    }

    fn put(&mut self, exercise: &Exercise, folder: PathBuf) {
        warn(&format!("the submission to {} is {}", exercise.name, Submission::new(folder.clone()).lib().display()));
        self.elsewhere.push((exercise.name.clone(), folder));
    }

    fn in_place(&self, exercise: &Exercise) -> PathBuf {
        self.folder.join("exercises").join(&exercise.name)
    }

    fn submission(&self, exercise: &Exercise) -> Submission {
        let elsewhere = self.elsewhere.iter().find(|(name, _)| *name == exercise.name);
        Submission::new(elsewhere.map_or_else(|| self.in_place(exercise), |(_, folder)| folder.clone()))
    }

    /// Whether somebody has worked on `exercise`: it is there, and is not the stub.
    fn is_started(&self, course: &Course, exercise: &Exercise) -> Result<bool> {
        let submission = self.submission(exercise);
        if submission.src().symlink_metadata().is_err() {
            return Ok(false);
        }
        let stub = course.hidden_folder(exercise).join("stub.rs");
        let stub = fs::read_to_string(&stub).with_context(|| format!("cannot read {}", stub.display()))?;
        Ok(!Sources::read(course, &submission, false)?.is_just(&stub))
    }

    /// The names of the exercises whose sources differ from where this branch left `reference`.
    fn changed_since(&self, reference: &str) -> Result<Vec<String>> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.folder).args([
            "diff",
            "--name-only",
            "-z",
            "--no-renames",
            "--no-ext-diff",
            "--relative",
        ]);
        git.args(["--merge-base", reference, "--", "exercises"]);
        let output = git.output().context("cannot run git; install it, or name the exercises")?;
        if !output.status.success() {
            return Err(UsageError(format!(
                "git cannot tell what has changed since {reference}: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ))
            .into());
        }
        Ok(exercises_of(&String::from_utf8_lossy(&output.stdout)))
    }
}

/// The exercises among the paths that git lists, each of which ends in a zero.
fn exercises_of(paths: &str) -> Vec<String> {
    let mut names: Vec<String> = paths
        .split('\0')
        .filter_map(|path| path.strip_prefix("exercises/")?.split_once('/'))
        .filter(|(_, rest)| rest.starts_with("src/"))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.dedup();
    names
}

/// What is graded: the exercises that are named, or have changed, or are started; and those that have to be complete.
fn to_be_graded<'a>(
    course: &'a Course,
    handed_in: &HandedIn,
    args: &CiArgs,
    policy: &Policy<'_>,
) -> Result<Vec<&'a Exercise>> {
    let mut names: Vec<&str> = policy.required.iter().map(|exercise| exercise.name.as_str()).collect();
    let changed;
    if !args.exercises.is_empty() {
        for wanted in &args.exercises {
            names.push(&course.exercise(wanted)?.name);
        }
    } else if let Some(reference) = &args.changed_since {
        changed = handed_in.changed_since(reference)?;
        names.extend(changed.iter().map(String::as_str));
    } else {
        for exercise in &course.exercises {
            if handed_in.is_started(course, exercise)? {
                names.push(&exercise.name);
            }
        }
    }
    let exercises: Vec<_> =
        course.exercises.iter().filter(|exercise| names.contains(&exercise.name.as_str())).collect();
    for exercise in &exercises {
        // A link above `src` could lead to the solution, and looks like a folder from below.
        let folder = handed_in.submission(exercise).folder;
        for folder in folder.ancestors().take(2) {
            if folder.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
                bail!(UsageError(format!("{} is a link; links are not graded", folder.display())));
            }
        }
    }
    Ok(exercises)
}

/// What a hand-in has to reach.
struct Policy<'a> {
    /// These have to be complete. Where neither they nor a score are given, everything that is graded has to be.
    required: Vec<&'a Exercise>,
    min_score: Option<u32>,
}

impl<'a> Policy<'a> {
    fn new(course: &'a Course, args: &CiArgs) -> Result<Self> {
        let required = args.require.iter().map(|wanted| course.exercise(wanted)).collect::<Result<_>>()?;
        Ok(Self { required, min_score: args.min_score })
    }

    /// A sentence for each demand that is not met.
    fn unmet(&self, reports: &[Report]) -> Vec<String> {
        let all = self.required.is_empty() && self.min_score.is_none();
        let mut unmet: Vec<String> = reports
            .iter()
            .filter(|report| all || self.required.iter().any(|exercise| exercise.name == report.exercise.name))
            .filter(|report| report.status() != ExerciseStatus::Complete)
            .map(|report| {
                format!(
                    "Exercise {} has to be complete, and has {} of {} points.",
                    report.exercise.number,
                    report.score(),
                    report.max_score()
                )
            })
            .collect();
        let score: u32 = reports.iter().map(Report::score).sum();
        if let Some(least) = self.min_score.filter(|least| score < *least) {
            unmet.push(format!("At least {least} points are required; there are {score}."));
        }
        unmet
    }
}

/// The outputs of a step: numbers, and names that course.toml allows, none of which can hold a line break.
fn outputs(reports: &[Report], passed: bool) -> String {
    let complete: Vec<&str> = reports
        .iter()
        .filter(|report| report.status() == ExerciseStatus::Complete)
        .map(|report| report.exercise.name.as_str())
        .collect();
    format!(
        "score={}\nmax_score={}\ncomplete={}\npassed={passed}\n",
        reports.iter().map(Report::score).sum::<u32>(),
        reports.iter().map(Report::max_score).sum::<u32>(),
        complete.join(","),
    )
}

fn append(path: &Path, text: &str) -> Result<()> {
    let write = || OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes());
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_the_paths_that_git_lists_sources_of_exercises_count() {
        let paths = "exercises/01_perceptron/README.md\0exercises/02_elu/src/lib.rs\0exercises/02_elu/src/a/b.rs\0\
                     exercises/03_dense_layer/src/lib.rs\0exercises/notes.txt\0";
        assert_eq!(exercises_of(paths), ["02_elu", "03_dense_layer"]);
        assert_eq!(exercises_of(""), [""; 0]);
    }
}
