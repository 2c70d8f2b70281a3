//! Many submissions at once, with a counter to watch.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::status_line::StatusLine;

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
