//! The flags of `revise`.

use std::path::PathBuf;

use clap::Args;

use super::ReviewArgs;
use crate::domain::revision::Rerun;

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("edit").required(true).args(["idea", "proposal"])))]
pub(in crate::cli) struct ReviseArgs {
    /// The run that is revised, as `show` takes it; it stays as it is
    #[arg(value_name = "RUN")]
    pub(in crate::cli) run: String,
    /// The edited document; `-` is standard input
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) idea: Option<PathBuf>,
    /// The edited proposal, such as a copy of the run's outputs/proposal.json; it is then all that is under review, so that
    /// rules miss what only the document says
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) proposal: Option<PathBuf>,
    /// What was edited, and why
    #[arg(short = 'm', long, value_name = "NOTES")]
    pub(in crate::cli) notes: Option<String>,
    /// Who is asked anew: `all`, `auto` or persona ids. `auto` asks whoever objected, scored low, is asked otherwise
    /// now, reads a part of the proposal that differs, or holds the veto over a document that does; rules and files always
    /// answer anew
    #[arg(long, value_name = "all|auto|IDS", default_value = "auto")]
    pub(in crate::cli) rerun: Rerun,
    #[command(flatten)]
    pub(in crate::cli) review: ReviewArgs,
}
