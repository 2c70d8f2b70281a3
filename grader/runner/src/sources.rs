//! The source files of a submission: read once, without following links, and no more than a learner writes.
//!
//! They are `lib.rs` and the files of the modules that it names; what else lies beside them is not the submission. What
//! is scanned, compiled and digested are these bytes, so no file can be exchanged in between.

use std::{
    collections::HashSet,
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read},
    path::Path,
};

use anyhow::{Context, Result};
use hmac_sha256::Hash;
use wire::Place;

use report::{Diagnostic, sanitise};

use super::{
    Submission, gate,
    items::{items, named},
};
use course::{Course, files};

const MAX_FILE_KIB: usize = 256;
const MAX_FILES: usize = 64;
/// Modules that a file is looked for.
const MAX_MODULES: usize = 1024;

/// Refusals beyond this are not reported: they are seen when the first ones are gone.
const MAX_REFUSALS: usize = 10;

/// What there is to compile, and why it may not be compiled.
pub struct Sources {
    /// Names below the submission's `src`, with `/`, and contents.
    pub(super) files: Vec<(String, String)>,
    /// The folder of the submission as a report names it.
    pub(super) label: String,
    /// Why the submission may not be compiled; empty if it may.
    pub refused: Vec<Diagnostic>,
}

impl Sources {
    /// `lib.rs` of `submission` and the files of its modules; `gated` if their contents are to be scanned as well.
    pub fn read(course: &Course, submission: &Submission, gated: bool) -> Result<Self> {
        let mut sources = Self { files: Vec::new(), label: submission.label(course), refused: Vec::new() };
        sources.collect(&submission.src());
        sources.files.sort();
        if gated {
            let refusals = sources.files.iter().flat_map(|(name, text)| {
                let path = sources.path(name);
                gate::scan(text).into_iter().map(move |refusal| refusal.in_file(&path, text))
            });
            let refusals: Vec<Diagnostic> = refusals.collect();
            sources.refused.extend(refusals);
        }
        sources.refused.truncate(MAX_REFUSALS);
        Ok(sources)
    }

    /// SHA-256 over the names and contents.
    pub fn digest(&self) -> String {
        let mut digest = Hash::new();
        for (name, text) in &self.files {
            digest.update(format!("{name}\n{}\n{text}", text.len()));
        }
        format!("sha256:{}", files::hex(&digest.finalize()))
    }

    /// Whether there is nothing but this `lib.rs`, however its lines end.
    pub fn is_just(&self, lib: &str) -> bool {
        let same = |text: &str| text.replace("\r\n", "\n") == lib.replace("\r\n", "\n");
        self.refused.is_empty() && matches!(&*self.files, [(name, text)] if name == "lib.rs" && same(text))
    }

    /// The paths of the files as the compiler and the report name them.
    pub fn paths(&self) -> Vec<String> {
        self.files.iter().map(|(name, _)| self.path(name)).collect()
    }

    /// Where the item called `name` begins, if that is clear: `elu`, `Relu::backward`, or a method's name alone.
    pub fn item(&self, name: &str) -> Option<Place> {
        let all: Vec<_> = self.files.iter().map(|(file, text)| (file, items(text))).collect();
        let item = named(all.iter().flat_map(|(_, items)| items), name)?;
        let (file, _) = all.iter().find(|(_, items)| items.iter().any(|other| std::ptr::eq(other, item)))?;
        Some(Place { file: self.path(file), line: u32::try_from(*item.lines.start()).ok()? })
    }

