//! `run --estimate`: what a run may take. Nobody is asked, and nothing is made.

use super::{Document, Terms, asking, ready};
use crate::domain::estimate::{Estimate, EstimatedCall};
use crate::domain::step::Step;
use crate::ops::{OpsError, Workspace, load_rules, policy};
use crate::provider::Subject;

/// A proposal is about as long as the document, or as its cap lets it be: so many bytes are a token.
const BYTES_PER_TOKEN: u64 = 4;

/// What the review of a document may take.
///
/// # Errors
/// As `run`, for what can be known without asking.
pub fn estimate(workspace: &Workspace<'_>, document: &Document, terms: &Terms) -> Result<Estimate, OpsError> {
    let rules = load_rules(&terms.rules)?;
    let body = policy::show(workspace, &terms.policy)?.version.body;
    let (limits, _) = ready::tightened(&body.limits, &terms.asking)?;
    let revising = document.revising.as_deref();
    let mut asking = asking(&terms.asking, revising, &body.panel, &limits, terms.sample.get(), rules)?;
    if let Some(revising) = revising {
        revising.settle(&body.panel, terms.sample.get(), &mut asking)?;
    }
    let context = document.context.iter().map(|file| (file.name.clone(), file.text.clone())).collect();
    let (idea, extension) = (document.source.text.as_str(), document.source.extension.as_str());
    let material = asking.material(&Subject { idea, extension, context: &context });
    let is_expanded = asking.choices().any(|(step, _)| *step == Step::Expand);
    let mut calls = Vec::new();
    for (step, choice) in asking.choices() {
        let persona = if let Step::Review(id) = step { body.panel.persona(id) } else { None };
        let mut bytes = asking.models().size(step, choice, persona, material) as u64;
        if persona.is_some() {
            let longest = u64::from(choice.max_output_tokens) * BYTES_PER_TOKEN;
            let likely = (idea.len() as u64).min(if is_expanded { longest } else { u64::MAX });
            bytes = bytes.saturating_add(likely);
        }
        let names = (choice.provider.as_str(), choice.model.as_str());
        let price = limits.prices.get(&choice.model);
        calls.push(EstimatedCall::new(step.clone(), names, bytes, choice.max_output_tokens, price));
    }
    Ok(Estimate {
        calls,
        again_most: limits.max_attempts.saturating_sub(1) + limits.max_repairs,
        budget_tokens: limits.budget_tokens,
        budget_usd_micros: limits.budget_usd_micros,
    })
}
