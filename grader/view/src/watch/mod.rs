//! `grader watch`: grades on every save, in a full-screen view of the terminal.
//!
//! [`state`] decides, [`draw`] draws, and this file connects them with the keyboard, the files and the grader.

mod draw;
pub mod files;
mod state;

use std::{
    mem,
    panic::{self, AssertUnwindSafe},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow};
use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event as TerminalEvent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
};

use crate::{
    lesson,
    plot::{self, Plotted},
    quiz,
};
use course::{Course, Exercise};
use learner::{Checking, Progress, backups, hint, list};
use report::style::{BOLD, paint};
use runner::{CalledOff, Kit, Observer, Options, Sandbox, SandboxMode, Stage, Submission};
use state::{Action, AfterSave, Body, Busy, Event, Graded, Key, Page, State};

/// How often the files are looked at, in case there are no file events.
const LOOK: Duration = Duration::from_millis(500);

/// How often a spinner moves.
const BEAT: Duration = Duration::from_millis(100);

/// Watches the learner's exercises until the learner has had enough.
pub(crate) fn watch(course: Course) -> Result<()> {
    let course = Arc::new(course);
    let (progress, notice) = Progress::read(&course);
    let current = learner::current(&course, &progress)?;
    let index = course.exercises.iter().position(|exercise| exercise.name == current.name).unwrap_or(0);
    // Before the screen is ours: cargo shows its own progress here.
    Kit::open(&course, current)?;

    let (events, inbox) = mpsc::channel();
    let watcher = files::Watcher::new(&course, {
        let events = events.clone();
        move |index| drop(events.send(Input::Event(Event::Saved(index))))
    });
    let (mut state, first) = State::new(list::rows(&course, &progress)?, index, !watcher.has_events());
    state.notice = notice;

    let (jobs, orders) = mpsc::channel();
    let worker = thread::spawn({
        let (course, events) = (course.clone(), events.clone());
        move || work(&course, &orders, &events)
    });
    let mut terminal = ratatui::try_init().context("cannot use this terminal; `check` needs none")?;
    let (go_on, may_go_on) = mpsc::channel();
    thread::spawn(move || read_keys(&events, &may_go_on));
    let ended = run(&course, &mut state, first, &mut terminal, (&inbox, &go_on), &jobs);
    ratatui::restore();

    // A probe that runs is ended by the worker, which needs a moment; cargo may go on building without us.
    drop(jobs);
    let patience = Instant::now() + Duration::from_millis(500);
    while !worker.is_finished() && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    ended
}

/// What the worker is asked to do, by the index of an exercise.
enum Order {
    Grade { index: usize, again: bool, called_off: Arc<AtomicBool> },
    Draw { index: usize, called_off: Arc<AtomicBool> },
}

/// The loop of the view: draw, wait for something to happen, answer to it.
fn run(
    course: &Course,
    state: &mut State,
    mut actions: Vec<Action>,
    terminal: &mut DefaultTerminal,
    (inbox, go_on): (&Receiver<Input>, &Sender<()>),
    jobs: &Sender<Order>,
) -> Result<()> {
    let start = Instant::now();
    let mut happened = true;
    let mut looked = Instant::now();
    // The learner has left.
    let gone = Arc::new(AtomicBool::default());
    // Of the grading that is under way.
    let mut called_off = Arc::new(AtomicBool::default());
    let mut keyboard_waits = false;
    loop {
        for action in actions.drain(..) {
            match action {
                Action::Quit => {
                    gone.store(true, Ordering::Relaxed);
                    called_off.store(true, Ordering::Relaxed);
                    return Ok(());
                }
                Action::CallOff => called_off.store(true, Ordering::Relaxed),
                Action::Grade { index, again } => {
                    called_off = Arc::default();
                    jobs.send(Order::Grade { index, again, called_off: called_off.clone() })
                        .context("the grading thread has ended")?;
                }
                Action::Hint(index) => {
                    let page = hint_page(course, &course.exercises[index], state);
                    state.update(Event::Page(page), Instant::now());
                }
                Action::Reset(index) => {
                    let said = backups::reset_and_tell(course, &course.exercises[index]);
                    let body = Body::Text(said.unwrap_or_else(|error| format!("{error:#}")));
                    let page = Page { title: "Reset".to_owned(), body, after_save: AfterSave::Leaves };
                    state.update(Event::Page(page), Instant::now());
                }
                Action::Picture(index) => {
                    jobs.send(Order::Draw { index, called_off: gone.clone() })
                        .context("the grading thread has ended")?;
                }
                Action::Lesson(index) => {
                    let page = lesson_page(course, &course.exercises[index]);
                    state.update(Event::Page(page), Instant::now());
                }
                Action::Ask(index) => {
                    ratatui::restore();
                    let asked = quiz::ask_about(course, &course.exercises[index]);
                    *terminal = ratatui::try_init().context("cannot use this terminal any more")?;
                    match (asked, list::rows(course, &Progress::read(course).0)) {
                        (Ok(()), Ok(rows)) => state.rows = rows,
                        (Err(error), _) | (_, Err(error)) => state.notice = Some(format!("{error:#}")),
                    }
                }
            }
        }
        if mem::take(&mut keyboard_waits) {
            // It ends only when the terminal does.
            let _ = go_on.send(());
        }
        // While nothing happens, nothing is drawn; a spinner turns all the time.
        if happened || state.busy.is_some() {
            let beat = (start.elapsed().as_millis() / BEAT.as_millis()) as usize;
            let mut room = state.room;
            terminal.draw(|frame| room = draw::draw(frame, state, beat)).context("cannot draw on this terminal")?;
            state.room = room;
        }

        let now = Instant::now();
        if now - looked >= LOOK {
            looked = now;
            let look = files::look(course, &course.exercises[state.current]);
            actions.extend(state.update(Event::Looked(look), now));
        }
        let first = inbox.recv_timeout(BEAT);
        happened = first.is_ok();
        // Everything that has arrived is answered before the next drawing: a training tells of every epoch.
        for input in first.into_iter().chain(inbox.try_iter()) {
            match input {
                Input::Event(event) => {
                    keyboard_waits |= matches!(event, Event::Key(Key::Questions));
                    actions.extend(state.update(event, Instant::now()));
                }
                Input::Resized => {}
                // The terminal is gone, and with it whoever watched.
                Input::Closed => actions.push(Action::Quit),
            }
        }
        let polled = state.polling;
        actions.extend(state.update(Event::Tick, Instant::now()));
        happened |= !actions.is_empty() || state.polling != polled;
    }
}

