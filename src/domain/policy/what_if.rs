//! What a recorded run would have been decided under another policy.
//!
//! Nobody is asked anew: the recorded reviews are added up under the other panel. Reviews of personas
//! that are not on it do not count, and personas whose review is not recorded are missing.

use super::Body;
use crate::domain::aggregate::{AggregateError, aggregate};
use crate::domain::decision::Label;
use crate::domain::ids::PersonaId;
use crate::domain::review::PersonaReview;

/// What would have come of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    /// What would have been decided; none where the quorum is not reached.
    pub would: Option<Label>,
    /// Why it would fall so, in words; or why there would be no decision.
    pub reasons: Vec<String>,
    /// Personas whose reviews do not count.
    pub not_counted: Vec<PersonaId>,
    /// Why the run would not have been allowed; empty where it would.
    pub not_allowed: Vec<String>,
}

/// Decides `reviews` under `policy`, whose limits are held against who was `asked`, as provider
/// and model.
#[must_use]
pub fn what_if(policy: &Body, reviews: &[PersonaReview], asked: &[(&str, &str)]) -> WhatIf {
    let is_on_panel = |review: &&PersonaReview| policy.panel.persona(&review.persona_id).is_some();
    let (counted, others): (Vec<&PersonaReview>, Vec<&PersonaReview>) = reviews.iter().partition(is_on_panel);
    let counted: Vec<PersonaReview> = counted.into_iter().cloned().collect();
    let (would, reasons) = match aggregate(&policy.panel, &counted) {
        Ok(decision) => (Some(decision.decision), decision.reasons),
        Err(error @ (AggregateError::NoReviews | AggregateError::NoQuorum { .. })) => {
            (None, vec![error.to_string()])
        }
        // The panel has every persona that is counted, and a record has one review of each.
        Err(error) => (None, vec![error.to_string()]),
    };
    let not_counted = others.into_iter().map(|review| review.persona_id.clone()).collect();
    WhatIf { would, reasons, not_counted, not_allowed: not_allowed(policy, asked) }
}

fn not_allowed(policy: &Body, asked: &[(&str, &str)]) -> Vec<String> {
    let limits = &policy.limits;
    let mut reasons = Vec::new();
    for (provider, model) in asked.iter().filter(|(provider, _)| is_model(provider)) {
        if !limits.allow_network {
            reasons.push(format!("`limits.allow_network` is false, and `{provider}` was asked"));
        }
        if !limits.allowed_models.is_empty() && !limits.allowed_models.iter().any(|allowed| allowed == model)
        {
            reasons.push(format!("`limits.allowed_models` has no `{model}`"));
        }
    }
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

/// Whether a provider asks a model: the rules and recorded answers need no leave.
fn is_model(provider: &str) -> bool {
    !matches!(provider, "rules" | "file" | "replay")
}
