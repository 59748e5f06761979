//! The panel: who reviews, with which weight, and what adds up to which decision.
//!
//! This is the semantic half of a policy. It changes what is decided, so it is an input of every run
//! (`inputs/panel.json`) and part of the run's id.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decimal::{Score, Temperature, Weight};
use super::ids::PersonaId;
use super::text::Text;

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
    /// Whether its evidenced security-critical blocking issues hold the veto.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub veto: bool,
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
    /// What `expand` is asked with.
    pub expansion: Expansion,
}

/// Why a panel is refused. Each names the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PanelError {
    /// There is nobody to review.
    #[error("personas: a panel needs at least one persona")]
    Empty,
    /// One id is given twice.
    #[error("personas[{index}].id: `{id}` is on the panel already")]
    Duplicate {
        /// Where the second one stands, from 0.
        index: usize,
        /// The id.
        id: PersonaId,
    },
    /// The weights do not add up to 1 within 0.0001.
    #[error("personas[].weight: the weights add up to {0}, not to 1")]
    Weights(String),
    /// More than one persona holds the veto.
    #[error("personas[{0}].veto: another persona holds the veto already")]
    Veto(usize),
    /// `revise` is above `approve`.
    #[error("thresholds.revise: {revise} is above thresholds.approve, {approve}")]
    Thresholds {
        /// The revise threshold.
        revise: Score,
        /// The approve threshold.
        approve: Score,
    },
    /// The quorum cannot be met, or asks for nobody.
    #[error("quorum: {quorum} is not between 1 and the {personas} personas of the panel")]
    Quorum {
        /// What is asked for.
        quorum: u32,
        /// How many there are.
        personas: usize,
    },
}

impl Panel {
    /// Checks what the types alone cannot.
    ///
    /// # Errors
    /// The first [`PanelError`] found, in the order of the fields.
    pub fn validate(&self) -> Result<(), PanelError> {
        if self.personas.is_empty() {
            return Err(PanelError::Empty);
        }
        let mut seen = BTreeSet::new();
        for (index, persona) in self.personas.iter().enumerate() {
            if !seen.insert(&persona.id) {
                return Err(PanelError::Duplicate { index, id: persona.id.clone() });
            }
        }
        self.validate_weights()?;
        let mut holders = self.personas.iter().enumerate().filter(|(_, persona)| persona.veto);
        if let Some((index, _)) = holders.nth(1) {
            return Err(PanelError::Veto(index));
        }
        let Thresholds { approve, revise, .. } = self.thresholds;
        if revise > approve {
            return Err(PanelError::Thresholds { revise, approve });
        }
        match self.quorum {
            Some(quorum) if quorum == 0 || quorum as usize > self.personas.len() => {
                Err(PanelError::Quorum { quorum, personas: self.personas.len() })
            }
            _ => Ok(()),
        }
    }

    /// Weights have four places, so "within 0.0001" is at most one unit off.
    fn validate_weights(&self) -> Result<(), PanelError> {
        let unit = Weight::MAX.fine() / 10_000;
        let sum: u128 = self.personas.iter().map(|persona| persona.weight.fine()).sum();
        if sum.abs_diff(Weight::MAX.fine()) <= unit {
            return Ok(());
        }
        let units = sum / unit;
        Err(PanelError::Weights(format!("{}.{:04}", units / 10_000, units % 10_000)))
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
            veto,
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
            expansion: Expansion { temperature: Some(Temperature::hundredths(70)) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(change: impl Fn(&mut Panel)) -> String {
        let mut panel = Panel::default();
        change(&mut panel);
        panel.validate().unwrap_err().to_string()
    }

    #[test]
    fn the_default_panel_is_valid() {
        assert_eq!(Panel::default().validate(), Ok(()));
    }

    #[test]
    fn each_refusal_names_its_field() {
        assert!(refused(|panel| panel.personas.clear()).starts_with("personas:"));
        assert!(
            refused(|panel| panel.personas[1].id = panel.personas[0].id.clone())
                .starts_with("personas[1].id")
        );
        assert_eq!(
            refused(|panel| panel.personas[0].weight = Weight::hundredths(20)),
            "personas[].weight: the weights add up to 0.9500, not to 1"
        );
        assert!(refused(|panel| panel.personas[0].veto = true).starts_with("personas[3].veto"));
        assert!(refused(|panel| panel.thresholds.revise = Score::MAX).starts_with("thresholds.revise"));
        assert!(refused(|panel| panel.quorum = Some(6)).starts_with("quorum: 6"));
        assert!(refused(|panel| panel.quorum = Some(0)).starts_with("quorum: 0"));
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
