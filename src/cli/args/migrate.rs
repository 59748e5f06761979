//! The flags of `migrate` and `backfill`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use semver::Version;

use super::count;
use crate::domain::ids::JobId;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags are what they are")]
#[command(
    group(clap::ArgGroup::new("mode").args(["list_versions", "check", "graph", "restore"])),
    group(clap::ArgGroup::new("which").args(["run", "all", "job", "manifest"])),
    after_help = MIGRATE_EXAMPLES
)]
pub(in crate::cli) struct MigrateArgs {
    /// Only this run's manifest; a run is named as for `show`
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    /// Show how many manifests there are of each version
    #[arg(long)]
    pub(in crate::cli) list_versions: bool,
    /// Show what would change, as a diff of each manifest, and write nothing
    #[arg(long, conflicts_with_all = ["list_versions", "check", "graph"])]
    pub(in crate::cli) dry_run: bool,
    /// For CI: exit with 0 when all are current, 1 when some are behind, 6 when some cannot be migrated
    #[arg(long)]
    pub(in crate::cli) check: bool,
    /// Show the versions, the steps between them, and the path between any two
    #[arg(long, conflicts_with_all = ["which", "target_version", "assume_version"])]
    pub(in crate::cli) graph: bool,
    /// Go back to the bytes before the last change by `migrate` or `backfill`
    #[arg(long, requires = "which", conflicts_with_all = ["target_version", "assume_version"])]
    pub(in crate::cli) restore: bool,
    /// Every manifest of the store; the default, but with --restore it must be said
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// Only this job's manifests
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) job: Option<JobId>,
    /// Only this manifest, which must lie in the store
    #[arg(long, value_name = "PATH")]
    pub(in crate::cli) manifest: Option<PathBuf>,
    /// Migrate to this version instead of the latest
    #[arg(long, value_name = "VERSION", value_parser = version)]
    pub(in crate::cli) target_version: Option<Version>,
    /// Take manifests that state no version for this one
    #[arg(long, value_name = "VERSION", value_parser = version, conflicts_with_all = ["list_versions", "check"])]
    pub(in crate::cli) assume_version: Option<Version>,
    #[command(flatten)]
    pub(in crate::cli) many: ManyArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ManyArgs {
    /// With so many threads [default: as many as the machine has processors]
    #[arg(long, value_name = "N", value_parser = count::<NonZeroUsize>)]
    pub(in crate::cli) jobs: Option<NonZeroUsize>,
    /// Stop at the first manifest that fails
    #[arg(long)]
    pub(in crate::cli) fail_fast: bool,
    /// Fail instead of waiting where another process works on a run
    #[arg(long)]
    pub(in crate::cli) no_wait: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct BackfillArgs {
    #[command(subcommand)]
    pub(in crate::cli) what: Backfill,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Backfill {
    /// Record the files under `inputs/` of runs whose manifests say nothing of them
    ///
    /// Nothing that is recorded is changed. It says whether a run's id follows from its inputs.
    Inputs(BackfillScope),
    /// Record the versions of data and prompts of runs whose manifests do not say them
    ///
    /// What is recorded is never changed. Say only what is known from elsewhere: nothing can check it.
    Versions {
        /// The version of the data structures
        #[arg(long, value_name = "VERSION", value_parser = version)]
        schema_version: Version,
        /// The version of the prompt set; `none` where nobody was prompted
        #[arg(long, value_name = "VERSION", value_parser = prompt_set)]
        prompt_set_version: String,
        #[command(flatten)]
        scope: BackfillScope,
    },
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("scope").args(["run", "all", "job"])))]
pub(in crate::cli) struct BackfillScope {
    /// A run, as `show` takes it
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
    /// Every run of the store; the default
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// Every run of this job
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) job: Option<JobId>,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    #[command(flatten)]
    pub(in crate::cli) many: ManyArgs,
}

fn version(text: &str) -> Result<Version, &'static str> {
    Version::parse(text).map_err(|_| "a version has three numbers, such as 1.4.0")
}

fn prompt_set(text: &str) -> Result<String, &'static str> {
    let is_name =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-+".contains(&byte));
    let is_version =
        text.starts_with(|first: char| first.is_ascii_digit()) && text.len() <= 64 && is_name(text);
    let is_one = text == "none" || is_version;
    is_one.then(|| text.to_owned()).ok_or("it takes a version, such as 1.0.0 or 2025.05, or `none`")
}

const MIGRATE_EXAMPLES: &str = "\
Examples:
  consensus migrate --list-versions            what the store has
  consensus migrate --dry-run | less           what would change
  consensus migrate --job my-rfc               one job first
  consensus migrate                            everything
  consensus migrate --check                    in CI
  consensus migrate --restore --all            one change back, everywhere";
