//! The policy in force: the newest version, and the first one where a store has none yet.

use super::{OpsError, Workspace};
use crate::domain::policy::{self, Body, DEFAULT_NAME, PolicyVersion};
use crate::domain::record::Record;
use crate::store::Store;

/// Who makes the first version of the default policy.
const SYSTEM: &str = "system";
const INITIAL_NOTE: &str = "initial policy";

/// A policy version and the bytes of its file.
#[derive(Debug)]
pub(super) struct InForce {
    pub(super) version: PolicyVersion,
    pub(super) bytes: Vec<u8>,
}

/// The newest version of the default policy; the first one is made where there is none.
pub(super) fn in_force(workspace: &Workspace<'_>, store: &Store) -> Result<InForce, OpsError> {
    let newest = || -> Result<_, OpsError> { Ok(store.policy_versions(DEFAULT_NAME)?.pop()) };
    if store.is_complete()?
        && let Some(newest) = newest()?
    {
        return read(newest);
    }
    let lock = store.lock(&workspace.wait())?;
    // Another process may have made it while this one waited.
    let newest = newest()?.map_or_else(
        || {
            let content = policy::content(DEFAULT_NAME, &Body::default(), INITIAL_NOTE);
            lock.add_policy_version(DEFAULT_NAME, &workspace.clock.now(), SYSTEM, content)
        },
        Ok,
    )?;
    lock.complete()?;
    read(newest)
}

fn read((record, bytes): (Record, Vec<u8>)) -> Result<InForce, OpsError> {
    let version = PolicyVersion::of(&record).map_err(|source| OpsError::Policy {
        name: DEFAULT_NAME.to_owned(),
        version: record.number,
        source,
    })?;
    Ok(InForce { version, bytes })
}
