//! What the watch view knows and how it answers to what happens. No terminal, no files, no clock: all of it is tested.

use std::{
    collections::HashMap,
    path::PathBuf,
    time::{Duration, Instant},
};

use judge::picture::Picture;
use learner::list::Row;
use report::{ExerciseStatus, Report};
use runner::Stage;

/// Saves that follow each other faster than this are one.
const SETTLES: Duration = Duration::from_millis(60);

/// A change that was found by looking and was not told by a file event within this time proves that there are none.
const EVENTS_ARE_LATE: Duration = Duration::from_secs(1);

/// A page that leaves when the work goes on is there for at least this long: what it tells of is a save itself.
const READS: Duration = Duration::from_secs(1);

/// A key that comes again sooner than this is held down: a hint is read before the next one is given.
const HELD: Duration = Duration::from_millis(400);

/// What can happen.
#[derive(Debug)]
pub(super) enum Event {
    Key(Key),
    /// A letter, and the key that it is where no text is typed.
    Letter(char, Key),
    /// The system told of a save in the exercise of that index.
    Saved(usize),
    /// What the present exercise's files look like now: whether they change shows by itself.
    Looked(String),
    /// Time has passed.
    Tick,
    /// The grader is busy with something.
    Busy(Busy),
    /// A grading has ended.
    Graded(Box<Graded>),
    /// A page is ready to be read.
    Page(Page),
    /// The drawing of the exercise of that index has ended; there is no page if it was called off.
    Drawn {
        index: usize,
        page: Option<Page>,
    },
}

/// The keys that mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Next,
    Previous,
    List,
    Hint,
    Lesson,
    Picture,
    Questions,
    Again,
    Reset,
    Quit,
    Enter,
    Back,
    /// Deletes a letter of what is searched for, and is `Back` elsewhere.
    Erase,
    Search,
    NextTask,
    PreviousTask,
    Help,
    Yes,
    Up,
    Down,
    PageUp,
    PageDown,
    Top,
    Bottom,
    /// Anything else; a question takes it for a no.
    Other,
}

/// What has to be done in the world outside.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Grade the exercise of that index, even if nothing has changed if `again`.
    Grade {
        index: usize,
        again: bool,
    },
    /// Cancel the current grading: it is no longer needed.
    CallOff,
    /// Call the present drawing off: the learner has turned to something else.
    CallOffDrawing,
    /// Show the hints for a task, of which the `next` one is given now; without a task, say why there is none.
    Hint {
        index: usize,
        task: Option<String>,
        next: bool,
    },
    Lesson(usize),
    Picture(usize),
    /// Ask its questions, which takes the terminal for as long.
    Ask(usize),
    Reset(usize),
    Quit,
}

/// What the grader is busy with.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Busy {
    /// Cargo builds the crates that the exercise needs; its latest line.
    Preparing(String),
    Stage(Stage),
    Drawing,
}

/// How a grading ended.
#[derive(Debug)]
pub(super) struct Graded {
    pub(super) index: usize,
    /// `None` if it was called off.
    pub(super) outcome: Option<Result<Report, String>>,
    /// The list as it is now; `None` if it could not be made.
    pub(super) rows: Option<Vec<Row>>,
    pub(super) warning: Option<String>,
}

/// A text to read: a lesson, a hint, a picture.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) title: String,
    pub(super) body: Body,
    pub(super) after_save: AfterSave,
}

/// What becomes of a page when the learner saves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterSave {
    /// It stays: a lesson, a hint.
    Stays,
    /// It is of the old code, and is drawn again.
    IsDrawnAnew,
    /// It has been read, and makes room.
    Leaves,
}

/// What a page shows, before it is laid out for the width of the screen.
#[derive(Clone, Debug)]
pub(super) enum Body {
    Text(String),
    Hints {
        task: String,
        text: String,
    },
    Markdown {
        text: String,
        /// Where its relative links start from.
        folder: PathBuf,
    },
    Pictures {
        pictures: Vec<Picture>,
        /// The same as a page for the browser.
        page: PathBuf,
    },
}

/// What the screen shows.
#[derive(Clone, Debug)]
pub(super) enum View {
    Exercise,
    List {
        selected: usize,
    },
    Page(Page),
    /// All keys, and what they do.
    Help,
    /// Asks whether to put the stub back.
    ConfirmReset,
}

