//! The terminal: ours while the view is open, and given back whatever ends it.

use std::{
    io::{self, Stdout, stdout},
    panic,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor,
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute,
        terminal::{Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};

/// What the latest panic beside the main thread said.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Whether something else than the view has the terminal for now.
static IS_LENT: AtomicBool = AtomicBool::new(false);

/// The terminal as a screen to draw on. Dropped, it is a terminal again.
pub(super) struct Screen {
    pub(super) terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn take() -> io::Result<Self> {
        let main = thread::current().id();
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == main {
                give_back();
                before(panic);
            } else if let Ok(mut said) = PANIC.lock() {
                // The view goes on, and tells of it in its own way.
                *said = Some(panic.to_string());
            }
        }));
        enter().inspect_err(|_| give_back())?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(stdout())).inspect_err(|_| give_back())? })
    }

    /// Takes the terminal again, which the shell has used meanwhile.
    pub(super) fn retake(&mut self) -> io::Result<()> {
        // It is taken to be in the mode in which we left it, so it is left first.
        give_back();
        enter()?;
        // A new one knows nothing of what was drawn, and draws all. (To clear the old one would ask the terminal where
        // its cursor is, and the answer would arrive among the keys.)
        self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }

    /// What `work` comes to, which has the terminal meanwhile. A signal that ends programs takes effect at once.
    pub(super) fn lend<T>(&mut self, work: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        IS_LENT.store(true, Ordering::Relaxed);
        let come = work();
        IS_LENT.store(false, Ordering::Relaxed);
        self.retake()?;
        Ok(come)
    }

    /// Stops this program and its children, as Ctrl-Z does elsewhere, until `fg` lets it go on.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        use nix::{
            sys::signal::{Signal, kill},
            unistd::Pid,
        };
        give_back();
        // All of the foreground: a script that has started the view stops with it.
        kill(Pid::from_raw(0), Signal::SIGTSTP)?;
        // The signal may take a moment to arrive. Where there is no shell to come back from, nothing stops.
        thread::sleep(std::time::Duration::from_millis(50));
        self.retake()
    }

    /// There is no Ctrl-Z here.
    #[cfg(not(unix))]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        self.retake()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide, Clear(ClearType::All))
}

/// Gives the terminal back. Where it is gone already, there is nothing to give back.
fn give_back() {
    let _ = execute!(stdout(), DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

/// What a panic beside the main thread has said since this was last asked.
pub(super) fn take_panic() -> Option<String> {
    PANIC.lock().ok()?.take()
}

/// Hands on the signals that end a program, and the one with which it goes on after it was stopped. The second one that
/// ends it takes effect at once.
#[cfg(unix)]
pub(super) fn read_signals(hand_on: impl Fn(Signal) + Send + 'static) -> io::Result<()> {
    use signal_hook::{
        consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM},
        iterator::Signals,
    };
    let mut signals = Signals::new([SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    thread::spawn(move || {
        let mut is_ending = false;
        for signal in signals.forever() {
            if signal == SIGCONT {
                hand_on(Signal::GoesOn);
                continue;
            }
            if is_ending || IS_LENT.load(Ordering::Relaxed) {
                give_back();
                end_by(signal);
            }
            is_ending = true;
            hand_on(Signal::Ends(signal));
        }
    });
    Ok(())
}

#[cfg(not(unix))]
pub(super) fn read_signals(_: impl Fn(Signal) + Send + 'static) -> io::Result<()> {
    Ok(())
}

/// Ends this program as `signal` does, so that whatever started it can tell.
#[cfg(unix)]
pub(super) fn end_by(signal: i32) {
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

#[cfg(not(unix))]
pub(super) fn end_by(_: i32) {}

/// A signal of the system's.
#[cfg_attr(not(unix), expect(dead_code, reason = "there are none"))]
pub(super) enum Signal {
    /// It went on after it was stopped.
    GoesOn,
    /// It ends, by the signal of this number.
    Ends(i32),
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        env,
        fs::File,
        io::Read,
        process::{Command, Stdio},
    };

    use nix::{pty::openpty, sys::termios::tcgetattr};

    use super::*;

    /// Set where this test runs in a terminal of its own, and panics there.
    const PANICS: &str = "NEURONLINGS_TEST_PANICS";

    #[test]
    fn a_panic_gives_the_terminal_back_and_one_beside_the_view_leaves_it_alone() {
        if env::var_os(PANICS).is_some() {
            let _screen = Screen::take().unwrap();
            assert!(thread::spawn(|| panic!("beside the view")).join().is_err());
            let said = take_panic().unwrap();
            print!("[view goes on: {}]", said.contains("beside the view"));
            panic!("in the view");
        }
        let pair = openpty(None, None).unwrap();
        let before = tcgetattr(&pair.slave).unwrap();
        let side = || Stdio::from(pair.slave.try_clone().unwrap());
        let name = thread::current().name().unwrap().to_owned();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", &name, "--nocapture"])
            .env(PANICS, "1")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .unwrap();
        let mut output = File::from(pair.master);
        let reader = thread::spawn(move || {
            let (mut text, mut buffer) = (Vec::new(), [0; 4096]);
            while !String::from_utf8_lossy(&text).contains("test result") {
                let Ok(count @ 1..) = output.read(&mut buffer) else { break };
                text.extend_from_slice(&buffer[..count]);
            }
            // Until it is dropped, the terminal keeps its mode.
            (String::from_utf8_lossy(&text).into_owned(), output)
        });
        assert!(!child.wait().unwrap().success());
        let (text, _output) = reader.join().unwrap();
        let at = |part: &str| text.find(part).unwrap_or_else(|| panic!("{part:?} is not in {text:?}"));
        assert!(at("\x1b[?1049h") < at("[view goes on: true]"));
        assert!(at("[view goes on: true]") < at("\x1b[?1049l"), "the first panic did not give it back");
        assert!(at("\x1b[?2004l") < at("in the view"), "what the panic says is on the learner's own screen: {text:?}");
        let now = tcgetattr(&pair.slave).unwrap();
        assert!(now.local_flags == before.local_flags && now.input_flags == before.input_flags);
    }
}
