//! Many submissions at once, with a counter to watch.

use std::{
    io::{self, IsTerminal},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

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

/// A counter on the last line of a terminal; nothing at all elsewhere.
pub(super) struct Progress {
    done: AtomicUsize,
    total: usize,
    visible: bool,
}

impl Progress {
    pub(super) fn new(total: usize) -> Self {
        Self { done: AtomicUsize::new(0), total, visible: io::stderr().is_terminal() }
    }

    pub(super) fn advance(&self, name: &str) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if self.visible {
            eprint!("\r\x1b[K{done} of {}  {name}", self.total);
        }
    }

    pub(super) fn clear(&self) {
        if self.visible {
            eprint!("\r\x1b[K");
        }
    }
}
