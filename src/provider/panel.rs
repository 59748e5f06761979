//! A panel whose personas are asked in different ways: each step goes to whoever answers it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use super::file::Answers;
use super::model::{Choice, Models, Pace, read_by};
use super::rules::Rules;
use super::{Ledger, Provider, ProviderError, Subject};
use crate::domain::identity::Inputs;
use crate::domain::panel::Persona;
use crate::domain::prompt::Material;
use crate::domain::proposal::Proposal;
use crate::domain::provider::ProviderName;
use crate::domain::request::{Prompts, StepModel};
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;

/// Who answers a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// The rules.
    Rules,
    /// Files that people or programs wrote.
    File,
    /// A model.
    Model(Choice),
    /// Nobody: the answer is there, and who gave it where somebody was asked.
    Nobody(Option<StepModel>),
}

/// Who answers which step.
#[derive(Debug)]
pub struct Asking {
    rules: Rules,
    answers: Answers,
    models: Models,
    steps: BTreeMap<Step, Asked>,
    /// What models are sent; made once, whoever asks first.
    material: OnceLock<Material>,
}

impl Asking {
    /// A panel whose steps are answered so; by the rules where a step is not named.
    #[must_use]
    pub fn new(rules: Rules, answers: Answers, models: Models, steps: BTreeMap<Step, Asked>) -> Self {
        Self { rules, answers, models, steps, material: OnceLock::new() }
    }

    /// The same, its models asked at this pace.
    #[must_use]
    pub fn at_pace(self, pace: Pace) -> Self {
        Self { models: self.models.at_pace(pace), ..self }
    }

    /// The same, for another document.
    #[must_use]
    pub fn again(&self) -> Self {
        let (answers, steps) = (self.answers.clone(), self.steps.clone());
        Self::new(self.rules.again(), answers, self.models.again(), steps)
    }

    /// The models that are asked, by step.
    pub fn choices(&self) -> impl Iterator<Item = (&Step, &Choice)> {
        self.steps.iter().filter_map(|(step, asked)| match asked {
            Asked::Model(choice) => Some((step, choice)),
            Asked::Rules | Asked::File | Asked::Nobody(_) => None,
        })
    }

    /// Has a step answered otherwise.
    pub fn answer(&mut self, step: Step, asked: Asked) {
        self.steps.insert(step, asked);
    }

    /// The models, and the rules by which they are asked.
    #[must_use]
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// The prompts that are used, also for answers that are there.
    #[must_use]
    pub fn prompts(&self) -> Prompts {
        let is_model = |asked: &Asked| match asked {
            Asked::Model(_) => true,
            Asked::Nobody(Some(model)) => model.provider.parse().is_ok_and(ProviderName::is_model),
            Asked::Rules | Asked::File | Asked::Nobody(None) => false,
        };
        let is_prompted = self.steps.values().any(is_model);
        if is_prompted { Prompts::of(self.models.prompts()) } else { Prompts::none() }
    }

    /// The lines of each text of the subject in which keys, tokens or passwords stand, where a model would be sent
    /// it: of the idea under no name, of context under its file's.
    #[must_use]
    pub fn secrets(&self, subject: &Subject<'_>) -> Vec<(Option<String>, Vec<u32>)> {
        if self.choices().next().is_none() {
            return Vec::new();
        }
        let context = subject.context.iter().map(|(name, text)| (Some(name.clone()), text.as_str()));
        let texts = [(None, subject.idea)].into_iter().chain(context);
        let lines = texts.map(|(name, text)| (name, self.rules.secret_lines(text)));
        lines.filter(|(_, lines)| !lines.is_empty()).collect()
    }

    /// What models are sent of the subject: all of it but keys, tokens and passwords.
    pub fn material(&self, subject: &Subject<'_>) -> &Material {
        self.material.get_or_init(|| Material {
            document: self.sendable(subject.idea),
            context: subject.context.iter().map(|(name, text)| (name.clone(), self.sendable(text))).collect(),
        })
    }

    /// A text as models are sent it.
    fn sendable(&self, text: &str) -> String {
        self.models.without_keys(&self.rules.without_secrets(text))
    }

    fn asked(&self, step: &Step) -> &Asked {
        self.steps.get(step).unwrap_or(&Asked::Rules)
    }

    fn uses(&self, asked: &Asked) -> bool {
        self.steps.values().any(|one| one == asked)
    }
}

impl Provider for Asking {
    fn prepare(&self) {
        if self.uses(&Asked::Rules) {
            self.rules.prepare();
        }
    }

    fn model(&self, step: &Step) -> Option<StepModel> {
        match self.asked(step) {
            Asked::Rules => self.rules.model(step),
            Asked::File => self.answers.model(step),
            Asked::Model(choice) => Some(choice.recorded()),
            Asked::Nobody(answered) => answered.clone(),
        }
    }

    fn inputs(&self) -> Inputs {
        let rules = self.uses(&Asked::Rules).then(|| self.rules.inputs());
        let answers = self.uses(&Asked::File).then(|| self.answers.inputs());
        rules.into_iter().chain(answers).flatten().collect()
    }

    fn expand(&self, subject: &Subject<'_>, ledger: &dyn Ledger) -> Result<Proposal, ProviderError> {
        match self.asked(&Step::Expand) {
            Asked::Rules => self.rules.expand(subject, ledger),
            Asked::File => self.answers.expand(subject, ledger),
            Asked::Model(choice) => self.models.expand(choice, self.material(subject), ledger),
            Asked::Nobody(_) => Err(ProviderError::MissingAnswer(Step::Expand.output())),
        }
    }

    fn review(
        &self,
        persona: &Persona,
        subject: &Subject<'_>,
        proposal: &Proposal,
        ledger: &dyn Ledger,
    ) -> Result<PersonaReview, ProviderError> {
        let step = Step::Review(persona.id.clone());
        match self.asked(&step) {
            Asked::Rules => self.rules.review(persona, subject, proposal, ledger),
            Asked::File => self.answers.review(persona, subject, proposal, ledger),
            Asked::Model(choice) => {
                let read = self.sendable(&read_by(persona, proposal));
                let material = (self.material(subject), subject.idea);
                self.models.review(choice, persona, material, &read, ledger)
            }
            Asked::Nobody(_) => Err(ProviderError::MissingAnswer(step.output())),
        }
    }
}
