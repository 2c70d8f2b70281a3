//! The program that `grader watch`, `lesson`, `plot`, `quiz` and `map` become: see the library.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    if let Some(failure) = runner::become_confined() {
        return failure;
    }
    view::run(env::args_os().skip(1)).unwrap_or_else(|error| report::fail(&error))
}
