//! The flags: one table from which parsing and help come.

mod artifact;
mod asking;
mod batch;
mod list;
mod migrate;
mod policy;
mod prompts;
mod query;
mod revise;
mod run;

pub(super) use artifact::{
    ApprovedArgs, DecideArgs, ItemArgs, ItemCommand, LineageArgs, SaidArgs, SettleArgs, VersionArgs,
    VersionCommand,
};
pub(super) use asking::{AskingArgs, ModelArgs};
pub(super) use batch::BatchArgs;
pub(super) use list::ListArgs;
pub(super) use migrate::{Backfill, BackfillArgs, ManyArgs, MigrateArgs};
pub(super) use policy::{ChangeArgs, Policy, PolicyArgs};
pub(super) use prompts::{Prompts, PromptsArgs};
pub(super) use query::{CompareArgs, ExportArgs, ExportFormat, QueryArgs, QueryFormat};
pub(super) use revise::ReviseArgs;
pub(super) use run::{ReviewArgs, RunArgs};

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::TypedValueParser as _;
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::LogLevel;
use crate::domain::audit::Expected;
use crate::domain::digest::Digest;
use crate::domain::ids::JobId;
use crate::domain::policy::VersionName;
use crate::ops::RunRef;

/// A panel of reviewers reads a proposal; their reviews add up to a decision; plain files remain from
/// which anyone can check it.
///
/// It works offline, with no key and no configuration. Exit status: 0 yes, 1 no, 2 usage or input,
/// 3 stopped by policy, 4 not found, 5 conflict, 6 corrupt, 7 no answer, 8 the system refused,
/// 70 a bug, 130 interrupted.
#[derive(Debug, Parser)]
#[command(name = "consensus", version, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(super) struct Global {
    /// The store: a directory of runs [default: `artifacts`, or as `CONSENSUS_STORE` or consensus.toml say]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) store: Option<PathBuf>,
    /// Print exactly one JSON object, also on failure
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value = "auto", value_name = "WHEN")]
    pub(super) color: Color,
    /// The form of what is written to standard error; as JSON there is nothing else on it
    #[arg(long, global = true, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(super) log_format: LogFormat,
    /// How much is logged [default: nothing but what is told anyway, info where the log is JSON, or as `CONSENSUS_LOG` says]
    #[arg(long, global = true, value_name = "LEVEL", value_parser = log_level())]
    pub(super) log_level: Option<LogLevel>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

