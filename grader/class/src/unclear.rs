//! `class.unclear.toml`: what could not be made out, and what a teacher answers.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use course::{UsageError, files};
use report::sanitise::clean_line;
use serde::{Deserialize, Serialize};

use crate::{database::ANSWER_IS_GONE, record::HandIn, settings::seconds};

/// What is not clear about a submission.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Question {
    pub(crate) submission: String,
    pub(crate) why: String,
    /// The files that may be meant.
    pub(crate) choices: Vec<String>,
}

impl Question {
    pub(crate) fn new(submission: &str, why: &str) -> Self {
        Self { submission: submission.to_owned(), why: clean_line(why), choices: Vec::new() }
    }
}

/// What a teacher says about a submission.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Answer {
    pub(crate) submission: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exercise: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) student: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) handed_in: Option<i64>,
    #[serde(skip_serializing_if = "is_false")]
    pub(crate) ignore: bool,
}

fn is_false(it: &bool) -> bool {
    !it
}

impl Answer {
    /// What it says of what counts, and whose it is.
    pub(crate) fn without_time(&self) -> Self {
        Self { handed_in: None, ..self.clone() }
    }

    /// Whether this answer has taken back what was found at `found` and counted as `student`'s: it is ignored now, or another
    /// student's.
    fn takes_back(&self, found: &str, student: &str) -> bool {
        let rest = found.strip_prefix(&self.submission);
        let is_about = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(": "));
        is_about && (self.ignore || self.student.as_ref().is_some_and(|told| told != student))
    }
}

/// Whether `hand_in` counts: no answer has taken it back, and those that it was found by still stand.
pub(crate) fn counts(hand_in: &HandIn, answers: &[Answer]) -> bool {
    let HandIn { who, found, told, .. } = hand_in;
    let stands = |told: &Answer| answers.iter().any(|answer| answer.without_time() == *told);
    told.iter().all(stands) && !answers.iter().any(|answer| answer.takes_back(found, &who.key))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    unclear: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    submission: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    choices: Vec<String>,
    file: Option<String>,
    exercise: Option<String>,
    student: Option<String>,
    handed_in: Option<String>,
    #[serde(default)]
    ignore: bool,
}

/// The answers in `path`, and the questions that have none; nothing if there is no such file.
pub(crate) fn read(path: &Path) -> Result<(Vec<Answer>, Vec<Question>)> {
    if !path.is_file() {
        return Ok((Vec::new(), Vec::new()));
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = toml::from_str(&text).map_err(|error| UsageError(format!("{}: {error}", path.display())))?;
    let (mut answers, mut questions) = (Vec::new(), Vec::new());
    for entry in file.unclear {
        let handed_in = match &entry.handed_in {
            None => None,
            Some(text) => Some(seconds(text).ok_or_else(|| {
                UsageError(format!(
                    "{}: `{text}` is not a time; write one with its zone, such as 2026-11-20T23:10:00+01:00",
                    path.display()
                ))
            })?),
        };
        let Entry { submission, why, choices, file, exercise, student, handed_in: _, ignore } = entry;
        let answer = Answer { submission, file, exercise, student, handed_in, ignore };
        if answer != (Answer { submission: answer.submission.clone(), ..Answer::default() }) {
            answers.push(answer);
        } else {
            // An answer was written back without the question.
            let why = if why.is_empty() { ANSWER_IS_GONE.to_owned() } else { why };
            questions.push(Question { submission: answer.submission, why, choices });
        }
    }
    Ok((answers, questions))
}

/// Writes the answers back, and the questions that are open. Nothing is left where there is neither.
pub(crate) fn write(path: &Path, answers: &[Answer], questions: &[Question]) -> Result<()> {
    if answers.is_empty() && questions.is_empty() {
        return match path.is_file() {
            true => fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display())),
            false => Ok(()),
        };
    }
    // JSON's texts are TOML's.
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let mut file = BEGINNING.to_owned();
    for question in questions {
        file += &format!("\n[[unclear]]\nsubmission = {}\nwhy = {}\n", text(&question.submission), text(&question.why));
        if !question.choices.is_empty() {
            let choices: Vec<String> = question.choices.iter().map(|choice| text(choice)).collect();
            file += &format!("choices = [{}]\n", choices.join(", "));
        }
    }
    for answer in answers {
        file += &format!("\n[[unclear]]\nsubmission = {}\n", text(&answer.submission));
        let time = answer.handed_in.map(crate::settings::iso);
        let fields = [
            ("file", &answer.file),
            ("exercise", &answer.exercise),
            ("student", &answer.student),
            ("handed_in", &time),
        ];
        for (name, value) in fields {
            file += &value.as_ref().map_or(String::new(), |value| format!("{name} = {}\n", text(value)));
        }
        if answer.ignore {
            file += "ignore = true\n";
        }
    }
    // What is the same keeps its time, and the database need not be made again.
    if fs::read_to_string(path).is_ok_and(|old| old == file) {
        return Ok(());
    }
    files::write_atomically(path, file.as_bytes())
}

const BEGINNING: &str = "\
# Submissions that are not clear. Add the missing lines below an entry, and run the same command again:
#   exercise = \"04_mae\"                   the exercise it is a submission to
#   file = \"04/src/lib.rs\"                the file among those listed
#   student = \"jane@example.org\"          the student, as in the roster
#   handed_in = \"2026-11-20T23:10:00Z\"    when it was handed in
#   ignore = true                         it counts as not handed in
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stay_and_questions_without_one_are_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.unclear.toml");
        assert_eq!(read(&path).unwrap(), (vec![], vec![]));
        let question = Question { choices: vec!["a \"b\".rs".into()], ..Question::new("jane.zip", "which?\u{1b}[1m") };
        write(&path, &[], std::slice::from_ref(&question)).unwrap();
        assert_eq!(read(&path).unwrap(), (vec![], vec![question.clone()]));
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + "exercise = \"4\"\nhanded_in = \"2026-11-20T23:10:00Z\"\n").unwrap();
        let (answers, questions) = read(&path).unwrap();
        assert_eq!(questions, []);
        let is = Answer {
            submission: "jane.zip".into(),
            exercise: Some("4".into()),
            handed_in: seconds("2026-11-20T23:10:00Z"),
            ..Answer::default()
        };
        assert_eq!(answers, [is]);
        write(&path, &answers, std::slice::from_ref(&question)).unwrap();
        assert_eq!(read(&path).unwrap(), (answers, vec![question]));
        write(&path, &[], &[]).unwrap();
        assert!(!path.exists());
    }
}
