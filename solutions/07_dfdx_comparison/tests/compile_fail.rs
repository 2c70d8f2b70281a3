//! Programs that must not compile against the solution, with what the compiler says about them.
//!
//! The `.stderr` files hold the words of one compiler. The grader's own checks of such programs go by the numbers of the
//! errors, and hold for every compiler; where the words have changed, nothing is wrong.

use std::{env, process::Command};

/// The compiler that the `.stderr` files are from.
const RECORDED_WITH: &str = "rustc 1.95.";

#[test]
fn what_does_not_fit_does_not_compile() {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().expect("cargo has found a compiler, too");
    if String::from_utf8_lossy(&version.stdout).starts_with(RECORDED_WITH) {
        trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
    } else {
        eprintln!("not compared: the messages were recorded with {RECORDED_WITH}x");
    }
}