fn log_level() -> impl clap::builder::TypedValueParser<Value = LogLevel> {
    clap::builder::PossibleValuesParser::new(LogLevel::ALL.map(LogLevel::as_str))
        .map(|name| LogLevel::ALL.into_iter().find(|level| level.as_str() == name).unwrap_or(LogLevel::Info))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Also into pipes and files
    Always,
    /// Nowhere
    Never,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Review a proposal and record the decision
    ///
    /// The same inputs are the same run: reviewed again, the recorded decision is shown and nothing is
    /// touched. A run that failed or was killed goes on where it was.
    Run(Box<RunArgs>),
    /// Review many documents on the same terms
    ///
    /// For each that is settled one line of JSON is printed, in the order in which they are; with --json all of them are in one
    /// object. Given again, a batch that was stopped or killed goes on: what is reviewed is not reviewed again.
    Batch(Box<BatchArgs>),
    /// Review an edited idea or proposal, as a revision of an earlier run
    ///
    /// It is a run of its own, which names its parent and keeps what differs from it. Whom the edit does not concern is not
    /// asked again: that review is carried, and says so. Who answered the parent answers again, unless flags or the
    /// policy name others.
    Revise(Box<ReviseArgs>),
    /// Show one run: its decision, findings and provenance
    Show(ShowArgs),
    /// Print what the panel says of a run, as a page for people
    ///
    /// A report is made anew from the record each time; none is kept.
    Report(ReportArgs),
    /// Show what differs between two runs: decision, reviews, findings, proposal; exit status 1 when something does
    Diff(DiffArgs),
    /// List the runs of the store, newest first
    List(ListArgs),
    /// Derive everything that was recorded again, and say what does not hold
    ///
    /// Nothing is changed. Exit status 1 when anything failed.
    Verify(VerifyArgs),
    /// Bring the store's manifests to a later schema version, without losing a byte
    ///
    /// Without a flag that says otherwise, every manifest of the store goes to the latest version. Each keeps
    /// its old bytes as `manifest.json.backup`; running it again goes on where it was, and changes nothing
    /// twice. Every other command reads all versions, so nothing needs to be migrated to be used.
    Migrate(MigrateArgs),
    /// Record what older tools did not
    Backfill(BackfillArgs),
    /// Show, change and compare the policies: who reviews, and under which rules
    ///
    /// Every change is a new version, and no change touches a run: each keeps a copy of the version that
    /// it was made under.
    Policy(PolicyArgs),
    /// Version what people decide of a job: from the findings of a run to a signed-off version
    ///
    /// A version is a draft, then submitted, then approved, rejected or withdrawn. Everything that happens is kept; nothing
    /// is edited.
    Version(VersionArgs),
    /// Decide the items of a version, one by one
    Item(ItemArgs),
    /// Tell where an item comes from: who recommended, decided and changed what, and when
    Lineage(LineageArgs),
    /// List what is signed off
    Approved(ApprovedArgs),
    /// Show the JSON Schemas of what is stored, and check files against them
    Schema(SchemaArgs),
    /// Tell what the built-in rules look for, and how each counts
    Rules(RulesArgs),
    /// Ask all runs a question in SQL; nothing can be written
    ///
    /// The tables are derived from the store's files, and brought up to date first.
    Query(QueryArgs),
    /// Say which runs mix versions, or have others than are expected
    ///
    /// Mixed versions are warnings: they never change a run.
    Audit(AuditArgs),
    /// Tell how often each version, policy, model and persona was in use, and what came of it
    Stats,
    /// Set groups of runs side by side: how each was decided, how far its panel agreed, and how sure that is
    Compare(CompareArgs),
    /// Print a table whole, for other programs
    Export(ExportArgs),
    /// Bring the index of the store up to date, which `query` and `export` do themselves
    Index,
    /// Show the prompt sets that models are asked with
    Prompts(PromptsArgs),
    /// Say what is configured and whether it can be used; exit status 1 when something is in the way
    Doctor(Box<DoctorArgs>),
    /// Show the settings and where each comes from
    Config(ConfigArgs),
    /// Print a script that completes commands and flags in a shell
    Completions(CompletionsArgs),
    /// Print a manual page: `consensus man | man -l -`
    Man(ManArgs),
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A run: `job@latest`, `job/run`, a run id or its first four digits or more, or its directory
    #[arg(value_name = "RUN")]
    pub(super) run: String,
}

#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// The one run, as `show` takes it
    #[arg(value_name = "RUN")]
    pub(super) old: String,
    /// The other
    #[arg(value_name = "RUN")]
    pub(super) new: String,
    /// As what
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    pub(super) format: DiffFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum DiffFormat {
    /// For a terminal
    Text,
    /// Markdown, for a discussion
    Md,
    /// JSON, for programs; --json is the same
    Json,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A run, as `show` takes it
    #[arg(value_name = "RUN")]
    pub(super) run: String,
    /// As what
    #[arg(long, value_enum, default_value = "md", value_name = "FORMAT")]
    pub(super) format: ReportFormat,
    /// With `--format sarif`: the path of the reviewed file in its repository [default: its name in the record]
    #[arg(long, value_name = "PATH", value_parser = in_repository)]
    pub(super) document: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ReportFormat {
    /// Markdown, for a discussion
    Md,
    /// One HTML file, for a browser or for printing
    Html,
    /// JSON, for programs; --json is the same
    Json,
    /// SARIF 2.1.0, for code hosts that annotate lines
    Sarif,
    /// JUnit XML, for CI
    Junit,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("scope").required(true).args(["runs", "all"])))]
