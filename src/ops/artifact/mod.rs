//! `version`, `item`, `lineage` and `approved`: what people decide of a job, version by version.
//!
//! What is, is the fold of an artifact's events. Whoever changes it reads them, lets the new event happen to that state,
//! and appends it, all under the store's lock: of two who approve at once, one finds it approved.

mod change;
mod error;
mod items;
mod look;
mod make;

pub use change::{Change, change};
pub use error::ArtifactError;
pub use items::{ItemInput, read_items};
pub(super) use look::each_version;
pub use look::{approved, difference, events, item, lineage, readable, show, summaries, versions};
pub use make::{NewVersion, make};

use super::{OpsError, Workspace};
use crate::domain::artifact::{Artifact, ArtifactName, Entry, Event, Guard};
use crate::domain::record::Record;
use crate::store::{Series, Store, StoreError, StoreLock};

/// The events of an artifact, and the newest record.
pub(super) struct History {
    pub(super) entries: Vec<Entry>,
    last: Option<Record>,
}

/// The events of an artifact, oldest first; none where there is no such artifact.
pub(super) fn history(store: &Store, name: &ArtifactName) -> Result<History, OpsError> {
    let sealed = store.records(Series::Artifact(name))?;
    let entry = |record: &Record| {
        Entry::of(record, name).map_err(|error| {
            let (name, number, problem) = (name.clone(), record.number, error.to_string());
            OpsError::from(ArtifactError::Corrupt { name, number, problem })
        })
    };
    let entries = sealed.iter().map(|sealed| entry(&sealed.record)).collect::<Result<_, _>>()?;
    Ok(History { entries, last: sealed.into_iter().next_back().map(|sealed| sealed.record) })
}

/// The events of an artifact that is there.
fn existing(store: &Store, name: &ArtifactName) -> Result<History, OpsError> {
    let history = history(store, name)?;
    if history.entries.is_empty() {
        let known = store.artifacts(Some(&name.job))?;
        return Err(ArtifactError::NoSuchArtifact { name: name.clone(), known }.into());
    }
    Ok(history)
}

/// The state after these events, which happened.
fn folded(name: &ArtifactName, entries: &[Entry]) -> Result<Artifact, OpsError> {
    Artifact::fold(entries).map_err(|(number, guard)| corrupt(name, number, &guard))
}

fn corrupt(name: &ArtifactName, number: u64, guard: &Guard) -> OpsError {
    let problem = format!("it could not happen: {guard}");
    ArtifactError::Corrupt { name: name.clone(), number, problem }.into()
}

fn guarded(name: &ArtifactName, guard: Guard) -> OpsError {
    ArtifactError::Guard { name: name.clone(), guard }.into()
}

/// Lets an event happen to an artifact with this history, under the store's lock: to its state, and then for good.
fn happen(
    lock: &StoreLock<'_>,
    name: &ArtifactName,
    (last, artifact): (Option<&Record>, &mut Artifact),
    (at, by): (String, String),
    event: Event,
) -> Result<(), OpsError> {
    let entry = Entry { number: last.map_or(1, |last| last.number + 1), at, by, event };
    artifact.apply(&entry).map_err(|guard| guarded(name, guard))?;
    let content = entry.event.content(name);
    match lock.append(Series::Artifact(name), last, (&entry.at, &entry.by), content) {
        Err(StoreError::TooLarge { size, limit, .. }) => Err(ArtifactError::TooLarge { size, limit }.into()),
        appended => Ok(appended.map(drop)?),
    }
}

/// When it is and who acts: the workspace's author, unless somebody is named. An author can be asked once.
fn now(workspace: &Workspace<'_>, by: Option<&str>) -> (String, String) {
    let by = by.map_or_else(|| (workspace.author)(), |by| by.trim().to_owned());
    (workspace.clock.now(), by)
}
