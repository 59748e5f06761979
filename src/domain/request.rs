//! What is asked, of whom and with which prompts: three of the files under `inputs/`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decimal::Temperature;
use super::digest::Digest;
use super::ids::{JobId, RunId};
use super::panel::Panel;
use super::prompt::{self, PromptSet};
use super::revision::{Revised, Revision};
use super::step::Step;

/// Why a run was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunType {
    /// A first look at an idea.
    Initial,
    /// An edited idea or proposal, after an earlier run.
    Revision,
}

impl RunType {
    /// Why a run is made that revises this, or nothing.
    #[must_use]
    pub fn of(revised: Option<&Revised>) -> Self {
        if revised.is_some() { Self::Revision } else { Self::Initial }
    }
}

/// `inputs/request.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Request {
    /// The job that the run belongs to.
    pub job_id: JobId,
    /// Why the run was made.
    pub run_type: RunType,
    /// The run that this one revises.
    pub parent_run_id: Option<RunId>,
    /// Which opinion on the same inputs this is, from 1.
    pub sample: u32,
    /// The version of the data structures that the answers follow.
    pub schema_version: String,
    /// What is asked of a revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<Revision>,
}

/// `inputs/prompts.json`: the prompt set and the digest of every template used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Prompts {
    /// The set's version, or `none` where nobody is prompted.
    pub prompt_set_version: String,
    /// The digest of each template used.
    pub templates: BTreeMap<String, Digest>,
}

impl Prompts {
    /// The templates of an installed set.
    #[must_use]
    pub fn of(set: &PromptSet) -> Self {
        Self { prompt_set_version: set.version.to_owned(), templates: set.digests() }
    }

    /// The digest of the set; none where nobody is prompted.
    #[must_use]
    pub fn digest(&self) -> Option<Digest> {
        (!self.templates.is_empty()).then(|| prompt::digest_of(&self.templates))
    }

    /// For providers that are not prompted.
    #[must_use]
    pub fn none() -> Self {
        Self { prompt_set_version: "none".to_owned(), templates: BTreeMap::new() }
    }
}

/// Who answers one step, as configured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepModel {
    /// The provider.
    pub provider: String,
    /// The model; for `rules` the version of its engine.
    pub model: String,
    /// The sampling temperature; null where it means nothing.
    pub temperature: Option<Temperature>,
    /// The cap on the answer's tokens; null where it means nothing.
    pub max_output_tokens: Option<u32>,
}

impl StepModel {
    /// Who answers `step` where nothing can be tuned; none for a step that asks nobody.
    #[must_use]
    pub fn untuned(step: &Step, provider: &str, model: &str) -> Option<Self> {
        let (provider, model) = (provider.to_owned(), model.to_owned());
        let asked = !matches!(step, Step::Aggregate);
        asked.then_some(Self { provider, model, temperature: None, max_output_tokens: None })
    }
}

/// `inputs/model.json`: who answers which step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Models {
    /// By step; aggregation asks nobody.
    pub steps: BTreeMap<Step, StepModel>,
}

/// The steps of a run under `panel`, in order.
#[must_use]
pub fn steps(panel: &Panel) -> Vec<Step> {
    let reviews = panel.personas.iter().map(|persona| Step::Review(persona.id.clone()));
    [Step::Expand].into_iter().chain(reviews).chain([Step::Aggregate]).collect()
}