/// What is searched for on a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    pub(super) text: String,
    /// The line that was on top when the search began.
    pub(super) from: usize,
    /// Which match is wanted, counted from there, forwards or backwards.
    pub(super) nth: isize,
}

pub(super) struct State {
    pub(super) rows: Vec<Row>,
    pub(super) current: usize,
    pub(super) view: View,
    /// The task that the learner has chosen; there is another one to look at once it is passed.
    pub(super) task: Option<String>,
    pub(super) search: Option<Search>,
    /// The last report on the present exercise, or why there is none.
    pub(super) outcome: Option<Result<Report, String>>,
    pub(super) busy: Option<Busy>,
    /// Something to know that is no result.
    pub(super) notice: Option<String>,
    /// There are no file events here, so the files are looked at instead.
    pub(super) polling: bool,
    /// Lines above the first visible one.
    pub(super) scroll: usize,
    /// How far one can scroll, and by how much at a time, as the last drawing found.
    pub(super) room: Room,
    /// Where lessons were left, by their titles.
    left_at: HashMap<String, usize>,
    /// A picture is being drawn,
    drawing: bool,
    /// and is still wanted.
    picture_wanted: bool,
    /// An exercise is being graded.
    grading: bool,
    /// What to grade when that has ended: the exercise that is present then, `again` or not.
    queued: Option<bool>,
    /// When the present exercise was saved and not graded since.
    saved: Option<Instant>,
    /// What its files looked like last.
    look: Option<String>,
    /// When the last page was shown.
    page_since: Option<Instant>,
    /// An event told of a save since the last look.
    told: bool,
    /// When a change was found that no event told of.
    untold: Option<Instant>,
}

/// What a drawing found out about the space for text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Room {
    pub(super) max_scroll: usize,
    pub(super) height: usize,
    /// The first line that is visible: a search decides it, too.
    pub(super) first: usize,
    /// Of a search: which match is shown, and how many there are.
    pub(super) matches: (usize, usize),
    /// Nothing can be seen, so no key but one has an effect.
    pub(super) too_small: bool,
}

impl State {
    /// The state before anything has happened, and what to do first.
    pub(super) fn new(rows: Vec<Row>, current: usize, polling: bool) -> (Self, Vec<Action>) {
        let mut state = Self {
            rows,
            current,
            view: View::Exercise,
            task: None,
            search: None,
            outcome: None,
            busy: None,
            notice: None,
            polling,
            scroll: 0,
            room: Room::default(),
            left_at: HashMap::new(),
            drawing: false,
            picture_wanted: false,
            grading: false,
            queued: None,
            saved: None,
            look: None,
            page_since: None,
            told: false,
            untold: None,
        };
        let actions = state.grade(false);
        (state, actions)
    }

    pub(super) fn row(&self) -> &Row {
        &self.rows[self.current]
    }

    pub(super) fn is_complete(&self) -> bool {
        matches!(&self.outcome, Some(Ok(report)) if report.status() == ExerciseStatus::Complete)
    }

    /// The task to look at, and to give hints for.
    pub(super) fn task(&self) -> Option<&str> {
        match &self.outcome {
            Some(Ok(report)) if report.compiled => report.task_to_show(self.task.as_deref()),
            _ => None,
        }
    }

