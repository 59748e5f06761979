//! Everything that happens to a version after it is made.

use std::collections::HashSet;

use super::items::numbered;
use super::look::shown;
use super::{ArtifactError, ItemInput, existing, folded, guarded, happen, now};
use crate::domain::artifact::{Artifact, ArtifactName, Decision, Done, Event, Guard, NewItem, Place, Source};
use crate::domain::ids::ItemId;
use crate::domain::json::Value;
use crate::domain::policy::VersionName;
use crate::ops::{OpsError, Workspace, policy};
use crate::store::Store;

/// What is to happen.
#[derive(Debug, Clone)]
pub enum Change {
    /// Items are added to a draft.
    Add(Vec<ItemInput>),
    /// Items are approved or rejected, all that are undecided where none are named; the last says whether what was decided
    /// before is decided otherwise.
    Decide(Option<Vec<ItemId>>, Decision, bool),
    /// Another item, with this data, takes the place of one.
    Modify(ItemId, Value, Source),
    /// It is handed in.
    Submit,
    /// It is taken back.
    Withdraw,
    /// It is signed off, under a policy.
    Approve(VersionName),
    /// It is turned down.
    Reject,
}

/// Lets something happen to a version, the newest where `version` is none.
///
/// # Errors
/// [`OpsError::Artifact`] where it may not; nothing has then changed.
pub fn change(
    workspace: &Workspace<'_>,
    (name, version): (&ArtifactName, Option<u64>),
    change: Change,
    (note, by): (Option<&str>, Option<&str>),
) -> Result<Done, OpsError> {
    let store = Store::open(&workspace.store)?;
    // What a policy says is looked up before the lock: the first one of a store may have to be made.
    let policy = match &change {
        Change::Approve(wanted) => Some(policy::in_force(workspace, &store, wanted)?.version),
        _ => None,
    };
    let lock = store.lock(&workspace.wait())?;
    let history = existing(&store, name)?;
    let mut artifact = folded(name, &history.entries)?;
    let version = version.unwrap_or_else(|| artifact.newest().map_or(0, |newest| newest.version));
    let note = note.map(ToOwned::to_owned);
    let now = now(workspace, by);
    let (event, items) = match change {
        Change::Add(inputs) => {
            let items = numbered(&artifact, inputs);
            let ids = items.iter().map(|item| item.item_id.clone()).collect();
            (Event::Add { version, items }, ids)
        }
        Change::Decide(items, decision, overrules) => {
            let mut items = items.unwrap_or_else(|| artifact.undecided());
            let mut seen = HashSet::new();
            items.retain(|item| seen.insert(item.clone()));
            (Event::Decide { version, items: items.clone(), decision, overrules, note }, items)
        }
        Change::Modify(item, data, source) => {
            let new = modified(&artifact, version, &item, (data, source, note), now.clone());
            let new = new.map_err(|guard| guarded(name, guard))?;
            let id = new.item_id.clone();
            (Event::Modify { version, item, new: Box::new(new) }, vec![id])
        }
        Change::Submit => (Event::Submit { version, data_digest: artifact.data_digest(), note }, Vec::new()),
        Change::Withdraw => (Event::Withdraw { version, note }, Vec::new()),
        Change::Approve(_) => {
            let policy = policy.ok_or_else(|| ArtifactError::Data("no policy".to_owned()))?;
            let allow_self_approval = policy.body.limits.allow_self_approval;
            let (policy, data_digest) = (policy.reference, artifact.data_digest());
            (Event::Approve { version, data_digest, policy, allow_self_approval, note }, Vec::new())
        }
        Change::Reject => {
            let note = note.ok_or_else(|| guarded(name, Guard::ReasonRequired))?;
            (Event::Reject { version, note }, Vec::new())
        }
    };
    let was = items.iter().filter_map(|id| artifact.item(id));
    let overruled = was.filter(|item| item.decision != Decision::Pending).cloned().collect();
    happen(&lock, name, (history.last.as_ref(), &mut artifact), now, event)?;
    Ok(Done { shown: shown(name, &artifact), items, overruled })
}

/// The item that takes the place of another.
fn modified(
    artifact: &Artifact,
    version: u64,
    item: &ItemId,
    (data, source, reason): (Value, Source, Option<String>),
    (at, by): (String, String),
) -> Result<NewItem, Guard> {
    let before = artifact.item(item).ok_or_else(|| Guard::NoSuchItem { version, item: item.clone() })?;
    Ok(NewItem {
        item_id: artifact.free_id().to_string().parse().expect("a number is an id"),
        kind: before.kind.clone(),
        data,
        source,
        recommended_by: Some(by),
        recommended_at: Some(at),
        derived_from: Some(Place { version, item: item.clone() }),
        modification_reason: reason,
    })
}
