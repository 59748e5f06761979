//! The manifest of schema version 1.4.0, frozen: a change to it is a new version.
//!
//! It also reads what older tools wrote: their words for statuses and steps, and anything at all in the
//! members that only they used.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::domain::decimal::{Confidence, Temperature};
use crate::domain::decision::Label;
use crate::domain::digest::Digest;
use crate::domain::ids::{JobId, RunId};
use crate::domain::json::Value;
use crate::domain::policy::PolicyRef;
use crate::domain::request::RunType;
use crate::domain::step::{RunStatus, Step, StepStatus};

/// One file of the run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileRecord {
    /// Its path under the run's directory.
    pub path: String,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// Its size.
    pub bytes: u64,
}

/// Why the last attempt failed: a code and a step, never a message with contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "ErrorForm")]
pub struct RunError {
    /// A stable word.
    pub code: String,
    /// The step that failed.
    pub step: Option<StepName>,
}

/// What an error was written as: older tools had forms of their own.
#[derive(Deserialize)]
#[serde(untagged)]
enum ErrorForm {
    Whole { code: String, step: Option<StepName> },
    Other(Value),
}

impl From<ErrorForm> for RunError {
    fn from(form: ErrorForm) -> Self {
        match form {
            ErrorForm::Whole { code, step } => Self { code, step },
            ErrorForm::Other(other) => {
                let code = other.as_str().unwrap_or("unknown").to_owned();
                Self { code, step: None }
            }
        }
    }
}

/// A step by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(with = "String")]
pub enum StepName {
    /// One of this program's.
    Known(Step),
    /// An older tool's.
    Other(String),
}

impl StepName {
    /// The step, where it is one of this program's.
    #[must_use]
    pub fn known(&self) -> Option<&Step> {
        if let Self::Known(step) = self { Some(step) } else { None }
    }
}

impl fmt::Display for StepName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(step) => step.fmt(f),
            Self::Other(name) => f.write_str(name),
        }
    }
}

/// Older tools wrote null where there was nothing.
fn null_is_empty<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// An earlier stage that a run builds on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PriorStage {
    /// The stage's run.
    pub run_id: RunId,
    /// The stage's job.
    pub job_id: JobId,
    /// Its name.
    #[serde(default)]
    pub stage: Option<String>,
    /// What of it is used.
    #[serde(default)]
    pub output_references: Option<Value>,
}

/// How a run is chained to others.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ChainMetadata {
    /// Whether another run may build on this one.
    #[serde(default)]
    pub is_chainable_stage: bool,
    /// What this run builds on.
    #[serde(default)]
    pub prior_stages: Vec<PriorStage>,
}

/// Who answered a step, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepMetadata {
    /// The version of the data structures.
    pub schema_version: Option<String>,
    /// The version of the prompt set, `none` where nobody was prompted.
    pub prompt_set_version: Option<String>,
    /// The provider.
    pub provider: Option<String>,
    /// The model.
    pub model: Option<String>,
    /// The sampling temperature.
    pub temperature: Option<Temperature>,
    /// How often a request may be repeated.
    pub max_retries: Option<u32>,
}

/// One step and how far it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepRecord {
    /// The step, or what an older tool called one.
    pub name: StepName,
    /// How far it is.
    #[schemars(with = "String")]
    pub status: StepStatus,
    /// Who answered it.
    #[serde(default)]
    pub step_metadata: Option<StepMetadata>,
}

/// The decision in short.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionSummary {
    /// What was decided.
    pub label: Label,
    /// The weighted confidence.
    pub weighted_confidence: Confidence,
}

/// A manifest. A member that is null or absent was not recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// The manifest's own version.
    pub schema_version: String,
    /// The job.
    pub job_id: JobId,
    /// The run.
    pub run_id: RunId,
    /// The job as an outer system names it; new runs repeat the job id.
    #[serde(default)]
    pub job_ref: Option<Value>,
    /// The kind of job; new runs say `review`.
    #[serde(default)]
    pub job_type: Option<Value>,
    /// How far the run is; a word of an older tool is read as what it means, else as unknown.
    #[schemars(with = "String")]
    pub status: RunStatus,
    /// The id that a queue gave the job.
    #[serde(default)]
    pub queue_job_id: Option<Value>,
    /// A hash of older tools.
    #[serde(default)]
    pub brief_hash: Option<Value>,
    /// A hash of older tools.
    #[serde(default)]
    pub context_spec_hash: Option<Value>,
    /// A hash of older tools.
    #[serde(default)]
    pub context_content_hash: Option<Value>,
    /// A hash of older tools.
    #[serde(default)]
    pub generation_hash: Option<Value>,
    /// The doctrine that older tools worked under.
    #[serde(default)]
    pub doctrine: Option<Value>,
    /// Anything about how the outputs were made.
    #[serde(default)]
    pub generation_metadata: Option<Value>,
    /// The files under `outputs/`, by name.
    #[serde(default, deserialize_with = "null_is_empty")]
    #[schemars(with = "Option<BTreeMap<String, FileRecord>>")]
    pub artifacts: BTreeMap<String, FileRecord>,
    /// Anything else.
    #[serde(default)]
    pub meta: Option<Value>,
    /// Why the last attempt failed.
    #[serde(default)]
    #[schemars(with = "Value")]
    pub error: Option<RunError>,
    /// What was done to this manifest since it was made.
    #[serde(default, deserialize_with = "null_is_empty")]
    #[schemars(with = "Option<Vec<Value>>")]
    pub migration_history: Vec<Value>,
    /// The files under `inputs/`, by name (1.1.0).
    #[serde(default)]
    pub input_snapshots: Option<BTreeMap<String, FileRecord>>,
    /// The hash of the inputs (1.1.0).
    #[serde(default)]
    pub inputs_hash: Option<Digest>,
    /// How the run is chained to others (1.2.0).
    #[serde(default)]
    pub chain_metadata: Option<ChainMetadata>,
    /// The version of the data structures (1.3.0).
    #[serde(default)]
    pub data_schema_version: Option<String>,
    /// The version of the prompt set, `none` where nobody was prompted (1.3.0).
    #[serde(default)]
    pub prompt_set_version: Option<String>,
    /// The digest of the prompt set (1.3.0).
    #[serde(default)]
    pub prompt_set_digest: Option<Digest>,
    /// The steps, in order (1.3.0).
    #[serde(default)]
    pub steps: Option<Vec<StepRecord>>,
    /// The policy of the attempt that completed the run (1.4.0).
    #[serde(default)]
    pub policy: Option<PolicyRef>,
    /// Why the run was made (1.4.0).
    #[serde(default)]
    pub run_type: Option<RunType>,
    /// The run that this one revises (1.4.0).
    #[serde(default)]
    pub parent_run_id: Option<RunId>,
    /// The decision in short (1.4.0).
    #[serde(default)]
    pub decision: Option<DecisionSummary>,
}
