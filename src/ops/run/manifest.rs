//! The manifest of a run: what it says while the run works, and once an attempt has ended.

use std::collections::BTreeMap;

use super::plan::Plan;
use crate::domain::decision::Decision;
use crate::domain::digest::Digest;
use crate::domain::json::Value;
use crate::domain::manifest::{
    self, ChainMetadata, DecisionSummary, FileRecord, MANIFEST_VERSION, Manifest, RunError, StepMetadata,
    StepName, StepRecord,
};
use crate::domain::request::RunType;
use crate::domain::review::DATA_SCHEMA_VERSION;
use crate::domain::step::{RunStatus, Step, StepStatus};

/// How an attempt ended.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    pub(super) status: RunStatus,
    pub(super) steps: &'a BTreeMap<Step, StepStatus>,
    pub(super) outputs: &'a BTreeMap<String, (Digest, u64)>,
    pub(super) decision: Option<&'a Decision>,
    pub(super) error: Option<RunError>,
}

/// The bytes of the manifest of a run that has just begun.
pub(super) fn render_running(plan: &Plan) -> Vec<u8> {
    manifest::render(&running(plan), None)
}

/// The bytes of the manifest after an attempt; members of the one before that are not known are kept.
pub(super) fn render_ended(plan: &Plan, ending: &Ending<'_>, previous: &Value) -> Vec<u8> {
    let status = |step: &Step| ending.steps.get(step).copied().unwrap_or(StepStatus::Pending);
    let completed = ending.status == RunStatus::Completed;
    let ended = Manifest {
        status: ending.status,
        artifacts: records(
            "outputs",
            ending.outputs.iter().map(|(name, (digest, bytes))| (name, *digest, *bytes)),
        ),
        steps: Some(plan.steps.iter().map(|step| record(plan, step, status(step))).collect()),
        policy: completed.then(|| plan.policy.clone()),
        decision: ending.decision.map(|decision| DecisionSummary {
            label: decision.decision,
            weighted_confidence: decision.weighted_confidence,
        }),
        error: ending.error.clone(),
        ..running(plan)
    };
    manifest::render(&ended, Some(previous))
}

fn running(plan: &Plan) -> Manifest {
    let inputs = plan.inputs.iter().map(|(name, input)| (name, input.digest(), input.bytes().len() as u64));
    Manifest {
        schema_version: MANIFEST_VERSION.to_owned(),
        job_id: plan.job.clone(),
        run_id: plan.run.clone(),
        job_ref: Some(plan.job.as_str().into()),
        job_type: Some("review".into()),
        status: RunStatus::Running,
        queue_job_id: None,
        brief_hash: None,
        context_spec_hash: None,
        context_content_hash: None,
        generation_hash: None,
        doctrine: None,
        generation_metadata: Some(Value::Object(Vec::new())),
        artifacts: BTreeMap::new(),
        meta: Some(Value::Object(Vec::new())),
        error: None,
        migration_history: Vec::new(),
        input_snapshots: Some(records("inputs", inputs)),
        inputs_hash: Some(plan.inputs_hash),
        chain_metadata: Some(ChainMetadata::default()),
        data_schema_version: Some(DATA_SCHEMA_VERSION.to_owned()),
        prompt_set_version: Some(plan.prompts.prompt_set_version.clone()),
        prompt_set_digest: plan.prompts.digest(),
        steps: Some(plan.steps.iter().map(|step| record(plan, step, StepStatus::Pending)).collect()),
        policy: None,
        run_type: Some(RunType::of(plan.revised.as_ref())),
        parent_run_id: plan.revised.as_ref().map(|revised| revised.parent.run.clone()),
        decision: None,
    }
}

fn records<'a>(
    folder: &str,
    files: impl Iterator<Item = (&'a String, Digest, u64)>,
) -> BTreeMap<String, FileRecord> {
    files
        .map(|(name, sha256, bytes)| {
            (name.clone(), FileRecord { path: format!("{folder}/{name}"), sha256, bytes })
        })
        .collect()
}

fn record(plan: &Plan, step: &Step, status: StepStatus) -> StepRecord {
    let step_metadata = plan.models.steps.get(step).map(|model| StepMetadata {
        schema_version: Some(DATA_SCHEMA_VERSION.to_owned()),
        prompt_set_version: Some(plan.prompts.prompt_set_version.clone()),
        provider: Some(model.provider.clone()),
        model: Some(model.model.clone()),
        temperature: model.temperature,
        // The first request is an attempt too.
        max_retries: Some(plan.configured_retries),
    });
    StepRecord { name: StepName::Known(step.clone()), status, step_metadata }
}
