//! What differs between two runs: the proposal field by field, the reviews persona by persona, the findings, the
//! decision. It is computed from what is recorded; nobody is asked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use similar::TextDiff;

use super::artifact::{Finding, findings, unmatched};
use super::decimal::{Confidence, Score};
use super::decision::{Decision, Label};
use super::ids::{JobId, PersonaId, RunId};
use super::json::{JsonError, Value, from_slice, pretty, to_value};
use super::policy::PolicyRef;
use super::proposal::Proposal;
use super::review::PersonaReview;
use super::text::fold_space;
use super::view::RunView;

/// The file under `outputs/` in which a revision keeps what differs from its parent.
pub const FILE: &str = "diff.json";

/// What differs from one run to another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The one.
    pub old: Side,
    /// The other.
    pub new: Side,
    /// The document as it was handed in; none where it is not recorded.
    pub document: Option<FieldDifference>,
    /// Each field of the proposal.
    pub proposal: Vec<FieldDifference>,
    /// Each persona that reviewed one of them.
    pub personas: Vec<PersonaDifference>,
    /// Findings that are not there any more, as the data of items.
    pub gone: Vec<Value>,
    /// Findings that were not there.
    pub came: Vec<Value>,
    /// How many findings are in both.
    pub stayed: usize,
}

/// One of two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Side {
    /// The job.
    pub job_id: JobId,
    /// The run.
    pub run_id: RunId,
    /// When it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// The policy that it was completed under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<PolicyRef>,
    /// What was decided.
    pub decision: Option<Label>,
    /// The weighted confidence.
    pub weighted_confidence: Option<Confidence>,
}

/// What a kept difference comes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What was decided before.
    pub decision: Option<Label>,
    /// The weighted confidence before.
    pub weighted_confidence: Option<Confidence>,
    /// How many findings are not there any more.
    pub gone: usize,
    /// How many findings were not there.
    pub came: usize,
    /// How many are in both.
    pub stayed: usize,
}

impl Change {
    /// What the difference in a file [`FILE`] comes to.
    ///
    /// # Errors
    /// [`JsonError`] where the bytes are none.
    pub fn of(bytes: &[u8]) -> Result<Self, JsonError> {
        #[derive(Deserialize)]
        struct Kept {
            old: Before,
            gone: Vec<Value>,
            came: Vec<Value>,
            stayed: usize,
        }
        #[derive(Deserialize)]
        struct Before {
            decision: Option<Label>,
            weighted_confidence: Option<Confidence>,
        }
        let Kept { old: Before { decision, weighted_confidence }, gone, came, stayed } = from_slice(bytes)?;
        Ok(Self { decision, weighted_confidence, gone: gone.len(), came: came.len(), stayed })
    }
}

/// A field of the proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldDifference {
    /// Its name.
    pub field: String,
    /// `unchanged`, `added`, `removed` or `modified`; white space alone is no change.
    pub change: &'static str,
    /// What differs, line by line.
    pub diff: Option<String>,
}

/// What a persona said in each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonaDifference {
    /// Who.
    pub persona_id: PersonaId,
    /// What it said in the one; none where it did not review.
    pub old: Option<Seat>,
    /// What it said in the other.
    pub new: Option<Seat>,
}

/// What a persona said, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seat {
    /// Its score.
    pub score: Score,
    /// How many blocking issues it has.
    pub blocking_issues: usize,
    /// Whether one of them is security-critical.
    pub security_critical: bool,
}

/// A run, as far as it can be compared.
#[derive(Debug, Clone)]
pub struct Reviewed<'a> {
    /// Which run it is, and when and under which policy it was made where that is known.
    pub side: Side,
    /// The document as it was handed in.
    pub document: Option<&'a str>,
    /// Its proposal.
    pub proposal: Option<&'a Proposal>,
    /// Its reviews.
    pub reviews: &'a [PersonaReview],
}

impl<'a> Reviewed<'a> {
    /// A run that is recorded, of this document.
    #[must_use]
    pub fn of(view: &'a RunView, document: Option<&'a str>) -> Self {
        Self { side: Side::of(view), document, proposal: view.proposal.as_ref(), reviews: &view.reviews }
    }
}

impl Difference {
    /// What differs from `old` to `new`.
    #[must_use]
    pub fn of(old: &Reviewed<'_>, new: &Reviewed<'_>) -> Self {
        let (before, after) = (findings(old.reviews), findings(new.reviews));
        let (gone, came) = unmatched(&before, &after);
        let stayed = before.len() - gone.len();
        let data =
            |findings: Vec<&Finding>| findings.into_iter().map(|finding| finding.data.clone()).collect();
        Self {
            old: old.side.clone(),
            new: new.side.clone(),
            document: old
                .document
                .zip(new.document)
                .and_then(|(old, new)| field("document", Some(old), Some(new))),
            proposal: fields(old.proposal, new.proposal),
            personas: personas(old.reviews, new.reviews),
            gone: data(gone),
            came: data(came),
            stayed,
        }
    }