    /// The contents of the file that the compiler and the report call `path`.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|(name, _)| self.path(name) == path).map(|(_, text)| text.as_str())
    }

    fn path(&self, name: &str) -> String {
        format!("{}/src/{name}", self.label)
    }

    /// Puts the files into the new folder `to`.
    pub(super) fn write(&self, to: &Path) -> Result<()> {
        for (name, text) in &self.files {
            let path = to.join(name);
            files::create_folder(path.parent().unwrap_or(to))?;
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    fn collect(&mut self, src: &Path) {
        if !fs::symlink_metadata(src).is_ok_and(|metadata| metadata.is_dir()) {
            return self.refuse("", "is not a folder; put your files into src itself");
        }
        let (mut seen, mut modules) = (HashSet::new(), 0);
        let mut open = vec!["lib.rs".to_owned()];
        while let Some(name) = open.pop() {
            if !seen.insert(name.clone()) {
                continue;
            }
            let text = match read(src, &name) {
                Ok(text) => text,
                Err(what) => {
                    self.refuse(&name, &what);
                    continue;
                }
            };
            for module in gate::modules(&text) {
                modules += 1;
                // Its name is a folder's or a file's, and is shown.
                if module.iter().all(|name| sanitise::clean_line(name) == *name) {
                    open.extend(
                        files_of(&name, &module).into_iter().filter(|file| src.join(file).symlink_metadata().is_ok()),
                    );
                }
            }
            self.files.push((name, text));
            if self.files.len() > MAX_FILES || modules > MAX_MODULES {
                return self.refuse("", &format!("has too many files: {MAX_FILES} are enough for an exercise"));
            }
        }
    }

    fn refuse(&mut self, name: &str, what: &str) {
        let file = self.path(name).trim_end_matches('/').to_owned();
        let message = format!("{file} {what}");
        let rendered = format!("error: {message}\n");
        self.refused.push(Diagnostic::error(message, rendered, Some(file), None));
    }
}

/// Where rustc looks for a module that `file` names, `mod a { mod b; }` as `["a", "b"]`.
fn files_of(file: &str, module: &[&str]) -> [String; 2] {
    let folder = match file.rsplit_once('/') {
        None if file == "lib.rs" => String::new(),
        Some((folder, "mod.rs")) => format!("{folder}/"),
        _ => format!("{}/", file.trim_end_matches(".rs")),
    };
    let path = module.join("/");
    [format!("{folder}{path}.rs"), format!("{folder}{path}/mod.rs")]
}

/// The contents of a regular file below `src`; the error ends a sentence that begins with its name.
fn read(src: &Path, name: &str) -> Result<String, String> {
    let path = &src.join(name);
    let mut folders = path.ancestors().skip(1).take_while(|folder| *folder != src);
    if folders.any(|folder| !fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir())) {
        return Err("is behind a link; links are not graded".to_owned());
    }
    let unreadable = |_| "cannot be opened; make it an ordinary file that you may read".to_owned();
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // A pipe without a writer must not block, and a link must not be followed, not even one that has just been made.
        options.custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    let is_file = |metadata: fs::Metadata| metadata.is_file();
    if fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Err("is missing; it is the file that is graded".to_owned());
    }
    if !fs::symlink_metadata(path).is_ok_and(is_file) {
        return Err("is not an ordinary file; links, pipes and devices are not graded".to_owned());
    }
    let file: File = options.open(path).map_err(unreadable)?;
    if !file.metadata().is_ok_and(is_file) {
        return Err("is not an ordinary file; links, pipes and devices are not graded".to_owned());
    }
    let mut bytes = Vec::new();
    file.take((MAX_FILE_KIB * 1024 + 1) as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > MAX_FILE_KIB * 1024 {
        return Err(format!("is longer than {MAX_FILE_KIB} KiB; an exercise needs a tenth of that"));
    }
    String::from_utf8(bytes).map_err(|_| "is not UTF-8 text; save it as UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_submission_is_lib_and_the_files_that_it_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("course.toml"), "format_version = 1\ntitle = \"A course\"\n").unwrap();
        let src = folder.path().join("exercises/01_first/src");
        for (name, text) in [
            ("lib.rs", "mod a; mod b; mod inner { mod c; }"),
            ("a.rs", "mod d;"),
            ("a/d.rs", "#[cfg(test)] mod gone;"),
            ("b/mod.rs", "mod e;"),
            ("b/e.rs", ""),
            ("inner/c.rs", ""),
            // What editors, systems and learners leave.
            (".#lib.rs", "unsafe"),
            ("._lib.rs", "unsafe"),
            ("scratch.rs", "unsafe"),
            ("d.rs", "unsafe"),
            ("bin/try.rs", "unsafe"),
            ("old.rs/lib.rs", "unsafe"),
        ] {
            files::create_folder(src.join(name).parent().unwrap()).unwrap();
            fs::write(src.join(name), text).unwrap();
        }
        (0..70).for_each(|number| fs::write(src.join(format!("note{number}.rs")), "unsafe").unwrap());
        let course = Course::find(Some(folder.path())).unwrap();
        let submission = Submission::new(folder.path().join("exercises/01_first"));
        let sources = Sources::read(&course, &submission, true).unwrap();
        let names: Vec<&str> = sources.files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a.rs", "a/d.rs", "b/e.rs", "b/mod.rs", "inner/c.rs", "lib.rs"]);
        assert!(sources.refused.is_empty());

        // Odd names of files and folders are not looked at either, so that no report can hold one.
        #[cfg(unix)]
        for odd in ["\n::error::x", "\u{1b}[2J", "a\u{202e}b", "##[group]", "a\u{ad}b"] {
            fs::create_dir(src.join(odd)).unwrap();
            fs::write(src.join(format!("{odd}.rs")), "unsafe").unwrap();
        }
        let sources = Sources::read(&course, &submission, true).unwrap();
        assert_eq!((sources.files.len(), sources.refused.len()), (6, 0));

        // What is reached is scanned, however it is reached.
        fs::write(src.join("b/e.rs"), "macro_rules! m { () => { mod hidden; } }\nm!();").unwrap();
        files::create_folder(&src.join("b/e")).unwrap();
        fs::write(src.join("b/e/hidden.rs"), "unsafe fn f() {}").unwrap();
        let refused = Sources::read(&course, &submission, true).unwrap().refused;
        assert_eq!(refused.len(), 1);
        assert_eq!(refused[0].file.as_deref(), Some("exercises/01_first/src/b/e/hidden.rs"));
    }
}
