//! The questions of an exercise: `quiz.toml`, which is read when somebody is asked.

use std::{collections::HashSet, fs, path::Path};

use anyhow::{Context, Result};
use serde::{Deserialize, de::DeserializeOwned};
use toml::{Spanned, Table, Value};

use crate::Problem;

/// What questions are about. A learner can ask for one of these across all exercises.
pub const TOPICS: [&str; 16] = [
    "neurons",
    "activations",
    "shapes",
    "losses",
    "gradients",
    "training",
    "optimisers",
    "initialisation",
    "data",
    "evaluation",
    "generalisation",
    "numerics",
    "architecture",
    "frameworks",
    "debugging",
    "reflection",
];

/// A question, in Markdown.
#[derive(Clone, Debug)]
pub struct Question {
    /// What answers are kept under; unique in its exercise.
    pub id: String,
    /// Some of [`TOPICS`].
    pub topics: Vec<String>,
    /// The question itself.
    pub ask: String,
    /// What an answer is, and what is said of it.
    pub kind: Kind,
}

/// The kinds of questions.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Exactly one of the options is right.
    One(Choice),
    /// Any number of the options are right, but not all.
    Several(Choice),
    /// Like [`Kind::One`]; a picture of the learner's own code is drawn beside the answer.
    Predict {
        /// What to choose from.
        choice: Choice,
        /// The id of the picture.
        picture: String,
    },
    /// A number.
    Number(Number),
    /// Steps to be put in order.
    Order(Order),
    /// A formula by its parts.
    Parts(Parts),
    /// Pictures and their causes.
    Match(Match),
    /// A question with a model answer.
    Open(Open),
}

/// What to choose from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// In the order of the file.
    #[serde(rename = "option")]
    pub options: Vec<Answer>,
}

/// An option, and what is said to those who choose it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The option itself.
    pub text: String,
    /// Whether it is right.
    #[serde(default)]
    pub right: bool,
    /// Why it is right, or why somebody may think so and what is wrong with it.
    pub because: String,
}

/// A question for a number.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Number {
    /// The right number.
    pub answer: f64,
    /// How far from it a right answer may be.
    pub tolerance: f64,
    /// What stands behind the number; empty for a plain one.
    pub unit: String,
    /// Why it is right.
    pub because: String,
    /// What is said of a number that is neither right nor one of `near`.
    pub otherwise: String,
    /// The numbers that misunderstandings lead to.
    pub near: Vec<Near>,
}

/// A number that a misunderstanding leads to.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Near {
    /// The number.
    pub value: f64,
    /// The id that the checks of the exercise have for the same misunderstanding.
    pub mistake: Option<String>,
    /// What was misunderstood.
    pub because: String,
}

/// Steps in their right order.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// In the right order.
    #[serde(rename = "step")]
    pub steps: Vec<Step>,
}

/// A step.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is done.
    pub text: String,
    /// Why it stands where it stands.
    pub because: String,
}

/// A formula with gaps.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts {
    /// With a `{}` for each gap.
    pub formula: String,
    /// What each gap may be filled with; exactly one option of each is right.
    #[serde(rename = "part")]
    pub parts: Vec<Choice>,
}

/// Pictures and their causes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// What belongs together.
    #[serde(rename = "pair")]
    pub pairs: Vec<Pair>,
}

/// A picture and its cause.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The values of a curve; the picture is drawn from them.
    #[serde(default)]
    pub curve: Vec<f64>,
    /// A picture in words or code, in place of a curve.
    #[serde(default)]
    pub picture: String,
    /// What belongs to the picture.
    pub cause: String,
    /// What in the picture shows it.
    pub because: String,
}

/// A question that learners judge for themselves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Open {
    /// A model answer.
    pub model: String,
    /// What a good answer contains.
    pub contains: Vec<String>,
}

/// The questions in the file at `path`; none if there is no such file.
pub(crate) fn read(path: &Path) -> Result<Vec<Question>> {
    if !path.exists() {
        return Ok(Vec::new());
    }
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(parse(&text).map_err(|problem| problem.locate(&path.display().to_string(), &text))?)
}