    /// Answers to `event`.
    pub(super) fn update(&mut self, event: Event, now: Instant) -> Vec<Action> {
        match event {
            Event::Key(key) => self.key(key, None, now),
            Event::Letter(letter, key) => self.key(key, Some(letter), now),
            Event::Saved(index) => {
                self.told = true;
                self.untold = None;
                if index == self.current {
                    self.saved = Some(now);
                    // What has just been shown tells of this very save.
                    let is_read = self.page_since.is_none_or(|since| now - since >= READS);
                    if is_read && matches!(&self.view, View::Page(page) if page.after_save == AfterSave::Leaves) {
                        self.show(View::Exercise);
                    }
                } else {
                    let row = &self.rows[index];
                    self.notice = Some(format!("{} was saved too; l goes there", row.name));
                }
                Vec::new()
            }
            Event::Looked(look) => {
                let changed = self.look.as_ref().is_some_and(|before| *before != look);
                if changed && !self.told {
                    self.saved = Some(now);
                    self.untold.get_or_insert(now);
                }
                self.told = false;
                self.look = Some(look);
                Vec::new()
            }
            Event::Tick => self.tick(now),
            Event::Busy(busy) => {
                self.busy = Some(busy);
                Vec::new()
            }
            Event::Graded(graded) => self.graded(*graded),
            Event::Page(page) => {
                self.show_page(page, now);
                Vec::new()
            }
            Event::Drawn { index, page } => {
                self.drawing = false;
                if !self.grading {
                    self.busy = None;
                }
                match page.filter(|_| index == self.current) {
                    Some(page) if self.picture_wanted => self.show_page(page, now),
                    // It was called off, and asked for again before that had an effect.
                    None if self.picture_wanted => return self.draw(),
                    _ => {}
                }
                self.picture_wanted = false;
                Vec::new()
            }
        }
    }

    fn show_page(&mut self, page: Page, now: Instant) {
        // When redrawn, it stays where it was; a lesson opens where it was left.
        let scroll = match &self.view {
            View::Page(before) if before.title == page.title && !matches!(page.body, Body::Hints { .. }) => self.scroll,
            _ => self.left_at.get(&page.title).copied().unwrap_or(0),
        };
        self.show(View::Page(page));
        self.page_since = Some(now);
        self.scroll = scroll;
    }

    /// Draws the picture of the present exercise. However often it is asked for meanwhile, it is drawn once.
    fn draw(&mut self) -> Vec<Action> {
        self.picture_wanted = true;
        if std::mem::replace(&mut self.drawing, true) { Vec::new() } else { vec![Action::Picture(self.current)] }
    }

    fn tick(&mut self, now: Instant) -> Vec<Action> {
        if self.untold.is_some_and(|since| now - since >= EVENTS_ARE_LATE) {
            self.polling = true;
            self.untold = None;
        }
        if self.saved.is_some_and(|saved| now - saved >= SETTLES) {
            self.saved = None;
            return self.grade(false);
        }
        Vec::new()
    }

    fn graded(&mut self, graded: Graded) -> Vec<Action> {
        self.grading = false;
        self.busy = None;
        if let Some(rows) = graded.rows {
            self.rows = rows;
        }
        if let Some(outcome) = graded.outcome.filter(|_| graded.index == self.current) {
            self.outcome = Some(outcome);
            if matches!(self.view, View::Exercise) {
                self.scroll = 0;
            }
        }
        if let Some(warning) = graded.warning {
            self.notice = Some(format!("your progress was not saved: {warning}"));
        }
        if let Some(again) = self.queued.take() {
            return self.grade(again);
        }
        let is_new = matches!(&self.outcome, Some(Ok(report)) if !report.unchanged);
        match &self.view {
            View::Page(page) if page.after_save == AfterSave::IsDrawnAnew && is_new => self.draw(),
            _ => Vec::new(),
        }
    }

    fn key(&mut self, key: Key, letter: Option<char>, now: Instant) -> Vec<Action> {
        if self.room.too_small {
            return if key == Key::Quit { vec![Action::Quit] } else { Vec::new() };
        }
        if self.search.is_some() {
            if letter.is_none() && key == Key::Quit {
                return vec![Action::Quit];
            }
            self.search_key(key, letter);
            return Vec::new();
        }
        let turns_away = matches!(
            key,
            Key::Next
                | Key::Previous
                | Key::List
                | Key::Hint
                | Key::Lesson
                | Key::Help
                | Key::Reset
                | Key::Back
                | Key::Again
        );
        let mut actions = Vec::new();
        if turns_away && self.drawing && std::mem::take(&mut self.picture_wanted) {
            actions.push(Action::CallOffDrawing);
        }
        actions.extend(self.command(key, now));
        actions
    }

