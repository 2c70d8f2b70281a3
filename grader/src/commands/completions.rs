//! `grader completions`: a script that teaches a shell to complete the grader's commands.

use std::io::{self, Write};

use anyhow::Result;
use clap::{
    Command, CommandFactory,
    builder::{PossibleValue, PossibleValuesParser},
};
use course::Course;

use super::Outcome;
use crate::cli::{Cli, CompletionsArgs};

pub(crate) fn run(course: Option<&Course>, args: &CompletionsArgs) -> Result<Outcome> {
    let mut command = Cli::command();
    if let Some(course) = course {
        command = with_exercises(command, course);
    }
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "grader", &mut script);
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
        subcommand.mut_args(|argument| match argument.get_id().as_str() {
            "exercise" | "exercises" => argument.value_parser(values(more)),
            _ => argument,
        })
    })
}
