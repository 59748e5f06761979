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
use crate::domain::artifact::{Artifact, ArtifactName, Entry, Guard};
use crate::domain::record::Record;
use crate::store::{Series, Store, StoreError, StoreLock};

/// The events of an artifact, and the newest record.
struct History {
    entries: Vec<Entry>,
    last: Option<Record>,
}

/// The events of an artifact, oldest first; none where there is no such artifact.
fn history(store: &Store, name: &ArtifactName) -> Result<History, OpsError> {
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

/// Appends an event, after `last`, under the store's lock.
fn append(
    lock: &StoreLock<'_>,
    name: &ArtifactName,
    last: Option<&Record>,
    entry: &Entry,
) -> Result<(), OpsError> {
    let content = entry.event.content(name);
    match lock.append(Series::Artifact(name), last, (&entry.at, &entry.by), content) {
        Err(StoreError::TooLarge { size, limit, .. }) => Err(ArtifactError::TooLarge { size, limit }.into()),
        appended => Ok(appended.map(drop)?),
    }
}

/// The workspace's author, unless somebody is named.
fn who(workspace: &Workspace<'_>, by: Option<&str>) -> String {
    by.map_or_else(|| (workspace.author)(), |by| by.trim().to_owned())
}
