//! Prints how to get a larger data set without the downloader, which cannot be built where there is no network.

use std::{env, process::ExitCode};

use datasets::mnist::Which;

fn main() -> ExitCode {
    let wanted = env::args().nth(1).unwrap_or_default();
    match Which::ALL.into_iter().find(|which| which.name() == wanted) {
        Some(which) => {
            println!("{}", which.by_hand());
            ExitCode::SUCCESS
        }
        None => ExitCode::from(2),
    }
}
