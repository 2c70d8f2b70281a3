//! The program. Nearly all of it is in the library beside this file, which cargo can compile at the same time as the crates that
//! code is linked with.

use std::process::ExitCode;

fn main() -> ExitCode {
    grader::main()
}
