//! The flags: one table from which parsing and help come.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::builder::TypedValueParser as _;
use clap::{Args, Parser, Subcommand, ValueEnum};
use semver::Version;

use crate::domain::decision::Label;
use crate::domain::digest::Digest;
use crate::domain::ids::JobId;
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
    Run(RunArgs),
    /// Show one run: its decision, findings and provenance
    Show(ShowArgs),
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
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("idea").required(true).args(["file", "text"])))]
pub(super) struct RunArgs {
    /// The document to review; `-` is standard input
    #[arg(value_name = "FILE", value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from))]
    pub(super) file: Option<PathBuf>,
    /// Review this text instead of a file
    #[arg(long, value_name = "TEXT")]
    pub(super) text: Option<String>,
    /// The job that the document belongs to [default: `job:` in its front matter, else the file's name]
    #[arg(long, value_name = "ID")]
    pub(super) job: Option<JobId>,
    /// A file to keep with the run for reviewers to read; the built-in rules do not (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(super) context: Vec<PathBuf>,
    /// Another opinion on the same inputs, as a run of its own; the built-in rules always have the same one
    #[arg(long, value_name = "N", default_value = "1", value_parser = sample)]
    pub(super) sample: NonZeroU32,
    /// Exit with status 1 when the decision is this bad or worse
    #[arg(long, value_name = "DECISION", value_enum, ignore_case = true)]
    pub(super) fail_on: Option<FailOn>,
    /// Fail at once when another process works on the same run
    #[arg(long)]
    pub(super) no_wait: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// On `revise` and on `reject`
    Revise,
    /// On `reject` only
    Reject,
}

impl std::fmt::Display for FailOn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Revise => "revise",
            Self::Reject => "reject",
        })
    }
}

impl FailOn {
    /// Whether this decision fails the gate.
    pub(super) fn fails(self, decision: Label) -> bool {
        let worst = match self {
            Self::Revise => Label::Revise,
            Self::Reject => Label::Reject,
        };
        decision <= worst
    }
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    /// A run: `job@latest`, `job/run`, a run id or its first four digits or more, or its directory
    #[arg(value_name = "RUN")]
    pub(super) run: String,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Only this job's runs
    #[arg(long, value_name = "ID")]
    pub(super) job: Option<JobId>,
    /// Only so many
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
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

fn sample(text: &str) -> Result<NonZeroU32, &'static str> {
    text.parse().map_err(|_| "it takes a whole number from 1 on")
}

fn threads(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "it takes a whole number from 1 on")
}

fn version(text: &str) -> Result<Version, &'static str> {
    Version::parse(text).map_err(|_| "a version has three numbers, such as 1.4.0")
}

const MIGRATE_EXAMPLES: &str = "\
Examples:
  consensus migrate --list-versions            what the store has
  consensus migrate --dry-run | less           what would change
  consensus migrate --job my-rfc               one job first
  consensus migrate                            everything
  consensus migrate --check                    in CI
  consensus migrate --restore --all            one change back, everywhere";

/// Reads a reference to a run.
///
/// # Errors
/// What is wrong with it.
pub(super) fn reference(text: &str) -> Result<RunRef, crate::ops::OpsError> {
    text.parse()
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what they are")]
#[command(
    group(clap::ArgGroup::new("mode").args(["list_versions", "check", "graph", "restore"])),
    group(clap::ArgGroup::new("which").args(["run", "all", "job", "manifest"])),
    after_help = MIGRATE_EXAMPLES
)]
pub(super) struct MigrateArgs {
    /// Only this run's manifest; a run is named as for `show`
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Show how many manifests there are of each version
    #[arg(long)]
    pub(super) list_versions: bool,
    /// Show what would change, as a diff of each manifest, and write nothing
    #[arg(long, conflicts_with_all = ["list_versions", "check", "graph"])]
    pub(super) dry_run: bool,
    /// For CI: exit with 0 when all are current, 1 when some are behind, 6 when some cannot be migrated
    #[arg(long)]
    pub(super) check: bool,
    /// Show the versions, the steps between them, and the path between any two
    #[arg(long, conflicts_with_all = ["which", "target_version", "assume_version"])]
    pub(super) graph: bool,
    /// Go back to the bytes before the last change by `migrate` or `backfill`
    #[arg(long, requires = "which", conflicts_with_all = ["target_version", "assume_version"])]
    pub(super) restore: bool,
    /// Every manifest of the store; the default, but with --restore it must be said
    #[arg(long)]
    pub(super) all: bool,
    /// Only this job's manifests
    #[arg(long, value_name = "ID")]
    pub(super) job: Option<JobId>,
    /// Only this manifest, which must lie in the store
    #[arg(long, value_name = "PATH")]
    pub(super) manifest: Option<PathBuf>,
    /// Migrate to this version instead of the latest
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(super) target_version: Option<Version>,
    /// Take manifests that state no version for this one
    #[arg(long, value_name = "VERSION", value_parser = version, conflicts_with_all = ["list_versions", "check"])]
    pub(super) assume_version: Option<Version>,
    #[command(flatten)]
    pub(super) many: ManyArgs,
}

#[derive(Debug, Args)]
pub(super) struct ManyArgs {
    /// With so many threads [default: as many as the machine has processors]
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(super) jobs: Option<NonZeroUsize>,
    /// Stop at the first manifest that fails
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Fail instead of waiting where another process works on a run
    #[arg(long)]
    pub(super) no_wait: bool,
}

#[derive(Debug, Args)]
pub(super) struct BackfillArgs {
    #[command(subcommand)]
    pub(super) what: Backfill,
}

#[derive(Debug, Subcommand)]
pub(super) enum Backfill {
    /// Record the files under `inputs/` of runs whose manifests say nothing of them
    ///
    /// Nothing that is recorded is changed. It says whether a run's id follows from its inputs.
    Inputs(BackfillInputsArgs),
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("scope").required(true).args(["run", "all", "job"])))]
pub(super) struct BackfillInputsArgs {
    /// A run, as `show` takes it
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
    /// Every run of the store
    #[arg(long)]
    pub(super) all: bool,
    /// Every run of this job
    #[arg(long, value_name = "ID")]
    pub(super) job: Option<JobId>,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) many: ManyArgs,
}
