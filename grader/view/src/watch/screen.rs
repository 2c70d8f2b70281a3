//! The terminal: ours while the view is open, and given back whatever ends it.

use std::{
    io::{self, Stdout, stdout},
    panic,
    sync::Mutex,
    thread,
};

use ratatui::{
    Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor,
        event::{DisableBracketedPaste, EnableBracketedPaste},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};

/// What the latest panic beside the main thread said.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

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
        self.terminal.clear()
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
    execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)
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
            if is_ending {
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
