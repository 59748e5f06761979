//! What happens to an artifact: one numbered record each.

use serde::{Deserialize, Serialize};

use super::item::{Decision, Place, Source};
use super::name::ArtifactName;
use crate::domain::digest::Digest;
use crate::domain::ids::{ItemId, RunId};
use crate::domain::json::{self, JsonError, Value};
use crate::domain::policy::PolicyRef;
use crate::domain::record::Record;

/// An item that comes into a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewItem {
    /// Its id, new in the artifact.
    pub item_id: ItemId,
    /// What kind of thing it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says: any JSON object.
    pub data: Value,
    /// Who recommended it.
    pub source: Source,
    /// By name.
    pub recommended_by: Option<String>,
    /// When: RFC 3339.
    pub recommended_at: Option<String>,
    /// The item that it was made from.
    pub derived_from: Option<Place>,
    /// Why that was changed.
    pub modification_reason: Option<String>,
}

/// What happens. The version that it happens to is the newest, but for [`Event::New`], which makes another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
// `says` stands behind `event` in the canonical form, so data is read as it is written.
#[serde(tag = "event", content = "says", rename_all = "snake_case", deny_unknown_fields)]
pub enum Event {
    /// A version is made. Every approved item of the one before is in it too.
    New {
        /// Its number.
        version: u64,
        /// The run whose findings it holds.
        from_run: Option<RunId>,
        /// What it is about, in words.
        note: Option<String>,
        /// Items of earlier versions that are in it besides, with the decisions that they had: their findings were
        /// made again.
        kept: Vec<ItemId>,
        /// Its new items.
        items: Vec<NewItem>,
    },
    /// Items are added to a draft.
    Add {
        /// The version.
        version: u64,
        /// The items.
        items: Vec<NewItem>,
    },
    /// Another item takes the place of one in a draft.
    Modify {
        /// The version.
        version: u64,
        /// The item that is replaced.
        item: ItemId,
        /// The one in its place, with the reason.
        new: Box<NewItem>,
    },
    /// Items are decided.
    Decide {
        /// The version.
        version: u64,
        /// Which.
        items: Vec<ItemId>,
        /// How: approved or rejected.
        decision: Decision,
        /// Whether what was decided before is decided otherwise on purpose.
        overrules: bool,
        /// Why.
        note: Option<String>,
    },
    /// A draft is handed in; its data does not change from here on.
    Submit {
        /// The version.
        version: u64,
        /// The digest of all item data.
        data_digest: Digest,
        /// In words.
        note: Option<String>,
    },
    /// Who handed it in takes it back, or who made it gives the draft up, for good.
    Withdraw {
        /// The version.
        version: u64,
        /// Why.
        note: Option<String>,
    },
    /// It is signed off.
    Approve {
        /// The version.
        version: u64,
        /// The digest of all item data.
        data_digest: Digest,
        /// The policy that says whether who made it may sign it off.
        policy: PolicyRef,
        /// Whether it does.
        allow_self_approval: bool,
        /// In words.
        note: Option<String>,
    },
    /// It is turned down.
    Reject {
        /// The version.
        version: u64,
        /// Why.
        note: String,
    },
}

impl Event {
    /// The version that it happens to.
    #[must_use]
    pub const fn version(&self) -> u64 {
        match self {
            Self::New { version, .. }
            | Self::Add { version, .. }
            | Self::Modify { version, .. }
            | Self::Decide { version, .. }
            | Self::Submit { version, .. }
            | Self::Withdraw { version, .. }
            | Self::Approve { version, .. }
            | Self::Reject { version, .. } => *version,
        }
    }

    /// What happens, as a stable word.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::New { .. } => "new",
            Self::Add { .. } => "add",
            Self::Modify { .. } => "modify",
            Self::Decide { .. } => "decide",
            Self::Submit { .. } => "submit",
            Self::Withdraw { .. } => "withdraw",
            Self::Approve { .. } => "approve",
            Self::Reject { .. } => "reject",
        }
    }

    /// The words of who did it.
    #[must_use]
    pub fn note(&self) -> Option<&str> {
        match self {
            Self::Add { .. } => None,
            Self::Modify { new, .. } => new.modification_reason.as_deref(),
            Self::Reject { note, .. } => Some(note),
            Self::New { note, .. }
            | Self::Decide { note, .. }
            | Self::Submit { note, .. }
            | Self::Withdraw { note, .. }
            | Self::Approve { note, .. } => note.as_deref(),
        }
    }

    /// The content of its record.
    #[must_use]
    pub fn content(&self, artifact: &ArtifactName) -> Value {
        json::to_value(self).with("artifact", json::to_value(artifact))
    }
}

/// An event, with when it happened and who did it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The number of its record.
    pub number: u64,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// By whom, unauthenticated.
    pub by: String,
    /// What happened.
    pub event: Event,
}

/// Why a record is no event of an artifact.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// A member is missing or of the wrong shape.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// It is of another artifact.
    #[error("artifact: it is an event of `{0}`")]
    Artifact(ArtifactName),
}

impl Entry {
    /// Reads an event of an artifact out of its record.
    ///
    /// # Errors
    /// [`EventError`]
    pub fn of(record: &Record, artifact: &ArtifactName) -> Result<Self, EventError> {
        let named: ArtifactName = json::from_value(record.content.get("artifact").unwrap_or(&Value::Null))?;
        if named != *artifact {
            return Err(EventError::Artifact(named));
        }
        let event = json::from_value(&record.content.clone().without("artifact"))?;
        Ok(Self { number: record.number, at: record.at.clone(), by: record.by.clone(), event })
    }
}
