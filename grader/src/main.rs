//! The program. Nearly all of it is in the library beside this file, so that cargo compiles it at the same time as the crates
//! which code is linked with.

use std::process::ExitCode;

fn main() -> ExitCode {
    grader::main()
}