fn parse(text: &str) -> Result<Vec<Question>, Problem> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        #[serde(rename = "question")]
        questions: Vec<Spanned<Table>>,
    }
    let file: File = toml::from_str(text)?;
    let mut ids = HashSet::new();
    let mut questions = Vec::new();
    for table in file.questions {
        let at = table.span();
        let question = question(table.into_inner()).map_err(|what| Problem::at(at.clone(), what))?;
        if !ids.insert(question.id.clone()) {
            return Err(Problem::at(at, format!("there are two questions with the id `{}`", question.id)));
        }
        if let Some(twin) = questions.iter().find(|other: &&Question| other.ask == question.ask) {
            return Err(Problem::at(at, format!("`{}` and `{}` ask the same", twin.id, question.id)));
        }
        questions.push(question);
    }
    Ok(questions)
}

fn question(mut table: Table) -> Result<Question, String> {
    let mut text = |key: &str| match table.remove(key) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Some(_) => Err(format!("`{key}` is a text")),
        None => Err(format!("a question has `{key} = \"…\"`")),
    };
    let (id, kind, ask) = (text("id")?, text("kind")?, text("ask")?);
    let topics: Vec<String> = match table.remove("topics") {
        Some(topics) => topics.try_into().map_err(|error: toml::de::Error| error.message().to_owned())?,
        None => Vec::new(),
    };
    let in_question = |what: String| format!("question `{id}`: {what}");
    if !id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-') {
        return Err(in_question("an id is made of small letters, digits and hyphens".to_owned()));
    }
    if let Some(unknown) = topics.iter().find(|topic| !TOPICS.contains(&topic.as_str())) {
        return Err(in_question(format!("there is no topic `{unknown}`; the topics are {}", TOPICS.join(", "))));
    }
    if topics.is_empty() {
        return Err(in_question(format!("`topics = [\"…\"]` says what it is about: {}", TOPICS.join(", "))));
    }
    let kind = kind_of(&kind, table).map_err(in_question)?;
    check(&kind).map_err(in_question)?;
    Ok(Question { id, topics, ask, kind })
}

fn kind_of(kind: &str, mut table: Table) -> Result<Kind, String> {
    fn rest<T: DeserializeOwned>(table: Table) -> Result<T, String> {
        Value::Table(table).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    }
    Ok(match kind {
        "one" => Kind::One(rest(table)?),
        "several" => Kind::Several(rest(table)?),
        "predict" => match table.remove("picture") {
            Some(Value::String(picture)) => Kind::Predict { choice: rest(table)?, picture },
            _ => return Err("`picture` is the id of a picture that `plot` draws".to_owned()),
        },
        "number" => Kind::Number(rest(table)?),
        "order" => Kind::Order(rest(table)?),
        "parts" => Kind::Parts(rest(table)?),
        "match" => Kind::Match(rest(table)?),
        "open" => Kind::Open(rest(table)?),
        _ => {
            return Err(format!(
                "there is no kind `{kind}`; the kinds are one, several, predict, number, order, parts, match, open"
            ));
        }
    })
}

/// Whether it can be asked and answered.
fn check(kind: &Kind) -> Result<(), String> {
    match kind {
        Kind::One(choice) | Kind::Predict { choice, .. } => choice.check(true),
        Kind::Several(choice) => choice.check(false),
        Kind::Parts(Parts { formula, parts }) => {
            if formula.matches("{}").count() != parts.len() {
                return Err(format!("`formula` has a {{}} for each of the {} parts", parts.len()));
            }
            parts.iter().try_for_each(|part| part.check(true))
        }
        Kind::Number(number) => number.check(),
        Kind::Order(Order { steps }) => {
            texts(steps.iter().map(|step| (&step.text, &step.because)))?;
            at_least("steps", steps.len(), 3)
        }
        Kind::Match(Match { pairs }) => {
            texts(pairs.iter().map(|pair| (&pair.cause, &pair.because)))?;
            if pairs.iter().any(|pair| pair.curve.is_empty() == pair.picture.is_empty()) {
                return Err("each pair has a `curve` or a `picture`, one of them".to_owned());
            }
            if pairs.iter().any(|pair| pair.curve.iter().any(|value| !value.is_finite())) {
                return Err("the values of a curve are finite".to_owned());
            }
            at_least("pairs", pairs.len(), 3)
        }
        Kind::Open(Open { contains, .. }) => at_least("points that a good answer contains", contains.len(), 1),
    }
}

