//! The command line.

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::{
    Arg, Args, Error, Parser, Subcommand, ValueEnum,
    builder::{EnumValueParser, PathBufValueParser, PossibleValue, StringValueParser, TypedValueParser},
};

use course::{Limits, quiz::TOPICS};

use crate::commands::Shard;
use runner::DEFAULT_SEED;

#[derive(Parser)]
#[command(
    name = "grader",
    version,
    about = "Tells you what is right, what is wrong, and which misunderstanding is behind it",
    after_help = "Exit codes: 0 full marks, or success where nothing is graded; 1 the code is not correct yet; \
                  2 wrong usage or a broken course.toml; 3 the grader could not do its work.",
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// The folder of the course, which holds course.toml [default: the current one, or the nearest above it]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) course: Option<PathBuf>,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Grade on every save, in a full-screen view; `grader` alone does this in a terminal
    Watch(WatchArgs),
    /// Grade an exercise
    Check(CheckArgs),
    /// Show the syllabus with your progress and points
    List(ListArgs),
    /// Read the lesson of an exercise
    Lesson(LessonArgs),
    /// Show the next hint for the first task that is not solved
    Hint(HintArgs),
    /// Answer questions about an exercise; they are worth no points
    Quiz(QuizArgs),
    /// Draw what your own code computes
    Plot(PlotArgs),
    /// Show lesson, results and interactive pictures on a page beside your editor
    Serve(ServeArgs),
    /// Make a static site of all lessons, with search, the map and questions
    Book(BookArgs),
    /// Draw which exercise builds on which, and your progress
    Map(MapArgs),
    /// Show the reference beside your code
    Solution(SolutionArgs),
    /// Put the stub back; your version is kept
    Reset(ResetArgs),
    /// Grade submissions, report in the formats that the CI system reads, and set the exit code by a policy
    Ci(CiArgs),
    /// For teachers: grade a whole class, look at the results, regrade, and export the grades
    #[command(disable_help_flag = true)]
    Class(ClassArgs),
    /// Download a larger data set, once, for the exercises that can use one
    #[command(subcommand)]
    Data(DataCommand),
    /// For authors: make all the files of a new exercise
    New(NewArgs),
    /// For authors: test that the checks accept every right variant and name every wrong one
    Verify(VerifyArgs),
    /// Print a script that lets your shell complete the grader's commands
    Completions(CompletionsArgs),
}

#[derive(Args)]
pub(crate) struct CheckArgs {
    /// A number (3), a name (dense_layer), a path inside an exercise, or `all` [default: the exercise that you are in,
    /// or the first one that is not complete]
    pub(crate) exercise: Option<String>,

    /// Grade this folder, which holds src/lib.rs, as a submission to EXERCISE; `lib.rs` is also found deeper in it
    #[arg(long, value_name = "DIR", conflicts_with = "solution", requires = "exercise")]
    pub(crate) source: Option<PathBuf>,

    /// Grade the reference solution
    #[arg(long)]
    pub(crate) solution: bool,

    /// Also build the crates that only a bonus task of EXERCISE uses; later checks use them automatically
    #[arg(long, requires = "exercise")]
    pub(crate) bonus: bool,

    /// The format of the report; with a file, as in `--format junit=grade.xml`, it may be given several times [default:
    /// terminal]
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = ReportParser)]
    pub(crate) format: Vec<ReportArg>,

    /// Write the report to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The seed of the inputs that are drawn at random
    #[arg(long, value_name = "N", default_value_t = DEFAULT_SEED)]
    pub(crate) seed: u64,

    /// Whether the submission is compiled and run in a sandbox
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub(crate) sandbox: SandboxMode,

    /// Other limits than those of course.toml: `seconds = 1, memory_mib = 512`; all others are the defaults
    #[arg(long, value_name = "LIMITS", value_parser = Limits::parse)]
    pub(crate) limits: Option<Limits>,

    /// Leave the source gate open: for the tests that hold the sandbox by itself
    #[arg(long, hide = true, requires = "source")]
    pub(crate) without_source_gate: bool,
}