/// What arrives in the view's inbox.
enum Input {
    Event(Event),
    Resized,
    Closed,
}

/// Hands on the keys that are pressed, until the terminal is closed. Behind the key that leads to the questions it waits:
/// these read the keyboard themselves.
fn read_keys(events: &Sender<Input>, may_go_on: &Receiver<()>) {
    loop {
        let input = match event::read() {
            Ok(TerminalEvent::Key(key)) if key.kind != KeyEventKind::Release => Input::Event(Event::Key(meaning(key))),
            Ok(TerminalEvent::Resize(..)) => Input::Resized,
            Ok(_) => continue,
            Err(_) => Input::Closed,
        };
        let closed = matches!(input, Input::Closed);
        let waits = matches!(input, Input::Event(Event::Key(Key::Questions)));
        if events.send(input).is_err() || closed || waits && may_go_on.recv().is_err() {
            return;
        }
    }
}

fn meaning(key: KeyEvent) -> Key {
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return if key.code == KeyCode::Char('c') { Key::Quit } else { Key::Other };
    }
    match key.code {
        KeyCode::Char('n') => Key::Next,
        KeyCode::Char('p') => Key::Previous,
        KeyCode::Char('l') => Key::List,
        KeyCode::Char('h') => Key::Hint,
        KeyCode::Char('s') => Key::Lesson,
        KeyCode::Char('d') => Key::Picture,
        KeyCode::Char('a') => Key::Questions,
        KeyCode::Char('r') => Key::Again,
        KeyCode::Char('x') => Key::Reset,
        KeyCode::Char('q') => Key::Quit,
        KeyCode::Char('y') => Key::Yes,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc | KeyCode::Backspace => Key::Back,
        KeyCode::Up | KeyCode::Char('k') => Key::Up,
        KeyCode::Down | KeyCode::Char('j') => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown | KeyCode::Char(' ') => Key::PageDown,
        KeyCode::Home | KeyCode::Char('g') => Key::Top,
        KeyCode::End | KeyCode::Char('G') => Key::Bottom,
        _ => Key::Other,
    }
}

/// Does what takes time, one order after the other.
fn work(course: &Course, orders: &Receiver<Order>, events: &Sender<Input>) {
    let tell = |event| drop(events.send(Input::Event(event)));
    while let Ok(order) = orders.recv() {
        match order {
            Order::Grade { index, again, called_off } => {
                let exercise = &course.exercises[index];
                let observer = Teller { tell: &tell, called_off: &called_off };
                let (outcome, warning) = match caught(|| grade(course, exercise, again, &observer)) {
                    Ok(checked) => (Some(Ok(checked.report)), checked.warning),
                    Err(error) if error.is::<CalledOff>() => (None, None),
                    Err(error) => (Some(Err(format!("{error:#}"))), None),
                };
                let rows = list::rows(course, &Progress::read(course).0).ok();
                tell(Event::Graded(Box::new(Graded { index, outcome, rows, warning })));
            }
            Order::Draw { index, called_off } => {
                let exercise = &course.exercises[index];
                tell(Event::Busy(Busy::Drawing));
                let observer = Teller { tell: &tell, called_off: &called_off };
                let body = caught(|| draw_pictures(course, exercise, &observer))
                    .unwrap_or_else(|error| Body::Text(format!("{error:#}")));
                let title = format!("Pictures · {}", exercise.title);
                tell(Event::Page(Page { title, body, after_save: AfterSave::IsDrawnAnew }));
            }
        }
    }
}

