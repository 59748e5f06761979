//! The packet: what a person reads after a run, as Markdown, HTML or JSON, and what code hosts and CI read.
//!
//! It is gathered once, as a value, and each form is a template over that value. What came from a document
//! or a model is data in each of them: it can neither run, nor link, nor ping, nor hide.

mod html;
mod junit;
mod markdown;
mod redact;
mod sarif;
mod template;

use serde::Serialize;

use super::json::FORMAT_VERSION;
use super::terminal::changed;
use crate::domain::decimal::{Confidence, Score, Weight};
use crate::domain::decision::{Decision, Label};
use crate::domain::digest::Digest;
use crate::domain::ids::{JobId, PersonaId, RunId};
use crate::domain::json::Value;
use crate::domain::manifest::Manifest;
use crate::domain::panel::Method;
use crate::domain::policy::PolicyRef;
use crate::domain::review::{Basis, Evidence, PersonaReview, TextOrObject};
use crate::domain::silenced::{ReadAs, Silenced};
use crate::domain::step::RunStatus;
use crate::domain::text::Text;
use crate::domain::view::{AttemptView, RevisionView, RunView, VersionLine};

pub use html::html;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;

/// So much of the problem and the solution is shown, in bytes.
const LONGEST_OPENING: usize = 700;

/// Everything that a report of a run says.
#[derive(Debug, Serialize)]
pub struct Packet {
    format_version: u64,
    title: String,
    job_id: JobId,
    run_id: RunId,
    status: RunStatus,
    /// The document's name under the run's `inputs/`.
    document: String,
    /// Why it has no decision, where that is recorded.
    error: Option<String>,
    summary: Option<Text>,
    outcome: Option<Outcome>,
    /// What it revises.
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<RevisionView>,
    /// What became of that, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed: Option<String>,
    panel: Vec<Seat>,
    /// What to keep in mind of the panel.
    cautions: Vec<String>,
    blocking_issues: Vec<Finding>,
    concerns: Vec<Finding>,
    minority_reports: Vec<Minority>,
    dependency_risks: Vec<Said>,
    next_steps: Vec<Said>,
    strengths: Vec<Said>,
    /// Findings that somebody answers for.
    silenced: Vec<Answered>,
    /// What the document was taken for.
    read_as: Option<ReadAs>,
    acceptance_criteria: Vec<String>,
    /// How the problem statement begins.
    problem: Option<String>,
    /// How the proposed solution begins.
    solution: Option<String>,
    assumptions: Vec<Text>,
    non_goals: Vec<Text>,
    /// The versions that hold its findings.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<VersionLine>,
    provenance: Provenance,
}

/// What was decided, and why.
#[derive(Debug, Serialize)]
struct Outcome {
    decision: Label,
    confidence: Confidence,
    method: Method,
    reasons: Vec<String>,
    veto: Option<String>,
    missing: Vec<String>,
}

/// One reviewer.
#[derive(Debug, Serialize)]
struct Seat {
    persona_id: PersonaId,
    persona: Text,
    weight: Option<Weight>,
    score: Score,
    /// The score in whole hundredths, for drawing it.
    percent: u128,
    blocking_issues: usize,
    concerns: usize,
    strengths: usize,
    /// The run that its review was carried from.
    carried_from: Option<String>,
    effort: Option<String>,
}

/// A blocking issue or a concern.
#[derive(Debug, Serialize)]
struct Finding {
    persona_id: PersonaId,
    persona: Text,
    text: Text,
    security_critical: bool,
    rule_id: Option<String>,
    evidence: Vec<Evidence>,
    searched: Vec<Text>,
    /// The run that the review was carried from.
    #[serde(skip_serializing_if = "Option::is_none")]
    carried_from: Option<String>,
}

/// A finding that somebody answers for.
#[derive(Debug, Serialize)]
struct Answered {
    persona_id: PersonaId,
    persona: Text,
    #[serde(flatten)]
    finding: Silenced,
}

/// Who sees it otherwise.
#[derive(Debug, Serialize)]
struct Minority {
    persona: Text,
    score: Score,
    says: String,
    asks_for: String,
}

/// What one persona says.
#[derive(Debug, Serialize)]
struct Said {
    persona: Text,
    texts: Vec<String>,
}

