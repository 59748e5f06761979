//! Looking at policies: one version, all of them, what differs.

use super::made_under::count;
use super::{is_first_default, place, version, versions};
use crate::domain::ids::PolicyName;
use crate::domain::policy::{self, Body, LogEntry, PolicyRef, PolicyVersion, Shown, VersionName};
use crate::domain::view::Unreadable;
use crate::ops::{OpsError, Workspace};
use crate::store::{Series, Store, StoreError};

/// The wanted version. The default policy is shown also where no store has it yet.
///
/// # Errors
/// [`OpsError`] when it is not there or damaged.
pub fn show(workspace: &Workspace<'_>, wanted: &VersionName) -> Result<Shown, OpsError> {
    let is_default = is_first_default(wanted);
    let store = match Store::open(&workspace.store) {
        Err(StoreError::NoStore { .. }) if is_default => return Ok(built_in()),
        store => store?,
    };
    let sealed = store.records(Series::Policy(&wanted.policy))?;
    if sealed.is_empty() && is_default {
        return Ok(built_in());
    }
    let at = place(&store, wanted, &sealed)?;
    let version = version(&wanted.policy, &sealed[at].record)?;
    Ok(Shown { version, newest: sealed.last().map(|last| last.record.number) })
}

fn built_in() -> Shown {
    let body = Body::default();
    let reference = PolicyRef { name: policy::DEFAULT_NAME.to_owned(), version: 1, digest: body.digest() };
    let version =
        PolicyVersion { reference, at: String::new(), by: String::new(), note: None, restores: None, body };
    Shown { version, newest: None }
}

/// The newest version of every policy, in the order of names, and which policies are damaged.
///
/// # Errors
/// [`OpsError`] when there is no store.
pub fn policies(workspace: &Workspace<'_>) -> Result<(Vec<PolicyVersion>, Vec<Unreadable>), OpsError> {
    let store = Store::open(&workspace.store)?;
    if !store.is_marked()? && !store.has_runs()? {
        return Err(StoreError::NoStore { path: store.path() }.into());
    }
    let (mut newest, mut damaged) = (Vec::new(), Vec::new());
    for name in store.policies()? {
        match versions(&store, &name) {
            Ok(versions) => newest.extend(versions.into_iter().last()),
            Err(error) => {
                let path = store.path().join(name.as_str());
                damaged.push(Unreadable { path, problem: error.to_string() });
            }
        }
    }
    Ok((newest, damaged))
}

/// The versions of a policy, newest first, and which runs could not be read.
///
/// # Errors
/// [`OpsError`] when it is not there or damaged.
pub fn log(
    workspace: &Workspace<'_>,
    name: &PolicyName,
) -> Result<(Vec<LogEntry>, Vec<Unreadable>), OpsError> {
    let store = Store::open(&workspace.store)?;
    let sealed = store.records(Series::Policy(name))?;
    place(&store, &VersionName { policy: name.clone(), version: None }, &sealed)?;
    let (runs, unreadable) = count(workspace, &store, name)?;
    let mut entries: Vec<LogEntry> = Vec::with_capacity(sealed.len());
    for sealed in sealed {
        let version = version(name, &sealed.record)?;
        let before = entries.last().map(|entry| &entry.version.body);
        let changes = before.map(|before| policy::diff(before, &version.body));
        let PolicyRef { version: number, digest, .. } = &version.reference;
        let runs = runs.get(&(*number, *digest)).copied().unwrap_or_default();
        entries.push(LogEntry { version, head: sealed.record.digest, changes, runs });
    }
    entries.reverse();
    Ok((entries, unreadable))
}
