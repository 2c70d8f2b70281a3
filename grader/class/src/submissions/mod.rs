//! Finds what students have handed in, in the shapes in which teachers get it. What is not clear is asked about, never
//! passed over.

mod gradescope;
mod names;
mod repository;
mod unpack;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf, absolute},
};

use anyhow::{Context, Result};
use course::{Course, Exercise, UsageError, files};
use runner::{Sources, Submission, hand_in};
use tempfile::TempDir;

use crate::{
    record::{Code, Who},
    unclear::{Answer, Question},
};
use unpack::{Kind, Size};

/// One student's answer to one exercise.
pub(crate) struct Found {
    pub(crate) who: Who,
    pub(crate) exercise: String,
    pub(crate) code: Code,
    pub(crate) handed_in: Option<i64>,
    /// Where it lies below the folder of all submissions.
    pub(crate) place: String,
    /// The answers that it was found by.
    pub(crate) told: Vec<Answer>,
}

/// One of several that a student may have handed in to an exercise.
struct Attempt {
    handed_in: Option<i64>,
    code: Code,
    place: String,
}

/// Of each exercise what a student has handed in.
type Attempts = BTreeMap<String, Vec<Attempt>>;

/// What is being looked for.
pub(crate) struct Search<'a> {
    pub(crate) course: &'a Course,
    /// The exercise that is meant where no name says so.
    pub(crate) only: Option<&'a Exercise>,
    pub(crate) answers: &'a [Answer],
    /// For what is unpacked.
    pub(crate) work: PathBuf,
}

/// A file or a folder, and whose it is.
struct Item {
    who: Vec<Who>,
    path: PathBuf,
    /// Its name in the folder of all submissions.
    name: String,
    /// What its student called it, where a platform gave it another name.
    file: String,
    handed_in: Option<i64>,
    is_late: bool,
}

/// What lies in a folder or an archive.
struct Opened {
    candidates: Vec<Candidate>,
    /// The names of files that are no code.
    others: Vec<String>,
    /// Has to live as long as the candidates, if they were unpacked.
    _unpacked: Option<TempDir>,
}

/// Code in an item, to an exercise or to one that has to be told.
struct Candidate {
    exercise: Option<String>,
    folder: PathBuf,
    /// The file, as it is called below the item.
    file: String,
}

