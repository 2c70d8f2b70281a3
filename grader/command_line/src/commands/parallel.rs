//! Many submissions at once, with a counter to watch.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Result, bail};

use course::{Course, Exercise, UsageError};
use report::Report;
use runner::{Kit, StatusLine};

/// What came of grading many exercises.
pub(super) struct All {
    pub(super) reports: Vec<Report>,
    /// A sentence for each exercise that could not be graded, such as one whose judge does not compile.
    pub(super) faults: Vec<String>,
}

impl All {
    /// Whether everything was graded.
    ///
    /// # Errors
    ///
    /// If it was not: with all the reasons.
    pub(super) fn whole(&self) -> Result<()> {
        match self.faults.as_slice() {
            [] => Ok(()),
            faults => bail!("{}", faults.join("\n\n")),
        }
    }
}

/// Grades the exercises, on all cores. One that cannot be graded stops no other.
pub(super) fn grade_all<'a>(
    course: &Course,
    exercises: impl IntoIterator<Item = &'a Exercise>,
    grade: impl Fn(&Exercise, &Kit) -> Result<Report> + Sync,
) -> Result<All> {
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
    let mut all = All { reports: Vec::new(), faults: Vec::new() };
    for ((exercise, _), report) in exercises.iter().zip(reports) {
        match report {
            Ok(report) => all.reports.push(report),
            Err(error) if error.is::<UsageError>() => return Err(error),
            Err(error) => all.faults.push(format!("{} could not be graded: {error:#}", exercise.name)),
        }
    }
    Ok(all)
}

/// So many items are worked on at once.
pub(super) fn workers() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Does `work` on every item, on all cores; the results are in the items' order.
pub(super) fn parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..workers().min(items.len()) {
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
