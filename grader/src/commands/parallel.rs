//! Many submissions at once, with a counter to watch.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::Result;

use course::{Course, Exercise};
use report::Report;
use runner::{Kit, StatusLine};

/// Grades the exercises, on all cores.
pub(super) fn grade_all<'a>(
    course: &Course,
    exercises: impl IntoIterator<Item = &'a Exercise>,
    grade: impl Fn(&Exercise, &Kit) -> Result<Report> + Sync,
) -> Result<Vec<Report>> {
    // Kits one after the other, with cargo's own progress; then the exercises together.
    let exercises = exercises
        .into_iter()
        .map(|exercise| Ok((exercise, Kit::open(course, exercise)?)))
        .collect::<Result<Vec<_>>>()?;
    let counter = Counter::new(exercises.len());
    let reports = parallel(&exercises, |(exercise, kit)| {
        let report = grade(exercise, kit);
        counter.advance(&exercise.name);
        report
    });
    reports.into_iter().collect()
}

/// Does `work` on every item, on all cores; the results are in the items' order.
pub(super) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    let workers = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some((index, item)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    items.get(index).map(|item| (index, item))
                } {
                    let result = work(item);
                    results.lock().expect("no worker panics while it holds this").push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().expect("no worker panics while it holds this");
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// How many of a number of submissions are done, on a status line.
pub(super) struct Counter {
    done: AtomicUsize,
    total: usize,
    line: StatusLine,
}

impl Counter {
    pub(super) fn new(total: usize) -> Self {
        Self { done: AtomicUsize::new(0), total, line: StatusLine::new() }
    }

    pub(super) fn advance(&self, name: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        self.line.show(&format!("{done} of {}  {name}", self.total));
    }
}
