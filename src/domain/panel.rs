//! The panel: who reviews, with which weight, and what adds up to which decision.
//!
//! This is the semantic half of a policy. It changes what is decided, so it is an input of every run
//! (`inputs/panel.json`) and part of the run's id.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decimal::{Score, Temperature, Weight};
use super::ids::PersonaId;
use super::json;
use super::refusal::Refusal;
use super::text::Text;

/// The provider that is asked where none is named.
pub const RULES: &str = "rules";
/// The provider that takes the answers that people or programs wrote.
pub const FILE: &str = "file";
/// A larger panel is refused.
const MAX_PERSONAS: usize = 64;

/// One reviewer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// Its id, unique on the panel.
    pub id: PersonaId,
    /// Its name for people.
    pub name: Text,
    /// Its share of the weighted confidence.
    pub weight: Weight,
    /// The sampling temperature of its reviews, where a model answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<Temperature>,
    /// What it looks at, in words.
    pub instructions: Text,
    /// The fields of the proposal that it reads; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reads: Option<Vec<ProposalField>>,
    /// Whether its evidenced security-critical blocking issues hold the veto.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub veto: bool,
    /// Who answers for it; the built-in rules when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Text>,
    /// Which of the provider's models is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Text>,
    /// The ids of the rules that it reads by; those that the rules themselves give it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Vec<Text>>,
}

/// A field of the proposal that a persona reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "they are the fields of a proposal")]
pub enum ProposalField {
    Title,
    Summary,
    ProblemStatement,
    ProposedSolution,
    Assumptions,
    ScopeNonGoals,
}

impl ProposalField {
    /// All of them, in the order in which a reviewer is shown them.
    pub const ALL: [Self; 6] = [
        Self::Title,
        Self::Summary,
        Self::ProblemStatement,
        Self::ProposedSolution,
        Self::Assumptions,
        Self::ScopeNonGoals,
    ];

    /// Its name in a proposal.
    #[must_use]
    pub fn name(self) -> String {
        json::to_value(&self).as_str().unwrap_or_default().to_owned()
    }
}

impl Persona {
    /// The fields of the proposal that it reads.
    #[must_use]
    pub fn reads(&self) -> &[ProposalField] {
        self.reads.as_deref().unwrap_or(&ProposalField::ALL)
    }

    fn validate(&self) -> Result<(), Refusal> {
        let reads = self.reads.as_deref().unwrap_or_default();
        if self.reads.as_ref().is_some_and(Vec::is_empty) {
            return Err(Refusal::new("empty_list", "reads", "leave it out for every field of the proposal"));
        }
        if let Some((index, field)) = repeated(reads) {
            let problem = format!("`{}` is listed already", field.name());
            return Err(Refusal::new("listed_twice", format!("reads[{index}]"), problem));
        }
        let rules = self.rules.as_deref().unwrap_or_default();
        if self.rules.as_ref().is_some_and(Vec::is_empty) {
            return Err(Refusal::new(
                "empty_list",
                "rules",
                "leave it out for the rules that the persona has",
            ));
        }
        if let Some((index, rule)) = repeated(rules) {
            return Err(Refusal::new(
                "listed_twice",
                format!("rules[{index}]"),
                format!("`{rule}` is listed already"),
            ));
        }
        model_has_provider(self.model.as_ref(), self.provider.as_ref())?;
        let asks_rules = self.provider.as_ref().is_none_or(|provider| provider.as_str() == RULES);
        if !asks_rules && self.rules.is_some() {
            let problem = "only the provider `rules` reads by rules";
            return Err(Refusal::new("rules_without_provider", "rules", problem));
        }
        Ok(())
    }
}

impl Expansion {
    fn validate(&self) -> Result<(), Refusal> {
        model_has_provider(self.model.as_ref(), self.provider.as_ref())
    }
}

fn model_has_provider(model: Option<&Text>, provider: Option<&Text>) -> Result<(), Refusal> {
    if model.is_none() || provider.is_some_and(|provider| provider.as_str() != RULES) {
        return Ok(());
    }
    let problem = "the built-in rules have no models; it goes with a `provider` that has";
    Err(Refusal::new("model_without_provider", "model", problem))
}

/// The first item that stands before it already, and where.
fn repeated<T: PartialEq>(items: &[T]) -> Option<(usize, &T)> {
    items.iter().enumerate().find(|(index, item)| items[..*index].contains(item))
}

