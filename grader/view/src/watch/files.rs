//! Who tells the watch view that an exercise was saved: the system's file events, and a look at the files.

use std::path::Path;

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use course::{
    Course,
    files::{rust_files, stamp},
};
use runner::Submission;

/// Hands on the system's file events as long as it lives.
pub struct Watcher {
    /// `None` where there are no such events, or no more of them: then the files are looked at.
    events: Option<RecommendedWatcher>,
}

impl Watcher {
    /// Tells the index of each exercise that is saved.
    pub fn new(course: &Course, mut saved: impl FnMut(usize) + Send + 'static) -> Self {
        let names: Vec<String> = course.exercises.iter().map(|exercise| exercise.name.clone()).collect();
        let tell = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            // Reading a file is no save.
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for index in event.paths.iter().filter_map(|path| exercise_of(path, &names)) {
                saved(index);
            }
        };
        let watch = || -> notify::Result<RecommendedWatcher> {
            let mut watcher = notify::recommended_watcher(tell)?;
            watcher.watch(&course.root.join("exercises"), RecursiveMode::Recursive)?;
            Ok(watcher)
        };
        Self { events: watch().ok() }
    }

    /// Whether there are such events here.
    pub fn has_events(&self) -> bool {
        self.events.is_some()
    }
}

/// The index of the exercise whose source `path` is a part of.
fn exercise_of(path: &Path, names: &[String]) -> Option<usize> {
    let mut parts = path.components().rev().map(|part| part.as_os_str());
    // …/exercises/NN_name/src/…/file.rs, or a folder on the way, which comes and goes with a whole exercise.
    let is_rust = path.extension().is_none_or(|extension| extension == "rs");
    if !is_rust {
        return None;
    }
    let names = |part: &std::ffi::OsStr| names.iter().position(|name| part == name.as_str());
    let mut inner = None;
    parts.find_map(|part| {
        let found = names(part).filter(|_| inner.is_none_or(|inner| inner == "src"));
        inner = Some(part);
        found
    })
}

/// What the source files of `submission` look like: sizes and times. Equal looks mean that nothing was saved.
pub fn look(submission: &Submission) -> String {
    match rust_files(&submission.src()) {
        Ok(files) => files.iter().map(|file| stamp(file).unwrap_or_default()).collect(),
        // Why it cannot be read is a look as well: another reason is another state.
        Err(error) => format!("{error:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_save_belongs_to_the_exercise_whose_source_it_is() {
        let names = ["01_first".to_owned(), "02_second".to_owned()];
        let of = |path: &str| exercise_of(Path::new(path), &names);
        assert_eq!(of("/c/exercises/02_second/src/lib.rs"), Some(1));
        assert_eq!(of("/c/exercises/02_second/src/deep/more.rs"), Some(1));
        assert_eq!(of("/c/exercises/02_second/src"), Some(1));
        assert_eq!(of("/c/exercises/02_second"), Some(1));
        assert_eq!(of("/c/exercises/01_first/tests/examples.rs"), None);
        assert_eq!(of("/c/exercises/01_first/src/.lib.rs.swp"), None);
        assert_eq!(of("/c/exercises/01_first/README.md"), None);
        assert_eq!(of("/c/exercises"), None);
    }
}
