//! Aggregation: from reviews to a decision.
//!
//! Both methods are pure functions of the panel and the reviews, so a stored decision can be computed
//! again at any time. Laws, held by properties in the tests: the order of reviews does not matter;
//! adding a blocking issue never improves a decision; raising one score never worsens it.

mod findings;
mod minority;
#[cfg(test)]
mod tests;
mod weighted;

use std::collections::BTreeMap;

use super::decimal::Confidence;
use super::decision::{Decision, Label, Quorum, ScoreBreakdown, Veto};
use super::ids::PersonaId;
use super::panel::{Method, Panel, Persona};
use super::review::{BlockingIssue, PersonaReview};
use super::text::Text;

/// Why reviews do not add up to a decision.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AggregateError {
    /// There are no reviews.
    #[error("there are no reviews")]
    NoReviews,
    /// A review is by somebody who is not on the panel.
    #[error("`{0}` is not on the panel")]
    NotOnPanel(PersonaId),
    /// Somebody reviewed twice.
    #[error("`{0}` reviewed twice")]
    Twice(PersonaId),
    /// Too few reviews.
    #[error(
        "{present} of the {expected} reviews that the quorum asks for are there; missing: {}",
        list(missing)
    )]
    NoQuorum {
        /// What the quorum asks for.
        expected: usize,
        /// What is there.
        present: usize,
        /// Who is missing, in panel order.
        missing: Vec<PersonaId>,
    },
}

fn list(ids: &[PersonaId]) -> String {
    ids.iter().map(PersonaId::as_str).collect::<Vec<_>>().join(", ")
}

/// One persona with its review.
#[derive(Clone, Copy)]
struct Vote<'a> {
    persona: &'a Persona,
    review: &'a PersonaReview,
}

/// What a method makes of the votes.
struct Verdict {
    label: Label,
    reasons: Vec<String>,
    veto: Option<Veto>,
}

/// Adds `reviews` up under the panel's method.
///
/// # Errors
/// [`AggregateError`] when there is no review, one is not the panel's, one persona reviewed twice or
/// the quorum is not reached.
pub fn aggregate(panel: &Panel, reviews: &[PersonaReview]) -> Result<Decision, AggregateError> {
    let votes = votes(panel, reviews)?;
    let missing: Vec<PersonaId> = panel
        .personas
        .iter()
        .filter(|persona| !votes.iter().any(|vote| vote.persona.id == persona.id))
        .map(|persona| persona.id.clone())
        .collect();
    if votes.len() < panel.quorum() {
        return Err(AggregateError::NoQuorum { expected: panel.quorum(), present: votes.len(), missing });
    }
    let breakdown = breakdown(&votes);
    let confidence = Confidence::sum(breakdown.weighted_contributions.values().copied());
    let mut verdict = match panel.method {
        Method::WeightedConfidence => weighted::decide(panel, &votes, confidence),
        Method::Findings => findings::decide(panel, &votes),
    };
    if !missing.is_empty() {
        verdict.reasons.push(format!(
            "not heard: {}; their weight counts as 0, nothing is made up for it",
            list(&missing)
        ));
    }
    let reports = minority::reports(panel, &votes, verdict.label);
    Ok(Decision {
        decision: verdict.label,
        overall_weighted_confidence: confidence,
        weighted_confidence: confidence,
        detailed_score_breakdown: ScoreBreakdown {
            formula: format!(
                "weighted_confidence = sum(weight_i * score_i for each persona i) = {confidence}"
            ),
            ..breakdown
        },
        minority_reports: if reports.is_empty() { None } else { Some(reports) },
        method: panel.method,
        veto: verdict.veto,
        reasons: verdict.reasons,
        quorum: Quorum { expected: count(panel.quorum()), present: count(votes.len()), missing },
    })
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// The votes in panel order.
fn votes<'a>(panel: &'a Panel, reviews: &'a [PersonaReview]) -> Result<Vec<Vote<'a>>, AggregateError> {
    let mut by_persona = BTreeMap::new();
    for review in reviews {
        if panel.persona(&review.persona_id).is_none() {
            return Err(AggregateError::NotOnPanel(review.persona_id.clone()));
        }
        if by_persona.insert(&review.persona_id, review).is_some() {
            return Err(AggregateError::Twice(review.persona_id.clone()));
        }
    }
    if by_persona.is_empty() {
        return Err(AggregateError::NoReviews);
    }
    let vote = |persona: &'a Persona| by_persona.get(&persona.id).map(|review| Vote { persona, review });
    Ok(panel.personas.iter().filter_map(vote).collect())
}

fn breakdown(votes: &[Vote<'_>]) -> ScoreBreakdown {
    let id = |vote: &Vote<'_>| vote.persona.id.clone();
    ScoreBreakdown {
        weights: votes.iter().map(|vote| (id(vote), vote.persona.weight)).collect(),
        individual_scores: votes.iter().map(|vote| (id(vote), vote.review.confidence_score)).collect(),
        weighted_contributions: votes
            .iter()
            .map(|vote| (id(vote), vote.review.confidence_score.weighted(vote.persona.weight)))
            .collect(),
        formula: String::new(),
    }
}

fn is_critical(issue: &BlockingIssue) -> bool {
    issue.security_critical == Some(true)
}

/// Some texts as one; a full stop would not stand well before the next one.
fn joined<'a>(texts: impl IntoIterator<Item = &'a Text>) -> String {
    let mut whole = String::new();
    for text in texts {
        if !whole.is_empty() {
            whole.truncate(whole.trim_end_matches('.').len());
            whole.push_str("; ");
        }
        whole.push_str(text.as_str());
    }
    whole
}