/// From which weighted confidence on a decision is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// `approve` at this confidence and above.
    pub approve: Score,
    /// `revise` at this confidence and above, else `reject`.
    pub revise: Score,
    /// In a revision, a persona whose earlier score is below this is asked again.
    pub rerun: Score,
}

/// How reviews become a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// From how sure the reviewers are, weighted, against two thresholds.
    WeightedConfidence,
    /// From what was found and evidenced, whatever the scores.
    Findings,
}

/// What `expand` is asked with, where a model answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expansion {
    /// Who answers; the built-in rules when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<Text>,
    /// Which of the provider's models is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Text>,
    /// The sampling temperature.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<Temperature>,
}

/// The panel of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// The reviewers, in the order in which reports list them.
    pub personas: Vec<Persona>,
    /// The thresholds of the weighted confidence.
    pub thresholds: Thresholds,
    /// How reviews become a decision.
    pub method: Method,
    /// Under [`Method::Findings`], more evidenced concerns than this ask for a revision.
    pub max_concerns: u32,
    /// How many reviews a decision needs; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quorum: Option<u32>,
    /// The prompt set; the newest that is installed when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_set: Option<Text>,
    /// What `expand` is asked with.
    pub expansion: Expansion,
}

impl Panel {
    /// Checks what the types alone cannot.
    ///
    /// # Errors
    /// The first [`Refusal`], in the order of the fields.
    pub fn validate(&self) -> Result<(), Refusal> {
        if self.personas.is_empty() {
            return Err(Refusal::new("no_personas", "personas", "a panel needs at least one persona"));
        }
        if self.personas.len() > MAX_PERSONAS {
            let problem = format!("a panel has at most {MAX_PERSONAS} personas");
            return Err(Refusal::new("too_many_personas", "personas", problem));
        }
        let (mut seen, mut holder) = (BTreeSet::new(), None);
        for (index, persona) in self.personas.iter().enumerate() {
            let at = |name: &str| format!("personas[{index}].{name}");
            if !seen.insert(&persona.id) {
                let problem = format!("`{}` is on the panel already", persona.id);
                return Err(Refusal::new("duplicate_persona", at("id"), problem));
            }
            persona.validate().map_err(|refusal| refusal.under(&format!("personas[{index}]")))?;
            if let Some(other) = holder.filter(|_| persona.veto) {
                let problem = format!("`{other}` holds the veto already");
                return Err(Refusal::new("several_vetoes", at("veto"), problem));
            }
            holder = holder.or(persona.veto.then_some(&persona.id));
        }
        self.validate_weights()?;
        let Thresholds { approve, revise, .. } = self.thresholds;
        if revise > approve {
            let problem = format!("revise, {revise}, is above approve, {approve}");
            return Err(Refusal::new("thresholds_order", "thresholds.revise", problem));
        }
        self.expansion.validate().map_err(|refusal| refusal.under("expansion"))?;
        match self.quorum {
            Some(quorum) if quorum == 0 || quorum as usize > self.personas.len() => {
                let personas = self.personas.len();
                let problem = format!("{quorum} is not between 1 and the {personas} personas of the panel");
                Err(Refusal::new("quorum_range", "quorum", problem))
            }
            _ => Ok(()),
        }
    }

    /// Weights have four places, so "within 0.0001" is at most one unit off.
    fn validate_weights(&self) -> Result<(), Refusal> {
        let unit = Weight::MAX.fine() / 10_000;
        let sum: u128 = self.personas.iter().map(|persona| persona.weight.fine()).sum();
        if sum.abs_diff(Weight::MAX.fine()) <= unit {
            return Ok(());
        }
        let units = sum / unit;
        let problem = format!("the weights add up to {}.{:04}, not to 1", units / 10_000, units % 10_000);
        Err(Refusal::new("weights_sum", "personas[].weight", problem))
    }

    /// The persona with this id.
    #[must_use]
    pub fn persona(&self, id: &PersonaId) -> Option<&Persona> {
        self.personas.iter().find(|persona| persona.id == *id)
    }

    /// How many reviews a decision needs.
    #[must_use]
    pub fn quorum(&self) -> usize {
        self.quorum.map_or(self.personas.len(), |quorum| quorum as usize)
    }
}

