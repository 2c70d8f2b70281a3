//! Downloads from a server on this computer that does everything a server may do.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use fetch::{Event, Failure, Fetch, Outcome, Published};
use hmac_sha256::Hash;
use tempfile::TempDir;

/// What the server does with a request.
#[derive(Clone, Copy, Debug)]
enum Answer {
    /// Sends what was asked for.
    Right,
    /// Sends the whole file, whatever was asked for.
    Whole,
    /// Closes the connection after so many bytes.
    Cut(usize),
    /// Sends so many bytes and then nothing, without closing the connection.
    Silence(usize),
    /// Sends a file of the right length, with one other byte.
    Wrong,
    /// Does not say how long the file is, and does not stop where it should.
    Endless,
    /// Sends a page.
    Page,
    /// Knows no such file.
    NotFound,
    /// Sends another part than the one that was asked for.
    OtherPart,
    /// Sends a file that takes minutes.
    Trickle,
}

/// Gives the first request the first answer, and so on; the last one again and again.
struct Server {
    address: String,
    /// Path and range of every request.
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(answers: &[Answer]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let requests = Arc::default();
        let (answers, log) = (answers.to_vec(), Arc::clone(&requests));
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let answer = answers[number.min(answers.len() - 1)];
                let log: Arc<Mutex<Vec<String>>> = Arc::clone(&log);
                // A client that goes away is no concern of the server's.
                thread::spawn(move || serve(stream.ok()?, answer, &log).ok());
            }
        });
        Self { address, requests }
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no request panicked").clone()
    }
}

