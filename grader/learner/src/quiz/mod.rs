//! Questions: which are asked, what was answered, and when a question comes again.
//!
//! Answers lie beside the learner's code, in `exercises/NN_name/answers.json`, so that they travel with it. They never
//! change points.

mod asked;
pub mod class;

pub use asked::{Asked, Form, Reply};

use std::{
    collections::BTreeMap,
    fs,
    io::ErrorKind,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, bail};
use course::{
    Course, Exercise, files,
    quiz::{Kind, Question},
};
use report::{FirstAnswer, sanitise::clean};
use runner::Submission;
use serde::{Deserialize, Serialize};

use crate::clock;

/// The version of the format of `answers.json`.
const SCHEMA_VERSION: u32 = 1;

const FILE: &str = "answers.json";

/// More than this is no file of ours.
const MAX_BYTES: u64 = 256 * 1024;

/// After how many days a question comes again: first after a wrong answer, then after each right one.
const SPACING: [u64; 3] = [1, 3, 8];

/// The answers to the questions of one exercise, by the question's id. Those to questions that are gone are kept.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Answers {
    schema_version: u32,
    questions: BTreeMap<String, Answered>,
}

/// The answers to one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answered {
    /// Whether the very first answer was right: this is what counts.
    pub first_right: bool,
    /// The very first answer.
    pub first: String,
    /// Right first answers of a sitting, since the last wrong one.
    pub in_a_row: usize,
    /// When it was last asked.
    pub asked_at: String,
}

impl Answered {
    /// Whether the learner has got it: at once, or when it came again.
    pub fn is_understood(&self) -> bool {
        self.in_a_row > 0
    }

    /// Whether it comes again now.
    pub fn is_due(&self, now: SystemTime) -> bool {
        let Some(days) = (!self.first_right).then(|| SPACING.get(self.in_a_row)).flatten() else { return false };
        let asked_at = humantime::parse_rfc3339(&self.asked_at).unwrap_or(SystemTime::UNIX_EPOCH);
        now >= asked_at + Duration::from_secs(days * 24 * 60 * 60)
    }
}

impl Answers {
    /// Those that lie beside the submission in `folder`; none if there is no file.
    ///
    /// # Errors
    ///
    /// If the file is damaged or was written by a newer grader.
    pub fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(FILE);
        let is_ours = match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            metadata => {
                let metadata = metadata.with_context(|| format!("cannot read {}", path.display()))?;
                metadata.is_file() && metadata.len() <= MAX_BYTES
            }
        };
        if !is_ours {
            bail!("{} is not a file with answers", path.display());
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let answers: Self = serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is damaged; move it away, and answers are saved again", path.display()))?;
        if answers.schema_version > SCHEMA_VERSION {
            bail!("{} was written by a newer grader and is left as it is; update the course", path.display());
        }
        Ok(answers)
    }

    /// Whether no question has been answered.
    pub fn is_empty(&self) -> bool {
        self.questions.is_empty()
    }

    /// What was answered to the question with this id.
    pub fn to(&self, id: &str) -> Option<&Answered> {
        self.questions.get(id)
    }

    /// How many of `questions` the learner has got.
    pub fn understood(&self, questions: &[Question]) -> usize {
        questions.iter().filter(|question| self.to(&question.id).is_some_and(Answered::is_understood)).count()
    }

    /// The first answers to `questions`, for a report.
    pub fn first_answers(&self, questions: &[Question]) -> Vec<FirstAnswer> {
        let of = |question: &Question| {
            let answered = self.to(&question.id)?;
            let given: String = clean(&answered.first).chars().take(200).collect();
            Some(FirstAnswer { question: question.id.clone(), right: answered.first_right, given })
        };
        questions.iter().filter_map(of).collect()
    }
}

/// When the answers to the questions of `exercise` were last saved; `None` if there are none.
pub fn answered_at(course: &Course, exercise: &Exercise) -> Option<SystemTime> {
    let file = Submission::of_learner(course, exercise).folder.join(FILE);
    fs::metadata(file).and_then(|file| file.modified()).ok()
}

/// Notes the first answer of a sitting to a question.
///
/// # Errors
///
/// If the answers cannot be read or written; nothing is lost then but this one.
pub fn note(course: &Course, exercise: &Exercise, id: &str, right: bool, given: &str) -> Result<()> {
    let _lock = files::lock(&course.work_folder()?.join("answers.lock"))?;
    let folder = Submission::of_learner(course, exercise).folder;
    let mut answers = Answers::read(&folder)?;
    let asked_at = clock::now();
    let answered = answers.questions.entry(id.to_owned()).or_insert_with(|| Answered {
        first_right: right,
        first: given.to_owned(),
        in_a_row: 0,
        asked_at: asked_at.clone(),
    });
    answered.in_a_row = if right { answered.in_a_row + 1 } else { 0 };
    answered.asked_at = asked_at;
    answers.schema_version = SCHEMA_VERSION;
    let mut json = serde_json::to_vec_pretty(&answers)?;
    json.push(b'\n');
    files::write_atomically(&folder.join(FILE), &json)
}