impl Default for Panel {
    /// The five personas that a store begins with.
    fn default() -> Self {
        let persona = |id: &str, name, weight, instructions, veto| Persona {
            id: id.parse().expect("the id is a literal"),
            name: Text::or(name, "persona"),
            weight: Weight::hundredths(weight),
            temperature: Some(Temperature::hundredths(20)),
            instructions: Text::or(instructions, "review"),
            reads: None,
            veto,
            provider: None,
            model: None,
            rules: None,
        };
        let personas = vec![
            persona(
                "architect",
                "Architect",
                25,
                "Structure, growth under load, upkeep, interfaces, whether it lasts.",
                false,
            ),
            persona(
                "critic",
                "Critic",
                25,
                "What can fail, missed cases, weak assumptions, hard parts, missing evidence.",
                false,
            ),
            persona(
                "optimist",
                "Optimist",
                15,
                "What works, what is feasible, what is gained; rigour kept.",
                false,
            ),
            persona(
                "security_guardian",
                "SecurityGuardian",
                20,
                "Holes, data protection, authentication and authorisation, encryption, input checking, compliance.",
                true,
            ),
            persona(
                "user_advocate",
                "UserAdvocate",
                15,
                "Ease of use, accessibility, value to the user.",
                false,
            ),
        ];
        Self {
            personas,
            thresholds: Thresholds {
                approve: Score::hundredths(80),
                revise: Score::hundredths(60),
                rerun: Score::hundredths(70),
            },
            method: Method::WeightedConfidence,
            max_concerns: 3,
            quorum: None,
            prompt_set: None,
            expansion: Expansion {
                provider: None,
                model: None,
                temperature: Some(Temperature::hundredths(70)),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(&mut Panel)) -> (&'static str, String) {
        let mut panel = Panel::default();
        change(&mut panel);
        let refusal = panel.validate().unwrap_err();
        (refusal.code, refusal.to_string())
    }

    #[test]
    fn the_default_panel_is_valid() {
        assert_eq!(Panel::default().validate(), Ok(()));
    }

    #[test]
    fn each_refusal_names_its_field() {
        let text = |text: &str| Some(Text::new(text).unwrap());
        let said = |change: &dyn Fn(&mut Panel), code: &str, words: &str| {
            let (found, message) = refused(change);
            assert_eq!(found, code, "{message}");
            assert!(message.contains(words), "{message}");
        };
        said(&|panel| panel.personas.clear(), "no_personas", "`personas`");
        said(
            &|panel| {
                panel.personas = vec![panel.personas[0].clone(); 65];
            },
            "too_many_personas",
            "at most 64",
        );
        let twice = |panel: &mut Panel| panel.personas[1].id = panel.personas[0].id.clone();
        said(&twice, "duplicate_persona", "`personas[1].id`");
        let light = |panel: &mut Panel| panel.personas[0].weight = Weight::hundredths(20);
        said(&light, "weights_sum", "`personas[].weight`: the weights add up to 0.9500, not to 1");
        said(
            &|panel| panel.personas[0].veto = true,
            "several_vetoes",
            "`personas[3].veto`: `architect` holds",
        );
        said(
            &|panel| panel.thresholds.revise = Score::MAX,
            "thresholds_order",
            "revise, 1, is above approve, 0.8",
        );
        said(&|panel| panel.quorum = Some(6), "quorum_range", "`quorum`: 6 is not between 1 and the 5");
        said(&|panel| panel.quorum = Some(0), "quorum_range", "0 is not between");
        said(&|panel| panel.personas[2].reads = Some(vec![]), "empty_list", "`personas[2].reads`");
        let title = || Some(vec![ProposalField::Title, ProposalField::Title]);
        said(&|panel| panel.personas[2].reads = title(), "listed_twice", "`personas[2].reads[1]`: `title`");
        said(&|panel| panel.personas[2].rules = Some(vec![]), "empty_list", "`personas[2].rules`");
        let rules = || Some(vec![text("a").unwrap(), text("a").unwrap()]);
        said(&|panel| panel.personas[2].rules = rules(), "listed_twice", "`personas[2].rules[1]`: `a`");
        said(&|panel| panel.personas[2].model = text("m"), "model_without_provider", "`personas[2].model`");
        said(&|panel| panel.expansion.model = text("m"), "model_without_provider", "`expansion.model`");
        let both = |panel: &mut Panel| {
            panel.personas[2].rules = Some(vec![text("a").unwrap()]);
            panel.personas[2].provider = text("openai");
        };
        said(&both, "rules_without_provider", "`personas[2].rules`");
    }

    #[test]
    fn weights_may_be_off_by_their_last_digit() {
        let mut panel = Panel::default();
        panel.personas[0].weight = "0.2501".parse().unwrap();
        assert_eq!(panel.validate(), Ok(()));
        panel.personas[0].weight = "0.2502".parse().unwrap();
        assert!(panel.validate().is_err());
    }
}
