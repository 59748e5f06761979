//! A panel whose personas are asked in different ways: each step goes to whoever answers it.

use std::collections::BTreeMap;

use super::file::Answers;
use super::rules::Rules;
use super::{Provider, ProviderError, Subject};
use crate::domain::identity::Inputs;
use crate::domain::panel::Persona;
use crate::domain::proposal::Proposal;
use crate::domain::request::StepModel;
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;

/// Who answers a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// The rules.
    Rules,
    /// Files that people or programs wrote.
    File,
}

/// Who answers which step.
#[derive(Debug)]
pub struct Asking {
    /// The rules.
    pub rules: Rules,
    /// What files say.
    pub answers: Answers,
    /// By step; the rules where a step is not named.
    pub steps: BTreeMap<Step, Asked>,
}

impl Asking {
    fn asked(&self, step: &Step) -> &dyn Provider {
        match self.steps.get(step) {
            Some(Asked::File) => &self.answers,
            Some(Asked::Rules) | None => &self.rules,
        }
    }

    fn uses(&self, asked: Asked) -> bool {
        self.steps.values().any(|one| *one == asked)
    }
}

impl Provider for Asking {
    fn prepare(&self) {
        if self.uses(Asked::Rules) {
            self.rules.prepare();
        }
    }

    fn model(&self, step: &Step) -> Option<StepModel> {
        self.asked(step).model(step)
    }

    fn inputs(&self) -> Inputs {
        let rules = self.uses(Asked::Rules).then(|| self.rules.inputs());
        let answers = self.uses(Asked::File).then(|| self.answers.inputs());
        rules.into_iter().chain(answers).flatten().collect()
    }

    fn expand(&self, subject: &Subject<'_>) -> Result<Proposal, ProviderError> {
        self.asked(&Step::Expand).expand(subject)
    }

    fn review(
        &self,
        persona: &Persona,
        subject: &Subject<'_>,
        proposal: &Proposal,
    ) -> Result<PersonaReview, ProviderError> {
        self.asked(&Step::Review(persona.id.clone())).review(persona, subject, proposal)
    }
}