fn serve(mut stream: TcpStream, answer: Answer, log: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let mut head = Vec::new();
    for line in BufReader::new(&stream).lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let path = head[0].split(' ').nth(1).unwrap_or_default().to_owned();
    let range = head.iter().find_map(|line| line.to_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
    let start = range.as_ref().and_then(|range| range.trim_end_matches('-').parse().ok()).unwrap_or(0);
    log.lock().expect("no request panicked").push(path + &range.map(|range| format!(" {range}")).unwrap_or_default());

    let contents = contents();
    let total = contents.len();
    let part = &contents[start..];
    let partial =
        |at: usize| format!("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {at}-{}/{total}", total - 1);
    let ok = || "HTTP/1.1 200 OK".to_owned();
    let status = if start > 0 { partial(start) } else { ok() };
    let mut send = |status: String, length: usize, body: &[u8]| {
        write!(stream, "{status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
        stream.write_all(body)
    };
    match answer {
        Answer::Right => send(status, part.len(), part),
        Answer::Whole => send(ok(), total, &contents),
        Answer::Cut(n) => send(status, part.len(), &part[..n.min(part.len())]),
        Answer::Silence(n) => {
            send(status, part.len(), &part[..n])?;
            thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Answer::Wrong => {
            let mut wrong = contents.clone();
            wrong[total / 2] ^= 1;
            send(status, part.len(), &wrong[start..])
        }
        Answer::Endless => {
            write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                stream.write_all(&contents)?;
            }
        }
        Answer::Page => send(ok(), 12, b"Please login"),
        Answer::NotFound => send("HTTP/1.1 404 Not Found".to_owned(), 0, b""),
        Answer::OtherPart => send(partial(start + 1), part.len() - 1, &part[1..]),
        Answer::Trickle => {
            let (header, n) = if start > 0 { (partial(start), MNIST_SIZE - start) } else { (ok(), MNIST_SIZE) };
            send(header, n, b"")?;
            loop {
                stream.write_all(&[0; 1000])?;
                thread::sleep(Duration::from_millis(5));
            }
        }
    }
}

/// Of the first file of MNIST.
const MNIST_SIZE: usize = 9_912_422;

/// Of the file that the server has.
fn contents() -> Vec<u8> {
    (0..300_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn file() -> Published {
    let digest: String = Hash::hash(&contents()).iter().map(|byte| format!("{byte:02x}")).collect();
    Published { name: "file.gz", size: contents().len() as u64, sha256: digest.leak() }
}

struct Download {
    folder: TempDir,
}

impl Download {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// With so many bytes there already.
    fn begun(n_bytes: usize) -> Self {
        let download = Self::new();
        fs::write(download.part(), &contents()[..n_bytes]).expect("a writable folder");
        download
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("file.gz")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("file.gz.part")
    }

    fn fetch(&self, mirrors: &[&Server]) -> (Result<Outcome, Failure>, Vec<String>) {
        let mirrors: Vec<String> = mirrors.iter().map(|server| server.address.clone()).collect();
        let mut said = Vec::new();
        let fetch = Fetch {
            files: &[file()],
            mirrors: &mirrors,
            folder: self.folder.path(),
            patience: Duration::from_millis(500),
            proxy: None,
        };
        let result = fetch.run(&mut |event| match event {
            Event::Trouble { reason, .. } => said.push(reason.to_owned()),
            Event::OtherFile(_) => said.push("another file".to_owned()),
            Event::Start { .. } | Event::Bytes(_) | Event::Done(_) => {}
        });
        (result, said)
    }

    /// Says what went wrong on the way.
    #[track_caller]
    fn succeeds(&self, mirrors: &[&Server]) -> Vec<String> {
        let (result, said) = self.fetch(mirrors);
        assert!(matches!(result, Ok(Outcome::Fetched)), "{result:?} {said:?}");
        assert_eq!(fs::read(self.path()).expect("the file"), contents());
        assert!(!self.part().exists());
        said
    }

    /// Says why, and how many bytes are kept.
    #[track_caller]
    fn fails(&self, mirrors: &[&Server]) -> (Vec<String>, u64) {
        let (result, said) = self.fetch(mirrors);
        assert!(matches!(result, Err(Failure::NoMirror(_))), "{result:?} {said:?}");
        assert!(!self.path().exists(), "half a file must not have the name of a whole one");
        (said, fs::metadata(self.part()).map_or(0, |part| part.len()))
    }
}

#[test]
fn a_file_is_downloaded_once() {
    let (server, download) = (Server::new(&[Answer::Right]), Download::new());
    assert!(download.succeeds(&[&server]).is_empty());
    assert!(matches!(download.fetch(&[&server]).0, Ok(Outcome::AlreadyThere)));
    assert_eq!(server.requests(), ["/file.gz"]);
}

#[test]
fn a_download_goes_on_where_it_stopped() {
    let (server, download) = (Server::new(&[Answer::Right]), Download::begun(123_456));
    assert!(download.succeeds(&[&server]).is_empty());
    assert_eq!(server.requests(), ["/file.gz 123456-"]);
}

#[test]
fn a_server_that_cannot_begin_in_the_middle_sends_all() {
    let (server, download) = (Server::new(&[Answer::Whole]), Download::begun(123_456));
    assert!(download.succeeds(&[&server]).is_empty());
    assert_eq!(server.requests(), ["/file.gz 123456-"]);
}

#[test]
fn a_connection_that_is_cut_is_taken_up_again() {
    let (server, download) = (Server::new(&[Answer::Cut(1000), Answer::Cut(50_000), Answer::Right]), Download::new());
    let said = download.succeeds(&[&server]);
    assert_eq!(said, ["the connection ended too early", "the connection ended too early"]);
    assert_eq!(server.requests(), ["/file.gz", "/file.gz 1000-", "/file.gz 51000-"]);
}

#[test]
fn the_next_mirror_goes_on_where_the_first_one_stopped() {
    let (first, second) = (Server::new(&[Answer::Cut(1000), Answer::NotFound]), Server::new(&[Answer::Right]));
    let said = Download::new().succeeds(&[&first, &second]);
    assert_eq!(said, ["the connection ended too early", "it answers 404 Not Found"]);
    assert_eq!(second.requests(), ["/file.gz 1000-"]);
}

#[test]
fn a_silent_server_is_not_waited_for() {
    let (first, second) = (Server::new(&[Answer::Silence(5000), Answer::Silence(0)]), Server::new(&[Answer::Right]));
    let said = Download::new().succeeds(&[&first, &second]);
    assert_eq!(said, ["it has been silent for too long", "it has been silent for too long"]);
    assert_eq!(second.requests(), ["/file.gz 5000-"]);
}

#[test]
fn a_wrong_file_is_thrown_away_and_the_next_mirror_asked() {
    let (first, second) = (Server::new(&[Answer::Wrong]), Server::new(&[Answer::Right]));
    let said = Download::new().succeeds(&[&first, &second]);
    assert_eq!(said, ["its file has a wrong SHA-256 and was thrown away"]);
    assert_eq!(second.requests(), ["/file.gz"]);
    let (said, kept) = Download::new().fails(&[&first]);
    assert_eq!((said.len(), kept), (1, 0));
}

#[test]
fn what_was_there_may_be_what_is_wrong() {
    let (server, download) = (Server::new(&[Answer::Right]), Download::new());
    for wrong in [&[7; 100][..], &[7; 300_000], &[7; 400_000]] {
        fs::write(download.part(), wrong).expect("a writable folder");
        download.succeeds(&[&server]);
        fs::remove_file(download.path()).expect("the file");
    }
    let requests = server.requests();
    assert_eq!(requests, ["/file.gz 100-", "/file.gz", "/file.gz", "/file.gz"]);
}

#[test]
fn another_part_than_the_one_asked_for_is_not_taken() {
    let (server, download) = (Server::new(&[Answer::OtherPart, Answer::Right]), Download::begun(50));
    assert_eq!(download.succeeds(&[&server]), ["it cannot continue from what is here; starting again"]);
}

#[test]
fn a_page_to_log_in_is_no_file_and_takes_nothing_away() {
    let download = Download::begun(50);
    let (said, kept) = download.fails(&[&Server::new(&[Answer::Page])]);
    assert!(said[0].contains("log in"), "{said:?}");
    assert_eq!(kept, 50);
}

#[test]
fn no_more_is_taken_than_the_file_has() {
    let download = Download::new();
    let (said, kept) = download.fails(&[&Server::new(&[Answer::Endless])]);
    assert_eq!((said, kept), (vec!["its file has a wrong SHA-256 and was thrown away".to_owned()], 0));
}

#[test]
fn a_server_that_never_gets_further_is_given_up() {
    let (server, download) = (Server::new(&[Answer::Cut(10)]), Download::new());
    let (said, kept) = download.fails(&[&server]);
    assert_eq!((said.len(), kept), (5, 50));
    assert_eq!(Download::new().fails(&[&Server::new(&[Answer::NotFound])]).0, ["it answers 404 Not Found"]);
}

#[test]
fn an_address_where_nothing_listens_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let nobody = Server { address, requests: Arc::default() };
    assert!(Download::new().fails(&[&nobody]).0[0].contains("refused"));
    Download::new().succeeds(&[&nobody, &Server::new(&[Answer::Right])]);
}

#[test]
fn another_file_of_that_name_is_replaced_once_the_right_one_is_there() {
    let download = Download::new();
    fs::write(download.path(), "another").expect("a writable folder");
    let (result, _) = download.fetch(&[&Server::new(&[Answer::Cut(10)])]);
    assert!(matches!(result, Err(Failure::NoMirror(_))));
    assert_eq!(fs::read(download.path()).expect("the file"), b"another");
    assert_eq!(download.succeeds(&[&Server::new(&[Answer::Right])]), ["another file"]);
}

#[test]
fn a_folder_that_cannot_be_is_told_with_what_to_do() {
    let download = Download::new();
    fs::write(download.path(), contents()).expect("a writable folder");
    // A file is where the folder should be, which no system allows, not even to root.
    let fetch = Fetch {
        files: &[file()],
        mirrors: &[],
        folder: &download.path(),
        patience: Duration::from_secs(1),
        proxy: None,
    };
    let failure = fetch.run(&mut |_| {}).expect_err("no folder").to_string();
    assert!(failure.starts_with("cannot write "), "{failure}");
    assert!(failure.contains("Set NEURONLINGS_DATA to a folder that you may write to"), "{failure}");
}

/// The program, with the data folder and the mirror of a test.
fn program(arguments: &[&str], folder: &Path, mirror: &Server) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_fetch"));
    program.args(arguments).env("NEURONLINGS_DATA", folder).env("NEURONLINGS_MIRROR", &mirror.address);
    for proxy in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"] {
        program.env_remove(proxy).env_remove(proxy.to_lowercase());
    }
    program
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_program_that_is_killed_leaves_no_half_file_and_goes_on_the_next_time() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::new(&[Answer::Trickle, Answer::Cut(0)]);
    let file = folder.path().join("mnist/train-images-idx3-ubyte.gz");
    let part = file.with_added_extension("part");

    let mut first = program(&["mnist"], folder.path(), &server).spawn().expect("the program runs");
    let start = Instant::now();
    while fs::metadata(&part).map_or(0, |part| part.len()) < 5000 {
        assert!(start.elapsed() < Duration::from_secs(30), "nothing arrives");
        thread::sleep(Duration::from_millis(5));
    }
    let second = program(&["mnist"], folder.path(), &server).output().expect("the program runs");
    assert_eq!(second.status.code(), Some(3));
    assert!(stderr(&second).contains("another download into this folder is running"), "{}", stderr(&second));

    first.kill().expect("it is still running");
    first.wait().expect("it has ended");
    assert!(!file.exists());
    let kept = fs::metadata(&part).expect("what has arrived").len();

    let third = program(&["mnist"], folder.path(), &server).output().expect("the program runs");
    assert_eq!(third.status.code(), Some(3));
    assert_eq!(server.requests()[1], format!("/mnist/train-images-idx3-ubyte.gz {kept}-"));
}

#[test]
fn whoever_has_no_network_is_told_what_to_do_in_plain_lines() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = program(&["fashion-mnist"], folder.path(), &Server::new(&[Answer::NotFound])).output().expect("a run");
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    for part in [
        "no address gave train-images-idx3-ubyte.gz",
        "HTTPS_PROXY",
        "NEURONLINGS_MIRROR",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/t10k-labels-idx1-ubyte.gz",
        &folder.path().join("fashion-mnist").to_string_lossy(),
    ] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains(['\r', '\x1b']), "{said:?}");
}