    /// A key while the learner types what to search for.
    fn search_key(&mut self, key: Key, letter: Option<char>) {
        let Some(search) = &mut self.search else { return };
        match (letter, key) {
            (Some(letter), _) => {
                search.text.push(letter);
                search.nth = 0;
            }
            (None, Key::Erase) if !search.text.is_empty() => {
                search.text.pop();
                search.nth = 0;
            }
            (None, Key::Enter | Key::Down) => search.nth += 1,
            (None, Key::Up) => search.nth -= 1,
            (None, Key::Back | Key::Erase) => {
                self.search = None;
                self.scroll = self.room.first;
            }
            _ => {}
        }
    }

    fn command(&mut self, key: Key, now: Instant) -> Vec<Action> {
        if let View::ConfirmReset = self.view {
            self.show(View::Exercise);
            return if key == Key::Yes { vec![Action::Reset(self.current)] } else { Vec::new() };
        }
        if let View::List { selected } = self.view {
            let last = self.rows.len() - 1;
            let page = self.room.height.max(1);
            let selected = match key {
                Key::Up => selected.saturating_sub(1),
                Key::Down => (selected + 1).min(last),
                Key::PageUp => selected.saturating_sub(page),
                Key::PageDown => (selected + page).min(last),
                Key::Top => 0,
                Key::Bottom => last,
                Key::Enter => {
                    self.show(View::Exercise);
                    return self.go_to(selected);
                }
                Key::Quit => return vec![Action::Quit],
                Key::Back | Key::Erase | Key::List => {
                    self.show(View::Exercise);
                    return Vec::new();
                }
                Key::Help => {
                    self.show(View::Help);
                    return Vec::new();
                }
                _ => selected,
            };
            self.view = View::List { selected };
            return Vec::new();
        }
        match key {
            Key::Up => self.scroll = self.scroll.saturating_sub(1),
            Key::Down => self.scroll = (self.scroll + 1).min(self.room.max_scroll),
            Key::PageUp => self.scroll = self.scroll.saturating_sub(self.room.height.max(2) - 1),
            Key::PageDown => self.scroll = (self.scroll + self.room.height.max(2) - 1).min(self.room.max_scroll),
            Key::Top => self.scroll = 0,
            Key::Bottom => self.scroll = self.room.max_scroll,
            Key::Help if matches!(self.view, View::Help) => self.show(View::Exercise),
            Key::Help => self.show(View::Help),
            Key::Search if matches!(self.view, View::Page(_)) => {
                self.search = Some(Search { from: self.room.first, ..Search::default() });
            }
            Key::Search => self.notice = Some("a search goes through a page: s opens the lesson".to_owned()),
            Key::NextTask => self.choose_task(1),
            Key::PreviousTask => self.choose_task(-1),
            Key::Back | Key::Erase | Key::Enter => self.show(View::Exercise),
            Key::Quit => return vec![Action::Quit],
            Key::Next if self.current + 1 < self.rows.len() => return self.go_to(self.current + 1),
            Key::Next => self.notice = Some("this is the last exercise".to_owned()),
            Key::Previous if self.current > 0 => return self.go_to(self.current - 1),
            Key::Previous => self.notice = Some("this is the first exercise".to_owned()),
            Key::List => self.show(View::List { selected: self.current }),
            Key::Hint => return self.hint(now),
            Key::Lesson => return vec![Action::Lesson(self.current)],
            Key::Picture => return self.draw(),
            Key::Questions => return vec![Action::Ask(self.current)],
            Key::Again => {
                self.show(View::Exercise);
                self.saved = None;
                return self.grade(true);
            }
            Key::Reset => self.show(View::ConfirmReset),
            Key::Yes | Key::Other => {}
        }
        Vec::new()
    }

    /// The hints that were given; the next one if there are none, or if they are on the screen.
    fn hint(&self, now: Instant) -> Vec<Action> {
        let task = self.task().map(str::to_owned);
        let next = match &self.view {
            View::Page(Page { body: Body::Hints { task: shown, .. }, .. }) if Some(shown) == task.as_ref() => {
                if self.page_since.is_some_and(|since| now - since < HELD) {
                    return Vec::new();
                }
                true
            }
            _ => false,
        };
        vec![Action::Hint { index: self.current, task, next }]
    }

    /// Looks at the open task that is `step` further, after the last one the first.
    fn choose_task(&mut self, step: isize) {
        let Some(Ok(report)) = &self.outcome else { return };
        let open = report.open_tasks();
        let Some(at) = open.iter().position(|task| self.task() == Some(*task)) else { return };
        let next = (at as isize + step).rem_euclid(open.len() as isize) as usize;
        self.task = Some(open[next].to_owned());
        self.show(View::Exercise);
    }

