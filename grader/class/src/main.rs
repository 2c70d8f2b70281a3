//! `grader class`: a whole class. Grades what was handed in, shows it, regrades it, and hands it over.
//!
//! `grader` compiles this program when it is first asked for, so that `check` need not wait for it, and starts it as
//! `class COURSE COMMAND …`.
//!
//! What is known of a class are the lines of [`record`], which are only ever added; the database and everything after it
//! are made of them. `docs/class.md` describes both.

mod cli;
mod collect;
mod database;
mod export;
mod grade;
mod launch;
mod page;
mod record;
mod regrade;
mod roster;
mod settings;
mod show;
mod similar;
mod stop;
mod stored;
mod submissions;
mod unclear;

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;
use course::Course;
use report::{sanitise::clean, style};

use cli::{Cli, Command, MergeArgs};
use record::{Paths, Records};
use settings::Policy;
use stop::stoppable;

fn main() -> ExitCode {
    runner::program(run)
}

fn run() -> Result<ExitCode> {
    let mut arguments = env::args_os();
    let program = arguments.next().unwrap_or_default();
    let folder = arguments.next().context("this program is started by `grader class`")?;
    let cli = Cli::parse_from([program].into_iter().chain(arguments));
    let course = Course::find(Some(&PathBuf::from(folder)))?;
    let is_clear = match &cli.command {
        Command::Grade(args) => return stoppable(|stop| collect::run(&course, args, stop)),
        Command::Regrade(args) => return stoppable(|stop| regrade::run(&course, args, stop).map(|()| true)),
        Command::Merge(args) => merge(&course, args)?,
        Command::Report(args) => page::run(&course, args).map(|()| true)?,
        Command::Show(args) => show::run(&course, args).map(|()| true)?,
        Command::Export(args) => export::run(&course, args).map(|()| true)?,
        Command::Launch(args) => launch::run(&course, args).map(|()| true)?,
    };
    Ok(exit_code(is_clear))
}

fn exit_code(is_clear: bool) -> ExitCode {
    if is_clear { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

/// Puts the records of shards together. It does not matter in which order, or how often.
fn merge(course: &Course, args: &MergeArgs) -> Result<bool> {
    let paths = Paths { database: args.to.clone() };
    let files = if args.files.is_empty() { shards_beside(&paths)? } else { args.files.clone() };
    let mut records = Records::open(&paths.records(None))?;
    for file in &files {
        let added = records.add_all_of(file)?;
        say(&format!("{}: {added} new lines", file.display()));
    }
    collect::build(course, &paths, None)
}

/// The result files of shards that belong to this database.
fn shards_beside(paths: &Paths) -> Result<Vec<PathBuf>> {
    let folder = paths.database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let stem = paths.database.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let is_shard = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let middle = name.strip_prefix(&format!("{stem}.")).and_then(|rest| rest.strip_suffix(".jsonl"));
        middle.is_some_and(|middle| record::Shard::parse(&middle.replace("-of-", "/")).is_ok())
    };
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(is_shard).collect();
    files.sort();
    if files.is_empty() {
        let complaint = format!("there is no {stem}.K-of-N.jsonl beside {}; name the files", paths.database.display());
        return Err(course::UsageError(complaint).into());
    }
    Ok(files)
}

/// The database, made again if something was recorded or set since.
fn up_to_date(course: &Course, database: &Path) -> Result<rusqlite::Connection> {
    let paths = Paths { database: database.to_owned() };
    let time = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let records = paths.records(None);
    let mut sources = vec![records.clone(), paths.settings(), paths.unclear()];
    sources.extend(Policy::read(course, &paths.settings())?.roster.file);
    let newest = sources.iter().filter_map(|path| time(path)).max();
    if records.is_file() && time(database) < newest {
        collect::build(course, &paths, None)?;
    } else {
        collect::tell_of(&unclear::read(&paths.unclear())?.1, &paths);
    }
    database::open(database)
}

/// Prints a line. A reader that has seen enough, such as `head`, is no fault.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(anstream::stdout(), "{}", clean(text));
}

/// Tells of something that did not keep the command from its work.
fn warn(what: &str) {
    anstream::eprintln!("{}note:{} {}", style::OPEN, style::RESET, clean(what));
}