#[test]
fn files_that_were_put_there_by_hand_are_not_downloaded_again() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // Images and labels of zeros, unpacked, in the folder for all data sets.
    let write = |name: &str, header: &[u32], size: u64| {
        let mut file = fs::File::create(folder.path().join(name)).expect("a writable folder");
        let header: Vec<u8> = header.iter().flat_map(|number| number.to_be_bytes()).collect();
        file.write_all(&header).expect("a writable file");
        file.set_len(header.len() as u64 + size).expect("a disk with room");
    };
    for (name, n) in [("train", 60_000), ("t10k", 10_000)] {
        write(&format!("{name}-images-idx3-ubyte"), &[0x803, n, 28, 28], u64::from(n) * 28 * 28);
        write(&format!("{name}-labels-idx1-ubyte"), &[0x801, n], u64::from(n));
    }
    let server = Server::new(&[Answer::NotFound]);
    let output = program(&["mnist"], folder.path(), &server).output().expect("the program runs");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = String::from_utf8_lossy(&output.stdout);
    let file = folder.path().join("t10k-labels-idx1-ubyte");
    assert!(said.contains("is there already") && said.contains(&*file.to_string_lossy()), "{said}");
    assert!(server.requests().is_empty() && !folder.path().join("mnist").exists());
}

#[test]
fn a_name_that_there_is_not_is_wrong_usage() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let server = Server::new(&[Answer::NotFound]);
    for arguments in [&[][..], &["cifar"], &["mnist", "mnist"]] {
        let output = program(arguments, folder.path(), &server).output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains("mnist or fashion-mnist"));
    }
}
