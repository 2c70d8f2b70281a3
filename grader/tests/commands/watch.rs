//! The terminal that the full-screen view has taken is given back, whatever ends it.

use std::{
    fs::File,
    io::{Read, Write},
    os::{fd::OwnedFd, unix::process::CommandExt},
    process::Stdio,
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use crate::common::grader;
use nix::{
    pty::{Winsize, openpty},
    sys::{
        signal::{Signal, kill},
        termios::{Termios, tcgetattr},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

const ENTER: &str = "\x1b[?1049h";
const LEAVE: &str = "\x1b[?1049l";
const PASTES_ARE_TOLD: &str = "\x1b[?2004h";
const PASTES_ARE_KEYS: &str = "\x1b[?2004l";
const CURSOR: &str = "\x1b[?25h";

/// `grader watch 3` in a terminal of its own.
struct Watch {
    view: Pid,
    keyboard: File,
    terminal: OwnedFd,
    mode: Termios,
    screen: Arc<Mutex<String>>,
}

impl Watch {
    #[expect(clippy::zombie_processes, reason = "`wait` does, and is also told when it stops")]
    fn start() -> Self {
        let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
        let pair = openpty(Some(&size), None).unwrap();
        let mode = tcgetattr(&pair.slave).unwrap();
        let side = || Stdio::from(pair.slave.try_clone().unwrap());
        let mut command = grader();
        command.args(["watch", "3"]).env("TERM", "xterm-256color").stdin(side()).stdout(side()).stderr(side());
        // A group of its own, as a shell makes it: Ctrl-Z stops all of it.
        let child = command.process_group(0).spawn().unwrap();
        let mut output = File::from(pair.master.try_clone().unwrap());
        let screen = Arc::new(Mutex::new(String::new()));
        thread::spawn({
            let screen = screen.clone();
            move || {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = output.read(&mut buffer) {
                    *screen.lock().unwrap() += &String::from_utf8_lossy(&buffer[..count]);
                }
            }
        });
        let view = Pid::from_raw(child.id().try_into().unwrap());
        let watch = Self { view, keyboard: File::from(pair.master), terminal: pair.slave, mode, screen };
        watch.until("it takes the terminal", |screen| screen.contains(ENTER) && screen.contains("course:"));
        watch
    }

    /// Waits until the screen is so, which takes long where the view has to be compiled first.
    fn until(&self, what: &str, is_so: impl Fn(&str) -> bool) {
        let patience = Instant::now() + Duration::from_secs(400);
        while !is_so(&self.screen.lock().unwrap()) {
            assert!(Instant::now() < patience, "{what}: {:?}", self.screen.lock().unwrap());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn type_keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// How the view ends or stops.
    fn wait(&self) -> WaitStatus {
        let patience = Instant::now() + Duration::from_secs(60);
        loop {
            match waitpid(self.view, Some(WaitPidFlag::WNOHANG | WaitPidFlag::WUNTRACED)).unwrap() {
                WaitStatus::StillAlive if Instant::now() < patience => thread::sleep(Duration::from_millis(20)),
                status => return status,
            }
        }
    }

    /// The terminal is as it was before the view had it.
    fn is_given_back(&self) {
        self.until("it is given back", |screen| {
            let last = |sequence: &str| screen.rfind(sequence);
            last(LEAVE) > last(ENTER) && last(PASTES_ARE_KEYS) > last(PASTES_ARE_TOLD) && last(CURSOR) > last(ENTER)
        });
        let now = tcgetattr(&self.terminal).unwrap();
        assert!(now.local_flags == self.mode.local_flags && now.input_flags == self.mode.input_flags);
    }
}

#[test]
fn a_signal_gives_the_terminal_back_and_is_passed_on() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT] {
        let watch = Watch::start();
        assert!(tcgetattr(&watch.terminal).unwrap().local_flags != watch.mode.local_flags, "the view has it");
        kill(watch.view, signal).unwrap();
        let status = watch.wait();
        assert!(matches!(status, WaitStatus::Signaled(_, by, _) if by == signal), "{signal}: {status:?}");
        watch.is_given_back();
    }
}

#[test]
fn ctrl_z_stops_it_fg_brings_it_back_and_what_is_pasted_is_no_command() {
    let mut watch = Watch::start();
    watch.type_keys("\x1a");
    let status = watch.wait();
    assert!(matches!(status, WaitStatus::Stopped(_, Signal::SIGTSTP)), "{status:?}");
    watch.is_given_back();

    kill(watch.view, Signal::SIGCONT).unwrap();
    watch.until("it takes the terminal again", |screen| {
        let behind = screen.rsplit(LEAVE).next().unwrap();
        behind.contains(ENTER) && behind.contains("course:")
    });
    watch.type_keys("\x1b[200~q\x1b[201~");
    thread::sleep(Duration::from_millis(500));
    let status = waitpid(watch.view, Some(WaitPidFlag::WNOHANG)).unwrap();
    assert_eq!(status, WaitStatus::StillAlive, "a pasted q does not quit");

    watch.type_keys("q");
    assert_eq!(watch.wait(), WaitStatus::Exited(watch.view, 0));
    watch.is_given_back();
}
