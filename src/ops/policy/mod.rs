//! `policy`: the versions of the policies, and what they mean for the runs.
//!
//! Nothing here changes a run: what a run says about its policy was written when it was made.

mod apply;
mod check;
mod history;
mod load;
mod made_under;
mod which;

pub use apply::{ApplyOptions, NewBody, apply};
pub use check::{CheckReport, Past, check};
pub use history::{log, policies, show};
pub use load::load;
pub(super) use load::unavailable;
pub use made_under::runs;
pub use which::which;

use super::{OpsError, Workspace};
use crate::domain::ids::PolicyName;
use crate::domain::policy::{Body, DEFAULT_NAME, NewVersion, PolicyError, PolicyVersion, VersionName};
use crate::store::{Sealed, Series, Store, StoreError, StoreLock};

/// Who makes the first version of the default policy.
const SYSTEM: &str = "system";
const INITIAL_NOTE: &str = "initial policy";

/// A policy version and the bytes of its file.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) version: PolicyVersion,
    pub(super) bytes: Vec<u8>,
}

/// The wanted version; the first one of the default policy is made where there is none.
pub(super) fn in_force(
    workspace: &Workspace<'_>,
    store: &Store,
    wanted: &VersionName,
) -> Result<InForce, OpsError> {
    if !store.is_complete()? {
        begin(workspace, &store.lock(&workspace.wait())?)?;
    }
    let mut sealed = store.records(Series::Policy(&wanted.policy))?;
    let at = place(store, wanted, &sealed)?;
    let Sealed { record, bytes } = sealed.swap_remove(at);
    Ok(InForce { version: version(&wanted.policy, &record)?, bytes })
}

/// Whether the wanted version can be taken. It is asked before a store is made: nothing is made for a run
/// that is refused.
pub(super) fn exists(workspace: &Workspace<'_>, wanted: &VersionName) -> Result<(), OpsError> {
    if is_first_default(wanted) {
        return Ok(());
    }
    match Store::open(&workspace.store) {
        Err(StoreError::NoStore { .. }) if wanted.policy == default_name() => {
            let (name, version) = (wanted.policy.clone(), wanted.version.unwrap_or(1));
            Err(OpsError::NoSuchPolicyVersion { name, version, newest: 1 })
        }
        Err(StoreError::NoStore { .. }) => {
            Err(OpsError::NoSuchPolicy { name: wanted.policy.clone(), known: Vec::new() })
        }
        // What is made where there is a store is only what every store has.
        _ => Ok(()),
    }
}

/// What a store begins with, where it is missing.
fn begin(workspace: &Workspace<'_>, lock: &StoreLock<'_>) -> Result<(), OpsError> {
    let name = default_name();
    if lock.store().records(Series::Policy(&name))?.is_empty() {
        let new =
            NewVersion { name: &name, body: &Body::default(), note: Some(INITIAL_NOTE), restores: None };
        lock.append(Series::Policy(&name), None, (&workspace.clock.now(), SYSTEM), new.content())?;
    }
    Ok(lock.complete()?)
}

/// Whether that is what a store begins with.
fn is_first_default(wanted: &VersionName) -> bool {
    wanted.policy == default_name() && wanted.version.is_none_or(|version| version == 1)
}

/// The name of the policy that a store begins with.
fn default_name() -> PolicyName {
    DEFAULT_NAME.parse().expect("the name is a literal")
}

/// Where the wanted version stands among the versions of its policy.
fn place(store: &Store, wanted: &VersionName, versions: &[Sealed]) -> Result<usize, OpsError> {
    let Some(newest) = versions.last() else {
        let (name, known) = (wanted.policy.clone(), store.policies()?);
        return Err(OpsError::NoSuchPolicy { name, known });
    };
    let newest = newest.record.number;
    match wanted.version.unwrap_or(newest) {
        // Versions are numbered from 1 without gaps: the chain was checked.
        number if number <= newest => Ok(usize::try_from(number - 1).unwrap_or(usize::MAX)),
        version => Err(OpsError::NoSuchPolicyVersion { name: wanted.policy.clone(), version, newest }),
    }
}

/// The versions of a policy, oldest first; at least one.
fn versions(store: &Store, name: &PolicyName) -> Result<Vec<PolicyVersion>, OpsError> {
    let sealed = store.records(Series::Policy(name))?;
    place(store, &VersionName { policy: name.clone(), version: None }, &sealed)?;
    sealed.iter().map(|sealed| version(name, &sealed.record)).collect()
}

fn version(name: &PolicyName, record: &crate::domain::record::Record) -> Result<PolicyVersion, OpsError> {
    let refused = |source| OpsError::Policy { name: name.to_string(), version: record.number, source };
    let version = PolicyVersion::of(record).map_err(refused)?;
    if version.reference.name != name.as_str() {
        return Err(refused(PolicyError::Name(version.reference.name)));
    }
    Ok(version)
}
