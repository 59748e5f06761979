//! What the reviewers found, said with the lines of the document, and what to do about it.

use super::{Detail, Page};
use crate::domain::decision::Label;
use crate::domain::panel::Method;
use crate::domain::review::{Basis, Evidence, PersonaReview};
use crate::domain::silenced::Silenced;
use crate::domain::view::RunView;
use crate::report::safe;
use crate::report::style::{DIM, GREEN, RED, YELLOW, styled};

/// A quotation of so many bytes may have been cut.
const LONG_QUOTE: usize = 230;
/// So many next steps of each persona are shown at once.
const MOST_STEPS: usize = 3;

pub(super) fn findings(page: &mut Page, view: &RunView, detail: Detail) {
    let reviews = &view.reviews;
    let view_approves = view.decision.as_ref().is_some_and(|decision| decision.decision == Label::Approve);
    let blocking: usize = reviews.iter().map(|review| review.blocking_issues.len()).sum();
    if blocking > 0 {
        page.heading("Blocking issues");
        if view_approves {
            let method = view.decision.as_ref().map(|decision| decision.method);
            let rule = if method == Some(Method::Findings) {
                "under this policy only those count that quote the document, or a rule that says what it looked for"
            } else {
                "under this policy they do not stop an approval by themselves, unless the veto rests on one"
            };
            page.dim("  ", "  ", rule);
        }
    }
    for review in reviews {
        for issue in &review.blocking_issues {
            let critical = if issue.security_critical == Some(true) { ", security-critical" } else { "" };
            finding(page, review, critical, &issue.basis, issue.text.as_str(), &styled(RED, "✗"));
            searched(page, &issue.basis, detail);
        }
    }
    if reviews.iter().any(|review| !review.concerns.is_empty()) {
        page.heading("Concerns");
    }
    for review in reviews {
        for concern in &review.concerns {
            finding(page, review, "", &concern.basis, concern.text.as_str(), &styled(YELLOW, "!"));
            searched(page, &concern.basis, detail);
        }
    }
}

fn finding(page: &mut Page, review: &PersonaReview, critical: &str, basis: &Basis, text: &str, mark: &str) {
    page.wrapped(&format!("  {mark} "), "    ", &safe(text));
    let rule = basis.rule_id.as_deref().map(|rule| format!(", {}", safe(rule))).unwrap_or_default();
    let by = format!("{}{rule}{critical}", safe(review.persona_name.as_str()));
    page.dim("    ", "    ", &by);
    let last = basis.evidence.iter().map(|evidence| evidence.end_line).max().unwrap_or_default();
    let gutter = last.to_string().len();
    for evidence in &basis.evidence {
        place(page, evidence, gutter);
    }
}

/// The words of the document, line by line as they stand there.
fn place(page: &mut Page, evidence: &Evidence, gutter: usize) {
    if let Some(document) = page.document.as_ref().filter(|_| evidence.is_here()) {
        let at = format!("    {:>gutter$} ╭─ {document}:{}", "", evidence.start_line);
        page.line(styled(DIM, at));
    }
    let quote = evidence.quote.trim_end();
    let open = quote.len() >= LONG_QUOTE && !quote.ends_with(['.', '!', '?', ':', ';']);
    let count = quote.lines().count();
    for (index, line) in quote.lines().enumerate() {
        let more = if open && index + 1 == count { " …" } else { "" };
        let doubt = match &evidence.run_id {
            _ if index + 1 < count => String::new(),
            _ if !evidence.supported => "  (not found there)".to_owned(),
            Some(run) => format!("  (in the document of {})", super::short(run.as_str())),
            None => String::new(),
        };
        let number = usize::try_from(evidence.start_line).unwrap_or(usize::MAX).saturating_add(index);
        let number = if evidence.supported { number.to_string() } else { String::new() };
        let first = format!("    {} ", styled(DIM, format!("{number:>gutter$} │")));
        let rest = format!("    {} ", styled(DIM, format!("{:>gutter$} │", "")));
        page.wrapped(&first, &rest, &format!("{}{more}{doubt}", safe(line)));
    }
}

/// What an absence was searched for: whoever has said it in other words sees which. The outcome has
/// room for one line of it.
fn searched(page: &mut Page, basis: &Basis, detail: Detail) {
    let mut texts = basis.searched.iter().map(|text| safe(text.as_str()));
    if detail == Detail::Everything {
        texts.for_each(|text| page.dim("    searched ", "      ", &text));
        return;
    }
    if let Some(text) = texts.next_back() {
        let room = page.width.saturating_sub("    searched ".len() + 1);
        let cut: String = text.chars().take(room).collect();
        let more = if cut.len() < text.len() { "…" } else { "" };
        page.line(styled(DIM, format!("    searched {cut}{more}")));
    }
}

pub(super) fn strengths(page: &mut Page, reviews: &[PersonaReview]) {
    if reviews.iter().all(|review| review.strengths.is_empty()) {
        return;
    }
    page.heading("Strengths");
    for strength in reviews.iter().flat_map(|review| &review.strengths) {
        page.wrapped(&format!("  {} ", styled(GREEN, "✓")), "    ", &safe(strength.as_str()));
    }
}

pub(super) fn next_steps(page: &mut Page, view: &RunView, detail: Detail) {
    let reviews = &view.reviews;
    if reviews.iter().all(|review| review.recommendations.is_empty()) {
        return;
    }
    page.heading("Next steps");
    for review in reviews.iter().filter(|review| !review.recommendations.is_empty()) {
        page.line(styled(DIM, format!("  {}", safe(review.persona_name.as_str()))));
        let most = if detail == Detail::Outcome { MOST_STEPS } else { usize::MAX };
        for recommendation in review.recommendations.iter().take(most) {
            page.wrapped("  → ", "    ", &safe(recommendation.as_str()));
        }
        let more = review.recommendations.len().saturating_sub(most);
        if more > 0 {
            page.line(styled(
                DIM,
                format!("    and {more} more: consensus show {}", super::record_path(view)),
            ));
        }
    }
}

/// Findings that somebody answers for.
pub(super) fn silenced(page: &mut Page, reviews: &[PersonaReview]) {
    let all: Vec<Silenced> = reviews.iter().flat_map(PersonaReview::silenced).collect();
    if !all.is_empty() {
        page.heading("Silenced");
    }
    for one in all {
        let lines: Vec<String> =
            one.evidence.iter().map(|place| format!(", line {}", place.start_line)).collect();
        page.wrapped("  ○ ", "    ", &safe(&one.text));
        page.dim(
            "    ",
            "    ",
            &format!(
                "{}{}; {} says: {}",
                safe(&one.rule_id),
                lines.concat(),
                safe(&one.by),
                safe(&one.because)
            ),
        );
    }
}

/// What the document was taken for, and so which topics were asked of it.
pub(super) fn read_as(page: &mut Page, view: &RunView) {
    let Some(read) = view.read_as() else { return };
    page.line("");
    let because = if read.because.is_empty() { String::new() } else { format!(": {}", safe(&read.because)) };
    let text = format!(
        "Read as {}{because}; {} of {} topics were asked for",
        safe(&read.name),
        read.topics,
        read.of
    );
    page.dim("", "  ", &text);
    for problem in &read.unclear {
        page.wrapped(&format!("{} ", styled(YELLOW, "!")), "  ", &safe(problem));
    }
}
