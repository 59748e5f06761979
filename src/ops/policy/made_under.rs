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
    let mut unreadable = Vec::new();
    let look = |found: Result<Here<'_>, StoreError>| {
        let row = |here: &Here<'_>| -> Result<Option<RunRow>, OpsError> {
            match policy_of(here)? {
                Some(policy) if policy == made => list::row(&here.open()?).map(Some),
                _ => Ok(None),
            }
        };
        looked(found, row)
    };
    walk(workspace, &store)?.each(
        look,
        |_| 0,
        |found| {
            match found {
                Ok(row) => each(row),
                Err(broken) => unreadable.push(broken),
            }
            ControlFlow::Continue(())
        },
    );
    if workspace.is_interrupted() {
        return Err(OpsError::Stopped);
    }
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
    let (mut counts, mut unreadable) = (Counts::new(), Vec::new());
    let look = |found: Result<Here<'_>, StoreError>| {
        looked(found, |here| Ok(policy_of(here)?.filter(|policy| policy.name == name.as_str())))
    };
    walk(workspace, store)?.each(
        look,
        |_| 0,
        |found| {
            match found {
                Ok(policy) => *counts.entry((policy.version, policy.digest)).or_default() += 1,
                Err(broken) => unreadable.push(broken),
            }
            ControlFlow::Continue(())
        },
    );
    if workspace.is_interrupted() {
        return Err(OpsError::Stopped);
    }
    Ok((counts, unreadable))
}

pub(super) fn walk<'a>(workspace: &'a Workspace<'_>, store: &'a Store) -> Result<Walk<'a>, OpsError> {
    Ok(Walk::of(store, None, threads(), workspace.interrupted)?)
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

/// The policy of the attempt that completed the run, or else of its newest attempt; none where no
/// attempt is recorded, or there is no run.
fn policy_of(here: &Here<'_>) -> Result<Option<PolicyRef>, OpsError> {
    let Some(bytes) = here.manifest() else { return Ok(None) };
    let manifest =
        Manifest::read(&bytes?).map_err(|source| OpsError::Manifest { path: here.path(), source })?;
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
