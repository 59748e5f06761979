//! What may not happen to an artifact, and when.

use super::item::Decision;
use super::version::Status;
use crate::domain::ids::ItemId;

/// Why an event is refused in the state that the artifact is in. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Guard {
    /// There is no version yet, or not this one.
    #[error("there is no version {0}")]
    NoSuchVersion(u64),
    /// A newer version is there.
    #[error("version {0} is not the newest, which is {1}")]
    NotNewest(u64, u64),
    /// A version can be made only when the newest is settled.
    #[error("version {0} is {1}: only one version is open at a time")]
    DraftExists(u64, Status),
    /// It can be changed only while it is a draft.
    #[error("version {0} is {1}, no draft")]
    NotDraft(u64, Status),
    /// Its items can be decided only while it is open.
    #[error("version {0} is {1}: its items are not decided any more")]
    NotOpen(u64, Status),
    /// It is not waiting for a decision.
    #[error("version {0} is {1}, not submitted")]
    NotSubmitted(u64, Status),
    /// It holds nothing.
    #[error("version {0} has no item and is of no run")]
    Empty(u64),
    /// Only who submitted it takes it back, or who made it while it is a draft.
    #[error("version {version} was brought so far by {submitter}, not by {by}")]
    NotSubmitter {
        /// Which.
        version: u64,
        /// Who submitted it.
        submitter: String,
        /// Who wants to take it back.
        by: String,
    },
    /// Some items wait for a decision.
    #[error("{} of the items of version {version} are undecided: {}", .items.len(), shown(.items))]
    UndecidedItems {
        /// Which.
        version: u64,
        /// The items.
        items: Vec<ItemId>,
    },
    /// What is in it is not what was submitted.
    #[error("the items of version {0} are not those that were submitted")]
    DigestChanged(u64),
    /// Who made or submitted it does not sign it off.
    #[error("{by} made or submitted version {version}, and the policy has `allow_self_approval = false`")]
    SelfApproval {
        /// Which.
        version: u64,
        /// Who.
        by: String,
    },
    /// Turning down and changing take a reason.
    #[error("it takes a reason")]
    ReasonRequired,
    /// The version has no such item.
    #[error("version {version} has no item `{item}`")]
    NoSuchItem {
        /// Which.
        version: u64,
        /// The item.
        item: ItemId,
    },
    /// Somebody decided it before.
    #[error("item `{item}` was {} by {by} already", decision.as_str())]
    AlreadyDecided {
        /// Which.
        item: ItemId,
        /// How.
        decision: Decision,
        /// By whom.
        by: String,
    },
    /// Its id is taken.
    #[error("there is an item `{0}` already")]
    ItemExists(ItemId),
    /// Another item stands in its place.
    #[error("item `{0}` was modified: another stands in its place")]
    ItemModified(ItemId),
    /// It does not say what such an event says.
    #[error("{0}")]
    Malformed(&'static str),
}

fn shown(items: &[ItemId]) -> String {
    let more = if items.len() > 5 { ", …" } else { "" };
    items.iter().take(5).map(ItemId::as_str).collect::<Vec<_>>().join(", ") + more
}

impl Guard {
    /// A stable word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchVersion(_) => "not_found",
            Self::NotNewest(..) => "not_newest",
            Self::DraftExists(..) => "draft_exists",
            Self::NotDraft(..) => "not_draft",
            Self::NotOpen(..) => "not_open",
            Self::NotSubmitted(..) => "not_submitted",
            Self::Empty(_) => "empty",
            Self::NotSubmitter { .. } => "not_submitter",
            Self::UndecidedItems { .. } => "undecided_items",
            Self::DigestChanged(_) => "digest_changed",
            Self::SelfApproval { .. } => "self_approval",
            Self::ReasonRequired => "reason_required",
            Self::NoSuchItem { .. } => "no_such_item",
            Self::AlreadyDecided { .. } => "already_decided",
            Self::ItemExists(_) => "item_exists",
            Self::ItemModified(_) => "item_modified",
            Self::Malformed(_) => "malformed",
        }
    }
}
