//! Looking at artifacts: a version, its events, what differs, where an item comes from, what is signed off.

use super::{corrupt, existing, folded, guarded, history};
use crate::domain::artifact::{
    self, Artifact, ArtifactName, Changed, Decision, Difference, Entry, Guard, Item, Passage, Shown, Status,
    Version,
};
use crate::domain::ids::{ItemId, JobId};
use crate::domain::view::{Unreadable, VersionLine};
use crate::ops::{OpsError, Workspace};
use crate::store::Store;

pub(super) fn shown(name: &ArtifactName, artifact: &Artifact) -> Shown {
    let version = artifact.newest().cloned().expect("an artifact with events has a version");
    Shown { name: name.clone(), version, items: artifact.items().cloned().collect() }
}

/// A version with its items; the newest where it is none.
///
/// # Errors
/// [`OpsError`] where it is not there, or an event could not happen.
pub fn show(workspace: &Workspace<'_>, name: &ArtifactName, version: Option<u64>) -> Result<Shown, OpsError> {
    let store = Store::open(&workspace.store)?;
    let entries = existing(&store, name)?.entries;
    let wanted = version.or_else(|| entries.last().map(|entry| entry.event.version())).unwrap_or(0);
    let mut found = None;
    let whole = each_version(name, &entries, |artifact| {
        if artifact.newest().is_some_and(|newest| newest.version == wanted) {
            found = Some(shown(name, artifact));
        }
    })?;
    // That it is superseded by now is said of it too.
    let head = whole.versions().iter().find(|head| head.version == wanted);
    match found.zip(head) {
        Some((found, head)) => Ok(Shown { version: head.clone(), ..found }),
        None => Err(guarded(name, Guard::NoSuchVersion(wanted))),
    }
}

/// The events of an artifact, or those of one version, oldest first.
///
/// # Errors
/// [`OpsError`] where it is not there.
pub fn events(
    workspace: &Workspace<'_>,
    name: &ArtifactName,
    version: Option<u64>,
) -> Result<Vec<Entry>, OpsError> {
    let store = Store::open(&workspace.store)?;
    let mut entries = existing(&store, name)?.entries;
    let whole = folded(name, &entries)?;
    if let Some(wanted) = version {
        if whole.versions().iter().all(|head| head.version != wanted) {
            return Err(guarded(name, Guard::NoSuchVersion(wanted)));
        }
        entries.retain(|entry| entry.event.version() == wanted);
    }
    Ok(entries)
}

/// What differs between two versions of one or two artifacts.
///
/// # Errors
/// [`OpsError`] where one is not there.
pub fn difference(
    workspace: &Workspace<'_>,
    (old, old_version): (&ArtifactName, Option<u64>),
    (new, new_version): (&ArtifactName, Option<u64>),
) -> Result<Difference, OpsError> {
    let (old, new) = (show(workspace, old, old_version)?, show(workspace, new, new_version)?);
    let after: std::collections::HashMap<&ItemId, &Item> =
        new.items.iter().map(|item| (&item.item_id, item)).collect();
    let before: std::collections::HashSet<&ItemId> = old.items.iter().map(|item| &item.item_id).collect();
    let same = |a: &Item, b: &Item| a.data == b.data && a.decision == b.decision && a.kind == b.kind;
    let kept = old.items.iter().filter_map(|item| match after.get(&item.item_id) {
        Some(now) if same(item, now) => None,
        now => Some(Changed { before: Some(item.clone()), after: now.map(|now| (*now).clone()) }),
    });
    let came = new.items.iter().filter(|item| !before.contains(&item.item_id));
    let came = came.map(|item| Changed { before: None, after: Some(item.clone()) });
    let items = kept.chain(came).collect();
    Ok(Difference { old, new, items })
}

/// Where an item of a version, the newest where it is none, comes from: oldest first.
///
/// # Errors
/// [`OpsError`] where it is not there.
pub fn lineage(
    workspace: &Workspace<'_>,
    name: &ArtifactName,
    version: Option<u64>,
    item: &ItemId,
) -> Result<(u64, Vec<Passage>), OpsError> {
    let store = Store::open(&workspace.store)?;
    let entries = existing(&store, name)?.entries;
    let newest = || entries.last().map_or(0, |entry| entry.event.version());
    let version = version.unwrap_or_else(newest);
    let passages = artifact::lineage(&entries, version, item).map_err(|(number, guard)| match number {
        0 => guarded(name, guard),
        number => corrupt(name, number, &guard),
    })?;
    Ok((version, passages))
}

