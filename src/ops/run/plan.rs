//! What a run is made of, settled before anything is written: its inputs, and so its identity.

use std::collections::BTreeMap;

use serde::Serialize;

use super::RunOptions;
use crate::domain::digest::Digest;
use crate::domain::identity::{Inputs, inputs_hash};
use crate::domain::ids::{JobId, RunId};
use crate::domain::json;
use crate::domain::panel::Panel;
use crate::domain::policy::PolicyRef;
use crate::domain::request::{self, Models, Prompts, Request, RunType};
use crate::domain::review::DATA_SCHEMA_VERSION;
use crate::domain::step::Step;
use crate::ops::policy::InForce;
use crate::provider::Provider;

/// A run, settled.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) job: JobId,
    pub(super) run: RunId,
    pub(super) inputs: Inputs,
    pub(super) inputs_hash: Digest,
    pub(super) panel: Panel,
    pub(super) policy: PolicyRef,
    pub(super) max_retries: u32,
    pub(super) steps: Vec<Step>,
    pub(super) models: Models,
    pub(super) prompts: Prompts,
    pub(super) run_type: RunType,
    pub(super) idea: String,
    pub(super) extension: String,
    pub(super) context: BTreeMap<String, String>,
}

impl Plan {
    pub(super) fn new(job: JobId, options: &RunOptions, policy: &InForce, provider: &dyn Provider) -> Self {
        let panel = policy.version.body.panel.clone();
        let steps = request::steps(&panel);
        let models = steps.iter().filter_map(|step| Some((step.clone(), provider.model(step)?))).collect();
        let (models, prompts) = (Models { steps: models }, Prompts::none());
        let request = Request {
            job_id: job.clone(),
            run_type: RunType::Initial,
            parent_run_id: None,
            sample: options.sample.get(),
            schema_version: DATA_SCHEMA_VERSION.to_owned(),
        };
        let mut inputs = provider.inputs();
        inputs.insert(format!("idea.{}", options.source.extension), options.source.text.clone().into_bytes());
        inputs.insert("request.json".to_owned(), file(&request));
        inputs.insert("panel.json".to_owned(), file(&panel));
        inputs.insert("prompts.json".to_owned(), file(&prompts));
        inputs.insert("model.json".to_owned(), file(&models));
        for context in &options.context {
            inputs.insert(format!("context/{}", context.name), context.text.clone().into_bytes());
        }
        let inputs_hash = inputs_hash(inputs.iter().map(|(name, bytes)| (name.as_str(), Digest::of(bytes))));
        Self {
            job,
            run: RunId::of_inputs(&inputs_hash),
            inputs,
            inputs_hash,
            panel,
            policy: policy.version.reference.clone(),
            // The first request is an attempt too.
            max_retries: policy.version.body.limits.max_attempts.saturating_sub(1),
            steps,
            models,
            prompts,
            run_type: request.run_type,
            idea: options.source.text.clone(),
            extension: options.source.extension.clone(),
            context: options.context.iter().map(|file| (file.name.clone(), file.text.clone())).collect(),
        }
    }
}

/// The bytes of a file that people read.
pub(super) fn file<T: Serialize>(value: &T) -> Vec<u8> {
    json::pretty(&json::to_value(value)).into_bytes()
}
