//! What git says of the course.

use std::{path::Path, process::Command};

/// The commit that is checked out in `folder`, if `folder/course.toml` is part of it; `None` where there is no git or no
/// such commit. A copy of the course inside some other repository, such as one for the files of a home folder, has none.
///
/// It tells where to look. What was graded, to the byte, is told by the digests: files may have changed since the commit.
pub(crate) fn commit(folder: &Path) -> Option<String> {
    // `rev-parse` runs no hook, no filter and nothing else that a repository could bring along. It fails if one of the two
    // is not there. The variable keeps it from fetching what a partial clone lacks.
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["rev-parse", "HEAD", "HEAD:./course.toml"])
        .env("GIT_NO_LAZY_FETCH", "1")
        .output()
        .ok()?;
    let answer = String::from_utf8(output.stdout).ok()?;
    let commit = answer.lines().next()?.to_owned();
    let is_commit = output.status.success() && commit.len() >= 40 && commit.chars().all(|c| c.is_ascii_hexdigit());
    is_commit.then_some(commit)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn git(folder: &Path, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        git.arg("-C").arg(folder).args(["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]);
        let output = git.args(arguments).output().expect("this test needs git");
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    #[test]
    fn outside_a_repository_there_is_no_commit() {
        assert_eq!(commit(tempfile::tempdir().unwrap().path()), None);
    }

    #[test]
    fn only_a_repository_that_holds_the_course_names_its_commit() {
        let home = tempfile::tempdir().unwrap();
        let inside = home.path().join("courses/mine");
        fs::create_dir_all(&inside).unwrap();
        fs::write(home.path().join("course.toml"), "").unwrap();
        git(home.path(), &["init", "--quiet"]);
        assert_eq!(commit(home.path()), None, "nothing is committed yet");
        git(home.path(), &["add", "course.toml"]);
        git(home.path(), &["commit", "--quiet", "--no-gpg-sign", "--message", "A course"]);
        assert_eq!(commit(home.path()), Some(git(home.path(), &["rev-parse", "HEAD"])));

        // A copy that lies below, and of which that repository knows nothing.
        fs::write(inside.join("course.toml"), "").unwrap();
        assert_eq!(commit(&inside), None);
        git(home.path(), &["add", "courses"]);
        assert_eq!(commit(&inside), None, "it is in no commit yet");
        git(home.path(), &["commit", "--quiet", "--no-gpg-sign", "--message", "Another course"]);
        assert_eq!(commit(&inside), Some(git(home.path(), &["rev-parse", "HEAD"])));
    }
}
