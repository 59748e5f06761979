//! The method `weighted_confidence`: thresholds over the weighted sum, then the veto.

use super::{Verdict, Vote, is_critical, joined};
use crate::domain::decimal::Confidence;
use crate::domain::decision::{Label, Veto};
use crate::domain::panel::{Panel, Thresholds};

pub(super) fn decide(panel: &Panel, votes: &[Vote<'_>], confidence: Confidence) -> Verdict {
    let (mut label, reason) = against_thresholds(&panel.thresholds, confidence);
    let mut reasons = vec![reason];
    let veto = veto(votes, label);
    if let Some(veto) = &veto {
        let name =
            panel.persona(&veto.persona_id).map_or(veto.persona_id.as_str(), |holder| holder.name.as_str());
        if veto.changed_decision {
            label = Label::Revise;
            reasons.push(format!("vetoed by {name}, so approve becomes revise: {}", veto.reason));
        } else {
            reasons.push(format!("vetoed by {name} too, though it was no approval anyway: {}", veto.reason));
        }
    }
    Verdict { label, reasons, veto }
}

fn against_thresholds(thresholds: &Thresholds, confidence: Confidence) -> (Label, String) {
    let Thresholds { approve, revise, .. } = *thresholds;
    if confidence.reaches(approve) {
        let reason = format!("weighted confidence {confidence} reaches the approve threshold {approve}");
        (Label::Approve, reason)
    } else if confidence.reaches(revise) {
        let reason = format!(
            "weighted confidence {confidence} is below the approve threshold {approve} and reaches the revise threshold {revise}"
        );
        (Label::Revise, reason)
    } else {
        (Label::Reject, format!("weighted confidence {confidence} is below the revise threshold {revise}"))
    }
}

/// Only the holder's own security-critical blocking issues count, and only against an approval.
fn veto(votes: &[Vote<'_>], label: Label) -> Option<Veto> {
    let holder = votes.iter().find(|vote| vote.persona.veto)?;
    let critical = holder.review.blocking_issues.iter().filter(|issue| is_critical(issue));
    let reason = joined(critical.map(|issue| &issue.text));
    (!reason.is_empty()).then(|| Veto {
        persona_id: holder.persona.id.clone(),
        reason,
        changed_decision: label == Label::Approve,
    })
}
