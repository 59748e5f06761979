//! A revision: an edited idea or proposal, which is a run of its own with another one as its parent. Personas whom
//! the edit concerns are asked anew; the reviews of the others are carried, marked with the run that they are of.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{self, Write as _};
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decision::Decision;
use super::difference::changed;
use super::ids::{IdError, PersonaId, RunId};
use super::json::Value;
use super::panel::{Panel, Persona};
use super::proposal::Proposal;
use super::provider::ProviderName;
use super::request::{Models, Prompts, StepModel};
use super::review::PersonaReview;
use super::step::Step;
use super::text::{Text, fold_space};

/// The member of a review's `internal_metadata` that names the run which it was carried from.
pub const CARRIED_FROM: &str = "carried_from";

/// Who is asked anew in a revision. Whoever reads by rules or by files always is, as that is free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Rerun {
    /// Everyone.
    All,
    /// Whom the edit concerns, whoever objected, and whoever is asked otherwise than before.
    Auto,
    /// These.
    Only(BTreeSet<PersonaId>),
}

impl fmt::Display for Rerun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Auto => f.write_str("auto"),
            Self::Only(ids) => {
                let ids: Vec<&str> = ids.iter().map(PersonaId::as_str).collect();
                f.write_str(&ids.join(","))
            }
        }
    }
}

impl FromStr for Rerun {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        match text {
            "all" => Ok(Self::All),
            "auto" => Ok(Self::Auto),
            ids => ids.split(',').map(|id| id.trim().parse()).collect::<Result<_, _>>().map(Self::Only),
        }
    }
}

impl TryFrom<String> for Rerun {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        text.parse()
    }
}

impl From<Rerun> for String {
    fn from(rerun: Rerun) -> Self {
        rerun.to_string()
    }
}

/// What `inputs/request.json` says of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Revision {
    /// What was edited and why, in the author's words.
    pub notes: Option<String>,
    /// Who was to be asked anew.
    pub rerun: Rerun,
    /// Whether the document that was edited differs, but for white space. Its parts are not told apart as those of a
    /// proposal are, so whoever holds the veto reads it anew, and somebody does.
    pub document_differs: bool,
    /// Whose earlier review may stand, as far as that can be told before the new proposal is there.
    pub may_carry: BTreeSet<PersonaId>,
}

/// How a panel is asked: all that a review depends on, but for the idea and the proposal.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Who is on it.
    pub panel: &'a Panel,
    /// Who answers for each.
    pub models: &'a Models,
    /// In which words they are asked.
    pub prompts: &'a Prompts,
    /// What they are shown besides.
    pub context: &'a BTreeMap<String, String>,
    /// Which opinion it is.
    pub sample: u32,
}

impl Asked<'_> {
    fn model(&self, persona: &PersonaId) -> Option<&StepModel> {
        self.models.steps.get(&Step::Review(persona.clone()))
    }

    /// Whether `persona` is asked as `other` asks it. How much its vote weighs is no part of the question.
    fn is_as(&self, other: &Self, persona: &PersonaId) -> bool {
        fn question<'q>(panel: &'q Panel, id: &PersonaId) -> Option<impl PartialEq + 'q> {
            let Persona { name, instructions, reads, veto, .. } = panel.persona(id)?;
            let levels = (panel.thresholds.approve, panel.thresholds.revise);
            Some((name, instructions, reads, veto, levels))
        }
        question(self.panel, persona) == question(other.panel, persona)
            && self.model(persona) == other.model(persona)
            && self.prompts == other.prompts
            && self.context == other.context
            && self.sample == other.sample
    }
}

/// What the parent of a revision put out.
#[derive(Debug, Clone, PartialEq)]
pub struct Parent {
    /// Which run it is.
    pub run: RunId,
    /// Its proposal.
    pub proposal: Proposal,
    /// Its reviews, by persona id.
    pub reviews: BTreeMap<PersonaId, PersonaReview>,
    /// Its decision.
    pub decision: Decision,
}

/// A revision with what it builds on.
#[derive(Debug, Clone, PartialEq)]
pub struct Revised {
    /// What is asked.
    pub revision: Revision,
    /// What it builds on.
    pub parent: Parent,
    /// The edited proposal, where that is what was edited.
    pub proposal: Option<Proposal>,
}