    fn show(&mut self, view: View) {
        if let View::Page(Page { title, body: Body::Markdown { .. }, .. }) = &self.view {
            self.left_at.insert(title.clone(), self.scroll);
        }
        self.view = view;
        self.scroll = 0;
        self.search = None;
    }

    fn go_to(&mut self, index: usize) -> Vec<Action> {
        self.show(View::Exercise);
        if index == self.current {
            return Vec::new();
        }
        self.task = None;
        self.current = index;
        self.outcome = None;
        self.notice = None;
        self.saved = None;
        self.look = None;
        self.untold = None;
        self.grade(false)
    }

    /// Grades the present exercise. A grading that is under way is called off, and this one follows it.
    fn grade(&mut self, again: bool) -> Vec<Action> {
        if self.grading {
            let called_off = self.queued.is_some();
            self.queued = Some(again || self.queued == Some(true));
            return if called_off { Vec::new() } else { vec![Action::CallOff] };
        }
        self.grading = true;
        self.notice = None;
        vec![Action::Grade { index: self.current, again }]
    }
}

#[cfg(test)]
mod tests {
    use super::{super::tests::*, *};

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    fn grade(index: usize) -> Vec<Action> {
        vec![Action::Grade { index, again: false }]
    }

    /// A state in which the first exercise has just been graded.
    fn graded_once() -> State {
        let (mut state, actions) = State::new(rows(), 0, false);
        assert_eq!(actions, grade(0));
        assert!(state.update(Event::Graded(graded(0)), Instant::now()).is_empty());
        state
    }

    #[test]
    fn a_burst_of_saves_makes_one_run() {
        let (mut state, start) = (graded_once(), Instant::now());
        for millisecond in [0, 20, 40, 60, 80] {
            state.update(Event::Saved(0), after(start, millisecond));
            assert!(state.update(Event::Tick, after(start, millisecond)).is_empty());
        }
        assert_eq!(state.update(Event::Tick, after(start, 150)), grade(0));
        assert!(state.update(Event::Tick, after(start, 300)).is_empty());
    }

    #[test]
    fn a_save_during_a_run_calls_it_off_and_starts_another() {
        let (mut state, start) = (graded_once(), Instant::now());
        state.update(Event::Saved(0), start);
        assert_eq!(state.update(Event::Tick, after(start, 100)), grade(0));
        state.update(Event::Saved(0), after(start, 200));
        assert_eq!(state.update(Event::Tick, after(start, 400)), [Action::CallOff]);
        state.update(Event::Saved(0), after(start, 450));
        assert!(state.update(Event::Tick, after(start, 600)).is_empty(), "it is called off already");
        assert_eq!(state.update(Event::Graded(called_off(0)), after(start, 700)), grade(0));
        assert!(state.outcome.is_some(), "the last report stays until there is another one");
    }

    #[test]
    fn a_run_that_ends_just_before_it_is_called_off_is_followed_by_another_all_the_same() {
        let (mut state, start) = (graded_once(), Instant::now());
        state.update(Event::Saved(0), start);
        state.update(Event::Tick, after(start, 100));
        state.update(Event::Saved(0), after(start, 200));
        assert_eq!(state.update(Event::Tick, after(start, 300)), [Action::CallOff]);
        assert_eq!(state.update(Event::Graded(graded(0)), after(start, 301)), grade(0));
    }

    #[test]
    fn an_exercise_that_is_left_during_its_run_is_followed_by_the_next_one() {
        let (mut state, start) = (graded_once(), Instant::now());
        state.update(Event::Saved(0), start);
        assert_eq!(state.update(Event::Tick, after(start, 100)), grade(0));
        assert_eq!(state.update(Event::Key(Key::Next), start), [Action::CallOff]);
        assert!(state.update(Event::Key(Key::Next), start).is_empty());
        assert_eq!(state.update(Event::Graded(graded(0)), after(start, 300)), grade(2));
        assert!(state.outcome.is_none(), "the report was on another exercise");
    }

