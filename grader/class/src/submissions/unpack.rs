//! Archives of strangers: what is code is written below one folder, and nothing else is.

use std::{
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use anyhow::{Context, Result, anyhow, bail};
use course::files;
use zip::result::ZipError;

use super::names::strip_ending;

/// No archive of one student's code is larger, and none unpacks to more than eight times as much.
const MAX_ARCHIVE_MIB: u64 = 64;
/// A whole class may be.
const MAX_CLASS_MIB: u64 = 16 * 1024;
const MAX_ENTRIES: usize = 20_000;
/// So many names are kept of what is no code.
const MAX_NAMED: usize = 100;
/// One byte more than the sources of a submission may have, so that a longer file is refused with its own sentence.
const MAX_SOURCE: u64 = 256 * 1024 + 1;

/// How much an archive may hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// Of one student: code.
    Student,
    /// Of a class: also archives in it.
    Class,
}

impl Size {
    fn bytes(self) -> u64 {
        (match self {
            Self::Student => 8 * MAX_ARCHIVE_MIB,
            Self::Class => MAX_CLASS_MIB,
        }) << 20
    }

    fn entries(self) -> usize {
        if self == Self::Student { MAX_ENTRIES } else { 100 * MAX_ENTRIES }
    }
}

/// The kinds of archives that can be opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    Tar,
    Gzip,
}

impl Kind {
    pub(super) fn of(name: &str) -> Option<Self> {
        let kinds = [(".zip", Self::Zip), (".tar.gz", Self::Gzip), (".tgz", Self::Gzip), (".tar", Self::Tar)];
        kinds.into_iter().find_map(|(ending, kind)| strip_ending(name, ending).map(|_| kind))
    }
}

/// Unpacks what is code in the archive `path` into the empty folder `to`, and gives the names of some files that are no code. The
/// error is a sentence about the archive.
pub(super) fn unpack(path: &Path, kind: Kind, to: &Path, size: Size) -> Result<Vec<String>> {
    let file = File::open(path).context("cannot be opened")?;
    if size == Size::Student && file.metadata()?.len() > MAX_ARCHIVE_MIB << 20 {
        bail!("is larger than {MAX_ARCHIVE_MIB} MiB; an exercise needs a thousandth of that");
    }
    let mut unpacking = Unpacking::new(to, size);
    match kind {
        Kind::Zip => unpacking.zip(file)?,
        Kind::Tar => unpacking.tar(file)?,
        Kind::Gzip => unpacking.tar(flate2::read::MultiGzDecoder::new(file))?,
    }
    Ok(unpacking.others)
}

/// Unpacks what git has archived.
pub(super) fn unpack_tar(reader: impl Read, to: &Path) -> Result<Vec<String>> {
    let mut unpacking = Unpacking::new(to, Size::Student);
    unpacking.tar(reader)?;
    Ok(unpacking.others)
}

struct Unpacking<'a> {
    to: &'a Path,
    size: Size,
    entries: usize,
    bytes: u64,
    /// Some of the files of which nothing is kept.
    others: Vec<String>,
}

impl<'a> Unpacking<'a> {
    fn new(to: &'a Path, size: Size) -> Self {
        Self { to, size, entries: 0, bytes: 0, others: Vec::new() }
    }