/// A question of an exercise, to be asked.
pub struct Item<'a> {
    /// Whose question it is.
    pub exercise: &'a Exercise,
    /// The question.
    pub question: Question,
    /// It was answered before, and comes again.
    pub comes_again: bool,
}

/// Which questions are wanted.
pub struct Wanted<'a> {
    /// Those of these exercises.
    pub exercises: Vec<&'a Exercise>,
    /// Before them, what comes again of these.
    pub due_of: Vec<&'a Exercise>,
    /// Only those on this topic.
    pub topic: Option<&'a str>,
    /// Also those that are understood or not due yet.
    pub all: bool,
}

/// What is asked: first what comes again, then what was never answered, and how many questions there are at all.
///
/// # Errors
///
/// If questions or answers cannot be read.
pub fn items<'a>(course: &Course, wanted: &Wanted<'a>, now: SystemTime) -> Result<(Vec<Item<'a>>, usize)> {
    let (mut again, mut new, mut total) = (Vec::new(), Vec::new(), 0);
    let of = wanted.exercises.iter().map(|exercise| (exercise, false));
    for (&exercise, only_due) in wanted.due_of.iter().map(|exercise| (exercise, true)).chain(of) {
        let answers = Answers::read(&Submission::of_learner(course, exercise).folder)?;
        for question in course.quiz(exercise)? {
            if wanted.topic.is_some_and(|topic| !question.topics.iter().any(|own| own == topic)) {
                continue;
            }
            total += usize::from(!only_due);
            match answers.to(&question.id) {
                Some(answered) if answered.is_due(now) || (wanted.all && !only_due) => {
                    again.push(Item { exercise, question, comes_again: true });
                }
                None if !only_due => new.push(Item { exercise, question, comes_again: false }),
                _ => {}
            }
        }
    }
    again.append(&mut new);
    Ok((again, total))
}

/// Whether a picture of the learner's own code belongs to the answer, and which.
pub fn picture(question: &Question) -> Option<&str> {
    match &question.kind {
        Kind::Predict { picture, .. } => Some(picture),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::course_with;

    const QUIZ: &str = r#"
[[question]]
id = "one"
kind = "open"
topics = ["data"]
ask = "Why?"
model = "So."
contains = ["so"]
[[question]]
id = "two"
kind = "open"
topics = ["debugging"]
ask = "Why not?"
model = "So."
contains = ["so"]
"#;

    fn course() -> (tempfile::TempDir, Course) {
        let (folder, course) = course_with(&["01_first", "02_second"]);
        fs::write(course.hidden_folder(&course.exercises[0]).join("quiz.toml"), QUIZ).unwrap();
        (folder, course)
    }

    fn asked(course: &Course, topic: Option<&str>, days: u64) -> Vec<String> {
        let wanted = Wanted { exercises: course.exercises.iter().collect(), due_of: Vec::new(), topic, all: false };
        let now = SystemTime::now() + Duration::from_secs(days * 24 * 60 * 60 + 60);
        items(course, &wanted, now).unwrap().0.into_iter().map(|item| item.question.id).collect()
    }

    #[test]
    fn a_wrong_answer_comes_again_after_a_day_then_three_then_eight() {
        let (_folder, course) = course();
        let first = &course.exercises[0];
        assert_eq!(asked(&course, None, 0), ["one", "two"]);
        note(&course, first, "one", false, "never").unwrap();
        assert_eq!(asked(&course, None, 0), ["two"]);
        for days in [1, 3, 8] {
            assert_eq!(asked(&course, None, days - 1), ["two"]);
            assert_eq!(asked(&course, None, days), ["one", "two"]);
            note(&course, first, "one", true, "so").unwrap();
        }
        assert_eq!(asked(&course, None, 1000), ["two"]);

        note(&course, first, "two", true, "so").unwrap();
        assert_eq!(asked(&course, None, 1000), [] as [&str; 0]);
        let answers = Answers::read(&Submission::of_learner(&course, first).folder).unwrap();
        let questions = course.quiz(first).unwrap();
        assert_eq!(answers.understood(&questions), 2);
        let of_report: Vec<_> =
            answers.first_answers(&questions).into_iter().map(|first| (first.right, first.given)).collect();
        assert_eq!(of_report, [(false, "never".to_owned()), (true, "so".to_owned())]);
    }

    #[test]
    fn a_topic_goes_across_exercises() {
        let (_folder, course) = course();
        let other = QUIZ.replace("\"data\"", "\"debugging\"");
        fs::write(course.hidden_folder(&course.exercises[1]).join("quiz.toml"), other).unwrap();
        assert_eq!(asked(&course, Some("debugging"), 0), ["two", "one", "two"]);
    }

    #[test]
    fn a_file_that_cannot_be_used_is_left_as_it_is() {
        let (_folder, course) = course();
        let first = &course.exercises[0];
        let path = Submission::of_learner(&course, first).folder.join(FILE);
        for text in ["", "{}", "[1]", r#"{"schema_version": 2, "questions": {}}"#] {
            fs::write(&path, text).unwrap();
            assert!(note(&course, first, "one", true, "so").is_err(), "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