    #[test]
    fn a_complete_exercise_says_so_and_stays_until_n_is_pressed() {
        let (mut state, now) = (graded_once(), Instant::now());
        state.update(Event::Saved(0), now);
        state.update(Event::Tick, after(now, 100));
        assert!(state.update(Event::Graded(graded_complete(0)), now).is_empty());
        assert!(state.is_complete());
        assert!(state.update(Event::Tick, after(now, 10_000)).is_empty());
        assert_eq!(state.current, 0);
        assert_eq!(state.update(Event::Key(Key::Next), now), grade(1));
    }

    #[test]
    fn a_change_that_no_event_tells_of_is_found_by_looking_and_said() {
        let (mut state, start) = (graded_once(), Instant::now());
        state.update(Event::Looked("one".to_owned()), start);
        assert!(state.update(Event::Tick, after(start, 100)).is_empty());
        state.update(Event::Looked("two".to_owned()), after(start, 500));
        assert_eq!(state.update(Event::Tick, after(start, 600)), grade(0));
        assert!(!state.polling);
        state.update(Event::Tick, after(start, 1600));
        assert!(state.polling);
    }

    #[test]
    fn a_save_that_was_told_is_not_found_a_second_time_by_looking() {
        let (mut state, start) = (graded_once(), Instant::now());
        state.update(Event::Looked("one".to_owned()), start);
        state.update(Event::Saved(0), after(start, 100));
        assert_eq!(state.update(Event::Tick, after(start, 200)), grade(0));
        state.update(Event::Graded(graded(0)), after(start, 400));
        state.update(Event::Looked("two".to_owned()), after(start, 500));
        assert!(state.update(Event::Tick, after(start, 5000)).is_empty());
        assert!(!state.polling);
    }

    #[test]
    fn an_event_that_comes_a_moment_later_proves_that_there_are_events() {
        let (mut state, start) = (graded_once(), Instant::now());
        state.update(Event::Looked("one".to_owned()), start);
        state.update(Event::Looked("two".to_owned()), after(start, 500));
        state.update(Event::Saved(0), after(start, 510));
        state.update(Event::Tick, after(start, 5000));
        assert!(!state.polling);
    }

    #[test]
    fn a_reset_asks_and_takes_any_other_key_for_a_no() {
        let (mut state, now) = (graded_once(), Instant::now());
        for key in [Key::Other, Key::Back, Key::Quit, Key::Reset, Key::Enter] {
            assert!(state.update(Event::Key(Key::Reset), now).is_empty());
            assert!(matches!(state.view, View::ConfirmReset));
            assert!(state.update(Event::Key(key), now).is_empty(), "{key:?}");
            assert!(matches!(state.view, View::Exercise));
        }
        state.update(Event::Key(Key::Reset), now);
        assert_eq!(state.update(Event::Key(Key::Yes), now), [Action::Reset(0)]);
    }

    #[test]
    fn the_list_moves_within_its_ends_and_enter_goes_there() {
        let (mut state, now) = (graded_once(), Instant::now());
        let mut press = |key| state.update(Event::Key(key), now);
        press(Key::List);
        (0..20).for_each(|_| drop(press(Key::Down)));
        press(Key::Up);
        assert_eq!(press(Key::Enter), grade(1));
        assert!(state.current == 1 && matches!(state.view, View::Exercise));
    }

    #[test]
    fn scrolling_stays_within_the_text() {
        let (mut state, now) = (graded_once(), Instant::now());
        state.room = Room { max_scroll: 25, height: 10, ..Room::default() };
        for (key, scroll) in [
            (Key::Up, 0),
            (Key::Down, 1),
            (Key::PageDown, 10),
            (Key::PageDown, 19),
            (Key::PageDown, 25),
            (Key::PageUp, 16),
            (Key::Bottom, 25),
            (Key::Top, 0),
        ] {
            state.update(Event::Key(key), now);
            assert_eq!(state.scroll, scroll, "{key:?}");
        }
    }

    #[test]
    fn r_runs_again_even_if_nothing_has_changed() {
        let mut state = graded_once();
        let actions = state.update(Event::Key(Key::Again), Instant::now());
        assert_eq!(actions, [Action::Grade { index: 0, again: true }]);
    }

