//! The flags of `version`, `item`, `lineage` and `approved`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::policy::note;
use crate::domain::artifact::{ArtifactRef, Source};
use crate::domain::ids::{Cycle, ItemId, JobId};

#[derive(Debug, Args)]
pub(in crate::cli) struct VersionArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: VersionCommand,
    /// The period, such as a quarter or a release, where versions are kept apart by it
    #[arg(long, global = true, value_name = "LABEL")]
    pub(in crate::cli) cycle: Option<Cycle>,
}

/// What is said of a change, and by whom.
#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct SaidArgs {
    /// In words
    #[arg(short = 'm', long = "message", value_name = "NOTE", value_parser = note)]
    pub(in crate::cli) note: Option<String>,
    /// Who does it: a label that nobody checks [default: the name and address that git knows, else the login name]
    #[arg(long, value_name = "WHO", value_parser = note)]
    pub(in crate::cli) by: Option<String>,
    /// Fail instead of waiting where another process changes the store
    #[arg(long)]
    pub(in crate::cli) no_wait: bool,
}

/// A version, and what is said of it.
#[derive(Debug, Args)]
pub(in crate::cli) struct SettleArgs {
    /// The version; the newest without `@N`
    #[arg(value_name = "JOB[:PHASE][@N]")]
    pub(in crate::cli) version: ArtifactRef,
    #[command(flatten)]
    pub(in crate::cli) said: SaidArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum VersionCommand {
    /// Make the first version, or the next one with the approved items carried
    ///
    /// With --from-run each finding of the run is an item. One that was an item before keeps what was decided of it, so
    /// that nobody decides the same thing twice.
    New {
        /// What is versioned: a job, or `JOB:PHASE`
        #[arg(value_name = "JOB[:PHASE]")]
        artifact: ArtifactRef,
        /// The completed run whose findings are its items, as `show` takes it
        #[arg(long, value_name = "RUN")]
        from_run: Option<String>,
        /// Its items: a JSON object on each line, with `data` and, if wanted, `item_id`, `type`, `source`, `recommended_by`, `recommended_at`; `-` is standard input
        #[arg(long, value_name = "FILE")]
        items: Option<PathBuf>,
        #[command(flatten)]
        said: SaidArgs,
    },
    /// List the versions of everything, or of one job
    List {
        /// Only those of this job
        #[arg(value_name = "JOB")]
        job: Option<JobId>,
        /// Only those that are a draft or submitted
        #[arg(long)]
        open: bool,
    },
    /// Show a version: how far it is, by whom, and its items
    Show {
        /// The version; the newest without `@N`
        #[arg(value_name = "JOB[:PHASE][@N]")]
        version: ArtifactRef,
    },
    /// List everything that happened, oldest first
    Log {
        /// What is versioned; with `@N` only what happened to that version
        #[arg(value_name = "JOB[:PHASE][@N]")]
        version: ArtifactRef,
    },
    /// Show which items differ between two versions; exit status 1 when some do
    Diff {
        /// The one
        #[arg(value_name = "JOB[:PHASE]@N")]
        old: ArtifactRef,
        /// The other
        #[arg(value_name = "JOB[:PHASE]@N")]
        new: ArtifactRef,
    },
    /// Hand a draft in: from here on its items can be decided and not changed
    Submit(SettleArgs),
    /// Take a submitted version back, by who submitted it, or give a draft up, by who made it
    Withdraw(SettleArgs),
    /// Sign a submitted version off, once every item is decided
    Approve(SettleArgs),
    /// Turn a submitted version down, or ask for changes; it takes -m
    Reject(SettleArgs),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ItemArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: ItemCommand,
    /// The period, such as a quarter or a release, where versions are kept apart by it
    #[arg(long, global = true, value_name = "LABEL")]
    pub(in crate::cli) cycle: Option<Cycle>,
}

/// Items of a version, and what is said of them.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("which").required(true).args(["items", "all"])))]
pub(in crate::cli) struct DecideArgs {
    /// The version; the newest without `@N`
    #[arg(value_name = "JOB[:PHASE][@N]")]
    pub(in crate::cli) version: ArtifactRef,
    /// The items
    #[arg(value_name = "ITEM")]
    pub(in crate::cli) items: Vec<ItemId>,
    /// All items that are undecided
    #[arg(long)]
    pub(in crate::cli) all: bool,
    /// Decide otherwise what somebody decided before
    #[arg(long)]
    pub(in crate::cli) overrule: bool,
    #[command(flatten)]
    pub(in crate::cli) said: SaidArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum ItemCommand {
    /// List the items of a version
    List {
        /// The version; the newest without `@N`
        #[arg(value_name = "JOB[:PHASE][@N]")]
        version: ArtifactRef,
        /// Only those that are undecided
        #[arg(long)]
        pending: bool,
    },
    /// Show an item whole
    Show {
        /// The version; the newest without `@N`
        #[arg(value_name = "JOB[:PHASE][@N]")]
        version: ArtifactRef,
        /// The item
        #[arg(value_name = "ITEM")]
        item: ItemId,
    },
    /// Add an item to a draft
    Add {
        /// The version; the newest without `@N`
        #[arg(value_name = "JOB[:PHASE][@N]")]
        version: ArtifactRef,
        /// What it says: a JSON object
        #[arg(long, value_name = "JSON")]
        data: String,
        /// Its id [default: the next free number]
        #[arg(long, value_name = "ID")]
        id: Option<ItemId>,
        /// What kind of thing it is
        #[arg(long = "type", value_name = "TYPE", default_value = "item", value_parser = note)]
        kind: String,
        /// Who recommended it
        #[arg(long, value_enum, value_name = "SOURCE", default_value = "manual")]
        source: ItemSource,
        /// Who adds it [default: the name and address that git knows, else the login name]
        #[arg(long, value_name = "WHO", value_parser = note)]
        by: Option<String>,
    },
    /// Approve items: they are taken up, and carried into the versions that follow
    Approve(DecideArgs),
    /// Reject items: they are set aside
    Reject(DecideArgs),
    /// Put another item in the place of one; it takes -m
    Modify {
        /// The version; the newest without `@N`
        #[arg(value_name = "JOB[:PHASE][@N]")]
        version: ArtifactRef,
        /// The item
        #[arg(value_name = "ITEM")]
        item: ItemId,
        /// What the other says: a JSON object
        #[arg(long, value_name = "JSON")]
        data: String,
        /// Who recommended that
        #[arg(long, value_enum, value_name = "SOURCE", default_value = "manual")]
        source: ItemSource,
        #[command(flatten)]
        said: SaidArgs,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum ItemSource {
    /// Rules
    Rules,
    /// A language model
    Llm,
    /// Somebody who tests
    Tester,
    /// Anybody else
    Manual,
}

impl From<ItemSource> for Source {
    fn from(source: ItemSource) -> Self {
        match source {
            ItemSource::Rules => Self::Rules,
            ItemSource::Llm => Self::Llm,
            ItemSource::Tester => Self::Tester,
            ItemSource::Manual => Self::Manual,
        }
    }
}

#[derive(Debug, Args)]
pub(in crate::cli) struct LineageArgs {
    /// The version; the newest without `@N`
    #[arg(value_name = "JOB[:PHASE][@N]")]
    pub(in crate::cli) version: ArtifactRef,
    /// The item
    #[arg(value_name = "ITEM")]
    pub(in crate::cli) item: ItemId,
    /// The period, where versions are kept apart by it
    #[arg(long, value_name = "LABEL")]
    pub(in crate::cli) cycle: Option<Cycle>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ApprovedArgs {
    /// Only what is approved of this job
    #[arg(value_name = "JOB")]
    pub(in crate::cli) job: Option<JobId>,
}