impl Choice {
    fn check(&self, is_one_right: bool) -> Result<(), String> {
        texts(self.options.iter().map(|option| (&option.text, &option.because)))?;
        let right = self.options.iter().filter(|option| option.right).count();
        at_least("options", self.options.len(), 2)?;
        // There is a letter for each.
        if self.options.len() > 9 {
            return Err("there are at most 9 options".to_owned());
        }
        match right {
            0 => Err("no option is right; mark one with `right = true`".to_owned()),
            _ if right == self.options.len() => Err("all options are right, so there is nothing to choose".to_owned()),
            2.. if is_one_right => Err(format!("exactly one option is right, and {right} are marked so")),
            _ => Ok(()),
        }
    }
}

impl Number {
    fn check(&self) -> Result<(), String> {
        if !(self.tolerance >= 0.0 && self.answer.is_finite() && self.near.iter().all(|near| near.value.is_finite())) {
            return Err("numbers are finite, and `tolerance` is not below 0".to_owned());
        }
        let mut values: Vec<f64> = self.near.iter().map(|near| near.value).chain([self.answer]).collect();
        values.sort_by(f64::total_cmp);
        match values.windows(2).find(|pair| pair[1] - pair[0] <= 2.0 * self.tolerance) {
            Some(pair) => Err(format!("{} and {} are too near to be told apart", pair[0], pair[1])),
            None => Ok(()),
        }
    }

    /// Whether `given` counts as the number `wanted`, which is `answer` or one of `near`.
    pub fn is(&self, given: f64, wanted: f64) -> bool {
        (given - wanted).abs() <= self.tolerance.max(1e-12 * wanted.abs())
    }
}

/// No text is empty, and no two of the first ones are the same.
fn texts<'a>(pairs: impl Iterator<Item = (&'a String, &'a String)>) -> Result<(), String> {
    let mut seen = HashSet::new();
    for (text, because) in pairs {
        if text.trim().is_empty() || because.trim().is_empty() {
            return Err("each option has a text and a sentence, `because`".to_owned());
        }
        if !seen.insert(text.trim()) {
            return Err(format!("`{text}` stands there twice"));
        }
    }
    Ok(())
}

fn at_least(what: &str, there_are: usize, needed: usize) -> Result<(), String> {
    if there_are < needed {
        return Err(format!("there are at least {needed} {what}; here are {there_are}"));
    }
    Ok(())
}