    #[test]
    fn a_save_in_another_exercise_is_told_and_nothing_is_switched() {
        let mut state = graded_once();
        assert!(state.update(Event::Saved(2), Instant::now()).is_empty());
        assert_eq!(state.current, 0);
        assert!(state.notice.unwrap().contains("03_third was saved too"));
    }

    fn page(after_save: AfterSave) -> Event {
        Event::Page(Page { title: "A page".to_owned(), body: Body::Text(String::new()), after_save })
    }

    fn drawn(index: usize) -> Event {
        let Event::Page(page) = page(AfterSave::IsDrawnAnew) else { unreachable!() };
        Event::Drawn { index, page: Some(page) }
    }

    fn lesson() -> Event {
        let body = Body::Markdown { text: String::new(), folder: PathBuf::new() };
        Event::Page(Page { title: "Lesson".to_owned(), body, after_save: AfterSave::Stays })
    }

    fn hints(task: &str) -> Event {
        let body = Body::Hints { task: task.to_owned(), text: String::new() };
        Event::Page(Page { title: "Hints".to_owned(), body, after_save: AfterSave::Stays })
    }

    #[test]
    fn however_often_a_picture_is_asked_for_it_is_drawn_once() {
        let (mut state, now) = (graded_once(), Instant::now());
        assert_eq!(state.update(Event::Key(Key::Picture), now), [Action::Picture(0)]);
        for _ in 0..20 {
            assert!(state.update(Event::Key(Key::Picture), now).is_empty());
        }
        assert!(state.update(drawn(0), now).is_empty());
        assert!(matches!(state.view, View::Page(_)));
        assert_eq!(state.update(Event::Key(Key::Picture), now), [Action::Picture(0)]);
    }

    #[test]
    fn a_picture_that_comes_too_late_is_not_shown() {
        let (mut state, now) = (graded_once(), Instant::now());
        for key in [Key::Next, Key::Lesson, Key::Back] {
            state.update(Event::Key(Key::Picture), now);
            assert_eq!(state.update(Event::Key(key), now)[0], Action::CallOffDrawing);
            state.update(drawn(0), now);
            assert!(matches!(state.view, View::Exercise), "{key:?}");
        }
        // Called off, and wanted all the same before that had an effect.
        state.update(Event::Key(Key::Picture), now);
        state.update(Event::Key(Key::Back), now);
        assert!(state.update(Event::Key(Key::Picture), now).is_empty());
        let again = state.update(Event::Drawn { index: 1, page: None }, now);
        assert_eq!(again, [Action::Picture(1)]);
    }

    #[test]
    fn hints_are_for_the_task_that_is_chosen_and_can_be_read_again() {
        let (mut state, start) = (graded_once(), Instant::now());
        let open: Vec<String> = report().open_tasks().into_iter().map(str::to_owned).collect();
        assert!(open.len() > 1);
        let first = state.task().unwrap().to_owned();
        state.update(Event::Key(Key::NextTask), start);
        let chosen = state.task().unwrap().to_owned();
        assert_ne!(chosen, first);
        let hint = |next| vec![Action::Hint { index: 0, task: Some(chosen.clone()), next }];
        assert_eq!(state.update(Event::Key(Key::Hint), start), hint(false), "those that were given come first");
        state.update(hints(&chosen), start);
        assert!(state.update(Event::Key(Key::Hint), after(start, 100)).is_empty(), "the key is held down");
        assert_eq!(state.update(Event::Key(Key::Hint), after(start, 900)), hint(true));
        for _ in &open {
            state.update(Event::Key(Key::PreviousTask), start);
        }
        assert_eq!(state.task(), Some(chosen.as_str()), "after the first one comes the last");
        state.update(Event::Key(Key::Next), start);
        assert_eq!(state.task, None);
    }

    #[test]
    fn a_lesson_opens_where_it_was_left() {
        let (mut state, now) = (graded_once(), Instant::now());
        state.room = Room { max_scroll: 90, height: 10, ..Room::default() };
        state.update(lesson(), now);
        state.update(Event::Key(Key::PageDown), now);
        state.update(Event::Key(Key::Down), now);
        assert_eq!(state.scroll, 10);
        state.update(Event::Key(Key::Back), now);
        state.update(page(AfterSave::Stays), now);
        assert_eq!(state.scroll, 0);
        state.update(lesson(), now);
        assert_eq!(state.scroll, 10);
    }

