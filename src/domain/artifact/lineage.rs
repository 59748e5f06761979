//! The lineage of an item: back through every version and every item that it was made from.

use serde::Serialize;

use super::event::{Entry, Event};
use super::guard::Guard;
use super::item::{Decision, Place};
use super::state::Artifact;
use crate::domain::ids::ItemId;

/// Something that happened to an item or to one that it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passage {
    /// The version that it happened in.
    pub version: u64,
    /// The item that it happened to.
    pub item: ItemId,
    /// What: `recommended`, `derived`, `carried`, `found again`, `approved`, `rejected` or `modified`.
    pub what: &'static str,
    /// By whom, unauthenticated.
    pub by: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Why, in words.
    pub note: Option<String>,
    /// The item or version that it comes from.
    pub from: Option<Place>,
    /// The item that stands in its place.
    pub into: Option<ItemId>,
}

/// What happened to an item up to `version`, oldest first: who recommended, decided and changed what, and when.
///
/// # Errors
/// [`Guard::NoSuchVersion`], [`Guard::NoSuchItem`], or the number of the record that could not happen.
pub fn lineage(entries: &[Entry], version: u64, item: &ItemId) -> Result<Vec<Passage>, (u64, Guard)> {
    let end = entries.iter().position(|entry| entry.event.version() > version).unwrap_or(entries.len());
    let entries = &entries[..end];
    let artifact = Artifact::fold(entries)?;
    if artifact.newest().is_none_or(|newest| newest.version != version) {
        return Err((0, Guard::NoSuchVersion(version)));
    }
    let mut found =
        artifact.item(item).ok_or_else(|| (0, Guard::NoSuchItem { version, item: item.clone() }))?;
    // The item and those that it was made from, the newest first.
    let mut line = vec![found.item_id.clone()];
    while let Some(from) = &found.derived_from {
        let Some((_, earlier)) = artifact.all_items().find(|(_, item)| item.item_id == from.item) else {
            break;
        };
        line.push(earlier.item_id.clone());
        found = earlier;
    }
    let mut passages = Vec::new();
    let mut state = Artifact::default();
    for entry in entries {
        state.apply(entry).map_err(|guard| (entry.number, guard))?;
        passed(entry, &state, &line, &mut passages);
    }
    Ok(passages)
}

fn passed(entry: &Entry, state: &Artifact, line: &[ItemId], passages: &mut Vec<Passage>) {
    let version = entry.event.version();
    let passage = |item: &ItemId, what, note: Option<&str>, from| Passage {
        version,
        item: item.clone(),
        what,
        by: entry.by.clone(),
        at: entry.at.clone(),
        note: note.map(ToOwned::to_owned),
        from,
        into: None,
    };
    let new = match &entry.event {
        Event::New { items, .. } | Event::Add { items, .. } => &items[..],
        Event::Modify { new, .. } => std::slice::from_ref(&**new),
        _ => &[],
    };
    // The item that it was made from is told of first.
    for id in line.iter().rev() {
        match &entry.event {
            Event::New { kept, .. } => {
                let what = if kept.contains(id) { "found again" } else { "carried" };
                let carried = state.item(id).and_then(|item| item.carried_from.clone());
                passages.extend(carried.map(|from| passage(id, what, None, Some(from))));
            }
            Event::Modify { item, new, .. } if item == id => {
                let modified = passage(id, "modified", entry.event.note(), None);
                passages.push(Passage { into: Some(new.item_id.clone()), ..modified });
            }
            Event::Decide { items, decision, note, .. } if items.contains(id) => {
                let what = if *decision == Decision::Approved { "approved" } else { "rejected" };
                passages.push(passage(id, what, note.as_deref(), None));
            }
            _ => {}
        }
        if let Some(new) = new.iter().find(|new| new.item_id == *id) {
            let what = if new.derived_from.is_some() { "derived" } else { "recommended" };
            let mut made = passage(id, what, new.modification_reason.as_deref(), new.derived_from.clone());
            if let (Some(by), None) = (&new.recommended_by, &new.derived_from) {
                made.by.clone_from(by);
                made.at = new.recommended_at.clone().unwrap_or(made.at);
            }
            passages.push(made);
        }
    }
}
