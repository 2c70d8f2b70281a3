//! The learner's side of a course: what they have reached, the reports that are kept, hints, and backups of what they
//! wrote.

pub mod backups;
mod check;
mod clock;
pub mod hint;
pub mod list;
mod progress;
pub mod quiz;

pub use check::{Checked, Checking, check, current, last_report, source_digest};
pub use progress::{Entry, Last, Progress};

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use course::Course;

    /// A course of these exercises in a folder of its own, with empty files.
    pub(crate) fn course_with(names: &[&str]) -> (tempfile::TempDir, Course) {
        let root = tempfile::tempdir().unwrap();
        let mut text = "format_version = 1\ntitle = \"A course\"\n".to_owned();
        for name in names {
            for file in ["exercises/NAME/src/lib.rs", "grader/hidden/NAME/stub.rs"] {
                create(&root.path().join(file.replace("NAME", name)));
            }
            text += &format!("[[exercise]]\nname = \"{name}\"\ntitle = \"An exercise\"\nminutes = 10\n");
            text += "[[exercise.task]]\nname = \"task\"\npoints = 2\n";
        }
        fs::write(root.path().join("course.toml"), text).unwrap();
        let course = Course::find(Some(root.path())).unwrap();
        (root, course)
    }

    fn create(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
}
