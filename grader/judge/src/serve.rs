//! The judge's side of the wire: orders come in, questions and replies go out.

use std::{
    io,
    panic::{self, AssertUnwindSafe},
    process,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, Receiver},
    },
    thread,
};

use anyhow::{Result, bail, ensure};
use probe::Record;
use wire::{
    Packed, frame,
    judge::{Answer, Order, PictureSummary, Planned, REPLY, Reply, Side},
};

use crate::{
    Check,
    ask::{Ask, Memory},
    examine::examine,
    picture::Picture,
    verdict,
};

/// Does what the grader orders, with these checks: the whole of an exercise's `checks.rs`.
pub fn judge(checks: Vec<Check>) {
    serve(|order, grader| {
        Ok(match order {
            Order::Plan => Reply::Plan { wire: wire::DIGEST, checks: checks.iter().map(planned).collect() },
            Order::Judge { check, seed, explains } => {
                ensure!(check < checks.len(), "there is no check {check}");
                Reply::Verdict(verdict::judge(&checks[check], seed, explains, grader)?)
            }
            Order::Examine { seeds } => {
                let ids = |check: &Check| check.mistakes.iter().map(|mistake| mistake.id.to_owned()).collect();
                Reply::Examined { problems: examine(&checks, &seeds), mistakes: checks.iter().map(ids).collect() }
            }
            Order::Answers(_) | Order::Draw { .. } => bail!("that is no order for checks"),
        })
    });
}

/// Draws what the grader orders: the whole of an exercise's `pictures.rs`.
pub fn draw_pictures(pictures: fn(&mut Ask<'_>) -> Result<Vec<Picture>>) {
    let memory = Memory::default();
    serve(|order, grader| match order {
        Order::Draw { controls, streams } => {
            let pictures = pictures(&mut Ask::new(grader, controls, streams, &memory))?;
            let summary = |picture: &Picture| PictureSummary { id: picture.id.clone(), remarks: picture.remarks() };
            let summaries = pictures.iter().map(summary).collect();
            Ok(Reply::Pictures { pictures: Packed(frame::encode(&pictures)?), summaries })
        }
        Order::Plan => Ok(Reply::Plan { wire: wire::DIGEST, checks: Vec::new() }),
        _ => bail!("that is no order for pictures"),
    });
}

/// Obeys until there are no more orders. A panic in a check is a fault of its author's and costs no points.
fn serve(mut obey: impl FnMut(Order, &Grader) -> Result<Reply>) {
    // What went wrong is told in the reply; on standard error it would only disturb.
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or(String::new(), |at| format!(" in {}:{}", at.file(), at.line()));
        let words = info.payload_as_str().unwrap_or("without a message");
        *LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner) = format!("it panicked{place}: {words}");
    }));
    let grader = Grader { orders: orders() };
    while let Ok(order) = grader.orders.recv() {
        let reply = panic::catch_unwind(AssertUnwindSafe(|| obey(order, &grader)));
        let reply = match reply {
            Ok(Ok(reply)) => reply,
            Ok(Err(error)) => Reply::Fault(format!("{error:#}")),
            Err(_) => Reply::Fault(LAST_PANIC.lock().unwrap_or_else(PoisonError::into_inner).clone()),
        };
        if send(&reply).is_err() {
            return;
        }
    }
}

/// What the grader orders, as it arrives. The judge ends when the grader is gone, whatever it is busy with.
fn orders() -> Receiver<Order> {
    let (sender, orders) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(Some(order)) = frame::read(&mut io::stdin()) {
            if sender.send(order).is_err() {
                return;
            }
        }
        #[allow(clippy::disallowed_methods, reason = "a check may be in a loop without end")]
        process::exit(0);
    });
    orders
}

/// Where and why it panicked last.
static LAST_PANIC: Mutex<String> = Mutex::new(String::new());

fn send(reply: &Reply) -> io::Result<()> {
    frame::answer(&mut io::stdout().lock(), REPLY, reply)
}

fn planned(check: &Check) -> Planned {
    Planned {
        id: check.id.to_owned(),
        task: check.task.to_owned(),
        title: check.title.to_owned(),
        points: check.points,
        items: match &*check.items {
            [] => vec![check.experiment.to_owned()],
            items => items.iter().map(|item| (*item).to_owned()).collect(),
        },
        compiles: check.program.is_some(),
        after: check.after.iter().map(|id| (*id).to_owned()).collect(),
        shows: check.snapshot.is_some(),
        fetched: check.fetched.map(verdict::fetched),
    }
}

/// The grader, as it answers questions.
pub(crate) struct Grader {
    pub(crate) orders: Receiver<Order>,
}

impl Grader {
    /// Has it run `experiment` on these cases, up to the first one that yields no observation.
    pub(crate) fn run<'a>(
        &self,
        side: Side,
        experiment: &str,
        cases: impl IntoIterator<Item = &'a Record>,
    ) -> Result<Vec<Answer>> {
        let cases = cases.into_iter().map(Record::pack).collect();
        self.ask(&Reply::Ask { side, experiment: experiment.to_owned(), cases })
    }

    /// Has it compile `program` against the submission.
    pub(crate) fn compile(&self, program: &str) -> Result<Vec<Answer>> {
        self.ask(&Reply::DoesNotCompile { program: program.to_owned() })
    }

    fn ask(&self, question: &Reply) -> Result<Vec<Answer>> {
        send(question)?;
        match self.orders.recv()? {
            Order::Answers(answers) if !answers.is_empty() => Ok(answers),
            _ => bail!("the grader does not answer"),
        }
    }
}