impl Search<'_> {
    /// Gives all that is found in `submissions` to `take`, student by student, and returns what is not clear.
    ///
    /// # Errors
    ///
    /// If `submissions` cannot be read at all, and whatever `take` says.
    pub(crate) fn run(&self, submissions: &Path, mut take: impl FnMut(Found) -> Result<()>) -> Result<Vec<Question>> {
        let (root, _unpacked) = self.open_class(submissions)?;
        let mut students: BTreeMap<String, Vec<Item>> = BTreeMap::new();
        let mut questions = Vec::new();
        for item in self.items(&root, &mut questions)? {
            let answers = self.answers_to(&item.name);
            if answers.iter().any(|answer| answer.ignore) {
                continue;
            }
            let mut item = item;
            if let Some(student) = answers.iter().find_map(|answer| answer.student.clone()) {
                item.who = vec![Who { key: student, ids: Vec::new() }];
            }
            if let Some(time) = answers.iter().find_map(|answer| answer.handed_in) {
                (item.handed_in, item.is_late) = (Some(time), false);
            }
            match item.who.first() {
                Some(who) => students.entry(who.key.clone()).or_default().push(item),
                None => questions.push(Question::new(
                    &item.name,
                    "nothing says whose submission this is; write student, or ignore = true",
                )),
            }
        }
        if students.is_empty() && questions.is_empty() {
            let complaint = format!(
                "{} holds no submission; it has a folder, an archive or a repository for each student",
                submissions.display()
            );
            return Err(UsageError(complaint).into());
        }
        for items in students.into_values() {
            self.student(items, &mut questions, &mut take)?;
        }
        Ok(questions)
    }

    /// The folder with all submissions; unpacked if it is one archive.
    fn open_class(&self, submissions: &Path) -> Result<(PathBuf, Option<TempDir>)> {
        let path = absolute(submissions).with_context(|| format!("cannot find {}", submissions.display()))?;
        let refuse = |what: &str| UsageError(format!("{} {what}", submissions.display()));
        let (root, unpacked) = if path.is_dir() {
            (path, None)
        } else if path.is_file() {
            let kind =
                Kind::of(&file_name(&path)).ok_or_else(|| refuse("is neither a folder nor a .zip, .tar or .tar.gz"))?;
            let folder = unpack::new_folder(&self.work)?;
            unpack::unpack(&path, kind, folder.path(), Size::Class).map_err(|error| refuse(&format!("{error:#}")))?;
            (folder.path().to_owned(), Some(folder))
        } else {
            return Err(refuse("is not there; give the folder with all submissions, or a bulk download").into());
        };
        // Gradescope packs one folder, and so does whoever packs a folder again.
        let entries = entries(&root)?;
        match &*entries {
            [only] if only.join(gradescope::METADATA).is_file() || self.is_a_class(only)? => {
                Ok((only.clone(), unpacked))
            }
            _ => Ok((root, unpacked)),
        }
    }

    /// Whether the only entry of a folder is a folder of several students', and no student's own.
    fn is_a_class(&self, only: &Path) -> Result<bool> {
        if !only.is_dir() || only.is_symlink() || repository::is_bare(only) || only.join(".git").is_dir() {
            return Ok(false);
        }
        let inside = entries(only)?;
        let is_of_a_student = |path: &PathBuf| {
            let name = file_name(path);
            let is_code = ["src", "exercises", "Cargo.toml"].contains(&&*name) || name.to_lowercase().ends_with(".rs");
            is_code || self.named(stem(&name)).is_some()
        };
        Ok(inside.len() > 1 && !inside.iter().any(is_of_a_student))
    }

    fn items(&self, root: &Path, questions: &mut Vec<Question>) -> Result<Vec<Item>> {
        let metadata = root.join(gradescope::METADATA);
        let known = if metadata.is_file() { Some(gradescope::read(&metadata)?) } else { None };
        let mut items = Vec::new();
        for path in entries(root)? {
            let name = file_name(&path);
            if path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
                questions.push(Question::new(&name, "this is a link; links are not followed"));
                continue;
            }
            if name == gradescope::METADATA {
                continue;
            }
            let item = if let Some(known) = &known {
                let submission = known.get(&name);
                Item {
                    who: submission.map_or_else(Vec::new, |submission| submission.who.clone()),
                    path,
                    name,
                    file: String::new(),
                    handed_in: submission.and_then(|submission| submission.handed_in),
                    is_late: false,
                }
            } else {
                let names::Name { who, file, is_late } = names::read(&name);
                Item { who: vec![who], path, name, file, handed_in: None, is_late }
            };
            items.push(item);
        }
        for name in known.iter().flat_map(BTreeMap::keys) {
            let is_here = items.iter().any(|item| item.name == *name);
            if !is_here && !self.answers_to(name).iter().any(|answer| answer.ignore) {
                let why = format!(
                    "{} lists this, but it is not here; export again, or write ignore = true",
                    gradescope::METADATA
                );
                questions.push(Question::new(name, &why));
            }
        }
        name_without_assignment(&mut items);
        Ok(items)
    }

    /// Everything of one student.
    fn student(
        &self,
        items: Vec<Item>,
        questions: &mut Vec<Question>,
        take: &mut impl FnMut(Found) -> Result<()>,
    ) -> Result<()> {
        // For each exercise what was handed in, in order.
        let mut answers: Attempts = BTreeMap::new();
        let (mut is_empty, mut others) = (true, Vec::new());
        let names: Vec<String> = items.iter().map(|item| item.name.clone()).collect();
        let who = items[0].who.clone();
        let mut asked = questions.len();
        for mut item in items {
            let found = match self.open(&mut item) {
                Ok(found) => found,
                Err(error) => {
                    questions.push(Question::new(&item.name, &format!("{error:#}")));
                    continue;
                }
            };
            if item.is_late {
                let why =
                    "Canvas marks this as late but does not give the time; write handed_in = \"2026-11-20T23:10:00Z\"";
                questions.push(Question::new(&item.name, why));
                asked += 1;
            }
            for opened in found {
                is_empty &= opened.candidates.is_empty();
                self.candidates(&item, &opened.candidates, questions, &mut answers);
                others.extend(opened.others);
            }
        }
        if is_empty && questions.len() == asked {
            questions.push(Question::new(&names[0], &without_code(&others)));
        }
        self.leave_stubs_out(&mut answers)?;
        for (exercise, mut codes) in answers {
            // The last one counts. Where no times tell which that is, several different ones are not clear.
            codes.sort_by_key(|attempt| attempt.handed_in);
            let differ = codes.iter().map(|attempt| &attempt.code.digest).collect::<BTreeSet<_>>().len() > 1;
            let times: BTreeSet<_> = codes.iter().map(|attempt| attempt.handed_in).collect();
            if differ && times.len() < codes.len() {
                let places = codes.iter().map(|attempt| attempt.place.clone()).collect();
                let why = format!(
                    "several of these may be the answer to {exercise}; write exercise and file, or ignore = true, or student if \
                     this is another student of the same name"
                );
                questions.push(Question { choices: places, ..Question::new(&names[0], &why) });
                continue;
            }
            let Some(Attempt { handed_in, code, place }) = codes.pop() else { continue };
            let told = self.told(&names, &exercise);
            for who in &who {
                let (who, exercise, code) = (who.clone(), exercise.clone(), code.clone());
                take(Found { who, exercise, code, handed_in, place: place.clone(), told: told.clone() })?;
            }
        }
        Ok(())
    }

    /// What lies in an item, and in each archive in it.
    fn open(&self, item: &mut Item) -> Result<Vec<Opened>> {
        let path = item.path.clone();
        if path.is_file() {
            return Ok(vec![self.open_file(item, &path)?]);
        }
        if repository::is_bare(&path) {
            let folder = unpack::new_folder(&self.work)?;
            let time = repository::archive(&path, folder.path(), &self.work)?;
            item.handed_in = item.handed_in.or(time);
            let candidates = self.look_into(item, folder.path());
            return Ok(vec![Opened { candidates, others: Vec::new(), _unpacked: Some(folder) }]);
        }
        if path.join(".git").is_dir() {
            item.handed_in = item.handed_in.or_else(|| repository::time(&path, &self.work));
        }
        let mut found = vec![Opened { candidates: self.look_into(item, &path), others: Vec::new(), _unpacked: None }];
        // A folder for each student may hold what that student has packed.
        for inside in entries(&path)? {
            let is_source = file_name(&inside).to_lowercase().ends_with(".rs");
            if inside.is_file() && !inside.is_symlink() && !is_source {
                found.push(self.open_file(item, &inside).with_context(|| file_name(&inside))?);
            } else if inside.is_dir() && !inside.is_symlink() {
                let below = files::files_below(&inside)?.into_iter().take(MOST_NAMED);
                let name = |file: PathBuf| file.strip_prefix(&path).unwrap_or(&file).to_string_lossy().into_owned();
                found[0].others.extend(below.map(name).filter(|name| !is_left_by_a_system(name)));
            }
        }
        Ok(found)
    }

    fn open_file(&self, item: &mut Item, path: &Path) -> Result<Opened> {
        let name = file_name(path);
        let folder = unpack::new_folder(&self.work)?;
        let to = folder.path();
        let mut others = Vec::new();
        if let Some(kind) = Kind::of(&name) {
            others = unpack::unpack(path, kind, to, Size::Student)?;
        } else if name.ends_with(".bundle") {
            let time = repository::archive(path, to, &self.work)?;
            item.handed_in = item.handed_in.or(time);
        } else if name.to_lowercase().ends_with(".rs") {
            let name = if item.file.is_empty() { &name } else { &item.file };
            fs::copy(path, to.join(Path::new(name).file_name().unwrap_or("lib.rs".as_ref())))?;
        } else if [".7z", ".rar", ".tar.bz2", ".tar.xz"]
            .iter()
            .any(|ending| names::strip_ending(&name, ending).is_some())
        {
            anyhow::bail!("is an archive that is not read here; pack it again as .zip or .tar.gz");
        } else if path != item.path {
            others.push(name);
        }
        let candidates = self.look_into(item, to);
        Ok(Opened { candidates, others, _unpacked: Some(folder) })
    }

    /// What in `root` may be an answer to an exercise.
    fn look_into(&self, item: &Item, root: &Path) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        let below = |path: &Path| path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
        for folder in hand_in::submissions_below(root) {
            let file = below(&Submission::new(folder.clone()).lib());
            let exercise = hand_in::exercise_of(self.course, root, &folder).map(|exercise| exercise.name.clone());
            let is_of_course = file.split('/').next().is_some_and(|first| COURSE_FOLDERS.contains(&first));
            if exercise.is_some() || !is_of_course {
                candidates.push(Candidate { exercise, folder, file });
            }
        }
        if candidates.is_empty() {
            // People rename their file.
            let files = files::files_below(root).unwrap_or_default();
            let is_source = |path: &PathBuf| {
                let below = below(path);
                let is_built = below.split('/').any(|part| part == "target");
                below.to_lowercase().ends_with(".rs") && !is_left_by_a_system(&below) && !is_built
            };
            for path in files.into_iter().filter(is_source).filter(|path| !path.is_symlink()) {
                let exercise = self.named(&file_stem(&path)).or_else(|| hand_in::exercise_of(self.course, root, &path));
                let exercise = exercise.map(|exercise| exercise.name.clone());
                candidates.push(Candidate { exercise, file: below(&path), folder: path });
            }
        }
        // What no folder is named after, a file's name or the command line may say.
        let nameless = candidates.iter().filter(|candidate| candidate.exercise.is_none()).count();
        if nameless == 1 {
            let named = [&item.file, &item.name].into_iter().find_map(|name| self.named(stem(name))).or(self.only);
            let is_taken =
                named.is_some_and(|named| candidates.iter().any(|it| it.exercise.as_ref() == Some(&named.name)));
            if let (Some(named), false) = (named, is_taken) {
                let mut nameless = candidates.iter_mut().filter(|candidate| candidate.exercise.is_none());
                nameless.by_ref().for_each(|candidate| candidate.exercise = Some(named.name.clone()));
            }
        }
        candidates
    }

    /// The exercise that is called exactly so.
    fn named(&self, name: &str) -> Option<&Exercise> {
        self.course.exercises.iter().find(|exercise| exercise.name == name || exercise.short_name() == name)
    }

    /// Reads candidates, as answers say or as they are named.
    fn candidates(&self, item: &Item, candidates: &[Candidate], questions: &mut Vec<Question>, answers: &mut Attempts) {
        let told = self.answers_to(&item.name);
        // Where one exercise is graded, an answer need not name it.
        let exercise_of = |answer: &Answer| {
            answer.exercise.clone().or_else(|| Some(self.only.filter(|_| answer.file.is_some())?.name.clone()))
        };
        let told: Vec<(&Answer, String)> =
            told.into_iter().filter_map(|answer| Some((answer, exercise_of(answer)?))).collect();
        let mut nameless = Vec::new();
        for candidate in candidates {
            let place = format!("{}: {}", item.name, candidate.file);
            let is_meant = |(answer, _): &&(&Answer, String)| match &answer.file {
                Some(file) => *file == candidate.file || *file == place,
                None => candidate.exercise.is_none() && candidates.len() == 1,
            };
            let by_answer = told.iter().find(is_meant).map(|(_, exercise)| exercise.clone());
            // An answer about an exercise leaves no room for the other files that are named after it.
            let is_told = |name: &String| {
                let of_file = told.iter().filter(|(answer, _)| answer.file.is_some()).map(|(_, exercise)| exercise);
                of_file.filter_map(|text| self.course.exercise(text).ok()).any(|exercise| exercise.name == *name)
            };
            let by_name = candidate.exercise.clone().filter(|name| !is_told(name));
            let exercise = match by_answer {
                Some(text) => match self.course.exercise(&text) {
                    Ok(exercise) => Some(exercise.name.clone()),
                    Err(error) => {
                        questions.push(Question::new(&item.name, &error.to_string()));
                        continue;
                    }
                },
                None => by_name,
            };
            match exercise {
                Some(exercise) => match self.code(candidate) {
                    Ok(code) => {
                        answers.entry(exercise).or_default().push(Attempt { handed_in: item.handed_in, code, place })
                    }
                    Err(error) => questions.push(Question::new(&item.name, &format!("{error:#}"))),
                },
                // Where files have been chosen, the others are not meant.
                None if candidate.exercise.is_none() && told.iter().all(|(answer, _)| answer.file.is_none()) => {
                    nameless.push(candidate.file.clone());
                }
                None => {}
            }
        }
        if !nameless.is_empty() {
            let for_all = if self.only.is_none() { "; --exercise N says it for all submissions" } else { "" };
            let why = format!("which exercise is this? Write exercise, and file where there are several{for_all}");
            questions.push(Question { choices: nameless, ..Question::new(&item.name, &why) });
        }
    }

    /// The files of a candidate, as the grader would read them.
    fn code(&self, candidate: &Candidate) -> Result<Code> {
        let alone;
        let submission = if candidate.folder.is_file() {
            alone = unpack::new_folder(&self.work)?;
            fs::create_dir(alone.path().join("src"))?;
            fs::copy(&candidate.folder, alone.path().join("src/lib.rs"))?;
            Submission::new(alone.path().to_owned())
        } else {
            Submission::new(candidate.folder.clone())
        };
        let sources = Sources::read(self.course, &submission, false)?;
        let src = format!("{}/src/", submission.label(self.course));
        if let Some(refused) = sources.refused.first() {
            let said = refused.message.replace(&src, "");
            anyhow::bail!("{}: {said}", candidate.file);
        }
        let file = |path: String| {
            let text = sources.text(&path).unwrap_or_default().to_owned();
            (path.strip_prefix(&src).unwrap_or(&path).to_owned(), text)
        };
        Ok(Code { digest: sources.digest(), files: sources.paths().into_iter().map(file).collect() })
    }

    /// A copy of the whole course holds stubs of all the exercises that are not begun. Where something else was handed in,
    /// they are nothing to grade.
    fn leave_stubs_out(&self, answers: &mut Attempts) -> Result<()> {
        let mut stubs = Vec::new();
        for (name, codes) in &*answers {
            let exercise = self.course.exercise(name)?;
            let stub = fs::read_to_string(self.course.hidden_folder(exercise).join("stub.rs")).unwrap_or_default();
            let lines = |text: &str| text.replace("\r\n", "\n");
            let is_stub = |code: &Code| matches!(&*code.files, [(_, text)] if lines(text) == lines(&stub));
            if codes.iter().all(|attempt| is_stub(&attempt.code)) {
                stubs.push(name.clone());
            }
        }
        if stubs.len() < answers.len() || stubs.len() > 1 {
            stubs.iter().for_each(|name| drop(answers.remove(name)));
        }
        Ok(())
    }

    /// What answers say of these submissions that decides what counts in `exercise`.
    fn told(&self, names: &[String], exercise: &str) -> Vec<Answer> {
        let is_it = |name: &String| self.course.exercise(name).is_ok_and(|it| it.name == *exercise);
        let decides = |answer: &Answer| {
            let is_about = answer.exercise.as_ref().map_or(answer.file.is_some(), is_it);
            answer.ignore || answer.student.is_some() || is_about
        };
        let about = self.answers.iter().filter(|answer| names.contains(&answer.submission));
        about.map(Answer::without_time).filter(decides).collect()
    }

    fn answers_to(&self, name: &str) -> Vec<&Answer> {
        self.answers.iter().filter(|answer| answer.submission == name).collect()
    }
}

