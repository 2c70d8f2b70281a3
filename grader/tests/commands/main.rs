//! The grader as people use it: every command, in one program of tests, so that what waits does not keep a core from the rest.

#[path = "../common/mod.rs"]
mod common;

mod bonus_crates;
mod command_line;
mod fetched_data;
mod formats;
mod learners_loop;
mod other_course;
mod outcomes;
mod plot;
#[cfg(target_os = "linux")]
mod pull_requests;
mod verify;
#[cfg(unix)]
mod watch;
mod workflows;
