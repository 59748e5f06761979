//! Items: what is decided, one by one, inside a version.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::ids::ItemId;
use crate::domain::json::Value;

/// Who recommended an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The built-in rules, or rules of a team.
    Rules,
    /// A language model.
    Llm,
    /// Somebody who tests.
    Tester,
    /// Anybody else.
    Manual,
}

impl Source {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Llm => "llm",
            Self::Tester => "tester",
            Self::Manual => "manual",
        }
    }
}

/// What was decided of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Nothing yet.
    Pending,
    /// It is taken up.
    Approved,
    /// It is set aside.
    Rejected,
    /// Another item stands in its place.
    Modified,
}

impl Decision {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Modified => "modified",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An item in a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The version.
    pub version: u64,
    /// The item.
    pub item: ItemId,
}

/// One thing to decide, as it stands in a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Its id, the same in every version that it is in.
    pub item_id: ItemId,
    /// What kind of thing it is: `finding`, or as a team says.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says: any JSON object.
    pub data: Value,
    /// Who recommended it.
    pub source: Source,
    /// By name, where that is known.
    pub recommended_by: Option<String>,
    /// When: RFC 3339.
    pub recommended_at: Option<String>,
    /// What was decided.
    pub decision: Decision,
    /// By whom; of a carried item, who decided it then.
    pub decided_by: Option<String>,
    /// When; of a carried item, when it was decided then.
    pub decided_at: Option<String>,
    /// The version that it was decided in.
    pub decided_in: Option<u64>,
    /// Why, in the words of who decided.
    pub notes: Option<String>,
    /// Where it was before this version.
    pub carried_from: Option<Place>,
    /// The item that it was made from.
    pub derived_from: Option<Place>,
    /// Why it was changed.
    pub modification_reason: Option<String>,
}