    #[test]
    fn letters_are_no_commands_while_a_page_is_searched() {
        let (mut state, now) = (graded_once(), Instant::now());
        assert!(state.update(Event::Letter('/', Key::Search), now).is_empty());
        assert!(state.search.is_none() && state.notice.is_some(), "there is no page");
        state.update(lesson(), now);
        for (letter, key) in [('/', Key::Search), ('q', Key::Quit), ('x', Key::Reset), ('n', Key::Next)] {
            assert!(state.update(Event::Letter(letter, key), now).is_empty());
        }
        state.update(Event::Key(Key::Erase), now);
        assert_eq!(state.search.as_ref().unwrap().text, "qx");
        state.update(Event::Key(Key::Enter), now);
        assert_eq!(state.search.as_ref().unwrap().nth, 1);
        state.room.first = 7;
        state.update(Event::Key(Key::Back), now);
        assert!(state.search.is_none() && state.scroll == 7, "it stays where the match is");
        assert!(matches!(state.view, View::Page(_)));
    }

    #[test]
    fn help_is_closed_by_the_key_that_opens_it() {
        let (mut state, now) = (graded_once(), Instant::now());
        state.update(Event::Key(Key::Help), now);
        assert!(matches!(state.view, View::Help));
        state.update(Event::Key(Key::Help), now);
        assert!(matches!(state.view, View::Exercise));
    }

    #[test]
    fn pictures_follow_what_is_saved() {
        let mut state = graded_once();
        state.update(page(AfterSave::IsDrawnAnew), Instant::now());
        state.scroll = 7;
        let actions = state.update(Event::Graded(graded(0)), Instant::now());
        assert_eq!(actions, [Action::Picture(0)]);
        state.update(drawn(0), Instant::now());
        assert_eq!(state.scroll, 7, "they stay where they were");
        state.update(page(AfterSave::Stays), Instant::now());
        assert!(state.update(Event::Graded(graded(0)), Instant::now()).is_empty(), "a lesson is left alone");
    }

    #[test]
    fn the_page_that_tells_of_a_reset_leaves_when_the_work_goes_on() {
        let (mut state, start) = (graded_once(), Instant::now());
        state.update(page(AfterSave::Leaves), start);
        state.update(Event::Saved(0), after(start, 20));
        assert!(matches!(state.view, View::Page(_)), "the reset has written the file itself");
        state.update(Event::Saved(0), after(start, 3000));
        assert!(matches!(state.view, View::Exercise));
    }

    #[test]
    fn questions_are_asked_at_any_time_and_come_back_to_what_was_shown() {
        let (mut state, now) = (graded_once(), Instant::now());
        assert_eq!(state.update(Event::Key(Key::Questions), now), [Action::Ask(0)]);
        state.update(Event::Graded(graded_complete(0)), now);
        state.update(page(AfterSave::Stays), now);
        state.scroll = 3;
        assert_eq!(state.update(Event::Key(Key::Questions), now), [Action::Ask(0)]);
        assert!(state.scroll == 3 && matches!(state.view, View::Page(_)) && state.is_complete());
        // What is saved meanwhile is graded afterwards.
        state.update(Event::Saved(0), now);
        assert_eq!(state.update(Event::Tick, after(now, 100_000)), grade(0));

        state.update(Event::Key(Key::List), now);
        assert!(state.update(Event::Key(Key::Questions), now).is_empty());
        state.update(Event::Key(Key::Back), now);
        state.update(Event::Key(Key::Reset), now);
        assert!(state.update(Event::Key(Key::Questions), now).is_empty(), "a question about a reset comes first");
    }

    #[test]
    fn in_a_window_that_shows_nothing_only_q_has_an_effect() {
        let mut state = graded_once();
        state.room.too_small = true;
        for key in [Key::Reset, Key::Yes, Key::Hint, Key::Next] {
            assert!(state.update(Event::Key(key), Instant::now()).is_empty());
        }
        assert_eq!(state.update(Event::Key(Key::Quit), Instant::now()), [Action::Quit]);
    }
}
