//! `grader completions`: a script that teaches a shell to complete the grader's commands.

use std::io::{self, Write};

use anyhow::Result;
use clap::{
    Arg, Command, CommandFactory,
    builder::{PossibleValue, PossibleValuesParser},
};
use clap_complete::Shell;
use course::{Course, Exercise};

use super::Outcome;
use crate::cli::{Cli, CompletionsArgs};

pub(crate) fn run(course: Option<&Course>, args: &CompletionsArgs) -> Result<Outcome> {
    let mut command = Cli::command();
    if let Some(course) = course {
        command = with_exercises(command, course);
    }
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "grader", &mut script);
    // clap's script for fish completes the values of options alone.
    if let (Shell::Fish, Some(course)) = (args.shell, course) {
        let takes_one = |command: &&Command| command.get_arguments().any(is_exercise);
        let commands: Vec<&str> = command.get_subcommands().filter(takes_one).map(Command::get_name).collect();
        let names: Vec<&str> = course.exercises.iter().map(Exercise::short_name).collect();
        let (commands, names) = (commands.join(" "), names.join(" "));
        writeln!(script, "complete -c grader -n \"__fish_seen_subcommand_from {commands}\" -f -a \"{names}\"")?;
    }
    // A reader that has seen enough, such as `head`, is no fault.
    let _ = io::stdout().write_all(&script);
    Ok(Outcome::AllRight)
}

/// `command`, which knows the exercises of `course` wherever one is wanted.
fn with_exercises(command: Command, course: &Course) -> Command {
    let values = |more: &[&'static str]| {
        let exercises = course.exercises.iter();
        // clap wants names that live as long as the program, which ends with this script.
        let names = exercises.map(|it| PossibleValue::new(&*it.short_name().to_owned().leak()).help(it.title.clone()));
        PossibleValuesParser::new(more.iter().map(PossibleValue::new).chain(names).collect::<Vec<_>>())
    };
    command.mut_subcommands(|subcommand| {
        let more: &[&str] = if ["check", "verify"].contains(&subcommand.get_name()) { &["all"] } else { &[] };
        subcommand.mut_args(
            |argument| {
                if is_exercise(&argument) { argument.value_parser(values(more)) } else { argument }
            },
        )
    })
}

fn is_exercise(argument: &Arg) -> bool {
    ["exercise", "exercises"].contains(&argument.get_id().as_str())
}
