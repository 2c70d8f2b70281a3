//! `grader quiz`: asks questions, one line at a time, in a terminal or a pipe.

use std::{
    ffi::OsString,
    io::{self, BufRead, IsTerminal, Lines, StdinLock, Write},
    ops::ControlFlow,
    process::ExitCode,
    time::SystemTime,
};

use anyhow::{Context, Result};
use course::{Course, Exercise};
use learner::quiz::{Answers, Asked, Item, Reply, Wanted, items, note, picture};
use report::{
    screen::Screen,
    style::{BAD, BOLD, DIM, GOOD, paint},
};
use runner::{Kit, StatusLine, Submission};
use serde_json::json;

use crate::{
    markdown,
    picture::terminal,
    plot::{Plotted, plot},
    print,
};

/// What the terminal hands over for the key that leaves every page of the watch view.
const ESCAPE: &str = "\u{1b}";

/// Asks what `arguments` say: `terminal` or `json`, `all` or `open`, a topic or nothing, the names of exercises,
/// and after `--` the names of those that may have something that comes again.
pub(crate) fn run(course: &Course, mut arguments: impl Iterator<Item = OsString>) -> Result<ExitCode> {
    let mut next = || arguments.next().map(|argument| argument.to_string_lossy().into_owned());
    let started = "this program is started by `grader quiz`";
    let as_json = next().context(started)? == "json";
    let all = next().context(started)? == "all";
    let topic = next().context(started)?;
    let (mut exercises, mut due_of) = (Vec::new(), Vec::new());
    let mut only_due = false;
    while let Some(name) = next() {
        match &*name {
            "--" => only_due = true,
            name if only_due => due_of.push(course.exercise(name)?),
            name => exercises.push(course.exercise(name)?),
        }
    }
    let wanted = Wanted { exercises, due_of, topic: Some(topic.as_str()).filter(|topic| !topic.is_empty()), all };
    let (items, total) = items(course, &wanted, SystemTime::now())?;
    let _ = Dialogue::new(course, as_json).ask(items, total, &wanted)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks about `exercise` in the middle of the watch view, which has left the terminal to this for as long.
pub(crate) fn ask_about(course: &Course, exercise: &Exercise) -> Result<()> {
    let wanted = Wanted { exercises: vec![exercise], due_of: Vec::new(), topic: None, all: false };
    let (items, total) = items(course, &wanted, SystemTime::now())?;
    let mut dialogue = Dialogue::new(course, false);
    if dialogue.ask(items, total, &wanted)?.is_continue() {
        dialogue.ask_for("Enter: back to the view");
        dialogue.line()?;
    }
    Ok(())
}

struct Dialogue<'a> {
    course: &'a Course,
    as_json: bool,
    screen: Screen,
    lines: Lines<StdinLock<'static>>,
    /// Something was said that the next question would push off a small screen.
    unread: bool,
}

impl<'a> Dialogue<'a> {
    fn new(course: &'a Course, as_json: bool) -> Self {
        Self { course, as_json, screen: Screen::of_stdout(), lines: io::stdin().lock().lines(), unread: false }
    }

    /// Asks one question after the other, and says how the exercises stand; breaks if the learner leaves before that.
    fn ask(&mut self, items: Vec<Item<'_>>, total: usize, wanted: &Wanted<'_>) -> Result<ControlFlow<()>> {
        let count = items.len();
        let mut random = fastrand::Rng::new();
        let mut left = ControlFlow::Continue(());
        if count == 0 {
            self.say(&match total {
                0 => "There are no questions on that.".to_owned(),
                _ => {
                    let which = match (wanted.topic, wanted.exercises.as_slice()) {
                        (Some(topic), _) => format!("--topic {topic}"),
                        (None, [exercise, ..]) => exercise.number.to_string(),
                        (None, []) => String::new(),
                    };
                    let grader = self.course.grader();
                    format!(
                        "All {total} questions are answered, and none comes again yet. `{grader} quiz {which} --again` asks \
                         them all."
                    )
                }
            });
        }
        for (number, item) in (1..).zip(items) {
            if self.unread && !self.as_json && io::stdin().is_terminal() {
                self.ask_for("Enter: next question, q: quit");
                left = self.line()?.map_or(ControlFlow::Break(()), |line| match line.trim() {
                    "q" | "quit" | ESCAPE => ControlFlow::Break(()),
                    _ => ControlFlow::Continue(()),
                });
                if left.is_break() {
                    break;
                }
            }
            let heading = format!("{} · question {number} of {count}", item.exercise.title);
            let asked = Asked::new(item.question, &mut random);
            let again = if item.comes_again { " · comes again" } else { "" };
            if self.as_json {
                let (question, ask, how) = (&asked.question, asked.prompt(), asked.how());
                print(
                    &json!({
                        "exercise": item.exercise.name, "question": question.id, "topics": question.topics,
                        "number": number, "of": count, "ask": ask, "answer_with": how, "comes_again": item.comes_again,
                    })
                    .to_string(),
                );
            } else {
                print(&format!("\n{}{}\n", paint(BOLD, heading), paint(DIM, again)));
                self.show(item.exercise, &asked.prompt());
            }
            left = self.one(item.exercise, asked)?;
            if left.is_break() {
                break;
            }
        }
        if left.is_break() {
            self.say("The same command continues with the questions that are not answered yet.");
        }
        for exercise in &wanted.exercises {
            let questions = self.course.quiz(exercise)?;
            let understood =
                Answers::read(&Submission::of_learner(self.course, exercise).folder)?.understood(&questions);
            if self.as_json {
                let sum = json!({ "exercise": exercise.name, "understood": understood, "questions": questions.len() });
                print(&sum.to_string());
            } else if wanted.topic.is_none() && !questions.is_empty() {
                self.say(&format!("{}: understood {understood} of {}.", exercise.title, questions.len()));
            }
        }
        Ok(left)
    }

