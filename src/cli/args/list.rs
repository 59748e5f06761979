//! The flags of `list`.

use clap::{Args, ValueEnum};

use crate::domain::decimal::Confidence;
use crate::domain::decision::Label;
use crate::domain::filter::Moment;
use crate::domain::ids::JobId;
use crate::domain::policy::VersionName;
use crate::domain::step::RunStatus;

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    /// Only this job's runs
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) job: Option<JobId>,
    /// Only those that are so far
    #[arg(long, value_name = "STATUS", value_enum)]
    pub(in crate::cli) status: Option<Status>,
    /// Only those whose findings are in a version that is a draft or submitted
    #[arg(long)]
    pub(in crate::cli) needs_decision: bool,
    /// Only those that were decided so
    #[arg(long, value_name = "DECISION", value_enum)]
    pub(in crate::cli) decision: Option<Decision>,
    /// Only those with this version of the data structures; `unknown` where it is not recorded
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) schema_version: Option<String>,
    /// Only those with this version of the manifest
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) manifest_version: Option<String>,
    /// Only those with this prompt set; `unknown` where it is not recorded
    #[arg(long, value_name = "VERSION")]
    pub(in crate::cli) prompt_set: Option<String>,
    /// Only those that were completed under this policy, or this version of it
    #[arg(long, value_name = "NAME[@N]")]
    pub(in crate::cli) policy: Option<VersionName>,
    /// Only those in which this model answered
    #[arg(long, value_name = "MODEL")]
    pub(in crate::cli) model: Option<String>,
    /// Only those made by somebody whose name has these words
    #[arg(long, value_name = "WHO")]
    pub(in crate::cli) by: Option<String>,
    /// Only those made on this day, or at this time in UTC, or later
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) since: Option<Moment>,
    /// Only those made before this day, or this time in UTC
    #[arg(long, value_name = "DATE")]
    pub(in crate::cli) until: Option<Moment>,
    /// Only those with at least this weighted confidence, 0 to 1
    #[arg(long, value_name = "C")]
    pub(in crate::cli) min_confidence: Option<Confidence>,
    /// Only those that come after this run in the list, as `show` takes it
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) after: Option<String>,
    /// Only so many
    #[arg(long, value_name = "N")]
    pub(in crate::cli) limit: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Status {
    /// Under way, or killed
    Running,
    /// Decided
    Completed,
    /// Some reviewer gave no answer
    Failed,
    /// Stopped by a budget or by the user
    Stopped,
}

impl From<Status> for RunStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Running => Self::Running,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Stopped => Self::Stopped,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Decision {
    /// Go ahead
    Approve,
    /// Revise it first
    Revise,
    /// Do not go ahead
    Reject,
}

impl From<Decision> for Label {
    fn from(decision: Decision) -> Self {
        match decision {
            Decision::Approve => Self::Approve,
            Decision::Revise => Self::Revise,
            Decision::Reject => Self::Reject,
        }
    }
}
