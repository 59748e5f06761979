//! What is known of a run, gathered for showing it.

use std::path::PathBuf;

use serde::Serialize;

use super::check::Check;
use super::decimal::Confidence;
use super::decision::{Decision, Label};
use super::digest::Digest;
use super::ids::{JobId, RunId};
use super::manifest::Manifest;
use super::policy::PolicyRef;
use super::proposal::Proposal;
use super::review::PersonaReview;
use super::step::RunStatus;

/// One execution of a run, as its log tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptView {
    /// Its number, from 1.
    pub attempt: u32,
    /// By whom, unauthenticated.
    pub by: String,
    /// The version of the program that ran it.
    pub tool_version: String,
    /// Under which policy.
    pub policy: PolicyRef,
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// When it ended; none while it runs or after it was killed.
    pub ended_at: Option<String>,
    /// How it ended; none while it runs or after it was killed.
    pub status: Option<RunStatus>,
}

/// One run, whole.
#[derive(Debug, Clone)]
pub struct RunView {
    /// Where it lies.
    pub path: PathBuf,
    /// Its manifest.
    pub manifest: Manifest,
    /// When its first event was; none where that was not recorded.
    pub created_at: Option<String>,
    /// Its executions, oldest first.
    pub attempts: Vec<AttemptView>,
    /// Its proposal, once there is one.
    pub proposal: Option<Proposal>,
    /// Its reviews, in panel order, as far as they are there.
    pub reviews: Vec<PersonaReview>,
    /// Its decision, once there is one.
    pub decision: Option<Decision>,
}

/// One run in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunRow {
    /// Its job.
    pub job_id: JobId,
    /// Its id.
    pub run_id: RunId,
    /// When its first event was; none where that was not recorded.
    pub created_at: Option<String>,
    /// How far it is.
    pub status: RunStatus,
    /// What was decided.
    pub decision: Option<Label>,
    /// The weighted confidence.
    pub weighted_confidence: Option<Confidence>,
    /// The version of its manifest.
    pub manifest_version: String,
    /// The policy that it was completed under.
    pub policy: Option<PolicyRef>,
}

/// A run that cannot be listed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Where it lies.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: String,
}

/// What was checked of one run, or of the store's own records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// What was checked: `job/run`, or `policy NAME`.
    pub subject: String,
    /// The end of its chain, to be remembered and asked for later.
    pub head: Option<Digest>,
    /// Each check.
    pub checks: Vec<Check>,
}

impl Verified {
    /// Whether nothing failed.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.checks.iter().any(Check::failed)
    }
}
