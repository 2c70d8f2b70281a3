//! `grader watch`: grades on every save, in a full-screen view of the terminal.
//!
//! [`state`] decides, [`draw`] draws, and this file connects them with the keyboard, the files and the grader.

mod draw;
pub mod files;
#[cfg(test)]
mod readme;
mod screen;
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
use ratatui::crossterm::event::{self, Event as TerminalEvent, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::{
    lesson,
    plot::{self, Plotted},
    quiz,
};
use course::{Course, Exercise, Task};
use learner::{Checking, Progress, backups, hint, list};
use report::style::{BOLD, paint};
use runner::{CalledOff, Kit, Observer, Options, Sandbox, SandboxMode, Stage, Submission};
use screen::{Screen, Signal};
use state::{Action, AfterSave, Body, Busy, Event, Graded, Key, Page, State};

/// How often the files are looked at, in case there are no file events.
const LOOK: Duration = Duration::from_millis(500);

/// How often a spinner moves.
const BEAT: Duration = Duration::from_millis(100);

/// Watches the learner's exercises, from the one of this name on, until the learner has had enough.
pub(crate) fn watch(course: Course, first: Option<&str>) -> Result<()> {
    let course = Arc::new(course);
    let (progress, notice) = Progress::read(&course);
    let current = match first {
        Some(name) => course.exercise(name)?,
        None => learner::current(&course, &progress)?,
    };
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
    screen::read_signals({
        let events = events.clone();
        move |signal| drop(events.send(Input::Signal(signal)))
    })
    .context("cannot listen to signals; `check` need not")?;
    let mut screen = Screen::take().context("cannot use this terminal; `check` needs none")?;
    let (go_on, may_go_on) = mpsc::channel();
    thread::spawn(move || read_keys(&events, &may_go_on));
    let ended = run(&course, &mut state, first, &mut screen, (&inbox, &go_on), &jobs);
    drop(screen);

    // A probe that runs is ended by the worker, which needs a moment; cargo may go on building without us.
    drop(jobs);
    let patience = Instant::now() + Duration::from_millis(500);
    while !worker.is_finished() && Instant::now() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    if let Some(signal) = ended? {
        screen::end_by(signal);
    }
    Ok(())
}

/// What the worker is asked to do, by the index of an exercise.
enum Order {
    Grade { index: usize, again: bool, called_off: Arc<AtomicBool> },
    Draw { index: usize, called_off: Arc<AtomicBool> },
}

/// The loop of the view: draw, wait for something to happen, answer to it. It may be a signal that ends it.
fn run(
    course: &Course,
    state: &mut State,
    mut actions: Vec<Action>,
    screen: &mut Screen,
    (inbox, go_on): (&Receiver<Input>, &Sender<()>),
    jobs: &Sender<Order>,
) -> Result<Option<i32>> {
    let start = Instant::now();
    let mut happened = true;
    let mut looked = Instant::now();
    let mut ended_by = None;
    // Of the grading and of the drawing that are under way.
    let mut called_off = Arc::new(AtomicBool::default());
    let mut drawing_called_off = Arc::new(AtomicBool::default());
    let mut keyboard_waits = false;
    loop {
        for action in actions.drain(..) {
            match action {
                Action::Quit => {
                    called_off.store(true, Ordering::Relaxed);
                    drawing_called_off.store(true, Ordering::Relaxed);
                    return Ok(ended_by);
                }
                Action::CallOff => called_off.store(true, Ordering::Relaxed),
                Action::CallOffDrawing => drawing_called_off.store(true, Ordering::Relaxed),
                Action::Grade { index, again } => {
                    called_off = Arc::default();
                    jobs.send(Order::Grade { index, again, called_off: called_off.clone() })
                        .context("the grading thread has ended")?;
                }
                Action::Hint { index, task, next } => {
                    let page = hint_page(course, &course.exercises[index], state, task.as_deref(), next);
                    state.update(Event::Page(page), Instant::now());
                }
                Action::Reset(index) => {
                    let said = backups::reset_and_tell(course, &course.exercises[index]);
                    let body = Body::Text(said.unwrap_or_else(|error| format!("{error:#}")));
                    let page = Page { title: "Reset".to_owned(), body, after_save: AfterSave::Leaves };
                    state.update(Event::Page(page), Instant::now());
                }
                Action::Picture(index) => {
                    drawing_called_off = Arc::default();
                    jobs.send(Order::Draw { index, called_off: drawing_called_off.clone() })
                        .context("the grading thread has ended")?;
                }
                Action::Lesson(index) => {
                    let page = lesson_page(course, &course.exercises[index]);
                    state.update(Event::Page(page), Instant::now());
                }
                Action::Ask(index) => {
                    let ask = || quiz::ask_about(course, &course.exercises[index]);
                    let asked = screen.lend(ask).context("cannot use this terminal any more")?;
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
            let drawing = screen.terminal.draw(|frame| room = draw::draw(frame, state, beat));
            drawing.context("cannot draw on this terminal")?;
            state.room = room;
        }

        let now = Instant::now();
        if now - looked >= LOOK {
            looked = now;
            let look = files::look(&Submission::of_learner(course, &course.exercises[state.current]));
            actions.extend(state.update(Event::Looked(look), now));
        }
        let first = inbox.recv_timeout(BEAT);
        happened = first.is_ok();
        // Everything that has arrived is answered before the next drawing: a training tells of every epoch.
        for input in first.into_iter().chain(inbox.try_iter()) {
            match input {
                Input::Event(event) => {
                    keyboard_waits |= is_behind_questions(&event);
                    actions.extend(state.update(event, Instant::now()));
                }
                Input::Resized => {}
                Input::Suspend => screen.suspend().context("cannot use this terminal again")?,
                Input::Signal(Signal::GoesOn) => screen.retake().context("cannot use this terminal again")?,
                Input::Signal(Signal::Ends(signal)) => {
                    ended_by = Some(signal);
                    actions.push(Action::Quit);
                }
                // The terminal is gone, and with it all who watched.
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
    /// Ctrl-Z.
    Suspend,
    Signal(Signal),
    Closed,
}

/// Hands on the keys that are pressed, until the terminal is closed. Behind the key that leads to the questions it waits:
/// these read the keyboard themselves.
fn read_keys(events: &Sender<Input>, may_go_on: &Receiver<()>) {
    loop {
        let input = match event::read() {
            Ok(TerminalEvent::Key(key)) if key.kind == KeyEventKind::Release => continue,
            Ok(TerminalEvent::Key(key)) => read_key(key),
            Ok(TerminalEvent::Resize(..)) => Input::Resized,
            // What is pasted is no command.
            Ok(_) => continue,
            Err(_) => Input::Closed,
        };
        let closed = matches!(input, Input::Closed);
        let waits = matches!(&input, Input::Event(event) if is_behind_questions(event));
        if events.send(input).is_err() || closed || waits && may_go_on.recv().is_err() {
            return;
        }
    }
}

/// Whether the keyboard waits behind this: the key leads to the questions, unless it is a letter of a search.
fn is_behind_questions(event: &Event) -> bool {
    matches!(event, Event::Letter(_, Key::Questions) | Event::Key(Key::Questions))
}

fn read_key(key: KeyEvent) -> Input {
    let is_command = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    Input::Event(match key.code {
        KeyCode::Char('z') if key.modifiers == KeyModifiers::CONTROL && cfg!(unix) => return Input::Suspend,
        KeyCode::Char(letter) if !is_command => Event::Letter(letter, meaning(key)),
        _ => Event::Key(meaning(key)),
    })
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
        KeyCode::Esc => Key::Back,
        KeyCode::Backspace => Key::Erase,
        KeyCode::Char('/') => Key::Search,
        KeyCode::Char('?') => Key::Help,
        KeyCode::Tab | KeyCode::Right => Key::NextTask,
        KeyCode::BackTab | KeyCode::Left => Key::PreviousTask,
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
                let body = match caught(|| draw_pictures(course, exercise, &observer)) {
                    Ok(body) => Some(body),
                    Err(error) if error.is::<CalledOff>() => None,
                    Err(error) => Some(Body::Text(format!("{error:#}"))),
                };
                let title = format!("Pictures · {}", exercise.title);
                let page = body.map(|body| Page { title, body, after_save: AfterSave::IsDrawnAnew });
                tell(Event::Drawn { index, page });
            }
        }
    }
}

/// What `work` comes to. A panic of the grader's must not leave the view waiting for ever.
fn caught<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let said = screen::take_panic().unwrap_or_default();
        Err(anyhow!("the grader panicked, which is a fault of its own: {said}"))
    })
}

