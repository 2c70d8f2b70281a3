//! `grader lesson`: an exercise's lesson, rendered for the terminal.

use std::{
    fs,
    io::Write,
    path::{Component, Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use course::{Course, Exercise};
use report::screen::Screen;

use crate::markdown;

pub(crate) fn show(course: &Course, exercise: &Exercise) -> Result<ExitCode> {
    let screen = Screen::of_stdout();
    let lib = format!("exercises/{}/src/lib.rs", exercise.name);
    let next = format!("Next: edit [{lib}]({lib}).\\\nThen: `{} check {}`", course.grader(), exercise.number);
    let (lesson, folder) = read(course, exercise)?;
    let text = markdown::render(&lesson, &folder, screen) + "\n" + &markdown::render(&next, &course.root, screen);
    // A reader that has seen enough, such as `head`, is no fault.
    let _ = anstream::stdout().write_all(text.as_bytes());
    Ok(ExitCode::SUCCESS)
}

/// Where the lesson of an exercise lies in the course.
pub fn path(exercise: &Exercise) -> PathBuf {
    Path::new("exercises").join(&exercise.name).join("README.md")
}

/// `path`, which begins at the course, without `..`; nothing if it leaves the course.
pub fn inside(path: &Path) -> Option<PathBuf> {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => inside.push(part),
            Component::CurDir => {}
            Component::ParentDir => {
                if !inside.pop() {
                    return None;
                }
            }
            _ => return None,
        }
    }
    Some(inside)
}

/// The Markdown of a lesson, and the folder that its links start from.
pub fn read(course: &Course, exercise: &Exercise) -> Result<(String, PathBuf)> {
    let folder = course.root.join("exercises").join(&exercise.name);
    let path = course.root.join(path(exercise));
    let lesson = fs::read_to_string(&path).with_context(|| {
        format!("cannot read the lesson {}; `git checkout` brings it back if it is gone", path.display())
    })?;
    Ok((lesson, folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stays_in_the_course() {
        assert_eq!(inside(Path::new("exercises/05_x/../06_y/README.md")), Some("exercises/06_y/README.md".into()));
        assert_eq!(inside(Path::new("exercises/../../etc/passwd")), None);
        assert_eq!(inside(Path::new("/etc/passwd")), None);
    }
}