impl Parent {
    /// Whose review may stand under `rerun`, where the panel was asked as `before` says and is asked as `now` says.
    #[must_use]
    pub fn may_carry(
        &self,
        (rerun, document_differs): (&Rerun, bool),
        before: &Asked<'_>,
        now: &Asked<'_>,
    ) -> BTreeSet<PersonaId> {
        let is_of_model = |asked: &Asked<'_>, id: &PersonaId| {
            let provider = asked.model(id).and_then(|model| model.provider.parse().ok());
            provider.is_some_and(ProviderName::is_model)
        };
        let may = |persona: &&Persona| match (self.reviews.get(&persona.id), rerun) {
            (None, _) | (_, Rerun::All) => false,
            _ if !is_of_model(now, &persona.id) || !is_of_model(before, &persona.id) => false,
            (_, Rerun::Only(ids)) => !ids.contains(&persona.id),
            (Some(review), Rerun::Auto) => {
                review.confidence_score >= now.panel.thresholds.rerun
                    && review.blocking_issues.is_empty()
                    && now.is_as(before, &persona.id)
                    && !(persona.veto && document_differs)
            }
        };
        let may: BTreeSet<PersonaId> =
            now.panel.personas.iter().filter(may).map(|persona| persona.id.clone()).collect();
        // An edit that nobody reads would be approved unread.
        let is_unread = *rerun == Rerun::Auto && document_differs && may.len() == now.panel.personas.len();
        if is_unread { BTreeSet::new() } else { may }
    }
}

impl Revised {
    /// The parent's review by `persona`, marked as carried, where it stands for `proposal`; none where the persona is
    /// asked anew.
    #[must_use]
    pub fn carried(&self, persona: &Persona, proposal: &Proposal) -> Option<PersonaReview> {
        let review = self.parent.reviews.get(&persona.id)?;
        let stands = self.revision.may_carry.contains(&persona.id)
            && match self.revision.rerun {
                Rerun::All => false,
                Rerun::Only(_) => true,
                Rerun::Auto => {
                    let changed = changed(&self.parent.proposal, proposal);
                    !persona.reads().iter().any(|field| changed.contains(&field.name()))
                }
            };
        stands.then(|| {
            let mut carried = review.clone();
            carried.persona_name = persona.name.clone();
            carried.cite(&self.parent.run);
            let metadata = carried.internal_metadata.take().unwrap_or_else(|| Value::Object(Vec::new()));
            carried.internal_metadata = Some(match metadata.get(CARRIED_FROM) {
                Some(_) => metadata,
                None => metadata.with(CARRIED_FROM, self.parent.run.as_str().into()),
            });
            carried
        })
    }

    /// The personas of `panel` whose review is known to be carried before anything is asked.
    #[must_use]
    pub fn surely_carried(&self, panel: &Panel) -> BTreeSet<PersonaId> {
        let stands = |persona: &&Persona| match (&self.revision.rerun, &self.proposal) {
            // The proposal is not there yet, and so cannot say.
            (Rerun::Auto, None) => false,
            (_, proposal) => {
                let proposal = proposal.as_ref().unwrap_or(&self.parent.proposal);
                self.carried(persona, proposal).is_some()
            }
        };
        panel.personas.iter().filter(stands).map(|persona| persona.id.clone()).collect()
    }
}

/// A proposal as a document, which its reviewers can quote: what is under review where a proposal was edited.
#[must_use]
pub fn document(proposal: &Proposal) -> String {
    let mut out = String::new();
    if let Some(title) = &proposal.title {
        let _ = writeln!(out, "# {}\n", fold_space(title.as_str()));
    }
    if let Some(summary) = &proposal.summary {
        let _ = writeln!(out, "{summary}\n");
    }
    let texts =
        [("Problem", &proposal.problem_statement), ("Proposed solution", &proposal.proposed_solution)];
    for (heading, text) in texts {
        let _ = writeln!(out, "## {heading}\n\n{text}\n");
    }
    let lists = [("Assumptions", &proposal.assumptions), ("Non-goals", &proposal.scope_non_goals)];
    for (heading, items) in lists.into_iter().filter(|(_, items)| !items.is_empty()) {
        let items: Vec<String> = items.iter().map(item).collect();
        let _ = writeln!(out, "## {heading}\n\n{}\n", items.join("\n"));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn item(text: &Text) -> String {
    format!("- {}", text.as_str().replace('\n', "\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_asked_anew_is_read_as_it_is_written() {
        for text in ["all", "auto", "architect", "architect,critic"] {
            assert_eq!(text.parse::<Rerun>().unwrap().to_string(), text);
        }
        assert_eq!("critic, architect".parse::<Rerun>().unwrap().to_string(), "architect,critic");
        for bad in ["", "a b", "architect,", "../x"] {
            assert!(bad.parse::<Rerun>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_proposal_is_laid_out_with_each_of_its_parts() {
        let proposal = r#"{"problem_statement":"p","proposed_solution":"s\n\nt","assumptions":["a\nb"],"scope_non_goals":[],"title":"T"}"#;
        let text = document(&super::super::json::from_slice(proposal.as_bytes()).unwrap());
        assert_eq!(
            text,
            "# T\n\n## Problem\n\np\n\n## Proposed solution\n\ns\n\nt\n\n## Assumptions\n\n- a\n  b\n"
        );
    }
}