/// Where all this comes from.
#[derive(Debug, Serialize)]
struct Provenance {
    created_at: Option<String>,
    inputs_hash: Option<Digest>,
    policy: Option<PolicyRef>,
    schema_version: Option<String>,
    manifest_version: String,
    prompt_set_version: Option<String>,
    reviewers: Vec<String>,
    attempts: Vec<AttemptView>,
    verify: String,
}

impl Packet {
    /// Gathers what is known of a run.
    #[must_use]
    pub fn of(view: &RunView) -> Self {
        let manifest = &view.manifest;
        let proposal = view.proposal.as_ref();
        let title = proposal.and_then(|proposal| proposal.title.as_ref());
        let blocking: Vec<Finding> = view.reviews.iter().flat_map(blocking).collect();
        Self {
            format_version: FORMAT_VERSION,
            title: title.map_or_else(|| manifest.job_id.to_string(), Text::to_string),
            job_id: manifest.job_id.clone(),
            run_id: manifest.run_id.clone(),
            status: manifest.status,
            document: document(manifest),
            error: manifest.error.as_ref().map(|error| {
                let step = error.step.as_ref().map(|step| format!(" in step {step}")).unwrap_or_default();
                format!("{}{step}", error.code)
            }),
            summary: proposal.and_then(|proposal| proposal.summary.clone()),
            outcome: view.decision.as_ref().map(outcome),
            revision: view.revision.clone(),
            changed: view.revision.as_ref().and_then(|revision| revision.change.as_ref()).map(changed),
            panel: view.reviews.iter().map(|review| seat(review, view.decision.as_ref())).collect(),
            cautions: view.cautions(),
            acceptance_criteria: criteria(&blocking, view.decision.as_ref()),
            blocking_issues: blocking,
            concerns: view.reviews.iter().flat_map(concerns).collect(),
            minority_reports: view.decision.iter().flat_map(minority).collect(),
            dependency_risks: said(&view.reviews, |review| {
                review.dependency_risks.iter().map(words).collect()
            }),
            next_steps: said(&view.reviews, |review| texts(&review.recommendations)),
            strengths: said(&view.reviews, |review| texts(&review.strengths)),
            silenced: view.reviews.iter().flat_map(answered).collect(),
            read_as: view.read_as(),
            problem: proposal.map(|proposal| opening(&proposal.problem_statement)),
            solution: proposal.map(|proposal| opening(&proposal.proposed_solution)),
            assumptions: proposal.map(|proposal| proposal.assumptions.clone()).unwrap_or_default(),
            non_goals: proposal.map(|proposal| proposal.scope_non_goals.clone()).unwrap_or_default(),
            versions: view.versions.clone(),
            provenance: provenance(view),
        }
    }
}

fn document(manifest: &Manifest) -> String {
    let names = manifest.input_snapshots.iter().flat_map(|snapshots| snapshots.keys());
    let idea = names.into_iter().find(|name| name.starts_with("idea."));
    idea.map_or_else(|| "idea".to_owned(), Clone::clone)
}

fn outcome(decision: &Decision) -> Outcome {
    Outcome {
        decision: decision.decision,
        confidence: decision.weighted_confidence,
        method: decision.method,
        reasons: decision.reasons.clone(),
        veto: decision.veto.as_ref().map(|veto| {
            let effect = if veto.changed_decision { "changed the decision" } else { "changed nothing" };
            format!("{} held the veto, which {effect}: {}", veto.persona_id, veto.reason)
        }),
        missing: decision.quorum.missing.iter().map(ToString::to_string).collect(),
    }
}

fn seat(review: &PersonaReview, decision: Option<&Decision>) -> Seat {
    let weights = decision.map(|decision| &decision.detailed_score_breakdown.weights);
    let score = review.confidence_score;
    Seat {
        persona_id: review.persona_id.clone(),
        persona: review.persona_name.clone(),
        weight: weights.and_then(|weights| weights.get(&review.persona_id).copied()),
        score,
        percent: score.fine() * 100 / Score::MAX.fine(),
        blocking_issues: review.blocking_issues.len(),
        concerns: review.concerns.len(),
        strengths: review.strengths.len(),
        carried_from: review.carried_from().map(str::to_owned),
        effort: Some(words(&review.estimated_effort)).filter(|effort| effort != "unknown"),
    }
}

