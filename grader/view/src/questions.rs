//! Questions as a page shows them, beside the editor and in the book. `questions.js` makes the controls; what is said to an
//! answer comes from [`learner::quiz`], as in the terminal.

use std::collections::{BTreeMap, HashMap};

use course::quiz::{Kind, Number, Question};
use learner::quiz::{Asked, Form, Reply, picture};
use pulldown_cmark::{Event, Options, Parser, html::push_html};
use serde::Serialize;

/// The script that asks.
pub const SCRIPT: &str = include_str!("questions.js");

/// Its style. The page defines the colours `--right`, `--wrong`, `--soft` and `--line`.
pub const STYLE: &str = include_str!("questions.css");

/// What is typed to see the solution, as in the terminal.
const SOLUTION: &str = "?";

/// A question for a page: its texts are HTML.
#[derive(Serialize)]
pub struct Asking {
    id: String,
    kind: &'static str,
    /// With the same seed the options have the same order.
    seed: u64,
    ask: String,
    options: Vec<Vec<String>>,
    pieces: Vec<String>,
    pictures: Vec<String>,
    unit: String,
    /// The picture of the learner's own code that belongs to the answer.
    picture: Option<String>,
}

impl Asking {
    /// `question`, with its options in the order that belongs to `seed`.
    pub fn new(question: Question, seed: u64) -> Self {
        let asked = asked(question, seed);
        let form = asked.form();
        let options = form.options.iter().map(|texts| texts.iter().map(|text| inline(text)).collect()).collect();
        Self {
            id: asked.question.id.clone(),
            kind: form.kind,
            seed,
            ask: html(&asked.question.ask),
            options,
            pieces: form.pieces.iter().map(|piece| (*piece).to_owned()).collect(),
            pictures: form.pictures.iter().map(|picture| html(picture)).collect(),
            unit: form.unit.to_owned(),
            picture: picture(&asked.question).map(str::to_owned),
        }
    }
}

/// What a page is told of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Said {
    /// That of [`Reply::verdict`], or `solution`.
    pub verdict: &'static str,
    /// In HTML.
    pub says: String,
}

impl Said {
    fn new(reply: &Reply) -> Self {
        let (Reply::Unclear(says) | Reply::More(says) | Reply::Judged { says, .. }) = reply;
        Self { verdict: reply.verdict(), says: html(says) }
    }
}

/// An answer that counts: the first one that is judged.
pub struct First {
    /// Whether it is right.
    pub right: bool,
    /// What was answered, in the words of the question.
    pub given: String,
}

/// What is said to the last of all `answers` that a page has given to `question` so far, and that answer if it counts.
pub fn reply(question: Question, seed: u64, answers: &[String]) -> Option<(Said, Option<First>)> {
    let mut asked = asked(question, seed);
    let (last, earlier) = answers.split_last()?;
    let is_judged = |reply: Reply| matches!(reply, Reply::Judged { .. });
    let was_judged = earlier.iter().filter(|answer| *answer != SOLUTION).any(|answer| is_judged(asked.answer(answer)));
    if last == SOLUTION {
        let said = Said { verdict: "solution", says: html(&asked.solution()) };
        return was_judged.then_some((said, None));
    }
    let reply = asked.answer(last);
    let said = Said::new(&reply);
    let first = match reply {
        Reply::Judged { right, given, .. } if !was_judged => Some(First { right, given }),
        _ => None,
    };
    Some((said, first))
}

fn asked(question: Question, seed: u64) -> Asked {
    Asked::new(question, &mut fastrand::Rng::with_seed(seed))
}

/// A question with all that is said to its answers, for a page without a server.
#[derive(Serialize)]
pub struct Answered {
    #[serde(flatten)]
    asking: Asking,
    /// Each reply once.
    said: Vec<Said>,
    /// What is said to an answer, by its place in `said`. What has no place is said of any other answer.
    replies: BTreeMap<String, usize>,
    /// A number cannot be listed.
    number: Option<Numbers>,
}

