//! What readers by rules say beside their findings: what they took the document for, and which findings are
//! answered for and do not count. It stands in members that the data structures leave open (`metadata` of a
//! proposal, `internal_metadata` of a review), so that any reader of those structures can pass it over.

use serde::{Deserialize, Serialize};

use super::json::{Value, from_value};
use super::proposal::Proposal;
use super::review::{Evidence, PersonaReview};
use super::view::RunView;

/// The member of a proposal's `metadata`.
pub const READ_AS: &str = "read_as";
/// The member of a review's `internal_metadata`.
pub const SILENCED: &str = "silenced";
/// Another: what was to silence findings and silenced none.
pub const WITHOUT_EFFECT: &str = "without_effect";

/// What a document was taken for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadAs {
    /// The kind's id.
    pub kind: String,
    /// What it is called.
    pub name: String,
    /// Why it was taken for that.
    pub because: String,
    /// How many topics were asked of it.
    pub topics: u32,
    /// How many topics there are.
    pub of: u32,
    /// Comments for the rules that were not understood; in a run's view also what silenced nothing.
    pub unclear: Vec<String>,
}

/// A finding that somebody answers for. It does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silenced {
    /// The rule.
    pub rule_id: String,
    /// What it would have been: `blocking`, `concern` or `recommendation`.
    pub severity: String,
    /// What it says.
    pub text: String,
    /// Places in the idea; none for an absence.
    pub evidence: Vec<Evidence>,
    /// Where that is said: `line 3` of the document, or the file.
    pub by: String,
    /// The reason given.
    pub because: String,
}

impl Proposal {
    /// What the document was taken for, where rules read it.
    #[must_use]
    pub fn read_as(&self) -> Option<ReadAs> {
        from_value(self.metadata.as_ref()?.get(READ_AS)?).ok()
    }
}

impl RunView {
    /// What the document was taken for, where anybody reviewed it by rules.
    #[must_use]
    pub fn read_as(&self) -> Option<ReadAs> {
        let by_rules = |review: &PersonaReview| {
            review.internal_metadata.as_ref().is_some_and(|account| account.get(SILENCED).is_some())
        };
        let mut read = self.proposal.as_ref().filter(|_| self.reviews.iter().any(by_rules))?.read_as()?;
        read.unclear.extend(self.reviews.iter().flat_map(PersonaReview::without_effect));
        Some(read)
    }
}

impl PersonaReview {
    /// What was to silence findings and silenced none, where rules read the document.
    #[must_use]
    pub fn without_effect(&self) -> Vec<String> {
        self.told(WITHOUT_EFFECT).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The findings that are answered for, where rules read the document.
    #[must_use]
    pub fn silenced(&self) -> Vec<Silenced> {
        self.told(SILENCED).iter().filter_map(|one| from_value(one).ok()).collect()
    }

    fn told(&self, member: &str) -> &[Value] {
        let told = self.internal_metadata.as_ref().and_then(|account| account.get(member));
        told.map(Value::items).unwrap_or_default()
    }
}
