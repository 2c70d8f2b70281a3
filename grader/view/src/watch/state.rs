//! What the watch view knows and how it answers to what happens. No terminal, no files, no clock: all of it is tested.

use std::{
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

/// What can happen.
#[derive(Debug)]
pub(super) enum Event {
    Key(Key),
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
    /// Call the present grading off: nobody needs it any more.
    CallOff,
    Hint(usize),
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
    /// Asks whether to put the stub back.
    ConfirmReset,
}

pub(super) struct State {
    pub(super) rows: Vec<Row>,
    pub(super) current: usize,
    pub(super) view: View,
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
            outcome: None,
            busy: None,
            notice: None,
            polling,
            scroll: 0,
            room: Room::default(),
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

    /// Answers to `event`.
    pub(super) fn update(&mut self, event: Event, now: Instant) -> Vec<Action> {
        match event {
            Event::Key(key) => self.key(key),
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
                if !self.grading {
                    self.busy = None;
                }
                // Drawn again, it stays where it was.
                let scroll = match &self.view {
                    View::Page(before) if before.title == page.title => self.scroll,
                    _ => 0,
                };
                self.show(View::Page(page));
                self.page_since = Some(now);
                self.scroll = scroll;
                Vec::new()
            }
        }
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
            self.notice = Some(format!("your progress was not noted down: {warning}"));
        }
        if let Some(again) = self.queued.take() {
            return self.grade(again);
        }
        let is_new = matches!(&self.outcome, Some(Ok(report)) if !report.unchanged);
        match &self.view {
            View::Page(page) if page.after_save == AfterSave::IsDrawnAnew && is_new => {
                vec![Action::Picture(self.current)]
            }
            _ => Vec::new(),
        }
    }

    fn key(&mut self, key: Key) -> Vec<Action> {
        if self.room.too_small {
            return if key == Key::Quit { vec![Action::Quit] } else { Vec::new() };
        }
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
                Key::Back | Key::List => {
                    self.show(View::Exercise);
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
            Key::Back | Key::Enter => self.show(View::Exercise),
            Key::Quit => return vec![Action::Quit],
            Key::Next if self.current + 1 < self.rows.len() => return self.go_to(self.current + 1),
            Key::Next => self.notice = Some("this is the last exercise".to_owned()),
            Key::Previous if self.current > 0 => return self.go_to(self.current - 1),
            Key::Previous => self.notice = Some("this is the first exercise".to_owned()),
            Key::List => self.show(View::List { selected: self.current }),
            Key::Hint => return vec![Action::Hint(self.current)],
            Key::Lesson => return vec![Action::Lesson(self.current)],
            Key::Picture => return vec![Action::Picture(self.current)],
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

    fn show(&mut self, view: View) {
        self.view = view;
        self.scroll = 0;
    }

    fn go_to(&mut self, index: usize) -> Vec<Action> {
        self.show(View::Exercise);
        if index == self.current {
            return Vec::new();
        }
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
        state.room = Room { max_scroll: 25, height: 10, too_small: false };
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

    #[test]
    fn pictures_follow_what_is_saved() {
        let mut state = graded_once();
        state.update(page(AfterSave::IsDrawnAnew), Instant::now());
        state.scroll = 7;
        let actions = state.update(Event::Graded(graded(0)), Instant::now());
        assert_eq!(actions, [Action::Picture(0)]);
        state.update(page(AfterSave::IsDrawnAnew), Instant::now());
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