/// The numbers that something is said to, by its place in `said`.
#[derive(Serialize)]
struct Numbers {
    tolerance: f64,
    /// The right one first.
    known: Vec<(f64, usize)>,
    otherwise: usize,
    unclear: usize,
}

impl Answered {
    /// `question`, with its options in the order that belongs to `seed`.
    pub fn new(question: Question, seed: u64) -> Self {
        let mut said = Vec::new();
        let mut places = HashMap::new();
        let mut place = |new: Said| {
            *places.entry(new.clone()).or_insert_with(|| {
                said.push(new);
                said.len() - 1
            })
        };
        let mut replies = BTreeMap::new();
        let mut asked = asked(question.clone(), seed);
        replies.insert(SOLUTION.to_owned(), place(Said { verdict: "solution", says: html(&asked.solution()) }));
        if asked.is_open() {
            // Any text is answered with the model, and then its points are ticked.
            replies.insert(String::new(), place(Said::new(&asked.answer(""))));
        }
        let answers = every_answer(&asked.form());
        for answer in answers {
            let reply = Said::new(&asked.answer(&answer));
            replies.insert(answer, place(reply));
        }
        let mut say = |typed: &str| place(Said::new(&asked.answer(typed)));
        let number = match &question.kind {
            Kind::Number(number) => {
                let wanted = [number.answer].into_iter().chain(number.near.iter().map(|near| near.value));
                let known = wanted.map(|value| (value, say(&value.to_string()))).collect();
                let otherwise = say(&far_from(number).to_string());
                Some(Numbers { tolerance: number.tolerance, known, otherwise, unclear: say("unclear") })
            }
            _ => None,
        };
        Self { asking: Asking::new(question, seed), said, replies, number }
    }
}

/// A number about which nothing particular is said.
fn far_from(number: &Number) -> f64 {
    let known = number.near.iter().map(|near| near.value.abs()).fold(number.answer.abs(), f64::max);
    2.0 * (known + number.tolerance) + 1.0
}

/// All that can be answered with the controls of a form, as it is typed. A number cannot be listed.
fn every_answer(form: &Form<'_>) -> Vec<String> {
    let letters = |count: usize| -> Vec<char> { ('a'..='z').take(count).collect() };
    let count = form.options.first().map_or(0, Vec::len);
    let subsets = |count: usize| {
        (0..1_usize << count).map(move |bits| (0..count).filter(move |at| bits >> at & 1 == 1).collect::<Vec<_>>())
    };
    match form.kind {
        "several" => {
            let letters = letters(count);
            subsets(count).skip(1).map(|chosen| chosen.iter().map(|at| letters[*at]).collect()).collect()
        }
        "order" | "match" => orders(&letters(count)),
        "one" | "parts" => form.options.iter().fold(vec![String::new()], |begun, options| {
            let with = |begun: String| letters(options.len()).into_iter().map(move |letter| format!("{begun}{letter}"));
            begun.into_iter().flat_map(with).collect()
        }),
        "open" => {
            let ticks = |chosen: Vec<usize>| chosen.iter().map(|at| (at + 1).to_string()).collect::<Vec<_>>().join(" ");
            subsets(form.points).map(ticks).map(|ticks| if ticks.is_empty() { "0".to_owned() } else { ticks }).collect()
        }
        _ => Vec::new(),
    }
}

/// All orders of some letters.
fn orders(letters: &[char]) -> Vec<String> {
    if letters.is_empty() {
        return vec![String::new()];
    }
    let beginning_with = |at: usize| {
        let others: Vec<char> = letters.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, other)| *other).collect();
        orders(&others).into_iter().map(move |rest| format!("{}{rest}", letters[at]))
    };
    (0..letters.len()).flat_map(beginning_with).collect()
}

