//! A version: how far it is, and who brought it there.

use std::fmt;

use serde::Serialize;

use super::item::Decision;
use crate::domain::digest::Digest;
use crate::domain::ids::{ItemId, RunId};

/// How far a version is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It can be changed.
    Draft,
    /// It is handed in; its items can be decided.
    Submitted,
    /// It is signed off, and current.
    Approved,
    /// It was signed off; a later one is.
    Superseded,
    /// It was turned down.
    Rejected,
    /// Who handed it in took it back.
    Withdrawn,
}

impl Status {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Approved => "approved",
            Self::Superseded => "superseded",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// Whether its items can be decided.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Draft | Self::Submitted)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A version, without its items.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Version {
    /// Its number, from 1 without gaps.
    pub version: u64,
    /// How far it is.
    pub status: Status,
    /// The version before it.
    pub parent: Option<u64>,
    /// The run whose findings it holds.
    pub from_run: Option<RunId>,
    /// Who made it, when, and what it is about.
    pub created: Standing,
    /// Who submitted it, when, and in which words.
    pub submitted: Option<Standing>,
    /// Who approved, rejected or withdrew it, when, and in which words.
    pub settled: Option<Standing>,
    /// The digest of all item data, as it was submitted.
    pub data_digest: Option<Digest>,
}

/// Who did something, when, and in which words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// By whom, unauthenticated.
    pub by: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// In words.
    pub note: Option<String>,
}

/// An item that a new version left behind, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Which.
    pub item: ItemId,
    /// What was decided of it.
    pub decision: Decision,
}