    fn zip(&mut self, file: File) -> Result<()> {
        if file.metadata()?.len() == 0 {
            bail!("is empty: it has no bytes");
        }
        let mut archive = zip::ZipArchive::new(file)
            .map_err(|error| anyhow!("is not a zip file that can be read ({error}); was it cut off?"))?;
        for index in 0..archive.len() {
            let name = archive.name_for_index(index).and_then(Result::ok).unwrap_or_default().into_owned();
            let mut entry = archive.by_index(index).map_err(|error| match error {
                ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
                    anyhow!("holds {name} behind a password; ask for it without one, or unpack it")
                }
                error => anyhow!("holds {name}, which cannot be read ({error})"),
            })?;
            let is_plain = entry.is_file() && !entry.is_symlink();
            // Many systems write UTF-8 without saying so; what is not UTF-8 is what the first PCs had.
            let name = str::from_utf8(entry.name_raw()).map_or(name, str::to_owned);
            self.take(&name, is_plain, &mut entry)?;
        }
        Ok(())
    }

    fn tar(&mut self, reader: impl Read) -> Result<()> {
        // Also what is not kept has to be read, and may be endless.
        let mut archive = tar::Archive::new(reader.take(self.size.bytes() + 1));
        let broken = |error: io::Error| anyhow!("is not an archive that can be read ({error})");
        for entry in archive.entries().map_err(broken)? {
            let mut entry = entry.map_err(broken)?;
            let is_plain = entry.header().entry_type().is_file();
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            self.take(&name, is_plain, &mut entry)?;
        }
        Ok(())
    }

    /// Writes an entry that is an ordinary file and code, where it lies in the archive.
    fn take(&mut self, name: &str, is_plain: bool, entry: &mut impl Read) -> Result<()> {
        self.entries += 1;
        if self.entries > self.size.entries() {
            bail!("holds more than {} files; an exercise needs a handful", self.size.entries());
        }
        let Some(path) = inside(name).filter(|_| is_plain) else { return Ok(()) };
        let Some(most) = self.is_wanted(&path) else {
            if self.others.len() < MAX_NAMED && !super::is_left_by_a_system(name) {
                self.others.push(name.to_owned());
            }
            return self.mark(&path);
        };
        let path = self.to.join(path);
        files::create_folder(path.parent().unwrap_or(self.to))?;
        let mut file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        self.bytes += io::copy(&mut entry.take(most), &mut file)
            .map_err(|error| anyhow!("holds {name}, which cannot be read ({error})"))?;
        if self.bytes > self.size.bytes() {
            bail!("holds more than {} MiB of code", self.size.bytes() >> 20);
        }
        Ok(())
    }

    /// Of a file that is no code nothing is kept. In a class, the first one of each student leaves an empty file, so that a
    /// submission without code is asked about.
    fn mark(&self, path: &Path) -> Result<()> {
        let parts = path.components().filter(|part| matches!(part, Component::Normal(_)));
        if self.size == Size::Student || self.to.join(parts.take(2).collect::<PathBuf>()).exists() {
            return Ok(());
        }
        let place = self.to.join(path);
        files::create_folder(place.parent().unwrap_or(self.to))?;
        File::create(&place).map(drop).with_context(|| format!("cannot write {}", place.display()))
    }

    /// How much of a file is kept; nothing of what is no code.
    fn is_wanted(&self, path: &Path) -> Option<u64> {
        let name = path.file_name()?.to_str()?;
        if super::is_left_by_a_system(&path.to_string_lossy()) {
            return None;
        }
        if name.to_lowercase().ends_with(".rs") {
            return Some(MAX_SOURCE);
        }
        let in_class = Kind::of(name).is_some() || name.ends_with(".bundle") || name == super::gradescope::METADATA;
        (self.size == Size::Class && in_class).then_some(MAX_ARCHIVE_MIB << 20)
    }
}

/// `name` as a path that stays inside, whatever system it was made on; `None` if it would leave.
fn inside(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(name.replace('\\', "/"));
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let is_short = path.components().count() <= 16 && !name.contains(':') && !name.contains('\0');
    (is_inside && is_short).then_some(path)
}

/// A new folder for what is unpacked, gone with the value.
pub(super) fn new_folder(work: &Path) -> Result<tempfile::TempDir> {
    files::create_folder(work)?;
    tempfile::tempdir_in(work).with_context(|| format!("cannot create a folder in {}", work.display()))
}