/// Packages in a copy of the course that are no exercises.
const COURSE_FOLDERS: [&str; 3] = ["datasets", "engine", "reference"];

/// So many files are named that are no code.
const MOST_NAMED: usize = 3;

/// Why a submission without code is not clear.
fn without_code(others: &[String]) -> String {
    if others.is_empty() {
        return "this holds no Rust code".to_owned();
    }
    let mut why = format!("this holds no Rust code, but {}", others[..others.len().min(MOST_NAMED)].join(", "));
    if others.len() > MOST_NAMED {
        why += " and more";
    }
    if others.iter().any(|name| Kind::of(name).is_some()) {
        why += "; an archive within an archive is not opened, so unpack the outer one";
    }
    why
}

/// GitHub Classroom calls a folder `homework-4-jane`: where most folders begin with the same words, a roster may have what
/// follows them.
fn name_without_assignment(items: &mut [Item]) {
    let ends = |key: &str| key.match_indices('-').map(|(at, _)| at + 1).collect::<Vec<_>>();
    let mut folders: Vec<&mut Who> =
        items.iter_mut().filter(|item| item.path.is_dir()).filter_map(|item| item.who.first_mut()).collect();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for Who { key, .. } in &folders {
        ends(key).into_iter().for_each(|end| *counts.entry(key[..end].to_owned()).or_default() += 1);
    }
    let half = folders.len() / 2;
    for Who { key, ids } in &mut folders {
        let shared = ends(key).into_iter().filter(|&end| half > 0 && counts[&key[..end]] > half);
        ids.extend(shared.map(|end| key[end..].to_owned()));
    }
}

/// Whether a file is none of the student's: hidden, or what macOS adds to archives.
fn is_left_by_a_system(path: &str) -> bool {
    path.split(['/', '\\']).any(|part| part.starts_with('.') && part != "." || part == "__MACOSX")
}

/// What is in a folder, in order, without what systems leave there.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read the folder {}", folder.display());
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        let name = file_name(&path);
        if !is_left_by_a_system(&name) {
            entries.push(path);
        }
    }
    entries.sort();
    Ok(entries)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn file_stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// A name without `.zip`, `.tar.gz` or `.rs`.
fn stem(name: &str) -> &str {
    let endings = [".zip", ".tar.gz", ".tgz", ".tar", ".rs"];
    endings.iter().find_map(|ending| names::strip_ending(name, ending)).unwrap_or(name)
}
