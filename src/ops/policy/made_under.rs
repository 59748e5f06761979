//! Which runs were made under which version: what each run says of itself.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::{Workspace, place, version};
use crate::domain::digest::Digest;
use crate::domain::ids::PolicyName;
use crate::domain::manifest::Manifest;
use crate::domain::policy::{PolicyRef, VersionName};
use crate::domain::view::{RunRow, Unreadable};
use crate::ops::walk::{Here, Walk, threads};
use crate::ops::{OpsError, list};
use crate::store::{RunDir, Series, Store, StoreError};

/// The runs made under a version, handed to `each` in the order of jobs and runs; gives its number, and
/// what could not be read.
///
/// # Errors
/// [`OpsError`] when the version is not there.
pub fn runs(
    workspace: &Workspace<'_>,
    wanted: &VersionName,
    each: &mut dyn FnMut(RunRow),
) -> Result<(u64, Vec<Unreadable>), OpsError> {
    let store = Store::open(&workspace.store)?;
    let sealed = store.records(Series::Policy(&wanted.policy))?;
    let record = &sealed[place(&store, wanted, &sealed)?].record;
    let made = version(&wanted.policy, record)?.reference;
    let row = |here: &Here<'_>| match policy_of(here)? {
        Some(policy) if policy == made => list::row(&here.open()?).map(Some),
        _ => Ok(None),
    };
    let unreadable = visit(workspace, &store, row, each)?;
    Ok((made.version, unreadable))
}

/// How many runs name a version's number with this digest.
type Counts = BTreeMap<(u64, Digest), usize>;

/// How many runs were made under each version of a policy, and what could not be read.
pub(super) fn count(
    workspace: &Workspace<'_>,
    store: &Store,
    name: &PolicyName,
) -> Result<(Counts, Vec<Unreadable>), OpsError> {
    let mut counts = Counts::new();
    let named = |here: &Here<'_>| Ok(policy_of(here)?.filter(|policy| policy.name == name.as_str()));
    let unreadable = visit(workspace, store, named, &mut |policy| {
        *counts.entry((policy.version, policy.digest)).or_default() += 1;
    })?;
    Ok((counts, unreadable))
}

/// Hands what `look` finds in the runs of the store to `each`, in order; gives what could not be read.
fn visit<T: Send>(
    workspace: &Workspace<'_>,
    store: &Store,
    look: impl Fn(&Here<'_>) -> Result<Option<T>, OpsError> + Sync,
    each: &mut dyn FnMut(T),
) -> Result<Vec<Unreadable>, OpsError> {
    let mut unreadable = Vec::new();
    walk(workspace, store).each(
        |found| looked(found, &look),
        |_| 0,
        |found| {
            match found {
                Ok(found) => each(found),
                Err(broken) => unreadable.push(broken),
            }
            ControlFlow::Continue(())
        },
    )?;
    if workspace.is_interrupted() { Err(OpsError::Stopped) } else { Ok(unreadable) }
}

pub(super) fn walk<'a>(workspace: &'a Workspace<'_>, store: &'a Store) -> Walk<'a> {
    Walk::of(store, None, threads(), workspace)
}

/// What `look` finds there; none where there is no run, and what cannot be read by its path.
pub(super) fn looked<T>(
    found: Result<Here<'_>, StoreError>,
    look: impl Fn(&Here<'_>) -> Result<Option<T>, OpsError>,
) -> Option<Result<T, Unreadable>> {
    match found {
        Ok(here) => look(&here)
            .map_err(|error| Unreadable { path: here.path(), problem: error.to_string() })
            .transpose(),
        Err(error) => Some(Err(Unreadable { path: error.path().to_owned(), problem: error.to_string() })),
    }
}

/// The manifest that lies there; none where there is no run.
pub(super) fn manifest_of(here: &Here<'_>) -> Result<Option<Manifest>, OpsError> {
    let Some(bytes) = here.manifest() else { return Ok(None) };
    let refused = |source| OpsError::Manifest { path: here.path(), source };
    Manifest::read(&bytes?).map(Some).map_err(refused)
}

/// The policy of the attempt that completed the run, or else of its newest attempt; none where no
/// attempt is recorded, or there is no run.
fn policy_of(here: &Here<'_>) -> Result<Option<PolicyRef>, OpsError> {
    let Some(manifest) = manifest_of(here)? else { return Ok(None) };
    match manifest.policy {
        Some(policy) => Ok(Some(policy)),
        None => newest_attempt(&here.open()?),
    }
}

fn newest_attempt(run: &RunDir) -> Result<Option<PolicyRef>, OpsError> {
    match run.attempts()?.last() {
        Some(number) => Ok(run.log(*number)?.policy().cloned()),
        None => Ok(None),
    }
}
