//! `fetch NAME` downloads a data set into the learner's data folder and shows how far it is.
//!
//! Exit codes: 0 it is there, 2 there is no set of that name, 3 it could not be fetched.

use std::{env, process::ExitCode, time::Duration};

use datasets::mnist::{self, Which};
use fetch::{Event, Failure, Fetch, Outcome, Proxy, published};
use indicatif::{HumanBytes, ProgressBar, ProgressStyle};

/// The environment variable with the address of a mirror, which replaces the usual ones. It has the files in folders,
/// as they lie here: `ADDRESS/mnist/train-images-idx3-ubyte.gz`.
const MIRROR_VARIABLE: &str = "NEURONLINGS_MIRROR";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let named = |which: &Which| arguments == [which.name()];
    let Some(which) = Which::ALL.into_iter().find(named) else {
        eprintln!("usage: fetch NAME; NAME is {}", Which::ALL.map(Which::name).join(" or "));
        return ExitCode::from(2);
    };
    match run(which) {
        Ok(said) => {
            println!("{said}");
            ExitCode::SUCCESS
        }
        Err(said) => {
            eprintln!("{said}");
            ExitCode::from(3)
        }
    }
}

fn run(which: Which) -> Result<String, String> {
    let folder = mnist::folder(which).map_err(|error| error.to_string())?;
    // What was put there by hand may be unpacked, or lie in the folder around it.
    let is_packed_here = mnist::FILES.iter().any(|file| folder.join(file).exists());
    if !is_packed_here && mnist::load(which).is_ok() {
        return Ok(format!("{which} is there already, and can be read:{}", found(which)));
    }
    let mirrors = match env::var(MIRROR_VARIABLE) {
        Ok(mirror) if !mirror.is_empty() => vec![format!("{}/{}", mirror.trim_end_matches('/'), which.name())],
        _ => which.mirrors().map(str::to_owned).to_vec(),
    };
    let files = published(which);
    let patience = Duration::from_secs(30);
    let fetch = Fetch { files: &files, mirrors: &mirrors, folder: &folder, patience, proxy: Proxy::try_from_env() };
    let bar = bar();
    let result = fetch.run(&mut |event| show(&bar, &event));
    bar.finish_and_clear();
    match result {
        Ok(Outcome::AlreadyThere) => Ok(format!("{which} is there already, and right: {}", folder.display())),
        Ok(Outcome::Fetched) => Ok(format!("{which} is in {}", folder.display())),
        Err(failure @ Failure::NoMirror(_)) => Err(format!(
            "{failure}. What has arrived is kept: the same command goes on from there.\n\n\
             Behind a proxy, set HTTPS_PROXY to its address, such as http://proxy.school.example:3128, and try again.\n\
             If there is a copy in your network, set {MIRROR_VARIABLE} to its address; it has the files in {}/.\n\n{}",
            which.name(),
            which.by_hand()
        )),
        Err(failure) => Err(failure.to_string()),
    }
}

/// The files of a data set that are there, each in a line of its own.
fn found(which: Which) -> String {
    let paths = mnist::places(which).into_iter().filter(|path| path.exists());
    paths.map(|path| format!("\n  {}", path.display())).collect()
}

/// In a pipe it stays hidden.
fn bar() -> ProgressBar {
    const LINE: &str =
        "  {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left (Ctrl-C stops, and the next time goes on)";
    // Without a size there is nothing to show yet.
    let bar = ProgressBar::no_length();
    bar.set_style(ProgressStyle::with_template(LINE).expect("the line is a template"));
    bar
}

fn show(bar: &ProgressBar, event: &Event<'_>) {
    let say = |line: String| bar.suspend(|| eprintln!("{line}"));
    match event {
        Event::OtherFile(path) => say(format!("{} is not the published file, and will be replaced", path.display())),
        Event::Start { file, url, at } => {
            let size = HumanBytes(file.size);
            match at {
                0 => say(format!("{url} ({size})")),
                _ => say(format!("{url} ({size}), on from {}", HumanBytes(*at))),
            }
            bar.set_length(file.size);
            bar.set_position(*at);
            bar.reset_eta();
        }
        Event::Bytes(n_bytes) => bar.set_position(*n_bytes),
        Event::Done(file) => say(format!("{} is there, and its SHA-256 is right", file.name)),
        Event::Trouble { url, reason } => say(format!("{url}: {reason}")),
    }
}
