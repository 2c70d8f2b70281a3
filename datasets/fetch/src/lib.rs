//! Downloads files that are known by their digests: whole or not at all, and on from where it stopped.
//!
//! What arrives goes to `NAME.part`, which gets its name when its digest is right. So a `.part` is all that a download
//! leaves behind however it ends, and the next one asks the server for the rest of it.

mod published;

pub use published::{Published, published};

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use datasets::mnist::DATA_VARIABLE;
use hmac_sha256::Hash;
pub use ureq::Proxy;
use ureq::{
    Agent, Body,
    http::Response,
    tls::{RootCerts, TlsConfig},
};

/// How often a mirror is asked for one file, as long as each answer brings it further.
const ATTEMPTS: usize = 5;

/// What is to be downloaded.
#[derive(Debug)]
pub struct Fetch<'a> {
    /// The files.
    pub files: &'a [Published],
    /// Addresses that the names are added to. The next one is asked when one does not help.
    pub mirrors: &'a [String],
    /// Where the files belong.
    pub folder: &'a Path,
    /// How long a server may be silent.
    pub patience: Duration,
    /// What stands between this network and the world.
    pub proxy: Option<Proxy>,
}

/// What happens meanwhile.
#[derive(Debug)]
pub enum Event<'a> {
    /// A file that is there is not the published one, and will be replaced.
    OtherFile(&'a Path),
    /// A server sends a file; `at` is how much of it is there already.
    Start {
        /// The file.
        file: &'a Published,
        /// Where from.
        url: &'a str,
        /// How many of its bytes are there.
        at: u64,
    },
    /// So many bytes of the file are there now.
    Bytes(u64),
    /// The file is there, and right.
    Done(&'a Published),
    /// A server did not help. It is asked again if that may bring more, or else the next one.
    Trouble {
        /// What was asked for.
        url: &'a str,
        /// What came instead.
        reason: &'a str,
    },
}

/// What was to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing: all files were there, and right.
    AlreadyThere,
    /// All files are there now.
    Fetched,
}

/// Why not all files are there. The text says what to do.
#[derive(Debug)]
pub enum Failure {
    /// Another download into the same folder is running.
    Busy(PathBuf),
    /// The folder or the disk does not let us.
    Disk {
        /// What could not be read or written.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// No mirror has given this file.
    NoMirror(Published),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(lock) => write!(
                f,
                "another download into this folder is running ({} is locked); wait until it is done",
                lock.display()
            ),
            Self::Disk { path, error } => {
                writeln!(f, "cannot write {}: {error}", path.display())?;
                match error.kind() {
                    ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => write!(
                        f,
                        "Make room and run the same command again: it goes on where it stopped. Or set {DATA_VARIABLE} \
                         to a folder on another disk."
                    ),
                    _ => write!(f, "Set {DATA_VARIABLE} to a folder that you may write to."),
                }
            }
            Self::NoMirror(file) => write!(f, "no address gave {}", file.name),
        }
    }
}

impl std::error::Error for Failure {}

/// Why one attempt at one address failed.
enum Trouble {
    /// No other address would help.
    Here(Failure),
    /// Another address may help, or the same one, if it is worth it.
    There { reason: String, again: bool },
}