/// Tells the view how far a grading has come, until that is called off.
struct Teller<'a> {
    tell: &'a (dyn Fn(Event) + Sync),
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

/// The hints for `task` that were given, the latest first; one more of them if `next`, or if there was none.
fn hint_page(course: &Course, exercise: &Exercise, state: &State, task: Option<&str>, next: bool) -> Page {
    let page = |body| Page { title: format!("Hints · {}", exercise.title), body, after_save: AfterSave::Stays };
    let Some(task) = task.and_then(|name| exercise.task(name)) else {
        let is_graded = matches!(&state.outcome, Some(Ok(report)) if report.compiled);
        return page(Body::Text(if is_graded {
            "Everything is solved: there is nothing left to hint at.".to_owned()
        } else {
            "There are hints once the code compiles and was graded.".to_owned()
        }));
    };
    match hints(course, exercise, task, next) {
        Ok(text) => page(Body::Hints { task: task.name.clone(), text }),
        Err(error) => page(Body::Text(format!("{error:#}"))),
    }
}

fn hints(course: &Course, exercise: &Exercise, task: &Task, next: bool) -> Result<String> {
    let mut given = hint::given(course, exercise, task)?;
    let mut text = String::new();
    let mut warning = None;
    if (next && given.left() > 0) || given.count() == 0 {
        let hint = hint::next(course, exercise, task)?;
        given = hint::given(course, exercise, task)?;
        // What could not be noted down is not among those that were given.
        if hint.warning.is_some() {
            text = format!("{}\n{}\n\n", paint(BOLD, hint.heading), hint.text);
        }
        warning = hint.warning;
    }
    for (heading, hint) in given.latest_first() {
        text += &format!("{}\n{hint}\n\n", paint(BOLD, heading));
    }
    text += &match given.left() {
        0 => "These are all hints for this task.".to_owned(),
        left => format!("{left} more: h gives the next one."),
    };
    Ok(text + &warning.map_or(String::new(), |warning| format!("\n{warning}")))
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
