//! The decision: what the panel's reviews add up to, and why.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::decimal::{Confidence, Score, Weight};
use super::ids::PersonaId;
use super::panel::Method;
use super::text::Text;

/// What a panel can decide, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    /// It should not go ahead.
    Reject,
    /// It should change and come back.
    Revise,
    /// It should go ahead.
    Approve,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Reject => "reject",
            Self::Revise => "revise",
            Self::Approve => "approve",
        })
    }
}

/// How the weighted confidence came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ScoreBreakdown {
    /// Each reviewer's weight.
    pub weights: BTreeMap<PersonaId, Weight>,
    /// Each reviewer's score.
    pub individual_scores: BTreeMap<PersonaId, Score>,
    /// Weight times score.
    pub weighted_contributions: BTreeMap<PersonaId, Confidence>,
    /// The sum, in words.
    pub formula: String,
}

/// A reviewer who sees it otherwise than the decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MinorityReport {
    /// Whose report it is.
    pub persona_id: PersonaId,
    /// The persona's name.
    pub persona_name: Text,
    /// Its score.
    pub confidence_score: Score,
    /// Its blocking issues, or that low confidence is the dissent.
    pub blocking_summary: String,
    /// Its recommendations.
    pub mitigation_recommendation: String,
    /// Its strengths.
    pub strengths: Option<Vec<Text>>,
    /// The texts of its concerns.
    pub concerns: Option<Vec<Text>>,
}

/// What the veto did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Veto {
    /// Who holds it.
    pub persona_id: PersonaId,
    /// Its security-critical blocking issues.
    pub reason: String,
    /// Whether the decision would have been another without it.
    pub changed_decision: bool,
}

/// Who was heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Quorum {
    /// How many reviews a decision needs.
    pub expected: u32,
    /// How many there are.
    pub present: u32,
    /// Who is missing, in panel order.
    pub missing: Vec<PersonaId>,
}

/// A panel's decision (data structures 1.1.0).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// What was decided.
    pub decision: Label,
    /// The weighted confidence.
    pub overall_weighted_confidence: Confidence,
    /// The same number again, for older readers.
    pub weighted_confidence: Confidence,
    /// How it came about.
    pub detailed_score_breakdown: ScoreBreakdown,
    /// Who sees it otherwise, in panel order; null when nobody does.
    pub minority_reports: Option<Vec<MinorityReport>>,
    /// How the reviews were added up.
    pub method: Method,
    /// What the veto did; null when it was not raised.
    pub veto: Option<Veto>,
    /// Why the decision fell as it did, in words.
    pub reasons: Vec<String>,
    /// Who was heard.
    pub quorum: Quorum,
}
