//! The program that `grader watch`, `lesson`, `plot`, `quiz` and `map` become: see the library.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    runner::program(|| view::run(env::args_os().skip(1)))
}
