//! A running judge: it is told what to do, has its questions answered, and says what it found.

use std::{
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use wire::{
    Packed, frame,
    judge::{Answer, Controls, Ended, Order, PictureSummary, Planned, REPLY, Reply, Side, Verdict},
};

use crate::{
    CalledOff, Observer,
    child::{Next, Running},
    stream::Stream,
};

/// A judge is ours, and sends the pixels of whole data sets.
const MAX_REPLY_BYTES: usize = 1 << 30;

/// No judge computes for longer without a word.
const MAX_SILENCE: Duration = Duration::from_secs(120);

/// How often a silent judge's observer is asked whether it still waits.
const GLANCE: Duration = Duration::from_millis(20);

/// How a sentence about a judge's own fault begins.
const NOT_YOURS: &str = "the exercise's judge failed, which says nothing about the code";

/// What a judge asks in the middle of its work.
pub struct Question {
    /// Whose code is asked.
    pub side: Side,
    /// What to do with it.
    pub task: Task,
}

/// What is to be done with somebody's code.
pub enum Task {
    /// Run this experiment on this case.
    Run(String, Packed),
    /// Compile this program against it.
    Compile(String),
}

/// The judge of one exercise. It ends with this value.
pub struct JudgeProcess<'a> {
    process: Running,
    stream: Stream,
    observer: &'a dyn Observer,
}

impl<'a> JudgeProcess<'a> {
    /// Starts `program`; the observer may call it off.
    ///
    /// # Errors
    ///
    /// If it cannot be run.
    pub fn start(program: &Path, observer: &'a dyn Observer) -> Result<Self> {
        let process = Running::start(Command::new(program), Stdio::piped())?;
        let judge = Self { process, stream: Stream::new(MAX_REPLY_BYTES), observer };
        // So that it makes its plan while rustc is still at work.
        judge.send(&Order::Plan)?;
        Ok(judge)
    }

    /// All checks, in order. It is asked once, before anything else.
    ///
    /// # Errors
    ///
    /// If the judge does not work, or was built for another grader.
    pub fn plan(&mut self) -> Result<Vec<Planned>> {
        match self.receive()? {
            Reply::Plan { wire, checks } if wire == wire::DIGEST => Ok(checks),
            Reply::Fault(what) => bail!("{NOT_YOURS}: {what}"),
            _ => bail!(
                "the judge and this grader use different protocols, since the grader's source has changed; \
                 `cargo run -p grader` in the course's folder runs the one that fits, and `cargo install --path grader` installs it"
            ),
        }
    }

    /// The verdict on the check with this index in the plan, with what explains a wrong result if it is to be `explained`.
    ///
    /// # Errors
    ///
    /// If the judge does not work; and whatever `answer` says.
    pub fn judge(
        &mut self,
        check: usize,
        seed: u64,
        explained: bool,
        answer: impl FnMut(Question) -> Result<Answer>,
    ) -> Result<Verdict> {
        match self.obey(&Order::Judge { check, seed, explains: explained }, answer)? {
            Reply::Verdict(verdict) => Ok(verdict),
            _ => bail!("the judge gave no verdict"),
        }
    }

    /// What is wrong with the checks, and for each check the ids of the mistakes that it knows.
    ///
    /// # Errors
    ///
    /// If the judge does not work.
    pub fn examine(&mut self, seeds: &[u64]) -> Result<(Vec<String>, Vec<Vec<String>>)> {
        match self.obey(&Order::Examine { seeds: seeds.to_vec() }, |_| bail!("an examination needs no answers"))? {
            Reply::Examined { problems, mistakes } => Ok((problems, mistakes)),
            _ => bail!("the judge did not examine its checks"),
        }
    }

    /// The pictures, encoded, and a summary of each. If it `streams`, a long training is drawn as far as it has come.
    ///
    /// # Errors
    ///
    /// If the judge does not work; and whatever `answer` says.
    pub fn draw(
        &mut self,
        controls: Controls,
        streams: bool,
        answer: impl FnMut(Question) -> Result<Answer>,
    ) -> Result<(Packed, Vec<PictureSummary>)> {
        match self.obey(&Order::Draw { controls, streams }, answer)? {
            Reply::Pictures { pictures, summaries } => Ok((pictures, summaries)),
            _ => bail!("the judge drew nothing"),
        }
    }

    fn obey(&mut self, order: &Order, mut answer: impl FnMut(Question) -> Result<Answer>) -> Result<Reply> {
        self.send(order)?;
        loop {
            let mut answers = Vec::new();
            match self.receive()? {
                Reply::Ask { side, experiment, cases } => {
                    for case in cases {
                        let answer = answer(Question { side, task: Task::Run(experiment.clone(), case) })?;
                        let is_last = !matches!(answer.ended, Ended::Observed(_));
                        answers.push(answer);
                        if is_last {
                            break;
                        }
                    }
                }
                Reply::DoesNotCompile { program } => {
                    answers.push(answer(Question { side: Side::Learner, task: Task::Compile(program) })?);
                }
                Reply::Fault(what) => bail!("{NOT_YOURS}: {what}"),
                reply => return Ok(reply),
            }
            self.send(&Order::Answers(answers))?;
        }
    }

    fn send(&self, order: &Order) -> Result<()> {
        let mut message = Vec::new();
        frame::write(&mut message, order).context("an order cannot be sent")?;
        self.process.send(message);
        Ok(())
    }

    fn receive(&mut self) -> Result<Reply> {
        let marker = frame::marker(REPLY);
        let deadline = Instant::now() + MAX_SILENCE;
        loop {
            if let Some(taken) = self.stream.take_message(&marker) {
                // Authors print to find a fault in their checks.
                for line in String::from_utf8_lossy(&taken.printed).lines() {
                    anstream::eprintln!("printed by the judge: {line}");
                }
                let reply = taken.message.as_deref().and_then(frame::decode);
                return reply.context("the judge and this grader use different protocols; build both again");
            }
            if self.observer.has_called_off() {
                bail!(CalledOff);
            }
            if Instant::now() >= deadline {
                bail!("{NOT_YOURS}: it has sent nothing for {} s; is there an endless loop?", MAX_SILENCE.as_secs());
            }
            match self.process.next(Instant::now() + GLANCE) {
                Next::Piece(piece) => self.stream.extend(&piece),
                Next::Silence => {}
                Next::Closed => {
                    let said = self.stream.take_all();
                    let end = self.process.end(&said)?.map_or("no end".to_owned(), |status| status.to_string());
                    bail!("{NOT_YOURS}: it died ({end})\n{}", String::from_utf8_lossy(&said).trim_end());
                }
            }
        }
    }
}
