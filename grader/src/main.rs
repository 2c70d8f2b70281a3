//! The program. What it does is in the crate `command_line`, which cargo compiles at the same time as the crates that code is
//! linked with.

use std::process::ExitCode;

fn main() -> ExitCode {
    command_line::main()
}