#[derive(Args)]
pub(crate) struct QuizArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise [default: the exercise that you are in, or the
    /// first one that is not complete, after questions of other exercises that are due again]
    pub(crate) exercise: Option<String>,

    /// Ask about one topic, in all exercises that you have started
    #[arg(long, conflicts_with = "exercise", value_parser = TOPICS)]
    pub(crate) topic: Option<String>,

    /// Ask all questions, including those that you have answered
    #[arg(long)]
    pub(crate) again: bool,

    /// `json` writes one object per line, for programs that ask the questions in their own way
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// For teachers: how a class answered the questions, from reports of `ci --format json`, one per learner
    #[arg(long, value_name = "REPORT", num_args = 1.., conflicts_with_all = ["exercise", "topic", "again"])]
    pub(crate) class: Vec<PathBuf>,
}

#[derive(Args)]
pub(crate) struct CiArgs {
    /// The exercises to grade, each a number or a name [default: all that are started, which differ from the stub]
    pub(crate) exercises: Vec<String>,

    /// Grade the code of this folder, in exercises/NN_name/src or in other folders called NN_name, not the course's own
    #[arg(long, value_name = "DIR")]
    pub(crate) source: Option<PathBuf>,

    /// Grade the exercises whose sources this branch has changed since it left REF
    #[arg(long, value_name = "REF", conflicts_with = "exercises")]
    pub(crate) changed_since: Option<String>,

    /// Exercises that have to be complete, such as 3,4 [default: all that are graded, unless --min-score is given]
    #[arg(long, value_name = "EXERCISES", value_delimiter = ',')]
    pub(crate) require: Vec<String>,

    /// How many points the graded exercises need in total
    #[arg(long, value_name = "POINTS")]
    pub(crate) min_score: Option<u32>,

    /// The format of the report; with a file, as in `--format junit=grade.xml`, it may be given several times [default:
    /// terminal]
    #[arg(long, value_name = "FORMAT[=FILE]", value_parser = ReportParser)]
    pub(crate) format: Vec<ReportArg>,

    /// The seed of the inputs that are drawn at random; every report names its seed [default: a new one]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Whether submissions are compiled and run in a sandbox
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub(crate) sandbox: SandboxMode,
}

#[derive(Args)]
pub(crate) struct ClassArgs {
    /// What to do with the class; `class --help` lists it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

#[derive(Subcommand)]
pub(crate) enum DataCommand {
    /// Download it into your data folder; continues an interrupted download, and keeps files that are already there
    #[command(after_help = "Exit codes: 0 it is there, 2 there is no set of that name, 3 it could not be fetched.\n\n\
                            Environment: NEURONLINGS_DATA the folder for data, NEURONLINGS_MIRROR the address of a copy, \
                            HTTPS_PROXY and NO_PROXY as usual.")]
    Fetch(FetchArgs),
}

/// What the downloader knows; a test holds this list against its own.
const DATA_SETS: [&str; 2] = ["mnist", "fashion-mnist"];

#[derive(Args)]
pub(crate) struct FetchArgs {
    /// The data set
    #[arg(value_parser = DATA_SETS)]
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct HintArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise [default: the exercise that you are in, or the
    /// first one that is not complete]
    pub(crate) exercise: Option<String>,

    /// The task to get a hint for [default: the first one that is not solved]
    #[arg(long, value_name = "NAME")]
    pub(crate) task: Option<String>,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    /// The format of the list
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Args)]
pub(crate) struct MapArgs {
    /// Write the picture to this SVG file, not below target/grader
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ResetArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise
    pub(crate) exercise: String,

    /// Bring back what the last reset replaced
    #[arg(long)]
    pub(crate) undo: bool,
}

#[derive(Args)]
pub(crate) struct SolutionArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise [default: the exercise that you are in, or the
    /// first one that is not complete]
    pub(crate) exercise: Option<String>,

    /// Do not ask, even if the exercise is not solved yet
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Args)]
pub(crate) struct CompletionsArgs {
    /// The shell to write the script for
    #[arg(value_enum)]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Args)]
pub(crate) struct WatchArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise [default: the exercise that you are in, or the
    /// first one that is not complete]
    pub(crate) exercise: Option<String>,
}

#[derive(Args)]
pub(crate) struct LessonArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise [default: the exercise that you are in, or the
    /// first one that is not complete]
    pub(crate) exercise: Option<String>,
}

#[derive(Args)]
pub(crate) struct PlotArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise [default: the exercise that you are in, or the
    /// first one that is not complete]
    pub(crate) exercise: Option<String>,

    /// Draw what this folder, which holds src/lib.rs, computes as a submission to EXERCISE
    #[arg(long, value_name = "DIR", conflicts_with = "solution", requires = "exercise")]
    pub(crate) source: Option<PathBuf>,

    /// Draw what the reference solution computes
    #[arg(long)]
    pub(crate) solution: bool,

    /// For authors: draw the figures that the lesson shows into the folder figures/ beside it
    #[arg(long, conflicts_with_all = ["source", "solution"])]
    pub(crate) figures: bool,
}

#[derive(Args)]
pub(crate) struct ServeArgs {
    /// A number (3), a name (dense_layer), or a path inside an exercise [default: the exercise that you are in, or the
    /// first one that is not complete]
    pub(crate) exercise: Option<String>,