/// Markdown as HTML; tags in it are text.
fn html(text: &str) -> String {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| match event {
        Event::Html(html) | Event::InlineHtml(html) => Event::Text(html),
        event => event,
    });
    let mut out = String::new();
    push_html(&mut out, events);
    // Wide code is scrolled by itself, with the keyboard as well.
    out.replace("<pre>", "<pre tabindex=\"0\">")
}

/// One paragraph, without its tags.
fn inline(text: &str) -> String {
    let html = html(text);
    let paragraph = html.trim().strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>"));
    paragraph.filter(|text| !text.contains("<p>")).map_or_else(|| html.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use course::Course;

    use super::*;

    fn course() -> Course {
        Course::find(Some(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))).unwrap()
    }

    #[test]
    fn whatever_the_controls_of_a_question_give_is_an_answer() {
        let course = course();
        let mut kinds = Vec::new();
        for exercise in &course.exercises {
            for question in course.quiz(exercise).unwrap() {
                let answered = Answered::new(question, 1);
                let name = format!("{}, {}", exercise.name, answered.asking.id);
                kinds.push(answered.asking.kind);
                for (answer, place) in &answered.replies {
                    assert_ne!(answered.said[*place].verdict, "unclear", "{name}: {answer}");
                }
                let rights = answered.said.iter().filter(|said| said.verdict == "right").count();
                assert!(rights > 0, "{name} can be answered");
                if let Some(number) = &answered.number {
                    assert_eq!(answered.said[number.known[0].1].verdict, "right", "{name}");
                    assert_eq!(answered.said[number.otherwise].verdict, "wrong", "{name}");
                    assert_eq!(answered.said[number.unclear].verdict, "unclear", "{name}");
                }
            }
        }
        kinds.sort_unstable();
        kinds.dedup();
        assert_eq!(kinds, ["match", "number", "one", "open", "order", "parts", "several"]);
    }

    #[test]
    fn the_first_answer_counts_and_the_solution_comes_after_it() {
        let course = course();
        let question = course.quiz(&course.exercises[4]).unwrap().remove(0);
        let heard = |answers: &[&str]| {
            let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
            let (said, first) = reply(question.clone(), 7, &answers)?;
            Some((said.verdict, first.is_some()))
        };
        assert_eq!(heard(&[]), None);
        assert_eq!(heard(&["?"]), None, "a guess comes first");
        assert_eq!(heard(&["none of these"]), Some(("unclear", false)));
        let (wrong, right): (Vec<_>, Vec<_>) =
            ["a", "b", "c", "d"].into_iter().partition(|letter| heard(&[letter]).unwrap().0 == "wrong");
        assert_eq!((wrong.len(), right.len()), (3, 1));
        assert_eq!(heard(&["none of these", wrong[0]]), Some(("wrong", true)));
        assert_eq!(heard(&[wrong[0], right[0]]), Some(("right", false)));
        assert_eq!(heard(&[wrong[0], "?"]), Some(("solution", false)));
    }

    #[test]
    fn an_open_question_counts_when_its_points_are_ticked() {
        let course = course();
        let all = course.exercises.iter().flat_map(|exercise| course.quiz(exercise).unwrap());
        let question = all.into_iter().find(|question| matches!(question.kind, Kind::Open(_))).unwrap();
        let said = |answers: &[&str]| {
            let answers: Vec<String> = answers.iter().map(|answer| (*answer).to_owned()).collect();
            let (said, first) = reply(question.clone(), 7, &answers).unwrap();
            (said.verdict, first.map(|first| first.right))
        };
        assert_eq!(said(&["because"]), ("more", None));
        assert_eq!(said(&["because", "0"]), ("wrong", Some(false)));
    }

    #[test]
    fn tags_are_text() {
        assert_eq!(inline("a <b>c</b> `<d>`"), "a &lt;b&gt;c&lt;/b&gt; <code>&lt;d&gt;</code>");
    }
}
