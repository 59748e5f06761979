//! The built-in rules: they check offline whether a document says what a proposal should say and whether
//! it says something dangerous. They rely on headings and wording alone: they judge what is written,
//! not whether it is right.
//!
//! ```text
//! source ─► matter, markdown | rst ─► document ─► section ─┐
//! packs/*.toml ─► pack ─► compiled ────────────────────────┴─► check ─► review, expand
//! ```

mod blocks;
mod check;
mod compiled;
mod document;
mod evidence;
mod expand;
mod heading;
mod lines;
mod markdown;
mod matter;
mod negation;
mod pack;
mod pattern;
mod prose;
mod review;
mod rst;
mod score;
mod section;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_hostile;
mod told;

pub use pack::{HazardRule, Mentions, Pack, PackError, Reading, Scope, Severity, TopicRule};

use self::compiled::Compiled;
use self::document::Document;
use super::{Provider, ProviderError, Subject};
use crate::domain::identity::Inputs;
use crate::domain::panel::Persona;
use crate::domain::proposal::Proposal;
use crate::domain::refusal::Refusal;
use crate::domain::request::StepModel;
use crate::domain::review::PersonaReview;
use crate::domain::step::Step;
use crate::domain::view::RuleView;

/// The version of the engine. It is raised whenever reading, matching or scoring changes what any
/// document is told; a change of the rules themselves shows in their pack's bytes.
pub const ENGINE: &str = "rules-1";

const CORE: &str = include_str!("packs/core.toml");

/// The provider that reads by rules.
#[derive(Debug)]
pub struct Rules {
    packs: Vec<(Compiled, &'static str)>,
}

impl Rules {
    /// The rules that come with the program.
    ///
    /// # Errors
    /// [`PackError`] when a pack is not valid, which the tests rule out.
    pub fn builtin() -> Result<Self, PackError> {
        let load = |text| Ok((Compiled::of(Pack::parse(text)?), text));
        Ok(Self { packs: [CORE].into_iter().map(load).collect::<Result<_, _>>()? })
    }

    /// Compiles every pattern now, so that one that is not valid is found before a document asks for it.
    ///
    /// # Errors
    /// [`PackError::Field`] naming the rule and its field.
    pub fn check(&self) -> Result<(), PackError> {
        self.packs.iter().try_for_each(|(compiled, _)| compiled.check())
    }

    /// Checks that the persona can review by rules.
    ///
    /// # Errors
    /// [`Refusal`] naming the persona's field: a rule that there is not, or no rule at all.
    pub fn serve(&self, persona: &Persona) -> Result<(), Refusal> {
        let rules = || {
            let topics = self.packs().flat_map(|pack| &pack.topics).map(|rule| (&rule.id, &rule.persona));
            let hazards = self.packs().flat_map(|pack| &pack.hazards).map(|rule| (&rule.id, &rule.persona));
            topics.chain(hazards)
        };
        for (index, rule) in persona.rules.iter().flatten().enumerate() {
            if !rules().any(|(id, _)| id == rule.as_str()) {
                let known: Vec<&str> = rules().map(|(id, _)| id.as_str()).collect();
                let problem = format!("there is no rule `{rule}`; there are {}", known.join(", "));
                return Err(Refusal::new("unknown_rule", format!("rules[{index}]"), problem));
            }
        }
        if rules().any(|(id, owner)| review::is_read_by(persona, id, owner)) {
            return Ok(());
        }
        let problem =
            format!("no built-in rule belongs to `{}`; name the rules that it reads by", persona.id);
        Err(Refusal::new("no_rules", "rules", problem))
    }

    /// Every rule, as it is told to people, in the order in which they are run.
    #[must_use]
    pub fn told(&self) -> Vec<RuleView> {
        self.packs().flat_map(told::told).collect()
    }

    /// The packs in use, in the order in which their rules are run.
    pub fn packs(&self) -> impl Iterator<Item = &Pack> {
        self.packs.iter().map(|(compiled, _)| &compiled.pack)
    }
}

impl Provider for Rules {
    fn prepare(&self) {
        self.packs.iter().for_each(|(compiled, _)| compiled.prepare());
    }

    fn model(&self, step: &Step) -> Option<StepModel> {
        let (provider, model) = ("rules".to_owned(), ENGINE.to_owned());
        let asked = !matches!(step, Step::Aggregate);
        asked.then_some(StepModel { provider, model, temperature: None, max_output_tokens: None })
    }

    fn inputs(&self) -> Inputs {
        let input = |(compiled, text): &(Compiled, &str)| {
            (format!("rules/{}.toml", compiled.pack.id), text.as_bytes().to_vec())
        };
        self.packs.iter().map(input).collect()
    }

    fn expand(&self, subject: &Subject<'_>) -> Result<Proposal, ProviderError> {
        let document = Document::read(subject.idea, subject.extension);
        let (compiled, _) =
            self.packs.first().ok_or_else(|| ProviderError::InvalidAnswer("no rule pack".to_owned()))?;
        Ok(expand::expand(&check::Reading::of(compiled, &document)))
    }

    fn review(
        &self,
        persona: &Persona,
        subject: &Subject<'_>,
        _proposal: &Proposal,
    ) -> Result<PersonaReview, ProviderError> {
        let document = Document::read(subject.idea, subject.extension);
        let readings = self.packs.iter().map(|(compiled, _)| check::Reading::of(compiled, &document));
        Ok(review::review(persona, &readings.collect::<Vec<_>>(), subject.idea))
    }
}
