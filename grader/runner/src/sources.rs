//! The source files of a submission: read once, without following links, and no more than a learner writes.
//!
//! What is scanned, compiled and digested are these bytes, so nobody can exchange a file in between.

use std::{
    fs::{self, File, OpenOptions},
    io::Read,
    path::{Path, PathBuf},
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
const MAX_DEPTH: usize = 8;
/// Entries of folders that are looked at, whatever they are.
const MAX_ENTRIES: usize = 1024;

/// Refusals beyond this are not reported: whoever mends the first ones sees the next.
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
    /// The `.rs` files of `submission`; `gated` if their contents are to be scanned as well.
    pub fn read(course: &Course, submission: &Submission, gated: bool) -> Result<Self> {
        let mut sources = Self { files: Vec::new(), label: submission.label(course), refused: Vec::new() };
        sources.collect(&submission.folder.join("src"), "", &mut 0)?;
        sources.files.sort();
        if sources.refused.is_empty() && sources.files.iter().all(|(name, _)| name != "lib.rs") {
            sources.refuse("lib.rs", "is not there; that is the file which is graded");
        }
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

    fn collect(&mut self, folder: &Path, prefix: &str, seen: &mut usize) -> Result<()> {
        let is_folder = fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir());
        if !is_folder || prefix.matches('/').count() > MAX_DEPTH {
            let what = if is_folder { "lies too deep" } else { "is not a folder" };
            self.refuse(prefix, &format!("{what}; put your files into src itself"));
            return Ok(());
        }
        let entries = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in entries.take(MAX_ENTRIES + 1) {
            paths.push(entry.with_context(|| format!("cannot read the folder {}", folder.display()))?.path());
        }
        paths.sort();
        for path in paths {
            *seen += 1;
            if *seen > MAX_ENTRIES || self.files.len() >= MAX_FILES {
                self.refuse(prefix, &format!("holds too much: {MAX_FILES} files are enough for an exercise"));
                return Ok(());
            }
            let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
            let kind = fs::symlink_metadata(&path).map(|metadata| metadata.file_type());
            let is_folder = kind.is_ok_and(|kind| kind.is_dir());
            let is_source = name.ends_with(".rs");
            if !is_source && !is_folder {
                continue;
            }
            if name.contains(['=', '\\']) || sanitise::clean_line(name) != name {
                let what = if is_source { "file" } else { "folder" };
                self.refuse(prefix, &format!("holds a {what} whose name has odd characters; give it an ordinary name"));
                continue;
            }
            let full = format!("{prefix}{name}");
            if !is_source {
                self.collect(&path, &format!("{full}/"), seen)?;
                continue;
            }
            match read(&path) {
                Ok(text) => self.files.push((full, text)),
                Err(what) => self.refuse(&full, &what),
            }
        }
        Ok(())
    }

    fn refuse(&mut self, name: &str, what: &str) {
        let file = self.path(name).trim_end_matches('/').to_owned();
        let message = format!("{file} {what}");
        let rendered = format!("error: {message}\n");
        self.refused.push(Diagnostic::error(message, rendered, Some(file), None));
    }
}

/// The contents of a regular file; the error ends a sentence that begins with its name.
fn read(path: &Path) -> Result<String, String> {
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn no_odd_name_of_a_file_or_folder_is_told() {
        let course = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("tests/other_course");
        let course = Course::find(Some(&course)).unwrap();
        for odd in ["\n::error::x", "\u{1b}[2J", "a\u{202e}b", "##[group]", "a\u{ad}b", "\n::error::x.rs", "a\tb.rs"] {
            let folder = tempfile::tempdir().unwrap();
            let src = folder.path().join("handed in/src");
            fs::create_dir_all(&src).unwrap();
            fs::write(src.join("lib.rs"), "").unwrap();
            let is_file = odd.ends_with(".rs");
            let path = src.join(odd);
            if is_file {
                fs::write(&path, "").unwrap()
            } else {
                fs::create_dir(&path).unwrap()
            }
            let submission = Submission::new(folder.path().join("handed in"));
            let sources = Sources::read(&course, &submission, true).unwrap();
            let messages: Vec<&str> = sources.refused.iter().map(|refusal| refusal.message.as_str()).collect();
            let what = if is_file { "file" } else { "folder" };
            let told = format!("handed in/src holds a {what} whose name has odd characters; give it an ordinary name");
            assert_eq!(messages, [told], "{odd:?}");
            assert_eq!(sources.paths(), ["handed in/src/lib.rs"]);
        }
    }
}