    /// Asks until the answer is right, is shown or is put off; breaks if the learner leaves. The first answer is noted.
    fn one(&mut self, exercise: &Exercise, mut asked: Asked) -> Result<ControlFlow<()>> {
        let mut is_first = true;
        loop {
            self.prompt(&asked.how(), is_first);
            let Some(line) = self.line()? else {
                return Ok(ControlFlow::Break(()));
            };
            match line.trim() {
                "q" | "quit" | ESCAPE => return Ok(ControlFlow::Break(())),
                "" | "n" | "next" => return Ok(ControlFlow::Continue(())),
                "?" if is_first => self.say("Answer first: a guess tells you more than the solution does."),
                "?" => {
                    self.tell("solution", &asked.solution(), exercise);
                    return Ok(ControlFlow::Continue(()));
                }
                typed => {
                    let reply = asked.answer(typed);
                    let verdict = reply.verdict();
                    match reply {
                        Reply::Unclear(says) | Reply::More(says) => self.tell(verdict, &says, exercise),
                        Reply::Judged { right, given, says, .. } => {
                            if is_first
                                && let Err(error) = note(self.course, exercise, &asked.question.id, right, &given)
                            {
                                self.say(&format!("This answer is not saved: {error:#}"));
                            }
                            self.tell(verdict, &says, exercise);
                            if is_first && let Some(id) = picture(&asked.question) {
                                self.draw(exercise, id);
                            }
                            is_first = false;
                            // The points are ticked beside the model answer, so there is nothing to try again.
                            if right || asked.is_open() {
                                return Ok(ControlFlow::Continue(()));
                            }
                        }
                    }
                }
            }
        }
    }

    /// What is typed next; `None` where that ends.
    fn line(&mut self) -> Result<Option<String>> {
        self.unread = false;
        self.lines.next().transpose().context("cannot read the answer")
    }

    fn prompt(&self, how: &str, is_first: bool) {
        if self.as_json {
            return;
        }
        let keys = if is_first { "Enter: later, q: quit" } else { "try again; ?: the solution, Enter: next, q: quit" };
        self.ask_for(&format!("{how} · {keys}"));
    }

    fn ask_for(&self, what: &str) {
        let _ = write!(anstream::stdout(), "\n{}\n> ", paint(DIM, textwrap::fill(what, self.screen.width)));
        let _ = io::stdout().flush();
    }

    fn tell(&mut self, verdict: &str, says: &str, exercise: &Exercise) {
        if self.as_json {
            print(&json!({ "verdict": verdict, "says": says }).to_string());
            return;
        }
        self.unread = true;
        match verdict {
            "right" => print(&paint(GOOD, "\n✓ Right.")),
            "partly" => print(&paint(BOLD, "\n◐ Partly right.")),
            "wrong" => print(&paint(BAD, "\n✗ Not right.")),
            _ => print(""),
        }
        self.show(exercise, says);
    }

    /// Draws a picture of the learner's own code. One that cannot be drawn is no reason to stop.
    fn draw(&self, exercise: &Exercise, id: &str) {
        if self.as_json {
            print(&json!({ "picture": id }).to_string());
            return;
        }
        let draw = || -> Result<Option<String>> {
            let kit = Kit::open(self.course, exercise)?;
            let line = StatusLine::new();
            let plotted = plot(self.course, exercise, &Submission::of_learner(self.course, exercise), &kit, &line);
            drop(line);
            Ok(match plotted? {
                Plotted::Pictures(pictures, _) => pictures
                    .iter()
                    .find(|picture| picture.id == id)
                    .map(|picture| terminal::render(picture, self.screen.width)),
                Plotted::Broken(_) => None,
            })
        };
        match draw() {
            Ok(Some(picture)) => print(&format!("\nThis is what your own code computes:\n\n{picture}")),
            Ok(None) => self.say("Your code does not compile yet; when it does, `plot` shows what it computes here."),
            Err(error) => self.say(&format!("There is no picture: {error:#}")),
        }
    }

    /// A sentence of the grader's own.
    fn say(&self, text: &str) {
        if self.as_json {
            print(&json!({ "note": text }).to_string());
        } else {
            print(&format!("\n{}", textwrap::fill(text, self.screen.width)));
        }
    }

    fn show(&self, exercise: &Exercise, text: &str) {
        print(markdown::render(text, &Submission::of_learner(self.course, exercise).folder, self.screen).trim_end());
    }
}
