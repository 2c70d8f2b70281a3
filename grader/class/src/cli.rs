//! The command line of `grader class`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::{record::Shard, roster::Columns};

#[derive(Parser)]
#[command(
    name = "grader class",
    bin_name = "grader class",
    version,
    about = "Grades a whole class: continues where it stopped, reports, regrades, and exports the grades",
    after_help = "Exit codes: 0 everything is done, 1 something is not clear yet, 2 wrong usage, \
                  3 the grader could not do its work, 130 it was stopped by Ctrl-C and can be continued.",
    max_term_width = 100
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Grade all submissions in a folder or a bulk download; skips those that are already graded
    Grade(GradeArgs),
    /// Combine the results of shards in one database
    Merge(MergeArgs),
    /// Write pages and a table: the class, and a page for each student
    Report(ReportArgs),
    /// Show one student's grades and what is wrong, in the terminal
    Show(ShowArgs),
    /// Write the grades in the formats of other systems
    Export(ExportArgs),
    /// Grade again with other checks, see what changes, and only then accept or discard it
    Regrade(RegradeArgs),
    /// Write the scripts that grade a class on several machines
    Launch(LaunchArgs),
}

#[derive(Args)]
pub(crate) struct GradeArgs {
    /// A folder with a folder, an archive or a repository for each student, or a bulk download of Moodle's, Canvas' or
    /// Gradescope's
    pub(crate) submissions: PathBuf,

    /// The database; its other files are beside it and are named after it
    #[arg(long, value_name = "FILE", default_value = "class.db")]
    pub(crate) to: PathBuf,

    /// Grade only these exercises, such as 3,4; with one exercise, files without further information are submissions to
    /// it
    #[arg(long, value_name = "EXERCISES", value_delimiter = ',')]
    pub(crate) exercise: Vec<String>,

    /// A CSV file with all students; it is kept in the settings of the class
    #[arg(long, value_name = "FILE")]
    pub(crate) roster: Option<PathBuf>,

    /// The columns of the roster, if they have unusual names: name=Student,id=ID,email=Mail
    #[arg(long, value_name = "FIELD=COLUMN,…", requires = "roster", value_parser = Columns::parse)]
    pub(crate) columns: Option<Columns>,

    /// Grade only this part of the units, such as 3/8, for several machines; `merge` combines them
    #[arg(long, value_name = "K/N", value_parser = Shard::parse, requires = "seed")]
    pub(crate) shard: Option<Shard>,

    /// The seed of the inputs that are drawn at random; all shards need the same [default: a new one for each class]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Whether submissions are compiled and run in a sandbox
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub(crate) sandbox: SandboxMode,
}

#[derive(Args)]
pub(crate) struct MergeArgs {
    /// The result files of shards [default: all that are beside the database]
    pub(crate) files: Vec<PathBuf>,

    /// The database
    #[arg(long, value_name = "FILE", default_value = "class.db")]
    pub(crate) to: PathBuf,
}

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// The database
    #[arg(long, value_name = "FILE", default_value = "class.db")]
    pub(crate) database: PathBuf,

    /// The folder to write to [default: the database's name with `-report`]
    #[arg(long, value_name = "DIR")]
    pub(crate) to: Option<PathBuf>,

    /// Use pseudonyms instead of names; a file beside the database lists them
    #[arg(long)]
    pub(crate) pseudonyms: bool,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// A name, a number or an address; an unambiguous part of it is enough
    pub(crate) student: String,

    /// The database
    #[arg(long, value_name = "FILE", default_value = "class.db")]
    pub(crate) database: PathBuf,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    /// What for
    #[arg(value_enum)]
    pub(crate) form: Form,

    /// The database
    #[arg(long, value_name = "FILE", default_value = "class.db")]
    pub(crate) database: PathBuf,

    /// The file or folder to write
    #[arg(long, value_name = "PATH")]
    pub(crate) to: PathBuf,

    /// One exercise; dolos and jplag compare submissions to one exercise
    #[arg(long)]
    pub(crate) exercise: Option<String>,

    /// For dolos and jplag: leave all names out
    #[arg(long)]
    pub(crate) pseudonyms: bool,

    /// For dolos and jplag: databases of earlier years
    #[arg(long, value_name = "FILE")]
    pub(crate) earlier: Vec<PathBuf>,

    /// For classroom50: the short name of the classroom
    #[arg(long, value_name = "NAME", default_value = "classroom")]
    pub(crate) classroom: String,
}

/// The systems to which grades are exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// A CSV file for Canvas' gradebook
    Canvas,
    /// A CSV file for Moodle's gradebook
    Moodle,
    /// A results.json for each student
    Gradescope,
    /// A result.json for each student and exercise
    Classroom50,
    /// The results of an external grader for each student and exercise
    Prairielearn,
    /// Scores to post to an LTI 1.3 platform, one JSON object per line
    Lti,
    /// JUnit XML for each student, for Artemis and CI servers
    Junit,
    /// A zip with info.csv, for similarity
    Dolos,
    /// Folders and base code, for similarity
    Jplag,
}

#[derive(Args)]
pub(crate) struct RegradeArgs {
    /// The database
    #[arg(long, value_name = "FILE", default_value = "class.db")]
    pub(crate) database: PathBuf,

    /// Use the course as it is in this commit [default: as it is in this folder]
    #[arg(long, value_name = "COMMIT", conflicts_with_all = ["accept", "discard"])]
    pub(crate) with: Option<String>,

    /// Put the last regrading into effect
    #[arg(long, conflicts_with = "discard")]
    pub(crate) accept: bool,

    /// Do not change the grades; the regrading stays in the history
    #[arg(long)]
    pub(crate) discard: bool,

    /// Whether submissions are compiled and run in a sandbox
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    pub(crate) sandbox: SandboxMode,
}

#[derive(Args)]
pub(crate) struct LaunchArgs {
    /// What runs it
    #[arg(value_enum)]
    pub(crate) on: Engine,

    /// The folder or the bulk download with all submissions, as every machine sees it
    pub(crate) submissions: PathBuf,

    /// The database; every machine writes beside it
    #[arg(long, value_name = "FILE", default_value = "class.db")]
    pub(crate) to: PathBuf,

    /// How many shards
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub(crate) shards: u32,

    /// The seed of the inputs that are drawn at random [default: a new one]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Where to write the script [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,

    /// For kubernetes: the image, which holds the course and its built grader in /course
    #[arg(long, value_name = "IMAGE", default_value = "registry.example.org/course:latest")]
    pub(crate) image: String,

    /// For kubernetes: the claim of the volume with the submissions, which is mounted as /class
    #[arg(long, value_name = "NAME", default_value = "class")]
    pub(crate) claim: String,

    /// For slurm: what `sinfo` or your cluster asks for, such as --partition=short
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub(crate) option: Vec<String>,

    /// For parallel: the machines, as ssh knows them
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(crate) host: Vec<String>,
}

/// What runs shards on several machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// A job array
    Slurm,
    /// An Indexed Job
    Kubernetes,
    /// A matrix of GitHub Actions
    Github,
    /// A matrix of GitLab CI
    Gitlab,
    /// GNU parallel over SSH
    Parallel,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SandboxMode {
    /// Refuse to grade without one
    #[default]
    Require,
    /// Use one where there is one
    Auto,
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
