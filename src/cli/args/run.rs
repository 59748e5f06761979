//! The flags of commands that review.

use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::builder::TypedValueParser as _;
use clap::{Args, ValueEnum};

use super::{AskingArgs, count};
use crate::domain::decision::Label;
use crate::domain::ids::JobId;
use crate::domain::policy::VersionName;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("idea").required(true).args(["file", "text"])))]
pub(in crate::cli) struct RunArgs {
    /// The document to review; `-` is standard input
    #[arg(value_name = "FILE", value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from))]
    pub(in crate::cli) file: Option<PathBuf>,
    /// Review this text instead of a file
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) text: Option<String>,
    /// The job that the document belongs to [default: `job:` in its front matter, else the file's name]
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) job: Option<JobId>,
    #[command(flatten)]
    pub(in crate::cli) review: ReviewArgs,
}

/// What one review may be told, of whatever it is.
#[derive(Debug, Args)]
pub(in crate::cli) struct ReviewArgs {
    /// A file to keep with the run for reviewers to read; the built-in rules do not (may be repeated)
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) context: Vec<PathBuf>,
    /// Another opinion on the same inputs, as a run of its own; the built-in rules always have the same one
    #[arg(long, value_name = "N", default_value = "1", value_parser = count::<NonZeroU32>)]
    pub(in crate::cli) sample: NonZeroU32,
    /// The policy to review under, or a version of it [default: as `CONSENSUS_POLICY` or consensus.toml say, else `default`]
    #[arg(long, value_name = "NAME[@N]")]
    pub(in crate::cli) policy: Option<VersionName>,
    /// Rules of one's own, beside those that come with the program (may be repeated) [default: as consensus.toml says]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) rules: Vec<PathBuf>,
    /// Findings that somebody answers for, with the reasons [default: as consensus.toml says]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) suppressions: Option<PathBuf>,
    /// Exit with status 1 when the decision is this bad or worse
    #[arg(long, value_name = "DECISION", value_enum, ignore_case = true)]
    pub(in crate::cli) fail_on: Option<FailOn>,
    /// Fail at once when another process works on the same run
    #[arg(long)]
    pub(in crate::cli) no_wait: bool,
    /// Say how many calls, tokens and dollars it may take, and ask nobody
    #[arg(long, conflicts_with = "fail_on")]
    pub(in crate::cli) estimate: bool,
    #[command(flatten)]
    pub(in crate::cli) asking: AskingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum FailOn {
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
    pub(in crate::cli) fn fails(self, decision: Label) -> bool {
        let worst = match self {
            Self::Revise => Label::Revise,
            Self::Reject => Label::Reject,
        };
        decision <= worst
    }
}