impl Fetch<'_> {
    /// Downloads what is not there yet, and tells what happens.
    ///
    /// # Errors
    ///
    /// See [`Failure`]. What has arrived of a file stays, and the next call goes on from there.
    pub fn run(&self, tell: &mut dyn FnMut(Event<'_>)) -> Result<Outcome, Failure> {
        // Before anything is written: a folder that has all may well be read-only.
        if self.files.iter().all(|file| is_right(&self.folder.join(file.name), file)) {
            return Ok(Outcome::AlreadyThere);
        }
        fs::create_dir_all(self.folder).map_err(disk(self.folder))?;
        let _lock = lock(&self.folder.join(".fetch.lock"))?;
        let agent: Agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_resolve(Some(self.patience))
            .timeout_connect(Some(self.patience))
            .timeout_per_read(Some(self.patience))
            .timeout_per_write(Some(self.patience))
            .proxy(self.proxy.clone())
            // The system's certificates, and with them a school's own, if it looks into what passes its proxy.
            .tls_config(TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build())
            .user_agent(concat!("neuronlings-fetch/", env!("CARGO_PKG_VERSION")))
            .build()
            .into();
        for file in self.files {
            let path = self.folder.join(file.name);
            if is_right(&path, file) {
                continue;
            }
            if path.exists() {
                tell(Event::OtherFile(&path));
            }
            self.download(&agent, file, &path, tell)?;
            tell(Event::Done(file));
        }
        Ok(Outcome::Fetched)
    }

    fn download(
        &self,
        agent: &Agent,
        file: &Published,
        path: &Path,
        tell: &mut dyn FnMut(Event<'_>),
    ) -> Result<(), Failure> {
        let part = path.with_added_extension("part");
        for mirror in self.mirrors {
            let url = format!("{}/{}", mirror.trim_end_matches('/'), file.name);
            for _ in 0..ATTEMPTS {
                match attempt(agent, &url, file, &part, tell) {
                    Ok(()) => return fs::rename(&part, path).map_err(disk(path)),
                    Err(Trouble::Here(failure)) => return Err(failure),
                    Err(Trouble::There { reason, again }) => {
                        tell(Event::Trouble { url: &url, reason: &reason });
                        if !again {
                            break;
                        }
                    }
                }
            }
        }
        Err(Failure::NoMirror(*file))
    }
}

/// Brings what is there of `file` to its end, and holds it against its digest.
fn attempt(
    agent: &Agent,
    url: &str,
    file: &Published,
    path: &Path,
    tell: &mut dyn FnMut(Event<'_>),
) -> Result<(), Trouble> {
    let here = |error| Trouble::Here(disk(path)(error));
    let mut n_bytes = fs::metadata(path).map_or(0, |part| part.len());
    let mut began_with = n_bytes;
    if n_bytes < file.size {
        let request = agent.get(url);
        let request = if n_bytes > 0 { request.header("Range", format!("bytes={n_bytes}-")) } else { request };
        let response = request.call().map_err(|error| there(&why(&error), false))?;
        match response.status().as_u16() {
            206 if goes_on_at(&response, n_bytes) => {}
            // The whole file, although a part was asked for: not every server knows how to begin in the middle.
            200 => {
                let length = response.body().content_length();
                if length.is_some_and(|length| length != file.size) {
                    let reason =
                        "it has something else under this address; a network that wants you to log in may, too";
                    return Err(there(reason, false));
                }
                (n_bytes, began_with) = (0, 0);
            }
            // It has no such part, so what is here cannot be right.
            206 | 416 if n_bytes > 0 => {
                fs::remove_file(path).map_err(here)?;
                return Err(there("it cannot continue from what is here; starting again", true));
            }
            _ => return Err(there(&format!("it answers {}", response.status()), false)),
        }
        let mut part = OpenOptions::new().write(true).create(true).truncate(n_bytes == 0).open(path).map_err(here)?;
        part.seek(SeekFrom::Start(n_bytes)).map_err(here)?;
        tell(Event::Start { file, url, at: n_bytes });
        // A byte too many is enough to know that it is the wrong file.
        let mut body = response.into_body().into_reader().take(file.size - n_bytes + 1);
        let mut buffer = vec![0; 1 << 16];
        loop {
            let read = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(there(&why(&error.into()), n_bytes > began_with)),
            };
            part.write_all(&buffer[..read]).map_err(here)?;
            n_bytes += read as u64;
            tell(Event::Bytes(n_bytes));
        }
        // The digest says nothing of what is still on its way to the disk when the power fails.
        part.sync_all().map_err(here)?;
        if n_bytes < file.size {
            return Err(there(CUT, n_bytes > began_with));
        }
    }
    if !is_right(path, file) {
        fs::remove_file(path).map_err(here)?;
        // What was here before may be to blame, and not this server.
        return Err(there("its file has a wrong SHA-256 and was thrown away", began_with > 0));
    }
    Ok(())
}

fn there(reason: &str, again: bool) -> Trouble {
    Trouble::There { reason: reason.to_owned(), again }
}

const CUT: &str = "the connection ended too early";
const SILENT: &str = "it has been silent for too long";

fn why(error: &ureq::Error) -> String {
    match error {
        ureq::Error::HostNotFound => "no such server was found; is there a network?".to_owned(),
        ureq::Error::Timeout(_) => SILENT.to_owned(),
        ureq::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => CUT.to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        _ => error.to_string(),
    }
}

fn disk(path: &Path) -> impl Fn(io::Error) -> Failure {
    move |error| Failure::Disk { path: path.to_owned(), error }
}

/// Whether the part that was sent is the one that was asked for: `Content-Range: bytes 100-199/200`.
fn goes_on_at(response: &Response<Body>, start: u64) -> bool {
    let range = response.headers().get("Content-Range").and_then(|range| range.to_str().ok());
    range.is_some_and(|range| range.starts_with(&format!("bytes {start}-")))
}

/// The system unlocks it when this process ends, however it ends.
fn lock(path: &Path) -> Result<File, Failure> {
    let file = File::create(path).map_err(disk(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::Busy(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(disk(path)(error)),
    }
}

fn is_right(path: &Path, file: &Published) -> bool {
    File::open(path).and_then(|mut opened| sha256(&mut opened)).is_ok_and(|digest| digest == file.sha256)
}

fn sha256(file: &mut impl Read) -> io::Result<String> {
    let mut digest = Hash::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()),
            read => digest.update(&buffer[..read]),
        }
    }
}