pub(super) struct VerifyArgs {
    /// Runs, as `show` takes them
    #[arg(value_name = "RUN")]
    pub(super) runs: Vec<String>,
    /// Every run of the store, and its policies
    #[arg(long)]
    pub(super) all: bool,
    /// A head that an earlier verification printed: it must still be there
    #[arg(long, value_name = "DIGEST")]
    pub(super) head: Option<Digest>,
}

fn in_repository(text: &str) -> Result<String, &'static str> {
    let path = text.strip_prefix("./").unwrap_or(text);
    let is_plain = path.split('/').all(|part| !matches!(part, "" | "." | ".." | "-"));
    if is_plain {
        Ok(path.to_owned())
    } else {
        Err("it takes a file's path in its repository, such as docs/rfc.md")
    }
}

/// Reads a number that is not none.
///
/// # Errors
/// What is wrong with it.
pub(super) fn count<T: FromStr>(text: &str) -> Result<T, &'static str> {
    text.parse().map_err(|_| "it takes a whole number from 1 on")
}

/// Reads a reference to a run.
///
/// # Errors
/// What is wrong with it.
pub(super) fn reference(text: &str) -> Result<RunRef, crate::ops::OpsError> {
    text.parse()
}

#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    #[command(subcommand)]
    pub(super) command: Schema,
}

#[derive(Debug, Subcommand)]
pub(super) enum Schema {
    /// List the schemas
    List,
    /// Print a schema
    Show {
        /// Its name, such as `proposal-1.1.0`, or without the version for the newest
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Check a file as strictly as the program reads its own; exit status 1 when it does not fit
    Validate {
        /// The schema's name, such as `persona_review`
        #[arg(value_name = "NAME")]
        name: String,
        /// The file; `-` is standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(super) struct RulesArgs {
    /// A file of rules of one's own to take in (may be repeated) [default: as consensus.toml says]
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) rules: Vec<PathBuf>,
    #[command(subcommand)]
    pub(super) command: Rules,
}

#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// List the rules, in the order in which they are run
    List {
        /// Only those that a document of this kind is held to, with what they weigh there
        #[arg(long, value_name = "KIND")]
        kind: Option<String>,
    },
    /// List the kinds of documents, and how each is recognised
    Kinds,
    /// Tell what one rule looks for, what it says, and what it does to the score
    Explain {
        /// Its id, as findings name it
        #[arg(value_name = "RULE")]
        id: String,
    },
    /// Print a rule as it stands in its file, to start one of one's own from
    Show {
        /// Its id, as findings name it
        #[arg(value_name = "RULE")]
        id: String,
    },
    /// Run the examples of the rules in FILE, or of all rules; exit status 1 when one does not hold
    Test {
        /// The file; `-` is standard input
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Only this job's runs
    #[arg(long, value_name = "ID")]
    pub(super) job: Option<JobId>,
    /// Warn of every other version, such as `schema=1.1.0,prompt=1.0.0`; several of one are all expected
    #[arg(long, value_name = "VERSIONS")]
    pub(super) expect: Option<Expected>,
    /// Exit with status 1 when there is a warning
    #[arg(long)]
    pub(super) strict: bool,
}

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Ask each model that `run` would ask one tiny question: whether it answers, keeps to a schema, says what it took
    #[arg(long)]
    pub(super) deep: bool,
    /// With --deep: measure whether it reads so many tokens [default: 8192 on this machine, else not]
    #[arg(long, value_name = "TOKENS", requires = "deep", value_parser = clap::value_parser!(u64).range(0..=2_000_000))]
    pub(super) context: Option<u64>,
    /// The policy to look at [default: the one that `run` takes]
    #[arg(long, value_name = "NAME[@N]")]
    pub(super) policy: Option<VersionName>,
    #[command(flatten)]
    pub(super) model: ModelArgs,
}

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum, value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(super) struct ManArgs {
    /// The page of a command, such as `migrate` or `policy apply` [default: that of `consensus`]
    #[arg(value_name = "COMMAND")]
    pub(super) command: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    pub(super) command: Config,
}

#[derive(Debug, Subcommand)]
pub(super) enum Config {
    /// Show each setting, its value and where it comes from
    Show,
}