    /// Whether nothing differs but which runs they are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let said = |side: &Side| (side.decision, side.weighted_confidence);
        said(&self.old) == said(&self.new)
            && self.gone.is_empty()
            && self.came.is_empty()
            && self.document.iter().chain(&self.proposal).all(|field| field.change == "unchanged")
            && self.personas.iter().all(|persona| persona.old == persona.new)
    }
}

impl Side {
    /// A run of which no more is said than what was decided.
    #[must_use]
    pub fn decided(job_id: JobId, run_id: RunId, decision: &Decision) -> Self {
        let Decision { decision, weighted_confidence, .. } = decision;
        Self {
            job_id,
            run_id,
            created_at: None,
            policy: None,
            decision: Some(*decision),
            weighted_confidence: Some(*weighted_confidence),
        }
    }

    fn of(view: &RunView) -> Self {
        let manifest = &view.manifest;
        let decision = manifest.decision.as_ref();
        Self {
            job_id: manifest.job_id.clone(),
            run_id: manifest.run_id.clone(),
            created_at: view.created_at.clone(),
            policy: manifest.policy.clone(),
            decision: decision.map(|decision| decision.label),
            weighted_confidence: decision.map(|decision| decision.weighted_confidence),
        }
    }
}

fn fields(old: Option<&Proposal>, new: Option<&Proposal>) -> Vec<FieldDifference> {
    let texts = |proposal: Option<&Proposal>| -> BTreeMap<String, String> {
        let value = proposal.map(to_value);
        let members = value.iter().flat_map(Value::members);
        members
            .map(|(name, value)| (name.clone(), words(value)))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    };
    let (before, after) = (texts(old), texts(new));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort();
    names.dedup();
    let field = |name: &String| {
        let text = |side: &BTreeMap<String, String>| side.get(name).map(|text| format!("{text}\n"));
        field(name, text(&before).as_deref(), text(&after).as_deref())
    };
    names.into_iter().filter_map(field).collect()
}

/// What became of a text; none where there is none on either side.
fn field(name: &str, old: Option<&str>, new: Option<&str>) -> Option<FieldDifference> {
    let change = match (old, new) {
        (None, None) => return None,
        (Some(old), Some(new)) if is_same(old, new) => "unchanged",
        (Some(_), Some(_)) => "modified",
        (None, _) => "added",
        (_, None) => "removed",
    };
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    let diff = || TextDiff::from_lines(old, new).unified_diff().header(name, name).to_string();
    Some(FieldDifference { field: name.to_owned(), change, diff: (change != "unchanged").then(diff) })
}

/// Whether two texts are the same, but for white space.
#[must_use]
pub fn is_same(old: &str, new: &str) -> bool {
    old == new || fold_space(old) == fold_space(new)
}

/// The fields of a proposal that differ, but for white space.
#[must_use]
pub fn changed(old: &Proposal, new: &Proposal) -> BTreeSet<String> {
    let differ = fields(Some(old), Some(new)).into_iter().filter(|field| field.change != "unchanged");
    differ.map(|field| field.field).collect()
}

/// A field as lines of text.
fn words(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        Value::Array(items) if items.iter().all(|item| item.as_str().is_some()) => items
            .iter()
            .filter_map(Value::as_str)
            .map(|item| format!("- {item}"))
            .collect::<Vec<_>>()
            .join("\n"),
        other => pretty(other).trim().to_owned(),
    }
}

fn personas(old: &[PersonaReview], new: &[PersonaReview]) -> Vec<PersonaDifference> {
    let seat = |reviews: &[PersonaReview], id: &PersonaId| {
        let review = reviews.iter().find(|review| review.persona_id == *id)?;
        Some(Seat {
            score: review.confidence_score,
            blocking_issues: review.blocking_issues.len(),
            security_critical: review
                .blocking_issues
                .iter()
                .any(|issue| issue.security_critical == Some(true)),
        })
    };
    let mut ids: Vec<&PersonaId> = new.iter().map(|review| &review.persona_id).collect();
    for review in old {
        if !ids.contains(&&review.persona_id) {
            ids.push(&review.persona_id);
        }
    }
    let difference =
        |id: &PersonaId| PersonaDifference { persona_id: id.clone(), old: seat(old, id), new: seat(new, id) };
    ids.into_iter().map(difference).collect()
}