/// What makes these questions weaker than they could be, for the author.
pub fn weaknesses(questions: &[Question]) -> Vec<String> {
    let mut found = Vec::new();
    if questions.len() < 7 {
        found.push(format!("an exercise has at least 7 questions; here are {}", questions.len()));
    }
    let kinds: HashSet<_> = questions.iter().map(|question| std::mem::discriminant(&question.kind)).collect();
    if kinds.len() < 4 {
        found.push("the questions are of at least 4 kinds".to_owned());
    }
    let (mut choices, mut right_is_longest) = (0, 0);
    for question in questions {
        if question.topics.len() > 3 {
            found.push(format!("question `{}` has more than 3 topics", question.id));
        }
        let (Kind::One(choice) | Kind::Predict { choice, .. }) = &question.kind else { continue };
        let longest = |right| {
            let of_that_kind = choice.options.iter().filter(|option| option.right == right);
            of_that_kind.map(|option| option.text.chars().count()).max().unwrap_or(0)
        };
        let (right, wrong) = (longest(true), longest(false));
        choices += 1;
        right_is_longest += usize::from(right > wrong);
        // Short options, such as numbers, differ by chance.
        if 4 * right > 5 * wrong && right > 12 {
            found.push(format!("question `{}`: the right option gives itself away by its length", question.id));
        }
    }
    if 2 * right_is_longest > choices {
        found.push(format!("the right option is the longest in {right_is_longest} of {choices} questions"));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"
[[question]]
id = "sign"
kind = "one"
topics = ["gradients"]
ask = "Which way?"
[[question.option]]
text = "Up"
right = true
because = "Against the slope."
[[question.option]]
text = "Down"
because = "That is along the slope."
"#;

    fn complaint(text: &str) -> String {
        parse(text).err().unwrap().locate("quiz.toml", text).to_string()
    }

    #[test]
    fn every_kind_is_read() {
        let head = |kind: &str| {
            format!("[[question]]\nid = \"{kind}\"\nkind = \"{kind}\"\ntopics = [\"data\"]\nask = \"{kind}?\"\n")
        };
        let options = ONE.split_once("[[question.option]]").unwrap().1;
        let steps = |what: &str, key: &str| {
            (0..3).map(|i| format!("[[question.{what}]]\n{key} = \"{i}\"\nbecause = \"b\"\n")).collect::<String>()
        };
        let rest = [
            ("one", format!("[[question.option]]{options}")),
            ("several", format!("[[question.option]]{options}")),
            ("predict", format!("picture = \"slope\"\n[[question.option]]{options}")),
            (
                "number",
                "answer = 2\ntolerance = 0.1\nunit = \"\"\nbecause = \"b\"\notherwise = \"o\"\nnear = []\n".to_owned(),
            ),
            ("order", steps("step", "text")),
            (
                "parts",
                format!(
                    "formula = \"{{}}\"\n[[question.part]]\n[[question.part.option]]{}",
                    options.replace("question.option", "question.part.option")
                ),
            ),
            ("match", steps("pair", "picture = \"p\"\ncause")),
            ("open", "model = \"m\"\ncontains = [\"c\"]\n".to_owned()),
        ];
        let text: String = rest.iter().map(|(kind, rest)| head(kind) + rest).collect();
        let questions = parse(&text).unwrap_or_else(|problem| panic!("{}", problem.locate("quiz.toml", &text)));
        assert_eq!(questions.len(), 8);
        assert_eq!(questions[7].id, "open");
    }

    #[test]
    fn what_cannot_be_asked_is_refused_with_its_line_and_a_remedy() {
        let cases = [
            ("right = true\n", "", "quiz.toml:2: question `sign`: no option is right; mark one with `right = true`"),
            (
                "text = \"Down\"\n",
                "text = \"Down\"\nright = true\n",
                "quiz.toml:2: question `sign`: all options are right",
            ),
            ("\"Down\"", "\"Up\"", "quiz.toml:2: question `sign`: `Up` stands there twice"),
            ("because = \"Against the slope.\"", "", "quiz.toml:2: question `sign`: missing field `because`"),
            (
                "\"gradients\"",
                "\"gradient\"",
                "quiz.toml:2: question `sign`: there is no topic `gradient`; the topics are",
            ),
            ("\"one\"", "\"guess\"", "quiz.toml:2: question `sign`: there is no kind `guess`; the kinds are"),
            ("ask = ", "asks = ", "quiz.toml:2: a question has `ask = \"…\"`"),
            ("id = \"sign\"", "id = \"The Sign\"", "quiz.toml:2: question `The Sign`: an id is made of small letters"),
            ("kind = \"one\"", "kind = \"one\"\nhint = \"h\"", "quiz.toml:2: question `sign`: unknown field `hint`"),
        ];
        for (find, with, expected) in cases {
            assert!(ONE.contains(find));
            let complaint = complaint(&ONE.replacen(find, with, 1));
            assert!(complaint.starts_with(expected), "{with}: {complaint}");
        }
        assert!(complaint(&ONE.repeat(2)).contains("two questions with the id `sign`"));
        assert!(
            complaint(&(ONE.to_owned() + &ONE.replace("\"sign\"", "\"twin\"")))
                .contains("`sign` and `twin` ask the same")
        );
    }

    #[test]
    fn a_right_option_does_not_give_itself_away() {
        let long = ONE.replace("\"Up\"", "\"Up, which is against the slope, as a step always is\"");
        let found = weaknesses(&parse(&long).unwrap_or_else(|problem| panic!("{}", problem.what)));
        assert!(found.iter().any(|weakness| weakness.contains("gives itself away")), "{found:?}");
        assert!(found.iter().any(|weakness| weakness.contains("at least 7 questions; here are 1")), "{found:?}");
    }
}
