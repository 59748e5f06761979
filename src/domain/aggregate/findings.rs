//! The method `findings`: decides from what was found and evidenced, not from how sure anyone claims
//! to be. A concern's `is_blocking` never counts as a blocking issue.

use super::{Verdict, Vote, count, is_critical, joined};
use crate::domain::decision::{Label, Veto};
use crate::domain::panel::Panel;
use crate::domain::review::BlockingIssue;

pub(super) fn decide(panel: &Panel, votes: &[Vote<'_>]) -> Verdict {
    let critical = votes.iter().find(|vote| vote.persona.veto).and_then(|holder| {
        let reason = joined(evidenced(*holder).filter(|issue| is_critical(issue)).map(|issue| &issue.text));
        (!reason.is_empty()).then(|| (holder.persona.id.clone(), reason))
    });
    let blocking = joined(votes.iter().copied().flat_map(evidenced).map(|issue| &issue.text));
    let concerns = votes.iter().flat_map(|vote| &vote.review.concerns);
    let concerns = count(concerns.filter(|concern| concern.basis.is_evidenced()).count());

    let otherwise =
        if blocking.is_empty() && concerns <= panel.max_concerns { Label::Approve } else { Label::Revise };
    let mut reasons = Vec::new();
    let veto = critical.map(|(persona_id, reason)| {
        reasons.push(format!("evidenced security-critical blocking issues of {persona_id}: {reason}"));
        Veto { persona_id, reason, changed_decision: true }
    });
    if veto.is_none() && !blocking.is_empty() {
        reasons.push(format!("evidenced blocking issues: {blocking}"));
    }
    let (relation, max) =
        (if concerns > panel.max_concerns { "more than" } else { "at most" }, panel.max_concerns);
    reasons.push(format!("{concerns} evidenced concerns, {relation} the {max} that the panel allows"));
    if blocking.is_empty() {
        reasons.push("no evidenced blocking issue".to_owned());
    }
    Verdict { label: if veto.is_some() { Label::Reject } else { otherwise }, reasons, veto }
}

fn evidenced(vote: Vote<'_>) -> impl Iterator<Item = &BlockingIssue> {
    vote.review.blocking_issues.iter().filter(|issue| issue.basis.is_evidenced())
}