/// What `work` comes to. A panic of the grader's must not leave the view waiting for ever.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(anyhow!("the grader panicked, which is a fault of its own")))
}

/// Tells the view how far a grading has come, until that is called off.
struct Teller<'a> {
    tell: &'a dyn Fn(Event),
    called_off: &'a AtomicBool,
}

impl Observer for Teller<'_> {
    fn on_stage(&self, stage: Stage) {
        (self.tell)(Event::Busy(Busy::Stage(stage)));
    }

    fn has_called_off(&self) -> bool {
        self.called_off.load(Ordering::Relaxed)
    }
}

impl Teller<'_> {
    /// The kit, while the view shows what cargo says.
    fn open_kit(&self, course: &Course, exercise: &Exercise) -> Result<Kit> {
        let on_line = |line: &str| (self.tell)(Event::Busy(Busy::Preparing(line.to_owned())));
        Kit::open_quietly(course, exercise, &on_line)
    }
}

fn draw_pictures(course: &Course, exercise: &Exercise, observer: &Teller<'_>) -> Result<Body> {
    let kit = observer.open_kit(course, exercise)?;
    let submission = Submission::of_learner(course, exercise);
    Ok(match plot::plot(course, exercise, &submission, &kit, observer)? {
        Plotted::Pictures(pictures, page) => Body::Pictures { pictures, page },
        Plotted::Broken(explanation) => Body::Text(explanation),
    })
}

fn grade(course: &Course, exercise: &Exercise, again: bool, observer: &Teller<'_>) -> Result<learner::Checked> {
    let kit = observer.open_kit(course, exercise)?;
    learner::check(
        course,
        exercise,
        &kit,
        &Checking { options: Options::default(), sandbox: Sandbox::choose(SandboxMode::Auto)?, again, observer },
    )
}

fn lesson_page(course: &Course, exercise: &Exercise) -> Page {
    let title = format!("Lesson · {}", exercise.title);
    let body = match lesson::read(course, exercise) {
        Ok((text, folder)) => Body::Markdown { text, folder },
        Err(error) => Body::Text(format!("{error:#}")),
    };
    Page { title, body, after_save: AfterSave::Stays }
}

fn hint_page(course: &Course, exercise: &Exercise, state: &State) -> Page {
    let page = |text: String| {
        let title = format!("Hint · {}", exercise.title);
        Page { title, body: Body::Text(text), after_save: AfterSave::Stays }
    };
    let task = match &state.outcome {
        Some(Ok(report)) if report.compiled => hint::first_unsolved(exercise, report),
        _ => return page("There are hints once the code compiles and was graded.".to_owned()),
    };
    let Some(task) = task else {
        return page("Everything is solved: there is nothing left to hint at.".to_owned());
    };
    let hint = match hint::next(course, exercise, task) {
        Ok(hint) => hint,
        Err(error) => return page(format!("{error:#}")),
    };
    let left = match hint.left {
        0 => "That was the last one.".to_owned(),
        left => format!("{left} more: h again."),
    };
    let mut text = format!("{}\n\n{}\n\n{left}", paint(BOLD, hint.heading), hint.text);
    if let Some(warning) = hint.warning {
        text += &format!("\n\n{warning}");
    }
    page(text)
}

#[cfg(test)]
mod tests {
    use super::state::Graded;
    use learner::list::Row;
    use report::{ExerciseStatus, Report};

    /// A report with a check of every kind.
    pub(super) fn report() -> Report {
        serde_json::from_str(include_str!("samples/report.json")).unwrap()
    }

    /// A report on code that does not compile.
    pub(super) fn broken() -> Report {
        serde_json::from_str(include_str!("samples/broken.json")).unwrap()
    }

    /// Three exercises, nothing done.
    pub(super) fn rows() -> Vec<Row> {
        ["01_first", "02_second", "03_third"]
            .into_iter()
            .zip(1..)
            .map(|(name, number)| Row {
                name: name.to_owned(),
                number,
                title: format!("Exercise called {name}"),
                minutes: 90,
                requires: Vec::new(),
                status: ExerciseStatus::NotStarted,
                score: 0,
                max_score: 5,
                bonus_score: 0,
                max_bonus: 0,
                hints_taken: 0,
                understood: 0,
                questions: None,
                checked_at: None,
                completed_at: None,
                changed: None,
            })
            .collect()
    }

    /// The end of a grading that found something to do.
    pub(super) fn graded(index: usize) -> Box<Graded> {
        Box::new(Graded { index, outcome: Some(Ok(report())), rows: None, warning: None })
    }

    pub(super) fn graded_complete(index: usize) -> Box<Graded> {
        let mut report = report();
        report.checks.truncate(1);
        let mut rows = rows();
        rows[index].status = ExerciseStatus::Complete;
        rows[index].score = 5;
        Box::new(Graded { index, outcome: Some(Ok(report)), rows: Some(rows), warning: None })
    }

    pub(super) fn called_off(index: usize) -> Box<Graded> {
        Box::new(Graded { index, outcome: None, rows: None, warning: None })
    }
}
