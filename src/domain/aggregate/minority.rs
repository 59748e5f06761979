//! Minority reports: who sees it otherwise than the final decision.

use super::{Vote, joined};
use crate::domain::decision::{Label, MinorityReport};
use crate::domain::panel::Panel;
use crate::domain::text::Text;

/// The dissenters' reports, in panel order.
pub(super) fn reports(panel: &Panel, votes: &[Vote<'_>], label: Label) -> Vec<MinorityReport> {
    votes.iter().filter(|vote| dissents(panel, vote, label)).map(|vote| report(panel, vote, label)).collect()
}

fn dissents(panel: &Panel, vote: &Vote<'_>, label: Label) -> bool {
    let (score, blocks) = (vote.review.confidence_score, !vote.review.blocking_issues.is_empty());
    match label {
        Label::Approve => blocks || score < panel.thresholds.revise,
        Label::Revise => blocks,
        // The strong supporter is heard too.
        Label::Reject => score >= panel.thresholds.approve,
    }
}

fn report(panel: &Panel, vote: &Vote<'_>, label: Label) -> MinorityReport {
    let review = vote.review;
    let score = review.confidence_score;
    let blocking_summary = if !review.blocking_issues.is_empty() {
        joined(review.blocking_issues.iter().map(|issue| &issue.text))
    } else if label == Label::Reject {
        format!("It would go ahead: a confidence of {score} and no blocking issue.")
    } else {
        format!(
            "Low confidence is the dissent: {score}, below {}, and no blocking issue.",
            panel.thresholds.revise
        )
    };
    let recommendations = joined(&review.recommendations);
    let mitigation_recommendation =
        if recommendations.is_empty() { "No recommendation was given.".to_owned() } else { recommendations };
    let concerns: Vec<Text> = review.concerns.iter().map(|concern| concern.text.clone()).collect();
    MinorityReport {
        persona_id: vote.persona.id.clone(),
        persona_name: vote.persona.name.clone(),
        confidence_score: score,
        blocking_summary,
        mitigation_recommendation,
        strengths: (!review.strengths.is_empty()).then(|| review.strengths.clone()),
        concerns: (!concerns.is_empty()).then_some(concerns),
    }
}
