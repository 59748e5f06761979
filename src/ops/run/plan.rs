//! What a run is made of, settled before anything is written: its inputs, and so its identity.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use serde::Serialize;

use super::Document;
use crate::domain::audit::RunVersions;
use crate::domain::decision::Decision;
use crate::domain::difference::{Difference, Reviewed, Side};
use crate::domain::digest::Digest;
use crate::domain::identity::{Input, Inputs, inputs_hash};
use crate::domain::ids::{JobId, RunId};
use crate::domain::json;
use crate::domain::panel::{Panel, RULES};
use crate::domain::policy::Limits;
use crate::domain::policy::PolicyRef;
use crate::domain::proposal::Proposal;
use crate::domain::request::{self, Models, Prompts, Request, RunType};
use crate::domain::review::{DATA_SCHEMA_VERSION, PersonaReview};
use crate::domain::revision::{Parent, Revised};
use crate::domain::step::Step;
use crate::ops::policy::InForce;
use crate::provider::model::RecordedWith;
use crate::provider::panel::Asking;
use crate::provider::{Provider as _, Subject};

/// A run, settled.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) job: JobId,
    pub(super) run: RunId,
    pub(super) inputs: Inputs,
    pub(super) inputs_hash: Digest,
    pub(super) panel: Panel,
    pub(super) policy: PolicyRef,
    /// As the policy has it, whatever flags say: it stands in the manifest.
    pub(super) configured_retries: u32,
    /// What this attempt may cost, as flags made it tighter.
    pub(super) limits: Limits,
    pub(super) tightened: BTreeMap<String, String>,
    pub(super) steps: Vec<Step>,
    pub(super) models: Models,
    pub(super) prompts: Prompts,
    /// What it revises, where it does.
    pub(super) revised: Option<Revised>,
    /// The document of that.
    parent_idea: String,
    pub(super) idea: String,
    pub(super) extension: String,
    pub(super) context: BTreeMap<String, String>,
    pub(super) sample: u32,
}

impl Plan {
    pub(super) fn new(
        job: JobId,
        (document, sample): (&Document, NonZeroU32),
        policy: &InForce,
        (limits, tightened): (Limits, BTreeMap<String, String>),
        provider: &Asking,
        revised: Option<Revised>,
    ) -> Self {
        let panel = policy.version.body.panel.clone();
        let steps = request::steps(&panel);
        let models = steps.iter().filter_map(|step| Some((step.clone(), provider.model(step)?))).collect();
        let (models, prompts) = (Models { steps: models }, provider.prompts());
        let request = Request {
            job_id: job.clone(),
            run_type: RunType::of(revised.as_ref()),
            parent_run_id: revised.as_ref().map(|revised| revised.parent.run.clone()),
            sample: sample.get(),
            schema_version: DATA_SCHEMA_VERSION.to_owned(),
            revision: revised.as_ref().map(|revised| revised.revision.clone()),
        };
        let mut inputs = provider.inputs();
        inputs.extend(document.revising.iter().flat_map(|revising| revising.inputs()));
        let mut add = |name: &str, bytes: Vec<u8>| inputs.insert(name.to_owned(), Input::new(bytes));
        add(&format!("idea.{}", document.source.extension), document.source.text.clone().into_bytes());
        add("request.json", file(&request));
        add("panel.json", file(&panel));
        add("prompts.json", file(&prompts));
        add("model.json", file(&models));
        for context in &document.context {
            add(&format!("context/{}", context.name), context.text.clone().into_bytes());
        }
        let inputs_hash = inputs_hash(inputs.iter().map(|(name, input)| (name.as_str(), input.digest())));
        Self {
            job,
            run: RunId::of_inputs(&inputs_hash),
            inputs,
            inputs_hash,
            panel,
            policy: policy.version.reference.clone(),
            configured_retries: policy.version.body.limits.max_attempts.saturating_sub(1),
            limits,
            tightened,
            steps,
            models,
            prompts,
            revised,
            parent_idea: document
                .revising
                .as_ref()
                .map_or_else(String::new, |revising| revising.idea().to_owned()),
            idea: document.source.text.clone(),
            extension: document.source.extension.clone(),
            context: document.context.iter().map(|file| (file.name.clone(), file.text.clone())).collect(),
            sample: sample.get(),
        }
    }

    /// What is under review.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject { idea: &self.idea, extension: &self.extension, context: &self.context }
    }

    /// Whether an edited proposal is read by rules, which look for more than a proposal has room for.
    pub(super) fn is_proposal_read_by_rules(&self) -> bool {
        let is_edited = self.revised.as_ref().is_some_and(|revised| revised.proposal.is_some());
        is_edited && self.models.steps.values().any(|model| model.provider == RULES)
    }

    /// What differs from the run that it revises, where it revises one.
    pub(super) fn difference(
        &self,
        proposal: &Proposal,
        reviews: &[PersonaReview],
        decision: &Decision,
    ) -> Option<Difference> {
        let parent = &self.revised.as_ref()?.parent;
        let ideas = (self.parent_idea.as_str(), self.idea.as_str());
        Some(difference_of(parent, (&self.job, &self.run), ideas, (proposal, reviews, decision)))
    }

    /// The run, and the versions that it is made with.
    pub(super) fn versions(&self) -> RunVersions {
        RunVersions {
            job_id: self.job.clone(),
            run_id: self.run.clone(),
            schema_version: DATA_SCHEMA_VERSION.to_owned(),
            prompt_set_version: self.prompts.prompt_set_version.clone(),
        }
    }

    /// What a recording of it is made with.
    pub(super) fn recorded_with(&self) -> RecordedWith {
        RecordedWith { models: self.models.clone(), prompts: self.prompts.clone(), sample: self.sample }
    }
}

/// What differs from `parent` to one of its revisions. It says nothing of policies: those of the attempt that comes to
/// the end are not known before.
pub(in crate::ops) fn difference_of(
    parent: &Parent,
    (job, run): (&JobId, &RunId),
    (old_idea, idea): (&str, &str),
    (proposal, reviews, decision): (&Proposal, &[PersonaReview], &Decision),
) -> Difference {
    let before: Vec<PersonaReview> = parent.reviews.values().cloned().collect();
    let side = |run: &RunId, decision| Side::decided(job.clone(), run.clone(), decision);
    let old = Reviewed {
        side: side(&parent.run, &parent.decision),
        document: Some(old_idea),
        proposal: Some(&parent.proposal),
        reviews: &before,
    };
    let (document, proposal) = (Some(idea), Some(proposal));
    Difference::of(&old, &Reviewed { side: side(run, decision), document, proposal, reviews })
}

/// The bytes of a file that people read.
pub(super) fn file<T: Serialize>(value: &T) -> Vec<u8> {
    json::pretty(&json::to_value(value)).into_bytes()
}
