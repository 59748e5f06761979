//! The flags of `policy`.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};

use crate::domain::digest::Digest;
use crate::domain::ids::PolicyName;
use crate::domain::policy::{TEMPLATES, VersionName};

#[derive(Debug, Args)]
pub(in crate::cli) struct PolicyArgs {
    #[command(subcommand)]
    pub(in crate::cli) command: Policy,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Policy {
    /// List the policies of the store
    List,
    /// Show a policy as TOML: what is shown can be edited and applied
    Show {
        /// The policy, or a version of it [default: the one that `run` takes]
        #[arg(value_name = "NAME[@N]")]
        policy: Option<VersionName>,
    },
    /// Make a new version of a policy out of a file, unless it says the same as the newest one
    Apply {
        /// The policy as TOML; `-` is standard input
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
        /// The policy to make a version of [default: the one that `run` takes]
        #[arg(long, value_name = "NAME")]
        name: Option<PolicyName>,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// List the versions of a policy, newest first: when, by whom, why, what changed, how many runs
    Log {
        /// The policy [default: the one that `run` takes]
        #[arg(value_name = "NAME")]
        name: Option<PolicyName>,
        /// Check instead that no version was edited, removed or reordered, and print the head
        #[arg(long)]
        verify: bool,
        /// With --verify: a head that was printed earlier must still be there
        #[arg(long, value_name = "DIGEST", requires = "verify")]
        head: Option<Digest>,
    },
    /// Show field by field what differs between two versions; exit status 1 when something does
    Diff {
        /// The one
        #[arg(value_name = "NAME[@N]")]
        old: VersionName,
        /// The other
        #[arg(value_name = "NAME[@N]")]
        new: VersionName,
    },
    /// Make a new version that says what an earlier one says
    Rollback {
        /// The policy
        #[arg(value_name = "NAME")]
        name: PolicyName,
        /// The earlier version
        #[arg(long, value_name = "N", value_parser = number)]
        to: u64,
        #[command(flatten)]
        change: ChangeArgs,
    },
    /// Show what was in force when a run was made, and what superseded it
    ///
    /// Exit status 1 when the store does not show the version that the run names.
    Which {
        /// A run, as `show` takes it
        #[arg(value_name = "RUN")]
        run: String,
    },
    /// List the runs made under a version
    Runs {
        /// The version; the newest one without `@N`
        #[arg(value_name = "NAME[@N]")]
        policy: VersionName,
    },
    /// Print a commented policy file to start from
    Template {
        /// Strict and offline, lenient for drafts, or as built in with limits for models
        #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(TEMPLATES.map(|(name, _)| name)))]
        kind: String,
    },
    /// Show which past runs would be decided otherwise under a policy, or not allowed
    ///
    /// The recorded reviews are added up again; nobody is asked. Exit status 1 when a run would have come
    /// out otherwise.
    Check {
        /// The policy as TOML; `-` is standard input
        #[arg(short, long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// Without --file the version `NAME@N` to check; then runs, as `show` takes them
        #[arg(value_name = "NAME@N | RUN")]
        words: Vec<String>,
        /// Every run of the store
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Clone, Args)]
pub(in crate::cli) struct ChangeArgs {
    /// Why it is changed
    #[arg(short = 'm', long = "message", value_name = "NOTE", value_parser = note)]
    pub(in crate::cli) note: Option<String>,
    /// Who changes it [default: the name and address that git knows, else the login name]
    #[arg(long, value_name = "WHO", value_parser = note)]
    pub(in crate::cli) by: Option<String>,
    /// Show what would change, and write nothing
    #[arg(long)]
    pub(in crate::cli) dry_run: bool,
    /// Fail instead of waiting where another process changes a policy
    #[arg(long)]
    pub(in crate::cli) no_wait: bool,
}

/// No note is longer, in characters.
const MAX_NOTE: usize = 2000;

fn number(text: &str) -> Result<u64, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it takes the number of a version, from 1 on")
}

pub(super) fn note(text: &str) -> Result<String, String> {
    let trimmed = text.trim();
    match trimmed.chars().count() {
        0 => Err("it must not be blank".to_owned()),
        length if length > MAX_NOTE => {
            Err(format!("it has {length} characters; at most {MAX_NOTE} are kept"))
        }
        _ => Ok(trimmed.to_owned()),
    }
}