    /// The port to listen on, for this machine only [default: any that is free]
    #[arg(long, value_name = "PORT", default_value = "0", hide_default_value = true)]
    pub(crate) port: u16,

    /// Print the address, and do not open a browser
    #[arg(long)]
    pub(crate) no_open: bool,

    /// Show what this folder, which holds src/lib.rs, computes as a submission to EXERCISE; nothing is saved
    #[arg(long, value_name = "DIR", conflicts_with = "solution", requires = "exercise")]
    pub(crate) source: Option<PathBuf>,

    /// Show what the reference solution computes
    #[arg(long)]
    pub(crate) solution: bool,
}

#[derive(Args)]
pub(crate) struct BookArgs {
    /// The folder that it is written to: a new or an empty one, or one with an earlier book [default: target/grader/book]
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,

    /// Where files that are no pages of the book can be looked at, such as https://github.com/OWNER/NAME [default: links to
    /// them become plain text]
    #[arg(long, value_name = "URL")]
    pub(crate) repository: Option<String>,

    /// Leave out the pictures to vary, which the reference takes some minutes to compute
    #[arg(long)]
    pub(crate) no_pictures: bool,
}

#[derive(Args)]
pub(crate) struct NewArgs {
    /// Its name, with a number (25_attention) or without (attention)
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    /// A number, a name, a path inside an exercise, or `all`
    #[arg(default_value = "all")]
    pub(crate) exercise: String,

    /// Grade only this share of the variants, such as 2/3: for several machines
    #[arg(long, value_name = "K/N", value_parser = Shard::parse)]
    pub(crate) shard: Option<Shard>,

    /// The format of the report
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    #[default]
    Terminal,
    /// One JSON document
    Json,
}

/// The forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// Text for people
    Terminal,
    /// One JSON document, with a published schema
    Json,
    /// JUnit XML, for CI servers
    Junit,
    /// For step summaries and comments on GitHub
    Markdown,
    /// The results.json of an autograder
    Gradescope,
    /// Annotations for a GitHub workflow
    Github,
    /// The results.json of a test runner; one exercise only
    Exercism,
    /// check50's JSON; one exercise only
    Check50,
}

/// A form of the report, and the file that it goes to; without one it goes where standard output goes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ReportArg {
    pub(crate) format: ReportFormat,
    pub(crate) file: Option<PathBuf>,
}

/// Reads `FORMAT` and `FORMAT=FILE`.
#[derive(Clone)]
struct ReportParser;

impl TypedValueParser for ReportParser {
    type Value = ReportArg;

    fn parse_ref(&self, command: &clap::Command, argument: Option<&Arg>, value: &OsStr) -> Result<ReportArg, Error> {
        let text = StringValueParser::new().parse_ref(command, argument, value)?;
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(file)),
            None => (&*text, None),
        };
        let format = EnumValueParser::new().parse_ref(command, argument, OsStr::new(format))?;
        let file = file.map(|file| PathBufValueParser::new().parse_ref(command, argument, OsStr::new(file)));
        Ok(ReportArg { format, file: file.transpose()? })
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(ReportFormat::value_variants().iter().filter_map(ValueEnum::to_possible_value)))
    }
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxMode {
    /// Use one where there is one
    #[default]
    Auto,
    /// Refuse to grade without one
    Require,
    /// Do without
    Off,
}

impl From<SandboxMode> for runner::SandboxMode {
    fn from(mode: SandboxMode) -> Self {
        match mode {
            SandboxMode::Auto => Self::Auto,
            SandboxMode::Require => Self::Require,
            SandboxMode::Off => Self::Off,
        }
    }
}

#[cfg(test)]
mod tests {
    use datasets::mnist::Which;

    use super::DATA_SETS;

    #[test]
    fn every_data_set_can_be_fetched() {
        assert_eq!(DATA_SETS, Which::ALL.map(Which::name));
    }
}