/// The approved registry: the current version of every artifact, or of those of one job, that has one; and which cannot be
/// read.
///
/// # Errors
/// [`OpsError`] where there is no store.
pub fn approved(
    workspace: &Workspace<'_>,
    job: Option<&JobId>,
) -> Result<(Vec<VersionLine>, Vec<Unreadable>), OpsError> {
    let (mut lines, broken) = readable(&Store::open(&workspace.store)?, job)?;
    lines.retain(|line| line.status == Status::Approved);
    Ok((lines, broken))
}

/// Every version, or of one job, or only what is open; and which artifacts cannot be read.
///
/// # Errors
/// [`OpsError`] where there is no store.
pub fn versions(
    workspace: &Workspace<'_>,
    job: Option<&JobId>,
    is_open: bool,
) -> Result<(Vec<VersionLine>, Vec<Unreadable>), OpsError> {
    let (mut lines, broken) = readable(&Store::open(&workspace.store)?, job)?;
    lines.retain(|line| !is_open || line.status.is_open());
    Ok((lines, broken))
}

/// Every version of the artifacts that can be read, in a line each, and the others.
///
/// # Errors
/// What the system refuses.
pub fn readable(store: &Store, job: Option<&JobId>) -> Result<(Vec<VersionLine>, Vec<Unreadable>), OpsError> {
    let (mut lines, mut broken) = (Vec::new(), Vec::new());
    for name in store.artifacts(job)? {
        match summary(store, &name) {
            Ok(found) => lines.extend(found),
            Err(error) => {
                let path = store.path().join(name.job.as_str());
                broken.push(Unreadable { path, problem: error.to_string() });
            }
        }
    }
    Ok((lines, broken))
}

/// Every version of every artifact, or of those of one job, in a line each.
///
/// # Errors
/// [`OpsError`] where an event could not happen.
pub fn summaries(store: &Store, job: Option<&JobId>) -> Result<Vec<VersionLine>, OpsError> {
    let mut lines = Vec::new();
    for name in store.artifacts(job)? {
        lines.extend(summary(store, &name)?);
    }
    Ok(lines)
}

/// Every version of an artifact, in a line each.
///
/// # Errors
/// [`OpsError`] where an event could not happen.
pub(super) fn summary(store: &Store, name: &ArtifactName) -> Result<Vec<VersionLine>, OpsError> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    let artifact = each_version(name, &history(store, name)?.entries, |artifact| {
        let pending = artifact.items().filter(|item| item.decision == Decision::Pending).count();
        counts.push((artifact.items().count(), pending));
    })?;
    let line = |(version, (items, undecided)): (&Version, (usize, usize))| VersionLine {
        cycle: name.cycle.clone(),
        job_id: name.job.clone(),
        phase: name.phase.clone(),
        version: version.version,
        status: version.status,
        from_run: version.from_run.clone(),
        created_by: version.created.by.clone(),
        created_at: version.created.at.clone(),
        settled_by: version.settled.as_ref().map(|settled| settled.by.clone()),
        settled_at: version.settled.as_ref().map(|settled| settled.at.clone()),
        notes: version.settled.as_ref().and_then(|settled| settled.note.clone()),
        items,
        undecided,
    };
    Ok(artifact.versions().iter().zip(counts).map(line).collect())
}

/// Hands over the state that each version came to, before the next one was made, and returns the last.
pub(in crate::ops) fn each_version(
    name: &ArtifactName,
    entries: &[Entry],
    mut each: impl FnMut(&Artifact),
) -> Result<Artifact, OpsError> {
    let mut artifact = Artifact::default();
    for (at, entry) in entries.iter().enumerate() {
        artifact.apply(entry).map_err(|guard| corrupt(name, entry.number, &guard))?;
        if entries.get(at + 1).is_none_or(|next| next.event.version() > entry.event.version()) {
            each(&artifact);
        }
    }
    Ok(artifact)
}

/// One of a version's items.
///
/// # Errors
/// [`OpsError::Artifact`] where it has no such item.
pub fn item<'s>(shown: &'s Shown, id: &ItemId) -> Result<&'s Item, OpsError> {
    let found = shown.items.iter().find(|item| item.item_id == *id);
    let version = shown.version.version;
    found.ok_or_else(|| guarded(&shown.name, Guard::NoSuchItem { version, item: id.clone() }))
}