fn blocking(review: &PersonaReview) -> impl Iterator<Item = Finding> {
    review.blocking_issues.iter().map(|issue| {
        let critical = issue.security_critical == Some(true);
        finding(review, &issue.text, critical, &issue.basis)
    })
}

fn concerns(review: &PersonaReview) -> impl Iterator<Item = Finding> {
    review.concerns.iter().map(|concern| finding(review, &concern.text, false, &concern.basis))
}

fn finding(review: &PersonaReview, text: &Text, security_critical: bool, basis: &Basis) -> Finding {
    Finding {
        persona_id: review.persona_id.clone(),
        persona: review.persona_name.clone(),
        text: text.clone(),
        security_critical,
        rule_id: basis.rule_id.clone(),
        evidence: basis.evidence.clone(),
        searched: basis.searched.clone(),
        carried_from: review.carried_from().map(str::to_owned),
    }
}

fn answered(review: &PersonaReview) -> Vec<Answered> {
    let by = |finding| Answered {
        persona_id: review.persona_id.clone(),
        persona: review.persona_name.clone(),
        finding,
    };
    review.silenced().into_iter().map(by).collect()
}

/// The first sentences; whoever wants the rest has the document.
fn opening(text: &Text) -> String {
    let text = text.as_str();
    if text.len() <= LONGEST_OPENING {
        return text.to_owned();
    }
    let cut = &text[..text.floor_char_boundary(LONGEST_OPENING)];
    let end = cut.rfind(". ").map_or(cut.len(), |end| end + 1);
    format!("{} …", cut[..end].trim_end())
}

fn minority(decision: &Decision) -> impl Iterator<Item = Minority> {
    decision.minority_reports.iter().flatten().map(|report| Minority {
        persona: report.persona_name.clone(),
        score: report.confidence_score,
        says: report.blocking_summary.clone(),
        asks_for: report.mitigation_recommendation.clone(),
    })
}

/// What has to hold before the proposal is approved.
fn criteria(blocking: &[Finding], decision: Option<&Decision>) -> Vec<String> {
    let mut criteria: Vec<String> =
        blocking.iter().map(|finding| format!("“{}” is resolved", finding.text)).collect();
    if let Some(decision) = decision.filter(|decision| decision.decision != Label::Approve) {
        let reasons = decision.reasons.first().map(|reason| format!(" (now: {reason})")).unwrap_or_default();
        criteria.push(format!("The panel approves it{reasons}"));
    }
    criteria
}

fn said(reviews: &[PersonaReview], what: impl Fn(&PersonaReview) -> Vec<String>) -> Vec<Said> {
    let said =
        reviews.iter().map(|review| Said { persona: review.persona_name.clone(), texts: what(review) });
    said.filter(|said| !said.texts.is_empty()).collect()
}

fn texts(texts: &[Text]) -> Vec<String> {
    texts.iter().map(Text::to_string).collect()
}

/// Words, or an object in a line, what is secret in it left out.
fn words(said: &TextOrObject) -> String {
    match said {
        TextOrObject::Text(text) => text.to_string(),
        TextOrObject::Object(object) => {
            let object = redact::redacted(object);
            let members = object.members().iter().map(|(name, value)| match value {
                Value::String(text) => format!("{name}: {text}"),
                value => format!("{name}: {}", crate::domain::json::canonical(value)),
            });
            members.collect::<Vec<_>>().join("; ")
        }
    }
}

fn provenance(view: &RunView) -> Provenance {
    let manifest = &view.manifest;
    let answerers = manifest.answerers().into_iter();
    let reviewers = answerers.map(|(provider, model)| format!("{provider} ({model})")).collect();
    Provenance {
        created_at: view.created_at.clone(),
        inputs_hash: manifest.inputs_hash,
        policy: manifest.policy.clone(),
        schema_version: manifest.data_schema_version.clone(),
        manifest_version: manifest.schema_version.clone(),
        prompt_set_version: manifest.prompt_set_version.clone(),
        reviewers,
        attempts: view.attempts.clone(),
        verify: format!("consensus verify {}/{}", manifest.job_id, manifest.run_id),
    }
}