#[cfg(test)]
mod tests {
    use std::{fs, io::Write};

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn files_in(folder: &Path) -> Vec<String> {
        let all = files::files_below(folder).unwrap();
        all.iter().map(|path| path.strip_prefix(folder).unwrap().to_string_lossy().replace('\\', "/")).collect()
    }

    #[test]
    fn nothing_leaves_the_folder_and_nothing_but_code_is_kept() {
        let work = tempfile::tempdir().unwrap();
        let [zip, tar, to] = ["a.zip", "a.tar", "deep/inside"].map(|name| work.path().join(name));
        let names =
            ["src/lib.rs", "../up.rs", "/etc/x.rs", "a\\b.rs", "notes.txt", "C:/w.rs", "in.zip", "x/../../y.rs"];
        let mut writer = ZipWriter::new(File::create(&zip).unwrap());
        for name in names {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(b"fn a() {}\n").unwrap();
        }
        writer.add_symlink("link.rs", "/etc/passwd", SimpleFileOptions::default()).unwrap();
        writer.finish().unwrap();
        let mut builder = tar::Builder::new(File::create(&tar).unwrap());
        for name in names {
            let mut header = tar::Header::new_old();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(10);
            header.set_cksum();
            builder.append(&header, &b"fn a() {}\n"[..]).unwrap();
        }
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "link.rs", "/etc/passwd").unwrap();
        builder.finish().unwrap();
        for (archive, kind) in [(&zip, Kind::Zip), (&tar, Kind::Tar)] {
            unpack(archive, kind, &to, Size::Student).unwrap();
            assert_eq!(files_in(&to), ["a/b.rs", "src/lib.rs"]);
            assert_eq!(files_in(work.path()).len(), 4);
            fs::remove_dir_all(&to).unwrap();
        }
        unpack(&zip, Kind::Zip, &to, Size::Class).unwrap();
        // In a class, what is no code leaves an empty file.
        assert_eq!(files_in(&to), ["a/b.rs", "in.zip", "notes.txt", "src/lib.rs"]);
        assert_eq!(fs::read(to.join("notes.txt")).unwrap(), b"");
        assert!(unpack(&tar, Kind::Zip, &to, Size::Student).unwrap_err().to_string().contains("not a zip file"));
    }

    proptest::proptest! {
        /// Fuzzing: whatever an archive is and calls its files, nothing is written outside.
        #[test]
        fn no_name_and_no_bytes_lead_outside(
            name in "(\\.\\./|/|[a-z]{1,3}/|\\\\|\\.|:|\\PC){0,6}(\\.rs)?",
            bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300),
        ) {
            if let Some(path) = inside(&name) {
                let joined = Path::new("/to").join(path);
                let parts: Vec<Component<'_>> = joined.components().collect();
                proptest::prop_assert!(joined.starts_with("/to") && !parts.contains(&Component::ParentDir), "{:?}", joined);
            }
            let work = tempfile::tempdir().unwrap();
            let archive = work.path().join("archive");
            fs::write(&archive, bytes).unwrap();
            for kind in [Kind::Zip, Kind::Tar, Kind::Gzip] {
                let _ = unpack(&archive, kind, &work.path().join("to"), Size::Student);
            }
            let outside = files_in(work.path()).into_iter().filter(|name| !name.starts_with("to/")).count();
            proptest::prop_assert_eq!(outside, 1);
        }
    }

    #[test]
    fn a_small_archive_with_much_in_it_is_cut_short() {
        let work = tempfile::tempdir().unwrap();
        let path = work.path().join("bomb.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        writer.start_file("src/lib.rs", SimpleFileOptions::default()).unwrap();
        let zeros = vec![b' '; 1 << 20];
        (0..64).for_each(|_| writer.write_all(&zeros).unwrap());
        writer.finish().unwrap();
        let to = work.path().join("to");
        unpack(&path, Kind::Zip, &to, Size::Student).unwrap();
        assert_eq!(fs::metadata(to.join("src/lib.rs")).unwrap().len(), MAX_SOURCE);
    }
}
